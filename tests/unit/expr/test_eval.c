/* Values over a batch, where the answer can be written down by hand: nulls, ownership of the
 * result, batches of awkward sizes, filters, one-row tests, wrong batches, memory. The
 * comparison with an engine on many expressions is in test_sql_duckdb.c. */
#include "expr_data.h"
#include "up_test.h"

#include <math.h>
#include <string.h>

typedef struct bound {
    upi_expr *e;
    upi_expr_scratch *scratch;
    upi_type type;
} bound;

static bound
bind_text(const char *text, const upi_schema *schema)
{
    bound b = {0};
    up_error err = UP_ERROR_INIT;
    assert_ok(upi_expr_parse(text, &b.e, &err), &err);
    up_status status = upi_expr_bind(b.e, schema, &b.type, &err);
    if (status != UP_OK) {
        fail_msg("%s: %s", text, err.message);
    }
    assert_ok(upi_expr_scratch_make(b.e, &b.scratch, &err), &err);
    return b;
}

static void
drop(bound *b)
{
    upi_expr_scratch_free(b->scratch);
    upi_expr_free(b->e);
}

/* Three-valued logic, the whole table: rows run over (b, c) in {true, false, null}^2. */
static void
logic_of_three_values(void **state)
{
    (void)state;
    static const uint8_t p[9] = {1, 1, 1, 0, 0, 0, 0, 0, 0};
    static const uint8_t q[9] = {1, 0, 0, 1, 0, 0, 1, 0, 0};
    static const uint64_t p_valid = 0x03F;
    static const uint64_t q_valid = 0x0DB;
    const upi_column columns[] = {{UPI_BOOL, p, &p_valid}, {UPI_BOOL, q, &q_valid}};
    const upi_batch batch = {9, 2, columns};
    const char *const names[] = {"p", "q"};
    const upi_type types[] = {UPI_BOOL, UPI_BOOL};
    const upi_schema schema = {2, names, types};
    static const struct {
        const char *text, *values; /* t, f, n by row */
    } cases[] = {{"p", "tttfffnnn"}, {"q", "tfntfntfn"}, {"p and q", "tfnfffnfn"},
        {"p or q", "ttttfntnn"}, {"not p", "ffftttnnn"}, {"p = q", "tfnftnnnn"},
        {"p != q", "ftntfnnnn"}, {"p < q", "ffntfnnnn"}, {"p <= q", "tfnttnnnn"},
        {"p > q", "ftnffnnnn"}, {"p is null", "ffffffttt"},
        {"p is not null", "ttttttfff"}, {"p in (q, false)", "tfntttnnn"},
        {"p in (true)", "tttfffnnn"}, {"p in (true, null)", "tttnnnnnn"},
        {"p not in (true, null)", "fffnnnnnn"}, {"p not in (null)", "nnnnnnnnn"},
        {"if(p, q, not q)", "tfnftnftn"}, {"coalesce(p, q)", "tttffftfn"},
        {"coalesce(q, false)", "tfftfftff"}, {"p and null", "nnnfffnnn"},
        {"p or null", "tttnnnnnn"}, {"null", "nnnnnnnnn"}, {"p = 1", "tttfffnnn"},
        {"p between q and true", "ttnftnnnn"}, {"null between p and q", "nnnnnnnnn"},
        {"true", "ttttttttt"}, {"1 = 1", "ttttttttt"}, {"1 > 2", "fffffffff"},
        {"1 = null", "nnnnnnnnn"}, {"2 in (1, null)", "nnnnnnnnn"},
        {"2 in (2, null)", "ttttttttt"}, {"'a' < 'b'", "ttttttttt"},
        {"p and q and p and not q", "ffnfffffn"}};
    for (size_t k = 0; k < sizeof cases / sizeof cases[0]; k++) {
        up_error err = UP_ERROR_INIT;
        upi_column out;
        uint64_t rows[UPI_BATCH_ROWS / 64];
        int64_t count = 0;
        bound b = bind_text(cases[k].text, &schema);
        assert_ok(upi_expr_eval(b.e, &batch, b.scratch, &out, &err), &err);
        char seen[10] = "";
        int64_t trues = 0;
        for (int i = 0; i < 9; i++) {
            bool null = out.type == UPI_F64 ? isnan(((const double *)out.data)[i])
                                            : !upi_valid(&out, i);
            bool yes = !null && ((const uint8_t *)out.data)[i] != 0;
            seen[i] = "ftn"[null ? 2 : yes];
            trues += seen[i] == 't';
        }
        if (strcmp(seen, cases[k].values) != 0) {
            fail_msg("%s gave %s, not %s", cases[k].text, seen, cases[k].values);
        }
        assert_ok(upi_expr_select(b.e, &batch, b.scratch, rows, &count, &err), &err);
        assert_int_equal(count, trues);
        for (int i = 0; i < 9; i++) {
            assert_int_equal((rows[0] >> i) & 1, cases[k].values[i] == 't');
        }
        assert_int_equal(rows[0] >> 9, 0);
        for (int i = 0; i < 9; i++) { /* and row by row */
            const upi_scalar row[2] = {
                {.type = UPI_BOOL, .null = !((p_valid >> i) & 1), .i64 = p[i]},
                {.type = UPI_BOOL, .null = !((q_valid >> i) & 1), .i64 = q[i]}};
            int result = 9;
            assert_ok(upi_expr_test(b.e, row, b.scratch, &result, &err), &err);
            assert_int_equal(result, cases[k].values[i] == 't'   ? 1
                                     : cases[k].values[i] == 'f' ? 0
                                                                 : -1);
        }
        drop(&b);
    }
}

