/* Laws that hold whatever the data: Z = X is least squares, rows twice are counts doubled, units of
 * a metric, the three forms of moments give one answer, and so does any number of threads. */
#include "fit_helper.h"
#include "up_test.h"

#include <math.h>
#include <string.h>

static const char *const metrics[] = {"rev", "visits", NULL};
static const char *const score[] = {"score", NULL};

static const csv_key arms[] = {{"arm", UPI_KEY_ARM, false},
    {"device", UPI_KEY_COVARIATE, true}, {"tier", UPI_KEY_COVARIATE, false},
    {NULL, UPI_KEY_ARM, false}};
static const csv_key copies[] = {{"arm", UPI_KEY_ARM, false},
    {"arm", UPI_KEY_TREATED, false}, {"device", UPI_KEY_COVARIATE, true},
    {"tier", UPI_KEY_COVARIATE, false}, {NULL, UPI_KEY_ARM, false}};
static const csv_key rounded[] = {{"arm", UPI_KEY_ARM, false},
    {"score", UPI_KEY_COVARIATE, false}, {NULL, UPI_KEY_ARM, false}};
static const csv_key plain[] = {
    {"arm", UPI_KEY_ARM, false}, {NULL, UPI_KEY_ARM, false}};

static csv_fixture *
load(csv_spec spec)
{
    spec.path = up_test_data("oracle/linear/arms.csv");
    spec.y = metrics;
    spec.control = "control";
    return csv_moments_new(&spec);
}

/* Same coefficients and standard errors of all metrics, b's times scale (NULL = 1). */
static void
same_fit(const up_model *a, const up_model *b, const double *scale, double se_factor,
    double tolerance)
{
    assert_int_equal(up_model_coefs(a), up_model_coefs(b));
    for (int64_t c = 0; c < 2; c++) {
        double s = scale != NULL ? scale[c] : 1;
        for (int64_t j = 0; j < up_model_coefs(a); j++) {
            double se = up_model_std_error(a, c, j);
            assert_close(up_model_coef(b, c, j), s * up_model_coef(a, c, j), tolerance,
                tolerance * se * s);
            assert_close(up_model_std_error(b, c, j), s * se * se_factor, tolerance, 0);
        }
    }
}

static void
same_bits(const up_model *a, const up_model *b)
{
    for (int64_t c = 0; c < 2; c++) {
        size_t n = (size_t)up_model_coefs(a);
        assert_memory_equal(a->coef[c], b->coef[c], n * sizeof(double));
        assert_memory_equal(
            upi_model_block(a, c, c), upi_model_block(b, c, c), n * n * sizeof(double));
    }
}

/* The instrument is a copy of the treatment: two stages give least squares. The design alone
 * would see full compliance, so two stages are asked for by hand. */
static void
instrument_is_treatment(void **state)
{
    (void)state;
    for (int64_t vcov = UP_VCOV_IID; vcov <= UP_VCOV_CR3; vcov++) {
        const char *cluster = upi_vcov_clustered(vcov) ? "shop" : NULL;
        csv_fixture *f = load((csv_spec){.keys = arms, .cluster = cluster});
        csv_fixture *g = load((csv_spec){.keys = copies, .cluster = cluster});
        up_model *a = fit_new(f, UP_LINEAR_OPTS(.vcov = vcov), NULL);
        up_model *b = NULL;
        up_error err = UP_ERROR_INIT;
        assert_ok(upi_model_new(g->m, UP_LINEAR_OPTS(.vcov = vcov), &b, &err), &err);
        b->design.iv = true;
        b->inst_key = g->m->arm;
        const upi_rows rows = {csv_moments_visit, g};
        assert_ok(upi_model_solve(b, &rows, NULL, &err), &err);
        same_fit(a, b, NULL, 1, 1e-9);
        assert_true(isinf(up_model_first_stage_f(b)));
        up_model_free(a);
        up_model_free(b);
        csv_moments_free(f);
        csv_moments_free(g);
    }
}

