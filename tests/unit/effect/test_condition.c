/* Conditions: which texts are known, where they are true, and which names are refused. */
#include "expr/expr.h"
#include "fixture.h"

static void
rename_key(const fixture *f, int64_t key, const char *name)
{
    upi_free(f->csv->m->keys[key].name);
    f->csv->m->keys[key].name = upi_strdup(name);
}

/* ab.csv: keys arm, device, score, loyal. The last gets the text of a declared segment. */
static fixture
with_segment(const char *segment)
{
    csv_spec spec = ab_spec();
    fixture f = fixture_new(&spec, NULL);
    rename_key(&f, 3, segment);
    return f;
}

/* Rows for which the condition holds, counted by the library. */
static int64_t
rows_of(const fixture *f, const char *text)
{
    up_error err = UP_ERROR_INIT;
    upi_condition c;
    upi_population *p = NULL;
    uint8_t hit[4096];
    int64_t n = 0;
    bool use[8] = {false, true, true, true};
    assert_ok(upi_condition_read(f->model, text, &c, &err), &err);
    assert_ok(upi_population_build(f->model, use, &p, &err), &err);
    assert_true(p->n <= 4096);
    assert_ok(upi_condition_test(&c, p, hit, &err), &err);
    for (int64_t q = 0; q < p->n; q++) {
        for (int64_t a = 0; a < p->n_arms; a++) {
            n += hit[q] ? p->rows[q * p->n_arms + a] : 0;
        }
    }
    upi_population_free(p);
    upi_condition_free(&c);
    return n;
}

/* The same by reading the file: device, score and loyal of every row. */
static int64_t
rows_where(bool (*holds)(const char *device, int score, bool loyal))
{
    csv_table *t = csv_table_read(up_test_data("oracle/effect/ab.csv"));
    int64_t device = csv_table_column(t, "device");
    int64_t score = csv_table_column(t, "score");
    int64_t loyal = csv_table_column(t, "loyal");
    int64_t n = 0;
    for (int64_t i = 0; i < t->n_rows; i++) {
        char **row = t->cell + i * t->n_columns;
        n += holds(row[device], row[score][0] - '0', strcmp(row[loyal], "true") == 0);
    }
    csv_table_free(t);
    return n;
}

static bool
is_mobile(const char *device, int score, bool loyal)
{
    (void)score;
    (void)loyal;
    return strcmp(device, "mobile") == 0;
}
static bool
is_loyal(const char *device, int score, bool loyal)
{
    (void)device;
    (void)score;
    return loyal;
}
static bool
not_loyal(const char *device, int score, bool loyal)
{
    return !is_loyal(device, score, loyal);
}
static bool
loyal_mobile_or_zero(const char *device, int score, bool loyal)
{
    return (loyal && is_mobile(device, score, loyal)) || score == 0;
}
static bool
strange(const char *device, int score, bool loyal)
{
    return !(loyal || is_mobile(device, score, loyal)) && score >= 1 && score <= 2;
}

static void
test_truth(void **state)
{
    (void)state;
    fixture f = with_segment("loyal");
    assert_int_equal(rows_of(&f, "device = 'mobile'"), rows_where(is_mobile));
    assert_int_equal(rows_of(&f, "loyal"), rows_where(is_loyal));
    assert_int_equal(rows_of(&f, "not loyal"), rows_where(not_loyal));
    assert_int_equal(rows_of(&f, "loyal && device = 'mobile' || score = 0"),
        rows_where(loyal_mobile_or_zero));
    assert_int_equal(
        rows_of(&f, "not (loyal or device = 'mobile') and score between 1 and 2"),
        rows_where(strange));
    assert_int_equal(rows_of(&f, "score > 99"), 0);
    assert_int_equal(rows_of(&f, "device is null"), 0);
    fixture_free(&f);
}

/* A level of missing values is null, and null is not true. */
static void
test_missing(void **state)
{
    (void)state;
    fixture f = with_segment("loyal");
    f.csv->m->keys[2].missing_level = 4;
    int64_t four = rows_of(&f, "score is null");
    assert_true(four > 0);
    assert_int_equal(rows_of(&f, "score >= 0") + four, 600);
    assert_int_equal(rows_of(&f, "not score >= 0"), 0);
    fixture_free(&f);
}

