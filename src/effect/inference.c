/* From estimates to inference: standard errors from the coefficients' covariance and from the
 * averages, t intervals and p-values with the same degrees of freedom, and relative effects
 * with the same critical value. Decisions by interval and by p-value therefore agree. */
#include "effect/effect.h"
#include "effect/relative.h"
#include "num/dist.h"

#include <math.h>

typedef struct work {
    up_effects *e;
    upi_gradient effect, baseline;
    upi_averaging averaging;
    bool averages;   /* their variance is included */
    double df, crit; /* the last critical value computed */
} work;

static double
critical(work *w, double df)
{
    if (df != w->df) {
        w->df = df;
        w->crit = upi_t_quantile(0.5 + w->e->opts.level / 2, df);
    }
    return w->crit;
}

static void
put_relative(const work *w, const upi_relative_in *in, upi_row *row)
{
    up_effect *v = &row->value;
    upi_relative_out r;
    upi_relative(w->e->opts.relative, in, &r);
    int own = upi_relative_decides(w->e->opts.relative, in);
    for (int64_t kind = UP_RELATIVE_FIELLER; kind <= UP_RELATIVE_LOG; kind++) {
        int other = upi_relative_decides(kind, in);
        row->choice = row->choice || (own >= 0 && other >= 0 && own != other);
    }
    row->unbounded = r.shape != UPI_SHAPE_INTERVAL;
    v->relative = r.value;
    v->relative_low = r.low;
    v->relative_high = r.high;
    v->relative_p_value = r.p_value;
    v->relative_shape = r.shape;
}

static void
put_absolute(up_effect *v, double variance, double df, double crit)
{
    v->std_error = sqrt(fmax(variance, 0));
    v->df = df;
    v->statistic = v->std_error > 0 ? v->estimate / v->std_error : (double)NAN;
    v->p_value = upi_t_two_sided(v->statistic, df);
    v->ci_low = v->estimate - crit * v->std_error;
    v->ci_high = v->estimate + crit * v->std_error;
}

/* Tail areas over samples mean nothing for a posterior. */
static void
withhold_p_values(up_effect *v)
{
    v->p_value = v->relative_p_value = (double)NAN;
}

static void
infer_row(work *w, upi_row *row)
{
    up_effects *e = w->e;
    up_effect *v = &row->value;
    upi_points effect = upi_row_effect(e, row);
    upi_points baseline = upi_row_baseline(e, row);
    upi_extra extra = {0};
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
    if (w->averages) {
        upi_extra_of(e, effect, baseline, mean, &w->averaging, &extra);
    }
    double df = upi_gradient_df(e, &w->effect);
    double crit = critical(w, df);
    double variance = upi_gradient_cov(e, &w->effect, &w->effect) + extra.v;
    put_absolute(v, variance, df, crit);
    e->averaged = e->averaged || extra.v > 1e-12 * variance;
    v->baseline_std_error = v->relative = v->relative_low = v->relative_high =
        (double)NAN;
    v->relative_p_value = (double)NAN;
    if (baseline.n == 0) {
        return;
    }
    upi_relative_in in = {.theta = v->estimate,
        .mu = v->baseline,
        .v = v->std_error * v->std_error,
        .vm = upi_gradient_cov(e, &w->baseline, &w->baseline) + extra.vm,
        .c = upi_gradient_cov(e, &w->effect, &w->baseline) + extra.c,
        .crit = crit,
        .df = df,
        .p_theta = v->p_value};
    v->baseline_std_error = sqrt(fmax(in.vm, 0));
    if (e->opts.scale == UP_SCALE_BOTH) {
        put_relative(w, &in, row);
    }
}

up_status
upi_rows_infer(up_effects *e, up_error *err)
{
    up_status status = UP_OK;
    work w = {.e = e,
        .averages = e->opts.population == UP_POPULATION_SUPER,
        .df = (double)NAN};
    UP_TRY(upi_gradient_make(e, &w.effect, err));
    UP_TRY(upi_gradient_make(e, &w.baseline, err));
    UP_TRY(upi_averaging_make(e, &w.averaging, err));
    /* Segment by segment, so that the list of its cells is made once. */
    for (int64_t i = 0; i < e->block; i++) {
        for (int64_t row = i; row < e->n_rows; row += e->block) {
            infer_row(&w, &e->rows[row]);
            if (e->model->posterior != NULL) {
                withhold_p_values(&e->rows[row].value);
            }
        }
    }
out:
    upi_gradient_release(&w.effect);
    upi_gradient_release(&w.baseline);
    upi_averaging_release(&w.averaging);
    return status;
}
