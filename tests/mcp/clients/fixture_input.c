/* The calls that ask the client for input before they answer: the result says what is asked,
 * the client sends the same call again with the answers and the state it was given. The state
 * here is a word that only the server knows, so a changed one is seen. */
#include "fixture.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define META "io.modelcontextprotocol/clientCapabilities"

#define FORM(message, field, type)                                                     \
    "{\"method\":\"elicitation/create\",\"params\":{\"message\":\"" message "\","      \
    "\"requestedSchema\":{\"type\":\"object\",\"properties\":{\"" field                \
    "\":{\"type\":\"" type "\"}},\"required\":[\"" field "\"]}}}"
#define SAMPLE(question)                                                               \
    "{\"method\":\"sampling/"                                                          \
    "createMessage\",\"params\":{\"messages\":[{\"role\":\"user\","                    \
    "\"content\":{\"type\":\"text\",\"text\":\"" question "\"}}],\"maxTokens\":100}}"
#define ROOTS           "{\"method\":\"roots/list\",\"params\":{}}"
#define ASK(key, input) "\"" key "\":" input

/* One round: what is asked, with which state it is asked, and what must be answered. */
typedef struct input_round {
    const char *name;
    const char *asked; /* the members of inputRequests */
    const char *state; /* NULL = none */
    const char *key;   /* the answer that is needed; NULL = any that is given */
} input_round;

static const input_round rounds[] = {
    {"test_streaming_elicitation", ASK("word", FORM("Which word?", "word", "string")),
        NULL, "word"},
    {"test_input_required_result_elicitation",
        ASK("user_name", FORM("What is your name?", "name", "string")), NULL,
        "user_name"},
    {"test_input_required_result_sampling",
        ASK("capital_question", SAMPLE("What is the capital of France?")), NULL,
        "capital_question"},
    {"test_input_required_result_list_roots", ASK("client_roots", ROOTS), NULL,
        "client_roots"},
    {"test_input_required_result_request_state",
        ASK("confirm", FORM("Please confirm", "ok", "boolean")), "state-ok", "confirm"},
    {"test_input_required_result_multiple_inputs",
        ASK("user_name", FORM("What is your name?", "name", "string")) "," ASK(
            "greeting", SAMPLE("Generate a greeting")) "," ASK("client_roots", ROOTS),
        "state-three", "greeting"},
    {"test_input_required_result_multi_round",
        ASK("step1", FORM("Step 1: What is your name?", "name", "string")), "state-one",
        "step1"},
    {"test_input_required_result_multi_round",
        ASK("step2", FORM("Step 2: What is your favorite color?", "color", "string")),
        "state-two", "step2"},
    {"test_input_required_result_tampered_state",
        ASK("confirm", FORM("Please confirm", "ok", "boolean")), "state-true",
        "confirm"},
    {"test_input_required_result_prompt",
        ASK("user_context",
            FORM("What context should the prompt use?", "context", "string")),
        NULL, "user_context"},
};
enum { N_ROUNDS = sizeof rounds / sizeof rounds[0] };

static void
ask(const char *asked, const char *state, mcp_reply *reply)
{
    char body[1024];
    (void)snprintf(body, sizeof body, "\"inputRequests\":{%s}%s%s%s", asked,
        state != NULL ? ",\"requestState\":\"" : "", state != NULL ? state : "",
        state != NULL ? "\"" : "");
    reply->outcome = MCP_INPUT_REQUIRED;
    reply->body = fixture_text(body);
}

static bool
can(const mcp_call *call, const char *capability)
{
    const json_t *meta = json_object_get(mcp_params(call), "_meta");
    return json_object_get(json_object_get(meta, META), capability) != NULL;
}

/* Asks for what the client says that it can do. */
static void
ask_what_it_can(const mcp_call *call, mcp_reply *reply)
{
    const char *form =
        can(call, "elicitation") ? ASK("a", FORM("Go on?", "ok", "boolean")) : "";
    const char *sample = can(call, "sampling") ? ASK("b", SAMPLE("Hello?")) : "";
    char asked[512];
    (void)snprintf(asked, sizeof asked, "%s%s%s", form,
        *form != '\0' && *sample != '\0' ? "," : "", sample);
    ask(asked, NULL, reply);
}

/* The round whose state the client sent; -1 when the state is none of them. */
static int
round_of(const char *name, const char *state)
{
    for (int i = 0; i < N_ROUNDS; i++) {
        bool same = rounds[i].state == NULL || state == NULL
                        ? rounds[i].state == NULL || state == NULL
                        : strcmp(rounds[i].state, state) == 0;
        if (strcmp(rounds[i].name, name) == 0 && same) {
            return i;
        }
    }
    return -1;
}

static void
play_round(const char *name, const mcp_call *call, const char *done, mcp_reply *reply)
{
    const json_t *answers = json_object_get(mcp_params(call), "inputResponses");
    const char *state =
        json_string_value(json_object_get(mcp_params(call), "requestState"));
    int i = round_of(name, state);
    if (i < 0) {
        reply->outcome = MCP_BAD_PARAMS;
        reply->text = fixture_text("the requestState is not one of this server");
        return;
    }
    if (!json_is_object(json_object_get(answers, rounds[i].key))) {
        ask(rounds[i].asked, rounds[i].state, reply);
    } else if (i + 1 < N_ROUNDS && strcmp(rounds[i + 1].name, name) == 0) {
        ask(rounds[i + 1].asked, rounds[i + 1].state, reply);
    } else {
        reply->body = fixture_text(done);
    }
}

bool
fixture_input_call(const char *name, const mcp_call *call, mcp_reply *reply)
{
    bool samples = strcmp(name, "test_missing_capability") == 0;
    bool asks = strcmp(name, "test_input_required_result_capabilities") == 0;
    if (!samples && !asks && round_of(name, NULL) < 0) {
        return false;
    }
    if (!mcp_modern(call)) {
        reply->body = fixture_text("\"content\":[{\"type\":\"text\",\"text\":"
                                   "\"needs 2026-07-28\"}],\"isError\":true");
    } else if (samples && !can(call, "sampling")) {
        reply->outcome = MCP_NEEDS_CAPABILITY;
        reply->body = fixture_text("{\"sampling\":{}}");
        reply->text = fixture_text("the client must be able to sample");
    } else if (asks) {
        ask_what_it_can(call, reply);
    } else {
        play_round(name, call,
            "\"content\":[{\"type\":\"text\",\"text\":\"state-ok\"}]", reply);
    }
    return true;
}

void
fixture_input_prompt(const mcp_call *call, mcp_reply *reply)
{
    play_round("test_input_required_result_prompt", call,
        "\"messages\":[{\"role\":\"user\",\"content\":{\"type\":\"text\","
        "\"text\":\"With the context.\"}}]",
        reply);
}
