/* Messages as lines on the standard streams. The main thread reads, answers what needs no work
 * and takes cancellations; two workers answer the rest, so that a long call holds up nothing.
 * Whatever is written is a whole line under one lock. At the end of the input the requests
 * already read are answered; they are given up where nobody can read the answers. */
#include "lines.h"
#include "pool.h"
#include "rpc.h"
#include "signals.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

/* Calls at the same time, and waiting ones. A client that sends more is told to wait. */
enum { WORKERS = 2, WAITING = 64, PLACES = WORKERS + WAITING };
/* What can be written at once without waiting where poll() says that something can. */
enum { PIECE = _POSIX_PIPE_BUF };

/* A request that the workers have; NULL = the place is free. */
typedef struct flight {
    struct server *v;
    mcp_request *r;
} flight;

typedef struct server {
    const mcp_offer *offer;
    mcp_wire wire;
    int signal_file;
    atomic_bool over; /* nobody waits for answers any more */
    mcp_pool *pool;
    pthread_mutex_t write_lock;
    /* Guards what follows. */
    pthread_mutex_t lock;
    flight flights[PLACES];
    int unsent; /* requests that the workers have or whose answer they are sending */
    bool ending;
    int last_words; /* written to when the end has come and nothing is unsent */
} server;

static bool
is_over(void *user)
{
    return atomic_load(&((server *)user)->over);
}

/* Writes all of it unless the reader goes away or a signal comes. In pieces that do not block,
 * because a client that has stopped reading must not keep a signal from being seen. */
static void
write_out(server *v, const char *s, size_t n)
{
    while (n > 0 && !atomic_load(&v->over)) {
        struct pollfd files[] = {{.fd = STDOUT_FILENO, .events = POLLOUT},
            {.fd = v->signal_file, .events = POLLIN}};
        if (poll(files, 2, -1) < 0 && errno != EINTR) {
            atomic_store(&v->over, true);
        }
        if (files[1].revents != 0) {
            atomic_store(&v->over, true);
        }
        if (files[0].revents == 0) {
            continue;
        }
        ssize_t written = write(STDOUT_FILENO, s, n < PIECE ? n : PIECE);
        if (written > 0) {
            s += written;
            n -= (size_t)written;
        } else if (errno != EINTR && errno != EAGAIN) {
            atomic_store(&v->over, true);
        }
    }
}

static void
send_line(void *user, const char *text, size_t n)
{
    server *v = user;
    (void)pthread_mutex_lock(&v->write_lock);
    write_out(v, text, n);
    write_out(v, "\n", 1);
    (void)pthread_mutex_unlock(&v->write_lock);
}

static void
send_answer(server *v, mcp_answer *a)
{
    if (a->text != NULL) {
        send_line(v, a->text, a->n);
    }
    free(a->text);
}

/* With the lock. */
static void
tell_the_end(server *v)
{
    if (v->ending && v->unsent == 0) {
        (void)!write(v->last_words, "", 1);
    }
}

static void
work(void *user)
{
    flight *f = user;
    server *v = f->v;
    mcp_request *r = f->r;
    mcp_answer a = mcp_request_answer(r);
    (void)pthread_mutex_lock(&v->lock);
    f->r = NULL; /* from here on the id may be used again and is no longer cancelled */
    bool cancelled = mcp_request_cancelled(r);
    (void)pthread_mutex_unlock(&v->lock);
    if (cancelled) {
        free(a.text);
    } else {
        send_answer(v, &a);
    }
    mcp_request_free(r);
    (void)pthread_mutex_lock(&v->lock);
    v->unsent--;
    tell_the_end(v);
    (void)pthread_mutex_unlock(&v->lock);
}

/* A free place, with the lock; NULL = none, or *taken: the id is in use. */
static flight *
find_place(server *v, const mcp_request *r, bool *taken)
{
    flight *place = NULL;
    *taken = false;
    for (size_t i = 0; i < PLACES && !*taken; i++) {
        flight *f = &v->flights[i];
        if (f->r == NULL) {
            place = f;
        } else {
            *taken = mcp_request_collides(r, f->r);
        }
    }
    return *taken ? NULL : place;
}

/* Hands it to the workers; false = it is not to be worked on but answered. */
static bool
hand_on(server *v, mcp_request *r)
{
    (void)pthread_mutex_lock(&v->lock);
    bool taken = false, handed = false;
    flight *f = find_place(v, r, &taken);
    if (taken) {
        mcp_request_refuse_id(r);
    } else if (mcp_request_kind(r) == MCP_WORK) {
        if (f != NULL) {
            *f = (flight){v, r};
            handed = mcp_pool_put(v->pool, work, f);
        }
        if (handed) {
            v->unsent++;
        } else {
            if (f != NULL) {
                f->r = NULL;
            }
            mcp_request_refuse_busy(r);
        }
    }
    (void)pthread_mutex_unlock(&v->lock);
    return handed;
}

