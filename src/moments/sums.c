/* Mean and centred second moments of a group's rows in one pass.
 *
 *   within a range   d = v - shift, s = sum d, ss = sum d d';
 *                    mean = shift + s/n, M2 = ss - s s'/n
 *   between ranges   M2 = M2a + M2b + (mb - ma)(mb - ma)' na nb/(na + nb)
 *
 * Source: Chan, Golub & LeVeque (1983), "Algorithms for computing the sample variance". The
 * shift is the group's first row of the range: sums of squares of the values themselves would
 * lose all digits when the mean is large beside the spread. */
#include "moments/sums.h"

#include <string.h>

enum { MOST_COLUMNS = 64 }; /* whose differences fit on the stack */

void
upi_sums_start(const upi_shape *s, double *live, const double *v)
{
    int64_t nv = s->nv;
    memcpy(live, v, (size_t)nv * sizeof *v);
    memset(live + nv, 0, (size_t)(upi_shape_live(s) - nv) * sizeof *live);
}

static inline __attribute__((always_inline)) void
add_products(int64_t nv, const double *restrict d, double *restrict ss)
{
    for (int64_t j = 0; j < nv; j++) {
        for (int64_t k = 0; k <= j; k++) {
            ss[k] += d[k] * d[j];
        }
        ss += j + 1;
    }
}

/* With nv and second known to the compiler the loops unroll completely. */
static inline __attribute__((always_inline)) void
add_rows(int64_t nv, bool second, upi_table *t, int64_t n, const int32_t *at,
    const double *v)
{
    double d[MOST_COLUMNS];
    for (int64_t i = 0; i < n; i++) {
        double *restrict shift = upi_table_values(t, at[i]);
        double *restrict s = shift + nv;
        const double *restrict row = v + i * nv;
        (*upi_table_count(t, at[i]))++;
        for (int64_t j = 0; j < nv; j++) {
            d[j] = row[j] - shift[j];
            s[j] += d[j];
        }
        if (second) {
            add_products(nv, d, s + nv);
        }
    }
}

/* Any number of columns. */
static void
add_wide(
    const upi_shape *shape, upi_table *t, int64_t n, const int32_t *at, const double *v)
{
    const int64_t nv = shape->nv;
    for (int64_t i = 0; i < n; i++) {
        double *restrict shift = upi_table_values(t, at[i]);
        double *restrict s = shift + nv;
        double *restrict ss = s + nv;
        const double *restrict row = v + i * nv;
        (*upi_table_count(t, at[i]))++;
        for (int64_t j = 0; j < nv; j++) {
            double dj = row[j] - shift[j];
            s[j] += dj;
            for (int64_t k = 0; shape->second && k <= j; k++) {
                ss[k] += (row[k] - shift[k]) * dj;
            }
            ss += j + 1;
        }
    }
}

void
upi_sums_add(upi_table *t, int64_t n, const int32_t *at, const double *v)
{
    const upi_shape *s = &t->shape;
#define CASE(NV)                                                                       \
    case (NV):                                                                         \
        if (s->second) {                                                               \
            add_rows((NV), true, t, n, at, v);                                         \
        } else {                                                                       \
            add_rows((NV), false, t, n, at, v);                                        \
        }                                                                              \
        return;
    switch (s->nv) {
        CASE(1)
        CASE(2)
        CASE(3)
        CASE(4)
        CASE(5)
        CASE(6)
        CASE(7)
        CASE(8)
    default:
        break;
    }
#undef CASE
    if (s->nv <= MOST_COLUMNS) {
        add_rows(s->nv, s->second, t, n, at, v);
    } else {
        add_wide(s, t, n, at, v);
    }
}

void
upi_sums_close(const upi_shape *s, int64_t n, const double *live, double *rest)
{
    int64_t nv = s->nv;
    const double *sum = live + nv;
    double rows = (double)n;
    for (int64_t j = 0; j < nv; j++) {
        rest[j] = live[j] + sum[j] / rows;
    }
    if (!s->second) {
        return;
    }
    const double *ss = live + 2 * nv;
    double *m2 = rest + nv;
    for (int64_t j = 0, p = 0; j < nv; j++) {
        double mean = sum[j] / rows;
        for (int64_t k = 0; k <= j; k++, p++) {
            m2[p] = ss[p] - sum[k] * mean;
        }
        if (m2[p - 1] < 0) {
            m2[p - 1] = 0; /* rounding of a column that does not vary */
        }
    }
}

void
upi_sums_merge(const upi_shape *s, int64_t na, double *a, int64_t nb, const double *b)
{
    int64_t nv = s->nv;
    double n = (double)(na + nb);
    double share = (double)nb / n;
    if (s->second) {
        double factor = (double)na * share;
        double *m2 = a + nv;
        const double *more = b + nv;
        for (int64_t j = 0, p = 0; j < nv; j++) {
            double dj = (b[j] - a[j]) * factor;
            for (int64_t k = 0; k <= j; k++, p++) {
                m2[p] += more[p] + (b[k] - a[k]) * dj;
            }
        }
    }
    for (int64_t j = 0; j < nv; j++) {
        a[j] += (b[j] - a[j]) * share;
    }
}
