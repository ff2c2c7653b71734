/* Kinds of inference, margins, Anderson-Rubin sets and adjustment on fitted models: against R
 * (tests/oracle/comparisons), core.md 6.5, and by the law that p-value, interval and decision
 * are one. */
#include "fixture.h"
#include "num/dist.h"
#include "num/rng.h"

static const double two_looks[] = {.3, .6};

/* Sales by arm, without covariates. */
static fixture
sales_new(int64_t vcov)
{
    static const csv_key keys[] = {{"arm", UPI_KEY_ARM, false}, {0}};
    static const char *const y[] = {"sales", NULL};
    csv_spec spec = {.path = up_test_data("oracle/effect/ab.csv"),
        .keys = keys,
        .y = y,
        .form = UPI_MEAN};
    return fixture_new(&spec, UP_LINEAR_OPTS(.vcov = vcov));
}

static up_effect
arm_a(const up_effects *e)
{
    return up_effects_get(e, find_row(e, "sales", "a", "", ""));
}

/* ---- anytime, sides ---- */

static void
test_anytime(void **state)
{
    (void)state;
    fixture f = sales_new(UP_VCOV_HC2);
    up_effects *e = effects_of(
        f.model, UP_EFFECT_OPTS(.inference = UP_INFERENCE_ANYTIME, .planned = 2000));
    up_effect a = arm_a(e);
    up_inference_used used = up_effects_inference(e);
    assert_close(used.mixture, comparison("anytime g"), 1e-11, 0);
    assert_close(used.planned, 2000, 0, 0);
    assert_int_equal(used.unit_is_cluster, 0);
    assert_int_equal(a.form, UP_FORM_T);
    assert_close(a.log_e_value, comparison("anytime log e"), 1e-10, 0);
    assert_close(a.e_value, exp(a.log_e_value), 1e-14, 0);
    assert_close(a.p_value, comparison("anytime p"), 1e-10, 0);
    assert_close(a.critical, comparison("anytime critical"), 1e-10, 0);
    assert_close(a.ci_low, comparison("anytime low"), 1e-9, 0);
    assert_close(a.ci_high, comparison("anytime high"), 1e-9, 0);
    assert_true(has_note(e, UP_N_ANYTIME));
    assert_false(has_note(e, UP_N_FIXED_HORIZON));
    /* The Wald test of both arms has the F form of the same mixture. */
    double t[4];
    double fixed[4];
    up_error err = UP_ERROR_INIT;
    assert_ok(up_effects_joint_test(e, 0, 2, &t[0], &t[1], &t[2], &t[3], &err), &err);
    up_effects *g = effects_of(f.model, NULL);
    assert_ok(up_effects_joint_test(
                  g, 0, 2, &fixed[0], &fixed[1], &fixed[2], &fixed[3], &err),
        &err);
    double r = used.mixture / (used.mixture + 600);
    double q = t[1] * t[0] / t[2];
    double log_e = t[1] / 2 * log(r) + (t[2] + t[1]) / 2 * (log1p(q) - log1p(r * q));
    assert_close(t[0], fixed[0], 1e-14, 0);
    assert_close(t[3], fmin(1, exp(-log_e)), 1e-10, 0);
    assert_true(t[3] > fixed[3]);
    up_effects_free(e);
    up_effects_free(g);
    fixture_free(&f);
}

/* Clusters are the units, and the e-value has its normal form. */
static void
test_anytime_clusters(void **state)
{
    (void)state;
    csv_spec spec = panel_spec(true, false);
    fixture f = fixture_new(&spec, NULL);
    up_effects *e = effects_of(
        f.model, UP_EFFECT_OPTS(.inference = UP_INFERENCE_ANYTIME, .planned = 60));
    up_effect a = up_effects_get(e, 0);
    up_inference_used used = up_effects_inference(e);
    assert_int_equal(a.form, UP_FORM_NORMAL);
    assert_int_equal(used.unit_is_cluster, 1);
    assert_true(isinf(a.df));
    double r = used.mixture / (used.mixture + 24);
    double z = a.estimate / a.std_error;
    assert_close(a.log_e_value, .5 * log(r) + (1 - r) * z * z / 2, 1e-11, 0);
    assert_close(a.critical, sqrt(log(1 / (r * .0025)) / (1 - r)), 1e-11, 0);
    up_effects_free(e);
    fixture_free(&f);
}

