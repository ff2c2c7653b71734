/* The second pass over the rows: HC covariances with continuous covariates. For every group g and
 * pair of equations it sums K = sum_i w_i^2 phi_i e_ia e_ib u_i u_i' with u = (1, x - center),
 * residuals e_a = y_a - c_ga'u and leverage h = w u'H_g u, from the coefficients of the first pass
 * collapsed to the group; the meat is then map_a K map_b' (methods/core.md 2.5). The rows of a block
 * are gathered by group, so that the sums are one matrix product of u_i u_j by e_a e_b. Sums are kept by
 * range of rows and added in the order of the ranges: the same bits for any number of threads. */
#include "fit/fit.h"
#include "num/matrix.h"

#include <math.h>
#include <pthread.h>
#include <string.h>

enum { GATHER = 128 };

/* What one range of rows gave: sums for the groups it touched. */
typedef struct range_sums {
    int64_t range;
    int64_t n;      /* groups touched */
    int64_t *group; /* (n) */
    double *k;      /* (n, pairs, packed) */
    int64_t capacity_group, capacity_k;
    struct range_sums *next;
} range_sums;

typedef struct worker {
    range_sums *sums;
    int64_t *slot; /* (n_groups): place in sums + 1 */
    int64_t *head; /* (capacity_head): first row of the slot in the block, -1 = none */
    int64_t capacity_head;
    int64_t *touched; /* slots of the block, in order of appearance */
    int64_t *next;    /* next row of the same slot */
    int64_t capacity_touched, capacity_next;
    double *u;  /* (GATHER, width) */
    double *hu; /* (GATHER, width) */
    double *e;  /* (GATHER, E) */
    double *uu; /* (GATHER, packed) */
    double *ee; /* (GATHER, pairs) */
    double *w;  /* (GATHER) */
    double *phi[2];
} worker;

typedef struct second_pass {
    const up_model *m;
    int64_t width, packed, n_pairs;
    bool leverage;  /* HC2 and HC3 */
    double *center; /* (width) */
    double *h[2];   /* per cell (width, width): map'map */
    worker *workers;
    int64_t n_workers;
    pthread_mutex_t lock;
    range_sums *waiting; /* finished ranges whose turn has not come, ascending */
    int64_t turn;
    double *k; /* the result */
} second_pass;

static void
sums_free(range_sums *s)
{
    if (s != NULL) {
        upi_free(s->group);
        upi_free(s->k);
        upi_free(s);
    }
}

static void
worker_free(worker *w)
{
    sums_free(w->sums);
    upi_free(w->slot);
    upi_free(w->head);
    upi_free(w->touched);
    upi_free(w->next);
    upi_free(w->u);
    upi_free(w->hu);
    upi_free(w->e);
    upi_free(w->uu);
    upi_free(w->ee);
    upi_free(w->w);
    upi_free(w->phi[0]);
    upi_free(w->phi[1]);
}

static up_status
begin(void *ctx, int n_workers, up_error *err)
{
    up_status status = UP_OK;
    second_pass *p = ctx;
    UP_TRY(UP_NEW(&p->workers, n_workers, err));
    p->n_workers = n_workers;
    for (int i = 0; i < n_workers; i++) {
        worker *w = &p->workers[i];
        UP_TRY(UP_NEW(&w->slot, p->m->moments->n_groups, err));
        UP_TRY(UP_NEW(&w->u, GATHER * p->width, err));
        UP_TRY(UP_NEW(&w->hu, GATHER * p->width, err));
        UP_TRY(UP_NEW(&w->e, GATHER * p->m->n_equations, err));
        UP_TRY(UP_NEW(&w->uu, GATHER * p->packed, err));
        UP_TRY(UP_NEW(&w->ee, GATHER * p->n_pairs, err));
        UP_TRY(UP_NEW(&w->w, GATHER, err));
        UP_TRY(UP_NEW(&w->phi[0], GATHER, err));
        UP_TRY(UP_NEW(&w->phi[1], GATHER, err));
    }
out:
    return status;
}

/* ---- one block ---- */

