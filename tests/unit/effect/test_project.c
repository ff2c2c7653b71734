/* Projection: laws that need no other implementation, and everything that is refused. Numbers
 * against other implementations are in tests/oracle/project. */
#include "fixture.h"
#include "project_fit.h"

static up_effects *
project(const up_model *m, const up_effect_opts *effect, const up_project_opts *o)
{
    up_error err = UP_ERROR_INIT;
    up_effects *e = NULL;
    assert_ok(up_project(m, effect, o, &e, &err), &err);
    return e;
}

static const char *const mobile[] = {"device=mobile:1"};

static up_effects *
project_to(const up_model *m, const up_effect_opts *effect, const char *to)
{
    const char *const texts[] = {to};
    return project(m, effect, UP_PROJECT_OPTS(.to = texts, .n_to = 1));
}

static void
same_effect(up_effect a, up_effect b)
{
    assert_close(a.estimate, b.estimate, 1e-12, 1e-14);
    assert_close(a.std_error, b.std_error, 1e-12, 0);
    assert_close(a.baseline, b.baseline, 1e-12, 0);
    assert_close(a.baseline_std_error, b.baseline_std_error, 1e-12, 0);
    assert_close(a.relative_low, b.relative_low, 1e-10, 0);
    assert_close(a.relative_high, b.relative_high, 1e-10, 0);
}

/* All the weight on one segment is the conditional effect, with its errors. */
static void
test_one_segment(void **state)
{
    (void)state;
    csv_spec spec = ab_spec();
    fixture f = fixture_new(&spec, NULL);
    const char *const where[] = {"device = 'mobile'"};
    up_effects *a = effects_of(f.model, UP_EFFECT_OPTS(.where = where, .n_where = 1));
    up_effects *b = project(f.model, NULL, UP_PROJECT_OPTS(.to = mobile, .n_to = 1));
    assert_int_equal(up_effects_count(a), up_effects_count(b));
    for (int64_t i = 0; i < up_effects_count(a); i++) {
        same_effect(up_effects_get(a, i), up_effects_get(b, i));
    }
    for (int64_t i = 0; i < 3; i++) {
        assert_close(up_effects_covariance(b, i, i + 1),
            up_effects_covariance(a, i, i + 1), 1e-12, 1e-18);
    }
    assert_true(has_note(b, UP_N_PROJECTED) && has_note(b, UP_N_TARGET_EXACT));
    up_effects_free(a);
    up_effects_free(b);
    fixture_free(&f);
}

/* The same where compliance is two-sided: averages weighted by compliers of the target. */
static void
test_one_segment_late(void **state)
{
    (void)state;
    csv_spec spec = enc_spec(true);
    fixture f = fixture_new(&spec, NULL);
    const char *const where[] = {"g = 2"};
    for (int64_t estimand = UP_ESTIMAND_ITT; estimand <= UP_ESTIMAND_LATE; estimand++) {
        up_effects *a = effects_of(f.model,
            UP_EFFECT_OPTS(.where = where, .n_where = 1, .estimand = estimand));
        up_effects *b =
            project_to(f.model, UP_EFFECT_OPTS(.estimand = estimand), "g=2:1");
        for (int64_t i = 0; i < up_effects_count(a); i++) {
            same_effect(up_effects_get(a, i), up_effects_get(b, i));
        }
        up_effects_free(a);
        up_effects_free(b);
    }
    fixture_free(&f);
}

/* The experiment as its own target: the plain effect; with the sampling variance of the target,
 * the variance of averages but for the factor N/(N-1). */