static void
test_one_sided(void **state)
{
    (void)state;
    fixture f = sales_new(UP_VCOV_HC2);
    up_effects *e = effects_of(f.model, UP_EFFECT_OPTS(.sides = UP_LESS));
    up_effect a = arm_a(e);
    assert_close(a.p_value, comparison("less p"), 1e-10, 0);
    assert_close(a.ci_high, comparison("margin high"), 1e-10, 0);
    assert_true(isinf(a.ci_low) && a.ci_low < 0);
    assert_int_equal(a.ci_shape, UPI_SHAPE_BELOW);
    assert_int_equal(a.relative_shape, UPI_SHAPE_BELOW);
    assert_int_equal(a.decision, UP_DECISION_NONE);
    up_effects_free(e);
    e = effects_of(f.model, UP_EFFECT_OPTS(.sides = UP_GREATER));
    a = arm_a(e);
    assert_close(a.ci_low, comparison("margin low"), 1e-10, 0);
    assert_close(a.relative_low, comparison("margin rel low"), 1e-8, 0);
    assert_int_equal(a.decision, UP_DECISION_INCREASE);
    up_effects_free(e);
    fixture_free(&f);
}

static void
test_group(void **state)
{
    (void)state;
    fixture f = sales_new(UP_VCOV_HC2);
    up_effects *e =
        effects_of(f.model, UP_EFFECT_OPTS(.inference = UP_INFERENCE_GROUP,
                                .information = two_looks, .n_information = 2));
    up_effect a = arm_a(e);
    up_inference_used used = up_effects_inference(e);
    assert_int_equal(used.look, 2);
    assert_close(used.information, .6, 1e-15, 0);
    /* Two-sided at 5 % is rpact's design at 2.5 % each side. */
    assert_close(used.bound, comparison("group bound 2"), 1e-6, 0);
    assert_close(upi_t_sf(a.critical, a.df), upi_normal_sf(used.bound), 1e-9, 0);
    assert_true(has_note(e, UP_N_GROUP_SEQUENTIAL));
    double t[4];
    up_error err = UP_ERROR_INIT;
    assert_fails(up_effects_joint_test(e, 0, 2, &t[0], &t[1], &t[2], &t[3], &err),
        UP_E_ARGUMENT, &err);
    up_effects_free(e);
    fixture_free(&f);
}

/* ---- margins ---- */

static up_effect
with_margin(const up_model *m, up_margin margin, up_effect_opts *o)
{
    o->margins = &margin;
    o->n_margins = 1;
    up_effects *e = effects_of(m, o);
    up_effect a = arm_a(e);
    a.metric = a.arm = a.against = a.segment = a.period = a.estimand = a.family = "";
    up_effects_free(e);
    return a;
}

