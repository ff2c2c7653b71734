/* From groups to rows that a QR can eat. The rows of a group lie in the span of u = (1, x) and y,
 * so 1 + nx + ny rows stand for any number of them (methods/core.md section 2; arXiv 2102.11297).
 * Groups are first merged into cells that share their row of X and Z. Outcomes are shifted by
 * their mean and numbers by their center before anything is squared: what would cancel
 * later is never built. */
#include "fit/fit.h"
#include "num/matrix.h"
#include "num/sum.h"

#include <math.h>
#include <string.h>

/* ---- cells ---- */

static int64_t
model_keys(const up_model *model, int64_t *keys)
{
    int64_t n = 0;
    for (int64_t k = 0; k < model->moments->n_keys; k++) {
        bool used = k == model->treat_key || k == model->inst_key;
        for (int64_t j = 0; j < model->n_base; j++) {
            used = used || model->base[j].key == k;
        }
        if (used) {
            keys[n++] = k;
        }
    }
    return n;
}

/* Open addressing over the groups' codes restricted to the model's keys. */
static int64_t
find_cell(const up_moments *m, const int64_t *keys, int64_t n_keys, int64_t g,
    int64_t *slot, int64_t mask, const int64_t *first)
{
    uint64_t h = 0;
    for (int64_t i = 0; i < n_keys; i++) {
        h = upi_hash_u64(h ^ (uint64_t)(uint32_t)upi_moments_code(m, g, keys[i]));
    }
    int64_t at = (int64_t)(h & (uint64_t)mask);
    for (; slot[at] != 0; at = (at + 1) & mask) {
        int64_t other = first[slot[at] - 1];
        bool same = true;
        for (int64_t i = 0; i < n_keys && same; i++) {
            same =
                upi_moments_code(m, g, keys[i]) == upi_moments_code(m, other, keys[i]);
        }
        if (same) {
            break;
        }
    }
    return at;
}

up_status
upi_cells_build(up_model *model, up_error *err)
{
    up_status status = UP_OK;
    const up_moments *m = model->moments;
    struct upi_cov *cov = model->cov;
    int64_t *keys = NULL;
    int64_t *slot = NULL; /* cell + 1, 0 = free */
    int64_t capacity = 0;
    int64_t size = 64;
    while (size < 2 * m->n_groups) {
        size *= 2;
    }
    UP_TRY(UP_NEW(&keys, m->n_keys, err));
    UP_TRY(UP_NEW(&slot, size, err));
    UP_TRY(UP_NEW(&cov->cell, m->n_groups, err));
    int64_t n_keys = model_keys(model, keys);
    for (int64_t g = 0; g < m->n_groups; g++) {
        int64_t at = find_cell(m, keys, n_keys, g, slot, size - 1, cov->first);
        UP_TRY(UP_RESERVE(&cov->first, &capacity, cov->n_cells + 1, err));
        if (slot[at] == 0) {
            cov->first[cov->n_cells++] = g;
            slot[at] = cov->n_cells;
        }
        cov->cell[g] = slot[at] - 1;
    }
out:
    upi_free(keys);
    upi_free(slot);
    return status;
}

/* ---- the rows of one group ---- */

double
upi_model_center(const up_model *model, int64_t column)
{
    int64_t nx = model->moments->nx;
    if (column >= nx) {
        return model->cov->y_center[column - nx];
    }
    for (int64_t j = 0; j < model->n_base; j++) {
        if (model->base[j].kind == UPI_BASE_X && model->base[j].x == column) {
            return model->base[j].center;
        }
    }
    return 0;
}

/* Drops rows whose part in the first `width` columns is 0, unless `all`; moves the others up. */
static int64_t
pack_rows(double *t, int64_t n, int64_t width, bool all)
{
    int64_t kept = 0;
    for (int64_t i = 0; i < n; i++) {
        bool zero = true;
        int64_t columns = all ? n : width;
        for (int64_t j = i; j < columns && zero; j++) {
            zero = t[i + j * n] == 0;
        }
        if (zero) {
            continue;
        }
        for (int64_t j = 0; j < n && kept < i; j++) {
            t[kept + j * n] = t[i + j * n];
        }
        kept++;
    }
    return kept;
}

static void
triangle_rows(const up_model *model, int64_t g, double *t)
{
    const up_moments *m = model->moments;
    int64_t n = 1 + m->nx + m->ny;
    const double *r = m->tri + g * (n * (n + 1) / 2);
    double s = sqrt(upi_group_weight(model, g));
    for (int64_t j = 0; j < n; j++) {
        for (int64_t i = 0; i < n; i++) {
            t[i + j * n] = i <= j ? s * r[upi_packed(i, j)] : 0;
        }
        if (j > 0) {
            t[j * n] -= t[0] * upi_model_center(model, j - 1);
        }
    }
}

