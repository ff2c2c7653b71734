/* What a call may say is what its tool shows; values are judged by the verb (up_call), so that
 * every door refuses alike. A handle brings what was declared before: a design its roles, a fit
 * its capsule. */
#include "resolve.h"

#include "fail.h"
#include "text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static up_status
bad_type(const char *name, const char *wanted, up_error *err)
{
    char fix[96];
    (void)snprintf(fix, sizeof fix, "give %s", wanted);
    return mcp_fail(err, UP_E_USAGE, name, fix, "%.60s is not %s", name, wanted);
}

/* The shortest text that reads back to the same number. */
static json_t *
text_of_real(double x)
{
    char text[40] = "";
    for (int digits = 15; digits <= 17; digits++) {
        (void)snprintf(text, sizeof text, "%.*g", digits, x);
        if (strtod(text, NULL) == x) {
            break;
        }
    }
    return json_string(text);
}

static json_t *
text_of_number(const json_t *value)
{
    char text[40];
    if (json_is_real(value)) {
        return text_of_real(json_real_value(value));
    }
    (void)snprintf(text, sizeof text, "%lld", (long long)json_integer_value(value));
    return json_string(text);
}

/* A text without a zero byte, which would end it early for the library. */
static bool
plain_text(const json_t *value)
{
    return json_is_string(value) &&
           strlen(json_string_value(value)) == json_string_length(value);
}

static up_status
texts_of_list(const char *name, const json_t *value, json_t **out, up_error *err)
{
    json_t *list = json_array();
    size_t n = json_is_array(value) ? json_array_size(value) : 1;
    for (size_t i = 0; i < n; i++) {
        const json_t *item = json_is_array(value) ? json_array_get(value, i) : value;
        if (!plain_text(item) && !json_is_number(item)) {
            json_decref(list);
            return bad_type(name, "a list of texts", err);
        }
        (void)json_array_append_new(list, json_is_number(item)
                                              ? text_of_number(item)
                                              : json_string(json_string_value(item)));
    }
    *out = list;
    return UP_OK;
}

/* The value of an option as text or list; *out NULL = as if it were not there. */
static up_status
text_of_value(const up_option *o, const char *name, const json_t *value, json_t **out,
    up_error *err)
{
    *out = NULL;
    if (json_is_null(value) || json_is_false(value)) {
        return json_is_false(value) && o->type != UP_OPTION_FLAG
                   ? bad_type(name, "a value of its type", err)
                   : UP_OK;
    }
    if (o->type == UP_OPTION_LIST) {
        return texts_of_list(name, value, out, err);
    }
    if (o->type == UP_OPTION_FLAG) {
        bool told = plain_text(value) && strcmp(json_string_value(value), "true") == 0;
        if (!json_is_true(value) && !told) {
            return bad_type(name, "true or false", err);
        }
        *out = json_string("true");
        return UP_OK;
    }
    if (json_is_number(value)) {
        *out = text_of_number(value);
        return UP_OK;
    }
    if (!plain_text(value)) {
        return bad_type(name,
            o->type == UP_OPTION_NUMBER || o->type == UP_OPTION_INTEGER ? "a number"
                                                                        : "a text",
            err);
    }
    *out = json_string(json_string_value(value));
    return UP_OK;
}

static up_status
unknown(const mcp_tool *t, const char *name, up_error *err)
{
    char fix[256];
    int n = snprintf(fix, sizeof fix, "%s takes", t->name);
    static const char *const own[] = {MCP_OWN_WHAT, MCP_OWN_DESIGN, MCP_OWN_FIT,
        MCP_OWN_RESULT, MCP_OWN_OFFSET, MCP_OWN_DETAILED, MCP_OWN_OPTIONS};
    for (size_t i = 0; i < sizeof own / sizeof own[0]; i++) {
        if (mcp_tool_owns(t, own[i]) && n < (int)sizeof fix) {
            n += snprintf(fix + n, sizeof fix - (size_t)n, " %s", own[i]);
        }
    }
    if (n < (int)sizeof fix) {
        (void)snprintf(fix + n, sizeof fix - (size_t)n, " %s", t->shown);
    }
    for (char *c = fix; *c != '\0'; c++) {
        if (*c == '!' || *c == '-') {
            *c = *c == '!' ? ' ' : '_';
        }
    }
    return mcp_fail(
        err, UP_E_USAGE, name, fix, "%s has no argument '%.60s'", t->name, name);
}

