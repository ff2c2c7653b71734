/* The names of the columns as they stand in the file. DuckDB gives a second column of the
 * same name another one ("y_1"), and where lines do not agree its sniffer settles on a single
 * column for the whole line; both would pass for data. Here the line is read as it is, and the
 * rows once more with the separator that the header shows, so that the fault is named. */
#include "engine/header.h"

#include "engine/source.h"

#include <stdio.h>
#include <stdlib.h>
#include <strings.h>

/* A separator and quotes that no line holds: the whole line is one value. */
static const char raw_lines[] =
    ", header = false, auto_detect = false, columns = {'line': 'VARCHAR'}, "
    "delim = '\x01', quote = '', escape = '', max_line_size = 2097152)";

static void
add_first_file(const upi_duckdb *d, upi_text *sql)
{
    upi_text path = {0};
    const char *name = upi_cells_at(&d->files, 0, 0);
    if (name[0] == '~') {
        upi_text_add(&path, "./");
    }
    upi_glob_escape(name, &path);
    sql->failed = sql->failed || path.failed;
    if (!path.failed) {
        upi_sql_string(&upi_dialect_duckdb, path.s, path.length, sql);
    }
    upi_text_free(&path);
}

/* One value of the first file, or "" where the query gives none. */
static up_status
ask(upi_duckdb *d, const char *before, const char *after, char **out, up_error *err)
{
    up_status status = UP_OK;
    upi_text sql = {0};
    char *text = NULL;
    upi_cells answer = {0};
    upi_text_add(&sql, before);
    add_first_file(d, &sql);
    upi_text_add(&sql, after);
    UP_TRY(upi_text_take(&sql, &text, err));
    UP_TRY(upi_db_cells(&d->db, text, d->subject, &answer, err));
    const char *cell = answer.n_rows > 0 ? upi_cells_at(&answer, 0, 0) : NULL;
    UP_TRY(upi_strdup_to(out, cell != NULL ? cell : "", err));
out:
    upi_text_free(&sql);
    upi_free(text);
    upi_cells_free(&answer);
    return status;
}

static up_status
read_line(upi_duckdb *d, char **out, up_error *err)
{
    up_status status = UP_OK;
    upi_text after = {0};
    upi_text_add(&after, raw_lines);
    upi_text_add(&after, " LIMIT 1");
    char *tail = NULL;
    UP_TRY(upi_text_take(&after, &tail, err));
    UP_TRY(ask(d, "SELECT line FROM read_csv(", tail, out, err));
out:
    upi_text_free(&after);
    upi_free(tail);
    return status;
}

/* The names of a header line, in place: quotes go, names end with NUL. Gives their number;
 * names may be NULL, and then the line is not changed. */
static int64_t
split(char *line, char separator, const char **names)
{
    int64_t n = 0;
    char *to = line;
    const char *p = line;
    if (strncmp(p, "\xEF\xBB\xBF", 3) == 0) {
        p += 3;
    }
    for (bool more = true; more; n++) {
        const char *start = to;
        bool quoted = *p == '"';
        p += quoted ? 1 : 0;
        while (*p != '\0' && (quoted || *p != separator)) {
            if (quoted && p[0] == '"' && p[1] != '"') {
                quoted = false;
                p++;
                continue;
            }
            p += quoted && *p == '"' ? 1 : 0;
            if (names != NULL) {
                *to = *p;
            }
            to++;
            p++;
        }
        more = *p == separator && *p != '\0';
        p += more ? 1 : 0;
        if (names != NULL) {
            *to = '\0';
            names[n] = start;
        }
        to++;
    }
    return n;
}

/* The separator of which the header holds the most, outside quotes; 0 if it holds none. */
static char
separator_of(char *line, bool tab, int64_t *n_names)
{
    static const char candidates[] = {',', ';', '\t', '|'};
    char best = tab ? '\t' : '\0';
    *n_names = tab ? split(line, '\t', NULL) : 1;
    for (size_t i = 0; !tab && i < sizeof candidates; i++) {
        int64_t n = split(line, candidates[i], NULL);
        if (n > *n_names) {
            *n_names = n;
            best = candidates[i];
        }
    }
    return best;
}

