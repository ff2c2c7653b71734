/* The SQL of an expression gives the values of eval, row by row, in a real engine: fixed and
 * generated expressions over the hostile batch. The engine is independent of our loops, so
 * this is also the oracle of eval. */
#include "expr_data.h"
#include "up_test.h"

#include <duckdb.h>
#include <math.h>
#include <stdio.h>

/* Long enough to be searched instead of compared one by one. */
#define DATE_LIST                                                                      \
    "d in ('2021-01-01','2021-01-03','2021-01-04','1970-01-01','1969-12-31',"          \
    "'2000-01-01','2001-01-01','2002-01-01','2003-01-01','2024-02-29')"

static duckdb_database database;
static duckdb_connection connection;
static data_table table;

static void
run(const char *sql)
{
    if (duckdb_query(connection, sql, NULL) != DuckDBSuccess) {
        fail_msg("the engine refuses: %s", sql);
    }
}

static void
append_row(duckdb_appender a, int64_t k)
{
    const data_table *t = &table;
    for (int col = 0; col < DATA_COLUMNS; col++) {
        if (!upi_valid(&t->columns[col], k)) {
            duckdb_append_null(a);
            continue;
        }
        const upi_column *c = &t->columns[col];
        const upi_str *s = (const upi_str *)c->data + k;
        switch (c->type) {
        case UPI_F64:
            duckdb_append_double(a, ((const double *)c->data)[k]);
            break;
        case UPI_I64:
            duckdb_append_int64(a, ((const int64_t *)c->data)[k]);
            break;
        case UPI_BOOL:
            duckdb_append_bool(a, ((const uint8_t *)c->data)[k] != 0);
            break;
        case UPI_STR:
            duckdb_append_varchar_length(a, upi_str_data(s), upi_str_length(s));
            break;
        case UPI_DATE:
            duckdb_append_date(
                a, (duckdb_date){(int32_t)((const int64_t *)c->data)[k]});
            break;
        case UPI_TIME:
            duckdb_append_timestamp(
                a, (duckdb_timestamp){((const int64_t *)c->data)[k]});
            break;
        }
    }
    duckdb_append_int64(a, k);
    assert_int_equal(duckdb_appender_end_row(a), DuckDBSuccess);
}

static int
open_table(void **state)
{
    (void)state;
    data_fill(&table, 500, 11);
    assert_int_equal(duckdb_open(NULL, &database), DuckDBSuccess);
    assert_int_equal(duckdb_connect(database, &connection), DuckDBSuccess);
    run("SET threads = 1");
    run("CREATE TABLE v (x DOUBLE, y DOUBLE, i BIGINT, j BIGINT, b BOOLEAN, c BOOLEAN, "
        "s VARCHAR, u VARCHAR, d DATE, e DATE, t TIMESTAMP, id BIGINT)");
    duckdb_appender a = NULL;
    assert_int_equal(duckdb_appender_create(connection, NULL, "v", &a), DuckDBSuccess);
    for (int64_t k = 0; k < table.n; k++) {
        append_row(a, k);
    }
    assert_int_equal(duckdb_appender_destroy(&a), DuckDBSuccess);
    return 0;
}

static int
close_table(void **state)
{
    (void)state;
    duckdb_disconnect(&connection);
    duckdb_close(&database);
    return 0;
}

