/* The joint covariance of the parameters of all regressions: every row gives one vector of scores,
 * that of all equations together (methods/core.md 8.2).
 *
 *   psi_i = (.., B_k x_ki w_i e_ki sqrt(phi_ki), ..),   V = sum_i psi_i psi_i'            (3)
 *
 * with phi = 1 (HC0), 1/(1 - h) (HC2), 1/(1 - h)^2 (HC3), or times sqrt(n/(n - p_k)) (HC1); with
 * clusters psi is summed within each first (clusters.c). Under iid errors the block of equations
 * k and l is s_kl B_k X_k'X_l B_l. The total effect is one of the equations, so that its row has
 * the standard error of its own regression. HC needs products of residuals over rows, which no
 * second moment holds: one more pass, summed by ranges of rows that are added in their order. */
#include "num/matrix.h"
#include "num/rng.h"
#include "why/mediation.h"

#include <math.h>
#include <pthread.h>
#include <string.h>

/* ---- scores of one row ---- */

/* Adds the scores of one row (or row that stands for some) u of group g to psi (Q), which is then
 * complete for the systems that hold g. x: scratch (n_columns). */
static void
row_scores(const upi_stack *s, int64_t g, const double *u, double weight, double *x,
    double *psi)
{
    int64_t vcov = s->h->model->opts.vcov;
    bool leverage = vcov == UP_VCOV_HC2 || vcov == UP_VCOV_HC3;
    for (int64_t k = 0; k < s->n_systems; k++) {
        const upi_system *y = &s->system[k];
        for (int64_t j = 0; j < y->n_equations && y->in[g] != 0; j++) {
            const upi_equation *q = &y->equation[j];
            double e = u[q->response];
            for (int64_t i = 0; i < q->p; i++) {
                x[i] = u[q->column[i]];
                e -= q->coef[i] * x[i];
            }
            double *out = psi + k * s->h->n_params + q->first;
            for (int64_t i = 0; i < q->n_params; i++) {
                out[i] = upi_dot(q->p, q->influence + i * q->p, x);
            }
            double scale = weight * e;
            if (leverage) {
                (void)upi_tri_solve('T', q->p, 1, q->r, q->p, x, q->p, NULL);
                scale *= sqrt(upi_hc_factor(vcov, weight * upi_dot(q->p, x, x)));
            } else if (vcov == UP_VCOV_HC1) {
                double n = (double)y->rows;
                scale *= sqrt(n / (n - (double)q->p));
            }
            for (int64_t i = 0; i < q->n_params; i++) {
                out[i] *= scale;
            }
        }
    }
}

/* cov += psi psi' over the systems that hold group g; upper triangle. */
static void
add_square(const upi_stack *s, int64_t g, const double *psi, double *cov)
{
    int64_t n = s->h->n_params;
    int64_t all = n * s->n_systems;
    for (int64_t j = 0; j < all; j++) {
        int64_t own = j / n;
        for (int64_t a = 0; a <= own && s->system[own].in[g] != 0; a++) {
            int64_t end = s->system[a].in[g] == 0 ? a * n
                          : a == own              ? j + 1
                                                  : (a + 1) * n;
            for (int64_t i = a * n; i < end; i++) {
                cov[i + j * all] += psi[i] * psi[j];
            }
        }
    }
}

static void
add_gram(const upi_stack *s, int64_t g, const double *u, double weight, int64_t block,
    double *gram)
{
    for (int64_t k = 0; k < s->n_systems; k++) {
        double *to = gram + (block * s->n_systems + k) * s->blocks.packed;
        for (int64_t j = 0; j < s->h->n_columns && s->system[k].in[g] != 0; j++) {
            double w = weight * u[j];
            for (int64_t i = 0; i <= j; i++) {
                *to++ += w * u[i];
            }
        }
    }
}

/* ---- rows ---- */

typedef struct range_sums {
    int64_t range;
    double *cov, *gram;
    struct range_sums *next;
} range_sums;

typedef struct row_worker {
    range_sums *sums;
    int64_t group, rows; /* whose values are at hand; rows of the range so far */
    double *value, *t, *u, *x, *psi;
} row_worker;

typedef struct row_pass {
    upi_stack *s;
    bool robust; /* scores are wanted, else Grams alone */
    int64_t size;
    row_worker *worker;
    int64_t n_workers;
    pthread_mutex_t lock;
    range_sums *waiting; /* ranges whose turn has not come, ascending */
    int64_t turn;
} row_pass;

static void
sums_free(range_sums *r)
{
    if (r != NULL) {
        upi_free(r->cov);
        upi_free(r->gram);
        upi_free(r);
    }
}

static int64_t
gram_size(const upi_stack *s)
{
    return s->blocks.gram == NULL
               ? 0
               : s->blocks.n_blocks * s->n_systems * s->blocks.packed;
}

