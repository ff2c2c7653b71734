/* Conjugate updating, as plain linear algebra: it knows no models. And what a model keeps of
 * its posterior. */
#ifndef UPI_POSTERIOR_H
#define UPI_POSTERIOR_H

#include "fit/model.h"

#include <upshot/bayes.h>

/* Beliefs h_i'b ~ N(mean_i, variance_i), independent; flat in every other direction. */
typedef struct upi_beliefs {
    int64_t p, r;
    double *h;        /* (p, r) */
    double *mean;     /* (r) */
    double *variance; /* (r) above 0 */
} upi_beliefs;
void upi_beliefs_free(upi_beliefs *x);

/* What estimates with covariance v learn from beliefs. */
typedef struct upi_gain {
    int64_t p, r;
    double *k;    /* (p, r) v h (h'v h + S)^-1 */
    double *root; /* (r, r) upper: root'root = h'v h + S, rows and columns over unit */
    double *unit; /* (r) */
    double log_ratio; /* ln|h'v h| - ln|h'v h + S|; -inf when h'v h is singular */
} upi_gain;
/* UP_E_PRIOR when beliefs contradict one another beyond what doubles can tell apart. */
up_status upi_gain_make(
    int64_t p, const double *v, const upi_beliefs *x, upi_gain *out, up_error *err);
void upi_gain_free(upi_gain *g);
/* b += k (mean - h'b); distance (r) = the whitened mean - h'b, whose squares sum to the
 * quadratic form of the prior predictive. */
void upi_gain_mean(
    const upi_gain *g, const upi_beliefs *x, double *b, double *distance);
/* v = (I - k h') v (I - k h')' + k S k', in place; its first part to data (p, p). */
up_status upi_gain_covariance(
    const upi_gain *g, const upi_beliefs *x, double *v, double *data, up_error *err);

typedef struct upi_posterior {
    int64_t kind;         /* enum up_posterior */
    double df;            /* nig: of every combination; robust: NaN */
    double *log_evidence; /* (ny) */
    double **data;        /* robust with beliefs: [equation] (p, p), else NULL */
    int64_t n_equations;  /* length of data */
    double prior_p;
    char *prior; /* in words */
} upi_posterior;
void upi_posterior_free(upi_posterior *p);

#endif
