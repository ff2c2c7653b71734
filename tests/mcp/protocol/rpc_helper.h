/* What the tests of the protocol share. */
#ifndef RPC_HELPER_H
#define RPC_HELPER_H

#include "rpc.h"
#include "tiny_offer.h"
#include "up_test.h"

#define VERSION      "io.modelcontextprotocol/protocolVersion"
#define CAPABILITIES "io.modelcontextprotocol/clientCapabilities"
#define META         "\"_meta\":{\"" VERSION "\":\"2026-07-28\",\"" CAPABILITIES "\":{}}"

tiny_state *mcp_test_state(void);
/* One that says nothing of its version and sends nothing. */
const mcp_wire *mcp_test_wire(void);
mcp_answer mcp_test_answer(
    const mcp_offer *offer, const mcp_wire *wire, const char *text, size_t n);
/* The answer of the small offer read back; NULL when nothing is to be sent. */
json_t *mcp_test_ask_over(const mcp_wire *wire, const char *text, int *http_status);
json_t *mcp_test_ask(const char *text);
/* params without its braces. */
json_t *mcp_test_ask_method(const char *method, const char *params);
/* The code of an answer, 0 = it is a result. */
int mcp_test_code(const json_t *answer);
void mcp_test_expect(const char *method, const char *params, int code);
/* The member at a path, e.g. "result.capabilities". */
const json_t *mcp_test_at(const json_t *j, const char *path);
const char *mcp_test_text(const json_t *j, const char *path);

#endif
