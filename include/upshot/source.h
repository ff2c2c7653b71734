/* Where rows live: a file, a glob, a table, standard input, or columns in memory. */
#ifndef UPSHOT_SOURCE_H
#define UPSHOT_SOURCE_H

#include <upshot/arrow.h>
#include <upshot/run.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct up_source up_source;

/** Opens rows by name.
 *
 *  @param[in]  name  a path or glob of CSV, TSV, Parquet or JSON-lines files (also .gz, .zst);
 *                    "file.duckdb::table" for a table of a database; "-" for CSV on standard input
 *  @param[in]  run   threads, memory limit, spill directory; NULL for defaults; not kept
 *  @param[out] out   the source; free with up_source_free()
 *  @return UP_OK; UP_E_SOURCE (no such file, cannot be parsed, truncated; the message names the file
 *          and, for text, the line); UP_E_ENGINE (the engine library is not found)
 *  @par Cost the header of the file; the rows are not read
 *  @since 0.1 @par Stability experimental */
UP_API up_status up_source_open(const char *name, const up_run *run, up_source **out, up_error *err) UP_MUST_USE;

/** One column in memory. Exactly one of the data pointers is set; n is given once for all. */
typedef struct up_column {
    const char *name;
    const double *f64;       /**< NaN = missing */
    const int64_t *i64;
    const char *const *text; /**< NULL = missing */
    const uint8_t *boolean;  /**< 0 or 1 */
    const uint8_t *missing;  /**< optional, one byte per row: non-zero = missing */
} up_column;

/** Columns in memory, borrowed: they must outlive the source.
 *  @param[in] columns (n_columns) arrays of n_rows each */
UP_API up_status up_source_from_columns_borrow(const up_column *columns, int64_t n_columns,
    int64_t n_rows, up_source **out, up_error *err) UP_MUST_USE;

/** Rows of an Arrow stream. The stream is moved: it is released by the source. The batches are
 *  kept in memory, without a copy where the types allow it. */
UP_API up_status up_source_from_arrow(struct ArrowArrayStream *stream, up_source **out, up_error *err) UP_MUST_USE;

UP_API void up_source_free(up_source *source);

/** What describe says of one column. Counts are exact unless `sampled`. */
typedef struct up_column_info {
    const char *name;      /**< lives as long as the description */
    const char *type;      /**< number, integer, boolean, text, date, timestamp */
    int64_t rows;          /**< looked at */
    int64_t missing;       /**< null or NaN */
    int64_t infinite;
    int64_t distinct;      /**< approximate above 10,000 */
    double min, max, mean, sd; /**< NaN where they make no sense */
    const char *example;   /**< most common values, comma-separated */
} up_column_info;

typedef struct up_description up_description;

/** Looks at every column once.
 *  @par Cost one pass over the rows */
UP_API up_status up_source_describe(up_source *source, const up_run *run, up_description **out, up_error *err) UP_MUST_USE;
UP_API int64_t up_description_rows(const up_description *d);
UP_API int64_t up_description_columns(const up_description *d);
UP_API up_column_info up_description_column(const up_description *d, int64_t i);
UP_API void up_description_free(up_description *d);

#ifdef __cplusplus
}
#endif
#endif
