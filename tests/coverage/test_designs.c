/* Monte Carlo coverage of the 95 % interval in the 16 mixes of {treated, propensity,
 * instrument, cluster}: every replicate goes from columns to effects through the public API.
 * Truth is that of the super-population; the seed is fixed. UPSHOT_REPLICATES sets their
 * number (the table in docs/calibration.md was made with 4000). */
#include "num/rng.h"
#include "up_test.h"

#include <upshot/upshot.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

enum { CLUSTERS = 60, SIZE = 10, ROWS = CLUSTERS * SIZE };

typedef struct mix {
    bool treated, propensity, instrument, cluster;
} mix;

typedef struct rows {
    int64_t household[ROWS], region[ROWS], fresh[ROWS], z[ROWS], arm[ROWS], got[ROWS];
    double p[ROWS], y[ROWS];
} rows;

/* Share of those whose level of compliance (at one of the two steps) is to follow. */
static double
follows(int64_t fresh)
{
    return fresh ? 0.6 : 0.8;
}

static double
effect_of(int64_t region, int64_t fresh)
{
    return 1.0 + 0.8 * (double)region - 0.5 * (double)fresh;
}

/* v decides: follow, else never or always; the two halves of the rest. */
static int64_t
step(int64_t offered, double v, double share)
{
    if (v < share) {
        return offered;
    }
    return v < share + 0.5 * (1 - share) ? 0 : 1;
}

static void
draw(rows *d, const mix *m, uint64_t replicate, uint64_t stream)
{
    upi_rng r = upi_rng_make(20261122, stream, replicate, 0);
    for (int64_t c = 0; c < CLUSTERS; c++) {
        double shock = 0.5 * upi_rng_normal(&r) * (m->cluster ? 1 : 0);
        int64_t region = upi_rng_uniform(&r) < 0.5;
        double offer = upi_rng_uniform(&r);
        for (int64_t k = 0; k < SIZE; k++) {
            int64_t i = c * SIZE + k;
            if (!m->cluster) { /* independent rows: a region and an offer of their own */
                region = upi_rng_uniform(&r) < 0.5;
                offer = upi_rng_uniform(&r);
            }
            double e = m->propensity ? (region ? 0.35 : 0.6) : 0.5;
            int64_t fresh = upi_rng_uniform(&r) < 0.4;
            double v1 = upi_rng_uniform(&r);
            double v2 = upi_rng_uniform(&r);
            int64_t z = offer < e;
            int64_t arm = m->instrument ? step(z, v1, follows(fresh)) : z;
            int64_t got = m->treated ? step(arm, v2, follows(fresh)) : arm;
            d->household[i] = c;
            d->region[i] = region;
            d->fresh[i] = fresh;
            d->z[i] = z;
            d->arm[i] = arm;
            d->got[i] = got;
            d->p[i] = z ? e : 1 - e;
            d->y[i] = 2 + 0.4 * (double)fresh + 0.7 * (v1 + v2 - 1) +
                      effect_of(region, fresh) * (double)got + shock +
                      (1 + 0.5 * (double)fresh) * upi_rng_normal(&r);
        }
    }
}

/* Truth by enumeration of region x fresh. */
static void
truth_of(const mix *m, double *itt, double *late, double *ate)
{
    double sum_c = 0;
    *itt = 0;
    *ate = 0;
    for (int64_t region = 0; region < 2; region++) {
        for (int64_t fresh = 0; fresh < 2; fresh++) {
            double w = 0.5 * (fresh ? 0.4 : 0.6);
            double c = (m->instrument ? follows(fresh) : 1) *
                       (m->treated ? follows(fresh) : 1);
            *itt += w * c * effect_of(region, fresh);
            *ate += w * effect_of(region, fresh);
            sum_c += w * c;
        }
    }
    *late = *itt / sum_c;
}

