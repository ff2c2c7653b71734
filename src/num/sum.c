/* Neumaier's compensated sum (Neumaier 1974): what each addition loses is collected apart and
 * added at the end. Unlike Kahan's it also keeps the digits when the next term is larger than
 * the sum so far. Needs strict arithmetic: never build with -ffast-math. */
#include "num/sum.h"

#include <math.h>

void
upi_sum_add(upi_sum *a, double x)
{
    double t = a->s + x;
    if (fabs(a->s) >= fabs(x)) {
        a->c += (a->s - t) + x;
    } else {
        a->c += (x - t) + a->s;
    }
    a->s = t;
}

double
upi_sum_value(const upi_sum *a)
{
    /* Once the sum is infinite the compensation is not a number; the sum is right. */
    return isfinite(a->s) ? a->s + a->c : a->s;
}

double
upi_sum_array(const double *x, int64_t n, int64_t stride)
{
    upi_sum total = {0, 0};
    for (int64_t i = 0; i < n; i++) {
        upi_sum_add(&total, x[i * stride]);
    }
    return upi_sum_value(&total);
}
