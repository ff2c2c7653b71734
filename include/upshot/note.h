/** @file
 *  Notes: what a careful analyst would say beside the number. They travel with results. */
#ifndef UPSHOT_NOTE_H
#define UPSHOT_NOTE_H

#include <upshot/status.h>

#ifdef __cplusplus
extern "C" {
#endif

/** How much a note matters. */
typedef enum up_severity {
    UP_NOTE = 0,    /**< worth knowing */
    UP_WARNING = 1, /**< may change what is decided */
    UP_REFUSAL = 2  /**< no note of this version has it */
} up_severity;

/** X(name, number, sentence). Codes are stable; `upshot explain CODE` prints the page. */
#define UP_NOTE_LIST(X)                                                                \
    X(N_ROWS_DROPPED, 1, "rows with missing values were left out")                     \
    X(N_MISSING_INDICATOR, 2,                                                          \
        "missing covariate values were given a level of their own")                    \
    X(N_COLUMN_DROPPED, 3,                                                             \
        "a column of the model was left out: it repeats the others")                   \
    X(N_SUPERPOPULATION, 4, "the variance includes that of the covariate averages")    \
    X(N_VCOV_SWITCH, 5, "with this many clusters the cheaper covariance is used")      \
    X(N_ESTIMAND_LATE, 6, "the estimate is the effect on compliers, not on everyone")  \
    X(N_ESTIMAND_ATE, 7, "the effect on everyone rests on a further assumption")       \
    X(N_NO_COVARIATES, 8, "no covariates: the interval could be narrower")             \
    X(N_FIXED_HORIZON, 9,                                                              \
        "the interval holds for one look at a size fixed in advance")                  \
    X(N_LAYOUT, 10, "how the rows were compressed")                                    \
    X(N_PROPENSITY_WEIGHTS, 11,                                                        \
        "rows are weighted by the inverse of their propensity")                        \
    X(N_MANY_COMPARISONS, 12, "many intervals are shown; each holds on its own")       \
    X(N_OVERRIDE, 13, "a refusal was overridden on request")                           \
    X(N_APPROXIMATE, 14, "the value rests on a stated approximation")                  \
    X(N_CONTROL_CHOSEN, 15, "the control arm was chosen by the order of the labels")   \
    X(N_ANYTIME, 16, "the intervals hold at every look, whenever it is taken")         \
    X(N_GROUP_SEQUENTIAL, 17, "the intervals hold at the looks that were stated")      \
    X(N_ADJUSTED, 18, "the comparisons of a family are adjusted for one another")      \
    X(N_ANDERSON_RUBIN, 19,                                                            \
        "the interval is right for any strength of the instrument")                    \
    X(N_WINNERS_CURSE, 20, "the estimate of an arm chosen as best is too good")        \
    X(N_CREDIBLE, 21, "intervals are credible intervals under a stated prior")         \
    X(N_SIMULATED, 22, "the number was simulated; its error is stated")                \
    X(N_CONTEXT_AVERAGED, 23, "the policy averages over some covariates")              \
    X(N_ADAPTIVE_SHARED, 24,                                                           \
        "some probabilities of arms that were not played are not known")               \
    X(N_POLICY_ITT, 25, "a policy sets the assignment, not what units then do")        \
    X(N_POLICY_COVERAGE, 26, "how well the log covers the policy")                     \
    X(N_HYPOTHESIS, 27, "the graph was found by a search: it is a hypothesis")         \
    X(N_NO_FREQUENCIES, 28, "edges of the graph were not resampled")                   \
    X(N_NOT_RANDOMISED, 29,                                                            \
        "mediators were not randomised: the split rests on assumptions")               \
    X(N_ZERO_EDGES, 30, "edges that the graph lacks are set to zero")                  \
    X(N_LINEAR_PROBABILITY, 31, "a condition is modelled by a linear probability")     \
    X(N_DECOMPOSITION, 32, "with interactions the split depends on a stated order")    \
    X(N_PROJECTED, 33, "the effect is that of another population")                     \
    X(N_TARGET_EXACT, 34, "the target population is taken as known exactly")           \
    X(N_FORWARD, 35, "the effect is carried forward in time by a rule")                \
    X(N_SMALL_STRATA, 36, "strata have fewer units than there are arms")               \
    X(N_OUTSIDE_LAYER, 37, "units outside the part of the layer were left out")        \
    X(N_RERANDOMISED, 38,                                                              \
        "the assignment was drawn until the covariates were balanced")                 \
    X(N_EARLY_LOOK, 39, "a look rests on few units")                                   \
    X(N_LOOK_SKIPPED, 40, "a look could not be analysed and was left out")             \
    X(N_GRAPH, 41, "the graph was taken as it is, and allows the analysis")            \
    X(W_SRM, 101, "the arms do not have the expected sizes")                           \
    X(W_WEAK_INSTRUMENT, 102, "the instrument is weak: the interval may mislead")      \
    X(W_FEW_CLUSTERS, 103, "few clusters: the interval is rough")                      \
    X(W_OVERLAP, 104, "propensities near 0 or 1 leave few effective rows")             \
    X(W_MISSING_BY_ARM, 105, "missing values differ by arm")                           \
    X(W_RELATIVE_CHOICE, 106, "the kind of relative interval changes the decision")    \
    X(W_RELATIVE_UNBOUNDED, 107,                                                       \
        "the relative interval is unbounded: the baseline may be 0")                   \
    X(W_BALANCE, 108, "a covariate differs by arm more than chance allows")            \
    X(W_SMALL_ARM, 109, "an arm has few rows")                                         \
    X(W_LEVERAGE, 110, "one row or cluster decides the estimate")                      \
    X(W_PROPENSITY_SHARES, 111,                                                        \
        "the propensities do not match the shares of the arms")                        \
    X(W_COMPLIANCE, 112, "few units follow their assignment")                          \
    X(W_SMALL_SEGMENT, 113, "a segment has few rows, or none in an arm")               \
    X(W_CONSTANT, 114, "a metric is constant")                                         \
    X(W_PRIOR_CONFLICT, 115, "the data are surprising under the prior")                \
    X(W_SAME_DATA, 116, "the policy was learned from the rows that value it")          \
    X(W_POLICY_OVERLAP, 117, "the log says little about what the policy plays")        \
    X(W_ADAPTIVE, 118, "the propensities adapt over time: use 'upshot adaptive'")      \
    X(W_NO_FLOOR, 119, "a log of this policy may never play some arms")                \
    X(W_IMPLICATION, 120,                                                              \
        "the data speak against an independence that the graph implies")               \
    X(W_MISFIT, 121, "the paths do not add up to the total effect")                    \
    X(W_PROPORTION, 122, "the share mediated has no bounded interval")                 \
    X(W_OPPOSITE_PATHS, 123, "paths work against each other")                          \
    X(W_MISSING_EDGE, 124, "an edge that the graph sets to zero is not zero")          \
    X(W_TARGET_WEIGHTS, 125, "the target population is far from the experiment")       \
    X(W_FORWARD_FIT, 126, "the rule does not fit the effects observed")                \
    X(W_FORWARD_FAR, 127, "the horizon is long for the periods observed")              \
    X(W_TEXT_NUMBERS, 128, "a covariate of numbers is taken as categories")            \
    X(W_EMPTY_INTERSECTION, 129, "the looks have no common interval")                  \
    X(W_SAME_CLUSTERS, 130, "looks add rows to clusters that were there before")       \
    X(W_RECEIVED, 131,                                                                 \
        "treatment received is a common cause that the graph leaves out")              \
    X(W_INFORMATION, 132, "the data do not hold the information that was stated")      \
    X(W_AFFECTED, 133, "a column taken as known before differs by arm")                \
    X(W_IDENTIFIER, 134, "an identifier would be used as a number")                    \
    X(W_SENTINEL, 135, "a value seems to stand for a missing one")                     \
    X(W_REPEATED_UNITS, 136, "units have more than one row")                           \
    X(W_CROSSOVER, 137, "units are in more than one arm")                              \
    X(W_DUPLICATE_ROWS, 138, "whole rows occur more than once")                        \
    X(W_TIME_TRAVEL, 139, "dates are on the wrong side of the assignment")             \
    X(W_ARM_LABELS, 140, "labels of arms differ by case or spaces alone")              \
    X(W_RARE_ARM, 141, "a label of an arm has next to no rows")

/** The codes of UP_NOTE_LIST, each as UP_ and its name. */
typedef enum up_note_code {
/** @cond */
#define UP_NOTE_ENUM(name, number, sentence) UP_##name = (number),
    UP_NOTE_LIST(UP_NOTE_ENUM)
#undef UP_NOTE_ENUM
    /** @endcond */
} up_note_code;

/** One note. number and threshold are NaN where they do not apply. */
typedef struct up_note {
    up_note_code code;    /**< which note */
    up_severity severity; /**< note or warning */
    double number;        /**< the value that gave rise to the note */
    double threshold;     /**< the bound it was held against */
    char field[64];       /**< column, metric, arm or option it speaks of, or "" */
    char text[320];       /**< one or two sentences with the numbers */
} up_note;

/** Gives the stable name of a note code.
 *  @param[in] code any number
 *  @return e.g. "W_SRM"; static text
 *  @par Cost O(1)
 *  @since 0.1 @par Stability experimental */
UP_API const char *up_note_name(up_note_code code);

/** Gives one sentence that says what a note code means.
 *  @param[in] code any number
 *  @return static text
 *  @par Cost O(1)
 *  @since 0.1 @par Stability experimental */
UP_API const char *up_note_text(up_note_code code);

#ifdef __cplusplus
}
#endif
#endif
