/* The hash table of groups. Every group carries its hash, which depends on codes and cluster
 * ids alone, so that a group moves from table to table without being hashed again. Equality
 * is decided by the codes and ids, never by the hash. */
#include "moments/table.h"

#include "moments/sums.h"
#include "moments/triangle.h"

#include <string.h>

enum {
    FARTHEST = 48,   /* groups ahead whose own record is fetched */
    FAR = 24,        /* whose slot */
    NEAR = 12,       /* whose place in the other table */
    BLOCKS = 1024,   /* of a table that is sorted in place */
    STEPS = 32,      /* in which memory is given back */
    LARGE = 1 << 20, /* groups of a table whose memory is worth giving back early */
    MANY = 4096,     /* groups from which on the order of access matters */
    BUCKET_BITS = 12
};

int64_t
upi_shape_rest(const upi_shape *s)
{
    if (s->form == UPI_TRI) {
        return 2 * s->nv + 1 + s->pairs;
    }
    return s->nv + (s->second ? s->pairs : 0);
}

int64_t
upi_shape_live(const upi_shape *s)
{
    if (s->form == UPI_TRI) {
        return 2 * s->nv + 1 + s->nv * s->nv;
    }
    return 2 * s->nv + (s->second ? s->pairs : 0);
}

uint64_t
upi_key_factor(int64_t key)
{
    return upi_hash_u64((uint64_t)key + 1) | 1;
}

uint64_t
upi_hash_clusters(uint64_t codes, const upi_shape *s, uint64_t a, uint64_t b)
{
    uint64_t h = codes;
    if (s->ways > 0) {
        h += upi_hash_u64(a + UINT64_C(0x632be59bd9b4e019));
    }
    if (s->ways > 1) {
        h = h * UINT64_C(0x9e3779b97f4a7c15) + upi_hash_u64(b);
    }
    return upi_hash_u64(h);
}

uint64_t
upi_group_hash(
    const upi_shape *s, const int32_t *code, uint64_t cluster, uint64_t cluster2)
{
    uint64_t h = 0;
    for (int64_t k = 0; k < s->n_keys; k++) {
        h += (uint64_t)(uint32_t)code[k] * upi_key_factor(k);
    }
    return upi_hash_clusters(h, s, cluster, cluster2);
}

/* The upper bits of the hash choose the slot, the lower ones are the tag: groups that are
 * taken in the order of their hashes walk through the slots from front to back. */
static uint64_t
first_slot(const upi_table *t, uint64_t hash)
{
    return hash >> t->shift;
}

static void
place(upi_table *t, int64_t group)
{
    uint64_t mask = (uint64_t)t->n_slots - 1;
    uint64_t hash = *upi_table_hash(t, group);
    uint64_t i = first_slot(t, hash);
    while (t->slot[i].group != 0) {
        i = (i + 1) & mask;
    }
    t->slot[i] = (upi_slot){(uint32_t)hash, (int32_t)group + 1};
}

void
upi_table_drop_index(upi_table *t)
{
    upi_free(t->slot);
    t->slot = NULL;
    t->n_slots = 0;
}

/* Slots for `groups` groups at a load of at most two thirds. */
static up_status
reserve_slots(upi_table *t, int64_t groups, up_error *err)
{
    up_status status = UP_OK;
    upi_slot *fresh = NULL;
    int64_t wanted = t->n_slots > 0 ? t->n_slots : 64;
    while (wanted * 2 < groups * 3) {
        wanted *= 2;
    }
    if (wanted == t->n_slots) {
        return UP_OK;
    }
    upi_table_drop_index(t); /* first: both together would be the peak of a build */
    UP_TRY(UP_NEW(&fresh, wanted, err));
    t->slot = fresh;
    t->n_slots = wanted;
    t->shift = 64;
    while (wanted > 1) {
        wanted /= 2;
        t->shift--;
    }
    for (int64_t g = 0; g < t->n; g++) {
        place(t, g);
    }
out:
    return status;
}

