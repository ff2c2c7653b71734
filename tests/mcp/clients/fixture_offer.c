/* What the test server offers, but for the calls that ask for input. */
#include "fixture.h"

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* One red pixel, and a wave file without a sample. */
#define PNG                                                                            \
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8BQDwAEhQGAhKmMIQAA" \
    "AABJ"                                                                             \
    "RU5ErkJggg=="
#define WAV "UklGRiQAAABXQVZFZm10IBAAAAABAAEAQB8AAEAfAAABAAgAZGF0YQAAAAA="

#define TEXT(text) "{\"type\":\"text\",\"text\":\"" text "\"}"
#define IMAGE      "{\"type\":\"image\",\"data\":\"" PNG "\",\"mimeType\":\"image/png\"}"
#define AUDIO      "{\"type\":\"audio\",\"data\":\"" WAV "\",\"mimeType\":\"audio/wav\"}"
#define RESOURCE(uri, body)                                                            \
    "{\"type\":\"resource\",\"resource\":" CONTENTS(uri, body) "}"
#define CONTENTS(uri, body)                                                            \
    "{\"uri\":\"" uri "\",\"mimeType\":\"text/plain\",\"text\":\"" body "\"}"

/* A tool without arguments. */
#define TOOL(name, what)                                                               \
    "{\"name\":\"" name "\",\"description\":\"" what "\",\"inputSchema\":"             \
    "{\"type\":\"object\",\"properties\":{},\"additionalProperties\":false}}"

static const char tools[] = "[" TOOL("test_simple_text", "Gives a text.") "," TOOL(
    "test_image_content", "Gives an image.") "," TOOL("test_audio_content",
    "Gives a sound.") "," TOOL("test_embedded_resource",
    "Gives a resource.") "," TOOL("test_multiple_content_types",
    "Gives a text, an image and a resource.") "," TOOL("test_error_handling",
    "Fails.") "," TOOL("test_tool_with_progress",
    "Tells three times how far it is.") "," TOOL("test_logging_tool",
    "Has nothing to log.") "," TOOL("test_missing_capability",
    "Needs a client that samples.") "," TOOL("test_streaming_elicitation",
    "Asks for input.") "," TOOL("test_input_required_result_elicitation",
    "Asks for a name.") "," TOOL("test_input_required_result_sampling",
    "Asks for the capital of France.") "," TOOL("test_input_required_result_list_roots",
    "Asks for the roots.") "," TOOL("test_input_required_result_request_state",
    "Asks for a word, with a state.") "," TOOL("test_input_required_result_multiple_"
                                               "inputs",
    "Asks for three things.") "," TOOL("test_input_required_result_multi_round",
    "Asks twice.") "," TOOL("test_input_required_result_tampered_state",
    "Refuses a changed state.") "," TOOL("test_input_required_result_capabilities",
    "Asks for what the client can do.") "," TOOL("cancelled_count",
    "How many calls of wait have been cancelled.") ","
                                                   "{\"name\":\"wait\",\"description\":"
                                                   "\"Waits, and tells how far it "
                                                   "is.\",\"inputSchema\":"
                                                   "{\"type\":\"object\","
                                                   "\"properties\":{\"seconds\":{"
                                                   "\"type\":\"number\","
                                                   "\"description\":\"How long, for "
                                                   "example "
                                                   "2.\",\"minimum\":0,\"maximum\":60}}"
                                                   ","
                                                   "\"required\":[\"seconds\"],"
                                                   "\"additionalProperties\":false}},"
                                                   "{\"name\":\"json_schema_2020_12_"
                                                   "tool\",\"description\":\"Has a "
                                                   "schema of every kind.\","
                                                   "\"inputSchema\":{\"$schema\":"
                                                   "\"https://json-schema.org/draft/"
                                                   "2020-12/schema\","
                                                   "\"type\":\"object\",\"$defs\":{"
                                                   "\"address\":{\"$anchor\":"
                                                   "\"addressDef\","
                                                   "\"type\":\"object\",\"properties\":"
                                                   "{\"street\":{\"type\":\"string\"},"
                                                   "\"city\":{\"type\":\"string\"}}}},"
                                                   "\"properties\":{\"name\":{\"type\":"
                                                   "\"string\"},"
                                                   "\"address\":{\"$ref\":\"#/$defs/"
                                                   "address\"},"
                                                   "\"contactMethod\":{\"type\":"
                                                   "\"string\",\"enum\":[\"phone\","
                                                   "\"email\"]},"
                                                   "\"phone\":{\"type\":\"string\"},"
                                                   "\"email\":{\"type\":\"string\"}},"
                                                   "\"allOf\":[{\"anyOf\":[{"
                                                   "\"required\":[\"phone\"]},{"
                                                   "\"required\":[\"email\"]}]}],"
                                                   "\"if\":{\"properties\":{"
                                                   "\"contactMethod\":{\"const\":"
                                                   "\"phone\"}},"
                                                   "\"required\":[\"contactMethod\"]},"
                                                   "\"then\":{\"required\":[\"phone\"]}"
                                                   ","
                                                   "\"else\":{\"required\":[\"email\"]}"
                                                   ",\"additionalProperties\":false}}]";

