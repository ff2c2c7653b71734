/* Margins: non-inferiority, equivalence and superiority by a margin.
 *
 * With m the margin and s = +1 where higher is better, -1 where lower is:
 *
 *   non-inferior  H0: s effect <= -m        superior  H0: s effect <= m
 *   equivalent    H0: |effect| >= m, two one-sided tests (Schuirmann 1987)
 *
 * each at the level of the rule, so that the interval that decides is one-sided at that level
 * (for equivalence both one-sided intervals, which is the 90 % interval at level 0.95). A
 * relative margin is a value of the ratio rho = effect / baseline: by Fieller its statistic is
 * that of effect - rho0 baseline, and the claim needs a baseline above 0 as well, so that the
 * p-value is the larger of the two (Berger 1982) - as the interval has an end only then. */
#include "effect/effect.h"

#include <math.h>
#include <string.h>

/* ---- options ---- */

static up_status
check_margin(const up_effects *e, const up_margin *m, up_error *err)
{
    const char *name = m->metric != NULL ? m->metric : "";
    bool log_kind = e->opts.relative == UP_RELATIVE_LOG && m->relative != 0;
    if (!(m->margin > 0) || !isfinite(m->margin)) {
        (void)upi_fail(err, UP_E_ARGUMENT, "margins",
            "the margin of '%s' is %g, but has to be a finite number above 0", name,
            m->margin);
        return upi_fix(err, "the direction is said by `better`, not by the sign");
    }
    if (m->kind < 0 || m->kind > UP_MARGIN_SUPERIORITY || m->better < 0 ||
        m->better > UP_BETTER_LOWER) {
        return upi_fail(err, UP_E_ARGUMENT, "margins",
            "the margin of '%s' has kind %lld and better %lld, and one of them is "
            "unknown",
            name, (long long)m->kind, (long long)m->better);
    }
    if (log_kind && m->margin >= 1) {
        return upi_fail(err, UP_E_ARGUMENT, "margins",
            "the margin of '%s' is %g of the baseline, which a log ratio cannot lose",
            name, m->margin);
    }
    return UP_OK;
}

static void
put_margin(up_effect *v, const up_margin *m)
{
    v->has_margin = 1;
    v->margin = m->margin;
    v->margin_relative = m->relative != 0;
    v->margin_kind = m->kind;
    v->margin_better = m->better;
}

up_status
upi_margins_put(up_effects *e, up_error *err)
{
    up_status status = UP_OK;
    for (int64_t i = 0; i < e->n_rows; i++) {
        e->rows[i].value.margin = (double)NAN;
        e->rows[i].value.has_margin = 0;
    }
    for (int64_t k = 0; k < e->opts.n_margins; k++) {
        const up_margin *m = &e->opts.margins[k];
        bool found = false;
        UP_TRY(check_margin(e, m, err));
        for (int64_t i = 0; i < e->n_rows; i++) {
            up_effect *v = &e->rows[i].value;
            if (m->metric == NULL || strcmp(v->metric, m->metric) != 0) {
                continue;
            }
            if (v->has_margin && !found) {
                status = upi_fail(err, UP_E_ARGUMENT, "margins",
                    "'%s' has more than one margin", m->metric);
                goto out;
            }
            found = true;
            if (!e->rows[i].difference) {
                put_margin(v, m);
            }
        }
        if (!found) {
            (void)upi_fail(err, UP_E_ARGUMENT, "margins",
                "a margin is for '%s', which is not a metric asked for",
                m->metric != NULL ? m->metric : "");
            status = upi_fix(err, "the metrics are named by --metric, or by the model");
            goto out;
        }
    }
out:
    return status;
}

/* ---- claims ---- */

void
upi_margin_claim(const up_effect *v, double *low, double *high)
{
    double infinity = (double)INFINITY;
    *low = -infinity;
    *high = infinity;
    bool superior = v->margin_kind == UP_MARGIN_SUPERIORITY;
    if (v->margin_kind == UP_MARGIN_EQUIVALENCE) {
        *low = -v->margin;
        *high = v->margin;
    } else if (v->margin_better == UP_BETTER_HIGHER) {
        *low = superior ? v->margin : -v->margin;
    } else {
        *high = superior ? -v->margin : v->margin;
    }
}

