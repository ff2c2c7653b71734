/* up_fit_bayes as a caller sees it: the flat limit, laws, refusals, memory. Numbers are tested
 * against R in tests/oracle/bayes. */
#include "csv_moments.h"
#include "fit/fit.h"
#include "fit/posterior.h"
#include "up_test.h"

#include <upshot/upshot.h>

#include <math.h>
#include <string.h>

static const char table[] = "arm,got,x,cl,y,k\n"
                            "control,0,1,1,10.0,7\ncontrol,0,2,2,11.5,3\n"
                            "control,0,1,3,9.0,4\ncontrol,0,2,4,10.5,5\n"
                            "control,0,1,5,12.0,2\ncontrol,0,2,6,11.0,6\n"
                            "b,1,1,7,12.0,2\nb,0,2,8,14.5,9\nb,1,1,9,11.5,1\n"
                            "b,1,2,10,13.5,4\nb,0,1,11,12.5,4\nb,1,2,12,16.0,8\n"
                            "c,1,1,13,11.0,2\nc,1,2,14,12.0,4\nc,0,1,15,10.5,3\n"
                            "c,1,2,16,11.5,6\nc,1,1,17,13.0,8\nc,1,2,18,12.5,7\n";

static const csv_key keys[] = {
    {"arm", UPI_KEY_ARM, false}, {"x", UPI_KEY_COVARIATE, true}, {NULL, 0, false}};
static const csv_key got[] = {
    {"arm", UPI_KEY_ARM, false}, {"got", UPI_KEY_TREATED, false}, {NULL, 0, false}};
static const char *const y[] = {"y", NULL};
static const char *const two[] = {"y", "k", NULL};

static csv_fixture *
fixture(const csv_key *k, const char *const *metrics, const char *cluster)
{
    return csv_moments_new(
        &(csv_spec){.text = table, .keys = k, .y = metrics, .cluster = cluster});
}

static up_model *
bayes(csv_fixture *f, const up_bayes_opts *o)
{
    up_error err = UP_ERROR_INIT;
    up_model *m = NULL;
    assert_ok(up_fit_bayes(f->m, o, NULL, &m, &err), &err);
    return m;
}

static up_bayes_opts
with(const char *const *priors)
{
    return *UP_BAYES_OPTS(.priors = priors, .n_priors = 1);
}

/* Without beliefs: the numbers of the linear model, to the bit. */
static void
test_flat(void **state)
{
    (void)state;
    up_error err = UP_ERROR_INIT;
    for (int nig = 0; nig < 2; nig++) {
        csv_fixture *f = fixture(keys, two, NULL);
        up_model *linear = NULL;
        up_linear_opts *iid = UP_LINEAR_OPTS(.vcov = UP_VCOV_IID);
        assert_ok(up_fit_linear(f->m, nig ? iid : NULL, NULL, &linear, &err), &err);
        up_model *m = bayes(f, UP_BAYES_OPTS(.kind = nig));
        assert_string_equal(up_model_prior(m), "flat");
        assert_string_equal(up_model_posterior(linear), "");
        for (int64_t c = 0; c < 2; c++) {
            for (int64_t j = 0; j < up_model_coefs(m); j++) {
                assert_true(up_model_coef(m, c, j) == up_model_coef(linear, c, j));
                assert_true(
                    up_model_std_error(m, c, j) == up_model_std_error(linear, c, j));
                assert_true(up_model_df(m, c, j) == up_model_df(linear, c, j));
            }
        }
        up_model_free(linear);
        up_model_free(m);
        csv_moments_free(f);
    }
}

/* A prior that says nearly nothing, and one that says nearly everything. */
static void
test_limits(void **state)
{
    (void)state;
    static const char *const wide[] = {"arm=b ~ normal(0, 1e6)"};
    static const char *const firm[] = {"arm=b ~ normal(1.25, 1e-9)"};
    csv_fixture *f = fixture(keys, y, NULL);
    up_model *flat = bayes(f, NULL);
    up_bayes_opts o = with(wide);
    up_model *m = bayes(f, &o);
    assert_string_equal(up_model_coef_name(m, 1), "arm=b");
    for (int64_t j = 0; j < up_model_coefs(m); j++) {
        assert_close(up_model_coef(m, 0, j), up_model_coef(flat, 0, j), 1e-9, 1e-9);
        assert_close(
            up_model_std_error(m, 0, j), up_model_std_error(flat, 0, j), 1e-9, 0);
        assert_close(up_model_df(m, 0, j), up_model_df(flat, 0, j), 1e-9, 0);
    }
    up_model_free(m);
    o = with(firm);
    m = bayes(f, &o);
    assert_close(up_model_coef(m, 0, 1), 1.25, 1e-12, 0);
    assert_close(up_model_std_error(m, 0, 1), 1e-9, 1e-8, 0);
    assert_true(up_model_df(m, 0, 1) > 1e12);
    up_model_free(m);
    up_model_free(flat);
    csv_moments_free(f);
}

