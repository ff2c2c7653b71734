/* Making, saving and serving policies. */
#include "decide/policy.h"
#include "log_fixture.h"

#include <stdio.h>
#include <unistd.h>

static log_rows rows;

static log_fit
grouped(int64_t arms)
{
    log_draw(&rows, arms, 1);
    return log_new(&rows, (up_roles){0}, "y", "factor(grp)", NULL);
}

static void
check_same(const up_policy *a, const up_policy *b)
{
    up_error err = UP_ERROR_INIT;
    double p[UPI_POLICY_ARMS], q[UPI_POLICY_ARMS];
    for (int i = -1; i < 3; i++) {
        const double context[2] = {i < 2 ? (double)i : (double)NAN, 0.37 * i};
        int64_t base[2];
        up_status first = up_policy_probabilities(a, context, p, &base[0], &err);
        err = (up_error)UP_ERROR_INIT;
        up_status second = up_policy_probabilities(b, context, q, &base[1], &err);
        err = (up_error)UP_ERROR_INIT;
        assert_int_equal(first, second);
        if (first == UP_OK) {
            assert_int_equal(base[0], base[1]);
            assert_memory_equal(p, q, (size_t)up_policy_arms(a) * sizeof *p);
        }
    }
}

static void
test_round_trip(void **state)
{
    (void)state;
    up_error err = UP_ERROR_INIT;
    for (int64_t arms = 2; arms <= LOG_ARMS; arms++) {
        for (int64_t algorithm = 0; algorithm < 4; algorithm++) {
            log_draw(&rows, arms, 2);
            log_fit f = log_new(&rows, (up_roles){0}, "y", "factor(grp)", "x");
            up_policy *p = policy_of(
                f.model, UP_POLICY_OPTS(.algorithm = algorithm, .floor = 0.02,
                             .salt = "s\"1", .unknown = algorithm % 2, .seed = 9));
            up_policy *q = NULL;
            char *json = NULL;
            char *again = NULL;
            log_free(&f);
            assert_ok(up_policy_json(p, &json, &err), &err);
            assert_ok(up_policy_parse(json, (int64_t)strlen(json), &q, &err), &err);
            assert_ok(up_policy_json(q, &again, &err), &err);
            assert_string_equal(json, again);
            check_same(p, q);
            assert_string_equal(up_policy_describe(q).salt, "s\"1");
            assert_int_equal(up_policy_describe(q).rows, LOG_ROWS);
            up_text_free(json);
            up_text_free(again);
            up_policy_free(p);
            up_policy_free(q);
        }
    }
}

static void
test_files(void **state)
{
    (void)state;
    up_error err = UP_ERROR_INIT;
    char path[] = "policy_test_XXXXXX";
    int file = mkstemp(path);
    assert_true(file >= 0);
    (void)close(file);
    log_fit f = grouped(3);
    up_policy *p = policy_of(f.model, NULL);
    up_policy *q = NULL;
    assert_ok(up_policy_save(p, path, &err), &err);
    assert_ok(up_policy_load(path, &q, &err), &err);
    check_same(p, q);
    (void)remove(path);
    up_policy *none = NULL;
    assert_fails(up_policy_load(path, &none, &err), UP_E_SOURCE, &err);
    err = (up_error)UP_ERROR_INIT;
    assert_fails(up_policy_save(p, "no/such/place", &err), UP_E_WRITE, &err);
    assert_null(none);
    up_policy_free(q);
    up_policy_free(p);
    log_free(&f);
}

/* Replaces the first `from` in a policy; the result must be refused. */
static void
check_refused(const char *json, const char *from, const char *to)
{
    up_error err = UP_ERROR_INIT;
    up_policy *p = NULL;
    upi_text t = {0};
    const char *at = strstr(json, from);
    assert_non_null(at);
    upi_text_add_n(&t, json, at - json);
    upi_text_add(&t, to);
    upi_text_add(&t, at + strlen(from));
    assert_fails(up_policy_parse(t.s, t.length, &p, &err), UP_E_POLICY, &err);
    assert_null(p);
    assert_true(strchr(err.message, '\n') == NULL);
    upi_text_free(&t);
}

