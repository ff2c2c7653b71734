/* From a graph to a mechanism: which nodes are the arm, the mediators in causal order and the
 * outcome, which edges are there, and which columns and parameters the regressions have (arXiv
 * 2604.24116, eqs. 10-12). The graph alone decides what is zero; what the data cannot answer is
 * refused here, by name, before anything is computed. */
#include "why/mediation.h"

#include <string.h>

/* ---- nodes ---- */

bool
upi_is_covariate(const up_experiment *e, const char *name)
{
    for (int64_t i = 0; i < e->n_covariates; i++) {
        if (strcmp(e->covariates[i].v.name, name) == 0) {
            return true;
        }
    }
    const upi_variable *time = &e->roles[UPI_ROLE_TIME];
    return time->name != NULL && strcmp(time->name, name) == 0;
}

up_status
upi_graph_arm_node(
    const up_experiment *e, const up_graph *g, int64_t *node, up_error *err)
{
    const char *arm = e->roles[UPI_ROLE_ARM].name;
    *node = up_graph_treatment(g);
    if (*node < 0) {
        *node = up_graph_find(g, arm);
    }
    if (*node >= 0) {
        return UP_OK;
    }
    (void)upi_fail(
        err, UP_E_MEDIATION, "graph", "no node of the graph is the arm '%s'", arm);
    return upi_fix(err, "call one '%s', or mark it: 'treatment T; T -> ...'", arm);
}

static up_status
find_outcome(const up_graph *g, const up_mediate_opts *o, int64_t arm, int64_t *out,
    up_error *err)
{
    int64_t sink = -1;
    int64_t n_sinks = 0;
    for (int64_t i = 0; i < up_graph_nodes(g); i++) {
        bool leaf = up_graph_related(g, i, UP_CHILDREN, NULL, 0) == 0;
        if (leaf && i != arm && up_graph_is_latent(g, i) == 0) {
            sink = i;
            n_sinks++;
        }
    }
    *out = o->outcome != NULL ? up_graph_find(g, o->outcome) : up_graph_outcome(g);
    if (o->outcome != NULL && *out < 0) {
        (void)upi_fail(
            err, UP_E_MEDIATION, "outcome", "'%s' is not in the graph", o->outcome);
        return upi_fix(err, "draw an arrow to it: ... -> %s", o->outcome);
    }
    if (*out < 0 && n_sinks == 1) {
        *out = sink;
    }
    if (*out < 0) {
        (void)upi_fail(err, UP_E_MEDIATION, "outcome",
            "%lld nodes of the graph have no arrow out of them: which is the outcome?",
            (long long)n_sinks);
        return upi_fix(
            err, "name the outcome, or mark it in the graph: 'outcome sales'");
    }
    int64_t child = 0;
    if (up_graph_related(g, *out, UP_CHILDREN, &child, 1) > 0) {
        (void)upi_fail(err, UP_E_MEDIATION, "outcome",
            "the outcome '%s' has an arrow to '%s': it is not the end of the paths",
            up_graph_name(g, *out), up_graph_name(g, child));
        return upi_fix(err, "name the last node as outcome, or take the arrow out");
    }
    return UP_OK;
}

