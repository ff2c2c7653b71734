/* What the files of this room share while an experiment is put together. */
#ifndef UPI_DESIGN_BUILD_H
#define UPI_DESIGN_BUILD_H

#include "design/experiment.h"

/* Distinct column names of expressions; borrowed from the expressions. */
typedef struct upi_name {
    const char *s;
} upi_name;
typedef struct upi_names {
    upi_name *items;
    int64_t n, capacity;
} upi_names;
up_status upi_names_collect(upi_names *names, const upi_expr *e, up_error *err);
bool upi_names_has(const upi_names *names, const char *s);
void upi_names_free(upi_names *names);

/* Parses text, binds it to the source's schema (not when e has no source) and names it by its
 * canonical text. field is what an error speaks of, e.g. the role. */
up_status upi_variable_make(const up_experiment *e, const char *field, const char *text,
    upi_variable *out, up_error *err);
up_status upi_variable_copy(const upi_variable *v, upi_variable *out, up_error *err);
void upi_variable_free(upi_variable *v);
/* Both are used and are the same column or the same expression. */
bool upi_variable_same(const upi_variable *a, const upi_variable *b);

/* Every role of the options, with types and conflicts checked; strata, filter and split too. */
up_status upi_experiment_set_roles(
    up_experiment *e, const up_roles *roles, up_error *err);
/* "control=0.5,a=0.25" into labels and shares. */
up_status upi_experiment_set_split(up_experiment *e, const char *text, up_error *err);
/* Refuses shares that are not a distribution over at least two arms. */
up_status upi_split_check(
    char *const *labels, const double *shares, int64_t n, up_error *err);
/* Appends a covariate; strata says where it comes from. */
up_status upi_experiment_put_covariate(
    up_experiment *e, const char *field, const char *text, bool strata, up_error *err);

/* Refuses a component all of whose columns are conditioned on (by covariates, segments, the
 * filter, and extra when it is not NULL): a metric must have a column that was measured after
 * treatment. */
up_status upi_check_metric_columns(const up_experiment *e,
    const upi_variable *component, const upi_expr *extra, const char *field,
    up_error *err);

/* Adds to the refusal of a column of text as a number why it is text: the first value that is
 * no number, or that there is none at all. The only place of this room that reads rows. */
void upi_explain_text(const up_experiment *e, const upi_variable *v, up_error *err);

/* UP_E_TYPE, naming the role, when the variable cannot have it. */
up_status upi_role_check_type(int role, const upi_variable *v, up_error *err);
/* Refuses the same column in two roles that contradict each other. */
up_status upi_roles_check(const up_experiment *e, up_error *err);

#endif
