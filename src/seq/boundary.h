/* Group-sequential bounds by recursive numerical integration.
 *
 * At fraction t_k of the planned information the score S_k = Z_k sqrt(t_k) is a Brownian motion with
 * drift theta per unit of information: its increments are independent, N(theta d, d) for d = t_k -
 * t_{k-1}. What has crossed no bound so far has a density, known at the nodes of a quadrature rule. */
#ifndef UPI_BOUNDARY_H
#define UPI_BOUNDARY_H

#include <upshot/status.h>

#include <stdbool.h>
#include <stdint.h>

enum { UPI_GS_MOST_LOOKS = 1000 };

/* Looks so far, the last of them the present one, by a spending function. */
typedef struct upi_gs_plan {
    int64_t spending; /* enum up_spending but Wang-Tsiatis, which needs all looks */
    double parameter; /* of the spending function; 0 = its usual value */
    bool one_sided;   /* else both sides, half of alpha each */
    int64_t n_looks;  /* 1 to UPI_GS_MOST_LOOKS */
    const double
        *information; /* (n_looks) ascending, above 0; from 1 on all is spent */
} upi_gs_plan;

/* The bound of the last look at level alpha: the statistic (in the direction of one side, or its
 * size) that it must reach. Infinite where nothing is left to spend. UP_E_ARGUMENT for a plan that
 * is not one. Two-sided, the bounds are +-z and an exit through either counts, as in rpact. */
up_status upi_gs_critical(
    const upi_gs_plan *plan, double alpha, double *z_last, up_error *err);
/* The bounds of all looks: z (n_looks). */
up_status upi_gs_bounds(
    const upi_gs_plan *plan, double alpha, double *z, up_error *err);

/* The looks must ascend by enough for the integration; field names the option at fault. */
up_status upi_gs_check_looks(
    int64_t n_looks, const double *information, const char *field, up_error *err);

/* One path through the looks: the density of what still runs, under no drift. Other drifts follow
 * by the likelihood ratio exp(theta S - theta^2 t / 2), which depends on S alone. */
typedef struct upi_gs_walk {
    int64_t n_looks;
    const double *information; /* (n_looks) */
    int64_t look;              /* the look at hand, from 0 */
    int64_t n, capacity;       /* nodes of what ran on after the look before */
    double *node, *mass;       /* (n) scores, weight times density */
    double low, high;          /* the scores between which it ran on */
    double *next;              /* room for the nodes to come */
    int64_t next_capacity;
} upi_gs_walk;

/* The probability that the look at hand is reached and its statistic is above z (side 1) or below z
 * (side -1), at a drift; *slope (may be NULL) gets the derivative towards the inside. */
double upi_gs_crossing(
    const upi_gs_walk *walk, double z, int64_t side, double drift, double *slope);
/* The z at which that probability is p; infinite on that side for p too small to be met. */
double upi_gs_bound(const upi_gs_walk *walk, double p, int64_t side, double drift);
/* Goes on to the next look, if there is one, with what lies between low and high. An infinite low says that no bound
 * will be looked for on that side: what is far below 0 is then left out. */
up_status upi_gs_advance(upi_gs_walk *walk, double low, double high, up_error *err);
void upi_gs_walk_free(upi_gs_walk *walk);

#endif
