/* Are the covariates balanced? One test of all differences of means by assigned arm.
 *
 * For base function f_j (an indicator of a level, or a number) and weights w (analytic times
 * share of arm / propensity), D_aj = mean_aj - mean_0j in arm a against control. With the
 * overall means mu, every row (or cluster, summed) contributes
 *
 *   d_aj = 1{A = a} w (f_j - mu_j) / W_a - 1{A = 0} w (f_j - mu_j) / W_0,   D = sum d,
 *
 * so V = sum d d' is its variance under randomisation, robust to unequal weights and to
 * clusters. T2 = D' V^- D; F = T2 (v - q + 1) / (v q) with (q, v - q + 1) degrees of freedom,
 * v = rows (clusters) - arms, q = rank of V (Hotelling 1931). Covariates that repeat one
 * another make V singular: it is scaled to a correlation matrix and its small eigenvalues are
 * left out, so that nothing is divided by rounding. */
#include "check/check.h"
#include "num/dist.h"
#include "num/matrix.h"

#include <math.h>
#include <string.h>

static const double RANK_TOLERANCE = 1e-9;
enum { BUFFER = 256 }; /* clusters added to V at a time, by one matrix product */

typedef struct work {
    const up_model *model;
    const up_moments *m;
    const upi_arm_counts *arms;
    int64_t control, nb, q;
    int64_t *base;  /* (nb) the base functions that are compared */
    double *mu;     /* (nb) */
    double *f;      /* (nb) the base functions of the group at hand, less mu */
    double *total;  /* (n_arms) sum of weights */
    double *d;      /* (q) D */
    double *v;      /* (q, q) */
    double *buffer; /* (q, BUFFER) contributions not yet in v */
    int64_t held;
} work;

static void
work_free(work *w)
{
    upi_free(w->base);
    upi_free(w->mu);
    upi_free(w->f);
    upi_free(w->total);
    upi_free(w->d);
    upi_free(w->v);
    upi_free(w->buffer);
}

static up_status
choose_bases(work *w, up_error *err)
{
    up_status status = UP_OK;
    UP_TRY(UP_NEW(&w->base, w->model->n_base, err));
    for (int64_t j = 0; j < w->model->n_base; j++) {
        const upi_base *b = &w->model->base[j];
        if (b->kind != UPI_BASE_ONE && !b->time) {
            w->base[w->nb++] = j;
        }
    }
    w->q = w->nb * (w->arms->n_arms - 1);
out:
    return status;
}

static up_status
means(work *w, up_error *err)
{
    up_status status = UP_OK;
    double all = 0.0;
    UP_TRY(UP_NEW(&w->mu, w->nb, err));
    UP_TRY(UP_NEW(&w->f, w->nb, err));
    UP_TRY(UP_NEW(&w->total, w->arms->n_arms, err));
    UP_TRY(UP_NEW(&w->d, w->q, err));
    UP_TRY(UP_NEW(&w->v, w->q * w->q, err));
    UP_TRY(UP_NEW(&w->buffer, w->q * BUFFER, err));
    for (int64_t g = 0; g < w->m->n_groups; g++) {
        double weight = (double)w->m->n[g] * upi_group_weight(w->model, g);
        w->total[upi_assigned(w->m, w->arms, g)] += weight;
        all += weight;
        for (int64_t j = 0; j < w->nb; j++) {
            w->mu[j] += weight * upi_base_mean(w->model, w->base[j], g);
        }
    }
    for (int64_t j = 0; j < w->nb; j++) {
        w->mu[j] /= all;
    }
out:
    return status;
}

static void
flush(work *w)
{
    if (w->held > 0) {
        upi_gemm('N', 'T', w->q, w->q, w->held, 1.0, w->buffer, w->q, w->buffer, w->q,
            1.0, w->v, w->q);
    }
    w->held = 0;
}

/* The column that the next contribution is written to. */
static double *
column(work *w)
{
    return w->buffer + w->held * w->q;
}

static void
end_column(work *w)
{
    const double *d = column(w);
    for (int64_t i = 0; i < w->q; i++) {
        w->d[i] += d[i];
    }
    w->held++;
    if (w->held == BUFFER) {
        flush(w);
    }
    if (w->q > 0) {
        memset(column(w), 0, (size_t)w->q * sizeof(double));
    }
}

