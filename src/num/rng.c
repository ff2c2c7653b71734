/* Random numbers from counters: Philox4x64-10 (Salmon et al. 2011, by Random123). The four
 * counter words are the block of draws, the unit, the replicate and the stream, so that any
 * number of any unit can be drawn at any time on any thread. Nothing here depends on the
 * locale, the library's version or the order of calls. */
#include "num/rng.h"

#include "num/dist.h"

#include <Random123/philox.h>
#include <math.h>

upi_rng
upi_rng_make(uint64_t seed, uint64_t stream, uint64_t replicate, uint64_t unit)
{
    upi_rng r = {.key = {seed, 0}, .counter = {0, unit, replicate, stream}, .used = 4};
    return r;
}

uint64_t
upi_rng_u64(upi_rng *r)
{
    if (r->used >= 4) {
        philox4x64_ctr_t counter = {
            {r->counter[0], r->counter[1], r->counter[2], r->counter[3]}};
        philox4x64_key_t key = {{r->key[0], r->key[1]}};
        philox4x64_ctr_t block = philox4x64_R(10, counter, key);
        for (int i = 0; i < 4; i++) {
            r->block[i] = block.v[i];
        }
        r->counter[0]++;
        r->used = 0;
    }
    return r->block[r->used++];
}

double
upi_rng_uniform(upi_rng *r)
{
    return (double)(upi_rng_u64(r) >> 11) * 0x1p-53;
}

/* In (0, 1): the middles of 2^52 equal cells, so that neither end is reached and u and 1 - u
 * are equally fine. */
static double
uniform_open(upi_rng *r)
{
    return ((double)(upi_rng_u64(r) >> 12) + 0.5) * 0x1p-52;
}

double
upi_rng_normal(upi_rng *r)
{
    return upi_normal_quantile(uniform_open(r));
}

double
upi_rng_exponential(upi_rng *r)
{
    return -log(uniform_open(r));
}

int64_t
upi_rng_below(upi_rng *r, int64_t n)
{
    if (n <= 1) {
        return 0;
    }
    /* The first 2^64 mod n values are refused, so that each remainder is equally likely. */
    uint64_t m = (uint64_t)n;
    uint64_t refused = (0 - m) % m;
    for (;;) {
        uint64_t x = upi_rng_u64(r);
        if (x >= refused) {
            return (int64_t)(x % m);
        }
    }
}

/* Marsaglia & Tsang (2000) for shape >= 1; a smaller shape is lifted by one and scaled by
 * u^(1/shape). */
double
upi_rng_gamma(upi_rng *r, double shape)
{
    if (!(shape > 0) || isinf(shape)) {
        return shape == 0 ? 0 : (double)NAN;
    }
    double lift = 1;
    if (shape < 1) {
        lift = pow(uniform_open(r), 1 / shape);
        shape += 1;
    }
    double d = shape - 1.0 / 3;
    double c = 1 / sqrt(9 * d);
    for (;;) {
        double z = upi_rng_normal(r);
        double v = 1 + c * z;
        if (v <= 0) {
            continue;
        }
        v = v * v * v;
        double u = uniform_open(r);
        if (log(u) < 0.5 * z * z + d - d * v + d * log(v)) {
            return lift * d * v;
        }
    }
}

int64_t
upi_rng_binomial(upi_rng *r, int64_t n, double p)
{
    int64_t count = 0;
    while (n > 16) {
        /* Among n uniforms the one of rank k is Beta(k, n + 1 - k). */
        int64_t k = n / 2 + 1;
        double a = upi_rng_gamma(r, (double)k);
        double b = upi_rng_gamma(r, (double)(n + 1 - k));
        double x = a / (a + b);
        if (x <= p) {
            count += k;
            n -= k;
            p = (p - x) / (1 - x);
        } else {
            n = k - 1;
            p = p / x;
        }
    }
    for (int64_t i = 0; i < n; i++) {
        count += upi_rng_uniform(r) < p ? 1 : 0;
    }
    return count;
}

/* Ahrens & Dieter (1974): while the mean is large, the time of the k-th event is drawn as a
 * gamma and the mean falls by it; the rest is by multiplication of uniforms. */
int64_t
upi_rng_poisson(upi_rng *r, double mean)
{
    int64_t count = 0;
    if (!(mean > 0)) {
        return 0;
    }
    if (mean > 1e15) {
        mean = 1e15;
    }
    while (mean > 16) {
        int64_t k = (int64_t)(mean * 0.875);
        double time = upi_rng_gamma(r, (double)k);
        if (time > mean) {
            return count + upi_rng_binomial(r, k - 1, mean / time);
        }
        count += k;
        mean -= time;
    }
    double floor_at = exp(-mean);
    double product = upi_rng_uniform(r);
    while (product > floor_at) {
        count++;
        product *= upi_rng_uniform(r);
    }
    return count;
}
