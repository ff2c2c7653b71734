/* The law of the largest of n correlated t statistics, by spherical-radial integration.
 *
 * T = A g with A A' the correlation (from its eigenvectors, so that repeated and combined
 * comparisons only lower the rank k) and g = R u, u uniform on the sphere, R^2/k ~ F(k, df):
 *
 *   P(max T >= c) = E_u G(c / h(u)),  h(u) = max_i (A u)_i (two-sided: of |.|),  G(x) = P(R >= x)
 *
 * The radius is integrated exactly; only directions are sampled. A quarter of them is uniform;
 * the others are those of a T with T_i >= c0, each i in turn and c0 the Bonferroni bound at 5 %,
 * so that where it matters every direction has some statistic near its bound. A direction has
 * the weight 1 / (1/4 + 3/4 sum_i G(c0 / (A u)_i) / (n P(T_1 >= c0))), which makes up for the
 * choice (Owen, Maximov and Chertkov 2019; Genz and Bretz 2009, chapters 3 and 4). The leading
 * numbers of a point are a Richtmyer lattice under a random shift; shifts differ only by their
 * number, and give the error. Every term falls in c, so that the law does: p-values and critical
 * value made from it cannot contradict each other. The h are kept as a fine histogram with the
 * mean of each bin, so that asking is cheap; the error of that is of second order in bins of
 * 1/1024. */
#include "effect/adjust.h"
#include "num/dist.h"
#include "num/matrix.h"
#include "num/rng.h"
#include "num/root.h"

#include <math.h>
#include <string.h>

enum {
    BINS = 1024,
    TABLE = 8192,
    SHIFTS = 8,
    LATTICE = 8,
    BLOCK = 128,
    LEAST = 1 << 11,
    MOST = 1 << 14
};
static const double enough = 4e-6; /* standard error at the 5 % point */
static const double most_work = 1.5e9;

typedef struct bin {
    double count, sum;
} bin;

struct upi_maxima {
    int64_t n, rank, sides;
    double df;
    int64_t points; /* per shift */
    bin *shift;     /* (BINS, SHIFTS) of all comparisons, for the error */
    bin *suffix;    /* (BINS, n) of the comparisons from i on; or (BINS) of all */
    bool suffixes;
    double *a;     /* (n, rank) */
    double tail;   /* P(T_1 >= c0), two-sided of |T_1| */
    double *bound; /* (TABLE + 1) G(c0 / h) at h = 0 .. 1 */
    double *root;  /* (rank + 2) fractional parts of square roots of primes */
};

/* ---- directions ---- */

static void
prime_roots(int64_t n, double *root)
{
    int64_t found = 0;
    for (int64_t x = 2; found < n; x++) {
        bool prime = true;
        for (int64_t d = 2; d * d <= x && prime; d++) {
            prime = x % d != 0;
        }
        if (prime) {
            double r = sqrt((double)x);
            root[found++] = r - floor(r);
        }
    }
}

/* The d-th number of point j: of the lattice in the first dimensions, in which it is even, else
 * random. */
static double
uniform(const upi_maxima *m, const double *shift, int64_t j, int64_t d, upi_rng *rng)
{
    if (d >= LATTICE) {
        return fmax(upi_rng_uniform(rng), 1e-15);
    }
    double w = (double)(j + 1) * m->root[d] + shift[d];
    w = fabs(2 * (w - floor(w)) - 1);
    return fmin(fmax(w, 1e-15), 1 - 1e-15);
}

/* Turns the normal vector x (rank) into the direction of a T with T_i = t beyond c0: along the
 * row of i it has length t, across it that of a t vector given T_i. */
static void
lean(const upi_maxima *m, int64_t i, const double *w, double *x)
{
    double t = -upi_t_draw(w[0] * m->tail / (m->sides == UP_TWO_SIDED ? 2 : 1), m->df);
    double along = 0;
    double across = 1;
    for (int64_t d = 0; d < m->rank; d++) {
        along += m->a[i + d * m->n] * x[d];
    }
    if (!isinf(m->df)) {
        across = sqrt((m->df + t * t) / upi_chisq_draw(w[1], m->df + 1));
    }
    for (int64_t d = 0; d < m->rank; d++) {
        double a = m->a[i + d * m->n];
        x[d] = t * a + across * (x[d] - along * a);
    }
}

