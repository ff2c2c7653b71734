/* Carrying out a call: guards, the verb, the journal, and what is added to its result. */
#ifndef MCP_ANSWER_H
#define MCP_ANSWER_H

#include "resolve.h"

/* Result or refusal as the members of a tool result. NULL body = memory ran out. */
void mcp_answer_tool(const mcp_state *s, const mcp_tool *tool, const json_t *arguments,
    mcp_call *call, mcp_reply *reply);
/* The members of a result: the JSON as text and as structure. NULL = memory ran out. */
char *mcp_success_body(const char *json);
/* Of a failure, as the text that a model reads. */
char *mcp_failure_body(const mcp_state *s, const mcp_tool *tool,
    const json_t *arguments, const mcp_asked *q, const up_error *err);

#endif
