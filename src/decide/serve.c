/* Serving a policy: context -> features -> rewards -> play probabilities -> arm.
 *
 * With alpha_k the probability that arm k is the best (best.c), the play probabilities are
 *   Thompson   alpha_k
 *   argmax     1 for the arm of the highest mean
 *   top-two    alpha_k (beta + (1 - beta) sum_{j != k} alpha_j / (1 - alpha_j))
 *   tempered   alpha_k^c / sum_j alpha_j^c
 * and then floor + (1 - K floor) p_k. 1 - alpha_j is formed as the sum of the others, so that
 * nothing cancels when a leader is almost sure. A unit's number in [0,1) is a hash of salt and
 * unit; the arm is where it falls in the cumulated probabilities. Russo (2020) for top-two. */
#include "decide/policy.h"

#include <math.h>
#include <string.h>

/* ---- contexts ---- */

static void
add_feature(upi_context *c, int64_t feature, double value)
{
    if (feature >= 0) {
        c->feature[c->n] = feature;
        c->value[c->n++] = value;
    }
}

/* False when the value is not one that the policy knows. */
static bool
add_input(const up_policy *p, const upi_policy_input *in, double x, upi_context *c)
{
    int64_t feature = -1;
    double value = 1;
    if (isnan(x)) {
        if (!in->missing) {
            return false;
        }
        feature = in->absent;
    } else if (in->n_levels == 0) {
        if (!isfinite(x)) {
            return false;
        }
        feature = in->number;
        value = x - in->center;
    } else {
        if (!(x >= 0 && x < (double)in->n_levels)) {
            return false;
        }
        feature = in->level[(int64_t)x];
    }
    add_feature(c, feature, value);
    return feature < 0 || p->unsupported[feature] == 0;
}

/* Finds the features of a context; -1, or the input that is not known. */
static int64_t
find_features(const up_policy *p, const double *context, upi_context *out)
{
    out->n = 0;
    add_feature(out, 0, 1);
    for (int64_t i = 0; i < p->n_inputs; i++) {
        if (!add_input(p, &p->input[i], context[i], out)) {
            return i;
        }
    }
    return -1;
}

static void
average_context(const up_policy *p, upi_context *out)
{
    out->n = 0;
    for (int64_t j = 0; j < p->n_features; j++) {
        if (p->average[j] != 0) {
            add_feature(out, j, p->average[j]);
        }
    }
}

static int64_t
triangle(int64_t n)
{
    return n * (n + 1) / 2;
}

/* Of a pair of features, in any order. */
static int64_t
place_of(int64_t i, int64_t j)
{
    return i > j ? triangle(i) + j : triangle(j) + i;
}

/* Mean and covariance (M, M) of the rewards over arm 0. */
static void
rewards_over_base(
    const up_policy *p, const upi_context *c, double *mean, double *covariance)
{
    double sum[UPI_POLICY_ARMS * UPI_POLICY_ARMS] = {0};
    int64_t m = p->n_contrasts;
    int64_t d = p->n_features;
    int64_t pairs = triangle(m);
    for (int64_t a = 0; a < m; a++) {
        mean[a] = 0;
        for (int64_t i = 0; i < c->n; i++) {
            mean[a] += c->value[i] * p->mean[a * d + c->feature[i]];
        }
    }
    for (int64_t i = 0; i < c->n; i++) {
        for (int64_t j = 0; j <= i; j++) {
            double product = c->value[i] * c->value[j];
            const double *v =
                p->by_features + place_of(c->feature[i], c->feature[j]) * pairs;
            for (int64_t k = 0; k < pairs; k++) {
                sum[k] += product * v[k];
            }
        }
    }
    for (int64_t a = 0, k = 0; a < m; a++) {
        for (int64_t b = 0; b <= a; b++, k++) {
            covariance[a + b * m] = covariance[b + a * m] =
                fmax(sum[k], a == b ? 0 : sum[k]);
        }
    }
}

/* ---- play probabilities ---- */

static void
play_best(int64_t k, const double *mean, double *p)
{
    int64_t best = 0;
    double most = 0;
    for (int64_t a = 1; a < k; a++) {
        if (mean[a - 1] > most) {
            most = mean[a - 1];
            best = a;
        }
    }
    for (int64_t a = 0; a < k; a++) {
        p[a] = a == best ? 1 : 0;
    }
}

