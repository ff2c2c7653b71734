/* Inference from adaptively collected data. For arm w and a row of batch b and context x,
 *
 *   Gamma(w) = m + 1{arm = w} (y - m) / e,   Q(w) = sum h Gamma / sum h,
 *   Cov(Q(w), Q(v)) = sum h(w) (Gamma(w) - Q(w)) h(v) (Gamma(v) - Q(v)) / (H(w) H(v)),
 *
 * with m from earlier batches only, so that the scores are martingale differences, and h by
 * batch. m is the mean of the arm in the context, drawn towards the mean of the arm as if 10
 * rows said so. Everything is constant in a group but y, so the moments are enough. Hadad et
 * al. (2021) eqs. 5-6. The anytime intervals are those of Waudby-Smith et al. (2021), with h = 1. */
#include "decide/adaptive.h"

#include "base/opts.h"
#include "num/dist.h"
#include "seq/anytime.h"

#include <math.h>
#include <string.h>

static const double PULL_ROWS = 10;

struct up_adaptive {
    up_effect *rows;
    int64_t n_rows, batches;
    char **texts; /* labels of arms and metrics */
    int64_t n_texts;
    upi_notes notes;
};

/* What is worked with for one metric. */
typedef struct work {
    upi_batches b;
    up_adaptive_opts o;
    double *model;      /* (B, C, K) */
    double *mean;       /* (K) Q */
    double *covariance; /* (K, K) */
    double *score, *slope, *total;
    int64_t units;
} work;

static void
work_clear(work *k)
{
    upi_batches_clear(&k->b);
    upi_free(k->model);
    upi_free(k->mean);
    upi_free(k->covariance);
    upi_free(k->score);
    upi_free(k->slope);
    upi_free(k->total);
}

/* ---- what can be answered ---- */

static up_status
check_moments(const up_moments *m, up_error *err)
{
    const up_experiment *e = m->experiment;
    if (m->time < 0) {
        (void)upi_fail(err, UP_E_ARGUMENT, "time", "no time was given");
        return upi_fix(err, "give the batch as time: propensities may change with it");
    }
    if (e->roles[UPI_ROLE_PROPENSITY].name == NULL) {
        (void)upi_fail(err, UP_E_ARGUMENT, "propensity", "no propensity was given");
        return upi_fix(err, "give the probability with which each arm was played, as "
                            "'upshot decide' writes it");
    }
    if (e->roles[UPI_ROLE_WEIGHT].name != NULL) {
        (void)upi_fail(err, UP_E_ARGUMENT, "weight",
            "analytic weights have no place in adaptive weighting");
        return upi_fix(err, "leave the weight out");
    }
    if (m->nx > 0 || m->propensity < 0) {
        (void)upi_fail(err, UP_E_NEEDS_ROWS, m->nx > 0 ? "covariates" : "propensity",
            m->nx > 0 ? "a continuous covariate is not kept by group"
                      : "the propensities have too many values to be kept by group");
        return upi_fix(err, "use covariates with few values, and propensities rounded "
                            "when they are played");
    }
    return UP_OK;
}

static up_status
resolve_options(up_adaptive_opts *o, up_error *err)
{
    o->decay = o->decay == 0 ? 0.7 : o->decay;
    o->level = o->level == 0 ? 0.95 : o->level;
    if (o->weights < 0 || o->weights > UP_ADAPTIVE_UNIFORM) {
        return upi_fail(err, UP_E_ARGUMENT, "weights", "weights is %lld, not 0, 1 or 2",
            (long long)o->weights);
    }
    if (!(o->decay > 0 && o->decay < 1) || !(o->level > 0 && o->level < 1)) {
        bool decay = !(o->decay > 0 && o->decay < 1);
        return upi_fail(err, UP_E_ARGUMENT, decay ? "decay" : "level",
            "%s is %g, but lies between 0 and 1", decay ? "decay" : "level",
            decay ? o->decay : o->level);
    }
    if (o->anytime == 0) {
        return UP_OK;
    }
    if (o->weights == UP_ADAPTIVE_CONSTANT) {
        (void)upi_fail(err, UP_E_ARGUMENT, "weights",
            "anytime intervals need uniform weights: the others depend on the last "
            "row");
        return upi_fix(err, "leave weights out");
    }
    o->weights = UP_ADAPTIVE_UNIFORM;
    if (!(o->planned >= 2 && o->planned < 1e15)) {
        (void)upi_fail(err, UP_E_ARGUMENT, "planned",
            "anytime intervals are tuned to the rows planned, and planned is %g",
            o->planned);
        return upi_fix(err, "give planned before the first look, and keep it");
    }
    return UP_OK;
}

