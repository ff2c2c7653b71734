/* Messages as lines on the standard streams. The main thread reads and writes, answers what
 * needs no work and takes cancellations; two workers answer the rest, so that a long call holds
 * up nothing. Neither waits for the client to read: what is on its way out is kept, and the
 * reading pauses where that is too much. At the end of the input the requests already read are
 * answered; they are given up where nobody can read the answers. */
#include "lines.h"
#include "outbox.h"
#include "pool.h"
#include "rpc.h"
#include "signals.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

/* Calls at the same time, and waiting ones. A client that sends more is told to wait. */
enum { WORKERS = 2, WAITING = 64, PLACES = WORKERS + WAITING };
/* Bytes of the requests that the workers have; read, they take some times as much memory. */
enum { MOST_BYTES = 32 << 20 };
/* Bytes on their way out beyond which nothing more is read. */
enum { MOST_PENDING = 64 << 20 };

/* A request that the workers have; NULL = the place is free. */
typedef struct flight {
    struct server *v;
    mcp_request *r;
    size_t bytes;
} flight;

typedef struct server {
    const mcp_offer *offer;
    mcp_wire wire;
    int signal_file;
    int wake
        [2]; /* a pipe: a byte says that there is something to send, or nothing left */
    atomic_bool over; /* nobody waits for answers any more */
    mcp_pool *pool;
    mcp_outbox outbox;
    pthread_mutex_t lock; /* guards what follows */
    flight flights[PLACES];
    int in_flight;
    size_t bytes;
} server;

static bool
is_over(void *user)
{
    return atomic_load(&((server *)user)->over);
}

static void
send_line(void *user, const char *text, size_t n)
{
    server *v = user;
    mcp_outbox_put(&v->outbox, text, n);
}

static void
work(void *user)
{
    flight *f = user;
    server *v = f->v;
    mcp_request *r = f->r;
    mcp_answer a = mcp_request_answer(r);
    (void)pthread_mutex_lock(&v->lock);
    /* From here on the id may be used again and is no longer cancelled. */
    f->r = NULL;
    v->in_flight--;
    v->bytes -= f->bytes;
    if (a.text != NULL && !mcp_request_cancelled(r)) {
        send_line(v, a.text, a.n);
    }
    (void)!write(v->wake[1], "", 1);
    (void)pthread_mutex_unlock(&v->lock);
    free(a.text);
    mcp_request_free(r);
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
hand_on(server *v, mcp_request *r, size_t bytes)
{
    (void)pthread_mutex_lock(&v->lock);
    bool taken = false, handed = false;
    flight *f = find_place(v, r, &taken);
    if (taken) {
        mcp_request_refuse_id(r);
    } else if (mcp_request_kind(r) == MCP_WORK) {
        if (f != NULL && bytes <= MOST_BYTES - v->bytes) {
            *f = (flight){v, r, bytes};
            handed = mcp_pool_put(v->pool, work, f);
        }
        if (handed) {
            v->in_flight++;
            v->bytes += bytes;
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
take_message(server *v, mcp_request *r, size_t bytes)
{
    if (r == NULL) {
        return; /* memory ran out: there is none to say so */
    }
    if (mcp_request_cancels(r) != NULL) {
        cancel(v, mcp_request_cancels(r));
    }
    if (mcp_request_kind(r) != MCP_SILENT && hand_on(v, r, bytes)) {
        return;
    }
    if (mcp_request_settles(r) != NULL) {
        v->wire.version = mcp_request_settles(r);
    }
    mcp_answer a = mcp_request_answer(r);
    if (a.text != NULL) {
        send_line(v, a.text, a.n);
    }
    free(a.text);
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
            take_message(v, mcp_request_too_long(v->offer, &v->wire), 0);
        } else if (!is_blank(line)) {
            take_message(
                v, mcp_request_read(v->offer, &v->wire, line.s, line.n), line.n);
        }
    }
}

static bool
is_idle(server *v)
{
    (void)pthread_mutex_lock(&v->lock);
    bool idle = v->in_flight == 0;
    (void)pthread_mutex_unlock(&v->lock);
    return idle && mcp_outbox_pending(&v->outbox) == 0;
}

static void
empty(int file)
{
    char bytes[256];
    while (read(file, bytes, sizeof bytes) > 0) {
    }
}

/* Waits for something to do, and does it. */
static void
take_turn(server *v, mcp_lines *lines)
{
    size_t pending = mcp_outbox_pending(&v->outbox);
    bool reads = !lines->ended && pending <= MOST_PENDING;
    struct pollfd files[] = {{.fd = v->signal_file, .events = POLLIN},
        {.fd = STDOUT_FILENO, .events = pending > 0 ? POLLOUT : 0},
        {.fd = v->wake[0], .events = POLLIN},
        {.fd = reads ? STDIN_FILENO : -1, .events = POLLIN}};
    if (poll(files, 4, -1) < 0) {
        if (errno != EINTR) {
            atomic_store(&v->over, true);
        }
        return;
    }
    if (files[0].revents != 0 || (files[1].revents & ~POLLOUT) != 0) {
        atomic_store(&v->over, true);
        return;
    }
    if (files[1].revents != 0 && !mcp_outbox_write(&v->outbox, STDOUT_FILENO)) {
        atomic_store(&v->over, true);
    }
    if (files[2].revents != 0) {
        empty(v->wake[0]);
    }
    if (files[3].revents != 0) {
        (void)mcp_lines_read(lines, STDIN_FILENO);
        take_lines(v, lines);
    }
}

/* Until the last answer is sent, the reader of the answers is gone, or a signal comes. */
static void
serve(server *v)
{
    mcp_lines lines = {0};
    while (!atomic_load(&v->over) && !(lines.ended && is_idle(v))) {
        take_turn(v, &lines);
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

static bool
open_server(server *v)
{
    v->signal_file = mcp_signals_catch();
    if (v->signal_file < 0 || pipe(v->wake) != 0) {
        return false;
    }
    (void)fcntl(v->wake[0], F_SETFL, O_NONBLOCK);
    (void)fcntl(v->wake[1], F_SETFL, O_NONBLOCK);
    if (!mcp_outbox_open(&v->outbox, v->wake[1])) {
        return false;
    }
    v->pool = start_workers();
    return v->pool != NULL;
}

int
mcp_serve_stdio(const mcp_offer *offer)
{
    open_streams();
    server v = {.offer = offer, .wake = {-1, -1}};
    v.wire = (mcp_wire){.user = &v, .send = send_line, .gone = is_over};
    atomic_init(&v.over, false);
    (void)pthread_mutex_init(&v.lock, NULL);
    bool served = open_server(&v);
    if (served) {
        serve(&v);
    } else {
        (void)fputs("the system has no thread or no pipe to give\n", stderr);
    }
    atomic_store(&v.over, true);
    mcp_pool_end(v.pool);
    mcp_outbox_close(&v.outbox);
    (void)close(v.wake[0]);
    (void)close(v.wake[1]);
    (void)close(v.signal_file);
    (void)pthread_mutex_destroy(&v.lock);
    int number = mcp_signals_caught();
    return number != 0 ? 128 + number : served ? 0 : 1;
}
