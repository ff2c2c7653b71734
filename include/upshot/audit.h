/** @file
 *  A first look with a sceptic's eye: which columns may have which role, and which traps the rows
 *  hold. */
#ifndef UPSHOT_AUDIT_H
#define UPSHOT_AUDIT_H

#include <upshot/note.h>
#include <upshot/run.h>
#include <upshot/source.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Proposals of roles and warnings about a table. Opaque. */
typedef struct up_audit up_audit;

/** What is known already, as names of columns; it sharpens the traps. */
typedef struct up_audit_opts {
    /** set by UP_AUDIT_OPTS() */
    size_t struct_size;
    /** the arm assigned; NULL = look for it */
    const char *intent_to_treat;
    /** the arm received */
    const char *treated;
    /** the probability of what was assigned: means by arm are then weighted by its inverse */
    const char *propensity;
    /** identifier of the unit */
    const char *unit;
    /** units assigned together */
    const char *cluster;
    /** period of the row */
    const char *time;
    /** date or timestamp of the assignment of the row's unit */
    const char *assigned_at;
    /** (n_metrics) outcomes */
    const char *const *metrics;
    /** 0 = none */
    int64_t n_metrics;
    /** (n_covariates) columns taken as known before the assignment */
    const char *const *covariates;
    /** 0 = none */
    int64_t n_covariates;
    /** "2026-01-31": the day after which no row can be; NULL = not known, as no clock is read */
    const char *as_of;
} up_audit_opts;

/** Options for one call: UP_AUDIT_OPTS(.intent_to_treat = "arm"). */
#define UP_AUDIT_OPTS(...)                                                             \
    (&(up_audit_opts){.struct_size = sizeof(up_audit_opts), __VA_ARGS__})

/** A column that may have a role. Texts live as long as the audit. */
typedef struct up_proposal {
    /** the option it is for: "itt", "treated", "propensity", "instrument", "cluster", "unit",
     *  "time", "assigned-at", "strata", "weight", "metric", "covariates" */
    const char *role;
    /** name of the column */
    const char *column;
    /** in (0, 1]: how well name and values fit; 1 = declared by the caller. Not a probability */
    double score;
    /** 1: part of the analysis that is proposed */
    int64_t chosen;
    /** why, in words with numbers */
    const char *reason;
} up_proposal;

/** Proposes roles and looks for traps, in one pass over the rows beyond that of the description
 *  (two where the clusters are found by it only).
 *
 *  Roles are proposed from names (parts of them, in any case) and values: labels and shares of arms, one
 *  arm within a unit or cluster, values of which no two are alike, sums of inverse propensities. Traps are
 *  notes: W_AFFECTED (a column taken as known before differs by arm with p < 1e-6, by means
 *  whose error comes from groups of whole clusters), W_IDENTIFIER, W_SENTINEL, W_REPEATED_UNITS,
 *  W_CROSSOVER, W_DUPLICATE_ROWS, W_TIME_TRAVEL, W_ARM_LABELS, W_RARE_ARM. Units are counted one by one
 *  up to 65,536; above, in a sample of at least half as many, drawn by a hash of the unit, with all of
 *  their rows. All sums are of integers, so that the answer is the same for any number of threads.
 *
 *  @param[in]  source      the rows, which are read again
 *  @param[in]  description of the same source, by up_source_describe()
 *  @param[in]  opts        NULL = nothing is known
 *  @param[in]  run         threads, progress, stopping; NULL for defaults
 *  @param[out] out         the audit; free with up_audit_free()
 *  @param[out] err         the story of a failure; may be NULL
 *  @return UP_OK; UP_E_COLUMN (no such column); UP_E_TYPE (assigned_at is no date; a propensity that is no
 *          number; a column of no usable type); UP_E_ARMS (the arm has fewer than 2 values or more than
 *          64); UP_E_ARGUMENT (as_of is no date; the description is of another source);
 *          UP_E_OPTIONS_TOO_NEW; UP_E_SOURCE; UP_E_ENGINE; UP_E_STOPPED; UP_E_NO_MEMORY
 *  @par Assumes clusters, else units, else rows are independent
 *  @par Cost    O(rows * columns) time; per thread 4 MiB for each of at most 6 identifiers, and 4 KiB per
 *               covariate, arm and level
 *  @par Source  random groups: Wolter (2007) ch. 2; self-normalised: Efron (1969); docs/audit.md eqs. 1-3
 *  @since 0.1 @par Stability experimental */
UP_API up_status up_source_audit(up_source *source, const up_description *description,
    const up_audit_opts *opts, const up_run *run, up_audit **out,
    up_error *err) UP_MUST_USE;

/** Gives the number of proposals.
 *  @param[in] a the audit
 *  @return proposals
 *  @par Cost O(1)
 *  @since 0.1 @par Stability experimental */
UP_API int64_t up_audit_count(const up_audit *a);

/** Gives one proposal.
 *  @param[in] a the audit
 *  @param[in] i from 0: by role in the order of up_proposal, the best of a role first
 *  @return by value; empty texts where i is out of range
 *  @par Cost O(1)
 *  @since 0.1 @par Stability experimental */
UP_API up_proposal up_audit_get(const up_audit *a, int64_t i);

/** Gives the number of traps that were found.
 *  @param[in] a the audit
 *  @return notes
 *  @par Cost O(1)
 *  @since 0.1 @par Stability experimental */
UP_API int64_t up_audit_notes(const up_audit *a);

/** Gives a trap as a note: the column in field, the numbers and what to do in text.
 *  @param[in] a the audit
 *  @param[in] i from 0
 *  @return the note by value; an empty one where i is out of range
 *  @par Cost O(1)
 *  @since 0.1 @par Stability experimental */
UP_API up_note up_audit_note(const up_audit *a, int64_t i);

/** Frees an audit.
 *  @param[in] a may be NULL
 *  @par Cost O(proposals)
 *  @since 0.1 @par Stability experimental */
UP_API void up_audit_free(up_audit *a);

#ifdef __cplusplus
}
#endif
#endif