/* Arcs, edges without direction, arrows into the arm, common causes that were not measured. */
static up_status
check_edges(const up_experiment *e, const up_graph *g, int64_t arm, up_error *err)
{
    for (int64_t i = 0; i < up_graph_edges(g); i++) {
        up_edge d = up_graph_edge(g, i);
        const char *from = up_graph_name(g, d.from);
        const char *to = up_graph_name(g, d.to);
        if (d.kind == UP_EDGE_UNDIRECTED) {
            (void)upi_fail(err, UP_E_MEDIATION, "graph",
                "the edge between '%s' and '%s' has no direction", from, to);
            return upi_fix(err, "say which comes first: %s -> %s", from, to);
        }
        if (d.kind == UP_EDGE_BIDIRECTED) {
            (void)upi_fail(err, UP_E_MEDIATION, "graph",
                "'%s' and '%s' share an unmeasured cause: the paths through them are "
                "not "
                "identified",
                from, to);
            return upi_fix(err,
                "take %s <-> %s out and ask for the sensitivity to such a cause", from,
                to);
        }
        if (d.to == arm) {
            (void)upi_fail(err, UP_E_MEDIATION, "graph",
                "the graph has an arrow from '%s' into the arm, which was randomised",
                from);
            return upi_fix(err, "take %s -> %s out", from, to);
        }
        bool late = d.from == arm || !upi_is_covariate(e, from);
        if (late && upi_is_covariate(e, to) && up_graph_is_latent(g, d.from) == 0) {
            (void)upi_fail(err, UP_E_MEDIATION, to,
                "'%s' is a covariate, measured before treatment: nothing after the arm "
                "can "
                "cause it",
                to);
            return upi_fix(err, "take it out of the covariates, or out of the graph");
        }
    }
    for (int64_t i = 0; i < up_graph_nodes(g); i++) {
        if (up_graph_is_latent(g, i) != 0 &&
            up_graph_related(g, i, UP_CHILDREN, NULL, 0) > 1) {
            (void)upi_fail(err, UP_E_MEDIATION, up_graph_name(g, i),
                "'%s' was not measured and is a cause of several nodes: the paths "
                "through "
                "them are not identified",
                up_graph_name(g, i));
            return upi_fix(
                err, "take it out and ask for the sensitivity to such a cause");
        }
    }
    return UP_OK;
}

static up_status
take_node(upi_mechanism *h, const up_graph *g, int64_t node, int64_t j, up_error *err)
{
    up_status status = UP_OK;
    const up_experiment *e = h->model->moments->experiment;
    const char *name = up_graph_name(g, node);
    int64_t metric = upi_experiment_metric(e, name);
    if (metric < 0) {
        (void)upi_fail(err, UP_E_MEDIATION, name,
            "'%s' is in the graph but is neither a metric nor a covariate", name);
        return upi_fix(err,
            "add it to the metrics if the arm can change it, else to the "
            "covariates");
    }
    if (e->metrics[metric].denominator >= 0) {
        (void)upi_fail(err, UP_E_MEDIATION, name,
            "'%s' is a ratio of two sums, which has no value for a unit", name);
        return upi_fix(err, "use a metric with one number per row");
    }
    UP_TRY(upi_strdup_to(&h->name[j], name, err));
    h->component[j] = e->metrics[metric].component;
    h->center[j] = upi_model_center(h->model, h->model->moments->nx + h->component[j]);
out:
    return status;
}

/* The ancestors of the outcome that are measured after the arm, causes first, then the outcome. */
static int64_t
list_nodes(const up_experiment *e, const up_graph *g, int64_t arm, int64_t outcome,
    int64_t *node)
{
    int64_t order[UP_GRAPH_MOST_NODES];
    int64_t cause[UP_GRAPH_MOST_NODES];
    int64_t n = 0;
    int64_t nodes = up_graph_order(g, order, UP_GRAPH_MOST_NODES);
    int64_t causes =
        up_graph_related(g, outcome, UP_ANCESTORS, cause, UP_GRAPH_MOST_NODES);
    for (int64_t i = 0; i < nodes; i++) {
        bool wanted = false;
        for (int64_t k = 0; k < causes; k++) {
            wanted = wanted || cause[k] == order[i];
        }
        if (wanted && order[i] != arm && up_graph_is_latent(g, order[i]) == 0 &&
            !upi_is_covariate(e, up_graph_name(g, order[i]))) {
            node[n++] = order[i];
        }
    }
    node[n] = outcome;
    return n;
}

