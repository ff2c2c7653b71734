/* Power by simulation from moments: the control arm is the population, experiments of the wanted
 * size are drawn from it, an effect is put into one arm, and the real engine fits and tests.
 * Clusters are drawn with replacement (Efron & Tibshirani 1993, ch. 6). Independent rows are
 * drawn through what a fit uses of them: the number of each kind by multinomial splitting, their
 * mean N(mu, s^2/n) and sum of squares s^2 chi-square(n - 1), or a binomial count for a
 * proportion. So a replicate costs a fit of groups, whatever the number of rows. */
#include "base/base.h"
#include "base/opts.h"
#include "base/pool.h"
#include "fit/model.h"
#include "moments/moments.h"
#include "num/dist.h"
#include "num/rng.h"
#include "plan/plan.h"

#include <math.h>
#include <string.h>

typedef struct outcome {
    bool fitted, rejects, covers;
    double estimate;
} outcome;

typedef struct simulation {
    const up_moments *m;
    const up_linear_opts *linear;
    const char *metric;
    int64_t arm[2];   /* levels of control and the arm */
    int64_t *control; /* (n_control) groups of control */
    int64_t n_control;
    int64_t *cluster; /* (n_clusters + 1) where each cluster begins in control */
    int64_t n_clusters;
    int64_t y;                 /* place of the component among the numbers of a group */
    bool share;                /* it is 0 or 1 */
    double rows, mean, pooled; /* of control */
    double units[2];
    double effect, alpha;
    int64_t sides;
    uint64_t seed;
    outcome *outcomes;
} simulation;

/* One replicate: the arrays that differ from those of m. */
typedef struct draw {
    up_moments m;
    int64_t capacity;
} draw;

static int64_t
width(const up_moments *m)
{
    return m->nx + m->ny;
}

static double
variance_at(const simulation *s, int64_t group, int64_t v)
{
    const up_moments *m = s->m;
    int64_t nv = width(m);
    if (m->n[group] < 2) {
        return s->pooled;
    }
    return m->m2[group * nv * (nv + 1) / 2 + v * (v + 3) / 2] /
           (double)(m->n[group] - 1);
}

/* The mean of control in a group with the effect put in. A share moves in proportion to the room
 * it has, so that it stays one and moves by the effect on average. */
static double
with_effect(const simulation *s, double mean)
{
    if (!s->share) {
        return mean + s->effect;
    }
    return s->effect > 0 ? mean + s->effect * (1 - mean) / (1 - s->mean)
                         : mean + s->effect * mean / s->mean;
}

static up_status
make_room(const up_moments *m, draw *d, int64_t need, up_error *err)
{
    up_status status = UP_OK;
    int64_t nv = width(m);
    int64_t had[5] = {d->capacity * m->n_keys, d->capacity * nv, d->capacity,
        d->capacity, d->capacity * nv * (nv + 1) / 2};
    if (need <= d->capacity) {
        return UP_OK;
    }
    int64_t room = need + need / 2 + 16;
    UP_TRY(UP_RESERVE(&d->m.code, &had[0], room * m->n_keys, err));
    UP_TRY(UP_RESERVE(&d->m.mean, &had[1], room * nv, err));
    UP_TRY(UP_RESERVE(&d->m.n, &had[2], room, err));
    if (m->ways > 0) {
        UP_TRY(UP_RESERVE(&d->m.cluster[0], &had[3], room, err));
    }
    if (m->m2 != NULL) {
        UP_TRY(UP_RESERVE(&d->m.m2, &had[4], room * nv * (nv + 1) / 2, err));
    }
    d->capacity = room;
out:
    return status;
}

/* Appends a group of control to the draw, as one of `arm` in {0, 1}. */
static up_status
append(const simulation *s, draw *d, int64_t group, int64_t arm, up_error *err)
{
    const up_moments *m = s->m;
    int64_t nv = width(m);
    int64_t triangle = nv * (nv + 1) / 2;
    int64_t k = d->m.n_groups;
    up_status status = make_room(m, d, k + 1, err);
    if (status != UP_OK) {
        return status;
    }
    memcpy(&d->m.code[k * m->n_keys], &m->code[group * m->n_keys],
        (size_t)m->n_keys * sizeof *m->code);
    d->m.code[k * m->n_keys + m->arm] = (int32_t)s->arm[arm];
    memcpy(&d->m.mean[k * nv], &m->mean[group * nv], (size_t)nv * sizeof *m->mean);
    if (m->m2 != NULL) {
        memcpy(&d->m.m2[k * triangle], &m->m2[group * triangle],
            (size_t)triangle * sizeof *m->m2);
    }
    d->m.n[k] = m->n[group];
    d->m.n_groups++;
    return UP_OK;
}

