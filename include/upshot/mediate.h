/** @file
 *  Mediation: by which paths an arm moves an outcome, from a model and a causal graph. */
#ifndef UPSHOT_MEDIATE_H
#define UPSHOT_MEDIATE_H

#include <upshot/effects.h>
#include <upshot/graph.h>

#ifdef __cplusplus
extern "C" {
#endif

/** What a mediation found. Opaque. */
typedef struct up_mediation up_mediation;

enum {
    UP_MEDIATE_MOST_MEDIATORS = 32, /**< most mediators of a graph */
    UP_MEDIATE_MOST_PATHS = 512,    /**< most paths from the arm to the outcome */
    UP_MEDIATE_MOST_DRAWS = 1000000 /**< most draws of an interval */
};

/** How the interval of a path is made. */
enum up_mediate_interval {
    /** first order, from the joint covariance of all coefficients; t */
    UP_MEDIATE_DELTA = 0,
    /** quantiles over draws of the coefficients from their normal distribution */
    UP_MEDIATE_MONTE_CARLO = 1,
    /** quantiles over systems fitted anew to resampled blocks of rows, or of clusters */
    UP_MEDIATE_BOOTSTRAP = 2
};

/** In which order the paths are switched on, where interactions make it matter. */
enum up_mediate_order {
    /** the direct path first, with the mediators as they are without the arm; then the shorter
     *  paths before the longer, as they act with the arm */
    UP_MEDIATE_DIRECT_FIRST = 0,
    /** the other way round: indirect paths as they act without the arm, the direct path last */
    UP_MEDIATE_DIRECT_LAST = 1
};

/** What a row is. */
enum up_mediate_kind {
    UP_MEDIATE_TOTAL = 0,       /**< the total effect, by its own regression */
    UP_MEDIATE_DIRECT = 1,      /**< arm -> outcome */
    UP_MEDIATE_INDIRECT = 2,    /**< all other paths together */
    UP_MEDIATE_PATH = 3,        /**< one path through mediators */
    UP_MEDIATE_FIRST = 4,       /**< all paths on which this mediator is the first */
    UP_MEDIATE_THROUGH = 5,     /**< all paths through this mediator */
    UP_MEDIATE_MISFIT = 6,      /**< total less the sum of the paths */
    UP_MEDIATE_PROPORTION = 7,  /**< indirect / total, with Fieller's set */
    UP_MEDIATE_EDGE = 8,        /**< one coefficient */
    UP_MEDIATE_SENSITIVITY = 9, /**< a path under confounding of a given strength */
    UP_MEDIATE_MISSING = 10 /**< what an edge that the graph sets to zero would be */
};

/** What to ask. Zero is the default everywhere. Names are those of nodes of the graph. */
typedef struct up_mediate_opts {
    /** set by UP_MEDIATE_OPTS() */
    size_t struct_size;
    /** the outcome; NULL = as marked in the graph, else the node without an arrow out of it */
    const char *outcome;
    /** (n_where) conditions on covariates or time: each gives a system of its own */
    const char *const *where;
    /** 0 = everyone */
    int64_t n_where;
    /** a covariate: one system per level */
    const char *by;
    /** 1: one system per period of the time role */
    int64_t over_time;
    /** arm to compare with; NULL = control */
    const char *against;
    /** enum up_estimand: default (full compliance only), ate, or itt */
    int64_t estimand;
    /** enum up_mediate_interval */
    int64_t interval;
    /** of Monte Carlo or bootstrap; 0 = 20,000 or 1,000 */
    int64_t draws;
    /** confidence level in (0,1); 0 = 0.95 */
    double level;
    /** (n_interactions) "arm:searches", "searches:views": products in every equation of which
     *  both are causes, or in one alone: "arm:searches -> sales" */
    const char *const *interactions;
    /** 0 = none */
    int64_t n_interactions;
    /** enum up_mediate_order */
    int64_t order;
    /** 1: what confounding would make each path zero */
    int64_t sensitivity;
    /** (n_rho) in (-1,1): each path at these correlations of the errors of a mediator and of
     *  the outcome; implies sensitivity */
    const double *rho;
    /** 0 = none */
    int64_t n_rho;
    /** the size planned, in rows (clusters where there are clusters), before which the split is
     *  refused; 0 = not given */
    double planned;
    /** 1: the split before the planned size too, with N_OVERRIDE */
    int64_t accept_peek;
} up_mediate_opts;

/** Options for one call: UP_MEDIATE_OPTS(.outcome = "sales"). */
#define UP_MEDIATE_OPTS(...)                                                           \
    (&(up_mediate_opts){.struct_size = sizeof(up_mediate_opts), __VA_ARGS__})

/** One row. Texts live as long as the mediation. NaN where a value does not exist. */
typedef struct up_mediated {
    /** enum up_mediate_kind */
    int64_t kind;
    /** the outcome; of an edge, its head */
    const char *metric;
    /** "arm -> searches -> sales"; the mediator of first and through; "" where it is neither */
    const char *path;
    /** the arm whose effect it is; "" for edges between mediators */
    const char *arm;
    /** the arm it is compared with */
    const char *against;
    /** the condition, or "" for everyone */
    const char *segment;
    /** label of the period, or "" */
    const char *period;
    /** in the unit of the outcome; a fraction for the proportion; of an edge, in the unit of its
     *  head per unit of its tail */
    double estimate;
    /** by the delta method, whatever the interval */
    double std_error;
    /** degrees of freedom of the delta interval */
    double df;
    /** two-sided, of zero; agrees with the interval */
    double p_value;
    /** lower end; infinite where there is none */
    double ci_low;
    /** upper end; infinite where there is none */
    double ci_high;
    /** 0 interval; 1 complement of (low, high); 2 whole line; 3 above low; 4 below high */
    int64_t shape;
    /** estimate / total */
    double share;
    /** of a path through mediators, or an edge out of one: the correlation between the errors of
     *  the two ends of the (last) edge at which it is zero */
    double rho_zero;
    /** rho_zero^2: the product of the shares of unexplained variance that a confounder would
     *  have to explain in the two equations */
    double r2_residual_zero;
    /** the same as shares of all variance */
    double r2_total_zero;
    /** of sensitivity rows: the correlation that is supposed */
    double rho;
    /** of sensitivity rows: the mediator whose error is correlated with that of the outcome */
    const char *confounded;
    /** rows of the segment and period */
    int64_t n;
    /** clusters in them; 0 without clusters */
    int64_t clusters;
} up_mediated;

/** Adds to an experiment what a graph needs, before its rows are compressed: every measured node
 *  but the arm and the covariates becomes a metric of its name, and every interaction of two
 *  mediators becomes a metric that is their product.
 *
 *  @param[in]  e    the experiment
 *  @param[in]  g    the graph
 *  @param[in]  opts as for up_mediate_effect(); NULL for defaults
 *  @param[out] err  the story of a failure; may be NULL
 *  @return UP_OK; UP_E_COLUMN; UP_E_TYPE (text cannot be a mediator); UP_E_MEDIATION (no node
 *          is the arm); UP_E_ARGUMENT; UP_E_OPTIONS_TOO_NEW; UP_E_NO_MEMORY
 *  @par Cost O(nodes * metrics)
 *  @since 0.1 @par Stability experimental */
UP_API up_status up_experiment_add_graph(up_experiment *e, const up_graph *g,
    const up_mediate_opts *opts, up_error *err) UP_MUST_USE;

/** Splits the effect of every arm into its paths.
 *
 *  One weighted regression per mediator and one for the outcome, each on the columns of the model
 *  (covariates, arms, and with interactions their products) and those mediators from which the
 *  graph has an arrow to it. A path is the product of its coefficients, that of the arm at the
 *  average of the covariates. Edges that the graph does not have are zero; what
 *  this costs is told by the misfit: the total effect of a regression without mediators, less
 *  the sum of the paths. All scores of all regressions are stacked, so that every row has a
 *  covariance with every other.
 *
 *  Under noncompliance only the effect of assignment is split (estimand itt).
 *
 *  @param[in]  model borrowed; its covariance (HC, CR or iid) is that of the system. HC reads
 *                    the rows once more. CR needs moments built with `.cross = 1`
 *  @param[in]  graph borrowed; what causes what between the arm and the outcome
 *  @param[in]  opts  NULL for defaults
 *  @param[in]  run   seed, threads, progress, stopping; NULL for defaults
 *  @param[out] out   the mediation; free with up_mediation_free()
 *  @param[out] err   the story of a failure; may be NULL
 *  @return UP_OK; UP_E_MEDIATION (no arm or outcome in the graph, an arrow into the arm or out
 *          of the outcome, a mediator that is no metric, is a covariate or a ratio, an arc <-> or
 *          an edge without direction, too many paths, interactions that do not fit);
 *          UP_E_SINGULAR (a mediator that the others determine); UP_E_NEEDS_ROWS (HC or the
 *          bootstrap from a capsule; clusters without cross moments); UP_E_ESTIMAND (late, att);
 *          UP_E_PEEK (before the planned size); UP_E_ARMS, UP_E_CONDITION, UP_E_EXPRESSION, UP_E_TYPE, UP_E_POST_TREATMENT,
 *          UP_E_NO_VARIATION (of the segments); UP_E_ARGUMENT; UP_E_OPTIONS_TOO_NEW;
 *          UP_E_STOPPED; UP_E_NO_MEMORY
 *  @par Assumes what up_mediation_assumption() lists: linear equations, and that no unmeasured
 *               or post-treatment cause is shared by two of the mediators and outcome
 *  @par Cost    O(G p^2 + paths); HC: one pass over the rows, O(p^2) each; bootstrap: O(p^2) per
 *               row and O(draws * blocks * p^2), at most 2,000 blocks
 *  @par Source  arXiv 2604.24116 eqs. 10-12; Imai, Keele & Yamamoto (2010) Theorem 4; Sobel
 *               (1982); Fieller (1954); docs/mediation.md eqs. 1-12
 *  @since 0.1 @par Stability experimental */
UP_API up_status up_mediate_effect(const up_model *model, const up_graph *graph,
    const up_mediate_opts *opts, const up_run *run, up_mediation **out,
    up_error *err) UP_MUST_USE;

/** Gives the number of rows.
 *  @param[in] m the mediation
 *  @return by segment, period and arm: total, direct, indirect, paths, first and through each
 *          mediator, misfit, proportion; then missing edges and edges; sensitivity last
 *  @par Cost O(1)
 *  @since 0.1 @par Stability experimental */
UP_API int64_t up_mediation_count(const up_mediation *m);

/** Gives one row.
 *  @param[in] m the mediation
 *  @param[in] i from 0
 *  @return by value; NaN and "" where i is out of range
 *  @par Cost O(1)
 *  @since 0.1 @par Stability experimental */
UP_API up_mediated up_mediation_get(const up_mediation *m, int64_t i);

/** Gives the covariance of the estimates of two rows.
 *  @param[in] m the mediation
 *  @param[in] i from 0
 *  @param[in] j from 0
 *  @return in the product of the two units; NaN where out of range, for the proportion and
 *          for sensitivity rows, and between overlapping segments under an iid covariance
 *  @par Assumes as up_mediate_effect()
 *  @par Cost    O(coefficients^2)
 *  @par Source  docs/mediation.md eq. 5
 *  @since 0.1 @par Stability experimental */
UP_API double up_mediation_covariance(const up_mediation *m, int64_t i, int64_t j);

/** Says in words what is estimated.
 *  @param[in] m the mediation
 *  @return text that lives as long as m
 *  @par Cost O(1)
 *  @since 0.1 @par Stability experimental */
UP_API const char *up_mediation_estimand(const up_mediation *m);

/** Gives the number of assumptions that the split rests on.
 *  @param[in] m the mediation
 *  @return assumptions
 *  @par Cost O(1)
 *  @since 0.1 @par Stability experimental */
UP_API int64_t up_mediation_assumptions(const up_mediation *m);

/** Gives one assumption in words.
 *  @param[in] m the mediation
 *  @param[in] i from 0
 *  @return text that lives as long as m; "" where i is out of range
 *  @par Cost O(1)
 *  @since 0.1 @par Stability experimental */
UP_API const char *up_mediation_assumption(const up_mediation *m, int64_t i);

/** Gives the number of notes.
 *  @param[in] m the mediation
 *  @return notes of the moments, the model and the mediation
 *  @par Cost O(1)
 *  @since 0.1 @par Stability experimental */
UP_API int64_t up_mediation_notes(const up_mediation *m);

/** Gives a note.
 *  @param[in] m the mediation
 *  @param[in] i from 0
 *  @return the note by value; an empty one where i is out of range
 *  @par Cost O(1)
 *  @since 0.1 @par Stability experimental */
UP_API up_note up_mediation_note(const up_mediation *m, int64_t i);

/** Gives the name of a kind of row.
 *  @param[in] kind enum up_mediate_kind
 *  @return "total", "direct", ...; "" where there is no such kind; static text
 *  @par Cost O(1)
 *  @since 0.1 @par Stability experimental */
UP_API const char *up_mediate_kind_name(int64_t kind);

/** Frees a mediation. Its model and graph may be gone before.
 *  @param[in] m may be NULL
 *  @par Cost O(rows)
 *  @since 0.1 @par Stability experimental */
UP_API void up_mediation_free(up_mediation *m);

#ifdef __cplusplus
}
#endif
#endif