static const char templates[] =
    "[{\"uriTemplate\":\"test://template/{id}/data\",\"name\":\"template\","
    "\"description\":\"Any id.\",\"mimeType\":\"application/json\"}]";

static const char resources[] =
    "\"resources\":[{\"uri\":\"test://static-text\",\"name\":\"text\","
    "\"description\":\"A text.\",\"mimeType\":\"text/plain\"},"
    "{\"uri\":\"test://static-binary\",\"name\":\"binary\",\"description\":\"An "
    "image.\","
    "\"mimeType\":\"image/png\"}]";

static const char prompts[] =
    "[{\"name\":\"test_simple_prompt\",\"description\":\"A prompt.\"},"
    "{\"name\":\"test_prompt_with_arguments\",\"description\":\"A prompt with "
    "arguments.\","
    "\"arguments\":[{\"name\":\"arg1\",\"description\":\"The "
    "first.\",\"required\":true},"
    "{\"name\":\"arg2\",\"description\":\"The second.\",\"required\":true}]},"
    "{\"name\":\"test_prompt_with_embedded_resource\","
    "\"description\":\"A prompt with a "
    "resource.\",\"arguments\":[{\"name\":\"resourceUri\","
    "\"description\":\"Of the resource.\",\"required\":true}]},"
    "{\"name\":\"test_prompt_with_image\",\"description\":\"A prompt with an image.\"},"
    "{\"name\":\"test_input_required_result_prompt\","
    "\"description\":\"A prompt that asks for its context.\"}]";

char *
fixture_text(const char *s)
{
    size_t n = strlen(s) + 1;
    char *copy = malloc(n);
    return copy != NULL ? memcpy(copy, s, n) : NULL;
}

static void
pause_ms(long ms)
{
    struct timespec t = {.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000};
    (void)nanosleep(&t, NULL);
}

static void
reply_text(mcp_reply *reply, const char *text)
{
    char body[512];
    (void)snprintf(body, sizeof body,
        "\"content\":[{\"type\":\"text\",\"text\":\"%s\"}],"
        "\"structuredContent\":{\"text\":\"%s\"}",
        text, text);
    reply->body = fixture_text(body);
}

/* Waits in steps of 10 ms; what it has counted is the same for every client. That it has begun is
 * told on standard error, because a tool that says so might have to wait itself. */
static atomic_int cancelled;

static void
wait_for(const json_t *arguments, mcp_call *call, mcp_reply *reply)
{
    double seconds = json_number_value(json_object_get(arguments, "seconds"));
    int steps = (int)(seconds * 100);
    (void)fputs("wait has begun\n", stderr);
    for (int i = 0; i < steps; i++) {
        if (mcp_cancelled(call)) {
            (void)atomic_fetch_add(&cancelled, 1);
            break;
        }
        mcp_progress(call, (double)(i + 1) / (steps + 1), "waiting");
        pause_ms(10);
    }
    reply_text(reply, "waited");
}

static void
tell_progress(mcp_call *call, mcp_reply *reply)
{
    for (int i = 0; i <= 2; i++) {
        mcp_progress(call, 0.5 * i, "on the way");
        pause_ms(300); /* progress is told at most four times a second */
    }
    reply_text(reply, "done");
}

typedef struct fixed {
    const char *name, *body;
} fixed;

static const fixed answers[] = {
    {"test_simple_text",
        "\"content\":[" TEXT("This is a simple text response for testing.") "]"},
    {"test_image_content", "\"content\":[" IMAGE "]"},
    {"test_audio_content", "\"content\":[" AUDIO "]"},
    {"test_embedded_resource", "\"content\":[" RESOURCE("test://embedded-resource",
                                   "This is an embedded resource content.") "]"},
    {"test_multiple_content_types",
        "\"content\":[" TEXT("Multiple content types test:") "," IMAGE "," RESOURCE(
            "test://mixed-content-resource", "mixed") "]"},
    {"test_error_handling",
        "\"content\":[" TEXT(
            "This tool intentionally returns an error for testing") "],"
                                                                    "\"isError\":true"},
    {"test_logging_tool", "\"content\":[" TEXT("nothing was logged") "]"},
    {"json_schema_2020_12_tool", "\"content\":[" TEXT("done") "]"},
};

static void
call_tool(void *user, const char *name, const json_t *arguments, mcp_call *call,
    mcp_reply *reply)
{
    (void)user;
    for (size_t i = 0; i < sizeof answers / sizeof answers[0]; i++) {
        if (strcmp(name, answers[i].name) == 0) {
            reply->body = fixture_text(answers[i].body);
            return;
        }
    }
    if (strcmp(name, "test_tool_with_progress") == 0) {
        tell_progress(call, reply);
    } else if (strcmp(name, "wait") == 0) {
        wait_for(arguments, call, reply);
    } else if (strcmp(name, "cancelled_count") == 0) {
        char number[16];
        (void)snprintf(number, sizeof number, "%d", atomic_load(&cancelled));
        reply_text(reply, number);
    } else if (!fixture_input_call(name, call, reply)) {
        reply->outcome = MCP_BAD_PARAMS;
        reply->text = fixture_text("there is no such tool");
    }
}

