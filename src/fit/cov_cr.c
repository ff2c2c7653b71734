/* The clustered meat: sum over clusters c of t_ca t_cb' with t_ca = Q_c' s f(I - H_c) s e_a, where
 * f is 1 (CR0, CR1, CR1S), the power -1/2 (CR2, Bell & McCaffrey 2002) or -1 (CR3). With weights
 * this is the version that is unbiased when the variance of a row is sigma^2 / w
 * (methods/core.md 2.4). All pairs of equations are kept. Sums without an adjustment are, as a
 * rule, left to cov_sparse.c. Clusters with the same cells are summed in the space of their few
 * rows before they meet the columns, so that a million alike clusters cost no more than their
 * data. Clusters are cut into chunks by their number alone and added in order: the same bits for
 * any threads. */
#include "base/pool.h"
#include "fit/fit.h"
#include "num/matrix.h"

#include <math.h>
#include <string.h>

enum { SCORE_ROWS = 256, MOST_CHUNKS = 16, CLUSTERS_PER_CHUNK = 1024 };

up_status
upi_meat_new(const up_model *m, upi_meat *meat, up_error *err)
{
    up_status status = UP_OK;
    meat->n_pairs = m->n_equations * (m->n_equations + 1) / 2;
    UP_TRY(UP_NEW(&meat->block, meat->n_pairs, err));
    for (int64_t a = 0, b = 0; b < m->n_equations; upi_next_pair(&a, &b)) {
        int64_t size = upi_model_basis(m, a)->p * upi_model_basis(m, b)->p;
        UP_TRY(UP_NEW(&meat->block[upi_packed(a, b)], size, err));
    }
out:
    return status;
}

void
upi_meat_free(upi_meat *meat)
{
    for (int64_t i = 0; i < meat->n_pairs && meat->block != NULL; i++) {
        upi_free(meat->block[i]);
    }
    upi_free(meat->block);
    memset(meat, 0, sizeof *meat);
}

/* One chunk of clusters at work. */
typedef struct chunk {
    const up_model *m;
    double power;
    upi_cluster_rows rows;
    upi_meat meat;
    double **score;  /* per equation (p, SCORE_ROWS) */
    int64_t scores;  /* filled columns */
    double *epsilon; /* (r, E) adjusted residuals */
    double *scratch; /* (p) */
    double *sum;     /* (r E, r E) of a class of clusters */
    double *product; /* (p, r) */
} chunk;

enum { MOST_CLASS_ROWS = 8 }; /* clusters with more rows are never summed by class */

static int
side_of(const up_model *m, int64_t equation)
{
    return upi_model_basis(m, equation) == &m->x ? 0 : 1;
}

static void
chunk_free(chunk *c)
{
    if (c->m == NULL) {
        return;
    }
    for (int64_t e = 0; e < c->m->n_equations && c->score != NULL; e++) {
        upi_free(c->score[e]);
    }
    upi_free(c->score);
    upi_free(c->epsilon);
    upi_free(c->scratch);
    upi_free(c->sum);
    upi_free(c->product);
    upi_cluster_rows_free(&c->rows);
    upi_meat_free(&c->meat);
}

static up_status
chunk_new(const up_model *m, const upi_clusters *clusters, chunk *c, up_error *err)
{
    up_status status = UP_OK;
    int64_t ne = m->n_equations;
    int64_t p = m->x.p > m->z.p ? m->x.p : m->z.p;
    c->m = m;
    UP_TRY(upi_cluster_rows_new(m, clusters, &c->rows, err));
    UP_TRY(upi_meat_new(m, &c->meat, err));
    UP_TRY(UP_NEW(&c->score, ne, err));
    for (int64_t e = 0; e < ne; e++) {
        UP_TRY(UP_NEW(&c->score[e], upi_model_basis(m, e)->p * SCORE_ROWS, err));
    }
    UP_TRY(UP_NEW(&c->epsilon, clusters->largest * m->cov->width * ne, err));
    UP_TRY(UP_NEW(&c->scratch, p, err));
    UP_TRY(UP_NEW(&c->sum, ne * ne * MOST_CLASS_ROWS * MOST_CLASS_ROWS, err));
    UP_TRY(UP_NEW(&c->product, p * MOST_CLASS_ROWS, err));
out:
    return status;
}