static void
test_itself(void **state)
{
    (void)state;
    csv_spec spec = ab_spec();
    fixture f = fixture_new(&spec, NULL);
    up_effects *plain = effects_of(f.model, NULL);
    up_effects *fixed =
        effects_of(f.model, UP_EFFECT_OPTS(.population = UP_POPULATION_SAMPLE));
    const int64_t methods[] = {UP_TARGET_AUTO, UP_TARGET_SHARES, UP_TARGET_ENTROPY};
    double n = (double)f.csv->m->n_rows;
    for (int k = 0; k < 3; k++) {
        up_effects *e = project(f.model, NULL,
            UP_PROJECT_OPTS(.population = f.csv->m, .method = methods[k]));
        for (int64_t i = 0; i < up_effects_count(plain); i++) {
            up_effect a = up_effects_get(plain, i);
            up_effect b = up_effects_get(e, i);
            double s = up_effects_get(fixed, i).std_error;
            double extra = a.std_error * a.std_error - s * s;
            assert_close(b.estimate, a.estimate, 1e-11, 1e-13);
            assert_close(b.baseline, a.baseline, 1e-11, 0);
            assert_close(
                b.std_error * b.std_error, s * s + extra * (n - 1) / n, 1e-11, 0);
        }
        assert_close(up_effects_target(e).effective_rows, n, 1e-9, 0);
        assert_close(up_effects_target(e).largest_weight, 1, 1e-9, 0);
        assert_false(has_note(e, UP_N_TARGET_EXACT));
        up_effects_free(e);
    }
    /* Odds are a constant: every row is as likely in one as in the other. */
    up_effects *e = project(f.model, NULL,
        UP_PROJECT_OPTS(.population = f.csv->m, .method = UP_TARGET_ODDS));
    assert_close(
        up_effects_get(e, 0).estimate, up_effects_get(plain, 0).estimate, 1e-11, 1e-13);
    assert_close(up_effects_target(e).effective_rows, n, 1e-9, 0);
    up_effects_free(e);
    up_effects_free(plain);
    up_effects_free(fixed);
    fixture_free(&f);
}

/* Continuous covariates: the mean of the experiment changes nothing, and the effect is linear
 * in the mean. */
static void
test_continuous(void **state)
{
    (void)state;
    project_fit f = trial_fit("device", "spend", NULL);
    up_effects *plain = effects_of(f.model, NULL);
    double effect[3];
    const char *const means[] = {"spend=48", "spend=52", "spend=56"};
    for (int i = 0; i < 3; i++) {
        const char *const text[] = {"device=desktop:0.5,mobile:0.4,tablet:0.1"};
        up_effects *e = project(f.model, NULL,
            UP_PROJECT_OPTS(.to = text, .n_to = 1, .means = means + i, .n_means = 1));
        effect[i] = up_effects_get(e, 0).estimate;
        up_target_row line = up_effects_target_row(e, up_effects_target_rows(e) - 1);
        assert_string_equal(line.covariate, "spend");
        assert_close(line.weighted, 48 + 4 * i, 1e-10, 0);
        assert_close(line.target, 48 + 4 * i, 1e-12, 0);
        assert_int_equal(up_effects_target(e).method, UP_TARGET_ENTROPY);
        up_effects_free(e);
    }
    assert_close(effect[2] - effect[1], effect[1] - effect[0], 1e-9, 0);
    up_effects *own = project(f.model, NULL, UP_PROJECT_OPTS(.population = f.moments));
    assert_close(
        up_effects_get(own, 0).estimate, up_effects_get(plain, 0).estimate, 1e-11, 0);
    assert_close(
        up_effects_get(own, 0).std_error, up_effects_get(plain, 0).std_error, 1e-3, 0);
    up_effects_free(own);
    up_effects_free(plain);
    project_fit_free(&f);
}

/* A target file with other types: visits are many numbers there, and few here. */
static void
test_table(void **state)
{
    (void)state;
    project_fit f = trial_fit("device", "visits", NULL);
    up_moments *t = target_of(&f, "oracle/project/target.csv");
    up_effects *e = project(f.model, NULL, UP_PROJECT_OPTS(.population = t));
    up_target_info info = up_effects_target(e);
    assert_int_equal(info.rows, 900);
    assert_int_equal(info.size, 500);
    assert_int_equal(info.sampled, 1);
    assert_int_equal(up_effects_target_rows(e), 4);
    double sum = 0;
    for (int64_t i = 0; i < 3; i++) {
        up_target_row line = up_effects_target_row(e, i);
        assert_string_equal(line.covariate, "device");
        assert_close(line.weighted, line.target, 1e-10, 0);
        sum += line.target;
    }
    assert_close(sum, 1, 1e-12, 0);
    assert_string_equal(up_effects_target_row(e, 0).level, "desktop");
    assert_string_equal(up_effects_target_row(e, 9).level, "");
    up_effects_free(e);
    up_moments_free(t);
    project_fit_free(&f);
}

