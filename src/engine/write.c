/* Writes rows to a file through DuckDB's COPY, fed by a table function that asks the caller
 * for one batch after another: nothing grows with the number of rows.
 *
 * The file is written inside a fresh private directory beside its final place, synced, and
 * renamed over it; a reader sees the old file or the new one, never a part. One thread and
 * a row-group size that depends on the columns alone give the same bytes every time. */
#include "engine/write.h"

#include "base/file.h"
#include "engine/duckdb_db.h"
#include "engine/scan.h"
#include "engine/source.h"

#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <strings.h>
#include <unistd.h>

typedef struct writer {
    const upi_write *w;
    upi_db db;
    upi_private directory; /* where the bytes go first */
    char *file;
    char *sql;
    upi_out_column *columns; /* what fill gets */
    upi_str **text;          /* room for texts, by column, or NULL */
    int64_t **days;          /* room for dates, by column, or NULL */
    int64_t position;        /* rows filled; only the engine's thread uses it */
    atomic_llong done;       /* the same for the progress */
    atomic_bool stopped;
    up_error failure; /* of fill */
} writer;

static void
rows_bind(duckdb_bind_info info)
{
    const upi_duck *api = NULL;
    if (upi_duck_load(&api, NULL) != UP_OK) {
        return;
    }
    const writer *state = api->bind_get_extra_info(info);
    for (int64_t i = 0; i < state->w->n_fields; i++) {
        duckdb_logical_type type =
            api->create_logical_type(upi_duckdb_type(state->w->fields[i].type));
        api->bind_add_result_column(info, state->w->fields[i].name, type);
        api->destroy_logical_type(&type);
    }
    api->bind_set_cardinality(info, (idx_t)state->w->n_rows, true);
}

static void
rows_init(duckdb_init_info info)
{
    const upi_duck *api = NULL;
    if (upi_duck_load(&api, NULL) == UP_OK) {
        api->init_set_max_threads(info, 1);
    }
}

/* Texts and dates go through room of ours; the rest is filled in place. */
static void
offer_column(writer *state, const upi_duck *api, duckdb_vector v, int64_t i)
{
    void *data = api->vector_get_data(v);
    api->vector_ensure_validity_writable(v);
    uint64_t *validity = api->vector_get_validity(v);
    memset(validity, 0xFF, UPI_BATCH_ROWS / 8);
    if (state->text[i] != NULL) {
        data = state->text[i];
    } else if (state->days[i] != NULL) {
        data = state->days[i];
    }
    state->columns[i] = (upi_out_column){data, validity};
}

static up_status
store_text(writer *state, const upi_duck *api, duckdb_vector v, int64_t i, int64_t n,
    up_error *err)
{
    upi_column c = {UPI_STR, state->text[i], state->columns[i].validity};
    for (int64_t row = 0; row < n; row++) {
        const upi_str *s = &state->text[i][row];
        if (!upi_valid(&c, row)) {
            continue;
        }
        if (!upi_utf8_valid(upi_str_data(s), upi_str_length(s))) {
            return upi_fail(err, UP_E_WRITE, state->w->fields[i].name,
                "%s: a value of column %s is not UTF-8", state->w->path,
                state->w->fields[i].name);
        }
        api->vector_assign_string_element_len(
            v, (idx_t)row, upi_str_data(s), upi_str_length(s));
    }
    return UP_OK;
}

static void
store_days(const int64_t *from, int64_t n, int32_t *to)
{
    for (int64_t i = 0; i < n; i++) {
        int64_t day = from[i] > INT32_MAX ? INT32_MAX : from[i];
        to[i] = (int32_t)(day < -INT32_MAX ? -INT32_MAX : day);
    }
}

