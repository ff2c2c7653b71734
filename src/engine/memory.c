/* The engine of columns in memory: expressions are evaluated in C over fixed ranges of rows,
 * on the thread pool. */
#include "engine/memory.h"

#include "base/pool.h"
#include "engine/source.h"

#include <stdlib.h>

typedef struct memory_worker {
    bool ready;
    upi_fetch *rooms;           /* (n_used) */
    upi_column *fetched;        /* (n_used) */
    upi_column *natural;        /* (n) */
    upi_expr_scratch **scratch; /* (n) */
    upi_expr_scratch *filter;
    upi_lanes lanes;
} memory_worker;

typedef struct memory_job {
    up_source *source;
    const upi_bound_scan *scan;
    const upi_sink *sink;
    memory_worker *workers;
} memory_job;

static up_status
worker_start(const memory_job *job, memory_worker *w, up_error *err)
{
    const upi_bound_scan *scan = job->scan;
    const upi_memory *m = job->source->self;
    up_status status = UP_OK;
    UP_TRY(UP_NEW(&w->rooms, scan->n_used, err));
    UP_TRY(UP_NEW(&w->fetched, scan->n_used, err));
    UP_TRY(UP_NEW(&w->natural, scan->n, err));
    UP_TRY(UP_NEW(&w->scratch, scan->n, err));
    for (int64_t i = 0; i < scan->n_used; i++) {
        UP_TRY(upi_fetch_make(&m->columns[scan->used[i]], &w->rooms[i], err));
    }
    for (int64_t i = 0; i < scan->n; i++) {
        UP_TRY(upi_expr_scratch_make(scan->columns[i], &w->scratch[i], err));
    }
    if (scan->filter != NULL) {
        UP_TRY(upi_expr_scratch_make(scan->filter, &w->filter, err));
    }
    UP_TRY(upi_lanes_make(scan, &w->lanes, err));
    w->ready = true;
out:
    return status;
}

static void
worker_free(const upi_bound_scan *scan, memory_worker *w)
{
    for (int64_t i = 0; w->rooms != NULL && i < scan->n_used; i++) {
        upi_fetch_free(&w->rooms[i]);
    }
    for (int64_t i = 0; w->scratch != NULL && i < scan->n; i++) {
        upi_expr_scratch_free(w->scratch[i]);
    }
    upi_free(w->rooms);
    upi_free(w->fetched);
    upi_free(w->natural);
    upi_free(w->scratch);
    upi_expr_scratch_free(w->filter);
    upi_lanes_free(&w->lanes);
}

/* Rows [first, first + n), n at most UPI_BATCH_ROWS, of one range. */
static up_status
scan_batch(memory_job *job, int worker, int64_t range, int64_t first, int64_t n,
    int64_t *delivered, up_error *err)
{
    memory_worker *w = &job->workers[worker];
    const upi_bound_scan *scan = job->scan;
    const upi_memory *m = job->source->self;
    up_status status = UP_OK;
    for (int64_t i = 0; i < scan->n_used; i++) {
        int64_t c = scan->used[i];
        UP_TRY(upi_stored_read(&m->columns[c], job->source->fields[c].name, first, n,
            &w->rooms[i], &w->fetched[i], err));
    }
    upi_batch rows = {n, scan->n_used, w->fetched};
    upi_column keep = {0};
    if (scan->filter != NULL) {
        UP_TRY(upi_expr_eval(scan->filter, &rows, w->filter, &keep, err));
    }
    for (int64_t i = 0; i < scan->n; i++) {
        UP_TRY(
            upi_expr_eval(scan->columns[i], &rows, w->scratch[i], &w->natural[i], err));
    }
    UP_TRY(upi_lanes_convert(&w->lanes, scan, w->natural, n, err));
    upi_batch batch = upi_lanes_whole(&w->lanes, n);
    if (scan->filter != NULL) {
        int64_t kept = 0;
        UP_TRY(upi_lanes_append_kept(&w->lanes, &keep, n, &kept, err));
        batch = upi_lanes_cut(&w->lanes, kept);
    }
    if (batch.n > 0) {
        UP_TRY(job->sink->batch(job->sink->ctx, worker, range, &batch, err));
        *delivered += batch.n;
    }
out:
    return status;
}

