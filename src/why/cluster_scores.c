/* Scores summed within clusters (methods/core.md 2.4 and 8.2). The Gram matrix of a cluster's rows
 * is all that its scores depend on, so the few rows that stand for each of its groups serve as rows.
 * In the orthonormal coordinates q = R^-T x of each equation
 *
 *   s_c = sum q e,   H_c = sum q q',   psi_c = Z'(I - H_c)^a s_c                          (4)
 *
 * with a = 0 (CR0, CR1, CR1S), -1/2 (CR2) or -1 (CR3), equation by equation. With two ways of
 * clustering the sums are V_1 + V_2 - V_12. */
#include "num/matrix.h"
#include "why/mediation.h"

#include <math.h>
#include <string.h>

typedef struct cluster_pass {
    upi_stack *s;
    double power;
    double *t, *u, *value, *x, *psi;
    double *score, *hat; /* [system][equation]: p, and p p, at their place */
    double *work;
    double *size; /* [system]: square root of G/(G-1) */
    int64_t p_max, equations, stride;
} cluster_pass;

static void
pass_free(cluster_pass *p)
{
    upi_free(p->t);
    upi_free(p->u);
    upi_free(p->value);
    upi_free(p->x);
    upi_free(p->psi);
    upi_free(p->score);
    upi_free(p->hat);
    upi_free(p->work);
    upi_free(p->size);
}

static up_status
pass_make(upi_stack *s, cluster_pass *p, up_error *err)
{
    up_status status = UP_OK;
    const upi_mechanism *h = s->h;
    int64_t width = 1 + h->model->moments->nx + h->model->moments->ny;
    int64_t n = h->n_columns;
    p->s = s;
    p->power = upi_adjustment_power(h->model->opts.vcov);
    p->p_max = n;
    p->equations = h->n + 2 + h->n_tests;
    p->stride = s->n_systems * p->equations;
    UP_TRY(UP_NEW(&p->t, 2 * width * width, err));
    UP_TRY(UP_NEW(&p->u, n, err));
    UP_TRY(UP_NEW(&p->value, n, err));
    UP_TRY(UP_NEW(&p->x, n, err));
    UP_TRY(UP_NEW(&p->psi, s->n_systems * h->n_params, err));
    UP_TRY(UP_NEW(&p->score, p->stride * n, err));
    UP_TRY(UP_NEW(&p->hat, p->power != 0 ? p->stride * n * n : 0, err));
    UP_TRY(UP_NEW(&p->work, 4 * n * n, err));
    UP_TRY(UP_NEW(&p->size, s->n_systems, err));
out:
    return status;
}

/* One row that stands for some of a group, in equation q, whose place among all is `at`. */
static void
add_to_equation(cluster_pass *p, const upi_equation *q, int64_t at)
{
    int64_t n = p->p_max;
    double e = p->u[q->response];
    double *score = p->score + at * n;
    for (int64_t i = 0; i < q->p; i++) {
        p->x[i] = p->u[q->column[i]];
        e -= q->coef[i] * p->x[i];
    }
    (void)upi_tri_solve('T', q->p, 1, q->r, q->p, p->x, q->p, NULL);
    for (int64_t i = 0; i < q->p; i++) {
        score[i] += p->x[i] * e;
    }
    for (int64_t b = 0; b < q->p && p->power != 0; b++) {
        double *hat = p->hat + at * n * n + b * q->p;
        for (int64_t i = 0; i < q->p; i++) {
            hat[i] += p->x[i] * p->x[b];
        }
    }
}

static void
add_row(cluster_pass *p, int64_t g)
{
    for (int64_t k = 0; k < p->s->n_systems; k++) {
        const upi_system *y = &p->s->system[k];
        for (int64_t j = 0; j < y->n_equations && y->in[g] != 0; j++) {
            add_to_equation(p, &y->equation[j], k * p->equations + j);
        }
    }
}

static void
add_gram(upi_stack *s, int64_t g, const double *u, int64_t block)
{
    for (int64_t k = 0; k < s->n_systems; k++) {
        double *to = s->blocks.gram + (block * s->n_systems + k) * s->blocks.packed;
        for (int64_t j = 0; j < s->h->n_columns && s->system[k].in[g] != 0; j++) {
            for (int64_t i = 0; i <= j; i++) {
                *to++ += u[i] * u[j];
            }
        }
    }
}

/* psi of the cluster that was summed, in one equation of system k. */
static up_status
finish_equation(cluster_pass *p, int64_t k, int64_t j, up_error *err)
{
    up_status status = UP_OK;
    int64_t n = p->p_max;
    const upi_system *y = &p->s->system[k];
    const upi_equation *q = &y->equation[j];
    int64_t at = k * p->equations + j;
    double *score = p->score + at * n;
    double *psi = p->psi + k * p->s->h->n_params + q->first;
    double size = p->size[k];
    if (p->power != 0) {
        UP_TRY(upi_adjustment(
            q->p, p->hat + at * n * n, p->power, p->work, p->work + n * n, err));
        upi_gemv('N', q->p, q->p, p->work, q->p, score, p->x);
        score = p->x;
    }
    if (p->s->h->model->opts.vcov == UP_VCOV_CR1S) {
        double rows = (double)y->rows;
        size *= sqrt((rows - 1) / (rows - (double)q->p));
    }
    for (int64_t i = 0; i < q->n_params; i++) {
        psi[i] = size * upi_dot(q->p, q->z + i * q->p, score);
    }
out:
    return status;
}

