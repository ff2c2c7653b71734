/* Means of scores and the covariance of those means, by rows or clusters: what the value of a
 * policy and adaptive inference share. A score is affine in the outcome within a group. */
#ifndef UPI_SCORES_H
#define UPI_SCORES_H

#include "moments/moments.h"

/* n rows with the means of k scores and the centred sums of their products (k, k). */
typedef struct upi_score_sum {
    int64_t n, k;
    double *mean, *product;
} upi_score_sum;

up_status upi_score_sum_make(int64_t k, upi_score_sum *out, up_error *err);
void upi_score_sum_free(upi_score_sum *s);
/* Adds n rows of these means, with slope slope' times `within` inside (slope may be NULL). */
void upi_score_sum_add(upi_score_sum *s, int64_t n, const double *mean,
    const double *slope, double within);
/* Adds another sum (Chan, Golub & LeVeque 1983). */
void upi_score_sum_merge(upi_score_sum *s, const upi_score_sum *more);

/* Covariance (k, k) of the means: rows, or clusters where the moments have them, in which case
 * total (groups, k) holds the sums of the scores of each group (else it may be NULL).
 * *units gets the rows, or the smallest number of clusters. */
up_status upi_score_covariance(const upi_score_sum *s, const up_moments *m,
    const double *total, double *covariance, int64_t *units, up_error *err);

#endif
