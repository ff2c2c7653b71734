/* The pool: every chunk once, the same answer for any number of threads, the lowest failing
 * chunk reported, callbacks on the calling thread only. */
#include "base/pool.h"
#include "up_test.h"

#include <math.h>
#include <pthread.h>
#include <stdatomic.h>
#include <string.h>

enum { CHUNKS = 500 };

typedef struct job {
    _Atomic int runs[CHUNKS];
    double part[CHUNKS];
    _Atomic int busy[16]; /* per worker: no two chunks at once on one index */
    int workers;
    int64_t fail_from, fail_every;
    _Atomic int64_t started;
} job;

static up_status
task(void *ctx, int64_t chunk, int worker, up_error *err)
{
    job *b = ctx;
    assert_true(worker >= 0 && worker < b->workers);
    assert_int_equal(atomic_fetch_add(&b->busy[worker], 1), 0);
    atomic_fetch_add(&b->runs[chunk], 1);
    atomic_fetch_add(&b->started, 1);
    double sum = 0;
    for (int i = 1; i < 400; i++) {
        sum += sin((double)chunk + 1.0 / i);
    }
    b->part[chunk] = sum;
    atomic_fetch_sub(&b->busy[worker], 1);
    if (b->fail_every > 0 && chunk >= b->fail_from && chunk % b->fail_every == 0) {
        return upi_fail(err, UP_E_COLUMN, "x", "chunk %d", (int)chunk);
    }
    return UP_OK;
}

static const int thread_counts[] = {1, 2, 3, 8};

static void
every_chunk_once_and_the_same_bits(void **state)
{
    (void)state;
    double want = 0;
    for (int t = 0; t < 4; t++) {
        job b = {.workers = thread_counts[t]};
        up_error err = UP_ERROR_INIT;
        assert_ok(upi_pool_run(thread_counts[t], CHUNKS, task, &b, NULL, &err), &err);
        double total = 0;
        for (int i = 0; i < CHUNKS; i++) {
            assert_int_equal(b.runs[i], 1);
            total += b.part[i];
        }
        if (t == 0) {
            want = total;
        }
        assert_memory_equal(&total, &want, sizeof total);
    }
}

static void
lowest_failure_is_reported(void **state)
{
    (void)state;
    for (int t = 0; t < 4; t++) {
        for (int again = 0; again < 20; again++) {
            job b = {.workers = thread_counts[t], .fail_from = 40, .fail_every = 3};
            up_error err = UP_ERROR_INIT;
            assert_fails(upi_pool_run(thread_counts[t], CHUNKS, task, &b, NULL, &err),
                UP_E_COLUMN, &err);
            assert_string_equal(err.message, "chunk 42");
            assert_string_equal(err.field, "x");
            assert_true(b.started < CHUNKS);
        }
    }
    job b = {.workers = 2, .fail_from = 0, .fail_every = 1};
    assert_int_equal(upi_pool_run(2, CHUNKS, task, &b, NULL, NULL), UP_E_COLUMN);
}

typedef struct caller {
    pthread_t thread;
    int calls, stop_at;
    double fraction;
} caller;

static void
progress(void *user, double fraction)
{
    caller *c = user;
    assert_true(pthread_equal(c->thread, pthread_self()));
    assert_true(fraction >= c->fraction && fraction <= 1);
    c->fraction = fraction;
}

static int
should_stop(void *user)
{
    caller *c = user;
    assert_true(pthread_equal(c->thread, pthread_self()));
    return ++c->calls == c->stop_at;
}

static void
callbacks(void **state)
{
    (void)state;
    for (int t = 0; t < 4; t++) {
        caller c = {.thread = pthread_self(), .stop_at = -1};
        up_run run = {.struct_size = sizeof run,
            .progress = progress,
            .should_stop = should_stop,
            .user = &c};
        job b = {.workers = thread_counts[t]};
        up_error err = UP_ERROR_INIT;
        assert_ok(upi_pool_run(thread_counts[t], CHUNKS, task, &b, &run, &err), &err);
        assert_true(c.fraction == 1);
        for (int at = 1; at < 3; at++) {
            c = (caller){.thread = pthread_self(), .stop_at = at};
            b = (job){.workers = thread_counts[t]};
            err = (up_error)UP_ERROR_INIT;
            assert_fails(upi_pool_run(thread_counts[t], CHUNKS, task, &b, &run, &err),
                UP_E_STOPPED, &err);
            assert_int_equal(c.calls, at);
        }
    }
}

static void
edges(void **state)
{
    (void)state;
    job b = {.workers = 16};
    assert_int_equal(upi_pool_run(4, 0, task, &b, NULL, NULL), UP_OK);
    assert_int_equal(upi_pool_run(4, -3, task, &b, NULL, NULL), UP_OK);
    assert_int_equal(b.started, 0);
    /* never more workers than chunks */
    b.workers = 1;
    assert_int_equal(upi_pool_run(8, 1, task, &b, NULL, NULL), UP_OK);
    assert_int_equal(b.started, 1);
    assert_true(upi_pool_threads(NULL) >= 1);
    assert_int_equal(upi_pool_threads(UP_RUN(.threads = 3)), 3);
    assert_true(upi_pool_threads(UP_RUN(.threads = -5)) >= 1);
    assert_true(upi_pool_threads(UP_RUN(.threads = INT64_MAX)) <= 4096);
}

static up_status
run_three(void *ctx, up_error *err)
{
    (void)ctx;
    job b = {.workers = 3};
    return upi_pool_run(3, 10, task, &b, NULL, err);
}

static void
out_of_memory(void **state)
{
    (void)state;
    up_sweep_memory(run_three, NULL);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_chunk_once_and_the_same_bits),
        cmocka_unit_test(lowest_failure_is_reported),
        cmocka_unit_test(callbacks),
        cmocka_unit_test(edges),
        cmocka_unit_test(out_of_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