/* Numbers by hand; NaN where the value is missing. */
static void
numbers(void **state)
{
    (void)state;
    const double nan = (double)NAN;
    const double inf = (double)INFINITY;
    static const upi_schema none = {0, NULL, NULL};
    const struct {
        const char *text;
        double value;
    } cases[] = {{"1 + 2", 3}, {"7 / 2", 3.5}, {"1 / 0", nan}, {"0 / 0", nan},
        {"-1 / 0.0", nan}, {"7 % 3", 1}, {"-7 % 3", -1}, {"7 % -3", 1},
        {"7.5 % 2", 1.5}, {"7 % 0", nan},
        {"9223372036854775807 + 1", 9223372036854775808.0},
        {"9223372036854775807 * 9223372036854775807", 8.507059173023462e37},
        {"-9223372036854775808 - 1", -9223372036854775808.0}, {"ln(1)", 0},
        {"ln(0)", nan}, {"ln(-1)", nan}, {"ln(0.0)", nan}, {"exp(0)", 1},
        {"exp(1000)", inf}, {"exp(-1000)", 0}, {"-exp(1000)", -inf},
        {"exp(1000) - exp(1000)", nan}, {"exp(1000) * 0", nan},
        {"exp(1000) / exp(1000)", nan}, {"1e308 * 10", inf}, {"abs(-3)", 3},
        {"floor(-2.5)", -3}, {"floor(2.5)", 2}, {"true + true", 2}, {"-true", -1},
        {"null + 1", nan}, {"2 + 3 * 4", 14}, {"(2 + 3) * 4", 20}, {"10 - 2 - 3", 5},
        {"100 / 10 / 5", 2}, {"-2 * -3", 6}, {"- -2.5", 2.5},
        {"if(1 > 2, 1.5, 2.5)", 2.5}, {"if(null, 1.5, 2.5)", 2.5},
        {"coalesce(null, 1 / 0, 4.5)", 4.5}, {"least(3.5, 1, 2)", 1},
        {"greatest(3.5, 1, 2)", 3.5}, {"least(1.5, null)", nan},
        {"least(1.5, 0 / 0)", nan}, {"greatest(1.5, exp(1000))", inf},
        {"0.1 + 0.2", 0.30000000000000004}};
    for (size_t k = 0; k < sizeof cases / sizeof cases[0]; k++) {
        up_error err = UP_ERROR_INIT;
        upi_column out;
        bound b = bind_text(cases[k].text, &none);
        const upi_batch batch = {3, 0, NULL};
        assert_ok(upi_expr_eval(b.e, &batch, b.scratch, &out, &err), &err);
        assert_int_equal(out.type, UPI_F64);
        for (int i = 0; i < 3; i++) {
            up_assert_close(((const double *)out.data)[i], cases[k].value, 1e-15, 0,
                cases[k].text, __FILE__, __LINE__);
        }
        drop(&b);
    }
}

