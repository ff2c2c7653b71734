/* Effects look by look. Each look is one question to a model of all data so far, by a rule that was
 * fixed before the first of them, so that intervals hold at all looks together; then so does what they
 * have in common (Howard et al. 2021, sec. 2), and the smallest p-value. Two intervals of one effect
 * with nothing in common say that the effect moves, or that the model does not fit. Trap avoided: the
 * interval of a single look, which is shown beside them and called what it is. */
#include "base/opts.h"
#include "effect/effect.h"

#include <upshot/monitor.h>

#include <math.h>
#include <stdio.h>
#include <string.h>

enum { EARLY_ROWS = 100, EARLY_CLUSTERS = 30 };

struct up_monitor {
    up_effect_opts opts; /* as given */
    up_monitor_row *row;
    int64_t n_rows, capacity;
    double *units;      /* (n_looks) clusters or rows at each look */
    int64_t rows;       /* at the look before */
    double per_cluster; /* rows at the first look over its clusters */
    int64_t n_looks, units_capacity;
    up_inference_used used;
    char **text; /* owned: everything that rows and getters point to */
    int64_t n_texts, texts_capacity;
    const char *estimand;
    const char *assumptions[16];
    int64_t n_assumptions;
    upi_notes path, last; /* of the looks together; of the last look */
};

/* The monitor's own copy of a text, each kept once. */
static up_status
keep_text(up_monitor *m, const char **text, up_error *err)
{
    up_status status = UP_OK;
    for (int64_t i = 0; i < m->n_texts; i++) {
        if (strcmp(m->text[i], *text) == 0) {
            *text = m->text[i];
            return UP_OK;
        }
    }
    UP_TRY(UP_RESERVE(&m->text, &m->texts_capacity, m->n_texts + 1, err));
    UP_TRY(upi_strdup_to(&m->text[m->n_texts], *text, err));
    *text = m->text[m->n_texts++];
out:
    return status;
}

static up_status
keep_effect(up_monitor *m, up_effect *e, up_error *err)
{
    up_status status = UP_OK;
    const char **texts[] = {&e->metric, &e->arm, &e->against, &e->segment, &e->period,
        &e->estimand, &e->family};
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        UP_TRY(*texts[i] != NULL ? keep_text(m, texts[i], err) : UP_OK);
    }
out:
    return status;
}

up_status
up_monitor_new(const up_effect_opts *opts, up_monitor **out, up_error *err)
{
    UP_GUARD(err);
    up_status status = UP_OK;
    up_monitor *m = NULL;
    if (out == NULL) {
        return upi_fail(
            err, UP_E_ARGUMENT, "out", "an argument that is required is NULL");
    }
    UP_TRY(UP_NEW(&m, 1, err));
    UP_TRY(upi_opts_copy(&m->opts, sizeof m->opts, opts, err));
    m->estimand = "";
    bool group = m->opts.inference == UP_INFERENCE_GROUP;
    if (!group && m->opts.inference != UP_INFERENCE_ANYTIME) {
        status = upi_fail(err,
            m->opts.inference == UP_INFERENCE_FIXED ? UP_E_PEEK : UP_E_ARGUMENT,
            "inference",
            "intervals for a fixed size do not hold when they are looked at again and "
            "again");
        (void)upi_fix(err,
            "give --inference anytime --planned N, N the size planned before the first "
            "look; or group, for looks that were planned");
        goto out;
    }
    if (m->opts.over_time != 0) {
        status = upi_fail(err, UP_E_ARGUMENT, "over_time",
            "looks are at all data so far; periods within them cannot be asked for");
        (void)upi_fix(err, "ask for effects over time at one look");
        goto out;
    }
    if (!(m->opts.planned > 0) &&
        (group ? m->opts.n_information == 0 : !(m->opts.mixture > 0))) {
        status = upi_fail(err, UP_E_ARGUMENT, "planned",
            "the size that the experiment is planned for is not given; the present one "
            "cannot stand for it, since a rule that is tuned after looking is void");
        (void)upi_fix(err, "give planned: rows, or clusters where there are clusters");
        goto out;
    }
    *out = m;
    m = NULL;
out:
    up_monitor_free(m);
    return status;
}

