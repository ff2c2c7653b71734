/* Progress and the wish to stop, through memory instead of callbacks of the host. */
#include "base/pool.h"
#include "up_test.h"

#include <time.h>

static up_status
slow_chunk(void *ctx, int64_t chunk, int worker, up_error *err)
{
    (void)worker;
    (void)err;
    up_watch *watch = ctx;
    if (chunk == 20) {
        __atomic_store_n(&watch->stop, 1, __ATOMIC_RELAXED);
    }
    struct timespec pause = {0, 2000000};
    (void)nanosleep(&pause, NULL);
    return UP_OK;
}

static void
test_stops(void **state)
{
    (void)state;
    up_error err = UP_ERROR_INIT;
    up_watch watch = {0};
    const up_run *run = UP_RUN(.user = &watch, .progress = up_watch_progress,
        .should_stop = up_watch_should_stop);
    assert_int_equal(up_watch_should_stop(&watch), 0);
    assert_fails(
        upi_pool_run(2, 1000000, slow_chunk, &watch, run, &err), UP_E_STOPPED, &err);
    assert_true(watch.fraction >= 0 && watch.fraction < 0.01);
}

static up_status
quick_chunk(void *ctx, int64_t chunk, int worker, up_error *err)
{
    (void)ctx;
    (void)chunk;
    (void)worker;
    (void)err;
    return UP_OK;
}

static void
test_progress(void **state)
{
    (void)state;
    up_error err = UP_ERROR_INIT;
    up_watch watch = {.fraction = -1};
    const up_run *run = UP_RUN(.user = &watch, .progress = up_watch_progress,
        .should_stop = up_watch_should_stop);
    assert_ok(upi_pool_run(1, 10, quick_chunk, &watch, run, &err), &err);
    up_watch_progress(&watch, 0.25);
    assert_close(watch.fraction, 0.25, 0, 0);
    watch.stop = -1;
    assert_int_equal(up_watch_should_stop(&watch), 1);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_stops),
        cmocka_unit_test(test_progress),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