static bool
covers(const up_model *model, int64_t estimand, double truth)
{
    up_error err = UP_ERROR_INIT;
    up_effects *effects = NULL;
    assert_ok(
        up_infer_effect(model, UP_EFFECT_OPTS(.estimand = estimand), &effects, &err),
        &err);
    up_effect e = up_effects_get(effects, 0);
    bool inside = e.ci_low <= truth && truth <= e.ci_high;
    /* One procedure makes the interval and the p-value. */
    assert_int_equal(e.p_value<0.05, e.ci_low> 0 || e.ci_high < 0);
    up_effects_free(effects);
    return inside;
}

static void
replicate(const mix *m, const rows *d, const double truth[3], int64_t hits[3])
{
    up_error err = UP_ERROR_INIT;
    up_source *source = NULL;
    up_experiment *experiment = NULL;
    up_moments *moments = NULL;
    up_model *model = NULL;
    const up_column columns[] = {
        {.name = "household", .i64 = d->household},
        {.name = "region", .i64 = d->region},
        {.name = "fresh", .i64 = d->fresh},
        {.name = "z", .i64 = d->z},
        {.name = "arm", .i64 = d->arm},
        {.name = "got", .i64 = d->got},
        {.name = "p", .f64 = d->p},
        {.name = "y", .f64 = d->y},
    };
    assert_ok(up_source_from_columns_borrow(columns, 8, ROWS, &source, &err), &err);
    assert_ok(
        up_experiment_new(source,
            UP_ROLES(.intent_to_treat = "arm", .treated = m->treated ? "got" : NULL,
                .instrument = m->instrument ? "z" : NULL,
                .propensity = m->propensity ? "p" : NULL,
                .cluster = m->cluster ? "household" : NULL),
            &experiment, &err),
        &err);
    assert_ok(up_experiment_add_metric(experiment, "y", &err), &err);
    assert_ok(up_experiment_add_covariate(experiment, "region", &err), &err);
    assert_ok(up_experiment_add_covariate(experiment, "fresh", &err), &err);
    assert_ok(
        up_moments_build(experiment, NULL, UP_RUN(.threads = 1), &moments, &err), &err);
    assert_ok(up_fit_linear(moments, NULL, UP_RUN(.threads = 1), &model, &err), &err);
    hits[0] += covers(model, UP_ESTIMAND_ITT, truth[0]);
    hits[1] += covers(model, UP_ESTIMAND_DEFAULT, truth[1]);
    hits[2] += covers(model, UP_ESTIMAND_ATE, truth[2]);
    up_model_free(model);
    up_moments_free(moments);
    up_experiment_free(experiment);
    up_source_free(source);
}

static void
test_coverage(void **state)
{
    (void)state;
    const char *asked = getenv("UPSHOT_REPLICATES");
    int64_t n = asked != NULL ? strtoll(asked, NULL, 10) : 1000;
    rows *d = upi_calloc(1, sizeof *d);
    assert_non_null(d);
    /* Three and a half standard errors of a binomial share, and one point for the
     * approximation of a ratio at this sample size. */
    double slack = 3.5 * sqrt(0.95 * 0.05 / (double)n) + 0.01;
    print_message(
        "treated propensity instrument cluster | ITT    main   ATE    (%lld)\n",
        (long long)n);
    bool bad = false;
    for (int bits = 0; bits < 16; bits++) {
        mix m = {bits & 8, bits & 4, bits & 2, bits & 1};
        double truth[3];
        int64_t hits[3] = {0, 0, 0};
        truth_of(&m, &truth[0], &truth[1], &truth[2]);
        if (!m.treated && !m.instrument) {
            truth[1] = truth[2];
        }
        for (int64_t k = 0; k < n; k++) {
            draw(d, &m, (uint64_t)k, (uint64_t)bits);
            replicate(&m, d, truth, hits);
        }
        print_message("%-7d %-10d %-10d %-7d | ", m.treated, m.propensity, m.instrument,
            m.cluster);
        for (int j = 0; j < 3; j++) {
            double share = (double)hits[j] / (double)n;
            print_message("%.4f ", share);
            bad = bad || fabs(share - 0.95) > slack;
        }
        print_message("\n");
    }
    upi_free(d);
    assert_false(bad);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_coverage)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