/* The units of the smallest arm: clusters where there are clusters. */
static up_status
smallest_arm(const up_moments *m, int64_t *out, up_error *err)
{
    up_status status = UP_OK;
    int64_t *n = NULL, *seen = NULL;
    UP_TRY(UP_NEW(&n, m->n_arms, err));
    UP_TRY(UP_NEW(&seen, m->n_arms, err));
    int64_t cluster = 0; /* number of the cluster at hand: groups stand by cluster */
    for (int64_t g = 0; g < m->n_groups; g++) {
        int32_t arm = upi_moments_code(m, g, m->arm);
        if (m->ways == 0) {
            n[arm] += m->n[g];
            continue;
        }
        cluster += g == 0 || m->cluster[0][g] != m->cluster[0][g - 1] ? 1 : 0;
        n[arm] += seen[arm] != cluster ? 1 : 0;
        seen[arm] = cluster;
    }
    *out = n[0];
    for (int64_t a = 1; a < m->n_arms; a++) {
        *out = n[a] < *out ? n[a] : *out;
    }
out:
    upi_free(n);
    upi_free(seen);
    return status;
}

static up_status
note_early(up_monitor *m, const up_model *model, const char *label, up_error *err)
{
    bool clusters = model->moments->ways > 0;
    int64_t least = clusters ? EARLY_CLUSTERS : EARLY_ROWS;
    int64_t n = 0;
    up_status status = smallest_arm(model->moments, &n, err);
    if (status != UP_OK || n >= least) {
        return status;
    }
    return upi_notes_add(&m->path, UP_N_EARLY_LOOK, "looks", (double)n, (double)least,
        err,
        "Look '%s' rests on %lld %s in the smallest arm. Robust intervals that hold at "
        "any "
        "time do so in large samples; start looking at %lld.",
        label, (long long)n, clusters ? "clusters" : "rows", (long long)least);
}

/* The same effect at the last look that had it. */
static const up_monitor_row *
before(const up_monitor *m, const up_effect *e)
{
    for (int64_t i = m->n_rows - 1; i >= 0; i--) {
        const up_effect *x = &m->row[i].effect;
        if (m->row[i].look <= m->n_looks && x->metric == e->metric &&
            x->arm == e->arm && x->against == e->against && x->segment == e->segment &&
            x->estimand == e->estimand) {
            return &m->row[i];
        }
    }
    return NULL;
}

/* An Anderson-Rubin set that is no interval rules nothing out here. */
static void
reach(const up_effect *e, double *low, double *high)
{
    bool half = e->ci_shape == UPI_SHAPE_ABOVE || e->ci_shape == UPI_SHAPE_BELOW;
    *low = -HUGE_VAL;
    *high = HUGE_VAL;
    if (e->ci_shape == UPI_SHAPE_INTERVAL || half) {
        *low = e->ci_low;
        *high = e->ci_high;
    }
}

/* Bounds rest on how alike the statistics of two looks are, which is the share of information that
 * the first has of the second. Rows say it exactly; clusters that grow do not, but variances do. */
static up_status
note_information(
    up_monitor *m, const up_monitor_row *r, const up_monitor_row *old, up_error *err)
{
    const up_effect *now = &r->effect, *then = &old->effect;
    bool clusters = now->clusters > 0;
    double stated = r->information / old->information;
    double held = clusters ? pow(then->std_error / now->std_error, 2)
                           : (double)now->n / (double)then->n;
    double slack = clusters ? 1.5 : 1.25;
    if (!(held > slack * stated) && !(held < stated / slack)) {
        return UP_OK;
    }
    return upi_notes_add(&m->path, UP_W_INFORMATION, now->metric, held, stated, err,
        "At look '%s' the data hold %.3g times the information of the look before, but "
        "%.3g times was stated%s. Bounds hold for looks at the information stated; "
        "leave it out and give the planned size, so that it is counted.",
        r->label, held, stated, clusters ? " (by the variances of the effect)" : "");
}