/* Adds scale * x_j to the places of an arm: its own block, or every block, with the sign
 * turned, for control. */
static void
add_block(work *w, int64_t arm, double scale)
{
    double *d = column(w);
    int64_t block = 0;
    for (int64_t a = 0; a < w->arms->n_arms; a++) {
        if (a == w->control) {
            continue;
        }
        double s = arm == w->control ? -scale : a == arm ? scale : 0.0;
        for (int64_t j = 0; s != 0.0 && j < w->nb; j++) {
            d[block * w->nb + j] += s * w->f[j];
        }
        block++;
    }
}

/* Adds s to the pair (i, j) in every pair of blocks that the arm has a part in: all of them
 * for control (the signs cancel), else only its own. */
static void
add_pair(work *w, int64_t arm, int64_t i, int64_t j, double s)
{
    int64_t blocks = w->arms->n_arms - 1;
    int64_t own = arm - (arm > w->control ? 1 : 0);
    for (int64_t a = 0; a < blocks; a++) {
        for (int64_t b = 0; b < blocks; b++) {
            if (arm == w->control || (a == own && b == own)) {
                w->v[a * w->nb + i + (b * w->nb + j) * w->q] += s;
            }
        }
    }
}

/* Within a group only continuous covariates vary: their cross products go to V directly. */
static void
add_within(work *w, int64_t g, double scale)
{
    int64_t arm = upi_assigned(w->m, w->arms, g);
    for (int64_t i = 0; i < w->nb; i++) {
        const upi_base *bi = &w->model->base[w->base[i]];
        for (int64_t j = 0; j < w->nb; j++) {
            const upi_base *bj = &w->model->base[w->base[j]];
            if (bi->kind == UPI_BASE_X && bj->kind == UPI_BASE_X) {
                double cross = upi_moments_x_cross(w->m, bi->x, bj->x, g);
                add_pair(w, arm, i, j, scale * scale * cross);
            }
        }
    }
}

static void
accumulate(work *w)
{
    const up_moments *m = w->m;
    bool clusters = m->ways > 0;
    for (int64_t g = 0; g < m->n_groups; g++) {
        int64_t arm = upi_assigned(m, w->arms, g);
        double n = (double)m->n[g];
        double scale = upi_group_weight(w->model, g) / w->total[arm];
        for (int64_t j = 0; j < w->nb; j++) {
            w->f[j] = upi_base_mean(w->model, w->base[j], g) - w->mu[j];
        }
        if (clusters) {
            if (g > 0 && !upi_same_cluster(m, g)) {
                end_column(w);
            }
            add_block(w, arm, n * scale);
            continue;
        }
        /* n equal rows: the sum of their squares is n d d', of which sqrt(n) d is the root;
         * D is put right below. */
        add_block(w, arm, sqrt(n) * scale);
        const double *d = column(w);
        for (int64_t i = 0; i < w->q; i++) {
            w->d[i] += (sqrt(n) - 1.0) * d[i];
        }
        end_column(w);
        if (m->nx > 0) {
            add_within(w, g, scale);
        }
    }
    if (clusters) {
        end_column(w);
    }
    flush(w);
}

/* T2 over the eigenvectors of the correlation matrix of D that are not rounding. */
static up_status
hotelling(const work *w, double *t2, int64_t *rank, int64_t *worst, up_error *err)
{
    up_status status = UP_OK;
    double *c = NULL;
    double *values = NULL;
    double *z = NULL;
    double largest = 0.0;
    int64_t q = w->q;
    UP_TRY(UP_NEW(&c, q * q, err));
    UP_TRY(UP_NEW(&values, q, err));
    UP_TRY(UP_NEW(&z, q, err));
    *worst = 0;
    for (int64_t i = 0; i < q; i++) {
        double sd = sqrt(w->v[i + i * q]);
        z[i] = sd > 0.0 ? w->d[i] / sd : 0.0;
        if (fabs(z[i]) > fabs(z[*worst])) {
            *worst = i;
        }
        for (int64_t j = 0; j < q; j++) {
            double s = sd * sqrt(w->v[j + j * q]);
            c[i + j * q] = s > 0.0 ? w->v[i + j * q] / s : 0.0;
        }
    }
    UP_TRY(upi_eigen_sym(q, c, q, values, err));
    *t2 = 0.0;
    *rank = 0;
    for (int64_t i = 0; i < q; i++) {
        largest = values[i] > largest ? values[i] : largest;
    }
    for (int64_t i = 0; i < q; i++) {
        if (values[i] > RANK_TOLERANCE * largest) {
            double along = upi_dot(q, c + i * q, z);
            *t2 += along * along / values[i];
            *rank += 1;
        }
    }
out:
    upi_free(c);
    upi_free(values);
    upi_free(z);
    return status;
}

