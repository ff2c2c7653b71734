/* Relative effects from five numbers; a pure function that knows nothing of models. */
#ifndef UPI_RELATIVE_H
#define UPI_RELATIVE_H

#include "base/base.h"

#include <upshot/effects.h>

/* Shapes of a relative interval, as in up_effect.relative_shape. */
enum {
    UPI_SHAPE_INTERVAL = 0,
    UPI_SHAPE_COMPLEMENT = 1,
    UPI_SHAPE_LINE = 2,
    UPI_SHAPE_ABOVE = 3,
    UPI_SHAPE_BELOW = 4
};

/* An effect theta on a baseline mu: v = Var theta, vm = Var mu, c = Cov(theta, mu). crit is
 * the critical value of the two-sided interval, df its degrees of freedom (for p-values). p_theta, where it is known,
 * is the p-value of theta itself, which is Fieller's too; 0 = not known. */
typedef struct upi_relative_in {
    double theta, mu, v, vm, c, crit, df, p_theta;
} upi_relative_in;

/* std_error is that of the delta method (of the log ratio for UP_RELATIVE_LOG), NaN for
 * Fieller. p_value is of the hypothesis "no relative effect", and is below 1 - level exactly
 * when the set does not hold 0. Ends that do not exist are infinite. */
typedef struct upi_relative_out {
    double value, low, high, p_value, std_error;
    int64_t shape;
} upi_relative_out;

/* kind: enum up_relative. All NaN where the kind is not defined: a baseline of 0, or means of
 * opposite sign under the log ratio. */
void upi_relative(int64_t kind, const upi_relative_in *in, upi_relative_out *out);
/* 1 when the set of this kind leaves 0 out, 0 when it holds 0, -1 when it is not defined. */
int upi_relative_decides(int64_t kind, const upi_relative_in *in);

#endif
