/* Triangular factors of groups with continuous covariates: rows are gathered in blocks. */
#ifndef UPI_TRIANGLE_H
#define UPI_TRIANGLE_H

#include "moments/table.h"

/* Rows of each group that wait to be factored together. */
typedef struct upi_blocks {
    int64_t nv, width; /* width = nv, plus 1 where rows are weighted */
    bool weighted;
    int64_t rows;     /* of a full block; halves when groups are many */
    int64_t n_groups; /* groups that have a block */
    int64_t capacity; /* groups there is room for at the smallest number of rows */
    double *buffer;   /* [group][row][width], the weight first */
    int32_t *fill;    /* rows in each block */
    int64_t fill_capacity;
    double *scratch;
} upi_blocks;

up_status upi_blocks_make(int64_t nv, bool weighted, upi_blocks *out, up_error *err);
void upi_blocks_free(upi_blocks *b);
void upi_blocks_reset(upi_blocks *b); /* forgets all rows */
/* Adds n rows of v (n, nv row-major) to the groups at[0..n) of a live table; weight (n) is
 * NULL where rows are not weighted. New groups are initialised. */
up_status upi_blocks_add(upi_blocks *b, upi_table *t, int64_t n, const int32_t *at,
    const double *v, const double *weight, up_error *err);
/* Factors what is left of a range; the blocks are empty then. */
void upi_blocks_close(upi_blocks *b, upi_table *t);

/* The record of a range in the layout of finished tables. */
void upi_triangle_close(int64_t nv, const double *live, double *rest);
/* (na, a) becomes the record of both groups' rows. */
void upi_triangle_merge(
    int64_t nv, int64_t na, double *a, int64_t nb, const double *b, double *scratch);
int64_t upi_triangle_scratch(int64_t nv); /* doubles */

#endif
