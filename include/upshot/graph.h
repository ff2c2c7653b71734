/** @file
 *  Causal graphs: what is assumed to cause what, read from text, and what follows from it. */
#ifndef UPSHOT_GRAPH_H
#define UPSHOT_GRAPH_H

#include <upshot/status.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Most nodes a graph may have. */
enum { UP_GRAPH_MOST_NODES = 256 };

/** A causal graph: nodes, arrows, and arcs of unmeasured common causes. Acyclic. Opaque. */
typedef struct up_graph up_graph;

/** What an edge says. */
enum up_edge_kind {
    /** from -> to: `from` is a direct cause of `to` */
    UP_EDGE_DIRECTED = 0,
    /** from <-> to: they share an unmeasured cause */
    UP_EDGE_BIDIRECTED = 1,
    /** from -- to: one is a cause of the other, but which is not known */
    UP_EDGE_UNDIRECTED = 2
};

/** One edge. */
typedef struct up_edge {
    int64_t from; /**< node, from 0; -1 where there is no such edge */
    int64_t to;   /**< node, from 0 */
    int64_t kind; /**< enum up_edge_kind */
} up_edge;

/** Which nodes stand in relation to a node. */
enum up_relation {
    UP_PARENTS = 0,     /**< direct causes */
    UP_CHILDREN = 1,    /**< direct effects */
    UP_ANCESTORS = 2,   /**< causes, direct or not; without the node itself */
    UP_DESCENDANTS = 3, /**< effects, direct or not; without the node itself */
    UP_SPOUSES = 4,     /**< nodes that share an unmeasured cause with it (<->) */
    UP_NEIGHBOURS = 5   /**< nodes joined by an edge without direction (--) */
};

/** The syntax to write a graph in. */
enum up_graph_format {
    UP_GRAPH_TEXT = 0,    /**< `T -> searches; searches -> sales` */
    UP_GRAPH_DOT = 1,     /**< digraph { ... }, for Graphviz */
    UP_GRAPH_DAGITTY = 2, /**< dag { ... }, for dagitty */
    UP_GRAPH_JSON = 3     /**< {"nodes": [...], "edges": [...]}; written, not read */
};

/** Reads a graph. Three syntaxes are told apart by how the text begins.
 *
 *  - Its own: `T -> searches -> sales; views <- T; searches <-> sales; latent taste`.
 *    Statements end with a semicolon or a new line; an arrow may be followed by several nodes
 *    in braces, `T -> {searches views}`; `a -- b` has no known direction. Names with other
 *    characters than letters, digits, _ and . stand in double quotes, a quote doubled inside.
 *    `latent u, v`, `treatment T` and `outcome Y` mark nodes. Comments: # or // to the end of
 *    the line.
 *  - DOT: `digraph { T -> Y [dir=both]; U [latent=true] }`. dir=both is <->, dir=back turns an
 *    arrow, dir=none is --; role=treatment and role=outcome mark nodes; other attributes are
 *    ignored. Subgraphs and undirected graphs are refused.
 *  - dagitty: `dag { x [exposure] y [outcome] u [latent] x -> y u <-> y }`, and pdag. The
 *    attribute adjusted is ignored; selected is refused.
 *
 *  An edge that is given twice is kept once.
 *
 *  @param[in]  text UTF-8, at most 1 MiB
 *  @param[out] out  the graph; free with up_graph_free()
 *  @param[out] err  the story of a failure; may be NULL
 *  @return UP_OK; UP_E_GRAPH (where in the text, with a caret; a cycle, which is printed; an
 *          edge from a node to itself; an edge both with and without direction; no node or more
 *          than UP_GRAPH_MOST_NODES); UP_E_ARGUMENT (text is NULL); UP_E_NO_MEMORY
 *  @par Assumes nothing
 *  @par Cost    O(length + nodes * edges)
 *  @par Source  the DOT language of Graphviz; Textor et al. (2016) for dagitty
 *  @since 0.1 @par Stability experimental */
UP_API up_status up_graph_parse(
    const char *text, up_graph **out, up_error *err) UP_MUST_USE;

/** Writes a graph. Reading what was written gives the same graph.
 *  @param[in]  g      the graph
 *  @param[in]  format enum up_graph_format
 *  @param[out] out    free with up_text_free()
 *  @param[out] err    the story of a failure; may be NULL
 *  @return UP_OK; UP_E_ARGUMENT (no such format); UP_E_NO_MEMORY
 *  @par Cost O(length)
 *  @since 0.1 @par Stability experimental */
