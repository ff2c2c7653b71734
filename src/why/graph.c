/* Nodes, edges, and the order of causes before effects.
 *
 * The order is Kahn's (1962): a node is taken once all its parents are; among those that are
 * ready the first one named, so that the order is the same for the same text. What is left
 * over holds a cycle, which is found by walking from parent to parent until a node comes
 * again, and printed. */
#include "why/graph.h"

#include <string.h>

int64_t
upi_set_count(const upi_set *s)
{
    int64_t n = 0;
    for (int k = 0; k < UPI_SET_WORDS; k++) {
        for (uint64_t left = s->word[k]; left != 0; left &= left - 1) {
            n++; /* the lowest bit went */
        }
    }
    return n;
}

int64_t
upi_set_next(const upi_set *s, int64_t from)
{
    while (from < UP_GRAPH_MOST_NODES) {
        uint64_t left = s->word[from / 64] >> (from % 64);
        if (left == 0) {
            from = (from / 64 + 1) * 64;
            continue;
        }
        while ((left & 1U) == 0) {
            left >>= 1;
            from++;
        }
        return from;
    }
    return -1;
}

up_status
upi_graph_new(up_graph **out, up_error *err)
{
    return UP_NEW(out, 1, err);
}

void
up_graph_free(up_graph *g)
{
    if (g == NULL) {
        return;
    }
    for (int64_t i = 0; i < g->n; i++) {
        upi_free(g->name[i]);
    }
    upi_free(g->edge);
    upi_free(g);
}

up_status
upi_graph_node(up_graph *g, const char *name, int64_t n, int64_t *out, up_error *err)
{
    for (int64_t i = 0; i < g->n; i++) {
        if (strncmp(g->name[i], name, (size_t)n) == 0 && g->name[i][n] == '\0') {
            *out = i;
            return UP_OK;
        }
    }
    if (g->n == UP_GRAPH_MOST_NODES) {
        return upi_fail(err, UP_E_GRAPH, "graph", "the graph has more than %d nodes",
            UP_GRAPH_MOST_NODES);
    }
    char *copy = upi_strndup(name, (size_t)n);
    if (copy == NULL) {
        return upi_fail_memory(err, (size_t)n + 1);
    }
    *out = g->n;
    g->name[g->n++] = copy;
    return UP_OK;
}

static const char *
arrow_text(int64_t kind)
{
    return kind == UP_EDGE_DIRECTED ? "->" : kind == UP_EDGE_BIDIRECTED ? "<->" : "--";
}

up_status
upi_graph_join(up_graph *g, int64_t from, int64_t to, int64_t kind, up_error *err)
{
    up_status status = UP_OK;
    bool known = kind == UP_EDGE_DIRECTED     ? upi_set_has(&g->children[from], to)
                 : kind == UP_EDGE_BIDIRECTED ? upi_set_has(&g->spouses[from], to)
                                              : upi_set_has(&g->neighbours[from], to);
    bool directed =
        upi_set_has(&g->children[from], to) || upi_set_has(&g->children[to], from);
    if (known) {
        return UP_OK;
    }
    if (from == to) {
        return upi_fail(err, UP_E_GRAPH, "graph", "'%s %s %s' joins a node to itself",
            g->name[from], arrow_text(kind), g->name[to]);
    }
    if ((kind == UP_EDGE_UNDIRECTED && directed) ||
        (kind == UP_EDGE_DIRECTED && upi_set_has(&g->neighbours[from], to))) {
        return upi_fail(err, UP_E_GRAPH, "graph",
            "the edge between '%s' and '%s' is given with and without a direction",
            g->name[from], g->name[to]);
    }
    UP_TRY(UP_RESERVE(&g->edge, &g->edge_capacity, g->n_edges + 1, err));
    g->edge[g->n_edges++] = (up_edge){from, to, kind};
    if (kind == UP_EDGE_DIRECTED) {
        upi_set_add(&g->children[from], to);
        upi_set_add(&g->parents[to], from);
    } else {
        upi_set *side = kind == UP_EDGE_BIDIRECTED ? g->spouses : g->neighbours;
        upi_set_add(&side[from], to);
        upi_set_add(&side[to], from);
    }
out:
    return status;
}

/* Every node of `left` has a parent in it. */
static up_status
fail_cycle(const up_graph *g, upi_set left, up_error *err)
{
    enum { SHOWN = 12 };
    upi_set seen = {{0}};
    int64_t path[UP_GRAPH_MOST_NODES] = {0};
    int64_t n = 0;
    int64_t node = upi_set_next(&left, 0);
    while (!upi_set_has(&seen, node)) {
        upi_set_add(&seen, node);
        path[n++] = node;
        upi_set causes = upi_set_and(g->parents[node], left);
        node = upi_set_next(&causes, 0);
    }
    int64_t first = 0;
    while (path[first] != node) {
        first++;
    }
    /* The walk went against the arrows: the cycle is read backwards from its end. */
    upi_text t = {0};
    upi_graph_add_name(&t, g->name[node], UP_GRAPH_TEXT);
    int64_t shown = 0;
    for (int64_t k = n - 1; k >= first && shown < SHOWN; k--, shown++) {
        upi_text_add(&t, " -> ");
        upi_graph_add_name(&t, g->name[path[k]], UP_GRAPH_TEXT);
    }
    (void)upi_fail(err, UP_E_GRAPH, "graph", "the graph has a cycle: %s%s",
        t.s != NULL ? t.s : "", n - first > SHOWN ? " -> ..." : "");
    bool failed = t.failed;
    upi_text_free(&t);
    if (failed) {
        if (err != NULL) {
            *err = (up_error)UP_ERROR_INIT;
        }
        return upi_fail_memory(err, 0);
    }
    return upi_fix(err, "remove or turn one of its arrows; a feedback over time needs "
                        "a node per period");
}

