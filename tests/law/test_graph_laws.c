/* Laws of graphs: what is separated is uncorrelated in every linear model of the graph; adding
 * up what adjustment says gives the path coefficients; names and the order of edges do not
 * matter. The covariance of a linear model is (I - B)^-1 D (I - B)^-T with arcs as latent
 * causes. */
#include "num/matrix.h"
#include "num/rng.h"
#include "up_test.h"
#include "why/causal.h"
#include "why/pc.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum { NODES = 7, MOST = NODES + 3 };

typedef struct world {
    up_graph *g;
    int64_t d;             /* nodes and the latent causes of arcs */
    double b[MOST * MOST]; /* (d, d): b[i + j * d] is the coefficient of j -> i */
    double corr[MOST * MOST];
    double cov[MOST * MOST];
} world;

/* A random graph; node k of the text is v<label[k]>. */
static void
draw_text(upi_rng *r, char *text, size_t size)
{
    size_t n = 0;
    for (int i = 0; i < NODES; i++) {
        n += (size_t)snprintf(text + n, size - n, "v%d;", i);
    }
    for (int i = 0; i < NODES; i++) {
        for (int j = i + 1; j < NODES; j++) {
            if (upi_rng_uniform(r) < 0.35) {
                n += (size_t)snprintf(text + n, size - n, "v%d -> v%d;", i, j);
            }
        }
    }
    for (int k = 0; k < 2; k++) {
        int a = (int)upi_rng_below(r, NODES);
        int b = (int)upi_rng_below(r, NODES);
        if (a != b && upi_rng_uniform(r) < 0.5) {
            n += (size_t)snprintf(text + n, size - n, "v%d <-> v%d;", a, b);
        }
    }
}

static void
solve_world(world *w)
{
    double a[MOST * MOST];
    double inverse[MOST * MOST];
    up_error err = UP_ERROR_INIT;
    int64_t d = w->d;
    for (int64_t k = 0; k < d * d; k++) {
        a[k] = (k % (d + 1) == 0 ? 1 : 0) - w->b[k];
        inverse[k] = k % (d + 1) == 0 ? 1 : 0;
    }
    assert_ok(upi_solve(d, d, a, d, inverse, d, &err), &err);
    upi_gemm('N', 'T', d, d, d, 1, inverse, d, inverse, d, 0, w->cov, d);
    for (int64_t i = 0; i < d; i++) {
        for (int64_t j = 0; j < d; j++) {
            w->corr[i + j * d] =
                w->cov[i + j * d] / sqrt(w->cov[i * (d + 1)] * w->cov[j * (d + 1)]);
        }
    }
}

static void
draw_world(upi_rng *r, world *w)
{
    char text[2048];
    up_error err = UP_ERROR_INIT;
    draw_text(r, text, sizeof text);
    memset(w, 0, sizeof *w);
    assert_ok(up_graph_parse(text, &w->g, &err), &err);
    w->d = MOST;
    int64_t arc = NODES;
    for (int64_t k = 0; k < up_graph_edges(w->g); k++) {
        up_edge e = up_graph_edge(w->g, k);
        double x = 0.3 + 0.7 * upi_rng_uniform(r);
        x = upi_rng_uniform(r) < 0.5 ? -x : x;
        if (e.kind == UP_EDGE_DIRECTED) {
            w->b[e.to + e.from * w->d] = x;
        } else {
            w->b[e.to + arc * w->d] = x;
            w->b[e.from + arc * w->d] = 1;
            arc++;
        }
    }
    solve_world(w);
}

static void
separated_is_uncorrelated(void **state)
{
    (void)state;
    int64_t separated = 0;
    int64_t joined = 0;
    for (uint64_t k = 0; k < 300; k++) {
        upi_rng r = upi_rng_make(1, 1, k, 0);
        world w;
        draw_world(&r, &w);
        for (int q = 0; q < 20; q++) {
            upi_set z = {{upi_rng_u64(&r) & upi_rng_u64(&r) & ((1U << NODES) - 1)}};
            int64_t x = upi_rng_below(&r, NODES);
            int64_t y = upi_rng_below(&r, NODES);
            upi_set_drop(&z, x);
            upi_set_drop(&z, y);
            if (x == y) {
                continue;
            }
            double p = upi_partial_correlation(w.d, w.corr, x, y, &z);
            if (upi_graph_separated(w.g, x, y, z)) {
                assert_close(p, 0, 0, 1e-10);
                separated++;
            } else {
                /* By faithfulness, for coefficients drawn at random. */
                assert_true(fabs(p) > 1e-10);
                joined++;
            }
        }
        up_graph_free(w.g);
    }
    assert_true(separated > 500 && joined > 500);
}

