/* A log seen through a policy: the scores of its rows. */
#ifndef UPI_VALUE_H
#define UPI_VALUE_H

#include "decide/policy.h"
#include "decide/scores.h"
#include "fit/model.h"

#include <upshot/value.h>

enum { UPI_VALUE_SCORES = 8 };

/* Where an input of the policy comes from: a key (with the policy's level of each of its
 * levels), or a continuous covariate. */
typedef struct upi_log_input {
    int64_t key, x;
    double *value; /* (levels of the key) as in a context */
} upi_log_input;

typedef struct upi_log {
    const up_policy *policy;
    const up_model *m;
    int64_t component, equation;
    int64_t key, control; /* what was randomised; level of its control */
    int64_t n_levels;
    int64_t *play;        /* (levels) arm of the policy, -1 = none */
    upi_log_input *input; /* (inputs) */
    double *share;        /* (levels) propensity without the role */
    double *constant;     /* (groups, levels) model at the centre of x, by group */
    double *slope;        /* (levels, nx) */
    int64_t *cell;        /* (groups) context, as far as keys tell */
    uint8_t *played;      /* (cells, levels) 1 = the log has rows */
    bool weight_in_rows;  /* the row weight holds analytic weights, not propensities */

    upi_score_sum sum;
    double *total; /* (groups, scores) sums of scores; only with clusters */
    double max_weight, uncovered;
} upi_log;

up_status upi_log_read(const up_policy *policy, const up_model *m, const char *metric,
    const up_run *run, upi_log *out, up_error *err);
void upi_log_clear(upi_log *g);

/* One row, or the mean of rows alike: scores at outcome y, and their slopes in y. */
typedef struct upi_log_row {
    double score[UPI_VALUE_SCORES], slope[UPI_VALUE_SCORES];
    double weight, uncovered;
} upi_log_row;
/* x (nx) may be NULL without continuous covariates; row_weight 1 where weights are keys. */
up_status upi_log_score(const upi_log *g, int64_t group, const double *x, double y,
    double row_weight, upi_log_row *out, up_error *err);
/* The scores of all rows, read again. */
up_status upi_log_visit(upi_log *g, const up_run *run, up_error *err);

#endif
