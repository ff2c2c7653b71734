/* Batches, their propensities, and adaptive weights.
 *
 * The weight h of a row for arm w breaks a stick: h_t^2 / e_t = lambda_t (1 - sum_{s<t} h_s^2 /
 * e_s), with lambda_t = 1/(T - t + 1) for constant allocation and
 *
 *   lambda_t = e_t/(T - t + 1) + (1 - e_t) (1 - a) / ((1 - a) + T (t/T)^a - t)
 *
 * for two-point allocation (Hadad et al. 2021, eqs. 15-18). e_t is constant in a batch, so the
 * piece of the stick that a batch breaks off is shared alike by its rows: the order of rows
 * inside a batch says nothing. Where propensities depend on a context, e is 1 / mean of 1/e
 * over the rows of the batch, so that h does not depend on the context of the row, which would
 * weigh contexts differently by arm. */
#include "decide/adaptive.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { MOST_CELLS = 1 << 24 };

void
upi_batches_clear(upi_batches *b)
{
    upi_free(b->cell);
    upi_free(b->rows);
    upi_free(b->inverse);
    upi_free(b->batch);
    upi_free(b->weight);
    *b = (upi_batches){0};
}

/* ---- contexts ---- */

typedef struct place {
    const up_moments *m;
    int64_t group;
} place;

static int
compare_places(const void *a, const void *b)
{
    const place *x = a;
    const place *y = b;
    for (int64_t k = 0; k < x->m->n_keys; k++) {
        upi_key_role role = x->m->keys[k].role;
        int32_t p = upi_moments_code(x->m, x->group, k);
        int32_t q = upi_moments_code(x->m, y->group, k);
        bool context = role == UPI_KEY_COVARIATE || role == UPI_KEY_MISSING;
        if (context && p != q) {
            return p < q ? -1 : 1;
        }
    }
    return 0;
}

static up_status
find_cells(upi_batches *b, up_error *err)
{
    up_status status = UP_OK;
    const up_moments *m = b->m;
    place *list = NULL;
    UP_TRY(UP_NEW(&list, m->n_groups, err));
    UP_TRY(UP_NEW(&b->cell, m->n_groups, err));
    for (int64_t g = 0; g < m->n_groups; g++) {
        list[g] = (place){m, g};
    }
    qsort(list, (size_t)m->n_groups, sizeof *list, compare_places);
    for (int64_t i = 0; i < m->n_groups; i++) {
        b->n_cells += i == 0 || compare_places(&list[i - 1], &list[i]) != 0 ? 1 : 0;
        b->cell[list[i].group] = b->n_cells - 1;
    }
out:
    upi_free(list);
    return status;
}

/* ---- propensities ---- */

static double
propensity_of(const up_moments *m, int64_t group)
{
    return m->keys[m->propensity].number[upi_moments_code(m, group, m->propensity)];
}

static up_status
sum_groups(upi_batches *b, up_error *err)
{
    up_status status = UP_OK;
    const up_moments *m = b->m;
    if (b->n_batches > MOST_CELLS / b->n_arms / b->n_cells) {
        (void)upi_fail(err, UP_E_ARGUMENT, "covariates",
            "%lld batches times %lld contexts times %lld arms are too many",
            (long long)b->n_batches, (long long)b->n_cells, (long long)b->n_arms);
        return upi_fix(err, "use coarser covariates or batches");
    }
    int64_t size = b->n_batches * b->n_cells * b->n_arms;
    UP_TRY(UP_NEW(&b->rows, size, err));
    UP_TRY(UP_NEW(&b->inverse, size, err));
    UP_TRY(UP_NEW(&b->batch, b->n_batches, err));
    UP_TRY(UP_NEW(&b->weight, b->n_batches * b->n_arms, err));
    for (int64_t g = 0; g < m->n_groups; g++) {
        int64_t batch = upi_moments_code(m, g, m->time);
        int64_t at =
            upi_batches_at(b, batch, b->cell[g]) + upi_moments_code(m, g, b->key);
        double n = (double)m->n[g];
        b->rows[at] += n;
        b->inverse[at] += n / propensity_of(m, g);
        b->batch[batch] += n;
    }
    for (int64_t i = 0; i < size; i++) {
        b->inverse[i] = b->rows[i] > 0 ? b->inverse[i] / b->rows[i] : 0;
    }
out:
    return status;
}

static up_status
refuse_sum(const upi_batches *b, int64_t batch, double sum, up_error *err)
{
    const up_moments *m = b->m;
    (void)upi_fail(err, UP_E_PROPENSITY, m->keys[m->propensity].name,
        "in the batch '%s' the propensities of the arms add up to %.6g in one context",
        m->keys[m->time].label[batch], sum);
    return upi_fix(err,
        "give the probability of the arm that was played, and as covariates what it "
        "depended on");
}

