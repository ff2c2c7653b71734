/* Effects under noncompliance against methods/core.md section 6.5 and make.R. */
#include "fixture.h"

static const up_linear_opts *const hc1 =
    &(up_linear_opts){.struct_size = sizeof(up_linear_opts), .vcov = UP_VCOV_HC1};

static up_effect
ask(const fixture *f, const up_effect_opts *opts, const char *metric, const char *arm,
    const char *segment)
{
    up_effects *e = effects_of(f->model, opts);
    int64_t i = find_row(e, metric, arm, segment, "");
    up_effect r = up_effects_get(e, i);
    r.segment = r.period = "";
    up_effects_free(e);
    return r;
}

static void
check_ate(up_effect r, const char *group, bool super)
{
    assert_close(r.estimate, expected(group, "ate"), 1e-9, 0);
    assert_close(
        r.std_error, expected(group, super ? "ate se super" : "ate se"), 1e-9, 0);
    assert_string_equal(r.estimand, "ate");
}

/* The panel: estimates known to all digits in core.md. */
static void
test_panel(void **state)
{
    (void)state;
    csv_spec spec = panel_spec(false, true);
    fixture f = fixture_new(&spec, hc1);
    up_effect r = ask(&f, NULL, "y1", "1", "");
    assert_close(r.estimate, 1.62134351374955, 1e-12, 0);
    assert_string_equal(r.estimand, "late");
    assert_close(r.std_error, expected("panel", "se super"), 1e-9, 0);
    assert_close(r.baseline, expected("panel", "base"), 1e-9, 0);
    r = ask(&f, UP_EFFECT_OPTS(.population = UP_POPULATION_SAMPLE), "y1", "1", "");
    assert_close(r.std_error, expected("panel", "se"), 1e-9, 0);
    r = ask(&f, UP_EFFECT_OPTS(.estimand = UP_ESTIMAND_ATE), "y1", "1", "");
    assert_close(r.estimate, 1.60454612039698, 1e-12, 0);
    assert_close(r.std_error, 0.227728251044783, 1e-11, 0);
    r = ask(&f,
        UP_EFFECT_OPTS(.estimand = UP_ESTIMAND_ATE, .population = UP_POPULATION_SAMPLE),
        "y1", "1", "");
    assert_close(r.std_error, 0.22754643580308, 1e-11, 0);
    r = ask(&f,
        UP_EFFECT_OPTS(.estimand = UP_ESTIMAND_ITT, .population = UP_POPULATION_SAMPLE),
        "y1", "1", "");
    assert_close(r.estimate, 0.858931226542, 1e-11, 0);
    assert_string_equal(r.estimand, "itt");
    r = ask(&f, UP_EFFECT_OPTS(.estimand = UP_ESTIMAND_ATT), "y1", "1", "");
    assert_close(r.estimate, 1.62134351374955, 1e-12, 0);
    assert_string_equal(r.estimand, "att");
    fixture_free(&f);
}

static void
test_panel_segments(void **state)
{
    (void)state;
    static const double cate[] = {1.41976631532933, 1.69706405048751, 1.67994775731015};
    char name[32];
    char segment[32];
    csv_spec spec = panel_spec(false, true);
    fixture f = fixture_new(&spec, hc1);
    for (int k = 0; k < 3; k++) {
        (void)snprintf(name, sizeof name, "panel x1=%d", k);
        (void)snprintf(segment, sizeof segment, "x1 = %d", k);
        up_effect r = ask(&f, UP_EFFECT_OPTS(.by = "x1", .estimand = UP_ESTIMAND_ATE),
            "y1", "1", segment);
        assert_close(r.estimate, cate[k], 1e-12, 0);
        check_ate(r, name, true);
        r = ask(&f, UP_EFFECT_OPTS(.by = "x1"), "y1", "1", segment);
        assert_close(r.estimate, expected(name, "est"), 1e-9, 0);
        assert_close(r.std_error, expected(name, "se super"), 1e-9, 0);
    }
    fixture_free(&f);
}

/* CR1S of the remap is in core.md. */
static void
test_panel_clusters(void **state)
{
    (void)state;
    csv_spec spec = panel_spec(true, true);
    fixture f = fixture_new(&spec, UP_LINEAR_OPTS(.vcov = UP_VCOV_CR1S));
    up_effect r = ask(&f,
        UP_EFFECT_OPTS(.estimand = UP_ESTIMAND_ATE, .population = UP_POPULATION_SAMPLE),
        "y1", "1", "");
    assert_close(r.std_error, 0.263513870715004, 1e-11, 0);
    assert_int_equal(r.clusters, 24);
    assert_close(r.df, 23, 0, 0);
    fixture_free(&f);
}

/* ---- three arms, two-sided ---- */

