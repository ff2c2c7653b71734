/* Commands of the program as calls of tools: what a result or a refusal suggests. */
#ifndef MCP_CALLS_H
#define MCP_CALLS_H

#include "resolve.h"

/* The call that a command stands for, {"tool", "arguments"}; NULL where no tool does it or the
 * text is no command. What `q` was asked of (NULL = nothing) is named by its handles. */
json_t *mcp_call_of_command(
    const mcp_state *s, const mcp_asked *q, const char *command);
/* The text with options as arguments and commands as calls; free(). NULL = memory ran out. */
char *mcp_words_for_tools(const mcp_state *s, const mcp_asked *q, const char *text);
/* Options with values in a text ("--inference anytime") as arguments of the tool's verb;
 * an empty object where there are none. */
json_t *mcp_arguments_in(const up_verb *v, const char *text);
/* `arguments` (names and texts of the verb) as a call may give them: numbers as numbers, lists
 * as lists, and what has no property in "options". */
json_t *mcp_call_arguments(
    const mcp_tool *t, const up_verb *v, const json_t *arguments);

#endif
