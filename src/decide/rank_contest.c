/* Which method ranks the arms of one comparison, the formula for two of them, and simulation for
 * those that have none. For a difference N(m, s^2), or t with nu degrees of freedom,
 * E max(0, -D) = s (w phi(z) - z P(Z > z)), z = m/s, w = 1 or (nu + z^2)/(nu - 1). */
#include "decide/rank.h"
#include "num/dist.h"
#include "num/matrix.h"
#include "num/rng.h"

#include <math.h>
#include <string.h>

enum { DEFAULT_DRAWS = 200000 };

double
upi_ranks_loss(const upi_contest *c, const upi_ranks *r, int64_t i)
{
    double loss = 0;
    for (int64_t j = 0; j < c->n; j++) {
        loss += (c->mean[j] - c->mean[i]) * r->p[j] + r->luck[j];
    }
    return isnan(loss) ? loss : fmax(loss, 0);
}

/* ---- two arms ---- */

static double
t_density(double x, double df)
{
    if (isinf(df)) {
        return upi_normal_pdf(x);
    }
    double log_pdf = upi_ln_gamma((df + 1) / 2) - upi_ln_gamma(df / 2) -
                     log(df * 3.14159265358979323846) / 2 -
                     (df + 1) / 2 * log1p(x * x / df);
    return exp(log_pdf);
}

/* Two arms; infinite luck where df <= 1. */
static void
rank_two(const upi_contest *c, upi_ranks *out)
{
    double s = sqrt(c->cov[0] + c->cov[3] - 2 * c->cov[2]);
    double z = (c->mean[1] - c->mean[0]) / s;
    out->p[1] = out->p[2] = upi_t_cdf(z, c->df);
    out->p[0] = out->p[3] = upi_t_sf(z, c->df);
    /* E[(theta_j - mu_j) 1{j best}], in the coordinates where the first arm is fixed. */
    double w = isinf(c->df) ? 1 : (c->df + z * z) / (c->df - 1);
    out->luck[0] = 0;
    out->luck[1] = c->df > 1 ? s * w * t_density(z, c->df) : (double)NAN;
    out->method = UP_RANK_CLOSED;
}

/* ---- simulation ---- */

typedef struct simulation {
    const upi_contest *c;
    double *root, *z, *theta; /* (n, n), (n), (n) */
} simulation;

/* The arms' numbers in draw k, less their means. */
static void
draw(const simulation *s, uint64_t seed, uint64_t stream, int64_t k)
{
    int64_t n = s->c->n;
    upi_rng rng = upi_rng_make(seed, UPI_STREAM_RANK, stream, (uint64_t)k);
    for (int64_t i = 0; i < n; i++) {
        s->z[i] = upi_rng_normal(&rng);
    }
    double df = s->c->df;
    double scale = df > 1e14 ? 1 : sqrt(upi_rng_gamma(&rng, df / 2) / (df / 2));
    for (int64_t i = 0; i < n; i++) {
        double sum = 0;
        for (int64_t j = 0; j <= i; j++) {
            sum += s->root[j + i * n] * s->z[j];
        }
        s->theta[i] = sum / scale;
    }
}

/* Of equal numbers the earlier arm ranks first: they have probability 0. */
static void
tally(const simulation *s, upi_ranks *out)
{
    int64_t n = s->c->n;
    const double *mean = s->c->mean;
    for (int64_t i = 0; i < n; i++) {
        double own = mean[i] + s->theta[i];
        int64_t above = 0;
        for (int64_t j = 0; j < n; j++) {
            double other = mean[j] + s->theta[j];
            above += other > own || (other == own && j < i) ? 1 : 0;
        }
        out->p[i + above * n] += 1;
        out->luck[i] += above == 0 ? s->theta[i] : 0;
    }
}

static up_status
rank_simulated(const upi_contest *c, int64_t draws, uint64_t seed, uint64_t stream,
    upi_ranks *out, up_error *err)
{
    up_status status = UP_OK;
    simulation s = {.c = c};
    int64_t n = c->n;
    double m = (double)draws;
    UP_TRY(UP_NEW(&s.root, n * n, err));
    UP_TRY(UP_NEW(&s.z, n, err));
    UP_TRY(UP_NEW(&s.theta, n, err));
    upi_cholesky_semi(n, c->cov, n, 1e-14, s.root, n);
    memset(out->p, 0, (size_t)(n * n) * sizeof *out->p);
    memset(out->luck, 0, (size_t)n * sizeof *out->luck);
    for (int64_t k = 0; k < draws; k++) {
        draw(&s, seed, stream, k);
        tally(&s, out);
    }
    for (int64_t i = 0; i < n * n; i++) {
        out->p[i] /= m;
    }
    for (int64_t i = 0; i < n; i++) {
        out->luck[i] = c->df > 1 ? out->luck[i] / m : (double)NAN;
        out->error[i] = sqrt(out->p[i] * (1 - out->p[i]) / m);
    }
    out->method = UP_RANK_SIMULATION;
out:
    upi_free(s.root);
    upi_free(s.z);
    upi_free(s.theta);
    return status;
}

/* ---- choosing ---- */

bool
upi_contest_varies(const upi_contest *c)
{
    int64_t n = c->n;
    bool varies = true;
    for (int64_t i = 0; i < n * n; i++) {
        int64_t a = i % n;
        int64_t b = i / n;
        double sum = c->cov[a + a * n] + c->cov[b + b * n];
        double v = sum - 2 * c->cov[i];
        bool known = v > 1e-20 * sum && isfinite(c->mean[a] - c->mean[b]);
        varies = varies && (a == b || known);
    }
    return varies;
}

up_status
upi_contest_decide(const upi_contest *c, const up_rank_opts *opts, uint64_t stream,
    upi_ranks *out, up_error *err)
{
    up_status status = UP_OK;
    upi_ranks made = {0};
    double *variance = NULL;
    int64_t draws = opts->draws > 0 ? opts->draws : DEFAULT_DRAWS;
    UP_TRY(upi_ranks_new(c->n, &made, err));
    UP_TRY(UP_NEW(&variance, c->n, err));
    bool exact = opts->simulate == 0;
    if (exact && c->n == 2) {
        rank_two(c, &made);
    } else if (exact && upi_rank_orthant_fits(c)) {
        UP_TRY(upi_rank_orthant(c, &made, err));
    } else if (exact && upi_rank_independent_fits(c, variance)) {
        UP_TRY(upi_rank_independent(c, variance, &made, err));
    } else {
        UP_TRY(rank_simulated(c, draws, (uint64_t)opts->seed, stream, &made, err));
    }
    *out = made;
    made = (upi_ranks){0};
out:
    upi_ranks_free(&made);
    upi_free(variance);
    return status;
}