static up_status
set_option(const up_option *o, const char *name, const json_t *value, json_t *given,
    up_error *err)
{
    json_t *text = NULL;
    char key[64];
    up_status status = text_of_value(o, name, value, &text, err);
    mcp_json_name(o->name, key);
    if (status == UP_OK && text != NULL && json_object_set_new(given, key, text) != 0) {
        status = mcp_fail_memory(err);
    }
    return status;
}

/* An option by its own name, for the verb that was chosen. One without a property is taken as
 * well: what it means is as clear as in `options`. */
static up_status
take_shown(
    mcp_asked *q, const char *name, const json_t *value, json_t *given, up_error *err)
{
    const up_option *o = mcp_option(q->verb, name);
    if (o != NULL && !mcp_option_hidden(o)) {
        return set_option(o, name, value, given, err);
    }
    if (o != NULL || mcp_tool_option(q->tool, name) == NULL) {
        return unknown(q->tool, name, err);
    }
    return mcp_fail(err, UP_E_USAGE, name, "leave it out, or choose another what",
        "%s with what '%s' does not take %.60s", q->tool->name, q->verb->name, name);
}

/* "name=value" of an option without a property of its own. */
static up_status
take_extra(mcp_asked *q, const json_t *item, json_t *given, up_error *err)
{
    char name[64] = "";
    const char *text = plain_text(item) ? json_string_value(item) : "";
    size_t n = strcspn(text, "=");
    if (n == 0 || n >= sizeof name) {
        return mcp_fail(err, UP_E_USAGE, MCP_OWN_OPTIONS,
            "write them as \"name=value\", e.g. \"seed=7\"",
            "'%.60s' in options is no option with a value", text);
    }
    (void)snprintf(name, sizeof name, "%.*s", (int)n, text);
    const up_option *o = mcp_option(q->verb, name);
    if (o == NULL || mcp_option_hidden(o)) {
        return mcp_fail(err, UP_E_USAGE, MCP_OWN_OPTIONS,
            "the description of options lists their names",
            "'%s' is not an option here", name);
    }
    json_t *value = json_string(text[n] == '=' ? text + n + 1 : "true");
    char key[64];
    mcp_json_name(o->name, key);
    json_t *before = json_object_get(given, key);
    up_status status = UP_OK;
    if (before != NULL && json_is_array(before)) {
        (void)json_array_append(before, value); /* a list goes on */
    } else {
        status = set_option(o, name, value, given, err);
    }
    json_decref(value);
    return status;
}

static up_status
take_handle(const char *name, const json_t *value, char out[MCP_HANDLE], up_error *err)
{
    if (json_is_null(value)) {
        return UP_OK;
    }
    if (!plain_text(value)) {
        return bad_type(name, "the handle of an earlier call", err);
    }
    up_status status = mcp_handle_check(json_string_value(value), name, name, err);
    if (status == UP_OK) {
        (void)snprintf(out, MCP_HANDLE, "%s", json_string_value(value));
    }
    return status;
}