/* Texts of declared segments, however they are written. */
static void
test_known_texts(void **state)
{
    (void)state;
    static const struct {
        const char *segment, *text;
        bool (*holds)(const char *, int, bool);
    } cases[] = {
        {"age > 40", "age>40", is_loyal},
        {"age > 40", "((age > 40))", is_loyal},
        {"age > 40", "NOT (age > 40)", not_loyal},
        {"age > 40", "age > 40 and device = 'mobile' or score = 0",
            loyal_mobile_or_zero},
        {"age > 40", "not (age > 40 or device = 'mobile') and score between 1 and 2",
            strange},
        {"age between 1 and 2", "age between 1 and 2", is_loyal},
        {"age between 1 and 2",
            "age between 1 and 2 and device = 'mobile' or score = 0",
            loyal_mobile_or_zero},
        {"age between 1 and 2", "age not between 1 and 2", not_loyal},
        {"age in (1, 2)", "not age in (1, 2)", not_loyal},
        {"age is null", "age is not null", not_loyal},
        {"age > 1 and age < 3", "age > 1 and age < 3", is_loyal},
        {"age > 1 and age < 3", "not (age > 1 and age < 3)", not_loyal},
        {"town = 'a or (b'", "town = 'a or (b' and device = 'mobile' or score = 0",
            loyal_mobile_or_zero},
        {"\"a or b\" > 1", "\"a or b\" > 1 or false", is_loyal},
        {"the loyal ones", "\"the loyal ones\"", is_loyal},
        {"a \"b\"", "\"a \"\"b\"\"\" = true", is_loyal},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        fixture f = with_segment(cases[i].segment);
        assert_int_equal(rows_of(&f, cases[i].text), rows_where(cases[i].holds));
        fixture_free(&f);
    }
}

/* A covariate that is a call is known inside a comparison. */
static void
test_known_call(void **state)
{
    (void)state;
    fixture f = with_segment("loyal");
    rename_key(&f, 2, "floor(age / 10)");
    assert_int_equal(rows_of(&f, "loyal and device = 'mobile' or floor(age/10) = 0"),
        rows_where(loyal_mobile_or_zero));
    assert_int_equal(rows_of(&f, "'floor(age / 10)' = device"), 0);
    fixture_free(&f);
}

/* ---- refusals ---- */

static void
check_refused(const fixture *f, const char *text, up_status wanted, const char *field,
    const char *word)
{
    up_error err = UP_ERROR_INIT;
    upi_condition c;
    assert_fails(upi_condition_read(f->model, text, &c, &err), wanted, &err);
    if (field != NULL) {
        assert_string_equal(err.field, field);
    }
    if (word != NULL && strstr(err.message, word) == NULL &&
        strstr(err.fix, word) == NULL) {
        fail_msg("'%s' is not in '%s' / '%s'", word, err.message, err.fix);
    }
}

static void
test_refused(void **state)
{
    (void)state;
    static const csv_key keys[] = {{"z", UPI_KEY_ARM, false},
        {"d", UPI_KEY_TREATED, false}, {"g", UPI_KEY_COVARIATE, true}, {0}};
    static const char *const x[] = {"x", NULL};
    csv_spec spec = enc_spec(false);
    spec.keys = keys;
    spec.x = x;
    spec.form = UPI_TRI;
    fixture f = fixture_new(&spec, UP_LINEAR_OPTS(.vcov = UP_VCOV_HC1));
    up_experiment *e = f.csv->m->experiment;
    check_refused(&f, "x > 1", UP_E_NEEDS_ROWS, "x", "--segment \"x > 1\"");
    check_refused(&f, "g = 1 and d = 'a'", UP_E_POST_TREATMENT, "d", "use: g");
    check_refused(&f, "y > 1", UP_E_POST_TREATMENT, "y", NULL);
    check_refused(&f, "z = 'a'", UP_E_CONDITION, "z", "the arm");
    /* Numbers that were not kept one by one are named as well, with the way to them. */
    check_refused(&f, "z = 'a'", UP_E_CONDITION, "z",
        "use: g; x through a segment such as segment=\"x > 0\"");
    check_refused(&f, "y > 1", UP_E_POST_TREATMENT, "y", "use: g; x through a segment");
    check_refused(&f, "x", UP_E_NEEDS_ROWS, "x", "factor(x)");
    check_refused(&f, "colour = 'red'", UP_E_CONDITION, "colour", "use: g");
    check_refused(&f, "g", UP_E_TYPE, "where", "not true or false");
    check_refused(&f, "1 = 1", UP_E_CONDITION, "where", "no column");
    check_refused(&f, "g = ", UP_E_EXPRESSION, NULL, NULL);
    check_refused(&f, "g = 'a'", UP_E_TYPE, NULL, NULL);
    /* Names of the other roles, and of columns that metrics are made of. */
    static const int roles[] = {UPI_ROLE_INSTRUMENT, UPI_ROLE_PROPENSITY,
        UPI_ROLE_WEIGHT, UPI_ROLE_UNIT, UPI_ROLE_CLUSTER2};
    static const char *const words[] = {
        "the instrument", "the propensity", "the weight", "the unit", "the cluster"};
    for (int i = 0; i < 5; i++) {
        e->roles[roles[i]].name = upi_strdup("hidden");
        check_refused(&f, "hidden = 1", UP_E_CONDITION, "hidden", words[i]);
        upi_free(e->roles[roles[i]].name);
        e->roles[roles[i]].name = NULL;
    }
    up_error err = UP_ERROR_INIT;
    assert_ok(upi_expr_parse("price * items", &e->components[1].expr, &err), &err);
    check_refused(&f, "items > 3", UP_E_POST_TREATMENT, "items", NULL);
    upi_expr_free(e->components[1].expr);
    e->components[1].expr = NULL;
    char name[] = "later";
    char *post[] = {name};
    e->post = post;
    e->n_post = 1;
    check_refused(&f, "later > 3", UP_E_POST_TREATMENT, "later", NULL);
    e->post = NULL;
    e->n_post = 0;
    fixture_free(&f);
}

