/* Who gets which arm. Units are put in the order of a random key that depends on the seed and on
 * the unit's identifier alone, and the arms are dealt along that order; docs/planning.md eq. 10.
 * Counts are n times the share; what whole units leave over is dealt by systematic sampling with
 * a random start (Madow 1949), under which arm k gets one more with exactly the probability of
 * its fractional part, so that every unit gets arm k with exactly its share. The trap avoided:
 * 0.29 times 100 is not 29 in floating point, and a count must not hang on that. */
#include "base/base.h"
#include "num/rng.h"
#include "plan/assignment.h"
#include "plan/sha1.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static int
compare_items(const void *a, const void *b)
{
    const upi_draw_item *x = a, *y = b;
    if (x->stratum != y->stratum) {
        return x->stratum < y->stratum ? -1 : 1;
    }
    if (x->key != y->key) {
        return x->key < y->key ? -1 : 1;
    }
    return (x->item > y->item) - (x->item < y->item);
}

/* How many of n items each arm gets; u in [0, 1) deals what is left over. */
static void
quotas(const up_assignment *a, int64_t n, double u, int64_t *count)
{
    double fraction[UPI_ASSIGN_ARMS];
    int64_t left = n;
    for (int64_t k = 0; k < a->n_arms; k++) {
        double x = (double)n * a->share[k];
        x = fabs(x - round(x)) < 1e-9 * fmax(1, x) ? round(x) : x;
        count[k] = (int64_t)floor(x);
        fraction[k] = x - floor(x);
        left -= count[k];
    }
    double sum = 0;
    int64_t dealt = 0;
    for (int64_t k = 0; k < a->n_arms && dealt < left; k++) {
        /* the points u, u + 1, ... that lie in [sum, sum + fraction) */
        sum += fraction[k];
        int64_t upto = k == a->n_arms - 1 ? left : (int64_t)ceil(sum - u);
        upto = upto < dealt ? dealt : upto > left ? left : upto;
        count[k] += upto - dealt;
        dealt = upto;
    }
}

void
upi_draw_complete(const up_assignment *a, uint64_t seed, uint64_t draw,
    upi_draw_item *scratch, uint8_t *arm)
{
    const upi_ids *items = upi_items(a);
    for (int64_t i = 0; i < items->n; i++) {
        upi_rng r = upi_rng_make(seed, UPI_STREAM_ASSIGN_ORDER, draw, items->hash[i]);
        int64_t stratum = a->stratum_of != NULL ? a->stratum_of[i] : 0;
        scratch[i] = (upi_draw_item){upi_rng_u64(&r), stratum, i};
    }
    qsort(scratch, (size_t)items->n, sizeof *scratch, compare_items);
    for (int64_t first = 0, last = 0; first < items->n; first = last) {
        int64_t stratum = scratch[first].stratum;
        while (last < items->n && scratch[last].stratum == stratum) {
            last++;
        }
        uint64_t name = a->stratum_of != NULL ? a->strata.hash[stratum] : 0;
        upi_rng r = upi_rng_make(seed, UPI_STREAM_ASSIGN_LEFT_OVER, draw, name);
        int64_t count[UPI_ASSIGN_ARMS] = {0};
        quotas(a, last - first, upi_rng_uniform(&r), count);
        int64_t k = 0;
        for (int64_t i = first; i < last; i++) {
            while (k + 1 < a->n_arms && count[k] == 0) {
                k++;
            }
            count[k]--;
            arm[scratch[i].item] = (uint8_t)k;
        }
    }
}

/* The first arm whose cumulated share is not below u. */
static int64_t
arm_at(const double *shares, int64_t n, double u)
{
    double sum = 0;
    for (int64_t k = 0; k < n - 1; k++) {
        sum += shares[k];
        if (u <= sum) {
            return k;
        }
    }
    return n - 1;
}

void
upi_draw_bernoulli(const up_assignment *a, uint64_t seed, uint8_t *arm)
{
    const upi_ids *items = upi_items(a);
    for (int64_t i = 0; i < items->n; i++) {
        upi_rng r = upi_rng_make(seed, UPI_STREAM_ASSIGN_BERNOULLI, 0, items->hash[i]);
        arm[i] = (uint8_t)arm_at(a->share, a->n_arms, upi_rng_uniform(&r));
    }
}

static double
fraction(const char *salt, const char *identifier, int64_t length)
{
    const upi_piece pieces[] = {
        {salt, (int64_t)strlen(salt)}, {".", 1}, {identifier, length}};
    return upi_sha1_fraction(pieces, 3);
}

int64_t
upi_draw_hash(const up_assign_opts *o, const double *shares, int64_t n,
    const char *identifier, int64_t length)
{
    if (o->layer != NULL) {
        double u = fraction(o->layer, identifier, length);
        if (u < o->from || (u >= o->to && o->to < 1)) {
            return -1;
        }
    }
    return arm_at(shares, n, fraction(o->salt, identifier, length));
}
