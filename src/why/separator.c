/* The sets that separate two nodes.
 *
 * Sets that are minimal lie among the causes of x and y, and there m-separation is separation
 * in an undirected graph: the moral graph of the causes of x and y, in which nodes joined by a
 * path of colliders are neighbours (van der Zander, Liskiewicz & Textor 2014, 2019). Nodes that
 * may not be used are taken out of it and their neighbours joined. What is left is listed as
 * Berry, Bordat & Cogis (2000) list minimal separators: from the one nearest to x, each node of
 * a separator in turn goes over to the side of x, until nothing new comes. The number of sets
 * can be exponential in the nodes, so that the list is bounded by the caller.
 *
 * All sets, minimal or not, are listed by deciding on one node after another, where a branch
 * is entered only when it holds a set: one exists between `in` and `in + free` if and only if
 * the causes of x, y and `in` that may be used separate. */
#include "why/separate.h"

#include <stdlib.h>
#include <string.h>

typedef struct plain_graph {
    int64_t n;
    upi_set near[UP_GRAPH_MOST_NODES];
} plain_graph;

/* The nodes that a path of colliders within `in` leads to from v, in graph g. */
static upi_set
collider_neighbours(const up_graph *g, int64_t v, upi_set in)
{
    upi_set reached = {{0}};
    upi_set heads = upi_set_or(g->children[v], g->spouses[v]);
    upi_set todo = upi_set_and(heads, in);
    upi_set done = {{0}};
    reached = upi_set_or(g->parents[v], heads);
    for (int64_t c = upi_set_next(&todo, 0); c >= 0; c = upi_set_next(&todo, 0)) {
        upi_set_drop(&todo, c);
        upi_set_add(&done, c);
        reached = upi_set_or(reached, upi_set_or(g->parents[c], g->spouses[c]));
        todo = upi_set_or(todo, upi_set_minus(upi_set_and(g->spouses[c], in), done));
    }
    reached = upi_set_and(reached, in);
    upi_set_drop(&reached, v);
    return reached;
}

/* The moral graph of the causes of x and y, with the nodes that may not be used taken out.
 * What is not in it has no neighbours. */
static void
moralise(const up_graph *g, int64_t x, int64_t y, upi_set allowed, plain_graph *h)
{
    upi_set ends = upi_set_of(x);
    upi_set_add(&ends, y);
    upi_set in = upi_graph_ancestors(g, ends);
    memset(h, 0, sizeof *h);
    h->n = g->n;
    for (int64_t v = upi_set_next(&in, 0); v >= 0; v = upi_set_next(&in, v + 1)) {
        h->near[v] = collider_neighbours(g, v, in);
    }
    upi_set out = upi_set_minus(upi_set_minus(in, allowed), ends);
    for (int64_t v = upi_set_next(&out, 0); v >= 0; v = upi_set_next(&out, v + 1)) {
        upi_set near = h->near[v];
        for (int64_t i = upi_set_next(&near, 0); i >= 0;
             i = upi_set_next(&near, i + 1)) {
            h->near[i] = upi_set_or(h->near[i], near);
            upi_set_drop(&h->near[i], i);
            upi_set_drop(&h->near[i], v);
        }
        h->near[v] = (upi_set){{0}};
    }
}

static upi_set
neighbours(const plain_graph *h, upi_set of)
{
    upi_set near = {{0}};
    for (int64_t i = upi_set_next(&of, 0); i >= 0; i = upi_set_next(&of, i + 1)) {
        near = upi_set_or(near, h->near[i]);
    }
    return upi_set_minus(near, of);
}

/* The component of v without the nodes of cut. */
static upi_set
component(const plain_graph *h, int64_t v, upi_set cut)
{
    upi_set c = upi_set_of(v);
    for (;;) {
        upi_set grown = upi_set_minus(neighbours(h, c), cut);
        if (upi_set_empty(&grown)) {
            return c;
        }
        c = upi_set_or(c, grown);
    }
}

up_status
upi_sets_add(upi_sets *s, upi_set item, up_error *err)
{
    up_status status = UP_RESERVE(&s->item, &s->capacity, s->n + 1, err);
    if (status == UP_OK) {
        s->item[s->n++] = item;
    }
    return status;
}

