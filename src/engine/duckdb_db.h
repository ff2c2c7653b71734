/* One private in-memory DuckDB: opened with safe settings, closed without leftovers. Shared
 * by reading (duckdb.c, duckdb_scan.c) and writing (write.c). */
#ifndef UPI_DUCKDB_DB_H
#define UPI_DUCKDB_DB_H

#include "engine/duckdb_load.h"
#include "engine/engine.h"

/* A directory of this process alone; path NULL = none. */
typedef struct upi_private {
    char *path;
    int lock; /* the directory, open and locked; -1 where it cannot be */
} upi_private;

typedef struct upi_db {
    const upi_duck *api;
    duckdb_database database;
    duckdb_connection connection;
    upi_private spill; /* removed by upi_db_close */
    bool
        keeps_file_order; /* filters do not reorder rows: the engine knows the setting */
    bool wide;            /* thousands of columns: the default memory limit is larger */
    int threads;
    int64_t memory_limit;
} upi_db;

/* Zero *db before. On failure nothing is left open. UP_E_ENGINE, UP_E_ARGUMENT
 * (spill_directory), UP_E_NO_MEMORY. */
up_status upi_db_open(upi_db *db, const up_run *run, up_error *err);
void upi_db_close(upi_db *db);

/* Threads and memory limit of the next call. */
up_status upi_db_configure(upi_db *db, const up_run *run, up_error *err);

/* Runs one statement and drops its result. `subject` is the file or table the statement
 * speaks of; it stands in the message of a failure. */
up_status upi_db_run(upi_db *db, const char *sql, const char *subject, up_error *err);

/* A small result as text. Every column of the statement must be VARCHAR; NULL stays NULL. */
typedef struct upi_cells {
    char **text; /* row-major */
    int64_t n_rows, n_columns, capacity;
} upi_cells;
up_status upi_db_cells(
    upi_db *db, const char *sql, const char *subject, upi_cells *out, up_error *err);
const char *upi_cells_at(const upi_cells *c, int64_t row, int64_t column);
void upi_cells_free(upi_cells *c);

/* A prepared statement whose result is streamed in chunks. */
typedef struct upi_stream {
    upi_db *db;
    duckdb_prepared_statement statement;
    duckdb_pending_result pending;
    duckdb_result result;
    bool has_result;
} upi_stream;
up_status upi_stream_open(
    upi_stream *s, upi_db *db, const char *sql, const char *subject, up_error *err);
/* *chunk NULL at the end; free with api->destroy_data_chunk. */
up_status upi_stream_next(
    upi_stream *s, const char *subject, duckdb_data_chunk *chunk, up_error *err);
void upi_stream_close(upi_stream *s);

/* Turns DuckDB's text, which has many lines, into one line about `subject`. */
up_status upi_db_fail(const upi_db *db, duckdb_error_type type, const char *text,
    const char *subject, up_error *err);

/* A fresh private directory below run->spill_directory or the system's. */
up_status upi_spill_make(const up_run *run, upi_private *out, up_error *err);
/* Makes "<start><process>-XXXXXX" and removes those that dead processes left; out->path stays
 * NULL, with errno, where it cannot be made. */
up_status upi_private_make(const char *start, upi_private *out, up_error *err);
void upi_private_remove(upi_private *p);

#endif
