/* A policy from a model: the reward of arm a over the control in context x is the delta vector
 * of the arm's columns times the coefficients, R(a,x) = sum_j f_j(x) b_{ja} (arXiv 2604.24116
 * eq. 9). Covariates that the policy may not look at, and time, enter by their averages over
 * the rows: that is a linear map of the coefficients, so the covariance goes with it. Under
 * noncompliance the coefficients are those of the reduced form: what can be set is the
 * assignment. */
#include "base/opts.h"
#include "decide/policy.h"
#include "fit/model.h"
#include "num/matrix.h"

#include <math.h>
#include <string.h>

/* What is worked with while a policy is made. */
typedef struct maker {
    const up_model *m;
    const up_policy_opts *o;
    up_policy *p;
    const upi_basis *basis;
    int64_t equation;  /* of the metric */
    int64_t key;       /* of what is assigned */
    int64_t control;   /* its control level */
    int64_t *arm;      /* (K) levels, the control first where it may be played */
    int64_t *input_of; /* (covariates) input, -1 = averaged over */
    int64_t *feature;  /* (n_base) feature of the base function, -1 = averaged over */
    double *mean;      /* (n_base) over the rows */
    double *combine;   /* (p, M d): coefficients -> parameters */
} maker;

static void
maker_clear(maker *k)
{
    upi_free(k->arm);
    upi_free(k->input_of);
    upi_free(k->feature);
    upi_free(k->mean);
    upi_free(k->combine);
}

uint64_t
upi_policy_rows(const up_moments *m)
{
    const char *filter = m->experiment->filter.name;
    if (m->fingerprint == 0 || filter == NULL) {
        return m->fingerprint;
    }
    return upi_hash_bytes(filter, strlen(filter), m->fingerprint);
}

/* ---- options ---- */

static up_status
out_of_range(const char *name, double value, const char *range, up_error *err)
{
    return upi_fail(
        err, UP_E_ARGUMENT, name, "%s is %g, but must be %s", name, value, range);
}

static up_status
resolve_options(up_policy_opts *o, up_error *err)
{
    o->beta = o->beta == 0 ? 0.5 : o->beta;
    o->power = o->power == 0 ? 0.5 : o->power;
    o->salt = o->salt == NULL ? "upshot" : o->salt;
    if (upi_policy_algorithm_name(o->algorithm) == NULL) {
        return out_of_range("algorithm", (double)o->algorithm, "0 to 3", err);
    }
    if (!(o->beta > 0 && o->beta <= 1)) {
        return out_of_range("beta", o->beta, "in (0, 1]", err);
    }
    if (!(o->power > 0 && o->power <= 100)) {
        return out_of_range("power", o->power, "in (0, 100]", err);
    }
    if (o->unknown < 0 || o->unknown > UP_POLICY_BASE) {
        return out_of_range("unknown", (double)o->unknown, "0 or 1", err);
    }
    if (o->draws != 0 && (o->draws < 64 || o->draws > UPI_POLICY_DRAWS)) {
        return out_of_range("draws", (double)o->draws, "64 to 65536", err);
    }
    if (o->n_arms < 0 || (o->n_arms > 0 && o->arms == NULL) || o->n_context < 0 ||
        (o->n_context > 0 && o->context == NULL)) {
        return upi_fail(err, UP_E_ARGUMENT, o->n_arms != 0 ? "arms" : "context",
            "the list is missing, or its length is negative");
    }
    if (strlen(o->salt) > 200 || !upi_utf8_valid(o->salt, strlen(o->salt))) {
        return upi_fail(err, UP_E_ARGUMENT, "salt",
            "the salt is longer than 200 bytes, or not UTF-8");
    }
    return UP_OK;
}

static up_status
find_metric(maker *k, up_error *err)
{
    const up_experiment *e = k->m->moments->experiment;
    int64_t at = 0;
    if (k->o->metric != NULL) {
        at = upi_experiment_metric(e, k->o->metric);
    } else if (e->n_metrics != 1) {
        (void)upi_fail(err, UP_E_ARGUMENT, "metric",
            "the model has %lld metrics, and a policy needs one reward",
            (long long)e->n_metrics);
        return upi_fix(err, "name the one that is the reward: --reward '%s'",
            e->n_metrics > 0 ? e->metrics[0].name : "");
    }
    if (at < 0) {
        (void)upi_fail(
            err, UP_E_ARGUMENT, "metric", "the model has no metric '%s'", k->o->metric);
        return upi_fix(err, "it has '%s'", e->metrics[0].name);
    }
    if (e->metrics[at].kind == UPI_METRIC_RATIO) {
        (void)upi_fail(err, UP_E_ARGUMENT, "metric",
            "'%s' is a ratio of sums: one unit's share in it is not a reward",
            e->metrics[at].name);
        return upi_fix(err, "add a metric that is a sum, e.g. 'reward = a - 0.1 * b'");
    }
    k->equation = e->metrics[at].component + (k->m->design.iv ? k->m->moments->ny : 0);
    k->basis = upi_model_basis(k->m, k->equation);
    return upi_strdup_to(&k->p->metric, e->metrics[at].name, err);
}

