/* From the name a user gives to a list of files of one kind.
 *
 * A path that exists is taken literally, even when it holds *, ? or [; only a name that
 * does not exist is tried as a glob. Addresses (s3://, https://) are refused: the engine
 * would try to download an extension for them. */
#include "engine/files.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

static bool
ends_with(const char *s, size_t n, const char *ending)
{
    size_t m = strlen(ending);
    return n >= m && strncasecmp(s + n - m, ending, m) == 0;
}

static bool
magic_is(const char *path, int64_t offset, const char *magic)
{
    char found[4] = "";
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t n = fd >= 0 ? pread(fd, found, sizeof found, (off_t)offset) : -1;
    if (fd >= 0) {
        (void)close(fd);
    }
    return n == (ssize_t)sizeof found && memcmp(found, magic, sizeof found) == 0;
}

/* The kind by the ending, or for other endings by the first bytes. */
static bool
kind_of(const char *path, upi_source_name *out)
{
    static const struct {
        const char *ending;
        upi_duckdb_kind kind;
        bool tab, lines;
    } endings[] = {
        {".csv", UPI_DUCKDB_CSV, false, false},
        {".txt", UPI_DUCKDB_CSV, false, false},
        {".tsv", UPI_DUCKDB_CSV, true, false},
        {".parquet", UPI_DUCKDB_PARQUET, false, false},
        {".pq", UPI_DUCKDB_PARQUET, false, false},
        {".json", UPI_DUCKDB_JSON, false, false},
        {".jsonl", UPI_DUCKDB_JSON, false, true},
        {".ndjson", UPI_DUCKDB_JSON, false, true},
        {".duckdb", UPI_DUCKDB_TABLE, false, false},
    };
    size_t n = strlen(path);
    bool packed = true;
    if (ends_with(path, n, ".gz")) {
        n -= 3;
    } else if (ends_with(path, n, ".zst")) {
        n -= 4;
    } else {
        packed = false;
    }
    for (size_t i = 0; i < sizeof endings / sizeof *endings; i++) {
        bool text =
            endings[i].kind == UPI_DUCKDB_CSV || endings[i].kind == UPI_DUCKDB_JSON;
        if (ends_with(path, n, endings[i].ending) && (text || !packed)) {
            out->kind = endings[i].kind;
            out->tab = endings[i].tab;
            out->lines = endings[i].lines;
            return true;
        }
    }
    if (magic_is(path, 0, "PAR1")) {
        out->kind = UPI_DUCKDB_PARQUET;
        return true;
    }
    if (magic_is(path, 8, "DUCK")) {
        out->kind = UPI_DUCKDB_TABLE;
        return true;
    }
    return false;
}

void
upi_glob_escape(const char *path, upi_text *out)
{
    for (const char *p = path; *p != '\0'; p++) {
        if (*p == '*' || *p == '?' || *p == '[') {
            upi_text_add_char(out, '[');
            upi_text_add_char(out, *p);
            upi_text_add_char(out, ']');
        } else {
            upi_text_add_char(out, *p);
        }
    }
}

static up_status
one_file(const char *path, upi_cells *out, up_error *err)
{
    up_status status = UP_RESERVE(&out->text, &out->capacity, 1, err);
    if (status == UP_OK) {
        out->n_columns = 1;
        status = upi_strdup_to(&out->text[0], path, err);
        out->n_rows = status == UP_OK ? 1 : 0;
    }
    return status;
}

static up_status
check_file(const char *path, up_error *err)
{
    struct stat info;
    if (stat(path, &info) != 0) {
        return upi_fail(
            err, UP_E_SOURCE, NULL, "%s cannot be read: %s", path, strerror(errno));
    }
    if (S_ISDIR(info.st_mode)) {
        (void)upi_fail(err, UP_E_SOURCE, NULL, "%s is a directory", path);
        return upi_fix(err, "name its files, for example '%s/*.parquet'", path);
    }
    if (access(path, R_OK) != 0) {
        return upi_fail(
            err, UP_E_SOURCE, NULL, "%s cannot be read: %s", path, strerror(errno));
    }
    if (S_ISREG(info.st_mode) && info.st_size == 0) {
        return upi_fail(err, UP_E_SOURCE, NULL, "%s is empty", path);
    }
    return UP_OK;
}

