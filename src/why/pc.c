/* The PC algorithm, in the variant whose answer does not depend on the order of the columns.
 *
 * Skeleton (Spirtes, Glymour & Scheines 2000; "stable": Colombo & Maathuis 2014): two variables
 * lose their edge when some set of neighbours, as they stood at the start of the round of sets
 * of that size, makes them independent. Nodes later in time than both are never conditioned on.
 *
 * An arm of several is compared with control: its tests are given the other arms too. An
 * indicator alone would be held against all other arms, and two effects could cancel.
 *
 * Arrows: what time says; then a - k - b, a and b not joined, becomes a -> k <- b when k is in
 * fewer than half of the sets of neighbours that separate a and b (majority rule), or in none of
 * them (conservative); then Meek's (1995) rules 1 to 4, in rounds, so that their order does not
 * matter. An edge that is asked for in both directions stays without one, and arrows that make a
 * circle lose theirs.
 *
 * Partial correlations come from a Cholesky factor of the correlations of (S, i, j): its last
 * row has (i, j) given S in two numbers, and nothing is inverted. */
#include "why/pc.h"

#include "num/dist.h"

#include <math.h>
#include <string.h>

double
upi_partial_correlation(
    int64_t d, const double *corr, int64_t i, int64_t j, const upi_set *s)
{
    double l[(UPI_PC_MOST + 2) * (UPI_PC_MOST + 2)];
    int64_t node[UPI_PC_MOST + 2];
    int64_t n = 0;
    for (int64_t k = upi_set_next(s, 0); k >= 0; k = upi_set_next(s, k + 1)) {
        node[n++] = k;
    }
    node[n++] = i;
    node[n++] = j;
    for (int64_t a = 0; a < n; a++) {
        for (int64_t b = 0; b <= a; b++) {
            double x = corr[node[a] + node[b] * d];
            for (int64_t k = 0; k < b; k++) {
                x -= l[a * n + k] * l[b * n + k];
            }
            if (a == b && !(x > 1e-12)) {
                return (double)NAN;
            }
            l[a * n + b] = a == b ? sqrt(x) : x / l[b * n + b];
        }
    }
    double shared = l[(n - 1) * n + n - 2];
    return shared / hypot(shared, l[n * n - 1]);
}

double
upi_fisher_z_p(double r, double n, int64_t k)
{
    double df = n - (double)k - 3;
    if (!(df > 0) || isnan(r)) {
        return 1;
    }
    return fabs(r) >= 1 ? 0 : 2 * upi_normal_sf(sqrt(df) * fabs(atanh(r)));
}

/* ---- skeleton ---- */

/* The next subset of size k of 0..n-1 in lexical order; false after the last. */
static bool
next_subset(int64_t *pick, int64_t k, int64_t n)
{
    int64_t at = k - 1;
    while (at >= 0 && pick[at] == n - k + at) {
        at--;
    }
    if (at < 0) {
        return false;
    }
    pick[at]++;
    for (int64_t i = at + 1; i < k; i++) {
        pick[i] = pick[i - 1] + 1;
    }
    return true;
}

static int64_t
list(const upi_set *s, int64_t *out)
{
    int64_t n = 0;
    for (int64_t i = upi_set_next(s, 0); i >= 0; i = upi_set_next(s, i + 1)) {
        out[n++] = i;
    }
    return n;
}

/* What may be conditioned on for the pair, out of `from`. */
static upi_set
conditions(const upi_pc_in *in, int64_t i, int64_t j, upi_set from)
{
    upi_set later = upi_set_and(in->after[i], in->after[j]);
    from = upi_set_minus(from, later);
    from = upi_set_minus(from, upi_set_or(in->always[i], in->always[j]));
    upi_set_drop(&from, i);
    upi_set_drop(&from, j);
    return from;
}

/* Calls back for each subset of `from` of size k: what the test of i and j given it says. */
typedef bool (*on_test)(void *ctx, const upi_set *s, double p);

static void
each_test(const upi_pc_in *in, upi_pc_out *out, const int64_t pair[2], upi_set from,
    int64_t k, on_test visit, void *ctx)
{
    int64_t node[UPI_PC_MOST];
    int64_t pick[UPI_PC_MOST] = {0};
    int64_t n = list(&from, node);
    const upi_set always = upi_set_or(in->always[pair[0]], in->always[pair[1]]);
    int64_t given = k + upi_set_count(&always);
    if (k > n || in->n - (double)given - 3 <= 0) {
        return;
    }
    for (int64_t i = 0; i < k; i++) {
        pick[i] = i;
    }
    do {
        if (out->tests == UPI_PC_TESTS) {
            out->cut = true;
            return;
        }
        upi_set s = always;
        for (int64_t i = 0; i < k; i++) {
            upi_set_add(&s, node[pick[i]]);
        }
        double r = upi_partial_correlation(in->d, in->corr, pair[0], pair[1], &s);
        out->tests++;
        if (isnan(r)) {
            continue; /* s determines one of the two: the test says nothing */
        }
        if (!visit(ctx, &s, upi_fisher_z_p(r, in->n, given))) {
            return;
        }
    } while (next_subset(pick, k, n));
}