static up_status
fill_chunk(writer *state, const upi_duck *api, duckdb_data_chunk chunk, up_error *err)
{
    const upi_write *w = state->w;
    up_status status = UP_OK;
    int64_t left = w->n_rows - state->position;
    int64_t n = left < UPI_BATCH_ROWS ? left : UPI_BATCH_ROWS;
    for (int64_t i = 0; n > 0 && i < w->n_fields; i++) {
        offer_column(state, api, api->data_chunk_get_vector(chunk, (idx_t)i), i);
    }
    if (n > 0) {
        UP_TRY(w->fill(w->ctx, state->position, n, state->columns, err));
    }
    for (int64_t i = 0; n > 0 && i < w->n_fields; i++) {
        duckdb_vector v = api->data_chunk_get_vector(chunk, (idx_t)i);
        UP_TRY(state->text[i] != NULL ? store_text(state, api, v, i, n, err) : UP_OK);
        if (state->days[i] != NULL) {
            store_days(state->days[i], n, api->vector_get_data(v));
        }
    }
    api->data_chunk_set_size(chunk, (idx_t)n);
    state->position += n;
    atomic_store(&state->done, state->position);
out:
    return status;
}

static void
rows_next(duckdb_function_info info, duckdb_data_chunk chunk)
{
    const upi_duck *api = NULL;
    up_error err = UP_ERROR_INIT;
    if (upi_duck_load(&api, &err) != UP_OK) {
        return;
    }
    writer *state = api->function_get_extra_info(info);
    if (atomic_load(&state->stopped)) {
        api->function_set_error(info, "stopped");
        return;
    }
    up_status status = fill_chunk(state, api, chunk, &err);
    if (status != UP_OK) {
        err.status = status;
        state->failure = err;
        api->function_set_error(info, "the rows cannot be filled");
    }
}

static up_status
register_rows(writer *state, up_error *err)
{
    const upi_duck *api = state->db.api;
    duckdb_table_function f = api->create_table_function();
    api->table_function_set_name(f, "up_rows");
    api->table_function_set_extra_info(f, state, NULL);
    api->table_function_set_bind(f, rows_bind);
    api->table_function_set_init(f, rows_init);
    api->table_function_set_function(f, rows_next);
    bool done = api->register_table_function(state->db.connection, f) == DuckDBSuccess;
    api->destroy_table_function(&f);
    return done ? UP_OK
                : upi_fail(err, UP_E_ENGINE, NULL,
                      "DuckDB does not take the function up_rows");
}

typedef enum file_format {
    FORMAT_UNKNOWN,
    FORMAT_PARQUET,
    FORMAT_CSV,
    FORMAT_CSV_GZ
} file_format;

static file_format
format_of(const char *path)
{
    static const struct {
        const char *ending;
        file_format format;
    } endings[] = {
        {".parquet", FORMAT_PARQUET}, {".csv", FORMAT_CSV}, {".csv.gz", FORMAT_CSV_GZ}};
    size_t n = strlen(path);
    for (size_t i = 0; i < sizeof endings / sizeof *endings; i++) {
        size_t m = strlen(endings[i].ending);
        if (n > m && strcasecmp(path + n - m, endings[i].ending) == 0) {
            return endings[i].format;
        }
    }
    return FORMAT_UNKNOWN;
}

/* Rows of a row group: at most 32 MiB of values, so that wide tables fit the memory limit. */
static int64_t
row_group_rows(const upi_write *w)
{
    int64_t bytes = 1; /* rounding makes up for it */
    for (int64_t i = 0; i < w->n_fields; i++) {
        bytes += w->fields[i].type == UPI_STR ? 64 : 8;
    }
    int64_t rows = ((int64_t)32 << 20) / bytes / UPI_BATCH_ROWS * UPI_BATCH_ROWS;
    return rows < UPI_BATCH_ROWS   ? UPI_BATCH_ROWS
           : rows > UPI_RANGE_ROWS ? UPI_RANGE_ROWS
                                   : rows;
}

