/* Options, names and segments that are refused, and the notes that answers carry. */
#include "fixture.h"

static void
refuse(const up_model *m, const up_effect_opts *opts, up_status wanted,
    const char *field, const char *word)
{
    up_error err = UP_ERROR_INIT;
    up_effects *e = NULL;
    assert_fails(up_infer_effect(m, opts, &e, &err), wanted, &err);
    assert_null(e);
    if (field != NULL) {
        assert_string_equal(err.field, field);
    }
    if (word != NULL && strstr(err.message, word) == NULL &&
        strstr(err.fix, word) == NULL) {
        fail_msg("'%s' is not in '%s' / '%s'", word, err.message, err.fix);
    }
    /* A chain that has failed does nothing more. */
    assert_int_equal(up_infer_effect(m, opts, &e, &err), wanted);
}

#define REFUSE(m, status, field, word, ...)                                            \
    refuse((m), UP_EFFECT_OPTS(__VA_ARGS__), (status), (field), (word))

static void
test_options(void **state)
{
    (void)state;
    static const char *const bad_metric[] = {"sale"};
    static const char *const no_name[] = {NULL};
    csv_spec spec = ab_spec();
    fixture f = fixture_new(&spec, NULL);
    const up_model *m = f.model;
    REFUSE(m, UP_E_ARGUMENT, "level", "between 0 and 1", .level = 1);
    REFUSE(m, UP_E_ARGUMENT, "level", NULL, .level = -0.5);
    REFUSE(m, UP_E_ARGUMENT, "level", NULL, .level = NAN);
    REFUSE(m, UP_E_ARGUMENT, "estimand", NULL, .estimand = 5);
    REFUSE(m, UP_E_ARGUMENT, "scale", NULL, .scale = -1);
    REFUSE(m, UP_E_ARGUMENT, "relative", NULL, .relative = 3);
    REFUSE(m, UP_E_ARGUMENT, "population", NULL, .population = 2);
    REFUSE(m, UP_E_ARGUMENT, "where", NULL, .n_where = 1);
    REFUSE(m, UP_E_ARGUMENT, "where", NULL, .where = no_name, .n_where = 1);
    REFUSE(m, UP_E_ARGUMENT, "metrics", NULL, .n_metrics = -1);
    REFUSE(m, UP_E_ARGUMENT, "metrics", NULL, .metrics = no_name, .n_metrics = 1);
    REFUSE(
        m, UP_E_ARGUMENT, "metrics", "clicks", .metrics = bad_metric, .n_metrics = 1);
    REFUSE(m, UP_E_ARMS, "against", "control", .against = "c");
    REFUSE(m, UP_E_ARGUMENT, "compare_segments", NULL, .compare_segments = 1);
    REFUSE(m, UP_E_ARGUMENT, "cumulative", NULL, .cumulative = 1);
    REFUSE(m, UP_E_CONDITION, "time", "time role", .over_time = 1);
    REFUSE(m, UP_E_CONDITION, "color", "device", .by = "color");
    REFUSE(m, UP_E_CONDITION, "arm", "the arm", .by = "arm");
    REFUSE(m, UP_E_POST_TREATMENT, "sales", NULL, .by = "sales");
    refuse(NULL, NULL, UP_E_ARGUMENT, "model", NULL);
    up_error err = UP_ERROR_INIT;
    assert_fails(up_infer_effect(m, NULL, NULL, &err), UP_E_ARGUMENT, &err);
    fixture_free(&f);
}

static up_note
note_of(const up_effects *e, up_note_code code)
{
    for (int64_t i = 0; i < up_effects_notes(e); i++) {
        if (up_effects_note(e, i).code == code) {
            return up_effects_note(e, i);
        }
    }
    fail_msg("no note %s", up_note_name(code));
    return (up_note){0};
}

static up_status
sweep_by(void *ctx, up_error *err)
{
    up_effects *e = NULL;
    up_status status = up_infer_effect(ctx,
        UP_EFFECT_OPTS(.by = "device", .estimand = UP_ESTIMAND_ATT,
            .compare_segments = 1),
        &e, err);
    up_effects_free(e);
    return status;
}

