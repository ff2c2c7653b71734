/* Watching a long call: the callbacks stay on the calling thread, and failures come through. */
#include "engine/scan.h"
#include "engine_support.h"

#include <pthread.h>
#include <stdatomic.h>
#include <time.h>

typedef struct job {
    atomic_bool stopped;
    int64_t pauses; /* of 5 ms before the work is done */
    up_status status;
    pthread_t caller;
    bool elsewhere, on_helper;
    int asked, shown, stop_after;
    double last;
} job;

static up_status
work(void *ctx, up_error *err)
{
    job *j = ctx;
    j->on_helper = !pthread_equal(pthread_self(), j->caller);
    for (int64_t i = 0; i < j->pauses && !atomic_load(&j->stopped); i++) {
        struct timespec pause = {0, 5000000};
        (void)nanosleep(&pause, NULL);
    }
    if (atomic_load(&j->stopped)) {
        return upi_fail(err, UP_E_ENGINE, NULL, "interrupted");
    }
    return j->status == UP_OK ? UP_OK
                              : upi_fail(err, j->status, "f", "the work failed");
}

static double
fraction(void *ctx)
{
    (void)ctx;
    return 0.5;
}

static void
stop(void *ctx)
{
    atomic_store(&((job *)ctx)->stopped, true);
}

static int
ask(void *user)
{
    job *j = user;
    j->elsewhere = j->elsewhere || !pthread_equal(pthread_self(), j->caller);
    return j->stop_after >= 0 && j->asked++ >= j->stop_after;
}

static void
show(void *user, double x)
{
    job *j = user;
    j->elsewhere = j->elsewhere || !pthread_equal(pthread_self(), j->caller);
    j->last = x;
    j->shown++;
}

static up_status
watch(job *j, bool observed, up_error *err)
{
    upi_watch w = {work, fraction, stop, j};
    up_run run = {.struct_size = sizeof run, .user = j};
    j->caller = pthread_self();
    if (observed) {
        run.progress = show;
        run.should_stop = ask;
    }
    return upi_watch_run(&w, &run, err);
}

static void
test_watch(void **state)
{
    (void)state;
    up_error err = UP_ERROR_INIT;
    job plain = {.stop_after = -1};
    assert_ok(watch(&plain, false, &err), &err);
    assert_false(plain.on_helper);
    job seen = {.stop_after = -1, .pauses = 30};
    assert_ok(watch(&seen, true, &err), &err);
    assert_true(seen.on_helper && !seen.elsewhere);
    assert_int_equal(seen.shown, 2); /* one half, then all */
    assert_true(seen.last == 1);
    job stopped = {.stop_after = 2, .pauses = 2000};
    assert_fails(watch(&stopped, true, &err), UP_E_STOPPED, &err);
    assert_true(atomic_load(&stopped.stopped));
    err = (up_error)UP_ERROR_INIT;
    job at_once = {.stop_after = 0, .pauses = 2000};
    assert_fails(watch(&at_once, true, &err), UP_E_STOPPED, &err);
    err = (up_error)UP_ERROR_INIT;
    job failing = {.stop_after = -1, .status = UP_E_ARMS};
    assert_fails(watch(&failing, true, &err), UP_E_ARMS, &err);
    assert_string_equal(err.message, "the work failed");
    assert_string_equal(err.field, "f");
    assert_int_equal(watch(&failing, true, NULL), UP_E_ARMS);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_watch)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
