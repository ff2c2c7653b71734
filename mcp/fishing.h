/* Segments are looked at one after another, and the one that stands out is reported: then its
 * interval no longer holds. Here it does. */
#ifndef MCP_FISHING_H
#define MCP_FISHING_H

#include "resolve.h"

/* Carries out the request as it is (answer.c). */
up_status mcp_run_verb(const mcp_state *s, const mcp_asked *q, up_run *run,
    up_result **out, up_error *err);

/* The conditions of the rows of a result, each once; NULL = memory ran out. */
json_t *mcp_segments_of(up_result *r);
/* What the guard works with. */
typedef struct mcp_fishing {
    const mcp_state *state;
    const char *family, *scope; /* of the journal; family "" = nothing is counted */
    up_run *run;
    json_t *agent; /* what is told */
} mcp_fishing;

/* Where more than one condition has been asked of a fit by now and the request does not say
 * how they are adjusted: asks for all of them at once, adjusted, in place of *result, and tells
 * so in `agent`. q->arguments is the request that gave the result. */
up_status mcp_fishing_guard(
    const mcp_fishing *f, mcp_asked *q, up_result **result, up_error *err);

#endif
