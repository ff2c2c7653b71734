/* A model of a CSV file, for the tests of this room. */
#ifndef EFFECT_FIXTURE_H
#define EFFECT_FIXTURE_H

#include "csv_moments.h"
#include "effect/effect.h"
#include "fit/fit.h"
#include "up_test.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct fixture {
    csv_fixture *csv;
    up_model *model;
} fixture;

static inline fixture
fixture_new(const csv_spec *spec, const up_linear_opts *opts)
{
    up_error err = UP_ERROR_INIT;
    fixture f = {csv_moments_new(spec), NULL};
    upi_rows rows = {csv_moments_visit, f.csv};
    assert_ok(upi_model_new(f.csv->m, opts, &f.model, &err), &err);
    assert_ok(upi_model_solve(f.model, &rows, NULL, &err), &err);
    return f;
}

static inline void
fixture_free(fixture *f)
{
    up_model_free(f->model);
    csv_moments_free(f->csv);
}

static inline up_effects *
effects_of(const up_model *m, const up_effect_opts *opts)
{
    up_error err = UP_ERROR_INIT;
    up_effects *e = NULL;
    assert_ok(up_infer_effect(m, opts, &e, &err), &err);
    return e;
}

/* The index of the row with this metric, segment and period ("" = everyone). */
static inline int64_t
find_row(const up_effects *e, const char *metric, const char *arm, const char *segment,
    const char *period)
{
    for (int64_t i = 0; i < up_effects_count(e); i++) {
        up_effect r = up_effects_get(e, i);
        if (strcmp(r.metric, metric) == 0 && strcmp(r.segment, segment) == 0 &&
            strcmp(r.period, period) == 0 && (arm == NULL || strcmp(r.arm, arm) == 0)) {
            return i;
        }
    }
    fail_msg("no row for %s, '%s', '%s'", metric, segment, period);
    return -1;
}

static inline bool
has_note(const up_effects *e, up_note_code code)
{
    for (int64_t i = 0; i < up_effects_notes(e); i++) {
        if (up_effects_note(e, i).code == code) {
            return true;
        }
    }
    return false;
}

/* The value of `name` in a table of names and values. */
static inline double
value_in(const csv_table *t, const char *name)
{
    double x = NAN;
    for (int64_t i = 0; i < t->n_rows; i++) {
        if (strcmp(t->cell[2 * i], name) == 0) {
            const char *cell = t->cell[2 * i + 1];
            assert_true(upi_double_parse(cell, (int64_t)strlen(cell), &x));
            return x;
        }
    }
    fail_msg("expected.csv has no '%s'", name);
    return x;
}

/* A number of tests/oracle/effect/expected.csv, made by make.R there. */
static inline double
expected(const char *group, const char *what)
{
    static csv_table *t = NULL;
    char name[96];
    if (t == NULL) {
        t = csv_table_read(up_test_data("oracle/effect/expected.csv"));
    }
    (void)snprintf(name, sizeof name, "%s %s", group, what);
    return value_in(t, name);
}

/* A number of tests/oracle/comparisons/expected.csv, made by make.R there. */
static inline double
comparison(const char *name)
{
    static csv_table *t = NULL;
    if (t == NULL) {
        t = csv_table_read(up_test_data("oracle/comparisons/expected.csv"));
    }
    return value_in(t, name);
}

/* Estimate, error, baseline and its error of a row; super = with the variance of averages. */
static inline void
check_row(up_effect r, const char *group, bool super)
{
    double rtol = 1e-9;
    assert_close(r.estimate, expected(group, "est"), rtol, 0);
    assert_close(r.std_error, expected(group, super ? "se super" : "se"), rtol, 0);
    assert_close(r.baseline, expected(group, "base"), rtol, 0);
    assert_close(r.baseline_std_error,
        expected(group, super ? "base se super" : "base se"), rtol, 0);
}

/* The committed panel with its columns; z is assigned, d received. */
static inline csv_spec
panel_spec(bool clustered, bool noncompliance)
{
    static const csv_key part[] = {{"z", UPI_KEY_ARM, false},
        {"d", UPI_KEY_TREATED, false}, {"x1", UPI_KEY_COVARIATE, true},
        {"x2", UPI_KEY_COVARIATE, false}, {0}};
    static const csv_key both[] = {{"z", UPI_KEY_ARM, false},
        {"x1", UPI_KEY_COVARIATE, true}, {"x2", UPI_KEY_COVARIATE, false}, {0}};
    static const char *const y[] = {"y1", "y2", NULL};
    return (csv_spec){.path = up_test_data("oracle/effect/lcg_panel.csv"),
        .keys = noncompliance ? part : both,
        .y = y,
        .cluster = clustered ? "cl" : NULL,
        .form = UPI_MEAN};
}

/* ab.csv: three arms, a factor and a number, a segment that is not in the model. */
static inline csv_spec
ab_spec(void)
{
    static const csv_key keys[] = {{"arm", UPI_KEY_ARM, false},
        {"device", UPI_KEY_COVARIATE, true}, {"score", UPI_KEY_COVARIATE, false},
        {"loyal", UPI_KEY_SEGMENT, false}, {0}};
    static const char *const y[] = {"sales", "clicks", "views", NULL};
    return (csv_spec){.path = up_test_data("oracle/effect/ab.csv"),
        .keys = keys,
        .y = y,
        .form = UPI_MEAN};
}

/* enc.csv: three arms, encouraged (z) and received (d); x = 0 leaves the number out. */
static inline csv_spec
enc_spec(bool with_x)
{
    static const csv_key keys[] = {{"z", UPI_KEY_ARM, false},
        {"d", UPI_KEY_TREATED, false}, {"g", UPI_KEY_COVARIATE, true},
        {"x", UPI_KEY_COVARIATE, false}, {0}};
    static const csv_key few[] = {{"z", UPI_KEY_ARM, false},
        {"d", UPI_KEY_TREATED, false}, {"g", UPI_KEY_COVARIATE, true}, {0}};
    static const char *const y[] = {"y", "q", NULL};
    return (csv_spec){.path = up_test_data("oracle/effect/enc.csv"),
        .keys = with_x ? keys : few,
        .y = y,
        .form = UPI_MEAN};
}

static inline csv_spec
time_spec(void)
{
    static const csv_key keys[] = {{"arm", UPI_KEY_ARM, false},
        {"period", UPI_KEY_TIME, false}, {"device", UPI_KEY_COVARIATE, true}, {0}};
    static const char *const y[] = {"y", NULL};
    return (csv_spec){.path = up_test_data("oracle/effect/time.csv"),
        .keys = keys,
        .y = y,
        .cluster = "unit",
        .form = UPI_MEAN};
}

#endif
