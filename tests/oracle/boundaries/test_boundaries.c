/* Plans of looks against rpact 3.3.4 (make.R) and the printed tables of Jennison & Turnbull. rpact's
 * own integration is good to six or seven digits; the bounds by themselves are held against eleven in
 * tests/unit/seq. */
#include "up_test.h"

#include <upshot/sequential.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const double third[] = {1, 2, 3};
static const double uneven[] = {0.2, 0.35, 0.8, 1};

enum {
    OF = UP_SPENDING_OBRIEN_FLEMING,
    POCOCK = UP_SPENDING_POCOCK,
    HSD = UP_SPENDING_HWANG_SHIH_DECANI,
    POWER = UP_SPENDING_POWER,
    WT = UP_SPENDING_WANG_TSIATIS
};

static const struct {
    const char *name;
    int64_t spending;
    double parameter, power;
} families[] = {
    {"of", OF, 0, 0},
    {"pocock", POCOCK, 0, 0},
    {"hsd", HSD, -2, 0.9},
    {"power", POWER, 2, 0.9},
    {"wt", WT, 0.25, 0},
    {"ofc", WT, 0, 0},
    {"pc", WT, 0.5, 0},
};

static const struct {
    const char *name;
    int64_t spending;
    double parameter;
    int64_t beta;
    double beta_parameter, alpha, power;
    bool even;
} futility[] = {
    {"fut_of", OF, 0, OF, 0, 0.025, 0.8, true},
    {"fut_hsd", HSD, -4, HSD, -2, 0.025, 0.9, false},
    {"fut_mix", POCOCK, 0, POWER, 2.5, 0.05, 0.8, false},
    {"fut_p", POWER, 1.5, POCOCK, 0, 0.01, 0.8, true},
};

/* The plan of a case's name, as make.R builds them. */
static up_boundary_opts
options_of(const char *name)
{
    up_boundary_opts o = *UP_BOUNDARY_OPTS(.sides = 1);
    char want[32];
    for (size_t i = 0; i < sizeof families / sizeof families[0]; i++) {
        for (int sides = 1; sides <= 2; sides++) {
            for (int looks = 3; looks <= 4; looks++) {
                (void)snprintf(
                    want, sizeof want, "%s_%d_%d", families[i].name, sides, looks);
                if (strcmp(want, name) == 0) {
                    o.sides = sides == 2 ? 0 : 1;
                    o.alpha = 0.025 * sides;
                    o.n_looks = looks;
                    o.information = looks == 3 ? third : uneven;
                    o.spending = families[i].spending;
                    o.spending_parameter = families[i].parameter;
                    o.power = families[i].power;
                    return o;
                }
            }
        }
    }
    for (size_t i = 0; i < sizeof futility / sizeof futility[0]; i++) {
        for (int binding = 0; binding <= 1; binding++) {
            (void)snprintf(want, sizeof want, "%s_%s", futility[i].name,
                binding ? "bind" : "free");
            if (strcmp(want, name) == 0) {
                o.alpha = futility[i].alpha;
                o.n_looks = futility[i].even ? 3 : 4;
                o.information = futility[i].even ? third : uneven;
                o.spending = futility[i].spending;
                o.spending_parameter = futility[i].parameter;
                o.power = futility[i].power;
                o.futility = binding ? UP_FUTILITY_BINDING : UP_FUTILITY_NONBINDING;
                o.futility_spending = futility[i].beta;
                o.futility_parameter = futility[i].beta_parameter;
                return o;
            }
        }
    }
    fail_msg("rpact.csv has a case '%s' that is not tested", name);
    return o;
}

static double
value_of(const up_boundaries *b, const char *quantity, int64_t look)
{
    up_boundary_plan plan = up_boundaries_plan(b);
    up_look at = up_boundaries_look(b, look - 1);
    const struct {
        const char *name;
        double value;
    } all[] = {
        {"upper", at.efficacy},
        {"spent", at.spent},
        {"drift", plan.drift},
        {"inflation", plan.inflation},
        {"reject", at.reject_drift},
        {"expected_drift", plan.expected_drift},
        {"expected_half", plan.expected_half},
        {"expected_null", plan.expected_null},
        {"futility", at.futility},
        {"futile", at.futile_drift},
    };
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) {
        if (strcmp(all[i].name, quantity) == 0) {
            return all[i].value;
        }
    }
    fail_msg("rpact.csv has a quantity '%s' that is not tested", quantity);
    return 0;
}