void
upi_sets_free(upi_sets *s)
{
    upi_free(s->item);
    *s = (upi_sets){0};
}

/* By size, then by the first node in which they differ. */
static int
by_size(const void *left, const void *right)
{
    const upi_set *a = left;
    const upi_set *b = right;
    int64_t na = upi_set_count(a);
    int64_t nb = upi_set_count(b);
    if (na != nb) {
        return na < nb ? -1 : 1;
    }
    upi_set differ = upi_set_or(upi_set_minus(*a, *b), upi_set_minus(*b, *a));
    int64_t first = upi_set_next(&differ, 0);
    return first < 0 ? 0 : upi_set_has(a, first) ? -1 : 1;
}

static void
sort_sets(upi_sets *s)
{
    if (s->n > 1) {
        qsort(s->item, (size_t)s->n, sizeof *s->item, by_size);
    }
}

/* Adds the separator between the component of y and what holds x, unless it is known. */
static up_status
add_cut(const plain_graph *h, upi_set side, int64_t y, int64_t most, upi_sets *out,
    up_error *err)
{
    upi_set shell = neighbours(h, side);
    if (upi_set_has(&shell, y) || upi_set_has(&side, y)) {
        return UP_OK;
    }
    upi_set far = component(h, y, upi_set_or(shell, side));
    upi_set cut = neighbours(h, far);
    for (int64_t k = 0; k < out->n; k++) {
        if (upi_set_same(&out->item[k], &cut)) {
            return UP_OK;
        }
    }
    if (out->n >= most) {
        out->complete = false;
        return UP_OK;
    }
    return upi_sets_add(out, cut, err);
}

up_status
upi_graph_minimal_separators(const up_graph *g, int64_t x, int64_t y, upi_set allowed,
    int64_t most, upi_sets *out, up_error *err)
{
    up_status status = UP_OK;
    plain_graph h;
    moralise(g, x, y, allowed, &h);
    out->n = 0;
    out->complete = true;
    if (upi_set_has(&h.near[x], y)) {
        return UP_OK;
    }
    status = add_cut(&h, upi_set_of(x), y, most, out, err);
    for (int64_t k = 0; status == UP_OK && k < out->n; k++) {
        upi_set cut = out->item[k];
        upi_set side = component(&h, x, cut);
        for (int64_t v = upi_set_next(&cut, 0); v >= 0 && status == UP_OK;
             v = upi_set_next(&cut, v + 1)) {
            status = add_cut(&h, upi_set_or(side, upi_set_of(v)), y, most, out, err);
        }
    }
    sort_sets(out);
    return status;
}

/* A set to decide on: nodes in it, and nodes not yet decided. */
typedef struct branch {
    upi_set in, free;
} branch;

static bool
holds_separator(const up_graph *g, int64_t x, int64_t y, const branch *b)
{
    upi_set ends = upi_set_or(b->in, upi_set_of(x));
    upi_set_add(&ends, y);
    upi_set largest =
        upi_set_or(b->in, upi_set_and(b->free, upi_graph_ancestors(g, ends)));
    return upi_graph_separated(g, x, y, largest);
}

up_status
upi_graph_all_separators(const up_graph *g, int64_t x, int64_t y, upi_set allowed,
    int64_t most, upi_sets *out, up_error *err)
{
    up_status status = UP_OK;
    branch todo[UP_GRAPH_MOST_NODES + 1];
    int64_t n = 0;
    out->n = 0;
    out->complete = true;
    upi_set_drop(&allowed, x);
    upi_set_drop(&allowed, y);
    todo[n++] = (branch){.free = allowed};
    while (n > 0 && status == UP_OK && out->complete) {
        branch b = todo[--n];
        if (!holds_separator(g, x, y, &b)) {
            continue;
        }
        int64_t v = upi_set_next(&b.free, 0);
        if (v >= 0) {
            upi_set_drop(&b.free, v);
            todo[n] = b;
            upi_set_add(&todo[n++].in, v);
            todo[n++] = b; /* without v comes first: small sets before large ones */
        } else if (out->n < most) {
            status = upi_sets_add(out, b.in, err);
        } else {
            out->complete = false;
        }
    }
    sort_sets(out);
    return status;
}