/* One row of the engine's vector against one row of ours; writes both to `story`. */
static bool
same_row(const upi_column *ours, int64_t k, duckdb_vector v, duckdb_type type,
    idx_t row, char *story, size_t size)
{
    uint64_t *validity = duckdb_vector_get_validity(v);
    const void *data = duckdb_vector_get_data(v);
    bool there = validity == NULL || duckdb_validity_row_is_valid(validity, row);
    bool here = upi_valid(ours, k); /* of a bare column; else missing numbers are NaN */
    if (ours->type == UPI_F64) {
        double x = here ? ((const double *)ours->data)[k] : (double)NAN;
        double y = there ? ((const double *)data)[row] : (double)NAN;
        (void)snprintf(story, size, "%.17g here, %.17g there", x, y);
        return type == DUCKDB_TYPE_DOUBLE &&
               ((isnan(x) && isnan(y)) || x == y || fabs(x - y) <= 4e-16 * fabs(y));
    }
    (void)snprintf(story, size, "null: %d here, %d there", !here, !there);
    if (here != there || !here) {
        return here == there;
    }
    if (ours->type == UPI_STR) {
        const upi_str *x = (const upi_str *)ours->data + k;
        duckdb_string_t y = ((const duckdb_string_t *)data)[row];
        return type == DUCKDB_TYPE_VARCHAR &&
               upi_str_length(x) == duckdb_string_t_length(y) &&
               memcmp(upi_str_data(x), duckdb_string_t_data(&y), upi_str_length(x)) ==
                   0;
    }
    int64_t x = ours->type == UPI_BOOL ? ((const uint8_t *)ours->data)[k]
                                       : ((const int64_t *)ours->data)[k];
    int64_t y = type == DUCKDB_TYPE_BOOLEAN ? ((const uint8_t *)data)[row]
                : type == DUCKDB_TYPE_DATE  ? ((const int32_t *)data)[row]
                                            : ((const int64_t *)data)[row];
    (void)snprintf(story, size, "%lld here, %lld there", (long long)x, (long long)y);
    return x == y;
}

/* Compares the rows of a chunk with ours from row `first` on; returns their number. */
static int64_t
compare_chunk(const upi_column *ours, int64_t first, duckdb_data_chunk chunk,
    duckdb_type type, const char *sql)
{
    duckdb_vector v = duckdb_data_chunk_get_vector(chunk, 0);
    idx_t n = duckdb_data_chunk_get_size(chunk);
    for (idx_t row = 0; row < n; row++) {
        char story[128] = "";
        int64_t k = first + (int64_t)row;
        if (!same_row(ours, k, v, type, row, story, sizeof story)) {
            print_error("%s\n", sql);
            fail_msg("row %lld, type %d: %s", (long long)k, (int)type, story);
        }
    }
    return (int64_t)n;
}

static void
compare_rows(const upi_column *ours, const char *sql)
{
    duckdb_result result;
    if (duckdb_query(connection, sql, &result) != DuckDBSuccess) {
        print_error("%s\n", sql);
        fail_msg("the engine refuses: %s", duckdb_result_error(&result));
    }
    duckdb_type type = duckdb_column_type(&result, 0);
    int64_t k = 0;
    for (duckdb_data_chunk chunk = duckdb_fetch_chunk(result); chunk != NULL;
         chunk = duckdb_fetch_chunk(result)) {
        k += compare_chunk(ours, k, chunk, type, sql);
        duckdb_destroy_data_chunk(&chunk);
    }
    assert_int_equal(k, table.n);
    duckdb_destroy_result(&result);
}

/* Parse, bind, evaluate, render, ask the engine; also by way of the canonical text. */
static void
check(const char *text, const upi_dialect *dialect)
{
    up_error err = UP_ERROR_INIT;
    upi_expr *e = NULL;
    upi_expr_scratch *scratch = NULL;
    upi_column ours;
    upi_text sql = {0};
    char *canonical = NULL;
    char *again = NULL;
    upi_type type;
    assert_ok(upi_expr_parse(text, &e, &err), &err);
    assert_ok(upi_expr_text(e, &canonical, &err), &err);
    upi_expr_free(e);
    assert_ok(upi_expr_parse(canonical, &e, &err), &err);
    assert_ok(upi_expr_text(e, &again, &err), &err);
    assert_string_equal(canonical, again);
    up_status bound = upi_expr_bind(e, &data_schema, &type, &err);
    if (bound != UP_OK) {
        fail_msg("%s: %s", text, err.message);
    }
    assert_ok(upi_expr_scratch_make(e, &scratch, &err), &err);
    assert_ok(upi_expr_eval(e, &table.batch, scratch, &ours, &err), &err);
    assert_int_equal(ours.type, type);
    upi_text_add(&sql, "SELECT ");
    assert_ok(upi_expr_sql(e, dialect, &sql, &err), &err);
    upi_text_add(&sql, " FROM v ORDER BY id");
    compare_rows(&ours, sql.s);
    upi_text_free(&sql);
    upi_free(canonical);
    upi_free(again);
    upi_expr_scratch_free(scratch);
    upi_expr_free(e);
}

