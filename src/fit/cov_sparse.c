/* The clustered meat without adjustment (CR0, CR1, CR1S), from sparse rows. Rows are taken in the
 * coordinates (base function, level of the arm), where those of factors have a handful of entries:
 * with C the 0/1 matrix that adds these coordinates up to the columns of the model,
 *
 *   score of cluster c, equation a     s_ca = sum_i w_i e_ia (row i of the coordinates)
 *   meat in orthonormal coordinates    R^-T C (sum_c s_ca s_cb') C' R^-1
 *
 * so that a cluster costs the square of the few coordinates that it touches, and the columns enter
 * once, at the end. With instruments the rows are those of Z, and Q_x = Q_z (Q_z'Q_x). The
 * products of scores lose the square of the condition of the columns in accuracy; where
 * columns nearly repeat each other, and where rows are not sparse, the caller sums in
 * orthonormal coordinates (cov_cr.c). */
#include "base/pool.h"
#include "fit/fit.h"
#include "num/matrix.h"

#include <math.h>
#include <string.h>

enum { MOST_CHUNKS = 16, CLUSTERS_PER_CHUNK = 1024 };

static const double most_inflation = 1e7; /* of a variance by the other columns */
static const double room = 48e6;          /* bytes of sums that wait for each other */

typedef struct entry {
    int32_t at, place; /* coordinate; which of (1, x) */
    double value;
} entry;

/* The coordinates, and the entries of every cell. */
typedef struct sparse {
    const up_model *m;
    const upi_basis *b;
    int64_t n, levels;
    int32_t *at;    /* (n_base * levels) coordinate of a base function in a level */
    double *center; /* (nx) */
    int64_t *from;  /* (n_cells + 1) into list */
    entry *list;
    const upi_clusters *clusters;
    int64_t n_chunks;
    double **partial; /* (n_chunks) sums, see add_products() */
} sparse;

static void
sparse_free(sparse *s)
{
    upi_free(s->at);
    upi_free(s->center);
    upi_free(s->from);
    upi_free(s->list);
    for (int64_t i = 0; i < s->n_chunks && s->partial != NULL; i++) {
        upi_free(s->partial[i]);
    }
    upi_free(s->partial);
}

/* A base function without interactions has one coordinate for all levels. */
static up_status
number_coordinates(sparse *s, up_error *err)
{
    up_status status = UP_OK;
    const up_model *m = s->m;
    s->levels = m->moments->keys[upi_basis_key(m, s->b)].n_levels;
    UP_TRY(UP_NEW(&s->at, m->n_base * s->levels, err));
    UP_TRY(UP_NEW(&s->center, m->moments->nx, err));
    for (int64_t j = 0; j < m->n_base; j++) {
        bool apart = j == 0 || m->base[j].interacted;
        for (int64_t l = 0; l < s->levels; l++) {
            s->at[j * s->levels + l] = (int32_t)s->n;
            s->n += apart || l == s->levels - 1;
        }
        if (m->base[j].kind == UPI_BASE_X) {
            s->center[m->base[j].x] = m->base[j].center;
        }
    }
out:
    return status;
}

static up_status
list_entries(sparse *s, up_error *err)
{
    up_status status = UP_OK;
    const up_model *m = s->m;
    int64_t key = upi_basis_key(m, s->b), n = 0, capacity = 0;
    UP_TRY(UP_NEW(&s->from, m->cov->n_cells + 1, err));
    for (int64_t c = 0; c < m->cov->n_cells; c++) {
        int64_t group = m->cov->first[c];
        int64_t level = upi_moments_code(m->moments, group, key);
        UP_TRY(UP_RESERVE(&s->list, &capacity, n + m->n_base, err));
        for (int64_t j = 0; j < m->n_base; j++) {
            upi_term term = {j, -1};
            double v = upi_term_value(m, s->b, term, group);
            if (v != 0) {
                s->list[n++] = (entry){
                    s->at[j * s->levels + level], (int32_t)upi_term_place(m, term), v};
            }
        }
        s->from[c + 1] = n;
    }
out:
    return status;
}

/* ---- whether this is the way to go ---- */

