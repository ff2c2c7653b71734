/** @file
 *  Effects: the one kind of object that everything downstream takes. */
#ifndef UPSHOT_EFFECTS_H
#define UPSHOT_EFFECTS_H

#include <upshot/model.h>
#include <upshot/sequential.h>

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

/** What an interval and a p-value promise. */
enum up_inference {
    /** one look at a size fixed in advance */
    UP_INFERENCE_FIXED = 0,
    /** any number of looks, at any time: confidence sequences and e-values */
    UP_INFERENCE_ANYTIME = 1,
    /** looks at stated amounts of information: repeated intervals and p-values */
    UP_INFERENCE_GROUP = 2
};
/** How the interval of an absolute effect is made. */
enum up_interval {
    /** estimate and standard error */
    UP_INTERVAL_WALD = 0,
    /** by inverting the Anderson-Rubin test; right for any strength of the instrument */
    UP_INTERVAL_AR = 1
};
/** How the comparisons of a family are adjusted for one another; docs/comparisons.md. */
enum up_adjust {
    UP_ADJUST_NONE = 0,           /**< each on its own */
    UP_ADJUST_BONFERRONI = 1,     /**< family-wise error, any dependence */
    UP_ADJUST_HOLM = 2,           /**< family-wise error, any dependence */
    UP_ADJUST_HOCHBERG = 3,       /**< family-wise error, positive dependence */
    UP_ADJUST_HOMMEL = 4,         /**< family-wise error, positive dependence */
    UP_ADJUST_BH = 5,             /**< false discovery rate, positive dependence */
    UP_ADJUST_BY = 6,             /**< false discovery rate, any dependence */
    UP_ADJUST_EBH = 7,            /**< false discovery rate, any dependence; e-values */
    UP_ADJUST_MAX_T = 8,          /**< family-wise error, by the joint covariance */
    UP_ADJUST_MAX_T_STEP_DOWN = 9 /**< the same, step down */
};
/** How an e-value is made. */
enum up_form {
    /** of the t statistic; covariance iid or HC of a least-squares effect */
    UP_FORM_T = 0,
    /** of the normal limit; clusters, two stages, ratio metrics */
    UP_FORM_NORMAL = 1
};
/** What a margin claims. */
enum up_margin_kind {
    /** not worse by the margin or more */
    UP_MARGIN_NONINFERIORITY = 0,
    /** neither worse nor better by the margin or more */
    UP_MARGIN_EQUIVALENCE = 1,
    /** better by more than the margin */
    UP_MARGIN_SUPERIORITY = 2
};
/** Which way a metric should go. */
enum up_better {
    UP_BETTER_HIGHER = 0, /**< an increase is good */
    UP_BETTER_LOWER = 1   /**< a decrease is good */
};
/** What an effect decides at the level asked for. */
enum up_decision {
    UP_DECISION_NONE = 0,        /**< the data decide nothing */
    UP_DECISION_INCREASE = 1,    /**< the interval lies above 0 */
    UP_DECISION_DECREASE = 2,    /**< the interval lies below 0 */
    UP_DECISION_NONINFERIOR = 3, /**< the margin of non-inferiority is met */
    UP_DECISION_EQUIVALENT = 4,  /**< the effect lies within the margins */
    UP_DECISION_SUPERIOR = 5     /**< better by more than the margin */
};

/** A margin for one metric. Its effects, not the differences between segments, are then tested
 *  against it. */