static up_status
sums_new(const row_pass *p, int64_t range, range_sums **out, up_error *err)
{
    up_status status = UP_OK;
    range_sums *r = NULL;
    UP_TRY(UP_NEW(&r, 1, err));
    r->range = range;
    UP_TRY(UP_NEW(&r->cov, p->size * p->size, err));
    UP_TRY(UP_NEW(&r->gram, gram_size(p->s), err));
    *out = r;
    r = NULL;
out:
    sums_free(r);
    return status;
}

static up_status
begin(void *ctx, int n_workers, up_error *err)
{
    up_status status = UP_OK;
    row_pass *p = ctx;
    const upi_mechanism *h = p->s->h;
    const up_moments *m = h->model->moments;
    UP_TRY(UP_NEW(&p->worker, n_workers, err));
    p->n_workers = n_workers;
    for (int i = 0; i < n_workers; i++) {
        row_worker *w = &p->worker[i];
        w->group = -1;
        UP_TRY(UP_NEW(&w->value, h->n_columns, err));
        UP_TRY(UP_NEW(&w->t, 1 + m->nx + m->ny, err));
        UP_TRY(UP_NEW(&w->u, h->n_columns, err));
        UP_TRY(UP_NEW(&w->x, h->n_columns, err));
        UP_TRY(UP_NEW(&w->psi, p->size, err));
    }
out:
    return status;
}

/* Rows fall into blocks by a hash of where they stand, which no number of threads changes. */
static int64_t
block_of_row(const upi_stack *s, int64_t range, int64_t row)
{
    uint64_t h = upi_hash_u64(upi_hash_u64((uint64_t)range + 1) + (uint64_t)row);
    return (int64_t)(h % (uint64_t)s->blocks.n_blocks);
}

static up_status
block(void *ctx, int number, int64_t range, const upi_row_block *b, up_error *err)
{
    up_status status = UP_OK;
    row_pass *p = ctx;
    row_worker *w = &p->worker[number];
    const upi_mechanism *h = p->s->h;
    int64_t nv = h->model->moments->nx + h->model->moments->ny;
    if (w->sums == NULL) {
        UP_TRY(sums_new(p, range, &w->sums, err));
        w->rows = 0;
    }
    for (int64_t i = 0; i < b->n; i++, w->rows++) {
        int64_t g = b->group[i];
        if (g != w->group) {
            upi_pool_values(h, g, w->value);
            w->group = g;
        }
        double weight = upi_group_weight(h->model, g);
        weight *= b->weight != NULL ? b->weight[i] : 1;
        w->t[0] = 1;
        for (int64_t j = 0; j < nv; j++) {
            w->t[1 + j] = b->v[i * nv + j] - upi_model_center(h->model, j);
        }
        upi_pool_row(h, w->value, w->t, 1, w->u);
        if (p->robust) {
            row_scores(p->s, g, w->u, weight, w->x, w->psi);
            add_square(p->s, g, w->psi, w->sums->cov);
        }
        if (p->s->blocks.gram != NULL) {
            add_gram(p->s, g, w->u, weight, block_of_row(p->s, range, w->rows),
                w->sums->gram);
        }
    }
out:
    return status;
}

static void
add_waiting(row_pass *p, bool all)
{
    while (p->waiting != NULL && (all || p->waiting->range == p->turn)) {
        range_sums *r = p->waiting;
        p->waiting = r->next;
        p->turn = r->range + 1;
        for (int64_t i = 0; i < p->size * p->size && p->robust; i++) {
            p->s->cov[i] += r->cov[i];
        }
        for (int64_t i = 0; i < gram_size(p->s); i++) {
            p->s->blocks.gram[i] += r->gram[i];
        }
        sums_free(r);
    }
}

static up_status
range_end(void *ctx, int number, int64_t range, up_error *err)
{
    up_status status = UP_OK;
    row_pass *p = ctx;
    row_worker *w = &p->worker[number];
    if (w->sums == NULL) { /* a range without rows still takes its turn */
        UP_TRY(sums_new(p, range, &w->sums, err));
    }
    range_sums *r = w->sums;
    w->sums = NULL;
    (void)pthread_mutex_lock(&p->lock);
    range_sums **at = &p->waiting;
    while (*at != NULL && (*at)->range < range) {
        at = &(*at)->next;
    }
    r->next = *at;
    *at = r;
    add_waiting(p, false);
    (void)pthread_mutex_unlock(&p->lock);
out:
    return status;
}

static void
pass_free(row_pass *p)
{
    for (int64_t i = 0; i < p->n_workers; i++) {
        row_worker *w = &p->worker[i];
        sums_free(w->sums);
        upi_free(w->value);
        upi_free(w->t);
        upi_free(w->u);
        upi_free(w->x);
        upi_free(w->psi);
    }
    while (p->waiting != NULL) {
        range_sums *r = p->waiting;
        p->waiting = r->next;
        sums_free(r);
    }
    upi_free(p->worker);
    (void)pthread_mutex_destroy(&p->lock);
}

