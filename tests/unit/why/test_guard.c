/* A graph as a guard of an analysis: what it forbids is refused with the path and with advice that is
 * itself accepted; what it allows is told. */
#include "up_test.h"

#include <upshot/upshot.h>

#include <string.h>

enum { ROWS = 400 };

typedef struct fitted {
    int64_t arm[ROWS], treated[ROWS];
    double age[ROWS], views[ROWS], sales[ROWS];
    up_source *source;
    up_experiment *experiment;
    up_moments *moments;
    up_model *model;
} fitted;

static void
fit(fitted *f, const char *covariate, bool received)
{
    up_error err = UP_ERROR_INIT;
    for (int64_t i = 0; i < ROWS; i++) {
        f->arm[i] = i % 2;
        f->treated[i] = i % 2 == 1 && i % 3 != 0;
        f->age[i] = (double)(i * 7919 % 53);
        f->views[i] = (double)(i * 104729 % 31) + (double)f->treated[i];
        f->sales[i] = f->views[i] + (double)(i * 1299709 % 17);
    }
    const up_column columns[] = {{.name = "arm", .i64 = f->arm},
        {.name = "treated", .i64 = f->treated}, {.name = "age", .f64 = f->age},
        {.name = "views", .f64 = f->views}, {.name = "sales", .f64 = f->sales}};
    assert_ok(up_source_from_columns_borrow(columns, 5, ROWS, &f->source, &err), &err);
    assert_ok(
        up_experiment_new(f->source,
            UP_ROLES(.intent_to_treat = "arm", .treated = received ? "treated" : NULL),
            &f->experiment, &err),
        &err);
    assert_ok(up_experiment_add_metric(f->experiment, "sales", &err), &err);
    if (covariate != NULL) {
        assert_ok(up_experiment_add_covariate(f->experiment, covariate, &err), &err);
    }
    assert_ok(up_moments_build(f->experiment, NULL, NULL, &f->moments, &err), &err);
    assert_ok(up_fit_linear(f->moments, NULL, NULL, &f->model, &err), &err);
}

static void
fitted_free(fitted *f)
{
    up_model_free(f->model);
    up_moments_free(f->moments);
    up_experiment_free(f->experiment);
    up_source_free(f->source);
}

static up_status
hold(const char *graph, const char *covariate, bool received, int64_t estimand,
    char **how, up_error *err)
{
    static fitted f;
    up_graph *g = NULL;
    up_status status = UP_OK;
    memset(&f, 0, sizeof f);
    fit(&f, covariate, received);
    assert_ok(up_graph_parse(graph, &g, err), err);
    status = up_graph_guard(g, f.model, UP_EFFECT_OPTS(.estimand = estimand), how, err);
    up_graph_free(g);
    fitted_free(&f);
    return status;
}

static void
allows(const char *graph, const char *covariate, bool received, int64_t estimand,
    const char *words)
{
    up_error err = UP_ERROR_INIT;
    char *how = NULL;
    assert_ok(hold(graph, covariate, received, estimand, &how, &err), &err);
    assert_non_null(strstr(how, words));
    up_text_free(how);
}

static void
refuses(const char *graph, const char *covariate, bool received, up_status wanted,
    const char *reason, const char *fix)
{
    up_error err = UP_ERROR_INIT;
    char *how = NULL;
    assert_fails(hold(graph, covariate, received, UP_ESTIMAND_DEFAULT, &how, &err),
        wanted, &err);
    assert_null(how);
    if (strstr(err.message, reason) == NULL || strstr(err.fix, fix) == NULL) {
        fail_msg("%s / %s", err.message, err.fix);
    }
}

static void
effects_that_the_graph_gives(void **state)
{
    (void)state;
    allows("arm -> views -> sales", NULL, false, 0, "gives the effect of arm on sales");
    allows("arm -> sales; age -> sales", "age", false, 0, "adjusting for age");
    allows("age -> arm -> sales; age -> sales", "age", false, 0, "adjusting for age");
    allows("arm -> treated -> sales; treated <-> sales", NULL, true, 0,
        "arm is an instrument for treated");
    allows("arm -> treated -> sales; treated <-> sales", NULL, true, UP_ESTIMAND_ITT,
        "effect of arm on sales");
    /* A covariate of which the graph says nothing is passed over. */
    allows("arm -> sales", "age", false, 0, "gives the effect");
}

