/* One pass over the rows. Each worker fills a table for the range it reads; a range that ends
 * is closed (sums become means and centred moments) and handed to the combiner.
 *
 * When the groups become too many, the pass goes on without sums: only then are all levels
 * known, and what is to become continuous can be chosen from the data instead of from what
 * the threads happened to have read. */
#include "moments/build.h"
#include "moments/sums.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

enum { FAR = 24 }; /* groups ahead that are fetched */
static const int64_t units_limit = 3000000;

up_status
upi_pass_make(const upi_plan *p, upi_pass *out, up_error *err)
{
    up_status status = UP_OK;
    memset(out, 0, sizeof *out);
    out->plan = p;
    UP_TRY(upi_levels_make(p, &out->levels, err));
    upi_combiner_make(&out->combiner, p->max_groups);
    if (p->unit) {
        UP_TRY(upi_units_make(&out->units, units_limit, err));
    }
    UP_TRY(UP_NEW(&out->missing, p->n_counted * UPI_ARM_CODES, err));
    UP_TRY(UP_NEW(&out->infinite, p->n_counted * UPI_ARM_CODES, err));
out:
    if (status != UP_OK) {
        upi_pass_free(out);
    }
    return status;
}

static void
worker_free(upi_worker *w)
{
    if (w == NULL) {
        return;
    }
    upi_encoder_free(w->encoder);
    upi_locator_free(&w->locator);
    upi_table_free(w->live);
    upi_blocks_free(&w->blocks);
    upi_free(w->at);
    upi_free(w);
}

void
upi_pass_free(upi_pass *pass)
{
    for (int64_t i = 0; pass->worker != NULL && i < pass->n_workers; i++) {
        worker_free(pass->worker[i]);
    }
    upi_free(pass->worker);
    pass->worker = NULL;
    if (pass->levels.dict != NULL) {
        upi_levels_free(&pass->levels);
    }
    upi_combiner_free(&pass->combiner);
    upi_units_free(&pass->units);
    upi_free(pass->missing);
    upi_free(pass->infinite);
    pass->missing = NULL;
    pass->infinite = NULL;
}

static up_status
begin(void *ctx, int n_workers, up_error *err)
{
    up_status status = UP_OK;
    upi_pass *pass = ctx;
    UP_TRY(UP_NEW(&pass->worker, n_workers, err));
    pass->n_workers = n_workers;
out:
    return status;
}

/* Workers are made when they first have rows. */
static up_status
find_worker(upi_pass *pass, int number, upi_worker **out, up_error *err)
{
    up_status status = UP_OK;
    const upi_shape *s = &pass->plan->shape;
    upi_worker *w = NULL;
    *out = pass->worker[number];
    if (*out != NULL) {
        return UP_OK;
    }
    UP_TRY(UP_NEW(&w, 1, err));
    UP_TRY(upi_encoder_make(pass->plan, &pass->levels, &w->encoder, err));
    UP_TRY(upi_locator_make(s, &w->locator, err));
    UP_TRY(upi_table_make(s, upi_shape_live(s), 64, &w->live, err));
    UP_TRY(UP_NEW(&w->at, UPI_BATCH_ROWS, err));
    if (s->form == UPI_TRI) {
        UP_TRY(upi_blocks_make(s->nv, pass->plan->row_weighted, &w->blocks, err));
    }
    pass->worker[number] = w;
    *out = w;
    w = NULL;
out:
    worker_free(w);
    return status;
}

static const upi_plan_column *
unit_column(const upi_plan *p, int64_t *index)
{
    for (*index = 0; *index < p->n_columns; (*index)++) {
        if (p->columns[*index].use == UPI_USE_UNIT) {
            return &p->columns[*index];
        }
    }
    return NULL;
}

static up_status
check_units(upi_pass *pass, const upi_encoder *e, const upi_batch *batch, up_error *err)
{
    up_status status = UP_OK;
    int64_t row = -1, index = 0;
    char text[64];
    UP_TRY(upi_units_add(&pass->units, e->n, e->unit, &row, err));
    if (row < 0 || unit_column(pass->plan, &index) == NULL) {
        return UP_OK;
    }
    const upi_column *c = &batch->columns[index];
    int64_t at = e->row[row];
    if (c->type == UPI_STR) {
        const upi_str *s = (const upi_str *)c->data + at;
        uint32_t n = upi_str_length(s);
        (void)snprintf(
            text, sizeof text, "%.*s", (int)(n < 60 ? n : 60), upi_str_data(s));
    } else {
        (void)snprintf(text, sizeof text, "%" PRId64, ((const int64_t *)c->data)[at]);
    }
    upi_units_example(&pass->units, e->unit[row], text);
out:
    return status;
}

static up_status
add_rows(upi_pass *pass, upi_worker *w, up_error *err)
{
    up_status status = UP_OK;
    const upi_encoder *e = w->encoder;
    UP_TRY(upi_locate(&w->locator, e, w->live, w->at, err));
    if (pass->plan->shape.form == UPI_TRI) {
        UP_TRY(upi_blocks_add(&w->blocks, w->live, e->n, w->at, e->v, e->weight, err));
    } else {
        upi_sums_add(w->live, e->n, w->at, e->v);
    }
    if (w->live->n > pass->plan->max_groups) {
        atomic_store(&pass->combiner.over, true);
    }
out:
    return status;
}

