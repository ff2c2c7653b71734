/* Strength of the instrument: the Wald test, under the covariance of the model, that all columns of Z
 * with the instrument are 0 in the first stage of the first treatment level, divided by their
 * number. With one instrument and no interactions it is the square of its t. */
#include "fit/fit.h"
#include "num/matrix.h"

#include <math.h>

/* W / rank by the generalised inverse: with few clusters the covariance has not full rank.
 * v (k,k) is destroyed. A first stage without residuals (full compliance) gives infinity. */
static up_status
wald(int64_t k, double *v, const double *b, double *f, up_error *err)
{
    up_status status = UP_OK;
    double *values = NULL;
    double *unit = NULL;
    double w = 0;
    int64_t rank = 0;
    UP_TRY(UP_NEW(&values, k, err));
    UP_TRY(UP_NEW(&unit, k, err));
    for (int64_t i = 0; i < k; i++) {
        unit[i] = v[i + i * k] > 0 ? sqrt(v[i + i * k]) : 1;
    }
    for (int64_t j = 0; j < k; j++) {
        for (int64_t i = 0; i < k; i++) {
            v[i + j * k] /= unit[i] * unit[j];
        }
    }
    UP_TRY(upi_eigen_sym(k, v, k, values, err));
    for (int64_t j = 0; j < k; j++) {
        if (values[j] <= 1e-10 * values[k - 1]) {
            continue;
        }
        double c = 0;
        for (int64_t i = 0; i < k; i++) {
            c += v[i + j * k] * b[i] / unit[i];
        }
        w += c * c / values[j];
        rank++;
    }
    *f = rank > 0 && values[k - 1] > 1e-200 ? w / (double)rank : (double)INFINITY;
out:
    upi_free(values);
    upi_free(unit);
    return status;
}

up_status
upi_first_stage_test(up_model *m, up_error *err)
{
    up_status status = UP_OK;
    double *v = NULL;
    double *b = NULL;
    int64_t k = 0;
    int64_t p = m->z.p;
    m->first_stage_f = (double)NAN;
    if (!m->design.iv) {
        return UP_OK;
    }
    int64_t e = 2 * m->moments->ny;
    const double *block = upi_model_block(m, e, e);
    UP_TRY(UP_NEW(&v, p * p, err));
    UP_TRY(UP_NEW(&b, p, err));
    for (int64_t j = 0; j < p; j++) {
        if (m->z.term[j].level >= 0) {
            b[k++] = m->coef[e][j];
        }
    }
    int64_t to = 0;
    for (int64_t j = 0; j < p; j++) {
        for (int64_t i = 0; i < p && m->z.term[j].level >= 0; i++) {
            if (m->z.term[i].level >= 0) {
                v[to++] = block[i + j * p];
            }
        }
    }
    /* Residuals that are rounding alone do not make a covariance. */
    bool exact = m->cov->rss[e + e * m->n_equations] <= 1e-20 * (double)m->n_rows;
    if (exact) {
        m->first_stage_f = (double)INFINITY;
    } else {
        UP_TRY(wald(k, v, b, &m->first_stage_f, err));
    }
    if (m->first_stage_f < 10) {
        const char *name = m->moments->keys[m->inst_key].name;
        UP_TRY(upi_notes_add(&m->notes, UP_W_WEAK_INSTRUMENT, name, m->first_stage_f,
            10, err,
            "the first-stage F of '%s' is %.3g, below 10: the effect on compliers and "
            "its "
            "interval are unreliable",
            name, m->first_stage_f));
    }
out:
    upi_free(v);
    upi_free(b);
    return status;
}
