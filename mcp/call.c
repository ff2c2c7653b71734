/* A running request as the offer sees it: its progress, which rises strictly, is told at most
 * four times a second and never after the answer, and its cancellation. */
#include "call.h"

#include "text.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

bool
mcp_call_open(mcp_call *c, const mcp_wire *wire)
{
    c->wire = wire;
    c->fraction = -1;
    atomic_init(&c->cancelled, false);
    return pthread_mutex_init(&c->lock, NULL) == 0;
}

void
mcp_call_cancel(mcp_call *c)
{
    (void)pthread_mutex_lock(&c->lock);
    atomic_store(&c->cancelled, true);
    (void)pthread_mutex_unlock(&c->lock);
}

void
mcp_call_end(mcp_call *c)
{
    (void)pthread_mutex_lock(&c->lock);
    c->over = true;
    (void)pthread_mutex_unlock(&c->lock);
}

void
mcp_call_close(mcp_call *c)
{
    (void)pthread_mutex_destroy(&c->lock);
}

bool
mcp_cancelled(const mcp_call *call)
{
    const mcp_wire *w = call->wire;
    return atomic_load(&call->cancelled) || (w->gone != NULL && w->gone(w->user));
}

const json_t *
mcp_params(const mcp_call *call)
{
    return call->params;
}

bool
mcp_modern(const mcp_call *call)
{
    return call->modern;
}

static double
seconds_between(const struct timespec *a, const struct timespec *b)
{
    return (double)(b->tv_sec - a->tv_sec) + 1e-9 * (double)(b->tv_nsec - a->tv_nsec);
}

static void
tell(mcp_call *c, double fraction, const char *message)
{
    mcp_text t = {0};
    char number[32];
    size_t n = 0;
    /* With four decimals, as they are rounded, and with a point in every locale. */
    (void)snprintf(number, sizeof number, "%d.%04d", fraction >= 1 ? 1 : 0,
        (int)lround(fraction * 1e4) % 10000);
    mcp_text_add(&t, "{\"jsonrpc\":\"2.0\",\"method\":\"notifications/progress\","
                     "\"params\":{\"progressToken\":");
    mcp_text_add(&t, c->token);
    mcp_text_add(&t, ",\"progress\":");
    mcp_text_add(&t, number);
    mcp_text_add(&t, ",\"total\":1");
    if (message != NULL) {
        mcp_text_add(&t, ",\"message\":");
        mcp_text_quote(&t, message);
    }
    mcp_text_add(&t, "}}");
    char *text = mcp_text_take(&t, &n);
    if (text != NULL) { /* progress that finds no memory is left out */
        c->wire->send(c->wire->user, text, n);
    }
    free(text);
}

void
mcp_progress(mcp_call *call, double fraction, const char *message)
{
    double rounded = fraction > 0 ? floor(fmin(fraction, 1) * 1e4) / 1e4 : 0;
    struct timespec now = {0};
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    (void)pthread_mutex_lock(&call->lock);
    bool first = call->fraction < 0;
    if (call->token != NULL && call->wire->send != NULL && !call->over &&
        !atomic_load(&call->cancelled) && rounded > call->fraction &&
        (first || seconds_between(&call->told, &now) >= 0.25)) {
        call->fraction = rounded;
        call->told = now;
        tell(call, rounded, message);
    }
    (void)pthread_mutex_unlock(&call->lock);
}