/* Segments of the target: weights are those of everyone, averages run over the segment. */
static void
test_segments(void **state)
{
    (void)state;
    project_fit f = trial_fit("device", "country", NULL);
    up_effects *all = project_to(f.model, NULL, "device=mobile:0.5,desktop:0.5");
    up_effects *by =
        project_to(f.model, UP_EFFECT_OPTS(.by = "country", .compare_segments = 1),
            "device=mobile:0.5,desktop:0.5");
    assert_int_equal(up_effects_count(by), 3);
    double share = (double)NAN;
    for (int64_t i = 0; i < up_effects_target_rows(by); i++) {
        up_target_row line = up_effects_target_row(by, i);
        share = strcmp(line.level, "FR") == 0 ? line.weighted : share;
    }
    double de = up_effects_get(by, 0).estimate;
    double fr = up_effects_get(by, 1).estimate;
    assert_close(
        up_effects_get(all, 0).estimate, (1 - share) * de + share * fr, 1e-12, 0);
    assert_close(up_effects_get(by, 2).estimate, fr - de, 1e-12, 0);
    up_effects_free(all);
    up_effects_free(by);
    project_fit_free(&f);
}

/* A level that the target does not have is left out of `by`, with a note. */
static void
test_level_left_out(void **state)
{
    (void)state;
    project_fit f = trial_fit("device", "country", NULL);
    up_effects *e = project_to(
        f.model, UP_EFFECT_OPTS(.by = "device"), "device=mobile:0.5,desktop:0.5");
    assert_int_equal(up_effects_count(e), 2);
    assert_true(has_note(e, UP_W_SMALL_SEGMENT));
    up_effects_free(e);
    project_fit_free(&f);
}

/* What an estimated target adds to the variance does not depend on how the rows of the
 * experiment are clustered: not at all, one way, or two ways. */
static void
test_target_variance(void **state)
{
    (void)state;
    const char *const margins[] = {
        "device=desktop:0.2,mobile:0.6,tablet:0.2", "country=DE:0.3,FR:0.7"};
    const char *const covariates[] = {"device", "country", NULL};
    const char *const cluster[][2] = {{NULL, NULL}, {"home", NULL}, {"home", "visits"}};
    double added[3];
    for (int k = 0; k < 3; k++) {
        project_fit f = project_fit_of("oracle/project/trial.csv",
            UP_ROLES(.intent_to_treat = "arm", .cluster = cluster[k][0],
                .cluster2 = cluster[k][1]),
            "y", covariates, NULL);
        double se[2];
        for (int64_t size = 0; size < 2; size++) {
            up_effects *e = project(f.model, NULL,
                UP_PROJECT_OPTS(.to = margins, .n_to = 2, .size = 300 * size));
            se[size] = up_effects_get(e, 0).std_error;
            up_effects_free(e);
        }
        added[k] = se[1] * se[1] - se[0] * se[0];
        project_fit_free(&f);
    }
    assert_true(added[0] > 0);
    assert_close(added[1], added[0], 1e-9, 0);
    assert_close(added[2], added[0], 1e-9, 0);
}

/* ---- refusals ---- */

static void
refuses(
    const up_model *m, const up_project_opts *o, up_status status, const char *words)
{
    up_error err = UP_ERROR_INIT;
    up_effects *e = NULL;
    assert_fails(up_project(m, NULL, o, &e, &err), status, &err);
    assert_null(e);
    if (strstr(err.message, words) == NULL) {
        fail_msg("'%s' does not say '%s'", err.message, words);
    }
}

static void
refuses_to(const up_model *m, const char *to, up_status status, const char *words)
{
    const char *const texts[] = {to};
    refuses(m, UP_PROJECT_OPTS(.to = texts, .n_to = 1), status, words);
}

static void
refuses_mean(const up_model *m, const char *mean, up_status status, const char *words)
{
    const char *const texts[] = {mean};
    refuses(m, UP_PROJECT_OPTS(.means = texts, .n_means = 1), status, words);
}

