/* Writing rows: what is read back is what was written, the same bytes every time, and nothing
 * but the finished file is ever left. */
#include "engine/write.h"
#include "engine_support.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

static const upi_out_field fields[] = {{"y", UPI_F64}, {"id", UPI_I64}, {"b", UPI_BOOL},
    {"s'\"", UPI_STR}, {"d", UPI_DATE}, {"t", UPI_TIME}};

typedef struct maker {
    int64_t next, fail_at;
    bool bad_text;
    char text[UPI_BATCH_ROWS][24];
} maker;

static void
set_null(uint64_t *validity, int64_t i)
{
    validity[i >> 6] &= ~((uint64_t)1 << (i & 63));
}

static up_status
make(void *ctx, int64_t first, int64_t n, upi_out_column *columns, up_error *err)
{
    maker *m = ctx;
    if (first != m->next || n < 1 || n > UPI_BATCH_ROWS) {
        return upi_fail(err, UP_E_INTERNAL, NULL, "rows are asked for out of order");
    }
    m->next += n;
    if (first <= m->fail_at && m->fail_at < first + n) {
        return upi_fail(
            err, UP_E_CAPSULE, "y", "row %lld is not to be had", (long long)m->fail_at);
    }
    for (int64_t i = 0; i < n; i++) {
        int64_t row = first + i;
        ((double *)columns[0].data)[i] = (double)row / 3;
        ((int64_t *)columns[1].data)[i] = row * 1000000007;
        ((uint8_t *)columns[2].data)[i] = (row & 1) != 0;
        int length =
            snprintf(m->text[i], sizeof m->text[i], "row number %lld", (long long)row);
        if (m->bad_text) {
            m->text[i][0] = (char)0xFF;
        }
        ((upi_str *)columns[3].data)[i] = upi_str_make(m->text[i], (uint32_t)length);
        ((int64_t *)columns[4].data)[i] = row % 30000;
        ((int64_t *)columns[5].data)[i] = row * 1000001;
        for (int64_t j = 0; j < 6; j++) {
            if (row % 10 == j) {
                set_null(columns[j].validity, i);
            }
        }
    }
    return UP_OK;
}

static up_status
write_file(const char *name, int64_t n_rows, maker *m, const up_run *run, up_error *err)
{
    static const upi_kv kv[] = {{"upshot", "{\"a\": \"it's\"}"}, {"k'\"; --", ""}};
    m->next = 0;
    bool parquet = strstr(name, ".parquet") != NULL;
    upi_write w = {.path = name,
        .fields = fields,
        .n_fields = 6,
        .n_rows = n_rows,
        .fill = make,
        .ctx = m,
        .metadata = kv,
        .n_metadata = parquet ? 2 : 0};
    return upi_write_rows(&w, run, err);
}

static char *
read_bytes(const char *path, size_t *n)
{
    FILE *f = fopen(path, "rb");
    assert_non_null(f);
    assert_int_equal(fseek(f, 0, SEEK_END), 0);
    *n = (size_t)ftell(f);
    rewind(f);
    char *bytes = malloc(*n + 1);
    assert_non_null(bytes);
    assert_int_equal(fread(bytes, 1, *n, f), *n);
    (void)fclose(f);
    return bytes;
}

static void
test_round_trip(void **state)
{
    (void)state;
    static const char *const names[] = {"out.parquet", "it's; --.csv", "out.csv.gz"};
    static maker m;
    for (size_t i = 0; i < 3; i++) {
        up_error err = UP_ERROR_INIT;
        char path[600];
        (void)snprintf(path, sizeof path, "%s", engine_path(names[i]));
        m = (maker){.fail_at = -1};
        assert_ok(write_file(path, 300000, &m, NULL, &err), &err);
        assert_int_equal(m.next, 300000);
        struct stat info;
        assert_int_equal(stat(path, &info), 0);
        mode_t mask = umask(0);
        (void)umask(mask);
        assert_int_equal(info.st_mode & 0777, 0666 & ~mask);
        up_source *s = NULL;
        engine_rows rows = {.fail_at = -1};
        assert_ok(up_source_open(path, NULL, &s, &err), &err);
        assert_ok(engine_scan(s, NULL, 0, NULL, NULL, NULL, &rows, &err), &err);
        assert_int_equal(engine_rows_count(&rows), 300000);
        char *text = engine_rows_text(&rows);
        /* rows 0, 1 and 6 by hand */
        static const char *const wanted =
            "NULL|0|false|row number 0|1970-01-01|1970-01-01 00:00:00\n"
            "0.3333333333333333|NULL|true|row number 1|1970-01-02|"
            "1970-01-01 00:00:01.000001\n";
        assert_memory_equal(text, wanted, strlen(wanted));
        assert_non_null(strstr(text, "\n2|6000000042|false|row number 6|1970-01-07|"
                                     "1970-01-01 00:00:06.000006\n"));
        upi_free(text);
        engine_rows_free(&rows);
        up_source_free(s);
    }
}

