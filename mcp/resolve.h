/* From the arguments of a tool to the request of a verb, which is one that the program would
 * answer alike. */
#ifndef MCP_RESOLVE_H
#define MCP_RESOLVE_H

#include "state.h"
#include "tools.h"

#include <upshot/catalog.h>

typedef struct mcp_asked {
    const mcp_tool *tool;
    const mcp_role *role;
    const up_verb *verb;
    /* option (in JSON, with '_') -> text or list of texts: what up_call() is given */
    json_t *arguments;
    mcp_data data;           /* the rows; path NULL = none are read */
    char design[MCP_HANDLE]; /* "" = none */
    char fit[MCP_HANDLE];    /* the one asked, or the one that is made */
    char policy[MCP_HANDLE]; /* the one that is made */
    json_t *fitted;          /* head of the record of the fit that was given; or NULL */
    bool detailed;
} mcp_asked;

/* E_USAGE, E_ARGUMENT, E_SOURCE, E_NO_MEMORY; names in the message are those of the tool. */
up_status mcp_resolve(const mcp_state *s, const mcp_tool *tool, const json_t *arguments,
    mcp_asked *out, up_error *err);
void mcp_asked_clear(mcp_asked *q);

/* The arguments as up_call() takes them, in the order of the options; free() the list, whose
 * texts live as long as the arguments. NULL = memory ran out. */
up_argument *mcp_arguments_list(const up_verb *v, const json_t *arguments, int64_t *n);
/* The command line that gives the same bytes; free(). NULL = memory ran out. */
char *mcp_arguments_command(const up_verb *v, const json_t *arguments, bool full);
/* The first text of an argument, or NULL. */
const char *mcp_argument_text(const json_t *arguments, const char *option);

#endif
