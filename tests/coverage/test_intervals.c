/* Monte Carlo coverage of the 95 % interval for every kind of effect and covariance that
 * test_designs.c does not reach: continuous covariates (stream layout), HC0-HC3, clusters with
 * continuous covariates and CR1-CR3, two ways of clustering, analytic weights, ratio metrics,
 * the three relative intervals, segments, periods and cumulative effects. Seeds are fixed. */
#include "num/rng.h"
#include "up_test.h"

#include <upshot/upshot.h>

#include <math.h>
#include <stdlib.h>

enum { UNITS = 240, WEEKS = 3, ROWS = UNITS * WEEKS, ROWS_A = 30, ROWS_B = 24 };

typedef struct rows {
    int64_t n;
    int64_t unit[ROWS], week[ROWS], street[ROWS], shop[ROWS], fresh[ROWS], arm[ROWS];
    double x[ROWS], w[ROWS], y[ROWS], clicks[ROWS], views[ROWS];
} rows;

typedef struct check {
    const char *name;
    bool panel;   /* three weeks by unit, clustered by unit; else one row by unit */
    bool streets; /* random effects of street and shop, clustered by both */
    const char *metric;
    bool weighted;
    int64_t vcov;
    up_effect_opts ask;
    int64_t row; /* which row of the answer */
    double truth;
    bool relative;
} check;

/* Effect of the arm on a row: 1 + 0.5 x, more for the fresh, growing by week. */
static double
effect_of(double x, int64_t fresh, int64_t week)
{
    return 1.0 + 0.5 * x + 0.6 * (double)fresh + 0.3 * (double)week;
}

static void
draw_row(rows *d, upi_rng *r, int64_t i, double unit_shock)
{
    double x = d->x[i];
    double a = (double)d->arm[i];
    double spread = 1.0 + 0.5 * fabs(x);
    d->y[i] = 6.0 + 0.8 * x + 0.4 * (double)d->fresh[i] + unit_shock +
              a * effect_of(x, d->fresh[i], d->week[i]) + spread * upi_rng_normal(r);
    d->w[i] = 1.0 + (double)d->fresh[i]; /* the fresh stand for two people each */
    d->views[i] = 5.0 + (double)upi_rng_poisson(r, 10.0 + 2.0 * a);
    d->clicks[i] = (double)upi_rng_poisson(r, d->views[i] * (0.3 + 0.05 * a));
}

static void
draw(rows *d, const check *c, uint64_t replicate, uint64_t stream)
{
    upi_rng r = upi_rng_make(26112026, stream, replicate, 0);
    double street[ROWS_A], shop[ROWS_B];
    for (int64_t k = 0; k < ROWS_A; k++) {
        street[k] = c->streets ? 0.6 * upi_rng_normal(&r) : 0;
    }
    for (int64_t k = 0; k < ROWS_B; k++) {
        shop[k] = c->streets ? 0.6 * upi_rng_normal(&r) : 0;
    }
    int64_t weeks = c->panel ? WEEKS : 1;
    d->n = UNITS * weeks;
    for (int64_t u = 0; u < UNITS; u++) {
        double shock = c->panel ? 0.8 * upi_rng_normal(&r) : 0;
        int64_t arm = upi_rng_uniform(&r) < 0.5;
        int64_t fresh = upi_rng_uniform(&r) < 0.4;
        double x = upi_rng_normal(&r);
        for (int64_t t = 0; t < weeks; t++) {
            int64_t i = u * weeks + t;
            d->unit[i] = u;
            d->week[i] = t;
            d->street[i] = upi_rng_below(&r, ROWS_A);
            d->shop[i] = upi_rng_below(&r, ROWS_B);
            d->arm[i] = arm;
            d->fresh[i] = fresh;
            d->x[i] = x;
            draw_row(d, &r, i, shock + street[d->street[i]] + shop[d->shop[i]]);
        }
    }
}

