/* Properties that hold whatever the data: swapping arms, parts and the whole, scales, sums. */
#include "fixture.h"

static up_effect
row(const up_effects *e, const char *metric, const char *arm)
{
    return up_effects_get(e, find_row(e, metric, arm, "", ""));
}

/* Arm a against b is minus b against a, for every estimand that is not of the treated. */
static void
test_swap(void **state)
{
    (void)state;
    static const int64_t estimand[] = {
        UP_ESTIMAND_LATE, UP_ESTIMAND_ITT, UP_ESTIMAND_ATE};
    csv_spec spec = enc_spec(false);
    fixture f = fixture_new(&spec, NULL);
    f.csv->m->experiment->metrics[1].kind = UPI_METRIC_RATIO;
    f.csv->m->experiment->metrics[1].component = 0;
    f.csv->m->experiment->metrics[1].denominator = 1;
    for (int i = 0; i < 3; i++) {
        up_effects *x = effects_of(
            f.model, UP_EFFECT_OPTS(.against = "a", .estimand = estimand[i]));
        up_effects *y = effects_of(
            f.model, UP_EFFECT_OPTS(.against = "b", .estimand = estimand[i]));
        for (int k = 0; k < 2; k++) {
            up_effect p = row(x, k == 0 ? "y" : "q", "b");
            up_effect q = row(y, k == 0 ? "y" : "q", "a");
            assert_close(p.estimate, -q.estimate, 1e-12, 0);
            assert_close(p.std_error, q.std_error, 1e-12, 0);
            assert_close(p.p_value, q.p_value, 1e-9, 0);
            assert_close(p.ci_low, -q.ci_high, 1e-10, 0);
        }
        up_effects_free(x);
        up_effects_free(y);
    }
    fixture_free(&f);
}

/* Effects of arms over control differ by the effect of the one over the other. */
static void
test_triangle(void **state)
{
    (void)state;
    csv_spec spec = enc_spec(false);
    fixture f = fixture_new(&spec, NULL);
    up_effects *x = effects_of(f.model, NULL);
    up_effects *y = effects_of(f.model, UP_EFFECT_OPTS(.against = "a"));
    assert_close(row(y, "y", "b").estimate,
        row(x, "y", "b").estimate - row(x, "y", "a").estimate, 1e-12, 0);
    int64_t a = find_row(x, "y", "a", "", "");
    int64_t b = find_row(x, "y", "b", "", "");
    double v = up_effects_covariance(x, a, a) + up_effects_covariance(x, b, b) -
               2 * up_effects_covariance(x, a, b);
    assert_close(row(y, "y", "b").std_error, sqrt(v), 1e-11, 0);
    up_effects_free(x);
    up_effects_free(y);
    fixture_free(&f);
}

/* The average effect is the average of conditional effects, by rows. */
static void
test_partition(void **state)
{
    (void)state;
    static const char *const where[] = {
        "score < 2", "score >= 2 and loyal", "score = 2"};
    csv_spec spec = ab_spec();
    fixture f = fixture_new(&spec, NULL);
    up_effects *all = effects_of(f.model, NULL);
    up_effects *by = effects_of(f.model, UP_EFFECT_OPTS(.by = "device"));
    up_effects *cut = effects_of(f.model, UP_EFFECT_OPTS(.where = where, .n_where = 3));
    for (int way = 0; way < 2; way++) {
        const up_effects *parts = way == 0 ? by : cut;
        double sum = 0;
        double base = 0;
        int64_t n = 0;
        for (int64_t i = 0; i < up_effects_count(parts); i++) {
            up_effect r = up_effects_get(parts, i);
            if (strcmp(r.metric, "sales") == 0 && strcmp(r.arm, "b") == 0) {
                sum += (double)r.n * r.estimate;
                base += (double)r.n * r.baseline;
                n += r.n;
            }
        }
        assert_int_equal(n, 600);
        assert_close(sum / 600, row(all, "sales", "b").estimate, 1e-12, 0);
        assert_close(base / 600, row(all, "sales", "b").baseline, 1e-12, 0);
    }
    up_effects_free(all);
    up_effects_free(by);
    up_effects_free(cut);
    fixture_free(&f);
}

