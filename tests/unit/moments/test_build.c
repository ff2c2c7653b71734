/* Rows to moments: every layout against sums computed row by row, and every refusal. */
#include "moments_data.h"
#include "up_test.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define LIST(...) ((const char *const[]){__VA_ARGS__, NULL})

static up_moments *
build(up_experiment *e, const up_moments_opts *opts)
{
    up_error err = UP_ERROR_INIT;
    up_moments *m = NULL;
    assert_ok(up_moments_build(e, opts, UP_RUN(.threads = 2), &m, &err), &err);
    return m;
}

/* Builds and holds the result against the reference. The caller frees. */
typedef struct built {
    data *d;
    up_source *s;
    up_experiment *e;
    up_moments *m;
} built;

static built
check_design(const data_design *design, const up_moments_opts *opts)
{
    built b = {.d = data_new()};
    b.s = data_source(b.d, 0, b.d->n, NULL);
    b.e = data_experiment(b.s, design);
    b.m = build(b.e, opts);
    data_check(b.d, 0, b.d->n, b.m);
    return b;
}

static void
release(built *b)
{
    up_moments_free(b->m);
    up_experiment_free(b->e);
    up_source_free(b->s);
    data_free(b->d);
}

static void
groups_layout(void **state)
{
    (void)state;
    data_design design = {.roles = {.intent_to_treat = "arm", .time = "week"},
        .metrics = LIST("sales", "clicks", "clicked"),
        .covariates = LIST("device", "loyalty", "visits")};
    built b = check_design(&design, NULL);
    const up_moments *m = b.m;
    assert_int_equal(m->form, UPI_MEAN);
    assert_int_equal(m->layout, UP_LAYOUT_GROUPS);
    assert_int_equal(m->n_keys, 5);
    assert_int_equal(m->arm, 0);
    assert_int_equal(m->time, 1);
    assert_int_equal(m->keys[2].role, UPI_KEY_COVARIATE);
    assert_int_equal(m->treated, -1);
    assert_string_equal(m->keys[0].label[0], "a very long arm name");
    assert_string_equal(m->keys[0].label[1], "b");
    assert_string_equal(m->keys[0].label[2], "control");
    assert_int_equal(m->keys[3].integer[0], -1);
    assert_close(m->keys[4].number[1], 0.25, 0, 0);
    assert_non_null(strstr(up_moments_layout(m), "groups: "));
    assert_int_equal(up_moments_rows(m), DATA_ROWS);
    assert_int_equal(up_moments_groups(m), m->n_groups);
    assert_int_equal(m->fingerprint, 7);
    release(&b);
}

static void
many_metrics(void **state)
{
    (void)state;
    data_design design = {.roles = {.intent_to_treat = "arm"},
        .metrics = LIST("sales", "clicks", "clicked", "fine", "visits", "spend")};
    built b = check_design(&design, NULL);
    assert_int_equal(b.m->ny, 6);
    assert_int_equal(b.m->n_groups, 3);
    release(&b);
}

static void
weights_and_treated_are_keys(void **state)
{
    (void)state;
    data_design design = {.roles = {.intent_to_treat = "arm",
                              .treated = "got",
                              .propensity = "p",
                              .weight = "w"},
        .metrics = LIST("sales")};
    built b = check_design(&design, NULL);
    assert_int_equal(b.m->treated, 1);
    assert_int_equal(b.m->propensity, 2);
    assert_int_equal(b.m->weight, 3);
    assert_false(b.m->row_weighted);
    release(&b);
}

static void
treated_may_be_the_arm(void **state)
{
    (void)state;
    data_design design = {.roles = {.intent_to_treat = "arm", .treated = "arm"},
        .metrics = LIST("sales")};
    built b = check_design(&design, NULL);
    assert_int_equal(b.m->treated, -1);
    assert_int_equal(b.m->n_keys, 1);
    release(&b);
    design.roles =
        (up_roles){.intent_to_treat = "arm", .treated = "got", .instrument = "got"};
    b = check_design(&design, NULL);
    assert_int_equal(b.m->treated, 1);
    assert_int_equal(b.m->instrument, 1);
    release(&b);
}

