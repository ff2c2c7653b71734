/* The value of a policy on a log, three ways, from eight scores per row:
 *
 *   0 w y   1 w   2 sum_a pi_a m_a + w (y - m)   3 c y   4 c   5 m_0 + c (y - m_0)   6 y   7 1
 *
 * with w = pi(a|x)/e, c = 1{a = control}/e, m the fitted outcome model, each times the analytic
 * weight. Values are quotients of means of scores, so the error of all of them and of their
 * differences follows from one covariance by linearisation. Within a group of equal context and
 * propensity the scores are affine in y: the moments are enough. Where a covariate is
 * continuous the rows are read again. Dudik et al. (2014) eq. 7. */
#include "decide/value.h"

#include "base/opts.h"
#include "num/dist.h"

#include <math.h>
#include <string.h>

static const char *const methods[] = {"dr", "ips", "snips"};
static const char *const quantities[] = {"value", "gain_over_control", "gain_over_log"};

struct up_value {
    up_value_row row[9];
    up_value_overlap overlap;
    upi_notes notes;
};

/* ---- from covariance to estimates ---- */

/* A quotient of means and its gradient in the scores. */
typedef struct quotient {
    double value, gradient[UPI_VALUE_SCORES];
} quotient;

static quotient
divide(const double *mean, int above, int below)
{
    quotient q = {.value = mean[above] / mean[below]};
    q.gradient[above] += 1 / mean[below];
    q.gradient[below] -= q.value / mean[below];
    return q;
}

static quotient
difference(quotient a, quotient b)
{
    a.value -= b.value;
    for (int i = 0; i < UPI_VALUE_SCORES; i++) {
        a.gradient[i] -= b.gradient[i];
    }
    return a;
}

static double
variance(const quotient *q, const double *covariance)
{
    double sum = 0;
    for (int i = 0; i < UPI_VALUE_SCORES; i++) {
        for (int j = 0; j < UPI_VALUE_SCORES; j++) {
            sum +=
                q->gradient[i] * covariance[i + j * UPI_VALUE_SCORES] * q->gradient[j];
        }
    }
    return fmax(sum, 0);
}

static void
fill_rows(
    up_value *v, const double *mean, const double *covariance, double df, double level)
{
    static const int above[3] = {2, 0, 0};
    static const int below[3] = {7, 7, 1};
    static const int control_above[3] = {5, 3, 3};
    static const int control_below[3] = {7, 7, 4};
    double t = upi_t_quantile(0.5 + level / 2, df);
    for (int k = 0; k < 9; k++) {
        int method = k % 3;
        quotient q = divide(mean, above[method], below[method]);
        if (k / 3 == 1) {
            q = difference(
                q, divide(mean, control_above[method], control_below[method]));
        } else if (k / 3 == 2) {
            q = difference(q, divide(mean, 6, 7));
        }
        double error = sqrt(variance(&q, covariance));
        v->row[k] = (up_value_row){.method = methods[method],
            .quantity = quantities[k / 3],
            .estimate = q.value,
            .std_error = error,
            .df = df,
            .p_value = k / 3 == 0 ? (double)NAN : upi_t_two_sided(q.value / error, df),
            .ci_low = q.value - t * error,
            .ci_high = q.value + t * error};
    }
}

static up_status
fill_overlap(up_value *v, const upi_log *g, const double *covariance, int64_t units,
    double most, up_error *err)
{
    up_status status = UP_OK;
    const upi_score_sum *s = &g->sum;
    double n = (double)s->n;
    double w = s->mean[1];
    double square = s->product[1 + UPI_VALUE_SCORES] / n + w * w;
    v->overlap = (up_value_overlap){.rows = s->n,
        .clusters = g->m->moments->ways > 0 ? units : 0,
        .effective_rows = square > 0 ? n * w * w / square : 0,
        .max_weight = g->max_weight,
        .mean_weight = w / s->mean[7],
        .mean_weight_error =
            sqrt(fmax(covariance[1 + UPI_VALUE_SCORES], 0)) / s->mean[7],
        .uncovered = g->uncovered / n};
    const up_value_overlap *o = &v->overlap;
    if (o->uncovered > most || square <= 0) {
        (void)upi_fail(err, UP_E_OVERLAP, "policy",
            "%.3g %% of the policy's plays go to arms that have no row in their "
            "context",
            100 * o->uncovered);
        return upi_fix(err, "log with a floor of propensity first; or allow a larger "
                            "uncovered share, which rests on the outcome model alone");
    }
    if (o->uncovered > 0) {
        UP_TRY(upi_notes_add(&v->notes, UP_W_POLICY_OVERLAP, "uncovered", o->uncovered,
            most, err,
            "%.3g %% of the plays have no row in their context: there the "
            "value rests on the outcome model alone.",
            100 * o->uncovered));
    }
    if (o->effective_rows < 100 || o->effective_rows < 0.01 * n) {
        UP_TRY(upi_notes_add(&v->notes, UP_W_POLICY_OVERLAP, "effective_rows",
            o->effective_rows, 100, err,
            "The log is worth %.3g rows for this policy, of %lld: it seldom plays what "
            "the policy plays.",
            o->effective_rows, (long long)s->n));
    }
    double z = (o->mean_weight - 1) / o->mean_weight_error;
    if (o->uncovered == 0 && fabs(z) > 4) {
        UP_TRY(upi_notes_add(&v->notes, UP_W_PROPENSITY_SHARES, "propensity",
            o->mean_weight, 1, err,
            "The weights average %.4g, %.1f standard errors from 1: the propensities "
            "do "
            "not seem to be those of the log.",
            o->mean_weight, fabs(z)));
    }
out:
    return status;
}