static void
test_margins(void **state)
{
    (void)state;
    fixture f = sales_new(UP_VCOV_HC2);
    up_margin m = {.metric = "sales", .margin = .1};
    up_effect a = with_margin(f.model, m, UP_EFFECT_OPTS(.level = 0));
    assert_close(a.margin_p_value, comparison("margin ni abs"), 1e-8, 0);
    assert_close(a.margin_low, comparison("margin low"), 1e-10, 0);
    assert_true(isinf(a.margin_high));
    assert_int_equal(a.decision, UP_DECISION_NONINFERIOR);
    m = (up_margin){.metric = "sales", .margin = .02, .relative = 1};
    a = with_margin(f.model, m, UP_EFFECT_OPTS(.level = 0));
    assert_close(a.margin_p_value, comparison("margin ni rel"), 1e-8, 0);
    assert_close(a.margin_low, comparison("margin rel low"), 1e-8, 0);
    m = (up_margin){
        .metric = "sales", .margin = .03, .relative = 1, .kind = UP_MARGIN_SUPERIORITY};
    a = with_margin(f.model, m, UP_EFFECT_OPTS(.level = 0));
    assert_close(a.margin_p_value, comparison("margin sup rel"), 1e-8, 0);
    assert_int_equal(a.decision, UP_DECISION_SUPERIOR);
    m = (up_margin){.metric = "sales", .margin = .8, .kind = UP_MARGIN_EQUIVALENCE};
    a = with_margin(f.model, m, UP_EFFECT_OPTS(.level = 0));
    assert_close(a.margin_p_value, comparison("margin eq abs"), 1e-8, 0);
    assert_close(a.margin_low, comparison("margin low"), 1e-10, 0);
    assert_close(a.margin_high, comparison("margin high"), 1e-10, 0);
    assert_int_equal(a.decision, UP_DECISION_EQUIVALENT);
    fixture_free(&f);
}

/* For every kind, side, scale and inference: p <= alpha exactly when the interval lies within
 * the claim. */
static void
test_margin_law(void **state)
{
    (void)state;
    fixture f = sales_new(UP_VCOV_HC2);
    int64_t met = 0;
    for (int64_t i = 0; i < 400; i++) {
        upi_rng rng = upi_rng_make(5, 1, (uint64_t)i, 0);
        up_margin m = {.metric = "sales",
            .margin = .001 + upi_rng_uniform(&rng),
            .relative = i % 2,
            .kind = i / 2 % 3,
            .better = i / 6 % 2};
        m.margin *= m.relative ? .2 : 1;
        up_effect_opts *o = UP_EFFECT_OPTS(.relative = i / 12 % 3);
        o->inference = i % 5 == 0 ? UP_INFERENCE_ANYTIME : UP_INFERENCE_FIXED;
        o->planned = o->inference == UP_INFERENCE_ANYTIME ? 900 : 0;
        up_effect a = with_margin(f.model, m, o);
        double low = -INFINITY;
        double high = INFINITY;
        double s = m.better == UP_BETTER_LOWER ? -1 : 1;
        double bound = s * m.margin * (m.kind == UP_MARGIN_SUPERIORITY ? 1 : -1);
        if (m.kind == UP_MARGIN_EQUIVALENCE) {
            low = -m.margin;
            high = m.margin;
        } else if (s > 0) {
            low = bound;
        } else {
            high = bound;
        }
        bool inside = a.margin_low > low && a.margin_high < high;
        inside = inside || (a.margin_low > low && isinf(high)) ||
                 (a.margin_high < high && isinf(low));
        assert_int_equal(a.margin_p_value <= .05, inside);
        assert_int_equal(a.decision != UP_DECISION_NONE, inside);
        met += inside;
    }
    assert_true(met > 40 && met < 360);
    fixture_free(&f);
}

/* ---- Anderson-Rubin ---- */

static up_effects *
panel_ar(const up_model *m, up_effect_opts *o)
{
    o->interval = UP_INTERVAL_AR;
    o->population = UP_POPULATION_SAMPLE;
    return effects_of(m, o);
}

static fixture
panel_iv(int64_t vcov)
{
    csv_spec spec = panel_spec(false, true);
    return fixture_new(
        &spec, UP_LINEAR_OPTS(.vcov = vcov, .interactions = UP_INTERACT_NONE));
}