static up_status
read_graph(upi_mechanism *h, const up_graph *g, const up_mediate_opts *o, up_error *err)
{
    up_status status = UP_OK;
    const up_experiment *e = h->model->moments->experiment;
    int64_t node[UP_GRAPH_MOST_NODES + 1];
    int64_t arm = -1;
    int64_t outcome = -1;
    UP_TRY(upi_graph_arm_node(e, g, &arm, err));
    UP_TRY(find_outcome(g, o, arm, &outcome, err));
    UP_TRY(check_edges(e, g, arm, err));
    int64_t n = list_nodes(e, g, arm, outcome, node);
    if (n == 0 || n > UP_MEDIATE_MOST_MEDIATORS) {
        (void)upi_fail(err, UP_E_MEDIATION, "graph",
            "%lld mediators between the arm and '%s'; 1 to %d are possible",
            (long long)n, up_graph_name(g, outcome), UP_MEDIATE_MOST_MEDIATORS);
        status = upi_fix(err, "e.g. %s -> searches -> %s", up_graph_name(g, arm),
            up_graph_name(g, outcome));
        goto out;
    }
    h->n = n;
    UP_TRY(UP_NEW(&h->name, n + 1, err));
    UP_TRY(UP_NEW(&h->component, n + 1, err));
    UP_TRY(UP_NEW(&h->center, n + 1, err));
    UP_TRY(UP_NEW(&h->from_arm, n + 1, err));
    UP_TRY(UP_NEW(&h->edge, (n + 1) * (n + 1), err));
    UP_TRY(UP_NEW(&h->arm_edge, (n + 1) * (n + 1), err));
    UP_TRY(upi_strdup_to(&h->arm_name, up_graph_name(g, arm), err));
    UP_TRY(UP_NEW(&h->test_node, n + 1, err));
    for (int64_t j = 0; j <= n; j++) {
        UP_TRY(take_node(h, g, node[j], j, err));
        h->from_arm[j] = up_graph_has_edge(g, arm, node[j]) != 0;
        bool complete = h->from_arm[j];
        for (int64_t k = 0; k < j; k++) {
            h->edge[j * (n + 1) + k] = up_graph_has_edge(g, node[k], node[j]) != 0;
            complete = complete && h->edge[j * (n + 1) + k];
        }
        if (!complete) {
            h->test_node[h->n_tests++] = j;
        }
    }
    h->complete = h->n_tests == 0;
out:
    return status;
}

/* ---- arms ---- */

static up_status
read_arms(upi_mechanism *h, const up_mediate_opts *o, up_error *err)
{
    up_status status = UP_OK;
    const up_model *m = h->model;
    const upi_key *key = &m->moments->keys[h->key];
    int64_t control = m->design.iv ? m->inst_control : m->treat_control;
    h->against = o->against != NULL ? upi_key_level(key, o->against) : control;
    if (h->against < 0) {
        (void)upi_fail(err, UP_E_ARMS, "against", "'%s' is not an arm", o->against);
        return upi_fix(err, "the control is '%s'", key->label[control]);
    }
    UP_TRY(UP_NEW(&h->arm, key->n_levels, err));
    UP_TRY(UP_NEW(&h->label, key->n_levels, err));
    for (int64_t l = 0; l < key->n_levels; l++) {
        UP_TRY(upi_strdup_to(&h->label[l], key->label[l], err));
        if (l != h->against) {
            h->arm[h->n_arms++] = l;
        }
    }
out:
    return status;
}

static up_status
check_estimand(const up_model *m, const up_mediate_opts *o, up_error *err)
{
    static const char *const names[] = {"", "itt", "late", "att", "ate"};
    bool fits = o->estimand == UP_ESTIMAND_ITT ||
                (!m->design.iv && (o->estimand == UP_ESTIMAND_DEFAULT ||
                                      o->estimand == UP_ESTIMAND_ATE));
    if (o->estimand < 0 || o->estimand > UP_ESTIMAND_ATE) {
        return upi_fail(err, UP_E_ARGUMENT, "estimand",
            "estimand is %lld, outside 0 to %d", (long long)o->estimand,
            UP_ESTIMAND_ATE);
    }
    if (fits) {
        return UP_OK;
    }
    if (!m->design.iv) {
        (void)upi_fail(err, UP_E_ESTIMAND, "estimand",
            "the paths of the effect '%s' are not what these equations give: they are "
            "those "
            "of the average effect",
            names[o->estimand]);
        return upi_fix(err, "leave the estimand to upshot");
    }
    (void)upi_fail(err, UP_E_ESTIMAND, "estimand",
        "the paths of the effect of the treatment received are not identified: the "
        "instrument "
        "moves treatment and mediators together, and one instrument cannot tell them "
        "apart");
    return upi_fix(err, "ask for estimand itt: the paths of the effect of assignment");
}

/* ---- pool ---- */

