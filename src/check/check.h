/* What the checks share: the list they write to, the thresholds, counts by assigned arm. */
#ifndef UPI_CHECK_H
#define UPI_CHECK_H

#include "base/base.h"
#include "fit/model.h"

#include <upshot/check.h>

/* A sample ratio this unlikely is taken for a defect (Fabijan et al. 2019 use 0.0005, most
 * platforms 0.001); above it, up to the second bound, it is worth a look. */
#define UPI_SRM_FAIL 1e-3
#define UPI_SRM_WARN 1e-2
/* Two-sided p-value below which a difference between the arms that chance should not make is
 * reported; the same as for the sample ratio, because many columns are looked at. */
#define UPI_CHANCE 1e-3
/* Covariates this far apart were measured after treatment, or arms were not assigned by chance:
 * either way the adjusted difference is no effect. Chance does it once in a million tests. */
#define UPI_BALANCE_FAIL 1e-6
/* First-stage F: below 10 the normal interval of two-stage least squares misleads (Staiger &
 * Stock 1997). Below 3.84, the 95% point of chi-square with 1 degree of freedom, the
 * Anderson-Rubin (Fieller) set is unbounded: the data say nothing about the size. */
#define UPI_FIRST_STAGE_WARN 10.0
#define UPI_FIRST_STAGE_FAIL 3.84
/* Below a tenth of compliers the interval is more than ten times as wide as that of the
 * intent to treat, and every breach of exclusion is multiplied by ten. */
#define UPI_COMPLIANCE_WARN 0.1
/* Kish's effective number of rows as a share of the rows of an arm. */
#define UPI_EFFECTIVE_WARN 0.5
#define UPI_EFFECTIVE_FAIL 0.1
/* One row weighs as much as a hundred: Crump et al. (2009) trim at 0.1, which costs rows that
 * a designed experiment can use; the bound here only speaks of extremes. */
#define UPI_PROPENSITY_LOW 0.01
/* Sums of inverse propensities may be off by chance; by more than this share, and not by
 * chance, the column is not the probability of the assigned arm. */
#define UPI_PROPENSITY_OFF 0.1
/* Sizes: below 30 rows the normal approximation is rough for skewed metrics; one row, or one
 * cluster, has no variance. Clusters: 5 by arm and 30 in all (Cameron & Miller 2015 sec. VI). */
#define UPI_ROWS_WARN         30
#define UPI_ROWS_FAIL         2
#define UPI_CLUSTERS_ARM_WARN 5
#define UPI_CLUSTERS_WARN     30
#define UPI_CLUSTERS_FAIL     2
/* Differences of means that the balance test takes together at most. */
#define UPI_BALANCE_LARGEST 400

enum { UPI_PASSED = 0, UPI_WARNED = 1, UPI_FAILED = 2, UPI_NOT_APPLICABLE = 3 };

/* One finding; the text is made when it is put on the list. code "" when passed. */
typedef struct upi_finding {
    const char *name; /* static */
    int64_t verdict;
    double number, threshold;
    const char *code; /* static */
} upi_finding;

up_status upi_checks_put(up_checks *c, const upi_finding *f, up_error *err,
    const char *fmt, ...) UP_PRINTF(4, 5);
up_status upi_checks_skip(
    up_checks *c, const char *name, up_error *err, const char *why);

/* Rows and clusters of each level of the key that holds what was assigned. */
typedef struct upi_arm_counts {
    int64_t key; /* the instrument's, else the arm's */
    int64_t n_arms, ways;
    double *rows; /* (n_arms) */
    double
        *clusters[2]; /* (n_arms) clusters with rows in the arm, by way; NULL without */
    int64_t total[2]; /* clusters, by way */
    bool nested;      /* every cluster of way 1 is in one arm */
} upi_arm_counts;
up_status upi_arm_counts_make(const up_moments *m, upi_arm_counts *out, up_error *err);
/* Fills the part of clusters. */
up_status upi_clusters_count(const up_moments *m, upi_arm_counts *a, up_error *err);
void upi_arm_counts_free(upi_arm_counts *a);
static inline int32_t
upi_assigned(const up_moments *m, const upi_arm_counts *a, int64_t group)
{
    return upi_moments_code(m, group, a->key);
}
/* Groups g and g-1 are of one cluster of way 1 (groups stand in the order of clusters). */
static inline bool
upi_same_cluster(const up_moments *m, int64_t g)
{
    return g > 0 && m->cluster[0][g] == m->cluster[0][g - 1];
}

/* The checks, each of one file or part of one. */
up_status upi_check_sample_ratio(
    const up_model *m, const upi_arm_counts *a, up_checks *c, up_error *err);
up_status upi_check_missing(
    const up_model *m, const upi_arm_counts *a, up_checks *c, up_error *err);
up_status upi_check_rows(
    const up_model *m, const upi_arm_counts *a, up_checks *c, up_error *err);
up_status upi_check_clusters(
    const up_model *m, const upi_arm_counts *a, up_checks *c, up_error *err);
up_status upi_check_compliance(const up_model *m, up_checks *c, up_error *err);
up_status upi_check_first_stage(const up_model *m, up_checks *c, up_error *err);
up_status upi_check_overlap(
    const up_model *m, const upi_arm_counts *a, up_checks *c, up_error *err);
up_status upi_check_propensity(
    const up_model *m, const upi_arm_counts *a, up_checks *c, up_error *err);
up_status upi_check_balance(
    const up_model *m, const upi_arm_counts *a, up_checks *c, up_error *err);

/* An arm less control in one covariate. Texts are the model's. */
typedef struct upi_difference {
    const char *term, *arm, *against;
    double difference, standardized; /* NaN where the covariate does not vary */
} upi_difference;
/* All of them, covariate by covariate; none where rows have weights of their own. The caller
 * frees *out. */
up_status upi_differences(
    const up_model *m, upi_difference **out, int64_t *n, up_error *err);

#endif
