/* Columns in memory: every type, missing values in each of the three ways, and bad calls. */
#include "engine_support.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const double numbers[] = {1.5, NAN, -0.0, INFINITY};
static const int64_t integers[] = {1, 2, 3, INT64_MIN};
static const char *const texts[] = {"a", NULL, "longer than twelve bytes", ""};
static const uint8_t flags[] = {0, 1, 7, 0};
static const uint8_t missing[] = {0, 0, 0, 1};

static void
test_types(void **state)
{
    (void)state;
    up_error err = UP_ERROR_INIT;
    up_source *s = NULL;
    engine_rows rows = {.fail_at = -1};
    const up_column columns[] = {{.name = "x", .f64 = numbers},
        {.name = "n", .i64 = integers}, {.name = "s", .text = texts},
        {.name = "b", .boolean = flags},
        {.name = "m", .i64 = integers, .missing = missing}};
    assert_ok(up_source_from_columns_borrow(columns, 5, 4, &s, &err), &err);
    assert_int_equal(s->n_rows, 4);
    assert_ok(engine_scan(s, NULL, 0, NULL, NULL, NULL, &rows, &err), &err);
    char *text = engine_rows_text(&rows);
    assert_string_equal(text,
        "1.5|1|a|false|1\nNULL|2|NULL|true|2\n0|3|longer than twelve bytes|true|3\n"
        "inf|-9223372036854775808||false|NULL\n");
    upi_free(text);
    engine_rows_free(&rows);
    static const char *const expressions[] = {"x * 2", "n", "s", "b"};
    static const int as[] = {UPI_F64, UPI_STR, -1, UPI_I64};
    rows.fail_at = -1;
    assert_ok(engine_scan_text(s, expressions, 4, as,
                  "n between 1 and 3 and s is not null", NULL, &rows, &err),
        &err);
    text = engine_rows_text(&rows);
    assert_string_equal(text, "3|1|a|0\n0|3|longer than twelve bytes|1\n");
    upi_free(text);
    engine_rows_free(&rows);
    up_source_free(s);
    assert_int_equal(upi_mem_live(), 0);
}

/* Several ranges on several workers: the same rows and bits. */
static void
test_ranges_and_threads(void **state)
{
    (void)state;
    enum { N = 300001 };
    double *x = malloc(N * sizeof *x);
    int64_t *n = malloc(N * sizeof *n);
    if (x == NULL || n == NULL) {
        free(x);
        free(n);
        fail();
        return;
    }
    for (int64_t i = 0; i < N; i++) {
        x[i] = i % 17 == 0 ? (double)NAN : (double)i / 7;
        n[i] = i;
    }
    const up_column columns[] = {{.name = "x", .f64 = x}, {.name = "n", .i64 = n}};
    char *one = NULL;
    double sums[3][3];
    for (int64_t threads = 1; threads <= 4; threads *= 2) {
        up_error err = UP_ERROR_INIT;
        up_source *s = NULL;
        engine_rows rows = {.fail_at = -1};
        up_run run = {.struct_size = sizeof run, .threads = threads};
        assert_ok(up_source_from_columns_borrow(columns, 2, N, &s, &err), &err);
        assert_ok(engine_scan(s, NULL, 0, NULL, "n % 3 != 1", &run, &rows, &err), &err);
        /* The rows of a range that are not multiples of 3 plus 1: 122,880 is one of 3. */
        assert_int_equal(rows.ranges[0].rows, 81920);
        assert_int_equal(rows.ranges[1].rows, 81920);
        assert_int_equal(engine_rows_count(&rows), 200001);
        char *text = engine_rows_text(&rows);
        for (int r = 0; r < 3; r++) {
            sums[threads / 2][r] = rows.ranges[r].sum;
            assert_true(sums[threads / 2][r] == sums[0][r]);
        }
        if (one == NULL) {
            one = text;
        } else {
            assert_string_equal(text, one);
            upi_free(text);
        }
        engine_rows_free(&rows);
        up_source_free(s);
    }
    upi_free(one);
    free(x);
    free(n);
}

