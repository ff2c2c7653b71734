/* Rows of a file into groups and a model by hand, for the tests of the checks. */
#include "up_checkable.h"

#include "up_test.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct row {
    int64_t cluster;
    int32_t code[5]; /* arm, treated, propensity, country, in this order; -1 = no key */
    double age;
} row;

/* Levels of the arms, the countries and the propensities. */
static char texts[][3][4] = {
    {"0", "1", "2"}, {"de", "fr", "us"}, {"0.3", "0.5", "0.7"}};
static char *labels[][3] = {{texts[0][0], texts[0][1], texts[0][2]},
    {texts[1][0], texts[1][1], texts[1][2]}, {texts[2][0], texts[2][1], texts[2][2]}};
static double numbers[][3] = {{0, 1, 2}, {0, 1, 2}, {0.3, 0.5, 0.7}};

static int
by_place(const void *x, const void *y)
{
    const row *a = x;
    const row *b = y;
    if (a->cluster != b->cluster) {
        return a->cluster < b->cluster ? -1 : 1;
    }
    for (int k = 0; k < 5; k++) {
        if (a->code[k] != b->code[k]) {
            return a->code[k] < b->code[k] ? -1 : 1;
        }
    }
    return 0;
}

static int64_t
read_rows(const up_checkable_opts *o, row *rows)
{
    FILE *f = fopen(up_test_data("oracle/check/data.csv"), "r");
    char line[256];
    int64_t n = 0;
    assert_non_null(f);
    assert_non_null(fgets(line, sizeof line, f));
    while (n < (o->first_rows > 0 ? o->first_rows : UP_CHECK_ROWS) &&
           fgets(line, sizeof line, f) != NULL) {
        double v[8];
        char *at = line;
        for (int i = 0; i < 8; i++) {
            v[i] = strtod(at, &at);
            at++;
        }
        double e = o->swapped && v[3] == 0.0 ? 1.0 - v[4] : v[4];
        int arm = (int)v[o->arm == UP_ARM_TWO ? 3 : o->arm == UP_ARM_THREE ? 5 : 6];
        rows[n] = (row){.cluster = o->clusters ? (int64_t)v[0] : 0,
            .code = {arm, o->treated ? (int)v[7] : 0,
                o->propensity ? (int)((e - 0.2) * 5.0 + 0.01) : 0, (int)v[1], 0},
            .age = v[2]};
        n++;
    }
    (void)fclose(f);
    return n;
}

static int64_t
add_key(up_checkable *c, upi_key_role role, const char *name, int set, int64_t levels)
{
    upi_key *k = &c->keys[c->moments.n_keys];
    *k = (upi_key){.role = role,
        .n_levels = levels,
        .number = numbers[set],
        .label = labels[set],
        .missing_level = -1};
    assert_int_equal(upi_strdup_to(&k->name, name, NULL), UP_OK);
    return c->moments.n_keys++;
}

static void
add_group(up_moments *m, const row *rows, int64_t n, const int *place, bool clusters)
{
    int64_t g = m->n_groups++;
    double mean = 0.0;
    double m2 = 0.0;
    for (int64_t i = 0; i < n; i++) {
        mean += rows[i].age / (double)n;
    }
    for (int64_t i = 0; i < n; i++) {
        m2 += (rows[i].age - mean) * (rows[i].age - mean);
    }
    m->n[g] = n;
    m->mean[g] = mean;
    m->m2[g] = m2;
    for (int64_t k = 0; k < m->n_keys; k++) {
        m->code[g * m->n_keys + k] = rows[0].code[place[k]];
    }
    if (clusters) {
        m->cluster[0][g] = (uint64_t)rows[0].cluster;
    }
}

static void
compress(up_checkable *c, const up_checkable_opts *o, const int *place)
{
    up_moments *m = &c->moments;
    row *rows = upi_calloc(UP_CHECK_ROWS, sizeof *rows);
    assert_non_null(rows);
    m->n_rows = read_rows(o, rows);
    m->n_read = m->n_rows;
    qsort(rows, (size_t)m->n_rows, sizeof *rows, by_place);
    assert_int_equal(UP_NEW(&m->n, m->n_rows, NULL), UP_OK);
    assert_int_equal(UP_NEW(&m->mean, m->n_rows, NULL), UP_OK);
    assert_int_equal(UP_NEW(&m->m2, m->n_rows, NULL), UP_OK);
    assert_int_equal(UP_NEW(&m->code, m->n_rows * m->n_keys, NULL), UP_OK);
    assert_int_equal(UP_NEW(&m->cluster[0], m->n_rows, NULL), UP_OK);
    int64_t start = 0;
    for (int64_t i = 1; i <= m->n_rows; i++) {
        if (i == m->n_rows || by_place(&rows[i], &rows[start]) != 0) {
            add_group(m, rows + start, i - start, place, o->clusters);
            start = i;
        }
    }
    upi_free(rows);
}

