/* Opening, configuring, querying and closing a private in-memory DuckDB.
 *
 * Settings that are not defaults, and why: no extension is ever downloaded or loaded; the
 * file cache is off, because it keeps whole files within the memory limit; insertion order
 * is kept, because ranges of rows must not depend on threads; the operators' caches are off,
 * because they hand over rows after later ones. */
#include "engine/duckdb_db.h"

#include "base/pool.h"

#include <stdio.h>

static int64_t
memory_limit(const upi_db *db, const up_run *run)
{
    enum { DEFAULT_MIB = 96, WIDE_MIB = 2048 };
    int64_t bytes = run != NULL ? run->memory_limit_bytes : 0;
    return bytes > 0 ? bytes : (int64_t)(db->wide ? WIDE_MIB : DEFAULT_MIB) << 20;
}

static up_status
set_options(upi_db *db, duckdb_config config, up_error *err)
{
    static const char *const options[][2] = {
        {"autoinstall_known_extensions", "false"},
        {"autoload_known_extensions", "false"},
        {"preserve_insertion_order", "true"},
        {"allow_community_extensions", "false"},
    };
    for (size_t i = 0; i < sizeof options / sizeof *options; i++) {
        if (db->api->set_config(config, options[i][0], options[i][1]) == DuckDBError) {
            return upi_fail(err, UP_E_ENGINE, NULL,
                "DuckDB does not know the setting %s", options[i][0]);
        }
    }
    char number[32];
    (void)snprintf(number, sizeof number, "%d", db->threads);
    (void)db->api->set_config(config, "threads", number);
    (void)snprintf(number, sizeof number, "%lldB", (long long)db->memory_limit);
    (void)db->api->set_config(config, "memory_limit", number);
    if (db->api->set_config(config, "temp_directory", db->spill.path) == DuckDBError) {
        return upi_fail(err, UP_E_ENGINE, NULL, "DuckDB does not take %s for its files",
            db->spill.path);
    }
    return UP_OK;
}

/* Settings that not every version knows; failure is no error. */
static bool
try_setting(upi_db *db, const char *sql)
{
    duckdb_result result;
    bool done = db->api->query(db->connection, sql, &result) == DuckDBSuccess;
    db->api->destroy_result(&result);
    return done;
}

up_status
upi_db_open(upi_db *db, const up_run *run, up_error *err)
{
    up_status status = UP_OK;
    duckdb_config config = NULL;
    char *why = NULL;
    UP_TRY(upi_duck_load(&db->api, err));
    UP_TRY(upi_spill_make(run, &db->spill, err));
    db->threads = upi_pool_threads(run);
    db->memory_limit = memory_limit(db, run);
    if (db->api->create_config(&config) == DuckDBError) {
        status = upi_fail_memory(err, 0);
        goto out;
    }
    UP_TRY(set_options(db, config, err));
    if (db->api->open_ext(NULL, &db->database, config, &why) == DuckDBError) {
        status = upi_db_fail(db, DUCKDB_ERROR_INVALID, why, "the engine", err);
        goto out;
    }
    if (db->api->connect(db->database, &db->connection) == DuckDBError) {
        status = upi_fail(err, UP_E_ENGINE, NULL, "DuckDB gives no connection");
        goto out;
    }
    (void)try_setting(db, "SET enable_external_file_cache = false");
    (void)try_setting(db, "SET TimeZone = 'UTC'");
    (void)try_setting(db, "SET enable_progress_bar_print = false");
    (void)try_setting(db, "SET enable_progress_bar = true");
    db->keeps_file_order = try_setting(db, "SET enable_caching_operators = false");
out:
    if (why != NULL) {
        db->api->free(why);
    }
    if (config != NULL) {
        db->api->destroy_config(&config);
    }
    if (status != UP_OK) {
        upi_db_close(db);
    }
    return status;
}

void
upi_db_close(upi_db *db)
{
    if (db->connection != NULL) {
        db->api->disconnect(&db->connection);
    }
    if (db->database != NULL) {
        db->api->close(&db->database);
    }
    upi_private_remove(&db->spill);
    memset(db, 0, sizeof *db);
}

up_status
upi_db_configure(upi_db *db, const up_run *run, up_error *err)
{
    char sql[64];
    int threads = upi_pool_threads(run);
    int64_t limit = memory_limit(db, run);
    up_status status = UP_OK;
    if (threads != db->threads) {
        (void)snprintf(sql, sizeof sql, "SET threads = %d", threads);
        UP_TRY(upi_db_run(db, sql, "the engine", err));
        db->threads = threads;
    }
    if (limit != db->memory_limit) {
        (void)snprintf(sql, sizeof sql, "SET memory_limit = '%lldB'", (long long)limit);
        UP_TRY(upi_db_run(db, sql, "the engine", err));
        db->memory_limit = limit;
    }
out:
    return status;
}

