/* Two ways of clustering against R's sandwich, and the law that a metric's standard error does
 * not depend on which other metrics are asked for; make.R made the data and the numbers. */
#include "fit_helper.h"
#include "up_test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static csv_fixture *
fixture(const char *const *metrics, const double *scale)
{
    static const csv_key keys[] = {
        {"arm", UPI_KEY_ARM, false}, {"device", UPI_KEY_COVARIATE, true}, {0}};
    char path[4096];
    (void)snprintf(path, sizeof path, "%s/twoway.csv", up_test_data("oracle/twoway"));
    return csv_moments_new(&(csv_spec){.path = path,
        .keys = keys,
        .y = metrics,
        .cluster = "shop",
        .cluster2 = "day",
        .form = UPI_MEAN,
        .control = "control",
        .scale = scale});
}

static double
expected(const char *metric, const char *column)
{
    char path[4096];
    (void)snprintf(path, sizeof path, "%s/expected.csv", up_test_data("oracle/twoway"));
    csv_table *t = csv_table_read(path);
    int64_t at = csv_table_column(t, column);
    int64_t name = csv_table_column(t, "metric");
    double value = 0;
    for (int64_t i = 0; i < t->n_rows; i++) {
        if (strcmp(t->cell[i * t->n_columns + name], metric) == 0) {
            value = strtod(t->cell[i * t->n_columns + at], NULL);
        }
    }
    csv_table_free(t);
    return value;
}

static int64_t
notes_of(const up_model *m, const char *field)
{
    int64_t n = 0;
    for (int64_t i = 0; i < m->notes.n; i++) {
        const up_note *note = &m->notes.items[i];
        n += note->code == UP_N_APPROXIMATE && strcmp(note->field, field) == 0;
    }
    return n;
}

static void
check(const char *const *metrics, const double *scale)
{
    csv_fixture *f = fixture(metrics, scale);
    up_model *m = fit_new(f, NULL, NULL);
    for (int64_t c = 0; metrics[c] != NULL; c++) {
        double unit = scale != NULL ? scale[c] : 1;
        fit_value v = fit_coefficient(m, c, "arm=b");
        assert_close(v.value, unit * expected(metrics[c], "estimate"), 1e-11, 0);
        assert_close(v.std_error, unit * expected(metrics[c], "std_error"), 1e-10, 0);
        assert_int_equal(
            notes_of(m, metrics[c]), strcmp(metrics[c], "shaky") == 0 ? 1 : 0);
    }
    up_model_free(m);
    csv_moments_free(f);
}

static void
steady_is_left_alone(void **state)
{
    (void)state;
    check((const char *const[]){"steady", NULL}, NULL);
}

static void
shaky_is_floored(void **state)
{
    (void)state;
    check((const char *const[]){"shaky", NULL}, NULL);
}

static void
company_changes_nothing(void **state)
{
    (void)state;
    check((const char *const[]){"steady", "shaky", NULL}, NULL);
    check((const char *const[]){"shaky", "steady", NULL}, NULL);
    check((const char *const[]){"steady", "shaky", NULL}, (const double[]){1e-6, 1e6});
}

/* Any sum of two metrics has a variance that is not negative. */
static void
pairs_are_covariances(void **state)
{
    (void)state;
    csv_fixture *f = fixture((const char *const[]){"steady", "shaky", NULL}, NULL);
    up_model *m = fit_new(f, NULL, NULL);
    for (int64_t i = 0; i < m->x.p * m->x.p; i++) {
        int64_t a = i % m->x.p;
        int64_t b = i / m->x.p;
        double va = upi_model_block(m, 0, 0)[a + a * m->x.p];
        double vb = upi_model_block(m, 1, 1)[b + b * m->x.p];
        double c = upi_model_block(m, 0, 1)[a + b * m->x.p];
        assert_true(c * c <= va * vb * (1 + 1e-9));
    }
    up_model_free(m);
    csv_moments_free(f);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(steady_is_left_alone),
        cmocka_unit_test(shaky_is_floored),
        cmocka_unit_test(company_changes_nothing),
        cmocka_unit_test(pairs_are_covariances),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
