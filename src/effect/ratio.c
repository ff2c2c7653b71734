/* A metric as points. A mean is m'b for each side of the comparison. A ratio metric (sum over
 * sum) has the value N/D under each side, N = m'b_num and D = m'b_den; its linear form is
 * dN/D - N dD/D^2, so that its gradient runs over the coefficients of both components. The
 * delta method is poor when D may be 0, and then the metric is refused. */
#include "effect/effect.h"

#include <math.h>

/* The denominator must be this many standard errors from 0. */
static const double least_denominator = 3;

static up_status
put_point(
    up_effects *e, const upi_side *side, int64_t component, double scale, up_error *err)
{
    up_status status = UP_OK;
    UP_TRY(UP_RESERVE(&e->points, &e->points_capacity, e->n_points + 1, err));
    e->points[e->n_points++] = (upi_point){.average = side->average,
        .equation = e->shift + component,
        .level = side->level,
        .scale = scale};
out:
    return status;
}

static double
side_mean(const up_effects *e, const upi_side *side, int64_t component, upi_gradient *g)
{
    upi_point point = {side->average, e->shift + component, side->level, 1};
    upi_gradient_fill(e, (upi_points){&point, 1}, g);
    return upi_gradient_value(e, g);
}

static up_status
ratio_points(up_effects *e, const upi_metric *metric, const upi_side *side,
    double *value, upi_gradient *g, up_error *err)
{
    up_status status = UP_OK;
    double num = side_mean(e, side, metric->component, g);
    double den = side_mean(e, side, metric->denominator, g);
    double error = sqrt(fmax(upi_gradient_cov(e, g, g), 0));
    if (den == 0 || fabs(den) < least_denominator * error) {
        const upi_key *key = &e->model->moments->keys[e->key];
        const char *segment = e->sets[e->averages[side->average].set].segment;
        (void)upi_fail(err, UP_E_NO_VARIATION, metric->name,
            "the denominator of '%s' cannot be told from 0 in arm '%s'%s%s: it is %.4g "
            "with standard error %.4g",
            metric->name, key->label[side->level], segment[0] != '\0' ? " of " : "",
            segment, den, error);
        (void)upi_fix(err, "use its numerator and denominator as metrics of their own");
        return UP_E_NO_VARIATION;
    }
    UP_TRY(put_point(e, side, metric->component, side->sign / den, err));
    UP_TRY(
        put_point(e, side, metric->denominator, -side->sign * num / (den * den), err));
    *value += side->sign * num / den;
out:
    return status;
}

/* The points of one side after the other share its average; a caller orders sides by it. */
up_status
upi_metric_points(up_effects *e, const upi_metric *metric, const upi_side *side,
    int64_t n, upi_gradient *g, double *value, up_error *err)
{
    up_status status = UP_OK;
    *value = 0;
    for (int64_t i = 0; i < n; i++) {
        UP_TRY(metric->kind == UPI_METRIC_RATIO
                   ? ratio_points(e, metric, &side[i], value, g, err)
                   : put_point(e, &side[i], metric->component, side[i].sign, err));
    }
out:
    return status;
}
