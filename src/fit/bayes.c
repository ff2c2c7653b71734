/* up_fit_bayes: a fitted model and beliefs about its coefficients become their posterior.
 *
 * robust  bhat ~ N(b, V), V the sandwich of all equations: one update of the stacked
 *         coefficients, so that equations without a belief learn through their covariance.
 * nig     b | s2 ~ N(m, s2 S): the same update with V = (X'WX)^-1 and variances in units of s2;
 *         a = shape + (n - p + r)/2, and the products of residuals and of the distances from the
 *         beliefs make the scale (several metrics: matrix normal-inverse-Wishart).
 *
 * Core reference 7.1 has the same as Ln = L0 + X'X; there a flat direction needs L0 = 0 and the
 * sum of squares a difference of large numbers, here neither. */
#include "base/opts.h"
#include "fit/fit.h"
#include "fit/prior.h"
#include "num/dist.h"
#include "num/matrix.h"

#include <math.h>
#include <string.h>

static const double surprising = 0.01;

/* ---- options ---- */

static up_status
read_options(const up_bayes_opts *theirs, up_bayes_opts *ours, up_linear_opts *linear,
    up_error *err)
{
    up_status status = UP_OK;
    UP_TRY(upi_opts_copy(ours, sizeof *ours, theirs, err));
    UP_TRY(upi_opts_copy(linear, sizeof *linear, ours->linear, err));
    linear->struct_size = sizeof *linear;
    if (ours->kind < UP_POSTERIOR_ROBUST || ours->kind > UP_POSTERIOR_NIG) {
        return upi_fail(err, UP_E_ARGUMENT, "kind", "kind is %lld, not 0 or 1",
            (long long)ours->kind);
    }
    if (ours->n_priors < 0 || (ours->n_priors > 0 && ours->priors == NULL)) {
        return upi_fail(err, UP_E_ARGUMENT, "priors",
            "the list is missing, or its length is negative");
    }
    bool nig = ours->kind == UP_POSTERIOR_NIG;
    if (!(ours->shape >= 0 && ours->rate >= 0) || !isfinite(ours->shape + ours->rate)) {
        return upi_fail(err, UP_E_ARGUMENT, "shape",
            "shape and rate are %g and %g, not numbers from 0 up", ours->shape,
            ours->rate);
    }
    if (!nig && ours->shape + ours->rate > 0) {
        (void)upi_fail(err, UP_E_ARGUMENT, "shape",
            "the robust posterior has no residual variance for shape and rate");
        return upi_fix(err, "ask for the nig posterior");
    }
    if (nig && linear->vcov != UP_VCOV_AUTO && linear->vcov != UP_VCOV_IID) {
        (void)upi_fail(err, UP_E_ARGUMENT, "vcov",
            "the nig posterior has one variance for all rows, not %s",
            upi_vcov_name(linear->vcov));
        return upi_fix(err, "leave vcov out, or ask for the robust posterior");
    }
    linear->vcov = nig ? UP_VCOV_IID : linear->vcov;
out:
    return status;
}

static up_status
check_nig_rows(const up_moments *m, up_error *err)
{
    if (m->ways == 0) {
        return UP_OK;
    }
    (void)upi_fail(err, UP_E_ARGUMENT, "kind",
        "the nig posterior takes rows as independent, but they belong to clusters");
    return upi_fix(err, "ask for the robust posterior");
}

static up_status
check_nig_design(const up_model *m, up_error *err)
{
    if (!m->design.iv) {
        return UP_OK;
    }
    (void)upi_fail(err, UP_E_ARGUMENT, "kind",
        "the nig posterior is of least squares, but units here did not all comply");
    return upi_fix(
        err, "ask for the robust posterior, or leave treated out for intent to treat");
}

/* ---- beliefs ---- */

typedef struct priors {
    upi_prior *item;
    int64_t n;
} priors;

static void
priors_free(priors *p)
{
    for (int64_t i = 0; p->item != NULL && i < p->n; i++) {
        upi_prior_free(&p->item[i]);
    }
    upi_free(p->item);
}

