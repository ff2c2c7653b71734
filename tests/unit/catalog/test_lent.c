/* Verbs over rows that the caller lends: the same answers as from a file, in every place where
 * a verb opens rows. */
#include "up_test.h"

#include <upshot/catalog.h>
#include <upshot/source.h>

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ROWS = 400 };

typedef struct table {
    double y[ROWS];
    int64_t week[ROWS];
    const char *arm[ROWS], *device[ROWS];
    up_source *source;
    up_named_source named;
    char directory[32], path[64];
} table;

/* The same rows in memory and in a CSV file. */
static void
make(table *t)
{
    up_error err = UP_ERROR_INIT;
    (void)snprintf(t->directory, sizeof t->directory, "/tmp/upshot-lent-XXXXXX");
    assert_non_null(mkdtemp(t->directory));
    (void)snprintf(t->path, sizeof t->path, "%s/t.csv", t->directory);
    FILE *f = fopen(t->path, "w");
    assert_non_null(f);
    (void)fprintf(f, "arm,device,week,y\n");
    for (int i = 0; i < ROWS; i++) {
        t->arm[i] = i % 2 != 0 ? "b" : "a";
        t->device[i] = i % 3 != 0 ? "phone" : "desktop";
        t->week[i] = i / 100;
        t->y[i] = (double)((i * 37) % 101) + (i % 2 != 0 ? 3.25 : 0.5);
        (void)fprintf(f, "%s,%s,%d,%.17g\n", t->arm[i], t->device[i], i / 100, t->y[i]);
    }
    assert_int_equal(fclose(f), 0);
    const up_column columns[] = {{.name = "arm", .text = t->arm},
        {.name = "device", .text = t->device}, {.name = "week", .i64 = t->week},
        {.name = "y", .f64 = t->y}};
    assert_ok(up_source_from_columns_borrow(columns, 4, ROWS, &t->source, &err), &err);
    t->named = (up_named_source){"@frame", t->source, NULL};
}

static void
clear(table *t)
{
    up_source_free(t->source);
    (void)remove(t->path);
    (void)remove(t->directory);
    assert_int_equal(upi_mem_live(), 0);
}

/* The CSV rows of an answer; the caller frees. */
static char *
ask(const table *t, const char *verb, const up_argument *a, int64_t n)
{
    up_error err = UP_ERROR_INIT;
    up_result *r = NULL;
    assert_ok(
        up_call(verb, a, n, UP_RUN(.sources = &t->named, .n_sources = 1), &r, &err),
        &err);
    const char *csv = up_result_csv(r);
    assert_non_null(csv);
    char *copy = NULL;
    assert_ok(upi_strdup_to(&copy, csv, &err), &err);
    up_result_free(r);
    return copy;
}

static void
same(const table *t, const char *verb, up_argument *a, int64_t n, const char *name)
{
    a[0].value = t->path;
    for (int64_t i = 1; i < n; i++) {
        a[i].value = strcmp(a[i].name, name) == 0 ? t->path : a[i].value;
    }
    char *file = ask(t, verb, a, n);
    a[0].value = "@frame";
    for (int64_t i = 1; i < n; i++) {
        a[i].value = strcmp(a[i].name, name) == 0 ? "@frame" : a[i].value;
    }
    char *memory = ask(t, verb, a, n);
    assert_string_equal(memory, file);
    upi_free(file);
    upi_free(memory);
}

static void
test_verbs(void **state)
{
    (void)state;
    table t;
    make(&t);
    up_argument effect[] = {{"source", ""}, {"itt", "arm"}, {"metric", "y"},
        {"covariates", "device"}, {"where", "device == 'desktop'"}};
    same(&t, "effect", effect, 5, "");
    same(&t, "rank", effect, 5, "");
    same(&t, "check", effect, 4, "");
    same(&t, "describe", effect, 1, "");
    up_argument monitor[] = {{"source", ""}, {"itt", "arm"}, {"metric", "y"},
        {"looks-by", "week"}, {"planned", "400"}};
    same(&t, "monitor", monitor, 5, "");
    up_argument power[] = {
        {"source", ""}, {"metric", "y"}, {"effect", "2"}, {"itt", "arm"}};
    same(&t, "power", power, 4, "");
    up_argument project[] = {{"source", ""}, {"itt", "arm"}, {"metric", "y"},
        {"covariates", "device"}, {"target", ""}};
    same(&t, "project", project, 5, "target");
    clear(&t);
}

/* The answer names the rows as the caller does; without the caller there is no such name. */
static void
test_names(void **state)
{
    (void)state;
    table t;
    make(&t);
    up_error err = UP_ERROR_INIT;
    up_result *r = NULL;
    const up_argument a[] = {{"source", "@frame"}, {"itt", "arm"}, {"metric", "y"}};
    assert_ok(
        up_call("effect", a, 3, UP_RUN(.sources = &t.named, .n_sources = 1), &r, &err),
        &err);
    const char *json = up_result_json(r, 0);
    assert_non_null(strstr(json, "\"input\":{\"source\":\"@frame\",\"kind\":\"rows\""));
    up_result_free(r);
    r = NULL;
    assert_fails(up_call("effect", a, 3, NULL, &r, &err), UP_E_SOURCE, &err);
    assert_null(r);
    clear(&t);
}

