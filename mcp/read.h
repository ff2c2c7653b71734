/* What earlier calls made and what the guide holds, as text. */
#ifndef MCP_READ_H
#define MCP_READ_H

#include "state.h"
#include "tools.h"

/* The stored answer of an effect or result handle with the rows from `offset`, at most
 * `most` of them, byte for byte as they were given; the rest of it unchanged. free(). */
up_status mcp_read_answer(const mcp_state *s, const char *handle, int64_t offset,
    int64_t most, char **out, up_error *err);
/* The record of a design or fit as JSON: what was declared. free(). */
up_status mcp_read_record(const mcp_state *s, const char *handle, const char *kind,
    char **out, up_error *err);
/* The tool guide: a topic, a code, or rows of an earlier answer. */
void mcp_answer_guide(const mcp_state *s, const mcp_tool *tool, const json_t *arguments,
    mcp_call *call, mcp_reply *reply);

#endif
