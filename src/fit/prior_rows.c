/* From beliefs to rows H'b ~ N(mean, variance) over the coefficients.
 *
 * A belief about an effect is one about d'b, d the delta vector over everyone. Relative to a
 * baseline mu = m0'b, theta ~ mu N(m, s^2), it is (d - m m0)'b ~ N(0, (s mu)^2) with mu at its
 * estimate: the mean is rescaled with the baseline's own error in it, only the scale is
 * plugged in. The effect on a ratio metric A1/B1 - A0/B0 is replaced by its linear form at the
 * estimates, which is 0 there (Euler), so that its value is added to the mean. */
#include "fit/fit.h"
#include "fit/prior.h"
#include "num/matrix.h"

#include <math.h>
#include <string.h>

typedef struct work {
    const up_model *m;
    const upi_prior *prior;
    int64_t p;
    bool one_for_all;
    double *fbar;   /* (n_base) averages over everyone */
    bool *stated;   /* coefficients: (ny * x.p) */
    bool *believed; /* effects: (metrics * levels) */
    upi_beliefs *out;
} work;

/* There is room for a belief on every coefficient and every effect. */
static double *
add_row(const work *w, double mean, double scale)
{
    upi_beliefs *x = w->out;
    x->mean[x->r] = mean;
    x->variance[x->r] = scale * scale;
    return x->h + x->r++ * w->p;
}

/* ---- coefficients ---- */

/* * stands for any characters. */
static bool
matches(const char *pattern, const char *name)
{
    const char *star = NULL;
    const char *again = NULL;
    while (*name != '\0') {
        if (*pattern == '*') {
            star = pattern++;
            again = name;
        } else if (*pattern == *name) {
            pattern++;
            name++;
        } else if (star != NULL) {
            pattern = star + 1;
            name = ++again;
        } else {
            return false;
        }
    }
    while (*pattern == '*') {
        pattern++;
    }
    return *pattern == '\0';
}

static up_status
refuse_twice(const char *what, const char *metric, up_error *err)
{
    (void)upi_fail(
        err, UP_E_PRIOR, "prior", "there are two priors on '%s' of '%s'", what, metric);
    return upi_fix(err, "give each coefficient and each effect one prior");
}

static up_status
refuse_unknown(const work *w, up_error *err)
{
    const upi_basis *b = &w->m->x;
    const char *target = w->prior->target;
    (void)upi_fail(
        err, UP_E_PRIOR, "prior", "no coefficient of the model is called '%s'", target);
    const char *near =
        upi_text_distance(target, "effect", 2) <= 2
            ? "effect"
            : upi_text_nearest(target, (const char *const *)b->name, b->p);
    if (near != NULL) {
        return upi_fix(err, "did you mean '%s'?", near);
    }
    return upi_fix(err, "'upshot fit' lists the coefficients; or name 'effect'");
}

static up_status
refuse_metric(const work *w, const char *known, up_error *err)
{
    (void)upi_fail(err, UP_E_PRIOR, "prior",
        "a prior is for '%s', which is not measured", w->prior->metric);
    return upi_fix(err, "name one of the metrics, e.g. '%s'", known);
}

static up_status
coefficient_rows(work *w, up_error *err)
{
    up_status status = UP_OK;
    const upi_prior *prior = w->prior;
    const up_experiment *x = w->m->moments->experiment;
    const upi_basis *b = &w->m->x;
    int64_t ny = w->m->moments->ny;
    int64_t equations = w->one_for_all ? 1 : ny;
    int64_t in_metric = 0;
    int64_t found = 0;
    for (int64_t c = 0; c < equations; c++) {
        if (prior->metric != NULL &&
            strcmp(prior->metric, x->components[c].name) != 0) {
            continue;
        }
        in_metric++;
        for (int64_t j = 0; j < b->p; j++) {
            if (!matches(prior->target, b->name[j])) {
                continue;
            }
            if (w->stated[c * b->p + j]) {
                return refuse_twice(b->name[j], x->components[c].name, err);
            }
            w->stated[c * b->p + j] = true;
            add_row(w, prior->mean, prior->scale)[c * b->p + j] = 1;
            found++;
        }
    }
    UP_TRY(in_metric > 0 ? UP_OK : refuse_metric(w, x->components[0].name, err));
    UP_TRY(found > 0 ? UP_OK : refuse_unknown(w, err));
out:
    return status;
}

/* ---- effects ---- */