static up_status
read_rows(upi_stack *s, bool robust, const up_run *run, up_error *err)
{
    up_status status = UP_OK;
    row_pass p = {.s = s,
        .robust = robust,
        .size = s->n_systems * s->h->n_params,
        .lock = PTHREAD_MUTEX_INITIALIZER};
    upi_row_visitor visitor = {
        .ctx = &p, .begin = begin, .block = block, .range_end = range_end};
    UP_TRY(upi_moments_visit_rows(s->h->model->moments, &visitor, run, err));
    add_waiting(&p, true);
out:
    if (status == UP_E_NEEDS_ROWS) {
        upi_fix(err,
            robust ? "ask for the iid covariance, whose sums the capsule has; or give "
                     "the rows"
                   : "ask for the delta or Monte Carlo interval; or give the rows");
    }
    pass_free(&p);
    return status;
}

/* ---- iid ---- */

/* Residuals of an equation as a vector in the coordinates of R (n_columns). */
static void
residual_vector(
    const upi_mechanism *h, const upi_system *s, const upi_equation *q, double *e)
{
    int64_t n = h->n_columns;
    memcpy(e, s->r + q->response * n, (size_t)n * sizeof *e);
    for (int64_t i = 0; i < q->p; i++) {
        for (int64_t a = 0; a < n; a++) {
            e[a] -= q->coef[i] * s->r[a + q->column[i] * n];
        }
    }
}

/* R times the influence vector of a parameter: what it weighs the rows by. */
static void
influence_vector(const upi_mechanism *h, const upi_system *s, const upi_equation *q,
    int64_t param, double *out)
{
    int64_t n = h->n_columns;
    memset(out, 0, (size_t)n * sizeof *out);
    for (int64_t i = 0; i < q->p; i++) {
        double w = q->influence[i + param * q->p];
        for (int64_t a = 0; a < n; a++) {
            out[a] += w * s->r[a + q->column[i] * n];
        }
    }
}

static up_status
add_iid(upi_stack *s, int64_t system, up_error *err)
{
    up_status status = UP_OK;
    const upi_mechanism *h = s->h;
    const upi_system *y = &s->system[system];
    int64_t n = h->n_columns;
    int64_t all = s->n_systems * h->n_params;
    double *e = NULL;
    double *v = NULL;
    UP_TRY(UP_NEW(&e, n * y->n_equations, err));
    UP_TRY(UP_NEW(&v, n * h->n_params, err));
    for (int64_t j = 0; j < y->n_equations; j++) {
        const upi_equation *q = &y->equation[j];
        residual_vector(h, y, q, e + j * n);
        for (int64_t i = 0; i < q->n_params; i++) {
            influence_vector(h, y, q, i, v + (q->first + i) * n);
        }
    }
    for (int64_t b = 0; b < h->n_params; b++) {
        int64_t l = h->param[b].equation;
        double dl = (double)(y->rows - y->equation[l].p);
        for (int64_t a = 0; a <= b; a++) {
            int64_t k = h->param[a].equation;
            double dk = (double)(y->rows - y->equation[k].p);
            double sigma = upi_dot(n, e + k * n, e + l * n) / sqrt(dk * dl);
            s->cov[system * h->n_params + a + (system * h->n_params + b) * all] =
                sigma * upi_dot(n, v + a * n, v + b * n);
        }
    }
out:
    upi_free(e);
    upi_free(v);
    return status;
}

/* ---- all of it ---- */

static up_status
scores_of_rows(upi_stack *s, const up_run *run, up_error *err)
{
    up_status status = UP_OK;
    bool robust = s->h->model->opts.vcov != UP_VCOV_IID;
    if (robust || s->blocks.gram != NULL) {
        UP_TRY(read_rows(s, robust, run, err));
    }
    for (int64_t k = 0; k < s->n_systems && !robust; k++) {
        UP_TRY(add_iid(s, k, err));
    }
out:
    return status;
}

up_status
upi_stack_scores(upi_stack *s, const up_run *run, up_error *err)
{
    up_status status = UP_OK;
    int64_t all = s->n_systems * s->h->n_params;
    UP_TRY(UP_NEW(&s->cov, all * all, err));
    if (upi_vcov_clustered(s->h->model->opts.vcov)) {
        UP_TRY(upi_stack_clusters(s, run, err));
    } else {
        UP_TRY(scores_of_rows(s, run, err));
    }
    for (int64_t j = 0; j < all; j++) {
        for (int64_t i = 0; i < j; i++) {
            s->cov[j + i * all] = s->cov[i + j * all];
        }
    }
out:
    return status;
}
