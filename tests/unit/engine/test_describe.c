/* Descriptions: by hand on a small table, by formula on a large one, the same from every
 * engine and for any number of threads. */
#include "engine_support.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static up_description *
describe(up_source *s, int64_t threads)
{
    up_error err = UP_ERROR_INIT;
    up_description *d = NULL;
    up_run run = {.struct_size = sizeof run, .threads = threads};
    assert_ok(up_source_describe(s, &run, &d, &err), &err);
    return d;
}

/* x = 1, 2, 4, inf, missing twice: mean 7/3, sd sqrt(7/3) of the finite ones. */
static void
test_by_hand(void **state)
{
    (void)state;
    static const double x[] = {1, 2, 4, INFINITY, NAN, 3};
    static const uint8_t gone[] = {0, 0, 0, 0, 0, 1};
    static const char *const s[] = {"b", "a", "b", NULL, "c", "a"};
    static const uint8_t b[] = {1, 0, 0, 0, 1, 0};
    static const int64_t n[] = {5, 5, 5, 5, 5, 5};
    const up_column columns[] = {{.name = "x", .f64 = x, .missing = gone},
        {.name = "s", .text = s}, {.name = "b", .boolean = b}, {.name = "n", .i64 = n}};
    up_error err = UP_ERROR_INIT;
    up_source *source = NULL;
    assert_ok(up_source_from_columns_borrow(columns, 4, 6, &source, &err), &err);
    up_description *d = describe(source, 1);
    up_source_free(source);
    assert_int_equal(up_description_rows(d), 6);
    assert_int_equal(up_description_columns(d), 4);
    up_column_info c = up_description_column(d, 0);
    assert_string_equal(c.name, "x");
    assert_string_equal(c.type, "number");
    assert_int_equal(c.rows, 6);
    assert_int_equal(c.missing, 2);
    assert_int_equal(c.infinite, 1);
    assert_int_equal(c.distinct, 4);
    assert_close(c.min, 1, 0, 0);
    assert_true(isinf(c.max));
    assert_close(c.mean, 7.0 / 3, 1e-15, 0);
    assert_close(c.sd, sqrt(7.0 / 3), 1e-15, 0);
    assert_string_equal(c.example, "1, 2, 4, inf");
    c = up_description_column(d, 1);
    assert_string_equal(c.type, "text");
    assert_int_equal(c.missing, 1);
    assert_int_equal(c.distinct, 3);
    assert_true(isnan(c.min) && isnan(c.max) && isnan(c.mean) && isnan(c.sd));
    assert_string_equal(c.example, "a, b, c");
    c = up_description_column(d, 2);
    assert_string_equal(c.type, "boolean");
    assert_close(c.mean, 1.0 / 3, 1e-15, 0);
    assert_string_equal(c.example, "false, true");
    c = up_description_column(d, 3);
    assert_close(c.sd, 0, 0, 0);
    assert_int_equal(c.distinct, 1);
    c = up_description_column(d, 4);
    assert_string_equal(c.name, "");
    up_description_free(d);
    assert_int_equal(upi_mem_live(), 0);
}

/* 1e9 + 0 .. 1e9 + N-1: mean 1e9 + (N-1)/2, variance N (N + 1) / 12; raw sums of squares
 * would lose it altogether. */
static void
test_large(void **state)
{
    (void)state;
    enum { N = 400000 };
    engine_sql(
        "COPY (SELECT 1e9 + i AS x, i AS id, i % 10000 AS k, 'k' || (i % 3) AS s, "
        "DATE '1970-01-11' + CAST(i % 3 AS INTEGER) AS d, "
        "TIMESTAMP '1970-01-01 00:00:10' AS t, [1] AS l FROM range(400000) r(i)) "
        "TO '@/large.parquet' (FORMAT parquet)");
    up_error err = UP_ERROR_INIT;
    up_description *many[2];
    for (int64_t threads = 1; threads <= 2; threads++) {
        up_source *s = NULL;
        assert_ok(up_source_open(engine_path("large.parquet"), NULL, &s, &err), &err);
        many[threads - 1] = describe(s, threads);
        up_source_free(s);
    }
    up_column_info c = up_description_column(many[0], 0);
    assert_int_equal(c.rows, N);
    assert_close(c.mean, 1e9 + (N - 1) / 2.0, 1e-15, 0);
    assert_close(c.sd, sqrt(N * (N + 1.0) / 12), 1e-13, 0);
    assert_close(c.max, 1e9 + N - 1, 0, 0);
    assert_close((double)c.distinct, N, 0.06, 0); /* more than three standard errors */
    c = up_description_column(many[0], 1);
    assert_string_equal(c.example, "0, 1, 2, ...");
    c = up_description_column(many[0], 2);
    assert_int_equal(c.distinct, 10000);
    assert_string_equal(c.example, "0, 1, 2, 3, 4");
    c = up_description_column(many[0], 3);
    assert_int_equal(c.distinct, 3);
    assert_string_equal(c.example, "k0, k1, k2");
    c = up_description_column(many[0], 4);
    assert_string_equal(c.type, "date");
    assert_close(c.min, 10, 0, 0);
    assert_close(c.max, 12, 0, 0);
    assert_true(isnan(c.mean));
    assert_string_equal(c.example, "1970-01-11, 1970-01-12, 1970-01-13");
    c = up_description_column(many[0], 5);
    assert_close(c.min, 10, 0, 0); /* seconds */
    c = up_description_column(many[0], 6);
    assert_string_equal(c.type, "INTEGER[]");
    assert_int_equal(c.rows, N);
    for (int64_t i = 0; i < 7; i++) {
        up_column_info a = up_description_column(many[0], i);
        up_column_info b = up_description_column(many[1], i);
        assert_int_equal(a.distinct, b.distinct);
        assert_memory_equal(&a.mean, &b.mean, sizeof a.mean);
        assert_memory_equal(&a.sd, &b.sd, sizeof a.sd);
        assert_string_equal(a.example, b.example);
    }
    up_description_free(many[0]);
    up_description_free(many[1]);
}

