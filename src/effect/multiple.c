/* Many comparisons, one answer: adjusted p-value, adjusted interval and decision of each row.
 *
 * The hypothesis of a row is its margin where it has one, else "no effect". In a family of m
 * with R rejected at level alpha the interval of a row has the level 1 - a, where a is
 *
 *   Bonferroni                 alpha / m
 *   Holm, Hochberg, Hommel     alpha / m, and where the procedure rejects and that interval
 *                              does not, the interval ends at 0 (open)
 *   BH, e-BH                   max(R, 1) alpha / m
 *   BY                         the same over 1 + 1/2 + ... + 1/m
 *   max-t                      the critical value of the largest statistic; step down as Holm
 *
 * It leaves the hypothesis out exactly when the adjusted p-value is at most alpha: step-wise
 * procedures reject whatever Bonferroni does, and BH rejects exactly the p-values that are at
 * most R alpha / m. Benjamini and Yekutieli (2005) for the false coverage rate of the third
 * line, Xu, Wang and Ramdas (2024) for e-values; docs/comparisons.md says what is promised. */
#include "effect/adjust.h"
#include "effect/effect.h"
#include "num/dist.h"

#include <math.h>
#include <stdlib.h>

typedef struct group {
    up_effects *e;
    int64_t m;              /* rows of the family with something to test */
    int64_t *row;           /* (m) */
    double *p, *adjusted;   /* (m) */
    double level;           /* of the intervals, where it is one for all */
    const double *critical; /* (m) or NULL: max-t has a critical value for each */
} group;

static bool
is_max_t(const up_effects *e)
{
    return e->opts.adjust == UP_ADJUST_MAX_T ||
           e->opts.adjust == UP_ADJUST_MAX_T_STEP_DOWN;
}

/* ---- options ---- */

static up_status
check(const up_effects *e, up_error *err)
{
    const up_effect_opts *o = &e->opts;
    if (o->adjust == UP_ADJUST_NONE && o->n_family > 0) {
        (void)upi_fail(err, UP_E_ARGUMENT, "family",
            "a family says what is adjusted together, and no adjustment is asked for");
        return upi_fix(err, "give adjust, e.g. holm");
    }
    if (o->adjust == UP_ADJUST_EBH && o->inference != UP_INFERENCE_ANYTIME) {
        (void)upi_fail(err, UP_E_ARGUMENT, "adjust",
            "e-BH adjusts e-values, which only anytime-valid inference gives");
        return upi_fix(err, "give inference anytime with planned, or adjust by bh");
    }
    if (is_max_t(e) && o->inference != UP_INFERENCE_FIXED) {
        (void)upi_fail(err, UP_E_ARGUMENT, "adjust",
            "max-t is the law of the largest statistic at one look fixed in advance");
        return upi_fix(err, "adjust by holm, which holds for every inference");
    }
    if (is_max_t(e) && o->interval == UP_INTERVAL_AR) {
        (void)upi_fail(err, UP_E_ARGUMENT, "adjust",
            "max-t needs the covariance of estimates, and Anderson-Rubin sets have "
            "none");
        return upi_fix(err, "adjust by holm");
    }
    return UP_OK;
}

/* ---- intervals ---- */

/* The part of a set that lies within the claim; where that is not a single piece, a piece that
 * holds it. */
static void
cut(double low, double high, upi_range *r)
{
    bool pieces = r->shape == UPI_SHAPE_COMPLEMENT;
    r->low = pieces ? low : fmax(r->low, low);
    r->high = pieces ? high : fmin(r->high, high);
    bool no_low = isinf(r->low);
    bool no_high = isinf(r->high);
    r->shape = no_low && no_high ? UPI_SHAPE_LINE
               : no_low          ? UPI_SHAPE_BELOW
               : no_high         ? UPI_SHAPE_ABOVE
                                 : UPI_SHAPE_INTERVAL;
}

