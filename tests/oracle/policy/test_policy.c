/* Policies, their value and adaptive inference against make.py (numpy and scipy). */
#include "csv_moments.h"
#include "up_test.h"

#include <upshot/upshot.h>

#include <math.h>
#include <stdio.h>
#include <string.h>

static double
expected(const char *fmt, const char *a, const char *b)
{
    static csv_table *t = NULL;
    char name[96];
    double x = NAN;
    if (t == NULL) {
        t = csv_table_read(up_test_data("oracle/policy/expected.csv"));
    }
    (void)snprintf(name, sizeof name, "%s %s%s%s", fmt, a, b[0] != '\0' ? " " : "", b);
    for (int64_t i = 0; i < t->n_rows; i++) {
        if (strcmp(t->cell[2 * i], name) == 0) {
            const char *cell = t->cell[2 * i + 1];
            assert_true(upi_double_parse(cell, (int64_t)strlen(cell), &x));
            return x;
        }
    }
    fail_msg("expected.csv has no '%s'", name);
    return x;
}

typedef struct fitted {
    up_source *source;
    up_experiment *experiment;
    up_moments *moments;
    up_model *model;
} fitted;

static fitted
fit(up_roles roles, const char *first, const char *second)
{
    up_error err = UP_ERROR_INIT;
    fitted f = {0};
    roles.struct_size = sizeof roles;
    roles.intent_to_treat = "arm";
    assert_ok(
        up_source_open(up_test_data("oracle/policy/log.csv"), NULL, &f.source, &err),
        &err);
    assert_ok(up_experiment_new(f.source, &roles, &f.experiment, &err), &err);
    assert_ok(up_experiment_add_metric(f.experiment, "y", &err), &err);
    assert_ok(up_experiment_add_covariate(f.experiment, first, &err), &err);
    if (second != NULL) {
        assert_ok(up_experiment_add_covariate(f.experiment, second, &err), &err);
    }
    assert_ok(up_moments_build(f.experiment, NULL, NULL, &f.moments, &err), &err);
    assert_ok(up_fit_linear(f.moments, NULL, NULL, &f.model, &err), &err);
    return f;
}

static void
fitted_free(fitted *f)
{
    up_model_free(f->model);
    up_moments_free(f->moments);
    up_experiment_free(f->experiment);
    up_source_free(f->source);
}

static up_policy *
make(const up_model *m, const up_policy_opts *o)
{
    up_error err = UP_ERROR_INIT;
    up_policy *p = NULL;
    assert_ok(up_policy_make(m, o, &p, &err), &err);
    return p;
}

static const char *const arms[] = {"a", "b", "c"};

static void
check_plays(const up_policy *p, const char *what)
{
    up_error err = UP_ERROR_INIT;
    assert_int_equal(up_policy_contexts(p), 3);
    for (int64_t i = 0; i < 3; i++) {
        double context = 0;
        double play[3];
        up_policy_context(p, i, &context);
        const char *device = up_policy_level_label(p, 0, (int64_t)context);
        assert_ok(up_policy_probabilities(p, &context, play, NULL, &err), &err);
        for (int64_t k = 0; k < 3; k++) {
            /* Tempering takes the root of what was found by quadrature to 1e-13. */
            assert_close(play[k], expected(what, device, arms[k]), 1e-9, 1e-12);
        }
    }
}

static void
test_plays(void **state)
{
    (void)state;
    fitted f = fit((up_roles){0}, "device", NULL);
    static const struct {
        const char *name;
        up_policy_opts o;
    } cases[] = {{"thompson", {.struct_size = sizeof(up_policy_opts)}},
        {"minimize", {.struct_size = sizeof(up_policy_opts), .minimize = 1}},
        {"floor", {.struct_size = sizeof(up_policy_opts), .floor = 0.05}},
        {"tempered",
            {.struct_size = sizeof(up_policy_opts), .algorithm = UP_POLICY_TEMPERED}},
        {"top-two",
            {.struct_size = sizeof(up_policy_opts), .algorithm = UP_POLICY_TOP_TWO}}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        up_policy *p = make(f.model, &cases[i].o);
        check_plays(p, cases[i].name);
        up_policy_free(p);
    }
    fitted_free(&f);
}

static void
test_effects(void **state)
{
    (void)state;
    fitted f = fit((up_roles){0}, "device", NULL);
    up_policy *p = make(f.model, NULL);
    for (int64_t i = 0; i < 3; i++) {
        double context = (double)i;
        const char *device = up_policy_level_label(p, 0, i);
        for (int64_t k = 0; k < 3; k++) {
            double error = 0;
            double effect = up_policy_effect(p, &context, k, &error);
            assert_close(effect, expected("effect", device, arms[k]), 1e-9, 1e-12);
            assert_close(error, expected("error", device, arms[k]), 1e-9, 1e-12);
        }
    }
    up_policy_free(p);
    fitted_free(&f);
}

