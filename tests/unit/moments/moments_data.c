#include "moments_data.h"

#include "up_test.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static uint64_t
next(uint64_t *state)
{
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    return *state;
}

static double
uniform(uint64_t *state)
{
    return (double)(next(state) >> 11) / 9007199254740992.0;
}

data *
data_new(void)
{
    static const char *const arms[] = {"control", "a very long arm name", "b"};
    static const char *const devices[] = {"desktop", "mobile", "a tablet of any size"};
    static const char *const streets[] = {
        "High Street", "Low Street", "The Street With The Long Name", "x", "y"};
    data *d = calloc(1, sizeof *d);
    assert_non_null(d);
    d->n = DATA_ROWS;
    uint64_t s = UINT64_C(88172645463325252);
    for (int64_t i = 0; i < DATA_ROWS; i++) {
        uint64_t arm = next(&s) % 3;
        d->household[i] = (int64_t)(next(&s) % 90) - 20;
        d->street[i] = streets[next(&s) % 5];
        d->arm[i] = arms[arm];
        d->got[i] = arm != 0 && next(&s) % 4 != 0;
        d->device[i] = devices[next(&s) % 3];
        d->loyalty[i] = (int64_t)(next(&s) % 4) - 1;
        d->spend[i] = 1e4 + 50 * uniform(&s);
        d->visits[i] = floor(12 * uniform(&s)) / 4;
        d->week[i] = (int64_t)(next(&s) % 3) + 1;
        d->p[i] = next(&s) % 2 == 0 ? 0.25 : 0.5;
        d->w[i] = 1 + (double)(next(&s) % 3);
        d->sales[i] = 1e6 + (double)arm + 3 * uniform(&s);
        d->clicks[i] = floor(5 * uniform(&s));
        d->clicked[i] = d->clicks[i] > 2;
        d->fine[i] = 0.1 + 0.8 * uniform(&s);
        d->shopper[i] = i * 7919;
    }
    return d;
}

void
data_free(data *d)
{
    free(d);
}

up_source *
data_source(data *d, int64_t first, int64_t n, const fake_options *options)
{
    up_column columns[DATA_COLUMNS] = {
        {.name = "arm", .text = d->arm + first},
        {.name = "got", .boolean = d->got + first},
        {.name = "device", .text = d->device + first, .missing = d->no_device + first},
        {.name = "loyalty", .i64 = d->loyalty + first},
        {.name = "spend", .f64 = d->spend + first},
        {.name = "visits", .f64 = d->visits + first},
        {.name = "household", .i64 = d->household + first},
        {.name = "street", .text = d->street + first},
        {.name = "week", .i64 = d->week + first},
        {.name = "p", .f64 = d->p + first},
        {.name = "w", .f64 = d->w + first},
        {.name = "sales", .f64 = d->sales + first},
        {.name = "clicks", .f64 = d->clicks + first},
        {.name = "clicked", .boolean = d->clicked + first},
        {.name = "fine", .f64 = d->fine + first},
        {.name = "shopper", .i64 = d->shopper + first},
    };
    memcpy(d->columns, columns, sizeof columns);
    return fake_source(d->columns, DATA_COLUMNS, n, options);
}

up_experiment *
data_experiment(up_source *s, const data_design *design)
{
    up_error err = UP_ERROR_INIT;
    up_experiment *e = NULL;
    up_roles roles = design->roles;
    roles.struct_size = sizeof roles;
    assert_ok(up_experiment_new(s, &roles, &e, &err), &err);
    for (int64_t i = 0; design->metrics != NULL && design->metrics[i] != NULL; i++) {
        assert_ok(up_experiment_add_metric(e, design->metrics[i], &err), &err);
    }
    for (int64_t i = 0; design->covariates != NULL && design->covariates[i] != NULL;
         i++) {
        assert_ok(up_experiment_add_covariate(e, design->covariates[i], &err), &err);
    }
    for (int64_t i = 0; design->segments != NULL && design->segments[i] != NULL; i++) {
        assert_ok(up_experiment_add_segment(e, design->segments[i], &err), &err);
    }
    return e;
}

