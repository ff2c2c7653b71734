/* Whether a covariate differs by arm. Clusters (else units, else rows) fall into 256 groups by their
 * hash; with weights w and values x, and m the mean of all arms together,
 *
 *   d_g = sum over the group of w (x - m),     U = (mean - mean of the others) / sqrt(V + V'),
 *   V   = sum over groups of d_g^2 / (sum of w)^2,   p = 2 (1 - Phi(|U|)) times the comparisons
 *
 * (Wolter 2007 ch. 2, random groups; a score test, as it takes the deviations from the common mean).
 * Rows of a cluster are in one group, so that they count as what they are. Under the null hypothesis
 * U is self-normalised: its tails are no heavier than normal for symmetric values, whatever their
 * tails (Efron 1969), so that a few extreme values, or a level with three rows, raise no alarm. The
 * price: |U| is at most the root of the number of groups with rows in the arms, so that fewer than 24
 * clusters can never raise one. */
#include "check/audit.h"
#include "num/dist.h"

#include <math.h>

typedef struct side {
    double w, s, d2;
} side;

/* An arm, or all others, and a level of a covariate of labels. */
typedef struct part {
    const upi_audit_scan *scan;
    const upi_audit_test *test;
    int64_t level, arm;
    bool others;
} part;

/* The sums of a group; as real numbers they are exact to 2^53. */
static void
group_of(const part *p, int64_t g, double *w, double *s)
{
    const upi_audit_test *t = p->test;
    int64_t levels = t->n_levels > 0 ? t->n_levels : 1;
    int64_t arms = p->scan->n_arms;
    *w = *s = 0;
    for (int64_t i = 0; i < levels * arms; i++) {
        const upi_audit_cell *c = &t->cells[i * UPI_AUDIT_GROUPS + g];
        if ((i % arms == p->arm) == p->others) {
            continue;
        }
        *w += (double)c->w;
        *s += t->n_levels == 0       ? (double)(int64_t)c->wx / UPI_AUDIT_VALUE
              : i / arms == p->level ? (double)c->w
                                     : 0;
    }
}

static side
side_of(const part *p, double mean)
{
    side out = {0};
    for (int64_t g = 0; g < UPI_AUDIT_GROUPS; g++) {
        double w = 0;
        double s = 0;
        group_of(p, g, &w, &s);
        out.w += w;
        out.s += s;
        out.d2 += (s - mean * w) * (s - mean * w);
    }
    return out;
}

bool
upi_audit_compare(
    const upi_audit_scan *scan, const upi_audit_test *t, upi_audit_difference *out)
{
    const up_column_info *info = &scan->columns[t->column].info;
    int64_t first_arm = scan->n_arms == 2 ? 1 : 0;
    int64_t arms = scan->n_arms == 2 ? 1 : scan->n_arms;
    int64_t levels = t->n_levels == 2 ? 1 : t->n_levels > 0 ? t->n_levels : 1;
    *out = (upi_audit_difference){.p = 1, .arm = -1, .level = -1};
    for (int64_t i = 0; i < arms * levels; i++) {
        int64_t arm = first_arm + i % arms;
        int64_t level = i / arms;
        const part chosen = {scan, t, level, arm, false};
        const part others = {scan, t, level, arm, true};
        side own = side_of(&chosen, 0);
        side rest = side_of(&others, 0);
        if (!(own.w > 0 && rest.w > 0)) {
            continue;
        }
        double mean = (own.s + rest.s) / (own.w + rest.w);
        own = side_of(&chosen, mean);
        rest = side_of(&others, mean);
        double v = own.d2 / (own.w * own.w) + rest.d2 / (rest.w * rest.w);
        double u = v > 0 ? fabs(own.s / own.w - rest.s / rest.w) / sqrt(v) : 0;
        double p = fmin(2 * upi_normal_sf(u) * (double)(arms * levels), 1);
        if (out->arm < 0 || p < out->p) {
            bool number = t->n_levels == 0;
            double scale = number ? info->sd : 1;
            double center = number ? info->mean : 0;
            *out = (upi_audit_difference){.p = p,
                .arm = arm,
                .level = number ? -1 : level,
                .mean = center + scale * own.s / own.w,
                .other = center + scale * rest.s / rest.w};
        }
    }
    return out->arm >= 0;
}

const upi_audit_test *
upi_audit_test_of(const upi_audit_scan *scan, int64_t column)
{
    for (int64_t k = 0; k < scan->n_tests; k++) {
        if (scan->tests[k].column == column) {
            return &scan->tests[k];
        }
    }
    return NULL;
}
