/* From effects to ranks. The effects of one metric, segment and period are one comparison; the
 * arm that they are compared with takes part with effect 0. Metrics of which less is better are
 * turned round before, and their numbers back after. */
#include "decide/rank.h"

#include "base/opts.h"
#include "effect/effect.h"
#include "num/dist.h"
#include "num/matrix.h"

#include <math.h>
#include <string.h>

struct up_rank {
    up_rank_arm *arm;
    double **p; /* by arm: (its arms), owned by the comparison's first */
    int64_t n, capacity, capacity_p;
    upi_notes notes;
};

static const int64_t most_draws = 100000000;

/* ---- options ---- */

static up_status
check_minimize(const up_effects *e, const up_rank_opts *o, up_error *err)
{
    const up_experiment *x = e->model->moments->experiment;
    for (int64_t i = 0; i < o->n_minimize; i++) {
        const char *name = o->minimize[i];
        bool known = false;
        for (int64_t j = 0; j < e->n_rows && name != NULL && !known; j++) {
            known = strcmp(e->rows[j].value.metric, name) == 0;
        }
        if (!known) {
            (void)upi_fail(err, UP_E_ARGUMENT, "minimize",
                "'%s' is not among the metrics", name != NULL ? name : "");
            return upi_fix(err, "name a metric, e.g. '%s'", x->metrics[0].name);
        }
    }
    return UP_OK;
}

static up_status
read_options(
    const up_effects *e, const up_rank_opts *theirs, up_rank_opts *o, up_error *err)
{
    up_status status = UP_OK;
    UP_TRY(upi_opts_copy(o, sizeof *o, theirs, err));
    o->level = o->level == 0 ? 0.95 : o->level;
    if (!(o->level > 0 && o->level < 1)) {
        return upi_fail(err, UP_E_ARGUMENT, "level",
            "level is %g, but the probability of an interval lies between 0 and 1",
            o->level);
    }
    if (o->shrink < UP_SHRINK_NONE || o->shrink > UP_SHRINK_SEGMENTS) {
        return upi_fail(err, UP_E_ARGUMENT, "shrink", "shrink is %lld, not 0, 1 or 2",
            (long long)o->shrink);
    }
    if (o->draws < 0 || o->draws > most_draws) {
        return upi_fail(err, UP_E_ARGUMENT, "draws", "draws is %lld, not in 0 to %lld",
            (long long)o->draws, (long long)most_draws);
    }
    if (o->n_minimize < 0 || (o->n_minimize > 0 && o->minimize == NULL)) {
        return upi_fail(err, UP_E_ARGUMENT, "minimize",
            "the list is missing, or its length is negative");
    }
    if (e->opts.compare_segments != 0) {
        (void)upi_fail(err, UP_E_ARGUMENT, "effects",
            "differences between segments are no effects of arms, and cannot be "
            "ranked");
        return upi_fix(err, "infer the effects without compare_segments");
    }
    UP_TRY(check_minimize(e, o, err));
out:
    return status;
}

/* ---- one metric and period ---- */

/* The effects of all arms and segments of a metric in a period: number a + s * arms. */
typedef struct family {
    const up_effects *e;
    const up_rank_opts *opts;
    int64_t arms, segments; /* arms: those with an effect */
    int64_t *row;
    double *b, *v, *tau; /* tau by effect */
    bool minimize;
} family;

static void
family_free(family *f)
{
    upi_free(f->row);
    upi_free(f->b);
    upi_free(f->v);
    upi_free(f->tau);
}

static bool
minimized(const up_rank_opts *o, const char *metric)
{
    for (int64_t i = 0; i < o->n_minimize; i++) {
        if (strcmp(o->minimize[i], metric) == 0) {
            return true;
        }
    }
    return false;
}

static up_status
refuse_shrink(int64_t shrink, up_error *err)
{
    bool arms = shrink == UP_SHRINK_ARMS;
    (void)upi_fail(err, UP_E_ARGUMENT, "shrink",
        "there is only one %s, so that there is no common mean to draw its effect to",
        arms ? "arm beside the control" : "segment");
    return upi_fix(err, "%s", arms ? "leave shrink out" : "ask for effects by segment");
}

