/* How far each arm is from control in each covariate, in standard deviations.
 *
 *   d = (mean_a - mean_0) / sqrt((s_a^2 + s_0^2) / 2)
 *
 * with means and variances weighted as for the balance test (Rosenbaum & Rubin 1985; Austin
 * 2009 eq. 1). A variance is what lies between the groups plus, for a continuous covariate,
 * what lies within them. Unlike a test, d does not grow with the number of rows. */
#include "check/check.h"

#include <math.h>

/* Mean and variance of base function j among the rows of one arm. */
static void
spread(const up_model *model, const upi_arm_counts *a, int64_t j, int64_t arm,
    double *mean, double *variance)
{
    const up_moments *m = model->moments;
    const upi_base *b = &model->base[j];
    double total = 0.0;
    *mean = 0.0;
    *variance = 0.0;
    for (int64_t g = 0; g < m->n_groups; g++) {
        if (upi_assigned(m, a, g) == arm) {
            double w = (double)m->n[g] * upi_group_weight(model, g);
            total += w;
            *mean += w * upi_base_mean(model, j, g);
        }
    }
    *mean /= total;
    for (int64_t g = 0; g < m->n_groups; g++) {
        if (upi_assigned(m, a, g) == arm) {
            double w = upi_group_weight(model, g);
            double off = upi_base_mean(model, j, g) - *mean;
            double within =
                b->kind == UPI_BASE_X ? upi_moments_x_cross(m, b->x, b->x, g) : 0.0;
            *variance += w * ((double)m->n[g] * off * off + within);
        }
    }
    *variance /= total;
}

static bool
compared(const upi_base *b)
{
    return b->kind != UPI_BASE_ONE && !b->time;
}

up_status
upi_differences(const up_model *model, upi_difference **out, int64_t *n, up_error *err)
{
    up_status status = UP_OK;
    upi_arm_counts a = {0};
    upi_difference *made = NULL;
    int64_t control = 0;
    int64_t count = 0;
    *out = NULL;
    *n = 0;
    if (model->moments->row_weighted) {
        return UP_OK; /* what lies within the groups is not kept with its weights */
    }
    UP_TRY(upi_arm_counts_make(model->moments, &a, err));
    UP_TRY(upi_moments_control(model->moments, a.key, &control, err));
    UP_TRY(UP_NEW(&made, model->n_base * a.n_arms, err));
    for (int64_t j = 0; j < model->n_base; j++) {
        double mean[2];
        double variance[2];
        if (!compared(&model->base[j]) || !(a.rows[control] > 0)) {
            continue;
        }
        spread(model, &a, j, control, &mean[0], &variance[0]);
        for (int64_t k = 0; k < a.n_arms; k++) {
            if (k == control || !(a.rows[k] > 0)) {
                continue;
            }
            spread(model, &a, j, k, &mean[1], &variance[1]);
            double unit = sqrt((variance[0] + variance[1]) / 2);
            made[count++] = (upi_difference){.term = model->base[j].name,
                .arm = model->moments->keys[a.key].label[k],
                .against = model->moments->keys[a.key].label[control],
                .difference = mean[1] - mean[0],
                .standardized = unit > 0 ? (mean[1] - mean[0]) / unit : (double)NAN};
        }
    }
    *out = made;
    *n = count;
    made = NULL;
out:
    upi_free(made);
    upi_arm_counts_free(&a);
    return status;
}
