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
refuse(up_experiment *e, const char *text, up_status wanted, const char *in_message)
{
    up_error err = UP_ERROR_INIT;
    int64_t n = e->n_covariates;
    assert_fails(up_experiment_add_covariate(e, text, &err), wanted, &err);
    if (strstr(err.message, in_message) == NULL) {
        print_error("message is: %s\n", err.message);
    }
    assert_non_null(strstr(err.message, in_message));
    assert_int_equal(e->n_covariates, n);
}

static void
test_forms(void **state)
{
    (void)state;
    static const struct {
        const char *text, *name;
        bool factor;
    } good[] = {{"country", "country", true}, {"member", "member", true},
        {"age", "age", false}, {"views", "views", false},
        {"factor(week)", "week", true}, {"Factor ( day )", "day", true},
        {"numeric(converted)", "converted", false},
        {"numeric(clicks)", "clicks", false}, {"sales>100", "sales > 100", true},
        {"ln(usd + 1)", "ln(usd + 1)", false}, {"month(day)", "month(day)", false},
        {"factor(\"say \"\"hi\"\"\")", "say \"hi\"", true},
        {"\"'; DROP TABLE x; --\"", "'; DROP TABLE x; --", false}};
    up_error err = UP_ERROR_INIT;
    up_experiment *e = make();
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        assert_ok(up_experiment_add_covariate(e, good[i].text, &err), &err);
        const upi_covariate *c = &e->covariates[e->n_covariates - 1];
        assert_string_equal(c->v.name, good[i].name);
        assert_int_equal(c->factor, good[i].factor);
        assert_false(c->strata);
    }
    up_experiment_free(e);
}

static void
test_refusals(void **state)
{
    (void)state;
    up_error err = UP_ERROR_INIT;
    up_experiment *e = make();
    assert_ok(up_experiment_add_covariate(e, "age", &err), &err);
    refuse(e, "age", UP_E_ARGUMENT, "already");
    refuse(e, "factor(age)", UP_E_ARGUMENT, "already");
    refuse(e, "agee", UP_E_COLUMN, "agee");
    refuse(e, "age >", UP_E_EXPRESSION, "");
    refuse(e, "factor()", UP_E_EXPRESSION, "");
    refuse(e, "factor(age) + 1", UP_E_EXPRESSION, "");
    refuse(e, "numeric(country)", UP_E_TYPE, "text");
    refuse(e, "day", UP_E_TYPE, "date");
    refuse(e, "at", UP_E_TYPE, "timestamp");
    refuse(e, "1", UP_E_ARGUMENT, "any column");
    refuse(e, "arm", UP_E_ARGUMENT, "assigned");
    refuse(e, "z", UP_E_ARGUMENT, "instrument");
    refuse(e, "treated", UP_E_POST_TREATMENT, "received");
    refuse(e, "if(treated == 1, age, 0)", UP_E_POST_TREATMENT, "received");
    assert_ok(up_experiment_add_metric(e, "sales", &err), &err);
    refuse(e, "sales", UP_E_POST_TREATMENT, "metric");
    assert_fails(up_experiment_add_covariate(e, "day", &err), UP_E_TYPE, &err);
    assert_non_null(strstr(err.fix, "factor(day)"));
    err = (up_error)UP_ERROR_INIT;
    assert_fails(up_experiment_add_covariate(e, NULL, &err), UP_E_ARGUMENT, &err);
    err = (up_error)UP_ERROR_INIT;
    assert_fails(up_experiment_add_covariate(NULL, "age", &err), UP_E_ARGUMENT, &err);
    up_experiment_free(e);
}

static void
test_segments(void **state)
{
    (void)state;
    up_error err = UP_ERROR_INIT;
    up_experiment *e = make();
    assert_ok(up_experiment_add_segment(e, "age>40", &err), &err);
    assert_ok(up_experiment_add_segment(e, "age > 40", &err), &err);
    assert_int_equal(e->n_segments, 1);
    assert_string_equal(e->segments[0].name, "age > 40");
    assert_ok(up_experiment_add_segment(e, "member", &err), &err);
    assert_fails(up_experiment_add_segment(e, "age", &err), UP_E_TYPE, &err);
    err = (up_error)UP_ERROR_INIT;
    assert_fails(up_experiment_add_segment(e, "true", &err), UP_E_ARGUMENT, &err);
    err = (up_error)UP_ERROR_INIT;
    assert_fails(
        up_experiment_add_segment(e, "treated = 1", &err), UP_E_POST_TREATMENT, &err);
    err = (up_error)UP_ERROR_INIT;
    assert_fails(up_experiment_add_segment(e, "arm = 'a'", &err), UP_E_ARGUMENT, &err);
    err = (up_error)UP_ERROR_INIT;
    assert_fails(up_experiment_add_segment(e, NULL, &err), UP_E_ARGUMENT, &err);
    err = (up_error)UP_ERROR_INIT;
    assert_fails(up_experiment_add_segment(NULL, "age > 1", &err), UP_E_ARGUMENT, &err);
    assert_int_equal(e->n_segments, 2);
    up_experiment_free(e);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_forms),
        cmocka_unit_test(test_refusals),
        cmocka_unit_test(test_segments),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
