/* Options by size: older and newer callers. */
#include "base/opts.h"
#include "up_test.h"

#include <string.h>

typedef struct now {
    size_t struct_size;
    int64_t a, b;
} now;
typedef struct before {
    size_t struct_size;
    int64_t a;
} before;
typedef struct later {
    size_t struct_size;
    int64_t a, b, c;
} later;

static void
same_older_and_newer(void **state)
{
    (void)state;
    up_error err = UP_ERROR_INIT;
    now ours = {1, 2, 3};
    assert_ok(upi_opts_copy(&ours, sizeof ours, NULL, &err), &err);
    assert_int_equal(ours.struct_size, sizeof ours);
    assert_int_equal(ours.a, 0);
    assert_int_equal(ours.b, 0);
    const now same = {sizeof same, 7, 8};
    assert_ok(upi_opts_copy(&ours, sizeof ours, &same, &err), &err);
    assert_int_equal(ours.b, 8);
    const before older = {sizeof older, 9};
    assert_ok(upi_opts_copy(&ours, sizeof ours, &older, &err), &err);
    assert_int_equal(ours.a, 9);
    assert_int_equal(ours.b, 0);
    assert_int_equal(ours.struct_size, sizeof ours);
    const later newer = {sizeof newer, 5, 6, 0};
    assert_ok(upi_opts_copy(&ours, sizeof ours, &newer, &err), &err);
    assert_int_equal(ours.b, 6);
}

static void
refusals_leave_ours_alone(void **state)
{
    (void)state;
    up_error err = UP_ERROR_INIT;
    now ours = {1, 2, 3};
    const later newer = {sizeof newer, 5, 6, 1};
    assert_fails(
        upi_opts_copy(&ours, sizeof ours, &newer, &err), UP_E_OPTIONS_TOO_NEW, &err);
    const size_t bad[] = {0, 12, 8000, (size_t)-8};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        err = (up_error)UP_ERROR_INIT;
        now theirs = {bad[i], 0, 0};
        assert_fails(
            upi_opts_copy(&ours, sizeof ours, &theirs, &err), UP_E_ARGUMENT, &err);
        assert_string_equal(err.field, "struct_size");
    }
    assert_int_equal(ours.struct_size, 1);
    assert_int_equal(ours.b, 3);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(same_older_and_newer),
        cmocka_unit_test(refusals_leave_ours_alone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
