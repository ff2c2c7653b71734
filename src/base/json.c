/* Writing JSON (RFC 8259) to a growing text. Keys keep the order in which they are written,
 * doubles are the shortest that read back, NaN and infinities are null. Strings may come from
 * data: control characters are escaped and bytes that are not UTF-8 become U+FFFD, so that
 * the output is always valid. */
#include "base/json.h"

#include "base/error.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

enum { DEEPEST = 63 };

void
upi_json_start(upi_json *j, upi_text *out, int indent, int digits)
{
    *j = (upi_json){.out = out, .indent = indent, .digits = digits};
}

static void
new_line(upi_json *j)
{
    if (j->indent > 0) {
        upi_text_add_char(j->out, '\n');
        for (int i = 0; i < j->depth * j->indent; i++) {
            upi_text_add_char(j->out, ' ');
        }
    }
}

/* The comma and line break before an item, unless it follows its key. */
static void
before_item(upi_json *j)
{
    if (j->after_key) {
        j->after_key = false;
        return;
    }
    uint64_t bit = UINT64_C(1) << j->depth;
    if ((j->has_items & bit) != 0) {
        UP_ASSERT(j->depth > 0); /* a document is one value */
        upi_text_add_char(j->out, ',');
    }
    j->has_items |= bit;
    if (j->depth > 0) {
        new_line(j);
    }
}

static void
open_level(upi_json *j, char c)
{
    before_item(j);
    upi_text_add_char(j->out, c);
    UP_ASSERT(j->depth < DEEPEST);
    j->depth++;
    j->has_items &= ~(UINT64_C(1) << j->depth);
}

static void
close_level(upi_json *j, char c)
{
    UP_ASSERT(j->depth > 0 && !j->after_key);
    bool had_items = (j->has_items >> j->depth & 1) != 0;
    j->depth--;
    if (had_items) {
        new_line(j);
    }
    upi_text_add_char(j->out, c);
}

void
upi_json_object(upi_json *j)
{
    open_level(j, '{');
}

void
upi_json_object_end(upi_json *j)
{
    close_level(j, '}');
}

void
upi_json_array(upi_json *j)
{
    open_level(j, '[');
}

void
upi_json_array_end(upi_json *j)
{
    close_level(j, ']');
}

static void
add_code(upi_text *out, const char *bytes, size_t length, uint32_t code)
{
    static const char plain[] = "\"\\\b\f\n\r\t";
    static const char named[] = "\"\\bfnrt";
    const char *at = code < 0x80 && code != 0 ? strchr(plain, (int)code) : NULL;
    if (at != NULL) {
        upi_text_add_char(out, '\\');
        upi_text_add_char(out, named[at - plain]);
    } else if (upi_utf8_control(code)) {
        upi_text_addf(out, "\\u%04x", (unsigned)code);
    } else {
        upi_text_add_n(out, bytes, (int64_t)length);
    }
}

static void
add_quoted(upi_text *out, const char *s, int64_t n)
{
    upi_text_add_char(out, '"');
    size_t size = n > 0 ? (size_t)n : 0;
    size_t i = 0;
    while (i < size) {
        uint32_t code = 0;
        size_t length = upi_utf8_decode(s + i, size - i, &code);
        if (length == 0) {
            upi_text_add(out, "\\ufffd");
            i++;
        } else {
            add_code(out, s + i, length, code);
            i += length;
        }
    }
    upi_text_add_char(out, '"');
}

void
upi_json_key(upi_json *j, const char *key)
{
    UP_ASSERT(j->depth > 0 && !j->after_key);
    before_item(j);
    add_quoted(j->out, key, (int64_t)strlen(key));
    upi_text_add(j->out, j->indent > 0 ? ": " : ":");
    j->after_key = true;
}

void
upi_json_string_n(upi_json *j, const char *s, int64_t n)
{
    before_item(j);
    add_quoted(j->out, s, n);
}

void
upi_json_string(upi_json *j, const char *s)
{
    if (s == NULL) {
        upi_json_null(j);
    } else {
        upi_json_string_n(j, s, (int64_t)strlen(s));
    }
}

void
upi_json_double(upi_json *j, double x)
{
    if (!isfinite(x)) {
        upi_json_null(j);
        return;
    }
    char text[UPI_DOUBLE_CHARS];
    if (j->digits == 0) {
        upi_double_text(x, text);
    } else {
        upi_double_text_digits(x, j->digits, text);
    }
    before_item(j);
    upi_text_add(j->out, text);
}

void
upi_json_int(upi_json *j, int64_t x)
{
    before_item(j);
    upi_text_addf(j->out, "%" PRId64, x);
}

void
upi_json_bool(upi_json *j, bool x)
{
    before_item(j);
    upi_text_add(j->out, x ? "true" : "false");
}

void
upi_json_null(upi_json *j)
{
    before_item(j);
    upi_text_add(j->out, "null");
}

void
upi_json_raw(upi_json *j, const char *json)
{
    before_item(j);
    upi_text_add(j->out, json);
}

void
upi_json_put_string(upi_json *j, const char *key, const char *s)
{
    upi_json_key(j, key);
    upi_json_string(j, s);
}

void
upi_json_put_double(upi_json *j, const char *key, double x)
{
    upi_json_key(j, key);
    upi_json_double(j, x);
}

void
upi_json_put_int(upi_json *j, const char *key, int64_t x)
{
    upi_json_key(j, key);
    upi_json_int(j, x);
}

void
upi_json_put_bool(upi_json *j, const char *key, bool x)
{
    upi_json_key(j, key);
    upi_json_bool(j, x);
}
