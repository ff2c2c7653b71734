/* A plan with its defaults filled in: from options to standard errors and the chance to reject. */
#ifndef UPI_PLAN_POWER_H
#define UPI_PLAN_POWER_H

#include "plan/chance.h"

typedef struct upi_power_plan {
    up_power_opts o; /* resolved; shares stands in share */
    double share[UP_POWER_ARMS];
    double baseline;
    double dilution; /* effect of assignment over that of treatment */
    double
        design_effect; /* 1 without clusters; NaN where the standard error is known */
    double variance;   /* of a unit analysed, r2 and clusters included; of a share: the
                             factor of p(1 - p) */
    double size;       /* units analysed of a cluster; 0 = none */
    bool two_sided;
    double tests; /* comparisons that alpha is divided by */
} upi_power_plan;

/* Checks and fills in. UP_E_ARGUMENT, UP_E_OPTIONS_TOO_NEW. */
up_status upi_power_plan_read(
    const up_power_opts *opts, upi_power_plan *out, up_error *err);

/* What the tests look like with n (arms) units assigned, an effect of treatment and a margin. */
typedef struct upi_outlook {
    double se[UP_POWER_ARMS]; /* of comparison k = arm k against control, from 1 */
    double df, critical;      /* the least precise comparison's */
    double worst_se, drift;   /* of that comparison */
    double power;
} upi_outlook;
upi_outlook upi_power_plan_outlook(
    const upi_power_plan *p, const double *n, double effect, double margin);
/* False when the effect would make a share leave (0, 1). */
bool upi_power_plan_possible(const upi_power_plan *p, double effect);

#endif
