#include "design/syntax.h"
#include "up_test.h"

#include <string.h>

static void
assert_span(upi_span t, const char *expected)
{
    assert_int_equal(t.n, (int64_t)strlen(expected));
    assert_memory_equal(t.s, expected, strlen(expected));
}

static void
test_call(void **state)
{
    (void)state;
    upi_span in = {0};
    assert_true(upi_span_call(upi_span_of("  Ratio ( a , b ) "), "ratio", &in));
    assert_span(in, "a , b");
    assert_true(upi_span_call(upi_span_of("ratio(f(a, ')'), \"(\")"), "ratio", &in));
    assert_span(in, "f(a, ')'), \"(\"");
    assert_true(upi_span_call(upi_span_of("ratio()"), "ratio", &in));
    assert_span(in, "");
    static const char *const none[] = {"ratio(a) + 1", "ratio(a) (b)", "ratio", "rat",
        "ratios(a)", "xratio(a)", "ratio(a", "ratio)a(", "ratio('a)", "\"ratio(a)\"",
        "", "ratio(a))", "(ratio(a))"};
    for (size_t i = 0; i < sizeof none / sizeof none[0]; i++) {
        assert_false(upi_span_call(upi_span_of(none[i]), "ratio", &in));
    }
}

static void
test_comma(void **state)
{
    (void)state;
    assert_int_equal(upi_span_comma(upi_span_of("a, b")), 1);
    assert_int_equal(upi_span_comma(upi_span_of("f(a, b), c")), 7);
    assert_int_equal(upi_span_comma(upi_span_of("'a,b', c")), 5);
    assert_int_equal(upi_span_comma(upi_span_of("'it''s,', c")), 8);
    assert_int_equal(upi_span_comma(upi_span_of("`a,`")), -1);
    assert_int_equal(upi_span_comma(upi_span_of("(a, b")), -1);
    assert_int_equal(upi_span_comma(upi_span_of("a), b")), -1);
    assert_int_equal(upi_span_comma(upi_span_of("'open, b")), -1);
}

static void
test_definition(void **state)
{
    (void)state;
    upi_span name = {0};
    upi_span rest = {0};
    assert_true(upi_span_definition(upi_span_of(" big=sales > 100 "), &name, &rest));
    assert_span(name, "big");
    assert_span(rest, "sales > 100");
    assert_true(upi_span_definition(upi_span_of("größe2 = x == 1"), &name, &rest));
    assert_span(name, "größe2");
    assert_span(rest, "x == 1");
    assert_true(upi_span_definition(upi_span_of("\"a = \"\"b\" = c"), &name, &rest));
    assert_span(name, "\"a = \"\"b\"");
    assert_span(rest, "c");
    assert_true(upi_span_definition(upi_span_of("a ="), &name, &rest));
    assert_span(rest, "");
    static const char *const none[] = {"a == 1", "a", "a >= 1", "1 = a", "2x = a",
        "f(a) = 1", "'a' = 1", "null = x", "TRUE = x", "not = x", "= 1", "", "a b = 1",
        "\"open = 1", "a <= 1", "a != 1"};
    for (size_t i = 0; i < sizeof none / sizeof none[0]; i++) {
        assert_false(upi_span_definition(upi_span_of(none[i]), &name, &rest));
    }
    assert_true(upi_span_definition(upi_span_of("nullable = x"), &name, &rest));
}

static void
test_names(void **state)
{
    (void)state;
    up_error err = UP_ERROR_INIT;
    static const char *const pairs[][2] = {{"plain", "plain"}, {"\"a b\"", "a b"},
        {"`a\"b`", "a\"b"}, {"\"a\"\"b\"", "a\"b"}, {"'it''s'", "it's"}, {"\"\"", ""},
        {"\"", "\""}, {"\"\"\"\"", "\""}};
    for (size_t i = 0; i < sizeof pairs / sizeof pairs[0]; i++) {
        char *out = NULL;
        assert_ok(upi_span_name(upi_span_of(pairs[i][0]), &out, &err), &err);
        assert_string_equal(out, pairs[i][1]);
        upi_free(out);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_call),
        cmocka_unit_test(test_comma),
        cmocka_unit_test(test_definition),
        cmocka_unit_test(test_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
