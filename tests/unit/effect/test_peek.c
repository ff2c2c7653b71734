/* A look before the planned size at intervals that hold at that size: refused with the numbers,
 * for rows and for clusters, and noted where it is accepted. */
#include "fixture.h"

static csv_fixture *
made(const char *cluster, char *text, size_t size)
{
    size_t n = (size_t)snprintf(text, size, "arm,y,id\n");
    for (int i = 0; i < 60; i++) {
        n += (size_t)snprintf(
            text + n, size - n, "%d,%d,u%d\n", i / 3 % 2, (i * 37) % 17, i / 3);
    }
    static const csv_key keys[] = {{"arm", UPI_KEY_ARM, true}, {NULL, 0, false}};
    static const char *const y[] = {"y", NULL};
    return csv_moments_new(&(csv_spec){
        .text = text, .keys = keys, .y = y, .cluster = cluster, .form = UPI_GRAM});
}

static fixture
fitted(const char *cluster)
{
    static char text[2048];
    up_error err = UP_ERROR_INIT;
    fixture f = {made(cluster, text, sizeof text), NULL};
    upi_rows rows = {csv_moments_visit, f.csv};
    assert_ok(upi_model_new(f.csv->m, NULL, &f.model, &err), &err);
    assert_ok(upi_model_solve(f.model, &rows, NULL, &err), &err);
    return f;
}

static void
refuses(const fixture *f, double planned, const char *numbers)
{
    up_error err = UP_ERROR_INIT;
    up_effects *e = NULL;
    assert_fails(
        up_infer_effect(f->model, UP_EFFECT_OPTS(.planned = planned), &e, &err),
        UP_E_PEEK, &err);
    assert_null(e);
    assert_string_equal(err.field, "planned");
    assert_non_null(strstr(err.message, numbers));
    assert_non_null(strstr(err.fix, "--inference anytime --planned"));
    assert_non_null(strstr(err.fix, "--accept E_PEEK"));
}

static void
counts_what_has_arrived(void **state)
{
    (void)state;
    fixture rows = fitted(NULL);
    fixture clusters = fitted("id");
    refuses(&rows, 61, "60 rows have arrived of the 61 planned");
    refuses(&clusters, 21, "20 clusters have arrived of the 21 planned");
    up_effects_free(effects_of(rows.model, UP_EFFECT_OPTS(.planned = 60)));
    up_effects_free(effects_of(clusters.model, UP_EFFECT_OPTS(.planned = 20)));
    /* What was left out for missing values has arrived; what was in no arm has not. */
    rows.csv->m->n_dropped = 3;
    rows.csv->m->n_no_arm = 2;
    refuses(&rows, 62, "61 rows");
    up_effects_free(effects_of(rows.model, UP_EFFECT_OPTS(.planned = 61)));
    fixture_free(&rows);
    fixture_free(&clusters);
}

static void
other_inference_looks_at_any_time(void **state)
{
    (void)state;
    static const double looks[] = {0.5};
    fixture f = fitted(NULL);
    up_effects_free(effects_of(
        f.model, UP_EFFECT_OPTS(.inference = UP_INFERENCE_ANYTIME, .planned = 1000)));
    up_effects_free(effects_of(
        f.model, UP_EFFECT_OPTS(.inference = UP_INFERENCE_GROUP, .planned = 120,
                     .information = looks, .n_information = 1)));
    fixture_free(&f);
}

static void
what_is_accepted_is_noted(void **state)
{
    (void)state;
    fixture f = fitted(NULL);
    up_effects *all = effects_of(f.model, NULL);
    up_effects *early =
        effects_of(f.model, UP_EFFECT_OPTS(.planned = 240, .accept_peek = 1));
    up_effects *late =
        effects_of(f.model, UP_EFFECT_OPTS(.planned = 60, .accept_peek = 1));
    assert_true(has_note(early, UP_N_OVERRIDE));
    assert_false(has_note(late, UP_N_OVERRIDE));
    assert_false(has_note(all, UP_N_OVERRIDE));
    up_note note = up_effects_note(early, 0);
    assert_int_equal(note.code, UP_N_OVERRIDE);
    assert_string_equal(note.field, "E_PEEK");
    assert_close(note.number, 60, 0, 0);
    assert_close(note.threshold, 240, 0, 0);
    assert_close(
        up_effects_get(early, 0).p_value, up_effects_get(all, 0).p_value, 0, 0);
    up_effects_free(all);
    up_effects_free(early);
    up_effects_free(late);
    fixture_free(&f);
}

static up_status
early_look(void *ctx, up_error *err)
{
    const fixture *f = ctx;
    up_effects *e = NULL;
    up_status status = up_infer_effect(
        f->model, UP_EFFECT_OPTS(.planned = 240, .accept_peek = 1), &e, err);
    up_effects_free(e);
    return status;
}

static void
memory_may_run_out_anywhere(void **state)
{
    (void)state;
    fixture f = fitted(NULL);
    up_sweep_memory(early_look, &f);
    fixture_free(&f);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(counts_what_has_arrived),
        cmocka_unit_test(other_inference_looks_at_any_time),
        cmocka_unit_test(what_is_accepted_is_noted),
        cmocka_unit_test(memory_may_run_out_anywhere),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
