/* Scans Parquet files and native tables on all cores.
 *
 * An aggregate function up_sink(row, [file,] column...) is registered in the engine. Its
 * update callback gets the vectors of one chunk on one of the engine's threads, reads them
 * in place and hands them to the sink. One aggregate state belongs to one pipeline of the
 * engine, and a pipeline reads whole row groups one after another: the state, not the
 * thread, is the worker. The row number gives the range. That a row group is read by one
 * pipeline and in order is checked for every chunk; rows that came otherwise fail the scan
 * instead of changing its bits. */
#include "engine/duckdb.h"

#include <pthread.h>
#include <stdio.h>
#include <strings.h>

typedef struct worker {
    bool ready, open;
    int64_t at;         /* range of the first row of the chunk at hand */
    int64_t range, end; /* number of the open range; first row behind it */
    int64_t next;       /* least row that may come next */
    int64_t *rows;      /* (UPI_BATCH_ROWS) row numbers over all files */
    upi_lanes lanes;
    upi_chunk_view view;
} worker;

struct upi_parallel_job {
    upi_duckdb *d;
    const upi_bound_scan *scan;
    const upi_sink *sink;
    char *sql;
    int64_t first_column; /* 1, or 2 with the file's index */
    int n_workers;
    worker *workers;
    atomic_int next_worker;
    atomic_uchar *seen; /* per range: a worker has begun it */
    pthread_mutex_t lock;
    up_error first;           /* failure of the lowest range */
    atomic_llong first_range; /* that range; INT64_MAX while nothing has failed */
};

typedef struct upi_parallel_job parallel_job;

typedef struct lane_state {
    int64_t worker_plus_one;
} lane_state;

static void
note_failure(parallel_job *job, int64_t range, const up_error *err)
{
    (void)pthread_mutex_lock(&job->lock);
    if (job->first.status == UP_OK || range < atomic_load(&job->first_range)) {
        job->first = *err;
        atomic_store(&job->first_range, range);
    }
    (void)pthread_mutex_unlock(&job->lock);
}

/* After a failure the ranges before it are still delivered, so that the failure reported is
 * the first one in the data, whichever worker was faster. */
static bool
muted(parallel_job *job, int64_t range)
{
    return range >= atomic_load(&job->first_range);
}

/* Row groups are handed out in order: when one far behind the failure comes up, those before
 * it are done, and the scan can end. */
static bool
far_behind(parallel_job *job, int64_t range)
{
    int64_t first = atomic_load(&job->first_range);
    return first != INT64_MAX && range - first > 4 * (int64_t)job->n_workers;
}

static up_status
worker_start(parallel_job *job, worker *w, up_error *err)
{
    up_status status = UP_OK;
    if (w->ready) {
        return UP_OK;
    }
    UP_TRY(UP_NEW(&w->rows, UPI_BATCH_ROWS, err));
    UP_TRY(upi_lanes_make(job->scan, &w->lanes, err));
    UP_TRY(upi_chunk_view_make(job->scan->n, &w->view, err));
    w->ready = true;
out:
    return status;
}

static up_status
close_range(parallel_job *job, worker *w, up_error *err)
{
    bool open = w->open;
    w->open = false;
    if (!open || muted(job, w->range)) {
        return UP_OK;
    }
    return job->sink->range_end(job->sink->ctx, (int)(w - job->workers), w->range, err);
}

/* The range of a row, and the first row behind it. */
static int64_t
range_of(const upi_row_groups *g, int64_t row, int64_t *end)
{
    int64_t group = upi_row_groups_find(g, row);
    int64_t part = (row - g->first[group]) / UPI_RANGE_ROWS;
    *end = g->first[group] + (part + 1) * UPI_RANGE_ROWS;
    *end = *end < g->first[group + 1] ? *end : g->first[group + 1];
    return g->base[group] + part;
}

static up_status
open_range(parallel_job *job, worker *w, int64_t row, up_error *err)
{
    up_status status = UP_OK;
    UP_TRY(close_range(job, w, err));
    const upi_row_groups *g = &job->d->groups;
    if (row >= g->first[g->n]) {
        return upi_fail(err, UP_E_ENGINE, NULL,
            "%s: the engine gave a row behind the last", job->d->subject);
    }
    w->range = range_of(g, row, &w->end);
    if (atomic_exchange(&job->seen[w->range], 1) != 0) {
        status = upi_fail(err, UP_E_ENGINE, NULL,
            "%s: the engine gave the rows of one row group to two threads",
            job->d->subject);
        goto out;
    }
    w->open = true;
    w->next = row;
out:
    return status;
}

