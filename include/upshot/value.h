/** @file
 *  The value of a policy on logged data: what the metric would have been had the policy chosen. */
#ifndef UPSHOT_VALUE_H
#define UPSHOT_VALUE_H

#include <upshot/policy.h>

#ifdef __cplusplus
extern "C" {
#endif

/** The value of a policy with its gains. Opaque. */
typedef struct up_value up_value;

/** How to value a policy. */
typedef struct up_value_opts {
    /** set by UP_VALUE_OPTS() */
    size_t struct_size;
    /** name of the metric; NULL = that of the policy */
    const char *metric;
    /** confidence level in (0,1); 0 = 0.95 */
    double level;
    /** largest share of plays that the log may lack; 0 = 0.01. 1 = never refuse */
    double uncovered;
} up_value_opts;

/** Options for one call: UP_VALUE_OPTS(.level = 0.9). */
#define UP_VALUE_OPTS(...)                                                             \
    (&(up_value_opts){.struct_size = sizeof(up_value_opts), __VA_ARGS__})

/** One estimate. Texts are static. */
typedef struct up_value_row {
    /** "dr" doubly robust, "ips" inverse propensity, "snips" self-normalised */
    const char *method;
    /** "value", "gain_over_control", "gain_over_log" */
    const char *quantity;
    /** mean of the metric per row, or the difference of two */
    double estimate;
    /** of the estimate */
    double std_error;
    /** degrees of freedom: rows or clusters - 1 */
    double df;
    /** two-sided, of no gain; NaN for a value */
    double p_value;
    /** lower end at the level asked for */
    double ci_low;
    /** upper end */
    double ci_high;
} up_value_row;

/** How well the log covers the policy. */
typedef struct up_value_overlap {
    /** rows of the log */
    int64_t rows;
    /** clusters; 0 without clusters */
    int64_t clusters;
    /** (sum w)^2 / sum w^2, w = play probability / propensity */
    double effective_rows;
    /** largest w */
    double max_weight;
    /** mean of w: 1 where the propensities are what they claim to be */
    double mean_weight;
    /** standard error of that mean */
    double mean_weight_error;
    /** share of plays that go to arms without a row in the context */
    double uncovered;
} up_value_overlap;

/** Values a policy on logged data.
 *
 *  With w = pi(a|x)/e and m the outcome model that was fitted: ips = mean(w y), snips =
 *  sum(w y)/sum(w), dr = mean(sum_a pi(a|x) m(a,x) + w (y - m)). The outcome model is fitted
 *  on all rows, without cross-fitting: it is linear with few columns, and the propensities are
 *  known, so that dr stays consistent whatever the model. Without a propensity role the planned
 *  split is taken, else the shares of the arms. Under noncompliance arms are assignments.
 *
 *  @param[in]  policy borrowed for the call
 *  @param[in]  model  fitted on the log; its covariates must hold the inputs of the policy
 *  @param[in]  opts   NULL for defaults
 *  @param[in]  run    for rows; NULL for defaults
 *  @param[out] out    the value; free with up_value_free()
 *  @param[out] err    the story of a failure; may be NULL
 *  @return UP_OK; UP_E_OVERLAP (the policy plays arms without rows); UP_E_CONTEXT (an input
 *          that is no covariate of the log, or a context the policy refuses); UP_E_ARGUMENT
 *          (metric, level, weights and propensities that both differ by row);
 *          UP_E_NEEDS_ROWS (a capsule with continuous
 *          covariates); UP_E_OPTIONS_TOO_NEW; UP_E_STOPPED; UP_E_NO_MEMORY
 *  @par Assumes propensities are those of the logging policy; the policy was fixed before
 *               these rows (else W_SAME_DATA)
 *  @par Cost    O(groups), or one pass over the rows where a covariate is continuous
 *  @par Source  Horvitz & Thompson (1952); Dudik, Erhan, Langford & Li (2014) eq. 7;
 *               docs/policies.md eqs. 7-9
 *  @since 0.1 @par Stability experimental */
UP_API up_status up_policy_value(const up_policy *policy, const up_model *model,
    const up_value_opts *opts, const up_run *run, up_value **out,
    up_error *err) UP_MUST_USE;

/** Gives the number of estimates.
 *  @param[in] v the value
 *  @return 9: three methods by three quantities
 *  @par Cost O(1)
 *  @since 0.1 @par Stability experimental */
UP_API int64_t up_value_count(const up_value *v);

/** Gives an estimate: dr first, value before gains.
 *  @param[in] v the value
 *  @param[in] i from 0
 *  @return by value; NaN and "" out of range
 *  @par Cost O(1)
 *  @since 0.1 @par Stability experimental */
UP_API up_value_row up_value_get(const up_value *v, int64_t i);

/** Says how well the log covers the policy.
 *  @param[in] v the value
 *  @return by value
 *  @par Cost O(1)
 *  @since 0.1 @par Stability experimental */
UP_API up_value_overlap up_value_overlap_of(const up_value *v);

/** Gives the number of notes.
 *  @param[in] v the value
 *  @return notes
 *  @par Cost O(1)
 *  @since 0.1 @par Stability experimental */
UP_API int64_t up_value_notes(const up_value *v);

/** Gives a note.
 *  @param[in] v the value
 *  @param[in] i from 0
 *  @return by value; an empty one out of range
 *  @par Cost O(1)
 *  @since 0.1 @par Stability experimental */
UP_API up_note up_value_note(const up_value *v, int64_t i);

/** Frees a value.
 *  @param[in] v may be NULL
 *  @par Cost O(1)
 *  @since 0.1 @par Stability experimental */
UP_API void up_value_free(up_value *v);

#ifdef __cplusplus
}
#endif
#endif