static up_status
finish_cluster(cluster_pass *p, up_error *err)
{
    up_status status = UP_OK;
    for (int64_t at = 0; at < p->stride; at++) {
        UP_TRY(finish_equation(p, at / p->equations, at % p->equations, err));
    }
out:
    return status;
}

static int64_t
block_of_cluster(const upi_stack *s, const upi_clusters *c, int64_t cluster)
{
    uint64_t n = (uint64_t)s->blocks.n_blocks;
    return c->n <= s->blocks.n_blocks ? cluster
                                      : (int64_t)(upi_hash_u64((uint64_t)cluster) % n);
}

/* Clusters of this way with rows in each system; sets the factor of CR1 and CR1S. */
static void
count_clusters(cluster_pass *p, const upi_clusters *c, bool first)
{
    int64_t vcov = p->s->h->model->opts.vcov;
    bool small = vcov == UP_VCOV_CR1 || vcov == UP_VCOV_CR1S;
    for (int64_t k = 0; k < p->s->n_systems; k++) {
        upi_system *y = &p->s->system[k];
        int64_t n = 0;
        for (int64_t b = 0; b < c->n; b++) {
            bool in = false;
            for (int64_t i = c->start[b]; i < c->start[b + 1] && !in; i++) {
                in = y->in[c->order[i]] != 0;
            }
            n += in ? 1 : 0;
        }
        p->size[k] = small && n > 1 ? sqrt((double)n / (double)(n - 1)) : 1;
        y->clusters = first ? n : y->clusters;
    }
}

static up_status
add_cluster(cluster_pass *p, const upi_clusters *c, int64_t cluster, bool blocks,
    double sign, up_error *err)
{
    up_status status = UP_OK;
    upi_stack *s = p->s;
    const upi_mechanism *h = s->h;
    int64_t width = 1 + h->model->moments->nx + h->model->moments->ny;
    int64_t n = h->n_columns;
    memset(p->score, 0, (size_t)(p->stride * n) * sizeof *p->score);
    if (p->power != 0) {
        memset(p->hat, 0, (size_t)(p->stride * n * n) * sizeof *p->hat);
    }
    for (int64_t i = c->start[cluster]; i < c->start[cluster + 1]; i++) {
        int64_t g = c->order[i];
        int64_t rows = upi_group_rows(h->model, g, true, p->t);
        upi_pool_values(h, g, p->value);
        for (int64_t r = 0; r < rows; r++) {
            upi_pool_row(h, p->value, p->t + r, width, p->u);
            add_row(p, g);
            if (blocks) {
                add_gram(s, g, p->u, block_of_cluster(s, c, cluster));
            }
        }
    }
    UP_TRY(finish_cluster(p, err));
    int64_t all = s->n_systems * h->n_params;
    for (int64_t j = 0; j < all; j++) {
        double f = sign * p->psi[j];
        for (int64_t i = 0; i <= j; i++) {
            s->cov[i + j * all] += f * p->psi[i];
        }
    }
out:
    return status;
}

static up_status
check_stop(const up_run *run, int64_t cluster, up_error *err)
{
    bool ask = cluster % 1024 == 0 && run != NULL && run->should_stop != NULL;
    return ask && run->should_stop(run->user) != 0
               ? upi_fail(err, UP_E_STOPPED, NULL, "stopped on request")
               : UP_OK;
}

static up_status
add_way(
    cluster_pass *p, const upi_clusters *c, int way, const up_run *run, up_error *err)
{
    up_status status = UP_OK;
    bool blocks = way == 0 && p->s->blocks.gram != NULL;
    count_clusters(p, c, way == 0);
    for (int64_t k = 0; k < c->n; k++) {
        UP_TRY(check_stop(run, k, err));
        UP_TRY(add_cluster(p, c, k, blocks, way == 2 ? -1 : 1, err));
    }
out:
    return status;
}

up_status
upi_stack_clusters(upi_stack *s, const up_run *run, up_error *err)
{
    up_status status = UP_OK;
    const up_model *m = s->h->model;
    cluster_pass p = {0};
    upi_clusters c = {0};
    UP_TRY(pass_make(s, &p, err));
    int ways = m->moments->ways == 2 ? 3 : 1;
    for (int way = 0; way < ways; way++) {
        UP_TRY(upi_clusters_build(m, way, &c, err));
        UP_TRY(add_way(&p, &c, way, run, err));
        upi_clusters_free(&c);
        c = (upi_clusters){0};
    }
out:
    upi_clusters_free(&c);
    pass_free(&p);
    return status;
}
