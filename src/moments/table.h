/* A growing table of groups: one record each, with its identity (hash, cluster ids, key
 * codes), its number of rows, and doubles. What the doubles mean is the business of sums.h
 * and triangle.h. */
#ifndef UPI_TABLE_H
#define UPI_TABLE_H

#include "moments/moments.h"

/* What every table of one build or merge has in common. */
typedef struct upi_shape {
    upi_form form;
    bool second; /* centred second moments are kept */
    int64_t n_keys, ways;
    int64_t nv;    /* continuous covariates, then components */
    int64_t pairs; /* nv (nv + 1) / 2 */
} upi_shape;

/* Doubles per group of a finished table:
 *   UPI_MEAN, UPI_GRAM  mean (nv), and where `second` centred second moments (pairs)
 *   UPI_TRI             mean (nv), total weight, weighted mean (nv), and the packed triangle
 *                       of the rows less the weighted mean (pairs)
 * and while a range is read:
 *   UPI_MEAN, UPI_GRAM  shift (nv), sums of v - shift (nv), sums of their products (pairs)
 *   UPI_TRI             as finished, but the triangle is a full square (nv nv) */
int64_t upi_shape_rest(const upi_shape *s);
int64_t upi_shape_live(const upi_shape *s);

/* Where a group stands: the lower half of its hash, and its place + 1; 0 = free. */
typedef struct upi_slot {
    uint32_t tag;
    int32_t group;
} upi_slot;

/* A record in memory: hash, cluster ids, rows, codes (rounded up to 8 bytes), doubles. It is
 * one piece because groups are met in random order: one or two cache lines instead of five. */
typedef struct upi_table {
    upi_shape shape;
    int64_t n_values;                    /* doubles per group */
    int64_t bytes;                       /* of a record */
    int64_t count_at, code_at, value_at; /* places inside a record */
    int64_t n, capacity;
    char *record;
    upi_slot *slot; /* (n_slots) open addressing; NULL until groups are looked up */
    int64_t n_slots;
    int shift;    /* hash >> shift is the first slot to look at */
    bool by_hash; /* groups stand in buckets by hash */
} upi_table;

static inline char *
upi_table_record(const upi_table *t, int64_t g)
{
    return t->record + g * t->bytes;
}
static inline void
upi_table_prefetch(const upi_table *t, int64_t g)
{
    const char *record = upi_table_record(t, g);
    __builtin_prefetch(record);
    __builtin_prefetch(record + t->bytes / 2);
    __builtin_prefetch(record + t->bytes - 1);
}
static inline uint64_t *
upi_table_hash(const upi_table *t, int64_t g)
{
    return (uint64_t *)(void *)upi_table_record(t, g);
}
static inline uint64_t *
upi_table_clusters(const upi_table *t, int64_t g)
{
    return upi_table_hash(t, g) + 1;
}
static inline int64_t *
upi_table_count(const upi_table *t, int64_t g)
{
    return (int64_t *)(void *)(upi_table_record(t, g) + t->count_at);
}
static inline int32_t *
upi_table_codes(const upi_table *t, int64_t g)
{
    return (int32_t *)(void *)(upi_table_record(t, g) + t->code_at);
}
static inline double *
upi_table_values(const upi_table *t, int64_t g)
{
    return (double *)(void *)(upi_table_record(t, g) + t->value_at);
}

/* The identity of a group. */
typedef struct upi_group_key {
    uint64_t hash;
    const int32_t *code;
    uint64_t cluster[2];
} upi_group_key;

/* Hash of a group from its codes and clusters: the same in every table. */
uint64_t upi_group_hash(
    const upi_shape *s, const int32_t *code, uint64_t cluster, uint64_t cluster2);
uint64_t upi_key_factor(int64_t key); /* codes enter times this */
uint64_t upi_hash_clusters(uint64_t codes, const upi_shape *s, uint64_t a, uint64_t b);

/* Room for `groups` groups; more are made as needed. */
up_status upi_table_make(const upi_shape *s, int64_t n_values, int64_t groups,
    upi_table **out, up_error *err);
void upi_table_free(upi_table *t);
void upi_table_clear(upi_table *t); /* keeps the memory */
/* Keeps the first n groups of a table without slots, and gives back the memory of the rest. */
void upi_table_shrink(upi_table *t, int64_t n);
/* Makes the slots, so that groups can be looked up. */
up_status upi_table_index(upi_table *t, up_error *err);
void upi_table_drop_index(upi_table *t);
/* The group's place in an indexed table, -1 if it is not there. */
int64_t upi_table_find(const upi_table *t, const upi_group_key *key);
/* Fetches what looking up a hash will need: first the slot, some calls later the record. */
void upi_table_prefetch_slot(const upi_table *t, uint64_t hash);
void upi_table_prefetch_record(const upi_table *t, uint64_t hash);
/* Adds a group that is not there, without rows; its doubles are not initialised. */
up_status upi_table_add(
    upi_table *t, const upi_group_key *key, int64_t *group, up_error *err);
/* The key of a group; the codes are borrowed from its record. */
upi_group_key upi_table_key(const upi_table *t, int64_t g);

/* The groups of a table in buckets by hash, order (n). */
up_status upi_table_by_hash(const upi_table *t, int32_t **order, up_error *err);
/* Puts group order[i] in place i, without a second copy. */
up_status upi_table_sort(upi_table *t, const int32_t *order, up_error *err);
/* Adds the groups of a finished table to another; the order of calls is the order of sums. */
up_status upi_table_absorb(upi_table *into, const upi_table *from, up_error *err);
/* The same for a table that is not needed afterwards: its memory goes as the other grows. */
up_status upi_table_consume(upi_table *into, upi_table *from, up_error *err);

#endif
