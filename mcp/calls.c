/* The library speaks of commands and of options (--expected-split); a model has tools and
 * arguments. The words are translated here, and the commands by the program's own parser, so
 * that nothing is suggested which the catalog would not take. */
#include "calls.h"

#include "text.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MOST_WORDS = 128 };

typedef struct words {
    char *text; /* all words, each ended by a zero */
    const char *word[MOST_WORDS];
    int n;
} words;

/* Splits as a shell would: blanks, '...' and "...". False where it is no plain command. */
static bool
split(const char *command, words *out)
{
    size_t length = strlen(command);
    char *to = malloc(length + 2);
    out->text = to;
    out->n = 0;
    for (const char *s = command; to != NULL;) {
        s += strspn(s, " \n");
        if (*s == '\0') {
            return true;
        }
        if (out->n == MOST_WORDS) {
            return false;
        }
        out->word[out->n++] = to;
        for (char quote = '\0'; *s != '\0' && (quote != '\0' || !strchr(" \n", *s));
             s++) {
            if (quote != '\0' && *s == quote) {
                quote = '\0';
            } else if (quote == '\0' && (*s == '\'' || *s == '"')) {
                quote = *s;
            } else if (quote == '\0' && *s == '\\' && s[1] != '\0') {
                *to++ = *++s;
            } else if (quote == '\0' && strchr("<>|;&", *s) != NULL) {
                return false; /* more than one command */
            } else {
                *to++ = *s;
            }
        }
        *to++ = '\0';
    }
    return false;
}

static json_t *
value_of(const up_option *o, const char *text)
{
    char *end = NULL;
    if (o->type == UP_OPTION_FLAG) {
        return json_boolean(strcmp(text, "false") != 0);
    }
    if (o->type == UP_OPTION_INTEGER || o->type == UP_OPTION_NUMBER) {
        double x = strtod(text, &end);
        if (*text != '\0' && *end == '\0') {
            return x == (double)(long long)x ? json_integer((json_int_t)x)
                                             : json_real(x);
        }
    }
    return json_string(text);
}

static void
add_value(json_t *to, const up_option *o, const char *text)
{
    char name[64];
    mcp_json_name(o->name, name);
    if (o->type != UP_OPTION_LIST) {
        (void)json_object_set_new(to, name, json_string(text));
        return;
    }
    json_t *list = json_object_get(to, name);
    if (list == NULL) {
        (void)json_object_set_new(to, name, json_array());
        list = json_object_get(to, name);
    }
    while (*text != '\0') {
        size_t n = o->commas != 0 && strpbrk(text, "(['\"") == NULL ? strcspn(text, ",")
                                                                    : strlen(text);
        (void)json_array_append_new(list, json_stringn(text, n));
        text += n;
        text += *text == ',' ? 1 : 0;
    }
}

json_t *
mcp_call_arguments(const mcp_tool *t, const up_verb *v, const json_t *arguments)
{
    json_t *call = json_object();
    json_t *extra = json_array();
    for (const up_option *o = v->options; o->name != NULL; o++) {
        char name[64];
        mcp_json_name(o->name, name);
        const json_t *value = json_object_get(arguments, name);
        if (value == NULL || mcp_option_hidden(o)) {
            continue;
        }
        bool shown = mcp_tool_shows(t, o->name, NULL);
        size_t n = json_is_array(value) ? json_array_size(value) : 1;
        if (shown && o->type == UP_OPTION_LIST) {
            (void)json_object_set(call, name, mcp_borrow(value));
            continue;
        }
        for (size_t i = 0; i < n; i++) {
            const char *text = json_string_value(
                json_is_array(value) ? json_array_get(value, i) : value);
            if (shown) {
                (void)json_object_set_new(call, name, value_of(o, text));
            } else {
                (void)json_array_append_new(extra, json_sprintf("%s=%s", name, text));
            }
        }
    }
    if (json_array_size(extra) > 0) {
        (void)json_object_set(call, MCP_OWN_OPTIONS, extra);
    }
    json_decref(extra);
    return call;
}

/* Leaves out what the handle brings: the source, and values that are the same. */
static void
leave_out(json_t *arguments, const json_t *base, const up_verb *v, bool rows)
{
    const char *name = NULL;
    json_t *value = NULL;
    void *next = NULL;
    json_object_foreach_safe(arguments, next, name, value)
    {
        const up_option *o = mcp_option(v, name);
        bool same = json_equal(value, json_object_get(base, name)) != 0;
        bool role =
            o != NULL && rows &&
            (strcmp(o->group, "Design") == 0 || strcmp(o->group, "Metrics") == 0);
        if (same || role || strcmp(name, "source") == 0) {
            (void)json_object_del(arguments, name);
        }
    }
}

