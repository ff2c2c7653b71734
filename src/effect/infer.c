/* From a model and a question to effects, in order: options, the rule of inference, estimand,
 * question, cells and units, sets, averages and points, inference, adjustment, words. */
#include "base/opts.h"
#include "effect/effect.h"
#include "effect/target.h"

#include <math.h>
#include <string.h>

/* ---- options ---- */

static up_status
check_choice(int64_t value, int64_t most, const char *field, up_error *err)
{
    if (value < 0 || value > most) {
        return upi_fail(err, UP_E_ARGUMENT, field, "%s is %lld, outside 0 to %lld",
            field, (long long)value, (long long)most);
    }
    return UP_OK;
}

static up_status
check_list(const void *list, int64_t n, const char *field, up_error *err)
{
    if (n < 0 || (n > 0 && list == NULL)) {
        return upi_fail(err, UP_E_ARGUMENT, field,
            "the list is missing, or its length is negative");
    }
    return UP_OK;
}

static up_status
resolve_options(up_effect_opts *o, up_error *err)
{
    up_status status = UP_OK;
    if (o->level == 0) {
        o->level = 0.95;
    }
    if (!(o->level > 0 && o->level < 1)) {
        (void)upi_fail(err, UP_E_ARGUMENT, "level",
            "level is %g, but a confidence level lies between 0 and 1", o->level);
        (void)upi_fix(err, "level 0.95 is 95 percent");
        return UP_E_ARGUMENT;
    }
    UP_TRY(check_choice(o->estimand, UP_ESTIMAND_ATE, "estimand", err));
    UP_TRY(check_choice(o->scale, UP_SCALE_ABSOLUTE, "scale", err));
    UP_TRY(check_choice(o->relative, UP_RELATIVE_LOG, "relative", err));
    UP_TRY(check_choice(o->population, UP_POPULATION_SAMPLE, "population", err));
    UP_TRY(check_choice(o->inference, UP_INFERENCE_GROUP, "inference", err));
    UP_TRY(check_choice(o->sides, UP_LESS, "sides", err));
    UP_TRY(check_choice(o->interval, UP_INTERVAL_AR, "interval", err));
    UP_TRY(check_choice(o->adjust, UP_ADJUST_MAX_T_STEP_DOWN, "adjust", err));
    UP_TRY(check_list(o->where, o->n_where, "where", err));
    UP_TRY(check_list(o->metrics, o->n_metrics, "metrics", err));
    UP_TRY(check_list(o->information, o->n_information, "information", err));
    UP_TRY(check_list(o->family, o->n_family, "family", err));
    UP_TRY(check_list(o->margins, o->n_margins, "margins", err));
out:
    return status;
}

/* ---- estimand ---- */

static up_status
resolve_estimand(up_effects *e, up_error *err)
{
    const up_model *m = e->model;
    bool iv = m->design.iv;
    e->estimand = e->opts.estimand != UP_ESTIMAND_DEFAULT
                      ? (upi_estimand)e->opts.estimand
                  : iv ? UPI_LATE
                       : UPI_ATE;
    e->key = m->treat_key;
    e->control = m->treat_control;
    if (!iv) {
        e->treated_only = e->estimand == UPI_ATT;
        return UP_OK;
    }
    if (e->estimand == UPI_ITT) {
        e->key = m->inst_key;
        e->control = m->inst_control;
        e->shift = m->moments->ny;
        return UP_OK;
    }
    int64_t arms = m->moments->keys[m->inst_key].n_levels;
    int64_t treatments = m->moments->keys[m->treat_key].n_levels;
    if (e->estimand == UPI_ATT && arms != treatments) {
        (void)upi_fail(err, UP_E_ESTIMAND, "estimand",
            "the effect on the treated is not identified: with %lld arms for %lld "
            "treatments the estimate is a weighted average over the arms",
            (long long)arms, (long long)treatments);
        (void)upi_fix(err, "ask for estimand late, or filter to two of the arms");
        return UP_E_ESTIMAND;
    }
    if (e->estimand == UPI_ATT && m->design.compliance == UPI_COMPLIANCE_TWO_SIDED) {
        (void)upi_fail(err, UP_E_ESTIMAND, "estimand",
            "the effect on the treated is not identified: some units of the control "
            "arm "
            "are treated as well, so that not all treated are compliers");
        (void)upi_fix(err, "ask for estimand late, the effect on compliers");
        return UP_E_ESTIMAND;
    }
    e->comply = e->estimand != UPI_ATE;
    return UP_OK;
}

static int64_t
most_levels(const up_model *m)
{
    int64_t a = m->moments->keys[m->treat_key].n_levels;
    int64_t b = m->moments->keys[m->inst_key].n_levels;
    return a > b ? a : b;
}

