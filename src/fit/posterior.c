/* Conjugate updating by the gain K = V H (H'V H + S)^-1 of beliefs H'b ~ N(m, S):
 *
 *   mean  b + K (m - H'b),   covariance (I - K H') V (I - K H')' + K S K'.
 *
 * It is the textbook (V^-1 + H S^-1 H')^-1 without an inverse of V, so that a flat direction is
 * simply absent from H, and a covariance of few clusters, which has no inverse, is allowed. The
 * two-sided form (Bucy & Joseph 1968) is a sum of squares: the shorter V - K H'V loses all digits
 * when the prior is much tighter than the data. */
#include "fit/posterior.h"

#include "num/matrix.h"

#include <math.h>
#include <string.h>

void
upi_beliefs_free(upi_beliefs *x)
{
    upi_free(x->h);
    upi_free(x->mean);
    upi_free(x->variance);
    *x = (upi_beliefs){0};
}

void
upi_gain_free(upi_gain *g)
{
    upi_free(g->k);
    upi_free(g->root);
    upi_free(g->unit);
    *g = (upi_gain){0};
}

/* root (r,r) upper with root'root = a (destroyed); its log determinant, -inf where a has none. */
static up_status
upper_root(int64_t r, double *a, double *root, double *log_determinant)
{
    up_error own = UP_ERROR_INIT;
    up_status status = r > 0 ? upi_cholesky(r, a, r, &own) : UP_OK;
    *log_determinant = status == UP_OK ? 0 : -(double)INFINITY;
    for (int64_t j = 0; j < r && status == UP_OK; j++) {
        for (int64_t i = 0; i <= j; i++) {
            root[i + j * r] = a[j + i * r];
        }
        *log_determinant += 2 * log(root[j + j * r]);
    }
    return status;
}

/* The root of h'v h + S over units, and the determinants. own (r,r) = h'v h; work (r,r). */
static up_status
gain_root(const upi_beliefs *x, upi_gain *g, double *own, double *work, up_error *err)
{
    int64_t r = x->r;
    double before = 0;
    double after = 0;
    for (int64_t i = 0; i < r; i++) {
        g->unit[i] = sqrt(fmax(own[i + i * r], 0) + x->variance[i]);
    }
    for (int64_t i = 0; i < r * r; i++) {
        own[i] /= g->unit[i % r] * g->unit[i / r];
    }
    memcpy(work, own, (size_t)(r * r) * sizeof *own);
    (void)upper_root(r, work, g->root, &before);
    for (int64_t i = 0; i < r; i++) {
        own[i + i * r] += x->variance[i] / (g->unit[i] * g->unit[i]);
    }
    if (upper_root(r, own, g->root, &after) != UP_OK) {
        (void)upi_fail(err, UP_E_PRIOR, "prior",
            "two beliefs are about the same combination of coefficients, each far "
            "firmer than the data");
        return upi_fix(err, "leave one of them out, or widen its scale");
    }
    g->log_ratio = before - after;
    return UP_OK;
}

up_status
upi_gain_make(
    int64_t p, const double *v, const upi_beliefs *x, upi_gain *out, up_error *err)
{
    up_status status = UP_OK;
    int64_t r = x->r;
    upi_gain g = {.p = p, .r = r};
    double *q = NULL;    /* (p, r) v h */
    double *own = NULL;  /* (r, r) h'v h, and as much to work in */
    double *turn = NULL; /* (r, p) */
    UP_TRY(UP_NEW(&g.k, p * r, err));
    UP_TRY(UP_NEW(&g.root, r * r, err));
    UP_TRY(UP_NEW(&g.unit, r, err));
    UP_TRY(UP_NEW(&q, p * r, err));
    UP_TRY(UP_NEW(&own, 2 * r * r, err));
    UP_TRY(UP_NEW(&turn, r * p, err));
    if (r > 0) {
        upi_gemm('N', 'N', p, r, p, 1, v, p, x->h, p, 0, q, p);
        upi_gemm('T', 'N', r, r, p, 1, x->h, p, q, p, 0, own, r);
        UP_TRY(gain_root(x, &g, own, own + r * r, err));
        for (int64_t i = 0; i < p * r; i++) {
            turn[i / p + i % p * r] = q[i] / g.unit[i / p];
        }
        UP_TRY(upi_tri_solve('T', r, p, g.root, r, turn, r, err));
        UP_TRY(upi_tri_solve('N', r, p, g.root, r, turn, r, err));
        for (int64_t i = 0; i < p * r; i++) {
            g.k[i] = turn[i / p + i % p * r] / g.unit[i / p];
        }
    }
    *out = g;
    g = (upi_gain){0};
out:
    upi_gain_free(&g);
    upi_free(q);
    upi_free(own);
    upi_free(turn);
    return status;
}

void
upi_gain_mean(const upi_gain *g, const upi_beliefs *x, double *b, double *distance)
{
    int64_t p = g->p;
    int64_t r = g->r;
    for (int64_t i = 0; i < r; i++) {
        distance[i] = x->mean[i] - upi_dot(p, x->h + i * p, b);
    }
    for (int64_t i = 0; i < r; i++) {
        for (int64_t j = 0; j < p; j++) {
            b[j] += g->k[j + i * p] * distance[i];
        }
    }
    for (int64_t i = 0; i < r; i++) {
        double s = distance[i] / g->unit[i];
        for (int64_t j = 0; j < i; j++) {
            s -= g->root[j + i * r] * distance[j];
        }
        distance[i] = s / g->root[i + i * r];
    }
}

up_status
upi_gain_covariance(
    const upi_gain *g, const upi_beliefs *x, double *v, double *data, up_error *err)
{
    up_status status = UP_OK;
    int64_t p = g->p;
    int64_t r = g->r;
    double *q = NULL;
    UP_TRY(UP_NEW(&q, p * r, err));
    if (r > 0) {
        /* (I - k h') from the left, then its transpose from the right. */
        upi_gemm('T', 'N', p, r, p, 1, v, p, x->h, p, 0, q, p);
        upi_gemm('N', 'T', p, p, r, -1, g->k, p, q, p, 1, v, p);
        upi_gemm('N', 'N', p, r, p, 1, v, p, x->h, p, 0, q, p);
        upi_gemm('N', 'T', p, p, r, -1, q, p, g->k, p, 1, v, p);
    }
    upi_symmetrize(p, v, p);
    if (data != NULL) {
        memcpy(data, v, (size_t)(p * p) * sizeof *v);
    }
    for (int64_t i = 0; i < p * r; i++) {
        q[i] = g->k[i] * x->variance[i / p];
    }
    if (r > 0) {
        upi_gemm('N', 'T', p, p, r, 1, q, p, g->k, p, 1, v, p);
        upi_symmetrize(p, v, p);
    }
out:
    upi_free(q);
    return status;
}

void
upi_posterior_free(upi_posterior *p)
{
    if (p == NULL) {
        return;
    }
    for (int64_t e = 0; p->data != NULL && e < p->n_equations; e++) {
        upi_free(p->data[e]);
    }
    upi_free(p->data);
    upi_free(p->log_evidence);
    upi_free(p->prior);
    upi_free(p);
}