static void
stream_layout(void **state)
{
    (void)state;
    data_design design = {.roles = {.intent_to_treat = "arm"},
        .metrics = LIST("sales", "clicks"),
        .covariates = LIST("spend", "device", "visits")};
    built b = check_design(&design, NULL);
    assert_int_equal(b.m->form, UPI_TRI);
    assert_int_equal(b.m->nx, 1);
    assert_int_equal(b.m->x_covariate[0], 0);
    assert_int_equal(fake_source_scans(b.s), 2);
    assert_non_null(strstr(up_moments_layout(b.m), "spend"));
    release(&b);
    /* few levels allowed: visits is continuous too */
    b = check_design(&design, UP_MOMENTS_OPTS(.max_levels = 5));
    assert_int_equal(b.m->nx, 2);
    release(&b);
    b = check_design(&design, UP_MOMENTS_OPTS(.layout = UP_LAYOUT_STREAM));
    assert_int_equal(b.m->nx, 2);
    assert_int_equal(fake_source_scans(b.s), 1);
    release(&b);
}

static void
long_ranges_fill_blocks(void **state)
{
    (void)state;
    data *d = data_new();
    data_design design = {.roles = {.intent_to_treat = "arm"},
        .metrics = LIST("sales", "clicks"),
        .covariates = LIST("spend", "fine")};
    up_source *s = data_source(d, 0, d->n, &(fake_options){.range_rows = 1400});
    up_experiment *e = data_experiment(s, &design);
    up_moments *m = build(e, NULL);
    data_check(d, 0, d->n, m);
    up_moments_free(m);
    up_experiment_free(e);
    up_source_free(s);
    data_free(d);
}

static void
row_weights(void **state)
{
    (void)state;
    data_design design = {.roles = {.intent_to_treat = "arm", .propensity = "fine"},
        .metrics = LIST("sales", "clicks")};
    built b = check_design(&design, UP_MOMENTS_OPTS(.max_groups = 100));
    assert_int_equal(b.m->form, UPI_TRI);
    assert_true(b.m->row_weighted);
    assert_int_equal(b.m->propensity, -1);
    assert_int_equal(b.m->nx, 0);
    release(&b);
    design.roles = (up_roles){.intent_to_treat = "arm", .weight = "fine"};
    design.covariates = LIST("spend");
    b = check_design(&design, NULL);
    assert_true(b.m->row_weighted);
    assert_int_equal(b.m->weight, -1);
    assert_int_equal(b.m->nx, 1);
    release(&b);
}

static void
cluster_layouts(void **state)
{
    (void)state;
    data_design design = {.roles = {.intent_to_treat = "arm", .cluster = "household"},
        .metrics = LIST("sales", "clicks")};
    built b = check_design(&design, NULL);
    assert_int_equal(b.m->form, UPI_MEAN);
    assert_int_equal(b.m->layout, UP_LAYOUT_CLUSTERS);
    assert_null(b.m->m2);
    for (int64_t g = 1; g < b.m->n_groups; g++) {
        assert_true(b.m->cluster[0][g] >= b.m->cluster[0][g - 1]);
    }
    release(&b);
    design.covariates = LIST("spend", "device");
    b = check_design(&design, NULL);
    assert_int_equal(b.m->form, UPI_GRAM);
    assert_int_equal(b.m->nx, 1);
    release(&b);
    /* groups beyond the limit: visits leaves the keys, then there is no limit */
    design.covariates = LIST("visits", "device");
    b = check_design(&design, UP_MOMENTS_OPTS(.max_groups = 200));
    assert_int_equal(b.m->form, UPI_GRAM);
    assert_true(b.m->n_groups > 200);
    release(&b);
}

