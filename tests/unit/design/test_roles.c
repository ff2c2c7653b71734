#include "design/experiment.h"
#include "up_design.h"
#include "up_test.h"

#include <string.h>

static void
refuse(
    const up_roles *roles, up_status wanted, const char *field, const char *in_message)
{
    up_error err = UP_ERROR_INIT;
    up_experiment *e = NULL;
    int64_t live = upi_mem_live();
    assert_fails(up_experiment_new(up_schema_source(), roles, &e, &err), wanted, &err);
    assert_null(e);
    assert_int_equal(upi_mem_live(), live);
    assert_string_equal(err.field, field);
    if (strstr(err.message, in_message) == NULL) {
        print_error("message is: %s\n", err.message);
    }
    assert_non_null(strstr(err.message, in_message));
    assert_int_equal(
        up_experiment_new(up_schema_source(), roles, &e, NULL), wanted); /* err NULL */
}

static void
accept(const up_roles *roles)
{
    up_error err = UP_ERROR_INIT;
    up_experiment *e = NULL;
    assert_ok(up_experiment_new(up_schema_source(), roles, &e, &err), &err);
    up_experiment_free(e);
}

static void
test_types(void **state)
{
    (void)state;
    refuse(UP_ROLES(.intent_to_treat = "day"), UP_E_TYPE, "intent_to_treat", "date");
    refuse(UP_ROLES(.intent_to_treat = "arm", .treated = "at"), UP_E_TYPE, "treated",
        "timestamp");
    refuse(UP_ROLES(.intent_to_treat = "arm", .propensity = "country"), UP_E_TYPE,
        "propensity", "must be a number");
    refuse(UP_ROLES(.intent_to_treat = "arm", .weight = "member"), UP_E_TYPE, "weight",
        "boolean");
    refuse(UP_ROLES(.intent_to_treat = "arm", .cluster = "day"), UP_E_TYPE, "cluster",
        "text or a number");
    refuse(
        UP_ROLES(.intent_to_treat = "arm", .unit = "day"), UP_E_TYPE, "unit", "date");
    refuse(UP_ROLES(.intent_to_treat = "arm", .time = "member"), UP_E_TYPE, "time",
        "boolean");
    accept(UP_ROLES(.intent_to_treat = "arm", .time = "floor(age / 7)"));
    refuse(UP_ROLES(.intent_to_treat = "arm", .filter = "age"), UP_E_TYPE, "filter",
        "condition");
    accept(UP_ROLES(.intent_to_treat = "p")); /* a number column may hold 0.0 and 1.0 */
    accept(UP_ROLES(.intent_to_treat = "member", .treated = "treated"));
    accept(UP_ROLES(.intent_to_treat = "arm", .time = "day"));
    accept(UP_ROLES(.intent_to_treat = "arm", .time = "at", .cluster = "store"));
}

static void
test_expressions(void **state)
{
    (void)state;
    up_error err = UP_ERROR_INIT;
    up_experiment *e = NULL;
    assert_ok(
        up_experiment_new(up_schema_source(),
            UP_ROLES(.intent_to_treat = "if(z==1,'new','old')", .time = "month(day)"),
            &e, &err),
        &err);
    assert_int_equal(e->roles[UPI_ROLE_ARM].type, UPI_STR);
    assert_string_equal(e->roles[UPI_ROLE_TIME].name, "month(day)");
    up_experiment_free(e);
    refuse(UP_ROLES(.intent_to_treat = "armm"), UP_E_COLUMN, "armm", "armm");
    refuse(
        UP_ROLES(.intent_to_treat = "arm ="), UP_E_EXPRESSION, "intent_to_treat", "");
    refuse(UP_ROLES(.intent_to_treat = ""), UP_E_EXPRESSION, "intent_to_treat", "");
    refuse(UP_ROLES(.intent_to_treat = "arm", .weight = "age + 'x'"), UP_E_TYPE,
        "weight", "");
    refuse(UP_ROLES(.intent_to_treat = "tags"), UP_E_TYPE, "intent_to_treat", "cannot");
    refuse(UP_ROLES(.intent_to_treat = "arm; DROP TABLE x"), UP_E_EXPRESSION,
        "intent_to_treat", "");
}

static void
test_conflicts(void **state)
{
    (void)state;
    refuse(UP_ROLES(.intent_to_treat = "arm", .cluster = "arm"), UP_E_ARGUMENT,
        "cluster", "intent_to_treat");
    refuse(UP_ROLES(.intent_to_treat = "arm", .propensity = "p", .weight = "p"),
        UP_E_ARGUMENT, "weight", "contradict");
    refuse(UP_ROLES(.intent_to_treat = "arm", .cluster = "household",
               .cluster2 = "household"),
        UP_E_ARGUMENT, "cluster2", "household");
    refuse(UP_ROLES(.intent_to_treat = "arm", .unit = "week", .time = "week"),
        UP_E_ARGUMENT, "unit", "time");
    refuse(UP_ROLES(.intent_to_treat = "z", .time = "year(day)", .unit = "year( day )"),
        UP_E_ARGUMENT, "unit", "time");
    refuse(UP_ROLES(.intent_to_treat = "arm", .cluster2 = "week"), UP_E_ARGUMENT,
        "cluster2", "cluster is not given");
    refuse(UP_ROLES(.intent_to_treat = "arm", .assigned_by_cluster = 1), UP_E_ARGUMENT,
        "assigned_by_cluster", "cluster is not given");
    accept(UP_ROLES(.intent_to_treat = "z", .treated = "z", .instrument = "z"));
    accept(UP_ROLES(.intent_to_treat = "arm", .cluster = "shopper", .unit = "shopper"));
    accept(UP_ROLES(.intent_to_treat = "arm", .cluster = "household",
        .cluster2 = "week", .time = "week"));
}

