/* A graph from a request: what is not a file is the graph itself. A name that looks like a file
 * but is none is said to be missing, rather than read as a node of that name. */
#include "catalog/graph_text.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

enum { LARGEST = 1 << 20 };

static bool
looks_like_file(const char *text)
{
    static const char *const signs[] = {
        "->", "<-", "--", "{", ";", "\n", " ", "\xE2\x86"};
    for (size_t i = 0; i < sizeof signs / sizeof signs[0]; i++) {
        if (strstr(text, signs[i]) != NULL) {
            return false;
        }
    }
    return strpbrk(text, "./") != NULL;
}

up_status
upi_graph_read(const char *text, up_graph **out, up_error *err)
{
    up_status status = UP_OK;
    char *content = NULL;
    FILE *file = fopen(text, "rb");
    if (file == NULL && looks_like_file(text)) {
        (void)upi_fail(err, UP_E_SOURCE, "graph", "%s cannot be read: %s", text,
            errno == ENOENT ? "no such file" : "permission denied or not a file");
        return upi_fix(
            err, "give a file, or the graph itself: 'T -> searches -> sales'");
    }
    if (file == NULL) {
        return up_graph_parse(text, out, err);
    }
    UP_TRY(UP_NEW(&content, LARGEST + 2, err));
    size_t n = fread(content, 1, LARGEST + 1, file);
    if (ferror(file) != 0 || n > LARGEST || strlen(content) < n) {
        status = upi_fail(err, UP_E_SOURCE, "graph", "%s %s", text,
            n > LARGEST ? "is larger than 1 MiB" : "cannot be read as text");
        goto out;
    }
    UP_TRY(up_graph_parse(content, out, err));
out:
    if (file != NULL) {
        (void)fclose(file);
    }
    upi_free(content);
    return status;
}

static up_status
add_name(const char **at, char end, upi_strings *out, bool *found, up_error *err)
{
    const char *s = *at + strspn(*at, " \t\n");
    size_t n = 0;
    if (*s == '"') {
        s++;
        n = strcspn(s, "\"");
        *at = s + n + (s[n] == '"' ? 1 : 0);
        *at += strspn(*at, " \t\n");
    } else {
        char stops[3] = {',', end, '\0'};
        n = strcspn(s, stops);
        *at = s + n;
        while (n > 0 && strchr(" \t\n", s[n - 1]) != NULL) {
            n--;
        }
    }
    *found = n > 0 && n < INT32_MAX;
    return *found ? upi_strings_add(out, err, "%.*s", (int)n, s) : UP_OK;
}

up_status
upi_names_read(
    const char **at, char end, const char *option, upi_strings *out, up_error *err)
{
    for (;;) {
        bool found = false;
        up_status status = add_name(at, end, out, &found, err);
        if (status != UP_OK) {
            return status;
        }
        bool ends = **at == '\0' || **at == end;
        if (!found || (!ends && **at != ',')) {
            (void)upi_fail(
                err, UP_E_USAGE, option, "--%s has no name where one is due", option);
            return upi_fix(
                err, "write names with commas between: --%s \"a, b\"", option);
        }
        if (ends) {
            return UP_OK;
        }
        (*at)++;
    }
}