static void
two_ways(void **state)
{
    (void)state;
    data_design design = {.roles = {.intent_to_treat = "arm",
                              .cluster = "household",
                              .cluster2 = "street"},
        .metrics = LIST("clicks")};
    data *d = data_new();
    up_source *s = data_source(d, 0, d->n, NULL);
    up_experiment *e = data_experiment(s, &design);
    up_moments *m = build(e, NULL);
    assert_int_equal(m->ways, 2);
    int64_t rows = 0, clicks = 0;
    for (int64_t g = 0; g < m->n_groups; g++) {
        rows += m->n[g];
        clicks += llround(m->mean[g] * (double)m->n[g]);
        if (g > 0 && m->cluster[0][g] == m->cluster[0][g - 1]) {
            assert_true(m->cluster[1][g] >= m->cluster[1][g - 1]);
        }
        /* every row of the group, by hash of its street */
        int64_t n = 0;
        for (int64_t i = 0; i < d->n; i++) {
            uint64_t street = upi_hash_bytes(d->street[i], strlen(d->street[i]), 0);
            n += d->household[i] == (int64_t)m->cluster[0][g] &&
                 street == m->cluster[1][g] &&
                 strcmp(d->arm[i], m->keys[0].label[upi_moments_code(m, g, 0)]) == 0;
        }
        assert_int_equal(n, m->n[g]);
    }
    int64_t wanted = 0;
    for (int64_t i = 0; i < d->n; i++) {
        wanted += (int64_t)d->clicks[i];
    }
    assert_int_equal(rows, d->n);
    assert_int_equal(clicks, wanted);
    up_moments_free(m);
    up_experiment_free(e);
    up_source_free(s);
    data_free(d);
}

static void
segments_with_null(void **state)
{
    (void)state;
    data *d = data_new();
    d->spend[10] = NAN;
    d->spend[11] = NAN;
    data_design design = {.roles = {.intent_to_treat = "arm"},
        .metrics = LIST("sales"),
        .segments = LIST("spend > 10025")};
    up_source *s = data_source(d, 0, d->n, NULL);
    up_experiment *e = data_experiment(s, &design);
    up_moments *m = build(e, NULL);
    assert_int_equal(m->n_keys, 2);
    const upi_key *k = &m->keys[1];
    assert_int_equal(k->role, UPI_KEY_SEGMENT);
    assert_int_equal(k->n_levels, 3);
    assert_int_equal(k->missing_level, 2);
    assert_string_equal(k->label[0], "false");
    assert_string_equal(k->label[1], "true");
    assert_string_equal(k->label[2], "(missing)");
    int64_t n[3] = {0}, wanted[3] = {0, 0, 2};
    for (int64_t g = 0; g < m->n_groups; g++) {
        n[upi_moments_code(m, g, 1)] += m->n[g];
    }
    for (int64_t i = 0; i < d->n; i++) {
        wanted[0] += d->spend[i] <= 10025;
        wanted[1] += d->spend[i] > 10025;
    }
    for (int i = 0; i < 3; i++) {
        assert_int_equal(n[i], wanted[i]);
    }
    up_moments_free(m);
    up_experiment_free(e);
    up_source_free(s);
    data_free(d);
}

/* Builds a changed data set and returns the status; the message stays in err. */
static up_status
try_build(data *d, const data_design *design, const up_moments_opts *opts,
    up_moments **out, up_error *err)
{
    up_source *s = data_source(d, 0, d->n, NULL);
    up_experiment *e = data_experiment(s, design);
    up_moments *m = NULL;
    up_status status = up_moments_build(e, opts, UP_RUN(.threads = 2), &m, err);
    if (out != NULL) {
        *out = m;
        if (m != NULL) {
            m->rows = NULL;
        }
    } else {
        up_moments_free(m);
    }
    up_experiment_free(e);
    up_source_free(s);
    return status;
}

static const data_design plain = {.roles = {.intent_to_treat = "arm"},
    .metrics = (const char *const[]){"sales", "clicks", NULL},
    .covariates = (const char *const[]){"device", "loyalty", "spend", NULL}};

static void
missing_is_refused(void **state)
{
    (void)state;
    data *d = data_new();
    up_error err = UP_ERROR_INIT;
    d->arm[3] = d->arm[4] = "control";
    d->arm[5] = "b";
    d->sales[3] = d->sales[4] = d->sales[5] = NAN;
    assert_fails(try_build(d, &plain, NULL, NULL, &err), UP_E_MISSING, &err);
    assert_string_equal(err.field, "sales");
    assert_non_null(strstr(err.message, "sales: 1 missing in b, 2 in control"));
    assert_non_null(strstr(err.fix, "--missing drop"));
    assert_null(strstr(err.fix, "indicator"));
    err = (up_error)UP_ERROR_INIT;
    d->no_device[7] = 1;
    assert_fails(try_build(d, &plain, NULL, NULL, &err), UP_E_MISSING, &err);
    assert_non_null(strstr(err.fix, "--missing indicator"));
    assert_non_null(strstr(err.message, "device: 1 missing in"));
    err = (up_error)UP_ERROR_INIT;
    d->arm[8] = NULL;
    assert_fails(try_build(d, &plain, NULL, NULL, &err), UP_E_MISSING, &err);
    assert_non_null(strstr(err.message, "arm: 1 missing without an arm"));
    data_free(d);
}

