/* Numbers to text and back: round trip of hard and random doubles, under a locale with a
 * decimal comma too; strict reading. */
#include "up_test.h"

#include <float.h>
#include <locale.h>
#include <math.h>
#include <string.h>

static void
check_text(double x, const char *want)
{
    char text[UPI_DOUBLE_CHARS];
    upi_double_text(x, text);
    assert_string_equal(text, want);
}

static void
shortest(void **state)
{
    (void)state;
    check_text(0, "0");
    check_text(-0.0, "-0");
    check_text(0.1, "0.1");
    check_text(0.1 + 0.2, "0.30000000000000004");
    check_text(1.0 / 3, "0.3333333333333333");
    check_text(123456789, "123456789");
    check_text(1e22, "1e+22");
    check_text(-1.5e-9, "-1.5e-09");
    check_text((double)NAN, "nan");
    check_text((double)INFINITY, "inf");
    check_text((double)-INFINITY, "-inf");
}

static void
round_trip(void **state)
{
    (void)state;
    const double hard[] = {DBL_MAX, DBL_MIN, DBL_TRUE_MIN, DBL_EPSILON,
        2.2250738585072011e-308, 9007199254740993.0, 5e-324, 1e23, 0.3, 1 - 0x1p-53,
        1 + 0x1p-52};
    char text[UPI_DOUBLE_CHARS];
    double back = 0;
    for (size_t i = 0; i < sizeof hard / sizeof hard[0]; i++) {
        upi_double_text(hard[i], text);
        assert_true(upi_double_parse(text, (int64_t)strlen(text), &back));
        assert_true(back == hard[i]);
    }
    for (uint64_t i = 0; i < 20000; i++) {
        uint64_t bits = upi_hash_u64(i + 1);
        double x = 0;
        memcpy(&x, &bits, sizeof x);
        if (!isfinite(x)) {
            continue;
        }
        upi_double_text(x, text);
        assert_true(strlen(text) < UPI_DOUBLE_CHARS - 1);
        assert_true(upi_double_parse(text, (int64_t)strlen(text), &back));
        assert_memory_equal(&x, &back, sizeof x);
    }
}

static void
for_people(void **state)
{
    (void)state;
    const struct {
        double x;
        int digits;
        const char *want;
    } cases[] = {{0.0123, 4, "0.0123"}, {1234.5, 5, "1234.5"}, {1.2e-5, 4, "1.2e-05"},
        {123456.7, 4, "123457"}, {-99999, 2, "-99999"}, {1e300, 4, "1e+300"},
        {1e15, 4, "1e+15"}, {0, 4, "0"}, {2.0 / 3, 4, "0.6667"},
        {2.0 / 3, 40, "0.66666666666666663"}, {2.5, 0, "2"}};
    char text[UPI_DOUBLE_CHARS];
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        upi_double_text_digits(cases[i].x, cases[i].digits, text);
        assert_string_equal(text, cases[i].want);
    }
    upi_double_text_digits((double)NAN, 4, text);
    assert_string_equal(text, "nan");
}

static bool
parses(const char *s, double want)
{
    double x = -77;
    if (!upi_double_parse(s, (int64_t)strlen(s), &x)) {
        assert_true(x == -77);
        return false;
    }
    assert_true(x == want);
    return true;
}

static void
strict_reading(void **state)
{
    (void)state;
    assert_true(parses("1", 1));
    assert_true(parses("-1.5", -1.5));
    assert_true(parses("+.5", 0.5));
    assert_true(parses("5.", 5));
    assert_true(parses("1e3", 1000));
    assert_true(parses("1.25E-2", 0.0125));
    assert_true(parses("1e-400", 0));
    const char *bad[] = {"", " 1", "1 ", "1,5", "0x10", "nan", "inf", "infinity", "1e",
        "1e+", ".", "-", "+-1", "1.2.3", "1e3.5", "1d3", "1_000", "e5", "1e999",
        "-1e999", "1f"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        assert_false(parses(bad[i], 0));
    }
    double x = 0;
    assert_false(upi_double_parse("1\0002", 3, &x));
    assert_true(upi_double_parse("12345", 2, &x));
    assert_true(x == 12);
    char long_number[1100];
    memset(long_number, '0', sizeof long_number);
    long_number[899] = '3';
    assert_true(upi_double_parse(long_number, 900, &x));
    assert_true(x == 3);
    assert_false(upi_double_parse(long_number, 1100, &x));
}

/* Where the system has a locale with a decimal comma, everything stays as it was. */
static void
locale_is_ignored(void **state)
{
    static const char *const names[] = {
        "de_DE.UTF-8", "de_DE.utf8", "fr_FR.UTF-8", "fr_FR.utf8", "nl_NL.UTF-8"};
    bool found = false;
    for (size_t i = 0; i < sizeof names / sizeof names[0] && !found; i++) {
        found = setlocale(LC_ALL, names[i]) != NULL;
    }
    shortest(state);
    for_people(state);
    strict_reading(state);
    upi_text t = {0};
    upi_text_addf(&t, "%.2f", 1.5);
    assert_string_equal(t.s, "1.50");
    upi_text_free(&t);
    up_error err = UP_ERROR_INIT;
    (void)upi_fail(&err, UP_E_ARGUMENT, NULL, "%g", 0.25);
    assert_string_equal(err.message, "0.25");
    (void)setlocale(LC_ALL, "C");
    if (!found) {
        print_message("no locale with a decimal comma is installed here\n");
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(shortest),
        cmocka_unit_test(round_trip),
        cmocka_unit_test(for_people),
        cmocka_unit_test(strict_reading),
        cmocka_unit_test(locale_is_ignored),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
