/* The whole loop, closed again and again: a policy decides, its decisions are logged with their
 * propensities, the log gives effects with valid intervals and a model, and that the next
 * policy, through JSON. Over replicates: the intervals cover, those for every look cover at
 * every look, and regret falls. */
#include "num/rng.h"
#include "up_test.h"

#include <upshot/upshot.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { BATCHES = 12, SIZE = 250, ROWS = BATCHES * SIZE, ARMS = 3 };

/* What each arm pays in each group. */
static const double pay[2][ARMS] = {{1.0, 1.3, 0.9}, {1.0, 0.8, 1.4}};

typedef struct rows {
    int64_t n, arm[ROWS], group[ROWS], batch[ROWS];
    double e[ROWS], y[ROWS];
} rows;

typedef struct tally {
    int64_t n, hits, always; /* effects, covered at the end, covered at every look */
    double regret[BATCHES];
} tally;

static double
best(int64_t group)
{
    return fmax(pay[group][0], fmax(pay[group][1], pay[group][2]));
}

/* One batch played by the policy; NULL = equal shares. */
static void
play(rows *d, const up_policy *p, int64_t batch, uint64_t replicate, tally *t)
{
    up_error err = UP_ERROR_INIT;
    upi_rng r = upi_rng_make(20261122, 5, replicate, (uint64_t)batch);
    for (int64_t i = 0; i < SIZE; i++) {
        char unit[48];
        int64_t at = d->n++;
        up_policy_decision made = {
            .arm = upi_rng_below(&r, ARMS), .propensity = 1.0 / 3};
        d->group[at] = upi_rng_below(&r, 2);
        d->batch[at] = batch;
        if (p != NULL) {
            double context = (double)d->group[at];
            (void)snprintf(unit, sizeof unit, "%lld-%lld-%lld", (long long)replicate,
                (long long)batch, (long long)i);
            assert_ok(up_policy_decide(p, &context, unit, &made, NULL, &err), &err);
        }
        d->arm[at] = made.arm;
        d->e[at] = made.propensity;
        d->y[at] = pay[d->group[at]][made.arm] + upi_rng_normal(&r);
        t->regret[batch] += best(d->group[at]) - pay[d->group[at]][made.arm];
    }
}

/* To JSON and back, as between the analyst and the service. */
static up_policy *
ship(const up_model *m, uint64_t seed)
{
    up_error err = UP_ERROR_INIT;
    up_policy *p = NULL;
    up_policy *q = NULL;
    char *json = NULL;
    assert_ok(
        up_policy_make(m, UP_POLICY_OPTS(.floor = 0.05, .seed = seed), &p, &err), &err);
    assert_ok(up_policy_json(p, &json, &err), &err);
    assert_ok(up_policy_parse(json, (int64_t)strlen(json), &q, &err), &err);
    up_text_free(json);
    up_policy_free(p);
    return q;
}

/* 1 where the interval of effect i (from 0) holds its true value. */
static int64_t
covers(const up_adaptive *a, int64_t i)
{
    up_effect e = up_adaptive_get(a, ARMS + i);
    double truth = 0;
    for (int g = 0; g < 2; g++) {
        truth += 0.5 * (pay[g][i + 1] - pay[g][0]);
    }
    return e.ci_low <= truth && truth <= e.ci_high ? 1 : 0;
}

static up_moments *
compress(const rows *d, up_experiment **experiment, up_source **source)
{
    up_error err = UP_ERROR_INIT;
    up_moments *m = NULL;
    const up_column columns[] = {{.name = "arm", .i64 = d->arm},
        {.name = "grp", .i64 = d->group}, {.name = "batch", .i64 = d->batch},
        {.name = "e", .f64 = d->e}, {.name = "y", .f64 = d->y}};
    assert_ok(up_source_from_columns_borrow(columns, 5, d->n, source, &err), &err);
    assert_ok(
        up_experiment_new(*source,
            UP_ROLES(.intent_to_treat = "arm", .propensity = "e", .time = "batch"),
            experiment, &err),
        &err);
    assert_ok(up_experiment_add_metric(*experiment, "y", &err), &err);
    assert_ok(up_experiment_add_covariate(*experiment, "factor(grp)", &err), &err);
    assert_ok(up_moments_build(*experiment, UP_MOMENTS_OPTS(.layout = UP_LAYOUT_GROUPS),
                  UP_RUN(.threads = 1), &m, &err),
        &err);
    return m;
}

