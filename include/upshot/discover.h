/** @file
 *  Graphs and data: a graph held against an experiment, and a graph proposed from one. */
#ifndef UPSHOT_DISCOVER_H
#define UPSHOT_DISCOVER_H

#include <upshot/effects.h>
#include <upshot/graph.h>
#include <upshot/moments.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Checks that a graph fits an experiment: every node that is not latent is the arm, the arm
 *  received, the instrument, a metric or a covariate; nothing causes what was randomised, and no
 *  unmeasured cause is shared with it; no covariate is an effect of it. Arms are nodes by the
 *  name of their column, with more than two arms also as `arm=label`.
 *
 *  @param[in]  g   the graph
 *  @param[in]  m   the experiment
 *  @param[out] err the story of a failure; may be NULL
 *  @return UP_OK; UP_E_COLUMN (a node that is not declared); UP_E_GRAPH (an arrow or arc into
 *          what was randomised); UP_E_POST_TREATMENT (a covariate that the graph makes an effect
 *          of treatment); UP_E_ARGUMENT
 *  @par Assumes nothing
 *  @par Cost    O(nodes^2)
 *  @since 0.1 @par Stability experimental */
UP_API up_status up_graph_check(
    const up_graph *g, const up_moments *m, up_error *err) UP_MUST_USE;

/** Holds an analysis against a graph, and refuses what the graph forbids, with the path.
 *
 *  No covariate may be an effect of what was assigned or received. With `effect`, each metric asked
 *  for must be a node, and its effect what the analysis estimates: by adjusting for the covariates
 *  that are nodes, or, for an effect of what was received, by what was assigned as its instrument.
 *  Covariates that are no nodes are passed over: the graph says nothing of them.
 *
 *  @param[in]  g      the graph
 *  @param[in]  model  a fitted model, whose roles, covariates and metrics are looked up by name
 *  @param[in]  effect estimand and metrics asked for; NULL = look at the covariates alone
 *  @param[out] how    with effect: how the effect of the first metric is identified, in a sentence;
 *                     free with up_text_free()
 *  @param[out] err    the story of a failure; may be NULL
 *  @return UP_OK; UP_E_POST_TREATMENT (a covariate that the graph makes an effect of treatment);
 *          UP_E_NOT_IDENTIFIED (covariates that are too few or too many; an effect that only an
 *          instrument, only a front door, or nothing identifies); UP_E_GRAPH (arm or metric
 *          is no node, or an edge has no direction); UP_E_ARGUMENT; UP_E_NO_MEMORY
 *  @par Assumes the graph: its missing arrows and arcs most of all
 *  @par Cost    that of up_graph_ask() for each metric
 *  @par Source  Pearl (2009) ch. 3; van der Zander, Liskiewicz & Textor (2019) theorem 1; docs/graphs.md
 *  @since 0.1 @par Stability experimental */
UP_API up_status up_graph_guard(const up_graph *g, const up_model *model,
    const up_effect_opts *effect, char **how, up_error *err) UP_MUST_USE;

/** How the independences that a graph implies fare with data. Opaque. */
typedef struct up_implications up_implications;

/** One independence and its test. Texts live as long as the graph. */
typedef struct up_implication {
    /** a node */
    const char *first;
    /** the other, which stands later in the order of the graph */
    const char *second;
    /** (n_given) what they are independent given */
    const char *const *given;
    /** how many */
    int64_t n_given;
    /** partial correlation */
    double correlation;
    /** two-sided, of none */
    double p_value;
    /** adjusted for the number of tests (Holm) */
    double p_adjusted;
    /** 1: the data speak against the graph here, at the level asked for */
    int64_t rejected;
} up_implication;

