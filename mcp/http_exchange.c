/* One POST and its answer. An answer is plain JSON; only a call that tells its progress before
 * it is done is answered as an event stream, so that every other answer keeps its status. One
 * thread alone touches connections; calls that may take long run on a pool and leave what is to
 * be sent in the outbox of their exchange. A client that goes away, or only closes its half of
 * the connection, cancels its call: nothing can be sent later, for there is no stream to
 * resume. The handshake gives out a session id, which is not kept: it only says whose ids are
 * meant when a client of that era cancels a request by a message of its own. */
#include "http.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/types.h>
#include <unistd.h>

typedef struct letter {
    struct letter *next;
    size_t n;
    char text[];
} letter;

/* A request and its answer. */
typedef struct mcp_exchange exchange;
struct mcp_exchange {
    mcp_http *server;
    mcp_request *message;
    mcp_wire wire;
    mcp_headers headers;
    char *version, *method, *name, *session; /* copies; NULL = absent */
    atomic_bool gone;
    /* The thread of the connections only. */
    struct evhttp_request *request; /* NULL once the client is gone */
    struct evhttp_connection *connection;
    struct event *closed;
    bool takes_json, streaming;
    exchange *next; /* in `running` */
    /* The outbox. */
    letter *letters, *last;
    mcp_answer answer;
    bool answered, is_ready;
    exchange *next_ready;
};

static void
exchange_free(exchange *x)
{
    while (x->letters != NULL) {
        letter *next = x->letters->next;
        free(x->letters);
        x->letters = next;
    }
    if (x->closed != NULL) {
        event_free(x->closed);
    }
    mcp_request_free(x->message);
    free(x->answer.text);
    free(x->version);
    free(x->method);
    free(x->name);
    free(x->session);
    free(x);
}

/* --- what is sent --- */

static void
add_header(exchange *x, const char *name, const char *value)
{
    (void)evhttp_add_header(evhttp_request_get_output_headers(x->request), name, value);
}

/* Refusals of the transport itself. */
static void
send_text(struct evhttp_request *request, int status, const char *text)
{
    struct evbuffer *body = evbuffer_new();
    struct evkeyvalq *headers = evhttp_request_get_output_headers(request);
    (void)evhttp_add_header(headers, "Content-Type", "text/plain");
    if (status == 405) {
        (void)evhttp_add_header(headers, "Allow", "POST");
    }
    if (body != NULL) {
        (void)evbuffer_add_printf(body, "%s\n", text);
    }
    evhttp_send_reply(request, status, NULL, body);
    if (body != NULL) {
        evbuffer_free(body);
    }
}

static void
free_text(const void *data, size_t n, void *user)
{
    (void)data;
    (void)n;
    free(user);
}

static void
add_session(exchange *x)
{
    unsigned char bytes[16];
    char text[2 * sizeof bytes + 1];
    if (getrandom(bytes, sizeof bytes, 0) != (ssize_t)sizeof bytes) {
        return; /* it may be left out */
    }
    for (size_t i = 0; i < sizeof bytes; i++) {
        (void)snprintf(text + 2 * i, 3, "%02x", bytes[i]);
    }
    add_header(x, "Mcp-Session-Id", text);
}

static void
begin_stream(exchange *x)
{
    add_header(x, "Content-Type", "text/event-stream");
    add_header(x, "Cache-Control", "no-cache");
    evhttp_send_reply_start(x->request, 200, NULL);
    x->streaming = true;
}

static void
send_event(exchange *x, const char *text, size_t n)
{
    struct evbuffer *b = evbuffer_new();
    if (b == NULL) {
        return;
    }
    if (evbuffer_add_printf(b, "event: message\ndata: ") > 0 &&
        evbuffer_add(b, text, n) == 0 && evbuffer_add(b, "\n\n", 2) == 0) {
        evhttp_send_reply_chunk(x->request, b);
    }
    evbuffer_free(b);
}

