/* Merging: what differs is refused by name; indicators and levels of one side. That a merge is
 * one pass over both is a law, see tests/law. */
#include "moments_data.h"
#include "up_test.h"

#include <math.h>
#include <string.h>

#define LIST(...) ((const char *const[]){__VA_ARGS__, NULL})

static up_moments *
build(data *d, int64_t first, int64_t n, const data_design *design,
    const up_moments_opts *opts)
{
    up_error err = UP_ERROR_INIT;
    up_moments *m = NULL;
    up_source *s = data_source(d, first, n, NULL);
    up_experiment *e = data_experiment(s, design);
    assert_ok(up_moments_build(e, opts, NULL, &m, &err), &err);
    m->rows = NULL;
    up_experiment_free(e);
    up_source_free(s);
    return m;
}

static const data_design plain = {.roles = {.intent_to_treat = "arm"},
    .metrics = (const char *const[]){"sales", "clicks", NULL},
    .covariates = (const char *const[]){"device", "visits", NULL}};

static void
refused(const up_moments *a, const up_moments *b, const char *field)
{
    up_error err = UP_ERROR_INIT;
    up_moments *m = NULL;
    assert_fails(up_moments_merge(a, b, &m, &err), UP_E_CAPSULE, &err);
    assert_string_equal(err.field, field);
    assert_null(m);
    err = (up_error)UP_ERROR_INIT;
    assert_fails(up_moments_merge(b, a, &m, &err), UP_E_CAPSULE, &err);
}

static void
different_designs(void **state)
{
    (void)state;
    data *d = data_new();
    up_moments *a = build(d, 0, 600, &plain, NULL), *b = NULL;
    data_design other = plain;
    other.metrics = LIST("sales", "views");
    other.metrics = LIST("clicks", "sales");
    b = build(d, 600, 600, &other, NULL);
    refused(a, b, "components");
    up_moments_free(b);
    other = plain;
    other.covariates = LIST("device");
    b = build(d, 600, 600, &other, NULL);
    refused(a, b, "covariates");
    up_moments_free(b);
    other = plain;
    other.roles.missing = UP_MISSING_DROP;
    b = build(d, 600, 600, &other, NULL);
    refused(a, b, "missing");
    up_moments_free(b);
    b = build(d, 600, 600, &plain, UP_MOMENTS_OPTS(.max_levels = 3));
    refused(a, b, "visits");
    up_moments_free(b);
    other = plain;
    other.covariates = LIST("device");
    up_moments_free(a);
    a = build(d, 0, 600, &other, NULL);
    b = build(d, 600, 600, &other, UP_MOMENTS_OPTS(.layout = UP_LAYOUT_STREAM));
    refused(a, b, "layout");
    up_moments_free(a);
    up_moments_free(b);
    data_free(d);
}

/* What two capsules agree on about their fits is kept. */
static void
fits_that_differ(void **state)
{
    (void)state;
    up_error err = UP_ERROR_INIT;
    data *d = data_new();
    up_moments *a = build(d, 0, 700, &plain, NULL);
    up_moments *b = build(d, 700, 800, &plain, NULL);
    const upi_fit_options other[] = {{false, 4, 1, 0, 0}, {true, 5, 1, 0, 0},
        {true, 4, 0, 0, 0}, {true, 4, 1, 1, 0}, {true, 4, 1, 0, 1e-6},
        {true, 4, 1, 0, 0}};
    a->fitted = (upi_fit_options){true, 4, 1, 0, 0};
    for (int i = 0; i < 6; i++) {
        up_moments *m = NULL;
        b->fitted = other[i];
        assert_ok(up_moments_merge(a, b, &m, &err), &err);
        assert_int_equal(m->fitted.known, i == 5);
        assert_int_equal(m->fitted.vcov, i == 5 ? 4 : 0);
        up_moments_free(m);
    }
    up_moments_free(a);
    up_moments_free(b);
    data_free(d);
}

