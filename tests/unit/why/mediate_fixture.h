/* From a CSV file and a graph to a mediation, for the tests of this room. */
#ifndef MEDIATE_FIXTURE_H
#define MEDIATE_FIXTURE_H

#include "up_test.h"

#include <upshot/mediate.h>

#include <math.h>
#include <string.h>

typedef struct spec {
    const char *data, *graph;
    const up_roles *roles;
    const char *covariates[4];
    const char *metrics[4]; /* besides those of the graph */
    int64_t vcov, interactions;
    bool no_cross;
} spec;

typedef struct fixture {
    up_source *source;
    up_experiment *e;
    up_moments *moments;
    up_model *model;
    up_graph *graph;
    up_mediation *m;
} fixture;

static inline void
fixture_free(fixture *f)
{
    up_mediation_free(f->m);
    up_graph_free(f->graph);
    up_model_free(f->model);
    up_moments_free(f->moments);
    up_experiment_free(f->e);
    up_source_free(f->source);
    memset(f, 0, sizeof *f);
}

static inline up_status
fixture_model(const spec *s, const up_mediate_opts *o, fixture *f, up_error *err)
{
    memset(f, 0, sizeof *f);
    up_status status = up_graph_parse(s->graph, &f->graph, err);
    if (status == UP_OK) {
        status = up_source_open(up_test_data(s->data), NULL, &f->source, err);
    }
    if (status == UP_OK) {
        status = up_experiment_new(f->source, s->roles, &f->e, err);
    }
    for (int i = 0; i < 4 && s->covariates[i] != NULL && status == UP_OK; i++) {
        status = up_experiment_add_covariate(f->e, s->covariates[i], err);
    }
    for (int i = 0; i < 4 && s->metrics[i] != NULL && status == UP_OK; i++) {
        status = up_experiment_add_metric(f->e, s->metrics[i], err);
    }
    if (status == UP_OK) {
        status = up_experiment_add_graph(f->e, f->graph, o, err);
    }
    if (status == UP_OK) {
        status = up_moments_build(f->e, UP_MOMENTS_OPTS(.cross = s->no_cross ? 0 : 1),
            NULL, &f->moments, err);
    }
    if (status == UP_OK) {
        status = up_fit_linear(f->moments,
            UP_LINEAR_OPTS(.vcov = s->vcov, .interactions = s->interactions), NULL,
            &f->model, err);
    }
    return status;
}

static inline up_status
fixture_try(const spec *s, const up_mediate_opts *o, const up_run *run, fixture *f,
    up_error *err)
{
    up_status status = fixture_model(s, o, f, err);
    return status == UP_OK ? up_mediate_effect(f->model, f->graph, o, run, &f->m, err)
                           : status;
}

static inline fixture
fixture_new(const spec *s, const up_mediate_opts *o)
{
    up_error err = UP_ERROR_INIT;
    fixture f;
    assert_ok(fixture_try(s, o, NULL, &f, &err), &err);
    return f;
}

/* The row of this kind and path; arm NULL = any. */
static inline int64_t
find_row(const up_mediation *m, int64_t kind, const char *path, const char *arm)
{
    for (int64_t i = 0; i < up_mediation_count(m); i++) {
        up_mediated r = up_mediation_get(m, i);
        if (r.kind == kind && strcmp(r.path, path) == 0 &&
            (arm == NULL || strcmp(r.arm, arm) == 0)) {
            return i;
        }
    }
    fail_msg("no row %s '%s'", up_mediate_kind_name(kind), path);
    return -1;
}

static inline up_mediated
row_of(const up_mediation *m, int64_t kind, const char *path, const char *arm)
{
    return up_mediation_get(m, find_row(m, kind, path, arm));
}

static inline bool
has_note(const up_mediation *m, up_note_code code)
{
    for (int64_t i = 0; i < up_mediation_notes(m); i++) {
        if (up_mediation_note(m, i).code == code) {
            return true;
        }
    }
    return false;
}

#endif
