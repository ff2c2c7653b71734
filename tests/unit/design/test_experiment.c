/* Making, marking and copying an experiment, and its behaviour without memory. */
#include "design/experiment.h"
#include "up_design.h"
#include "up_test.h"

#include <string.h>

static up_experiment *
make(void)
{
    up_error err = UP_ERROR_INIT;
    up_experiment *e = NULL;
    assert_ok(up_experiment_new(
                  up_schema_source(), UP_ROLES(.intent_to_treat = "arm"), &e, &err),
        &err);
    return e;
}

static void
test_arguments(void **state)
{
    (void)state;
    up_error err = UP_ERROR_INIT;
    up_experiment *e = NULL;
    up_source *s = up_schema_source();
    assert_fails(up_experiment_new(s, NULL, &e, &err), UP_E_ARGUMENT, &err);
    assert_string_equal(err.field, "intent_to_treat");
    /* a call with an error that is set does nothing */
    assert_int_equal(up_experiment_new(s, UP_ROLES(.intent_to_treat = "arm"), &e, &err),
        UP_E_ARGUMENT);
    assert_null(e);
    err = (up_error)UP_ERROR_INIT;
    assert_fails(up_experiment_new(NULL, UP_ROLES(.intent_to_treat = "arm"), &e, &err),
        UP_E_ARGUMENT, &err);
    err = (up_error)UP_ERROR_INIT;
    assert_fails(up_experiment_new(s, UP_ROLES(.intent_to_treat = "arm"), NULL, &err),
        UP_E_ARGUMENT, &err);
    struct {
        up_roles r;
        int64_t later;
    } newer = {
        .r = {.struct_size = sizeof newer, .intent_to_treat = "arm"}, .later = 1};
    err = (up_error)UP_ERROR_INIT;
    assert_fails(up_experiment_new(s, &newer.r, &e, &err), UP_E_OPTIONS_TOO_NEW, &err);
    up_roles old = {.struct_size = 16, .intent_to_treat = "arm", .treated = "nowhere"};
    err = (up_error)UP_ERROR_INIT;
    assert_ok(up_experiment_new(s, &old, &e, &err), &err);
    assert_null(e->roles[UPI_ROLE_TREATED].expr);
    assert_fails(up_experiment_mark_post(e, NULL, &err), UP_E_ARGUMENT, &err);
    err = (up_error)UP_ERROR_INIT;
    assert_fails(up_experiment_mark_post(NULL, "sales", &err), UP_E_ARGUMENT, &err);
    up_experiment_free(e);
    up_experiment_free(NULL);
}

static void
test_mark_post(void **state)
{
    (void)state;
    up_error err = UP_ERROR_INIT;
    up_experiment *e = make();
    assert_ok(up_experiment_mark_post(e, "age", &err), &err);
    assert_ok(up_experiment_mark_post(e, "age", &err), &err);
    assert_int_equal(e->n_post, 1);
    assert_fails(
        up_experiment_add_covariate(e, "age > 30", &err), UP_E_POST_TREATMENT, &err);
    assert_string_equal(err.field, "covariate");
    err = (up_error)UP_ERROR_INIT;
    assert_fails(
        up_experiment_add_segment(e, "age > 30", &err), UP_E_POST_TREATMENT, &err);
    err = (up_error)UP_ERROR_INIT;
    assert_ok(up_experiment_add_metric(e, "age", &err), &err);
    assert_ok(up_experiment_add_covariate(e, "country", &err), &err);
    assert_fails(
        up_experiment_mark_post(e, "country", &err), UP_E_POST_TREATMENT, &err);
    err = (up_error)UP_ERROR_INIT;
    assert_fails(up_experiment_mark_post(e, "arm", &err), UP_E_POST_TREATMENT, &err);
    err = (up_error)UP_ERROR_INIT;
    assert_fails(up_experiment_mark_post(e, "contry", &err), UP_E_COLUMN, &err);
    assert_int_equal(up_experiment_mark_post(e, "contry", NULL), UP_E_COLUMN);
    assert_int_equal(e->n_post, 1);
    up_experiment_free(e);
}

