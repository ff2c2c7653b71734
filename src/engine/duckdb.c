/* Opens files and tables with DuckDB: builds the SQL of the relation and lists its columns.
 *
 * Types: integers that fit 64 bits are integers; decimals and floats are numbers; wider
 * integers (UBIGINT, HUGEINT) are integers when every value fits 64 bits and text otherwise,
 * so that two ids are never merged by rounding; times of every resolution are microseconds
 * in UTC. Lists, structs and blobs are listed, but refused when they are used. */
#include "engine/duckdb.h"

#include "engine/files.h"
#include "engine/header.h"
#include "engine/source.h"

#include <stdio.h>
#include <stdlib.h>
#include <strings.h>

static void
add_path_list(upi_duckdb *d, upi_text *sql)
{
    const upi_cells *files = &d->files;
    int64_t start = sql->length;
    upi_text_add_char(sql, '[');
    for (int64_t i = 0; i < files->n_rows; i++) {
        upi_text escaped = {0};
        const char *path = upi_cells_at(files, i, 0);
        /* "~" would be taken for the home directory. */
        if (path[0] == '~') {
            upi_text_add(&escaped, "./");
        }
        upi_glob_escape(path, &escaped);
        upi_text_add(sql, i > 0 ? ", " : "");
        sql->failed = sql->failed || escaped.failed;
        if (!escaped.failed) {
            upi_sql_string(&upi_dialect_duckdb, escaped.s, escaped.length, sql);
        }
        upi_text_free(&escaped);
    }
    upi_text_add_char(sql, ']');
    d->from_list_length = sql->length - start;
}

/* Quotes are fixed rather than sniffed: where the first lines have none, the sniffer would
 * settle on "no quotes" and read later ones as part of the value. */
static up_status
file_relation(upi_duckdb *d, const upi_source_name *name, up_error *err)
{
    up_status status = UP_OK;
    upi_text sql = {0};
    const char *partitions = name->glob ? "" : ", hive_partitioning = false";
    switch (d->kind) {
    case UPI_DUCKDB_CSV:
        upi_text_add(&sql, "read_csv(");
        add_path_list(d, &sql);
        upi_text_addf(&sql,
            ", header = true, quote = '\"', escape = '\"', nullstr = ['', 'NA', "
            "'NULL', "
            "'null'], allow_quoted_nulls = false, max_line_size = 2097152, buffer_size "
            "= 8388608%s%s)",
            name->tab ? ", delim = '\t'" : "", partitions);
        break;
    case UPI_DUCKDB_JSON:
        upi_text_add(&sql, "read_json(");
        add_path_list(d, &sql);
        upi_text_addf(&sql, "%s%s)",
            name->lines ? ", format = 'newline_delimited'" : "", partitions);
        break;
    case UPI_DUCKDB_PARQUET:
        upi_text_add(&sql, "read_parquet(");
        add_path_list(d, &sql);
        upi_text_addf(&sql, "%s)", partitions);
        break;
    default:
        break;
    }
    UP_TRY(upi_text_take(&sql, &d->from, err));
out:
    upi_text_free(&sql);
    return status;
}

/* Row of the table a user means by "t", "schema.t" or nothing; -1 with an error. */
static up_status
choose_table(const upi_cells *tables, const char *wanted, const char *file,
    int64_t *row, up_error *err)
{
    *row = -1;
    if (tables->n_rows == 0) {
        return upi_fail(err, UP_E_SOURCE, NULL, "%s has no tables", file);
    }
    if (wanted == NULL) {
        if (tables->n_rows > 1) {
            (void)upi_fail(err, UP_E_SOURCE, NULL, "%s has %lld tables", file,
                (long long)tables->n_rows);
            return upi_fix(err, "name one: '%s::%s'", file, upi_cells_at(tables, 0, 1));
        }
        *row = 0;
        return UP_OK;
    }
    for (int64_t i = 0; i < tables->n_rows; i++) {
        const char *schema = upi_cells_at(tables, i, 0);
        const char *table = upi_cells_at(tables, i, 1);
        size_t n = strlen(schema);
        bool full = strncmp(wanted, schema, n) == 0 && wanted[n] == '.' &&
                    strcmp(wanted + n + 1, table) == 0;
        bool bare = strcmp(wanted, table) == 0;
        if (full || (bare && strcmp(schema, "main") == 0)) {
            *row = i;
            return UP_OK;
        }
        if (bare && *row < 0) {
            *row = i;
        }
    }
    if (*row < 0) {
        (void)upi_fail(err, UP_E_SOURCE, NULL, "%s has no table %s", file, wanted);
        return upi_fix(err, "it has %s", upi_cells_at(tables, 0, 1));
    }
    return UP_OK;
}