static void
test_hostile(void **state)
{
    (void)state;
    up_error err = UP_ERROR_INIT;
    log_fit f = grouped(3);
    up_policy *p = policy_of(f.model, UP_POLICY_OPTS(.floor = 0.02));
    char *json = NULL;
    assert_ok(up_policy_json(p, &json, &err), &err);
    static const char *const changes[][2] = {{"\"version\":1", "\"version\":2"},
        {"upshot policy", "other"}, {"\"floor\":0.02", "\"floor\":0.5"},
        {"\"floor\":0.02", "\"floor\":0.03"}, {"\"floor\":0.02", "\"floor\":-1"},
        {"thompson", "best"}, {"\"arms\":[\"0\"", "\"arms\":[\"1\""},
        {"\"arms\":[", "\"arms\":[7,"}, {"\"draws\":4096", "\"draws\":1e9"},
        {"\"draws\":4096", "\"draws\":9000000000"}, {"\"salt\":", "\"sugar\":"},
        {"\"mean\":[", "\"mean\":[1,"}, {"\"covariance\":[", "\"covariance\":[-5,"},
        {"\"input\":0", "\"input\":1"}, {"\"level\":1", "\"level\":99"},
        {"\"kind\":\"one\"", "\"kind\":\"level\""}, {"\"levels\":[", "\"levels\":[[],"},
        {"{\"format\"", "{\"extra\":1,\"format\""},
        {"\"minimize\":false", "\"minimize\":true"}, {"\"inputs\":[", "\"inputs\":[0,"},
        {"\"features\":[", "\"features\":7,\"f\":["},
        {"\"checksum\":\"", "\"checksum\":\"0"}, {"\"rows\":600", "\"rows\":-1"},
        {"\"seed\":\"", "\"seed\":\"zz"}};
    for (size_t i = 0; i < sizeof changes / sizeof changes[0]; i++) {
        check_refused(json, changes[i][0], changes[i][1]);
    }
    for (int64_t n = 0; n < (int64_t)strlen(json); n += 7) {
        up_policy *q = NULL;
        err = (up_error)UP_ERROR_INIT;
        assert_fails(up_policy_parse(json, n, &q, &err), UP_E_POLICY, &err);
    }
    up_text_free(json);
    up_policy_free(p);
    log_free(&f);
}

static void
check_make(const up_model *m, const up_policy_opts *o, up_status wanted)
{
    up_error err = UP_ERROR_INIT;
    up_policy *p = NULL;
    assert_fails(up_policy_make(m, o, &p, &err), wanted, &err);
    assert_null(p);
}

static void
test_refusals(void **state)
{
    (void)state;
    static const char *const twice[] = {"1", "1"};
    static const char *const unknown[] = {"0", "9"};
    static const char *const age[] = {"age"};
    log_fit f = grouped(3);
    check_make(NULL, NULL, UP_E_ARGUMENT);
    check_make(f.model, UP_POLICY_OPTS(.algorithm = 9), UP_E_ARGUMENT);
    check_make(f.model, UP_POLICY_OPTS(.floor = 0.4), UP_E_ARGUMENT);
    check_make(f.model, UP_POLICY_OPTS(.floor = -0.1), UP_E_ARGUMENT);
    check_make(f.model, UP_POLICY_OPTS(.floor = NAN), UP_E_ARGUMENT);
    check_make(f.model, UP_POLICY_OPTS(.beta = 2), UP_E_ARGUMENT);
    check_make(f.model, UP_POLICY_OPTS(.power = -1), UP_E_ARGUMENT);
    check_make(f.model, UP_POLICY_OPTS(.draws = 3), UP_E_ARGUMENT);
    check_make(f.model, UP_POLICY_OPTS(.unknown = 3), UP_E_ARGUMENT);
    check_make(f.model, UP_POLICY_OPTS(.metric = "z"), UP_E_ARGUMENT);
    check_make(f.model, UP_POLICY_OPTS(.arms = twice, .n_arms = 2), UP_E_ARMS);
    check_make(f.model, UP_POLICY_OPTS(.arms = twice, .n_arms = 1), UP_E_ARMS);
    check_make(f.model, UP_POLICY_OPTS(.arms = unknown, .n_arms = 2), UP_E_ARMS);
    check_make(f.model, UP_POLICY_OPTS(.context = age, .n_context = 1), UP_E_ARGUMENT);
    log_free(&f);
    f = log_new(&rows, (up_roles){0}, "r = ratio(y, w)", NULL, NULL);
    check_make(f.model, NULL, UP_E_ARGUMENT);
    log_free(&f);
}