/* The end of the exchange, where the client is still there. */
static void
send_answer(exchange *x)
{
    struct bufferevent *connection = evhttp_connection_get_bufferevent(x->connection);
    mcp_answer *a = &x->answer;
    if (x->closed != NULL) {
        event_free(x->closed);
        x->closed = NULL;
    }
    mcp_peers_answered(x->server->peers, connection);
    if (a->text != NULL && !x->takes_json && !x->streaming) {
        begin_stream(x);
    }
    if (x->streaming) {
        if (a->text != NULL) {
            send_event(x, a->text, a->n);
        }
        evhttp_send_reply_end(x->request);
        x->request = NULL;
        return;
    }
    struct evbuffer *body = evbuffer_new();
    if (a->text != NULL && body != NULL &&
        evbuffer_add_reference(body, a->text, a->n, free_text, a->text) == 0) {
        a->text = NULL;
        add_header(x, "Content-Type", "application/json");
        if (mcp_request_settles(x->message) != NULL) {
            add_session(x);
        }
    }
    /* A cancelled call has no answer; the request of the transport needs one. */
    bool silent =
        body != NULL && evbuffer_get_length(body) == 0 && a->http_status == 200;
    evhttp_send_reply(x->request, silent ? 202 : a->http_status, NULL, body);
    if (body != NULL) {
        evbuffer_free(body);
    }
    x->request = NULL;
}

static void
forget_running(exchange *x)
{
    exchange **at = &x->server->running;
    while (*at != NULL && *at != x) {
        at = &(*at)->next;
    }
    if (*at == x) {
        *at = x->next;
    }
}

static void
deliver(exchange *x)
{
    (void)pthread_mutex_lock(&x->server->lock);
    letter *letters = x->letters;
    bool answered = x->answered;
    x->letters = NULL;
    x->last = NULL;
    x->is_ready = false;
    (void)pthread_mutex_unlock(&x->server->lock);
    while (letters != NULL) {
        letter *next = letters->next;
        if (x->request != NULL) {
            if (!x->streaming) {
                begin_stream(x);
            }
            send_event(x, letters->text, letters->n);
        }
        free(letters);
        letters = next;
    }
    if (answered) {
        forget_running(x);
        if (x->request != NULL) {
            send_answer(x);
        }
        exchange_free(x);
    }
}

void
mcp_http_deliver(mcp_http *s)
{
    (void)pthread_mutex_lock(&s->lock);
    exchange *x = s->ready;
    s->ready = NULL;
    (void)pthread_mutex_unlock(&s->lock);
    while (x != NULL) {
        exchange *next = x->next_ready;
        deliver(x);
        x = next;
    }
}

/* --- the threads of the pool --- */

/* With the lock held. The exchange may be freed as soon as the lock is given back. */
static void
make_ready(exchange *x)
{
    mcp_http *s = x->server;
    if (!x->is_ready) {
        x->is_ready = true;
        x->next_ready = s->ready;
        s->ready = x;
    }
    /* A full pipe has a byte in it, which is all that is wanted. */
    ssize_t written = write(s->wake[1], "", 1);
    (void)written;
}

static void
send_letter(void *user, const char *text, size_t n)
{
    exchange *x = user;
    letter *l = malloc(sizeof *l + n);
    if (l == NULL) {
        return; /* progress may be left out */
    }
    l->next = NULL;
    l->n = n;
    memcpy(l->text, text, n);
    (void)pthread_mutex_lock(&x->server->lock);
    if (x->last != NULL) {
        x->last->next = l;
    } else {
        x->letters = l;
    }
    x->last = l;
    make_ready(x);
    (void)pthread_mutex_unlock(&x->server->lock);
}

static bool
is_gone(void *user)
{
    const exchange *x = user;
    return atomic_load(&x->gone);
}

static void
run_call(void *user)
{
    exchange *x = user;
    mcp_answer answer = mcp_request_answer(x->message);
    pthread_mutex_t *lock = &x->server->lock;
    (void)pthread_mutex_lock(lock);
    x->answer = answer;
    x->answered = true;
    make_ready(x);
    (void)pthread_mutex_unlock(lock);
}

/* --- what is received --- */

static void
lose(exchange *x)
{
    atomic_store(&x->gone, true);
    (void)mcp_request_cancel(x->message, NULL);
    /* Where libevent saw the end first, it has left the request to us. */
    if (x->request != NULL && evhttp_request_get_connection(x->request) == NULL) {
        evhttp_request_free(x->request);
    }
    x->request = NULL;
    if (x->closed != NULL) {
        event_free(x->closed);
        x->closed = NULL;
    }
}

static void
on_connection_closed(struct evhttp_connection *c, void *user)
{
    mcp_http *s = user;
    for (exchange *x = s->running; x != NULL; x = x->next) {
        if (x->request != NULL && x->connection == c) {
            lose(x);
        }
    }
    mcp_peers_gone(s->peers, evhttp_connection_get_bufferevent(c));
}

