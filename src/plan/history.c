/* What past data say of a plan. The standard error of an effect, fitted as the experiment will be,
 * holds all that matters -- spread, covariates, clusters, weights -- and falls with the root of
 * the units; docs/planning.md eq. 8. What it is made of is reported beside it:
 *
 *     r2 = 1 - (se / se without covariates)^2
 *     icc = (deff - 1)/((cv^2 + 1) m - 1),  deff = (se without covariates)^2 over that of
 *           independent rows. */
#include "base/base.h"
#include "fit/model.h"
#include "moments/moments.h"

#include <upshot/power.h>

#include <math.h>
#include <string.h>

/* One effect of assignment; arm NULL = the first. */
static up_status
one_effect(up_moments *m, up_linear_opts o, const char *metric, const char *arm,
    const up_run *run, up_effect *out, up_error *err)
{
    up_status status = UP_OK;
    up_model *model = NULL;
    up_effects *effects = NULL;
    UP_TRY(up_fit_linear(m, &o, run, &model, err));
    UP_TRY(up_infer_effect(model,
        UP_EFFECT_OPTS(.estimand = UP_ESTIMAND_ITT, .metrics = &metric, .n_metrics = 1),
        &effects, err));
    for (int64_t i = 0; i < up_effects_count(effects); i++) {
        *out = up_effects_get(effects, i);
        if (arm == NULL || strcmp(out->arm, arm) == 0) {
            goto out;
        }
    }
    status = upi_fail(err, UP_E_ARGUMENT, "arm", "there is no arm '%s' besides control",
        arm != NULL ? arm : "");
out:
    up_effects_free(effects);
    up_model_free(model);
    return status;
}

static up_linear_opts
options(const up_linear_opts *opts)
{
    return opts != NULL ? *opts : *UP_LINEAR_OPTS(.vcov = UP_VCOV_AUTO);
}

/* The same effect without covariates; NaN where the moments cannot be fitted so: a capsule with
 * continuous covariates holds the second pass of one model. */
static up_status
without_covariates(up_moments *m, const up_linear_opts *opts, const up_effect *full,
    const up_run *run, up_effect *out, up_error *err)
{
    *out = *full;
    if (m->experiment->n_covariates == 0 ||
        (opts != NULL && opts->no_covariates != 0)) {
        return UP_OK;
    }
    up_linear_opts plain = options(opts);
    plain.no_covariates = 1;
    up_status status = one_effect(m, plain, full->metric, full->arm, run, out, err);
    if (status == UP_E_NEEDS_ROWS) {
        *err = (up_error)UP_ERROR_INIT;
        out->std_error = NAN;
        status = UP_OK;
    }
    return status;
}

/* Rows by arm, and how many of them received `level` of the treatment. */
static void
count_arm(
    const up_moments *m, int64_t arm, int64_t level, double *rows, double *received)
{
    int64_t key = upi_randomised_key(m);
    *rows = 0;
    *received = 0;
    for (int64_t g = 0; g < m->n_groups; g++) {
        if (upi_moments_code(m, g, key) == arm) {
            double n = (double)m->n[g];
            *rows += n;
            *received +=
                m->treated >= 0 && upi_moments_code(m, g, m->treated) == level ? n : 0;
        }
    }
}

/* Units, shares and compliance of the arm of an effect. With an instrument that is not the arm
 * the shares are those of its two levels. */
static up_status
read_arms(const up_moments *m, const up_effect *e, up_power_history *h, up_error *err)
{
    up_status status = UP_OK;
    int64_t key = upi_randomised_key(m);
    const upi_key *k = &m->keys[key];
    int64_t control = upi_key_level(k, e->against);
    int64_t arm = upi_key_level(k, e->arm);
    double rows[2], received[2];
    if (control < 0 || arm < 0) {
        UP_TRY(upi_moments_control(m, key, &control, err));
        arm = control == 0 ? 1 : 0;
    }
    int64_t treated =
        m->treated >= 0 ? upi_key_level(&m->keys[m->treated], e->arm) : -1;
    if (m->treated >= 0 && treated < 0) {
        /* 0/1: what is not the control of the treatment */
        UP_TRY(upi_moments_control(m, m->treated, &treated, err));
        treated = treated == 0 ? 1 : 0;
    }
    count_arm(m, control, treated, &rows[0], &received[0]);
    count_arm(m, arm, treated, &rows[1], &received[1]);
    h->units = rows[0] + rows[1];
    h->control_share = rows[0] / h->units;
    h->arm_share = rows[1] / h->units;
    h->takeup = m->treated >= 0 ? received[1] / rows[1] : 1;
    h->crossover = m->treated >= 0 ? received[0] / rows[0] : 0;
out:
    return status;
}

static bool
was_split(const up_moments *m)
{
    return strcmp(m->keys[upi_randomised_key(m)].name, UP_POWER_SPLIT) == 0;
}

/* A history that was split has no effect, so both halves tell its baseline. That of one of them would
 * make the plan hang on the split. */
static double
baseline_of(const up_moments *m, const up_effect *e, const up_power_history *h)
{
    return e->baseline + (was_split(m) ? h->arm_share * e->estimate : 0);
}

/* Shares of all arms, control first; none for a history that was split. */
static void
read_shares(const up_moments *m, const char *control, up_power_history *h)
{
    int64_t key = upi_randomised_key(m);
    const upi_key *k = &m->keys[key];
    int64_t first = upi_key_level(k, control);
    if (was_split(m) || first < 0 || k->n_levels > UP_POWER_ARMS) {
        return;
    }
    for (int64_t l = 0; l < k->n_levels; l++) {
        double rows = 0;
        double received = 0;
        int64_t place = l == first ? 0 : l < first ? l + 1 : l;
        count_arm(m, l, -1, &rows, &received);
        h->shares[place] = rows / (double)m->n_rows;
    }
    h->arms = k->n_levels;
}