static up_status
scan_range(void *ctx, int64_t range, int worker, up_error *err)
{
    memory_job *job = ctx;
    memory_worker *w = &job->workers[worker];
    up_status status = UP_OK;
    int64_t delivered = 0;
    int64_t first = range * UPI_RANGE_ROWS;
    int64_t end = first + UPI_RANGE_ROWS;
    end = end < job->source->n_rows ? end : job->source->n_rows;
    if (!w->ready) {
        UP_TRY(worker_start(job, w, err));
    }
    for (; first < end; first += UPI_BATCH_ROWS) {
        int64_t n = end - first < UPI_BATCH_ROWS ? end - first : UPI_BATCH_ROWS;
        UP_TRY(scan_batch(job, worker, range, first, n, &delivered, err));
    }
    if (delivered > 0) {
        UP_TRY(job->sink->range_end(job->sink->ctx, worker, range, err));
    }
out:
    return status;
}

static up_status
memory_scan(up_source *s, const upi_scan *scan, const upi_sink *sink, const up_run *run,
    up_error *err)
{
    up_status status = UP_OK;
    upi_bound_scan bound = {0};
    int threads = upi_pool_threads(run);
    memory_job job = {.source = s, .scan = &bound, .sink = sink};
    UP_TRY(upi_bound_scan_make(s, scan, &bound, err));
    UP_TRY(UP_NEW(&job.workers, threads, err));
    UP_TRY(sink->begin != NULL ? sink->begin(sink->ctx, threads, err) : UP_OK);
    int64_t ranges = (s->n_rows + UPI_RANGE_ROWS - 1) / UPI_RANGE_ROWS;
    UP_TRY(upi_pool_run(threads, ranges, scan_range, &job, run, err));
out:
    for (int i = 0; job.workers != NULL && i < threads; i++) {
        worker_free(&bound, &job.workers[i]);
    }
    upi_free(job.workers);
    upi_bound_scan_free(&bound);
    return status;
}

static void
memory_close(up_source *s)
{
    upi_memory *m = s->self;
    if (m == NULL) {
        return;
    }
    for (int64_t i = 0; m->columns != NULL && i < m->n_columns; i++) {
        upi_stored_free(&m->columns[i]);
    }
    upi_free(m->columns);
    if (m->release != NULL) {
        m->release(m->keep);
    }
    upi_free(m);
    s->self = NULL;
}

static void
memory_cancel(up_source *s)
{
    (void)s; /* the pool asks should_stop; there is nothing else to interrupt */
}

static const upi_engine_ops memory_ops = {
    .name = "memory",
    .scan = memory_scan,
    .query = NULL,
    .cancel = memory_cancel,
    .close = memory_close,
};

up_status
upi_memory_make(
    const char *name, int64_t n, up_source **out, upi_memory **memory, up_error *err)
{
    up_status status = UP_OK;
    up_source *s = NULL;
    upi_memory *m = NULL;
    UP_TRY(UP_NEW(&s, 1, err));
    s->ops = &memory_ops;
    UP_TRY(UP_NEW(&m, 1, err));
    s->self = m;
    UP_TRY(upi_strdup_to(&s->name, name, err));
    UP_TRY(UP_NEW(&m->columns, n, err));
    m->n_columns = n;
    UP_TRY(UP_NEW(&s->fields, n, err));
    s->n_fields = n;
    *out = s;
    *memory = m;
    s = NULL;
out:
    up_source_free(s);
    return status;
}

