/* The moments up to a period are those of one pass over the rows up to it, without the time. */
#include "moments_data.h"
#include "up_test.h"

#include <string.h>

#define LIST(...) ((const char *const[]){__VA_ARGS__, NULL})

/* Rows in five weeks, one after the other. */
static data *
weekly(void)
{
    data *d = data_new();
    for (int64_t i = 0; i < d->n; i++) {
        d->week[i] = 3 + i / (d->n / 5);
    }
    return d;
}

static up_moments *
build(data *d, int64_t n, data_design design, const char *time,
    const up_moments_opts *opts)
{
    up_error err = UP_ERROR_INIT;
    up_moments *m = NULL;
    design.roles.time = time;
    up_source *s = data_source(d, 0, n, NULL);
    up_experiment *e = data_experiment(s, &design);
    assert_ok(up_moments_build(e, opts, NULL, &m, &err), &err);
    m->rows = NULL;
    up_experiment_free(e);
    up_source_free(s);
    return m;
}

static void
same_as_a_pass_over_the_rows(void **state)
{
    (void)state;
    const data_design designs[] = {
        {.roles = {.intent_to_treat = "arm"},
            .metrics = LIST("sales", "clicks"),
            .covariates = LIST("device", "visits")},
        {.roles = {.intent_to_treat = "arm", .cluster = "household"},
            .metrics = LIST("sales", "ctr = ratio(clicks, visits)"),
            .covariates = LIST("device")},
        {.roles = {.intent_to_treat = "arm", .treated = "got", .propensity = "p"},
            .metrics = LIST("sales"),
            .covariates = LIST("spend", "device")},
    };
    for (int i = 0; i < 3; i++) {
        data *d = weekly();
        up_moments *all = build(d, d->n, designs[i], "week", NULL);
        assert_int_equal(all->keys[all->time].n_levels, 5);
        for (int64_t level = 0; level < 5; level++) {
            up_error err = UP_ERROR_INIT;
            up_moments *until = NULL;
            assert_ok(upi_moments_until(all, level, &until, &err), &err);
            up_moments *direct =
                build(d, (level + 1) * (d->n / 5), designs[i], NULL, NULL);
            assert_int_equal(until->time, -1);
            assert_null(until->experiment->roles[UPI_ROLE_TIME].name);
            assert_close_moments(until, direct, 1e-12);
            up_moments_free(until);
            up_moments_free(direct);
        }
        up_moments_free(all);
        data_free(d);
    }
}

static void
a_period_with_one_arm_is_refused(void **state)
{
    (void)state;
    up_error err = UP_ERROR_INIT;
    data *d = weekly();
    for (int64_t i = 0; i < d->n / 5; i++) {
        d->arm[i] = d->arm[0];
    }
    const data_design design = {.roles = {.intent_to_treat = "arm"},
        .metrics = LIST("sales"),
        .covariates = LIST("device")};
    up_moments *all = build(d, d->n, design, "week", NULL);
    up_moments *until = NULL;
    assert_fails(upi_moments_until(all, 0, &until, &err), UP_E_ARMS, &err);
    assert_null(until);
    err = (up_error)UP_ERROR_INIT;
    assert_ok(upi_moments_until(all, 1, &until, &err), &err);
    up_moments_free(until);
    up_moments_free(all);
    data_free(d);
}

static up_status
until_third(void *ctx, up_error *err)
{
    up_moments *until = NULL;
    up_status status = upi_moments_until(ctx, 2, &until, err);
    up_moments_free(until);
    return status;
}

static void
survives_lack_of_memory(void **state)
{
    (void)state;
    data *d = weekly();
    const data_design design = {.roles = {.intent_to_treat = "arm"},
        .metrics = LIST("sales"),
        .covariates = LIST("device")};
    up_moments *all = build(d, d->n, design, "week", NULL);
    up_sweep_memory(until_third, all);
    up_moments_free(all);
    data_free(d);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(same_as_a_pass_over_the_rows),
        cmocka_unit_test(a_period_with_one_arm_is_refused),
        cmocka_unit_test(survives_lack_of_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
