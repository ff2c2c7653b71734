/* Distributions against 50-digit references (tests/oracle/dist), and their arguments' edges. */
#include "num/dist.h"
#include "up_test.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct known {
    const char *name;
    int arguments;
    double (*f1)(double);
    double (*f2)(double, double);
    double (*f3)(double, double, double);
} known;

static const known functions[] = {
    {"normal_cdf", 1, upi_normal_cdf, NULL, NULL},
    {"normal_sf", 1, upi_normal_sf, NULL, NULL},
    {"normal_quantile", 1, upi_normal_quantile, NULL, NULL},
    {"normal_pdf", 1, upi_normal_pdf, NULL, NULL},
    {"t_cdf", 2, NULL, upi_t_cdf, NULL},
    {"t_sf", 2, NULL, upi_t_sf, NULL},
    {"t_two_sided", 2, NULL, upi_t_two_sided, NULL},
    {"t_quantile", 2, NULL, upi_t_quantile, NULL},
    {"chisq_sf", 2, NULL, upi_chisq_sf, NULL},
    {"chisq_quantile", 2, NULL, upi_chisq_quantile, NULL},
    {"f_sf", 3, NULL, NULL, upi_f_sf},
    {"f_quantile", 3, NULL, NULL, upi_f_quantile},
    {"beta_cdf", 3, NULL, NULL, upi_beta_cdf},
    {"beta_quantile", 3, NULL, NULL, upi_beta_quantile},
    {"binomial_cdf", 3, NULL, NULL, upi_binomial_cdf},
    {"binomial_two_sided", 3, NULL, NULL, upi_binomial_two_sided},
    {"lambert_wm1", 1, upi_lambert_wm1, NULL, NULL},
};

static double
call(const known *f, const double x[3])
{
    if (f->arguments == 1) {
        return f->f1(x[0]);
    }
    return f->arguments == 2 ? f->f2(x[0], x[1]) : f->f3(x[0], x[1], x[2]);
}

static const known *
find(const char *name)
{
    for (size_t i = 0; i < sizeof functions / sizeof functions[0]; i++) {
        if (strcmp(functions[i].name, name) == 0) {
            return &functions[i];
        }
    }
    fail_msg("points.csv has a function '%s' that is not tested", name);
    return NULL;
}

/* The fields of a line; an empty one is NaN. */
static void
read_numbers(const char *text, double out[4])
{
    for (int i = 0; i < 4; i++) {
        size_t length = strcspn(text, ",\n");
        out[i] = NAN;
        if (length > 0) {
            assert_true(upi_double_parse(text, (int64_t)length, &out[i]));
        }
        text += length + (text[length] == ',' ? 1 : 0);
    }
}

static void
agrees_with_fifty_digits(void **state)
{
    (void)state;
    FILE *file = fopen(up_test_data("oracle/dist/points.csv"), "r");
    assert_non_null(file);
    char line[512];
    assert_non_null(fgets(line, sizeof line, file));
    int points = 0;
    int wrong = 0;
    int seen[sizeof functions / sizeof functions[0]] = {0};
    while (fgets(line, sizeof line, file) != NULL) {
        double number[4];
        size_t name_length = strcspn(line, ",");
        line[name_length] = '\0';
        read_numbers(line + name_length + 1, number);
        const known *f = find(line);
        double got = call(f, number);
        double want = number[3];
        double gap = fabs(got - want);
        if (!(gap <= 1e-12 * fabs(want))) {
            print_error(
                "%s(%.17g, %.17g, %.17g) = %.17g, expected %.17g, relative %.2g\n",
                line, number[0], number[1], number[2], got, want, gap / fabs(want));
            wrong++;
        }
        seen[f - functions]++;
        points++;
    }
    (void)fclose(file);
    assert_int_equal(wrong, 0);
    assert_true(points >= 400);
    for (size_t i = 0; i < sizeof functions / sizeof functions[0]; i++) {
        assert_true(seen[i] >= 8);
    }
}

static void
outside_the_domain_is_nan(void **state)
{
    (void)state;
    const double bad_p[] = {-0.1, 0, 1, 1.1, NAN, INFINITY};
    for (size_t i = 0; i < sizeof bad_p / sizeof bad_p[0]; i++) {
        assert_true(isnan(upi_normal_quantile(bad_p[i])));
        assert_true(isnan(upi_t_quantile(bad_p[i], 3)));
        assert_true(isnan(upi_chisq_quantile(bad_p[i], 3)));
        assert_true(isnan(upi_t_draw(bad_p[i], 3)));
        assert_true(isnan(upi_chisq_draw(bad_p[i], 3)));
        assert_true(isnan(upi_f_quantile(bad_p[i], 3, 4)));
        assert_true(isnan(upi_beta_quantile(bad_p[i], 3, 4)));
    }
    const double bad_df[] = {0, -1, NAN, -INFINITY};
    for (size_t i = 0; i < sizeof bad_df / sizeof bad_df[0]; i++) {
        assert_true(isnan(upi_t_sf(1, bad_df[i])));
        assert_true(isnan(upi_t_cdf(1, bad_df[i])));
        assert_true(isnan(upi_t_two_sided(1, bad_df[i])));
        assert_true(isnan(upi_t_quantile(0.9, bad_df[i])));
        assert_true(isnan(upi_chisq_sf(1, bad_df[i])));
        assert_true(isnan(upi_chisq_quantile(0.5, bad_df[i])));
        assert_true(isnan(upi_t_draw(0.9, bad_df[i])));
        assert_true(isnan(upi_chisq_draw(0.5, bad_df[i])));
        assert_true(isnan(upi_f_sf(1, bad_df[i], 1)));
        assert_true(isnan(upi_f_sf(1, 1, bad_df[i])));
        assert_true(isnan(upi_f_quantile(0.5, 1, bad_df[i])));
        assert_true(isnan(upi_beta_cdf(0.5, bad_df[i], 1)));
        assert_true(isnan(upi_beta_quantile(0.5, 1, bad_df[i])));
    }
    assert_true(isnan(upi_binomial_cdf(1, -1, 0.5)));
    assert_true(isnan(upi_binomial_cdf(1, 3, 1.5)));
    assert_true(isnan(upi_binomial_two_sided(4, 3, 0.5)));
    assert_true(isnan(upi_binomial_two_sided(0.5, 3, 0.5)));
    assert_true(isnan(upi_lambert_wm1(0)));
    assert_true(isnan(upi_lambert_wm1(-1)));
    assert_true(isnan(upi_normal_sf(NAN)));
    assert_true(isnan(upi_t_sf(NAN, 3)));
    assert_true(isnan(upi_chisq_sf(NAN, 3)));
    assert_true(isnan(upi_f_sf(NAN, 3, 3)));
    assert_true(isnan(upi_beta_cdf(NAN, 3, 3)));
    assert_true(isnan(upi_binomial_cdf(NAN, 3, 0.5)));
}

