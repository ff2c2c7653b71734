/* A call of a tool from beginning to end.
 *
 * What the verb answers is handed on byte for byte, without its closing brace, and one member
 * follows: "agent", with the handles that were made, the count of specifications, the next
 * calls, and what was cut off. The same request through the program (agent.command) prints the
 * same bytes. */
#include "answer.h"

#include "calls.h"
#include "fail.h"
#include "fishing.h"
#include "journal.h"
#include "text.h"

#include <upshot/version.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The longest result that is handed on; what is longer is cut to the compact one. */
enum { LONGEST_RESULT = 60000 };

/* Everything of one call. */
typedef struct work {
    const mcp_state *state;
    mcp_call *call;
    mcp_asked asked;
    json_t *on_rows; /* the request as it is on rows */
    char family[32]; /* "" = nothing is counted */
    mcp_entry entry;
    mcp_standing standing;
    up_result *result;
    json_t *answer; /* the compact result, read */
    json_t *agent;
    char made[MCP_HANDLE]; /* the handle of this answer */
} work;

static void
tell_progress(void *user, double fraction)
{
    mcp_progress(((work *)user)->call, fraction, "reading rows");
}

static int
should_stop(void *user)
{
    return mcp_cancelled(((work *)user)->call) ? 1 : 0;
}

up_status
mcp_run_verb(
    const mcp_state *s, const mcp_asked *q, up_run *run, up_result **out, up_error *err)
{
    int64_t n = 0;
    up_argument *list = mcp_arguments_list(q->verb, q->arguments, &n);
    if (list == NULL) {
        return mcp_fail_memory(err);
    }
    run->allowed_directories = (const char *const *)s->allow.directories;
    up_status status = up_call(q->verb->name, list, n, run, out, err);
    free(list);
    return status;
}

static void
set(json_t *object, const char *name, json_t *value)
{
    (void)json_object_set_new(object, name, value);
}

/* What a thing was made of: the same request on the same data has the same key. */
static json_t *
key_of(const work *w, const char *kind, const json_t *arguments, bool data)
{
    const mcp_asked *q = &w->asked;
    json_t *copy = json_copy(mcp_borrow(arguments));
    json_t *key = json_pack("{s:s, s:s, s:s, s:o}", "kind", kind, "version",
        up_version(), "verb", q->verb->name, "arguments", copy);
    if (key == NULL) {
        return NULL;
    }
    if (q->fitted != NULL) { /* its handle says which data, wherever its capsule lies */
        (void)json_object_set(key, "of", json_object_get(q->fitted, "handle"));
        (void)json_object_del(json_object_get(key, "arguments"), "source");
        return key;
    }
    if (q->data.path != NULL) {
        set(key, "path", json_string(q->data.path));
    }
    if (data) {
        set(key, "bytes", json_integer((json_int_t)q->data.bytes));
        set(key, "changed", json_integer((json_int_t)q->data.changed));
    }
    return key;
}

/* Fits and policies are saved by the verb, under a name that is known before. */
static up_status
name_artifact(work *w, up_error *err)
{
    mcp_asked *q = &w->asked;
    bool fit = strcmp(q->verb->name, "fit") == 0;
    if (!fit && strcmp(q->verb->name, "policy") != 0) {
        return UP_OK;
    }
    char *handle = fit ? q->fit : q->policy;
    json_t *key = key_of(w, fit ? "fit" : "policy", q->arguments, true);
    up_status status = key != NULL
                           ? mcp_handle_make(fit ? "fit" : "policy", key, handle, err)
                           : mcp_fail_memory(err);
    json_decref(key);
    if (status != UP_OK) {
        return status;
    }
    char *path = mcp_workspace_file(
        &w->state->workspace, handle, fit ? ".parquet" : ".policy.json");
    if (path == NULL) {
        return mcp_fail_memory(err);
    }
    set(q->arguments, "save", json_string(path));
    free(path);
    return UP_OK;
}