static void
test_texts(void **state)
{
    (void)state;
    project_fit f = trial_fit("device", "spend", NULL);
    const up_model *m = f.model;
    refuses_to(m, "device=watch:1", UP_E_SUPPORT, "'watch'");
    refuses_to(m, "device=mobile:0.5", UP_E_ARGUMENT, "add up to 0.5");
    refuses_to(m, "device=mobile:70,desktop:30", UP_E_ARGUMENT, "add up to 100");
    refuses_to(m, "device=mobile:0.5,mobile:0.5", UP_E_ARGUMENT, "twice");
    refuses_to(m, "device=mobile:-1,desktop:2", UP_E_ARGUMENT, "between 0 and 1");
    refuses_to(m, "device=mobile", UP_E_ARGUMENT, "level:share");
    refuses_to(m, "device", UP_E_ARGUMENT, "not of the form");
    refuses_to(m, "", UP_E_ARGUMENT, "not of the form");
    refuses_to(m, "device=", UP_E_ARGUMENT, "level:share");
    refuses_to(m, "device=mobile:nan", UP_E_ARGUMENT, "level:share");
    refuses_to(m, "colour=red:1", UP_E_CONDITION, "'colour'");
    refuses_to(m, "arm=a:1", UP_E_CONDITION, "the arm");
    refuses_to(m, "y=1:1", UP_E_POST_TREATMENT, "'y'");
    refuses_to(m, "spend=1:1", UP_E_ARGUMENT, "number");
    refuses_mean(m, "device=1", UP_E_ARGUMENT, "categorical");
    refuses_mean(m, "spend=x", UP_E_ARGUMENT, "not of the form");
    refuses_mean(m, "spend=500", UP_E_SUPPORT, "standard deviations");
    const char *const twice[] = {"spend=50", "spend=51"};
    refuses(m, UP_PROJECT_OPTS(.means = twice, .n_means = 2), UP_E_ARGUMENT, "already");
    const char *const again[] = {"device=mobile:1", "device=tablet:1"};
    refuses(m, UP_PROJECT_OPTS(.to = again, .n_to = 2), UP_E_ARGUMENT, "already");
    /* Names and labels may stand in quotes, and spaces do not matter. */
    up_effects *e = project_to(m, NULL, " \"device\" = 'mobile' : 0.5 , desktop:.5 ");
    up_effects_free(e);
    e = project_to(m, NULL, "factor(device)=mobile:0.5,desktop:.5,watch:0");
    up_effects_free(e);
    project_fit_free(&f);
}

static void
test_options(void **state)
{
    (void)state;
    project_fit f = trial_fit("device", "spend", NULL);
    const up_model *m = f.model;
    const char *const to[] = {"device=mobile:0.6,desktop:0.4"};
    const char *const mean[] = {"spend=50"};
    refuses(m, UP_PROJECT_OPTS(.n_to = 0), UP_E_ARGUMENT, "no target");
    refuses(m, UP_PROJECT_OPTS(.n_to = 1), UP_E_ARGUMENT, "list");
    refuses(m, UP_PROJECT_OPTS(.method = 5), UP_E_ARGUMENT, "method");
    refuses(m, UP_PROJECT_OPTS(.forward = 1, .rule = 4), UP_E_ARGUMENT, "rule");
    refuses(m, UP_PROJECT_OPTS(.forward = -1), UP_E_ARGUMENT, "outside");
    refuses(m, UP_PROJECT_OPTS(.forward = 1), UP_E_CONDITION, "time");
    refuses(m, UP_PROJECT_OPTS(.to = to, .n_to = 1, .population = f.moments),
        UP_E_ARGUMENT, "twice");
    refuses(
        m, UP_PROJECT_OPTS(.population = f.moments, .size = 3), UP_E_ARGUMENT, "size");
    refuses(m, UP_PROJECT_OPTS(.to = to, .n_to = 1, .method = UP_TARGET_ODDS),
        UP_E_ARGUMENT, "rows");
    refuses(m, UP_PROJECT_OPTS(.means = mean, .n_means = 1, .method = UP_TARGET_SHARES),
        UP_E_ARGUMENT, "shares");
    refuses(m, UP_PROJECT_OPTS(.means = mean, .n_means = 1, .method = UP_TARGET_RAKING),
        UP_E_ARGUMENT, "raking");
    for (int64_t method = UP_TARGET_SHARES; method <= UP_TARGET_ODDS; method++) {
        if (method != UP_TARGET_ENTROPY) {
            refuses(m, UP_PROJECT_OPTS(.population = f.moments, .method = method),
                UP_E_ARGUMENT, method == UP_TARGET_RAKING ? "number" : "continuous");
        }
    }
    up_error err = UP_ERROR_INIT;
    up_effects *e = NULL;
    assert_fails(up_project(NULL, NULL, UP_PROJECT_OPTS(.to = to, .n_to = 1), &e, &err),
        UP_E_ARGUMENT, &err);
    up_model *none = NULL;
    err = (up_error)UP_ERROR_INIT;
    assert_ok(up_fit_linear(f.moments, UP_LINEAR_OPTS(.interactions = UP_INTERACT_NONE),
                  NULL, &none, &err),
        &err);
    refuses(none, UP_PROJECT_OPTS(.to = to, .n_to = 1), UP_E_CONDITION, "same in any");
    up_model_free(none);
    assert_ok(
        up_fit_linear(f.moments, UP_LINEAR_OPTS(.no_covariates = 1), NULL, &none, &err),
        &err);
    refuses(none, UP_PROJECT_OPTS(.to = to, .n_to = 1), UP_E_CONDITION, "same in any");
    up_model_free(none);
    project_fit_free(&f);
}

