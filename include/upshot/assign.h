/** @file
 *  Assignment of units to arms, reproducible, with the exact probabilities. */
#ifndef UPSHOT_ASSIGN_H
#define UPSHOT_ASSIGN_H

#include <upshot/note.h>
#include <upshot/source.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Who got which arm. Opaque. */
typedef struct up_assignment up_assignment;

/** How units are assigned. */
enum up_assign_method {
    /** exact counts: as near to the shares as whole units allow, within each stratum */
    UP_ASSIGN_COMPLETE = 0,
    /** each unit on its own */
    UP_ASSIGN_BERNOULLI = 1,
    /** complete assignments are drawn until the covariates are balanced */
    UP_ASSIGN_RERANDOMISED = 2,
    /** each unit by a salted hash of its identifier; nothing has to be stored */
    UP_ASSIGN_HASH = 3
};

/** How to assign. Zero is the default everywhere. Columns may be expressions over columns. */
typedef struct up_assign_opts {
    /** set by UP_ASSIGN_OPTS() */
    size_t struct_size;
    /** enum up_assign_method */
    int64_t method;
    /** (n_arms) labels, the control first; NULL = "control", "treatment" */
    const char *const *arms;
    /** 0 = 2; at most 64 */
    int64_t n_arms;
    /** (n_arms) add up to 1; NULL = equal */
    const double *shares;
    /** column of the identifier: text or integer, no two rows alike */
    const char *unit;
    /** column of the cluster: all its units get one arm; NULL = none */
    const char *cluster;
    /** (n_strata) columns; units (clusters) alike in all of them are a stratum */
    const char *const *strata;
    /** 0 = none */
    int64_t n_strata;
    /** (n_covariates) numbers or conditions known before, to balance or to judge balance by */
    const char *const *covariates;
    /** 0 = none */
    int64_t n_covariates;
    /** re-randomised: the share of draws that are balanced enough, in (0, 1); 0 = 0.01 */
    double accept;
    /** re-randomised: draws before giving up; 0 = 100,000 */
    int64_t max_draws;
    /** re-randomised with unequal shares: accepted draws from which the probability of each
     *  unit is estimated; 0 = none: the share is given, which is the average */
    int64_t probability_draws;
    /** hash: text before the identifier, e.g. "checkout.button"; needed */
    const char *salt;
    /** hash: name of a layer. Units whose hash in the layer lies outside [from, to) are left
     *  out, so that experiments in other parts of the layer never share a unit; NULL = all */
    const char *layer;
    /** hash: in [0, 1) */
    double from;
    /** hash: in (0, 1]; 0 = 1 */
    double to;
} up_assign_opts;

/** Options for one call: UP_ASSIGN_OPTS(.unit = "shopper"). */
#define UP_ASSIGN_OPTS(...)                                                            \
    (&(up_assign_opts){.struct_size = sizeof(up_assign_opts), __VA_ARGS__})

/** One unit. Texts live as long as the assignment. */
typedef struct up_assigned {
    const char *unit;    /**< the identifier */
    const char *cluster; /**< its cluster, or "" */
    const char *arm;     /**< label of the arm */
    double propensity;   /**< probability with which the unit got this arm */
} up_assigned;

/** One arm of an assignment. */
typedef struct up_assigned_arm {
    const char *arm;  /**< label */
    double share;     /**< as planned */
    int64_t units;    /**< that got it */
    int64_t clusters; /**< that got it; 0 without */
} up_assigned_arm;

/** Assigns every unit of a source. The assignment depends on the seed (or the salt) and on the
 *  identifiers, strata and covariates, not on the order of the rows nor on threads.
 *
 *  @param[in]  source one row per unit
 *  @param[in]  opts   `unit` is needed
 *  @param[in]  run    its seed decides; NULL for defaults
 *  @param[out] out    the assignment; free with up_assignment_free()
 *  @param[out] err    the story of a failure; may be NULL
 *  @return UP_OK; UP_E_ARGUMENT (field names the option); UP_E_COLUMN, UP_E_EXPRESSION,
 *          UP_E_TYPE; UP_E_UNIT (a unit twice); UP_E_MISSING (a unit, cluster, stratum or
 *          covariate); UP_E_NOT_FINITE (a covariate); UP_E_CLUSTER (a cluster in two
 *          strata); UP_E_EMPTY; UP_E_NO_VARIATION (no covariate varies); UP_E_PLAN (no balanced draw was found);
 *          UP_E_STOPPED; UP_E_SOURCE; UP_E_NO_MEMORY
 *  @par Assumes identifiers are those by which units will be known later
 *  @par Cost    one pass over the rows; about 90 bytes a unit; n p for each
 *               draw that is re-randomised
 *  @par Source  docs/planning.md eqs. 10-13; Fisher (1935); Madow (1949) for what is left over;
 *               Morgan & Rubin (2012); Bakshy, Eckles & Bernstein (2014) for the hash
 *  @since 0.1 @par Stability experimental */
