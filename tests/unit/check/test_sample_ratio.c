#include "up_checkable.h"
#include "up_test.h"

#include <math.h>
#include <string.h>

static char text[512];

static up_check_result
run(const up_checkable_opts *o, const char *split, double a, double b, double c)
{
    up_checkable x;
    char labels[3][8] = {"0", "1", "2"};
    char *pointers[] = {labels[0], labels[1], labels[2]};
    double shares[] = {a, b, c};
    up_checkable_make(o, &x);
    if (split != NULL) {
        (void)strncpy(labels[2], split, sizeof labels[2] - 1);
        x.experiment.n_split = 3;
        x.experiment.split_labels = pointers;
        x.experiment.split_shares = shares;
    }
    up_check_result r = up_checkable_run(&x, "sample ratio", text);
    up_checkable_free(&x);
    return r;
}

static void
test_rows(void **state)
{
    (void)state;
    up_checkable_opts o = {.arm = UP_ARM_THREE};
    up_check_result r = run(&o, NULL, 0, 0, 0);
    assert_close(r.number, up_check_expected("srm_three"), 1e-10, 0.0);
    assert_int_equal(r.verdict, 0);
    assert_string_equal(r.code, "");
    assert_non_null(strstr(text, "'0' 232 of 240"));
    r = run(&o, "2", 0.5, 0.25, 0.25);
    assert_close(r.number, up_check_expected("srm_three_split"), 1e-9, 0.0);
    assert_int_equal(r.verdict, 2);
    assert_string_equal(r.code, "E_SRM");
    assert_close(r.threshold, 1e-3, 0.0, 0.0);
    /* an arm that the split does not have, and one that the data do not have */
    r = run(&o, "x", 0.4, 0.3, 0.3);
    assert_close(r.number, 0.0, 0.0, 0.0);
    o.arm = UP_ARM_TWO;
    r = run(&o, "x", 0.4, 0.4, 0.2);
    assert_true(r.number < 1e-30);
    /* between the bounds: a warning */
    r = run(&o, "2", 0.55, 0.45, 0.0);
    assert_int_equal(r.verdict, 1);
    assert_string_equal(r.code, "W_SRM");
    assert_true(r.number > 1e-3 && r.number < 1e-2);
}

static void
test_clusters(void **state)
{
    (void)state;
    up_checkable_opts o = {.arm = UP_ARM_BY_CLUSTER, .clusters = true};
    up_check_result r = run(&o, NULL, 0, 0, 0);
    assert_close(r.number, up_check_expected("srm_by_cluster"), 1e-12, 0.0);
    assert_non_null(strstr(text, "clusters against"));
    assert_non_null(strstr(text, "'0' 24 of 24"));
    o.arm = UP_ARM_THREE; /* clusters reach over arms */
    r = run(&o, NULL, 0, 0, 0);
    assert_close(r.number, up_check_expected("srm_three_clusters"), 1e-9, 0.0);
    assert_non_null(strstr(text, "rows against"));
    r = run(&o, "x", 0.4, 0.3, 0.3); /* rows where the split has none */
    assert_close(r.number, 0.0, 0.0, 0.0);
    o.first_rows = 15; /* one cluster says nothing */
    r = run(&o, NULL, 0, 0, 0);
    assert_true(isnan(r.number));
    assert_int_equal(r.verdict, 0);
}

static void
test_propensities(void **state)
{
    (void)state;
    up_checkable_opts o = {.arm = UP_ARM_TWO, .propensity = true};
    up_check_result r = run(&o, NULL, 0, 0, 0);
    assert_close(r.number, up_check_expected("srm_draws"), 1e-9, 0.0);
    o.clusters = true;
    r = run(&o, NULL, 0, 0, 0);
    assert_close(r.number, up_check_expected("srm_draws_clusters"), 1e-9, 0.0);
    o.clusters = false;
    r = run(&o, "2", 0.5, 0.5, 0.0); /* the split goes before them */
    assert_int_equal(r.verdict, 0);
    assert_non_null(strstr(text, "the expected split"));
    o.arm = UP_ARM_THREE;
    r = run(&o, NULL, 0, 0, 0);
    assert_int_equal(r.verdict, 3);
    assert_non_null(strstr(text, "propensities"));
}

/* One propensity by arm, which add up to 1: they are the shares. */
static void
test_constant_propensities(void **state)
{
    (void)state;
    up_checkable x;
    up_checkable_make(&(up_checkable_opts){.arm = UP_ARM_TWO, .propensity = true}, &x);
    double number[] = {0.25, 0.25, 0.25};
    x.keys[x.moments.propensity].number = number;
    up_check_result r = up_checkable_run(&x, "sample ratio", text);
    /* 0.25 twice is not 1: each row is a draw of its own */
    assert_int_equal(r.verdict, 0);
    assert_non_null(strstr(text, "sum of their propensities"));
    number[0] = number[1] = number[2] = 0.5;
    r = up_checkable_run(&x, "sample ratio", text);
    assert_non_null(strstr(text, "against the propensities"));
    assert_true(r.number > 0.5);
    /* not kept as a key: nothing can be said */
    x.moments.propensity = -1;
    r = up_checkable_run(&x, "sample ratio", text);
    assert_int_equal(r.verdict, 3);
    up_checkable_free(&x);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rows),
        cmocka_unit_test(test_clusters),
        cmocka_unit_test(test_propensities),
        cmocka_unit_test(test_constant_propensities),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