/* Cells without rows in an arm, levels without rows, margins that no weights give. */
static const char holes[] = "arm,g,k,y\n"
                            "c,x,1,1\nc,x,1,2\nc,x,2,3\nt,x,1,2\nt,x,2,4\nt,x,2,2\n"
                            "c,y,1,2\nc,y,1,3\nt,y,1,4\nt,y,1,6\n"
                            "c,z,2,1\nc,z,2,3\nc,z,1,3\n";

static csv_spec
holes_spec(const char *text)
{
    static const csv_key keys[] = {{"arm", UPI_KEY_ARM, false},
        {"g", UPI_KEY_COVARIATE, true}, {"k", UPI_KEY_COVARIATE, true}, {0}};
    static const char *const y[] = {"y", NULL};
    return (csv_spec){.text = text, .keys = keys, .y = y, .form = UPI_MEAN};
}

static void
test_support(void **state)
{
    (void)state;
    csv_spec spec = holes_spec(holes);
    spec.repeat = 20;
    fixture f = fixture_new(&spec, NULL);
    refuses_to(f.model, "g=x:0.5,z:0.5", UP_E_SUPPORT, "none in arm 't'");
    const char *const far[] = {"g=y:1", "k=2:1"};
    refuses(f.model, UP_PROJECT_OPTS(.to = far, .n_to = 2), UP_E_SUPPORT, "no weights");
    /* y is always 1 here: three quarters of y and one of 1 cannot be. */
    const char *const apart[] = {"g=x:0.25,y:0.75", "k=1:0.25,2:0.75"};
    refuses(
        f.model, UP_PROJECT_OPTS(.to = apart, .n_to = 2), UP_E_SUPPORT, "no weights");
    spec = holes_spec("arm,g,k,y\nc,x,1,1\nc,y,2,1\nc,x,2,1\n");
    csv_fixture *t = csv_moments_new(&spec);
    refuses(f.model, UP_PROJECT_OPTS(.population = t->m, .method = UP_TARGET_SHARES),
        UP_E_SUPPORT, "g=y, k=2");
    /* Margins are enough when nobody insists on the cells. */
    up_effects *e = project(f.model, NULL, UP_PROJECT_OPTS(.population = t->m));
    assert_int_equal(up_effects_target(e).method, UP_TARGET_ENTROPY);
    up_effects_free(e);
    csv_moments_free(t);
    spec = holes_spec("arm,g,k,y\nc,w,1,1\nc,y,2,1\nc,x,2,1\n");
    t = csv_moments_new(&spec);
    refuses(f.model, UP_PROJECT_OPTS(.population = t->m), UP_E_SUPPORT, "'w'");
    csv_moments_free(t);
    static const csv_key few[] = {
        {"arm", UPI_KEY_ARM, false}, {"g", UPI_KEY_COVARIATE, true}, {0}};
    spec = holes_spec("arm,g,k,y\nc,x,1,1\nc,y,2,1\n");
    spec.keys = few;
    t = csv_moments_new(&spec);
    refuses(f.model, UP_PROJECT_OPTS(.population = t->m), UP_E_COLUMN, "'k'");
    csv_moments_free(t);
    fixture_free(&f);
    spec = holes_spec(holes);
    f = fixture_new(&spec, NULL);
    refuses_to(f.model, "k=1:0.01,2:0.99", UP_E_SUPPORT, "are worth");
    fixture_free(&f);
}

