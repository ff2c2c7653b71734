/* A running request as the offer sees it. */
#ifndef MCP_CALL_H
#define MCP_CALL_H

#include "rpc.h"

#include <pthread.h>
#include <stdatomic.h>
#include <time.h>

struct mcp_call {
    const mcp_wire *wire;
    const json_t *params; /* an object; borrowed, as is the token */
    bool modern;
    atomic_bool cancelled;
    pthread_mutex_t lock; /* guards what follows */
    const char *token;    /* JSON of the progress token, NULL = not asked for */
    double fraction;      /* the last one told; negative before the first */
    struct timespec told;
    bool over; /* no progress is told from now on */
};

/* False when the system has no lock to give. */
bool mcp_call_open(mcp_call *c, const mcp_wire *wire);
/* No progress is told once this has returned. Any thread. */
void mcp_call_cancel(mcp_call *c);
void mcp_call_end(mcp_call *c);
void mcp_call_close(mcp_call *c);

#endif