static void
test_anderson_rubin(void **state)
{
    (void)state;
    fixture f = panel_iv(UP_VCOV_HC1);
    up_effects *e = panel_ar(f.model, UP_EFFECT_OPTS(.level = 0));
    const upi_row *row = &e->rows[find_row(e, "y1", "1", "", "")];
    /* core.md 6.5, with the normal quantile. */
    upi_range r = upi_row_range(e, row, upi_normal_quantile(.975), UP_TWO_SIDED);
    assert_close(r.low, 1.24436181549506, 1e-12, 0);
    assert_close(r.high, 2.05914109276253, 1e-12, 0);
    assert_close(r.low, comparison("ar normal low"), 1e-9, 0);
    assert_close(r.high, comparison("ar normal high"), 1e-9, 0);
    assert_close(row->value.estimate, 1.61994161611735, 1e-12, 0);
    up_effects_free(e);
    fixture_free(&f);
    f = panel_iv(UP_VCOV_HC2);
    e = panel_ar(f.model, UP_EFFECT_OPTS(.level = 0));
    up_effect a = up_effects_get(e, find_row(e, "y1", "1", "", ""));
    assert_close(a.ci_low, comparison("ar t low"), 1e-9, 0);
    assert_close(a.ci_high, comparison("ar t high"), 1e-9, 0);
    assert_close(a.statistic, comparison("ar t"), 1e-10, 0);
    assert_close(a.p_value, comparison("ar p"), 1e-8, 0);
    assert_true(isnan(a.relative));
    assert_true(has_note(e, UP_N_ANDERSON_RUBIN));
    up_effects_free(e);
    e = panel_ar(
        f.model, UP_EFFECT_OPTS(.inference = UP_INFERENCE_ANYTIME, .mixture = 30));
    a = up_effects_get(e, find_row(e, "y1", "1", "", ""));
    assert_int_equal(a.form, UP_FORM_T);
    assert_close(a.critical, comparison("ar anytime critical"), 1e-10, 0);
    assert_close(a.ci_low, comparison("ar anytime low"), 1e-9, 0);
    assert_close(a.ci_high, comparison("ar anytime high"), 1e-9, 0);
    up_effects_free(e);
    /* Control against treatment is the set with the other sign. */
    up_effects *back = panel_ar(f.model, UP_EFFECT_OPTS(.against = "1"));
    e = panel_ar(f.model, UP_EFFECT_OPTS(.level = 0));
    a = up_effects_get(e, 0);
    up_effect b = up_effects_get(back, 0);
    assert_close(b.estimate, -a.estimate, 1e-12, 0);
    assert_close(b.ci_low, -a.ci_high, 1e-12, 0);
    assert_close(b.ci_high, -a.ci_low, 1e-12, 0);
    assert_int_equal(b.decision, UP_DECISION_DECREASE);
    up_effects_free(back);
    up_effects_free(e);
    fixture_free(&f);
}

/* ---- adjustment ---- */

static void
test_dunnett(void **state)
{
    (void)state;
    fixture f = sales_new(UP_VCOV_IID);
    for (int64_t adjust = UP_ADJUST_MAX_T; adjust <= UP_ADJUST_MAX_T_STEP_DOWN;
         adjust++) {
        up_effects *e = effects_of(f.model, UP_EFFECT_OPTS(.adjust = adjust));
        for (int64_t i = 0; i < up_effects_count(e); i++) {
            up_effect a = up_effects_get(e, i);
            char name[32];
            bool down = adjust == UP_ADJUST_MAX_T_STEP_DOWN;
            (void)snprintf(
                name, sizeof name, "dunnett %s %s", down ? "free" : "p", a.arm);
            assert_close(a.adjusted_p_value, comparison(name), 0, 2e-6);
            (void)snprintf(name, sizeof name, "dunnett low %s", a.arm);
            assert_close(a.adjusted_low, comparison(name), 0, 1e-5);
            (void)snprintf(name, sizeof name, "dunnett high %s", a.arm);
            assert_close(a.adjusted_high, comparison(name), 0, 1e-5);
            assert_string_equal(a.family, "all");
            assert_int_equal(a.family_size, 2);
        }
        assert_true(up_effects_inference(e).adjust_error < 1e-4);
        up_effects_free(e);
    }
    fixture_free(&f);
}

static bool
excludes_zero(int64_t shape, double low, double high)
{
    return shape == UPI_SHAPE_COMPLEMENT ? low < 0 && high > 0 : low >= 0 || high <= 0;
}

