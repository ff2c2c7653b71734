/* Scans: the same rows give the same values from every kind of source, the same bits for any
 * number of threads, and the ranges keep their contract. */
#include "engine/duckdb.h"
#include "engine_support.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const made_rows =
    "SELECT i AS id, CASE WHEN i % 7 = 0 THEN NULL ELSE CAST(i % 1000 AS INTEGER) END "
    "AS k, "
    "CASE WHEN i % 11 = 0 THEN NULL ELSE (i * 7919 % 100003) / 64.0 END AS y, "
    "i % 3 = 1 AS b, CASE WHEN i % 13 = 0 THEN NULL WHEN i % 5 = 0 THEN '' "
    "WHEN i % 5 = 1 THEN 'a \"quoted\", text of more than twelve bytes ' || i "
    "WHEN i % 5 = 2 THEN 'äöü' ELSE 'c' || (i % 10) END AS s, "
    "DATE '2026-01-31' + CAST(i % 400 AS INTEGER) AS d, "
    "TIMESTAMP '2026-01-31 10:00:00.5' + INTERVAL (i % 977) SECOND AS t "
    "FROM range(140000) r(i)";

static void
make_files(void)
{
    char sql[4096];
    (void)snprintf(
        sql, sizeof sql, "COPY (%s) TO '@/rows.parquet' (FORMAT parquet)", made_rows);
    engine_sql(sql);
    engine_sql(
        "COPY (FROM '@/rows.parquet') TO '@/rows.csv' (FORMAT csv, HEADER true)");
    /* Other formats of text go the way of rows.csv: a few batches are enough. */
    engine_sql("COPY (FROM '@/rows.parquet' WHERE id < 12000) TO '@/less.parquet' "
               "(FORMAT parquet); "
               "COPY (FROM '@/less.parquet') TO '@/less.csv.gz' (FORMAT csv, HEADER "
               "true); "
               "COPY (FROM '@/less.parquet') TO '@/less.tsv.zst' (FORMAT csv, HEADER "
               "true, DELIMITER '\t'); "
               "COPY (FROM '@/less.parquet') TO '@/less.jsonl' (FORMAT json)");
    engine_sql(
        "ATTACH '@/rows.duckdb'; USE rows; CREATE TABLE rows AS FROM '@/rows.parquet'; "
        "CREATE VIEW seen AS FROM rows; CREATE SCHEMA other; "
        "CREATE TABLE other.thing AS SELECT 1 AS one");
    engine_sql("COPY (FROM '@/rows.parquet' WHERE id < 50000) TO '@/part-1.parquet' "
               "(FORMAT parquet, ROW_GROUP_SIZE 14000)");
    engine_sql("COPY (FROM '@/rows.parquet' WHERE id >= 50000) TO '@/part-2.parquet' "
               "(FORMAT parquet, ROW_GROUP_SIZE 200000)");
}

typedef struct seen {
    char *bytes; /* rows in order: 8 bytes of hash each */
    int64_t n;
    double sum;
} seen;

static seen
scan_all(const char *name, int64_t threads, const char *filter)
{
    up_error err = UP_ERROR_INIT;
    up_source *s = NULL;
    seen out = {0};
    engine_rows rows = {.fail_at = -1, .hashed = true};
    up_run run = {.struct_size = sizeof run, .threads = threads};
    assert_ok(up_source_open(name, &run, &s, &err), &err);
    assert_ok(engine_scan(s, NULL, 0, NULL, filter, &run, &rows, &err), &err);
    out.bytes = engine_rows_text(&rows);
    out.n = engine_rows_count(&rows);
    for (int64_t i = 0; i < rows.n_ranges; i++) {
        out.sum += rows.ranges[i].sum;
    }
    engine_rows_free(&rows);
    up_source_free(s);
    return out;
}

static void
assert_same(const seen *a, const seen *b, const char *what)
{
    if (a->n != b->n) {
        fail_msg(
            "%s: %lld rows, expected %lld", what, (long long)a->n, (long long)b->n);
    }
    for (int64_t i = 0; i < a->n; i++) {
        if (memcmp(a->bytes + 8 * i, b->bytes + 8 * i, 8) != 0) {
            fail_msg("%s: row %lld differs", what, (long long)i);
        }
    }
}

