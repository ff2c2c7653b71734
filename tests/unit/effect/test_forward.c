/* Effects carried forward: what is refused, what is noted, and the laws of the rows. Numbers
 * against least squares in R are in tests/oracle/project. */
#include "fixture.h"
#include "project_fit.h"

static project_fit
panel_fit(const char *time, const char *metric)
{
    static const char *const none[] = {NULL};
    return project_fit_of("oracle/project/panel.csv",
        UP_ROLES(.intent_to_treat = "arm", .cluster = "unit", .time = time), metric,
        none, NULL);
}

static void
refuses(
    const project_fit *f, const up_project_opts *o, up_status status, const char *words)
{
    up_error err = UP_ERROR_INIT;
    up_effects *e = NULL;
    assert_fails(up_project(f->model, NULL, o, &e, &err), status, &err);
    assert_null(e);
    if (strstr(err.message, words) == NULL) {
        fail_msg("'%s' does not say '%s'", err.message, words);
    }
}

static void
test_refusals(void **state)
{
    (void)state;
    project_fit f = panel_fit("period", "y");
    refuses(&f, UP_PROJECT_OPTS(.forward = 2), UP_E_HORIZON, "does not fit");
    refuses(&f, UP_PROJECT_OPTS(.forward = 5, .rule = UP_FORWARD_DECAY), UP_E_HORIZON,
        "more than half");
    project_fit_free(&f);
    /* Two periods; three are too few for three parameters; text has no order. */
    f = panel_fit("least(period, 2)", "y");
    refuses(&f, UP_PROJECT_OPTS(.forward = 1), UP_E_HORIZON, "2 periods");
    project_fit_free(&f);
    f = panel_fit("least(period, 3)", "y");
    refuses(&f, UP_PROJECT_OPTS(.forward = 1, .rule = UP_FORWARD_LEVEL), UP_E_HORIZON,
        "needs 4");
    project_fit_free(&f);
    f = panel_fit("if(period < 3, 'x', if(period < 5, 'y', 'z'))", "y");
    refuses(&f, UP_PROJECT_OPTS(.forward = 1), UP_E_HORIZON, "text");
    project_fit_free(&f);
    f = panel_fit("period", "z = if(unit % 2 = 0, period, 0) + y");
    refuses(&f, UP_PROJECT_OPTS(.forward = 1, .rule = UP_FORWARD_DECAY), UP_E_HORIZON,
        "do not decay");
    project_fit_free(&f);
}

static void
test_notes(void **state)
{
    (void)state;
    project_fit f = panel_fit("period", "y");
    up_effects *e = projected(&f, NULL, UP_PROJECT_OPTS(.forward = 6, .accept = 1));
    assert_true(has_note(e, UP_N_FORWARD) && has_note(e, UP_W_FORWARD_FAR) &&
                has_note(e, UP_W_FORWARD_FIT));
    bool named = false;
    for (int64_t i = 0; i < up_effects_assumptions(e); i++) {
        named = named || strstr(up_effects_assumption(e, i), "constancy") != NULL;
    }
    assert_true(named);
    assert_non_null(strstr(up_effects_estimand(e), "forward"));
    up_effect r = up_effects_get(e, 5);
    assert_string_equal(r.period, "+6");
    assert_true(isnan(r.baseline) && isnan(r.relative));
    assert_int_equal(r.n, 2400);
    assert_int_equal(r.clusters, 300);
    up_effects_free(e);
    e = projected(&f, NULL, UP_PROJECT_OPTS(.forward = 2, .rule = UP_FORWARD_DECAY));
    assert_false(has_note(e, UP_W_FORWARD_FAR) || has_note(e, UP_W_FORWARD_FIT));
    up_forward_fit v = up_effects_forward_fit(e, 0);
    assert_close(v.half_life, log(0.5) / log(v.factor), 1e-12, 0);
    assert_true(v.half_life_low < v.half_life && v.half_life < v.half_life_high);
    assert_true(isnan(v.slope) && isnan(v.level));
    assert_int_equal(up_effects_forward_fits(e), 1);
    assert_string_equal(up_effects_forward_fit(e, 1).metric, "");
    assert_true(isnan(up_effects_forward_fit(e, -1).start));
    up_effects_free(e);
    project_fit_free(&f);
}

