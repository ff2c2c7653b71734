/* The laws of power: round trips, monotone in size and effect, scaling, arms exchanged; what each
 * part of a plan does to the size; and every refusal. Numbers are in tests/oracle/power. */
#include "up_test.h"

#include <upshot/upshot.h>

#include <math.h>
#include <string.h>

static up_power_result
solve(const up_power_opts *o)
{
    up_error err = UP_ERROR_INIT;
    up_power_result r = {0};
    assert_ok(up_power(o, &r, &err), &err);
    return r;
}

static void
test_round_trips(void **state)
{
    (void)state;
    const up_power_opts plans[] = {
        *UP_POWER_OPTS(.sd = 3, .effect = 0.4),
        *UP_POWER_OPTS(.sd = 3, .effect = 0.4, .sides = UP_GREATER, .alpha = 0.01),
        *UP_POWER_OPTS(.metric = UP_POWER_PROPORTION, .mean = 0.1, .effect = 0.02),
        *UP_POWER_OPTS(.metric = UP_POWER_RATIO, .mean = 3, .sd = 2, .effect = 0.02,
            .denominator_mean = 10, .denominator_sd = 4, .correlation = 0.6),
        *UP_POWER_OPTS(.sd = 3, .effect = 0.4, .cluster_size = 20, .icc = 0.03,
            .cluster_cv = 0.5),
        *UP_POWER_OPTS(.sd = 3, .effect = 0.4, .takeup = 0.6, .crossover = 0.1,
            .attrition = 0.2, .r2 = 0.4),
        *UP_POWER_OPTS(.sd = 3, .effect = 0.4, .arms = 3, .adjust = UP_POWER_DUNNETT,
            .normal = 1),
        *UP_POWER_OPTS(.sd = 3, .effect = 0.4, .arms = 3, .adjust = UP_POWER_BONFERRONI,
            .power_of = UP_POWER_OF_ALL),
        *UP_POWER_OPTS(.sd = 3, .effect = 0.4, .inference = UP_INFERENCE_GROUP),
        *UP_POWER_OPTS(.sd = 3, .effect = 0.4, .inference = UP_INFERENCE_ANYTIME),
    };
    for (size_t i = 0; i < sizeof plans / sizeof plans[0]; i++) {
        up_power_opts o = plans[i];
        up_power_result n = solve(&o);
        assert_true(n.power >= 0.8 - 1e-9 && n.power < 0.82);
        o.units = n.units_exact;
        up_power_result power = solve(&o);
        assert_close(power.power, 0.8, 1e-7, 0);
        o.effect = 0;
        up_power_result effect = solve(&o);
        assert_close(effect.effect, plans[i].effect, 1e-6, 0);
        /* more units, more power; more effect, more power */
        o.effect = plans[i].effect;
        o.units *= 1.3;
        assert_true(solve(&o).power > power.power);
        o.units /= 1.3;
        o.effect *= 1.2;
        assert_true(solve(&o).power > power.power);
    }
}

static void
test_scaling(void **state)
{
    (void)state;
    /* the effect scales with the spread; four times the units halve it */
    double a = solve(UP_POWER_OPTS(.sd = 1, .units = 1e5, .normal = 1)).effect;
    assert_close(solve(UP_POWER_OPTS(.sd = 7, .units = 1e5, .normal = 1)).effect, 7 * a,
        1e-9, 0);
    assert_close(solve(UP_POWER_OPTS(.sd = 1, .units = 4e5, .normal = 1)).effect, a / 2,
        1e-9, 0);
    /* r2 and the design effect act on the variance */
    up_power_result plain = solve(UP_POWER_OPTS(.sd = 1, .effect = 0.1, .normal = 1));
    up_power_result r2 =
        solve(UP_POWER_OPTS(.sd = 1, .effect = 0.1, .r2 = 0.5, .normal = 1));
    assert_close(r2.units_exact, plain.units_exact / 2, 1e-9, 0);
    up_power_result c = solve(UP_POWER_OPTS(.sd = 1, .effect = 0.1, .normal = 1,
        .cluster_size = 10, .cluster_cv = 0.5, .icc = 0.02));
    assert_close(c.design_effect, 1 + (1.25 * 10 - 1) * 0.02, 1e-12, 0);
    assert_close(c.units_exact, plain.units_exact * c.design_effect, 1e-9, 0);
    assert_close(fmod(c.units, 10), 0, 0, 1e-9);
    assert_close(c.clusters * 10, c.units, 1e-12, 0);
    /* half comply: four times the units; a fifth lost: a quarter more */
    up_power_result half =
        solve(UP_POWER_OPTS(.sd = 1, .effect = 0.1, .takeup = 0.5, .normal = 1));
    assert_close(half.units_exact, 4 * plain.units_exact, 1e-9, 0);
    assert_close(half.itt_effect, 0.05, 1e-12, 0);
    up_power_result lost =
        solve(UP_POWER_OPTS(.sd = 1, .effect = 0.1, .attrition = 0.2, .normal = 1));
    assert_close(lost.units_exact, plain.units_exact / 0.8, 1e-9, 0);
    /* a known standard error is the spread it comes from */
    up_power_result known = solve(UP_POWER_OPTS(.known_std_error = sqrt(2.0 / 500),
        .known_units = 1000, .effect = 0.1, .normal = 1));
    assert_close(known.units_exact, plain.units_exact, 1e-9, 0);
    /* days */
    assert_close(
        solve(UP_POWER_OPTS(.sd = 1, .units = 1001, .per_day = 100)).days, 11, 0, 0);
}