static void
test_same_bytes(void **state)
{
    (void)state;
    static const char *const names[] = {"same.parquet", "same.csv", "same.csv.gz"};
    static maker m;
    for (size_t i = 0; i < 3; i++) {
        up_error err = UP_ERROR_INIT;
        char path[600];
        size_t n[2];
        char *bytes[2];
        (void)snprintf(path, sizeof path, "%s", engine_path(names[i]));
        for (int k = 0; k < 2; k++) {
            m = (maker){.fail_at = -1};
            up_run run = {.struct_size = sizeof run, .threads = k + 1};
            assert_ok(write_file(path, 150000, &m, &run, &err), &err);
            bytes[k] = read_bytes(path, &n[k]);
        }
        assert_int_equal(n[0], n[1]);
        assert_memory_equal(bytes[0], bytes[1], n[0]);
        free(bytes[0]);
        free(bytes[1]);
    }
}

static void
test_metadata(void **state)
{
    (void)state;
    static maker m;
    up_error err = UP_ERROR_INIT;
    char path[600];
    (void)snprintf(path, sizeof path, "%s", engine_path("meta'[1]*.parquet"));
    m = (maker){.fail_at = -1};
    assert_ok(write_file(path, 0, &m, NULL, &err), &err);
    upi_metadata meta = {0};
    assert_ok(upi_parquet_metadata(path, &meta, &err), &err);
    assert_string_equal(upi_metadata_get(&meta, "upshot"), "{\"a\": \"it's\"}");
    assert_string_equal(upi_metadata_get(&meta, "k'\"; --"), "");
    assert_null(upi_metadata_get(&meta, "other"));
    upi_metadata_free(&meta);
    engine_write_text("no.csv", "a\n1\n");
    assert_fails(
        upi_parquet_metadata(engine_path("no.csv"), &meta, &err), UP_E_SOURCE, &err);
    err = (up_error)UP_ERROR_INIT;
    assert_fails(upi_parquet_metadata(engine_path("none.parquet"), &meta, &err),
        UP_E_SOURCE, &err);
    err = (up_error)UP_ERROR_INIT;
    engine_write_text("no.parquet", "PAR1 and nothing that follows from it PAR2");
    assert_fails(upi_parquet_metadata(engine_path("no.parquet"), &meta, &err),
        UP_E_SOURCE, &err);
}

/* The directory holds what it held before, and the old file its old bytes. */
static void
test_failures_leave_nothing(void **state)
{
    (void)state;
    static maker m;
    static const struct {
        int64_t fail_at;
        bool bad_text;
        up_status status;
        const char *word;
    } cases[] = {
        {0, false, UP_E_CAPSULE, "row 0 is not to be had"},
        {140000, false, UP_E_CAPSULE, "row 140000 is not to be had"},
        {-1, true, UP_E_WRITE, "is not UTF-8"},
    };
    engine_write_text("keep.parquet", "old");
    int64_t before = engine_count_entries(engine_directory(), "");
    for (size_t i = 0; i < 3; i++) {
        up_error err = UP_ERROR_INIT;
        m = (maker){.fail_at = cases[i].fail_at, .bad_text = cases[i].bad_text};
        assert_fails(write_file(engine_path("keep.parquet"), 200000, &m, NULL, &err),
            cases[i].status, &err);
        assert_non_null(strstr(err.message, cases[i].word));
        assert_int_equal(engine_count_entries(engine_directory(), ""), before);
    }
    size_t n = 0;
    char *bytes = read_bytes(engine_path("keep.parquet"), &n);
    assert_int_equal(n, 3);
    assert_memory_equal(bytes, "old", 3);
    free(bytes);
}

