/* What rows do to an effect through the weights, beside what they do directly.
 *
 * For balancing weights, a row with weight v and base functions c moves lambda by
 * H^-1 (t - v c ...), H = sum v c c'. An average of phi, centred, so has the influence
 * v (phi - c'B), B = H^-1 sum v c phi: the residual of phi on what the target fixes. The target
 * itself adds B'(its influence on t). Known shares are the case of indicators of the strata:
 * B holds the means of phi in them. For odds, B = I^-1 sum v c phi with the information I, a
 * row has v phi - p c'B, and a row of the target (1 - p) c'B (docs/projection.md eqs. 7-9). */
#include "effect/target.h"
#include "num/matrix.h"

#include <math.h>
#include <string.h>

int64_t
upi_target_slopes(const up_effects *e)
{
    const upi_target *t = e->target;
    return t->r + t->n_strata + e->model->n_base + t->r;
}

static void
adjust_strata(const upi_population *p, const upi_target *t, double *phi, double *slope)
{
    memset(slope, 0, (size_t)t->n_strata * sizeof *slope);
    for (int64_t q = 0; q < p->n; q++) {
        int64_t k = t->stratum[q];
        if (k >= 0 && t->share[k] > 0) {
            slope[k] += upi_dot(p->width, p->s + q * p->width, phi + q * p->width) /
                        (t->share[k] * t->total);
        }
    }
    for (int64_t q = 0; q < p->n; q++) {
        if (t->weight[q] > 0) {
            phi[q * p->width] -= slope[t->stratum[q]];
        }
    }
}

/* The part of odds that does not add up to 0 over the rows: sizes of the samples are fixed. */
static double
mean_of_odds(const upi_population *p, const upi_target *t, const double *slope)
{
    double sum = 0;
    for (int64_t q = 0; t->damp != NULL && q < p->n; q++) {
        if (t->weight[q] > 0) {
            sum += p->s[q * p->width] * t->damp[q] * upi_target_linear(t, p, q, slope);
        }
    }
    return t->damp != NULL ? sum / t->offset : 0;
}

void
upi_target_adjust(const up_effects *e, double *phi, double *slope)
{
    const upi_population *p = e->cells;
    const upi_target *t = e->target;
    double *by_base = slope + t->r + t->n_strata;
    double *sum = by_base + e->model->n_base;
    if (t->n_strata > 0) {
        adjust_strata(p, t, phi, slope);
        return;
    }
    upi_sum_by_base(p, phi, by_base);
    for (int64_t j = 0; j < t->r; j++) {
        sum[j] = by_base[t->base[j]];
    }
    upi_gemv('N', t->r, t->r, t->inverse, t->r, sum, slope);
    double mean = mean_of_odds(p, t, slope);
    for (int64_t q = 0; q < p->n; q++) {
        if (t->weight[q] == 0) {
            continue;
        }
        double *at = phi + q * p->width;
        double linear = upi_target_linear(t, p, q, slope);
        if (t->damp != NULL) {
            at[0] -= linear * t->damp[q] - mean / t->weight[q];
            continue;
        }
        at[0] -= linear;
        for (int64_t k = 1; k < p->width; k++) {
            int64_t j = p->x_base[k - 1] < 0 ? -1 : t->column[p->x_base[k - 1]];
            at[k] -= j < 0 ? 0 : slope[j];
        }
    }
}

void
upi_target_influence(
    const upi_target *t, const double *slope, double scale, double *psi)
{
    for (int64_t i = 0; i < t->n_units; i++) {
        double sum = 0;
        if (t->n_strata == 0) {
            for (int64_t j = 0; j < t->r; j++) {
                sum += t->root[i + j * t->r] * slope[j];
            }
        }
        for (int64_t k = t->n_strata > 0 ? t->start[i] : 0;
             t->n_strata > 0 && k < t->start[i + 1]; k++) {
            sum += t->value[k] * slope[t->entry[k]];
        }
        psi[i] += scale * sum;
    }
}