/* Unit vectors of points j0 .. j0 + BLOCK - 1 under a shift; u (rank, BLOCK). */
static void
directions(
    const upi_maxima *m, const double *shift, int64_t j0, double *u, upi_rng *rng)
{
    for (int64_t b = 0; b < BLOCK; b++) {
        int64_t j = j0 + b;
        double *x = u + b * m->rank;
        double w[2] = {uniform(m, shift, j, 0, rng), uniform(m, shift, j, 1, rng)};
        double length = 0;
        for (int64_t d = 0; d < m->rank; d++) {
            x[d] = upi_normal_quantile(uniform(m, shift, j, d + 2, rng));
        }
        if (j % 4 != 0) {
            lean(m, (j - j / 4) % m->n, w, x);
        }
        for (int64_t d = 0; d < m->rank; d++) {
            length += x[d] * x[d];
        }
        length = sqrt(length);
        for (int64_t d = 0; d < m->rank; d++) {
            x[d] = length > 0 ? x[d] / length : 1 / sqrt((double)m->rank);
        }
    }
}

/* ---- histograms ---- */

static void
put(const upi_maxima *m, bin *bins, double h, double weight)
{
    double place = m->sides == UP_TWO_SIDED ? h : (h + 1) / 2;
    int64_t b = (int64_t)(place * BINS);
    b = b < 0 ? 0 : b >= BINS ? BINS - 1 : b;
    bins[b].count += weight;
    bins[b].sum += weight * h;
}

/* G(c0 / h), linear between the points of the table. */
static double
beyond_bound(const upi_maxima *m, double h)
{
    double place = fmin(fmax(h, 0), 1) * TABLE;
    int64_t k = (int64_t)place;
    k = k < TABLE ? k : TABLE - 1;
    return m->bound[k] + (place - (double)k) * (m->bound[k + 1] - m->bound[k]);
}

/* Counts one direction y = A u, which becomes the statistics as they are compared. */
static void
count_direction(upi_maxima *m, double *y, bin *shift)
{
    double sum = 0;
    for (int64_t i = 0; i < m->n; i++) {
        y[i] = m->sides == UP_TWO_SIDED ? fabs(y[i]) : y[i];
        sum += beyond_bound(m, y[i]);
    }
    double weight = 4 / (1 + 3 * sum / ((double)m->n * m->tail));
    double most = -2;
    for (int64_t i = m->n - 1; i >= 0; i--) {
        most = fmax(most, y[i]);
        if (i == 0 || m->suffixes) {
            put(m, m->suffix + i * BINS, most, weight);
        }
    }
    put(m, shift, most, weight);
}

/* Adds the points from..to-1 of every shift. */
static up_status
sample(upi_maxima *m, int64_t from, int64_t to, up_error *err)
{
    up_status status = UP_OK;
    double *u = NULL;
    double *y = NULL;
    double *shift = NULL;
    UP_TRY(UP_NEW(&u, m->rank * BLOCK, err));
    UP_TRY(UP_NEW(&y, m->n * BLOCK, err));
    UP_TRY(UP_NEW(&shift, m->rank + 2, err));
    for (int64_t s = 0; s < SHIFTS; s++) {
        upi_rng rng = upi_rng_make(0, UPI_STREAM_MAXIMA, (uint64_t)s, 0);
        for (int64_t d = 0; d < m->rank + 2; d++) {
            shift[d] = upi_rng_uniform(&rng);
        }
        for (int64_t j = from; j < to; j += BLOCK) {
            upi_rng own =
                upi_rng_make(0, UPI_STREAM_MAXIMA, (uint64_t)s, (uint64_t)j + 1);
            directions(m, shift, j, u, &own);
            upi_gemm(
                'N', 'N', m->n, BLOCK, m->rank, 1, m->a, m->n, u, m->rank, 0, y, m->n);
            for (int64_t b = 0; b < BLOCK; b++) {
                count_direction(m, y + b * m->n, m->shift + s * BINS);
            }
        }
    }
    m->points = to;
out:
    upi_free(u);
    upi_free(y);
    upi_free(shift);
    return status;
}

/* ---- probabilities ---- */

/* P(R h >= c) */
static double
radial(const upi_maxima *m, double h, double c)
{
    double k = (double)m->rank;
    if (c <= 0 && h >= 0) {
        return 1;
    }
    if (h == 0 || (c > 0 && h < 0)) {
        return 0;
    }
    double f = c / h * (c / h) / k;
    double tail = isinf(m->df) ? upi_chisq_sf(f * k, k) : upi_f_sf(f, k, m->df);
    return c > 0 ? tail : 1 - tail;
}

static double
mean_of(const upi_maxima *m, const bin *bins, int64_t points, double c)
{
    double sum = 0;
    for (int64_t b = 0; b < BINS; b++) {
        if (bins[b].count > 0) {
            sum += bins[b].count * radial(m, bins[b].sum / bins[b].count, c);
        }
    }
    return sum / (double)points;
}

double
upi_maxima_sf(const upi_maxima *m, int64_t first, double c)
{
    return fmin(mean_of(m, m->suffix + first * BINS, SHIFTS * m->points, c), 1);
}

