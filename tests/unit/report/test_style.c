/* Numbers, cells and bars on a terminal. */
#include "report/style.h"
#include "up_test.h"

#include <math.h>

static const upi_style fancy = {.width = 80, .unicode = true};
static const upi_style plain = {.width = 80};

static void
test_decimals(void **state)
{
    (void)state;
    assert_int_equal(upi_decimals(0.137), 2);
    assert_int_equal(upi_decimals(0.0137), 3);
    assert_int_equal(upi_decimals(1.37), 1);
    assert_int_equal(upi_decimals(13.7), 0);
    assert_int_equal(upi_decimals(1370), 0);
    assert_int_equal(upi_decimals(1e-20), 8);
    assert_int_equal(upi_decimals((double)NAN), 3);
    assert_int_equal(upi_decimals(0), 3);
}

static void
test_numbers(void **state)
{
    (void)state;
    static const struct {
        const upi_style *s;
        double x;
        int decimals;
        bool sign;
        const char *text;
    } cases[] = {{&plain, 1.256, 2, true, "+1.26"}, {&plain, -1.256, 2, true, "-1.26"},
        {&fancy, -1.256, 2, false,
            "\xe2\x88\x92"
            "1.26"},
        {&plain, 1.256, 2, false, "1.26"}, {&plain, -0.001, 2, true, "0.00"},
        {&plain, (double)NAN, 2, true, "-"}, {&plain, (double)INFINITY, 2, true, "-"},
        {&plain, 1.5e20, 2, false, "1.500e+20"}, {&plain, 12345.6, 0, true, "+12346"}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char out[UPI_NUMBER_CHARS];
        upi_number_text(cases[i].s, cases[i].x, cases[i].decimals, cases[i].sign, out);
        assert_string_equal(out, cases[i].text);
    }
}

static void
test_counts(void **state)
{
    (void)state;
    static const struct {
        int64_t n;
        const char *text;
    } cases[] = {{0, "0"}, {999, "999"}, {1000, "1,000"}, {-1000, "-1,000"},
        {-100, "-100"}, {12345678, "12,345,678"},
        {INT64_MAX, "9,223,372,036,854,775,807"}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char out[UPI_NUMBER_CHARS];
        upi_count_text(cases[i].n, out);
        assert_string_equal(out, cases[i].text);
    }
}

static void
test_padding(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        int width;
        bool right;
        const char *out;
    } cases[] = {{"ab", 4, false, "ab  "}, {"ab", 4, true, "  ab"},
        {"ab", 2, true, "ab"}, {"abcd", 3, false, "ab~"}, {"größe", 6, false, "größe "},
        {"größe", 3, false, "gr~"}, {"数数", 5, false, "数数 "},
        {"数数", 3, false, "数~"}, {"a\033[31m", 8, false, "a?[31m  "},
        {"\xff", 2, false, "? "}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        upi_text t = {0};
        upi_pad_add(&t, &plain, cases[i].text, cases[i].width, cases[i].right);
        assert_string_equal(t.s, cases[i].out);
        upi_text_free(&t);
    }
}

static void
bar(double estimate, double low, double high, double from, double to, const char *out)
{
    upi_text t = {0};
    upi_forest_add(&t, &plain, estimate, (const double[]){low, high},
        (const double[]){from, to}, 11);
    assert_string_equal(t.s, out);
    upi_text_free(&t);
}

static void
test_forest(void **state)
{
    (void)state;
    bar(7, 5, 9, 0, 10, ":    |-*-| ");
    bar(0, -3, 3, -5, 5, "  |--*--|  ");
    bar(1, -3, 3, -5, 5, "  |--+*-|  ");
    bar(-5, -5, -5, -5, 5, "*    :     ");
    bar((double)NAN, 1, 2, -5, 5, "     :     ");
    bar(2, (double)NAN, 4, -5, 5, "<----+-*-| ");
    bar(2, 1, (double)INFINITY, -5, 5, "     :|*-->");
    bar(0, 0, 0, 0, 0, "     *     ");
    upi_text t = {0};
    upi_forest_add(&t, &fancy, 7, (const double[]){5, 9}, (const double[]){0, 10}, 11);
    assert_string_equal(t.s, "┊    ├─●─┤ ");
    upi_text_free(&t);
}

static void
test_wrap(void **state)
{
    (void)state;
    upi_text t = {0};
    upi_style narrow = {.width = 12};
    upi_wrap_add(&t, &narrow, "one two  three unbreakable-word x", 2, 4);
    assert_string_equal(t.s, "one two\n  three\n  unbreakable-word\n  x\n");
    upi_text_free(&t);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_decimals),
        cmocka_unit_test(test_numbers),
        cmocka_unit_test(test_counts),
        cmocka_unit_test(test_padding),
        cmocka_unit_test(test_forest),
        cmocka_unit_test(test_wrap),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
