/* What a first look proposes and warns of: every trap where it is and not where it is not, sums that do
 * not depend on threads, random groups against a plain formula, refusals. The program's part, with
 * dates and files, is in tests/cli/audit.bats. */
#include "check/audit.h"
#include "num/dist.h"
#include "num/rng.h"
#include "up_test.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ROWS = 4000 };

/* An experiment without a trap; tests put one in. */
typedef struct table {
    const char *arm[ROWS], *device[ROWS];
    int64_t user[ROWS], store[ROWS], visits[ROWS], order[ROWS];
    double before[ROWS], sales[ROWS];
    up_column columns[8];
    int64_t n;
} table;

static table *
table_make(void)
{
    static const char *const devices[] = {"mobile", "desktop", "tablet"};
    table *t = calloc(1, sizeof *t);
    assert_non_null(t);
    upi_rng r = upi_rng_make(11, 1, 0, 0);
    t->n = ROWS;
    for (int64_t i = 0; i < ROWS; i++) {
        bool treated = upi_rng_uniform(&r) < 0.5;
        t->arm[i] = treated ? "variant" : "control";
        t->device[i] = devices[(int)(3 * upi_rng_uniform(&r))];
        t->user[i] = 100000 + i;
        t->store[i] = i % 50;
        t->order[i] = 7919 * (i % 4001) % 1000003;
        t->before[i] = 50 + 10 * upi_rng_normal(&r);
        t->visits[i] = (int64_t)(100 * upi_rng_exponential(&r));
        t->sales[i] = 0.2 * t->before[i] + treated + upi_rng_normal(&r);
    }
    const up_column columns[8] = {{.name = "userId", .i64 = t->user},
        {.name = "Variant", .text = t->arm}, {.name = "device", .text = t->device},
        {.name = "store", .i64 = t->store}, {.name = "spend_before", .f64 = t->before},
        {.name = "visits", .i64 = t->visits}, {.name = "sales", .f64 = t->sales},
        {.name = "order_no", .i64 = t->order}};
    memcpy(t->columns, columns, sizeof columns);
    return t;
}

static up_status
try_audit(const table *t, const up_audit_opts *opts, const up_run *run, up_audit **out,
    up_error *err)
{
    up_status status = UP_OK;
    up_source *s = NULL;
    up_description *d = NULL;
    UP_TRY(up_source_from_columns_borrow(t->columns, 8, t->n, &s, err));
    UP_TRY(up_source_describe(s, run, &d, err));
    UP_TRY(up_source_audit(s, d, opts, run, out, err));
out:
    up_description_free(d);
    up_source_free(s);
    return status;
}

static up_audit *
audit(const table *t, const up_audit_opts *opts)
{
    up_error err = UP_ERROR_INIT;
    up_audit *a = NULL;
    assert_ok(try_audit(t, opts, NULL, &a, &err), &err);
    return a;
}

/* The first chosen column of a role, or NULL. */
static const char *
chosen(const up_audit *a, const char *role)
{
    for (int64_t i = 0; i < up_audit_count(a); i++) {
        up_proposal p = up_audit_get(a, i);
        if (strcmp(p.role, role) == 0 && p.chosen != 0) {
            return p.column;
        }
    }
    return NULL;
}

static const up_note *
trap(const up_audit *a, up_note_code code, const char *field)
{
    static up_note note;
    for (int64_t i = 0; i < up_audit_notes(a); i++) {
        note = up_audit_note(a, i);
        if (note.code == code && strcmp(note.field, field) == 0) {
            return &note;
        }
    }
    return NULL;
}

static void
assert_no_trap(up_audit *a)
{
    if (up_audit_notes(a) > 0) {
        fail_msg("%s %s: %s", up_note_name(up_audit_note(a, 0).code),
            up_audit_note(a, 0).field, up_audit_note(a, 0).text);
    }
    up_audit_free(a);
}

/* ---- names ---- */