static void
test_arms(void **state)
{
    (void)state;
    const double one[] = {0.4, 0.25, 0.35}, two[] = {0.4, 0.35, 0.25};
    up_power_opts o = *UP_POWER_OPTS(.sd = 1, .effect = 0.2, .arms = 3, .units = 900,
        .adjust = UP_POWER_DUNNETT, .power_of = UP_POWER_OF_ANY, .shares = one);
    double p = solve(&o).power;
    o.shares = two;
    assert_close(solve(&o).power, p, 1e-12, 0);
    /* all <= each <= any; Bonferroni asks for more than Dunnett */
    o.power_of = UP_POWER_OF_EACH;
    double each = solve(&o).power;
    o.power_of = UP_POWER_OF_ALL;
    assert_true(solve(&o).power < each && each < p);
    double dunnett = solve(&o).critical;
    o.adjust = UP_POWER_BONFERRONI;
    assert_true(solve(&o).critical > dunnett);
    /* with two arms all of them agree with no adjustment */
    up_power_opts t = *UP_POWER_OPTS(.sd = 1, .effect = 0.2, .units = 900);
    double plain = solve(&t).power;
    for (int64_t of = 0; of <= UP_POWER_OF_ALL; of++) {
        for (int64_t adjust = 0; adjust <= UP_POWER_DUNNETT; adjust++) {
            t.power_of = of;
            t.adjust = adjust;
            assert_close(solve(&t).power, plain, 1e-9, 0);
        }
    }
}

static void
test_looks(void **state)
{
    (void)state;
    up_power_opts o = *UP_POWER_OPTS(.sd = 1, .effect = 0.1, .normal = 1);
    up_power_result one = solve(&o);
    o.inference = UP_INFERENCE_GROUP;
    up_power_result group = solve(&o);
    o.inference = UP_INFERENCE_ANYTIME;
    up_power_result any = solve(&o);
    assert_close(one.inflation, 1, 0, 0);
    assert_close(one.expected_units, one.units, 0, 0);
    assert_true(group.inflation > 1 && group.inflation < 1.05);
    assert_true(group.expected_units < one.units);
    assert_true(any.inflation > group.inflation && any.inflation < 2);
    assert_true(any.expected_units < any.units);
    assert_true(any.expected_units_null > any.expected_units);
    assert_true(any.critical > 3 && any.critical < 3.1);
}

static void
test_curve(void **state)
{
    (void)state;
    up_error err = UP_ERROR_INIT;
    up_power_result r[8];
    assert_ok(up_power_curve(UP_POWER_OPTS(.sd = 1, .effect = 0.2), 8, r, &err), &err);
    for (int i = 1; i < 8; i++) {
        assert_true(r[i].units > r[i - 1].units && r[i].power > r[i - 1].power);
    }
    assert_ok(up_power_curve(UP_POWER_OPTS(.sd = 1, .units = 800), 8, r, &err), &err);
    for (int i = 1; i < 8; i++) {
        assert_true(r[i].effect < r[i - 1].effect);
        assert_close(r[i].power, 0.8, 1e-9, 0);
    }
    assert_close(r[0].units, 200, 0, 0);
    assert_close(r[7].units, 1600, 0, 0);
    assert_fails(up_power_curve(UP_POWER_OPTS(.sd = 1, .units = 8), 1, r, &err),
        UP_E_ARGUMENT, &err);
}