static void
test_segments(void **state)
{
    (void)state;
    static const char *const nobody[] = {"score > 2", "score > 9"};
    static const char *const one_arm[] = {"one_arm = 'yes'"};
    csv_spec spec = ab_spec();
    fixture f = fixture_new(&spec, NULL);
    REFUSE(f.model, UP_E_NO_VARIATION, "where", "score > 9", .where = nobody,
        .n_where = 2);
    REFUSE(f.model, UP_E_CONDITION, "one_arm", NULL, .where = one_arm, .n_where = 1);
    /* No row of arm b is a tablet any more. */
    up_moments *m = f.csv->m;
    for (int64_t g = 0; g < m->n_groups; g++) {
        if (strcmp(m->keys[0].label[upi_moments_code(m, g, 0)], "b") == 0 &&
            strcmp(m->keys[1].label[upi_moments_code(m, g, 1)], "tablet") == 0) {
            m->n[g] = 0;
        }
    }
    static const char *const tablet[] = {"device = 'tablet'"};
    REFUSE(
        f.model, UP_E_NO_VARIATION, "where", "arm 'b'", .where = tablet, .n_where = 1);
    REFUSE(f.model, UP_E_NO_VARIATION, "where", NULL, .where = tablet, .n_where = 1,
        .by = "device");
    fixture_free(&f);
}

/* A level without rows in an arm does not stop the others: they answer as without it. */
static void
test_left_out(void **state)
{
    (void)state;
    csv_spec spec = ab_spec();
    fixture f = fixture_new(&spec, NULL);
    up_effects *all = effects_of(f.model, UP_EFFECT_OPTS(.by = "device"));
    up_moments *m = f.csv->m;
    int64_t left = 0;
    for (int64_t g = 0; g < m->n_groups; g++) {
        if (strcmp(m->keys[1].label[upi_moments_code(m, g, 1)], "tablet") != 0) {
            continue;
        }
        if (strcmp(m->keys[0].label[upi_moments_code(m, g, 0)], "b") == 0) {
            m->n[g] = 0;
        }
        left += m->n[g];
    }
    up_effects *e =
        effects_of(f.model, UP_EFFECT_OPTS(.by = "device", .compare_segments = 1));
    /* 3 metrics, 2 arms, 2 levels of 3 and their difference */
    assert_int_equal(up_effects_count(all), 18);
    assert_int_equal(up_effects_count(e), 18);
    for (int64_t i = 0; i < up_effects_count(all); i++) {
        up_effect a = up_effects_get(all, i);
        if (strcmp(a.segment, "device = 'tablet'") != 0) {
            int64_t j = find_row(e, a.metric, a.arm, a.segment, "");
            up_effect b = up_effects_get(e, j);
            assert_close(b.estimate, a.estimate, 1e-14, 0);
            assert_close(b.std_error, a.std_error, 1e-13, 0);
            assert_int_equal(b.n, a.n);
        }
    }
    up_note note = note_of(e, UP_W_SMALL_SEGMENT);
    assert_string_equal(note.field, "device");
    assert_close(note.number, (double)left, 0, 0);
    assert_non_null(strstr(note.text, "'tablet'"));
    assert_string_not_equal(note_of(all, UP_W_SMALL_SEGMENT).field, "device");
    up_effects_free(all);
    up_effects_free(e);
    /* The treated only: sets of each arm go with the levels. */
    e = effects_of(
        f.model, UP_EFFECT_OPTS(.by = "device", .estimand = UP_ESTIMAND_ATT));
    assert_int_equal(up_effects_count(e), 12);
    up_effects_free(e);
    up_sweep_memory(sweep_by, f.model);
    fixture_free(&f);
}

static void
test_needs_interactions(void **state)
{
    (void)state;
    static const char *const where[] = {"device = 'mobile'"};
    static const char *const loyal[] = {"loyal"};
    csv_spec spec = ab_spec();
    fixture f = fixture_new(&spec, UP_LINEAR_OPTS(.interactions = UP_INTERACT_NONE));
    REFUSE(
        f.model, UP_E_CONDITION, "where", "interactions", .where = where, .n_where = 1);
    REFUSE(f.model, UP_E_CONDITION, "where", "interactions", .by = "device");
    up_effects *e = effects_of(f.model, NULL);
    assert_false(has_note(e, UP_N_SUPERPOPULATION));
    up_effects_free(e);
    fixture_free(&f);
    f = fixture_new(&spec, UP_LINEAR_OPTS(.no_covariates = 1));
    REFUSE(
        f.model, UP_E_CONDITION, "where", "covariates", .where = loyal, .n_where = 1);
    fixture_free(&f);
}