static up_status
take_own(
    mcp_asked *q, const char *name, const json_t *value, json_t *given, up_error *err)
{
    if (strcmp(name, MCP_OWN_DESIGN) == 0) {
        return take_handle(name, value, q->design, err);
    }
    if (strcmp(name, MCP_OWN_FIT) == 0) {
        return take_handle(name, value, q->fit, err);
    }
    if (strcmp(name, MCP_OWN_DETAILED) == 0) {
        q->detailed = json_is_true(value);
        return json_is_boolean(value) || json_is_null(value)
                   ? UP_OK
                   : bad_type(name, "true or false", err);
    }
    if (strcmp(name, MCP_OWN_OPTIONS) == 0) {
        if (!json_is_array(value) && !json_is_null(value)) {
            return bad_type(name, "a list of \"name=value\"", err);
        }
        for (size_t i = 0; i < json_array_size(value); i++) {
            up_status status = take_extra(q, json_array_get(value, i), given, err);
            if (status != UP_OK) {
                return status;
            }
        }
    }
    return UP_OK; /* what was read before */
}

static up_status
choose_role(mcp_asked *q, const json_t *arguments, up_error *err)
{
    const json_t *what = json_object_get(arguments, MCP_OWN_WHAT);
    bool chosen =
        what != NULL && !json_is_null(what) && mcp_tool_owns(q->tool, MCP_OWN_WHAT);
    if (chosen && !plain_text(what)) {
        return bad_type(MCP_OWN_WHAT, "a text", err);
    }
    q->role = mcp_tool_role(q->tool, chosen ? json_string_value(what) : NULL);
    if (q->role == NULL) {
        char fix[128] = "one of";
        for (const mcp_role *r = q->tool->roles; r->verb != NULL; r++) {
            size_t n = strlen(fix);
            (void)snprintf(fix + n, sizeof fix - n, " %s", r->verb);
        }
        return mcp_fail(err, UP_E_USAGE, MCP_OWN_WHAT, fix, "what cannot be '%.60s'",
            json_string_value(what));
    }
    q->verb = up_catalog_find(q->role->verb);
    return q->verb != NULL ? UP_OK
                           : mcp_fail(err, UP_E_INTERNAL, MCP_OWN_WHAT, NULL,
                                 "the catalog has no verb %s", q->role->verb);
}

static up_status
take_arguments(mcp_asked *q, const json_t *arguments, json_t *given, up_error *err)
{
    const char *name = NULL;
    json_t *value = NULL;
    json_t *all = json_copy(mcp_borrow(arguments));
    up_status status = all != NULL ? UP_OK : mcp_fail_memory(err);
    json_object_foreach(all, name, value)
    {
        if (status == UP_OK) {
            status = mcp_tool_owns(q->tool, name)
                         ? take_own(q, name, value, given, err)
                         : take_shown(q, name, value, given, err);
        }
    }
    json_decref(all);
    return status;
}

/* Those of the arguments that the verb has. */
static up_status
keep_known(const up_verb *v, const json_t *from, json_t *to, up_error *err)
{
    const char *name = NULL;
    json_t *value = NULL;
    json_object_foreach(mcp_borrow(from), name, value)
    {
        const up_option *o = mcp_option(v, name);
        if (o != NULL && !mcp_option_hidden(o) &&
            json_object_set(to, name, value) != 0) {
            return mcp_fail_memory(err);
        }
    }
    return UP_OK;
}

/* The text that the design was declared with, if it still means the same file from here. */
static up_status
source_of_design(
    const mcp_state *s, const json_t *key, json_t *arguments, up_error *err)
{
    mcp_data data = {0};
    up_error ignored = UP_ERROR_INIT;
    const char *path = json_string_value(json_object_get(key, "path"));
    const char *name = mcp_argument_text(arguments, "source");
    if (path == NULL || name == NULL) {
        return mcp_fail(err, UP_E_SOURCE, MCP_OWN_DESIGN, "call declare_design again",
            "the design names no data");
    }
    bool same = mcp_allow_read(&s->allow, name, "source", &data, &ignored) == UP_OK &&
                strcmp(data.path, path) == 0;
    mcp_data_clear(&data);
    return same || json_object_set_new(arguments, "source", json_string(path)) == 0
               ? UP_OK
               : mcp_fail_memory(err);
}

