/* Cells: the distinct combinations of the keys that a question needs, found by hashing the
 * codes of the groups once. Everything after works on cells: the clusters, the arms and the
 * weights are summed out, so that a table of millions of groups shrinks to what the covariates
 * tell apart. For each cell the sums of weight u and (with continuous covariates) weight u u',
 * u = (1, x - center), and the base functions that are not 0 there. */
#include "effect/effect.h"
#include "effect/target.h"

#include <math.h>
#include <string.h>

static int32_t
code_of(const upi_population *c, int64_t group, int64_t k)
{
    return upi_moments_code(c->model->moments, group, c->key[k]);
}

/* ---- finding the cells ---- */

typedef struct table {
    int32_t *slot; /* cell + 1, 0 = free */
    int64_t size;  /* a power of two */
    int64_t capacity;
} table;

static up_status
table_grow(table *t, const upi_population *c, up_error *err)
{
    int64_t size = t->size == 0 ? 1024 : 2 * t->size;
    int32_t *slot = NULL;
    if (UP_NEW(&slot, size, err) != UP_OK) {
        return UP_E_NO_MEMORY;
    }
    for (int64_t q = 0; q < c->n; q++) {
        uint64_t h = upi_hash_bytes(
            c->code + q * c->n_keys, (size_t)c->n_keys * sizeof *c->code, 0);
        int64_t i = (int64_t)(h & (uint64_t)(size - 1));
        while (slot[i] != 0) {
            i = (i + 1) & (size - 1);
        }
        slot[i] = (int32_t)(q + 1);
    }
    upi_free(t->slot);
    t->slot = slot;
    t->size = size;
    return UP_OK;
}

static up_status
add_cell(upi_population *c, table *t, const int32_t *code, int64_t group, up_error *err)
{
    up_status status = UP_OK;
    if (c->n + 1 > t->capacity) {
        int64_t codes = t->capacity * c->n_keys;
        int64_t groups = t->capacity;
        UP_TRY(UP_RESERVE(&c->group, &groups, c->n + 1, err));
        /* One more, so that there is an address even when no key is used. */
        UP_TRY(UP_RESERVE(&c->code, &codes, groups * c->n_keys + 1, err));
        t->capacity = groups;
    }
    memcpy(c->code + c->n * c->n_keys, code, (size_t)c->n_keys * sizeof *code);
    c->group[c->n++] = group;
out:
    return status;
}

static up_status
find_cell(
    upi_population *c, table *t, const int32_t *code, int64_t group, up_error *err)
{
    size_t bytes = (size_t)c->n_keys * sizeof *code;
    if (t->slot == NULL || 2 * (c->n + 1) > t->size) {
        up_status status = table_grow(t, c, err);
        if (status != UP_OK) {
            return status;
        }
    }
    int64_t i = (int64_t)(upi_hash_bytes(code, bytes, 0) & (uint64_t)(t->size - 1));
    while (t->slot[i] != 0) {
        int64_t q = t->slot[i] - 1;
        if (memcmp(c->code + q * c->n_keys, code, bytes) == 0) {
            c->of_group[group] = (int32_t)q;
            return UP_OK;
        }
        i = (i + 1) & (t->size - 1);
    }
    up_status status = add_cell(c, t, code, group, err);
    if (status == UP_OK) {
        t->slot[i] = (int32_t)c->n;
        c->of_group[group] = (int32_t)(c->n - 1);
    }
    return status;
}

static up_status
find_cells(upi_population *c, up_error *err)
{
    up_status status = UP_OK;
    const up_moments *m = c->model->moments;
    table t = {0};
    int32_t *code = NULL;
    UP_TRY(UP_NEW(&code, c->n_keys + 1, err));
    UP_TRY(UP_NEW(&c->of_group, m->n_groups, err));
    for (int64_t g = 0; g < m->n_groups; g++) {
        for (int64_t k = 0; k < c->n_keys; k++) {
            code[k] = code_of(c, g, k);
        }
        UP_TRY(find_cell(c, &t, code, g, err));
    }
out:
    upi_free(t.slot);
    upi_free(code);
    return status;
}

/* ---- what stands in a cell ---- */

