/* UTF-8: what is valid, how wide it is. */
#include "up_test.h"

#include <string.h>

static void
valid_and_invalid(void **state)
{
    (void)state;
    const char *good[] = {"", "abc", "\x7f", "\xc2\x80", "\xdf\xbf", "\xe0\xa0\x80",
        "\xed\x9f\xbf", "\xee\x80\x80", "\xef\xbf\xbf", "\xf0\x90\x80\x80",
        "\xf4\x8f\xbf\xbf", "gr\xc3\xbc\xc3\x9f"};
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        assert_true(upi_utf8_valid(good[i], strlen(good[i])));
    }
    const char *bad[] = {"\x80", "\xc0\x80", "\xc1\xbf", "\xc2", "\xc2z",
        "\xe0\x9f\xbf", "\xe2\x82", "\xed\xa0\x80", "\xed\xbf\xbf", "\xf0\x8f\xbf\xbf",
        "\xf4\x90\x80\x80", "\xf5\x80\x80\x80", "\xff", "a\xfe", "\xf0\x90\x80"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        assert_false(upi_utf8_valid(bad[i], strlen(bad[i])));
    }
    assert_false(upi_utf8_valid("a\0b", 3));
    /* the length counts, not what stands behind it */
    assert_false(upi_utf8_valid("\xc3\xbc", 1));
}

static void
decode(void **state)
{
    (void)state;
    uint32_t code = 0;
    assert_int_equal(upi_utf8_decode("\xe2\x82\xac", 3, &code), 3);
    assert_int_equal(code, 0x20AC);
    assert_int_equal(upi_utf8_decode("\xf0\x9f\x98\x80", 4, &code), 4);
    assert_int_equal(code, 0x1F600);
    code = 5;
    assert_int_equal(upi_utf8_decode("\xe2\x82\xac", 2, &code), 0);
    assert_int_equal(code, 5);
}

static void
width(void **state)
{
    (void)state;
    assert_int_equal(upi_utf8_width(""), 0);
    assert_int_equal(upi_utf8_width("abc"), 3);
    assert_int_equal(upi_utf8_width("gr\xc3\xbc\xc3\x9f"), 4);
    assert_int_equal(upi_utf8_width("e\xcc\x81"), 1); /* e and an accent */
    assert_int_equal(
        upi_utf8_width("\xe6\x97\xa5\xe6\x9c\xac"), 4);      /* two ideographs */
    assert_int_equal(upi_utf8_width("\xf0\x9f\x98\x80"), 2); /* a face */
    assert_int_equal(upi_utf8_width("a\xffz"), 3);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(valid_and_invalid),
        cmocka_unit_test(decode),
        cmocka_unit_test(width),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
