/* The library's own way to fail is not public, so a door fills the struct itself. */
#include "fail.h"

#include <stdarg.h>
#include <stdio.h>

void
mcp_tell_failure(up_error *err, up_status status, const char *field, const char *fix,
    const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    err->status = status;
    (void)snprintf(err->field, sizeof err->field, "%s", field != NULL ? field : "");
    (void)snprintf(err->fix, sizeof err->fix, "%s", fix != NULL ? fix : "");
    /* NOLINTNEXTLINE(clang-analyzer-valist.Uninitialized): started four lines above */
    (void)vsnprintf(err->message, sizeof err->message, format, arguments);
    va_end(arguments);
}
