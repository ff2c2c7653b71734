/* An A/B test: the effect of the assignment, on average and by device. Usage: ab shop.csv */
#include <upshot/upshot.h>

#include <stdbool.h>
#include <stdio.h>

static void
print(const up_effects *effects)
{
    for (int64_t i = 0; i < up_effects_count(effects); i++) {
        up_effect e = up_effects_get(effects, i);
        printf("%-11s %-10s %-18s %+8.3f [%+.3f, %+.3f]  %+.1f%%\n", e.metric, e.arm,
            e.segment[0] != '\0' ? e.segment : "everyone", e.estimate, e.ci_low,
            e.ci_high, 100 * e.relative);
    }
}

int
main(int argc, char **argv)
{
    up_error err = UP_ERROR_INIT;
    up_source *source = NULL;
    up_experiment *experiment = NULL;
    up_moments *moments = NULL;
    up_model *model = NULL;
    up_effects *all = NULL, *by_device = NULL;

    if (argc != 2) {
        (void)fprintf(stderr, "usage: ab shop.csv\n");
        return 2;
    }
    /* The first call that fails ends the chain, and err holds its story. */
    bool failed =
        up_source_open(argv[1], NULL, &source, &err) ||
        up_experiment_new(source, UP_ROLES(.intent_to_treat = "arm", .unit = "shopper"),
            &experiment, &err) ||
        up_experiment_add_metric(experiment, "sales", &err) ||
        up_experiment_add_metric(experiment, "bought = orders > 0", &err) ||
        up_experiment_add_covariate(experiment, "device", &err) ||
        up_experiment_add_covariate(experiment, "spend_before", &err) ||
        up_moments_build(experiment, NULL, NULL, &moments, &err) ||
        up_fit_linear(moments, NULL, NULL, &model, &err) ||
        up_infer_effect(model, NULL, &all, &err) ||
        up_infer_effect(model, UP_EFFECT_OPTS(.by = "device"), &by_device, &err);
    if (failed) {
        (void)fprintf(
            stderr, "%s: %s %s\n", up_status_name(err.status), err.message, err.fix);
    } else {
        printf("%s\n", up_effects_estimand(all));
        print(all);
        print(by_device);
    }
    up_effects_free(by_device);
    up_effects_free(all);
    up_model_free(model);
    up_moments_free(moments);
    up_experiment_free(experiment);
    up_source_free(source);
    return up_status_exit_code(err.status);
}
