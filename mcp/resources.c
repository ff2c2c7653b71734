/* Resources: pages of the guide, codes, and what earlier calls made. Tools give the same (the
 * tool guide), because many clients have tools only. */
#include "resources.h"

#include "fail.h"
#include "read.h"
#include "text.h"

#include <upshot/catalog.h>

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { PAGE = 50, ROWS = 500 };

char *
mcp_templates_json(void)
{
    static const struct {
        const char *uri, *name, *doc, *type;
    } all[] = {
        {"upshot://guide/{topic}", "guide", "A page of the guide", "text/markdown"},
        {"upshot://code/{code}", "code", "What a refusal or warning means",
            "text/plain"},
        {"upshot://design/{id}", "design", "The roles that were declared",
            "application/json"},
        {"upshot://fit/{id}", "fit", "What a fit was made of", "application/json"},
        {"upshot://effect/{id}", "effect",
            "All rows and digits of an answer; ?offset=N begins at row N",
            "application/json"},
        {"upshot://result/{id}", "result", "The same of a result without effects",
            "application/json"},
    };
    json_t *list = json_array();
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) {
        (void)json_array_append_new(
            list, json_pack("{s:s, s:s, s:s, s:s}", "uriTemplate", all[i].uri, "name",
                      all[i].name, "description", all[i].doc, "mimeType", all[i].type));
    }
    char *text = json_dumps(list, JSON_COMPACT);
    json_decref(list);
    return text;
}

/* The first word of each line that is indented by two blanks or none; below it goes on. */
static void
add_first_words(json_t *to, const char *text)
{
    while (*text != '\0') {
        size_t n = strcspn(text, "\n");
        size_t blanks = strspn(text, " ");
        size_t word = strcspn(text + blanks, " \n");
        if (blanks <= 2 && word > 0 && blanks + word <= n) {
            (void)json_array_append_new(to, json_stringn(text + blanks, word));
        }
        text += n;
        text += *text == '\n' ? 1 : 0;
    }
}

json_t *
mcp_topics(void)
{
    char *text = NULL;
    up_error ignored = UP_ERROR_INIT;
    json_t *list = json_array();
    if (up_catalog_guide(NULL, &text, &ignored) == UP_OK) {
        add_first_words(list, text);
    }
    up_text_free(text);
    return list;
}

json_t *
mcp_codes(void)
{
    char *text = NULL;
    up_error ignored = UP_ERROR_INIT;
    json_t *list = json_array();
    if (up_catalog_explain(NULL, &text, &ignored) == UP_OK) {
        add_first_words(list, text);
    }
    up_text_free(text);
    return list;
}

static int
by_name(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

json_t *
mcp_handles(const mcp_state *s, const char *kind)
{
    char *names[4096];
    size_t n = 0;
    json_t *list = json_array();
    DIR *d = opendir(s->workspace.path);
    for (struct dirent *e = d != NULL ? readdir(d) : NULL; e != NULL; e = readdir(d)) {
        char handle[MCP_HANDLE];
        size_t length = strcspn(e->d_name, ".");
        if (length >= sizeof handle || strcmp(e->d_name + length, ".record") != 0) {
            continue;
        }
        (void)snprintf(handle, sizeof handle, "%.*s", (int)length, e->d_name);
        if (mcp_handle_is(handle, kind) && n < sizeof names / sizeof names[0]) {
            names[n] = strdup(handle);
            n += names[n] != NULL ? 1 : 0;
        }
    }
    if (d != NULL) {
        (void)closedir(d);
    }
    qsort(names, n, sizeof names[0], by_name);
    for (size_t i = 0; i < n; i++) {
        (void)json_array_append_new(list, json_string(names[i]));
        free(names[i]);
    }
    return list;
}

static void
add_resources(json_t *to, const char *kind, json_t *names, const char *type)
{
    for (size_t i = 0; i < json_array_size(names); i++) {
        const char *name = json_string_value(json_array_get(names, i));
        (void)json_array_append_new(to, json_pack("{s:o, s:s, s:s}", "uri",
                                            json_sprintf("upshot://%s/%s", kind, name),
                                            "name", name, "mimeType", type));
    }
    json_decref(names);
}

void
mcp_list_resources(void *user, const char *cursor, mcp_call *call, mcp_reply *reply)
{
    static const char *const kinds[] = {"design", "fit", "effect", "result"};
    const mcp_state *s = user;
    json_t *all = json_array();
    json_t *page = json_object();
    json_t *items = json_array();
    char *end = NULL;
    size_t from = cursor != NULL ? strtoul(cursor, &end, 10) : 0;
    (void)call;
    add_resources(all, "guide", mcp_topics(), "text/markdown");
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        add_resources(all, kinds[i], mcp_handles(s, kinds[i]), "application/json");
    }
    size_t n = json_array_size(all);
    if (cursor != NULL && (end == cursor || *end != '\0' || from > n)) {
        reply->outcome = MCP_BAD_PARAMS;
        reply->text = strdup("the cursor is not one of this server");
    } else {
        for (size_t i = from; i < n && i < from + PAGE; i++) {
            (void)json_array_append(items, json_array_get(all, i));
        }
        (void)json_object_set(page, "resources", items);
        if (from + PAGE < n) {
            (void)json_object_set_new(
                page, "nextCursor", json_sprintf("%zu", from + PAGE));
        }
        mcp_reply_object(reply, page);
    }
    json_decref(all);
    json_decref(items);
    json_decref(page);
}

