/* The meat of independent rows. iid: sigma_ab Q_a'Q_b. HC0-HC3 (White 1980; MacKinnon & White
 * 1985, eq. 12): sum of w^2 phi(h) e_a e_b q q', which is exact from groups because the leverage
 * h = w q'q is constant in a group: rss = M2 + n (ybar - yhat)^2 is never a difference of large
 * numbers (methods/core.md 2.1-2.3; arXiv 2102.11297). Residuals always use the actual X; meat and
 * leverage of the outcome equations use its projection. */
#include "fit/fit.h"
#include "num/matrix.h"

#include <math.h>
#include <string.h>

/* n / (n - p) for HC1, split between the two equations of a pair */
static double
small_sample(const up_model *m, int64_t a, int64_t b)
{
    if (m->opts.vcov != UP_VCOV_HC1) {
        return 1;
    }
    double n = (double)m->n_rows;
    double da = n - (double)upi_model_basis(m, a)->p;
    double db = n - (double)upi_model_basis(m, b)->p;
    return n / sqrt(da * db);
}

up_status
upi_meat_iid(const up_model *m, upi_meat *meat, up_error *err)
{
    (void)err;
    int64_t ne = m->n_equations;
    for (int64_t a = 0, b = 0; b < ne; upi_next_pair(&a, &b)) {
        int64_t pa = upi_model_basis(m, a)->p;
        int64_t pb = upi_model_basis(m, b)->p;
        double df = sqrt((double)(m->n_rows - pa) * (double)(m->n_rows - pb));
        double s = m->cov->rss[a + b * ne] / df;
        double *out = meat->block[upi_packed(a, b)];
        bool mixed = upi_model_basis(m, a) != upi_model_basis(m, b);
        for (int64_t i = 0; i < pa && !mixed; i++) {
            out[i + i * pa] = s;
        }
        for (int64_t i = 0; i < pa * pb && mixed; i++) {
            out[i] = s * m->cov->xz[i];
        }
    }
    return UP_OK;
}

/* ---- groups ---- */

/* Groups by cell: groups of cell k are list[start[k]..start[k+1]). */
typedef struct by_cell {
    int64_t *start, *list;
} by_cell;

static up_status
by_cell_build(const up_model *m, by_cell *c, up_error *err)
{
    up_status status = UP_OK;
    const struct upi_cov *cov = m->cov;
    int64_t n = m->moments->n_groups;
    int64_t *next = NULL;
    UP_TRY(UP_NEW(&c->start, cov->n_cells + 1, err));
    UP_TRY(UP_NEW(&c->list, n, err));
    UP_TRY(UP_NEW(&next, cov->n_cells, err));
    for (int64_t g = 0; g < n; g++) {
        c->start[cov->cell[g] + 1]++;
    }
    for (int64_t k = 0; k < cov->n_cells; k++) {
        c->start[k + 1] += c->start[k];
        next[k] = c->start[k];
    }
    for (int64_t g = 0; g < n; g++) {
        c->list[next[cov->cell[g]]++] = g;
    }
out:
    upi_free(next);
    return status;
}

/* Square roots of phi for both bases, and the largest leverage. */
static void
row_factors(up_model *m, int64_t cell, double w, double phi[2])
{
    const upi_basis *side[2] = {&m->x, &m->z};
    for (int b = 0; b < 2; b++) {
        int64_t p = side[b]->p;
        if (p == 0) {
            phi[b] = 1;
            continue;
        }
        const double *q = upi_cell_map(m, side[b], cell);
        double h = w * upi_dot(p, q, q);
        phi[b] = sqrt(upi_hc_factor(m->opts.vcov, h));
        if (b == 0 && h > m->cov->max_leverage) {
            m->cov->max_leverage = h;
        }
    }
}

/* k[pair] += w^2 phi_a phi_b (M2_ab + n e_a e_b) for one group. e: scratch (E). */
static void
add_group(up_model *model, int64_t g, double *e, double *k)
{
    const up_moments *m = model->moments;
    int64_t cell = model->cov->cell[g];
    double w = upi_group_weight(model, g);
    double phi[2];
    row_factors(model, cell, w, phi);
    int64_t ny = m->ny;
    const double *m2 = m->m2 != NULL ? m->m2 + g * (ny * (ny + 1) / 2) : NULL;
    for (int64_t b = 0; b < model->n_equations; b++) {
        int64_t yb = upi_equation_outcome(model, b);
        double fb = phi[upi_model_basis(model, b) == &model->x ? 0 : 1];
        e[b] = (yb >= 0 ? m->mean[g * ny + yb] - model->cov->y_center[yb] : 0) -
               *upi_cell_fit(model, cell, b);
        for (int64_t a = 0; a <= b; a++) {
            int64_t ya = upi_equation_outcome(model, a);
            double fa = phi[upi_model_basis(model, a) == &model->x ? 0 : 1];
            double within = 0;
            if (ya >= 0 && yb >= 0 && m2 != NULL) {
                within = m2[ya < yb ? upi_packed(ya, yb) : upi_packed(yb, ya)];
            }
            k[upi_packed(a, b)] +=
                w * w * fa * fb * (within + (double)m->n[g] * e[a] * e[b]);
        }
    }
}

