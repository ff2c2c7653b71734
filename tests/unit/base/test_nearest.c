/* "Did you mean": the distance by hand-counted pairs, and which name is offered. */
#include "up_test.h"

#include <string.h>

static void
distance(void **state)
{
    (void)state;
    const struct {
        const char *a, *b;
        int want;
    } cases[] = {{"", "", 0}, {"abc", "abc", 0}, {"abc", "", 3},
        {"kitten", "sitting", 3}, {"arm", "amr", 1}, {"revenue", "revnue", 1},
        {"ab", "ba", 1}, {"abcd", "badc", 2}, {"ca", "abc", 3},
        {"cluster", "clutser", 1}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        assert_int_equal(upi_text_distance(cases[i].a, cases[i].b, 9), cases[i].want);
        assert_int_equal(upi_text_distance(cases[i].b, cases[i].a, 9), cases[i].want);
        /* beyond the limit the answer is one more than the limit */
        for (int limit = 0; limit < cases[i].want; limit++) {
            assert_int_equal(
                upi_text_distance(cases[i].a, cases[i].b, limit), limit + 1);
        }
        assert_int_equal(
            upi_text_distance(cases[i].a, cases[i].b, cases[i].want), cases[i].want);
    }
}

static void
very_long_names(void **state)
{
    (void)state;
    char a[1000];
    char b[1000];
    memset(a, 'x', sizeof a - 1);
    a[sizeof a - 1] = '\0';
    memcpy(b, a, sizeof a);
    assert_int_equal(upi_text_distance(a, b, 3), 0);
    b[500] = 'y';
    assert_int_equal(upi_text_distance(a, b, 3), 4);
    const char *names[] = {a};
    assert_null(upi_text_nearest(b, names, 1));
    assert_null(upi_text_nearest("x", names, 1));
}

static void
nearest(void **state)
{
    (void)state;
    const char *names[] = {"revenue", "arm", NULL, "user_id", "sessions", "session"};
    assert_string_equal(upi_text_nearest("revenu", names, 6), "revenue");
    assert_string_equal(upi_text_nearest("Revenue", names, 6), "revenue");
    assert_string_equal(upi_text_nearest("amr", names, 6), "arm");
    assert_string_equal(upi_text_nearest("userid", names, 6), "user_id");
    assert_string_equal(upi_text_nearest("session", names, 6), "session");
    assert_null(upi_text_nearest("banana", names, 6));
    assert_null(upi_text_nearest("", names, 6));
    assert_null(upi_text_nearest("x", names, 0));
    const char *letters[] = {"y", "x1"};
    assert_string_equal(upi_text_nearest("x", letters, 2), "x1");
    assert_null(upi_text_nearest("z", letters, 1));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(distance),
        cmocka_unit_test(very_long_names),
        cmocka_unit_test(nearest),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
