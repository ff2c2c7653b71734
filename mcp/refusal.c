/* A refusal as a text: clients show the model nothing else of a failed call. It says the code,
 * what is wrong with the values, what to do in the words of the tools, the next call, and why
 * the rule is there. */
#include "answer.h"
#include "calls.h"
#include "text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The paragraph of a page below a heading, on one line. */
static void
add_section(mcp_text *t, const char *page, const char *heading)
{
    const char *c = strstr(page, heading);
    c = c != NULL ? strchr(c, '\n') : NULL;
    if (c == NULL) {
        return;
    }
    const char *end = strstr(c, "\n\n");
    size_t n = end != NULL ? (size_t)(end - c) : strlen(c);
    bool begun = false;
    for (size_t i = 0; i < n; i++) {
        bool blank = c[i] == '\n' || c[i] == ' ';
        if (!blank) {
            begun = true;
            mcp_text_bytes(t, c + i, 1);
        } else if (begun && i + 1 < n && c[i + 1] != ' ' && c[i + 1] != '\n') {
            mcp_text_add(t, " ");
        }
    }
}

static void
add_json(mcp_text *t, const json_t *value)
{
    char *text = json_dumps(value, JSON_COMPACT | JSON_REAL_PRECISION(15));
    mcp_text_add(t, text != NULL ? text : "{}");
    free(text);
}

/* Whether --accept takes the code for this verb. */
static bool
may_accept(const mcp_asked *q, const char *code)
{
    const up_option *o = q->verb != NULL ? mcp_option(q->verb, "accept") : NULL;
    return o != NULL && o->choices != NULL && strstr(o->choices, code) != NULL &&
           o->type == UP_OPTION_LIST;
}

/* A condition on what the fit does not hold: fit again with it. */
static json_t *
fit_again(const mcp_asked *q, const up_error *e)
{
    const mcp_tool *t = mcp_tool_find("fit");
    const up_verb *v = up_catalog_find("fit");
    const json_t *before =
        json_object_get(json_object_get(q->fitted, "key"), "arguments");
    json_t *metrics = json_object_get(before, "metric");
    json_t *covariates = json_copy(json_object_get(before, "covariates"));
    json_t *kept = json_object();
    covariates = covariates != NULL ? covariates : json_array();
    (void)json_array_append_new(covariates, json_string(e->field));
    (void)json_object_set(kept, "metric", metrics);
    (void)json_object_set_new(kept, "covariates", covariates);
    json_t *call = mcp_call_arguments(t, v, kept);
    (void)json_object_set_new(call, MCP_OWN_DESIGN, json_string(q->design));
    json_decref(kept);
    return call;
}

/* Texts in a value that are the wrong name become the right one. True if there were any. */
static bool
rename_in(json_t *value, const char *wrong, const char *right)
{
    bool found = false;
    const char *name = NULL;
    json_t *item = NULL;
    size_t i = 0;
    if (json_is_string(value) && strcmp(json_string_value(value), wrong) == 0) {
        return json_string_set(value, right) == 0;
    }
    if (json_is_array(value)) {
        json_array_foreach(value, i, item)
        {
            found |= rename_in(item, wrong, right);
        }
    }
    if (json_is_object(value)) {
        json_object_foreach(value, name, item)
        {
            found |= rename_in(item, wrong, right);
        }
    }
    return found;
}

/* "did you mean arm?": the same call with that name; NULL = the advice is another one. */
static json_t *
corrected_call(const json_t *arguments, const up_error *e)
{
    static const char start[] = "did you mean ";
    char right[128];
    const char *s = strstr(e->fix, start);
    size_t n = s != NULL ? strcspn(s + sizeof start - 1, "?") : 0;
    if (n == 0 || n >= sizeof right || e->field[0] == '\0') {
        return NULL;
    }
    (void)snprintf(right, sizeof right, "%.*s", (int)n, s + sizeof start - 1);
    json_t *call = json_deep_copy(arguments);
    if (!rename_in(call, e->field, right)) {
        json_decref(call);
        return NULL;
    }
    return call;
}

/* A failed check: all verdicts of what was asked about. */
static json_t *
check_call(const mcp_asked *q)
{
    const char *name = q->fitted != NULL ? MCP_OWN_FIT : MCP_OWN_DESIGN;
    const char *handle = q->fitted != NULL ? q->fit : q->design;
    return handle[0] != '\0' ? json_pack("{s:s}", name, handle) : NULL;
}