/* "upshot://kind/name" and perhaps "?offset=N". */
static bool
split_uri(const char *uri, char kind[16], char name[64], int64_t *offset)
{
    static const char start[] = "upshot://";
    if (strncmp(uri, start, sizeof start - 1) != 0) {
        return false;
    }
    const char *s = uri + sizeof start - 1;
    size_t n = strcspn(s, "/");
    size_t m = s[n] == '/' ? strcspn(s + n + 1, "?/") : 0;
    if (n == 0 || n >= 16 || m == 0 || m >= 64) {
        return false;
    }
    (void)snprintf(kind, 16, "%.*s", (int)n, s);
    (void)snprintf(name, 64, "%.*s", (int)m, s + n + 1);
    const char *rest = s + n + 1 + m;
    *offset = 0;
    if (*rest == '\0') {
        return true;
    }
    char *end = NULL;
    if (strncmp(rest, "?offset=", 8) != 0 || rest[8] < '0' || rest[8] > '9') {
        return false;
    }
    *offset = strtoll(rest + 8, &end, 10);
    return *end == '\0';
}

static up_status
read_text(const mcp_state *s, const char *kind, const char *name, int64_t offset,
    char **out, up_error *err)
{
    char *page = NULL;
    up_status status = UP_OK;
    if (strcmp(kind, "effect") == 0 || strcmp(kind, "result") == 0) {
        status = mcp_handle_check(name, kind, kind, err);
        return status == UP_OK ? mcp_read_answer(s, name, offset, ROWS, out, err)
                               : status;
    }
    if (strcmp(kind, "design") == 0 || strcmp(kind, "fit") == 0) {
        return mcp_read_record(s, name, kind, out, err);
    }
    if (strcmp(kind, "guide") == 0) {
        status = up_catalog_guide(name, &page, err);
    } else if (strcmp(kind, "code") == 0) {
        status = up_catalog_explain(name, &page, err);
    } else {
        return mcp_fail(
            err, UP_E_USAGE, "uri", NULL, "there are no resources of kind %s", kind);
    }
    if (status == UP_OK) {
        *out = strdup(page);
        status = *out != NULL ? UP_OK : mcp_fail_memory(err);
    }
    up_text_free(page);
    return status;
}

void
mcp_read_resource(void *user, const char *uri, mcp_call *call, mcp_reply *reply)
{
    const mcp_state *s = user;
    char kind[16];
    char name[64];
    int64_t offset = 0;
    char *text = NULL;
    up_error err = UP_ERROR_INIT;
    mcp_text t = {0};
    size_t n = 0;
    (void)call;
    up_status status = split_uri(uri, kind, name, &offset)
                           ? read_text(s, kind, name, offset, &text, &err)
                           : mcp_fail(&err, UP_E_USAGE, "uri", NULL,
                                 "'%.100s' is not the address of a resource", uri);
    if (status != UP_OK) {
        reply->outcome = status == UP_E_NO_MEMORY ? MCP_INTERNAL : MCP_BAD_PARAMS;
        reply->text = strdup(err.message);
        return;
    }
    const char *type = strcmp(kind, "guide") == 0  ? "text/markdown"
                       : strcmp(kind, "code") == 0 ? "text/plain"
                                                   : "application/json";
    mcp_text_add(&t, "\"contents\":[{\"uri\":");
    mcp_text_quote(&t, uri);
    mcp_text_add(&t, ",\"mimeType\":");
    mcp_text_quote(&t, type);
    mcp_text_add(&t, ",\"text\":");
    mcp_text_quote(&t, text);
    mcp_text_add(&t, "}]");
    reply->body = mcp_text_take(&t, &n);
    free(text);
}
