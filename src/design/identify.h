/* From the roles and a table of who was assigned what and received what: what is
 * identified. A pure function of counts; it sees no rows. */
#ifndef UPI_IDENTIFY_H
#define UPI_IDENTIFY_H

#include "base/base.h"

typedef enum upi_compliance {
    UPI_COMPLIANCE_FULL,
    UPI_COMPLIANCE_ONE_SIDED,
    UPI_COMPLIANCE_TWO_SIDED
} upi_compliance;
typedef enum upi_estimand {
    UPI_ESTIMAND_DEFAULT = 0,
    UPI_ITT,
    UPI_LATE,
    UPI_ATT,
    UPI_ATE
} upi_estimand;

/* Instrument levels x treatment levels, rows counted: count[z + d * n_instrument]. */
typedef struct upi_crosstab {
    int64_t n_instrument, n_treatment;
    int64_t control_instrument,
        control_treatment; /* index of the control level in each */
    const int64_t *count;
    bool same_column; /* treatment and instrument are one column: OLS */
    bool clustered;
    bool propensity_varies;
} upi_crosstab;

typedef struct upi_design {
    upi_compliance compliance;
    bool block; /* covariance: block (clusters) or diagonal */
    bool propensity_varies;
    bool iv; /* two-stage least squares is needed */
    upi_estimand
        estimand; /* the default one: ATE (= ITT) under full compliance, else LATE */
    char estimand_text[256]; /* in words, with the reason */
} upi_design;

/* UP_E_ARMS if fewer than two levels hold rows or the control does not. */
up_status upi_identify(const upi_crosstab *t, upi_design *out, up_error *err);
const char *upi_estimand_name(upi_estimand e); /* "itt", "late", "att", "ate" */
const char *upi_compliance_name(
    upi_compliance c); /* "full", "one-sided", "two-sided" */

/* Sample-ratio test: chi-square of counts against shares; exact binomial for two arms with
 * fewer than 1000 rows. Arms with share 0 do not count in the degrees of freedom, but rows in
 * them give p = 0. statistic and df may be NULL. (cases/experiments.md N11) */
double upi_srm_test(
    int64_t k, const double *count, const double *share, double *statistic, double *df);

#endif
