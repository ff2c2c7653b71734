/* A log seen through a policy: the inputs of the policy found among the covariates of the log,
 * propensities, the outcome model by group and arm, and the scores of a row. */
#include "decide/value.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

void
upi_log_clear(upi_log *g)
{
    for (int64_t i = 0; g->input != NULL && i < g->policy->n_inputs; i++) {
        upi_free(g->input[i].value);
    }
    upi_free(g->play);
    upi_free(g->input);
    upi_free(g->share);
    upi_free(g->constant);
    upi_free(g->slope);
    upi_free(g->cell);
    upi_free(g->played);
    upi_free(g->total);
    upi_score_sum_free(&g->sum);
}

/* ---- the parts of the log ---- */

static up_status
find_metric(upi_log *g, const char *name, up_error *err)
{
    const up_experiment *e = g->m->moments->experiment;
    int64_t at = upi_experiment_metric(e, name);
    if (at < 0 || e->metrics[at].kind == UPI_METRIC_RATIO) {
        (void)upi_fail(err, UP_E_ARGUMENT, "metric",
            at < 0 ? "the log has no metric '%s'"
                   : "'%s' is a ratio of sums, which has no value per row",
            name);
        return upi_fix(err, "it has '%s'", e->metrics[0].name);
    }
    g->component = e->metrics[at].component;
    g->equation = g->component + (g->m->design.iv ? g->m->moments->ny : 0);
    return UP_OK;
}

static up_status
check_weights(upi_log *g, up_error *err)
{
    const up_moments *m = g->m->moments;
    bool weights = m->experiment->roles[UPI_ROLE_WEIGHT].name != NULL;
    bool propensities = m->experiment->roles[UPI_ROLE_PROPENSITY].name != NULL;
    if (!m->row_weighted) {
        return UP_OK;
    }
    if (weights && propensities && m->weight < 0 && m->propensity < 0) {
        (void)upi_fail(err, UP_E_ARGUMENT, "weight",
            "weights and propensities that both differ by row were kept as one number");
        return upi_fix(err, "leave the weight out, or round it to fewer values");
    }
    g->weight_in_rows = weights && m->weight < 0;
    return UP_OK;
}

static up_status
find_arms(upi_log *g, up_error *err)
{
    up_status status = UP_OK;
    const upi_key *key = &g->m->moments->keys[g->key];
    int64_t found = 0;
    UP_TRY(UP_NEW(&g->play, key->n_levels, err));
    for (int64_t l = 0; l < key->n_levels; l++) {
        g->play[l] = -1;
        for (int64_t k = 0; k < g->policy->n_arms; k++) {
            if (strcmp(key->label[l], g->policy->arm[k]) == 0) {
                g->play[l] = k;
                found++;
            }
        }
    }
    if (found < g->policy->n_arms) {
        (void)upi_fail(err, UP_E_OVERLAP, key->name,
            "the log has %lld of the %lld arms that the policy may play",
            (long long)found, (long long)g->policy->n_arms);
        status =
            upi_fix(err, "make the policy with the arms of the log, or log more arms");
    }
out:
    return status;
}

static up_status
map_levels(const upi_policy_input *in, const upi_key *key, const up_policy *p,
    int64_t input, upi_log_input *out, up_error *err)
{
    up_status status = UP_OK;
    UP_TRY(UP_NEW(&out->value, key->n_levels, err));
    for (int64_t l = 0; l < key->n_levels; l++) {
        if (l == key->missing_level) {
            out->value[l] = (double)NAN;
        } else if (in->n_levels > 0) {
            out->value[l] = (double)up_policy_level(p, input, key->label[l]);
        } else {
            out->value[l] = key->number[l];
        }
    }
out:
    return status;
}

static up_status
find_input(upi_log *g, int64_t input, up_error *err)
{
    const up_moments *m = g->m->moments;
    const upi_policy_input *in = &g->policy->input[input];
    upi_log_input *out = &g->input[input];
    out->key = out->x = -1;
    for (int64_t k = 0; k < m->n_keys; k++) {
        const upi_key *key = &m->keys[k];
        if (key->role == UPI_KEY_COVARIATE &&
            strcmp(m->experiment->covariates[key->index].v.name, in->name) == 0) {
            out->key = k;
            return map_levels(in, key, g->policy, input, out, err);
        }
    }
    for (int64_t k = 0; in->n_levels == 0 && k < m->nx; k++) {
        if (strcmp(m->experiment->covariates[m->x_covariate[k]].v.name, in->name) ==
            0) {
            out->x = k;
            return UP_OK;
        }
    }
    (void)upi_fail(err, UP_E_CONTEXT, in->name,
        "the policy looks at '%s', which is no such covariate of the log", in->name);
    return upi_fix(err,
        in->n_levels > 0 ? "add it to the covariates: factor(%s)"
                         : "add it to the covariates: %s",
        in->name);
}

