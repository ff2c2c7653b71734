/* Average, conditional and time effects against methods/core.md sections 3.4 and 6.5 and the
 * numbers of tests/oracle/effect/make.R. */
#include "effect/relative.h"
#include "fixture.h"
#include "num/dist.h"

/* methods/core.md section 3.4: the sample population. */
static const struct table_row {
    const char *segment;
    double estimate, hc2, cr2, baseline, relative;
} table[] = {
    {"", 0.858931226542, 0.098426631103, 0.116185636476, 1.298829866394,
        0.661311576494},
    {"x1 = 0", 0.531110406016, 0.164531777324, 0.199567806039, 0.553269677671,
        0.959948515977},
    {"x1 = 1", 0.876447162986, 0.157439535976, 0.161976049125, 1.347949571600,
        0.650207679465},
    {"x1 = 2", 1.210413356671, 0.194941637978, 0.215875143314, 2.084418400224,
        0.580695966098},
};

static void
table_of_section_3(bool clustered)
{
    csv_spec spec = panel_spec(clustered, false);
    fixture f = fixture_new(&spec, NULL);
    up_effects *all =
        effects_of(f.model, UP_EFFECT_OPTS(.population = UP_POPULATION_SAMPLE));
    up_effects *by = effects_of(
        f.model, UP_EFFECT_OPTS(.population = UP_POPULATION_SAMPLE, .by = "x1"));
    for (int64_t i = 0; i < 4; i++) {
        const up_effects *e = i == 0 ? all : by;
        up_effect r = up_effects_get(e, find_row(e, "y1", "1", table[i].segment, ""));
        assert_close(r.estimate, table[i].estimate, 1e-11, 0);
        assert_close(r.std_error, clustered ? table[i].cr2 : table[i].hc2, 1e-10, 0);
        assert_close(r.baseline, table[i].baseline, 1e-11, 0);
        assert_close(r.relative, table[i].relative, 1e-11, 0);
    }
    up_effects_free(all);
    up_effects_free(by);
    fixture_free(&f);
}

static void
test_table_rows(void **state)
{
    (void)state;
    table_of_section_3(false);
}

static void
test_table_clusters(void **state)
{
    (void)state;
    table_of_section_3(true);
}

/* The relative columns of the table, with the normal quantile, and its last row: segments
 * x1 = 0 and x1 = 2 with shares 0.2 and 0.8, from the points of their rows. */
static const struct relative_row {
    const char *segment[2];
    double share[2];
    double estimate, hc2, baseline, relative, se, delta[2], fieller[2];
} relative_table[] = {
    {{"", ""}, {1, 0}, 0.858931226542, 0.098426631103, 1.298829866394, 0.661311576494,
        0.101050999864, {0.463255256, 0.859367897}, {0.477973941, 0.877375605}},
    {{"x1 = 0", "x1 = 0"}, {1, 0}, 0.531110406016, 0.164531777324, 0.553269677671,
        0.959948515977, 0.457913647344, {0.062454259, 1.857442773},
        {0.290140658, 2.398308869}},
    {{"x1 = 1", "x1 = 1"}, {1, 0}, 0.876447162986, 0.157439535976, 1.347949571600,
        0.650207679465, 0.151503540953, {0.353266196, 0.947149163},
        {0.383083599, 0.987291878}},
    {{"x1 = 2", "x1 = 2"}, {1, 0}, 1.210413356671, 0.194941637978, 2.084418400224,
        0.580695966098, 0.121672888873, {0.342221486, 0.819170446},
        {0.363990717, 0.847265832}},
    {{"x1 = 0", "x1 = 2"}, {0.2, 0.8}, 1.074552766540, 0.159494884363, 1.778188655714,
        0.604296266927, 0.118050248496, {0.372922032, 0.835670502},
        {0.393472398, 0.861928453}},
};

/* share[0] * a + share[1] * b, of effects or of baselines. */
static double
mix(const up_effects *e, const upi_row *const row[2], const double share[2],
    bool baseline, upi_gradient *g)
{
    upi_point points[8];
    int64_t n = 0;
    for (int i = 0; i < 2; i++) {
        upi_points p =
            baseline ? upi_row_baseline(e, row[i]) : upi_row_effect(e, row[i]);
        for (int64_t k = 0; k < p.n; k++) {
            points[n] = p.p[k];
            points[n++].scale *= share[i];
        }
    }
    upi_gradient_fill(e, (upi_points){points, n}, g);
    return upi_gradient_value(e, g);
}

