/* Statuses by name, and failing in one line. Names of columns come from data, so what goes
 * into an error is made one clean line first: control characters and broken UTF-8 are
 * replaced, and overlong text is cut between two characters, never inside one. */
#include "base/error.h"

#include "base/mem.h"
#include "base/text.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const char *
up_status_name(up_status status)
{
    switch (status) {
#define CASE_NAME(name, number, exit_code, sentence)                                   \
    case UP_##name:                                                                    \
        return #name;
        UP_STATUS_LIST(CASE_NAME)
#undef CASE_NAME
    }
    return "E_UNKNOWN";
}

const char *
up_status_text(up_status status)
{
    switch (status) {
#define CASE_TEXT(name, number, exit_code, sentence)                                   \
    case UP_##name:                                                                    \
        return sentence;
        UP_STATUS_LIST(CASE_TEXT)
#undef CASE_TEXT
    }
    return "a status this version does not know";
}

int
up_status_exit_code(up_status status)
{
    /* A plain switch would have many cases with the same body. */
    static const struct {
        int status, exit_code;
    } table[] = {
#define ROW(name, number, exit_code, sentence) {number, exit_code},
        UP_STATUS_LIST(ROW)
#undef ROW
    };
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        if (table[i].status == (int)status) {
            return table[i].exit_code;
        }
    }
    return 1;
}

up_status
upi_fail(up_error *err, up_status status, const char *field, const char *fmt, ...)
{
    UP_ASSERT(status != UP_OK);
    if (err == NULL) {
        return status;
    }
    /* The arguments may point into err itself (a message wrapped in a longer one), so
     * everything is written to the side first. */
    up_error made = UP_ERROR_INIT;
    made.status = status;
    va_list args;
    va_start(args, fmt);
    upi_line_format(made.message, sizeof made.message, fmt, args);
    va_end(args);
    upi_line_copy(made.field, sizeof made.field, field);
    *err = made;
    return status;
}

up_status
upi_fix(up_error *err, const char *fmt, ...)
{
    if (err == NULL) {
        return UP_E_INTERNAL;
    }
    char fix[sizeof err->fix];
    va_list args;
    va_start(args, fmt);
    upi_line_format(fix, sizeof fix, fmt, args);
    va_end(args);
    memcpy(err->fix, fix, sizeof fix);
    return err->status;
}

up_status
upi_fail_memory(up_error *err, size_t bytes)
{
    (void)upi_fail(
        err, UP_E_NO_MEMORY, NULL, "%zu bytes could not be allocated", bytes);
    return UP_E_NO_MEMORY;
}

#ifdef NDEBUG
/* Callers compiled with assertions may link a library without them. */
void upi_assert_failed(const char *what, const char *file, int line);
#endif

void
upi_assert_failed(const char *what, const char *file, int line)
{
    (void)fprintf(stderr, "%s:%d: '%s' does not hold\n", file, line, what);
    abort();
}
