/* The list itself: order, the worst verdict, units, and behaviour without memory. */
#include "up_checkable.h"
#include "up_test.h"

#include <math.h>
#include <string.h>

static void
test_list(void **state)
{
    (void)state;
    static const char *const names[] = {"sample ratio", "missing by arm",
        "rows per arm", "clusters per arm", "repeated units", "compliance",
        "first stage", "overlap", "propensity", "balance"};
    up_error err = UP_ERROR_INIT;
    up_checks *c = NULL;
    up_checkable x;
    up_checkable_make(&(up_checkable_opts){.arm = UP_ARM_THREE}, &x);
    assert_ok(up_check(&x.model, &c, &err), &err);
    assert_int_equal(up_checks_count(c), 10);
    for (int64_t i = 0; i < 10; i++) {
        up_check_result r = up_checks_get(c, i);
        assert_string_equal(r.name, names[i]);
        assert_true(r.text[0] != '\0');
        assert_true((r.code[0] == '\0') == (r.verdict == 0 || r.verdict == 3));
    }
    assert_int_equal(up_checks_worst(c), 0); /* what does not apply does not count */
    assert_int_equal(up_checks_get(c, 10).verdict, 3);
    assert_int_equal(up_checks_get(c, -1).verdict, 3);
    up_checks_free(c);
    up_checks_free(NULL);
    up_checkable_free(&x);
}

static void
test_worst(void **state)
{
    (void)state;
    up_error err = UP_ERROR_INIT;
    up_checks *c = NULL;
    up_checkable x;
    up_checkable_make(&(up_checkable_opts){.arm = UP_ARM_TWO}, &x);
    assert_ok(up_check(&x.model, &c, &err), &err);
    assert_int_equal(
        up_checks_worst(c), 2); /* balance: assignment follows the country */
    up_checks_free(c);
    up_checkable_free(&x);
    up_checkable_make(
        &(up_checkable_opts){.arm = UP_ARM_TWO, .propensity = true, .swapped = true},
        &x);
    assert_ok(up_check(&x.model, &c, &err), &err);
    assert_int_equal(up_checks_worst(c), 2);
    up_checks_free(c);
    up_checkable_free(&x);
}

static void
test_units(void **state)
{
    (void)state;
    char text[512];
    up_error err = UP_ERROR_INIT;
    up_checkable x;
    for (int clusters = 0; clusters < 2; clusters++) {
        up_checkable_make(
            &(up_checkable_opts){.arm = UP_ARM_TWO, .clusters = clusters == 1}, &x);
        up_check_result r = up_checkable_run(&x, "repeated units", text);
        assert_int_equal(r.verdict, 3);
        assert_non_null(strstr(text, "no unit role"));
        upi_variable *unit = &x.experiment.roles[UPI_ROLE_UNIT];
        assert_ok(upi_expr_column("'; DROP", &unit->expr, &err), &err);
        assert_ok(upi_strdup_to(&unit->name, "'; DROP", &err), &err);
        r = up_checkable_run(&x, "repeated units", text);
        assert_int_equal(r.verdict, 0);
        assert_non_null(strstr(text, "'; DROP"));
        assert_true((strstr(text, "may repeat") != NULL) == (clusters == 1));
        up_checkable_free(&x);
    }
}

static void
test_arguments(void **state)
{
    (void)state;
    up_error err = UP_ERROR_INIT;
    up_checks *c = NULL;
    up_checkable x;
    up_checkable_make(&(up_checkable_opts){.arm = UP_ARM_TWO}, &x);
    assert_fails(up_check(NULL, &c, &err), UP_E_ARGUMENT, &err);
    assert_int_equal(up_check(&x.model, &c, &err), UP_E_ARGUMENT); /* already failed */
    assert_null(c);
    assert_int_equal(up_check(&x.model, NULL, NULL), UP_E_ARGUMENT);
    /* a failure below ends the call: no arm has the name of the control */
    char control[] = "nobody";
    x.experiment.control = control;
    err = (up_error)UP_ERROR_INIT;
    assert_fails(up_check(&x.model, &c, &err), UP_E_ARMS, &err);
    assert_null(c);
    assert_int_equal(up_check(&x.model, &c, NULL), UP_E_ARMS);
    up_checkable_free(&x);
}

static up_status
run_check(void *ctx, up_error *err)
{
    const up_checkable *x = ctx;
    up_checks *c = NULL;
    up_status status = up_check(&x->model, &c, err);
    up_checks_free(c);
    return status;
}

static void
test_memory(void **state)
{
    (void)state;
    up_checkable x;
    up_checkable_make(&(up_checkable_opts){.arm = UP_ARM_TWO,
                          .clusters = true,
                          .propensity = true,
                          .swapped = true,
                          .treated = true},
        &x);
    up_sweep_memory(run_check, &x);
    up_checkable_free(&x);
    up_checkable_make(&(up_checkable_opts){.arm = UP_ARM_THREE, .clusters = true}, &x);
    up_sweep_memory(run_check, &x);
    up_checkable_free(&x);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_list),
        cmocka_unit_test(test_worst),
        cmocka_unit_test(test_units),
        cmocka_unit_test(test_arguments),
        cmocka_unit_test(test_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