/* The relative effect at the level of the adjusted interval, or with its critical value. */
static up_status
put_relative(const group *g, int64_t k, bool stretched, up_error *err)
{
    up_status status = UP_OK;
    up_effects *e = g->e;
    upi_row *row = &e->rows[g->row[k]];
    up_effect *v = &row->value;
    upi_relative_in in = row->numbers;
    upi_relative_out r;
    upi_look at = upi_relative_look(e, row);
    in.sides = e->opts.sides;
    in.crit = g->critical != NULL ? g->critical[k] : 0;
    if (g->critical == NULL) {
        UP_TRY(upi_rule_critical(&e->rule, &at, in.sides, g->level, &in.crit, err));
    }
    upi_relative(e->opts.relative, &in, &r);
    upi_range range = {r.shape, r.low, r.high};
    if (stretched && e->opts.relative == UP_RELATIVE_FIELLER) {
        bool up = r.value > 0;
        cut(up ? 0 : -(double)INFINITY, up ? (double)INFINITY : 0, &range);
    }
    v->adjusted_relative_low = range.low;
    v->adjusted_relative_high = range.high;
out:
    return status;
}

/* The set of the values of a difference that the tests of the group do not reject. */
static up_status
difference_range(const group *g, int64_t k, upi_range *range, up_error *err)
{
    up_status status = UP_OK;
    up_effects *e = g->e;
    const upi_row *row = &e->rows[g->row[k]];
    double crit = g->critical != NULL ? g->critical[k] : 0;
    if (g->critical == NULL) {
        UP_TRY(
            upi_rule_critical(&e->rule, &row->at, e->opts.sides, g->level, &crit, err));
    }
    *range = upi_row_range(e, row, crit, e->opts.sides);
out:
    return status;
}

static up_status
put_interval(const group *g, int64_t k, bool rejected, up_error *err)
{
    up_status status = UP_OK;
    up_effects *e = g->e;
    upi_row *row = &e->rows[g->row[k]];
    up_effect *v = &row->value;
    upi_range range;
    double low = v->estimate > 0 ? 0 : -(double)INFINITY;
    double high = v->estimate > 0 ? (double)INFINITY : 0;
    bool beyond = g->critical != NULL
                      ? upi_beyond(v->statistic, g->critical[k], e->opts.sides) != 0
                      : g->p[k] <= g->level;
    bool stretched = rejected && !beyond;
    if (v->has_margin) {
        UP_TRY(upi_margin_range(e, row, g->level, &range, err));
        upi_margin_claim(v, &low, &high);
    } else {
        UP_TRY(difference_range(g, k, &range, err));
    }
    if (!v->has_margin && !isnan(v->relative)) {
        UP_TRY(put_relative(g, k, stretched, err));
    }
    if (stretched) {
        cut(low, high, &range);
    }
    v->adjusted_low = range.low;
    v->adjusted_high = range.high;
    v->adjusted_shape = range.shape;
out:
    return status;
}

/* The level of every interval, from the number rejected. */
static double
level_of(const up_effects *e, int64_t m, int64_t rejected)
{
    double share = e->rule.alpha / (double)m;
    double r = (double)(rejected > 1 ? rejected : 1);
    switch (e->opts.adjust) {
    case UP_ADJUST_BH:
    case UP_ADJUST_EBH:
        return r * share;
    case UP_ADJUST_BY:
        return r * share / upi_harmonic(m);
    default:
        return share;
    }
}

static up_status
put_answers(group *g, up_error *err)
{
    up_status status = UP_OK;
    up_effects *e = g->e;
    int64_t rejected = 0;
    for (int64_t k = 0; k < g->m; k++) {
        rejected += g->adjusted[k] <= e->rule.alpha;
    }
    g->level = level_of(e, g->m, rejected);
    for (int64_t k = 0; k < g->m; k++) {
        up_effect *v = &e->rows[g->row[k]].value;
        bool yes = g->adjusted[k] <= e->rule.alpha;
        v->adjusted_p_value = g->adjusted[k];
        v->decision = !yes              ? UP_DECISION_NONE
                      : v->has_margin   ? upi_margin_decision(v)
                      : v->estimate > 0 ? UP_DECISION_INCREASE
                                        : UP_DECISION_DECREASE;
        UP_TRY(put_interval(g, k, yes, err));
    }
out:
    return status;
}

/* ---- by p-values ---- */