static void
fixed_expressions(void **state)
{
    (void)state;
    static const char *const texts[] = {"x", "i", "b", "s", "d", "t", "null", "true",
        "1", "-9223372036854775808", "1.5", "'a'", "date('2021-01-03')", "x + y",
        "i + j", "i * j", "i - j", "x / y", "i / j", "x % y", "i % j", "7 % 3",
        "-7 % 3", "-x", "-i", "abs(i)", "ln(x)", "exp(x)", "exp(x) - exp(x)",
        "(exp(x) - exp(x)) > 1", "coalesce(x * 0, 7)", "(x * 0) is null",
        "(x - y) is null", "floor(x)", "floor(-2.5)", "i = 9007199254740993",
        "i = 9007199254740992.0", "i = j", "i < j", "x = i", "x < i", "x = 0",
        "x = -0.0", "x in (0, 1, null)", "x not in (0, 1, null)", "x in (0, 2.5)",
        "i in (1, 2.5, 9007199254740992)", "i in (1, 9223372036854775807)", "x != x",
        "x = x", "s = 'a'", "s != 'a'", "s < 'b'", "s >= 'thirteen bytes'", "s = u",
        "s <= u", "s between 'a' and 'thirteen byte'", "s not between u and 'z'",
        "s in ('a', 'twelve bytes', 'thirteen bytes and more')",
        "s in ('a','b','c','d','e','f','g','h','i','thirteen bytf','z','US','it''s')",
        "s not in ('a','b','c','d','e','f','g','h','i','thirteen bytf','z',null)",
        "i in (1,2,3,4,5,6,7,8,9,10,9223372036854775807)",
        "x in (1,2,3,4,5,6,7,8,9,10,0.5)",
        "d in ('2021-01-01','2021-01-03','2021-01-04','1970-01-01','1969-12-31',null)",
        "d in ('2020-01-01','2020-01-02','2020-01-03','2020-01-04','2020-01-05', d, e)",
        "s in (u, 'a')", "s = ''", "x between y and 3", "x between null and 0",
        "5 between x and y", "i between -1 and 5", "b", "not b", "b and c", "b or c",
        "b and null", "b or null", "not (b and c) or x > 1", "b = c", "b < c", "b = 1",
        "b = true", "b > 0.5", "b + c", "b * 2 + i", "if(b, 1, 0)", "if(x > 1, x, y)",
        "if(b, s, u)", "if(b, c, x > 0)", "if(b, d, e)", "if(b, d, t)",
        "if(null, 1, 2)", "if(b, i, x)", "if(b, 'a', null)", "if(x > y, null, i)",
        "coalesce(x, y, 0)", "coalesce(i, j)", "coalesce(s, u, 'none')",
        "coalesce(b, false)", "coalesce(d, e)", "coalesce(i, x)", "least(x, y)",
        "greatest(x, y, 0)", "least(i, j, 100)", "greatest(s, u)", "least(d, e)",
        "greatest(d, t)", "least(b, c)", "least(s, 'b')", "greatest(x, null)",
        "least(x)", "year(d)", "month(d)", "day(d)", "week(d)", "weekday(d)", "year(t)",
        "month(t)", "day(t)", "week(t)", "weekday(t)", "hour(t)", "date(t)", "date(d)",
        "date(t) = d", "d = '2021-01-01'", "d < '2021-01-01 12:00:00'",
        "t >= '2021-01-03 00:00:00'", "t < '2021-01-03'",
        "d between '2020-01-01' and e", "d < t", "d = e", "year('2021-01-03')",
        "x is null", "i is null", "b is not null", "s is null", "d is not null",
        "(x > 1) is null", "null is null", "x > null", "null = null", "x = 1 and null",
        "not null", "ln(exp(x))", "1e308 * 10", "i / 0", "0 / 0", "x / (y - y)",
        "if(i / j > 0.5, 'high', 'low')", "1.7976931348623157e308 > x", "0.1 + 0.2",
        "5e-324 = x", "x < 0.30000000000000004", "x >= 123456789012345680000.0",
        "hour('2021-01-03 17:45:00')",
        "(x > 1 and y < 2 or not b) and s != 'a' or i % 2 = 1"};
    for (size_t k = 0; k < sizeof texts / sizeof texts[0]; k++) {
        check(texts[k], &upi_dialect_duckdb);
    }
    check(DATE_LIST, &upi_dialect_duckdb);
}

