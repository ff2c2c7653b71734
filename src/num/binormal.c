/* Bivariate normal probabilities by Owen's T (Owen 1956, eq. 3.1): with r = sqrt(1 - rho^2),
 *
 *   P = (Phi(h) + Phi(k) - [hk < 0 or hk = 0 > h + k]) / 2 - T(h, (k - rho h)/(h r))
 *                                                         - T(k, (h - rho k)/(k r)).
 *
 * Trap: at h = 0 the second argument is infinite or 0/0; T(0, a) = atan(a) / 2 pi is taken at its
 * limit there. */
#include "num/binormal.h"

#include "num/dist.h"

#include <math.h>
#include <stdbool.h>

static const double turn = 6.28318530717958647692;

/* T(h, (k - rho h) / (h r)) */
static double
owen_term(double h, double k, double rho, double r)
{
    double rest = k - rho * h;
    if (h == 0) {
        return rest == 0 ? 0 : copysign(0.25, rest);
    }
    double a = rest / (h * r);
    if (isinf(a)) {
        return copysign(upi_normal_sf(fabs(h)) / 2, a);
    }
    return upi_owens_t(h, a);
}

double
upi_binormal_cdf(double h, double k, double rho)
{
    double r = sqrt((1 - rho) * (1 + rho));
    if (isnan(h) || isnan(k) || !(r > 0)) {
        return (double)NAN;
    }
    if (isinf(h) || isinf(k)) {
        double least = fmin(h, k);
        return least == -(double)INFINITY ? 0 : upi_normal_cdf(least);
    }
    if (h == 0 && k == 0) {
        return 0.25 + asin(rho) / turn;
    }
    bool opposite = h * k < 0 || (h * k == 0 && h + k < 0);
    double p = (upi_normal_cdf(h) + upi_normal_cdf(k) - (opposite ? 1 : 0)) / 2 -
               owen_term(h, k, rho, r) - owen_term(k, h, rho, r);
    return fmin(fmax(p, 0), 1);
}

/* ---- Gauss and Legendre ---- */

static const double node[UPI_GAUSS_NODES / 2] = {0.095012509837637440185,
    0.28160355077925891323, 0.45801677765722738634, 0.61787624440264374845,
    0.7554044083550030339, 0.86563120238783174388, 0.94457502307323257608,
    0.9894009349916499326};
static const double weight[UPI_GAUSS_NODES / 2] = {0.18945061045506849629,
    0.18260341504492358887, 0.16915651939500253819, 0.14959598881657673208,
    0.12462897125553387205, 0.09515851168249278481, 0.062253523938647892863,
    0.027152459411754094852};

double
upi_gauss_node(int i)
{
    return i < UPI_GAUSS_NODES / 2 ? -node[UPI_GAUSS_NODES / 2 - 1 - i]
                                   : node[i - UPI_GAUSS_NODES / 2];
}

double
upi_gauss_weight(int i)
{
    return weight[i < UPI_GAUSS_NODES / 2 ? UPI_GAUSS_NODES / 2 - 1 - i
                                          : i - UPI_GAUSS_NODES / 2];
}

/* ---- three ---- */

typedef struct triple {
    double h[3], r12, r13, r23;
} triple;

/* dP/dr12 = (density of the first two at h) P(third <= h3 | first two = h). */
static double
slope(double h1, double h2, double h3, double r12, double r13, double r23)
{
    double d = (1 - r12) * (1 + r12);
    double density =
        exp(-(h1 * h1 + h2 * h2 - 2 * r12 * h1 * h2) / (2 * d)) / (turn * sqrt(d));
    double mean = ((r13 - r12 * r23) * h1 + (r23 - r12 * r13) * h2) / d;
    double left = 1 - r12 * r12 - r13 * r13 - r23 * r23 + 2 * r12 * r13 * r23;
    return density * upi_normal_cdf((h3 - mean) / sqrt(fmax(left, 0) / d));
}

/* Correlations with the first are t r12 and t r13: the derivative in t. */
static double
along(const triple *x, double t)
{
    const double *h = x->h;
    double a = t * x->r12;
    double b = t * x->r13;
    return x->r12 * slope(h[0], h[1], h[2], a, b, x->r23) +
           x->r13 * slope(h[0], h[2], h[1], b, a, x->r23);
}

/* Plackett (1954): from a first normal that is independent of the others, where the probability
 * is a product, to the correlations wanted. The integrand is singular where a determinant is 0,
 * beyond t = 1; panels are halved towards it until the last is no longer than its distance. */
double
upi_trinormal_cdf(const double h[3], double r12, double r13, double r23)
{
    triple x = {{h[0], h[1], h[2]}, r12, r13, r23};
    double q = r12 * r12 + r13 * r13 - 2 * r12 * r13 * r23;
    double far = q > 0 ? sqrt((1 - r23) * (1 + r23) / q) - 1 : 1;
    double distance = fmax(far, 1e-9);
    double sum = 0;
    double low = 0;
    while (low < 1) {
        double high = 1 - low <= distance ? 1 : (1 + low) / 2;
        double half = (high - low) / 2;
        for (int i = 0; i < UPI_GAUSS_NODES; i++) {
            double t = low + half * (1 + upi_gauss_node(i));
            sum += half * upi_gauss_weight(i) * along(&x, t);
        }
        low = high;
    }
    double p = upi_normal_cdf(h[0]) * upi_binormal_cdf(h[1], h[2], r23) + sum;
    return fmin(fmax(p, 0), 1);
}
