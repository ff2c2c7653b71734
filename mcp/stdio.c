/* Messages as lines on the standard streams. The main thread reads, answers what needs no work
 * and takes cancellations; two workers answer the rest, so that a long call holds up nothing.
 * Whatever is written is a whole line under one lock. At the end of the input the requests
 * already read are answered; they are given up where nobody can read the answers. */
#include "lines.h"
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
#include <string.h>
#include <unistd.h>

/* Calls at the same time, and waiting ones. A client that sends more is told to wait. */
enum { WORKERS = 2, WAITING = 64 };
/* What can be written at once without waiting where poll() says that something can. */
enum { PIECE = _POSIX_PIPE_BUF };

typedef struct server {
    const mcp_offer *offer;
    mcp_wire wire;
    int signal_file;
    atomic_bool over; /* nobody waits for answers any more */
    pthread_mutex_t write_lock;
    /* Guards what follows. */
    pthread_mutex_t lock;
    pthread_cond_t changed;
    mcp_request *waiting[WAITING];
    size_t n_waiting;
    mcp_request *running[WORKERS];
    bool ending;
    int workers;    /* alive */
    int last_words; /* written to by the last worker */
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

/* Takes the first that waits; NULL = the work is done. */
static mcp_request *
take_request(server *v, size_t place)
{
    mcp_request *r = NULL;
    (void)pthread_mutex_lock(&v->lock);
    while (v->n_waiting == 0 && !v->ending) {
        (void)pthread_cond_wait(&v->changed, &v->lock);
    }
    if (v->n_waiting > 0) {
        r = v->waiting[0];
        v->n_waiting--;
        memmove(&v->waiting[0], &v->waiting[1], v->n_waiting * sizeof v->waiting[0]);
        v->running[place] = r;
    }
    (void)pthread_mutex_unlock(&v->lock);
    return r;
}

/* From here on the id may be used again and is no longer cancelled; true = it was. */
static bool
let_go(server *v, size_t place)
{
    (void)pthread_mutex_lock(&v->lock);
    bool cancelled = mcp_request_cancelled(v->running[place]);
    v->running[place] = NULL;
    (void)pthread_mutex_unlock(&v->lock);
    return cancelled;
}

typedef struct seat {
    server *v;
    size_t place;
    pthread_t thread;
} seat;

static void *
work(void *argument)
{
    const seat *at = argument;
    server *v = at->v;
    for (;;) {
        mcp_request *r = take_request(v, at->place);
        if (r == NULL) {
            break;
        }
        mcp_answer a = mcp_request_answer(r);
        if (let_go(v, at->place)) {
            free(a.text);
        } else {
            send_answer(v, &a);
        }
        mcp_request_free(r);
    }
    (void)pthread_mutex_lock(&v->lock);
    v->workers--;
    if (v->workers == 0) {
        (void)!write(v->last_words, "", 1);
    }
    (void)pthread_mutex_unlock(&v->lock);
    return NULL;
}

static bool
in_flight(const server *v, const mcp_request *r)
{
    for (size_t i = 0; i < v->n_waiting; i++) {
        if (mcp_request_collides(r, v->waiting[i])) {
            return true;
        }
    }
    for (size_t i = 0; i < WORKERS; i++) {
        if (v->running[i] != NULL && mcp_request_collides(r, v->running[i])) {
            return true;
        }
    }
    return false;
}

/* Hands it to the workers; false = it is not to be worked on but answered. */
static bool
hand_on(server *v, mcp_request *r)
{
    (void)pthread_mutex_lock(&v->lock);
    bool taken = false;
    if (in_flight(v, r)) {
        mcp_request_refuse_id(r);
    } else if (mcp_request_kind(r) == MCP_WORK) {
        taken = v->n_waiting < WAITING;
        if (taken) {
            v->waiting[v->n_waiting++] = r;
            (void)pthread_cond_signal(&v->changed);
        } else {
            mcp_request_refuse_busy(r);
        }
    }
    (void)pthread_mutex_unlock(&v->lock);
    return taken;
}

/* One that waits never starts; one that runs is told and finds its answer thrown away. */
static void
cancel(server *v, const char *id)
{
    (void)pthread_mutex_lock(&v->lock);
    for (size_t i = 0; i < WORKERS; i++) {
        if (v->running[i] != NULL) {
            (void)mcp_request_cancel(v->running[i], id);
        }
    }
    for (size_t i = 0; i < v->n_waiting;) {
        mcp_request *r = v->waiting[i];
        (void)mcp_request_cancel(r, id);
        if (!mcp_request_cancelled(r)) {
            i++;
            continue;
        }
        v->n_waiting--;
        memmove(&v->waiting[i], &v->waiting[i + 1],
            (v->n_waiting - i) * sizeof v->waiting[0]);
        mcp_request_free(r);
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
    (void)pthread_cond_broadcast(&v->changed);
    (void)pthread_mutex_unlock(&v->lock);
}

/* Until the last worker is done, the reader of the answers is gone, or a signal comes. */
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
static size_t
start_workers(server *v, seat *seats)
{
    sigset_t all, before;
    size_t n = 0;
    (void)sigfillset(&all);
    (void)pthread_sigmask(SIG_SETMASK, &all, &before);
    (void)pthread_mutex_lock(&v->lock);
    while (n < WORKERS) {
        seats[n].v = v;
        seats[n].place = n;
        if (pthread_create(&seats[n].thread, NULL, work, &seats[n]) != 0) {
            break;
        }
        n++;
    }
    v->workers = (int)n;
    (void)pthread_mutex_unlock(&v->lock);
    (void)pthread_sigmask(SIG_SETMASK, &before, NULL);
    return n;
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
    seat seats[WORKERS];
    int ends[2] = {-1, -1};
    server v = {.offer = offer, .signal_file = mcp_signals_catch()};
    v.wire = (mcp_wire){.user = &v, .send = send_line, .gone = is_over};
    (void)pthread_mutex_init(&v.lock, NULL);
    (void)pthread_mutex_init(&v.write_lock, NULL);
    (void)pthread_cond_init(&v.changed, NULL);
    atomic_init(&v.over, false);
    size_t n = 0;
    if (v.signal_file >= 0 && pipe(ends) == 0) {
        v.last_words = ends[1];
        n = start_workers(&v, seats);
    }
    if (n > 0) {
        serve(&v, ends[0]);
    } else {
        (void)fputs("the system has no thread or no pipe to give\n", stderr);
    }
    atomic_store(&v.over, true);
    end_work(&v);
    for (size_t i = 0; i < n; i++) {
        (void)pthread_join(seats[i].thread, NULL);
    }
    (void)close(ends[0]);
    (void)close(ends[1]);
    (void)close(v.signal_file);
    (void)pthread_cond_destroy(&v.changed);
    (void)pthread_mutex_destroy(&v.write_lock);
    (void)pthread_mutex_destroy(&v.lock);
    int number = mcp_signals_caught();
    return number != 0 ? 128 + number : n > 0 ? 0 : 1;
}