up_status
upi_table_index(upi_table *t, up_error *err)
{
    return t->slot != NULL ? UP_OK : reserve_slots(t, t->n + 1, err);
}

up_status
upi_table_make(const upi_shape *s, int64_t n_values, int64_t groups, upi_table **out,
    up_error *err)
{
    up_status status = UP_OK;
    upi_table *t = NULL;
    UP_TRY(UP_NEW(&t, 1, err));
    t->shape = *s;
    t->n_values = n_values;
    t->count_at = 8 * (1 + s->ways);
    t->code_at = t->count_at + 8;
    t->value_at = t->code_at + 8 * ((s->n_keys + 1) / 2);
    t->bytes = t->value_at + 8 * n_values;
    t->capacity = groups > 0 ? groups : 1;
    UP_TRY(UP_NEW(&t->record, t->capacity * t->bytes, err));
    *out = t;
    t = NULL;
out:
    upi_table_free(t);
    return status;
}

void
upi_table_free(upi_table *t)
{
    if (t != NULL) {
        upi_free(t->record);
        upi_free(t->slot);
        upi_free(t);
    }
}

void
upi_table_clear(upi_table *t)
{
    t->n = 0;
    t->by_hash = false;
    if (t->slot != NULL) {
        memset(t->slot, 0, (size_t)t->n_slots * sizeof *t->slot);
    }
}

void
upi_table_shrink(upi_table *t, int64_t n)
{
    t->n = n;
    char *less = upi_realloc(t->record, (n > 0 ? n : 1) * t->bytes, 1);
    if (less != NULL) {
        t->record = less;
        t->capacity = n > 0 ? n : 1;
    }
}

static bool
same_group(const upi_table *t, int64_t g, const upi_group_key *key)
{
    const uint64_t *id = upi_table_clusters(t, g);
    for (int64_t w = 0; w < t->shape.ways; w++) {
        if (id[w] != key->cluster[w]) {
            return false;
        }
    }
    const int32_t *code = upi_table_codes(t, g);
    for (int64_t k = 0; k < t->shape.n_keys; k++) {
        if (code[k] != key->code[k]) {
            return false;
        }
    }
    return true;
}

int64_t
upi_table_find(const upi_table *t, const upi_group_key *key)
{
    uint64_t mask = (uint64_t)t->n_slots - 1;
    uint64_t i = first_slot(t, key->hash);
    uint32_t tag = (uint32_t)key->hash;
    while (t->slot[i].group != 0) {
        int64_t g = t->slot[i].group - 1;
        if (t->slot[i].tag == tag && same_group(t, g, key)) {
            return g;
        }
        i = (i + 1) & mask;
    }
    return -1;
}

void
upi_table_prefetch_slot(const upi_table *t, uint64_t hash)
{
    __builtin_prefetch(&t->slot[first_slot(t, hash)]);
}

/* The record that the tag points to: as a rule, the one that will be compared. */
void
upi_table_prefetch_record(const upi_table *t, uint64_t hash)
{
    uint64_t mask = (uint64_t)t->n_slots - 1;
    uint32_t tag = (uint32_t)hash;
    for (uint64_t i = first_slot(t, hash); t->slot[i].group != 0; i = (i + 1) & mask) {
        if (t->slot[i].tag == tag) {
            upi_table_prefetch(t, t->slot[i].group - 1);
            break;
        }
    }
}

