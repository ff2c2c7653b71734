/* Values to codes: every type, many values, values that look alike. */
#include "moments/dictionary.h"
#include "up_test.h"

#include <stdio.h>

static upi_cell
text(const char *s)
{
    return (upi_cell){.text = upi_str_make(s, (uint32_t)strlen(s))};
}

static void
texts_of_every_length(void **state)
{
    (void)state;
    up_error err = UP_ERROR_INIT;
    upi_dict d = {0};
    char name[64] = "";
    assert_ok(upi_dict_init(&d, UPI_STR, &err), &err);
    for (int32_t n = 0; n < 40; n++) {
        memset(name, 'a', (size_t)n);
        upi_cell c = text(name);
        assert_int_equal(upi_dict_find(&d, &c), -1);
        assert_ok(upi_dict_add(&d, &c, n, &err), &err);
    }
    for (int32_t n = 0; n < 40; n++) {
        char copy[64] = "";
        memset(copy, 'a', (size_t)n);
        upi_cell c = text(copy);
        assert_int_equal(upi_dict_find(&d, &c), n);
        if (n > 0) {
            copy[n - 1] = 'b';
            c = text(copy);
            assert_int_equal(upi_dict_find(&d, &c), -1);
        }
    }
    upi_dict_free(&d);
}

static void
text_with_nul(void **state)
{
    (void)state;
    up_error err = UP_ERROR_INIT;
    upi_dict d = {0};
    assert_ok(upi_dict_init(&d, UPI_STR, &err), &err);
    upi_cell a = {.text = upi_str_make("long text with \0 one", 20)};
    upi_cell b = {.text = upi_str_make("long text with \0 two", 20)};
    assert_ok(upi_dict_add(&d, &a, 1, &err), &err);
    assert_int_equal(upi_dict_find(&d, &a), 1);
    assert_int_equal(upi_dict_find(&d, &b), -1);
    upi_dict_free(&d);
}

static void
many_numbers(void **state)
{
    (void)state;
    up_error err = UP_ERROR_INIT;
    upi_dict i = {0}, f = {0};
    assert_ok(upi_dict_init(&i, UPI_I64, &err), &err);
    assert_ok(upi_dict_init(&f, UPI_F64, &err), &err);
    for (int32_t n = 0; n < 5000; n++) {
        upi_cell a = upi_cell_integer((int64_t)n * 3 - 4000);
        upi_cell b = upi_cell_double(n * 0.5 - 1000);
        assert_int_equal(upi_dict_find(&i, &a), -1);
        assert_int_equal(upi_dict_find(&f, &b), -1);
        assert_ok(upi_dict_add(&i, &a, n, &err), &err);
        assert_ok(upi_dict_add(&f, &b, n, &err), &err);
    }
    for (int32_t n = 0; n < 5000; n++) {
        upi_cell a = upi_cell_integer((int64_t)n * 3 - 4000);
        upi_cell b = upi_cell_double(n * 0.5 - 1000);
        assert_int_equal(upi_dict_find(&i, &a), n);
        assert_int_equal(upi_dict_find(&f, &b), n);
    }
    upi_dict_free(&i);
    upi_dict_free(&f);
}

static void
numbers_that_look_alike(void **state)
{
    (void)state;
    up_error err = UP_ERROR_INIT;
    upi_dict d = {0};
    assert_ok(upi_dict_init(&d, UPI_F64, &err), &err);
    upi_cell zero = upi_cell_double(0.0), minus = upi_cell_double(-0.0);
    upi_cell third = upi_cell_double(1.0 / 3), huge = upi_cell_double(1e300);
    upi_cell low = upi_cell_double(UPI_DIRECT_LOW),
             high = upi_cell_double(UPI_DIRECT_HIGH);
    assert_ok(upi_dict_add(&d, &zero, 0, &err), &err);
    assert_int_equal(upi_dict_find(&d, &minus), 0);
    assert_int_equal(upi_dict_find(&d, &third), -1);
    assert_ok(upi_dict_add(&d, &third, 1, &err), &err);
    assert_ok(upi_dict_add(&d, &huge, 2, &err), &err);
    assert_ok(upi_dict_add(&d, &low, 3, &err), &err);
    assert_ok(upi_dict_add(&d, &high, 4, &err), &err);
    assert_int_equal(upi_dict_find(&d, &third), 1);
    assert_int_equal(upi_dict_find(&d, &huge), 2);
    assert_int_equal(upi_dict_find(&d, &low), 3);
    assert_int_equal(upi_dict_find(&d, &high), 4);
    upi_dict_free(&d);
    assert_ok(upi_dict_init(&d, UPI_I64, &err), &err);
    upi_cell least = upi_cell_integer(INT64_MIN), most = upi_cell_integer(INT64_MAX);
    assert_ok(upi_dict_add(&d, &least, 0, &err), &err);
    assert_ok(upi_dict_add(&d, &most, 1, &err), &err);
    assert_int_equal(upi_dict_find(&d, &least), 0);
    assert_int_equal(upi_dict_find(&d, &most), 1);
    upi_dict_free(&d);
}

static up_status
fill(void *ctx, up_error *err)
{
    up_status status = UP_OK;
    upi_dict d = {0};
    char name[32];
    UP_TRY(upi_dict_init(&d, *(upi_type *)ctx, err));
    for (int32_t n = 0; n < 100; n++) {
        (void)snprintf(name, sizeof name, "a value with number %d", n);
        upi_cell c = d.type == UPI_STR ? text(name) : upi_cell_integer(n * 100);
        UP_TRY(upi_dict_add(&d, &c, n, err));
    }
out:
    upi_dict_free(&d);
    return status;
}

static void
memory_runs_out(void **state)
{
    (void)state;
    upi_type types[] = {UPI_STR, UPI_I64};
    up_sweep_memory(fill, &types[0]);
    up_sweep_memory(fill, &types[1]);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(texts_of_every_length),
        cmocka_unit_test(text_with_nul),
        cmocka_unit_test(many_numbers),
        cmocka_unit_test(numbers_that_look_alike),
        cmocka_unit_test(memory_runs_out),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