/* The propensities of arms that were not played in a context of a batch: what is left of 1, in
 * equal parts; one such arm is thereby known. 0 stays 0: the arm could not be played. */
static up_status
complete(upi_batches *b, up_error *err)
{
    double guessed = 0;
    for (int64_t i = 0; i < b->n_batches * b->n_cells; i++) {
        double sum = 0;
        double n = 0;
        int64_t unseen = 0;
        for (int64_t w = 0; w < b->n_arms; w++) {
            int64_t at = i * b->n_arms + w;
            sum += b->rows[at] > 0 ? 1 / b->inverse[at] : 0;
            unseen += b->rows[at] > 0 ? 0 : 1;
            n += b->rows[at];
        }
        if (n == 0) {
            continue;
        }
        if (sum > 1 + 1e-6 || (unseen == 0 && sum < 1 - 1e-6)) {
            return refuse_sum(b, i / b->n_cells, sum, err);
        }
        guessed += unseen > 1 && sum < 1 - 1e-9 ? n : 0;
        for (int64_t w = 0; w < b->n_arms; w++) {
            int64_t at = i * b->n_arms + w;
            if (b->rows[at] == 0) {
                double rest = (1 - sum) / (double)unseen;
                b->inverse[at] = rest > 1e-9 ? 1 / rest : (double)INFINITY;
            }
        }
    }
    b->shared = guessed / (double)b->m->n_rows;
    return UP_OK;
}

up_status
upi_batches_make(const up_moments *m, upi_batches *out, up_error *err)
{
    up_status status = UP_OK;
    upi_batches b = {.m = m, .key = m->instrument >= 0 ? m->instrument : m->arm};
    UP_TRY(upi_moments_control(m, b.key, &b.control, err));
    b.n_batches = m->keys[m->time].n_levels;
    b.n_arms = m->keys[b.key].n_levels;
    UP_TRY(find_cells(&b, err));
    UP_TRY(sum_groups(&b, err));
    UP_TRY(complete(&b, err));
    *out = b;
    b = (upi_batches){0};
out:
    upi_batches_clear(&b);
    return status;
}

/* ---- weights ---- */

/* 1 / mean of 1/e over the rows of the batch; 0 where the arm could not be played. */
static double
typical(const upi_batches *b, int64_t batch, int64_t arm)
{
    double sum = 0;
    for (int64_t x = 0; x < b->n_cells; x++) {
        const double *rows = b->rows + upi_batches_at(b, batch, x);
        double n = 0;
        for (int64_t w = 0; w < b->n_arms; w++) {
            n += rows[w];
        }
        if (n > 0) {
            sum += n * b->inverse[upi_batches_at(b, batch, x) + arm];
        }
    }
    return b->batch[batch] / sum;
}

static double
two_point(double e, double t, double total, double a)
{
    double late = (1 - a) / ((1 - a) + total * pow(t / total, a) - t);
    double lambda = e / (total - t + 1) + (1 - e) * late;
    return fmin(fmax(lambda, 0), 1);
}

/* Two-point allocation of one arm: what the rows of each batch break off. */
static void
weigh_two_point(upi_batches *b, int64_t arm, double decay)
{
    double total = (double)b->m->n_rows;
    double left = 1;
    double t = 0;
    for (int64_t batch = 0; batch < b->n_batches; batch++) {
        double e = typical(b, batch, arm);
        double before = left;
        for (double end = t + b->batch[batch]; t < end;) {
            t += 1;
            left *= e > 0 ? 1 - two_point(e, t, total, decay) : 1;
        }
        b->weight[batch * b->n_arms + arm] =
            sqrt(e * (before - left) / b->batch[batch]);
    }
}

up_status
upi_batches_weigh(upi_batches *b, int64_t weights, double decay, up_error *err)
{
    for (int64_t arm = 0; arm < b->n_arms; arm++) {
        double all = 0;
        if (weights == UP_ADAPTIVE_TWO_POINT) {
            weigh_two_point(b, arm, decay);
        }
        for (int64_t batch = 0; batch < b->n_batches; batch++) {
            double *h = &b->weight[batch * b->n_arms + arm];
            if (weights == UP_ADAPTIVE_CONSTANT) {
                *h = sqrt(typical(b, batch, arm));
            } else if (weights == UP_ADAPTIVE_UNIFORM) {
                *h = 1;
            }
            all += *h * b->batch[batch];
        }
        if (!(all > 0) || !isfinite(all)) {
            (void)upi_fail(err, UP_E_ARMS, b->m->keys[b->key].name,
                "the arm '%s' has probability 0 in every batch",
                b->m->keys[b->key].label[arm]);
            return upi_fix(err, "leave the arm out with filter");
        }
    }
    return UP_OK;
}
