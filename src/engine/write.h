/* Writing rows to a Parquet or CSV file, atomically (temporary name beside it, fsync, rename),
 * and reading a Parquet file's key/value metadata. DuckDB does the encoding. */
#ifndef UPI_WRITE_H
#define UPI_WRITE_H

#include "base/base.h"
#include "base/column.h"

#include <upshot/run.h>

typedef struct upi_kv {
    const char *key, *value;
} upi_kv;

typedef struct upi_out_field {
    const char *name;
    upi_type type; /* UPI_STR values may be up to 64 KiB */
} upi_out_field;

/* One column of a block to be filled: data as in upi_column (double, int64_t, uint8_t,
 * upi_str; strings are borrowed until the next call), validity zeroed bits = null. */
typedef struct upi_out_column {
    void *data;
    uint64_t *validity;
} upi_out_column;

/* Fills rows [first, first + n), n at most UPI_BATCH_ROWS; called in row order. */
typedef up_status (*upi_fill)(
    void *ctx, int64_t first, int64_t n, upi_out_column *columns, up_error *err);

typedef struct upi_write {
    const char *
        path; /* the ending decides: .parquet, .csv, .csv.gz; an existing file is replaced */
    const upi_out_field *fields;
    int64_t n_fields, n_rows;
    upi_fill fill;
    void *ctx;
    const upi_kv *metadata; /* Parquet only */
    int64_t n_metadata;
} upi_write;

/* UP_E_WRITE (the path, the reason), UP_E_STOPPED. Memory does not grow with n_rows. Nothing is
 * left behind on failure. */
up_status upi_write_rows(const upi_write *w, const up_run *run, up_error *err);

/* Metadata of a Parquet file; keys and values are owned by *out. UP_E_SOURCE if it is not one. */
typedef struct upi_metadata {
    char **keys, **values;
    int64_t n;
} upi_metadata;
up_status upi_parquet_metadata(const char *path, upi_metadata *out, up_error *err);
const char *upi_metadata_get(const upi_metadata *m, const char *key); /* NULL = none */
void upi_metadata_free(upi_metadata *m);

#endif