up_status
upi_table_add(upi_table *t, const upi_group_key *key, int64_t *group, up_error *err)
{
    up_status status = UP_OK;
    int64_t g = t->n;
    t->by_hash = false;
    if (g >= INT32_MAX - 1) {
        status =
            upi_fail(err, UP_E_ARGUMENT, NULL, "more than two thousand million groups");
        goto out;
    }
    if (g == t->capacity) {
        int64_t bytes = t->capacity * t->bytes;
        UP_TRY(UP_RESERVE(&t->record, &bytes, (g + g / 2 + 16) * t->bytes, err));
        t->capacity = bytes / t->bytes;
    }
    if (t->slot != NULL) {
        UP_TRY(reserve_slots(t, g + 1, err));
    }
    *upi_table_hash(t, g) = key->hash;
    memcpy(upi_table_clusters(t, g), key->cluster,
        (size_t)t->shape.ways * sizeof(uint64_t));
    *upi_table_count(t, g) = 0;
    memcpy(upi_table_codes(t, g), key->code, (size_t)t->shape.n_keys * sizeof(int32_t));
    t->n = g + 1;
    if (t->slot != NULL) {
        place(t, g);
    }
    *group = g;
out:
    return status;
}

upi_group_key
upi_table_key(const upi_table *t, int64_t g)
{
    upi_group_key key = {*upi_table_hash(t, g), upi_table_codes(t, g), {0, 0}};
    memcpy(key.cluster, upi_table_clusters(t, g),
        (size_t)t->shape.ways * sizeof(uint64_t));
    return key;
}

/* The groups of a large table in buckets by hash. Records of the other table were added in
 * this order too, a run at a time, so what a bucket touches there stays in the cache; in
 * order of arrival every group of a million clusters would be a miss. */
up_status
upi_table_by_hash(const upi_table *t, int32_t **order, up_error *err)
{
    up_status status = UP_OK;
    int32_t *made = NULL, *start = NULL;
    const int64_t buckets = INT64_C(1) << BUCKET_BITS;
    UP_TRY(UP_NEW(&start, buckets + 1, err));
    UP_TRY(UP_NEW(&made, t->n, err));
    for (int64_t g = 0; g < t->n; g++) {
        start[(*upi_table_hash(t, g) >> (64 - BUCKET_BITS)) + 1]++;
    }
    for (int64_t b = 0; b < buckets; b++) {
        start[b + 1] += start[b];
    }
    for (int64_t g = 0; g < t->n; g++) {
        made[start[*upi_table_hash(t, g) >> (64 - BUCKET_BITS)]++] = (int32_t)g;
    }
    *order = made;
    made = NULL;
out:
    upi_free(start);
    upi_free(made);
    return status;
}

static int64_t
nth(const int32_t *order, int64_t i)
{
    return order != NULL ? order[i] : i;
}

static void
fetch_ahead(
    const upi_table *into, const upi_table *from, const int32_t *order, int64_t i)
{
    if (order != NULL && i + FARTHEST < from->n) {
        upi_table_prefetch(from, order[i + FARTHEST]);
    }
    if (i + FAR < from->n) {
        upi_table_prefetch_slot(into, *upi_table_hash(from, nth(order, i + FAR)));
    }
    if (i + NEAR < from->n) {
        upi_table_prefetch_record(into, *upi_table_hash(from, nth(order, i + NEAR)));
    }
}

/* Adds group g of one table to the other. */
static up_status
absorb_group(
    upi_table *into, const upi_table *from, int64_t g, double *scratch, up_error *err)
{
    up_status status = UP_OK;
    const upi_shape *s = &into->shape;
    upi_group_key key = upi_table_key(from, g);
    const double *theirs = upi_table_values(from, g);
    int64_t more = *upi_table_count(from, g);
    int64_t at = upi_table_find(into, &key);
    if (at < 0) {
        UP_TRY(upi_table_add(into, &key, &at, err));
        memcpy(upi_table_values(into, at), theirs,
            (size_t)into->n_values * sizeof(double));
    } else if (s->form == UPI_TRI) {
        upi_triangle_merge(s->nv, *upi_table_count(into, at),
            upi_table_values(into, at), more, theirs, scratch);
    } else {
        upi_sums_merge(
            s, *upi_table_count(into, at), upi_table_values(into, at), more, theirs);
    }
    *upi_table_count(into, at) += more;
out:
    return status;
}

