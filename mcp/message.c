/* One JSON-RPC 2.0 message. A request is answered with its id even where something else in it
 * is wrong, because its sender waits for that id; only where the id itself cannot be read is
 * it null, as JSON-RPC has it. A notification is never answered. */
#include "message.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void
mcp_fault_set(mcp_fault *f, int code, int http_status, const char *format, ...)
{
    va_list arguments;
    f->code = code;
    f->http_status = http_status;
    va_start(arguments, format);
    (void)vsnprintf(f->text, sizeof f->text, format, arguments);
    va_end(arguments);
}

static void
refuse(mcp_message *m, const char *text)
{
    if (m->fault.code == 0) {
        mcp_fault_set(&m->fault, MCP_E_REQUEST, 400, "%s", text);
    }
}

/* The text of a JSON string, NULL for other kinds and for what C cannot hold. */
static char *
read_string(mcp_span value)
{
    json_t *j =
        value.s[0] == '"' ? json_loadb(value.s, value.n, JSON_DECODE_ANY, NULL) : NULL;
    const char *s = json_string_value(j);
    char *copy = s != NULL ? strdup(s) : NULL;
    json_decref(j);
    return copy;
}

static void
read_id(mcp_message *m, mcp_span object)
{
    mcp_span id = {0};
    size_t count = mcp_json_member(object, "id", &id);
    m->kind = count == 0 ? MCP_MESSAGE_NOTIFICATION : MCP_MESSAGE_REQUEST;
    if (count == 0) {
        return;
    }
    m->key = count == 1 ? mcp_json_key(id) : NULL;
    if (m->key == NULL) {
        refuse(m, count > 1 ? "the message has more than one id"
                            : "the id is neither a string nor a number");
        return;
    }
    m->id = mcp_json_copy(id);
}

static void
read_method(mcp_message *m, mcp_span object)
{
    mcp_span version = {0}, method = {0}, other = {0};
    size_t count = mcp_json_member(object, "method", &method);
    if (count == 0 && (mcp_json_member(object, "result", &other) > 0 ||
                          mcp_json_member(object, "error", &other) > 0)) {
        m->kind = MCP_MESSAGE_RESPONSE;
        return;
    }
    if (mcp_json_member(object, "jsonrpc", &version) != 1 || version.n != 5 ||
        memcmp(version.s, "\"2.0\"", 5) != 0) {
        refuse(m, "\"jsonrpc\" is not \"2.0\"");
    }
    m->method = count == 1 ? read_string(method) : NULL;
    if (m->method == NULL) {
        refuse(m, count > 1    ? "the message has more than one method"
                  : count == 0 ? "the message has no method"
                               : "the method is not a string");
    }
}

/* Texts that must stay as they were written. */
static void
read_raw(mcp_message *m, mcp_span params)
{
    mcp_span meta = {0}, token = {0}, id = {0};
    if (mcp_json_member(params, "requestId", &id) == 1 &&
        strcmp(m->method, "notifications/cancelled") == 0) {
        m->cancels = mcp_json_key(id);
    }
    const json_t *j =
        json_object_get(json_object_get(m->params, "_meta"), "progressToken");
    if ((json_is_string(j) || json_is_integer(j)) &&
        mcp_json_member(params, "_meta", &meta) == 1 &&
        mcp_json_member(meta, "progressToken", &token) == 1) {
        m->token = mcp_json_copy(token);
    }
}

static void
read_params(mcp_message *m, mcp_span object)
{
    mcp_span params = {0};
    json_error_t error;
    size_t count = mcp_json_member(object, "params", &params);
    if (m->fault.code != 0 || m->kind == MCP_MESSAGE_RESPONSE) {
        return;
    }
    if (count == 0 || (params.n == 4 && params.s[0] == 'n')) {
        m->params = json_object();
        return;
    }
    if (count > 1 || params.s[0] != '{') {
        mcp_fault_set(&m->fault, MCP_E_PARAMS, 0,
            count > 1 ? "the message has more than one params"
                      : "params is not an object");
        return;
    }
    m->params = json_loadb(params.s, params.n, JSON_REJECT_DUPLICATES, &error);
    if (m->params == NULL) {
        mcp_fault_set(
            &m->fault, MCP_E_PARAMS, 0, "params cannot be read: %s", error.text);
        return;
    }
    read_raw(m, params);
}

void
mcp_message_read(mcp_message *m, mcp_span text, size_t depth)
{
    *m = (mcp_message){0};
    text = mcp_json_trim(text);
    if (text.s[0] != '{') {
        m->kind = MCP_MESSAGE_REQUEST;
        refuse(m, text.s[0] == '['
                      ? "batches are not part of this version of the protocol"
                      : "the message is not an object");
        return;
    }
    read_id(m, text);
    read_method(m, text);
    if (depth > MCP_DEEPEST && m->fault.code == 0) {
        mcp_fault_set(&m->fault, MCP_E_REQUEST, 400,
            "the message is %zu levels deep; at most %d are read", depth, MCP_DEEPEST);
    }
    read_params(m, text);
    if (m->kind == MCP_MESSAGE_NOTIFICATION && m->fault.code == MCP_E_REQUEST) {
        m->kind =
            MCP_MESSAGE_REQUEST; /* it is none: JSON-RPC answers it, with id null */
    }
}

void
mcp_message_clear(mcp_message *m)
{
    free(m->id);
    free(m->key);
    free(m->method);
    free(m->token);
    free(m->cancels);
    free(m->fault.data);
    json_decref(m->params);
    *m = (mcp_message){0};
}