static void
missing_is_dropped(void **state)
{
    (void)state;
    data *d = data_new();
    up_error err = UP_ERROR_INIT;
    up_moments *m = NULL;
    data_design design = plain;
    design.roles.missing = UP_MISSING_DROP;
    d->arm[0] = NULL;
    d->no_device[1] = 1;
    d->sales[2] = NAN;
    d->sales[1] = NAN;
    d->spend[DATA_ROWS - 1] = NAN;
    assert_ok(try_build(d, &design, NULL, &m, &err), &err);
    assert_int_equal(m->n_read, DATA_ROWS);
    assert_int_equal(m->n_rows, DATA_ROWS - 4);
    assert_int_equal(m->n_dropped, 4);
    assert_int_equal(m->n_no_arm, 1);
    int64_t sales = 0, device = 0;
    for (int64_t c = 0; c < m->n_counted; c++) {
        for (int64_t a = 0; a < m->n_arms; a++) {
            sales += strcmp(m->counted_name[c], "sales") == 0
                         ? m->missing[c * m->n_arms + a]
                         : 0;
            device += strcmp(m->counted_name[c], "device") == 0
                          ? m->missing[c * m->n_arms + a]
                          : 0;
        }
    }
    assert_int_equal(sales, 2);
    assert_int_equal(device, 1);
    assert_int_equal(m->notes.items[0].code, UP_N_ROWS_DROPPED);
    assert_close(m->notes.items[0].number, 4, 0, 0);
    up_moments_free(m);
    /* everything missing in one arm */
    for (int64_t i = 0; i < d->n; i++) {
        if (d->arm[i] != NULL && strcmp(d->arm[i], "b") == 0) {
            d->sales[i] = NAN;
        }
    }
    err = (up_error)UP_ERROR_INIT;
    assert_fails(try_build(d, &design, NULL, NULL, &err), UP_E_ARMS, &err);
    assert_non_null(strstr(err.message, "'b'"));
    for (int64_t i = 0; i < d->n; i++) {
        d->sales[i] = NAN;
    }
    err = (up_error)UP_ERROR_INIT;
    assert_fails(try_build(d, &design, NULL, NULL, &err), UP_E_EMPTY, &err);
    data_free(d);
}

static void
missing_is_indicated(void **state)
{
    (void)state;
    data *d = data_new();
    up_error err = UP_ERROR_INIT;
    up_moments *m = NULL;
    data_design design = plain;
    design.roles.missing = UP_MISSING_INDICATOR;
    d->no_device[1] = d->no_device[2] = 1;
    d->spend[3] = NAN;
    assert_ok(try_build(d, &design, NULL, &m, &err), &err);
    assert_int_equal(m->n_rows, DATA_ROWS);
    assert_int_equal(m->nx, 1);
    assert_int_equal(m->n_keys, 4);
    assert_int_equal(m->keys[1].missing_level, 3);
    assert_int_equal(m->keys[3].role, UPI_KEY_MISSING);
    assert_int_equal(m->keys[3].index, 2);
    assert_string_equal(m->keys[3].name, "spend");
    int64_t device = 0, spend = 0;
    for (int64_t g = 0; g < m->n_groups; g++) {
        device += upi_moments_code(m, g, 1) == 3 ? m->n[g] : 0;
        if (upi_moments_code(m, g, 3) == 1) {
            spend += m->n[g];
            assert_close(m->mean[g * 3], 0, 0, 0);
        }
    }
    assert_int_equal(device, 2);
    assert_int_equal(spend, 1);
    up_moments_free(m);
    /* a number that stays a key counts as 0 */
    data_design visits = design;
    visits.covariates = LIST("visits");
    d->visits[5] = NAN;
    d->visits[6] = 0;
    assert_ok(try_build(d, &visits, NULL, &m, &err), &err);
    assert_int_equal(m->n_keys, 3);
    for (int64_t g = 0; g < m->n_groups; g++) {
        if (upi_moments_code(m, g, 2) == 1) {
            assert_int_equal(m->n[g], 1);
            assert_close(m->keys[1].number[upi_moments_code(m, g, 1)], 0, 0, 0);
        }
    }
    up_moments_free(m);
    d->clicks[9] = NAN;
    assert_fails(try_build(d, &design, NULL, NULL, &err), UP_E_MISSING, &err);
    assert_null(strstr(err.message, "device"));
    data_free(d);
}