/* h += scale * (the vector of the mean under `level`; level -1 = control) in equation c. */
static void
add_mean(const work *w, int64_t c, int64_t level, double scale, double *h)
{
    const upi_basis *b = &w->m->x;
    for (int64_t j = 0; j < b->p; j++) {
        if (b->term[j].level == -1 || b->term[j].level == level) {
            h[c * b->p + j] += scale * w->fbar[b->term[j].base];
        }
    }
}

/* The mean under `level`, and the standard error of it. */
static up_status
mean_under(
    const work *w, int64_t c, int64_t level, double *mean, double *error, up_error *err)
{
    up_status status = UP_OK;
    const upi_basis *b = &w->m->x;
    double *l = NULL;
    UP_TRY(UP_NEW(&l, b->p, err));
    for (int64_t j = 0; j < b->p; j++) {
        bool in = b->term[j].level == -1 || b->term[j].level == level;
        l[j] = in ? w->fbar[b->term[j].base] : 0;
    }
    *mean = upi_dot(b->p, l, w->m->coef[c]);
    *error = sqrt(fmax(upi_model_cov(w->m, c, l, c, l), 0));
out:
    upi_free(l);
    return status;
}

static up_status
refuse_baseline(const upi_metric *metric, double mu, double error, up_error *err)
{
    (void)upi_fail(err, UP_E_PRIOR, "prior",
        "a prior in %% needs a baseline, but that of '%s' is %.3g with a standard "
        "error "
        "of %.3g: it cannot be told from 0",
        metric->name, mu, error);
    return upi_fix(err, "state the prior in the unit of the metric: normal(0, 0.1)");
}

/* A mean: theta = mean under the arm - mean under control. */
static up_status
mean_row(work *w, const upi_metric *metric, int64_t level, up_error *err)
{
    up_status status = UP_OK;
    const upi_prior *prior = w->prior;
    int64_t c = w->one_for_all ? 0 : metric->component;
    double mu = 1;
    double error = 0;
    bool relative = prior->unit == UPI_PRIOR_RELATIVE;
    if (relative) {
        UP_TRY(mean_under(w, c, -1, &mu, &error, err));
        UP_TRY(fabs(mu) > 2 * error ? UP_OK : refuse_baseline(metric, mu, error, err));
    }
    double *h = add_row(w, relative ? 0 : prior->mean, prior->scale * fabs(mu));
    add_mean(w, c, level, 1, h);
    add_mean(w, c, -1, -1 - (relative ? prior->mean : 0), h);
    /* What the two have in common cancels exactly, not to rounding. */
    for (int64_t j = 0; j < w->m->x.p && !relative; j++) {
        if (w->m->x.term[j].level == -1) {
            h[c * w->m->x.p + j] = 0;
        }
    }
out:
    return status;
}

/* A ratio A/B: theta = A1/B1 - A0/B0, linear at the estimates. */
static up_status
ratio_row(work *w, const upi_metric *metric, int64_t level, up_error *err)
{
    up_status status = UP_OK;
    const upi_prior *prior = w->prior;
    int64_t c[2] = {metric->component, metric->denominator};
    double a[2];
    double b[2];
    double error[4];
    bool relative = prior->unit == UPI_PRIOR_RELATIVE;
    for (int i = 0; i < 2; i++) {
        int64_t arm = i == 0 ? -1 : level;
        UP_TRY(mean_under(w, c[0], arm, &a[i], &error[i], err));
        UP_TRY(mean_under(w, c[1], arm, &b[i], &error[2 + i], err));
    }
    for (int i = 0; i < 2; i++) {
        UP_TRY(fabs(b[i]) > 2 * error[2 + i]
                   ? UP_OK
                   : refuse_baseline(metric, b[i], error[2 + i], err));
    }
    if (relative && fabs(a[0]) <= 2 * error[0]) {
        return refuse_baseline(metric, a[0] / b[0], error[0] / fabs(b[0]), err);
    }
    double base = a[0] / b[0];
    double share = relative ? 1 + prior->mean : 1;
    /* The linear form of A1/B1 - share A0/B0 is 0 at the estimates. */
    double value = a[1] / b[1] - share * base;
    double mean = (relative ? 0 : prior->mean) - value;
    double *h = add_row(w, mean, prior->scale * (relative ? fabs(base) : 1));
    add_mean(w, c[0], level, 1 / b[1], h);
    add_mean(w, c[1], level, -a[1] / (b[1] * b[1]), h);
    add_mean(w, c[0], -1, -share / b[0], h);
    add_mean(w, c[1], -1, share * a[0] / (b[0] * b[0]), h);
out:
    return status;
}