static void
test_table_relative(void **state)
{
    (void)state;
    up_error err = UP_ERROR_INIT;
    csv_spec spec = panel_spec(false, false);
    fixture f = fixture_new(&spec, NULL);
    up_effects *all = effects_of(f.model, NULL);
    up_effects *by = effects_of(f.model, UP_EFFECT_OPTS(.by = "x1"));
    for (size_t i = 0; i < sizeof relative_table / sizeof *relative_table; i++) {
        const struct relative_row *t = &relative_table[i];
        const up_effects *e = i == 0 ? all : by;
        const upi_row *row[2];
        for (int k = 0; k < 2; k++) {
            row[k] = &e->rows[find_row(e, "y1", "1", t->segment[k], "")];
        }
        upi_gradient g;
        upi_gradient h;
        assert_ok(upi_gradient_make(e, &g, &err), &err);
        assert_ok(upi_gradient_make(e, &h, &err), &err);
        upi_relative_in in = {.theta = mix(e, row, t->share, false, &g),
            .mu = mix(e, row, t->share, true, &h),
            .crit = upi_normal_quantile(0.975)};
        in.v = upi_gradient_cov(e, &g, &g);
        in.vm = upi_gradient_cov(e, &h, &h);
        in.c = upi_gradient_cov(e, &g, &h);
        assert_close(in.theta, t->estimate, 1e-11, 0);
        assert_close(in.mu, t->baseline, 1e-11, 0);
        assert_close(sqrt(in.v), t->hc2, 1e-10, 0);
        upi_relative_out r;
        upi_relative(UP_RELATIVE_DELTA, &in, &r);
        assert_close(r.value, t->relative, 1e-11, 0);
        assert_close(r.std_error, t->se, 1e-10, 0);
        assert_close(r.low, t->delta[0], 0, 6e-10);
        assert_close(r.high, t->delta[1], 0, 6e-10);
        upi_relative(UP_RELATIVE_FIELLER, &in, &r);
        assert_close(r.low, t->fieller[0], 0, 6e-10);
        assert_close(r.high, t->fieller[1], 0, 6e-10);
        upi_gradient_release(&g);
        upi_gradient_release(&h);
    }
    up_effects_free(all);
    up_effects_free(by);
    fixture_free(&f);
}

/* ---- several arms, segments ---- */

static const char *const ab_where[] = {"device = 'mobile' and score > 1", "loyal"};

static void
check_relative(const fixture *f, const char *group, int64_t population)
{
    static const char *const kind[] = {"fieller", "delta", "log"};
    char name[64];
    bool super = population == UP_POPULATION_SUPER;
    for (int64_t k = 0; k < 3; k++) {
        up_effects *e = effects_of(
            f->model, UP_EFFECT_OPTS(.population = population, .relative = k));
        up_effect r = up_effects_get(e, find_row(e, "sales", "a", "", ""));
        (void)snprintf(
            name, sizeof name, "%s%s %s", group, super ? " super" : "", kind[k]);
        assert_close(r.relative_low, expected(name, "low"), 1e-9, 0);
        assert_close(r.relative_high, expected(name, "high"), 1e-9, 0);
        assert_int_equal(r.relative_kind, k);
        assert_int_equal(r.relative_shape, 0);
        up_effects_free(e);
    }
}

static void
test_arms(void **state)
{
    (void)state;
    csv_spec spec = ab_spec();
    fixture f = fixture_new(&spec, NULL);
    for (int64_t population = 0; population < 2; population++) {
        bool super = population == UP_POPULATION_SUPER;
        up_effects *e = effects_of(f.model, UP_EFFECT_OPTS(.population = population));
        assert_int_equal(up_effects_count(e), 6);
        check_row(up_effects_get(e, find_row(e, "sales", "a", "", "")), "ab a", super);
        check_row(up_effects_get(e, find_row(e, "sales", "b", "", "")), "ab b", super);
        assert_int_equal(has_note(e, UP_N_SUPERPOPULATION), super);
        up_effects_free(e);
        up_effects *b = effects_of(
            f.model, UP_EFFECT_OPTS(.population = population, .against = "a"));
        check_row(
            up_effects_get(b, find_row(b, "sales", "b", "", "")), "ab b-a", super);
        up_effects_free(b);
        check_relative(&f, "ab a", population);
    }
    fixture_free(&f);
}

