/* A graph held against an experiment: whether its nodes have columns, and whether the
 * independences it implies are in the data.
 *
 * Each is a partial correlation of two columns given others (pc.c), tested by Fisher's z. A
 * graph implies many of them, so the p-values are adjusted by Holm's method: sorted upwards,
 * the i-th of m is multiplied by m - i + 1, and none is below one before it. */
#include "why/ask.h"
#include "why/pc.h"
#include "why/scatter.h"

#include <upshot/discover.h>

#include <math.h>
#include <string.h>

struct up_implications {
    up_answer *answer; /* holds the lists of names */
    up_implication *item;
    int64_t n;
    double observations;
};

/* `arm`, or `arm=label` of one of its levels. */
static bool
is_key(const up_moments *m, int64_t key, const char *name)
{
    if (key < 0) {
        return false;
    }
    const upi_key *k = &m->keys[key];
    size_t n = strlen(k->name);
    if (strncmp(name, k->name, n) != 0) {
        return false;
    }
    for (int64_t level = 0; name[n] == '=' && level < k->n_levels; level++) {
        if (strcmp(name + n + 1, k->label[level]) == 0) {
            return true;
        }
    }
    return name[n] == '\0';
}

static bool
is_covariate(const up_experiment *e, const char *name)
{
    for (int64_t i = 0; i < e->n_covariates; i++) {
        if (strcmp(e->covariates[i].v.name, name) == 0) {
            return true;
        }
    }
    return false;
}

static up_status
check_randomised(const up_graph *g, int64_t node, up_error *err)
{
    upi_set causes = upi_set_or(g->parents[node], g->spouses[node]);
    int64_t cause = upi_set_next(&causes, 0);
    if (cause < 0) {
        return UP_OK;
    }
    bool arc = upi_set_has(&g->spouses[node], cause);
    (void)upi_fail(err, UP_E_GRAPH, g->name[node],
        "the graph has '%s %s %s', but '%s' was randomised: nothing causes it",
        g->name[cause], arc ? "<->" : "->", g->name[node], g->name[node]);
    return upi_fix(err, "remove the edge; if what was received differs from what was "
                        "assigned, make them two nodes (--itt, --treated)");
}

/* A covariate is no effect of what was randomised. */
static up_status
check_covariate(const up_graph *g, const upi_set *roots, const up_moments *m,
    int64_t node, up_error *err)
{
    upi_path path = {.n = 0};
    if (upi_set_has(&g->latent, node) || !is_covariate(m->experiment, g->name[node])) {
        return UP_OK;
    }
    for (int64_t r = upi_set_next(roots, 0); r >= 0 && path.n == 0;
         r = upi_set_next(roots, r + 1)) {
        upi_graph_causal_path(g, r, node, &path);
    }
    if (path.n == 0) {
        return UP_OK;
    }
    upi_text t = {0};
    upi_path_text(g, &path, &t);
    (void)upi_fail(err, UP_E_POST_TREATMENT, g->name[node],
        "'%s' is a covariate, but in the graph it is an effect of what was randomised: "
        "%s",
        g->name[node], t.s != NULL ? t.s : "");
    upi_text_free(&t);
    return upi_fix(err, "make it a metric (--metric), or remove the arrow");
}

/* A node is declared; one that was randomised has no causes, and goes into roots. */
static up_status
check_node(
    const up_graph *g, const up_moments *m, int64_t i, upi_set *roots, up_error *err)
{
    const char *name = g->name[i];
    int64_t randomised = m->instrument >= 0 ? m->instrument : m->arm;
    bool role = is_key(m, m->arm, name) || is_key(m, m->treated, name) ||
                is_key(m, m->instrument, name);
    if (upi_set_has(&g->latent, i)) {
        return UP_OK;
    }
    if (!role && !is_covariate(m->experiment, name) &&
        upi_experiment_metric(m->experiment, name) < 0) {
        (void)upi_fail(err, UP_E_COLUMN, name,
            "the node '%s' is not the arm, a metric or a covariate", name);
        return upi_fix(err,
            "add --metric %s, or --covariates %s if it was measured before treatment, "
            "or "
            "write 'latent %s' in the graph",
            name, name, name);
    }
    if (!is_key(m, randomised, name)) {
        return UP_OK;
    }
    upi_set_add(roots, i);
    return check_randomised(g, i, err);
}

