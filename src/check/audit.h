/* The parts of an audit: what names say (audit_words.c), a sample of units (audit_sample.c), the pass
 * over the rows (audit_scan.c), roles (audit_roles.c), traps (audit_traps.c). */
#ifndef UPI_CHECK_AUDIT_H
#define UPI_CHECK_AUDIT_H

#include "base/base.h"
#include "engine/engine.h"

#include <upshot/audit.h>

/* ---- names ---- */

typedef enum upi_word {
    UPI_WORD_ARM,
    UPI_WORD_TREATED,
    UPI_WORD_INSTRUMENT,
    UPI_WORD_PROPENSITY,
    UPI_WORD_CLUSTER,
    UPI_WORD_UNIT,
    UPI_WORD_ID,
    UPI_WORD_TIME,
    UPI_WORD_ASSIGNED,
    UPI_WORD_PRE,
    UPI_WORD_ATTRIBUTE,
    UPI_WORD_OUTCOME,
    UPI_WORD_STRATA,
    UPI_WORD_WEIGHT,
    UPI_WORD_AFTER,
    UPI_WORDS
} upi_word;

/* How well a name fits: 3 all of its words do and one says it plainly; 2 one says it plainly, or
 * all hint at it; 1 one hints at it; 0 none. */
int upi_name_fit(const char *name, upi_word kind);
bool upi_name_ends_in_id(const char *name);
/* "control", "B", "variant 2". */
bool upi_label_of_arm(const char *label);

/* ---- units ---- */

enum { UPI_SAMPLE_UNITS = 65536 };

typedef struct upi_sampled {
    uint64_t key; /* 0 = free */
    uint64_t arm; /* hash of the first arm seen, 0 = none */
    int64_t rows;
    bool crosses; /* it has rows in two arms */
} upi_sampled;

typedef struct upi_sample {
    upi_sampled *slots;
    int64_t n, n_slots;
    int level; /* leading bits of the key that are 0 */
} upi_sample;

/* What a sample says. */
typedef struct upi_repeats {
    int64_t units, rows, repeated, crossing; /* in the sample */
    double all;                              /* units there are, about */
    bool whole;                              /* the sample is everyone */
} upi_repeats;

/* A row of the unit with this hash, in an arm (0 = none). */
up_status upi_sample_add(upi_sample *s, uint64_t hash, uint64_t arm, up_error *err);
up_status upi_sample_merge(upi_sample *s, const upi_sample *other, up_error *err);
void upi_sample_count(const upi_sample *s, upi_repeats *out);
void upi_sample_free(upi_sample *s);

/* ---- columns ---- */

typedef struct upi_audit_column {
    up_column_info info;
    const upi_level *levels; /* all values where they are few; borrowed */
    int64_t n_levels;
    upi_type type;
    bool usable;            /* no list, blob or the like */
    bool metric, covariate; /* declared */
    int fit[UPI_WORDS];
} upi_audit_column;

/* A role as an index of a column, -1 = none. */
typedef struct upi_audit_roles {
    int64_t arm, treated, propensity, unit, cluster, time, assigned_at;
} upi_audit_roles;

/* ---- the pass over the rows ---- */

enum {
    UPI_AUDIT_GROUPS = 256,   /* random groups of clusters */
    UPI_AUDIT_TESTS = 128,    /* covariates that are compared by arm */
    UPI_AUDIT_LEVELS = 32,    /* of a covariate that is compared */
    UPI_AUDIT_IDS = 4,        /* identifiers that are counted */
    UPI_AUDIT_SENTINELS = 12, /* numbers, or days, that stand for a missing value */
    UPI_AUDIT_WORDS = 16      /* texts that do */
};

enum { UPI_COMPARE_NOT = 0, UPI_COMPARE_VALUES = 1, UPI_COMPARE_LEVELS = 2 };

/* Sums of a random group: of the weight, and of the weight times the value. */
typedef struct upi_audit_cell {
    uint64_t w, wx;
} upi_audit_cell;

/* A covariate compared by arm: cells by arm and group, and for labels by level before them. */
typedef struct upi_audit_test {
    int64_t column, n_levels; /* 0 = a number */
    upi_audit_cell *cells;    /* (max(1, n_levels) * arms * UPI_AUDIT_GROUPS) */
    int64_t *rows;            /* (max(1, n_levels) * arms) */
} upi_audit_test;

/* Values that may stand for a missing one, and what is left without them. */
typedef struct upi_audit_odd {
    int64_t count[UPI_AUDIT_WORDS];
    int64_t rest; /* values that are none of them */
    double low, high;
} upi_audit_odd;

