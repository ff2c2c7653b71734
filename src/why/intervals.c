/* Estimates, standard errors and intervals of the rows.
 *
 *   delta        g'V g with the gradient g over the stacked parameters, t                    (5)
 *   Monte Carlo  quantiles over draws of the parameters from N(theta, V)                     (6)
 *   bootstrap    quantiles over systems fitted to blocks of rows (or clusters) drawn with
 *                replacement, from the Gram matrices of the blocks                           (7)
 *   proportion   indirect / total with Fieller's set                                         (8)
 *
 * A p-value is read off what gave the interval, so that the two agree: of quantiles it is twice the
 * share of draws on the far side of zero. Products of coefficients are skewed, which is why the
 * quantiles are offered. */
#include "base/pool.h"
#include "effect/relative.h"
#include "num/dist.h"
#include "num/matrix.h"
#include "num/rng.h"
#include "why/mediation.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* ---- values ---- */

static double
row_value(const upi_mechanism *h, const upi_mediated_row *row, const double *paths,
    double total, const double *theta)
{
    if (row->paths == NULL) {
        return (row->param >= 0 ? theta[row->param] : 0) -
               (row->other >= 0 ? theta[row->other] : 0);
    }
    double sum = row->total * total;
    for (int64_t i = 0; i < h->n_paths; i++) {
        sum += row->paths[i] * paths[i];
    }
    return sum;
}

static bool
is_estimated(const upi_mediated_row *row)
{
    return row->paths != NULL || row->param >= 0 || row->other >= 0;
}

/* The difference of two arms in the regression of the total effect. */
static double
total_effect(const upi_mechanism *h, int64_t arm, const double *theta)
{
    const int64_t *at = h->arm_param + (h->n + 1) * h->n_levels;
    int64_t own = at[h->arm[arm]];
    int64_t other = at[h->against];
    return (own >= 0 ? theta[own] : 0) - (other >= 0 ? theta[other] : 0);
}

/* ---- delta ---- */

typedef struct gradients {
    double complex *theta, *work, *value;
    double *path; /* (n_paths) */
    double *d;    /* (n_params, n_paths) */
} gradients;

static void
gradients_free(gradients *g)
{
    upi_free(g->theta);
    upi_free(g->work);
    upi_free(g->value);
    upi_free(g->path);
    upi_free(g->d);
}

static up_status
gradients_make(const upi_mechanism *h, gradients *g, up_error *err)
{
    up_status status = UP_OK;
    UP_TRY(UP_NEW(&g->theta, h->n_params, err));
    UP_TRY(UP_NEW(&g->work, h->n_chains, err));
    UP_TRY(UP_NEW(&g->value, h->n_paths, err));
    UP_TRY(UP_NEW(&g->path, h->n_paths, err));
    UP_TRY(UP_NEW(&g->d, h->n_params * h->n_paths, err));
out:
    return status;
}

/* Values and derivatives of the paths of an arm. */
static void
differentiate(const up_mediation *m, const double *theta, int64_t arm, gradients *g)
{
    const upi_mechanism *h = &m->h;
    const double step = 1e-30;
    for (int64_t i = 0; i < h->n_params; i++) {
        g->theta[i] = theta[i];
    }
    for (int64_t q = 0; q < h->n_params; q++) {
        g->theta[q] = CMPLX(theta[q], step);
        upi_path_values(h, m->opts.order, arm, g->theta, g->work, g->value);
        g->theta[q] = theta[q];
        for (int64_t i = 0; i < h->n_paths; i++) {
            g->d[q + i * h->n_params] = cimag(g->value[i]) / step;
        }
    }
    upi_path_values(h, m->opts.order, arm, g->theta, g->work, g->value);
    for (int64_t i = 0; i < h->n_paths; i++) {
        g->path[i] = creal(g->value[i]);
    }
}

