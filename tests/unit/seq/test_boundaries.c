/* Plans of looks: laws, probabilities by simulation, anytime bounds, refusals, memory. Numbers of
 * other programs: tests/oracle/boundaries. */
#include "num/rng.h"
#include "seq/anytime.h"
#include "up_test.h"

#include <upshot/sequential.h>

#include <math.h>

static up_boundaries *
find(const up_boundary_opts *o)
{
    up_error err = UP_ERROR_INIT;
    up_boundaries *b = NULL;
    assert_ok(up_boundaries_find(o, &b, &err), &err);
    return b;
}

static void
defaults_are_five_looks_at_five_percent(void **state)
{
    (void)state;
    up_boundaries *b = find(NULL);
    up_boundary_plan p = up_boundaries_plan(b);
    assert_int_equal(p.n_looks, 5);
    assert_close(p.alpha, 0.05, 0, 0);
    assert_close(p.power, 0.8, 1e-12, 0);
    assert_close(p.type_one_error, 0.05, 1e-10, 0);
    assert_true(isnan(p.mixture) && isnan(p.spending_parameter));
    assert_true(isnan(up_boundaries_look(b, 0).futility));
    assert_true(isnan(up_boundaries_look(b, 5).efficacy));
    assert_true(isnan(up_boundaries_look(b, -1).efficacy));
    assert_close(up_boundaries_look(b, 4).information, 1, 0, 0);
    up_boundaries_free(b);
    up_boundaries_free(NULL);
}

/* Information in rows, in thousands of rows or as fractions is one plan. */
static void
unit_of_information_does_not_matter(void **state)
{
    (void)state;
    const double rows[] = {2000, 5000, 9000};
    const double share[] = {2.0 / 9, 5.0 / 9, 1};
    up_boundaries *a = find(UP_BOUNDARY_OPTS(.information = rows, .n_looks = 3));
    up_boundaries *b = find(UP_BOUNDARY_OPTS(.information = share, .n_looks = 3));
    for (int64_t k = 0; k < 3; k++) {
        assert_close(up_boundaries_look(a, k).efficacy,
            up_boundaries_look(b, k).efficacy, 1e-13, 0);
    }
    up_boundaries_free(a);
    up_boundaries_free(b);
}

/* A drift that is given is kept, and the plan found for the power it has gives it back. */
static void
drift_and_power_invert_each_other(void **state)
{
    (void)state;
    for (int64_t futility = 0; futility <= 2; futility++) {
        up_boundary_opts o = *UP_BOUNDARY_OPTS(.sides = 1,
            .spending = UP_SPENDING_POWER, .futility = futility,
            .futility_spending = UP_SPENDING_POWER, .power = 0.87);
        up_boundaries *b = find(&o);
        up_boundary_plan p = up_boundaries_plan(b);
        assert_close(p.power, 0.87, 1e-11, 0);
        o.drift = p.drift;
        up_boundaries *again = find(&o);
        assert_close(up_boundaries_plan(again).power, 0.87, 1e-11, 0);
        assert_close(up_boundaries_plan(again).drift, p.drift, 0, 0);
        up_boundaries_free(b);
        up_boundaries_free(again);
    }
}

/* With binding futility the whole of alpha is used under the rules; without, less; and the last two
 * bounds meet. */
