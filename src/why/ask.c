/* Questions to a graph: names to nodes, the search, and its result in words. */
#include "why/ask.h"

#include "base/opts.h"

#include <string.h>

static up_status
find_node(
    const up_graph *g, const char *name, const char *field, int64_t *out, up_error *err)
{
    *out = up_graph_find(g, name);
    if (*out < 0) {
        (void)upi_fail(err, UP_E_ARGUMENT, field, "the graph has no node '%s'", name);
        const char *near = upi_text_nearest(name, (const char *const *)g->name, g->n);
        return near != NULL
                   ? upi_fix(err, "did you mean '%s'?", near)
                   : upi_fix(err, "its nodes are named in the graph; case matters");
    }
    if (upi_set_has(&g->latent, *out)) {
        (void)upi_fail(err, UP_E_ARGUMENT, field,
            "'%s' is latent: what is not measured cannot be used", name);
        return upi_fix(err, "name a measured node, or remove 'latent %s'", name);
    }
    return UP_OK;
}

/* A node named in the question, or marked in the graph. */
static up_status
find_end(const up_graph *g, const char *name, int64_t marked, const char *field,
    int64_t *out, up_error *err)
{
    if (name == NULL && marked < 0) {
        (void)upi_fail(err, UP_E_ARGUMENT, field, "which node is the %s?", field);
        return upi_fix(err, "name it, or mark one in the graph: '%s NODE'", field);
    }
    return find_node(g, name != NULL ? name : g->name[marked], field, out, err);
}

static up_status
check_directions(const up_graph *g, up_error *err)
{
    for (int64_t k = 0; k < g->n_edges; k++) {
        up_edge e = g->edge[k];
        if (e.kind == UP_EDGE_UNDIRECTED) {
            (void)upi_fail(err, UP_E_GRAPH, "graph",
                "the edge '%s -- %s' has no direction", g->name[e.from], g->name[e.to]);
            return upi_fix(
                err, "decide which is the cause and write '->' instead of '--'");
        }
    }
    return UP_OK;
}

static up_status
resolve(const up_graph *g, const up_question *q, upi_ask *a, up_error *err)
{
    up_status status = UP_OK;
    UP_TRY(check_directions(g, err));
    if (q->ask == UP_ASK_IMPLICATIONS) {
        return UP_OK;
    }
    UP_TRY(find_end(g, q->from, up_graph_treatment(g), "treatment", &a->x, err));
    UP_TRY(find_end(g, q->to, up_graph_outcome(g), "outcome", &a->y, err));
    if (a->x == a->y) {
        return upi_fail(err, UP_E_ARGUMENT, "outcome",
            "'%s' is both treatment and outcome", g->name[a->x]);
    }
    for (int64_t i = 0; i < q->n_given; i++) {
        int64_t node = -1;
        UP_TRY(find_node(g, q->given[i], "given", &node, err));
        if (node == a->x || node == a->y) {
            return upi_fail(err, UP_E_ARGUMENT, "given",
                "'%s' is one of the two nodes in question", g->name[node]);
        }
        upi_set_add(&a->given, node);
    }
out:
    return status;
}

up_status
up_graph_ask(const up_graph *g, const up_question *q, up_answer **out, up_error *err)
{
    static up_status (*const asks[])(const upi_ask *, up_answer *, up_error *) = {
        upi_ask_separated, upi_ask_adjustment, upi_ask_valid, upi_ask_instruments,
        upi_ask_front_door, upi_ask_forbidden, upi_ask_implications,
        upi_ask_identified};
    UP_GUARD(err);
    up_status status = UP_OK;
    up_question own = {0};
    up_answer *answer = NULL;
    upi_ask a = {.g = g};
    if (g == NULL || q == NULL || out == NULL) {
        return upi_fail(
            err, UP_E_ARGUMENT, "graph", "no graph or no question was given");
    }
    UP_TRY(upi_opts_copy(&own, sizeof own, q, err));
    if (own.ask < 0 || own.ask > UP_ASK_IDENTIFIED || own.most < 0 || own.n_given < 0) {
        return upi_fail(
            err, UP_E_ARGUMENT, "ask", "there is no question %lld", (long long)own.ask);
    }
    a.all = own.all != 0;
    a.most = own.most > 0 ? own.most : UPI_ASK_MOST;
    UP_TRY(resolve(g, &own, &a, err));
    UP_TRY(upi_answer_new(g, &answer, err));
    UP_TRY(asks[own.ask](&a, answer, err));
    *out = answer;
    answer = NULL;
out:
    up_answer_free(answer);
    return status;
}
