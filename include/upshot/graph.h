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

/** What to ask of a graph. */
enum up_ask {
    /** are `from` and `to` independent given `given`; findings: the paths between them */
    UP_ASK_SEPARATED = 0,
    /** which sets of measured nodes may be adjusted for; findings: the sets */
    UP_ASK_ADJUSTMENT = 1,
    /** may `given` be adjusted for; findings: what is wrong with it */
    UP_ASK_VALID = 2,
    /** which nodes are instruments for `from`; findings: each with what it must be given */
    UP_ASK_INSTRUMENTS = 3,
    /** which sets of nodes satisfy the front-door criterion; findings: the sets */
    UP_ASK_FRONT_DOOR = 4,
    /** which measured nodes must not be adjusted for; findings: each with the reason */
    UP_ASK_FORBIDDEN = 5,
    /** which independences the data would show if the graph were true; findings: each */
    UP_ASK_IMPLICATIONS = 6,
    /** is the effect of `from` on `to` identified, and how; findings: the ways */
    UP_ASK_IDENTIFIED = 7
};

/** A question. Zero is the default everywhere. */
typedef struct up_question {
    /** set by UP_QUESTION() */
    size_t struct_size;
    /** enum up_ask */
    int64_t ask;
    /** the cause (or first node); NULL = the node marked as treatment */
    const char *from;
    /** the effect (or second node); NULL = the node marked as outcome */
    const char *to;
    /** (n_given) names of nodes that are adjusted for or conditioned on */
    const char *const *given;
    /** 0 = none */
    int64_t n_given;
    /** 1, for UP_ASK_ADJUSTMENT: all sets, not the minimal ones alone */
    int64_t all;
    /** most findings; 0 = 64. More are counted as an answer that is not complete */
    int64_t most;
} up_question;

/** A question for one call: UP_QUESTION(.ask = UP_ASK_VALID, .from = "T", .to = "Y"). */
#define UP_QUESTION(...)                                                               \
    (&(up_question){.struct_size = sizeof(up_question), __VA_ARGS__})

/** The answer to a question. Opaque. */
typedef struct up_answer up_answer;

/** One finding of an answer. Texts live as long as the answer. */
typedef struct up_finding {
    /** "path", "adjustment", "problem", "instrument", "front door", "forbidden",
     *  "independence" */
    const char *kind;
    /** one sentence */
    const char *text;
    /** for a path: 1 open, 0 blocked; else 1 */
    int64_t holds;
    /** (n_nodes) the nodes it speaks of: those of a path in order, of a set, the two that are
     *  independent */
    const char *const *nodes;
    /** how many */
    int64_t n_nodes;
    /** (n_given) what must be conditioned on */
    const char *const *given;
    /** how many */
    int64_t n_given;
} up_finding;

/** Answers a question about a graph, in nodes and in words.
 *
 *  Adjustment sets are those of the adjustment criterion, so that they are all there are for a
 *  single treatment; latent nodes are never used. For each instrument one set is given that
 *  makes it one: it identifies the effect in a linear model, or among compliers. Front doors
 *  are minimal sets. Independences are a basis from which all others follow in a linear model:
 *  for two nodes without an edge, the later one is independent of the earlier one given its
 *  parents; where a latent cause forbids that, given a smallest set that separates them.
 *
 *  @param[in]  g   borrowed: must outlive the answer
 *  @param[in]  q   the question; set struct_size with UP_QUESTION()
 *  @param[out] out the answer; free with up_answer_free()
 *  @param[out] err the story of a failure; may be NULL
 *  @return UP_OK; UP_E_ARGUMENT (no such node or question, a latent node as cause, effect or
 *          given, the same node twice); UP_E_GRAPH (an edge without direction);
 *          UP_E_OPTIONS_TOO_NEW; UP_E_NO_MEMORY
 *  @par Assumes the graph: its missing arrows and arcs most of all
 *  @par Cost    one separation is O(nodes + edges); lists stop at `most`, the list of paths
 *               after 200,000 steps, front doors are minimal up to 14 candidates
 *  @par Source  Pearl (2009) ch. 3; van der Zander, Liskiewicz & Textor (2019), theorem 1 and
 *               sec. 4; Brito & Pearl (2002); docs/graphs.md
 *  @since 0.1 @par Stability experimental */
UP_API up_status up_graph_ask(const up_graph *g, const up_question *q, up_answer **out,
    up_error *err) UP_MUST_USE;

/** Gives the verdict.
 *  @param[in] a the answer
 *  @return 1: separated, valid, identified, or at least one finding; 0 otherwise
 *  @par Cost O(1)
 *  @since 0.1 @par Stability experimental */
UP_API int up_answer_verdict(const up_answer *a);

/** Gives the answer in one or two sentences.
 *  @param[in] a the answer
 *  @return text that lives as long as a
 *  @par Cost O(1)
 *  @since 0.1 @par Stability experimental */
UP_API const char *up_answer_text(const up_answer *a);

/** Tells whether the findings are all there are.
 *  @param[in] a the answer
 *  @return 1 if they are; 0 when a bound stopped the search
 *  @par Cost O(1)
 *  @since 0.1 @par Stability experimental */
UP_API int up_answer_complete(const up_answer *a);

/** Gives the number of findings.
 *  @param[in] a the answer
 *  @return findings
 *  @par Cost O(1)
 *  @since 0.1 @par Stability experimental */
UP_API int64_t up_answer_findings(const up_answer *a);

/** Gives one finding.
 *  @param[in] a the answer
 *  @param[in] i from 0
 *  @return by value; empty where i is out of range
 *  @par Cost O(1)
 *  @since 0.1 @par Stability experimental */
UP_API up_finding up_answer_finding(const up_answer *a, int64_t i);

/** Frees an answer.
 *  @param[in] a may be NULL
 *  @par Cost O(findings)
 *  @since 0.1 @par Stability experimental */
UP_API void up_answer_free(up_answer *a);

#ifdef __cplusplus
}
#endif
#endif