/* Row numbers over all files, and that they rise. */
static up_status
number_rows(const parallel_job *job, worker *w, duckdb_data_chunk chunk, int64_t n,
    up_error *err)
{
    const upi_duck *api = job->d->db.api;
    const int64_t *row = api->vector_get_data(api->data_chunk_get_vector(chunk, 0));
    const int64_t *file =
        job->first_column == 2
            ? api->vector_get_data(api->data_chunk_get_vector(chunk, 1))
            : NULL;
    const upi_row_groups *g = &job->d->groups;
    for (int64_t i = 0; i < n; i++) {
        int64_t f = file != NULL ? file[i] : 0;
        if (f < 0 || f >= g->n_files || row[i] < 0) {
            return upi_fail(err, UP_E_ENGINE, NULL,
                "%s: the engine numbers its rows in a way that is not known",
                job->d->subject);
        }
        w->rows[i] = g->file_row[f] + row[i];
    }
    return UP_OK;
}

/* Rows [i, j) of the chunk belong to the open range and rise; j > i, because row i has just
 * been made or checked to be the next. */
static int64_t
run_length(worker *w, int64_t i, int64_t n)
{
    int64_t j = i;
    int64_t least = w->next;
    while (j < n && w->rows[j] < w->end && w->rows[j] >= least) {
        least = w->rows[j] + 1;
        j++;
    }
    w->next = least;
    return j;
}

/* Hands rows [i, j) of the n converted ones to the sink. */
static up_status
deliver(parallel_job *job, worker *w, int64_t n, int64_t i, int64_t j, up_error *err)
{
    up_status status = UP_OK;
    if (muted(job, w->range)) {
        return UP_OK;
    }
    upi_batch batch = upi_lanes_whole(&w->lanes, n);
    if (i > 0 || j < n) {
        UP_TRY(upi_lanes_append(&w->lanes, 0, i, j - i, err));
        batch = upi_lanes_cut(&w->lanes, j - i);
    }
    int number = (int)(w - job->workers);
    UP_TRY(job->sink->batch(job->sink->ctx, number, w->range, &batch, err));
out:
    return status;
}

static up_status
take_chunk(parallel_job *job, worker *w, duckdb_data_chunk chunk, up_error *err)
{
    up_status status = UP_OK;
    int64_t n = (int64_t)job->d->db.api->data_chunk_get_size(chunk);
    int64_t ignored = 0;
    UP_TRY(number_rows(job, w, chunk, n, err));
    w->at = range_of(&job->d->groups, w->rows[0], &ignored);
    if (muted(job, w->at)) {
        return UP_OK; /* nor are its values converted: a failure there would not count */
    }
    UP_TRY(
        upi_chunk_columns(job->d, chunk, job->first_column, job->scan, &w->view, err));
    UP_TRY(upi_lanes_convert(&w->lanes, job->scan, w->view.columns, n, err));
    for (int64_t i = 0; i < n;) {
        bool inside = w->open && w->rows[i] < w->end && w->rows[i] >= w->next;
        UP_TRY(inside ? UP_OK : open_range(job, w, w->rows[i], err));
        int64_t j = run_length(w, i, n);
        UP_TRY(deliver(job, w, n, i, j, err));
        i = j;
    }
out:
    return status;
}

static idx_t
state_size(duckdb_function_info info)
{
    (void)info;
    return sizeof(lane_state);
}

static void
state_init(duckdb_function_info info, duckdb_aggregate_state state)
{
    (void)info;
    ((lane_state *)(void *)state)->worker_plus_one = 0;
}