static up_status
expand_glob(const char *pattern, upi_db *db, upi_cells *out, up_error *err)
{
    up_status status = UP_OK;
    upi_text sql = {0};
    char *text = NULL;
    upi_text_add(&sql, "SELECT file FROM glob(");
    upi_sql_string(&upi_dialect_duckdb, pattern, (int64_t)strlen(pattern), &sql);
    upi_text_add(&sql, ") ORDER BY file");
    UP_TRY(upi_text_take(&sql, &text, err));
    UP_TRY(upi_db_cells(db, text, pattern, out, err));
    if (out->n_rows == 0) {
        status = upi_fail(err, UP_E_SOURCE, NULL, "no file matches %s", pattern);
        goto out;
    }
out:
    upi_text_free(&sql);
    upi_free(text);
    return status;
}

static up_status
same_kind(upi_source_name *out, up_error *err)
{
    upi_source_name other = {0};
    for (int64_t i = 0; i < out->files.n_rows; i++) {
        const char *path = upi_cells_at(&out->files, i, 0);
        up_status status = check_file(path, err);
        if (status != UP_OK) {
            return status;
        }
        upi_source_name *to = i == 0 ? out : &other;
        if (!kind_of(path, to)) {
            (void)upi_fail(
                err, UP_E_SOURCE, NULL, "%s has an ending that is not known", path);
            return upi_fix(err,
                "use .csv, .tsv, .txt, .parquet, .json, .jsonl or .ndjson "
                "(text also with .gz or .zst), or .duckdb");
        }
        if (i > 0 && (other.kind != out->kind || other.tab != out->tab)) {
            return upi_fail(err, UP_E_SOURCE, NULL, "%s and %s are files of two kinds",
                upi_cells_at(&out->files, 0, 0), path);
        }
    }
    return UP_OK;
}

/* Splits "file.duckdb::table" at the first "::" behind which an existing file ends. */
static up_status
split_table(const char *name, upi_source_name *out, char **path, up_error *err)
{
    struct stat info;
    for (const char *p = strstr(name, "::"); p != NULL; p = strstr(p + 1, "::")) {
        char *left = upi_strndup(name, (size_t)(p - name));
        if (left == NULL) {
            return upi_fail_memory(err, strlen(name));
        }
        if (stat(left, &info) == 0 && S_ISREG(info.st_mode)) {
            *path = left;
            return upi_strdup_to(&out->table, p + 2, err);
        }
        upi_free(left);
    }
    return upi_strdup_to(path, name, err);
}

up_status
upi_source_name_read(const char *name, upi_db *db, upi_source_name *out, up_error *err)
{
    up_status status = UP_OK;
    struct stat info;
    char *path = NULL;
    memset(out, 0, sizeof *out);
    if (name[0] == '\0') {
        return upi_fail(err, UP_E_SOURCE, "name", "the name of the data is empty");
    }
    if (!upi_utf8_valid(name, strlen(name))) {
        return upi_fail(err, UP_E_SOURCE, "name", "the name of the data is not UTF-8");
    }
    if (strstr(name, "://") != NULL && stat(name, &info) != 0) {
        (void)upi_fail(err, UP_E_SOURCE, NULL, "%s is an address, not a file", name);
        return upi_fix(err, "copy the data to a local file first");
    }
    UP_TRY(stat(name, &info) == 0 ? upi_strdup_to(&path, name, err)
                                  : split_table(name, out, &path, err));
    if (path == NULL) { /* cannot be: both ways above set it */
        return upi_fail_memory(err, 0);
    }
    if (stat(path, &info) != 0 && strpbrk(path, "*?[") != NULL) {
        out->glob = true;
        UP_TRY(expand_glob(path, db, &out->files, err));
    } else {
        UP_TRY(one_file(path, &out->files, err));
    }
    UP_TRY(same_kind(out, err));
    if (out->table != NULL && out->kind != UPI_DUCKDB_TABLE) {
        status = upi_fail(err, UP_E_SOURCE, NULL, "%s is not a DuckDB database", path);
    }
    if (out->kind == UPI_DUCKDB_TABLE && out->files.n_rows > 1) {
        status = upi_fail(
            err, UP_E_SOURCE, NULL, "%s matches several databases; name one", path);
    }
out:
    upi_free(path);
    if (status != UP_OK) {
        upi_source_name_free(out);
    }
    return status;
}