static void
add_metadata(const upi_write *w, upi_text *sql)
{
    if (w->n_metadata == 0) {
        return;
    }
    upi_text_add(sql, ", KV_METADATA {");
    for (int64_t i = 0; i < w->n_metadata; i++) {
        const upi_kv *kv = &w->metadata[i];
        upi_text_add(sql, i > 0 ? ", " : "");
        upi_sql_string(&upi_dialect_duckdb, kv->key, (int64_t)strlen(kv->key), sql);
        upi_text_add(sql, ": ");
        upi_sql_string(&upi_dialect_duckdb, kv->value, (int64_t)strlen(kv->value), sql);
    }
    upi_text_add_char(sql, '}');
}

static up_status
build_sql(writer *state, file_format format, up_error *err)
{
    up_status status = UP_OK;
    upi_text sql = {0};
    upi_text_add(&sql, "COPY (SELECT * FROM up_rows()) TO ");
    upi_sql_string(
        &upi_dialect_duckdb, state->file, (int64_t)strlen(state->file), &sql);
    if (format == FORMAT_PARQUET) {
        upi_text_addf(&sql,
            " (USE_TMP_FILE false, FORMAT parquet, COMPRESSION zstd, ROW_GROUP_SIZE "
            "%lld",
            (long long)row_group_rows(state->w));
        add_metadata(state->w, &sql);
    } else {
        upi_text_addf(&sql,
            " (USE_TMP_FILE false, FORMAT csv, HEADER true, COMPRESSION %s",
            format == FORMAT_CSV ? "none" : "gzip");
    }
    upi_text_add_char(&sql, ')');
    UP_TRY(upi_text_take(&sql, &state->sql, err));
out:
    upi_text_free(&sql);
    return status;
}

static up_status
make_rooms(writer *state, up_error *err)
{
    const upi_write *w = state->w;
    up_status status = UP_OK;
    UP_TRY(UP_NEW(&state->columns, w->n_fields, err));
    UP_TRY(UP_NEW(&state->text, w->n_fields, err));
    UP_TRY(UP_NEW(&state->days, w->n_fields, err));
    for (int64_t i = 0; i < w->n_fields; i++) {
        bool text = w->fields[i].type == UPI_STR, date = w->fields[i].type == UPI_DATE;
        UP_TRY(text ? UP_NEW(&state->text[i], UPI_BATCH_ROWS, err) : UP_OK);
        UP_TRY(date ? UP_NEW(&state->days[i], UPI_BATCH_ROWS, err) : UP_OK);
    }
out:
    return status;
}

static up_status
make_directory(writer *state, up_error *err)
{
    up_status status = UP_OK;
    upi_text text = {0};
    char *name = NULL;
    const char *path = state->w->path != NULL ? state->w->path : "";
    UP_TRY(upi_file_refuse_special(path, "path", err));
    upi_text_addf(&text, "%s.", path);
    UP_TRY(upi_text_take(&text, &name, err));
    UP_TRY(upi_private_make(name, &state->directory, err));
    if (state->directory.path == NULL) {
        status = upi_fail(
            err, UP_E_WRITE, "path", "%s cannot be written: %s", path, strerror(errno));
        goto out;
    }
    upi_text_addf(&text, "%s/rows", state->directory.path);
    UP_TRY(upi_text_take(&text, &state->file, err));
out:
    upi_text_free(&text);
    upi_free(name);
    return status;
}

static up_status
write_work(void *ctx, up_error *err)
{
    writer *state = ctx;
    up_error own = UP_ERROR_INIT;
    up_status status = upi_db_run(&state->db, state->sql, state->w->path, &own);
    if (state->failure.status != UP_OK) {
        own = state->failure;
        status = own.status;
    } else if (status != UP_OK && atomic_load(&state->stopped)) {
        return upi_fail(err, UP_E_STOPPED, NULL, "stopped on request");
    } else if (status == UP_E_SOURCE) {
        status = own.status = UP_E_WRITE;
    }
    if (status != UP_OK && err != NULL) {
        *err = own;
    }
    return status;
}

