/* Ranks of up to four arms with any covariance. Arm j has rank 1 + the number of negative
 * D_i = theta_j - theta_i, so that its ranks are sums of orthant probabilities of one, two or
 * three normals (num/binormal.h). What being best adds to the mean of arm j follows by integration by parts (Afonja 1972):
 *
 *   E[(theta_j - mu_j) 1{j best}] = sum_i Cov(theta_j, D_i) f_i(0) P(D_l > 0, l != i | D_i = 0). */
#include "decide/rank.h"
#include "num/binormal.h"
#include "num/dist.h"

#include <math.h>

enum { D = UPI_ORTHANT_ARMS - 1 };

typedef struct differences {
    int d;
    double mean[D], sd[D], rho[D][D];
    double shared[D]; /* Cov(theta_j, D_i) */
} differences;

static void
take_differences(const upi_contest *c, int64_t j, differences *out)
{
    int64_t n = c->n;
    int64_t other[D];
    out->d = 0;
    for (int64_t i = 0; i < n; i++) {
        if (i != j) {
            other[out->d++] = i;
        }
    }
    const double *v = c->cov;
    double cov[D][D];
    for (int a = 0; a < out->d; a++) {
        int64_t i = other[a];
        out->mean[a] = c->mean[j] - c->mean[i];
        out->shared[a] = v[j + j * n] - v[i + j * n];
        for (int b = 0; b < out->d; b++) {
            int64_t k = other[b];
            cov[a][b] = (v[j + j * n] - v[j + k * n]) - (v[i + j * n] - v[i + k * n]);
        }
    }
    for (int a = 0; a < out->d; a++) {
        out->sd[a] = sqrt(fmax(cov[a][a], 0));
    }
    for (int a = 0; a < out->d; a++) {
        for (int b = 0; b < out->d; b++) {
            out->rho[a][b] = cov[a][b] / (out->sd[a] * out->sd[b]);
        }
    }
}

/* The determinant of the correlations of the differences from one arm; the covariance has the
 * same determinant whichever arm it is. */
bool
upi_rank_orthant_fits(const upi_contest *c)
{
    if (c->n < 3 || c->n > UPI_ORTHANT_ARMS) {
        return false;
    }
    differences x;
    take_differences(c, 0, &x);
    double a = x.rho[0][1];
    double det = 1 - a * a;
    if (x.d == 3) {
        double b = x.rho[0][2];
        double e = x.rho[1][2];
        det = 1 + 2 * a * b * e - a * a - b * b - e * e;
    }
    return det > 1e-8;
}

/* ---- ranks ---- */

/* Probabilities that 0, 1, ... of the D are negative, from those that sets of them are all
 * positive (inclusion and exclusion); z are their means over their standard deviations. */
static void
count_negative(const differences *x, const double z[D], double out[D + 1])
{
    double one = 0;
    double two = 0;
    for (int a = 0; a < x->d; a++) {
        one += upi_normal_cdf(z[a]);
        for (int b = 0; b < a; b++) {
            two += upi_binormal_cdf(z[a], z[b], x->rho[a][b]);
        }
    }
    double three =
        x->d == 3 ? upi_trinormal_cdf(z, x->rho[0][1], x->rho[0][2], x->rho[1][2]) : 0;
    out[0] = x->d == 3 ? three : two;
    out[1] = x->d == 3 ? two - 3 * three : one - 2 * two;
    out[2] = x->d == 3 ? one - 2 * two + 3 * three : 1 - one + two;
    out[3] = x->d == 3 ? 1 - one + two - three : 0;
    for (int q = 0; q <= D; q++) {
        out[q] = fmin(fmax(out[q], 0), 1);
    }
}

/* P(D_l > 0 for l != i | D_i = 0) */
static double
best_at_tie(const differences *x, const double z[D], int i)
{
    double h[D] = {0};
    double s[D] = {0};
    int other[D] = {0};
    int n = 0;
    for (int l = 0; l < x->d; l++) {
        double rho = x->rho[i][l];
        if (l != i) {
            s[n] = sqrt((1 - rho) * (1 + rho));
            h[n] = (z[l] - rho * z[i]) / s[n];
            other[n++] = l;
        }
    }
    if (n == 1) {
        return upi_normal_cdf(h[0]);
    }
    double rho = x->rho[other[0]][other[1]] - x->rho[i][other[0]] * x->rho[i][other[1]];
    return upi_binormal_cdf(h[0], h[1], rho / (s[0] * s[1]));
}

/* ---- arms ---- */

static void
add_arms(void *ctx, double s, double weight, upi_ranks *out)
{
    const upi_contest *c = ctx;
    int64_t n = c->n;
    for (int64_t j = 0; j < n; j++) {
        differences x;
        double z[D] = {0};
        double part[D + 1];
        take_differences(c, j, &x);
        for (int i = 0; i < x.d; i++) {
            z[i] = x.mean[i] / x.sd[i] * s;
        }
        count_negative(&x, z, part);
        for (int64_t q = 0; q < n; q++) {
            out->p[j + q * n] += weight * part[q];
        }
        for (int i = 0; i < x.d; i++) {
            /* covariances are 1/s^2, the density at 0 s of those at s = 1 */
            out->luck[j] += weight / s * x.shared[i] / x.sd[i] * upi_normal_pdf(z[i]) *
                            best_at_tie(&x, z, i);
        }
    }
}

up_status
upi_rank_orthant(const upi_contest *c, upi_ranks *out, up_error *err)
{
    upi_contest own = *c;
    return upi_rank_average(c->n, c->df, add_arms, &own, out, err);
}
