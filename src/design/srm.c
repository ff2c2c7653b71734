/* The sample-ratio test: do the arms hold the shares of rows that were planned?
 *
 *   X2 = sum_k (count_k - n share_k)^2 / (n share_k),  chi-square with (arms - 1) df
 *
 * over the arms with a positive share (Pearson 1900; Fabijan et al. 2019 for experiments).
 * An arm with share 0 is no arm: counting it in the degrees of freedom makes the test blunt
 * ([520, 480, 0] against [.5, .5, 0] is p = .206 with one, not .449 with two). With two arms
 * and fewer than 1000 rows the binomial distribution is summed instead of approximated. */
#include "design/identify.h"
#include "num/dist.h"
#include "num/sum.h"

#include <math.h>

static const double EXACT_BELOW = 1000.0;

static double
answer(double p, double x2, double df_found, double *statistic, double *df)
{
    if (statistic != NULL) {
        *statistic = x2;
    }
    if (df != NULL) {
        *df = df_found;
    }
    return p;
}

static bool
is_count(double x)
{
    return x >= 0.0 && x < 9e15 && floor(x) == x;
}

double
upi_srm_test(
    int64_t k, const double *count, const double *share, double *statistic, double *df)
{
    upi_sum n = {0.0, 0.0};
    upi_sum total = {0.0, 0.0};
    int64_t arms = 0;
    int64_t first = -1;
    bool stray = false;
    bool whole = true;
    for (int64_t i = 0; i < k; i++) {
        if (!(count[i] >= 0.0) || !(share[i] >= 0.0) || isinf(count[i]) ||
            isinf(share[i])) {
            return answer(NAN, NAN, NAN, statistic, df);
        }
        upi_sum_add(&total, share[i]);
        whole = whole && is_count(count[i]);
        if (share[i] > 0.0) {
            upi_sum_add(&n, count[i]);
            first = first < 0 ? i : first;
            arms++;
        } else {
            stray = stray || count[i] > 0.0;
        }
    }
    double rows = upi_sum_value(&n);
    if (stray) {
        return answer(
            0.0, INFINITY, arms > 1 ? (double)(arms - 1) : 0.0, statistic, df);
    }
    if (arms == 0 || rows <= 0.0) {
        return answer(NAN, NAN, NAN, statistic, df);
    }
    upi_sum x2 = {0.0, 0.0};
    for (int64_t i = 0; i < k; i++) {
        if (share[i] > 0.0) {
            double expected = rows * (share[i] / upi_sum_value(&total));
            double off = count[i] - expected;
            upi_sum_add(&x2, off * off / expected);
        }
    }
    double value = upi_sum_value(&x2);
    double freedom = (double)(arms - 1);
    if (arms == 1) {
        return answer(1.0, 0.0, 0.0, statistic, df);
    }
    if (arms == 2 && rows < EXACT_BELOW && whole) {
        double p = upi_binomial_two_sided(
            count[first], rows, share[first] / upi_sum_value(&total));
        return answer(p, value, freedom, statistic, df);
    }
    return answer(upi_chisq_sf(value, freedom), value, freedom, statistic, df);
}
