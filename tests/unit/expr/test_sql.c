/* The SQL text itself, in three dialects; quoting; the limit on its size. What the text
 * means is tested against an engine in test_sql_duckdb.c. */
#include "expr_data.h"
#include "up_test.h"

#include <string.h>

static char *
render(const char *text, const upi_dialect *d)
{
    up_error err = UP_ERROR_INIT;
    upi_expr *e = NULL;
    upi_text sql = {0};
    char *out = NULL;
    assert_ok(upi_expr_parse(text, &e, &err), &err);
    assert_ok(upi_expr_bind(e, &data_schema, NULL, &err), &err);
    assert_ok(upi_expr_sql(e, d, &sql, &err), &err);
    assert_ok(upi_text_take(&sql, &out, &err), &err);
    upi_expr_free(e);
    return out;
}

#define X_DUCK "NULLIF(CAST(\"x\" AS DOUBLE), CAST('NaN' AS DOUBLE))"
#define X_PG   "NULLIF(CAST(\"x\" AS DOUBLE PRECISION), CAST('NaN' AS DOUBLE PRECISION))"
#define X_TRINO                                                                        \
    "CASE WHEN is_nan(CAST(\"x\" AS DOUBLE)) THEN NULL ELSE CAST(\"x\" AS DOUBLE) END"

