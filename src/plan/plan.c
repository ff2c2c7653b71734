/* From the options of a plan to the standard errors of its comparisons:
 *
 *     se_k^2 = v_0/n_0 + v_k/n_k,   v = sd^2 (1 - r2) (1 + ((cv^2 + 1) m - 1) icc)
 *
 * with v = p(1 - p) ... for a share and the linearised variance for a ratio; docs/planning.md
 * eqs. 1-5. Clusters: Eldridge, Ashby & Kerry (2006) eq. 3; degrees of freedom from clusters. */
#include "plan/plan.h"

#include "base/base.h"
#include "base/opts.h"
#include "num/dist.h"

#include <math.h>
#include <string.h>

/* One number of the options with its range; open ends are excluded. */
typedef struct bound {
    const char *name;
    double value, low, high;
    bool open_low, open_high;
} bound;

static up_status
check_bounds(const bound *b, size_t n, up_error *err)
{
    for (size_t i = 0; i < n; i++) {
        double x = b[i].value;
        bool inside = (b[i].open_low ? x > b[i].low : x >= b[i].low) &&
                      (b[i].open_high ? x < b[i].high : x <= b[i].high);
        if (!inside) {
            char low[UPI_DOUBLE_CHARS], high[UPI_DOUBLE_CHARS], got[UPI_DOUBLE_CHARS];
            upi_double_text_digits(b[i].low, 6, low);
            upi_double_text_digits(b[i].high, 6, high);
            upi_double_text_digits(x, 6, got);
            return upi_fail(err, UP_E_ARGUMENT, b[i].name,
                "%s is %s; it goes from %s%s to %s%s", b[i].name, got, low,
                b[i].open_low ? " (excluded)" : "", high,
                b[i].open_high ? " (excluded)" : "");
        }
    }
    return UP_OK;
}

static up_status
check_numbers(const up_power_opts *o, up_error *err)
{
    const double most = 1e300;
    const bound bounds[] = {
        {"metric", (double)o->metric, 0, 2, false, false},
        {"mean", o->mean, -most, most, false, false},
        {"sd", o->sd, 0, most, false, false},
        {"denominator_mean", o->denominator_mean, -most, most, false, false},
        {"denominator_sd", o->denominator_sd, 0, most, false, false},
        {"correlation", o->correlation, -1, 1, false, false},
        {"effect", o->effect, -most, most, false, false},
        {"units", o->units, 0, 1e15, false, false},
        {"power", o->power, 0, 1, false, true},
        {"alpha", o->alpha, 0, 0.5, true, false},
        {"sides", (double)o->sides, 0, 2, false, false},
        {"test", (double)o->test, 0, 2, false, false},
        {"margin", o->margin, 0, most, false, false},
        {"arms", (double)o->arms, 2, UP_POWER_ARMS, false, false},
        {"adjust", (double)o->adjust, 0, 2, false, false},
        {"power_of", (double)o->power_of, 0, 2, false, false},
        {"null_variance", (double)o->null_variance, 0, 1, false, false},
        {"r2", o->r2, 0, 1, false, true},
        {"cluster_size", o->cluster_size, 0, 1e15, false, false},
        {"cluster_cv", o->cluster_cv, 0, 1e6, false, false},
        {"icc", o->icc, 0, 1, false, false},
        {"takeup", o->takeup, 0, 1, true, false},
        {"crossover", o->crossover, 0, 1, false, true},
        {"attrition", o->attrition, 0, 1, false, true},
        {"known_std_error", o->known_std_error, 0, most, false, false},
        {"known_units", o->known_units, 0, 1e15, false, false},
        {"known_control_share", o->known_control_share, 0, 1, true, true},
        {"known_arm_share", o->known_arm_share, 0, 1, true, true},
        {"inference", (double)o->inference, 0, 2, false, false},
        {"per_day", o->per_day, 0, 1e15, false, false},
    };
    return check_bounds(bounds, sizeof bounds / sizeof bounds[0], err);
}

static up_status
read_shares(upi_power_plan *p, up_error *err)
{
    double total = 0;
    for (int64_t k = 0; k < p->o.arms; k++) {
        p->share[k] = p->o.shares != NULL ? p->o.shares[k] : 1 / (double)p->o.arms;
        if (!(p->share[k] > 0 && p->share[k] < 1)) {
            return upi_fail(err, UP_E_ARGUMENT, "shares",
                "the share of arm %lld is %g; each is above 0 and below 1",
                (long long)k + 1, p->share[k]);
        }
        total += p->share[k];
    }
    if (!(fabs(total - 1) < 1e-9)) {
        (void)upi_fail(err, UP_E_ARGUMENT, "shares", "the shares add up to %g", total);
        return upi_fix(err, "let them add up to 1, control first");
    }
    p->o.shares = NULL;
    return UP_OK;
}

static up_status
need(bool ok, const char *field, const char *what, up_error *err)
{
    return ok ? UP_OK : upi_fail(err, UP_E_ARGUMENT, field, "%s", what);
}