static void
names_are_cut_into_words(void **state)
{
    (void)state;
    assert_int_equal(upi_name_fit("arm", UPI_WORD_ARM), 3);
    assert_int_equal(upi_name_fit("treatment_group", UPI_WORD_ARM), 3);
    assert_int_equal(upi_name_fit("expVariant", UPI_WORD_ARM), 3);
    assert_int_equal(upi_name_fit("group", UPI_WORD_ARM), 2);
    assert_int_equal(upi_name_fit("age_group", UPI_WORD_ARM), 1);
    assert_int_equal(upi_name_fit("pharmacy", UPI_WORD_ARM), 0);
    assert_int_equal(upi_name_fit("prepaid", UPI_WORD_PRE), 0);
    assert_int_equal(upi_name_fit("pre28_sales", UPI_WORD_PRE), 2);
    assert_int_equal(upi_name_fit("sales-before", UPI_WORD_PRE), 2);
    assert_int_equal(upi_name_fit("USER_ID", UPI_WORD_UNIT), 3);
    assert_true(upi_name_ends_in_id("userID"));
    assert_true(upi_name_ends_in_id("customerid"));
    assert_false(upi_name_ends_in_id("id_of_nothing"));
    assert_false(upi_name_ends_in_id("paid"));
    assert_int_equal(upi_name_fit("", UPI_WORD_ARM), 0);
    assert_true(upi_label_of_arm("Control group"));
    assert_false(upi_label_of_arm("controller"));
}

/* ---- proposals ---- */

static void
roles_are_proposed(void **state)
{
    (void)state;
    table *t = table_make();
    up_audit *a = audit(t, NULL);
    assert_string_equal(chosen(a, "itt"), "Variant");
    assert_string_equal(chosen(a, "unit"), "userId");
    assert_string_equal(chosen(a, "metric"), "sales");
    assert_string_equal(chosen(a, "covariates"), "spend_before");
    assert_null(chosen(a, "cluster")); /* stores hold both arms */
    assert_null(chosen(a, "time"));
    for (int64_t i = 0; i < up_audit_count(a); i++) {
        up_proposal p = up_audit_get(a, i);
        assert_true(p.score > 0 && p.score <= 1 && p.reason[0] != '\0');
    }
    assert_string_equal(up_audit_get(a, -1).role, "");
    assert_string_equal(up_audit_get(a, up_audit_count(a)).column, "");
    assert_true(isnan(up_audit_note(a, 0).number));
    assert_no_trap(a);
    free(t);
}

static void
clusters_are_found_by_their_arms(void **state)
{
    (void)state;
    table *t = table_make();
    for (int64_t i = 0; i < ROWS; i++) {
        t->arm[i] = t->store[i] % 2 == 1 ? "variant" : "control";
    }
    up_audit *a = audit(t, NULL);
    assert_string_equal(chosen(a, "cluster"), "store");
    assert_string_equal(chosen(a, "unit"), "userId");
    assert_no_trap(a);
    /* What is declared is taken as it is. */
    a = audit(t, UP_AUDIT_OPTS(.cluster = "userId", .intent_to_treat = "Variant"));
    assert_string_equal(chosen(a, "cluster"), "userId");
    up_audit_free(a);
    free(t);
}

/* ---- traps ---- */

static void
a_covariate_that_treatment_moves(void **state)
{
    (void)state;
    table *t = table_make();
    for (int64_t i = 0; i < ROWS; i++) {
        t->before[i] += t->arm[i][0] == 'v' ? 3 : 0;
        if (t->arm[i][0] == 'v' && i % 7 < 2) {
            t->device[i] = "tablet";
        }
    }
    up_audit *a = audit(t, NULL);
    const up_note *note = trap(a, UP_W_AFFECTED, "spend_before");
    assert_non_null(note);
    assert_true(note->number < 1e-6 && note->threshold == 1e-6);
    assert_non_null(trap(a, UP_W_AFFECTED, "device"));
    assert_null(trap(a, UP_W_AFFECTED, "sales")); /* an outcome may */
    assert_null(chosen(a, "covariates"));
    up_audit_free(a);
    const char *const declared[] = {"sales"};
    a = audit(t, UP_AUDIT_OPTS(.covariates = declared, .n_covariates = 1));
    assert_non_null(trap(a, UP_W_AFFECTED, "sales"));
    up_audit_free(a);
    free(t);
}

