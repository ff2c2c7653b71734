/* From the codes of a row to its group in a worker's table. */
#ifndef UPI_LOCATE_H
#define UPI_LOCATE_H

#include "moments/encode.h"

typedef struct upi_locator {
    int64_t n_keys;
    uint64_t *factor; /* (n_keys) */
    int *bits;        /* (n_keys) bits that hold the codes met so far */
    int32_t *direct;  /* group + 1 by packed codes; NULL where the table is hashed */
    int64_t n_direct;
    uint64_t *hash;   /* (UPI_BATCH_ROWS) */
    uint32_t *packed; /* (UPI_BATCH_ROWS) */
    int32_t *tuple;   /* (n_keys) */
    bool hashed;
} upi_locator;

up_status upi_locator_make(const upi_shape *s, upi_locator *out, up_error *err);
void upi_locator_free(upi_locator *l);
/* A new range: the table was cleared. */
void upi_locator_clear(upi_locator *l);
/* Group of each of the encoder's rows. New groups are added, and begun with their first row
 * where the form has sums. */
up_status upi_locate(
    upi_locator *l, const upi_encoder *e, upi_table *t, int32_t *at, up_error *err);
/* Group of each row in a table that is complete; -1 where it is not there. */
up_status upi_locate_only(upi_locator *l, const upi_encoder *e, const upi_table *t,
    int32_t *at, up_error *err);

#endif