static up_effect
analyse(const rows *d, const check *c, up_effects **effects, up_model **model,
    up_moments **moments)
{
    up_error err = UP_ERROR_INIT;
    up_source *source = NULL;
    up_experiment *experiment = NULL;
    const up_column columns[] = {{.name = "unit", .i64 = d->unit},
        {.name = "week", .i64 = d->week}, {.name = "street", .i64 = d->street},
        {.name = "shop", .i64 = d->shop}, {.name = "fresh", .i64 = d->fresh},
        {.name = "arm", .i64 = d->arm}, {.name = "x", .f64 = d->x},
        {.name = "w", .f64 = d->w}, {.name = "y", .f64 = d->y},
        {.name = "clicks", .f64 = d->clicks}, {.name = "views", .f64 = d->views}};
    const up_run *run = UP_RUN(.threads = 1);
    assert_ok(up_source_from_columns_borrow(columns, 11, d->n, &source, &err), &err);
    assert_ok(up_experiment_new(source,
                  UP_ROLES(.intent_to_treat = "arm", .weight = c->weighted ? "w" : NULL,
                      .time = c->panel ? "week" : NULL,
                      .cluster = c->panel ? "unit" : (c->streets ? "street" : NULL),
                      .cluster2 = c->streets ? "shop" : NULL),
                  &experiment, &err),
        &err);
    assert_ok(up_experiment_add_metric(experiment, c->metric, &err), &err);
    assert_ok(up_experiment_add_covariate(experiment, "fresh", &err), &err);
    assert_ok(up_experiment_add_covariate(experiment, "x", &err), &err);
    assert_ok(up_moments_build(experiment, NULL, run, moments, &err), &err);
    assert_ok(
        up_fit_linear(*moments, UP_LINEAR_OPTS(.vcov = c->vcov), run, model, &err),
        &err);
    assert_ok(up_infer_effect(*model, &c->ask, effects, &err), &err);
    up_experiment_free(experiment);
    up_source_free(source);
    assert_true(c->row < up_effects_count(*effects));
    return up_effects_get(*effects, c->row);
}

static bool
covers(const rows *d, const check *c)
{
    up_model *model = NULL;
    up_moments *moments = NULL;
    up_effects *effects = NULL;
    up_effect e = analyse(d, c, &effects, &model, &moments);
    bool inside = e.ci_low <= c->truth && c->truth <= e.ci_high;
    assert_int_equal(e.p_value<0.05, e.ci_low> 0 || e.ci_high < 0);
    if (c->relative) {
        assert_int_equal(e.relative_shape, 0);
        inside = e.relative_low <= c->truth && c->truth <= e.relative_high;
    }
    up_effects_free(effects);
    up_model_free(model);
    up_moments_free(moments);
    return inside;
}

static void
run_checks(const check *checks, size_t count)
{
    const char *asked = getenv("UPSHOT_REPLICATES");
    int64_t n = asked != NULL ? strtoll(asked, NULL, 10) : 1000;
    rows *d = upi_calloc(1, sizeof *d);
    assert_non_null(d);
    double slack = 3.5 * sqrt(0.95 * 0.05 / (double)n) + 0.012;
    bool bad = false;
    for (size_t k = 0; k < count; k++) {
        int64_t hits = 0;
        for (int64_t i = 0; i < n; i++) {
            draw(d, &checks[k], (uint64_t)i, k);
            hits += covers(d, &checks[k]);
        }
        double share = (double)hits / (double)n;
        print_message("%-44s %.4f\n", checks[k].name, share);
        bad = bad || fabs(share - 0.95) > slack;
    }
    upi_free(d);
    assert_false(bad);
}

#define ASK(...)                                                                       \
    {                                                                                  \
        .struct_size = sizeof(up_effect_opts), __VA_ARGS__                             \
    }

static const char *const is_fresh[] = {"fresh = 1"};
static const char *const both[] = {"fresh = 1", "fresh = 0"};

