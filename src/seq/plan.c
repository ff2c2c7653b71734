/* The looks of a plan, walked at a drift theta (docs/sequential.md). One walk under no drift serves
 * all drifts, by the likelihood ratio. Efficacy bounds spend alpha under no effect; futility bounds
 * spend beta = 1 - power under theta, and theta is the drift at which the last two bounds meet
 * (Pampallona, Tsiatis & Kim 2001; Jennison & Turnbull 2000, ch. 7). With binding futility both are
 * found look by look on the same walk. Trap avoided: a futility bound above the efficacy bound of its
 * look, which would leave nothing in between; it stops at it. */
#include "seq/plan.h"

#include "base/base.h"
#include "num/dist.h"
#include "num/root.h"
#include "seq/anytime.h"
#include "seq/spending.h"

#include <math.h>

static const double LARGEST_DRIFT = 15;

static bool
two_sided(const up_boundaries *b)
{
    return b->plan.sides == UP_TWO_SIDED;
}

/* What lies on the other side of the region at a look. */
static double
lower_bound(const up_boundaries *b, const up_look *look)
{
    if (two_sided(b)) {
        return -look->efficacy;
    }
    if (isnan(look->futility)) {
        return -HUGE_VAL;
    }
    /* finite, so that the walk keeps what lies far below 0 */
    return fmax(look->futility, -1e3);
}

/* The probability of rejecting at the look at hand under a drift. */
static double
rejecting(
    const up_boundaries *b, const upi_gs_walk *walk, const up_look *look, double drift)
{
    double p = upi_gs_crossing(walk, look->efficacy, 1, drift, NULL);
    return two_sided(b) ? p + upi_gs_crossing(walk, -look->efficacy, -1, drift, NULL)
                        : p;
}

/* The efficacy bound of look k by what its spending function has left. */
static void
spend(up_boundaries *b, const upi_gs_walk *walk, int64_t k)
{
    double before = k == 0 ? 0 : b->look[k - 1].spent;
    double now = upi_spent(b->plan.spending, b->parameter, b->plan.alpha, b->plan.sides,
        b->information[k]);
    b->look[k].spent = now;
    b->look[k].efficacy =
        upi_gs_bound(walk, (now - before) / (two_sided(b) ? 2 : 1), 1, 0);
}

/* Walks with the efficacy bounds alone; with `spending`, finding them. *error is what they reject
 * under no effect. */
static up_status
walk_efficacy(up_boundaries *b, bool spending, double *error, up_error *err)
{
    up_status status = UP_OK;
    upi_gs_walk walk = {.n_looks = b->plan.n_looks, .information = b->information};
    *error = 0;
    for (int64_t k = 0; k < b->plan.n_looks; k++) {
        if (spending) {
            spend(b, &walk, k);
        }
        up_look *look = &b->look[k];
        *error += rejecting(b, &walk, look, 0);
        if (!spending) {
            look->spent = *error;
        }
        UP_TRY(upi_gs_advance(
            &walk, two_sided(b) ? -look->efficacy : -HUGE_VAL, look->efficacy, err));
    }
out:
    upi_gs_walk_free(&walk);
    return status;
}

typedef struct search {
    up_boundaries *b;
    up_error *err;
    up_status *status;
} search;

/* Bounds c t^(parameter - 1/2) at c = exp(x): how far their error is from alpha. */
static double
error_of_constant(double x, const void *ctx)
{
    const search *s = ctx;
    up_boundaries *b = s->b;
    double error = 0;
    for (int64_t k = 0; k < b->plan.n_looks; k++) {
        b->look[k].efficacy = exp(x) * pow(b->information[k], b->parameter - 0.5);
    }
    if (*s->status == UP_OK) {
        *s->status = walk_efficacy(b, false, &error, s->err);
    }
    return log(error / b->plan.alpha);
}

static up_status
wang_tsiatis(up_boundaries *b, up_error *err)
{
    up_status status = UP_OK;
    search s = {b, err, &status};
    /* the last bound alone is a test at alpha or less, and five times its size is at most that */
    double x = upi_root(error_of_constant, &s, log(1e-3), log(30));
    if (status == UP_OK && isnan(x)) {
        return upi_fail(err, UP_E_ARGUMENT, "alpha",
            "no constant of Wang and Tsiatis gives alpha %g", b->plan.alpha);
    }
    if (status == UP_OK) {
        (void)error_of_constant(x, &s);
    }
    return status;
}

