#include "design/experiment.h"
#include "up_design.h"
#include "up_test.h"

#include <string.h>

static up_experiment *
make(void)
{
    up_error err = UP_ERROR_INIT;
    up_experiment *e = NULL;
    assert_ok(
        up_experiment_new(up_schema_source(),
            UP_ROLES(.intent_to_treat = "arm", .treated = "treated", .instrument = "z"),
            &e, &err),
        &err);
    return e;
}

static void
add(up_experiment *e, const char *text)
{
    up_error err = UP_ERROR_INIT;
    assert_ok(up_experiment_add_metric(e, text, &err), &err);
}

static void
refuse(up_experiment *e, const char *text, up_status wanted, const char *in_message)
{
    up_error err = UP_ERROR_INIT;
    int64_t n = e->n_metrics;
    int64_t parts = e->n_components;
    assert_fails(up_experiment_add_metric(e, text, &err), wanted, &err);
    if (strstr(err.message, in_message) == NULL) {
        print_error("message is: %s\n", err.message);
    }
    assert_non_null(strstr(err.message, in_message));
    assert_int_equal(e->n_metrics, n);
    assert_int_equal(e->n_components, parts);
    assert_int_equal(up_experiment_add_metric(e, text, NULL), wanted);
}

static void
test_forms(void **state)
{
    (void)state;
    up_experiment *e = make();
    add(e, "  sales ");
    add(e, "big = sales > 100");
    add(e, "converted");
    add(e, "rev = if(country = 'US', usd, eur * 1.1)");
    add(e, "ctr = ratio(clicks, views)");
    add(e, "views");
    add(e, "took = treated");
    assert_int_equal(e->n_metrics, 7);
    assert_string_equal(e->metrics[0].name, "sales");
    assert_int_equal(e->metrics[0].kind, UPI_METRIC_MEAN);
    assert_int_equal(e->metrics[0].denominator, -1);
    assert_int_equal(e->metrics[1].kind, UPI_METRIC_PROPORTION);
    assert_int_equal(e->components[e->metrics[1].component].type, UPI_BOOL);
    assert_int_equal(e->metrics[2].kind, UPI_METRIC_PROPORTION);
    assert_int_equal(e->metrics[4].kind, UPI_METRIC_RATIO);
    /* views is summed once */
    assert_int_equal(e->metrics[4].denominator, e->metrics[5].component);
    assert_int_equal(e->n_components, 7);
    up_experiment_free(e);
}

static void
test_default_names(void **state)
{
    (void)state;
    up_experiment *e = make();
    add(e, "sales>100");
    add(e, "RATIO( clicks+1,views )");
    assert_string_equal(e->metrics[0].name, "sales > 100");
    assert_string_equal(e->metrics[1].name, "ratio(clicks + 1, views)");
    refuse(e, "sales  >  100", UP_E_ARGUMENT, "already");
    up_experiment_free(e);
}

static void
test_definition_or_comparison(void **state)
{
    (void)state;
    up_experiment *e = make();
    /* sales is a column: both meanings are possible */
    refuse(e, "sales = 1", UP_E_ARGUMENT, "compare");
    refuse(e, "sales = sales", UP_E_ARGUMENT, "compare");
    refuse(e, "\"say \"\"hi\"\"\" = 'x'", UP_E_ARGUMENT, "compare");
    refuse(e, "clicks = ratio(clicks, views)", UP_E_ARGUMENT, "compare");
    up_error err = UP_ERROR_INIT;
    assert_fails(up_experiment_add_metric(e, "age = 40", &err), UP_E_ARGUMENT, &err);
    assert_string_equal(err.fix, "write == for a comparison, or choose another name");
    add(e, "clicks == 1");
    assert_int_equal(e->metrics[0].kind, UPI_METRIC_PROPORTION);
    /* no column is called one */
    add(e, "one = clicks");
    assert_string_equal(e->metrics[1].name, "one");
    /* a constant is no metric, by whatever name */
    refuse(e, "a = 1", UP_E_ARGUMENT, "does not use any column");
    refuse(e, "ratio(clicks, 1)", UP_E_ARGUMENT, "does not use any column");
    /* names may be quoted */
    add(e, "\"two \"\"words\"\"\" = clicks = 2");
    assert_string_equal(e->metrics[2].name, "two \"words\"");
    up_experiment_free(e);
}