/* ---- the outcome model ---- */

/* Sums of the metric over rows, by context and arm. */
static void
add_batch_means(
    const work *k, int64_t component, int64_t batch, double *sum, double *count)
{
    const up_moments *m = k->b.m;
    for (int64_t g = 0; g < m->n_groups; g++) {
        if (upi_moments_code(m, g, m->time) == batch) {
            int64_t at = k->b.cell[g] * k->b.n_arms + upi_moments_code(m, g, k->b.key);
            sum[at] += (double)m->n[g] * m->mean[g * m->ny + component];
            count[at] += (double)m->n[g];
        }
    }
}

/* The predictions for a batch from the sums of the batches before it. */
static void
predict(const work *k, int64_t batch, const double *sum, const double *count)
{
    int64_t arms = k->b.n_arms;
    double *to = k->model + upi_batches_at(&k->b, batch, 0);
    double all[2] = {0, 0};
    for (int64_t i = 0; i < k->b.n_cells * arms; i++) {
        all[0] += sum[i];
        all[1] += count[i];
    }
    double grand = all[1] > 0 ? all[0] / all[1] : 0;
    for (int64_t w = 0; w < arms; w++) {
        double own[2] = {0, 0};
        for (int64_t x = 0; x < k->b.n_cells; x++) {
            own[0] += sum[x * arms + w];
            own[1] += count[x * arms + w];
        }
        double arm = own[1] > 0 ? own[0] / own[1] : grand;
        for (int64_t x = 0; x < k->b.n_cells; x++) {
            int64_t at = x * arms + w;
            to[at] = (sum[at] + PULL_ROWS * arm) / (count[at] + PULL_ROWS);
        }
    }
}

static up_status
fit_model(work *k, int64_t component, up_error *err)
{
    up_status status = UP_OK;
    int64_t size = k->b.n_cells * k->b.n_arms;
    double *sum = NULL;
    double *count = NULL;
    if (k->o.no_model != 0) {
        return UP_OK; /* the predictions are 0 */
    }
    UP_TRY(UP_NEW(&sum, size, err));
    UP_TRY(UP_NEW(&count, size, err));
    for (int64_t batch = 0; batch < k->b.n_batches; batch++) {
        predict(k, batch, sum, count);
        add_batch_means(k, component, batch, sum, count);
    }
out:
    upi_free(sum);
    upi_free(count);
    return status;
}

/* ---- scores ---- */

/* The mean score of the rows of group g for each arm, times the weight of the batch. */
static void
score_group(const work *k, int64_t component, int64_t g)
{
    const up_moments *m = k->b.m;
    int64_t batch = upi_moments_code(m, g, m->time);
    int64_t arm = upi_moments_code(m, g, k->b.key);
    const double *model = k->model + upi_batches_at(&k->b, batch, k->b.cell[g]);
    double e = m->keys[m->propensity].number[upi_moments_code(m, g, m->propensity)];
    for (int64_t w = 0; w < k->b.n_arms; w++) {
        double h = k->b.weight[batch * k->b.n_arms + w];
        k->slope[w] = w == arm ? h / e : 0;
        k->score[w] =
            h * model[w] + k->slope[w] * (m->mean[g * m->ny + component] - model[w]);
    }
}

static double
weight_of(const work *k, int64_t g, int64_t arm)
{
    const up_moments *m = k->b.m;
    return k->b.weight[upi_moments_code(m, g, m->time) * k->b.n_arms + arm];
}

