/* Opening names: every kind of damage gives one clear line, and hostile names stay names. */
#include "engine/duckdb.h"
#include "engine_support.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static void
assert_one_line(const up_error *err)
{
    assert_null(strchr(err->message, '\n'));
    assert_null(strstr(err->message, "duckdb::"));
    assert_null(strstr(err->message, "Error:"));
}

/* Opens and scans; the status of the first that fails, and that the message says `word`. */
static void
assert_refused(const char *name, up_status wanted, const char *word)
{
    up_error err = UP_ERROR_INIT;
    up_source *s = NULL;
    engine_rows rows = {.fail_at = -1};
    up_run run = {.struct_size = sizeof run, .threads = 2};
    up_status status = up_source_open(name, &run, &s, &err);
    if (status == UP_OK) {
        status = engine_scan(s, NULL, 0, NULL, NULL, &run, &rows, &err);
        engine_rows_free(&rows);
    }
    up_source_free(s);
    if (status != wanted || strstr(err.message, word) == NULL) {
        fail_msg("%s gave %s: '%s', expected %s and '%s'", name, up_status_name(status),
            err.message, up_status_name(wanted), word);
    }
    assert_one_line(&err);
    assert_int_equal(upi_mem_live(), 0);
}

static char *
scan_text(const char *name)
{
    up_error err = UP_ERROR_INIT;
    up_source *s = NULL;
    engine_rows rows = {.fail_at = -1};
    assert_ok(up_source_open(name, NULL, &s, &err), &err);
    assert_ok(engine_scan(s, NULL, 0, NULL, NULL, NULL, &rows, &err), &err);
    char *text = engine_rows_text(&rows);
    engine_rows_free(&rows);
    up_source_free(s);
    return text;
}

static void
assert_reads(const char *name, const char *wanted)
{
    char *text = scan_text(name);
    assert_string_equal(text, wanted);
    upi_free(text);
}

static void
test_no_such_file(void **state)
{
    (void)state;
    assert_refused(engine_path("none.csv"), UP_E_SOURCE, "none.csv cannot be read");
    assert_refused(engine_path("none-*.csv"), UP_E_SOURCE, "no file matches");
    assert_refused(engine_directory(), UP_E_SOURCE, "is a directory");
    assert_refused("", UP_E_SOURCE, "is empty");
    assert_refused("s3://bucket/x.parquet", UP_E_SOURCE, "is an address");
    assert_refused("\xff\xfe.csv", UP_E_SOURCE, "not UTF-8");
    engine_write_text("x.xlsx", "PK");
    assert_refused(engine_path("x.xlsx"), UP_E_SOURCE, "ending that is not known");
    engine_write_text("mix-1.csv", "a\n1\n");
    engine_write_text("mix-2.json", "{}");
    assert_refused(engine_path("mix-*"), UP_E_SOURCE, "two kinds");
}

static void
test_empty(void **state)
{
    (void)state;
    engine_write_text("empty.csv", "");
    assert_refused(engine_path("empty.csv"), UP_E_SOURCE, "is empty");
    engine_write_text("header.csv", "a,b\n");
    assert_refused(engine_path("header.csv"), UP_E_EMPTY, "has a header but no rows");
    engine_write_text("bare.csv", "a,b");
    assert_refused(engine_path("bare.csv"), UP_E_EMPTY, "has a header but no rows");
    engine_write_text("numbers.csv", "1,2\n3,4\n");
    assert_refused(engine_path("numbers.csv"), UP_E_SOURCE, "has no header");
    engine_sql(
        "COPY (SELECT 1 AS a WHERE false) TO '@/empty.parquet' (FORMAT parquet)");
    assert_reads(engine_path("empty.parquet"), "");
}

/* Files of 60,000 lines `id,x,t`, one of which is different: beyond what is looked at first. */
static void
write_lines(const char *name, int64_t odd, const char *line)
{
    upi_text text = {0};
    upi_text_add(&text, "id,x,t\n");
    for (int64_t i = 0; i < 60000; i++) {
        if (i == odd) {
            upi_text_add(&text, line);
        } else {
            upi_text_addf(&text, "%lld,%lld.5,c%lld\n", (long long)i, (long long)i,
                (long long)(i % 3));
        }
    }
    engine_write_file(name, text.s, (size_t)text.length);
    upi_text_free(&text);
}

