/* JSON Schema (2020-12) of requests and results. Flat on purpose: one object, no references
 * and no composition, because many clients of tool schemas read nothing else. */
#include "base/json.h"
#include "catalog/verbs.h"

#include <string.h>

static const char draft[] = "https://json-schema.org/draft/2020-12/schema";

/* JSON names use '_', as most languages that will hold the object do. */
static void
json_name(const char *name, char out[64])
{
    upi_line_copy(out, 64, name);
    for (char *c = out; *c != '\0'; c++) {
        if (*c == '-') {
            *c = '_';
        }
    }
}

static void
put_number(upi_json *j, const up_option *o, const char *text)
{
    double x = 0;
    if (upi_double_parse(text, (int64_t)strlen(text), &x)) {
        if (o->type == UP_OPTION_INTEGER) {
            upi_json_int(j, (int64_t)x);
        } else {
            upi_json_double(j, x);
        }
    } else {
        upi_json_null(j);
    }
}

/* A default or example as the JSON type of the option. */
static void
put_value(upi_json *j, const up_option *o, const char *text)
{
    switch (o->type) {
    case UP_OPTION_FLAG:
        upi_json_bool(j, strcmp(text, "true") == 0);
        break;
    case UP_OPTION_INTEGER:
    case UP_OPTION_NUMBER:
        put_number(j, o, text);
        break;
    case UP_OPTION_LIST:
        upi_json_array(j);
        upi_json_string(j, text);
        upi_json_array_end(j);
        break;
    default:
        upi_json_string(j, text);
    }
}

static const char *
schema_type(const up_option *o)
{
    switch (o->type) {
    case UP_OPTION_FLAG:
        return "boolean";
    case UP_OPTION_INTEGER:
        return "integer";
    case UP_OPTION_NUMBER:
        return "number";
    case UP_OPTION_LIST:
        return "array";
    default:
        return "string";
    }
}

static void
put_choices(upi_json *j, const char *choices)
{
    upi_json_key(j, "enum");
    upi_json_array(j);
    for (;;) {
        size_t n = strcspn(choices, "|");
        upi_json_string_n(j, choices, (int64_t)n);
        if (choices[n] == '\0') {
            break;
        }
        choices += n + 1;
    }
    upi_json_array_end(j);
}

static void
put_option(upi_json *j, const up_option *o)
{
    char name[64];
    json_name(o->name, name);
    upi_json_key(j, name);
    upi_json_object(j);
    upi_json_put_string(j, "type", schema_type(o));
    if (o->type == UP_OPTION_LIST) {
        upi_json_key(j, "items");
        upi_json_object(j);
        upi_json_put_string(j, "type", "string");
        if (o->choices != NULL) {
            put_choices(j, o->choices);
        }
        upi_json_object_end(j);
    }
    upi_json_put_string(j, "description", o->doc);
    if (o->choices != NULL && o->type != UP_OPTION_LIST) {
        put_choices(j, o->choices);
    }
    if (o->min != 0 || o->max != 0) {
        upi_json_put_double(j, "minimum", o->min);
        upi_json_put_double(j, "maximum", o->max);
    }
    if (o->fallback != NULL) {
        upi_json_key(j, "default");
        put_value(j, o, o->fallback);
    }
    upi_json_key(j, "examples");
    upi_json_array(j);
    put_value(j, o, o->example);
    upi_json_array_end(j);
    upi_json_object_end(j);
}

static void
put_request(upi_json *j, const up_verb *v)
{
    upi_json_key(j, "request");
    upi_json_object(j);
    upi_json_put_string(j, "$schema", draft);
    upi_json_put_string(j, "type", "object");
    upi_json_put_string(j, "description", v->summary);
    upi_json_key(j, "properties");
    upi_json_object(j);
    for (const up_option *o = v->options; o->name != NULL; o++) {
        put_option(j, o);
    }
    upi_json_object_end(j);
    upi_json_key(j, "required");
    upi_json_array(j);
    for (const up_option *o = v->options; o->name != NULL; o++) {
        if (o->required != 0) {
            upi_json_string(j, o->name);
        }
    }
    upi_json_array_end(j);
    upi_json_put_bool(j, "additionalProperties", false);
    upi_json_object_end(j);
}

static bool
row_field(const up_result_field *f)
{
    return strncmp(f->name, "rows[].", 7) == 0;
}

/* Numbers may be null: a value that does not exist is not invented. */
static void
put_field(upi_json *j, const char *name, const up_result_field *f)
{
    upi_json_key(j, name);
    upi_json_object(j);
    if (strcmp(f->type, "number") == 0) {
        upi_json_key(j, "type");
        upi_json_array(j);
        upi_json_string(j, "number");
        upi_json_string(j, "null");
        upi_json_array_end(j);
    } else {
        upi_json_put_string(j, "type", f->type);
    }
    upi_json_put_string(j, "description", f->doc);
}

static void
put_row_fields(upi_json *j, const up_verb *v)
{
    upi_json_key(j, "items");
    upi_json_object(j);
    upi_json_put_string(j, "type", "object");
    upi_json_key(j, "properties");
    upi_json_object(j);
    for (const up_result_field *f = v->result; f->name != NULL; f++) {
        if (row_field(f)) {
            put_field(j, f->name + 7, f);
            upi_json_object_end(j);
        }
    }
    upi_json_object_end(j);
    upi_json_object_end(j);
}

static void
put_result(upi_json *j, const up_verb *v)
{
    upi_json_key(j, "result");
    upi_json_object(j);
    upi_json_put_string(j, "$schema", draft);
    upi_json_put_string(j, "type", "object");
    upi_json_key(j, "properties");
    upi_json_object(j);
    for (const up_result_field *f = v->result; f->name != NULL; f++) {
        if (!row_field(f)) {
            put_field(j, f->name, f);
            if (strcmp(f->name, "rows") == 0) {
                put_row_fields(j, v);
            }
            upi_json_object_end(j);
        }
    }
    upi_json_object_end(j);
    upi_json_key(j, "required");
    upi_json_array(j);
    upi_json_string(j, "ok");
    upi_json_string(j, "op");
    upi_json_string(j, "headline");
    upi_json_array_end(j);
    upi_json_object_end(j);
}

static void
put_verb(upi_json *j, const up_verb *v)
{
    upi_json_object(j);
    upi_json_put_string(j, "name", v->name);
    upi_json_put_string(j, "description", v->summary);
    put_request(j, v);
    put_result(j, v);
    upi_json_object_end(j);
}

up_status
up_catalog_schema(const char *verb, char **out, up_error *err)
{
    UP_GUARD(err);
    up_status status = UP_OK;
    upi_text t = {0};
    upi_json j;
    const up_verb *v = NULL;
    upi_json_start(&j, &t, 2, 0);
    if (verb != NULL) {
        UP_TRY(upi_catalog_require(verb, &v, err));
        put_verb(&j, v);
    } else {
        upi_json_array(&j);
        for (int64_t i = 0; up_catalog_verb(i) != NULL; i++) {
            put_verb(&j, up_catalog_verb(i));
        }
        upi_json_array_end(&j);
    }
    UP_TRY(upi_text_take(&t, out, err));
out:
    upi_text_free(&t);
    return status;
}