static void
infinite_is_refused(void **state)
{
    (void)state;
    data *d = data_new();
    up_error err = UP_ERROR_INIT;
    data_design design = plain;
    design.roles.missing = UP_MISSING_DROP;
    d->arm[1] = d->arm[2] = "control";
    d->clicks[1] = INFINITY;
    d->clicks[2] = -INFINITY;
    assert_fails(try_build(d, &design, NULL, NULL, &err), UP_E_NOT_FINITE, &err);
    assert_string_equal(err.field, "clicks");
    assert_non_null(strstr(err.message, "2 infinite in control"));
    d->clicks[1] = d->clicks[2] = 0;
    /* as a key */
    design.covariates = LIST("visits");
    d->visits[1] = INFINITY;
    err = (up_error)UP_ERROR_INIT;
    assert_fails(try_build(d, &design, NULL, NULL, &err), UP_E_NOT_FINITE, &err);
    assert_string_equal(err.field, "visits");
    d->visits[1] = 0;
    d->sales[1] = 1e300;
    err = (up_error)UP_ERROR_INIT;
    assert_fails(try_build(d, &design, NULL, NULL, &err), UP_E_NOT_FINITE, &err);
    data_free(d);
}

static void
one_arm_is_refused(void **state)
{
    (void)state;
    data *d = data_new();
    up_error err = UP_ERROR_INIT;
    data_design design = plain;
    design.roles.filter = "week = 1";
    for (int64_t i = 0; i < d->n; i++) {
        d->arm[i] = d->week[i] == 1 ? "b" : d->arm[i];
    }
    assert_fails(try_build(d, &design, NULL, NULL, &err), UP_E_ARMS, &err);
    assert_non_null(strstr(err.message, "'b'"));
    design.roles.filter = "week > 9";
    err = (up_error)UP_ERROR_INIT;
    assert_fails(try_build(d, &design, NULL, NULL, &err), UP_E_EMPTY, &err);
    assert_non_null(strstr(err.message, "filter"));
    data_free(d);
}

static void
repeated_units_are_refused(void **state)
{
    (void)state;
    data *d = data_new();
    up_error err = UP_ERROR_INIT;
    data_design design = plain;
    design.roles.unit = "shopper";
    assert_ok(try_build(d, &design, NULL, NULL, &err), &err);
    d->shopper[700] = d->shopper[3];
    assert_fails(try_build(d, &design, NULL, NULL, &err), UP_E_UNIT, &err);
    assert_string_equal(err.field, "shopper");
    assert_non_null(strstr(err.message, "'23757'"));
    assert_non_null(strstr(err.fix, "--cluster shopper"));
    /* clusters make repetition legal */
    err = (up_error)UP_ERROR_INIT;
    design.roles.cluster = "shopper";
    assert_ok(try_build(d, &design, NULL, NULL, &err), &err);
    /* text units */
    design.roles = (up_roles){.intent_to_treat = "arm", .unit = "street"};
    assert_fails(try_build(d, &design, NULL, NULL, &err), UP_E_UNIT, &err);
    assert_true(strstr(err.message, "Street") != NULL ||
                strstr(err.message, "'x'") != NULL ||
                strstr(err.message, "'y'") != NULL);
    data_free(d);
}