/* Draws the effects towards their mean; independent sets are the segments or the arms. */
static up_status
shrink(family *f, up_error *err)
{
    up_status status = UP_OK;
    int64_t n = f->arms * f->segments;
    double *tau = NULL;
    double *v = NULL;
    double *b = NULL;
    bool by_arm = f->opts->shrink == UP_SHRINK_ARMS;
    int64_t k = by_arm ? f->arms : f->segments;
    UP_TRY(k > 1 ? UP_OK : refuse_shrink(f->opts->shrink, err));
    UP_TRY(UP_NEW(&tau, n, err));
    if (!by_arm) {
        UP_TRY(upi_shrink(n, k, f->b, f->v, tau, err));
        for (int64_t i = 0; i < n; i++) {
            f->tau[i] = tau[i % f->arms];
        }
        goto out;
    }
    UP_TRY(UP_NEW(&v, k * k, err));
    for (int64_t s = 0; s < f->segments; s++) {
        b = f->b + s * k;
        for (int64_t i = 0; i < k * k; i++) {
            v[i] = f->v[s * k + i % k + (s * k + i / k) * n];
        }
        UP_TRY(upi_shrink(k, k, b, v, tau, err));
        for (int64_t i = 0; i < k * k; i++) {
            f->v[s * k + i % k + (s * k + i / k) * n] = v[i];
            f->tau[s * k + i % k] = tau[0];
        }
    }
out:
    upi_free(tau);
    upi_free(v);
    return status;
}

/* Covariances between segments are not needed without shrinking over them, and are most of the
 * work. */
static up_status
covariance_within(family *f, int64_t s, up_error *err)
{
    int64_t n = f->arms * f->segments;
    int64_t k = f->arms;
    double *part = NULL;
    up_status status = UP_NEW(&part, k * k, err);
    if (status == UP_OK) {
        status = upi_rows_covariance(f->e, k, f->row + s * k, part, err);
    }
    for (int64_t i = 0; i < k * k && status == UP_OK; i++) {
        f->v[s * k + i % k + (s * k + i / k) * n] = part[i];
    }
    upi_free(part);
    return status;
}

static up_status
family_covariance(family *f, up_error *err)
{
    up_status status = UP_OK;
    if (f->opts->shrink == UP_SHRINK_SEGMENTS) {
        int64_t n = f->arms * f->segments;
        return upi_rows_covariance(f->e, n, f->row, f->v, err);
    }
    for (int64_t s = 0; s < f->segments && status == UP_OK; s++) {
        status = covariance_within(f, s, err);
    }
    return status;
}

/* first: the row of the first arm in the first segment of the period; rows of one arm follow
 * one another over segments and periods. */
static up_status
family_read(family *f, int64_t first, int64_t periods, up_error *err)
{
    up_status status = UP_OK;
    const up_effects *e = f->e;
    int64_t n = f->arms * f->segments;
    UP_TRY(UP_NEW(&f->row, n, err));
    UP_TRY(UP_NEW(&f->b, n, err));
    UP_TRY(UP_NEW(&f->v, n * n, err));
    UP_TRY(UP_NEW(&f->tau, n, err));
    for (int64_t i = 0; i < n; i++) {
        f->row[i] = first + i % f->arms * e->block + i / f->arms * periods;
        f->b[i] = e->rows[f->row[i]].value.estimate;
        f->tau[i] = (double)NAN;
    }
    f->minimize = minimized(f->opts, e->rows[first].value.metric);
    UP_TRY(family_covariance(f, err));
    UP_TRY(f->opts->shrink != UP_SHRINK_NONE ? shrink(f, err) : UP_OK);
out:
    return status;
}

/* ---- one comparison ---- */

static void
put_arm(const family *f, int64_t s, int64_t i, const upi_contest *c, const upi_ranks *r,
    up_rank_arm *out)
{
    int64_t n = c->n;
    const up_effect *v = &f->e->rows[f->row[s * f->arms + (i > 0 ? i - 1 : 0)]].value;
    double sign = f->minimize ? -1 : 1;
    double se = sqrt(fmax(c->cov[i + i * n], 0));
    double reach = i > 0 ? upi_t_quantile(0.5 + f->opts->level / 2, c->df) * se : 0;
    *out = (up_rank_arm){.metric = v->metric,
        .arm = i > 0 ? v->arm : v->against,
        .segment = v->segment,
        .period = v->period,
        .estimate = i > 0 ? sign * c->mean[i] : 0,
        .std_error = se,
        .df = c->df,
        .prob_best = r->p[i],
        .prob_better = i > 0 ? upi_t_cdf(c->mean[i] / se, c->df) : (double)NAN,
        .expected_loss = upi_ranks_loss(c, r, i),
        .error = r->error[i],
        .tau = i > 0 ? f->tau[s * f->arms + i - 1] : (double)NAN,
        .method = r->method,
        .arms = n,
        .minimize = f->minimize};
    out->ci_low = out->estimate - reach;
    out->ci_high = out->estimate + reach;
    for (int64_t q = 0; q < n; q++) {
        out->expected_rank += (double)(q + 1) * r->p[i + q * n];
    }
    for (int64_t j = 0; j < n; j++) {
        out->overstatement += r->luck[j];
    }
}

