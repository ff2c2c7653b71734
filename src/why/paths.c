/* The effects of paths as functions of the parameters, and the rows that are made of them.
 *
 * Without interactions a path is the product of its coefficients (methods/core.md 8.2). With them
 * each path gets a switch of its own: a node looks at the arm through the switch of the path that
 * begins arm -> node and goes on along the chain to the outcome. Switching one path after another
 * in a stated order and taking differences gives parts that add up to the effect of switching all
 * (8.3). Gradients are exact: these are polynomials, and a step of 1e-30 i along a parameter has
 * its derivative as imaginary part (Squire & Trapp 1998), without a difference that could cancel. */
#include "num/matrix.h"
#include "why/mediation.h"

#include <math.h>
#include <string.h>

/* ---- values of paths ---- */

static double complex
param_at(const double complex *theta, int64_t param)
{
    return param >= 0 ? theta[param] : 0;
}

/* The effect on node j of moving the arm from `against` to l. */
static double complex
arm_effect(const upi_mechanism *h, int64_t j, int64_t l, const double complex *theta)
{
    const int64_t *at = h->arm_param + j * h->n_levels;
    return param_at(theta, at[l]) - param_at(theta, at[h->against]);
}

static void
products(const upi_mechanism *h, int64_t level, const double complex *theta,
    double complex *out)
{
    for (int64_t i = 0; i < h->n_paths; i++) {
        const upi_chain *c = &h->chain[h->path[i]];
        out[i] = arm_effect(h, c->node, level, theta);
        for (; c->next >= 0; c = &h->chain[c->next]) {
            int64_t to = h->chain[c->next].node;
            out[i] *= theta[h->edge_param[to * (h->n + 1) + c->node]];
        }
    }
}

/* Mean of every chain's node with the paths marked in `on` switched to `level`; causes come after
 * their effects in the list, so it is walked from the end. */
static double complex
outcome_mean(const upi_mechanism *h, int64_t level, const uint8_t *on,
    const double complex *theta, double complex *mean)
{
    int64_t n = h->n + 1;
    memset(mean, 0, (size_t)h->n_chains * sizeof *mean);
    for (int64_t c = h->n_chains - 1; c >= 0; c--) {
        int64_t j = h->chain[c].node;
        int64_t path = h->chain[c].path;
        int64_t arm = path >= 0 && on[path] != 0 ? level : h->against;
        const double complex *cause[UP_MEDIATE_MOST_MEDIATORS] = {NULL};
        double complex value = param_at(theta, h->level_param[j]) +
                               param_at(theta, h->arm_param[j * h->n_levels + arm]);
        for (int64_t d = c + 1; d < h->n_chains; d++) {
            int64_t k = h->chain[d].node;
            if (h->chain[d].next == c) {
                int64_t own = h->arm_edge_param[(j * n + k) * h->n_levels + arm];
                value +=
                    mean[d] * (theta[h->edge_param[j * n + k]] + param_at(theta, own));
                cause[k] = &mean[d];
            }
        }
        for (int64_t i = 0; i < h->n_products; i++) {
            const upi_product *p = &h->product[i];
            if (p->j == j) {
                value += theta[h->product_param[i]] * (*cause[p->k] + h->center[p->k]) *
                         (*cause[p->l] + h->center[p->l]);
            }
        }
        mean[c] = value;
    }
    return mean[0];
}

void
upi_path_values(const upi_mechanism *h, int64_t order, int64_t arm,
    const double complex *theta, double complex *work, double complex *out)
{
    uint8_t on[UP_MEDIATE_MOST_PATHS] = {0};
    int64_t level = h->arm[arm];
    if (!h->interacted) {
        products(h, level, theta, out);
        return;
    }
    double complex before = outcome_mean(h, level, on, theta, work);
    for (int64_t i = 0; i < h->n_paths; i++) {
        int64_t path = order == UP_MEDIATE_DIRECT_FIRST ? i : h->n_paths - 1 - i;
        on[path] = 1;
        double complex after = outcome_mean(h, level, on, theta, work);
        out[path] = after - before;
        before = after;
    }
}