/* The name under which DuckDB itself would open the file: its views may refer to it. */
static up_status
catalog_name(const char *path, char **out, up_error *err)
{
    static const char *const taken[] = {"memory", "system", "temp", "main"};
    const char *slash = strrchr(path, '/');
    const char *stem = slash != NULL ? slash + 1 : path;
    size_t n = strcspn(stem, ".");
    for (size_t i = 0; i < sizeof taken / sizeof *taken; i++) {
        if (n == strlen(taken[i]) && strncasecmp(stem, taken[i], n) == 0) {
            n = 0;
        }
    }
    if (n == 0) {
        return upi_strdup_to(out, "up_file", err);
    }
    *out = upi_strndup(stem, n);
    return *out != NULL ? UP_OK : upi_fail_memory(err, n);
}

static up_status
attach(upi_duckdb *d, const char *alias, up_error *err)
{
    up_status status = UP_OK;
    upi_text sql = {0};
    char *text = NULL;
    const char *path = upi_cells_at(&d->files, 0, 0);
    upi_text_add(&sql, "ATTACH ");
    upi_sql_string(&upi_dialect_duckdb, path, (int64_t)strlen(path), &sql);
    upi_text_add(&sql, " AS ");
    upi_sql_identifier(&upi_dialect_duckdb, alias, &sql);
    upi_text_add(&sql, " (READ_ONLY)");
    UP_TRY(upi_text_take(&sql, &text, err));
    UP_TRY(upi_db_run(&d->db, text, path, err));
out:
    upi_text_free(&sql);
    upi_free(text);
    return status;
}

static up_status
table_relation(upi_duckdb *d, const upi_source_name *name, up_error *err)
{
    up_status status = UP_OK;
    upi_text sql = {0};
    upi_cells tables = {0};
    int64_t row = -1;
    char *alias = NULL;
    const char *path = upi_cells_at(&d->files, 0, 0);
    UP_TRY(catalog_name(path, &alias, err));
    UP_TRY(attach(d, alias, err));
    UP_TRY(upi_db_cells(&d->db,
        "SELECT schema_name, table_name, 'table' FROM duckdb_tables() "
        "WHERE database_name NOT IN ('memory', 'system', 'temp') AND NOT internal "
        "UNION ALL SELECT schema_name, view_name, 'view' FROM duckdb_views() "
        "WHERE database_name NOT IN ('memory', 'system', 'temp') AND NOT internal "
        "ORDER BY 1, 2",
        path, &tables, err));
    UP_TRY(choose_table(&tables, name->table, path, &row, err));
    upi_sql_identifier(&upi_dialect_duckdb, alias, &sql);
    upi_text_add_char(&sql, '.');
    upi_sql_identifier(&upi_dialect_duckdb, upi_cells_at(&tables, row, 0), &sql);
    upi_text_add_char(&sql, '.');
    upi_sql_identifier(&upi_dialect_duckdb, upi_cells_at(&tables, row, 1), &sql);
    UP_TRY(upi_text_take(&sql, &d->from, err));
    d->kind = strcmp(upi_cells_at(&tables, row, 2), "view") == 0 ? UPI_DUCKDB_VIEW
                                                                 : UPI_DUCKDB_TABLE;
    if (d->kind == UPI_DUCKDB_TABLE) {
        UP_TRY(upi_strdup_to(&d->table, d->from, err));
    }
out:
    upi_text_free(&sql);
    upi_free(alias);
    upi_cells_free(&tables);
    return status;
}

