/* Help for the tests of the engine: a directory that goes away, files made by SQL, and a sink
 * that checks the contract and keeps every value as text. */
#ifndef ENGINE_SUPPORT_H
#define ENGINE_SUPPORT_H

#include "engine/engine.h"
#include "up_test.h"

/* A fresh directory; its path. Removed, with all in it, by engine_clean. */
const char *engine_directory(void);
void engine_clean(void);
/* A path inside the directory (one of 16 rotating buffers). */
const char *engine_path(const char *name);
void engine_write_file(const char *name, const void *bytes, size_t n);
void engine_write_text(const char *name, const char *text);
/* Runs one statement in a database of its own; '@' stands for the directory. */
void engine_sql(const char *sql);
/* Entries of a directory whose name begins with `prefix`. */
int64_t engine_count_entries(const char *path, const char *prefix);

/* Every row of the range, one line a row, values divided by '|', NULL for null. */
typedef struct engine_rows {
    int64_t n_ranges, capacity;
    struct engine_range {
        upi_text text;
        int64_t rows, batches;
        double sum; /* of all numbers, in the order in which they come */
        int worker;
        int begun, ended;
    } * ranges;
    int n_workers, begun;
    int64_t fail_at; /* range at which the sink fails; -1 = never */
    bool hashed;     /* keep eight bytes of hash for a row instead of its text */
    long pause_ns;   /* the sink waits so long at each batch, for a scan that lasts */
} engine_rows;

/* Scans the columns (all when names is NULL) and checks the contract. */
up_status engine_scan(up_source *s, const char *const *names, int64_t n, const int *as,
    const char *filter, const up_run *run, engine_rows *out, up_error *err);
/* The same by expressions' texts. */
up_status engine_scan_text(up_source *s, const char *const *texts, int64_t n,
    const int *as, const char *filter, const up_run *run, engine_rows *out,
    up_error *err);
/* All ranges one after the other; free with upi_free. With `hashed`, 8 bytes a row. */
char *engine_rows_text(const engine_rows *r);
int64_t engine_rows_count(const engine_rows *r);
void engine_rows_free(engine_rows *r);

#endif
