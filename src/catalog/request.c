/* From option names and texts to a checked request. Everything that can be known without
 * the data is refused here, in the order in which it was given: unknown names (with the
 * nearest one), scalars given twice, values outside their range, what is missing. */
#include "catalog/request.h"

#include "catalog/verbs.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

bool
upi_option_same(const char *a, const char *b)
{
    for (; *a != '\0' && *b != '\0'; a++, b++) {
        int x = *a == '_' ? '-' : *a;
        int y = *b == '_' ? '-' : *b;
        if (x != y) {
            return false;
        }
    }
    return *a == *b;
}

const up_option *
upi_option_find(const up_option *options, const char *name)
{
    for (const up_option *o = options; o != NULL && o->name != NULL; o++) {
        if (upi_option_same(o->name, name)) {
            return o;
        }
    }
    return NULL;
}

static int64_t
count_options(const up_option *options)
{
    int64_t n = 0;
    while (options != NULL && options[n].name != NULL) {
        n++;
    }
    return n;
}

static up_status
add_text(upi_value *v, const char *s, size_t n, up_error *err)
{
    char **grown = upi_realloc(v->text, v->n + 1, sizeof *grown);
    if (grown == NULL) {
        return upi_fail_memory(err, (size_t)(v->n + 1) * sizeof *grown);
    }
    v->text = grown;
    v->text[v->n] = upi_strndup(s, n);
    if (v->text[v->n] == NULL) {
        return upi_fail_memory(err, n + 1);
    }
    v->n++;
    return UP_OK;
}

static up_status
refuse_empty(const up_option *o, up_error *err)
{
    (void)upi_fail(err, UP_E_USAGE, o->name, "--%s has an empty value", o->name);
    return upi_fix(err, "give a value, e.g. --%s %s", o->name, o->example);
}

/* Where the item that begins at s ends: at a comma outside brackets and quotes. A quote is
 * closed by its like; one that is doubled closes and opens again, which comes to the same. */
static const char *
item_end(const char *s)
{
    int depth = 0;
    char quote = '\0';
    for (; *s != '\0'; s++) {
        if (quote != '\0') {
            if (*s == quote) {
                quote = '\0';
            }
        } else if (*s == '\'' || *s == '"' || *s == '`') {
            quote = *s;
        } else if (*s == '(') {
            depth++;
        } else if (*s == ')') {
            depth--;
        } else if (*s == ',' && depth <= 0) {
            return s;
        }
    }
    return s;
}

static up_status
read_flag(const up_option *o, upi_value *v, const char *s, up_error *err)
{
    if (strcmp(s, "true") == 0) {
        v->integer = 1;
    } else if (strcmp(s, "false") != 0) {
        (void)upi_fail(err, UP_E_USAGE, o->name,
            "--%s is a switch and takes no value, but '%s' was given", o->name, s);
        return upi_fix(err, "write --%s alone, or leave it out", o->name);
    }
    return UP_OK;
}

static bool
in_range(const up_option *o, double x)
{
    return (o->min == 0 && o->max == 0) || (x >= o->min && x <= o->max);
}

static up_status
refuse_number(const up_option *o, const char *s, const char *kind, up_error *err)
{
    if (o->min == 0 && o->max == 0) {
        (void)upi_fail(
            err, UP_E_USAGE, o->name, "--%s must be %s, but is '%s'", o->name, kind, s);
        return upi_fix(err, "e.g. --%s %s", o->name, o->example);
    }
    char low[UPI_DOUBLE_CHARS];
    char high[UPI_DOUBLE_CHARS];
    upi_double_text(o->min, low);
    upi_double_text(o->max, high);
    (void)upi_fail(err, UP_E_USAGE, o->name,
        "--%s must be %s between %s and %s, but is '%s'", o->name, kind, low, high, s);
    return upi_fix(err, "e.g. --%s %s", o->name, o->example);
}

static up_status
read_integer(const up_option *o, upi_value *v, const char *s, up_error *err)
{
    char *end = NULL;
    errno = 0;
    bool starts = (s[0] >= '0' && s[0] <= '9') || (s[0] == '-' && s[1] != '\0');
    long long x = starts ? strtoll(s, &end, 10) : 0;
    if (!starts || *end != '\0' || errno != 0 || !in_range(o, (double)x)) {
        return refuse_number(o, s, "a whole number", err);
    }
    v->integer = x;
    return UP_OK;
}

