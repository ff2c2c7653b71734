/* Ranking as mathematics: n arms with a joint normal or t posterior. More is better here; whoever
 * minimises turns signs round before and after. */
#ifndef UPI_RANK_H
#define UPI_RANK_H

#include "base/base.h"

#include <upshot/rank.h>

/* theta = mean + L z / s, L L' = cov, s^2 ~ chi-square(df)/df; df infinite: s = 1. */
typedef struct upi_contest {
    int64_t n;
    const double *mean; /* (n) */
    const double *cov;  /* (n, n) */
    double df;
} upi_contest;

/* Sums that every method fills. */
typedef struct upi_ranks {
    double *p; /* (n, n) column-major: arm i has rank 1 + j with p[i + j n] */
    double
        *luck; /* (n) E[(theta_i - mean_i) 1{i is best}], up to a part that sums to 0 */
    double *error; /* (n) of p[i] */
    int64_t method;
} upi_ranks;

up_status upi_ranks_new(int64_t n, upi_ranks *out, up_error *err);
void upi_ranks_free(upi_ranks *r);

/* Whether every difference of two arms has a mean and a variance: what all methods need. */
bool upi_contest_varies(const upi_contest *c);
/* Chooses the method. */
up_status upi_contest_decide(const upi_contest *c, const up_rank_opts *opts,
    uint64_t stream, upi_ranks *out, up_error *err);
/* E[max theta] - mean_i, at least 0. */
double upi_ranks_loss(const upi_contest *c, const upi_ranks *r, int64_t i);

/* ---- the methods ---- */

/* Up to four arms of any covariance. */
enum { UPI_ORTHANT_ARMS = 4 };
bool upi_rank_orthant_fits(const upi_contest *c);
up_status upi_rank_orthant(const upi_contest *c, upi_ranks *out, up_error *err);

/* Arms that are independent once a common part is added to all of them: the variances of each,
 * (n), or false. */
bool upi_rank_independent_fits(const upi_contest *c, double *variance);
up_status upi_rank_independent(
    const upi_contest *c, const double *variance, upi_ranks *out, up_error *err);

/* ---- what the quadratures share ---- */

/* An integrand given s: adds weight times its values to p and luck. */
typedef void (*upi_rank_given)(void *ctx, double s, double weight, upi_ranks *out);
/* Averages over s, refining until nothing changes by more than 1e-10. */
up_status upi_rank_average(int64_t n, double df, upi_rank_given given, void *ctx,
    upi_ranks *out, up_error *err);

/* ---- shrinking ---- */

/* Effects b (n) with covariance v (n, n), in n / k sets of k: every set is drawn towards its
 * common mean; member j of set i is at [i + j * (n / k)]. tau (n / k). */
up_status upi_shrink(
    int64_t n, int64_t k, double *b, double *v, double *tau, up_error *err);

#endif
