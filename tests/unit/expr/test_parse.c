/* Text to tree and back: grammar, precedence, positions of errors, limits. */
#include "expr_data.h"
#include "up_test.h"

#include <stdlib.h>
#include <string.h>

/* Parses, writes the canonical text, and checks that this text is a fixed point. */
static void
check_text(const char *text, const char *canonical)
{
    up_error err = UP_ERROR_INIT;
    upi_expr *e = NULL;
    char *out = NULL;
    for (int round = 0; round < 2; round++) {
        up_status status = upi_expr_parse(round == 0 ? text : canonical, &e, &err);
        if (status != UP_OK) {
            fail_msg("%s: %s", text, err.message);
        }
        assert_ok(upi_expr_text(e, &out, &err), &err);
        assert_string_equal(out, canonical);
        upi_free(out);
        upi_expr_free(e);
    }
}

static void
canonical_text(void **state)
{
    (void)state;
    static const char *const pairs[][2] = {{"a", "a"}, {" \t\n\ra ", "a"},
        {"\"a\"", "a"}, {"`a`", "a"}, {"\"a b\"", "\"a b\""}, {"`a\"b`", "\"a\"\"b\""},
        {"\"a``b\"", "\"a``b\""}, {"`a``b`", "\"a`b\""}, {"\"and\"", "\"and\""},
        {"\"1a\"", "\"1a\""}, {"_x1", "_x1"}, {"if", "if"}, {"date", "date"},
        {"\xC3\xA9t\xC3\xA9", "\xC3\xA9t\xC3\xA9"}, {"\"\xC2\xA0\"", "\"\xC2\xA0\""},
        {"1", "1"}, {"007", "7"}, {"1.0", "1.0"}, {"1e3", "1000.0"}, {"1E+3", "1000.0"},
        {".5", "0.5"}, {"5.", "5.0"}, {"1e-3", "0.001"}, {"0.1", "0.1"}, {"-0", "0"},
        {"-0.0", "-0.0"}, {"9223372036854775807", "9223372036854775807"},
        {"-9223372036854775808", "-9223372036854775808"},
        {"9223372036854775808", "9.223372036854776e+18"}, {"-(5)", "-5"}, {"- -5", "5"},
        {"- - -5", "-5"}, {"-x", "-x"}, {"- - x", "--x"}, {"-(-x)", "--x"},
        {"-(a + b)", "-(a + b)"}, {"2 - -5", "2 - -5"}, {"2--5", "2 - -5"},
        {"- -9223372036854775808", "--9223372036854775808"}, {"'it''s'", "'it''s'"},
        {"''", "''"}, {"'\"'", "'\"'"}, {"TRUE", "true"}, {"False", "false"},
        {"NULL", "null"}, {"a+b*c", "a + b * c"}, {"(a+b)*c", "(a + b) * c"},
        {"a-(b-c)", "a - (b - c)"}, {"(a-b)-c", "a - b - c"}, {"a/b/c", "a / b / c"},
        {"a/(b*c)", "a / (b * c)"}, {"a%b", "a % b"}, {"-a*b", "-a * b"},
        {"-(a*b)", "-(a * b)"}, {"a=b", "a = b"}, {"a==b", "a = b"}, {"a<>b", "a != b"},
        {"a!=b", "a != b"}, {"a<=b", "a <= b"}, {"a>=b", "a >= b"}, {"a<b", "a < b"},
        {"a>b", "a > b"}, {"(a<b)=c", "(a < b) = c"}, {"a=(b<c)", "a = (b < c)"},
        {"a and b and c", "a and b and c"}, {"a and (b and c)", "a and b and c"},
        {"(a and b) and (c and d)", "a and b and c and d"},
        {"a && b || c", "a and b or c"}, {"a and (b or c)", "a and (b or c)"},
        {"a or b and c", "a or b and c"}, {"not a", "not a"}, {"!a", "not a"},
        {"!!a", "not not a"}, {"not a = b", "not a = b"},
        {"(not a) = b", "(not a) = b"}, {"not (a and b)", "not (a and b)"},
        {"not a and b", "not a and b"}, {"a and not b", "a and not b"},
        {"a in (1,2)", "a in (1, 2)"}, {"a NOT IN (1)", "a not in (1)"},
        {"not a in (1)", "a not in (1)"}, {"not (a not in (1))", "not a not in (1)"},
        {"a between 1 and 2 and b", "a between 1 and 2 and b"},
        {"a not between 1 + 1 and 2", "a not between 1 + 1 and 2"},
        {"(a or b) between c and d", "(a or b) between c and d"},
        {"a is null", "a is null"}, {"a Is Not Null", "a is not null"},
        {"not a is null", "a is not null"}, {"(a = b) is null", "(a = b) is null"},
        {"(a is null) = b", "(a is null) = b"}, {"IF(a,b,c)", "if(a, b, c)"},
        {"coalesce(a)", "coalesce(a)"}, {"if (a, 1, 2)", "if(a, 1, 2)"},
        {"least(a, b or c)", "least(a, b or c)"},
        {"date('2026-01-31')", "date('2026-01-31')"},
        {"a in (b = c, d and e)", "a in (b = c, d and e)"}, {"(((a)))", "a"}};
    for (size_t k = 0; k < sizeof pairs / sizeof pairs[0]; k++) {
        check_text(pairs[k][0], pairs[k][1]);
    }
}