/* The slot of a group in the sums of the current range, made if it is new. */
static up_status
find_slot(second_pass *p, worker *w, int64_t group, int64_t *slot, up_error *err)
{
    up_status status = UP_OK;
    range_sums *s = w->sums;
    if (w->slot[group] == 0) {
        int64_t size = p->n_pairs * p->packed;
        UP_TRY(UP_RESERVE(&s->group, &s->capacity_group, s->n + 1, err));
        UP_TRY(UP_RESERVE(&s->k, &s->capacity_k, (s->n + 1) * size, err));
        UP_TRY(UP_RESERVE(&w->head, &w->capacity_head, s->n + 1, err));
        memset(s->k + s->n * size, 0, (size_t)size * sizeof *s->k);
        s->group[s->n] = group;
        w->head[s->n] = -1;
        w->slot[group] = ++s->n;
    }
    *slot = w->slot[group] - 1;
out:
    return status;
}

/* Chains the rows of a block by slot. Walks backwards, so that chains run forwards. */
static up_status
chain_rows(second_pass *p, worker *w, const upi_row_block *b, int64_t *n_touched,
    up_error *err)
{
    up_status status = UP_OK;
    int64_t touched = 0;
    UP_TRY(UP_RESERVE(&w->next, &w->capacity_next, b->n, err));
    UP_TRY(UP_RESERVE(&w->touched, &w->capacity_touched, b->n, err));
    for (int64_t i = b->n - 1; i >= 0; i--) {
        int64_t slot = 0;
        UP_TRY(find_slot(p, w, b->group[i], &slot, err));
        if (w->head[slot] < 0) {
            w->touched[touched++] = slot;
        }
        w->next[i] = w->head[slot];
        w->head[slot] = i;
    }
    *n_touched = touched;
out:
    return status;
}

/* e (n, E): residuals times w sqrt(phi) of their side. */
static void
residuals(second_pass *p, worker *w, const upi_row_block *b, const int64_t *row,
    int64_t n, int64_t cell)
{
    const up_model *m = p->m;
    int64_t nx = m->moments->nx;
    int64_t nv = nx + m->moments->ny;
    upi_gemm('N', 'N', n, m->n_equations, p->width, -1, w->u, GATHER,
        upi_cell_fit(m, cell, 0), p->width, 0, w->e, GATHER);
    for (int64_t a = 0; a < m->n_equations; a++) {
        int64_t y = upi_equation_outcome(m, a);
        const double *phi = w->phi[upi_model_basis(m, a) == &m->x ? 0 : 1];
        double *e = w->e + a * GATHER;
        double center = y >= 0 ? m->cov->y_center[y] : 0;
        for (int64_t i = 0; i < n; i++) {
            double v = y >= 0 ? b->v[row[i] * nv + nx + y] - center : 0;
            e[i] = (v + e[i]) * phi[i];
        }
    }
}

static void
leverages(second_pass *p, worker *w, int64_t n, int64_t cell)
{
    const up_model *m = p->m;
    const upi_basis *side[2] = {&m->x, &m->z};
    for (int b = 0; b < 2; b++) {
        bool wanted = p->leverage && side[b]->p > 0;
        if (wanted) {
            upi_gemm('N', 'N', n, p->width, p->width, 1, w->u, GATHER,
                p->h[b] + cell * p->width * p->width, p->width, 0, w->hu, GATHER);
        }
        for (int64_t i = 0; i < n; i++) {
            double h = 0;
            for (int64_t k = 0; k < p->width && wanted; k++) {
                h += w->hu[i + k * GATHER] * w->u[i + k * GATHER];
            }
            w->phi[b][i] = w->w[i] * sqrt(upi_hc_factor(m->opts.vcov, w->w[i] * h));
        }
    }
}

/* Products of the columns of a (n, k), packed by pairs (i <= j), into out (n, k(k+1)/2). */
static void
products(int64_t n, int64_t k, const double *restrict a, double *restrict out)
{
    for (int64_t j = 0; j < k; j++) {
        for (int64_t i = 0; i <= j; i++) {
            const double *x = a + i * GATHER;
            const double *y = a + j * GATHER;
            double *to = out + upi_packed(i, j) * GATHER;
            for (int64_t r = 0; r < n; r++) {
                to[r] = x[r] * y[r];
            }
        }
    }
}

