/* Monte Carlo coverage of the 95 % intervals of paths: delta, Monte Carlo and bootstrap, for
 * independent rows (errors of unequal spread, skewed products) and for clusters. Seeds are fixed;
 * UPSHOT_REPLICATES replicates, the bounds are binomial. */
#include "num/rng.h"
#include "up_test.h"

#include <upshot/upshot.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ROWS = 400, CLUSTERS = 50, DRAWS = 400 };

typedef struct rows {
    int64_t arm[ROWS], home[ROWS];
    double x[ROWS], s[ROWS], v[ROWS], y[ROWS];
} rows;

typedef struct truth {
    const char *path;
    double value;
} truth;

/* a1 = .5, a2 = .3, d = .4, b1 = .5, b2 = .4, c' = .2 */
static const truth truths[] = {{"arm -> y", .2}, {"arm -> s -> y", .25},
    {"arm -> v -> y", .12}, {"arm -> s -> v -> y", .08}, {"total", .65}};
enum { TRUTHS = 5 };

static void
draw(rows *d, bool clustered, uint64_t replicate)
{
    upi_rng r = upi_rng_make(27112026, clustered ? 1 : 0, replicate, 0);
    double home[CLUSTERS][3];
    for (int64_t c = 0; c < CLUSTERS; c++) {
        for (int k = 0; k < 3; k++) {
            home[c][k] = clustered ? .5 * upi_rng_normal(&r) : 0;
        }
    }
    for (int64_t i = 0; i < ROWS; i++) {
        d->home[i] = i % CLUSTERS;
        d->arm[i] = clustered ? d->home[i] % 2 : (int64_t)(upi_rng_uniform(&r) < .5);
        double t = (double)d->arm[i];
        double x = upi_rng_normal(&r);
        const double *h = home[d->home[i]];
        double spread = .6 + .4 * t + .3 * fabs(x);
        d->x[i] = x;
        d->s[i] = 1 + .5 * t + .3 * x + h[0] + spread * upi_rng_normal(&r);
        d->v[i] = .3 * t + .4 * d->s[i] + .2 * x + h[1] + spread * upi_rng_normal(&r);
        d->y[i] = 2 + .2 * t + .5 * d->s[i] + .4 * d->v[i] + .3 * x + h[2] +
                  spread * upi_rng_normal(&r);
    }
}

static void
count_covered(const up_mediation *m, int *hits)
{
    for (int64_t i = 0; i < up_mediation_count(m); i++) {
        up_mediated r = up_mediation_get(m, i);
        for (int k = 0; k < TRUTHS; k++) {
            bool total = k == TRUTHS - 1 && r.kind == UP_MEDIATE_TOTAL;
            bool path = (r.kind == UP_MEDIATE_PATH || r.kind == UP_MEDIATE_DIRECT) &&
                        strcmp(r.path, truths[k].path) == 0;
            if (total || path) {
                hits[k] += r.ci_low <= truths[k].value && truths[k].value <= r.ci_high;
            }
        }
    }
}

static void
analyse(const rows *d, const up_graph *g, bool clustered, uint64_t seed,
    int (*hits)[TRUTHS])
{
    up_error err = UP_ERROR_INIT;
    up_source *source = NULL;
    up_experiment *e = NULL;
    up_moments *moments = NULL;
    up_model *model = NULL;
    const up_column columns[] = {{.name = "arm", .i64 = d->arm},
        {.name = "home", .i64 = d->home}, {.name = "x", .f64 = d->x},
        {.name = "s", .f64 = d->s}, {.name = "v", .f64 = d->v},
        {.name = "y", .f64 = d->y}};
    const up_run *run = UP_RUN(.threads = 1, .seed = seed);
    assert_ok(up_source_from_columns_borrow(columns, 6, ROWS, &source, &err), &err);
    assert_ok(
        up_experiment_new(source,
            UP_ROLES(.intent_to_treat = "arm", .cluster = clustered ? "home" : NULL),
            &e, &err),
        &err);
    assert_ok(up_experiment_add_covariate(e, "x", &err), &err);
    assert_ok(up_experiment_add_graph(e, g, NULL, &err), &err);
    assert_ok(
        up_moments_build(e, UP_MOMENTS_OPTS(.cross = 1), run, &moments, &err), &err);
    assert_ok(up_fit_linear(moments, UP_LINEAR_OPTS(.interactions = UP_INTERACT_NONE),
                  run, &model, &err),
        &err);
    for (int64_t kind = 0; kind <= UP_MEDIATE_BOOTSTRAP; kind++) {
        up_mediation *m = NULL;
        assert_ok(up_mediate_effect(model, g,
                      UP_MEDIATE_OPTS(.interval = kind, .draws = kind > 0 ? DRAWS : 0),
                      run, &m, &err),
            &err);
        count_covered(m, hits[kind]);
        up_mediation_free(m);
    }
    up_model_free(model);
    up_moments_free(moments);
    up_experiment_free(e);
    up_source_free(source);
}

static void
cover(bool clustered)
{
    static rows d;
    up_error err = UP_ERROR_INIT;
    up_graph *g = NULL;
    const char *text = getenv("UPSHOT_REPLICATES");
    int n = text != NULL ? atoi(text) : 1000;
    int hits[3][TRUTHS] = {{0}};
    assert_ok(up_graph_parse("arm -> {s v y}; s -> {v y}; v -> y", &g, &err), &err);
    for (int b = 0; b < n; b++) {
        draw(&d, clustered, (uint64_t)b);
        analyse(&d, g, clustered, (uint64_t)b, hits);
    }
    up_graph_free(g);
    /* Four binomial standard deviations; a percentile bootstrap of 50 clusters, and of skewed
     * products, may fall 3 % short or over. */
    double slack = 4 * sqrt(.95 * .05 / n) + .03;
    for (int kind = 0; kind < 3; kind++) {
        for (int k = 0; k < TRUTHS; k++) {
            double share = (double)hits[kind][k] / n;
            print_message("%s, interval %d, %s: %.3f\n",
                clustered ? "clusters" : "rows", kind, truths[k].path, share);
            assert_true(share > .95 - slack && share < .95 + slack);
        }
    }
}

static void
test_rows(void **state)
{
    (void)state;
    cover(false);
}

static void
test_clusters(void **state)
{
    (void)state;
    cover(true);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rows), cmocka_unit_test(test_clusters)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