UP_API up_status up_graph_write(
    const up_graph *g, int64_t format, char **out, up_error *err) UP_MUST_USE;

/** Gives the number of nodes.
 *  @param[in] g may be NULL
 *  @return nodes, latent ones included; 0 for NULL
 *  @par Cost O(1)
 *  @since 0.1 @par Stability experimental */
UP_API int64_t up_graph_nodes(const up_graph *g);

/** Gives the name of a node.
 *  @param[in] g    the graph
 *  @param[in] node from 0, in the order in which the text names them
 *  @return lives as long as g; "" where node is out of range
 *  @par Cost O(1)
 *  @since 0.1 @par Stability experimental */
UP_API const char *up_graph_name(const up_graph *g, int64_t node);

/** Finds a node by its name.
 *  @param[in] g    the graph
 *  @param[in] name case matters; may be NULL
 *  @return the node; -1 if there is none
 *  @par Cost O(nodes)
 *  @since 0.1 @par Stability experimental */
UP_API int64_t up_graph_find(const up_graph *g, const char *name);

/** Tells whether a node is marked as not measured.
 *  @param[in] g    the graph
 *  @param[in] node from 0
 *  @return 1 if it is latent; else 0, also where node is out of range
 *  @par Cost O(1)
 *  @since 0.1 @par Stability experimental */
UP_API int up_graph_is_latent(const up_graph *g, int64_t node);

/** Gives the node that the text marks as treatment.
 *  @param[in] g the graph
 *  @return the node; -1 if none or several are marked
 *  @par Cost O(nodes)
 *  @since 0.1 @par Stability experimental */
UP_API int64_t up_graph_treatment(const up_graph *g);

/** Gives the node that the text marks as outcome.
 *  @param[in] g the graph
 *  @return the node; -1 if none or several are marked
 *  @par Cost O(nodes)
 *  @since 0.1 @par Stability experimental */
UP_API int64_t up_graph_outcome(const up_graph *g);

/** Gives the number of edges of any kind.
 *  @param[in] g may be NULL
 *  @return edges; 0 for NULL
 *  @par Cost O(1)
 *  @since 0.1 @par Stability experimental */
UP_API int64_t up_graph_edges(const up_graph *g);

/** Gives an edge.
 *  @param[in] g the graph
 *  @param[in] i from 0, in the order of the text
 *  @return by value; from and to are -1 where i is out of range
 *  @par Cost O(1)
 *  @since 0.1 @par Stability experimental */
UP_API up_edge up_graph_edge(const up_graph *g, int64_t i);

/** Tells whether there is an arrow from one node to another.
 *  @param[in] g    the graph
 *  @param[in] from node, from 0
 *  @param[in] to   node, from 0
 *  @return 1 for from -> to, else 0
 *  @par Cost O(1)
 *  @since 0.1 @par Stability experimental */
UP_API int up_graph_has_edge(const up_graph *g, int64_t from, int64_t to);

/** Gives the nodes that stand in a relation to a node, ascending.
 *  @param[in]  g        the graph
 *  @param[in]  node     from 0
 *  @param[in]  relation enum up_relation
 *  @param[out] out      (room) the nodes; may be NULL where room is 0
 *  @param[in]  room     how many fit
 *  @return how many there are, also when more than room; 0 where node is out of range
 *  @par Cost O(nodes + edges) for ancestors and descendants
 *  @since 0.1 @par Stability experimental */
UP_API int64_t up_graph_related(
    const up_graph *g, int64_t node, int64_t relation, int64_t *out, int64_t room);

/** Gives all nodes in an order in which causes stand before their effects.
 *  @param[in]  g    the graph
 *  @param[out] out  (room) the nodes; may be NULL where room is 0
 *  @param[in]  room how many fit
 *  @return the number of nodes
 *  @par Cost O(nodes)
 *  @since 0.1 @par Stability experimental */
UP_API int64_t up_graph_order(const up_graph *g, int64_t *out, int64_t room);

/** Frees a graph.
 *  @param[in] g may be NULL
 *  @par Cost O(nodes)
 *  @since 0.1 @par Stability experimental */
UP_API void up_graph_free(up_graph *g);

#ifdef __cplusplus
}
#endif
#endif