/* Adds n <= GATHER rows of one group. */
static void
add_rows(second_pass *p, worker *w, const upi_row_block *b, const int64_t *row,
    int64_t n, int64_t slot)
{
    const up_model *m = p->m;
    int64_t nx = m->moments->nx;
    int64_t nv = nx + m->moments->ny;
    int64_t group = w->sums->group[slot];
    int64_t cell = m->cov->cell[group];
    double weight = upi_group_weight(m, group);
    for (int64_t i = 0; i < n; i++) {
        w->u[i] = 1;
        w->w[i] = weight * (b->weight != NULL ? b->weight[row[i]] : 1);
    }
    for (int64_t k = 0; k < nx; k++) {
        for (int64_t i = 0; i < n; i++) {
            w->u[i + (1 + k) * GATHER] = b->v[row[i] * nv + k] - p->center[1 + k];
        }
    }
    leverages(p, w, n, cell);
    residuals(p, w, b, row, n, cell);
    products(n, p->width, w->u, w->uu);
    products(n, m->n_equations, w->e, w->ee);
    upi_gemm('T', 'N', p->packed, p->n_pairs, n, 1, w->uu, GATHER, w->ee, GATHER, 1,
        w->sums->k + slot * p->n_pairs * p->packed, p->packed);
}

static up_status
block(void *ctx, int number, int64_t range, const upi_row_block *b, up_error *err)
{
    up_status status = UP_OK;
    second_pass *p = ctx;
    worker *w = &p->workers[number];
    int64_t touched = 0;
    if (w->sums == NULL) {
        UP_TRY(UP_NEW(&w->sums, 1, err));
        w->sums->range = range;
    }
    UP_TRY(chain_rows(p, w, b, &touched, err));
    int64_t row[GATHER];
    for (int64_t t = 0; t < touched; t++) {
        int64_t slot = w->touched[t];
        int64_t i = w->head[slot];
        w->head[slot] = -1;
        while (i >= 0) {
            int64_t n = 0;
            for (; i >= 0 && n < GATHER; i = w->next[i]) {
                row[n++] = i;
            }
            add_rows(p, w, b, row, n, slot);
        }
    }
out:
    return status;
}

/* ---- ranges in order ---- */

static void
add_range(second_pass *p, const range_sums *s)
{
    int64_t size = p->n_pairs * p->packed;
    for (int64_t i = 0; i < s->n; i++) {
        double *out = p->k + s->group[i] * size;
        for (int64_t j = 0; j < size; j++) {
            out[j] += s->k[i * size + j];
        }
    }
}

/* Adds the waiting ranges whose turn it is, or all of them. */
static void
add_waiting(second_pass *p, bool all)
{
    while (p->waiting != NULL && (all || p->waiting->range == p->turn)) {
        range_sums *s = p->waiting;
        p->waiting = s->next;
        p->turn = s->range + 1;
        add_range(p, s);
        sums_free(s);
    }
}

static up_status
range_end(void *ctx, int number, int64_t range, up_error *err)
{
    up_status status = UP_OK;
    second_pass *p = ctx;
    worker *w = &p->workers[number];
    if (w->sums == NULL) { /* a range without rows still takes its turn */
        UP_TRY(UP_NEW(&w->sums, 1, err));
        w->sums->range = range;
    }
    range_sums *s = w->sums;
    w->sums = NULL;
    for (int64_t i = 0; i < s->n; i++) {
        w->slot[s->group[i]] = 0;
    }
    (void)pthread_mutex_lock(&p->lock);
    range_sums **at = &p->waiting;
    while (*at != NULL && (*at)->range < range) {
        at = &(*at)->next;
    }
    s->next = *at;
    *at = s;
    add_waiting(p, false);
    (void)pthread_mutex_unlock(&p->lock);
out:
    return status;
}

/* ---- the whole pass ---- */

static up_status
pass_new(const up_model *m, second_pass *p, up_error *err)
{
    up_status status = UP_OK;
    const upi_basis *side[2] = {&m->x, &m->z};
    p->m = m;
    p->width = m->cov->width;
    p->packed = p->width * (p->width + 1) / 2;
    p->n_pairs = m->n_equations * (m->n_equations + 1) / 2;
    p->leverage = m->opts.vcov == UP_VCOV_HC2 || m->opts.vcov == UP_VCOV_HC3;
    UP_TRY(UP_NEW(&p->center, p->width, err));
    for (int64_t j = 0; j < m->n_base; j++) {
        if (m->base[j].kind == UPI_BASE_X) {
            p->center[1 + m->base[j].x] = m->base[j].center;
        }
    }
    for (int b = 0; b < 2; b++) {
        int64_t size = p->width * p->width;
        UP_TRY(UP_NEW(&p->h[b], m->cov->n_cells * size, err));
        for (int64_t k = 0; k < m->cov->n_cells && side[b]->p > 0; k++) {
            const double *map = upi_cell_map(m, side[b], k);
            upi_gemm('T', 'N', p->width, p->width, side[b]->p, 1, map, side[b]->p, map,
                side[b]->p, 0, p->h[b] + k * size, p->width);
        }
    }
    UP_TRY(UP_NEW(&p->k, m->moments->n_groups * p->n_pairs * p->packed, err));
out:
    return status;
}