static void
rows_twice(void **state)
{
    (void)state;
    for (int64_t vcov = UP_VCOV_HC0; vcov <= UP_VCOV_CR3; vcov++) {
        bool clustered = upi_vcov_clustered(vcov);
        csv_spec spec = {.keys = arms, .cluster = clustered ? "shop" : NULL};
        csv_fixture *f = load(spec);
        spec.repeat = 2;
        csv_fixture *g = load(spec);
        up_model *a = fit_new(f, UP_LINEAR_OPTS(.vcov = vcov), NULL);
        up_model *b = fit_new(g, UP_LINEAR_OPTS(.vcov = vcov), NULL);
        for (int64_t j = 0; j < up_model_coefs(a); j++) {
            assert_close(up_model_coef(b, 0, j), up_model_coef(a, 0, j), 1e-10,
                1e-10 * up_model_std_error(a, 0, j));
        }
        /* HC0 halves the variance; a cluster twice as large is the same cluster. */
        bool exact = vcov == UP_VCOV_HC0 || (clustered && vcov != UP_VCOV_CR1S);
        if (exact) {
            same_fit(a, b, NULL, clustered ? 1 : sqrt(0.5), 1e-10);
        }
        up_model_free(a);
        up_model_free(b);
        csv_moments_free(f);
        csv_moments_free(g);
    }
}

static void
units(void **state)
{
    (void)state;
    static const double scale[] = {1e6, 1e-5};
    for (int64_t vcov = UP_VCOV_IID; vcov <= UP_VCOV_CR3; vcov++) {
        csv_spec spec = {
            .keys = arms, .cluster = upi_vcov_clustered(vcov) ? "shop" : NULL};
        csv_fixture *f = load(spec);
        spec.scale = scale;
        csv_fixture *g = load(spec);
        up_model *a = fit_new(f, UP_LINEAR_OPTS(.vcov = vcov), NULL);
        up_model *b = fit_new(g, UP_LINEAR_OPTS(.vcov = vcov), NULL);
        same_fit(a, b, scale, 1, 1e-10);
        up_model_free(a);
        up_model_free(b);
        csv_moments_free(f);
        csv_moments_free(g);
    }
}

/* A number as a key, as a column of triangles, as moments per cluster. */
static void
one_answer(void **state)
{
    (void)state;
    for (int64_t vcov = UP_VCOV_IID; vcov <= UP_VCOV_CR3; vcov++) {
        const char *cluster = upi_vcov_clustered(vcov) ? "shop" : NULL;
        csv_fixture *f = load((csv_spec){.keys = rounded, .cluster = cluster});
        csv_fixture *g = load(
            (csv_spec){.keys = plain, .x = score, .cluster = cluster, .form = UPI_TRI});
        csv_fixture *h = load((csv_spec){
            .keys = plain, .x = score, .cluster = cluster, .form = UPI_GRAM});
        up_model *a = fit_new(f, UP_LINEAR_OPTS(.vcov = vcov), NULL);
        up_model *b = fit_new(g, UP_LINEAR_OPTS(.vcov = vcov), NULL);
        up_model *c = fit_new(h, UP_LINEAR_OPTS(.vcov = vcov), NULL);
        same_fit(a, b, NULL, 1, 1e-10);
        same_fit(a, c, NULL, 1, 1e-10);
        for (int64_t j = 0; j < up_model_coefs(a); j++) {
            assert_close(up_model_df(b, 0, j), up_model_df(a, 0, j), 1e-10, 0);
            assert_close(up_model_df(c, 0, j), up_model_df(a, 0, j), 1e-10, 0);
        }
        up_model_free(a);
        up_model_free(b);
        up_model_free(c);
        csv_moments_free(f);
        csv_moments_free(g);
        csv_moments_free(h);
    }
}