static json_t *
made(const char *tool, json_t *arguments)
{
    return json_pack("{s:s, s:o}", "tool", tool, "arguments", arguments);
}

/* The arguments of the design that the call belongs to; NULL = none. */
static json_t *
design_arguments(const mcp_state *s, const mcp_asked *q)
{
    json_t *head = NULL;
    up_error ignored = UP_ERROR_INIT;
    if (q == NULL || q->design[0] == '\0' ||
        mcp_record_load(&s->workspace, q->design, "design", &head, NULL, &ignored) !=
            UP_OK) {
        return NULL;
    }
    json_t *arguments =
        json_incref(json_object_get(json_object_get(head, "key"), "arguments"));
    json_decref(head);
    return arguments;
}

/* A command on rows: with a handle it is asked of that; without one, roles come first. */
static json_t *
on_rows(const mcp_state *s, const mcp_asked *q, const mcp_tool *t, const mcp_role *r,
    json_t *arguments)
{
    const up_verb *v = up_catalog_find(r->verb);
    json_t *base = design_arguments(s, q);
    json_t *call = NULL;
    bool may_fit = (t->takes & MCP_TAKES_FIT) != 0 && !r->rows;
    if (may_fit && q != NULL && q->fit[0] != '\0') {
        leave_out(arguments, NULL, v, true);
        call = mcp_call_arguments(t, v, arguments);
        (void)json_object_set_new(call, MCP_OWN_FIT, json_string(q->fit));
    } else if (base != NULL && (t->takes & MCP_TAKES_DESIGN) != 0) {
        leave_out(arguments, base, v, false);
        call = mcp_call_arguments(t, v, arguments);
        (void)json_object_set_new(call, MCP_OWN_DESIGN, json_string(q->design));
    } else {
        t = mcp_tool_find(base != NULL ? "fit" : "declare_design");
        r = &t->roles[0];
        leave_out(base != NULL ? arguments : NULL, base, v, false);
        call = mcp_call_arguments(t, up_catalog_find(r->verb), arguments);
        (void)json_object_del(call, MCP_OWN_OPTIONS);
        if (base != NULL) {
            (void)json_object_set_new(call, MCP_OWN_DESIGN, json_string(q->design));
        }
    }
    if (r != &t->roles[0]) {
        (void)json_object_set_new(call, MCP_OWN_WHAT, json_string(r->verb));
    }
    json_decref(base);
    return made(t->name, call);
}

/* The handle whose capsule or policy a path is; "" = none. */
static void
handle_of_path(const mcp_state *s, const char *path, char out[MCP_HANDLE])
{
    size_t n = strlen(s->workspace.path);
    char name[MCP_HANDLE] = "";
    out[0] = '\0';
    if (path != NULL && strncmp(path, s->workspace.path, n) == 0 && path[n] == '/') {
        (void)snprintf(
            name, sizeof name, "%.*s", (int)strcspn(path + n + 1, "."), path + n + 1);
        if (mcp_handle_is(name, NULL)) {
            memcpy(out, name, sizeof name);
        }
    }
}

static json_t *
call_of(const mcp_state *s, const mcp_asked *q, const char *verb, json_t *arguments)
{
    const mcp_role *r = NULL;
    const mcp_tool *t = mcp_tool_of_verb(verb, &r);
    char handle[MCP_HANDLE];
    if (t == NULL) {
        return NULL;
    }
    handle_of_path(s, mcp_argument_text(arguments, "policy"), handle);
    if (handle[0] != '\0') {
        (void)json_object_set_new(arguments, "policy", json_string(handle));
    }
    handle_of_path(s, mcp_argument_text(arguments, "source"), handle);
    const up_verb *v = up_catalog_find(verb);
    if (handle[0] != '\0' && strcmp(verb, "check") == 0) {
        t = mcp_tool_find("check");
        r = &t->roles[0];
    }
    bool rows = mcp_argument_text(arguments, "itt") != NULL || t->takes != 0;
    bool shows = mcp_tool_shows(t, "source", NULL);
    if (handle[0] == '\0' && rows && !shows &&
        mcp_argument_text(arguments, "source") != NULL) {
        return on_rows(s, q, t, r, arguments);
    }
    if (handle[0] != '\0') {
        (void)json_object_del(arguments, "source");
    }
    json_t *call = mcp_call_arguments(t, v, arguments);
    if (handle[0] != '\0') {
        (void)json_object_set_new(call, MCP_OWN_FIT, json_string(handle));
    }
    if (r != &t->roles[0] && mcp_tool_owns(t, MCP_OWN_WHAT)) {
        (void)json_object_set_new(call, MCP_OWN_WHAT, json_string(verb));
    }
    return made(t->name, call);
}

