/* JSON text looked at in place: a check by the grammar of RFC 8259 without recursion (what is
 * open is a stack of bits, so that a line of ten million brackets costs memory in proportion
 * and no stack), and a walk over text that has passed it. */
#include "json.h"

#include "utf8.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

typedef struct scanner {
    const char *s;
    size_t n, at;
    unsigned char *open; /* a bit each: 1 = object, 0 = array */
    size_t room, depth, deepest;
    bool no_memory;
} scanner;

enum step { STEP_BAD, STEP_VALUE, STEP_END };

static int
peek(const scanner *c)
{
    return c->at < c->n ? (unsigned char)c->s[c->at] : -1;
}

/* strchr() would find the end of the set as well. */
static bool
is_one_of(int letter, const char *set)
{
    while (*set != '\0' && (unsigned char)*set != letter) {
        set++;
    }
    return *set != '\0';
}

static bool
is_space(int letter)
{
    return is_one_of(letter, " \t\r\n");
}

static void
skip_space(scanner *c)
{
    while (is_space(peek(c))) {
        c->at++;
    }
}

static bool
take(scanner *c, char expected)
{
    if (peek(c) != (unsigned char)expected) {
        return false;
    }
    c->at++;
    return true;
}

static bool
take_word(scanner *c, const char *word)
{
    while (*word != '\0' && take(c, *word)) {
        word++;
    }
    return *word == '\0';
}

static size_t
take_digits(scanner *c)
{
    size_t from = c->at;
    while (peek(c) >= '0' && peek(c) <= '9') {
        c->at++;
    }
    return c->at - from;
}

static bool
take_number(scanner *c)
{
    (void)take(c, '-');
    if (!take(c, '0') && take_digits(c) == 0) {
        return false;
    }
    if (take(c, '.') && take_digits(c) == 0) {
        return false;
    }
    if (take(c, 'e') || take(c, 'E')) {
        if (!take(c, '+')) {
            (void)take(c, '-');
        }
        return take_digits(c) > 0;
    }
    return true;
}

static bool
take_escape(scanner *c)
{
    int letter = peek(c);
    if (letter == 'u') {
        c->at++;
        for (int i = 0; i < 4; i++) {
            if (!is_one_of(peek(c), "0123456789abcdefABCDEF")) {
                return false;
            }
            c->at++;
        }
        return true;
    }
    if (!is_one_of(letter, "\"\\/bfnrt")) {
        return false;
    }
    c->at++;
    return true;
}

static bool
take_string(scanner *c)
{
    if (!take(c, '"')) {
        return false;
    }
    for (;;) {
        int letter = peek(c);
        if (letter < 0x20) { /* a control character, or the end */
            return false;
        }
        if (letter == '"') {
            c->at++;
            return true;
        }
        if (letter == '\\') {
            c->at++;
            if (!take_escape(c)) {
                return false;
            }
            continue;
        }
        if (letter < 0x80) {
            c->at++;
            continue;
        }
        size_t length = mcp_utf8_length(c->s + c->at, c->n - c->at);
        if (length == 0) {
            return false;
        }
        c->at += length;
    }
}

static bool
take_name(scanner *c)
{
    skip_space(c);
    if (!take_string(c)) {
        return false;
    }
    skip_space(c);
    return take(c, ':');
}

static bool
push(scanner *c, bool object)
{
    size_t byte = c->depth / 8;
    unsigned char bit = (unsigned char)(1U << (c->depth % 8));
    if (byte >= c->room) {
        size_t room = c->room == 0 ? 64 : 2 * c->room;
        unsigned char *open = realloc(c->open, room);
        if (open == NULL) {
            c->no_memory = true;
            return false;
        }
        c->open = open;
        c->room = room;
    }
    c->open[byte] =
        (unsigned char)(object ? c->open[byte] | bit : c->open[byte] & (0xFF ^ bit));
    c->depth++;
    c->deepest = c->depth > c->deepest ? c->depth : c->deepest;
    return true;
}

static bool
in_object(const scanner *c)
{
    size_t k = c->depth - 1;
    return ((unsigned)c->open[k / 8] >> (k % 8) & 1U) != 0;
}

/* From the beginning of a value to the beginning of the next one inside, or to its end. */
static enum step
take_value(scanner *c)
{
    bool whole = false;
    skip_space(c);
    int letter = peek(c);
    if (letter == '{' || letter == '[') {
        c->at++;
        if (!push(c, letter == '{')) {
            return STEP_BAD;
        }
        skip_space(c);
        if (take(c, letter == '{' ? '}' : ']')) {
            c->depth--;
            return STEP_END;
        }
        return letter == '[' || take_name(c) ? STEP_VALUE : STEP_BAD;
    }
    if (letter == '"') {
        whole = take_string(c);
    } else if (letter == 't' || letter == 'f' || letter == 'n') {
        whole = take_word(c, letter == 't' ? "true" : letter == 'f' ? "false" : "null");
    } else {
        whole = take_number(c);
    }
    return whole ? STEP_END : STEP_BAD;
}