/* The engine reads most of the other dialects too; what it does not know is left out. */
static void
fixed_in_other_dialects(void **state)
{
    (void)state;
    static const char *const texts[] = {"(x - y) is null", "least(x, y)",
        "exp(i % 600)", "ln(x)", "x / y", "coalesce(x * 0, 7)", "if(b, d, t)",
        "weekday(d) + hour(t)", "x not in (0, 1, null)", "(exp(x) - exp(x)) > 1",
        "b + c", "exp(x / 0)"};
    upi_dialect as_trino = upi_dialect_trino;
    as_trino.is_nan = "isnan(%s)"; /* the engine's spelling */
    as_trino.time_type = "TIMESTAMP";
    as_trino.weekday = "isodow(%s)";
    upi_dialect as_postgresql = upi_dialect_postgresql;
    as_postgresql.remainder = "mod(%s, NULLIF(%s, 0))"; /* its NUMERIC is narrower */
    for (size_t k = 0; k < sizeof texts / sizeof texts[0]; k++) {
        check(texts[k], &as_trino);
        check(texts[k], &as_postgresql);
    }
}

typedef struct generator {
    uint64_t state;
    upi_text *out;
} generator;

static int
roll(generator *g, int sides)
{
    return (int)(data_random(&g->state) % (uint64_t)sides);
}

static void make_condition(generator *g, int depth);

static void
make_number(generator *g, int depth)
{
    static const char *const leaves[] = {"x", "y", "i", "j", "1", "0", "2.5", "-3",
        "1e3", "null", "0.1", "b", "7", "year(d)", "hour(t)"};
    static const char *const signs[] = {" + ", " - ", " * ", " / ", " % "};
    static const char *const functions[] = {"abs(", "ln(", "exp(", "floor(", "-("};
    static const char *const folds[] = {"coalesce(", "least(", "greatest("};
    upi_text *out = g->out;
    int kind = depth <= 0 ? 0 : roll(g, 7);
    if (kind <= 1) {
        upi_text_add(out, leaves[roll(g, sizeof leaves / sizeof leaves[0])]);
    } else if (kind <= 3) {
        upi_text_add(out, "(");
        make_number(g, depth - 1);
        upi_text_add(out, signs[roll(g, 5)]);
        make_number(g, depth - 1);
        upi_text_add(out, ")");
    } else if (kind == 4) {
        upi_text_add(out, functions[roll(g, 5)]);
        make_number(g, depth - 1);
        upi_text_add(out, ")");
    } else if (kind == 5) {
        upi_text_add(out, "if(");
        make_condition(g, depth - 1);
        upi_text_add(out, ", ");
        make_number(g, depth - 1);
        upi_text_add(out, ", ");
        make_number(g, depth - 1);
        upi_text_add(out, ")");
    } else {
        upi_text_add(out, folds[roll(g, 3)]);
        make_number(g, depth - 1);
        upi_text_add(out, ", ");
        make_number(g, depth - 1);
        upi_text_add(out, ")");
    }
}

static void
make_text(generator *g, int depth)
{
    static const char *const leaves[] = {"s", "u", "'a'", "'thirteen bytes and more'",
        "null", "'twelve bytes'", "''", "'it''s'"};
    upi_text *out = g->out;
    int kind = depth <= 0 ? 0 : roll(g, 5);
    if (kind <= 2) {
        upi_text_add(out, leaves[roll(g, sizeof leaves / sizeof leaves[0])]);
    } else if (kind == 3) {
        upi_text_add(out, "if(");
        make_condition(g, depth - 1);
        upi_text_add(out, ", ");
        make_text(g, depth - 1);
        upi_text_add(out, ", ");
        make_text(g, depth - 1);
        upi_text_add(out, ")");
    } else {
        static const char *const folds[] = {"coalesce(", "least(", "greatest("};
        upi_text_add(out, folds[roll(g, 3)]);
        make_text(g, depth - 1);
        upi_text_add(out, ", ");
        make_text(g, depth - 1);
        upi_text_add(out, ")");
    }
}