static void
test_bad_lines(void **state)
{
    (void)state;
    write_lines("late.csv", 50000, "50000,abc,c1\n");
    assert_refused(
        engine_path("late.csv"), UP_E_SOURCE, "line 50002: column x holds \"abc\"");
    write_lines("more.csv", 40000, "40000,1,c1,9\n");
    assert_refused(engine_path("more.csv"), UP_E_SOURCE, "line 40002: 4 values");
    write_lines("less.csv", 40000, "40000,1\n");
    assert_refused(engine_path("less.csv"), UP_E_SOURCE, "line 40002: 2 values");
    write_lines("quote.csv", 40000, "40000,1,\"abc\n");
    assert_refused(engine_path("quote.csv"), UP_E_SOURCE, "line 40002: a quoted value");
    write_lines("latin.csv", 40000, "40000,1,\xe4\n");
    assert_refused(
        engine_path("latin.csv"), UP_E_SOURCE, "line 40002: the text is not UTF-8");
}

static void
test_endless_line(void **state)
{
    (void)state;
    FILE *f = fopen(engine_path("long.csv"), "wb");
    assert_non_null(f);
    (void)fputs("a,b\n1,", f);
    /* A hole of 1 GiB: it costs no disk, but reads as one line. */
    assert_int_equal(fseek(f, (long)1 << 30, SEEK_CUR), 0);
    (void)fputs("x\n", f);
    (void)fclose(f);
    assert_refused(engine_path("long.csv"), UP_E_SOURCE, "long.csv");
    upi_text text = {0};
    upi_text_add(&text, "a,b\n1,2\n3,");
    for (int i = 0; i < 300000; i++) {
        upi_text_add(&text, "0123456789");
    }
    upi_text_add(&text, "\n5,6\n");
    engine_write_file("line.csv", text.s, (size_t)text.length);
    upi_text_free(&text);
    assert_refused(engine_path("line.csv"), UP_E_SOURCE, "longer than 2097152 bytes");
}

static void
test_damaged(void **state)
{
    (void)state;
    engine_sql("COPY (SELECT i AS a, random() AS b FROM range(50000) r(i)) TO "
               "'@/whole.parquet' "
               "(FORMAT parquet)");
    static char bytes[1 << 20];
    FILE *f = fopen(engine_path("whole.parquet"), "rb");
    size_t n = fread(bytes, 1, sizeof bytes, f);
    (void)fclose(f);
    assert_true(n > 1000 && n < sizeof bytes);
    engine_write_file("cut.parquet", bytes, n / 2);
    assert_refused(engine_path("cut.parquet"), UP_E_SOURCE, "cut.parquet");
    engine_write_file("tiny.parquet", bytes, 3);
    assert_refused(engine_path("tiny.parquet"), UP_E_SOURCE, "tiny.parquet");
    for (size_t i = 200; i < 20000; i += 3) {
        bytes[i] = (char)(bytes[i] ^ 0x5A);
    }
    engine_write_file("torn.parquet", bytes, n);
    assert_refused(engine_path("torn.parquet"), UP_E_SOURCE, "torn.parquet");
    engine_write_text("not.parquet", "hello, world: this is no Parquet file at all");
    assert_refused(engine_path("not.parquet"), UP_E_SOURCE, "not.parquet");
    engine_write_text("not.duckdb", "hello, world: this is no database");
    assert_refused(engine_path("not.duckdb"), UP_E_SOURCE, "not.duckdb");
    engine_write_text("bad.jsonl", "{\"a\": 1}\n{\"a\": \n{\"a\": 3}\n");
    assert_refused(engine_path("bad.jsonl"), UP_E_SOURCE, "bad.jsonl");
    engine_write_text("bad.csv.gz", "this is not gzip");
    assert_refused(engine_path("bad.csv.gz"), UP_E_SOURCE, "bad.csv.gz");
}

