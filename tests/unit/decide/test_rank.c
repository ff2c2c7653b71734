/* Ranks as a caller sees them, and laws that hold for any method. Numbers are tested against R in
 * tests/oracle/rank. */
#include "csv_moments.h"
#include "decide/rank.h"
#include "up_test.h"

#include <upshot/upshot.h>

#include <math.h>
#include <string.h>

static const char table[] = "arm,x,y,k\n"
                            "a,p,10.0,7\na,q,11.5,3\na,p,9.0,4\na,q,10.5,5\n"
                            "a,p,12.0,2\na,q,11.0,6\n"
                            "b,p,12.0,2\nb,q,14.5,9\nb,p,11.5,1\n"
                            "b,q,13.5,4\nb,p,12.5,4\nb,q,16.0,8\n"
                            "c,p,11.0,2\nc,q,12.0,4\nc,p,10.5,3\n"
                            "c,q,11.5,6\nc,p,13.0,8\nc,q,12.5,7\n";
static const csv_key keys[] = {
    {"arm", UPI_KEY_ARM, false}, {"x", UPI_KEY_COVARIATE, true}, {NULL, 0, false}};
static const char *const two[] = {"y", "k", NULL};

typedef struct ranked {
    csv_fixture *csv;
    up_model *m;
    up_effects *e;
} ranked;

static ranked
fixture(const up_effect_opts *o)
{
    up_error err = UP_ERROR_INIT;
    ranked f = {csv_moments_new(&(csv_spec){.text = table, .keys = keys, .y = two}),
        NULL, NULL};
    assert_ok(up_fit_linear(f.csv->m, NULL, NULL, &f.m, &err), &err);
    assert_ok(up_infer_effect(f.m, o, &f.e, &err), &err);
    return f;
}

static void
done(ranked *f)
{
    up_effects_free(f->e);
    up_model_free(f->m);
    csv_moments_free(f->csv);
}

static up_rank *
rank_of(const up_effects *e, const up_rank_opts *o)
{
    up_error err = UP_ERROR_INIT;
    up_rank *r = NULL;
    assert_ok(up_infer_rank(e, o, &r, &err), &err);
    return r;
}

/* Rows and columns of every matrix sum to 1; the parts of an arm agree with one another. */
static void
check_sums(const up_rank *r, double slack)
{
    for (int64_t i = 0; i < up_rank_count(r);) {
        int64_t n = up_rank_get(r, i).arms;
        double best = 0;
        for (int64_t k = 0; k < n; k++) {
            up_rank_arm a = up_rank_get(r, i + k);
            double row = 0;
            double column = 0;
            double mean = 0;
            for (int64_t q = 1; q <= n; q++) {
                row += up_rank_probability(r, i + k, q);
                column += up_rank_probability(r, i + q - 1, k + 1);
                mean += (double)q * up_rank_probability(r, i + k, q);
            }
            assert_close(row, 1, 0, slack);
            assert_close(column, 1, 0, slack);
            assert_close(a.expected_rank, mean, 1e-12, 0);
            assert_close(a.prob_best, up_rank_probability(r, i + k, 1), 0, 0);
            assert_true(a.expected_loss >= 0);
            best += a.prob_best;
        }
        assert_close(best, 1, 0, slack);
        i += n;
    }
}