static up_status
base_of_design(const mcp_state *s, mcp_asked *q, json_t *base, up_error *err)
{
    json_t *head = NULL;
    up_status status =
        mcp_record_load(&s->workspace, q->design, "design", &head, NULL, err);
    if (status == UP_OK) {
        const json_t *key = json_object_get(head, "key");
        json_t *all = json_copy(json_object_get(key, "arguments"));
        status =
            all != NULL ? source_of_design(s, key, all, err) : mcp_fail_memory(err);
        if (status == UP_OK) {
            status = keep_known(q->verb, all, base, err);
        }
        json_decref(all);
    }
    json_decref(head);
    return status;
}

/* The capsule must be the one that was saved: a record vouches for it. */
static up_status
check_capsule(const char *path, const char *handle, const json_t *head, up_error *err)
{
    char hash[65];
    char fix[128];
    const char *wanted = json_string_value(json_object_get(head, "artifact"));
    up_status status = mcp_file_hash(path, hash, err);
    bool policy = strncmp(handle, "policy", 6) == 0;
    (void)snprintf(fix, sizeof fix,
        "call %s again; the same request gives the same handle",
        policy ? "rank with what policy" : "fit");
    if (status == UP_E_SOURCE) {
        return mcp_fail(err, status, policy ? "policy" : "fit", fix,
            "the file of %s is no longer in the cache directory", handle);
    }
    if (status == UP_OK && (wanted == NULL || strcmp(wanted, hash) != 0)) {
        return mcp_fail(err, UP_E_SOURCE, policy ? "policy" : "fit", fix,
            "the file of %s in the cache directory was altered or cut short", handle);
    }
    return status;
}

static up_status
base_of_fit(const mcp_state *s, mcp_asked *q, bool rows, json_t *base, up_error *err)
{
    up_status status =
        mcp_record_load(&s->workspace, q->fit, "fit", &q->fitted, NULL, err);
    if (status != UP_OK) {
        return status;
    }
    const json_t *key = json_object_get(q->fitted, "key");
    const char *design = json_string_value(json_object_get(q->fitted, "design"));
    (void)snprintf(q->design, sizeof q->design, "%s", design != NULL ? design : "");
    json_t *all = json_copy(json_object_get(key, "arguments"));
    char *path = mcp_workspace_file(&s->workspace, q->fit, ".parquet");
    if (all == NULL || path == NULL) {
        status = mcp_fail_memory(err);
    } else if (rows) {
        status = source_of_design(s, key, all, err);
        status = status == UP_OK ? keep_known(q->verb, all, base, err) : status;
    } else {
        status = check_capsule(path, q->fit, q->fitted, err);
        if (status == UP_OK &&
            json_object_set_new(base, "source", json_string(path)) != 0) {
            status = mcp_fail_memory(err);
        }
    }
    json_decref(all);
    free(path);
    return status;
}

/* Whether the request asks what only rows can answer. */
static bool
asks_rows(const mcp_asked *q, const json_t *given)
{
    const char *name = NULL;
    json_t *value = NULL;
    if (q->role->rows) {
        return true;
    }
    json_object_foreach(mcp_borrow(given), name, value)
    {
        if (mcp_option_of_rows(name)) {
            return true;
        }
    }
    return false;
}

