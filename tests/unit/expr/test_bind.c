/* Types of expressions, and the errors of names and types. */
#include "expr_data.h"
#include "up_test.h"

#include <string.h>

static void
types_are_found(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        upi_type type;
    } cases[] = {{"x", UPI_F64}, {"i", UPI_I64}, {"b", UPI_BOOL}, {"s", UPI_STR},
        {"d", UPI_DATE}, {"t", UPI_TIME}, {"1", UPI_I64}, {"1.0", UPI_F64},
        {"null", UPI_F64}, {"'a'", UPI_STR}, {"true", UPI_BOOL}, {"i + i", UPI_F64},
        {"i / 2", UPI_F64}, {"-i", UPI_F64}, {"b + b", UPI_F64}, {"null + 1", UPI_F64},
        {"abs(i)", UPI_F64}, {"x > 1", UPI_BOOL}, {"null = null", UPI_BOOL},
        {"if(b, 1, 0)", UPI_I64}, {"if(b, 1, 0.5)", UPI_F64}, {"if(b, b, 0)", UPI_I64},
        {"if(b, b, c)", UPI_BOOL}, {"if(b, null, 'a')", UPI_STR},
        {"if(b, null, null)", UPI_F64}, {"if(b, null, null) and b", UPI_BOOL},
        {"if(b, d, t)", UPI_TIME}, {"if(b, d, '2020-01-01')", UPI_DATE},
        {"if(b, '2020-01-01 10:00', d)", UPI_TIME}, {"coalesce(s, 'x')", UPI_STR},
        {"least(i, 3)", UPI_I64}, {"least(b, c)", UPI_I64}, {"greatest(i, x)", UPI_F64},
        {"year(d)", UPI_I64}, {"year('2020-01-01')", UPI_I64}, {"hour(t)", UPI_I64},
        {"year(null)", UPI_I64}, {"date(t)", UPI_DATE}, {"b = 1", UPI_BOOL},
        {"d = '2020-01-01'", UPI_BOOL}, {"'2020-01-01' < t", UPI_BOOL},
        {"'a' = 'b'", UPI_BOOL}, {"s is null", UPI_BOOL}, {"not b", UPI_BOOL}};
    for (size_t k = 0; k < sizeof cases / sizeof cases[0]; k++) {
        up_error err = UP_ERROR_INIT;
        upi_expr *e = NULL;
        upi_type type;
        assert_ok(upi_expr_parse(cases[k].text, &e, &err), &err);
        assert_ok(upi_expr_bind(e, &data_schema, &type, &err), &err);
        if (type != cases[k].type) {
            fail_msg("%s is %s", cases[k].text, upi_type_name(type));
        }
        upi_expr_free(e);
    }
}

static void
type_errors(void **state)
{
    (void)state;
    static const struct {
        const char *text, *field, *message;
    } cases[] = {{"s + 1", "s", "'+' takes numbers, not text at column 3"},
        {"1 + d", "d", "'+' takes numbers, not date at column 3"},
        {"-'a'", "expression", "'-' takes numbers, not text at column 1"},
        {"ln(s)", "s", "'ln' takes numbers, not text at column 1"},
        {"x = 'a'", "expression",
            "'=' cannot put number and text together at column 3"},
        {"i in (1, 'a')", "expression",
            "'in' cannot put integer and text together at column 3"},
        {"d = 3", "expression", "'=' cannot put date and integer together at column 3"},
        {"d = s", "s", "'=' cannot put date and text together at column 3"},
        {"x between 1 and s", "s",
            "'between' cannot put number and text together at column 3"},
        {"i and b", "i",
            "'and' takes a condition (x = 1, say), not integer at column 3"},
        {"not s", "s", "'not' takes a condition, not text at column 1"},
        {"if(x, 1, 2)", "x",
            "'if' takes a condition (x = 1, say), not number at column 1"},
        {"if(b, 1, 'a')", "expression",
            "'if' cannot put integer and text together at column 1"},
        {"coalesce(s, 1)", "expression",
            "'coalesce' cannot put text and integer together at column 1"},
        {"year(x)", "x", "'year' takes a date or timestamp, not number at column 1"},
        {"year(s)", "s", "'year' takes a date or timestamp, not text at column 1"},
        {"hour(d)", "d", "'hour' takes a timestamp, not date at column 1"},
        {"d = '2021-02-30'", "expression",
            "'2021-02-30' is not a date (YYYY-MM-DD, optionally HH:MM:SS behind it) at "
            "column "
            "5"},
        {"date('2021-01-01 10:00')", "expression",
            "date() takes YYYY-MM-DD, without a time of day, not '2021-01-01 10:00', "
            "at column "
            "6"},
        {"date('x')", "expression",
            "'x' is not a date (YYYY-MM-DD, optionally HH:MM:SS behind it) at column "
            "6"}};
    for (size_t k = 0; k < sizeof cases / sizeof cases[0]; k++) {
        up_error err = UP_ERROR_INIT;
        upi_expr *e = NULL;
        upi_type type;
        assert_ok(upi_expr_parse(cases[k].text, &e, &err), &err);
        assert_fails(upi_expr_bind(e, &data_schema, &type, &err), UP_E_TYPE, &err);
        assert_string_equal(err.message, cases[k].message);
        assert_string_equal(err.field, cases[k].field);
        assert_non_null(strchr(err.fix, '^'));
        upi_expr_free(e);
    }
}