static up_status
infer_metric(work *k, int64_t component, up_error *err)
{
    up_status status = UP_OK;
    const up_moments *m = k->b.m;
    int64_t arms = k->b.n_arms;
    int64_t at = component * (component + 1) / 2 + component;
    double n = (double)m->n_rows;
    upi_score_sum s = {0};
    double *all = NULL; /* (K) H / n */
    UP_TRY(fit_model(k, component, err));
    UP_TRY(UP_NEW(&all, arms, err));
    UP_TRY(upi_score_sum_make(arms, &s, err));
    memset(k->mean, 0, (size_t)arms * sizeof *k->mean);
    for (int64_t g = 0; g < m->n_groups; g++) {
        score_group(k, component, g);
        for (int64_t w = 0; w < arms; w++) {
            k->mean[w] += (double)m->n[g] / n * k->score[w];
            all[w] += (double)m->n[g] / n * weight_of(k, g, w);
        }
    }
    for (int64_t w = 0; w < arms; w++) {
        k->mean[w] /= all[w];
    }
    for (int64_t g = 0; g < m->n_groups; g++) {
        double within = m->m2 != NULL ? m->m2[g * (m->ny * (m->ny + 1) / 2) + at] : 0;
        score_group(k, component, g);
        for (int64_t w = 0; w < arms; w++) {
            k->score[w] = (k->score[w] - weight_of(k, g, w) * k->mean[w]) / all[w];
            k->slope[w] /= all[w];
            if (k->total != NULL) {
                k->total[g * arms + w] = (double)m->n[g] * k->score[w];
            }
        }
        upi_score_sum_add(&s, m->n[g], k->score, k->slope, within);
    }
    UP_TRY(upi_score_covariance(&s, m, k->total, k->covariance, &k->units, err));
out:
    upi_free(all);
    upi_score_sum_free(&s);
    return status;
}

/* ---- rows ---- */

/* Scores are martingale differences, so that the mixture of seq/ holds at every look; its
 * precision is tuned to the rows planned. */
static double
anytime_radius(const work *k, double z, double *p)
{
    double alpha = 1 - k->o.level;
    double g = upi_av_mixture(k->o.planned, alpha, UP_TWO_SIDED);
    double r = g / (g + (double)k->units);
    *p = upi_av_p(upi_av_log_e_normal(z, r, UP_TWO_SIDED));
    return upi_av_radius_normal(r, alpha, UP_TWO_SIDED);
}

/* Interval and p-value of a row whose estimate and error are there. */
static void
infer_row(const work *k, up_effect *e, bool effect)
{
    double radius = upi_normal_quantile(0.5 + k->o.level / 2);
    e->df = (double)INFINITY;
    e->statistic = effect ? e->estimate / e->std_error : (double)NAN;
    e->p_value = (double)NAN;
    if (effect) {
        e->p_value = 2 * upi_normal_sf(fabs(e->statistic));
    }
    if (k->o.anytime != 0) {
        double p = 0;
        radius = anytime_radius(k, e->estimate / e->std_error, &p);
        e->p_value = effect ? p : e->p_value;
    }
    e->ci_low = e->estimate - radius * e->std_error;
    e->ci_high = e->estimate + radius * e->std_error;
}

static void
add_row(const work *k, up_adaptive *a, const char *metric, int64_t arm, bool effect)
{
    const up_moments *m = k->b.m;
    int64_t arms = k->b.n_arms;
    int64_t c = k->b.control;
    const double *v = k->covariance;
    const double none = (double)NAN;
    bool comply = m->treated < 0;
    const char *const *labels = (const char *const *)a->texts;
    up_effect e = {.metric = metric,
        .arm = labels[arm],
        .against = effect ? labels[c] : "",
        .segment = "",
        .period = "",
        .estimand = comply ? "ate" : "itt",
        .estimate = k->mean[arm] - (effect ? k->mean[c] : 0),
        .baseline = effect ? k->mean[c] : none,
        .baseline_std_error = effect ? sqrt(fmax(v[c + c * arms], 0)) : none,
        .relative = effect ? (k->mean[arm] - k->mean[c]) / k->mean[c] : none,
        .relative_low = none,
        .relative_high = none,
        .relative_p_value = none,
        .n = m->n_rows,
        .clusters = m->ways > 0 ? k->units : 0};
    double variance = v[arm + arm * arms];
    if (effect) {
        variance += v[c + c * arms] - 2 * v[arm + c * arms];
    }
    e.std_error = sqrt(fmax(variance, 0));
    infer_row(k, &e, effect);
    a->rows[a->n_rows++] = e;
}

static up_status
add_metric(work *k, up_adaptive *a, int64_t i, up_error *err)
{
    up_status status = UP_OK;
    const upi_metric *metric = &k->b.m->experiment->metrics[i];
    const char *name = a->texts[k->b.n_arms + i];
    if (metric->kind == UPI_METRIC_RATIO) {
        (void)upi_fail(err, UP_E_ARGUMENT, "metric",
            "'%s' is a ratio of sums, which has no score per row", metric->name);
        return upi_fix(err, "ask for its numerator and denominator");
    }
    UP_TRY(infer_metric(k, metric->component, err));
    for (int64_t w = 0; w < k->b.n_arms; w++) {
        add_row(k, a, name, w, false);
    }
    for (int64_t w = 0; w < k->b.n_arms; w++) {
        if (w != k->b.control) {
            add_row(k, a, name, w, true);
        }
    }
out:
    return status;
}

