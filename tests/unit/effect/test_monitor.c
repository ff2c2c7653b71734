/* Looks as a path: what intervals share, sticky decisions, early and same-cluster looks, refusals.
 * That a look is the effect of its rows is tested with the program (tests/cli/monitor.bats). */
#include "up_test.h"

#include <upshot/upshot.h>

#include <math.h>
#include <string.h>

enum { ROWS = 600, LOOKS = 3 };

typedef struct data {
    int64_t arm[ROWS], unit[ROWS];
    double y[ROWS];
} data;

typedef struct fitted {
    up_source *source;
    up_experiment *experiment;
    up_moments *moments;
    up_model *model;
} fitted;

static void
fill(data *d, double effect)
{
    for (int64_t i = 0; i < ROWS; i++) {
        d->arm[i] = i % 2;
        d->unit[i] = i % 100;
        d->y[i] = 5 + effect * (double)d->arm[i] + (double)((i * 7919) % 101) / 50;
    }
}

/* A model of the first n rows. */
static fitted
fit(const data *d, int64_t n, bool clusters)
{
    up_error err = UP_ERROR_INIT;
    fitted f = {0};
    const up_column columns[] = {{.name = "arm", .i64 = d->arm},
        {.name = "unit", .i64 = d->unit}, {.name = "y", .f64 = d->y}};
    assert_ok(up_source_from_columns_borrow(columns, 3, n, &f.source, &err), &err);
    assert_ok(
        up_experiment_new(f.source,
            UP_ROLES(.intent_to_treat = "arm", .cluster = clusters ? "unit" : NULL),
            &f.experiment, &err),
        &err);
    assert_ok(up_experiment_add_metric(f.experiment, "y", &err), &err);
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

static const int64_t sizes[LOOKS] = {60, 300, 600};

static bool
noted(const up_monitor *m, up_note_code code)
{
    for (int64_t i = 0; i < up_monitor_notes(m); i++) {
        if (up_monitor_note(m, i).code == code) {
            return true;
        }
    }
    return false;
}

static void
looks_share_intervals_and_keep_decisions(void **state)
{
    (void)state;
    static data d;
    up_error err = UP_ERROR_INIT;
    up_monitor *m = NULL;
    fill(&d, 0.8);
    assert_ok(up_monitor_new(
                  UP_EFFECT_OPTS(.inference = UP_INFERENCE_ANYTIME, .planned = 600), &m,
                  &err),
        &err);
    assert_string_equal(up_monitor_estimand(m), "");
    for (int k = 0; k < LOOKS; k++) {
        fitted f = fit(&d, sizes[k], false);
        assert_ok(up_monitor_look(m, f.model, k == 1 ? "second" : NULL, &err), &err);
        up_effects *e = NULL;
        assert_ok(up_infer_effect(f.model,
                      UP_EFFECT_OPTS(.inference = UP_INFERENCE_ANYTIME, .planned = 600),
                      &e, &err),
            &err);
        up_effect alone = up_effects_get(e, 0);
        up_monitor_row row = up_monitor_get(m, k);
        assert_close(row.effect.ci_low, alone.ci_low, 0, 0);
        assert_close(row.effect.log_e_value, alone.log_e_value, 0, 0);
        assert_close(row.information, (double)sizes[k] / 600, 1e-15, 0);
        assert_true(row.fixed_low > row.effect.ci_low);
        up_effects_free(e);
        fitted_free(&f); /* rows do not point into it */
    }
    assert_int_equal(up_monitor_looks(m), LOOKS);
    assert_int_equal(up_monitor_count(m), LOOKS);
    assert_string_equal(up_monitor_get(m, 1).label, "second");
    assert_string_equal(up_monitor_get(m, 2).label, "3");
    double low = -INFINITY;
    double p = 1;
    for (int k = 0; k < LOOKS; k++) {
        up_monitor_row row = up_monitor_get(m, k);
        low = fmax(low, row.effect.ci_low);
        p = fmin(p, row.effect.p_value);
        assert_close(row.running_low, low, 0, 0);
        assert_close(row.running_p, p, 0, 0);
        assert_string_equal(row.effect.metric, "y");
        assert_int_equal(row.empty, 0);
    }
    assert_int_equal(up_monitor_get(m, 2).decision, UP_DECISION_INCREASE);
    assert_true(noted(m, UP_N_EARLY_LOOK));
    assert_true(up_monitor_assumptions(m) > 0);
    assert_null(up_monitor_assumption(m, 99));
    assert_close(up_monitor_inference(m).planned, 600, 0, 0);
    up_monitor_free(m);
    up_monitor_free(NULL);
}

/* Another experiment at the later look: nothing in common, and what was decided stays decided. */
static void
a_turn_empties_the_intersection(void **state)
{
    (void)state;
    static data first;
    static data second;
    up_error err = UP_ERROR_INIT;
    up_monitor *m = NULL;
    fill(&first, 3);
    fill(&second, -3);
    fitted a = fit(&first, 300, false);
    fitted b = fit(&second, 600, false);
    assert_ok(up_monitor_new(
                  UP_EFFECT_OPTS(.inference = UP_INFERENCE_ANYTIME, .planned = 600), &m,
                  &err),
        &err);
    assert_ok(up_monitor_look(m, a.model, NULL, &err), &err);
    assert_ok(up_monitor_look(m, b.model, NULL, &err), &err);
    up_monitor_row row = up_monitor_get(m, 1);
    assert_int_equal(row.empty, 1);
    assert_true(isnan(row.running_low) && isnan(row.running_high));
    assert_int_equal(row.effect.decision, UP_DECISION_DECREASE);
    assert_int_equal(row.decision, UP_DECISION_INCREASE);
    assert_true(noted(m, UP_W_EMPTY_INTERSECTION));
    /* fewer rows than before is no look, and changes nothing */
    assert_fails(up_monitor_look(m, a.model, NULL, &err), UP_E_LOOKS, &err);
    assert_int_equal(up_monitor_looks(m), 2);
    assert_int_equal(up_monitor_count(m), 2);
    up_monitor_free(m);
    fitted_free(&a);
    fitted_free(&b);
}

static void
rows_in_the_same_clusters_are_warned_of(void **state)
{
    (void)state;
    static data d;
    up_error err = UP_ERROR_INIT;
    up_monitor *m = NULL;
    fill(&d, 1);
    fitted a = fit(&d, 200, true);
    fitted b = fit(&d, 400, true);
    assert_ok(up_monitor_new(
                  UP_EFFECT_OPTS(.inference = UP_INFERENCE_ANYTIME, .planned = 100), &m,
                  &err),
        &err);
    assert_ok(up_monitor_look(m, a.model, NULL, &err), &err);
    assert_false(noted(m, UP_W_SAME_CLUSTERS));
    assert_ok(up_monitor_look(m, b.model, NULL, &err), &err);
    assert_true(noted(m, UP_W_SAME_CLUSTERS));
    assert_int_equal(up_monitor_inference(m).unit_is_cluster, 1);
    up_monitor_free(m);
    fitted_free(&a);
    fitted_free(&b);
}

/* Stated fractions that the rows do not bear out; and the size of a single look likewise. */
static void
information_is_held_against_the_rows(void **state)
{
    (void)state;
    static data d;
    up_error err = UP_ERROR_INIT;
    fill(&d, 0);
    static const double plans[][LOOKS] = {{0.1, 0.5, 1}, {0.1, 0.2, 1}, {0.25, 0.5, 1}};
    for (int p = 0; p < 3; p++) {
        up_monitor *m = NULL;
        assert_ok(up_monitor_new(UP_EFFECT_OPTS(.inference = UP_INFERENCE_GROUP,
                                     .information = plans[p], .n_information = LOOKS),
                      &m, &err),
            &err);
        for (int k = 0; k < LOOKS; k++) {
            fitted f = fit(&d, sizes[k], false);
            assert_ok(up_monitor_look(m, f.model, NULL, &err), &err);
            fitted_free(&f);
        }
        assert_int_equal(noted(m, UP_W_INFORMATION), p > 0);
        up_monitor_free(m);
    }
    fitted f = fit(&d, 300, false);
    static const double planned[] = {600, 300, 1000};
    for (int p = 0; p < 3; p++) {
        up_effects *e = NULL;
        assert_ok(
            up_infer_effect(f.model,
                UP_EFFECT_OPTS(.inference = UP_INFERENCE_GROUP, .information = plans[0],
                    .n_information = 2, .planned = planned[p]),
                &e, &err),
            &err);
        bool warned = false;
        for (int64_t i = 0; i < up_effects_notes(e); i++) {
            warned = warned || up_effects_note(e, i).code == UP_W_INFORMATION;
        }
        assert_int_equal(warned, p > 0);
        up_effects_free(e);
    }
    fitted_free(&f);
}

static void
refuses_what_is_no_plan(void **state)
{
    (void)state;
    const up_effect_opts bad[] = {
        *UP_EFFECT_OPTS(.planned = 600),
        *UP_EFFECT_OPTS(.inference = UP_INFERENCE_ANYTIME),
        *UP_EFFECT_OPTS(.inference = UP_INFERENCE_GROUP),
        *UP_EFFECT_OPTS(.inference = 7, .planned = 600),
        *UP_EFFECT_OPTS(.inference = UP_INFERENCE_ANYTIME, .planned = 600,
            .over_time = 1),
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        up_error err = UP_ERROR_INIT;
        up_monitor *m = NULL;
        assert_fails(up_monitor_new(&bad[i], &m, &err),
            i == 0 ? UP_E_PEEK : UP_E_ARGUMENT, &err);
        assert_null(m);
    }
    up_error err = UP_ERROR_INIT;
    up_monitor *m = NULL;
    assert_ok(
        up_monitor_new(
            UP_EFFECT_OPTS(.inference = UP_INFERENCE_ANYTIME, .mixture = 50), &m, &err),
        &err);
    assert_fails(up_monitor_look(m, NULL, NULL, &err), UP_E_ARGUMENT, &err);
    up_monitor_free(m);
}

static up_status
two_looks(void *ctx, up_error *err)
{
    fitted *f = ctx;
    up_monitor *m = NULL;
    up_status status = UP_OK;
    UP_TRY(up_monitor_new(
        UP_EFFECT_OPTS(.inference = UP_INFERENCE_GROUP, .planned = 600), &m, err));
    UP_TRY(up_monitor_look(m, f[0].model, NULL, err));
    UP_TRY(up_monitor_look(m, f[1].model, NULL, err));
out:
    up_monitor_free(m);
    return status;
}

static void
survives_lack_of_memory(void **state)
{
    (void)state;
    static data d;
    fill(&d, 0.5);
    fitted f[2] = {fit(&d, 200, false), fit(&d, 400, false)};
    up_sweep_memory(two_looks, f);
    fitted_free(&f[0]);
    fitted_free(&f[1]);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(looks_share_intervals_and_keep_decisions),
        cmocka_unit_test(a_turn_empties_the_intersection),
        cmocka_unit_test(rows_in_the_same_clusters_are_warned_of),
        cmocka_unit_test(information_is_held_against_the_rows),
        cmocka_unit_test(refuses_what_is_no_plan),
        cmocka_unit_test(survives_lack_of_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
