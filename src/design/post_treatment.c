/* What may stand in a condition on units: a covariate, a segment, the filter, strata.
 *
 * Conditioning on anything that treatment can change compares units that are no longer alike,
 * so that the difference is not an effect (Rosenbaum 1984; Angrist & Pischke 2009, sec. 3.2.3,
 * "bad control"). Known to be changed by treatment: columns marked as such, the arm received,
 * and the metrics. Weights, propensities and periods condition in the same way. A metric may
 * contain columns from before treatment (`sales - sales_before`, `if(country = 'US', usd,
 * eur)`), but not only such: so what is refused is conditions that together use every column
 * of a metric. */
#include "design/build.h"

#include <string.h>

static bool
uses(const upi_variable *v, const char *column, upi_names *scratch, up_status *status,
    up_error *err)
{
    scratch->n = 0;
    if (v->expr == NULL || *status != UP_OK) {
        return false;
    }
    *status = upi_names_collect(scratch, v->expr, err);
    return *status == UP_OK && upi_names_has(scratch, column);
}

static up_status
allow_column(const up_experiment *e, const char *column, const char *field,
    upi_names *scratch, up_error *err)
{
    up_status status = UP_OK;
    static const int assigned[] = {UPI_ROLE_ARM, UPI_ROLE_INSTRUMENT};
    for (size_t i = 0; i < sizeof assigned / sizeof assigned[0]; i++) {
        if (uses(&e->roles[assigned[i]], column, scratch, &status, err)) {
            status = upi_fail(err, UP_E_ARGUMENT, field,
                "'%s' says what was assigned (%s): the arms are compared with one "
                "another, not within a value of it",
                column, upi_role_name(assigned[i]));
            (void)upi_fix(err, "leave '%s' out of the condition", column);
            return status;
        }
    }
    if (uses(&e->roles[UPI_ROLE_TREATED], column, scratch, &status, err)) {
        status = upi_fail(err, UP_E_POST_TREATMENT, field,
            "'%s' is the arm a unit received, which follows assignment: units that "
            "differ "
            "in it are not alike",
            column);
        (void)upi_fix(err,
            "leave it out; for the effect on those treated ask for the estimand late");
        return status;
    }
    for (int64_t i = 0; i < e->n_post && status == UP_OK; i++) {
        if (strcmp(e->post[i], column) == 0) {
            status = upi_fail(err, UP_E_POST_TREATMENT, field,
                "'%s' is marked as measured after treatment: conditioning on it would "
                "bias the effect",
                column);
            (void)upi_fix(err,
                "use a column measured before treatment, or add '%s' as a metric",
                column);
        }
    }
    return status;
}

/* The columns of every condition of e. */
static up_status
condition_columns(const up_experiment *e, upi_names *names, up_error *err)
{
    up_status status = UP_OK;
    for (int64_t i = 0; i < e->n_covariates; i++) {
        UP_TRY(upi_names_collect(names, e->covariates[i].v.expr, err));
    }
    for (int64_t i = 0; i < e->n_segments; i++) {
        UP_TRY(upi_names_collect(names, e->segments[i].expr, err));
    }
    if (e->filter.expr != NULL) {
        UP_TRY(upi_names_collect(names, e->filter.expr, err));
    }
out:
    return status;
}

/* The columns of roles that select or weigh rows, and so condition on what they are made of. */
static up_status
role_columns(const up_experiment *e, upi_names *names, up_error *err)
{
    static const int roles[] = {UPI_ROLE_WEIGHT, UPI_ROLE_TIME, UPI_ROLE_PROPENSITY};
    up_status status = UP_OK;
    for (size_t i = 0; i < sizeof roles / sizeof roles[0] && status == UP_OK; i++) {
        const upi_expr *expr = e->roles[roles[i]].expr;
        status = expr != NULL ? upi_names_collect(names, expr, err) : UP_OK;
    }
    return status;
}