static void
add_role(up_checkable *c, int role, const char *name)
{
    upi_variable *v = &c->experiment.roles[role];
    assert_int_equal(upi_expr_column(name, &v->expr, NULL), UP_OK);
    assert_int_equal(upi_strdup_to(&v->name, name, NULL), UP_OK);
}

static void
fill_model(up_checkable *c, const up_checkable_opts *o, int64_t country)
{
    static char names[][12] = {"(Intercept)", "country=fr", "country=us", "age"};
    up_model *m = &c->model;
    upi_crosstab t = {0};
    int64_t *count = NULL;
    m->moments = &c->moments;
    m->base = c->base;
    m->n_base = o->no_covariates ? 1 : 4;
    c->base[0] = (upi_base){.kind = UPI_BASE_ONE, .name = names[0]};
    c->base[1] = (upi_base){
        .kind = UPI_BASE_LEVEL, .key = country, .level = 1, .name = names[1]};
    c->base[2] = (upi_base){
        .kind = UPI_BASE_LEVEL, .key = country, .level = 2, .name = names[2]};
    c->base[3] =
        (upi_base){.kind = UPI_BASE_X, .x = 0, .center = 40.0, .name = names[3]};
    m->n_rows = c->moments.n_rows;
    m->first_stage_f = 44.0;
    for (int i = 0; i < 3; i++) {
        c->share[i] = 1.0;
    }
    m->share = o->propensity ? c->share : NULL;
    assert_int_equal(upi_moments_crosstab(&c->moments, &t, &count, NULL), UP_OK);
    assert_int_equal(upi_identify(&t, &m->design, NULL), UP_OK);
    upi_free(count);
}

void
up_checkable_make(const up_checkable_opts *o, up_checkable *c)
{
    memset(c, 0, sizeof *c);
    up_moments *m = &c->moments;
    int place[5] = {0};
    m->experiment = &c->experiment;
    m->keys = c->keys;
    m->form = UPI_GRAM;
    m->treated = m->instrument = m->propensity = m->weight = m->time = -1;
    m->nx = 1;
    m->ways = o->clusters ? 1 : 0;
    m->n_arms = o->arm == UP_ARM_THREE ? 3 : 2;
    m->arm = add_key(c, UPI_KEY_ARM, "arm", 0, m->n_arms);
    add_role(c, UPI_ROLE_ARM, "arm");
    if (o->treated) {
        place[m->n_keys] = 1;
        m->treated = add_key(c, UPI_KEY_TREATED, "treated", 0, 2);
        add_role(c, UPI_ROLE_TREATED, "treated");
    }
    if (o->propensity) {
        place[m->n_keys] = 2;
        m->propensity = add_key(c, UPI_KEY_PROPENSITY, "e", 2, 3);
        add_role(c, UPI_ROLE_PROPENSITY, "e");
    }
    place[m->n_keys] = 3;
    int64_t country = add_key(c, UPI_KEY_COVARIATE, "country", 1, 3);
    if (o->clusters) {
        add_role(c, UPI_ROLE_CLUSTER, "cluster");
    }
    compress(c, o, place);
    fill_model(c, o, country);
}

void
up_checkable_free(up_checkable *c)
{
    up_moments *m = &c->moments;
    for (int64_t k = 0; k < m->n_keys; k++) {
        upi_free(c->keys[k].name);
    }
    for (int i = 0; i < UPI_ROLE_COUNT; i++) {
        upi_free(c->experiment.roles[i].name);
        upi_expr_free(c->experiment.roles[i].expr);
    }
    upi_free(m->n);
    upi_free(m->mean);
    upi_free(m->m2);
    upi_free(m->code);
    upi_free(m->cluster[0]);
    memset(c, 0, sizeof *c);
}

up_check_result
up_checkable_run(const up_checkable *c, const char *name, char text[512])
{
    up_error err = UP_ERROR_INIT;
    up_checks *checks = NULL;
    up_check_result found = {.name = NULL};
    assert_ok(up_check(&c->model, &checks, &err), &err);
    for (int64_t i = 0; i < up_checks_count(checks); i++) {
        up_check_result r = up_checks_get(checks, i);
        if (strcmp(r.name, name) == 0) {
            found = r;
            (void)snprintf(text, 512, "%s", r.text);
        }
    }
    assert_non_null(found.name);
    up_checks_free(checks);
    found.text = text;
    return found;
}

double
up_check_expected(const char *path)
{
    char part[64];
    const char *dot = strchr(path, '.');
    json_t *root = json_load_file(up_test_data("oracle/check/expected.json"), 0, NULL);
    assert_non_null(root);
    (void)snprintf(part, sizeof part, "%.*s",
        dot == NULL ? (int)strlen(path) : (int)(dot - path), path);
    json_t *value = json_object_get(json_object_get(root, "values"), part);
    if (dot != NULL) {
        value = json_object_get(value, dot + 1);
    }
    assert_true(json_is_number(value));
    double x = json_number_value(value);
    json_decref(root);
    return x;
}
