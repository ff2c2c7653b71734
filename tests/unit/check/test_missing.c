#include "up_checkable.h"
#include "up_test.h"

#include <math.h>
#include <string.h>

static char text[512];

static up_check_result
run(const int64_t *missing, int64_t columns, int64_t dropped, bool clusters)
{
    up_checkable x;
    char name[2][8] = {"sales", "age"};
    char *names[] = {name[0], name[1]};
    int64_t count[4] = {0};
    memcpy(count, missing, (size_t)(2 * columns) * sizeof *count);
    up_checkable_make(
        &(up_checkable_opts){.arm = UP_ARM_TWO, .clusters = clusters}, &x);
    x.moments.n_counted = columns;
    x.moments.counted_name = names;
    x.moments.missing = count;
    x.moments.n_dropped = dropped;
    x.moments.n_read += dropped;
    up_check_result r = up_checkable_run(&x, "missing by arm", text);
    up_checkable_free(&x);
    return r;
}

static void
test_all_kept(void **state)
{
    (void)state;
    up_check_result r = run((int64_t[]){30, 60, 3, 4}, 2, 0, false);
    assert_close(r.number, up_check_expected("missing_many"), 1e-9, 0.0);
    assert_int_equal(r.verdict, 0); /* .0013 */
    assert_non_null(strstr(text, "'sales'"));
    r = run((int64_t[]){0, 0, 1, 7}, 2, 0, false);
    assert_close(r.number, up_check_expected("missing_few"), 1e-9, 0.0);
    assert_non_null(strstr(text, "'age'"));
    r = run((int64_t[]){20, 80}, 1, 0, true);
    assert_int_equal(r.verdict, 1);
    assert_string_equal(r.code, "W_MISSING_BY_ARM");
    assert_non_null(strstr(text, "5.54% of '0' and 22.3% of '1'"));
    assert_non_null(strstr(text, "independent"));
}

static void
test_dropped(void **state)
{
    (void)state;
    /* one column: the rows left out are known exactly */
    up_check_result r = run((int64_t[]){30, 60}, 1, 90, false);
    assert_close(r.number, up_check_expected("missing_dropped"), 1e-9, 0.0);
    /* the same rows miss both columns: still exact, with two columns to correct for */
    r = run((int64_t[]){30, 60, 30, 60}, 2, 90, false);
    assert_close(r.number, 2.0 * up_check_expected("missing_dropped"), 1e-9, 0.0);
}

static void
test_none(void **state)
{
    (void)state;
    up_check_result r = run((int64_t[]){0, 0}, 1, 0, false);
    assert_int_equal(r.verdict, 0);
    assert_true(isnan(r.number));
    r = run((int64_t[]){0}, 0, 0, false);
    assert_int_equal(r.verdict, 0);
    assert_non_null(strstr(text, "no value"));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_all_kept),
        cmocka_unit_test(test_dropped),
        cmocka_unit_test(test_none),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