/* Integers beyond 2^53 are compared exactly with integers, as doubles with doubles. */
static void
exact_integers(void **state)
{
    (void)state;
    static const int64_t v[3] = {9007199254740992, 9007199254740993, INT64_MIN};
    const upi_column column = {UPI_I64, v, NULL};
    const upi_batch batch = {3, 1, &column};
    const char *name = "v";
    const upi_type type = UPI_I64;
    const upi_schema schema = {1, &name, &type};
    static const struct {
        const char *text;
        uint64_t rows;
    } cases[] = {{"v = 9007199254740993", 2}, {"v = 9007199254740992.0", 3},
        {"v in (9007199254740993, 1)", 2}, {"v in (9007199254740993, 0.5)", 3},
        {"v = -9223372036854775808", 4}, {"v < -9223372036854775807", 4},
        {"v between 9007199254740993 and 9007199254740993", 2},
        {"9007199254740992 < v", 2}, {"9007199254740992 <= v", 3},
        {"9007199254740993 > v", 5}, {"0 >= v", 4},
        {"least(v, 9007199254740993) = v", 7}};
    for (size_t k = 0; k < sizeof cases / sizeof cases[0]; k++) {
        up_error err = UP_ERROR_INIT;
        uint64_t rows[UPI_BATCH_ROWS / 64];
        int64_t count = 0;
        bound b = bind_text(cases[k].text, &schema);
        assert_ok(upi_expr_select(b.e, &batch, b.scratch, rows, &count, &err), &err);
        if (rows[0] != cases[k].rows) {
            fail_msg("%s: %d", cases[k].text, (int)rows[0]);
        }
        drop(&b);
    }
}

static data_table table;

/* A bare column is the batch's own column. */
static void
bare_columns_are_not_copied(void **state)
{
    (void)state;
    data_fill(&table, 100, 3);
    for (int col = 0; col < DATA_COLUMNS; col++) {
        up_error err = UP_ERROR_INIT;
        upi_column out;
        bound b = bind_text(data_schema.names[col], &data_schema);
        assert_ok(upi_expr_eval(b.e, &table.batch, b.scratch, &out, &err), &err);
        assert_ptr_equal(out.data, table.columns[col].data);
        assert_ptr_equal(out.validity, table.columns[col].validity);
        drop(&b);
    }
}

/* The first n values of two columns are the same. */
static void
assert_same_values(const upi_column *a, const upi_column *z, int64_t n)
{
    size_t size = a->type == UPI_BOOL ? 1 : a->type == UPI_STR ? 16 : 8;
    assert_int_equal(a->type, z->type);
    for (int64_t i = 0; i < n; i++) {
        assert_int_equal(upi_valid(a, i), upi_valid(z, i));
        const char *p = (const char *)a->data + (size_t)i * size;
        const char *q = (const char *)z->data + (size_t)i * size;
        double pd = 0;
        double qd = 0;
        if (a->type == UPI_F64) {
            memcpy(&pd, p, 8);
            memcpy(&qd, q, 8);
            assert_true(pd == qd || (isnan(pd) && isnan(qd)));
        } else if (upi_valid(a, i)) {
            assert_memory_equal(p, q, size);
        }
    }
}

/* The same rows give the same values in batches of any size: 0, 1, 63, 64, 65, ..., full. */
static void
any_batch_size(void **state)
{
    (void)state;
    static data_table whole;
    static data_table part;
    static const char *const texts[] = {"x + i / y > 2 or s in ('a', u) and not b",
        "if(b, x, i)", "coalesce(s, u)", "least(i, j)", "greatest(d, t)", "x = y",
        "b and c", "s < u", "weekday(d) = 1", "i in (1,2,3,4,5,6,7,8,9,10)", "b + 1"};
    static const int64_t sizes[] = {
        0, 1, 2, 63, 64, 65, 127, 128, 129, 2000, 2047, 2048};
    data_fill(&whole, UPI_BATCH_ROWS, 5);
    for (size_t k = 0; k < sizeof texts / sizeof texts[0]; k++) {
        up_error err = UP_ERROR_INIT;
        upi_column a;
        upi_column z;
        bound all = bind_text(texts[k], &data_schema);
        bound some = bind_text(texts[k], &data_schema);
        assert_ok(upi_expr_eval(all.e, &whole.batch, all.scratch, &a, &err), &err);
        for (size_t s = 0; s < sizeof sizes / sizeof sizes[0]; s++) {
            data_fill(&part, sizes[s], 5);
            assert_ok(upi_expr_eval(some.e, &part.batch, some.scratch, &z, &err), &err);
            assert_same_values(&a, &z, sizes[s]);
        }
        drop(&all);
        drop(&some);
    }
}