static void
futility_buys_alpha_back_only_when_it_binds(void **state)
{
    (void)state;
    up_boundaries *free_ = find(UP_BOUNDARY_OPTS(.sides = 2, .n_looks = 4,
        .futility = UP_FUTILITY_NONBINDING, .power = 0.9));
    up_boundaries *bound = find(UP_BOUNDARY_OPTS(.sides = 2, .n_looks = 4,
        .futility = UP_FUTILITY_BINDING, .power = 0.9));
    up_boundaries *none =
        find(UP_BOUNDARY_OPTS(.sides = 2, .n_looks = 4, .power = 0.9));
    assert_true(up_boundaries_plan(free_).type_one_error < 0.05 - 1e-6);
    assert_close(up_boundaries_plan(bound).type_one_error, 0.05, 1e-10, 0);
    for (int64_t k = 0; k < 4; k++) {
        up_look with = up_boundaries_look(free_, k);
        assert_close(with.efficacy, up_boundaries_look(none, k).efficacy, 0, 0);
        assert_true(up_boundaries_look(bound, k).efficacy <= with.efficacy + 1e-12);
        assert_true(
            k == 3 ? with.futility == with.efficacy : with.futility < with.efficacy);
    }
    assert_close(up_boundaries_look(bound, 3).futility_spent, 0.1, 1e-12, 0);
    up_boundaries_free(free_);
    up_boundaries_free(bound);
    up_boundaries_free(none);
}

/* What the plan says of every look, by simulating it. */
static void
probabilities_agree_with_simulation(void **state)
{
    (void)state;
    enum { RUNS = 40000, LOOKS = 4 };
    up_boundaries *b = find(UP_BOUNDARY_OPTS(.sides = 1, .n_looks = LOOKS,
        .spending = UP_SPENDING_POCOCK, .futility = UP_FUTILITY_NONBINDING));
    up_boundary_plan p = up_boundaries_plan(b);
    const double drifts[2] = {0, p.drift};
    for (int d = 0; d < 2; d++) {
        double up[LOOKS] = {0};
        double down[LOOKS] = {0};
        double size = 0;
        for (uint64_t run = 0; run < RUNS; run++) {
            upi_rng rng = upi_rng_make(11, (uint64_t)d, run, 0);
            double s = 0;
            for (int k = 0; k < LOOKS; k++) {
                up_look look = up_boundaries_look(b, k);
                s += drifts[d] / LOOKS + sqrt(1.0 / LOOKS) * upi_rng_normal(&rng);
                double z = s / sqrt(look.information);
                if (z <= look.efficacy && z > look.futility) {
                    continue;
                }
                *(z > look.efficacy ? &up[k] : &down[k]) += 1;
                size += look.information / RUNS;
                break;
            }
        }
        for (int k = 0; k < LOOKS; k++) {
            up_look look = up_boundaries_look(b, k);
            double above = d == 0 ? look.reject_null : look.reject_drift;
            double below = d == 0 ? look.futile_null : look.futile_drift;
            assert_close(up[k] / RUNS, above, 0, 4 * sqrt(above / RUNS));
            assert_close(down[k] / RUNS, below, 0, 4 * sqrt(below / RUNS));
        }
        assert_close(size, d == 0 ? p.expected_null : p.expected_drift, 0, 0.01);
    }
    up_boundaries_free(b);
}

/* The anytime bounds are the radii of the confidence sequence, and looking at them only so often errs
 * less than alpha. */
static void
anytime_bounds_spend_less_than_alpha(void **state)
{
    (void)state;
    for (int64_t sides = 0; sides < 3; sides++) {
        up_boundaries *b =
            find(UP_BOUNDARY_OPTS(.anytime = 1, .n_looks = 8, .sides = sides));
        up_boundary_plan p = up_boundaries_plan(b);
        assert_close(p.mixture, upi_av_mixture(1, 0.05, sides), 0, 0);
        assert_true(p.type_one_error < 0.04 && p.type_one_error > 0.005);
        assert_close(up_boundaries_look(b, 7).efficacy,
            upi_av_radius_normal(p.mixture / (1 + p.mixture), 0.05, sides), 0, 0);
        assert_close(p.power, 0.8, 1e-12, 0);
        /* stopping early at any time costs information at the end */
        assert_true(p.inflation > 1.3 && p.inflation < 2.3);
        up_boundaries_free(b);
    }
}