static void
test_arms(void **state)
{
    (void)state;
    static const char *const where[] = {"g = 1"};
    csv_spec spec = enc_spec(false);
    fixture f = fixture_new(&spec, hc1);
    for (int64_t p = 0; p < 2; p++) {
        bool super = p == UP_POPULATION_SUPER;
        const char *se = super ? "se super" : "se";
        up_effect r = ask(&f, UP_EFFECT_OPTS(.population = p), "y", "a", "");
        assert_close(r.estimate, expected("enc g a", "est"), 1e-9, 0);
        assert_close(r.std_error, expected("enc g a", se), 1e-9, 0);
        assert_close(r.baseline, expected("enc g a", "base"), 1e-9, 0);
        r = ask(&f, UP_EFFECT_OPTS(.population = p), "y", "b", "");
        assert_close(r.std_error, expected("enc g b", se), 1e-9, 0);
        r = ask(&f, UP_EFFECT_OPTS(.population = p, .against = "a"), "y", "b", "");
        assert_close(r.estimate, expected("enc g b-a", "est"), 1e-9, 0);
        assert_close(r.std_error, expected("enc g b-a", se), 1e-9, 0);
        r = ask(&f, UP_EFFECT_OPTS(.population = p, .where = where, .n_where = 1), "y",
            "a", "g = 1");
        assert_close(r.estimate, expected("enc g a g=1", "est"), 1e-9, 0);
        assert_close(r.std_error, expected("enc g a g=1", se), 1e-9, 0);
        r = ask(&f, UP_EFFECT_OPTS(.population = p, .estimand = UP_ESTIMAND_ATE), "y",
            "b", "");
        check_ate(r, "enc g b", super);
    }
    up_effect r =
        ask(&f, UP_EFFECT_OPTS(.population = UP_POPULATION_SAMPLE), "y", "a", "");
    assert_close(r.baseline_std_error, expected("enc g a", "base se"), 1e-9, 0);
    r = ask(&f,
        UP_EFFECT_OPTS(.population = UP_POPULATION_SAMPLE, .estimand = UP_ESTIMAND_ITT),
        "y", "a", "");
    assert_close(r.estimate, expected("enc itt", "a"), 1e-9, 0);
    assert_close(r.std_error, expected("enc itt", "a se"), 1e-9, 0);
    fixture_free(&f);
}

/* A number with 900 values as a key, where all is exact; and as a continuous covariate, where
 * only the spread of the averages within a cell is linearised. */
static void
test_continuous(void **state)
{
    (void)state;
    static const csv_key few[] = {{"z", UPI_KEY_ARM, false},
        {"d", UPI_KEY_TREATED, false}, {"g", UPI_KEY_COVARIATE, true}, {0}};
    static const char *const x[] = {"x", NULL};
    for (int way = 0; way < 2; way++) {
        csv_spec spec = enc_spec(true);
        if (way == 1) {
            spec.keys = few;
            spec.x = x;
            spec.form = UPI_TRI;
        }
        fixture f = fixture_new(&spec, hc1);
        for (int64_t p = 0; p < 2; p++) {
            bool super = p == UP_POPULATION_SUPER;
            double rtol = way == 1 && super ? 1e-4 : 1e-9;
            const char *se = super ? "se super" : "se";
            up_effect r = ask(&f, UP_EFFECT_OPTS(.population = p), "y", "a", "");
            assert_close(r.estimate, expected("enc gx a", "est"), 1e-9, 0);
            assert_close(r.std_error, expected("enc gx a", se), rtol, 0);
            assert_close(r.baseline, expected("enc gx a", "base"), 1e-9, 0);
            r = ask(&f, UP_EFFECT_OPTS(.population = p), "y", "b", "");
            assert_close(r.estimate, expected("enc gx b", "est"), 1e-9, 0);
            assert_close(r.std_error, expected("enc gx b", se), rtol, 0);
        }
        fixture_free(&f);
    }
}

/* Two encouragements of one treatment: no label of the one is a label of the other. */
static void
test_two_encouragements(void **state)
{
    (void)state;
    static const csv_key keys[] = {{"z", UPI_KEY_ARM, false},
        {"t", UPI_KEY_TREATED, false}, {"g", UPI_KEY_COVARIATE, true}, {0}};
    csv_spec spec = enc_spec(false);
    spec.keys = keys;
    fixture f = fixture_new(&spec, UP_LINEAR_OPTS(.vcov = UP_VCOV_HC0));
    up_effect r = ask(&f, NULL, "y", "1", "");
    assert_close(r.estimate, expected("over", "est"), 1e-9, 0);
    assert_close(r.std_error, expected("over", "se super"), 1e-9, 0);
    r = ask(&f, UP_EFFECT_OPTS(.population = UP_POPULATION_SAMPLE), "y", "1", "");
    assert_close(r.std_error, expected("over", "se"), 1e-9, 0);
    fixture_free(&f);
}

