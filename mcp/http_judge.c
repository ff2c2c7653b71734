/* What the transport asks of a request before the protocol reads it. The server listens on the
 * loopback address, but that alone keeps no web page out: a page may post to 127.0.0.1, or let
 * a name of its own point there (DNS rebinding). So the Host and the Origin must be local, and
 * the body must be declared as JSON, which a page cannot do without asking first. */
#include "http.h"

#include <event2/keyvalq_struct.h>
#include <string.h>
#include <strings.h>

const char *
mcp_http_header(struct evhttp_request *request, const char *name)
{
    return evhttp_find_header(evhttp_request_get_input_headers(request), name);
}

/* Two values of a header that is compared with something: which one counts is anybody's guess. */
static bool
is_repeated(struct evhttp_request *request, const char *name)
{
    int n = 0;
    const struct evkeyvalq *all = evhttp_request_get_input_headers(request);
    for (const struct evkeyval *h = all->tqh_first; h != NULL; h = h->next.tqe_next) {
        n += strcasecmp(h->key, name) == 0 ? 1 : 0;
    }
    return n > 1;
}

/* A name of this machine, perhaps with a port. */
static bool
is_local(const char *host)
{
    static const char *const names[] = {"127.0.0.1", "localhost", "[::1]"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        size_t n = strlen(names[i]);
        if (strncasecmp(host, names[i], n) != 0) {
            continue;
        }
        size_t digits = host[n] == ':' ? strspn(host + n + 1, "0123456789") : 0;
        if (host[n] == '\0' ||
            (digits > 0 && digits <= 5 && host[n + 1 + digits] == '\0')) {
            return true;
        }
    }
    return false;
}

static bool
is_local_origin(const char *origin)
{
    const char *after = strstr(origin, "://");
    bool http = strncasecmp(origin, "http://", 7) == 0 ||
                strncasecmp(origin, "https://", 8) == 0;
    return http && is_local(after + 3);
}

/* The media type, without its parameters. */
static bool
is_type(const char *value, size_t n, const char *type)
{
    while (n > 0 && (value[0] == ' ' || value[0] == '\t')) {
        value++;
        n--;
    }
    size_t length = strlen(type);
    if (n < length || strncasecmp(value, type, length) != 0) {
        return false;
    }
    size_t rest = length;
    while (rest < n && (value[rest] == ' ' || value[rest] == '\t')) {
        rest++;
    }
    return rest == n || value[rest] == ';';
}

/* Whether one of the types in the Accept header is this one. */
static bool
accepts(const char *accept, const char *type)
{
    while (*accept != '\0') {
        size_t n = strcspn(accept, ",");
        if (is_type(accept, n, type)) {
            return true;
        }
        accept += n;
        accept += *accept == ',' ? 1 : 0;
    }
    return false;
}

static mcp_http_verdict
refuse(int status, const char *text)
{
    return (mcp_http_verdict){.status = status, .text = text};
}

/* Who asks. */
static mcp_http_verdict
judge_sender(struct evhttp_request *request)
{
    static const char *const once[] = {"Host", "Origin", "Content-Type",
        "Content-Length", "Transfer-Encoding", "MCP-Protocol-Version", "Mcp-Method",
        "Mcp-Name", "Mcp-Session-Id"};
    const char *host = mcp_http_header(request, "Host");
    const char *origin = mcp_http_header(request, "Origin");
    const struct evhttp_uri *uri = evhttp_request_get_evhttp_uri(request);
    const char *named = uri != NULL ? evhttp_uri_get_host(uri) : NULL;
    for (size_t i = 0; i < sizeof once / sizeof once[0]; i++) {
        if (is_repeated(request, once[i])) {
            return refuse(400, "a header stands there twice");
        }
    }
    if (host == NULL) {
        return refuse(400, "the Host header is missing");
    }
    if (!is_local(host) || (named != NULL && !is_local(named))) {
        return refuse(403, "the Host is not this machine");
    }
    if (origin != NULL && !is_local_origin(origin)) {
        return refuse(403, "the Origin is not this machine");
    }
    return (mcp_http_verdict){0};
}

mcp_http_verdict
mcp_http_judge(struct evhttp_request *request)
{
    mcp_http_verdict v = judge_sender(request);
    if (v.status != 0) {
        return v;
    }
    const struct evhttp_uri *uri = evhttp_request_get_evhttp_uri(request);
    const char *path = uri != NULL ? evhttp_uri_get_path(uri) : NULL;
    if (path == NULL || strcmp(path, "/mcp") != 0) {
        return refuse(404, "the server is at /mcp");
    }
    if (evhttp_request_get_command(request) != EVHTTP_REQ_POST) {
        return refuse(405, "only POST is served");
    }
    const char *type = mcp_http_header(request, "Content-Type");
    if (type == NULL || !is_type(type, strlen(type), "application/json")) {
        return refuse(415, "the Content-Type is not application/json");
    }
    const char *accept = mcp_http_header(request, "Accept");
    accept = accept != NULL ? accept : "*/*";
    v.takes_stream = accepts(accept, "text/event-stream");
    v.takes_json = accepts(accept, "application/json") || accepts(accept, "*/*") ||
                   accepts(accept, "application/*");
    if (!v.takes_json && !v.takes_stream) {
        return refuse(
            406, "neither application/json nor text/event-stream is in Accept");
    }
    return v;
}