/* A prior in % knows no unit: ten times the metric is ten times the posterior. */
static void
test_relative_scales(void **state)
{
    (void)state;
    static const char *const lift[] = {"effect ~ normal(3%, 4%)"};
    csv_fixture *f = fixture(keys, y, NULL);
    up_bayes_opts o = with(lift);
    up_model *m = bayes(f, &o);
    double b = up_model_coef(m, 0, 1);
    double se = up_model_std_error(m, 0, 1);
    up_model_free(m);
    csv_moments_free(f);
    const double ten[] = {10};
    f = csv_moments_new(&(csv_spec){.text = table, .keys = keys, .y = y, .scale = ten});
    m = bayes(f, &o);
    assert_close(up_model_coef(m, 0, 1), 10 * b, 1e-12, 0);
    assert_close(up_model_std_error(m, 0, 1), 10 * se, 1e-12, 0);
    up_model_free(m);
    csv_moments_free(f);
}

static void
test_effects(void **state)
{
    (void)state;
    static const char *const priors[] = {"effect(b) ~ normal(0, 0.5)"};
    up_error err = UP_ERROR_INIT;
    csv_fixture *f = fixture(keys, y, NULL);
    up_bayes_opts o = with(priors);
    up_model *m = bayes(f, &o);
    up_effects *e = NULL;
    assert_ok(up_infer_effect(m, UP_EFFECT_OPTS(.by = "x"), &e, &err), &err);
    for (int64_t i = 0; i < up_effects_count(e); i++) {
        up_effect v = up_effects_get(e, i);
        assert_true(isnan(v.p_value) && isnan(v.relative_p_value));
        assert_true(v.ci_low < v.estimate && v.estimate < v.ci_high);
        assert_close(up_effects_probability(e, i, v.ci_low), 0.975, 1e-9, 0);
        assert_close(up_effects_probability(e, i, v.estimate), 0.5, 1e-12, 0);
    }
    assert_true(isnan(up_effects_probability(e, -1, 0)));
    assert_true(isnan(up_effects_probability(e, 0, (double)NAN)));
    bool credible = false;
    for (int64_t i = 0; i < up_effects_notes(e); i++) {
        up_note n = up_effects_note(e, i);
        credible = credible || n.code == UP_N_CREDIBLE;
        assert_int_not_equal(n.code, UP_N_FIXED_HORIZON);
    }
    assert_true(credible);
    double x[4];
    assert_fails(up_effects_joint_test(e, 0, 2, &x[0], &x[1], &x[2], &x[3], &err),
        UP_E_POSTERIOR, &err);
    up_effects_free(e);
    e = NULL;
    const up_effect_opts asked[] = {*UP_EFFECT_OPTS(.inference = UP_INFERENCE_ANYTIME),
        *UP_EFFECT_OPTS(.adjust = UP_ADJUST_HOLM),
        *UP_EFFECT_OPTS(.interval = UP_INTERVAL_AR)};
    for (size_t i = 0; i < sizeof asked / sizeof *asked; i++) {
        err = (up_error)UP_ERROR_INIT;
        assert_fails(up_infer_effect(m, &asked[i], &e, &err), UP_E_POSTERIOR, &err);
        assert_null(e);
    }
    up_model_free(m);
    csv_moments_free(f);
}

static void
test_conflict(void **state)
{
    (void)state;
    static const char *const far[] = {"effect ~ normal(-50, 0.1)"};
    static const char *const near[] = {"effect ~ normal(1, 2)"};
    csv_fixture *f = fixture(keys, y, NULL);
    for (int k = 0; k < 2; k++) {
        up_bayes_opts o = with(k == 0 ? far : near);
        up_model *m = bayes(f, &o);
        bool noted = false;
        for (int64_t i = 0; i < up_model_notes(m); i++) {
            noted = noted || up_model_note(m, i).code == UP_W_PRIOR_CONFLICT;
        }
        assert_true(noted == (k == 0));
        assert_true((up_model_prior_p(m) < 0.01) == (k == 0));
        up_model_free(m);
    }
    csv_moments_free(f);
}

typedef struct refusal {
    const char *prior;
    up_status status;
    const char *why;
} refusal;

static void
refuse(csv_fixture *f, up_bayes_opts o, up_status status, const char *why)
{
    up_error err = UP_ERROR_INIT;
    up_model *m = NULL;
    assert_fails(up_fit_bayes(f->m, &o, NULL, &m, &err), status, &err);
    assert_null(m);
    if (strstr(err.message, why) == NULL) {
        fail_msg("wanted '%s': %s", why, err.message);
    }
}

