#include "engine_support.h"

#include "engine/duckdb_db.h"
#include "engine/scan.h"

#include <dirent.h>
#include <math.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum { MAX_RANGES = 4096 };
static char directory[64];

const char *
engine_directory(void)
{
    if (directory[0] == '\0') {
        (void)snprintf(directory, sizeof directory, "/tmp/upshot-test-XXXXXX");
        assert_non_null(mkdtemp(directory));
    }
    return directory;
}

static void
remove_tree(const char *path)
{
    DIR *d = opendir(path);
    for (struct dirent *e = d != NULL ? readdir(d) : NULL; e != NULL; e = readdir(d)) {
        if (strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0) {
            continue;
        }
        char inner[1024];
        (void)snprintf(inner, sizeof inner, "%s/%s", path, e->d_name);
        struct stat info;
        if (lstat(inner, &info) == 0 && S_ISDIR(info.st_mode)) {
            remove_tree(inner);
        } else {
            (void)unlink(inner);
        }
    }
    if (d != NULL) {
        (void)closedir(d);
    }
    (void)rmdir(path);
}

void
engine_clean(void)
{
    if (directory[0] != '\0') {
        remove_tree(directory);
        directory[0] = '\0';
    }
}

const char *
engine_path(const char *name)
{
    static char paths[16][512];
    static int next;
    char *path = paths[next++ % 16];
    (void)snprintf(path, sizeof paths[0], "%s/%s", engine_directory(), name);
    return path;
}

void
engine_write_file(const char *name, const void *bytes, size_t n)
{
    FILE *f = fopen(engine_path(name), "wb");
    assert_non_null(f);
    assert_int_equal(fwrite(bytes, 1, n, f), n);
    assert_int_equal(fclose(f), 0);
}

void
engine_write_text(const char *name, const char *text)
{
    engine_write_file(name, text, strlen(text));
}

void
engine_sql(const char *sql)
{
    up_error err = UP_ERROR_INIT;
    upi_db db = {0};
    up_run run = {.struct_size = sizeof run, .memory_limit_bytes = (int64_t)512 << 20};
    upi_text text = {0};
    for (const char *p = sql; *p != '\0'; p++) {
        if (*p == '@') {
            upi_text_add(&text, engine_directory());
        } else {
            upi_text_add_char(&text, *p);
        }
    }
    assert_ok(upi_db_open(&db, &run, &err), &err);
    assert_ok(upi_db_run(&db, text.s, "the test", &err), &err);
    upi_db_close(&db);
    upi_text_free(&text);
}

int64_t
engine_count_entries(const char *path, const char *prefix)
{
    int64_t n = 0;
    DIR *d = opendir(path);
    for (struct dirent *e = d != NULL ? readdir(d) : NULL; e != NULL; e = readdir(d)) {
        bool dots = strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0;
        n += !dots && strncmp(e->d_name, prefix, strlen(prefix)) == 0;
    }
    if (d != NULL) {
        (void)closedir(d);
    }
    return n;
}

/* Assertions of the framework jump, which must not happen on the engine's threads. */
static void
demand(bool good, const char *what)
{
    if (!good) {
        (void)fprintf(stderr, "the contract is broken: %s\n", what);
        abort();
    }
}

static up_status
rows_begin(void *ctx, int n_workers, up_error *err)
{
    engine_rows *r = ctx;
    (void)err;
    r->begun++;
    r->n_workers = n_workers;
    return UP_OK;
}

static uint64_t
hash_row(const upi_batch *batch, int64_t i, double *sum)
{
    uint64_t hash = 0;
    for (int64_t j = 0; j < batch->n_columns; j++) {
        const upi_column *c = &batch->columns[j];
        size_t size = upi_type_size(c->type);
        const char *value = (const char *)c->data + (size_t)i * size;
        bool missing = !upi_valid(c, i);
        if (!missing && c->type == UPI_F64) {
            double x = ((const double *)c->data)[i];
            missing = isnan(x);
            *sum += missing ? 0 : x;
        }
        if (missing) {
            hash = upi_hash_bytes("", 0, hash + 1);
        } else if (c->type == UPI_STR) {
            const upi_str *s = (const upi_str *)c->data + i;
            hash = upi_hash_bytes(upi_str_data(s), upi_str_length(s), hash);
        } else {
            hash = upi_hash_bytes(value, size, hash);
        }
    }
    return hash;
}

