/* Charts of results made by hand: what is drawn, what is refused, and ends that are not finite.
 * Whether Vega-Lite takes the specifications is the business of tests/charts. */
#include "report/chart.h"
#include "up_test.h"

#include <jansson.h>
#include <math.h>
#include <string.h>

static const upi_sheet_column columns[] = {{"metric", UPI_CELL_TEXT, false},
    {"arm", UPI_CELL_TEXT, false}, {"against", UPI_CELL_TEXT, false},
    {"segment", UPI_CELL_TEXT, false}, {"period", UPI_CELL_TEXT, false},
    {"conf_set", UPI_CELL_TEXT, false}, {"relative_set", UPI_CELL_TEXT, false},
    {"estimate", UPI_CELL_NUMBER, false}, {"std_error", UPI_CELL_NUMBER, false},
    {"conf_low", UPI_CELL_NUMBER, false}, {"conf_high", UPI_CELL_NUMBER, false},
    {"relative", UPI_CELL_NUMBER, false}, {"relative_low", UPI_CELL_NUMBER, false},
    {"relative_high", UPI_CELL_NUMBER, false}, {"n", UPI_CELL_INTEGER, false}};
enum {
    N_COLUMNS = sizeof columns / sizeof columns[0],
    ESTIMATE = 7,
    LOW = 9,
    HIGH = 10
};

typedef struct row {
    const char *metric, *segment, *period, *set;
    double estimate, low, high, relative;
} row;

static up_status
make(const row *rows, int64_t n, up_result **out, up_error *err)
{
    up_status status = UP_OK;
    up_result *r = NULL;
    UP_TRY(upi_result_make("effect", &r, err));
    r->has_rows = true;
    r->rows.columns = columns;
    r->rows.n_columns = N_COLUMNS;
    r->level = 0.9;
    UP_TRY(upi_result_say(&r->headline, err, "the \"finding\" in </script> words"));
    for (int64_t i = 0; i < n; i++) {
        upi_cell *c = NULL;
        const char *texts[] = {rows[i].metric, "new", "control", rows[i].segment,
            rows[i].period, rows[i].set, "interval"};
        const double numbers[] = {rows[i].estimate, 0.5, rows[i].low, rows[i].high,
            rows[i].relative, rows[i].relative - 0.01, rows[i].relative + 0.01};
        UP_TRY(upi_sheet_add(&r->rows, &c, err));
        for (int k = 0; k < 7; k++) {
            UP_TRY(upi_cell_set(&c[k], texts[k], err));
            c[ESTIMATE + k].number = numbers[k];
        }
        c[N_COLUMNS - 1].integer = 100 + i;
    }
    *out = r;
    r = NULL;
out:
    up_result_free(r);
    return status;
}

static json_t *
drawn(const row *rows, int64_t n, const char *kind, const up_chart_opts *opts)
{
    up_error err = UP_ERROR_INIT;
    json_error_t where;
    up_result *r = NULL;
    char *text = NULL;
    assert_ok(make(rows, n, &r, &err), &err);
    assert_ok(up_result_chart(r, kind, opts, &text, &err), &err);
    assert_int_equal(text[strlen(text) - 1], '\n');
    json_t *root = json_loads(text, JSON_REJECT_DUPLICATES, &where);
    assert_non_null(root);
    up_text_free(text);
    up_result_free(r);
    return root;
}

static json_t *
values(json_t *root)
{
    return json_object_get(json_object_get(root, "data"), "values");
}

static double
number(json_t *row_of, const char *key)
{
    json_t *v = json_object_get(row_of, key);
    return json_is_number(v) ? json_number_value(v) : (double)NAN;
}

static const char *
string(json_t *row_of, const char *key)
{
    const char *s = json_string_value(json_object_get(row_of, key));
    return s != NULL ? s : "(none)";
}

static void
test_one_row(void **state)
{
    (void)state;
    const row one = {"sales", "", "", "interval", 1.5, 0.5, 2.5, 0.015};
    json_t *root = drawn(&one, 1, NULL, NULL);
    json_t *first = json_array_get(values(root), 0);
    assert_int_equal(json_array_size(values(root)), 1);
    assert_string_equal(string(first, "label"), "new");
    assert_string_equal(string(first, "words"), "+1.50 [+0.50, +2.50]");
    assert_close(number(first, "estimate"), 1.5, 0, 0);
    assert_close(number(first, "low"), 0.5, 0, 0);
    assert_close(number(first, "high"), 2.5, 0, 0);
    assert_null(json_object_get(first, "open_low"));
    assert_null(json_object_get(root, "facet"));
    assert_int_equal(number(root, "width"), 440);
    assert_string_equal(string(root, "description"),
        "the \"finding\" in </script> words. Points are "
        "estimates, bars 90% intervals.");
    json_decref(root);
}

