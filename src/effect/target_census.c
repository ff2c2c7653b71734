/* Another population in the terms of the model: what the base functions are in each of its
 * records. Keys are matched by the name of the covariate, levels by their label (numbers by
 * their value), so that the other moments may be those of another experiment, and a covariate
 * may be continuous in one and have few values in the other. */
#include "effect/target.h"

#include <math.h>
#include <string.h>

enum { CONTINUOUS = -1, NOT_NEEDED = -2 };

void
upi_census_free(const up_model *model, upi_census *c)
{
    for (int64_t k = 0; c->level != NULL && k < model->moments->n_keys; k++) {
        upi_free(c->level[k]);
    }
    upi_free(c->level);
    upi_free(c->from);
    upi_free(c->key);
    upi_free(c->x);
    *c = (upi_census){0};
}

static const char *
covariate_of(const up_moments *m, int64_t index)
{
    return m->experiment->covariates[index].v.name;
}

/* The key of the same covariate or segment in the other moments, -1 = none. */
static int64_t
find_key(const upi_key *own, const up_moments *mine, const up_moments *m)
{
    for (int64_t k = 0; k < m->n_keys; k++) {
        const upi_key *key = &m->keys[k];
        bool same = key->role == own->role;
        if (same && own->role == UPI_KEY_MISSING) {
            same = strcmp(covariate_of(m, key->index),
                       covariate_of(mine, own->index)) == 0;
        } else if (same) {
            same = strcmp(key->name, own->name) == 0;
        }
        if (same) {
            return k;
        }
    }
    return -1;
}

static int64_t
find_x(const char *name, const up_moments *m)
{
    for (int64_t k = 0; k < m->nx; k++) {
        if (strcmp(covariate_of(m, m->x_covariate[k]), name) == 0) {
            return k;
        }
    }
    return -1;
}

static bool
same_level(const upi_key *a, int64_t i, const upi_key *b, int64_t j)
{
    if (i == a->missing_level || j == b->missing_level) {
        return i == a->missing_level && j == b->missing_level;
    }
    if (a->type == UPI_STR || b->type == UPI_STR || a->type == UPI_BOOL) {
        return strcmp(a->label[i], b->label[j]) == 0;
    }
    return a->number[i] == b->number[j];
}

static int64_t
rows_at(const up_moments *m, int64_t key, int64_t level)
{
    int64_t n = 0;
    for (int64_t g = 0; g < m->n_groups; g++) {
        n += upi_moments_code(m, g, key) == level ? m->n[g] : 0;
    }
    return n;
}

/* Levels of the other moments to levels of the model. With `all`, each of them must be there. */
static up_status
match_levels(const up_model *model, int64_t key, bool all, upi_census *c, up_error *err)
{
    up_status status = UP_OK;
    const upi_key *own = &model->moments->keys[key];
    const upi_key *other = &c->m->keys[c->from[key]];
    UP_TRY(UP_NEW(&c->level[key], other->n_levels, err));
    for (int64_t l = 0; l < other->n_levels; l++) {
        int64_t to = 0;
        while (to < own->n_levels && !same_level(other, l, own, to)) {
            to++;
        }
        c->level[key][l] = (int32_t)(to < own->n_levels ? to : -1);
        int64_t rows = all && to == own->n_levels ? rows_at(c->m, c->from[key], l) : 0;
        if (rows > 0) {
            (void)upi_fail(err, UP_E_SUPPORT, own->name,
                "%.3g of the target (rows: %lld) has '%s' for %s, which no row of the "
                "experiment has",
                (double)rows / c->total, (long long)rows, other->label[l], own->name);
            status = upi_fix(
                err, "leave them out of the target, and speak of the rest of it");
            goto out;
        }
    }
out:
    return status;
}

up_status
upi_census_levels(const up_model *model, int64_t key, upi_census *c, up_error *err)
{
    upi_free(c->level[key]);
    c->level[key] = NULL;
    return match_levels(model, key, true, c, err);
}

static up_status
refuse_absent(const char *name, up_error *err)
{
    (void)upi_fail(err, UP_E_COLUMN, name,
        "the target does not have the covariate '%s' of the model", name);
    return upi_fix(err, "add it to the target, or fit without it");
}

