/* Plans with several looks. The bounds are those of a spending function, or of a confidence
 * sequence whose mixture is tuned to the planned size; with either the score is a Brownian motion
 * that stops at its first crossing (Jennison & Turnbull 2000, ch. 2 and 19), so that power and
 * the expected information come from the same walk. Sizes need the inflation: the squared drift
 * over that of one look with the same power, which does not depend on the size. */
#include "plan/looks.h"

#include "base/base.h"
#include "num/dist.h"
#include "num/root.h"
#include "seq/anytime.h"
#include "seq/boundary.h"

#include <math.h>

/* The mixture is tuned to the whole: information in units of the plan, g as well. */
static void
anytime_bounds(upi_looks *l, double alpha, int64_t sides)
{
    double g = upi_av_mixture(1, alpha, sides);
    for (int64_t k = 0; k < l->n; k++) {
        l->bound[k] = upi_av_radius_normal(g / (g + l->information[k]), alpha, sides);
    }
}

/* Keeps what still runs after the look before k, because every drift follows from it. */
static up_status
keep_walk(upi_looks *l, int64_t k, const upi_gs_walk *walk, up_error *err)
{
    up_status status = UP_OK;
    upi_gs_walk *kept = &l->walk[k];
    *kept = (upi_gs_walk){.n_looks = l->n, .information = l->information, .look = k};
    UP_TRY(UP_NEW(&kept->node, 2 * walk->n, err));
    kept->mass = kept->node + walk->n;
    kept->n = walk->n;
    kept->low = walk->low;
    kept->high = walk->high;
    for (int64_t i = 0; i < walk->n; i++) {
        kept->node[i] = walk->node[i];
        kept->mass[i] = walk->mass[i];
    }
out:
    return status;
}

static up_status
walk_through(upi_looks *l, up_error *err)
{
    up_status status = UP_OK;
    upi_gs_walk walk = {.n_looks = l->n, .information = l->information};
    for (int64_t k = 0; k < l->n && status == UP_OK; k++) {
        status = keep_walk(l, k, &walk, err);
        if (status == UP_OK && k + 1 < l->n) {
            double low = l->two_sided ? -l->bound[k] : -HUGE_VAL;
            status = upi_gs_advance(&walk, low, l->bound[k], err);
        }
    }
    upi_gs_walk_free(&walk);
    return status;
}

static up_status
find_bounds(upi_looks *l, const upi_power_plan *p, double alpha, up_error *err)
{
    const up_power_opts *o = &p->o;
    int64_t sides = p->two_sided ? UP_TWO_SIDED : UP_GREATER;
    if (o->inference == UP_INFERENCE_ANYTIME) {
        anytime_bounds(l, alpha, sides);
        return UP_OK;
    }
    upi_gs_plan plan = {.spending = o->spending,
        .parameter = o->spending_parameter,
        .one_sided = !p->two_sided,
        .n_looks = l->n,
        .information = l->information};
    return upi_gs_bounds(&plan, alpha, l->bound, err);
}

up_status
upi_looks_make(const upi_power_plan *p, upi_looks **out, up_error *err)
{
    up_status status = UP_OK;
    upi_looks *l = NULL;
    double alpha = p->o.alpha / p->tests;
    int64_t n = p->o.n_looks;
    if (n == 0) {
        n = p->o.inference == UP_INFERENCE_ANYTIME ? UPI_MOST_LOOKS : 5;
    }
    if (n < 2 || n > UPI_MOST_LOOKS) {
        return upi_fail(err, UP_E_ARGUMENT, "n_looks",
            "there are 2 to %d looks, not %lld", UPI_MOST_LOOKS, (long long)n);
    }
    UP_TRY(UP_NEW(&l, 1, err));
    l->n = n;
    l->two_sided = p->two_sided;
    for (int64_t k = 0; k < n; k++) {
        l->information[k] = (double)(k + 1) / (double)n;
    }
    UP_TRY(find_bounds(l, p, alpha, err));
    UP_TRY(walk_through(l, err));
    l->fixed = upi_normal_quantile(1 - alpha / (p->two_sided ? 2 : 1));
    *out = l;
    l = NULL;
out:
    upi_looks_free(l);
    return status;
}

void
upi_looks_free(upi_looks *l)
{
    for (int64_t k = 0; l != NULL && k < l->n; k++) {
        upi_gs_walk_free(&l->walk[k]);
    }
    upi_free(l);
}

void
upi_looks_chance(const upi_looks *l, double drift, double *power, double *used)
{
    double crossed = 0;
    double information = 0;
    for (int64_t k = 0; k < l->n; k++) {
        double p = upi_gs_crossing(&l->walk[k], l->bound[k], 1, drift, NULL);
        p += l->two_sided ? upi_gs_crossing(&l->walk[k], -l->bound[k], -1, drift, NULL)
                          : 0;
        crossed += p;
        information += p * l->information[k];
    }
    *power = fmin(1, crossed);
    *used = information + fmax(0, 1 - crossed);
}

typedef struct seeking {
    const upi_looks *l;
    double power;
} seeking;

static double
above_power(double drift, const void *ctx)
{
    const seeking *s = ctx;
    double power = 0;
    double used = 0;
    upi_looks_chance(s->l, drift, &power, &used);
    return power - s->power;
}

double
upi_looks_drift(const upi_looks *l, double power)
{
    seeking s = {l, power};
    return upi_root(above_power, &s, 0, 40);
}

static double
above_fixed(double drift, const void *ctx)
{
    const seeking *s = ctx;
    return upi_chance(drift, INFINITY, s->l->fixed, s->l->two_sided) - s->power;
}

double
upi_looks_inflation(const upi_looks *l, double drift, double power)
{
    seeking s = {.l = l, .power = power};
    double fixed = upi_root(above_fixed, &s, 0, 60);
    return drift * drift / (fixed * fixed);
}
