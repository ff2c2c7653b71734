/* Targets by the shares of cells: each cell counts by its share there over its share in the
 * experiment. The cells are the levels of one covariate, or the combinations of all of them in
 * another population, matched by hashing. A combination that the experiment does not have in
 * every arm is refused, or left to the margins where nobody insists. */
#include "effect/target_work.h"

#include <string.h>

int64_t
upi_target_code(const upi_population *p, int64_t cell, int64_t key)
{
    for (int64_t i = 0; i < p->n_keys; i++) {
        if (p->key[i] == key) {
            return p->code[cell * p->n_keys + i];
        }
    }
    return -1;
}

up_status
upi_target_units(upi_target_work *b, int64_t n, up_error *err)
{
    up_status status = UP_OK;
    upi_spread *s = &b->p->spread[b->m->moments->ways == 2 ? 3 : 1];
    UP_TRY(UP_NEW(&s->count, n, err));
    for (int64_t i = 0; i < n; i++) {
        s->count[i] = b->t->count != NULL ? b->t->count[i] : 1;
    }
    s->n_units = b->t->n_units = n;
    s->target = true;
    s->sign = 1;
out:
    return status;
}

static up_status
weigh_strata(upi_target_work *b, up_error *err)
{
    up_status status = UP_OK;
    upi_target *t = b->t;
    double *sum = NULL;
    UP_TRY(UP_NEW(&sum, t->n_strata, err));
    for (int64_t q = 0; q < b->p->n; q++) {
        if (t->stratum[q] >= 0) {
            sum[t->stratum[q]] += b->p->s[q * b->p->width];
        }
    }
    for (int64_t q = 0; q < b->p->n; q++) {
        int64_t k = t->stratum[q];
        t->weight[q] = k < 0 ? 0 : t->share[k] * t->total / sum[k];
    }
    b->p->target = t;
    UP_TRY(upi_population_weigh(b->p, err));
out:
    upi_free(sum);
    return status;
}

/* Strata counted one by one: the multinomial. */
static up_status
count_strata(upi_target_work *b, up_error *err)
{
    up_status status = UP_OK;
    upi_target *t = b->t;
    if (!t->sampled) {
        return UP_OK;
    }
    UP_TRY(UP_NEW(&t->count, t->n_strata, err));
    UP_TRY(UP_NEW(&t->start, t->n_strata + 1, err));
    UP_TRY(UP_NEW(&t->entry, t->n_strata, err));
    UP_TRY(UP_NEW(&t->value, t->n_strata, err));
    for (int64_t k = 0; k < t->n_strata; k++) {
        t->count[k] = t->share[k] / (double)t->size;
        t->start[k + 1] = k + 1;
        t->entry[k] = k;
        t->value[k] = t->total;
    }
    UP_TRY(upi_target_units(b, t->n_strata, err));
out:
    return status;
}

/* Strata are the levels of the one covariate. */
up_status
upi_shares_of_levels(upi_target_work *b, up_error *err)
{
    up_status status = UP_OK;
    upi_target *t = b->t;
    int64_t key = 0;
    while (b->wish.share[key] == NULL) {
        key++;
    }
    t->n_strata = b->m->moments->keys[key].n_levels;
    UP_TRY(UP_NEW(&t->stratum, b->p->n, err));
    UP_TRY(UP_NEW(&t->share, t->n_strata, err));
    memcpy(t->share, b->wish.share[key], (size_t)t->n_strata * sizeof *t->share);
    for (int64_t q = 0; q < b->p->n; q++) {
        int64_t level = upi_target_code(b->p, q, key);
        t->stratum[q] = t->share[level] > 0 ? level : -1;
    }
    UP_TRY(weigh_strata(b, err));
    UP_TRY(count_strata(b, err));
out:
    return status;
}

