/* Monte Carlo of what inference promises: no false decision in a family (family-wise error), few
 * among those made (false discovery and false coverage rates), all intervals at once, the size of
 * a margin's test, Anderson-Rubin sets under a weak instrument, and anytime-valid intervals at
 * ten looks. Each promise stands beside what breaks it without. Seeds are fixed. */
#include "num/rng.h"
#include "up_test.h"

#include <upshot/upshot.h>

#include <math.h>
#include <stdlib.h>

enum { UNITS = 240, METRICS = 4, ARMS = 3, PAIRS = METRICS * (ARMS - 1), LOOKS = 10 };

typedef struct rows {
    int64_t n;
    int64_t arm[4 * UNITS], treated[4 * UNITS];
    double y[METRICS][4 * UNITS];
} rows;

static const char *const names[METRICS] = {"y0", "y1", "y2", "y3"};

static int64_t
replicates(int64_t usual)
{
    const char *asked = getenv("UPSHOT_REPLICATES");
    int64_t n = asked != NULL ? strtoll(asked, NULL, 10) : 1000;
    return n * usual / 1000;
}

/* Three and a half standard errors about 5 %, and half a point for what is approximate. */
static double
slack(int64_t n)
{
    return 3.5 * sqrt(.05 * .95 / (double)n) + .005;
}

static void
draw(rows *d, int64_t replicate, uint64_t stream, const double *effect)
{
    upi_rng r = upi_rng_make(22112026, stream, (uint64_t)replicate, 0);
    d->n = UNITS;
    for (int64_t i = 0; i < d->n; i++) {
        double common = upi_rng_normal(&r);
        d->arm[i] = upi_rng_below(&r, ARMS);
        for (int64_t k = 0; k < METRICS; k++) {
            double e = d->arm[i] > 0 ? effect[k * (ARMS - 1) + d->arm[i] - 1] : 0;
            d->y[k][i] = 5 + e + .7 * common + .7 * upi_rng_normal(&r);
        }
    }
}

typedef struct fit {
    up_source *source;
    up_experiment *experiment;
    up_moments *moments;
    up_model *model;
} fit;

static fit
fit_rows(const rows *d, bool treated, int64_t metrics)
{
    fit f = {0};
    up_error err = UP_ERROR_INIT;
    const up_run *run = UP_RUN(.threads = 1);
    const up_column columns[] = {{.name = "arm", .i64 = d->arm},
        {.name = "treated", .i64 = d->treated}, {.name = "y0", .f64 = d->y[0]},
        {.name = "y1", .f64 = d->y[1]}, {.name = "y2", .f64 = d->y[2]},
        {.name = "y3", .f64 = d->y[3]}};
    assert_ok(up_source_from_columns_borrow(columns, 6, d->n, &f.source, &err), &err);
    assert_ok(up_experiment_new(f.source,
                  UP_ROLES(.intent_to_treat = "arm",
                      .treated = treated ? "treated" : NULL, .control = "0"),
                  &f.experiment, &err),
        &err);
    for (int64_t k = 0; k < metrics; k++) {
        assert_ok(up_experiment_add_metric(f.experiment, names[k], &err), &err);
    }
    assert_ok(up_moments_build(f.experiment, NULL, run, &f.moments, &err), &err);
    assert_ok(up_fit_linear(f.moments, NULL, run, &f.model, &err), &err);
    return f;
}

static void
fit_free(fit *f)
{
    up_model_free(f->model);
    up_moments_free(f->moments);
    up_experiment_free(f->experiment);
    up_source_free(f->source);
}

static up_effects *
ask(const fit *f, const up_effect_opts *o)
{
    up_error err = UP_ERROR_INIT;
    up_effects *e = NULL;
    assert_ok(up_infer_effect(f->model, o, &e, &err), &err);
    return e;
}

/* What a set of decisions did: false ones, and intervals that miss among those decided. */
typedef struct tally {
    double decided, wrong, missed, any_missed;
} tally;

static tally
judge(const fit *f, int64_t adjust, const double *effect)
{
    tally t = {0};
    up_effects *e = ask(f, UP_EFFECT_OPTS(.adjust = adjust));
    for (int64_t i = 0; i < PAIRS; i++) {
        up_effect v = up_effects_get(e, i);
        bool adjusted = adjust != UP_ADJUST_NONE;
        double low = adjusted ? v.adjusted_low : v.ci_low;
        double high = adjusted ? v.adjusted_high : v.ci_high;
        bool decided = v.decision != UP_DECISION_NONE;
        bool missed = !(low <= effect[i] && effect[i] <= high);
        t.decided += decided;
        t.wrong += decided && effect[i] == 0;
        t.missed += decided && missed;
        t.any_missed = t.any_missed > 0 || missed;
    }
    up_effects_free(e);
    return t;
}

