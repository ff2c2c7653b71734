/* Completion of what a person types: files, columns of the data that were named before, topics,
 * codes, handles. */
#include "resources.h"

#include <upshot/source.h>

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { MOST = 100 }; /* the protocol's own bound */

static void
add_columns(const mcp_state *s, const char *path, json_t *to)
{
    mcp_data data = {0};
    up_source *source = NULL;
    up_error ignored = UP_ERROR_INIT;
    const up_run *run =
        UP_RUN(.allowed_directories = (const char *const *)s->allow.directories);
    if (mcp_allow_read(&s->allow, path, "data", &data, &ignored) == UP_OK &&
        up_source_open(path, run, &source, &ignored) == UP_OK) {
        for (int64_t i = 0; i < up_source_columns(source); i++) {
            (void)json_array_append_new(to, json_string(up_source_column(source, i)));
        }
    }
    up_source_free(source);
    mcp_data_clear(&data);
}

static bool
is_data(const char *name)
{
    static const char *const endings[] = {".parquet", ".csv", ".tsv", ".jsonl",
        ".ndjson", ".json", ".duckdb", ".csv.gz", ".csv.zst"};
    size_t n = strlen(name);
    for (size_t i = 0; i < sizeof endings / sizeof endings[0]; i++) {
        size_t m = strlen(endings[i]);
        if (n > m && strcasecmp(name + n - m, endings[i]) == 0) {
            return true;
        }
    }
    return false;
}

/* Files of the first allowed directory, as they are named from where the server stands. */
static void
add_files(const mcp_state *s, json_t *to)
{
    char *here = realpath(".", NULL);
    for (size_t i = 0; i + 1 < s->allow.n; i++) { /* the last one is the workspace */
        const char *directory = s->allow.directories[i];
        bool same = here != NULL && strcmp(here, directory) == 0;
        DIR *d = opendir(directory);
        for (struct dirent *e = d != NULL ? readdir(d) : NULL; e != NULL;
             e = readdir(d)) {
            if (is_data(e->d_name)) {
                (void)json_array_append_new(
                    to, same ? json_string(e->d_name)
                             : json_sprintf("%s/%s", directory, e->d_name));
            }
        }
        if (d != NULL) {
            (void)closedir(d);
        }
    }
    free(here);
}

static json_t *
candidates(const mcp_state *s, const json_t *params, const char *argument)
{
    json_t *list = NULL;
    const json_t *ref = json_object_get(params, "ref");
    const json_t *given =
        json_object_get(json_object_get(params, "context"), "arguments");
    const char *uri = json_string_value(json_object_get(ref, "uri"));
    if (strcmp(argument, "topic") == 0) {
        return mcp_topics();
    }
    if (strcmp(argument, "code") == 0) {
        return mcp_codes();
    }
    if (strcmp(argument, "result") == 0) {
        return mcp_handles(s, "effect");
    }
    if (strcmp(argument, "id") == 0 && uri != NULL) {
        static const char *const kinds[] = {"design", "fit", "effect", "result"};
        for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
            if (strstr(uri, kinds[i]) != NULL) {
                return mcp_handles(s, kinds[i]);
            }
        }
    }
    list = json_array();
    const char *data = json_string_value(json_object_get(given, "data"));
    data = data != NULL ? data : json_string_value(json_object_get(given, "source"));
    if (strcmp(argument, "data") == 0 || strcmp(argument, "source") == 0) {
        add_files(s, list);
    } else if (data != NULL) {
        add_columns(s, data, list); /* metric, and every role */
    }
    return list;
}

static int
by_name(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

void
mcp_complete(void *user, const json_t *params, mcp_call *call, mcp_reply *reply)
{
    const json_t *argument = json_object_get(params, "argument");
    const char *name = json_string_value(json_object_get(argument, "name"));
    const char *value = json_string_value(json_object_get(argument, "value"));
    (void)call;
    if (name == NULL || value == NULL) {
        reply->outcome = MCP_BAD_PARAMS;
        reply->text = strdup("argument needs a name and a value");
        return;
    }
    json_t *all = candidates(user, params, name);
    json_t *values = json_array();
    size_t n = json_array_size(all);
    const char **names = calloc(n + 1, sizeof *names);
    size_t found = 0;
    for (size_t i = 0; names != NULL && i < n; i++) {
        const char *one = json_string_value(json_array_get(all, i));
        if (one != NULL && strncasecmp(one, value, strlen(value)) == 0) {
            names[found++] = one;
        }
    }
    if (names != NULL) {
        qsort(names, found, sizeof *names, by_name);
    }
    for (size_t i = 0; i < found && i < MOST; i++) {
        (void)json_array_append_new(values, json_string(names[i]));
    }
    json_t *body = json_pack("{s:{s:o, s:I, s:b}}", "completion", "values", values,
        "total", (json_int_t)found, "hasMore", found > MOST);
    mcp_reply_object(reply, body);
    json_decref(body);
    json_decref(all);
    free(names);
}
