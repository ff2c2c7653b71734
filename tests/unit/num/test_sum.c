/* Sums that keep their digits. The sets NumAcc1-4 of the NIST StRD (univariate summary
 * statistics) are defined by a rule and have certified means and deviations. */
#include "num/sum.h"
#include "up_test.h"

#include <float.h>
#include <math.h>

/* The certified data: a first value, then pairs around it. */
static int64_t
num_acc(double *x, double first, double low, double high)
{
    x[0] = first;
    for (int64_t i = 1; i < 1001; i += 2) {
        x[i] = low;
        x[i + 1] = high;
    }
    return 1001;
}

static void
check_summary(const double *x, int64_t n, double mean, double deviation, double rtol)
{
    double got = upi_sum_array(x, n, 1) / (double)n;
    assert_close(got, mean, 1e-15, 0);
    upi_sum squares = {0, 0};
    for (int64_t i = 0; i < n; i++) {
        upi_sum_add(&squares, (x[i] - got) * (x[i] - got));
    }
    double sd = sqrt(upi_sum_value(&squares) / (double)(n - 1));
    assert_close(sd, deviation, rtol, 0);
}

static void
nist_univariate(void **state)
{
    (void)state;
    double x[1001];
    const double first[] = {10000001, 10000003, 10000002};
    check_summary(first, 3, 10000002, 1, 1e-15);
    check_summary(x, num_acc(x, 1.2, 1.1, 1.3), 1.2, 0.1, 1e-14);
    /* The decimal values themselves are rounded to 1e-10 and 2e-9: this is what doubles
     * can hold of the certified deviation. */
    check_summary(x, num_acc(x, 1000000.2, 1000000.1, 1000000.3), 1000000.2, 0.1, 1e-8);
    check_summary(
        x, num_acc(x, 10000000.2, 10000000.1, 10000000.3), 10000000.2, 0.1, 1e-7);
}

static void
small_terms_survive_a_large_one(void **state)
{
    (void)state;
    const double x[] = {1, 1e100, 1, -1e100};
    assert_close(upi_sum_array(x, 4, 1), 2, 0, 0);
    upi_sum harmonic = {0, 0};
    upi_sum_add(&harmonic, 1e16);
    for (int i = 0; i < 1000; i++) {
        upi_sum_add(&harmonic, 0.25);
    }
    upi_sum_add(&harmonic, -1e16);
    assert_close(upi_sum_value(&harmonic), 250, 0, 0);
}

static void
stride_and_empty(void **state)
{
    (void)state;
    const double x[] = {1, 100, 2, 200, 3, 300};
    assert_close(upi_sum_array(x, 3, 2), 6, 0, 0);
    assert_close(upi_sum_array(x + 1, 3, 2), 600, 0, 0);
    assert_close(upi_sum_array(x, 0, 1), 0, 0, 0);
}

static void
infinities_and_nan_pass_through(void **state)
{
    (void)state;
    const double infinite[] = {1, INFINITY, 2};
    assert_true(upi_sum_array(infinite, 3, 1) == (double)INFINITY);
    const double both[] = {INFINITY, -INFINITY};
    assert_true(isnan(upi_sum_array(both, 2, 1)));
    const double missing[] = {1, NAN, 2};
    assert_true(isnan(upi_sum_array(missing, 3, 1)));
    const double overflow[] = {DBL_MAX, DBL_MAX};
    assert_true(upi_sum_array(overflow, 2, 1) == (double)INFINITY);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nist_univariate),
        cmocka_unit_test(small_terms_survive_a_large_one),
        cmocka_unit_test(stride_and_empty),
        cmocka_unit_test(infinities_and_nan_pass_through),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