static void
test_number(void **state)
{
    (void)state;
    up_error err = UP_ERROR_INIT;
    fitted f = fit((up_roles){.filter = "arm <> 'c'"}, "x", NULL);
    up_policy *p = make(f.model, NULL);
    static const double at[] = {-1.5, 0, 2};
    static const char *const names[] = {"-1.5", "0", "2"};
    for (int i = 0; i < 3; i++) {
        double play[2];
        assert_ok(up_policy_probabilities(p, &at[i], play, NULL, &err), &err);
        assert_close(play[1], expected("number", names[i], ""), 1e-9, 0);
    }
    up_policy_free(p);
    fitted_free(&f);
}

static void
check_value(up_roles roles, const char *second, const char *tag)
{
    up_error err = UP_ERROR_INIT;
    char name[64];
    fitted learned = fit((up_roles){0}, "device", NULL);
    up_policy *p = make(learned.model, UP_POLICY_OPTS(.floor = 0.05));
    roles.propensity = "e";
    fitted f = fit(roles, "device", second);
    up_value *v = NULL;
    assert_ok(up_policy_value(p, f.model, NULL, NULL, &v, &err), &err);
    for (int64_t i = 0; i < up_value_count(v); i++) {
        up_value_row r = up_value_get(v, i);
        (void)snprintf(name, sizeof name, "%s %s", tag, r.method);
        assert_close(r.estimate, expected(name, r.quantity, ""), 1e-9, 0);
        assert_close(r.std_error, expected(name, r.quantity, "se"), 1e-9, 0);
    }
    up_value_overlap o = up_value_overlap_of(v);
    assert_close(o.effective_rows, expected(tag, "effective", ""), 1e-9, 0);
    assert_close(o.max_weight, expected(tag, "most", ""), 1e-9, 0);
    assert_true(o.uncovered == 0);
    bool same = false;
    for (int64_t i = 0; i < up_value_notes(v); i++) {
        same = same || up_value_note(v, i).code == UP_W_SAME_DATA;
    }
    assert_true(same == (roles.filter == NULL));
    up_value_free(v);
    up_policy_free(p);
    fitted_free(&f);
    fitted_free(&learned);
}

static void
test_value(void **state)
{
    (void)state;
    check_value((up_roles){0}, NULL, "value");
    check_value((up_roles){.cluster = "home"}, NULL, "clustered");
    check_value((up_roles){0}, "x", "rows");
    /* A filter makes them other rows, even one that keeps them all. */
    check_value((up_roles){.filter = "batch >= 0"}, NULL, "value");
}

static void
check_adaptive(up_roles roles, up_adaptive_opts o, const char *tag)
{
    up_error err = UP_ERROR_INIT;
    up_adaptive *a = NULL;
    roles.propensity = "e";
    roles.time = "batch";
    fitted f = fit(roles, "device", NULL);
    o.struct_size = sizeof o;
    assert_ok(up_infer_adaptive(f.moments, &o, &a, &err), &err);
    assert_int_equal(up_adaptive_count(a), 5);
    assert_int_equal(up_adaptive_batches(a), 6);
    for (int64_t i = 0; i < 5; i++) {
        up_effect e = up_adaptive_get(a, i);
        char name[64];
        (void)snprintf(
            name, sizeof name, "%s %s", tag, e.against[0] != '\0' ? "effect" : "mean");
        assert_close(e.estimate, expected(name, e.arm, ""), 1e-9, 0);
        assert_close(e.std_error, expected(name, e.arm, "se"), 1e-9, 0);
    }
    up_adaptive_free(a);
    fitted_free(&f);
}

static void
test_adaptive(void **state)
{
    (void)state;
    check_adaptive((up_roles){0}, (up_adaptive_opts){0}, "two-point");
    check_adaptive(
        (up_roles){0}, (up_adaptive_opts){.weights = UP_ADAPTIVE_CONSTANT}, "constant");
    check_adaptive(
        (up_roles){0}, (up_adaptive_opts){.weights = UP_ADAPTIVE_UNIFORM}, "uniform");
    check_adaptive((up_roles){0},
        (up_adaptive_opts){.weights = UP_ADAPTIVE_UNIFORM, .no_model = 1}, "ipw");
    check_adaptive((up_roles){.cluster = "home"},
        (up_adaptive_opts){.weights = UP_ADAPTIVE_CONSTANT}, "homes");
}

int
main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_plays),
        cmocka_unit_test(test_effects), cmocka_unit_test(test_number),
        cmocka_unit_test(test_value), cmocka_unit_test(test_adaptive)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