json_t *
mcp_call_of_command(const mcp_state *s, const mcp_asked *q, const char *command)
{
    words w = {0};
    up_command *c = NULL;
    up_error ignored = UP_ERROR_INIT;
    json_t *call = NULL;
    if (split(command, &w) && w.n > 1 && strcmp(w.word[0], "upshot") == 0 &&
        up_command_parse(w.n - 1, w.word + 1, &c, &ignored) == UP_OK) {
        const char *verb = up_command_get(c)->verb;
        const up_verb *v = up_catalog_find(verb);
        int64_t n = 0;
        const up_argument *given = up_command_arguments(c, &n);
        json_t *arguments = v != NULL ? json_object() : NULL;
        for (int64_t i = 0; arguments != NULL && i < n; i++) {
            const up_option *o = mcp_option(v, given[i].name);
            if (o != NULL) {
                add_value(arguments, o, given[i].value);
            }
        }
        if (arguments != NULL) {
            call = call_of(s, q, verb, arguments);
        }
        json_decref(arguments);
    }
    up_command_free(c);
    free(w.text);
    return call;
}

/* The command that begins here: to the quote that closes it, or to the end of the clause. */
static size_t
command_length(const char *text, bool quoted)
{
    size_t n = 0;
    if (quoted) {
        return strcspn(text, "'");
    }
    for (char quote = '\0'; text[n] != '\0'; n++) {
        if (quote != '\0' && text[n] == quote) {
            quote = '\0';
        } else if (quote != '\0') {
            continue;
        } else if (text[n] == '\'' || text[n] == '"') {
            quote = text[n];
        } else if (text[n] == ';' || text[n] == '\n' ||
                   (text[n] == ',' && (text[n + 1] == ' ' || text[n + 1] == '\0'))) {
            break;
        }
    }
    return n;
}

static void
add_call(mcp_text *t, const json_t *call)
{
    const json_t *arguments = json_object_get(call, "arguments");
    char *text = json_dumps(arguments, JSON_COMPACT | JSON_REAL_PRECISION(15));
    mcp_text_add(t, json_string_value(json_object_get(call, "tool")));
    mcp_text_add(t, " ");
    mcp_text_add(t, text != NULL ? text : "{}");
    free(text);
}

static bool
is_word(char c)
{
    return isalnum((unsigned char)c) != 0 || c == '-' || c == '_';
}

/* A command that is no call: help of a verb is the description of its tool, and a verb alone is
 * the tool. Gives the length of what was replaced; 0 = nothing. */
static size_t
add_verb(mcp_text *t, const char *command)
{
    static const char help[] = "upshot help ";
    const mcp_role *r = NULL;
    char verb[32];
    bool page = strncmp(command, help, sizeof help - 1) == 0;
    size_t start = page ? sizeof help - 1 : 7;
    size_t n = strspn(command + start, "abcdefghijklmnopqrstuvwxyz");
    (void)snprintf(verb, sizeof verb, "%.*s", (int)n, command + start);
    const mcp_tool *tool = mcp_tool_of_verb(verb, &r);
    if (tool == NULL) {
        return 0;
    }
    mcp_text_add(t, page ? "the description of " : "");
    mcp_text_add(t, tool->name);
    return start + n;
}

/* A command as a call or a tool. Gives the length of what was replaced; 0 = nothing. */
static size_t
add_command(mcp_text *t, const mcp_state *s, const mcp_asked *q, const char *c)
{
    bool quoted = *c == '\'';
    const char *command = c + (quoted ? 1 : 0);
    size_t n = command_length(command, quoted);
    char *copy = strndup(command, n);
    json_t *call = copy != NULL ? mcp_call_of_command(s, q, copy) : NULL;
    free(copy);
    if (call != NULL) {
        add_call(t, call);
    } else {
        n = add_verb(t, command);
    }
    json_decref(call);
    return n == 0 ? 0 : n + (quoted ? 1 : 0) + (quoted && command[n] == '\'' ? 1 : 0);
}

