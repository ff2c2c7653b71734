/* Writing JSON: fixed key order, shortest round-trip doubles, NaN and infinities as null.
 * Reading is jansson's business. */
#ifndef UPI_JSON_H
#define UPI_JSON_H

#include "base/text.h"

/* Commas and nesting are kept by the writer. indent 0 = one line. digits 0 = shortest
 * round-trip; 4..17 = that many significant digits for doubles. */
typedef struct upi_json {
    upi_text *out;
    int indent, digits, depth;
    uint64_t has_items; /* bit per depth */
    bool after_key;
} upi_json;

void upi_json_start(upi_json *j, upi_text *out, int indent, int digits);
void upi_json_object(upi_json *j);
void upi_json_object_end(upi_json *j);
void upi_json_array(upi_json *j);
void upi_json_array_end(upi_json *j);
void upi_json_key(upi_json *j, const char *key);
void upi_json_string(upi_json *j, const char *s); /* NULL writes null */
void upi_json_string_n(upi_json *j, const char *s, int64_t n);
void upi_json_double(upi_json *j, double x);
void upi_json_int(upi_json *j, int64_t x);
void upi_json_bool(upi_json *j, bool x);
void upi_json_null(upi_json *j);
/* One value that is JSON already; it must not be empty. */
void upi_json_raw(upi_json *j, const char *json);
/* key and value in one call */
void upi_json_put_string(upi_json *j, const char *key, const char *s);
void upi_json_put_double(upi_json *j, const char *key, double x);
void upi_json_put_int(upi_json *j, const char *key, int64_t x);
void upi_json_put_bool(upi_json *j, const char *key, bool x);

#endif