typedef struct removal {
    double alpha, largest;
    bool found;
} removal;

static bool
try_removal(void *ctx, const upi_set *s, double p)
{
    removal *r = ctx;
    (void)s;
    r->largest = fmax(r->largest, p);
    r->found = p > r->alpha;
    return !r->found;
}

static bool
joined(const upi_pc_out *out, int64_t i, int64_t j)
{
    return upi_set_has(&out->near[i], j);
}

/* One round: sets of k neighbours. Returns whether any pair had enough of them. */
static bool
skeleton_round(const upi_pc_in *in, upi_pc_out *out, int64_t k)
{
    upi_set start[UPI_PC_MOST];
    bool more = false;
    memcpy(start, out->near, sizeof start);
    for (int64_t i = 0; i < in->d; i++) {
        for (int64_t j = i + 1; j < in->d; j++) {
            const int64_t pair[2] = {i, j};
            if (!joined(out, i, j)) {
                continue;
            }
            upi_set side[2] = {
                conditions(in, i, j, start[i]), conditions(in, i, j, start[j])};
            int sides = k == 0 || upi_set_same(&side[0], &side[1]) ? 1 : 2;
            removal r = {.alpha = in->alpha, .largest = out->p[i * in->d + j]};
            for (int q = 0; q < sides && !r.found; q++) {
                more = more || upi_set_count(&side[q]) > k;
                each_test(in, out, pair, side[q], k, try_removal, &r);
            }
            out->p[i * in->d + j] = r.largest;
            out->p[j * in->d + i] = r.largest;
            if (r.found) {
                upi_set_drop(&out->near[i], j);
                upi_set_drop(&out->near[j], i);
            }
        }
    }
    return more;
}

/* ---- arrows ---- */

typedef struct vote {
    int64_t middle, with, all;
    double alpha;
} vote;

static bool
count_vote(void *ctx, const upi_set *s, double p)
{
    vote *v = ctx;
    if (p > v->alpha) {
        v->all++;
        v->with += upi_set_has(s, v->middle) ? 1 : 0;
    }
    return true;
}

enum { IS_CHAIN, IS_COLLIDER, IS_AMBIGUOUS };

/* What a - k - b is, by the sets of neighbours of a and of b that separate them. */
static int
judge(const upi_pc_in *in, upi_pc_out *out, int64_t a, int64_t k, int64_t b)
{
    vote v = {.middle = k, .alpha = in->alpha};
    const int64_t pair[2] = {a, b};
    for (int side = 0; side < 2; side++) {
        upi_set from = conditions(in, a, b, out->near[side == 0 ? a : b]);
        int64_t largest = upi_set_count(&from);
        largest = in->most >= 0 && in->most < largest ? in->most : largest;
        for (int64_t size = 0; size <= largest; size++) {
            each_test(in, out, pair, from, size, count_vote, &v);
        }
    }
    if (v.all == 0) {
        return IS_AMBIGUOUS;
    }
    if (in->conservative) {
        return v.with == 0 ? IS_COLLIDER : v.with == v.all ? IS_CHAIN : IS_AMBIGUOUS;
    }
    return 2 * v.with < v.all    ? IS_COLLIDER
           : 2 * v.with == v.all ? IS_AMBIGUOUS
                                 : IS_CHAIN;
}

static bool
directed(const upi_pc_out *out, int64_t i, int64_t j)
{
    return upi_set_has(&out->to[i], j);
}

static bool
undirected(const upi_pc_out *out, int64_t i, int64_t j)
{
    return joined(out, i, j) && !directed(out, i, j) && !directed(out, j, i);
}

/* Takes the arrows asked for where the edge has none yet and is not asked for both ways. */
static bool
take_arrows(const upi_pc_in *in, upi_pc_out *out, const upi_set *want, bool count)
{
    bool changed = false;
    for (int64_t i = 0; i < in->d; i++) {
        for (int64_t j = 0; j < in->d; j++) {
            if (!upi_set_has(&want[i], j) || !undirected(out, i, j)) {
                continue;
            }
            if (upi_set_has(&want[j], i)) {
                out->conflicts += count && i < j ? 1 : 0;
            } else {
                upi_set_add(&out->to[i], j);
                changed = true;
            }
        }
    }
    return changed;
}

/* What the triples say: arrows wanted, and for each a - k - b known to be no collider b in
 * chain[k * d + a] and the reverse. */
typedef struct verdicts {
    upi_set want[UPI_PC_MOST];
    upi_set *chain;
} verdicts;

