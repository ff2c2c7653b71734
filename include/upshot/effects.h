/* Effects: the one kind of object that everything downstream takes. */
#ifndef UPSHOT_EFFECTS_H
#define UPSHOT_EFFECTS_H

#include <upshot/model.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct up_effects up_effects;

enum up_scale {
    UP_SCALE_BOTH = 0, /**< absolute, with the relative effect beside it */
    UP_SCALE_ABSOLUTE = 1
};
enum up_relative {
    UP_RELATIVE_FIELLER = 0,
    UP_RELATIVE_DELTA = 1,
    UP_RELATIVE_LOG = 2 /**< log-ratio of means */
};
enum up_estimand {
    UP_ESTIMAND_DEFAULT = 0, /**< ATE under full compliance, else LATE */
    UP_ESTIMAND_ITT = 1,
    UP_ESTIMAND_LATE = 2,
    UP_ESTIMAND_ATT = 3,     /**< one-sided noncompliance: equals LATE; full: averages over the treated */
    UP_ESTIMAND_ATE = 4      /**< with noncompliance: the remap under conditional effect ignorability */
};
enum up_population {
    UP_POPULATION_SUPER = 0, /**< variance of the averages over units included */
    UP_POPULATION_SAMPLE = 1 /**< effects for the units at hand */
};

/** What to ask of a model. Each segment, each level of `by` and each period of `over` gives a row
 *  per metric and arm; they combine. */
typedef struct up_effect_opts {
    size_t struct_size;
    const char *const *where;   /**< (n_where) conditions on covariates or time; each is a segment */
    int64_t n_where;
    const char *by;             /**< a covariate: one segment per level */
    int64_t over_time;          /**< 1: one row per period of the time role */
    int64_t cumulative;         /**< 1, with over_time: sum of the effects up to each period */
    const char *against;        /**< arm to compare with; NULL = control */
    int64_t compare_segments;   /**< 1: also each segment minus the first */
    int64_t estimand;           /**< enum up_estimand */
    int64_t scale;              /**< enum up_scale */
    int64_t relative;           /**< enum up_relative */
    int64_t population;         /**< enum up_population */
    double level;               /**< confidence level in (0,1); 0 = 0.95 */
    const char *const *metrics; /**< (n_metrics) names; none = all */
    int64_t n_metrics;
} up_effect_opts;

#define UP_EFFECT_OPTS(...) (&(up_effect_opts){.struct_size = sizeof(up_effect_opts), __VA_ARGS__})

/** One effect. Texts live as long as the effects. NaN where a value does not exist. */
typedef struct up_effect {
    const char *metric, *arm, *against;
    const char *segment;   /**< the condition, or "" for everyone */
    const char *period;    /**< label of the period, or "" */
    const char *estimand;  /**< "ate", "itt", "late", "att" */
    double estimate, std_error, df, statistic, p_value, ci_low, ci_high;
    double baseline, baseline_std_error; /**< mean under `against` in the segment */
    double relative, relative_low, relative_high; /**< fractions of the baseline */
    double relative_p_value;
    int64_t relative_kind;  /**< enum up_relative */
    int64_t relative_shape; /**< 0 interval; 1 complement of (low, high); 2 whole line; 3 above low; 4 below high */
    int64_t n;              /**< rows of the segment and period, all arms */
    int64_t clusters;       /**< clusters in them; 0 without clusters */
} up_effect;

/** Effects of a model: contrasts of its coefficients by delta vectors.
 *  @param[in] model borrowed: must outlive the effects
 *  @return UP_OK; UP_E_CONDITION (not a covariate or time; needs interactions); UP_E_EXPRESSION;
 *          UP_E_POST_TREATMENT; UP_E_ESTIMAND; UP_E_ARMS; UP_E_NO_VARIATION (segment without rows or
 *          without both arms); UP_E_NEEDS_ROWS (a condition on a continuous covariate that was not kept)
 *  @par Cost   O(G + K p^2) for K effects of G groups; no rows are read
 *  @par Source arXiv 2412.08788 (delta vectors); Fieller (1954); Angrist & Fernandez-Val (2013) */
UP_API up_status up_infer_effect(const up_model *model, const up_effect_opts *opts, up_effects **out, up_error *err) UP_MUST_USE;

UP_API int64_t up_effects_count(const up_effects *e);
UP_API up_effect up_effects_get(const up_effects *e, int64_t i);
/** Covariance of two effect estimates; every pair is kept. */
UP_API double up_effects_covariance(const up_effects *e, int64_t i, int64_t j);
/** Wald test that all effects i0..i1-1 are zero: F statistic, its degrees of freedom, p-value. */
UP_API up_status up_effects_joint_test(const up_effects *e, int64_t i0, int64_t i1, double *f,
    double *df1, double *df2, double *p_value, up_error *err) UP_MUST_USE;
UP_API const char *up_effects_estimand(const up_effects *e); /**< in words */
UP_API int64_t up_effects_assumptions(const up_effects *e);
UP_API const char *up_effects_assumption(const up_effects *e, int64_t i);
UP_API int64_t up_effects_notes(const up_effects *e);
UP_API up_note up_effects_note(const up_effects *e, int64_t i);
UP_API void up_effects_free(up_effects *e);

#ifdef __cplusplus
}
#endif
#endif
