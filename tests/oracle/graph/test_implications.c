/* Implied independences on data against numpy, scipy and statsmodels (make_data.py). */
#include "csv_moments.h"
#include "up_test.h"

#include <upshot/upshot.h>

#include <string.h>

static double
cell(const csv_table *t, int64_t row, const char *column)
{
    const char *s = t->cell[row * t->n_columns + csv_table_column(t, column)];
    double x = 0;
    assert_true(upi_double_parse(s, (int64_t)strlen(s), &x));
    return x;
}

static const char *
word(const csv_table *t, int64_t row, const char *column)
{
    return t->cell[row * t->n_columns + csv_table_column(t, column)];
}

static void
check(const up_moments *m)
{
    up_error err = UP_ERROR_INIT;
    up_graph *g = NULL;
    up_implications *t = NULL;
    csv_table *wanted = csv_table_read(up_test_data("oracle/graph/expected.csv"));
    assert_ok(up_graph_parse("t -> s -> v -> y; t -> v; x -> s", &g, &err), &err);
    assert_ok(up_graph_test(g, m, 0, NULL, &t, &err), &err);
    assert_int_equal(up_implications_count(t), wanted->n_rows);
    assert_close(up_implications_n(t), 300, 0, 0);
    for (int64_t i = 0; i < wanted->n_rows; i++) {
        bool found = false;
        for (int64_t k = 0; k < wanted->n_rows; k++) {
            up_implication one = up_implications_get(t, k);
            const char *a = word(wanted, i, "first");
            const char *b = word(wanted, i, "second");
            bool same = (strcmp(one.first, a) == 0 && strcmp(one.second, b) == 0) ||
                        (strcmp(one.first, b) == 0 && strcmp(one.second, a) == 0);
            if (same) {
                found = true;
                assert_close(one.correlation, cell(wanted, i, "r"), 1e-9, 1e-13);
                assert_close(one.p_value, cell(wanted, i, "p"), 1e-9, 0);
                assert_close(one.p_adjusted, cell(wanted, i, "holm"), 1e-9, 0);
                assert_int_equal(one.rejected, cell(wanted, i, "holm") <= 0.05);
            }
        }
        assert_true(found);
    }
    csv_table_free(wanted);
    up_implications_free(t);
    up_graph_free(g);
}

/* The same numbers from every form of the moments. */
static void
every_form(void **state)
{
    (void)state;
    static const csv_key arm[] = {{"t", UPI_KEY_ARM, false}, {0}};
    static const char *const x[] = {"x", NULL};
    static const char *const y[] = {"s", "v", "y", NULL};
    static const char *const all[] = {"x", "s", "v", "y", NULL};
    const csv_spec specs[] = {{.keys = arm, .x = x, .y = y, .form = UPI_TRI},
        {.keys = arm, .y = all, .form = UPI_MEAN},
        {.keys = arm, .x = x, .y = y, .form = UPI_GRAM}};
    for (size_t i = 0; i < sizeof specs / sizeof specs[0]; i++) {
        csv_spec spec = specs[i];
        spec.path = up_test_data("oracle/graph/data.csv");
        csv_fixture *f = csv_moments_new(&spec);
        check(f->m);
        csv_moments_free(f);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(every_form)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
