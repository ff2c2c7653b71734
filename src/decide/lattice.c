/* The share of the points of a lattice at which each arm has the highest reward. The lattice is
 * Kronecker's, frac(i sqrt(prime) + shift) (Niederreiter 1992, sec. 5.1), turned into normals, and
 * the same for every context: the share is then a function of the context alone, so that the
 * propensity that is logged is exactly the probability that was played.
 *
 * Rewards at a point are mean + r'z, with r'r the covariance. Up to eight arms the rewards of
 * several points stand side by side in registers, as many as the processor has room for; each is
 * the same sum in the same order, never fused: the same share on every kind of CPU. */
#include "decide/policy.h"
#include "num/dist.h"
#include "num/matrix.h"
#include "num/rng.h"

#include <math.h>

enum { BLOCK = 64 };

up_status
upi_lattice_make(
    int64_t n, int64_t dimensions, uint64_t seed, upi_lattice *out, up_error *err)
{
    static const double primes[UPI_POLICY_ARMS] = {2, 3, 5, 7, 11, 13, 17, 19, 23, 29,
        31, 37, 41, 43, 47, 53, 59, 61, 67, 71, 73, 79, 83, 89, 97, 101, 103, 107, 109,
        113, 127, 131};
    up_status status = UP_OK;
    double *z = NULL;
    upi_rng r = upi_rng_make(seed, UPI_STREAM_POLICY_LATTICE, 0, 0);
    UP_TRY(UP_NEW(&z, n * dimensions, err));
    for (int64_t k = 0; k < dimensions; k++) {
        double step = sqrt(primes[k]);
        double shift = upi_rng_uniform(&r);
        for (int64_t i = 0; i < n; i++) {
            double u = (double)i * step + shift;
            u -= floor(u);
            /* Half a step of 2^-30 keeps the quantile finite. */
            z[k * n + i] = upi_normal_quantile(fmin(fmax(u, 0x1p-31), 1 - 0x1p-31));
        }
    }
    *out = (upi_lattice){.n = n, .dimensions = dimensions, .z = z};
out:
    return status;
}

void
upi_lattice_free(upi_lattice *l)
{
    upi_free(l->z);
    *l = (upi_lattice){0};
}

/* Points first..first+n of a lattice and what is asked of them: z has a row of length ld for each
 * dimension, r (m, m) is upper triangular. */
typedef struct contest {
    int64_t m, n, ld;
    const double *z, *mean, *r;
    int64_t *wins; /* (m + 1) */
} contest;

#define UNROLL _Pragma("GCC unroll 32")
#define INLINE static inline __attribute__((always_inline))

/* Counts where arms win; a tie counts for each of those that tie. With m known to the compiler the
 * inner loops unroll and the loop over points becomes one over registers. */
INLINE void
count_wins(int64_t m, const contest *c)
{
    double mean[UPI_POLICY_ARMS], r[UPI_POLICY_ARMS * UPI_POLICY_ARMS];
    int64_t wins[UPI_POLICY_ARMS] = {0};
    const double *restrict z = c->z;
    int64_t ld = c->ld;
    UNROLL for (int64_t k = 0; k < m; k++)
    {
        mean[k] = c->mean[k];
        UNROLL for (int64_t l = 0; l <= k; l++)
        {
            r[l + k * m] = c->r[l + k * m];
        }
    }
    for (int64_t i = 0; i < c->n; i++) {
        double value[UPI_POLICY_ARMS];
        double most = 0;
        UNROLL for (int64_t k = 0; k < m; k++)
        {
            value[k] = mean[k];
            UNROLL for (int64_t l = 0; l <= k; l++)
            {
                value[k] += r[l + k * m] * z[l * ld + i];
            }
            most = value[k] > most ? value[k] : most;
        }
        wins[0] += most == 0 ? 1 : 0;
        UNROLL for (int64_t k = 0; k < m; k++)
        {
            wins[k + 1] += value[k] == most ? 1 : 0;
        }
    }
    UNROLL for (int64_t k = 0; k <= m; k++)
    {
        c->wins[k] += wins[k];
    }
}

/* Any number of arms: one arm at a time over a block of points. */
INLINE void
count_block(const contest *c)
{
    double value[UPI_POLICY_ARMS][BLOCK], most[BLOCK] = {0};
    for (int64_t k = 0; k < c->m; k++) {
        double *restrict to = value[k];
        for (int64_t i = 0; i < c->n; i++) {
            to[i] = c->mean[k];
        }
        for (int64_t l = 0; l <= k; l++) {
            const double *restrict from = c->z + l * c->ld;
            double w = c->r[l + k * c->m];
            for (int64_t i = 0; i < c->n; i++) {
                to[i] += w * from[i];
            }
        }
        for (int64_t i = 0; i < c->n; i++) {
            most[i] = to[i] > most[i] ? to[i] : most[i];
        }
    }
    for (int64_t k = 0; k <= c->m; k++) {
        int64_t wins = 0;
        for (int64_t i = 0; i < c->n; i++) {
            wins += (k == 0 ? 0 : value[k - 1][i]) == most[i] ? 1 : 0;
        }
        c->wins[k] += wins;
    }
}

INLINE void
count(const contest *c)
{
    contest block = *c;
    switch (c->m) {
    case 2:
        count_wins(2, c);
        return;
    case 3:
        count_wins(3, c);
        return;
    case 4:
        count_wins(4, c);
        return;
    case 5:
        count_wins(5, c);
        return;
    case 6:
        count_wins(6, c);
        return;
    case 7:
        count_wins(7, c);
        return;
    default:
        for (int64_t first = 0; first < c->n; first += BLOCK) {
            block.n = c->n - first < BLOCK ? c->n - first : BLOCK;
            block.z = c->z + first;
            count_block(&block);
        }
    }
}

static void
count_any(const contest *c)
{
    count(c);
}

#if defined(__x86_64__) && defined(__GNUC__)
/* The same operations in wider registers: the same bits. */
__attribute__((target("avx2"))) static void
count_avx2(const contest *c)
{
    count(c);
}

__attribute__((target("avx512f,avx512vl,avx512dq"))) static void
count_avx512(const contest *c)
{
    count(c);
}

static void
count_widest(const contest *c)
{
    if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512vl") &&
        __builtin_cpu_supports("avx512dq")) {
        count_avx512(c);
    } else if (__builtin_cpu_supports("avx2")) {
        count_avx2(c);
    } else {
        count_any(c);
    }
}
#else
static void
count_widest(const contest *c)
{
    count_any(c);
}
#endif

void
upi_lattice_share(const upi_lattice *lattice, int64_t m, const double *mean,
    const double *covariance, double *probability)
{
    double r[UPI_POLICY_ARMS * UPI_POLICY_ARMS];
    int64_t wins[UPI_POLICY_ARMS] = {0};
    upi_cholesky_semi(m, covariance, m, 1e-13, r, m);
    const contest c = {.m = m,
        .n = lattice->n,
        .ld = lattice->n,
        .z = lattice->z,
        .mean = mean,
        .r = r,
        .wins = wins};
    count_widest(&c);
    int64_t sum = 0; /* more than the points where arms tie: they share */
    for (int64_t k = 0; k <= m; k++) {
        sum += wins[k];
    }
    for (int64_t k = 0; k <= m; k++) {
        probability[k] = (double)wins[k] / (double)sum;
    }
}
