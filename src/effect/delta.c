/* Delta vectors. The mean outcome of a set under an arm is m'b, where m holds, for a column
 * made of base function f_j, the mean of f_j over the set: in the main column always, in the
 * columns of an arm when it is that arm. An effect is the difference of two such means, so
 * that its delta vector has the means of f_j in the columns of the arm and 0 in the main ones:
 * there the two parts cancel exactly, not to rounding, since they are the same number.
 * arXiv 2412.08788; methods/core.md section 3. Averages use the population weights of rows,
 * never the weights by propensity. */
#include "effect/effect.h"
#include "num/matrix.h"

#include <math.h>
#include <string.h>

/* ---- averages ---- */

/* Adds the cell's sums of weight f_j; y (width) = sum of weight u. */
static void
add_cell_means(const upi_population *p, int64_t cell, const double *y, double *fbar)
{
    for (int64_t i = p->base_start[cell]; i < p->base_start[cell + 1]; i++) {
        fbar[p->base[i]] += p->value[i] * y[0];
    }
    for (int64_t k = 1; k < p->width; k++) {
        if (p->x_base[k - 1] >= 0) {
            fbar[p->x_base[k - 1]] += y[k];
        }
    }
}

/* Sums of weight times compliance times u, from F = sum weight u u' and the coefficients c of
 * compliance in u. */
static void
weigh_cell(const upi_population *p, int64_t cell, const double *c, double *y)
{
    int64_t width = p->width;
    if (width == 1) {
        y[0] = p->s[cell] * c[0];
        return;
    }
    const double *f = p->f + cell * width * width;
    for (int64_t k = 0; k < width; k++) {
        y[k] = upi_dot(width, f + k * width, c);
    }
}

static up_status
fill_average(const up_effects *e, upi_average *a, up_error *err)
{
    up_status status = UP_OK;
    const upi_population *p = e->cells;
    const upi_subset *set = &e->sets[a->set];
    double population = 0;
    double *y = NULL; /* sums weighted by compliance */
    UP_TRY(UP_NEW(&a->fbar, e->model->n_base, err));
    UP_TRY(UP_NEW(&y, p->width, err));
    for (int64_t q = 0; q < p->n; q++) {
        if (!upi_subset_has(set, q)) {
            continue;
        }
        const double *sums = p->s + q * p->width;
        if (a->comply != UPI_EVERYONE) {
            weigh_cell(p, q, upi_cell_compliance(e, a->comply, q), y);
            sums = y;
        }
        population += p->s[q * p->width];
        a->total += sums[0];
        add_cell_means(p, q, sums, a->fbar);
    }
    if (a->comply != UPI_EVERYONE) {
        UP_TRY(upi_late_check(e, a, population, err));
    }
    if (a->total == 0) {
        status = upi_fail(err, UP_E_NO_VARIATION, "where",
            "the rows of '%s' have no weight", set->segment);
        goto out;
    }
    for (int64_t j = 0; j < e->model->n_base; j++) {
        a->fbar[j] /= a->total;
    }
out:
    upi_free(y);
    return status;
}

up_status
upi_average_add(
    up_effects *e, int64_t set, int64_t comply, int64_t *index, up_error *err)
{
    up_status status = UP_OK;
    upi_average a = {.set = set, .comply = comply};
    UP_TRY(UP_RESERVE(&e->averages, &e->averages_capacity, e->n_averages + 1, err));
    if (comply != UPI_EVERYONE) {
        UP_TRY(upi_compliance_need(e, comply, err));
    }
    UP_TRY(fill_average(e, &a, err));
    *index = e->n_averages;
    e->averages[e->n_averages++] = a;
    a.fbar = NULL;
out:
    upi_free(a.fbar);
    return status;
}

/* ---- predictions on cells ---- */

static up_status
fill_prediction(up_effects *e, int64_t equation, int64_t level, up_error *err)
{
    up_status status = UP_OK;
    const up_model *m = e->model;
    const upi_population *p = e->cells;
    const upi_basis *b = upi_model_basis(m, equation);
    upi_prediction made = {0};
    double *coef = NULL; /* by base function */
    bool any = false;
    UP_TRY(UP_NEW(&coef, m->n_base, err));
    for (int64_t j = 0; j < b->p; j++) {
        if (b->term[j].level == level) {
            coef[b->term[j].base] = m->coef[equation][j];
            any = true;
        }
    }
    if (!any) {
        goto out;
    }
    UP_TRY(UP_NEW(&made.cell, p->n, err));
    UP_TRY(UP_NEW(&made.x, p->width, err));
    for (int64_t q = 0; q < p->n; q++) {
        for (int64_t i = p->base_start[q]; i < p->base_start[q + 1]; i++) {
            made.cell[q] += p->value[i] * coef[p->base[i]];
        }
    }
    for (int64_t k = 1; k < p->width; k++) {
        made.x[k - 1] = p->x_base[k - 1] >= 0 ? coef[p->x_base[k - 1]] : 0;
    }
    e->prediction[equation * (e->n_levels + 1) + level + 1] = made;
    made = (upi_prediction){0};
out:
    upi_free(coef);
    upi_free(made.cell);
    upi_free(made.x);
    return status;
}