/* The variance of a unit without clusters, and the baseline. */
static up_status
read_metric(upi_power_plan *p, double *variance, up_error *err)
{
    up_status status = UP_OK;
    const up_power_opts *o = &p->o;
    bool known = o->known_std_error > 0;
    p->baseline = o->mean;
    *variance = o->sd * o->sd;
    UP_TRY(need(o->known_std_error == 0 || o->known_units > 0, "known_units",
        "a known standard error needs the units that it was found with", err));
    if (o->metric == UP_POWER_PROPORTION) {
        UP_TRY(need(o->mean > 0 && o->mean < 1, "mean",
            "a proportion needs its share under control, above 0 and below 1", err));
        *variance = 1;
    } else if (o->metric == UP_POWER_RATIO && !known) {
        UP_TRY(need(o->denominator_mean != 0, "denominator_mean",
            "a ratio needs the mean of its denominator, not 0", err));
        double r = o->mean / o->denominator_mean;
        double a = o->sd;
        double b = r * o->denominator_sd;
        p->baseline = r;
        *variance = fmax(0, a * a - 2 * o->correlation * a * b + b * b) /
                    (o->denominator_mean * o->denominator_mean);
    }
    UP_TRY(need(known || *variance > 0, "sd",
        "the standard deviation of a unit is needed, above 0", err));
    if (known) {
        double c = o->known_control_share;
        double a = o->known_arm_share;
        *variance =
            o->known_std_error * o->known_std_error * o->known_units / (1 / c + 1 / a);
    }
out:
    return status;
}

static up_status
check_test(const upi_power_plan *p, up_error *err)
{
    up_status status = UP_OK;
    const up_power_opts *o = &p->o;
    bool margin = o->test != UP_POWER_SUPERIORITY;
    bool family = o->power_of != UP_POWER_OF_EACH || o->adjust == UP_POWER_DUNNETT;
    UP_TRY(need(margin || o->margin == 0, "margin",
        "a margin belongs to a non-inferiority or an equivalence test", err));
    UP_TRY(need(o->test != UP_POWER_EQUIVALENCE || o->sides == UP_TWO_SIDED, "sides",
        "an equivalence test has no direction", err));
    UP_TRY(need(o->test != UP_POWER_EQUIVALENCE || !family, "power_of",
        "with an equivalence test power is that of each comparison, and alpha is not "
        "adjusted by Dunnett",
        err));
    UP_TRY(need(o->inference == UP_INFERENCE_FIXED ||
                    (!family && o->test != UP_POWER_EQUIVALENCE),
        "inference",
        "several looks go with superiority and non-inferiority, for the power of each "
        "comparison, without Dunnett",
        err));
    UP_TRY(need(
        o->null_variance == UP_POWER_UNPOOLED ||
            (o->metric == UP_POWER_PROPORTION && !margin && o->known_std_error == 0),
        "null_variance", "a pooled variance is that of a proportion under superiority",
        err));
    UP_TRY(need(o->takeup > o->crossover, "crossover",
        "takeup must be above crossover: else assignment moves nobody", err));
    UP_TRY(need(!o->relative || p->baseline != 0, "mean",
        "a relative effect needs a baseline that is not 0", err));
    UP_TRY(need(o->units == 0 || o->effect == 0 || o->power == 0 || margin, "power",
        "units and effect are given, so the power is found; leave it out", err));
    UP_TRY(need(o->units == 0 || o->margin == 0 || o->power == 0 || !margin, "power",
        "units and margin are given, so the power is found; leave it out", err));
    UP_TRY(need(margin || o->units > 0 || o->effect != 0, "effect",
        "give an effect (for the units), units (for the smallest effect), or both (for "
        "the power)",
        err));
    UP_TRY(need(!margin || o->units > 0 || o->margin > 0, "margin",
        "give a margin (for the units), units (for the smallest margin), or both (for "
        "the power)",
        err));
    UP_TRY(need(margin || o->sides != UP_GREATER || o->effect >= 0, "effect",
        "the effect is negative, but the test looks for more", err));
    UP_TRY(need(margin || o->sides != UP_LESS || o->effect <= 0, "effect",
        "the effect is positive, but the test looks for less", err));
out:
    return status;
}

up_status
upi_power_plan_read(const up_power_opts *opts, upi_power_plan *out, up_error *err)
{
    up_status status = UP_OK;
    upi_power_plan p = {0};
    double variance = 0;
    UP_TRY(upi_opts_copy(&p.o, sizeof p.o, opts, err));
    up_power_opts *o = &p.o;
    o->alpha = o->alpha == 0 ? 0.05 : o->alpha;
    o->arms = o->arms == 0 ? 2 : o->arms;
    o->takeup = o->takeup == 0 ? 1 : o->takeup;
    o->known_control_share = o->known_control_share == 0 ? 0.5 : o->known_control_share;
    o->known_arm_share = o->known_arm_share == 0 ? 0.5 : o->known_arm_share;
    UP_TRY(check_numbers(o, err));
    UP_TRY(read_shares(&p, err));
    UP_TRY(read_metric(&p, &variance, err));
    UP_TRY(check_test(&p, err));
    double scale = o->relative ? fabs(p.baseline) : 1;
    o->effect *= scale;
    o->margin *= scale;
    o->relative = 0;
    p.dilution = o->takeup - o->crossover;
    p.size = o->cluster_size * (1 - o->attrition);
    bool known = o->known_std_error > 0;
    double cv2 = o->cluster_cv * o->cluster_cv;
    p.design_effect = p.size > 0 ? 1 + ((cv2 + 1) * p.size - 1) * o->icc : 1;
    p.variance = variance * (known ? 1 : (1 - o->r2) * fmax(p.design_effect, 0));
    p.design_effect = known ? (double)NAN : p.design_effect;
    p.two_sided = o->test == UP_POWER_SUPERIORITY && o->sides == UP_TWO_SIDED;
    p.tests = o->adjust == UP_POWER_BONFERRONI ? (double)(o->arms - 1) : 1;
    *out = p;
out:
    return status;
}