static void
flush_scores(chunk *c)
{
    const up_model *m = c->m;
    for (int64_t b = 0; b < m->n_equations && c->scores > 0; b++) {
        int64_t pb = upi_model_basis(m, b)->p;
        for (int64_t a = 0; a <= b; a++) {
            int64_t pa = upi_model_basis(m, a)->p;
            upi_gemm('N', 'T', pa, pb, c->scores, 1, c->score[a], pa, c->score[b], pb,
                1, c->meat.block[upi_packed(a, b)], pa);
        }
    }
    c->scores = 0;
}

/* epsilon = s f e of the cluster at hand, for the equations whose adjustment is by row. */
static void
adjust_rows(chunk *c)
{
    const upi_cluster_rows *w = &c->rows;
    int64_t r = w->r;
    for (int64_t e = 0; e < c->m->n_equations; e++) {
        int side = side_of(c->m, e);
        const double *own = w->e + e * r;
        double *out = c->epsilon + e * r;
        bool plain = c->power == 0 || !w->by_row[side];
        for (int64_t i = 0; i < r; i++) {
            double v = plain ? own[i] : 0;
            for (int64_t j = 0; j < r && !plain; j++) {
                v += w->g[side][i + j * r] * own[j];
            }
            out[i] = w->s[i] * v;
        }
    }
}

/* The scores of one cluster, into the buffer. */
static void
push_scores(chunk *c)
{
    const upi_cluster_rows *w = &c->rows;
    for (int64_t e = 0; e < c->m->n_equations; e++) {
        int side = side_of(c->m, e);
        int64_t p = upi_model_basis(c->m, e)->p;
        double *t = c->score[e] + c->scores * p;
        for (int64_t j = 0; j < p; j++) {
            double v = 0;
            for (int64_t i = 0; i < w->r; i++) {
                v += w->q[side][i + j * w->r] * c->epsilon[i + e * w->r];
            }
            t[j] = v;
        }
        if (c->power != 0 && !w->by_row[side]) {
            upi_gemv('N', p, p, w->g[side], p, t, c->scratch);
            memcpy(t, c->scratch, (size_t)p * sizeof *t);
        }
    }
    c->scores++;
    if (c->scores == SCORE_ROWS) {
        flush_scores(c);
    }
}

static void
add_class_sum(chunk *c)
{
    int64_t n = c->rows.r * c->m->n_equations;
    for (int64_t j = 0; j < n; j++) {
        double v = c->epsilon[j];
        double *out = c->sum + j * n;
        for (int64_t i = 0; i < n; i++) {
            out[i] += c->epsilon[i] * v;
        }
    }
}

/* meat_ab += Q_a' S_ab Q_b for the class whose sums are at hand. */
static void
flush_class(chunk *c)
{
    const up_model *m = c->m;
    int64_t r = c->rows.r;
    int64_t n = r * m->n_equations;
    for (int64_t a = 0, b = 0; b < m->n_equations; upi_next_pair(&a, &b)) {
        int64_t pa = upi_model_basis(m, a)->p;
        int64_t pb = upi_model_basis(m, b)->p;
        upi_gemm('T', 'N', pa, r, r, 1, c->rows.q[side_of(m, a)], r,
            c->sum + a * r + b * r * n, n, 0, c->product, pa);
        upi_gemm('N', 'N', pa, pb, r, 1, c->product, pa, c->rows.q[side_of(m, b)], r, 1,
            c->meat.block[upi_packed(a, b)], pa);
    }
}

static up_status
adjust(chunk *c, int64_t cluster, up_error *err)
{
    upi_cluster_weights(&c->rows, cluster);
    up_status status = upi_cluster_adjust(&c->rows, 0, c->power, err);
    return status == UP_OK ? upi_cluster_adjust(&c->rows, 1, c->power, err) : status;
}

