/* The rule of inference: one object from which the critical value, the p-value and the e-value
 * of every effect come, absolute or relative, against 0 or against a margin. Two of the three
 * can therefore not disagree. */
#ifndef UPI_RULE_H
#define UPI_RULE_H

#include "base/base.h"
#include "seq/boundary.h"

#include <upshot/effects.h>

enum { UPI_RULE_BOUNDS = 8 };

typedef struct upi_rule {
    int64_t inference, sides; /* enum up_inference, enum up_sides */
    double alpha;
    double mixture;      /* anytime: precision g */
    double planned;      /* as given; NaN when it was not */
    double first_bound;  /* group: of this look at level alpha, normal scale */
    double *information; /* group: fractions (owned) */
    upi_gs_plan plan;    /* group; its sides are set for each use */
    /* Bounds of the group-sequential plan found so far. */
    struct {
        double alpha, z;
        int64_t sides;
    } bound[UPI_RULE_BOUNDS];
    int64_t n_bounds;
} upi_rule;

/* What the rule has to know of one effect: degrees of freedom of its statistic, units
 * (clusters, else rows) that it rests on, enum up_form of its e-value. */
typedef struct upi_look {
    double df, units;
    int64_t form;
} upi_look;

typedef struct upi_verdict {
    double p, log_e; /* log_e: NaN unless anytime */
} upi_verdict;

/* Resolves the options; UP_E_ARGUMENT when they do not make a rule. */
up_status upi_rule_make(const up_effect_opts *o, upi_rule *out, up_error *err);
void upi_rule_release(upi_rule *r);
/* The multiplier of the standard error at level alpha; infinite while nothing is decided. */
up_status upi_rule_critical(upi_rule *r, const upi_look *at, int64_t sides,
    double alpha, double *crit, up_error *err);
/* The verdict on a statistic: p <= alpha exactly when it lies beyond the critical value. */
up_status upi_rule_test(upi_rule *r, const upi_look *at, int64_t sides,
    double statistic, upi_verdict *out, up_error *err);
/* The p-value of an F statistic of d coefficients; not for group-sequential rules. */
double upi_rule_joint(const upi_rule *r, const upi_look *at, double f, double d);

#endif