static void
begin_range(upi_worker *w, int64_t range)
{
    w->open = true;
    w->range = range;
    upi_table_clear(w->live);
    upi_locator_clear(&w->locator);
    upi_blocks_reset(&w->blocks);
}

static up_status
batch(void *ctx, int worker, int64_t range, const upi_batch *b, up_error *err)
{
    up_status status = UP_OK;
    upi_pass *pass = ctx;
    upi_worker *w = NULL;
    UP_TRY(find_worker(pass, worker, &w, err));
    if (!w->open) {
        begin_range(w, range);
    }
    if (w->range != range) {
        return upi_fail(
            err, UP_E_INTERNAL, NULL, "a range of rows began before the last ended");
    }
    UP_TRY(upi_encoder_take(w->encoder, b, err));
    if (atomic_load(&pass->levels.over)) {
        return upi_fail(err, UP_E_STOPPED, NULL, "a key has too many levels");
    }
    if (pass->plan->unit) {
        UP_TRY(check_units(pass, w->encoder, b, err));
    }
    if (!atomic_load(&pass->combiner.over)) {
        UP_TRY(add_rows(pass, w, err));
    }
out:
    return status;
}

/* The table of a range as it goes to the combiner: tight, without slots, in buckets by hash. */
static up_status
close_table(upi_worker *w, upi_table **out, up_error *err)
{
    up_status status = UP_OK;
    const upi_shape *s = &w->live->shape;
    upi_table *rest = NULL;
    int32_t *order = NULL;
    UP_TRY(upi_table_make(s, upi_shape_rest(s), w->live->n, &rest, err));
    UP_TRY(upi_table_by_hash(w->live, &order, err));
    if (s->form == UPI_TRI) {
        upi_blocks_close(&w->blocks, w->live);
    }
    for (int64_t i = 0; i < w->live->n; i++) {
        if (i + FAR < w->live->n) {
            upi_table_prefetch(w->live, order[i + FAR]);
        }
        int64_t g = order[i], at = 0, n = *upi_table_count(w->live, g);
        upi_group_key key = upi_table_key(w->live, g);
        UP_TRY(upi_table_add(rest, &key, &at, err));
        *upi_table_count(rest, at) = n;
        if (s->form == UPI_TRI) {
            upi_triangle_close(
                s->nv, upi_table_values(w->live, g), upi_table_values(rest, at));
        } else {
            upi_sums_close(
                s, n, upi_table_values(w->live, g), upi_table_values(rest, at));
        }
    }
    rest->by_hash = true;
    *out = rest;
    rest = NULL;
out:
    upi_table_free(rest);
    upi_free(order);
    return status;
}

static up_status
range_end(void *ctx, int worker, int64_t range, up_error *err)
{
    up_status status = UP_OK;
    upi_pass *pass = ctx;
    upi_worker *w = pass->worker[worker];
    if (w == NULL || !w->open) {
        return UP_OK;
    }
    w->open = false;
    if (atomic_load(&pass->combiner.over) || w->live->n == 0) {
        return UP_OK;
    }
    upi_table *rest = NULL;
    UP_TRY(close_table(w, &rest, err));
    UP_TRY(upi_combiner_add(&pass->combiner, range, rest, err));
out:
    return status;
}

static void
gather(upi_pass *pass)
{
    const upi_plan *p = pass->plan;
    for (int64_t i = 0; i < pass->n_workers; i++) {
        if (pass->worker[i] == NULL) {
            continue;
        }
        const upi_encoder *e = pass->worker[i]->encoder;
        pass->n_read += e->n_read;
        for (int64_t j = 0; j < p->n_counted * UPI_ARM_CODES; j++) {
            pass->missing[j] += e->missing[j];
            pass->infinite[j] += e->infinite[j];
        }
        for (int which = 0; which < 2; which++) {
            const upi_odd *odd = &e->odd[which];
            upi_odd *all = &pass->odd[which];
            if (odd->n > 0) {
                all->low = all->n == 0 ? odd->low : fmin(all->low, odd->low);
                all->high = all->n == 0 ? odd->high : fmax(all->high, odd->high);
                all->n += odd->n;
            }
        }
    }
}

up_status
upi_pass_run(upi_pass *pass, const up_run *run, up_error *err)
{
    up_status status = UP_OK;
    const upi_plan *p = pass->plan;
    const upi_expr **columns = NULL;
    int *as = NULL;
    up_error story = UP_ERROR_INIT;
    UP_TRY(UP_NEW(&columns, p->n_columns, err));
    UP_TRY(UP_NEW(&as, p->n_columns, err));
    upi_scan scan = upi_plan_scan(p, columns, as);
    upi_sink sink = {pass, begin, batch, range_end};
    status = upi_source_scan(p->e->source, &scan, &sink, run, &story);
    if (atomic_load(&pass->levels.over)) {
        status = UP_OK;
    } else if (status != UP_OK && err != NULL) {
        *err = story;
    }
    gather(pass);
out:
    upi_free((void *)columns);
    upi_free(as);
    return status;
}
