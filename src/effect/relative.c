/* Relative effects rho = theta / mu with an interval of one of three kinds.
 *
 *   Fieller  all rho with (theta - rho mu)^2 <= crit^2 (v - 2 rho c + rho^2 vm)
 *   delta    rho -+ crit sqrt((v - 2 rho c + rho^2 vm) / mu^2)
 *   log      exp(ln((mu + theta)/mu) -+ crit se) - 1
 *
 * Fieller (1954); methods/core.md section 3.1. The Fieller set is the solution of a quadratic
 * inequality and need not be an interval: it can be the outside of one, a ray or the whole
 * line. Trap: the textbook root formula cancels when the product of the roots is small, so
 * that one root is taken as k / q. */
#include "effect/relative.h"

#include "num/dist.h"

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
fieller(const upi_relative_in *in, upi_relative_out *out)
{
    quadratic s = fieller_quadratic(in);
    double disc = s.h * s.h - s.a * s.k;
    out->p_value = in->p_theta > 0 ? in->p_theta
                                   : upi_t_two_sided(in->theta / sqrt(in->v), in->df);
    out->low = -(double)INFINITY;
    out->high = (double)INFINITY;
    if (s.a > 0) {
        /* theta/mu solves the inequality, so a negative discriminant is rounding. */
        out->shape = UPI_SHAPE_INTERVAL;
        roots(&s, fmax(disc, 0), &out->low, &out->high);
    } else if (s.a < 0 && disc >= 0) {
        out->shape = UPI_SHAPE_COMPLEMENT;
        roots(&s, disc, &out->low, &out->high);
    } else if (s.a < 0 || s.h == 0) {
        out->shape = UPI_SHAPE_LINE;
    } else if (s.h > 0) {
        out->shape = UPI_SHAPE_ABOVE;
        out->low = s.k / (2 * s.h);
    } else {
        out->shape = UPI_SHAPE_BELOW;
        out->high = s.k / (2 * s.h);
    }
}

static double
delta_error(const upi_relative_in *in)
{
    double rho = in->theta / in->mu;
    double v = in->v - 2 * rho * in->c + rho * rho * in->vm;
    return sqrt(fmax(v, 0)) / fabs(in->mu);
}

static void
delta(const upi_relative_in *in, upi_relative_out *out)
{
    double se = delta_error(in);
    out->std_error = se;
    out->low = out->value - in->crit * se;
    out->high = out->value + in->crit * se;
    out->p_value = upi_t_two_sided(out->value / se, in->df);
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

static void
log_ratio(const upi_relative_in *in, upi_relative_out *out)
{
    double se = log_error(in);
    double middle = log1p(out->value);
    if (isnan(se)) {
        return;
    }
    out->std_error = se;
    out->low = expm1(middle - in->crit * se);
    out->high = expm1(middle + in->crit * se);
    out->p_value = upi_t_two_sided(middle / se, in->df);
}

void
upi_relative(int64_t kind, const upi_relative_in *in, upi_relative_out *out)
{
    *out = (upi_relative_out){(double)NAN, (double)NAN, (double)NAN, (double)NAN,
        (double)NAN, UPI_SHAPE_INTERVAL};
    if (in->mu == 0 || isnan(in->mu) || isnan(in->theta)) {
        return;
    }
    out->value = in->theta / in->mu;
    if (!(in->v > 0) || !(in->crit >= 0)) {
        return;
    }
    if (kind == UP_RELATIVE_DELTA) {
        delta(in, out);
    } else if (kind == UP_RELATIVE_LOG) {
        log_ratio(in, out);
    } else {
        fieller(in, out);
    }
}

int
upi_relative_decides(int64_t kind, const upi_relative_in *in)
{
    if (in->mu == 0 || isnan(in->mu) || !(in->v > 0)) {
        return -1;
    }
    if (kind == UP_RELATIVE_DELTA) {
        return fabs(in->theta / in->mu) > in->crit * delta_error(in);
    }
    if (kind == UP_RELATIVE_LOG) {
        double se = log_error(in);
        return isnan(se) ? -1 : fabs(log1p(in->theta / in->mu)) > in->crit * se;
    }
    return fabs(in->theta) > in->crit * sqrt(in->v);
}