static const struct method {
    const char *name;
    int64_t adjust, every; /* one replicate in so many */
} methods[] = {{"none", UP_ADJUST_NONE, 1}, {"Bonferroni", UP_ADJUST_BONFERRONI, 1},
    {"Holm", UP_ADJUST_HOLM, 1}, {"Hochberg", UP_ADJUST_HOCHBERG, 1},
    {"Hommel", UP_ADJUST_HOMMEL, 1}, {"BH", UP_ADJUST_BH, 1}, {"BY", UP_ADJUST_BY, 1},
    {"max-t", UP_ADJUST_MAX_T, 8}, {"max-t, step down", UP_ADJUST_MAX_T_STEP_DOWN, 16}};
enum { METHODS = sizeof methods / sizeof methods[0] };

/* fwer: any false decision; fdr: share of false ones; fcr: share of intervals that miss among
 * those decided; out: any interval that misses. */
typedef struct rates {
    double n, fwer, fdr, fcr, out;
} rates;

static void
simulate(const double *effect, uint64_t stream, rates *out)
{
    rows *d = upi_calloc(1, sizeof *d);
    int64_t n = replicates(400);
    for (int64_t i = 0; i < n; i++) {
        draw(d, i, stream, effect);
        fit f = fit_rows(d, false, METRICS);
        for (int k = 0; k < METHODS; k++) {
            if (i % methods[k].every != 0) {
                continue;
            }
            tally t = judge(&f, methods[k].adjust, effect);
            out[k].n += 1;
            out[k].fwer += t.wrong > 0;
            out[k].fdr += t.decided > 0 ? t.wrong / t.decided : 0;
            out[k].fcr += t.decided > 0 ? t.missed / t.decided : 0;
            out[k].out += t.any_missed;
        }
        fit_free(&f);
    }
    upi_free(d);
    for (int k = 0; k < METHODS; k++) {
        double m = out[k].n;
        out[k].fwer /= m;
        out[k].fdr /= m;
        out[k].fcr /= m;
        out[k].out /= m;
        print_message("%-18s n %5.0f  fwer %.4f  fdr %.4f  fcr %.4f  any miss %.4f\n",
            methods[k].name, m, out[k].fwer, out[k].fdr, out[k].fcr, out[k].out);
    }
}

static void
test_global_null(void **state)
{
    (void)state;
    static const double effect[PAIRS] = {0};
    rates r[METHODS] = {{0}};
    simulate(effect, 1, r);
    assert_true(r[0].fwer > .15);
    for (int k = 1; k < METHODS; k++) {
        assert_true(r[k].fwer < .05 + slack((int64_t)r[k].n));
    }
}

static void
test_half_null(void **state)
{
    (void)state;
    static const double effect[PAIRS] = {0, .45, 0, .6, 0, .3, 0, .8};
    rates r[METHODS] = {{0}};
    simulate(effect, 2, r);
    assert_true(r[0].fwer > .1);
    for (int k = 1; k < METHODS; k++) {
        double most = .05 + slack((int64_t)r[k].n);
        bool rate =
            methods[k].adjust == UP_ADJUST_BH || methods[k].adjust == UP_ADJUST_BY;
        assert_true(rate ? r[k].fdr < most : r[k].fwer < most);
        if (rate) {
            assert_true(r[k].fcr < most);
        }
    }
    /* All intervals at once: Bonferroni and max-t; max-t is the sharper. */
    assert_true(r[1].out < .05 + slack((int64_t)r[1].n));
    assert_true(r[7].out < .05 + slack((int64_t)r[7].n));
}

/* An effect that lies on the margin: shown to be non-inferior in 5 % of experiments, absolute and
 * relative. */