static const char *
with_ones(char **text)
{
    csv_table *t = csv_table_read(up_test_data("oracle/linear/arms.csv"));
    upi_text out = {0};
    for (int64_t j = 0; j < t->n_columns; j++) {
        upi_text_addf(&out, "%s,", t->name[j]);
    }
    upi_text_add(&out, "ones");
    for (int64_t i = 0; i < t->n_rows; i++) {
        upi_text_add(&out, "\n");
        for (int64_t j = 0; j < t->n_columns; j++) {
            upi_text_addf(&out, "%s,", t->cell[i * t->n_columns + j]);
        }
        upi_text_add(&out, "1");
    }
    csv_table_free(t);
    assert_int_equal(upi_text_take(&out, text, NULL), UP_OK);
    return *text;
}

static void
weights_of_one(void **state)
{
    (void)state;
    static const csv_key weighted[] = {{"arm", UPI_KEY_ARM, false},
        {"ones", UPI_KEY_WEIGHT, false}, {"device", UPI_KEY_COVARIATE, true},
        {"tier", UPI_KEY_COVARIATE, false}, {NULL, UPI_KEY_ARM, false}};
    char *text = NULL;
    csv_spec spec = {.text = with_ones(&text), .keys = arms};
    for (int64_t vcov = UP_VCOV_IID; vcov <= UP_VCOV_CR3; vcov++) {
        spec.cluster = upi_vcov_clustered(vcov) ? "shop" : NULL;
        spec.keys = arms;
        csv_fixture *f = load(spec);
        spec.keys = weighted;
        csv_fixture *g = load(spec);
        up_model *a = fit_new(f, UP_LINEAR_OPTS(.vcov = vcov), NULL);
        up_model *b = fit_new(g, UP_LINEAR_OPTS(.vcov = vcov), NULL);
        same_bits(a, b);
        up_model_free(a);
        up_model_free(b);
        csv_moments_free(f);
        csv_moments_free(g);
    }
    upi_free(text);
}

static void
any_threads(void **state)
{
    (void)state;
    static const int64_t vcov[] = {UP_VCOV_HC2, UP_VCOV_CR2, UP_VCOV_CR1S};
    for (size_t i = 0; i < 3; i++) {
        csv_spec spec = {.keys = plain, .x = score, .form = UPI_TRI};
        if (upi_vcov_clustered(vcov[i])) {
            spec = (csv_spec){.keys = arms, .cluster = "score"};
        }
        csv_fixture *f = load(spec);
        up_error err = UP_ERROR_INIT;
        up_model *m[2] = {NULL, NULL};
        for (int t = 0; t < 2; t++) {
            up_run run = {.struct_size = sizeof run, .threads = t == 0 ? 1 : 5};
            assert_ok(fit_fixture(
                          f, UP_LINEAR_OPTS(.vcov = vcov[i]), NULL, &run, &m[t], &err),
                &err);
        }
        same_bits(m[0], m[1]);
        up_model_free(m[0]);
        up_model_free(m[1]);
        csv_moments_free(f);
    }
}

/* Five thousand clusters of one to three rows of few cells: enough for several chunks, most of them
 * alike. In triangles no two clusters share anything, so the two forms take different paths. */
static char *
many_clusters(void)
{
    upi_text out = {0};
    upi_text_add(&out, "arm,tier,unit,rev,visits");
    uint64_t state = 1;
    for (int64_t c = 0; c < 5000; c++) {
        for (int64_t i = 0; i <= c % 3; i++) {
            state = upi_hash_u64(state + 1);
            upi_text_addf(&out, "\n%c,%d,%lld,%lld,%lld", c % 2 == 0 ? 'a' : 'b',
                (int)(state % 4), (long long)c,
                (long long)(state >> 8) % 1000 + c % 7 * 100,
                (long long)(state >> 32) % 100);
        }
    }
    char *s = NULL;
    assert_int_equal(upi_text_take(&out, &s, NULL), UP_OK);
    return s;
}