static void
arguments(void **state)
{
    (void)state;
    data *d = data_new();
    up_error err = UP_ERROR_INIT;
    up_moments *a = build(d, 0, 600, &plain, NULL), *m = NULL;
    assert_fails(up_moments_merge(a, NULL, &m, &err), UP_E_ARGUMENT, &err);
    err = (up_error)UP_ERROR_INIT;
    assert_fails(up_moments_merge(NULL, a, &m, &err), UP_E_ARGUMENT, &err);
    up_moments_free(a);
    data_free(d);
}

/* The key of an indicator is on one side, on the other, on both, and full on one. */
static void
indicators_of_one_side(void **state)
{
    (void)state;
    data *d = data_new();
    up_error err = UP_ERROR_INIT;
    data_design design = plain;
    design.roles.missing = UP_MISSING_INDICATOR;
    design.covariates = LIST("spend", "visits");
    d->spend[3] = NAN;
    d->visits[900] = NAN;
    for (int side = 0; side < 2; side++) {
        up_moments *a = build(d, 0, 600, &design, NULL);
        up_moments *b = build(d, 600, 900, &design, NULL), *m = NULL;
        up_moments *whole = build(d, 0, 1500, &design, NULL);
        assert_int_equal(a->n_keys, side == 0 ? 3 : 3);
        assert_ok(
            up_moments_merge(side == 0 ? a : b, side == 0 ? b : a, &m, &err), &err);
        assert_close_moments(m, whole, 1e-12);
        assert_int_equal(m->fingerprint, 14);
        up_moments_free(a);
        up_moments_free(b);
        up_moments_free(m);
        up_moments_free(whole);
    }
    for (int64_t i = 0; i < 600; i++) {
        d->visits[i] = NAN;
    }
    d->visits[900] = 1;
    up_moments *a = build(d, 0, 600, &design, NULL);
    up_moments *b = build(d, 600, 900, &design, NULL), *m = NULL, *n = NULL;
    up_moments *whole = build(d, 0, 1500, &design, NULL);
    assert_ok(up_moments_merge(a, b, &m, &err), &err);
    assert_ok(up_moments_merge(b, a, &n, &err), &err);
    assert_close_moments(m, whole, 1e-12);
    assert_close_moments(n, whole, 1e-12);
    up_moments_free(a);
    up_moments_free(b);
    up_moments_free(m);
    up_moments_free(n);
    up_moments_free(whole);
    data_free(d);
}

static void
clusters_meet_in_two_arms(void **state)
{
    (void)state;
    data *d = data_new();
    up_error err = UP_ERROR_INIT;
    data_design design = plain;
    design.roles.cluster = "household";
    design.roles.assigned_by_cluster = 1;
    for (int64_t i = 0; i < d->n; i++) {
        bool even = d->household[i] % 2 == 0;
        d->arm[i] = even == (i < 700) ? "control" : "b";
    }
    up_moments *a = build(d, 0, 700, &design, NULL);
    up_moments *b = build(d, 700, 800, &design, NULL), *m = NULL;
    assert_fails(up_moments_merge(a, b, &m, &err), UP_E_CLUSTER, &err);
    up_moments_free(a);
    up_moments_free(b);
    data_free(d);
}

typedef struct pair {
    up_moments *a, *b;
} pair;

static up_status
body(void *ctx, up_error *err)
{
    const pair *p = ctx;
    up_moments *m = NULL;
    up_status status = up_moments_merge(p->a, p->b, &m, err);
    up_moments_free(m);
    return status;
}

static void
memory_runs_out(void **state)
{
    (void)state;
    data *d = data_new();
    data_design design = plain;
    design.roles.missing = UP_MISSING_INDICATOR;
    design.covariates = LIST("device", "visits", "spend");
    d->visits[2] = NAN;
    d->no_device[3] = 1;
    pair p = {build(d, 0, 300, &design, UP_MOMENTS_OPTS(.max_levels = 20)),
        build(d, 300, 300, &design, UP_MOMENTS_OPTS(.max_levels = 20))};
    up_sweep_memory(body, &p);
    up_moments_free(p.a);
    up_moments_free(p.b);
    data_free(d);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(different_designs),
        cmocka_unit_test(fits_that_differ),
        cmocka_unit_test(arguments),
        cmocka_unit_test(indicators_of_one_side),
        cmocka_unit_test(clusters_meet_in_two_arms),
        cmocka_unit_test(memory_runs_out),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