static void
test_time(void **state)
{
    (void)state;
    static const char *const first[] = {"period = 1", "period > 2"};
    csv_spec spec = time_spec();
    fixture f = fixture_new(&spec, NULL);
    REFUSE(f.model, UP_E_CONDITION, "by", "over time", .by = "period");
    up_effects *over = effects_of(f.model, UP_EFFECT_OPTS(.over_time = 1));
    up_effects *where =
        effects_of(f.model, UP_EFFECT_OPTS(.where = first, .n_where = 2));
    up_effect a = up_effects_get(over, 0);
    up_effect b = up_effects_get(where, 0);
    assert_close(a.estimate, b.estimate, 1e-14, 0);
    assert_close(a.std_error, b.std_error, 1e-13, 0);
    assert_string_equal(a.period, "1");
    assert_string_equal(b.segment, "period = 1");
    up_effects_free(over);
    up_effects_free(where);
    fixture_free(&f);
}

/* week10 comes before week2: effects by label are fine, sums up to a label are not. */
static void
test_text_periods(void **state)
{
    (void)state;
    static const csv_key keys[] = {
        {"arm", UPI_KEY_ARM, false}, {"device", UPI_KEY_TIME, false}, {0}};
    csv_spec spec = time_spec();
    spec.keys = keys;
    fixture f = fixture_new(&spec, NULL);
    REFUSE(f.model, UP_E_ARGUMENT, "cumulative", "their order is not known",
        .over_time = 1, .cumulative = 1);
    up_effects_free(effects_of(f.model, UP_EFFECT_OPTS(.over_time = 1)));
    fixture_free(&f);
}

/* Segments, levels and periods combine; texts can be asked for again. */
static void
test_combined(void **state)
{
    (void)state;
    static const char *const where[] = {"period > 1 or period = 1", "period < 3"};
    csv_spec spec = time_spec();
    fixture f = fixture_new(&spec, NULL);
    up_effects *e = effects_of(f.model, UP_EFFECT_OPTS(.where = where, .n_where = 2,
                                            .by = "device", .compare_segments = 1));
    assert_int_equal(up_effects_count(e), 7);
    for (int64_t i = 0; i < 4; i++) {
        up_effect r = up_effects_get(e, i);
        const char *again[] = {r.segment};
        up_effects *one =
            effects_of(f.model, UP_EFFECT_OPTS(.where = again, .n_where = 1));
        up_effect s = up_effects_get(one, 0);
        assert_close(s.estimate, r.estimate, 1e-14, 0);
        assert_close(s.std_error, r.std_error, 1e-13, 0);
        assert_int_equal(s.n, r.n);
        assert_int_equal(s.clusters, r.clusters);
        up_effects_free(one);
    }
    assert_string_equal(
        up_effects_get(e, 0).segment, "(period > 1 or period = 1) and device = 'x'");
    assert_string_equal(up_effects_get(e, 2).segment, "period < 3 and device = 'x'");
    up_effects_free(e);
    e = effects_of(f.model, UP_EFFECT_OPTS(.by = "device", .over_time = 1,
                                .cumulative = 1, .compare_segments = 1));
    assert_int_equal(up_effects_count(e), 12);
    up_effect last = up_effects_get(e, 11);
    assert_string_equal(last.segment, "device = 'y' minus device = 'x'");
    assert_string_equal(last.period, "4");
    assert_close(last.estimate,
        up_effects_get(e, 7).estimate - up_effects_get(e, 3).estimate, 1e-12, 0);
    assert_int_equal(last.n, 335);
    assert_int_equal(last.clusters, 90);
    up_effects_free(e);
    fixture_free(&f);
}

/* ---- notes ---- */

