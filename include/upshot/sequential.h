/** @file
 *  Plans of experiments that are looked at more than once: group-sequential boundaries. */
#ifndef UPSHOT_SEQUENTIAL_H
#define UPSHOT_SEQUENTIAL_H

#include <upshot/status.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Which alternatives a test of no effect looks at. */
enum up_sides {
    UP_TWO_SIDED = 0, /**< any effect */
    UP_GREATER = 1,   /**< an increase; intervals have no upper end */
    UP_LESS = 2       /**< a decrease; intervals have no lower end */
};

/** How the error probability of a group-sequential plan is spread over its looks. All but the last
 *  are spending functions, for looks at any information; their formulas: docs/sequential.md. */
enum up_spending {
    UP_SPENDING_OBRIEN_FLEMING = 0, /**< like O'Brien and Fleming: little at first */
    UP_SPENDING_POCOCK = 1, /**< like Pocock: nearly the same bound at each look */
    UP_SPENDING_HWANG_SHIH_DECANI = 2, /**< parameter gamma, usual -4 */
    UP_SPENDING_POWER = 3,             /**< alpha t^rho, Kim and DeMets; usual rho 3 */
    /** bounds c t^(parameter - 1/2) for looks that are all known: 0, the usual value, is O'Brien and
     *  Fleming's own design, 0.5 Pocock's */
    UP_SPENDING_WANG_TSIATIS = 4
};

/** What a bound of futility does to the bounds of efficacy. */
enum up_futility {
    UP_FUTILITY_NONE = 0,       /**< no stopping for futility */
    UP_FUTILITY_NONBINDING = 1, /**< may be overruled: alpha holds all the same */
    UP_FUTILITY_BINDING = 2     /**< will be obeyed: alpha counts on it */
};

/** A plan of looks. */
typedef struct up_boundary_opts {
    /** set by UP_BOUNDARY_OPTS */
    size_t struct_size;
    /** type I error over all looks and sides, in (0, 1); 0 = 0.05 */
    double alpha;
    /** enum up_sides: 0 two-sided, 1 or 2 one-sided */
    int64_t sides;
    /** enum up_spending */
    int64_t spending;
    /** of its parameter; 0 = the usual one */
    double spending_parameter;
    /** (n_looks) information at the looks, ascending and above 0, in any unit (rows, clusters,
     *  weeks): the last one is the end of the plan. NULL = equal steps */
    const double *information;
    /** 0 = 5 */
    int64_t n_looks;
    /** 1: the bounds of anytime-valid inference at these looks, tuned to the last of them;
     *  `spending` is then not used */
    int64_t anytime;
    /** enum up_futility; one-sided plans only */
    int64_t futility;
    /** enum up_spending, of beta = 1 - power */
    int64_t futility_spending;
    /** of its parameter; 0 = the usual one */
    double futility_parameter;
    /** that the drift is to be found with, in (alpha, 1); 0 = 0.8 */
    double power;
    /** expected statistic at the end of the plan, if it is to be given and not found: effect over
     *  the standard error planned for the end; 0 = from `power`. At most 15 */
    double drift;
} up_boundary_opts;

/** Options for one call: UP_BOUNDARY_OPTS(.n_looks = 4). */
#define UP_BOUNDARY_OPTS(...)                                                          \
    (&(up_boundary_opts){.struct_size = sizeof(up_boundary_opts), __VA_ARGS__})

/** One look of a plan. Probabilities are of stopping at this look, before any other. */
typedef struct up_look {
    /** fraction of the planned information */
    double information;
    /** the statistic that rejects: its size two-sided, else in the direction of the side;
     *  infinite where nothing can be spent yet */
    double efficacy;
    /** p-value of a statistic at that bound, as if it were the only look */
    double nominal_p;
    /** part of alpha spent so far */
    double spent;
    /** the statistic at or below which the plan gives up; NaN without */
    double futility;
    /** part of beta spent so far; NaN without */
    double futility_spent;
    /** of rejecting here under no effect; two-sided, through either bound */
    double reject_null;
    /** of rejecting here under the drift, in its direction */
    double reject_drift;
    /** of giving up here under no effect; at the last look, of not rejecting */
    double futile_null;
    /** of giving up here under the drift */
    double futile_drift;
} up_look;

/** A plan as a whole, as resolved. */
typedef struct up_boundary_plan {
    /** looks of the plan */
    int64_t n_looks;
    /** type I error planned */
    double alpha;
    /** enum up_sides */
    int64_t sides;
    /** enum up_spending */
    int64_t spending;
    /** of its parameter; NaN where it has none */
    double spending_parameter;
    /** 1: bounds of anytime-valid inference */
    int64_t anytime;
    /** precision of its mixture over the planned information; NaN without */
    double mixture;
    /** enum up_futility */
    int64_t futility;
    /** probability of rejecting under the drift, in its direction */
    double power;
    /** expected statistic at the end of the plan */
    double drift;
    /** information of this plan over that of a test with one look and the same power */
    double inflation;
    /** probability of rejecting under no effect, futility bounds obeyed */
    double type_one_error;
    /** expected information at the end, as a fraction of the plan: under no effect */
    double expected_null;
    /** under half the drift */
    double expected_half;
    /** under the drift */
    double expected_drift;
} up_boundary_plan;

/** The bounds of a plan of looks. Opaque. */
typedef struct up_boundaries up_boundaries;

/** Finds the bounds of a plan of looks, its power and what it costs.
 *
 *  Two-sided, the bounds are +-efficacy and leaving through either counts, each side having half
 *  of alpha; this is what rpact does.
 *
 *  @param[in]  opts NULL for defaults: five equal steps, 5 % two-sided, O'Brien-Fleming type
 *  @param[out] out  the bounds; free with up_boundaries_free()
 *  @param[out] err  the story of a failure; may be NULL
 *  @return UP_OK; UP_E_ARGUMENT (an option out of range, futility with two sides or with
 *          anytime bounds, a power that no drift up to 15 reaches); UP_E_OPTIONS_TOO_NEW;
 *          UP_E_NO_MEMORY
 *  @par Assumes statistics of the looks jointly normal with independent increments of
 *               information, as estimates of one effect on growing data are in large samples
 *  @par Cost    a fraction of a millisecond for five looks, about a second for 1,000; more with a
 *               drift to be found
 *  @par Source  Lan & DeMets (1983); Jennison & Turnbull (2000), ch. 7 and 19; Wang & Tsiatis
 *               (1987); Pampallona, Tsiatis & Kim (2001) for futility; docs/sequential.md
 *  @since 0.1 @par Stability experimental */
UP_API up_status up_boundaries_find(
    const up_boundary_opts *opts, up_boundaries **out, up_error *err) UP_MUST_USE;

/** Gives the plan as a whole.
 *  @param[in] b the bounds
 *  @return by value
 *  @par Cost O(1)
 *  @since 0.1 @par Stability experimental */
UP_API up_boundary_plan up_boundaries_plan(const up_boundaries *b);

/** Gives one look.
 *  @param[in] b    the bounds
 *  @param[in] look from 0
 *  @return by value; all NaN for a look that is not there
 *  @par Cost O(1)
 *  @since 0.1 @par Stability experimental */
UP_API up_look up_boundaries_look(const up_boundaries *b, int64_t look);

/** Frees the bounds.
 *  @param[in] b may be NULL
 *  @par Cost O(1)
 *  @since 0.1 @par Stability experimental */
UP_API void up_boundaries_free(up_boundaries *b);

#ifdef __cplusplus
}
#endif
#endif
