/* What the program offers over the protocol: tools, resources, prompts and completion, from the
 * catalog of verbs. */
#ifndef MCP_OFFER_H
#define MCP_OFFER_H

#include "server.h"

#include <upshot/status.h>

#include <stdint.h>

typedef struct mcp_offer_opts {
    /* directories whose files may be read, with everything below; n_allow 0 = the working
     * directory */
    const char *const *allow;
    int64_t n_allow;
    /* where designs, capsules and answers are kept; NULL = upshot in the user's cache */
    const char *cache;
} mcp_offer_opts;

/* Opens the workspace and writes the lists. UP_E_SOURCE (allow), UP_E_WRITE (cache),
 * UP_E_NO_MEMORY. Close with mcp_offer_close(), after the last callback has returned. */
up_status mcp_offer_open(const mcp_offer_opts *opts, mcp_offer *out, up_error *err);
void mcp_offer_close(mcp_offer *offer);

#endif
