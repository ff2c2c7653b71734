#include "tiny_offer.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static void
pause_ms(long ms)
{
    struct timespec t = {.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000};
    (void)nanosleep(&t, NULL);
}

/* For the given time in ms or until it is cancelled; progress as often as it can be. */
static void
wait_ms(tiny_state *state, double ms, mcp_call *call, mcp_reply *reply)
{
    int64_t steps = (int64_t)(ms / 5);
    (void)atomic_fetch_add(&state->begun, 1);
    for (int64_t i = 0; i < steps; i++) {
        if (mcp_cancelled(call)) {
            (void)atomic_fetch_add(&state->stopped, 1);
            reply->outcome = MCP_INTERNAL;
            reply->text = strdup("stopped");
            return;
        }
        mcp_progress(call, (double)i / (double)steps, "a \"step\"\n");
        pause_ms(5);
    }
    mcp_progress(call, 1, NULL);
    reply->body = strdup("\"content\":[]");
}

static void
count(tiny_state *state, mcp_reply *reply)
{
    char text[128];
    (void)snprintf(text, sizeof text, "\"content\":[],\"begun\":%d,\"stopped\":%d",
        atomic_load(&state->begun), atomic_load(&state->stopped));
    reply->body = strdup(text);
}

static void
call_tool(void *user, const char *name, const json_t *arguments, mcp_call *call,
    mcp_reply *reply)
{
    tiny_state *state = user;
    if (strcmp(name, "numbers") == 0) {
        /* As a JSON library would not print them, and broken into lines. */
        reply->body = strdup("\"content\":[],\"structuredContent\":{\"a\":0.1,\n"
                             "\"b\":1e-7,\"c\":1.10,\"d\":12345678901234567890}");
    } else if (strcmp(name, "echo") == 0) {
        char *text = json_dumps(arguments, JSON_COMPACT | JSON_SORT_KEYS);
        size_t n = text != NULL ? strlen(text) + 64 : 0;
        char *body = text != NULL ? malloc(n) : NULL;
        if (body != NULL) {
            (void)snprintf(
                body, n, "\"content\":[],\"structuredContent\":{\"got\":%s}", text);
        }
        free(text);
        reply->body = body;
    } else if (strcmp(name, "wait") == 0) {
        wait_ms(
            state, json_number_value(json_object_get(arguments, "ms")), call, reply);
    } else if (strcmp(name, "deaf") == 0) { /* does not ask whether it is cancelled */
        mcp_progress(call, 0, NULL);
        pause_ms(60000);
    } else if (strcmp(name, "era") == 0) {
        reply->body =
            strdup(mcp_modern(call) ? "\"era\":\"modern\"" : "\"era\":\"legacy\"");
    } else if (strcmp(name, "token") == 0) {
        const json_t *meta = json_object_get(mcp_params(call), "_meta");
        char text[64];
        (void)snprintf(text, sizeof text, "\"token\":%d",
            (int)json_integer_value(json_object_get(meta, "progressToken")));
        reply->body = strdup(text);
    } else if (strcmp(name, "count") == 0) {
        count(state, reply);
    } else if (strcmp(name, "big") == 0) {
        json_int_t n = json_integer_value(json_object_get(arguments, "bytes"));
        reply->body = calloc((size_t)n + 32, 1);
        if (reply->body != NULL) {
            memcpy(reply->body, "\"text\":\"", 8);
            memset(reply->body + 8, 'x', (size_t)n);
            reply->body[8 + n] = '"';
        }
    } else if (strcmp(name, "fail") == 0) {
        reply->outcome = MCP_INTERNAL;
        reply->text = strdup("it broke");
    } else if (strcmp(name, "nothing") == 0) {
        reply->outcome = MCP_OK; /* as when memory ran out */
    } else if (strcmp(name, "ask") == 0) {
        reply->outcome = MCP_INPUT_REQUIRED;
        reply->body = strdup("\"inputRequests\":{},\"requestState\":\"s\"");
    } else if (strcmp(name, "need") == 0) {
        reply->outcome = MCP_NEEDS_CAPABILITY;
        reply->body = strdup("{\"sampling\":{}}");
        reply->text = strdup("it needs sampling");
    } else {
        reply->outcome = MCP_BAD_PARAMS;
        reply->text = strdup("there is no such tool");
    }
}

static void
list_resources(void *user, const char *cursor, mcp_call *call, mcp_reply *reply)
{
    (void)user;
    (void)call;
    if (cursor == NULL) {
        reply->body = strdup("\"resources\":[{\"uri\":\"tiny://1\",\"name\":\"1\"}],"
                             "\"nextCursor\":\"2\"");
    } else if (strcmp(cursor, "2") == 0) {
        reply->body = strdup("\"resources\":[]");
    } else {
        reply->outcome = MCP_BAD_PARAMS;
        reply->text = strdup("there is no such page");
    }
}

static void
read_resource(void *user, const char *uri, mcp_call *call, mcp_reply *reply)
{
    (void)user;
    (void)call;
    if (strcmp(uri, "tiny://1") == 0) {
        reply->body = strdup("\"contents\":[{\"uri\":\"tiny://1\",\"text\":\"one\"}]");
    } else {
        reply->outcome = MCP_BAD_PARAMS;
        reply->text = strdup("there is no such resource");
    }
}

static void
get_prompt(void *user, const char *name, const json_t *arguments, mcp_call *call,
    mcp_reply *reply)
{
    (void)user;
    (void)arguments;
    (void)call;
    if (strcmp(name, "hello") == 0) {
        reply->body = strdup("\"messages\":[]");
    } else {
        reply->outcome = MCP_BAD_PARAMS;
        reply->text = strdup("there is no such prompt");
    }
}

static void
complete(void *user, const json_t *params, mcp_call *call, mcp_reply *reply)
{
    (void)user;
    (void)params;
    (void)call;
    reply->body = strdup("\"completion\":{\"values\":[\"one\"]}");
}

mcp_offer
tiny_offer(tiny_state *state)
{
    return (mcp_offer){.name = "tiny",
        .title = "Tiny \"offer\"",
        .version = "0.1",
        .instructions = "Say \"echo\".\nThen stop.",
        .user = state,
        .tools = "[{\"name\":\"echo\",\"inputSchema\":{\"type\":\"object\"}}]",
        .resource_templates = "[]",
        .prompts = "[{\"name\":\"hello\"}]",
        .call_tool = call_tool,
        .list_resources = list_resources,
        .read_resource = read_resource,
        .get_prompt = get_prompt,
        .complete = complete};
}
