/* Clusters by assigned arm. Groups stand in the order of their clusters of way 1, so that
 * these are counted in one pass; those of way 2 are sorted by (cluster, arm) first. */
#include "check/check.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

typedef struct pair {
    uint64_t cluster;
    int32_t arm;
} pair;

static int
compare(const void *x, const void *y)
{
    const pair *a = x;
    const pair *b = y;
    if (a->cluster != b->cluster) {
        return a->cluster < b->cluster ? -1 : 1;
    }
    return (a->arm > b->arm) - (a->arm < b->arm);
}

/* Counts the distinct pairs; more pairs than clusters means that some cluster has two arms. */
static up_status
count_way(const up_moments *m, int way, upi_arm_counts *a, up_error *err)
{
    up_status status = UP_OK;
    pair *pairs = NULL;
    UP_TRY(UP_NEW(&pairs, m->n_groups, err));
    UP_TRY(UP_NEW(&a->clusters[way], a->n_arms, err));
    for (int64_t g = 0; g < m->n_groups; g++) {
        pairs[g] = (pair){m->cluster[way][g], upi_assigned(m, a, g)};
    }
    qsort(pairs, (size_t)m->n_groups, sizeof *pairs, compare);
    int64_t distinct = 0;
    for (int64_t g = 0; g < m->n_groups; g++) {
        bool new_cluster = g == 0 || pairs[g].cluster != pairs[g - 1].cluster;
        if (new_cluster || pairs[g].arm != pairs[g - 1].arm) {
            a->clusters[way][pairs[g].arm] += 1.0;
            distinct++;
        }
        a->total[way] += new_cluster ? 1 : 0;
    }
    if (way == 0) {
        a->nested = distinct == a->total[0];
    }
out:
    upi_free(pairs);
    return status;
}

up_status
upi_clusters_count(const up_moments *m, upi_arm_counts *a, up_error *err)
{
    up_status status = UP_OK;
    for (int way = 0; way < (int)m->ways; way++) {
        UP_TRY(count_way(m, way, a, err));
    }
out:
    return status;
}

up_status
upi_check_clusters(
    const up_model *m, const upi_arm_counts *a, up_checks *c, up_error *err)
{
    const upi_key *key = &m->moments->keys[a->key];
    upi_finding f = {
        "clusters per arm", UPI_PASSED, INFINITY, UPI_CLUSTERS_ARM_WARN, ""};
    if (a->ways == 0) {
        return upi_checks_skip(
            c, f.name, err, "no cluster role: rows are taken as independent");
    }
    int64_t arm = 0;
    int64_t total = a->total[0];
    for (int way = 0; way < (int)a->ways; way++) {
        total = a->total[way] < total ? a->total[way] : total;
        for (int64_t i = 0; i < a->n_arms; i++) {
            if (a->clusters[way][i] < f.number) {
                f.number = a->clusters[way][i];
                arm = i;
            }
        }
    }
    if (f.number < UPI_CLUSTERS_FAIL) {
        f.verdict = UPI_FAILED;
        f.threshold = UPI_CLUSTERS_FAIL;
        f.code = "E_CLUSTER";
    } else if (f.number < UPI_CLUSTERS_ARM_WARN || total < UPI_CLUSTERS_WARN) {
        f.verdict = UPI_WARNED;
        f.code = "W_FEW_CLUSTERS";
    }
    return upi_checks_put(c, &f, err,
        "the arm with the fewest, '%s', has %.0f cluster%s; %lld in all (wanted: %d by "
        "arm, "
        "%d in all)",
        key->label[arm], f.number, f.number == 1.0 ? "" : "s", (long long)total,
        UPI_CLUSTERS_ARM_WARN, UPI_CLUSTERS_WARN);
}
