/* A request given as one JSON object. */
#ifndef UPI_INPUT_H
#define UPI_INPUT_H

#include "base/base.h"

#include <upshot/catalog.h>

/* A growing list of arguments that owns its texts. */
typedef struct upi_arguments {
    up_argument *items;
    int64_t n, capacity;
} upi_arguments;

up_status upi_arguments_add(
    upi_arguments *a, const char *name, const char *value, up_error *err);
void upi_arguments_remove(upi_arguments *a, int64_t i);
void upi_arguments_clear(upi_arguments *a);

/* Adds the members of a JSON object: texts, numbers, booleans, and lists of them. `path` is
 * a file or "-". UP_E_SOURCE when it cannot be read, UP_E_USAGE when it is no such object. */
up_status upi_input_read(const char *path, upi_arguments *to, up_error *err);
up_status upi_input_parse(
    const char *text, int64_t n, upi_arguments *to, up_error *err);

#endif
