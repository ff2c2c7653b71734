/* Claimed power against simulated power through the real engine: rows are drawn as the plan says,
 * an experiment is built, fitted and tested, and the share of rejections is held against what
 * up_power() claims. Seeds are fixed; the bound is four standard errors and the error of the
 * approximations that the claim states. */
#include "num/rng.h"
#include "plan/looks.h"
#include "up_test.h"

#include <upshot/upshot.h>

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { MOST = 1200, LOOKS = 8 };

typedef struct world {
    const char *name, *metric;
    up_power_opts plan;
    double ratio_effect; /* on the numerator */
    double tolerance;    /* of the approximations, beside Monte Carlo error */
    bool clusters, noncompliance, looks;
} world;

typedef struct rows {
    int64_t n, arm[MOST], took[MOST], store[MOST];
    double y[MOST], clicks[MOST], views[MOST];
    uint8_t bought[MOST];
} rows;

static void
draw(const world *w, rows *d, uint64_t replicate)
{
    const up_power_opts *p = &w->plan;
    upi_rng r =
        upi_rng_make(77, (uint64_t)(w->name[0] + 256 * w->name[1]), replicate, 0);
    double shock = 0;
    int64_t size = p->cluster_size > 0 ? (int64_t)p->cluster_size : 1;
    d->n = (int64_t)p->units;
    for (int64_t i = 0; i < d->n; i++) {
        if (i % size == 0) {
            shock = upi_rng_normal(&r);
        }
        d->store[i] = i / size;
        d->arm[i] = i / size % 2;
        double takes = d->arm[i] == 1 ? (p->takeup > 0 ? p->takeup : 1) : p->crossover;
        d->took[i] = upi_rng_uniform(&r) < takes;
        double effect = d->took[i] == 1 ? p->effect : 0;
        d->y[i] =
            p->mean + effect +
            p->sd * (sqrt(p->icc) * shock + sqrt(1 - p->icc) * upi_rng_normal(&r));
        d->bought[i] = upi_rng_uniform(&r) < p->mean + effect;
        d->views[i] = (double)upi_rng_poisson(&r, 9) + 1;
        d->clicks[i] = (double)upi_rng_poisson(
            &r, (0.3 + (d->arm[i] == 1 ? w->ratio_effect : 0)) * d->views[i]);
    }
}

/* The t statistic of the effect of assignment over the first n rows. */
static double
statistic(const world *w, rows *d, int64_t n, double *p_value)
{
    up_column columns[7];
    up_error err = UP_ERROR_INIT;
    up_source *source = NULL;
    up_experiment *e = NULL;
    up_moments *m = NULL;
    up_model *model = NULL;
    up_effects *effects = NULL;
    memset(columns, 0, sizeof columns);
    columns[0] = (up_column){.name = "arm", .i64 = d->arm};
    columns[1] = (up_column){.name = "took", .i64 = d->took};
    columns[2] = (up_column){.name = "store", .i64 = d->store};
    columns[3] = (up_column){.name = "y", .f64 = d->y};
    columns[4] = (up_column){.name = "clicks", .f64 = d->clicks};
    columns[5] = (up_column){.name = "views", .f64 = d->views};
    columns[6] = (up_column){.name = "bought", .boolean = d->bought};
    const up_roles *roles =
        UP_ROLES(.intent_to_treat = "arm", .cluster = w->clusters ? "store" : NULL,
            .treated = w->noncompliance ? "took" : NULL);
    assert_ok(up_source_from_columns_borrow(columns, 7, n, &source, &err), &err);
    assert_ok(up_experiment_new(source, roles, &e, &err), &err);
    assert_ok(up_experiment_add_metric(e, w->metric, &err), &err);
    assert_ok(up_moments_build(e, NULL, UP_RUN(.threads = 1), &m, &err), &err);
    assert_ok(up_fit_linear(m, NULL, UP_RUN(.threads = 1), &model, &err), &err);
    /* under noncompliance the default is the effect on those who comply */
    assert_ok(up_infer_effect(model, NULL, &effects, &err), &err);
    up_effect one = up_effects_get(effects, 0);
    *p_value = one.p_value;
    up_effects_free(effects);
    up_model_free(model);
    up_moments_free(m);
    up_experiment_free(e);
    up_source_free(source);
    return one.statistic;
}

static bool
rejects(const world *w, const upi_looks *looks, rows *d)
{
    double p = 1;
    if (!w->looks) {
        (void)statistic(w, d, d->n, &p);
        return p < 0.05;
    }
    for (int64_t k = 0; k < looks->n; k++) {
        int64_t n = (int64_t)(looks->information[k] * (double)d->n);
        if (fabs(statistic(w, d, n, &p)) >= looks->bound[k]) {
            return true;
        }
    }
    return false;
}