static void
errors_point(void **state)
{
    (void)state;
    static const struct {
        const char *text, *message, *fix;
    } cases[] = {{"(a + )", "unexpected ')' at column 6", "(a + )\n     ^"},
        {"a )", "unexpected ')' at column 3", "a )\n  ^"},
        {"", "the expression is empty at column 1", "\n^"},
        {"a +", "unexpected end at column 4", "a +\n   ^"},
        {"(a", "unexpected end at column 3", "(a\n  ^"},
        {"a b", "unexpected 'b' at column 3", "a b\n  ^"},
        {"a < b < c", "unexpected '<' at column 7", "a < b < c\n      ^"},
        {"a = not b", "unexpected 'not' at column 5", "a = not b\n    ^"},
        {"a not b", "unexpected 'b' at column 7", "a not b\n      ^"},
        {"a is 3", "unexpected '3' at column 6", "a is 3\n     ^"},
        {"a in b", "unexpected 'b' at column 6", "a in b\n     ^"},
        {"a in ()", "unexpected ')' at column 7", "a in ()\n      ^"},
        {"a between 1 or 2", "unexpected 'or' at column 13", NULL},
        {"if(a)", "if() takes 3 arguments, not 1, at column 1", NULL},
        {"abs(a, b)", "abs() takes 1 argument, not 2, at column 1", NULL},
        {"abs()", "unexpected ')' at column 5", NULL},
        {"1 + colesce(a)",
            "unknown function 'colesce', did you mean 'coalesce'? at column 5", NULL},
        {"qqqqqqqq(a)", "unknown function 'qqqqqqqq' at column 1", NULL},
        {"'abc", "the quote ' is not closed at column 1", NULL},
        {"a = \"b", "the quote \" is not closed at column 5", NULL},
        {"a = ``", "empty column name at column 5", NULL},
        {"1a", "not a number, and not a name at column 1", NULL},
        {"1.2.3", "not a number, and not a name at column 1", NULL},
        {"1e999", "number out of range at column 1", NULL},
        {"a & b", "unexpected '&'; 'and' is written and or && at column 3", NULL},
        {"a | b", "unexpected '|'; 'or' is written or or || at column 3", NULL},
        {"a; b", "unexpected ';' at column 2", NULL},
        {"t.a",
            "unexpected '.'; a name with a point stands in double quotes at column 2",
            NULL},
        {"a \x01", "unexpected control character 1 at column 3", NULL},
        /* the position counts characters, not bytes */
        {"'\xC3\xA9\xC3\xA9' )", "unexpected ')' at column 6",
            "'\xC3\xA9\xC3\xA9' )\n     ^"},
        {"a = \xE2\x80\x98x\xE2\x80\x99",
            "unexpected '\xE2\x80\x98'; quotes must be plain ' or \" at column 5",
            NULL},
        {"a\xC2\xA0", "unexpected '\xC2\xA0' at column 2", NULL},
        {"a\n)", "unexpected ')' at column 3", "a )\n  ^"},
        {"\xFF", "the expression is not valid UTF-8", ""},
        {"a\xC3", "the expression is not valid UTF-8", ""}};
    for (size_t k = 0; k < sizeof cases / sizeof cases[0]; k++) {
        up_error err = UP_ERROR_INIT;
        upi_expr *e = NULL;
        assert_fails(upi_expr_parse(cases[k].text, &e, &err), UP_E_EXPRESSION, &err);
        assert_null(e);
        assert_string_equal(err.message, cases[k].message);
        assert_string_equal(err.field, "expression");
        if (cases[k].fix != NULL) {
            assert_string_equal(err.fix, cases[k].fix);
        } else {
            assert_non_null(strchr(err.fix, '^'));
        }
    }
}