static void
find_x_bases(upi_population *c)
{
    const up_model *m = c->model;
    for (int64_t k = 0; k + 1 < c->width; k++) {
        c->x_base[k] = -1;
    }
    for (int64_t j = 0; j < m->n_base; j++) {
        if (m->base[j].kind == UPI_BASE_X) {
            c->x_base[m->base[j].x] = j;
        }
    }
}

double
upi_row_scale(const up_model *m, int64_t group)
{
    const up_moments *t = m->moments;
    if (!t->row_weighted) {
        return 1;
    }
    int64_t width = 1 + t->nx + t->ny;
    double r = t->tri[group * (width * (width + 1) / 2)];
    return (double)t->n[group] / (r * r);
}

double
upi_group_row(const upi_population *c, int64_t group, int power, double *u)
{
    double w = upi_group_population(c->model, group);
    u[0] = 1;
    for (int64_t k = 1; k < c->width; k++) {
        int64_t j = c->x_base[k - 1];
        u[k] = j < 0 ? 0 : upi_base_mean(c->model, j, group);
    }
    w = power == 2 ? w * w : w;
    return c->target == NULL ? w : w * upi_target_weigh(c->target, c, group, power, u);
}

/* Adds the rows of a group: s += w sum u, f += w sum u u'. */
static void
add_moments(upi_population *c, int64_t g, double *u)
{
    const up_model *m = c->model;
    double w = upi_group_row(c, g, 1, u);
    double n = (double)m->moments->n[g];
    int64_t width = c->width;
    double spread = w * upi_row_scale(m, g);
    double *s = c->s + c->of_group[g] * width;
    for (int64_t k = 0; k < width; k++) {
        s[k] += w * n * u[k];
    }
    if (c->f == NULL) {
        return;
    }
    double *f = c->f + c->of_group[g] * width * width;
    for (int64_t k = 0; k < width; k++) {
        for (int64_t l = 0; l < width; l++) {
            double within = 0;
            if (k > 0 && l > 0 && c->x_base[k - 1] >= 0 && c->x_base[l - 1] >= 0) {
                within = upi_moments_x_cross(m->moments, k - 1, l - 1, g);
            }
            f[k + l * width] += w * n * u[k] * u[l] + spread * within;
        }
    }
}

up_status
upi_population_weigh(upi_population *c, up_error *err)
{
    up_status status = UP_OK;
    double *u = NULL;
    UP_TRY(UP_NEW(&u, c->width, err));
    memset(c->s, 0, (size_t)(c->n * c->width) * sizeof *c->s);
    if (c->f != NULL) {
        memset(c->f, 0, (size_t)(c->n * c->width * c->width) * sizeof *c->f);
    }
    for (int64_t g = 0; g < c->model->moments->n_groups; g++) {
        add_moments(c, g, u);
    }
out:
    upi_free(u);
    return status;
}

static up_status
sum_groups(upi_population *c, up_error *err)
{
    up_status status = UP_OK;
    const up_moments *m = c->model->moments;
    int64_t assigned = c->model->inst_key;
    c->n_arms = m->keys[assigned].n_levels;
    UP_TRY(UP_NEW(&c->rows, c->n * c->n_arms, err));
    UP_TRY(UP_NEW(&c->arm_rows, c->n_arms, err));
    UP_TRY(UP_NEW(&c->s, c->n * c->width, err));
    UP_TRY(UP_NEW(&c->x_base, c->width, err));
    if (c->width > 1) {
        UP_TRY(UP_NEW(&c->f, c->n * c->width * c->width, err));
    }
    find_x_bases(c);
    for (int64_t g = 0; g < m->n_groups; g++) {
        int64_t q = c->of_group[g];
        int32_t arm = upi_moments_code(m, g, assigned);
        c->rows[q * c->n_arms + arm] += m->n[g];
        c->arm_rows[arm] += (double)m->n[g];
    }
    UP_TRY(upi_population_weigh(c, err));
out:
    return status;
}

/* ---- the base functions in a cell ---- */

typedef struct base_index {
    int64_t n_always; /* the intercept and the numbers */
    int64_t *always;
    int64_t n_level_keys; /* keys with indicator columns */
    int64_t *level_key;
    int64_t *start; /* (n_level_keys): where the levels of the key stand in of_level */
    int32_t *of_level; /* base function + 1, 0 = none */
} base_index;