/* Adjusted p-value, adjusted interval and decision of every row are one. */
static void
check_agreement(const up_effects *e, int64_t *decided)
{
    for (int64_t i = 0; i < e->n_rows; i++) {
        up_effect v = e->rows[i].value;
        bool rejected = v.adjusted_p_value <= e->rule.alpha;
        assert_true(v.adjusted_p_value >= v.p_value * (1 - 1e-12));
        assert_int_equal(
            rejected, excludes_zero(v.adjusted_shape, v.adjusted_low, v.adjusted_high));
        assert_int_equal(rejected, v.decision != UP_DECISION_NONE);
        assert_int_equal(
            v.decision == UP_DECISION_INCREASE, rejected && v.estimate > 0);
        if (!isnan(v.relative)) {
            int64_t shape = v.adjusted_relative_low > v.adjusted_relative_high
                                ? UPI_SHAPE_COMPLEMENT
                                : UPI_SHAPE_INTERVAL;
            assert_int_equal(rejected, excludes_zero(shape, v.adjusted_relative_low,
                                           v.adjusted_relative_high));
        }
        *decided += rejected;
    }
}

/* Estimates and errors put in by hand, so that thousands of vectors can be tried; then the
 * whole way from rows to decisions. */
static void
law_case(up_effects *e, const upi_question *q, int64_t round, int64_t *decided)
{
    up_error err = UP_ERROR_INIT;
    upi_rng rng = upi_rng_make(9, 2, (uint64_t)round, 0);
    for (int64_t i = 0; i < e->n_rows; i++) {
        upi_row *row = &e->rows[i];
        up_effect *v = &row->value;
        v->estimate = 3.2 * upi_rng_normal(&rng) * v->std_error;
        row->numbers.theta = v->estimate;
        assert_ok(upi_row_conclude(e, row, &err), &err);
    }
    for (int64_t f = 0; f < e->n_families; f++) {
        upi_free(e->families[f]);
    }
    upi_free(e->families);
    e->families = NULL;
    e->n_families = 0;
    assert_ok(upi_effects_adjust(e, q, &err), &err);
    check_agreement(e, decided);
}

static void
test_adjust_law(void **state)
{
    (void)state;
    csv_spec spec = ab_spec();
    fixture f = fixture_new(&spec, NULL);
    for (int64_t adjust = UP_ADJUST_BONFERRONI; adjust <= UP_ADJUST_MAX_T_STEP_DOWN;
         adjust++) {
        int64_t decided = 0;
        bool max_t = adjust >= UP_ADJUST_MAX_T;
        /* The law of max-t takes its time under a sanitizer: one side of each is enough. */
        int64_t from = adjust == UP_ADJUST_MAX_T_STEP_DOWN ? UP_GREATER : UP_TWO_SIDED;
        int64_t to = adjust == UP_ADJUST_MAX_T ? UP_TWO_SIDED : UP_GREATER;
        for (int64_t sides = from; sides <= to; sides++) {
            up_effect_opts *o =
                UP_EFFECT_OPTS(.adjust = adjust, .by = "device", .sides = sides);
            bool anytime = adjust == UP_ADJUST_EBH;
            o->inference = anytime ? UP_INFERENCE_ANYTIME : UP_INFERENCE_FIXED;
            o->planned = anytime ? 300 : 0;
            up_effects *e = effects_of(f.model, o);
            int64_t arm[] = {1, 2};
            int64_t metric[] = {0, 1, 2};
            upi_question q = {.metric = metric,
                .n_metrics = 3,
                .arm = arm,
                .n_arms = 2,
                .n_periods = 1,
                .n_segments = 3};
            assert_int_equal(up_effects_count(e), 18);
            check_agreement(e, &decided);
            for (int64_t k = 0; k < (max_t ? 0 : 150); k++) {
                law_case(e, &q, k + 1000 * adjust, &decided);
            }
            up_effects_free(e);
        }
        assert_true(decided > 0);
    }
    fixture_free(&f);
}