static double
write_fraction(void *ctx)
{
    writer *state = ctx;
    return state->w->n_rows > 0
               ? (double)atomic_load(&state->done) / (double)state->w->n_rows
               : 1;
}

static void
write_stop(void *ctx)
{
    writer *state = ctx;
    atomic_store(&state->stopped, true);
    state->db.api->interrupt(state->db.connection);
}

static bool
sync_path(const char *path, int flags)
{
    int fd = open(path, flags | O_CLOEXEC);
    if (fd < 0) {
        return false;
    }
    bool done = fsync(fd) == 0;
    return close(fd) == 0 && done;
}

/* Syncs the file, gives it its name, and syncs the directory that holds the name. */
static up_status
publish(writer *state, up_error *err)
{
    const char *path = state->w->path;
    if (!sync_path(state->file, O_RDWR) || rename(state->file, path) != 0) {
        return upi_fail(
            err, UP_E_WRITE, "path", "%s cannot be written: %s", path, strerror(errno));
    }
    char *parent = upi_strdup(path);
    if (parent == NULL) {
        return UP_OK; /* the file stands; only the sync of its directory is left out */
    }
    char *slash = strrchr(parent, '/');
    if (slash != NULL) {
        slash[slash == parent] = '\0';
    }
    (void)sync_path(slash != NULL ? parent : ".", O_RDONLY);
    upi_free(parent);
    return UP_OK;
}

static up_status
check(const upi_write *w, file_format format, up_error *err)
{
    if (w->path == NULL || w->n_fields < 1 || w->n_rows < 0 || w->fill == NULL) {
        return upi_fail(err, UP_E_ARGUMENT, "write", "a file needs a path and columns");
    }
    if (!upi_utf8_valid(w->path, strlen(w->path)) || strstr(w->path, "://") != NULL) {
        return upi_fail(err, UP_E_WRITE, "path", "%s is not a path", w->path);
    }
    if (format == FORMAT_UNKNOWN) {
        (void)upi_fail(
            err, UP_E_WRITE, "path", "%s has an ending that is not known", w->path);
        return upi_fix(err, "use .parquet, .csv or .csv.gz");
    }
    if (w->n_metadata > 0 && format != FORMAT_PARQUET) {
        return upi_fail(
            err, UP_E_WRITE, "path", "%s: only Parquet files hold metadata", w->path);
    }
    return UP_OK;
}

static void
writer_free(writer *state)
{
    upi_db_close(&state->db);
    if (state->file != NULL) {
        (void)unlink(state->file);
    }
    upi_private_remove(&state->directory);
    for (int64_t i = 0; i < state->w->n_fields; i++) {
        if (state->text != NULL) {
            upi_free(state->text[i]);
        }
        if (state->days != NULL) {
            upi_free(state->days[i]);
        }
    }
    upi_free(state->text);
    upi_free(state->days);
    upi_free(state->columns);
    upi_free(state->file);
    upi_free(state->sql);
}

up_status
upi_write_rows(const upi_write *w, const up_run *run, up_error *err)
{
    UP_GUARD(err);
    up_status status = UP_OK;
    up_run settings;
    file_format format = w->path != NULL ? format_of(w->path) : FORMAT_UNKNOWN;
    writer state = {.w = w, .failure = UP_ERROR_INIT};
    UP_TRY(upi_run_read(&settings, run, err));
    UP_TRY(check(w, format, err));
    settings.threads = 1;
    UP_TRY(make_rooms(&state, err));
    UP_TRY(make_directory(&state, err));
    UP_TRY(upi_db_open(&state.db, &settings, err));
    UP_TRY(register_rows(&state, err));
    UP_TRY(build_sql(&state, format, err));
    upi_watch watch = {write_work, write_fraction, write_stop, &state};
    UP_TRY(upi_watch_run(&watch, &settings, err));
    UP_TRY(publish(&state, err));
out:
    writer_free(&state);
    return status;
}