/* The effect on everyone needs compliers in every cell of an interacted model. */
static up_status
check_everyone(up_effects *e, const upi_question *q, up_error *err)
{
    up_status status = UP_OK;
    const up_model *m = e->model;
    if (!m->design.iv || e->estimand != UPI_ATE) {
        return UP_OK;
    }
    UP_TRY(upi_compliance_check(e, q->arm, q->n_arms, &e->least_compliance, err));
    double more = (double)NAN;
    UP_TRY(upi_compliance_check(e, &q->against, 1, &more, err));
    e->least_compliance = fmin(e->least_compliance, more);
out:
    return status;
}

/* What speaks of other samples has no meaning for a posterior. */
static up_status
check_posterior(const up_effects *e, up_error *err)
{
    const up_effect_opts *o = &e->opts;
    const char *what = o->inference != UP_INFERENCE_FIXED ? "inference"
                       : o->adjust != UP_ADJUST_NONE      ? "adjust"
                       : o->interval != UP_INTERVAL_WALD  ? "interval"
                       : o->n_margins > 0                 ? "margins"
                                                          : NULL;
    if (e->model->posterior == NULL || what == NULL) {
        return UP_OK;
    }
    (void)upi_fail(err, UP_E_POSTERIOR, what,
        "%s is about what other samples would give; these effects are a posterior, "
        "which "
        "speaks of this sample at any time and needs no correction for looking",
        what);
    return upi_fix(err, "leave %s out, or leave the posterior out", what);
}

static up_status
build(up_effects *e, const up_project_opts *project, up_error *err)
{
    up_status status = UP_OK;
    upi_question q = {0};
    bool cumulative = e->opts.cumulative != 0;
    if (project != NULL && project->forward > 0) {
        e->opts.over_time = 1; /* the observed periods one by one; sums come later */
        e->opts.cumulative = 0;
    }
    UP_TRY(resolve_estimand(e, err));
    e->n_levels = most_levels(e->model);
    UP_TRY(UP_NEW(&e->prediction, e->model->n_equations * (e->n_levels + 1), err));
    UP_TRY(UP_NEW(&e->compliance, e->n_levels, err));
    UP_TRY(upi_question_read(e, &q, err));
    UP_TRY(upi_anderson_rubin_check(e, &q, project != NULL, err));
    UP_TRY(upi_population_build(e->model, q.use, &e->cells, err));
    if (project != NULL && upi_project_has_target(project)) {
        UP_TRY(upi_target_make(e, &q, project, &e->target, err));
    }
    UP_TRY(upi_spread_build(e->cells, err));
    UP_TRY(upi_sets_build(e, &q, err));
    UP_TRY(check_everyone(e, &q, err));
    UP_TRY(upi_rows_build(e, &q, err));
    UP_TRY(upi_rows_infer(e, err));
    if (project != NULL && project->forward > 0) {
        UP_TRY(upi_forward_make(e, project, cumulative, err));
        q.n_periods = project->forward; /* of the rows there are now */
    }
    UP_TRY(upi_effects_adjust(e, &q, err));
    UP_TRY(upi_effects_describe(e, err));
    /* The caller's texts and lists are not kept. */
    e->opts.where = e->opts.metrics = e->opts.family = NULL;
    e->opts.by = e->opts.against = NULL;
    e->opts.information = NULL;
    e->opts.margins = NULL;
out:
    upi_question_free(&q);
    return status;
}

up_status
upi_effects_make(const up_model *model, const up_effect_opts *opts,
    const up_project_opts *project, up_effects **out, up_error *err)
{
    up_status status = UP_OK;
    up_effects *e = NULL;
    if (model == NULL || out == NULL) {
        return upi_fail(err, UP_E_ARGUMENT, model == NULL ? "model" : "out",
            "an argument that is required is NULL");
    }
    UP_TRY(UP_NEW(&e, 1, err));
    e->model = model;
    e->least_compliance = (double)NAN;
    e->adjust_error = (double)NAN;
    UP_TRY(upi_opts_copy(&e->opts, sizeof e->opts, opts, err));
    UP_TRY(resolve_options(&e->opts, err));
    UP_TRY(check_posterior(e, err));
    UP_TRY(upi_rule_make(&e->opts, &e->rule, err));
    if (e->rule.inference == UP_INFERENCE_FIXED && model->posterior == NULL) {
        UP_TRY(upi_peek_check(
            model, e->opts.planned, e->opts.accept_peek != 0, &e->notes, err));
    }
    UP_TRY(build(e, project, err));
    *out = e;
    e = NULL;
out:
    up_effects_free(e);
    return status;
}

up_status
up_infer_effect(
    const up_model *model, const up_effect_opts *opts, up_effects **out, up_error *err)
{
    UP_GUARD(err);
    return upi_effects_make(model, opts, NULL, out, err);
}
