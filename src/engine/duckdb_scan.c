/* Scans by SQL. Here: the statement of a scan, and the ordered stream of its rows for what
 * can only be read from front to back (text files, views). duckdb_parallel.c reads Parquet
 * files and tables on all cores.
 *
 * The relation is first brought to six SQL types, so that DECIMAL or 32-bit arithmetic of
 * the engine cannot give other values than the expression evaluator does. Batches of the
 * stream are put together from the engine's chunks to exactly UPI_BATCH_ROWS rows: how the
 * engine cuts a text file depends on its threads, what the sink sees must not. */
#include "engine/duckdb.h"

static const char *
sql_type(upi_type type)
{
    switch (type) {
    case UPI_F64:
        return "DOUBLE";
    case UPI_I64:
        return "BIGINT";
    case UPI_BOOL:
        return "BOOLEAN";
    case UPI_DATE:
        return "DATE";
    case UPI_TIME:
        return "TIMESTAMP";
    default:
        return "VARCHAR";
    }
}

void
upi_duckdb_select(
    const upi_bound_scan *scan, upi_text *out, up_status *status, up_error *err)
{
    for (int64_t i = 0; *status == UP_OK && i < scan->n; i++) {
        const char *name = upi_expr_bare_column(scan->columns[i]);
        upi_text_add(out, i > 0 ? ", CAST(" : "CAST(");
        if (name != NULL) {
            /* As it is: NaN means missing to whoever reads it, and the guard against it
             * that an expression needs would copy every vector. */
            upi_sql_identifier(&upi_dialect_duckdb, name, out);
        } else {
            *status = upi_expr_sql(scan->columns[i], &upi_dialect_duckdb, out, err);
        }
        upi_text_addf(out, " AS %s)", sql_type(scan->natural[i]));
    }
}

up_status
upi_duckdb_from(const up_source *s, const upi_bound_scan *scan, const char *extra,
    upi_text *out, up_error *err)
{
    const upi_duckdb *d = s->self;
    up_status status = UP_OK;
    upi_text_add(out, " FROM (SELECT ");
    upi_text_add(out, extra);
    for (int64_t i = 0; i < scan->n_used; i++) {
        const upi_field *f = &s->fields[scan->used[i]];
        upi_text_add(out, i > 0 || extra[0] != '\0' ? ", CAST(" : "CAST(");
        upi_sql_identifier(&upi_dialect_duckdb, f->name, out);
        upi_text_addf(out, " AS %s) AS ", sql_type(f->type));
        upi_sql_identifier(&upi_dialect_duckdb, f->name, out);
    }
    upi_text_addf(
        out, "%s FROM %s)", scan->n_used == 0 && extra[0] == '\0' ? "1" : "", d->from);
    if (scan->filter != NULL) {
        upi_text_add(out, " WHERE ");
        status = upi_expr_sql(scan->filter, &upi_dialect_duckdb, out, err);
    }
    return status;
}

static up_status
widen_days(int64_t **room, int64_t n, upi_column *c, up_error *err)
{
    const int32_t *days = c->data;
    up_status status = *room == NULL ? UP_NEW(room, UPI_BATCH_ROWS, err) : UP_OK;
    for (int64_t i = 0; status == UP_OK && i < n; i++) {
        (*room)[i] = days[i];
    }
    c->data = *room;
    return status;
}

/* Views on the vectors of a chunk; dates are widened from 32 bits. */
up_status
upi_chunk_columns(const upi_duckdb *d, duckdb_data_chunk chunk, int64_t first,
    const upi_bound_scan *scan, upi_chunk_view *view, up_error *err)
{
    const upi_duck *api = d->db.api;
    up_status status = UP_OK;
    int64_t n = (int64_t)api->data_chunk_get_size(chunk);
    for (int64_t i = 0; i < scan->n; i++) {
        duckdb_vector v = api->data_chunk_get_vector(chunk, (idx_t)(first + i));
        upi_column *c = &view->columns[i];
        c->type = scan->natural[i];
        c->data = api->vector_get_data(v);
        c->validity = api->vector_get_validity(v);
        UP_TRY(c->type == UPI_DATE ? widen_days(&view->days[i], n, c, err) : UP_OK);
    }
out:
    return status;
}