static up_status
read_priors(const up_bayes_opts *o, priors *out, up_error *err)
{
    up_status status = UP_OK;
    UP_TRY(UP_NEW(&out->item, o->n_priors, err));
    for (int64_t i = 0; i < o->n_priors; i++) {
        out->n = i + 1;
        UP_TRY(upi_prior_parse(o->priors[i], &out->item[i], err));
        upi_prior *p = &out->item[i];
        bool residual = p->unit == UPI_PRIOR_RESIDUAL;
        if (residual != (o->kind == UP_POSTERIOR_NIG)) {
            (void)upi_fail(err, UP_E_PRIOR, "prior", "%s",
                residual
                    ? "a scale in sd belongs to the nig posterior: the robust one has "
                      "no residual variance"
                    : "the nig posterior is conjugate only for scales in residual "
                      "standard deviations");
            return upi_fix(err, "%s",
                residual ? "write normal(0, 0.1), or normal(0, 5%) for an effect"
                         : "write normal(0, 0.1 sd), or ask for the robust posterior");
        }
    }
out:
    return status;
}

/* One prior covariance serves all metrics in the matrix-normal form. */
static up_status
check_nig_priors(const up_model *m, const priors *p, up_error *err)
{
    const up_experiment *x = m->moments->experiment;
    bool ratio = false;
    for (int64_t i = 0; i < x->n_metrics; i++) {
        ratio = ratio || x->metrics[i].kind == UPI_METRIC_RATIO;
    }
    for (int64_t i = 0; i < p->n; i++) {
        if (p->item[i].metric != NULL && m->moments->ny > 1) {
            (void)upi_fail(err, UP_E_PRIOR, "prior",
                "with several metrics the nig posterior has one prior for all of them, "
                "not one for '%s'",
                p->item[i].metric);
            return upi_fix(
                err, "analyse the metrics one by one, or ask for the robust posterior");
        }
        if (ratio && p->item[i].target == NULL) {
            (void)upi_fail(err, UP_E_PRIOR, "prior",
                "the effect on a ratio is no combination of coefficients, as the nig "
                "posterior needs");
            return upi_fix(err, "ask for the robust posterior");
        }
    }
    return UP_OK;
}

static up_status
prior_text(const up_bayes_opts *o, char **out, up_error *err)
{
    upi_text t = {0};
    for (int64_t i = 0; i < o->n_priors; i++) {
        upi_text_addf(&t, "%s%s", i > 0 ? "; " : "", o->priors[i]);
    }
    if (o->shape > 0 || o->rate > 0) {
        upi_text_addf(&t, "%sresidual variance ~ inverse-gamma(%g, %g)",
            o->n_priors > 0 ? "; " : "", o->shape, o->rate);
    }
    if (t.length == 0) {
        upi_text_add(&t, "flat");
    }
    return upi_text_take(&t, out, err);
}

/* ---- robust ---- */

static void
copy_blocks(up_model *m, const int64_t *offset, int64_t total, double *v, bool back)
{
    for (int64_t i = 0; i < m->n_equations * m->n_equations; i++) {
        int64_t a = i % m->n_equations;
        int64_t b = i / m->n_equations;
        int64_t pa = upi_model_basis(m, a)->p;
        int64_t pb = upi_model_basis(m, b)->p;
        double *block = m->cov->block[i];
        for (int64_t j = 0; j < pb; j++) {
            double *column = v + offset[a] + (offset[b] + j) * total;
            memcpy(back ? block + j * pa : column, back ? column : block + j * pa,
                (size_t)pa * sizeof *v);
        }
    }
}

static void
copy_coefficients(up_model *m, const int64_t *offset, double *b, bool back)
{
    for (int64_t e = 0; e < m->n_equations; e++) {
        size_t size = (size_t)upi_model_basis(m, e)->p * sizeof *b;
        memcpy(
            back ? m->coef[e] : b + offset[e], back ? b + offset[e] : m->coef[e], size);
    }
}

/* The part of each equation's covariance that comes from the data. */
static up_status
keep_data(up_model *m, const int64_t *offset, int64_t total, const double *data,
    up_error *err)
{
    up_status status = UP_OK;
    upi_posterior *q = m->posterior;
    UP_TRY(UP_NEW(&q->data, m->n_equations, err));
    q->n_equations = m->n_equations;
    for (int64_t e = 0; e < m->n_equations; e++) {
        int64_t p = upi_model_basis(m, e)->p;
        UP_TRY(UP_NEW(&q->data[e], p * p, err));
        for (int64_t j = 0; j < p; j++) {
            memcpy(q->data[e] + j * p, data + offset[e] + (offset[e] + j) * total,
                (size_t)p * sizeof *data);
        }
    }
out:
    return status;
}

/* The stacked coefficients of all equations, outcomes first. */
typedef struct stack {
    int64_t total;
    int64_t *offset; /* (n_equations) */
    double *b, *v, *data;
} stack;