static void
test_numbers(void **state)
{
    (void)state;
    project_fit f = trial_fit("device", "visits", NULL);
    refuses_mean(f.model, "visits=6.5", UP_E_SUPPORT, "outside the values 0 to 6");
    refuses_mean(f.model, "visits=-1", UP_E_SUPPORT, "outside the values 0 to 6");
    const char *const far[] = {"visits=4.9"};
    up_effects *e = project(f.model, NULL, UP_PROJECT_OPTS(.means = far, .n_means = 1));
    assert_true(has_note(e, UP_W_TARGET_WEIGHTS));
    up_effects_free(e);
    up_error err = UP_ERROR_INIT;
    up_source *s = NULL;
    up_moments *m = NULL;
    assert_ok(
        up_source_open(up_test_data("oracle/project/panel.csv"), NULL, &s, &err), &err);
    assert_fails(up_target_build(f.model, s, NULL, &m, &err), UP_E_COLUMN, &err);
    up_source_free(s);
    project_fit_free(&f);
}

/* ---- memory ---- */

static up_status
sweep(void *ctx, up_error *err)
{
    const fixture *f = ctx;
    const char *const to[] = {"device=mobile:0.7,desktop:0.3"};
    const char *const means[] = {"score=2.2"};
    const char *const where[] = {"score > 1"};
    up_effects *e = NULL;
    up_status status = up_project(f->model,
        UP_EFFECT_OPTS(.where = where, .n_where = 1),
        UP_PROJECT_OPTS(.to = to, .n_to = 1, .means = means, .n_means = 1, .size = 50),
        &e, err);
    up_effects_free(e);
    return status;
}

static up_status
sweep_population(void *ctx, up_error *err)
{
    const fixture *f = ctx;
    up_effects *e = NULL;
    up_status status =
        up_project(f->model, NULL, UP_PROJECT_OPTS(.population = f->csv->m), &e, err);
    up_effects_free(e);
    return status;
}

static up_status
sweep_odds(void *ctx, up_error *err)
{
    const fixture *f = ctx;
    up_effects *e = NULL;
    up_status status = up_project(f->model, NULL,
        UP_PROJECT_OPTS(.population = f->csv->m, .method = UP_TARGET_ODDS), &e, err);
    up_effects_free(e);
    return status;
}

typedef struct census {
    const up_model *model;
    up_source *source;
} census;

static up_status
sweep_census(void *ctx, up_error *err)
{
    const census *c = ctx;
    up_moments *m = NULL;
    up_status status = up_target_build(c->model, c->source, NULL, &m, err);
    up_moments_free(m);
    return status;
}

/* Rows in memory, so that the engine takes no part. */
static void
test_memory_of_rows(void **state)
{
    (void)state;
    static const char *const devices[] = {"mobile", "desktop", "mobile", "tablet"};
    static const double spend[] = {40, 50, 60, 45};
    const up_column columns[] = {
        {.name = "device", .text = devices}, {.name = "spend", .f64 = spend}};
    up_error err = UP_ERROR_INIT;
    project_fit f = trial_fit("device", "spend", NULL);
    census c = {.model = f.model};
    assert_ok(up_source_from_columns_borrow(columns, 2, 4, &c.source, &err), &err);
    up_sweep_memory(sweep_census, &c);
    up_source_free(c.source);
    project_fit_free(&f);
}

static void
test_memory(void **state)
{
    (void)state;
    csv_spec spec = ab_spec();
    fixture f = fixture_new(&spec, NULL);
    up_sweep_memory(sweep, &f);
    up_sweep_memory(sweep_population, &f);
    up_sweep_memory(sweep_odds, &f);
    fixture_free(&f);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_one_segment),
        cmocka_unit_test(test_one_segment_late), cmocka_unit_test(test_itself),
        cmocka_unit_test(test_continuous), cmocka_unit_test(test_table),
        cmocka_unit_test(test_segments), cmocka_unit_test(test_target_variance),
        cmocka_unit_test(test_level_left_out), cmocka_unit_test(test_texts),
        cmocka_unit_test(test_options), cmocka_unit_test(test_support),
        cmocka_unit_test(test_numbers), cmocka_unit_test(test_memory),
        cmocka_unit_test(test_memory_of_rows)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
