/* Bounds of the last look: dense integration (tests/oracle/boundaries), laws, and refusals. */
#include "num/rng.h"
#include "seq/boundary.h"
#include "seq/spending.h"
#include "up_test.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const double even5[] = {0.2, 0.4, 0.6, 0.8, 1};
static const double uneven[] = {0.03, 0.3, 0.35, 0.9, 1};
static const double early[] = {0.0016169976338740648, 0.0057857955498163615,
    0.012200379088315757, 0.020199591701142824, 0.02956441064038571};

static const struct {
    const char *name;
    double alpha;
    upi_gs_plan plan;
} cases[] = {
    {"of_one", 0.025, {UP_SPENDING_OBRIEN_FLEMING, 0, true, 5, even5}},
    {"of_two", 0.05, {UP_SPENDING_OBRIEN_FLEMING, 0, false, 5, even5}},
    {"pocock_one", 0.05, {UP_SPENDING_POCOCK, 0, true, 5, uneven}},
    {"pocock_two", 0.01, {UP_SPENDING_POCOCK, 0, false, 5, uneven}},
    {"hsd_one", 0.025, {UP_SPENDING_HWANG_SHIH_DECANI, 0, true, 5, uneven}},
    {"hsd_two", 0.1, {UP_SPENDING_HWANG_SHIH_DECANI, 1.5, false, 5, even5}},
    {"power_one", 0.001, {UP_SPENDING_POWER, 0.7, true, 5, even5}},
    {"power_early", 0.003333333, {UP_SPENDING_POWER, 2, false, 5, early}},
    {"power_wide", 0.6, {UP_SPENDING_POWER, 1, false, 5, even5}},
};
enum { N_CASES = sizeof cases / sizeof cases[0] };

static void
agrees_with_dense_integration(void **state)
{
    (void)state;
    up_error err = UP_ERROR_INIT;
    FILE *file = fopen(up_test_data("oracle/boundaries/dense.csv"), "r");
    assert_non_null(file);
    char line[128];
    assert_non_null(fgets(line, sizeof line, file));
    int64_t n = 0;
    while (fgets(line, sizeof line, file) != NULL) {
        char *comma = strchr(line, ',');
        assert_non_null(comma);
        *comma = '\0';
        char *end = NULL;
        int64_t look = strtoll(comma + 1, &end, 10);
        double expected = strtod(end + 1, NULL);
        int64_t found = -1;
        for (int64_t c = 0; c < N_CASES; c++) {
            found = strcmp(cases[c].name, line) == 0 ? c : found;
        }
        assert_true(found >= 0);
        upi_gs_plan so_far = cases[found].plan;
        so_far.n_looks = look;
        double z = 0;
        assert_ok(upi_gs_critical(&so_far, cases[found].alpha, &z, &err), &err);
        assert_close(z, expected, 1e-11, 0);
        n++;
    }
    (void)fclose(file);
    assert_int_equal(n, 45);
}

/* One look that spends everything is the test at a fixed size. */
static void
one_look_is_the_fixed_test(void **state)
{
    (void)state;
    up_error err = UP_ERROR_INIT;
    double one = 1;
    for (int64_t spending = 0; spending < 4; spending++) {
        double z = 0;
        upi_gs_plan plan = {spending, 0, 0, 1, &one};
        assert_ok(upi_gs_critical(&plan, 0.05, &z, &err), &err);
        assert_close(z, 1.959963984540054, 1e-14, 0);
        plan.one_sided = true;
        assert_ok(upi_gs_critical(&plan, 0.05, &z, &err), &err);
        assert_close(z, 1.6448536269514722, 1e-14, 0);
    }
}

/* The bound falls as alpha grows, from far in the tail to nearly 1: repeated p-values invert it. */
static void
bound_falls_with_alpha(void **state)
{
    (void)state;
    up_error err = UP_ERROR_INIT;
    for (int c = 0; c < N_CASES; c++) {
        double before = INFINITY;
        for (double power = -40; power < 0; power += 2) {
            double z = 0;
            double alpha = pow(10, power);
            assert_ok(upi_gs_critical(&cases[c].plan, alpha, &z, &err), &err);
            assert_true(isfinite(z));
            assert_true(z < before);
            before = z;
        }
        double z = 0;
        assert_ok(upi_gs_critical(&cases[c].plan, 0.999, &z, &err), &err);
        assert_true(z < before);
    }
}

/* A bound at every look, found again by the crossing probabilities at the alpha they were made for,
 * also at 60 looks and looks that nearly coincide. */
static void
bounds_spend_what_they_should(void **state)
{
    (void)state;
    up_error err = UP_ERROR_INIT;
    double many[60];
    for (int k = 0; k < 60; k++) {
        many[k] = (k + 1) / 60.0;
    }
    double close_by[] = {0.5, 0.50001, 0.6, 0.6001, 1};
    const upi_gs_plan plans[] = {
        {UP_SPENDING_POCOCK, 0, false, 60, many},
        {UP_SPENDING_POWER, 2, true, 5, close_by},
    };
    for (int i = 0; i < 2; i++) {
        double z[60];
        assert_ok(upi_gs_bounds(&plans[i], 0.05, z, &err), &err);
        double low = plans[i].one_sided ? HUGE_VAL : 1;
        upi_gs_walk walk = {
            .n_looks = plans[i].n_looks, .information = plans[i].information};
        double sum = 0;
        for (int64_t k = 0; k < plans[i].n_looks; k++) {
            sum += upi_gs_crossing(&walk, z[k], 1, 0, NULL);
            if (!plans[i].one_sided) {
                sum += upi_gs_crossing(&walk, -z[k], -1, 0, NULL);
            }
            assert_close(sum,
                upi_spent(plans[i].spending, plans[i].parameter, 0.05,
                    plans[i].one_sided ? 1 : 0, plans[i].information[k]),
                1e-11, 0);
            assert_ok(upi_gs_advance(&walk, -z[k] * low, z[k], &err), &err);
        }
        upi_gs_walk_free(&walk);
    }
}

