/* The HTTP transport: POST /mcp on the loopback address, one message a request. libevent reads
 * and writes on one thread; what a request is, and what becomes of it, is in http_exchange.c. */
#include "http.h"

#include "signals.h"

#include <arpa/inet.h>
#include <errno.h>
#include <event2/listener.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define LONGEST_HEADERS ((ev_ssize_t)32 << 10)
#define CALLS_AT_A_TIME 4

static void
on_wake(evutil_socket_t fd, short what, void *user)
{
    char bytes[64];
    (void)what;
    while (read(fd, bytes, sizeof bytes) > 0) {
    }
    mcp_http_deliver(user);
}

static void
on_signal(evutil_socket_t fd, short what, void *user)
{
    (void)fd;
    (void)what;
    mcp_http *s = user;
    (void)event_base_loopbreak(s->base);
}

static bool
open_wake(mcp_http *s)
{
    if (pipe(s->wake) != 0) {
        s->wake[0] = s->wake[1] = -1;
        return false;
    }
    for (int i = 0; i < 2; i++) {
        if (evutil_make_socket_nonblocking(s->wake[i]) != 0 ||
            evutil_make_socket_closeonexec(s->wake[i]) != 0) {
            return false;
        }
    }
    return true;
}

static bool
open_base(mcp_http *s)
{
    struct event_config *config = event_config_new();
    if (config == NULL) {
        return false;
    }
    /* Without it nobody would see that a client has gone while its call runs. */
    (void)event_config_require_features(config, EV_FEATURE_EARLY_CLOSE);
    (void)event_config_set_flag(config, EVENT_BASE_FLAG_NOLOCK);
    s->base = event_base_new_with_config(config);
    event_config_free(config);
    if (s->base == NULL || !open_wake(s)) {
        return false;
    }
    s->woken = event_new(s->base, s->wake[0], EV_READ | EV_PERSIST, on_wake, s);
    s->ended = event_new(s->base, mcp_signals_catch(), EV_READ, on_signal, s);
    return s->woken != NULL && s->ended != NULL && event_add(s->woken, NULL) == 0 &&
           event_add(s->ended, NULL) == 0;
}

static bool
open_http(mcp_http *s, const mcp_http_limits *limits)
{
    s->http = evhttp_new(s->base);
    s->pool = mcp_pool_start(CALLS_AT_A_TIME, limits->connections);
    if (s->http == NULL || s->pool == NULL) {
        return false;
    }
    s->peers = mcp_peers_open(s->base, s->http, limits);
    if (s->peers == NULL) {
        return false;
    }
    evhttp_set_max_headers_size(s->http, LONGEST_HEADERS);
    evhttp_set_max_body_size(s->http, (ev_ssize_t)MCP_LONGEST_MESSAGE);
    evhttp_set_timeout(s->http, limits->idle_s);
    (void)evhttp_set_flags(s->http, EVHTTP_SERVER_LINGERING_CLOSE);
    /* All of them reach mcp_http_request(), which says that only POST is served. */
    evhttp_set_allowed_methods(s->http, (ev_uint16_t)0x1ff);
    evhttp_set_gencb(s->http, mcp_http_request, s);
    return true;
}

static bool
listen_at(mcp_http *s, int port, const char *name)
{
    struct sockaddr_in at = {.sin_family = AF_INET,
        .sin_port = htons((uint16_t)port),
        .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t n = sizeof at;
    struct evconnlistener *l = evconnlistener_new_bind(s->base, NULL, NULL,
        LEV_OPT_CLOSE_ON_FREE | LEV_OPT_CLOSE_ON_EXEC | LEV_OPT_REUSEABLE, 128,
        (struct sockaddr *)&at, (int)n);
    if (l == NULL) {
        (void)fprintf(stderr,
            "%s: cannot listen at port %d: %s; give another port, or 0 for a free "
            "one\n",
            name, port, strerror(errno));
        return false;
    }
    if (evhttp_bind_listener(s->http, l) == NULL) {
        evconnlistener_free(l);
        return false;
    }
    mcp_peers_listen(s->peers, l);
    (void)getsockname(evconnlistener_get_fd(l), (struct sockaddr *)&at, &n);
    (void)fprintf(
        stderr, "%s: http://127.0.0.1:%d/mcp\n", name, (int)ntohs(at.sin_port));
    return true;
}

/* The calls are cancelled and waited for; nobody reads their answers any more. */
static void
close_server(mcp_http *s)
{
    mcp_http_lose_all(s);
    if (s->peers != NULL) {
        mcp_peers_listen(s->peers, NULL);
    }
    if (s->http != NULL) {
        evhttp_free(s->http);
    }
    mcp_pool_end(s->pool);
    mcp_http_deliver(s);
    mcp_peers_close(s->peers);
    if (s->woken != NULL) {
        event_free(s->woken);
    }
    if (s->ended != NULL) {
        event_free(s->ended);
    }
    for (int i = 0; i < 2; i++) {
        if (s->wake[i] >= 0) {
            (void)close(s->wake[i]);
        }
    }
    if (s->base != NULL) {
        event_base_free(s->base);
    }
}

int
mcp_serve_http_within(const mcp_offer *offer, int port, const mcp_http_limits *limits)
{
    mcp_http s = {.offer = offer, .wake = {-1, -1}};
    if (pthread_mutex_init(&s.lock, NULL) != 0) {
        return 1;
    }
    int code = 1;
    if (!open_base(&s) || !open_http(&s, limits)) {
        (void)fprintf(
            stderr, "%s: the system gives no memory or no threads\n", offer->name);
    } else if (!listen_at(&s, port, offer->name)) {
        code = 2;
    } else if (event_base_dispatch(s.base) == 0) {
        code = 0;
    }
    close_server(&s);
    (void)pthread_mutex_destroy(&s.lock);
    return code;
}

int
mcp_serve_http(const mcp_offer *offer, int port)
{
    mcp_http_limits limits = {.connections = 32, .request_s = 30, .idle_s = 60};
    return mcp_serve_http_within(offer, port, &limits);
}