static up_status
run_on(up_monitor *m, up_monitor_row *r, up_error *err)
{
    const up_monitor_row *old = before(m, &r->effect);
    if (old != NULL && m->used.inference == UP_INFERENCE_GROUP) {
        up_status status = note_information(m, r, old, err);
        if (status != UP_OK) {
            return status;
        }
    }
    reach(&r->effect, &r->running_low, &r->running_high);
    r->running_p = r->effect.p_value;
    r->running_log_e = r->effect.log_e_value;
    r->decision = r->effect.decision;
    if (old != NULL) {
        r->running_p = fmin(r->running_p, old->running_p);
        r->running_log_e = fmax(r->running_log_e, old->running_log_e);
        r->decision = old->decision != UP_DECISION_NONE ? old->decision : r->decision;
        r->empty = old->empty;
    }
    if (old != NULL && old->empty == 0) {
        r->running_low = fmax(r->running_low, old->running_low);
        r->running_high = fmin(r->running_high, old->running_high);
    }
    if (r->empty != 0 || !(r->running_low > r->running_high)) {
        r->running_low = r->empty != 0 ? (double)NAN : r->running_low;
        r->running_high = r->empty != 0 ? (double)NAN : r->running_high;
        return UP_OK;
    }
    double low = r->running_low;
    double high = r->running_high;
    r->empty = 1;
    r->running_low = r->running_high = (double)NAN;
    return upi_notes_add(&m->path, UP_W_EMPTY_INTERSECTION, r->effect.metric, low, high,
        err,
        "At look '%s' the intervals so far of %.60s (%.40s%s%.60s) have nothing in "
        "common: "
        "one begins at %.6g, another ends at %.6g. The effect moves with time, or the "
        "data "
        "of the looks differ.",
        r->label, r->effect.metric, r->effect.arm,
        r->effect.segment[0] != '\0' ? ", " : "", r->effect.segment, low, high);
}

/* The question of this look: with group-sequential inference, its information so far. */
static up_status
ask(const up_monitor *m, up_effect_opts *o, up_error *err)
{
    *o = m->opts;
    o->struct_size = sizeof *o;
    int64_t looks = m->n_looks + 1;
    if (o->inference != UP_INFERENCE_GROUP) {
        return UP_OK;
    }
    if (o->n_information == 0) {
        o->information = m->units;
    } else if (o->n_information < looks) {
        (void)upi_fail(err, UP_E_LOOKS, "information",
            "the plan has %lld looks, and this is look %lld",
            (long long)o->n_information, (long long)looks);
        return upi_fix(err, "stop at the last look of the plan, or plan more of them");
    }
    o->n_information = looks;
    return UP_OK;
}

static void
forget_plan(up_effect_opts *o)
{
    o->inference = UP_INFERENCE_FIXED;
    o->planned = o->mixture = o->spending_parameter = 0;
    o->spending = o->n_information = o->adjust = o->n_family = o->n_margins = 0;
    o->information = NULL;
    o->family = NULL;
    o->margins = NULL;
}

static up_status
add_rows(up_monitor *m, const up_effects *effects, const up_effects *fixed,
    const char *label, up_error *err)
{
    up_status status = UP_OK;
    int64_t n = up_effects_count(effects);
    UP_TRY(UP_RESERVE(&m->row, &m->capacity, m->n_rows + n, err));
    int64_t first = m->n_rows;
    for (int64_t i = 0; i < n; i++) {
        up_effect one = up_effects_get(fixed, i);
        up_monitor_row r = {.look = m->n_looks + 1,
            .label = label,
            .effect = up_effects_get(effects, i),
            .information = m->used.inference == UP_INFERENCE_GROUP
                               ? m->used.information
                               : m->units[m->n_looks] / m->used.planned,
            .fixed_low = one.ci_low,
            .fixed_high = one.ci_high};
        UP_TRY(keep_effect(m, &r.effect, err));
        UP_TRY(run_on(m, &r, err));
        m->row[first + i] = r;
    }
    m->n_rows += n;
out:
    return status;
}

static up_status
keep_words(up_monitor *m, const up_effects *e, up_error *err)
{
    up_status status = UP_OK;
    m->estimand = up_effects_estimand(e);
    UP_TRY(keep_text(m, &m->estimand, err));
    m->n_assumptions = 0;
    for (int64_t i = 0; i < up_effects_assumptions(e); i++) {
        const char *text = up_effects_assumption(e, i);
        UP_TRY(keep_text(m, &text, err));
        m->assumptions[m->n_assumptions++] = text;
    }
    upi_notes_free(&m->last);
    UP_TRY(upi_notes_append(&m->last, &e->notes, err));
out:
    return status;
}

