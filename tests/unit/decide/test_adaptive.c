/* Adaptive inference: laws, refusals, notes. */
#include "log_fixture.h"

static log_rows rows;

static up_adaptive *
infer(const up_moments *m, const up_adaptive_opts *o)
{
    up_error err = UP_ERROR_INIT;
    up_adaptive *a = NULL;
    assert_ok(up_infer_adaptive(m, o, &a, &err), &err);
    return a;
}

static log_fit
batched(int64_t arms)
{
    log_draw(&rows, arms, 1);
    return log_new(&rows, (up_roles){.propensity = "e", .time = "batch"}, "y",
        "factor(grp)", NULL);
}

/* With constant propensities constant allocation weighs all rows alike. */
static void
test_constant(void **state)
{
    (void)state;
    log_fit f = batched(3);
    up_adaptive *a =
        infer(f.moments, UP_ADAPTIVE_OPTS(.weights = UP_ADAPTIVE_CONSTANT));
    up_adaptive *b = infer(f.moments, UP_ADAPTIVE_OPTS(.weights = UP_ADAPTIVE_UNIFORM));
    for (int64_t i = 0; i < 5; i++) {
        up_effect x = up_adaptive_get(a, i);
        up_effect y = up_adaptive_get(b, i);
        assert_close(x.estimate, y.estimate, 1e-11, 1e-13);
        assert_close(x.std_error, y.std_error, 1e-11, 0);
        assert_int_equal(isnan(x.p_value), x.against[0] == '\0');
    }
    assert_true(isnan(up_adaptive_get(a, 5).estimate));
    up_adaptive_free(a);
    up_adaptive_free(b);
    log_free(&f);
}

static void
test_anytime(void **state)
{
    (void)state;
    up_error err = UP_ERROR_INIT;
    up_adaptive *none = NULL;
    log_fit f = batched(2);
    up_adaptive *a = infer(f.moments, UP_ADAPTIVE_OPTS(.weights = UP_ADAPTIVE_UNIFORM));
    up_adaptive *b =
        infer(f.moments, UP_ADAPTIVE_OPTS(.anytime = 1, .planned = LOG_ROWS));
    up_effect x = up_adaptive_get(a, 2);
    up_effect y = up_adaptive_get(b, 2);
    assert_close(y.estimate, x.estimate, 1e-14, 0);
    /* methods/core.md 5.1: at the planned size the multiplier is 3.0351224. */
    assert_close((y.ci_high - y.estimate) / y.std_error, 3.0351224, 1e-6, 0);
    assert_true(y.p_value >= x.p_value);
    assert_fails(
        up_infer_adaptive(f.moments, UP_ADAPTIVE_OPTS(.anytime = 1), &none, &err),
        UP_E_ARGUMENT, &err);
    err = (up_error)UP_ERROR_INIT;
    assert_fails(up_infer_adaptive(f.moments,
                     UP_ADAPTIVE_OPTS(.anytime = 1, .planned = 100,
                         .weights = UP_ADAPTIVE_CONSTANT),
                     &none, &err),
        UP_E_ARGUMENT, &err);
    up_adaptive_free(a);
    up_adaptive_free(b);
    log_free(&f);
}

static void
check(up_roles roles, const char *metric, const char *second, const up_adaptive_opts *o,
    up_status wanted)
{
    up_error err = UP_ERROR_INIT;
    up_adaptive *a = NULL;
    log_fit f = log_new(&rows, roles, metric, "factor(grp)", second);
    assert_fails(up_infer_adaptive(f.moments, o, &a, &err), wanted, &err);
    assert_null(a);
    assert_true(err.fix[0] != '\0' || wanted == UP_E_ARGUMENT);
    log_free(&f);
}

