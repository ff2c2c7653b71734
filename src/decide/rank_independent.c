/* Ranks of any number of independent arms. Given theta_j = t the others are above or below it
 * independently, so that the number above has a Poisson-binomial distribution, by the recursion
 * over arms; its average over t is one Gauss-Legendre integral (core reference 7.2).
 * A part that all arms share moves no rank: effects over one control, whose covariances are all
 * the variance of its mean, become independent once that part is added. */
#include "decide/rank.h"
#include "num/binormal.h"
#include "num/dist.h"

#include <math.h>
#include <string.h>

static const double edge = 8; /* 1e-15 lies outside */
static const double least_ratio =
    1e-4; /* of variances; beyond, panels would be too many */

bool
upi_rank_independent_fits(const upi_contest *c, double *variance)
{
    int64_t n = c->n;
    double largest = 0;
    double smallest = (double)INFINITY;
    double common = n > 2 ? c->cov[1 + 2 * n] - c->cov[0 + 1 * n] : 0;
    for (int64_t i = 0; i < n; i++) {
        /* The first arm's covariances are lower by the common part: it is the baseline. */
        double shared = c->cov[1 + 2 * n];
        double first = c->cov[0 + 1 * n];
        double own = c->cov[i + i * n];
        variance[i] = i == 0 ? own - first + (shared - first) : own - shared;
        largest = fmax(largest, variance[i]);
        smallest = fmin(smallest, variance[i]);
    }
    for (int64_t i = 0; i < n; i++) {
        for (int64_t j = 0; j < i; j++) {
            double expected = j == 0 ? c->cov[0 + 1 * n] : c->cov[0 + 1 * n] + common;
            if (!(fabs(c->cov[i + j * n] - expected) <= 1e-11 * largest)) {
                return false;
            }
        }
    }
    return n > 2 && smallest >= least_ratio * largest && largest > 0;
}

typedef struct work {
    const upi_contest *c;
    double *sd;    /* (n) */
    double *count; /* (n) distribution of the number above */
} work;

/* Distribution of the number of other arms above t. */
static void
count_above(work *w, int64_t j, double t, double s)
{
    int64_t n = w->c->n;
    int64_t seen = 0;
    memset(w->count, 0, (size_t)n * sizeof *w->count);
    w->count[0] = 1;
    for (int64_t i = 0; i < n; i++) {
        if (i == j) {
            continue;
        }
        double z = (t - w->c->mean[i]) / w->sd[i] * s;
        double below = upi_normal_cdf(z);
        double above = 1 - below;
        seen++;
        for (int64_t k = seen; k > 0; k--) {
            w->count[k] = w->count[k] * below + w->count[k - 1] * above;
        }
        w->count[0] *= below;
    }
}

static void
add_arm(work *w, int64_t j, double s, double weight, upi_ranks *out)
{
    int64_t n = w->c->n;
    double steepest = 1;
    for (int64_t i = 0; i < n; i++) {
        steepest = fmax(steepest, w->sd[j] / w->sd[i]);
    }
    int64_t panels = 1 + (int64_t)(2 * edge * steepest / 3);
    double half = edge / (double)panels;
    for (int64_t k = 0; k < panels * UPI_GAUSS_NODES; k++) {
        int i = (int)(k % UPI_GAUSS_NODES);
        int64_t panel = k / UPI_GAUSS_NODES;
        double middle = (double)(2 * panel + 1) * half - edge;
        double x = middle + half * upi_gauss_node(i);
        double mass = weight * half * upi_gauss_weight(i) * upi_normal_pdf(x);
        count_above(w, j, w->c->mean[j] + w->sd[j] * x / s, s);
        for (int64_t q = 0; q < n; q++) {
            out->p[j + q * n] += mass * w->count[q];
        }
        out->luck[j] += mass * w->sd[j] * x / s * w->count[0];
    }
}

static void
add_arms(void *ctx, double s, double weight, upi_ranks *out)
{
    work *w = ctx;
    for (int64_t j = 0; j < w->c->n; j++) {
        add_arm(w, j, s, weight, out);
    }
}

up_status
upi_rank_independent(
    const upi_contest *c, const double *variance, upi_ranks *out, up_error *err)
{
    up_status status = UP_OK;
    work w = {.c = c};
    UP_TRY(UP_NEW(&w.sd, c->n, err));
    UP_TRY(UP_NEW(&w.count, c->n, err));
    for (int64_t i = 0; i < c->n; i++) {
        w.sd[i] = sqrt(variance[i]);
    }
    UP_TRY(upi_rank_average(c->n, c->df, add_arms, &w, out, err));
out:
    upi_free(w.sd);
    upi_free(w.count);
    return status;
}
