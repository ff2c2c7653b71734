/* Lines on their way out. A pipe that poll() finds ready takes PIPE_BUF bytes at once without
 * blocking, but perhaps no more; so it is given no more. */
#include "outbox.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { PIECE = PIPE_BUF, KEPT_ROOM = 1 << 20 };

bool
mcp_outbox_open(mcp_outbox *o, int bell)
{
    *o = (mcp_outbox){.bell = bell};
    return pthread_mutex_init(&o->lock, NULL) == 0;
}

/* The written half is dropped, at a cost in proportion to what has been written. */
static void
drop_sent(mcp_outbox *o)
{
    mcp_text *t = &o->text;
    if (o->sent < t->n - o->sent) {
        return;
    }
    t->n -= o->sent;
    memmove(t->s, t->s + o->sent, t->n);
    o->sent = 0;
    if (t->n == 0 && t->room > KEPT_ROOM) {
        free(t->s);
        *t = (mcp_text){0};
    }
}

void
mcp_outbox_put(mcp_outbox *o, const char *line, size_t n)
{
    (void)pthread_mutex_lock(&o->lock);
    mcp_text_bytes(&o->text, line, n);
    mcp_text_bytes(&o->text, "\n", 1);
    (void)!write(o->bell, "", 1);
    (void)pthread_mutex_unlock(&o->lock);
}

size_t
mcp_outbox_pending(mcp_outbox *o)
{
    (void)pthread_mutex_lock(&o->lock);
    size_t n = o->text.n - o->sent;
    (void)pthread_mutex_unlock(&o->lock);
    return n;
}

bool
mcp_outbox_write(mcp_outbox *o, int file)
{
    (void)pthread_mutex_lock(&o->lock);
    size_t n = o->text.n - o->sent;
    ssize_t written = 0;
    if (n > 0) {
        written = write(file, o->text.s + o->sent, n < PIECE ? n : PIECE);
    }
    bool alive = !o->text.failed && (written >= 0 || errno == EINTR || errno == EAGAIN);
    if (written > 0) {
        o->sent += (size_t)written;
        drop_sent(o);
    }
    (void)pthread_mutex_unlock(&o->lock);
    return alive;
}

void
mcp_outbox_close(mcp_outbox *o)
{
    free(o->text.s);
    (void)pthread_mutex_destroy(&o->lock);
}
