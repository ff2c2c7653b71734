/* Public group-sequential plans: options resolved, bounds found, probabilities kept. The inflation
 * is (theta / (z_{1-a} + z_{power}))^2 with a = alpha per side: the information of the plan over that
 * of one look with the same power (Jennison & Turnbull 2000, sec. 2.2). */
#include "base/base.h"
#include "base/opts.h"
#include "num/dist.h"
#include "seq/anytime.h"
#include "seq/plan.h"
#include "seq/spending.h"

#include <math.h>

enum { USUAL_LOOKS = 5 };

static up_status
check_probability(double x, double low, double high, const char *field, up_error *err)
{
    if (x > low && x < high) {
        return UP_OK;
    }
    return upi_fail(err, UP_E_ARGUMENT, field,
        "%s is %g; it has to lie between %g and %g", field, x, low, high);
}

static up_status
check_futility(const up_boundary_opts *o, up_error *err)
{
    if (o->futility < UP_FUTILITY_NONE || o->futility > UP_FUTILITY_BINDING) {
        return upi_fail(err, UP_E_ARGUMENT, "futility",
            "there is no futility number %lld", (long long)o->futility);
    }
    if (o->futility == UP_FUTILITY_NONE) {
        return UP_OK;
    }
    if (o->sides == UP_TWO_SIDED || o->anytime != 0) {
        (void)upi_fail(err, UP_E_ARGUMENT, "futility",
            "bounds of futility are for one-sided plans with a spending function");
        return upi_fix(err, "give sides = greater, or leave futility out");
    }
    if (o->spending == UP_SPENDING_WANG_TSIATIS ||
        o->futility_spending == UP_SPENDING_WANG_TSIATIS) {
        return upi_fail(err, UP_E_ARGUMENT, "spending",
            "futility needs spending functions; Wang-Tsiatis is none");
    }
    return upi_spending_check(
        o->futility_spending, o->futility_parameter, "futility_parameter", err);
}

static up_status
check_options(const up_boundary_opts *o, up_error *err)
{
    up_status status = UP_OK;
    UP_TRY(check_probability(o->alpha, 0, 1, "alpha", err));
    UP_TRY(check_probability(o->power, o->alpha, 1, "power", err));
    if (o->sides < UP_TWO_SIDED || o->sides > UP_LESS) {
        status = upi_fail(
            err, UP_E_ARGUMENT, "sides", "there is no side %lld", (long long)o->sides);
        goto out;
    }
    if (!(o->drift >= 0 && o->drift <= 15)) {
        status = upi_fail(err, UP_E_ARGUMENT, "drift",
            "the drift is %g; it has to be from 0 to 15", o->drift);
        goto out;
    }
    if (o->alpha < 1e-12) {
        status = upi_fail(err, UP_E_ARGUMENT, "alpha",
            "alpha is %g; a plan needs at least 1e-12", o->alpha);
        goto out;
    }
    UP_TRY(upi_spending_check(
        o->spending, o->spending_parameter, "spending_parameter", err));
    UP_TRY(check_futility(o, err));
out:
    return status;
}

static up_status
resolve(up_boundary_opts *o, const up_boundary_opts *theirs, up_error *err)
{
    up_status status = UP_OK;
    UP_TRY(upi_opts_copy(o, sizeof *o, theirs, err));
    o->alpha = o->alpha == 0 ? 0.05 : o->alpha;
    o->power = o->power == 0 ? 0.8 : o->power;
    o->n_looks = o->n_looks == 0 ? USUAL_LOOKS : o->n_looks;
    UP_TRY(check_options(o, err));
out:
    return status;
}

static up_status
set_looks(up_boundaries *b, const up_boundary_opts *o, up_error *err)
{
    up_status status = UP_OK;
    int64_t n = o->n_looks;
    if (n < 1 || n > UPI_GS_MOST_LOOKS) {
        return upi_gs_check_looks(n, NULL, "n_looks", err);
    }
    if (o->information != NULL) {
        UP_TRY(upi_gs_check_looks(n, o->information, "information", err));
    }
    UP_TRY(UP_NEW(&b->information, n, err));
    UP_TRY(UP_NEW(&b->look, n, err));
    for (int64_t k = 0; k < n; k++) {
        b->information[k] = o->information != NULL
                                ? o->information[k] / o->information[n - 1]
                                : (double)(k + 1) / (double)n;
        b->look[k].information = b->information[k];
        b->look[k].futility = (double)NAN;
        b->look[k].futility_spent = (double)NAN;
    }
out:
    return status;
}

static void
set_plan(up_boundaries *b, const up_boundary_opts *o)
{
    bool anytime = o->anytime != 0;
    double parameter = upi_spending_parameter(o->spending, o->spending_parameter);
    b->parameter = parameter;
    b->beta = 1 - o->power;
    b->beta_spending = o->futility_spending;
    b->beta_parameter =
        upi_spending_parameter(o->futility_spending, o->futility_parameter);
    b->plan = (up_boundary_plan){.n_looks = o->n_looks,
        .alpha = o->alpha,
        .sides = o->sides,
        .spending = o->spending,
        .spending_parameter = parameter,
        .anytime = anytime,
        .mixture = anytime ? upi_av_mixture(1, o->alpha, o->sides) : (double)NAN,
        .futility = o->futility};
    if (anytime || o->spending <= UP_SPENDING_POCOCK) {
        b->plan.spending_parameter = (double)NAN;
    }
}

up_status
up_boundaries_find(const up_boundary_opts *opts, up_boundaries **out, up_error *err)
{
    UP_GUARD(err);
    up_status status = UP_OK;
    up_boundary_opts o;
    up_boundaries *b = NULL;
    double drift = 0;
    UP_TRY(resolve(&o, opts, err));
    UP_TRY(UP_NEW(&b, 1, err));
    UP_TRY(set_looks(b, &o, err));
    set_plan(b, &o);
    UP_TRY(upi_plan_efficacy(b, err));
    drift = o.drift;
    if (drift == 0) {
        UP_TRY(upi_plan_drift(b, &drift, err));
    }
    UP_TRY(upi_plan_walk(b, drift, err));
    bool two = o.sides == UP_TWO_SIDED;
    for (int64_t k = 0; k < b->plan.n_looks; k++) {
        b->look[k].nominal_p = (two ? 2 : 1) * upi_normal_sf(b->look[k].efficacy);
    }
    double fixed = upi_normal_quantile(b->plan.power) -
                   upi_normal_quantile(o.alpha / (two ? 2 : 1));
    b->plan.inflation = (drift / fixed) * (drift / fixed);
    *out = b;
    b = NULL;
out:
    up_boundaries_free(b);
    return status;
}

up_boundary_plan
up_boundaries_plan(const up_boundaries *b)
{
    return b->plan;
}

up_look
up_boundaries_look(const up_boundaries *b, int64_t look)
{
    const double nan = (double)NAN;
    if (look < 0 || look >= b->plan.n_looks) {
        return (up_look){nan, nan, nan, nan, nan, nan, nan, nan, nan, nan};
    }
    return b->look[look];
}

void
up_boundaries_free(up_boundaries *b)
{
    if (b == NULL) {
        return;
    }
    upi_free(b->information);
    upi_free(b->look);
    upi_free(b);
}