static void
base_index_free(base_index *b)
{
    upi_free(b->always);
    upi_free(b->level_key);
    upi_free(b->start);
    upi_free(b->of_level);
}

static up_status
base_index_make(const up_model *m, base_index *b, up_error *err)
{
    up_status status = UP_OK;
    const up_moments *t = m->moments;
    int64_t levels = 0;
    int64_t *slot = NULL; /* key -> place in level_key, + 1 */
    UP_TRY(UP_NEW(&slot, t->n_keys, err));
    UP_TRY(UP_NEW(&b->always, m->n_base, err));
    UP_TRY(UP_NEW(&b->level_key, t->n_keys, err));
    UP_TRY(UP_NEW(&b->start, t->n_keys, err));
    for (int64_t j = 0; j < m->n_base; j++) {
        const upi_base *base = &m->base[j];
        if (base->kind == UPI_BASE_ONE || base->kind == UPI_BASE_NUMBER) {
            b->always[b->n_always++] = j;
        } else if (base->kind == UPI_BASE_LEVEL && slot[base->key] == 0) {
            b->level_key[b->n_level_keys] = base->key;
            b->start[b->n_level_keys] = levels;
            slot[base->key] = ++b->n_level_keys;
            levels += t->keys[base->key].n_levels;
        }
    }
    UP_TRY(UP_NEW(&b->of_level, levels, err));
    for (int64_t j = 0; j < m->n_base; j++) {
        const upi_base *base = &m->base[j];
        if (base->kind == UPI_BASE_LEVEL) {
            b->of_level[b->start[slot[base->key] - 1] + base->level] = (int32_t)(j + 1);
        }
    }
out:
    upi_free(slot);
    return status;
}

static up_status
list_bases(upi_population *c, up_error *err)
{
    up_status status = UP_OK;
    const up_model *m = c->model;
    base_index b = {0};
    UP_TRY(base_index_make(m, &b, err));
    int64_t most = b.n_always + b.n_level_keys;
    UP_TRY(UP_NEW(&c->base_start, c->n + 1, err));
    UP_TRY(UP_NEW(&c->base, c->n * most, err));
    UP_TRY(UP_NEW(&c->value, c->n * most, err));
    int64_t n = 0;
    for (int64_t q = 0; q < c->n; q++) {
        c->base_start[q] = n;
        for (int64_t i = 0; i < b.n_always; i++) {
            c->base[n] = (int32_t)b.always[i];
            c->value[n++] = upi_base_mean(m, b.always[i], c->group[q]);
        }
        for (int64_t i = 0; i < b.n_level_keys; i++) {
            int32_t level = upi_moments_code(m->moments, c->group[q], b.level_key[i]);
            int32_t j = b.of_level[b.start[i] + level];
            if (j > 0) {
                c->base[n] = j - 1;
                c->value[n++] = 1;
            }
        }
    }
    c->base_start[c->n] = n;
out:
    base_index_free(&b);
    return status;
}

up_status
upi_population_build(
    const up_model *m, const bool *use, upi_population **out, up_error *err)
{
    up_status status = UP_OK;
    upi_population *c = NULL;
    UP_TRY(UP_NEW(&c, 1, err));
    c->model = m;
    c->width = 1 + m->moments->nx;
    UP_TRY(UP_NEW(&c->key, m->moments->n_keys, err));
    for (int64_t k = 0; k < m->moments->n_keys; k++) {
        if (use[k]) {
            c->key[c->n_keys++] = k;
        }
    }
    UP_TRY(find_cells(c, err));
    UP_TRY(sum_groups(c, err));
    UP_TRY(list_bases(c, err));
    *out = c;
    c = NULL;
out:
    upi_population_free(c);
    return status;
}

void
upi_population_free(upi_population *c)
{
    if (c == NULL) {
        return;
    }
    for (int w = 0; w < 4; w++) {
        upi_spread_free(&c->spread[w]);
    }
    upi_free(c->key);
    upi_free(c->code);
    upi_free(c->group);
    upi_free(c->of_group);
    upi_free(c->rows);
    upi_free(c->arm_rows);
    upi_free(c->s);
    upi_free(c->f);
    upi_free(c->base_start);
    upi_free(c->base);
    upi_free(c->value);
    upi_free(c->x_base);
    upi_free(c);
}