/* The same call with the options that the advice names; NULL = it names none. */
static json_t *
same_call(const json_t *arguments, const mcp_asked *q, const char *fix)
{
    json_t *options = q->verb != NULL ? mcp_arguments_in(q->verb, fix) : NULL;
    json_t *call = NULL;
    if (json_object_size(options) > 0) {
        json_t *shaped = mcp_call_arguments(q->tool, q->verb, options);
        call = json_object();
        (void)json_object_update(call, mcp_borrow(arguments));
        (void)json_object_update(call, shaped);
        json_decref(shaped);
    }
    json_decref(options);
    return call;
}

static void
add_next(mcp_text *t, const mcp_tool *tool, const json_t *arguments, const mcp_asked *q,
    const up_error *e)
{
    const char *name = tool->name;
    json_t *call = NULL;
    bool peek = e->status == UP_E_PEEK;
    if (strstr(e->fix, "upshot ") != NULL && strstr(e->fix, "upshot explain") == NULL &&
        strstr(e->fix, "upshot help") == NULL) {
        return; /* the advice is a call already */
    }
    bool again = e->status == UP_E_CONDITION && q->fitted != NULL &&
                 e->field[0] != '\0' && q->design[0] != '\0' &&
                 strcmp(e->field, "where") != 0 && strcmp(e->field, "time") != 0;
    if (again) {
        name = "fit";
        call = fit_again(q, e);
    } else {
        call = corrected_call(arguments, e);
        call = call != NULL ? call : same_call(arguments, q, e->fix);
    }
    if (call == NULL && peek && q->fitted != NULL) {
        name = "infer_effect";
        call = json_pack("{s:s, s:s}", MCP_OWN_FIT, q->fit, "inference", "anytime");
    } else if (call == NULL && may_accept(q, up_status_name(e->status))) {
        name = "check";
        call = check_call(q);
    }
    if (call == NULL) {
        name = "guide";
        call = json_pack("{s:s}", "code", up_status_name(e->status));
    }
    bool size = peek && json_object_get(call, "inference") != NULL &&
                json_object_get(call, "planned") == NULL;
    if (size) {
        (void)json_object_set_new(call, "planned", json_string("N"));
    }
    mcp_text_add(t, "\nNext call");
    if (again) { /* only who knows the data can say when a column was measured */
        mcp_text_add(t, ", if ");
        mcp_text_add(t, e->field);
        mcp_text_add(t, " was measured before treatment");
    }
    mcp_text_add(t, ": ");
    mcp_text_add(t, name);
    mcp_text_add(t, " ");
    add_json(t, call);
    if (size) {
        mcp_text_add(t, " where N is the size that was planned before the data");
    }
    json_decref(call);
}

char *
mcp_failure_body(const mcp_state *s, const mcp_tool *tool, const json_t *arguments,
    const mcp_asked *q, const up_error *e)
{
    mcp_text t = {0};
    mcp_text body = {0};
    size_t n = 0;
    const char *code = up_status_name(e->status);
    char *page = NULL;
    up_error ignored = UP_ERROR_INIT;
    char *message = mcp_words_for_tools(s, q, e->message);
    char *fix = mcp_words_for_tools(s, q, e->fix);
    mcp_text_add(&t, up_status_exit_code(e->status) == 4 ? "REFUSED " : "FAILED ");
    mcp_text_add(&t, code);
    mcp_text_add(&t, e->field[0] != '\0' ? " " : "");
    mcp_text_add(&t, e->field);
    mcp_text_add(&t, ": ");
    mcp_text_add(&t, message != NULL ? message : e->message);
    if (fix != NULL && fix[0] != '\0') {
        mcp_text_add(&t, "\nDo: ");
        mcp_text_add(&t, fix);
    }
    add_next(&t, tool, arguments, q, e);
    if (may_accept(q, code)) {
        mcp_text_add(&t, "\nOverride: \"accept\":[\"");
        mcp_text_add(&t, code);
        mcp_text_add(&t,
            "\"] shows the numbers all the same, if the user decides so; it "
            "is recorded, and the note N_OVERRIDE stays with them");
    }
    if (up_catalog_explain(code, &page, &ignored) == UP_OK) {
        mcp_text_add(&t, "\nWhy: ");
        add_section(&t, page, "Why it matters");
    }
    up_text_free(page);
    free(message);
    free(fix);
    char *text = mcp_text_take(&t, &n);
    mcp_text_add(&body, "\"content\":[{\"type\":\"text\",\"text\":");
    mcp_text_quote(&body, text != NULL ? text : code);
    mcp_text_add(&body, "}],\"isError\":true");
    free(text);
    return mcp_text_take(&body, &n);
}
