/* Monte Carlo coverage of the 95 % interval of projected effects, where everything is drawn
 * anew each time: the experiment, and the target where it is a sample. The truth is that of the
 * populations, summed over their cells. Seeds are fixed. */
#include "num/rng.h"
#include "up_test.h"

#include <upshot/project.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

enum { UNITS = 500, OTHERS = 300, PERIODS = 6, MOST = UNITS * PERIODS, GROUPS = 3 };

typedef struct rows {
    int64_t n;
    int64_t unit[MOST], t[MOST], arm[MOST], g[MOST], k[MOST], x[MOST];
    double z[MOST], y[MOST];
} rows;

typedef enum kind {
    SHARES,  /* known shares of g; k goes with g */
    RAKING,  /* margins of g and k from a sample of OTHERS */
    CELLS,   /* a sample, by its cells */
    BALANCE, /* the same by its means */
    ODDS,    /* the same by the odds of being in it */
    NUMBER,  /* a known mean of x; k goes with x */
    NORMAL,  /* a known mean of the continuous z; g goes with z */
    DECAY    /* forward */
} kind;

/* Shares of g here and there; k = 1 with a probability that depends on g here. */
static const double here[GROUPS] = {0.5, 0.3, 0.2};
static const double there[GROUPS] = {0.25, 0.3, 0.45};
static const double k_here[GROUPS] = {0.3, 0.5, 0.6};
static const double mean_x = 2.6;
static const double mean_z = 0.5;
enum { LEVELS = 5 };

/* There the odds of k are e times those here, so that the odds of being there are additive. */
static double
share_of_k(int64_t g, bool target)
{
    double odds = k_here[g] / (1 - k_here[g]) * (target ? exp(1) : 1);
    return odds / (1 + odds);
}

static double
effect_of(int64_t g, int64_t k, double x, double z)
{
    return 0.5 + 0.9 * (g == 1) - 0.5 * (g == 2) + 0.8 * (double)k + 0.3 * x + 0.6 * z;
}

static int64_t
draw_group(upi_rng *r, const double *share)
{
    double u = upi_rng_uniform(r);
    return u < share[0] ? 0 : u < share[0] + share[1] ? 1 : 2;
}

/* P(x) = 1/5, and k = 1 with probability 0.2 + 0.15 x where x matters. */
static void
draw_unit(rows *d, int64_t i, kind c, upi_rng *r, bool target)
{
    d->unit[i] = i;
    d->g[i] = draw_group(r, target ? there : here);
    d->k[i] = upi_rng_uniform(r) < share_of_k(d->g[i], target);
    d->x[i] = 0;
    d->z[i] = 0;
    if (c == NUMBER) {
        d->x[i] = upi_rng_below(r, LEVELS);
        d->k[i] = upi_rng_uniform(r) < 0.2 + 0.15 * (double)d->x[i];
        d->g[i] = 0;
    }
    if (c == NORMAL) {
        d->z[i] = 0.6 * (double)d->g[i] - 0.4 + upi_rng_normal(r);
        d->k[i] = 0;
    }
    d->arm[i] = upi_rng_uniform(r) < 0.5;
    double noise = (1.0 + 0.4 * (double)d->k[i]) * upi_rng_normal(r);
    d->y[i] = 3 + 0.5 * (double)d->g[i] + noise +
              (double)d->arm[i] * effect_of(d->g[i], d->k[i], (double)d->x[i], d->z[i]);
}

static void
draw_panel(rows *d, upi_rng *r)
{
    d->n = UNITS * PERIODS;
    for (int64_t u = 0; u < UNITS; u++) {
        double shock = upi_rng_normal(r);
        int64_t arm = upi_rng_uniform(r) < 0.5;
        for (int64_t t = 0; t < PERIODS; t++) {
            int64_t i = u * PERIODS + t;
            d->unit[i] = u;
            d->t[i] = t;
            d->arm[i] = arm;
            d->y[i] = shock + 2 * (double)arm * pow(0.7, (double)t) + upi_rng_normal(r);
        }
    }
}