static void
test_contexts(void **state)
{
    (void)state;
    up_error err = UP_ERROR_INIT;
    log_fit f = grouped(3);
    up_policy *strict = policy_of(f.model, NULL);
    up_policy *base =
        policy_of(f.model, UP_POLICY_OPTS(.unknown = UP_POLICY_BASE, .floor = 0.1));
    double p[3];
    int64_t flag = 0;
    const double bad[] = {-1, 2, NAN, INFINITY};
    assert_true(policy_has_note(strict, UP_W_NO_FLOOR));
    assert_false(policy_has_note(base, UP_W_NO_FLOOR));
    for (int i = 0; i < 4; i++) {
        err = (up_error)UP_ERROR_INIT;
        assert_fails(up_policy_probabilities(strict, &bad[i], p, NULL, &err),
            UP_E_CONTEXT, &err);
        assert_string_equal(err.field, "grp");
        err = (up_error)UP_ERROR_INIT;
        assert_ok(up_policy_probabilities(base, &bad[i], p, &flag, &err), &err);
        assert_int_equal(flag, 1);
        assert_close(p[0] + p[1] + p[2], 1, 1e-12, 0);
    }
    assert_fails(
        up_policy_probabilities(strict, NULL, p, NULL, &err), UP_E_ARGUMENT, &err);
    assert_int_equal(up_policy_level(strict, 0, "1"), 1);
    assert_int_equal(up_policy_level(strict, 0, "7"), -1);
    assert_null(up_policy_arm(strict, 3));
    assert_null(up_policy_input(strict, 1).name);
    up_policy_free(strict);
    up_policy_free(base);
    log_free(&f);
}

static void
test_missing(void **state)
{
    (void)state;
    up_error err = UP_ERROR_INIT;
    log_draw(&rows, 2, 3);
    for (int64_t i = 0; i < LOG_ROWS; i += 7) {
        rows.x[i] = NAN;
    }
    log_fit f =
        log_new(&rows, (up_roles){.missing = UP_MISSING_INDICATOR}, "y", "x", NULL);
    up_policy *p = policy_of(f.model, NULL);
    double q[2];
    const double x = NAN;
    assert_int_equal(up_policy_input(p, 0).missing, 1);
    assert_ok(up_policy_probabilities(p, &x, q, NULL, &err), &err);
    assert_close(q[0] + q[1], 1, 1e-12, 0);
    up_policy_free(p);
    log_free(&f);
}

/* One unit: the same arm always; many units: shares as the probabilities say. */
static void
test_decisions(void **state)
{
    (void)state;
    enum { N = 20000 };
    up_error err = UP_ERROR_INIT;
    log_fit f = grouped(3);
    up_policy *p = policy_of(f.model, UP_POLICY_OPTS(.floor = 0.2));
    int64_t count[3] = {0};
    double play[3];
    const double context = 1;
    for (int64_t i = 0; i < N; i++) {
        char unit[24];
        up_policy_decision d, again;
        (void)snprintf(unit, sizeof unit, "u%lld", (long long)i);
        assert_ok(up_policy_decide(p, &context, unit, &d, play, &err), &err);
        assert_ok(up_policy_decide(p, &context, unit, &again, NULL, &err), &err);
        assert_int_equal(d.arm, again.arm);
        assert_true(d.propensity == play[d.arm]);
        assert_true(d.propensity >= 0.2);
        count[d.arm]++;
    }
    for (int k = 0; k < 3; k++) {
        double se = sqrt(play[k] * (1 - play[k]) / N);
        assert_true(fabs((double)count[k] / N - play[k]) < 4.5 * se);
    }
    up_policy_free(p);
    log_free(&f);
}

static void
test_many(void **state)
{
    (void)state;
    up_error err = UP_ERROR_INIT;
    static const char *const units[] = {"a", "b", "c"};
    const double contexts[] = {0, 1, 0};
    up_policy_decision many[3], one;
    double play[9];
    log_fit f = grouped(3);
    up_policy *p = policy_of(f.model, NULL);
    assert_ok(up_policy_decide_many(p, 3, contexts, units, many, play, &err), &err);
    for (int i = 0; i < 3; i++) {
        assert_ok(up_policy_decide(p, &contexts[i], units[i], &one, NULL, &err), &err);
        assert_int_equal(one.arm, many[i].arm);
        assert_true(one.propensity == play[3 * i + one.arm]);
    }
    up_policy_free(p);
    log_free(&f);
}

