/* The methods of the protocol. Each checks the shape of its params, asks the offer, and
 * writes the members of its result; what the offer wrote is copied byte for byte. */
#include "methods.h"

#include <stdlib.h>
#include <string.h>

static void
bad_params(mcp_work *w, const char *text)
{
    mcp_fault_set(w->fault, MCP_E_PARAMS, 0, "%s", text);
}

/* A string among the params; NULL, with a fault, where it is missing or of another kind. */
static const char *
need_string(mcp_work *w, const json_t *object, const char *name)
{
    const char *s = json_string_value(json_object_get(object, name));
    if (s == NULL) {
        mcp_fault_set(w->fault, MCP_E_PARAMS, 0, "params needs \"%s\", a string", name);
    }
    return s;
}

/* Takes what the offer answered, and frees it. */
static void
take_reply(mcp_work *w, mcp_reply *reply)
{
    const char *text = reply->text != NULL ? reply->text : "the request failed";
    enum mcp_outcome outcome = reply->outcome;
    if (outcome != MCP_OK && outcome != MCP_BAD_PARAMS && !w->call->modern) {
        outcome = MCP_INTERNAL; /* older versions have no other way to say it */
    }
    if ((outcome == MCP_OK || outcome == MCP_INPUT_REQUIRED) && reply->body == NULL) {
        outcome = MCP_INTERNAL;
        text = "memory ran out";
    }
    switch (outcome) {
    case MCP_OK:
        mcp_text_json(&w->body, reply->body);
        break;
    case MCP_INPUT_REQUIRED:
        w->result_type = "input_required";
        mcp_text_json(&w->body, reply->body);
        break;
    case MCP_BAD_PARAMS:
        bad_params(w, text);
        break;
    case MCP_NEEDS_CAPABILITY:
        mcp_fault_set(w->fault, MCP_E_CAPABILITY, 400, "%s", text);
        mcp_text_add(&w->body, "{\"requiredCapabilities\":");
        mcp_text_json(&w->body, reply->body != NULL ? reply->body : "{}");
        mcp_text_add(&w->body, "}");
        size_t n = 0;
        w->fault->data = mcp_text_take(&w->body, &n);
        break;
    case MCP_INTERNAL:
    default:
        mcp_fault_set(w->fault, MCP_E_INTERNAL, 0, "%s", text);
        break;
    }
    free(reply->body);
    free(reply->text);
}

/* All lists but that of the resources have one page, so that no cursor is theirs. */
static bool
no_cursor(mcp_work *w)
{
    const json_t *cursor = json_object_get(w->call->params, "cursor");
    if (cursor != NULL && !json_is_null(cursor)) {
        bad_params(w, "there is no page with this cursor");
        return false;
    }
    return true;
}

static void
write_list(mcp_work *w, const char *name, const char *list)
{
    if (no_cursor(w)) {
        mcp_text_quote(&w->body, name);
        mcp_text_add(&w->body, ":");
        mcp_text_json(&w->body, list);
    }
}

void
mcp_server_info(mcp_text *t, const mcp_offer *offer)
{
    mcp_text_add(t, "{\"name\":");
    mcp_text_quote(t, offer->name);
    mcp_text_add(t, ",\"title\":");
    mcp_text_quote(t, offer->title);
    mcp_text_add(t, ",\"version\":");
    mcp_text_quote(t, offer->version);
    mcp_text_add(t, "}");
}

static bool
has_tools(const mcp_offer *o)
{
    return o->tools != NULL && o->call_tool != NULL;
}

static bool
has_resources(const mcp_offer *o)
{
    return o->list_resources != NULL && o->read_resource != NULL;
}

static bool
has_prompts(const mcp_offer *o)
{
    return o->prompts != NULL && o->get_prompt != NULL;
}

static bool
has_completion(const mcp_offer *o)
{
    return o->complete != NULL;
}

static void
write_capabilities(mcp_work *w)
{
    const struct {
        bool (*offered)(const mcp_offer *o);
        const char *text;
    } known[] = {{has_tools, "\"tools\":{}"}, {has_resources, "\"resources\":{}"},
        {has_prompts, "\"prompts\":{}"}, {has_completion, "\"completions\":{}"}};
    const char *comma = "";
    mcp_text_add(&w->body, "\"capabilities\":{");
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
        if (known[i].offered(w->offer)) {
            mcp_text_add(&w->body, comma);
            mcp_text_add(&w->body, known[i].text);
            comma = ",";
        }
    }
    mcp_text_add(&w->body, "}");
}

static void
write_instructions(mcp_work *w)
{
    if (w->offer->instructions != NULL) {
        mcp_text_add(&w->body, ",\"instructions\":");
        mcp_text_quote(&w->body, w->offer->instructions);
    }
}

static void
initialize(mcp_work *w)
{
    const char *asked = need_string(w, w->call->params, "protocolVersion");
    if (asked == NULL) {
        return;
    }
    mcp_text_add(&w->body, "\"protocolVersion\":");
    mcp_text_quote(&w->body, mcp_era_agree(asked));
    mcp_text_add(&w->body, ",");
    write_capabilities(w);
    mcp_text_add(&w->body, ",\"serverInfo\":");
    mcp_server_info(&w->body, w->offer);
    write_instructions(w);
}

static void
ping(mcp_work *w)
{
    (void)w; /* an empty result */
}