up_status
upi_memory_check_name(const char *name, int64_t index, up_error *err)
{
    if (name == NULL || name[0] == '\0') {
        return upi_fail(
            err, UP_E_ARGUMENT, "name", "column %lld has no name", (long long)index);
    }
    if (!upi_utf8_valid(name, strlen(name))) {
        return upi_fail(err, UP_E_ARGUMENT, "name",
            "the name of column %lld is not UTF-8", (long long)index);
    }
    return UP_OK;
}

up_status
upi_memory_check_names(const up_source *s, up_error *err)
{
    const char **names = NULL;
    up_status status = UP_NEW(&names, s->n_fields, err);
    if (status != UP_OK) {
        return status;
    }
    for (int64_t i = 0; i < s->n_fields; i++) {
        names[i] = s->fields[i].name;
    }
    status = upi_names_refuse_equal("the data", UP_E_ARGUMENT, s->n_fields, names, err);
    upi_free((void *)names);
    return status;
}

static up_status
store_column(const up_column *c, int64_t index, int64_t n_rows, upi_stored *stored,
    upi_field *field, up_error *err)
{
    up_status status = UP_OK;
    upi_segment segment = {.n = n_rows, .missing = c->missing};
    int given =
        (c->f64 != NULL) + (c->i64 != NULL) + (c->text != NULL) + (c->boolean != NULL);
    UP_TRY(upi_memory_check_name(c->name, index, err));
    if (given != 1) {
        status = upi_fail(err, UP_E_ARGUMENT, c->name,
            "column %s has %d arrays of data, not one", c->name, given);
        goto out;
    }
    *stored = (upi_stored){.multiply = 1, .divide = 1};
    const char *native = "double";
    if (c->f64 != NULL) {
        stored->layout = UPI_LAYOUT_F64;
        stored->type = UPI_F64;
        segment.values = c->f64;
    } else if (c->i64 != NULL) {
        stored->layout = UPI_LAYOUT_I64;
        stored->type = UPI_I64;
        segment.values = c->i64;
        native = "int64_t";
    } else if (c->text != NULL) {
        stored->layout = UPI_LAYOUT_C_TEXT;
        stored->type = UPI_STR;
        segment.values = c->text;
        native = "char *";
    } else {
        stored->layout = UPI_LAYOUT_BYTES_BOOL;
        stored->type = UPI_BOOL;
        segment.values = c->boolean;
        native = "uint8_t";
    }
    field->type = stored->type;
    UP_TRY(upi_strdup_to(&field->name, c->name, err));
    UP_TRY(upi_strdup_to(&field->native_type, native, err));
    UP_TRY(upi_stored_add(stored, &segment, err));
out:
    return status;
}

up_status
up_source_from_columns_borrow(const up_column *columns, int64_t n_columns,
    int64_t n_rows, up_source **out, up_error *err)
{
    UP_GUARD(err);
    up_status status = UP_OK;
    up_source *s = NULL;
    upi_memory *m = NULL;
    if (columns == NULL || out == NULL || n_columns < 1 || n_rows < 0) {
        const char *field = columns == NULL ? "columns"
                            : out == NULL   ? "out"
                            : n_columns < 1 ? "n_columns"
                                            : "n_rows";
        return upi_fail(err, UP_E_ARGUMENT, field,
            "columns in memory need an array of at least one column and 0 or more rows "
            "(n_columns %lld, n_rows %lld)",
            (long long)n_columns, (long long)n_rows);
    }
    UP_TRY(upi_memory_make("the columns in memory", n_columns, &s, &m, err));
    s->n_rows = n_rows;
    for (int64_t i = 0; i < n_columns; i++) {
        UP_TRY(
            store_column(&columns[i], i, n_rows, &m->columns[i], &s->fields[i], err));
    }
    UP_TRY(upi_memory_check_names(s, err));
    *out = s;
    s = NULL;
out:
    up_source_free(s);
    return status;
}