/* Two arms whose difference is known for certain have no ranks that could be probable. */
static up_status
check_contest(const family *f, int64_t s, const upi_contest *c, up_error *err)
{
    const up_effect *e = &f->e->rows[f->row[s * f->arms]].value;
    if (upi_contest_varies(c)) {
        return UP_OK;
    }
    (void)upi_fail(err, UP_E_NO_VARIATION, e->metric,
        "the difference of two arms in '%s'%s%s has no variance, so that it is no "
        "question "
        "of probability which is better",
        e->metric, e->segment[0] != '\0' ? " where " : "", e->segment);
    return upi_fix(err, "leave the metric out, or one of the arms");
}

static up_status
rank_segment(const family *f, int64_t s, up_rank *out, up_error *err)
{
    up_status status = UP_OK;
    int64_t n = f->arms + 1;
    int64_t all = f->arms * f->segments;
    upi_ranks ranks = {0};
    double *mean = NULL;
    double *cov = NULL;
    double *p = NULL;
    UP_TRY(UP_NEW(&mean, n, err));
    UP_TRY(UP_NEW(&cov, n * n, err));
    UP_TRY(UP_NEW(&p, n * n, err));
    UP_TRY(UP_RESERVE(&out->arm, &out->capacity, out->n + n, err));
    UP_TRY(UP_RESERVE(&out->p, &out->capacity_p, out->n + n, err));
    upi_contest c = {.n = n, .mean = mean, .cov = cov, .df = (double)INFINITY};
    for (int64_t i = 0; i < f->arms; i++) {
        int64_t at = s * f->arms + i;
        mean[1 + i] = f->minimize ? -f->b[at] : f->b[at];
        c.df = fmin(c.df, f->e->rows[f->row[at]].value.df);
        for (int64_t j = 0; j < f->arms; j++) {
            cov[1 + i + (1 + j) * n] = f->v[at + (s * f->arms + j) * all];
        }
    }
    UP_TRY(check_contest(f, s, &c, err));
    UP_TRY(upi_contest_decide(&c, f->opts, (uint64_t)out->n, &ranks, err));
    for (int64_t i = 0; i < n; i++) {
        put_arm(f, s, i, &c, &ranks, &out->arm[out->n + i]);
        for (int64_t q = 0; q < n; q++) {
            p[q + i * n] = ranks.p[i + q * n];
        }
        out->p[out->n + i] = i == 0 ? p : out->p[out->n] + i * n;
    }
    p = NULL;
    out->n += n;
out:
    upi_ranks_free(&ranks);
    upi_free(mean);
    upi_free(cov);
    upi_free(p);
    return status;
}

/* ---- notes ---- */

static up_status
note_simulation(up_rank *r, up_error *err)
{
    double worst = 0;
    int64_t simulated = 0;
    for (int64_t i = 0; i < r->n; i++) {
        if (r->arm[i].method == UP_RANK_SIMULATION) {
            worst = fmax(worst, r->arm[i].error);
            simulated++;
        }
    }
    if (simulated == 0) {
        return UP_OK;
    }
    return upi_notes_add(&r->notes, UP_N_SIMULATED, "prob_best", worst, (double)NAN,
        err,
        "Ranks of %lld arms were simulated; the largest standard error of prob_best is "
        "%.2g.",
        (long long)simulated, worst);
}

static up_status
note_flat(const up_effects *e, const up_rank_opts *o, up_rank *r, up_error *err)
{
    if (e->model->posterior != NULL) {
        return UP_OK;
    }
    return upi_notes_add(&r->notes, UP_N_CREDIBLE, "prior", o->level, (double)NAN, err,
        "The effects are taken as the posterior of a flat prior%s.",
        o->shrink == UP_SHRINK_NONE ? ""
                                    : ", drawn towards their mean by what they have in "
                                      "common");
}

/* Of the first comparison: an honest prior has allowed for the luck of the best, and less than a
 * hundredth of a standard error is not worth a word. */
