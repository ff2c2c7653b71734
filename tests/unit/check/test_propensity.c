#include "up_checkable.h"
#include "up_test.h"

#include <math.h>
#include <string.h>

static char text[512];

static void
test_right(void **state)
{
    (void)state;
    up_checkable x;
    up_checkable_make(&(up_checkable_opts){.arm = UP_ARM_TWO, .propensity = true}, &x);
    up_check_result r = up_checkable_run(&x, "propensity", text);
    assert_int_equal(r.verdict, 0);
    assert_close(r.number, up_check_expected("propensity_right.p"), 1e-9, 0.0);
    assert_non_null(strstr(text, "98.35%"));
    r = up_checkable_run(&x, "overlap", text);
    assert_int_equal(r.verdict, 0);
    assert_close(r.number, up_check_expected("effective"), 1e-12, 0.0);
    assert_non_null(strstr(text, "0.3"));
    up_checkable_free(&x);
    up_checkable_make(
        &(up_checkable_opts){.arm = UP_ARM_TWO, .propensity = true, .clusters = true},
        &x);
    r = up_checkable_run(&x, "propensity", text);
    assert_close(r.number, up_check_expected("propensity_clusters_p"), 1e-9, 0.0);
    up_checkable_free(&x);
}

/* The column holds the probability of treatment: refused, with the reason. */
static void
test_swapped(void **state)
{
    (void)state;
    up_checkable x;
    up_checkable_make(
        &(up_checkable_opts){.arm = UP_ARM_TWO, .propensity = true, .swapped = true},
        &x);
    up_check_result r = up_checkable_run(&x, "propensity", text);
    assert_int_equal(r.verdict, 2);
    assert_string_equal(r.code, "E_PROPENSITY");
    assert_close(r.number, up_check_expected("propensity_swapped.p"), 1e-9, 0.0);
    assert_non_null(strstr(text, "probability of treatment"));
    up_checkable_free(&x);
    /* wrong in another way: no such hint */
    up_checkable_make(
        &(up_checkable_opts){.arm = UP_ARM_THREE, .propensity = true}, &x);
    r = up_checkable_run(&x, "propensity", text);
    assert_int_equal(r.verdict, 2);
    assert_null(strstr(text, "fits"));
    up_checkable_free(&x);
}

static void
test_roles(void **state)
{
    (void)state;
    up_checkable x;
    up_checkable_make(&(up_checkable_opts){.arm = UP_ARM_TWO}, &x);
    assert_int_equal(up_checkable_run(&x, "propensity", text).verdict, 3);
    assert_int_equal(up_checkable_run(&x, "overlap", text).verdict, 3);
    up_checkable_free(&x);
}

/* Weights of one extreme row: (w + 99 v)^2 / (w^2 + 99 v^2) / 100 by hand. */
static void
test_extreme(void **state)
{
    (void)state;
    up_checkable x;
    up_checkable_make(&(up_checkable_opts){.arm = UP_ARM_TWO, .propensity = true}, &x);
    double number[] = {0.005, 0.5, 0.5};
    x.keys[x.moments.propensity].number = number;
    bool first = true;
    for (int64_t g = 0; g < x.moments.n_groups; g++) {
        bool one = upi_moments_code(&x.moments, g, 0) == 1;
        int32_t *e = &x.moments.code[g * x.moments.n_keys + x.moments.propensity];
        *e = 1;
        if (one && first) {
            *e = 0;
            first = false;
        }
        x.moments.n[g] = one ? (*e == 0 ? 1 : 0) : 50;
    }
    int64_t ones = 0;
    for (int64_t g = 0; g < x.moments.n_groups && ones < 99; g++) {
        if (upi_moments_code(&x.moments, g, 0) == 1 &&
            upi_moments_code(&x.moments, g, x.moments.propensity) == 1) {
            x.moments.n[g] = 99 - ones > 50 ? 50 : 99 - ones;
            ones += x.moments.n[g];
        }
    }
    assert_int_equal(ones, 99);
    up_check_result r = up_checkable_run(&x, "overlap", text);
    double w = 200.0;
    double v = 2.0;
    assert_close(r.number, (w + 99 * v) * (w + 99 * v) / (w * w + 99 * v * v) / 100.0,
        1e-12, 0.0);
    assert_int_equal(r.verdict, 2); /* .039 */
    assert_string_equal(r.code, "W_OVERLAP");
    number[0] = 0.02; /* .21: a warning */
    r = up_checkable_run(&x, "overlap", text);
    assert_int_equal(r.verdict, 1);
    assert_close(r.threshold, 0.5, 0.0, 0.0);
    up_checkable_free(&x);
}

/* Continuous propensities: only sums of weights are kept, in the first element of each
 * triangle. */
static void
test_sums(void **state)
{
    (void)state;
    up_checkable x;
    up_checkable_make(&(up_checkable_opts){.arm = UP_ARM_TWO, .propensity = true}, &x);
    up_moments *m = &x.moments;
    double *tri = upi_calloc(3 * m->n_groups, sizeof *tri);
    assert_non_null(tri);
    m->propensity = -1;
    assert_int_equal(up_checkable_run(&x, "propensity", text).verdict, 3);
    m->tri = tri;
    m->row_weighted = true;
    for (int64_t g = 0; g < m->n_groups; g++) {
        tri[3 * g] = sqrt(2.0 * (double)m->n[g]); /* e = 1/2 */
    }
    up_check_result r = up_checkable_run(&x, "propensity", text);
    assert_int_equal(r.verdict, 0);
    assert_int_equal(up_checkable_run(&x, "overlap", text).verdict, 3);
    assert_int_equal(up_checkable_run(&x, "balance", text).verdict, 3);
    for (int64_t g = 0; g < m->n_groups; g++) {
        tri[3 * g] = sqrt(4.0 * (double)m->n[g]); /* e = 1/4: twice too much */
    }
    r = up_checkable_run(&x, "propensity", text);
    assert_int_equal(r.verdict, 1);
    assert_string_equal(r.code, "W_PROPENSITY_SHARES");
    /* with an analytic weight in the same sums nothing can be said */
    up_error err = UP_ERROR_INIT;
    upi_variable *w = &x.experiment.roles[UPI_ROLE_WEIGHT];
    assert_ok(upi_expr_column("w", &w->expr, &err), &err);
    assert_int_equal(up_checkable_run(&x, "propensity", text).verdict, 3);
    upi_free(tri);
    up_checkable_free(&x);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_right),
        cmocka_unit_test(test_swapped),
        cmocka_unit_test(test_roles),
        cmocka_unit_test(test_extreme),
        cmocka_unit_test(test_sums),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
