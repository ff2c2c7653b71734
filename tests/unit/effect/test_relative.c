/* The pure function of relative.c: case N1 of cases/experiments.md, and every shape of the Fieller set against its own inequality. */
#include "effect/relative.h"
#include "num/dist.h"
#include "up_test.h"

#include <math.h>

/* A (3407, 1396.87, 52377.9767) and B (3461, 2422.70, 134698.29): n, sum, sum of squares. */
static upi_relative_in
case_n1(double *df)
{
    double na = 3407;
    double nb = 3461;
    double a = 1396.87 / na;
    double b = 2422.70 / nb;
    double va = (52377.9767 - na * a * a) / (na - 1) / na;
    double vb = (134698.29 - nb * b * b) / (nb - 1) / nb;
    *df = (va + vb) * (va + vb) / (va * va / (na - 1) + vb * vb / (nb - 1));
    return (upi_relative_in){.theta = b - a,
        .mu = a,
        .v = va + vb,
        .vm = va,
        .c = -va,
        .crit = upi_t_quantile(0.975, *df)};
}

static void
test_n1(void **state)
{
    (void)state;
    double df = 0;
    upi_relative_in in = case_n1(&df);
    upi_relative_out r;
    assert_close(df, 5841.742032093565, 1e-10, 0);
    upi_relative(UP_RELATIVE_DELTA, &in, &r);
    assert_close(r.value, 0.7073170731707317, 1e-9, 0);
    assert_close(r.std_error, 0.3787943616681428, 1e-9, 0);
    assert_close(r.low, -0.03526008906611777, 1e-9, 0);
    assert_close(r.high, 1.449894235407581, 1e-9, 0);
    assert_close(upi_t_two_sided(r.statistic, df), 0.06191182745618358, 1e-9, 0);
    upi_relative(UP_RELATIVE_FIELLER, &in, &r);
    assert_close(r.low, 0.09406197077128664, 1e-9, 0);
    assert_close(r.high, 1.7086899441918986, 1e-9, 0);
    assert_close(upi_t_two_sided(r.statistic, df), 0.020158402643586957, 1e-9, 0);
    assert_close(in.crit * in.crit * in.vm / (in.mu * in.mu), 0.10206234256, 1e-9, 0);
    assert_int_equal(upi_relative_decides(UP_RELATIVE_FIELLER, &in), 1);
    assert_int_equal(upi_relative_decides(UP_RELATIVE_DELTA, &in), 0);
    assert_int_equal(upi_relative_decides(UP_RELATIVE_LOG, &in), 1);
    in.crit = upi_normal_quantile(0.975);
    upi_relative(UP_RELATIVE_FIELLER, &in, &r);
    assert_close(r.low, 0.0941694631473764, 1e-9, 0);
    assert_close(r.high, 1.7084033688689781, 1e-9, 0);
    upi_relative(UP_RELATIVE_LOG, &in, &r);
    assert_close(r.low, 0.10525407285985056, 1e-9, 0);
    assert_close(r.high, 1.637340734513534, 1e-9, 0);
}

/* Is rho in the Fieller set, by its definition? */
static bool
inside(const upi_relative_in *in, double rho)
{
    double gap = in->theta - rho * in->mu;
    double v = in->v - 2 * rho * in->c + rho * rho * in->vm;
    return gap * gap <= in->crit * in->crit * v;
}

static bool
in_set(const upi_relative_out *r, double rho)
{
    switch (r->shape) {
    case UPI_SHAPE_INTERVAL:
        return rho >= r->low && rho <= r->high;
    case UPI_SHAPE_COMPLEMENT:
        return rho <= r->low || rho >= r->high;
    case UPI_SHAPE_ABOVE:
        return rho >= r->low;
    case UPI_SHAPE_BELOW:
        return rho <= r->high;
    default:
        return true;
    }
}

