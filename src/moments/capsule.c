/* The layout of a capsule: one row per group with the codes of the keys, the ids of clusters,
 * n, and the doubles as they are in memory. The meaning of the codes stands in the metadata. */
#include "moments/capsule.h"

#include <inttypes.h>
#include <stdio.h>

static const char *const role_names[] = {"arm", "treated", "instrument", "propensity",
    "weight", "time", "covariate", "segment", "missing"};
static const char *const form_names[] = {"mean", "tri", "gram"};

const char *
upi_key_role_name(upi_key_role role)
{
    return role_names[role];
}

const char *
upi_form_name(upi_form form)
{
    return form_names[form];
}

int64_t
upi_robust_stride(const upi_robust *r)
{
    return r != NULL ? r->n_pairs * r->width : 0;
}

static up_status
add(upi_capsule_columns *c, const char *what, int64_t number, upi_capsule_column column,
    up_error *err)
{
    up_status status = UP_OK;
    UP_TRY(UP_RESERVE(&c->items, &c->capacity, c->n + 1, err));
    (void)snprintf(column.name, sizeof column.name, "%s_%" PRId64, what, number);
    column.type = column.number != NULL ? UPI_F64 : UPI_I64;
    c->items[c->n++] = column;
out:
    return status;
}

/* `stride` columns of doubles, if there are any. */
static up_status
add_numbers(
    upi_capsule_columns *c, const char *what, double *x, int64_t stride, up_error *err)
{
    up_status status = UP_OK;
    for (int64_t j = 0; x != NULL && j < stride; j++) {
        upi_capsule_column column = {.number = x, .stride = stride, .offset = j};
        UP_TRY(add(c, what, j, column, err));
    }
out:
    return status;
}

up_status
upi_capsule_list(const up_moments *m, upi_capsule_columns *out, up_error *err)
{
    up_status status = UP_OK;
    int64_t nv = m->nx + m->ny;
    upi_capsule_columns c = {0};
    for (int64_t k = 0; k < m->n_keys; k++) {
        upi_capsule_column column = {.code = m->code, .stride = m->n_keys, .offset = k};
        UP_TRY(add(&c, "key", k, column, err));
    }
    for (int64_t w = 0; w < m->ways; w++) {
        UP_TRY(add(&c, "cluster", w,
            (upi_capsule_column){.id = m->cluster[w], .stride = 1}, err));
    }
    UP_TRY(add(&c, "n", 0, (upi_capsule_column){.count = m->n, .stride = 1}, err));
    UP_TRY(add_numbers(&c, "mean", m->mean, nv, err));
    UP_TRY(add_numbers(&c, "m2", m->m2, nv * (nv + 1) / 2, err));
    UP_TRY(add_numbers(&c, "tri", m->tri, (nv + 1) * (nv + 2) / 2, err));
    if (m->robust != NULL) {
        UP_TRY(
            add_numbers(&c, "robust", m->robust->k, upi_robust_stride(m->robust), err));
    }
    *out = c;
    return UP_OK;
out:
    upi_capsule_columns_free(&c);
    return status;
}

void
upi_capsule_columns_free(upi_capsule_columns *c)
{
    upi_free(c->items);
    *c = (upi_capsule_columns){0};
}

uint64_t
upi_capsule_checksum(const up_moments *m)
{
    int64_t nv = m->nx + m->ny;
    uint64_t h = upi_hash_u64((uint64_t)m->n_groups);
    h = upi_hash_bytes(m->code, (size_t)(m->n_groups * m->n_keys) * sizeof *m->code, h);
    for (int64_t w = 0; w < m->ways; w++) {
        h = upi_hash_bytes(
            m->cluster[w], (size_t)m->n_groups * sizeof *m->cluster[w], h);
    }
    h = upi_hash_bytes(m->n, (size_t)m->n_groups * sizeof *m->n, h);
    const double *part[] = {
        m->mean, m->m2, m->tri, m->robust != NULL ? m->robust->k : NULL};
    const int64_t stride[] = {
        nv, nv * (nv + 1) / 2, (nv + 1) * (nv + 2) / 2, upi_robust_stride(m->robust)};
    for (int i = 0; i < 4; i++) {
        if (part[i] != NULL) {
            h = upi_hash_bytes(
                part[i], (size_t)(m->n_groups * stride[i]) * sizeof(double), h);
        }
    }
    return h;
}