static up_status
row_gradient(
    const upi_mechanism *h, upi_mediated_row *row, const double *d, up_error *err)
{
    up_status status = UP_OK;
    UP_TRY(UP_NEW(&row->gradient, h->n_params, err));
    if (row->paths == NULL) {
        row->gradient[row->param >= 0 ? row->param : row->other] +=
            row->param >= 0 ? 1 : -1;
        if (row->param >= 0 && row->other >= 0) {
            row->gradient[row->other] -= 1;
        }
        return UP_OK;
    }
    const int64_t *at = h->arm_param + (h->n + 1) * h->n_levels;
    int64_t own = at[h->arm[row->arm]];
    int64_t other = at[h->against];
    if (own >= 0) {
        row->gradient[own] += row->total;
    }
    if (other >= 0) {
        row->gradient[other] -= row->total;
    }
    for (int64_t i = 0; i < h->n_paths; i++) {
        for (int64_t q = 0; q < h->n_params && row->paths[i] != 0; q++) {
            row->gradient[q] += row->paths[i] * d[q + i * h->n_params];
        }
    }
out:
    return status;
}

/* What rounding alone leaves of a variance that is zero. */
static double
clean_variance(const up_mediation *m, const upi_mediated_row *row, double v)
{
    int64_t n = m->h.n_params;
    int64_t all = n * m->stack.n_systems;
    int64_t at = row->system * n;
    double scale = 0;
    for (int64_t q = 0; q < n; q++) {
        double g = row->gradient[q];
        scale += g * g * m->stack.cov[(at + q) * (all + 1)];
    }
    return v > 1e-13 * scale ? v : 0;
}

static double
covariance(const up_mediation *m, const upi_mediated_row *a, const upi_mediated_row *b)
{
    int64_t n = m->h.n_params;
    int64_t all = n * m->stack.n_systems;
    double sum = 0;
    for (int64_t j = 0; j < n; j++) {
        const double *column = m->stack.cov + a->system * n + (b->system * n + j) * all;
        if (b->gradient[j] != 0) {
            sum += b->gradient[j] * upi_dot(n, a->gradient, column);
        }
    }
    return sum;
}

double
up_mediation_covariance(const up_mediation *m, int64_t i, int64_t j)
{
    bool in = i >= 0 && j >= 0 && i < m->n_rows && j < m->n_rows;
    if (!in || m->rows[i].gradient == NULL || m->rows[j].gradient == NULL ||
        (m->overlap && m->rows[i].system != m->rows[j].system)) {
        return (double)NAN;
    }
    return covariance(m, &m->rows[i], &m->rows[j]);
}

static void
infer_delta(const up_mediation *m, upi_mediated_row *row)
{
    up_mediated *v = &row->value;
    double crit = upi_t_quantile(0.5 + m->opts.level / 2, v->df);
    v->std_error = sqrt(clean_variance(m, row, covariance(m, row, row)));
    v->p_value = v->std_error > 0 ? upi_t_two_sided(v->estimate / v->std_error, v->df)
                                  : (double)NAN;
    v->ci_low = v->estimate - crit * v->std_error;
    v->ci_high = v->estimate + crit * v->std_error;
}

/* The paths add up by algebra: nothing is left but rounding. */
static void
set_identity(up_mediated *v)
{
    v->estimate = v->std_error = v->ci_low = v->ci_high = 0;
    v->p_value = (double)NAN;
}

/* n - p of the largest equation, or clusters less one. */
static double
degrees_of_freedom(const up_mediation *m, const upi_system *s)
{
    int64_t p = 0;
    for (int64_t j = 0; j < m->h.n + 2; j++) {
        p = s->equation[j].p > p ? s->equation[j].p : p;
    }
    bool clustered = upi_vcov_clustered(m->h.model->opts.vcov);
    double df = clustered ? (double)(s->clusters - 1) : (double)(s->rows - p);
    return df > 1 ? df : 1;
}

static up_status
estimate_rows(up_mediation *m, up_error *err)
{
    up_status status = UP_OK;
    gradients g = {0};
    int64_t system = -1;
    int64_t arm = -1;
    UP_TRY(gradients_make(&m->h, &g, err));
    for (int64_t i = 0; i < m->n_rows; i++) {
        upi_mediated_row *row = &m->rows[i];
        const upi_system *s = &m->stack.system[row->system];
        if (!is_estimated(row)) {
            continue;
        }
        if (row->paths != NULL && (row->system != system || row->arm != arm)) {
            system = row->system;
            arm = row->arm;
            differentiate(m, s->theta, arm, &g);
        }
        double total = row->arm >= 0 ? total_effect(&m->h, row->arm, s->theta) : 0;
        row->value.df = degrees_of_freedom(m, s);
        row->value.estimate = row_value(&m->h, row, g.path, total, s->theta);
        row->value.share =
            row->paths != NULL ? row->value.estimate / total : (double)NAN;
        UP_TRY(row_gradient(&m->h, row, g.d, err));
        infer_delta(m, row);
        if (row->value.kind == UP_MEDIATE_MISFIT &&
            fabs(row->value.estimate) <= 1e-10 * fabs(total)) {
            set_identity(&row->value);
        }
    }
out:
    gradients_free(&g);
    return status;
}

