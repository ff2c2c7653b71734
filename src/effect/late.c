/* Averages weighted by compliance: the effect on compliers.
 *
 * With C_i the first-stage effect of the assignment on the treatment, linear in u = (1, x)
 * within a cell, the effect on compliers is  LATE = sum_i v_i C_i tau_i / sum_i v_i C_i,
 * tau_i = (M(1)_i - M(0)_i)'b of the interacted two-stage model. It is the same delta vector
 * with other averages; its gradient has a part in the coefficients of the first stage,
 *
 *   d LATE / d pi_j = sum_i v_i f_ij (tau_i - LATE) / sum v C,
 *
 * and the influence of a row on the average is v_i C_i (tau_i - LATE) / sum v C. Additive
 * models have one effect for all and need none of this. methods/core.md section 6.
 * Trap: with continuous covariates C tau is quadratic; its mean is exact from the second
 * moments of x in the cell, and only its spread within the cell is linearised. */
#include "effect/effect.h"
#include "num/matrix.h"

#include <math.h>
#include <string.h>

/* Below this share of compliers the ratio of two effects is not an estimate of anything. */
static const double least_compliance = 0.01;

static int64_t
first_stage(const up_model *m, int64_t level)
{
    return 2 * m->moments->ny + (level < m->treat_control ? level : level - 1);
}

/* The weight of instrument level z in the compliance with treatment level `level`: the arm of
 * the same label, or by its share of rows when no label is the same. */
static double
instrument_share(const up_effects *e, int64_t level, int64_t z)
{
    const up_model *m = e->model;
    const double *rows = e->cells->arm_rows;
    const upi_key *treat = &m->moments->keys[m->treat_key];
    const upi_key *inst = &m->moments->keys[m->inst_key];
    double share = 0;
    for (int64_t l = 0; l < inst->n_levels; l++) {
        if (l != m->inst_control && strcmp(inst->label[l], treat->label[level]) == 0) {
            return l == z ? 1 : 0;
        }
    }
    for (int64_t l = 0; l < inst->n_levels; l++) {
        share += l == m->inst_control ? 0 : rows[l];
    }
    return z == m->inst_control ? 0 : rows[z] / share;
}

bool
upi_model_varies(const up_model *m, int64_t level)
{
    for (int64_t j = 0; j < m->x.p; j++) {
        if (m->x.term[j].level == level &&
            m->base[m->x.term[j].base].kind != UPI_BASE_ONE) {
            return true;
        }
    }
    return false;
}

up_status
upi_compliance_need(up_effects *e, int64_t level, up_error *err)
{
    up_status status = UP_OK;
    const up_model *m = e->model;
    int64_t width = e->cells->width;
    int64_t equation = first_stage(m, level);
    double *c = NULL;
    if (e->compliance[level] != NULL) {
        return UP_OK;
    }
    UP_TRY(upi_predictions_need(e, equation, err));
    UP_TRY(UP_NEW(&c, e->cells->n * width, err));
    for (int64_t z = 0; z < m->moments->keys[m->inst_key].n_levels; z++) {
        double share = instrument_share(e, level, z);
        const upi_prediction *f = upi_prediction_of(e, equation, z);
        for (int64_t q = 0; q < e->cells->n && share != 0 && f->cell != NULL; q++) {
            c[q * width] += share * f->cell[q];
            for (int64_t k = 1; k < width; k++) {
                c[q * width + k] += share * f->x[k - 1];
            }
        }
    }
    e->compliance[level] = c;
out:
    return status;
}

/* Compliance at the mean of x in a cell. */
static double
mean_compliance(const up_effects *e, int64_t level, int64_t cell)
{
    int64_t width = e->cells->width;
    const double *s = e->cells->s + cell * width;
    return upi_dot(width, s, upi_cell_compliance(e, level, cell)) / s[0];
}