static up_status
match_base(const up_model *model, int64_t j, upi_census *c, up_error *err)
{
    const upi_base *b = &model->base[j];
    const up_moments *mine = model->moments;
    c->key[j] = NOT_NEEDED;
    if (b->kind == UPI_BASE_ONE || b->time) {
        return UP_OK;
    }
    const char *name = b->kind == UPI_BASE_X
                           ? covariate_of(mine, mine->x_covariate[b->x])
                           : mine->keys[b->key].name;
    c->key[j] = CONTINUOUS;
    c->x[j] = -1;
    if (b->kind != UPI_BASE_X) {
        const upi_key *own = &mine->keys[b->key];
        c->key[j] = c->from[b->key] = find_key(own, mine, c->m);
        if (own->role == UPI_KEY_MISSING && c->key[j] < 0) {
            c->key[j] = NOT_NEEDED; /* nothing is missing there */
            return UP_OK;
        }
    } else {
        for (int64_t k = 0; k < c->m->n_keys; k++) {
            bool same = c->m->keys[k].role == UPI_KEY_COVARIATE &&
                        strcmp(c->m->keys[k].name, name) == 0;
            c->key[j] = same ? k : c->key[j];
        }
    }
    if (c->key[j] < 0) {
        c->x[j] = find_x(name, c->m);
        bool numeric = b->kind == UPI_BASE_X || b->kind == UPI_BASE_NUMBER;
        return c->x[j] >= 0 && numeric ? UP_OK : refuse_absent(name, err);
    }
    if (b->kind == UPI_BASE_LEVEL && c->level[b->key] == NULL) {
        bool all = mine->keys[b->key].role == UPI_KEY_COVARIATE;
        bool number = false;
        for (int64_t i = 0; i < model->n_base; i++) {
            number = number || (model->base[i].kind == UPI_BASE_NUMBER &&
                                   model->base[i].key == b->key);
        }
        return match_levels(model, b->key, all && !number, c, err);
    }
    return UP_OK;
}

/* A model with a number says nothing of levels; the number has to be one there too. */
static up_status
check_number(const up_model *model, int64_t j, const upi_census *c, up_error *err)
{
    const upi_base *b = &model->base[j];
    bool numeric = b->kind == UPI_BASE_X || b->kind == UPI_BASE_NUMBER;
    if (numeric && c->key[j] >= 0 && c->m->keys[c->key[j]].type == UPI_STR) {
        return upi_fail(err, UP_E_TYPE, b->name,
            "'%s' is text in the target and a number in the model", b->name);
    }
    return UP_OK;
}

up_status
upi_census_make(
    const up_model *model, const up_moments *m, upi_census *c, up_error *err)
{
    up_status status = UP_OK;
    *c = (upi_census){.m = m, .n = m->n_groups};
    for (int64_t g = 0; g < m->n_groups; g++) {
        c->total += (double)m->n[g];
    }
    UP_TRY(UP_NEW(&c->key, model->n_base, err));
    UP_TRY(UP_NEW(&c->x, model->n_base, err));
    UP_TRY(UP_NEW(&c->from, model->moments->n_keys, err));
    UP_TRY(UP_NEW(&c->level, model->moments->n_keys, err));
    for (int64_t k = 0; k < model->moments->n_keys; k++) {
        c->from[k] = -1;
    }
    for (int64_t j = 0; j < model->n_base; j++) {
        UP_TRY(match_base(model, j, c, err));
        UP_TRY(check_number(model, j, c, err));
    }
out:
    return status;
}

double
upi_census_base(const up_model *model, const upi_census *c, int64_t j, int64_t g)
{
    const upi_base *b = &model->base[j];
    if (b->kind == UPI_BASE_ONE) {
        return 1;
    }
    if (c->key[j] == NOT_NEEDED) {
        return 0;
    }
    if (c->key[j] == CONTINUOUS) {
        return upi_moments_x_mean(c->m, c->x[j], g) - b->center;
    }
    int32_t level = upi_moments_code(c->m, g, c->key[j]);
    if (b->kind == UPI_BASE_LEVEL) {
        return c->level[b->key][level] == b->level ? 1 : 0;
    }
    const upi_key *key = &c->m->keys[c->key[j]];
    return level == key->missing_level ? 0 : key->number[level] - b->center;
}

double
upi_census_cross(const upi_census *c, int64_t i, int64_t j, int64_t g)
{
    if (c->key[i] != CONTINUOUS || c->key[j] != CONTINUOUS) {
        return 0;
    }
    return upi_moments_x_cross(c->m, c->x[i], c->x[j], g);
}