/* ---- draws of the parameters ---- */

typedef struct draws {
    int64_t n, valid;
    double
        *theta; /* (n, n_params) row-major; a replicate that failed starts with NaN */
} draws;

static up_status
draw_normal(
    const up_mediation *m, int64_t system, uint64_t seed, draws *d, up_error *err)
{
    up_status status = UP_OK;
    int64_t n = m->h.n_params;
    int64_t all = n * m->stack.n_systems;
    const upi_system *s = &m->stack.system[system];
    double *root = NULL;
    double *z = NULL;
    UP_TRY(UP_NEW(&root, n * n, err));
    UP_TRY(UP_NEW(&z, n, err));
    upi_cholesky_semi(n, m->stack.cov + system * n * (all + 1), all, 1e-12, root, n);
    for (int64_t b = 0; b < d->n; b++) {
        upi_rng rng = upi_rng_make(
            seed, UPI_STREAM_MEDIATE_MONTE_CARLO, (uint64_t)b, (uint64_t)system);
        double *theta = d->theta + b * n;
        for (int64_t i = 0; i < n; i++) {
            z[i] = upi_rng_normal(&rng);
        }
        for (int64_t j = 0; j < n; j++) {
            theta[j] = s->theta[j] + upi_dot(j + 1, root + j * n, z);
        }
    }
out:
    upi_free(root);
    upi_free(z);
    return status;
}

/* ---- bootstrap ---- */

typedef struct resample {
    const up_mediation *m;
    int64_t system;
    uint64_t seed;
    draws *d;
} resample;

/* The equations of a system, with room for coefficients of its own. */
static up_status
copy_system(
    const upi_mechanism *h, const upi_system *from, upi_system *to, up_error *err)
{
    up_status status = UP_OK;
    int64_t n = h->n_columns;
    to->rows = from->rows;
    UP_TRY(UP_NEW(&to->r, n * n, err));
    UP_TRY(UP_NEW(&to->theta, h->n_params, err));
    UP_TRY(UP_NEW(&to->mean, n, err));
    memcpy(to->mean, from->mean, (size_t)n * sizeof *to->mean);
    UP_TRY(UP_NEW(&to->equation, from->n_equations, err));
    to->n_equations = from->n_equations;
    for (int64_t j = 0; j < from->n_equations; j++) {
        const upi_equation *a = &from->equation[j];
        upi_equation *b = &to->equation[j];
        b->response = a->response;
        b->p = a->p;
        b->first = a->first;
        b->n_params = a->n_params;
        UP_TRY(UP_NEW(&b->column, a->p, err));
        memcpy(b->column, a->column, (size_t)a->p * sizeof *a->column);
        UP_TRY(UP_NEW(&b->r, a->p * a->p, err));
        UP_TRY(UP_NEW(&b->coef, a->p, err));
        UP_TRY(UP_NEW(&b->z, a->p * a->n_params, err));
        UP_TRY(UP_NEW(&b->influence, a->p * a->n_params, err));
    }
out:
    return status;
}

/* Sum of the Grams of as many blocks as there are, drawn with replacement. */
static void
resampled_triangle(const resample *q, int64_t replicate, double *square, double *r)
{
    const upi_stack *s = &q->m->stack;
    int64_t n = q->m->h.n_columns;
    memset(square, 0, (size_t)(n * n) * sizeof *square);
    upi_rng rng =
        upi_rng_make(q->seed, UPI_STREAM_MEDIATE_BOOTSTRAP, (uint64_t)replicate, 0);
    for (int64_t i = 0; i < s->blocks.n_blocks; i++) {
        int64_t block = upi_rng_below(&rng, s->blocks.n_blocks);
        const double *from =
            s->blocks.gram + (block * s->n_systems + q->system) * s->blocks.packed;
        for (int64_t b = 0; b < n; b++) {
            for (int64_t a = 0; a <= b; a++) {
                square[a + b * n] += *from++;
            }
        }
    }
    upi_symmetrize(n, square, n);
    upi_cholesky_semi(n, square, n, 1e-13, r, n);
}