static up_status
check_growth(
    const up_monitor *m, const up_model *model, const char *label, up_error *err)
{
    int64_t now = up_model_rows(model);
    if (now > m->rows) {
        return UP_OK;
    }
    (void)upi_fail(err, UP_E_LOOKS, "looks",
        "look '%s' has %lld rows and the look before it %lld; a look is at all data so "
        "far",
        label, (long long)now, (long long)m->rows);
    return upi_fix(err,
        "give the looks in their order; where each has only its new rows, ask for "
        "increments");
}

/* Information is counted in clusters, so looks should add clusters, not rows to the same ones. */
static up_status
note_clusters(up_monitor *m, const up_model *model, const char *label, up_error *err)
{
    double each = (double)up_model_rows(model) / m->units[m->n_looks];
    bool anytime = m->opts.inference == UP_INFERENCE_ANYTIME;
    m->rows = up_model_rows(model);
    m->per_cluster = m->n_looks == 0 ? each : m->per_cluster;
    if (up_model_clusters(model) == 0 || !anytime || each <= 1.1 * m->per_cluster) {
        return UP_OK;
    }
    return upi_notes_add(&m->path, UP_W_SAME_CLUSTERS, "looks", each, m->per_cluster,
        err,
        "At look '%s' there are %.3g rows per cluster, at the first look %.3g. The "
        "size at a "
        "look is counted in clusters; where looks add rows to clusters that were there "
        "before, that intervals hold at all looks is an approximation.",
        label, each, m->per_cluster);
}

up_status
up_monitor_look(up_monitor *m, const up_model *model, const char *label, up_error *err)
{
    UP_GUARD(err);
    up_status status = UP_OK;
    up_effects *effects = NULL, *fixed = NULL;
    up_effect_opts o;
    char number[24];
    if (m == NULL || model == NULL) {
        return upi_fail(err, UP_E_ARGUMENT, m == NULL ? "m" : "model",
            "an argument that is required is NULL");
    }
    (void)snprintf(number, sizeof number, "%lld", (long long)m->n_looks + 1);
    label = label != NULL ? label : number;
    UP_TRY(keep_text(m, &label, err));
    UP_TRY(UP_RESERVE(&m->units, &m->units_capacity, m->n_looks + 1, err));
    int64_t clusters = up_model_clusters(model);
    m->units[m->n_looks] = (double)(clusters > 0 ? clusters : up_model_rows(model));
    UP_TRY(check_growth(m, model, label, err));
    UP_TRY(ask(m, &o, err));
    UP_TRY(up_infer_effect(model, &o, &effects, err));
    forget_plan(&o);
    UP_TRY(up_infer_effect(model, &o, &fixed, err));
    m->used = up_effects_inference(effects);
    UP_TRY(keep_words(m, effects, err));
    UP_TRY(m->n_looks == 0 ? note_early(m, model, label, err) : UP_OK);
    UP_TRY(add_rows(m, effects, fixed, label, err));
    UP_TRY(note_clusters(m, model, label, err));
    m->n_looks++;
out:
    up_effects_free(effects);
    up_effects_free(fixed);
    return status;
}

int64_t
up_monitor_looks(const up_monitor *m)
{
    return m->n_looks;
}

int64_t
up_monitor_count(const up_monitor *m)
{
    return m->n_rows;
}

up_monitor_row
up_monitor_get(const up_monitor *m, int64_t i)
{
    return m->row[i];
}

up_inference_used
up_monitor_inference(const up_monitor *m)
{
    return m->used;
}

const char *
up_monitor_estimand(const up_monitor *m)
{
    return m->estimand;
}

int64_t
up_monitor_assumptions(const up_monitor *m)
{
    return m->n_assumptions;
}

const char *
up_monitor_assumption(const up_monitor *m, int64_t i)
{
    return i >= 0 && i < m->n_assumptions ? m->assumptions[i] : NULL;
}

int64_t
up_monitor_notes(const up_monitor *m)
{
    return m->path.n + m->last.n;
}

up_note
up_monitor_note(const up_monitor *m, int64_t i)
{
    return i < m->path.n ? m->path.items[i] : m->last.items[i - m->path.n];
}

void
up_monitor_free(up_monitor *m)
{
    if (m == NULL) {
        return;
    }
    for (int64_t i = 0; i < m->n_texts; i++) {
        upi_free(m->text[i]);
    }
    upi_free(m->text);
    upi_free(m->row);
    upi_free(m->units);
    upi_notes_free(&m->path);
    upi_notes_free(&m->last);
    upi_free(m);
}
