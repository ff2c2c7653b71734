/* The probability that each arm is the best of normal rewards.
 *
 * Two arms: Phi(mean / sd). Three: the probability that both differences from an arm are below
 * 0, a bivariate normal orthant (num/binormal.c); it takes 5 microseconds, too long to be worked
 * out for each decision. More arms, or three with numbers as contexts: the share of the points of
 * a lattice at which the arm wins (lattice.c). */
#include "decide/policy.h"
#include "num/binormal.h"
#include "num/dist.h"

#include <math.h>

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
        upi_lattice_share(lattice, m, mean, covariance, probability);
    }
}