/* In a double two large ids may be one; whole numbers below 2^53 are ids like others. */
static void
rounded_ids_are_refused(void **state)
{
    (void)state;
    data *d = data_new();
    data_design design = {.roles = {.intent_to_treat = "arm", .cluster = "fine"},
        .metrics = plain.metrics};
    for (int64_t i = 0; i < d->n; i++) {
        d->fine[i] = 9007199254740991.0 - (double)(i % 40);
    }
    up_error err = UP_ERROR_INIT;
    assert_ok(try_build(d, &design, NULL, NULL, &err), &err);
    static const double rounded[] = {9007199254740992.0, -1e19, INFINITY};
    for (int k = 0; k < 3; k++) {
        d->fine[7] = rounded[k];
        err = (up_error)UP_ERROR_INIT;
        design.roles = (up_roles){.intent_to_treat = "arm", .cluster = "fine"};
        assert_fails(try_build(d, &design, NULL, NULL, &err), UP_E_CLUSTER, &err);
        assert_string_equal(err.field, "fine");
        assert_non_null(strstr(err.message, "9007199254740992"));
        assert_non_null(strstr(err.fix, "text"));
        err = (up_error)UP_ERROR_INIT;
        design.roles = (up_roles){.intent_to_treat = "arm", .unit = "fine"};
        assert_fails(try_build(d, &design, NULL, NULL, &err), UP_E_UNIT, &err);
    }
    data_free(d);
}

static void
mixed_clusters_are_refused(void **state)
{
    (void)state;
    data *d = data_new();
    up_error err = UP_ERROR_INIT;
    data_design design = plain;
    design.roles.assigned_by_cluster = 1;
    design.roles.cluster = "household";
    for (int64_t i = 0; i < d->n; i++) {
        d->arm[i] = d->household[i] % 2 == 0 ? "control" : "b";
    }
    assert_ok(try_build(d, &design, NULL, NULL, &err), &err);
    for (int64_t i = 0; i < d->n; i++) {
        if (d->household[i] == 17 && i % 2 == 0) {
            d->arm[i] = "control";
        }
    }
    assert_fails(try_build(d, &design, NULL, NULL, &err), UP_E_CLUSTER, &err);
    assert_non_null(strstr(err.message, "1 values of 'household'"));
    assert_non_null(strstr(err.message, "'17'"));
    design.roles.cluster = "street";
    err = (up_error)UP_ERROR_INIT;
    assert_fails(try_build(d, &design, NULL, NULL, &err), UP_E_CLUSTER, &err);
    assert_non_null(strstr(err.message, "5 values of 'street'"));
    assert_null(strstr(err.message, "''"));
    data_free(d);
}

static void
bad_propensities_and_weights(void **state)
{
    (void)state;
    data *d = data_new();
    up_error err = UP_ERROR_INIT;
    data_design design = plain;
    design.roles.propensity = "p";
    d->p[4] = 1;
    d->p[5] = 0;
    assert_fails(try_build(d, &design, NULL, NULL, &err), UP_E_PROPENSITY, &err);
    assert_non_null(strstr(err.message, "2 values outside (0, 1), from 0 to 1"));
    d->p[5] = NAN;
    err = (up_error)UP_ERROR_INIT;
    assert_fails(try_build(d, &design, NULL, NULL, &err), UP_E_MISSING, &err);
    d->p[4] = d->p[5] = 0.5;
    design.roles.weight = "w";
    d->w[6] = -1;
    err = (up_error)UP_ERROR_INIT;
    assert_fails(try_build(d, &design, NULL, NULL, &err), UP_E_WEIGHT, &err);
    assert_string_equal(err.field, "w");
    d->w[6] = INFINITY;
    err = (up_error)UP_ERROR_INIT;
    assert_fails(try_build(d, &design, NULL, NULL, &err), UP_E_NOT_FINITE, &err);
    /* the same where they are no keys */
    design.roles = (up_roles){.intent_to_treat = "arm", .propensity = "fine"};
    d->fine[4] = 1;
    err = (up_error)UP_ERROR_INIT;
    assert_fails(try_build(d, &design, UP_MOMENTS_OPTS(.max_groups = 50), NULL, &err),
        UP_E_PROPENSITY, &err);
    assert_non_null(strstr(err.message, "1 values outside (0, 1), from 1 to 1"));
    data_free(d);
}