/** Tests the independences that a graph implies (UP_ASK_IMPLICATIONS), as partial correlations
 *  by Fisher's z, adjusted by Holm's method. Nodes without a column of their own are left out
 *  as latent ones are.
 *
 *  @param[in]  g     borrowed: must outlive the tests
 *  @param[in]  m     the experiment; up_graph_check() comes first
 *  @param[in]  alpha chance of any false rejection; 0 = 0.05
 *  @param[in]  run   stopping; NULL for defaults
 *  @param[out] out   the tests; free with up_implications_free()
 *  @param[out] err   the story of a failure; may be NULL
 *  @return UP_OK; those of up_graph_check(); UP_E_TYPE (a categorical covariate or a ratio);
 *          UP_E_MISSING; UP_E_NO_VARIATION; UP_E_SINGULAR; UP_E_NEEDS_ROWS (a capsule of cluster
 *          means); UP_E_ARGUMENT; UP_E_NO_MEMORY
 *  @par Assumes linear relations; observations independent, or in clusters, of which each then
 *               counts as one observation
 *  @par Cost    O(groups * columns^2), and O(columns^2) small factorisations
 *  @par Source  Fisher (1924); Holm (1979); Shipley (2000); docs/graphs.md eqs. 1-2
 *  @since 0.1 @par Stability experimental */
UP_API up_status up_graph_test(const up_graph *g, const up_moments *m, double alpha,
    const up_run *run, up_implications **out, up_error *err) UP_MUST_USE;

/** Gives the number of independences tested.
 *  @param[in] t the tests
 *  @return tests
 *  @par Cost O(1)
 *  @since 0.1 @par Stability experimental */
UP_API int64_t up_implications_count(const up_implications *t);

/** Gives one test.
 *  @param[in] t the tests
 *  @param[in] i from 0
 *  @return by value; NaN and "" where i is out of range
 *  @par Cost O(1)
 *  @since 0.1 @par Stability experimental */
UP_API up_implication up_implications_get(const up_implications *t, int64_t i);

/** Gives the effective number of independent observations that the tests used.
 *  @param[in] t the tests
 *  @return rows; clusters where there are clusters; (sum w)^2 / sum w^2 with weights w
 *  @par Cost O(1)
 *  @since 0.1 @par Stability experimental */
UP_API double up_implications_n(const up_implications *t);

/** Frees tests.
 *  @param[in] t may be NULL
 *  @par Cost O(tests)
 *  @since 0.1 @par Stability experimental */
UP_API void up_implications_free(up_implications *t);

/** How arrows that meet are told from chains. */
enum up_orient {
    /** arrows meet where fewer than half of the separating sets hold the middle node */
    UP_ORIENT_MAJORITY = 0,
    /** arrows meet where no separating set holds it; where some do, nothing is said */
    UP_ORIENT_CONSERVATIVE = 1
};

/** How to search. Zero is the default everywhere. */
typedef struct up_discover_opts {
    /** set by UP_DISCOVER_OPTS() */
    size_t struct_size;
    /** level of each test of independence; 0 = 0.01 */
    double alpha;
    /** most columns to condition on at once; 0 = as many as needed */
    int64_t max_given;
    /** enum up_orient */
    int64_t orient;
    /** time tiers among the columns, earliest first: "searches, views < sales"; NULL = none.
     *  Covariates stand before the arm and the arm before metrics in any case */
    const char *tiers;
    /** resamples for the frequencies; 0 = 200, -1 = none */
    int64_t bootstrap;
} up_discover_opts;

/** Options for one call: UP_DISCOVER_OPTS(.tiers = "searches < sales"). */
#define UP_DISCOVER_OPTS(...)                                                          \
    (&(up_discover_opts){.struct_size = sizeof(up_discover_opts), __VA_ARGS__})

/** A graph proposed from data: a hypothesis. Opaque. */
typedef struct up_discovery up_discovery;

/** One edge of the graph found. Texts live as long as the discovery. */
typedef struct up_found_edge {
    /** the cause; for an edge without direction, one of the two */
    const char *from;
    /** the effect */
    const char *to;
    /** 1: from -> to; 0: the data do not tell the direction */
    int64_t directed;
    /** share of resamples in which the two are joined; NaN without resamples */
    double frequency;
    /** share of resamples in which they are joined in this way */
    double direction_frequency;
    /** their correlation, given nothing */
    double correlation;
    /** the largest p-value of the tests of their independence: all are below alpha */
    double p_value;
} up_found_edge;