/* The caret of an error far inside a long text stays within the fix. */
static void
long_text_is_cut(void **state)
{
    (void)state;
    up_error err = UP_ERROR_INIT;
    upi_expr *e = NULL;
    upi_text text = {0};
    for (int k = 0; k < 100; k++) {
        upi_text_add(&text, "\xC3\xA9 + ");
    }
    upi_text_add(&text, ") ");
    for (int k = 0; k < 100; k++) {
        upi_text_add(&text, "\xC3\xA9 + ");
    }
    assert_fails(upi_expr_parse(text.s, &e, &err), UP_E_EXPRESSION, &err);
    assert_string_equal(err.message, "unexpected ')' at column 401");
    char *line = strchr(err.fix, '\n');
    assert_non_null(line);
    char *caret = strchr(line, '^');
    assert_non_null(caret);
    *line = '\0';
    assert_true(upi_utf8_valid(err.fix, strlen(err.fix)));
    char *close = strchr(err.fix, ')');
    assert_non_null(close);
    *close = '\0';
    assert_int_equal(upi_utf8_width(err.fix), caret - line - 1);
    upi_text_free(&text);
}

static char *
repeat(const char *before, const char *piece, int n, const char *after)
{
    upi_text t = {0};
    char *out = NULL;
    upi_text_add(&t, before);
    for (int k = 0; k < n; k++) {
        upi_text_add(&t, piece);
    }
    upi_text_add(&t, after);
    assert_int_equal(upi_text_take(&t, &out, NULL), UP_OK);
    return out;
}

static up_status
try_parse(char *text, up_error *err)
{
    upi_expr *e = NULL;
    up_status status = upi_expr_parse(text, &e, err);
    upi_expr_free(e);
    upi_free(text);
    return status;
}

static void
limits(void **state)
{
    (void)state;
    static const struct {
        const char *before, *piece, *after;
        int fits, too_many;
    } cases[] = {{"", "(", "", 0, 30000}, {"", "-", "x", 199, 60000},
        {"", "- ", "x", 199, 200}, {"", "not ", "x", 199, 16000},
        {"", "!", "x", 199, 200}, {"x", " + 1", "", 199, 200},
        {"", "abs(", "", 0, 10000}, {"", "a in (", "", 0, 10000},
        {"", "(1 + ", "", 0, 10000}, {"x", " and (y or x", "", 0, 5000},
        {"", "if(a,", "", 0, 9000}};
    for (size_t k = 0; k < sizeof cases / sizeof cases[0]; k++) {
        up_error err = UP_ERROR_INIT;
        assert_fails(try_parse(repeat(cases[k].before, cases[k].piece,
                                   cases[k].too_many, cases[k].after),
                         &err),
            UP_E_EXPRESSION, &err);
        assert_non_null(strstr(err.message, "nested more than 200 deep"));
        up_error none = UP_ERROR_INIT;
        if (cases[k].fits > 0) {
            assert_ok(try_parse(repeat(cases[k].before, cases[k].piece, cases[k].fits,
                                    cases[k].after),
                          &none),
                &none);
        }
    }
    up_error err = UP_ERROR_INIT;
    upi_expr *e = NULL;
    char *nest = repeat("", "(", 200, "x");
    char *both = repeat(nest, ")", 200, "");
    assert_ok(upi_expr_parse(both, &e, &err), &err);
    upi_expr_free(e);
    upi_free(nest);
    upi_free(both);
    /* wide is not deep */
    assert_ok(try_parse(repeat("x", " and x", 10000, ""), &err), &err);
    assert_ok(try_parse(repeat("x in (1", ",1", 30000, ")"), &err), &err);
    assert_ok(try_parse(repeat("", " ", 65535, "x"), &err), &err);
    assert_fails(try_parse(repeat("", " ", 65536, "x"), &err), UP_E_EXPRESSION, &err);
}