static void
test_rows(void **state)
{
    (void)state;
    ranked f = fixture(UP_EFFECT_OPTS(.by = "x"));
    up_rank *r = rank_of(f.e, NULL);
    /* two metrics, two segments, three arms */
    assert_int_equal(up_rank_count(r), 12);
    check_sums(r, 1e-10);
    up_rank_arm control = up_rank_get(r, 0);
    assert_string_equal(control.arm, "a");
    assert_string_equal(control.metric, "y");
    assert_true(control.estimate == 0 && isnan(control.prob_better));
    up_rank_arm b = up_rank_get(r, 4);
    assert_string_equal(b.arm, "b");
    up_effect e = up_effects_get(f.e, 1);
    assert_string_equal(b.segment, e.segment);
    assert_close(b.estimate, e.estimate, 1e-14, 0);
    assert_close(b.std_error, e.std_error, 1e-12, 0);
    assert_close(b.ci_low, e.ci_low, 1e-9, 0);
    assert_close(b.prob_better, 1 - e.p_value / 2, 1e-9, 0);
    assert_true(isnan(up_rank_probability(r, 0, 0)));
    assert_true(isnan(up_rank_probability(r, 0, 4)));
    assert_true(isnan(up_rank_get(r, 12).prob_best));
    assert_string_equal(up_rank_get(r, -1).arm, "");
    bool curse = false;
    for (int64_t i = 0; i < up_rank_notes(r); i++) {
        curse = curse || up_rank_note(r, i).code == UP_N_WINNERS_CURSE;
    }
    assert_true(curse);
    up_rank_free(r);
    done(&f);
}

/* Less is better: the ranks of the negative. */
static void
test_minimize(void **state)
{
    (void)state;
    static const char *const less[] = {"y"};
    ranked f = fixture(NULL);
    up_rank *up = rank_of(f.e, NULL);
    up_rank *down = rank_of(f.e, UP_RANK_OPTS(.minimize = less, .n_minimize = 1));
    for (int64_t i = 0; i < 3; i++) {
        up_rank_arm a = up_rank_get(up, i);
        up_rank_arm b = up_rank_get(down, i);
        for (int64_t q = 1; q <= 3; q++) {
            assert_close(up_rank_probability(up, i, q),
                up_rank_probability(down, i, 4 - q), 0, 1e-12);
        }
        assert_true(b.minimize == 1 && a.minimize == 0);
        assert_close(b.estimate, a.estimate, 1e-15, 0);
        assert_close(b.ci_low, a.ci_low, 1e-15, 0);
        if (i > 0) {
            assert_close(a.prob_better + b.prob_better, 1, 1e-14, 0);
        }
    }
    assert_close(up_rank_get(up, 4).prob_best, up_rank_get(down, 4).prob_best, 0, 0);
    up_rank_free(up);
    up_rank_free(down);
    done(&f);
}

static upi_ranks
decide(int64_t n, const double *mean, const double *cov, double df, up_rank_opts *o)
{
    up_error err = UP_ERROR_INIT;
    upi_ranks r = {0};
    upi_contest c = {.n = n, .mean = mean, .cov = cov, .df = df};
    assert_ok(upi_contest_decide(&c, o, 0, &r, &err), &err);
    return r;
}

/* The order of arms and a constant added to all of them change nothing. */
static void
test_laws(void **state)
{
    (void)state;
    static const double mean[4] = {0, .1, .25, .2};
    static const double cov[16] = {
        0, 0, 0, 0, 0, .05, .02, .031, 0, .02, .04, .01, 0, .031, .01, .06};
    static const int64_t to[4] = {2, 0, 3, 1};
    double moved[4];
    double turned[16];
    for (int i = 0; i < 4; i++) {
        moved[to[i]] = mean[i] + 7;
        for (int j = 0; j < 4; j++) {
            turned[to[i] + to[j] * 4] = cov[i + j * 4] + 0.3;
        }
    }
    upi_ranks a = decide(4, mean, cov, 9, UP_RANK_OPTS(0));
    upi_ranks b = decide(4, moved, turned, 9, UP_RANK_OPTS(0));
    upi_contest ca = {.n = 4, .mean = mean, .cov = cov, .df = 9};
    upi_contest cb = {.n = 4, .mean = moved, .cov = turned, .df = 9};
    for (int i = 0; i < 4; i++) {
        for (int q = 0; q < 4; q++) {
            assert_close(a.p[i + q * 4], b.p[to[i] + q * 4], 0, 1e-11);
        }
        assert_close(
            upi_ranks_loss(&ca, &a, i), upi_ranks_loss(&cb, &b, to[i]), 1e-9, 1e-12);
    }
    upi_ranks_free(&a);
    upi_ranks_free(&b);
}

