/* Plans from past data: the standard error scales, the split keeps clusters together, and power
 * by simulation agrees with the formula. */
#include "num/rng.h"
#include "up_test.h"

#include <upshot/upshot.h>

#include <math.h>
#include <string.h>

enum { N = 3000, SIZE = 10 };

typedef struct data {
    int64_t store[N], id[N], arm[N], took[N];
    double y[N], before[N], clicks[N], views[N];
    uint8_t bought[N];
    up_source *source;
} data;

/* Stores of SIZE rows with a shared shock (icc 0.2), a covariate with r2 0.5, arms by row or by
 * store, one-sided take-up of 0.6, no effect. */
static void
make(data *d, bool by_store)
{
    static up_column columns[9];
    up_error err = UP_ERROR_INIT;
    double shock = 0;
    for (int64_t i = 0; i < N; i++) {
        upi_rng r = upi_rng_make(5, 1, 0, (uint64_t)i);
        d->store[i] = i / SIZE;
        d->id[i] = i;
        if (i % SIZE == 0) {
            shock = sqrt(0.2) * upi_rng_normal(&r);
        }
        int64_t of = by_store ? i / SIZE : i;
        d->arm[i] = of % 2;
        d->took[i] = d->arm[i] == 1 && upi_rng_uniform(&r) < 0.6;
        d->before[i] = upi_rng_normal(&r);
        d->y[i] = 10 + 2 * (shock + sqrt(0.5) * d->before[i] +
                               sqrt(0.3) * upi_rng_normal(&r));
        d->views[i] = 5 + (double)upi_rng_poisson(&r, 5);
        d->clicks[i] = (double)upi_rng_poisson(&r, 0.3 * d->views[i]);
        d->bought[i] = upi_rng_uniform(&r) < 0.3;
    }
    memset(columns, 0, sizeof columns);
    columns[0] = (up_column){.name = "store", .i64 = d->store};
    columns[1] = (up_column){.name = "id", .i64 = d->id};
    columns[2] = (up_column){.name = "arm", .i64 = d->arm};
    columns[3] = (up_column){.name = "took", .i64 = d->took};
    columns[4] = (up_column){.name = "y", .f64 = d->y};
    columns[5] = (up_column){.name = "before", .f64 = d->before};
    columns[6] = (up_column){.name = "clicks", .f64 = d->clicks};
    columns[7] = (up_column){.name = "views", .f64 = d->views};
    columns[8] = (up_column){.name = "bought", .boolean = d->bought};
    assert_ok(up_source_from_columns_borrow(columns, 9, N, &d->source, &err), &err);
}

static up_power_history
history(up_source *source, const up_roles *roles, const char *metric,
    const char *covariate, up_moments **keep)
{
    up_error err = UP_ERROR_INIT;
    up_experiment *e = NULL;
    up_moments *m = NULL;
    up_power_history h;
    assert_ok(up_experiment_new(source, roles, &e, &err), &err);
    assert_ok(up_experiment_add_metric(e, metric, &err), &err);
    if (covariate != NULL) {
        assert_ok(up_experiment_add_covariate(e, covariate, &err), &err);
    }
    assert_ok(up_moments_build(e, NULL, NULL, &m, &err), &err);
    assert_ok(up_power_history_read(m, NULL, NULL, NULL, NULL, &h, &err), &err);
    if (keep != NULL) {
        *keep = m;
    } else {
        up_moments_free(m);
    }
    up_experiment_free(e);
    return h;
}

static up_power_result
plan(const up_power_history *h, up_power_opts o)
{
    up_error err = UP_ERROR_INIT;
    up_power_result r;
    up_power_history_use(h, &o);
    assert_ok(up_power(&o, &r, &err), &err);
    return r;
}

