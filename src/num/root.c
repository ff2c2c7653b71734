/* The root of a function of one variable between two ends of different sign: Brent's method
 * (Brent 1973, Algorithms for Minimization without Derivatives, ch. 4), inverse quadratic steps
 * held inside a bracket that bisection keeps shrinking, so that it ends for any function. The
 * trap avoided: steps below the spacing of doubles, which would never end. */
#include "num/root.h"

#include <float.h>
#include <math.h>
#include <stdbool.h>

enum { MOST_STEPS = 500 };

/* A step from b towards a root by the line through (a, b), or the parabola through (a, b, c) with
 * x as a function of f. Returns false where bisection is the better step. */
static bool
interpolate(const double x[3], const double f[3], double half, double least,
    double before, double *step)
{
    double s = f[1] / f[0];
    double p, q;
    if (x[0] == x[2]) {
        p = 2 * half * s;
        q = 1 - s;
    } else {
        double u = f[0] / f[2];
        double v = f[1] / f[2];
        p = s * (2 * half * u * (u - v) - (x[1] - x[0]) * (v - 1));
        q = (u - 1) * (v - 1) * (s - 1);
    }
    q = p > 0 ? -q : q;
    p = fabs(p);
    if (2 * p >= fmin(3 * half * q - fabs(least * q), fabs(before * q))) {
        return false;
    }
    *step = p / q;
    return true;
}

double
upi_root(
    double (*f)(double x, const void *ctx), const void *ctx, double low, double high)
{
    /* x[1] is the best point, x[2] the other end of the bracket, x[0] the point before */
    double x[3] = {low, high, low};
    double y[3] = {f(low, ctx), f(high, ctx), 0};
    y[2] = y[0];
    if (y[0] == 0) {
        return low;
    }
    if (y[1] != 0 && !((y[0] > 0) != (y[1] > 0) && !isnan(y[0]) && !isnan(y[1]))) {
        return NAN;
    }
    double step = high - low;
    double before = step;
    for (int i = 0; i < MOST_STEPS && y[1] != 0; i++) {
        if ((y[1] > 0) == (y[2] > 0)) {
            x[2] = x[0];
            y[2] = y[0];
            step = x[1] - x[0];
            before = step;
        }
        if (fabs(y[2]) < fabs(y[1])) {
            x[0] = x[1], x[1] = x[2], x[2] = x[0];
            y[0] = y[1], y[1] = y[2], y[2] = y[0];
        }
        double least = 2 * DBL_EPSILON * fabs(x[1]) + DBL_MIN;
        double half = (x[2] - x[1]) / 2;
        if (fabs(half) <= least) {
            break;
        }
        double last = before;
        before = step;
        if (fabs(last) < least || fabs(y[0]) <= fabs(y[1]) ||
            !interpolate(x, y, half, least, last, &step)) {
            step = half;
            before = half;
        }
        x[0] = x[1];
        y[0] = y[1];
        x[1] += fabs(step) > least ? step : copysign(least, half);
        y[1] = f(x[1], ctx);
        if (isnan(y[1])) {
            return NAN;
        }
    }
    return x[1];
}