/* ---- arms ---- */

static up_status
list_arms(maker *k, up_error *err)
{
    up_status status = UP_OK;
    const upi_key *key = &k->m->moments->keys[k->key];
    up_policy *p = k->p;
    int64_t n = k->o->n_arms > 0 ? k->o->n_arms : key->n_levels;
    if (n < 2 || n > UPI_POLICY_ARMS) {
        return upi_fail(err, UP_E_ARMS, "arms",
            "a policy chooses among 2 to %d arms, not %lld", UPI_POLICY_ARMS,
            (long long)n);
    }
    UP_TRY(UP_NEW(&k->arm, n, err));
    for (int64_t i = 0; i < n; i++) {
        int64_t level = k->o->n_arms > 0 ? upi_key_level(key, k->o->arms[i]) : i;
        bool twice = false;
        for (int64_t j = 0; j < i; j++) {
            twice = twice || k->arm[j] == level;
        }
        if (level < 0 || twice) {
            const char *label = k->o->arms[i] != NULL ? k->o->arms[i] : "";
            (void)upi_fail(err, UP_E_ARMS, "arms",
                twice ? "the arm '%s' is named twice" : "there is no arm '%s'", label);
            return upi_fix(
                err, "the first arm of '%s' is '%s'", key->name, key->label[0]);
        }
        k->arm[i] = level;
        if (level == k->control) {
            k->arm[i] = k->arm[0];
            k->arm[0] = level;
        }
    }
    UP_TRY(UP_NEW(&p->arm, n, err));
    p->n_arms = n;
    p->n_contrasts = n - 1;
    for (int64_t i = 0; i < n; i++) {
        UP_TRY(upi_strdup_to(&p->arm[i], key->label[k->arm[i]], err));
    }
out:
    return status;
}

/* ---- inputs ---- */

static bool
wanted(const maker *k, const char *name)
{
    if (k->o->no_context != 0) {
        return false;
    }
    for (int64_t i = 0; i < k->o->n_context; i++) {
        if (k->o->context[i] != NULL && strcmp(k->o->context[i], name) == 0) {
            return true;
        }
    }
    return k->o->n_context == 0;
}

/* The covariate that a base function is made of; -1 for the intercept and time. */
static int64_t
covariate_of(const up_model *m, const upi_base *f)
{
    const up_moments *t = m->moments;
    if (f->kind == UPI_BASE_X) {
        return t->x_covariate[f->x];
    }
    if (f->kind == UPI_BASE_ONE || f->time) {
        return -1;
    }
    const upi_key *key = &t->keys[f->key];
    bool covariate = key->role == UPI_KEY_COVARIATE || key->role == UPI_KEY_MISSING;
    return covariate ? key->index : -1;
}

static up_status
check_context(const maker *k, up_error *err)
{
    const up_experiment *e = k->m->moments->experiment;
    for (int64_t i = 0; i < k->o->n_context; i++) {
        const char *name = k->o->context[i] != NULL ? k->o->context[i] : "";
        bool found = false;
        for (int64_t c = 0; c < e->n_covariates; c++) {
            found = found || strcmp(e->covariates[c].v.name, name) == 0;
        }
        const char *time = e->roles[UPI_ROLE_TIME].name;
        if (!found) {
            (void)upi_fail(err, UP_E_ARGUMENT, "context",
                time != NULL && strcmp(time, name) == 0
                    ? "'%s' is the time: a policy is played in times that no model saw"
                    : "'%s' is not a covariate of the model",
                name);
            return upi_fix(err, "add it to the covariates, and fit again");
        }
    }
    if (k->o->n_context > 0 && k->m->opts.interactions == UP_INTERACT_NONE) {
        (void)upi_fail(err, UP_E_CONDITION, "context",
            "the model has no interactions, so that the best arm is the same for all");
        return upi_fix(err, "fit with interactions");
    }
    return UP_OK;
}