static void
test_experiment(void **state)
{
    (void)state;
    static data d;
    make(&d, false);
    up_power_history plain =
        history(d.source, UP_ROLES(.intent_to_treat = "arm"), "y", NULL, NULL);
    up_power_history better =
        history(d.source, UP_ROLES(.intent_to_treat = "arm"), "y", "before", NULL);
    assert_close(plain.units, N, 0, 0);
    assert_close(plain.control_share, 0.5, 0, 0);
    assert_close(plain.spread, 2, 0, 0.1);
    assert_close(plain.std_error, plain.spread * sqrt(4.0 / N), 1e-12, 0);
    assert_close(plain.baseline, 10, 0, 0.3);
    assert_close(better.r2, 0.5, 0, 0.05);
    assert_int_equal(better.arms, 2);
    /* at the same size the plan has the standard error of the data; at four times half of it */
    up_power_result r = plan(&better, *UP_POWER_OPTS(.effect = 0.1, .units = N));
    assert_close(r.std_error, better.std_error, 1e-12, 0);
    r = plan(&better, *UP_POWER_OPTS(.effect = 0.1, .units = 4 * N));
    assert_close(r.std_error, better.std_error / 2, 1e-12, 0);
    /* and is that of the numbers it was made from */
    up_power_result a = plan(&plain, *UP_POWER_OPTS(.effect = 0.1));
    up_power_result b;
    up_error err = UP_ERROR_INIT;
    assert_ok(
        up_power(UP_POWER_OPTS(.effect = 0.1, .sd = plain.spread), &b, &err), &err);
    assert_close(a.units_exact, b.units_exact, 1e-9, 0);
    up_power_history took = history(d.source,
        UP_ROLES(.intent_to_treat = "arm", .treated = "took"), "y", NULL, NULL);
    assert_close(took.takeup, 0.6, 0, 0.03);
    assert_close(took.crossover, 0, 0, 0);
    r = plan(&took, *UP_POWER_OPTS(.effect = 0.1));
    assert_close(r.itt_effect, 0.1 * took.takeup, 1e-12, 0);
    up_power_history share =
        history(d.source, UP_ROLES(.intent_to_treat = "arm"), "bought", NULL, NULL);
    assert_int_equal(share.metric, UP_POWER_PROPORTION);
    assert_close(share.spread, sqrt(share.baseline * (1 - share.baseline)), 0.02, 0);
    up_power_history ratio = history(d.source, UP_ROLES(.intent_to_treat = "arm"),
        "ratio(clicks, views)", NULL, NULL);
    assert_int_equal(ratio.metric, UP_POWER_RATIO);
    /* clicks are Poisson given views: variance of a unit r / mean(views) */
    assert_close(ratio.spread, sqrt(0.3 / 10), 0.05, 0);
    up_source_free(d.source);
}

static void
test_clusters(void **state)
{
    (void)state;
    static data d;
    make(&d, true);
    up_power_history h = history(d.source,
        UP_ROLES(.intent_to_treat = "arm", .cluster = "store"), "y", NULL, NULL);
    assert_close(h.cluster_size, SIZE, 0, 0);
    assert_close(h.cluster_cv, 0, 0, 1e-12);
    assert_close(h.clusters, N / SIZE, 0, 0);
    assert_close(h.icc, 0.2, 0, 0.06);
    h = history(d.source, UP_ROLES(.intent_to_treat = "arm", .cluster = "store"),
        "bought", NULL, NULL);
    assert_close(h.icc, 0, 0, 0.03);
    up_source_free(d.source);
}

/* A history without arms: the split is balanced, keeps clusters whole, and gives the same numbers
 * as the arms that were there. */
static void
test_split(void **state)
{
    (void)state;
    static data d;
    make(&d, true);
    up_error err = UP_ERROR_INIT;
    up_source *split = NULL;
    assert_ok(up_power_split(d.source, NULL, NULL, &split, &err), &err);
    up_power_history rows = history(
        split, UP_ROLES(.intent_to_treat = UP_POWER_SPLIT), "y", "before", NULL);
    assert_close(rows.control_share, 0.5, 0, 0.03);
    assert_close(rows.r2, 0.5, 0, 0.05);
    assert_int_equal(rows.arms, 0);
    up_source_free(split);
    assert_ok(up_power_split(d.source, "store", NULL, &split, &err), &err);
    up_power_history stores = history(split,
        UP_ROLES(.intent_to_treat = UP_POWER_SPLIT, .cluster = "store",
            .assigned_by_cluster = 1),
        "y", NULL, NULL);
    assert_close(stores.icc, 0.2, 0, 0.06);
    assert_close(stores.clusters, N / SIZE, 0, 0);
    /* the baseline is that of all rows, however they were split */
    double sum = 0;
    for (int64_t i = 0; i < N; i++) {
        sum += d.y[i];
    }
    assert_close(stores.baseline, sum / N, 1e-12, 0);
    up_source *again = NULL;
    assert_fails(up_power_split(split, NULL, NULL, &again, &err), UP_E_ARGUMENT, &err);
    err = (up_error)UP_ERROR_INIT;
    assert_fails(
        up_power_split(d.source, "nobody", NULL, &again, &err), UP_E_COLUMN, &err);
    up_source_free(split);
    up_source_free(d.source);
}