/* The average effect is 1 + 0.6 * 0.4 in week 0; the mean of control 6 + 0.4 * 0.4. */
static void
test_rows(void **state)
{
    (void)state;
    const double ate = 1.24;
    const double lift = 1.24 / 6.16;
    const double ratio = 0.05; /* clicks are 0.3 and 0.35 of views */
    const check checks[] = {
        {.name = "HC1, continuous covariate",
            .metric = "y",
            .vcov = UP_VCOV_HC1,
            .ask = ASK(0),
            .truth = ate},
        {.name = "HC2, continuous covariate",
            .metric = "y",
            .ask = ASK(0),
            .truth = ate},
        {.name = "HC3, continuous covariate",
            .metric = "y",
            .vcov = UP_VCOV_HC3,
            .ask = ASK(0),
            .truth = ate},
        {.name = "HC2, segment",
            .metric = "y",
            .ask = ASK(.where = is_fresh, .n_where = 1),
            .truth = 1.6},
        {.name = "HC2, segment minus segment",
            .metric = "y",
            .row = 2,
            .ask = ASK(.where = both, .n_where = 2, .compare_segments = 1),
            .truth = -0.6},
        {.name = "HC2, relative by Fieller",
            .metric = "y",
            .ask = ASK(0),
            .truth = lift,
            .relative = true},
        {.name = "HC2, relative by delta",
            .metric = "y",
            .ask = ASK(.relative = UP_RELATIVE_DELTA),
            .truth = lift,
            .relative = true},
        {.name = "HC2, relative by log-ratio",
            .metric = "y",
            .ask = ASK(.relative = UP_RELATIVE_LOG),
            .truth = lift,
            .relative = true},
        {.name = "HC2, ratio metric",
            .metric = "ctr = ratio(clicks, views)",
            .ask = ASK(0),
            .truth = ratio},
        {.name = "HC2, ratio metric, relative",
            .metric = "ctr = ratio(clicks, views)",
            .ask = ASK(0),
            .truth = 1.0 / 6,
            .relative = true},
        /* Weights 1 and 2: the fresh are 0.8 / 1.4 of the people. */
        {.name = "HC2, analytic weights",
            .metric = "y",
            .weighted = true,
            .ask = ASK(0),
            .truth = 1 + 0.6 * 0.8 / 1.4},
        {.name = "two ways of clustering",
            .streets = true,
            .metric = "y",
            .ask = ASK(0),
            .truth = ate},
    };
    run_checks(checks, sizeof checks / sizeof checks[0]);
}

static void
test_panel(void **state)
{
    (void)state;
    const double average = 1.24 + 0.3;
    const check checks[] = {
        {.name = "CR1S, panel, continuous covariate",
            .panel = true,
            .metric = "y",
            .vcov = UP_VCOV_CR1S,
            .ask = ASK(0),
            .truth = average},
        {.name = "CR2, panel, continuous covariate",
            .panel = true,
            .metric = "y",
            .ask = ASK(0),
            .truth = average},
        {.name = "CR3, panel, continuous covariate",
            .panel = true,
            .metric = "y",
            .vcov = UP_VCOV_CR3,
            .ask = ASK(0),
            .truth = average},
        {.name = "CR2, one period",
            .panel = true,
            .metric = "y",
            .row = 2,
            .ask = ASK(.over_time = 1),
            .truth = 1.24 + 0.6},
        {.name = "CR2, cumulative",
            .panel = true,
            .metric = "y",
            .row = 2,
            .ask = ASK(.over_time = 1, .cumulative = 1),
            .truth = 3 * 1.24 + 0.9},
        {.name = "CR2, ratio metric",
            .panel = true,
            .metric = "ctr = ratio(clicks, views)",
            .ask = ASK(0),
            .truth = 0.05},
    };
    run_checks(checks, sizeof checks / sizeof checks[0]);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rows), cmocka_unit_test(test_panel)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
