/* Against the same differences from single rows: tests/oracle/check/make.py. */
#include "check/check.h"
#include "up_checkable.h"
#include "up_test.h"

#include <math.h>
#include <stdio.h>

static const char *const names[] = {"country1", "country2", "age"};

/* The arms of each covariate stand together, in the order of the labels. */
static void
expect(const up_checkable_opts *o, int arms, const char *const *keys)
{
    up_error err = UP_ERROR_INIT;
    up_checkable x;
    upi_difference *d = NULL;
    int64_t n = 0;
    char path[64];
    up_checkable_make(o, &x);
    assert_ok(upi_differences(&x.model, &d, &n, &err), &err);
    assert_int_equal(n, 3 * arms);
    for (int i = 0; i < n; i++) {
        (void)snprintf(path, sizeof path, "%s.%s", keys[i % arms], names[i / arms]);
        assert_close(d[i].standardized, up_check_expected(path), 1e-9, 1e-12);
        assert_true((d[i].difference < 0) == (d[i].standardized < 0));
        assert_string_equal(d[i].against, x.keys[0].label[0]);
    }
    upi_free(d);
    up_checkable_free(&x);
}

static void
test_against_rows(void **state)
{
    (void)state;
    static const char *const two[] = {"differences_two"};
    static const char *const weighted[] = {"differences_two_weighted"};
    static const char *const three[] = {"differences_three_1", "differences_three_2"};
    expect(&(up_checkable_opts){.arm = UP_ARM_TWO}, 1, two);
    expect(&(up_checkable_opts){.arm = UP_ARM_TWO, .propensity = true}, 1, weighted);
    expect(&(up_checkable_opts){.arm = UP_ARM_THREE}, 2, three);
    expect(&(up_checkable_opts){.arm = UP_ARM_THREE, .clusters = true}, 2, three);
}

/* A covariate that does not vary has no distance; weights of single rows leave none at all. */
static void
test_none(void **state)
{
    (void)state;
    up_error err = UP_ERROR_INIT;
    up_checkable x;
    upi_difference *d = NULL;
    int64_t n = 0;
    up_checkable_make(&(up_checkable_opts){.arm = UP_ARM_TWO}, &x);
    x.model.base[1].level = 99; /* no row has it */
    assert_ok(upi_differences(&x.model, &d, &n, &err), &err);
    assert_close(d[0].difference, 0, 0, 0);
    assert_true(isnan(d[0].standardized));
    upi_free(d);
    x.moments.row_weighted = true;
    assert_ok(upi_differences(&x.model, &d, &n, &err), &err);
    assert_int_equal(n, 0);
    assert_null(d);
    up_checkable_free(&x);
}

static up_status
run(void *ctx, up_error *err)
{
    upi_difference *d = NULL;
    int64_t n = 0;
    up_status status = upi_differences(ctx, &d, &n, err);
    upi_free(d);
    return status;
}

static void
test_out_of_memory(void **state)
{
    (void)state;
    up_checkable x;
    up_checkable_make(&(up_checkable_opts){.arm = UP_ARM_THREE, .clusters = true}, &x);
    up_sweep_memory(run, &x.model);
    up_checkable_free(&x);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_against_rows),
        cmocka_unit_test(test_none), cmocka_unit_test(test_out_of_memory)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
