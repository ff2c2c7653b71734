/* The embedded engine: files and tables read by DuckDB. Opening is in duckdb.c, scanning in
 * duckdb_scan.c (one stream) and duckdb_parallel.c (all cores). */
#ifndef UPI_DUCKDB_H
#define UPI_DUCKDB_H

#include "engine/duckdb_db.h"
#include "engine/scan.h"

#include <stdatomic.h>

typedef enum upi_duckdb_kind {
    UPI_DUCKDB_CSV,
    UPI_DUCKDB_JSON,
    UPI_DUCKDB_PARQUET,
    UPI_DUCKDB_TABLE, /* rows of a native table */
    UPI_DUCKDB_VIEW
} upi_duckdb_kind;

/* Where the row groups of a Parquet file or a native table begin. Row group g holds the
 * rows first[g] .. first[g+1]-1 of all files laid end to end, and the ranges from base[g]. */
typedef struct upi_row_groups {
    int64_t n, capacity;
    int64_t *first; /* (n + 1) */
    int64_t *base;  /* (n + 1) number of the first range */
    int64_t n_files;
    int64_t *file_row; /* (n_files + 1) first row of each file */
} upi_row_groups;

typedef struct upi_duckdb {
    upi_db db;
    upi_duckdb_kind kind;
    char *subject;            /* the source in messages */
    char *from;               /* SQL of the relation */
    int64_t from_list_length; /* bytes of the list of paths in it, from '[' on */
    char *table;              /* SQL name of a native table, else NULL */
    char *spool;              /* standard input, copied into the spill directory */
    upi_cells files;          /* paths, in the order in which they are read */
    bool virtual_row;         /* no column hides file_row_number, file_index or rowid */
    bool groups_known, groups_failed;
    upi_row_groups groups;
    char **signatures; /* of the aggregate functions registered so far */
    int64_t n_signatures, signatures_capacity;
    struct upi_parallel_job *job; /* the running scan, for the aggregate's callbacks */
    atomic_bool cancelled;
} upi_duckdb;

up_status upi_duckdb_open(
    const char *name, const up_run *run, up_source **out, up_error *err);

/* engine ops */
up_status upi_duckdb_scan(up_source *s, const upi_scan *scan, const upi_sink *sink,
    const up_run *run, up_error *err);
up_status upi_duckdb_query(
    up_source *s, const char *sql, struct ArrowArrayStream *out, up_error *err);

/* The way of a scan of a table or file whose rows can be numbered. */
up_status upi_duckdb_parallel(up_source *s, const upi_bound_scan *scan,
    const upi_sink *sink, const up_run *run, up_error *err);
/* Fills groups; *possible false where rows cannot be numbered (then the stream is used). */
up_status upi_duckdb_row_groups(upi_duckdb *d, bool *possible, up_error *err);
void upi_row_groups_free(upi_row_groups *g);
int64_t upi_row_groups_find(const upi_row_groups *g, int64_t row);

/* "CAST(... AS DOUBLE), ..." of the columns of a scan. */
void upi_duckdb_select(
    const upi_bound_scan *scan, upi_text *out, up_status *status, up_error *err);
/* " FROM (...) WHERE ..."; `extra` is SQL of further columns of the relation, or "". */
up_status upi_duckdb_from(const up_source *s, const upi_bound_scan *scan,
    const char *extra, upi_text *out, up_error *err);

/* Columns of a chunk from number `first` on, read in place. */
typedef struct upi_chunk_view {
    int64_t n;
    upi_column *columns;
    int64_t **days; /* widened dates */
} upi_chunk_view;
up_status upi_chunk_view_make(int64_t n, upi_chunk_view *out, up_error *err);
void upi_chunk_view_free(upi_chunk_view *view);
up_status upi_chunk_columns(const upi_duckdb *d, duckdb_data_chunk chunk, int64_t first,
    const upi_bound_scan *scan, upi_chunk_view *view, up_error *err);

/* For the watch: ctx is the upi_duckdb. */
void upi_duckdb_stop(void *ctx);
double upi_duckdb_fraction(void *ctx);

#endif
