/* Models of the data in tests/oracle/project, read from the files as a user would. */
#ifndef PROJECT_FIT_H
#define PROJECT_FIT_H

#include "up_test.h"

#include <upshot/project.h>

/* A fit and all it stands on. */
typedef struct project_fit {
    up_source *source;
    up_experiment *experiment;
    up_moments *moments;
    up_model *model;
} project_fit;

/* covariates end with NULL. */
static inline project_fit
project_fit_of(const char *file, const up_roles *roles, const char *metric,
    const char *const *covariates, const up_linear_opts *opts)
{
    up_error err = UP_ERROR_INIT;
    project_fit f = {0};
    assert_ok(up_source_open(up_test_data(file), NULL, &f.source, &err), &err);
    assert_ok(up_experiment_new(f.source, roles, &f.experiment, &err), &err);
    assert_ok(up_experiment_add_metric(f.experiment, metric, &err), &err);
    for (; *covariates != NULL; covariates++) {
        assert_ok(up_experiment_add_covariate(f.experiment, *covariates, &err), &err);
    }
    assert_ok(up_moments_build(f.experiment, NULL, NULL, &f.moments, &err), &err);
    assert_ok(up_fit_linear(f.moments, opts, NULL, &f.model, &err), &err);
    return f;
}

static inline project_fit
trial_fit(const char *a, const char *b, const char *cluster)
{
    const char *const covariates[] = {a, b, NULL};
    return project_fit_of("oracle/project/trial.csv",
        UP_ROLES(.intent_to_treat = "arm", .cluster = cluster), "y", covariates, NULL);
}

static inline void
project_fit_free(project_fit *f)
{
    up_model_free(f->model);
    up_moments_free(f->moments);
    up_experiment_free(f->experiment);
    up_source_free(f->source);
}

static inline up_moments *
target_of(const project_fit *f, const char *file)
{
    up_error err = UP_ERROR_INIT;
    up_source *s = NULL;
    up_moments *m = NULL;
    assert_ok(up_source_open(up_test_data(file), NULL, &s, &err), &err);
    assert_ok(up_target_build(f->model, s, NULL, &m, &err), &err);
    up_source_free(s);
    return m;
}

static inline up_effects *
projected(const project_fit *f, const up_effect_opts *effect, const up_project_opts *o)
{
    up_error err = UP_ERROR_INIT;
    up_effects *e = NULL;
    assert_ok(up_project(f->model, effect, o, &e, &err), &err);
    return e;
}

#endif
