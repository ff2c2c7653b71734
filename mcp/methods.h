/* The methods of the protocol: what each asks of the offer and what it answers. */
#ifndef MCP_METHODS_H
#define MCP_METHODS_H

#include "call.h"
#include "era.h"

/* One request on its way to a result. */
typedef struct mcp_work {
    const mcp_offer *offer;
    mcp_call *call;
    mcp_text body;           /* the members of the result but those of every result */
    const char *result_type; /* modern */
    mcp_fault *fault;
} mcp_work;

typedef struct mcp_method {
    const char *name;
    enum mcp_kind kind;
    bool modern, legacy; /* the eras that have it */
    /* What the offer must have for it; NULL = nothing. */
    bool (*offered)(const mcp_offer *offer);
    void (*run)(mcp_work *w);
    /* Modern: how long a client may keep the result, in ms; negative = it is not told. */
    long keep;
    bool is_public; /* and whether it may share it */
} mcp_method;

/* NULL where this offer does not have the method in this era. */
const mcp_method *mcp_method_find(
    const mcp_offer *offer, const char *name, enum mcp_era era);
/* The object with name, title and version. */
void mcp_server_info(mcp_text *t, const mcp_offer *offer);

#endif