enum { CELLS_AT_ONCE = 256 };

/* meat_ab += sum over cells of k_ab q_a q_b', for cells from..from+n; k (pairs, n). */
static void
add_cells(const up_model *m, int64_t from, int64_t n, const double *k, double *scaled,
    upi_meat *meat)
{
    for (int64_t a = 0, b = 0; b < m->n_equations; upi_next_pair(&a, &b)) {
        const upi_basis *ba = upi_model_basis(m, a);
        const upi_basis *bb = upi_model_basis(m, b);
        int64_t pair = upi_packed(a, b);
        double c = small_sample(m, a, b);
        for (int64_t i = 0; i < n; i++) {
            const double *q = upi_cell_map(m, ba, from + i);
            for (int64_t j = 0; j < ba->p; j++) {
                scaled[j + i * ba->p] = q[j] * (c * k[pair + i * meat->n_pairs]);
            }
        }
        upi_gemm('N', 'T', ba->p, bb->p, n, 1, scaled, ba->p, upi_cell_map(m, bb, from),
            bb->p, 1, meat->block[pair], ba->p);
    }
}

up_status
upi_meat_hc(up_model *m, upi_meat *meat, up_error *err)
{
    up_status status = UP_OK;
    by_cell cells = {0};
    double *k = NULL;
    double *e = NULL;
    double *scaled = NULL;
    int64_t p = m->x.p > m->z.p ? m->x.p : m->z.p;
    UP_TRY(by_cell_build(m, &cells, err));
    UP_TRY(UP_NEW(&k, meat->n_pairs * CELLS_AT_ONCE, err));
    UP_TRY(UP_NEW(&e, m->n_equations, err));
    UP_TRY(UP_NEW(&scaled, p * CELLS_AT_ONCE, err));
    for (int64_t from = 0; from < m->cov->n_cells; from += CELLS_AT_ONCE) {
        int64_t n = m->cov->n_cells - from;
        n = n < CELLS_AT_ONCE ? n : CELLS_AT_ONCE;
        memset(k, 0, (size_t)(meat->n_pairs * n) * sizeof *k);
        for (int64_t i = 0; i < n; i++) {
            for (int64_t j = cells.start[from + i]; j < cells.start[from + i + 1];
                 j++) {
                add_group(m, cells.list[j], e, k + i * meat->n_pairs);
            }
        }
        add_cells(m, from, n, k, scaled, meat);
    }
out:
    upi_free(cells.start);
    upi_free(cells.list);
    upi_free(k);
    upi_free(e);
    upi_free(scaled);
    return status;
}

/* ---- rows, through the sums of the second pass ---- */

static void
unpack(int64_t n, const double *packed, double *square)
{
    for (int64_t i = 0, j = 0; j < n; upi_next_pair(&i, &j)) {
        square[i + j * n] = square[j + i * n] = packed[upi_packed(i, j)];
    }
}

/* meat_ab += map_a K map_b' with K (width, width) the sum over the groups of a cell. */
up_status
upi_meat_from_robust(
    const up_model *m, const upi_robust *robust, upi_meat *meat, up_error *err)
{
    up_status status = UP_OK;
    int64_t w = m->cov->width;
    int64_t p = m->x.p > m->z.p ? m->x.p : m->z.p;
    double *k = NULL;
    double *product = NULL;
    UP_TRY(UP_NEW(&k, w * w, err));
    UP_TRY(UP_NEW(&product, p * w, err));
    for (int64_t g = 0; g < m->moments->n_groups; g++) {
        int64_t cell = m->cov->cell[g];
        for (int64_t a = 0, b = 0; b < m->n_equations; upi_next_pair(&a, &b)) {
            const upi_basis *ba = upi_model_basis(m, a);
            const upi_basis *bb = upi_model_basis(m, b);
            int64_t pair = upi_packed(a, b);
            unpack(w, robust->k + (g * robust->n_pairs + pair) * robust->width, k);
            upi_gemm('N', 'N', ba->p, w, w, small_sample(m, a, b),
                upi_cell_map(m, ba, cell), ba->p, k, w, 0, product, ba->p);
            upi_gemm('N', 'T', ba->p, bb->p, w, 1, product, ba->p,
                upi_cell_map(m, bb, cell), bb->p, 1, meat->block[pair], ba->p);
        }
    }
out:
    upi_free(k);
    upi_free(product);
    return status;
}