/* Without the role: the planned split, else the shares of the arms. */
static up_status
find_shares(upi_log *g, up_error *err)
{
    up_status status = UP_OK;
    const up_moments *m = g->m->moments;
    const up_experiment *e = m->experiment;
    const upi_key *key = &m->keys[g->key];
    if (e->roles[UPI_ROLE_PROPENSITY].name != NULL) {
        return UP_OK;
    }
    UP_TRY(UP_NEW(&g->share, key->n_levels, err));
    for (int64_t i = 0; i < m->n_groups; i++) {
        g->share[upi_moments_code(m, i, g->key)] += (double)m->n[i] / (double)m->n_rows;
    }
    for (int64_t s = 0; e->split_labels != NULL && s < e->n_split; s++) {
        int64_t l = upi_key_level(key, e->split_labels[s]);
        if (l >= 0 && e->split_shares[s] > 0) {
            g->share[l] = e->split_shares[s];
        }
    }
out:
    return status;
}

/* ---- the outcome model ---- */

static up_status
predict(upi_log *g, up_error *err)
{
    up_status status = UP_OK;
    const up_model *m = g->m;
    const upi_basis *b = upi_model_basis(m, g->equation);
    const double *coef = m->coef[g->equation];
    int64_t nx = m->moments->nx;
    UP_TRY(UP_NEW(&g->constant, m->moments->n_groups * g->n_levels, err));
    UP_TRY(UP_NEW(&g->slope, g->n_levels * nx, err));
    for (int64_t j = 0; j < b->p; j++) {
        const upi_base *f = &m->base[b->term[j].base];
        for (int64_t l = 0; f->kind == UPI_BASE_X && l < g->n_levels; l++) {
            bool own = b->term[j].level == -1 || b->term[j].level == l;
            g->slope[l * nx + f->x] += own ? coef[j] : 0;
        }
    }
    for (int64_t i = 0; i < m->moments->n_groups; i++) {
        double *to = g->constant + i * g->n_levels;
        for (int64_t j = 0; j < b->p; j++) {
            upi_term t = b->term[j];
            if (m->base[t.base].kind == UPI_BASE_X) {
                continue;
            }
            double value = coef[j] * upi_base_mean(m, t.base, i);
            for (int64_t l = 0; l < g->n_levels; l++) {
                to[l] += t.level == -1 || t.level == l ? value : 0;
            }
        }
    }
out:
    return status;
}

/* Centres of the continuous covariates are taken off in the constants. */
static void
shift_to_zero(upi_log *g)
{
    const up_model *m = g->m;
    int64_t nx = m->moments->nx;
    for (int64_t j = 0; j < m->n_base; j++) {
        if (m->base[j].kind != UPI_BASE_X) {
            continue;
        }
        for (int64_t i = 0; i < m->moments->n_groups * g->n_levels; i++) {
            g->constant[i] -=
                g->slope[i % g->n_levels * nx + m->base[j].x] * m->base[j].center;
        }
    }
}

/* ---- which arms were played where ---- */

typedef struct place {
    const upi_log *g;
    int64_t group;
} place;

static int
compare_places(const void *a, const void *b)
{
    const place *x = a;
    const place *y = b;
    for (int64_t i = 0; i < x->g->policy->n_inputs; i++) {
        int64_t key = x->g->input[i].key;
        if (key < 0) {
            continue;
        }
        int32_t p = upi_moments_code(x->g->m->moments, x->group, key);
        int32_t q = upi_moments_code(x->g->m->moments, y->group, key);
        if (p != q) {
            return p < q ? -1 : 1;
        }
    }
    return 0;
}

static up_status
find_played(upi_log *g, up_error *err)
{
    up_status status = UP_OK;
    const up_moments *m = g->m->moments;
    place *list = NULL;
    int64_t cells = 0;
    UP_TRY(UP_NEW(&list, m->n_groups, err));
    UP_TRY(UP_NEW(&g->cell, m->n_groups, err));
    for (int64_t i = 0; i < m->n_groups; i++) {
        list[i] = (place){g, i};
    }
    qsort(list, (size_t)m->n_groups, sizeof *list, compare_places);
    for (int64_t i = 0; i < m->n_groups; i++) {
        cells += i == 0 || compare_places(&list[i - 1], &list[i]) != 0 ? 1 : 0;
        g->cell[list[i].group] = cells - 1;
    }
    UP_TRY(UP_NEW(&g->played, cells * g->n_levels, err));
    for (int64_t i = 0; i < m->n_groups; i++) {
        g->played[g->cell[i] * g->n_levels + upi_moments_code(m, i, g->key)] = 1;
    }
out:
    upi_free(list);
    return status;
}

/* ---- scores ---- */

static void
fill_context(const upi_log *g, int64_t group, const double *x, double *context)
{
    for (int64_t i = 0; i < g->policy->n_inputs; i++) {
        const upi_log_input *in = &g->input[i];
        context[i] = in->key >= 0
                         ? in->value[upi_moments_code(g->m->moments, group, in->key)]
                         : (x != NULL ? x[in->x] : (double)NAN);
    }
}

