/* Power, sample size and minimum detectable effect against R: stats, pwr, mvtnorm, rpact
 * (make.R), and the numbers published for tea-tasting, Spotify's confidence and G*Power. */
#include "up_test.h"

#include <upshot/power.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static double
expected(const char *name)
{
    static char text[16384];
    if (text[0] == '\0') {
        FILE *f = fopen(up_test_data("oracle/power/expected.csv"), "rb");
        assert_non_null(f);
        size_t n = fread(text, 1, sizeof text - 1, f);
        text[n] = '\0';
        (void)fclose(f);
    }
    char key[80];
    (void)snprintf(key, sizeof key, "\n%s,", name);
    const char *at = strstr(text, key);
    if (at == NULL) {
        fail_msg("expected.csv has no %s", name);
        return NAN;
    }
    return strtod(at + strlen(key), NULL);
}

static up_power_result
solve(const up_power_opts *o)
{
    up_error err = UP_ERROR_INIT;
    up_power_result r = {0};
    assert_ok(up_power(o, &r, &err), &err);
    return r;
}

static void
two_groups(
    const char *name, double n1, double n2, double d, double alpha, int64_t sides)
{
    double shares[] = {n1 / (n1 + n2), n2 / (n1 + n2)};
    up_power_result r = solve(UP_POWER_OPTS(.sd = 1, .effect = d, .units = n1 + n2,
        .shares = shares, .alpha = alpha, .sides = sides));
    assert_close(r.power, expected(name), 1e-9, 0);
}

static void
test_power_of_t(void **state)
{
    (void)state;
    two_groups("t_50_80", 50, 80, 0.4, 0.05, UP_TWO_SIDED);
    two_groups("t_10_10", 10, 10, 1.1, 0.05, UP_TWO_SIDED);
    two_groups("t_3_5_greater", 3, 5, 1.7, 0.05, UP_GREATER);
    two_groups("t_1000_3000", 1000, 3000, 0.1, 0.01, UP_TWO_SIDED);
    /* one degree of freedom, drift 1.5: se = sqrt(1/1.5 + 1/1.5) */
    two_groups("t_tiny", 1.5, 1.5, 1.5 * sqrt(2 / 1.5), 0.05, UP_TWO_SIDED);
}

static void
test_units_and_effect(void **state)
{
    (void)state;
    up_power_result r = solve(UP_POWER_OPTS(.sd = 1, .effect = 0.5));
    assert_close(r.units_exact, 2 * expected("n_d5"), 1e-9, 0);
    assert_close(r.units, 128, 0, 0);
    assert_close(r.power, 0.8014595579, 1e-9, 0);
    r = solve(UP_POWER_OPTS(.sd = 1, .effect = -0.2));
    assert_close(r.units_exact, 2 * expected("n_d2"), 1e-9, 0);
    r = solve(UP_POWER_OPTS(.sd = 1, .effect = 0.3, .power = 0.9, .sides = UP_GREATER));
    assert_close(r.units_exact, 2 * expected("n_d3_one"), 1e-9, 0);
    r = solve(UP_POWER_OPTS(.sd = 1, .units = 200));
    assert_close(r.effect, expected("mde_100"), 1e-9, 0);
    r = solve(UP_POWER_OPTS(.sd = 1, .units = 200, .sides = UP_LESS));
    assert_true(r.effect < -0.3);
}

static void
test_proportions(void **state)
{
    (void)state;
    up_power_opts o = *UP_POWER_OPTS(.metric = UP_POWER_PROPORTION, .mean = 0.10,
        .effect = 0.05, .units = 1000, .normal = 1, .null_variance = UP_POWER_POOLED);
    assert_close(solve(&o).power, expected("pooled_500"), 1e-9, 0);
    o = *UP_POWER_OPTS(.metric = UP_POWER_PROPORTION, .mean = 0.34, .effect = 0.003,
        .power = 0.85, .normal = 1, .null_variance = UP_POWER_POOLED);
    assert_close(solve(&o).units_exact, 2 * expected("pooled_n"), 1e-9, 0);
    o = *UP_POWER_OPTS(.metric = UP_POWER_PROPORTION, .mean = 0.11, .effect = -0.01,
        .alpha = 0.025, .sides = UP_LESS, .normal = 1,
        .null_variance = UP_POWER_POOLED);
    assert_close(solve(&o).units_exact, expected("rpact_rates_pooled"), 1e-9, 0);
    o = *UP_POWER_OPTS(.metric = UP_POWER_PROPORTION, .mean = 0.25, .effect = -0.05,
        .normal = 1, .null_variance = UP_POWER_POOLED);
    /* rpact leaves the far side of the test out */
    assert_close(solve(&o).units_exact, expected("rpact_rates_two_sided"), 1e-5, 0);
    double shares[] = {700.0 / 1600, 900.0 / 1600};
    o = *UP_POWER_OPTS(.metric = UP_POWER_PROPORTION, .mean = 0.2, .effect = 0.06,
        .units = 1600, .shares = shares, .normal = 1);
    assert_close(solve(&o).power, expected("unpooled_700_900"), 1e-9, 0);
}

