/* Distinct texts, numbered in the order in which they come. */
#ifndef UPI_IDS_H
#define UPI_IDS_H

#include "base/base.h"

#include <stdbool.h>

typedef struct upi_ids {
    char *bytes; /* every text with a NUL behind it */
    int64_t n_bytes, bytes_capacity;
    int64_t *start; /* (n) */
    uint64_t *hash; /* (n) */
    int64_t n, capacity, hash_capacity;
    int64_t *slot; /* (n_slots) index + 1; 0 = free */
    int64_t n_slots;
} upi_ids;

/* The index of the text; *added says whether it is new. */
up_status upi_ids_put(
    upi_ids *ids, const char *s, int64_t n, int64_t *index, bool *added, up_error *err);
const char *upi_ids_text(const upi_ids *ids, int64_t i);
void upi_ids_clear(upi_ids *ids);

#endif
