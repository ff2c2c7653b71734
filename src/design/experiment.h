/* The experiment as the other rooms see it: every role, covariate and metric resolved to a
 * bound expression. Also what a capsule stores of it (without the source). */
#ifndef UPI_EXPERIMENT_H
#define UPI_EXPERIMENT_H

#include "engine/engine.h"

#include <upshot/experiment.h>

typedef struct upi_variable {
    char *name;     /* what the user calls it; canonical text for expressions */
    upi_expr *expr; /* bound; NULL = the role is not used */
    upi_type type;
} upi_variable;

enum {
    UPI_ROLE_ARM,
    UPI_ROLE_TREATED,
    UPI_ROLE_INSTRUMENT,
    UPI_ROLE_PROPENSITY,
    UPI_ROLE_WEIGHT,
    UPI_ROLE_TIME,
    UPI_ROLE_CLUSTER,
    UPI_ROLE_CLUSTER2,
    UPI_ROLE_UNIT,
    UPI_ROLE_COUNT
};
const char *upi_role_name(int role); /* "intent_to_treat", ... */

/* Types that a role may have: arm, treated, instrument: text, integer, boolean, or a number
 * (its distinct values are the arms; meant for 0.0 and 1.0); cluster, cluster2, unit: text or
 * integer; time: number, integer, text, date, timestamp (arithmetic gives numbers, so floor(day / 7)
 * is one); propensity, weight: number or integer. */

typedef struct upi_covariate {
    upi_variable v;
    bool factor; /* categorical: one column per level; else linear */
    bool strata; /* it came from the strata role */
} upi_covariate;

typedef enum upi_metric_kind {
    UPI_METRIC_MEAN,
    UPI_METRIC_PROPORTION,
    UPI_METRIC_RATIO
} upi_metric_kind;

/* A metric is a component, or a component over another (sum over sum). */
typedef struct upi_metric {
    char *name;
    upi_metric_kind kind;
    int64_t component;   /* index into components */
    int64_t denominator; /* index into components, -1 = none */
} upi_metric;

struct up_experiment {
    up_source *source; /* borrowed; NULL when read from a capsule */
    upi_variable roles[UPI_ROLE_COUNT];
    upi_covariate *covariates;
    int64_t n_covariates;
    upi_variable *segments; /* boolean */
    int64_t n_segments;
    upi_variable *
        components; /* what metrics are made of, each once: number, integer or boolean (0/1) */
    int64_t n_components;
    upi_metric *metrics;
    int64_t n_metrics;
    char **post; /* columns measured after treatment */
    int64_t n_post;
    upi_variable filter;
    char *control;       /* label as the user gave it, or NULL */
    char **split_labels; /* expected split, or NULL */
    double *split_shares;
    int64_t n_split;
    int64_t missing; /* enum up_missing */
    bool assigned_by_cluster;
};

/* Deep copy without the source (used by moments, which outlive the rows). */
up_status upi_experiment_copy(
    const up_experiment *e, up_experiment **out, up_error *err);
/* To and from JSON (one object), for capsules and results. Reading needs no source: the
 * expressions are parsed, not bound. */
up_status upi_experiment_to_json(const up_experiment *e, upi_text *out, up_error *err);
up_status upi_experiment_from_json(
    const char *json, up_experiment **out, up_error *err);
int64_t upi_experiment_metric(const up_experiment *e, const char *name); /* -1 = none */
const char *upi_metric_kind_name(
    upi_metric_kind kind); /* "mean", "proportion", "ratio" */

/* The rules for what may stand in a condition on units (covariate, segment, filter, strata,
 * or a condition asked for later): nothing that was measured after treatment, and not the arm
 * itself. e need not have a source. field goes into the error.
 * UP_E_POST_TREATMENT for a marked column, the treated column, or a column that is all of a
 * metric; UP_E_ARGUMENT for a column of the arm or the instrument. */
up_status upi_experiment_allow(const up_experiment *e, const upi_expr *condition,
    const char *field, up_error *err);

/* True when the variable is called so, or is made of a column that is. */
bool upi_variable_uses(const upi_variable *v, const char *column);
/* True when the condition uses a column that no covariate and not the time is made of, whose
 * name is then copied to `column`: the model cannot tell the effect among such units from that
 * of everyone. */
enum { UPI_NAME_CHARS = 64 };
bool upi_experiment_foreign(
    const up_experiment *e, const upi_expr *condition, char column[UPI_NAME_CHARS]);

#endif
