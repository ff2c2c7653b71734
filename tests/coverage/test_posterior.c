/* Monte Carlo of posteriors: truths are drawn from the prior that is stated, so that 95 % of the
 * credible intervals hold them, whatever the data; and arms said to be best with probability p are
 * best in that share of cases. Seeds are fixed. */
#include "num/rng.h"
#include "up_test.h"

#include <upshot/upshot.h>

#include <math.h>
#include <stdlib.h>

enum { ROWS = 120, CLUSTERS = 30, ARMS = 3, SEED = 26112027 };

typedef struct rows {
    int64_t arm[ROWS], cluster[ROWS];
    double y[ROWS];
    double effect[ARMS];
} rows;

typedef struct setting {
    const char *name, *prior;
    int64_t kind;
    double shape, rate;
    bool clustered;
} setting;

/* Effects from normal(0.3, 0.4); nig: variance from inverse-gamma(3, 2), coefficients from
 * normal(0.5, 0.3 sd). */
static const setting settings[] = {
    {"robust", "effect ~ normal(0.3, 0.4)", UP_POSTERIOR_ROBUST, 0, 0, false},
    {"clusters", "effect ~ normal(0.3, 0.4)", UP_POSTERIOR_ROBUST, 0, 0, true},
    {"nig", "* ~ normal(0.5, 0.3 sd)", UP_POSTERIOR_NIG, 3, 2, false}};

static void
draw(rows *d, const setting *s, upi_rng *r)
{
    bool nig = s->kind == UP_POSTERIOR_NIG;
    double sd = nig ? sqrt(s->rate / upi_rng_gamma(r, s->shape)) : 1;
    double base = nig ? 0.5 + 0.3 * sd * upi_rng_normal(r) : 5;
    double shock[CLUSTERS];
    d->effect[0] = 0;
    for (int k = 1; k < ARMS; k++) {
        double z = upi_rng_normal(r);
        d->effect[k] = nig ? 0.5 + 0.3 * sd * z : 0.3 + 0.4 * z;
    }
    for (int c = 0; c < CLUSTERS; c++) {
        shock[c] = s->clustered ? 0.5 * upi_rng_normal(r) : 0;
    }
    for (int64_t i = 0; i < ROWS; i++) {
        d->cluster[i] = i % CLUSTERS;
        d->arm[i] = d->cluster[i] % ARMS;
        /* Variances differ by arm where the posterior is robust to it. */
        double spread = nig ? sd : 1 + 0.4 * (double)d->arm[i];
        d->y[i] = base + d->effect[d->arm[i]] + shock[d->cluster[i]] +
                  spread * upi_rng_normal(r);
    }
}

typedef struct answer {
    up_moments *moments;
    up_model *model;
    up_effects *effects;
} answer;

static answer
analyse(const rows *d, const setting *s)
{
    up_error err = UP_ERROR_INIT;
    up_source *source = NULL;
    up_experiment *x = NULL;
    answer a = {0};
    const up_column columns[] = {{.name = "arm", .i64 = d->arm},
        {.name = "cluster", .i64 = d->cluster}, {.name = "y", .f64 = d->y}};
    assert_ok(up_source_from_columns_borrow(columns, 3, ROWS, &source, &err), &err);
    assert_ok(up_experiment_new(source,
                  UP_ROLES(.intent_to_treat = "arm",
                      .cluster = s->clustered ? "cluster" : NULL),
                  &x, &err),
        &err);
    assert_ok(up_experiment_add_metric(x, "y", &err), &err);
    assert_ok(up_moments_build(x, NULL, UP_RUN(.threads = 1), &a.moments, &err), &err);
    assert_ok(up_fit_bayes(a.moments,
                  UP_BAYES_OPTS(.kind = s->kind, .priors = &s->prior, .n_priors = 1,
                      .shape = s->shape, .rate = s->rate),
                  NULL, &a.model, &err),
        &err);
    assert_ok(up_infer_effect(a.model, NULL, &a.effects, &err), &err);
    up_experiment_free(x);
    up_source_free(source);
    return a;
}

static void
done(answer *a)
{
    up_effects_free(a->effects);
    up_model_free(a->model);
    up_moments_free(a->moments);
}

static int64_t
replicates(int64_t usual)
{
    const char *wanted = getenv("UPSHOT_REPLICATES");
    int64_t n = wanted != NULL ? strtoll(wanted, NULL, 10) : usual;
    return n > 100 ? n : 100;
}

static void
check_coverage(const setting *s, uint64_t stream)
{
    int64_t n = replicates(1500);
    int64_t inside = 0;
    for (int64_t k = 0; k < n; k++) {
        upi_rng r = upi_rng_make(SEED, stream, (uint64_t)k, 0);
        rows d;
        draw(&d, s, &r);
        answer a = analyse(&d, s);
        up_effect e = up_effects_get(a.effects, 0);
        inside += e.ci_low <= d.effect[1] && d.effect[1] <= e.ci_high;
        done(&a);
    }
    double share = (double)inside / (double)n;
    double bound = 4 * sqrt(0.95 * 0.05 / (double)n) + 0.005;
    print_message("%s: %.4f of %lld\n", s->name, share, (long long)n);
    assert_close(share, 0.95, 0, bound);
}

static void
test_coverage(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof settings / sizeof *settings; i++) {
        check_coverage(&settings[i], i);
    }
}

/* In bins of the stated probability: as many best arms as announced, within four standard
 * deviations of that number. */
static void
test_best(void **state)
{
    (void)state;
    enum { BINS = 5 };
    int64_t n = replicates(1500);
    double announced[BINS] = {0};
    double variance[BINS] = {0};
    double seen[BINS] = {0};
    double loss = 0;
    double cost = 0;
    for (int64_t k = 0; k < n; k++) {
        upi_rng r = upi_rng_make(SEED, 9, (uint64_t)k, 0);
        up_error err = UP_ERROR_INIT;
        rows d;
        draw(&d, &settings[0], &r);
        answer a = analyse(&d, &settings[0]);
        up_rank *rank = NULL;
        assert_ok(up_infer_rank(a.effects, NULL, &rank, &err), &err);
        double best = fmax(0, fmax(d.effect[1], d.effect[2]));
        for (int i = 0; i < ARMS; i++) {
            up_rank_arm arm = up_rank_get(rank, i);
            int bin = (int)fmin(arm.prob_best * BINS, BINS - 1);
            announced[bin] += arm.prob_best;
            variance[bin] += arm.prob_best * (1 - arm.prob_best);
            seen[bin] += d.effect[i] == best;
        }
        loss += up_rank_get(rank, 1).expected_loss;
        cost += best - d.effect[1];
        up_rank_free(rank);
        done(&a);
    }
    for (int b = 0; b < BINS; b++) {
        print_message("best with probability %.1f to %.1f: %.0f announced, %.0f seen\n",
            b / 5.0, (b + 1) / 5.0, announced[b], seen[b]);
        assert_close(seen[b], announced[b], 0.01, 4 * sqrt(variance[b]) + 1);
    }
    assert_close(cost / (double)n, loss / (double)n, 0, 4 * 0.4 / sqrt((double)n));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_coverage), cmocka_unit_test(test_best)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