static void
test_refusals(void **state)
{
    (void)state;
    up_experiment *e = make();
    add(e, "sales");
    refuse(e, "sales", UP_E_ARGUMENT, "already");
    refuse(e, "salse", UP_E_COLUMN, "salse");
    refuse(e, "sales +", UP_E_EXPRESSION, "");
    refuse(e, "", UP_E_EXPRESSION, "");
    refuse(e, "x = ", UP_E_EXPRESSION, "");
    refuse(e, "country", UP_E_TYPE, "text");
    refuse(e, "day", UP_E_TYPE, "date");
    refuse(e, "ratio(sales)", UP_E_EXPRESSION, "two expressions");
    refuse(e, "ratio(sales, views, clicks)", UP_E_EXPRESSION, "two expressions");
    refuse(e, "ratio(sales, country)", UP_E_TYPE, "country");
    refuse(e, "r = ratio(clicks, views) * 2", UP_E_EXPRESSION, "");
    refuse(e, "arm = 'a'", UP_E_ARGUMENT, "");
    refuse(e, "arm == 'a'", UP_E_ARGUMENT, "assigned");
    refuse(e, "z + 1", UP_E_ARGUMENT, "assigned");
    refuse(e, "\"\" = sales", UP_E_ARGUMENT, "empty");
    refuse(e, "\"\xff\" = views", UP_E_ARGUMENT, "UTF-8");
    up_error err = UP_ERROR_INIT;
    assert_fails(up_experiment_add_metric(e, NULL, &err), UP_E_ARGUMENT, &err);
    assert_int_equal(up_experiment_add_metric(e, "views", &err), UP_E_ARGUMENT);
    assert_int_equal(e->n_metrics, 1);
    err = (up_error)UP_ERROR_INIT;
    assert_fails(up_experiment_add_metric(NULL, "views", &err), UP_E_ARGUMENT, &err);
    up_experiment_free(e);
}

static void
test_hostile_names(void **state)
{
    (void)state;
    up_experiment *e = make();
    add(e, "\"'; DROP TABLE x; --\"");
    add(e, "größe");
    add(e, "\"ratio(clicks, views)\""); /* a column of that name, not a ratio */
    add(e, "\"a > 1\"");
    add(e, "\"line\nbreak\"");
    assert_string_equal(e->metrics[0].name, "'; DROP TABLE x; --");
    assert_int_equal(e->metrics[2].kind, UPI_METRIC_MEAN);
    assert_string_equal(e->metrics[2].name, "ratio(clicks, views)");
    refuse(e, "ratio(clicks, views)", UP_E_ARGUMENT, "already");
    add(e, "r2 = ratio(clicks, views)");
    assert_int_equal(e->n_components, 7);
    up_experiment_free(e);
}

/* Columns from before treatment may stand in a metric, but not be all of it. */
static void
test_pre_treatment_columns(void **state)
{
    (void)state;
    up_error err = UP_ERROR_INIT;
    up_experiment *e = make();
    add(e, "lift = sales - sales_before");
    assert_ok(up_experiment_add_covariate(e, "sales_before", &err), &err);
    assert_fails(
        up_experiment_add_covariate(e, "sales > 3", &err), UP_E_POST_TREATMENT, &err);
    err = (up_error)UP_ERROR_INIT;
    assert_ok(up_experiment_add_covariate(e, "country", &err), &err);
    add(e, "rev = if(country = 'US', usd, eur)");
    refuse(e, "sales_before", UP_E_POST_TREATMENT, "sales_before");
    assert_ok(up_experiment_add_segment(e, "usd > 1", &err), &err);
    assert_fails(
        up_experiment_add_segment(e, "eur > 1", &err), UP_E_POST_TREATMENT, &err);
    up_experiment_free(e);
}

/* Weights, propensities and periods that are made of a metric condition on it. */
static void
test_metric_in_a_role(void **state)
{
    (void)state;
    up_error err = UP_ERROR_INIT;
    const up_roles *const roles[] = {
        UP_ROLES(.intent_to_treat = "arm", .weight = "sales"),
        UP_ROLES(.intent_to_treat = "arm", .time = "floor(sales / 10)"),
        UP_ROLES(.intent_to_treat = "arm", .propensity = "if(sales > 1, 0.4, 0.5)"),
    };
    for (size_t i = 0; i < sizeof roles / sizeof roles[0]; i++) {
        up_experiment *e = NULL;
        assert_ok(up_experiment_new(up_schema_source(), roles[i], &e, &err), &err);
        refuse(e, "sales", UP_E_POST_TREATMENT, "sales");
        refuse(e, "bought = sales > 0", UP_E_POST_TREATMENT, "sales > 0");
        add(e, "lift = sales - sales_before");
        up_experiment_free(e);
    }
}

static void
test_kind_names(void **state)
{
    (void)state;
    assert_string_equal(upi_metric_kind_name(UPI_METRIC_MEAN), "mean");
    assert_string_equal(upi_metric_kind_name(UPI_METRIC_PROPORTION), "proportion");
    assert_string_equal(upi_metric_kind_name(UPI_METRIC_RATIO), "ratio");
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_forms),
        cmocka_unit_test(test_default_names),
        cmocka_unit_test(test_definition_or_comparison),
        cmocka_unit_test(test_refusals),
        cmocka_unit_test(test_hostile_names),
        cmocka_unit_test(test_pre_treatment_columns),
        cmocka_unit_test(test_metric_in_a_role),
        cmocka_unit_test(test_kind_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