/* The length of a column over what the other columns leave of it, squared; the largest. */
static up_status
inflation(const sparse *s, double *out, up_error *err)
{
    up_status status = UP_OK;
    int64_t p = s->b->p;
    double *r = NULL;
    UP_TRY(UP_NEW(&r, p * p, err));
    const double *rinv = s->b == &s->m->x ? s->m->cov->x_rinv : s->m->cov->z_rinv;
    memcpy(r, rinv, (size_t)(p * p) * sizeof *r);
    UP_TRY(upi_tri_inverse(p, r, p, err));
    *out = 0;
    for (int64_t j = 0; j < p; j++) {
        double length = upi_dot(j + 1, r + j * p, r + j * p);
        *out = fmax(*out, length * s->b->bread[j + j * p]);
    }
out:
    upi_free(r);
    return status;
}

/* Compares multiplications; eight at a time where they are dense. */
static bool
is_cheaper(const sparse *s)
{
    const upi_clusters *c = s->clusters;
    const int64_t *cell = s->m->cov->cell;
    double ne = (double)s->m->n_equations, p = (double)s->b->p;
    double here = 0, there = 0;
    for (int64_t k = 0; k < c->n; k++) {
        int64_t touched = 0, rows = c->start[k + 1] - c->start[k];
        for (int64_t i = c->start[k]; i < c->start[k + 1] && touched < s->n; i++) {
            int64_t own = cell[c->order[i]];
            touched += s->from[own + 1] - s->from[own];
        }
        double u = (double)(touched < s->n ? touched : s->n);
        here += u * (u + 1) / 2 * ne * ne;
        there +=
            p * p * ne * (ne + 1) / 16 + (double)(rows * s->m->cov->width) * p * ne;
    }
    return here <= there;
}

/* ---- sums over clusters ---- */

typedef struct worker {
    const sparse *s;
    int64_t touched;
    int32_t *place; /* (n) coordinate -> place among those touched + 1 */
    int32_t *which; /* (n) the coordinates touched */
    double *score;  /* (n, E) of those touched */
    double *a;      /* (width, E) */
    double *mean;   /* (E) */
    double *sum;
} worker;

static void
worker_free(worker *w)
{
    upi_free(w->place);
    upi_free(w->which);
    upi_free(w->score);
    upi_free(w->a);
    upi_free(w->mean);
    upi_free(w->sum);
}

static up_status
worker_new(const sparse *s, worker *w, up_error *err)
{
    up_status status = UP_OK;
    int64_t ne = s->m->n_equations;
    w->s = s;
    UP_TRY(UP_NEW(&w->place, s->n, err));
    UP_TRY(UP_NEW(&w->which, s->n, err));
    UP_TRY(UP_NEW(&w->score, s->n * ne, err));
    UP_TRY(UP_NEW(&w->a, s->m->cov->width * ne, err));
    UP_TRY(UP_NEW(&w->mean, s->m->moments->nx, err));
    UP_TRY(UP_NEW(&w->sum, s->n * (s->n + 1) / 2 * ne * ne, err));
out:
    return status;
}

/* The products of x with the residuals of one equation, beyond those of the means. */
static void
add_within(worker *w, int64_t group, double weight, int64_t equation, const double *fit)
{
    const up_model *model = w->s->m;
    const up_moments *m = model->moments;
    int64_t nv = m->nx + m->ny, ne = model->n_equations;
    int64_t outcome = upi_equation_outcome(model, equation);
    const double *m2 = m->m2 + group * (nv * (nv + 1) / 2);
    for (int64_t k = 0; k < m->nx; k++) {
        double v = outcome >= 0 ? m2[upi_packed(k, m->nx + outcome)] : 0;
        for (int64_t l = 0; l < m->nx; l++) {
            v -= m2[k < l ? upi_packed(k, l) : upi_packed(l, k)] * fit[1 + l];
        }
        w->a[(1 + k) * ne + equation] += weight * v;
    }
}

/* a = sum over the rows of a group of weight (1, x) e', for all equations. */
static void
sum_residuals(worker *w, int64_t group)
{
    const up_model *model = w->s->m;
    const up_moments *m = model->moments;
    int64_t nx = m->nx, ne = model->n_equations;
    const double *mean = m->mean + group * (nx + m->ny);
    double weight = upi_group_weight(model, group);
    for (int64_t k = 0; k < nx; k++) {
        w->mean[k] = mean[k] - w->s->center[k];
    }
    for (int64_t e = 0; e < ne; e++) {
        int64_t y = upi_equation_outcome(model, e);
        const double *fit = upi_cell_fit(model, model->cov->cell[group], e);
        double v = (y >= 0 ? mean[nx + y] - model->cov->y_center[y] : 0) - fit[0];
        for (int64_t k = 0; k < nx; k++) {
            v -= fit[1 + k] * w->mean[k];
        }
        v *= weight * (double)m->n[group];
        w->a[e] = v;
        for (int64_t k = 0; k < nx; k++) {
            w->a[(1 + k) * ne + e] = w->mean[k] * v;
        }
        if (nx > 0) {
            add_within(w, group, weight, e, fit);
        }
    }
}

