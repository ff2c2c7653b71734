/* How far the arms are apart in what was known before, and drawing until they are close:
 *
 *     M = sum over arms of n_k (xbar_k - xbar)' S^-1 (xbar_k - xbar),
 *
 * which is Morgan & Rubin's (2012) Mahalanobis distance for two arms and close to chi-square with
 * p (arms - 1) degrees of freedom over complete assignments. Covariates are made uncorrelated
 * once (X = Q R), so that a draw costs n p. The trap avoided: S is never formed nor inverted. */
#include "base/base.h"
#include "num/dist.h"
#include "num/matrix.h"
#include "plan/assignment.h"

#include <math.h>
#include <string.h>

static void
centre(up_assignment *a, int64_t n)
{
    for (int64_t j = 0; j < a->p; j++) {
        double mean = 0;
        for (int64_t i = 0; i < n; i++) {
            mean += (a->x[i * a->p + j] - mean) / (double)(i + 1);
        }
        for (int64_t i = 0; i < n; i++) {
            a->x[i * a->p + j] -= mean;
        }
    }
}

/* Leaves the columns with keep[j] in x; returns how many. */
static int64_t
drop_columns(up_assignment *a, int64_t n, const int64_t *keep)
{
    int64_t p = 0;
    for (int64_t j = 0; j < a->p; j++) {
        p += keep[j] != 0;
    }
    double *to = a->x;
    for (int64_t i = 0; i < n; i++) {
        for (int64_t j = 0; j < a->p; j++) {
            double v = a->x[i * a->p + j];
            if (keep[j] != 0) {
                *to++ = v;
            }
        }
    }
    return p;
}

static up_status
factor(const up_assignment *a, int64_t n, double *r, up_error *err)
{
    up_status status = UP_OK;
    double *copy = NULL;
    UP_TRY(UP_NEW(&copy, n * a->p, err));
    for (int64_t i = 0; i < n; i++) {
        for (int64_t j = 0; j < a->p; j++) {
            copy[j * n + i] = a->x[i * a->p + j];
        }
    }
    UP_TRY(upi_qr_r(n, a->p, copy, n, r, a->p, err));
out:
    upi_free(copy);
    return status;
}

up_status
upi_balance_prepare(up_assignment *a, up_error *err)
{
    up_status status = UP_OK;
    double *r = NULL;
    int64_t *keep = NULL;
    int64_t n = upi_items(a)->n;
    int64_t rank = 0;
    centre(a, n);
    UP_TRY(UP_NEW(&r, a->p * a->p, err));
    UP_TRY(UP_NEW(&keep, a->p, err));
    UP_TRY(factor(a, n, r, err));
    UP_TRY(upi_rank_in_order(a->p, r, a->p, 1e-10, keep, NULL, &rank, err));
    if (rank == 0) {
        status = upi_fail(err, UP_E_NO_VARIATION, "covariates",
            "none of the covariates varies between what is assigned");
        goto out;
    }
    a->p = drop_columns(a, n, keep);
    UP_TRY(factor(a, n, r, err));
    UP_TRY(upi_tri_solve('T', a->p, n, r, a->p, a->x, a->p, err));
    for (int64_t i = 0; i < n * a->p; i++) {
        a->x[i] *= sqrt((double)(n - 1));
    }
out:
    upi_free(r);
    upi_free(keep);
    return status;
}

double
upi_balance_distance(const up_assignment *a, const uint8_t *arm)
{
    double distance = 0;
    int64_t n = upi_items(a)->n;
    double sum[UPI_ASSIGN_ARMS];
    int64_t count[UPI_ASSIGN_ARMS] = {0};
    for (int64_t i = 0; i < n; i++) {
        count[arm[i]]++;
    }
    for (int64_t j = 0; j < a->p; j++) {
        memset(sum, 0, sizeof sum);
        for (int64_t i = 0; i < n; i++) {
            sum[arm[i]] += a->x[i * a->p + j];
        }
        for (int64_t k = 0; k < a->n_arms; k++) {
            distance += count[k] > 0 ? sum[k] * sum[k] / (double)count[k] : 0;
        }
    }
    return distance;
}