typedef enum class { PLAIN, WIDE, REFUSED } class;

static class type_of(const char *native, upi_type *type)
{
    static const struct {
        const char *prefix;
        upi_type type;
    } known[] = {
        {"TINYINT", UPI_I64},
        {"SMALLINT", UPI_I64},
        {"INTEGER", UPI_I64},
        {"BIGINT", UPI_I64},
        {"UTINYINT", UPI_I64},
        {"USMALLINT", UPI_I64},
        {"UINTEGER", UPI_I64},
        {"DECIMAL", UPI_F64},
        {"FLOAT", UPI_F64},
        {"DOUBLE", UPI_F64},
        {"BOOLEAN", UPI_BOOL},
        {"VARCHAR", UPI_STR},
        {"ENUM", UPI_STR},
        {"UUID", UPI_STR},
        {"DATE", UPI_DATE},
        {"TIMESTAMP", UPI_TIME},
        {"\"NULL\"", UPI_STR},
    };
    static const char *const wide[] = {"UBIGINT", "HUGEINT", "UHUGEINT"};
    *type = UPI_STR;
    size_t n = strlen(native);
    if (n > 0 && native[n - 1] == ']') {
        return REFUSED; /* a list or array of anything */
    }
    for (size_t i = 0; i < sizeof wide / sizeof *wide; i++) {
        if (strcmp(native, wide[i]) == 0) {
            return WIDE;
        }
    }
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        size_t m = strlen(known[i].prefix);
        if (strncmp(native, known[i].prefix, m) == 0 &&
            (native[m] == '\0' || native[m] == '(' || native[m] == '_' ||
                native[m] == ' ')) {
            *type = known[i].type;
            return PLAIN;
        }
    }
    return REFUSED;
}

/* Wide integers become 64-bit ones when all of them fit; one look at the column. */
static up_status
settle_wide(upi_duckdb *d, upi_field *field, up_error *err)
{
    up_status status = UP_OK;
    upi_text sql = {0};
    char *text = NULL;
    upi_cells answer = {0};
    upi_text_add(&sql, "SELECT CAST(coalesce(max(");
    upi_sql_identifier(&upi_dialect_duckdb, field->name, &sql);
    upi_text_add(&sql, ") <= 9223372036854775807 AND min(");
    upi_sql_identifier(&upi_dialect_duckdb, field->name, &sql);
    upi_text_addf(
        &sql, ") >= -9223372036854775807, true) AS VARCHAR) FROM %s", d->from);
    UP_TRY(upi_text_take(&sql, &text, err));
    UP_TRY(upi_db_cells(&d->db, text, d->subject, &answer, err));
    if (answer.n_rows == 1 && strcmp(upi_cells_at(&answer, 0, 0), "true") == 0) {
        field->type = UPI_I64;
    }
out:
    upi_text_free(&sql);
    upi_free(text);
    upi_cells_free(&answer);
    return status;
}

