/* Finding the engine's library: what is missing, old or incomplete is said so, and a failed
 * attempt can be repeated. */
#include "engine/duckdb_load.h"
#include "engine_support.h"
#include "up_config.h"

#include <stdlib.h>
#include <string.h>

static void
assert_refused(const char *path, const char *word)
{
    up_error err = UP_ERROR_INIT;
    const upi_duck *api = NULL;
    assert_int_equal(setenv("UPSHOT_DUCKDB", path, 1), 0);
    assert_fails(upi_duck_load(&api, &err), UP_E_ENGINE, &err);
    assert_null(api);
    if (strstr(err.message, word) == NULL) {
        fail_msg("'%s' does not say '%s'", err.message, word);
    }
}

static void
test_load(void **state)
{
    (void)state;
    const char *set = getenv("UPSHOT_DUCKDB");
    char *good = strdup(set != NULL ? set : UP_DUCKDB_DEFAULT);
    assert_non_null(good);
    assert_refused("/nonexistent/libduckdb.so", "cannot be loaded");
    assert_refused("/etc/passwd", "cannot be loaded");
    assert_refused(FAKE_OLD, "v1.3.2, which is not supported");
    assert_refused(FAKE_INCOMPLETE, "has no function duckdb_");
    /* A source without the library: a clear failure; columns in memory still work. */
    up_error err = UP_ERROR_INIT;
    up_source *s = NULL;
    engine_write_text("x.csv", "a\n1\n");
    assert_fails(
        up_source_open(engine_path("x.csv"), NULL, &s, &err), UP_E_ENGINE, &err);
    static const double x[] = {1};
    const up_column column = {.name = "x", .f64 = x};
    err = (up_error)UP_ERROR_INIT;
    assert_ok(up_source_from_columns_borrow(&column, 1, 1, &s, &err), &err);
    up_source_free(s);
    const upi_duck *api = NULL;
    assert_int_equal(setenv("UPSHOT_DUCKDB", good, 1), 0);
    assert_ok(upi_duck_load(&api, &err), &err);
    assert_int_equal(api->vector_size(), 2048);
    /* Once it is loaded, the variable is not looked at again. */
    const upi_duck *again = NULL;
    assert_int_equal(setenv("UPSHOT_DUCKDB", "/nonexistent", 1), 0);
    assert_ok(upi_duck_load(&again, &err), &err);
    assert_ptr_equal(api, again);
    free(good);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_load)};
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    engine_clean();
    return failed;
}