static const struct {
    const char *text, *duckdb, *postgresql, *trino;
} golden[] = {{"x", X_DUCK, X_PG, X_TRINO}, {"i", "\"i\"", "\"i\"", "\"i\""},
    {"s = 'it''s'", "(CAST(\"s\" AS VARCHAR) = 'it''s')",
        "(CAST(\"s\" AS TEXT) = 'it''s')", "(CAST(\"s\" AS VARCHAR) = 'it''s')"},
    {"s < 'b'", "(CAST(\"s\" AS VARCHAR) < 'b')",
        "(CAST(\"s\" AS TEXT) COLLATE \"C\" < 'b')", "(CAST(\"s\" AS VARCHAR) < 'b')"},
    {"x > 1.5", "(" X_DUCK " > CAST(1.5e0 AS DOUBLE))",
        "(" X_PG " > CAST(1.5e0 AS DOUBLE PRECISION))",
        "(" X_TRINO " > CAST(1.5e0 AS DOUBLE))"},
    {"i / 2", "(CAST(\"i\" AS DOUBLE) / NULLIF(CAST(2e0 AS DOUBLE), 0))",
        "(CAST(\"i\" AS DOUBLE PRECISION) / NULLIF(CAST(2e0 AS DOUBLE PRECISION), "
        "0))",
        "(CAST(\"i\" AS DOUBLE) / NULLIF(CAST(2e0 AS DOUBLE), 0))"},
    {"i % 2", "mod(CAST(\"i\" AS DOUBLE), NULLIF(CAST(2e0 AS DOUBLE), 0))",
        "CAST(MOD(CAST(CAST(CAST(\"i\" AS DOUBLE PRECISION) AS TEXT) AS NUMERIC), "
        "CAST(CAST(NULLIF(CAST(2e0 AS DOUBLE PRECISION), 0) AS TEXT) AS NUMERIC)) "
        "AS "
        "DOUBLE PRECISION)",
        "mod(CAST(\"i\" AS DOUBLE), NULLIF(CAST(2e0 AS DOUBLE), 0))"},
    {"ln(i)", "ln(NULLIF(GREATEST(CAST(\"i\" AS DOUBLE), CAST(0e0 AS DOUBLE)), 0))",
        "ln(NULLIF(GREATEST(CAST(\"i\" AS DOUBLE PRECISION), CAST(0e0 AS DOUBLE "
        "PRECISION)), 0))",
        "ln(NULLIF(GREATEST(CAST(\"i\" AS DOUBLE), CAST(0e0 AS DOUBLE)), 0))"},
    {"exp(i)", "exp(CAST(\"i\" AS DOUBLE))",
        "(SELECT CASE WHEN up_x > 709.782712893383 THEN CAST('Infinity' AS DOUBLE "
        "PRECISION) WHEN up_x < -708.396418532264 THEN 0 ELSE exp(up_x) END FROM "
        "(SELECT "
        "CAST(\"i\" AS DOUBLE PRECISION) AS up_x) AS up_e)",
        "exp(CAST(\"i\" AS DOUBLE))"},
    {"i in (1, null)", "(\"i\" IN (CAST(1 AS BIGINT), CAST(NULL AS BIGINT)))",
        "(\"i\" IN (CAST(1 AS BIGINT), CAST(NULL AS BIGINT)))",
        "(\"i\" IN (CAST(1 AS BIGINT), CAST(NULL AS BIGINT)))"},
    {"b and not c or b is null", "((\"b\" AND (NOT \"c\")) OR (\"b\" IS NULL))",
        "((\"b\" AND (NOT \"c\")) OR (\"b\" IS NULL))",
        "((\"b\" AND (NOT \"c\")) OR (\"b\" IS NULL))"},
    {"b + 1", "(CAST(CAST(\"b\" AS INTEGER) AS DOUBLE) + CAST(1e0 AS DOUBLE))",
        "(CAST(CAST(\"b\" AS INTEGER) AS DOUBLE PRECISION) + CAST(1e0 AS DOUBLE "
        "PRECISION))",
        "(CAST(CAST(\"b\" AS INTEGER) AS DOUBLE) + CAST(1e0 AS DOUBLE))"},
    {"if(b, i, 0)", "CASE WHEN \"b\" THEN \"i\" ELSE CAST(0 AS BIGINT) END",
        "CASE WHEN \"b\" THEN \"i\" ELSE CAST(0 AS BIGINT) END",
        "CASE WHEN \"b\" THEN \"i\" ELSE CAST(0 AS BIGINT) END"},
    {"least(i, 3)",
        "CASE WHEN \"i\" IS NULL THEN CAST(NULL AS BIGINT) ELSE LEAST(\"i\", "
        "CAST(3 AS "
        "BIGINT)) END",
        "CASE WHEN \"i\" IS NULL THEN CAST(NULL AS BIGINT) ELSE LEAST(\"i\", "
        "CAST(3 AS "
        "BIGINT)) END",
        "CASE WHEN \"i\" IS NULL THEN CAST(NULL AS BIGINT) ELSE LEAST(\"i\", "
        "CAST(3 AS "
        "BIGINT)) END"},
    {"weekday(d)", "CAST(EXTRACT(ISODOW FROM \"d\") AS BIGINT)",
        "CAST(EXTRACT(ISODOW FROM \"d\") AS BIGINT)",
        "CAST(day_of_week(\"d\") AS BIGINT)"},
    {"week(d)", "CAST(EXTRACT(WEEK FROM \"d\") AS BIGINT)",
        "CAST(EXTRACT(WEEK FROM \"d\") AS BIGINT)",
        "CAST(EXTRACT(WEEK FROM \"d\") AS BIGINT)"},
    {"d < '2026-01-31 09:05:07.25'",
        "(CAST(\"d\" AS TIMESTAMP) < TIMESTAMP '2026-01-31 09:05:07.250000')",
        "(CAST(\"d\" AS TIMESTAMP) < TIMESTAMP '2026-01-31 09:05:07.250000')",
        "(CAST(\"d\" AS TIMESTAMP(6)) < TIMESTAMP '2026-01-31 09:05:07.250000')"},
    {"d = '2026-01-31'", "(\"d\" = DATE '2026-01-31')", "(\"d\" = DATE '2026-01-31')",
        "(\"d\" = DATE '2026-01-31')"},
    {"-9223372036854775808", "CAST('-9223372036854775808' AS BIGINT)",
        "CAST('-9223372036854775808' AS BIGINT)",
        "CAST('-9223372036854775808' AS BIGINT)"},
    {"i between 1 and 2", "(\"i\" BETWEEN CAST(1 AS BIGINT) AND CAST(2 AS BIGINT))",
        "(\"i\" BETWEEN CAST(1 AS BIGINT) AND CAST(2 AS BIGINT))",
        "(\"i\" BETWEEN CAST(1 AS BIGINT) AND CAST(2 AS BIGINT))"}};