static up_status
find_arm(const work *w, int64_t *level, up_error *err)
{
    const upi_key *key = &w->m->moments->keys[w->m->treat_key];
    const char *arm = w->prior->arm;
    int64_t found = upi_key_level(key, arm);
    if (found >= 0 && found != w->m->treat_control) {
        *level = found;
        return UP_OK;
    }
    if (found == w->m->treat_control) {
        (void)upi_fail(err, UP_E_PRIOR, "prior",
            "'%s' is the control: it has no effect that a prior could be on", arm);
    } else {
        (void)upi_fail(
            err, UP_E_PRIOR, "prior", "'%s' has no arm '%s'", key->name, arm);
    }
    return upi_fix(err, "name another arm, e.g. effect(%s)",
        key->label[w->m->treat_control == 0 ? 1 : 0]);
}

static up_status
metric_rows(work *w, int64_t i, int64_t only, up_error *err)
{
    up_status status = UP_OK;
    const up_model *m = w->m;
    const upi_metric *metric = &m->moments->experiment->metrics[i];
    int64_t levels = m->moments->keys[m->treat_key].n_levels;
    for (int64_t level = 0; level < levels; level++) {
        if (level == m->treat_control || (only >= 0 && level != only)) {
            continue;
        }
        if (w->believed[i * levels + level]) {
            return refuse_twice("effect", metric->name, err);
        }
        w->believed[i * levels + level] = true;
        UP_TRY(metric->kind == UPI_METRIC_RATIO ? ratio_row(w, metric, level, err)
                                                : mean_row(w, metric, level, err));
    }
out:
    return status;
}

static up_status
effect_rows(work *w, up_error *err)
{
    up_status status = UP_OK;
    const up_experiment *x = w->m->moments->experiment;
    const char *metric = w->prior->metric;
    int64_t only = -1;
    bool found = false;
    UP_TRY(w->prior->arm != NULL ? find_arm(w, &only, err) : UP_OK);
    for (int64_t i = 0; i < (w->one_for_all ? 1 : x->n_metrics); i++) {
        bool meant = metric == NULL || strcmp(metric, x->metrics[i].name) == 0;
        UP_TRY(meant ? metric_rows(w, i, only, err) : UP_OK);
        found = found || meant;
    }
    UP_TRY(found ? UP_OK : refuse_metric(w, x->metrics[0].name, err));
out:
    return status;
}

/* ---- all of them ---- */

static void
average_bases(const up_model *m, double *fbar)
{
    double total = 0;
    for (int64_t g = 0; g < m->moments->n_groups; g++) {
        double weight = (double)m->moments->n[g] * upi_group_population(m, g);
        total += weight;
        for (int64_t j = 0; j < m->n_base; j++) {
            fbar[j] += weight * upi_base_mean(m, j, g);
        }
    }
    for (int64_t j = 0; j < m->n_base; j++) {
        fbar[j] /= total;
    }
}

up_status
upi_prior_rows(const up_model *m, const upi_prior *prior, int64_t n, int64_t p,
    bool one_for_all, upi_beliefs *out, up_error *err)
{
    up_status status = UP_OK;
    const up_moments *mo = m->moments;
    int64_t effects = mo->experiment->n_metrics * mo->keys[m->treat_key].n_levels;
    int64_t most = n > 0 ? mo->ny * m->x.p + effects : 0;
    upi_beliefs made = {.p = p};
    work w = {.m = m, .p = p, .one_for_all = one_for_all, .out = &made};
    UP_TRY(UP_NEW(&w.fbar, m->n_base, err));
    UP_TRY(UP_NEW(&w.stated, mo->ny * m->x.p, err));
    UP_TRY(UP_NEW(&w.believed, effects, err));
    UP_TRY(UP_NEW(&made.h, p * most, err));
    UP_TRY(UP_NEW(&made.mean, most, err));
    UP_TRY(UP_NEW(&made.variance, most, err));
    average_bases(m, w.fbar);
    for (int64_t i = 0; i < n; i++) {
        w.prior = &prior[i];
        UP_TRY(
            prior[i].target != NULL ? coefficient_rows(&w, err) : effect_rows(&w, err));
    }
    *out = made;
    made = (upi_beliefs){0};
out:
    upi_beliefs_free(&made);
    upi_free(w.fbar);
    upi_free(w.stated);
    upi_free(w.believed);
    return status;
}