static void
on_client_gone(evutil_socket_t fd, short what, void *user)
{
    (void)fd;
    (void)what;
    exchange *x = user;
    lose(x);
    evhttp_connection_free(x->connection);
}

static bool
keep(char **copy, struct evhttp_request *request, const char *name)
{
    const char *value = mcp_http_header(request, name);
    *copy = value != NULL ? strdup(value) : NULL;
    return value == NULL || *copy != NULL;
}

static exchange *
exchange_begin(
    mcp_http *s, struct evhttp_request *request, const mcp_http_verdict *verdict)
{
    exchange *x = calloc(1, sizeof *x);
    if (x == NULL) {
        return NULL;
    }
    x->server = s;
    x->request = request;
    x->connection = evhttp_request_get_connection(request);
    x->takes_json = verdict->takes_json;
    atomic_init(&x->gone, false);
    if (!keep(&x->version, request, "MCP-Protocol-Version") ||
        !keep(&x->method, request, "Mcp-Method") ||
        !keep(&x->name, request, "Mcp-Name") ||
        !keep(&x->session, request, "Mcp-Session-Id")) {
        exchange_free(x);
        return NULL;
    }
    x->headers = (mcp_headers){x->version, x->method, x->name};
    x->wire = (mcp_wire){.user = x,
        .send = verdict->takes_stream ? send_letter : NULL,
        .gone = is_gone,
        .headers = &x->headers};
    struct evbuffer *body = evhttp_request_get_input_buffer(request);
    size_t n = evbuffer_get_length(body);
    const char *bytes = n > 0 ? (const char *)evbuffer_pullup(body, -1) : "";
    if (bytes != NULL) {
        x->message = mcp_request_read(s->offer, &x->wire, bytes, n);
    }
    if (x->message == NULL) {
        exchange_free(x);
        return NULL;
    }
    (void)evbuffer_drain(body, n);
    return x;
}

/* notifications/cancelled of the era with the handshake. Ids are of a client's own making, so
 * without a session it is not known whose is meant. */
static void
cancel_named(const exchange *x)
{
    const char *id = mcp_request_cancels(x->message);
    if (id == NULL || x->session == NULL) {
        return;
    }
    for (exchange *y = x->server->running; y != NULL; y = y->next) {
        if (y->session != NULL && strcmp(x->session, y->session) == 0) {
            (void)mcp_request_cancel(y->message, id);
        }
    }
}

/* Hands the call to the pool; false when it has to be refused. */
static bool
start_call(exchange *x)
{
    mcp_http *s = x->server;
    int fd = bufferevent_getfd(evhttp_connection_get_bufferevent(x->connection));
    x->closed = event_new(s->base, fd, EV_CLOSED, on_client_gone, x);
    if (x->closed == NULL || event_add(x->closed, NULL) != 0 ||
        !mcp_pool_put(s->pool, run_call, x)) {
        return false;
    }
    x->next = s->running;
    s->running = x;
    return true;
}

void
mcp_http_request(struct evhttp_request *request, void *user)
{
    mcp_http *s = user;
    struct evhttp_connection *c = evhttp_request_get_connection(request);
    evhttp_connection_set_closecb(c, on_connection_closed, s);
    if (!mcp_peers_busy(s->peers, evhttp_connection_get_bufferevent(c))) {
        send_text(request, 503, "too many connections");
        return;
    }
    mcp_http_verdict v = mcp_http_judge(request);
    if (v.status != 0) {
        mcp_peers_answered(s->peers, evhttp_connection_get_bufferevent(c));
        send_text(request, v.status, v.text);
        return;
    }
    exchange *x = exchange_begin(s, request, &v);
    if (x == NULL) {
        mcp_peers_answered(s->peers, evhttp_connection_get_bufferevent(c));
        send_text(request, 500, "out of memory");
        return;
    }
    if (mcp_request_kind(x->message) == MCP_WORK) {
        if (start_call(x)) {
            return;
        }
        mcp_request_refuse_busy(x->message);
    }
    cancel_named(x);
    x->answer = mcp_request_answer(x->message);
    send_answer(x);
    exchange_free(x);
}

void
mcp_http_lose_all(mcp_http *s)
{
    for (exchange *x = s->running; x != NULL; x = x->next) {
        lose(x);
    }
}