/* A replicate in which an arm or a mediator does not vary cannot be fitted; it is marked. */
static up_status
one_replicate(void *ctx, int64_t replicate, int worker, up_error *err)
{
    (void)worker;
    up_status status = UP_OK;
    const resample *q = ctx;
    const upi_mechanism *h = &q->m->h;
    upi_system own = {0};
    double *square = NULL;
    double *theta = q->d->theta + replicate * h->n_params;
    up_error fit = UP_ERROR_INIT;
    UP_TRY(UP_NEW(&square, h->n_columns * h->n_columns, err));
    UP_TRY(copy_system(h, &q->m->stack.system[q->system], &own, err));
    resampled_triangle(q, replicate, square, own.r);
    up_status fitted = upi_system_solve(h, &own, &fit);
    if (fitted == UP_E_NO_MEMORY) {
        *err = fit;
        status = fitted;
        goto out;
    }
    if (fitted == UP_OK) {
        memcpy(theta, own.theta, (size_t)h->n_params * sizeof *theta);
    } else {
        theta[0] = (double)NAN;
    }
out:
    upi_free(square);
    upi_system_free(&own);
    return status;
}

static up_status
draw_blocks(up_mediation *m, int64_t system, const up_run *run, draws *d, up_error *err)
{
    up_status status = UP_OK;
    int64_t n = m->h.n_params;
    resample q = {m, system, run != NULL ? run->seed : 0, d};
    UP_TRY(upi_pool_run(upi_pool_threads(run), d->n, one_replicate, &q, run, err));
    int64_t kept = 0;
    for (int64_t b = 0; b < d->n; b++) {
        if (isnan(d->theta[b * n])) {
            continue;
        }
        memmove(d->theta + kept * n, d->theta + b * n, (size_t)n * sizeof *d->theta);
        kept++;
    }
    if (kept < d->n - d->n / 20) {
        (void)upi_fail(err, UP_E_SINGULAR, "interval",
            "%lld of %lld bootstrap samples could not be fitted: too few rows or "
            "clusters in an "
            "arm",
            (long long)(d->n - kept), (long long)d->n);
        status = upi_fix(err, "ask for the delta or Monte Carlo interval");
        goto out;
    }
    d->valid = kept;
out:
    return status;
}

/* ---- quantiles ---- */

static int
compare_doubles(const void *a, const void *b)
{
    double x = *(const double *)a;
    double y = *(const double *)b;
    return (x > y) - (x < y);
}

static void
infer_quantiles(double level, int64_t n, double *x, up_mediated *v)
{
    qsort(x, (size_t)n, sizeof *x, compare_doubles);
    int64_t below = 0;
    int64_t above = 0;
    for (int64_t i = 0; i < n; i++) {
        below += x[i] <= 0 ? 1 : 0;
        above += x[i] >= 0 ? 1 : 0;
    }
    int64_t tail = (int64_t)floor((1 - level) / 2 * (double)n);
    int64_t less = below < above ? below : above;
    double p = 2 * (double)less / (double)n;
    v->ci_low = x[tail];
    v->ci_high = x[n - 1 - tail];
    v->p_value = p < 1 ? p : 1;
}

/* Paths of an arm at every draw: value[i * n + b]; the total effect as path n_paths. */
static void
draw_paths(
    const up_mediation *m, const draws *d, int64_t arm, gradients *g, double *value)
{
    const upi_mechanism *h = &m->h;
    for (int64_t b = 0; b < d->valid; b++) {
        const double *theta = d->theta + b * h->n_params;
        for (int64_t i = 0; i < h->n_params; i++) {
            g->theta[i] = theta[i];
        }
        upi_path_values(h, m->opts.order, arm, g->theta, g->work, g->value);
        for (int64_t i = 0; i < h->n_paths; i++) {
            value[i * d->n + b] = creal(g->value[i]);
        }
        value[h->n_paths * d->n + b] = total_effect(h, arm, theta);
    }
}