/* Two arms among others that cannot win are two arms; simulation agrees within its error. */
static void
test_methods(void **state)
{
    (void)state;
    static const double mean[3] = {0, .3, -1e3};
    static const double cov[9] = {0, 0, 0, 0, .04, .01, 0, .01, .05};
    static const double pair[4] = {0, 0, 0, .04};
    upi_ranks three = decide(3, mean, cov, 12, UP_RANK_OPTS(0));
    upi_ranks both = decide(2, mean, pair, 12, UP_RANK_OPTS(0));
    assert_int_equal(both.method, UP_RANK_CLOSED);
    assert_int_equal(three.method, UP_RANK_QUADRATURE);
    assert_close(three.p[1], both.p[1], 0, 1e-11);
    assert_close(three.p[0], both.p[0], 0, 1e-11);
    up_rank_opts *many = UP_RANK_OPTS(.simulate = 1, .draws = 50000, .seed = 4);
    upi_ranks drawn = decide(3, mean, cov, 12, many);
    upi_ranks again = decide(3, mean, cov, 12, many);
    assert_int_equal(drawn.method, UP_RANK_SIMULATION);
    assert_close(drawn.p[1], three.p[1], 0, 4 * drawn.error[1]);
    assert_true(drawn.error[1] > 0);
    assert_memory_equal(drawn.p, again.p, 9 * sizeof(double));
    upi_contest c = {.n = 3, .mean = mean, .cov = cov, .df = 12};
    assert_close(upi_ranks_loss(&c, &drawn, 0), upi_ranks_loss(&c, &three, 0), 0, 5e-3);
    upi_ranks_free(&three);
    upi_ranks_free(&both);
    upi_ranks_free(&drawn);
    upi_ranks_free(&again);
}

/* Five arms that depend on one another are simulated, and the note says so. */
static void
test_simulated(void **state)
{
    (void)state;
    static const double mean[5] = {0, .1, .2, .15, .05};
    double cov[25];
    for (int i = 0; i < 25; i++) {
        int a = i % 5;
        int b = i / 5;
        cov[i] = a == 0 || b == 0 ? 0 : a == b ? .05 : .02 + .004 * (a == 1 || b == 1);
    }
    upi_ranks r = decide(5, mean, cov, 30, UP_RANK_OPTS(.draws = 2000));
    assert_int_equal(r.method, UP_RANK_SIMULATION);
    double sum = 0;
    for (int i = 0; i < 5; i++) {
        sum += r.p[i];
    }
    assert_close(sum, 1, 1e-12, 0);
    upi_ranks_free(&r);
}

static void
test_shrink(void **state)
{
    (void)state;
    for (int64_t kind = UP_SHRINK_ARMS; kind <= UP_SHRINK_SEGMENTS; kind++) {
        ranked f = fixture(UP_EFFECT_OPTS(.by = "x"));
        up_rank *r = rank_of(f.e, UP_RANK_OPTS(.shrink = kind));
        up_rank *flat = rank_of(f.e, NULL);
        check_sums(r, 1e-9);
        int64_t first = 1;
        int64_t second = kind == UP_SHRINK_ARMS ? 2 : 4;
        double before =
            up_rank_get(flat, first).estimate - up_rank_get(flat, second).estimate;
        double after = up_rank_get(r, first).estimate - up_rank_get(r, second).estimate;
        assert_true(fabs(after) <= fabs(before) && after * before >= 0);
        assert_true(up_rank_get(r, 1).tau >= 0);
        assert_true(isnan(up_rank_get(flat, 1).tau));
        for (int64_t i = 0; i < up_rank_notes(r); i++) {
            assert_int_not_equal(up_rank_note(r, i).code, UP_N_WINNERS_CURSE);
        }
        up_rank_free(r);
        up_rank_free(flat);
        done(&f);
    }
}