static void
pass_free(second_pass *p)
{
    for (int64_t i = 0; i < p->n_workers; i++) {
        worker_free(&p->workers[i]);
    }
    while (p->waiting != NULL) {
        range_sums *s = p->waiting;
        p->waiting = s->next;
        sums_free(s);
    }
    upi_free(p->workers);
    upi_free(p->center);
    upi_free(p->h[0]);
    upi_free(p->h[1]);
    upi_free(p->k);
    (void)pthread_mutex_destroy(&p->lock);
}

/* The model in one line: a second pass serves exactly the fits that give the same line. */
static up_status
model_line(const up_model *m, char **out, up_error *err)
{
    upi_text text = {0};
    const char *family = m->opts.vcov == UP_VCOV_HC2   ? "HC2"
                         : m->opts.vcov == UP_VCOV_HC3 ? "HC3"
                                                       : "HC0";
    upi_text_addf(&text, "linear %s rows=%lld", family, (long long)m->n_rows);
    const upi_basis *side[2] = {&m->x, &m->z};
    for (int b = 0; b < 2 && side[b]->p > 0; b++) {
        upi_text_addf(&text, " %s ~", b == 0 ? "x" : "z");
        for (int64_t j = 0; j < side[b]->p; j++) {
            upi_text_addf(&text, " %s", side[b]->name[j]);
        }
    }
    up_status status = upi_text_take(&text, out, err);
    upi_text_free(&text);
    return status;
}

static void
robust_free(upi_robust *r)
{
    if (r != NULL) {
        upi_free(r->model);
        upi_free(r->k);
        upi_free(r);
    }
}

static up_status
read_rows(
    up_model *m, const upi_rows *rows, const up_run *run, char **line, up_error *err)
{
    up_status status = UP_OK;
    upi_robust *robust = NULL;
    second_pass p = {.lock = PTHREAD_MUTEX_INITIALIZER};
    UP_TRY(pass_new(m, &p, err));
    UP_TRY(UP_NEW(&robust, 1, err));
    upi_row_visitor visitor = {
        .ctx = &p, .begin = begin, .block = block, .range_end = range_end};
    UP_TRY(rows->visit(rows->ctx, m->moments, &visitor, run, err));
    add_waiting(&p, true);
    robust->model = *line;
    *line = NULL;
    robust->vcov = m->opts.vcov;
    robust->n_equations = m->n_equations;
    robust->n_pairs = p.n_pairs;
    robust->width = p.packed;
    robust->k = p.k;
    p.k = NULL;
    robust_free(m->cov->moments->robust);
    m->cov->moments->robust = robust;
    robust = NULL;
out:
    if (status == UP_E_NEEDS_ROWS) {
        upi_fix(err,
            "ask for the iid covariance, or fit with '%s' while the rows are at hand "
            "before the capsule is saved",
            upi_vcov_name(m->opts.vcov));
    }
    robust_free(robust);
    pass_free(&p);
    return status;
}

up_status
upi_meat_stream(
    up_model *m, const upi_rows *rows, const up_run *run, upi_meat *meat, up_error *err)
{
    up_status status = UP_OK;
    char *line = NULL;
    UP_TRY(model_line(m, &line, err));
    const upi_robust *old = m->moments->robust;
    int64_t width = m->cov->width * (m->cov->width + 1) / 2;
    bool known = old != NULL && old->model != NULL && strcmp(old->model, line) == 0 &&
                 old->n_equations == m->n_equations && old->n_pairs == meat->n_pairs &&
                 old->width == width;
    if (!known) {
        UP_TRY(read_rows(m, rows, run, &line, err));
    }
    UP_TRY(upi_meat_from_robust(m, m->moments->robust, meat, err));
out:
    upi_free(line);
    return status;
}