/* n rows of a kind, through their sums. */
static void
draw_sums(
    const simulation *s, draw *d, int64_t group, int64_t n, int64_t arm, upi_rng *r)
{
    int64_t nv = width(s->m);
    int64_t k = d->m.n_groups - 1;
    double *mean = &d->m.mean[k * nv];
    double *m2 = &d->m.m2[k * nv * (nv + 1) / 2];
    double mu = mean[s->y];
    memset(m2, 0, (size_t)(nv * (nv + 1) / 2) * sizeof *m2);
    d->m.n[k] = n;
    if (s->share) {
        double p = fmin(1, fmax(0, arm == 1 ? with_effect(s, mu) : mu));
        mean[s->y] = (double)upi_rng_binomial(r, n, p) / (double)n;
        m2[s->y * (s->y + 3) / 2] = (double)n * mean[s->y] * (1 - mean[s->y]);
        return;
    }
    double variance = variance_at(s, group, s->y);
    mean[s->y] = (arm == 1 ? with_effect(s, mu) : mu) +
                 sqrt(variance / (double)n) * upi_rng_normal(r);
    m2[s->y * (s->y + 3) / 2] =
        n > 1 ? 2 * variance * upi_rng_gamma(r, 0.5 * (double)(n - 1)) : 0;
}

/* The rows of one arm, kind by kind. */
static up_status
draw_arm(const simulation *s, draw *d, int64_t arm, upi_rng *r, up_error *err)
{
    up_status status = UP_OK;
    int64_t left = llround(s->units[arm]);
    double rest = s->rows;
    for (int64_t i = 0; i < s->n_control && left > 0; i++) {
        double here = (double)s->m->n[s->control[i]];
        int64_t n =
            i + 1 == s->n_control ? left : upi_rng_binomial(r, left, here / rest);
        rest -= here;
        left -= n;
        if (n == 0) {
            continue;
        }
        UP_TRY(append(s, d, s->control[i], arm, err));
        draw_sums(s, d, s->control[i], n, arm, r);
    }
out:
    return status;
}

static up_status
draw_rows(const simulation *s, draw *d, upi_rng *r, up_error *err)
{
    /* groups stand in the order of the levels of the arm */
    int64_t first = s->arm[0] < s->arm[1] ? 0 : 1;
    up_status status = draw_arm(s, d, first, r, err);
    return status == UP_OK ? draw_arm(s, d, 1 - first, r, err) : status;
}

static up_status
draw_cluster(
    const simulation *s, draw *d, int64_t c, int64_t arm, upi_rng *r, up_error *err)
{
    up_status status = UP_OK;
    int64_t pick = upi_rng_below(r, s->n_clusters);
    for (int64_t i = s->cluster[pick]; i < s->cluster[pick + 1]; i++) {
        UP_TRY(append(s, d, s->control[i], arm, err));
        int64_t k = d->m.n_groups - 1;
        double *mean = &d->m.mean[k * width(s->m) + s->y];
        d->m.cluster[0][k] = (uint64_t)c;
        *mean = arm == 1 ? with_effect(s, *mean) : *mean;
    }
out:
    return status;
}

static up_status
draw_clusters(const simulation *s, draw *d, upi_rng *r, up_error *err)
{
    up_status status = UP_OK;
    double size = s->rows / (double)s->n_clusters;
    int64_t control = llround(s->units[0] / size);
    int64_t all = control + llround(s->units[1] / size);
    for (int64_t c = 0; c < all && status == UP_OK; c++) {
        status = draw_cluster(s, d, c, c < control ? 0 : 1, r, err);
    }
    return status;
}

static void
judge(const simulation *s, const up_effect *e, outcome *o)
{
    double t = s->sides == UP_LESS ? -e->statistic : e->statistic;
    double p =
        s->sides == UP_TWO_SIDED ? upi_t_two_sided(t, e->df) : upi_t_sf(t, e->df);
    *o = (outcome){.fitted = true,
        .rejects = p <= s->alpha,
        .covers = e->ci_low <= s->effect && s->effect <= e->ci_high,
        .estimate = e->estimate};
}

