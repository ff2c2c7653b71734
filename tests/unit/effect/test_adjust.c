/* Adjusted p-values against R's p.adjust and case N26 of cases/experiments.md, and the law of
 * the largest statistic against integrals, mvtnorm and multcomp (tests/oracle/comparisons). */
#include "effect/adjust.h"
#include "fixture.h"
#include "num/dist.h"
#include "num/rng.h"

enum { MOST = 64 };

static int64_t
column(const csv_table *t, const char *name, const char *set, double *x)
{
    int64_t j = csv_table_column(t, name);
    int64_t k = csv_table_column(t, "set");
    int64_t n = 0;
    for (int64_t i = 0; i < t->n_rows; i++) {
        if (strcmp(t->cell[i * t->n_columns + k], set) == 0) {
            const char *cell = t->cell[i * t->n_columns + j];
            assert_true(upi_double_parse(cell, (int64_t)strlen(cell), &x[n++]));
        }
    }
    return n;
}

static void
test_p_adjust(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        int64_t adjust;
    } methods[] = {{"p", UP_ADJUST_NONE}, {"bonferroni", UP_ADJUST_BONFERRONI},
        {"holm", UP_ADJUST_HOLM}, {"hochberg", UP_ADJUST_HOCHBERG},
        {"hommel", UP_ADJUST_HOMMEL}, {"BH", UP_ADJUST_BH}, {"BY", UP_ADJUST_BY},
        {"BH", UP_ADJUST_EBH}};
    csv_table *t = csv_table_read(up_test_data("oracle/comparisons/pvalues.csv"));
    for (char set[2] = "1"; set[0] <= '8'; set[0]++) {
        double p[MOST];
        double wanted[MOST];
        double got[MOST];
        up_error err = UP_ERROR_INIT;
        int64_t n = column(t, "p", set, p);
        assert_true(n > 0);
        for (size_t m = 0; m < sizeof methods / sizeof *methods; m++) {
            assert_int_equal(column(t, methods[m].name, set, wanted), n);
            assert_ok(up_adjust_p_values(methods[m].adjust, n, p, got, &err), &err);
            for (int64_t i = 0; i < n; i++) {
                assert_close(got[i], wanted[i], 1e-14, 0);
            }
        }
    }
    csv_table_free(t);
}

/* N26: numbers of another library's tests. */
static void
test_n26(void **state)
{
    (void)state;
    double p[] = {.005, .06, .007, .04, .01, .03};
    double by[] = {.049, .147, .049, .1176, .049, .11025};
    double hommel[] = {.025, .06, .028, .06, .04, .06};
    double got[6];
    up_error err = UP_ERROR_INIT;
    assert_ok(up_adjust_p_values(UP_ADJUST_BY, 6, p, got, &err), &err);
    for (int i = 0; i < 6; i++) {
        assert_close(got[i], by[i], 1e-12, 0);
    }
    assert_ok(up_adjust_p_values(UP_ADJUST_HOMMEL, 6, p, p, &err), &err);
    for (int i = 0; i < 6; i++) {
        assert_close(p[i], hommel[i], 1e-12, 0);
    }
}

/* What is nothing to test does not count, and 1/e may be above 1. */
static void
test_nan_and_e(void **state)
{
    (void)state;
    double p[] = {.01, NAN, .04};
    double e[] = {1 / 400.0, 1 / 0.5, 1 / 90.0};
    double got[3];
    up_error err = UP_ERROR_INIT;
    assert_ok(up_adjust_p_values(UP_ADJUST_HOLM, 3, p, got, &err), &err);
    assert_close(got[0], .02, 1e-14, 0);
    assert_true(isnan(got[1]));
    assert_close(got[2], .04, 1e-14, 0);
    /* e-BH at 5 %: 3/(k 0.05) = 60, 30, 20 for k = 1, 2, 3: two are rejected. */
    assert_ok(up_adjust_p_values(UP_ADJUST_EBH, 3, e, got, &err), &err);
    assert_close(got[0], 3 / 400.0, 1e-14, 0);
    assert_close(got[1], 1, 0, 0);
    assert_close(got[2], 3 / 180.0, 1e-14, 0);
}

