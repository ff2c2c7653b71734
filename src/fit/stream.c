/* The second pass over the rows: HC covariances with continuous covariates. For every group g and
 * pair of equations it sums K = sum_i w_i^2 phi_i e_ia e_ib u_i u_i' with u = (1, x - center),
 * residuals e_a = y_a - c_ga'u and leverage h = w u'H_g u, from the coefficients of the first pass
 * collapsed to the group; the meat is then map_a K map_b' (methods/core.md 2.5). The rows of a block
 * are gathered by group, so that the sums are products of matrices (tile.c). Sums are kept by range
 * of rows and added in the order of the ranges: the same bits for any number of threads. */
#include "fit/fit.h"
#include "fit/tile.h"

#include <math.h>
#include <pthread.h>
#include <string.h>

/* What one range of rows gave: sums for the groups it touched. */
typedef struct range_sums {
    int64_t range;
    int64_t n;      /* groups touched */
    int64_t *group; /* (n) */
    double *k;      /* (n, pairs, ld_uu) */
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
    upi_tile tile;
} worker;

typedef struct second_pass {
    const up_model *m;
    upi_tile_plan plan;
    int64_t packed;
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
    upi_tile_free(&w->tile);
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
        UP_TRY(upi_tile_make(&p->plan, &w->tile, err));
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
        int64_t size = p->plan.n_pairs * p->plan.ld_uu;
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

/* The rows of one slot, a tile at a time. */
static void
add_slot(second_pass *p, worker *w, const upi_row_block *b, int64_t slot)
{
    int64_t row[UPI_TILE_ROWS];
    int64_t group = w->sums->group[slot];
    upi_tile_rows rows = {.block = b,
        .row = row,
        .cell = p->m->cov->cell[group],
        .weight = upi_group_weight(p->m, group)};
    int64_t i = w->head[slot];
    w->head[slot] = -1;
    while (i >= 0) {
        for (rows.n = 0; i >= 0 && rows.n < UPI_TILE_ROWS; i = w->next[i]) {
            row[rows.n++] = i;
        }
        upi_tile_add(&p->plan, &w->tile, &rows,
            w->sums->k + slot * p->plan.n_pairs * p->plan.ld_uu);
    }
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
    for (int64_t t = 0; t < touched; t++) {
        add_slot(p, w, b, w->touched[t]);
    }
out:
    return status;
}

/* ---- ranges in order ---- */

static void
add_range(second_pass *p, const range_sums *s)
{
    int64_t n_pairs = p->plan.n_pairs;
    for (int64_t i = 0; i < s->n * n_pairs; i++) {
        const double *from = s->k + i * p->plan.ld_uu;
        double *to = p->k + (s->group[i / n_pairs] * n_pairs + i % n_pairs) * p->packed;
        for (int64_t j = 0; j < p->packed; j++) {
            to[j] += from[j];
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
    p->m = m;
    p->packed = m->cov->width * (m->cov->width + 1) / 2;
    UP_TRY(upi_tile_plan_make(m, &p->plan, err));
    UP_TRY(UP_NEW(&p->k, m->moments->n_groups * p->plan.n_pairs * p->packed, err));
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
    upi_tile_plan_free(&p->plan);
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
    const upi_robust *stored = m->moments->robust;
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
    robust->n_pairs = p.plan.n_pairs;
    robust->width = p.packed;
    robust->k = p.k;
    p.k = NULL;
    robust_free(m->cov->moments->robust);
    m->cov->moments->robust = robust;
    robust = NULL;
out:
    if (status == UP_E_NEEDS_ROWS && stored != NULL) {
        upi_fix(err,
            "ask for '%s', which the capsule was fitted with, and the same model; or "
            "fit with '%s' on the rows",
            upi_vcov_name(stored->vcov), upi_vcov_name(m->opts.vcov));
    } else if (status == UP_E_NEEDS_ROWS) {
        upi_fix(err,
            "give --cluster with the column of the unit, or leave the continuous "
            "covariates out; or fit with --vcov %s on the rows and save that",
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