static void
many_alike_clusters(void **state)
{
    (void)state;
    static const csv_key tiers[] = {{"arm", UPI_KEY_ARM, false},
        {"tier", UPI_KEY_COVARIATE, false}, {NULL, UPI_KEY_ARM, false}};
    static const int64_t vcov[] = {UP_VCOV_AUTO, UP_VCOV_CR2, UP_VCOV_CR3};
    char *text = many_clusters();
    csv_spec spec = {.text = text, .keys = tiers, .y = metrics, .cluster = "unit"};
    csv_fixture *f = csv_moments_new(&spec);
    spec.form = UPI_TRI;
    csv_fixture *g = csv_moments_new(&spec);
    for (size_t i = 0; i < 3; i++) {
        up_error err = UP_ERROR_INIT;
        up_model *m[3] = {NULL, NULL, NULL};
        for (int t = 0; t < 3; t++) {
            up_run run = {.struct_size = sizeof run, .threads = t == 0 ? 1 : 5};
            assert_ok(fit_fixture(t == 2 ? g : f, UP_LINEAR_OPTS(.vcov = vcov[i]), NULL,
                          &run, &m[t], &err),
                &err);
        }
        assert_string_equal(up_model_vcov(m[0]), i == 0   ? "CR1S"
                                                 : i == 1 ? "CR2"
                                                          : "CR3");
        same_bits(m[0], m[1]);
        same_fit(m[0], m[2], NULL, 1, 1e-10);
        assert_close(up_model_df(m[2], 0, 1), up_model_df(m[0], 0, 1), 1e-9, 0);
        for (int t = 0; t < 3; t++) {
            up_model_free(m[t]);
        }
    }
    csv_moments_free(f);
    csv_moments_free(g);
    upi_free(text);
}

/* A weight or propensity is the same whether records are kept for each of its values or rows are
 * scaled one by one; averages of covariates are over people in both. */
static void
scaled_rows(void **state)
{
    (void)state;
    static const csv_key propensities[] = {{"arm", UPI_KEY_ARM, false},
        {"prop", UPI_KEY_PROPENSITY, false}, {NULL, UPI_KEY_ARM, false}};
    static const csv_key both[] = {{"arm", UPI_KEY_ARM, false},
        {"prop", UPI_KEY_PROPENSITY, false}, {"w", UPI_KEY_WEIGHT, false},
        {NULL, UPI_KEY_ARM, false}};
    static const csv_key weights[] = {{"arm", UPI_KEY_ARM, false},
        {"w", UPI_KEY_WEIGHT, false}, {NULL, UPI_KEY_ARM, false}};
    const csv_spec specs[][2] = {
        {{.keys = propensities, .x = score, .form = UPI_TRI},
            {.keys = plain, .x = score, .form = UPI_TRI, .row_propensity = "prop"}},
        {{.keys = both, .x = score, .form = UPI_TRI},
            {.keys = weights, .x = score, .form = UPI_TRI, .row_propensity = "prop"}},
        {{.keys = both, .x = score, .form = UPI_TRI},
            {.keys = propensities, .x = score, .form = UPI_TRI, .row_weight = "w"}}};
    for (size_t i = 0; i < sizeof specs / sizeof *specs; i++) {
        csv_fixture *f = load(specs[i][0]);
        csv_fixture *g = load(specs[i][1]);
        up_model *a = fit_new(f, UP_LINEAR_OPTS(.vcov = UP_VCOV_HC2), NULL);
        up_model *b = fit_new(g, UP_LINEAR_OPTS(.vcov = UP_VCOV_HC2), NULL);
        same_fit(a, b, NULL, 1, 1e-9);
        up_model_free(a);
        up_model_free(b);
        csv_moments_free(f);
        csv_moments_free(g);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(instrument_is_treatment),
        cmocka_unit_test(rows_twice), cmocka_unit_test(units),
        cmocka_unit_test(one_answer), cmocka_unit_test(weights_of_one),
        cmocka_unit_test(any_threads), cmocka_unit_test(many_alike_clusters),
        cmocka_unit_test(scaled_rows)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
