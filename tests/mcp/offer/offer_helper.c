#include "offer_helper.h"

#include <upshot/catalog.h>

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* A call without a protocol behind it. */
struct mcp_call {
    int unused;
};
static bool cancelled;
static int told;
static char place[64];
static char before[4096];

void
mcp_progress(mcp_call *call, double fraction, const char *message)
{
    (void)call;
    (void)message;
    assert_true(fraction >= 0 && fraction <= 1);
    told++;
}

bool
mcp_cancelled(const mcp_call *call)
{
    (void)call;
    return cancelled;
}

void
offer_cancel(bool yes)
{
    cancelled = yes;
}

int
offer_progress_count(void)
{
    return told;
}

void
offer_simulate(const char *path, int units)
{
    char number[16];
    up_error err = UP_ERROR_INIT;
    up_result *r = NULL;
    (void)snprintf(number, sizeof number, "%d", units);
    const up_argument a[] = {{"what", "shop"}, {"to", path}, {"units", number},
        {"arms", "3"}, {"seed", "3"}, {"force", "true"}};
    assert_ok(up_call("simulate", a, 6, NULL, &r, &err), &err);
    up_result_free(r);
}

void
offer_place(void)
{
    (void)snprintf(place, sizeof place, "/tmp/upshot-offer-XXXXXX");
    assert_non_null(getcwd(before, sizeof before));
    assert_non_null(mkdtemp(place));
    assert_int_equal(chdir(place), 0);
    assert_int_equal(system("mkdir data outside"), 0); /* NOLINT(cert-env33-c) */
    offer_simulate("data/shop.parquet", 4000);
    offer_simulate("outside/shop.parquet", 500);
    cancelled = false;
}

void
offer_leave(void)
{
    char command[256];
    assert_int_equal(chdir(before), 0);
    (void)snprintf(command, sizeof command, "chmod -R u+w %s; rm -rf %s", place, place);
    assert_int_equal(system(command), 0); /* NOLINT(cert-env33-c) */
}

mcp_offer
offer_open(void)
{
    static const char *const allow[] = {"data"};
    up_error err = UP_ERROR_INIT;
    mcp_offer o;
    assert_ok(mcp_offer_open(
                  &(mcp_offer_opts){.allow = allow, .n_allow = 1, .cache = "cache"}, &o,
                  &err),
        &err);
    return o;
}

json_t *
offer_body(mcp_reply *reply)
{
    if (reply->outcome != MCP_OK) {
        print_message("outcome %d: %s\n", (int)reply->outcome, reply->text);
    }
    assert_int_equal(reply->outcome, MCP_OK);
    assert_non_null(reply->body);
    assert_null(strchr(reply->body, '\n'));
    size_t n = strlen(reply->body) + 3;
    char *text = malloc(n);
    json_error_t why;
    (void)snprintf(text, n, "{%s}", reply->body);
    json_t *body = json_loads(text, JSON_REJECT_DUPLICATES, &why);
    if (body == NULL) {
        print_message("%s in %s\n", why.text, text);
    }
    assert_non_null(body);
    free(text);
    free(reply->body);
    *reply = (mcp_reply){0};
    return body;
}

static json_t *
call_v(mcp_offer *o, const char *tool, const char *format, va_list list)
{
    char text[16384];
    mcp_call call = {0};
    mcp_reply reply = {0};
    /* NOLINTNEXTLINE(clang-analyzer-valist.Uninitialized): started by the callers */
    (void)vsnprintf(text, sizeof text, format, list);
    for (char *c = text; *c != '\0'; c++) {
        if (*c == '\'' || *c == '`') {
            *c = *c == '`' ? '\'' : '"';
        }
    }
    json_t *arguments = json_loads(text, JSON_DECODE_ANY | JSON_ALLOW_NUL, NULL);
    assert_non_null(arguments);
    o->call_tool(o->user, tool, arguments, &call, &reply);
    json_decref(arguments);
    return offer_body(&reply);
}

