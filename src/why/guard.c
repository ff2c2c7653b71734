/* A graph as a guard of an analysis: what it forbids is refused with the reason from the graph. First no
 * covariate may be an effect of what was assigned or received. Then the effect of each metric must be
 * what the analysis estimates: by the covariates it adjusts for (adjustment criterion), or, for an effect
 * of what was received, by what was assigned as its instrument. What the graph identifies in another way
 * only, or in none, is told apart. Trap avoided: a set of covariates that is not enough and one that is too
 * much need opposite advice. */
#include "fit/model.h"
#include "why/ask.h"
#include "why/mediation.h"

#include <upshot/discover.h>

#include <string.h>

typedef struct guard {
    const up_graph *g;
    const up_moments *m;
    int64_t arm, received; /* nodes; received -1 = the arm itself */
    const char **given;    /* (n_given) covariates that are nodes */
    int64_t n_given;
} guard;

/* ---- covariates ---- */

static up_status
refuse_effect_of(const guard *w, int64_t cause, int64_t node, up_error *err)
{
    upi_path path = {.n = 0};
    upi_text t = {0};
    if (cause < 0 || cause == node) {
        return UP_OK;
    }
    upi_graph_causal_path(w->g, cause, node, &path);
    if (path.n == 0) {
        return UP_OK;
    }
    upi_path_text(w->g, &path, &t);
    (void)upi_fail(err, UP_E_POST_TREATMENT, w->g->name[node],
        "'%s' is a covariate, but in the graph it is an effect of the treatment: %s; "
        "adjusting for it, or splitting by it, takes a part of the effect away",
        w->g->name[node], t.s != NULL ? t.s : "");
    upi_text_free(&t);
    return upi_fix(err,
        "leave %.80s out of --covariates, and make it a --metric if it matters; or "
        "take "
        "the arrow out of the graph",
        w->g->name[node]);
}

static up_status
check_covariates(const guard *w, up_error *err)
{
    up_status status = UP_OK;
    for (int64_t k = 0; k < w->n_given; k++) {
        int64_t node = up_graph_find(w->g, w->given[k]);
        UP_TRY(refuse_effect_of(w, w->arm, node, err));
        UP_TRY(refuse_effect_of(w, w->received, node, err));
    }
out:
    return status;
}

/* ---- effects ---- */

static up_question
question(const guard *w, int64_t ask, int64_t from, int64_t to)
{
    return *UP_QUESTION(.ask = ask, .from = w->g->name[from], .to = w->g->name[to],
        .given = ask == UP_ASK_VALID ? w->given : NULL,
        .n_given = ask == UP_ASK_VALID ? w->n_given : 0);
}

/* Covariates that are all in the list. */
static bool
are_given(const guard *w, const char *const *names, int64_t n)
{
    for (int64_t i = 0; i < n; i++) {
        bool found = false;
        for (int64_t k = 0; k < w->n_given; k++) {
            found = found || strcmp(names[i], w->given[k]) == 0;
        }
        if (!found) {
            return false;
        }
    }
    return true;
}

static bool
instrument_holds(const guard *w, const up_answer *ways)
{
    for (int64_t i = 0; i < up_answer_findings(ways); i++) {
        up_finding f = up_answer_finding(ways, i);
        if (strcmp(f.kind, "instrument") == 0 &&
            strcmp(f.nodes[0], w->g->name[w->arm]) == 0 &&
            are_given(w, f.given, f.n_given)) {
            return true;
        }
    }
    return false;
}

static const up_finding *
first_way(const up_answer *ways, const char *kind, up_finding *out)
{
    for (int64_t i = 0; i < up_answer_findings(ways); i++) {
        *out = up_answer_finding(ways, i);
        if (strcmp(out->kind, kind) == 0) {
            return out;
        }
    }
    return NULL;
}

