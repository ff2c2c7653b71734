/* Resources, prompts and completion of the offer. */
#ifndef MCP_RESOURCES_H
#define MCP_RESOURCES_H

#include "state.h"

/* JSON lists for the offer; free(). NULL = memory ran out. */
char *mcp_templates_json(void);
char *mcp_prompts_json(void);

/* Names that can be completed, as lists of texts: topics of the guide, codes, handles of a kind
 * in the workspace. */
json_t *mcp_topics(void);
json_t *mcp_codes(void);
json_t *mcp_handles(const mcp_state *s, const char *kind);

/* The members of an object as a body. */
void mcp_reply_object(mcp_reply *reply, const json_t *object);

/* Callbacks of the offer. */
void mcp_list_resources(
    void *user, const char *cursor, mcp_call *call, mcp_reply *reply);
void mcp_read_resource(void *user, const char *uri, mcp_call *call, mcp_reply *reply);
void mcp_get_prompt(void *user, const char *name, const json_t *arguments,
    mcp_call *call, mcp_reply *reply);
void mcp_complete(void *user, const json_t *params, mcp_call *call, mcp_reply *reply);

#endif
