/* From estimates to inference. The standard error comes from the coefficients' covariance and
 * from the averages; interval, p-value, e-value, relative effect and margin come from the one
 * rule of the effects (rule.h), so that no two of them can decide differently. */
#include "effect/effect.h"
#include "num/dist.h"

#include <math.h>

/* ---- conclusions ---- */

static up_status
test(up_effects *e, const upi_look *at, double statistic, upi_verdict *out,
    up_error *err)
{
    return upi_rule_test(&e->rule, at, e->opts.sides, statistic, out, err);
}

upi_range
upi_row_range(const up_effects *e, const upi_row *row, double crit, int64_t sides)
{
    const up_effect *v = &row->value;
    double infinity = (double)INFINITY;
    upi_range r = {UPI_SHAPE_INTERVAL, -infinity, infinity};
    if (e->opts.interval == UP_INTERVAL_AR) {
        upi_relative_in in = row->ratio;
        upi_relative_out set;
        in.crit = crit;
        in.sides = sides;
        upi_relative(UP_RELATIVE_FIELLER, &in, &set);
        return (upi_range){set.shape, set.low, set.high};
    }
    double half = v->std_error > 0 ? crit * v->std_error : v->std_error;
    if (sides != UP_LESS) {
        r.low = v->estimate - half;
    }
    if (sides != UP_GREATER) {
        r.high = v->estimate + half;
    }
    bool no_low = isinf(r.low);
    bool no_high = isinf(r.high);
    r.shape = no_low && no_high ? UPI_SHAPE_LINE
              : no_low          ? UPI_SHAPE_BELOW
              : no_high         ? UPI_SHAPE_ABOVE
                                : UPI_SHAPE_INTERVAL;
    return r;
}

/* Delta and log-ratio intervals are asymptotic whatever the effect is. */
upi_look
upi_relative_look(const up_effects *e, const upi_row *row)
{
    upi_look at = row->at;
    at.form = e->opts.relative == UP_RELATIVE_FIELLER ? at.form : UP_FORM_NORMAL;
    return at;
}

static up_status
conclude_relative(up_effects *e, upi_row *row, up_error *err)
{
    up_status status = UP_OK;
    up_effect *v = &row->value;
    upi_relative_in in = row->numbers;
    upi_relative_out r;
    upi_verdict verdict;
    upi_look at = upi_relative_look(e, row);
    in.sides = e->opts.sides;
    UP_TRY(upi_rule_critical(&e->rule, &at, in.sides, e->rule.alpha, &in.crit, err));
    upi_relative(e->opts.relative, &in, &r);
    int own = upi_relative_decides(e->opts.relative, &in);
    for (int64_t kind = UP_RELATIVE_FIELLER; kind <= UP_RELATIVE_LOG; kind++) {
        int other = upi_relative_decides(kind, &in);
        row->choice = row->choice || (own >= 0 && other >= 0 && own != other);
    }
    UP_TRY(test(e, &at, r.statistic, &verdict, err));
    row->unbounded = !r.bounded;
    v->relative = r.value;
    v->relative_low = r.low;
    v->relative_high = r.high;
    v->relative_p_value = verdict.p;
    v->relative_shape = r.shape;
out:
    return status;
}

static up_status
conclude_margin(up_effects *e, upi_row *row, up_error *err)
{
    up_status status = UP_OK;
    up_effect *v = &row->value;
    upi_range range;
    UP_TRY(upi_margin_test(e, row, &v->margin_p_value, err));
    UP_TRY(upi_margin_range(e, row, e->rule.alpha, &range, err));
    v->margin_low = range.low;
    v->margin_high = range.high;
out:
    return status;
}

static void
put_nothing(up_effect *v)
{
    double nan = (double)NAN;
    v->relative = v->relative_low = v->relative_high = v->relative_p_value = nan;
    v->margin_p_value = v->margin_low = v->margin_high = nan;
    v->adjusted_p_value = v->adjusted_low = v->adjusted_high = nan;
    v->adjusted_relative_low = v->adjusted_relative_high = nan;
    v->family = "";
}