/* Families: what is put together, and what is left alone. */
static void
test_families(void **state)
{
    (void)state;
    static const char *const declared[] = {"primary: sales", "unadjusted : views"};
    static const char *const split[] = {"arm", "segment"};
    csv_spec spec = ab_spec();
    fixture f = fixture_new(&spec, NULL);
    up_effects *e = effects_of(f.model, UP_EFFECT_OPTS(.adjust = UP_ADJUST_BONFERRONI,
                                            .family = declared, .n_family = 2));
    for (int64_t i = 0; i < up_effects_count(e); i++) {
        up_effect v = up_effects_get(e, i);
        bool sales = strcmp(v.metric, "sales") == 0;
        if (strcmp(v.metric, "views") == 0) {
            assert_string_equal(v.family, "");
            assert_true(isnan(v.adjusted_p_value));
            continue;
        }
        assert_string_equal(v.family, sales ? "primary" : "others");
        assert_int_equal(v.family_size, 2);
        assert_close(v.adjusted_p_value, fmin(1, 2 * v.p_value), 1e-12, 0);
    }
    assert_int_equal(up_effects_inference(e).n_families, 2);
    assert_true(has_note(e, UP_N_ADJUSTED));
    up_effects_free(e);
    e = effects_of(f.model, UP_EFFECT_OPTS(.adjust = UP_ADJUST_HOLM, .by = "device",
                                .family = split, .n_family = 2));
    assert_int_equal(up_effects_inference(e).n_families, 6);
    up_effect v =
        up_effects_get(e, find_row(e, "clicks", "b", "device = 'mobile'", ""));
    assert_string_equal(v.family, "b, device = 'mobile'");
    assert_int_equal(v.family_size, 3);
    assert_false(has_note(e, UP_N_MANY_COMPARISONS));
    up_effects_free(e);
    /* Without periods a split into them is one family, and it has a name. */
    static const char *const period[] = {"period"};
    e = effects_of(f.model,
        UP_EFFECT_OPTS(.adjust = UP_ADJUST_HOLM, .family = period, .n_family = 1));
    assert_string_equal(up_effects_get(e, 0).family, "all");
    up_effects_free(e);
    fixture_free(&f);
}

/* ---- refusals ---- */

static void
refuses(const up_model *m, up_effect_opts *o, up_status status, const char *field)
{
    up_error err = UP_ERROR_INIT;
    up_effects *e = NULL;
    assert_fails(up_infer_effect(m, o, &e, &err), status, &err);
    assert_string_equal(err.field, field);
    assert_null(e);
}

