/* Messages of the agent's door: whatever the bytes and whatever way they came, nothing or one
 * answer that is JSON and JSON-RPC, the offer is never asked with what it does not expect, and
 * nothing is leaked. What a JSON library reads, the check in place must read as well. */
#include "json.h"
#include "rpc.h"
#include "tiny_offer.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/* The name is the fuzzer's. NOLINTNEXTLINE(readability-identifier-naming) */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
must(bool holds)
{
    if (!holds) {
        abort();
    }
}

/* In the place of the tools of the small offer, some of which take their time. */
static void
call_tool(void *user, const char *name, const json_t *arguments, mcp_call *call,
    mcp_reply *reply)
{
    (void)user;
    must(name != NULL && json_is_object(arguments) && json_is_object(mcp_params(call)));
    mcp_progress(call, 0.5, name);
    char *text = json_dumps(arguments, JSON_COMPACT);
    size_t n = text != NULL ? strlen(text) : 0;
    reply->body = malloc(n + 16);
    must(text != NULL && reply->body != NULL);
    memcpy(reply->body, "\"content\":", 10);
    memcpy(reply->body + 10, text, n + 1);
    free(text);
}

static void
check_message(mcp_span m)
{
    mcp_span value;
    must(mcp_json_check(m).valid && m.s[0] == '{');
    must(mcp_json_member(m, "jsonrpc", &value) == 1);
    must(value.n == 5 && memcmp(value.s, "\"2.0\"", 5) == 0);
    size_t method = mcp_json_member(m, "method", &value);
    size_t id = mcp_json_member(m, "id", &value);
    size_t result = mcp_json_member(m, "result", &value);
    size_t error = mcp_json_member(m, "error", &value);
    must(method == 1 ? id + result + error == 0 : id == 1 && result + error == 1);
}

static void
hear(void *user, const char *text, size_t n)
{
    (void)user;
    check_message((mcp_span){text, n});
}

static void
check_answer(const mcp_answer *a)
{
    mcp_span whole = {a->text, a->n}, part;
    size_t at = 0;
    must(memchr(a->text, '\n', a->n) == NULL && strlen(a->text) == a->n);
    if (a->text[0] != '[') {
        check_message(whole);
        return;
    }
    while (mcp_json_next(whole, &at, &part)) {
        check_message(part);
    }
}

static void
check_against_library(const char *text, size_t size)
{
    json_t *j = json_loadb(text, size, JSON_DECODE_ANY | JSON_ALLOW_NUL, NULL);
    must(j == NULL || mcp_json_check((mcp_span){text, size}).valid);
    json_decref(j);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    tiny_state state = {0};
    mcp_offer offer = tiny_offer(&state);
    offer.call_tool = call_tool;
    const mcp_headers modern = {"2026-07-28", "tools/call", "=?base64?ZWNobw==?="};
    const mcp_headers none = {0};
    const mcp_wire wires[] = {{.send = hear}, {.send = hear, .version = "2025-03-26"},
        {.send = hear, .headers = &modern}, {.headers = &none}};
    const char *text = (const char *)data;
    check_against_library(text, size);
    for (size_t i = 0; i < sizeof wires / sizeof wires[0]; i++) {
        mcp_request *r = mcp_request_read(&offer, &wires[i], text, size);
        must(r != NULL);
        enum mcp_kind kind = mcp_request_kind(r);
        const char *id = mcp_request_cancels(r);
        must(id == NULL || (kind == MCP_SILENT && !mcp_request_cancel(r, id)));
        mcp_answer a = mcp_request_answer(r);
        must((a.text == NULL) == (kind == MCP_SILENT));
        must((a.http_status == 202) == (kind == MCP_SILENT));
        if (a.text != NULL) {
            check_answer(&a);
        }
        free(a.text);
        mcp_request_free(r);
    }
    return 0;
}