/* Tail areas over samples mean nothing for a posterior, and what is decided by them neither. */
static void
withhold_tests(up_effect *v)
{
    v->p_value = v->relative_p_value = (double)NAN;
    v->decision = UP_DECISION_NONE;
}

up_status
upi_row_conclude(up_effects *e, upi_row *row, up_error *err)
{
    up_status status = UP_OK;
    up_effect *v = &row->value;
    upi_verdict verdict;
    put_nothing(v);
    v->form = row->at.form;
    v->df = row->at.df;
    v->statistic = v->std_error > 0 ? v->estimate / v->std_error : (double)NAN;
    if (row->n_itt > 0) {
        v->statistic = row->ratio.theta / sqrt(row->ratio.v);
    }
    UP_TRY(test(e, &row->at, v->statistic, &verdict, err));
    UP_TRY(upi_rule_critical(
        &e->rule, &row->at, e->opts.sides, e->rule.alpha, &v->critical, err));
    upi_range range = upi_row_range(e, row, v->critical, e->opts.sides);
    v->p_value = verdict.p;
    v->log_e_value = verdict.log_e;
    v->e_value = exp(verdict.log_e);
    v->ci_low = range.low;
    v->ci_high = range.high;
    v->ci_shape = range.shape;
    bool relative =
        e->opts.scale == UP_SCALE_BOTH && e->opts.interval == UP_INTERVAL_WALD;
    if (row->n_baseline > 0 && relative) {
        UP_TRY(conclude_relative(e, row, err));
    }
    double p = v->p_value;
    if (v->has_margin) {
        UP_TRY(conclude_margin(e, row, err));
        p = v->margin_p_value;
    }
    v->decision = !(p <= e->rule.alpha) ? UP_DECISION_NONE
                  : v->has_margin       ? upi_margin_decision(v)
                  : v->estimate > 0     ? UP_DECISION_INCREASE
                                        : UP_DECISION_DECREASE;
    if (e->model->posterior != NULL) {
        withhold_tests(v);
    }
out:
    return status;
}

/* ---- numbers ---- */

typedef struct work {
    up_effects *e;
    upi_gradient effect, baseline;
    upi_averaging averaging;
    bool averages; /* their variance is included */
} work;

/* The e-value of the t statistic is that of one least-squares equation with independent rows;
 * everything else has its normal limit. */
static int64_t
form_of(const up_effects *e, const upi_row *row)
{
    const up_model *m = e->model;
    bool one_stage = !m->design.iv || e->shift > 0 || row->n_itt > 0;
    bool t =
        one_stage && row->linear && !m->design.block && m->opts.vcov <= UP_VCOV_HC3;
    return t ? UP_FORM_T : UP_FORM_NORMAL;
}

/* The value of a sum of points of first stages too. */
static double
value_of(const up_effects *e, const upi_gradient *g)
{
    double value = 0;
    for (int64_t i = 0; i < g->n; i++) {
        for (int64_t k = 0; k < g->n_nonzero[i]; k++) {
            int64_t j = g->nonzero[i][k];
            value += g->l[i][j] * e->model->coef[g->equation[i]][j];
        }
    }
    return value;
}

/* Variances and covariance of a sum of points and another, whose values are given. */
static void
measure(work *w, upi_points effect, upi_points baseline, const double mean[2],
    upi_relative_in *out)
{
    upi_extra extra = {0};
    if (w->averages) {
        upi_extra_of(w->e, effect, baseline, mean, &w->averaging, &extra);
    }
    out->v = upi_gradient_cov(w->e, &w->effect, &w->effect) + extra.v;
    out->vm = upi_gradient_cov(w->e, &w->baseline, &w->baseline) + extra.vm;
    out->c = upi_gradient_cov(w->e, &w->effect, &w->baseline) + extra.c;
    w->e->averaged = w->e->averaged || extra.v > 1e-12 * out->v;
}

