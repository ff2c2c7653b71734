/* Rows lent under a name: opened like a file, closed without the owner, several at once. */
#include "engine/source.h"
#include "engine_support.h"

#include <string.h>

static const double x[] = {1, 2, 3, 4};
static const char *const s[] = {"a", "b", NULL, "a"};

static up_source *
made(void)
{
    up_error err = UP_ERROR_INIT;
    up_source *source = NULL;
    const up_column columns[] = {{.name = "x", .f64 = x}, {.name = "s", .text = s}};
    assert_ok(up_source_from_columns_borrow(columns, 2, 4, &source, &err), &err);
    return source;
}

static void
test_rows(void **state)
{
    (void)state;
    up_error err = UP_ERROR_INIT;
    up_source *owner = made(), *one = NULL, *two = NULL;
    const up_named_source named[] = {{"@other", owner, NULL}, {"@frame", owner, NULL}};
    const up_run *run = UP_RUN(.sources = named, .n_sources = 2);
    assert_ok(up_source_open("@frame", run, &one, &err), &err);
    assert_ok(up_source_open("@other", run, &two, &err), &err);
    assert_int_equal(one->n_rows, 4);
    assert_string_equal(one->name, "@frame");
    for (int again = 0; again < 2; again++) {
        engine_rows rows = {.fail_at = -1};
        assert_ok(engine_scan(one, NULL, 0, NULL, "x > 1", run, &rows, &err), &err);
        char *text = engine_rows_text(&rows);
        assert_string_equal(text, "2|b\n3|NULL\n4|a\n");
        upi_free(text);
        engine_rows_free(&rows);
    }
    up_source_free(one);
    int64_t index = -1;
    assert_fails(upi_source_require(two, "z", &index, &err), UP_E_COLUMN, &err);
    assert_non_null(strstr(err.message, "@other"));
    up_source_free(two);
    up_source_free(owner);
    assert_int_equal(upi_mem_live(), 0);
}

/* A name of the list comes before a file; other names are files as ever. */
static void
test_names(void **state)
{
    (void)state;
    up_error err = UP_ERROR_INIT;
    up_source *owner = made(), *out = NULL;
    engine_write_text("t.csv", "y\n1\n2\n");
    const char *path = engine_path("t.csv");
    const up_named_source named = {path, owner, NULL};
    assert_ok(
        up_source_open(path, UP_RUN(.sources = &named, .n_sources = 1), &out, &err),
        &err);
    assert_string_equal(out->fields[0].name, "x");
    up_source_free(out);
    const up_named_source other = {"@frame", owner, NULL};
    assert_ok(
        up_source_open(path, UP_RUN(.sources = &other, .n_sources = 1), &out, &err),
        &err);
    assert_string_equal(out->fields[0].name, "y");
    up_source_free(out);
    const up_named_source file = {"@file", NULL, path};
    assert_ok(
        up_source_open("@file", UP_RUN(.sources = &file, .n_sources = 1), &out, &err),
        &err);
    assert_string_equal(out->fields[0].name, "y");
    up_source_free(out);
    out = NULL;
    assert_fails(up_source_open("@frame", NULL, &out, &err), UP_E_SOURCE, &err);
    assert_null(out);
    up_source_free(owner);
    engine_clean();
    assert_int_equal(upi_mem_live(), 0);
}

static void
refuse(const up_named_source *named, int64_t n)
{
    up_error err = UP_ERROR_INIT;
    up_source *out = NULL;
    assert_fails(
        up_source_open("@frame", UP_RUN(.sources = named, .n_sources = n), &out, &err),
        UP_E_ARGUMENT, &err);
    assert_string_equal(err.field, "sources");
    assert_null(out);
}

static void
test_refusals(void **state)
{
    (void)state;
    up_source *owner = made();
    const up_named_source nameless = {NULL, owner, NULL},
                          empty = {"@frame", NULL, NULL},
                          both = {"@frame", owner, "x.csv"};
    refuse(&nameless, 1);
    refuse(&empty, 1);
    refuse(&both, 1);
    refuse(NULL, 1);
    refuse(&empty, -1);
    /* A caller of an older version, whose struct ends before. */
    up_run old = {.struct_size = offsetof(up_run, sources), .n_sources = 7};
    up_run read;
    assert_ok(upi_run_read(&read, &old, NULL), NULL);
    assert_int_equal(read.n_sources, 0);
    up_source_free(owner);
    assert_int_equal(upi_mem_live(), 0);
}

static up_status
open_it(void *ctx, up_error *err)
{
    const up_named_source named = {"@frame", ctx, NULL};
    up_source *out = NULL;
    up_status status =
        up_source_open("@frame", UP_RUN(.sources = &named, .n_sources = 1), &out, err);
    up_source_free(out);
    return status;
}

static void
test_memory(void **state)
{
    (void)state;
    up_source *owner = made();
    up_sweep_memory(open_it, owner);
    up_source_free(owner);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rows),
        cmocka_unit_test(test_names),
        cmocka_unit_test(test_refusals),
        cmocka_unit_test(test_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
