/* The parts of the HTTP transport. */
#ifndef MCP_HTTP_H
#define MCP_HTTP_H

#include "pool.h"
#include "rpc.h"

#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/event.h>
#include <event2/http.h>
#include <pthread.h>

/* What one client may take from the others. */
typedef struct mcp_http_limits {
    int connections; /* at a time; the others wait */
    int request_s;   /* from the first byte of a request to its last */
    int idle_s;      /* between two bytes, while a request or an answer is on its way */
} mcp_http_limits;

/* mcp_serve_http() with limits of one's own. */
int mcp_serve_http_within(
    const mcp_offer *offer, int port, const mcp_http_limits *limits);

/* What the transport says of a request before the protocol reads it. */
typedef struct mcp_http_verdict {
    int status;       /* 0 = it may pass */
    const char *text; /* why not */
    bool takes_json, takes_stream;
} mcp_http_verdict;

mcp_http_verdict mcp_http_judge(struct evhttp_request *request);
/* The first header of this name, or NULL. */
const char *mcp_http_header(struct evhttp_request *request, const char *name);

/* The connections: no more than the limit, and none that takes for ever to send a request. */
typedef struct mcp_peers mcp_peers;

mcp_peers *mcp_peers_open(
    struct event_base *base, struct evhttp *http, const mcp_http_limits *limits);
/* Of which the connections come; not owned. */
void mcp_peers_listen(mcp_peers *all, struct evconnlistener *listener);
/* A request is complete; false when the connection has no slot. */
bool mcp_peers_busy(mcp_peers *all, struct bufferevent *connection);
/* Its answer is on its way. */
void mcp_peers_answered(mcp_peers *all, struct bufferevent *connection);
void mcp_peers_gone(mcp_peers *all, struct bufferevent *connection);
/* After the connections are closed. NULL is fine. */
void mcp_peers_close(mcp_peers *all);

/* The server. `running` and everything of libevent belong to the thread that serves. */
typedef struct mcp_http {
    const mcp_offer *offer;
    struct event_base *base;
    struct evhttp *http;
    struct event *woken, *ended;
    mcp_peers *peers;
    mcp_pool *pool;
    int wake[2];                  /* a pipe: a byte says that `ready` is not empty */
    struct mcp_exchange *running; /* handed to the pool */
    pthread_mutex_t lock;         /* guards `ready` and what waits to be sent */
    struct mcp_exchange *ready;
} mcp_http;

/* Takes a request of libevent; user is the server. */
void mcp_http_request(struct evhttp_request *request, void *user);
/* Sends what waits to be sent. */
void mcp_http_deliver(mcp_http *s);
/* Cancels all calls; their clients get nothing any more. */
void mcp_http_lose_all(mcp_http *s);

#endif