static int64_t
add_column(upi_mechanism *h, int64_t base, int64_t level, int64_t place)
{
    h->column[h->n_columns] = (upi_pool_column){base, level, place};
    return h->n_columns++;
}

static bool
uses_arm_edge(const upi_mechanism *h, int64_t k)
{
    for (int64_t j = 0; j <= h->n; j++) {
        if (h->arm_edge[j * (h->n + 1) + k]) {
            return true;
        }
    }
    return false;
}

/* The columns of the model, covariates times arms too where it has them; then mediators, their products with the arms
 * and with one another, and the outcome. */
static up_status
build_pool(upi_mechanism *h, up_error *err)
{
    up_status status = UP_OK;
    const upi_basis *b = h->basis;
    int64_t levels = h->n_levels;
    int64_t nx = h->model->moments->nx;
    int64_t control =
        h->model->design.iv ? h->model->inst_control : h->model->treat_control;
    int64_t most = b->p + (h->n + 1) * (1 + levels) + h->n_products;
    UP_TRY(UP_NEW(&h->column, most, err));
    UP_TRY(UP_NEW(&h->arm_column, levels, err));
    UP_TRY(UP_NEW(&h->node_column, h->n + 1, err));
    UP_TRY(UP_NEW(&h->arm_node_column, (h->n + 1) * levels, err));
    for (int64_t l = 0; l < levels; l++) {
        h->arm_column[l] = -1;
    }
    for (int64_t i = 0; i < b->p; i++) {
        upi_term t = b->term[i];
        int64_t c = add_column(h, t.base, t.level, upi_term_place(h->model, t));
        if (t.level >= 0 && t.base == 0) {
            h->arm_column[t.level] = c;
        }
    }
    h->n_base = h->n_columns;
    for (int64_t l = 0; l < levels; l++) {
        if (l != control && h->arm_column[l] < 0) {
            status = upi_fail(err, UP_E_SINGULAR, h->label[l],
                "the arm '%s' cannot be told from the covariates", h->label[l]);
            goto out;
        }
    }
    for (int64_t j = 0; j < h->n; j++) {
        h->node_column[j] = add_column(h, -1, -1, 1 + nx + h->component[j]);
    }
    for (int64_t j = 0; j < h->n; j++) {
        for (int64_t l = 0; l < levels; l++) {
            bool wanted = l != control && uses_arm_edge(h, j);
            h->arm_node_column[j * levels + l] =
                wanted ? add_column(h, -1, l, 1 + nx + h->component[j]) : -1;
        }
    }
    for (int64_t i = 0; i < h->n_products; i++) {
        h->product[i].column = add_column(h, -1, -1, 1 + nx + h->product[i].component);
    }
    h->node_column[h->n] = add_column(h, -1, -1, 1 + nx + h->component[h->n]);
out:
    return status;
}

/* ---- parameters ---- */

static int64_t
add_param(
    upi_mechanism *h, upi_param_kind kind, int64_t equation, int64_t level, int64_t k)
{
    h->param[h->n_params] = (upi_param){kind, equation, level, k};
    return h->n_params++;
}

static void
equation_params(upi_mechanism *h, int64_t j)
{
    int64_t n = h->n + 1;
    bool total = j == n;
    for (int64_t l = 0; l < h->n_levels; l++) {
        bool there = h->arm_column[l] >= 0 && (total || h->from_arm[j]);
        h->arm_param[j * h->n_levels + l] =
            there ? add_param(h, UPI_PARAM_ARM, j, l, -1) : -1;
    }
    for (int64_t k = 0; k < n && !total; k++) {
        bool there = h->edge[j * n + k];
        h->edge_param[j * n + k] = there ? add_param(h, UPI_PARAM_EDGE, j, -1, k) : -1;
        for (int64_t l = 0; l < h->n_levels; l++) {
            bool product = h->arm_edge[j * n + k] && h->arm_column[l] >= 0;
            h->arm_edge_param[(j * n + k) * h->n_levels + l] =
                product ? add_param(h, UPI_PARAM_ARM_EDGE, j, l, k) : -1;
        }
    }
    for (int64_t i = 0; i < h->n_products && !total; i++) {
        if (h->product[i].j == j) {
            h->product_param[i] = add_param(h, UPI_PARAM_PRODUCT, j, -1, i);
        }
    }
    if (!total) {
        h->level_param[j] =
            h->interacted ? add_param(h, UPI_PARAM_LEVEL, j, -1, -1) : -1;
    }
}