/* A drift is a change of measure: crossing probabilities by simulation of the same walk. */
static void
crossing_under_drift_agrees_with_simulation(void **state)
{
    (void)state;
    up_error err = UP_ERROR_INIT;
    double z[5];
    upi_gs_plan plan = {UP_SPENDING_POCOCK, 0, true, 5, uneven};
    assert_ok(upi_gs_bounds(&plan, 0.05, z, &err), &err);
    double expected[5];
    upi_gs_walk walk = {.n_looks = 5, .information = uneven};
    for (int64_t k = 0; k < 5; k++) {
        expected[k] = upi_gs_crossing(&walk, z[k], 1, 1.8, NULL);
        assert_ok(upi_gs_advance(&walk, -HUGE_VAL, z[k], &err), &err);
    }
    upi_gs_walk_free(&walk);
    enum { RUNS = 40000 };
    double hits[5] = {0};
    for (uint64_t run = 0; run < RUNS; run++) {
        upi_rng rng = upi_rng_make(7, 1, run, 0);
        double s = 0;
        double t = 0;
        for (int k = 0; k < 5; k++) {
            double d = uneven[k] - t;
            t = uneven[k];
            s += 1.8 * d + sqrt(d) * upi_rng_normal(&rng);
            if (s > z[k] * sqrt(t)) {
                hits[k]++;
                break;
            }
        }
    }
    for (int k = 0; k < 5; k++) {
        double sd = sqrt(expected[k] * (1 - expected[k]) / RUNS);
        assert_close(hits[k] / RUNS, expected[k], 0, 4 * sd);
    }
}

/* What is planned beyond the last look does not matter, and overrunning spends nothing more. */
static void
overrun_has_no_bound_left(void **state)
{
    (void)state;
    up_error err = UP_ERROR_INIT;
    double over[] = {0.5, 1.2, 1.5};
    double z[3];
    upi_gs_plan plan = {UP_SPENDING_POWER, 1, true, 3, over};
    assert_ok(upi_gs_bounds(&plan, 0.05, z, &err), &err);
    assert_true(isfinite(z[1]));
    assert_true(isinf(z[2]) && z[2] > 0);
}

static void
refuses_what_is_no_plan(void **state)
{
    (void)state;
    double z = 0;
    double down[] = {0.5, 0.4};
    double zero[] = {0, 0.4};
    double nan[] = {(double)NAN};
    double far[] = {0.1, (double)INFINITY};
    const upi_gs_plan bad[] = {
        {0, 0, false, 2, down},
        {0, 0, false, 2, zero},
        {0, 0, false, 1, nan},
        {0, 0, false, 2, far},
        {0, 0, false, 0, even5},
        {0, 0, false, -3, even5},
        {0, 0, false, 2000, even5},
        {0, 0, false, 2, NULL},
        {9, 0, false, 5, even5},
        {-1, 0, false, 5, even5},
        {UP_SPENDING_WANG_TSIATIS, 0.2, false, 5, even5},
        {UP_SPENDING_POCOCK, 2, false, 5, even5},
        {UP_SPENDING_POWER, -1, false, 5, even5},
        {UP_SPENDING_POWER, (double)NAN, false, 5, even5},
        {UP_SPENDING_HWANG_SHIH_DECANI, 400, false, 5, even5},
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        up_error err = UP_ERROR_INIT;
        assert_fails(upi_gs_critical(&bad[i], 0.05, &z, &err), UP_E_ARGUMENT, &err);
    }
    double alphas[] = {0, 1, -1, (double)NAN};
    for (int i = 0; i < 4; i++) {
        up_error err = UP_ERROR_INIT;
        upi_gs_plan plan = {0, 0, false, 5, even5};
        assert_fails(upi_gs_critical(&plan, alphas[i], &z, &err), UP_E_ARGUMENT, &err);
    }
}

static up_status
critical_of_five(void *ctx, up_error *err)
{
    (void)ctx;
    double z = 0;
    upi_gs_plan plan = {0, 0, false, 5, even5};
    return upi_gs_critical(&plan, 0.05, &z, err);
}

static void
survives_lack_of_memory(void **state)
{
    (void)state;
    up_sweep_memory(critical_of_five, NULL);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(agrees_with_dense_integration),
        cmocka_unit_test(one_look_is_the_fixed_test),
        cmocka_unit_test(bound_falls_with_alpha),
        cmocka_unit_test(bounds_spend_what_they_should),
        cmocka_unit_test(crossing_under_drift_agrees_with_simulation),
        cmocka_unit_test(overrun_has_no_bound_left),
        cmocka_unit_test(refuses_what_is_no_plan),
        cmocka_unit_test(survives_lack_of_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
