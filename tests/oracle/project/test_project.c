/* Projection against survey, glm, sandwich and influence functions written out on the rows, and
 * effects carried forward against least squares in R: make.R. */
#include "csv_moments.h"
#include "project_fit.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

static double
expected(const char *group, const char *what)
{
    char name[96];
    double x = (double)NAN;
    csv_table *t = csv_table_read(up_test_data("oracle/project/expected.csv"));
    (void)snprintf(name, sizeof name, "%s %s", group, what);
    for (int64_t i = 0; i < t->n_rows; i++) {
        const char *cell = t->cell[2 * i + 1];
        if (strcmp(t->cell[2 * i], name) == 0) {
            cell += strspn(cell, " ");
            assert_true(upi_double_parse(cell, (int64_t)strlen(cell), &x));
        }
    }
    csv_table_free(t);
    if (isnan(x)) {
        fail_msg("expected.csv has no '%s'", name);
    }
    return x;
}

/* The first row, with and without the variance of averages and target. */
static void
check(const project_fit *f, const char *where, const up_project_opts *o,
    const char *group, bool sample)
{
    const double rtol = 1e-9;
    const char *const conditions[] = {where};
    up_effect_opts *ask =
        UP_EFFECT_OPTS(.where = conditions, .n_where = where != NULL ? 1 : 0);
    up_effects *e = projected(f, ask, o);
    up_effect r = up_effects_get(e, 0);
    assert_close(r.estimate, expected(group, "est"), rtol, 0);
    assert_close(r.baseline, expected(group, "base"), rtol, 0);
    assert_close(r.std_error, expected(group, "se super"), rtol, 0);
    assert_close(r.baseline_std_error, expected(group, "base se super"), rtol, 0);
    if (sample) {
        assert_close(
            up_effects_target(e).effective_rows, expected(group, "ess"), rtol, 0);
        up_effects_free(e);
        ask->population = UP_POPULATION_SAMPLE;
        e = projected(f, ask, o);
        assert_close(up_effects_get(e, 0).std_error, expected(group, "se"), rtol, 0);
    }
    up_effects_free(e);
}

static const char *const device[] = {"device=desktop:0.2, mobile:0.7, tablet:0.1"};
static const char *const margins[] = {
    "device=desktop:0.2,mobile:0.7,tablet:0.1", "country=DE:0.3,FR:0.7"};

static void
test_shares(void **state)
{
    (void)state;
    project_fit f = trial_fit("device", "country", NULL);
    check(&f, NULL, UP_PROJECT_OPTS(.to = device, .n_to = 1), "shares", true);
    check(&f, NULL, UP_PROJECT_OPTS(.to = device, .n_to = 1, .size = 400),
        "shares counted", true);
    check(&f, "country = 'FR'", UP_PROJECT_OPTS(.to = device, .n_to = 1, .size = 400),
        "shares counted FR", true);
    /* Raking and entropy of one margin are the same weights. */
    for (int64_t m = UP_TARGET_RAKING; m <= UP_TARGET_ENTROPY; m++) {
        check(&f, NULL,
            UP_PROJECT_OPTS(.to = device, .n_to = 1, .method = m, .size = 400),
            "shares counted", true);
    }
    project_fit_free(&f);
    f = trial_fit("device", "country", "home");
    check(&f, NULL, UP_PROJECT_OPTS(.to = device, .n_to = 1), "shares clusters", true);
    project_fit_free(&f);
}

static void
test_raking(void **state)
{
    (void)state;
    project_fit f = trial_fit("device", "country", NULL);
    check(&f, NULL, UP_PROJECT_OPTS(.to = margins, .n_to = 2), "raking", true);
    check(&f, "country = 'FR'", UP_PROJECT_OPTS(.to = margins, .n_to = 2), "raking FR",
        true);
    check(&f, NULL, UP_PROJECT_OPTS(.to = margins, .n_to = 2, .size = 400),
        "raking counted", true);
    project_fit_free(&f);
    f = trial_fit("device", "country", "home");
    check(&f, NULL, UP_PROJECT_OPTS(.to = margins, .n_to = 2), "raking clusters", true);
    project_fit_free(&f);
}

static void
test_population(void **state)
{
    (void)state;
    project_fit f = trial_fit("device", "country", NULL);
    up_moments *t = target_of(&f, "oracle/project/target.csv");
    check(&f, NULL, UP_PROJECT_OPTS(.population = t), "cells", true);
    check(&f, NULL, UP_PROJECT_OPTS(.population = t, .method = UP_TARGET_ENTROPY),
        "entropy", true);
    check(&f, NULL, UP_PROJECT_OPTS(.population = t, .method = UP_TARGET_ODDS), "odds",
        true);
    up_moments_free(t);
    project_fit_free(&f);
    f = trial_fit("device", "country", "home");
    t = target_of(&f, "oracle/project/target.csv");
    check(&f, NULL, UP_PROJECT_OPTS(.population = t), "cells clusters", true);
    up_moments_free(t);
    project_fit_free(&f);
}

static void
test_numbers(void **state)
{
    (void)state;
    static const char *const shares[] = {"device=desktop:0.3,mobile:0.5,tablet:0.2"};
    static const char *const visits[] = {"visits = 2.8"};
    project_fit f = trial_fit("device", "visits", NULL);
    check(&f, NULL,
        UP_PROJECT_OPTS(.to = shares, .n_to = 1, .means = visits, .n_means = 1),
        "means", true);
    check(&f, NULL, UP_PROJECT_OPTS(.means = visits, .n_means = 1), "mean of visits",
        true);
    up_moments *t = target_of(&f, "oracle/project/target.csv");
    check(&f, NULL, UP_PROJECT_OPTS(.population = t, .method = UP_TARGET_ODDS),
        "odds visits", true);
    up_moments_free(t);
    project_fit_free(&f);
}

