/* Fitting a fixture, and reading the fit in the terms of other programs. */
#ifndef FIT_HELPER_H
#define FIT_HELPER_H

#include "csv_moments.h"
#include "fit/fit.h"

/* interact: the base functions to be multiplied by the arms, by name, ended with NULL; NULL =
 * as the options say. Rows for a second pass come from the fixture. */
up_status fit_fixture(csv_fixture *f, const up_linear_opts *opts,
    const char *const *interact, const up_run *run, up_model **out, up_error *err);
/* As above; the test fails unless the fit succeeds. */
up_model *fit_new(
    csv_fixture *f, const up_linear_opts *opts, const char *const *interact);

/* The combination of the columns of b that is the coefficient `name` of the same model with
 * numbers that are not centred; l (b->p). Fails the test when there is no such column. */
void fit_uncentred(const up_model *m, const upi_basis *b, const char *name, double *l);
/* Value, standard error and degrees of freedom of that coefficient in equation e. */
typedef struct fit_value {
    double value, std_error, df;
} fit_value;
fit_value fit_coefficient(const up_model *m, int64_t e, const char *name);
double fit_covariance(
    const up_model *m, int64_t e1, const char *name1, int64_t e2, const char *name2);

#endif
