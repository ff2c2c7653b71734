/* A stranger's program: only the public headers, checked once at the end. */
#include <upshot/upshot.h>

#include <math.h>
#include <stdio.h>

int
main(int argc, char **argv)
{
    up_error err = UP_ERROR_INIT;
    up_source *source = NULL;
    up_experiment *experiment = NULL;
    up_moments *moments = NULL;
    up_model *model = NULL;
    up_effects *effects = NULL;

    if (argc != 2) {
        return 2;
    }
    (void)!up_source_open(argv[1], NULL, &source, &err);
    (void)!up_experiment_new(
        source, UP_ROLES(.intent_to_treat = "arm"), &experiment, &err);
    (void)!up_experiment_add_metric(experiment, "y", &err);
    (void)!up_moments_build(experiment, NULL, NULL, &moments, &err);
    (void)!up_fit_linear(moments, NULL, NULL, &model, &err);
    (void)!up_infer_effect(model, NULL, &effects, &err);
    if (err.status != UP_OK) {
        (void)fprintf(stderr, "%s: %s\n", up_status_name(err.status), err.message);
        return up_status_exit_code(err.status);
    }
    up_effect e = up_effects_get(effects, 0);
    (void)printf("%s: %.6f (%.6f)\n", e.metric, e.estimate, e.std_error);
    /* Means 5 and 7/3; variances 4 and 7/3 over 3 rows each. */
    int right = fabs(e.estimate - 8.0 / 3.0) < 1e-12 &&
                fabs(e.std_error - sqrt(4.0 / 3.0 + 7.0 / 9.0)) < 1e-12;
    up_effects_free(effects);
    up_model_free(model);
    up_moments_free(moments);
    up_experiment_free(experiment);
    up_source_free(source);
    return right ? 0 : 1;
}