static void
simulated(const data *d, const up_roles *roles, const char *metric, double effect,
    double units)
{
    up_error err = UP_ERROR_INIT;
    up_moments *m = NULL;
    up_power_history h = history(d->source, roles, metric, NULL, &m);
    up_power_opts o = *UP_POWER_OPTS(.effect = effect, .units = units);
    up_power_result formula = plan(&h, o);
    up_power_simulated s, one;
    assert_ok(
        up_power_simulate(m, NULL, &o, 600, UP_RUN(.seed = 4, .threads = 2), &s, &err),
        &err);
    assert_int_equal(s.replicates, 600);
    assert_close(s.power, formula.power, 0, 4 * s.std_error + 0.03);
    assert_close(s.coverage, 0.95, 0, 0.035);
    assert_close(s.mean_estimate, effect, 0, 4 * formula.std_error / sqrt(600));
    assert_true(s.std_error > 0 && s.std_error < 0.021);
    assert_ok(up_power_simulate(
                  m, NULL, &o, 600, UP_RUN(.seed = 4, .threads = 1), &one, &err),
        &err);
    assert_memory_equal(&s, &one, sizeof s);
    up_moments_free(m);
}

static void
test_simulation(void **state)
{
    (void)state;
    static data d;
    make(&d, true);
    simulated(&d, UP_ROLES(.intent_to_treat = "arm"), "y", 0.25, 2000);
    simulated(&d, UP_ROLES(.intent_to_treat = "arm"), "bought", 0.06, 1500);
    simulated(
        &d, UP_ROLES(.intent_to_treat = "arm", .cluster = "store"), "y", 0.5, 1500);
    up_source_free(d.source);
}

static void
test_simulation_refuses(void **state)
{
    (void)state;
    static data d;
    make(&d, false);
    up_error err = UP_ERROR_INIT;
    up_power_simulated s;
    up_moments *m = NULL;
    (void)history(d.source, UP_ROLES(.intent_to_treat = "arm"), "y", "before", &m);
    assert_fails(
        up_power_simulate(m, NULL, UP_POWER_OPTS(.effect = 1), 100, NULL, &s, &err),
        UP_E_NEEDS_ROWS, &err);
    up_moments_free(m);
    (void)history(
        d.source, UP_ROLES(.intent_to_treat = "arm", .treated = "took"), "y", NULL, &m);
    err = (up_error)UP_ERROR_INIT;
    assert_fails(
        up_power_simulate(m, NULL, UP_POWER_OPTS(.effect = 1), 100, NULL, &s, &err),
        UP_E_NEEDS_ROWS, &err);
    up_moments_free(m);
    (void)history(
        d.source, UP_ROLES(.intent_to_treat = "arm"), "ratio(clicks, views)", NULL, &m);
    err = (up_error)UP_ERROR_INIT;
    assert_fails(
        up_power_simulate(m, NULL, UP_POWER_OPTS(.effect = 1), 100, NULL, &s, &err),
        UP_E_NEEDS_ROWS, &err);
    up_moments_free(m);
    (void)history(d.source, UP_ROLES(.intent_to_treat = "arm"), "bought", NULL, &m);
    err = (up_error)UP_ERROR_INIT;
    assert_fails(
        up_power_simulate(m, NULL, UP_POWER_OPTS(.effect = 1), 100, NULL, &s, &err),
        UP_E_ARGUMENT, &err);
    err = (up_error)UP_ERROR_INIT;
    assert_fails(
        up_power_simulate(m, NULL, UP_POWER_OPTS(.effect = 0.1), 5, NULL, &s, &err),
        UP_E_ARGUMENT, &err);
    up_power_history h;
    err = (up_error)UP_ERROR_INIT;
    assert_fails(
        up_power_history_read(m, NULL, "z", NULL, NULL, &h, &err), UP_E_ARGUMENT, &err);
    err = (up_error)UP_ERROR_INIT;
    assert_fails(
        up_power_history_read(m, NULL, NULL, "z", NULL, &h, &err), UP_E_ARGUMENT, &err);
    up_moments_free(m);
    up_source_free(d.source);
}

static up_status
sweep(void *ctx, up_error *err)
{
    up_power_simulated s;
    return up_power_simulate(ctx, NULL, UP_POWER_OPTS(.effect = 0.1, .units = 60), 10,
        UP_RUN(.threads = 1), &s, err);
}

static void
test_memory(void **state)
{
    (void)state;
    static data d;
    make(&d, false);
    up_moments *m = NULL;
    (void)history(d.source, UP_ROLES(.intent_to_treat = "arm"), "y", NULL, &m);
    up_sweep_memory(sweep, m);
    up_moments_free(m);
    up_source_free(d.source);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_experiment),
        cmocka_unit_test(test_clusters),
        cmocka_unit_test(test_split),
        cmocka_unit_test(test_simulation),
        cmocka_unit_test(test_simulation_refuses),
        cmocka_unit_test(test_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