/* The mean of the effect under weights exp(lambda v) with the wanted mean of v. */
static double
tilted(kind c)
{
    double low = -5;
    double high = 5;
    double effect = 0;
    for (int step = 0; step < 200; step++) {
        double lambda = (low + high) / 2;
        double total = 0;
        double mean = 0;
        effect = 0;
        for (int64_t i = 0; i < (c == NUMBER ? LEVELS : GROUPS); i++) {
            double centre = 0.6 * (double)i - 0.4;
            double w = c == NUMBER
                           ? exp(lambda * (double)i)
                           : here[i] * exp(lambda * centre + lambda * lambda / 2);
            double v = c == NUMBER ? (double)i : centre + lambda;
            double k = 0.2 + 0.15 * (double)i;
            total += w;
            mean += w * v;
            effect +=
                c == NUMBER
                    ? w * ((1 - k) * effect_of(0, 0, v, 0) + k * effect_of(0, 1, v, 0))
                    : w * effect_of(i, 0, 0, v);
        }
        effect /= total;
        if (mean / total < (c == NUMBER ? mean_x : mean_z)) {
            low = lambda;
        } else {
            high = lambda;
        }
    }
    return effect;
}

static double
truth_of(kind c)
{
    double sum = 0;
    double of_k = 0;
    if (c == DECAY) {
        return 2 * (pow(0.7, PERIODS) + pow(0.7, PERIODS + 1));
    }
    if (c == NUMBER || c == NORMAL) {
        return tilted(c);
    }
    for (int64_t g = 0; g < GROUPS; g++) {
        of_k += there[g] * share_of_k(g, c != SHARES);
        sum += there[g] * effect_of(g, 0, 0, 0);
    }
    return sum + 0.8 * of_k; /* effects are additive in g and k */
}

static up_source *
source_of(const rows *d)
{
    up_error err = UP_ERROR_INIT;
    up_source *s = NULL;
    const up_column columns[] = {{.name = "unit", .i64 = d->unit},
        {.name = "t", .i64 = d->t}, {.name = "arm", .i64 = d->arm},
        {.name = "g", .i64 = d->g}, {.name = "k", .i64 = d->k},
        {.name = "x", .i64 = d->x}, {.name = "z", .f64 = d->z},
        {.name = "y", .f64 = d->y}};
    assert_ok(up_source_from_columns_borrow(columns, 8, d->n, &s, &err), &err);
    return s;
}

static const char *const covariates[][2] = {[SHARES] = {"factor(g)", "factor(k)"},
    [RAKING] = {"factor(g)", "factor(k)"},
    [CELLS] = {"factor(g)", "factor(k)"},
    [BALANCE] = {"factor(g)", "factor(k)"},
    [ODDS] = {"factor(g)", "factor(k)"},
    [NUMBER] = {"x", "factor(k)"},
    [NORMAL] = {"factor(g)", "z"},
    [DECAY] = {NULL, NULL}};

/* Shares as text: of the population, or of a sample of it. */
static void
write_shares(const rows *other, char *g, char *k, size_t size)
{
    double share[GROUPS] = {there[0], there[1], there[2]};
    double of_k = 0;
    if (other != NULL) {
        share[0] = share[1] = share[2] = 0;
        for (int64_t i = 0; i < other->n; i++) {
            share[other->g[i]] += 1.0 / (double)other->n;
            of_k += (double)other->k[i] / (double)other->n;
        }
    }
    (void)snprintf(g, size, "g=0:%.17g,1:%.17g,2:%.17g", share[0], share[1], share[2]);
    (void)snprintf(k, size, "k=0:%.17g,1:%.17g", 1 - of_k, of_k);
}

static up_effect
project(kind c, const up_model *model, const rows *other)
{
    up_error err = UP_ERROR_INIT;
    up_effects *e = NULL;
    up_moments *population = NULL;
    char g[128];
    char k[128];
    char mean[64];
    write_shares(c == RAKING ? other : NULL, g, k, sizeof g);
    (void)snprintf(mean, sizeof mean, "%s=%g", c == NUMBER ? "x" : "z",
        c == NUMBER ? mean_x : mean_z);
    const char *const to[] = {g, k};
    const char *const means[] = {mean};
    up_project_opts *o = UP_PROJECT_OPTS(.n_to = 0);
    if (c == SHARES || c == RAKING) {
        o->to = to;
        o->n_to = c == SHARES ? 1 : 2;
        o->size = c == SHARES ? 0 : OTHERS;
    } else if (c == NUMBER || c == NORMAL) {
        o->means = means;
        o->n_means = 1;
    } else if (c == DECAY) {
        o->forward = 2;
        o->rule = UP_FORWARD_DECAY;
        o->accept = 1;
    } else {
        up_source *s = source_of(other);
        assert_ok(up_target_build(model, s, NULL, &population, &err), &err);
        up_source_free(s);
        o->population = population;
        o->method = c == CELLS     ? UP_TARGET_SHARES
                    : c == BALANCE ? UP_TARGET_ENTROPY
                                   : UP_TARGET_ODDS;
    }
    assert_ok(
        up_project(model, UP_EFFECT_OPTS(.cumulative = c == DECAY), o, &e, &err), &err);
    up_effect last = up_effects_get(e, up_effects_count(e) - 1);
    up_effects_free(e);
    up_moments_free(population);
    return last;
}

