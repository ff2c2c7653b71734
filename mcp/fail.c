/* The library's own way to fail is not public, so a door fills the struct itself. */
#include "fail.h"

#include <stdarg.h>
#include <stdio.h>

up_status
mcp_fail(up_error *err, up_status status, const char *field, const char *fix,
    const char *format, ...)
{
    va_list arguments;
    *err = (up_error){.status = status};
    (void)snprintf(err->field, sizeof err->field, "%s", field != NULL ? field : "");
    (void)snprintf(err->fix, sizeof err->fix, "%s", fix != NULL ? fix : "");
    va_start(arguments, format);
    (void)vsnprintf(err->message, sizeof err->message, format, arguments);
    va_end(arguments);
    return status;
}

up_status
mcp_fail_memory(up_error *err)
{
    return mcp_fail(
        err, UP_E_NO_MEMORY, NULL, "ask for less at once", "memory ran out");
}
