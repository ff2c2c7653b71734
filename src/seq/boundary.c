/* Group-sequential bounds by recursive numerical integration (Armitage, McPherson & Rowe 1969;
 * Jennison & Turnbull 2000, ch. 19). With f_k the density of the score of what still runs,
 *   P(cross at k) = int f_{k-1}(u) Phibar( (z_k sqrt(t_k) - u) / sqrt(d_k) ) du,
 *   f_k(s)        = int f_{k-1}(u) phi( (s - u) / sqrt(d_k) ) / sqrt(d_k) du,   d_k = t_k - t_{k-1}.
 * Panels of Gauss-Legendre nodes, no wider than the narrowest kernel that meets them, so that looks
 * close together and bounds far out keep their digits: a fixed grid loses them there without a word.
 * All f_k are log-concave, so Newton's steps towards a bound never overshoot it. */
#include "seq/boundary.h"

#include "base/base.h"
#include "num/dist.h"
#include "seq/anytime.h"
#include "seq/spending.h"

#include <math.h>

enum { HALF = 8, NODES = 2 * HALF, MOST_STEPS = 100 };

/* Gauss-Legendre rule of 16 nodes on (-1, 1): the positive half. */
static const double abscissa[HALF] = {0.0950125098376374402, 0.281603550779258913,
    0.458016777657227386, 0.617876244402643748, 0.755404408355003034,
    0.865631202387831744, 0.944575023073232576, 0.989400934991649933};
static const double weight[HALF] = {0.189450610455068496, 0.182603415044923589,
    0.169156519395002538, 0.149595988816576732, 0.124628971255533872,
    0.0951585116824927848, 0.0622535239386478929, 0.0271524594117540949};

static const double PANEL = 3; /* widest panel, in standard deviations of a kernel */
static const double REACH = 9; /* beyond this many of them a kernel is left out */
static const double FARTHEST = 37; /* beyond this a normal density is no double */
static const double LEAST_P =
    1e-280; /* no bound is looked for below this probability */
static const double LEAST_STEP = 1e-6; /* growth of the information from look to look */
static const double ROOT_2PI = 2.5066282746310005024;

up_status
upi_gs_check_looks(
    int64_t n_looks, const double *information, const char *field, up_error *err)
{
    if (n_looks < 1 || n_looks > UPI_GS_MOST_LOOKS || information == NULL) {
        return upi_fail(err, UP_E_ARGUMENT, field,
            "a group-sequential plan has 1 to %d looks, not %lld", UPI_GS_MOST_LOOKS,
            (long long)n_looks);
    }
    double before = 0;
    for (int64_t k = 0; k < n_looks; k++) {
        if (!(information[k] > 0) || isinf(information[k])) {
            return upi_fail(err, UP_E_ARGUMENT, field,
                "look %lld has information %g; it has to be above 0", (long long)k + 1,
                information[k]);
        }
        if (!(information[k] - before >= LEAST_STEP * information[k])) {
            return upi_fail(err, UP_E_ARGUMENT, field,
                "information has to grow from look to look: look %lld has %g after %g",
                (long long)k + 1, information[k], before);
        }
        before = information[k];
    }
    return UP_OK;
}

static double
time_before(const upi_gs_walk *walk)
{
    return walk->look == 0 ? 0 : walk->information[walk->look - 1];
}

double
upi_gs_crossing(
    const upi_gs_walk *walk, double z, int64_t side, double drift, double *slope)
{
    double t = walk->information[walk->look];
    double before = time_before(walk);
    double sd = sqrt(t - before);
    double edge = z * sqrt(t);
    double p = 0;
    double density = 0;
    int64_t n = walk->look == 0 ? 1 : walk->n;
    for (int64_t i = 0; i < n; i++) {
        double u = walk->look == 0 ? 0 : walk->node[i];
        double tilt = drift == 0 ? 1 : exp(drift * u - drift * drift * before / 2);
        double mass = (walk->look == 0 ? 1 : walk->mass[i]) * tilt;
        double x = (edge - u) / sd - drift * sd;
        p += mass * erfc((double)side * x * 0.70710678118654752440);
        density += mass * exp(-x * x / 2);
    }
    if (slope != NULL) {
        *slope = density * sqrt(t) / (sd * ROOT_2PI);
    }
    return p / 2;
}

double
upi_gs_bound(const upi_gs_walk *walk, double p, int64_t side, double drift)
{
    double out = (double)side;
    if (!(p > LEAST_P)) {
        return out * HUGE_VAL;
    }
    /* start outside the root, with the closer of two bounds on the probability: that of a walk
     * which never met a bound, and that of one which stood at its last bound a look ago */
    double t = walk->information[walk->look];
    double sd = sqrt(t - time_before(walk));
    double tail = -upi_normal_quantile(fmin(p, 1 - 1e-16));
    double z = out * drift * sqrt(t) + tail;
    if (walk->look > 0) {
        double stood = side > 0 ? walk->high : -walk->low;
        z = fmin(z, (stood + out * drift * sd * sd + sd * tail) / sqrt(t));
    }
    z *= out;
    for (int64_t i = 0; i < MOST_STEPS; i++) {
        double slope;
        double here = upi_gs_crossing(walk, z, side, drift, &slope);
        if (here < 1e-300 || slope < 1e-300) {
            z -= out * sd / (2 * sqrt(t));
            continue;
        }
        double step = out * here * log(here / p) / slope;
        z += step;
        if (fabs(step) <= 1e-13 * (1 + fabs(z))) {
            break;
        }
    }
    return z;
}

