/** @file
 *  Where rows live: a file, a glob, a table, standard input, or columns in memory. */
#ifndef UPSHOT_SOURCE_H
#define UPSHOT_SOURCE_H

#include <upshot/arrow.h>
#include <upshot/run.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Where rows live. Opaque; used by one thread at a time. */
typedef struct up_source up_source;

/** Opens rows by name.
 *
 *  A path that exists is taken literally, even with *, ? or [ in it. Text files need a header
 *  line; empty values and NA, NULL, null without quotes are missing. Integers beyond 64 bits
 *  are read as text, so that no two ids are merged by rounding. Times are in UTC. Standard
 *  input is copied into the spill directory, because a pipe can be read only once.
 *
 *  @param[in]  name  a path or glob of CSV, TSV, Parquet or JSON-lines files (also .gz, .zst);
 *                    "file.duckdb::table" for a table or view of a database; "-" for CSV on
 *                    standard input; or a name of run->sources, which comes before all of
 *                    these: what is opened then borrows the rows, or reads the file, that
 *                    is lent under it
 *  @param[in]  run   threads, memory limit, spill directory, lent sources; NULL for
 *                    defaults; not kept
 *  @param[out] out   the source; free with up_source_free()
 *  @param[out] err   the story of a failure; may be NULL
 *  @return UP_OK; UP_E_SOURCE (no such file, cannot be parsed, truncated; the message names
 *          the file and, for text, the line); UP_E_EMPTY (text with a header
 *          and no rows); UP_E_ENGINE (the engine library is not found); UP_E_ARGUMENT; UP_E_NO_MEMORY
 *  @par Cost the header of the file; the rows are not read
 *  @since 0.1 @par Stability experimental */
UP_API up_status up_source_open(
    const char *name, const up_run *run, up_source **out, up_error *err) UP_MUST_USE;

/** Gives the number of columns of a source.
 *  @param[in] source may be NULL
 *  @return columns; 0 for NULL
 *  @par Cost O(1)
 *  @since 0.1 @par Stability experimental */
UP_API int64_t up_source_columns(const up_source *source);

/** Gives the name of a column.
 *  @param[in] source may be NULL
 *  @param[in] i      from 0, in the order of the source
 *  @return the name, which lives as long as the source; NULL where i is out of range
 *  @par Cost O(1)
 *  @since 0.1 @par Stability experimental */
UP_API const char *up_source_column(const up_source *source, int64_t i);

/** One column in memory. Exactly one of the data pointers is set; n is given once for all. */
typedef struct up_column {
    const char *name;        /**< unique among the columns */
    const double *f64;       /**< numbers; NaN = missing */
    const int64_t *i64;      /**< integers */
    const char *const *text; /**< NULL = missing */
    const uint8_t *boolean;  /**< 0 or 1 */
    const uint8_t *missing;  /**< optional, one byte per row: non-zero = missing */
} up_column;

/** Makes a source of columns in memory. They are borrowed: they must outlive the source.
 *
 *  @param[in]  columns   (n_columns) each with n_rows values in exactly one of its arrays;
 *                        names are UTF-8 and differ
 *  @param[in]  n_columns at least 1
 *  @param[in]  n_rows    0 or more
 *  @param[out] out       the source; free with up_source_free()
 *  @param[out] err       the story of a failure; may be NULL
 *  @return UP_OK; UP_E_ARGUMENT (no columns, no name, a name twice, no array or several);
 *          UP_E_NO_MEMORY
 *  @par Cost O(n_columns); the values are not copied
 *  @since 0.1 @par Stability experimental */
UP_API up_status up_source_from_columns_borrow(const up_column *columns,
    int64_t n_columns, int64_t n_rows, up_source **out, up_error *err) UP_MUST_USE;

/** Makes a source of the rows of an Arrow stream. The stream is moved: it is released
 *  here or by the source, also when the call fails (but not when err held a failure before).
 *  The batches are kept in memory, without a copy where the types allow it.
 *
 *  @param[in]  stream a C stream of struct batches, not yet released
 *  @param[out] out    the source; free with up_source_free()
 *  @param[out] err    the story of a failure; may be NULL
 *  @return UP_OK; UP_E_ARGUMENT (no stream, or names that are missing or repeated);
 *          UP_E_SOURCE (the stream fails or is damaged; field names the column);
 *          UP_E_NO_MEMORY
 *  @par Cost reads the whole stream; memory of its batches
 *  @since 0.1 @par Stability experimental */
UP_API up_status up_source_from_arrow(
    struct ArrowArrayStream *stream, up_source **out, up_error *err) UP_MUST_USE;

/** Closes a source. What was fitted from it is not touched.
 *  @param[in] source may be NULL
 *  @par Cost O(columns)
 *  @since 0.1 @par Stability experimental */
UP_API void up_source_free(up_source *source);

/** What describe says of one column. Counts are exact unless `sampled`. */
typedef struct up_column_info {
    const char *name;    /**< lives as long as the description */
    const char *type;    /**< number, integer, boolean, text, date, timestamp */
    int64_t rows;        /**< looked at */
    int64_t missing;     /**< null or NaN */
    int64_t infinite;    /**< +-Inf */
    int64_t distinct;    /**< approximate above 10,000 */
    double min,          /**< smallest value; NaN where it makes no sense, as below */
        max,             /**< largest value */
        mean,            /**< mean of the finite values */
        sd;              /**< standard deviation of the finite values */
    const char *example; /**< most common values, comma-separated */
} up_column_info;

/** What up_source_describe() found. Opaque. */
typedef struct up_description up_description;

/** Looks at every column once: types, missing values, ranges, common values.
 *
 *  @param[in]  source not changed, though a stream on standard input is read to its end
 *  @param[in]  run    threads, progress, stopping; NULL for defaults
 *  @param[out] out    the description; free with up_description_free()
 *  @param[out] err    the story of a failure; may be NULL
 *  @return UP_OK; UP_E_SOURCE; UP_E_ENGINE; UP_E_STOPPED; UP_E_ARGUMENT; UP_E_NO_MEMORY
 *  @par Cost one pass over the rows for every 2,048 columns
 *  @since 0.1 @par Stability experimental */
UP_API up_status up_source_describe(up_source *source, const up_run *run,
    up_description **out, up_error *err) UP_MUST_USE;

/** Gives the number of rows that were looked at.
 *  @param[in] d may be NULL
 *  @return rows; 0 for NULL
 *  @par Cost O(1)
 *  @since 0.1 @par Stability experimental */
UP_API int64_t up_description_rows(const up_description *d);

/** Gives the number of columns.
 *  @param[in] d may be NULL
 *  @return columns; 0 for NULL
 *  @par Cost O(1)
 *  @since 0.1 @par Stability experimental */
UP_API int64_t up_description_columns(const up_description *d);

/** Gives what was found of one column.
 *  @param[in] d may be NULL
 *  @param[in] i from 0, in the order of the source
 *  @return the column; empty texts where i is out of range. Texts live as long as d
 *  @par Cost O(1)
 *  @since 0.1 @par Stability experimental */
UP_API up_column_info up_description_column(const up_description *d, int64_t i);

/** Frees a description and its texts.
 *  @param[in] d may be NULL
 *  @par Cost O(columns)
 *  @since 0.1 @par Stability experimental */
UP_API void up_description_free(up_description *d);

#ifdef __cplusplus
}
#endif
#endif
