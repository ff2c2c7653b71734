/* Rows of a stored answer are cut out of its text, not read and printed again: a number printed
 * anew could differ in its last digit. */
#include "read.h"

#include "answer.h"
#include "fail.h"
#include "text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The end of the JSON value that begins at s: strings and brackets are skipped. */
static const char *
skip_value(const char *s)
{
    int depth = 0;
    for (bool quoted = false; *s != '\0'; s++) {
        if (quoted) {
            s += *s == '\\' && s[1] != '\0' ? 1 : 0;
            quoted = *s != '"';
        } else if (*s == '"') {
            quoted = true;
        } else if (*s == '[' || *s == '{') {
            depth++;
        } else if (*s == ']' || *s == '}') {
            if (--depth < 0) {
                return s;
            }
        } else if (*s == ',' && depth == 0) {
            return s;
        }
    }
    return s;
}

/* The list of rows in an answer: from its '[' to behind its ']'. */
static bool
find_rows(const char *json, const char **from, const char **to)
{
    const char *s = json + 1; /* behind the brace */
    while (*s == '"') {
        bool rows = strncmp(s, "\"rows\":[", 8) == 0;
        const char *value = strchr(s + 1, '"');
        const char *end = skip_value(s);
        if (value == NULL || end <= value) {
            return false;
        }
        if (rows) {
            *from = s + 7;
            *to = end;
            return true;
        }
        s = *end == ',' ? end + 1 : end;
    }
    return false;
}

static char *
slice(const char *json, int64_t offset, int64_t most)
{
    enum { LONGEST = 48000 };
    mcp_text t = {0};
    size_t length = 0;
    const char *from = NULL;
    const char *to = NULL;
    if (!find_rows(json, &from, &to)) {
        mcp_text_add(&t, json);
        return mcp_text_take(&t, &length);
    }
    mcp_text_bytes(&t, json, (size_t)(from - json) + 1);
    int64_t i = 0;
    int64_t shown = 0;
    for (const char *s = from + 1; s < to - 1; i++) {
        const char *end = skip_value(s);
        if (i >= offset && shown < most && (shown == 0 || t.n < LONGEST)) {
            mcp_text_add(&t, shown > 0 ? "," : "");
            mcp_text_bytes(&t, s, (size_t)(end - s));
            shown++;
        }
        s = *end == ',' ? end + 1 : end;
    }
    mcp_text_add(&t, to - 1);
    return mcp_text_take(&t, &length);
}

up_status
mcp_read_answer(const mcp_state *s, const char *handle, int64_t offset, int64_t most,
    char **out, up_error *err)
{
    json_t *head = NULL;
    char *body = NULL;
    const char *kind = strncmp(handle, "result_", 7) == 0 ? "result" : "effect";
    up_status status = mcp_record_load(&s->workspace, handle, kind, &head, &body, err);
    if (status == UP_OK) {
        body[strcspn(body, "\n")] = '\0';
        *out = slice(body, offset, most);
        status = *out != NULL ? UP_OK : mcp_fail_memory(err);
    }
    json_decref(head);
    free(body);
    return status;
}

up_status
mcp_read_record(
    const mcp_state *s, const char *handle, const char *kind, char **out, up_error *err)
{
    json_t *head = NULL;
    up_status status = mcp_record_load(&s->workspace, handle, kind, &head, NULL, err);
    if (status == UP_OK) {
        *out = json_dumps(head, JSON_COMPACT | JSON_SORT_KEYS);
        status = *out != NULL ? UP_OK : mcp_fail_memory(err);
    }
    json_decref(head);
    return status;
}

static const char *
text_of(const json_t *arguments, const char *name)
{
    const json_t *value = json_object_get(arguments, name);
    return json_string_value(value);
}

static up_status
check_guide(const json_t *arguments, up_error *err)
{
    const char *name = NULL;
    json_t *value = NULL;
    json_object_foreach(mcp_borrow(arguments), name, value)
    {
        bool number = strcmp(name, MCP_OWN_OFFSET) == 0;
        bool text = strcmp(name, "topic") == 0 || strcmp(name, "code") == 0 ||
                    strcmp(name, MCP_OWN_RESULT) == 0;
        if (!number && !text) {
            return mcp_fail(err, UP_E_USAGE, name,
                "guide takes topic, code, result, offset",
                "guide has no argument '%.60s'", name);
        }
        bool fits = number ? json_is_integer(value) && json_integer_value(value) >= 0
                           : json_is_string(value);
        if (!fits && !json_is_null(value)) {
            return mcp_fail(err, UP_E_USAGE, name,
                number ? "give a whole number from 0" : "give a text",
                "%s has the wrong type", name);
        }
    }
    return UP_OK;
}

/* One page as the verb of the program prints it. */
static up_status
page(const char *verb, const char *option, const char *value, mcp_reply *reply,
    up_error *err)
{
    up_argument argument = {option, value};
    up_result *r = NULL;
    up_status status = up_call(verb, &argument, value != NULL ? 1 : 0, NULL, &r, err);
    const char *json = status == UP_OK ? up_result_json(r, 0) : NULL;
    mcp_text t = {0};
    size_t n = json != NULL ? strlen(json) : 0;
    while (n > 0 && json[n - 1] != '}') {
        n--;
    }
    if (n > 0) {
        char *joined = NULL;
        size_t length = 0;
        mcp_text_bytes(&t, json, n - 1);
        mcp_text_add(&t, ",\"agent\":{}}");
        joined = mcp_text_take(&t, &length);
        reply->body = joined != NULL ? mcp_success_body(joined) : NULL;
        free(joined);
    }
    up_result_free(r);
    return status;
}

void
mcp_answer_guide(const mcp_state *s, const mcp_tool *tool, const json_t *arguments,
    mcp_call *call, mcp_reply *reply)
{
    up_error err = UP_ERROR_INIT;
    mcp_asked none = {.tool = tool};
    const char *code = text_of(arguments, "code");
    const char *result = text_of(arguments, MCP_OWN_RESULT);
    (void)call;
    up_status status = check_guide(arguments, &err);
    if (status == UP_OK && result != NULL) {
        enum { PAGE = 100 };
        char *json = NULL;
        int64_t offset = json_integer_value(json_object_get(arguments, MCP_OWN_OFFSET));
        status = mcp_read_answer(s, result, offset, PAGE, &json, &err);
        if (status == UP_OK) {
            mcp_text t = {0};
            size_t length = 0;
            mcp_text_bytes(&t, json, strlen(json) - 1);
            mcp_text_add(&t, ",\"agent\":{}}");
            char *joined = mcp_text_take(&t, &length);
            reply->body = joined != NULL ? mcp_success_body(joined) : NULL;
            free(joined);
        }
        free(json);
    } else if (status == UP_OK && code != NULL) {
        status = page("explain", "code", code, reply, &err);
    } else if (status == UP_OK) {
        status = page("guide", "topic", text_of(arguments, "topic"), reply, &err);
    }
    if (status != UP_OK) {
        reply->body = mcp_failure_body(s, tool, arguments, &none, &err);
    }
}
