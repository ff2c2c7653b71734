/* Random numbers: known answers of an independent Philox (tests/oracle/rng), and that each
 * distribution has the moments and the shape it should. Bounds are 5 standard errors; seeds
 * are fixed, so that a test either always passes or never. */
#include "num/dist.h"
#include "num/rng.h"
#include "up_test.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void
known_answers(void **state)
{
    (void)state;
    FILE *file = fopen(up_test_data("oracle/rng/philox.csv"), "r");
    assert_non_null(file);
    char line[512];
    assert_non_null(fgets(line, sizeof line, file));
    int cases = 0;
    while (fgets(line, sizeof line, file) != NULL) {
        uint64_t field[9];
        char *at = line;
        for (int i = 0; i < 9; i++) {
            field[i] = strtoull(at, &at, 10);
            at++;
        }
        upi_rng r = upi_rng_make(field[0], field[4], field[3], field[2]);
        r.counter[0] = field[1];
        for (int i = 0; i < 4; i++) {
            assert_true(upi_rng_u64(&r) == field[5 + i]);
        }
        cases++;
    }
    (void)fclose(file);
    assert_int_equal(cases, 6);
}

static void
blocks_follow_one_another(void **state)
{
    (void)state;
    upi_rng all = upi_rng_make(7, 1, 2, 3);
    for (int i = 0; i < 4; i++) {
        (void)upi_rng_u64(&all);
    }
    upi_rng second = upi_rng_make(7, 1, 2, 3);
    second.counter[0] = 1;
    for (int i = 0; i < 4; i++) {
        assert_true(upi_rng_u64(&all) == upi_rng_u64(&second));
    }
}

static void
every_coordinate_matters(void **state)
{
    (void)state;
    upi_rng r[] = {upi_rng_make(0, 0, 0, 0), upi_rng_make(1, 0, 0, 0),
        upi_rng_make(0, 1, 0, 0), upi_rng_make(0, 0, 1, 0), upi_rng_make(0, 0, 0, 1)};
    uint64_t first[5];
    for (int i = 0; i < 5; i++) {
        first[i] = upi_rng_u64(&r[i]);
        for (int j = 0; j < i; j++) {
            assert_true(first[i] != first[j]);
        }
    }
}

enum { DRAWS = 40000 };

typedef double (*draw)(upi_rng *r, double parameter);

/* Mean and variance of many draws lie within 5 standard errors of what they should be. */
static void
check_moments(draw f, double parameter, double mean, double variance, double kurtosis)
{
    upi_rng r = upi_rng_make(11, 5, 0, (uint64_t)(parameter * 1000));
    double sum = 0;
    double squares = 0;
    for (int i = 0; i < DRAWS; i++) {
        double x = f(&r, parameter) - mean;
        sum += x;
        squares += x * x;
    }
    assert_close(sum / DRAWS, 0, 0, 5 * sqrt(variance / DRAWS));
    assert_close(squares / DRAWS, variance, 5 * sqrt((kurtosis - 1) / DRAWS), 0);
}

static double
uniform(upi_rng *r, double unused)
{
    (void)unused;
    double x = upi_rng_uniform(r);
    assert_true(x >= 0 && x < 1);
    return x;
}
static double
standard_normal(upi_rng *r, double unused)
{
    (void)unused;
    return upi_rng_normal(r);
}
static double
exponential(upi_rng *r, double unused)
{
    (void)unused;
    double x = upi_rng_exponential(r);
    assert_true(x > 0);
    return x;
}
static double
poisson(upi_rng *r, double mean)
{
    return (double)upi_rng_poisson(r, mean);
}
static double
gamma_draw(upi_rng *r, double shape)
{
    return upi_rng_gamma(r, shape);
}

static void
moments_of_draws(void **state)
{
    (void)state;
    check_moments(uniform, 0, 0.5, 1.0 / 12, 1.8);
    check_moments(standard_normal, 0, 0, 1, 3);
    check_moments(exponential, 0, 1, 1, 9);
    const double means[] = {0.01, 0.7, 5, 15.9, 40, 300, 12345.6};
    for (size_t i = 0; i < sizeof means / sizeof means[0]; i++) {
        check_moments(poisson, means[i], means[i], means[i], 3 + 1 / means[i]);
    }
    const double shapes[] = {0.3, 1, 4.5, 1000};
    for (size_t i = 0; i < sizeof shapes / sizeof shapes[0]; i++) {
        check_moments(gamma_draw, shapes[i], shapes[i], shapes[i], 3 + 6 / shapes[i]);
    }
}

