/* Ratio metrics against make.R and the sums of case N13. */
#include "fixture.h"

/* two.csv with clicks per view as its second metric. */
static fixture
two_arms(const up_linear_opts *opts)
{
    static const csv_key keys[] = {{"arm", UPI_KEY_ARM, false},
        {"device", UPI_KEY_COVARIATE, true}, {"score", UPI_KEY_COVARIATE, false}, {0}};
    csv_spec spec = ab_spec();
    spec.keys = keys;
    spec.path = up_test_data("oracle/effect/two.csv");
    fixture f = fixture_new(&spec, opts);
    upi_metric *m = &f.csv->m->experiment->metrics[1];
    m->kind = UPI_METRIC_RATIO;
    m->component = 1;
    m->denominator = 2;
    return f;
}

static void
check(const up_effects *e, const char *segment, const char *group, bool super)
{
    up_effect r = up_effects_get(e, find_row(e, "clicks", "a", segment, ""));
    assert_close(r.estimate, expected(group, "est"), 1e-9, 0);
    assert_close(r.baseline, expected(group, "base"), 1e-9, 0);
    assert_close(r.std_error, expected(group, super ? "se super" : "se"), 1e-9, 0);
    if (!super) {
        assert_close(r.relative, expected(group, "rel"), 1e-9, 0);
        assert_close(r.relative_low, expected(group, "fieller low"), 1e-8, 0);
        assert_close(r.relative_high, expected(group, "fieller high"), 1e-8, 0);
    }
}

static void
test_raw(void **state)
{
    (void)state;
    fixture f = two_arms(UP_LINEAR_OPTS(.no_covariates = 1));
    up_effects *e =
        effects_of(f.model, UP_EFFECT_OPTS(.population = UP_POPULATION_SAMPLE));
    check(e, "", "ratio raw", false);
    up_effect r = up_effects_get(e, find_row(e, "clicks", "a", "", ""));
    assert_close(r.std_error, expected("ratio hand", "se"), 1e-9, 0);
    up_effects_free(e);
    fixture_free(&f);
}

static void
test_adjusted(void **state)
{
    (void)state;
    static const char *const where[] = {"device = 'mobile'"};
    fixture f = two_arms(NULL);
    for (int64_t p = 0; p < 2; p++) {
        up_effects *e = effects_of(f.model, UP_EFFECT_OPTS(.population = p));
        check(e, "", "ratio adj", p == UP_POPULATION_SUPER);
        up_effects_free(e);
        e = effects_of(
            f.model, UP_EFFECT_OPTS(.population = p, .where = where, .n_where = 1));
        check(e, where[0], "ratio mobile", p == UP_POPULATION_SUPER);
        up_effects_free(e);
    }
    fixture_free(&f);
}

/* Case N13 from its sums: orders per session of 53 and 47 users, and orders per user (N6). */
static void
test_sums(void **state)
{
    (void)state;
    static const csv_key keys[] = {{"arm", UPI_KEY_ARM, false}, {0}};
    static const char *const y[] = {"clicks", "views", NULL};
    csv_spec spec = {.path = up_test_data("oracle/effect/two.csv"),
        .keys = keys,
        .y = y,
        .form = UPI_MEAN};
    csv_fixture *csv = csv_moments_new(&spec);
    up_moments *m = csv->m;
    /* Levels sort as a, control. Sums of orders, sessions; squares oo, os, ss. */
    static const double n[] = {47, 53};
    static const double sum[2][2] = {{18, 89}, {30, 105}};
    static const double square[2][3] = {{30, 41, 205}, {58, 80, 259}};
    for (int64_t g = 0; g < 2; g++) {
        m->n[g] = (int64_t)n[g];
        for (int64_t k = 0; k < 2; k++) {
            m->mean[2 * g + k] = sum[g][k] / n[g];
        }
        m->m2[3 * g] = square[g][0] - sum[g][0] * sum[g][0] / n[g];
        m->m2[3 * g + 1] = square[g][1] - sum[g][0] * sum[g][1] / n[g];
        m->m2[3 * g + 2] = square[g][2] - sum[g][1] * sum[g][1] / n[g];
    }
    m->n_rows = 100;
    upi_metric *metric = &m->experiment->metrics[1];
    *metric = (upi_metric){metric->name, UPI_METRIC_RATIO, 0, 1};
    up_error err = UP_ERROR_INIT;
    up_model *model = NULL;
    assert_ok(up_fit_linear(m, NULL, NULL, &model, &err), &err);
    up_effects *e = effects_of(model, NULL);
    up_effect r = up_effects_get(e, find_row(e, "views", "a", "", ""));
    assert_close(r.baseline, 0.2857142857142857, 1e-12, 0);
    assert_close(r.estimate, -0.08346709470304975, 1e-12, 0);
    double v = 0; /* of the linearised values, arm by arm */
    for (int64_t g = 0; g < 2; g++) {
        double q = sum[g][0] / sum[g][1];
        double mean = sum[g][1] / n[g];
        v += (m->m2[3 * g] - 2 * q * m->m2[3 * g + 1] + q * q * m->m2[3 * g + 2]) /
             (n[g] - 1) / n[g] / (mean * mean);
    }
    assert_close(r.std_error, sqrt(v), 1e-11, 0);
    r = up_effects_get(e, find_row(e, "clicks", "a", "", ""));
    assert_close(r.estimate, -0.18305901244480127, 1e-12, 0);
    assert_close(r.statistic, -1.1447678040118034, 1e-10, 0);
    up_effects_free(e);
    up_model_free(model);
    csv_moments_free(csv);
}

static void
test_zero_denominator(void **state)
{
    (void)state;
    up_error err = UP_ERROR_INIT;
    up_effects *e = NULL;
    fixture f = two_arms(NULL);
    for (int64_t j = 0; j < f.model->x.p; j++) {
        f.model->coef[2][j] = 0;
    }
    assert_fails(up_infer_effect(f.model, NULL, &e, &err), UP_E_NO_VARIATION, &err);
    assert_string_equal(err.field, "clicks");
    assert_null(e);
    fixture_free(&f);
}

static up_status
sweep(void *ctx, up_error *err)
{
    up_effects *e = NULL;
    up_status status = up_infer_effect(ctx, NULL, &e, err);
    up_effects_free(e);
    return status;
}

static void
test_memory(void **state)
{
    (void)state;
    fixture f = two_arms(NULL);
    up_sweep_memory(sweep, f.model);
    fixture_free(&f);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_raw),
        cmocka_unit_test(test_adjusted),
        cmocka_unit_test(test_sums),
        cmocka_unit_test(test_zero_denominator),
        cmocka_unit_test(test_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