static void
test_refuses(void **state)
{
    (void)state;
    static const refusal robust[] = {
        {"arm=d ~ normal(0, 1)", UP_E_PRIOR, "no coefficient"},
        {"effect(d) ~ normal(0, 1)", UP_E_PRIOR, "no arm 'd'"},
        {"effect(control) ~ normal(0, 1)", UP_E_PRIOR, "is the control"},
        {"effect ~ normal(0, 1) for z", UP_E_PRIOR, "not measured"},
        {"arm=b ~ normal(0, 1) for z", UP_E_PRIOR, "not measured"},
        {"effect ~ normal(0, 1 sd)", UP_E_PRIOR, "belongs to the nig"}};
    csv_fixture *f = fixture(keys, two, NULL);
    for (size_t i = 0; i < sizeof robust / sizeof *robust; i++) {
        refuse(f, with(&robust[i].prior), robust[i].status, robust[i].why);
    }
    static const char *const twice[] = {"arm=b ~ normal(0, 1)", "arm=* ~ normal(0, 2)"};
    static const char *const again[] = {
        "effect ~ normal(0, 1)", "effect(c) ~ normal(0, 2)"};
    refuse(f, *UP_BAYES_OPTS(.priors = twice, .n_priors = 2), UP_E_PRIOR, "two priors");
    refuse(f, *UP_BAYES_OPTS(.priors = again, .n_priors = 2), UP_E_PRIOR, "two priors");
    static const char *const metres[] = {"effect ~ normal(0, 1)"};
    static const char *const one[] = {"effect ~ normal(0, 1 sd) for y"};
    up_bayes_opts nig =
        *UP_BAYES_OPTS(.kind = UP_POSTERIOR_NIG, .priors = metres, .n_priors = 1);
    refuse(f, nig, UP_E_PRIOR, "residual standard");
    nig.priors = one;
    refuse(f, nig, UP_E_PRIOR, "one prior for all");
    refuse(f, *UP_BAYES_OPTS(.kind = 2), UP_E_ARGUMENT, "not 0 or 1");
    refuse(f, *UP_BAYES_OPTS(.n_priors = 1), UP_E_ARGUMENT, "list");
    refuse(f, *UP_BAYES_OPTS(.shape = 1), UP_E_ARGUMENT, "no residual variance");
    refuse(f, *UP_BAYES_OPTS(.kind = 1, .rate = -1), UP_E_ARGUMENT, "from 0 up");
    refuse(f, *UP_BAYES_OPTS(.kind = 1, .linear = UP_LINEAR_OPTS(.vcov = UP_VCOV_HC2)),
        UP_E_ARGUMENT, "one variance");
    csv_moments_free(f);
    f = fixture(keys, y, "cl");
    refuse(f, *UP_BAYES_OPTS(.kind = 1), UP_E_ARGUMENT, "clusters");
    csv_moments_free(f);
    f = fixture(got, y, NULL);
    refuse(f, *UP_BAYES_OPTS(.kind = 1), UP_E_ARGUMENT, "comply");
    csv_moments_free(f);
}

/* A baseline near 0 is no scale. */
static void
test_baseline(void **state)
{
    (void)state;
    static const char centred[] =
        "arm,y\na,-1\na,1.1\na,0.2\na,-0.4\nb,1\nb,2\nb,1.5\n";
    static const csv_key arm[] = {{"arm", UPI_KEY_ARM, false}, {NULL, 0, false}};
    static const char *const lift[] = {"effect ~ normal(0, 5%)"};
    csv_fixture *f = csv_moments_new(&(csv_spec){.text = centred, .keys = arm, .y = y});
    refuse(f, with(lift), UP_E_PRIOR, "told from 0");
    csv_moments_free(f);
}

static up_status
sweep(void *ctx, up_error *err)
{
    static const char *const priors[] = {"effect ~ normal(0, 5%)", "x* ~ normal(0, 1)"};
    static const char *const sds[] = {"* ~ normal(0, 1 sd)"};
    csv_fixture *f = ctx;
    up_model *m = NULL;
    up_status status = up_fit_bayes(
        f->m, UP_BAYES_OPTS(.priors = priors, .n_priors = 2), NULL, &m, err);
    up_model_free(m);
    if (status == UP_OK) {
        m = NULL;
        status = up_fit_bayes(f->m,
            UP_BAYES_OPTS(.kind = 1, .priors = sds, .n_priors = 1, .shape = 1,
                .rate = 1),
            NULL, &m, err);
        up_model_free(m);
    }
    return status;
}

static void
test_memory(void **state)
{
    (void)state;
    csv_fixture *f = fixture(keys, two, NULL);
    up_sweep_memory(sweep, f);
    csv_moments_free(f);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_flat),
        cmocka_unit_test(test_limits), cmocka_unit_test(test_relative_scales),
        cmocka_unit_test(test_effects), cmocka_unit_test(test_conflict),
        cmocka_unit_test(test_refuses), cmocka_unit_test(test_baseline),
        cmocka_unit_test(test_memory)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