static void
ends_of_the_range(void **state)
{
    (void)state;
    assert_true(upi_normal_sf(INFINITY) == 0);
    assert_true(upi_normal_cdf(INFINITY) == 1);
    assert_true(upi_normal_pdf(-INFINITY) == 0);
    assert_true(upi_t_sf(INFINITY, 4) == 0);
    assert_true(upi_t_cdf(INFINITY, 4) == 1);
    assert_true(upi_chisq_sf(0, 4) == 1);
    assert_true(upi_chisq_sf(-3, 4) == 1);
    assert_true(upi_chisq_sf(INFINITY, 4) == 0);
    assert_true(upi_f_sf(0, 2, 4) == 1);
    assert_true(upi_f_sf(INFINITY, 2, 4) == 0);
    assert_true(upi_beta_cdf(0, 2, 4) == 0);
    assert_true(upi_beta_cdf(1, 2, 4) == 1);
    assert_true(upi_binomial_cdf(-1, 4, 0.5) == 0);
    assert_true(upi_binomial_cdf(4, 4, 0.5) == 1);
    assert_true(upi_binomial_two_sided(0, 5, 0) == 1);
    assert_true(upi_binomial_two_sided(1, 5, 0) == 0);
    assert_true(upi_binomial_two_sided(5, 5, 1) == 1);
}

/* Infinitely many degrees of freedom are the limit that they name. */
static void
infinite_df_is_the_limit(void **state)
{
    (void)state;
    assert_close(upi_t_sf(2.5, INFINITY), upi_normal_sf(2.5), 0, 0);
    assert_close(upi_t_quantile(0.975, INFINITY), upi_normal_quantile(0.975), 0, 0);
    assert_close(upi_t_quantile(0.975, 1e12), upi_normal_quantile(0.975), 1e-10, 0);
    assert_close(upi_f_sf(2, 3, INFINITY), upi_chisq_sf(6, 3), 0, 0);
    assert_close(
        upi_f_quantile(0.9, 3, INFINITY), upi_chisq_quantile(0.9, 3) / 3, 1e-15, 0);
    assert_close(upi_t_two_sided(-2, 9), upi_t_two_sided(2, 9), 0, 0);
    assert_close(upi_t_sf(2, 1e300), upi_normal_sf(2), 1e-12, 0);
}

/* From the body to tails that no sample of a billion reaches, for few and for many df. */
static void
draws_are_quantiles(void **state)
{
    (void)state;
    const double df[] = {1, 2.5, 7, 30.5, 228, 5000, 1e6};
    for (size_t k = 0; k < sizeof df / sizeof df[0]; k++) {
        for (double p = 0.4999; p > 1e-10; p *= 0.37) {
            assert_close(upi_t_draw(p, df[k]), upi_t_quantile(p, df[k]), 1e-13, 1e-15);
            assert_close(
                upi_chisq_draw(p, df[k]), upi_chisq_quantile(p, df[k]), 1e-13, 1e-15);
            assert_close(upi_chisq_draw(1 - p, df[k]), upi_chisq_quantile(1 - p, df[k]),
                1e-13, 1e-15);
        }
    }
    assert_close(upi_t_draw(0.1, INFINITY), upi_normal_quantile(0.1), 0, 0);
}

static void
quantile_undoes_cdf(void **state)
{
    (void)state;
    for (int i = 0; i < 27; i++) {
        double p = 0.001 + 0.0371 * i;
        assert_close(upi_normal_cdf(upi_normal_quantile(p)), p, 1e-13, 0);
        assert_close(upi_t_cdf(upi_t_quantile(p, 6.5), 6.5), p, 1e-12, 0);
        assert_close(upi_chisq_sf(upi_chisq_quantile(p, 5), 5), 1 - p, 1e-12, 0);
        assert_close(upi_f_sf(upi_f_quantile(p, 5, 17), 5, 17), 1 - p, 1e-12, 0);
        assert_close(upi_beta_cdf(upi_beta_quantile(p, 2, 3.5), 2, 3.5), p, 1e-12, 0);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(agrees_with_fifty_digits),
        cmocka_unit_test(outside_the_domain_is_nan),
        cmocka_unit_test(ends_of_the_range),
        cmocka_unit_test(infinite_df_is_the_limit),
        cmocka_unit_test(draws_are_quantiles),
        cmocka_unit_test(quantile_undoes_cdf),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