/** Proposes a graph from the moments of an experiment by the PC algorithm: all pairs are
 *  joined, and part where some set of neighbours makes them independent. The answer does not
 *  depend on the order of the columns. What was randomised has no causes and is not joined to
 *  covariates; covariates come before it and metrics after it. The columns are the arm (an
 *  indicator of each arm but the control), the arm received, the numeric covariates and the
 *  metrics.
 *
 *  Resamples draw 1,024 blocks of rows with replacement: independent rows are put into blocks
 *  by a hash of their number, clusters by a hash of theirs, in one further pass over the rows.
 *
 *  @param[in]  m    the experiment
 *  @param[in]  opts NULL for defaults
 *  @param[in]  run  its seed decides the resamples; NULL for defaults
 *  @param[out] out  the discovery; free with up_discovery_free()
 *  @param[out] err  the story of a failure; may be NULL
 *  @return UP_OK; UP_E_ARGUMENT (fewer than 2 columns or more than 64; a tier that names no
 *          column or contradicts the roles); UP_E_TYPE (a categorical covariate or a ratio);
 *          UP_E_MISSING; UP_E_NO_VARIATION; UP_E_SINGULAR (a column that others determine);
 *          UP_E_NEEDS_ROWS (resamples of independent rows from a capsule); UP_E_STOPPED;
 *          UP_E_OPTIONS_TOO_NEW; UP_E_NO_MEMORY
 *  @par Assumes no unmeasured common causes; independences in the data are those of the graph
 *               (faithfulness); linear relations; clusters count as one observation each
 *  @par Cost    one pass over the rows where there are resamples; then tests that grow with the
 *               number of neighbours, not with the rows; at most 1,000,000, which a note tells
 *  @par Source  Spirtes, Glymour & Scheines (2000); Colombo & Maathuis (2014), algorithms 4.1
 *               and sec. 4.2; Meek (1995); docs/graphs.md eqs. 1-4
 *  @since 0.1 @par Stability experimental */
UP_API up_status up_discover(const up_moments *m, const up_discover_opts *opts,
    const up_run *run, up_discovery **out, up_error *err) UP_MUST_USE;

/** Gives the number of edges.
 *  @param[in] d the discovery
 *  @return edges
 *  @par Cost O(1)
 *  @since 0.1 @par Stability experimental */
UP_API int64_t up_discovery_edges(const up_discovery *d);

/** Gives one edge.
 *  @param[in] d the discovery
 *  @param[in] i from 0
 *  @return by value; NaN and "" where i is out of range
 *  @par Cost O(1)
 *  @since 0.1 @par Stability experimental */
UP_API up_found_edge up_discovery_edge(const up_discovery *d, int64_t i);

/** Gives the graph, to be written or asked. Edges of which the data do not tell the direction
 *  are `a -- b`: up_graph_ask() wants them decided first.
 *  @param[in] d the discovery
 *  @return lives as long as d
 *  @par Cost O(1)
 *  @since 0.1 @par Stability experimental */
UP_API const up_graph *up_discovery_graph(const up_discovery *d);

/** Gives the number of tests of independence that the search made.
 *  @param[in] d the discovery
 *  @return tests, without those of the resamples
 *  @par Cost O(1)
 *  @since 0.1 @par Stability experimental */
UP_API int64_t up_discovery_tests(const up_discovery *d);

/** Gives the effective number of independent observations.
 *  @param[in] d the discovery
 *  @return rows; clusters where there are clusters; (sum w)^2 / sum w^2 with weights w
 *  @par Cost O(1)
 *  @since 0.1 @par Stability experimental */
UP_API double up_discovery_n(const up_discovery *d);

/** Gives the number of notes.
 *  @param[in] d the discovery
 *  @return notes
 *  @par Cost O(1)
 *  @since 0.1 @par Stability experimental */
UP_API int64_t up_discovery_notes(const up_discovery *d);

/** Gives a note.
 *  @param[in] d the discovery
 *  @param[in] i from 0
 *  @return the note by value; an empty one where i is out of range
 *  @par Cost O(1)
 *  @since 0.1 @par Stability experimental */
UP_API up_note up_discovery_note(const up_discovery *d, int64_t i);

/** Frees a discovery.
 *  @param[in] d may be NULL
 *  @par Cost O(edges)
 *  @since 0.1 @par Stability experimental */
UP_API void up_discovery_free(up_discovery *d);

#ifdef __cplusplus
}
#endif
#endif