/* The value of a column as the label of its level, or as a number. */
static void
value_text(const data *d, const char *name, int64_t row, char out[64])
{
    const struct {
        const char *name;
        const char *const *text;
        const int64_t *i64;
        const double *f64;
    } table[] = {{"arm", d->arm, NULL, NULL}, {"device", d->device, NULL, NULL},
        {"loyalty", NULL, d->loyalty, NULL}, {"week", NULL, d->week, NULL},
        {"p", NULL, NULL, d->p}, {"w", NULL, NULL, d->w},
        {"visits", NULL, NULL, d->visits}};
    if (strcmp(name, "got") == 0) {
        (void)snprintf(out, 64, "%s", d->got[row] ? "true" : "false");
        return;
    }
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        if (strcmp(table[i].name, name) != 0) {
            continue;
        }
        if (table[i].text != NULL) {
            (void)snprintf(out, 64, "%s", table[i].text[row]);
        } else if (table[i].i64 != NULL) {
            (void)snprintf(out, 64, "%lld", (long long)table[i].i64[row]);
        } else {
            (void)snprintf(out, 64, "%g", table[i].f64[row]);
        }
        return;
    }
    fail_msg("the reference does not know the column '%s'", name);
}

static double
value_number(const data *d, const char *name, int64_t row)
{
    if (strcmp(name, "sales") == 0) {
        return d->sales[row];
    }
    if (strcmp(name, "clicks") == 0) {
        return d->clicks[row];
    }
    if (strcmp(name, "clicked") == 0) {
        return d->clicked[row];
    }
    if (strcmp(name, "spend") == 0) {
        return d->spend[row];
    }
    if (strcmp(name, "fine") == 0) {
        return d->fine[row];
    }
    if (strcmp(name, "visits") == 0) {
        return d->visits[row];
    }
    fail_msg("the reference does not know the number '%s'", name);
    return 0;
}

/* True when row i belongs to group g of m. */
static bool
in_group(const data *d, const up_moments *m, int64_t g, int64_t i)
{
    if (m->ways > 0 && (int64_t)m->cluster[0][g] != d->household[i]) {
        return false;
    }
    for (int64_t k = 0; k < m->n_keys; k++) {
        char text[64];
        value_text(d, m->keys[k].name, i, text);
        if (strcmp(text, m->keys[k].label[upi_moments_code(m, g, k)]) != 0) {
            return false;
        }
    }
    return true;
}

static const char *
variable(const up_moments *m, int64_t j)
{
    return j < m->nx ? m->experiment->covariates[m->x_covariate[j]].v.name
                     : m->experiment->components[j - m->nx].name;
}

static double
row_weight(const data *d, const up_moments *m, int64_t i)
{
    double w = 1;
    if (m->row_weighted && m->weight < 0 &&
        m->experiment->roles[UPI_ROLE_WEIGHT].expr) {
        w *= d->fine[i];
    }
    if (m->row_weighted && m->propensity < 0 &&
        m->experiment->roles[UPI_ROLE_PROPENSITY].expr) {
        w /= d->fine[i];
    }
    return w;
}

/* Weighted cross product of columns a and b about the means; column -1 is the constant. */
static long double
cross(const data *d, int64_t first, int64_t n, const up_moments *m, const bool *in,
    int64_t a, int64_t b, const long double *mean, bool weighted)
{
    long double sum = 0;
    for (int64_t i = first; i < first + n; i++) {
        if (!in[i]) {
            continue;
        }
        long double x =
            a < 0 ? 1 : (long double)value_number(d, variable(m, a), i) - mean[a];
        long double y =
            b < 0 ? 1 : (long double)value_number(d, variable(m, b), i) - mean[b];
        sum += x * y * (weighted ? (long double)row_weight(d, m, i) : 1);
    }
    return sum;
}

