/* Against the same test from single rows: tests/oracle/check/make.py. */
#include "up_checkable.h"
#include "up_test.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static char text[512];

static void
expect(const up_checkable_opts *o, const char *key)
{
    up_checkable x;
    char path[64];
    up_checkable_make(o, &x);
    up_check_result r = up_checkable_run(&x, "balance", text);
    (void)snprintf(path, sizeof path, "%s.p", key);
    assert_close(r.number, up_check_expected(path), 1e-8, 0.0);
    assert_int_equal(r.verdict, r.number < 1e-6 ? 2 : r.number < 1e-3 ? 1 : 0);
    assert_string_equal(r.code, r.number < 1e-6   ? "E_BALANCE"
                                : r.number < 1e-3 ? "W_BALANCE"
                                                  : "");
    /* F(q, df2) = f, and the largest difference, are in the text to a few digits */
    char *at = strstr(text, "F(");
    assert_non_null(at);
    double q = strtod(at + 2, &at);
    double df2 = strtod(at + 1, &at);
    double f = strtod(strchr(at, '=') + 1, &at);
    (void)snprintf(path, sizeof path, "%s.q", key);
    assert_close(q, up_check_expected(path), 0.0, 0.0);
    (void)snprintf(path, sizeof path, "%s.df2", key);
    assert_close(df2, up_check_expected(path), 0.0, 0.0);
    (void)snprintf(path, sizeof path, "%s.f", key);
    assert_close(f, up_check_expected(path), 1e-3, 0.0);
    at = strstr(text, "' in '");
    assert_non_null(at);
    (void)snprintf(path, sizeof path, "%s.worst_z", key);
    assert_close(
        strtod(strchr(at, ',') + 1, NULL), up_check_expected(path), 0.0, 0.006);
    up_checkable_free(&x);
}

static void
test_against_rows(void **state)
{
    (void)state;
    expect(&(up_checkable_opts){.arm = UP_ARM_TWO}, "balance_two");
    expect(&(up_checkable_opts){.arm = UP_ARM_TWO, .propensity = true},
        "balance_two_weighted");
    expect(&(up_checkable_opts){.arm = UP_ARM_THREE}, "balance_three");
    expect(&(up_checkable_opts){.arm = UP_ARM_THREE, .clusters = true},
        "balance_three_clusters");
    expect(&(up_checkable_opts){.arm = UP_ARM_BY_CLUSTER, .clusters = true},
        "balance_by_cluster");
    expect(
        &(up_checkable_opts){.arm = UP_ARM_TWO, .clusters = true, .propensity = true},
        "balance_weighted_clusters");
}

/* Within strata the shares of the arms may differ by design: a warning, no failure. */
static void
test_strata(void **state)
{
    (void)state;
    up_checkable x;
    upi_covariate strata = {.factor = true, .strata = true};
    up_checkable_make(&(up_checkable_opts){.arm = UP_ARM_TWO}, &x);
    up_check_result r = up_checkable_run(&x, "balance", text);
    assert_true(r.number < 1e-6);
    assert_string_equal(r.code, "E_BALANCE");
    x.experiment.covariates = &strata;
    x.experiment.n_covariates = 1;
    r = up_checkable_run(&x, "balance", text);
    assert_int_equal(r.verdict, 1);
    assert_string_equal(r.code, "W_BALANCE");
    strata.strata = false;
    assert_int_equal(up_checkable_run(&x, "balance", text).verdict, 2);
    x.experiment.covariates = NULL;
    x.experiment.n_covariates = 0;
    up_checkable_free(&x);
}

/* Columns that repeat one another change nothing: q is the rank. */
static void
test_repeated_columns(void **state)
{
    (void)state;
    up_checkable x;
    up_checkable_make(&(up_checkable_opts){.arm = UP_ARM_THREE}, &x);
    double before = up_checkable_run(&x, "balance", text).number;
    upi_base twice[6];
    memcpy(twice, x.base, sizeof x.base);
    twice[4] = x.base[1];
    twice[5] = x.base[1];
    twice[5].level = 0; /* the third country: 1 less the others */
    x.model.base = twice;
    x.model.n_base = 6;
    assert_close(up_checkable_run(&x, "balance", text).number, before, 1e-9, 0.0);
    assert_non_null(strstr(text, "F(6,"));
    twice[1].time = twice[2].time = twice[3].time = twice[4].time = twice[5].time =
        true;
    assert_int_equal(up_checkable_run(&x, "balance", text).verdict, 3);
    up_checkable_free(&x);
}

static void
test_not_applicable(void **state)
{
    (void)state;
    up_checkable x;
    up_checkable_make(
        &(up_checkable_opts){.arm = UP_ARM_TWO, .no_covariates = true}, &x);
    assert_int_equal(up_checkable_run(&x, "balance", text).verdict, 3);
    up_checkable_free(&x);
    /* three clusters for six differences */
    up_checkable_make(
        &(up_checkable_opts){.arm = UP_ARM_THREE, .clusters = true, .first_rows = 60},
        &x);
    assert_int_equal(up_checkable_run(&x, "balance", text).verdict, 3);
    assert_non_null(strstr(text, "fewer"));
    up_checkable_free(&x);
    /* a covariate that does not vary */
    up_checkable_make(&(up_checkable_opts){.arm = UP_ARM_TWO}, &x);
    x.model.n_base = 2;
    x.base[1].level = 7;
    assert_int_equal(up_checkable_run(&x, "balance", text).verdict, 3);
    assert_non_null(strstr(text, "varies"));
    /* more differences than one test takes */
    upi_base *many = upi_calloc(402, sizeof *many);
    assert_non_null(many);
    for (int i = 0; i < 402; i++) {
        many[i] = x.base[3];
    }
    x.model.base = many;
    x.model.n_base = 402;
    assert_int_equal(up_checkable_run(&x, "balance", text).verdict, 3);
    assert_non_null(strstr(text, "too many"));
    upi_free(many);
    up_checkable_free(&x);
}

/* More groups than the buffer of clusters holds: the same as in one go (each row twice is the
 * same test with twice the rows, so T2 doubles). */
static void
test_duplicated_rows(void **state)
{
    (void)state;
    up_checkable x;
    up_checkable_make(&(up_checkable_opts){.arm = UP_ARM_TWO}, &x);
    (void)up_checkable_run(&x, "balance", text);
    double f = strtod(strstr(text, ") = ") + 4, NULL);
    for (int64_t g = 0; g < x.moments.n_groups; g++) {
        x.moments.n[g] *= 2;
        x.moments.m2[g] *= 2.0;
    }
    x.moments.n_rows *= 2;
    (void)up_checkable_run(&x, "balance", text);
    double f2 = strtod(strstr(text, ") = ") + 4, NULL);
    /* F = T2 (v - q + 1) / (v q), v = n - 2, q = 3 */
    double t2 = f * 718.0 * 3.0 / 716.0;
    assert_close(f2, 2.0 * t2 * 1436.0 / (1438.0 * 3.0), 1e-3, 0.0);
    up_checkable_free(&x);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_against_rows),
        cmocka_unit_test(test_strata),
        cmocka_unit_test(test_repeated_columns),
        cmocka_unit_test(test_not_applicable),
        cmocka_unit_test(test_duplicated_rows),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
