/* Names of sources: what kind of file a name stands for, and which files a glob means. */
#ifndef UPI_FILES_H
#define UPI_FILES_H

#include "engine/duckdb.h"

/* How a name is to be read. */
typedef struct upi_source_name {
    upi_duckdb_kind kind;
    bool tab;   /* .tsv: the separator is a tab */
    bool lines; /* .jsonl, .ndjson: one object a line */
    bool glob;
    char *table;     /* after "::", or NULL */
    upi_cells files; /* one column: the paths */
} upi_source_name;

/* UP_E_SOURCE: no such file, a directory, an unknown ending, files of several kinds, an
 * address instead of a path, an empty file. */
up_status upi_source_name_read(
    const char *name, upi_db *db, upi_source_name *out, up_error *err);
void upi_source_name_free(upi_source_name *n);

/* The engine opens these files and no other from now on. Each must lie in one of the directories
 * (ended by NULL; NULL = anywhere), after links are resolved: UP_E_SOURCE. */
up_status upi_db_allow_only(
    upi_db *db, const upi_cells *files, const char *const *directories, up_error *err);

/* Copies standard input to a file in `directory`. */
up_status upi_spool_stdin(
    const char *directory, const up_run *run, char **path, up_error *err);

/* Hash of paths, sizes and times; 0 = a file cannot be looked at. */
uint64_t upi_files_fingerprint(const upi_cells *files);

/* A path as a glob pattern that matches it alone. */
void upi_glob_escape(const char *path, upi_text *out);

#endif