static void
test_bad_calls(void **state)
{
    (void)state;
    up_source *s = NULL;
    static const struct {
        up_column columns[2];
        int64_t n_columns, n_rows;
        const char *field, *word;
    } cases[] = {
        {{{.name = NULL, .f64 = numbers}}, 1, 4, "name", "column 0 has no name"},
        {{{.name = "", .f64 = numbers}}, 1, 4, "name", "column 0 has no name"},
        {{{.name = "\xff", .f64 = numbers}}, 1, 4, "name", "is not UTF-8"},
        {{{.name = "x"}}, 1, 4, "x", "0 arrays of data"},
        {{{.name = "x", .f64 = numbers, .i64 = integers}}, 1, 4, "x",
            "2 arrays of data"},
        {{{.name = "x", .f64 = numbers}, {.name = "x", .i64 = integers}}, 2, 4, "x",
            "columns 1 and 2 have one name, 'x' and 'x'"},
        {{{.name = "x", .f64 = numbers}, {.name = "X", .i64 = integers}}, 2, 4, "X",
            "columns 1 and 2 have one name, 'x' and 'X'"},
        {{{.name = "x", .f64 = numbers}}, 0, 4, "n_columns", "at least one column"},
        {{{.name = "x", .f64 = numbers}}, 1, -1, "n_rows", "0 or more rows"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        up_error err = UP_ERROR_INIT;
        assert_fails(up_source_from_columns_borrow(cases[i].columns, cases[i].n_columns,
                         cases[i].n_rows, &s, &err),
            UP_E_ARGUMENT, &err);
        assert_string_equal(err.field, cases[i].field);
        assert_non_null(strstr(err.message, cases[i].word));
        assert_null(s);
    }
    up_error err = UP_ERROR_INIT;
    assert_fails(
        up_source_from_columns_borrow(NULL, 1, 1, &s, &err), UP_E_ARGUMENT, &err);
    assert_int_equal(upi_mem_live(), 0);
}

static void
test_no_rows(void **state)
{
    (void)state;
    up_error err = UP_ERROR_INIT;
    up_source *s = NULL;
    engine_rows rows = {.fail_at = -1};
    const up_column columns[] = {{.name = "x", .f64 = numbers}};
    assert_ok(up_source_from_columns_borrow(columns, 1, 0, &s, &err), &err);
    assert_ok(engine_scan(s, NULL, 0, NULL, NULL, NULL, &rows, &err), &err);
    assert_int_equal(rows.begun, 1);
    assert_int_equal(engine_rows_count(&rows), 0);
    engine_rows_free(&rows);
    up_source_free(s);
}

static void
test_sink_fails(void **state)
{
    (void)state;
    enum { N = 300000 };
    int64_t *n = calloc(N, sizeof *n);
    assert_non_null(n);
    const up_column columns[] = {{.name = "n", .i64 = n}};
    up_error err = UP_ERROR_INIT;
    up_source *s = NULL;
    engine_rows rows = {.fail_at = 1};
    assert_ok(up_source_from_columns_borrow(columns, 1, N, &s, &err), &err);
    assert_fails(
        engine_scan(s, NULL, 0, NULL, NULL, NULL, &rows, &err), UP_E_ARMS, &err);
    assert_string_equal(err.message, "the sink does not like range 1");
    engine_rows_free(&rows);
    up_source_free(s);
    free(n);
}

static up_status
make_and_scan(void *ctx, up_error *err)
{
    (void)ctx;
    up_status status = UP_OK;
    up_source *s = NULL;
    engine_rows rows = {.fail_at = -1};
    const up_column columns[] = {
        {.name = "x", .f64 = numbers}, {.name = "s", .text = texts}};
    static const char *const expressions[] = {"x + 1", "s", "x"};
    static const int as[] = {-1, -1, UPI_STR};
    up_run run = {.struct_size = sizeof run, .threads = 1};
    UP_TRY(up_source_from_columns_borrow(columns, 2, 4, &s, err));
    UP_TRY(engine_scan_text(s, expressions, 3, as, "x = x", &run, &rows, err));
out:
    engine_rows_free(&rows);
    up_source_free(s);
    return status;
}

static void
test_out_of_memory(void **state)
{
    (void)state;
    up_sweep_memory(make_and_scan, NULL);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_types),
        cmocka_unit_test(test_ranges_and_threads),
        cmocka_unit_test(test_bad_calls),
        cmocka_unit_test(test_no_rows),
        cmocka_unit_test(test_sink_fails),
        cmocka_unit_test(test_out_of_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
