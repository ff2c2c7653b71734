/* Keeps the engine to the files that a source was opened for.
 *
 * A name is harmless only after it is resolved: "a/../b", a link, a pattern. So every file that
 * a source stands for is resolved and must lie in one of the directories. A database may hold
 * views that read further files; the engine is therefore told the files by name, before the
 * database is attached, and to open no other. */
#include "engine/files.h"

#include <errno.h>
#include <stdlib.h>

static bool
inside(const char *path, const char *directory)
{
    char *real = realpath(directory, NULL);
    size_t n = real != NULL ? strlen(real) : 0;
    n -= n == 1 ? 1 : 0; /* the root directory holds everything */
    bool in = real != NULL && strncmp(path, real, n) == 0 &&
              (path[n] == '/' || path[n] == '\0');
    free(real); /* from realpath() */
    return in;
}

static up_status
check_file(const char *path, const char *const *directories, up_error *err)
{
    char *real = realpath(path, NULL);
    int failed = real == NULL ? errno : 0;
    bool in = false;
    for (int64_t i = 0; real != NULL && directories[i] != NULL && !in; i++) {
        in = inside(real, directories[i]);
    }
    free(real);
    if (in) {
        return UP_OK;
    }
    if (failed == ENOMEM) {
        return upi_fail_memory(err, 0);
    }
    (void)upi_fail(err, UP_E_SOURCE, NULL,
        "%s is outside the directories from which data may be read", path);
    return upi_fix(err, "put the data into one of them%s%s",
        directories[0] != NULL ? ", e.g. " : "",
        directories[0] != NULL ? directories[0] : "");
}

/* The path, its log where it is a database, and the pattern under which it is read. */
static up_status
add_paths(upi_text *sql, const char *path, up_error *err)
{
    upi_text log = {0};
    upi_text pattern = {0};
    up_status status = UP_OK;
    upi_text_addf(&log, "%s.wal", path);
    upi_glob_escape(path, &pattern);
    if (log.failed || pattern.failed) {
        status = upi_fail_memory(err, strlen(path));
    } else {
        upi_sql_string(&upi_dialect_duckdb, path, (int64_t)strlen(path), sql);
        upi_text_add(sql, ", ");
        upi_sql_string(&upi_dialect_duckdb, log.s, log.length, sql);
        upi_text_add(sql, ", ");
        upi_sql_string(&upi_dialect_duckdb, pattern.s, pattern.length, sql);
    }
    upi_text_free(&log);
    upi_text_free(&pattern);
    return status;
}

up_status
upi_db_allow_only(
    upi_db *db, const upi_cells *files, const char *const *directories, up_error *err)
{
    up_status status = UP_OK;
    upi_text sql = {0};
    char *text = NULL;
    upi_text_add(&sql, "SET allowed_paths = [");
    for (int64_t i = 0; i < files->n_rows; i++) {
        const char *path = upi_cells_at(files, i, 0);
        UP_TRY(directories != NULL ? check_file(path, directories, err) : UP_OK);
        upi_text_add(&sql, i > 0 ? ", " : "");
        UP_TRY(add_paths(&sql, path, err));
    }
    upi_text_add_char(&sql, ']');
    UP_TRY(upi_text_take(&sql, &text, err));
    UP_TRY(upi_db_run(db, text, "the engine", err));
    UP_TRY(upi_db_run(db, "SET enable_external_access = false", "the engine", err));
out:
    upi_text_free(&sql);
    upi_free(text);
    return status;
}
