/* What the protocol asks of whoever offers tools. The protocol (rpc, stdio, http) knows no
 * tool; an offer knows no transport and no protocol era. The program's offer is in offer.c,
 * that of the conformance suite in tests/mcp. */
#ifndef MCP_SERVER_H
#define MCP_SERVER_H

#include <jansson.h>
#include <stdbool.h>

/* One running request, handed to the callbacks of an offer. */
typedef struct mcp_call mcp_call;

/* Tells how far the call is, 0 to 1. Sent at most four times a second, only ever upwards, and
 * only where the client asked for it. */
void mcp_progress(mcp_call *call, double fraction, const char *message);
/* True once the client has cancelled the request or gone away. May be asked by any thread. */
bool mcp_cancelled(const mcp_call *call);
/* The params of the request, an object: "_meta" and, after MCP_INPUT_REQUIRED,
 * "inputResponses" and "requestState" stand here. */
const json_t *mcp_params(const mcp_call *call);
/* True for the stateless era (2026-07-28 and later). */
bool mcp_modern(const mcp_call *call);

enum mcp_outcome {
    MCP_OK = 0,
    MCP_BAD_PARAMS, /* JSON-RPC -32602: no such tool, resource, prompt; text says which */
    MCP_INTERNAL,   /* JSON-RPC -32603 */
    MCP_INPUT_REQUIRED,   /* modern only: body is the whole result but resultType */
    MCP_NEEDS_CAPABILITY, /* modern only: -32021; body is data.requiredCapabilities */
};

/* What a callback answers. Texts are from malloc() and are freed by the protocol. */
typedef struct mcp_reply {
    enum mcp_outcome outcome;
    /* The members of the result as JSON text without the braces and without "_meta", written to
     * the wire byte for byte: for a tool '"content":[...],"structuredContent":{...}'. Without
     * line breaks. */
    char *body;
    /* What went wrong, for outcomes other than MCP_OK. */
    char *text;
} mcp_reply;

/* Everything a server offers. All callbacks may run on any thread, several at a time. */
typedef struct mcp_offer {
    const char *name;         /* "upshot" */
    const char *title;        /* for people */
    const char *version;      /* of the program */
    const char *instructions; /* what a model reads before the first call */
    void *user;               /* handed to the callbacks */
    /* JSON arrays in a fixed order; NULL = the capability is not declared. They live as long
     * as the offer. */
    const char *tools;
    const char *resource_templates;
    const char *prompts;
    void (*call_tool)(void *user, const char *name, const json_t *arguments,
        mcp_call *call, mcp_reply *reply);
    /* NULL = no resources. A page of the list: body is '"resources":[...]' and perhaps
     * '"nextCursor":"..."'; cursor is NULL for the first page. */
    void (*list_resources)(
        void *user, const char *cursor, mcp_call *call, mcp_reply *reply);
    void (*read_resource)(
        void *user, const char *uri, mcp_call *call, mcp_reply *reply);
    void (*get_prompt)(void *user, const char *name, const json_t *arguments,
        mcp_call *call, mcp_reply *reply);
    /* NULL = no completion. `params` are those of completion/complete. */
    void (*complete)(
        void *user, const json_t *params, mcp_call *call, mcp_reply *reply);
} mcp_offer;

/* Serves until the end of standard input; every request read is answered unless its client is
 * gone. Gives the exit code of the program. */
int mcp_serve_stdio(const mcp_offer *offer);
/* Serves POST /mcp on 127.0.0.1 until SIGINT or SIGTERM; port 0 takes a free one. The address
 * is told on standard error. */
int mcp_serve_http(const mcp_offer *offer, int port);

#endif