/* Mean and spread of the sizes of clusters; groups stand in the order of clusters. */
static void
read_clusters(const up_moments *m, up_power_history *h)
{
    double clusters = 0, sum = 0, squares = 0, size = 0;
    for (int64_t g = 0; g < m->n_groups; g++) {
        size += (double)m->n[g];
        if (g + 1 == m->n_groups || m->cluster[0][g + 1] != m->cluster[0][g]) {
            clusters++;
            sum += size;
            squares += size * size;
            size = 0;
        }
    }
    h->clusters = clusters;
    h->cluster_size = sum / clusters;
    double variance = squares / clusters - h->cluster_size * h->cluster_size;
    h->cluster_cv = sqrt(fmax(0, variance)) / h->cluster_size;
}

/* The same experiment without its clusters, so that rows count as independent. */
static up_status
without_clusters(const up_moments *m, up_experiment **out, up_error *err)
{
    static const int roles[] = {UPI_ROLE_CLUSTER, UPI_ROLE_CLUSTER2, UPI_ROLE_UNIT};
    up_status status = UP_OK;
    up_experiment *e = NULL;
    UP_TRY(upi_experiment_copy(m->experiment, &e, err));
    for (size_t i = 0; i < sizeof roles / sizeof roles[0]; i++) {
        upi_variable *v = &e->roles[roles[i]];
        upi_free(v->name);
        upi_expr_free(v->expr);
        *v = (upi_variable){0};
    }
    e->source = m->rows->source;
    e->assigned_by_cluster = false;
    *out = e;
    e = NULL;
out:
    up_experiment_free(e);
    return status;
}

/* The standard error if rows were independent. NaN where neither share nor rows are there. */
static up_status
independent_error(const up_moments *m, const up_effect *plain,
    const up_power_history *h, const up_run *run, double *out, up_error *err)
{
    up_status status = UP_OK;
    up_experiment *e = NULL;
    up_moments *rows = NULL;
    up_effect effect = {0};
    *out = NAN;
    if (h->metric == UP_POWER_PROPORTION) {
        double p = baseline_of(m, plain, h);
        *out = sqrt(p * (1 - p) / h->units * (1 / h->control_share + 1 / h->arm_share));
        return UP_OK;
    }
    if (m->rows == NULL || m->rows->source == NULL) {
        return UP_OK;
    }
    UP_TRY(without_clusters(m, &e, err));
    UP_TRY(up_moments_build(e, NULL, run, &rows, err));
    up_linear_opts o = options(NULL);
    o.no_covariates = 1;
    UP_TRY(one_effect(rows, o, plain->metric, plain->arm, run, &effect, err));
    *out = effect.std_error;
out:
    up_moments_free(rows);
    up_experiment_free(e);
    return status;
}

up_status
up_power_history_read(up_moments *m, const up_linear_opts *opts, const char *metric,
    const char *arm, const up_run *run, up_power_history *out, up_error *err)
{
    UP_GUARD(err);
    up_status status = UP_OK;
    up_power_history h = {0};
    up_effect full = {0};
    up_effect plain = {0};
    double independent = NAN;
    const up_experiment *e = m->experiment;
    int64_t which = metric != NULL ? upi_experiment_metric(e, metric) : 0;
    if (which < 0) {
        return upi_fail(
            err, UP_E_ARGUMENT, "metric", "there is no metric '%s'", metric);
    }
    metric = e->metrics[which].name;
    h.metric = (int64_t)e->metrics[which].kind;
    UP_TRY(one_effect(m, options(opts), metric, arm, run, &full, err));
    h.std_error = full.std_error;
    UP_TRY(read_arms(m, &full, &h, err));
    h.baseline = baseline_of(m, &full, &h);
    read_shares(m, full.against, &h);
    h.spread = h.std_error * sqrt(h.units / (1 / h.control_share + 1 / h.arm_share));
    UP_TRY(without_covariates(m, opts, &full, run, &plain, err));
    double ratio = full.std_error / plain.std_error;
    h.r2 = isnan(ratio) ? (double)NAN : fmax(0, 1 - ratio * ratio);
    h.clusters = h.cluster_size = h.cluster_cv = h.icc = NAN;
    if (m->ways > 0) {
        read_clusters(m, &h);
        UP_TRY(independent_error(m, &plain, &h, run, &independent, err));
        double deff = plain.std_error * plain.std_error / (independent * independent);
        double m1 = (h.cluster_cv * h.cluster_cv + 1) * h.cluster_size - 1;
        h.icc =
            m1 > 0 && !isnan(deff) ? fmin(1, fmax(0, (deff - 1) / m1)) : (double)NAN;
    }
    *out = h;
out:
    return status;
}

void
up_power_history_use(const up_power_history *h, up_power_opts *o)
{
    o->metric = o->metric != 0 ? o->metric : h->metric;
    o->known_std_error = h->std_error;
    o->known_units = h->units;
    o->known_control_share = h->control_share;
    o->known_arm_share = h->arm_share;
    if (o->mean == 0) {
        o->mean = h->baseline;
    }
    if (o->cluster_size == 0 && h->cluster_size > 0) {
        o->cluster_size = h->cluster_size;
    }
    o->takeup = o->takeup != 0 ? o->takeup : h->takeup;
    o->crossover = o->crossover != 0 ? o->crossover : h->crossover;
    if (o->arms == 0 && o->shares == NULL && h->arms > 0) {
        o->arms = h->arms;
        o->shares = h->shares;
    }
}
