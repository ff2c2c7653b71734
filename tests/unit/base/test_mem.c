/* The allocator: overflow, zeroing, the live counter, and failures on request. */
#include "up_test.h"

#include <stdint.h>
#include <string.h>

static void
sizes_are_checked(void **state)
{
    (void)state;
    assert_null(upi_calloc(-1, 8));
    assert_null(upi_calloc(INT64_MAX, 8));
    assert_null(upi_calloc(INT64_MAX / 8 + 2, 8));
    assert_null(upi_calloc(3, 0));
    assert_null(upi_realloc(NULL, INT64_MAX, 16));
    void *empty = upi_calloc(0, 8);
    assert_non_null(empty);
    upi_free(empty);
    upi_free(NULL);
}

static void
live_blocks_are_counted(void **state)
{
    (void)state;
    int64_t before = upi_mem_live();
    int *p = upi_calloc(100, sizeof *p);
    for (int i = 0; i < 100; i++) {
        assert_int_equal(p[i], 0);
    }
    assert_int_equal(upi_mem_live(), before + 1);
    p[99] = 5;
    p = upi_realloc(p, 1000, sizeof *p);
    assert_int_equal(p[99], 5);
    assert_int_equal(upi_mem_live(), before + 1);
    void *q = upi_realloc(NULL, 3, 8);
    assert_int_equal(upi_mem_live(), before + 2);
    upi_free(q);
    upi_free(p);
    assert_int_equal(upi_mem_live(), before);
}

static void
failures_on_request(void **state)
{
    (void)state;
    upi_mem_fail_after(3);
    void *a = upi_calloc(1, 1);
    void *b = upi_calloc(1, 1);
    assert_non_null(a);
    assert_non_null(b);
    assert_null(upi_calloc(1, 1));
    assert_null(upi_realloc(a, 5, 1));
    assert_null(upi_strdup("x"));
    upi_mem_fail_after(0);
    upi_free(a);
    upi_free(b);
    char *c = upi_strdup("x");
    assert_non_null(c);
    upi_free(c);
}

static void
strings(void **state)
{
    (void)state;
    char *s = upi_strndup("hello", 3);
    assert_string_equal(s, "hel");
    upi_free(s);
    s = upi_strndup("hello", 30);
    assert_string_equal(s, "hello");
    upi_free(s);
    up_error err = UP_ERROR_INIT;
    s = NULL;
    assert_ok(upi_strdup_to(&s, "abc", &err), &err);
    assert_string_equal(s, "abc");
    upi_free(s);
}

static up_status
grow(void *ctx, up_error *err)
{
    (void)ctx;
    up_status status = UP_OK;
    int64_t *items = NULL;
    int64_t capacity = 0;
    char *name = NULL;
    double *numbers = NULL;
    UP_TRY(UP_NEW(&numbers, 10, err));
    UP_TRY(upi_strdup_to(&name, "name", err));
    for (int64_t i = 0; i < 200; i++) {
        UP_TRY(UP_RESERVE(&items, &capacity, i + 1, err));
        assert_true(capacity > i);
        items[i] = i;
    }
    for (int64_t i = 0; i < 200; i++) {
        assert_int_equal(items[i], i);
    }
    assert_true(capacity < 400);
out:
    upi_free(items);
    upi_free(name);
    upi_free(numbers);
    return status;
}

static void
out_of_memory(void **state)
{
    (void)state;
    up_sweep_memory(grow, NULL);
}

static void
reserve_refuses_the_impossible(void **state)
{
    (void)state;
    up_error err = UP_ERROR_INIT;
    int64_t *items = NULL;
    int64_t capacity = 0;
    assert_fails(UP_RESERVE(&items, &capacity, INT64_MAX, &err), UP_E_NO_MEMORY, &err);
    assert_null(items);
    assert_int_equal(capacity, 0);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sizes_are_checked),
        cmocka_unit_test(live_blocks_are_counted),
        cmocka_unit_test(failures_on_request),
        cmocka_unit_test(strings),
        cmocka_unit_test(out_of_memory),
        cmocka_unit_test(reserve_refuses_the_impossible),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
