/* The Anderson-Rubin set of an effect on compliers.
 *
 * For each value b it is asked whether the assignment still moves y - b D; with a the effect
 * of the assignment on y and f that on the treatment,
 *
 *   b is kept while (a - b f)^2 <= crit^2 (V_aa - 2 b V_af + b^2 V_ff),
 *
 * which is Fieller's inequality for a / f. The test is one of an effect of the assignment, so
 * that it keeps its level however weakly the assignment moves the treatment; a weak one makes
 * the set long, unbounded, or two rays, and not wrong. With an anytime-valid critical value the
 * set holds at all looks. Anderson and Rubin (1949); methods/core.md sections 5.2 and 6.4. */
#include "effect/effect.h"

static up_status
refuse(const char *why, const char *fix, up_error *err)
{
    (void)upi_fail(err, UP_E_ESTIMAND, "interval", "%s", why);
    return upi_fix(err, "%s", fix);
}

up_status
upi_anderson_rubin_check(
    const up_effects *e, const upi_question *q, bool projected, up_error *err)
{
    const up_model *m = e->model;
    const up_experiment *x = m->moments->experiment;
    if (e->opts.interval != UP_INTERVAL_AR) {
        return UP_OK;
    }
    if (!m->design.iv || !e->comply) {
        return refuse(
            "an Anderson-Rubin set is of an effect on compliers, and here the "
            "effect asked for is not one",
            "leave interval ar out, or ask for estimand late with a treatment that may "
            "differ from the assignment",
            err);
    }
    if (m->moments->keys[m->treat_key].n_levels != 2 ||
        m->moments->keys[m->inst_key].n_levels != 2) {
        return refuse("an Anderson-Rubin set needs one treatment and one arm beside "
                      "control; with more the sets are regions",
            "filter to two of the arms", err);
    }
    if (projected) {
        return refuse("a projected effect has no Anderson-Rubin set",
            "leave interval ar out, or leave the projection out", err);
    }
    if (e->opts.cumulative || e->opts.compare_segments) {
        return refuse(
            "a sum or a difference of effects on compliers is no ratio of two "
            "effects, so that it has no Anderson-Rubin set",
            "leave cumulative and compare-segments out", err);
    }
    if (e->opts.sides != UP_TWO_SIDED || e->opts.n_margins > 0) {
        return refuse("an Anderson-Rubin set is two-sided: the sign of a weak first "
                      "stage is not known",
            "leave sides and margins out", err);
    }
    for (int64_t i = 0; i < q->n_metrics; i++) {
        if (x->metrics[q->metric[i]].kind == UPI_METRIC_RATIO) {
            return refuse("a ratio metric has no Anderson-Rubin set",
                "use its numerator and denominator as metrics of their own", err);
        }
    }
    return UP_OK;
}

/* The assignment against control in one equation. */
static up_status
put_contrast(
    up_effects *e, int64_t equation, int64_t average, double sign, up_error *err)
{
    up_status status = UP_OK;
    int64_t control = e->model->inst_control;
    UP_TRY(upi_predictions_need(e, equation, err));
    UP_TRY(UP_RESERVE(&e->points, &e->points_capacity, e->n_points + 2, err));
    e->points[e->n_points++] = (upi_point){average, equation, 1 - control, sign};
    e->points[e->n_points++] = (upi_point){average, equation, control, -sign};
out:
    return status;
}

up_status
upi_anderson_rubin_points(up_effects *e, const upi_metric *metric, int64_t average,
    int64_t arm, upi_row *row, up_error *err)
{
    up_status status = UP_OK;
    const up_model *m = e->model;
    int64_t ny = m->moments->ny;
    row->itt = e->n_points;
    /* Of control against the treatment the effect has the other sign. */
    UP_TRY(put_contrast(
        e, ny + metric->component, average, arm == e->control ? -1 : 1, err));
    row->stage = e->n_points;
    UP_TRY(put_contrast(e, 2 * ny, average, 1, err));
    row->n_itt = 2;
    row->n_stage = 2;
out:
    return status;
}