up_status
upi_chunk_view_make(int64_t n, upi_chunk_view *out, up_error *err)
{
    up_status status = UP_OK;
    out->n = n;
    UP_TRY(UP_NEW(&out->columns, n, err));
    UP_TRY(UP_NEW(&out->days, n, err));
out:
    return status;
}

void
upi_chunk_view_free(upi_chunk_view *view)
{
    for (int64_t i = 0; view->days != NULL && i < view->n; i++) {
        upi_free(view->days[i]);
    }
    upi_free(view->days);
    upi_free(view->columns);
    memset(view, 0, sizeof *view);
}

typedef struct stream_job {
    upi_duckdb *d;
    const upi_bound_scan *scan;
    const upi_sink *sink;
    char *sql;
    upi_lanes lanes;
    upi_chunk_view view;
    duckdb_data_chunk *held; /* chunks whose strings the batch under way borrows */
    int64_t n_held, held_capacity;
    int64_t at;   /* rows of the batch under way */
    int64_t rows; /* delivered */
} stream_job;

static void
let_go(stream_job *job, int64_t keep)
{
    for (int64_t i = 0; i < job->n_held - keep; i++) {
        job->d->db.api->destroy_data_chunk(&job->held[i]);
    }
    if (keep > 0 && job->n_held > 0) {
        job->held[0] = job->held[job->n_held - 1];
    }
    job->n_held = job->n_held < keep ? job->n_held : keep;
}

static up_status
deliver(stream_job *job, const upi_batch *batch, up_error *err)
{
    up_status status = UP_OK;
    int64_t range = job->rows / UPI_RANGE_ROWS;
    UP_TRY(job->sink->batch(job->sink->ctx, 0, range, batch, err));
    job->rows += batch->n;
    if (job->rows % UPI_RANGE_ROWS == 0) {
        UP_TRY(job->sink->range_end(job->sink->ctx, 0, range, err));
    }
out:
    return status;
}

/* `more`: rows of the last chunk are still to come. */
static up_status
deliver_full(stream_job *job, bool more, up_error *err)
{
    upi_batch full = upi_lanes_cut(&job->lanes, job->at);
    up_status status = deliver(job, &full, err);
    job->at = 0;
    let_go(job, more ? 1 : 0);
    return status;
}

static up_status
take_chunk(stream_job *job, duckdb_data_chunk chunk, up_error *err)
{
    up_status status = UP_OK;
    int64_t n = (int64_t)job->d->db.api->data_chunk_get_size(chunk);
    UP_TRY(upi_chunk_columns(job->d, chunk, 0, job->scan, &job->view, err));
    UP_TRY(upi_lanes_convert(&job->lanes, job->scan, job->view.columns, n, err));
    if (job->at == 0 && n == UPI_BATCH_ROWS) {
        upi_batch whole = upi_lanes_whole(&job->lanes, n);
        UP_TRY(deliver(job, &whole, err));
        let_go(job, 0);
        goto out;
    }
    for (int64_t pos = 0; pos < n;) {
        int64_t room = UPI_BATCH_ROWS - job->at;
        int64_t take = n - pos < room ? n - pos : room;
        UP_TRY(upi_lanes_append(&job->lanes, job->at, pos, take, err));
        pos += take;
        job->at += take;
        UP_TRY(job->at == UPI_BATCH_ROWS ? deliver_full(job, pos < n, err) : UP_OK);
    }
out:
    return status;
}

