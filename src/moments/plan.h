/* Which columns one pass reads, and what each of them is for. */
#ifndef UPI_PLAN_H
#define UPI_PLAN_H

#include "moments/table.h"

typedef enum upi_use {
    UPI_USE_KEY,     /* index = key */
    UPI_USE_VALUE,   /* index = place in v */
    UPI_USE_SCALE,   /* index 0 = weight, 1 = propensity, where they are no keys */
    UPI_USE_CLUSTER, /* index = way */
    UPI_USE_UNIT
} upi_use;

typedef struct upi_plan_column {
    const upi_expr *expr;
    const char *name;
    upi_type type;
    upi_use use;
    int64_t index;
    int64_t counted; /* place among the columns whose missing values are counted; -1 */
    int64_t missing_key; /* the key that says that this number is missing; -1 */
    bool own_level;      /* missing values are a level of the key */
} upi_plan_column;

typedef struct upi_plan_key {
    upi_key_role role;
    int64_t index;
    const char *name;
    upi_type type;
    int64_t limit; /* levels above which the key cannot stay one */
} upi_plan_key;

/* What the pass before found out; starts with nothing continuous. */
typedef struct upi_choice {
    bool *continuous; /* (n_covariates) the number is an x, not a key */
    bool scaled[2];   /* weight, propensity: a factor of each row, not a key */
    bool unlimited;   /* clusters: any number of groups */
} upi_choice;

typedef struct upi_plan {
    const up_experiment *e;
    upi_shape shape;
    upi_plan_column *columns;
    int64_t n_columns;
    upi_plan_key *keys;
    int64_t n_keys, capacity;
    int64_t arm, treated, instrument, propensity, weight, time; /* keys, -1 = none */
    int64_t nx, ny;
    int64_t *x_covariate;
    bool row_weighted, unit;
    const char **counted;
    int64_t n_counted;
    int64_t max_groups; /* INT64_MAX = as many as memory holds */
} upi_plan;

enum { UPI_MAX_ARMS = 1000, UPI_MAX_FACTOR = 1000, UPI_MAX_PROPENSITIES = 1000 };

up_status upi_plan_make(const up_experiment *e, const up_moments_opts *opts,
    const upi_choice *choice, upi_plan *out, up_error *err);
void upi_plan_free(upi_plan *p);

/* The scan of the plan; columns and as have room for n_columns. */
upi_scan upi_plan_scan(const upi_plan *p, const upi_expr **columns, int *as);

#endif
