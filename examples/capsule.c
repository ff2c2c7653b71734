/* Rows once, questions later. Usage: capsule shop.csv capsule.parquet */
#include <upshot/upshot.h>

#include <stdbool.h>
#include <stdio.h>

static bool
compress(const char *rows, const char *capsule, up_error *err)
{
    up_source *source = NULL;
    up_experiment *experiment = NULL;
    up_moments *moments = NULL;
    up_model *model = NULL;
    /* With a continuous covariate a robust covariance needs a second pass over the rows: the
     * fit leaves it in the moments, and the capsule keeps it. */
    bool failed = up_source_open(rows, NULL, &source, err) ||
                  up_experiment_new(
                      source, UP_ROLES(.intent_to_treat = "arm"), &experiment, err) ||
                  up_experiment_add_metric(experiment, "sales", err) ||
                  up_experiment_add_covariate(experiment, "device", err) ||
                  up_experiment_add_covariate(experiment, "spend_before", err) ||
                  up_experiment_add_segment(experiment, "spend_before > 80", err) ||
                  up_moments_build(experiment, NULL, NULL, &moments, err) ||
                  up_fit_linear(moments, NULL, NULL, &model, err) ||
                  up_moments_save(moments, capsule, NULL, err);
    up_model_free(model);
    up_moments_free(moments);
    up_experiment_free(experiment);
    up_source_free(source);
    return failed;
}

int
main(int argc, char **argv)
{
    up_error err = UP_ERROR_INIT;
    up_moments *moments = NULL;
    up_model *model = NULL;
    up_effects *effects = NULL;
    up_effect_opts where = {.struct_size = sizeof where, .n_where = 2};
    where.where = (const char *const[]){"device = 'mobile'", "spend_before > 80"};
    const char *path = argc == 3 ? argv[2] : "";
    bool failed = compress(argc == 3 ? argv[1] : "", path, &err) ||
                  up_moments_load(path, &moments, &err) || /* no rows from here on */
                  up_fit_linear(moments, NULL, NULL, &model, &err) ||
                  up_infer_effect(model, &where, &effects, &err);
    for (int64_t i = 0; !failed && i < up_effects_count(effects); i++) {
        up_effect e = up_effects_get(effects, i);
        printf("%s %s: %+.3f (se %.3f) of %lld rows in %lld groups\n", e.metric,
            e.segment, e.estimate, e.std_error, (long long)up_moments_rows(moments),
            (long long)up_moments_groups(moments));
    }
    if (failed) {
        (void)fprintf(stderr, "%s: %s\n", up_status_name(err.status), err.message);
    }
    up_effects_free(effects);
    up_model_free(model);
    up_moments_free(moments);
    return up_status_exit_code(err.status);
}