static void
covariates_after_treatment(void **state)
{
    (void)state;
    refuses("arm -> views -> sales", "views", false, UP_E_POST_TREATMENT,
        "arm -> views", "leave views out");
    refuses("arm -> sales; arm -> age", "age", false, UP_E_POST_TREATMENT, "arm -> age",
        "leave age out");
    refuses("arm -> treated -> sales; treated -> views", "views", true,
        UP_E_POST_TREATMENT, "arm -> treated -> views", "leave views out");
}

static void
covariates_too_few_or_too_many(void **state)
{
    (void)state;
    refuses("age -> arm -> sales; age -> sales", NULL, false, UP_E_NOT_IDENTIFIED,
        "arm <- age -> sales", "--covariates age");
    refuses("arm -> sales; arm <-> age; age <-> sales", "age", false,
        UP_E_NOT_IDENTIFIED, "opened by age", "leave age out of --covariates");
}

static void
effects_that_it_does_not_give(void **state)
{
    (void)state;
    refuses("arm -> sales; arm <-> sales", NULL, false, UP_E_NOT_IDENTIFIED,
        "arm <-> sales", "randomise");
    refuses("arm -> views -> sales; arm <-> sales", NULL, false, UP_E_NOT_IDENTIFIED,
        "front door alone (views", "front door is not offered");
    refuses("latent u; z -> arm -> sales; u -> arm; u -> sales", NULL, false,
        UP_E_NOT_IDENTIFIED, "arm <- u -> sales", "--itt z --treated arm");
    /* What was assigned is no instrument where it acts on its own. */
    refuses("arm -> treated -> sales; treated <-> sales; arm -> sales", NULL, true,
        UP_E_NOT_IDENTIFIED, "treated <-> sales", "randomise");
    refuses("arm -> views", NULL, false, UP_E_GRAPH, "'sales'", "node");
    refuses("z -> sales", NULL, false, UP_E_GRAPH, "'arm'", "node");
    refuses("arm -> sales", NULL, true, UP_E_GRAPH, "'treated'", "node");
}

typedef struct request {
    fitted f;
    up_graph *g[2];
} request;

static up_status
guard_both(void *ctx, up_error *err)
{
    const request *r = ctx;
    char *how = NULL;
    up_status status =
        up_graph_guard(r->g[0], r->f.model, UP_EFFECT_OPTS(.level = 0.9), &how, err);
    up_text_free(how);
    if (status != UP_OK) {
        return status;
    }
    up_error own = UP_ERROR_INIT;
    how = NULL;
    status =
        up_graph_guard(r->g[1], r->f.model, UP_EFFECT_OPTS(.level = 0.9), &how, &own);
    if (status == UP_E_NO_MEMORY) {
        *err = own;
        return status;
    }
    return status == UP_E_NOT_IDENTIFIED ? UP_OK : UP_E_INTERNAL;
}

static void
memory_may_run_out_anywhere(void **state)
{
    (void)state;
    static request r;
    up_error err = UP_ERROR_INIT;
    fit(&r.f, "age", false);
    assert_ok(up_graph_parse("age -> sales; arm -> sales", &r.g[0], &err), &err);
    assert_ok(
        up_graph_parse("arm -> views -> sales; arm <-> sales", &r.g[1], &err), &err);
    up_sweep_memory(guard_both, &r);
    assert_fails(
        up_graph_guard(NULL, r.f.model, NULL, NULL, &err), UP_E_ARGUMENT, &err);
    err = (up_error)UP_ERROR_INIT;
    assert_fails(
        up_graph_guard(r.g[0], r.f.model, UP_EFFECT_OPTS(.level = 0), NULL, &err),
        UP_E_ARGUMENT, &err);
    up_graph_free(r.g[0]);
    up_graph_free(r.g[1]);
    fitted_free(&r.f);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(effects_that_the_graph_gives),
        cmocka_unit_test(covariates_after_treatment),
        cmocka_unit_test(covariates_too_few_or_too_many),
        cmocka_unit_test(effects_that_it_does_not_give),
        cmocka_unit_test(memory_may_run_out_anywhere),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