static void
test_notes(void **state)
{
    (void)state;
    static const char *const where[] = {"device = 'tablet' and score = 4"};
    csv_spec spec = ab_spec();
    fixture f = fixture_new(&spec, NULL);
    up_error err = UP_ERROR_INIT;
    int64_t of_model = up_model_notes(f.model);
    assert_ok(upi_notes_add(&f.model->notes, UP_N_ROWS_DROPPED, "sales", 7, NAN, &err,
                  "seven rows"),
        &err);
    up_effects *e = effects_of(f.model, NULL);
    up_note dropped = note_of(e, UP_N_ROWS_DROPPED);
    assert_string_equal(dropped.text, "seven rows");
    /* All of them, each once, before those of the effects. */
    for (int64_t i = 0; i < of_model + 1; i++) {
        up_note a = up_model_note(f.model, i);
        up_note b = up_effects_note(e, i);
        assert_int_equal(a.code, b.code);
        assert_string_equal(a.field, b.field);
    }
    assert_true(has_note(e, UP_N_FIXED_HORIZON) && has_note(e, UP_N_SUPERPOPULATION));
    assert_false(has_note(e, UP_N_MANY_COMPARISONS) || has_note(e, UP_W_SMALL_SEGMENT));
    assert_false(has_note(e, UP_N_APPROXIMATE));
    up_effects_free(e);
    e = effects_of(f.model, UP_EFFECT_OPTS(.where = where, .n_where = 1));
    up_note small = note_of(e, UP_W_SMALL_SEGMENT);
    assert_string_equal(small.field, where[0]);
    assert_true(small.number > 0 && small.number < 30);
    assert_close(small.threshold, 30, 0, 0);
    up_effects_free(e);
    e = effects_of(f.model, UP_EFFECT_OPTS(.by = "score"));
    assert_close(note_of(e, UP_N_MANY_COMPARISONS).number, 30, 0, 0);
    up_effects_free(e);
    fixture_free(&f);
}

/* A metric whose baseline is next to nothing: unbounded ratios, and kinds that disagree. */
static void
test_relative_notes(void **state)
{
    (void)state;
    csv_spec spec = ab_spec();
    fixture f = fixture_new(&spec, UP_LINEAR_OPTS(.no_covariates = 1));
    double *b = f.model->coef[0];
    for (int64_t j = 0; j < f.model->x.p; j++) {
        b[j] = f.model->x.term[j].level < 0 ? 0.05 : 0.5;
    }
    up_effects *e = effects_of(f.model, NULL);
    up_effect r = up_effects_get(e, 0);
    assert_true(r.relative_shape != 0);
    assert_true(r.p_value < 0.05 && r.relative_p_value < 0.05);
    assert_string_equal(note_of(e, UP_W_RELATIVE_UNBOUNDED).field, "sales");
    assert_string_equal(note_of(e, UP_W_RELATIVE_CHOICE).field, "sales");
    up_effects_free(e);
    e = effects_of(f.model, UP_EFFECT_OPTS(.scale = UP_SCALE_ABSOLUTE));
    assert_true(isnan(up_effects_get(e, 0).relative));
    assert_false(has_note(e, UP_W_RELATIVE_UNBOUNDED));
    up_effects_free(e);
    fixture_free(&f);
}

/* Without rows of arm b on tablets, the effect on everyone is not all there in the data. */
static void
test_extrapolation(void **state)
{
    (void)state;
    static const char *const where[] = {"device = 'mobile'"};
    csv_spec spec = ab_spec();
    csv_fixture *csv = csv_moments_new(&spec);
    up_moments *m = csv->m;
    int64_t kept = 0;
    int64_t nv = m->nx + m->ny;
    for (int64_t g = 0; g < m->n_groups; g++) {
        bool out = strcmp(m->keys[0].label[upi_moments_code(m, g, 0)], "b") == 0 &&
                   strcmp(m->keys[1].label[upi_moments_code(m, g, 1)], "tablet") == 0;
        if (out) {
            m->n_rows -= m->n[g];
            continue;
        }
        m->n[kept] = m->n[g];
        memmove(m->code + kept * m->n_keys, m->code + g * m->n_keys,
            (size_t)m->n_keys * sizeof *m->code);
        memmove(m->mean + kept * nv, m->mean + g * nv, (size_t)nv * sizeof *m->mean);
        memmove(m->m2 + kept * nv * (nv + 1) / 2, m->m2 + g * nv * (nv + 1) / 2,
            (size_t)(nv * (nv + 1) / 2) * sizeof *m->m2);
        kept++;
    }
    m->n_groups = kept;
    fixture f = {csv, NULL};
    up_error err = UP_ERROR_INIT;
    assert_ok(up_fit_linear(m, NULL, NULL, &f.model, &err), &err);
    up_effects *e = effects_of(f.model, NULL);
    up_note note = note_of(e, UP_N_APPROXIMATE);
    assert_close(note.number, 3, 0, 0); /* arm b, three metrics */
    assert_non_null(strstr(note.text, "arm 'b'"));
    assert_non_null(strstr(note.field, "tablet"));
    up_effects_free(e);
    e = effects_of(f.model, UP_EFFECT_OPTS(.where = where, .n_where = 1));
    assert_false(has_note(e, UP_N_APPROXIMATE));
    up_effects_free(e);
    fixture_free(&f);
}