static void
test_refusals(void **state)
{
    (void)state;
    static maker m;
    static const struct {
        const char *name, *word;
    } cases[] = {
        {"x.txt", "ending that is not known"},
        {"none/x.csv", "cannot be written"},
        {"dir.csv", "it is a directory"},
    };
    assert_int_equal(mkdir(engine_path("dir.csv"), 0700), 0);
    for (size_t i = 0; i < 3; i++) {
        up_error err = UP_ERROR_INIT;
        m = (maker){.fail_at = -1};
        assert_fails(write_file(engine_path(cases[i].name), 5, &m, NULL, &err),
            UP_E_WRITE, &err);
        assert_non_null(strstr(err.message, cases[i].word));
        assert_string_equal(err.field, "path");
    }
    up_error err = UP_ERROR_INIT;
    assert_fails(write_file("s3://x/y.csv", 5, &m, NULL, &err), UP_E_WRITE, &err);
    err = (up_error)UP_ERROR_INIT;
    upi_write none = {.path = "x.csv"};
    assert_fails(upi_write_rows(&none, NULL, &err), UP_E_ARGUMENT, &err);
}

/* A file-size limit of the process stands in for a full disk. */
static void
test_no_room(void **state)
{
    (void)state;
    static maker m;
    struct rlimit old, small;
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &old), 0);
    small = old;
    small.rlim_cur = 100000;
    void (*handler)(int) = signal(SIGXFSZ, SIG_IGN);
    int64_t before = engine_count_entries(engine_directory(), "");
    static const char *const names[] = {"full.csv", "full.parquet"};
    for (size_t i = 0; i < 2; i++) {
        up_error err = UP_ERROR_INIT;
        m = (maker){.fail_at = -1};
        assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
        up_status status = write_file(engine_path(names[i]), 100000, &m, NULL, &err);
        assert_int_equal(setrlimit(RLIMIT_FSIZE, &old), 0);
        assert_fails(status, UP_E_WRITE, &err);
        assert_non_null(strstr(err.message, names[i]));
        assert_int_equal(engine_count_entries(engine_directory(), ""), before);
    }
    (void)signal(SIGXFSZ, handler);
    up_error err = UP_ERROR_INIT;
    assert_fails(write_file("/dev/full", 5, &m, NULL, &err), UP_E_WRITE, &err);
}

typedef struct watcher {
    int asked, stop_after;
    double last;
} watcher;

static int
ask(void *user)
{
    watcher *w = user;
    return ++w->asked > w->stop_after;
}

static void
show(void *user, double fraction)
{
    ((watcher *)user)->last = fraction;
}

static void
test_stop_and_progress(void **state)
{
    (void)state;
    static maker m;
    watcher w = {.stop_after = 1};
    up_run run = {.struct_size = sizeof run, .should_stop = ask, .user = &w};
    up_error err = UP_ERROR_INIT;
    m = (maker){.fail_at = -1};
    int64_t before = engine_count_entries(engine_directory(), "");
    assert_fails(write_file(engine_path("stop.csv"), 100000000, &m, &run, &err),
        UP_E_STOPPED, &err);
    assert_int_equal(engine_count_entries(engine_directory(), ""), before);
    run.should_stop = NULL;
    run.progress = show;
    err = (up_error)UP_ERROR_INIT;
    assert_ok(write_file(engine_path("stop.csv"), 10000, &m, &run, &err), &err);
    assert_true(w.last == 1);
}

static up_status
write_few(void *ctx, up_error *err)
{
    static maker m;
    m = (maker){.fail_at = -1};
    return write_file(ctx, 10, &m, NULL, err);
}

static up_status
read_meta(void *ctx, up_error *err)
{
    upi_metadata meta = {0};
    up_status status = upi_parquet_metadata(ctx, &meta, err);
    upi_metadata_free(&meta);
    return status;
}

static void
test_out_of_memory(void **state)
{
    (void)state;
    char path[600];
    (void)snprintf(path, sizeof path, "%s", engine_path("few.parquet"));
    up_sweep_memory(write_few, path);
    up_sweep_memory(read_meta, path);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_round_trip),
        cmocka_unit_test(test_same_bytes),
        cmocka_unit_test(test_metadata),
        cmocka_unit_test(test_failures_leave_nothing),
        cmocka_unit_test(test_refusals),
        cmocka_unit_test(test_no_room),
        cmocka_unit_test(test_stop_and_progress),
        cmocka_unit_test(test_out_of_memory),
    };
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    engine_clean();
    return failed;
}