static void
test_shapes(void **state)
{
    (void)state;
    static const struct {
        upi_relative_in in;
        int64_t shape;
    } cases[] = {
        {{1, 4, 0.25, 0.5, -0.1, 2, 0}, UPI_SHAPE_INTERVAL},
        {{-1, 4, 0.25, 0.5, -0.1, 2, 0}, UPI_SHAPE_INTERVAL},
        {{1, -4, 0.25, 0.5, 0.1, 2, 0}, UPI_SHAPE_INTERVAL},
        {{3, 1, 0.25, 1, -0.1, 2, 0}, UPI_SHAPE_COMPLEMENT},
        {{0.5, 1, 0.25, 1, -0.1, 2, 0}, UPI_SHAPE_LINE},
        {{3, 1, 0.25, 0.25, -0.1, 2, 0}, UPI_SHAPE_ABOVE},
        {{-3, 1, 0.25, 0.25, 0.1, 2, 0}, UPI_SHAPE_BELOW},
        {{0, 1, 0.25, 0.25, 0, 2, 0}, UPI_SHAPE_LINE},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        upi_relative_out r;
        upi_relative(UP_RELATIVE_FIELLER, &cases[i].in, &r);
        assert_int_equal(r.shape, cases[i].shape);
        for (int k = 0; k < 2000; k++) {
            double rho = 0.01 * k - 9.9973;
            assert_int_equal(in_set(&r, rho), inside(&cases[i].in, rho));
        }
        /* The statistic and the set agree on no effect. */
        assert_int_equal(fabs(r.statistic) > cases[i].in.crit, !in_set(&r, 0));
    }
}

/* A tiny product of roots: the small root keeps its digits. */
static void
test_small_root(void **state)
{
    (void)state;
    upi_relative_in in = {2.0000001, 1000, 1, 1e-6, 0, 2, 0};
    upi_relative_out r;
    upi_relative(UP_RELATIVE_FIELLER, &in, &r);
    /* By tests/oracle/effect/make.py, with 50 digits. */
    assert_close(r.low, 9.9999999836342112748e-11, 1e-8, 0);
    assert_false(in_set(&r, 0));
}

/* One-sided sets hold what the one-sided test does not reject: by the definition of each kind,
 * for either sign of the baseline, and for sets without two ends. */
static void
test_one_sided(void **state)
{
    (void)state;
    static const upi_relative_in cases[] = {
        {1, 4, 0.25, 0.5, -0.1, 2, 0},
        {1, -4, 0.25, 0.5, 0.1, 2, 0},
        {3, 1, 0.25, 1, -0.1, 2, 0},
        {-3, 1, 0.25, 1, 0.1, 2, 0},
        {0.5, 1, 0.25, 1, -0.1, 2, 0},
        {3, 1, 0.25, 0.25, -0.1, 2, 0},
        {-3, 1, 0.25, 0.25, 0.1, 2, 0},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        for (int64_t sides = UP_GREATER; sides <= UP_LESS; sides++) {
            upi_relative_in in = cases[i];
            in.sides = sides;
            for (int64_t kind = 0; kind < 3; kind++) {
                upi_relative_out r;
                upi_relative(kind, &in, &r);
                if (isnan(r.statistic)) {
                    continue;
                }
                for (int k = 0; k < 1100; k++) {
                    double rho = 0.01 * k - 0.9973;
                    double t = upi_relative_statistic(kind, &in, rho);
                    assert_int_equal(in_set(&r, rho), !upi_beyond(t, in.crit, sides));
                }
                assert_int_equal(upi_relative_decides(kind, &in), !in_set(&r, 0));
            }
        }
    }
}

static void
test_undefined(void **state)
{
    (void)state;
    upi_relative_out r;
    upi_relative_in zero = {1, 0, 1, 1, 0, 2, 0};
    for (int64_t kind = 0; kind < 3; kind++) {
        upi_relative(kind, &zero, &r);
        assert_true(isnan(r.value) && isnan(r.low) && isnan(r.statistic));
        assert_int_equal(upi_relative_decides(kind, &zero), -1);
    }
    upi_relative_in cross = {-3, 1, 1, 0.01, 0, 2, 0};
    upi_relative(UP_RELATIVE_LOG, &cross, &r);
    assert_close(r.value, -3, 0, 0);
    assert_true(isnan(r.low) && isnan(r.high) && isnan(r.statistic));
    assert_int_equal(upi_relative_decides(UP_RELATIVE_LOG, &cross), -1);
    assert_int_equal(upi_relative_decides(UP_RELATIVE_DELTA, &cross), 1);
    upi_relative_in still = {1, 2, 0, 0, 0, 2, 0};
    upi_relative(UP_RELATIVE_FIELLER, &still, &r);
    assert_close(r.value, 0.5, 0, 0);
    assert_true(isnan(r.low));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_n1),
        cmocka_unit_test(test_shapes),
        cmocka_unit_test(test_small_root),
        cmocka_unit_test(test_one_sided),
        cmocka_unit_test(test_undefined),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