/* Cells of the covariates, without time and segments: their codes, looked up by hash. */
typedef struct strata {
    int64_t n_keys, *key; /* of the model */
    int64_t n;
    int32_t *code; /* (n * n_keys) */
    int64_t *slot, size;
    int64_t *rows; /* (n * arms) of the experiment */
    int32_t *one;  /* (n_keys) the codes in hand */
} strata;

static void
strata_free(strata *s)
{
    upi_free(s->key);
    upi_free(s->code);
    upi_free(s->slot);
    upi_free(s->rows);
    upi_free(s->one);
}

/* The place of the codes in hand: a stratum, or (not found) a free slot when add is true. */
static int64_t
find_stratum(strata *s, bool add)
{
    size_t bytes = (size_t)s->n_keys * sizeof *s->one;
    int64_t i = (int64_t)(upi_hash_bytes(s->one, bytes, 0) & (uint64_t)(s->size - 1));
    for (; s->slot[i] != 0; i = (i + 1) & (s->size - 1)) {
        if (memcmp(s->code + (s->slot[i] - 1) * s->n_keys, s->one, bytes) == 0) {
            return s->slot[i] - 1;
        }
    }
    if (!add) {
        return -1;
    }
    memcpy(s->code + s->n * s->n_keys, s->one, bytes);
    s->slot[i] = ++s->n;
    return s->n - 1;
}

static up_status
make_strata(upi_target_work *b, strata *s, up_error *err)
{
    up_status status = UP_OK;
    const upi_population *p = b->p;
    UP_TRY(UP_NEW(&s->key, p->n_keys, err));
    for (int64_t i = 0; i < p->n_keys; i++) {
        bool used = false;
        for (int64_t j = 0; j < b->m->n_base; j++) {
            const upi_base *base = &b->m->base[j];
            used = used || (base->key == p->key[i] && !base->time);
        }
        if (used && b->census.from[p->key[i]] >= 0) {
            s->key[s->n_keys++] = p->key[i];
        }
    }
    for (s->size = 16; s->size < 2 * (p->n + 1);) {
        s->size *= 2;
    }
    UP_TRY(UP_NEW(&s->one, s->n_keys, err));
    UP_TRY(UP_NEW(&s->code, p->n * s->n_keys, err));
    UP_TRY(UP_NEW(&s->slot, s->size, err));
    UP_TRY(UP_NEW(&s->rows, p->n * p->n_arms, err));
    UP_TRY(UP_NEW(&b->t->stratum, p->n, err));
    for (int64_t q = 0; q < p->n; q++) {
        for (int64_t i = 0; i < s->n_keys; i++) {
            s->one[i] = (int32_t)upi_target_code(p, q, s->key[i]);
        }
        int64_t k = b->t->stratum[q] = find_stratum(s, true);
        for (int64_t a = 0; a < p->n_arms; a++) {
            s->rows[k * p->n_arms + a] += p->rows[q * p->n_arms + a];
        }
    }
out:
    return status;
}

/* The arm that a stratum lacks, -1 = none. */
static int64_t
lacking_arm(const upi_target_work *b, const strata *s, int64_t k)
{
    for (int64_t a = 0; a < b->p->n_arms; a++) {
        if (s->rows[k * b->p->n_arms + a] == 0 && upi_arm_needed(b->e, b->q, a)) {
            return a;
        }
    }
    return -1;
}

/* Puts the records of the target into the strata; what cannot be reached is counted, and the
 * record that is the most of it named. */
typedef struct unreached {
    double rows;
    int64_t record, arm; /* arm -1: no rows at all */
} unreached;