static int
compare_names(const void *a, const void *b)
{
    return strcasecmp(*(const char *const *)a, *(const char *const *)b);
}

/* Some name is that of another column with "_1" or the like behind it. */
static up_status
looks_renamed(const up_source *s, bool *answer, up_error *err)
{
    up_status status = UP_OK;
    const char **sorted = NULL;
    char *base = NULL;
    *answer = false;
    UP_TRY(UP_NEW(&sorted, s->n_fields, err));
    for (int64_t i = 0; i < s->n_fields; i++) {
        sorted[i] = s->fields[i].name;
    }
    qsort(sorted, (size_t)s->n_fields, sizeof *sorted, compare_names);
    for (int64_t i = 0; i < s->n_fields && !*answer; i++) {
        const char *name = s->fields[i].name;
        const char *under = strrchr(name, '_');
        if (under == NULL || under[1] == '\0' ||
            under[1 + strspn(under + 1, "0123456789")] != '\0') {
            continue;
        }
        base = upi_strndup(name, (size_t)(under - name));
        if (base == NULL) {
            status = upi_fail_memory(err, strlen(name));
            goto out;
        }
        const char *key = base;
        *answer = bsearch(&key, sorted, (size_t)s->n_fields, sizeof *sorted,
                      compare_names) != NULL;
        upi_free(base);
    }
out:
    upi_free((void *)sorted);
    return status;
}

/* The names of a text file from its first line, where that has as many. */
static up_status
check_text(upi_duckdb *d, int64_t n_fields, bool tab, up_error *err)
{
    up_status status = UP_OK;
    char *line = NULL;
    const char **names = NULL;
    int64_t n = 0;
    UP_TRY(read_line(d, &line, err));
    char separator = separator_of(line, tab, &n);
    if (n == n_fields) {
        UP_TRY(UP_NEW(&names, n, err));
        (void)split(line, separator, names);
        UP_TRY(upi_names_refuse_equal(d->subject, UP_E_SOURCE, n, names, err));
    }
out:
    upi_free(line);
    upi_free((void *)names);
    return status;
}

/* The names that the schema of a Parquet file, or the first object of a JSON file, holds. */
static up_status
check_listed(upi_duckdb *d, up_error *err)
{
    up_status status = UP_OK;
    upi_text sql = {0};
    char *text = NULL;
    upi_cells names = {0};
    bool parquet = d->kind == UPI_DUCKDB_PARQUET;
    upi_text_add(&sql, parquet
                           ? "SELECT name FROM parquet_schema("
                           : "SELECT unnest(json_keys(json)) FROM (SELECT json FROM "
                             "read_json_objects(");
    add_first_file(d, &sql);
    upi_text_add(&sql, parquet ? ") OFFSET 1" : ") LIMIT 1)");
    UP_TRY(upi_text_take(&sql, &text, err));
    UP_TRY(upi_db_cells(&d->db, text, d->subject, &names, err));
    UP_TRY(upi_names_refuse_equal(
        d->subject, UP_E_SOURCE, names.n_rows, (const char *const *)names.text, err));
out:
    upi_text_free(&sql);
    upi_free(text);
    upi_cells_free(&names);
    return status;
}

up_status
upi_header_check_names(upi_duckdb *d, const up_source *s, bool tab, up_error *err)
{
    up_status status = UP_OK;
    bool renamed = false;
    if (d->kind == UPI_DUCKDB_TABLE || d->kind == UPI_DUCKDB_VIEW) {
        return UP_OK; /* the database has refused such names itself */
    }
    UP_TRY(looks_renamed(s, &renamed, err));
    if (renamed) {
        UP_TRY(d->kind == UPI_DUCKDB_CSV ? check_text(d, s->n_fields, tab, err)
                                         : check_listed(d, err));
    }
out:
    return status;
}