up_status
upi_predictions_need(up_effects *e, int64_t equation, up_error *err)
{
    up_status status = UP_OK;
    if (upi_prediction_of(e, equation, -1)->cell != NULL) {
        return UP_OK;
    }
    for (int64_t level = -1; level < e->n_levels; level++) {
        UP_TRY(fill_prediction(e, equation, level, err));
    }
out:
    return status;
}

/* ---- gradients ---- */

up_status
upi_gradient_make(const up_effects *e, upi_gradient *g, up_error *err)
{
    up_status status = UP_OK;
    const up_model *m = e->model;
    *g = (upi_gradient){.p_max = m->x.p > m->z.p ? m->x.p : m->z.p};
    UP_TRY(UP_NEW(&g->store, UPI_GRADIENT_EQUATIONS * g->p_max, err));
    UP_TRY(UP_NEW(&g->index, UPI_GRADIENT_EQUATIONS * g->p_max, err));
    UP_TRY(UP_NEW(&g->psi, e->cells->n * e->cells->width, err));
    UP_TRY(UP_NEW(&g->by_base, m->n_base, err));
    for (int64_t i = 0; i < UPI_GRADIENT_EQUATIONS; i++) {
        g->l[i] = g->store + i * g->p_max;
        g->nonzero[i] = g->index + i * g->p_max;
    }
out:
    return status;
}

void
upi_gradient_release(upi_gradient *g)
{
    upi_free(g->store);
    upi_free(g->index);
    upi_free(g->psi);
    upi_free(g->by_base);
    *g = (upi_gradient){0};
}

double *
upi_gradient_slot(const up_effects *e, upi_gradient *g, int64_t equation)
{
    for (int64_t i = 0; i < g->n; i++) {
        if (g->equation[i] == equation) {
            return g->l[i];
        }
    }
    UP_ASSERT(g->n < UPI_GRADIENT_EQUATIONS);
    int64_t p = upi_model_basis(e->model, equation)->p;
    memset(g->l[g->n], 0, (size_t)p * sizeof(double));
    g->equation[g->n] = equation;
    return g->l[g->n++];
}

static void
add_point(const up_effects *e, const upi_point *point, double *l)
{
    const upi_basis *b = upi_model_basis(e->model, point->equation);
    const double *fbar = e->averages[point->average].fbar;
    for (int64_t j = 0; j < b->p; j++) {
        int64_t level = b->term[j].level;
        if (level == -1 || level == point->level) {
            l[j] += point->scale * fbar[b->term[j].base];
        }
    }
}

void
upi_gradient_fill(const up_effects *e, upi_points points, upi_gradient *g)
{
    g->n = 0;
    for (int64_t i = 0; i < points.n; i++) {
        add_point(e, &points.p[i], upi_gradient_slot(e, g, points.p[i].equation));
    }
    for (int64_t i = 0; i < points.n;) {
        upi_points run = upi_points_run(points, i);
        const upi_average *a = &e->averages[run.p[0].average];
        if (a->comply != UPI_EVERYONE) {
            upi_functional(e, run, g->psi);
            upi_late_gradient(e, a, g->psi, g);
        }
        i += run.n;
    }
    for (int64_t i = 0; i < g->n; i++) {
        int64_t p = upi_model_basis(e->model, g->equation[i])->p;
        g->n_nonzero[i] = 0;
        for (int64_t j = 0; j < p; j++) {
            if (g->l[i][j] != 0) {
                g->nonzero[i][g->n_nonzero[i]++] = j;
            }
        }
    }
}

/* Does the sum of points, with gradient g in its i-th equation, lack the j-th column that the
 * model left out? A left-out column is a combination of the kept ones on all rows; the delta
 * vector has to obey the same relation. At the averages of centred columns both sides are 0
 * but for rounding, so that what counts as equal is measured by the column in the rows. */
