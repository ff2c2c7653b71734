/* A failure of the offer, in the same words as those of the library: what, and what to do. */
#ifndef MCP_FAIL_H
#define MCP_FAIL_H

#include <upshot/status.h>

/* Fills the error; field and fix may be NULL. */
void mcp_tell_failure(up_error *err, up_status status, const char *field,
    const char *fix, const char *format, ...) UP_PRINTF(5, 6);

/* The same, and gives the status; a macro, so that compilers see that it is none but this. */
#define mcp_fail(err, status, field, fix, ...)                                         \
    (mcp_tell_failure((err), (status), (field), (fix), __VA_ARGS__),                   \
        (up_status)(status))
#define mcp_fail_memory(err)                                                           \
    mcp_fail((err), UP_E_NO_MEMORY, NULL, "ask for less at once", "memory ran out")

#endif
