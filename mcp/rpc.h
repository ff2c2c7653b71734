/* The protocol without a transport: bytes of one message in, the answer out. stdio and HTTP
 * share it. A request may be read, answered and cancelled on different threads. */
#ifndef MCP_RPC_H
#define MCP_RPC_H

#include "server.h"

#include <stddef.h>

/* The longest message that is read, in bytes. */
#define MCP_LONGEST_MESSAGE ((size_t)16 << 20)

/* What HTTP says besides the message; NULL = the header is absent. Mcp-Name is compared after
 * its base64 form, if it has one, is undone by the protocol. */
typedef struct mcp_headers {
    const char *version; /* MCP-Protocol-Version */
    const char *method;  /* Mcp-Method */
    const char *name;    /* Mcp-Name */
} mcp_headers;

/* Where a request came from. It must outlive the request. */
typedef struct mcp_wire {
    void *user;
    /* Sends a whole message (progress), without a line break, while the answer is worked on.
     * Any thread, one at a time; cancellation waits for it, so that it must not block. NULL = nothing but the answer can be sent. HTTP begins its
     * event stream at the first of them. */
    void (*send)(void *user, const char *text, size_t n);
    /* True once nobody waits for the answer. Any thread. NULL = cannot be told. */
    bool (*gone)(void *user);
    /* stdio: the version that the last `initialize` settled, NULL before it. */
    const char *version;
    /* HTTP: never NULL. stdio: NULL. */
    const mcp_headers *headers;
} mcp_wire;

/* One message; a batch (2025-03-26 only) is one as well. */
typedef struct mcp_request mcp_request;

enum mcp_kind {
    MCP_SILENT, /* notifications and responses: nothing is answered, HTTP status 202 */
    MCP_QUICK,  /* answered from memory, and everything that is refused */
    MCP_WORK,   /* asks the offer; may take long */
};

typedef struct mcp_answer {
    char *text; /* from malloc(), without a line break; NULL = nothing is to be sent */
    size_t n;
    int http_status; /* 200, 202, 400 or 404; 500 when memory ran out */
} mcp_answer;

/* Reads n <= MCP_LONGEST_MESSAGE bytes, which are not needed afterwards. Whatever they are, a
 * request comes out, which perhaps only says what is wrong with them; NULL = memory ran out. */
mcp_request *mcp_request_read(
    const mcp_offer *offer, const mcp_wire *wire, const char *bytes, size_t n);
/* The refusal of a message that was too long to be read. */
mcp_request *mcp_request_too_long(const mcp_offer *offer, const mcp_wire *wire);
enum mcp_kind mcp_request_kind(const mcp_request *r);
/* The legacy version that an `initialize` settles for the process, or NULL. Static text. */
const char *mcp_request_settles(const mcp_request *r);
/* The id that a notifications/cancelled names, or NULL. Ids are compared as these keys: the
 * same for "a" and "\u0061", different for 1 and "1". */
const char *mcp_request_cancels(const mcp_request *r);
/* True when it has an id of its own in common with the other. */
bool mcp_request_collides(const mcp_request *r, const mcp_request *other);
/* Turns it into the refusal of a request whose id is in use, and of one that finds the queue
 * full. */
void mcp_request_refuse_id(mcp_request *r);
void mcp_request_refuse_busy(mcp_request *r);
/* Cancels the part with this id, or all of it (NULL); false when there is none. Nothing is
 * sent for that part from now on. Any thread. */
bool mcp_request_cancel(mcp_request *r, const char *id);
/* True when every part that wants an answer is cancelled. */
bool mcp_request_cancelled(const mcp_request *r);
/* Works it out, once. text is NULL where nothing is to be sent. */
mcp_answer mcp_request_answer(mcp_request *r);
void mcp_request_free(mcp_request *r);

#endif