/* mean (nv) and packed m2 with total weight w: a row of means over the Cholesky factor of m2. */
static void
moment_rows(const up_model *model, double w, const double *mean, const double *m2,
    double *square, double *t)
{
    int64_t nv = model->moments->nx + model->moments->ny;
    int64_t n = 1 + nv;
    for (int64_t j = 0; j < nv; j++) {
        for (int64_t i = 0; i <= j; i++) {
            square[i + j * nv] = square[j + i * nv] = m2[upi_packed(i, j)];
        }
    }
    memset(t, 0, (size_t)(n * n) * sizeof *t);
    upi_cholesky_semi(nv, square, nv, 1e-14, t + 1 + n, n);
    t[0] = sqrt(w);
    for (int64_t j = 0; j < nv; j++) {
        t[(1 + j) * n] = t[0] * (mean[j] - upi_model_center(model, j));
    }
}

int64_t
upi_group_rows(const up_model *model, int64_t g, bool all, double *t)
{
    const up_moments *m = model->moments;
    int64_t nv = m->nx + m->ny;
    int64_t n = 1 + nv;
    if (m->form == UPI_TRI) {
        triangle_rows(model, g, t);
        return pack_rows(t, n, model->cov->width, all);
    }
    double w = upi_group_weight(model, g);
    if (m->form == UPI_MEAN && !(all && m->m2 != NULL)) {
        t[0] = sqrt((double)m->n[g] * w);
        for (int64_t j = 0; j < nv; j++) {
            t[(1 + j) * n] = t[0] * (m->mean[g * nv + j] - model->cov->y_center[j]);
        }
        return 1;
    }
    double *square = t + n * n;
    int64_t packed = nv * (nv + 1) / 2;
    const double *m2 = m->m2 + g * packed;
    moment_rows(model, (double)m->n[g], m->mean + g * nv, m2, square, t);
    double s = sqrt(w);
    for (int64_t i = 0; i < n * n; i++) {
        t[i] *= s;
    }
    return pack_rows(t, n, model->cov->width, all);
}

/* ---- the rows of one cell ---- */

/* Sums over the groups of each cell: total weight, mean and centred second
 * moments (Chan). For UPI_MEAN the mean is that of the centred outcomes. */
typedef struct cell_sums {
    int64_t nv, packed;
    double *w, *mean, *m2;
    upi_sum *sum; /* UPI_MEAN: weight, then weight * centred y, per cell */
} cell_sums;

static void
cell_sums_free(cell_sums *c)
{
    upi_free(c->w);
    upi_free(c->mean);
    upi_free(c->m2);
    upi_free(c->sum);
}

static up_status
sum_means(const up_model *model, cell_sums *c, up_error *err)
{
    up_status status = UP_OK;
    const up_moments *m = model->moments;
    const struct upi_cov *cov = model->cov;
    UP_TRY(UP_NEW(&c->sum, cov->n_cells * (1 + c->nv), err));
    for (int64_t g = 0; g < m->n_groups; g++) {
        upi_sum *s = c->sum + cov->cell[g] * (1 + c->nv);
        double w = (double)m->n[g] * upi_group_weight(model, g);
        upi_sum_add(s, w);
        for (int64_t j = 0; j < c->nv; j++) {
            upi_sum_add(s + 1 + j, w * (m->mean[g * c->nv + j] - cov->y_center[j]));
        }
    }
    for (int64_t k = 0; k < cov->n_cells; k++) {
        upi_sum *s = c->sum + k * (1 + c->nv);
        c->w[k] = upi_sum_value(s);
        for (int64_t j = 0; j < c->nv; j++) {
            c->mean[k * c->nv + j] = upi_sum_value(s + 1 + j) / c->w[k];
        }
    }
out:
    return status;
}

static up_status
sum_moments(const up_model *model, cell_sums *c, up_error *err)
{
    up_status status = UP_OK;
    const up_moments *m = model->moments;
    double *d = NULL;
    UP_TRY(UP_NEW(&c->m2, model->cov->n_cells * c->packed, err));
    UP_TRY(UP_NEW(&d, c->nv, err));
    for (int64_t g = 0; g < m->n_groups; g++) {
        int64_t k = model->cov->cell[g];
        double weight = upi_group_weight(model, g);
        double w = (double)m->n[g] * weight;
        double total = c->w[k] + w;
        double *mean = c->mean + k * c->nv;
        double *m2 = c->m2 + k * c->packed;
        const double *own = m->m2 + g * c->packed;
        for (int64_t j = 0; j < c->nv; j++) {
            d[j] = m->mean[g * c->nv + j] - mean[j];
            for (int64_t i = 0; i <= j; i++) {
                int64_t at = upi_packed(i, j);
                m2[at] += weight * own[at] + d[i] * d[j] * (c->w[k] * w / total);
            }
        }
        for (int64_t j = 0; j < c->nv; j++) {
            mean[j] += d[j] * (w / total);
        }
        c->w[k] = total;
    }
out:
    upi_free(d);
    return status;
}

