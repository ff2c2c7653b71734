/* The offer of the test server. */
#ifndef MCP_FIXTURE_H
#define MCP_FIXTURE_H

#include "server.h"

void fixture_offer(mcp_offer *offer);

/* fixture_input.c: the calls that ask the client for input before they answer. False when it
 * is none of them. */
bool fixture_input_call(const char *name, const mcp_call *call, mcp_reply *reply);
void fixture_input_prompt(const mcp_call *call, mcp_reply *reply);

/* A copy from malloc(). */
char *fixture_text(const char *s);

#endif