/* Rows of a cluster share their covariate: taken as independent they would raise an alarm. */
static void
clusters_are_not_mistaken_for_rows(void **state)
{
    (void)state;
    table *t = table_make();
    upi_rng r = upi_rng_make(5, 2, 0, 0);
    double level[80];
    for (int k = 0; k < 80; k++) {
        level[k] = 10 * upi_rng_normal(&r);
    }
    for (int64_t i = 0; i < ROWS; i++) {
        t->store[i] = i % 80;
        t->arm[i] = t->store[i] % 2 == 1 ? "variant" : "control";
        t->before[i] = level[t->store[i]] + upi_rng_normal(&r);
    }
    double mean[2] = {0};
    for (int64_t i = 0; i < ROWS; i++) {
        mean[t->store[i] % 2] += t->before[i] / (ROWS / 2.0);
    }
    double naive = fabs(mean[1] - mean[0]) / (10 * sqrt(2.0 / (ROWS / 2.0)));
    assert_true(2 * upi_normal_sf(naive) < 1e-6); /* the trap of the trap */
    assert_no_trap(audit(t, NULL));
    free(t);
}

static void
stand_ins_for_missing_values(void **state)
{
    (void)state;
    table *t = table_make();
    for (int64_t i = 0; i < 40; i++) {
        t->before[i] = i % 2 == 0 ? -999 : -99;
        t->visits[3 * i] = 999999;
        t->device[2 * i] = i % 2 == 0 ? " N/A" : "unknown";
    }
    up_audit *a = audit(t, NULL);
    const up_note *note = trap(a, UP_W_SENTINEL, "spend_before");
    assert_non_null(note);
    assert_close(note->number, 40, 0, 0);
    assert_non_null(strstr(note->text, "-99, -999"));
    assert_non_null(trap(a, UP_W_SENTINEL, "visits"));
    note = trap(a, UP_W_SENTINEL, "device");
    assert_non_null(note);
    assert_close(note->number, 40, 0, 0);
    up_audit_free(a);
    free(t);
}

static void
values_that_only_look_like_stand_ins(void **state)
{
    (void)state;
    table *t = table_make();
    int64_t most = 0;
    for (int64_t i = 0; i < ROWS; i++) {
        t->visits[i] = t->visits[i] > 999 ? 999 : t->visits[i]; /* a cap, not a gap */
        t->store[i] = i % 3 - 1;                                /* a mood: -1, 0, 1 */
        t->before[i] = 100 * (t->before[i] - 50);               /* -99 among others */
        most = t->visits[i] > most ? t->visits[i] : most;
    }
    t->visits[0] = 999;
    t->visits[1] = 999;
    t->visits[2] = 998;
    t->visits[3] = 700;
    t->before[7] = -99;
    t->before[8] = -99;
    static const char *const regions[] = {"NA", "EU", "US"};
    for (int64_t i = 0; i < ROWS; i++) {
        t->device[i] = regions[i % 3];
    }
    t->columns[3].name = "mood";
    assert_no_trap(audit(t, NULL));
    free(t);
}

static void
identifiers_as_numbers(void **state)
{
    (void)state;
    table *t = table_make();
    const char *const declared[] = {"userId"};
    up_audit *a = audit(t, UP_AUDIT_OPTS(.metrics = declared, .n_metrics = 1));
    assert_non_null(trap(a, UP_W_IDENTIFIER, "userId"));
    up_audit_free(a);
    a = audit(t, UP_AUDIT_OPTS(.covariates = declared, .n_covariates = 1));
    assert_non_null(trap(a, UP_W_IDENTIFIER, "userId"));
    up_audit_free(a);
    t->columns[7].name = "order_id"; /* not the unit, and no number */
    a = audit(t, NULL);
    assert_non_null(trap(a, UP_W_IDENTIFIER, "order_id"));
    assert_null(trap(a, UP_W_IDENTIFIER, "userId"));
    up_audit_free(a);
    free(t);
}