static void
check_world(const world *w)
{
    static rows d;
    up_error err = UP_ERROR_INIT;
    up_power_result claim;
    upi_looks *looks = NULL;
    const char *env = getenv("UPSHOT_REPLICATES");
    int64_t replicates = env != NULL ? strtoll(env, NULL, 10) : 1000;
    if (w->looks) {
        upi_power_plan plan;
        assert_ok(upi_power_plan_read(&w->plan, &plan, &err), &err);
        assert_ok(upi_looks_make(&plan, &looks, &err), &err);
    }
    assert_ok(up_power(&w->plan, &claim, &err), &err);
    int64_t found = 0;
    for (int64_t r = 0; r < replicates; r++) {
        draw(w, &d, (uint64_t)r);
        found += rejects(w, looks, &d);
    }
    double power = (double)found / (double)replicates;
    double se = sqrt(claim.power * (1 - claim.power) / (double)replicates);
    print_message("%s: claimed %.4f, found %.4f (%+.1f standard errors)\n", w->name,
        claim.power, power, (power - claim.power) / se);
    assert_close(power, claim.power, 0, 4 * se + w->tolerance);
    upi_looks_free(looks);
}

static void
test_claims(void **state)
{
    (void)state;
    const world worlds[] = {
        {.name = "mean",
            .metric = "y",
            .plan = *UP_POWER_OPTS(.mean = 5, .sd = 2, .effect = 0.6, .units = 300)},
        {.name = "small mean",
            .metric = "y",
            .plan = *UP_POWER_OPTS(.mean = 5, .sd = 2, .effect = 2.5, .units = 16)},
        {.name = "proportion",
            .metric = "bought",
            .tolerance = 0.005,
            .plan = *UP_POWER_OPTS(.metric = UP_POWER_PROPORTION, .mean = 0.2,
                .effect = 0.08, .units = 800)},
        /* views 1 + Poisson(9), clicks Poisson(0.3 views): the spread of the arm is larger */
        {.name = "ratio",
            .metric = "ratio(clicks, views)",
            .ratio_effect = 0.03,
            .tolerance = 0.02,
            .plan = *UP_POWER_OPTS(.metric = UP_POWER_RATIO, .mean = 3,
                .sd = sqrt(3 + 0.09 * 9), .denominator_mean = 10, .denominator_sd = 3,
                .correlation = 0.3 * 9 / (sqrt(3 + 0.09 * 9) * 3), .effect = 0.03,
                .units = 1000)},
        {.name = "clusters",
            .metric = "y",
            .clusters = true,
            .tolerance = 0.01,
            .plan = *UP_POWER_OPTS(.mean = 5, .sd = 2, .effect = 0.7, .units = 800,
                .cluster_size = 20, .icc = 0.1)},
        {.name = "noncompliance",
            .metric = "y",
            .noncompliance = true,
            .tolerance = 0.02,
            .plan = *UP_POWER_OPTS(.mean = 5, .sd = 2, .effect = 0.9, .units = 600,
                .takeup = 0.7, .crossover = 0.1)},
        {.name = "group",
            .metric = "y",
            .looks = true,
            .tolerance = 0.005,
            .plan = *UP_POWER_OPTS(.mean = 5, .sd = 2, .effect = 0.4, .units = 800,
                .inference = UP_INFERENCE_GROUP, .n_looks = 4)},
        {.name = "anytime",
            .metric = "y",
            .looks = true,
            .tolerance = 0.01,
            .plan = *UP_POWER_OPTS(.mean = 5, .sd = 2, .effect = 0.5, .units = 800,
                .inference = UP_INFERENCE_ANYTIME, .n_looks = LOOKS)},
    };
    for (size_t i = 0; i < sizeof worlds / sizeof worlds[0]; i++) {
        check_world(&worlds[i]);
    }
}

/* The bound would notice a plan that forgets its clusters. */
static void
test_can_fail(void **state)
{
    (void)state;
    up_error err = UP_ERROR_INIT;
    up_power_result with, without;
    up_power_opts o = *UP_POWER_OPTS(.mean = 5, .sd = 2, .effect = 0.7, .units = 800,
        .cluster_size = 20, .icc = 0.1);
    assert_ok(up_power(&o, &with, &err), &err);
    o.icc = 0;
    assert_ok(up_power(&o, &without, &err), &err);
    assert_true(without.power - with.power > 0.1);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_claims),
        cmocka_unit_test(test_can_fail),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