/* The variance of a sum of forecasts is that of the rows' joint covariance, and a rule in other
 * units of time says the same: periods 10 apart are one period each. */
static void
test_laws(void **state)
{
    (void)state;
    project_fit f = panel_fit("period", "y");
    project_fit tens = panel_fit("period * 10 + 5", "y");
    for (int64_t rule = UP_FORWARD_CONSTANT; rule <= UP_FORWARD_LEVEL; rule++) {
        up_project_opts *o = UP_PROJECT_OPTS(.forward = 3, .rule = rule, .accept = 1);
        up_effects *each = projected(&f, NULL, o);
        up_effects *sums = projected(&f, UP_EFFECT_OPTS(.cumulative = 1), o);
        up_effects *other = projected(&tens, NULL, o);
        double estimate = 0;
        double variance = 0;
        for (int64_t i = 0; i < 3; i++) {
            up_effect a = up_effects_get(each, i);
            up_effect b = up_effects_get(other, i);
            estimate += a.estimate;
            assert_close(b.estimate, a.estimate, 1e-9, 1e-11);
            assert_close(b.std_error, a.std_error, 1e-9, 0);
            assert_close(
                up_effects_covariance(each, i, i), a.std_error * a.std_error, 1e-10, 0);
            for (int64_t j = 0; j < 3; j++) {
                variance += up_effects_covariance(each, i, j);
            }
        }
        up_effect last = up_effects_get(sums, 2);
        assert_close(last.estimate, estimate, 1e-12, 0);
        assert_close(last.std_error, sqrt(variance), 1e-9, 0);
        up_effects_free(each);
        up_effects_free(sums);
        up_effects_free(other);
    }
    project_fit_free(&f);
    project_fit_free(&tens);
}

/* Segments, their differences and a target at once. */
static void
test_together(void **state)
{
    (void)state;
    csv_spec spec = time_spec();
    fixture f = fixture_new(&spec, NULL);
    up_error err = UP_ERROR_INIT;
    const char *const to[] = {"device=x:0.3,y:0.7"};
    up_effects *e = NULL;
    assert_ok(up_project(f.model, UP_EFFECT_OPTS(.by = "device", .compare_segments = 1),
                  UP_PROJECT_OPTS(.to = to, .n_to = 1, .forward = 2,
                      .rule = UP_FORWARD_LINEAR, .accept = 1),
                  &e, &err),
        &err);
    assert_int_equal(up_effects_count(e), 6);
    assert_int_equal(up_effects_forward_fits(e), 3);
    assert_string_equal(up_effects_get(e, 3).period, "+2");
    assert_string_equal(up_effects_get(e, 3).segment, "device = 'y'");
    assert_true(up_effects_target(e).effective_rows > 0);
    double p = 0;
    double stat = 0;
    double df1 = 0;
    double df2 = 0;
    assert_ok(up_effects_joint_test(e, 0, 2, &stat, &df1, &df2, &p, &err), &err);
    assert_true(p > 0 && p < 1);
    up_effects_free(e);
    fixture_free(&f);
}

static up_status
sweep(void *ctx, up_error *err)
{
    const fixture *f = ctx;
    up_effects *e = NULL;
    up_status status = up_project(f->model, NULL,
        UP_PROJECT_OPTS(.forward = 2, .rule = UP_FORWARD_LINEAR, .accept = 1), &e, err);
    up_effects_free(e);
    return status;
}

static void
test_memory(void **state)
{
    (void)state;
    csv_spec spec = time_spec();
    /* CR2 would keep its degrees of freedom with the model. */
    fixture f = fixture_new(&spec, UP_LINEAR_OPTS(.vcov = UP_VCOV_CR0));
    up_sweep_memory(sweep, &f);
    fixture_free(&f);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_refusals),
        cmocka_unit_test(test_notes), cmocka_unit_test(test_laws),
        cmocka_unit_test(test_together), cmocka_unit_test(test_memory)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
