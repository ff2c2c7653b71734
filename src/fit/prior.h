/* Beliefs as people write them, and as combinations of the coefficients of a model. */
#ifndef UPI_PRIOR_H
#define UPI_PRIOR_H

#include "fit/posterior.h"

typedef enum upi_prior_unit {
    UPI_PRIOR_ABSOLUTE, /* the unit of the metric */
    UPI_PRIOR_RELATIVE, /* a fraction of the baseline */
    UPI_PRIOR_RESIDUAL  /* the scale in residual standard deviations */
} upi_prior_unit;

typedef struct upi_prior {
    char *target;       /* name of a coefficient, with *; NULL = an effect */
    char *arm;          /* of the effect; NULL = every arm */
    char *metric;       /* NULL = every metric */
    double mean, scale; /* relative: fractions */
    upi_prior_unit unit;
} upi_prior;

/* "TARGET ~ normal(MEAN, SCALE) [for METRIC]". UP_E_PRIOR with the place at fault. */
up_status upi_prior_parse(const char *text, upi_prior *out, up_error *err);
void upi_prior_free(upi_prior *p);

/* The beliefs as rows over the coefficients of all outcome equations, equation c from offset
 * c * m->x.p of p columns. one_for_all: rows of the first equation only, which hold for each.
 * UP_E_PRIOR when one names nothing, is stated twice, or has no scale. */
up_status upi_prior_rows(const up_model *m, const upi_prior *prior, int64_t n,
    int64_t p, bool one_for_all, upi_beliefs *out, up_error *err);

#endif