static up_status
adjust_p(group *g, up_error *err)
{
    up_status status = UP_OK;
    bool e_values = g->e->opts.adjust == UP_ADJUST_EBH;
    for (int64_t k = 0; k < g->m && e_values; k++) {
        const up_effect *v = &g->e->rows[g->row[k]].value;
        g->adjusted[k] = v->has_margin ? g->p[k] : exp(-v->log_e_value);
    }
    UP_TRY(up_adjust_p_values(
        g->e->opts.adjust, g->m, e_values ? g->adjusted : g->p, g->adjusted, err));
    UP_TRY(put_answers(g, err));
out:
    return status;
}

/* ---- by the largest statistic ---- */

/* A statistic with df degrees of freedom as one with the least among the family, by its tail
 * probability. */
static double
to_df(double t, double df, double least)
{
    if (df == least || t == 0) {
        return t;
    }
    double z = -upi_t_quantile(upi_t_sf(fabs(t), df), least);
    return t < 0 ? -z : z;
}

/* The statistic as the test sees it: far from 0 speaks against the hypothesis. */
static double
sided(const up_effects *e, double t)
{
    return e->opts.sides == UP_TWO_SIDED ? fabs(t)
           : e->opts.sides == UP_GREATER ? t
                                         : -t;
}

typedef struct rank {
    double t;
    int64_t row;
} rank;

static int
by_statistic(const void *a, const void *b)
{
    const rank *x = a;
    const rank *y = b;
    if (x->t != y->t) {
        return x->t > y->t ? -1 : 1;
    }
    return x->row < y->row ? -1 : x->row > y->row;
}

/* Orders the family by statistic, the largest first; t (m) on the scale of `df`. */
static up_status
order_family(group *g, double df, double *t, up_error *err)
{
    rank *ranks = NULL;
    up_status status = UP_NEW(&ranks, g->m, err);
    for (int64_t k = 0; k < g->m && status == UP_OK; k++) {
        const upi_row *row = &g->e->rows[g->row[k]];
        ranks[k] =
            (rank){sided(g->e, to_df(row->value.statistic, row->at.df, df)), g->row[k]};
    }
    if (status == UP_OK) {
        qsort(ranks, (size_t)g->m, sizeof *ranks, by_statistic);
    }
    for (int64_t k = 0; k < g->m && status == UP_OK; k++) {
        t[k] = ranks[k].t;
        g->row[k] = ranks[k].row;
        g->p[k] = g->e->rows[g->row[k]].value.p_value;
    }
    upi_free(ranks);
    return status;
}

static up_status
check_max_t(const group *g, up_error *err)
{
    for (int64_t k = 0; k < g->m; k++) {
        const up_effect *v = &g->e->rows[g->row[k]].value;
        if (v->has_margin) {
            (void)upi_fail(err, UP_E_ARGUMENT, "adjust",
                "max-t compares statistics of no effect, and '%s' has a margin",
                v->metric);
            return upi_fix(
                err, "adjust by holm, or declare --family 'unadjusted: %s'", v->metric);
        }
    }
    if (g->m > UPI_MOST_MAX_T) {
        (void)upi_fail(err, UP_E_ARGUMENT, "adjust",
            "a family of %lld comparisons is too large for max-t, which takes %d",
            (long long)g->m, UPI_MOST_MAX_T);
        return upi_fix(err, "adjust by holm, or make families smaller with family");
    }
    return UP_OK;
}

static void
max_t_probabilities(group *g, const upi_maxima *law, const double *t)
{
    bool down = g->e->opts.adjust == UP_ADJUST_MAX_T_STEP_DOWN;
    double most = 0;
    for (int64_t k = 0; k < g->m; k++) {
        double p = upi_maxima_sf(law, down ? k : 0, t[k]);
        p = fmin(fmax(p, g->p[k]), 1);
        most = down ? fmax(most, p) : p;
        g->adjusted[k] = most;
    }
}

