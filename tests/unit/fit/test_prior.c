/* Beliefs as text: what is read, and what is refused with which words. */
#include "fit/prior.h"
#include "up_test.h"

#include <math.h>
#include <string.h>

static upi_prior
parse(const char *text)
{
    up_error err = UP_ERROR_INIT;
    upi_prior p = {0};
    assert_ok(upi_prior_parse(text, &p, &err), &err);
    return p;
}

static void
test_reads(void **state)
{
    (void)state;
    upi_prior p = parse("arm=b ~ normal(0.5, 0.1)");
    assert_string_equal(p.target, "arm=b");
    assert_null(p.metric);
    assert_true(p.mean == 0.5 && p.scale == 0.1 && p.unit == UPI_PRIOR_ABSOLUTE);
    upi_prior_free(&p);
    p = parse("  effect~normal ( -2% ,5 % )for big sales ");
    assert_null(p.target);
    assert_null(p.arm);
    assert_string_equal(p.metric, "big sales");
    assert_close(p.mean, -0.02, 1e-15, 0);
    assert_close(p.scale, 0.05, 1e-15, 0);
    assert_int_equal(p.unit, UPI_PRIOR_RELATIVE);
    upi_prior_free(&p);
    p = parse("effect( new (x) ) ~ normal(0, 5%)");
    assert_null(p.target);
    assert_string_equal(p.arm, "new (x)");
    upi_prior_free(&p);
    p = parse("(Intercept) ~ normal(1e2, 3 sd)");
    assert_string_equal(p.target, "(Intercept)");
    assert_int_equal(p.unit, UPI_PRIOR_RESIDUAL);
    upi_prior_free(&p);
    p = parse("a~b:arm=c ~ normal(0,1)");
    assert_string_equal(p.target, "a~b:arm=c");
    upi_prior_free(&p);
    p = parse("effective=1 ~ normal(0,1)");
    assert_string_equal(p.target, "effective=1");
    upi_prior_free(&p);
}

static void
test_refuses(void **state)
{
    (void)state;
    static const struct {
        const char *text, *why;
    } cases[] = {{"", "form"}, {"effect", "form"}, {"effect ~ cauchy(0, 1)", "form"},
        {"~ normal(0, 1)", "about"}, {"effect ~ normal(0)", "two numbers"},
        {"effect ~ normal(0, 1", "two numbers"}, {"effect ~ normal(x, 1)", "mean"},
        {"effect ~ normal(0, )", "scale"}, {"effect ~ normal(0, 0)", "above 0"},
        {"effect ~ normal(0, -1)", "above 0"}, {"effect ~ normal(0, 1e200)", "above 0"},
        {"effect ~ normal(0, 1e-200)", "above 0"}, {"effect ~ normal(nan, 1)", "mean"},
        {"effect ~ normal(0, inf)", "scale"},
        {"effect ~ normal(1%, 2)", "the other not"},
        {"effect ~ normal(1, 2%)", "the other not"},
        {"a ~ normal(0, 2%)", "only effects"}, {"effect() ~ normal(0, 1)", "no arm"},
        {"effect(b ~ normal(0, 1)", "not closed"},
        {"effect ~ normal(0, 1) sales", "after the bracket"},
        {"effect ~ normal(0, 1) for", "after the bracket"},
        {"effect ~ normal(0, 1) forsales", "after the bracket"},
        {"effect ~ normal(0, 1, 2)", "scale"}, {"\xff ~ normal(0, 1)", "UTF-8"}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        up_error err = UP_ERROR_INIT;
        upi_prior p = {.mean = 7};
        assert_fails(upi_prior_parse(cases[i].text, &p, &err), UP_E_PRIOR, &err);
        if (strstr(err.message, cases[i].why) == NULL) {
            fail_msg("'%s': %s", cases[i].text, err.message);
        }
        assert_true(p.mean == 7);
    }
}

static void
test_length(void **state)
{
    (void)state;
    static char text[5000];
    up_error err = UP_ERROR_INIT;
    upi_prior p = {0};
    memset(text, 'a', sizeof text - 1);
    assert_fails(upi_prior_parse(text, &p, &err), UP_E_PRIOR, &err);
    err = (up_error)UP_ERROR_INIT;
    assert_fails(upi_prior_parse(NULL, &p, &err), UP_E_PRIOR, &err);
}

static up_status
sweep(void *ctx, up_error *err)
{
    (void)ctx;
    upi_prior p = {0};
    up_status status = upi_prior_parse("effect(b) ~ normal(0, 5%) for sales", &p, err);
    upi_prior_free(&p);
    return status;
}

static void
test_memory(void **state)
{
    (void)state;
    up_sweep_memory(sweep, NULL);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_reads),
        cmocka_unit_test(test_refuses), cmocka_unit_test(test_length),
        cmocka_unit_test(test_memory)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