static bool
tolerable(up_status status)
{
    return status == UP_E_SINGULAR || status == UP_E_NO_VARIATION ||
           status == UP_E_CLUSTER || status == UP_E_ARMS;
}

static up_status
replicate(void *ctx, int64_t chunk, int worker, up_error *err)
{
    (void)worker;
    up_status status = UP_OK;
    simulation *s = ctx;
    draw d = {.m = *s->m};
    up_model *model = NULL;
    up_effects *effects = NULL;
    up_error own = UP_ERROR_INIT;
    upi_rng r = upi_rng_make(s->seed, UPI_STREAM_RESAMPLE, (uint64_t)chunk, 0);
    d.m.n_groups = 0;
    d.m.code = NULL;
    d.m.n = NULL;
    d.m.mean = d.m.m2 = NULL;
    d.m.cluster[0] = NULL;
    d.m.rows = NULL;
    d.m.robust = NULL;
    d.m.notes = (upi_notes){0};
    UP_TRY(s->m->ways > 0 ? draw_clusters(s, &d, &r, err) : draw_rows(s, &d, &r, err));
    d.m.n_rows = 0;
    for (int64_t g = 0; g < d.m.n_groups; g++) {
        d.m.n_rows += d.m.n[g];
    }
    d.m.n_read = d.m.n_rows;
    status = up_fit_linear(&d.m, s->linear, UP_RUN(.threads = 1), &model, &own);
    if (status == UP_OK) {
        status = up_infer_effect(model,
            UP_EFFECT_OPTS(.estimand = UP_ESTIMAND_ITT, .scale = UP_SCALE_ABSOLUTE,
                .metrics = &s->metric, .n_metrics = 1),
            &effects, &own);
    }
    if (status == UP_OK) {
        up_effect e = up_effects_get(effects, 0);
        judge(s, &e, &s->outcomes[chunk]);
    } else if (tolerable(status)) {
        status = UP_OK;
    } else {
        *err = own;
    }
out:
    up_effects_free(effects);
    up_model_free(model);
    upi_notes_free(&d.m.notes);
    upi_free(d.m.code);
    upi_free(d.m.n);
    upi_free(d.m.mean);
    upi_free(d.m.m2);
    upi_free(d.m.cluster[0]);
    return status;
}

static up_status
check_moments(const up_moments *m, up_error *err)
{
    const upi_metric *metric = &m->experiment->metrics[0];
    const char *why = NULL;
    if (metric->kind == UPI_METRIC_RATIO) {
        why = "a ratio";
    } else if (m->treated >= 0 || m->instrument >= 0) {
        why = "noncompliance: simulate the effect of assignment, without --treated";
    } else if (m->propensity >= 0 || m->row_weighted) {
        why = "propensities or continuous weights";
    } else if (m->ways == 0 && (m->form != UPI_MEAN || m->m2 == NULL)) {
        why = "continuous covariates without clusters";
    } else if (m->ways > 1 || m->form == UPI_TRI) {
        why = "two ways of clustering";
    } else if (m->arm != 0) {
        why = "this order of keys";
    }
    if (why == NULL) {
        return UP_OK;
    }
    (void)upi_fail(err, UP_E_NEEDS_ROWS, "simulate",
        "experiments cannot be drawn from these moments: they hold %s", why);
    return upi_fix(err,
        "leave --simulate out: the power from the standard error needs no "
        "such draws");
}

/* The groups of control and where its clusters begin. */
static up_status
find_population(simulation *s, up_error *err)
{
    up_status status = UP_OK;
    const up_moments *m = s->m;
    double rows = 0, sum = 0, squares = 0, free = 0;
    int64_t nv = width(m);
    UP_TRY(UP_NEW(&s->control, m->n_groups, err));
    UP_TRY(UP_NEW(&s->cluster, m->n_groups + 1, err));
    for (int64_t g = 0; g < m->n_groups; g++) {
        if (upi_moments_code(m, g, m->arm) != s->arm[0]) {
            continue;
        }
        int64_t i = s->n_control++;
        s->control[i] = g;
        if (m->ways > 0 &&
            (i == 0 || m->cluster[0][g] != m->cluster[0][s->control[i - 1]])) {
            s->cluster[s->n_clusters++] = i;
        }
        double n = (double)m->n[g];
        rows += n;
        sum += n * m->mean[g * nv + s->y];
        squares +=
            m->m2 != NULL ? m->m2[g * nv * (nv + 1) / 2 + s->y * (s->y + 3) / 2] : 0;
        free += n - 1;
    }
    s->cluster[s->n_clusters] = s->n_control;
    s->rows = rows;
    s->mean = sum / rows;
    s->pooled = free > 0 ? squares / free : 0;
out:
    return status;
}

