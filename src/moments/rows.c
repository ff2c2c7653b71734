/* The second pass: every row with the index of its group. The plan is that of the first pass,
 * read off the moments; the values of the keys are known, and a value that is not there means
 * that the data changed in between, which is refused. */
#include "moments/build.h"

#include <inttypes.h>
#include <string.h>

enum { ROWS = UPI_BATCH_ROWS };

typedef struct visit_worker {
    upi_encoder *encoder;
    upi_locator locator;
    int32_t *at;
    int64_t *group;
    int64_t rows;
} visit_worker;

typedef struct visit {
    const up_moments *m;
    const upi_row_visitor *visitor;
    upi_plan plan;
    upi_levels levels;
    upi_table *index;
    int64_t *kept; /* (plan keys) the key in m, -1 = dropped as idle */
    visit_worker **worker;
    int64_t n_workers;
} visit;

static void
worker_free(visit_worker *w)
{
    if (w == NULL) {
        return;
    }
    upi_encoder_free(w->encoder);
    upi_locator_free(&w->locator);
    upi_free(w->at);
    upi_free(w->group);
    upi_free(w);
}

/* The plan that led to m. */
static up_status
remake_plan(const up_moments *m, upi_plan *plan, up_error *err)
{
    up_status status = UP_OK;
    const up_experiment *e = m->rows;
    upi_choice choice = {0};
    up_moments_opts opts = {.struct_size = sizeof opts,
        .max_levels = INT32_MAX,
        .cross = m->form == UPI_GRAM ? 1 : 0};
    UP_TRY(UP_NEW(&choice.continuous, e->n_covariates, err));
    for (int64_t i = 0; i < m->nx; i++) {
        choice.continuous[m->x_covariate[i]] = true;
    }
    choice.scaled[0] = m->weight < 0;
    choice.scaled[1] = m->propensity < 0;
    UP_TRY(upi_plan_make(e, &opts, &choice, plan, err));
out:
    upi_free(choice.continuous);
    return status;
}

/* code = level + 1; an indicator's codes are there already. */
static up_status
load_key(const upi_key *key, upi_dict *d, up_error *err)
{
    up_status status = UP_OK;
    int64_t n = key->role == UPI_KEY_MISSING ? 0 : key->n_levels;
    n -= key->missing_level >= 0 ? 1 : 0;
    for (int64_t i = 0; i < n; i++) {
        upi_cell cell = upi_key_cell(key, i);
        UP_TRY(upi_dict_add(d, &cell, (int32_t)i + 1, err));
    }
out:
    return status;
}

/* Fills the dictionaries with m's levels. Keys stand in the same order;
 * indicators that were never set are not in m. */
static up_status
load_levels(visit *v, up_error *err)
{
    up_status status = UP_OK;
    const up_moments *m = v->m;
    int64_t next = 0;
    UP_TRY(UP_NEW(&v->kept, v->plan.n_keys, err));
    for (int64_t k = 0; k < v->plan.n_keys; k++) {
        const upi_plan_key *plan = &v->plan.keys[k];
        const upi_key *key = next < m->n_keys ? &m->keys[next] : NULL;
        bool there =
            key != NULL && key->role == plan->role && key->index == plan->index;
        v->kept[k] = there ? next : -1;
        if (!there && plan->role != UPI_KEY_MISSING) {
            status = upi_fail(
                err, UP_E_INTERNAL, plan->name, "the keys do not fit the experiment");
            goto out;
        }
        if (!there) {
            continue;
        }
        next++;
        UP_TRY(load_key(key, &v->levels.dict[k], err));
    }
    v->levels.frozen = true;
out:
    return status;
}

static up_status
visit_begin(void *ctx, int n_workers, up_error *err)
{
    up_status status = UP_OK;
    visit *v = ctx;
    UP_TRY(UP_NEW(&v->worker, n_workers, err));
    v->n_workers = n_workers;
    if (v->visitor->begin != NULL) {
        UP_TRY(v->visitor->begin(v->visitor->ctx, n_workers, err));
    }
out:
    return status;
}

static up_status
find_worker(visit *v, int number, visit_worker **out, up_error *err)
{
    up_status status = UP_OK;
    visit_worker *w = NULL;
    *out = v->worker[number];
    if (*out != NULL) {
        return UP_OK;
    }
    UP_TRY(UP_NEW(&w, 1, err));
    UP_TRY(upi_encoder_make(&v->plan, &v->levels, &w->encoder, err));
    UP_TRY(upi_locator_make(&v->index->shape, &w->locator, err));
    UP_TRY(UP_NEW(&w->at, ROWS, err));
    UP_TRY(UP_NEW(&w->group, ROWS, err));
    v->worker[number] = w;
    *out = w;
    w = NULL;
out:
    worker_free(w);
    return status;
}

static up_status
changed(const up_moments *m, up_error *err)
{
    (void)upi_fail(err, UP_E_SOURCE, m->rows->source->name,
        "the rows of '%s' are not those of the first pass",
        m->rows->source->name != NULL ? m->rows->source->name : "the source");
    return upi_fix(err, "keep the data unchanged while it is analysed");
}

