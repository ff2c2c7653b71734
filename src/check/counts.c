/* Rows by assigned arm, and whether there are enough of them. */
#include "check/check.h"

#include <math.h>
#include <string.h>

void
upi_arm_counts_free(upi_arm_counts *a)
{
    upi_free(a->rows);
    upi_free(a->clusters[0]);
    upi_free(a->clusters[1]);
    *a = (upi_arm_counts){0};
}

up_status
upi_arm_counts_make(const up_moments *m, upi_arm_counts *out, up_error *err)
{
    up_status status = UP_OK;
    upi_arm_counts a = {
        .key = m->instrument >= 0 ? m->instrument : m->arm, .ways = m->ways};
    a.n_arms = m->keys[a.key].n_levels;
    UP_TRY(UP_NEW(&a.rows, a.n_arms, err));
    for (int64_t g = 0; g < m->n_groups; g++) {
        a.rows[upi_assigned(m, &a, g)] += (double)m->n[g];
    }
    if (m->ways > 0) {
        UP_TRY(upi_clusters_count(m, &a, err));
    }
    *out = a;
    a = (upi_arm_counts){0};
out:
    upi_arm_counts_free(&a);
    return status;
}

up_status
upi_check_rows(const up_model *m, const upi_arm_counts *a, up_checks *c, up_error *err)
{
    const upi_key *key = &m->moments->keys[a->key];
    upi_finding f = {"rows per arm", UPI_PASSED, INFINITY, UPI_ROWS_WARN, ""};
    int64_t smallest = 0;
    for (int64_t i = 0; i < a->n_arms; i++) {
        if (a->rows[i] < f.number) {
            f.number = a->rows[i];
            smallest = i;
        }
    }
    if (f.number < UPI_ROWS_FAIL) {
        f.verdict = UPI_FAILED;
        f.threshold = UPI_ROWS_FAIL;
        f.code = "E_ARMS";
    } else if (f.number < UPI_ROWS_WARN) {
        f.verdict = UPI_WARNED;
        f.code = "W_SMALL_ARM";
    }
    return upi_checks_put(c, &f, err, "the smallest arm, '%s', has %.0f row%s",
        key->label[smallest], f.number, f.number == 1.0 ? "" : "s");
}
