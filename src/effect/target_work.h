/* The work in hand while a target is made, shared by the files that make it. */
#ifndef UPI_TARGET_WORK_H
#define UPI_TARGET_WORK_H

#include "effect/target.h"

/* Weights that leave fewer effective rows than this are refused. */
enum { UPI_LEAST_EFFECTIVE = 10 };

typedef struct upi_target_work {
    up_effects *e;
    const upi_question *q;
    const up_project_opts *o;
    upi_population *p;
    const up_model *m;
    upi_target *t;
    upi_wish wish;
    upi_census census; /* n = 0 without another population */
} upi_target_work;

/* The code of a key in a cell, -1 = the cells do not tell it apart. */
int64_t upi_target_code(const upi_population *p, int64_t cell, int64_t key);
/* A way of the population for n units of the target. */
up_status upi_target_units(upi_target_work *b, int64_t n, up_error *err);
/* Known shares of the levels of the one covariate that is wished for. */
up_status upi_shares_of_levels(upi_target_work *b, up_error *err);
/* Shares of all cells of another population. *fits = false, and no cell weighed, where a cell of
 * it is not reached and the method is not insisted on. */
up_status upi_shares_of_cells(upi_target_work *b, bool *fits, up_error *err);
up_status upi_target_measure(upi_target_work *b, up_error *err);
/* raw: the sums of the cells before they were weighed. */
up_status upi_target_tabulate(upi_target_work *b, const double *raw, up_error *err);
up_status upi_target_notes(upi_target_work *b, up_error *err);

#endif