static void
test_metric_lookup(void **state)
{
    (void)state;
    up_error err = UP_ERROR_INIT;
    up_experiment *e = make();
    assert_ok(up_experiment_add_metric(e, "sales", &err), &err);
    assert_ok(up_experiment_add_metric(e, "big = sales > 100", &err), &err);
    assert_int_equal(upi_experiment_metric(e, "big"), 1);
    assert_int_equal(upi_experiment_metric(e, "bigger"), -1);
    up_experiment_free(e);
}

/* Everything an experiment can hold. */
static up_status
build_all(void *ctx, up_error *err)
{
    up_experiment **out = ctx;
    up_experiment *e = NULL;
    up_experiment *copy = NULL;
    up_status status = up_experiment_new(up_schema_source(),
        UP_ROLES(.intent_to_treat = "arm", .treated = "treated", .propensity = "p",
            .weight = "w", .time = "week", .cluster = "household", .cluster2 = "week",
            .unit = "shopper", .strata = "store", .control = "A",
            .expected_split = "A=0.5, 'B,=x'=0.5", .filter = "age > 18",
            .missing = UP_MISSING_DROP, .assigned_by_cluster = 1),
        &e, err);
    static const char *const metrics[] = {"sales", "ctr = ratio(clicks, views)",
        "clicks", "ratio(clicks, views)", "big = sales > 100", "took = treated"};
    for (size_t i = 0; status == UP_OK && i < sizeof metrics / sizeof metrics[0]; i++) {
        status = up_experiment_add_metric(e, metrics[i], err);
    }
    if (status == UP_OK) {
        status = up_experiment_add_covariate(e, "factor(country)", err);
    }
    if (status == UP_OK) {
        status = up_experiment_add_covariate(e, "ln(sales_before + 1)", err);
    }
    if (status == UP_OK) {
        status = up_experiment_add_segment(e, "member and age > 40", err);
    }
    if (status == UP_OK) {
        status = up_experiment_mark_post(e, "flag", err);
    }
    if (status == UP_OK) {
        status = upi_experiment_copy(e, &copy, err);
    }
    up_experiment_free(e);
    if (status == UP_OK && out != NULL) {
        *out = copy;
        copy = NULL;
    }
    up_experiment_free(copy);
    return status;
}

static up_status
sweep_body(void *ctx, up_error *err)
{
    (void)ctx;
    return build_all(NULL, err);
}

static void
test_copy(void **state)
{
    (void)state;
    up_error err = UP_ERROR_INIT;
    up_experiment *c = NULL;
    int64_t before = upi_mem_live();
    assert_ok(build_all(&c, &err), &err);
    if (c == NULL) {
        fail();
        return;
    }
    assert_null(c->source);
    assert_string_equal(c->roles[UPI_ROLE_CLUSTER2].name, "week");
    assert_int_equal(c->roles[UPI_ROLE_CLUSTER].type, UPI_I64);
    assert_int_equal(c->n_covariates, 3);
    assert_true(c->covariates[0].strata);
    assert_string_equal(c->covariates[0].v.name, "store");
    assert_true(c->covariates[1].factor);
    assert_false(c->covariates[2].factor);
    assert_int_equal(c->n_metrics, 6);
    assert_int_equal(c->n_components, 5);
    assert_string_equal(c->split_labels[1], "B,=x");
    assert_close(c->split_shares[1], 0.5, 0.0, 0.0);
    assert_string_equal(c->control, "A");
    assert_string_equal(c->filter.name, "age > 18");
    assert_string_equal(c->post[0], "flag");
    assert_int_equal(c->missing, UP_MISSING_DROP);
    assert_true(c->assigned_by_cluster);
    /* without a source nothing can be added */
    assert_fails(up_experiment_add_metric(c, "views", &err), UP_E_NEEDS_ROWS, &err);
    err = (up_error)UP_ERROR_INIT;
    assert_fails(up_experiment_add_covariate(c, "usd", &err), UP_E_NEEDS_ROWS, &err);
    err = (up_error)UP_ERROR_INIT;
    assert_fails(up_experiment_add_segment(c, "usd > 1", &err), UP_E_NEEDS_ROWS, &err);
    up_experiment_free(c);
    assert_int_equal(upi_mem_live(), before);
}

static void
test_memory(void **state)
{
    (void)state;
    up_sweep_memory(sweep_body, NULL);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_arguments),
        cmocka_unit_test(test_mark_post),
        cmocka_unit_test(test_metric_lookup),
        cmocka_unit_test(test_copy),
        cmocka_unit_test(test_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
