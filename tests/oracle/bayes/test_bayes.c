/* Posteriors against dense textbook formulas in R (make.R), and against the numbers of the core
 * reference 7.1 and of cases N32. */
#include "csv_moments.h"
#include "expected.h"
#include "fit/fit.h"
#include "fit/posterior.h"
#include "num/dist.h"
#include "up_test.h"

#include <upshot/upshot.h>

#include <math.h>
#include <string.h>

enum { P = 4 };

static const csv_key adjusted[] = {{"z", UPI_KEY_ARM, false},
    {"x1", UPI_KEY_COVARIATE, false}, {"x2", UPI_KEY_COVARIATE, false},
    {NULL, 0, false}};
static const csv_key plain[] = {{"z", UPI_KEY_ARM, false}, {NULL, 0, false}};
static const csv_key encouraged[] = {
    {"z", UPI_KEY_ARM, false}, {"d", UPI_KEY_TREATED, false}, {NULL, 0, false}};
static const char *const y1[] = {"y1", NULL};
static const char *const both[] = {"y1", "y2", NULL};

typedef struct posterior {
    csv_fixture *csv;
    up_model *m;
} posterior;

static posterior
fit(const csv_key *keys, const char *const *y, const char *cluster, up_bayes_opts *o)
{
    up_error err = UP_ERROR_INIT;
    posterior f = {
        csv_moments_new(&(csv_spec){.path = up_test_data("oracle/effect/lcg_panel.csv"),
            .keys = keys,
            .y = y,
            .cluster = cluster}),
        NULL};
    assert_ok(up_fit_bayes(f.csv->m, o, NULL, &f.m, &err), &err);
    return f;
}

static void
done(posterior *f)
{
    up_model_free(f->m);
    csv_moments_free(f->csv);
}

static void
check_mean(const posterior *f, int64_t e, const double *want)
{
    for (int64_t j = 0; j < upi_model_basis(f->m, e)->p; j++) {
        assert_close(f->m->coef[e][j], want[j], 1e-9, 1e-12);
    }
}

/* want: the block of a matrix with leading dimension ld that starts at (i, j). */
static void
check_block(const posterior *f, int64_t a, int64_t b, const double *want, int64_t ld)
{
    const double *v = upi_model_block(f->m, a, b);
    int64_t pa = upi_model_basis(f->m, a)->p;
    int64_t pb = upi_model_basis(f->m, b)->p;
    for (int64_t i = 0; i < pa * pb; i++) {
        assert_close(v[i], want[i % pa + i / pa * ld], 1e-9, 1e-14);
    }
}

/* The core reference 7.1, on the design that it prints: L0 = 0.1 I is a variance of 10 s2. */
static void
test_core(void **state)
{
    (void)state;
    static const double mn[P] = {
        0.549660888388, 0.854281226043, 0.969352558324, -0.421355123092};
    static const double scale[P] = {
        0.0973943469775, 0.0986840214494, 0.0645769126678, 0.1008425334476};
    up_error err = UP_ERROR_INIT;
    double h[P * P] = {0};
    double mean[P] = {0};
    double variance[P] = {10, 10, 10, 10};
    double b[P];
    double v[P * P];
    double distance[P];
    upi_gain gain = {0};
    for (int i = 0; i < P; i++) {
        h[i + i * P] = 1;
    }
    upi_beliefs x = {.p = P, .r = P, .h = h, .mean = mean, .variance = variance};
    memcpy(b, core_ols, sizeof b);
    memcpy(v, core_bread, sizeof v);
    assert_ok(upi_gain_make(P, v, &x, &gain, &err), &err);
    upi_gain_mean(&gain, &x, b, distance);
    assert_ok(upi_gain_covariance(&gain, &x, v, NULL, &err), &err);
    double far = 0;
    for (int i = 0; i < P; i++) {
        far += distance[i] * distance[i];
    }
    double a = 122;
    double bn = 1 + (core_rss[0] + far) / 2;
    assert_close(bn, 71.082665505938, 1e-12, 0);
    assert_close(bn, core_bn[0], 1e-12, 0);
    for (int i = 0; i < P; i++) {
        assert_close(b[i], mn[i], 0, 1e-11);
        assert_close(sqrt(bn / a * v[i + i * P]), scale[i], 0, 1e-12);
    }
    double evidence = -120 * log(2 * 3.14159265358979323846) + gain.log_ratio / 2 -
                      a * log(bn) + upi_ln_gamma(a) - upi_ln_gamma(2);
    assert_close(evidence, -292.018956404, 1e-11, 0);
    upi_gain_free(&gain);
}

static void
test_nig(void **state)
{
    (void)state;
    static const char *const priors[] = {"z=1 ~ normal(0.3, 0.5 sd)",
        "(Intercept) ~ normal(0, 3.1622776601683795 sd)",
        "x* ~ normal(0, 3.1622776601683795 sd)"};
    posterior f = fit(adjusted, both, NULL,
        UP_BAYES_OPTS(.kind = UP_POSTERIOR_NIG, .priors = priors, .n_priors = 3,
            .shape = 2, .rate = 1,
            .linear = UP_LINEAR_OPTS(.interactions = UP_INTERACT_NONE)));
    check_mean(&f, 0, nig_mean);
    check_mean(&f, 1, nig_mean + P);
    check_block(&f, 0, 0, nig_v11, P);
    check_block(&f, 0, 1, nig_v12, P);
    assert_close(up_model_df(f.m, 0, 1), 244, 1e-14, 0);
    assert_close(up_model_log_evidence(f.m, 0), nig_evidence[0], 1e-11, 0);
    assert_close(up_model_log_evidence(f.m, 1), nig_evidence[1], 1e-11, 0);
    assert_string_equal(up_model_posterior(f.m), "nig");
    done(&f);
}

