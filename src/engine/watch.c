/* Runs a long call on a helper thread while the calling thread reports progress and asks
 * whether to stop: the user's callbacks are only ever called on the user's thread. */
#include "engine/scan.h"

#include <pthread.h>
#include <time.h>

enum { PAUSE_NS = 20 * 1000 * 1000 };

typedef struct helper {
    const upi_watch *watch;
    pthread_mutex_t lock;
    pthread_cond_t changed;
    bool finished;
    up_status status;
    up_error err;
} helper;

static void *
helper_main(void *p)
{
    helper *h = p;
    up_status status = h->watch->work(h->watch->ctx, &h->err);
    (void)pthread_mutex_lock(&h->lock);
    h->status = status;
    h->finished = true;
    (void)pthread_cond_signal(&h->changed);
    (void)pthread_mutex_unlock(&h->lock);
    return NULL;
}

/* Waits a little; true when the helper is done. */
static bool
pause_for(helper *h)
{
    struct timespec until;
    (void)clock_gettime(CLOCK_REALTIME, &until);
    until.tv_nsec += PAUSE_NS;
    if (until.tv_nsec >= 1000000000L) {
        until.tv_nsec -= 1000000000L;
        until.tv_sec++;
    }
    (void)pthread_mutex_lock(&h->lock);
    if (!h->finished) {
        (void)pthread_cond_timedwait(&h->changed, &h->lock, &until);
    }
    bool finished = h->finished;
    (void)pthread_mutex_unlock(&h->lock);
    return finished;
}

static bool
observe(helper *h, const up_run *run)
{
    bool stopping = false;
    double shown = -1;
    while (!pause_for(h)) {
        if (!stopping && run->should_stop != NULL && run->should_stop(run->user)) {
            stopping = true;
        }
        if (stopping) {
            h->watch->stop(h->watch->ctx);
            continue;
        }
        double fraction =
            h->watch->fraction != NULL ? h->watch->fraction(h->watch->ctx) : -1;
        if (run->progress != NULL && fraction >= 0 && fraction > shown) {
            run->progress(run->user, fraction < 1 ? fraction : 1);
            shown = fraction;
        }
    }
    return stopping;
}

up_status
upi_watch_run(const upi_watch *w, const up_run *run, up_error *err)
{
    if (run == NULL || (run->progress == NULL && run->should_stop == NULL)) {
        return w->work(w->ctx, err);
    }
    if (run->should_stop != NULL && run->should_stop(run->user)) {
        return upi_fail(err, UP_E_STOPPED, NULL, "stopped on request");
    }
    helper h = {.watch = w, .err = UP_ERROR_INIT};
    pthread_t thread;
    (void)pthread_mutex_init(&h.lock, NULL);
    (void)pthread_cond_init(&h.changed, NULL);
    bool stopped = false;
    if (pthread_create(&thread, NULL, helper_main, &h) == 0) {
        stopped = observe(&h, run);
        (void)pthread_join(thread, NULL);
    } else {
        h.status =
            w->work(w->ctx, &h.err); /* no thread to be had: run without watching */
    }
    (void)pthread_cond_destroy(&h.changed);
    (void)pthread_mutex_destroy(&h.lock);
    if (h.status != UP_OK && stopped) {
        return upi_fail(err, UP_E_STOPPED, NULL, "stopped on request");
    }
    if (h.status != UP_OK) {
        if (err != NULL) {
            *err = h.err;
        }
        return h.status;
    }
    if (run->progress != NULL) {
        run->progress(run->user, 1.0);
    }
    return UP_OK;
}
