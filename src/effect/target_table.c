/* What the weights of a target cost and did: effective rows (sum w)^2 / sum w^2, the largest
 * weight, the table of shares and means before and after, and the notes. */
#include "effect/target_work.h"

#include <math.h>

/* Weights that leave fewer rows than these are warned of. */
static const double few_effective = 100;
static const double low_effective = 0.1;
static const double large_weight = 20;

up_status
upi_target_measure(upi_target_work *b, up_error *err)
{
    up_status status = UP_OK;
    upi_target *t = b->t;
    const upi_population *p = b->p;
    const up_moments *m = b->m->moments;
    double *u = NULL;
    double sum = 0;
    double square = 0;
    double rows = 0;
    double largest = 0;
    UP_TRY(UP_NEW(&u, p->width, err));
    for (int64_t g = 0; g < m->n_groups; g++) {
        if (t->weight[p->of_group[g]] == 0) {
            continue;
        }
        double n = (double)m->n[g];
        double w = upi_group_row(p, g, 1, u);
        sum += n * w;
        square += n * upi_group_row(p, g, 2, u);
        rows += n;
        largest = fmax(largest, w);
    }
    t->rows_used = (int64_t)rows;
    t->effective = sum * sum / square;
    t->largest = largest * rows / sum;
    if (t->effective < UPI_LEAST_EFFECTIVE && rows >= UPI_LEAST_EFFECTIVE) {
        (void)upi_fail(err, UP_E_SUPPORT, "target",
            "the target is too far from the experiment: weighted to it, %.0f rows are "
            "worth %.2g",
            rows, t->effective);
        status = upi_fix(err, "choose a target nearer to the experiment");
    }
out:
    upi_free(u);
    return status;
}

static void
add_line(
    upi_target_work *b, const char *covariate, const char *level, up_target_row row)
{
    row.covariate = covariate;
    row.level = level;
    b->t->table[b->t->n_table++] = row;
}

/* Shares of the levels of a key: raw (n_levels), then weighted. */
static up_status
tabulate_key(upi_target_work *b, int64_t key, const double *raw, up_error *err)
{
    up_status status = UP_OK;
    const upi_population *p = b->p;
    const upi_key *k = &b->m->moments->keys[key];
    double *sum = NULL;
    double total[2] = {0, 0};
    UP_TRY(UP_NEW(&sum, 2 * k->n_levels, err));
    for (int64_t q = 0; q < p->n; q++) {
        int64_t l = upi_target_code(p, q, key);
        sum[l] += raw[q * p->width];
        sum[k->n_levels + l] += p->s[q * p->width];
        total[0] += raw[q * p->width];
        total[1] += p->s[q * p->width];
    }
    for (int64_t l = 0; l < k->n_levels; l++) {
        const double *share = b->wish.share[key];
        add_line(b, k->name, k->label[l],
            (up_target_row){.experiment = sum[l] / total[0],
                .target = share != NULL ? share[l] : (double)NAN,
                .weighted = sum[k->n_levels + l] / total[1]});
    }
out:
    upi_free(sum);
    return status;
}

static void
tabulate_number(upi_target_work *b, int64_t j, const double *raw)
{
    const upi_population *p = b->p;
    const upi_base *base = &b->m->base[j];
    double sum[2] = {0, 0};
    double total[2] = {0, 0};
    for (int64_t q = 0; q < p->n; q++) {
        for (int i = 0; i < 2; i++) {
            const double *s = (i == 0 ? raw : p->s) + q * p->width;
            total[i] += s[0];
            sum[i] += base->kind == UPI_BASE_X
                          ? s[1 + base->x]
                          : s[0] * upi_base_mean(b->m, j, p->group[q]);
        }
    }
    add_line(b, base->name, "",
        (up_target_row){.experiment = base->center + sum[0] / total[0],
            .target = base->center + b->wish.mean[j],
            .weighted = base->center + sum[1] / total[1]});
}

/* *last is the key that stands in the table already. */
static up_status
tabulate_base(
    upi_target_work *b, int64_t j, const double *raw, int64_t *last, up_error *err)
{
    const upi_base *base = &b->m->base[j];
    if (base->kind == UPI_BASE_ONE || base->time || base->key == *last) {
        return UP_OK;
    }
    if (base->kind != UPI_BASE_LEVEL) {
        tabulate_number(b, j, raw);
        *last = base->kind == UPI_BASE_NUMBER ? base->key : *last;
        return UP_OK;
    }
    *last = base->key;
    bool covariate = b->m->moments->keys[base->key].role == UPI_KEY_COVARIATE;
    return covariate ? tabulate_key(b, base->key, raw, err) : UP_OK;
}

up_status
upi_target_tabulate(upi_target_work *b, const double *raw, up_error *err)
{
    up_status status = UP_OK;
    const up_model *m = b->m;
    int64_t last = -2; /* -1 is the key of a continuous covariate */
    int64_t most = m->n_base;
    for (int64_t k = 0; k < m->moments->n_keys; k++) {
        most += m->moments->keys[k].n_levels;
    }
    UP_TRY(UP_NEW(&b->t->table, most, err));
    for (int64_t j = 0; j < m->n_base; j++) {
        UP_TRY(tabulate_base(b, j, raw, &last, err));
    }
out:
    return status;
}

static const char *
method_words(int64_t method)
{
    return method == UP_TARGET_SHARES   ? "known shares"
           : method == UP_TARGET_RAKING ? "raking"
           : method == UP_TARGET_ODDS   ? "the odds of being in it"
                                        : "entropy balancing";
}

up_status
upi_target_notes(upi_target_work *b, up_error *err)
{
    up_status status = UP_OK;
    const upi_target *t = b->t;
    upi_notes *notes = &b->e->notes;
    UP_TRY(upi_notes_add(notes, UP_N_PROJECTED, "target", t->effective,
        (double)t->rows_used, err,
        "The effects are those of the target population, reached by %s: %lld rows of "
        "the experiment count as %.0f.",
        method_words(t->method), (long long)t->rows_used, t->effective));
    if (!t->sampled) {
        UP_TRY(upi_notes_add(notes, UP_N_TARGET_EXACT, "target", (double)NAN,
            (double)NAN, err,
            "The target is taken as known exactly. If it was found from a sample, its "
            "size makes the intervals honest about that."));
    }
    bool few = t->effective < few_effective && (double)t->rows_used >= few_effective;
    if (few || t->effective < low_effective * (double)t->rows_used ||
        t->largest > large_weight) {
        UP_TRY(upi_notes_add(notes, UP_W_TARGET_WEIGHTS, "target", t->effective,
            (double)t->rows_used, err,
            "The target is far from the experiment: %lld rows count as %.0f, and the "
            "heaviest as %.3g. The estimate rests on few rows and on the model.",
            (long long)t->rows_used, t->effective, t->largest));
    }
    if (t->dense) {
        UP_TRY(upi_notes_add(notes, UP_N_APPROXIMATE, "target", (double)NAN,
            (double)NAN, err,
            "Weights by a continuous covariate take it as normal within a record; "
            "averages of the covariates that the target fixes are exact."));
    }
out:
    return status;
}
