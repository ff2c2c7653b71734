/* Fixed, anytime-valid and group-sequential inference as one rule.
 *
 *   fixed    |t| against the quantile of t with df degrees of freedom
 *   anytime  E(t) >= 1/alpha, E the mixture likelihood ratio with r = g/(g + n); p = 1/E
 *   group    the bound c(alpha) that the spending function leaves for this look, on the
 *            normal scale; t is brought there by its tail probability. The p-value is
 *            repeated: the smallest alpha whose bound this look would have passed.
 *
 * Lindon et al. (2024) and methods/core.md section 5; Jennison and Turnbull (1989) for
 * repeated intervals. Trap: g must not depend on the data, so nothing here knows the size of
 * the whole experiment; n is that of the effect, since information arrives with its units. */
#include "effect/rule.h"

#include "num/dist.h"
#include "num/root.h"
#include "seq/anytime.h"

#include <math.h>
#include <string.h>

/* ---- group ---- */

/* The bound of the last look on the normal scale. */
static up_status
group_bound(upi_rule *r, int64_t sides, double alpha, double *z, up_error *err)
{
    up_status status = UP_OK;
    int64_t own = sides == UP_TWO_SIDED ? UP_TWO_SIDED : UP_GREATER;
    for (int64_t i = 0; i < r->n_bounds && i < UPI_RULE_BOUNDS; i++) {
        if (r->bound[i].alpha == alpha && r->bound[i].sides == own) {
            *z = r->bound[i].z;
            return UP_OK;
        }
    }
    r->plan.one_sided = own != UP_TWO_SIDED;
    UP_TRY(upi_gs_critical(&r->plan, alpha, z, err));
    int64_t slot = r->n_bounds++ % UPI_RULE_BOUNDS;
    r->bound[slot].alpha = alpha;
    r->bound[slot].sides = own;
    r->bound[slot].z = *z;
out:
    return status;
}

/* A statistic on the normal scale, by its tail probability. */
static double
normal_score(double t, double df)
{
    double z = isinf(df) ? fabs(t) : -upi_normal_quantile(upi_t_sf(fabs(t), df));
    return t < 0 ? -z : z;
}

static double
t_score(double z, double df)
{
    return isinf(df) || isinf(z) ? z : -upi_t_quantile(upi_normal_sf(z), df);
}

typedef struct repeated {
    upi_rule *r;
    int64_t sides;
    double z;
    up_status *status;
    up_error *err;
} repeated;

/* By how much the bound at this alpha lies above the statistic. */
static double
gap(double log_alpha, const void *ctx)
{
    const repeated *p = ctx;
    double z = 0;
    p->r->plan.one_sided = p->sides != UP_TWO_SIDED;
    if (*p->status == UP_OK) {
        *p->status = upi_gs_critical(&p->r->plan, exp(log_alpha), &z, p->err);
    }
    return *p->status == UP_OK ? z - p->z : (double)NAN;
}

/* The repeated p-value. Below the least level it is that level, above the largest 1. */
static up_status
group_p(upi_rule *r, int64_t sides, double z, double *p, up_error *err)
{
    static const double least = 1e-15;
    static const double most = 0.999;
    up_status status = UP_OK;
    double own = sides == UP_TWO_SIDED ? fabs(z) : sides == UP_GREATER ? z : -z;
    repeated ctx = {r, sides, own, &status, err};
    if (gap(log(least), &ctx) <= 0) {
        *p = least;
    } else if (gap(log(most), &ctx) > 0) {
        *p = 1;
    } else if (status == UP_OK) {
        *p = exp(upi_root(gap, &ctx, log(least), log(most)));
    }
    if (status != UP_OK) {
        return status;
    }
    /* The root is found to rounding; at the level itself the bound decides. */
    double bound = 0;
    UP_TRY(group_bound(r, sides, r->alpha, &bound, err));
    bool beyond = own >= bound;
    if (beyond != (*p <= r->alpha)) {
        *p = beyond ? r->alpha : nextafter(r->alpha, 1);
    }
out:
    return status;
}

/* ---- options ---- */

static up_status
refuse_number(double x, const char *field, up_error *err)
{
    return upi_fail(err, UP_E_ARGUMENT, field,
        "%s is %g, but has to be a finite number above 0", field, x);
}

static up_status
make_anytime(const up_effect_opts *o, upi_rule *r, up_error *err)
{
    if (o->mixture != 0) {
        r->mixture = o->mixture;
        return o->mixture > 0 && isfinite(o->mixture)
                   ? UP_OK
                   : refuse_number(o->mixture, "mixture", err);
    }
    if (o->planned == 0) {
        (void)upi_fail(err, UP_E_ARGUMENT, "planned",
            "anytime-valid inference needs the planned size: a mixture that is tuned "
            "to "
            "the size at hand is tuned after looking, and its promise is void");
        return upi_fix(err,
            "give planned, the number of units (rows, or clusters where there are "
            "clusters) at which the experiment was meant to be read");
    }
    r->mixture = upi_av_mixture(o->planned, r->alpha, o->sides);
    return UP_OK;
}

