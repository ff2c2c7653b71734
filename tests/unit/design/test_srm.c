/* Expected values: tests/oracle/srm/make.py (scipy, mpmath), and cases published by the tools
 * named beside them. */
#include "design/identify.h"
#include "up_test.h"

#include <math.h>

static void
test_chi_square(void **state)
{
    (void)state;
    const double half[] = {0.5, 0.5};
    double x2 = 0.0;
    double df = 0.0;
    /* gbstats, tests/test_utils.py */
    assert_close(upi_srm_test(2, (double[]){5000, 4800}, half, &x2, &df), 0.0433517513,
        1e-8, 0.0);
    assert_close(x2, 40000.0 / 9800.0, 1e-14, 0.0);
    assert_close(df, 1.0, 0.0, 0.0);
    assert_close(upi_srm_test(2, (double[]){821588, 815482}, half, NULL, NULL),
        1.82179287e-6, 1e-8, 0.0);
    /* scipy.stats.chisquare */
    assert_close(upi_srm_test(3, (double[]){4000, 2100, 1900},
                     (double[]){0.5, 0.25, 0.25}, &x2, &df),
        0.006737946999085467, 1e-12, 0.0);
    assert_close(x2, 10.0, 1e-13, 0.0);
    assert_close(df, 2.0, 0.0, 0.0);
}

static void
test_exact_below_1000(void **state)
{
    (void)state;
    const double half[] = {0.5, 0.5};
    /* tea-tasting, test_srm */
    assert_close(upi_srm_test(2, (double[]){53, 47}, half, NULL, NULL),
        0.6172994135892521, 1e-12, 0.0);
    /* scipy.stats.binomtest(20, 100, 0.3) */
    assert_close(upi_srm_test(2, (double[]){20, 80}, (double[]){0.3, 0.7}, NULL, NULL),
        0.02896126040830757, 1e-11, 0.0);
    /* 1000 rows: the chi-square */
    assert_close(upi_srm_test(2, (double[]){520, 480}, half, NULL, NULL), 0.2059032107,
        1e-9, 0.0);
    /* counts that are not whole (sums of weights) cannot be summed exactly */
    assert_close(upi_srm_test(2, (double[]){53.5, 46.5}, half, NULL, NULL),
        0.48392730444614, 1e-9, 0.0);
}

static void
test_zero_shares(void **state)
{
    (void)state;
    const double shares[] = {0.5, 0.5, 0.0};
    double x2 = 0.0;
    double df = 0.0;
    assert_close(upi_srm_test(3, (double[]){520, 480, 0}, shares, &x2, &df),
        0.2059032107, 1e-9, 0.0);
    assert_close(df, 1.0, 0.0, 0.0);
    assert_close(
        upi_srm_test(3, (double[]){520, 480, 1}, shares, &x2, &df), 0.0, 0.0, 0.0);
    assert_true(isinf(x2));
    /* shares are relative to their sum */
    assert_close(upi_srm_test(2, (double[]){5000, 4800}, (double[]){3, 3}, NULL, NULL),
        0.0433517513, 1e-8, 0.0);
    assert_close(
        upi_srm_test(2, (double[]){10, 0}, (double[]){1, 0}, &x2, &df), 1.0, 0.0, 0.0);
    assert_close(df, 0.0, 0.0, 0.0);
    assert_close(
        upi_srm_test(2, (double[]){10, 3}, (double[]){1, 0}, NULL, &df), 0.0, 0.0, 0.0);
}

static void
test_outside_domain(void **state)
{
    (void)state;
    const double half[] = {0.5, 0.5};
    double x2 = 0.0;
    assert_true(isnan(upi_srm_test(2, (double[]){0, 0}, half, &x2, NULL)));
    assert_true(isnan(x2));
    assert_true(isnan(upi_srm_test(2, (double[]){-1, 5}, half, NULL, NULL)));
    assert_true(isnan(upi_srm_test(2, (double[]){NAN, 5}, half, NULL, NULL)));
    assert_true(isnan(upi_srm_test(2, (double[]){INFINITY, 5}, half, NULL, NULL)));
    assert_true(
        isnan(upi_srm_test(2, (double[]){5, 5}, (double[]){0.5, -0.5}, NULL, NULL)));
    assert_true(
        isnan(upi_srm_test(2, (double[]){5, 5}, (double[]){0.5, NAN}, NULL, NULL)));
    assert_true(isnan(upi_srm_test(2, (double[]){0, 0}, (double[]){0, 0}, NULL, NULL)));
    assert_true(isnan(upi_srm_test(0, NULL, NULL, NULL, NULL)));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_chi_square),
        cmocka_unit_test(test_exact_below_1000),
        cmocka_unit_test(test_zero_shares),
        cmocka_unit_test(test_outside_domain),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