/* Edges that are set to zero, in the equation that tests them. */
static void
test_params(upi_mechanism *h, int64_t test)
{
    int64_t j = h->test_node[test];
    int64_t equation = h->n + 2 + test;
    for (int64_t l = 0; l < h->n_levels && !h->from_arm[j]; l++) {
        if (h->arm_column[l] >= 0) {
            (void)add_param(h, UPI_PARAM_ARM, equation, l, -1);
        }
    }
    for (int64_t k = 0; k < j; k++) {
        if (!h->edge[j * (h->n + 1) + k]) {
            (void)add_param(h, UPI_PARAM_EDGE, equation, -1, k);
        }
    }
}

static up_status
build_params(upi_mechanism *h, up_error *err)
{
    up_status status = UP_OK;
    int64_t n = h->n + 1;
    int64_t most =
        n * (1 + 2 * h->n_levels + n * (2 + h->n_levels)) + h->n_products + h->n_levels;
    UP_TRY(UP_NEW(&h->param, most, err));
    UP_TRY(UP_NEW(&h->arm_param, (n + 1) * h->n_levels, err));
    UP_TRY(UP_NEW(&h->edge_param, n * n, err));
    UP_TRY(UP_NEW(&h->arm_edge_param, n * n * h->n_levels, err));
    UP_TRY(UP_NEW(&h->product_param, h->n_products, err));
    UP_TRY(UP_NEW(&h->level_param, n, err));
    for (int64_t j = 0; j <= n; j++) {
        equation_params(h, j);
    }
    for (int64_t i = 0; i < h->n_tests; i++) {
        test_params(h, i);
    }
out:
    return status;
}

/* ---- all of it ---- */

int64_t
upi_mechanism_node(const upi_mechanism *h, const char *name)
{
    for (int64_t j = 0; j <= h->n; j++) {
        if (strcmp(h->name[j], name) == 0) {
            return j;
        }
    }
    return -1;
}

up_status
upi_mechanism_make(const up_model *m, const up_graph *g, const up_mediate_opts *o,
    upi_mechanism *out, up_error *err)
{
    up_status status = UP_OK;
    upi_mechanism h = {.model = m, .basis = m->design.iv ? &m->z : &m->x};
    h.key = upi_basis_key(m, h.basis);
    h.n_levels = m->moments->keys[h.key].n_levels;
    UP_TRY(check_estimand(m, o, err));
    UP_TRY(read_graph(&h, g, o, err));
    UP_TRY(read_arms(&h, o, err));
    UP_TRY(upi_interactions_read(&h, o, err));
    UP_TRY(upi_chains_build(&h, err));
    UP_TRY(build_pool(&h, err));
    UP_TRY(build_params(&h, err));
    *out = h;
    h = (upi_mechanism){0};
out:
    upi_mechanism_free(&h);
    return status;
}

void
upi_mechanism_free(upi_mechanism *h)
{
    for (int64_t j = 0; h->name != NULL && j <= h->n; j++) {
        upi_free(h->name[j]);
    }
    for (int64_t l = 0; h->label != NULL && l < h->n_levels; l++) {
        upi_free(h->label[l]);
    }
    upi_free(h->label);
    upi_free(h->name);
    upi_free(h->arm_name);
    upi_free(h->arm);
    upi_free(h->component);
    upi_free(h->center);
    upi_free(h->from_arm);
    upi_free(h->edge);
    upi_free(h->arm_edge);
    upi_free(h->product);
    upi_free(h->column);
    upi_free(h->arm_column);
    upi_free(h->node_column);
    upi_free(h->arm_node_column);
    upi_free(h->param);
    upi_free(h->arm_param);
    upi_free(h->edge_param);
    upi_free(h->arm_edge_param);
    upi_free(h->product_param);
    upi_free(h->level_param);
    upi_free(h->test_node);
    upi_free(h->chain);
    upi_free(h->path);
    *h = (upi_mechanism){0};
}