static void
test_interval_and_p(void **state)
{
    (void)state;
    csv_spec spec = ab_spec();
    fixture f = fixture_new(&spec, NULL);
    up_effects *e =
        effects_of(f.model, UP_EFFECT_OPTS(.population = UP_POPULATION_SAMPLE));
    up_effect r = up_effects_get(e, find_row(e, "sales", "a", "", ""));
    assert_close(r.p_value, expected("ab a", "p"), 1e-9, 0);
    assert_close(r.df, 588, 0, 0);
    assert_close(r.statistic, r.estimate / r.std_error, 1e-15, 0);
    assert_close(r.relative_p_value, r.p_value, 1e-15, 0);
    assert_int_equal(r.n, 600);
    assert_int_equal(r.clusters, 0);
    assert_string_equal(r.estimand, "ate");
    up_effects_free(e);
    /* The interval whose level is 1 - p ends at 0. */
    e = effects_of(f.model,
        UP_EFFECT_OPTS(.population = UP_POPULATION_SAMPLE, .level = 1 - r.p_value));
    r = up_effects_get(e, find_row(e, "sales", "a", "", ""));
    assert_close(r.ci_low, 0, 0, 1e-9);
    assert_close(r.relative_low, 0, 0, 1e-9);
    up_effects_free(e);
    fixture_free(&f);
}

static void
test_segments(void **state)
{
    (void)state;
    static const char *const device[] = {"desktop", "mobile", "tablet"};
    char name[64];
    char segment[64];
    csv_spec spec = ab_spec();
    fixture f = fixture_new(&spec, NULL);
    for (int64_t population = 0; population < 2; population++) {
        bool super = population == UP_POPULATION_SUPER;
        up_effects *e = effects_of(
            f.model, UP_EFFECT_OPTS(.population = population, .by = "device"));
        for (int i = 0; i < 3; i++) {
            (void)snprintf(name, sizeof name, "ab a %s", device[i]);
            (void)snprintf(segment, sizeof segment, "device = '%s'", device[i]);
            check_row(
                up_effects_get(e, find_row(e, "sales", "a", segment, "")), name, super);
        }
        up_effects_free(e);
        e = effects_of(f.model,
            UP_EFFECT_OPTS(.population = population, .where = ab_where, .n_where = 2));
        check_row(up_effects_get(e, find_row(e, "sales", "a", ab_where[0], "")),
            "ab a and", super);
        check_row(up_effects_get(e, find_row(e, "sales", "a", ab_where[1], "")),
            "ab a loyal", super);
        up_effects_free(e);
    }
    fixture_free(&f);
}

static void
test_difference(void **state)
{
    (void)state;
    static const char *const where[] = {"device = 'desktop'", "device = 'mobile'"};
    csv_spec spec = ab_spec();
    fixture f = fixture_new(&spec, NULL);
    up_effects *e =
        effects_of(f.model, UP_EFFECT_OPTS(.population = UP_POPULATION_SAMPLE,
                                .where = where, .n_where = 2, .compare_segments = 1));
    up_effect r = up_effects_get(
        e, find_row(e, "sales", "a", "device = 'mobile' minus device = 'desktop'", ""));
    assert_close(r.estimate, expected("ab diff", "est"), 1e-9, 0);
    assert_close(r.std_error, expected("ab diff", "se"), 1e-9, 0);
    assert_true(isnan(r.baseline) && isnan(r.relative) && isnan(r.relative_p_value));
    assert_int_equal(up_effects_count(e), 3 * 2 * 3);
    up_effects_free(e);
    fixture_free(&f);
}

static void
test_treated(void **state)
{
    (void)state;
    csv_spec spec = ab_spec();
    fixture f = fixture_new(&spec, NULL);
    up_effects *e = effects_of(f.model, UP_EFFECT_OPTS(.estimand = UP_ESTIMAND_ATT));
    up_effect r = up_effects_get(e, find_row(e, "sales", "b", "", ""));
    check_row(r, "ab att b", true);
    assert_string_equal(r.estimand, "att");
    assert_int_equal(r.n, 600);
    up_effects_free(e);
    fixture_free(&f);
}

