/* Adjusted p-values of m comparisons, from the p-values alone. With p_(1) <= ... <= p_(m):
 *
 *   Bonferroni   m p                                any dependence, family-wise error
 *   Holm         max_{j<=i} (m-j+1) p_(j)           any dependence, family-wise error
 *   Hochberg     min_{j>=i} (m-j+1) p_(j)           positive dependence (Simes holds)
 *   Hommel       max over sets of comparisons that hold i of the Simes p-value of the set
 *   BH           min_{j>=i} m p_(j) / j             positive dependence, false discovery rate
 *   BY           BH times 1 + 1/2 + ... + 1/m       any dependence
 *   e-BH         BH of 1/e                          any dependence
 *
 * Hommel is computed from its definition as a closed test: among the sets of j comparisons
 * that hold i, the worst holds the j-1 largest others. Holm (1979); Hochberg (1988); Hommel
 * (1988); Benjamini and Hochberg (1995); Benjamini and Yekutieli (2001); Wang and Ramdas
 * (2022). */
#include "effect/adjust.h"

#include <math.h>
#include <stdlib.h>

typedef struct place {
    double p;
    int64_t i;
} place;

static int
by_p(const void *a, const void *b)
{
    const place *x = a;
    const place *y = b;
    if (x->p != y->p) {
        return x->p < y->p ? -1 : 1;
    }
    return x->i < y->i ? -1 : x->i > y->i;
}

double
upi_harmonic(int64_t m)
{
    double sum = 0;
    for (int64_t i = m; i > 0; i--) {
        sum += 1 / (double)i;
    }
    return sum;
}

/* The larger of the step-down products so far. */
static void
step_down(int64_t m, place *s)
{
    double most = 0;
    for (int64_t k = 0; k < m; k++) {
        most = fmax(most, (double)(m - k) * s[k].p);
        s[k].p = most;
    }
}

/* The least of the products from here on: with factor 1 those of Hochberg, else of BH. */
static void
step_up(int64_t m, bool rate, double factor, place *s)
{
    double least = (double)INFINITY;
    for (int64_t k = m - 1; k >= 0; k--) {
        double weight = rate ? factor * (double)m / (double)(k + 1) : (double)(m - k);
        least = fmin(least, weight * s[k].p);
        s[k].p = least;
    }
}

/* adjusted (m) is scratch for the answer in sorted order. */
static void
hommel(int64_t m, place *s, double *adjusted)
{
    for (int64_t i = 0; i < m; i++) {
        adjusted[i] = 0;
    }
    for (int64_t j = 1; j <= m; j++) {
        /* The j - 1 largest are p[m-j+1..m-1]; with one more they have ranks 2..j. */
        double rest = (double)INFINITY;
        for (int64_t k = 2; k <= j; k++) {
            rest = fmin(rest, (double)j * s[m - j + k - 1].p / (double)k);
        }
        for (int64_t i = 0; i < m; i++) {
            double first = s[i < m - j ? i : m - j].p;
            adjusted[i] = fmax(adjusted[i], fmin((double)j * first, rest));
        }
    }
    for (int64_t i = 0; i < m; i++) {
        s[i].p = adjusted[i];
    }
}

static void
adjust_sorted(int64_t adjust, int64_t m, place *s, double *scratch)
{
    if (adjust == UP_ADJUST_BONFERRONI) {
        for (int64_t k = 0; k < m; k++) {
            s[k].p *= (double)m;
        }
    } else if (adjust == UP_ADJUST_HOLM) {
        step_down(m, s);
    } else if (adjust == UP_ADJUST_HOCHBERG) {
        step_up(m, false, 1, s);
    } else if (adjust == UP_ADJUST_HOMMEL) {
        hommel(m, s, scratch);
    } else if (adjust == UP_ADJUST_BY) {
        step_up(m, true, upi_harmonic(m), s);
    } else if (adjust == UP_ADJUST_BH || adjust == UP_ADJUST_EBH) {
        step_up(m, true, 1, s);
    }
}

up_status
up_adjust_p_values(
    int64_t adjust, int64_t n, const double *p, double *adjusted, up_error *err)
{
    UP_GUARD(err);
    up_status status = UP_OK;
    place *s = NULL;
    double *scratch = NULL;
    int64_t m = 0;
    if (n < 0 || (n > 0 && (p == NULL || adjusted == NULL))) {
        return upi_fail(err, UP_E_ARGUMENT, "p",
            "the p-values are missing, or their number is negative");
    }
    if (adjust < UP_ADJUST_NONE || adjust > UP_ADJUST_EBH) {
        return upi_fail(err, UP_E_ARGUMENT, "adjust",
            "adjust is %lld, and p-values alone can be adjusted by 0 to %d",
            (long long)adjust, UP_ADJUST_EBH);
    }
    double most = adjust == UP_ADJUST_EBH ? (double)INFINITY : 1;
    for (int64_t i = 0; i < n; i++) {
        if (!isnan(p[i]) && !(p[i] >= 0 && p[i] <= most)) {
            return upi_fail(err, UP_E_ARGUMENT, "p",
                "p-value %lld is %g, outside 0 to %g", (long long)i, p[i], most);
        }
    }
    UP_TRY(UP_NEW(&s, n, err));
    UP_TRY(UP_NEW(&scratch, n, err));
    for (int64_t i = 0; i < n; i++) {
        adjusted[i] = p[i];
        if (!isnan(p[i])) {
            s[m++] = (place){p[i], i};
        }
    }
    qsort(s, (size_t)m, sizeof *s, by_p);
    adjust_sorted(adjust, m, s, scratch);
    for (int64_t k = 0; k < m; k++) {
        adjusted[s[k].i] = fmin(s[k].p, 1);
    }
out:
    upi_free(s);
    upi_free(scratch);
    return status;
}
