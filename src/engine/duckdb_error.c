/* DuckDB explains a failure on many lines, some of which speak of its own options and
 * functions. Here the facts are taken out of it and put on one line: which file, which
 * line, which column, which value. */
#include "engine/duckdb_db.h"

#include <stdio.h>
#include <stdlib.h>

enum { PIECE = 160 };

/* Copies what stands between `after` and the next `until` (or the end of the line). */
static bool
piece(const char *text, const char *after, const char *until, char out[PIECE])
{
    const char *start = strstr(text, after);
    if (start == NULL) {
        return false;
    }
    start += strlen(after);
    const char *end = until != NULL ? strstr(start, until) : NULL;
    size_t n = end != NULL ? (size_t)(end - start) : strcspn(start, "\n");
    if (n >= PIECE) {
        n = PIECE - 1;
        while (n > 0 && ((unsigned char)start[n] & 0xC0) == 0x80) {
            n--; /* not in the middle of a character */
        }
    }
    memcpy(out, start, n);
    out[n] = '\0';
    return true;
}

static up_status
fail_conversion(const char *text, const char *file, const char *line, up_error *err)
{
    char column[PIECE] = "", value[PIECE] = "", type[PIECE] = "";
    (void)piece(text, "Error when converting column \"", "\". Could not", column);
    (void)piece(text, "Could not convert string \"", "\" to '", value);
    (void)piece(text, "\" to '", "'", type);
    const char *wanted = strcmp(type, "BIGINT") == 0 || strcmp(type, "DOUBLE") == 0
                             ? "numbers stand in the lines before"
                             : "the lines before are of another type";
    (void)upi_fail(err, UP_E_SOURCE, column,
        "%s, line %s: column %s holds \"%s\", but %s", file, line, column, value,
        wanted);
    return upi_fix(err, "correct the value, or leave it empty if it is missing");
}

static up_status
fail_csv(const char *text, const char *subject, up_error *err)
{
    char line[PIECE] = "?", wanted[PIECE] = "", found[PIECE] = "", file[PIECE] = "";
    (void)piece(text, "CSV Error on Line: ", NULL, line);
    if (!piece(text, "\n  file = ", NULL, file)) {
        (void)snprintf(file, sizeof file, "%s", subject);
    }
    const char *name = strncmp(subject, "standard", 8) == 0 ? subject : file;
    if (strstr(text, "Error when converting column") != NULL) {
        return fail_conversion(text, name, line, err);
    }
    if (piece(text, "Expected Number of Columns: ", " Found:", wanted) &&
        piece(text, "Found: ", NULL, found)) {
        (void)upi_fail(err, UP_E_SOURCE, NULL,
            "%s, line %s: %s values, but there are %s columns", name, line, found,
            wanted);
        return upi_fix(
            err, "correct the line; values that hold the separator need quotes");
    }
    if (piece(text, "Maximum line size of ", " bytes", wanted)) {
        return upi_fail(err, UP_E_SOURCE, NULL,
            "%s, line %s: the line is longer than %s bytes", name, line, wanted);
    }
    if (strstr(text, "nvalid unicode") != NULL || strstr(text, "not utf-8") != NULL) {
        (void)upi_fail(
            err, UP_E_SOURCE, NULL, "%s, line %s: the text is not UTF-8", name, line);
        return upi_fix(err, "convert the file to UTF-8");
    }
    if (strstr(text, "quote") != NULL) {
        return upi_fail(err, UP_E_SOURCE, NULL,
            "%s, line %s: a quoted value does not end properly", name, line);
    }
    return upi_fail(err, UP_E_SOURCE, NULL, "%s, line %s cannot be read", name, line);
}

/* The first line, without "Binder Error: " and the like. */
static void
first_line(const char *text, char *out, size_t size)
{
    const char *colon = strstr(text, "Error: ");
    size_t n = strcspn(text, "\n");
    if (colon != NULL && (size_t)(colon - text) < n) {
        text = colon + 7;
        n = strcspn(text, "\n");
    }
    (void)snprintf(out, size, "%.*s", (int)(n < size ? n : size - 1), text);
}

up_status
upi_db_fail(const upi_db *db, duckdb_error_type type, const char *text,
    const char *subject, up_error *err)
{
    if (text == NULL) {
        text = "no reason given";
    }
    if (type == DUCKDB_ERROR_INTERRUPT || strncmp(text, "INTERRUPT", 9) == 0) {
        return upi_fail(err, UP_E_STOPPED, NULL, "stopped on request");
    }
    if (strstr(text, "CSV Error on Line: ") != NULL) {
        return fail_csv(text, subject, err);
    }
    char line[384];
    first_line(text, line, sizeof line);
    if (type == DUCKDB_ERROR_OUT_OF_MEMORY || strncmp(text, "Out of Memory", 13) == 0) {
        (void)upi_fail(err, UP_E_NO_MEMORY, NULL,
            "%s: the engine needs more than its %lld MiB", subject,
            (long long)(db->memory_limit >> 20));
        return upi_fix(err, "raise the memory limit or use fewer threads");
    }
    if (strstr(text, "It was not possible to automatically detect the CSV") != NULL ||
        strstr(text, "Error when sniffing file") != NULL) {
        (void)upi_fail(err, UP_E_SOURCE, NULL,
            "%s: the separator and columns cannot be made out", subject);
        return upi_fix(err,
            "the first line must hold the column names, and every line as "
            "many values");
    }
    return upi_fail(err, UP_E_SOURCE, NULL, "%s: %s", subject, line);
}
