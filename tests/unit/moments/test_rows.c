/* The second pass gives every row its group: sums by group must be those of the moments. */
#include "moments_data.h"
#include "up_test.h"

#include <math.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#define LIST(...) ((const char *const[]){__VA_ARGS__, NULL})

typedef struct totals {
    pthread_mutex_t lock;
    const up_moments *m;
    int64_t *n;
    double *sum, *weight;
    int begins;
    int64_t ranges;
    up_status stop;
} totals;

static up_status
begin(void *ctx, int n_workers, up_error *err)
{
    (void)err;
    assert_true(n_workers >= 1);
    ((totals *)ctx)->begins++;
    return UP_OK;
}

static up_status
block(void *ctx, int worker, int64_t range, const upi_row_block *b, up_error *err)
{
    (void)worker;
    (void)range;
    totals *t = ctx;
    int64_t nv = t->m->nx + t->m->ny;
    if (t->stop != UP_OK) {
        return upi_fail(err, t->stop, NULL, "the visitor stops");
    }
    (void)pthread_mutex_lock(&t->lock);
    for (int64_t i = 0; i < b->n; i++) {
        int64_t g = b->group[i];
        t->n[g]++;
        for (int64_t j = 0; j < nv; j++) {
            t->sum[g * nv + j] += b->v[i * nv + j];
        }
        t->weight[g] += b->weight != NULL ? b->weight[i] : 1;
    }
    (void)pthread_mutex_unlock(&t->lock);
    return UP_OK;
}

static up_status
range_end(void *ctx, int worker, int64_t range, up_error *err)
{
    (void)worker;
    (void)range;
    (void)err;
    totals *t = ctx;
    (void)pthread_mutex_lock(&t->lock);
    t->ranges++;
    (void)pthread_mutex_unlock(&t->lock);
    return UP_OK;
}

static void
check(data *d, const data_design *design, const up_moments_opts *opts)
{
    up_error err = UP_ERROR_INIT;
    up_source *s = data_source(d, 0, d->n, NULL);
    up_experiment *e = data_experiment(s, design);
    up_moments *m = NULL;
    assert_ok(up_moments_build(e, opts, NULL, &m, &err), &err);
    int64_t nv = m->nx + m->ny;
    totals t = {.m = m, .lock = PTHREAD_MUTEX_INITIALIZER};
    t.n = calloc((size_t)m->n_groups, sizeof *t.n);
    t.sum = calloc((size_t)(m->n_groups * nv), sizeof *t.sum);
    t.weight = calloc((size_t)m->n_groups, sizeof *t.weight);
    upi_row_visitor visitor = {&t, begin, block, range_end};
    assert_ok(upi_moments_visit_rows(m, &visitor, UP_RUN(.threads = 2), &err), &err);
    assert_int_equal(t.begins, 1);
    assert_int_equal(t.ranges, 30);
    for (int64_t g = 0; g < m->n_groups; g++) {
        assert_int_equal(t.n[g], m->n[g]);
        for (int64_t j = 0; j < nv; j++) {
            assert_close(
                t.sum[g * nv + j] / (double)t.n[g], m->mean[g * nv + j], 1e-12, 1e-12);
        }
        if (m->row_weighted) {
            double r = m->tri[g * (nv + 1) * (nv + 2) / 2];
            assert_close(t.weight[g], r * r, 1e-12, 0);
        }
    }
    t.stop = UP_E_STOPPED;
    assert_fails(upi_moments_visit_rows(m, &visitor, NULL, &err), UP_E_STOPPED, &err);
    free(t.n);
    free(t.sum);
    free(t.weight);
    up_moments_free(m);
    up_experiment_free(e);
    up_source_free(s);
}

static void
every_form(void **state)
{
    (void)state;
    data *d = data_new();
    data_design design = {.roles = {.intent_to_treat = "arm", .treated = "got"},
        .metrics = LIST("sales", "clicked"),
        .covariates = LIST("device", "visits"),
        .segments = LIST("week > 1")};
    check(d, &design, NULL);
    design.covariates = LIST("spend", "device");
    check(d, &design, NULL);
    design.roles.weight = "fine";
    design.roles.propensity = "p";
    check(d, &design, UP_MOMENTS_OPTS(.max_groups = 100));
    design.roles = (up_roles){.intent_to_treat = "arm", .cluster = "household"};
    check(d, &design, NULL);
    data_free(d);
}