typedef struct up_margin {
    /** name of the metric */
    const char *metric;
    /** above 0: in the unit of the metric, or with `relative` a fraction of the baseline */
    double margin;
    /** 1: the margin is a fraction of the baseline */
    int64_t relative;
    /** enum up_margin_kind */
    int64_t kind;
    /** enum up_better; no matter for equivalence */
    int64_t better;
} up_margin;

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
    /** enum up_inference */
    int64_t inference;
    /** enum up_sides */
    int64_t sides;
    /** the size planned, in rows (clusters where there are clusters). fixed: the size at which
     *  the one look is taken, before which effects are refused; anytime: where intervals are to
     *  be shortest; group: where the plan ends. Not the size so far; 0 = not given */
    double planned;
    /** anytime: the precision g of the mixture, in place of `planned`; 0 = from `planned` */
    double mixture;
    /** group: enum up_spending of sequential.h */
    int64_t spending;
    /** group: of the spending function, where it has one; 0 = its default */
    double spending_parameter;
    /** group: (n_information) looks up to this one, ascending: fractions of the planned
     *  information in (0, 1]; or rows (clusters) above 1, with `planned` */
    const double *information;
    /** 0 = none */
    int64_t n_information;
    /** enum up_interval */
    int64_t interval;
    /** enum up_adjust */
    int64_t adjust;
    /** (n_family) what is adjusted together. "metric", "arm", "segment" or "period": a family
     *  for each of them. "name: metric, metric": these metrics; those that no text names are
     *  one more family, "others". "unadjusted: metric": left as they are */
    const char *const *family;
    /** 0 = all rows are one family */
    int64_t n_family;
    /** (n_margins) at most one per metric */
    const up_margin *margins;
    /** 0 = none */
    int64_t n_margins;
    /** fixed: 1 gives the effects before the planned size too, with N_OVERRIDE */
    int64_t accept_peek;
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
    /** of no effect, in the sense of `sides` */
    double p_value;
    /** lower end at the level asked for; infinite where there is none */
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
    /** of no relative effect, in the sense of `sides` */
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
    /** multiplier of the standard error in the interval */
    double critical;
    /** anytime: e-value of no effect, infinite above 1e308; else NaN */
    double e_value;
    /** its natural logarithm */
    double log_e_value;
    /** of the interval of the estimate, as relative_shape; not 0 when one-sided, and for some
     *  Anderson-Rubin sets */
    int64_t ci_shape;
    /** anytime: enum up_form of the e-value */
    int64_t form;
    /** enum up_decision: by the margin where there is one, adjusted where adjusted */
    int64_t decision;
    /** 1: the effect is tested against a margin */
    int64_t has_margin;
    /** the margin, as given; NaN without */
    double margin;
    /** 1: a fraction of the baseline */
    int64_t margin_relative;
    /** enum up_margin_kind */
    int64_t margin_kind;
    /** enum up_better */
    int64_t margin_better;
    /** that the margin is not met (equivalence: the larger of two one-sided p-values) */
    double margin_p_value;
    /** the interval that decides about the margin, in its unit: one-sided at the level, for
     *  equivalence both one-sided intervals */
    double margin_low;
    /** upper end */
    double margin_high;
    /** name of the family, or "" without adjustment */
    const char *family;
    /** comparisons in it */
    int64_t family_size;
    /** of the hypothesis that decides: the margin where there is one, else no effect; NaN
     *  without adjustment */
    double adjusted_p_value;
    /** lower end of the adjusted interval, in the unit of that hypothesis. An end at 0 (at the
     *  margin) itself is not in the interval */
    double adjusted_low;
    /** upper end */
    double adjusted_high;
    /** as relative_shape */
    int64_t adjusted_shape;
    /** adjusted interval of the relative effect; NaN for a margin */
    double adjusted_relative_low;
    /** upper end */
    double adjusted_relative_high;
} up_effect;

