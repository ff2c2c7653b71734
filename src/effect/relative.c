/* Relative effects rho = theta / mu with an interval of one of three kinds.
 *
 *   Fieller  all rho with (theta - rho mu)^2 <= crit^2 (v - 2 rho c + rho^2 vm)
 *   delta    rho -+ crit sqrt((v - 2 rho c + rho^2 vm) / mu^2)
 *   log      exp(ln((mu + theta)/mu) -+ crit se) - 1
 *
 * One-sided sets are the values that the one-sided test of theta - rho mu does not reject: the
 * part of the two-sided rejection region where theta - rho mu has the wrong sign is kept.
 *
 * Fieller (1954); methods/core.md section 3.1. The Fieller set is the solution of a quadratic
 * inequality and need not be an interval: it can be the outside of one, a ray or the whole
 * line. Trap: the textbook root formula cancels when the product of the roots is small, so
 * that one root is taken as k / q. */
#include "effect/relative.h"

#include <math.h>

/* a rho^2 - 2 h rho + k <= 0 */
typedef struct quadratic {
    double a, h, k;
} quadratic;

static quadratic
fieller_quadratic(const upi_relative_in *in)
{
    double z2 = in->crit * in->crit;
    quadratic s = {in->mu * in->mu - z2 * in->vm, in->theta * in->mu - z2 * in->c,
        in->theta * in->theta - z2 * in->v};
    return s;
}

/* The two roots in order; disc >= 0 and a is not 0. */
static void
roots(const quadratic *s, double disc, double *low, double *high)
{
    double q = s->h + (s->h >= 0 ? sqrt(disc) : -sqrt(disc));
    double first = q / s->a;
    double second = q != 0 ? s->k / q : first;
    *low = fmin(first, second);
    *high = fmax(first, second);
}

static void
set_above(upi_relative_out *out, double low)
{
    out->shape = UPI_SHAPE_ABOVE;
    out->low = low;
}

static void
set_below(upi_relative_out *out, double high)
{
    out->shape = UPI_SHAPE_BELOW;
    out->high = high;
}

/* Whether the test looks at values of rho for which theta - rho mu has the sign of x. */
static bool
rejects_sign(const upi_relative_in *in, double x)
{
    return in->sides == UP_TWO_SIDED || (in->sides == UP_GREATER) == (x > 0);
}

static void
fieller(const upi_relative_in *in, upi_relative_out *out)
{
    quadratic s = fieller_quadratic(in);
    double disc = s.h * s.h - s.a * s.k;
    double low = 0;
    double high = 0;
    out->low = -(double)INFINITY;
    out->high = (double)INFINITY;
    out->shape = UPI_SHAPE_LINE;
    out->bounded = s.a > 0;
    if (isinf(in->crit)) {
        return;
    }
    if (s.a > 0) {
        /* theta/mu solves the inequality, so a negative discriminant is rounding. */
        roots(&s, fmax(disc, 0), &low, &high);
        if (in->sides == UP_TWO_SIDED) {
            out->shape = UPI_SHAPE_INTERVAL;
            out->low = low;
            out->high = high;
        } else if (rejects_sign(in, in->mu)) {
            set_above(out, low);
        } else {
            set_below(out, high);
        }
    } else if (s.a < 0 && disc >= 0) {
        roots(&s, disc, &low, &high);
        if (rejects_sign(in, in->theta - (low + high) / 2 * in->mu)) {
            out->shape = UPI_SHAPE_COMPLEMENT;
            out->low = low;
            out->high = high;
        }
    } else if (s.a == 0 && s.h > 0 && rejects_sign(in, in->mu)) {
        set_above(out, s.k / (2 * s.h));
    } else if (s.a == 0 && s.h < 0 && rejects_sign(in, -in->mu)) {
        set_below(out, s.k / (2 * s.h));
    }
}

static double
delta_error(const upi_relative_in *in)
{
    double rho = in->theta / in->mu;
    double v = in->v - 2 * rho * in->c + rho * rho * in->vm;
    return sqrt(fmax(v, 0)) / fabs(in->mu);
}

/* Standard error of ln((mu + theta) / mu); NaN when the two means differ in sign. */
static double
log_error(const upi_relative_in *in)
{
    double up = in->mu + in->theta;
    if (!(up / in->mu > 0)) {
        return (double)NAN;
    }
    double v = (in->v + 2 * in->c + in->vm) / (up * up) + in->vm / (in->mu * in->mu) -
               2 * (in->vm + in->c) / (up * in->mu);
    return sqrt(fmax(v, 0));
}

/* An interval around `middle`, with the end that the sides leave; to: from its scale to that of
 * the relative effect. An increase of theta lowers the ratio where mu is below 0. */
static void
symmetric(const upi_relative_in *in, double middle, double (*to)(double),
    upi_relative_out *out)
{
    out->low = -(double)INFINITY;
    out->high = (double)INFINITY;
    out->shape = UPI_SHAPE_INTERVAL;
    bool two = in->sides == UP_TWO_SIDED;
    bool above = (in->sides == UP_GREATER) == (in->mu > 0);
    if (two || above) {
        set_above(out, to(middle - in->crit * out->std_error));
    }
    if (two || !above) {
        set_below(out, to(middle + in->crit * out->std_error));
    }
    if (two) {
        out->shape = UPI_SHAPE_INTERVAL;
    }
}

static double
same(double x)
{
    return x;
}

double
upi_relative_statistic(int64_t kind, const upi_relative_in *in, double rho0)
{
    double sign = in->mu < 0 ? -1 : 1;
    if (kind == UP_RELATIVE_DELTA) {
        return sign * (in->theta / in->mu - rho0) / delta_error(in);
    }
    if (kind == UP_RELATIVE_LOG) {
        return sign * (log1p(in->theta / in->mu) - log1p(rho0)) / log_error(in);
    }
    double v = in->v - 2 * rho0 * in->c + rho0 * rho0 * in->vm;
    return (in->theta - rho0 * in->mu) / sqrt(fmax(v, 0));
}

void
upi_relative(int64_t kind, const upi_relative_in *in, upi_relative_out *out)
{
    double nan = (double)NAN;
    *out = (upi_relative_out){nan, nan, nan, nan, nan, UPI_SHAPE_INTERVAL, true};
    if (in->mu == 0 || isnan(in->mu) || isnan(in->theta)) {
        return;
    }
    out->value = in->theta / in->mu;
    if (!(in->v > 0) || !(in->crit >= 0)) {
        return;
    }
    if (kind == UP_RELATIVE_DELTA) {
        out->std_error = delta_error(in);
        symmetric(in, out->value, same, out);
    } else if (kind == UP_RELATIVE_LOG) {
        out->std_error = log_error(in);
        if (isnan(out->std_error)) {
            return;
        }
        symmetric(in, log1p(out->value), expm1, out);
    } else {
        fieller(in, out);
    }
    out->statistic = upi_relative_statistic(kind, in, 0);
}

int
upi_relative_decides(int64_t kind, const upi_relative_in *in)
{
    if (in->mu == 0 || isnan(in->mu) || !(in->v > 0)) {
        return -1;
    }
    double statistic = upi_relative_statistic(kind, in, 0);
    return isnan(statistic) ? -1 : upi_beyond(statistic, in->crit, in->sides);
}
