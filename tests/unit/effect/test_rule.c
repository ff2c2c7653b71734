/* The rule of inference: p-value, e-value and critical value are one decision, for every kind
 * of inference and side; against rpact, statsmodels and formulas (tests/oracle/comparisons). */
#include "effect/rule.h"
#include "fixture.h"
#include "num/dist.h"
#include "num/rng.h"

static const double looks[] = {.3, .6};

static upi_rule
rule_of(const up_effect_opts *opts)
{
    upi_rule r;
    up_error err = UP_ERROR_INIT;
    up_effect_opts o = *opts;
    o.level = o.level == 0 ? 0.95 : o.level;
    assert_ok(upi_rule_make(&o, &r, &err), &err);
    return r;
}

static upi_verdict
verdict_of(upi_rule *r, const upi_look *at, int64_t sides, double t)
{
    upi_verdict v;
    up_error err = UP_ERROR_INIT;
    assert_ok(upi_rule_test(r, at, sides, t, &v, &err), &err);
    return v;
}

static double
critical_of(upi_rule *r, const upi_look *at, int64_t sides, double alpha)
{
    double c = NAN;
    up_error err = UP_ERROR_INIT;
    assert_ok(upi_rule_critical(r, at, sides, alpha, &c, &err), &err);
    return c;
}

/* At the critical value p is alpha; beyond it less, before it more. */
static void
check_duality(const up_effect_opts *opts, double rtol)
{
    static const double dfs[] = {7.3, 120, INFINITY};
    upi_rule r = rule_of(opts);
    for (int k = 0; k < 3; k++) {
        for (int64_t form = 0; form < 2; form++) {
            upi_look at = {dfs[k], 700, form};
            for (int64_t sides = UP_TWO_SIDED; sides <= UP_LESS; sides++) {
                double c = critical_of(&r, &at, sides, .05);
                double sign = sides == UP_LESS ? -1 : 1;
                if (isinf(c)) {
                    continue;
                }
                assert_close(verdict_of(&r, &at, sides, sign * c).p, .05, rtol, 0);
                assert_true(verdict_of(&r, &at, sides, sign * c * 1.001).p < .05);
                assert_true(verdict_of(&r, &at, sides, sign * c * .999).p > .05);
                if (sides != UP_TWO_SIDED) {
                    assert_true(verdict_of(&r, &at, sides, -sign * c).p > .5);
                }
                assert_true(isnan(verdict_of(&r, &at, sides, NAN).p));
            }
        }
    }
    upi_rule_release(&r);
}

static void
test_duality(void **state)
{
    (void)state;
    check_duality(UP_EFFECT_OPTS(.level = .95), 1e-10);
    check_duality(
        UP_EFFECT_OPTS(.inference = UP_INFERENCE_ANYTIME, .planned = 3000), 1e-10);
    check_duality(
        UP_EFFECT_OPTS(.inference = UP_INFERENCE_ANYTIME, .mixture = 40), 1e-10);
    check_duality(UP_EFFECT_OPTS(.inference = UP_INFERENCE_GROUP, .information = looks,
                      .n_information = 2),
        1e-7);
}

/* rpact's repeated p-values, one-sided at 2.5 %. */
static void
test_group(void **state)
{
    (void)state;
    for (int64_t k = 1; k <= 2; k++) {
        char name[32];
        upi_rule r = rule_of(UP_EFFECT_OPTS(.level = .975, .sides = UP_GREATER,
            .inference = UP_INFERENCE_GROUP, .information = looks, .n_information = k));
        upi_look at = {INFINITY, 100, UP_FORM_NORMAL};
        (void)snprintf(name, sizeof name, "group bound %d", (int)k);
        assert_close(r.first_bound, comparison(name), 1e-7, 0);
        (void)snprintf(name, sizeof name, "group z %d", (int)k);
        double z = comparison(name);
        (void)snprintf(name, sizeof name, "group p %d", (int)k);
        assert_close(verdict_of(&r, &at, UP_GREATER, z).p, comparison(name), 1e-6, 0);
        /* The bound is passed where its tail probability says so, for any df. */
        upi_look few = {9, 100, UP_FORM_T};
        assert_close(upi_t_sf(critical_of(&r, &few, UP_GREATER, .025), 9),
            upi_normal_sf(r.first_bound), 1e-9, 0);
        upi_rule_release(&r);
    }
}