static void
identifiers_are_refused(void **state)
{
    (void)state;
    data *d = data_new();
    up_error err = UP_ERROR_INIT;
    data_design design = plain;
    design.covariates = LIST("factor(shopper)");
    assert_fails(try_build(d, &design, NULL, NULL, &err), UP_E_ARGUMENT, &err);
    assert_non_null(strstr(err.message, "looks like an identifier"));
    design = plain;
    design.roles.intent_to_treat = "shopper";
    err = (up_error)UP_ERROR_INIT;
    assert_fails(try_build(d, &design, NULL, NULL, &err), UP_E_ARGUMENT, &err);
    data_free(d);
}

static void
too_many_groups(void **state)
{
    (void)state;
    data *d = data_new();
    up_error err = UP_ERROR_INIT;
    data_design design = plain;
    /* loyalty has 4 values, visits 12: both leave the keys, device cannot */
    design.covariates = LIST("device", "loyalty", "visits");
    up_moments *m = NULL;
    assert_ok(try_build(d, &design, UP_MOMENTS_OPTS(.max_groups = 20), &m, &err), &err);
    assert_int_equal(m->nx, 2);
    assert_int_equal(m->n_groups, 9);
    up_moments_free(m);
    assert_fails(try_build(d, &design, UP_MOMENTS_OPTS(.max_groups = 5), NULL, &err),
        UP_E_ARGUMENT, &err);
    assert_string_equal(err.field, "covariates");
    data_free(d);
}

static void
layouts_that_do_not_fit(void **state)
{
    (void)state;
    data *d = data_new();
    data_design design = plain;
    up_error err = UP_ERROR_INIT;
    assert_fails(
        try_build(d, &design, UP_MOMENTS_OPTS(.layout = UP_LAYOUT_GROUPS), NULL, &err),
        UP_E_ARGUMENT, &err);
    assert_non_null(strstr(err.message, "'spend'"));
    err = (up_error)UP_ERROR_INIT;
    assert_fails(try_build(d, &design, UP_MOMENTS_OPTS(.layout = UP_LAYOUT_CLUSTERS),
                     NULL, &err),
        UP_E_ARGUMENT, &err);
    design.roles.cluster = "household";
    err = (up_error)UP_ERROR_INIT;
    assert_fails(
        try_build(d, &design, UP_MOMENTS_OPTS(.layout = UP_LAYOUT_STREAM), NULL, &err),
        UP_E_ARGUMENT, &err);
    const up_moments_opts bad[] = {{.struct_size = sizeof bad[0], .layout = 9},
        {.struct_size = sizeof bad[0], .max_groups = -1},
        {.struct_size = sizeof bad[0], .max_levels = -1}};
    for (int i = 0; i < 3; i++) {
        err = (up_error)UP_ERROR_INIT;
        assert_fails(try_build(d, &design, &bad[i], NULL, &err), UP_E_ARGUMENT, &err);
    }
    data_free(d);
}

static void
no_metric_no_rows_no_place(void **state)
{
    (void)state;
    data *d = data_new();
    data_design design = {.roles = {.intent_to_treat = "arm"}};
    up_error err = UP_ERROR_INIT;
    assert_fails(try_build(d, &design, NULL, NULL, &err), UP_E_ARGUMENT, &err);
    assert_string_equal(err.field, "metric");
    up_moments *m = NULL;
    err = (up_error)UP_ERROR_INIT;
    assert_fails(up_moments_build(NULL, NULL, NULL, &m, &err), UP_E_ARGUMENT, &err);
    /* a chain that failed before does nothing */
    assert_fails(up_moments_build(NULL, NULL, NULL, &m, &err), UP_E_ARGUMENT, &err);
    assert_null(m);
    up_moments_free(NULL);
    assert_int_equal(up_moments_rows(NULL), 0);
    data_free(d);
}

static void
scan_failure_passes_through(void **state)
{
    (void)state;
    data *d = data_new();
    up_error err = UP_ERROR_INIT;
    up_source *s = data_source(d, 0, d->n, &(fake_options){.fail_at = 9});
    data_design design = {
        .roles = {.intent_to_treat = "arm"}, .metrics = LIST("sales")};
    up_experiment *e = data_experiment(s, &design);
    up_moments *m = NULL;
    assert_fails(
        up_moments_build(e, NULL, UP_RUN(.threads = 2), &m, &err), UP_E_SOURCE, &err);
    assert_null(m);
    up_experiment_free(e);
    up_source_free(s);
    data_free(d);
}

