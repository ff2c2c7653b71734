/* Relative effects from five numbers; a pure function that knows nothing of models. */
#ifndef UPI_RELATIVE_H
#define UPI_RELATIVE_H

#include "base/base.h"

#include <upshot/effects.h>

/* Shapes of an interval, as in up_effect.relative_shape. */
enum {
    UPI_SHAPE_INTERVAL = 0,
    UPI_SHAPE_COMPLEMENT = 1,
    UPI_SHAPE_LINE = 2,
    UPI_SHAPE_ABOVE = 3,
    UPI_SHAPE_BELOW = 4
};

/* An effect theta on a baseline mu: v = Var theta, vm = Var mu, c = Cov(theta, mu). crit is
 * the critical value of the interval, sides (enum up_sides) whether it has one end: GREATER is
 * an increase of theta, whatever the sign of mu. */
typedef struct upi_relative_in {
    double theta, mu, v, vm, c, crit;
    int64_t sides;
} upi_relative_in;

/* std_error is that of the delta method (of the log ratio for UP_RELATIVE_LOG), NaN for
 * Fieller. statistic tests "no relative effect", above 0 for an increase of theta; the set
 * holds 0 unless it is beyond crit. Ends that do not exist are infinite. `bounded` is false
 * when the baseline cannot be told from 0, so that even a two-sided set has no two ends. */
typedef struct upi_relative_out {
    double value, low, high, statistic, std_error;
    int64_t shape;
    bool bounded;
} upi_relative_out;

/* kind: enum up_relative. All NaN where the kind is not defined: a baseline of 0, or means of
 * opposite sign under the log ratio. */
void upi_relative(int64_t kind, const upi_relative_in *in, upi_relative_out *out);
/* The statistic of the hypothesis that the relative effect is rho0: above 0 where theta lies
 * above rho0 mu. NaN where the kind is not defined. */
double upi_relative_statistic(int64_t kind, const upi_relative_in *in, double rho0);
/* 1 when the set of this kind leaves 0 out, 0 when it holds 0, -1 when it is not defined. */
int upi_relative_decides(int64_t kind, const upi_relative_in *in);
/* 1 when a statistic is beyond the critical value on the sides looked at. */
static inline int
upi_beyond(double statistic, double crit, int64_t sides)
{
    double t = sides == UP_TWO_SIDED ? (statistic < 0 ? -statistic : statistic)
               : sides == UP_GREATER ? statistic
                                     : -statistic;
    return t > crit;
}

#endif
