/* Can the data be trusted: one verdict per check, with the number and the threshold. */
#ifndef UPSHOT_CHECK_H
#define UPSHOT_CHECK_H

#include <upshot/model.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct up_checks up_checks;

/** One check. verdict: 0 passed, 1 warning, 2 failed (a refusal unless overridden), 3 not applicable. */
typedef struct up_check_result {
    const char *name;    /**< "sample ratio", "missing by arm", "first stage", "overlap", "clusters per arm", ... */
    int64_t verdict;
    double number, threshold;
    const char *text;    /**< one or two sentences with the numbers */
    const char *code;    /**< the note or status that it would raise, e.g. "W_SRM"; "" if passed */
} up_check_result;

/** Runs every check that applies to the design: sample ratio (chi-square, exact for small counts;
 *  weighted by propensities when they vary), missing by arm, rows and clusters per arm, compliance,
 *  first-stage F (robust), overlap of propensities and their agreement with the shares of the arms,
 *  balance of covariates (joint Wald test), repeated units.
 *  @par Cost O(G p^2); no rows are read */
UP_API up_status up_check(const up_model *m, up_checks **out, up_error *err) UP_MUST_USE;
UP_API int64_t up_checks_count(const up_checks *c);
UP_API up_check_result up_checks_get(const up_checks *c, int64_t i);
UP_API int64_t up_checks_worst(const up_checks *c); /**< the highest verdict of 0, 1, 2 */
UP_API void up_checks_free(up_checks *c);

#ifdef __cplusplus
}
#endif
#endif