static up_status
apply_handles(const mcp_state *s, mcp_asked *q, const json_t *given, up_error *err)
{
    json_t *base = json_object();
    bool needs = q->tool->takes != 0 && !mcp_tool_shows(q->tool, "source", NULL) &&
                 mcp_option(q->verb, "source") != NULL;
    bool required = needs && (mcp_option(q->verb, "source")->required != 0);
    up_status status = base != NULL ? UP_OK : mcp_fail_memory(err);
    if (status == UP_OK && q->design[0] != '\0' && q->fit[0] != '\0') {
        status = mcp_fail(err, UP_E_USAGE, MCP_OWN_FIT,
            "leave design out: the fit brings it", "design and fit are both given");
    } else if (status == UP_OK && q->fit[0] != '\0') {
        status = base_of_fit(s, q, asks_rows(q, given), base, err);
    } else if (status == UP_OK && q->design[0] != '\0') {
        status = base_of_design(s, q, base, err);
    } else if (status == UP_OK && required) {
        bool fit = (q->tool->takes & MCP_TAKES_FIT) != 0;
        status = mcp_fail(err, UP_E_USAGE, fit ? MCP_OWN_FIT : MCP_OWN_DESIGN,
            fit ? "call declare_design, then fit, and give the handle as fit"
                : "call declare_design and give the handle as design",
            "%s needs a handle of what it is asked about", q->tool->name);
    }
    if (status == UP_OK && json_object_update(base, mcp_borrow(given)) != 0) {
        status = mcp_fail_memory(err);
    }
    if (status != UP_OK) {
        json_decref(base);
        return status;
    }
    q->arguments = base;
    return UP_OK;
}

/* A policy handle becomes the file that holds the policy. */
static up_status
policy_file(const mcp_state *s, mcp_asked *q, up_error *err)
{
    const char *given = mcp_argument_text(q->arguments, "policy");
    json_t *head = NULL;
    if (given == NULL || strncmp(given, "policy_", 7) != 0) {
        return UP_OK;
    }
    up_status status =
        mcp_record_load(&s->workspace, given, "policy", &head, NULL, err);
    if (status != UP_OK) {
        return status;
    }
    char *path = mcp_workspace_file(&s->workspace, given, ".policy.json");
    status =
        path != NULL ? check_capsule(path, given, head, err) : mcp_fail_memory(err);
    if (status == UP_OK &&
        json_object_set_new(q->arguments, "policy", json_string(path)) != 0) {
        status = mcp_fail_memory(err);
    }
    free(path);
    json_decref(head);
    return status;
}

/* A graph is text, or a file if there is one of that name: then it is judged as a path. What
 * looks like a file and is none is told as such. */
static bool
is_graph_text(const up_option *o, const char *value)
{
    static const char *const signs[] = {"->", "<-", "--", "{", ";", "\n"};
    struct stat info;
    bool drawn = strpbrk(value, "./") == NULL;
    for (size_t i = 0; i < sizeof signs / sizeof signs[0]; i++) {
        drawn |= strstr(value, signs[i]) != NULL;
    }
    return strcmp(o->name, "graph") == 0 && drawn && stat(value, &info) != 0;
}

static up_status
check_path(const mcp_state *s, mcp_asked *q, const up_option *o, const char *value,
    up_error *err)
{
    mcp_data data = {0};
    char name[64];
    mcp_json_name(o->name, name);
    if (is_graph_text(o, value)) {
        return UP_OK;
    }
    up_status status = mcp_allow_read(&s->allow, value, name, &data, err);
    if (status == UP_OK && strcmp(o->name, "source") == 0) {
        q->data.bytes += data.bytes;
        q->data.changed =
            data.changed > q->data.changed ? data.changed : q->data.changed;
        free(q->data.path); /* of several files the last one names the data */
        q->data.path = data.path;
        data.path = NULL;
    }
    mcp_data_clear(&data);
    return status;
}

static up_status
check_paths(const mcp_state *s, mcp_asked *q, up_error *err)
{
    for (const up_option *o = q->verb->options; o->name != NULL; o++) {
        char name[64];
        mcp_json_name(o->name, name);
        const json_t *value = json_object_get(q->arguments, name);
        if (value == NULL || !mcp_option_reads(o) || mcp_option_hidden(o)) {
            continue;
        }
        size_t n = json_is_array(value) ? json_array_size(value) : 1;
        for (size_t i = 0; i < n; i++) {
            const json_t *item =
                json_is_array(value) ? json_array_get(value, i) : value;
            up_status status = check_path(s, q, o, json_string_value(item), err);
            if (status != UP_OK) {
                return status;
            }
        }
    }
    return UP_OK;
}

