/** @file
 *  Effects from data whose assignment probabilities adapted to earlier outcomes. */
#ifndef UPSHOT_ADAPTIVE_H
#define UPSHOT_ADAPTIVE_H

#include <upshot/effects.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Arm means and effects from adaptively collected data. Opaque. */
typedef struct up_adaptive up_adaptive;

/** How batches are weighted; docs/policies.md eqs. 11-13. */
enum up_adaptive_weights {
    /** two-point allocation: narrow, for propensities that fall no faster than time^-decay */
    UP_ADAPTIVE_TWO_POINT = 0,
    /** constant allocation: weights as the square root of the propensity */
    UP_ADAPTIVE_CONSTANT = 1,
    /** all rows alike: unbiased, but its distribution may not be normal */
    UP_ADAPTIVE_UNIFORM = 2
};

/** How to infer. */
typedef struct up_adaptive_opts {
    /** set by UP_ADAPTIVE_OPTS() */
    size_t struct_size;
    /** enum up_adaptive_weights */
    int64_t weights;
    /** for two-point, in (0,1): least propensities fall as time^-decay; 0 = 0.7 */
    double decay;
    /** 1: no outcome model (inverse propensity only) */
    int64_t no_model;
    /** confidence level in (0,1); 0 = 0.95 */
    double level;
    /** 1: intervals and p-values that hold at every batch; needs `planned` and uniform
     *  weights */
    int64_t anytime;
    /** rows planned in all: tunes the anytime interval */
    double planned;
} up_adaptive_opts;

/** Options for one call: UP_ADAPTIVE_OPTS(.weights = UP_ADAPTIVE_CONSTANT). */
#define UP_ADAPTIVE_OPTS(...)                                                          \
    (&(up_adaptive_opts){.struct_size = sizeof(up_adaptive_opts), __VA_ARGS__})

/** Infers arm means and effects by adaptively weighted AIPW scores.
 *
 *  The time role is the batch: propensities may change from batch to batch with what was seen
 *  before, and within a batch with covariates. The score of a row for arm w is
 *  m + 1{arm = w} (y - m) / e, with m from earlier batches only; rows are weighted by batch.
 *
 *  @param[in]  moments with a time and a propensity, in the groups or clusters layout; borrowed
 *                      for the call
 *  @param[in]  opts    NULL for defaults
 *  @param[out] out     the effects; free with up_adaptive_free()
 *  @param[out] err     the story of a failure; may be NULL
 *  @return UP_OK; UP_E_ARGUMENT (no time, no propensity, analytic weights, a ratio metric, an
 *          option out of range); UP_E_NEEDS_ROWS (continuous covariates, or propensities with
 *          too many values to be kept); UP_E_PROPENSITY (they do not add up to 1 in a batch and
 *          context); UP_E_ARMS; UP_E_OPTIONS_TOO_NEW; UP_E_NO_MEMORY
 *  @par Assumes propensities as logged; rows (or clusters) of a batch independent given the
 *               past
 *  @par Cost    O(rows) additions for two-point weights, else O(groups)
 *  @par Source  Hadad, Hirshberg, Zhan, Wager & Athey (2021) eqs. 5-6 and 15-18; Waudby-Smith
 *               et al. (2021) for anytime; docs/policies.md eqs. 10-14
 *  @since 0.1 @par Stability experimental */
UP_API up_status up_infer_adaptive(const up_moments *moments,
    const up_adaptive_opts *opts, up_adaptive **out, up_error *err) UP_MUST_USE;

/** Gives the number of rows: per metric the mean of each arm, then the effect of each arm but
 *  the control.
 *  @param[in] a the effects
 *  @return metrics times (2 arms - 1)
 *  @par Cost O(1)
 *  @since 0.1 @par Stability experimental */
UP_API int64_t up_adaptive_count(const up_adaptive *a);

/** Gives a row. For the mean of an arm `against` is "" and there is no p-value; for an effect
 *  the baseline is the mean of the control, and `relative` the quotient (its interval by
 *  Fieller is not given: NaN).
 *  @param[in] a the effects
 *  @param[in] i from 0
 *  @return by value; texts live as long as a; NaN and "" out of range
 *  @par Cost O(1)
 *  @since 0.1 @par Stability experimental */
UP_API up_effect up_adaptive_get(const up_adaptive *a, int64_t i);

/** Gives the number of batches.
 *  @param[in] a the effects
 *  @return levels of the time
 *  @par Cost O(1)
 *  @since 0.1 @par Stability experimental */
UP_API int64_t up_adaptive_batches(const up_adaptive *a);

/** Gives the number of notes.
 *  @param[in] a the effects
 *  @return notes
 *  @par Cost O(1)
 *  @since 0.1 @par Stability experimental */
UP_API int64_t up_adaptive_notes(const up_adaptive *a);

/** Gives a note.
 *  @param[in] a the effects
 *  @param[in] i from 0
 *  @return by value; an empty one out of range
 *  @par Cost O(1)
 *  @since 0.1 @par Stability experimental */
UP_API up_note up_adaptive_note(const up_adaptive *a, int64_t i);

/** Frees the effects.
 *  @param[in] a may be NULL
 *  @par Cost O(1)
 *  @since 0.1 @par Stability experimental */
UP_API void up_adaptive_free(up_adaptive *a);

#ifdef __cplusplus
}
#endif
#endif