/* One that waits never starts; one that runs is told and finds its answer thrown away. */
static void
cancel(server *v, const char *id)
{
    (void)pthread_mutex_lock(&v->lock);
    for (size_t i = 0; i < PLACES; i++) {
        if (v->flights[i].r != NULL) {
            (void)mcp_request_cancel(v->flights[i].r, id);
        }
    }
    (void)pthread_mutex_unlock(&v->lock);
}

static void
take_message(server *v, mcp_request *r)
{
    if (r == NULL) {
        return; /* memory ran out: there is none to say so */
    }
    if (mcp_request_cancels(r) != NULL) {
        cancel(v, mcp_request_cancels(r));
    }
    if (mcp_request_kind(r) != MCP_SILENT && hand_on(v, r)) {
        return;
    }
    if (mcp_request_settles(r) != NULL) {
        v->wire.version = mcp_request_settles(r);
    }
    mcp_answer a = mcp_request_answer(r);
    send_answer(v, &a);
    mcp_request_free(r);
}

static bool
is_blank(mcp_span line)
{
    return mcp_json_trim(line).n == 0;
}

static void
take_lines(server *v, mcp_lines *lines)
{
    mcp_span line;
    while (!atomic_load(&v->over)) {
        enum mcp_line kind = mcp_lines_next(lines, MCP_LONGEST_MESSAGE, &line);
        if (kind == MCP_LINE_NONE) {
            break;
        }
        if (kind == MCP_LINE_TOO_LONG) {
            take_message(v, mcp_request_too_long(v->offer, &v->wire));
        } else if (!is_blank(line)) {
            take_message(v, mcp_request_read(v->offer, &v->wire, line.s, line.n));
        }
    }
}

static void
end_work(server *v)
{
    (void)pthread_mutex_lock(&v->lock);
    v->ending = true;
    tell_the_end(v);
    (void)pthread_mutex_unlock(&v->lock);
}

/* Until the last answer is sent, the reader of the answers is gone, or a signal comes. */
static void
serve(server *v, int last_words)
{
    mcp_lines lines = {0};
    bool done = false;
    while (!done && !atomic_load(&v->over)) {
        struct pollfd files[] = {{.fd = v->signal_file, .events = POLLIN},
            {.fd = STDOUT_FILENO}, {.fd = last_words, .events = POLLIN},
            {.fd = lines.ended ? -1 : STDIN_FILENO, .events = POLLIN}};
        if (poll(files, 4, -1) < 0) {
            if (errno != EINTR) {
                break;
            }
            continue;
        }
        if (files[0].revents != 0 || files[1].revents != 0) {
            atomic_store(&v->over, true);
        }
        done = files[2].revents != 0;
        if (files[3].revents != 0) {
            bool more = mcp_lines_read(&lines, STDIN_FILENO);
            take_lines(v, &lines);
            if (!more) {
                end_work(v);
            }
        }
    }
    mcp_lines_clear(&lines);
}

/* Signals are for the main thread: the library that a worker is in need not expect any. */
static mcp_pool *
start_workers(void)
{
    sigset_t all, before;
    (void)sigfillset(&all);
    (void)pthread_sigmask(SIG_SETMASK, &all, &before);
    mcp_pool *pool = mcp_pool_start(WORKERS, WAITING);
    (void)pthread_sigmask(SIG_SETMASK, &before, NULL);
    return pool;
}

/* A stream that is closed would lend its number to the next file that is opened. */
static void
open_streams(void)
{
    for (int file = STDIN_FILENO; file <= STDERR_FILENO; file++) {
        if (fcntl(file, F_GETFD) < 0) {
            (void)!open("/dev/null", O_RDWR); /* takes the lowest number that is free */
        }
    }
}

int
mcp_serve_stdio(const mcp_offer *offer)
{
    open_streams();
    int ends[2] = {-1, -1};
    server v = {.offer = offer, .signal_file = mcp_signals_catch()};
    v.wire = (mcp_wire){.user = &v, .send = send_line, .gone = is_over};
    (void)pthread_mutex_init(&v.lock, NULL);
    (void)pthread_mutex_init(&v.write_lock, NULL);
    atomic_init(&v.over, false);
    if (v.signal_file >= 0 && pipe(ends) == 0) {
        v.last_words = ends[1];
        v.pool = start_workers();
    }
    bool served = v.pool != NULL;
    if (served) {
        serve(&v, ends[0]);
    } else {
        (void)fputs("the system has no thread or no pipe to give\n", stderr);
    }
    atomic_store(&v.over, true);
    mcp_pool_end(v.pool);
    (void)close(ends[0]);
    (void)close(ends[1]);
    (void)close(v.signal_file);
    (void)pthread_mutex_destroy(&v.write_lock);
    (void)pthread_mutex_destroy(&v.lock);
    int number = mcp_signals_caught();
    return number != 0 ? 128 + number : served ? 0 : 1;
}