/* Ends at infinity become arrows beyond every finite end; a set in two pieces two bars. */
static void
test_open_ends(void **state)
{
    (void)state;
    const double inf = (double)INFINITY;
    const row rows[] = {{"y", "a", "", "above", 1, 0.5, inf, NAN},
        {"y", "b", "", "below", -1, -inf, 4, NAN},
        {"y", "c", "", "line", 0, -inf, inf, NAN},
        {"y", "d", "", "complement", 9, -2, 6, NAN},
        {"y", "e", "", "", NAN, NAN, NAN, NAN}};
    json_t *root = drawn(rows, 5, "forest", NULL);
    json_t *v = values(root);
    assert_true(number(json_array_get(v, 0), "high") > 9);
    assert_close(number(json_array_get(v, 0), "low"), 0.5, 0, 0);
    assert_true(number(json_array_get(v, 0), "open_high") > 9);
    assert_null(json_object_get(json_array_get(v, 0), "open_low"));
    assert_true(number(json_array_get(v, 1), "open_low") < -2);
    assert_null(json_object_get(json_array_get(v, 1), "open_high"));
    assert_non_null(json_object_get(json_array_get(v, 2), "open_low"));
    assert_non_null(json_object_get(json_array_get(v, 2), "open_high"));
    json_t *pieces = json_array_get(v, 3);
    assert_true(number(pieces, "low") < -2);
    assert_close(number(pieces, "high"), -2, 0, 0);
    assert_close(number(pieces, "low_2"), 6, 0, 0);
    assert_true(number(pieces, "high_2") > 9);
    assert_string_equal(string(pieces, "words"), "+9.00 outside (\xe2\x88\x92"
                                                 "2.00, +6.00)");
    assert_true(json_is_null(json_object_get(json_array_get(v, 4), "estimate")));
    assert_null(json_object_get(json_array_get(v, 4), "low"));
    json_decref(root);
}

/* Several metrics share an axis as shares of control, and have panels in their own units. */
static void
test_scales(void **state)
{
    (void)state;
    const row rows[] = {{"zebra", "", "", "interval", 1.5, 0.5, 2.5, 0.015},
        {"apple", "", "", "interval", 900, 500, 1300, 0.25}};
    json_t *root = drawn(rows, 2, NULL, NULL);
    assert_close(number(json_array_get(values(root), 1), "estimate"), 0.25, 0, 0);
    assert_string_equal(string(json_array_get(values(root), 1), "label"), "apple");
    json_decref(root);
    root = drawn(
        rows, 2, NULL, UP_CHART_OPTS(.scale = UP_CHART_SCALE_ABSOLUTE, .width = 300));
    json_t *order = json_object_get(json_object_get(root, "facet"), "sort");
    assert_int_equal(json_array_size(order), 2);
    assert_string_equal(json_string_value(json_array_get(order, 0)), "zebra");
    assert_close(number(json_array_get(values(root), 1), "estimate"), 900, 0, 0);
    assert_close(number(json_object_get(root, "spec"), "width"), 300, 0, 0);
    json_decref(root);
    const row no_share = {"y", "", "", "interval", 1, 0, 2, NAN};
    up_error err = UP_ERROR_INIT;
    up_result *r = NULL;
    char *text = NULL;
    assert_ok(make(&no_share, 1, &r, &err), &err);
    assert_fails(up_result_chart(r, NULL,
                     UP_CHART_OPTS(.scale = UP_CHART_SCALE_RELATIVE), &text, &err),
        UP_E_ARGUMENT, &err);
    assert_string_equal(err.field, "scale");
    assert_null(text);
    up_result_free(r);
}

static void
test_periods(void **state)
{
    (void)state;
    const row rows[] = {{"y", "", "1", "interval", 1, 0, 2, 0.1},
        {"y", "", "2", "above", 2, 1, (double)INFINITY, 0.2}};
    json_t *root = drawn(rows, 2, NULL, NULL);
    json_t *second = json_array_get(values(root), 1);
    assert_string_equal(string(second, "period"), "2");
    assert_close(number(second, "low"), 1, 0, 0);
    assert_true(number(second, "high") > 2);
    assert_int_equal(json_array_size(json_object_get(root, "layer")), 5);
    json_decref(root);
    root = drawn(rows, 2, "forest", NULL);
    assert_string_equal(string(json_array_get(values(root), 1), "label"), "period 2");
    json_decref(root);
}

