/* Sample size, power or minimum detectable effect: the chance to reject as a function of the
 * units, the effect or the margin, solved for what is missing. Plans with several looks need
 * the units of one look times an inflation that depends on the power alone (Jennison &
 * Turnbull 2000, sec. 2.3), so that both are found from the same function. */
#include "base/base.h"
#include "base/opts.h"
#include "num/root.h"
#include "plan/looks.h"

#include <math.h>

enum { MOST_DOUBLINGS = 200 };

typedef enum unknown { UNITS, EFFECT, MARGIN } unknown;

typedef struct solving {
    const upi_power_plan *p;
    const upi_looks *looks; /* NULL = one */
    unknown what;
    double units, effect, margin, target;
} solving;

static void
split(const upi_power_plan *p, double units, double n[UP_POWER_ARMS])
{
    for (int64_t k = 0; k < p->o.arms; k++) {
        n[k] = units * p->share[k];
    }
}

static double
one_look(const solving *s, double units)
{
    double n[UP_POWER_ARMS] = {0};
    split(s->p, units, n);
    return upi_power_plan_outlook(s->p, n, s->effect, s->margin).power;
}

static double
above_target(double log_x, const void *ctx)
{
    solving s = *(const solving *)ctx;
    double x = exp(log_x);
    s.units = s.what == UNITS ? x : s.units;
    s.effect = s.what == EFFECT ? (s.p->o.sides == UP_LESS ? -x : x) : s.effect;
    s.margin = s.what == MARGIN ? x : s.margin;
    return one_look(&s, s.units) - s.target;
}

/* The least number of units with at least one degree of freedom. */
static double
least_units(const upi_power_plan *p)
{
    double n = (double)p->o.arms + 1;
    return p->o.cluster_size > 0 ? n * p->o.cluster_size : n / (1 - p->o.attrition);
}

static up_status
refuse_units(const solving *s, up_error *err)
{
    (void)upi_fail(err, UP_E_PLAN, s->what == UNITS ? "units" : "effect",
        s->what == UNITS ? "no number of units up to 1e15 gives power %g"
                         : "nothing of any size is found with power %g by these units",
        s->target);
    return upi_fix(err, s->what == UNITS
                            ? "ask for a larger effect or margin, or for less power"
                            : "give more units");
}

/* Solves for x in one look: power rises with units, effect and margin. */
static up_status
solve(const solving *s, double low, double high, double *out, up_error *err)
{
    double a = log(low);
    double b = log(high);
    if (above_target(a, s) >= 0) {
        *out = low;
        return UP_OK;
    }
    if (!(above_target(b, s) >= 0)) {
        return refuse_units(s, err);
    }
    *out = exp(upi_root(above_target, s, a, b));
    return isnan(*out) ? refuse_units(s, err) : UP_OK;
}

/* An upper end: what is found almost surely; for a share, as far as it can go. */
static double
largest(const solving *s, double start)
{
    solving t = *s;
    double x = start;
    double sign = s->p->o.sides == UP_LESS ? -1 : 1;
    for (int i = 0; i < MOST_DOUBLINGS; i++) {
        double next = 2 * x;
        if (s->what == EFFECT && !upi_power_plan_possible(s->p, sign * next)) {
            double room = sign > 0 ? 1 - s->p->baseline : s->p->baseline;
            return room * (1 - 1e-12) / s->p->dilution;
        }
        x = next;
        if (above_target(log(x), &t) >= 0) {
            break;
        }
    }
    return x;
}

static up_status
solve_size(solving *s, double units, double *out, up_error *err)
{
    double n[UP_POWER_ARMS] = {0};
    split(s->p, units, n);
    upi_outlook at_zero = upi_power_plan_outlook(s->p, n, 0, 0);
    double se = at_zero.worst_se / (s->what == EFFECT ? s->p->dilution : 1);
    if (!(se > 0)) {
        return refuse_units(s, err);
    }
    s->units = units;
    double start = 1e-6 * se;
    start = s->what == MARGIN ? start + fabs(s->effect * s->p->dilution) : start;
    while (s->what == EFFECT && !upi_power_plan_possible(s->p, start)) {
        start /= 2;
    }
    return solve(s, start, largest(s, start), out, err);
}

/* Power of a plan of several looks: the drift whose inflation turns the units into those of
 * one look with the same power. */
static double
looks_gap(double drift, const void *ctx)
{
    const solving *s = ctx;
    double power = 0;
    double used = 0;
    upi_looks_chance(s->looks, drift, &power, &used);
    return one_look(s, s->units / upi_looks_inflation(s->looks, drift, power)) - power;
}

/* The drift under the normal distribution is close, and t takes a little of it away. Where there
 * is hardly any power, or all of it, it stands for the answer: a confidence sequence may have less
 * power than alpha, which no test of one look has. */
static double
find_drift(const solving *s)
{
    double n[UP_POWER_ARMS] = {0};
    split(s->p, s->units, n);
    double near = fabs(upi_power_plan_outlook(s->p, n, s->effect, s->margin).drift);
    double alpha = upi_chance(0, INFINITY, s->looks->fixed, s->looks->two_sided);
    double low = fmax(0.5 * near, upi_looks_drift(s->looks, 1.2 * alpha));
    double high = fmin(1.01 * near, upi_looks_drift(s->looks, 1 - 1e-9));
    if (!(low < high) || looks_gap(low, s) <= 0 || looks_gap(high, s) >= 0) {
        return near;
    }
    return upi_root(looks_gap, s, low, high);
}

