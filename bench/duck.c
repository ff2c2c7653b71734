/* The floor and the neighbour: a bare scan of columns, and a GROUP BY, by DuckDB itself.
 * usage: duck scan|group FILE THREADS KEYS METRICS  (column lists joined by commas)
 *        duck make FILE ROWS                        (writes the rows of the benchmark)
 *        duck csv FILE CSV                          (the same rows for a peer that reads CSV)
 * scan reads every named column and keeps only one number of each; group computes count,
 * sums and cross products of the metrics by the keys, as SQL would have to. */
#include <duckdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MAX = 64, TEXT = 65536 };

static int
split(char *list, char *names[MAX])
{
    int n = 0;
    for (char *p = strtok(list, ","); p != NULL && n < MAX; p = strtok(NULL, ",")) {
        names[n++] = p;
    }
    return n;
}

static void
put(char *sql, const char *format, const char *a, const char *b)
{
    size_t used = strlen(sql);
    (void)snprintf(sql + used, TEXT - used, format, a, b);
}

static int
run(const char *sql, const char *threads)
{
    duckdb_config config;
    duckdb_database database;
    duckdb_connection connection;
    duckdb_result result;
    if (duckdb_create_config(&config) == DuckDBError ||
        duckdb_set_config(config, "threads", threads) == DuckDBError ||
        duckdb_open_ext(NULL, &database, config, NULL) == DuckDBError ||
        duckdb_connect(database, &connection) == DuckDBError) {
        (void)fprintf(stderr, "duck: cannot open a database\n");
        return 1;
    }
    if (duckdb_query(connection, sql, &result) == DuckDBError) {
        (void)fprintf(stderr, "duck: %s\n", duckdb_result_error(&result));
        return 1;
    }
    (void)printf("%lld records\n", (long long)duckdb_row_count(&result));
    duckdb_destroy_result(&result);
    duckdb_disconnect(&connection);
    duckdb_close(&database);
    duckdb_destroy_config(&config);
    return 0;
}

/* Ten rows to a user, and a million users at most; the three discrete covariates, of ten
 * levels each, are the user's own, and so is the arm. Five metrics, ten continuous covariates. */
static void
make_sql(char *sql, const char *path, const char *rows)
{
    put(sql,
        "COPY (SELECT uid, CASE WHEN hash(hash(uid) + 7919 * 1) %% 2 = 0 THEN "
        "'control' ELSE 'b' END "
        "AS arm,"
        " (hash(hash(uid) + 7919 * 2) %% 10)::INTEGER AS k1, (hash(hash(uid) + 7919 * "
        "3) %% 10)::INTEGER AS k2,"
        " (hash(hash(uid) + 7919 * 4) %% 10)::INTEGER AS k3%s%s",
        "", "");
    for (int i = 1; i <= 10; i++) {
        char column[128];
        (void)snprintf(column, sizeof column,
            ", round((hash(hash(i) + 104729 * %d) %% 1000003) / 1000003.0 + "
            "(hash(hash(i) + 104729 * %d) %% 1000003) / "
            "1000003.0, 4)"
            " AS x%d",
            2 * i + 10, 2 * i + 11, i);
        put(sql, "%s%s", column, "");
    }
    for (int i = 1; i <= 5; i++) {
        char column[256];
        (void)snprintf(column, sizeof column,
            ", round(100 + (hash(hash(uid) + 7919 * 1) %% 2) * 0.%d + (hash(hash(uid) "
            "+ 7919 * 2) %% 10) * 0.1"
            " + (hash(hash(uid) + 7919 * %d) %% 1009) / 1009.0 + 5 * (hash(hash(i) + "
            "104729 * %d) %% 1000003) / "
            "1000003.0, 4)"
            " AS y%d",
            i, 40 + i, 50 + i, i);
        put(sql, "%s%s", column, "");
    }
    put(sql,
        " FROM (SELECT i, (hash(hash(i) + 104729 * 0) %% least(1000000, %s // "
        "10))::BIGINT AS uid"
        " FROM range(%s) t(i))) ",
        rows, rows);
    put(sql, "TO '%s' (FORMAT parquet, COMPRESSION zstd)%s", path, "");
}

int
main(int argc, char **argv)
{
    static char sql[TEXT];
    char *keys[MAX], *metrics[MAX];
    if (argc == 4 && strcmp(argv[1], "make") == 0) {
        make_sql(sql, argv[2], argv[3]);
        return run(sql, "2");
    }
    if (argc == 4 && strcmp(argv[1], "csv") == 0) {
        put(sql,
            "COPY (SELECT arm, k1, k2, k3, y1, y2, y3, y4, y5 FROM read_parquet('%s')) "
            "TO '%s'",
            argv[2], argv[3]);
        return run(sql, "2");
    }
    if (argc != 6) {
        (void)fprintf(stderr, "usage: duck scan|group FILE THREADS KEYS METRICS\n"
                              "       duck make FILE ROWS\n");
        return 2;
    }
    int group = strcmp(argv[1], "group") == 0;
    int n_keys = split(argv[4], keys);
    int n_metrics = split(argv[5], metrics);
    put(sql, "SELECT count(*)%s%s", "", "");
    for (int i = 0; i < n_keys; i++) {
        put(sql, group ? ", \"%s\"%s" : ", max(\"%s\")%s", keys[i], "");
    }
    for (int i = 0; i < n_metrics; i++) {
        put(sql, group ? ", sum(\"%s\")%s" : ", max(\"%s\")%s", metrics[i], "");
        for (int j = 0; group && j <= i; j++) {
            put(sql, ", sum(\"%s\" * \"%s\")", metrics[i], metrics[j]);
        }
    }
    put(sql, " FROM read_parquet('%s')%s", argv[2], "");
    for (int i = 0; group && i < n_keys; i++) {
        put(sql, "%s\"%s\"", i == 0 ? " GROUP BY " : ", ", keys[i]);
    }
    return run(sql, argv[3]);
}