static up_status
prepare(simulation *s, const up_power_opts *opts, up_error *err)
{
    up_status status = UP_OK;
    const up_moments *m = s->m;
    upi_power_plan p;
    up_power_opts o;
    UP_TRY(upi_opts_copy(&o, sizeof o, opts, err));
    UP_TRY(check_moments(m, err));
    if (m->n_arms != 2 || (o.arms != 0 && o.arms != 2)) {
        status =
            upi_fail(err, UP_E_ARMS, "simulate", "power is simulated for two arms");
        goto out;
    }
    s->metric = m->experiment->metrics[0].name;
    s->share = m->experiment->metrics[0].kind == UPI_METRIC_PROPORTION;
    s->y = m->nx + m->experiment->metrics[0].component;
    UP_TRY(upi_moments_control(m, m->arm, &s->arm[0], err));
    s->arm[1] = 1 - s->arm[0];
    UP_TRY(find_population(s, err));
    /* the plan checks the numbers; what it needs of the data is given */
    o.struct_size = sizeof o;
    o.metric = s->share ? UP_POWER_PROPORTION : UP_POWER_MEAN;
    o.mean = s->mean;
    o.known_std_error = 1;
    o.known_units = 1;
    o.power = 0;
    o.units = o.units == 0 ? (double)m->n_rows : o.units;
    UP_TRY(upi_power_plan_read(&o, &p, err));
    if (p.o.test != UP_POWER_SUPERIORITY || p.o.inference != UP_INFERENCE_FIXED ||
        !upi_power_plan_possible(&p, p.o.effect)) {
        status = upi_fail(err, UP_E_ARGUMENT, "simulate",
            "power is simulated for superiority at one look, by an effect that is "
            "possible");
        goto out;
    }
    s->effect = p.o.effect;
    s->alpha = p.o.alpha;
    s->sides = p.o.sides;
    for (int k = 0; k < 2; k++) {
        s->units[k] = p.o.units * p.share[k] * (1 - p.o.attrition);
    }
out:
    return status;
}

static up_status
summarise(const simulation *s, int64_t n, up_power_simulated *out, up_error *err)
{
    up_power_simulated r = {0};
    for (int64_t i = 0; i < n; i++) {
        const outcome *o = &s->outcomes[i];
        r.replicates += o->fitted;
        r.power += o->fitted && o->rejects;
        r.coverage += o->fitted && o->covers;
        r.mean_estimate += o->fitted ? o->estimate : 0;
    }
    if (2 * r.replicates < n) {
        return upi_fail(err, UP_E_PLAN, "simulate",
            "only %lld of %lld experiments of this size could be fitted",
            (long long)r.replicates, (long long)n);
    }
    double fitted = (double)r.replicates;
    r.power /= fitted;
    r.coverage /= fitted;
    r.mean_estimate /= fitted;
    r.std_error = sqrt(r.power * (1 - r.power) / fitted);
    *out = r;
    return UP_OK;
}

up_status
up_power_simulate(up_moments *m, const up_linear_opts *linear,
    const up_power_opts *opts, int64_t replicates, const up_run *run,
    up_power_simulated *out, up_error *err)
{
    UP_GUARD(err);
    up_status status = UP_OK;
    simulation s = {.m = m, .linear = linear, .seed = run != NULL ? run->seed : 0};
    if (replicates < 10 || replicates > 100000) {
        return upi_fail(err, UP_E_ARGUMENT, "simulate",
            "there are 10 to 100,000 replicates, not %lld", (long long)replicates);
    }
    UP_TRY(prepare(&s, opts, err));
    UP_TRY(UP_NEW(&s.outcomes, replicates, err));
    UP_TRY(upi_pool_run(upi_pool_threads(run), replicates, replicate, &s, run, err));
    UP_TRY(summarise(&s, replicates, out, err));
out:
    upi_free(s.outcomes);
    upi_free(s.control);
    upi_free(s.cluster);
    return status;
}
