/* A plain struct as JSON, CSV and text. */
#include "report/result.h"
#include "up_test.h"

#include <jansson.h>
#include <math.h>
#include <string.h>

static const upi_sheet_column columns[] = {{"metric", UPI_CELL_TEXT, false},
    {"segment", UPI_CELL_TEXT, false}, {"estimate", UPI_CELL_NUMBER, false},
    {"std_error", UPI_CELL_NUMBER, false}, {"conf_low", UPI_CELL_NUMBER, false},
    {"conf_high", UPI_CELL_NUMBER, false}, {"relative", UPI_CELL_NUMBER, false},
    {"relative_low", UPI_CELL_NUMBER, false}, {"relative_high", UPI_CELL_NUMBER, false},
    {"relative_set", UPI_CELL_TEXT, false}, {"n", UPI_CELL_INTEGER, false}};
enum { N_COLUMNS = sizeof columns / sizeof columns[0] };

static up_status
add_row(up_result *r, const char *metric, const char *segment, double estimate,
    double se, up_error *err)
{
    up_status status = UP_OK;
    upi_cell *c = NULL;
    UP_TRY(upi_sheet_add(&r->rows, &c, err));
    UP_TRY(upi_cell_set(&c[0], metric, err));
    UP_TRY(upi_cell_set(&c[1], segment, err));
    c[2].number = estimate;
    c[3].number = se;
    c[4].number = estimate - 2 * se;
    c[5].number = estimate + 2 * se;
    c[6].number = estimate / 10;
    c[7].number = (estimate - 2 * se) / 10;
    c[8].number = (estimate + 2 * se) / 10;
    UP_TRY(upi_cell_set(&c[9], "interval", err));
    c[10].integer = 1234567;
out:
    return status;
}

static up_status
fill(up_result *r, up_error *err)
{
    up_status status = UP_OK;
    r->view = UPI_VIEW_EFFECTS;
    r->has_rows = true;
    r->rows.columns = columns;
    r->rows.n_columns = N_COLUMNS;
    r->level = 0.95;
    r->input.rows = 3;
    UP_TRY(upi_result_say(&r->headline, err, "a \"quoted\" headline"));
    UP_TRY(add_row(r, "sales", "", 1.234375, 0.25, err));
    UP_TRY(add_row(r, "sales", "a, \"b\"", -0.5, 0.25, err));
    UP_TRY(add_row(r, "lät", "", 3, 1, err));
    r->rows.cells[2 * N_COLUMNS + 8].number = NAN;
    UP_TRY(upi_strdup_to(&r->estimand, "average effect", err));
    UP_TRY(upi_strings_add(&r->assumptions, err, "randomisation"));
    UP_TRY(upi_strings_add(&r->next, err, "upshot check x"));
    UP_TRY(upi_strdup_to(&r->design, "{\"arms\":[\"a\",\"b\"]}", err));
    UP_TRY(upi_strdup_to(&r->input.source, "x.csv", err));
    UP_TRY(upi_notes_add(
        &r->notes, UP_N_FIXED_HORIZON, "", (double)NAN, 0.5, err, "One look."));
    UP_TRY(upi_notes_add(&r->notes, UP_W_SRM, "arm", 1e-9, 1e-3, err, "Sizes differ."));
out:
    return status;
}

static up_result *
make(void)
{
    up_error err = UP_ERROR_INIT;
    up_result *r = NULL;
    assert_ok(upi_result_make("effect", &r, &err), &err);
    assert_ok(fill(r, &err), &err);
    return r;
}

static json_t *
load(const char *text)
{
    json_error_t where;
    json_t *root = json_loads(text, JSON_REJECT_DUPLICATES, &where);
    assert_non_null(root);
    return root;
}

static double
cell(json_t *root, size_t i, const char *name)
{
    return json_number_value(
        json_object_get(json_array_get(json_object_get(root, "rows"), i), name));
}

static void
test_json(void **state)
{
    (void)state;
    up_result *r = make();
    json_t *full = load(up_result_json(r, 1));
    assert_close(cell(full, 0, "estimate"), 1.234375, 0, 0);
    assert_int_equal(json_array_size(json_object_get(full, "rows")), 3);
    assert_true(json_is_null(json_object_get(
        json_array_get(json_object_get(full, "rows"), 2), "relative_high")));
    assert_string_equal(
        json_string_value(json_object_get(full, "headline")), "a \"quoted\" headline");
    assert_string_equal(
        json_string_value(json_array_get(
            json_object_get(json_object_get(full, "design"), "arms"), 1)),
        "b");
    json_t *warning = json_array_get(json_object_get(full, "warnings"), 1);
    assert_string_equal(json_string_value(json_object_get(warning, "code")), "W_SRM");
    assert_string_equal(
        json_string_value(json_object_get(warning, "severity")), "warning");
    assert_close(json_number_value(json_object_get(warning, "number")), 1e-9, 0, 0);
    json_decref(full);

    r->limit = 2;
    json_t *compact = load(up_result_json(r, 0));
    assert_close(cell(compact, 0, "estimate"), 1.2344, 0, 0);
    assert_int_equal(json_array_size(json_object_get(compact, "rows")), 2);
    assert_int_equal(json_integer_value(json_object_get(compact, "rows_total")), 3);
    json_decref(compact);
    /* One line, and the same text when asked again. */
    const char *text = up_result_json(r, 1);
    assert_ptr_equal(strchr(text, '\n'), text + strlen(text) - 1);
    assert_ptr_equal(up_result_json(r, 1), text);
    up_result_free(r);
}