/* Where the leader is certain there is no second to draw: the others share alike. */
static void
play_top_two(int64_t k, double beta, double *p)
{
    double odds[UPI_POLICY_ARMS];
    double sum = 0;
    for (int64_t a = 0; a < k; a++) {
        double others = 0;
        for (int64_t b = 0; b < k; b++) {
            others += b == a ? 0 : p[b];
        }
        if (others <= 0) {
            for (int64_t b = 0; b < k; b++) {
                p[b] = b == a ? beta : (1 - beta) / (double)(k - 1);
            }
            return;
        }
        odds[a] = p[a] / others;
        sum += odds[a];
    }
    double total = 0;
    for (int64_t a = 0; a < k; a++) {
        double rest = 0;
        for (int64_t b = 0; b < k; b++) {
            rest += b == a ? 0 : odds[b];
        }
        p[a] *= beta + (1 - beta) * rest;
        total += p[a];
    }
    for (int64_t a = 0; a < k; a++) {
        p[a] /= total;
    }
}

static void
play_tempered(int64_t k, double power, double *p)
{
    double sum = 0;
    for (int64_t a = 0; a < k; a++) {
        p[a] = pow(p[a], power);
        sum += p[a];
    }
    for (int64_t a = 0; a < k; a++) {
        p[a] /= sum;
    }
}

static void
play(const up_policy *p, const upi_context *c, double *probability)
{
    double mean[UPI_POLICY_ARMS];
    double covariance[UPI_POLICY_ARMS * UPI_POLICY_ARMS];
    int64_t k = p->n_arms;
    rewards_over_base(p, c, mean, covariance);
    for (int64_t a = 0; p->minimize != 0 && a < k - 1; a++) {
        mean[a] = -mean[a];
    }
    if (p->algorithm == UP_POLICY_ARGMAX) {
        play_best(k, mean, probability);
    } else {
        upi_best_probabilities(&p->lattice, k - 1, mean, covariance, probability);
    }
    if (p->algorithm == UP_POLICY_TOP_TWO) {
        play_top_two(k, p->beta, probability);
    } else if (p->algorithm == UP_POLICY_TEMPERED) {
        play_tempered(k, p->power, probability);
    }
    for (int64_t a = 0; p->floor > 0 && a < k; a++) {
        probability[a] = p->floor + (1 - (double)k * p->floor) * probability[a];
    }
}

/* ---- what is worked out beforehand ---- */

/* The number of contexts when all inputs have levels, at most UPI_POLICY_TABLE; else 0. */
static int64_t
count_contexts(const up_policy *p)
{
    int64_t n = 1;
    for (int64_t i = 0; i < p->n_inputs; i++) {
        int64_t levels = p->input[i].n_levels + (p->input[i].missing ? 1 : 0);
        if (p->input[i].n_levels == 0 || n > UPI_POLICY_TABLE / levels) {
            return 0;
        }
        n *= levels;
    }
    return n;
}

static up_status
fill_table(up_policy *p, up_error *err)
{
    up_status status = UP_OK;
    double context[UPI_POLICY_INPUTS];
    int64_t n = count_contexts(p);
    UP_TRY(UP_NEW(&p->stride, p->n_inputs, err));
    for (int64_t i = 0, stride = 1; n > 0 && i < p->n_inputs; i++) {
        p->stride[i] = stride;
        stride *= p->input[i].n_levels + (p->input[i].missing ? 1 : 0);
    }
    UP_TRY(UP_NEW(&p->table, n * p->n_arms, err));
    UP_TRY(UP_NEW(&p->table_known, n, err));
    p->n_table = n;
    for (int64_t t = 0; t < n; t++) {
        upi_context c;
        up_policy_context(p, t, context);
        p->table_known[t] = find_features(p, context, &c) < 0;
        if (p->table_known[t]) {
            play(p, &c, p->table + t * p->n_arms);
        }
    }
out:
    return status;
}