/* coll = 2 x + 3 is left out, but what is asked at the averages is known all the same. */
static void
test_collinear(void **state)
{
    (void)state;
    static const char *const x[] = {"x", "coll", NULL};
    static const char *const y[] = {"y", NULL};
    static const csv_key keys[] = {{"arm", UPI_KEY_ARM, false}, {0}};
    upi_text csv = {0};
    upi_text_add(&csv, "arm,x,coll,y\n");
    for (int i = 0; i < 211; i++) {
        double value = 0.1 * (i * i % 97) + 0.01 * (i % 7);
        upi_text_addf(&csv, "%s,%.17g,%.17g,%d\n", i % 2 == 0 ? "control" : "b", value,
            2 * value + 3, i * i % 11);
    }
    csv_spec spec = {.text = csv.s, .keys = keys, .x = x, .y = y, .form = UPI_TRI};
    fixture f = fixture_new(&spec, NULL);
    assert_int_equal(f.model->x.n_dropped, 2);
    up_effects *e = effects_of(f.model, NULL);
    assert_false(has_note(e, UP_N_APPROXIMATE));
    up_effects_free(e);
    fixture_free(&f);
    upi_text_free(&csv);
}

static void
test_accessors(void **state)
{
    (void)state;
    csv_spec spec = ab_spec();
    fixture f = fixture_new(&spec, NULL);
    up_effects *e = effects_of(f.model, NULL);
    assert_non_null(strstr(up_effects_estimand(e), "average treatment effect"));
    assert_true(up_effects_assumptions(e) >= 2);
    assert_string_equal(up_effects_assumption(e, 99), "");
    assert_true(isnan(up_effects_note(e, 99).number));
    assert_true(isnan(up_effects_get(e, -1).estimate));
    assert_string_equal(up_effects_get(e, 99).metric, "");
    up_effects_free(e);
    up_effects_free(NULL);
    fixture_free(&f);
}

static up_status
sweep(void *ctx, up_error *err)
{
    static const char *const where[] = {"device = 'x' or period > 2", "device = 'y'"};
    up_effects *e = NULL;
    up_status status = up_infer_effect(ctx,
        UP_EFFECT_OPTS(.where = where, .n_where = 2, .over_time = 1, .cumulative = 1),
        &e, err);
    up_effects_free(e);
    return status;
}

static void
test_memory(void **state)
{
    (void)state;
    static const char *const x[] = {"u", NULL};
    csv_spec spec = time_spec();
    fixture f = fixture_new(&spec, NULL);
    /* The model remembers degrees of freedom it was asked for; the sweep must not see that. */
    up_error err = UP_ERROR_INIT;
    assert_ok(sweep(f.model, &err), &err);
    up_sweep_memory(sweep, f.model);
    fixture_free(&f);
    spec = ab_spec();
    spec.x = x;
    spec.form = UPI_TRI;
    f = fixture_new(&spec, UP_LINEAR_OPTS(.vcov = UP_VCOV_HC1));
    up_sweep_memory(sweep_by, f.model);
    fixture_free(&f);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_options),
        cmocka_unit_test(test_segments),
        cmocka_unit_test(test_left_out),
        cmocka_unit_test(test_needs_interactions),
        cmocka_unit_test(test_time),
        cmocka_unit_test(test_combined),
        cmocka_unit_test(test_notes),
        cmocka_unit_test(test_relative_notes),
        cmocka_unit_test(test_extrapolation),
        cmocka_unit_test(test_collinear),
        cmocka_unit_test(test_accessors),
        cmocka_unit_test(test_text_periods),
        cmocka_unit_test(test_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
