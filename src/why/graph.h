/* A causal graph as the files of this room see it. Sets of nodes are bit sets, so that the
 * searches over sets of nodes are a few words of logic per step. */
#ifndef UPI_GRAPH_H
#define UPI_GRAPH_H

#include "base/base.h"

#include <upshot/graph.h>

enum { UPI_SET_WORDS = UP_GRAPH_MOST_NODES / 64, UPI_GRAPH_TEXT_BYTES = 1 << 20 };

/* A set of nodes, by value. */
typedef struct upi_set {
    uint64_t word[UPI_SET_WORDS];
} upi_set;

static inline bool
upi_set_has(const upi_set *s, int64_t i)
{
    return ((s->word[i / 64] >> (i % 64)) & 1U) != 0;
}
static inline void
upi_set_add(upi_set *s, int64_t i)
{
    s->word[i / 64] |= (uint64_t)1 << (i % 64);
}
static inline void
upi_set_drop(upi_set *s, int64_t i)
{
    s->word[i / 64] &= ~((uint64_t)1 << (i % 64));
}
static inline upi_set
upi_set_or(upi_set a, upi_set b)
{
    for (int k = 0; k < UPI_SET_WORDS; k++) {
        a.word[k] |= b.word[k];
    }
    return a;
}
static inline upi_set
upi_set_and(upi_set a, upi_set b)
{
    for (int k = 0; k < UPI_SET_WORDS; k++) {
        a.word[k] &= b.word[k];
    }
    return a;
}
static inline upi_set
upi_set_minus(upi_set a, upi_set b)
{
    for (int k = 0; k < UPI_SET_WORDS; k++) {
        a.word[k] &= ~b.word[k];
    }
    return a;
}
static inline upi_set
upi_set_of(int64_t i)
{
    upi_set s = {{0}};
    upi_set_add(&s, i);
    return s;
}
static inline bool
upi_set_empty(const upi_set *s)
{
    uint64_t any = 0;
    for (int k = 0; k < UPI_SET_WORDS; k++) {
        any |= s->word[k];
    }
    return any == 0;
}
static inline bool
upi_set_same(const upi_set *a, const upi_set *b)
{
    uint64_t differ = 0;
    for (int k = 0; k < UPI_SET_WORDS; k++) {
        differ |= a->word[k] ^ b->word[k];
    }
    return differ == 0;
}
/* True when every node of a is in b. */
static inline bool
upi_set_within(const upi_set *a, const upi_set *b)
{
    uint64_t outside = 0;
    for (int k = 0; k < UPI_SET_WORDS; k++) {
        outside |= a->word[k] & ~b->word[k];
    }
    return outside == 0;
}
int64_t upi_set_count(const upi_set *s);
/* The first node of the set at or after `from`; -1 when there is none:
 * for (int64_t i = upi_set_next(&s, 0); i >= 0; i = upi_set_next(&s, i + 1)) */
int64_t upi_set_next(const upi_set *s, int64_t from);

struct up_graph {
    int64_t n;
    char *name[UP_GRAPH_MOST_NODES];
    upi_set parents[UP_GRAPH_MOST_NODES], children[UP_GRAPH_MOST_NODES],
        spouses[UP_GRAPH_MOST_NODES],    /* <-> */
        neighbours[UP_GRAPH_MOST_NODES]; /* -- */
    upi_set latent, treatment, outcome;  /* as marked in the text */
    up_edge *edge;                       /* in the order of the text, each once */
    int64_t n_edges, edge_capacity;
    int64_t order[UP_GRAPH_MOST_NODES]; /* causes before effects */
};

/* Building: nodes and edges, then upi_graph_finish, which orders the nodes and finds cycles. */
up_status upi_graph_new(up_graph **out, up_error *err);
/* The node of this name (n bytes), which is added if it is new. UP_E_GRAPH when there are too
 * many. */
up_status upi_graph_node(
    up_graph *g, const char *name, int64_t n, int64_t *out, up_error *err);
/* Adds an edge once. UP_E_GRAPH for one from a node to itself, or with and without direction. */
up_status upi_graph_join(
    up_graph *g, int64_t from, int64_t to, int64_t kind, up_error *err);
up_status upi_graph_finish(up_graph *g, up_error *err);

/* All nodes; the nodes that are measured. */
upi_set upi_graph_all(const up_graph *g);
upi_set upi_graph_observed(const up_graph *g);
/* The set itself with all its causes (effects). */
upi_set upi_graph_ancestors(const up_graph *g, upi_set of);
upi_set upi_graph_descendants(const up_graph *g, upi_set of);

/* Appends a name, in quotes where the syntax needs them. */
void upi_graph_add_name(upi_text *t, const char *name, int64_t format);

#endif
