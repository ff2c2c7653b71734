/* Two ways from codes to groups. While the codes of all keys fit into 16 bits and there are
 * no clusters, the packed codes index an array. Otherwise the group table is probed by hash.
 * Which way is taken changes no result. */
#include "moments/locate.h"

#include "moments/sums.h"

#include <string.h>

enum { ROWS = UPI_BATCH_ROWS, DIRECT_BITS = 16, FAR = 24, NEAR = 12 };

up_status
upi_locator_make(const upi_shape *s, upi_locator *out, up_error *err)
{
    up_status status = UP_OK;
    upi_locator l = {.n_keys = s->n_keys, .hashed = s->ways > 0};
    UP_TRY(UP_NEW(&l.factor, s->n_keys, err));
    UP_TRY(UP_NEW(&l.bits, s->n_keys, err));
    UP_TRY(UP_NEW(&l.hash, ROWS, err));
    UP_TRY(UP_NEW(&l.packed, ROWS, err));
    UP_TRY(UP_NEW(&l.tuple, s->n_keys, err));
    for (int64_t k = 0; k < s->n_keys; k++) {
        l.factor[k] = upi_key_factor(k);
        l.bits[k] = 1;
    }
    *out = l;
    return UP_OK;
out:
    upi_locator_free(&l);
    return status;
}

void
upi_locator_free(upi_locator *l)
{
    upi_free(l->factor);
    upi_free(l->bits);
    upi_free(l->direct);
    upi_free(l->hash);
    upi_free(l->packed);
    upi_free(l->tuple);
    *l = (upi_locator){0};
}

void
upi_locator_clear(upi_locator *l)
{
    if (l->direct != NULL) {
        memset(l->direct, 0, (size_t)l->n_direct * sizeof *l->direct);
    }
}

static uint32_t
pack(const upi_locator *l, const int32_t *tuple)
{
    uint32_t packed = 0;
    int shift = 0;
    for (int64_t k = 0; k < l->n_keys; k++) {
        packed |= (uint32_t)tuple[k] << shift;
        shift += l->bits[k];
    }
    return packed;
}

/* Widens the packing when a code does not fit; groups that are there are placed anew. */
static up_status
widen(upi_locator *l, const upi_encoder *e, const upi_table *t, up_error *err)
{
    up_status status = UP_OK;
    int total = 0;
    bool wider = l->direct == NULL;
    for (int64_t k = 0; k < l->n_keys; k++) {
        const int32_t *code = e->code + k * ROWS;
        int32_t any = 0;
        for (int64_t i = 0; i < e->n; i++) {
            any |= code[i];
        }
        while (any >> l->bits[k] != 0) {
            l->bits[k]++;
            wider = true;
        }
        total += l->bits[k];
    }
    if (!wider) {
        return UP_OK;
    }
    upi_free(l->direct);
    l->direct = NULL;
    if (total > DIRECT_BITS) {
        l->hashed = true;
        return UP_OK;
    }
    UP_TRY(UP_NEW(&l->direct, INT64_C(1) << total, err));
    l->n_direct = INT64_C(1) << total;
    for (int64_t g = 0; g < t->n; g++) {
        l->direct[pack(l, upi_table_codes(t, g))] = (int32_t)g + 1;
    }
out:
    return status;
}

static upi_group_key
key_of(upi_locator *l, const upi_encoder *e, int64_t row, uint64_t hash)
{
    for (int64_t k = 0; k < l->n_keys; k++) {
        l->tuple[k] = e->code[k * ROWS + row];
    }
    upi_group_key key = {hash, l->tuple, {0, 0}};
    for (int64_t w = 0; w < e->plan->shape.ways; w++) {
        key.cluster[w] = e->cluster[w][row];
    }
    return key;
}

/* A group for row i, begun with its numbers. */
static up_status
add_group(upi_locator *l, const upi_encoder *e, upi_table *t, int64_t i, int32_t *at,
    up_error *err)
{
    up_status status = UP_OK;
    int64_t g = 0;
    upi_group_key key = key_of(l, e, i, l->hash[i]);
    if (!l->hashed) {
        key.hash = upi_group_hash(&t->shape, key.code, 0, 0);
    }
    UP_TRY(upi_table_add(t, &key, &g, err));
    if (t->shape.form != UPI_TRI) {
        upi_sums_start(&t->shape, upi_table_values(t, g), e->v + i * e->plan->shape.nv);
    }
    at[i] = (int32_t)g;
    if (!l->hashed) {
        l->direct[l->packed[i]] = at[i] + 1;
    }
out:
    return status;
}