/* Counts in twenty equally likely cells of a continuous draw; chi-square with 19 df. */
static void
check_shape(draw f, double parameter, double (*sf)(double x, double parameter))
{
    int64_t count[20] = {0};
    upi_rng r = upi_rng_make(3, 8, 1, (uint64_t)(parameter * 100));
    for (int i = 0; i < DRAWS; i++) {
        double u = sf(f(&r, parameter), parameter);
        count[(int)(u * 20) % 20]++;
    }
    double statistic = 0;
    for (int i = 0; i < 20; i++) {
        double gap = (double)count[i] - DRAWS / 20.0;
        statistic += gap * gap / (DRAWS / 20.0);
    }
    assert_true(upi_chisq_sf(statistic, 19) > 1e-4);
}

static double
sf_uniform(double x, double unused)
{
    (void)unused;
    return 1 - x;
}
static double
sf_normal(double x, double unused)
{
    (void)unused;
    return upi_normal_sf(x);
}
static double
sf_gamma(double x, double shape)
{
    return upi_chisq_sf(2 * x, 2 * shape);
}

static void
shape_of_draws(void **state)
{
    (void)state;
    check_shape(uniform, 0, sf_uniform);
    check_shape(standard_normal, 0, sf_normal);
    check_shape(exponential, 1, sf_gamma);
    check_shape(gamma_draw, 0.3, sf_gamma);
    check_shape(gamma_draw, 4.5, sf_gamma);
    check_shape(gamma_draw, 1000, sf_gamma);
}

/* P(N <= k) of a Poisson is the tail of a chi-square with 2(k+1) df at twice the mean. */
static void
shape_of_poisson(void **state)
{
    (void)state;
    const double means[] = {3, 60};
    for (int m = 0; m < 2; m++) {
        upi_rng r = upi_rng_make(19, 1, 0, 0);
        int64_t below[3] = {0, 0, 0};
        const double sd = sqrt(means[m]);
        const int64_t cut[3] = {(int64_t)(means[m] - sd), (int64_t)means[m],
            (int64_t)(means[m] + 1.5 * sd)};
        for (int i = 0; i < DRAWS; i++) {
            int64_t x = upi_rng_poisson(&r, means[m]);
            for (int c = 0; c < 3; c++) {
                below[c] += x <= cut[c] ? 1 : 0;
            }
        }
        for (int c = 0; c < 3; c++) {
            double p = upi_chisq_sf(2 * means[m], 2 * ((double)cut[c] + 1));
            assert_close((double)below[c] / DRAWS, p, 0, 5 * sqrt(p * (1 - p) / DRAWS));
        }
    }
}

static void
below_is_even(void **state)
{
    (void)state;
    upi_rng r = upi_rng_make(0, 0, 0, 0);
    int64_t count[7] = {0};
    for (int i = 0; i < DRAWS; i++) {
        int64_t x = upi_rng_below(&r, 7);
        assert_true(x >= 0 && x < 7);
        count[x]++;
    }
    for (int i = 0; i < 7; i++) {
        assert_close((double)count[i] / DRAWS, 1.0 / 7, 0, 5 * sqrt(6.0 / 49 / DRAWS));
    }
    /* With 3 * 2^61 values out of 2^64 a remainder without rejection would fall into the
     * lower half of the range more often than 1 in 2. */
    int64_t wide = INT64_C(3) << 61;
    int64_t low = 0;
    for (int i = 0; i < DRAWS; i++) {
        low += upi_rng_below(&r, wide) < wide / 2 ? 1 : 0;
    }
    assert_close((double)low / DRAWS, 0.5, 0, 5 * 0.5 / sqrt(DRAWS));
    assert_int_equal(upi_rng_below(&r, 1), 0);
    assert_int_equal(upi_rng_below(&r, 0), 0);
}

static void
degenerate_parameters(void **state)
{
    (void)state;
    upi_rng r = upi_rng_make(0, 0, 0, 0);
    assert_int_equal(upi_rng_poisson(&r, 0), 0);
    assert_int_equal(upi_rng_poisson(&r, -1), 0);
    assert_int_equal(upi_rng_poisson(&r, NAN), 0);
    assert_true(upi_rng_gamma(&r, 0) == 0);
    assert_true(isnan(upi_rng_gamma(&r, -1)));
    assert_true(isnan(upi_rng_gamma(&r, NAN)));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(known_answers),
        cmocka_unit_test(blocks_follow_one_another),
        cmocka_unit_test(every_coordinate_matters),
        cmocka_unit_test(moments_of_draws),
        cmocka_unit_test(shape_of_draws),
        cmocka_unit_test(shape_of_poisson),
        cmocka_unit_test(below_is_even),
        cmocka_unit_test(degenerate_parameters),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