/* From the log so far to the next policy; fills what is covered now and at this look. */
static up_policy *
learn(const rows *d, int64_t now[2], int64_t always[2])
{
    up_error err = UP_ERROR_INIT;
    up_source *source = NULL;
    up_experiment *experiment = NULL;
    up_model *model = NULL;
    up_adaptive *a = NULL;
    up_adaptive *b = NULL;
    up_moments *m = compress(d, &experiment, &source);
    assert_ok(up_infer_adaptive(m, NULL, &a, &err), &err);
    assert_ok(
        up_infer_adaptive(m, UP_ADAPTIVE_OPTS(.anytime = 1, .planned = ROWS), &b, &err),
        &err);
    for (int64_t i = 0; i < 2; i++) {
        now[i] = covers(a, i);
        always[i] = always[i] != 0 && covers(b, i) != 0 ? 1 : 0;
    }
    up_adaptive_free(a);
    up_adaptive_free(b);
    assert_ok(up_fit_linear(m, NULL, UP_RUN(.threads = 1), &model, &err), &err);
    up_policy *next = ship(model, (uint64_t)d->n);
    up_model_free(model);
    up_moments_free(m);
    up_experiment_free(experiment);
    up_source_free(source);
    return next;
}

static void
run_loop(rows *d, uint64_t replicate, tally *t)
{
    up_policy *policy = NULL;
    int64_t now[2] = {0, 0};
    int64_t always[2] = {1, 1};
    d->n = 0;
    for (int64_t batch = 0; batch < BATCHES; batch++) {
        play(d, policy, batch, replicate, t);
        up_policy_free(policy);
        policy = learn(d, now, always);
    }
    up_policy_free(policy);
    for (int i = 0; i < 2; i++) {
        t->hits += now[i];
        t->always += always[i];
        t->n++;
    }
}

static void
test_loop(void **state)
{
    (void)state;
    const char *asked = getenv("UPSHOT_REPLICATES");
    int64_t replicates = asked != NULL ? strtoll(asked, NULL, 10) : 300;
    tally t = {0};
    rows *d = upi_calloc(1, sizeof *d);
    assert_non_null(d);
    for (int64_t i = 0; i < replicates; i++) {
        run_loop(d, (uint64_t)i, &t);
    }
    upi_free(d);
    double covered = (double)t.hits / (double)t.n;
    double held = (double)t.always / (double)t.n;
    double slack = 3.5 * sqrt(0.95 * 0.05 / (double)t.n) + 0.012;
    double first = t.regret[0] / (double)(replicates * SIZE);
    double last = t.regret[BATCHES - 1] / (double)(replicates * SIZE);
    print_message(
        "95%% intervals cover %.4f; anytime, at all of %d looks, %.4f; regret "
        "per row %.4f -> %.4f\n",
        covered, BATCHES, held, first, last);
    assert_true(fabs(covered - 0.95) < slack);
    assert_true(held > 0.95 - slack);
    assert_true(last < 0.4 * first);
}

/* The value of a policy that was fixed before, on fresh batches of equal shares. */
static void
test_value(void **state)
{
    (void)state;
    up_error err = UP_ERROR_INIT;
    const char *asked = getenv("UPSHOT_REPLICATES");
    int64_t replicates = asked != NULL ? 5 * strtoll(asked, NULL, 10) : 1000;
    int64_t hits[3] = {0};
    int64_t unused[2] = {0};
    tally t = {0};
    rows *d = upi_calloc(1, sizeof *d);
    assert_non_null(d);
    play(d, NULL, 0, 999999, &t);
    up_policy *p = learn(d, unused, unused);
    double truth = 0;
    for (int g = 0; g < 2; g++) {
        double context = g;
        double share[ARMS];
        assert_ok(up_policy_probabilities(p, &context, share, NULL, &err), &err);
        for (int k = 0; k < ARMS; k++) {
            truth += 0.5 * share[k] * pay[g][k];
        }
    }
    for (int64_t i = 0; i < replicates; i++) {
        up_source *source = NULL;
        up_experiment *experiment = NULL;
        up_model *model = NULL;
        up_value *v = NULL;
        d->n = 0;
        play(d, NULL, 1, (uint64_t)i, &t);
        play(d, NULL, 2, (uint64_t)i, &t);
        up_moments *m = compress(d, &experiment, &source);
        assert_ok(up_fit_linear(m, NULL, UP_RUN(.threads = 1), &model, &err), &err);
        assert_ok(
            up_policy_value(p, model, NULL, UP_RUN(.threads = 1), &v, &err), &err);
        for (int k = 0; k < 3; k++) {
            up_value_row r = up_value_get(v, k);
            hits[k] += r.ci_low <= truth && truth <= r.ci_high ? 1 : 0;
        }
        up_value_free(v);
        up_model_free(model);
        up_moments_free(m);
        up_experiment_free(experiment);
        up_source_free(source);
    }
    up_policy_free(p);
    upi_free(d);
    double slack = 3.5 * sqrt(0.95 * 0.05 / (double)replicates) + 0.012;
    for (int k = 0; k < 3; k++) {
        double covered = (double)hits[k] / (double)replicates;
        print_message("value, method %d: 95%% interval covers %.4f\n", k, covered);
        assert_true(fabs(covered - 0.95) < slack);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_loop), cmocka_unit_test(test_value)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