/* ---- rows ---- */

up_status
upi_mediated_add(up_mediation *m, int64_t kind, int64_t system, int64_t arm,
    upi_mediated_row **row, up_error *err)
{
    up_status status = UP_OK;
    UP_TRY(UP_RESERVE(&m->rows, &m->capacity, m->n_rows + 1, err));
    const upi_system *s = &m->stack.system[system];
    double none = (double)NAN;
    *row = &m->rows[m->n_rows++];
    **row = (upi_mediated_row){.system = system,
        .arm = arm,
        .param = -1,
        .other = -1,
        .value = {.kind = kind,
            .metric = m->h.name[m->h.n],
            .path = "",
            .arm = arm >= 0 ? m->h.label[m->h.arm[arm]] : "",
            .against = arm >= 0 ? m->h.label[m->h.against] : "",
            .segment = s->segment != NULL ? s->segment : "",
            .period = s->period != NULL ? s->period : "",
            .estimate = none,
            .std_error = none,
            .df = none,
            .p_value = none,
            .ci_low = none,
            .ci_high = none,
            .share = none,
            .rho_zero = none,
            .r2_residual_zero = none,
            .r2_total_zero = none,
            .rho = none,
            .confounded = "",
            .n = s->rows,
            .clusters = s->clusters}};
out:
    return status;
}

static bool
path_passes(const upi_mechanism *h, int64_t path, int64_t node)
{
    for (int64_t at = h->path[path]; at >= 0; at = h->chain[at].next) {
        if (h->chain[at].node == node) {
            return true;
        }
    }
    return false;
}

static bool
path_is_direct(const upi_mechanism *h, int64_t path)
{
    return h->chain[h->path[path]].next < 0;
}

/* Is the path part of a row of this kind? which: the path, or the mediator. */
static bool
path_counts(const upi_mechanism *h, int64_t kind, int64_t which, int64_t path)
{
    switch (kind) {
    case UP_MEDIATE_DIRECT:
        return path_is_direct(h, path);
    case UP_MEDIATE_INDIRECT:
        return !path_is_direct(h, path);
    case UP_MEDIATE_PATH:
        return path == which;
    case UP_MEDIATE_FIRST:
        return h->chain[h->path[path]].node == which;
    case UP_MEDIATE_THROUGH:
        return path_passes(h, path, which);
    default:
        return kind == UP_MEDIATE_MISFIT;
    }
}

static up_status
name_row(up_mediation *m, upi_mediated_row *row, int64_t which, up_error *err)
{
    up_status status = UP_OK;
    const upi_mechanism *h = &m->h;
    upi_text t = {0};
    int64_t kind = row->value.kind;
    if (kind == UP_MEDIATE_PATH || kind == UP_MEDIATE_DIRECT) {
        upi_mediated_path_text(h, which, &t);
    } else if (kind == UP_MEDIATE_FIRST || kind == UP_MEDIATE_THROUGH) {
        upi_text_add(&t, h->name[which]);
    } else {
        upi_text_add(&t, "");
    }
    UP_TRY(upi_text_take(&t, &row->path, err));
    row->value.path = row->path;
out:
    upi_text_free(&t);
    return status;
}

/* A row that is a sum of paths and a multiple of the total effect. */
static up_status
add_sum(up_mediation *m, int64_t kind, int64_t system, int64_t arm, int64_t which,
    up_error *err)
{
    up_status status = UP_OK;
    upi_mediated_row *row = NULL;
    UP_TRY(upi_mediated_add(m, kind, system, arm, &row, err));
    UP_TRY(name_row(m, row, which, err));
    bool misfit = kind == UP_MEDIATE_MISFIT;
    row->total = misfit || kind == UP_MEDIATE_TOTAL ? 1 : 0;
    UP_TRY(UP_NEW(&row->paths, m->h.n_paths, err));
    for (int64_t i = 0; i < m->h.n_paths; i++) {
        bool counts = path_counts(&m->h, kind, which, i);
        row->paths[i] = !counts ? 0 : misfit ? -1 : 1;
    }
out:
    return status;
}

