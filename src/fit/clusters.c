/* Clusters: which groups they hold, and their rows in orthonormal coordinates. With X = Q R a
 * cluster of rows A has leverage H = Q_c Q_c', and a function f of I - H acts on its residuals.
 * Rows of one group are alike, so they enter as one row times the square root of its weight:
 * f acts as 1 on what is left (methods/core.md 2.4). Everything is done in the smaller of the space
 * of rows and the space of columns. Clusters with the same cells share Q_c, and with the same
 * weights too they share f. */
#include "fit/fit.h"
#include "num/matrix.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* ---- which groups ---- */

typedef struct sort_group {
    uint64_t id[2];
    int64_t group;
} sort_group;

static int
compare_groups(const void *a, const void *b)
{
    const sort_group *x = a;
    const sort_group *y = b;
    for (int i = 0; i < 2; i++) {
        if (x->id[i] != y->id[i]) {
            return x->id[i] < y->id[i] ? -1 : 1;
        }
    }
    return (x->group > y->group) - (x->group < y->group);
}

/* Groups in the order of their clusters, ties in their own. The first way stands in this order
 * already. */
static up_status
order_groups(const up_moments *m, int way, upi_clusters *c, up_error *err)
{
    up_status status = UP_OK;
    sort_group *list = NULL;
    bool sorted = way == 0;
    UP_TRY(UP_NEW(&c->order, m->n_groups, err));
    for (int64_t g = 0; g < m->n_groups; g++) {
        c->order[g] = g;
        sorted = sorted && (g == 0 || m->cluster[0][g - 1] <= m->cluster[0][g]);
    }
    if (sorted) {
        return UP_OK;
    }
    UP_TRY(UP_NEW(&list, m->n_groups, err));
    for (int64_t g = 0; g < m->n_groups; g++) {
        list[g].group = g;
        list[g].id[0] = m->cluster[way == 1 ? 1 : 0][g];
        list[g].id[1] = way == 2 ? m->cluster[1][g] : 0;
    }
    qsort(list, (size_t)m->n_groups, sizeof *list, compare_groups);
    for (int64_t g = 0; g < m->n_groups; g++) {
        c->order[g] = list[g].group;
    }
out:
    upi_free(list);
    return status;
}

static bool
same_cluster(const up_moments *m, int way, int64_t a, int64_t b)
{
    const uint64_t *id = m->cluster[way == 1 ? 1 : 0];
    return id[a] == id[b] && (way != 2 || m->cluster[1][a] == m->cluster[1][b]);
}

static up_status
find_starts(const up_moments *m, int way, upi_clusters *c, up_error *err)
{
    up_status status = UP_OK;
    int64_t n = 0;
    for (int64_t i = 0; i < m->n_groups; i++) {
        n += i == 0 || !same_cluster(m, way, c->order[i - 1], c->order[i]);
    }
    UP_TRY(UP_NEW(&c->start, n + 1, err));
    for (int64_t i = 0; i < m->n_groups; i++) {
        if (i == 0 || !same_cluster(m, way, c->order[i - 1], c->order[i])) {
            c->start[c->n++] = i;
        }
    }
    c->start[c->n] = m->n_groups;
    for (int64_t k = 0; k < c->n; k++) {
        int64_t size = c->start[k + 1] - c->start[k];
        c->largest = size > c->largest ? size : c->largest;
    }
out:
    return status;
}

/* ---- which clusters are alike ---- */

typedef struct sort_cluster {
    uint64_t cells, weights;
    int64_t cluster;
} sort_cluster;

static int
compare_clusters(const void *a, const void *b)
{
    const sort_cluster *x = a;
    const sort_cluster *y = b;
    if (x->cells != y->cells) {
        return x->cells < y->cells ? -1 : 1;
    }
    if (x->weights != y->weights) {
        return x->weights < y->weights ? -1 : 1;
    }
    return (x->cluster > y->cluster) - (x->cluster < y->cluster);
}

static double
row_weight(const up_model *m, int64_t group)
{
    return (double)m->moments->n[group] * upi_group_weight(m, group);
}

