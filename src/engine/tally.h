/* Counting the distinct values of a column, and the most common of them. */
#ifndef UPI_TALLY_H
#define UPI_TALLY_H

#include "base/base.h"
#include "engine/engine.h"

enum { UPI_TALLY_EXACT = 10000, UPI_TALLY_TEXT = 40 };

typedef struct upi_tally_entry {
    uint64_t hash; /* of the value; two values with one hash count as one */
    int64_t count;
    int64_t bits;  /* the value itself, of columns that are not text */
    uint32_t text; /* place of the value's text, cut to UPI_TALLY_TEXT bytes */
    uint32_t length;
} upi_tally_entry;

/* Up to UPI_TALLY_EXACT values are counted one by one; beyond that only a sketch is kept
 * (HyperLogLog, 4096 registers, standard error 1.6 %). */
typedef struct upi_tally {
    upi_type type;
    upi_tally_entry *entries; /* open addressing; hash 0 = free */
    int64_t n, slots;
    char *text;
    int64_t text_length, text_capacity;
    uint8_t *registers; /* set once there are too many values */
} upi_tally;

/* Rows [0, n) of a column; missing values are passed over. */
up_status upi_tally_add(upi_tally *t, const upi_column *c, int64_t n, up_error *err);
/* Adds what another tally has seen: the result does not depend on the order. */
up_status upi_tally_merge(upi_tally *t, const upi_tally *other, up_error *err);
/* What it holds in memory. */
int64_t upi_tally_bytes(const upi_tally *t);
int64_t upi_tally_distinct(const upi_tally *t);
/* "a, b, c": the most common first, equal counts by value; nothing after an overflow. */
up_status upi_tally_examples(
    const upi_tally *t, int64_t limit, upi_text *out, up_error *err);
/* All values where there are at most UPI_LEVELS, the most common first; else *n is 0. To be freed
 * also after a failure. */
up_status upi_tally_levels(
    const upi_tally *t, upi_level **out, int64_t *n, up_error *err);
void upi_tally_levels_free(upi_level *levels, int64_t n);
/* The hash of a value, never 0; 0 where it is missing. */
uint64_t upi_tally_hash(const upi_column *c, int64_t i);
void upi_tally_free(upi_tally *t);

#endif