static void
state_update(
    duckdb_function_info info, duckdb_data_chunk chunk, duckdb_aggregate_state *states)
{
    /* The table of functions is not reachable before extra_info is, hence the cast of the
     * registered pointer: the first member of what it points to is the table. */
    up_error err = UP_ERROR_INIT;
    const upi_duck *api = NULL;
    if (upi_duck_load(&api, &err) != UP_OK) {
        return;
    }
    upi_duckdb *d = api->aggregate_function_get_extra_info(info);
    parallel_job *job = d->job;
    lane_state *state = (lane_state *)(void *)states[0];
    if (job == NULL || atomic_load(&d->cancelled)) {
        api->aggregate_function_set_error(info, "stopped");
        return;
    }
    if (state->worker_plus_one == 0) {
        state->worker_plus_one = atomic_fetch_add(&job->next_worker, 1) + 1;
    }
    worker *w = NULL;
    up_status status = UP_OK;
    if (state->worker_plus_one > job->n_workers) {
        status = upi_fail(&err, UP_E_ENGINE, NULL,
            "%s: the engine uses more threads than it was given", d->subject);
    } else {
        w = &job->workers[state->worker_plus_one - 1];
        status = worker_start(job, w, &err);
        if (status == UP_OK) {
            status = take_chunk(job, w, chunk, &err);
        }
    }
    if (status != UP_OK) {
        err.status = status;
        note_failure(job, w != NULL ? w->at : 0, &err);
    }
    if (w == NULL || err.status == UP_E_STOPPED || far_behind(job, w->at)) {
        api->aggregate_function_set_error(info, "the sink failed");
    }
}

/* States hold only the number of a worker; there is nothing to combine. */
static void
state_combine(duckdb_function_info info, duckdb_aggregate_state *source,
    duckdb_aggregate_state *target, idx_t count)
{
    (void)info;
    (void)source;
    (void)target;
    (void)count;
}

static void
state_finalize(duckdb_function_info info, duckdb_aggregate_state *source,
    duckdb_vector result, idx_t count, idx_t offset)
{
    (void)source;
    up_error err = UP_ERROR_INIT;
    const upi_duck *api = NULL;
    (void)info;
    if (upi_duck_load(&api, &err) != UP_OK) {
        return;
    }
    int64_t *out = api->vector_get_data(result);
    for (idx_t i = 0; i < count; i++) {
        out[offset + i] = 0;
    }
}

static void
add_parameter(const upi_duck *api, duckdb_aggregate_function f, duckdb_type type)
{
    duckdb_logical_type logical = api->create_logical_type(type);
    api->aggregate_function_add_parameter(f, logical);
    api->destroy_logical_type(&logical);
}

static up_status
register_function(upi_duckdb *d, const char *name, const char *signature, up_error *err)
{
    const upi_duck *api = d->db.api;
    duckdb_aggregate_function f = api->create_aggregate_function();
    api->aggregate_function_set_name(f, name);
    for (const char *p = signature; *p != '\0'; p++) {
        add_parameter(api, f, upi_duckdb_type((upi_type)(*p - '0')));
    }
    duckdb_logical_type result = api->create_logical_type(DUCKDB_TYPE_BIGINT);
    api->aggregate_function_set_return_type(f, result);
    api->destroy_logical_type(&result);
    api->aggregate_function_set_functions(
        f, state_size, state_init, state_update, state_combine, state_finalize);
    api->aggregate_function_set_special_handling(f);
    api->aggregate_function_set_extra_info(f, d, NULL);
    bool done = api->register_aggregate_function(d->db.connection, f) == DuckDBSuccess;
    api->destroy_aggregate_function(&f);
    return done ? UP_OK
                : upi_fail(err, UP_E_ENGINE, NULL,
                      "DuckDB does not take the function %s", name);
}

/* The number of the function for these column types; registered once for each source. */
static up_status
find_function(const parallel_job *job, int64_t *number, up_error *err)
{
    upi_duckdb *d = job->d;
    up_status status = UP_OK;
    upi_text text = {0};
    char *signature = NULL;
    char name[32];
    for (int64_t i = 0; i < job->first_column; i++) {
        upi_text_add_char(&text, (char)('0' + UPI_I64));
    }
    for (int64_t i = 0; i < job->scan->n; i++) {
        upi_text_add_char(&text, (char)('0' + (int)job->scan->natural[i]));
    }
    UP_TRY(upi_text_take(&text, &signature, err));
    for (int64_t i = 0; i < d->n_signatures; i++) {
        if (strcmp(d->signatures[i], signature) == 0) {
            *number = i;
            goto out;
        }
    }
    UP_TRY(
        UP_RESERVE(&d->signatures, &d->signatures_capacity, d->n_signatures + 1, err));
    *number = d->n_signatures;
    (void)snprintf(name, sizeof name, "up_sink_%lld", (long long)*number);
    UP_TRY(register_function(d, name, signature, err));
    d->signatures[d->n_signatures++] = signature;
    signature = NULL;
out:
    upi_text_free(&text);
    upi_free(signature);
    return status;
}

