/* Which conditions have to be kept with the compressed rows. A condition on categorical
 * covariates and time can be answered from the groups. One on a number that enters the model
 * linearly cannot, once rows are compressed: it is declared before. A condition on a column
 * that is no covariate is never declared here, because the model would answer it with the
 * effect of everyone. */
#include "catalog/segments.h"

#include "design/experiment.h"

#include <string.h>

typedef struct look {
    const up_experiment *e;
    const char *foreign; /* a column that is neither covariate nor time */
    char foreign_name[64];
    bool continuous; /* a covariate that enters as a number */
} look;

static up_status
look_at_column(void *ctx, const char *name)
{
    look *l = ctx;
    const upi_expr *time = l->e->roles[UPI_ROLE_TIME].expr;
    const char *time_name = time != NULL ? upi_expr_bare_column(time) : NULL;
    if (time_name != NULL && strcmp(time_name, name) == 0) {
        return UP_OK;
    }
    for (int64_t i = 0; i < l->e->n_covariates; i++) {
        const upi_covariate *c = &l->e->covariates[i];
        const char *own = c->v.expr != NULL ? upi_expr_bare_column(c->v.expr) : NULL;
        if (own != NULL && strcmp(own, name) == 0) {
            l->continuous |= !c->factor;
            return UP_OK;
        }
    }
    upi_line_copy(l->foreign_name, sizeof l->foreign_name, name);
    l->foreign = l->foreign_name;
    return UP_OK;
}

static up_status
look_at(const up_experiment *e, const char *condition, look *l, up_error *err)
{
    up_status status = UP_OK;
    upi_expr *expr = NULL;
    *l = (look){.e = e};
    UP_TRY(upi_expr_parse(condition, &expr, err));
    UP_TRY(upi_expr_columns(expr, look_at_column, l));
out:
    upi_expr_free(expr);
    return status;
}

/* A covariate may itself be a condition; then its own text needs no segment. */
static up_status
is_covariate(const up_experiment *e, const char *condition, bool *is, up_error *err)
{
    up_status status = UP_OK;
    upi_expr *expr = NULL;
    char *text = NULL;
    UP_TRY(upi_expr_parse(condition, &expr, err));
    UP_TRY(upi_expr_text(expr, &text, err));
    *is = false;
    for (int64_t i = 0; i < e->n_covariates; i++) {
        *is |= strcmp(e->covariates[i].v.name, text) == 0;
    }
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
    bool covariate = false;
    UP_TRY(is_covariate(e, condition, &covariate, err));
    UP_TRY(look_at(e, condition, &l, err));
    if (l.foreign != NULL && !covariate) {
        (void)upi_fail(err, UP_E_CONDITION, "segment",
            "the segment '%s' uses '%s', which is no covariate: the model could not "
            "tell its effect from that of everyone",
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
    bool covariate = false;
    UP_TRY(is_covariate(e, condition, &covariate, err));
    UP_TRY(look_at(e, condition, &l, err));
    if (l.foreign == NULL && l.continuous && !covariate) {
        UP_TRY(up_experiment_add_segment(e, condition, err));
    }
out:
    return status;
}

static up_status
add_each(const upi_request *q, const char *name, up_experiment *e,
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
    UP_TRY(add_each(q, "segment", e, add_segment, err));
    if (upi_request_has(q, "where")) {
        UP_TRY(add_each(q, "where", e, add_where, err));
    }
out:
    return status;
}