/* The record that vouches for what the verb saved. */
static up_status
record_artifact(work *w, up_error *err)
{
    mcp_asked *q = &w->asked;
    char hash[65];
    bool fit = strcmp(q->verb->name, "fit") == 0;
    const char *path = mcp_argument_text(q->arguments, "save");
    if (path == NULL) {
        return UP_OK;
    }
    up_status status = mcp_file_hash(path, hash, err);
    if (status != UP_OK) {
        return status;
    }
    json_t *asked = json_copy(q->arguments);
    (void)json_object_del(asked, "save");
    const char *handle = fit ? q->fit : q->policy;
    json_t *head =
        json_pack("{s:s, s:s, s:s, s:o, s:O?}", "handle", handle, "artifact", hash,
            "design", q->design, "key", key_of(w, fit ? "fit" : "policy", asked, true),
            "input", json_object_get(w->answer, "input"));
    status = head != NULL
                 ? mcp_record_save(&w->state->workspace, handle, head, NULL, err)
                 : mcp_fail_memory(err);
    json_decref(head);
    json_decref(asked);
    set(w->agent, fit ? MCP_OWN_FIT : "policy", json_string(handle));
    return status;
}

static up_status
record_design(work *w, up_error *err)
{
    mcp_asked *q = &w->asked;
    json_t *key = key_of(w, "design", q->arguments, false);
    up_status status = key != NULL ? mcp_handle_make("design", key, q->design, err)
                                   : mcp_fail_memory(err);
    json_t *head = status == UP_OK
                       ? json_pack("{s:s, s:O}", "handle", q->design, "key", key)
                       : NULL;
    if (status == UP_OK) {
        status = head != NULL
                     ? mcp_record_save(&w->state->workspace, q->design, head, NULL, err)
                     : mcp_fail_memory(err);
    }
    json_decref(head);
    json_decref(key);
    set(w->agent, MCP_OWN_DESIGN, json_string(q->design));
    return status;
}

/* The answer itself, every row and digit, for later questions about it. */
static up_status
record_answer(work *w, up_error *err)
{
    const char *kind = w->family[0] != '\0' ? "effect" : "result";
    const char *full = up_result_json(w->result, 1);
    json_t *key = key_of(w, kind, w->asked.arguments, true);
    up_status status = full != NULL && key != NULL
                           ? mcp_handle_make(kind, key, w->made, err)
                           : mcp_fail_memory(err);
    json_t *head = status == UP_OK
                       ? json_pack("{s:s, s:O, s:s, s:s}", "handle", w->made, "key",
                             key, "design", w->asked.design, "fit", w->asked.fit)
                       : NULL;
    if (status == UP_OK) {
        status = head != NULL
                     ? mcp_record_save(&w->state->workspace, w->made, head, full, err)
                     : mcp_fail_memory(err);
    }
    json_decref(head);
    json_decref(key);
    set(w->agent, kind, json_string(w->made));
    return status;
}

/* The request as it is on rows: that of the fit and the question put to it. */
static up_status
request_on_rows(work *w, up_error *err)
{
    mcp_asked *q = &w->asked;
    const char *source = NULL;
    json_t *all =
        json_copy(q->fitted != NULL
                      ? json_object_get(json_object_get(q->fitted, "key"), "arguments")
                      : q->arguments);
    if (all == NULL) {
        return mcp_fail_memory(err);
    }
    if (q->fitted != NULL) {
        source = mcp_argument_text(all, "source");
        json_t *kept = json_string(source != NULL ? source : "");
        (void)json_object_update(all, q->arguments);
        set(all, "source", kept);
    }
    (void)json_object_del(all, "save");
    w->on_rows = all;
    return UP_OK;
}

/* Verbs whose answers are specifications of one experiment. */
static bool
counts(const work *w)
{
    static const char *const verbs[] = {"fit", "effect", "monitor", "rank", "policy",
        "value", "adaptive", "mediate", "project", NULL};
    for (const char *const *v = verbs; *v != NULL; v++) {
        if (strcmp(*v, w->asked.verb->name) == 0) {
            return true;
        }
    }
    return false;
}

/* A fixed answer: of a verb that knows E_PEEK, by intervals that hold for one look. */
static bool
is_fixed(const work *w)
{
    const up_option *accept = mcp_option(w->asked.verb, "accept");
    const json_t *options = json_object_get(w->answer, "options");
    const char *inference = json_string_value(json_object_get(options, "inference"));
    return accept != NULL && accept->choices != NULL &&
           strstr(accept->choices, "E_PEEK") != NULL &&
           json_object_get(options, "posterior") == NULL &&
           (inference == NULL || strcmp(inference, "fixed") == 0);
}

static bool
accepts_peek(const work *w)
{
    const json_t *accept = json_object_get(w->asked.arguments, "accept");
    for (size_t i = 0; i < json_array_size(accept); i++) {
        if (strstr(json_string_value(json_array_get(accept, i)), "E_PEEK") != NULL) {
            return true;
        }
    }
    return false;
}