/* After the first batch nothing is allocated. */
static void
no_allocation_later(void **state)
{
    (void)state;
    up_error err = UP_ERROR_INIT;
    upi_column out;
    data_fill(&table, UPI_BATCH_ROWS, 6);
    bound b = bind_text("if(s in ('a', u) and x > 3, coalesce(x, i), least(y, 2) * 3) "
                        "between 0 and 5 or b",
        &data_schema);
    assert_ok(upi_expr_eval(b.e, &table.batch, b.scratch, &out, &err), &err);
    upi_mem_fail_after(1);
    for (int k = 0; k < 3; k++) {
        assert_ok(upi_expr_eval(b.e, &table.batch, b.scratch, &out, &err), &err);
    }
    upi_mem_fail_after(0);
    drop(&b);
}

/* Texts by value, constants spread over the rows. */
static void
constants_fill_the_rows(void **state)
{
    (void)state;
    static const upi_schema none = {0, NULL, NULL};
    const upi_batch batch = {70, 0, NULL};
    up_error err = UP_ERROR_INIT;
    upi_column out;
    bound text = bind_text("'thirteen byte'", &none);
    bound date = bind_text("date('1970-01-11')", &none);
    bound year = bind_text("year('1999-12-31')", &none);
    bound flag = bind_text("not false", &none);
    assert_ok(upi_expr_eval(text.e, &batch, text.scratch, &out, &err), &err);
    assert_int_equal(out.type, UPI_STR);
    const upi_str *s = (const upi_str *)out.data + 69;
    assert_int_equal(upi_str_length(s), 13);
    assert_memory_equal(upi_str_data(s), "thirteen byte", 13);
    assert_ok(upi_expr_eval(date.e, &batch, date.scratch, &out, &err), &err);
    assert_int_equal(out.type, UPI_DATE);
    assert_int_equal(((const int64_t *)out.data)[69], 10);
    assert_null(out.validity);
    assert_ok(upi_expr_eval(year.e, &batch, year.scratch, &out, &err), &err);
    assert_int_equal(((const int64_t *)out.data)[69], 1999);
    assert_ok(upi_expr_eval(flag.e, &batch, flag.scratch, &out, &err), &err);
    assert_int_equal(((const uint8_t *)out.data)[69], 1);
    drop(&text);
    drop(&date);
    drop(&year);
    drop(&flag);
}

/* Dates outside any calendar have null parts; a day beyond the timestamps saturates. */
static void
dates_beyond(void **state)
{
    (void)state;
    static const int64_t v[4] = {INT64_MAX, INT64_MIN, 0, INT64_C(3000000000)};
    const upi_column column = {UPI_DATE, v, NULL};
    const upi_batch batch = {4, 1, &column};
    const char *name = "v";
    const upi_type type = UPI_DATE;
    const upi_schema schema = {1, &name, &type};
    up_error err = UP_ERROR_INIT;
    upi_column out;
    bound year = bind_text("year(v)", &schema);
    assert_ok(upi_expr_eval(year.e, &batch, year.scratch, &out, &err), &err);
    assert_int_equal(out.validity[0], 4);
    assert_int_equal(((const int64_t *)out.data)[2], 1970);
    bound later = bind_text("v > '2000-01-01 00:00:00'", &schema);
    uint64_t rows[UPI_BATCH_ROWS / 64];
    int64_t count = 0;
    assert_ok(
        upi_expr_select(later.e, &batch, later.scratch, rows, &count, &err), &err);
    assert_int_equal(rows[0], 9);
    drop(&year);
    drop(&later);
}

static void
scalars_of_all_types(void **state)
{
    (void)state;
    up_error err = UP_ERROR_INIT;
    upi_scalar row[DATA_COLUMNS];
    int result = 9;
    for (int col = 0; col < DATA_COLUMNS; col++) {
        row[col] = (upi_scalar){.type = data_schema.types[col],
            .f64 = 2.5,
            .i64 = 1,
            .text = upi_str_make("thirteen byte", 13)};
    }
    bound b = bind_text("x = 2.5 and i = 1 and b and s = 'thirteen byte' and "
                        "d = '1970-01-02' and t = '1970-01-01 00:00:00.000001'",
        &data_schema);
    assert_ok(upi_expr_test(b.e, row, b.scratch, &result, &err), &err);
    assert_int_equal(result, 1);
    row[DATA_X].f64 = (double)NAN;
    assert_ok(upi_expr_test(b.e, row, b.scratch, &result, &err), &err);
    assert_int_equal(result, -1);
    row[DATA_S].text = upi_str_make("thirteen bytf", 13);
    assert_ok(upi_expr_test(b.e, row, b.scratch, &result, &err), &err);
    assert_int_equal(result, 0);
    bound number = bind_text("x + 1", &data_schema);
    assert_fails(
        upi_expr_test(number.e, row, number.scratch, &result, &err), UP_E_TYPE, &err);
    drop(&b);
    drop(&number);
}