static void
test_weights(void **state)
{
    (void)state;
    static const csv_key keys[] = {{"arm", UPI_KEY_ARM, false},
        {"w", UPI_KEY_WEIGHT, false}, {"device", UPI_KEY_COVARIATE, true},
        {"score", UPI_KEY_COVARIATE, false}, {0}};
    csv_spec spec = ab_spec();
    spec.keys = keys;
    fixture f = fixture_new(&spec, UP_LINEAR_OPTS(.vcov = UP_VCOV_HC1));
    for (int64_t population = 0; population < 2; population++) {
        up_effects *e = effects_of(f.model, UP_EFFECT_OPTS(.population = population));
        check_row(up_effects_get(e, find_row(e, "sales", "a", "", "")), "ab w",
            population == UP_POPULATION_SUPER);
        up_effects_free(e);
    }
    fixture_free(&f);
}

/* The same number as a key, as a continuous covariate in triangles, and in Gram records. */
static void
test_continuous(void **state)
{
    (void)state;
    static const char *const where[] = {"device = 'mobile'"};
    static const csv_key number[] = {{"arm", UPI_KEY_ARM, false},
        {"device", UPI_KEY_COVARIATE, true}, {"u", UPI_KEY_COVARIATE, false}, {0}};
    static const csv_key few[] = {
        {"arm", UPI_KEY_ARM, false}, {"device", UPI_KEY_COVARIATE, true}, {0}};
    static const char *const x[] = {"u", NULL};
    for (int way = 0; way < 2; way++) {
        csv_spec spec = ab_spec();
        spec.keys = way == 0 ? number : few;
        spec.x = way == 0 ? NULL : x;
        spec.form = way == 0 ? UPI_MEAN : UPI_TRI;
        fixture f = fixture_new(&spec, UP_LINEAR_OPTS(.vcov = UP_VCOV_HC1));
        for (int64_t population = 0; population < 2; population++) {
            bool super = population == UP_POPULATION_SUPER;
            up_effects *e =
                effects_of(f.model, UP_EFFECT_OPTS(.population = population));
            check_row(
                up_effects_get(e, find_row(e, "sales", "a", "", "")), "ab u", super);
            up_effects_free(e);
            e = effects_of(f.model,
                UP_EFFECT_OPTS(.population = population, .where = where, .n_where = 1));
            check_row(up_effects_get(e, find_row(e, "sales", "a", where[0], "")),
                "ab u mobile", super);
            up_effects_free(e);
        }
        fixture_free(&f);
    }
}

/* Weights by row, not kept one by one: the sample population is exact, and the variance of
 * the averages is close. */
static void
test_row_weights(void **state)
{
    (void)state;
    static const char *const where[] = {"device = 'mobile'"};
    static const csv_key few[] = {
        {"arm", UPI_KEY_ARM, false}, {"device", UPI_KEY_COVARIATE, true}, {0}};
    static const char *const x[] = {"u", NULL};
    csv_spec spec = ab_spec();
    spec.keys = few;
    spec.x = x;
    spec.form = UPI_TRI;
    spec.row_weight = "w";
    fixture f = fixture_new(&spec, UP_LINEAR_OPTS(.vcov = UP_VCOV_HC1));
    up_effects *e =
        effects_of(f.model, UP_EFFECT_OPTS(.population = UP_POPULATION_SAMPLE));
    check_row(up_effects_get(e, find_row(e, "sales", "a", "", "")), "ab wu", false);
    assert_false(has_note(e, UP_N_APPROXIMATE));
    up_effects_free(e);
    e = effects_of(f.model, UP_EFFECT_OPTS(.population = UP_POPULATION_SAMPLE,
                                .where = where, .n_where = 1));
    check_row(up_effects_get(e, 0), "ab wu mobile", false);
    up_effects_free(e);
    e = effects_of(f.model, NULL);
    up_effect r = up_effects_get(e, 0);
    assert_close(r.std_error, expected("ab wu", "se super"), 0.02, 0);
    assert_close(r.baseline_std_error, expected("ab wu", "base se super"), 0.05, 0);
    assert_true(has_note(e, UP_N_APPROXIMATE));
    up_effects_free(e);
    fixture_free(&f);
}