static up_status
cell_sums_build(const up_model *model, cell_sums *c, up_error *err)
{
    up_status status = UP_OK;
    const up_moments *m = model->moments;
    c->nv = m->nx + m->ny;
    c->packed = c->nv * (c->nv + 1) / 2;
    if (m->form == UPI_TRI) {
        return UP_OK;
    }
    UP_TRY(UP_NEW(&c->w, model->cov->n_cells, err));
    UP_TRY(UP_NEW(&c->mean, model->cov->n_cells * c->nv, err));
    UP_TRY(m->form == UPI_MEAN ? sum_means(model, c, err) : sum_moments(model, c, err));
out:
    return status;
}

static int64_t
cell_rows(const up_model *model, const cell_sums *c, int64_t k, double *t)
{
    int64_t n = 1 + c->nv;
    if (model->moments->form == UPI_GRAM) {
        moment_rows(
            model, c->w[k], c->mean + k * c->nv, c->m2 + k * c->packed, t + n * n, t);
        return pack_rows(t, n, n, true);
    }
    t[0] = sqrt(c->w[k]);
    for (int64_t j = 0; j < c->nv; j++) {
        t[(1 + j) * n] = t[0] * c->mean[k * c->nv + j];
    }
    return 1;
}

/* ---- all rows, into one triangle ---- */

enum { BUFFER_ROWS = 512 };

typedef struct stack {
    const up_model *model;
    int64_t n, rows; /* columns; rows waiting in the buffer */
    double *a, *work, *value;
    double *r;
} stack;

static void
flush(stack *s)
{
    if (s->rows > 0) {
        upi_qr_update(s->n, s->r, s->n, s->rows, s->a, BUFFER_ROWS, s->work);
    }
    s->rows = 0;
}

/* The columns of one side from rows t; returns the next column. */
static int64_t
push_columns(stack *s, const upi_basis *b, int64_t group, int64_t column, int64_t rows,
    const double *t)
{
    const up_model *m = s->model;
    int64_t ldt = m->cov->width + m->moments->ny;
    for (int64_t j = 0; j < b->p; j++, column++) {
        double v = upi_term_value(m, b, b->term[j], group);
        const double *from = t + upi_term_place(m, b->term[j]) * ldt;
        double *out = s->a + column * BUFFER_ROWS + s->rows;
        for (int64_t i = 0; i < rows; i++) {
            out[i] = v * from[i];
        }
    }
    return column;
}

/* Rows t (rows, width+ny) of a cell become rows of [Z X Y]. */
static void
push(stack *s, int64_t group, int64_t rows, const double *t)
{
    const up_model *m = s->model;
    int64_t width = m->cov->width;
    int64_t ldt = width + m->moments->ny;
    for (int64_t from = 0; from < rows;) {
        int64_t take = rows - from;
        take = take < BUFFER_ROWS - s->rows ? take : BUFFER_ROWS - s->rows;
        int64_t column = push_columns(s, &m->z, group, 0, take, t + from);
        column = push_columns(s, &m->x, group, column, take, t + from);
        for (int64_t j = 0; j < m->moments->ny; j++, column++) {
            memcpy(s->a + column * BUFFER_ROWS + s->rows, t + from + (width + j) * ldt,
                (size_t)take * sizeof *t);
        }
        s->rows += take;
        from += take;
        if (s->rows == BUFFER_ROWS) {
            flush(s);
        }
    }
}

up_status
upi_triangle_build(const up_model *model, double *r, up_error *err)
{
    up_status status = UP_OK;
    const up_moments *m = model->moments;
    int64_t n = model->z.p + model->x.p + m->ny;
    int64_t width = 1 + m->nx + m->ny;
    stack s = {.model = model, .n = n, .r = r};
    cell_sums sums = {0};
    double *t = NULL;
    UP_TRY(UP_NEW(&s.a, BUFFER_ROWS * n, err));
    UP_TRY(UP_NEW(&s.work, n, err));
    UP_TRY(UP_NEW(&t, 2 * width * width, err));
    UP_TRY(cell_sums_build(model, &sums, err));
    memset(r, 0, (size_t)(n * n) * sizeof *r);
    if (m->form == UPI_TRI) {
        for (int64_t g = 0; g < m->n_groups; g++) {
            push(&s, g, upi_group_rows(model, g, true, t), t);
        }
    } else {
        for (int64_t k = 0; k < model->cov->n_cells; k++) {
            push(&s, model->cov->first[k], cell_rows(model, &sums, k, t), t);
        }
    }
    flush(&s);
out:
    cell_sums_free(&sums);
    upi_free(s.a);
    upi_free(s.work);
    upi_free(t);
    return status;
}
