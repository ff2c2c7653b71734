/* Files are read below the allowed directories only: by name, by pattern, through links, and by
 * the views of a database, which name files of their own. */
#include "engine_support.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char *const *
allowed(void)
{
    static char path[512];
    static const char *list[2];
    (void)snprintf(path, sizeof path, "%s", engine_path("in"));
    list[0] = path;
    return list;
}

/* The status of opening and scanning, with the message of a failure. */
static up_status
read_all(const char *name, const char *const *directories, up_error *err)
{
    up_source *s = NULL;
    engine_rows rows = {.fail_at = -1};
    const up_run *run = UP_RUN(.threads = 2, .allowed_directories = directories);
    up_status status = up_source_open(engine_path(name), run, &s, err);
    if (status == UP_OK) {
        status = engine_scan(s, NULL, 0, NULL, NULL, run, &rows, err);
        engine_rows_free(&rows);
    }
    up_source_free(s);
    assert_int_equal(upi_mem_live(), 0);
    return status;
}

static void
reads(const char *name)
{
    up_error err = UP_ERROR_INIT;
    assert_ok(read_all(name, allowed(), &err), &err);
}

static void
refuses(const char *name, const char *word)
{
    up_error err = UP_ERROR_INIT;
    up_error none = UP_ERROR_INIT;
    assert_ok(
        read_all(name, NULL, &none), &none); /* it is only the rule that refuses */
    assert_fails(read_all(name, allowed(), &err), UP_E_SOURCE, &err);
    assert_null(strchr(err.message, '\n'));
    if (strstr(err.message, word) == NULL) {
        fail_msg("%s: '%s' is not in '%s'", name, word, err.message);
    }
}

static void
test_inside(void **state)
{
    (void)state;
    reads("in/a.csv");
    reads("in/../in/a.csv");
    reads("in/*.parquet");
    reads("in/own.duckdb::rows");
    reads("in/own.duckdb::seen");
    reads("in/deep/b.csv");
    reads("in/odd [1].csv");
}

static void
test_outside(void **state)
{
    (void)state;
    refuses("out/a.csv", "outside");
    refuses("in/../out/a.csv", "outside");
    refuses("out/*.parquet", "outside");
    refuses("in/link.csv", "outside");
    refuses("in/li*.csv", "outside");
    refuses("inner/a.csv", "outside"); /* "in" is a directory and not a beginning */
    refuses("out/own.duckdb::rows", "outside");
}

/* A database may lie inside and read what lies outside; also through a link inside. */
static void
test_views(void **state)
{
    (void)state;
    refuses("in/sly.duckdb::outside", "");
    refuses("in/sly.duckdb::linked", "");
    refuses("in/sly.duckdb::listing", "");
    refuses("in/sly.duckdb::beside", ""); /* also a file that could be named itself */
    reads("in/sly.duckdb::plain");
}

static up_status
open_allowed(void *ctx, up_error *err)
{
    up_source *s = NULL;
    const up_run *run = UP_RUN(.threads = 1, .allowed_directories = allowed());
    up_status status = up_source_open(ctx, run, &s, err);
    up_source_free(s);
    return status;
}

static void
test_out_of_memory(void **state)
{
    char path[512];
    (void)state;
    (void)snprintf(path, sizeof path, "%s", engine_path("in/a.csv"));
    up_sweep_memory(open_allowed, path);
}

static int
make_files(void **state)
{
    (void)state;
    assert_int_equal(chdir(engine_directory()), 0);
    assert_int_equal(
        system("mkdir -p in/deep out inner"), 0); /* NOLINT(cert-env33-c) */
    static const char *const files[] = {
        "in/a.csv", "in/deep/b.csv", "out/a.csv", "inner/a.csv", "in/odd [1].csv"};
    for (size_t i = 0; i < sizeof files / sizeof files[0]; i++) {
        engine_write_text(files[i], "x,y\n1,2\n3,4\n");
    }
    engine_sql("COPY (SELECT 1 AS x) TO '@/in/p.parquet' (FORMAT parquet); "
               "COPY (SELECT 1 AS x) TO '@/out/p.parquet' (FORMAT parquet)");
    assert_int_equal(symlink("../out/a.csv", engine_path("in/link.csv")), 0);
    engine_sql("ATTACH '@/in/own.duckdb'; USE own; CREATE TABLE rows AS SELECT 1 AS x; "
               "CREATE VIEW seen AS FROM rows");
    engine_sql(
        "ATTACH '@/out/own.duckdb'; USE own; CREATE TABLE rows AS SELECT 1 AS x");
    engine_sql("ATTACH '@/in/sly.duckdb'; USE sly; CREATE TABLE t AS SELECT 1 AS x; "
               "CREATE VIEW plain AS FROM t; "
               "CREATE VIEW outside AS FROM read_csv('@/out/a.csv'); "
               "CREATE VIEW linked AS FROM read_csv('@/in/link.csv'); "
               "CREATE VIEW listing AS SELECT file FROM glob('@/out/*'); "
               "CREATE VIEW beside AS FROM read_parquet('@/in/p.parquet')");
    return 0;
}

static int
remove_files(void **state)
{
    (void)state;
    engine_clean();
    return 0;
}

int
main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_inside),
        cmocka_unit_test(test_outside), cmocka_unit_test(test_views),
        cmocka_unit_test(test_out_of_memory)};
    return cmocka_run_group_tests(tests, make_files, remove_files);
}