up_status
mcp_resolve(const mcp_state *s, const mcp_tool *tool, const json_t *arguments,
    mcp_asked *out, up_error *err)
{
    mcp_asked q = {.tool = tool};
    json_t *given = json_object();
    up_status status = given != NULL ? UP_OK : mcp_fail_memory(err);
    if (status == UP_OK && arguments != NULL && !json_is_object(arguments)) {
        status = bad_type("arguments", "an object", err);
    }
    status = status == UP_OK ? choose_role(&q, arguments, err) : status;
    status = status == UP_OK ? take_arguments(&q, arguments, given, err) : status;
    status = status == UP_OK ? apply_handles(s, &q, given, err) : status;
    status = status == UP_OK ? policy_file(s, &q, err) : status;
    status = status == UP_OK ? check_paths(s, &q, err) : status;
    json_decref(given);
    if (status != UP_OK) {
        mcp_asked_clear(&q);
        return status;
    }
    *out = q;
    return UP_OK;
}

void
mcp_asked_clear(mcp_asked *q)
{
    json_decref(q->arguments);
    json_decref(q->fitted);
    mcp_data_clear(&q->data);
    *q = (mcp_asked){0};
}

const char *
mcp_argument_text(const json_t *arguments, const char *option)
{
    const json_t *value = json_object_get(arguments, option);
    return json_string_value(json_is_array(value) ? json_array_get(value, 0) : value);
}

up_argument *
mcp_arguments_list(const up_verb *v, const json_t *arguments, int64_t *n)
{
    size_t room = 1;
    const char *key = NULL;
    json_t *value = NULL;
    json_object_foreach(mcp_borrow(arguments), key, value)
    {
        room += json_is_array(value) ? json_array_size(value) : 1;
    }
    up_argument *list = calloc(room, sizeof *list);
    *n = 0;
    for (const up_option *o = v->options; list != NULL && o->name != NULL; o++) {
        char name[64];
        mcp_json_name(o->name, name);
        value = json_object_get(arguments, name);
        size_t items = value == NULL          ? 0
                       : json_is_array(value) ? json_array_size(value)
                                              : 1;
        for (size_t i = 0; i < items; i++) {
            const json_t *item =
                json_is_array(value) ? json_array_get(value, i) : value;
            list[(*n)++] =
                (up_argument){.name = o->name, .value = json_string_value(item)};
        }
    }
    return list;
}

static void
add_word(mcp_text *t, const char *word)
{
    static const char safe[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                               "0123456789_./,:=+@%-";
    if (word[0] != '\0' && strspn(word, safe) == strlen(word)) {
        mcp_text_add(t, word);
        return;
    }
    mcp_text_add(t, "'");
    for (; *word != '\0'; word++) {
        if (*word == '\'') {
            mcp_text_add(t, "'\\''");
        } else {
            mcp_text_bytes(t, word, 1);
        }
    }
    mcp_text_add(t, "'");
}

char *
mcp_arguments_command(const up_verb *v, const json_t *arguments, bool full)
{
    mcp_text t = {0};
    int64_t n = 0;
    size_t length = 0;
    up_argument *list = mcp_arguments_list(v, arguments, &n);
    if (list == NULL) {
        return NULL;
    }
    mcp_text_add(&t, "upshot ");
    mcp_text_add(&t, v->name);
    for (int64_t i = 0; i < n; i++) {
        const up_option *o = mcp_option(v, list[i].name);
        bool dash = list[i].value[0] == '-'; /* alone it would be read as an option */
        mcp_text_add(&t, " ");
        if (o->positional == 0 || dash) {
            mcp_text_add(&t, "--");
            mcp_text_add(&t, o->name);
            mcp_text_add(&t, dash ? "=" : o->type != UP_OPTION_FLAG ? " " : "");
        }
        if (o->type != UP_OPTION_FLAG) {
            add_word(&t, list[i].value);
        }
    }
    mcp_text_add(&t, full ? " --json --full" : " --json");
    free(list);
    return mcp_text_take(&t, &length);
}
