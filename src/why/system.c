/* The regressions of a mechanism over the groups of one segment.
 *
 *   m_j = X k_j + sum_a alpha_ja 1{arm = a} + sum_k beta_jk m_k (+ products) + e_j     (1)
 *   y   = X k   + sum_a tau_a 1{arm = a} + e                                            (2)
 *
 * (arXiv 2604.24116 eqs. 10-12, for any graph). All rows are put into one triangle R of the pool of
 * columns by QR; each regression is a second, small QR of some columns of R. X'X is never formed.
 * Columns of the covariates that a segment does not tell apart are left out, in the order of the
 * model; a mediator that the others determine is refused. */
#include "num/matrix.h"
#include "num/sum.h"
#include "why/mediation.h"

#include <math.h>
#include <string.h>

enum { BUFFER_ROWS = 256 };

/* ---- the triangle ---- */

void
upi_pool_values(const upi_mechanism *h, int64_t g, double *value)
{
    const up_model *m = h->model;
    int64_t level = upi_moments_code(m->moments, g, h->key);
    for (int64_t c = 0; c < h->n_columns; c++) {
        upi_pool_column p = h->column[c];
        if (p.base >= 0) {
            value[c] = upi_term_value(m, h->basis, (upi_term){p.base, p.level}, g);
        } else {
            value[c] = p.level < 0 || p.level == level ? 1 : 0;
        }
    }
}

static up_status
build_triangle(const upi_mechanism *h, upi_system *s, up_error *err)
{
    up_status status = UP_OK;
    const up_moments *m = h->model->moments;
    int64_t width = 1 + m->nx + m->ny;
    int64_t n = h->n_columns;
    int64_t waiting = 0;
    double *t = NULL;
    double *value = NULL;
    double *u = NULL;
    double *a = NULL;
    UP_TRY(UP_NEW(&t, 2 * width * width, err));
    UP_TRY(UP_NEW(&value, n, err));
    UP_TRY(UP_NEW(&u, n, err));
    UP_TRY(UP_NEW(&a, BUFFER_ROWS * n, err));
    UP_TRY(UP_NEW(&s->r, n * n, err));
    for (int64_t g = 0; g < m->n_groups; g++) {
        if (s->in[g] == 0) {
            continue;
        }
        s->rows += m->n[g];
        int64_t rows = upi_group_rows(h->model, g, true, t);
        upi_pool_values(h, g, value);
        for (int64_t i = 0; i < rows; i++) {
            upi_pool_row(h, value, t + i, width, u);
            for (int64_t c = 0; c < n; c++) {
                a[waiting + c * BUFFER_ROWS] = u[c];
            }
            if (++waiting == BUFFER_ROWS) {
                upi_qr_update(n, s->r, n, waiting, a, BUFFER_ROWS, NULL);
                waiting = 0;
            }
        }
    }
    if (waiting > 0) {
        upi_qr_update(n, s->r, n, waiting, a, BUFFER_ROWS, NULL);
    }
out:
    upi_free(t);
    upi_free(value);
    upi_free(u);
    upi_free(a);
    return status;
}

/* Means of the base functions over people, which levels rest on. */
static up_status
build_means(const upi_mechanism *h, upi_system *s, up_error *err)
{
    up_status status = UP_OK;
    const up_moments *m = h->model->moments;
    upi_sum weight = {0, 0};
    upi_sum *sum = NULL;
    UP_TRY(UP_NEW(&s->mean, h->n_columns, err));
    UP_TRY(UP_NEW(&sum, h->n_base, err));
    for (int64_t g = 0; g < m->n_groups; g++) {
        if (s->in[g] == 0) {
            continue;
        }
        double w = (double)m->n[g] * upi_group_population(h->model, g);
        upi_sum_add(&weight, w);
        for (int64_t c = 0; c < h->n_base; c++) {
            upi_sum_add(&sum[c], w * upi_base_mean(h->model, h->column[c].base, g));
        }
    }
    for (int64_t c = 0; c < h->n_base; c++) {
        s->mean[c] = upi_sum_value(&sum[c]) / upi_sum_value(&weight);
    }
out:
    upi_free(sum);
    return status;
}

/* ---- one regression ---- */

/* The node that equation j explains. */
static int64_t
node_of(const upi_mechanism *h, int64_t j)
{
    return j <= h->n ? j : j == h->n + 1 ? h->n : h->test_node[j - h->n - 2];
}

