/** @file
 *  What a call can answer: one list of statuses, expanded to the enum, the names, the
 * sentences and the exit codes of the program. Numbers are never reused. */
#ifndef UPSHOT_STATUS_H
#define UPSHOT_STATUS_H

#include <stddef.h>
#include <stdint.h>

/** @cond */
#if defined(__GNUC__)
#define UP_API          __attribute__((visibility("default")))
#define UP_MUST_USE     __attribute__((warn_unused_result))
#define UP_PRINTF(f, a) __attribute__((format(printf, f, a)))
#else
#define UP_API
#define UP_MUST_USE
#define UP_PRINTF(f, a)
#endif
/** @endcond */

#ifdef __cplusplus
extern "C" {
#endif

/** X(name, number, exit code, sentence) */
#define UP_STATUS_LIST(X)                                                              \
    X(OK, 0, 0, "done")                                                                \
    X(E_INTERNAL, 1, 1, "a defect in upshot itself")                                   \
    X(E_NO_MEMORY, 2, 1, "memory ran out")                                             \
    X(E_ARGUMENT, 3, 2, "an argument is missing or out of range")                      \
    X(E_USAGE, 4, 2, "the command line or the request is not valid")                   \
    X(E_EXPRESSION, 5, 2, "an expression is not valid")                                \
    X(E_COLUMN, 6, 2, "a column is not in the data")                                   \
    X(E_TYPE, 7, 2, "a column has the wrong type for its use")                         \
    X(E_OPTIONS_TOO_NEW, 8, 2, "the options come from a newer version of upshot")      \
    X(E_SOURCE, 9, 3, "the data cannot be read")                                       \
    X(E_ENGINE, 10, 3, "the engine cannot be loaded or failed")                        \
    X(E_CAPSULE, 11, 3, "the capsule is damaged, or not a capsule")                    \
    X(E_WRITE, 12, 3, "the output cannot be written")                                  \
    X(E_STOPPED, 13, 130, "stopped on request")                                        \
    X(E_EMPTY, 14, 4, "no rows are left to analyse")                                   \
    X(E_MISSING, 15, 4, "values are missing")                                          \
    X(E_NOT_FINITE, 16, 4, "a value is infinite")                                      \
    X(E_ARMS, 17, 4, "the arms do not make a comparison")                              \
    X(E_NO_VARIATION, 18, 4, "a column that must vary is constant")                    \
    X(E_UNIT, 19, 4, "units repeat and no cluster is declared")                        \
    X(E_CLUSTER, 20, 4, "the clusters do not fit the design")                          \
    X(E_PROPENSITY, 21, 4,                                                             \
        "the propensities are not valid probabilities of assignment")                  \
    X(E_POST_TREATMENT, 22, 4,                                                         \
        "a column measured after treatment cannot be used here")                       \
    X(E_CONDITION, 23, 4, "a condition must be on a covariate or on time")             \
    X(E_SINGULAR, 24, 4, "the model is not determined by the data")                    \
    X(E_ESTIMAND, 25, 4, "the estimand is not identified by this design")              \
    X(E_SRM, 26, 4, "the arms do not have the expected sizes")                         \
    X(E_WEAK_INSTRUMENT, 27, 4, "the instrument hardly moves the treatment")           \
    X(E_NEEDS_ROWS, 28, 4, "the capsule cannot answer this; the rows are needed")      \
    X(E_STRICT, 29, 5, "done, but a check failed and strict was asked for")            \
    X(E_WEIGHT, 30, 4, "a weight is not above 0")                                      \
    X(E_PRIOR, 31, 2, "a prior cannot be read, or does not fit the model")             \
    X(E_POSTERIOR, 32, 2, "a posterior has no answer to a question about sampling")    \
    X(E_POLICY, 33, 3, "the policy is damaged, or not a policy")                       \
    X(E_CONTEXT, 34, 4, "the context is not one that the policy knows")                \
    X(E_OVERLAP, 35, 4, "the policy plays arms that were never logged there")          \
    X(E_GRAPH, 36, 2, "a causal graph is not valid")                                   \
    X(E_NOT_IDENTIFIED, 37, 4, "the graph does not identify the effect")               \
    X(E_MEDIATION, 38, 4, "the graph does not give paths that these data can answer")  \
    X(E_SUPPORT, 39, 4, "the experiment does not reach the target population")         \
    X(E_HORIZON, 40, 4, "the effects cannot be carried that far forward")              \
    X(E_PLAN, 41, 4, "no plan of this kind reaches what is asked for")                 \
    X(E_LOOKS, 42, 4, "the looks do not follow from one another")                      \
    X(E_PEEK, 43, 4, "a look at intervals that hold for one later look only")          \
    X(E_BALANCE, 44, 4, "the arms differ in the covariates, more than chance allows")

/** The statuses of UP_STATUS_LIST, each as UP_ and its name. */
typedef enum up_status {
/** @cond */
#define UP_STATUS_ENUM(name, number, exit_code, sentence) UP_##name = (number),
    UP_STATUS_LIST(UP_STATUS_ENUM)
#undef UP_STATUS_ENUM
    /** @endcond */
} up_status;

/** Gives the stable name of a status.
 *  @param[in] status any number
 *  @return e.g. "E_COLUMN"; "E_UNKNOWN" for a number that is not listed; static text
 *  @par Cost O(1)
 *  @since 0.1 @par Stability experimental */
UP_API const char *up_status_name(up_status status);

/** Gives one sentence that says what a status means.
 *  @param[in] status any number
 *  @return static text; a sentence also for a number that is not listed
 *  @par Cost O(1)
 *  @since 0.1 @par Stability experimental */
UP_API const char *up_status_text(up_status status);

/** Gives the exit code of the program for a status.
 *  @param[in] status any number
 *  @return 0, 1, 2, 3, 4, 5 or 130; 1 for a number that is not listed
 *  @par Cost O(1)
 *  @since 0.1 @par Stability experimental */
UP_API int up_status_exit_code(up_status status);

/** Where a failed call writes its story; belongs to the caller, may be NULL everywhere.
 *  Start from UP_ERROR_INIT. A call given an error that already holds a failure does
 *  nothing and returns that failure, so that a chain of calls is checked once. */
typedef struct up_error {
    up_status status;  /**< UP_OK while nothing has failed */
    char field[64];    /**< the argument, option or column at fault, or "" */
    char message[512]; /**< one line, with the values: what, where */
    char fix[256];     /**< what to do next, one line, or "" */
} up_error;

/** An error that holds no failure. */
#define UP_ERROR_INIT                                                                  \
    {                                                                                  \
        UP_OK, "", "", ""                                                              \
    }

#ifdef __cplusplus
}
#endif
#endif