static void
test_margin(void **state)
{
    (void)state;
    double effect[PAIRS] = {-.25, -.25, -.25, -.25, -.25, -.25, -.25, -.25};
    const up_margin margins[] = {
        {"y0", .25, 0, UP_MARGIN_NONINFERIORITY, UP_BETTER_HIGHER},
        {"y1", .05, 1, UP_MARGIN_NONINFERIORITY, UP_BETTER_HIGHER}};
    rows *d = upi_calloc(1, sizeof *d);
    int64_t n = replicates(400);
    double shown[2] = {0, 0};
    for (int64_t i = 0; i < n; i++) {
        draw(d, i, 3, effect);
        fit f = fit_rows(d, false, METRICS);
        up_effects *e = ask(&f, UP_EFFECT_OPTS(.margins = margins, .n_margins = 2));
        for (int k = 0; k < 2; k++) {
            up_effect v = up_effects_get(e, (int64_t)k * (ARMS - 1));
            shown[k] += v.decision == UP_DECISION_NONINFERIOR;
        }
        up_effects_free(e);
        fit_free(&f);
    }
    upi_free(d);
    for (int k = 0; k < 2; k++) {
        double share = shown[k] / (double)n;
        print_message("non-inferior at the margin, %s: %.4f\n",
            k == 0 ? "absolute" : "relative", share);
        assert_true(fabs(share - .05) < slack(n) + .005);
    }
}

/* Few comply, and who is treated besides has better outcomes. */
static void
test_weak_instrument(void **state)
{
    (void)state;
    rows *d = upi_calloc(1, sizeof *d);
    int64_t n = replicates(400);
    double held = 0;
    double wald = 0;
    double unbounded = 0;
    for (int64_t i = 0; i < n; i++) {
        upi_rng r = upi_rng_make(22112026, 4, (uint64_t)i, 0);
        d->n = 2 * UNITS;
        for (int64_t k = 0; k < d->n; k++) {
            double trait = upi_rng_normal(&r);
            d->arm[k] = upi_rng_below(&r, 2);
            d->treated[k] = trait + .3 * (double)d->arm[k] > .4;
            d->y[0][k] = .5 * (double)d->treated[k] + trait + .4 * upi_rng_normal(&r);
        }
        fit f = fit_rows(d, true, 1);
        up_effects *e = ask(&f, UP_EFFECT_OPTS(.interval = UP_INTERVAL_AR));
        up_effect v = up_effects_get(e, 0);
        bool between = v.ci_low <= .5 && .5 <= v.ci_high;
        held += v.ci_shape == 1 ? .5 <= v.ci_low || .5 >= v.ci_high : between;
        unbounded += v.ci_shape != 0;
        up_effects_free(e);
        e = ask(&f, NULL);
        v = up_effects_get(e, 0);
        wald += v.ci_low <= .5 && .5 <= v.ci_high;
        up_effects_free(e);
        fit_free(&f);
    }
    upi_free(d);
    print_message(
        "weak instrument: Anderson-Rubin %.4f, Wald %.4f, not an interval %.4f\n",
        held / (double)n, wald / (double)n, unbounded / (double)n);
    assert_true(fabs(held / (double)n - .95) < slack(n) + .005);
    assert_true(unbounded > 0);
}

/* Ten looks, and a decision at the first that leaves the truth out. */
static void
test_stopped(void **state)
{
    (void)state;
    rows *d = upi_calloc(1, sizeof *d);
    int64_t n = replicates(400);
    double anytime = 0;
    double fixed = 0;
    for (int64_t i = 0; i < n; i++) {
        upi_rng r = upi_rng_make(22112026, 5, (uint64_t)i, 0);
        for (int64_t k = 0; k < 4 * UNITS; k++) {
            d->arm[k] = upi_rng_below(&r, 2);
            d->y[0][k] = (double)d->arm[k] + upi_rng_exponential(&r);
        }
        bool left[2] = {false, false};
        for (int64_t look = 1; look <= LOOKS; look++) {
            d->n = 4 * UNITS / LOOKS * look;
            fit f = fit_rows(d, false, 1);
            for (int k = 0; k < 2; k++) {
                up_effects *e =
                    ask(&f, k == 0 ? NULL
                                   : UP_EFFECT_OPTS(.inference = UP_INFERENCE_ANYTIME,
                                         .planned = 500));
                up_effect v = up_effects_get(e, 0);
                left[k] = left[k] || !(v.ci_low <= 1 && 1 <= v.ci_high);
                up_effects_free(e);
            }
            fit_free(&f);
        }
        fixed += left[0];
        anytime += left[1];
    }
    upi_free(d);
    print_message("ten looks: fixed misses %.4f, anytime %.4f\n", fixed / (double)n,
        anytime / (double)n);
    assert_true(anytime / (double)n < .05 + slack(n));
    assert_true(fixed / (double)n > .1);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_global_null),
        cmocka_unit_test(test_half_null),
        cmocka_unit_test(test_margin),
        cmocka_unit_test(test_weak_instrument),
        cmocka_unit_test(test_stopped),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