static up_status
add_levels(maker *k, upi_policy_input *in, const upi_key *key, up_error *err)
{
    up_status status = UP_OK;
    UP_TRY(UP_NEW(&in->label, key->n_levels, err));
    UP_TRY(UP_NEW(&in->level, key->n_levels, err));
    for (int64_t l = 0; l < key->n_levels; l++) {
        if (l == key->missing_level) {
            in->missing = true;
            continue;
        }
        in->level[in->n_levels] = -1;
        UP_TRY(upi_strdup_to(&in->label[in->n_levels++], key->label[l], err));
    }
out:
    (void)k;
    return status;
}

/* Makes the input of a covariate, where the model has it in interactions. */
static up_status
add_input(maker *k, int64_t covariate, up_error *err)
{
    up_status status = UP_OK;
    const up_model *m = k->m;
    const upi_covariate *c = &m->moments->experiment->covariates[covariate];
    const upi_base *of_level = NULL;
    bool number = false;
    for (int64_t j = 0; j < m->n_base; j++) {
        const upi_base *f = &m->base[j];
        if (!f->interacted || covariate_of(m, f) != covariate) {
            continue;
        }
        number = number || f->kind == UPI_BASE_X || f->kind == UPI_BASE_NUMBER;
        if (f->kind == UPI_BASE_LEVEL &&
            m->moments->keys[f->key].role == UPI_KEY_COVARIATE) {
            of_level = f;
        }
    }
    if ((of_level == NULL && !number) || !wanted(k, c->v.name)) {
        return UP_OK;
    }
    if (k->p->n_inputs == UPI_POLICY_INPUTS) {
        return upi_fail(err, UP_E_ARGUMENT, "context",
            "a policy looks at no more than %d covariates", UPI_POLICY_INPUTS);
    }
    upi_policy_input *in = &k->p->input[k->p->n_inputs];
    in->number = in->absent = -1;
    k->input_of[covariate] = k->p->n_inputs++;
    UP_TRY(upi_strdup_to(&in->name, c->v.name, err));
    if (!number) {
        UP_TRY(add_levels(k, in, &m->moments->keys[of_level->key], err));
    }
out:
    return status;
}

static up_status
add_feature(maker *k, int64_t j, up_error *err)
{
    up_policy *p = k->p;
    const upi_base *f = &k->m->base[j];
    int64_t covariate = covariate_of(k->m, f);
    int64_t at = covariate >= 0 ? k->input_of[covariate] : -1;
    if (at < 0 || !f->interacted) {
        return UP_OK;
    }
    upi_policy_input *in = &p->input[at];
    upi_feature made = {.kind = UPI_FEATURE_NUMBER, .input = at, .level = -1};
    if (p->n_contrasts * (p->n_features + 1) > UPI_POLICY_PARAMETERS) {
        return upi_fail(err, UP_E_ARGUMENT, "context",
            "the policy would have more than %d parameters", UPI_POLICY_PARAMETERS);
    }
    if (f->kind == UPI_BASE_LEVEL) {
        const upi_key *key = &k->m->moments->keys[f->key];
        bool missing = key->role == UPI_KEY_MISSING || f->level == key->missing_level;
        made.kind = missing ? UPI_FEATURE_MISSING : UPI_FEATURE_LEVEL;
        made.level = missing ? -1 : f->level;
        if (missing) {
            in->missing = true;
            in->absent = p->n_features;
        } else {
            in->level[f->level] = p->n_features;
        }
    } else {
        in->number = p->n_features;
        in->center = f->center;
    }
    k->feature[j] = p->n_features;
    p->feature[p->n_features++] = made;
    return UP_OK;
}

static up_status
list_features(maker *k, up_error *err)
{
    up_status status = UP_OK;
    const up_model *m = k->m;
    up_policy *p = k->p;
    int64_t covariates = m->moments->experiment->n_covariates;
    UP_TRY(check_context(k, err));
    UP_TRY(UP_NEW(&k->input_of, covariates, err));
    UP_TRY(UP_NEW(&k->feature, m->n_base, err));
    UP_TRY(UP_NEW(&p->input, UPI_POLICY_INPUTS, err));
    UP_TRY(UP_NEW(&p->feature, m->n_base + 1, err));
    p->feature[0] = (upi_feature){.kind = UPI_FEATURE_ONE, .input = -1, .level = -1};
    p->n_features = 1;
    for (int64_t c = 0; c < covariates; c++) {
        k->input_of[c] = -1;
        UP_TRY(add_input(k, c, err));
    }
    for (int64_t j = 0; j < m->n_base; j++) {
        k->feature[j] = m->base[j].kind == UPI_BASE_ONE ? 0 : -1;
        UP_TRY(add_feature(k, j, err));
    }
out:
    return status;
}