/* Columns of equation j. keep: base columns that the segment tells apart. */
static int64_t
list_columns(const upi_mechanism *h, int64_t j, const int64_t *keep, int64_t *column)
{
    int64_t p = 0;
    int64_t n = h->n + 1;
    int64_t node = node_of(h, j);
    for (int64_t c = 0; c < h->n_base; c++) {
        bool arm = h->column[c].level >= 0;
        if (keep[c] != 0 && (!arm || j >= n || h->from_arm[node])) {
            column[p++] = c;
        }
    }
    for (int64_t k = 0; k < node && j != n; k++) {
        if (j > n || h->edge[node * n + k]) {
            column[p++] = h->node_column[k];
        }
        for (int64_t l = 0; l < h->n_levels && h->arm_edge[node * n + k]; l++) {
            int64_t c = h->arm_node_column[k * h->n_levels + l];
            if (c >= 0) {
                column[p++] = c;
            }
        }
    }
    for (int64_t i = 0; i < h->n_products && j != n; i++) {
        if (h->product[i].j == node) {
            column[p++] = h->product[i].column;
        }
    }
    return p;
}

static up_status
refuse_column(const upi_mechanism *h, int64_t j, int64_t column, up_error *err)
{
    const char *of = h->name[node_of(h, j)];
    for (int64_t l = 0; l < h->n_levels; l++) {
        if (h->arm_column[l] == column) {
            const char *arm = h->label[l];
            (void)upi_fail(
                err, UP_E_ARMS, arm, "the arm '%s' has no rows of its own", arm);
            return upi_fix(err, "filter to the arms that have rows there");
        }
    }
    const char *name = "an interaction";
    for (int64_t k = 0; k < h->n; k++) {
        name = h->node_column[k] == column ? h->name[k] : name;
    }
    (void)upi_fail(err, UP_E_SINGULAR, name,
        "in the equation of '%s', '%s' is determined by the covariates, the arm and "
        "the other "
        "mediators",
        of, name);
    return upi_fix(err, "leave '%s' or what determines it out of the graph", name);
}

/* A test of an edge that the data cannot tell is left out, not refused. */
static void
drop_column(upi_equation *q, int64_t i)
{
    q->p--;
    memmove(q->column + i, q->column + i + 1, (size_t)(q->p - i) * sizeof *q->column);
}

/* Second QR: some columns of R, then the response. */
static up_status
solve_equation(const upi_mechanism *h, const upi_system *s, int64_t j, upi_equation *q,
    up_error *err)
{
    up_status status = UP_OK;
    int64_t n = h->n_columns;
    int64_t p = q->p;
    double *a = NULL;
    double *r = NULL;
    int64_t *keep = NULL;
    int64_t rank = 0;
    UP_TRY(UP_NEW(&a, n * (p + 1), err));
    UP_TRY(UP_NEW(&r, (p + 1) * (p + 1), err));
    UP_TRY(UP_NEW(&keep, p + 1, err));
    for (int64_t i = 0; i <= p; i++) {
        int64_t c = i < p ? q->column[i] : q->response;
        memcpy(a + i * n, s->r + c * n, (size_t)n * sizeof *a);
    }
    q->tss = upi_dot(n - 1, a + p * n + 1, a + p * n + 1);
    UP_TRY(upi_qr_r(n, p + 1, a, n, r, p + 1, err));
    double tolerance = h->model->opts.rank_tolerance;
    UP_TRY(upi_rank_in_order(
        p, r, p + 1, tolerance > 0 ? tolerance : 1e-10, keep, NULL, &rank, err));
    for (int64_t i = 0; i < p; i++) {
        if (keep[i] == 0 && j > h->n + 1) {
            drop_column(q, i);
            status = solve_equation(h, s, j, q, err);
            goto out;
        }
        if (keep[i] == 0) {
            status = refuse_column(h, j, q->column[i], err);
            goto out;
        }
    }
    for (int64_t i = 0; i < p; i++) {
        memcpy(q->r + i * p, r + i * (p + 1), (size_t)p * sizeof *r);
    }
    memcpy(q->coef, r + p * (p + 1), (size_t)p * sizeof *r);
    q->rss = r[p + p * (p + 1)] * r[p + p * (p + 1)];
    UP_TRY(upi_tri_solve('N', p, 1, q->r, p, q->coef, p, err));
out:
    upi_free(a);
    upi_free(r);
    upi_free(keep);
    return status;
}

/* Where a column stands in an equation; -1 = it does not. */
static int64_t
place_of(const upi_equation *q, int64_t column)
{
    for (int64_t i = 0; i < q->p; i++) {
        if (q->column[i] == column) {
            return i;
        }
    }
    return -1;
}

/* The combination of the coefficients that a parameter is. */
static void
param_selector(const upi_mechanism *h, const upi_system *s, const upi_param *p,
    const upi_equation *q, double *l)
{
    int64_t column = -1;
    int64_t level = p->kind == UPI_PARAM_ARM ? p->level : -1;
    if (p->kind == UPI_PARAM_LEVEL || p->kind == UPI_PARAM_ARM) {
        for (int64_t i = 0; i < q->p; i++) {
            int64_t c = q->column[i];
            l[i] = c < h->n_base && h->column[c].level == level ? s->mean[c] : 0;
        }
        return;
    }
    if (p->kind == UPI_PARAM_EDGE) {
        column = h->node_column[p->k];
    } else if (p->kind == UPI_PARAM_ARM_EDGE) {
        column = h->arm_node_column[p->k * h->n_levels + p->level];
    } else {
        column = h->product[p->k].column;
    }
    int64_t at = place_of(q, column);
    if (at >= 0) { /* else it is an edge whose test was left out */
        l[at] = 1;
    }
}

