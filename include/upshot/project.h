/** @file
 *  Projection: the effects of an experiment in another population, or in periods to come. */
#ifndef UPSHOT_PROJECT_H
#define UPSHOT_PROJECT_H

#include <upshot/effects.h>

#ifdef __cplusplus
extern "C" {
#endif

/** How the rows of the experiment are weighted to stand for the target; docs/projection.md
 *  eqs. 1-6. */
enum up_target_method {
    /** one covariate by its levels: shares; several: raking; with means: entropy; another
     *  population: shares where all covariates are categorical and every cell of the target
     *  is in the experiment with every arm, else entropy */
    UP_TARGET_AUTO = 0,
    /** each cell by its share in the target over its share in the experiment */
    UP_TARGET_SHARES = 1,
    /** margins of categorical covariates, by the weights nearest to equal ones */
    UP_TARGET_RAKING = 2,
    /** means and margins, by the weights nearest to equal ones (entropy balancing) */
    UP_TARGET_ENTROPY = 3,
    /** odds of being in the target, by logistic regression on the covariates; only for
     *  another population of which all covariates have few values */
    UP_TARGET_ODDS = 4
};

/** The rule by which effects are carried forward in time; h periods after the last one T. */
enum up_forward_rule {
    /** the effect stays as it is: theta(t) = a */
    UP_FORWARD_CONSTANT = 0,
    /** it goes on growing or falling by the same amount: a + b t */
    UP_FORWARD_LINEAR = 1,
    /** it decays to nothing by the same factor every period: a r^t */
    UP_FORWARD_DECAY = 2,
    /** it comes ever nearer to a level: c + a r^t */
    UP_FORWARD_LEVEL = 3
};

/** Which target, and how. Zero is the default everywhere. */
typedef struct up_project_opts {
    /** set by UP_PROJECT_OPTS() */
    size_t struct_size;
    /** (n_to) shares of the levels of a categorical covariate, one covariate each:
     *  "device=mobile:0.7,desktop:0.3"; a level that is not named has none; names and labels
     *  may stand in quotes */
    const char *const *to;
    /** 0 = none */
    int64_t n_to;
    /** (n_means) means of covariates that enter as numbers: "spend_before=55" */
    const char *const *means;
    /** 0 = none */
    int64_t n_means;
    /** another population, of up_target_build() or another experiment with the same
     *  covariates; borrowed until up_project() returns; NULL = none */
    const up_moments *population;
    /** enum up_target_method */
    int64_t method;
    /** units that the shares of `to` and the means were found from; 0 = known exactly */
    int64_t size;
    /** periods to carry the effects forward; 0 = none. The time must be numbers or dates */
    int64_t forward;
    /** enum up_forward_rule */
    int64_t rule;
    /** 1: carry forward even where the horizon is beyond what was observed, or the rule does
     *  not fit; such a result has notes that say so */
    int64_t accept;
} up_project_opts;

/** Options for one call: UP_PROJECT_OPTS(.forward = 4). */
#define UP_PROJECT_OPTS(...)                                                           \
    (&(up_project_opts){.struct_size = sizeof(up_project_opts), __VA_ARGS__})

/** Compresses the covariates of another population, to project to it. The rows need the
 *  columns of the covariates and declared segments of the model; clusters are those of the
 *  experiment where the rows have the column, else rows are independent. Rows count one each.
 *
 *  @param[in]  model      whose covariates are read; borrowed
 *  @param[in]  population its rows; borrowed
 *  @param[in]  run        threads, progress, stopping; NULL for defaults
 *  @param[out] out        moments without arms and metrics, of use to up_project() only; free
 *                         with up_moments_free()
 *  @param[out] err        the story of a failure; may be NULL
 *  @return UP_OK; UP_E_COLUMN, UP_E_EXPRESSION, UP_E_TYPE (a covariate is not there);
 *          UP_E_EMPTY; UP_E_MISSING; UP_E_NOT_FINITE; UP_E_ARGUMENT; UP_E_STOPPED;
 *          UP_E_SOURCE; UP_E_NO_MEMORY
 *  @par Assumes the rows are the target, or a random sample of it
 *  @par Cost    as up_moments_build()
 *  @par Source  none: nothing is estimated here
 *  @since 0.1 @par Stability experimental */
UP_API up_status up_target_build(const up_model *model, up_source *population,
    const up_run *run, up_moments **out, up_error *err) UP_MUST_USE;

/** Infers the effects in another population, in periods to come, or in both.
 *
 *  Another population: averages run over weighted rows, by which the covariates are
 *  distributed as in the target; covariates of which nothing is said keep their distribution
 *  given the others. Everything of up_infer_effect() holds: segments are segments of the
 *  target, and all that takes effects takes these. Standard errors include that of the weights:
 *  of estimated targets, of balancing weights and of the averages.
 *
 *  Periods to come: the effects of the observed periods are fitted by the rule with weighted
 *  least squares under their joint covariance, and carried forward; the rows are the periods
 *  "+1", "+2", ... and have no baseline. With `cumulative`, the sums up to each of them.
 *
 *  @param[in]  model  fitted with interactions; must outlive the effects
 *  @param[in]  effect as in up_infer_effect(); over_time is implied by `forward`
 *  @param[in]  opts   the target, the horizon, or both
 *  @param[out] out    the effects; free with up_effects_free()
 *  @param[out] err    the story of a failure; may be NULL
 *  @return as up_infer_effect(); UP_E_SUPPORT (a level or mean that the experiment does not
 *          reach, or a cell or level without rows in an arm; with the numbers);
 *          UP_E_CONDITION (a model without interactions; a covariate it does not have);
 *          UP_E_HORIZON (fewer than 3 periods, or than the rule needs; a horizon of more
 *          than half of what was observed, or a rule that does not fit, without `accept`);
 *          UP_E_ARGUMENT (shares that do not add up to 1; a target that is no target; a
 *          method that does not fit it)
 *  @par Assumes effects depend on the population through the covariates of the model alone;
 *               forward: that the rule goes on to hold; see up_effects_assumption()
 *  @par Cost    that of up_infer_effect(), and O(G + n r^2 + r^3) for each step of Newton's
 *               method: G records, n cells, r constraints
 *  @par Source  Deville & Sarndal (1992); Hainmueller (2012) eqs. 7-12; Westreich et al. (2017)
 *               for the odds; docs/projection.md eqs. 1-14
 *  @since 0.1 @par Stability experimental */
UP_API up_status up_project(const up_model *model, const up_effect_opts *effect,
    const up_project_opts *opts, up_effects **out, up_error *err) UP_MUST_USE;

/** How a target was reached. */
typedef struct up_target_info {
    /** enum up_target_method; 0 = the population was not changed */
    int64_t method;
    /** rows of the experiment, all arms */
    int64_t rows;
    /** rows with a weight: those whose covariates the target has */
    int64_t rows_used;
    /** units behind the target; 0 = known exactly */
    int64_t size;
    /** (sum of weights)^2 / sum of squared weights: rows that would be as informative */
    double effective_rows;
    /** largest weight, where the mean is 1; of a record's mean row */
    double largest_weight;
    /** 1: the variance of the target is part of the standard errors */
    int64_t sampled;
} up_target_info;

/** Tells how a target was reached.
 *  @param[in] e effects of up_project()
 *  @return by value; zeros and NaN where no target was asked for
 *  @par Cost O(1)
 *  @since 0.1 @par Stability experimental */
UP_API up_target_info up_effects_target(const up_effects *e);

/** One line of the table of weights: a level, or a covariate that enters as a number. */
typedef struct up_target_row {
    /** name of the covariate */
    const char *covariate;
    /** label of the level, or "" for the mean of a number */
    const char *level;
    /** share or mean in the experiment */
    double experiment;
    /** in the target; NaN where nothing was said of it */
    double target;
    /** in the experiment with the weights */
    double weighted;
} up_target_row;

/** Gives the number of lines of the table of weights.
 *  @param[in] e effects of up_project()
 *  @return levels of the categorical covariates, and numbers; 0 without a target
 *  @par Cost O(1)
 *  @since 0.1 @par Stability experimental */
UP_API int64_t up_effects_target_rows(const up_effects *e);

/** Gives a line of the table of weights.
 *  @param[in] e effects of up_project()
 *  @param[in] i from 0
 *  @return by value; texts live as long as the model of e; NaN and "" where i is out of range
 *  @par Cost O(1)
 *  @since 0.1 @par Stability experimental */
UP_API up_target_row up_effects_target_row(const up_effects *e, int64_t i);

/** What a rule found in the observed periods of one metric, arm and segment. */
typedef struct up_forward_fit {
    /** name of the metric */
    const char *metric;
    /** the arm */
    const char *arm;
    /** the condition, or "" */
    const char *segment;
    /** a: the effect in the first period, above the level where there is one */
    double start;
    /** b: change per period; NaN but for linear */
    double slope;
    /** r: factor per period; NaN but for decay and level */
    double factor;
    /** c: the level in the long run; NaN but for level */
    double level;
    /** of start */
    double start_std_error;
    /** of slope; NaN where there is none */
    double slope_std_error;
    /** of factor; NaN where there is none */
    double factor_std_error;
    /** of level; NaN where there is none */
    double level_std_error;
    /** periods until the effect (above the level) is half; NaN unless 0 < factor < 1 */
    double half_life;
    /** low end of its interval, by way of the factor's */
    double half_life_low;
    /** high end; infinite where the effect may not decay */
    double half_life_high;
    /** statistic of lack of fit: (y - m)' S^-1 (y - m) */
    double lack_of_fit;
    /** periods less parameters */
    double lack_of_fit_df;
    /** its p-value by Hotelling's F, since S is estimated; NaN without degrees of freedom */
    double lack_of_fit_p_value;
} up_forward_fit;

/** Gives the number of fits of the rule.
 *  @param[in] e effects of up_project()
 *  @return one for each metric, arm and segment; 0 where nothing was carried forward
 *  @par Cost O(1)
 *  @since 0.1 @par Stability experimental */
UP_API int64_t up_effects_forward_fits(const up_effects *e);

/** Gives a fit of the rule.
 *  @param[in] e effects of up_project()
 *  @param[in] i from 0
 *  @return by value; texts live as long as e; NaN and "" where i is out of range
 *  @par Cost   O(1)
 *  @since 0.1 @par Stability experimental */
UP_API up_forward_fit up_effects_forward_fit(const up_effects *e, int64_t i);

#ifdef __cplusplus
}
#endif
#endif