/* The documented hash, so that other programs can serve the same decisions. */
static void
test_hash(void **state)
{
    (void)state;
    uint64_t salt = upi_hash_bytes("upshot", 6, 0);
    double u = upi_policy_uniform(salt, "user-1");
    assert_true(u == (double)(upi_hash_bytes("user-1", 6, salt) >> 11) * 0x1p-53);
    assert_close(u, 0.039326932840810014, 1e-15, 0);
}

/* The lattice against what is exact: three arms with a fourth that cannot win. */
static void
test_lattice(void **state)
{
    (void)state;
    up_error err = UP_ERROR_INIT;
    const double mean3[] = {0.2, 0.4};
    const double cov3[] = {1, 0.5, 0.5, 2};
    const double mean4[] = {0.2, 0.4, -900};
    const double cov4[] = {1, 0.5, 0, 0.5, 2, 0, 0, 0, 1};
    double exact[3], lattice[4];
    upi_lattice z = {0};
    assert_ok(upi_lattice_make(65536, 3, 4, &z, &err), &err);
    upi_best_probabilities(NULL, 2, mean3, cov3, exact);
    upi_best_probabilities(&z, 3, mean4, cov4, lattice);
    for (int k = 0; k < 3; k++) {
        assert_close(lattice[k], exact[k], 0, 2e-4);
    }
    assert_true(lattice[3] == 0);
    /* Four alike, independent of one another given the first. */
    const double mean0[] = {0, 0, 0};
    const double cov0[] = {2, 1, 1, 1, 2, 1, 1, 1, 2};
    upi_best_probabilities(&z, 3, mean0, cov0, lattice);
    for (int k = 0; k < 4; k++) {
        assert_close(lattice[k], 0.25, 0, 5e-4);
    }
    upi_lattice_free(&z);
}

/* Laws: the order of the arms, the unit of the metric, turning it round. */
static void
test_laws(void **state)
{
    (void)state;
    up_error err = UP_ERROR_INIT;
    static const char *const turned[] = {"2", "0", "1"};
    log_fit f = grouped(3);
    log_fit g = log_new(&rows, (up_roles){0}, "z = -3 * y", "factor(grp)", NULL);
    up_policy *p = policy_of(f.model, NULL);
    up_policy *q = policy_of(f.model, UP_POLICY_OPTS(.arms = turned, .n_arms = 3));
    up_policy *r = policy_of(g.model, UP_POLICY_OPTS(.minimize = 1));
    for (int i = 0; i < 2; i++) {
        const double context = i;
        double a[3], b[3], c[3];
        assert_ok(up_policy_probabilities(p, &context, a, NULL, &err), &err);
        assert_ok(up_policy_probabilities(q, &context, b, NULL, &err), &err);
        assert_ok(up_policy_probabilities(r, &context, c, NULL, &err), &err);
        for (int64_t k = 0; k < 3; k++) {
            assert_close(c[k], a[k], 1e-9, 1e-13);
            for (int64_t j = 0; j < 3; j++) {
                if (strcmp(up_policy_arm(p, k), up_policy_arm(q, j)) == 0) {
                    assert_close(b[j], a[k], 1e-9, 1e-13);
                }
            }
        }
    }
    up_policy_free(p);
    up_policy_free(q);
    up_policy_free(r);
    log_free(&f);
    log_free(&g);
}

/* Without contexts the policy plays the average effect of up_infer_effect(). */
static void
test_average(void **state)
{
    (void)state;
    up_error err = UP_ERROR_INIT;
    log_draw(&rows, 2, 5);
    log_fit f = log_new(&rows, (up_roles){0}, "y", "factor(grp)", "x");
    up_policy *p = policy_of(f.model, UP_POLICY_OPTS(.no_context = 1));
    up_effects *e = NULL;
    assert_ok(up_infer_effect(f.model,
                  UP_EFFECT_OPTS(.population = UP_POPULATION_SAMPLE), &e, &err),
        &err);
    double error = 0;
    up_effect average = up_effects_get(e, 0);
    assert_int_equal(up_policy_inputs(p), 0);
    assert_int_equal(up_policy_contexts(p), 1);
    assert_close(up_policy_effect(p, NULL, 1, &error), average.estimate, 1e-10, 0);
    assert_close(error, average.std_error, 1e-10, 0);
    assert_true(policy_has_note(p, UP_N_CONTEXT_AVERAGED));
    up_effects_free(e);
    up_policy_free(p);
    log_free(&f);
}