/* Information in units is the same plan as information in fractions. */
static void
test_units(void **state)
{
    (void)state;
    static const double units[] = {3000, 6000};
    static const double over[] = {3000, 12000};
    static const double whole[] = {.3, 1};
    upi_rule a = rule_of(UP_EFFECT_OPTS(.inference = UP_INFERENCE_GROUP,
        .information = looks, .n_information = 2));
    upi_rule b = rule_of(UP_EFFECT_OPTS(.inference = UP_INFERENCE_GROUP,
        .information = units, .n_information = 2, .planned = 10000));
    assert_true(a.first_bound == b.first_bound);
    upi_rule_release(&a);
    upi_rule_release(&b);
    a = rule_of(UP_EFFECT_OPTS(.inference = UP_INFERENCE_GROUP, .information = whole,
        .n_information = 2));
    b = rule_of(UP_EFFECT_OPTS(.inference = UP_INFERENCE_GROUP, .information = over,
        .n_information = 2, .planned = 10000));
    assert_true(a.first_bound == b.first_bound);
    upi_rule_release(&a);
    upi_rule_release(&b);
}

/* N44, statsmodels: the larger of two one-sided tests. */
static void
test_n44(void **state)
{
    (void)state;
    upi_rule r = rule_of(UP_EFFECT_OPTS(.level = .95));
    upi_look at = {24.11, 26, UP_FORM_T};
    double t = (.5626667 - .6) / .2149872;
    assert_close(verdict_of(&r, &at, UP_LESS, t).p, .4317936812594803, 1e-5, 0);
    upi_rule_release(&r);
}

static void
refuses(const up_effect_opts *opts, const char *field)
{
    upi_rule r;
    up_error err = UP_ERROR_INIT;
    up_effect_opts o = *opts;
    o.level = o.level == 0 ? 0.95 : o.level;
    assert_fails(upi_rule_make(&o, &r, &err), UP_E_ARGUMENT, &err);
    assert_string_equal(err.field, field);
    upi_rule_release(&r);
}

static void
test_refusals(void **state)
{
    (void)state;
    static const double falling[] = {.5, .4};
    static const double mixed[] = {.5, 4000};
    static const double full[] = {1, 1.2};
    static const double none[] = {0};
    refuses(UP_EFFECT_OPTS(.inference = UP_INFERENCE_ANYTIME), "planned");
    refuses(
        UP_EFFECT_OPTS(.inference = UP_INFERENCE_ANYTIME, .planned = -1), "planned");
    refuses(
        UP_EFFECT_OPTS(.inference = UP_INFERENCE_ANYTIME, .mixture = -1), "mixture");
    refuses(
        UP_EFFECT_OPTS(.inference = UP_INFERENCE_ANYTIME, .mixture = NAN), "mixture");
    refuses(UP_EFFECT_OPTS(.inference = UP_INFERENCE_GROUP), "information");
    refuses(UP_EFFECT_OPTS(.inference = UP_INFERENCE_GROUP, .information = falling,
                .n_information = 2),
        "information");
    refuses(UP_EFFECT_OPTS(.inference = UP_INFERENCE_GROUP, .information = mixed,
                .n_information = 2),
        "information");
    refuses(UP_EFFECT_OPTS(.inference = UP_INFERENCE_GROUP, .information = mixed,
                .n_information = 2, .planned = 9000),
        "information");
    refuses(UP_EFFECT_OPTS(.inference = UP_INFERENCE_GROUP, .information = full,
                .n_information = 2),
        "information");
    refuses(UP_EFFECT_OPTS(.inference = UP_INFERENCE_GROUP, .information = none,
                .n_information = 1),
        "information");
    refuses(UP_EFFECT_OPTS(.inference = UP_INFERENCE_GROUP, .information = looks,
                .n_information = 2, .spending = 99),
        "spending");
    refuses(UP_EFFECT_OPTS(.level = .4, .sides = UP_GREATER), "level");
}

static up_status
rule_body(void *ctx, up_error *err)
{
    upi_rule r = {0};
    upi_look at = {20, 100, UP_FORM_T};
    upi_verdict v;
    up_effect_opts *o = UP_EFFECT_OPTS(.level = .95, .inference = UP_INFERENCE_GROUP,
        .information = looks, .n_information = 2);
    (void)ctx;
    up_status status = upi_rule_make(o, &r, err);
    if (status == UP_OK) {
        status = upi_rule_test(&r, &at, UP_TWO_SIDED, 2.2, &v, err);
    }
    upi_rule_release(&r);
    return status;
}

static void
test_memory(void **state)
{
    (void)state;
    up_sweep_memory(rule_body, NULL);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_duality),
        cmocka_unit_test(test_group),
        cmocka_unit_test(test_units),
        cmocka_unit_test(test_n44),
        cmocka_unit_test(test_refusals),
        cmocka_unit_test(test_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