static up_status
stream_work(void *ctx, up_error *err)
{
    stream_job *job = ctx;
    up_status status = UP_OK;
    upi_stream stream = {0};
    duckdb_data_chunk chunk = NULL;
    UP_TRY(upi_stream_open(&stream, &job->d->db, job->sql, job->d->subject, err));
    for (;;) {
        if (atomic_load(&job->d->cancelled)) {
            status = upi_fail(err, UP_E_STOPPED, NULL, "stopped on request");
            goto out;
        }
        UP_TRY(UP_RESERVE(&job->held, &job->held_capacity, job->n_held + 1, err));
        UP_TRY(upi_stream_next(&stream, job->d->subject, &chunk, err));
        if (chunk == NULL) {
            break;
        }
        job->held[job->n_held++] = chunk;
        UP_TRY(take_chunk(job, chunk, err));
    }
    if (job->at > 0) {
        upi_batch rest = upi_lanes_cut(&job->lanes, job->at);
        UP_TRY(deliver(job, &rest, err));
    }
    if (job->rows % UPI_RANGE_ROWS != 0) {
        UP_TRY(
            job->sink->range_end(job->sink->ctx, 0, job->rows / UPI_RANGE_ROWS, err));
    }
out:
    let_go(job, 0);
    upi_stream_close(&stream);
    return status;
}

void
upi_duckdb_stop(void *ctx)
{
    upi_duckdb *d = ctx;
    atomic_store(&d->cancelled, true);
    d->db.api->interrupt(d->db.connection);
}

double
upi_duckdb_fraction(void *ctx)
{
    const upi_duckdb *d = ctx;
    return d->db.api->query_progress(d->db.connection).percentage / 100;
}

static void
stream_stop(void *ctx)
{
    upi_duckdb_stop(((stream_job *)ctx)->d);
}

static double
stream_fraction(void *ctx)
{
    return upi_duckdb_fraction(((stream_job *)ctx)->d);
}

static up_status
stream_rows(up_source *s, const upi_bound_scan *scan, const upi_sink *sink,
    const up_run *run, up_error *err)
{
    up_status status = UP_OK;
    upi_text sql = {0};
    stream_job job = {.d = s->self, .scan = scan, .sink = sink};
    UP_TRY(upi_lanes_make(scan, &job.lanes, err));
    UP_TRY(upi_chunk_view_make(scan->n, &job.view, err));
    upi_text_add(&sql, scan->n == 0 ? "SELECT 1" : "SELECT ");
    upi_duckdb_select(scan, &sql, &status, err);
    UP_TRY(status);
    UP_TRY(upi_duckdb_from(s, scan, "", &sql, err));
    UP_TRY(upi_text_take(&sql, &job.sql, err));
    UP_TRY(sink->begin != NULL ? sink->begin(sink->ctx, 1, err) : UP_OK);
    upi_watch watch = {stream_work, stream_fraction, stream_stop, &job};
    UP_TRY(upi_watch_run(&watch, run, err));
out:
    upi_text_free(&sql);
    upi_free(job.sql);
    upi_free(job.held);
    upi_lanes_free(&job.lanes);
    upi_chunk_view_free(&job.view);
    return status;
}

up_status
upi_duckdb_scan(up_source *s, const upi_scan *scan, const upi_sink *sink,
    const up_run *run, up_error *err)
{
    up_status status = UP_OK;
    upi_duckdb *d = s->self;
    upi_bound_scan bound = {0};
    bool parallel = false;
    atomic_store(&d->cancelled, false);
    UP_TRY(upi_bound_scan_make(s, scan, &bound, err));
    UP_TRY(upi_db_configure(&d->db, run, err));
    UP_TRY(upi_duckdb_row_groups(d, &parallel, err));
    UP_TRY(parallel ? upi_duckdb_parallel(s, &bound, sink, run, err)
                    : stream_rows(s, &bound, sink, run, err));
out:
    upi_bound_scan_free(&bound);
    return status;
}