up_status
upi_check_metric_columns(const up_experiment *e, const upi_variable *component,
    const upi_expr *extra, const char *field, up_error *err)
{
    up_status status = UP_OK;
    upi_names used = {0};
    upi_names mine = {0};
    UP_TRY(condition_columns(e, &used, err));
    UP_TRY(role_columns(e, &used, err));
    if (extra != NULL) {
        UP_TRY(upi_names_collect(&used, extra, err));
    }
    UP_TRY(upi_names_collect(&mine, component->expr, err));
    bool all = mine.n > 0;
    for (int64_t i = 0; i < mine.n; i++) {
        all = all && upi_names_has(&used, mine.items[i].s);
    }
    if (all) {
        status = upi_fail(err, UP_E_POST_TREATMENT, field,
            "'%s' is a metric, or all that one is made of, and so is measured after "
            "treatment: it cannot be a covariate, a condition, a weight, "
            "a propensity or the time too",
            component->name);
        (void)upi_fix(err, "use a column measured before treatment there");
    }
out:
    upi_names_free(&used);
    upi_names_free(&mine);
    return status;
}

up_status
upi_experiment_allow(
    const up_experiment *e, const upi_expr *condition, const char *field, up_error *err)
{
    up_status status = UP_OK;
    upi_names columns = {0};
    upi_names scratch = {0};
    UP_TRY(upi_names_collect(&columns, condition, err));
    for (int64_t i = 0; i < columns.n; i++) {
        UP_TRY(allow_column(e, columns.items[i].s, field, &scratch, err));
    }
    for (int64_t i = 0; i < e->n_components; i++) {
        UP_TRY(upi_check_metric_columns(e, &e->components[i], condition, field, err));
    }
out:
    upi_names_free(&columns);
    upi_names_free(&scratch);
    return status;
}

static up_status
collect_if(bool wanted, const upi_variable *v, upi_names *names, up_error *err)
{
    return wanted && v->expr != NULL ? upi_names_collect(names, v->expr, err) : UP_OK;
}

/* A column that is already used where only columns from before treatment may stand. */
static up_status
check_not_used(const up_experiment *e, const char *column, up_error *err)
{
    up_status status = UP_OK;
    upi_names names = {0};
    UP_TRY(condition_columns(e, &names, err));
    for (int r = 0; r < UPI_ROLE_COUNT; r++) {
        bool may_be_later =
            r == UPI_ROLE_TREATED || r == UPI_ROLE_TIME || r == UPI_ROLE_UNIT;
        UP_TRY(collect_if(!may_be_later, &e->roles[r], &names, err));
    }
    if (upi_names_has(&names, column)) {
        status = upi_fail(err, UP_E_POST_TREATMENT, column,
            "'%s' is marked as measured after treatment, but it is used as a "
            "covariate, "
            "in a condition, or in a role fixed before treatment",
            column);
        (void)upi_fix(err, "leave it out there, or do not mark it");
    }
out:
    upi_names_free(&names);
    return status;
}

up_status
up_experiment_mark_post(up_experiment *e, const char *column, up_error *err)
{
    UP_GUARD(err);
    up_status status = UP_OK;
    char *copy = NULL;
    up_error own =
        UP_ERROR_INIT; /* a fix can only be added to an error that is there */
    err = err == NULL ? &own : err;
    if (e == NULL || column == NULL) {
        return upi_fail(
            err, UP_E_ARGUMENT, "post", "the experiment or the column is NULL");
    }
    for (int64_t i = 0; i < e->n_post; i++) {
        if (strcmp(e->post[i], column) == 0) {
            return UP_OK;
        }
    }
    if (e->source != NULL) {
        int64_t index = -1;
        UP_TRY(upi_source_require(e->source, column, &index, err));
    }
    UP_TRY(check_not_used(e, column, err));
    UP_TRY(upi_strdup_to(&copy, column, err));
    int64_t capacity = e->n_post;
    UP_TRY(UP_RESERVE(&e->post, &capacity, e->n_post + 1, err));
    e->post[e->n_post++] = copy;
    copy = NULL;
out:
    upi_free(copy);
    return status;
}
