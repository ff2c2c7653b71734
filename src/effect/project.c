/* Projection, from outside: the options, and what is told of the target and of the rule. */
#include "base/opts.h"
#include "effect/target.h"

#include <math.h>

bool
upi_project_has_target(const up_project_opts *o)
{
    return o->n_to > 0 || o->n_means > 0 || o->population != NULL;
}

static up_status
refuse(const char *field, const char *what, const char *fix, up_error *err)
{
    (void)upi_fail(err, UP_E_ARGUMENT, field, "%s", what);
    return upi_fix(err, "%s", fix);
}

static up_status
check_options(const up_project_opts *o, up_error *err)
{
    enum { LONGEST = 1000 };
    bool said = o->n_to > 0 || o->n_means > 0;
    if (o->n_to < 0 || (o->n_to > 0 && o->to == NULL) || o->n_means < 0 ||
        (o->n_means > 0 && o->means == NULL)) {
        return upi_fail(err, UP_E_ARGUMENT, o->n_means < 0 ? "means" : "to",
            "the list is missing, or its length is negative");
    }
    if (o->method < UP_TARGET_AUTO || o->method > UP_TARGET_ODDS) {
        return upi_fail(err, UP_E_ARGUMENT, "method", "method is %lld, outside 0 to %d",
            (long long)o->method, UP_TARGET_ODDS);
    }
    if (o->rule < UP_FORWARD_CONSTANT || o->rule > UP_FORWARD_LEVEL) {
        return upi_fail(err, UP_E_ARGUMENT, "rule", "rule is %lld, outside 0 to %d",
            (long long)o->rule, UP_FORWARD_LEVEL);
    }
    if (o->size < 0 || o->forward < 0 || o->forward > LONGEST) {
        return upi_fail(err, UP_E_ARGUMENT, o->size < 0 ? "size" : "forward",
            "%lld is outside 0 to %d", (long long)(o->size < 0 ? o->size : o->forward),
            LONGEST);
    }
    if (said && o->population != NULL) {
        return refuse("to", "the target is given twice: in words and as a population",
            "leave one of them out", err);
    }
    if (o->size > 0 && !said) {
        return refuse("size", "size is of shares and means, and there are none",
            "another population is counted by its rows", err);
    }
    if (!upi_project_has_target(o) && (o->forward == 0 || o->method != 0)) {
        return refuse("to", "there is no target to project to",
            "give shares such as device=mobile:0.7,desktop:0.3, means such as "
            "spend_before=55, another population, or periods to go forward",
            err);
    }
    return UP_OK;
}

up_status
up_project(const up_model *model, const up_effect_opts *effect,
    const up_project_opts *opts, up_effects **out, up_error *err)
{
    UP_GUARD(err);
    up_status status = UP_OK;
    up_project_opts o;
    UP_TRY(upi_opts_copy(&o, sizeof o, opts, err));
    UP_TRY(check_options(&o, err));
    UP_TRY(upi_effects_make(model, effect, &o, out, err));
out:
    return status;
}

up_status
up_target_build(const up_model *model, up_source *population, const up_run *run,
    up_moments **out, up_error *err)
{
    UP_GUARD(err);
    if (model == NULL || population == NULL || out == NULL) {
        return upi_fail(err, UP_E_ARGUMENT,
            model == NULL        ? "model"
            : population == NULL ? "population"
                                 : "out",
            "an argument that is required is NULL");
    }
    return upi_moments_census(model->moments->experiment, population, run, out, err);
}

up_target_info
up_effects_target(const up_effects *e)
{
    const upi_target *t = e->target;
    if (t == NULL) {
        return (up_target_info){
            .effective_rows = (double)NAN, .largest_weight = (double)NAN};
    }
    return (up_target_info){.method = t->method,
        .rows = e->model->moments->n_rows,
        .rows_used = t->rows_used,
        .size = t->size,
        .effective_rows = t->effective,
        .largest_weight = t->largest,
        .sampled = t->sampled};
}

int64_t
up_effects_target_rows(const up_effects *e)
{
    return e->target != NULL ? e->target->n_table : 0;
}

up_target_row
up_effects_target_row(const up_effects *e, int64_t i)
{
    if (e->target == NULL || i < 0 || i >= e->target->n_table) {
        return (up_target_row){"", "", (double)NAN, (double)NAN, (double)NAN};
    }
    return e->target->table[i];
}

int64_t
up_effects_forward_fits(const up_effects *e)
{
    return e->forward != NULL ? e->forward->n_fits : 0;
}

up_forward_fit
up_effects_forward_fit(const up_effects *e, int64_t i)
{
    if (e->forward == NULL || i < 0 || i >= e->forward->n_fits) {
        up_forward_fit none;
        upi_forward_nothing(&none);
        return none;
    }
    return e->forward->fit[i];
}