static void
agrees_with_rpact(void **state)
{
    (void)state;
    up_error err = UP_ERROR_INIT;
    FILE *file = fopen(up_test_data("oracle/boundaries/rpact.csv"), "r");
    assert_non_null(file);
    char line[128];
    char last[32] = "";
    up_boundaries *b = NULL;
    int64_t n = 0;
    int64_t wrong = 0;
    assert_non_null(fgets(line, sizeof line, file));
    while (fgets(line, sizeof line, file) != NULL) {
        char name[32];
        char quantity[32];
        assert_int_equal(sscanf(line, "%31[^,],%31[^,],", name, quantity), 2);
        char *rest = strchr(strchr(line, ',') + 1, ',') + 1;
        int64_t look = strtoll(rest, &rest, 10);
        double expected = strtod(rest + 1, NULL);
        if (strcmp(name, last) != 0) {
            up_boundary_opts o = options_of(name);
            up_boundaries_free(b);
            b = NULL;
            assert_ok(up_boundaries_find(&o, &b, &err), &err);
            (void)snprintf(last, sizeof last, "%s", name);
        }
        double actual = value_of(b, quantity, look);
        if (!(fabs(actual - expected) <= 2e-6 * fmax(1, fabs(expected)))) {
            print_error("%s %s %d: %.10g, rpact %.10g\n", name, quantity, (int)look,
                actual, expected);
            wrong++;
        }
        n++;
    }
    up_boundaries_free(b);
    (void)fclose(file);
    assert_int_equal(n, 598);
    assert_int_equal(wrong, 0);
}

/* Jennison & Turnbull (2000), tables 2.1, 2.3 and 2.9, as gsDesign's tests quote them: O'Brien-Fleming,
 * 4 looks, two-sided 5 %: 4.05 2.86 2.34 2.02; inflation of O'Brien-Fleming with 5 looks, power 0.8,
 * 1.028; of Pocock with 4, 1.202. Then rpact
 * with ten digits, whose nominal level of Pocock is that of one side. */
static void
agrees_with_published_tables(void **state)
{
    (void)state;
    up_error err = UP_ERROR_INIT;
    up_boundaries *b = NULL;
    const double of[] = {4.05, 2.86, 2.34, 2.02};
    assert_ok(
        up_boundaries_find(UP_BOUNDARY_OPTS(.n_looks = 4, .spending = WT), &b, &err),
        &err);
    for (int64_t k = 0; k < 4; k++) {
        assert_close(up_boundaries_look(b, k).efficacy, of[k], 0, 0.005);
    }
    up_boundaries_free(b);
    assert_ok(
        up_boundaries_find(UP_BOUNDARY_OPTS(.n_looks = 5, .spending = WT), &b, &err),
        &err);
    assert_close(up_boundaries_plan(b).inflation, 1.028, 0, 5e-4);
    up_boundaries_free(b);
    assert_ok(up_boundaries_find(UP_BOUNDARY_OPTS(.n_looks = 4, .spending = WT,
                                     .spending_parameter = 0.5),
                  &b, &err),
        &err);
    assert_close(up_boundaries_plan(b).inflation, 1.202, 0, 5e-4);
    assert_close(up_boundaries_look(b, 0).efficacy, 2.361297891, 5e-10, 0);
    assert_close(up_boundaries_look(b, 0).nominal_p, 2 * 0.009105547745, 1e-9, 0);
    up_boundaries_free(b);
    const double wang[] = {
        3.370752185, 2.834453429, 2.561217798, 2.383481728, 2.254157844, 2.153718865};
    assert_ok(up_boundaries_find(UP_BOUNDARY_OPTS(.n_looks = 6, .spending = WT,
                                     .spending_parameter = 0.25),
                  &b, &err),
        &err);
    for (int64_t k = 0; k < 6; k++) {
        assert_close(up_boundaries_look(b, k).efficacy, wang[k], 1e-8, 0);
    }
    up_boundaries_free(b);
    /* Kim & DeMets, looks at 250, 450, 630, 810 */
    const double rows[] = {250, 450, 630, 810};
    const double kim[] = {
        3.3041646459823, 3.0341584598677, 2.8706323663525, 2.7285504744992};
    const double nominal[] = {
        0.0009525986892, 0.0024120769887, 0.0040965163809, 0.0063613354724};
    assert_ok(up_boundaries_find(
                  UP_BOUNDARY_OPTS(.alpha = 0.01, .n_looks = 4, .information = rows,
                      .spending = POWER, .spending_parameter = 2),
                  &b, &err),
        &err);
    for (int64_t k = 0; k < 4; k++) {
        assert_close(up_boundaries_look(b, k).efficacy, kim[k], 1e-12, 0);
        assert_close(up_boundaries_look(b, k).nominal_p, nominal[k], 5e-8, 0);
    }
    up_boundaries_free(b);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(agrees_with_rpact),
        cmocka_unit_test(agrees_with_published_tables),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