static void
test_nothing_allowed(void **state)
{
    (void)state;
    static const csv_key keys[] = {{"z", UPI_KEY_ARM, false}, {0}};
    csv_spec spec = enc_spec(false);
    spec.keys = keys;
    fixture f = fixture_new(&spec, NULL);
    check_refused(&f, "g = 1", UP_E_CONDITION, "g", "no covariates");
    fixture_free(&f);
    static const char *const x[] = {"x", NULL};
    spec.x = x;
    spec.form = UPI_TRI;
    f = fixture_new(&spec, UP_LINEAR_OPTS(.vcov = UP_VCOV_HC1));
    check_refused(&f, "g = 1", UP_E_CONDITION, "g", "use: x through a segment");
    fixture_free(&f);
}

/* A segment on a column that no covariate is made of would be answered with everyone's
 * effect, alone, in a conjunction, or as levels. */
static void
test_foreign_segment(void **state)
{
    (void)state;
    up_error err = UP_ERROR_INIT;
    up_effects *effects = NULL;
    fixture f = with_segment("town = 'x'");
    up_experiment *e = f.csv->m->experiment;
    assert_ok(upi_expr_parse("town = 'x'", &e->segments[0].expr, &err), &err);
    check_refused(&f, "town='x'", UP_E_CONDITION, "town", "everyone");
    check_refused(&f, "not (town = 'x') and score > 1", UP_E_CONDITION, "town",
        "add 'town' to the covariates; or use: device, score");
    check_refused(&f, "colour = 1", UP_E_CONDITION, "colour", "use: device, score");
    assert_fails(
        up_infer_effect(f.model, UP_EFFECT_OPTS(.by = "town = 'x'"), &effects, &err),
        UP_E_CONDITION, &err);
    assert_string_equal(err.field, "town");
    err = (up_error)UP_ERROR_INIT;
    upi_expr_free(e->segments[0].expr);
    e->segments[0].expr = NULL;
    /* On covariates it is what a segment is for. */
    assert_ok(upi_expr_parse("score + 1 > 3", &e->segments[0].expr, &err), &err);
    assert_int_equal(rows_of(&f, "town = 'x'"), rows_where(is_loyal));
    upi_expr_free(e->segments[0].expr);
    e->segments[0].expr = NULL;
    fixture_free(&f);
}

static up_status
sweep(void *ctx, up_error *err)
{
    upi_condition c = {0};
    up_status status = upi_condition_read(
        ctx, "device = 'mobile' and not (loyal or score in (1, 2))", &c, err);
    upi_condition_free(&c);
    return status;
}

static up_status
sweep_refusal(void *ctx, up_error *err)
{
    upi_condition c = {0};
    up_status status = upi_condition_read(ctx, "age not in (1, 2)", &c, err);
    upi_condition_free(&c);
    return status;
}

static void
test_memory(void **state)
{
    (void)state;
    fixture f = with_segment("loyal");
    up_sweep_memory(sweep, f.model);
    rename_key(&f, 3, "age in (1, 2)");
    up_sweep_memory(sweep_refusal, f.model);
    fixture_free(&f);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_truth),
        cmocka_unit_test(test_missing),
        cmocka_unit_test(test_known_texts),
        cmocka_unit_test(test_known_call),
        cmocka_unit_test(test_refused),
        cmocka_unit_test(test_nothing_allowed),
        cmocka_unit_test(test_foreign_segment),
        cmocka_unit_test(test_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
