/* Sums that keep their digits (Neumaier), and pairwise sums of arrays. */
#ifndef UPI_SUM_H
#define UPI_SUM_H

#include <stdint.h>

typedef struct upi_sum {
    double s, c;
} upi_sum;

void upi_sum_add(upi_sum *a, double x); /* Neumaier's two-term sum */
double upi_sum_value(const upi_sum *a);
double upi_sum_array(const double *x, int64_t n, int64_t stride); /* compensated */

#endif
