/* A small thread pool. Chunks are handed out in order by one counter, so that when chunk c
 * fails every chunk before it has been started and will end: the lowest failing chunk, whose
 * error is reported, is the same for any number of threads. The calling thread works too, and
 * it alone calls the caller back. Workers live for one call; a chunk is expected to take
 * about a millisecond, beside which starting a thread is cheap. */
#include "base/pool.h"

#include "base/error.h"
#include "base/mem.h"

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <unistd.h>

enum { MOST_THREADS = 256 };

typedef struct job {
    int64_t n_chunks;
    upi_task task;
    void *ctx;
    const up_run *run;
    _Atomic int64_t next; /* first chunk that nobody has taken */
    _Atomic int64_t done;
    _Atomic int stop; /* no further chunk is to be started */
    pthread_mutex_t lock;
    int64_t failed_chunk; /* lowest so far, under the lock; n_chunks = none */
    up_error error;
} job;

typedef struct worker {
    job *job;
    int index;
    pthread_t thread;
} worker;

static void
record_failure(job *b, int64_t chunk, up_status status, const up_error *error)
{
    atomic_store(&b->stop, 1);
    (void)pthread_mutex_lock(&b->lock);
    if (chunk < b->failed_chunk) {
        b->failed_chunk = chunk;
        b->error = *error;
        b->error.status = status;
    }
    (void)pthread_mutex_unlock(&b->lock);
}

/* Takes and runs one chunk; false when there is none left or the job is to stop. */
static bool
run_next(job *b, int index)
{
    if (atomic_load(&b->stop) != 0) {
        return false;
    }
    int64_t chunk = atomic_fetch_add(&b->next, 1);
    if (chunk >= b->n_chunks) {
        return false;
    }
    up_error error = UP_ERROR_INIT;
    up_status status = b->task(b->ctx, chunk, index, &error);
    if (status != UP_OK) {
        record_failure(b, chunk, status, &error);
        return false;
    }
    atomic_fetch_add(&b->done, 1);
    return true;
}

static void *
work(void *argument)
{
    const worker *w = argument;
    while (run_next(w->job, w->index)) {
    }
    return NULL;
}

/* On the calling thread, between two chunks. True when the caller wants to stop. */
static bool
call_back(job *b)
{
    const up_run *run = b->run;
    if (run == NULL) {
        return false;
    }
    if (run->progress != NULL) {
        run->progress(run->user, (double)atomic_load(&b->done) / (double)b->n_chunks);
    }
    if (run->should_stop != NULL && run->should_stop(run->user) != 0) {
        atomic_store(&b->stop, 1);
        return true;
    }
    return false;
}

/* Starts up to `wanted` workers beside the caller; fewer when the system has no more. Signals
 * stay with the threads of the host program. */
static int
start_workers(job *b, worker *workers, int wanted)
{
    sigset_t all;
    sigset_t before;
    (void)sigfillset(&all);
    bool masked = pthread_sigmask(SIG_SETMASK, &all, &before) == 0;
    int started = 0;
    for (; started < wanted; started++) {
        worker *w = &workers[started];
        w->job = b;
        w->index = started + 1;
        if (pthread_create(&w->thread, NULL, work, w) != 0) {
            break;
        }
    }
    if (masked) {
        (void)pthread_sigmask(SIG_SETMASK, &before, NULL);
    }
    return started;
}

static int
resolve_threads(int64_t threads)
{
    if (threads <= 0) {
        threads = sysconf(_SC_NPROCESSORS_ONLN);
    }
    if (threads < 1) {
        threads = 1;
    }
    return (int)(threads < MOST_THREADS ? threads : MOST_THREADS);
}

int
upi_pool_threads(const up_run *run)
{
    return resolve_threads(run != NULL ? run->threads : 0);
}

up_status
upi_pool_run(int threads, int64_t n_chunks, upi_task task, void *ctx, const up_run *run,
    up_error *err)
{
    up_status status = UP_OK;
    worker *workers = NULL;
    if (n_chunks <= 0) {
        return UP_OK;
    }
    int n_workers = resolve_threads(threads);
    if (n_workers > n_chunks) {
        n_workers = (int)n_chunks;
    }
    job b = {.n_chunks = n_chunks,
        .task = task,
        .ctx = ctx,
        .run = run,
        .lock = PTHREAD_MUTEX_INITIALIZER,
        .failed_chunk = n_chunks,
        .error = UP_ERROR_INIT};
    int started = 0;
    if (n_workers > 1) {
        UP_TRY(UP_NEW(&workers, n_workers - 1, err));
        started = start_workers(&b, workers, n_workers - 1);
    }
    bool stopped = call_back(&b);
    while (!stopped && run_next(&b, 0)) {
        stopped = call_back(&b);
    }
    for (int i = 0; i < started; i++) {
        (void)pthread_join(workers[i].thread, NULL);
    }
    if (started > 0 && !stopped && b.failed_chunk == n_chunks) {
        stopped = call_back(&b); /* the chunks of the others are now done too */
    }
    if (b.failed_chunk < n_chunks) {
        status = b.error.status;
        if (err != NULL) {
            *err = b.error;
        }
    } else if (stopped) {
        status = upi_fail(err, UP_E_STOPPED, NULL, "stopped on request");
    }
out:
    upi_free(workers);
    (void)pthread_mutex_destroy(&b.lock);
    return status;
}