static void
test_refusals(void **state)
{
    (void)state;
    const double bad[] = {0.7, 0.7};
    const struct {
        up_power_opts o;
        up_status status;
        const char *field;
    } cases[] = {
        {*UP_POWER_OPTS(.sd = 1), UP_E_ARGUMENT, "effect"},
        {*UP_POWER_OPTS(.effect = 1), UP_E_ARGUMENT, "sd"},
        {*UP_POWER_OPTS(.effect = 1, .sd = 1, .units = 9, .power = 0.5), UP_E_ARGUMENT,
            "power"},
        {*UP_POWER_OPTS(.effect = 1, .sd = 1, .alpha = 0.7), UP_E_ARGUMENT, "alpha"},
        {*UP_POWER_OPTS(.effect = NAN, .sd = 1), UP_E_ARGUMENT, "effect"},
        {*UP_POWER_OPTS(.effect = 1, .sd = 1, .arms = 99), UP_E_ARGUMENT, "arms"},
        {*UP_POWER_OPTS(.effect = 1, .sd = 1, .shares = bad), UP_E_ARGUMENT, "shares"},
        {*UP_POWER_OPTS(.effect = 1, .sd = 1, .relative = 1), UP_E_ARGUMENT, "mean"},
        {*UP_POWER_OPTS(.effect = 1, .sd = 1, .margin = 1), UP_E_ARGUMENT, "margin"},
        {*UP_POWER_OPTS(.sd = 1, .test = UP_POWER_NON_INFERIORITY), UP_E_ARGUMENT,
            "margin"},
        {*UP_POWER_OPTS(.sd = 1, .test = UP_POWER_EQUIVALENCE, .margin = 1,
             .sides = UP_LESS),
            UP_E_ARGUMENT, "sides"},
        {*UP_POWER_OPTS(.sd = 1, .effect = -1, .sides = UP_GREATER), UP_E_ARGUMENT,
            "effect"},
        {*UP_POWER_OPTS(.sd = 1, .effect = 1, .sides = UP_LESS), UP_E_ARGUMENT,
            "effect"},
        {*UP_POWER_OPTS(.metric = UP_POWER_PROPORTION, .effect = 0.1), UP_E_ARGUMENT,
            "mean"},
        {*UP_POWER_OPTS(.metric = UP_POWER_PROPORTION, .mean = 0.95, .effect = 0.1),
            UP_E_ARGUMENT, "effect"},
        {*UP_POWER_OPTS(.metric = UP_POWER_RATIO, .mean = 1, .sd = 1, .effect = 0.1),
            UP_E_ARGUMENT, "denominator_mean"},
        {*UP_POWER_OPTS(.sd = 1, .effect = 1, .takeup = 0.2, .crossover = 0.3),
            UP_E_ARGUMENT, "crossover"},
        {*UP_POWER_OPTS(.sd = 1, .effect = 1, .null_variance = UP_POWER_POOLED),
            UP_E_ARGUMENT, "null_variance"},
        {*UP_POWER_OPTS(.known_std_error = 1, .effect = 1), UP_E_ARGUMENT,
            "known_units"},
        {*UP_POWER_OPTS(.sd = 1, .effect = 1, .arms = 3, .adjust = UP_POWER_DUNNETT,
             .inference = UP_INFERENCE_GROUP),
            UP_E_ARGUMENT, "inference"},
        {*UP_POWER_OPTS(.sd = 1, .effect = 1, .inference = UP_INFERENCE_GROUP,
             .n_looks = 99),
            UP_E_ARGUMENT, "n_looks"},
        {*UP_POWER_OPTS(.sd = 1, .test = UP_POWER_EQUIVALENCE, .margin = 0.1,
             .effect = 0.2),
            UP_E_PLAN, "units"},
        {*UP_POWER_OPTS(.metric = UP_POWER_PROPORTION, .mean = 0.9, .units = 12,
             .power = 0.99),
            UP_E_PLAN, "effect"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        up_error err = UP_ERROR_INIT;
        up_power_result r = {.power = 77};
        assert_fails(up_power(&cases[i].o, &r, &err), cases[i].status, &err);
        assert_string_equal(err.field, cases[i].field);
        assert_close(r.power, 77, 0, 0);
    }
}

static up_status
sweep(void *ctx, up_error *err)
{
    up_power_result r;
    return up_power(ctx, &r, err);
}

static void
test_memory(void **state)
{
    (void)state;
    up_power_opts o = *UP_POWER_OPTS(.sd = 1, .effect = 0.2,
        .inference = UP_INFERENCE_GROUP, .n_looks = 3);
    up_sweep_memory(sweep, &o);
    o.inference = UP_INFERENCE_ANYTIME;
    up_sweep_memory(sweep, &o);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_round_trips),
        cmocka_unit_test(test_scaling),
        cmocka_unit_test(test_arms),
        cmocka_unit_test(test_looks),
        cmocka_unit_test(test_curve),
        cmocka_unit_test(test_refusals),
        cmocka_unit_test(test_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