/* ---- numbers ---- */

static up_status
average_bases(maker *k, up_error *err)
{
    up_status status = UP_OK;
    const up_model *m = k->m;
    double total = 0;
    UP_TRY(UP_NEW(&k->mean, m->n_base, err));
    for (int64_t g = 0; g < m->moments->n_groups; g++) {
        double w = (double)m->moments->n[g] * upi_group_population(m, g);
        total += w;
        for (int64_t j = 0; j < m->n_base; j++) {
            k->mean[j] += w * upi_base_mean(m, j, g);
        }
    }
    UP_TRY(UP_NEW(&k->p->average, k->p->n_features, err));
    for (int64_t j = 0; j < m->n_base; j++) {
        k->mean[j] /= total;
        if (k->feature[j] >= 0) {
            k->p->average[k->feature[j]] = k->mean[j];
        }
    }
out:
    return status;
}

/* Adds the column of a term to the parameters it has a part in. */
static void
add_term(maker *k, int64_t column, upi_term t)
{
    int64_t d = k->p->n_features;
    int64_t p = k->basis->p;
    int64_t at = k->feature[t.base];
    double w = at >= 0 ? 1 : k->mean[t.base];
    at = at >= 0 ? at : 0;
    for (int64_t a = 1; a < k->p->n_arms; a++) {
        if (t.level == k->arm[a]) {
            k->combine[column + ((a - 1) * d + at) * p] += w;
        }
        if (t.level == k->arm[0]) {
            k->combine[column + ((a - 1) * d + at) * p] -= w;
        }
    }
}

static up_status
find_moments(maker *k, up_error *err)
{
    up_status status = UP_OK;
    up_policy *pol = k->p;
    int64_t n = pol->n_contrasts * pol->n_features;
    int64_t p = k->basis->p;
    double *half = NULL;
    const double *v = upi_model_block(k->m, k->equation, k->equation);
    UP_TRY(UP_NEW(&k->combine, p * n, err));
    UP_TRY(UP_NEW(&pol->mean, n, err));
    UP_TRY(UP_NEW(&pol->covariance, n * n, err));
    for (int64_t j = 0; j < p; j++) {
        if (k->basis->term[j].level >= 0) {
            add_term(k, j, k->basis->term[j]);
        }
    }
    upi_gemv('T', p, n, k->combine, p, k->m->coef[k->equation], pol->mean);
    if (v != NULL) {
        UP_TRY(UP_NEW(&half, p * n, err));
        upi_gemm('N', 'N', p, n, p, 1, v, p, k->combine, p, 0, half, p);
        upi_gemm('T', 'N', n, n, p, 1, k->combine, p, half, p, 0, pol->covariance, n);
    }
    for (int64_t i = 0; i < n; i++) {
        for (int64_t j = 0; j <= i; j++) {
            double c =
                v != NULL
                    ? 0.5 * (pol->covariance[i + j * n] + pol->covariance[j + i * n])
                    : upi_model_cov(k->m, k->equation, k->combine + i * p, k->equation,
                          k->combine + j * p);
            pol->covariance[i + j * n] = pol->covariance[j + i * n] = c;
        }
    }
out:
    upi_free(half);
    return status;
}

static bool
has_arm(const maker *k, int64_t level)
{
    for (int64_t a = 0; a < k->p->n_arms; a++) {
        if (k->arm[a] == level) {
            return true;
        }
    }
    return false;
}

/* A column of an arm that the model left out, while the same column stands for all arms: the
 * arm was not seen with that level. */
static up_status
find_unsupported(maker *k, up_error *err)
{
    up_status status = UP_OK;
    const upi_basis *b = k->basis;
    UP_TRY(UP_NEW(&k->p->unsupported, k->p->n_features, err));
    for (int64_t j = 0; j < b->n_dropped; j++) {
        upi_term t = b->dropped[j];
        int64_t at = k->feature[t.base];
        bool common = false;
        for (int64_t i = 0; i < b->p; i++) {
            common = common || (b->term[i].base == t.base && b->term[i].level == -1);
        }
        if (t.level < 0 || !has_arm(k, t.level) || at <= 0 || !common) {
            continue;
        }
        k->p->unsupported[at] = 1;
        UP_TRY(upi_notes_add(&k->p->notes, UP_W_POLICY_OVERLAP, k->m->base[t.base].name,
            (double)NAN, (double)NAN, err,
            "The effect of '%s' where %s cannot be told from the rows: such contexts "
            "are not known to the policy.",
            k->m->moments->keys[k->key].label[t.level], k->m->base[t.base].name));
    }
out:
    return status;
}

