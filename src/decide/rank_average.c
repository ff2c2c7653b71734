/* The average over the common scale of a t posterior: theta = mean + L z / s with
 * s^2 ~ chi-square(df)/df. With s = e^v the density is proportional to exp(df (v - (e^2v - 1)/2)),
 * analytic and falling fast on both sides, where the trapezoidal rule converges faster than any
 * power of its step (Trefethen & Weideman 2014); weights are normalised by their own sum.
 * Steps are halved until no probability changes by 1e-10. */
#include "decide/rank.h"

#include <math.h>
#include <string.h>

enum { MOST_REFINEMENTS = 5 };
static const double enough = 1e-10;
static const double inner = 1e-12; /* of what is averaged; tests/oracle/rank */
static const double normal_from =
    1e14; /* degrees of freedom that differ by rounding only */

up_status
upi_ranks_new(int64_t n, upi_ranks *out, up_error *err)
{
    up_status status = UP_OK;
    *out = (upi_ranks){0};
    UP_TRY(UP_NEW(&out->p, n * n, err));
    UP_TRY(UP_NEW(&out->luck, n, err));
    UP_TRY(UP_NEW(&out->error, n, err));
out:
    if (status != UP_OK) {
        upi_ranks_free(out);
    }
    return status;
}

void
upi_ranks_free(upi_ranks *r)
{
    upi_free(r->p);
    upi_free(r->luck);
    upi_free(r->error);
    *r = (upi_ranks){0};
}

static double
log_density(double df, double v)
{
    return df * (v - expm1(2 * v) / 2);
}

/* One side of the trapezoidal rule, from the peak outwards. */
static double
side(
    double df, double step, double cut, upi_rank_given given, void *ctx, upi_ranks *out)
{
    double total = 0;
    for (int64_t k = step > 0 ? 0 : 1;; k++) {
        double v = (double)k * step;
        double log_weight = log_density(df, v);
        if (log_weight < -cut) {
            return total;
        }
        given(ctx, exp(v), exp(log_weight), out);
        total += exp(log_weight);
    }
}

static void
average(int64_t n, double df, int fine, upi_rank_given given, void *ctx, upi_ranks *out)
{
    memset(out->p, 0, (size_t)(n * n) * sizeof *out->p);
    memset(out->luck, 0, (size_t)n * sizeof *out->luck);
    if (df > normal_from) {
        given(ctx, 1, 1, out);
        return;
    }
    double step = ldexp(1.2 / sqrt(2 * df), -fine);
    double cut = df > 10 ? 40 : 120; /* few degrees of freedom: luck has a heavy tail */
    double total =
        side(df, step, cut, given, ctx, out) + side(df, -step, cut, given, ctx, out);
    for (int64_t i = 0; i < n * n; i++) {
        out->p[i] /= total;
    }
    for (int64_t i = 0; i < n; i++) {
        out->luck[i] /= total;
    }
}

up_status
upi_rank_average(int64_t n, double df, upi_rank_given given, void *ctx, upi_ranks *out,
    up_error *err)
{
    up_status status = UP_OK;
    upi_ranks before = {0};
    UP_TRY(upi_ranks_new(n, &before, err));
    average(n, df, 0, given, ctx, out);
    double change = df > normal_from ? 0 : 1;
    for (int fine = 1; fine <= MOST_REFINEMENTS && change > enough; fine++) {
        memcpy(before.p, out->p, (size_t)(n * n) * sizeof *out->p);
        average(n, df, fine, given, ctx, out);
        change = 0;
        for (int64_t i = 0; i < n * n; i++) {
            change = fmax(change, fabs(out->p[i] - before.p[i]));
        }
    }
    for (int64_t i = 0; i < n; i++) {
        out->error[i] = fmax(change, inner);
        out->luck[i] = df > 1 ? out->luck[i] : (double)NAN;
    }
    out->method = UP_RANK_QUADRATURE;
out:
    upi_ranks_free(&before);
    return status;
}
