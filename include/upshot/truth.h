/** @file
 *  The true effects that up_simulate_shop() wrote beside its rows. */
#ifndef UPSHOT_TRUTH_H
#define UPSHOT_TRUTH_H

#include <upshot/project.h>

#ifdef __cplusplus
extern "C" {
#endif

/** The truth of a simulation. Opaque. */
typedef struct up_truth up_truth;

/** Reads a truth file.
 *  @param[in]  path e.g. "shop.truth.json"
 *  @param[out] out  the truth; free with up_truth_free()
 *  @param[out] err  the story of a failure; may be NULL
 *  @return UP_OK; UP_E_SOURCE (it cannot be read, or is no truth file); UP_E_ARGUMENT;
 *          UP_E_NO_MEMORY
 *  @par Cost O(size of the file)
 *  @since 0.1 @par Stability experimental */
UP_API up_status up_truth_open(
    const char *path, up_truth **out, up_error *err) UP_MUST_USE;

/** Gives the true value of an effect.
 *  @param[in] t          the truth
 *  @param[in] e          an effect: metric, arm, against, segment, period and estimand count;
 *                        blanks and quotes in conditions do not
 *  @param[in] cumulative 1: the effect is the sum of those up to its period
 *  @return in the unit of the metric; NaN when the file has none, never a guess
 *  @par Cost O(effects in the file)
 *  @since 0.1 @par Stability experimental */
UP_API double up_truth_effect(
    const up_truth *t, const up_effect *e, int64_t cumulative);

/** Gives the true value of an effect in a target population that is known by the shares of one
 *  covariate: the effects within its levels, weighted by the shares (for `late`, by share times
 *  compliance).
 *  @param[in] t the truth
 *  @param[in] e effects of up_project()
 *  @param[in] i which of them, from 0
 *  @return in the unit of the metric; NaN for other targets, segments and periods
 *  @par Assumes the store's own distribution of all else, given the covariate
 *  @par Cost    O(effects in the file)
 *  @par Source  docs/projection.md
 *  @since 0.1 @par Stability experimental */
UP_API double up_truth_projected(const up_truth *t, const up_effects *e, int64_t i);

/** Gives the true effect of an arm against control by a path to sales.
 *  @param[in] t        the truth
 *  @param[in] arm      label of the arm
 *  @param[in] segment  the condition, or "" for everyone
 *  @param[in] estimand "ate" or "itt"
 *  @param[in] path     "direct", "total", or mediators with " > " between
 *  @return in the unit of sales; NaN when the file has none
 *  @par Cost O(paths in the file)
 *  @since 0.1 @par Stability experimental */
UP_API double up_truth_path(const up_truth *t, const char *arm, const char *segment,
    const char *estimand, const char *path);

/** Frees a truth.
 *  @param[in] t may be NULL
 *  @par Cost O(effects in the file)
 *  @since 0.1 @par Stability experimental */
UP_API void up_truth_free(up_truth *t);

#ifdef __cplusplus
}
#endif
#endif
