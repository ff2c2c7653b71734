/* One JSON-RPC 2.0 message, before any meaning of its method. */
#ifndef MCP_MESSAGE_H
#define MCP_MESSAGE_H

#include "json.h"

#include <jansson.h>

/* What a request is refused with. */
typedef struct mcp_fault {
    int code;        /* of JSON-RPC; 0 = no fault */
    int http_status; /* 0 = 200 */
    char text[512];
    char *data; /* JSON, from malloc(), or NULL */
} mcp_fault;

enum {
    MCP_E_PARSE = -32700,
    MCP_E_REQUEST = -32600,
    MCP_E_METHOD = -32601,
    MCP_E_PARAMS = -32602,
    MCP_E_INTERNAL = -32603,
    MCP_E_NO_RESOURCE = -32002, /* up to 2025-11-25 */
    MCP_E_HEADER = -32020,
    MCP_E_CAPABILITY = -32021,
    MCP_E_VERSION = -32022,
};

/* Arrays and objects that a message may hold inside one another. */
enum { MCP_DEEPEST = 128 };

void mcp_fault_set(mcp_fault *f, int code, int http_status, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

enum mcp_message_kind {
    MCP_MESSAGE_REQUEST,
    MCP_MESSAGE_NOTIFICATION,
    MCP_MESSAGE_RESPONSE
};

typedef struct mcp_message {
    enum mcp_message_kind kind;
    char *id;     /* as it was written; NULL where there is none that can be answered */
    char *key;    /* of the id, see mcp_json_key() */
    char *method; /* NULL where it cannot be read */
    json_t *params; /* an object unless there is a fault */
    char *token;    /* _meta.progressToken as it was written, or NULL */
    char *cancels; /* the key of params.requestId of notifications/cancelled, or NULL */
    mcp_fault fault;
} mcp_message;

/* Reads a value that mcp_json_check() found valid and `depth` deep. A message comes out
 * whatever the text says, perhaps with a fault. */
void mcp_message_read(mcp_message *m, mcp_span text, size_t depth);
void mcp_message_clear(mcp_message *m);

#endif