static void
discover(mcp_work *w)
{
    mcp_text_add(&w->body, "\"supportedVersions\":");
    mcp_era_list(&w->body);
    mcp_text_add(&w->body, ",");
    write_capabilities(w);
    write_instructions(w);
}

static void
list_tools(mcp_work *w)
{
    write_list(w, "tools", w->offer->tools);
}

/* The arguments of a tool or a prompt; NULL, with a fault, where they are no object. */
static json_t *
take_arguments(mcp_work *w)
{
    json_t *arguments = json_object_get(w->call->params, "arguments");
    if (arguments == NULL || json_is_null(arguments)) {
        arguments = json_object();
        if (arguments == NULL) {
            mcp_fault_set(w->fault, MCP_E_INTERNAL, 0, "memory ran out");
        }
        return arguments;
    }
    if (!json_is_object(arguments)) {
        bad_params(w, "\"arguments\" is not an object");
        return NULL;
    }
    return json_incref(arguments);
}

/* tools/call and prompts/get. */
static void
call_named(mcp_work *w,
    void (*callback)(void *, const char *, const json_t *, mcp_call *, mcp_reply *))
{
    mcp_reply reply = {0};
    const char *name = need_string(w, w->call->params, "name");
    json_t *arguments = name != NULL ? take_arguments(w) : NULL;
    if (arguments != NULL) {
        callback(w->offer->user, name, arguments, w->call, &reply);
        take_reply(w, &reply);
    }
    json_decref(arguments);
}

static void
call_tool(mcp_work *w)
{
    call_named(w, w->offer->call_tool);
}

static void
list_prompts(mcp_work *w)
{
    write_list(w, "prompts", w->offer->prompts);
}

static void
get_prompt(mcp_work *w)
{
    call_named(w, w->offer->get_prompt);
}

static void
list_resources(mcp_work *w)
{
    mcp_reply reply = {0};
    const json_t *cursor = json_object_get(w->call->params, "cursor");
    if (cursor != NULL && !json_is_null(cursor) && !json_is_string(cursor)) {
        bad_params(w, "\"cursor\" is not a string");
        return;
    }
    w->offer->list_resources(
        w->offer->user, json_string_value(cursor), w->call, &reply);
    take_reply(w, &reply);
}

static void
list_templates(mcp_work *w)
{
    const char *list = w->offer->resource_templates;
    write_list(w, "resourceTemplates", list != NULL ? list : "[]");
}

static void
read_resource(mcp_work *w)
{
    mcp_reply reply = {0};
    const char *uri = need_string(w, w->call->params, "uri");
    if (uri == NULL) {
        return;
    }
    w->offer->read_resource(w->offer->user, uri, w->call, &reply);
    take_reply(w, &reply);
    if (w->fault->code == MCP_E_PARAMS) {
        mcp_text data = {0};
        size_t n = 0;
        w->fault->code = w->call->modern ? MCP_E_PARAMS : MCP_E_NO_RESOURCE;
        mcp_text_add(&data, "{\"uri\":");
        mcp_text_quote(&data, uri);
        mcp_text_add(&data, "}");
        w->fault->data = mcp_text_take(&data, &n);
    }
}

static void
complete(mcp_work *w)
{
    mcp_reply reply = {0};
    const json_t *params = w->call->params;
    const json_t *argument = json_object_get(params, "argument");
    if (!json_is_object(json_object_get(params, "ref")) || !json_is_object(argument)) {
        bad_params(w, "params needs \"ref\" and \"argument\", both objects");
        return;
    }
    if (need_string(w, argument, "name") == NULL ||
        need_string(w, argument, "value") == NULL) {
        return;
    }
    w->offer->complete(w->offer->user, params, w->call, &reply);
    take_reply(w, &reply);
}

/* Lists stay what they are for as long as the program; a result of a handle as well, but the
 * list of the handles grows with each call. */
enum { HOUR = 3600000 };

static const mcp_method methods[] = {
    {"initialize", MCP_QUICK, false, true, NULL, initialize, -1, false},
    {"ping", MCP_QUICK, false, true, NULL, ping, -1, false},
    {"server/discover", MCP_QUICK, true, false, NULL, discover, HOUR, true},
    {"tools/list", MCP_QUICK, true, true, has_tools, list_tools, HOUR, true},
    {"tools/call", MCP_WORK, true, true, has_tools, call_tool, -1, false},
    {"resources/list", MCP_WORK, true, true, has_resources, list_resources, 0, false},
    {"resources/templates/list", MCP_QUICK, true, true, has_resources, list_templates,
        HOUR, true},
    {"resources/read", MCP_WORK, true, true, has_resources, read_resource, HOUR, false},
    {"prompts/list", MCP_QUICK, true, true, has_prompts, list_prompts, HOUR, true},
    {"prompts/get", MCP_WORK, true, true, has_prompts, get_prompt, -1, false},
    {"completion/complete", MCP_WORK, true, true, has_completion, complete, -1, false},
};

const mcp_method *
mcp_method_find(const mcp_offer *offer, const char *name, enum mcp_era era)
{
    for (size_t i = 0; i < sizeof methods / sizeof methods[0]; i++) {
        const mcp_method *m = &methods[i];
        if (strcmp(m->name, name) == 0) {
            bool in_era = era == MCP_ERA_MODERN ? m->modern : m->legacy;
            return in_era && (m->offered == NULL || m->offered(offer)) ? m : NULL;
        }
    }
    return NULL;
}