static up_status
stopped(const up_run *run, up_error *err)
{
    if (run != NULL && run->should_stop != NULL && run->should_stop(run->user) != 0) {
        return upi_fail(err, UP_E_STOPPED, NULL, "stopped on request");
    }
    return UP_OK;
}

typedef struct search {
    up_assignment *a;
    const up_run *run;
    uint64_t seed, next;
    int64_t most;
    upi_draw_item *scratch;
} search;

/* The next draw that is balanced enough goes to arm. */
static up_status
accept_next(search *s, uint8_t *arm, up_error *err)
{
    up_status status = UP_OK;
    for (int64_t tried = 0; tried < s->most; tried++) {
        UP_TRY(stopped(s->run, err));
        upi_draw_complete(s->a, s->seed, s->next++, s->scratch, arm);
        s->a->imbalance = upi_balance_distance(s->a, arm);
        if (s->a->imbalance <= s->a->threshold) {
            return UP_OK;
        }
    }
    (void)upi_fail(err, UP_E_PLAN, "accept",
        "none of %lld draws has a distance below %.4g", (long long)s->most,
        s->a->threshold);
    status = upi_fix(err, "accept a larger share of draws, or name fewer covariates");
out:
    return status;
}

/* The share of further accepted draws in which a unit gets the arm it got; half a draw is added,
 * so that none is 0. */
static up_status
estimate(search *s, int64_t draws, up_error *err)
{
    up_status status = UP_OK;
    up_assignment *a = s->a;
    uint8_t *other = NULL;
    int64_t n = upi_items(a)->n;
    double own = a->imbalance;
    UP_TRY(UP_NEW(&other, n, err));
    UP_TRY(UP_NEW(&a->probability, n, err));
    for (int64_t d = 0; d < draws; d++) {
        UP_TRY(accept_next(s, other, err));
        for (int64_t i = 0; i < n; i++) {
            a->probability[i] += other[i] == a->arm[i] ? 1 : 0;
        }
    }
    for (int64_t i = 0; i < n; i++) {
        double prior = a->share[a->arm[i]];
        a->probability[i] = (a->probability[i] + prior) / (double)(draws + 1);
    }
    a->imbalance = own;
out:
    upi_free(other);
    return status;
}

static up_status
say(up_assignment *a, const up_assign_opts *o, bool equal, up_error *err)
{
    up_status status = UP_OK;
    UP_TRY(upi_notes_add(&a->notes, UP_N_RERANDOMISED, NULL, (double)a->draws,
        (double)NAN, err,
        "Draw %lld was the first with a distance of at most %.4g. Intervals that do "
        "not "
        "know of the re-randomisation are a little too wide, never too narrow, for an "
        "effect adjusted for the same covariates.",
        (long long)a->draws, a->threshold));
    if (!equal) {
        UP_TRY(upi_notes_add(&a->notes, UP_N_APPROXIMATE, "propensity",
            (double)o->probability_draws, (double)NAN, err,
            o->probability_draws > 0 ? "With unequal shares the probability of a unit "
                                       "is estimated from %lld "
                                       "further accepted draws."
                                     : "With unequal shares and %lld draws to estimate "
                                       "it from, the propensity "
                                       "given is the average over units; units with "
                                       "unusual covariates differ "
                                       "a little.",
            (long long)o->probability_draws));
    }
out:
    return status;
}

up_status
upi_rerandomise(
    up_assignment *a, const up_assign_opts *o, const up_run *run, up_error *err)
{
    up_status status = UP_OK;
    search s = {.a = a, .run = run, .seed = run != NULL ? run->seed : 0};
    bool equal = true;
    for (int64_t k = 1; k < a->n_arms; k++) {
        equal = equal && fabs(a->share[k] - a->share[0]) < 1e-12;
    }
    s.most = o->max_draws;
    a->threshold =
        upi_chisq_quantile(o->accept, (double)a->p * (double)(a->n_arms - 1));
    UP_TRY(UP_NEW(&s.scratch, upi_items(a)->n, err));
    UP_TRY(accept_next(&s, a->arm, err));
    a->draws = (int64_t)s.next;
    if (!equal && o->probability_draws > 0) {
        UP_TRY(estimate(&s, o->probability_draws, err));
    }
    UP_TRY(say(a, o, equal, err));
out:
    upi_free(s.scratch);
    return status;
}