/* NIST StRD, NumAcc4: mean 10000000.2, standard deviation 0.1, certified. The decimals are not
 * doubles: their rounding alone moves the variance by 1e-8. */
static void
nist_numacc4(void **state)
{
    (void)state;
    data *d = data_new();
    up_error err = UP_ERROR_INIT;
    d->n = 1002;
    for (int64_t i = 0; i < d->n; i++) {
        d->arm[i] = i < 1001 ? "a" : "b";
        d->sales[i] = i == 0 ? 10000000.2 : i % 2 == 1 ? 10000000.1 : 10000000.3;
    }
    data_design design = {
        .roles = {.intent_to_treat = "arm"}, .metrics = LIST("sales")};
    up_moments *m = NULL;
    assert_ok(try_build(d, &design, NULL, &m, &err), &err);
    assert_close(m->mean[0], 10000000.2, 1e-15, 0);
    assert_close(sqrt(m->m2[0] / 1000), 0.1, 1e-8, 0);
    up_moments_free(m);
    design.covariates = LIST("fine");
    assert_ok(try_build(d, &design, NULL, &m, &err), &err);
    const double *r = m->tri;
    assert_close(sqrt((r[4] * r[4] + r[5] * r[5]) / 1000), 0.1, 1e-8, 0);
    up_moments_free(m);
    data_free(d);
}

typedef struct sweep {
    up_experiment *e;
} sweep;

static up_status
build_body(void *ctx, up_error *err)
{
    const sweep *s = ctx;
    up_moments *m = NULL;
    up_status status = up_moments_build(s->e, NULL, UP_RUN(.threads = 1), &m, err);
    up_moments_free(m);
    return status;
}

static void
memory_runs_out(void **state)
{
    (void)state;
    data *d = data_new();
    d->n = 60;
    d->no_device[3] = 1;
    const data_design designs[] = {
        {.roles = {.intent_to_treat = "arm", .unit = "shopper"},
            .metrics = LIST("sales", "clicks"),
            .covariates = LIST("loyalty"),
            .segments = LIST("week > 1")},
        {.roles = {.intent_to_treat = "arm", .missing = UP_MISSING_INDICATOR},
            .metrics = LIST("sales"),
            .covariates = LIST("spend", "device")},
        {.roles = {.intent_to_treat = "arm", .cluster = "street"},
            .metrics = LIST("sales")},
    };
    for (int i = 0; i < 3; i++) {
        up_source *s = data_source(d, 0, d->n, &(fake_options){.range_rows = 20});
        sweep body = {data_experiment(s, &designs[i])};
        up_sweep_memory(build_body, &body);
        up_experiment_free(body.e);
        up_source_free(s);
    }
    data_free(d);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(groups_layout),
        cmocka_unit_test(many_metrics),
        cmocka_unit_test(weights_and_treated_are_keys),
        cmocka_unit_test(treated_may_be_the_arm),
        cmocka_unit_test(stream_layout),
        cmocka_unit_test(long_ranges_fill_blocks),
        cmocka_unit_test(row_weights),
        cmocka_unit_test(cluster_layouts),
        cmocka_unit_test(two_ways),
        cmocka_unit_test(segments_with_null),
        cmocka_unit_test(missing_is_refused),
        cmocka_unit_test(missing_is_dropped),
        cmocka_unit_test(missing_is_indicated),
        cmocka_unit_test(infinite_is_refused),
        cmocka_unit_test(one_arm_is_refused),
        cmocka_unit_test(repeated_units_are_refused),
        cmocka_unit_test(rounded_ids_are_refused),
        cmocka_unit_test(mixed_clusters_are_refused),
        cmocka_unit_test(bad_propensities_and_weights),
        cmocka_unit_test(identifiers_are_refused),
        cmocka_unit_test(too_many_groups),
        cmocka_unit_test(layouts_that_do_not_fit),
        cmocka_unit_test(no_metric_no_rows_no_place),
        cmocka_unit_test(scan_failure_passes_through),
        cmocka_unit_test(nist_numacc4),
        cmocka_unit_test(memory_runs_out),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