int64_t
upi_margin_decision(const up_effect *v)
{
    return v->margin_kind == UP_MARGIN_EQUIVALENCE   ? UP_DECISION_EQUIVALENT
           : v->margin_kind == UP_MARGIN_SUPERIORITY ? UP_DECISION_SUPERIOR
                                                     : UP_DECISION_NONINFERIOR;
}

static upi_look
look_of(const up_effects *e, const upi_row *row)
{
    return row->value.margin_relative ? upi_relative_look(e, row) : row->at;
}

/* Raises *p to the p-value of a statistic on one side. */
static up_status
test_side(up_effects *e, const upi_look *at, int64_t sides, double statistic, double *p,
    up_error *err)
{
    up_status status = UP_OK;
    upi_verdict verdict;
    UP_TRY(upi_rule_test(&e->rule, at, sides, statistic, &verdict, err));
    *p = isnan(verdict.p) || isnan(*p) ? (double)NAN : fmax(*p, verdict.p);
out:
    return status;
}

static double
statistic_at(const up_effects *e, const upi_row *row, double value)
{
    const up_effect *v = &row->value;
    return v->margin_relative
               ? upi_relative_statistic(e->opts.relative, &row->numbers, value)
               : (v->estimate - value) / v->std_error;
}

up_status
upi_margin_test(up_effects *e, const upi_row *row, double *p, up_error *err)
{
    up_status status = UP_OK;
    const up_effect *v = &row->value;
    upi_look at = look_of(e, row);
    double low;
    double high;
    *p = 0;
    upi_margin_claim(v, &low, &high);
    if (v->margin_relative && !(v->baseline > 0)) {
        (void)upi_fail(err, UP_E_ARGUMENT, "margins",
            "the margin of '%s' is relative, but its baseline is %.4g and has to be "
            "above 0",
            v->metric, v->baseline);
        return upi_fix(err, "give the margin in the unit of the metric");
    }
    if (!(v->std_error > 0)) {
        *p = (double)NAN;
        return UP_OK;
    }
    if (!isinf(low)) {
        UP_TRY(test_side(e, &at, UP_GREATER, statistic_at(e, row, low), p, err));
    }
    if (!isinf(high)) {
        UP_TRY(test_side(e, &at, UP_LESS, statistic_at(e, row, high), p, err));
    }
    if (v->margin_relative && e->opts.relative == UP_RELATIVE_FIELLER &&
        v->baseline_std_error > 0) {
        double t = v->baseline / v->baseline_std_error;
        UP_TRY(test_side(e, &at, UP_GREATER, t, p, err));
    }
out:
    return status;
}

/* One end of the interval: the one that the test on this side leaves. */
static double
end_of(const up_effects *e, const upi_row *row, double crit, int64_t sides)
{
    const up_effect *v = &row->value;
    if (!v->margin_relative) {
        upi_range r = upi_row_range(e, row, crit, sides);
        return sides == UP_GREATER ? r.low : r.high;
    }
    upi_relative_in in = row->numbers;
    upi_relative_out r;
    in.crit = crit;
    in.sides = sides;
    upi_relative(e->opts.relative, &in, &r);
    if (isnan(r.low)) {
        return r.low;
    }
    int64_t wanted = sides == UP_GREATER ? UPI_SHAPE_ABOVE : UPI_SHAPE_BELOW;
    double open = sides == UP_GREATER ? -(double)INFINITY : (double)INFINITY;
    return r.shape != wanted ? open : sides == UP_GREATER ? r.low : r.high;
}

up_status
upi_margin_range(
    up_effects *e, const upi_row *row, double alpha, upi_range *out, up_error *err)
{
    up_status status = UP_OK;
    upi_look at = look_of(e, row);
    double low;
    double high;
    double crit = 0;
    upi_margin_claim(&row->value, &low, &high);
    UP_TRY(upi_rule_critical(&e->rule, &at, UP_GREATER, alpha, &crit, err));
    *out = (upi_range){UPI_SHAPE_LINE, -(double)INFINITY, (double)INFINITY};
    if (!isinf(low)) {
        out->low = end_of(e, row, crit, UP_GREATER);
        out->shape = UPI_SHAPE_ABOVE;
    }
    if (!isinf(high)) {
        out->high = end_of(e, row, crit, UP_LESS);
        out->shape = isinf(low) ? UPI_SHAPE_BELOW : UPI_SHAPE_INTERVAL;
    }
out:
    return status;
}
