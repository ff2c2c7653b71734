/* Bivariate and trivariate normal probabilities: known values, limits and laws. Ranks, which rest on
 * them, are tested against R in tests/oracle/rank. */
#include "num/binormal.h"
#include "num/dist.h"
#include "up_test.h"

#include <math.h>

static const double pi = 3.14159265358979323846;

/* At the origin the probability is 1/4 + asin(rho) / 2 pi (Sheppard 1899). */
static void
test_origin(void **state)
{
    (void)state;
    for (double rho = -0.99; rho < 1; rho += 0.11) {
        double want = 0.25 + asin(rho) / (2 * pi);
        assert_close(upi_binormal_cdf(0, 0, rho), want, 1e-15, 0);
        assert_close(upi_binormal_cdf(1e-12, -1e-12, rho), want, 0, 1e-11);
    }
    const double h[3] = {0, 0, 0};
    assert_close(upi_trinormal_cdf(h, 0.3, 0.5, -0.2),
        0.125 + (asin(0.3) + asin(0.5) + asin(-0.2)) / (4 * pi), 1e-14, 0);
    assert_close(upi_trinormal_cdf(h, 0.95, 0.9, 0.93),
        0.125 + (asin(0.95) + asin(0.9) + asin(0.93)) / (4 * pi), 1e-13, 0);
}

static void
test_limits(void **state)
{
    (void)state;
    double inf = (double)INFINITY;
    assert_close(upi_binormal_cdf(inf, 0.7, 0.4), upi_normal_cdf(0.7), 1e-15, 0);
    assert_close(upi_binormal_cdf(40, 0.7, 0.4), upi_normal_cdf(0.7), 1e-15, 0);
    assert_close(upi_binormal_cdf(-inf, 0.7, 0.4), 0, 0, 0);
    assert_close(upi_binormal_cdf(0, 0.7, 0.999999), 0.5, 1e-9, 0);
    assert_true(isnan(upi_binormal_cdf(0, 0, 1)));
    assert_true(isnan(upi_binormal_cdf((double)NAN, 0, 0)));
    assert_close(upi_binormal_cdf(0.3, -0.8, 0),
        upi_normal_cdf(0.3) * upi_normal_cdf(-0.8), 1e-14, 0);
    const double h[3] = {0.3, -0.8, 12};
    assert_close(upi_trinormal_cdf(h, 0.4, 0.2, 0.1), upi_binormal_cdf(0.3, -0.8, 0.4),
        0, 1e-14);
}

/* All that can happen sums to 1; the order of the variables does not matter. */
static void
test_laws(void **state)
{
    (void)state;
    double h = 0.4;
    double k = -1.1;
    double sum = upi_binormal_cdf(h, k, 0.6) + upi_binormal_cdf(-h, k, -0.6) +
                 upi_binormal_cdf(h, -k, -0.6) + upi_binormal_cdf(-h, -k, 0.6);
    assert_close(sum, 1, 1e-15, 0);
    const double a[3] = {0.5, -0.3, 1.2};
    const double b[3] = {1.2, 0.5, -0.3};
    assert_close(upi_trinormal_cdf(a, 0.6, -0.2, 0.3),
        upi_trinormal_cdf(b, -0.2, 0.3, 0.6), 0, 1e-14);
    double total = 0;
    for (int i = 0; i < 8; i++) {
        double s[3] = {i & 1 ? -1 : 1, i & 2 ? -1 : 1, i & 4 ? -1 : 1};
        const double c[3] = {s[0] * a[0], s[1] * a[1], s[2] * a[2]};
        total += upi_trinormal_cdf(
            c, 0.6 * s[0] * s[1], -0.2 * s[0] * s[2], 0.3 * s[1] * s[2]);
    }
    assert_close(total, 1, 1e-13, 0);
}

static void
test_gauss(void **state)
{
    (void)state;
    double power[4] = {0};
    for (int i = 0; i < UPI_GAUSS_NODES; i++) {
        double x = upi_gauss_node(i);
        power[0] += upi_gauss_weight(i);
        power[1] += upi_gauss_weight(i) * x;
        power[2] += upi_gauss_weight(i) * x * x;
        power[3] += upi_gauss_weight(i) * pow(x, 30);
    }
    assert_close(power[0], 2, 1e-15, 0);
    assert_close(power[1], 0, 0, 1e-16);
    assert_close(power[2], 2.0 / 3, 1e-15, 0);
    assert_close(power[3], 2.0 / 31, 1e-14, 0);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_origin),
        cmocka_unit_test(test_limits), cmocka_unit_test(test_laws),
        cmocka_unit_test(test_gauss)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