static up_effect
replicate(kind c, rows *d, rows *other, uint64_t number)
{
    up_error err = UP_ERROR_INIT;
    upi_rng r = upi_rng_make(22112026, (uint64_t)c, number, 0);
    up_experiment *x = NULL;
    up_moments *m = NULL;
    up_model *model = NULL;
    d->n = UNITS;
    other->n = OTHERS;
    for (int64_t i = 0; c != DECAY && i < UNITS; i++) {
        draw_unit(d, i, c, &r, false);
    }
    for (int64_t i = 0; i < OTHERS; i++) {
        draw_unit(other, i, c, &r, true);
    }
    if (c == DECAY) {
        draw_panel(d, &r);
    }
    up_source *s = source_of(d);
    assert_ok(up_experiment_new(s,
                  UP_ROLES(.intent_to_treat = "arm", .time = c == DECAY ? "t" : NULL,
                      .cluster = c == DECAY ? "unit" : NULL),
                  &x, &err),
        &err);
    assert_ok(up_experiment_add_metric(x, "y", &err), &err);
    for (int i = 0; i < 2 && covariates[c][i] != NULL; i++) {
        assert_ok(up_experiment_add_covariate(x, covariates[c][i], &err), &err);
    }
    assert_ok(up_moments_build(x, NULL, NULL, &m, &err), &err);
    assert_ok(up_fit_linear(m,
                  UP_LINEAR_OPTS(.vcov = c == DECAY ? UP_VCOV_CR1S : UP_VCOV_AUTO),
                  NULL, &model, &err),
        &err);
    up_effect e = project(c, model, other);
    up_model_free(model);
    up_moments_free(m);
    up_experiment_free(x);
    up_source_free(s);
    return e;
}

static int64_t
replicates(void)
{
    const char *text = getenv("UPSHOT_REPLICATES");
    return text != NULL ? strtoll(text, NULL, 10) : 1000;
}

static void
test_coverage(void **state)
{
    (void)state;
    static const char *const names[] = {"known shares", "raking, counted margins",
        "cells of a sample", "entropy, means of a sample", "odds", "mean of a number",
        "mean of a continuous covariate", "forward by decay"};
    int64_t n = replicates();
    rows *d = calloc(2, sizeof *d);
    assert_non_null(d);
    for (int c = SHARES; c <= DECAY; c++) {
        double truth = truth_of((kind)c);
        int64_t inside = 0;
        double sum = 0;
        double square = 0;
        double variance = 0;
        for (int64_t i = 0; i < n; i++) {
            up_effect e = replicate((kind)c, d, d + 1, (uint64_t)i);
            inside += e.ci_low <= truth && truth <= e.ci_high;
            sum += e.estimate;
            square += e.estimate * e.estimate;
            variance += e.std_error * e.std_error / (double)n;
        }
        double coverage = (double)inside / (double)n;
        double bound = 4 * sqrt(0.95 * 0.05 / (double)n);
        double mean = sum / (double)n;
        double spread = (square - sum * mean) / (double)(n - 1);
        print_message("%-32s coverage %.4f, bias/se %+.3f, variance told/seen %.3f\n",
            names[c], coverage, (mean - truth) / sqrt(spread), variance / spread);
        if (fabs(coverage - 0.95) > bound ||
            fabs(variance / spread - 1) > 0.06 + 5 * sqrt(2 / (double)n)) {
            fail_msg("%s: coverage %.4f, outside 0.95 +- %.4f, or a wrong variance",
                names[c], coverage, bound);
        }
    }
    free(d);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_coverage)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