static void
refuses_what_is_no_plan(void **state)
{
    (void)state;
    const double down[] = {1, 1};
    const up_boundary_opts bad[] = {
        *UP_BOUNDARY_OPTS(.alpha = 1),
        *UP_BOUNDARY_OPTS(.alpha = -0.1),
        *UP_BOUNDARY_OPTS(.alpha = 1e-15),
        *UP_BOUNDARY_OPTS(.alpha = (double)NAN),
        *UP_BOUNDARY_OPTS(.power = 0.01),
        *UP_BOUNDARY_OPTS(.power = 1),
        *UP_BOUNDARY_OPTS(.power = (double)NAN),
        *UP_BOUNDARY_OPTS(.sides = 3),
        *UP_BOUNDARY_OPTS(.sides = -1),
        *UP_BOUNDARY_OPTS(.drift = -1),
        *UP_BOUNDARY_OPTS(.drift = 16),
        *UP_BOUNDARY_OPTS(.spending = 7),
        *UP_BOUNDARY_OPTS(.spending_parameter = 2),
        *UP_BOUNDARY_OPTS(.spending = UP_SPENDING_POWER, .spending_parameter = 99),
        *UP_BOUNDARY_OPTS(.n_looks = -1),
        *UP_BOUNDARY_OPTS(.n_looks = 1001),
        *UP_BOUNDARY_OPTS(.n_looks = 2, .information = down),
        *UP_BOUNDARY_OPTS(.futility = 1),
        *UP_BOUNDARY_OPTS(.futility = 9, .sides = 1),
        *UP_BOUNDARY_OPTS(.futility = 1, .sides = 1, .anytime = 1),
        *UP_BOUNDARY_OPTS(.futility = 1, .sides = 1,
            .spending = UP_SPENDING_WANG_TSIATIS),
        *UP_BOUNDARY_OPTS(.futility = 1, .sides = 1,
            .futility_spending = UP_SPENDING_WANG_TSIATIS),
        *UP_BOUNDARY_OPTS(.futility = 1, .sides = 1, .futility_parameter = 3),
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        up_error err = UP_ERROR_INIT;
        up_boundaries *b = NULL;
        assert_fails(up_boundaries_find(&bad[i], &b, &err), UP_E_ARGUMENT, &err);
        assert_null(b);
    }
    struct {
        up_boundary_opts known;
        int64_t unknown;
    } newer = {*UP_BOUNDARY_OPTS(.n_looks = 2), 1};
    newer.known.struct_size = sizeof newer;
    up_error err = UP_ERROR_INIT;
    up_boundaries *b = NULL;
    assert_fails(
        up_boundaries_find(&newer.known, &b, &err), UP_E_OPTIONS_TOO_NEW, &err);
}

static up_status
find_with_futility(void *ctx, up_error *err)
{
    (void)ctx;
    up_boundaries *b = NULL;
    up_status status = up_boundaries_find(
        UP_BOUNDARY_OPTS(.sides = 1, .n_looks = 2, .futility = 2), &b, err);
    up_boundaries_free(b);
    return status;
}

static up_status
find_constants(void *ctx, up_error *err)
{
    (void)ctx;
    up_boundaries *b = NULL;
    up_status status = up_boundaries_find(
        UP_BOUNDARY_OPTS(.n_looks = 2, .spending = UP_SPENDING_WANG_TSIATIS), &b, err);
    up_boundaries_free(b);
    return status;
}

static void
survives_lack_of_memory(void **state)
{
    (void)state;
    up_sweep_memory(find_with_futility, NULL);
    up_sweep_memory(find_constants, NULL);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(defaults_are_five_looks_at_five_percent),
        cmocka_unit_test(unit_of_information_does_not_matter),
        cmocka_unit_test(drift_and_power_invert_each_other),
        cmocka_unit_test(futility_buys_alpha_back_only_when_it_binds),
        cmocka_unit_test(probabilities_agree_with_simulation),
        cmocka_unit_test(anytime_bounds_spend_less_than_alpha),
        cmocka_unit_test(refuses_what_is_no_plan),
        cmocka_unit_test(survives_lack_of_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