static void
take_triple(const upi_pc_in *in, upi_pc_out *out, verdicts *v, const int64_t t[3])
{
    int64_t a = t[0];
    int64_t k = t[1];
    int64_t b = t[2];
    int kind = joined(out, a, b) ? -1 : judge(in, out, a, k, b);
    if (kind == IS_AMBIGUOUS) {
        out->ambiguous++;
    } else if (kind == IS_COLLIDER) {
        upi_set_add(&v->want[a], k);
        upi_set_add(&v->want[b], k);
    } else if (kind == IS_CHAIN) {
        upi_set_add(&v->chain[k * in->d + a], b);
        upi_set_add(&v->chain[k * in->d + b], a);
    }
}

static void
find_colliders(const upi_pc_in *in, upi_pc_out *out, upi_set *chain)
{
    verdicts v = {.chain = chain};
    for (int64_t k = 0; k < in->d; k++) {
        upi_set near = out->near[k];
        for (int64_t a = upi_set_next(&near, 0); a >= 0;
             a = upi_set_next(&near, a + 1)) {
            for (int64_t b = upi_set_next(&near, a + 1); b >= 0;
                 b = upi_set_next(&near, b + 1)) {
                const int64_t triple[3] = {a, k, b};
                take_triple(in, out, &v, triple);
            }
        }
    }
    (void)take_arrows(in, out, v.want, true);
}

/* Whether one of Meek's rules turns a - b into a -> b. */
static bool
meek(const upi_pc_in *in, const upi_pc_out *out, const upi_set *chain, int64_t a,
    int64_t b)
{
    for (int64_t c = 0; c < in->d; c++) {
        /* 1: c -> a - b is no collider; 2: a -> c -> b */
        if ((directed(out, c, a) && upi_set_has(&chain[a * in->d + b], c)) ||
            (directed(out, a, c) && directed(out, c, b))) {
            return true;
        }
        for (int64_t e = 0; undirected(out, a, c) && e < in->d; e++) {
            bool apart = e != c && e != b && !joined(out, c, e);
            /* 3: a - c -> b and a - e -> b */
            bool third = apart && undirected(out, a, e) && directed(out, c, b) &&
                         directed(out, e, b) && upi_set_has(&chain[a * in->d + c], e);
            /* 4: a - c -> e -> b, c and b not joined, a and e joined */
            bool fourth = c != b && e != a && e != b && directed(out, c, e) &&
                          directed(out, e, b) && !joined(out, c, b) &&
                          joined(out, a, e) && upi_set_has(&chain[a * in->d + b], c);
            if (third || fourth) {
                return true;
            }
        }
    }
    return false;
}

/* One round of Meek's rules; whether it gave an arrow. */
static bool
meek_round(const upi_pc_in *in, upi_pc_out *out, const upi_set *chain)
{
    upi_set want[UPI_PC_MOST] = {{{0}}};
    for (int64_t a = 0; a < in->d; a++) {
        for (int64_t b = 0; b < in->d; b++) {
            if (undirected(out, a, b) && meek(in, out, chain, a, b)) {
                upi_set_add(&want[a], b);
            }
        }
    }
    return take_arrows(in, out, want, false);
}

/* Arrows that wrong tests have closed to a circle lose their direction, all at once; those that
 * time says stay, and alone they make no circle. */
static void
open_circles(const upi_pc_in *in, upi_pc_out *out)
{
    upi_set below[UPI_PC_MOST]; /* reached along arrows */
    memcpy(below, out->to, sizeof below);
    for (int64_t k = 0; k < in->d; k++) {
        for (int64_t i = 0; i < in->d; i++) {
            below[i] =
                upi_set_has(&below[i], k) ? upi_set_or(below[i], below[k]) : below[i];
        }
    }
    for (int64_t i = 0; i < in->d; i++) {
        upi_set free = upi_set_minus(out->to[i], in->after[i]);
        for (int64_t j = upi_set_next(&free, 0); j >= 0;
             j = upi_set_next(&free, j + 1)) {
            if (upi_set_has(&below[j], i)) {
                upi_set_drop(&out->to[i], j);
                out->conflicts++;
            }
        }
    }
}

static void
orient(const upi_pc_in *in, upi_pc_out *out)
{
    upi_set chain[UPI_PC_MOST * UPI_PC_MOST];
    memset(chain, 0, sizeof chain);
    for (int64_t i = 0; i < in->d; i++) {
        out->to[i] = upi_set_and(out->near[i], in->after[i]);
    }
    find_colliders(in, out, chain);
    while (meek_round(in, out, chain)) {
    }
    open_circles(in, out);
}

void
upi_pc_run(const upi_pc_in *in, upi_pc_out *out)
{
    memset(out, 0, sizeof *out);
    for (int64_t i = 0; i < in->d; i++) {
        for (int64_t j = 0; j < in->d; j++) {
            if (i != j && !upi_set_has(&in->never[i], j)) {
                upi_set_add(&out->near[i], j);
            }
        }
    }
    bool more = true;
    for (int64_t k = 0; more && (in->most < 0 || k <= in->most); k++) {
        more = skeleton_round(in, out, k);
    }
    orient(in, out);
}
