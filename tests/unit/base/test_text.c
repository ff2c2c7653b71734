/* Growing text: appending, formatting beyond the small buffer, and failing once. */
#include "up_test.h"

#include <string.h>

static void
appending(void **state)
{
    (void)state;
    upi_text t = {0};
    up_error err = UP_ERROR_INIT;
    upi_text_add(&t, "ab");
    upi_text_add_char(&t, 'c');
    upi_text_add_n(&t, "defgh", 3);
    upi_text_addf(&t, " %d-%s", 42, "x");
    assert_string_equal(t.s, "abcdef 42-x");
    assert_int_equal(t.length, 11);
    upi_text_clear(&t);
    assert_string_equal(t.s, "");
    upi_text_add(&t, "again");
    char *s = NULL;
    assert_ok(upi_text_take(&t, &s, &err), &err);
    assert_string_equal(s, "again");
    assert_null(t.s);
    upi_free(s);
}

static void
long_formats(void **state)
{
    (void)state;
    char word[1000];
    memset(word, 'w', sizeof word - 1);
    word[sizeof word - 1] = '\0';
    for (size_t length = 250; length < 260; length++) {
        upi_text t = {0};
        upi_text_addf(&t, "%.*s|", (int)length, word);
        assert_int_equal(t.length, length + 1);
        assert_int_equal(strlen(t.s), length + 1);
        assert_int_equal(t.s[length], '|');
        upi_text_free(&t);
    }
}

static void
empty_text_is_a_string(void **state)
{
    (void)state;
    upi_text t = {0};
    char *s = NULL;
    assert_ok(upi_text_take(&t, &s, NULL), NULL);
    assert_string_equal(s, "");
    upi_free(s);
    upi_text_clear(&t);
    upi_text_free(&t);
}

static void
failure_is_reported_once(void **state)
{
    (void)state;
    upi_text t = {0};
    up_error err = UP_ERROR_INIT;
    char *s = NULL;
    upi_text_add(&t, "ab");
    upi_text_add_n(&t, "x", -1);
    upi_text_add(&t, "cd");
    assert_true(t.failed);
    assert_fails(upi_text_take(&t, &s, &err), UP_E_NO_MEMORY, &err);
    assert_null(s);
    assert_null(t.s);
    assert_false(t.failed);
}

static up_status
build(void *ctx, up_error *err)
{
    (void)ctx;
    upi_text t = {0};
    for (int i = 0; i < 300; i++) {
        upi_text_addf(&t, "%d,", i);
    }
    char *s = NULL;
    up_status status = upi_text_take(&t, &s, err);
    if (status == UP_OK) {
        assert_int_equal(strlen(s), 10 * 2 + 90 * 3 + 200 * 4);
    }
    upi_free(s);
    return status;
}

static void
out_of_memory(void **state)
{
    (void)state;
    up_sweep_memory(build, NULL);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(appending),
        cmocka_unit_test(long_formats),
        cmocka_unit_test(empty_text_is_a_string),
        cmocka_unit_test(failure_is_reported_once),
        cmocka_unit_test(out_of_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