/* estimatr's Lin estimator: the sample population with HC2. */
static void
test_lin(void **state)
{
    (void)state;
    csv_spec spec = ab_spec();
    static const csv_key keys[] = {{"arm", UPI_KEY_ARM, false},
        {"device", UPI_KEY_COVARIATE, true}, {"score", UPI_KEY_COVARIATE, false}, {0}};
    spec.keys = keys;
    spec.path = up_test_data("oracle/effect/two.csv");
    fixture f = fixture_new(&spec, NULL);
    up_effects *e =
        effects_of(f.model, UP_EFFECT_OPTS(.population = UP_POPULATION_SAMPLE));
    up_effect r = up_effects_get(e, find_row(e, "sales", "a", "", ""));
    assert_close(r.estimate, expected("lin", "est"), 1e-9, 0);
    assert_close(r.std_error, expected("lin", "se"), 1e-9, 0);
    assert_close(r.df, expected("lin", "df"), 1e-12, 0);
    assert_close(r.ci_low, expected("lin", "low"), 1e-9, 0);
    assert_close(r.ci_high, expected("lin", "high"), 1e-9, 0);
    assert_close(r.p_value, expected("lin", "p"), 1e-9, 0);
    up_effects_free(e);
    fixture_free(&f);
    /* Without covariates: the difference of means with Welch's standard error. */
    f = fixture_new(&spec, UP_LINEAR_OPTS(.no_covariates = 1));
    e = effects_of(f.model, NULL);
    r = up_effects_get(e, find_row(e, "sales", "a", "", ""));
    assert_close(r.estimate, expected("welch", "est"), 1e-9, 0);
    assert_close(r.std_error, expected("welch", "se"), 1e-9, 0);
    assert_false(has_note(e, UP_N_SUPERPOPULATION));
    up_effects_free(e);
    fixture_free(&f);
}

/* ---- time ---- */

static void
test_periods(void **state)
{
    (void)state;
    char name[32];
    char period[8];
    csv_spec spec = time_spec();
    fixture f = fixture_new(&spec, NULL);
    for (int64_t population = 0; population < 2; population++) {
        bool super = population == UP_POPULATION_SUPER;
        up_effects *e = effects_of(
            f.model, UP_EFFECT_OPTS(.population = population, .over_time = 1));
        assert_int_equal(up_effects_count(e), 4);
        for (int t = 1; t <= 4; t++) {
            (void)snprintf(name, sizeof name, "time %d", t);
            (void)snprintf(period, sizeof period, "%d", t);
            check_row(
                up_effects_get(e, find_row(e, "y", "1", "", period)), name, super);
        }
        up_effect r = up_effects_get(e, 0);
        assert_close(r.df, expected("time 1", "df"), 1e-8, 0);
        assert_close((double)r.clusters, expected("time 1", "clusters"), 0, 0);
        up_effects_free(e);
        e = effects_of(f.model,
            UP_EFFECT_OPTS(.population = population, .over_time = 1, .cumulative = 1));
        for (int t = 1; t <= 4; t++) {
            (void)snprintf(name, sizeof name, "cum %d", t);
            r = up_effects_get(e, t - 1);
            assert_close(r.estimate, expected(name, "est"), 1e-9, 0);
            assert_close(
                r.std_error, expected(name, super ? "se super" : "se"), 1e-9, 0);
        }
        assert_close(r.df, expected("cum 4", "df"), 1e-8, 0);
        assert_int_equal(r.n, 335);
        assert_int_equal(r.clusters, 90);
        up_effects_free(e);
    }
    fixture_free(&f);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_table_rows),
        cmocka_unit_test(test_table_clusters),
        cmocka_unit_test(test_table_relative),
        cmocka_unit_test(test_arms),
        cmocka_unit_test(test_interval_and_p),
        cmocka_unit_test(test_segments),
        cmocka_unit_test(test_difference),
        cmocka_unit_test(test_treated),
        cmocka_unit_test(test_weights),
        cmocka_unit_test(test_continuous),
        cmocka_unit_test(test_row_weights),
        cmocka_unit_test(test_lin),
        cmocka_unit_test(test_periods),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
