/* Columns in memory: plain arrays of the caller, or the batches of an Arrow stream. */
#ifndef UPI_MEMORY_H
#define UPI_MEMORY_H

#include "engine/scan.h"

/* How the values of a column are stored. */
typedef enum upi_layout {
    UPI_LAYOUT_NULL, /* every value is missing */
    UPI_LAYOUT_F64,
    UPI_LAYOUT_F32,
    UPI_LAYOUT_I8,
    UPI_LAYOUT_I16,
    UPI_LAYOUT_I32,
    UPI_LAYOUT_I64,
    UPI_LAYOUT_U8,
    UPI_LAYOUT_U16,
    UPI_LAYOUT_U32,
    UPI_LAYOUT_U64,
    UPI_LAYOUT_BYTES_BOOL, /* one byte a value */
    UPI_LAYOUT_BITS_BOOL,  /* one bit a value */
    UPI_LAYOUT_C_TEXT,     /* const char * */
    UPI_LAYOUT_UTF8,       /* 32-bit offsets */
    UPI_LAYOUT_LARGE_UTF8, /* 64-bit offsets */
    UPI_LAYOUT_UTF8_VIEW,
    UPI_LAYOUT_DECIMAL32,
    UPI_LAYOUT_DECIMAL64,
    UPI_LAYOUT_DECIMAL128,
    UPI_LAYOUT_REFUSED
} upi_layout;

/* Consecutive rows that lie in one set of buffers. */
typedef struct upi_segment {
    int64_t first, n;       /* rows of the source */
    int64_t offset;         /* of the first row in the buffers */
    const uint8_t *bits;    /* bit set = not null; NULL = no nulls */
    const uint8_t *missing; /* byte set = null; NULL = no nulls */
    const void *values;
    const void *bytes;       /* of texts with offsets */
    const void *const *more; /* buffers of text views */
    int64_t n_more;
    struct upi_segment *dictionary; /* the values; `values` then holds indices */
} upi_segment;

typedef struct upi_stored {
    upi_layout layout;  /* of the values, or of the dictionary's values */
    upi_layout indices; /* of the indices; UPI_LAYOUT_NULL = no dictionary */
    int64_t multiply,
        divide; /* of dates and times, to days or microseconds; 1 or more */
    int scale;  /* of decimals */
    upi_type type;
    int64_t n_segments, capacity;
    upi_segment *segments;
} upi_stored;

/* Room for one batch of one column; one for each worker. */
typedef struct upi_fetch {
    int64_t *values; /* UPI_BATCH_ROWS of the widest type */
    uint64_t *validity;
    char *text; /* slots for wide numbers as text, or NULL */
} upi_fetch;
up_status upi_fetch_make(const upi_stored *c, upi_fetch *out, up_error *err);
void upi_fetch_free(upi_fetch *f);
/* Rows [first, first + n) as a column, in place where the layout allows it. UP_E_SOURCE when
 * an index is outside its dictionary. */
up_status upi_stored_read(const upi_stored *c, const char *name, int64_t first,
    int64_t n, upi_fetch *room, upi_column *out, up_error *err);
up_status upi_stored_add(upi_stored *c, const upi_segment *segment, up_error *err);
void upi_stored_free(upi_stored *c);

/* The source; takes the columns over. `keep` is freed with it (release(keep)). */
typedef struct upi_memory {
    upi_stored *columns;
    int64_t n_columns;
    void *keep;
    void (*release)(void *keep);
} upi_memory;
/* An empty source with n unnamed fields and as many stored columns. */
up_status upi_memory_make(
    const char *name, int64_t n, up_source **out, upi_memory **memory, up_error *err);
/* UP_E_ARGUMENT when a name is NULL, empty, not UTF-8, or stands twice. */
up_status upi_memory_check_names(const up_source *s, up_error *err);
up_status upi_memory_check_name(const char *name, int64_t index, up_error *err);

#endif