static void
wrong_batches(void **state)
{
    (void)state;
    data_fill(&table, 10, 1);
    up_error err = UP_ERROR_INIT;
    upi_column out;
    uint64_t rows[UPI_BATCH_ROWS / 64];
    int64_t count = 0;
    bound b = bind_text("t > '2020-01-01'", &data_schema);
    upi_batch batch = table.batch;
    batch.n_columns = 3;
    assert_fails(
        upi_expr_eval(b.e, &batch, b.scratch, &out, &err), UP_E_INTERNAL, &err);
    assert_string_equal(err.field, "t");
    assert_int_equal(upi_expr_eval(b.e, &batch, b.scratch, &out, &err), UP_E_INTERNAL);
    assert_int_equal(
        upi_expr_select(b.e, &batch, b.scratch, rows, &count, NULL), UP_E_INTERNAL);
    batch = table.batch;
    table.columns[DATA_T].type = UPI_I64;
    assert_int_equal(upi_expr_eval(b.e, &batch, b.scratch, &out, NULL), UP_E_INTERNAL);
    batch.n = UPI_BATCH_ROWS + 1;
    assert_int_equal(upi_expr_eval(b.e, &batch, b.scratch, &out, NULL), UP_E_INTERNAL);
    drop(&b);
    up_error none = UP_ERROR_INIT;
    bound number = bind_text("x + 1", &data_schema);
    assert_fails(
        upi_expr_select(number.e, &table.batch, number.scratch, rows, &count, &none),
        UP_E_TYPE, &none);
    drop(&number);
    upi_expr *loose = NULL;
    none = (up_error)UP_ERROR_INIT;
    assert_ok(upi_expr_parse("x > 1", &loose, &none), &none);
    assert_fails(
        upi_expr_eval(loose, &table.batch, NULL, &out, &none), UP_E_INTERNAL, &none);
    upi_expr_free(loose);
    upi_expr_scratch_free(NULL);
}

static up_status
whole_path(void *ctx, up_error *err)
{
    up_status status = UP_OK;
    upi_expr *e = NULL;
    upi_expr_scratch *scratch = NULL;
    upi_column out;
    upi_text sql = {0};
    int result = 0;
    upi_scalar row[DATA_COLUMNS];
    for (int col = 0; col < DATA_COLUMNS; col++) {
        row[col] = (upi_scalar){.type = data_schema.types[col], .null = true};
    }
    UP_TRY(upi_expr_parse(ctx, &e, err));
    UP_TRY(upi_expr_bind(e, &data_schema, NULL, err));
    UP_TRY(upi_expr_scratch_make(e, &scratch, err));
    UP_TRY(upi_expr_eval(e, &table.batch, scratch, &out, err));
    UP_TRY(upi_expr_test(e, row, scratch, &result, err));
    UP_TRY(upi_expr_sql(e, &upi_dialect_trino, &sql, err));
out:
    upi_text_free(&sql);
    upi_expr_scratch_free(scratch);
    upi_expr_free(e);
    return status;
}

static void
memory_runs_out(void **state)
{
    (void)state;
    data_fill(&table, 10, 1);
    char text[] =
        "if(s in ('a', u), coalesce(x, i), 2) > 1 and d = '2020-01-01' or "
        "i in (1,2,3,4,5,6,7,8,9,10) or least(s, u) = 'a' or "
        "s in ('a','b','c','d','e','f','g','h','i','j') and weekday(t) = 2 and "
        "x in (1.5,2,3,4,5,6,7,8,9,10)";
    up_sweep_memory(whole_path, text);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(logic_of_three_values),
        cmocka_unit_test(numbers),
        cmocka_unit_test(exact_integers),
        cmocka_unit_test(bare_columns_are_not_copied),
        cmocka_unit_test(any_batch_size),
        cmocka_unit_test(no_allocation_later),
        cmocka_unit_test(constants_fill_the_rows),
        cmocka_unit_test(dates_beyond),
        cmocka_unit_test(scalars_of_all_types),
        cmocka_unit_test(wrong_batches),
        cmocka_unit_test(memory_runs_out),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
