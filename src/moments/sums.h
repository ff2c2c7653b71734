/* Means and centred second moments of groups: rows added, ranges closed, tables merged. */
#ifndef UPI_SUMS_H
#define UPI_SUMS_H

#include "moments/table.h"

/* A new group begins with its first row as the shift. */
void upi_sums_start(const upi_shape *s, double *live, const double *v);
/* Adds n rows of v (n, nv row-major) to the groups at[0..n). */
void upi_sums_add(upi_table *t, int64_t n, const int32_t *at, const double *v);
/* The record of a range of n rows as mean and centred second moments. */
void upi_sums_close(const upi_shape *s, int64_t n, const double *live, double *rest);
/* (na, a) becomes the moments of both groups' rows (Chan, Golub and LeVeque). */
void upi_sums_merge(
    const upi_shape *s, int64_t na, double *a, int64_t nb, const double *b);

#endif