static void
golden_text(void **state)
{
    (void)state;
    const upi_dialect *dialects[] = {
        &upi_dialect_duckdb, &upi_dialect_postgresql, &upi_dialect_trino};
    for (size_t k = 0; k < sizeof golden / sizeof golden[0]; k++) {
        const char *wanted[] = {
            golden[k].duckdb, golden[k].postgresql, golden[k].trino};
        for (int d = 0; d < 3; d++) {
            char *sql = render(golden[k].text, dialects[d]);
            assert_string_equal(sql, wanted[d]);
            upi_free(sql);
        }
    }
}

static void
quoting(void **state)
{
    (void)state;
    upi_dialect backtick = upi_dialect_duckdb;
    backtick.quote = '`';
    static const struct {
        const char *name, *doubled, *backticked, *string;
    } cases[] = {{"a", "\"a\"", "`a`", "'a'"},
        {"a\"b", "\"a\"\"b\"", "`a\"b`", "'a\"b'"},
        {"a`b", "\"a`b\"", "`a``b`", "'a`b'"}, {"'", "\"'\"", "`'`", "''''"},
        {"'; DROP TABLE x; --", "\"'; DROP TABLE x; --\"", "`'; DROP TABLE x; --`",
            "'''; DROP TABLE x; --'"},
        {"\n", "\"\n\"", "`\n`", "'\n'"}, {"\\", "\"\\\"", "`\\`", "'\\'"},
        {"\"\"", "\"\"\"\"\"\"", "`\"\"`", "'\"\"'"}, {"%s", "\"%s\"", "`%s`", "'%s'"},
        {"\xF0\x9F\x98\x80", "\"\xF0\x9F\x98\x80\"", "`\xF0\x9F\x98\x80`",
            "'\xF0\x9F\x98\x80'"}};
    for (size_t k = 0; k < sizeof cases / sizeof cases[0]; k++) {
        upi_text t = {0};
        upi_sql_identifier(&upi_dialect_duckdb, cases[k].name, &t);
        assert_string_equal(t.s, cases[k].doubled);
        upi_text_clear(&t);
        upi_sql_identifier(&backtick, cases[k].name, &t);
        assert_string_equal(t.s, cases[k].backticked);
        upi_text_clear(&t);
        upi_sql_string(
            &upi_dialect_duckdb, cases[k].name, (int64_t)strlen(cases[k].name), &t);
        assert_string_equal(t.s, cases[k].string);
        upi_text_free(&t);
    }
    upi_text t = {0};
    upi_sql_string(&upi_dialect_duckdb, "a\0'b", 4, &t);
    assert_string_equal(t.s, "('a' || chr(0) || '''b')");
    upi_text_clear(&t);
    upi_sql_string(&upi_dialect_duckdb, "", 0, &t);
    assert_string_equal(t.s, "''");
    upi_text_free(&t);
}

/* Operands that stand twice double the text at each level: this ends in an error, soon. */
static void
size_is_limited(void **state)
{
    (void)state;
    up_error err = UP_ERROR_INIT;
    upi_expr *e = NULL;
    upi_text text = {0};
    upi_text sql = {0};
    for (int k = 0; k < 150; k++) {
        upi_text_add(&text, "least(");
    }
    upi_text_add(&text, "x");
    for (int k = 0; k < 150; k++) {
        upi_text_add(&text, ", 1)");
    }
    assert_ok(upi_expr_parse(text.s, &e, &err), &err);
    assert_ok(upi_expr_bind(e, &data_schema, NULL, &err), &err);
    assert_fails(
        upi_expr_sql(e, &upi_dialect_duckdb, &sql, &err), UP_E_EXPRESSION, &err);
    assert_non_null(strstr(err.message, "bytes of SQL"));
    upi_text_free(&sql);
    upi_text_free(&text);
    upi_expr_free(e);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(golden_text),
        cmocka_unit_test(quoting),
        cmocka_unit_test(size_is_limited),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
