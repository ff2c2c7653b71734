/* Covariances between effects and the Wald test against make.R; directions without variance. */
#include "fixture.h"

static void
test_covariance(void **state)
{
    (void)state;
    csv_spec spec = ab_spec();
    fixture f = fixture_new(&spec, NULL);
    up_effects *e = effects_of(
        f.model, UP_EFFECT_OPTS(.population = UP_POPULATION_SAMPLE, .by = "device"));
    int64_t d = find_row(e, "sales", "a", "device = 'desktop'", "");
    int64_t m = find_row(e, "sales", "a", "device = 'mobile'", "");
    int64_t t = find_row(e, "sales", "a", "device = 'tablet'", "");
    assert_close(up_effects_covariance(e, d, m), expected("ab", "cov 01"), 1e-9, 0);
    assert_close(up_effects_covariance(e, t, d), expected("ab", "cov 02"), 1e-9, 0);
    double se = up_effects_get(e, m).std_error;
    assert_close(up_effects_covariance(e, m, m), se * se, 1e-12, 0);
    assert_true(isnan(up_effects_covariance(e, -1, 0)));
    assert_true(isnan(up_effects_covariance(e, 0, up_effects_count(e))));
    up_effects_free(e);
    fixture_free(&f);
}

static void
test_covariance_of_averages(void **state)
{
    (void)state;
    static const char *const where[] = {"score >= 0", "device = 'mobile'"};
    csv_spec spec = ab_spec();
    fixture f = fixture_new(&spec, NULL);
    up_effects *e = effects_of(f.model, UP_EFFECT_OPTS(.where = where, .n_where = 2));
    int64_t all = find_row(e, "sales", "a", where[0], "");
    int64_t mobile = find_row(e, "sales", "a", where[1], "");
    assert_close(up_effects_covariance(e, all, mobile),
        expected("ab", "cov all mobile super"), 1e-9, 0);
    double se = up_effects_get(e, all).std_error;
    assert_close(up_effects_covariance(e, all, all), se * se, 1e-12, 0);
    up_effects_free(e);
    fixture_free(&f);
}

static void
test_wald(void **state)
{
    (void)state;
    csv_spec spec = ab_spec();
    fixture f = fixture_new(&spec, NULL);
    up_error err = UP_ERROR_INIT;
    up_effects *e = effects_of(
        f.model, UP_EFFECT_OPTS(.population = UP_POPULATION_SAMPLE, .by = "device"));
    int64_t d = find_row(e, "sales", "a", "device = 'desktop'", "");
    double stat = 0;
    double df1 = 0;
    double df2 = 0;
    double p = 0;
    assert_ok(up_effects_joint_test(e, d, d + 3, &stat, &df1, &df2, &p, &err), &err);
    assert_close(stat, expected("ab", "wald"), 1e-9, 0);
    assert_close(p, expected("ab", "wald p"), 1e-8, 0);
    assert_close(df1, 3, 0, 0);
    assert_close(df2, 588, 0, 0);
    /* One effect: its t squared, with the same p-value. */
    up_effect r = up_effects_get(e, d);
    assert_ok(up_effects_joint_test(e, d, d + 1, &stat, &df1, &df2, &p, &err), &err);
    assert_close(stat, r.statistic * r.statistic, 1e-11, 0);
    assert_close(p, r.p_value, 1e-10, 0);
    assert_fails(up_effects_joint_test(e, 2, 2, &stat, &df1, &df2, &p, &err),
        UP_E_ARGUMENT, &err);
    up_effects_free(e);
    fixture_free(&f);
}

/* All, and two halves of it: the third adds nothing that the others do not have. */
static void
test_dependent(void **state)
{
    (void)state;
    static const char *const where[] = {"loyal", "not loyal", "score >= 0"};
    csv_spec spec = ab_spec();
    fixture f = fixture_new(&spec, NULL);
    up_error err = UP_ERROR_INIT;
    double stat[2];
    double df1[2];
    double df2 = 0;
    double p = 0;
    static const char *const metric[] = {"sales"};
    up_effects *e = effects_of(
        f.model, UP_EFFECT_OPTS(.population = UP_POPULATION_SAMPLE, .where = where,
                     .n_where = 3, .metrics = metric, .n_metrics = 1));
    assert_ok(up_effects_joint_test(e, 0, 2, &stat[0], &df1[0], &df2, &p, &err), &err);
    assert_ok(up_effects_joint_test(e, 0, 3, &stat[1], &df1[1], &df2, &p, &err), &err);
    assert_close(df1[0], 2, 0, 0);
    assert_close(df1[1], 2, 0, 0);
    assert_close(stat[1], stat[0], 1e-7, 0);
    up_effects_free(e);
    fixture_free(&f);
}

/* A metric without variance has nothing to test. */
static void
test_nothing(void **state)
{
    (void)state;
    static const double scale[] = {0, 1, 1};
    csv_spec spec = ab_spec();
    spec.scale = scale;
    fixture f = fixture_new(&spec, NULL);
    up_error err = UP_ERROR_INIT;
    up_effects *e = effects_of(f.model, NULL);
    double out[4];
    assert_fails(
        up_effects_joint_test(e, 0, 1, &out[0], &out[1], &out[2], &out[3], &err),
        UP_E_NO_VARIATION, &err);
    up_effect r = up_effects_get(e, 0);
    assert_close(r.std_error, 0, 0, 0);
    assert_true(isnan(r.statistic) && isnan(r.p_value) && isnan(r.relative));
    up_effects_free(e);
    fixture_free(&f);
}

static up_status
sweep(void *ctx, up_error *err)
{
    double out[4];
    return up_effects_joint_test(ctx, 0, 3, &out[0], &out[1], &out[2], &out[3], err);
}

static void
test_memory(void **state)
{
    (void)state;
    csv_spec spec = time_spec();
    fixture f = fixture_new(&spec, NULL);
    up_effects *e = effects_of(f.model, UP_EFFECT_OPTS(.over_time = 1));
    up_sweep_memory(sweep, e);
    up_effects_free(e);
    fixture_free(&f);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_covariance),
        cmocka_unit_test(test_covariance_of_averages),
        cmocka_unit_test(test_wald),
        cmocka_unit_test(test_dependent),
        cmocka_unit_test(test_nothing),
        cmocka_unit_test(test_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
