/* A small store in memory with a known mechanism, for tests of graphs:
 *   searches = 0.5 arm + 0.6 before + e,  views = 0.4 arm + 0.5 searches + e,
 *   sales = 0.35 searches + 0.5 views + 0.4 before + e,  other = e. */
#ifndef STORE_H
#define STORE_H

#include "num/rng.h"
#include "up_test.h"

#include <upshot/upshot.h>

#include <stdlib.h>

typedef struct store {
    int64_t n, *arm, *household;
    double *before, *searches, *views, *sales, *other, *weight;
    up_column column[8];
    up_source *source;
    up_experiment *experiment;
    up_moments *moments;
} store;

typedef struct store_spec {
    int64_t n, arms; /* arms 0 = 2 */
    int64_t
        household; /* rows per household, which share a shock and an arm; 0 = none */
    uint64_t seed;
    bool weighted; /* by a column */
    bool reversed; /* metrics in the other order */
    double scale;  /* of sales; 0 = 1 */
} store_spec;

static inline void
store_fill(store *s, const store_spec *spec)
{
    double **numbers[] = {
        &s->before, &s->searches, &s->views, &s->sales, &s->other, &s->weight};
    s->n = spec->n;
    s->arm = calloc((size_t)s->n, sizeof *s->arm);
    s->household = calloc((size_t)s->n, sizeof *s->household);
    for (size_t k = 0; k < sizeof numbers / sizeof numbers[0]; k++) {
        *numbers[k] = calloc((size_t)s->n, sizeof(double));
    }
    int64_t size = spec->household > 0 ? spec->household : 1;
    double scale = spec->scale != 0 ? spec->scale : 1;
    for (int64_t i = 0; i < s->n; i++) {
        upi_rng home = upi_rng_make(spec->seed, 1, (uint64_t)(i / size), 0);
        upi_rng r = upi_rng_make(spec->seed, 2, (uint64_t)i, 0);
        double shock = spec->household > 0 ? 0.5 * upi_rng_normal(&home) : 0;
        s->household[i] = i / size;
        s->arm[i] = upi_rng_below(&home, spec->arms > 0 ? spec->arms : 2);
        double t = (double)s->arm[i];
        s->before[i] = 60 + upi_rng_normal(&r);
        s->searches[i] = 0.5 * t + 0.6 * s->before[i] + shock + upi_rng_normal(&r);
        s->views[i] = 0.4 * t + 0.5 * s->searches[i] + upi_rng_normal(&r);
        s->sales[i] = scale * (0.35 * s->searches[i] + 0.5 * s->views[i] +
                                  0.4 * s->before[i] + upi_rng_normal(&r));
        s->other[i] = upi_rng_normal(&r);
        s->weight[i] = 1 + (double)upi_rng_below(&r, 3);
    }
}

static inline store
store_new(const store_spec *spec)
{
    store s = {0};
    store_fill(&s, spec);
    s.column[0] = (up_column){.name = "arm", .i64 = s.arm};
    s.column[1] = (up_column){.name = "before", .f64 = s.before};
    s.column[2] = (up_column){.name = "searches", .f64 = s.searches};
    s.column[3] = (up_column){.name = "views", .f64 = s.views};
    s.column[4] = (up_column){.name = "sales", .f64 = s.sales};
    s.column[5] = (up_column){.name = "other", .f64 = s.other};
    s.column[6] = (up_column){.name = "household", .i64 = s.household};
    s.column[7] = (up_column){.name = "weight", .f64 = s.weight};
    return s;
}

/* Compresses; the columns must not move any more. */
static inline void
store_open(store *s, const store_spec *spec)
{
    static const char *const metrics[] = {"searches", "views", "sales", "other"};
    up_error err = UP_ERROR_INIT;
    assert_ok(
        up_source_from_columns_borrow(s->column, 8, s->n, &s->source, &err), &err);
    assert_ok(up_experiment_new(s->source,
                  UP_ROLES(.intent_to_treat = "arm",
                      .cluster = spec->household > 0 ? "household" : NULL,
                      .weight = spec->weighted ? "weight" : NULL),
                  &s->experiment, &err),
        &err);
    for (int k = 0; k < 4; k++) {
        const char *metric = metrics[spec->reversed ? 3 - k : k];
        assert_ok(up_experiment_add_metric(s->experiment, metric, &err), &err);
    }
    assert_ok(up_experiment_add_covariate(s->experiment, "before", &err), &err);
    assert_ok(up_moments_build(s->experiment, NULL, NULL, &s->moments, &err), &err);
}

static inline void
store_free(store *s)
{
    up_moments_free(s->moments);
    up_experiment_free(s->experiment);
    up_source_free(s->source);
    free(s->arm);
    free(s->household);
    free(s->before);
    free(s->searches);
    free(s->views);
    free(s->sales);
    free(s->other);
    free(s->weight);
}

#endif