static double
tri_gram(const double *r, int64_t i, int64_t j)
{
    long double sum = 0;
    for (int64_t k = 0; k <= i && k <= j; k++) {
        sum +=
            (long double)r[i * (i + 1) / 2 + k] * (long double)r[j * (j + 1) / 2 + k];
    }
    return (double)sum;
}

static void
check_group(const data *d, int64_t first, int64_t n, const up_moments *m, int64_t g,
    const bool *in)
{
    int64_t nv = m->nx + m->ny, w = (nv + 1) * (nv + 2) / 2;
    long double mean[16] = {0}, none[16] = {0};
    long double rows = cross(d, first, n, m, in, -1, -1, none, false);
    assert_int_equal(m->n[g], (int64_t)rows);
    for (int64_t j = 0; j < nv; j++) {
        mean[j] = cross(d, first, n, m, in, j, -1, none, false) / rows;
        assert_close(m->mean[g * nv + j], (double)mean[j], 1e-14, 0);
    }
    for (int64_t j = 0, p = 0; m->m2 != NULL && j < nv; j++) {
        for (int64_t k = 0; k <= j; k++, p++) {
            double scale = (double)sqrtl(cross(d, first, n, m, in, j, j, mean, false) *
                                         cross(d, first, n, m, in, k, k, mean, false));
            assert_close(m->m2[g * nv * (nv + 1) / 2 + p],
                (double)cross(d, first, n, m, in, k, j, mean, false), 0,
                1e-9 * scale + 1e-12);
        }
    }
    for (int64_t j = 0; m->tri != NULL && j <= nv; j++) {
        assert_true(m->tri[g * w + j * (j + 1) / 2 + j] >= 0);
        for (int64_t k = 0; k <= j; k++) {
            double scale =
                (double)sqrtl(cross(d, first, n, m, in, j - 1, j - 1, none, true) *
                              cross(d, first, n, m, in, k - 1, k - 1, none, true));
            assert_close(tri_gram(m->tri + g * w, k, j),
                (double)cross(d, first, n, m, in, k - 1, j - 1, none, true), 0,
                1e-13 * scale);
        }
    }
}

void
data_check(const data *d, int64_t first, int64_t n, const up_moments *m)
{
    bool in[DATA_ROWS], seen[DATA_ROWS] = {false};
    for (int64_t g = 0; g < m->n_groups; g++) {
        int64_t rows = 0;
        for (int64_t i = first; i < first + n; i++) {
            in[i] = in_group(d, m, g, i);
            assert_false(in[i] && seen[i]);
            seen[i] = seen[i] || in[i];
            rows += in[i];
        }
        assert_true(rows > 0);
        check_group(d, first, n, m, g, in);
    }
    for (int64_t i = first; i < first + n; i++) {
        assert_true(seen[i]);
    }
    assert_int_equal(m->n_rows, n);
}

static void
assert_same_keys(const up_moments *a, const up_moments *b)
{
    assert_int_equal(a->n_keys, b->n_keys);
    for (int64_t k = 0; k < a->n_keys; k++) {
        assert_int_equal(a->keys[k].role, b->keys[k].role);
        assert_int_equal(a->keys[k].index, b->keys[k].index);
        assert_int_equal(a->keys[k].type, b->keys[k].type);
        assert_string_equal(a->keys[k].name, b->keys[k].name);
        assert_int_equal(a->keys[k].n_levels, b->keys[k].n_levels);
        assert_int_equal(a->keys[k].missing_level, b->keys[k].missing_level);
        for (int64_t i = 0; i < a->keys[k].n_levels; i++) {
            assert_string_equal(a->keys[k].label[i], b->keys[k].label[i]);
            assert_close(a->keys[k].number[i], b->keys[k].number[i], 0, 0);
        }
    }
    assert_int_equal(a->arm, b->arm);
    assert_int_equal(a->treated, b->treated);
    assert_int_equal(a->instrument, b->instrument);
    assert_int_equal(a->propensity, b->propensity);
    assert_int_equal(a->weight, b->weight);
    assert_int_equal(a->time, b->time);
}