/* A name for the row number that no column in use has. */
static void
free_name(const up_source *s, const upi_bound_scan *scan, char name[40])
{
    for (int attempt = 0;; attempt++) {
        bool taken = false;
        (void)snprintf(name, 40, "up row %d", attempt);
        for (int64_t i = 0; i < scan->n_used && !taken; i++) {
            taken = strcasecmp(s->fields[scan->used[i]].name, name) == 0;
        }
        if (!taken) {
            return;
        }
    }
}

static up_status
build_sql(const up_source *s, parallel_job *job, up_error *err)
{
    up_status status = UP_OK;
    upi_text sql = {0};
    char row[40], extra[256];
    int64_t number = 0;
    UP_TRY(find_function(job, &number, err));
    free_name(s, job->scan, row);
    const char *source_row =
        job->d->kind == UPI_DUCKDB_TABLE ? "rowid" : "CAST(file_row_number AS BIGINT)";
    bool file = job->first_column == 2;
    (void)snprintf(extra, sizeof extra, "%s AS \"%s\"%s%s%s", source_row, row,
        file ? ", CAST(file_index AS BIGINT) AS \"" : "", file ? row : "",
        file ? " file\"" : "");
    upi_text_addf(&sql, "SELECT up_sink_%lld(\"%s\"", (long long)number, row);
    if (file) {
        upi_text_addf(&sql, ", \"%s file\"", row);
    }
    upi_text_add(&sql, job->scan->n > 0 ? ", " : "");
    upi_duckdb_select(job->scan, &sql, &status, err);
    UP_TRY(status);
    upi_text_add_char(&sql, ')');
    UP_TRY(upi_duckdb_from(s, job->scan, extra, &sql, err));
    UP_TRY(upi_text_take(&sql, &job->sql, err));
out:
    upi_text_free(&sql);
    return status;
}

static up_status
parallel_work(void *ctx, up_error *err)
{
    parallel_job *job = ctx;
    up_status status = UP_OK;
    status = upi_db_run(&job->d->db, job->sql, job->d->subject, err);
    if (job->first.status != UP_OK) {
        if (err != NULL) {
            *err = job->first;
        }
        return job->first.status;
    }
    if (status != UP_OK && atomic_load(&job->d->cancelled)) {
        if (err != NULL) {
            *err = (up_error)UP_ERROR_INIT;
        }
        return upi_fail(err, UP_E_STOPPED, NULL, "stopped on request");
    }
    for (int i = 0; status == UP_OK && i < job->n_workers; i++) {
        status = close_range(job, &job->workers[i], err);
    }
    return status;
}

static void
parallel_stop(void *ctx)
{
    upi_duckdb_stop(((parallel_job *)ctx)->d);
}

static double
parallel_fraction(void *ctx)
{
    return upi_duckdb_fraction(((parallel_job *)ctx)->d);
}

up_status
upi_duckdb_parallel(up_source *s, const upi_bound_scan *scan, const upi_sink *sink,
    const up_run *run, up_error *err)
{
    up_status status = UP_OK;
    upi_duckdb *d = s->self;
    parallel_job job = {.d = d,
        .scan = scan,
        .sink = sink,
        .first = UP_ERROR_INIT,
        .first_range = INT64_MAX,
        .n_workers = d->db.threads};
    job.first_column = d->kind == UPI_DUCKDB_PARQUET && d->groups.n_files > 1 ? 2 : 1;
    (void)pthread_mutex_init(&job.lock, NULL);
    UP_TRY(UP_NEW(&job.workers, job.n_workers, err));
    UP_TRY(UP_NEW(&job.seen, d->groups.base[d->groups.n] + 1, err));
    UP_TRY(build_sql(s, &job, err));
    UP_TRY(sink->begin != NULL ? sink->begin(sink->ctx, job.n_workers, err) : UP_OK);
    d->job = &job;
    upi_watch watch = {parallel_work, parallel_fraction, parallel_stop, &job};
    UP_TRY(upi_watch_run(&watch, run, err));
out:
    d->job = NULL;
    for (int i = 0; job.workers != NULL && i < job.n_workers; i++) {
        upi_free(job.workers[i].rows);
        upi_lanes_free(&job.workers[i].lanes);
        upi_chunk_view_free(&job.workers[i].view);
    }
    upi_free(job.workers);
    upi_free(job.seen);
    upi_free(job.sql);
    (void)pthread_mutex_destroy(&job.lock);
    return status;
}