static up_status
read_fields(upi_duckdb *d, up_source *s, up_error *err)
{
    up_status status = UP_OK;
    upi_text sql = {0};
    char *text = NULL;
    upi_cells columns = {0};
    upi_text_addf(&sql, "DESCRIBE SELECT * FROM %s", d->from);
    UP_TRY(upi_text_take(&sql, &text, err));
    UP_TRY(upi_db_cells(&d->db, text, d->subject, &columns, err));
    UP_TRY(UP_NEW(&s->fields, columns.n_rows, err));
    s->n_fields = columns.n_rows;
    d->virtual_row = true;
    for (int64_t i = 0; i < s->n_fields; i++) {
        upi_field *f = &s->fields[i];
        UP_TRY(upi_strdup_to(&f->name, upi_cells_at(&columns, i, 0), err));
        UP_TRY(upi_strdup_to(&f->native_type, upi_cells_at(&columns, i, 1), err));
        class c = type_of(f->native_type, &f->type);
        f->refused = c == REFUSED;
        UP_TRY(c == WIDE ? settle_wide(d, f, err) : UP_OK);
        if (strcasecmp(f->name, "file_row_number") == 0 ||
            strcasecmp(f->name, "file_index") == 0 ||
            strcasecmp(f->name, "rowid") == 0) {
            d->virtual_row = false;
        }
    }
out:
    upi_text_free(&sql);
    upi_free(text);
    upi_cells_free(&columns);
    return status;
}

/* A text file of thousands of columns needs a few hundred MiB for one batch of rows; where no
 * limit was asked for, the default is raised and the header is read again. */
static up_status
read_fields_or_widen(upi_duckdb *d, up_source *s, const up_run *run, up_error *err)
{
    up_error first = UP_ERROR_INIT;
    up_status status = read_fields(d, s, &first);
    if (status == UP_E_NO_MEMORY && run->memory_limit_bytes == 0) {
        upi_source_drop_fields(s);
        d->db.wide = true;
        status = upi_db_configure(&d->db, run, err);
        return status == UP_OK ? read_fields(d, s, err) : status;
    }
    if (status != UP_OK && err != NULL) {
        *err = first;
    }
    return status;
}

/* A text file whose header holds only numbers has no header. */
static up_status
check_header(const upi_duckdb *d, const up_source *s, up_error *err)
{
    for (int64_t i = 0; i < s->n_fields; i++) {
        double number = 0;
        const char *name = s->fields[i].name;
        if (!upi_double_parse(name, (int64_t)strlen(name), &number)) {
            return UP_OK;
        }
    }
    (void)upi_fail(err, UP_E_SOURCE, NULL,
        "%s has no header: its first line holds numbers instead of column names",
        d->subject);
    return upi_fix(err, "put the column names into the first line");
}

/* A single column, or none, may be a file whose lines do not agree: then the line is named. */
static up_status
read_text_fields(
    upi_duckdb *d, up_source *s, bool tab, const up_run *run, up_error *err)
{
    up_error first = UP_ERROR_INIT;
    up_status status = read_fields_or_widen(d, s, run, &first);
    if (status == UP_E_SOURCE || (status == UP_OK && s->n_fields == 1)) {
        up_error why = UP_ERROR_INIT;
        up_status found = upi_header_explain(d, tab, &why);
        if (found != UP_OK && (status == UP_OK || found == UP_E_SOURCE)) {
            status = found;
            first = why;
        }
    }
    if (status != UP_OK && err != NULL) {
        *err = first;
    }
    return status;
}

static up_status
check_has_rows(upi_duckdb *d, up_error *err)
{
    up_status status = UP_OK;
    upi_text sql = {0};
    char *text = NULL;
    upi_cells answer = {0};
    upi_text_addf(&sql, "SELECT 'row' FROM %s LIMIT 1", d->from);
    UP_TRY(upi_text_take(&sql, &text, err));
    UP_TRY(upi_db_cells(&d->db, text, d->subject, &answer, err));
    if (answer.n_rows == 0) {
        status =
            upi_fail(err, UP_E_EMPTY, NULL, "%s has a header but no rows", d->subject);
    }
out:
    upi_text_free(&sql);
    upi_free(text);
    upi_cells_free(&answer);
    return status;
}

