/* The clustered meat from sparse rows against its definition, cluster by cluster in orthonormal
 * coordinates: with factors, with numbers, with an instrument, without interactions. */
#include "fit_helper.h"
#include "num/matrix.h"
#include "up_test.h"

#include <math.h>

static const char *const metrics[] = {"rev", "visits", NULL};
static const char *const one_metric[] = {"rev", NULL};
static const char *const number[] = {"age", NULL};

static const csv_key factors[] = {{"arm", UPI_KEY_ARM, false},
    {"country", UPI_KEY_COVARIATE, true}, {"tier", UPI_KEY_COVARIATE, false},
    {NULL, UPI_KEY_ARM, false}};
static const csv_key instrument[] = {{"arm", UPI_KEY_ARM, false},
    {"got", UPI_KEY_TREATED, false}, {"country", UPI_KEY_COVARIATE, true},
    {NULL, UPI_KEY_ARM, false}};
static const csv_key with_number[] = {{"arm", UPI_KEY_ARM, false},
    {"country", UPI_KEY_COVARIATE, true}, {NULL, UPI_KEY_ARM, false}};

static const csv_key all_numbers[] = {{"arm", UPI_KEY_ARM, false},
    {"tier", UPI_KEY_COVARIATE, false}, {"age", UPI_KEY_COVARIATE, false},
    {"got", UPI_KEY_COVARIATE, false}, {NULL, UPI_KEY_ARM, false}};

static const char *const nothing[] = {NULL};

enum { CLUSTERS = 3000, COUNTRIES = 20 };

/* Clusters of `rows` to `rows` + 2 rows, each in one of three arms. */
static char *
many_clusters(int64_t clusters, int64_t rows)
{
    upi_text out = {0};
    upi_text_add(&out, "arm,got,country,tier,age,unit,rev,visits");
    uint64_t state = 7;
    for (int64_t c = 0; c < clusters; c++) {
        for (int64_t i = 0; i < rows + c % 3; i++) {
            state = upi_hash_u64(state + 1);
            bool takes = c % 3 != 0 && state % 5 != 0;
            upi_text_addf(&out, "\n%c,%s,c%02d,%d,%d,%lld,%lld,%lld", "abc"[c % 3],
                takes ? "1" : "0", (int)(state >> 8) % COUNTRIES & 31,
                (int)(state >> 16 & 3), (int)(state >> 20 & 63), (long long)c,
                (long long)(state >> 30 & 1023) + c % 7 * 100 + (takes ? 50 : 0),
                (long long)(state >> 44 & 127));
        }
    }
    char *s = NULL;
    assert_int_equal(upi_text_take(&out, &s, NULL), UP_OK);
    return s;
}

/* meat_ab += Q_c' e_a e_b' Q_c of one cluster, without any adjustment. */
static void
add_cluster(upi_cluster_rows *w, int64_t k, double *score, double **block)
{
    const up_model *m = w->m;
    int64_t widest = m->x.p > m->z.p ? m->x.p : m->z.p;
    upi_cluster_load(w, k);
    upi_cluster_weights(w, k);
    upi_cluster_residuals(w, k);
    for (int64_t e = 0; e < m->n_equations; e++) {
        const upi_basis *b = upi_model_basis(m, e);
        const double *q = w->q[b == &m->x ? 0 : 1];
        for (int64_t j = 0; j < b->p; j++) {
            score[e * widest + j] = 0;
            for (int64_t i = 0; i < w->r; i++) {
                score[e * widest + j] += q[i + j * w->r] * w->s[i] * w->e[i + e * w->r];
            }
        }
    }
    for (int64_t a = 0, b = 0; b < m->n_equations; upi_next_pair(&a, &b)) {
        int64_t pa = upi_model_basis(m, a)->p, pb = upi_model_basis(m, b)->p;
        for (int64_t i = 0; i < pa * pb; i++) {
            block[upi_packed(a, b)][i] +=
                score[a * widest + i % pa] * score[b * widest + i / pa];
        }
    }
}

static void
check(const up_model *m, double factor)
{
    up_error err = UP_ERROR_INIT;
    upi_meat want = {0}, got = {0};
    upi_cluster_rows w = {0};
    const upi_clusters *c = &m->cov->clusters;
    int64_t widest = m->x.p > m->z.p ? m->x.p : m->z.p;
    double *score = upi_calloc(widest * m->n_equations, sizeof *score);
    assert_non_null(score);
    assert_ok(upi_meat_new(m, &want, &err), &err);
    assert_ok(upi_meat_new(m, &got, &err), &err);
    assert_ok(upi_cluster_rows_new(m, c, &w, &err), &err);
    for (int64_t k = 0; k < c->n; k++) {
        add_cluster(&w, k, score, want.block);
    }
    bool done = false;
    assert_ok(upi_meat_sparse(m, c, factor, NULL, &got, &done, &err), &err);
    assert_true(done);
    for (int64_t a = 0, b = 0; b < m->n_equations; upi_next_pair(&a, &b)) {
        int64_t pa = upi_model_basis(m, a)->p, pb = upi_model_basis(m, b)->p;
        const double *aa = want.block[upi_packed(a, a)];
        const double *bb = want.block[upi_packed(b, b)];
        for (int64_t i = 0; i < pa * pb; i++) {
            double size = sqrt(aa[i % pa * (pa + 1)] * bb[i / pa * (pb + 1)]);
            assert_close(got.block[upi_packed(a, b)][i],
                factor * want.block[upi_packed(a, b)][i], 0, 1e-10 * size);
        }
    }
    upi_cluster_rows_free(&w);
    upi_meat_free(&want);
    upi_meat_free(&got);
    upi_free(score);
}