static void
make_date(generator *g, int depth)
{
    static const char *const leaves[] = {
        "d", "e", "t", "date(t)", "date('2021-01-03')"};
    if (depth <= 0 || roll(g, 2) == 0) {
        upi_text_add(g->out, leaves[roll(g, 5)]);
        return;
    }
    upi_text_add(g->out, "coalesce(");
    make_date(g, depth - 1);
    upi_text_add(g->out, ", '2020-02-29')");
}

typedef void (*maker)(generator *g, int depth);

static void
make_comparison(generator *g, int depth)
{
    static const char *const signs[] = {" = ", " != ", " < ", " <= ", " > ", " >= "};
    static const maker makers[] = {make_number, make_number, make_text, make_date};
    maker make = makers[roll(g, 4)];
    upi_text *out = g->out;
    int kind = roll(g, 8);
    upi_text_add(out, "(");
    make(g, depth);
    if (kind == 0) {
        upi_text_add(out, roll(g, 2) ? " is null" : " is not null");
    } else if (kind == 1) {
        upi_text_add(out, roll(g, 2) ? " between " : " not between ");
        make(g, depth - 1);
        upi_text_add(out, " and ");
        make(g, depth - 1);
    } else if (kind == 2) {
        upi_text_add(out, roll(g, 2) ? " in (" : " not in (");
        for (int n = roll(g, 12); n > 0; n--) {
            make(g, 0);
            upi_text_add(out, ", ");
        }
        make(g, depth - 1);
        upi_text_add(out, ")");
    } else {
        upi_text_add(out, signs[roll(g, 6)]);
        make(g, depth);
    }
    upi_text_add(out, ")");
}

static void
make_condition(generator *g, int depth)
{
    static const char *const leaves[] = {"b", "c", "true", "false", "null", "(x > 0)"};
    upi_text *out = g->out;
    int kind = depth <= 0 ? 0 : roll(g, 6);
    if (kind == 0) {
        upi_text_add(out, leaves[roll(g, 6)]);
    } else if (kind <= 2) {
        make_comparison(g, depth - 1);
    } else if (kind == 3) {
        upi_text_add(out, "(not ");
        make_condition(g, depth - 1);
        upi_text_add(out, ")");
    } else {
        upi_text_add(out, "(");
        make_condition(g, depth - 1);
        upi_text_add(out, kind == 4 ? " and " : " or ");
        make_condition(g, depth - 1);
        upi_text_add(out, ")");
    }
}

static void
generated_expressions(void **state)
{
    (void)state;
    static const maker makers[] = {
        make_condition, make_number, make_text, make_condition};
    for (int k = 0; k < 240; k++) {
        upi_text text = {0};
        generator g = {UINT64_C(1000) + (uint64_t)k, &text};
        makers[k % 4](&g, 2 + k % 3);
        assert_false(text.failed);
        check(text.s, &upi_dialect_duckdb);
        upi_text_free(&text);
    }
}