char *
mcp_words_for_tools(const mcp_state *s, const mcp_asked *q, const char *text)
{
    mcp_text t = {0};
    size_t length = 0;
    mcp_text_add(&t, "");
    for (const char *c = text; *c != '\0';) {
        bool starts = c == text || !is_word(c[-1]);
        bool command = strncmp(c, "upshot ", 7) == 0 || strncmp(c, "'upshot ", 8) == 0;
        size_t done = starts && command ? add_command(&t, s, q, c) : 0;
        if (done > 0) {
            c += done;
        } else if (starts && strncmp(c, "--", 2) == 0 && isalpha((unsigned char)c[2])) {
            for (c += 2; is_word(*c); c++) {
                mcp_text_bytes(&t, *c == '-' ? "_" : c, 1);
            }
        } else {
            mcp_text_bytes(&t, c++, 1);
        }
    }
    return mcp_text_take(&t, &length);
}

/* The value behind an option: to the next option or the end of the clause. */
static size_t
value_length(const char *s, const up_option *o)
{
    if (*s == '\'' || *s == '"') {
        char quote[2] = {*s, '\0'};
        return 1 + strcspn(s + 1, quote);
    }
    return o->type == UP_OPTION_NUMBER || o->type == UP_OPTION_INTEGER ||
                   o->type == UP_OPTION_ENUM
               ? strcspn(s, " ,;'\n")
               : strcspn(s, " ;'\n");
}

static bool
is_choice(const up_option *o, const char *value)
{
    size_t n = strlen(value);
    for (const char *c = o->choices; c != NULL && *c != '\0';) {
        size_t m = strcspn(c, "|");
        if (m == n && strncmp(c, value, n) == 0) {
            return true;
        }
        c += m;
        c += *c == '|' ? 1 : 0;
    }
    return o->choices == NULL;
}

static bool
is_value(const up_option *o, const char *value)
{
    char *end = NULL;
    if (o->type == UP_OPTION_NUMBER || o->type == UP_OPTION_INTEGER) {
        (void)strtod(value, &end);
        return *value != '\0' && *end == '\0';
    }
    /* a word in capitals stands for a value and is none; codes are choices */
    bool placeholder = o->choices == NULL && isupper((unsigned char)value[0]) &&
                       value[strspn(value, "ABCDEFGHIJKLMNOPQRSTUVWXYZ")] == '\0';
    return *value != '\0' && !placeholder && is_choice(o, value);
}

/* Advice is prose: a bare word is a value only where its clause ends behind it, and is none of
 * the words that end clauses by themselves. */
static bool
is_prose(const char *value, const char *behind)
{
    static const char *const stops[] = {"or", "and", "out", "too", "again", NULL};
    for (const char *const *w = stops; *w != NULL; w++) {
        if (strcmp(value, *w) == 0) {
            return true;
        }
    }
    bool bare = value[strspn(value, "abcdefghijklmnopqrstuvwxyz")] == '\0';
    bool ends = *behind == '\0' || strchr(",;.\n", *behind) != NULL ||
                strncmp(behind, " --", 3) == 0;
    return bare && !ends;
}

json_t *
mcp_arguments_in(const up_verb *v, const char *text)
{
    json_t *found = json_object();
    for (const char *c = strstr(text, "--"); c != NULL; c = strstr(c, "--")) {
        char name[64];
        char value[128];
        size_t n = 0;
        for (c += 2; is_word(c[n]) && n + 1 < sizeof name; n++) {
            name[n] = c[n];
        }
        name[n] = '\0';
        c += n;
        const up_option *o = mcp_option(v, name);
        /* to accept a failed check is for a person, and never the next call */
        if (o == NULL || *c != ' ' || o->type == UP_OPTION_FLAG ||
            strcmp(o->name, "accept") == 0) {
            continue;
        }
        const char *from = c + 1;
        size_t m = value_length(from, o);
        bool quoted = *from == '\'' || *from == '"';
        (void)snprintf(value, sizeof value, "%.*s", (int)(m - (quoted ? 1 : 0)),
            from + (quoted ? 1 : 0));
        char key[64];
        mcp_json_name(o->name, key); /* the first advice is the one that is followed */
        bool told = o->type != UP_OPTION_LIST && json_object_get(found, key) != NULL;
        told = told || (!quoted && o->choices == NULL && is_prose(value, from + m));
        if (!told && is_value(o, value)) {
            add_value(found, o, value);
        }
    }
    return found;
}
