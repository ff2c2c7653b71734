/* The scores of a log whose covariates are continuous, in a second pass over the rows. Each
 * range of rows keeps its own sums, which are added in the order of the ranges: the same bits
 * for any number of threads. */
#include "decide/value.h"

#include <math.h>
#include <pthread.h>
#include <string.h>

/* What one range of rows gave. With clusters also the sums of the groups it touched. */
typedef struct range_part {
    int64_t range;
    upi_score_sum sum;
    double max_weight, uncovered;
    int64_t n, *group;
    double *total; /* (n, scores) */
    int64_t group_capacity, total_capacity;
    struct range_part *next;
} range_part;

typedef struct worker {
    range_part *part;
    int64_t *slot; /* (groups) place in the part + 1; only with clusters */
} worker;

typedef struct visit {
    upi_log *g;
    worker *workers;
    int n_workers;
    pthread_mutex_t lock;
    range_part *done; /* ascending by range */
} visit;

static void
part_free(range_part *p)
{
    if (p != NULL) {
        upi_score_sum_free(&p->sum);
        upi_free(p->group);
        upi_free(p->total);
    }
    upi_free(p);
}

static up_status
begin(void *ctx, int n_workers, up_error *err)
{
    up_status status = UP_OK;
    visit *v = ctx;
    UP_TRY(UP_NEW(&v->workers, n_workers, err));
    v->n_workers = n_workers;
    for (int i = 0; v->g->total != NULL && i < n_workers; i++) {
        UP_TRY(UP_NEW(&v->workers[i].slot, v->g->m->moments->n_groups, err));
    }
out:
    return status;
}

static up_status
add_total(worker *w, int64_t group, const double *score, up_error *err)
{
    up_status status = UP_OK;
    range_part *p = w->part;
    if (w->slot[group] == 0) {
        UP_TRY(UP_RESERVE(&p->group, &p->group_capacity, p->n + 1, err));
        UP_TRY(UP_RESERVE(
            &p->total, &p->total_capacity, (p->n + 1) * UPI_VALUE_SCORES, err));
        memset(
            p->total + p->n * UPI_VALUE_SCORES, 0, UPI_VALUE_SCORES * sizeof *p->total);
        p->group[p->n] = group;
        w->slot[group] = ++p->n;
    }
    double *to = p->total + (w->slot[group] - 1) * UPI_VALUE_SCORES;
    for (int k = 0; k < UPI_VALUE_SCORES; k++) {
        to[k] += score[k];
    }
out:
    return status;
}

static up_status
need_part(worker *w, int64_t range, up_error *err)
{
    up_status status = UP_OK;
    if (w->part == NULL) {
        UP_TRY(UP_NEW(&w->part, 1, err));
        w->part->range = range;
        UP_TRY(upi_score_sum_make(UPI_VALUE_SCORES, &w->part->sum, err));
    }
out:
    return status;
}

static up_status
add_row(const upi_log *g, worker *w, const upi_row_block *b, int64_t i, up_error *err)
{
    const up_moments *m = g->m->moments;
    const double *value = b->v + i * (m->nx + m->ny);
    upi_log_row row;
    up_status status = upi_log_score(g, b->group[i], value, value[m->nx + g->component],
        b->weight != NULL ? b->weight[i] : 1, &row, err);
    if (status != UP_OK) {
        return status;
    }
    upi_score_sum_add(&w->part->sum, 1, row.score, NULL, 0);
    w->part->max_weight = fmax(w->part->max_weight, row.weight);
    w->part->uncovered += row.uncovered;
    return w->slot != NULL ? add_total(w, b->group[i], row.score, err) : UP_OK;
}

static up_status
block(void *ctx, int number, int64_t range, const upi_row_block *b, up_error *err)
{
    up_status status = UP_OK;
    visit *v = ctx;
    worker *w = &v->workers[number];
    UP_TRY(need_part(w, range, err));
    for (int64_t i = 0; i < b->n; i++) {
        UP_TRY(add_row(v->g, w, b, i, err));
    }
out:
    return status;
}

static up_status
range_end(void *ctx, int number, int64_t range, up_error *err)
{
    up_status status = UP_OK;
    visit *v = ctx;
    worker *w = &v->workers[number];
    UP_TRY(need_part(w, range, err));
    range_part *p = w->part;
    w->part = NULL;
    for (int64_t i = 0; i < p->n; i++) {
        w->slot[p->group[i]] = 0;
    }
    (void)pthread_mutex_lock(&v->lock);
    range_part **at = &v->done;
    while (*at != NULL && (*at)->range < range) {
        at = &(*at)->next;
    }
    p->next = *at;
    *at = p;
    (void)pthread_mutex_unlock(&v->lock);
out:
    return status;
}

static void
add_part(upi_log *g, const range_part *p)
{
    upi_score_sum_merge(&g->sum, &p->sum);
    g->max_weight = fmax(g->max_weight, p->max_weight);
    g->uncovered += p->uncovered;
    for (int64_t i = 0; i < p->n * UPI_VALUE_SCORES; i++) {
        g->total[p->group[i / UPI_VALUE_SCORES] * UPI_VALUE_SCORES +
                 i % UPI_VALUE_SCORES] += p->total[i];
    }
}

up_status
upi_log_visit(upi_log *g, const up_run *run, up_error *err)
{
    up_status status = UP_OK;
    visit v = {.g = g, .lock = PTHREAD_MUTEX_INITIALIZER};
    const upi_row_visitor visitor = {
        .ctx = &v, .begin = begin, .block = block, .range_end = range_end};
    UP_TRY(upi_moments_visit_rows(g->m->moments, &visitor, run, err));
    for (const range_part *p = v.done; p != NULL; p = p->next) {
        add_part(g, p);
    }
out:
    while (v.done != NULL) {
        range_part *p = v.done;
        v.done = p->next;
        part_free(p);
    }
    for (int i = 0; i < v.n_workers; i++) {
        part_free(v.workers[i].part);
        upi_free(v.workers[i].slot);
    }
    upi_free(v.workers);
    (void)pthread_mutex_destroy(&v.lock);
    return status;
}