/* Hostile names pass through parse, text and SQL to a real column of that name. */
static void
hostile_names(void **state)
{
    (void)state;
    static const char *const names[] = {"'; DROP TABLE v; --", "two\nlines", "a\"b",
        "a`b", "\xC3\xA9t\xC3\xA9 \xE6\x97\xA5", "and", "1st", "a.b", "%s%n", "\\",
        "tab\there", "  "};
    for (size_t k = 0; k < sizeof names / sizeof names[0]; k++) {
        up_error err = UP_ERROR_INIT;
        upi_expr *e = NULL;
        upi_expr *back = NULL;
        char *text = NULL;
        upi_text sql = {0};
        const upi_type type = UPI_I64;
        const upi_schema schema = {1, &names[k], &type};
        assert_ok(upi_expr_column(names[k], &e, &err), &err);
        assert_ok(upi_expr_text(e, &text, &err), &err);
        assert_ok(upi_expr_parse(text, &back, &err), &err);
        assert_string_equal(upi_expr_bare_column(back), names[k]);
        assert_ok(upi_expr_bind(back, &schema, NULL, &err), &err);
        upi_text_add(&sql, "SELECT ");
        assert_ok(upi_expr_sql(back, &upi_dialect_duckdb, &sql, &err), &err);
        upi_text_add(&sql, ", ");
        upi_sql_string(&upi_dialect_duckdb, names[k], (int64_t)strlen(names[k]), &sql);
        upi_text_add(&sql, " FROM (SELECT 42 AS ");
        upi_sql_identifier(&upi_dialect_duckdb, names[k], &sql);
        upi_text_add(&sql, ")");
        duckdb_result result;
        if (duckdb_query(connection, sql.s, &result) != DuckDBSuccess) {
            fail_msg("%s: %s", sql.s, duckdb_result_error(&result));
        }
        duckdb_data_chunk chunk = duckdb_fetch_chunk(result);
        const int32_t *value =
            duckdb_vector_get_data(duckdb_data_chunk_get_vector(chunk, 0));
        assert_int_equal(value[0], 42);
        duckdb_string_t *string =
            duckdb_vector_get_data(duckdb_data_chunk_get_vector(chunk, 1));
        assert_int_equal(duckdb_string_t_length(*string), strlen(names[k]));
        assert_memory_equal(duckdb_string_t_data(string), names[k], strlen(names[k]));
        duckdb_destroy_data_chunk(&chunk);
        duckdb_destroy_result(&result);
        upi_text_free(&sql);
        upi_free(text);
        upi_expr_free(e);
        upi_expr_free(back);
    }
}

/* Every day of 1890 to 2110: the engine's calendar against ours. */
static void
calendar_of_the_engine(void **state)
{
    (void)state;
    static const char *const parts[] = {
        "year(d)", "month(d)", "day(d)", "week(d)", "weekday(d)", "date(d)"};
    static int64_t days[UPI_BATCH_ROWS];
    const char *name = "d";
    const upi_type type = UPI_DATE;
    const upi_schema schema = {1, &name, &type};
    const upi_column column = {UPI_DATE, days, NULL};
    int64_t keep = table.n;
    for (int64_t first = -29220; first < 51000; first += UPI_BATCH_ROWS) {
        for (int64_t k = 0; k < UPI_BATCH_ROWS; k++) {
            days[k] = first + k;
        }
        const upi_batch batch = {UPI_BATCH_ROWS, 1, &column};
        for (size_t p = 0; p < sizeof parts / sizeof parts[0]; p++) {
            up_error err = UP_ERROR_INIT;
            upi_expr *e = NULL;
            upi_expr_scratch *scratch = NULL;
            upi_column ours;
            upi_text sql = {0};
            assert_ok(upi_expr_parse(parts[p], &e, &err), &err);
            assert_ok(upi_expr_bind(e, &schema, NULL, &err), &err);
            assert_ok(upi_expr_scratch_make(e, &scratch, &err), &err);
            assert_ok(upi_expr_eval(e, &batch, scratch, &ours, &err), &err);
            upi_text_add(&sql, "SELECT ");
            assert_ok(upi_expr_sql(e, &upi_dialect_duckdb, &sql, &err), &err);
            upi_text_addf(&sql,
                " FROM (SELECT DATE '1970-01-01' + CAST(r + (%lld) AS INTEGER) AS d "
                "FROM "
                "range(%d) AS q(r))",
                (long long)first, UPI_BATCH_ROWS);
            table.n = UPI_BATCH_ROWS;
            compare_rows(&ours, sql.s);
            upi_text_free(&sql);
            upi_expr_scratch_free(scratch);
            upi_expr_free(e);
        }
    }
    table.n = keep;
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(fixed_expressions),
        cmocka_unit_test(fixed_in_other_dialects),
        cmocka_unit_test(generated_expressions),
        cmocka_unit_test(hostile_names),
        cmocka_unit_test(calendar_of_the_engine),
    };
    return cmocka_run_group_tests(tests, open_table, close_table);
}
