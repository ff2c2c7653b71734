/* The 16 mixes of {treated, propensity, instrument, cluster}, from a CSV file to effects,
 * against the dense-matrix computation in make.R. */
#include "up_test.h"

#include <upshot/upshot.h>

#include <jansson.h>
#include <stdio.h>
#include <string.h>

static const json_t *
field(const json_t *object, const char *name)
{
    const json_t *value = json_object_get(object, name);
    if (value == NULL) {
        fail_msg("expected.json has no %s", name);
    }
    return value;
}

static void
compare(const up_model *model, const char *name, int64_t estimand, const char *arm,
    const json_t *expected)
{
    up_error err = UP_ERROR_INIT;
    const int64_t populations[] = {UP_POPULATION_SAMPLE, UP_POPULATION_SUPER};
    const char *const std_errors[] = {"se_sample", "se_super"};
    for (int i = 0; i < 2; i++) {
        up_effects *effects = NULL;
        assert_ok(
            up_infer_effect(model,
                UP_EFFECT_OPTS(.estimand = estimand, .population = populations[i]),
                &effects, &err),
            &err);
        assert_int_equal(up_effects_count(effects), 1);
        up_effect e = up_effects_get(effects, 0);
        assert_string_equal(e.estimand, name);
        assert_string_equal(e.arm, arm);
        assert_close(
            e.estimate, json_number_value(field(expected, "estimate")), 1e-9, 0);
        assert_close(
            e.std_error, json_number_value(field(expected, std_errors[i])), 1e-9, 0);
        up_effects_free(effects);
    }
}

static void
run_case(up_source *source, const json_t *c)
{
    up_error err = UP_ERROR_INIT;
    up_experiment *experiment = NULL;
    up_moments *moments = NULL;
    up_model *model = NULL;
    bool treated = json_is_true(field(c, "treated"));
    bool propensity = json_is_true(field(c, "propensity"));
    bool instrument = json_is_true(field(c, "instrument"));
    bool cluster = json_is_true(field(c, "cluster"));
    const char *weights = instrument ? "p_nudge" : "p_arm";
    assert_ok(up_experiment_new(source,
                  UP_ROLES(.intent_to_treat = "arm", .treated = treated ? "got" : NULL,
                      .propensity = propensity ? weights : NULL,
                      .instrument = instrument ? "nudge" : NULL,
                      .cluster = cluster ? "cl" : NULL),
                  &experiment, &err),
        &err);
    assert_ok(up_experiment_add_metric(experiment, "y", &err), &err);
    assert_ok(up_experiment_add_covariate(experiment, "device", &err), &err);
    assert_ok(up_experiment_add_covariate(experiment, "fresh", &err), &err);
    assert_ok(up_moments_build(experiment, NULL, NULL, &moments, &err), &err);
    assert_ok(up_fit_linear(moments, NULL, NULL, &model, &err), &err);
    assert_string_equal(up_model_vcov(model), cluster ? "CR2" : "HC2");
    if (treated || instrument) {
        /* What was randomised has an effect of its own: that of its levels. */
        compare(model, "itt", UP_ESTIMAND_ITT, instrument ? "1" : "b", field(c, "itt"));
        compare(model, "late", UP_ESTIMAND_DEFAULT, "b", field(c, "late"));
        compare(model, "late", UP_ESTIMAND_LATE, "b", field(c, "late"));
        compare(model, "ate", UP_ESTIMAND_ATE, "b", field(c, "ate"));
    } else {
        compare(model, "ate", UP_ESTIMAND_DEFAULT, "b", field(c, "ate"));
        compare(model, "itt", UP_ESTIMAND_ITT, "b", field(c, "ate"));
    }
    up_model_free(model);
    up_moments_free(moments);
    up_experiment_free(experiment);
}

static void
test_sixteen_designs(void **state)
{
    (void)state;
    up_error err = UP_ERROR_INIT;
    up_source *source = NULL;
    json_error_t where;
    json_t *expected =
        json_load_file(up_test_data("oracle/designs/expected.json"), 0, &where);
    assert_non_null(expected);
    assert_ok(
        up_source_open(up_test_data("oracle/designs/rows.csv"), NULL, &source, &err),
        &err);
    const json_t *cases = field(expected, "cases");
    assert_int_equal(json_array_size(cases), 16);
    for (size_t i = 0; i < json_array_size(cases); i++) {
        run_case(source, json_array_get(cases, i));
    }
    up_source_free(source);
    json_decref(expected);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_sixteen_designs)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