static up_status
rows_batch(void *ctx, int worker, int64_t range, const upi_batch *batch, up_error *err)
{
    engine_rows *r = ctx;
    demand(r->begun == 1, "begin comes first and once");
    demand(worker >= 0 && worker < r->n_workers, "the worker is known");
    demand(range >= 0 && range < MAX_RANGES, "the range is in bounds");
    demand(batch->n > 0 && batch->n <= UPI_BATCH_ROWS, "a batch has 1 to 2048 rows");
    struct engine_range *to = &r->ranges[range];
    demand(!to->ended, "no batch follows the end of its range");
    demand(!to->begun || to->worker == worker, "one worker delivers a range");
    to->begun = 1;
    to->worker = worker;
    to->rows += batch->n;
    to->batches++;
    if (r->pause_ns > 0) {
        struct timespec pause = {0, r->pause_ns};
        (void)nanosleep(&pause, NULL);
    }
    if (range == r->fail_at) {
        return upi_fail(err, UP_E_ARMS, "arm", "the sink does not like range %lld",
            (long long)range);
    }
    char slot[UPI_VALUE_TEXT];
    for (int64_t i = 0; r->hashed && i < batch->n; i++) {
        uint64_t hash = hash_row(batch, i, &to->sum);
        upi_text_add_n(&to->text, (const char *)&hash, sizeof hash);
    }
    for (int64_t i = 0; !r->hashed && i < batch->n; i++) {
        for (int64_t j = 0; j < batch->n_columns; j++) {
            const upi_column *c = &batch->columns[j];
            upi_text_add(&to->text, j > 0 ? "|" : "");
            bool nan = c->type == UPI_F64 && upi_valid(c, i) &&
                       isnan(((const double *)c->data)[i]);
            if (!upi_valid(c, i) || nan) {
                upi_text_add(&to->text, "NULL");
                continue;
            }
            upi_str s = c->type == UPI_STR ? ((const upi_str *)c->data)[i]
                                           : upi_value_text(c, i, slot);
            upi_text_add_n(&to->text, upi_str_data(&s), upi_str_length(&s));
            to->sum += c->type == UPI_F64 ? ((const double *)c->data)[i] : 0;
        }
        upi_text_add_char(&to->text, '\n');
    }
    return UP_OK;
}

static up_status
rows_end(void *ctx, int worker, int64_t range, up_error *err)
{
    engine_rows *r = ctx;
    (void)err;
    struct engine_range *to = &r->ranges[range];
    demand(to->begun && to->worker == worker, "the worker of a range ends it");
    demand(!to->ended, "a range ends once");
    to->ended = 1;
    return UP_OK;
}

static up_status
/* NOLINTNEXTLINE(readability-function-size): a scan has this many parts */
scan_expressions(up_source *s, upi_expr *const *columns, int64_t n, const int *as,
    const char *filter, const up_run *run, engine_rows *out, up_error *err)
{
    up_status status = UP_OK;
    upi_expr *condition = NULL;
    *out = (engine_rows){.fail_at = out->fail_at,
        .hashed = out->hashed,
        .pause_ns = out->pause_ns,
        .n_ranges = MAX_RANGES};
    out->ranges = calloc(MAX_RANGES, sizeof *out->ranges);
    upi_sink sink = {out, rows_begin, rows_batch, rows_end};
    if (filter != NULL) {
        UP_TRY(upi_expr_parse(filter, &condition, err));
    }
    upi_scan scan = {n, (const upi_expr *const *)columns, as, condition};
    UP_TRY(upi_source_scan(s, &scan, &sink, run, err));
    for (int64_t i = 0; i < MAX_RANGES; i++) {
        demand(out->ranges[i].begun == out->ranges[i].ended, "every range ends");
    }
out:
    upi_expr_free(condition);
    return status;
}

static up_status
/* NOLINTNEXTLINE(readability-function-size): a scan has this many parts */
scan_named(up_source *s, const char *const *names, bool parse, int64_t n, const int *as,
    const char *filter, const up_run *run, engine_rows *out, up_error *err)
{
    up_status status = UP_OK;
    upi_expr **columns = NULL;
    UP_TRY(UP_NEW(&columns, n, err));
    for (int64_t i = 0; i < n; i++) {
        UP_TRY(parse ? upi_expr_parse(names[i], &columns[i], err)
                     : upi_expr_column(names != NULL ? names[i] : s->fields[i].name,
                           &columns[i], err));
    }
    UP_TRY(scan_expressions(s, columns, n, as, filter, run, out, err));
out:
    for (int64_t i = 0; columns != NULL && i < n; i++) {
        upi_expr_free(columns[i]);
    }
    upi_free(columns);
    return status;
}

up_status
/* NOLINTNEXTLINE(readability-function-size): a scan has this many parts */
engine_scan(up_source *s, const char *const *names, int64_t n, const int *as,
    const char *filter, const up_run *run, engine_rows *out, up_error *err)
{
    return scan_named(
        s, names, false, names != NULL ? n : s->n_fields, as, filter, run, out, err);
}

up_status
/* NOLINTNEXTLINE(readability-function-size): a scan has this many parts */
engine_scan_text(up_source *s, const char *const *texts, int64_t n, const int *as,
    const char *filter, const up_run *run, engine_rows *out, up_error *err)
{
    return scan_named(s, texts, true, n, as, filter, run, out, err);
}

char *
engine_rows_text(const engine_rows *r)
{
    upi_text all = {0};
    char *out = NULL;
    for (int64_t i = 0; i < r->n_ranges; i++) {
        if (r->ranges[i].text.s != NULL) {
            upi_text_add_n(&all, r->ranges[i].text.s, r->ranges[i].text.length);
        }
    }
    assert_int_equal(upi_text_take(&all, &out, NULL), UP_OK);
    upi_text_free(&all);
    return out;
}

int64_t
engine_rows_count(const engine_rows *r)
{
    int64_t n = 0;
    for (int64_t i = 0; i < r->n_ranges; i++) {
        n += r->ranges[i].rows;
    }
    return n;
}

void
engine_rows_free(engine_rows *r)
{
    for (int64_t i = 0; r->ranges != NULL && i < r->n_ranges; i++) {
        upi_text_free(&r->ranges[i].text);
    }
    free(r->ranges);
    memset(r, 0, sizeof *r);
}