static void
test_refusals(void **state)
{
    (void)state;
    double p[] = {.5, 1.5};
    double got[2];
    up_error err = UP_ERROR_INIT;
    assert_fails(
        up_adjust_p_values(UP_ADJUST_HOLM, 2, p, got, &err), UP_E_ARGUMENT, &err);
    assert_string_equal(err.field, "p");
    err = (up_error)UP_ERROR_INIT;
    assert_fails(
        up_adjust_p_values(UP_ADJUST_MAX_T, 1, p, got, &err), UP_E_ARGUMENT, &err);
    err = (up_error)UP_ERROR_INIT;
    assert_fails(
        up_adjust_p_values(UP_ADJUST_HOLM, 2, NULL, got, &err), UP_E_ARGUMENT, &err);
    err = (up_error)UP_ERROR_INIT;
    assert_ok(up_adjust_p_values(UP_ADJUST_HOLM, 0, NULL, NULL, &err), &err);
}

static up_status
adjust_body(void *ctx, up_error *err)
{
    double p[] = {.01, .2, .04};
    (void)ctx;
    return up_adjust_p_values(UP_ADJUST_HOMMEL, 3, p, p, err);
}

static void
test_memory(void **state)
{
    (void)state;
    up_sweep_memory(adjust_body, NULL);
}

/* ---- the largest statistic ---- */

static upi_maxima *
law_of(int64_t n, const double *cov, double df, int64_t sides, bool suffixes)
{
    upi_maxima *m = NULL;
    up_error err = UP_ERROR_INIT;
    double *copy = upi_calloc(n * n, sizeof *copy);
    memcpy(copy, cov, (size_t)(n * n) * sizeof *copy);
    assert_ok(upi_maxima_make(n, copy, df, sides, suffixes, &m, &err), &err);
    upi_free(copy);
    return m;
}

static void
equal_case(int64_t n, double rho, double df, int64_t sides)
{
    static const double points[] = {1.5, 2.5, 3.2};
    double *cov = upi_calloc(n * n, sizeof *cov);
    for (int64_t i = 0; i < n * n; i++) {
        cov[i] = (i % n == i / n ? 1 : rho) * (double)(1 + i % n) * (double)(1 + i / n);
    }
    upi_maxima *m = law_of(n, cov, df, sides, false);
    for (int k = 0; k < 3; k++) {
        char name[64];
        (void)snprintf(name, sizeof name, "equal %lld %g %s %s %g", (long long)n, rho,
            isinf(df) ? "inf" : "8", sides == UP_TWO_SIDED ? "two" : "one", points[k]);
        double p = upi_maxima_sf(m, 0, points[k]);
        double wanted = comparison(name);
        /* The promise is for probabilities about the level; the error is known everywhere. */
        double error = upi_maxima_error(m, points[k]);
        assert_true(fabs(p - wanted) < 6 * error + 1e-7);
        if (wanted < 0.1) {
            assert_close(p, wanted, 0, 2e-4);
        }
    }
    upi_maxima_free(m);
    upi_free(cov);
}

static void
test_equal_correlation(void **state)
{
    (void)state;
    equal_case(2, .9, 8, UP_TWO_SIDED);
    equal_case(5, 0, INFINITY, UP_TWO_SIDED);
    equal_case(5, .5, 8, UP_GREATER);
#ifndef __SANITIZE_ADDRESS__ /* a minute there, a second elsewhere */
    static const double rhos[] = {0, .5, .9};
    for (int j = 0; j < 3; j++) {
        equal_case(2, rhos[j], INFINITY, UP_GREATER);
        equal_case(5, rhos[j], 8, UP_TWO_SIDED);
        equal_case(20, rhos[j], 8, UP_TWO_SIDED);
        equal_case(20, rhos[j], INFINITY, UP_GREATER);
        equal_case(60, rhos[j], INFINITY, UP_TWO_SIDED);
    }
#endif
}

