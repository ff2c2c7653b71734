/* A server that offers what the conformance suite of the protocol asks for by name
 * (SERVER_REQUIREMENTS.md of the suite), and a few calls that let the other tests see
 * cancellation. It links the protocol and nothing else of Upshot, and is not installed.
 *     mcp_fixture                         over standard input and output
 *     mcp_fixture --http PORT [SECONDS]   over HTTP; a request may take that long to arrive */
#include "fixture.h"

#include "http.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int
main(int argc, char **argv)
{
    mcp_offer offer;
    fixture_offer(&offer);
    if (argc == 1) {
        return mcp_serve_stdio(&offer);
    }
    if (argc >= 3 && strcmp(argv[1], "--http") == 0) {
        int seconds = argc > 3 ? atoi(argv[3]) : 30;
        mcp_http_limits limits = {
            .connections = 32, .request_s = seconds, .idle_s = 2 * seconds};
        return mcp_serve_http_within(&offer, atoi(argv[2]), &limits);
    }
    (void)fputs("usage: mcp_fixture [--http PORT [SECONDS]]\n", stderr);
    return 2;
}