up_status
upi_compliance_check(
    up_effects *e, const int64_t *level, int64_t n, double *least, up_error *err)
{
    up_status status = UP_OK;
    const up_model *m = e->model;
    *least = (double)NAN;
    for (int64_t i = 0; i < n; i++) {
        if (level[i] == m->treat_control) {
            continue;
        }
        UP_TRY(upi_compliance_need(e, level[i], err));
        for (int64_t q = 0; q < e->cells->n; q++) {
            bool asked = false;
            for (int64_t k = 0; k < e->n_sets && !asked; k++) {
                asked = upi_subset_has(&e->sets[k], q);
            }
            if (asked && e->cells->s[q * e->cells->width] > 0) {
                *least = fmin(*least, mean_compliance(e, level[i], q));
            }
        }
    }
    if (*least < least_compliance) {
        (void)upi_fail(err, UP_E_ESTIMAND, "estimand",
            "the effect on everyone is not identified: in some cell of the covariates "
            "the "
            "assignment moves the treatment by %.3g only",
            *least);
        (void)upi_fix(err, "ask for estimand late, or for segments where units comply");
        status = UP_E_ESTIMAND;
    }
out:
    return status;
}

up_status
upi_late_check(
    const up_effects *e, const upi_average *a, double population, up_error *err)
{
    double compliers = a->total / population;
    if (compliers >= least_compliance) {
        return UP_OK;
    }
    const char *segment = e->sets[a->set].segment;
    (void)upi_fail(err, UP_E_ESTIMAND, "estimand",
        "the effect on compliers is not identified%s%s: their share is %.3g",
        segment[0] != '\0' ? " in " : "", segment, compliers);
    (void)upi_fix(err, "ask for estimand itt, the effect of the assignment");
    return UP_E_ESTIMAND;
}

void
upi_sum_by_base(const upi_population *p, const double *phi, double *by_base)
{
    int64_t width = p->width;
    memset(by_base, 0, (size_t)p->model->n_base * sizeof *by_base);
    for (int64_t q = 0; q < p->n; q++) {
        const double *f = phi + q * width;
        double sum = upi_dot(width, p->s + q * width, f);
        for (int64_t i = p->base_start[q]; i < p->base_start[q + 1]; i++) {
            by_base[p->base[i]] += p->value[i] * sum;
        }
        for (int64_t k = 1; k < width; k++) {
            if (p->x_base[k - 1] >= 0) {
                by_base[p->x_base[k - 1]] +=
                    upi_dot(width, p->f + (q * width + k) * width, f);
            }
        }
    }
}

void
upi_late_gradient(
    const up_effects *e, const upi_average *a, const double *phi, upi_gradient *g)
{
    const up_model *m = e->model;
    double *l = upi_gradient_slot(e, g, first_stage(m, a->comply));
    upi_sum_by_base(e->cells, phi, g->by_base);
    for (int64_t j = 0; j < m->z.p; j++) {
        int64_t z = m->z.term[j].level;
        double share = z < 0 ? 0 : instrument_share(e, a->comply, z);
        l[j] += share * g->by_base[m->z.term[j].base] / a->total;
    }
}

void
upi_late_weigh(const up_effects *e, const upi_average *a, double *phi)
{
    const upi_population *p = e->cells;
    const upi_subset *set = &e->sets[a->set];
    int64_t width = p->width;
    for (int64_t q = 0; q < p->n; q++) {
        double *f = phi + q * width;
        const double *s = p->s + q * width;
        const double *c = upi_cell_compliance(e, a->comply, q);
        if (!upi_subset_has(set, q) || s[0] == 0) {
            continue;
        }
        if (width == 1) {
            f[0] *= c[0];
            continue;
        }
        double mean = 0;
        for (int64_t k = 0; k < width; k++) {
            mean += f[k] * upi_dot(width, p->f + (q * width + k) * width, c) / s[0];
        }
        double c_mean = upi_dot(width, c, s) / s[0];
        double f_mean = upi_dot(width, f, s) / s[0];
        for (int64_t k = 1; k < width; k++) {
            f[k] = c_mean * f[k] + f_mean * c[k];
            mean -= f[k] * s[k] / s[0];
        }
        f[0] = mean;
    }
}