/* A covariate without which the others would do: it opens a path. */
static const char *
opener(const guard *w, int64_t x, int64_t y)
{
    upi_effect_query e;
    upi_set all = {{0}};
    upi_effect_query_make(w->g, x, y, &e);
    for (int64_t k = 0; k < w->n_given; k++) {
        upi_set_add(&all, up_graph_find(w->g, w->given[k]));
    }
    for (int64_t k = 0; k < w->n_given; k++) {
        upi_set rest = all;
        upi_set_drop(&rest, up_graph_find(w->g, w->given[k]));
        if (upi_adjustment_valid(&e, rest)) {
            return w->given[k];
        }
    }
    return NULL;
}

static up_status
fix_way(const guard *w, int64_t x, int64_t y, const up_answer *ways, up_error *err)
{
    up_finding f;
    upi_text names = {0};
    const char *harms = opener(w, x, y);
    if (harms != NULL) {
        return upi_fix(err, "leave %.120s out of --covariates", harms);
    }
    if (first_way(ways, "adjustment", &f) != NULL) {
        for (int64_t i = 0; i < f.n_nodes; i++) {
            upi_text_addf(&names, "%s%s", i > 0 ? "," : "", f.nodes[i]);
        }
        (void)upi_fix(
            err, "adjust for it: --covariates %.150s", names.s != NULL ? names.s : "");
        upi_text_free(&names);
        return err != NULL ? err->status : UP_E_NOT_IDENTIFIED;
    }
    if (first_way(ways, "instrument", &f) != NULL) {
        return upi_fix(err,
            "use what the graph has as an instrument: --itt %.60s --treated %.60s",
            f.nodes[0], w->g->name[x]);
    }
    if (first_way(ways, "front door", &f) != NULL) {
        return upi_fix(err,
            "randomise '%.60s', or measure what it shares with '%.60s' and adjust for "
            "it; estimation by the front door is not offered",
            w->g->name[x], w->g->name[y]);
    }
    return upi_fix(err, "measure a node on that path and adjust for it, or randomise "
                        "the treatment");
}

static up_status
refuse(const guard *w, int64_t x, int64_t y, const up_answer *valid,
    const up_answer *ways, up_error *err)
{
    up_finding f;
    bool adjust = first_way(ways, "adjustment", &f) != NULL;
    bool other = !adjust && first_way(ways, "instrument", &f) == NULL &&
                 first_way(ways, "front door", &f) != NULL;
    if (up_answer_verdict(ways) == 0) {
        (void)upi_fail(
            err, UP_E_NOT_IDENTIFIED, w->g->name[y], "%s", up_answer_text(ways));
    } else if (other) {
        (void)upi_fail(err, UP_E_NOT_IDENTIFIED, w->g->name[y],
            "the graph identifies the effect of %s on %s by a front door alone (%s): a "
            "difference between the arms is not the effect, as %s",
            w->g->name[x], w->g->name[y], f.text, up_answer_text(valid));
    } else {
        (void)upi_fail(
            err, UP_E_NOT_IDENTIFIED, w->g->name[y], "%s", up_answer_text(valid));
    }
    return fix_way(w, x, y, ways, err);
}

/* Keeps the first sentence of how an effect is identified. */
static up_status
say_how(const guard *w, int64_t y, const up_answer *answer, bool instrument,
    upi_text *how, up_error *err)
{
    (void)err;
    if (how->length > 0) {
        return UP_OK;
    }
    if (instrument) {
        upi_text_addf(how, "%s is an instrument for %s on %s", w->g->name[w->arm],
            w->g->name[w->received], w->g->name[y]);
    } else {
        upi_text_add(how, up_answer_text(answer));
    }
    return UP_OK;
}

static up_status
check_effect(const guard *w, int64_t y, bool of_received, upi_text *how, up_error *err)
{
    up_status status = UP_OK;
    up_answer *valid = NULL;
    up_answer *ways = NULL;
    int64_t x = of_received ? w->received : w->arm;
    up_question q = question(w, UP_ASK_VALID, x, y);
    UP_TRY(up_graph_ask(w->g, &q, &valid, err));
    if (!of_received && up_answer_verdict(valid) != 0) {
        UP_TRY(say_how(w, y, valid, false, how, err));
        goto out;
    }
    q = question(w, UP_ASK_IDENTIFIED, x, y);
    UP_TRY(up_graph_ask(w->g, &q, &ways, err));
    if (of_received && instrument_holds(w, ways)) {
        UP_TRY(say_how(w, y, ways, true, how, err));
        goto out;
    }
    status = refuse(w, x, y, valid, ways, err);
out:
    up_answer_free(valid);
    up_answer_free(ways);
    return status;
}