static void
repeated_units_and_rows(void **state)
{
    (void)state;
    table *t = table_make();
    for (int64_t i = 0; i < 30; i++) { /* the same unit, in the same arm */
        t->user[2 * i + 1] = t->user[2 * i];
        t->arm[2 * i + 1] = t->arm[2 * i];
    }
    up_audit *a = audit(t, NULL);
    const up_note *note = trap(a, UP_W_REPEATED_UNITS, "userId");
    assert_non_null(note);
    assert_close(note->number, 30, 0, 0);
    assert_null(trap(a, UP_W_CROSSOVER, "userId"));
    assert_null(trap(a, UP_W_DUPLICATE_ROWS, "userId"));
    up_audit_free(a);
    t->arm[1] = t->arm[0][0] == 'v' ? "control" : "variant";
    a = audit(t, NULL);
    note = trap(a, UP_W_CROSSOVER, "userId");
    assert_non_null(note);
    assert_close(note->number, 1, 0, 0);
    up_audit_free(a);
    for (int64_t i = 0; i < ROWS; i++) {
        t->order[i] = 1;
    }
    for (int64_t i = 0; i < 5; i++) { /* copies of whole rows */
        int64_t from = 1000 + i;
        int64_t to = 2000 + i;
        t->user[to] = t->user[from];
        t->arm[to] = t->arm[from];
        t->device[to] = t->device[from];
        t->store[to] = t->store[from];
        t->before[to] = t->before[from];
        t->visits[to] = t->visits[from];
        t->sales[to] = t->sales[from];
    }
    a = audit(t, NULL);
    note = trap(a, UP_W_DUPLICATE_ROWS, "userId");
    assert_non_null(note);
    assert_close(note->number, 5, 0, 0);
    up_audit_free(a);
    free(t);
}

/* A panel: rows of a unit differ by period. */
static void
a_panel_is_no_trap(void **state)
{
    (void)state;
    table *t = table_make();
    for (int64_t i = 0; i < ROWS; i++) {
        t->user[i] = 1 + i / 4;
        t->arm[i] = t->arm[i / 4 * 4];
        t->device[i] = t->device[i / 4 * 4];
        t->store[i] = i % 4;
        t->before[i] = t->before[i / 4 * 4];
    }
    t->columns[3].name = "week";
    up_audit *a = audit(t, NULL);
    assert_string_equal(chosen(a, "cluster"), "userId");
    assert_string_equal(chosen(a, "time"), "week");
    assert_no_trap(a);
    t->store[1] = 0; /* two rows of a unit in one week */
    a = audit(t, NULL);
    assert_non_null(trap(a, UP_W_REPEATED_UNITS, "userId"));
    up_audit_free(a);
    free(t);
}

static void
labels_of_arms(void **state)
{
    (void)state;
    table *t = table_make();
    t->arm[17] = "vraiant";
    for (int64_t i = 100; i < 120; i++) {
        t->arm[i] = "Control ";
    }
    up_audit *a = audit(t, NULL);
    const up_note *note = trap(a, UP_W_RARE_ARM, "Variant");
    assert_non_null(note);
    assert_non_null(strstr(note->text, "'vraiant' (1 row)"));
    note = trap(a, UP_W_ARM_LABELS, "Variant");
    assert_non_null(note);
    assert_close(note->number, 20, 0, 0);
    up_audit_free(a);
    free(t);
}

/* ---- sums ---- */

static char *
story(const table *t, int64_t threads)
{
    up_error err = UP_ERROR_INIT;
    up_audit *a = NULL;
    upi_text text = {0};
    char *out = NULL;
    assert_ok(try_audit(t, NULL, UP_RUN(.threads = threads), &a, &err), &err);
    for (int64_t i = 0; i < up_audit_count(a); i++) {
        up_proposal p = up_audit_get(a, i);
        upi_text_addf(&text, "%s %s %.17g %s\n", p.role, p.column, p.score, p.reason);
    }
    for (int64_t i = 0; i < up_audit_notes(a); i++) {
        up_note n = up_audit_note(a, i);
        upi_text_addf(&text, "%s %.17g %s\n", n.field, n.number, n.text);
    }
    up_audit_free(a);
    assert_ok(upi_text_take(&text, &out, &err), &err);
    return out;
}

