/* The engine contract: describe a relation, stream its columns, and (where the engine
 * speaks SQL) run a query into an Arrow stream. Estimators never see which engine it is. */
#ifndef UPI_ENGINE_H
#define UPI_ENGINE_H

#include "base/base.h"
#include "base/column.h"
#include "expr/expr.h"

#include <upshot/arrow.h>
#include <upshot/source.h>

typedef struct upi_field {
    char *name;
    upi_type type;
    char *native_type; /* the engine's own name, for messages */
    bool
        refused; /* a list, struct, blob or the like: listed, but UP_E_TYPE when used */
} upi_field;

/* What a scan asks for: the values of n expressions over the rows that pass the filter.
 * A plain column is the expression that names it. `as` is the type wanted for each: a
 * number column may be asked for as UPI_F64 or UPI_I64, anything as UPI_STR; -1 = as it is. */
typedef struct upi_scan {
    int64_t n_columns;
    const upi_expr *const *columns;
    const int *as;          /* upi_type or -1 */
    const upi_expr *filter; /* NULL = all rows */
} upi_scan;

/* Rows arrive in ranges. A range is a stretch of consecutive rows whose limits depend on the
 * source alone, never on threads or memory. Each range is delivered by one worker, in row
 * order, in batches of at most UPI_BATCH_ROWS rows; then range_end is called once for it on
 * the same worker. Ranges are numbered in row order but may have gaps (a range without rows
 * need not be reported); different workers deliver different ranges at the same time.
 * Where rows have no numbers of their own (text files, JSON, views), ranges are counted over
 * the rows that pass the filter, and every batch but the last is full. A batch, with its
 * strings, is borrowed for the call.
 * A consumer that keeps one partial result per range and combines them by number gives the
 * same bits for any number of workers. A callback that fails ends the scan with its status;
 * of several failures the one in the lowest range is reported. One scan of a source at a time. */
typedef struct upi_sink {
    void *ctx;
    /* once, before anything else, on the calling thread */
    up_status (*begin)(void *ctx, int n_workers, up_error *err);
    up_status (*batch)(
        void *ctx, int worker, int64_t range, const upi_batch *batch, up_error *err);
    up_status (*range_end)(void *ctx, int worker, int64_t range, up_error *err);
} upi_sink;

/* Rows of a range where the source does not impose its own. */
enum { UPI_RANGE_ROWS = 122880 };

typedef struct upi_engine_ops {
    const char *name;
    up_status (*scan)(up_source *s, const upi_scan *scan, const upi_sink *sink,
        const up_run *run, up_error *err);
    /* SQL text in, Arrow stream out; NULL where the engine has no SQL. The stream must be
     * released before the source is freed. */
    up_status (*query)(
        up_source *s, const char *sql, struct ArrowArrayStream *out, up_error *err);
    void (*cancel)(up_source *s); /* callable from any thread */
    void (*close)(up_source *s);
} upi_engine_ops;

struct up_source {
    const upi_engine_ops *ops;
    char *name; /* as the user gave it */
    upi_field *fields;
    int64_t n_fields;
    int64_t n_rows;       /* -1 = not known without a scan */
    uint64_t fingerprint; /* of name, size and time of files; 0 = none */
    void *self;           /* the engine's own */
};

/* A value of a column that has few of them. */
typedef struct upi_level {
    char *text; /* cut to UPI_TALLY_TEXT bytes */
    int64_t count;
    uint64_t hash; /* upi_tally_hash() of its rows */
} upi_level;
enum { UPI_LEVELS = 64 };
/* All values of column i, the most common first, where there are at most UPI_LEVELS; else NULL and
 * *n = 0. */
const upi_level *upi_description_levels(const up_description *d, int64_t i, int64_t *n);

int64_t upi_source_find(const up_source *s, const char *column); /* -1 = none */
/* UP_E_COLUMN with the nearest name in the fix. */
up_status upi_source_require(
    const up_source *s, const char *column, int64_t *index, up_error *err);
up_status upi_source_scan(up_source *s, const upi_scan *scan, const upi_sink *sink,
    const up_run *run, up_error *err);

/* The first value of a column of text that is no number. */
typedef struct upi_odd_value {
    bool found;
    int64_t row;     /* from 1; all rows where nothing was found */
    int64_t numbers; /* in the rows before */
    char value[64];
} upi_odd_value;
/* Reads up to that row. */
up_status upi_source_odd_value(
    up_source *s, const upi_expr *column, upi_odd_value *out, up_error *err);

#endif