/* After a value: what ends with it, up to the beginning of the next value or the end. */
static enum step
take_rest(scanner *c)
{
    for (;;) {
        skip_space(c);
        if (c->depth == 0) {
            return c->at == c->n ? STEP_END : STEP_BAD;
        }
        if (take(c, ',')) {
            return !in_object(c) || take_name(c) ? STEP_VALUE : STEP_BAD;
        }
        if (!take(c, in_object(c) ? '}' : ']')) {
            return STEP_BAD;
        }
        c->depth--;
    }
}

mcp_json_state
mcp_json_check(mcp_span text)
{
    scanner c = {.s = text.s, .n = text.n};
    enum step step = STEP_VALUE;
    while (step == STEP_VALUE) {
        step = take_value(&c);
        if (step == STEP_END) {
            step = take_rest(&c);
        }
    }
    free(c.open);
    return (mcp_json_state){.valid = step == STEP_END,
        .no_memory = c.no_memory,
        .at = c.at,
        .depth = c.deepest};
}

mcp_span
mcp_json_trim(mcp_span text)
{
    scanner c = {.s = text.s, .n = text.n};
    skip_space(&c);
    mcp_span out = {text.s + c.at, text.n - c.at};
    while (out.n > 0 && is_space((unsigned char)out.s[out.n - 1])) {
        out.n--;
    }
    return out;
}

static void
walk_string(scanner *c)
{
    for (c->at++; c->s[c->at] != '"'; c->at++) {
        c->at += c->s[c->at] == '\\' ? 1 : 0;
    }
    c->at++;
}

static mcp_span
walk_value(scanner *c)
{
    skip_space(c);
    size_t from = c->at, depth = 0;
    do {
        char letter = c->s[c->at];
        if (letter == '"') {
            walk_string(c);
            continue;
        }
        bool opens = letter == '{' || letter == '[';
        bool closes = letter == '}' || letter == ']';
        depth += opens ? 1 : 0;
        depth -= closes ? 1 : 0;
        c->at++;
        if (depth == 0 && !opens && !closes) { /* the rest of a number or a word */
            while (c->at < c->n && !is_one_of(peek(c), ",]} \t\r\n")) {
                c->at++;
            }
        }
    } while (depth > 0);
    return (mcp_span){c->s + from, c->at - from};
}

static bool
same_name(mcp_span name, const char *wanted)
{
    size_t n = strlen(wanted);
    if (memchr(name.s, '\\', name.n) == NULL) {
        return name.n == n + 2 && memcmp(name.s + 1, wanted, n) == 0;
    }
    json_t *j = json_loadb(name.s, name.n, JSON_DECODE_ANY | JSON_ALLOW_NUL, NULL);
    bool same =
        json_string_length(j) == n && memcmp(json_string_value(j), wanted, n) == 0;
    json_decref(j);
    return same;
}

/* At the next element or name inside; false at the end. */
static bool
walk_to_next(scanner *c)
{
    skip_space(c);
    if (take(c, ',')) {
        skip_space(c);
    }
    return peek(c) != '}' && peek(c) != ']';
}

size_t
mcp_json_member(mcp_span object, const char *name, mcp_span *value)
{
    scanner c = {.s = object.s, .n = object.n, .at = 1};
    size_t count = 0;
    while (walk_to_next(&c)) {
        mcp_span key = walk_value(&c);
        skip_space(&c);
        c.at++; /* the colon */
        mcp_span v = walk_value(&c);
        if (same_name(key, name)) {
            *value = v;
            count++;
        }
    }
    return count;
}

bool
mcp_json_next(mcp_span array, size_t *at, mcp_span *element)
{
    scanner c = {.s = array.s, .n = array.n, .at = *at == 0 ? 1 : *at};
    bool more = walk_to_next(&c);
    if (more) {
        *element = walk_value(&c);
    }
    *at = c.at;
    return more;
}

char *
mcp_json_key(mcp_span value)
{
    if (value.s[0] == '-' || (value.s[0] >= '0' && value.s[0] <= '9')) {
        return mcp_json_copy(value);
    }
    json_t *j = value.s[0] == '"' ? json_loadb(value.s, value.n,
                                        JSON_DECODE_ANY | JSON_ALLOW_NUL, NULL)
                                  : NULL;
    char *key = j != NULL ? json_dumps(j, JSON_ENCODE_ANY | JSON_ENSURE_ASCII) : NULL;
    json_decref(j);
    return key;
}

char *
mcp_json_copy(mcp_span value)
{
    return strndup(value.s, value.n);
}
