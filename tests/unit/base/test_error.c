/* Statuses and errors: every status has a name, a sentence and an exit code; what goes into an
 * error comes out as one clean line, however hostile. */
#include "up_test.h"

#include <string.h>

static void
every_status_is_named(void **state)
{
    (void)state;
    static const up_status all[] = {
#define VALUE(name, number, exit_code, sentence) UP_##name,
        UP_STATUS_LIST(VALUE)
#undef VALUE
    };
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) {
        for (size_t k = 0; k < i; k++) {
            assert_int_not_equal(all[i], all[k]); /* no number was used twice */
        }
        assert_string_not_equal(up_status_name(all[i]), "E_UNKNOWN");
        assert_true(strlen(up_status_text(all[i])) > 3);
        int code = up_status_exit_code(all[i]);
        assert_true((code >= 0 && code <= 5) || code == 130);
        assert_int_equal(code == 0, all[i] == UP_OK);
    }
    assert_string_equal(up_status_name(UP_E_COLUMN), "E_COLUMN");
    assert_int_equal(up_status_exit_code(UP_E_STOPPED), 130);
    assert_int_equal(up_status_exit_code(UP_E_SOURCE), 3);
    assert_string_equal(up_status_name((up_status)9999), "E_UNKNOWN");
    assert_true(strlen(up_status_text((up_status)9999)) > 3);
    assert_int_equal(up_status_exit_code((up_status)9999), 1);
}

static void
fail_and_fix(void **state)
{
    (void)state;
    up_error err = UP_ERROR_INIT;
    assert_false(upi_failed(&err));
    assert_false(upi_failed(NULL));
    assert_int_equal(
        upi_fail(&err, UP_E_COLUMN, "arm", "x has %d rows but y has %d", 40, 39),
        UP_E_COLUMN);
    assert_true(upi_failed(&err));
    assert_string_equal(err.field, "arm");
    assert_string_equal(err.message, "x has 40 rows but y has 39");
    assert_string_equal(err.fix, "");
    assert_int_equal(upi_fix(&err, "give %s", "--arm"), UP_E_COLUMN);
    assert_string_equal(err.fix, "give --arm");
    /* a second failure replaces the first, its remedy included */
    assert_int_equal(
        upi_fail(&err, UP_E_TYPE, NULL, "in %s: again", err.message), UP_E_TYPE);
    assert_string_equal(err.message, "in x has 40 rows but y has 39: again");
    assert_string_equal(err.field, "");
    assert_string_equal(err.fix, "");
    assert_int_equal(upi_fail(NULL, UP_E_TYPE, "x", "lost"), UP_E_TYPE);
    assert_int_equal(upi_fix(NULL, "lost"), UP_E_INTERNAL);
    assert_int_equal(upi_fail_memory(NULL, 3), UP_E_NO_MEMORY);
    assert_int_equal(upi_fail_memory(&err, 3), UP_E_NO_MEMORY);
    assert_string_equal(err.message, "3 bytes could not be allocated");
}

static void
hostile_names_stay_one_line(void **state)
{
    (void)state;
    up_error err = UP_ERROR_INIT;
    /* line ends, a bell, controls of both kinds, right-to-left, and two broken bytes */
    static const char hostile[] = {'x', '\r', '\n', 'y', 7, 0x7f, (char)0xc2,
        (char)0x9b, (char)0xe2, (char)0x80, (char)0xae, 'z', (char)0xff, (char)0xc3,
        '\0'};
    (void)upi_fail(&err, UP_E_COLUMN, "a\x1b[2Jb\n", "no column '%s'", hostile);
    assert_string_equal(err.field, "a?[2Jb ");
    assert_string_equal(err.message, "no column 'x  y????z?"
                                     "?'");
}

static void
long_text_is_cut_between_characters(void **state)
{
    (void)state;
    /* 3-byte characters do not divide the room evenly */
    char name[3 * 400 + 1];
    for (int i = 0; i < 400; i++) {
        memcpy(name + (size_t)i * 3, "\xe2\x82\xac", 3);
    }
    name[sizeof name - 1] = '\0';
    for (int shift = 0; shift < 3; shift++) {
        up_error err = UP_ERROR_INIT;
        (void)upi_fail(&err, UP_E_COLUMN, name, "%.*s%s", shift, "ab", name);
        assert_true(upi_utf8_valid(err.field, strlen(err.field)));
        assert_true(upi_utf8_valid(err.message, strlen(err.message)));
        assert_int_equal(strlen(err.field), 63);
        assert_null(strchr(err.message, '?'));
        assert_true(strlen(err.message) >= sizeof err.message - 3);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_status_is_named),
        cmocka_unit_test(fail_and_fix),
        cmocka_unit_test(hostile_names_stay_one_line),
        cmocka_unit_test(long_text_is_cut_between_characters),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