static up_status
note_same_data(up_value *v, const up_policy *p, const up_moments *m, up_error *err)
{
    if (p->fingerprint == 0 || p->fingerprint != upi_policy_rows(m)) {
        return UP_OK;
    }
    return upi_notes_add(&v->notes, UP_W_SAME_DATA, "policy", (double)NAN, (double)NAN,
        err,
        "The policy was learned from these very rows: its value is too high (winner's "
        "curse). Learn it on a part of the units with --filter, and value it on the "
        "others, or on a later log.");
}

static up_status
resolve_options(up_value_opts *o, up_error *err)
{
    o->level = o->level == 0 ? 0.95 : o->level;
    o->uncovered = o->uncovered == 0 ? 0.01 : o->uncovered;
    if (!(o->level > 0 && o->level < 1)) {
        return upi_fail(err, UP_E_ARGUMENT, "level",
            "level is %g, but a confidence level lies between 0 and 1", o->level);
    }
    if (!(o->uncovered > 0 && o->uncovered <= 1)) {
        return upi_fail(err, UP_E_ARGUMENT, "uncovered",
            "uncovered is %g, but a share lies between 0 and 1", o->uncovered);
    }
    return UP_OK;
}

up_status
up_policy_value(const up_policy *policy, const up_model *model,
    const up_value_opts *opts, const up_run *run, up_value **out, up_error *err)
{
    UP_GUARD(err);
    up_status status = UP_OK;
    up_value *v = NULL;
    up_value_opts o;
    upi_log g = {0};
    double covariance[UPI_VALUE_SCORES * UPI_VALUE_SCORES];
    int64_t units = 0;
    if (policy == NULL || model == NULL || out == NULL) {
        return upi_fail(err, UP_E_ARGUMENT, policy == NULL ? "policy" : "model",
            "an argument that is required is NULL");
    }
    UP_TRY(upi_opts_copy(&o, sizeof o, opts, err));
    UP_TRY(resolve_options(&o, err));
    UP_TRY(UP_NEW(&v, 1, err));
    UP_TRY(upi_log_read(
        policy, model, o.metric != NULL ? o.metric : policy->metric, run, &g, err));
    UP_TRY(
        upi_score_covariance(&g.sum, model->moments, g.total, covariance, &units, err));
    UP_TRY(fill_overlap(v, &g, covariance, units, o.uncovered, err));
    fill_rows(v, g.sum.mean, covariance, (double)(units > 1 ? units - 1 : 1), o.level);
    UP_TRY(note_same_data(v, policy, model->moments, err));
    *out = v;
    v = NULL;
out:
    upi_log_clear(&g);
    up_value_free(v);
    return status;
}

int64_t
up_value_count(const up_value *v)
{
    (void)v;
    return 9;
}

up_value_row
up_value_get(const up_value *v, int64_t i)
{
    const double none = (double)NAN;
    return i >= 0 && i < 9 ? v->row[i]
                           : (up_value_row){"", "", none, none, none, none, none, none};
}

up_value_overlap
up_value_overlap_of(const up_value *v)
{
    return v->overlap;
}

int64_t
up_value_notes(const up_value *v)
{
    return v->notes.n;
}

up_note
up_value_note(const up_value *v, int64_t i)
{
    return i >= 0 && i < v->notes.n ? v->notes.items[i] : (up_note){0};
}

void
up_value_free(up_value *v)
{
    if (v != NULL) {
        upi_notes_free(&v->notes);
    }
    upi_free(v);
}