/* The number of rows where it stands in the file's own tables. */
static up_status
count_rows(upi_duckdb *d, up_source *s, up_error *err)
{
    up_status status = UP_OK;
    upi_text sql = {0};
    char *text = NULL;
    upi_cells answer = {0};
    if (d->kind != UPI_DUCKDB_PARQUET && d->kind != UPI_DUCKDB_TABLE) {
        return UP_OK;
    }
    upi_text_addf(&sql, "SELECT CAST(count(*) AS VARCHAR) FROM %s", d->from);
    UP_TRY(upi_text_take(&sql, &text, err));
    UP_TRY(upi_db_cells(&d->db, text, d->subject, &answer, err));
    s->n_rows =
        answer.n_rows == 1 ? strtoll(upi_cells_at(&answer, 0, 0), NULL, 10) : -1;
out:
    upi_text_free(&sql);
    upi_free(text);
    upi_cells_free(&answer);
    return status;
}

static void
duckdb_source_cancel(up_source *s)
{
    upi_duckdb *d = s->self;
    d->cancelled = true;
    d->db.api->interrupt(d->db.connection);
}

static void
duckdb_source_close(up_source *s)
{
    upi_duckdb *d = s->self;
    if (d == NULL) {
        return;
    }
    upi_db_close(&d->db); /* also removes the spool: it stands in the spill directory */
    upi_free(d->subject);
    upi_free(d->from);
    upi_free(d->table);
    upi_free(d->spool);
    upi_cells_free(&d->files);
    upi_row_groups_free(&d->groups);
    for (int64_t i = 0; i < d->n_signatures; i++) {
        upi_free(d->signatures[i]);
    }
    upi_free(d->signatures);
    upi_free(d);
    s->self = NULL;
}

static const upi_engine_ops duckdb_ops = {
    .name = "duckdb",
    .scan = upi_duckdb_scan,
    .query = upi_duckdb_query,
    .cancel = duckdb_source_cancel,
    .close = duckdb_source_close,
};

static up_status
open_named(
    upi_duckdb *d, up_source *s, const char *name, const up_run *run, up_error *err)
{
    up_status status = UP_OK;
    upi_source_name parts = {0};
    const char *path = name;
    UP_TRY(upi_db_open(&d->db, run, err));
    if (strcmp(name, "-") == 0) {
        UP_TRY(upi_spool_stdin(d->db.spill.path, run, &d->spool, err));
        path = d->spool;
    }
    UP_TRY(upi_source_name_read(path, &d->db, &parts, err));
    d->kind = parts.kind;
    d->files = parts.files;
    parts.files = (upi_cells){0};
    if (run->allowed_directories != NULL) {
        UP_TRY(upi_db_allow_only(&d->db, &d->files,
            d->spool == NULL ? run->allowed_directories : NULL, err));
    }
    UP_TRY(upi_strdup_to(&d->subject, d->spool != NULL ? "standard input" : name, err));
    UP_TRY(d->kind == UPI_DUCKDB_TABLE ? table_relation(d, &parts, err)
                                       : file_relation(d, &parts, err));
    UP_TRY(d->kind == UPI_DUCKDB_CSV ? read_text_fields(d, s, parts.tab, run, err)
                                     : read_fields_or_widen(d, s, run, err));
    if (d->kind == UPI_DUCKDB_CSV) {
        UP_TRY(check_header(d, s, err));
        UP_TRY(check_has_rows(d, err));
    }
    UP_TRY(upi_header_check_names(d, s, parts.tab, err));
    UP_TRY(count_rows(d, s, err));
    s->fingerprint = d->spool != NULL ? 0 : upi_files_fingerprint(&d->files);
out:
    upi_source_name_free(&parts);
    return status;
}

up_status
upi_duckdb_open(const char *name, const up_run *run, up_source **out, up_error *err)
{
    up_status status = UP_OK;
    up_source *s = NULL;
    upi_duckdb *d = NULL;
    UP_TRY(UP_NEW(&s, 1, err));
    s->n_rows = -1;
    s->ops = &duckdb_ops;
    UP_TRY(UP_NEW(&d, 1, err));
    s->self = d;
    UP_TRY(upi_strdup_to(&s->name, name, err));
    UP_TRY(open_named(d, s, name, run, err));
    *out = s;
    s = NULL;
out:
    up_source_free(s);
    return status;
}