/* Dates against that of the assignment, and against the last day there can be. */
typedef struct upi_audit_dates {
    int64_t before, after, same, late;
} upi_audit_dates;

typedef struct upi_audit_scan {
    /* what to look at */
    const upi_audit_column *columns;
    int64_t n_columns, n_arms;
    upi_audit_roles roles;
    int64_t group;       /* column of what is independent, -1 = rows */
    const int *compared; /* (n_columns) how it is compared by arm: enum below */
    bool has_as_of;
    int64_t as_of; /* days */
    int64_t ids[UPI_AUDIT_IDS], n_ids;
    /* what was found */
    int64_t rows;
    int64_t *arm_rows;    /* (n_arms) */
    uint64_t *arm_weight; /* (n_arms) */
    upi_audit_test *tests;
    int64_t n_tests;
    upi_audit_odd *odd;     /* (n_columns) */
    upi_audit_dates *dates; /* (n_columns) */
    upi_sample id[UPI_AUDIT_IDS], by_time, whole_rows;
} upi_audit_scan;

/* Weights are in units of 1/64, values in 1/65536 standard deviations from the mean. */
#define UPI_AUDIT_WEIGHT 64.0
#define UPI_AUDIT_VALUE  65536.0

up_status upi_audit_scan_run(
    up_source *source, upi_audit_scan *scan, const up_run *run, up_error *err);
void upi_audit_scan_clear(upi_audit_scan *scan);
/* The test of a column, or NULL. */
const upi_audit_test *upi_audit_test_of(const upi_audit_scan *scan, int64_t column);
/* Numbers, days and texts that may stand for a missing value; false behind the last. */
bool upi_sentinel_number(int i, double *value);
bool upi_sentinel_day(int i, int64_t *day);
const char *upi_sentinel_word(int i);
/* Which of the texts it is, but for case and spaces around it; -1 = none. */
int upi_sentinel_word_of(const char *s, size_t n);

/* Two-sided p-value below which a covariate is said to differ by arm: over a thousand columns the
 * chance of a false alarm stays below one in a thousand (Bonferroni). */
#define UPI_AUDIT_AFFECTED 1e-6

/* The largest difference of a covariate between an arm and the others. */
typedef struct upi_audit_difference {
    double p;           /* times the comparisons that were made */
    int64_t arm;        /* level of the arm */
    int64_t level;      /* of the covariate, -1 = a number */
    double mean, other; /* in its unit; shares for a level */
} upi_audit_difference;
bool upi_audit_compare(
    const upi_audit_scan *scan, const upi_audit_test *test, upi_audit_difference *out);

/* ---- the audit ---- */

typedef struct upi_proposed {
    up_proposal value;
    int64_t column;
    char *reason;
} upi_proposed;

struct up_audit {
    upi_audit_column *columns;
    int64_t n_columns, n_rows;
    char **names;                    /* (n_columns) owned copies */
    upi_audit_roles declared, roles; /* as declared; as worked with */
    upi_proposed *items;
    int64_t n, capacity;
    upi_notes notes;
};

/* Before the pass: the arm, the propensity, identifiers, covariates to compare, the group. */
up_status upi_audit_choose(
    up_audit *a, upi_audit_scan *scan, int *compared, up_error *err);
/* After it: true where clusters were found that the pass did not know of; it is to be done again. */
bool upi_audit_regroup(const up_audit *a, upi_audit_scan *scan);
/* From names, values and the pass to proposals. */
up_status upi_audit_propose(up_audit *a, const upi_audit_scan *scan, up_error *err);
up_status upi_audit_traps(up_audit *a, const upi_audit_scan *scan, up_error *err);
/* The covariate is known to be from before, by declaration or by its name. */
bool upi_audit_is_before(const upi_audit_column *c);
/* What was found of the identifier, or NULL. */
const upi_sample *upi_audit_id(const upi_audit_scan *scan, int64_t column);
/* How well a column may be the arm, the time, the date of assignment; 0 = it cannot be. */
double upi_audit_arm_score(const upi_audit_column *c);
double upi_audit_time_score(const upi_audit_column *c);
double upi_audit_assigned_score(const upi_audit_column *c);
/* The proposal of a role that was chosen for the column, or NULL. */
const upi_proposed *upi_audit_proposed(
    const up_audit *a, const char *role, int64_t column);
/* Few of its units that occur more than once are in two arms. */
bool upi_repeats_one_arm(const upi_repeats *r);
/* All values of nearly all rows differ, or the name says so. */
bool upi_audit_is_identifier(const up_audit *a, int64_t column);
bool upi_audit_is_date(const upi_audit_column *c);

#endif