UP_API up_status up_assign(up_source *source, const up_assign_opts *opts,
    const up_run *run, up_assignment **out, up_error *err) UP_MUST_USE;

/** Assigns one unit by hash, as up_assign() does: for services that keep no table.
 *
 *  @param[in]  opts       method is taken to be hash; unit, cluster and strata are not used
 *  @param[in]  identifier of the unit (of the cluster, where clusters are assigned)
 *  @param[out] arm        index of the arm; -1 = outside the layer
 *  @param[out] err        the story of a failure; may be NULL
 *  @return UP_OK; UP_E_ARGUMENT; UP_E_OPTIONS_TOO_NEW
 *  @par Cost    one or two SHA-1 of short texts
 *  @par Source  Bakshy, Eckles & Bernstein (2014); FIPS 180-4; docs/planning.md eq. 12
 *  @since 0.1 @par Stability experimental */
UP_API up_status up_assign_unit(const up_assign_opts *opts, const char *identifier,
    int64_t *arm, up_error *err) UP_MUST_USE;

/** Gives the number of units assigned.
 *  @param[in] a may be NULL
 *  @return units, without those outside the layer
 *  @par Cost O(1)
 *  @since 0.1 @par Stability experimental */
UP_API int64_t up_assignment_count(const up_assignment *a);

/** Gives one unit, in the order of the rows.
 *  @param[in] a the assignment
 *  @param[in] i from 0
 *  @return by value; empty texts and NaN where i is out of range
 *  @par Cost O(1)
 *  @since 0.1 @par Stability experimental */
UP_API up_assigned up_assignment_get(const up_assignment *a, int64_t i);

/** Gives the number of arms.
 *  @param[in] a may be NULL
 *  @return arms
 *  @par Cost O(1)
 *  @since 0.1 @par Stability experimental */
UP_API int64_t up_assignment_arms(const up_assignment *a);

/** Gives one arm.
 *  @param[in] a the assignment
 *  @param[in] k from 0
 *  @return by value; "" where k is out of range
 *  @par Cost O(1)
 *  @since 0.1 @par Stability experimental */
UP_API up_assigned_arm up_assignment_arm(const up_assignment *a, int64_t k);

/** Gives the imbalance of the covariates: the Mahalanobis distance of the arms.
 *  @param[in]  a         the assignment
 *  @param[out] threshold below which a draw was accepted; NaN unless re-randomised; may be NULL
 *  @param[out] draws     that were made; may be NULL
 *  @return sum over arms of n_k d'S^-1 d, d from the mean of all; NaN without covariates
 *  @par Cost   O(1)
 *  @par Source Morgan & Rubin (2012) eq. 2
 *  @since 0.1 @par Stability experimental */
UP_API double up_assignment_imbalance(
    const up_assignment *a, double *threshold, int64_t *draws);

/** Gives the number of notes.
 *  @param[in] a the assignment
 *  @return notes
 *  @par Cost O(1)
 *  @since 0.1 @par Stability experimental */
UP_API int64_t up_assignment_notes(const up_assignment *a);

/** Gives a note.
 *  @param[in] a the assignment
 *  @param[in] i from 0
 *  @return the note by value; an empty one where i is out of range
 *  @par Cost O(1)
 *  @since 0.1 @par Stability experimental */
UP_API up_note up_assignment_note(const up_assignment *a, int64_t i);

/** Writes the units: identifier (and cluster) under the name of its column, `arm`,
 *  `propensity`, in the order of the rows. up_experiment_new() takes the last two as they are.
 *
 *  @param[in]  a    the assignment
 *  @param[in]  path ends in .csv, .csv.gz or .parquet; replaced only when all is written
 *  @param[in]  run  NULL for defaults
 *  @param[out] err  the story of a failure; may be NULL
 *  @return UP_OK; UP_E_ARGUMENT; UP_E_WRITE; UP_E_ENGINE; UP_E_STOPPED; UP_E_NO_MEMORY
 *  @par Cost O(units)
 *  @since 0.1 @par Stability experimental */
UP_API up_status up_assignment_write(const up_assignment *a, const char *path,
    const up_run *run, up_error *err) UP_MUST_USE;

/** Frees an assignment.
 *  @param[in] a may be NULL
 *  @par Cost O(1)
 *  @since 0.1 @par Stability experimental */
UP_API void up_assignment_free(up_assignment *a);

#ifdef __cplusplus
}
#endif
#endif