static up_status
read_number(const up_option *o, upi_value *v, const char *s, up_error *err)
{
    if (!upi_double_parse(s, (int64_t)strlen(s), &v->number) || !isfinite(v->number) ||
        !in_range(o, v->number)) {
        return refuse_number(o, s, "a number", err);
    }
    return UP_OK;
}

static up_status
read_choice(const up_option *o, upi_value *v, const char *s, up_error *err)
{
    enum { MOST = 24 };
    char copy[256];
    const char *names[MOST];
    int64_t n = 0;
    (void)upi_line_copy(copy, sizeof copy, o->choices);
    char *rest = copy;
    while (n < MOST) {
        names[n] = rest;
        char *bar = strchr(rest, '|');
        if (bar != NULL) {
            *bar = '\0';
        }
        if (strcmp(names[n], s) == 0) {
            v->integer = n;
            return UP_OK;
        }
        n++;
        if (bar == NULL) {
            break;
        }
        rest = bar + 1;
    }
    (void)upi_fail(err, UP_E_USAGE, o->name, "--%s cannot be '%s'", o->name, s);
    const char *near = upi_text_nearest(s, names, n);
    if (near != NULL) {
        return upi_fix(err, "did you mean '%s'? one of %s", near, o->choices);
    }
    return upi_fix(err, "one of %s", o->choices);
}

static up_status
add_items(const up_option *o, upi_value *v, const char *s, up_error *err)
{
    up_status status = UP_OK;
    for (;;) {
        const char *end = item_end(s);
        const char *first = s;
        const char *last = end;
        while (first < last && *first == ' ') {
            first++;
        }
        while (last > first && last[-1] == ' ') {
            last--;
        }
        if (first == last) {
            status = refuse_empty(o, err);
            goto out;
        }
        UP_TRY(add_text(v, first, (size_t)(last - first), err));
        UP_TRY(o->choices != NULL ? read_choice(o, v, v->text[v->n - 1], err) : UP_OK);
        if (*end == '\0') {
            break;
        }
        s = end + 1;
    }
out:
    return status;
}

static up_status
read_value(const up_option *o, upi_value *v, const char *s, up_error *err)
{
    switch (o->type) {
    case UP_OPTION_FLAG:
        return read_flag(o, v, s, err);
    case UP_OPTION_INTEGER:
        return read_integer(o, v, s, err);
    case UP_OPTION_NUMBER:
        return read_number(o, v, s, err);
    case UP_OPTION_ENUM:
        return read_choice(o, v, s, err);
    default:
        return UP_OK;
    }
}

static up_status
take_argument(upi_request *q, const up_argument *a, up_error *err)
{
    up_status status = UP_OK;
    const up_option *o = upi_option_find(q->verb->options, a->name);
    if (o == NULL) {
        return upi_fail_unknown_option(q->verb, a->name, err);
    }
    upi_value *v = &q->value[o - q->verb->options];
    if (v->given && o->type != UP_OPTION_LIST) {
        (void)upi_fail(err, UP_E_USAGE, o->name, "--%s is given twice", o->name);
        return upi_fix(err, "give --%s once", o->name);
    }
    if (a->value == NULL || a->value[0] == '\0') {
        return refuse_empty(o, err);
    }
    if (!upi_utf8_valid(a->value, strlen(a->value))) {
        (void)upi_fail(
            err, UP_E_USAGE, o->name, "the value of --%s is not UTF-8", o->name);
        return upi_fix(err, "write --%s in UTF-8", o->name);
    }
    v->given = true;
    UP_TRY(read_value(o, v, a->value, err));
    if (o->type == UP_OPTION_LIST && o->commas != 0) {
        UP_TRY(add_items(o, v, a->value, err));
    } else {
        UP_TRY(add_text(v, a->value, strlen(a->value), err));
    }
out:
    return status;
}