static void
test_continuous(void **state)
{
    (void)state;
    project_fit f = trial_fit("device", "spend", NULL);
    up_moments *t = target_of(&f, "oracle/project/target.csv");
    check(&f, NULL, UP_PROJECT_OPTS(.population = t), "spend", false);
    up_moments_free(t);
    project_fit_free(&f);
}

/* methods/core.md section 3.4: 1.07455..., HC2 and CR2. */
static void
test_published(void **state)
{
    (void)state;
    static const char *const covariates[] = {"factor(x1)", "x2", NULL};
    static const char *const to[] = {"x1=0:0.2,2:0.8"};
    const char *const cluster[] = {NULL, "cl"};
    const double se[] = {0.159494884363, 0.178315443868};
    for (int i = 0; i < 2; i++) {
        project_fit f = project_fit_of("oracle/effect/lcg_panel.csv",
            UP_ROLES(.intent_to_treat = "z", .cluster = cluster[i]), "y1", covariates,
            NULL);
        up_effects *e = projected(&f,
            UP_EFFECT_OPTS(.population = UP_POPULATION_SAMPLE,
                .relative = UP_RELATIVE_DELTA),
            UP_PROJECT_OPTS(.to = to, .n_to = 1));
        up_effect r = up_effects_get(e, 0);
        assert_close(r.estimate, 1.074552766540, 0, 1e-12);
        assert_close(r.std_error, se[i], 0, 1e-12);
        assert_close(r.baseline, 1.778188655714, 0, 1e-12);
        assert_close(r.relative, 0.604296266927, 0, 1e-12);
        up_effects_free(e);
        project_fit_free(&f);
    }
}

/* Averages of the target weighted by compliance. */
static void
test_compliers(void **state)
{
    (void)state;
    static const char *const covariates[] = {"device", NULL};
    project_fit f = project_fit_of("oracle/project/trial.csv",
        UP_ROLES(.intent_to_treat = "arm", .treated = "took"), "spent", covariates,
        UP_LINEAR_OPTS(.vcov = UP_VCOV_HC0));
    up_effects *e = projected(&f, NULL, UP_PROJECT_OPTS(.to = device, .n_to = 1));
    up_effect r = up_effects_get(e, 0);
    assert_string_equal(r.estimand, "late");
    assert_close(r.estimate, expected("late", "est"), 1e-9, 0);
    assert_close(r.baseline, expected("late", "base"), 1e-9, 0);
    assert_close(r.std_error, expected("late", "se"), 1e-9, 0);
    up_effects_free(e);
    project_fit_free(&f);
}

static void
check_forward(const up_model *model, int64_t rule, const char *group, int64_t n)
{
    const double rtol = 1e-8;
    up_error err = UP_ERROR_INIT;
    char what[32];
    for (int64_t cumulative = 0; cumulative < 2; cumulative++) {
        up_effects *e = NULL;
        assert_ok(
            up_project(model, UP_EFFECT_OPTS(.cumulative = cumulative),
                UP_PROJECT_OPTS(.forward = 4, .rule = rule, .accept = 1), &e, &err),
            &err);
        assert_int_equal(up_effects_count(e), 4);
        up_forward_fit v = up_effects_forward_fit(e, 0);
        const double x[] = {
            v.start, n > 1 && isnan(v.slope) ? v.factor : v.slope, v.level};
        const double se[] = {v.start_std_error,
            isnan(v.slope) ? v.factor_std_error : v.slope_std_error, v.level_std_error};
        for (int64_t j = 0; j < n; j++) {
            (void)snprintf(what, sizeof what, "x %lld", (long long)j + 1);
            assert_close(x[j], expected(group, what), rtol, 1e-9);
            (void)snprintf(what, sizeof what, "se %lld", (long long)j + 1);
            assert_close(se[j], expected(group, what), rtol, 0);
        }
        assert_close(v.lack_of_fit, expected(group, "lack"), rtol, 0);
        assert_close(v.lack_of_fit_p_value, expected(group, "lack p"), 1e-7, 0);
        for (int64_t h = 0; h < 4; h++) {
            up_effect r = up_effects_get(e, h);
            const char *kind = cumulative ? "total" : "forecast";
            (void)snprintf(what, sizeof what, "%s %lld", kind, (long long)h + 1);
            assert_close(r.estimate, expected(group, what), rtol, 1e-9);
            (void)snprintf(what, sizeof what, "%s se %lld", kind, (long long)h + 1);
            assert_close(r.std_error, expected(group, what), rtol, 0);
            (void)snprintf(what, sizeof what, "+%lld", (long long)h + 1);
            assert_string_equal(r.period, what);
        }
        up_effects_free(e);
    }
}

static void
test_forward(void **state)
{
    (void)state;
    static const char *const none[] = {NULL};
    project_fit f = project_fit_of("oracle/project/panel.csv",
        UP_ROLES(.intent_to_treat = "arm", .cluster = "unit", .time = "period"), "y",
        none, UP_LINEAR_OPTS(.vcov = UP_VCOV_CR0));
    check_forward(f.model, UP_FORWARD_CONSTANT, "constant", 1);
    check_forward(f.model, UP_FORWARD_LINEAR, "linear", 2);
    check_forward(f.model, UP_FORWARD_DECAY, "decay", 2);
    check_forward(f.model, UP_FORWARD_LEVEL, "level", 3);
    project_fit_free(&f);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_published),
        cmocka_unit_test(test_shares), cmocka_unit_test(test_raking),
        cmocka_unit_test(test_population), cmocka_unit_test(test_numbers),
        cmocka_unit_test(test_continuous), cmocka_unit_test(test_compliers),
        cmocka_unit_test(test_forward)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
