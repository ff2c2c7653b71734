/* Columns of a batch of rows, as every engine hands them over. Plain arrays, borrowed for
 * the duration of a call. */
#ifndef UPI_COLUMN_H
#define UPI_COLUMN_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

typedef enum upi_type {
    UPI_F64 = 0,  /* double; NaN and null both mean missing */
    UPI_I64 = 1,  /* any integer */
    UPI_BOOL = 2, /* uint8_t 0 or 1 */
    UPI_STR = 3,  /* upi_str */
    UPI_DATE = 4, /* int64_t days since 1970-01-01 */
    UPI_TIME = 5  /* int64_t microseconds since 1970-01-01T00:00 UTC */
} upi_type;

/* A string of `length` bytes of UTF-8. Up to 12 bytes stand inside, longer ones behind the
 * pointer (the layout is DuckDB's, so its vectors are read in place). */
typedef struct upi_str {
    union {
        struct {
            uint32_t length;
            char prefix[4];
            const char *pointer;
        } big;
        struct {
            uint32_t length;
            char inlined[12];
        } small;
    } u;
} upi_str;

static inline const char *
upi_str_data(const upi_str *s)
{
    return s->u.small.length <= 12 ? s->u.small.inlined : s->u.big.pointer;
}
static inline uint32_t
upi_str_length(const upi_str *s)
{
    return s->u.small.length;
}
/* The same bytes. Engines may leave rubbish in unused inline bytes, so that the structs
 * themselves must not be compared. */
static inline bool
upi_str_equal(const upi_str *a, const upi_str *b)
{
    return upi_str_length(a) == upi_str_length(b) &&
           memcmp(upi_str_data(a), upi_str_data(b), upi_str_length(a)) == 0;
}
/* A view on n bytes (long strings are not copied). Unused inline bytes are zero. */
static inline upi_str
upi_str_make(const char *p, uint32_t n)
{
    upi_str s;
    memset(&s, 0, sizeof s);
    s.u.small.length = n;
    if (n <= 12) {
        memcpy(s.u.small.inlined, p, n);
    } else {
        memcpy(s.u.big.prefix, p, 4);
        s.u.big.pointer = p;
    }
    return s;
}

typedef struct upi_column {
    upi_type type;
    const void *data; /* double, int64_t, uint8_t or upi_str by type; one per row */
    const uint64_t *validity; /* bit i set = row i is not null; NULL = no nulls */
} upi_column;

static inline bool
upi_valid(const upi_column *c, int64_t row)
{
    return c->validity == NULL || ((c->validity[row >> 6] >> (row & 63)) & 1);
}

typedef struct upi_batch {
    int64_t n; /* rows, at most UPI_BATCH_ROWS */
    int64_t n_columns;
    const upi_column *columns;
} upi_batch;

enum { UPI_BATCH_ROWS = 2048 };

const char *upi_type_name(
    upi_type type); /* "number", "integer", "boolean", "text", "date", "timestamp" */

#endif