static void
threads_change_nothing(void **state)
{
    (void)state;
    table *t = table_make();
    for (int64_t i = 0; i < ROWS; i++) {
        t->before[i] += t->arm[i][0] == 'v' ? 3 : 0;
        t->user[i] = 1 + i / 2;
    }
    char *one = story(t, 1);
    char *many = story(t, 7);
    assert_non_null(strstr(one, "differs"));
    assert_string_equal(one, many);
    upi_free(one);
    upi_free(many);
    free(t);
}

/* Above the limit a sample is kept: its units are counted in full, in any order and in parts. */
static void
a_sample_of_units(void **state)
{
    (void)state;
    enum { UNITS = 300000 };
    up_error err = UP_ERROR_INIT;
    upi_sample whole = {0};
    upi_sample part[2] = {{0}, {0}};
    upi_repeats r;
    upi_repeats both;
    for (int64_t i = 0; i < UNITS; i++) {
        for (int64_t k = 0; k <= i % 3; k++) {
            uint64_t hash = upi_hash_u64((uint64_t)i + 1);
            uint64_t arm = 1 + (uint64_t)(i % 6 == 2 ? k % 2 : i % 2);
            assert_ok(upi_sample_add(&whole, hash, arm, &err), &err);
            assert_ok(upi_sample_add(&part[k == 1], hash, arm, &err), &err);
        }
    }
    upi_sample_count(&whole, &r);
    assert_false(r.whole);
    assert_true(r.units <= UPI_SAMPLE_UNITS && r.units > UPI_SAMPLE_UNITS / 2);
    assert_close(r.all, UNITS, 0.02, 0);
    assert_close((double)r.rows, 2 * (double)r.units, 0.02, 0);
    assert_close((double)r.repeated, 2 / 3.0 * (double)r.units, 0.02, 0);
    assert_close((double)r.crossing, (double)r.units / 6, 0.05, 0);
    assert_ok(upi_sample_merge(&part[0], &part[1], &err), &err);
    upi_sample_count(&part[0], &both);
    assert_memory_equal(&r, &both, sizeof r);
    upi_sample_free(&whole);
    upi_sample_free(&part[0]);
    upi_sample_free(&part[1]);
}

/* One row per group: U is (m1 - m0) / sqrt(sum d1^2 / n1^2 + sum d0^2 / n0^2) with deviations d from
 * the common mean, whatever the bins. */
static void
random_groups_by_hand(void **state)
{
    (void)state;
    static const double x[2][3] = {{1, 2, 6}, {4, 5, 9}};
    upi_audit_column column = {
        .info = {.name = "x", .mean = 4.5, .sd = 2}, .usable = true};
    upi_audit_cell cells[2 * UPI_AUDIT_GROUPS] = {{0, 0}};
    int64_t rows[2] = {3, 3};
    upi_audit_test test = {.cells = cells, .rows = rows};
    upi_audit_scan scan = {
        .columns = &column, .n_columns = 1, .n_arms = 2, .tests = &test, .n_tests = 1};
    double d2[2] = {0};
    for (int a = 0; a < 2; a++) {
        for (int i = 0; i < 3; i++) {
            upi_audit_cell *c = &cells[a * UPI_AUDIT_GROUPS + 40 * i];
            c->w = 64;
            c->wx = 64 * (uint64_t)(int64_t)((x[a][i] - 4.5) / 2 * UPI_AUDIT_VALUE);
            d2[a] += (x[a][i] - 4.5) * (x[a][i] - 4.5);
        }
    }
    upi_audit_difference d;
    assert_true(upi_audit_compare(&scan, &test, &d));
    double u = (6 - 3) / sqrt(d2[0] / 9 + d2[1] / 9);
    assert_close(d.p, 2 * upi_normal_sf(u), 1e-9, 0);
    assert_close(d.mean, 6, 1e-9, 0);
    assert_close(d.other, 3, 1e-9, 0);
}

/* ---- refusals and memory ---- */

static void
refuses(const table *t, const up_audit_opts *opts, up_status wanted)
{
    up_error err = UP_ERROR_INIT;
    up_audit *a = NULL;
    assert_fails(try_audit(t, opts, NULL, &a, &err), wanted, &err);
    assert_null(a);
}