static void
test_filter(void **state)
{
    (void)state;
    accept(UP_ROLES(.intent_to_treat = "arm", .filter = "arm in ('a', 'b')"));
    accept(UP_ROLES(.intent_to_treat = "arm", .filter = "country = 'US' and age > 3"));
    refuse(UP_ROLES(.intent_to_treat = "arm", .filter = "arm = 'a' or age > 3"),
        UP_E_ARGUMENT, "filter", "assigned");
    refuse(UP_ROLES(.intent_to_treat = "arm", .treated = "treated",
               .filter = "treated = 1"),
        UP_E_POST_TREATMENT, "filter", "received");
    refuse(UP_ROLES(.intent_to_treat = "arm", .instrument = "z", .filter = "z = 1"),
        UP_E_ARGUMENT, "filter", "instrument");
    up_error err = UP_ERROR_INIT;
    up_experiment *e = NULL;
    assert_ok(up_experiment_new(up_schema_source(),
                  UP_ROLES(.intent_to_treat = "arm", .filter = "views > 0"), &e, &err),
        &err);
    assert_fails(up_experiment_add_metric(e, "ctr = ratio(clicks, views)", &err),
        UP_E_POST_TREATMENT, &err);
    assert_non_null(strstr(err.message, "'views'"));
    assert_int_equal(e->n_metrics, 0);
    assert_int_equal(e->n_components, 0);
    up_experiment_free(e);
}

static void
test_strata(void **state)
{
    (void)state;
    up_error err = UP_ERROR_INIT;
    up_experiment *e = NULL;
    assert_ok(up_experiment_new(up_schema_source(),
                  UP_ROLES(.intent_to_treat = "arm", .strata = "week"), &e, &err),
        &err);
    assert_int_equal(e->n_covariates, 1);
    assert_true(e->covariates[0].factor && e->covariates[0].strata);
    /* asking for what is there is fine; asking for something else of it is not */
    assert_ok(up_experiment_add_covariate(e, "factor(week)", &err), &err);
    assert_int_equal(e->n_covariates, 1);
    assert_fails(up_experiment_add_covariate(e, "week", &err), UP_E_ARGUMENT, &err);
    up_experiment_free(e);
    refuse(
        UP_ROLES(.intent_to_treat = "arm", .treated = "treated", .strata = "treated"),
        UP_E_POST_TREATMENT, "strata", "received");
    refuse(UP_ROLES(.intent_to_treat = "arm", .strata = "arm"), UP_E_ARGUMENT, "strata",
        "assigned");
}

static void
test_split(void **state)
{
    (void)state;
    static const struct {
        const char *text, *in_message;
    } bad[] = {{"a=0.5", "at least two"}, {"a=0.5,b=0.4", "add up to 0.9"},
        {"a=0.5,b", "arm=share"}, {"a=0.5,=0.5", "arm=share"}, {"", "arm=share"},
        {"a=0.5,,b=0.5", "arm=share"}, {"a=0.5,b=half", "arm=share"},
        {"a=1.5,b=-0.5", "between 0 and 1"}, {"a=nan,b=1", ""},
        {"a=0.5,a=0.5", "twice"}, {"a=0.5,b=0.5,", "arm=share"},
        {"a=1,b=0", "at least two"}, {"a=0.5,'b=0.5", "arm=share"}};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        refuse(UP_ROLES(.intent_to_treat = "arm", .expected_split = bad[i].text),
            UP_E_ARGUMENT, "expected_split", bad[i].in_message);
    }
    up_error err = UP_ERROR_INIT;
    up_experiment *e = NULL;
    assert_ok(up_experiment_new(up_schema_source(),
                  UP_ROLES(.intent_to_treat = "arm",
                      .expected_split = " a = 0.25 ,\"x, y\"=0.25, p=q=5e-1,off=0"),
                  &e, &err),
        &err);
    assert_int_equal(e->n_split, 4);
    assert_string_equal(e->split_labels[0], "a");
    assert_string_equal(e->split_labels[1], "x, y");
    assert_string_equal(e->split_labels[2], "p=q");
    assert_close(e->split_shares[2], 0.5, 0.0, 0.0);
    assert_close(e->split_shares[3], 0.0, 0.0, 0.0);
    up_experiment_free(e);
}

static void
test_missing_option(void **state)
{
    (void)state;
    refuse(UP_ROLES(.intent_to_treat = "arm", .missing = 3), UP_E_ARGUMENT, "missing",
        "3");
    refuse(UP_ROLES(.intent_to_treat = "arm", .missing = -1), UP_E_ARGUMENT, "missing",
        "-1");
}

static void
test_names(void **state)
{
    (void)state;
    assert_string_equal(upi_role_name(UPI_ROLE_ARM), "intent_to_treat");
    assert_string_equal(upi_role_name(UPI_ROLE_CLUSTER2), "cluster2");
    assert_string_equal(upi_role_name(-1), "");
    assert_string_equal(upi_role_name(UPI_ROLE_COUNT), "");
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_types),
        cmocka_unit_test(test_expressions),
        cmocka_unit_test(test_conflicts),
        cmocka_unit_test(test_filter),
        cmocka_unit_test(test_strata),
        cmocka_unit_test(test_split),
        cmocka_unit_test(test_missing_option),
        cmocka_unit_test(test_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