static void
swap_groups(upi_table *t, int32_t *place_of, int64_t a, int64_t b, char *spare)
{
    size_t bytes = (size_t)t->bytes;
    memcpy(spare, upi_table_record(t, a), bytes);
    memcpy(upi_table_record(t, a), upi_table_record(t, b), bytes);
    memcpy(upi_table_record(t, b), spare, bytes);
    int32_t swap = place_of[a];
    place_of[a] = place_of[b];
    place_of[b] = swap;
}

/* First to the right block, then to the right place in it: moved straight to its place, every
 * record would be a miss of all caches. */
up_status
upi_table_sort(upi_table *t, const int32_t *order, up_error *err)
{
    up_status status = UP_OK;
    char *spare = NULL;
    int32_t *place_of = NULL;
    int64_t *head = NULL;
    int bits = 8;
    while (t->n >> bits > BLOCKS) {
        bits++;
    }
    int64_t blocks = (t->n >> bits) + 1;
    UP_TRY(UP_NEW(&spare, t->bytes, err));
    UP_TRY(UP_NEW(&place_of, t->n, err));
    UP_TRY(UP_NEW(&head, blocks, err));
    for (int64_t i = 0; i < t->n; i++) {
        place_of[order[i]] = (int32_t)i;
    }
    for (int64_t b = 0; b < blocks; b++) {
        head[b] = b << bits;
    }
    for (int64_t b = 0; b < blocks; b++) {
        while (head[b] < (b + 1) << bits && head[b] < t->n) {
            int64_t g = head[b], own = place_of[g] >> bits, to = head[own]++;
            if (own != b) {
                swap_groups(t, place_of, g, to, spare);
                upi_table_prefetch(t, to + 1 < t->n ? to + 1 : to);
            }
        }
    }
    for (int64_t g = 0; g < t->n; g++) {
        while (place_of[g] != g) {
            swap_groups(t, place_of, g, place_of[g], spare);
        }
    }
out:
    upi_free(spare);
    upi_free(place_of);
    upi_free(head);
    return status;
}

/* Groups [begin, end) in an order, NULL = their own. */
static up_status
absorb_some(upi_table *into, const upi_table *from, const int32_t *order, int64_t begin,
    int64_t end, up_error *err)
{
    up_status status = UP_OK;
    double *scratch = NULL;
    bool many = from->n >= MANY;
    if (into->shape.form == UPI_TRI) {
        UP_TRY(UP_NEW(&scratch, upi_triangle_scratch(into->shape.nv), err));
    }
    UP_TRY(upi_table_index(into, err));
    for (int64_t i = begin; i < end; i++) {
        if (many) {
            fetch_ahead(into, from, order, i);
        }
        UP_TRY(absorb_group(into, from, nth(order, i), scratch, err));
    }
out:
    upi_free(scratch);
    return status;
}

up_status
upi_table_absorb(upi_table *into, const upi_table *from, up_error *err)
{
    up_status status = UP_OK;
    int32_t *order = NULL;
    if (from->n >= MANY && !from->by_hash) {
        UP_TRY(upi_table_by_hash(from, &order, err));
    }
    UP_TRY(absorb_some(into, from, order, 0, from->n, err));
out:
    upi_free(order);
    return status;
}

up_status
upi_table_consume(upi_table *into, upi_table *from, up_error *err)
{
    up_status status = UP_OK;
    int32_t *order = NULL;
    if (from->n < LARGE) {
        return upi_table_absorb(into, from, err);
    }
    upi_table_drop_index(from);
    UP_TRY(upi_table_by_hash(from, &order, err));
    UP_TRY(upi_table_sort(from, order, err));
    int64_t step = from->n / STEPS + 1;
    while (from->n > 0) {
        int64_t left = from->n > step ? from->n - step : 0;
        UP_TRY(absorb_some(into, from, NULL, left, from->n, err));
        upi_table_shrink(from, left);
    }
out:
    upi_free(order);
    return status;
}
