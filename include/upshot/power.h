/** @file
 *  Design before data: sample size, power and minimum detectable effect. */
#ifndef UPSHOT_POWER_H
#define UPSHOT_POWER_H

#include <upshot/effects.h>

#ifdef __cplusplus
extern "C" {
#endif

/** What a unit's outcome is. */
enum up_power_metric {
    UP_POWER_MEAN = 0,       /**< a mean with a standard deviation */
    UP_POWER_PROPORTION = 1, /**< a share; its variance follows from it */
    UP_POWER_RATIO = 2       /**< sum over sum, by linearisation */
};
/** What has to be shown. */
enum up_power_test {
    /** that the arms differ (or, one-sided, that an arm is better) */
    UP_POWER_SUPERIORITY = 0,
    /** that an arm is worse by less than the margin; one-sided at alpha */
    UP_POWER_NON_INFERIORITY = 1,
    /** that the arms differ by less than the margin either way: two one-sided tests, each
     *  at alpha */
    UP_POWER_EQUIVALENCE = 2
};
/** What is done about several arms against one control. */
enum up_power_adjust {
    UP_POWER_EACH_ALPHA = 0, /**< every comparison at alpha */
    UP_POWER_BONFERRONI = 1, /**< every comparison at alpha over their number */
    UP_POWER_DUNNETT = 2     /**< exact for comparisons that share a control */
};
/** Whose power, with several arms that all have the effect. */
enum up_power_of {
    UP_POWER_OF_EACH = 0, /**< of the comparison that has the least power */
    UP_POWER_OF_ANY = 1,  /**< at least one comparison rejects */
    UP_POWER_OF_ALL = 2   /**< every comparison rejects */
};
/** The variance that the test divides by. */
enum up_power_null {
    UP_POWER_UNPOOLED = 0, /**< of each arm, as up_infer_effect() does */
    UP_POWER_POOLED = 1    /**< of all arms under no effect, as the score test */
};

/** The most arms that a plan may have, control among them. */
#define UP_POWER_ARMS 32

/** A plan. Zero is the default everywhere. Give two of units, effect and power; the third is
 *  found: with `effect` alone units for power 0.8, with `units` alone the smallest effect that
 *  is found with power 0.8, with both the power. Under non-inferiority and equivalence `effect`
 *  is the true difference (0 is usual) and `margin` takes its place. */
typedef struct up_power_opts {
    /** set by UP_POWER_OPTS() */
    size_t struct_size;
    /** enum up_power_metric */
    int64_t metric;
    /** under control: the mean, the share, or the mean of the numerator */
    double mean;
    /** of a unit's value (mean) or numerator (ratio); not used for a share */
    double sd;
    /** ratio: mean of the denominator */
    double denominator_mean;
    /** ratio: of the denominator */
    double denominator_sd;
    /** ratio: of numerator and denominator, in [-1, 1] */
    double correlation;
    /** the effect of the arm on those who receive it, in the unit of the metric */
    double effect;
    /** 1: effect and margin are fractions of the baseline */
    int64_t relative;
    /** units assigned, all arms together */
    double units;
    /** wanted, in (0, 1) */
    double power;
    /** of the test, in (0, 0.5]; 0 = 0.05 */
    double alpha;
    /** enum up_sides: UP_GREATER finds increases only, UP_LESS decreases. A non-inferiority test is
     *  one-sided: with UP_LESS less is better, else more */
    int64_t sides;
    /** enum up_power_test */
    int64_t test;
    /** above 0, in the unit of the metric */
    double margin;
    /** with control; 0 = 2 */
    int64_t arms;
    /** (arms) of the units, control first; add up to 1; NULL = equal */
    const double *shares;
    /** enum up_power_adjust */
    int64_t adjust;
    /** enum up_power_of */
    int64_t power_of;
    /** enum up_power_null */
    int64_t null_variance;
    /** share of the variance that covariates explain, in [0, 1) */
    double r2;
    /** mean units of a cluster; 0 = units are independent */
    double cluster_size;
    /** coefficient of variation of the sizes of clusters */
    double cluster_cv;
    /** correlation of two units of a cluster, in [0, 1] */
    double icc;
    /** share of a treatment arm that receives it; 0 = 1 */
    double takeup;
    /** share of control that receives the treatment all the same */
    double crossover;
    /** share of the units whose outcome is never seen, in [0, 1) */
    double attrition;
    /** 1: the normal distribution in place of t */
    int64_t normal;
    /** known standard error of an effect (of assignment), at `known_units` units analysed in
     *  arms of `known_shares`; takes the place of sd, r2, icc. 0 = none */
    double known_std_error;
    /** units that it was found with */
    double known_units;
    /** shares of control and of the arm, of those units; 0 = a half each */
    double known_control_share;
    /** of the arm */
    double known_arm_share;
    /** enum up_inference: how often the data are looked at */
    int64_t inference;
    /** looks, 2 to 50, equally spaced; 0 = 5 for a group-sequential plan, 50 for one that may
     *  be looked at at any time, whose mixture is tuned to the planned size */
    int64_t n_looks;
    /** enum up_spending of the alpha */
    int64_t spending;
    /** of the spending function, where it has one */
    double spending_parameter;
    /** units that arrive per day; 0 = not known */
    double per_day;
} up_power_opts;

/** Options for one call: UP_POWER_OPTS(.effect = 0.1, .sd = 1). */
#define UP_POWER_OPTS(...)                                                             \
    (&(up_power_opts){.struct_size = sizeof(up_power_opts), __VA_ARGS__})

/** What a plan comes to. NaN where a value does not exist. */
typedef struct up_power_result {
    /** units to assign, all arms; whole, and whole clusters */
    double units;
    /** the same before rounding up */
    double units_exact;
    /** units of control */
    double control_units;
    /** units of the smallest other arm */
    double arm_units;
    /** clusters, all arms; NaN without */
    double clusters;
    /** at `units` */
    double power;
    /** of the treatment on those who receive it, in the unit of the metric */
    double effect;
    /** effect over baseline */
    double relative;
    /** effect of being assigned: effect times (takeup - crossover) */
    double itt_effect;
    /** margin in the unit of the metric; NaN without */
    double margin;
    /** mean, share or ratio under control */
    double baseline;
    /** of the effect of assignment of the least precise arm, at the last look */
    double std_error;
    /** of t at the last look; infinite under the normal distribution */
    double df;
    /** standard errors from 0 at which the test rejects, at the last look */
    double critical;
    /** variance with clusters over that without */
    double design_effect;
    /** units over those of a plan with one look */
    double inflation;
    /** units that are expected to be used if the effect is there */
    double expected_units;
    /** the same if there is none */
    double expected_units_null;
    /** units over per_day, rounded up; NaN without */
    double days;
} up_power_result;

/** Finds the sample size, the power or the minimum detectable effect of a plan.
 *
 *  The tests are those that up_infer_effect() makes: an unpooled difference over its standard
 *  error against t with (units - arms) degrees of freedom, or (clusters - arms). Power is exact
 *  for normal outcomes of equal variance; elsewhere it rests on the central limit theorem.
 *
 *  @param[in]  opts what is known; see up_power_opts
 *  @param[out] out  what it comes to
 *  @param[out] err  the story of a failure; may be NULL
 *  @return UP_OK; UP_E_ARGUMENT (field names the option that is missing, out of range or in
 *          conflict); UP_E_PLAN (no number of units reaches the power: the message says
 *          why); UP_E_OPTIONS_TOO_NEW; UP_E_NO_MEMORY
 *  @par Assumes units (or clusters) independent; effects small beside the spread; all arms but
 *               control share the spread of control
 *  @par Cost    microseconds for one look, up to a tenth of a second for 50 looks, seconds for
 *               Dunnett with many arms
 *  @par Source  docs/planning.md eqs. 1-9; Cohen (1988); Eldridge, Ashby & Kerry (2006) for
 *               clusters of unequal size; Dunnett (1955); Jennison & Turnbull (2000)
 *  @since 0.1 @par Stability experimental */
UP_API up_status up_power(
    const up_power_opts *opts, up_power_result *out, up_error *err) UP_MUST_USE;

/** Finds the same plan at a row of sizes: power where `effect` is given, else the minimum
 *  detectable effect.
 *
 *  @param[in]  opts  as for up_power(); its units (or those it finds) are the middle
 *  @param[in]  n     points, 2 to 1000; the sizes run from a quarter to twice the middle
 *  @param[out] out   (n) points
 *  @param[out] err   the story of a failure; may be NULL
 *  @return as up_power()
 *  @par Cost    n times up_power()
 *  @par Source  as up_power()
 *  @since 0.1 @par Stability experimental */
UP_API up_status up_power_curve(const up_power_opts *opts, int64_t n,
    up_power_result *out, up_error *err) UP_MUST_USE;

/** What past data say of a metric. NaN where they do not say. */
typedef struct up_power_history {
    /** enum up_power_metric */
    int64_t metric;
    /** rows of control and of the arm */
    double units;
    /** clusters of all rows; NaN without */
    double clusters;
    /** mean, share or ratio under control */
    double baseline;
    /** standard error of the effect of assignment, by the model as fitted */
    double std_error;
    /** rows of control over units */
    double control_share;
    /** rows of the arm over units */
    double arm_share;
    /** spread of a unit that the standard error amounts to, covariates and clusters included */
    double spread;
    /** share of the variance that the covariates take away; 0 without covariates */
    double r2;
    /** mean rows of a cluster */
    double cluster_size;
    /** coefficient of variation of the sizes */
    double cluster_cv;
    /** correlation of two units of a cluster, before covariates */
    double icc;
    /** share of the arm that received it; 1 under full compliance */
    double takeup;
    /** share of control that received the arm */
    double crossover;
    /** arms of the experiment; 0 for a history split in two */
    int64_t arms;
    /** (arms) of the rows, control first */
    double shares[UP_POWER_ARMS];
} up_power_history;

/** Reads off what a plan needs from data of the past: a history split in two, an A/A test, or an
 *  experiment that runs.
 *
 *  @param[in]  m      the moments; not changed but for the second pass of a fit
 *  @param[in]  opts   how the analysis will be fitted; NULL for defaults
 *  @param[in]  metric name; NULL = the first
 *  @param[in]  arm    label; NULL = the first that is not control
 *  @param[in]  run    NULL for defaults
 *  @param[out] out    what was found
 *  @param[out] err    the story of a failure; may be NULL
 *  @return UP_OK; UP_E_ARGUMENT (no such metric or arm); as up_fit_linear() and
 *          up_infer_effect()
 *  @par Assumes the units to come are like those of the past
 *  @par Cost    up to three fits; one more pass over the rows for the correlation within
 *               clusters where the moments lack it
 *  @par Source  docs/planning.md eqs. 8-9
 *  @since 0.1 @par Stability experimental */
UP_API up_status up_power_history_read(up_moments *m, const up_linear_opts *opts,
    const char *metric, const char *arm, const up_run *run, up_power_history *out,
    up_error *err) UP_MUST_USE;

/** Puts what was found into a plan: baseline, standard error, clusters, compliance, and the shares
 *  of the arms. Members of the plan that are not 0 stay as they are.
 *  @param[in]     h    what was found; the plan borrows its shares
 *  @param[in,out] opts the plan
 *  @par Cost O(1)
 *  @since 0.1 @par Stability experimental */
UP_API void up_power_history_use(const up_power_history *h, up_power_opts *opts);

/** The column that up_power_split() adds. */
#define UP_POWER_SPLIT "upshot_split"

/** Makes a source of a history without arms: its rows, and a column that deals them (or whole
 *  clusters) to two arms at random, so that a model can be fitted as if it were an experiment
 *  without an effect.
 *
 *  @param[in]  source  borrowed: must outlive the new source
 *  @param[in]  cluster column whose rows stay together; NULL = each row on its own
 *  @param[in]  run     its seed decides; NULL for defaults
 *  @param[out] out     the source; free with up_source_free()
 *  @param[out] err     the story of a failure; may be NULL
 *  @return UP_OK; UP_E_COLUMN; UP_E_EXPRESSION; UP_E_TYPE; UP_E_ARGUMENT (the column is there
 *          already); UP_E_NO_MEMORY
 *  @par Cost O(columns); a random number per row when it is read
 *  @since 0.1 @par Stability experimental */
UP_API up_status up_power_split(up_source *source, const char *cluster,
    const up_run *run, up_source **out, up_error *err) UP_MUST_USE;

/** What a simulated plan comes to. */
typedef struct up_power_simulated {
    /** share of the replicates that reject */
    double power;
    /** of that share */
    double std_error;
    /** mean of the estimated effects of assignment */
    double mean_estimate;
    /** share of the 95 % intervals that hold the effect put in */
    double coverage;
    /** that could be fitted */
    int64_t replicates;
} up_power_simulated;

/** Finds power by simulation: experiments of the wanted size are drawn from moments, an effect is
 *  put into the arm, each is fitted and tested as real data are.
 *
 *  Clusters are drawn whole, with replacement, and dealt to the arms. Independent rows are drawn
 *  through their sums: how many there are of each kind, and the mean and variance of each kind,
 *  from their distributions.
 *
 *  @param[in]  m          moments of one metric that is not a ratio, with two arms and without
 *                         continuous covariates
 *  @param[in]  linear     how to fit; NULL for defaults
 *  @param[in]  opts       effect (of assignment), units, alpha, sides; relative and shares too.
 *                         0 units = as many as the moments have
 *  @param[in]  replicates 10 to 100,000
 *  @param[in]  run        its seed decides; NULL for defaults
 *  @param[out] out        power with its standard error
 *  @param[out] err        the story of a failure; may be NULL
 *  @return UP_OK; UP_E_ARGUMENT; UP_E_NEEDS_ROWS (moments that cannot be drawn from);
 *          UP_E_STOPPED; as up_fit_linear(); UP_E_NO_MEMORY
 *  @par Assumes the units to come are like those of the past
 *  @par Cost    replicates times a fit
 *  @par Source  Efron & Tibshirani (1993) ch. 6 and 8; docs/planning.md eq. 9
 *  @since 0.1 @par Stability experimental */
UP_API up_status up_power_simulate(up_moments *m, const up_linear_opts *linear,
    const up_power_opts *opts, int64_t replicates, const up_run *run,
    up_power_simulated *out, up_error *err) UP_MUST_USE;

#ifdef __cplusplus
}
#endif
#endif