static void
assert_same_groups(const up_moments *a, const up_moments *b)
{
    assert_same_keys(a, b);
    assert_int_equal(a->form, b->form);
    assert_int_equal(a->layout, b->layout);
    assert_int_equal(a->nx, b->nx);
    assert_int_equal(a->ny, b->ny);
    assert_int_equal(a->ways, b->ways);
    assert_int_equal(a->row_weighted, b->row_weighted);
    assert_int_equal(a->n_groups, b->n_groups);
    assert_int_equal(a->n_rows, b->n_rows);
    assert_int_equal(a->n_read, b->n_read);
    assert_int_equal(a->n_dropped, b->n_dropped);
    size_t n = (size_t)a->n_groups;
    assert_memory_equal(a->code, b->code, n * (size_t)a->n_keys * sizeof *a->code);
    assert_memory_equal(a->n, b->n, n * sizeof *a->n);
    for (int64_t w = 0; w < a->ways; w++) {
        assert_memory_equal(a->cluster[w], b->cluster[w], n * sizeof *a->cluster[w]);
    }
    assert_int_equal(a->n_counted, b->n_counted);
    assert_int_equal(a->n_arms, b->n_arms);
    for (int64_t i = 0; i < a->n_counted; i++) {
        assert_string_equal(a->counted_name[i], b->counted_name[i]);
    }
    assert_memory_equal(a->missing, b->missing,
        (size_t)(a->n_counted * a->n_arms) * sizeof *a->missing);
}

void
assert_same_moments(const up_moments *a, const up_moments *b)
{
    assert_same_groups(a, b);
    assert_string_equal(a->layout_reason, b->layout_reason);
    size_t n = (size_t)a->n_groups * sizeof(double), nv = (size_t)(a->nx + a->ny);
    assert_memory_equal(a->mean, b->mean, n * nv);
    assert_int_equal(a->m2 == NULL, b->m2 == NULL);
    assert_int_equal(a->tri == NULL, b->tri == NULL);
    if (a->m2 != NULL) {
        assert_memory_equal(a->m2, b->m2, n * (nv * (nv + 1) / 2));
    }
    if (a->tri != NULL) {
        assert_memory_equal(a->tri, b->tri, n * ((nv + 1) * (nv + 2) / 2));
    }
}

void
assert_close_moments(const up_moments *a, const up_moments *b, double rtol)
{
    assert_same_groups(a, b);
    int64_t nv = a->nx + a->ny, pairs = nv * (nv + 1) / 2, w = (nv + 1) * (nv + 2) / 2;
    for (int64_t g = 0; g < a->n_groups; g++) {
        for (int64_t j = 0; j < nv; j++) {
            assert_close(a->mean[g * nv + j], b->mean[g * nv + j], rtol, 0);
        }
        for (int64_t j = 0, p = 0; a->m2 != NULL && j < nv; j++) {
            for (int64_t k = 0; k <= j; k++, p++) {
                const double *m2 = b->m2 + g * pairs, *mean = b->mean + g * nv;
                double sj = sqrt(m2[j * (j + 1) / 2 + j]);
                double sk = sqrt(m2[k * (k + 1) / 2 + k]);
                /* a mean is a rounded double, and merging uses differences of means */
                double means = 2e-16 * (fabs(mean[j]) * sk + fabs(mean[k]) * sj);
                double atol =
                    10 * rtol * sj * sk + 4 * means + 1e-18 * fabs(mean[j] * mean[k]);
                assert_close(a->m2[g * pairs + p], m2[p], 0, atol);
            }
        }
        for (int64_t j = 0; a->tri != NULL && j <= nv; j++) {
            for (int64_t k = 0; k <= j; k++) {
                double scale = sqrt(
                    tri_gram(b->tri + g * w, j, j) * tri_gram(b->tri + g * w, k, k));
                assert_close(tri_gram(a->tri + g * w, k, j),
                    tri_gram(b->tri + g * w, k, j), 0, 10 * rtol * scale);
            }
        }
    }
}
