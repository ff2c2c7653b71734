/* Some shoppers did not get the arm they were assigned to. The checks, then the effect of the
 * assignment, of the treatment on those who took it, and its first-stage F.
 * Usage: encouragement shop.csv */
#include <upshot/upshot.h>

#include <stdbool.h>
#include <stdio.h>

static up_status
report(const up_model *model, int64_t estimand, up_error *err)
{
    up_effects *effects = NULL;
    up_status status =
        up_infer_effect(model, UP_EFFECT_OPTS(.estimand = estimand), &effects, err);
    for (int64_t i = 0; status == UP_OK && i < up_effects_count(effects); i++) {
        up_effect e = up_effects_get(effects, i);
        printf("%-5s %+.3f (se %.3f)  %s\n", e.estimand, e.estimate, e.std_error,
            up_effects_estimand(effects));
    }
    up_effects_free(effects);
    return status;
}

int
main(int argc, char **argv)
{
    up_error err = UP_ERROR_INIT;
    up_source *source = NULL;
    up_experiment *experiment = NULL;
    up_moments *moments = NULL;
    up_model *model = NULL;
    up_checks *checks = NULL;
    const char *path = argc == 2 ? argv[1] : "";
    bool failed = up_source_open(path, NULL, &source, &err) ||
                  up_experiment_new(source,
                      UP_ROLES(.intent_to_treat = "arm", .treated = "treated"),
                      &experiment, &err) ||
                  up_experiment_add_metric(experiment, "sales", &err) ||
                  up_experiment_add_covariate(experiment, "loyalty", &err) ||
                  up_moments_build(experiment, NULL, NULL, &moments, &err) ||
                  up_fit_linear(moments, NULL, NULL, &model, &err) ||
                  up_check(model, &checks, &err);
    for (int64_t i = 0; !failed && i < up_checks_count(checks); i++) {
        up_check_result c = up_checks_get(checks, i);
        printf("%s %s: %s\n", c.verdict == 0 ? "+" : " ", c.name, c.text);
    }
    failed = failed || report(model, UP_ESTIMAND_ITT, &err) ||
             report(model, UP_ESTIMAND_LATE, &err);
    if (failed) {
        (void)fprintf(stderr, "%s: %s\n", up_status_name(err.status), err.message);
    }
    up_checks_free(checks);
    up_model_free(model);
    up_moments_free(moments);
    up_experiment_free(experiment);
    up_source_free(source);
    return up_status_exit_code(err.status);
}
