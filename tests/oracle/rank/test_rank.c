/* Ranks against R (make.R) and against numbers that were published: the core reference 7.2, and
 * the Thompson weights of cases N34. */
#include "decide/rank.h"
#include "up_test.h"

#include <math.h>
#include <string.h>

enum { MOST = 6 };

typedef struct rank_case {
    const char *name;
    int64_t n;
    double mean[MOST], cov[MOST * MOST], df, p[MOST * MOST], emax;
} rank_case;

#include "expected.h"

static const rank_case *
case_named(const char *name)
{
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        if (strcmp(cases[i].name, name) == 0) {
            return &cases[i];
        }
    }
    fail_msg("no case %s", name);
    return NULL;
}

static upi_ranks
decide(const rank_case *c)
{
    up_error err = UP_ERROR_INIT;
    upi_ranks r = {0};
    upi_contest contest = {.n = c->n, .mean = c->mean, .cov = c->cov, .df = c->df};
    assert_ok(upi_contest_decide(&contest, UP_RANK_OPTS(0), 0, &r, &err), &err);
    return r;
}

static void
test_ranks(void **state)
{
    (void)state;
    for (size_t k = 0; k < sizeof cases / sizeof *cases; k++) {
        const rank_case *c = &cases[k];
        upi_ranks r = decide(c);
        assert_int_not_equal(r.method, UP_RANK_SIMULATION);
        for (int64_t i = 0; i < c->n * c->n; i++) {
            assert_close(r.p[i], c->p[i], 0, 1e-9);
        }
        upi_ranks_free(&r);
    }
}

static void
test_loss(void **state)
{
    (void)state;
    int64_t seen = 0;
    for (size_t k = 0; k < sizeof cases / sizeof *cases; k++) {
        const rank_case *c = &cases[k];
        upi_contest contest = {.n = c->n, .mean = c->mean, .cov = c->cov, .df = c->df};
        upi_ranks r = decide(c);
        for (int64_t i = 0; i < c->n && !isnan(c->emax); i++) {
            assert_close(
                upi_ranks_loss(&contest, &r, i), c->emax - c->mean[i], 1e-8, 1e-9);
            seen++;
        }
        upi_ranks_free(&r);
    }
    assert_true(seen > 20);
}

/* The two quadratures, where both apply. */
static void
test_methods_agree(void **state)
{
    (void)state;
    up_error err = UP_ERROR_INIT;
    const rank_case *c = case_named("core_independent");
    double variance[MOST];
    for (int k = 0; k < 2; k++) {
        upi_contest contest = {.n = c->n,
            .mean = c->mean,
            .cov = c->cov,
            .df = k == 0 ? (double)INFINITY : 7};
        upi_ranks a = {0};
        upi_ranks b = {0};
        assert_true(upi_rank_independent_fits(&contest, variance));
        assert_true(upi_rank_orthant_fits(&contest));
        assert_ok(upi_ranks_new(c->n, &a, &err), &err);
        assert_ok(upi_ranks_new(c->n, &b, &err), &err);
        assert_ok(upi_rank_independent(&contest, variance, &a, &err), &err);
        assert_ok(upi_rank_orthant(&contest, &b, &err), &err);
        for (int64_t i = 0; i < c->n * c->n; i++) {
            assert_close(a.p[i], b.p[i], 0, 1e-10);
        }
        for (int64_t i = 0; i < c->n; i++) {
            assert_close(upi_ranks_loss(&contest, &a, i),
                upi_ranks_loss(&contest, &b, i), 1e-9, 1e-12);
        }
        upi_ranks_free(&a);
        upi_ranks_free(&b);
    }
}

/* Numbers as published, not as made here. */
static void
test_published(void **state)
{
    (void)state;
    static const double independent[] = {
        0.0134381170399, 0.106782377954, 0.553899999917, 0.325879505089};
    static const double thompson[] = {
        .11183163541189772, .15801289444436525, .21837796967940828, .5117775004643289};
    upi_ranks a = decide(case_named("core_independent"));
    upi_ranks b = decide(case_named("thompson"));
    for (int i = 0; i < 4; i++) {
        assert_close(a.p[i], independent[i], 1e-11, 0);
        assert_close(b.p[i], thompson[i], 0, 1e-9);
    }
    upi_ranks_free(&a);
    upi_ranks_free(&b);
    /* E max(0, -N(0.3, 0.2^2)) */
    const rank_case *two = case_named("two_0");
    upi_contest contest = {.n = 2, .mean = two->mean, .cov = two->cov, .df = two->df};
    upi_ranks r = decide(two);
    assert_close(upi_ranks_loss(&contest, &r, 1), 0.00586135875252, 1e-10, 0);
    upi_ranks_free(&r);
}

/* Lower is better, cases N34: P(best) of sums 10, 200, 300, 900 with sums of squares 2000, 2000,
 * 2000, 20000; a peer gives the first arm .00045. */
static void
test_lower_is_better(void **state)
{
    (void)state;
    static const double sum[] = {10, 200, 300, 900};
    static const double squares[] = {2000, 2000, 2000, 20000};
    double mean[4];
    double cov[16] = {0};
    for (int i = 0; i < 4; i++) {
        double x = sum[i] / 1000;
        double v = (squares[i] - 1000 * x * x) / 999 / 1000;
        cov[5 * i] = 1 / (1 / v + 1e-4);
        mean[i] = -cov[5 * i] * x / v;
    }
    up_error err = UP_ERROR_INIT;
    upi_ranks r = {0};
    upi_contest c = {.n = 4, .mean = mean, .cov = cov, .df = (double)INFINITY};
    assert_ok(upi_contest_decide(&c, UP_RANK_OPTS(0), 0, &r, &err), &err);
    assert_close(r.p[0], .9987257047, 0, 1e-9);
    assert_close(r.p[1], .0012728539, 0, 1e-9);
    assert_close(r.p[2], 1.44e-6, 0, 1e-8);
    upi_ranks_free(&r);
}

static void
test_shrink(void **state)
{
    (void)state;
    up_error err = UP_ERROR_INIT;
    double b[4] = {0.1, 0.35, -0.2, 0.15};
    const double own[4] = {.01, .02, .015, .03};
    double v[16];
    double tau = 0;
    for (int i = 0; i < 16; i++) {
        v[i] = .004 + (i % 5 == 0 ? own[i / 5] : 0);
    }
    assert_ok(upi_shrink(4, 4, b, v, &tau, &err), &err);
    assert_close(tau, shrink_tau, 1e-12, 0);
    for (int i = 0; i < 16; i++) {
        assert_close(v[i], shrink_v[i], 1e-10, 0);
        assert_close(b[i / 4], shrink_b[i / 4], 1e-10, 0);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_ranks),
        cmocka_unit_test(test_loss), cmocka_unit_test(test_methods_agree),
        cmocka_unit_test(test_shrink), cmocka_unit_test(test_published),
        cmocka_unit_test(test_lower_is_better)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
