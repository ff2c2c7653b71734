/* Which conditions have to be kept with the compressed rows. A condition on categorical
 * covariates and time can be answered from the groups. One on a number that enters the model
 * linearly cannot, once rows are compressed: it is declared before. A condition on a column
 * that is no covariate is not declared, since it is refused when it is asked for; a segment
 * on one is refused before the rows are read, with the same rule. */
#include "catalog/segments.h"

#include "design/experiment.h"

#include <string.h>

/* ---- what a condition is on ---- */

typedef struct look {
    const up_experiment *e;
    char foreign[UPI_NAME_CHARS]; /* a column that the model does not know, or "" */
    bool covariate;               /* the condition itself is a covariate */
    bool kept;                    /* each of its columns is a key of the groups */
} look;

static bool
is_bare(const upi_expr *expr, const char *name)
{
    const char *own = expr != NULL ? upi_expr_bare_column(expr) : NULL;
    return own != NULL && strcmp(own, name) == 0;
}

static up_status
look_at_column(void *ctx, const char *name)
{
    look *l = ctx;
    bool key = is_bare(l->e->roles[UPI_ROLE_TIME].expr, name);
    for (int64_t i = 0; i < l->e->n_covariates; i++) {
        const upi_covariate *c = &l->e->covariates[i];
        key = key || (c->factor && is_bare(c->v.expr, name));
    }
    l->kept = l->kept && key;
    return UP_OK;
}

static up_status
look_at(const up_experiment *e, const char *condition, look *l, up_error *err)
{
    up_status status = UP_OK;
    upi_expr *expr = NULL;
    char *text = NULL;
    *l = (look){.e = e, .kept = true};
    UP_TRY(upi_expr_parse(condition, &expr, err));
    UP_TRY(upi_expr_text(expr, &text, err));
    for (int64_t i = 0; i < e->n_covariates; i++) {
        l->covariate |= strcmp(e->covariates[i].v.name, text) == 0;
    }
    (void)upi_experiment_foreign(e, expr, l->foreign);
    UP_TRY(upi_expr_columns(expr, look_at_column, l));
out:
    upi_free(text);
    upi_expr_free(expr);
    return status;
}

static up_status
add_segment(up_experiment *e, const char *condition, up_error *err)
{
    up_status status = UP_OK;
    look l;
    UP_TRY(look_at(e, condition, &l, err));
    if (l.foreign[0] != '\0') {
        (void)upi_fail(err, UP_E_CONDITION, "segment",
            "the segment '%s' is on '%s', which is no covariate: the model cannot tell "
            "its effect from that of everyone",
            condition, l.foreign);
        status = upi_fix(err, "add '%s' to --covariates", l.foreign);
        goto out;
    }
    UP_TRY(up_experiment_add_segment(e, condition, err));
out:
    return status;
}

static up_status
add_where(up_experiment *e, const char *condition, up_error *err)
{
    up_status status = UP_OK;
    look l;
    UP_TRY(look_at(e, condition, &l, err));
    if (l.foreign[0] == '\0' && !l.kept && !l.covariate) {
        UP_TRY(up_experiment_add_segment(e, condition, err));
    }
out:
    return status;
}

up_status
upi_add_each(const upi_request *q, const char *name, up_experiment *e,
    up_status (*add)(up_experiment *, const char *, up_error *), up_error *err)
{
    up_status status = UP_OK;
    const upi_value *v = upi_request_value(q, name);
    for (int64_t i = 0; i < v->n; i++) {
        UP_TRY(add(e, v->text[i], err));
    }
out:
    return status;
}

up_status
upi_segments_add(const upi_request *q, up_experiment *e, up_error *err)
{
    up_status status = UP_OK;
    UP_TRY(upi_add_each(q, "segment", e, add_segment, err));
    if (upi_request_has(q, "where")) {
        UP_TRY(upi_add_each(q, "where", e, add_where, err));
    }
out:
    return status;
}