/* What the rows must be, from the SQL above by hand: the first and a few others. */
static void
test_values(void **state)
{
    (void)state;
    up_error err = UP_ERROR_INIT;
    up_source *s = NULL;
    engine_rows rows = {.fail_at = -1};
    assert_ok(up_source_open(engine_path("rows.parquet"), NULL, &s, &err), &err);
    assert_ok(
        engine_scan(s, NULL, 0, NULL, "id in (0, 1, 2, 15, 139999)", NULL, &rows, &err),
        &err);
    char *text = engine_rows_text(&rows);
    assert_string_equal(text,
        "0|NULL|NULL|false|NULL|2026-01-31|2026-01-31 10:00:00.5\n"
        "1|1|123.734375|true|a \"quoted\", text of more than twelve bytes 1|2026-02-01|"
        "2026-01-31 10:00:01.5\n"
        "2|2|247.46875|false|äöü|2026-02-02|2026-01-31 10:00:02.5\n"
        "15|15|293.46875|false||2026-02-15|2026-01-31 10:00:15.5\n"
        "139999|999|294.109375|true|c9|2027-03-06|2026-01-31 10:04:48.5\n");
    upi_free(text);
    engine_rows_free(&rows);
    up_source_free(s);
}

static void
check_sources(const char *wanted_name, const char *const names[4], int64_t least)
{
    static const char *const filters[] = {
        NULL, "y > 700 and k is not null and s != 'äöü'"};
    for (size_t f = 0; f < 2; f++) {
        seen wanted = scan_all(engine_path(wanted_name), 2, filters[f]);
        assert_true(wanted.n > least);
        for (size_t i = 0; names[i] != NULL && i < 3 - 2 * f; i++) {
            seen got = scan_all(engine_path(names[i]), 2, filters[f]);
            assert_same(&got, &wanted, names[i]);
            assert_close(got.sum, wanted.sum, 1e-12, 0);
            upi_free(got.bytes);
        }
        upi_free(wanted.bytes);
    }
}

static void
test_sources_agree(void **state)
{
    (void)state;
    static const char *const large[] = {
        "rows.csv", "rows.duckdb::main.rows", "part-*.parquet", NULL};
    static const char *const small[] = {
        "less.csv.gz", "less.tsv.zst", "less.jsonl", NULL};
    check_sources("rows.parquet", large, 1000);
    check_sources("less.parquet", small, 500);
    seen table = scan_all(engine_path("rows.duckdb::rows"), 2, "id % 7 = 1");
    seen view = scan_all(engine_path("rows.duckdb::seen"), 2, "id % 7 = 1");
    assert_int_equal(table.n, 20000);
    assert_same(&view, &table, "rows.duckdb::seen");
    upi_free(table.bytes);
    upi_free(view.bytes);
}

static void
test_threads_agree(void **state)
{
    (void)state;
    static const char *const names[] = {
        "rows.parquet", "part-*.parquet", "rows.duckdb::rows", "rows.csv"};
    static const char *const filters[] = {
        NULL, "k % 97 = 3", "y > 1500 or id % 31 = 0"};
    /* All of the filters for one name, the last of them for all. */
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        for (size_t f = i == 0 || i == 3 ? 2 : 0; f < 3; f += i == 1 ? 1 : 2) {
            seen one = scan_all(engine_path(names[i]), 1, filters[f]);
            for (int64_t threads = f > 0 ? 4 : 2; threads <= 4; threads += 2) {
                seen many = scan_all(engine_path(names[i]), threads, filters[f]);
                assert_same(&many, &one, names[i]);
                assert_true(many.sum == one.sum); /* the same bits */
                upi_free(many.bytes);
            }
            upi_free(one.bytes);
        }
    }
}

/* Ranges have the files' own limits: row groups of 30,720 rows (the engine rounds 30,000 up
 * to whole batches), then one of 160,000 rows, which is cut in two. */