json_t *
offer_call(mcp_offer *o, const char *tool, const char *format, ...)
{
    va_list list;
    va_start(list, format);
    json_t *body = call_v(o, tool, format, list);
    va_end(list);
    return body;
}

static const char *
text_of(const json_t *body)
{
    const json_t *content = json_object_get(body, "content");
    assert_int_equal(json_array_size(content), 1);
    const json_t *block = json_array_get(content, 0);
    assert_string_equal(json_string_value(json_object_get(block, "type")), "text");
    return json_string_value(json_object_get(block, "text"));
}

json_t *
offer_ask(mcp_offer *o, const char *tool, const char *format, ...)
{
    va_list list;
    va_start(list, format);
    json_t *body = call_v(o, tool, format, list);
    va_end(list);
    if (json_is_true(json_object_get(body, "isError"))) {
        print_message("%s %s: %s\n", tool, format, text_of(body));
    }
    assert_false(json_is_true(json_object_get(body, "isError")));
    json_t *answer = json_object_get(body, "structuredContent");
    json_t *again = json_loads(text_of(body), 0, NULL);
    assert_true(json_is_object(answer));
    assert_true(json_equal(answer, again)); /* clients show one or the other */
    assert_true(json_is_object(json_object_get(answer, "agent")));
    json_decref(again);
    json_incref(answer);
    json_decref(body);
    return answer;
}

char *
offer_refused(mcp_offer *o, const char *code, const char *tool, const char *format, ...)
{
    va_list list;
    char start[64];
    va_start(list, format);
    json_t *body = call_v(o, tool, format, list);
    va_end(list);
    assert_true(json_is_true(json_object_get(body, "isError")));
    assert_null(json_object_get(body, "structuredContent"));
    char *text = strdup(text_of(body));
    (void)snprintf(start, sizeof start, " %s", code);
    if (strstr(text, start) == NULL) {
        print_message("expected %s: %s\n", code, text);
    }
    assert_non_null(strstr(text, start));
    offer_holds(text, "\nDo: ");
    offer_holds(text, "\nWhy: ");
    json_decref(body);
    return text;
}

void
offer_holds(const char *text, const char *part)
{
    if (strstr(text, part) == NULL) {
        print_message("'%s' is not in: %s\n", part, text);
    }
    assert_non_null(strstr(text, part));
}

const char *
offer_handle(const json_t *answer, const char *name)
{
    static char buffers[4][64];
    static int next;
    const char *handle =
        json_string_value(json_object_get(json_object_get(answer, "agent"), name));
    assert_non_null(handle);
    char *to = buffers[next++ % 4];
    (void)snprintf(to, sizeof buffers[0], "%s", handle);
    return to;
}

/* Words of a command line, split at blanks outside of quotes. */
char *
offer_program(const char *command)
{
    char *copy = strdup(command);
    const char *words[64] = {NULL};
    int n = 0;
    char *to = copy;
    up_error err = UP_ERROR_INIT;
    up_command *c = NULL;
    up_result *r = NULL;
    for (const char *s = command; *s != '\0';) {
        s += strspn(s, " ");
        words[n++] = to;
        for (bool quoted = false; *s != '\0' && (quoted || *s != ' '); s++) {
            if (*s == '\'') {
                quoted = !quoted;
            } else if (!quoted && *s == '\\') {
                *to++ = *++s;
            } else {
                *to++ = *s;
            }
        }
        *to++ = '\0';
    }
    assert_string_equal(words[0], "upshot");
    assert_ok(up_command_parse(n - 1, words + 1, &c, &err), &err);
    int64_t n_arguments = 0;
    const up_argument *a = up_command_arguments(c, &n_arguments);
    const up_command_settings *s = up_command_get(c);
    assert_ok(up_call(s->verb, a, n_arguments, NULL, &r, &err), &err);
    char *text = strdup(up_result_json(r, (int)s->full));
    up_result_free(r);
    up_command_free(c);
    free(copy);
    return text;
}
