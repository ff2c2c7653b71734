/* The sufficient statistics. One table of groups: a group is a distinct combination of the
 * key columns (arm, treated, instrument, propensity, weight, time, discrete covariates,
 * segments) and, in the clusters layout, of the cluster. For the numeric columns
 * v = (x, y) -- continuous covariates, then metric components -- each group holds, by form:
 *
 *   UPI_MEAN  n, mean(y), centred second moments of y (nx = 0; second moments only without clusters)
 *   UPI_TRI   n, the upper triangular R of the QR of its rows [1 x y] (each row times the square
 *             root of its row weight, when weights are continuous), so R'R is their Gram matrix
 *   UPI_GRAM  n, mean(v), centred second moments of v, per (cluster, key) group
 *
 * Groups stand in canonical order: by cluster id(s), then by level of key 0, key 1, ...
 * Everything is exact for any linear model whose columns are functions of the keys times
 * (1, x): see methods/core.md section 2. */
#ifndef UPI_MOMENTS_H
#define UPI_MOMENTS_H

#include "design/experiment.h"
#include "design/identify.h"

#include <upshot/moments.h>

typedef enum upi_form { UPI_MEAN, UPI_TRI, UPI_GRAM } upi_form;

typedef enum upi_key_role {
    UPI_KEY_ARM,
    UPI_KEY_TREATED,
    UPI_KEY_INSTRUMENT,
    UPI_KEY_PROPENSITY,
    UPI_KEY_WEIGHT,
    UPI_KEY_TIME,
    UPI_KEY_COVARIATE, /* index = covariate */
    UPI_KEY_SEGMENT,   /* index = segment */
    UPI_KEY_MISSING /* index = covariate whose number is missing here (indicator policy) */
} upi_key_role;

/* One key column. Levels are sorted: numbers ascending, text by bytes, false before true; the
 * level of missing values, if there is one, is last. */
typedef struct upi_key {
    upi_key_role role;
    int64_t index;
    char *name;
    upi_type type;
    int64_t n_levels;
    double *
        number; /* value of each level as a number (integers, dates too); NaN for text */
    int64_t *
        integer; /* exact value for integer, boolean, date, timestamp; NULL for others */
    char **label;          /* text of each level */
    int64_t missing_level; /* -1 = none */
} upi_key;

/* The level with a label; -1 = there is none, or label is NULL. */
int64_t upi_key_level(const upi_key *key, const char *label);

/* The HC part of a stream fit: what the second pass over the rows found. For group g, with
 * u = (1, x - center): K[g][pair] = sum_i w_i^2 phi_i e_ia e_ib u_i u_i' packed upper triangle,
 * for pairs (a <= b) of the equations of the fit, in the order 00, 01, 11, 02, 12, 22, ... */
typedef struct upi_robust {
    char *model;  /* the model it belongs to: its options as one line of text */
    int64_t vcov; /* enum up_vcov */
    int64_t n_equations, n_pairs, width; /* width = (1+nx)(2+nx)/2 */
    double *k;                           /* n_groups * n_pairs * width */
} upi_robust;

/* How the program's `fit` fitted before it saved: what a capsule answers with when nobody says
 * otherwise. vcov as asked for, so that AUTO stays open. */
typedef struct upi_fit_options {
    bool known;
    int64_t vcov, interactions,
        no_covariates; /* enum up_vcov, enum up_interactions, 0 or 1 */
    double rank_tolerance;
} upi_fit_options;

struct up_moments {
    up_experiment *experiment; /* own copy, no source */
    up_experiment
        *rows; /* borrowed: the experiment with its source, for a second pass; NULL
                                  when merged or read from a capsule */
    upi_form form;
    int64_t layout; /* enum up_layout, resolved */
    char *layout_reason;
    upi_key *keys;
    int64_t n_keys;
    int64_t arm, treated, instrument, propensity, weight,
        time;             /* index of the key, -1 = none */
    int64_t nx, ny;       /* nx continuous covariates; ny = experiment->n_components */
    int64_t *x_covariate; /* (nx) which covariate each x is */
    bool
        row_weighted; /* UPI_TRI: the rows were scaled: weight and/or 1/propensity are not keys */
    int64_t ways; /* 0, 1 or 2 cluster ways */

