/* Weights that move the means of an experiment to those of a target.
 *
 * Balancing: weights exp(lambda'c) minimise the entropy sum w ln w under sum w c / sum w = t
 * (Hainmueller 2012). lambda minimises the convex dual  ln(sum v exp(lambda'c)) - lambda't,
 * whose gradient is the distance of the means and whose Hessian is the weighted covariance of
 * c, by Newton's method with a line search. Margins of categorical covariates are the case of
 * indicators: the fixed point of iterative proportional fitting (raking).
 *
 * Odds: P(target | c) = 1/(1 + exp(-lambda'c)) by logistic regression of the records of the
 * target (1) against the rows of the experiment (0); a row has the weight P/(1-P).
 *
 * Trap: where no weights give t, the dual has no minimum and lambda runs away; that is an
 * error with the numbers, not a slow convergence. */
#include "effect/target.h"
#include "num/matrix.h"

#include <math.h>
#include <string.h>

enum { MOST_STEPS = 100, MOST_HALVINGS = 40 };

/* Distances of means, in standard deviations: what is wanted, and what is good enough when
 * rounding stops the search. */
static const double wanted = 1e-13;
static const double enough = 1e-9;

/* ---- small matrices ---- */

static up_status
scaled_eigen(
    int64_t n, const double *h, double *v, double *value, double *scale, up_error *err)
{
    for (int64_t i = 0; i < n; i++) {
        scale[i] = h[i + i * n] > 0 ? 1 / sqrt(h[i + i * n]) : 0;
    }
    for (int64_t i = 0; i < n * n; i++) {
        v[i] = h[i] * scale[i % n] * scale[i / n];
    }
    return upi_eigen_sym(n, v, n, value, err);
}

up_status
upi_pseudo_inverse(int64_t n, const double *h, double *out, up_error *err)
{
    up_status status = UP_OK;
    double *v = NULL;
    double *value = NULL; /* eigenvalues, then scales */
    UP_TRY(UP_NEW(&v, n * n, err));
    UP_TRY(UP_NEW(&value, 2 * n, err));
    double *scale = value + n;
    UP_TRY(scaled_eigen(n, h, v, value, scale, err));
    memset(out, 0, (size_t)(n * n) * sizeof *out);
    for (int64_t k = 0; k < n; k++) {
        if (value[k] <= 1e-12 * value[n - 1] || value[k] <= 0) {
            continue;
        }
        for (int64_t i = 0; i < n * n; i++) {
            out[i] += v[i % n + k * n] * v[i / n + k * n] / value[k];
        }
    }
    for (int64_t i = 0; i < n * n; i++) {
        out[i] *= scale[i % n] * scale[i / n];
    }
out:
    upi_free(v);
    upi_free(value);
    return status;
}

/* ---- sums over cells ---- */

double
upi_target_linear(
    const upi_target *t, const upi_population *p, int64_t cell, const double *slope)
{
    double sum = 0;
    for (int64_t i = p->base_start[cell]; i < p->base_start[cell + 1]; i++) {
        int64_t j = t->column[p->base[i]];
        sum += j >= 0 ? slope[j] * p->value[i] : 0;
    }
    return sum;
}

/* The constraint of continuous covariate k, -1 = none. */
static int64_t
x_column(const upi_target *t, const upi_population *p, int64_t k)
{
    return p->x_base[k] < 0 ? -1 : t->column[p->x_base[k]];
}

static void
add_cell_second(
    const upi_population *p, const upi_target *t, int64_t q, double scale, double *h)
{
    int64_t r = t->r;
    const double *s = p->s + q * p->width;
    for (int64_t i = p->base_start[q]; i < p->base_start[q + 1]; i++) {
        int64_t a = t->column[p->base[i]];
        if (a < 0) {
            continue;
        }
        for (int64_t j = p->base_start[q]; j < p->base_start[q + 1]; j++) {
            int64_t b = t->column[p->base[j]];
            if (b >= 0) {
                h[a + b * r] += scale * s[0] * p->value[i] * p->value[j];
            }
        }
        for (int64_t k = 1; k < p->width; k++) {
            int64_t b = x_column(t, p, k - 1);
            if (b >= 0) {
                h[a + b * r] += scale * s[k] * p->value[i];
                h[b + a * r] += scale * s[k] * p->value[i];
            }
        }
    }
    for (int64_t k = 1; k < p->width; k++) {
        for (int64_t l = 1; l < p->width; l++) {
            int64_t a = x_column(t, p, k - 1);
            int64_t b = x_column(t, p, l - 1);
            if (a >= 0 && b >= 0) {
                h[a + b * r] += scale * p->f[(q * p->width + l) * p->width + k];
            }
        }
    }
}