static up_status
stack_make(up_model *m, stack *s, up_error *err)
{
    up_status status = UP_OK;
    UP_TRY(UP_NEW(&s->offset, m->n_equations, err));
    for (int64_t e = 0; e < m->n_equations; e++) {
        s->offset[e] = s->total;
        s->total += upi_model_basis(m, e)->p;
    }
    UP_TRY(UP_NEW(&s->b, s->total, err));
    UP_TRY(UP_NEW(&s->v, s->total * s->total, err));
    UP_TRY(UP_NEW(&s->data, s->total * s->total, err));
    copy_blocks(m, s->offset, s->total, s->v, false);
    copy_coefficients(m, s->offset, s->b, false);
out:
    return status;
}

static up_status
update_robust(up_model *m, const priors *given, up_error *err)
{
    up_status status = UP_OK;
    upi_beliefs x = {0};
    upi_gain gain = {0};
    stack s = {0};
    double *distance = NULL;
    UP_TRY(stack_make(m, &s, err));
    UP_TRY(upi_prior_rows(m, given->item, given->n, s.total, false, &x, err));
    UP_TRY(UP_NEW(&distance, x.r, err));
    UP_TRY(upi_gain_make(s.total, s.v, &x, &gain, err));
    upi_gain_mean(&gain, &x, s.b, distance);
    m->posterior->prior_p = upi_chisq_sf(upi_dot(x.r, distance, distance), (double)x.r);
    UP_TRY(upi_gain_covariance(&gain, &x, s.v, s.data, err));
    UP_TRY(keep_data(m, s.offset, s.total, s.data, err));
    copy_blocks(m, s.offset, s.total, s.v, true);
    copy_coefficients(m, s.offset, s.b, true);
out:
    upi_beliefs_free(&x);
    upi_gain_free(&gain);
    upi_free(s.offset);
    upi_free(s.b);
    upi_free(s.v);
    upi_free(s.data);
    upi_free(distance);
    return status;
}

/* ---- normal-inverse-gamma ---- */

/* ln p(y), where the prior is proper and the rows have no weights. */
static double
log_evidence(
    const up_model *m, const up_bayes_opts *o, const upi_gain *gain, double a, double b)
{
    const up_moments *mo = m->moments;
    bool weighted = mo->weight >= 0 || mo->row_weighted || m->share != NULL;
    if (weighted || gain->r != m->x.p || !isfinite(gain->log_ratio) ||
        !(o->shape > 0 && o->rate > 0)) {
        return (double)NAN;
    }
    double n = (double)m->n_rows;
    return -n / 2 * log(2 * 3.14159265358979323846) + gain->log_ratio / 2 +
           o->shape * log(o->rate) - a * log(b) + upi_ln_gamma(a) -
           upi_ln_gamma(o->shape);
}

/* Distances of all metrics from the beliefs, (r, ny), and the coefficients moved. */
static up_status
move_means(up_model *m, const upi_beliefs *x, const upi_gain *gain, double **distance,
    up_error *err)
{
    up_status status = UP_OK;
    int64_t ny = m->moments->ny;
    UP_TRY(UP_NEW(distance, x->r * ny, err));
    for (int64_t c = 0; c < ny; c++) {
        upi_gain_mean(gain, x, m->coef[c], *distance + c * x->r);
    }
out:
    return status;
}

static void
fill_nig(up_model *m, const up_bayes_opts *o, const upi_gain *gain, const double *v,
    const double *distance)
{
    int64_t ny = m->moments->ny;
    int64_t p = m->x.p;
    int64_t r = gain->r;
    double left = (double)(m->n_rows - p);
    double a = o->shape + (left + (double)r) / 2;
    upi_posterior *q = m->posterior;
    q->df = 2 * a;
    for (int64_t i = 0; i < ny * ny; i++) {
        int64_t c = i % ny;
        int64_t d = i / ny;
        double far = upi_dot(r, distance + c * r, distance + d * r);
        double b = (c == d ? o->rate : 0) + (m->cov->rss[i] + far) / 2;
        for (int64_t j = 0; j < p * p; j++) {
            m->cov->block[i][j] = b / a * v[j];
        }
        if (c == d) {
            double f = far / (double)r / (m->cov->rss[i] / left);
            double tail = r > 0 ? upi_f_sf(f, (double)r, left) : (double)NAN;
            q->prior_p = fmin(q->prior_p, tail);
            q->log_evidence[c] = log_evidence(m, o, gain, a, b);
        }
    }
}