    int64_t n_groups;
    int32_t *code; /* (n_groups * n_keys), row-major: level of each key */
    uint64_t *cluster
        [2];    /* (n_groups) id: the integer itself, or the 64-bit hash of the text */
    int64_t *n; /* (n_groups) rows */
    double *mean; /* (n_groups * (nx+ny)); UPI_MEAN and UPI_GRAM */
    double *
        m2; /* (n_groups * nv(nv+1)/2) packed upper by columns: (0,0),(0,1),(1,1),(0,2).. ; may be NULL */
    double *tri; /* (n_groups * (1+nv)(2+nv)/2) packed upper by columns; UPI_TRI */
    upi_robust *robust; /* NULL, or the second pass of one fit */
    upi_fit_options fitted;

    int64_t n_rows; /* analysed */
    int64_t n_read; /* read, after the filter */
    int64_t n_dropped;
    int64_t n_arms; /* = keys[arm].n_levels */
    int64_t
        n_counted; /* columns with missing counts: roles, covariates, components in use */
    char **counted_name;
    int64_t *
        missing; /* (n_counted * n_arms): missing values by column and arm, before dropping */
    int64_t n_no_arm;     /* rows whose arm is missing; they are in no arm's counts */
    uint64_t fingerprint; /* of the rows' source; of merged ones, both */
    upi_notes notes;
};

static inline int32_t
upi_moments_code(const up_moments *m, int64_t group, int64_t key)
{
    return m->code[group * m->n_keys + key];
}

/* A second pass over the rows, in ranges as the first. For each row the group it belongs to
 * and its numbers; visit is called with consecutive rows of one range and worker.
 * Used by fit for robust covariances of the stream layout. UP_E_NEEDS_ROWS without rows. */
typedef struct upi_row_block {
    int64_t n;
    const int64_t *group; /* (n) index into the group table */
    const double *v;      /* (n * (nx+ny)) row-major: x then y */
    const double *weight; /* (n) row weight where row_weighted, else NULL */
} upi_row_block;
typedef struct upi_row_visitor {
    void *ctx;
    up_status (*begin)(void *ctx, int n_workers, up_error *err);
    up_status (*block)(
        void *ctx, int worker, int64_t range, const upi_row_block *b, up_error *err);
    up_status (*range_end)(void *ctx, int worker, int64_t range, up_error *err);
} upi_row_visitor;
up_status upi_moments_visit_rows(
    const up_moments *m, const upi_row_visitor *v, const up_run *run, up_error *err);

/* The covariates and segments of `like` over other rows: moments with one arm and no metric,
 * clustered as `like` where the rows have the column. As up_moments_build(), but that the design
 * is not checked. */
up_status upi_moments_census(const up_experiment *like, up_source *source,
    const up_run *run, up_moments **out, up_error *err);

/* Rows of the crosstab the design is identified from. count is allocated for the caller. */
up_status upi_moments_crosstab(
    const up_moments *m, upi_crosstab *out, int64_t **count, up_error *err);
/* The index of the control level of a role's key: the label that was named; for keys other than
 * the arm, the label of the arm's control; one of the usual labels; else the first level.
 * UP_E_ARMS for the arm when no role has the label that was named. */
up_status upi_moments_control(
    const up_moments *m, int64_t key, int64_t *level, up_error *err);
/* True where it is merely the first level. */
bool upi_moments_control_chosen(const up_moments *m, int64_t key);

/* Moments of the rows whose time is that of `level` of its key or an earlier one, without the time:
 * as one pass over those rows without that role. m has a time. The counts of missing values and the
 * second pass of a fit are not carried over. What the groups of a look do not allow is refused as it
 * is for rows (UP_E_ARMS, ...). */
up_status upi_moments_until(
    const up_moments *m, int64_t level, up_moments **out, up_error *err);

#endif