void
upi_tilt_second(
    const upi_population *p, const upi_target *t, const double *scale, double *h)
{
    memset(h, 0, (size_t)(t->r * t->r) * sizeof *h);
    for (int64_t q = 0; q < p->n; q++) {
        if (t->weight[q] > 0) {
            add_cell_second(p, t, q, scale == NULL ? 1 : scale[q], h);
        }
    }
}

double
upi_target_weigh(
    const upi_target *t, const upi_population *p, int64_t group, int power, double *u)
{
    double w = t->weight[p->of_group[group]];
    w = power == 2 ? w * w : w;
    if (w == 0 || !t->dense) {
        return w;
    }
    const up_moments *m = p->model->moments;
    double scale = upi_row_scale(p->model, group) / (double)m->n[group];
    double log_weight = 0;
    double quadratic = 0;
    for (int64_t k = 1; k < p->width; k++) {
        log_weight += t->slope[k - 1] * u[k];
        double moved = 0;
        for (int64_t l = 1; l < p->width; l++) {
            if (p->x_base[k - 1] >= 0 && p->x_base[l - 1] >= 0) {
                moved += scale * t->slope[l - 1] *
                         upi_moments_x_cross(m, k - 1, l - 1, group);
            }
        }
        quadratic += t->slope[k - 1] * moved;
        u[k] += power * moved;
    }
    return w * exp(power * log_weight + 0.5 * power * power * quadratic);
}

/* ---- Newton's method, shared ---- */

typedef struct search {
    upi_population *p;
    upi_target *t;
    const upi_census *census;
    bool *live;        /* (cells) */
    double *raw;       /* (cells) weights without the target */
    double *c;         /* (records, r) base functions of the target */
    double *sd;        /* (r) */
    double *gradient;  /* (r) downhill is minus this */
    double *hessian;   /* (r, r) */
    double *inverse;   /* (r, r) */
    double *step, *at; /* (r) */
    double value;
    double total; /* of raw over live cells */
    /* Weighs the cells by t->lambda, then fills value and gradient. */
    up_status (*look)(struct search *s, up_error *err);
    void (*second)(struct search *s);
} search;

static void
search_release(search *s)
{
    upi_free(s->live);
    upi_free(s->raw);
    upi_free(s->c);
    upi_free(s->sd);
}

static up_status
search_make(search *s, up_error *err)
{
    up_status status = UP_OK;
    const upi_population *p = s->p;
    int64_t r = s->t->r;
    UP_TRY(UP_NEW(&s->live, p->n, err));
    UP_TRY(UP_NEW(&s->raw, p->n, err));
    UP_TRY(UP_NEW(&s->sd, 4 * r + 2 * r * r, err));
    s->gradient = s->sd + r;
    s->step = s->gradient + r;
    s->at = s->step + r;
    s->hessian = s->at + r;
    s->inverse = s->hessian + r * r;
    for (int64_t q = 0; q < p->n; q++) {
        s->live[q] = s->t->weight[q] > 0;
        s->raw[q] = p->s[q * p->width];
        s->total += s->live[q] ? s->raw[q] : 0;
    }
out:
    return status;
}

static double
worst_distance(const search *s, int64_t *which)
{
    double worst = 0;
    *which = 0;
    for (int64_t j = 0; j < s->t->r; j++) {
        double d = s->sd[j] > 0 ? fabs(s->gradient[j]) / s->sd[j] : 0;
        if (!(d <= worst)) {
            worst = d;
            *which = j;
        }
    }
    return worst;
}