/* Parameters of equation q: values, and the vectors that turn scores into influences. */
static up_status
solve_params(const upi_mechanism *h, upi_system *s, upi_equation *q, up_error *err)
{
    up_status status = UP_OK;
    for (int64_t i = 0; i < q->n_params; i++) {
        double *z = q->z + i * q->p;
        memset(z, 0, (size_t)q->p * sizeof *z);
        param_selector(h, s, &h->param[q->first + i], q, z);
        s->theta[q->first + i] = upi_dot(q->p, z, q->coef);
    }
    UP_TRY(upi_tri_solve('T', q->p, q->n_params, q->r, q->p, q->z, q->p, err));
    memcpy(q->influence, q->z, (size_t)(q->p * q->n_params) * sizeof *q->z);
    UP_TRY(upi_tri_solve('N', q->p, q->n_params, q->r, q->p, q->influence, q->p, err));
out:
    return status;
}

/* ---- all regressions ---- */

static up_status
make_equation(const upi_mechanism *h, upi_system *s, int64_t j, const int64_t *keep,
    up_error *err)
{
    up_status status = UP_OK;
    upi_equation *q = &s->equation[j];
    q->response = h->node_column[node_of(h, j)];
    while (q->first < h->n_params && h->param[q->first].equation != j) {
        q->first++;
    }
    while (q->first + q->n_params < h->n_params &&
           h->param[q->first + q->n_params].equation == j) {
        q->n_params++;
    }
    UP_TRY(UP_NEW(&q->column, h->n_columns, err));
    q->p = list_columns(h, j, keep, q->column);
    UP_TRY(UP_NEW(&q->r, q->p * q->p, err));
    UP_TRY(UP_NEW(&q->coef, q->p, err));
    UP_TRY(UP_NEW(&q->influence, q->p * q->n_params, err));
    UP_TRY(UP_NEW(&q->z, q->p * q->n_params, err));
out:
    return status;
}

static up_status
make_equations(const upi_mechanism *h, upi_system *s, up_error *err)
{
    up_status status = UP_OK;
    int64_t *keep = NULL;
    int64_t rank = 0;
    double tolerance = h->model->opts.rank_tolerance;
    UP_TRY(UP_NEW(&keep, h->n_base, err));
    UP_TRY(UP_NEW(&s->theta, h->n_params, err));
    UP_TRY(UP_NEW(&s->equation, h->n + 2 + h->n_tests, err));
    s->n_equations = h->n + 2 + h->n_tests;
    UP_TRY(upi_rank_in_order(h->n_base, s->r, h->n_columns,
        tolerance > 0 ? tolerance : 1e-10, keep, NULL, &rank, err));
    for (int64_t l = 0; l < h->n_levels; l++) {
        if (h->arm_column[l] >= 0 && keep[h->arm_column[l]] == 0) {
            status = refuse_column(h, h->n, h->arm_column[l], err);
            goto out;
        }
    }
    for (int64_t j = 0; j < s->n_equations; j++) {
        UP_TRY(make_equation(h, s, j, keep, err));
    }
out:
    upi_free(keep);
    return status;
}

up_status
upi_system_solve(const upi_mechanism *h, upi_system *s, up_error *err)
{
    up_status status = UP_OK;
    for (int64_t j = 0; j < s->n_equations; j++) {
        UP_TRY(solve_equation(h, s, j, &s->equation[j], err));
        UP_TRY(solve_params(h, s, &s->equation[j], err));
    }
out:
    return status;
}

up_status
upi_system_build(const upi_mechanism *h, upi_system *s, up_error *err)
{
    up_status status = UP_OK;
    UP_TRY(build_triangle(h, s, err));
    UP_TRY(build_means(h, s, err));
    UP_TRY(make_equations(h, s, err));
    UP_TRY(upi_system_solve(h, s, err));
out:
    return status;
}

void
upi_system_free(upi_system *s)
{
    for (int64_t j = 0; s->equation != NULL && j < s->n_equations; j++) {
        upi_equation *q = &s->equation[j];
        upi_free(q->column);
        upi_free(q->r);
        upi_free(q->coef);
        upi_free(q->influence);
        upi_free(q->z);
    }
    upi_free(s->equation);
    upi_free(s->in);
    upi_free(s->segment);
    upi_free(s->period);
    upi_free(s->r);
    upi_free(s->mean);
    upi_free(s->theta);
    *s = (upi_system){0};
}