/* Where units were assigned within strata the shares of the arms may differ between them by
 * design, and covariates with them; the model takes the strata into account. */
static bool
has_strata(const up_experiment *e)
{
    for (int64_t i = 0; i < e->n_covariates; i++) {
        if (e->covariates[i].strata) {
            return true;
        }
    }
    return false;
}

static up_status
say(const work *w, up_checks *c, up_error *err)
{
    up_status status = UP_OK;
    upi_finding f = {"balance", UPI_PASSED, NAN, UPI_CHANCE, ""};
    double t2 = 0.0;
    int64_t rank = 0;
    int64_t worst = 0;
    UP_TRY(hotelling(w, &t2, &rank, &worst, err));
    int64_t units = w->m->ways > 0 ? w->arms->total[0] : w->m->n_rows;
    double v = (double)(units - w->arms->n_arms);
    double q = (double)rank;
    if (rank == 0 || v - q + 1.0 < 1.0) {
        UP_TRY(upi_checks_skip(c, f.name, err,
            rank == 0 ? "no covariate varies"
                      : "fewer rows or clusters than covariates: no joint test"));
        goto out;
    }
    double statistic = t2 * (v - q + 1.0) / (v * q);
    f.number = upi_f_sf(statistic, q, v - q + 1.0);
    if (f.number < UPI_BALANCE_FAIL && !has_strata(w->m->experiment)) {
        f.verdict = UPI_FAILED;
        f.code = "E_BALANCE";
    } else if (f.number < UPI_CHANCE) {
        f.verdict = UPI_WARNED;
        f.code = "W_BALANCE";
    }
    int64_t arm = worst / w->nb;
    arm += arm >= w->control ? 1 : 0;
    UP_TRY(upi_checks_put(c, &f, err,
        "%s%lld covariate term%s by arm: F(%.0f, %.0f) = %.4g, p = %.3g; the largest "
        "difference is '%s' in '%s', %.2f standard errors",
        f.verdict == UPI_FAILED
            ? "the arms are not alike before treatment, or treatment "
              "changed a covariate: "
            : "",
        (long long)w->nb, w->nb == 1 ? "" : "s", q, v - q + 1.0, statistic, f.number,
        w->model->base[w->base[worst % w->nb]].name,
        w->m->keys[w->arms->key].label[arm],
        w->d[worst] / sqrt(w->v[worst + worst * w->q])));
out:
    return status;
}

/* Why there is no test; NULL if there is one. */
static const char *
why_not(const work *w)
{
    if (w->nb == 0) {
        return "the model has no covariates";
    }
    if (w->m->row_weighted) {
        return "weights with too many values: the variance of a mean is not kept";
    }
    if (w->q > UPI_BALANCE_LARGEST) {
        return "too many levels and arms for one joint test";
    }
    for (int64_t i = 0; i < w->arms->n_arms; i++) {
        if (w->arms->rows[i] <= 0.0) {
            return "an arm has no rows";
        }
    }
    return NULL;
}

up_status
upi_check_balance(
    const up_model *model, const upi_arm_counts *a, up_checks *c, up_error *err)
{
    up_status status = UP_OK;
    work w = {.model = model, .m = model->moments, .arms = a};
    UP_TRY(choose_bases(&w, err));
    const char *why = why_not(&w);
    if (why != NULL) {
        UP_TRY(upi_checks_skip(c, "balance", err, why));
        goto out;
    }
    UP_TRY(upi_moments_control(w.m, a->key, &w.control, err));
    UP_TRY(means(&w, err));
    accumulate(&w);
    UP_TRY(say(&w, c, err));
out:
    work_free(&w);
    return status;
}
