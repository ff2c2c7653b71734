/* An assignment while it is made. What is randomised is an item: a cluster where there are
 * clusters, else a unit. */
#ifndef UPI_ASSIGNMENT_H
#define UPI_ASSIGNMENT_H

#include "base/notes.h"
#include "plan/ids.h"

#include <upshot/assign.h>

enum { UPI_ASSIGN_ARMS = 64, UPI_OUTSIDE = 255 };

struct up_assignment {
    upi_ids units, clusters, strata;
    bool unit_integer, cluster_integer;
    char *unit_name, *cluster_name; /* of the columns written */
    int64_t *cluster_of;            /* (units) NULL without clusters */
    int64_t *stratum_of;            /* (items) NULL without strata */
    double *x;                      /* (p, items) covariates, NULL without */
    int64_t p, x_capacity, cluster_capacity, stratum_capacity;
    int64_t n_arms;
    char *label[UPI_ASSIGN_ARMS];
    double share[UPI_ASSIGN_ARMS];
    uint8_t *arm;        /* (items) */
    double *probability; /* (items) of the arm taken; NULL = its share */
    int64_t *shown;      /* (n_shown) units inside the layer; NULL = all */
    int64_t n_shown;
    int64_t arm_units[UPI_ASSIGN_ARMS], arm_clusters[UPI_ASSIGN_ARMS];
    double imbalance, threshold;
    int64_t draws;
    upi_notes notes;
};

static inline const upi_ids *
upi_items(const up_assignment *a)
{
    return a->cluster_of != NULL ? &a->clusters : &a->units;
}

/* A complete assignment, exact within each stratum: draw number `draw` of the seed. */
typedef struct upi_draw_item {
    uint64_t key;
    int64_t stratum, item;
} upi_draw_item;
void upi_draw_complete(const up_assignment *a, uint64_t seed, uint64_t draw,
    upi_draw_item *scratch, uint8_t *arm);
void upi_draw_bernoulli(const up_assignment *a, uint64_t seed, uint8_t *arm);
/* The arm of one identifier by hash; -1 outside the layer. shares (n). */
int64_t upi_draw_hash(const up_assign_opts *o, const double *shares, int64_t n,
    const char *identifier, int64_t length);

/* Makes the covariates uncorrelated with variance 1; columns that repeat others are left out.
 * UP_E_NO_VARIATION when none is left. */
up_status upi_balance_prepare(up_assignment *a, up_error *err);
double upi_balance_distance(const up_assignment *a, const uint8_t *arm);
/* Draws until the distance is small enough. UP_E_PLAN, UP_E_STOPPED. */
up_status upi_rerandomise(
    up_assignment *a, const up_assign_opts *o, const up_run *run, up_error *err);

/* Reads identifiers, clusters, strata and covariates. */
up_status upi_assign_read(up_source *source, const up_assign_opts *o, const up_run *run,
    up_assignment *a, up_error *err);

#endif
