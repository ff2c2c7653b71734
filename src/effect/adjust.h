/* What the adjustment of effects uses: the law of the largest of several statistics. */
#ifndef UPI_ADJUST_H
#define UPI_ADJUST_H

#include "base/base.h"

#include <upshot/effects.h>

/* 1 + 1/2 + ... + 1/m */
double upi_harmonic(int64_t m);

/* The distribution of max_i T_i (two-sided: |T_i|) for T multivariate t with df degrees of
 * freedom (infinite: normal) and a given correlation; also of the last n - first of them. */
typedef struct upi_maxima upi_maxima;
/* cov (n, n) is destroyed; its diagonal is above 0. With suffixes, the comparisons are in the
 * order of testing and probabilities of the last ones can be asked for. */
up_status upi_maxima_make(int64_t n, double *cov, double df, int64_t sides,
    bool suffixes, upi_maxima **out, up_error *err);
/* P(max_{i >= first} T_i >= c), decreasing in c. first is 0 unless made with suffixes. */
double upi_maxima_sf(const upi_maxima *m, int64_t first, double c);
/* The c with upi_maxima_sf(m, 0, c) = alpha. */
double upi_maxima_quantile(const upi_maxima *m, double alpha);
/* Standard error of upi_maxima_sf(m, 0, c). */
double upi_maxima_error(const upi_maxima *m, double c);
void upi_maxima_free(upi_maxima *m);

#endif