/* What DuckDB would read without a word, under other names or as one column. */
static void
test_headers(void **state)
{
    (void)state;
    engine_write_text("twice.csv", "arm,y,y\na,1,2\nb,3,4\n");
    assert_refused(engine_path("twice.csv"), UP_E_SOURCE, "columns 2 and 3");
    engine_write_text("case.csv", "arm,\"Y\",y\na,1,2\nb,3,4\n");
    assert_refused(engine_path("case.csv"), UP_E_SOURCE, "'Y' and 'y'");
    engine_write_text("case.tsv", "arm\ty\tY\na\t1\t2\nb\t3\t4\n");
    assert_refused(engine_path("case.tsv"), UP_E_SOURCE, "'y' and 'Y'");
    engine_write_text("case.jsonl", "{\"Y\": 1, \"y\": 2}\n{\"Y\": 3, \"y\": 4}\n");
    assert_refused(engine_path("case.jsonl"), UP_E_SOURCE, "'Y' and 'y'");
    /* a name of that form may well be the file's own */
    engine_write_text("own.csv", "y,y_1\n1,2\n");
    assert_reads(engine_path("own.csv"), "1|2\n");
    engine_write_text("more.csv", "arm,y\na,1\nb,2\na,3\nb,4,5\na,6\n");
    assert_refused(engine_path("more.csv"), UP_E_SOURCE, "line 5: 3 values");
    engine_write_text("fewer.csv", "arm;y\na;1\nb;2\na\nb;4\n");
    assert_refused(engine_path("fewer.csv"), UP_E_SOURCE, "line 4: 1 values");
    engine_write_text("cut.csv", "arm,y,x\na,1,2\nb,2,3\na,3");
    assert_refused(engine_path("cut.csv"), UP_E_SOURCE, "line 4: 2 values");
    assert_refused(engine_path("cut.csv"), UP_E_SOURCE, "cut short");
    engine_write_text("more.tsv", "arm\ty\na\t1\nb\t2\t3\na\t4\n");
    assert_refused(engine_path("more.tsv"), UP_E_SOURCE, "line 3: 3 values");
    engine_write_text("comma.csv", "\"a,b\"\n1\n2\n");
    assert_reads(engine_path("comma.csv"), "1\n2\n");
}

static void
test_hostile_names(void **state)
{
    (void)state;
    static const char *const files[] = {"it's.csv", "'; DROP TABLE x; --.csv",
        "a\"b.csv", "star*[1]?.csv", "back\\slash.csv", "новый 表.csv",
        "$(x) {a,b}.csv", "a::b.csv"};
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        engine_write_text(files[i], "a,b\n1,2\n");
        assert_reads(engine_path(files[i]), "1|2\n");
    }
    engine_write_text("names.csv", "\"'; DROP TABLE x; --\",\"a\"\"b\",новый,up row "
                                   "0,file_row_number,\"two\nlines\"\n"
                                   "1,2,3,4,5,6\n");
    assert_reads(engine_path("names.csv"), "1|2|3|4|5|6\n");
    engine_sql("COPY (SELECT 1 AS \"'; DROP TABLE x; --\", 2 AS \"a\"\"b\", 3 AS \"up "
               "row 0\", "
               "4 AS file_row_number) TO '@/names.parquet' (FORMAT parquet)");
    assert_reads(engine_path("names.parquet"), "1|2|3|4\n");
    engine_sql("COPY (SELECT 1 AS \"up row 0\", 2 AS \"UP ROW 1\") TO '@/rows.parquet' "
               "(FORMAT parquet)");
    assert_reads(engine_path("rows.parquet"), "1|2\n");
    engine_sql("ATTACH '@/names.duckdb' AS f; "
               "CREATE TABLE f.\"a::b.c; --\" AS SELECT 1 AS rowid, 2 AS y");
    assert_reads(engine_path("names.duckdb"), "1|2\n");
    assert_reads(engine_path("names.duckdb::a::b.c; --"), "1|2\n");
}

static void
test_tables(void **state)
{
    (void)state;
    engine_sql("ATTACH '@/main.duckdb' AS f; CREATE TABLE f.one AS SELECT 1 AS x; "
               "CREATE SCHEMA f.s; CREATE TABLE f.s.two AS SELECT 2 AS x; "
               "CREATE TABLE f.s.one AS SELECT 3 AS x");
    assert_reads(engine_path("main.duckdb::one"), "1\n");
    assert_reads(engine_path("main.duckdb::s.one"), "3\n");
    assert_reads(engine_path("main.duckdb::two"), "2\n");
    assert_refused(engine_path("main.duckdb"), UP_E_SOURCE, "has 3 tables");
    assert_refused(
        engine_path("main.duckdb::three"), UP_E_SOURCE, "has no table three");
    engine_sql("ATTACH '@/none.duckdb' AS f");
    assert_refused(engine_path("none.duckdb"), UP_E_SOURCE, "has no tables");
    engine_write_text("t.csv", "a\n1\n");
    assert_refused(engine_path("t.csv::a"), UP_E_SOURCE, "is not a DuckDB database");
}