static double
whole(const upi_power_plan *p, double n)
{
    double of = p->o.cluster_size > 0 ? p->o.cluster_size : 1;
    return of * ceil(n / of * (1 - 1e-12));
}

static void
describe(const solving *s, const double *n, up_power_result *r)
{
    const upi_power_plan *p = s->p;
    upi_outlook o = upi_power_plan_outlook(p, n, s->effect, s->margin);
    r->units = 0;
    r->arm_units = n[1];
    for (int64_t k = 0; k < p->o.arms; k++) {
        r->units += n[k];
        r->arm_units = k > 0 ? fmin(r->arm_units, n[k]) : r->arm_units;
    }
    r->control_units = n[0];
    r->clusters = p->o.cluster_size > 0 ? r->units / p->o.cluster_size : (double)NAN;
    r->effect = s->effect;
    r->relative = p->baseline != 0 ? s->effect / fabs(p->baseline) : (double)NAN;
    r->itt_effect = s->effect * p->dilution;
    r->margin = p->o.test == UP_POWER_SUPERIORITY ? (double)NAN : s->margin;
    r->baseline = p->baseline;
    r->std_error = o.worst_se;
    r->df = o.df;
    r->critical = o.critical;
    r->power = o.power;
    r->design_effect = p->design_effect;
    r->inflation = 1;
    r->expected_units = r->units;
    r->expected_units_null = r->units;
    r->days = p->o.per_day > 0 ? ceil(r->units / p->o.per_day) : (double)NAN;
}

static void
describe_looks(solving *s, up_power_result *r)
{
    double used = 0;
    double power = 0;
    s->units = r->units;
    double drift = find_drift(s);
    upi_looks_chance(s->looks, 0, &power, &used);
    r->expected_units_null = used * r->units;
    upi_looks_chance(s->looks, drift, &power, &used);
    r->power = power;
    r->expected_units = used * r->units;
    r->inflation = upi_looks_inflation(s->looks, drift, power);
    r->critical = s->looks->bound[s->looks->n - 1];
}

/* Finds what is missing; *units is the exact number of units. */
static up_status
find(solving *s, double *units, up_error *err)
{
    up_status status = UP_OK;
    const up_power_opts *o = &s->p->o;
    bool margin = o->test != UP_POWER_SUPERIORITY;
    double inflation = 1;
    s->target = o->power == 0 ? 0.8 : o->power;
    if (s->looks != NULL) {
        double drift = upi_looks_drift(s->looks, s->target);
        inflation = upi_looks_inflation(s->looks, drift, s->target);
    }
    *units = o->units;
    if (*units == 0) {
        s->what = UNITS;
        UP_TRY(solve(s, least_units(s->p), 1e15, units, err));
        *units *= inflation;
    } else if (margin ? o->margin == 0 : o->effect == 0) {
        s->what = margin ? MARGIN : EFFECT;
        double x = 0;
        UP_TRY(solve_size(s, *units / inflation, &x, err));
        s->margin = margin ? x : s->margin;
        s->effect = margin ? s->effect : o->sides == UP_LESS ? -x : x;
    }
out:
    return status;
}

up_status
up_power(const up_power_opts *opts, up_power_result *out, up_error *err)
{
    UP_GUARD(err);
    up_status status = UP_OK;
    upi_power_plan p;
    upi_looks *looks = NULL;
    up_power_result r = {0};
    double units = 0;
    double n[UP_POWER_ARMS] = {0};
    UP_TRY(upi_power_plan_read(opts, &p, err));
    solving s = {.p = &p, .effect = p.o.effect, .margin = p.o.margin};
    if (!upi_power_plan_possible(&p, s.effect)) {
        status = upi_fail(err, UP_E_ARGUMENT, "effect",
            "the share %g with an effect of %g leaves the range from 0 to 1",
            p.baseline, s.effect * p.dilution);
        goto out;
    }
    if (p.o.inference != UP_INFERENCE_FIXED) {
        UP_TRY(upi_looks_make(&p, &looks, err));
        s.looks = looks;
    }
    UP_TRY(find(&s, &units, err));
    split(&p, units, n);
    for (int64_t k = 0; p.o.units == 0 && k < p.o.arms; k++) {
        n[k] = whole(&p, n[k]);
    }
    describe(&s, n, &r);
    if (s.looks != NULL) {
        describe_looks(&s, &r);
    }
    r.units_exact = units;
    *out = r;
out:
    upi_looks_free(looks);
    return status;
}

up_status
up_power_curve(
    const up_power_opts *opts, int64_t n, up_power_result *out, up_error *err)
{
    UP_GUARD(err);
    up_status status = UP_OK;
    up_power_result *points = NULL;
    up_power_result middle = {0};
    up_power_opts o = {0};
    if (n < 2 || n > 1000) {
        status = upi_fail(err, UP_E_ARGUMENT, "n",
            "a curve has 2 to 1000 points, not %lld", (long long)n);
        goto out;
    }
    UP_TRY(UP_NEW(&points, n, err));
    UP_TRY(upi_opts_copy(&o, sizeof o, opts, err));
    o.struct_size = sizeof o;
    UP_TRY(up_power(&o, &middle, err));
    bool power = o.test == UP_POWER_SUPERIORITY ? o.effect != 0 : o.margin != 0;
    o.power = power ? 0 : o.power;
    for (int64_t i = 0; i < n; i++) {
        double f = 0.25 + 1.75 * (double)i / (double)(n - 1);
        o.units = fmax(1, floor(f * middle.units));
        UP_TRY(up_power(&o, &points[i], err));
    }
    for (int64_t i = 0; i < n; i++) {
        out[i] = points[i];
    }
out:
    upi_free(points);
    return status;
}