/* Reads all rows as n texts each; fails at the first line that does not have n values. */
static up_status
read_strictly(upi_duckdb *d, char separator, int64_t n, up_error *err)
{
    up_status status = UP_OK;
    upi_text sql = {0};
    char *text = NULL;
    upi_cells answer = {0};
    upi_text_addf(&sql,
        "SELECT CAST(count(*) AS VARCHAR) FROM read_csv(%.*s, delim = '%c'",
        (int)d->from_list_length, strchr(d->from, '['), separator);
    upi_text_add(&sql,
        ", header = true, auto_detect = false, strict_mode = true, quote = "
        "'\"', escape = '\"', max_line_size = 2097152, columns = {");
    for (int64_t i = 0; i < n; i++) {
        upi_text_addf(
            &sql, "%s'c%lld': 'VARCHAR'", i > 0 ? ", " : "", (long long)i + 1);
    }
    upi_text_add(&sql, "})");
    UP_TRY(upi_text_take(&sql, &text, err));
    UP_TRY(upi_db_cells(&d->db, text, d->subject, &answer, err));
out:
    upi_text_free(&sql);
    upi_free(text);
    upi_cells_free(&answer);
    return status;
}

/* Reads "..., line 7: 2 values, but there are 3 columns", which duckdb_error.c has written. */
static bool
lacks_values(const char *message, int64_t *line)
{
    static const char before[] = ", line ", between[] = " values, but there are ";
    const char *at = strstr(message, before);
    char *end = NULL;
    if (at == NULL) {
        return false;
    }
    *line = strtoll(at + sizeof before - 1, &end, 10);
    if (end[0] != ':' || end[1] != ' ') {
        return false;
    }
    int64_t found = strtoll(end + 2, &end, 10);
    return strncmp(end, between, sizeof between - 1) == 0 &&
           found < strtoll(end + sizeof between - 1, NULL, 10);
}

/* Too few values in the last line: the usual trace of a copy that was cut short. */
static up_status
explain_last_line(upi_duckdb *d, up_error *fault, up_error *err)
{
    int64_t line = 0;
    char *lines = NULL, *after = NULL;
    upi_text tail = {0};
    up_status status = UP_OK;
    if (d->files.n_rows != 1 || !lacks_values(fault->message, &line)) {
        goto out;
    }
    upi_text_add(&tail, raw_lines);
    UP_TRY(upi_text_take(&tail, &after, err));
    UP_TRY(
        ask(d, "SELECT CAST(count(*) AS VARCHAR) FROM read_csv(", after, &lines, err));
    if (strtoll(lines, NULL, 10) == line) {
        up_error more = UP_ERROR_INIT;
        (void)upi_fail(&more, fault->status, fault->field,
            "%s; it is the last line, so the file may have been cut short",
            fault->message);
        (void)upi_fix(&more, "copy the file again, or complete its last line");
        *fault = more;
    }
out:
    upi_text_free(&tail);
    upi_free(after);
    upi_free(lines);
    return status;
}

up_status
upi_header_explain(upi_duckdb *d, bool tab, up_error *err)
{
    up_status status = UP_OK;
    char *line = NULL;
    int64_t n = 0;
    up_error fault = UP_ERROR_INIT;
    UP_TRY(read_line(d, &line, err));
    char separator = separator_of(line, tab, &n);
    if (separator == '\0' || n < 2) {
        goto out;
    }
    up_status found = read_strictly(d, separator, n, &fault);
    if (found == UP_E_SOURCE) {
        UP_TRY(explain_last_line(d, &fault, err));
    }
    if (found != UP_OK) {
        status = found;
        if (err != NULL) {
            *err = fault;
        }
    }
out:
    upi_free(line);
    return status;
}