static double
propensity_of(const upi_log *g, int64_t group, double row_weight)
{
    const up_moments *m = g->m->moments;
    if (g->share != NULL) {
        return g->share[upi_moments_code(m, group, g->key)];
    }
    if (m->propensity >= 0) {
        return m->keys[m->propensity].number[upi_moments_code(m, group, m->propensity)];
    }
    return 1 / row_weight;
}

up_status
upi_log_score(const upi_log *g, int64_t group, const double *x, double y,
    double row_weight, upi_log_row *out, up_error *err)
{
    double context[UPI_POLICY_INPUTS];
    double pi[UPI_POLICY_ARMS];
    const up_moments *m = g->m->moments;
    int64_t nx = m->nx;
    int64_t arm = upi_moments_code(m, group, g->key);
    fill_context(g, group, x, context);
    up_status status = up_policy_probabilities(g->policy, context, pi, NULL, err);
    if (status != UP_OK) {
        return status;
    }
    double e = propensity_of(g, group, row_weight);
    double v = g->weight_in_rows ? row_weight : upi_group_population(g->m, group);
    double w = g->play[arm] >= 0 ? pi[g->play[arm]] / e : 0;
    double c = arm == g->control ? 1 / e : 0;
    double direct = 0;
    double own = 0;
    double control = 0;
    out->uncovered = 0;
    for (int64_t l = 0; l < g->n_levels; l++) {
        double mean = g->constant[group * g->n_levels + l];
        for (int64_t k = 0; x != NULL && k < nx; k++) {
            mean += g->slope[l * nx + k] * x[k];
        }
        double p = g->play[l] >= 0 ? pi[g->play[l]] : 0;
        direct += p * mean;
        own = l == arm ? mean : own;
        control = l == g->control ? mean : control;
        out->uncovered += g->played[g->cell[group] * g->n_levels + l] != 0 ? 0 : p;
    }
    const double score[UPI_VALUE_SCORES] = {
        w * y, w, direct + w * (y - own), c * y, c, control + c * (y - control), y, 1};
    const double slope[UPI_VALUE_SCORES] = {w, 0, w, c, 0, c, 1, 0};
    for (int k = 0; k < UPI_VALUE_SCORES; k++) {
        out->score[k] = v * score[k];
        out->slope[k] = v * slope[k];
    }
    out->weight = w;
    return UP_OK;
}

static up_status
score_groups(upi_log *g, up_error *err)
{
    up_status status = UP_OK;
    const up_moments *m = g->m->moments;
    int64_t nv = m->nx + m->ny;
    int64_t at = g->component * (g->component + 1) / 2 + g->component;
    for (int64_t i = 0; i < m->n_groups; i++) {
        upi_log_row row;
        double n = (double)m->n[i];
        double within = m->m2 != NULL ? m->m2[i * (nv * (nv + 1) / 2) + at] : 0;
        UP_TRY(upi_log_score(g, i, NULL, m->mean[i * nv + g->component], 1, &row, err));
        upi_score_sum_add(&g->sum, m->n[i], row.score, row.slope, within);
        for (int k = 0; g->total != NULL && k < UPI_VALUE_SCORES; k++) {
            g->total[i * UPI_VALUE_SCORES + k] = n * row.score[k];
        }
        g->max_weight = fmax(g->max_weight, row.weight);
        g->uncovered += n * row.uncovered;
    }
out:
    return status;
}

up_status
upi_log_read(const up_policy *policy, const up_model *m, const char *metric,
    const up_run *run, upi_log *out, up_error *err)
{
    up_status status = UP_OK;
    const up_moments *t = m->moments;
    upi_log g = {.policy = policy, .m = m};
    g.key = m->design.iv ? m->inst_key : m->treat_key;
    g.control = m->design.iv ? m->inst_control : m->treat_control;
    g.n_levels = t->keys[g.key].n_levels;
    UP_TRY(find_metric(&g, metric, err));
    UP_TRY(check_weights(&g, err));
    UP_TRY(find_arms(&g, err));
    UP_TRY(UP_NEW(&g.input, policy->n_inputs, err));
    for (int64_t i = 0; i < policy->n_inputs; i++) {
        UP_TRY(find_input(&g, i, err));
    }
    UP_TRY(find_shares(&g, err));
    UP_TRY(predict(&g, err));
    shift_to_zero(&g);
    UP_TRY(find_played(&g, err));
    UP_TRY(upi_score_sum_make(UPI_VALUE_SCORES, &g.sum, err));
    if (t->ways > 0) {
        UP_TRY(UP_NEW(&g.total, t->n_groups * UPI_VALUE_SCORES, err));
    }
    UP_TRY(t->nx > 0 || t->row_weighted ? upi_log_visit(&g, run, err)
                                        : score_groups(&g, err));
    *out = g;
    g = (upi_log){0};
out:
    upi_log_clear(&g);
    return status;
}