static up_status
make_room(work *k, up_adaptive *a, up_error *err)
{
    up_status status = UP_OK;
    const up_moments *m = k->b.m;
    const upi_key *key = &m->keys[k->b.key];
    int64_t arms = k->b.n_arms;
    int64_t metrics = m->experiment->n_metrics;
    UP_TRY(UP_NEW(&k->model, k->b.n_batches * k->b.n_cells * arms, err));
    UP_TRY(UP_NEW(&k->mean, arms, err));
    UP_TRY(UP_NEW(&k->covariance, arms * arms, err));
    UP_TRY(UP_NEW(&k->score, arms, err));
    UP_TRY(UP_NEW(&k->slope, arms, err));
    if (m->ways > 0) {
        UP_TRY(UP_NEW(&k->total, m->n_groups * arms, err));
    }
    UP_TRY(UP_NEW(&a->rows, metrics * (2 * arms - 1), err));
    UP_TRY(UP_NEW(&a->texts, arms + metrics, err));
    a->n_texts = arms + metrics;
    for (int64_t i = 0; i < arms + metrics; i++) {
        UP_TRY(upi_strdup_to(&a->texts[i],
            i < arms ? key->label[i] : m->experiment->metrics[i - arms].name, err));
    }
out:
    return status;
}

up_status
up_infer_adaptive(const up_moments *moments, const up_adaptive_opts *opts,
    up_adaptive **out, up_error *err)
{
    UP_GUARD(err);
    up_status status = UP_OK;
    up_adaptive *a = NULL;
    work k = {0};
    if (moments == NULL || out == NULL) {
        return upi_fail(err, UP_E_ARGUMENT, moments == NULL ? "moments" : "out",
            "an argument that is required is NULL");
    }
    UP_TRY(upi_opts_copy(&k.o, sizeof k.o, opts, err));
    UP_TRY(resolve_options(&k.o, err));
    UP_TRY(check_moments(moments, err));
    UP_TRY(UP_NEW(&a, 1, err));
    UP_TRY(upi_notes_append(&a->notes, &moments->notes, err));
    UP_TRY(upi_batches_make(moments, &k.b, err));
    UP_TRY(upi_batches_weigh(&k.b, k.o.weights, k.o.decay, err));
    UP_TRY(make_room(&k, a, err));
    a->batches = k.b.n_batches;
    for (int64_t i = 0; i < moments->experiment->n_metrics; i++) {
        UP_TRY(add_metric(&k, a, i, err));
    }
    if (k.b.shared > 0) {
        UP_TRY(upi_notes_add(&a->notes, UP_N_ADAPTIVE_SHARED, "propensity", k.b.shared,
            (double)NAN, err,
            "%.3g %% of the rows are in a context of their batch where two arms or "
            "more "
            "were never played; what is left of 1 was shared alike among those, for "
            "the "
            "weights only.",
            100 * k.b.shared));
    }
    *out = a;
    a = NULL;
out:
    work_clear(&k);
    up_adaptive_free(a);
    return status;
}

int64_t
up_adaptive_count(const up_adaptive *a)
{
    return a->n_rows;
}

up_effect
up_adaptive_get(const up_adaptive *a, int64_t i)
{
    const double none = (double)NAN;
    if (i >= 0 && i < a->n_rows) {
        return a->rows[i];
    }
    return (up_effect){.metric = "",
        .arm = "",
        .against = "",
        .segment = "",
        .period = "",
        .estimand = "",
        .estimate = none,
        .std_error = none,
        .df = none,
        .p_value = none,
        .ci_low = none,
        .ci_high = none};
}

int64_t
up_adaptive_batches(const up_adaptive *a)
{
    return a->batches;
}

int64_t
up_adaptive_notes(const up_adaptive *a)
{
    return a->notes.n;
}

up_note
up_adaptive_note(const up_adaptive *a, int64_t i)
{
    return i >= 0 && i < a->notes.n ? a->notes.items[i] : (up_note){0};
}

void
up_adaptive_free(up_adaptive *a)
{
    if (a == NULL) {
        return;
    }
    for (int64_t i = 0; i < a->n_texts; i++) {
        upi_free(a->texts[i]);
    }
    upi_free(a->texts);
    upi_free(a->rows);
    upi_notes_free(&a->notes);
    upi_free(a);
}
