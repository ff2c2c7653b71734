/* Scores: means, and the covariance of means. For n independent rows it is
 * sum (q - qbar)(q - qbar)' / (n (n - 1)); for clusters with sums S_c of n_c rows it is
 * G/(G-1) sum (S_c - n_c qbar)(S_c - n_c qbar)' / n^2, and with two ways of clustering way 1 +
 * way 2 - intersection (Cameron, Gelbach & Miller 2011). Everything is centred before it is squared. */
#include "decide/scores.h"

#include <stdlib.h>
#include <string.h>

up_status
upi_score_sum_make(int64_t k, upi_score_sum *out, up_error *err)
{
    up_status status = UP_OK;
    upi_score_sum s = {.k = k};
    UP_TRY(UP_NEW(&s.mean, k, err));
    UP_TRY(UP_NEW(&s.product, k * k, err));
    *out = s;
    s = (upi_score_sum){0};
out:
    upi_score_sum_free(&s);
    return status;
}

void
upi_score_sum_free(upi_score_sum *s)
{
    upi_free(s->mean);
    upi_free(s->product);
    *s = (upi_score_sum){0};
}

void
upi_score_sum_add(
    upi_score_sum *s, int64_t n, const double *mean, const double *slope, double within)
{
    double all = (double)(s->n + n);
    double pull = (double)s->n * (double)n / all;
    for (int64_t a = 0; a < s->k; a++) {
        double da = mean[a] - s->mean[a];
        for (int64_t b = 0; b < s->k; b++) {
            s->product[a + b * s->k] += pull * da * (mean[b] - s->mean[b]);
            if (slope != NULL) {
                s->product[a + b * s->k] += within * slope[a] * slope[b];
            }
        }
    }
    for (int64_t a = 0; a < s->k; a++) {
        s->mean[a] += (mean[a] - s->mean[a]) * ((double)n / all);
    }
    s->n += n;
}

void
upi_score_sum_merge(upi_score_sum *s, const upi_score_sum *more)
{
    if (more->n == 0) {
        return;
    }
    upi_score_sum_add(s, more->n, more->mean, NULL, 0);
    for (int64_t i = 0; i < s->k * s->k; i++) {
        s->product[i] += more->product[i];
    }
}

/* ---- clusters ---- */

typedef struct member {
    uint64_t id[2];
    int64_t group;
} member;

static int
compare_members(const void *a, const void *b)
{
    const member *x = a;
    const member *y = b;
    for (int w = 0; w < 2; w++) {
        if (x->id[w] != y->id[w]) {
            return x->id[w] < y->id[w] ? -1 : 1;
        }
    }
    return (x->group > y->group) - (x->group < y->group);
}

/* The sum of the centred scores of the cluster that begins at `first`; gives where it ends. */
static int64_t
sum_cluster(const upi_score_sum *s, const up_moments *m, const double *total,
    const member *list, int64_t first, double *own)
{
    int64_t i = first;
    memset(own, 0, (size_t)s->k * sizeof *own);
    while (i < m->n_groups && list[i].id[0] == list[first].id[0] &&
           list[i].id[1] == list[first].id[1]) {
        int64_t g = list[i++].group;
        for (int64_t a = 0; a < s->k; a++) {
            own[a] += total[g * s->k + a] - (double)m->n[g] * s->mean[a];
        }
    }
    return i;
}

/* Adds sign * G/(G-1) sum S S' over clusters of the members; gives their number. */
static int64_t
add_way(const upi_score_sum *s, const up_moments *m, const double *total,
    const member *list, double *scratch, double *product, double sign)
{
    int64_t k = s->k;
    int64_t clusters = 0;
    double *own = scratch;
    double *sum = scratch + k;
    memset(sum, 0, (size_t)(k * k) * sizeof *sum);
    for (int64_t i = 0; i < m->n_groups;) {
        i = sum_cluster(s, m, total, list, i, own);
        clusters++;
        for (int64_t a = 0; a < k * k; a++) {
            sum[a] += own[a % k] * own[a / k];
        }
    }
    double scale = clusters > 1 ? sign * (double)clusters / (double)(clusters - 1) : 0;
    for (int64_t a = 0; a < k * k; a++) {
        product[a] += scale * sum[a];
    }
    return clusters;
}

static up_status
clusters(const upi_score_sum *s, const up_moments *m, const double *total,
    double *product, int64_t *units, up_error *err)
{
    up_status status = UP_OK;
    member *list = NULL;
    double *scratch = NULL;
    UP_TRY(UP_NEW(&list, m->n_groups, err));
    UP_TRY(UP_NEW(&scratch, s->k + s->k * s->k, err));
    *units = INT64_MAX;
    for (int way = 0; way < (m->ways == 2 ? 3 : 1); way++) {
        for (int64_t g = 0; g < m->n_groups; g++) {
            list[g] = (member){.group = g};
            list[g].id[0] = m->cluster[way == 1 ? 1 : 0][g];
            list[g].id[1] = way == 2 ? m->cluster[1][g] : 0;
        }
        qsort(list, (size_t)m->n_groups, sizeof *list, compare_members);
        int64_t n = add_way(s, m, total, list, scratch, product, way == 2 ? -1 : 1);
        *units = n < *units ? n : *units;
    }
out:
    upi_free(list);
    upi_free(scratch);
    return status;
}

up_status
upi_score_covariance(const upi_score_sum *s, const up_moments *m, const double *total,
    double *covariance, int64_t *units, up_error *err)
{
    up_status status = UP_OK;
    int64_t k = s->k;
    double n = (double)s->n;
    memset(covariance, 0, (size_t)(k * k) * sizeof *covariance);
    *units = s->n;
    if (m->ways > 0) {
        UP_TRY(clusters(s, m, total, covariance, units, err));
    } else {
        memcpy(covariance, s->product, (size_t)(k * k) * sizeof *covariance);
        for (int64_t a = 0; s->n > 1 && a < k * k; a++) {
            covariance[a] *= n / (n - 1);
        }
    }
    for (int64_t a = 0; a < k * k; a++) {
        covariance[a] /= n * n;
    }
out:
    return status;
}