void
upi_source_name_free(upi_source_name *n)
{
    upi_free(n->table);
    n->table = NULL;
    upi_cells_free(&n->files);
}

static up_status
copy_all(int from, int to, const up_run *run, up_error *err)
{
    enum { BUFFER = 1 << 16 };
    char *buffer = NULL;
    up_status status = UP_NEW(&buffer, BUFFER, err);
    while (status == UP_OK) {
        ssize_t n = read(from, buffer, BUFFER);
        if (n == 0) {
            break;
        }
        if (n < 0 && errno != EINTR) {
            status = upi_fail(err, UP_E_SOURCE, NULL,
                "standard input cannot be read: %s", strerror(errno));
        }
        for (ssize_t done = 0; status == UP_OK && done < n;) {
            ssize_t written = write(to, buffer + done, (size_t)(n - done));
            if (written < 0 && errno != EINTR) {
                status = upi_fail(err, UP_E_SOURCE, NULL,
                    "standard input cannot be kept in the spill directory: %s",
                    strerror(errno));
            }
            done += written > 0 ? written : 0;
        }
        if (status == UP_OK && run != NULL && run->should_stop != NULL &&
            run->should_stop(run->user)) {
            status = upi_fail(err, UP_E_STOPPED, NULL, "stopped on request");
        }
    }
    upi_free(buffer);
    return status;
}

up_status
upi_spool_stdin(const char *directory, const up_run *run, char **path, up_error *err)
{
    up_status status = UP_OK;
    upi_text text = {0};
    char *name = NULL;
    int fd = -1;
    struct stat info;
    upi_text_add(&text, directory);
    upi_text_add(&text, "/standard-input.csv");
    UP_TRY(upi_text_take(&text, &name, err));
    fd = open(name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (fd < 0) {
        status = upi_fail(
            err, UP_E_SOURCE, NULL, "%s cannot be made: %s", name, strerror(errno));
        goto out;
    }
    UP_TRY(copy_all(STDIN_FILENO, fd, run, err));
    if (fstat(fd, &info) == 0 && info.st_size == 0) {
        status = upi_fail(err, UP_E_SOURCE, NULL, "standard input is empty");
        goto out;
    }
    *path = name;
    name = NULL;
out:
    if (fd >= 0) {
        (void)close(fd);
    }
    if (status != UP_OK && name != NULL) {
        (void)unlink(name);
    }
    upi_text_free(&text);
    upi_free(name);
    return status;
}

uint64_t
upi_files_fingerprint(const upi_cells *files)
{
    uint64_t hash = 1;
    for (int64_t i = 0; i < files->n_rows; i++) {
        struct stat info;
        const char *path = upi_cells_at(files, i, 0);
        if (stat(path, &info) != 0) {
            return 0;
        }
        int64_t facts[3] = {(int64_t)info.st_size, (int64_t)info.st_mtim.tv_sec,
            (int64_t)info.st_mtim.tv_nsec};
        hash = upi_hash_bytes(path, strlen(path), hash);
        hash = upi_hash_bytes(facts, sizeof facts, hash);
    }
    return hash != 0 ? hash : 1;
}