/* The density of the score s at the look at hand. `from` is the first node that matters; it only
 * moves up as s does. */
static double
density_at(const upi_gs_walk *walk, double s, int64_t *from)
{
    double t = walk->information[walk->look];
    if (walk->look == 0) {
        return exp(-s * s / (2 * t)) / (ROOT_2PI * sqrt(t));
    }
    double d = t - time_before(walk);
    double sd = sqrt(d);
    /* given s, the score before it lies around s (1 - d/t), or where a bound keeps it */
    double wide = REACH * sd + fabs(s) * d / t;
    while (*from < walk->n && walk->node[*from] < s - wide) {
        (*from)++;
    }
    double sum = 0;
    for (int64_t j = *from; j < walk->n && walk->node[j] <= s + wide; j++) {
        double x = (s - walk->node[j]) / sd;
        sum += walk->mass[j] * exp(-x * x / 2);
    }
    return sum / (ROOT_2PI * sd);
}

up_status
upi_gs_advance(upi_gs_walk *walk, double low, double high, up_error *err)
{
    if (walk->look + 1 >= walk->n_looks) { /* nothing comes after the last look */
        walk->look++;
        return UP_OK;
    }
    double t = walk->information[walk->look];
    double root = sqrt(t);
    double from = (isinf(low) ? -REACH : fmax(low, -FARTHEST)) * root;
    double to = fmin(high, FARTHEST) * root;
    double narrow =
        sqrt(fmin(t - time_before(walk), walk->information[walk->look + 1] - t));
    int64_t panels = to > from ? (int64_t)ceil((to - from) / (PANEL * narrow)) : 0;
    int64_t n = panels * NODES;
    up_status status = UP_RESERVE(&walk->next, &walk->next_capacity, 2 * n, err);
    if (status != UP_OK) {
        return status;
    }
    double half = (to - from) / (2 * (double)panels);
    int64_t first = 0;
    for (int64_t i = 0; i < n; i++) {
        int64_t within = i % NODES;
        int64_t k = within < HALF ? HALF - 1 - within : within - HALF;
        double x = within < HALF ? -abscissa[k] : abscissa[k];
        int64_t panel = i / NODES;
        double s = from + half * (2 * (double)panel + 1 + x);
        walk->next[i] = s;
        walk->next[n + i] = half * weight[k] * density_at(walk, s, &first);
    }
    double *old = walk->node;
    int64_t old_capacity = walk->capacity;
    walk->node = walk->next;
    walk->mass = walk->next + n;
    walk->capacity = walk->next_capacity;
    walk->next = old;
    walk->next_capacity = old_capacity;
    walk->n = n;
    walk->low = from;
    walk->high = to;
    walk->look++;
    return UP_OK;
}

void
upi_gs_walk_free(upi_gs_walk *walk)
{
    upi_free(walk->node);
    upi_free(walk->next);
    *walk = (upi_gs_walk){0};
}

static up_status
check_plan(const upi_gs_plan *plan, double alpha, up_error *err)
{
    up_status status =
        upi_gs_check_looks(plan->n_looks, plan->information, "information", err);
    if (status == UP_OK) {
        status = upi_spending_check(plan->spending, plan->parameter, "spending", err);
    }
    if (status == UP_OK && plan->spending == UP_SPENDING_WANG_TSIATIS) {
        status = upi_fail(err, UP_E_ARGUMENT, "spending",
            "the bounds of Wang and Tsiatis hold for looks that are all planned");
        (void)upi_fix(err, "give a spending function");
    }
    if (status == UP_OK && !(alpha > 0 && alpha < 1)) {
        status = upi_fail(err, UP_E_ARGUMENT, "alpha",
            "alpha is %g; it has to be between 0 and 1", alpha);
    }
    return status;
}

up_status
upi_gs_bounds(const upi_gs_plan *plan, double alpha, double *z, up_error *err)
{
    up_status status = UP_OK;
    upi_gs_walk walk = {.n_looks = plan->n_looks, .information = plan->information};
    double spent = 0;
    UP_TRY(check_plan(plan, alpha, err));
    int64_t sides = plan->one_sided ? UP_GREATER : UP_TWO_SIDED;
    double ways = plan->one_sided ? 1 : 2;
    for (int64_t k = 0; k < plan->n_looks; k++) {
        double now = upi_spent(
            plan->spending, plan->parameter, alpha, sides, plan->information[k]);
        z[k] = upi_gs_bound(&walk, (now - spent) / ways, 1, 0);
        spent = now;
        UP_TRY(upi_gs_advance(&walk, plan->one_sided ? -HUGE_VAL : -z[k], z[k], err));
    }
out:
    upi_gs_walk_free(&walk);
    return status;
}

up_status
upi_gs_critical(const upi_gs_plan *plan, double alpha, double *z_last, up_error *err)
{
    up_status status = UP_OK;
    double *z = NULL;
    UP_TRY(UP_NEW(&z, plan->n_looks > 0 ? plan->n_looks : 1, err));
    UP_TRY(upi_gs_bounds(plan, alpha, z, err));
    *z_last = z[plan->n_looks - 1];
out:
    upi_free(z);
    return status;
}
