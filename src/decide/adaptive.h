/* Adaptively collected data by batch, context and arm. */
#ifndef UPI_ADAPTIVE_H
#define UPI_ADAPTIVE_H

#include "decide/scores.h"

#include <upshot/adaptive.h>

/* With B batches, C contexts (combinations of the covariates) and K arms. */
typedef struct upi_batches {
    const up_moments *m;
    int64_t key, control; /* what was randomised; level of its control */
    int64_t n_batches, n_cells, n_arms;
    int64_t *cell;   /* (groups) */
    double *rows;    /* (B, C, K) rows by arm; the arm runs fastest */
    double *inverse; /* (B, C, K) mean of 1/e where the arm was played */
    double *batch;   /* (B) rows */
    double *weight;  /* (B, K) h: the weight of a row of the batch for the arm */
    double shared;   /* share of rows in whose context two arms or more are not known */
} upi_batches;

up_status upi_batches_make(const up_moments *m, upi_batches *out, up_error *err);
void upi_batches_clear(upi_batches *b);
/* Fills weight. */
up_status upi_batches_weigh(
    upi_batches *b, int64_t weights, double decay, up_error *err);

static inline int64_t
upi_batches_at(const upi_batches *b, int64_t batch, int64_t cell)
{
    return (batch * b->n_cells + cell) * b->n_arms;
}

#endif