static void
by_definition(void **state)
{
    (void)state;
    char *text = many_clusters(CLUSTERS, 1);
    csv_spec spec = {.text = text, .keys = factors, .y = metrics, .cluster = "unit"};
    csv_spec numbers = spec, two_stages = spec;
    numbers.keys = with_number;
    numbers.x = number;
    numbers.form = UPI_GRAM;
    two_stages.keys = instrument;
    const csv_spec *specs[] = {&spec, &spec, &numbers, &two_stages};
    for (int i = 0; i < 4; i++) {
        csv_fixture *f = csv_moments_new(specs[i]);
        up_model *m =
            fit_new(f, UP_LINEAR_OPTS(.vcov = UP_VCOV_CR0), i == 1 ? nothing : NULL);
        assert_int_equal(m->design.iv, i == 3);
        check(m, 1);
        check(m, -1.5);
        up_model_free(m);
        csv_moments_free(f);
    }
    upi_free(text);
}

/* What is better done in orthonormal coordinates is left to them, and nothing is added. */
static void
declines(const csv_spec *spec)
{
    up_error err = UP_ERROR_INIT;
    csv_fixture *f = csv_moments_new(spec);
    up_model *m = fit_new(f, UP_LINEAR_OPTS(.vcov = UP_VCOV_CR0), nothing);
    upi_meat meat = {0};
    bool done = true;
    assert_ok(upi_meat_new(m, &meat, &err), &err);
    assert_ok(upi_meat_sparse(m, &m->cov->clusters, 1, NULL, &meat, &done, &err), &err);
    assert_false(done);
    for (int64_t i = 0; i < m->x.p * m->x.p; i++) {
        assert_true(meat.block[0][i] == 0);
    }
    upi_meat_free(&meat);
    up_model_free(m);
    csv_moments_free(f);
}

static void
not_sparse(void **state)
{
    (void)state;
    char *text = many_clusters(CLUSTERS, 1);
    csv_spec spec = {.text = text,
        .keys = with_number,
        .x = number,
        .y = metrics,
        .cluster = "unit",
        .form = UPI_TRI};
    declines(&spec);
    upi_free(text);
    /* few columns, and every row touches them all */
    text = many_clusters(CLUSTERS, 2);
    declines(&(csv_spec){
        .text = text, .keys = all_numbers, .y = metrics, .cluster = "unit"});
    upi_free(text);
}

/* age and almost = age + a ten-thousandth of noise: 1 / (1 - R^2) is above 1e7. */
static void
nearly_repeated(void **state)
{
    (void)state;
    static const char *const both[] = {"age", "almost", NULL};
    static const csv_key plain[] = {
        {"arm", UPI_KEY_ARM, false}, {NULL, UPI_KEY_ARM, false}};
    upi_text out = {0};
    upi_text_add(&out, "arm,age,almost,unit,rev");
    uint64_t state_of = 3;
    for (int64_t c = 0; c < 2000; c++) {
        state_of = upi_hash_u64(state_of + 1);
        int64_t age = (int64_t)(state_of & 63);
        upi_text_addf(&out, "\n%c,%lld,%lld.000%d,%lld,%lld", "ab"[c % 2],
            (long long)age, (long long)age, (int)(state_of >> 8 & 7), (long long)c,
            (long long)(state_of >> 16 & 1023));
    }
    char *text = NULL;
    assert_int_equal(upi_text_take(&out, &text, NULL), UP_OK);
    csv_spec spec = {.text = text,
        .keys = plain,
        .x = both,
        .y = one_metric,
        .cluster = "unit",
        .form = UPI_GRAM};
    declines(&spec);
    spec.x = number;
    csv_fixture *f = csv_moments_new(&spec);
    up_model *m = fit_new(f, UP_LINEAR_OPTS(.vcov = UP_VCOV_CR0), NULL);
    check(m, 1);
    up_model_free(m);
    csv_moments_free(f);
    upi_free(text);
}

static up_status
fit_clustered(void *ctx, up_error *err)
{
    up_model *m = NULL;
    up_status status =
        fit_fixture(ctx, UP_LINEAR_OPTS(.vcov = UP_VCOV_CR1), NULL, NULL, &m, err);
    up_model_free(m);
    return status;
}

static void
memory(void **state)
{
    (void)state;
    char *text = many_clusters(60, 1);
    csv_spec spec = {.text = text, .keys = factors, .y = metrics, .cluster = "unit"};
    csv_fixture *f = csv_moments_new(&spec);
    up_sweep_memory(fit_clustered, f);
    csv_moments_free(f);
    upi_free(text);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(by_definition),
        cmocka_unit_test(not_sparse),
        cmocka_unit_test(nearly_repeated),
        cmocka_unit_test(memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