static bool
lacks_column(
    const up_effects *e, upi_points points, const upi_gradient *g, int64_t i, int64_t j)
{
    const upi_basis *b = upi_model_basis(e->model, g->equation[i]);
    const upi_term *term = &b->dropped[j];
    double own = 0;
    double size = 0;
    for (int64_t k = 0; k < points.n; k++) {
        const upi_point *t = &points.p[k];
        if (t->equation == g->equation[i] &&
            (term->level == -1 || term->level == t->level)) {
            double value = t->scale * e->averages[t->average].fbar[term->base];
            own += value;
            size = fmax(size, fabs(value));
            size = fmax(size, fabs(t->scale) * b->dropped_size[j]);
        }
    }
    for (int64_t k = 0; k < g->n_nonzero[i]; k++) {
        int64_t column = g->nonzero[i][k];
        double value = b->combination[column + j * b->p] * g->l[i][column];
        own -= value;
        size = fmax(size, fabs(value));
    }
    return fabs(own) > 1e-7 * size;
}

const upi_term *
upi_gradient_extrapolates(const up_effects *e, upi_points points, const upi_gradient *g)
{
    for (int64_t i = 0; i < g->n; i++) {
        const upi_basis *b = upi_model_basis(e->model, g->equation[i]);
        for (int64_t j = 0; j < b->n_dropped; j++) {
            if (lacks_column(e, points, g, i, j)) {
                return &b->dropped[j];
            }
        }
    }
    return NULL;
}

double
upi_gradient_value(const up_effects *e, const upi_gradient *g)
{
    double value = 0;
    int64_t first_stage = 2 * e->model->moments->ny;
    for (int64_t i = 0; i < g->n; i++) {
        if (g->equation[i] < first_stage) {
            for (int64_t k = 0; k < g->n_nonzero[i]; k++) {
                int64_t j = g->nonzero[i][k];
                value += g->l[i][j] * e->model->coef[g->equation[i]][j];
            }
        }
    }
    return value;
}

/* Four running sums: the order of additions is fixed, and they do not wait for one another. */
static double
dot_range(int64_t n, const double *x, const double *y)
{
    double s[4] = {0, 0, 0, 0};
    int64_t i = 0;
    for (; i + 4 <= n; i += 4) {
        s[0] += x[i] * y[i];
        s[1] += x[i + 1] * y[i + 1];
        s[2] += x[i + 2] * y[i + 2];
        s[3] += x[i + 3] * y[i + 3];
    }
    for (; i < n; i++) {
        s[0] += x[i] * y[i];
    }
    return (s[0] + s[1]) + (s[2] + s[3]);
}

/* l'v over the columns that are not 0; these mostly stand side by side. */
static double
dot_nonzero(const upi_gradient *a, int64_t i, const double *v)
{
    const int64_t *index = a->nonzero[i];
    int64_t n = a->n_nonzero[i];
    if (n == 0) {
        return 0;
    }
    if (index[n - 1] - index[0] == n - 1) {
        return dot_range(n, a->l[i] + index[0], v + index[0]);
    }
    double sum = 0;
    for (int64_t k = 0; k < n; k++) {
        sum += a->l[i][index[k]] * v[index[k]];
    }
    return sum;
}

static double
block_cov(const up_effects *e, const upi_gradient *a, int64_t i, const upi_gradient *b,
    int64_t j)
{
    const up_model *m = e->model;
    const double *v = upi_model_block(m, a->equation[i], b->equation[j]);
    if (v == NULL) {
        return upi_model_cov(m, a->equation[i], a->l[i], b->equation[j], b->l[j]);
    }
    int64_t p = upi_model_basis(m, a->equation[i])->p;
    double sum = 0;
    for (int64_t c = 0; c < b->n_nonzero[j]; c++) {
        int64_t column = b->nonzero[j][c];
        sum += dot_nonzero(a, i, v + column * p) * b->l[j][column];
    }
    return sum;
}

double
upi_gradient_cov(const up_effects *e, const upi_gradient *a, const upi_gradient *b)
{
    double sum = 0;
    for (int64_t i = 0; i < a->n; i++) {
        for (int64_t j = 0; j < b->n; j++) {
            sum += block_cov(e, a, i, b, j);
        }
    }
    return sum;
}

/* The smallest degrees of freedom among the equations that take part. */
double
upi_gradient_df(const up_effects *e, const upi_gradient *g)
{
    double df = (double)NAN;
    for (int64_t i = 0; i < g->n; i++) {
        if (g->n_nonzero[i] > 0) {
            df = fmin(df, upi_model_df(e->model, g->equation[i], g->l[i]));
        }
    }
    return df;
}