/* One effect for all: the coefficient itself, and nothing from the first stage. */
static void
test_additive(void **state)
{
    (void)state;
    csv_spec spec = enc_spec(false);
    fixture f = fixture_new(
        &spec, UP_LINEAR_OPTS(.vcov = UP_VCOV_HC1, .interactions = UP_INTERACT_NONE));
    up_effect r = ask(&f, NULL, "y", "a", "");
    assert_close(r.estimate, expected("enc add", "a"), 1e-9, 0);
    assert_close(r.std_error, expected("enc add", "a se"), 1e-9, 0);
    fixture_free(&f);
}

/* ---- what is refused, and what is said ---- */

static void
test_refusals(void **state)
{
    (void)state;
    up_error err = UP_ERROR_INIT;
    up_effects *e = NULL;
    csv_spec spec = enc_spec(false);
    fixture f = fixture_new(&spec, hc1);
    assert_fails(
        up_infer_effect(f.model, UP_EFFECT_OPTS(.estimand = UP_ESTIMAND_ATT), &e, &err),
        UP_E_ESTIMAND, &err);
    assert_non_null(strstr(err.fix, "late"));
    fixture_free(&f);
    /* x moves compliance, so that some cells have next to none. */
    spec = enc_spec(true);
    f = fixture_new(&spec, hc1);
    for (int64_t j = 0; j < f.model->z.p; j++) {
        const upi_base *b = &f.model->base[f.model->z.term[j].base];
        int64_t k = 2 * f.model->moments->ny;
        if (b->kind == UPI_BASE_NUMBER && f.model->z.term[j].level >= 0) {
            f.model->coef[k][j] = f.model->coef[k + 1][j] = 0.4;
        }
    }
    err = (up_error)UP_ERROR_INIT;
    assert_fails(
        up_infer_effect(f.model, UP_EFFECT_OPTS(.estimand = UP_ESTIMAND_ATE), &e, &err),
        UP_E_ESTIMAND, &err);
    assert_non_null(strstr(err.message, "moves the treatment by"));
    for (int64_t j = 0; j < f.model->z.p; j++) {
        f.model->coef[2 * f.model->moments->ny][j] = 0;
        f.model->coef[2 * f.model->moments->ny + 1][j] = 0;
    }
    err = (up_error)UP_ERROR_INIT;
    assert_fails(up_infer_effect(f.model, NULL, &e, &err), UP_E_ESTIMAND, &err);
    assert_non_null(strstr(err.fix, "itt"));
    assert_null(e);
    fixture_free(&f);
}

static bool
assumes(const up_effects *e, const char *word)
{
    for (int64_t i = 0; i < up_effects_assumptions(e); i++) {
        if (strstr(up_effects_assumption(e, i), word) != NULL) {
            return true;
        }
    }
    return false;
}

static void
test_words(void **state)
{
    (void)state;
    csv_spec spec = enc_spec(false);
    fixture f = fixture_new(&spec, hc1);
    up_effects *e = effects_of(f.model, NULL);
    assert_true(has_note(e, UP_N_ESTIMAND_LATE));
    assert_true(assumes(e, "exclusion") && assumes(e, "monotonicity"));
    assert_false(assumes(e, "ignorability"));
    assert_non_null(strstr(up_effects_estimand(e), "compliers"));
    up_effects_free(e);
    e = effects_of(f.model, UP_EFFECT_OPTS(.estimand = UP_ESTIMAND_ATE));
    assert_true(has_note(e, UP_N_ESTIMAND_ATE));
    assert_true(assumes(e, "ignorability") && assumes(e, "positivity"));
    for (int64_t i = 0; i < up_effects_notes(e); i++) {
        up_note note = up_effects_note(e, i);
        if (note.code == UP_N_ESTIMAND_ATE) {
            double a = expected("enc g a", "min c");
            double b = expected("enc g b", "min c");
            assert_close(note.number, fmin(a, b), 1e-9, 0);
        }
    }
    up_effects_free(e);
    e = effects_of(f.model, UP_EFFECT_OPTS(.estimand = UP_ESTIMAND_ITT));
    assert_false(assumes(e, "exclusion"));
    assert_false(has_note(e, UP_N_ESTIMAND_LATE));
    up_effects_free(e);
    fixture_free(&f);
}

static up_status
sweep(void *ctx, up_error *err)
{
    up_effects *e = NULL;
    up_status status = up_infer_effect(ctx, UP_EFFECT_OPTS(.by = "g"), &e, err);
    up_effects_free(e);
    return status;
}

static void
test_memory(void **state)
{
    (void)state;
    csv_spec spec = enc_spec(false);
    fixture f = fixture_new(&spec, hc1);
    up_sweep_memory(sweep, f.model);
    fixture_free(&f);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_panel),
        cmocka_unit_test(test_panel_segments),
        cmocka_unit_test(test_panel_clusters),
        cmocka_unit_test(test_arms),
        cmocka_unit_test(test_continuous),
        cmocka_unit_test(test_two_encouragements),
        cmocka_unit_test(test_additive),
        cmocka_unit_test(test_refusals),
        cmocka_unit_test(test_words),
        cmocka_unit_test(test_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
