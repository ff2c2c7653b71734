/* Published experiments, from their files to effects. The data are not part of the project
 * (shared/data); where they are absent the test is skipped. Expected numbers come from
 * tests/oracle/real/make.R; the published ones stand beside them. */
#include "up_test.h"

#include <upshot/upshot.h>

#include <jansson.h>

typedef struct analysis {
    const char *file;
    up_roles roles;
    const char *metric;
    const char *covariates[10];
    up_linear_opts model;
    int64_t population;
} analysis;

static up_effect
analyse(const analysis *a, up_model **model, up_moments **moments, up_effects **effects)
{
    up_error err = UP_ERROR_INIT;
    up_source *source = NULL;
    up_experiment *experiment = NULL;
    assert_ok(up_source_open(up_shared_data(a->file), NULL, &source, &err), &err);
    assert_ok(up_experiment_new(source, &a->roles, &experiment, &err), &err);
    assert_ok(up_experiment_add_metric(experiment, a->metric, &err), &err);
    for (int i = 0; a->covariates[i] != NULL; i++) {
        assert_ok(
            up_experiment_add_covariate(experiment, a->covariates[i], &err), &err);
    }
    assert_ok(up_moments_build(experiment, NULL, NULL, moments, &err), &err);
    assert_ok(up_fit_linear(*moments, &a->model, NULL, model, &err), &err);
    assert_ok(up_infer_effect(
                  *model, UP_EFFECT_OPTS(.population = a->population), effects, &err),
        &err);
    up_experiment_free(experiment);
    up_source_free(source);
    return up_effects_get(*effects, 0);
}

static void
check(const analysis *a, const char *name, double published, double half_a_digit)
{
    up_model *model = NULL;
    up_moments *moments = NULL;
    up_effects *effects = NULL;
    up_effect e = analyse(a, &model, &moments, &effects);
    json_t *all = json_load_file(up_test_data("oracle/real/expected.json"), 0, NULL);
    assert_non_null(all);
    const json_t *expected = json_object_get(all, name);
    assert_non_null(expected);
    assert_close(e.estimate, published, 0, half_a_digit);
    assert_close(
        e.estimate, json_number_value(json_object_get(expected, "estimate")), 1e-9, 0);
    assert_close(e.std_error, json_number_value(json_object_get(expected, "std_error")),
        1e-9, 0);
    assert_close(e.df, json_number_value(json_object_get(expected, "df")), 1e-6, 0);
    assert_int_equal(e.n, json_integer_value(json_object_get(expected, "n")));
    json_decref(all);
    up_effects_free(effects);
    up_model_free(model);
    up_moments_free(moments);
}

static const up_linear_opts lin = {.struct_size = sizeof(up_linear_opts)};

/* LaLonde's experiment, Dehejia and Wahba's sample: $1,794 (Dehejia & Wahba 1999, table 3). */
static void
test_job_training(void **state)
{
    (void)state;
    analysis a = {.file = "data/nsw_mixtape.csv",
        .roles = {.struct_size = sizeof(up_roles), .intent_to_treat = "treat"},
        .metric = "re78",
        .model = lin,
        .population = UP_POPULATION_SAMPLE};
    check(&a, "nsw_means", 1794, 0.5);
    const char *covariates[] = {
        "age", "educ", "black", "hisp", "marr", "nodegree", "re74", "re75"};
    for (int i = 0; i < 8; i++) {
        a.covariates[i] = covariates[i];
    }
    check(&a, "nsw_lin", 1622, 0.5);
}

/* Thornton (2008): any incentive raises learning one's result by 45 points. */
static void
test_incentives(void **state)
{
    (void)state;
    /* The filter keeps the rows on which every column of the oracle is known. */
    analysis a = {.file = "data/thornton_hiv.csv",
        .roles = {.struct_size = sizeof(up_roles),
            .intent_to_treat = "any",
            .cluster = "villnum",
            .missing = UP_MISSING_DROP,
            .filter =
                "age is not null and distvct is not null and hiv2004 is not null"},
        .metric = "got",
        .model = lin,
        .population = UP_POPULATION_SAMPLE};
    a.model.vcov = UP_VCOV_CR2;
    check(&a, "thornton_means", 0.45, 0.005);
    a.covariates[0] = "age";
    a.covariates[1] = "distvct";
    check(&a, "thornton_lin", 0.45, 0.005);
    a.roles.treated = "got";
    a.metric = "hiv2004"; /* a condition on a metric is refused: drop does the same */
    a.roles.filter = "age is not null and distvct is not null";
    a.model.interactions = UP_INTERACT_NONE;
    check(&a, "thornton_iv", -0.003, 0.0005);
}

/* Cai, de Janvry and Sadoulet (2015): village sessions on weather insurance. */
static void
test_insurance(void **state)
{
    (void)state;
    analysis a = {.file = "data/social_insure.csv",
        .roles = {.struct_size = sizeof(up_roles),
            .intent_to_treat = "intensive",
            .cluster = "address",
            .filter = "male is not null and age is not null and agpop is not null and "
                      "ricearea_2010 is not null and literacy is not null"},
        .metric = "takeup_survey",
        .model = lin,
        .population = UP_POPULATION_SAMPLE};
    a.model.vcov = UP_VCOV_CR2;
    check(&a, "cai_means", -0.0019, 0.00005);
    const char *covariates[] = {"male", "age", "agpop", "ricearea_2010", "literacy"};
    for (int i = 0; i < 5; i++) {
        a.covariates[i] = covariates[i];
    }
    check(&a, "cai_lin", -0.0035, 0.00005);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_job_training),
        cmocka_unit_test(test_incentives), cmocka_unit_test(test_insurance)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
