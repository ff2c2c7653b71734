/* What the callbacks of the offer share. Nothing in it changes after it was opened: what calls
 * make is in the workspace. */
#ifndef MCP_STATE_H
#define MCP_STATE_H

#include "allow.h"
#include "server.h"
#include "workspace.h"

typedef struct mcp_state {
    mcp_allow allow; /* the directories, and as the last one the workspace */
    mcp_workspace workspace;
    char *tools, *prompts, *templates; /* JSON lists */
} mcp_state;

#endif