/* Information is given as fractions, or above 1 as units of the planned size. */
static up_status
read_information(const up_effect_opts *o, double *information, up_error *err)
{
    int64_t n = o->n_information;
    bool units = o->information[n - 1] > 1;
    if (units && o->planned == 0) {
        (void)upi_fail(err, UP_E_ARGUMENT, "information",
            "information %g is above 1, and without a planned size it is a fraction",
            o->information[n - 1]);
        return upi_fix(err, "give planned, the size at which the plan ends, as well");
    }
    for (int64_t i = 0; i < n; i++) {
        double x = o->information[i];
        double before = i > 0 ? o->information[i - 1] : 0;
        if (!(x > before) || !isfinite(x) || (units && x <= 1)) {
            (void)upi_fail(err, UP_E_ARGUMENT, "information",
                "look %lld has information %g after %g: looks have to ascend from "
                "above 0, all as fractions or all as units",
                (long long)i + 1, x, before);
            return upi_fix(err, "information 0.25,0.5 stands for two looks so far");
        }
        information[i] = units ? x / o->planned : x;
        if (information[i] >= 1 && i < n - 1) {
            return upi_fail(err, UP_E_ARGUMENT, "information",
                "look %lld has all the information that was planned, so that no look "
                "can follow it",
                (long long)i + 1);
        }
    }
    information[n - 1] = fmin(information[n - 1], 1);
    return UP_OK;
}

static up_status
make_group(const up_effect_opts *o, upi_rule *r, up_error *err)
{
    up_status status = UP_OK;
    if (o->n_information < 1 || o->information == NULL) {
        (void)upi_fail(err, UP_E_ARGUMENT, "information",
            "group-sequential inference needs the information at every look so far");
        (void)upi_fix(
            err, "information 0.25,0.5: the second look, at half of what is planned");
        return UP_E_ARGUMENT;
    }
    UP_TRY(UP_NEW(&r->information, o->n_information, err));
    UP_TRY(read_information(o, r->information, err));
    r->plan = (upi_gs_plan){.spending = o->spending,
        .parameter = o->spending_parameter,
        .n_looks = o->n_information,
        .information = r->information};
    /* The plan itself is judged by the first bound that is asked of it. */
    UP_TRY(group_bound(r, o->sides, r->alpha, &r->first_bound, err));
out:
    return status;
}

up_status
upi_rule_make(const up_effect_opts *o, upi_rule *out, up_error *err)
{
    up_status status = UP_OK;
    bool planned = o->planned != 0;
    *out = (upi_rule){.inference = o->inference,
        .sides = o->sides,
        .alpha = 1 - o->level,
        .mixture = (double)NAN,
        .first_bound = (double)NAN,
        .planned = planned ? o->planned : (double)NAN};
    if (planned && !(o->planned > 0 && isfinite(o->planned))) {
        return refuse_number(o->planned, "planned", err);
    }
    if (o->sides != UP_TWO_SIDED && !(out->alpha < 0.5)) {
        return upi_fail(err, UP_E_ARGUMENT, "level",
            "level is %g, but one-sided inference needs one above 0.5", o->level);
    }
    if (o->inference == UP_INFERENCE_ANYTIME) {
        UP_TRY(make_anytime(o, out, err));
    } else if (o->inference == UP_INFERENCE_GROUP) {
        UP_TRY(make_group(o, out, err));
    }
out:
    return status;
}

void
upi_rule_release(upi_rule *r)
{
    upi_free(r->information);
    r->information = NULL;
}

/* ---- the rule ---- */

up_status
upi_rule_critical(upi_rule *r, const upi_look *at, int64_t sides, double alpha,
    double *crit, up_error *err)
{
    up_status status = UP_OK;
    double tail = sides == UP_TWO_SIDED ? alpha / 2 : alpha;
    if (r->inference == UP_INFERENCE_ANYTIME) {
        double share = r->mixture / (r->mixture + at->units);
        *crit = at->form == UP_FORM_T ? upi_av_radius_t(at->df, share, alpha, sides)
                                      : upi_av_radius_normal(share, alpha, sides);
    } else if (r->inference == UP_INFERENCE_GROUP) {
        double z = 0;
        UP_TRY(group_bound(r, sides, alpha, &z, err));
        *crit = t_score(z, at->df);
    } else {
        *crit = -upi_t_quantile(tail, at->df);
    }
out:
    return status;
}

up_status
upi_rule_test(upi_rule *r, const upi_look *at, int64_t sides, double statistic,
    upi_verdict *out, up_error *err)
{
    *out = (upi_verdict){(double)NAN, (double)NAN};
    if (isnan(statistic)) {
        return UP_OK;
    }
    if (r->inference == UP_INFERENCE_ANYTIME) {
        double share = r->mixture / (r->mixture + at->units);
        out->log_e = at->form == UP_FORM_T
                         ? upi_av_log_e_t(statistic, at->df, share, sides)
                         : upi_av_log_e_normal(statistic, share, sides);
        out->p = upi_av_p(out->log_e);
        return UP_OK;
    }
    if (r->inference == UP_INFERENCE_GROUP) {
        return group_p(r, sides, normal_score(statistic, at->df), &out->p, err);
    }
    out->p = sides == UP_TWO_SIDED
                 ? upi_t_two_sided(statistic, at->df)
                 : upi_t_sf(sides == UP_GREATER ? statistic : -statistic, at->df);
    return UP_OK;
}

double
upi_rule_joint(const upi_rule *r, const upi_look *at, double f, double d)
{
    double share = r->mixture / (r->mixture + at->units);
    if (r->inference != UP_INFERENCE_ANYTIME) {
        return upi_f_sf(f, d, at->df);
    }
    return upi_av_p(at->form == UP_FORM_T ? upi_av_log_e_f(f, d, at->df, share)
                                          : upi_av_log_e_wald(f * d, d, share));
}
