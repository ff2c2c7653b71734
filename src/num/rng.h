/* Counter-based random numbers: Philox4x64-10 (Random123). No state is shared: key = seed,
 * counter = (stream, replicate, unit, draw). Words and uniforms are the same bits anywhere; the
 * other draws use the C library's log and pow, and so may differ in the last bit between
 * machines. Normals cost about 60 ns, uniforms 4. */
#ifndef UPI_RNG_H
#define UPI_RNG_H

#include <stdint.h>

typedef struct upi_rng {
    uint64_t key[2];     /* seed, 0 */
    uint64_t counter[4]; /* draw block, unit, replicate, stream */
    uint64_t block[4];
    int used; /* words of block already handed out; 4 = none left */
} upi_rng;

/* What random numbers are drawn for. Every purpose has a stream of its own, so that no two ever
 * share their numbers; a value is part of what a seed means, and is never changed. */
enum upi_rng_stream {
    UPI_STREAM_SHOP_UNIT = 101,
    UPI_STREAM_SHOP_HOUSEHOLD = 102,
    UPI_STREAM_SHOP_WEEK = 103,
    UPI_STREAM_SHOP_LOCAL = 104,
    UPI_STREAM_SHOP_COVARIATE = 105,
    UPI_STREAM_ASSIGN_ORDER = 301,
    UPI_STREAM_ASSIGN_LEFT_OVER = 302,
    UPI_STREAM_ASSIGN_BERNOULLI = 303,
    UPI_STREAM_SPLIT = 311,
    UPI_STREAM_RESAMPLE = 321,
    UPI_STREAM_MEDIATE_MONTE_CARLO = 0x6d6331,
    UPI_STREAM_MEDIATE_BOOTSTRAP = 0x6d6332,
    UPI_STREAM_MAXIMA = 0x6d6178,
    UPI_STREAM_POLICY_LATTICE = 0x706f6c69,
    UPI_STREAM_RANK = 0x72616e6b,
    UPI_STREAM_DISCOVER = 0x70630001
};

/* stream is an enum upi_rng_stream. */
upi_rng upi_rng_make(uint64_t seed, uint64_t stream, uint64_t replicate, uint64_t unit);
uint64_t upi_rng_u64(upi_rng *r);
double upi_rng_uniform(upi_rng *r); /* in [0, 1), 53 bits */
double upi_rng_normal(
    upi_rng *r); /* by inversion of a uniform in (0,1): one draw each */
double upi_rng_exponential(upi_rng *r);
int64_t upi_rng_below(upi_rng *r, int64_t n); /* 0..n-1, unbiased */
int64_t upi_rng_poisson(
    upi_rng *r, double mean); /* 0 for a mean that is not positive */
/* 0..n, by Beta order statistics (Ahrens & Dieter 1974): about log2(n) draws */
int64_t upi_rng_binomial(upi_rng *r, int64_t n, double p);
double upi_rng_gamma(upi_rng *r, double shape); /* scale 1; NaN for shape < 0 */

#endif