/* A metric in other units: effects scale, relative effects and p-values do not. */
static void
test_scale(void **state)
{
    (void)state;
    static const double cents[] = {100, 1, 1};
    csv_spec spec = ab_spec();
    fixture f = fixture_new(&spec, NULL);
    spec.scale = cents;
    fixture g = fixture_new(&spec, NULL);
    for (int64_t kind = 0; kind < 3; kind++) {
        up_effects *x = effects_of(f.model, UP_EFFECT_OPTS(.relative = kind));
        up_effects *y = effects_of(g.model, UP_EFFECT_OPTS(.relative = kind));
        up_effect p = row(x, "sales", "b");
        up_effect q = row(y, "sales", "b");
        assert_close(q.estimate, 100 * p.estimate, 1e-11, 0);
        assert_close(q.std_error, 100 * p.std_error, 1e-11, 0);
        assert_close(q.relative, p.relative, 1e-11, 0);
        assert_close(q.relative_low, p.relative_low, 1e-9, 0);
        assert_close(q.relative_high, p.relative_high, 1e-9, 0);
        assert_close(q.relative_p_value, p.relative_p_value, 1e-9, 0);
        up_effects_free(x);
        up_effects_free(y);
    }
    fixture_free(&f);
    fixture_free(&g);
}

/* Decisions by interval and by p-value are one decision, at every level and kind. */
static void
test_agreement(void **state)
{
    (void)state;
    static const double level[] = {0.5, 0.8, 0.9, 0.95, 0.99};
    csv_spec spec = ab_spec();
    fixture f = fixture_new(&spec, NULL);
    for (int i = 0; i < 15; i++) {
        up_effects *e = effects_of(f.model,
            UP_EFFECT_OPTS(.by = "score", .level = level[i % 5], .relative = i / 5));
        for (int64_t k = 0; k < up_effects_count(e); k++) {
            up_effect r = up_effects_get(e, k);
            bool out = r.ci_low > 0 || r.ci_high < 0;
            assert_int_equal(out, r.p_value < 1 - level[i % 5]);
            assert_int_equal(r.relative_shape, 0);
            out = r.relative_low > 0 || r.relative_high < 0;
            assert_int_equal(out, r.relative_p_value < 1 - level[i % 5]);
        }
        up_effects_free(e);
    }
    fixture_free(&f);
}

/* A ratio with the same component above and below is 1, and nothing moves it. */
static void
test_ratio_of_itself(void **state)
{
    (void)state;
    csv_spec spec = ab_spec();
    fixture f = fixture_new(&spec, NULL);
    upi_metric *m = &f.csv->m->experiment->metrics[1];
    m->kind = UPI_METRIC_RATIO;
    m->component = m->denominator = 0;
    up_effects *e = effects_of(f.model, UP_EFFECT_OPTS(.by = "device"));
    for (int64_t i = 0; i < up_effects_count(e); i++) {
        up_effect r = up_effects_get(e, i);
        if (strcmp(r.metric, "clicks") == 0) {
            assert_close(r.estimate, 0, 0, 1e-14);
            assert_close(r.baseline, 1, 1e-14, 0);
            assert_close(r.std_error, 0, 0, 1e-8);
        }
    }
    up_effects_free(e);
    fixture_free(&f);
}

/* Asking for one metric, or one segment among many, gives the same bits as asking for all. */
static void
test_alone(void **state)
{
    (void)state;
    static const char *const views[] = {"views"};
    static const char *const where[] = {"device = 'mobile'"};
    csv_spec spec = ab_spec();
    fixture f = fixture_new(&spec, NULL);
    up_effects *all = effects_of(f.model, UP_EFFECT_OPTS(.by = "device"));
    up_effects *one = effects_of(f.model,
        UP_EFFECT_OPTS(.where = where, .n_where = 1, .metrics = views, .n_metrics = 1));
    assert_int_equal(up_effects_count(one), 2);
    up_effect p = up_effects_get(all, find_row(all, "views", "b", where[0], ""));
    up_effect q = up_effects_get(one, find_row(one, "views", "b", where[0], ""));
    assert_close(p.estimate, q.estimate, 0, 0);
    assert_close(p.std_error, q.std_error, 0, 0);
    assert_close(p.relative_high, q.relative_high, 0, 0);
    up_effects_free(all);
    up_effects_free(one);
    fixture_free(&f);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_swap),
        cmocka_unit_test(test_triangle),
        cmocka_unit_test(test_partition),
        cmocka_unit_test(test_scale),
        cmocka_unit_test(test_agreement),
        cmocka_unit_test(test_ratio_of_itself),
        cmocka_unit_test(test_alone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