static void
add_scores(worker *w, int64_t group)
{
    const sparse *s = w->s;
    int64_t ne = s->m->n_equations;
    int64_t cell = s->m->cov->cell[group];
    sum_residuals(w, group);
    for (int64_t i = s->from[cell]; i < s->from[cell + 1]; i++) {
        const entry *x = &s->list[i];
        if (w->place[x->at] == 0) {
            memset(w->score + w->touched * ne, 0, (size_t)ne * sizeof *w->score);
            w->which[w->touched] = x->at;
            w->place[x->at] = (int32_t)++w->touched;
        }
        double *score = w->score + (w->place[x->at] - 1) * ne;
        for (int64_t e = 0; e < ne; e++) {
            score[e] += x->value * w->a[x->place * ne + e];
        }
    }
}

static inline __attribute__((always_inline)) void
add_outer(int64_t ne, const double *restrict x, const double *restrict y,
    double *restrict out)
{
    for (int64_t a = 0; a < ne; a++) {
        for (int64_t b = 0; b < ne; b++) {
            out[a * ne + b] += x[a] * y[b];
        }
    }
}

/* sum[packed(i,j)][a][b] += s_a(i) s_b(j) for coordinates i <= j. With ne known to the compiler
 * the loops unroll. */
static inline __attribute__((always_inline)) void
add_products(worker *w, int64_t ne)
{
    for (int64_t k = 0; k < w->touched; k++) {
        for (int64_t l = 0; l <= k; l++) {
            bool first = w->which[k] < w->which[l];
            int64_t i = first ? k : l, j = first ? l : k;
            double *out = w->sum + upi_packed(w->which[i], w->which[j]) * ne * ne;
            add_outer(ne, w->score + i * ne, w->score + j * ne, out);
        }
    }
}

static void
finish_cluster(worker *w)
{
    switch (w->s->m->n_equations) {
    case 1:
        add_products(w, 1);
        break;
    case 2:
        add_products(w, 2);
        break;
    case 3:
        add_products(w, 3);
        break;
    case 4:
        add_products(w, 4);
        break;
    case 5:
        add_products(w, 5);
        break;
    case 6:
        add_products(w, 6);
        break;
    default:
        add_products(w, w->s->m->n_equations);
        break;
    }
    for (int64_t i = 0; i < w->touched; i++) {
        w->place[w->which[i]] = 0;
    }
    w->touched = 0;
}

static up_status
run_chunk(void *ctx, int64_t number, int index, up_error *err)
{
    (void)index;
    up_status status = UP_OK;
    sparse *s = ctx;
    const upi_clusters *c = s->clusters;
    worker w = {0};
    UP_TRY(worker_new(s, &w, err));
    int64_t end = c->n * (number + 1) / s->n_chunks;
    for (int64_t k = c->n * number / s->n_chunks; k < end; k++) {
        for (int64_t i = c->start[k]; i < c->start[k + 1]; i++) {
            add_scores(&w, c->order[i]);
        }
        finish_cluster(&w);
    }
    s->partial[number] = w.sum;
    w.sum = NULL;
out:
    worker_free(&w);
    return status;
}

/* By the size of the problem only. */
static int64_t
count_chunks(const sparse *s)
{
    double ne = (double)s->m->n_equations, n = (double)s->n;
    int64_t most = 1 + (int64_t)(room / (4 * n * (n + 1) * ne * ne));
    int64_t wanted = 1 + s->clusters->n / CLUSTERS_PER_CHUNK;
    wanted = wanted < MOST_CHUNKS ? wanted : MOST_CHUNKS;
    return wanted < most ? wanted : most;
}