static void
missing_values(void **state)
{
    (void)state;
    data *d = data_new();
    d->no_device[3] = d->no_device[4] = 1;
    d->spend[5] = NAN;
    d->visits[6] = d->visits[7] = NAN;
    data_design design = {
        .roles = {.intent_to_treat = "arm", .missing = UP_MISSING_INDICATOR},
        .metrics = LIST("sales"),
        /* fine has no missing value: its indicator is dropped between two that stay */
        .covariates = LIST("spend", "fine", "visits", "device")};
    check(d, &design, NULL);
    design.roles.missing = UP_MISSING_DROP;
    check(d, &design, NULL);
    /* all values missing: the indicator has one level */
    for (int64_t i = 0; i < d->n; i++) {
        d->visits[i] = NAN;
    }
    design.roles.missing = UP_MISSING_INDICATOR;
    check(d, &design, NULL);
    data_free(d);
}

static void
expect(up_moments *m, up_status wanted)
{
    up_error err = UP_ERROR_INIT;
    totals t = {.m = m, .lock = PTHREAD_MUTEX_INITIALIZER};
    t.n = calloc((size_t)m->n_groups, sizeof *t.n);
    t.sum = calloc((size_t)(m->n_groups * (m->nx + m->ny)), sizeof *t.sum);
    t.weight = calloc((size_t)m->n_groups, sizeof *t.weight);
    upi_row_visitor visitor = {&t, begin, block, NULL};
    up_status status = upi_moments_visit_rows(m, &visitor, NULL, &err);
    free(t.n);
    free(t.sum);
    free(t.weight);
    assert_fails(status, wanted, &err);
}

static void
changed_data_are_refused(void **state)
{
    (void)state;
    data *d = data_new();
    up_error err = UP_ERROR_INIT;
    data_design design = {
        .roles = {.intent_to_treat = "arm", .missing = UP_MISSING_DROP},
        .metrics = LIST("sales"),
        .covariates = LIST("device", "loyalty")};
    up_source *s = data_source(d, 0, d->n, NULL);
    up_experiment *e = data_experiment(s, &design);
    up_moments *m = NULL;
    assert_ok(up_moments_build(e, NULL, NULL, &m, &err), &err);
    d->loyalty[9] = 77; /* a new level */
    expect(m, UP_E_SOURCE);
    d->loyalty[9] = 0;
    d->sales[9] = NAN; /* a row less */
    expect(m, UP_E_SOURCE);
    m->rows = NULL;
    expect(m, UP_E_NEEDS_ROWS);
    up_moments_free(m);
    /* an indicator that was not there */
    d->sales[9] = 0;
    design.roles.missing = UP_MISSING_INDICATOR;
    up_experiment_free(e);
    e = data_experiment(s, &design);
    assert_ok(up_moments_build(e, NULL, NULL, &m, &err), &err);
    d->no_device[8] = 1;
    expect(m, UP_E_SOURCE);
    up_moments_free(m);
    up_experiment_free(e);
    up_source_free(s);
    data_free(d);
}

static up_status
body(void *ctx, up_error *err)
{
    up_moments *m = ctx;
    totals t = {.m = m, .lock = PTHREAD_MUTEX_INITIALIZER};
    int64_t n[64] = {0};
    double sum[512] = {0}, weight[64] = {0};
    t.n = n;
    t.sum = sum;
    t.weight = weight;
    upi_row_visitor visitor = {&t, begin, block, range_end};
    return upi_moments_visit_rows(m, &visitor, UP_RUN(.threads = 1), err);
}

static void
memory_runs_out(void **state)
{
    (void)state;
    data *d = data_new();
    up_error err = UP_ERROR_INIT;
    data_design design = {.roles = {.intent_to_treat = "arm"},
        .metrics = LIST("sales"),
        .covariates = LIST("device", "loyalty")};
    up_source *s = data_source(d, 0, 60, NULL);
    up_experiment *e = data_experiment(s, &design);
    up_moments *m = NULL;
    assert_ok(up_moments_build(e, NULL, NULL, &m, &err), &err);
    assert_true(m->n_groups <= 64);
    up_sweep_memory(body, m);
    up_moments_free(m);
    up_experiment_free(e);
    up_source_free(s);
    data_free(d);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_form),
        cmocka_unit_test(missing_values),
        cmocka_unit_test(changed_data_are_refused),
        cmocka_unit_test(memory_runs_out),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