/* A long label is cut, one that is not UTF-8 or commands a terminal is made clean. */
static void
test_labels(void **state)
{
    (void)state;
    char longest[2000];
    memset(longest, 'x', sizeof longest - 1);
    longest[sizeof longest - 1] = '\0';
    const row rows[] = {{"y", longest, "", "interval", 1, 0, 2, 0.1},
        {"y", "\xe5\xaf\xbe\xe7\x85\xa7\xe7\xbe\xa4", "", "interval", 1, 0, 2, 0.1},
        {"y", "a\x1b[31m\xff", "", "interval", 1, 0, 2, 0.1}};
    json_t *root = drawn(rows, 3, NULL, NULL);
    assert_int_equal(
        strlen(string(json_array_get(values(root), 0), "label")), UPI_CHART_LABEL - 1);
    assert_string_equal(string(json_array_get(values(root), 1), "label"),
        "\xe5\xaf\xbe\xe7\x85\xa7\xe7\xbe\xa4");
    assert_null(strchr(string(json_array_get(values(root), 2), "label"), 0x1b));
    json_decref(root);
}

static void
test_many_rows(void **state)
{
    (void)state;
    enum { MANY = 500 };
    static row rows[MANY];
    static char names[MANY][16];
    for (int i = 0; i < MANY; i++) {
        (void)snprintf(names[i], sizeof names[i], "s%d", i);
        rows[i] = (row){"y", names[i], "", "interval", i, i - 1, i + 1, 0.1};
    }
    json_t *root = drawn(rows, MANY, NULL, NULL);
    assert_int_equal(json_array_size(values(root)), 200);
    assert_non_null(
        strstr(string(root, "description"), "The first 200 of 500 rows are shown."));
    json_decref(root);
}

static void
test_refusals(void **state)
{
    (void)state;
    const row one = {"sales", "", "", "interval", 1.5, 0.5, 2.5, 0.015};
    up_error err = UP_ERROR_INIT;
    up_result *r = NULL;
    char *text = NULL;
    assert_ok(make(&one, 1, &r, &err), &err);
    assert_string_equal(up_result_chart_kind(r, 0), "forest");
    assert_null(up_result_chart_kind(r, 1));
    assert_null(up_result_chart_kind(r, -1));
    assert_null(up_result_chart_kind(NULL, 0));
    assert_fails(up_result_chart(r, "pie", NULL, &text, &err), UP_E_ARGUMENT, &err);
    assert_string_equal(err.message, "there is no kind of chart 'pie'");
    assert_string_equal(err.fix, "a kind that shows this result: forest");
    err = (up_error)UP_ERROR_INIT;
    assert_fails(up_result_chart(r, "power", NULL, &text, &err), UP_E_ARGUMENT, &err);
    assert_string_equal(err.message, "the chart 'power' needs the sizes of 'power'");
    err = (up_error)UP_ERROR_INIT;
    assert_fails(up_result_chart(r, NULL, UP_CHART_OPTS(.width = 20), &text, &err),
        UP_E_ARGUMENT, &err);
    err = (up_error)UP_ERROR_INIT;
    assert_fails(up_result_chart(r, NULL, UP_CHART_OPTS(.scale = 3), &text, &err),
        UP_E_ARGUMENT, &err);
    up_result_free(r);
    err = (up_error)UP_ERROR_INIT;
    assert_ok(make(NULL, 0, &r, &err), &err);
    assert_null(up_result_chart_kind(r, 0));
    assert_fails(up_result_chart(r, NULL, NULL, &text, &err), UP_E_ARGUMENT, &err);
    assert_string_equal(err.field, "kind");
    assert_null(text);
    up_result_free(r);
}

/* The same result, drawn twice and made twice, has the same bytes. */
static void
test_same_bytes(void **state)
{
    (void)state;
    const row one = {"sales", "", "", "interval", 1.0 / 3, 0.1, 2.0 / 3, 0.015};
    up_error err = UP_ERROR_INIT;
    char *texts[3] = {NULL};
    up_result *r = NULL;
    for (int k = 0; k < 3; k++) {
        if (k != 1) {
            up_result_free(r);
            assert_ok(make(&one, 1, &r, &err), &err);
        }
        assert_ok(up_result_chart(r, NULL, NULL, &texts[k], &err), &err);
    }
    assert_string_equal(texts[0], texts[1]);
    assert_string_equal(texts[0], texts[2]);
    for (int k = 0; k < 3; k++) {
        up_text_free(texts[k]);
    }
    up_result_free(r);
}

static const upi_sheet_column edge_columns[] = {{"arm", UPI_CELL_TEXT, false},
    {"part", UPI_CELL_TEXT, false}, {"path", UPI_CELL_TEXT, false},
    {"estimate", UPI_CELL_NUMBER, false}, {"std_error", UPI_CELL_NUMBER, false},
    {"conf_low", UPI_CELL_NUMBER, false}, {"conf_high", UPI_CELL_NUMBER, false}};