up_status
upi_clusters_sort(const up_model *m, upi_clusters *c, up_error *err)
{
    up_status status = UP_OK;
    sort_cluster *list = NULL;
    if (c->sorted != NULL) {
        return UP_OK;
    }
    UP_TRY(UP_NEW(&list, c->n, err));
    UP_TRY(UP_NEW(&c->sorted, c->n, err));
    bool shared = m->moments->nx == 0 && m->moments->form == UPI_MEAN;
    for (int64_t k = 0; k < c->n; k++) {
        list[k].cluster = k;
        for (int64_t i = c->start[k]; shared && i < c->start[k + 1]; i++) {
            int64_t g = c->order[i];
            double w = row_weight(m, g);
            uint64_t bits = 0;
            memcpy(&bits, &w, sizeof bits);
            list[k].cells =
                upi_hash_u64(list[k].cells * 3 ^ (uint64_t)(m->cov->cell[g] + 1));
            list[k].weights = upi_hash_u64(list[k].weights * 3 ^ bits);
        }
    }
    if (shared) {
        qsort(list, (size_t)c->n, sizeof *list, compare_clusters);
    }
    for (int64_t k = 0; k < c->n; k++) {
        c->sorted[k] = list[k].cluster;
    }
out:
    upi_free(list);
    return status;
}

up_status
upi_clusters_build(const up_model *m, int way, upi_clusters *out, up_error *err)
{
    up_status status = order_groups(m->moments, way, out, err);
    return status == UP_OK ? find_starts(m->moments, way, out, err) : status;
}

void
upi_clusters_free(upi_clusters *c)
{
    upi_free(c->order);
    upi_free(c->start);
    upi_free(c->sorted);
    memset(c, 0, sizeof *c);
}

bool
upi_cluster_same_cells(const up_model *m, const upi_clusters *c, int64_t a, int64_t b)
{
    int64_t n = c->start[a + 1] - c->start[a];
    if (m->moments->form != UPI_MEAN || n != c->start[b + 1] - c->start[b]) {
        return false;
    }
    for (int64_t i = 0; i < n; i++) {
        if (m->cov->cell[c->order[c->start[a] + i]] !=
            m->cov->cell[c->order[c->start[b] + i]]) {
            return false;
        }
    }
    return true;
}

bool
upi_cluster_same_weights(const up_model *m, const upi_clusters *c, int64_t a, int64_t b)
{
    for (int64_t i = 0; i < c->start[a + 1] - c->start[a]; i++) {
        if (row_weight(m, c->order[c->start[a] + i]) !=
            row_weight(m, c->order[c->start[b] + i])) {
            return false;
        }
    }
    return true;
}

/* ---- their rows ---- */