static void
test_assignment(void **state)
{
    (void)state;
    up_error err = UP_ERROR_INIT;
    log_draw(&rows, 2, 6);
    log_fit f = log_new(&rows, (up_roles){.treated = "took"}, "y", NULL, NULL);
    up_policy *p = policy_of(f.model, NULL);
    up_effects *e = NULL;
    assert_ok(
        up_infer_effect(f.model, UP_EFFECT_OPTS(.estimand = UP_ESTIMAND_ITT), &e, &err),
        &err);
    assert_close(
        up_policy_effect(p, NULL, 1, NULL), up_effects_get(e, 0).estimate, 1e-10, 0);
    assert_string_equal(up_policy_describe(p).estimand, "itt");
    assert_true(policy_has_note(p, UP_N_POLICY_ITT));
    up_effects_free(e);
    up_policy_free(p);
    log_free(&f);
}

/* A posterior is a model: under a flat prior it gives the same policy, under a prior that arm 1
 * does nothing another. */
static void
test_posterior(void **state)
{
    (void)state;
    up_error err = UP_ERROR_INIT;
    static const char *const belief[] = {"effect(1) ~ normal(0, 0.01)"};
    log_fit f = grouped(2);
    up_model *flat = NULL;
    up_model *firm = NULL;
    assert_ok(up_fit_bayes(f.moments, NULL, NULL, &flat, &err), &err);
    assert_ok(up_fit_bayes(f.moments, UP_BAYES_OPTS(.priors = belief, .n_priors = 1),
                  NULL, &firm, &err),
        &err);
    up_policy *p = policy_of(f.model, UP_POLICY_OPTS(.no_context = 1));
    up_policy *q = policy_of(flat, UP_POLICY_OPTS(.no_context = 1));
    up_policy *r = policy_of(firm, UP_POLICY_OPTS(.no_context = 1));
    double a[2], b[2];
    assert_ok(up_policy_probabilities(p, NULL, a, NULL, &err), &err);
    assert_ok(up_policy_probabilities(q, NULL, b, NULL, &err), &err);
    assert_close(b[1], a[1], 1e-9, 0);
    double error = 0;
    assert_true(fabs(up_policy_effect(r, NULL, 1, &error)) < 0.01);
    assert_true(error < 0.0101);
    up_policy_free(p);
    up_policy_free(q);
    up_policy_free(r);
    up_model_free(flat);
    up_model_free(firm);
    log_free(&f);
}

static up_status
sweep(void *ctx, up_error *err)
{
    up_status status = UP_OK;
    up_policy *p = NULL;
    up_policy *q = NULL;
    char *json = NULL;
    UP_TRY(up_policy_make(ctx, UP_POLICY_OPTS(.floor = 0.1, .draws = 64), &p, err));
    UP_TRY(up_policy_json(p, &json, err));
    UP_TRY(up_policy_parse(json, (int64_t)strlen(json), &q, err));
out:
    up_text_free(json);
    up_policy_free(p);
    up_policy_free(q);
    return status;
}

static void
test_memory(void **state)
{
    (void)state;
    log_fit f = grouped(4);
    up_sweep_memory(sweep, f.model);
    log_free(&f);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_round_trip),
        cmocka_unit_test(test_files), cmocka_unit_test(test_hostile),
        cmocka_unit_test(test_refusals), cmocka_unit_test(test_contexts),
        cmocka_unit_test(test_missing), cmocka_unit_test(test_decisions),
        cmocka_unit_test(test_many), cmocka_unit_test(test_hash),
        cmocka_unit_test(test_lattice), cmocka_unit_test(test_laws),
        cmocka_unit_test(test_average), cmocka_unit_test(test_assignment),
        cmocka_unit_test(test_posterior), cmocka_unit_test(test_memory)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
