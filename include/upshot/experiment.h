/** @file
 *  An experiment: five roles, any mix of them, and what is measured. */
#ifndef UPSHOT_EXPERIMENT_H
#define UPSHOT_EXPERIMENT_H

#include <upshot/note.h>
#include <upshot/source.h>

#ifdef __cplusplus
extern "C" {
#endif

/** How units were randomised and what is measured. Opaque. */
typedef struct up_experiment up_experiment;

/** What to do with missing values. */
enum up_missing {
    /** UP_E_MISSING with counts by column and arm */
    UP_MISSING_REFUSE = 0,
    /** rows with any missing value are left out, with a note */
    UP_MISSING_DROP = 1,
    /** covariates: a level of their own (numbers: 0 and an indicator); rows with a
     *  missing metric or role are refused */
    UP_MISSING_INDICATOR = 2
};

/** How units were randomised. Each role names a column or an expression over columns. Only
 *  intent_to_treat is required. Arm labels may be text, integers, booleans or numbers (0.0, 1.0).
 *  One column has one role, but: treated or instrument may be the arm; a cluster may be the unit
 *  or the time. The filter may choose among arms by the arm's column alone; like a covariate, it
 *  may use nothing that was measured after treatment. The shares of expected_split add up to 1;
 *  labels may stand in quotes. */
typedef struct up_roles {
    /** set by UP_ROLES() */
    size_t struct_size;
    /** the arm a unit was assigned to */
    const char *intent_to_treat;
    /** the arm it actually received (arm labels, or 0/1 with two arms); NULL =
     *  full compliance */
    const char *treated;
    /** probability, known by design, that what was randomised (the instrument if
     *  given, else the arm) took the value it took; NULL = the same for all units */
    const char *propensity;
    /** what was randomised, if it is not intent_to_treat; NULL = intent_to_treat */
    const char *instrument;
    /** cluster of the unit; NULL = rows are independent */
    const char *cluster;
    /** a second way of clustering; NULL = none */
    const char *cluster2;
    /** identifier of the unit; used to find repeated rows */
    const char *unit;
    /** period of the row, for effects over time */
    const char *time;
    /** strata within which assignment was done; become a covariate */
    const char *strata;
    /** analytic weight of the row, > 0; NULL = 1 */
    const char *weight;
    /** label of the control arm; NULL = "control", "0", "false", "A" or the first */
    const char *control;
    /** e.g. "control=0.5,a=0.25,b=0.25"; NULL = equal shares */
    const char *expected_split;
    /** condition on the rows to analyse; NULL = all */
    const char *filter;
    /** enum up_missing */
    int64_t missing;
    /** 1: assignment was by cluster, so that a cluster in two arms is an error */
    int64_t assigned_by_cluster;
} up_roles;

/** Roles for one call: UP_ROLES(.intent_to_treat = "arm"). */
#define UP_ROLES(...) (&(up_roles){.struct_size = sizeof(up_roles), __VA_ARGS__})

/** Describes an experiment. Reads the schema, not the rows.
 *
 *  @param[in]  source borrowed; must outlive the experiment and what is fitted from it
 *  @param[in]  roles  copied; set struct_size with UP_ROLES()
 *  @param[out] out    the experiment; free with up_experiment_free()
 *  @param[out] err    the story of a failure; may be NULL
 *  @return UP_OK; UP_E_COLUMN, UP_E_EXPRESSION, UP_E_TYPE (field names the role);
 *          UP_E_ARGUMENT (no arm, a split that is not one, roles that contradict each
 *          other); UP_E_POST_TREATMENT (filter or strata); UP_E_OPTIONS_TOO_NEW;
 *          UP_E_NO_MEMORY
 *  @par Assumes  the arm of intent_to_treat (or the instrument) was assigned at random, with
 *                the stated propensities where there are any
 *  @par Cost     O(columns)
 *  @par Source   arXiv 2604.24116 sec. 3 (the five roles)
 *  @since 0.1 @par Stability experimental */
UP_API up_status up_experiment_new(up_source *source, const up_roles *roles,
    up_experiment **out, up_error *err) UP_MUST_USE;

/** Adds a metric.
 *
 *  @param[in]  e      the experiment, before it is compressed
 *  @param[in]  metric `sales`; `big = sales > 100` (a condition is a proportion);
 *                     `rev = if(country = 'US', usd, eur * 1.1)`; `ctr = ratio(clicks, views)`
 *                     (sum over sum). With a single '=' the left side is the name; where that
 *                     is a column of the source the text is refused as ambiguous: write == for
 *                     a comparison. Without a name the metric is called by its text
 *  @param[out] err    the story of a failure; may be NULL
 *  @return UP_OK; UP_E_EXPRESSION, UP_E_COLUMN, UP_E_TYPE; UP_E_ARGUMENT for a name used
 *          twice, a constant, or the column of the arm; UP_E_POST_TREATMENT when all its
 *          columns are conditioned on; UP_E_NO_MEMORY
 *  @par Cost O(length of the text)
 *  @since 0.1 @par Stability experimental */
UP_API up_status up_experiment_add_metric(
    up_experiment *e, const char *metric, up_error *err) UP_MUST_USE;

/** Adds a covariate measured before treatment; every metric is adjusted for all covariates.
 *  Text, boolean and factor(column) are categorical; numbers and numeric(boolean) enter
 *  linearly.
 *
 *  @param[in]  e         the experiment, before it is compressed
 *  @param[in]  covariate a column or an expression
 *  @param[out] err       the story of a failure; may be NULL
 *  @return UP_OK; UP_E_EXPRESSION, UP_E_COLUMN, UP_E_TYPE; UP_E_ARGUMENT (a covariate twice,
 *          the column of the arm); UP_E_POST_TREATMENT for a column marked by
 *          up_experiment_mark_post(), the treated column, or what a metric is made of;
 *          UP_E_NO_MEMORY
 *  @par Assumes  treatment cannot have changed the covariate
 *  @par Cost     O(length of the text)
 *  @since 0.1 @par Stability experimental */
UP_API up_status up_experiment_add_covariate(
    up_experiment *e, const char *covariate, up_error *err) UP_MUST_USE;

/** Adds a condition whose segment later questions may ask for, e.g. `age > 40`. It is kept
 *  with the compressed rows, but is not a term of the model. Adding one twice changes nothing.
 *
 *  @param[in]  e         the experiment, before it is compressed
 *  @param[in]  condition on columns measured before treatment
 *  @param[out] err       the story of a failure; may be NULL
 *  @return as up_experiment_add_covariate()
 *  @par Cost each condition may double the number of groups
 *  @since 0.1 @par Stability experimental */
UP_API up_status up_experiment_add_segment(
    up_experiment *e, const char *condition, up_error *err) UP_MUST_USE;

/** Marks a column as measured after treatment: it is refused as covariate or condition.
 *
 *  @param[in]  e      the experiment, before it is compressed
 *  @param[in]  column a column of the source
 *  @param[out] err    the story of a failure; may be NULL
 *  @return UP_OK; UP_E_COLUMN; UP_E_POST_TREATMENT when it is used as one already;
 *          UP_E_NO_MEMORY
 *  @par Cost O(columns)
 *  @since 0.1 @par Stability experimental */
UP_API up_status up_experiment_mark_post(
    up_experiment *e, const char *column, up_error *err) UP_MUST_USE;

/** Frees an experiment. Moments made of it may be used on, but a second pass over the rows
 *  is then no longer possible.
 *  @param[in] e may be NULL
 *  @par Cost O(roles + metrics + covariates)
 *  @since 0.1 @par Stability experimental */
UP_API void up_experiment_free(up_experiment *e);

#ifdef __cplusplus
}
#endif
#endif
