/** @file
 *  Which arm is best: ranks, and what choosing an arm would cost. */
#ifndef UPSHOT_RANK_H
#define UPSHOT_RANK_H

#include <upshot/effects.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Ranks of arms by metric, segment and period. Opaque. */
typedef struct up_rank up_rank;

/** Whose effects are drawn towards their common mean before arms are ranked. */
enum up_shrink {
    UP_SHRINK_NONE = 0,    /**< effects as they are */
    UP_SHRINK_ARMS = 1,    /**< those of the arms of a segment */
    UP_SHRINK_SEGMENTS = 2 /**< those of an arm in all segments of a period */
};
/** How the probabilities were found. */
enum up_rank_method {
    UP_RANK_CLOSED = 0,     /**< a formula */
    UP_RANK_QUADRATURE = 1, /**< numerical integration, to 1e-9 */
    UP_RANK_SIMULATION = 2  /**< seeded draws */
};

/** How to rank. Zero is the default everywhere. */
typedef struct up_rank_opts {
    /** set by UP_RANK_OPTS() */
    size_t struct_size;
    /** (n_minimize) metrics of which less is better */
    const char *const *minimize;
    /** 0 = more is better in all metrics */
    int64_t n_minimize;
    /** enum up_shrink */
    int64_t shrink;
    /** probability of the intervals in (0,1); 0 = 0.95 */
    double level;
    /** draws of a simulation, where one is needed; 0 = 200,000 */
    int64_t draws;
    /** of the draws */
    int64_t seed;
    /** 1: simulate even where there is a formula */
    int64_t simulate;
} up_rank_opts;

/** Options for one call: UP_RANK_OPTS(.shrink = UP_SHRINK_ARMS). */
#define UP_RANK_OPTS(...)                                                              \
    (&(up_rank_opts){.struct_size = sizeof(up_rank_opts), __VA_ARGS__})

/** One arm among those of its metric, segment and period. Texts live as long as the effects.
 *  NaN where a value does not exist. */
typedef struct up_rank_arm {
    /** name of the metric */
    const char *metric;
    /** the arm; the one that the others are compared with comes first */
    const char *arm;
    /** the condition, or "" for everyone */
    const char *segment;
    /** label of the period, or "" */
    const char *period;
    /** posterior mean of its effect, in the unit of the metric; 0 for the arm compared with */
    double estimate;
    /** scale of the posterior */
    double std_error;
    /** degrees of freedom of the posterior */
    double df;
    /** lower end of the credible interval */
    double ci_low;
    /** upper end */
    double ci_high;
    /** probability that no arm is better */
    double prob_best;
    /** probability that it is better than the arm compared with; NaN for that arm */
    double prob_better;
    /** from 1, the best, to the number of arms */
    double expected_rank;
    /** what choosing it is expected to cost against the best arm, in the unit of the metric */
    double expected_loss;
    /** by how much the estimate of the arm with the best estimate is too good on average, if all
     *  effects were as estimated; the same for all arms of a comparison */
    double overstatement;
    /** of prob_best: the last change of a quadrature; for a simulation the standard error */
    double error;
    /** standard deviation of true effects about their mean that was estimated for shrinking;
     *  NaN without */
    double tau;
    /** enum up_rank_method */
    int64_t method;
    /** arms compared */
    int64_t arms;
    /** 1: less is better */
    int64_t minimize;
} up_rank_arm;

/** Ranks the arms of every metric, segment and period.
 *
 *  Effects of a posterior (up_fit_bayes()) are ranked as they are; those of a linear model as
 *  the posterior of a flat prior. The arm compared with takes part with effect 0. Two arms have
 *  a formula; up to four, and any number of arms that are independent, are integrated; other
 *  comparisons are simulated. With t posteriors all arms share one variance factor, with the
 *  smallest degrees of freedom among them.
 *
 *  @param[in]  e    of all arms; borrowed: must outlive the ranks
 *  @param[in]  opts NULL for defaults
 *  @param[out] out  the ranks; free with up_rank_free()
 *  @param[out] err  the story of a failure; may be NULL
 *  @return UP_OK; UP_E_ARGUMENT (an option out of range; a metric to minimise that is not there;
 *          effects with compare_segments; shrinking fewer than two effects);
 *          UP_E_NO_VARIATION (arms whose difference has no variance); UP_E_OPTIONS_TOO_NEW;
 *          UP_E_NO_MEMORY
 *  @par Assumes the effects are about normal or t with their covariance; without a prior, that
 *               nothing was known of them before. Shrinking: true effects are normal about
 *               their mean, with a variance taken as known once estimated
 *  @par Cost    K arms: O(1) for 2, 1 to 3 ms for 3 and 5 to 30 ms for 4, O(K^3) for independent
 *               ones, O(draws K^2) for a simulation
 *  @par Source  Russo et al. (2018) for the quantities; Owen (1956) for bivariate normal
 *               probabilities; Afonja (1972) for the mean of a maximum; DerSimonian & Laird
 *               (1986) for tau; docs/ranking.md eqs. 9-15
 *  @since 0.1 @par Stability experimental */
UP_API up_status up_infer_rank(const up_effects *e, const up_rank_opts *opts,
    up_rank **out, up_error *err) UP_MUST_USE;

/** Gives the number of arms of all comparisons together.
 *  @param[in] r the ranks
 *  @return rows: metric by segment by period by arm
 *  @par Cost O(1)
 *  @since 0.1 @par Stability experimental */
UP_API int64_t up_rank_count(const up_rank *r);

/** Gives one arm of one comparison.
 *  @param[in] r the ranks
 *  @param[in] i from 0
 *  @return by value; NaN and "" where i is out of range
 *  @par Cost O(1)
 *  @since 0.1 @par Stability experimental */
UP_API up_rank_arm up_rank_get(const up_rank *r, int64_t i);

/** Gives the probability that an arm has a rank.
 *  @param[in] r    the ranks
 *  @param[in] i    the arm, as in up_rank_get()
 *  @param[in] rank 1 = best, to the number of arms
 *  @return probability; over all ranks, and over all arms, they sum to 1; NaN where out of range
 *  @par Assumes as up_infer_rank()
 *  @par Cost    O(1)
 *  @par Source  docs/ranking.md eqs. 9-13
 *  @since 0.1 @par Stability experimental */
UP_API double up_rank_probability(const up_rank *r, int64_t i, int64_t rank);

/** Gives the number of notes.
 *  @param[in] r the ranks
 *  @return notes of the ranking; those of the effects are not among them
 *  @par Cost O(1)
 *  @since 0.1 @par Stability experimental */
UP_API int64_t up_rank_notes(const up_rank *r);

/** Gives a note.
 *  @param[in] r the ranks
 *  @param[in] i from 0
 *  @return the note by value; an empty one where i is out of range
 *  @par Cost O(1)
 *  @since 0.1 @par Stability experimental */
UP_API up_note up_rank_note(const up_rank *r, int64_t i);

/** Frees ranks.
 *  @param[in] r may be NULL
 *  @par Cost O(rows)
 *  @since 0.1 @par Stability experimental */
UP_API void up_rank_free(up_rank *r);

#ifdef __cplusplus
}
#endif
#endif
