/* Which version of the protocol a request speaks. */
#ifndef MCP_ERA_H
#define MCP_ERA_H

#include "message.h"
#include "rpc.h"
#include "text.h"

enum mcp_era { MCP_ERA_MODERN, MCP_ERA_LEGACY };

/* Settles it by the request alone and, over HTTP, its headers. A request that is wrong in this
 * gets its fault. */
enum mcp_era mcp_era_settle(mcp_message *m, const mcp_headers *headers);
/* The version that answers an `initialize` which asks for this one: itself, or the newest. */
const char *mcp_era_agree(const char *asked);
/* A JSON array of all versions, the newest first. */
void mcp_era_list(mcp_text *t);
/* True when messages may come in batches: 2025-03-26 alone has them. NULL = no version was
 * named, which over HTTP stands for that one. */
bool mcp_era_has_batches(const mcp_wire *wire);

#endif