static up_status
note_winner(const up_effects *e, const up_rank_opts *o, up_rank *r, up_error *err)
{
    bool flat = e->model->posterior == NULL && o->shrink == UP_SHRINK_NONE;
    if (!flat || r->n == 0 || !(r->arm[0].overstatement > 0)) {
        return UP_OK;
    }
    const up_rank_arm *best = &r->arm[0];
    double error = 0;
    for (int64_t i = 1; i < r->arm[0].arms; i++) {
        best = r->arm[i].prob_best > best->prob_best ? &r->arm[i] : best;
        error = fmax(error, r->arm[i].std_error);
    }
    if (best->overstatement < 0.01 * error) {
        return UP_OK;
    }
    return upi_notes_add(&r->notes, UP_N_WINNERS_CURSE, best->metric,
        best->overstatement, (double)NAN, err,
        "The estimate of whichever arm looks best is too good by %.3g on average, if "
        "all "
        "effects were as estimated: '%s' may owe that much to luck.",
        best->overstatement, best->arm);
}

/* ---- together ---- */

static up_status
rank_metric(const up_effects *e, const up_rank_opts *o, int64_t first, int64_t arms,
    up_rank *r, up_error *err)
{
    up_status status = UP_OK;
    int64_t periods = 1;
    /* The same condition may be asked for twice, so that its text does not end a segment. */
    while (periods < e->block && strcmp(e->rows[first + periods].value.period,
                                     e->rows[first].value.period) != 0) {
        periods++;
    }
    for (int64_t t = 0; t < periods && status == UP_OK; t++) {
        family f = {.e = e, .opts = o, .arms = arms, .segments = e->block / periods};
        status = family_read(&f, first + t, periods, err);
        for (int64_t s = 0; s < f.segments && status == UP_OK; s++) {
            status = rank_segment(&f, s, r, err);
        }
        family_free(&f);
    }
    return status;
}

up_status
up_infer_rank(
    const up_effects *e, const up_rank_opts *opts, up_rank **out, up_error *err)
{
    UP_GUARD(err);
    up_status status = UP_OK;
    up_rank *r = NULL;
    up_rank_opts o = {0};
    if (e == NULL || out == NULL) {
        return upi_fail(err, UP_E_ARGUMENT, e == NULL ? "effects" : "out",
            "an argument that is required is NULL");
    }
    UP_TRY(read_options(e, opts, &o, err));
    UP_TRY(UP_NEW(&r, 1, err));
    for (int64_t first = 0; first < e->n_rows;) {
        int64_t end = first;
        while (end < e->n_rows &&
               strcmp(e->rows[end].value.metric, e->rows[first].value.metric) == 0) {
            end += e->block;
        }
        UP_TRY(rank_metric(e, &o, first, (end - first) / e->block, r, err));
        first = end;
    }
    UP_TRY(note_simulation(r, err));
    UP_TRY(note_flat(e, &o, r, err));
    UP_TRY(note_winner(e, &o, r, err));
    *out = r;
    r = NULL;
out:
    up_rank_free(r);
    return status;
}

int64_t
up_rank_count(const up_rank *r)
{
    return r->n;
}

up_rank_arm
up_rank_get(const up_rank *r, int64_t i)
{
    if (i < 0 || i >= r->n) {
        double none = (double)NAN;
        return (up_rank_arm){.metric = "",
            .arm = "",
            .segment = "",
            .period = "",
            .estimate = none,
            .std_error = none,
            .df = none,
            .ci_low = none,
            .ci_high = none,
            .prob_best = none,
            .prob_better = none,
            .expected_rank = none,
            .expected_loss = none,
            .overstatement = none,
            .error = none,
            .tau = none};
    }
    return r->arm[i];
}

double
up_rank_probability(const up_rank *r, int64_t i, int64_t rank)
{
    bool known = i >= 0 && i < r->n && rank >= 1 && rank <= r->arm[i].arms;
    return known ? r->p[i][rank - 1] : (double)NAN;
}

int64_t
up_rank_notes(const up_rank *r)
{
    return r->notes.n;
}

up_note
up_rank_note(const up_rank *r, int64_t i)
{
    if (i < 0 || i >= r->notes.n) {
        return (up_note){.number = (double)NAN, .threshold = (double)NAN};
    }
    return r->notes.items[i];
}

void
up_rank_free(up_rank *r)
{
    if (r == NULL) {
        return;
    }
    for (int64_t i = 0; i < r->n; i += r->arm[i].arms) {
        upi_free(r->p[i]);
    }
    upi_free(r->p);
    upi_free(r->arm);
    upi_notes_free(&r->notes);
    upi_free(r);
}
