/* What every engine's scan shares: binding the expressions to the source, converting columns
 * to the types the sink wants, cutting batches at the limits of ranges, and watching a long
 * call from the calling thread. */
#ifndef UPI_SCAN_H
#define UPI_SCAN_H

#include "engine/engine.h"

/* A scan bound to the columns it uses. */
typedef struct upi_bound_scan {
    int64_t n;
    upi_expr **columns;
    upi_type *natural; /* type of each expression */
    int *as;           /* type of each column as the sink wants it */
    upi_expr *filter;  /* or NULL */
    int64_t n_used;    /* fields of the source that occur */
    int64_t *used;     /* their indices, in the order of the bound schema */
} upi_bound_scan;

/* UP_E_COLUMN, UP_E_TYPE (a list is used as a value; no conversion to the wanted type). */
up_status upi_bound_scan_make(
    const up_source *s, const upi_scan *scan, upi_bound_scan *out, up_error *err);
void upi_bound_scan_free(upi_bound_scan *b);

/* Conversion and cutting for one worker. */
typedef struct upi_lane {
    upi_type from, to;
    void *values;       /* UPI_BATCH_ROWS converted values, or NULL */
    char *text;         /* UPI_BATCH_ROWS slots for numbers as text, or NULL */
    uint64_t *validity; /* of the converted values */
    void *cut;          /* values of a batch that was put together, or NULL */
    char *cut_text;
    uint64_t *cut_validity;
} upi_lane;

typedef struct upi_lanes {
    int64_t n;
    upi_lane *lane;
    upi_column *columns; /* converted */
    upi_column *pieces;  /* what is handed to the sink */
} upi_lanes;

up_status upi_lanes_make(const upi_bound_scan *scan, upi_lanes *out, up_error *err);
void upi_lanes_free(upi_lanes *l);
/* Sets lanes->columns from n values of each natural column. UP_E_TYPE names the value that
 * does not convert. */
up_status upi_lanes_convert(upi_lanes *l, const upi_bound_scan *scan,
    const upi_column *natural, int64_t n, up_error *err);
/* Appends rows [first, first + n) of lanes->columns to the batch under way, which holds `at`
 * rows; strings are borrowed. */
up_status upi_lanes_append(
    upi_lanes *l, int64_t at, int64_t first, int64_t n, up_error *err);
/* Appends the rows that `keep` (a boolean column) is true for; returns the new number. */
up_status upi_lanes_append_kept(
    upi_lanes *l, const upi_column *keep, int64_t n, int64_t *kept, up_error *err);
/* Batches: the converted columns as they are, or what was appended. */
upi_batch upi_lanes_whole(const upi_lanes *l, int64_t n);
upi_batch upi_lanes_cut(const upi_lanes *l, int64_t n);

size_t upi_type_size(upi_type type);

/* The one text form of a value that is not text itself: 1, 0.25, true, 2026-01-31,
 * 2026-01-31 10:00:00.5. The result may point into `slot`. */
enum { UPI_VALUE_TEXT = 40 };
upi_str upi_value_text(const upi_column *c, int64_t i, char *slot);

/* Runs work(ctx) while the calling thread reports progress and asks should_stop every 20 ms.
 * stop(ctx) is called (again and again) once stopping is wanted; work must then end soon.
 * fraction(ctx) is in [0, 1], negative = not known. */
typedef struct upi_watch {
    up_status (*work)(void *ctx, up_error *err);
    double (*fraction)(void *ctx);
    void (*stop)(void *ctx);
    void *ctx;
} upi_watch;
up_status upi_watch_run(const upi_watch *w, const up_run *run, up_error *err);

#endif