/** How effects were inferred, as resolved. */
typedef struct up_inference_used {
    /** enum up_inference */
    int64_t inference;
    /** enum up_sides */
    int64_t sides;
    /** enum up_interval */
    int64_t interval;
    /** enum up_adjust */
    int64_t adjust;
    /** 1 - level */
    double alpha;
    /** 1: units are clusters, else rows */
    int64_t unit_is_cluster;
    /** anytime: precision of the mixture; else NaN */
    double mixture;
    /** as given; NaN when it was not */
    double planned;
    /** group: this look, from 1; else 0 */
    int64_t look;
    /** group: fraction of the planned information so far; else NaN */
    double information;
    /** group: bound of the normal statistic at this look; else NaN */
    double bound;
    /** families there are; 0 without adjustment */
    int64_t n_families;
    /** max-t: standard error of the probabilities; else NaN */
    double adjust_error;
} up_inference_used;

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
 *          UP_E_POSTERIOR (of a posterior: inference, adjust, interval or margins);
 *          UP_E_PEEK (inference fixed, before the planned size; not for a posterior);
 *          UP_E_NO_VARIATION (segment without rows or without both arms; no level of `by` with
 *          both; a ratio whose denominator may be 0); UP_E_NEEDS_ROWS (a condition on a continuous covariate that
 *          was not kept); UP_E_ARGUMENT; UP_E_OPTIONS_TOO_NEW; UP_E_NO_MEMORY
 *  With inference anytime the mixture must be fixed before the first look: `planned` (or
 *  `mixture`) has no default, since one that is taken from the data at hand is no plan.
 *
 *  @par Assumes what up_effects_assumption() lists
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

/** Says how the effects were inferred: the rule that all their intervals, p-values and
 *  decisions come from.
 *  @param[in] e the effects
 *  @return by value
 *  @par Cost O(1)
 *  @since 0.1 @par Stability experimental */
UP_API up_inference_used up_effects_inference(const up_effects *e);

/** Adjusts p-values for one another.
 *
 *  A comparison is rejected at the family's level alpha exactly when its adjusted p-value is at
 *  most alpha. NaN (nothing to test) stays NaN and does not count.
 *
 *  @param[in]  adjust   enum up_adjust; for UP_ADJUST_EBH the p-values are 1/e, which then need
 *                       not be at most 1; not max-t, which needs a covariance
 *  @param[in]  n        comparisons
 *  @param[in]  p        (n) p-values, 0 or above
 *  @param[out] adjusted (n) at most 1; may be p itself
 *  @param[out] err      the story of a failure; may be NULL
 *  @return UP_OK; UP_E_ARGUMENT (no such adjustment, or a p-value outside [0, 1]);
 *          UP_E_NO_MEMORY
 *  @par Assumes as enum up_adjust says of each
 *  @par Cost    O(n log n); Hommel O(n^2)
 *  @par Source  Holm (1979); Hochberg (1988); Hommel (1988); Benjamini and Hochberg (1995);
 *               Benjamini and Yekutieli (2001); Wang and Ramdas (2022) for e-values;
 *               docs/comparisons.md
 *  @since 0.1 @par Stability experimental */
UP_API up_status up_adjust_p_values(int64_t adjust, int64_t n, const double *p,
    double *adjusted, up_error *err) UP_MUST_USE;

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
 *  @param[out] p_value upper tail of F(df1, df2); anytime-valid where the effects are
 *  @param[out] err     the story of a failure; may be NULL
 *  @return UP_OK; UP_E_ARGUMENT (no such effects, or they are group-sequential, which
 *          has no joint test); UP_E_NO_VARIATION (no effect has a
 *          variance); UP_E_POSTERIOR (the model is a posterior); UP_E_NO_MEMORY
 *  @par Assumes effects jointly normal; df2 is an approximation under CR2
 *  @par Cost    O(n^2 p^2 + n^3) for n effects
 *  @par Source  Wald (1943); docs/methods.md eq. 14
 *  @since 0.1 @par Stability experimental */
UP_API up_status up_effects_joint_test(const up_effects *e, int64_t i0, int64_t i1,
    double *f, double *df1, double *df2, double *p_value, up_error *err) UP_MUST_USE;

/** Gives the posterior probability that an effect is above a value.
 *  @param[in] e     the effects, of a posterior; of a linear model they are taken as the
 *                   posterior of a flat prior
 *  @param[in] i     from 0
 *  @param[in] above in the unit of the metric
 *  @return probability; NaN where i is out of range or the effect has no standard error
 *  @par Assumes as up_fit_bayes()
 *  @par Cost    O(1)
 *  @par Source  docs/ranking.md eq. 2
 *  @since 0.1 @par Stability experimental */
UP_API double up_effects_probability(const up_effects *e, int64_t i, double above);

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
