/* A growing, NUL-terminated string. A failed allocation is remembered and reported once, at
 * the end, so that building text needs no check on every line. */
#include "base/text.h"

#include "base/error.h"
#include "base/mem.h"

#include <stdarg.h>
#include <string.h>

/* Room for `more` bytes and the NUL; false (and the text is marked) if there is none. */
static bool
make_room(upi_text *t, int64_t more)
{
    if (t->failed || more < 0 || more > INT64_MAX - 1 - t->length) {
        t->failed = true;
        return false;
    }
    if (UP_RESERVE(&t->s, &t->capacity, t->length + more + 1, NULL) != UP_OK) {
        t->failed = true;
        return false;
    }
    return true;
}

void
upi_text_add_n(upi_text *t, const char *s, int64_t n)
{
    if (make_room(t, n)) {
        if (n > 0) {
            memcpy(t->s + t->length, s, (size_t)n);
        }
        t->length += n;
        t->s[t->length] = '\0';
    }
}

void
upi_text_add(upi_text *t, const char *s)
{
    upi_text_add_n(t, s, (int64_t)strlen(s));
}

void
upi_text_add_char(upi_text *t, char c)
{
    upi_text_add_n(t, &c, 1);
}

void
upi_text_addf(upi_text *t, const char *fmt, ...)
{
    va_list args;
    va_list again;
    va_start(args, fmt);
    va_copy(again, args);
    char small[256];
    int length = upi_format(small, sizeof small, fmt, args);
    va_end(args);
    if (length < 0) {
        t->failed = true;
    } else if ((size_t)length < sizeof small) {
        upi_text_add_n(t, small, length);
    } else if (make_room(t, length)) {
        (void)upi_format(t->s + t->length, (size_t)length + 1, fmt, again);
        t->length += length;
    }
    va_end(again);
}

void
upi_text_clear(upi_text *t)
{
    t->length = 0;
    t->failed = false;
    if (t->s != NULL) {
        t->s[0] = '\0';
    }
}

void
upi_text_free(upi_text *t)
{
    upi_free(t->s);
    *t = (upi_text){0};
}

up_status
upi_text_take(upi_text *t, char **out, up_error *err)
{
    if (!t->failed && t->s == NULL) {
        upi_text_add_n(t, "", 0);
    }
    if (t->failed) {
        size_t reached = (size_t)t->length + 1;
        upi_text_free(t);
        return upi_fail_memory(err, reached);
    }
    *out = t->s;
    *t = (upi_text){0};
    return UP_OK;
}