static void
pack_rows(upi_locator *l, const upi_encoder *e)
{
    memset(l->packed, 0, (size_t)e->n * sizeof *l->packed);
    int shift = 0;
    for (int64_t k = 0; k < l->n_keys; k++) {
        const int32_t *code = e->code + k * ROWS;
        for (int64_t i = 0; i < e->n; i++) {
            l->packed[i] |= (uint32_t)code[i] << shift;
        }
        shift += l->bits[k];
    }
}

static up_status
locate_direct(
    upi_locator *l, const upi_encoder *e, upi_table *t, int32_t *at, up_error *err)
{
    up_status status = UP_OK;
    pack_rows(l, e);
    for (int64_t i = 0; i < e->n; i++) {
        at[i] = l->direct[l->packed[i]] - 1;
        UP_TRY(at[i] < 0 ? add_group(l, e, t, i, at, err) : UP_OK);
    }
out:
    return status;
}

static void
hash_rows(upi_locator *l, const upi_encoder *e)
{
    memset(l->hash, 0, (size_t)e->n * sizeof *l->hash);
    for (int64_t k = 0; k < l->n_keys; k++) {
        const int32_t *code = e->code + k * ROWS;
        for (int64_t i = 0; i < e->n; i++) {
            l->hash[i] += (uint64_t)(uint32_t)code[i] * l->factor[k];
        }
    }
    const upi_shape *s = &e->plan->shape;
    for (int64_t i = 0; i < e->n; i++) {
        l->hash[i] = upi_hash_clusters(l->hash[i], s,
            s->ways > 0 ? e->cluster[0][i] : 0, s->ways > 1 ? e->cluster[1][i] : 0);
    }
}

up_status
upi_locate(
    upi_locator *l, const upi_encoder *e, upi_table *t, int32_t *at, up_error *err)
{
    up_status status = UP_OK;
    if (!l->hashed) {
        UP_TRY(widen(l, e, t, err));
    }
    if (!l->hashed) {
        return locate_direct(l, e, t, at, err);
    }
    UP_TRY(upi_table_index(t, err));
    hash_rows(l, e);
    for (int64_t i = 0; i < e->n; i++) {
        if (i + FAR < e->n) {
            upi_table_prefetch_slot(t, l->hash[i + FAR]);
        }
        if (i + NEAR < e->n) {
            upi_table_prefetch_record(t, l->hash[i + NEAR]);
        }
        upi_group_key key = key_of(l, e, i, l->hash[i]);
        at[i] = (int32_t)upi_table_find(t, &key);
        UP_TRY(at[i] < 0 ? add_group(l, e, t, i, at, err) : UP_OK);
    }
out:
    return status;
}

/* Bits for the codes of all groups of a table that is complete. */
static void
fit_bits(upi_locator *l, const upi_table *t)
{
    for (int64_t g = 0; g < t->n; g++) {
        const int32_t *code = upi_table_codes(t, g);
        for (int64_t k = 0; k < l->n_keys; k++) {
            while (code[k] >> l->bits[k] != 0) {
                l->bits[k]++;
            }
        }
    }
}

up_status
upi_locate_only(upi_locator *l, const upi_encoder *e, const upi_table *t, int32_t *at,
    up_error *err)
{
    up_status status = UP_OK;
    if (!l->hashed && l->direct == NULL) {
        fit_bits(l, t);
    }
    if (!l->hashed) {
        UP_TRY(widen(l, e, t, err));
    }
    if (!l->hashed) {
        pack_rows(l, e);
        for (int64_t i = 0; i < e->n; i++) {
            at[i] = l->direct[l->packed[i]] - 1;
        }
        goto out;
    }
    hash_rows(l, e);
    for (int64_t i = 0; i < e->n; i++) {
        upi_group_key key = key_of(l, e, i, l->hash[i]);
        at[i] = (int32_t)upi_table_find(t, &key);
    }
out:
    return status;
}
