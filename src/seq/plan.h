/* What up_boundaries_find() works on: the looks of a plan, walked at a drift. */
#ifndef UPI_SEQ_PLAN_H
#define UPI_SEQ_PLAN_H

#include "seq/boundary.h"

#include <upshot/sequential.h>

#include <stdbool.h>

struct up_boundaries {
    up_boundary_plan plan;
    double parameter, beta, beta_parameter; /* resolved; beta = 1 - power asked for */
    int64_t beta_spending;
    double *information; /* (n_looks) fractions */
    up_look *look;       /* (n_looks) */
};

/* The bounds that need no drift: all but those of futility, and of efficacy where futility binds. */
up_status upi_plan_efficacy(up_boundaries *b, up_error *err);
/* Walks the looks at a drift: fills the bounds that hang on it and all probabilities. */
up_status upi_plan_walk(up_boundaries *b, double drift, up_error *err);
/* The drift at which the plan has the power asked for, or at which, with futility, its last two
 * bounds meet. */
up_status upi_plan_drift(up_boundaries *b, double *drift, up_error *err);

#endif