/* Goes along the step until the value is lower. *moved = false where rounding forbids it. */
static up_status
line_search(search *s, bool *moved, up_error *err)
{
    up_status status = UP_OK;
    int64_t r = s->t->r;
    double before = s->value;
    double slope = upi_dot(r, s->gradient, s->step);
    double length = 1;
    /* Near the minimum a step gains less than the value can show. */
    double rounding = 1e-14 * (1 + fabs(before));
    memcpy(s->at, s->t->lambda, (size_t)r * sizeof *s->at);
    *moved = true;
    for (int i = 0; i < MOST_HALVINGS; i++) {
        for (int64_t j = 0; j < r; j++) {
            s->t->lambda[j] = s->at[j] + length * s->step[j];
        }
        UP_TRY(s->look(s, err));
        if (s->value <= before + 1e-4 * length * slope + rounding) {
            goto out;
        }
        length /= 2;
    }
    *moved = false;
    memcpy(s->t->lambda, s->at, (size_t)r * sizeof *s->at);
    UP_TRY(s->look(s, err));
out:
    return status;
}

static up_status
newton(search *s, double *distance, int64_t *which, up_error *err)
{
    up_status status = UP_OK;
    int64_t r = s->t->r;
    double last = INFINITY;
    UP_TRY(s->look(s, err));
    for (int step = 0; step < MOST_STEPS; step++) {
        *distance = worst_distance(s, which);
        if (*distance <= wanted || (*distance <= enough && *distance > 0.5 * last)) {
            break;
        }
        last = *distance;
        s->second(s);
        for (int64_t i = 0; i < r * r; i++) {
            if (!isfinite(s->hessian[i])) {
                goto out;
            }
        }
        UP_TRY(upi_pseudo_inverse(r, s->hessian, s->inverse, err));
        upi_gemv('N', r, r, s->inverse, r, s->gradient, s->step);
        for (int64_t j = 0; j < r; j++) {
            s->step[j] = -s->step[j];
        }
        bool moved = false;
        UP_TRY(line_search(s, &moved, err));
        if (!moved) {
            *distance = worst_distance(s, which);
            break;
        }
    }
out:
    return status;
}

static up_status
refuse_unreached(const search *s, int64_t j, up_error *err)
{
    const up_model *m = s->p->model;
    const upi_base *b = &m->base[s->t->base[j]];
    double target = s->t->mean[j] + b->center;
    (void)upi_fail(err, UP_E_SUPPORT, b->name,
        "no weights of the rows give the target: with the nearest, the mean of '%s' "
        "is %.6g where the target has %.6g",
        b->name, target + s->gradient[j], target);
    return upi_fix(
        err, "leave a constraint out, or choose a target nearer to the experiment");
}

/* ---- balancing ---- */

static void
put_weights(search *s)
{
    upi_target *t = s->t;
    for (int64_t q = 0; q < s->p->n; q++) {
        t->weight[q] = s->live[q] ? exp(upi_target_linear(t, s->p, q, t->lambda)) : 0;
    }
    for (int64_t k = 0; t->dense && k + 1 < s->p->width; k++) {
        int64_t j = x_column(t, s->p, k);
        t->slope[k] = j < 0 ? 0 : t->lambda[j];
    }
}

static up_status
look_at_dual(search *s, up_error *err)
{
    upi_target *t = s->t;
    const upi_population *p = s->p;
    put_weights(s);
    up_status status = upi_population_weigh(s->p, err);
    double total = 0;
    memset(s->gradient, 0, (size_t)t->r * sizeof *s->gradient);
    for (int64_t q = 0; q < p->n; q++) {
        const double *sum = p->s + q * p->width;
        if (!s->live[q]) {
            continue;
        }
        total += sum[0];
        for (int64_t i = p->base_start[q]; i < p->base_start[q + 1]; i++) {
            int64_t j = t->column[p->base[i]];
            if (j > 0) {
                s->gradient[j] += p->value[i] * sum[0];
            }
        }
        for (int64_t k = 1; k < p->width; k++) {
            int64_t j = x_column(t, p, k - 1);
            if (j > 0) {
                s->gradient[j] += sum[k];
            }
        }
    }
    s->value = log(total / s->total);
    for (int64_t j = 1; j < t->r; j++) {
        s->value -= t->lambda[j] * t->mean[j];
        s->gradient[j] = s->gradient[j] / total - t->mean[j];
    }
    if (!isfinite(s->value)) {
        s->value = INFINITY;
    }
    return status;
}