static void
list_resources(void *user, const char *cursor, mcp_call *call, mcp_reply *reply)
{
    (void)user;
    (void)cursor;
    (void)call;
    reply->body = fixture_text(resources);
}

static void
read_resource(void *user, const char *uri, mcp_call *call, mcp_reply *reply)
{
    (void)user;
    (void)call;
    char id[64];
    int end = 0;
    char body[512];
    if (strcmp(uri, "test://static-text") == 0) {
        reply->body = fixture_text("\"contents\":[" CONTENTS("test://static-text",
            "This is the content of the static text resource.") "]");
    } else if (strcmp(uri, "test://static-binary") == 0) {
        reply->body = fixture_text("\"contents\":[{\"uri\":\"test://static-binary\","
                                   "\"mimeType\":\"image/png\",\"blob\":\"" PNG "\"}]");
    } else if (sscanf(uri, "test://template/%63[0-9a-z]/data%n", id, &end) == 1 &&
               end > 0 && uri[end] == '\0') {
        (void)snprintf(body, sizeof body,
            "\"contents\":[{\"uri\":\"%s\",\"mimeType\":\"application/json\","
            "\"text\":\"{\\\"id\\\":\\\"%s\\\"}\"}]",
            uri, id);
        reply->body = fixture_text(body);
    } else {
        reply->outcome = MCP_BAD_PARAMS;
        reply->text = fixture_text("there is no such resource");
    }
}

#define MESSAGE(content) "{\"role\":\"user\",\"content\":" content "}"

/* An argument as JSON, in quotes; "" when it is absent. */
static char *
quoted(const json_t *arguments, const char *name)
{
    const char *s = json_string_value(json_object_get(arguments, name));
    json_t *copy = json_string(s != NULL ? s : "");
    char *text = json_dumps(copy, JSON_ENCODE_ANY);
    json_decref(copy);
    return text != NULL ? text : fixture_text("\"\"");
}

static char *
with_arguments(const json_t *arguments)
{
    char *one = quoted(arguments, "arg1");
    char *two = quoted(arguments, "arg2");
    char *body = malloc(strlen(one) + strlen(two) + 256);
    if (body != NULL) {
        (void)sprintf(body,
            "\"messages\":[{\"role\":\"user\",\"content\":{\"type\":\"text\",\"text\":"
            "\"Prompt with arguments: arg1='%.*s', arg2='%.*s'\"}}]",
            (int)strlen(one) - 2, one + 1, (int)strlen(two) - 2, two + 1);
    }
    free(one);
    free(two);
    return body;
}

static char *
with_resource(const json_t *arguments)
{
    char *uri = quoted(arguments, "resourceUri");
    char *body = malloc(strlen(uri) + 512);
    if (body != NULL) {
        (void)sprintf(body,
            "\"messages\":[{\"role\":\"user\",\"content\":{\"type\":\"resource\","
            "\"resource\":{\"uri\":%s,\"mimeType\":\"text/plain\","
            "\"text\":\"Embedded resource content for testing.\"}}}," MESSAGE(
                TEXT("Please process the embedded resource above.")) "]",
            uri);
    }
    free(uri);
    return body;
}

static void
get_prompt(void *user, const char *name, const json_t *arguments, mcp_call *call,
    mcp_reply *reply)
{
    (void)user;
    if (strcmp(name, "test_simple_prompt") == 0) {
        reply->body = fixture_text(
            "\"messages\":[" MESSAGE(TEXT("This is a simple prompt for testing.")) "]");
    } else if (strcmp(name, "test_prompt_with_arguments") == 0) {
        reply->body = with_arguments(arguments);
    } else if (strcmp(name, "test_prompt_with_embedded_resource") == 0) {
        reply->body = with_resource(arguments);
    } else if (strcmp(name, "test_prompt_with_image") == 0) {
        reply->body = fixture_text("\"messages\":[" MESSAGE(IMAGE) "," MESSAGE(
            TEXT("Please analyze the image above.")) "]");
    } else if (strcmp(name, "test_input_required_result_prompt") == 0) {
        fixture_input_prompt(call, reply);
    } else {
        reply->outcome = MCP_BAD_PARAMS;
        reply->text = fixture_text("there is no such prompt");
    }
}

static void
complete(void *user, const json_t *params, mcp_call *call, mcp_reply *reply)
{
    (void)user;
    (void)params;
    (void)call;
    reply->body = fixture_text("\"completion\":{\"values\":[\"paris\",\"park\"],"
                               "\"total\":2,\"hasMore\":false}");
}

void
fixture_offer(mcp_offer *offer)
{
    *offer = (mcp_offer){.name = "mcp_fixture",
        .title = "The test server",
        .version = "1.0.0",
        .instructions = "For tests.",
        .tools = tools,
        .resource_templates = templates,
        .prompts = prompts,
        .call_tool = call_tool,
        .list_resources = list_resources,
        .read_resource = read_resource,
        .get_prompt = get_prompt,
        .complete = complete};
}