double
upi_maxima_error(const upi_maxima *m, double c)
{
    double sum = 0;
    double squares = 0;
    double centre = mean_of(m, m->shift, m->points, c);
    for (int64_t s = 0; s < SHIFTS; s++) {
        double x = mean_of(m, m->shift + s * BINS, m->points, c) - centre;
        sum += x;
        squares += x * x;
    }
    double v = (squares - sum * sum / SHIFTS) / (SHIFTS - 1);
    return sqrt(fmax(v, 0) / SHIFTS);
}

typedef struct wanted {
    const upi_maxima *m;
    double alpha;
} wanted;

static double
above(double c, const void *ctx)
{
    const wanted *w = ctx;
    return upi_maxima_sf(w->m, 0, c) - w->alpha;
}

double
upi_maxima_quantile(const upi_maxima *m, double alpha)
{
    double tail = m->sides == UP_TWO_SIDED ? alpha / 2 : alpha;
    /* One comparison alone, and all of them disjoint, bound the answer up to the error of
     * the sample. */
    double low = 0.9 * -upi_t_quantile(tail, m->df);
    double high = 1.1 * -upi_t_quantile(tail / (double)m->n, m->df);
    wanted w = {m, alpha};
    return upi_root(above, &w, low, high);
}

/* ---- making ---- */

/* A from the eigenvectors of the correlation: columns with a variance above rounding. */
static up_status
factor(upi_maxima *m, double *cov, up_error *err)
{
    up_status status = UP_OK;
    int64_t n = m->n;
    double *scale = NULL;
    double *values = NULL;
    UP_TRY(UP_NEW(&scale, n, err));
    UP_TRY(UP_NEW(&values, n, err));
    for (int64_t i = 0; i < n; i++) {
        scale[i] = 1 / sqrt(cov[i + i * n]);
    }
    for (int64_t i = 0; i < n * n; i++) {
        cov[i] *= scale[i % n] * scale[i / n];
    }
    UP_TRY(upi_eigen_sym(n, cov, n, values, err));
    for (int64_t k = n - 1; k >= 0 && values[k] > 1e-10 * values[n - 1]; k--) {
        double root = sqrt(values[k]);
        for (int64_t i = 0; i < n; i++) {
            m->a[i + m->rank * n] = root * cov[i + k * n];
        }
        m->rank++;
    }
    /* Rows of length 1 again, so that each statistic alone has exactly its t law. */
    for (int64_t i = 0; i < n; i++) {
        double square = 0;
        for (int64_t k = 0; k < m->rank; k++) {
            square += m->a[i + k * n] * m->a[i + k * n];
        }
        for (int64_t k = 0; k < m->rank; k++) {
            m->a[i + k * n] /= sqrt(square);
        }
    }
out:
    upi_free(scale);
    upi_free(values);
    return status;
}

/* The bound that most of the directions lean to. */
static void
put_bound(upi_maxima *m)
{
    double sides = m->sides == UP_TWO_SIDED ? 2 : 1;
    m->tail = 0.05 / (double)m->n;
    double c0 = -upi_t_quantile(m->tail / sides, m->df);
    for (int64_t k = 0; k <= TABLE; k++) {
        m->bound[k] = radial(m, (double)k / TABLE, c0);
    }
}

up_status
upi_maxima_make(int64_t n, double *cov, double df, int64_t sides, bool suffixes,
    upi_maxima **out, up_error *err)
{
    up_status status = UP_OK;
    upi_maxima *m = NULL;
    UP_TRY(UP_NEW(&m, 1, err));
    m->n = n;
    m->df = df;
    m->sides = sides;
    m->suffixes = suffixes;
    UP_TRY(UP_NEW(&m->a, n * n, err));
    UP_TRY(UP_NEW(&m->shift, (int64_t)BINS * SHIFTS, err));
    UP_TRY(UP_NEW(&m->suffix, BINS * (suffixes ? n : 1), err));
    UP_TRY(factor(m, cov, err));
    UP_TRY(UP_NEW(&m->root, m->rank + 2, err));
    prime_roots(m->rank + 2, m->root);
    UP_TRY(UP_NEW(&m->bound, TABLE + 1, err));
    put_bound(m);
    double work = (double)n * (double)m->rank * SHIFTS;
    for (int64_t points = LEAST; points <= MOST; points *= 2) {
        UP_TRY(sample(m, m->points, points, err));
        bool costly = work * (double)points > most_work;
        if (costly || upi_maxima_error(m, upi_maxima_quantile(m, 0.05)) < enough) {
            break;
        }
    }
    *out = m;
    m = NULL;
out:
    upi_maxima_free(m);
    return status;
}

void
upi_maxima_free(upi_maxima *m)
{
    if (m != NULL) {
        upi_free(m->a);
        upi_free(m->shift);
        upi_free(m->suffix);
        upi_free(m->root);
        upi_free(m->bound);
    }
    upi_free(m);
}
