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
    /** by inverting the test of a ratio; decides as the effect does */
    UP_RELATIVE_FIELLER = 0,
    /** by linearisation */
    UP_RELATIVE_DELTA = 1,
    /** log-ratio of means */
    UP_RELATIVE_LOG = 2
};
/** Whose effect. */
enum up_estimand {
    /** ATE under full compliance, else LATE */
    UP_ESTIMAND_DEFAULT = 0,
    /** of the assignment, on everyone */
    UP_ESTIMAND_ITT = 1,
    /** of the treatment, on compliers */
    UP_ESTIMAND_LATE = 2,
    /** one-sided noncompliance: equals LATE; full: averages over the treated */
    UP_ESTIMAND_ATT = 3,
    /** with noncompliance: the remap under conditional effect ignorability */
    UP_ESTIMAND_ATE = 4
};
/** Whom the interval speaks of. */
enum up_population {
    UP_POPULATION_SUPER = 0, /**< variance of the averages over units included */
    UP_POPULATION_SAMPLE = 1 /**< effects for the units at hand */
};

/** What to ask of a model. Each segment, each level of `by` and each period of `over` gives a row
 *  per metric and arm; they combine. */
typedef struct up_effect_opts {
    /** set by UP_EFFECT_OPTS() */
    size_t struct_size;
    /** (n_where) conditions on covariates or time; each is a segment */
    const char *const *where;
    /** 0 = everyone */
    int64_t n_where;
    /** a covariate: one segment per level; a level without rows in every arm
     *  compared is left out, with a note */
    const char *by;
    /** 1: one row per period of the time role */
    int64_t over_time;
    /** 1, with over_time: sum of the effects up to each period */
    int64_t cumulative;
    /** arm to compare with; NULL = control */
    const char *against;
    /** 1: also each segment minus the first */
    int64_t compare_segments;
    /** enum up_estimand */
    int64_t estimand;
    /** enum up_scale */
    int64_t scale;
    /** enum up_relative */
    int64_t relative;
    /** enum up_population */
    int64_t population;
    /** confidence level in (0,1); 0 = 0.95 */
    double level;
    /** (n_metrics) names; none = all */
    const char *const *metrics;
    /** 0 = all */
    int64_t n_metrics;
} up_effect_opts;

/** Options for one call: UP_EFFECT_OPTS(.by = "device"). */
#define UP_EFFECT_OPTS(...)                                                            \
    (&(up_effect_opts){.struct_size = sizeof(up_effect_opts), __VA_ARGS__})

/** One effect. Texts live as long as the effects. NaN where a value does not exist. */
typedef struct up_effect {
    /** name of the metric */
    const char *metric;
    /** the arm whose effect it is */
    const char *arm;
    /** the arm it is compared with */
    const char *against;
    /** the condition, or "" for everyone */
    const char *segment;
    /** label of the period, or "" */
    const char *period;
    /** "ate", "itt", "late", "att" */
    const char *estimand;
    /** in the unit of the metric */
    double estimate;
    /** of the estimate */
    double std_error;
    /** degrees of freedom of the t statistic */
    double df;
    /** estimate / std_error */
    double statistic;
    /** two-sided, of no effect */
    double p_value;
    /** lower end at the level asked for */
    double ci_low;
    /** upper end */
    double ci_high;
    /** mean under `against` in the segment */
    double baseline;
    /** of the baseline */
    double baseline_std_error;
    /** estimate / baseline, a fraction */
    double relative;
    /** lower end; infinite where there is none */
    double relative_low;
    /** upper end; infinite where there is none */
    double relative_high;
    /** two-sided, of no relative effect */
    double relative_p_value;
    /** enum up_relative */
    int64_t relative_kind;
    /** 0 interval; 1 complement of (low, high); 2 whole line; 3 above low; 4 below
     *  high */
    int64_t relative_shape;
    /** rows of the segment and period, all arms */
    int64_t n;
    /** clusters in them; 0 without clusters */
    int64_t clusters;
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
 *  The checks of the design are not run here: call up_check() before, and withhold the effects
 *  where it fails (verdict 2) with UP_E_SRM, UP_E_PROPENSITY or UP_E_WEAK_INSTRUMENT, as the
 *  program does.
 *
 *  @param[in]  model borrowed: must outlive the effects
 *  @param[in]  opts  NULL for defaults: one row per metric and arm, everyone, 95 %
 *  @param[out] out   the effects; free with up_effects_free()
 *  @param[out] err   the story of a failure; may be NULL
 *  @return UP_OK; UP_E_CONDITION (not on covariates or time, also by way of a
 *          declared segment; needs interactions);
 *          UP_E_EXPRESSION; UP_E_TYPE; UP_E_POST_TREATMENT; UP_E_ESTIMAND; UP_E_ARMS;
 *          UP_E_NO_VARIATION (segment without rows or without both arms; no level of `by` with
 *          both; a ratio whose denominator may be 0); UP_E_NEEDS_ROWS (a condition on a continuous covariate that
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
 *  @return notes, each once: those of the moments, of the model and of the effects; the
 *          findings of up_check() are not among them
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