static void
test_ranges(void **state)
{
    (void)state;
    up_error err = UP_ERROR_INIT;
    up_source *s = NULL;
    engine_rows rows = {.fail_at = -1};
    static const char *const names[] = {"id"};
    engine_sql("COPY (SELECT i AS id FROM range(100000) r(i)) TO '@/group-1.parquet' "
               "(FORMAT parquet, ROW_GROUP_SIZE 30000)");
    engine_sql("COPY (SELECT i AS id FROM range(160000) r(i)) TO '@/group-2.parquet' "
               "(FORMAT parquet, ROW_GROUP_SIZE 200000)");
    assert_ok(up_source_open(engine_path("group-*.parquet"), NULL, &s, &err), &err);
    assert_int_equal(s->n_rows, 260000);
    assert_ok(engine_scan(s, names, 1, NULL, NULL, NULL, &rows, &err), &err);
    static const int64_t wanted[] = {30720, 30720, 30720, 7840, 122880, 37120};
    int64_t n = 0;
    for (int64_t i = 0; i < rows.n_ranges; i++) {
        n += rows.ranges[i].begun;
    }
    assert_int_equal(n, 6);
    for (int64_t i = 0; i < 6; i++) {
        assert_int_equal(rows.ranges[i].rows, wanted[i]);
    }
    engine_rows_free(&rows);
    up_source_free(s);
}

/* Deleted and added rows leave row groups of odd sizes in a table. */
static void
test_table_with_holes(void **state)
{
    (void)state;
    engine_sql(
        "ATTACH '@/holes.duckdb' AS f; "
        "CREATE TABLE f.t AS SELECT i AS id, i / 8.0 AS y FROM range(200000) r(i); "
        "DELETE FROM f.t WHERE id BETWEEN 1000 AND 150000; CHECKPOINT f; "
        "INSERT INTO f.t SELECT i, i / 8.0 FROM range(200000, 500000) r(i); "
        "CHECKPOINT f; DELETE FROM f.t WHERE id % 3 = 0; "
        "INSERT INTO f.t SELECT i, 0 FROM range(500000, 500010) r(i)");
    seen one = scan_all(engine_path("holes.duckdb::t"), 1, NULL);
    seen many = scan_all(engine_path("holes.duckdb"), 3, NULL);
    assert_same(&many, &one, "holes");
    assert_true(one.sum == many.sum);
    /* 0..999 and 150001..499999 without the multiples of 3, and 10 more */
    assert_int_equal(one.n, 1000 - 334 + (349999 - 116666) + 10);
    upi_free(one.bytes);
    upi_free(many.bytes);
}

static void
test_expressions_and_types(void **state)
{
    (void)state;
    up_error err = UP_ERROR_INIT;
    static const char *const texts[] = {
        "id", "y", "b", "y * 2 + 1", "d", "t", "k", "t", "id"};
    static const int as[] = {
        UPI_F64, UPI_STR, UPI_F64, -1, UPI_I64, UPI_DATE, UPI_STR, UPI_I64, UPI_BOOL};
    static const char *const wanted = "1|123.734375|1|248.46875|20485|2026-01-31|1|"
                                      "1769853601500000|true\n";
    static const char *const names[] = {
        "rows.parquet", "rows.csv", "rows.duckdb::seen"};
    for (size_t i = 0; i < 3; i++) {
        up_source *s = NULL;
        engine_rows rows = {.fail_at = -1};
        assert_ok(up_source_open(engine_path(names[i]), NULL, &s, &err), &err);
        assert_ok(engine_scan_text(s, texts, 9, as, "id = 1", NULL, &rows, &err), &err);
        char *text = engine_rows_text(&rows);
        assert_string_equal(text, wanted);
        upi_free(text);
        engine_rows_free(&rows);
        up_source_free(s);
    }
}

