/* The probability that each arm is the best of normal rewards.
 *
 * Two arms: Phi(mean / sd). Three: the probability that both differences from an arm are below
 * 0, a bivariate normal orthant (num/binormal.c); it takes 5 microseconds, too long to be worked
 * out for each decision. More arms, or three with numbers as contexts: the share of the points of
 * a lattice at which the arm wins. The lattice is Kronecker's, frac(i sqrt(prime) + shift)
 * (Niederreiter 1992, sec. 5.1), turned into normals, and the same for every context: the share
 * is then a function of the context alone, so that the propensity that is logged is exactly the
 * probability that was played. */
#include "decide/policy.h"
#include "num/binormal.h"
#include "num/dist.h"
#include "num/matrix.h"
#include "num/rng.h"

#include <math.h>
#include <string.h>

enum { BLOCK = 64 };

up_status
upi_lattice_make(
    int64_t n, int64_t dimensions, uint64_t seed, upi_lattice *out, up_error *err)
{
    static const double primes[UPI_POLICY_ARMS] = {2, 3, 5, 7, 11, 13, 17, 19, 23, 29,
        31, 37, 41, 43, 47, 53, 59, 61, 67, 71, 73, 79, 83, 89, 97, 101, 103, 107, 109,
        113, 127, 131};
    up_status status = UP_OK;
    double *z = NULL;
    upi_rng r = upi_rng_make(seed, UPI_STREAM_POLICY_LATTICE, 0, 0);
    UP_TRY(UP_NEW(&z, n * dimensions, err));
    for (int64_t k = 0; k < dimensions; k++) {
        double step = sqrt(primes[k]);
        double shift = upi_rng_uniform(&r);
        for (int64_t i = 0; i < n; i++) {
            double u = (double)i * step + shift;
            u -= floor(u);
            /* Half a step of 2^-30 keeps the quantile finite. */
            z[k * n + i] = upi_normal_quantile(fmin(fmax(u, 0x1p-31), 1 - 0x1p-31));
        }
    }
    *out = (upi_lattice){.n = n, .dimensions = dimensions, .z = z};
out:
    return status;
}

void
upi_lattice_free(upi_lattice *l)
{
    upi_free(l->z);
    *l = (upi_lattice){0};
}

/* ---- three arms ---- */

/* False where a difference has no variance of its own. */
static bool
best_of_three(const double *mean, const double *v, double *probability)
{
    double v1 = v[0];
    double v2 = v[3];
    double c = v[1];
    double v12 = v1 + v2 - 2 * c;
    double least = 1e-12 * fmax(v1, v2);
    if (!(v1 > least && v2 > least && v12 > least)) {
        return false;
    }
    double s1 = sqrt(v1);
    double s2 = sqrt(v2);
    double s12 = sqrt(v12);
    double r0 = c / (s1 * s2);
    double r1 = (v1 - c) / (s1 * s12);
    double r2 = (v2 - c) / (s2 * s12);
    if (!(fmax(fabs(r0), fmax(fabs(r1), fabs(r2))) < 1 - 1e-12)) {
        return false;
    }
    double d = mean[0] - mean[1];
    double p0 = upi_binormal_cdf(-mean[0] / s1, -mean[1] / s2, r0);
    double p1 = upi_binormal_cdf(mean[0] / s1, d / s12, r1);
    double p2 = upi_binormal_cdf(mean[1] / s2, -d / s12, r2);
    double sum = p0 + p1 + p2;
    probability[0] = p0 / sum;
    probability[1] = p1 / sum;
    probability[2] = p2 / sum;
    return true;
}

/* ---- more arms ---- */

typedef struct block {
    double value[UPI_POLICY_ARMS * BLOCK]; /* rewards over arm 0, a row by arm */
    double most[BLOCK];
} block;

/* Rewards at the points first..first+n, n at most BLOCK. */
static void
fill_block(const upi_lattice *z, int64_t first, int64_t n, int64_t m,
    const double *mean, const double *r, block *b)
{
    for (int64_t i = 0; i < n; i++) {
        b->most[i] = 0;
    }
    for (int64_t k = 0; k < m; k++) {
        double *to = b->value + k * BLOCK;
        for (int64_t i = 0; i < n; i++) {
            to[i] = mean[k];
        }
        for (int64_t l = 0; l <= k; l++) {
            const double *from = z->z + l * z->n + first;
            double w = r[l + k * m];
            for (int64_t i = 0; i < n; i++) {
                to[i] += w * from[i];
            }
        }
        for (int64_t i = 0; i < n; i++) {
            b->most[i] = to[i] > b->most[i] ? to[i] : b->most[i];
        }
    }
}

/* Counts where arms win; a tie counts for each of those that tie and is shared in the end. */
static void
over_lattice(const upi_lattice *z, int64_t m, const double *mean,
    const double *covariance, double *probability)
{
    double r[UPI_POLICY_ARMS * UPI_POLICY_ARMS];
    block b;
    upi_cholesky_semi(m, covariance, m, 1e-13, r, m);
    for (int64_t k = 0; k <= m; k++) {
        probability[k] = 0;
    }
    for (int64_t first = 0; first < z->n; first += BLOCK) {
        int64_t n = z->n - first < BLOCK ? z->n - first : BLOCK;
        fill_block(z, first, n, m, mean, r, &b);
        int64_t wins = 0; /* whole numbers, whose sum may be taken several at a time */
        for (int64_t i = 0; i < n; i++) {
            wins += b.most[i] == 0 ? 1 : 0;
        }
        probability[0] += (double)wins;
        for (int64_t k = 0; k < m; k++) {
            const double *value = b.value + k * BLOCK;
            wins = 0;
            for (int64_t i = 0; i < n; i++) {
                wins += value[i] == b.most[i] ? 1 : 0;
            }
            probability[k + 1] += (double)wins;
        }
    }
    double sum = 0;
    for (int64_t k = 0; k <= m; k++) {
        sum += probability[k];
    }
    for (int64_t k = 0; k <= m; k++) {
        probability[k] /= sum;
    }
}

void
upi_best_probabilities(const upi_lattice *lattice, int64_t m, const double *mean,
    const double *covariance, double *probability)
{
    if (m == 1) {
        double sd = sqrt(covariance[0]);
        double z = sd > 0 ? mean[0] / sd : (double)INFINITY * ((mean[0] > 0) - 0.5);
        probability[0] = upi_normal_sf(z);
        probability[1] = upi_normal_cdf(z);
        if (sd == 0 && mean[0] == 0) {
            probability[0] = probability[1] = 0.5;
        }
        return;
    }
    bool exact = m == 2 && (lattice == NULL || !lattice->always);
    if (exact && best_of_three(mean, covariance, probability)) {
        return;
    }
    if (lattice != NULL) {
        over_lattice(lattice, m, mean, covariance, probability);
    }
}
