/* E-values of a normal mixture and their inversion (methods: docs/sequential.md).
 *   t form      E = sqrt(r) [ (1 + t^2/nu) / (1 + r t^2/nu) ]^((nu+1)/2)
 *   normal form E = sqrt(r) exp( (1-r) z^2 / 2 ),                       r = g/(g+n)
 * One-sided, the mixture is folded onto one side of 0: E doubles and is multiplied by the chance
 * that the mixture's posterior gives to that side (a t with nu+1 degrees of freedom, or a normal).
 * References: Lindon, Ham, Tingley & Bojinov (2022), Anytime-valid linear models, thms 3.1-3.3;
 * Howard, Ramdas, McAuliffe & Sekhon (2021), eqs 14 and 3.7. Traps avoided: t^2 overflows, the
 * ratio of two nearly equal powers loses its digits, and the tail of the posterior underflows. */
#include "seq/anytime.h"

#include "num/dist.h"
#include "num/root.h"

#include <math.h>
#include <stdbool.h>

static const double LN_2 = 0.69314718055994530942;

/* ln[ Phi(x) exp(x^2/2) ]: in the lower tail the two cancel and what is left is Mills' ratio, there
 * by its asymptotic series (Abramowitz & Stegun 26.2.12), whose ninth term is below 1e-18 at -35. */
static double
log_mills(double x)
{
    if (x > -35) {
        return log(upi_normal_cdf(x)) + x * x / 2;
    }
    double y = 1 / (x * x);
    double series =
        1 -
        y * (1 - y * (3 - y * (15 - y * (105 - y * (945 - y * (10395 - y * 135135))))));
    return log(series / (-x * 2.5066282746310005024));
}

static bool
valid(double statistic, double r)
{
    return !isnan(statistic) && r > 0 && r <= 1;
}

/* power * ln[ (1 + x) / (1 + r x) ] with x = square/nu; nothing cancels, any square will do. */
static double
growth(double square_over_nu, double r, double power)
{
    if (square_over_nu == 0) {
        return 0;
    }
    return power * log1p((1 - r) / (r + 1 / square_over_nu));
}

double
upi_av_log_e_normal(double z, double r, int64_t sides)
{
    if (!valid(z, r)) {
        return NAN;
    }
    double shrunk = z * sqrt(1 - r);
    if (sides == UP_TWO_SIDED) {
        return log(r) / 2 + shrunk * shrunk / 2;
    }
    return log(r) / 2 + LN_2 + log_mills(sides == UP_LESS ? -shrunk : shrunk);
}

double
upi_av_log_e_t(double t, double nu, double r, int64_t sides)
{
    if (isinf(nu) && nu > 0) {
        return upi_av_log_e_normal(t, r, sides);
    }
    if (!valid(t, r) || !(nu > 0)) {
        return NAN;
    }
    double scaled = t / sqrt(nu);
    double log_e = log(r) / 2 + growth(scaled * scaled, r, (nu + 1) / 2);
    if (sides == UP_TWO_SIDED) {
        return log_e;
    }
    /* the mixture's posterior is a t with nu + 1 degrees of freedom: its centre over its scale */
    double centre = copysign(sqrt((1 - r) * (nu + 1) / (1 / (scaled * scaled) + r)), t);
    centre = sides == UP_LESS ? -centre : centre;
    return log_e + LN_2 + log(upi_t_cdf(centre, nu + 1));
}

double
upi_av_log_e_wald(double w, double d, double r)
{
    if (!valid(w, r) || w < 0 || !(d > 0)) {
        return NAN;
    }
    return d * log(r) / 2 + (1 - r) * w / 2;
}

double
upi_av_log_e_f(double f, double d, double nu, double r)
{
    if (isinf(nu) && nu > 0) {
        return upi_av_log_e_wald(d * f, d, r);
    }
    if (!valid(f, r) || f < 0 || !(d > 0) || !(nu > 0)) {
        return NAN;
    }
    return d * log(r) / 2 + growth(d * f / nu, r, (nu + d) / 2);
}

double
upi_av_p(double log_e)
{
    return isnan(log_e) ? log_e : fmin(1, exp(-log_e));
}

typedef struct target {
    double nu, r, log_e;
} target;

static double
above_target(double t, const void *ctx)
{
    const target *aim = ctx;
    return upi_av_log_e_t(t, aim->nu, aim->r, UP_GREATER) - aim->log_e;
}

/* The one-sided radius, between 0, where E is at most 1, and a point where E is large enough. The
 * two-sided radius is such a point: above 0 the one-sided E is the larger of the two. */
static double
one_sided_radius(double nu, double r, double alpha, double two_sided)
{
    target aim = {nu, r, -log(alpha)};
    double high = two_sided;
    if (isinf(high)) {
        if (!(above_target(HUGE_VAL, &aim) > 0)) {
            return INFINITY;
        }
        high = 1;
        while (above_target(high, &aim) < 0 && high < 1e300) {
            high *= 2;
        }
    }
    if (above_target(high, &aim) < 0) { /* by rounding only: the two radii agree */
        return high;
    }
    return upi_root(above_target, &aim, 0, high);
}

double
upi_av_region_wald(double d, double r, double alpha)
{
    if (!valid(0, r) || !(d > 0) || !(alpha > 0 && alpha < 1)) {
        return NAN;
    }
    return (2 * -log(alpha) - d * log(r)) / (1 - r); /* r = 1: infinity */
}

double
upi_av_radius_normal(double r, double alpha, int64_t sides)
{
    if (!valid(0, r) || !(alpha > 0 && alpha < 1)) {
        return NAN;
    }
    double two_sided = sqrt(upi_av_region_wald(1, r, alpha));
    return sides == UP_TWO_SIDED ? two_sided
                                 : one_sided_radius(INFINITY, r, alpha, two_sided);
}

double
upi_av_radius_t(double nu, double r, double alpha, int64_t sides)
{
    if (isinf(nu) && nu > 0) {
        return upi_av_radius_normal(r, alpha, sides);
    }
    if (!valid(0, r) || !(nu > 0) || !(alpha > 0 && alpha < 1)) {
        return NAN;
    }
    /* sqrt(nu (1-q)/(q-r)) with q = (r alpha^2)^(1/(nu+1)); both differences without cancelling */
    double one_less_q = -expm1((log(r) + 2 * log(alpha)) / (nu + 1));
    double q_less_r = r * expm1((2 * log(alpha) - nu * log(r)) / (nu + 1));
    double two_sided = sqrt(nu * one_less_q / fmax(q_less_r, 0));
    if (sides == UP_TWO_SIDED) {
        return two_sided;
    }
    return one_sided_radius(nu, r, alpha, two_sided);
}

double
upi_av_mixture(double planned, double alpha, int64_t sides)
{
    if (!(planned > 0) || isinf(planned) || !(alpha > 0 && alpha < 1)) {
        return NAN;
    }
    /* twice alpha is as good as the exact optimum for every level in use, and below 1 here */
    double level = sides == UP_TWO_SIDED ? alpha : fmin(2 * alpha, 0.999);
    return planned / (-upi_lambert_wm1(-level * level * 0.36787944117144232) - 1);
}