static void
test_refusals(void **state)
{
    (void)state;
    up_source *s = NULL;
    up_error err = UP_ERROR_INIT;
    engine_rows rows = {.fail_at = -1};
    assert_ok(up_source_open(engine_path("rows.parquet"), NULL, &s, &err), &err);
    static const char *const missing[] = {"idd"};
    assert_fails(
        engine_scan(s, missing, 1, NULL, NULL, NULL, &rows, &err), UP_E_COLUMN, &err);
    assert_string_equal(err.field, "idd");
    assert_string_equal(err.fix, "did you mean id?");
    engine_rows_free(&rows);
    static const struct {
        const char *column;
        int as;
        const char *word;
    } bad[] = {
        {"s", UPI_BOOL, "s is a text"},
        {"s", UPI_F64, "s holds a \"quoted\""},
        {"y", UPI_I64, "y holds 123.734375, which is not a whole number"},
        {"k", UPI_BOOL, "k holds 2, which is not true or false"},
        {"b", UPI_DATE, "b is a boolean"},
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        err = (up_error)UP_ERROR_INIT;
        rows.fail_at = -1;
        assert_fails(engine_scan(s, &bad[i].column, 1, &bad[i].as, "id > 0 and s != ''",
                         NULL, &rows, &err),
            UP_E_TYPE, &err);
        assert_string_equal(err.field, bad[i].column);
        if (strstr(err.message, bad[i].word) == NULL) {
            fail_msg("'%s' does not say '%s'", err.message, bad[i].word);
        }
        engine_rows_free(&rows);
    }
    err = (up_error)UP_ERROR_INIT;
    rows.fail_at = -1;
    static const char *const one[] = {"id"};
    assert_fails(
        engine_scan(s, one, 1, NULL, "id + 1", NULL, &rows, &err), UP_E_TYPE, &err);
    engine_rows_free(&rows);
    /* The source is still of use. */
    err = (up_error)UP_ERROR_INIT;
    rows.fail_at = -1;
    assert_ok(engine_scan(s, one, 1, NULL, "id < 5", NULL, &rows, &err), &err);
    assert_int_equal(engine_rows_count(&rows), 5);
    engine_rows_free(&rows);
    up_source_free(s);
}

/* The sink's own failure comes back as it was. */
static void
test_sink_fails(void **state)
{
    (void)state;
    static const char *const names[] = {"rows.parquet", "rows.csv"};
    for (size_t i = 0; i < 2; i++) {
        up_error err = UP_ERROR_INIT;
        up_source *s = NULL;
        engine_rows rows = {.fail_at = 1, .hashed = true};
        assert_ok(up_source_open(engine_path(names[i]), NULL, &s, &err), &err);
        assert_fails(
            engine_scan(s, NULL, 0, NULL, NULL, NULL, &rows, &err), UP_E_ARMS, &err);
        assert_string_equal(err.message, "the sink does not like range 1");
        assert_string_equal(err.field, "arm");
        engine_rows_free(&rows);
        up_source_free(s);
    }
}

typedef struct watcher {
    int asked, stop_after;
    double last;
    int shown;
    bool fell; /* the fraction went down or left [0, 1] */
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
    watcher *w = user;
    w->fell = w->fell || !(fraction >= w->last && fraction <= 1);
    w->last = fraction;
    w->shown++;
}

static void
test_stop_and_progress(void **state)
{
    (void)state;
    static const char *const names[] = {"rows.parquet", "rows.csv"};
    for (size_t i = 0; i < 2; i++) {
        up_error err = UP_ERROR_INIT;
        up_source *s = NULL;
        /* 69 batches of 20 ms: the caller is asked again long before the end. */
        engine_rows rows = {.fail_at = -1, .hashed = true, .pause_ns = 20000000};
        watcher w = {.stop_after = 1};
        up_run run = {
            .struct_size = sizeof run, .threads = 2, .should_stop = ask, .user = &w};
        assert_ok(up_source_open(engine_path(names[i]), &run, &s, &err), &err);
        w.asked = 0;
        assert_fails(
            engine_scan(s, NULL, 0, NULL, NULL, &run, &rows, &err), UP_E_STOPPED, &err);
        engine_rows_free(&rows);
        err = (up_error)UP_ERROR_INIT;
        rows.fail_at = -1;
        rows.pause_ns = 0;
        run.should_stop = NULL;
        run.progress = show;
        assert_ok(engine_scan(s, NULL, 0, NULL, NULL, &run, &rows, &err), &err);
        assert_int_equal(engine_rows_count(&rows), 140000);
        assert_true(w.last == 1 && w.shown > 0 && !w.fell);
        engine_rows_free(&rows);
        up_source_free(s);
    }
}

static void
test_guard(void **state)
{
    (void)state;
    up_error err = UP_ERROR_INIT;
    up_source *s = NULL;
    (void)upi_fail(&err, UP_E_ARMS, NULL, "an earlier failure");
    assert_int_equal(up_source_open("x.csv", NULL, &s, &err), UP_E_ARMS);
    assert_null(s);
    err = (up_error)UP_ERROR_INIT;
    assert_fails(up_source_open(NULL, NULL, &s, &err), UP_E_ARGUMENT, &err);
    err = (up_error)UP_ERROR_INIT;
    up_run run = {.struct_size = sizeof run, .threads = -1};
    assert_fails(up_source_open("x.csv", &run, &s, &err), UP_E_ARGUMENT, &err);
    assert_string_equal(err.field, "threads");
    err = (up_error)UP_ERROR_INIT;
    run = (up_run){.struct_size = sizeof run, .spill_directory = "/nonexistent/place"};
    assert_fails(
        up_source_open(engine_path("rows.csv"), &run, &s, &err), UP_E_ARGUMENT, &err);
    assert_string_equal(err.field, "spill_directory");
    up_source_free(NULL);
}

