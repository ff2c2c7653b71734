/* A growing text, and JSON in it: what the protocol writes itself is short and plain, and what
 * the offer wrote is copied, because a JSON library would print its numbers anew. */
#include "text.h"

#include "utf8.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool
make_room(mcp_text *t, size_t n)
{
    if (t->failed || n >= (size_t)-1 / 4 - t->n) {
        t->failed = true;
        return false;
    }
    if (t->n + n + 1 <= t->room) {
        return true;
    }
    size_t room = t->room < 128 ? 256 : 2 * t->room;
    room = room < t->n + n + 1 ? t->n + n + 1 : room;
    char *s = realloc(t->s, room);
    if (s == NULL) {
        t->failed = true;
        return false;
    }
    t->s = s;
    t->room = room;
    return true;
}

void
mcp_text_bytes(mcp_text *t, const char *s, size_t n)
{
    if (make_room(t, n)) {
        memcpy(t->s + t->n, s, n);
        t->n += n;
        t->s[t->n] = '\0';
    }
}

void
mcp_text_add(mcp_text *t, const char *s)
{
    mcp_text_bytes(t, s, strlen(s));
}

void
mcp_text_quote(mcp_text *t, const char *s)
{
    size_t n = strlen(s);
    mcp_text_add(t, "\"");
    for (size_t i = 0; i < n;) {
        unsigned char c = (unsigned char)s[i];
        size_t length = mcp_utf8_length(s + i, n - i);
        if (length == 0) {
            mcp_text_add(t, "\xef\xbf\xbd");
            i++;
            continue;
        }
        if (c == '"' || c == '\\') {
            mcp_text_add(t, "\\");
        }
        if (c == '\n') {
            mcp_text_add(t, "\\n");
        } else if (c < 0x20) {
            char escape[8];
            (void)snprintf(escape, sizeof escape, "\\u%04x", (unsigned)c);
            mcp_text_add(t, escape);
        } else {
            mcp_text_bytes(t, s + i, length);
        }
        i += length;
    }
    mcp_text_add(t, "\"");
}

void
mcp_text_json(mcp_text *t, const char *json)
{
    size_t from = t->n;
    mcp_text_add(t, json);
    for (size_t i = from; i < t->n; i++) {
        if (t->s[i] == '\n' || t->s[i] == '\r') {
            t->s[i] = ' ';
        }
    }
}

void
mcp_text_number(mcp_text *t, long n)
{
    char digits[32];
    (void)snprintf(digits, sizeof digits, "%ld", n);
    mcp_text_add(t, digits);
}

char *
mcp_text_take(mcp_text *t, size_t *n)
{
    char *s = t->failed ? NULL : t->s;
    if (s == NULL) {
        free(t->s);
    }
    *n = s != NULL ? t->n : 0;
    *t = (mcp_text){0};
    return s;
}