/* ---- the whole ---- */

static up_status
find_nodes(guard *w, const up_experiment *e, up_error *err)
{
    up_status status = UP_OK;
    const char *randomised = e->roles[UPI_ROLE_INSTRUMENT].name != NULL
                                 ? e->roles[UPI_ROLE_INSTRUMENT].name
                                 : e->roles[UPI_ROLE_ARM].name;
    const char *received = e->roles[UPI_ROLE_TREATED].name;
    w->arm = up_graph_find(w->g, randomised);
    if (received == NULL && e->roles[UPI_ROLE_INSTRUMENT].name != NULL) {
        received = e->roles[UPI_ROLE_ARM].name;
    }
    w->received = received != NULL ? up_graph_find(w->g, received) : -1;
    UP_TRY(UP_NEW(&w->given, e->n_covariates, err));
    for (int64_t i = 0; i < e->n_covariates; i++) {
        int64_t node = up_graph_find(w->g, e->covariates[i].v.name);
        if (node >= 0 && up_graph_is_latent(w->g, node) == 0) {
            w->given[w->n_given++] = e->covariates[i].v.name;
        }
    }
out:
    return status;
}

static bool
is_asked(const up_effect_opts *o, const char *metric)
{
    for (int64_t i = 0; i < o->n_metrics; i++) {
        if (strcmp(o->metrics[i], metric) == 0) {
            return true;
        }
    }
    return o->n_metrics == 0;
}

static up_status
require_node(int64_t node, const char *what, const char *name, up_error *err)
{
    if (node >= 0) {
        return UP_OK;
    }
    (void)upi_fail(err, UP_E_GRAPH, "graph",
        "the graph has no node for the %s '%s', so that it says nothing of its effect",
        what, name);
    return upi_fix(err, "give it a node of that name, or leave --graph out");
}

static up_status
check_effects(const guard *w, const up_model *model, const up_effect_opts *o,
    char **how, up_error *err)
{
    up_status status = UP_OK;
    const up_experiment *e = w->m->experiment;
    upi_text t = {0};
    bool of_received = model->design.iv && o->estimand != UP_ESTIMAND_ITT;
    UP_TRY(require_node(w->arm, "arm", e->roles[UPI_ROLE_ARM].name, err));
    const char *received = e->roles[UPI_ROLE_TREATED].name != NULL
                               ? e->roles[UPI_ROLE_TREATED].name
                               : e->roles[UPI_ROLE_ARM].name;
    UP_TRY(of_received ? require_node(w->received, "treatment received", received, err)
                       : UP_OK);
    for (int64_t i = 0; i < e->n_metrics; i++) {
        const char *name = e->metrics[i].name;
        int64_t node = up_graph_find(w->g, name);
        bool asked = is_asked(o, name);
        UP_TRY(asked ? require_node(node, "metric", name, err) : UP_OK);
        UP_TRY(asked ? check_effect(w, node, of_received, &t, err) : UP_OK);
    }
    UP_TRY(upi_text_take(&t, how, err));
out:
    upi_text_free(&t);
    return status;
}

up_status
up_graph_guard(const up_graph *g, const up_model *model, const up_effect_opts *effect,
    char **how, up_error *err)
{
    UP_GUARD(err);
    up_status status = UP_OK;
    if (g == NULL || model == NULL || (effect != NULL && how == NULL)) {
        return upi_fail(err, UP_E_ARGUMENT,
            g == NULL       ? "graph"
            : model == NULL ? "model"
                            : "how",
            "an argument that is required is NULL");
    }
    guard w = {.g = g, .m = model->moments};
    UP_TRY(find_nodes(&w, w.m->experiment, err));
    UP_TRY(check_covariates(&w, err));
    UP_TRY(effect != NULL ? check_effects(&w, model, effect, how, err) : UP_OK);
out:
    upi_free(w.given);
    return status;
}
