/* What the files of a build share: the pass, its verdict, and its end. */
#ifndef UPI_BUILD_H
#define UPI_BUILD_H

#include "moments/combine.h"
#include "moments/locate.h"
#include "moments/triangle.h"
#include "moments/units.h"

typedef struct upi_worker {
    upi_encoder *encoder;
    upi_locator locator;
    upi_table *live;
    upi_blocks blocks;
    int32_t *at; /* (UPI_BATCH_ROWS) group of each row */
    int64_t range;
    bool open;
} upi_worker;

typedef struct upi_pass {
    const upi_plan *plan;
    upi_levels levels;
    upi_combiner combiner;
    upi_units units;
    upi_worker **worker;
    int64_t n_workers;
    /* the workers' counts together, after the scan */
    int64_t n_read;
    int64_t *missing, *infinite; /* [counted][UPI_ARM_CODES] */
    upi_odd odd[2];
} upi_pass;

/* Reads all rows once. UP_OK with pass->levels.over when the pass was given up because a key
 * has too many levels, and with pass->combiner.over when there are too many groups. */
up_status upi_pass_make(const upi_plan *p, upi_pass *out, up_error *err);
up_status upi_pass_run(upi_pass *pass, const up_run *run, up_error *err);
void upi_pass_free(upi_pass *pass);

/* Refuses what the rows do not allow: nothing to read, infinite or missing values, weights and
 * propensities out of range, repeated units. */
up_status upi_verdict_rows(const upi_pass *pass, up_error *err);
/* The same for what is known of the groups: arms, keys out of range, clusters in two arms. */
up_status upi_verdict_finite(const up_moments *m, up_error *err);
up_status upi_verdict_groups(const up_moments *m, const up_run *run, up_error *err);

/* The moments of a pass: levels sorted, groups in canonical order. rows is the experiment with
 * its source. */
up_status upi_finish(const upi_pass *pass, up_experiment *rows, upi_table *table,
    up_moments **out, up_error *err);
/* Fills the group arrays of m from a finished table whose codes are those of m's keys; the
 * table is empty afterwards. */
up_status upi_finish_groups(up_moments *m, upi_table *table, up_error *err);
/* The table of m's groups, for merging; the same without records, for finding groups. */
up_status upi_moments_table(const up_moments *m, upi_table **out, up_error *err);
up_status upi_moments_index(const up_moments *m, upi_table **out, up_error *err);
upi_shape upi_moments_shape(const up_moments *m);
/* A level as a value; not for the level of missing values. Text is borrowed from the key. */
upi_cell upi_key_cell(const upi_key *k, int64_t level);
/* Makes room for n levels; appends one, with the label made from the value. */
up_status upi_key_room(upi_key *k, int64_t n, up_error *err);
up_status upi_key_add(upi_key *k, const upi_cell *cell, up_error *err);
up_status upi_key_add_missing(upi_key *k, up_error *err);
/* Notes of rows left out and of missing values that were kept. */
up_status upi_finish_notes(up_moments *m, up_error *err);
/* The name and the reason of the layout, and a note of it. */
up_status upi_finish_layout(up_moments *m, up_error *err);
/* Places of the n groups in canonical order; order (n). */
up_status upi_canonical_order(const upi_table *t, int32_t *order, up_error *err);

#endif
