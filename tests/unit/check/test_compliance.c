#include "up_checkable.h"
#include "up_test.h"

#include <math.h>
#include <string.h>

static char text[512];

static void
test_compliance(void **state)
{
    (void)state;
    up_checkable x;
    up_checkable_make(&(up_checkable_opts){.arm = UP_ARM_TWO}, &x);
    up_check_result r = up_checkable_run(&x, "compliance", text);
    assert_int_equal(r.verdict, 3);
    r = up_checkable_run(&x, "first stage", text);
    assert_int_equal(r.verdict, 3);
    up_checkable_free(&x);

    up_checkable_make(&(up_checkable_opts){.arm = UP_ARM_TWO, .treated = true}, &x);
    assert_int_equal(x.model.design.compliance, UPI_COMPLIANCE_ONE_SIDED);
    r = up_checkable_run(&x, "compliance", text);
    assert_int_equal(r.verdict, 0);
    assert_close(r.number, up_check_expected("compliers"), 1e-13, 0.0);
    assert_non_null(strstr(text, "one-sided"));
    up_checkable_free(&x);
}

/* Assignment by the third column, which has nothing to do with the treatment received. */
static void
test_hardly_any(void **state)
{
    (void)state;
    up_checkable x;
    up_checkable_make(
        &(up_checkable_opts){.arm = UP_ARM_BY_CLUSTER, .treated = true}, &x);
    up_check_result r = up_checkable_run(&x, "compliance", text);
    assert_int_equal(r.verdict, 1);
    assert_string_equal(r.code, "W_COMPLIANCE");
    double share = r.number;
    /* the levels of the instrument exchanged: the share turns its sign */
    char control[] = "1";
    x.experiment.control = control;
    x.keys[x.moments.treated].role = UPI_KEY_TREATED;
    char zero[] = "x0";
    char one[] = "x1";
    char *labels[] = {zero, one, one};
    x.keys[x.moments.treated].label = labels; /* the treatment keeps its first level */
    r = up_checkable_run(&x, "compliance", text);
    assert_close(r.number, -share, 1e-12, 0.0);
    assert_int_equal(r.verdict, 1);
    up_checkable_free(&x);
    /* more levels of the instrument than of the treatment */
    up_checkable_make(&(up_checkable_opts){.arm = UP_ARM_THREE, .treated = true}, &x);
    r = up_checkable_run(&x, "compliance", text);
    assert_int_equal(r.verdict, 1);
    assert_true(fabs(r.number) < 0.1);
    up_checkable_free(&x);
}

static void
test_first_stage(void **state)
{
    (void)state;
    static const struct {
        double f;
        int64_t verdict;
        const char *code;
        double threshold;
    } cases[] = {{10.0, 0, "", 10.0}, {9.9, 1, "W_WEAK_INSTRUMENT", 10.0},
        {3.9, 1, "W_WEAK_INSTRUMENT", 10.0}, {3.8, 2, "E_WEAK_INSTRUMENT", 3.84},
        {0.0, 2, "E_WEAK_INSTRUMENT", 3.84}, {NAN, 2, "E_WEAK_INSTRUMENT", 3.84}};
    up_checkable x;
    up_checkable_make(&(up_checkable_opts){.arm = UP_ARM_TWO, .treated = true}, &x);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        x.model.first_stage_f = cases[i].f;
        up_check_result r = up_checkable_run(&x, "first stage", text);
        assert_int_equal(r.verdict, cases[i].verdict);
        assert_string_equal(r.code, cases[i].code);
        assert_close(r.threshold, cases[i].threshold, 0.0, 0.0);
        if (r.verdict > 0) {
            assert_non_null(strstr(text, "Anderson-Rubin"));
        }
    }
    up_checkable_free(&x);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_compliance),
        cmocka_unit_test(test_hardly_any),
        cmocka_unit_test(test_first_stage),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