static void
test_refusals(void **state)
{
    (void)state;
    log_draw(&rows, 2, 1);
    up_roles good = {.propensity = "e", .time = "batch"};
    check((up_roles){.propensity = "e"}, "y", NULL, NULL, UP_E_ARGUMENT);
    check((up_roles){.time = "batch"}, "y", NULL, NULL, UP_E_ARGUMENT);
    check((up_roles){.propensity = "e", .time = "batch", .weight = "w"}, "y", NULL,
        NULL, UP_E_ARGUMENT);
    check(good, "y", "x", NULL, UP_E_NEEDS_ROWS);
    check(good, "r = ratio(y, w)", NULL, NULL, UP_E_ARGUMENT);
    check(good, "y", NULL, UP_ADAPTIVE_OPTS(.weights = 5), UP_E_ARGUMENT);
    check(good, "y", NULL, UP_ADAPTIVE_OPTS(.decay = 1), UP_E_ARGUMENT);
    check(good, "y", NULL, UP_ADAPTIVE_OPTS(.level = -1), UP_E_ARGUMENT);
    for (int64_t i = 0; i < rows.n; i++) {
        rows.e[i] = rows.batch[i] == 2 ? 0.7 : 0.5;
    }
    check(good, "y", NULL, NULL, UP_E_PROPENSITY);
}

/* Least squares points here when propensities change with time, and only then. */
static void
test_warning(void **state)
{
    (void)state;
    up_error err = UP_ERROR_INIT;
    for (int changing = 0; changing < 2; changing++) {
        bool found = false;
        up_effects *e = NULL;
        log_draw(&rows, 2, 1);
        for (int64_t i = 0; changing == 1 && i < rows.n; i++) {
            double p = 0.4 + 0.02 * (double)rows.batch[i];
            rows.e[i] = rows.arm[i] == 1 ? p : 1 - p;
        }
        log_fit f = log_new(&rows, (up_roles){.propensity = "e", .time = "batch"}, "y",
            "factor(grp)", NULL);
        assert_ok(up_infer_effect(f.model, NULL, &e, &err), &err);
        for (int64_t i = 0; i < up_effects_notes(e); i++) {
            found = found || up_effects_note(e, i).code == UP_W_ADAPTIVE;
        }
        assert_int_equal(found, changing);
        up_effects_free(e);
        log_free(&f);
    }
}

/* Two arms that a batch never plays share what is left, with a note. */
static void
test_shared(void **state)
{
    (void)state;
    bool found = false;
    log_draw(&rows, 4, 1);
    for (int64_t i = 0; i < rows.n; i++) {
        rows.arm[i] = rows.batch[i] == 5 ? rows.arm[i] % 2 : rows.arm[i];
    }
    log_fit f = log_new(&rows, (up_roles){.propensity = "e", .time = "batch"}, "y",
        "factor(grp)", NULL);
    up_adaptive *a = infer(f.moments, NULL);
    for (int64_t i = 0; i < up_adaptive_notes(a); i++) {
        up_note n = up_adaptive_note(a, i);
        found = found || n.code == UP_N_ADAPTIVE_SHARED;
        if (n.code == UP_N_ADAPTIVE_SHARED) {
            assert_close(n.number, 1.0 / 6, 1e-12, 0);
        }
    }
    assert_true(found);
    up_adaptive_free(a);
    log_free(&f);
}

static up_status
sweep(void *ctx, up_error *err)
{
    up_adaptive *a = NULL;
    up_status status = up_infer_adaptive(ctx, NULL, &a, err);
    up_adaptive_free(a);
    return status;
}

static void
test_memory(void **state)
{
    (void)state;
    log_draw(&rows, 3, 1);
    log_fit f = log_new(&rows,
        (up_roles){.propensity = "e", .time = "batch", .cluster = "home"}, "y", NULL,
        NULL);
    up_sweep_memory(sweep, f.moments);
    log_free(&f);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_constant),
        cmocka_unit_test(test_anytime), cmocka_unit_test(test_refusals),
        cmocka_unit_test(test_warning), cmocka_unit_test(test_shared),
        cmocka_unit_test(test_memory)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
