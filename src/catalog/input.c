/* Reads a request from JSON. Every member becomes the same name and text that the command
 * line would have given, so that one place judges values. Files are bounded, because a
 * request is small. */
#include "catalog/input.h"

#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>

enum { LARGEST = 1 << 20 };

up_status
upi_arguments_add(upi_arguments *a, const char *name, const char *value, up_error *err)
{
    up_status status = UP_OK;
    char *own_name = NULL;
    char *own_value = NULL;
    UP_TRY(UP_RESERVE(&a->items, &a->capacity, a->n + 1, err));
    UP_TRY(upi_strdup_to(&own_name, name, err));
    UP_TRY(upi_strdup_to(&own_value, value, err));
    a->items[a->n++] = (up_argument){own_name, own_value};
    own_name = NULL;
    own_value = NULL;
out:
    upi_free(own_name);
    upi_free(own_value);
    return status;
}

/* The list owns its texts though the public struct shows them as const. */
static void
free_text(const char *s)
{
    union {
        const char *shown;
        char *owned;
    } u = {.shown = s};
    upi_free(u.owned);
}

void
upi_arguments_remove(upi_arguments *a, int64_t i)
{
    free_text(a->items[i].name);
    free_text(a->items[i].value);
    a->n--;
    for (; i < a->n; i++) {
        a->items[i] = a->items[i + 1];
    }
}

void
upi_arguments_clear(upi_arguments *a)
{
    for (int64_t i = 0; i < a->n; i++) {
        free_text(a->items[i].name);
        free_text(a->items[i].value);
    }
    upi_free(a->items);
    *a = (upi_arguments){0};
}

static up_status
refuse_member(const char *name, const char *what, up_error *err)
{
    (void)upi_fail(err, UP_E_USAGE, name, "'%s' in the request is %s", name, what);
    return upi_fix(err, "give a text, a number, true or false, or a list of texts");
}

/* A scalar as the text the command line would carry; false when there is none. */
static bool
scalar_text(const json_t *v, char number[UPI_DOUBLE_CHARS], const char **out)
{
    if (json_is_string(v)) {
        *out = json_string_value(v);
        return true;
    }
    if (json_is_integer(v)) {
        (void)snprintf(
            number, UPI_DOUBLE_CHARS, "%lld", (long long)json_integer_value(v));
    } else if (json_is_real(v)) {
        upi_double_text(json_real_value(v), number);
    } else if (json_is_boolean(v)) {
        (void)snprintf(
            number, UPI_DOUBLE_CHARS, "%s", json_is_true(v) ? "true" : "false");
    } else {
        return false;
    }
    *out = number;
    return true;
}

static up_status
add_member(upi_arguments *to, const char *name, const json_t *v, up_error *err)
{
    up_status status = UP_OK;
    char number[UPI_DOUBLE_CHARS];
    const char *text = NULL;
    if (json_is_null(v)) {
        return UP_OK;
    }
    if (!json_is_array(v)) {
        if (!scalar_text(v, number, &text)) {
            return refuse_member(name, "an object", err);
        }
        return upi_arguments_add(to, name, text, err);
    }
    for (size_t i = 0; i < json_array_size(v); i++) {
        if (!scalar_text(json_array_get(v, i), number, &text)) {
            status = refuse_member(name, "a list of something other than texts", err);
            goto out;
        }
        UP_TRY(upi_arguments_add(to, name, text, err));
    }
out:
    return status;
}

up_status
upi_input_parse(const char *text, int64_t n, upi_arguments *to, up_error *err)
{
    up_status status = UP_OK;
    json_error_t where;
    json_t *root = json_loadb(text, (size_t)n, JSON_REJECT_DUPLICATES, &where);
    if (!json_is_object(root)) {
        (void)upi_fail(err, UP_E_USAGE, "input", "the request is not a JSON object: %s",
            root == NULL ? where.text : "something else stands there");
        status = upi_fix(err,
            "line %d, column %d; e.g. {\"source\": \"shop.parquet\", \"itt\": \"arm\"}",
            where.line, where.column);
        goto out;
    }
    const char *name = NULL;
    json_t *v = NULL;
    json_object_foreach(root, name, v)
    {
        UP_TRY(add_member(to, name, v, err));
    }
out:
    json_decref(root);
    return status;
}

up_status
upi_input_read(const char *path, upi_arguments *to, up_error *err)
{
    up_status status = UP_OK;
    char *text = NULL;
    FILE *file = strcmp(path, "-") == 0 ? stdin : fopen(path, "rb");
    if (file == NULL) {
        (void)upi_fail(err, UP_E_SOURCE, "input", "%s cannot be read: %s", path,
            errno == ENOENT ? "no such file" : "permission denied or not a file");
        return upi_fix(err, "check the path of --input");
    }
    UP_TRY(UP_NEW(&text, LARGEST + 1, err));
    size_t n = fread(text, 1, LARGEST + 1, file);
    if (ferror(file) != 0 || n > LARGEST) {
        (void)upi_fail(err, UP_E_SOURCE, "input", "%s %s", path,
            n > LARGEST ? "is larger than 1 MiB" : "cannot be read");
        status = upi_fix(err, "check the path of --input");
        goto out;
    }
    UP_TRY(upi_input_parse(text, (int64_t)n, to, err));
out:
    if (file != stdin) {
        (void)fclose(file);
    }
    upi_free(text);
    return status;
}