/* Clusters sorted[from..to) share their cells. */
static up_status
add_class(chunk *c, int64_t from, int64_t to, up_error *err)
{
    up_status status = UP_OK;
    upi_cluster_rows *w = &c->rows;
    const upi_clusters *clusters = w->c;
    upi_cluster_load(w, clusters->sorted[from]);
    bool by_class = to - from > w->r && w->r <= MOST_CLASS_ROWS && w->by_row[0] &&
                    (w->by_row[1] || c->m->z.p == 0);
    if (by_class) {
        int64_t n = w->r * c->m->n_equations;
        memset(c->sum, 0, (size_t)(n * n) * sizeof *c->sum);
    }
    for (int64_t i = from; i < to; i++) {
        int64_t k = clusters->sorted[i];
        bool again = i > from && upi_cluster_same_weights(
                                     c->m, clusters, clusters->sorted[i - 1], k);
        UP_TRY(again ? UP_OK : adjust(c, k, err));
        upi_cluster_residuals(w, k);
        adjust_rows(c);
        if (by_class) {
            add_class_sum(c);
        } else {
            push_scores(c);
        }
    }
    if (by_class) {
        flush_class(c);
    }
out:
    return status;
}

typedef struct pass {
    const up_model *m;
    const upi_clusters *clusters;
    double power;
    int64_t n_chunks;
    upi_meat *partial; /* (n_chunks) */
} pass;

static up_status
run_chunk(void *ctx, int64_t number, int worker, up_error *err)
{
    (void)worker;
    up_status status = UP_OK;
    pass *p = ctx;
    chunk c = {.power = p->power};
    int64_t from = p->clusters->n * number / p->n_chunks;
    int64_t end = p->clusters->n * (number + 1) / p->n_chunks;
    UP_TRY(chunk_new(p->m, p->clusters, &c, err));
    while (from < end) {
        int64_t to = from + 1;
        while (to < end && upi_cluster_same_cells(p->m, p->clusters,
                               p->clusters->sorted[from], p->clusters->sorted[to])) {
            to++;
        }
        UP_TRY(add_class(&c, from, to, err));
        from = to;
    }
    flush_scores(&c);
    p->partial[number] = c.meat;
    memset(&c.meat, 0, sizeof c.meat);
out:
    chunk_free(&c);
    return status;
}

/* By the size of the problem only: enough for the cores there may be, not too much memory. */
static int64_t
count_chunks(const up_model *m, const upi_clusters *c)
{
    int64_t n = 1 + c->n / CLUSTERS_PER_CHUNK;
    int64_t p = m->x.p + m->z.p;
    double bytes = 8.0 * (double)(m->n_equations * m->n_equations) * (double)(p * p);
    int64_t room = 1 + (int64_t)(64e6 / bytes);
    n = n < MOST_CHUNKS ? n : MOST_CHUNKS;
    return n < room ? n : room;
}

static void
add_meat(const up_model *m, const upi_meat *part, double factor, upi_meat *meat)
{
    for (int64_t a = 0, b = 0; b < m->n_equations; upi_next_pair(&a, &b)) {
        int64_t at = upi_packed(a, b);
        int64_t n = upi_model_basis(m, a)->p * upi_model_basis(m, b)->p;
        for (int64_t k = 0; k < n; k++) {
            meat->block[at][k] += factor * part->block[at][k];
        }
    }
}

up_status
upi_meat_cluster(const up_model *m, upi_clusters *c, double factor, const up_run *run,
    upi_meat *meat, up_error *err)
{
    up_status status = UP_OK;
    pass p = {.m = m, .clusters = c, .power = upi_adjustment_power(m->opts.vcov)};
    if (p.power == 0) {
        bool done = false;
        UP_TRY(upi_meat_sparse(m, c, factor, run, meat, &done, err));
        if (done) {
            return UP_OK;
        }
    }
    UP_TRY(upi_clusters_sort(m, c, err));
    p.n_chunks = count_chunks(m, c);
    UP_TRY(UP_NEW(&p.partial, p.n_chunks, err));
    UP_TRY(upi_pool_run(upi_pool_threads(run), p.n_chunks, run_chunk, &p, run, err));
    for (int64_t i = 0; i < p.n_chunks; i++) {
        add_meat(m, &p.partial[i], factor, meat);
    }
out:
    for (int64_t i = 0; i < p.n_chunks && p.partial != NULL; i++) {
        upi_meat_free(&p.partial[i]);
    }
    upi_free(p.partial);
    return status;
}