static void
test_robust(void **state)
{
    (void)state;
    static const char *const priors[] = {
        "z=1 ~ normal(0.2, 0.1) for y1", "x* ~ normal(0, 0.5)"};
    up_linear_opts *none = UP_LINEAR_OPTS(.interactions = UP_INTERACT_NONE);
    posterior f = fit(adjusted, both, NULL,
        UP_BAYES_OPTS(.priors = priors, .n_priors = 2, .linear = none));
    check_mean(&f, 0, hc2_mean);
    check_mean(&f, 1, hc2_mean + P);
    check_block(&f, 0, 0, hc2_v, 2 * P);
    check_block(&f, 1, 1, hc2_v + P + 2 * P * P, 2 * P);
    check_block(&f, 0, 1, hc2_v + 2 * P * P, 2 * P);
    assert_true(isnan(up_model_log_evidence(f.m, 0)));
    done(&f);
    f = fit(adjusted, y1, "cl",
        UP_BAYES_OPTS(.priors = priors, .n_priors = 1,
            .linear =
                UP_LINEAR_OPTS(.interactions = UP_INTERACT_NONE, .vcov = UP_VCOV_CR2)));
    check_mean(&f, 0, cr2_mean);
    check_block(&f, 0, 0, cr2_v, P);
    assert_close(up_model_df(f.m, 0, 1), cr2_df[0], 1e-9, 0);
    done(&f);
}

static void
test_lift(void **state)
{
    (void)state;
    static const char *const priors[] = {"effect ~ normal(2%, 5%)"};
    posterior f = fit(plain, y1, NULL, UP_BAYES_OPTS(.priors = priors, .n_priors = 1));
    check_mean(&f, 0, lift_mean);
    check_block(&f, 0, 0, lift_v, 2);
    done(&f);
}

static void
test_two_stages(void **state)
{
    (void)state;
    static const char *const priors[] = {"effect(1) ~ normal(0.5, 0.2)"};
    posterior f = fit(encouraged, y1, NULL,
        UP_BAYES_OPTS(.priors = priors, .n_priors = 1,
            .linear = UP_LINEAR_OPTS(.vcov = UP_VCOV_HC0)));
    check_mean(&f, 0, iv_mean);
    check_mean(&f, 1, iv_mean + 2);
    check_block(&f, 0, 0, iv_v, 4);
    check_block(&f, 0, 1, iv_v + 8, 4);
    check_block(&f, 1, 1, iv_v + 10, 4);
    done(&f);
}

static void
test_ratio(void **state)
{
    (void)state;
    static const char *const priors[] = {"effect ~ normal(0, 0.1) for r"};
    up_error err = UP_ERROR_INIT;
    up_source *source = NULL;
    up_experiment *x = NULL;
    up_moments *m = NULL;
    up_model *model = NULL;
    up_effects *e = NULL;
    assert_ok(up_source_open(
                  up_test_data("oracle/effect/lcg_panel.csv"), NULL, &source, &err),
        &err);
    assert_ok(
        up_experiment_new(source, UP_ROLES(.intent_to_treat = "z"), &x, &err), &err);
    assert_ok(up_experiment_add_metric(x, "r = ratio(y1, y2)", &err), &err);
    assert_ok(up_moments_build(x, NULL, NULL, &m, &err), &err);
    assert_ok(up_fit_bayes(m, UP_BAYES_OPTS(.priors = priors, .n_priors = 1), NULL,
                  &model, &err),
        &err);
    assert_ok(up_infer_effect(model, NULL, &e, &err), &err);
    assert_close(up_effects_get(e, 0).estimate, ratio_effect[0], 1e-9, 0);
    up_effects_free(e);
    up_model_free(model);
    up_moments_free(m);
    up_experiment_free(x);
    up_source_free(source);
}

/* Cases N32: the lift of (10, 105, 1111.5) over (10, 100, 1002.25), .05 with standard error
 * .035715892821, under the prior N(.1, variance .1). */
static void
test_peer(void **state)
{
    (void)state;
    up_error err = UP_ERROR_INIT;
    double h = 1;
    double mean = .1;
    double variance = .1;
    double b = .05;
    double v = .035715892821 * .035715892821;
    double distance = 0;
    upi_gain gain = {0};
    upi_beliefs x = {.p = 1, .r = 1, .h = &h, .mean = &mean, .variance = &variance};
    assert_ok(upi_gain_make(1, &v, &x, &gain, &err), &err);
    upi_gain_mean(&gain, &x, &b, &distance);
    assert_ok(upi_gain_covariance(&gain, &x, &v, NULL, &err), &err);
    assert_close(b, .050629778883, 1e-10, 0);
    assert_close(b - 1.959963984540054 * sqrt(v), -.018929830743, 1e-10, 0);
    assert_close(b + 1.959963984540054 * sqrt(v), .120189388509, 1e-10, 0);
    assert_close(upi_normal_cdf(b / sqrt(v)), .923149908577, 1e-10, 0);
    upi_gain_free(&gain);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_core),
        cmocka_unit_test(test_nig), cmocka_unit_test(test_robust),
        cmocka_unit_test(test_lift), cmocka_unit_test(test_two_stages),
        cmocka_unit_test(test_ratio), cmocka_unit_test(test_peer)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