/* The reduced form over the first stage. */
static void
measure_ratio(work *w, upi_row *row)
{
    up_effects *e = w->e;
    upi_points itt = {e->points + row->itt, row->n_itt};
    upi_points stage = {e->points + row->stage, row->n_stage};
    upi_gradient_fill(e, itt, &w->effect);
    upi_gradient_fill(e, stage, &w->baseline);
    double mean[2] = {value_of(e, &w->effect), value_of(e, &w->baseline)};
    row->ratio.theta = mean[0];
    row->ratio.mu = mean[1];
    measure(w, itt, stage, mean, &row->ratio);
    row->at.df = upi_gradient_df(e, &w->effect);
    double off = fabs(mean[0] / mean[1] - row->value.estimate);
    e->off_ratio = e->off_ratio || off > 1e-6 * row->value.std_error;
}

static void
measure_row(work *w, upi_row *row)
{
    up_effects *e = w->e;
    up_effect *v = &row->value;
    upi_points effect = upi_row_effect(e, row);
    upi_points baseline = upi_row_baseline(e, row);
    upi_gradient_fill(e, effect, &w->effect);
    upi_gradient_fill(e, baseline, &w->baseline);
    const upi_term *lacking = upi_gradient_extrapolates(e, effect, &w->effect);
    if (lacking != NULL) {
        e->n_extrapolated++;
        e->extrapolated = e->extrapolated != NULL ? e->extrapolated : lacking;
    }
    double mean[2] = {
        upi_gradient_value(e, &w->effect), upi_gradient_value(e, &w->baseline)};
    if (row->linear) {
        v->estimate = mean[0];
        v->baseline = baseline.n > 0 ? mean[1] : (double)NAN;
    }
    row->numbers.theta = v->estimate;
    row->numbers.mu = v->baseline;
    measure(w, effect, baseline, mean, &row->numbers);
    row->at.df = upi_gradient_df(e, &w->effect);
    row->at.units = (double)(v->clusters > 0 ? v->clusters : v->n);
    v->std_error = sqrt(fmax(row->numbers.v, 0));
    v->baseline_std_error =
        baseline.n > 0 ? sqrt(fmax(row->numbers.vm, 0)) : (double)NAN;
    if (row->n_itt > 0) {
        measure_ratio(w, row);
    }
    row->at.form = form_of(e, row);
    if (e->rule.inference == UP_INFERENCE_ANYTIME && row->at.form == UP_FORM_NORMAL) {
        row->at.df = (double)INFINITY;
    }
    row->numbers.v = v->std_error * v->std_error;
}

/* The rows of one segment: the list of its cells is made once. */
static up_status
infer_segment(work *w, int64_t first, up_error *err)
{
    up_status status = UP_OK;
    up_effects *e = w->e;
    for (int64_t i = first; i < e->n_rows; i += e->block) {
        measure_row(w, &e->rows[i]);
        UP_TRY(upi_row_conclude(e, &e->rows[i], err));
    }
out:
    return status;
}

up_status
upi_rows_infer(up_effects *e, up_error *err)
{
    up_status status = UP_OK;
    work w = {.e = e, .averages = e->opts.population == UP_POPULATION_SUPER};
    UP_TRY(upi_gradient_make(e, &w.effect, err));
    UP_TRY(upi_gradient_make(e, &w.baseline, err));
    UP_TRY(upi_averaging_make(e, &w.averaging, err));
    UP_TRY(upi_margins_put(e, err));
    for (int64_t i = 0; i < e->block; i++) {
        UP_TRY(infer_segment(&w, i, err));
    }
out:
    upi_gradient_release(&w.effect);
    upi_gradient_release(&w.baseline);
    upi_averaging_release(&w.averaging);
    return status;
}
