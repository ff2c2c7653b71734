/** @file
 *  Effects: the one kind of object that everything downstream takes. */
#ifndef UPSHOT_EFFECTS_H
#define UPSHOT_EFFECTS_H

#include <upshot/model.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Estimates with their joint covariance, estimand, assumptions and notes. Opaque. */
typedef struct up_effects up_effects;

/** Whether relative effects are given too. */
enum up_scale {
    UP_SCALE_BOTH = 0,    /**< absolute, with the relative effect beside it */
    UP_SCALE_ABSOLUTE = 1 /**< relative effects are left out (NaN) */
};
/** The interval of a relative effect; docs/methods.md eqs. 16-18. */
enum up_relative {
    UP_RELATIVE_FIELLER =
        0, /**< by inverting the test of a ratio; decides as the effect does */
    UP_RELATIVE_DELTA = 1, /**< by linearisation */
    UP_RELATIVE_LOG = 2    /**< log-ratio of means */
};
/** Whose effect. */
enum up_estimand {
    UP_ESTIMAND_DEFAULT = 0, /**< ATE under full compliance, else LATE */
    UP_ESTIMAND_ITT = 1,     /**< of the assignment, on everyone */
    UP_ESTIMAND_LATE = 2,    /**< of the treatment, on compliers */
    UP_ESTIMAND_ATT =
        3, /**< one-sided noncompliance: equals LATE; full: averages over the treated */
    UP_ESTIMAND_ATE =
        4 /**< with noncompliance: the remap under conditional effect ignorability */
};
/** Whom the interval speaks of. */
enum up_population {
    UP_POPULATION_SUPER = 0, /**< variance of the averages over units included */
    UP_POPULATION_SAMPLE = 1 /**< effects for the units at hand */
};

/** What to ask of a model. Each segment, each level of `by` and each period of `over` gives a row
 *  per metric and arm; they combine. */
typedef struct up_effect_opts {
    size_t struct_size; /**< set by UP_EFFECT_OPTS() */
    const char *const
        *where; /**< (n_where) conditions on covariates or time; each is a segment */
    int64_t n_where;     /**< 0 = everyone */
    const char *by;      /**< a covariate: one segment per level */
    int64_t over_time;   /**< 1: one row per period of the time role */
    int64_t cumulative;  /**< 1, with over_time: sum of the effects up to each period */
    const char *against; /**< arm to compare with; NULL = control */
    int64_t compare_segments;   /**< 1: also each segment minus the first */
    int64_t estimand;           /**< enum up_estimand */
    int64_t scale;              /**< enum up_scale */
    int64_t relative;           /**< enum up_relative */
    int64_t population;         /**< enum up_population */
    double level;               /**< confidence level in (0,1); 0 = 0.95 */
    const char *const *metrics; /**< (n_metrics) names; none = all */
    int64_t n_metrics;          /**< 0 = all */
} up_effect_opts;

/** Options for one call: UP_EFFECT_OPTS(.by = "device"). */
#define UP_EFFECT_OPTS(...)                                                            \
    (&(up_effect_opts){.struct_size = sizeof(up_effect_opts), __VA_ARGS__})

/** One effect. Texts live as long as the effects. NaN where a value does not exist. */
typedef struct up_effect {
    const char *metric,      /**< name of the metric */
        *arm,                /**< the arm whose effect it is */
        *against;            /**< the arm it is compared with */
    const char *segment;     /**< the condition, or "" for everyone */
    const char *period;      /**< label of the period, or "" */
    const char *estimand;    /**< "ate", "itt", "late", "att" */
    double estimate,         /**< in the unit of the metric */
        std_error,           /**< of the estimate */
        df,                  /**< degrees of freedom of the t statistic */
        statistic,           /**< estimate / std_error */
        p_value,             /**< two-sided, of no effect */
        ci_low,              /**< lower end at the level asked for */
        ci_high;             /**< upper end */
    double baseline,         /**< mean under `against` in the segment */
        baseline_std_error;  /**< of the baseline */
    double relative,         /**< estimate / baseline, a fraction */
        relative_low,        /**< lower end; infinite where there is none */
        relative_high;       /**< upper end; infinite where there is none */
    double relative_p_value; /**< two-sided, of no relative effect */
    int64_t relative_kind;   /**< enum up_relative */
    int64_t
        relative_shape; /**< 0 interval; 1 complement of (low, high); 2 whole line; 3 above low; 4 below high */
    int64_t n;        /**< rows of the segment and period, all arms */
    int64_t clusters; /**< clusters in them; 0 without clusters */
} up_effect;