up_status
up_graph_check(const up_graph *g, const up_moments *m, up_error *err)
{
    UP_GUARD(err);
    if (g == NULL || m == NULL) {
        return upi_fail(
            err, UP_E_ARGUMENT, "graph", "no graph or no moments were given");
    }
    up_status status = UP_OK;
    upi_set roots = {{0}};
    for (int64_t i = 0; i < g->n; i++) {
        UP_TRY(check_node(g, m, i, &roots, err));
    }
    for (int64_t i = 0; i < g->n; i++) {
        UP_TRY(check_covariate(g, &roots, m, i, err));
    }
out:
    return status;
}

static int64_t
find_column(const upi_scatter *s, const char *name)
{
    for (int64_t i = 0; i < s->d; i++) {
        if (strcmp(s->column[i].name, name) == 0) {
            return i;
        }
    }
    return -1;
}

/* Tests finding f; it is left out when one of its nodes has no column. */
static void
test_one(const upi_scatter *s, up_finding f, up_implications *t)
{
    int64_t a = find_column(s, f.nodes[0]);
    int64_t b = find_column(s, f.nodes[1]);
    bool known = a >= 0 && b >= 0;
    upi_set given = {{0}};
    for (int64_t k = 0; k < f.n_given; k++) {
        int64_t c = find_column(s, f.given[k]);
        known = known && c >= 0;
        if (known) {
            upi_set_add(&given, c);
        }
    }
    if (!known) {
        return;
    }
    double r = upi_partial_correlation(s->d, s->corr, a, b, &given);
    t->item[t->n++] = (up_implication){.first = f.nodes[0],
        .second = f.nodes[1],
        .given = f.given,
        .n_given = f.n_given,
        .correlation = r,
        .p_value = upi_fisher_z_p(r, s->n, f.n_given)};
}

static void
adjust(up_implications *t, double alpha)
{
    double floor = 0;
    for (int64_t i = 0; i < t->n; i++) {
        t->item[i].p_adjusted = (double)NAN;
    }
    for (int64_t rank = 0; rank < t->n; rank++) {
        int64_t next = -1;
        for (int64_t i = 0; i < t->n; i++) {
            if (isnan(t->item[i].p_adjusted) &&
                (next < 0 || t->item[i].p_value < t->item[next].p_value)) {
                next = i;
            }
        }
        floor = fmax(floor, fmin(1, (double)(t->n - rank) * t->item[next].p_value));
        t->item[next].p_adjusted = floor;
        t->item[next].rejected = floor <= alpha ? 1 : 0;
    }
}

up_status
up_graph_test(const up_graph *g, const up_moments *m, double alpha, const up_run *run,
    up_implications **out, up_error *err)
{
    UP_GUARD(err);
    up_status status = UP_OK;
    up_implications *t = NULL;
    upi_scatter s = {0};
    UP_TRY(up_graph_check(g, m, err));
    if (!(alpha >= 0 && alpha < 1) || out == NULL) {
        return upi_fail(
            err, UP_E_ARGUMENT, "alpha", "alpha is %g, not between 0 and 1", alpha);
    }
    UP_TRY(UP_NEW(&t, 1, err));
    UP_TRY(up_graph_ask(g, UP_QUESTION(.ask = UP_ASK_IMPLICATIONS, .most = INT32_MAX),
        &t->answer, err));
    UP_TRY(upi_scatter_make(m, g, false, run, &s, err));
    UP_TRY(UP_NEW(&t->item, up_answer_findings(t->answer), err));
    for (int64_t i = 0; i < up_answer_findings(t->answer); i++) {
        test_one(&s, up_answer_finding(t->answer, i), t);
    }
    adjust(t, alpha > 0 ? alpha : 0.05);
    t->observations = s.n;
    *out = t;
    t = NULL;
out:
    upi_scatter_free(&s);
    up_implications_free(t);
    return status;
}

int64_t
up_implications_count(const up_implications *t)
{
    return t != NULL ? t->n : 0;
}

up_implication
up_implications_get(const up_implications *t, int64_t i)
{
    const double none = (double)NAN;
    if (t == NULL || i < 0 || i >= t->n) {
        return (up_implication){.first = "",
            .second = "",
            .correlation = none,
            .p_value = none,
            .p_adjusted = none};
    }
    return t->item[i];
}

double
up_implications_n(const up_implications *t)
{
    return t != NULL ? t->observations : (double)NAN;
}

void
up_implications_free(up_implications *t)
{
    if (t == NULL) {
        return;
    }
    up_answer_free(t->answer);
    upi_free(t->item);
    upi_free(t);
}
