/** @file
 *  Design before data: sample size, power and minimum detectable effect. */
#ifndef UPSHOT_POWER_H
#define UPSHOT_POWER_H

#include <upshot/effects.h>
#include <upshot/run.h>

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
 *  @par Cost    microseconds for one look, up to a second for 50 looks or Dunnett
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

#ifdef __cplusplus
}
#endif
#endif