static void
refuse(const up_effects *e, const up_rank_opts *o, up_status status)
{
    up_error err = UP_ERROR_INIT;
    up_rank *r = NULL;
    assert_fails(up_infer_rank(e, o, &r, &err), status, &err);
    assert_null(r);
}

static void
test_refuses(void **state)
{
    (void)state;
    static const char *const other[] = {"z"};
    ranked f = fixture(NULL);
    refuse(f.e, UP_RANK_OPTS(.minimize = other, .n_minimize = 1), UP_E_ARGUMENT);
    refuse(f.e, UP_RANK_OPTS(.n_minimize = 1), UP_E_ARGUMENT);
    refuse(f.e, UP_RANK_OPTS(.level = 1.5), UP_E_ARGUMENT);
    refuse(f.e, UP_RANK_OPTS(.shrink = 3), UP_E_ARGUMENT);
    refuse(f.e, UP_RANK_OPTS(.draws = -1), UP_E_ARGUMENT);
    refuse(f.e, UP_RANK_OPTS(.shrink = UP_SHRINK_SEGMENTS), UP_E_ARGUMENT);
    refuse(NULL, NULL, UP_E_ARGUMENT);
    done(&f);
    f = fixture(UP_EFFECT_OPTS(.by = "x", .compare_segments = 1));
    refuse(f.e, NULL, UP_E_ARGUMENT);
    done(&f);
    const double zero[9] = {0};
    assert_false(
        upi_contest_varies(&(upi_contest){.n = 3, .mean = zero, .cov = zero, .df = 3}));
}

/* A metric that is the same in every row has nothing to rank. */
static void
test_constant(void **state)
{
    (void)state;
    static const char flat[] = "arm,x,y,k\na,p,1,7\na,q,1,3\na,p,1,2\na,q,1,1\n"
                               "b,p,1,2\nb,q,1,9\nb,p,1,4\nb,q,1,4\n";
    up_error err = UP_ERROR_INIT;
    up_model *m = NULL;
    up_effects *e = NULL;
    up_rank *r = NULL;
    csv_fixture *f = csv_moments_new(&(csv_spec){.text = flat, .keys = keys, .y = two});
    assert_ok(up_fit_linear(f->m, NULL, NULL, &m, &err), &err);
    assert_ok(up_infer_effect(m, NULL, &e, &err), &err);
    assert_fails(up_infer_rank(e, NULL, &r, &err), UP_E_NO_VARIATION, &err);
    assert_string_equal(err.field, "y");
    up_effects_free(e);
    up_model_free(m);
    csv_moments_free(f);
}

static up_status
sweep(void *ctx, up_error *err)
{
    const ranked *f = ctx;
    up_rank *r = NULL;
    up_status status =
        up_infer_rank(f->e, UP_RANK_OPTS(.shrink = UP_SHRINK_SEGMENTS), &r, err);
    up_rank_free(r);
    if (status == UP_OK) {
        r = NULL;
        status = up_infer_rank(f->e, UP_RANK_OPTS(.simulate = 1, .draws = 10), &r, err);
        up_rank_free(r);
    }
    return status;
}

static void
test_memory(void **state)
{
    (void)state;
    ranked f = fixture(UP_EFFECT_OPTS(.by = "x"));
    up_sweep_memory(sweep, &f);
    done(&f);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_rows),
        cmocka_unit_test(test_minimize), cmocka_unit_test(test_laws),
        cmocka_unit_test(test_methods), cmocka_unit_test(test_simulated),
        cmocka_unit_test(test_shrink), cmocka_unit_test(test_refuses),
        cmocka_unit_test(test_constant), cmocka_unit_test(test_memory)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