static int64_t
smaller(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

up_status
upi_cluster_rows_new(
    const up_model *m, const upi_clusters *c, upi_cluster_rows *out, up_error *err)
{
    up_status status = UP_OK;
    int64_t n = 1 + m->moments->nx + m->moments->ny;
    int64_t rows = c->largest * m->cov->width;
    const upi_basis *side[2] = {&m->x, &m->z};
    *out = (upi_cluster_rows){.m = m, .c = c};
    UP_TRY(UP_NEW(&out->s, rows, err));
    UP_TRY(UP_NEW(&out->e, rows * m->n_equations, err));
    UP_TRY(UP_NEW(&out->t, 2 * n * n, err));
    int64_t widest = 0;
    for (int b = 0; b < 2; b++) {
        int64_t p = side[b]->p;
        int64_t k = smaller(rows, p);
        widest = k > widest ? k : widest;
        UP_TRY(UP_NEW(&out->q[b], rows * p, err));
        UP_TRY(UP_NEW(&out->h[b], k * k, err));
        UP_TRY(UP_NEW(&out->g[b], k * k, err));
    }
    int64_t columns = m->x.p > m->z.p ? m->x.p : m->z.p;
    int64_t scratch = 3 * widest * widest + widest;
    UP_TRY(UP_NEW(&out->work, scratch + rows * columns, err));
out:
    return status;
}

void
upi_cluster_rows_free(upi_cluster_rows *w)
{
    upi_free(w->s);
    upi_free(w->e);
    upi_free(w->t);
    for (int b = 0; b < 2; b++) {
        upi_free(w->q[b]);
        upi_free(w->h[b]);
        upi_free(w->g[b]);
    }
    upi_free(w->work);
}

/* The rows of one group of continuous x: q = t map', e = t_y - t_u fit. */
static void
load_rows(upi_cluster_rows *w, int64_t group, int64_t at, int64_t total)
{
    const up_model *m = w->m;
    int64_t width = m->cov->width;
    int64_t n = width + m->moments->ny;
    int64_t rows = upi_group_rows(m, group, false, w->t);
    int64_t cell = m->cov->cell[group];
    const upi_basis *side[2] = {&m->x, &m->z};
    for (int b = 0; b < 2; b++) {
        if (side[b]->p > 0) {
            upi_gemm('N', 'T', rows, side[b]->p, width, 1, w->t, n,
                upi_cell_map(m, side[b], cell), side[b]->p, 0, w->q[b] + at, total);
        }
    }
    for (int64_t e = 0; e < m->n_equations; e++) {
        int64_t outcome = upi_equation_outcome(m, e);
        const double *fit = upi_cell_fit(m, cell, e);
        for (int64_t i = 0; i < rows; i++) {
            double v = outcome >= 0 ? w->t[i + (width + outcome) * n] : 0;
            for (int64_t u = 0; u < width; u++) {
                v -= w->t[i + u * n] * fit[u];
            }
            w->e[at + i + e * total] = v;
        }
    }
    for (int64_t i = 0; i < rows; i++) {
        w->s[at + i] = 1;
    }
}

static void
load_continuous(upi_cluster_rows *w, int64_t k)
{
    const upi_clusters *c = w->c;
    int64_t total = 0;
    for (int64_t i = c->start[k]; i < c->start[k + 1]; i++) {
        total += upi_group_rows(w->m, c->order[i], false, w->t);
    }
    w->r = total;
    int64_t at = 0;
    for (int64_t i = c->start[k]; i < c->start[k + 1]; i++) {
        load_rows(w, c->order[i], at, total);
        at += upi_group_rows(w->m, c->order[i], false, w->t);
    }
}

void
upi_cluster_load(upi_cluster_rows *w, int64_t k)
{
    const up_model *m = w->m;
    const upi_clusters *c = w->c;
    const upi_basis *side[2] = {&m->x, &m->z};
    w->r = c->start[k + 1] - c->start[k];
    if (m->moments->form != UPI_MEAN) {
        load_continuous(w, k);
    }
    for (int b = 0; b < 2; b++) {
        int64_t p = side[b]->p;
        for (int64_t i = 0; i < w->r && m->moments->form == UPI_MEAN && p > 0; i++) {
            const double *map =
                upi_cell_map(m, side[b], m->cov->cell[c->order[c->start[k] + i]]);
            for (int64_t j = 0; j < p; j++) {
                w->q[b][i + j * w->r] = map[j];
            }
        }
        w->by_row[b] = w->r <= p;
        if (w->by_row[b] && p > 0) {
            upi_gemm('N', 'T', w->r, w->r, p, 1, w->q[b], w->r, w->q[b], w->r, 0,
                w->h[b], w->r);
        }
    }
}

void
upi_cluster_weights(upi_cluster_rows *w, int64_t k)
{
    const upi_clusters *c = w->c;
    for (int64_t i = 0; i < w->r && w->m->moments->form == UPI_MEAN; i++) {
        w->s[i] = sqrt(row_weight(w->m, c->order[c->start[k] + i]));
    }
}

void
upi_cluster_residuals(upi_cluster_rows *w, int64_t k)
{
    const up_model *model = w->m;
    const up_moments *m = model->moments;
    if (m->form != UPI_MEAN) {
        return;
    }
    for (int64_t i = 0; i < w->r; i++) {
        int64_t g = w->c->order[w->c->start[k] + i];
        const double *mean = m->mean + g * m->ny;
        for (int64_t e = 0; e < model->n_equations; e++) {
            int64_t y = upi_equation_outcome(model, e);
            double v = y >= 0 ? mean[y] - model->cov->y_center[y] : 0;
            w->e[i + e * w->r] =
                w->s[i] * (v - *upi_cell_fit(model, model->cov->cell[g], e));
        }
    }
}

/* ---- the adjustment ---- */

double
upi_adjustment_power(int64_t vcov)
{
    return vcov == UP_VCOV_CR2 ? -0.5 : vcov == UP_VCOV_CR3 ? -1 : 0;
}

/* Eigenvalues of I - H below this are rows that decide their own fit: their residual is 0 and the
 * generalised inverse leaves them out. */
double
upi_adjustment_value(double one_minus_lambda, double power)
{
    return one_minus_lambda < 1e-10 ? 0 : pow(one_minus_lambda, power);
}

/* x and y become cosine x - sine y and sine x + cosine y. */
static void
rotate(int64_t n, double *x, double *y, int64_t step, double cosine, double sine)
{
    for (int64_t k = 0; k < n * step; k += step) {
        double a = x[k];
        double b = y[k];
        x[k] = cosine * a - sine * b;
        y[k] = sine * a + cosine * b;
    }
}

/* One Jacobi rotation: makes element (i, j) of a vanish; v collects the rotations. */
static void
annihilate(int64_t n, double *a, double *v, int64_t i, int64_t j)
{
    double b = a[i + j * n];
    if (b == 0) {
        return;
    }
    double theta = (a[j + j * n] - a[i + i * n]) / (2 * b);
    double t = copysign(1, theta) / (fabs(theta) + sqrt(theta * theta + 1));
    double cosine = 1 / sqrt(t * t + 1);
    double sine = t * cosine;
    rotate(n, a + i * n, a + j * n, 1, cosine, sine);
    rotate(n, v + i * n, v + j * n, 1, cosine, sine);
    rotate(n, a + i, a + j, n, cosine, sine);
}

/* Eigenvectors v and values of a (destroyed). For the many clusters of two to six rows the
 * overhead of LAPACK would dominate. */
static void
jacobi(int64_t n, double *a, double *v, double *values)
{
    memset(v, 0, (size_t)(n * n) * sizeof *v);
    for (int64_t i = 0; i < n; i++) {
        v[i + i * n] = 1;
    }
    for (int sweep = 0; sweep < 40; sweep++) {
        double off = 0;
        double on = 0;
        for (int64_t j = 0; j < n; j++) {
            on += a[j + j * n] * a[j + j * n];
            for (int64_t i = 0; i < j; i++) {
                off += a[i + j * n] * a[i + j * n];
            }
        }
        if (off <= 1e-34 * on) {
            break;
        }
        for (int64_t j = 1; j < n; j++) {
            for (int64_t i = 0; i < j; i++) {
                annihilate(n, a, v, i, j);
            }
        }
    }
    for (int64_t i = 0; i < n; i++) {
        values[i] = a[i + i * n];
    }
}

/* Clusters of many rows or columns: where all rows are of one arm, the rank is no more than the
 * columns of that arm. f(I - H) = I + V [f(1 - lambda) - 1] V'. */
static up_status
adjustment_of_many(
    int64_t n, const double *h, double power, double *g, double *work, up_error *err)
{
    double *v = work;
    double *scaled = work + n * n;
    double *values = work + 2 * n * n;
    int64_t rank = 0;
    memcpy(v, h, (size_t)(n * n) * sizeof *h);
    up_status status = upi_eigen_semi(n, v, values, &rank, err);
    if (status != UP_OK) {
        return status;
    }
    for (int64_t j = 0; j < rank; j++) {
        double f = upi_adjustment_value(1 - values[j], power) - 1;
        for (int64_t i = 0; i < n; i++) {
            scaled[i + j * n] = v[i + j * n] * f;
        }
    }
    upi_gemm('N', 'T', n, n, rank, 1, scaled, n, v, n, 0, g, n);
    for (int64_t i = 0; i < n; i++) {
        g[i + i * n] += 1;
    }
    return UP_OK;
}

up_status
upi_adjustment(
    int64_t n, const double *h, double power, double *g, double *work, up_error *err)
{
    if (n == 1) {
        g[0] = upi_adjustment_value(1 - h[0], power);
        return UP_OK;
    }
    if (n > 6) {
        return adjustment_of_many(n, h, power, g, work, err);
    }
    double *v = work;
    double *scaled = work + n * n;
    double *values = work + 2 * n * n;
    memcpy(scaled, h, (size_t)(n * n) * sizeof *h);
    jacobi(n, scaled, v, values);
    for (int64_t j = 0; j < n; j++) {
        double f = upi_adjustment_value(1 - values[j], power);
        for (int64_t i = 0; i < n; i++) {
            scaled[i + j * n] = v[i + j * n] * f;
        }
    }
    for (int64_t i = 0; i < n * n; i++) {
        g[i] = 0;
        for (int64_t k = 0; k < n; k++) {
            g[i] += scaled[i % n + k * n] * v[i / n + k * n];
        }
    }
    return UP_OK;
}

up_status
upi_cluster_adjust(upi_cluster_rows *w, int side, double power, up_error *err)
{
    int64_t p = side == 0 ? w->m->x.p : w->m->z.p;
    int64_t r = w->r;
    if (power == 0 || p == 0 || r == 0) {
        return UP_OK;
    }
    double *h = w->work; /* (k,k), then scratch of upi_adjustment */
    if (w->by_row[side]) {
        for (int64_t j = 0; j < r; j++) {
            for (int64_t i = 0; i < r; i++) {
                h[i + j * r] = w->s[i] * w->h[side][i + j * r] * w->s[j];
            }
        }
        return upi_adjustment(r, h, power, w->g[side], h + r * r, err);
    }
    /* More rows than columns: the same function of Q_c'Q_c acts on the scores. */
    double *weighted = h + p * p;
    for (int64_t j = 0; j < p; j++) {
        for (int64_t i = 0; i < r; i++) {
            weighted[i + j * r] = w->s[i] * w->q[side][i + j * r];
        }
    }
    upi_gemm('T', 'N', p, p, r, 1, weighted, r, weighted, r, 0, h, p);
    return upi_adjustment(p, h, power, w->g[side], h + p * p, err);
}