static void
fill_entry(work *w)
{
    mcp_entry *e = &w->entry;
    const json_t *input = json_object_get(w->answer, "input");
    const char *print = json_string_value(json_object_get(input, "fingerprint"));
    const json_t *key = json_object_get(w->asked.fitted, "key");
    e->fixed = is_fixed(w);
    e->accepted = accepts_peek(w);
    e->bytes = key != NULL ? json_integer_value(json_object_get(key, "bytes"))
                           : w->asked.data.bytes;
    e->rows = json_integer_value(json_object_get(input, "rows"));
    (void)snprintf(
        e->fingerprint, sizeof e->fingerprint, "%s", print != NULL ? print : "");
    if (strcmp(e->verb, "effect") == 0) {
        e->segments = mcp_segments_of(w->result);
    }
}

static void
tell_standing(work *w)
{
    const mcp_standing *s = &w->standing;
    char text[256];
    int n = snprintf(text, sizeof text,
        "specification %lld of %lld tried on this experiment%s; %lld with these "
        "metrics",
        (long long)s->number, (long long)s->tried, s->repeated ? " (asked before)" : "",
        (long long)s->same_metric);
    if (s->looks > 1) {
        n += snprintf(text + n, sizeof text - (size_t)n,
            "; %lld looks by intervals that hold for one", (long long)s->looks);
    }
    if (s->damaged > 0) {
        (void)snprintf(text + n, sizeof text - (size_t)n,
            "; %lld lines of the journal cannot be read", (long long)s->damaged);
    }
    set(w->agent, "specifications",
        json_pack("{s:I, s:I, s:I, s:b, s:I, s:s}", "number", (json_int_t)s->number,
            "tried", (json_int_t)s->tried, "same_metric", (json_int_t)s->same_metric,
            "repeated", s->repeated, "looks", (json_int_t)s->looks, "text", text));
}

/* Counts the answer, and withholds it where it is one look too many. */
static up_status
count(work *w, up_error *err)
{
    if (w->family[0] == '\0') {
        return UP_OK;
    }
    fill_entry(w);
    up_status status =
        mcp_journal_add(&w->state->workspace, w->family, &w->entry, &w->standing, err);
    if (status == UP_OK) {
        tell_standing(w);
    }
    return status;
}

static void
tell_next(work *w)
{
    json_t *calls = json_array();
    const json_t *next = json_object_get(w->answer, "next");
    for (size_t i = 0; i < json_array_size(next); i++) {
        const char *command = json_string_value(json_array_get(next, i));
        json_t *call =
            command != NULL ? mcp_call_of_command(w->state, &w->asked, command) : NULL;
        bool told = call == NULL; /* several commands may begin by the same call */
        for (size_t k = 0; !told && k < json_array_size(calls); k++) {
            told = json_equal(json_array_get(calls, k), call) != 0;
        }
        if (!told) {
            (void)json_array_append(calls, call);
        }
        json_decref(call);
    }
    set(w->agent, "next_calls", calls);
}

/* What was left out, and how to read it. */
static void
tell_cut(work *w, bool shortened)
{
    char more[96];
    int64_t shown = (int64_t)json_array_size(json_object_get(w->answer, "rows"));
    int64_t total = json_integer_value(json_object_get(w->answer, "rows_total"));
    if (!shortened && (w->asked.detailed || total <= shown)) {
        return;
    }
    (void)snprintf(more, sizeof more, "upshot://%s/%s?offset=%lld",
        w->family[0] != '\0' ? "effect" : "result", w->made, (long long)shown);
    set(w->agent, "cut",
        json_pack("{s:I, s:I, s:s, s:{s:s, s:{s:s, s:I}}}", "shown", (json_int_t)shown,
            "rows_total", (json_int_t)total, "more", more, "call", "tool", "guide",
            "arguments", MCP_OWN_RESULT, w->made, MCP_OWN_OFFSET, (json_int_t)shown));
}

/* The result without its last brace, the member agent, the brace. */
static char *
join_agent(const char *result, const json_t *agent)
{
    mcp_text t = {0};
    size_t n = strlen(result);
    size_t length = 0;
    char *text = json_dumps(agent, JSON_COMPACT | JSON_REAL_PRECISION(15));
    while (n > 0 && (result[n - 1] == '\n' || result[n - 1] == ' ')) {
        n--;
    }
    if (text == NULL || n == 0 || result[n - 1] != '}') {
        free(text);
        return NULL;
    }
    mcp_text_bytes(&t, result, n - 1);
    mcp_text_add(&t, ",\"agent\":");
    mcp_text_add(&t, text);
    mcp_text_add(&t, "}");
    free(text);
    return mcp_text_take(&t, &length);
}