static up_status
update_nig(up_model *m, const up_bayes_opts *o, const priors *given, up_error *err)
{
    up_status status = UP_OK;
    upi_beliefs x = {0};
    upi_gain gain = {0};
    double *v = NULL;
    double *distance = NULL;
    int64_t p = m->x.p;
    UP_TRY(check_nig_priors(m, given, err));
    UP_TRY(upi_prior_rows(m, given->item, given->n, p, true, &x, err));
    UP_TRY(UP_NEW(&v, p * p, err));
    memcpy(v, m->x.bread, (size_t)(p * p) * sizeof *v);
    UP_TRY(upi_gain_make(p, v, &x, &gain, err));
    UP_TRY(move_means(m, &x, &gain, &distance, err));
    UP_TRY(upi_gain_covariance(&gain, &x, v, NULL, err));
    fill_nig(m, o, &gain, v, distance);
out:
    upi_beliefs_free(&x);
    upi_gain_free(&gain);
    upi_free(v);
    upi_free(distance);
    return status;
}

/* ---- together ---- */

static up_status
note_conflict(up_model *m, up_error *err)
{
    double p = m->posterior->prior_p;
    if (!(p < surprising)) {
        return UP_OK;
    }
    return upi_notes_add(&m->notes, UP_W_PRIOR_CONFLICT, "prior", p, surprising, err,
        "Data this far from the prior would be seen with probability %.2g if the prior "
        "were "
        "right: the posterior is a compromise between two that disagree.",
        p);
}

static up_status
make_posterior(up_model *m, const up_bayes_opts *o, const priors *given, up_error *err)
{
    up_status status = UP_OK;
    int64_t ny = m->moments->ny;
    bool nig = o->kind == UP_POSTERIOR_NIG;
    UP_TRY(nig ? check_nig_design(m, err) : UP_OK);
    UP_TRY(UP_NEW(&m->posterior, 1, err));
    m->posterior->kind = o->kind;
    m->posterior->prior_p = (double)NAN;
    m->posterior->df = (double)NAN;
    UP_TRY(UP_NEW(&m->posterior->log_evidence, ny, err));
    for (int64_t c = 0; c < ny; c++) {
        m->posterior->log_evidence[c] = (double)NAN;
    }
    UP_TRY(prior_text(o, &m->posterior->prior, err));
    if (nig && (given->n > 0 || o->shape > 0 || o->rate > 0)) {
        UP_TRY(update_nig(m, o, given, err));
    } else if (given->n > 0) {
        UP_TRY(update_robust(m, given, err));
    }
    UP_TRY(note_conflict(m, err));
out:
    return status;
}

up_status
up_fit_bayes(up_moments *moments, const up_bayes_opts *opts, const up_run *run,
    up_model **out, up_error *err)
{
    UP_GUARD(err);
    up_status status = UP_OK;
    up_model *m = NULL;
    up_bayes_opts o = {0};
    up_linear_opts linear = {0};
    priors given = {0};
    if (moments == NULL || out == NULL) {
        return upi_fail(err, UP_E_ARGUMENT, moments == NULL ? "moments" : "out",
            "an argument that is required is NULL");
    }
    UP_TRY(read_options(opts, &o, &linear, err));
    UP_TRY(read_priors(&o, &given, err));
    if (o.kind == UP_POSTERIOR_NIG) {
        UP_TRY(check_nig_rows(moments, err));
    }
    UP_TRY(up_fit_linear(moments, &linear, run, &m, err));
    UP_TRY(make_posterior(m, &o, &given, err));
    *out = m;
    m = NULL;
out:
    up_model_free(m);
    priors_free(&given);
    return status;
}

const char *
up_model_posterior(const up_model *m)
{
    if (m->posterior == NULL) {
        return "";
    }
    return m->posterior->kind == UP_POSTERIOR_NIG ? "nig" : "robust";
}

const char *
up_model_prior(const up_model *m)
{
    return m->posterior != NULL ? m->posterior->prior : "";
}

double
up_model_log_evidence(const up_model *m, int64_t component)
{
    bool known = m->posterior != NULL && component >= 0 && component < m->moments->ny;
    return known ? m->posterior->log_evidence[component] : (double)NAN;
}

double
up_model_prior_p(const up_model *m)
{
    return m->posterior != NULL ? m->posterior->prior_p : (double)NAN;
}