static up_status
place_census(upi_target_work *b, strata *s, unreached *u, up_error *err)
{
    up_status status = UP_OK;
    upi_target *t = b->t;
    const upi_census *c = &b->census;
    t->n_strata = s->n;
    UP_TRY(UP_NEW(&t->share, s->n, err));
    UP_TRY(UP_NEW(&t->entry, c->n, err));
    UP_TRY(UP_NEW(&t->value, c->n, err));
    for (int64_t g = 0; g < c->n; g++) {
        double n = (double)c->m->n[g];
        for (int64_t i = 0; i < s->n_keys; i++) {
            int64_t key = s->key[i];
            s->one[i] = c->level[key][upi_moments_code(c->m, g, c->from[key])];
        }
        int64_t k = find_stratum(s, false);
        int64_t arm = k < 0 ? -1 : lacking_arm(b, s, k);
        if (k < 0 || arm >= 0) {
            if (u->rows == 0 || n > (double)c->m->n[u->record]) {
                u->record = g;
                u->arm = arm;
            }
            u->rows += n;
        }
        t->entry[g] = k;
        t->value[g] = n / c->total * t->total;
        if (k >= 0) {
            t->share[k] += n / c->total;
        }
    }
out:
    return status;
}

static up_status
refuse_cell(
    const upi_target_work *b, const strata *s, const unreached *u, up_error *err)
{
    const upi_census *c = &b->census;
    upi_text name = {0};
    for (int64_t i = 0; i < s->n_keys; i++) {
        const upi_key *k = &c->m->keys[c->from[s->key[i]]];
        upi_text_addf(&name, "%s%s=%s", i > 0 ? ", " : "", k->name,
            k->label[upi_moments_code(c->m, u->record, c->from[s->key[i]])]);
    }
    const upi_key *arms = &b->m->moments->keys[b->m->inst_key];
    (void)upi_fail(err, UP_E_SUPPORT, "method",
        "%.3g of the target is in cells of which the experiment has no rows in some "
        "arm, e.g. %s (none%s%s%s)",
        u->rows / c->total, name.failed ? "" : name.s, u->arm < 0 ? "" : " in arm '",
        u->arm < 0 ? "" : arms->label[u->arm], u->arm < 0 ? "" : "'");
    upi_text_free(&name);
    return upi_fix(err, "use entropy or raking, which need the margins only");
}

/* Clusters of the target are the units; records stand in their order. */
static up_status
cluster_units(upi_target_work *b, up_error *err)
{
    up_status status = UP_OK;
    upi_target *t = b->t;
    const up_moments *m = b->census.m;
    int64_t n = 0;
    UP_TRY(UP_NEW(&t->start, m->n_groups + 1, err));
    for (int64_t g = 0; g < m->n_groups; g++) {
        if (g > 0 && m->cluster[0][g] != m->cluster[0][g - 1]) {
            n++;
        }
        t->start[n + 1] = g + 1;
    }
    UP_TRY(upi_target_units(b, m->n_groups == 0 ? 0 : n + 1, err));
out:
    return status;
}

static up_status
match_keys(upi_target_work *b, up_error *err)
{
    up_status status = UP_OK;
    for (int64_t k = 0; k < b->m->moments->n_keys; k++) {
        UP_TRY(b->census.from[k] >= 0 ? upi_census_levels(b->m, k, &b->census, err)
                                      : UP_OK);
    }
out:
    return status;
}

/* *fits = false, and nothing changed, where a cell of the target is not reached and the method
 * is not insisted on. */
up_status
upi_shares_of_cells(upi_target_work *b, bool *fits, up_error *err)
{
    up_status status = UP_OK;
    upi_target *t = b->t;
    strata s = {0};
    unreached u = {0};
    UP_TRY(match_keys(b, err));
    UP_TRY(make_strata(b, &s, err));
    UP_TRY(place_census(b, &s, &u, err));
    *fits = u.rows == 0;
    if (!*fits) {
        status = b->o->method == UP_TARGET_SHARES ? refuse_cell(b, &s, &u, err) : UP_OK;
        t->n_strata = 0;
        goto out;
    }
    UP_TRY(weigh_strata(b, err));
    if (b->census.m->ways > 0) {
        UP_TRY(cluster_units(b, err));
    } else {
        upi_free(t->entry);
        upi_free(t->value);
        t->entry = NULL;
        t->value = NULL;
        UP_TRY(count_strata(b, err));
    }
out:
    strata_free(&s);
    return status;
}