/* The factor of `variance` in arm k. */
static double
spread(const upi_power_plan *p, double effect, int64_t arm)
{
    if (p->o.metric != UP_POWER_PROPORTION || p->o.known_std_error > 0) {
        return 1;
    }
    double share = p->baseline + (arm > 0 ? effect * p->dilution : 0);
    return share * (1 - share);
}

bool
upi_power_plan_possible(const upi_power_plan *p, double effect)
{
    double share = p->baseline + effect * p->dilution;
    return p->o.metric != UP_POWER_PROPORTION || (share > 0 && share < 1);
}

/* The standard error under no effect over that under the effect: 1 when unpooled. */
static double
null_ratio(
    const upi_power_plan *p, const double *n, int64_t k, double effect, double se)
{
    if (p->o.null_variance == UP_POWER_UNPOOLED) {
        return 1;
    }
    double itt = effect * p->dilution;
    double mean = p->baseline + itt * n[k] / (n[0] + n[k]);
    double seen = 1 - p->o.attrition;
    return sqrt(p->variance * mean * (1 - mean) * (1 / n[0] + 1 / n[k]) / seen) / se;
}

/* What comparison k shares with the others, and its drift. */
static void
set_comparison(const upi_power_plan *p, const double *n, int64_t k,
    const double effects[2], upi_family *f, double *se)
{
    double seen = 1 - p->o.attrition;
    double v0 = p->variance * spread(p, effects[0], 0) / (n[0] * seen);
    double vk = p->variance * spread(p, effects[0], k) / (n[k] * seen);
    double itt = effects[0] * p->dilution;
    double sign = p->o.sides == UP_LESS ? -1 : 1;
    *se = sqrt(v0 + vk);
    f->loading[k - 1] = sqrt(v0 / (v0 + vk));
    f->drift[k - 1] = (sign * itt + effects[1]) / *se;
}

static double
total(const upi_power_plan *p, const double *n)
{
    double sum = 0;
    for (int64_t k = 0; k < p->o.arms; k++) {
        sum += n[k];
    }
    return sum;
}

static double
degrees(const upi_power_plan *p, const double *n)
{
    if (p->o.normal) {
        return INFINITY;
    }
    double units = total(p, n);
    double independent = p->o.cluster_size > 0 ? units / p->o.cluster_size
                                               : units * (1 - p->o.attrition);
    return independent - (double)p->o.arms;
}

upi_outlook
upi_power_plan_outlook(
    const upi_power_plan *p, const double *n, double effect, double margin)
{
    upi_outlook out = {.df = degrees(p, n)};
    upi_family f = {.n = p->o.arms - 1, .df = out.df, .two_sided = p->two_sided};
    double effects[2] = {effect, margin};
    int64_t worst = 1;
    if (!(out.df > 0)) {
        out.critical = INFINITY;
        return out;
    }
    for (int64_t k = 1; k < p->o.arms; k++) {
        set_comparison(p, n, k, effects, &f, &out.se[k]);
        worst = out.se[k] > out.se[worst] ? k : worst;
    }
    out.worst_se = out.se[worst];
    out.drift = f.drift[worst - 1];
    double tail = p->o.alpha / (p->tests * (p->two_sided ? 2 : 1));
    out.critical = p->o.adjust == UP_POWER_DUNNETT
                       ? upi_dunnett_critical(&f, p->o.alpha)
                       : upi_t_quantile(1 - tail, out.df);
    for (int64_t k = 1; k < p->o.arms; k++) {
        f.critical[k - 1] = out.critical * null_ratio(p, n, k, effect, out.se[k]);
    }
    if (p->o.test == UP_POWER_EQUIVALENCE) {
        double itt = effect * p->dilution;
        out.power = upi_chance_equivalence((margin + itt) / out.worst_se,
            (margin - itt) / out.worst_se, out.df, out.critical);
    } else if (p->o.power_of == UP_POWER_OF_ANY) {
        out.power = upi_chance_any(&f);
    } else if (p->o.power_of == UP_POWER_OF_ALL) {
        out.power = upi_chance_all(&f);
    } else {
        out.power =
            upi_chance(f.drift[worst - 1], out.df, f.critical[worst - 1], p->two_sided);
    }
    return out;
}