static void
test_refusals(void **state)
{
    (void)state;
    static const char *const families[][1] = {{"nothing"}, {"a: sales, sales"},
        {"a: cows"}, {": sales"}, {"a:"}, {"a: sales,"}, {NULL}, {""}, {"a: ,sales"}};
    fixture f = sales_new(UP_VCOV_HC2);
    up_effect_opts *o = NULL;
    for (size_t i = 0; i < sizeof families / sizeof *families; i++) {
        o = UP_EFFECT_OPTS(.adjust = UP_ADJUST_HOLM, .family = families[i],
            .n_family = 1);
        refuses(f.model, o, UP_E_ARGUMENT, "family");
    }
    static const char *const arm[] = {"arm"};
    refuses(
        f.model, UP_EFFECT_OPTS(.family = arm, .n_family = 1), UP_E_ARGUMENT, "family");
    refuses(f.model, UP_EFFECT_OPTS(.adjust = UP_ADJUST_EBH), UP_E_ARGUMENT, "adjust");
    refuses(f.model, UP_EFFECT_OPTS(.adjust = 99), UP_E_ARGUMENT, "adjust");
    refuses(f.model, UP_EFFECT_OPTS(.inference = 9), UP_E_ARGUMENT, "inference");
    refuses(f.model, UP_EFFECT_OPTS(.sides = -1), UP_E_ARGUMENT, "sides");
    refuses(f.model, UP_EFFECT_OPTS(.n_margins = 1), UP_E_ARGUMENT, "margins");
    refuses(f.model,
        UP_EFFECT_OPTS(.adjust = UP_ADJUST_MAX_T, .inference = UP_INFERENCE_ANYTIME,
            .planned = 9),
        UP_E_ARGUMENT, "adjust");
    refuses(
        f.model, UP_EFFECT_OPTS(.interval = UP_INTERVAL_AR), UP_E_ESTIMAND, "interval");
    up_margin bad[] = {{"cows", .1, 0, 0, 0}, {"sales", -1, 0, 0, 0},
        {"sales", NAN, 0, 0, 0}, {"sales", .1, 0, 7, 0}, {NULL, .1, 0, 0, 0}};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        refuses(f.model, UP_EFFECT_OPTS(.margins = &bad[i], .n_margins = 1),
            UP_E_ARGUMENT, "margins");
    }
    up_margin twice[] = {{"sales", .1, 0, 0, 0}, {"sales", .2, 0, 0, 0}};
    refuses(f.model, UP_EFFECT_OPTS(.margins = twice, .n_margins = 2), UP_E_ARGUMENT,
        "margins");
    refuses(f.model,
        UP_EFFECT_OPTS(.adjust = UP_ADJUST_MAX_T, .margins = twice, .n_margins = 1),
        UP_E_ARGUMENT, "adjust");
    fixture_free(&f);
    f = panel_iv(UP_VCOV_HC1);
    refuses(f.model, UP_EFFECT_OPTS(.interval = UP_INTERVAL_AR, .sides = UP_GREATER),
        UP_E_ESTIMAND, "interval");
    refuses(f.model,
        UP_EFFECT_OPTS(.interval = UP_INTERVAL_AR, .estimand = UP_ESTIMAND_ITT),
        UP_E_ESTIMAND, "interval");
    refuses(f.model,
        UP_EFFECT_OPTS(.interval = UP_INTERVAL_AR, .adjust = UP_ADJUST_MAX_T),
        UP_E_ARGUMENT, "adjust");
    fixture_free(&f);
}

/* Everything at once, with an allocation failing. */
typedef struct sweep {
    const up_model *model;
    up_effect_opts *opts;
} sweep;

static up_status
sweep_body(void *ctx, up_error *err)
{
    sweep *s = ctx;
    up_effects *e = NULL;
    up_status status = up_infer_effect(s->model, s->opts, &e, err);
    up_effects_free(e);
    return status;
}

static void
test_memory(void **state)
{
    (void)state;
    static const char *const family[] = {"primary: sales", "arm"};
    up_margin margin = {"sales", .1, 1, 0, 0};
    fixture f = sales_new(UP_VCOV_HC2);
    sweep s = {f.model, UP_EFFECT_OPTS(.adjust = UP_ADJUST_HOLM, .family = family,
                            .n_family = 2, .margins = &margin, .n_margins = 1,
                            .inference = UP_INFERENCE_ANYTIME, .planned = 900)};
    up_sweep_memory(sweep_body, &s);
    fixture_free(&f);
    f = panel_iv(UP_VCOV_HC1);
    s = (sweep){f.model, UP_EFFECT_OPTS(.interval = UP_INTERVAL_AR)};
    up_sweep_memory(sweep_body, &s);
    fixture_free(&f);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_anytime),
        cmocka_unit_test(test_anytime_clusters),
        cmocka_unit_test(test_one_sided),
        cmocka_unit_test(test_group),
        cmocka_unit_test(test_margins),
        cmocka_unit_test(test_margin_law),
        cmocka_unit_test(test_anderson_rubin),
        cmocka_unit_test(test_dunnett),
        cmocka_unit_test(test_adjust_law),
        cmocka_unit_test(test_families),
        cmocka_unit_test(test_refusals),
        cmocka_unit_test(test_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
