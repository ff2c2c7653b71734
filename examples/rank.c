/* Which arm is best, with a prior on the effects: up to five percent either way. Usage: rank shop.csv */
#include <upshot/upshot.h>

#include <stdbool.h>
#include <stdio.h>

int
main(int argc, char **argv)
{
    static const char *const priors[] = {"effect ~ normal(0, 5%)"};
    up_error err = UP_ERROR_INIT;
    up_source *source = NULL;
    up_experiment *experiment = NULL;
    up_moments *moments = NULL;
    up_model *model = NULL;
    up_effects *effects = NULL;
    up_rank *rank = NULL;

    if (argc != 2) {
        (void)fprintf(stderr, "usage: rank shop.csv\n");
        return 2;
    }
    bool failed =
        up_source_open(argv[1], NULL, &source, &err) ||
        up_experiment_new(
            source, UP_ROLES(.intent_to_treat = "arm"), &experiment, &err) ||
        up_experiment_add_metric(experiment, "sales", &err) ||
        up_experiment_add_covariate(experiment, "device", &err) ||
        up_moments_build(experiment, NULL, NULL, &moments, &err) ||
        up_fit_bayes(moments, UP_BAYES_OPTS(.priors = priors, .n_priors = 1), NULL,
            &model, &err) ||
        up_infer_effect(model, UP_EFFECT_OPTS(.by = "device"), &effects, &err) ||
        up_infer_rank(effects, NULL, &rank, &err);
    if (failed) {
        (void)fprintf(
            stderr, "%s: %s %s\n", up_status_name(err.status), err.message, err.fix);
    } else {
        printf("prior: %s\n", up_model_prior(model));
        for (int64_t i = 0; i < up_rank_count(rank); i++) {
            up_rank_arm a = up_rank_get(rank, i);
            printf("%-18s %-9s best with probability %.3f, expected loss %.3f\n",
                a.segment, a.arm, a.prob_best, a.expected_loss);
        }
    }
    up_rank_free(rank);
    up_effects_free(effects);
    up_model_free(model);
    up_moments_free(moments);
    up_experiment_free(experiment);
    up_source_free(source);
    return up_status_exit_code(err.status);
}