/** Infers effects from a model: contrasts of its coefficients by delta vectors.
 *
 *  Averages run over the rows of the segment. For `late`, and `att` under one-sided
 *  noncompliance, of an interacted model they are weighted by compliance, baselines too; for
 *  `att` under full compliance they run over the rows of the arm. Against an arm that is not
 *  the control, `late` is the difference of two effects over control, each on its own
 *  compliers. Where several equations take part (ratio metrics, compliance) the degrees of
 *  freedom are the smallest among them.
 *
 *  @param[in]  model borrowed: must outlive the effects
 *  @param[in]  opts  NULL for defaults: one row per metric and arm, everyone, 95 %
 *  @param[out] out   the effects; free with up_effects_free()
 *  @param[out] err   the story of a failure; may be NULL
 *  @return UP_OK; UP_E_CONDITION (not a covariate or time; needs interactions);
 *          UP_E_EXPRESSION; UP_E_TYPE; UP_E_POST_TREATMENT; UP_E_ESTIMAND; UP_E_ARMS;
 *          UP_E_NO_VARIATION (segment without rows or without both arms; a ratio whose
 *          denominator may be 0); UP_E_NEEDS_ROWS (a condition on a continuous covariate that
 *          was not kept); UP_E_ARGUMENT; UP_E_OPTIONS_TOO_NEW; UP_E_NO_MEMORY
 *  @par Assumes what up_effects_assumption() lists; intervals hold for one look at a size
 *               fixed in advance
 *  @par Cost    O(G + K p^2) for K effects of G groups; no rows are read
 *  @par Source  arXiv 2412.08788 (delta vectors); Fieller (1954); Angrist & Fernandez-Val
 *               (2013) for the effect on everyone; docs/methods.md eqs. 12-21
 *  @since 0.1 @par Stability experimental */
UP_API up_status up_infer_effect(const up_model *model, const up_effect_opts *opts,
    up_effects **out, up_error *err) UP_MUST_USE;

/** Gives the number of effects.
 *  @param[in] e the effects
 *  @return rows: metric by arm by segment by period
 *  @par Cost O(1)
 *  @since 0.1 @par Stability experimental */
UP_API int64_t up_effects_count(const up_effects *e);

/** Gives one effect.
 *  @param[in] e the effects
 *  @param[in] i from 0
 *  @return by value, in the unit of the metric (a fraction for a condition); relative effects
 *          as fractions; texts live as long as e; NaN and "" where i is out of range
 *  @par Cost O(1)
 *  @since 0.1 @par Stability experimental */
UP_API up_effect up_effects_get(const up_effects *e, int64_t i);

/** Gives the covariance of two effect estimates. Nothing of the size of all pairs is kept: it
 *  is found when asked for.
 *  @param[in] e the effects
 *  @param[in] i from 0
 *  @param[in] j from 0
 *  @return in the product of the two units; NaN where out of range or when memory ran out
 *  @par Assumes as up_infer_effect()
 *  @par Cost    O(p^2 + units)
 *  @par Source  arXiv 2412.08788; docs/methods.md eq. 13
 *  @since 0.1 @par Stability experimental */
UP_API double up_effects_covariance(const up_effects *e, int64_t i, int64_t j);

/** Tests that all effects i0..i1-1 are zero (Wald). Effects that are combinations of one
 *  another cost a degree of freedom, not a failure.
 *  @param[in]  e       the effects
 *  @param[in]  i0      first effect
 *  @param[in]  i1      behind the last effect
 *  @param[out] f       F statistic
 *  @param[out] df1     rank of the covariance
 *  @param[out] df2     the smallest degrees of freedom among the effects
 *  @param[out] p_value upper tail of F(df1, df2)
 *  @param[out] err     the story of a failure; may be NULL
 *  @return UP_OK; UP_E_ARGUMENT (no such effects); UP_E_NO_VARIATION (no effect has a
 *          variance); UP_E_NO_MEMORY
 *  @par Assumes effects jointly normal; df2 is an approximation under CR2
 *  @par Cost    O(n^2 p^2 + n^3) for n effects
 *  @par Source  Wald (1943); docs/methods.md eq. 14
 *  @since 0.1 @par Stability experimental */
UP_API up_status up_effects_joint_test(const up_effects *e, int64_t i0, int64_t i1,
    double *f, double *df1, double *df2, double *p_value, up_error *err) UP_MUST_USE;

/** Says in words what is estimated.
 *  @param[in] e the effects
 *  @return text that lives as long as e
 *  @par Cost O(1)
 *  @since 0.1 @par Stability experimental */
UP_API const char *up_effects_estimand(const up_effects *e);

/** Gives the number of assumptions that the effects rest on.
 *  @param[in] e the effects
 *  @return assumptions
 *  @par Cost O(1)
 *  @since 0.1 @par Stability experimental */
UP_API int64_t up_effects_assumptions(const up_effects *e);

/** Gives one assumption in words.
 *  @param[in] e the effects
 *  @param[in] i from 0
 *  @return static text; "" where i is out of range
 *  @par Cost O(1)
 *  @since 0.1 @par Stability experimental */
UP_API const char *up_effects_assumption(const up_effects *e, int64_t i);

/** Gives the number of notes.
 *  @param[in] e the effects
 *  @return notes; those of the model and of the checks are kept apart
 *  @par Cost O(1)
 *  @since 0.1 @par Stability experimental */
UP_API int64_t up_effects_notes(const up_effects *e);

/** Gives a note.
 *  @param[in] e the effects
 *  @param[in] i from 0
 *  @return the note by value; an empty one where i is out of range
 *  @par Cost O(1)
 *  @since 0.1 @par Stability experimental */
UP_API up_note up_effects_note(const up_effects *e, int64_t i);

/** Frees effects. Their model must still be there.
 *  @param[in] e may be NULL
 *  @par Cost O(effects)
 *  @since 0.1 @par Stability experimental */
UP_API void up_effects_free(up_effects *e);

#ifdef __cplusplus
}
#endif
#endif