static up_status
make_graph(const char *const *edges, int64_t n, up_result **out, up_error *err)
{
    up_status status = UP_OK;
    up_result *r = NULL;
    UP_TRY(upi_result_make("mediate", &r, err));
    r->drawn.columns = edge_columns;
    r->drawn.n_columns = sizeof edge_columns / sizeof edge_columns[0];
    for (int64_t i = 0; i < n; i++) {
        upi_cell *c = NULL;
        UP_TRY(upi_sheet_add(&r->drawn, &c, err));
        UP_TRY(upi_cell_set(&c[0], strncmp(edges[i], "arm", 3) == 0 ? "new" : "", err));
        UP_TRY(upi_cell_set(&c[1], "edge", err));
        UP_TRY(upi_cell_set(&c[2], edges[i], err));
        c[3].number = 1;
        c[4].number = 0.1;
        c[5].number = i % 2 == 0 ? 0.8 : -0.2;
        c[6].number = 1.2;
    }
    *out = r;
    r = NULL;
out:
    up_result_free(r);
    return status;
}

/* Boxes stand left to right by their longest path; no arrow runs through a third box. */
static void
test_paths(void **state)
{
    (void)state;
    static const char *const edges[] = {"arm -> a", "arm -> b", "arm -> y", "a -> b",
        "b -> y", "a -> y", "arm=new:a -> y", "not an edge"};
    up_error err = UP_ERROR_INIT;
    up_result *r = NULL;
    char *text = NULL;
    assert_ok(make_graph(edges, 8, &r, &err), &err);
    assert_string_equal(up_result_chart_kind(r, 0), "paths");
    assert_ok(up_result_chart(r, "paths", NULL, &text, &err), &err);
    json_t *root = json_loads(text, JSON_REJECT_DUPLICATES, NULL);
    json_t *v = values(root);
    double x[4] = {0};
    double y[4] = {0};
    int boxes = 0;
    int dashed = 0;
    assert_int_equal(json_array_size(v), 6 + 4);
    assert_null(json_object_get(root, "facet"));
    for (size_t i = 0; i < json_array_size(v); i++) {
        json_t *o = json_array_get(v, i);
        dashed += json_is_true(json_object_get(o, "open"));
        if (strcmp(string(o, "what"), "box") == 0) {
            const char *names[] = {"arm", "a", "b", "y"};
            for (int k = 0; k < 4; k++) {
                if (strcmp(string(o, "name"), names[k]) == 0) {
                    x[k] = number(o, "x_label");
                    y[k] = number(o, "y_label");
                    boxes++;
                }
            }
        }
    }
    assert_int_equal(boxes, 4);
    assert_int_equal(dashed, 3);
    assert_true(x[0] < x[1] && x[1] < x[2] && x[2] < x[3]);
    assert_close(y[0], y[3], 0, 1e-9);
    assert_true(y[1] < y[0] - 50 && y[2] < y[0] - 50); /* above the straight arrow */
    json_decref(root);
    up_text_free(text);
    up_result_free(r);
}

static up_status
draw_all(void *ctx, up_error *err)
{
    static const char *const edges[] = {"arm -> a", "arm -> y", "a -> y"};
    const row rows[] = {{"y", "a", "1", "above", 1, 0, (double)INFINITY, 0.1},
        {"z", "b", "2", "interval", 2, 1, 3, 0.2}};
    static const char *const kinds[] = {"forest", "periods"};
    up_status status = UP_OK;
    up_result *r = NULL;
    char *text = NULL;
    (void)ctx;
    UP_TRY(make(rows, 2, &r, err));
    for (int k = 0; k < 2; k++) {
        UP_TRY(up_result_chart(
            r, kinds[k], UP_CHART_OPTS(.scale = UP_CHART_SCALE_ABSOLUTE), &text, err));
        up_text_free(text);
        text = NULL;
    }
    up_result_free(r);
    r = NULL;
    UP_TRY(make_graph(edges, 3, &r, err));
    UP_TRY(up_result_chart(r, NULL, NULL, &text, err));
out:
    up_text_free(text);
    up_result_free(r);
    return status;
}

static void
test_out_of_memory(void **state)
{
    (void)state;
    up_sweep_memory(draw_all, NULL);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_one_row),
        cmocka_unit_test(test_open_ends), cmocka_unit_test(test_scales),
        cmocka_unit_test(test_periods), cmocka_unit_test(test_labels),
        cmocka_unit_test(test_many_rows), cmocka_unit_test(test_refusals),
        cmocka_unit_test(test_same_bytes), cmocka_unit_test(test_paths),
        cmocka_unit_test(test_out_of_memory)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