up_status
upi_plan_efficacy(up_boundaries *b, up_error *err)
{
    double error = 0;
    for (int64_t k = 0; k < b->plan.n_looks && b->plan.anytime; k++) {
        double t = b->information[k];
        b->look[k].efficacy = upi_av_radius_normal(
            b->plan.mixture / (b->plan.mixture + t), b->plan.alpha, b->plan.sides);
    }
    if (b->plan.spending == UP_SPENDING_WANG_TSIATIS && !b->plan.anytime) {
        return wang_tsiatis(b, err);
    }
    return walk_efficacy(b, !b->plan.anytime, &error, err);
}

/* The futility bound of look k: beta spent under the drift. At the last look the bounds meet. */
static void
give_up(up_boundaries *b, const upi_gs_walk *walk, int64_t k, double drift)
{
    up_look *look = &b->look[k];
    double before = k == 0 ? 0 : b->look[k - 1].futility_spent;
    double now =
        upi_spent(b->beta_spending, b->beta_parameter, b->beta, 1, b->information[k]);
    look->futility_spent = now;
    look->futility = look->efficacy;
    if (k + 1 < b->plan.n_looks) {
        look->futility =
            fmin(upi_gs_bound(walk, now - before, -1, drift), look->efficacy);
    }
}

up_status
upi_plan_walk(up_boundaries *b, double drift, up_error *err)
{
    up_status status = UP_OK;
    up_boundary_plan *plan = &b->plan;
    upi_gs_walk walk = {.n_looks = plan->n_looks, .information = b->information};
    bool binding = plan->futility == UP_FUTILITY_BINDING;
    double still[3] = {1, 1, 1}; /* running before the look: no drift, half, drift */
    double expected[3] = {0, 0, 0};
    const double drifts[3] = {0, drift / 2, drift};
    plan->drift = drift;
    plan->power = 0;
    plan->type_one_error = 0;
    for (int64_t k = 0; k < plan->n_looks; k++) {
        up_look *look = &b->look[k];
        bool last = k + 1 == plan->n_looks;
        if (binding) {
            spend(b, &walk, k);
        }
        if (plan->futility != UP_FUTILITY_NONE) {
            give_up(b, &walk, k, drift);
        }
        double low = lower_bound(b, look);
        double stop[3];
        double up[3];
        for (int d = 0; d < 3; d++) {
            up[d] = rejecting(b, &walk, look, drifts[d]);
            stop[d] = up[d];
            if (plan->futility != UP_FUTILITY_NONE) {
                stop[d] += upi_gs_crossing(&walk, look->futility, -1, drifts[d], NULL);
            }
            stop[d] = last ? still[d] : stop[d];
            expected[d] += b->information[k] * stop[d];
            still[d] -= stop[d];
        }
        look->reject_null = up[0];
        look->reject_drift = upi_gs_crossing(&walk, look->efficacy, 1, drift, NULL);
        look->futile_null = stop[0] - up[0];
        look->futile_drift = stop[2] - up[2];
        plan->type_one_error += look->reject_null;
        plan->power += look->reject_drift;
        UP_TRY(upi_gs_advance(&walk, low, look->efficacy, err));
    }
    plan->expected_null = expected[0];
    plan->expected_half = expected[1];
    plan->expected_drift = expected[2];
out:
    upi_gs_walk_free(&walk);
    return status;
}

static double
power_missing(double drift, const void *ctx)
{
    const search *s = ctx;
    if (*s->status == UP_OK) {
        *s->status = upi_plan_walk(s->b, drift, s->err);
    }
    return s->b->plan.power - (1 - s->b->beta);
}

up_status
upi_plan_drift(up_boundaries *b, double *drift, up_error *err)
{
    up_status status = UP_OK;
    search s = {b, err, &status};
    double x = upi_root(power_missing, &s, 1e-6, LARGEST_DRIFT);
    if (status == UP_OK && isnan(x)) {
        status = upi_fail(err, UP_E_ARGUMENT, "power",
            "no drift up to %g gives power %g at alpha %g", LARGEST_DRIFT, 1 - b->beta,
            b->plan.alpha);
    }
    if (status == UP_OK) {
        *drift = x;
    }
    return status;
}