/* Missing values, text that looks like them, wide integers, refused types. */
static void
test_values(void **state)
{
    (void)state;
    engine_write_text("na.csv", "a,b,c\n1,NA,x\n2,2.5,\"NA\"\n,,\n4,NULL,\"\"\n");
    assert_reads(
        engine_path("na.csv"), "1|NULL|x\n2|2.5|NA\nNULL|NULL|NULL\n4|NULL|\n");
    engine_write_text("crlf.csv", "\xef\xbb\xbf"
                                  "a;b\r\n1;x y\r\n2;\"p;q\"\r\n");
    assert_reads(engine_path("crlf.csv"), "1|x y\n2|p;q\n");
    engine_sql(
        "COPY (SELECT 18446744073709551615::UBIGINT AS big, 7::UBIGINT AS small, "
        "7::HUGEINT AS huge, '-170141183460469231731687303715884105727'::HUGEINT AS "
        "far, "
        "1.25::DECIMAL(9,2) AS dec, 'b'::ENUM('a','b') AS e, "
        "TIMESTAMPTZ '2026-01-31 12:00:00+02' AS tz, "
        "TIMESTAMP_NS '2026-01-31 10:00:00.123456789' AS ns, "
        "TIMESTAMP_S '2026-01-31 10:00:00' AS sec) TO '@/wide.parquet' (FORMAT "
        "parquet)");
    engine_sql("ATTACH '@/wide.duckdb' AS f; CREATE TABLE f.t AS "
               "SELECT 18446744073709551615::UBIGINT AS big, 7::UBIGINT AS small, "
               "7::HUGEINT AS huge, "
               "'-170141183460469231731687303715884105727'::HUGEINT AS far, "
               "1.25::DECIMAL(9,2) AS dec, 'b'::ENUM('a','b') AS e, "
               "TIMESTAMPTZ '2026-01-31 12:00:00+02' AS tz, "
               "TIMESTAMP_NS '2026-01-31 10:00:00.123456789' AS ns, "
               "TIMESTAMP_S '2026-01-31 10:00:00' AS sec");
    assert_reads(engine_path("wide.duckdb"),
        "18446744073709551615|7|7|-170141183460469231731687303715884105727|1.25|b|"
        "2026-01-31 10:00:00|2026-01-31 10:00:00.123456|2026-01-31 10:00:00\n");
    up_error err = UP_ERROR_INIT;
    up_source *s = NULL;
    assert_ok(up_source_open(engine_path("wide.duckdb"), NULL, &s, &err), &err);
    static const upi_type types[] = {UPI_STR, UPI_I64, UPI_I64, UPI_STR, UPI_F64,
        UPI_STR, UPI_TIME, UPI_TIME, UPI_TIME};
    for (int64_t i = 0; i < 9; i++) {
        assert_int_equal(s->fields[i].type, types[i]);
    }
    up_source_free(s);
    s = NULL;
    engine_sql("COPY (SELECT [1, 2] AS l, {'a': 1} AS st, 'x'::BLOB AS bl, TIME "
               "'10:00' AS ti, "
               "5 AS n) TO '@/odd.parquet' (FORMAT parquet)");
    assert_ok(up_source_open(engine_path("odd.parquet"), NULL, &s, &err), &err);
    static const char *const odd[] = {"l", "st", "bl", "ti"};
    for (int64_t i = 0; i < 4; i++) {
        engine_rows rows = {.fail_at = -1};
        err = (up_error)UP_ERROR_INIT;
        assert_true(s->fields[i].refused);
        assert_fails(
            engine_scan(s, &odd[i], 1, NULL, NULL, NULL, &rows, &err), UP_E_TYPE, &err);
        assert_string_equal(err.field, odd[i]);
        engine_rows_free(&rows);
    }
    up_source_free(s);
}

static void
test_many_columns(void **state)
{
    (void)state;
    enum { COLUMNS = 10000 };
    upi_text text = {0};
    for (int line = 0; line < 3; line++) {
        for (int i = 0; i < COLUMNS; i++) {
            upi_text_addf(&text, line == 0 ? "%sc%d" : "%s%d", i > 0 ? "," : "", i);
        }
        upi_text_add_char(&text, '\n');
    }
    engine_write_file("wide.csv", text.s, (size_t)text.length);
    upi_text_free(&text);
    up_error err = UP_ERROR_INIT;
    up_source *s = NULL;
    engine_rows rows = {.fail_at = -1};
    assert_ok(up_source_open(engine_path("wide.csv"), NULL, &s, &err), &err);
    assert_int_equal(s->n_fields, COLUMNS);
    static const char *const some[] = {"c9999", "c0"};
    assert_ok(engine_scan(s, some, 2, NULL, "c5000 = 5000", NULL, &rows, &err), &err);
    char *got = engine_rows_text(&rows);
    assert_string_equal(got, "9999|0\n9999|0\n");
    upi_free(got);
    engine_rows_free(&rows);
    up_source_free(s);
}