/* No directory is left behind after any of the tests above. */
static void
test_nothing_left(void **state)
{
    (void)state;
    assert_int_equal(upi_mem_live(), 0);
    char spill[600];
    (void)snprintf(spill, sizeof spill, "%s", engine_path("spill"));
    engine_sql("COPY (SELECT 1 AS x) TO '@/one.csv' (HEADER true)");
    engine_sql(
        "COPY (SELECT 1 AS x) TO '@/spill' (FORMAT csv, PER_THREAD_OUTPUT true)");
    int64_t before = engine_count_entries(spill, "");
    up_run run = {.struct_size = sizeof run, .spill_directory = spill};
    up_source *s = NULL;
    up_error err = UP_ERROR_INIT;
    assert_ok(up_source_open(engine_path("one.csv"), &run, &s, &err), &err);
    assert_int_equal(engine_count_entries(spill, "upshot-"), 1);
    up_source_free(s);
    s = NULL;
    assert_int_equal(engine_count_entries(spill, ""), before);
    assert_fails(
        up_source_open(engine_path("none.csv"), &run, &s, &err), UP_E_SOURCE, &err);
    assert_int_equal(engine_count_entries(spill, ""), before);
}

static up_status
only_open(void *ctx, up_error *err)
{
    up_source *s = NULL;
    up_run run = {.struct_size = sizeof run, .threads = 1};
    up_status status = up_source_open(ctx, &run, &s, err);
    up_source_free(s);
    return status;
}

/* The row groups that a source remembers are forgotten, so that every scan reads them. */
static up_status
only_scan(void *ctx, up_error *err)
{
    upi_duckdb *d = ((up_source *)ctx)->self;
    engine_rows rows = {.fail_at = -1};
    up_run run = {.struct_size = sizeof run, .threads = 1};
    static const char *const texts[] = {"id + 1", "s"};
    static const int as[] = {UPI_STR, -1};
    up_status status = engine_scan_text(ctx, texts, 2, as, "id < 3", &run, &rows, err);
    engine_rows_free(&rows);
    upi_row_groups_free(&d->groups);
    d->groups_known = false;
    return status;
}

/* Opening starts the engine anew for every allocation that fails, which takes most of the
 * time of this file: text files stand for the others, whose statement alone differs. Scans
 * of each kind go on with a source that has failed before. */
static void
test_out_of_memory(void **state)
{
    (void)state;
    static const char *const names[] = {"few.parquet", "few.csv"};
    engine_sql("COPY (FROM '@/rows.parquet' WHERE id < 5) TO '@/few.parquet' (FORMAT "
               "parquet)");
    engine_sql(
        "COPY (FROM '@/rows.parquet' WHERE id < 5) TO '@/few.csv' (HEADER true)");
    for (size_t i = 0; i < 2; i++) {
        up_error err = UP_ERROR_INIT;
        up_source *s = NULL;
        assert_ok(up_source_open(engine_path(names[i]), NULL, &s, &err), &err);
        assert_ok(only_scan(s, &err), &err); /* makes what a source makes only once */
        up_sweep_memory(only_scan, s);
        up_source_free(s);
    }
    char path[600];
    (void)snprintf(path, sizeof path, "%s", engine_path("few.csv"));
    up_sweep_memory(only_open, path);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_values),
        cmocka_unit_test(test_sources_agree),
        cmocka_unit_test(test_threads_agree),
        cmocka_unit_test(test_ranges),
        cmocka_unit_test(test_table_with_holes),
        cmocka_unit_test(test_expressions_and_types),
        cmocka_unit_test(test_refusals),
        cmocka_unit_test(test_sink_fails),
        cmocka_unit_test(test_stop_and_progress),
        cmocka_unit_test(test_guard),
        cmocka_unit_test(test_nothing_left),
        cmocka_unit_test(test_out_of_memory),
    };
    make_files();
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    engine_clean();
    return failed;
}