up_status
upi_graph_finish(up_graph *g, up_error *err)
{
    if (g->n == 0) {
        (void)upi_fail(err, UP_E_GRAPH, "graph", "the graph has no node");
        return upi_fix(
            err, "write arrows from cause to effect: T -> searches -> sales");
    }
    upi_set left = upi_graph_all(g);
    for (int64_t k = 0; k < g->n; k++) {
        int64_t ready = -1;
        for (int64_t i = upi_set_next(&left, 0); i >= 0 && ready < 0;
             i = upi_set_next(&left, i + 1)) {
            upi_set waiting = upi_set_and(g->parents[i], left);
            ready = upi_set_empty(&waiting) ? i : -1;
        }
        if (ready < 0) {
            return fail_cycle(g, left, err);
        }
        g->order[k] = ready;
        upi_set_drop(&left, ready);
    }
    return UP_OK;
}

upi_set
upi_graph_all(const up_graph *g)
{
    upi_set s = {{0}};
    for (int64_t i = 0; i < g->n; i++) {
        upi_set_add(&s, i);
    }
    return s;
}

upi_set
upi_graph_observed(const up_graph *g)
{
    return upi_set_minus(upi_graph_all(g), g->latent);
}

upi_set
upi_graph_descendants(const up_graph *g, upi_set of)
{
    for (int64_t k = 0; k < g->n; k++) {
        if (upi_set_has(&of, g->order[k])) {
            of = upi_set_or(of, g->children[g->order[k]]);
        }
    }
    return of;
}

upi_set
upi_graph_ancestors(const up_graph *g, upi_set of)
{
    for (int64_t k = g->n - 1; k >= 0; k--) {
        if (upi_set_has(&of, g->order[k])) {
            of = upi_set_or(of, g->parents[g->order[k]]);
        }
    }
    return of;
}

int64_t
up_graph_nodes(const up_graph *g)
{
    return g != NULL ? g->n : 0;
}

static bool
is_node(const up_graph *g, int64_t node)
{
    return g != NULL && node >= 0 && node < g->n;
}

const char *
up_graph_name(const up_graph *g, int64_t node)
{
    return is_node(g, node) ? g->name[node] : "";
}

int64_t
up_graph_find(const up_graph *g, const char *name)
{
    for (int64_t i = 0; g != NULL && name != NULL && i < g->n; i++) {
        if (strcmp(g->name[i], name) == 0) {
            return i;
        }
    }
    return -1;
}

int
up_graph_is_latent(const up_graph *g, int64_t node)
{
    return is_node(g, node) && upi_set_has(&g->latent, node) ? 1 : 0;
}

static int64_t
only_member(const upi_set *s)
{
    int64_t first = upi_set_next(s, 0);
    return first >= 0 && upi_set_next(s, first + 1) < 0 ? first : -1;
}

int64_t
up_graph_treatment(const up_graph *g)
{
    return g != NULL ? only_member(&g->treatment) : -1;
}

int64_t
up_graph_outcome(const up_graph *g)
{
    return g != NULL ? only_member(&g->outcome) : -1;
}

int64_t
up_graph_edges(const up_graph *g)
{
    return g != NULL ? g->n_edges : 0;
}

up_edge
up_graph_edge(const up_graph *g, int64_t i)
{
    if (g == NULL || i < 0 || i >= g->n_edges) {
        return (up_edge){-1, -1, UP_EDGE_DIRECTED};
    }
    return g->edge[i];
}

int
up_graph_has_edge(const up_graph *g, int64_t from, int64_t to)
{
    return is_node(g, from) && is_node(g, to) && upi_set_has(&g->children[from], to);
}

int64_t
up_graph_related(
    const up_graph *g, int64_t node, int64_t relation, int64_t *out, int64_t room)
{
    upi_set s = {{0}};
    if (!is_node(g, node)) {
        return 0;
    }
    switch (relation) {
    case UP_PARENTS:
        s = g->parents[node];
        break;
    case UP_CHILDREN:
        s = g->children[node];
        break;
    case UP_ANCESTORS:
        s = upi_graph_ancestors(g, upi_set_of(node));
        upi_set_drop(&s, node);
        break;
    case UP_DESCENDANTS:
        s = upi_graph_descendants(g, upi_set_of(node));
        upi_set_drop(&s, node);
        break;
    case UP_SPOUSES:
        s = g->spouses[node];
        break;
    case UP_NEIGHBOURS:
        s = g->neighbours[node];
        break;
    default:
        break;
    }
    int64_t n = 0;
    for (int64_t i = upi_set_next(&s, 0); i >= 0; i = upi_set_next(&s, i + 1)) {
        if (n < room) {
            out[n] = i;
        }
        n++;
    }
    return n;
}

int64_t
up_graph_order(const up_graph *g, int64_t *out, int64_t room)
{
    int64_t n = up_graph_nodes(g);
    for (int64_t k = 0; k < n && k < room; k++) {
        out[k] = g->order[k];
    }
    return n;
}
