/* A failure of the offer, in the same words as those of the library: what, and what to do. */
#ifndef MCP_FAIL_H
#define MCP_FAIL_H

#include <upshot/status.h>

/* field and fix may be NULL. Gives the status. */
up_status mcp_fail(up_error *err, up_status status, const char *field, const char *fix,
    const char *format, ...) UP_PRINTF(5, 6);
up_status mcp_fail_memory(up_error *err);

#endif