static void
second_of_dual(search *s)
{
    int64_t r = s->t->r;
    upi_tilt_second(s->p, s->t, NULL, s->hessian);
    double total = s->hessian[0];
    for (int64_t i = 1; i < r; i++) {
        for (int64_t j = 1; j < r; j++) {
            double a = s->gradient[i] + s->t->mean[i];
            double b = s->gradient[j] + s->t->mean[j];
            s->hessian[i + j * r] = s->hessian[i + j * r] / total - a * b;
        }
    }
    for (int64_t i = 0; i < r; i++) {
        s->hessian[i] = s->hessian[i * r] = 0;
    }
}

up_status
upi_tilt_solve(upi_population *p, upi_target *t, up_error *err)
{
    up_status status = UP_OK;
    search s = {.p = p, .t = t, .look = look_at_dual, .second = second_of_dual};
    double distance = 0;
    int64_t which = 0;
    UP_TRY(search_make(&s, err));
    p->target = t;
    UP_TRY(look_at_dual(&s, err));
    second_of_dual(&s);
    for (int64_t j = 1; j < t->r; j++) {
        s.sd[j] = sqrt(fmax(s.hessian[j + j * t->r], 0));
        s.sd[j] = s.sd[j] > 0 ? s.sd[j] : fmax(fabs(t->mean[j]), 1);
    }
    UP_TRY(newton(&s, &distance, &which, err));
    if (!(distance <= enough)) {
        status = refuse_unreached(&s, which, err);
        goto out;
    }
    /* The intercept makes the weights add up to the total without the target. */
    double sum = 0;
    for (int64_t q = 0; q < p->n; q++) {
        sum += p->s[q * p->width];
    }
    t->lambda[0] = log(t->total / sum);
    put_weights(&s);
    UP_TRY(upi_population_weigh(p, err));
out:
    search_release(&s);
    return status;
}

/* ---- odds ---- */

static double
log1p_exp(double x)
{
    return x > 0 ? x + log1p(exp(-x)) : log1p(exp(x));
}

static up_status
look_at_likelihood(search *s, up_error *err)
{
    (void)err;
    const upi_population *p = s->p;
    const upi_target *t = s->t;
    int64_t r = t->r;
    s->value = 0;
    memset(s->gradient, 0, (size_t)r * sizeof *s->gradient);
    for (int64_t q = 0; q < p->n; q++) {
        if (!s->live[q]) {
            continue;
        }
        double eta = upi_target_linear(t, p, q, t->lambda);
        double share = 1 / (1 + exp(-eta));
        s->value += s->raw[q] * log1p_exp(eta);
        for (int64_t i = p->base_start[q]; i < p->base_start[q + 1]; i++) {
            int64_t j = t->column[p->base[i]];
            if (j >= 0) {
                s->gradient[j] += s->raw[q] * share * p->value[i];
            }
        }
    }
    for (int64_t g = 0; g < s->census->n; g++) {
        const double *c = s->c + g * r;
        double n = (double)s->census->m->n[g];
        double eta = upi_dot(r, c, t->lambda);
        s->value += n * log1p_exp(-eta);
        for (int64_t j = 0; j < r; j++) {
            s->gradient[j] -= n / (1 + exp(eta)) * c[j];
        }
    }
    return UP_OK;
}

static void
second_of_likelihood(search *s)
{
    const upi_population *p = s->p;
    const upi_target *t = s->t;
    int64_t r = t->r;
    memset(s->hessian, 0, (size_t)(r * r) * sizeof *s->hessian);
    for (int64_t q = 0; q < p->n; q++) {
        double eta = upi_target_linear(t, p, q, t->lambda);
        double share = 1 / (1 + exp(-eta));
        if (s->live[q]) {
            add_cell_second(p, t, q, share * (1 - share), s->hessian);
        }
    }
    for (int64_t g = 0; g < s->census->n; g++) {
        const double *c = s->c + g * r;
        double share = 1 / (1 + exp(-upi_dot(r, c, t->lambda)));
        double w = (double)s->census->m->n[g] * share * (1 - share);
        for (int64_t i = 0; i < r * r; i++) {
            s->hessian[i] += w * c[i % r] * c[i / r];
        }
    }
}

