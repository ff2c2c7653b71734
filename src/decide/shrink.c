/* Effects drawn towards their common mean: theta ~ N(mu 1, tau^2 I) with mu unknown (flat), given
 * estimates with covariance V. tau^2 by moments: with weights w = 1/V_jj and
 * M = W - w w'/sum w, Q = b'M b has mean tr(M V) + tau^2 tr(M) (DerSimonian & Laird 1986 when V is
 * diagonal; effects over one control are not). Given tau the posterior is the conjugate update
 * with beliefs on the contrasts only, C'theta ~ N(0, tau^2 I), C orthonormal and orthogonal to 1. */
#include "decide/rank.h"
#include "fit/posterior.h"
#include "num/matrix.h"

#include <math.h>
#include <string.h>

/* An estimate of 0 is common and no proof that effects are equal: at 0 arms would be one arm, which
 * cannot be ranked. tau is at least this share of a typical standard error. */
static const double least_share = 0.05;

/* tau^2 of the k effects at place[]. */
static double
moment_variance(
    int64_t n, int64_t k, const int64_t *place, const double *b, const double *v)
{
    double total = 0;
    double mean = 0;
    double squares = 0;
    for (int64_t i = 0; i < k; i++) {
        double w = 1 / v[place[i] + place[i] * n];
        total += w;
        mean += w * b[place[i]];
        squares += w * w;
    }
    mean /= total;
    double q = 0;
    double expected = (double)k; /* tr(W V) = k */
    for (int64_t i = 0; i < k; i++) {
        double wi = 1 / v[place[i] + place[i] * n];
        q += wi * (b[place[i]] - mean) * (b[place[i]] - mean);
        for (int64_t j = 0; j < k; j++) {
            double wj = 1 / v[place[j] + place[j] * n];
            expected -= wi * wj * v[place[i] + place[j] * n] / total;
        }
    }
    double least = least_share * least_share * (double)k / total;
    return fmax(least, (q - expected) / (total - squares / total));
}

/* Helmert contrasts of the k effects at place[], as beliefs from row `from` on. */
static void
contrasts(
    int64_t k, const int64_t *place, double variance, int64_t from, upi_beliefs *x)
{
    for (int64_t i = 1; i < k; i++) {
        double *h = x->h + (from + i - 1) * x->p;
        double length = sqrt((double)i * (double)(i + 1));
        for (int64_t j = 0; j < i; j++) {
            h[place[j]] = 1 / length;
        }
        h[place[i]] = -(double)i / length;
        x->variance[from + i - 1] = variance;
    }
}

up_status
upi_shrink(int64_t n, int64_t k, double *b, double *v, double *tau, up_error *err)
{
    up_status status = UP_OK;
    int64_t sets = n / k;
    upi_beliefs x = {.p = n, .r = sets * (k - 1)};
    upi_gain gain = {0};
    int64_t *place = NULL;
    double *distance = NULL;
    UP_TRY(UP_NEW(&place, k, err));
    UP_TRY(UP_NEW(&x.h, n * x.r, err));
    UP_TRY(UP_NEW(&x.mean, x.r, err));
    UP_TRY(UP_NEW(&x.variance, x.r, err));
    UP_TRY(UP_NEW(&distance, x.r, err));
    for (int64_t s = 0; s < sets; s++) {
        for (int64_t j = 0; j < k; j++) {
            place[j] = s + j * sets;
        }
        double variance = moment_variance(n, k, place, b, v);
        tau[s] = sqrt(variance);
        contrasts(k, place, variance, s * (k - 1), &x);
    }
    UP_TRY(upi_gain_make(n, v, &x, &gain, err));
    upi_gain_mean(&gain, &x, b, distance);
    UP_TRY(upi_gain_covariance(&gain, &x, v, NULL, err));
out:
    upi_beliefs_free(&x);
    upi_gain_free(&gain);
    upi_free(place);
    upi_free(distance);
    return status;
}
