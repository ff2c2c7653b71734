/* Translates between the centred columns of fit/ and the plain columns of other programs. */
#include "fit_helper.h"

#include "up_test.h"

#include <math.h>
#include <string.h>

up_status
fit_fixture(csv_fixture *f, const up_linear_opts *opts, const char *const *interact,
    const up_run *run, up_model **out, up_error *err)
{
    up_status status = UP_OK;
    up_model *m = NULL;
    const upi_rows rows = {.visit = csv_moments_visit, .ctx = f};
    UP_TRY(upi_model_new(f->m, opts, &m, err));
    for (int64_t j = 0; j < m->n_base && interact != NULL; j++) {
        m->base[j].interacted = false;
        for (int64_t k = 0; interact[k] != NULL; k++) {
            if (strcmp(m->base[j].name, interact[k]) == 0) {
                m->base[j].interacted = true;
            }
        }
    }
    UP_TRY(upi_model_solve(m, &rows, run, err));
    *out = m;
    m = NULL;
out:
    up_model_free(m);
    return status;
}

up_model *
fit_new(csv_fixture *f, const up_linear_opts *opts, const char *const *interact)
{
    up_model *m = NULL;
    up_error err = UP_ERROR_INIT;
    assert_ok(fit_fixture(f, opts, interact, NULL, &m, &err), &err);
    return m;
}

/* A centred column is f - c: the plain coefficient of a column without numbers is its own minus
 * the centers times the coefficients of the numbers with the same indicator. */
void
fit_uncentred(const up_model *m, const upi_basis *b, const char *name, double *l)
{
    int64_t found = -1;
    memset(l, 0, (size_t)b->p * sizeof *l);
    for (int64_t j = 0; j < b->p; j++) {
        if (strcmp(b->name[j], name) == 0) {
            found = j;
        }
    }
    if (found < 0) {
        fail_msg("no column %s", name);
    }
    l[found] = 1;
    for (int64_t j = 0; j < b->p && b->term[found].base == 0; j++) {
        if (b->term[j].level == b->term[found].level) {
            l[j] -= m->base[b->term[j].base].center;
        }
    }
}

fit_value
fit_coefficient(const up_model *m, int64_t e, const char *name)
{
    const upi_basis *b = upi_model_basis(m, e);
    double *l = upi_calloc(b->p, sizeof *l);
    assert_non_null(l);
    fit_uncentred(m, b, name, l);
    fit_value v = {0, sqrt(upi_model_cov(m, e, l, e, l)), upi_model_df(m, e, l)};
    for (int64_t j = 0; j < b->p; j++) {
        v.value += l[j] * m->coef[e][j];
    }
    upi_free(l);
    return v;
}

double
fit_covariance(
    const up_model *m, int64_t e1, const char *name1, int64_t e2, const char *name2)
{
    double *l1 = upi_calloc(upi_model_basis(m, e1)->p, sizeof *l1);
    double *l2 = upi_calloc(upi_model_basis(m, e2)->p, sizeof *l2);
    assert_non_null(l1);
    assert_non_null(l2);
    fit_uncentred(m, upi_model_basis(m, e1), name1, l1);
    fit_uncentred(m, upi_model_basis(m, e2), name2, l2);
    double v = upi_model_cov(m, e1, l1, e2, l2);
    upi_free(l1);
    upi_free(l2);
    return v;
}