static void
test_csv(void **state)
{
    (void)state;
    up_result *r = make();
    assert_string_equal(up_result_csv(r),
        "metric,segment,estimate,std_error,conf_low,conf_high,relative,relative_low,"
        "relative_high,relative_set,n\n"
        "sales,,1.234375,0.25,0.734375,1.734375,0.1234375,0.0734375,0.1734375,interval,"
        "1234567\n"
        "sales,\"a, \"\"b\"\"\",-0.5,0.25,-1,0,-0.05,-0.1,0,interval,1234567\n"
        "lät,,3,1,1,5,0.3,0.1,,interval,1234567\n");
    up_result_free(r);
}

static void
test_text(void **state)
{
    (void)state;
    up_result *r = make();
    const char *text = up_result_text(r, 100, 1, 0);
    assert_non_null(strstr(text, "95% interval"));
    assert_non_null(strstr(text, "+1.23"));
    assert_non_null(strstr(text, "[+0.73, +1.73]"));
    assert_non_null(strstr(text, "\xe2\x88\x92"
                                 "0.50")); /* U+2212 */
    assert_non_null(strstr(text, "\xe2\x97\x8f"));
    assert_non_null(strstr(text, "+12.3%"));
    assert_null(strstr(text, "ignifican"));
    assert_null(strchr(text, '\033'));
    /* Warnings stand before notes. */
    assert_true(strstr(text, "W_SRM") < strstr(text, "N_FIXED_HORIZON"));
    assert_non_null(strchr(up_result_text(r, 100, 1, 1), '\033'));
    text = up_result_text(r, 100, 0, 0);
    assert_non_null(strstr(text, "-0.50"));
    assert_null(strstr(text, "\xe2\x97\x8f"));
    up_result_free(r);
}

static void
test_widths(void **state)
{
    (void)state;
    up_result *r = make();
    for (int width = 40; width < 160; width += 7) {
        const char *line = up_result_text(r, width, 1, 0);
        while (*line != '\0') {
            char copy[1024];
            size_t n = strcspn(line, "\n");
            assert_true(n < sizeof copy);
            memcpy(copy, line, n);
            copy[n] = '\0';
            assert_true(upi_utf8_width(copy) <= (width < 46 ? 46 : width));
            line += n + 1;
        }
    }
    up_result_free(r);
}

static void
test_strict(void **state)
{
    (void)state;
    up_result *r = make();
    assert_int_equal(up_result_exit_code(r), 0);
    r->check_failed = true;
    assert_int_equal(up_result_exit_code(r), 0);
    r->strict = true;
    assert_int_equal(up_result_exit_code(r), 5);
    up_result_free(r);
    up_result_free(NULL);
}

static void
test_error_json(void **state)
{
    (void)state;
    up_error failure = UP_ERROR_INIT;
    up_error err = UP_ERROR_INIT;
    char *text = NULL;
    (void)upi_fail(&failure, UP_E_COLUMN, "itt", "no column 'a\"b'");
    (void)upi_fix(&failure, "did you mean 'arm'?");
    assert_ok(up_error_json("effect", &failure, &text, &err), &err);
    json_t *root = load(text);
    assert_true(json_is_false(json_object_get(root, "ok")));
    assert_string_equal(json_string_value(json_object_get(root, "code")), "E_COLUMN");
    assert_string_equal(json_string_value(json_object_get(root, "field")), "itt");
    json_decref(root);
    up_text_free(text);
}

static up_status
make_all(void *ctx, up_error *err)
{
    (void)ctx;
    up_status status = UP_OK;
    up_result *r = NULL;
    UP_TRY(upi_result_make("effect", &r, err));
    UP_TRY(fill(r, err));
    /* Rendering has no place for an error: it answers NULL. */
    if (up_result_json(r, 0) == NULL || up_result_csv(r) == NULL ||
        up_result_text(r, 80, 1, 1) == NULL) {
        status = upi_fail_memory(err, 1);
    }
out:
    up_result_free(r);
    return status;
}

static void
test_memory(void **state)
{
    (void)state;
    up_sweep_memory(make_all, NULL);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_json),
        cmocka_unit_test(test_csv),
        cmocka_unit_test(test_text),
        cmocka_unit_test(test_widths),
        cmocka_unit_test(test_strict),
        cmocka_unit_test(test_error_json),
        cmocka_unit_test(test_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