static bool
any_path_counts(const upi_mechanism *h, int64_t kind, int64_t which)
{
    for (int64_t i = 0; i < h->n_paths; i++) {
        if (path_counts(h, kind, which, i)) {
            return true;
        }
    }
    return false;
}

static up_status
add_by_mediator(
    up_mediation *m, int64_t kind, int64_t system, int64_t arm, up_error *err)
{
    up_status status = UP_OK;
    for (int64_t j = 0; j < m->h.n && m->h.n > 1; j++) {
        bool any = any_path_counts(&m->h, kind, j);
        UP_TRY(any ? add_sum(m, kind, system, arm, j, err) : UP_OK);
    }
out:
    return status;
}

static up_status
add_arm(up_mediation *m, int64_t system, int64_t arm, up_error *err)
{
    up_status status = UP_OK;
    UP_TRY(add_sum(m, UP_MEDIATE_TOTAL, system, arm, -1, err));
    if (path_is_direct(&m->h, 0)) {
        UP_TRY(add_sum(m, UP_MEDIATE_DIRECT, system, arm, 0, err));
    }
    UP_TRY(add_sum(m, UP_MEDIATE_INDIRECT, system, arm, -1, err));
    for (int64_t i = path_is_direct(&m->h, 0) ? 1 : 0; i < m->h.n_paths; i++) {
        UP_TRY(add_sum(m, UP_MEDIATE_PATH, system, arm, i, err));
    }
    UP_TRY(add_by_mediator(m, UP_MEDIATE_FIRST, system, arm, err));
    UP_TRY(add_by_mediator(m, UP_MEDIATE_THROUGH, system, arm, err));
    if (!m->h.complete || m->h.interacted) {
        UP_TRY(add_sum(m, UP_MEDIATE_MISFIT, system, arm, -1, err));
    }
    upi_mediated_row *row = NULL;
    UP_TRY(upi_mediated_add(m, UP_MEDIATE_PROPORTION, system, arm, &row, err));
out:
    return status;
}

static up_status
add_edge(up_mediation *m, int64_t kind, int64_t system, int64_t arm, int64_t param,
    up_error *err)
{
    up_status status = UP_OK;
    const upi_mechanism *h = &m->h;
    const upi_param *p = &h->param[param];
    upi_mediated_row *row = NULL;
    upi_text t = {0};
    UP_TRY(upi_mediated_add(m, kind, system, arm, &row, err));
    row->param = param;
    if (arm >= 0 && p->equation <= h->n) {
        row->other = h->arm_param[p->equation * h->n_levels + h->against];
    }
    upi_text_add(&t, arm >= 0 ? h->arm_name : "");
    if (p->kind == UPI_PARAM_EDGE) {
        upi_text_add(&t, h->name[p->k]);
    } else if (p->kind == UPI_PARAM_ARM_EDGE) {
        upi_text_addf(&t, "%s=%s:%s", h->arm_name, h->label[p->level], h->name[p->k]);
    } else if (p->kind == UPI_PARAM_PRODUCT) {
        upi_text_addf(
            &t, "%s:%s", h->name[h->product[p->k].k], h->name[h->product[p->k].l]);
    }
    int64_t to =
        p->equation > h->n ? h->test_node[p->equation - h->n - 2] : p->equation;
    row->value.metric = h->name[to];
    upi_text_addf(&t, " -> %s", h->name[to]);
    UP_TRY(upi_text_take(&t, &row->path, err));
    row->value.path = row->path;
out:
    upi_text_free(&t);
    return status;
}

