/* A source over arrays that is cut into ranges as a test wants them: small, in any order of
 * delivery, on any number of threads, with gaps in their numbers. */
#ifndef FAKE_SOURCE_H
#define FAKE_SOURCE_H

#include "engine/engine.h"

typedef struct fake_options {
    int64_t range_rows; /* 0 = 50 */
    int64_t gap;        /* range r has the number r * gap; 0 = 1 */
    const int64_t
        *order;      /* order of delivery; NULL = ascending. Read again at every scan */
    int64_t fail_at; /* scan fails with UP_E_SOURCE at this range; 0 = never */
} fake_options;

/* Columns are borrowed. run->threads workers (0 = 1) deliver the ranges. Free with
 * up_source_free. */
up_source *fake_source(const up_column *columns, int64_t n_columns, int64_t n_rows,
    const fake_options *options);
/* How many scans there were. */
int64_t fake_source_scans(const up_source *s);

#endif