static up_status
sum_clusters(sparse *s, const up_run *run, up_error *err)
{
    up_status status = UP_OK;
    int64_t ne = s->m->n_equations;
    int64_t size = s->n * (s->n + 1) / 2 * ne * ne;
    s->n_chunks = count_chunks(s);
    UP_TRY(UP_NEW(&s->partial, s->n_chunks, err));
    UP_TRY(upi_pool_run(upi_pool_threads(run), s->n_chunks, run_chunk, s, run, err));
    for (int64_t c = 1; c < s->n_chunks; c++) {
        for (int64_t i = 0; i < size; i++) {
            s->partial[0][i] += s->partial[c][i];
        }
        upi_free(s->partial[c]);
        s->partial[c] = NULL;
    }
out:
    return status;
}

/* ---- to orthonormal coordinates ---- */

/* t (p, n) = rinv' C of the basis at hand. */
static void
fill_map(const sparse *s, double *t)
{
    const up_model *m = s->m;
    const upi_basis *b = s->b;
    const double *rinv = b == &m->x ? m->cov->x_rinv : m->cov->z_rinv;
    for (int64_t j = 0; j < b->p; j++) {
        for (int64_t l = 0; l < s->levels; l++) {
            int64_t at = s->at[b->term[j].base * s->levels + l];
            bool again = l > 0 && at == s->at[b->term[j].base * s->levels + l - 1];
            bool own = b->term[j].level < 0 || b->term[j].level == l;
            for (int64_t i = j; i < b->p && own && !again; i++) {
                t[i + at * b->p] += rinv[j + i * b->p];
            }
        }
    }
}

/* The sums of one pair of equations as a full matrix (n, n). */
static void
unpack(const sparse *s, int64_t a, int64_t b, double *full)
{
    int64_t ne = s->m->n_equations;
    const double *sum = s->partial[0];
    for (int64_t j = 0; j < s->n; j++) {
        for (int64_t i = 0; i <= j; i++) {
            const double *own = sum + upi_packed(i, j) * ne * ne;
            full[i + j * s->n] = own[a * ne + b];
            full[j + i * s->n] = own[b * ne + a];
        }
    }
}

static up_status
transform(const sparse *s, double factor, upi_meat *meat, up_error *err)
{
    up_status status = UP_OK;
    const up_model *m = s->m;
    int64_t n = s->n, p = s->b->p;
    double *t[2] = {NULL, NULL}; /* of X and Z */
    double *full = NULL, *half = NULL;
    int side = s->b == &m->x ? 0 : 1;
    UP_TRY(UP_NEW(&t[side], p * n, err));
    UP_TRY(UP_NEW(&full, n * n, err));
    UP_TRY(UP_NEW(&half, (m->x.p > p ? m->x.p : p) * n, err));
    fill_map(s, t[side]);
    if (side == 1) {
        UP_TRY(UP_NEW(&t[0], m->x.p * n, err));
        upi_gemm(
            'N', 'N', m->x.p, n, p, 1, m->cov->xz, m->x.p, t[1], p, 0, t[0], m->x.p);
    }
    for (int64_t a = 0, b = 0; b < m->n_equations; upi_next_pair(&a, &b)) {
        const upi_basis *ba = upi_model_basis(m, a), *bb = upi_model_basis(m, b);
        unpack(s, a, b, full);
        upi_gemm('N', 'N', ba->p, n, n, factor, t[ba == &m->x ? 0 : 1], ba->p, full, n,
            0, half, ba->p);
        upi_gemm('N', 'T', ba->p, bb->p, n, 1, half, ba->p, t[bb == &m->x ? 0 : 1],
            bb->p, 1, meat->block[upi_packed(a, b)], ba->p);
    }
out:
    upi_free(t[0]);
    upi_free(t[1]);
    upi_free(full);
    upi_free(half);
    return status;
}

up_status
upi_meat_sparse(const up_model *m, const upi_clusters *c, double factor,
    const up_run *run, upi_meat *meat, bool *done, up_error *err)
{
    up_status status = UP_OK;
    sparse s = {.m = m, .b = m->design.iv ? &m->z : &m->x, .clusters = c};
    double most = 0;
    *done = false;
    if (m->moments->form == UPI_TRI) {
        return UP_OK;
    }
    UP_TRY(number_coordinates(&s, err));
    UP_TRY(inflation(&s, &most, err));
    if (!(most <= most_inflation)) {
        goto out;
    }
    UP_TRY(list_entries(&s, err));
    if (is_cheaper(&s)) {
        UP_TRY(sum_clusters(&s, run, err));
        UP_TRY(transform(&s, factor, meat, err));
        *done = true;
    }
out:
    sparse_free(&s);
    return status;
}