/* The regression coefficient of y on x given an adjustment set is the total effect: the sum of
 * products along paths, which is an element of (I - B)^-1. Given an instrument, a ratio is. */
static void
adjustment_gives_the_effect(void **state)
{
    (void)state;
    int64_t checked = 0;
    for (uint64_t k = 0; k < 300; k++) {
        upi_rng r = upi_rng_make(1, 2, k, 0);
        world w;
        upi_effect_query e;
        upi_sets sets = {0};
        up_error err = UP_ERROR_INIT;
        draw_world(&r, &w);
        int64_t x = upi_rng_below(&r, NODES - 1);
        int64_t y = x + 1 + upi_rng_below(&r, NODES - 1 - x);
        upi_effect_query_make(w.g, x, y, &e);
        /* The effect: cut what causes x, set its own noise alone, and read off y. */
        double effect[MOST] = {0};
        effect[x] = 1;
        for (int64_t i = x + 1; i < NODES; i++) {
            for (int64_t j = x; j < i; j++) {
                effect[i] += w.b[i + j * w.d] * effect[j];
            }
        }
        assert_ok(
            upi_graph_minimal_separators(&e.rest, x, y, e.allowed, 64, &sets, &err),
            &err);
        for (int64_t s = 0; s < sets.n; s++) {
            /* coefficient = partial covariance / partial variance of x */
            upi_set z = sets.item[s];
            double p = upi_partial_correlation(w.d, w.corr, x, y, &z);
            double vx = w.cov[x * (w.d + 1)];
            double vy = w.cov[y * (w.d + 1)];
            upi_set before = {{0}};
            for (int64_t i = upi_set_next(&z, 0); i >= 0; i = upi_set_next(&z, i + 1)) {
                double px = upi_partial_correlation(w.d, w.corr, x, i, &before);
                double py = upi_partial_correlation(w.d, w.corr, y, i, &before);
                vx *= 1 - px * px;
                vy *= 1 - py * py;
                upi_set_add(&before, i);
            }
            assert_close(p * sqrt(vy / vx), effect[y], 1e-8, 1e-10);
            checked++;
        }
        upi_sets_free(&sets);
        up_graph_free(w.g);
    }
    assert_true(checked > 150);
}

/* Other names and another order of the statements: the same answer. */
static void
relabelling(void **state)
{
    (void)state;
    for (uint64_t k = 0; k < 50; k++) {
        upi_rng r = upi_rng_make(1, 3, k, 0);
        char text[2048];
        upi_text turned = {0};
        const char *part[128];
        int64_t n = 0;
        up_error err = UP_ERROR_INIT;
        draw_text(&r, text, sizeof text);
        char copy[2048];
        (void)snprintf(copy, sizeof copy, "%s", text);
        char *rest = NULL;
        for (char *s = strtok_r(copy, ";", &rest); s != NULL;
             s = strtok_r(NULL, ";", &rest)) {
            part[n++] = s;
        }
        while (n > 0) {
            upi_text_addf(&turned, "%s;", part[--n]);
        }
        up_graph *g = NULL;
        up_graph *h = NULL;
        assert_ok(up_graph_parse(text, &g, &err), &err);
        assert_ok(up_graph_parse(turned.s, &h, &err), &err);
        for (int64_t ask = UP_ASK_ADJUSTMENT; ask <= UP_ASK_IDENTIFIED; ask++) {
            up_answer *a = NULL;
            up_answer *b = NULL;
            up_question q = *UP_QUESTION(.ask = ask, .from = "v1", .to = "v5");
            assert_ok(up_graph_ask(g, &q, &a, &err), &err);
            assert_ok(up_graph_ask(h, &q, &b, &err), &err);
            assert_int_equal(up_answer_verdict(a), up_answer_verdict(b));
            assert_int_equal(up_answer_findings(a), up_answer_findings(b));
            up_answer_free(a);
            up_answer_free(b);
        }
        upi_text_free(&turned);
        up_graph_free(g);
        up_graph_free(h);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(separated_is_uncorrelated),
        cmocka_unit_test(adjustment_gives_the_effect),
        cmocka_unit_test(relabelling),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