static void
test_three(void **state)
{
    (void)state;
    static const double cov[] = {1, .3, -.6, .3, 1, .2, -.6, .2, 1};
    static const char *const points[] = {"1.8", "2.3", "3"};
    for (int k = 0; k < 6; k += 2) {
        char name[32];
        (void)snprintf(
            name, sizeof name, "three %s %s", k < 3 ? "normal" : "t", points[k % 3]);
        /* By symmetry the smallest statistic has the same law. */
        int64_t sides = k == 2 ? UP_LESS : UP_GREATER;
        upi_maxima *m = law_of(3, cov, k < 3 ? INFINITY : 11, sides, false);
        assert_close(upi_maxima_sf(m, 0, strtod(points[k % 3], NULL)), comparison(name),
            0, 5e-5);
        upi_maxima_free(m);
    }
}

/* Repeated comparisons and combinations of others: one statistic's law, exactly. */
static void
test_degenerate(void **state)
{
    (void)state;
    static const double cov[] = {4, 4, -2, 4, 4, -2, -2, -2, 1};
    upi_maxima *m = law_of(3, cov, 7, UP_TWO_SIDED, true);
    assert_close(upi_maxima_sf(m, 0, 2), upi_t_two_sided(2, 7), 1e-12, 0);
    assert_close(upi_maxima_sf(m, 2, 2), upi_t_two_sided(2, 7), 1e-12, 0);
    assert_close(upi_maxima_quantile(m, .05), upi_t_quantile(.975, 7), 1e-12, 0);
    upi_maxima_free(m);
    m = law_of(3, cov, 7, UP_GREATER, false);
    /* One of them is the others' negative, so that the largest is |t|. */
    assert_close(upi_maxima_sf(m, 0, 2), upi_t_two_sided(2, 7), 0, 1e-5);
    assert_close(upi_maxima_sf(m, 0, -1), 1, 1e-4, 0);
    upi_maxima_free(m);
}

/* Suffixes are the laws of the last comparisons; the law falls, and its quantile inverts it. */
static void
test_laws(void **state)
{
    (void)state;
    static const double cov[] = {1, .3, -.6, .3, 1, .2, -.6, .2, 1};
    static const double last[] = {1, .2, .2, 1};
    upi_maxima *all = law_of(3, cov, 20, UP_TWO_SIDED, true);
    upi_maxima *two = law_of(2, last, 20, UP_TWO_SIDED, false);
    assert_close(upi_maxima_sf(all, 1, 2.2), upi_maxima_sf(two, 0, 2.2), 0, 1e-4);
    assert_close(upi_maxima_sf(all, 2, 2.2), upi_t_two_sided(2.2, 20), 0, 1e-4);
    double before = 1;
    for (double c = 0; c < 6; c += 0.1) {
        double p = upi_maxima_sf(all, 0, c);
        assert_true(p <= before);
        before = p;
    }
    for (double alpha = .3; alpha > 1e-6; alpha /= 10) {
        double c = upi_maxima_quantile(all, alpha);
        assert_close(upi_maxima_sf(all, 0, c), alpha, 1e-9, 0);
    }
    /* The same question has the same bits. */
    upi_maxima *again = law_of(3, cov, 20, UP_TWO_SIDED, true);
    assert_true(upi_maxima_sf(again, 0, 2.5) == upi_maxima_sf(all, 0, 2.5));
    upi_maxima_free(again);
    upi_maxima_free(all);
    upi_maxima_free(two);
}

static up_status
maxima_body(void *ctx, up_error *err)
{
    (void)ctx;
    double cov[] = {1, 1, 1, 1};
    upi_maxima *m = NULL;
    up_status status = upi_maxima_make(2, cov, 9, UP_TWO_SIDED, true, &m, err);
    upi_maxima_free(m);
    return status;
}

static void
test_maxima_memory(void **state)
{
    (void)state;
    up_sweep_memory(maxima_body, NULL);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_p_adjust),
        cmocka_unit_test(test_n26),
        cmocka_unit_test(test_nan_and_e),
        cmocka_unit_test(test_refusals),
        cmocka_unit_test(test_memory),
        cmocka_unit_test(test_equal_correlation),
        cmocka_unit_test(test_three),
        cmocka_unit_test(test_degenerate),
        cmocka_unit_test(test_laws),
        cmocka_unit_test(test_maxima_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