/* More columns than one pass takes. */
static void
test_wide(void **state)
{
    (void)state;
    enum { COLUMNS = 2100 };
    static const int64_t values[] = {3, 5};
    static char names[COLUMNS][16];
    static up_column columns[COLUMNS];
    for (int i = 0; i < COLUMNS; i++) {
        (void)snprintf(names[i], sizeof names[i], "c%d", i);
        columns[i] = (up_column){.name = names[i], .i64 = values};
    }
    up_error err = UP_ERROR_INIT;
    up_source *s = NULL;
    assert_ok(up_source_from_columns_borrow(columns, COLUMNS, 2, &s, &err), &err);
    up_description *d = describe(s, 2);
    for (int64_t i = 0; i < COLUMNS; i++) {
        up_column_info c = up_description_column(d, i);
        assert_string_equal(c.name, names[i]);
        assert_close(c.mean, 4, 0, 0);
        assert_int_equal(c.distinct, 2);
    }
    up_description_free(d);
    up_source_free(s);
}

/* So many distinct values that columns have to wait for another pass: nothing else changes. */
static void
test_wide_and_full(void **state)
{
    (void)state;
    enum { COLUMNS = 300, ROWS = 4200 };
    static int64_t values[ROWS + COLUMNS];
    static char names[COLUMNS][16];
    static up_column columns[COLUMNS];
    for (int i = 0; i < ROWS + COLUMNS; i++) {
        values[i] = i;
    }
    for (int i = 0; i < COLUMNS; i++) {
        (void)snprintf(names[i], sizeof names[i], "c%d", i);
        columns[i] = (up_column){.name = names[i], .i64 = values + i};
    }
    up_error err = UP_ERROR_INIT;
    up_source *s = NULL;
    assert_ok(up_source_from_columns_borrow(columns, COLUMNS, ROWS, &s, &err), &err);
    up_description *d = describe(s, 2);
    assert_int_equal(up_description_rows(d), ROWS);
    for (int64_t i = 0; i < COLUMNS; i++) {
        up_column_info c = up_description_column(d, i);
        char wanted[64];
        (void)snprintf(wanted, sizeof wanted, "%d, %d, %d, %d, %d", (int)i, (int)i + 1,
            (int)i + 2, (int)i + 3, (int)i + 4);
        assert_int_equal(c.distinct, ROWS);
        assert_int_equal(c.rows, ROWS);
        assert_close(c.min, (double)i, 0, 0);
        assert_close(c.mean, (double)i + (ROWS - 1) / 2.0, 1e-15, 0);
        assert_close(c.sd, sqrt(ROWS * (ROWS + 1.0) / 12), 1e-13, 0);
        assert_string_equal(c.example, wanted);
    }
    up_description_free(d);
    up_source_free(s);
}

static void
test_nothing(void **state)
{
    (void)state;
    static const double x[] = {NAN};
    const up_column column = {.name = "x", .f64 = x};
    up_error err = UP_ERROR_INIT;
    for (int64_t rows = 0; rows <= 1; rows++) {
        up_source *s = NULL;
        assert_ok(up_source_from_columns_borrow(&column, 1, rows, &s, &err), &err);
        up_description *d = describe(s, 1);
        up_column_info c = up_description_column(d, 0);
        assert_int_equal(c.rows, rows);
        assert_int_equal(c.missing, rows);
        assert_int_equal(c.distinct, 0);
        assert_true(isnan(c.min) && isnan(c.max) && isnan(c.mean) && isnan(c.sd));
        assert_string_equal(c.example, "");
        up_description_free(d);
        up_source_free(s);
    }
    up_description *d = NULL;
    assert_fails(up_source_describe(NULL, NULL, &d, &err), UP_E_ARGUMENT, &err);
    up_description_free(NULL);
    assert_int_equal(up_description_rows(NULL), 0);
}

static up_status
describe_few(void *ctx, up_error *err)
{
    (void)ctx;
    static const double x[] = {1, 2, 2};
    static const char *const t[] = {"a", "b", "a text of more than twelve bytes"};
    const up_column columns[] = {{.name = "x", .f64 = x}, {.name = "t", .text = t}};
    up_status status = UP_OK;
    up_source *s = NULL;
    up_description *d = NULL;
    up_run run = {.struct_size = sizeof run, .threads = 1};
    UP_TRY(up_source_from_columns_borrow(columns, 2, 3, &s, err));
    UP_TRY(up_source_describe(s, &run, &d, err));
out:
    up_description_free(d);
    up_source_free(s);
    return status;
}

static void
test_out_of_memory(void **state)
{
    (void)state;
    up_sweep_memory(describe_few, NULL);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_by_hand),
        cmocka_unit_test(test_large),
        cmocka_unit_test(test_wide),
        cmocka_unit_test(test_wide_and_full),
        cmocka_unit_test(test_nothing),
        cmocka_unit_test(test_out_of_memory),
    };
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    engine_clean();
    return failed;
}
