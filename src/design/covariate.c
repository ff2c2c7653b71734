/* Covariates and segments: functions of columns from before treatment. A covariate enters the
 * model, as one column per level (a factor) or as its number; a segment is a condition that
 * later questions may ask for, kept with the compressed rows but not a term of the model. */
#include "design/build.h"
#include "design/syntax.h"

#include <string.h>

typedef enum form { FORM_DEFAULT, FORM_FACTOR, FORM_NUMERIC } form;

static up_status
decide_form(const up_experiment *e, const char *field, form wanted, upi_covariate *c,
    up_error *err)
{
    upi_type t = c->v.type;
    bool number = t == UPI_F64 || t == UPI_I64;
    bool word = t == UPI_STR || t == UPI_BOOL;
    if (e->source == NULL) {
        return upi_fail(err, UP_E_NEEDS_ROWS, field,
            "the experiment has no source, so nothing can be added to it");
    }
    c->factor = wanted == FORM_FACTOR || (wanted == FORM_DEFAULT && word);
    if (c->factor || number || (wanted == FORM_NUMERIC && t == UPI_BOOL)) {
        return UP_OK;
    }
    (void)upi_fail(err, UP_E_TYPE, field,
        "'%s' is of type %s and cannot enter as a number", c->v.name, upi_type_name(t));
    const char *also =
        t == UPI_STR ? "" : " for its levels, or a number of it, e.g. month";
    (void)upi_fix(err, "write factor(%s)%s", c->v.name, also);
    upi_explain_text(e, &c->v, err);
    return UP_E_TYPE;
}

static up_status
make_covariate(const up_experiment *e, const char *field, const char *text, bool strata,
    upi_covariate *out, up_error *err)
{
    up_status status = UP_OK;
    upi_covariate made = {.strata = strata};
    form wanted = strata ? FORM_FACTOR : FORM_DEFAULT;
    char *inner = NULL;
    upi_span span = upi_span_of(text);
    upi_span inside;
    if (upi_span_call(span, "factor", &inside)) {
        wanted = FORM_FACTOR;
        span = inside;
    } else if (!strata && upi_span_call(span, "numeric", &inside)) {
        wanted = FORM_NUMERIC;
        span = inside;
    }
    UP_TRY(upi_span_copy(span, &inner, err));
    UP_TRY(upi_variable_make(e, field, inner, &made.v, err));
    UP_TRY(decide_form(e, field, wanted, &made, err));
    UP_TRY(upi_experiment_allow(e, made.v.expr, field, err));
    *out = made;
    made = (upi_covariate){0};
out:
    upi_variable_free(&made.v);
    upi_free(inner);
    return status;
}

/* A constant covariate repeats the intercept; it is a slip of the pen, not a wish. */
static up_status
require_column(const upi_variable *v, const char *field, up_error *err)
{
    up_status status = UP_OK;
    upi_names names = {0};
    UP_TRY(upi_names_collect(&names, v->expr, err));
    if (names.n == 0) {
        status = upi_fail(
            err, UP_E_ARGUMENT, field, "'%s' does not use any column", v->name);
    }
out:
    upi_names_free(&names);
    return status;
}

up_status
upi_experiment_put_covariate(
    up_experiment *e, const char *field, const char *text, bool strata, up_error *err)
{
    up_status status = UP_OK;
    upi_covariate made = {0};
    UP_TRY(make_covariate(e, field, text, strata, &made, err));
    UP_TRY(require_column(&made.v, field, err));
    for (int64_t i = 0; i < e->n_covariates; i++) {
        const upi_covariate *c = &e->covariates[i];
        if (strcmp(c->v.name, made.v.name) != 0) {
            continue;
        }
        /* The strata are in the model already; asking for them again asks for nothing. */
        if (!c->strata || !made.factor) {
            status = upi_fail(
                err, UP_E_ARGUMENT, field, "'%s' is a covariate already", made.v.name);
        }
        goto out;
    }
    int64_t capacity = e->n_covariates;
    UP_TRY(UP_RESERVE(&e->covariates, &capacity, e->n_covariates + 1, err));
    e->covariates[e->n_covariates++] = made;
    made = (upi_covariate){0};
out:
    upi_variable_free(&made.v);
    return status;
}

up_status
up_experiment_add_covariate(up_experiment *e, const char *covariate, up_error *err)
{
    UP_GUARD(err);
    if (e == NULL || covariate == NULL) {
        return upi_fail(
            err, UP_E_ARGUMENT, "covariate", "the experiment or the covariate is NULL");
    }
    return upi_experiment_put_covariate(e, "covariate", covariate, false, err);
}

up_status
up_experiment_add_segment(up_experiment *e, const char *condition, up_error *err)
{
    UP_GUARD(err);
    up_status status = UP_OK;
    upi_variable made = {0};
    if (e == NULL || condition == NULL) {
        return upi_fail(
            err, UP_E_ARGUMENT, "segment", "the experiment or the condition is NULL");
    }
    if (e->source == NULL) {
        return upi_fail(err, UP_E_NEEDS_ROWS, "segment",
            "the experiment has no source, so nothing can be added to it");
    }
    UP_TRY(upi_variable_make(e, "segment", condition, &made, err));
    if (made.type != UPI_BOOL) {
        status = upi_fail(err, UP_E_TYPE, "segment",
            "'%s' is of type %s; a segment must be a condition", made.name,
            upi_type_name(made.type));
        (void)upi_fix(err, "write a comparison, e.g. age > 40");
        goto out;
    }
    UP_TRY(require_column(&made, "segment", err));
    UP_TRY(upi_experiment_allow(e, made.expr, "segment", err));
    for (int64_t i = 0; i < e->n_segments; i++) {
        if (strcmp(e->segments[i].name, made.name) == 0) {
            goto out; /* kept already */
        }
    }
    int64_t capacity = e->n_segments;
    UP_TRY(UP_RESERVE(&e->segments, &capacity, e->n_segments + 1, err));
    e->segments[e->n_segments++] = made;
    made = (upi_variable){0};
out:
    upi_variable_free(&made);
    return status;
}