static char *
finish(work *w)
{
    const char *full = w->asked.detailed ? up_result_json(w->result, 1) : NULL;
    bool shortened = full != NULL && strlen(full) > LONGEST_RESULT;
    bool detailed = full != NULL && !shortened;
    const char *text = detailed ? full : up_result_json(w->result, 0);
    char *command = mcp_arguments_command(w->asked.verb, w->asked.arguments, detailed);
    if (text == NULL || command == NULL) {
        free(command);
        return NULL;
    }
    set(w->agent, "command", json_string(command));
    free(command);
    tell_cut(w, shortened);
    tell_next(w);
    char *joined = join_agent(text, w->agent);
    char *body = joined != NULL ? mcp_success_body(joined) : NULL;
    free(joined);
    return body;
}

static up_status
prepare(work *w, const mcp_tool *tool, const json_t *arguments, up_error *err)
{
    up_status status = mcp_resolve(w->state, tool, arguments, &w->asked, err);
    if (status == UP_OK) {
        const char *limit = mcp_argument_text(w->asked.arguments, "limit");
        if (limit != NULL && strtod(limit, NULL) > MCP_MOST_ROWS) {
            char fix[64];
            (void)snprintf(fix, sizeof fix, "at most %d; guide with result reads on",
                MCP_MOST_ROWS);
            return mcp_fail(
                err, UP_E_USAGE, "limit", fix, "limit %.30s is too large", limit);
        }
    }
    status = status == UP_OK ? request_on_rows(w, err) : status;
    if (status == UP_OK && counts(w)) {
        status = mcp_family(&w->asked, w->on_rows, w->family, err);
        status = status == UP_OK ? mcp_entry_make(&w->asked, w->on_rows, &w->entry, err)
                                 : status;
    }
    return status == UP_OK ? name_artifact(w, err) : status;
}

static up_status
run(work *w, up_error *err)
{
    up_run how =
        *UP_RUN(.progress = tell_progress, .should_stop = should_stop, .user = w);
    up_status status = mcp_run_verb(w->state, &w->asked, &how, &w->result, err);
    if (status == UP_OK && strcmp(w->asked.verb->name, "effect") == 0) {
        const mcp_fishing f = {w->state, w->family, w->entry.scope, &how, w->agent};
        status = mcp_fishing_guard(&f, &w->asked, &w->result, err);
    }
    if (status != UP_OK) {
        return status;
    }
    const char *text = up_result_json(w->result, 0);
    w->answer = text != NULL ? json_loads(text, 0, NULL) : NULL;
    return w->answer != NULL ? UP_OK : mcp_fail_memory(err);
}

static up_status
keep(work *w, up_error *err)
{
    up_status status = count(w, err);
    if (status == UP_OK && strcmp(w->asked.tool->name, "declare_design") == 0) {
        status = record_design(w, err);
    }
    status = status == UP_OK ? record_artifact(w, err) : status;
    return status == UP_OK ? record_answer(w, err) : status;
}

void
mcp_answer_tool(const mcp_state *s, const mcp_tool *tool, const json_t *arguments,
    mcp_call *call, mcp_reply *reply)
{
    up_error err = UP_ERROR_INIT;
    work w = {.state = s, .call = call, .agent = json_object()};
    up_status status =
        w.agent != NULL ? prepare(&w, tool, arguments, &err) : mcp_fail_memory(&err);
    status = status == UP_OK ? run(&w, &err) : status;
    status = status == UP_OK ? keep(&w, &err) : status;
    reply->body = status == UP_OK
                      ? finish(&w)
                      : mcp_failure_body(s, tool, arguments, &w.asked, &err);
    up_result_free(w.result);
    json_decref(w.answer);
    json_decref(w.agent);
    json_decref(w.on_rows);
    mcp_entry_clear(&w.entry);
    mcp_asked_clear(&w.asked);
}

char *
mcp_success_body(const char *json)
{
    mcp_text t = {0};
    size_t n = 0;
    mcp_text_add(&t, "\"content\":[{\"type\":\"text\",\"text\":");
    mcp_text_quote(&t, json);
    mcp_text_add(&t, "}],\"structuredContent\":");
    mcp_text_json(&t, json);
    mcp_text_add(&t, ",\"isError\":false");
    return mcp_text_take(&t, &n);
}