static up_status
adjust_max_t(group *g, up_error *err)
{
    up_status status = UP_OK;
    up_effects *e = g->e;
    double *cov = NULL;
    double *work = NULL;
    upi_maxima *law = NULL;
    double df = (double)INFINITY;
    UP_TRY(check_max_t(g, err));
    UP_TRY(UP_NEW(&cov, g->m * g->m, err));
    UP_TRY(UP_NEW(&work, 2 * g->m, err));
    for (int64_t k = 0; k < g->m; k++) {
        df = fmin(df, e->rows[g->row[k]].at.df);
    }
    UP_TRY(order_family(g, df, work, err));
    UP_TRY(upi_rows_covariance(e, g->m, g->row, cov, err));
    bool down = e->opts.adjust == UP_ADJUST_MAX_T_STEP_DOWN;
    UP_TRY(upi_maxima_make(g->m, cov, df, e->opts.sides, down, &law, err));
    max_t_probabilities(g, law, work);
    double c = upi_maxima_quantile(law, e->rule.alpha);
    double error = upi_maxima_error(law, c);
    e->adjust_error = isnan(e->adjust_error) ? error : fmax(e->adjust_error, error);
    double *critical = work + g->m;
    for (int64_t k = 0; k < g->m; k++) {
        critical[k] = to_df(c, df, e->rows[g->row[k]].at.df);
    }
    g->critical = critical;
    UP_TRY(put_answers(g, err));
out:
    upi_maxima_free(law);
    upi_free(cov);
    upi_free(work);
    return status;
}

/* ---- families ---- */

static up_status
adjust_family(
    up_effects *e, const int64_t *row, int64_t n, int64_t family, up_error *err)
{
    up_status status = UP_OK;
    group g = {.e = e};
    UP_TRY(UP_NEW(&g.row, n, err));
    UP_TRY(UP_NEW(&g.p, 2 * n, err));
    g.adjusted = g.p + n;
    for (int64_t k = 0; k < n; k++) {
        const up_effect *v = &e->rows[row[k]].value;
        double p = v->has_margin ? v->margin_p_value : v->p_value;
        if (!isnan(p)) {
            g.row[g.m] = row[k];
            g.p[g.m++] = p;
        }
    }
    for (int64_t k = 0; k < n; k++) {
        e->rows[row[k]].value.family = e->families[family];
        e->rows[row[k]].value.family_size = g.m;
    }
    e->most_compared = g.m > e->most_compared ? g.m : e->most_compared;
    if (g.m > 0) {
        UP_TRY(is_max_t(e) ? adjust_max_t(&g, err) : adjust_p(&g, err));
    }
out:
    upi_free(g.row);
    upi_free(g.p);
    return status;
}

/* Rows by family, in their own order within it: those of family f end before end[f] in order and
 * begin where those of f - 1 end. */
static void
sort_rows(const up_effects *e, const int64_t *family, int64_t *end, int64_t *order)
{
    for (int64_t i = 0; i < e->n_rows; i++) {
        if (family[i] >= 0) {
            end[family[i] + 1]++;
        }
    }
    for (int64_t f = 0; f < e->n_families; f++) {
        end[f + 1] += end[f];
    }
    for (int64_t i = 0; i < e->n_rows; i++) {
        if (family[i] >= 0) {
            order[end[family[i]]++] = i;
        }
    }
}

up_status
upi_effects_adjust(up_effects *e, const upi_question *q, up_error *err)
{
    up_status status = UP_OK;
    int64_t *family = NULL;
    int64_t *end = NULL;
    int64_t *order = NULL;
    UP_TRY(check(e, err));
    if (e->opts.adjust == UP_ADJUST_NONE) {
        return UP_OK;
    }
    UP_TRY(UP_NEW(&family, e->n_rows, err));
    UP_TRY(UP_NEW(&order, e->n_rows, err));
    UP_TRY(upi_families_read(e, q, family, err));
    UP_TRY(UP_NEW(&end, e->n_families + 1, err));
    sort_rows(e, family, end, order);
    for (int64_t f = 0; f < e->n_families; f++) {
        int64_t from = f > 0 ? end[f - 1] : 0;
        UP_TRY(adjust_family(e, order + from, end[f] - from, f, err));
    }
out:
    upi_free(family);
    upi_free(end);
    upi_free(order);
    return status;
}
