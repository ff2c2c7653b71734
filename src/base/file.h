/* Writing a whole text as a file. */
#ifndef UPI_FILE_H
#define UPI_FILE_H

#include <upshot/status.h>

#include <stddef.h>

/* UP_E_WRITE when path is there and is not a regular file: a rename would put a file in the
 * place of a device or a pipe. field names the argument. */
up_status upi_file_refuse_special(const char *path, const char *field, up_error *err);
/* Puts the text into the file at once or not at all, and replaces one that is there.
 * UP_E_WRITE with the reason; UP_E_NO_MEMORY. */
up_status upi_file_write(
    const char *path, const char *text, size_t n, const char *field, up_error *err);

#endif