static void
row_draws(const up_mediation *m, const upi_mediated_row *row, const draws *d,
    const double *value, double *x)
{
    const upi_mechanism *h = &m->h;
    for (int64_t b = 0; b < d->valid; b++) {
        x[b] = row->paths != NULL
                   ? row->total * value[h->n_paths * d->n + b]
                   : row_value(h, row, NULL, 0, d->theta + b * h->n_params);
    }
    for (int64_t i = 0; row->paths != NULL && i < h->n_paths; i++) {
        for (int64_t b = 0; b < d->valid && row->paths[i] != 0; b++) {
            x[b] += row->paths[i] * value[i * d->n + b];
        }
    }
}

static up_status
infer_system(up_mediation *m, int64_t system, const draws *d, up_error *err)
{
    up_status status = UP_OK;
    gradients g = {0};
    double *value = NULL;
    double *x = NULL;
    int64_t arm = -1;
    UP_TRY(gradients_make(&m->h, &g, err));
    UP_TRY(UP_NEW(&value, (m->h.n_paths + 1) * d->n, err));
    UP_TRY(UP_NEW(&x, d->n, err));
    for (int64_t i = 0; i < m->n_rows; i++) {
        upi_mediated_row *row = &m->rows[i];
        if (row->system != system || !is_estimated(row) ||
            !(row->value.std_error > 0)) {
            continue;
        }
        if (row->paths != NULL && row->arm != arm) {
            arm = row->arm;
            draw_paths(m, d, arm, &g, value);
        }
        row_draws(m, row, d, value, x);
        infer_quantiles(m->opts.level, d->valid, x, &row->value);
    }
out:
    gradients_free(&g);
    upi_free(value);
    upi_free(x);
    return status;
}

static up_status
infer_draws(up_mediation *m, const up_run *run, up_error *err)
{
    up_status status = UP_OK;
    draws d = {.n = m->opts.draws, .valid = m->opts.draws};
    uint64_t seed = run != NULL ? run->seed : 0;
    UP_TRY(UP_NEW(&d.theta, d.n * m->h.n_params, err));
    for (int64_t k = 0; k < m->stack.n_systems; k++) {
        d.valid = d.n;
        UP_TRY(m->opts.interval == UP_MEDIATE_BOOTSTRAP
                   ? draw_blocks(m, k, run, &d, err)
                   : draw_normal(m, k, seed, &d, err));
        UP_TRY(infer_system(m, k, &d, err));
    }
out:
    upi_free(d.theta);
    return status;
}

/* ---- proportion ---- */

static const upi_mediated_row *
sibling(const up_mediation *m, const upi_mediated_row *row, int64_t kind)
{
    for (int64_t i = 0; i < m->n_rows; i++) {
        const upi_mediated_row *r = &m->rows[i];
        if (r->value.kind == kind && r->system == row->system && r->arm == row->arm) {
            return r;
        }
    }
    return NULL;
}

static void
infer_proportion(const up_mediation *m, upi_mediated_row *row)
{
    const upi_mediated_row *part = sibling(m, row, UP_MEDIATE_INDIRECT);
    const upi_mediated_row *total = sibling(m, row, UP_MEDIATE_TOTAL);
    up_mediated *v = &row->value;
    double df = total->value.df;
    upi_relative_in in = {.theta = part->value.estimate,
        .mu = total->value.estimate,
        .v = covariance(m, part, part),
        .vm = covariance(m, total, total),
        .c = covariance(m, part, total),
        .crit = upi_t_quantile(0.5 + m->opts.level / 2, df)};
    upi_relative_out fieller = {0};
    upi_relative_out delta = {0};
    upi_relative(UP_RELATIVE_FIELLER, &in, &fieller);
    upi_relative(UP_RELATIVE_DELTA, &in, &delta);
    v->estimate = fieller.value;
    v->std_error = delta.std_error;
    v->df = df;
    v->p_value = upi_t_two_sided(fieller.statistic, df);
    v->ci_low = fieller.low;
    v->ci_high = fieller.high;
    v->shape = fieller.shape;
}

up_status
upi_mediated_infer(up_mediation *m, const up_run *run, up_error *err)
{
    up_status status = UP_OK;
    UP_TRY(estimate_rows(m, err));
    for (int64_t i = 0; i < m->n_rows; i++) {
        if (m->rows[i].value.kind == UP_MEDIATE_PROPORTION) {
            infer_proportion(m, &m->rows[i]);
        }
    }
    if (m->opts.interval != UP_MEDIATE_DELTA) {
        UP_TRY(infer_draws(m, run, err));
    }
out:
    return status;
}