typedef struct asker {
    const table *t;
    char *csv;
} asker;

static void *
ask_again_and_again(void *ctx)
{
    asker *a = ctx;
    const up_argument effect[] = {{"source", "@frame"}, {"itt", "arm"}, {"metric", "y"},
        {"covariates", "device"}, {"where", "device == 'desktop'"}};
    for (int i = 0; i < 5; i++) {
        up_result *r = NULL;
        if (up_call("effect", effect, 5,
                UP_RUN(.sources = &a->t->named, .n_sources = 1, .threads = 2), &r,
                NULL) == UP_OK &&
            a->csv == NULL) {
            (void)upi_strdup_to(&a->csv, up_result_csv(r), NULL);
        }
        up_result_free(r);
    }
    return NULL;
}

/* One table, several calls at the same time. */
static void
test_threads(void **state)
{
    (void)state;
    table t;
    make(&t);
    asker askers[3] = {{&t, NULL}, {&t, NULL}, {&t, NULL}};
    pthread_t threads[3];
    for (int i = 0; i < 3; i++) {
        assert_int_equal(
            pthread_create(&threads[i], NULL, ask_again_and_again, &askers[i]), 0);
    }
    for (int i = 0; i < 3; i++) {
        assert_int_equal(pthread_join(threads[i], NULL), 0);
    }
    for (int i = 0; i < 3; i++) {
        assert_non_null(askers[i].csv);
        assert_string_equal(askers[i].csv, askers[0].csv);
    }
    for (int i = 0; i < 3; i++) {
        upi_free(askers[i].csv);
    }
    clear(&t);
}

/* A file under a name, rows or capsule: answers tell the name and never the path. */
static void
test_paths(void **state)
{
    (void)state;
    table t;
    make(&t);
    up_error err = UP_ERROR_INIT;
    up_result *r = NULL;
    char capsule[80];
    (void)snprintf(capsule, sizeof capsule, "%s/fit.parquet", t.directory);
    const up_argument fit[] = {{"source", "@rows"}, {"itt", "arm"}, {"metric", "y"},
        {"covariates", "device"}, {"save", capsule}};
    const up_named_source named[] = {
        {"@rows", NULL, t.path}, {"@fit", NULL, capsule}, {"@frame", t.source, NULL}};
    const up_run *run = UP_RUN(.sources = named, .n_sources = 3);
    assert_ok(up_call("fit", fit, 5, run, &r, &err), &err);
    assert_non_null(strstr(up_result_json(r, 0), "\"source\":\"@rows\""));
    up_result_free(r);
    static const char *const verbs[] = {"effect", "rank", "check", "project"};
    for (size_t i = 0; i < sizeof verbs / sizeof verbs[0]; i++) {
        const up_argument a[] = {{"source", "@fit"}, {"target", "@fit"}};
        assert_ok(up_call(verbs[i], a, i == 3 ? 2 : 1, run, &r, &err), &err);
        const char *json = up_result_json(r, 1);
        assert_non_null(strstr(json, "\"source\":\"@fit\",\"kind\":\"capsule\""));
        assert_null(strstr(json, t.directory));
        up_result_free(r);
    }
    const up_argument looks[] = {{"source", "@fit"}, {"planned", "800"}};
    assert_ok(up_call("monitor", looks, 2, run, &r, &err), &err);
    up_result_free(r);
    (void)remove(capsule);
    clear(&t);
}

/* An older caller's struct ends before the sources, and is not read beyond its end. */
static void
test_old_caller(void **state)
{
    (void)state;
    up_error err = UP_ERROR_INIT;
    up_result *r = NULL;
    size_t size = offsetof(up_run, sources);
    void *old = calloc(1, size);
    assert_non_null(old);
    memcpy(old, &size, sizeof size);
    const up_argument a[] = {{"topic", "designs"}};
    assert_ok(up_call("guide", a, 1, old, &r, &err), &err);
    up_result_free(r);
    free(old);
}

static up_status
call(void *ctx, up_error *err)
{
    const table *t = ctx;
    up_result *r = NULL;
    const up_argument a[] = {{"source", "@frame"}, {"itt", "arm"}, {"metric", "y"}};
    up_status status = up_call("effect", a, 3,
        UP_RUN(.sources = &t->named, .n_sources = 1, .threads = 1), &r, err);
    up_result_free(r);
    return status;
}

static void
test_memory(void **state)
{
    (void)state;
    table t;
    make(&t);
    up_sweep_memory(call, &t);
    clear(&t);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_verbs),
        cmocka_unit_test(test_names),
        cmocka_unit_test(test_threads),
        cmocka_unit_test(test_paths),
        cmocka_unit_test(test_old_caller),
        cmocka_unit_test(test_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