up_status
upi_db_run(upi_db *db, const char *sql, const char *subject, up_error *err)
{
    duckdb_result result;
    up_status status = UP_OK;
    if (db->api->query(db->connection, sql, &result) == DuckDBError) {
        status = upi_db_fail(db, db->api->result_error_type(&result),
            db->api->result_error(&result), subject, err);
    }
    db->api->destroy_result(&result);
    return status;
}

static up_status
add_chunk(const upi_duck *api, duckdb_data_chunk chunk, upi_cells *out, up_error *err)
{
    int64_t rows = (int64_t)api->data_chunk_get_size(chunk);
    int64_t columns = (int64_t)api->data_chunk_get_column_count(chunk);
    out->n_columns = columns;
    up_status status =
        UP_RESERVE(&out->text, &out->capacity, (out->n_rows + rows) * columns, err);
    for (int64_t i = 0; status == UP_OK && i < rows; i++) {
        for (int64_t j = 0; j < columns; j++) {
            out->text[out->n_rows * columns + j] = NULL;
        }
        out->n_rows++;
        for (int64_t j = 0; status == UP_OK && j < columns; j++) {
            duckdb_vector v = api->data_chunk_get_vector(chunk, (idx_t)j);
            upi_column column = {
                UPI_STR, api->vector_get_data(v), api->vector_get_validity(v)};
            if (!upi_valid(&column, i)) {
                continue;
            }
            const upi_str *s = (const upi_str *)column.data + i;
            char *copy = upi_strndup(upi_str_data(s), upi_str_length(s));
            out->text[(out->n_rows - 1) * columns + j] = copy;
            if (copy == NULL) {
                status = upi_fail_memory(err, upi_str_length(s));
            }
        }
    }
    return status;
}

up_status
upi_db_cells(
    upi_db *db, const char *sql, const char *subject, upi_cells *out, up_error *err)
{
    up_status status = UP_OK;
    upi_stream stream = {0};
    duckdb_data_chunk chunk = NULL;
    memset(out, 0, sizeof *out);
    UP_TRY(upi_stream_open(&stream, db, sql, subject, err));
    for (;;) {
        UP_TRY(upi_stream_next(&stream, subject, &chunk, err));
        if (chunk == NULL) {
            break;
        }
        UP_TRY(add_chunk(db->api, chunk, out, err));
        db->api->destroy_data_chunk(&chunk);
    }
out:
    if (chunk != NULL) {
        db->api->destroy_data_chunk(&chunk);
    }
    upi_stream_close(&stream);
    if (status != UP_OK) {
        upi_cells_free(out);
    }
    return status;
}

const char *
upi_cells_at(const upi_cells *c, int64_t row, int64_t column)
{
    return c->text[row * c->n_columns + column];
}

void
upi_cells_free(upi_cells *c)
{
    for (int64_t i = 0; i < c->n_rows * c->n_columns; i++) {
        upi_free(c->text[i]);
    }
    upi_free(c->text);
    memset(c, 0, sizeof *c);
}

up_status
upi_stream_open(
    upi_stream *s, upi_db *db, const char *sql, const char *subject, up_error *err)
{
    const upi_duck *api = db->api;
    s->db = db;
    if (api->prepare(db->connection, sql, &s->statement) == DuckDBError) {
        return upi_db_fail(
            db, DUCKDB_ERROR_INVALID, api->prepare_error(s->statement), subject, err);
    }
    if (api->pending_prepared_streaming(s->statement, &s->pending) == DuckDBError) {
        return upi_db_fail(
            db, DUCKDB_ERROR_INVALID, api->pending_error(s->pending), subject, err);
    }
    s->has_result = true;
    if (api->execute_pending(s->pending, &s->result) == DuckDBError) {
        /* A failure on the way to the first row is kept by the pending result. */
        const char *why = api->pending_error(s->pending);
        return upi_db_fail(db, DUCKDB_ERROR_INVALID,
            why != NULL && why[0] != '\0' ? why : api->result_error(&s->result),
            subject, err);
    }
    return UP_OK;
}

up_status
upi_stream_next(
    upi_stream *s, const char *subject, duckdb_data_chunk *chunk, up_error *err)
{
    const upi_duck *api = s->db->api;
    *chunk = api->fetch_chunk(s->result);
    if (*chunk != NULL && api->data_chunk_get_size(*chunk) == 0) {
        api->destroy_data_chunk(chunk);
        *chunk = NULL;
    }
    if (*chunk != NULL) {
        return UP_OK;
    }
    const char *why = api->result_error(&s->result);
    return why == NULL || why[0] == '\0'
               ? UP_OK
               : upi_db_fail(
                     s->db, api->result_error_type(&s->result), why, subject, err);
}

void
upi_stream_close(upi_stream *s)
{
    if (s->db == NULL) {
        return;
    }
    const upi_duck *api = s->db->api;
    if (s->has_result) {
        api->destroy_result(&s->result);
    }
    if (s->pending != NULL) {
        api->destroy_pending(&s->pending);
    }
    if (s->statement != NULL) {
        api->destroy_prepare(&s->statement);
    }
    memset(s, 0, sizeof *s);
}