static up_status
note_column(void *ctx, const char *name)
{
    upi_text_addf(ctx, "%s;", name);
    return strcmp(name, "stop") == 0 ? UP_E_STOPPED : UP_OK;
}

static void
columns_and_copies(void **state)
{
    (void)state;
    up_error err = UP_ERROR_INIT;
    upi_expr *e = NULL;
    upi_expr *copy = NULL;
    upi_text seen = {0};
    char *text = NULL;
    assert_ok(
        upi_expr_parse("if(b > a, \"b\", c + a) and d in ('a', e)", &e, &err), &err);
    assert_null(upi_expr_bare_column(e));
    assert_ok(upi_expr_copy(e, &copy, &err), &err);
    upi_expr_free(e);
    assert_int_equal(upi_expr_columns(copy, note_column, &seen), UP_OK);
    assert_string_equal(seen.s, "b;a;c;d;e;");
    assert_ok(upi_expr_text(copy, &text, &err), &err);
    assert_string_equal(text, "if(b > a, b, c + a) and d in ('a', e)");
    upi_free(text);
    upi_expr_free(copy);
    upi_text_clear(&seen);
    assert_ok(upi_expr_parse("a + stop + b", &e, &err), &err);
    assert_int_equal(upi_expr_columns(e, note_column, &seen), UP_E_STOPPED);
    assert_string_equal(seen.s, "a;stop;");
    upi_text_free(&seen);
    upi_expr_free(e);
    upi_expr_free(NULL);
    assert_ok(upi_expr_column("a b", &e, &err), &err);
    assert_string_equal(upi_expr_bare_column(e), "a b");
    upi_expr_free(e);
}

static void
bad_column_names(void **state)
{
    (void)state;
    upi_expr *e = NULL;
    char *long_name = repeat("", "x", 70000, "");
    const char *const names[] = {"", "a\xFF", long_name};
    for (int k = 0; k < 3; k++) {
        up_error err = UP_ERROR_INIT;
        assert_fails(upi_expr_column(names[k], &e, &err), UP_E_EXPRESSION, &err);
    }
    upi_free(long_name);
}

/* A chain of calls stops at the first failure. */
static void
chained_calls(void **state)
{
    (void)state;
    up_error err = UP_ERROR_INIT;
    upi_expr *e = NULL;
    char *text = NULL;
    assert_fails(upi_expr_parse("(", &e, &err), UP_E_EXPRESSION, &err);
    assert_int_equal(upi_expr_parse("a", &e, &err), UP_E_EXPRESSION);
    assert_int_equal(upi_expr_column("a", &e, &err), UP_E_EXPRESSION);
    assert_int_equal(upi_expr_copy(NULL, &e, &err), UP_E_EXPRESSION);
    assert_int_equal(upi_expr_text(NULL, &text, &err), UP_E_EXPRESSION);
    assert_null(e);
    assert_int_equal(upi_expr_parse("(", &e, NULL), UP_E_EXPRESSION);
}

static up_status
parse_and_copy(void *ctx, up_error *err)
{
    up_status status = UP_OK;
    upi_expr *e = NULL;
    upi_expr *copy = NULL;
    upi_expr *column = NULL;
    char *text = NULL;
    UP_TRY(upi_expr_parse(ctx, &e, err));
    UP_TRY(upi_expr_copy(e, &copy, err));
    UP_TRY(upi_expr_text(copy, &text, err));
    UP_TRY(upi_expr_column("x", &column, err));
out:
    upi_free(text);
    upi_expr_free(e);
    upi_expr_free(copy);
    upi_expr_free(column);
    return status;
}

static void
memory_runs_out(void **state)
{
    (void)state;
    char text[] =
        "if(a > 1 and b in ('x', 'yy', null) or not c, -coalesce(d, 2.5), `e`) is null";
    up_sweep_memory(parse_and_copy, text);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(canonical_text),
        cmocka_unit_test(errors_point),
        cmocka_unit_test(long_text_is_cut),
        cmocka_unit_test(limits),
        cmocka_unit_test(columns_and_copies),
        cmocka_unit_test(bad_column_names),
        cmocka_unit_test(chained_calls),
        cmocka_unit_test(memory_runs_out),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