/* The edge from an arm to node j; against another arm the control has no coefficient. */
static up_status
add_arm_edge(up_mediation *m, int64_t system, int64_t arm, int64_t j, up_error *err)
{
    up_status status = UP_OK;
    const upi_mechanism *h = &m->h;
    int64_t own = h->arm_param[j * h->n_levels + h->arm[arm]];
    int64_t any = own >= 0 ? own : h->arm_param[j * h->n_levels + h->against];
    if (any < 0) {
        return UP_OK;
    }
    UP_TRY(add_edge(m, UP_MEDIATE_EDGE, system, arm, any, err));
    m->rows[m->n_rows - 1].param = own;
out:
    return status;
}

static up_status
add_edges(up_mediation *m, int64_t system, up_error *err)
{
    up_status status = UP_OK;
    const upi_mechanism *h = &m->h;
    int64_t nodes = h->n + 1;
    for (int64_t i = 0; i < h->n_arms * nodes; i++) {
        UP_TRY(add_arm_edge(m, system, i / nodes, i % nodes, err));
    }
    for (int64_t p = 0; p < h->n_params; p++) {
        bool test = h->param[p].equation > h->n;
        bool wanted = !test && h->param[p].kind != UPI_PARAM_ARM &&
                      h->param[p].kind != UPI_PARAM_LEVEL;
        UP_TRY(wanted ? add_edge(m, UP_MEDIATE_EDGE, system, -1, p, err) : UP_OK);
    }
out:
    return status;
}

/* The parameter of arm l in an equation that tests edges; -1 = none. */
static int64_t
test_param(const upi_mechanism *h, int64_t equation, int64_t l)
{
    for (int64_t p = 0; p < h->n_params; p++) {
        const upi_param *q = &h->param[p];
        if (q->equation == equation && q->kind == UPI_PARAM_ARM && q->level == l) {
            return p;
        }
    }
    return -1;
}

/* What the edges from the arm to the node of a test, set to zero, would be. */
static up_status
add_missing_arms(up_mediation *m, int64_t system, int64_t equation, up_error *err)
{
    up_status status = UP_OK;
    const upi_mechanism *h = &m->h;
    bool tested = !h->from_arm[h->test_node[equation - h->n - 2]];
    for (int64_t a = 0; a < h->n_arms && tested; a++) {
        int64_t own = test_param(h, equation, h->arm[a]);
        int64_t other = test_param(h, equation, h->against);
        int64_t any = own >= 0 ? own : other;
        UP_TRY(add_edge(m, UP_MEDIATE_MISSING, system, a, any, err));
        m->rows[m->n_rows - 1].param = own;
        m->rows[m->n_rows - 1].other = other;
    }
out:
    return status;
}

static up_status
add_missing(up_mediation *m, int64_t system, up_error *err)
{
    up_status status = UP_OK;
    const upi_mechanism *h = &m->h;
    for (int64_t i = 0; i < h->n_tests; i++) {
        UP_TRY(add_missing_arms(m, system, h->n + 2 + i, err));
    }
    for (int64_t p = 0; p < h->n_params; p++) {
        bool own =
            h->param[p].equation > h->n + 1 && h->param[p].kind == UPI_PARAM_EDGE;
        UP_TRY(own ? add_edge(m, UP_MEDIATE_MISSING, system, -1, p, err) : UP_OK);
    }
out:
    return status;
}

up_status
upi_mediated_rows(up_mediation *m, up_error *err)
{
    up_status status = UP_OK;
    for (int64_t i = 0; i < m->stack.n_systems * m->h.n_arms; i++) {
        UP_TRY(add_arm(m, i / m->h.n_arms, i % m->h.n_arms, err));
    }
    for (int64_t k = 0; k < m->stack.n_systems; k++) {
        UP_TRY(add_missing(m, k, err));
        UP_TRY(add_edges(m, k, err));
    }
out:
    return status;
}
