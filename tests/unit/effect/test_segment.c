/* The texts of segments, which can be asked for again, and the sets behind them. */
#include "expr/expr.h"
#include "fixture.h"

/* Asks by the last key of ab.csv (loyal: false, true) and checks the two texts. */
static void
check_texts(fixture *f, const char *first, const char *second)
{
    const char *name = f->csv->m->keys[3].name;
    up_effects *e = effects_of(f->model, UP_EFFECT_OPTS(.by = name));
    assert_string_equal(up_effects_get(e, 0).segment, first);
    assert_string_equal(up_effects_get(e, 1).segment, second);
    for (int64_t i = 0; i < 2; i++) {
        up_effect r = up_effects_get(e, i);
        const char *where[] = {r.segment};
        up_effects *again =
            effects_of(f->model, UP_EFFECT_OPTS(.where = where, .n_where = 1));
        assert_close(up_effects_get(again, 0).estimate, r.estimate, 0, 0);
        assert_int_equal(up_effects_get(again, 0).n, r.n);
        up_effects_free(again);
    }
    up_effects_free(e);
}

static void
test_booleans(void **state)
{
    (void)state;
    up_error err = UP_ERROR_INIT;
    csv_spec spec = ab_spec();
    fixture f = fixture_new(&spec, NULL);
    upi_key *key = &f.csv->m->keys[3];
    check_texts(&f, "loyal = false", "loyal = true");
    /* A declared condition. */
    upi_free(key->name);
    key->name = upi_strdup("score > 2");
    upi_expr **expr = &f.csv->m->experiment->segments[0].expr;
    assert_ok(upi_expr_parse("score > 2", expr, &err), &err);
    check_texts(&f, "not (score > 2)", "score > 2");
    key->missing_level = 1;
    up_effects *e = effects_of(f.model, UP_EFFECT_OPTS(.by = "score > 2"));
    assert_string_equal(up_effects_get(e, 1).segment, "(score > 2) is null");
    up_effects_free(e);
    upi_expr_free(*expr);
    *expr = NULL;
    /* A column with a name that must be quoted. */
    key->missing_level = -1;
    upi_free(key->name);
    key->name = upi_strdup("is loyal");
    check_texts(&f, "\"is loyal\" = false", "\"is loyal\" = true");
    key->missing_level = 0;
    check_texts(&f, "\"is loyal\" is null", "\"is loyal\" = true");
    fixture_free(&f);
}

/* Texts with quotes, dates, and numbers with decimals. */
static void
test_types(void **state)
{
    (void)state;
    csv_spec spec = ab_spec();
    fixture f = fixture_new(&spec, NULL);
    upi_key *key = &f.csv->m->keys[3];
    key->type = UPI_STR;
    for (int i = 0; i < 2; i++) {
        upi_free(key->label[i]);
        key->label[i] = upi_strdup(i == 0 ? "it's" : "yes");
    }
    check_texts(&f, "loyal = 'it''s'", "loyal = 'yes'");
    key->type = UPI_DATE;
    for (int64_t i = 0; i < 2; i++) {
        key->integer[i] = 20000 + i; /* 20000 days after 1970-01-01 */
        upi_free(key->label[i]);
        key->label[i] = upi_strdup(i == 0 ? "2024-10-04" : "2024-10-05");
    }
    check_texts(&f, "loyal = date('2024-10-04')", "loyal = date('2024-10-05')");
    key->type = UPI_F64;
    for (int64_t i = 0; i < 2; i++) {
        key->number[i] = 0.5 + (double)i;
        upi_free(key->label[i]);
        key->label[i] = upi_strdup(i == 0 ? "0.5" : "1.5");
    }
    check_texts(&f, "loyal = 0.5", "loyal = 1.5");
    fixture_free(&f);
}

/* A period without rows of an arm is named. */
static void
test_period_without_arm(void **state)
{
    (void)state;
    up_error err = UP_ERROR_INIT;
    up_effects *e = NULL;
    csv_spec spec = time_spec();
    fixture f = fixture_new(&spec, NULL);
    up_moments *m = f.csv->m;
    for (int64_t g = 0; g < m->n_groups; g++) {
        if (upi_moments_code(m, g, 0) == 1 && upi_moments_code(m, g, 1) == 2) {
            m->n[g] = 0;
        }
    }
    assert_fails(up_infer_effect(f.model, UP_EFFECT_OPTS(.over_time = 1), &e, &err),
        UP_E_NO_VARIATION, &err);
    assert_non_null(strstr(err.message, "period 3"));
    for (int64_t g = 0; g < m->n_groups; g++) {
        m->n[g] = 0;
    }
    err = (up_error)UP_ERROR_INIT;
    assert_fails(up_infer_effect(f.model, NULL, &e, &err), UP_E_NO_VARIATION, &err);
    assert_non_null(strstr(err.message, "everyone"));
    fixture_free(&f);
}

/* More combinations of levels than cells: the cells themselves are evaluated. */
static void
test_large_grid(void **state)
{
    (void)state;
    static const csv_key keys[] = {{"arm", UPI_KEY_ARM, false},
        {"device", UPI_KEY_COVARIATE, true}, {"u", UPI_KEY_COVARIATE, false},
        {"views", UPI_KEY_COVARIATE, false}, {0}};
    static const char *const where[] = {
        "u > 0 and views > 5 and device <> 'tablet'", "not (u > 0)"};
    csv_spec spec = ab_spec();
    spec.keys = keys;
    fixture f = fixture_new(&spec, UP_LINEAR_OPTS(.vcov = UP_VCOV_HC1));
    up_effects *e = effects_of(f.model, UP_EFFECT_OPTS(.where = where, .n_where = 2));
    csv_table *t = csv_table_read(up_test_data("oracle/effect/ab.csv"));
    int64_t n[2] = {0, 0};
    for (int64_t i = 0; i < t->n_rows; i++) {
        char **row = t->cell + i * t->n_columns;
        double u = strtod(row[csv_table_column(t, "u")], NULL);
        double views = strtod(row[csv_table_column(t, "views")], NULL);
        bool tablet = strcmp(row[csv_table_column(t, "device")], "tablet") == 0;
        n[0] += u > 0 && views > 5 && !tablet;
        n[1] += !(u > 0);
    }
    csv_table_free(t);
    assert_int_equal(up_effects_get(e, 0).n, n[0]);
    assert_int_equal(up_effects_get(e, 1).n, n[1]);
    up_effects_free(e);
    fixture_free(&f);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_booleans),
        cmocka_unit_test(test_types),
        cmocka_unit_test(test_period_without_arm),
        cmocka_unit_test(test_large_grid),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