/* V[ai,bj] + V[aj,bi], or V[ai,bi] where i = j, of all pairs of arms a >= b. */
static void
order_arms(const up_policy *p, int64_t i, int64_t j, double *to)
{
    int64_t m = p->n_contrasts;
    int64_t d = p->n_features;
    for (int64_t a = 0; a < m; a++) {
        for (int64_t b = 0; b <= a; b++) {
            double one = p->covariance[a * d + i + (b * d + j) * (m * d)];
            double other = p->covariance[a * d + j + (b * d + i) * (m * d)];
            *to++ = i == j ? one : one + other;
        }
    }
}

/* The covariance by pairs of features i >= j, for each the pairs of arms side by side. */
static up_status
order_covariance(up_policy *p, up_error *err)
{
    up_status status = UP_OK;
    int64_t m = p->n_contrasts;
    int64_t d = p->n_features;
    UP_TRY(UP_NEW(&p->by_features, triangle(d) * triangle(m), err));
    double *to = p->by_features;
    for (int64_t i = 0; i < d; i++) {
        for (int64_t j = 0; j <= i; j++, to += triangle(m)) {
            order_arms(p, i, j, to);
        }
    }
out:
    return status;
}

up_status
upi_policy_prepare(up_policy *p, up_error *err)
{
    up_status status = UP_OK;
    upi_context c;
    p->salt_hash = upi_hash_bytes(p->salt, strlen(p->salt), 0);
    if (p->n_arms > 2) {
        UP_TRY(upi_lattice_make(p->draws, p->n_contrasts, p->seed, &p->lattice, err));
        p->lattice.always = count_contexts(p) == 0;
    }
    UP_TRY(order_covariance(p, err));
    UP_TRY(UP_NEW(&p->base, p->n_arms, err));
    average_context(p, &c);
    play(p, &c, p->base);
    UP_TRY(fill_table(p, err));
out:
    return status;
}

/* ---- the public calls ---- */

static up_status
refuse_context(const up_policy *p, int64_t input, double x, up_error *err)
{
    const upi_policy_input *in = &p->input[input];
    if (isnan(x)) {
        (void)upi_fail(err, UP_E_CONTEXT, in->name, "'%s' is missing", in->name);
    } else if (in->n_levels == 0) {
        (void)upi_fail(err, UP_E_CONTEXT, in->name, "'%s' is not finite", in->name);
    } else if (x >= 0 && x < (double)in->n_levels) {
        (void)upi_fail(err, UP_E_CONTEXT, in->name,
            "some arm was never seen where '%s' is '%s'", in->name,
            in->label[(int64_t)x]);
    } else {
        (void)upi_fail(err, UP_E_CONTEXT, in->name,
            "'%s' has a level that the policy has not seen", in->name);
    }
    (void)upi_fix(err, "make the policy with unknown = base to play the average unit's "
                       "probabilities there, with a flag");
    return UP_E_CONTEXT;
}

/* The place of a context in the table; -1 when it is not known. */
static int64_t
find_in_table(const up_policy *p, const double *context)
{
    int64_t at = 0;
    for (int64_t i = 0; i < p->n_inputs; i++) {
        const upi_policy_input *in = &p->input[i];
        double x = context[i];
        if (isnan(x) && in->missing) {
            x = (double)in->n_levels;
        } else if (!(x >= 0 && x < (double)in->n_levels)) {
            return -1;
        }
        at += (int64_t)x * p->stride[i];
    }
    return p->table_known[at] ? at : -1;
}

/* Sets *at to the probabilities where they are kept, or works them out in `scratch`. */
static up_status
look_up(const up_policy *p, const double *context, double *scratch, const double **at,
    int64_t *base, up_error *err)
{
    upi_context c;
    int64_t unknown = 0;
    *base = 0;
    if (p->n_table > 0) {
        int64_t t = find_in_table(p, context);
        if (t >= 0) {
            *at = p->table + t * p->n_arms;
            return UP_OK;
        }
    }
    unknown = find_features(p, context, &c);
    if (unknown < 0) {
        play(p, &c, scratch);
        *at = scratch;
        return UP_OK;
    }
    if (p->unknown == UP_POLICY_REFUSE) {
        return refuse_context(p, unknown, context[unknown], err);
    }
    *base = 1;
    *at = p->base;
    return UP_OK;
}