/* The covariance of the sum over the target of (1 - p) c, of independent rows or clusters. */
static up_status
spread_of_scores(search *s, double *cov, up_error *err)
{
    up_status status = UP_OK;
    const upi_target *t = s->t;
    const up_moments *m = s->census->m;
    int64_t r = t->r;
    double *z = NULL; /* mean, then the score of a unit */
    UP_TRY(UP_NEW(&z, 2 * r, err));
    double *unit = z + r;
    for (int64_t g = 0; g < s->census->n; g++) {
        double *c = s->c + g * r;
        double left = 1 / (1 + exp(upi_dot(r, c, t->lambda)));
        for (int64_t j = 0; j < r; j++) {
            c[j] *= left;
            z[j] += (double)m->n[g] * c[j] / s->census->total;
        }
    }
    for (int64_t g = 0; g < s->census->n; g++) {
        const double *c = s->c + g * r;
        double n = (double)m->n[g];
        for (int64_t j = 0; j < r; j++) {
            unit[j] += (m->ways > 0 ? n : 1) * (c[j] - z[j]);
        }
        bool last = g + 1 == s->census->n || m->ways == 0 ||
                    m->cluster[0][g + 1] != m->cluster[0][g];
        double weight = m->ways > 0 ? 1 : n;
        for (int64_t i = 0; last && i < r * r; i++) {
            cov[i] += weight * unit[i % r] * unit[i / r];
        }
        if (last) {
            memset(unit, 0, (size_t)r * sizeof *unit);
        }
    }
out:
    upi_free(z);
    return status;
}

up_status
upi_odds_solve(upi_population *p, upi_target *t, const upi_census *c, up_error *err)
{
    up_status status = UP_OK;
    search s = {.p = p,
        .t = t,
        .census = c,
        .look = look_at_likelihood,
        .second = second_of_likelihood};
    int64_t r = t->r;
    double distance = 0;
    int64_t which = 0;
    UP_TRY(search_make(&s, err));
    UP_TRY(UP_NEW(&s.c, c->n * r, err));
    for (int64_t i = 0; i < c->n * r; i++) {
        s.c[i] = upi_census_base(p->model, c, t->base[i % r], i / r);
    }
    t->lambda[0] = log(c->total / s.total);
    second_of_likelihood(&s);
    for (int64_t j = 0; j < r; j++) {
        s.sd[j] = (s.total + c->total) * sqrt(s.hessian[j + j * r] / s.hessian[0]);
    }
    UP_TRY(newton(&s, &distance, &which, err));
    if (!(distance <= enough)) {
        (void)upi_fail(err, UP_E_SUPPORT, p->model->base[t->base[which]].name,
            "the odds of being in the target have no estimate: '%s' tells the rows of "
            "the experiment and of the target apart",
            p->model->base[t->base[which]].name);
        status = upi_fix(err, "leave the covariate out, or use entropy balancing");
        goto out;
    }
    second_of_likelihood(&s);
    UP_TRY(upi_pseudo_inverse(r, s.hessian, t->inverse, err));
    UP_TRY(UP_NEW(&t->damp, p->n, err));
    put_weights(&s);
    for (int64_t q = 0; q < p->n; q++) {
        t->damp[q] = 1 / (1 + t->weight[q]);
    }
    t->offset = s.total;
    memset(s.hessian, 0, (size_t)(r * r) * sizeof *s.hessian);
    UP_TRY(spread_of_scores(&s, s.hessian, err));
    upi_cholesky_semi(r, s.hessian, r, 1e-12, t->root, r);
    p->target = t;
    UP_TRY(upi_population_weigh(p, err));
out:
    search_release(&s);
    return status;
}
