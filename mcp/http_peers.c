/* The connections. libevent bounds what a request may be, and how long it waits for the next
 * byte; it does not bound how many connections there are, nor how long a client may take that
 * sends a byte now and then, nor what it may send while it does not read its answer. So each
 * connection has a slot here, a deadline from the first byte of a request to its last, and
 * until an answer is written little of the next request is read. When all slots are taken, new clients wait in the system's
 * queue. A connection that is closed before its first request is complete tells nobody; it is
 * known by the callbacks that libevent has taken off it, which is why a reference is held. */
#include "http.h"

#include <event2/listener.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <time.h>

/* Bytes that wait to be looked at: a whole request, and what is read ahead of its turn. */
#define WHOLE_REQUEST (MCP_LONGEST_MESSAGE + ((size_t)64 << 10))
#define READ_AHEAD    ((size_t)64 << 10)

typedef struct peer {
    struct bufferevent *connection; /* NULL = the slot is free; a reference is held */
    struct mcp_peers *all;
    time_t deadline; /* seconds of the monotonic clock; 0 = none */
    bool busy; /* the server's turn: from the end of a request to that of its answer */
    bool answered; /* the answer is on its way */
} peer;

struct mcp_peers {
    struct event_base *base;
    struct event *sweep;
    struct evconnlistener *listener;
    int request_s;
    int n, taken;
    peer slots[];
};

static time_t
now(void)
{
    struct timespec t = {0};
    (void)clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec;
}

static void
release(peer *p)
{
    mcp_peers *all = p->all;
    (void)bufferevent_decref(p->connection);
    *p = (peer){.all = all};
    all->taken--;
    if (all->listener != NULL) {
        (void)evconnlistener_enable(all->listener);
    }
}

static bool
is_closed(const peer *p)
{
    bufferevent_event_cb event = NULL;
    bufferevent_getcb(p->connection, NULL, NULL, &event, NULL);
    return event == NULL;
}

static void
on_sweep(evutil_socket_t fd, short what, void *user)
{
    (void)fd;
    (void)what;
    mcp_peers *all = user;
    if (all->taken < all->n && all->listener != NULL) {
        (void)evconnlistener_enable(all->listener);
    }
    for (int i = 0; i < all->n; i++) {
        peer *p = &all->slots[i];
        if (p->connection == NULL) {
            continue;
        }
        if (is_closed(p)) {
            release(p);
        } else if (p->deadline != 0 && now() >= p->deadline) {
            /* libevent reads the end of the connection and closes it. */
            (void)shutdown(bufferevent_getfd(p->connection), SHUT_RDWR);
            p->deadline = 0;
        }
    }
}

static void
on_input(struct evbuffer *input, const struct evbuffer_cb_info *info, void *user)
{
    (void)input;
    peer *p = user;
    if (info->n_added > 0 && !p->busy && p->deadline == 0) {
        p->deadline = now() + p->all->request_s;
    }
}

static void
on_output(struct evbuffer *output, const struct evbuffer_cb_info *info, void *user)
{
    peer *p = user;
    if (info->n_deleted == 0 || evbuffer_get_length(output) > 0 || !p->answered) {
        return;
    }
    /* Of the next request something may have come already. */
    size_t waiting = evbuffer_get_length(bufferevent_get_input(p->connection));
    p->busy = p->answered = false;
    p->deadline = waiting > 0 ? now() + p->all->request_s : 0;
    bufferevent_setwatermark(p->connection, EV_READ, 0, WHOLE_REQUEST);
}

static struct bufferevent *
on_connection(struct event_base *base, void *user)
{
    mcp_peers *all = user;
    struct bufferevent *b = bufferevent_socket_new(base, -1, BEV_OPT_CLOSE_ON_FREE);
    int i = 0;
    while (i < all->n && all->slots[i].connection != NULL) {
        i++;
    }
    if (b == NULL || i == all->n) {
        return b; /* without a slot no request of it is answered */
    }
    peer *p = &all->slots[i];
    if (evbuffer_add_cb(bufferevent_get_input(b), on_input, p) == NULL ||
        evbuffer_add_cb(bufferevent_get_output(b), on_output, p) == NULL) {
        return b;
    }
    bufferevent_setwatermark(b, EV_READ, 0, WHOLE_REQUEST);
    bufferevent_incref(b);
    p->connection = b;
    all->taken++;
    if (all->taken == all->n) {
        (void)evconnlistener_disable(all->listener);
    }
    return b;
}

mcp_peers *
mcp_peers_open(
    struct event_base *base, struct evhttp *http, const mcp_http_limits *limits)
{
    size_t n = (size_t)limits->connections;
    mcp_peers *all = calloc(1, sizeof *all + n * sizeof all->slots[0]);
    if (all == NULL) {
        return NULL;
    }
    all->base = base;
    all->n = limits->connections;
    all->request_s = limits->request_s;
    for (int i = 0; i < all->n; i++) {
        all->slots[i].all = all;
    }
    struct timeval second = {.tv_sec = 1};
    all->sweep = event_new(base, -1, EV_PERSIST, on_sweep, all);
    if (all->sweep == NULL || event_add(all->sweep, &second) != 0) {
        mcp_peers_close(all);
        return NULL;
    }
    evhttp_set_bevcb(http, on_connection, all);
    return all;
}

/* The system has no file to give. To try again at once would only keep the processor busy. */
static void
on_no_connection(struct evconnlistener *listener, void *user)
{
    (void)user;
    (void)evconnlistener_disable(listener);
}

void
mcp_peers_listen(mcp_peers *all, struct evconnlistener *listener)
{
    all->listener = listener;
    if (listener != NULL) {
        evconnlistener_set_error_cb(listener, on_no_connection);
    }
}

static peer *
find(mcp_peers *all, const struct bufferevent *connection)
{
    for (int i = 0; i < all->n; i++) {
        if (all->slots[i].connection == connection) {
            return &all->slots[i];
        }
    }
    return NULL;
}

bool
mcp_peers_busy(mcp_peers *all, struct bufferevent *connection)
{
    peer *p = find(all, connection);
    if (p != NULL) {
        p->busy = true;
        p->answered = false;
        p->deadline = 0;
        bufferevent_setwatermark(connection, EV_READ, 0, READ_AHEAD);
    }
    return p != NULL;
}

void
mcp_peers_answered(mcp_peers *all, struct bufferevent *connection)
{
    peer *p = find(all, connection);
    if (p != NULL) {
        p->answered = true;
    }
}

void
mcp_peers_gone(mcp_peers *all, struct bufferevent *connection)
{
    peer *p = find(all, connection);
    if (p != NULL) {
        release(p);
    }
}

void
mcp_peers_close(mcp_peers *all)
{
    if (all == NULL) {
        return;
    }
    all->listener = NULL;
    for (int i = 0; i < all->n; i++) {
        if (all->slots[i].connection != NULL) {
            release(&all->slots[i]);
        }
    }
    if (all->sweep != NULL) {
        event_free(all->sweep);
    }
    free(all);
}
