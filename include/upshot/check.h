/** @file
 *  Can the data be trusted: one verdict per check, with the number and the threshold. */
#ifndef UPSHOT_CHECK_H
#define UPSHOT_CHECK_H

#include <upshot/model.h>

#ifdef __cplusplus
extern "C" {
#endif

/** The verdicts on one model. Opaque. */
typedef struct up_checks up_checks;

/** One check. verdict: 0 passed, 1 warning, 2 failed, 3 not applicable. With verdict 2 and a
 *  code of UP_STATUS_LIST (E_SRM, E_PROPENSITY, E_WEAK_INSTRUMENT) effects mislead: the verbs
 *  `effect` and `fit` withhold them unless --accept names the code. */
typedef struct up_check_result {
    /** "sample ratio", "missing by arm", "first stage", "overlap", "clusters per
     *  arm", ... */
    const char *name;
    /** 0 passed, 1 warning, 2 failed, 3 not applicable */
    int64_t verdict;
    /** the value that was tested; NaN where there is none */
    double number;
    /** the bound it was held against; NaN where there is none */
    double threshold;
    /** one or two sentences with the numbers */
    const char *text;
    /** the note or status that it would raise, e.g. "W_SRM"; "" if passed */
    const char *code;
} up_check_result;

/** Runs every check that applies to the design: sample ratio (chi-square, exact for small
 *  counts; weighted by propensities when they vary), missing by arm, rows and clusters per arm,
 *  compliance, first-stage F (robust), overlap of propensities and their agreement with the
 *  shares of the arms, balance of covariates (joint Wald test), repeated units. Checks that do
 *  not apply are listed too, with verdict 3 and the reason. What was assigned is the
 *  instrument, else the arm; it is counted in clusters where every cluster is in one arm.
 *
 *  @param[in]  m   borrowed for the call
 *  @param[out] out the checks; free with up_checks_free()
 *  @param[out] err the story of a failure; may be NULL
 *  @return UP_OK; UP_E_ARMS if no arm has the name of the control; UP_E_ARGUMENT;
 *          UP_E_NO_MEMORY
 *  @par Assumes assignment with the stated shares or propensities: that is what is tested
 *  @par Cost    O(G p^2); no rows are read
 *  @par Source  Fabijan et al. (2019); Staiger & Stock (1997); Hotelling (1931); Kish (1965);
 *               the thresholds are in src/check/check.h and docs/methods.md
 *  @since 0.1 @par Stability experimental */
UP_API up_status up_check(
    const up_model *m, up_checks **out, up_error *err) UP_MUST_USE;

/** Gives the number of checks, those that do not apply included.
 *  @param[in] c the checks
 *  @return checks
 *  @par Cost O(1)
 *  @since 0.1 @par Stability experimental */
UP_API int64_t up_checks_count(const up_checks *c);

/** Gives one check.
 *  @param[in] c the checks
 *  @param[in] i from 0
 *  @return by value; texts live as long as c; verdict 3 and "" where i is out of range
 *  @par Cost O(1)
 *  @since 0.1 @par Stability experimental */
UP_API up_check_result up_checks_get(const up_checks *c, int64_t i);

/** Gives the worst verdict.
 *  @param[in] c the checks
 *  @return the highest verdict of 0, 1, 2
 *  @par Cost O(checks)
 *  @since 0.1 @par Stability experimental */
UP_API int64_t up_checks_worst(const up_checks *c);

/** Frees checks.
 *  @param[in] c may be NULL
 *  @par Cost O(checks)
 *  @since 0.1 @par Stability experimental */
UP_API void up_checks_free(up_checks *c);

#ifdef __cplusplus
}
#endif
#endif