static up_status
fill_default(upi_request *q, int64_t i, up_error *err)
{
    up_status status = UP_OK;
    const up_option *o = &q->verb->options[i];
    upi_value *v = &q->value[i];
    if (v->given) {
        return UP_OK;
    }
    if (o->required != 0) {
        (void)upi_fail(err, UP_E_USAGE, o->name, "upshot %s needs %s", q->verb->name,
            o->positional != 0 ? o->value : o->name);
        return upi_fix(err, "e.g. %s", q->verb->examples[0]);
    }
    if (o->fallback != NULL && o->type != UP_OPTION_FLAG && o->type != UP_OPTION_LIST) {
        UP_TRY(read_value(o, v, o->fallback, err));
        UP_TRY(add_text(v, o->fallback, strlen(o->fallback), err));
    }
out:
    return status;
}

up_status
upi_request_make(const up_verb *verb, const up_argument *arguments, int64_t n,
    upi_request *out, up_error *err)
{
    up_status status = UP_OK;
    upi_request q = {.verb = verb, .n_options = count_options(verb->options)};
    UP_TRY(UP_NEW(&q.value, q.n_options, err));
    for (int64_t i = 0; i < n; i++) {
        UP_TRY(take_argument(&q, &arguments[i], err));
    }
    for (int64_t i = 0; i < q.n_options; i++) {
        UP_TRY(fill_default(&q, i, err));
    }
    *out = q;
    q = (upi_request){0};
out:
    upi_request_clear(&q);
    return status;
}

void
upi_request_clear(upi_request *q)
{
    for (int64_t i = 0; q->value != NULL && i < q->n_options; i++) {
        for (int64_t k = 0; k < q->value[i].n; k++) {
            upi_free(q->value[i].text[k]);
        }
        upi_free(q->value[i].text);
    }
    upi_free(q->value);
    *q = (upi_request){0};
}

bool
upi_request_has(const upi_request *q, const char *name)
{
    return upi_option_find(q->verb->options, name) != NULL;
}

const upi_value *
upi_request_value(const upi_request *q, const char *name)
{
    static const upi_value none = {0};
    const up_option *o = upi_option_find(q->verb->options, name);
    UP_ASSERT(o != NULL);
    return o != NULL ? &q->value[o - q->verb->options] : &none;
}

const char *
upi_request_text(const upi_request *q, const char *name)
{
    const upi_value *v = upi_request_value(q, name);
    return v->n > 0 ? v->text[0] : NULL;
}

bool
upi_request_flag(const upi_request *q, const char *name)
{
    return upi_request_value(q, name)->integer != 0;
}

int64_t
upi_request_integer(const upi_request *q, const char *name)
{
    return upi_request_value(q, name)->integer;
}

double
upi_request_number(const upi_request *q, const char *name)
{
    return upi_request_value(q, name)->number;
}

double
upi_request_planned(const upi_request *q)
{
    return upi_request_value(q, "planned")->given ? upi_request_number(q, "planned")
                                                  : 0;
}

bool
upi_request_accepts(const upi_request *q, const char *code)
{
    const upi_value *v = upi_request_value(q, "accept");
    for (int64_t i = 0; i < v->n; i++) {
        if (strcmp(v->text[i], code) == 0) {
            return true;
        }
    }
    return false;
}

up_status
upi_request_numbers(const upi_request *q, const char *name, const char *example,
    double **out, up_error *err)
{
    up_status status = UP_OK;
    const upi_value *v = upi_request_value(q, name);
    double *x = NULL;
    UP_TRY(UP_NEW(&x, v->n, err));
    for (int64_t i = 0; i < v->n; i++) {
        const char *s = v->text[i];
        if (!upi_double_parse(s, (int64_t)strlen(s), &x[i])) {
            (void)upi_fail(err, UP_E_USAGE, name, "'%.100s' is not a number", s);
            status = upi_fix(err, "e.g. --%s %s", name, example);
            goto out;
        }
    }
    *out = v->n > 0 ? x : NULL;
    x = v->n > 0 ? NULL : x;
out:
    upi_free(x);
    return status;
}

void
upi_json_put_list(upi_json *j, const char *name, const upi_value *v)
{
    upi_json_key(j, name);
    upi_json_array(j);
    for (int64_t i = 0; i < v->n; i++) {
        upi_json_string(j, v->text[i]);
    }
    upi_json_array_end(j);
}
