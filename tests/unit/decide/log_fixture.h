/* A small log in memory, and a model of it, for the tests of policies. */
#ifndef LOG_FIXTURE_H
#define LOG_FIXTURE_H

#include "num/rng.h"
#include "up_test.h"

#include <upshot/upshot.h>

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { LOG_ROWS = 600, LOG_ARMS = 5 };

typedef struct log_rows {
    int64_t n, arms;
    int64_t arm[LOG_ROWS], group[LOG_ROWS], batch[LOG_ROWS], home[LOG_ROWS];
    double x[LOG_ROWS], e[LOG_ROWS], y[LOG_ROWS], w[LOG_ROWS], took[LOG_ROWS];
} log_rows;

/* Arms 0..arms-1 with equal chances; arm k pays 0.3 k in group 0, and 0.1 k less there in
 * group 1, plus 0.2 x for arm 1. */
static inline void
log_draw(log_rows *d, int64_t arms, uint64_t seed)
{
    upi_rng r = upi_rng_make(seed, 7, 0, 0);
    d->n = LOG_ROWS;
    d->arms = arms;
    for (int64_t i = 0; i < d->n; i++) {
        d->arm[i] = upi_rng_below(&r, arms);
        d->group[i] = upi_rng_below(&r, 2);
        d->batch[i] = i / 100;
        d->home[i] = i / 2;
        d->x[i] = upi_rng_normal(&r);
        d->e[i] = 1 / (double)arms;
        d->w[i] = 1 + 0.25 * (double)d->group[i];
        d->took[i] = d->arm[i] > 0 && upi_rng_uniform(&r) < 0.7 ? (double)d->arm[i] : 0;
        d->y[i] = (0.3 - 0.4 * (double)d->group[i]) * (double)d->arm[i] +
                  0.2 * d->x[i] * (d->arm[i] == 1 ? 1 : 0) + upi_rng_normal(&r);
    }
}

typedef struct log_fit {
    up_source *source;
    up_experiment *experiment;
    up_moments *moments;
    up_model *model;
} log_fit;

static inline void
log_free(log_fit *f)
{
    up_model_free(f->model);
    up_moments_free(f->moments);
    up_experiment_free(f->experiment);
    up_source_free(f->source);
    *f = (log_fit){0};
}

/* covariates: up to two, NULL = none. May fail for want of memory. */
static inline up_status
log_try(const log_rows *d, up_roles roles, const char *metric, const char *first,
    const char *second, log_fit *out, up_error *err)
{
    up_status status = UP_OK;
    log_fit f = {0};
    const up_column columns[] = {{.name = "arm", .i64 = d->arm},
        {.name = "grp", .i64 = d->group}, {.name = "batch", .i64 = d->batch},
        {.name = "home", .i64 = d->home}, {.name = "x", .f64 = d->x},
        {.name = "e", .f64 = d->e}, {.name = "w", .f64 = d->w},
        {.name = "took", .f64 = d->took}, {.name = "y", .f64 = d->y}};
    roles.struct_size = sizeof roles;
    roles.intent_to_treat = "arm";
    UP_TRY(up_source_from_columns_borrow(columns, 9, d->n, &f.source, err));
    UP_TRY(up_experiment_new(f.source, &roles, &f.experiment, err));
    UP_TRY(up_experiment_add_metric(f.experiment, metric, err));
    if (first != NULL) {
        UP_TRY(up_experiment_add_covariate(f.experiment, first, err));
    }
    if (second != NULL) {
        UP_TRY(up_experiment_add_covariate(f.experiment, second, err));
    }
    UP_TRY(up_moments_build(f.experiment, NULL, UP_RUN(.threads = 1), &f.moments, err));
    UP_TRY(up_fit_linear(f.moments, NULL, UP_RUN(.threads = 1), &f.model, err));
    *out = f;
    f = (log_fit){0};
out:
    log_free(&f);
    return status;
}

static inline log_fit
log_new(const log_rows *d, up_roles roles, const char *metric, const char *first,
    const char *second)
{
    up_error err = UP_ERROR_INIT;
    log_fit f = {0};
    assert_ok(log_try(d, roles, metric, first, second, &f, &err), &err);
    return f;
}

static inline up_policy *
policy_of(const up_model *m, const up_policy_opts *o)
{
    up_error err = UP_ERROR_INIT;
    up_policy *p = NULL;
    assert_ok(up_policy_make(m, o, &p, &err), &err);
    return p;
}

static inline bool
policy_has_note(const up_policy *p, up_note_code code)
{
    for (int64_t i = 0; i < up_policy_notes(p); i++) {
        if (up_policy_note(p, i).code == code) {
            return true;
        }
    }
    return false;
}

#endif