static void
missing_columns(void **state)
{
    (void)state;
    static const char *const names[] = {"sales", "country", "device"};
    static const upi_type types[] = {UPI_F64, UPI_STR, UPI_STR};
    const upi_schema schema = {3, names, types};
    static const struct {
        const char *text, *field, *message, *fix;
    } cases[] = {
        {"1 + slaes", "slaes",
            "column 'slaes' is not in the data (at column 5 of the expression)",
            "did you mean 'sales'?"},
        {"device = \"a text constant\"", "a text constant",
            "column 'a text constant' is not in the data (at column 10 of the "
            "expression)",
            "double quotes and backticks stand around names; a text is written in "
            "single "
            "quotes: 'a text constant'"},
        {"zzzzzzzzzzzz > 1", "zzzzzzzzzzzz",
            "column 'zzzzzzzzzzzz' is not in the data (at column 1 of the expression)",
            "the first columns are: sales, country, device"}};
    for (size_t k = 0; k < sizeof cases / sizeof cases[0]; k++) {
        up_error err = UP_ERROR_INIT;
        upi_expr *e = NULL;
        upi_type type;
        assert_ok(upi_expr_parse(cases[k].text, &e, &err), &err);
        assert_fails(upi_expr_bind(e, &schema, &type, &err), UP_E_COLUMN, &err);
        assert_string_equal(err.field, cases[k].field);
        assert_string_equal(err.message, cases[k].message);
        assert_string_equal(err.fix, cases[k].fix);
        upi_expr_free(e);
    }
    up_error err = UP_ERROR_INIT;
    upi_expr *e = NULL;
    assert_ok(upi_expr_column("Sales", &e, &err), &err);
    assert_fails(upi_expr_bind(e, &schema, NULL, &err), UP_E_COLUMN, &err);
    assert_string_equal(err.message, "column 'Sales' is not in the data");
    assert_string_equal(err.fix, "did you mean 'sales'?");
    assert_int_equal(upi_expr_bind(e, &schema, NULL, NULL), UP_E_COLUMN);
    upi_expr_free(e);
}

/* Binding again, to another schema, starts afresh; failing leaves the tree unbound. */
static void
binding_again(void **state)
{
    (void)state;
    up_error err = UP_ERROR_INIT;
    upi_expr *e = NULL;
    upi_expr_scratch *scratch = NULL;
    const char *name = "x";
    const upi_type as_date = UPI_DATE;
    const upi_type as_text = UPI_STR;
    const upi_type as_number = UPI_F64;
    upi_type type;
    assert_ok(upi_expr_parse("if(x = '2020-01-01', x, null)", &e, &err), &err);
    assert_ok(upi_expr_bind(e, &(upi_schema){1, &name, &as_date}, &type, &err), &err);
    assert_int_equal(type, UPI_DATE);
    assert_ok(upi_expr_bind(e, &(upi_schema){1, &name, &as_text}, &type, &err), &err);
    assert_int_equal(type, UPI_STR);
    assert_fails(upi_expr_bind(e, &(upi_schema){1, &name, &as_number}, &type, &err),
        UP_E_TYPE, &err);
    upi_text sql = {0};
    up_error later = UP_ERROR_INIT;
    assert_fails(upi_expr_scratch_make(e, &scratch, &later), UP_E_INTERNAL, &later);
    later = (up_error)UP_ERROR_INIT;
    assert_fails(
        upi_expr_sql(e, &upi_dialect_duckdb, &sql, &later), UP_E_INTERNAL, &later);
    upi_text_free(&sql);
    upi_expr_free(e);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(types_are_found),
        cmocka_unit_test(type_errors),
        cmocka_unit_test(missing_columns),
        cmocka_unit_test(binding_again),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