static void
test_margins(void **state)
{
    (void)state;
    up_power_opts o = *UP_POWER_OPTS(.sd = 1, .test = UP_POWER_NON_INFERIORITY,
        .margin = 0.2, .alpha = 0.025, .power = 0.9);
    assert_close(solve(&o).units_exact, expected("noninferior_n_stats"), 1e-9, 0);
    /* rpact solves to about seven digits */
    assert_close(solve(&o).units_exact, expected("noninferior_n"), 1e-6, 0);
    double shares[] = {0.25, 0.75};
    o = *UP_POWER_OPTS(.sd = 1, .test = UP_POWER_NON_INFERIORITY, .margin = 0.2,
        .effect = 0.05, .shares = shares);
    assert_close(solve(&o).units_exact, expected("noninferior_ratio_n"), 1e-6, 0);
    o.effect = -0.05;
    o.sides = UP_LESS;
    assert_close(solve(&o).units_exact, expected("noninferior_ratio_n"), 1e-6, 0);
    o = *UP_POWER_OPTS(.sd = 1, .test = UP_POWER_EQUIVALENCE, .margin = 0.8,
        .units = 60);
    assert_close(solve(&o).power, expected("tost_30"), 1e-7, 0);
    o = *UP_POWER_OPTS(.sd = 1, .test = UP_POWER_EQUIVALENCE, .margin = 0.4,
        .effect = 0.1, .units = 400);
    assert_close(solve(&o).power, expected("tost_200"), 1e-8, 0);
    o = *UP_POWER_OPTS(.sd = 1, .test = UP_POWER_EQUIVALENCE, .margin = 1, .units = 24);
    assert_close(solve(&o).power, expected("tost_12"), 1e-6, 0);
}

static void
test_families(void **state)
{
    (void)state;
    up_power_opts o = *UP_POWER_OPTS(.sd = 1, .arms = 4, .adjust = UP_POWER_DUNNETT,
        .effect = 0.5, .units = 80);
    assert_close(solve(&o).critical, expected("dunnett_critical_20"), 1e-9, 0);
    o.normal = 1;
    assert_close(solve(&o).critical, expected("dunnett_critical_normal"), 1e-9, 0);
    /* se = sqrt(2/20), so that an effect of 2 se has drift 2 */
    o = *UP_POWER_OPTS(.sd = 1, .arms = 4, .effect = 2 * sqrt(0.1), .units = 80,
        .power_of = UP_POWER_OF_ANY);
    assert_close(solve(&o).power, expected("any_t76"), 1e-9, 0);
    o.normal = 1;
    assert_close(solve(&o).power, expected("any_normal"), 1e-9, 0);
    o = *UP_POWER_OPTS(.sd = 1, .arms = 4, .effect = 2.5 * sqrt(0.1), .units = 80,
        .power_of = UP_POWER_OF_ALL, .sides = UP_GREATER, .normal = 1);
    /* one-sided at 5 %: the drift is held against 1.645 */
    assert_close(solve(&o).power, expected("all_normal_one"), 1e-9, 0);
}

/* Spotify's confidence (N28) rounds its groups up one by one and stays within half a per cent of
 * G*Power; both are reproduced to the units that rounding moves. */
static void
test_published(void **state)
{
    (void)state;
    up_power_opts o =
        *UP_POWER_OPTS(.sd = 10, .effect = 0.3, .power = 0.85, .normal = 1);
    assert_close(solve(&o).units, 39904, 0, 4);
    assert_close(solve(&o).units, 39906, 0.005, 0);
    o = *UP_POWER_OPTS(.metric = UP_POWER_PROPORTION, .mean = 0.34, .effect = 0.003,
        .power = 0.85, .normal = 1);
    assert_close(solve(&o).units, 895446, 0.005, 0);
    assert_close(solve(&o).units, 897348, 0.005, 0);
    o.alpha = 0.14;
    assert_close(solve(&o).units, 629445, 0.005, 0);
    o.power = 0.67;
    assert_close(solve(&o).units, 366014, 0.005, 0);
    double shares[] = {0.5, 0.25, 0.25};
    o = *UP_POWER_OPTS(.sd = 10, .effect = 0.3, .power = 0.85, .arms = 3,
        .shares = shares, .normal = 1);
    assert_close(solve(&o).units, 59859, 0, 8);
}

static void
sequential(const char *name, int64_t looks, int64_t spending, up_power_opts o)
{
    char key[64];
    o.sd = 1;
    o.effect = 0.2;
    o.inference = UP_INFERENCE_GROUP;
    o.n_looks = looks;
    o.spending = spending;
    /* rpact solves to about seven digits, and two-sided leaves the far side of the test out */
    double rtol = o.sides == UP_TWO_SIDED ? 1e-5 : 1e-6;
    (void)snprintf(key, sizeof key, "%s_max_t", name);
    assert_close(solve(&o).units_exact, expected(key), rtol, 0);
    o.normal = 1;
    (void)snprintf(key, sizeof key, "%s_max", name);
    up_power_result r = solve(&o);
    assert_close(r.units_exact, expected(key), rtol, 0);
    o.units = r.units_exact;
    o.power = 0;
    r = solve(&o);
    (void)snprintf(key, sizeof key, "%s_h1", name);
    assert_close(r.expected_units, expected(key), rtol, 0);
    (void)snprintf(key, sizeof key, "%s_h0", name);
    assert_close(r.expected_units_null, expected(key), rtol, 0);
}

static void
test_sequential(void **state)
{
    (void)state;
    sequential("gs_asOF_3_1", 3, 0,
        *UP_POWER_OPTS(.alpha = 0.025, .power = 0.8, .sides = UP_GREATER));
    sequential("gs_asP_4_1", 4, 1,
        *UP_POWER_OPTS(.alpha = 0.025, .power = 0.9, .sides = UP_GREATER));
    sequential("gs_asOF_5_2", 5, 0, *UP_POWER_OPTS(.alpha = 0.05));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_power_of_t),
        cmocka_unit_test(test_units_and_effect),
        cmocka_unit_test(test_proportions),
        cmocka_unit_test(test_margins),
        cmocka_unit_test(test_families),
        cmocka_unit_test(test_published),
        cmocka_unit_test(test_sequential),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
