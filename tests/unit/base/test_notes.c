/* Notes: severity by name, replacement by code and field, cut text, no memory. */
#include "up_test.h"

#include <math.h>
#include <string.h>

static void
every_note_is_named(void **state)
{
    (void)state;
    static const up_note_code all[] = {
#define VALUE(name, number, sentence) UP_##name,
        UP_NOTE_LIST(VALUE)
#undef VALUE
    };
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) {
        assert_string_not_equal(up_note_name(all[i]), "N_UNKNOWN");
        assert_true(strlen(up_note_text(all[i])) > 3);
        assert_int_equal(up_note_name(all[i])[0], all[i] > 100 ? 'W' : 'N');
    }
    assert_string_equal(up_note_name(UP_W_SRM), "W_SRM");
    assert_string_equal(up_note_name((up_note_code)9999), "N_UNKNOWN");
    assert_true(strlen(up_note_text((up_note_code)9999)) > 3);
}

static void
adding(void **state)
{
    (void)state;
    upi_notes notes = {0};
    up_error err = UP_ERROR_INIT;
    assert_ok(
        upi_notes_add(&notes, UP_W_SRM, NULL, 1e-9, 0.001, &err, "p = %g", 1e-9), &err);
    assert_ok(upi_notes_add(
                  &notes, UP_N_ROWS_DROPPED, "age", 3, (double)NAN, &err, "%d rows", 3),
        &err);
    assert_ok(upi_notes_add(
                  &notes, UP_N_ROWS_DROPPED, "sex", 4, (double)NAN, &err, "%d rows", 4),
        &err);
    assert_int_equal(notes.n, 3);
    assert_int_equal(notes.items[0].severity, UP_WARNING);
    assert_int_equal(notes.items[1].severity, UP_NOTE);
    assert_string_equal(notes.items[0].text, "p = 1e-09");
    assert_string_equal(notes.items[0].field, "");
    assert_close(notes.items[0].threshold, 0.001, 0, 0);
    assert_true(isnan(notes.items[1].threshold));
    /* the same code and field says it anew, in its place */
    assert_ok(
        upi_notes_add(&notes, UP_N_ROWS_DROPPED, "age", 5, 0, &err, "%d\nrows", 5),
        &err);
    assert_int_equal(notes.n, 3);
    assert_string_equal(notes.items[1].text, "5 rows");
    upi_notes more = {0};
    assert_ok(upi_notes_add(&more, UP_W_SRM, "", 0, 0, &err, "other"), &err);
    assert_ok(upi_notes_add(&more, UP_W_OVERLAP, "p", 0, 0, &err, "new"), &err);
    assert_ok(upi_notes_append(&notes, &more, &err), &err);
    assert_ok(upi_notes_append(&notes, &notes, &err), &err);
    assert_int_equal(notes.n, 4);
    assert_string_equal(notes.items[0].text, "other");
    assert_string_equal(notes.items[3].text, "new");
    upi_notes_free(&more);
    upi_notes_free(&notes);
    assert_null(notes.items);
    upi_notes_free(&notes);
}

static void
long_text_is_cut(void **state)
{
    (void)state;
    upi_notes notes = {0};
    char name[800];
    memset(name, 'n', sizeof name - 1);
    name[sizeof name - 1] = '\0';
    assert_ok(upi_notes_add(&notes, UP_N_LAYOUT, name, 0, 0, NULL, "%s", name), NULL);
    assert_int_equal(strlen(notes.items[0].field), 63);
    assert_int_equal(strlen(notes.items[0].text), 319);
    upi_notes_free(&notes);
}

static up_status
fill(void *ctx, up_error *err)
{
    (void)ctx;
    up_status status = UP_OK;
    upi_notes a = {0};
    upi_notes b = {0};
    for (int i = 0; i < 30; i++) {
        char field[8];
        field[0] = (char)('a' + i % 26);
        field[1] = (char)('a' + i / 26);
        field[2] = '\0';
        UP_TRY(upi_notes_add(&b, UP_N_COLUMN_DROPPED, field, 0, 0, err, "x"));
    }
    UP_TRY(upi_notes_add(&a, UP_W_SRM, NULL, 0, 0, err, "x"));
    status = upi_notes_append(&a, &b, err);
    assert_int_equal(a.n, status == UP_OK ? 31 : 1);
out:
    upi_notes_free(&a);
    upi_notes_free(&b);
    return status;
}

static void
out_of_memory(void **state)
{
    (void)state;
    up_sweep_memory(fill, NULL);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_note_is_named),
        cmocka_unit_test(adding),
        cmocka_unit_test(long_text_is_cut),
        cmocka_unit_test(out_of_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
