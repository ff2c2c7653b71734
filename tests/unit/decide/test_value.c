/* The value of a policy: laws, refusals, notes. */
#include "log_fixture.h"

static log_rows rows;

static up_value *
value_of(const up_policy *p, const up_model *m)
{
    up_error err = UP_ERROR_INIT;
    up_value *v = NULL;
    assert_ok(up_policy_value(p, m, NULL, UP_RUN(.threads = 1), &v, &err), &err);
    return v;
}

static bool
has_note(const up_value *v, up_note_code code)
{
    for (int64_t i = 0; i < up_value_notes(v); i++) {
        if (up_value_note(v, i).code == code) {
            return true;
        }
    }
    return false;
}

static up_value_row
find(const up_value *v, const char *method, const char *quantity)
{
    for (int64_t i = 0; i < up_value_count(v); i++) {
        up_value_row r = up_value_get(v, i);
        if (strcmp(r.method, method) == 0 && strcmp(r.quantity, quantity) == 0) {
            return r;
        }
    }
    fail_msg("no %s %s", method, quantity);
    return (up_value_row){0};
}

/* The uniform policy on a uniform log is the log: all weights are 1. */
static void
test_uniform(void **state)
{
    (void)state;
    log_draw(&rows, 2, 1);
    log_fit f = log_new(&rows, (up_roles){.propensity = "e"}, "y", "factor(grp)", NULL);
    up_policy *p = policy_of(f.model, UP_POLICY_OPTS(.floor = 0.5));
    up_value *v = value_of(p, f.model);
    double mean = 0;
    for (int64_t i = 0; i < rows.n; i++) {
        mean += rows.y[i] / (double)rows.n;
    }
    assert_close(find(v, "ips", "value").estimate, mean, 1e-12, 0);
    assert_close(find(v, "snips", "value").estimate, mean, 1e-12, 0);
    assert_close(find(v, "ips", "gain_over_log").estimate, 0, 0, 1e-12);
    assert_close(find(v, "ips", "gain_over_log").std_error, 0, 0, 1e-9);
    assert_close(up_value_overlap_of(v).effective_rows, LOG_ROWS, 1e-12, 0);
    assert_string_equal(up_value_get(v, 9).method, "");
    up_value_free(v);
    up_policy_free(p);
    log_free(&f);
}

/* With the number kept by row or left out, IPS is the same; and threads do not matter. */
static void
test_rows(void **state)
{
    (void)state;
    up_error err = UP_ERROR_INIT;
    log_draw(&rows, 3, 2);
    log_fit learned = log_new(&rows, (up_roles){0}, "y", "factor(grp)", NULL);
    up_policy *p = policy_of(learned.model, UP_POLICY_OPTS(.floor = 0.1));
    log_draw(&rows, 3, 3);
    up_roles roles = {.propensity = "e", .cluster = "home"};
    log_fit a = log_new(&rows, roles, "y", "factor(grp)", NULL);
    log_fit b = log_new(&rows, roles, "y", "factor(grp)", "x");
    up_value *v = value_of(p, a.model);
    up_value *w = value_of(p, b.model);
    up_value *t = NULL;
    assert_ok(up_policy_value(p, b.model, NULL, UP_RUN(.threads = 3), &t, &err), &err);
    for (int64_t i = 0; i < 9; i++) {
        up_value_row x = up_value_get(v, i);
        up_value_row y = up_value_get(w, i);
        up_value_row z = up_value_get(t, i);
        if (strcmp(x.method, "dr") != 0) {
            assert_close(y.estimate, x.estimate, 1e-10, 0);
            assert_close(y.std_error, x.std_error, 1e-9, 0);
        }
        assert_true(y.estimate == z.estimate && y.std_error == z.std_error);
    }
    assert_int_equal(up_value_overlap_of(v).clusters, LOG_ROWS / 2);
    assert_false(has_note(v, UP_W_SAME_DATA));
    up_value_free(v);
    up_value_free(w);
    up_value_free(t);
    up_policy_free(p);
    log_free(&a);
    log_free(&b);
    log_free(&learned);
}

static void
test_refusals(void **state)
{
    (void)state;
    up_error err = UP_ERROR_INIT;
    up_value *v = NULL;
    log_draw(&rows, 3, 2);
    log_fit f = log_new(&rows, (up_roles){0}, "y", "factor(grp)", NULL);
    log_fit bare = log_new(&rows, (up_roles){0}, "y", NULL, NULL);
    up_policy *p = policy_of(f.model, UP_POLICY_OPTS(.floor = 0.1));
    assert_fails(
        up_policy_value(p, bare.model, NULL, NULL, &v, &err), UP_E_CONTEXT, &err);
    err = (up_error)UP_ERROR_INIT;
    assert_fails(
        up_policy_value(p, f.model, UP_VALUE_OPTS(.metric = "z"), NULL, &v, &err),
        UP_E_ARGUMENT, &err);
    err = (up_error)UP_ERROR_INIT;
    assert_fails(up_policy_value(p, f.model, UP_VALUE_OPTS(.level = 2), NULL, &v, &err),
        UP_E_ARGUMENT, &err);
    err = (up_error)UP_ERROR_INIT;
    assert_fails(
        up_policy_value(NULL, f.model, NULL, NULL, &v, &err), UP_E_ARGUMENT, &err);
    /* In group 1 the log has no arm 2. */
    for (int64_t i = 0; i < rows.n; i++) {
        rows.arm[i] = rows.group[i] == 1 && rows.arm[i] == 2 ? 1 : rows.arm[i];
    }
    log_fit thin = log_new(&rows, (up_roles){0}, "y", "factor(grp)", NULL);
    err = (up_error)UP_ERROR_INIT;
    assert_fails(
        up_policy_value(p, thin.model, NULL, NULL, &v, &err), UP_E_OVERLAP, &err);
    err = (up_error)UP_ERROR_INIT;
    assert_ok(
        up_policy_value(p, thin.model, UP_VALUE_OPTS(.uncovered = 1), NULL, &v, &err),
        &err);
    assert_true(has_note(v, UP_W_POLICY_OVERLAP));
    assert_true(up_value_overlap_of(v).uncovered > 0.01);
    up_value_free(v);
    /* A policy made there does not know that group. */
    up_policy *q = policy_of(thin.model, NULL);
    const double context = 1;
    double play[3];
    assert_true(policy_has_note(q, UP_W_POLICY_OVERLAP));
    assert_fails(
        up_policy_probabilities(q, &context, play, NULL, &err), UP_E_CONTEXT, &err);
    up_policy_free(q);
    up_policy_free(p);
    log_free(&f);
    log_free(&bare);
    log_free(&thin);
}

typedef struct pair {
    const up_policy *policy;
    const up_model *model;
} pair;

static up_status
sweep(void *ctx, up_error *err)
{
    const pair *k = ctx;
    up_value *v = NULL;
    up_status status =
        up_policy_value(k->policy, k->model, NULL, UP_RUN(.threads = 1), &v, err);
    up_value_free(v);
    return status;
}

static void
test_memory(void **state)
{
    (void)state;
    log_draw(&rows, 2, 2);
    log_fit f = log_new(&rows, (up_roles){.cluster = "home"}, "y", "factor(grp)", NULL);
    up_policy *p = policy_of(f.model, NULL);
    pair k = {p, f.model};
    up_sweep_memory(sweep, &k);
    up_policy_free(p);
    log_free(&f);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_uniform),
        cmocka_unit_test(test_rows), cmocka_unit_test(test_refusals),
        cmocka_unit_test(test_memory)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
