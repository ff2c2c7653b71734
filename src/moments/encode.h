/* A batch of columns as codes, numbers and ids of the rows that count. */
#ifndef UPI_ENCODE_H
#define UPI_ENCODE_H

#include "moments/levels.h"

/* Values of weight or propensity that are not allowed. */
typedef struct upi_odd {
    int64_t n;
    double low, high;
} upi_odd;

enum { UPI_ARM_CODES = UPI_MAX_ARMS + 1 }; /* 0 = the arm is missing */

/* One worker's view of the rows. After a batch the first n places hold the rows that are not
 * left out, in order. */
typedef struct upi_encoder {
    const upi_plan *plan;
    upi_levels *levels;
    upi_dict *cache; /* (n_keys) */
    int64_t n;
    int32_t *code;  /* [key][UPI_BATCH_ROWS] */
    double *v;      /* (n, nv) row-major */
    double *weight; /* row weights; NULL where rows are not weighted */
    uint64_t *cluster[2];
    uint64_t *unit; /* hash of the unit; NULL without the role */
    int32_t *row;   /* place in the batch of each row that is left */
    uint8_t *bad;   /* per row of the batch: it is left out */
    bool any_bad;
    int64_t n_read;
    int64_t *missing, *infinite; /* [counted][UPI_ARM_CODES] */
    upi_odd odd[2];
} upi_encoder;

up_status upi_encoder_make(
    const upi_plan *p, upi_levels *l, upi_encoder **out, up_error *err);
void upi_encoder_free(upi_encoder *e);
up_status upi_encoder_take(upi_encoder *e, const upi_batch *batch, up_error *err);

/* The id of a cluster: the integer, or a hash of the text. */
uint64_t upi_cluster_id(const upi_column *c, int64_t row);

#endif