static bool
all_finite(const double *x, int64_t n)
{
    for (int64_t i = 0; i < n; i++) {
        if (!isfinite(x[i])) {
            return false;
        }
    }
    return true;
}

/* ---- words ---- */

static up_status
add_notes(maker *k, up_error *err)
{
    up_status status = UP_OK;
    up_policy *p = k->p;
    const up_experiment *e = k->m->moments->experiment;
    upi_text left = {0};
    for (int64_t c = 0; c < e->n_covariates; c++) {
        if (k->input_of[c] < 0) {
            upi_text_addf(
                &left, "%s%s", left.length > 0 ? ", " : "", e->covariates[c].v.name);
        }
    }
    if (left.length > 0) {
        UP_TRY(upi_notes_add(&p->notes, UP_N_CONTEXT_AVERAGED, "context", (double)NAN,
            (double)NAN, err,
            "The policy does not look at %s: it plays what is best on "
            "average over the rows.",
            left.s));
    }
    if (p->itt) {
        UP_TRY(upi_notes_add(&p->notes, UP_N_POLICY_ITT, NULL, (double)NAN, (double)NAN,
            err,
            "Units do not all comply, and a policy can only set the assignment: "
            "rewards are effects of being assigned."));
    }
    if (p->floor == 0 && p->algorithm != UP_POLICY_TEMPERED) {
        UP_TRY(upi_notes_add(&p->notes, UP_W_NO_FLOOR, "floor", 0, (double)NAN, err,
            "Without a floor an arm may get probability 0: the log of this policy then "
            "says nothing about it. Give a floor, e.g. 0.01, to learn on."));
    }
out:
    upi_text_free(&left);
    return status;
}

static up_status
fill(maker *k, up_error *err)
{
    up_status status = UP_OK;
    up_policy *p = k->p;
    const up_model *m = k->m;
    bool number = false;
    UP_TRY(find_metric(k, err));
    UP_TRY(list_arms(k, err));
    if (!(k->o->floor >= 0 && k->o->floor * (double)p->n_arms <= 1 + 1e-12)) {
        return out_of_range("floor", k->o->floor, "between 0 and 1 / arms", err);
    }
    p->floor = fmin(k->o->floor, 1 / (double)p->n_arms);
    UP_TRY(list_features(k, err));
    UP_TRY(average_bases(k, err));
    UP_TRY(find_moments(k, err));
    UP_TRY(find_unsupported(k, err));
    int64_t n = p->n_contrasts * p->n_features;
    if (!all_finite(p->mean, n) || !all_finite(p->covariance, n * n) ||
        !all_finite(p->average, p->n_features)) {
        return upi_fail(err, UP_E_NO_VARIATION, "model",
            "the model's coefficients or their covariance are not finite");
    }
    for (int64_t i = 0; i < p->n_inputs; i++) {
        number = number || p->input[i].n_levels == 0;
    }
    if (p->draws == 0) {
        p->draws = number ? 512 : 4096;
    }
    UP_TRY(add_notes(k, err));
    UP_TRY(upi_policy_prepare(p, err));
    (void)m;
out:
    return status;
}

up_status
up_policy_make(
    const up_model *model, const up_policy_opts *opts, up_policy **out, up_error *err)
{
    UP_GUARD(err);
    up_status status = UP_OK;
    up_policy_opts o;
    maker k = {.m = model, .o = &o};
    if (model == NULL || out == NULL) {
        return upi_fail(err, UP_E_ARGUMENT, model == NULL ? "model" : "out",
            "an argument that is required is NULL");
    }
    UP_TRY(upi_opts_copy(&o, sizeof o, opts, err));
    UP_TRY(resolve_options(&o, err));
    UP_TRY(UP_NEW(&k.p, 1, err));
    k.key = model->design.iv ? model->inst_key : model->treat_key;
    k.control = model->design.iv ? model->inst_control : model->treat_control;
    k.p->itt = model->design.iv;
    k.p->algorithm = o.algorithm;
    k.p->unknown = o.unknown;
    k.p->minimize = o.minimize != 0 ? 1 : 0;
    k.p->beta = o.beta;
    k.p->power = o.power;
    k.p->draws = o.draws;
    k.p->seed = o.seed;
    k.p->rows = model->n_rows;
    k.p->fingerprint = upi_policy_rows(model->moments);
    UP_TRY(upi_strdup_to(&k.p->salt, o.salt, err));
    UP_TRY(fill(&k, err));
    *out = k.p;
    k.p = NULL;
out:
    up_policy_free(k.p);
    maker_clear(&k);
    return status;
}