static up_status
check_arguments(const up_policy *p, const double *context, bool rest, up_error *err)
{
    if (p == NULL || (context == NULL && p->n_inputs > 0) || !rest) {
        (void)upi_fail(err, UP_E_ARGUMENT,
            p == NULL         ? "policy"
            : context == NULL ? "context"
                              : "out",
            "an argument that is required is NULL");
        return UP_E_ARGUMENT;
    }
    return UP_OK;
}

up_status
up_policy_probabilities(const up_policy *p, const double *context, double *probability,
    int64_t *base, up_error *err)
{
    UP_GUARD(err);
    up_status status = UP_OK;
    double scratch[UPI_POLICY_ARMS];
    const double *at = NULL;
    int64_t flag = 0;
    UP_TRY(check_arguments(p, context, probability != NULL, err));
    UP_TRY(look_up(p, context, scratch, &at, &flag, err));
    memcpy(probability, at, (size_t)p->n_arms * sizeof *at);
    if (base != NULL) {
        *base = flag;
    }
out:
    return status;
}

double
upi_policy_uniform(uint64_t salt_hash, const char *unit)
{
    return (double)(upi_hash_bytes(unit, strlen(unit), salt_hash) >> 11) * 0x1p-53;
}

/* The arm where u falls; never one of probability 0. */
static int64_t
pick(const double *probability, int64_t n, double u)
{
    double sum = 0;
    int64_t last = 0;
    for (int64_t k = 0; k < n; k++) {
        sum += probability[k];
        if (u < sum) {
            return k;
        }
        last = probability[k] > 0 ? k : last;
    }
    return last;
}

static up_status
decide(const up_policy *p, const double *context, const char *unit,
    up_policy_decision *out, double *probability, up_error *err)
{
    double scratch[UPI_POLICY_ARMS];
    const double *at = NULL;
    int64_t base = 0;
    up_status status = look_up(p, context, scratch, &at, &base, err);
    if (status != UP_OK) {
        return status;
    }
    int64_t arm = pick(at, p->n_arms, upi_policy_uniform(p->salt_hash, unit));
    *out = (up_policy_decision){.arm = arm, .propensity = at[arm], .base = base};
    if (probability != NULL) {
        memcpy(probability, at, (size_t)p->n_arms * sizeof *at);
    }
    return UP_OK;
}

up_status
up_policy_decide(const up_policy *p, const double *context, const char *unit,
    up_policy_decision *out, double *probability, up_error *err)
{
    UP_GUARD(err);
    up_status status = check_arguments(p, context, unit != NULL && out != NULL, err);
    return status != UP_OK ? status : decide(p, context, unit, out, probability, err);
}

up_status
up_policy_decide_many(const up_policy *p, int64_t n, const double *contexts,
    const char *const *units, up_policy_decision *out, double *probability,
    up_error *err)
{
    UP_GUARD(err);
    up_status status = UP_OK;
    bool rest = n >= 0 && (n == 0 || (units != NULL && out != NULL));
    UP_TRY(check_arguments(p, contexts, rest, err));
    for (int64_t i = 0; i < n; i++) {
        const double *context = p->n_inputs > 0 ? contexts + i * p->n_inputs : contexts;
        if (units[i] == NULL) {
            return upi_fail(
                err, UP_E_ARGUMENT, "units", "unit %lld is NULL", (long long)i);
        }
        UP_TRY(decide(p, context, units[i], &out[i],
            probability != NULL ? probability + i * p->n_arms : NULL, err));
    }
out:
    return status;
}

double
up_policy_effect(
    const up_policy *p, const double *context, int64_t arm, double *std_error)
{
    double mean[UPI_POLICY_ARMS];
    double covariance[UPI_POLICY_ARMS * UPI_POLICY_ARMS];
    upi_context c;
    double nothing = 0;
    double *error = std_error != NULL ? std_error : &nothing;
    *error = (double)NAN;
    if (arm < 0 || arm >= p->n_arms) {
        return (double)NAN;
    }
    if (context == NULL) {
        average_context(p, &c);
    } else if (find_features(p, context, &c) >= 0) {
        return (double)NAN;
    }
    if (arm == 0) {
        *error = 0;
        return 0;
    }
    rewards_over_base(p, &c, mean, covariance);
    *error = sqrt(covariance[(arm - 1) * (p->n_contrasts + 1)]);
    return mean[arm - 1];
}
