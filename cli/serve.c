/* The agent's door. The protocol and what is offered over it are in mcp/; here the command line
 * becomes their options. */
#include "cli.h"
#include "offer.h"
#include "server.h"

#include <stdlib.h>
#include <string.h>

bool
cli_serves(const up_command *c)
{
    return strcmp(up_command_get(c)->verb, "mcp") == 0;
}

up_status
cli_serve(const up_command *c, int *exit_code, up_error *err)
{
    int64_t n = 0;
    const up_argument *arguments = up_command_arguments(c, &n);
    const char **allow = calloc((size_t)n + 1, sizeof *allow);
    mcp_offer_opts opts = {.allow = allow};
    mcp_offer offer = {0};
    const char *port = NULL;
    if (allow == NULL) {
        return cli_fail(err, UP_E_NO_MEMORY, "", "memory ran out", "");
    }
    for (int64_t i = 0; i < n; i++) {
        const char *name = arguments[i].name, *value = arguments[i].value;
        if (strcmp(name, "allow") == 0) {
            allow[opts.n_allow++] = value;
        } else if (strcmp(name, "cache") == 0) {
            opts.cache = value;
        } else {
            port = value;
        }
    }
    up_status status = mcp_offer_open(&opts, &offer, err);
    if (status == UP_OK) {
        *exit_code = port == NULL ? mcp_serve_stdio(&offer)
                                  : mcp_serve_http(&offer, (int)strtol(port, NULL, 10));
        mcp_offer_close(&offer);
    }
    free(allow);
    return status;
}