static void
refusals(void **state)
{
    (void)state;
    table *t = table_make();
    const char *const unknown[] = {"sale"};
    refuses(t, UP_AUDIT_OPTS(.intent_to_treat = "arms"), UP_E_COLUMN);
    refuses(t, UP_AUDIT_OPTS(.metrics = unknown, .n_metrics = 1), UP_E_COLUMN);
    refuses(t, UP_AUDIT_OPTS(.covariates = unknown, .n_covariates = 1), UP_E_COLUMN);
    refuses(t, UP_AUDIT_OPTS(.n_metrics = 1), UP_E_ARGUMENT);
    refuses(t, UP_AUDIT_OPTS(.intent_to_treat = "userId"), UP_E_ARMS);
    refuses(t, UP_AUDIT_OPTS(.assigned_at = "sales"), UP_E_TYPE);
    refuses(t, UP_AUDIT_OPTS(.propensity = "device"), UP_E_TYPE);
    refuses(t, UP_AUDIT_OPTS(.as_of = "yesterday"), UP_E_ARGUMENT);
    up_error err = UP_ERROR_INIT;
    up_source *s = NULL;
    up_source *other = NULL;
    up_description *d = NULL;
    up_audit *a = NULL;
    assert_ok(up_source_from_columns_borrow(t->columns, 8, 10, &s, &err), &err);
    assert_ok(up_source_from_columns_borrow(t->columns + 1, 7, 10, &other, &err), &err);
    assert_ok(up_source_describe(other, NULL, &d, &err), &err);
    assert_fails(up_source_audit(s, d, NULL, NULL, &a, &err), UP_E_ARGUMENT, &err);
    err = (up_error)UP_ERROR_INIT;
    assert_fails(up_source_audit(s, NULL, NULL, NULL, &a, &err), UP_E_ARGUMENT, &err);
    up_description_free(d);
    up_source_free(other);
    up_source_free(s);
    free(t);
}

static void
no_rows_and_no_arm(void **state)
{
    (void)state;
    table *t = table_make();
    t->columns[1].name = "colour";
    for (int64_t i = 0; i < ROWS; i++) {
        t->arm[i] = i % 2 == 0 ? "red" : "blue";
    }
    up_audit *a = audit(t, NULL);
    assert_null(chosen(a, "itt"));
    assert_string_equal(chosen(a, "unit"), "userId");
    assert_no_trap(a);
    t->n = 0;
    assert_no_trap(audit(t, NULL));
    t->n = 1;
    assert_no_trap(audit(t, NULL));
    free(t);
}

static up_status
whole_audit(void *ctx, up_error *err)
{
    up_audit *a = NULL;
    up_status status = try_audit(ctx, NULL, UP_RUN(.threads = 1), &a, err);
    up_audit_free(a);
    return status;
}

static void
memory_may_run_out_anywhere(void **state)
{
    (void)state;
    table *t = table_make();
    for (int64_t i = 0; i < ROWS; i++) {
        t->arm[i] = t->store[i] % 2 == 1 ? "variant" : "Variant ";
        t->visits[i] = i % 7 == 0 ? -999 : t->visits[i];
    }
    t->n = 200;
    up_sweep_memory(whole_audit, t);
    free(t);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_are_cut_into_words),
        cmocka_unit_test(roles_are_proposed),
        cmocka_unit_test(clusters_are_found_by_their_arms),
        cmocka_unit_test(a_covariate_that_treatment_moves),
        cmocka_unit_test(clusters_are_not_mistaken_for_rows),
        cmocka_unit_test(stand_ins_for_missing_values),
        cmocka_unit_test(values_that_only_look_like_stand_ins),
        cmocka_unit_test(identifiers_as_numbers),
        cmocka_unit_test(repeated_units_and_rows),
        cmocka_unit_test(a_panel_is_no_trap),
        cmocka_unit_test(labels_of_arms),
        cmocka_unit_test(threads_change_nothing),
        cmocka_unit_test(a_sample_of_units),
        cmocka_unit_test(random_groups_by_hand),
        cmocka_unit_test(refusals),
        cmocka_unit_test(no_rows_and_no_arm),
        cmocka_unit_test(memory_may_run_out_anywhere),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