/* Standard input is copied first, because a pipe can be read only once. */
static void
test_standard_input(void **state)
{
    (void)state;
    engine_write_text("in.csv", "a,b\n1,x\n2,y\n");
    int saved = dup(STDIN_FILENO);
    int fd = open(engine_path("in.csv"), O_RDONLY);
    assert_true(saved >= 0 && fd >= 0 && dup2(fd, STDIN_FILENO) == STDIN_FILENO);
    (void)close(fd);
    up_error err = UP_ERROR_INIT;
    up_source *s = NULL;
    assert_ok(up_source_open("-", NULL, &s, &err), &err);
    for (int pass = 0; pass < 2; pass++) {
        engine_rows rows = {.fail_at = -1};
        assert_ok(engine_scan(s, NULL, 0, NULL, NULL, NULL, &rows, &err), &err);
        char *text = engine_rows_text(&rows);
        assert_string_equal(text, "1|x\n2|y\n");
        upi_free(text);
        engine_rows_free(&rows);
    }
    up_source_free(s);
    s = NULL;
    /* What follows the end of the file is nothing. */
    assert_fails(up_source_open("-", NULL, &s, &err), UP_E_SOURCE, &err);
    assert_string_equal(err.message, "standard input is empty");
    assert_true(dup2(saved, STDIN_FILENO) == STDIN_FILENO);
    (void)close(saved);
}

static void
test_fingerprint(void **state)
{
    (void)state;
    up_error err = UP_ERROR_INIT;
    uint64_t prints[3];
    for (int i = 0; i < 3; i++) {
        up_source *s = NULL;
        engine_write_text("print.csv", i < 2 ? "a\n1\n" : "a\n12\n");
        struct timespec times[2] = {{1000000000, 0}, {1000000000, 0}};
        assert_int_equal(utimensat(AT_FDCWD, engine_path("print.csv"), times, 0), 0);
        assert_ok(up_source_open(engine_path("print.csv"), NULL, &s, &err), &err);
        prints[i] = s->fingerprint;
        up_source_free(s);
    }
    assert_true(prints[0] != 0 && prints[0] == prints[1] && prints[0] != prints[2]);
}

/* SQL in, Arrow out; bad SQL is an error and not a crash. */
static void
test_query(void **state)
{
    (void)state;
    engine_write_text("q.csv", "a\n1\n2\n");
    up_error err = UP_ERROR_INIT;
    up_source *s = NULL;
    up_source *copy = NULL;
    struct ArrowArrayStream stream;
    assert_ok(up_source_open(engine_path("q.csv"), NULL, &s, &err), &err);
    assert_fails(s->ops->query(s, "SELEC 1", &stream, &err), UP_E_SOURCE, &err);
    err = (up_error)UP_ERROR_INIT;
    assert_ok(s->ops->query(s, "SELECT i AS n, 'x' || i AS t FROM range(5000) r(i)",
                  &stream, &err),
        &err);
    assert_ok(up_source_from_arrow(&stream, &copy, &err), &err);
    assert_null(stream.release);
    up_source_free(s);
    assert_int_equal(copy->n_rows, 5000);
    engine_rows rows = {.fail_at = -1};
    assert_ok(engine_scan(copy, NULL, 0, NULL, "n >= 4998", NULL, &rows, &err), &err);
    char *text = engine_rows_text(&rows);
    assert_string_equal(text, "4998|x4998\n4999|x4999\n");
    upi_free(text);
    engine_rows_free(&rows);
    up_source_free(copy);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_no_such_file),
        cmocka_unit_test(test_empty),
        cmocka_unit_test(test_bad_lines),
        cmocka_unit_test(test_endless_line),
        cmocka_unit_test(test_damaged),
        cmocka_unit_test(test_headers),
        cmocka_unit_test(test_hostile_names),
        cmocka_unit_test(test_tables),
        cmocka_unit_test(test_values),
        cmocka_unit_test(test_many_columns),
        cmocka_unit_test(test_standard_input),
        cmocka_unit_test(test_fingerprint),
        cmocka_unit_test(test_query),
    };
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    engine_clean();
    return failed;
}