/* True when no row has a missing value where the first pass found none. */
static bool
stays_idle(const int32_t *code, int64_t n)
{
    for (int64_t i = 0; i < n; i++) {
        if (code[i] != 1) {
            return false;
        }
    }
    return true;
}

/* Codes to levels of one key; false when a row has a level that m does not have. Of an
 * indicator one level alone may have rows; its codes are 1 = false, 2 = true. */
static bool
rename_key(const upi_key *key, const int32_t *code, int32_t *level, int64_t n)
{
    bool indicator = key->role == UPI_KEY_MISSING;
    int32_t base = indicator && key->integer[0] == 1 ? 2 : 1;
    for (int64_t i = 0; i < n; i++) {
        level[i] = code[i] == 0 ? (int32_t)key->missing_level : code[i] - base;
        if (level[i] < 0 || level[i] >= key->n_levels) {
            return false;
        }
    }
    return true;
}

/* Codes to levels, in the columns of m's keys. False when a row cannot be one of m's. */
static bool
rename_codes(const visit *v, upi_encoder *e)
{
    for (int64_t k = 0; k < v->plan.n_keys; k++) {
        const int32_t *code = e->code + k * ROWS;
        int64_t own = v->kept[k];
        bool fits =
            own < 0 ? stays_idle(code, e->n)
                    : rename_key(&v->m->keys[own], code, e->code + own * ROWS, e->n);
        if (!fits) {
            return false;
        }
    }
    return true;
}

static up_status
visit_batch(void *ctx, int worker, int64_t range, const upi_batch *batch, up_error *err)
{
    up_status status = UP_OK;
    visit *v = ctx;
    visit_worker *w = NULL;
    UP_TRY(find_worker(v, worker, &w, err));
    UP_TRY(upi_encoder_take(w->encoder, batch, err));
    const upi_encoder *e = w->encoder;
    if (!rename_codes(v, w->encoder)) {
        return changed(v->m, err);
    }
    UP_TRY(upi_locate_only(&w->locator, e, v->index, w->at, err));
    for (int64_t i = 0; i < e->n; i++) {
        if (w->at[i] < 0) {
            return changed(v->m, err);
        }
        w->group[i] = w->at[i];
    }
    w->rows += e->n;
    if (e->n > 0) {
        upi_row_block block = {e->n, w->group, e->v, e->weight};
        UP_TRY(v->visitor->block(v->visitor->ctx, worker, range, &block, err));
    }
out:
    return status;
}

static up_status
visit_range_end(void *ctx, int worker, int64_t range, up_error *err)
{
    visit *v = ctx;
    return v->visitor->range_end != NULL
               ? v->visitor->range_end(v->visitor->ctx, worker, range, err)
               : UP_OK;
}

static up_status
check_rows(const visit *v, up_error *err)
{
    int64_t rows = 0;
    for (int64_t i = 0; i < v->n_workers; i++) {
        rows += v->worker[i] != NULL ? v->worker[i]->rows : 0;
    }
    return rows == v->m->n_rows ? UP_OK : changed(v->m, err);
}

up_status
upi_moments_visit_rows(const up_moments *m, const upi_row_visitor *visitor,
    const up_run *run, up_error *err)
{
    UP_GUARD(err);
    up_status status = UP_OK;
    visit v = {.m = m, .visitor = visitor};
    const upi_expr **columns = NULL;
    int *as = NULL;
    if (m->rows == NULL || m->rows->source == NULL) {
        (void)upi_fail(err, UP_E_NEEDS_ROWS, NULL,
            "these moments were merged or read from a capsule; the rows are needed");
        return upi_fix(err, "build the moments from the data, or fit before saving");
    }
    UP_TRY(remake_plan(m, &v.plan, err));
    UP_TRY(upi_levels_make(&v.plan, &v.levels, err));
    UP_TRY(load_levels(&v, err));
    UP_TRY(upi_moments_index(m, &v.index, err));
    UP_TRY(UP_NEW(&columns, v.plan.n_columns, err));
    UP_TRY(UP_NEW(&as, v.plan.n_columns, err));
    upi_scan scan = upi_plan_scan(&v.plan, columns, as);
    upi_sink sink = {&v, visit_begin, visit_batch, visit_range_end};
    UP_TRY(upi_source_scan(m->rows->source, &scan, &sink, run, err));
    UP_TRY(check_rows(&v, err));
out:
    for (int64_t i = 0; v.worker != NULL && i < v.n_workers; i++) {
        worker_free(v.worker[i]);
    }
    upi_free(v.worker);
    if (v.levels.dict != NULL) {
        upi_levels_free(&v.levels);
    }
    upi_table_free(v.index);
    upi_free(v.kept);
    upi_plan_free(&v.plan);
    upi_free((void *)columns);
    upi_free(as);
    return status;
}
