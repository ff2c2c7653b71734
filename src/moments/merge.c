/* Moments form a monoid: the levels of both are united, both tables are renamed to the union,
 * and the second is absorbed by the first (Chan's rule; stacked triangles). The second pass
 * of a fit does not merge and is dropped. */
#include "moments/merge.h"

#include <inttypes.h>
#include <string.h>

/* One side of the merge: which of its keys and levels become which. */
typedef struct side {
    const up_moments *m;
    int64_t *key;  /* (merged keys) its key, -1 = it has none */
    int64_t **map; /* [its key][level] -> merged level */
} side;

static void
side_free(side *s)
{
    for (int64_t k = 0; s->map != NULL && k < s->m->n_keys; k++) {
        upi_free(s->map[k]);
    }
    upi_free(s->map);
    upi_free(s->key);
}

static up_status
side_make(const up_moments *m, int64_t most_keys, side *s, up_error *err)
{
    up_status status = UP_OK;
    s->m = m;
    UP_TRY(UP_NEW(&s->key, most_keys, err));
    UP_TRY(UP_NEW(&s->map, m->n_keys, err));
    for (int64_t k = 0; k < m->n_keys; k++) {
        UP_TRY(UP_NEW(&s->map[k], m->keys[k].n_levels, err));
    }
out:
    return status;
}

/* Levels but that of missing values, which stands last. */
static int64_t
values_of(const upi_key *k)
{
    return k != NULL ? k->n_levels - (k->missing_level >= 0 ? 1 : 0) : 0;
}

static const upi_key *
key_of(const side *s, int64_t k)
{
    return s->key[k] >= 0 ? &s->m->keys[s->key[k]] : NULL;
}

static void
set_map(const side *s, int64_t k, int64_t level, int64_t merged)
{
    s->map[s->key[k]][level] = merged;
}

/* The level "false" of an indicator that one side does not have: nothing is missing there. */
static up_status
add_false(const upi_key *x, const upi_key *y, upi_key *out, up_error *err)
{
    const upi_key *have = x != NULL ? x : y;
    upi_cell no = upi_cell_integer(0);
    if (out->role != UPI_KEY_MISSING || (x != NULL && y != NULL) ||
        have->integer[0] == 0) {
        return UP_OK;
    }
    return upi_key_add(out, &no, err);
}

static up_status
unite_missing(side *a, side *b, int64_t k, upi_key *out, up_error *err)
{
    up_status status = UP_OK;
    const upi_key *x = key_of(a, k), *y = key_of(b, k);
    bool in_x = x != NULL && x->missing_level >= 0;
    bool in_y = y != NULL && y->missing_level >= 0;
    UP_TRY(in_x || in_y ? upi_key_add_missing(out, err) : UP_OK);
    if (in_x) {
        set_map(a, k, x->missing_level, out->missing_level);
    }
    if (in_y) {
        set_map(b, k, y->missing_level, out->missing_level);
    }
out:
    return status;
}

/* Both lists are sorted, so the union is one walk along both. */
static up_status
unite_levels(side *a, side *b, int64_t k, upi_key *out, up_error *err)
{
    up_status status = UP_OK;
    const upi_key *x = key_of(a, k), *y = key_of(b, k);
    int64_t nx = values_of(x), ny = values_of(y), i = 0, j = 0;
    UP_TRY(upi_key_room(out, nx + ny + 2, err));
    UP_TRY(add_false(x, y, out, err));
    while (i < nx || j < ny) {
        upi_cell cx = i < nx ? upi_key_cell(x, i) : (upi_cell){.word = {0, 0}};
        upi_cell cy = j < ny ? upi_key_cell(y, j) : (upi_cell){.word = {0, 0}};
        int order = i == nx ? 1 : j == ny ? -1 : upi_cell_compare(out->type, &cx, &cy);
        UP_TRY(upi_key_add(out, order <= 0 ? &cx : &cy, err));
        if (order <= 0) {
            set_map(a, k, i++, out->n_levels - 1);
        }
        if (order >= 0) {
            set_map(b, k, j++, out->n_levels - 1);
        }
    }
    UP_TRY(unite_missing(a, b, k, out, err));
out:
    return status;
}

static up_status
add_key(side *a, side *b, const upi_key *like, up_moments *m, up_error *err)
{
    up_status status = UP_OK;
    int64_t k = m->n_keys;
    a->key[k] = upi_moments_key(a->m, like->role, like->index);
    b->key[k] = upi_moments_key(b->m, like->role, like->index);
    m->keys[k] = (upi_key){.role = like->role,
        .index = like->index,
        .type = like->type,
        .missing_level = -1};
    m->n_keys++;
    UP_TRY(upi_strdup_to(&m->keys[k].name, like->name, err));
    UP_TRY(unite_levels(a, b, k, &m->keys[k], err));
out:
    return status;
}

/* All keys but indicators are in both, in the same order; indicators go by covariate. */
static up_status
unite_keys(side *a, side *b, up_moments *m, up_error *err)
{
    up_status status = UP_OK;
    UP_TRY(UP_NEW(&m->keys, a->m->n_keys + b->m->n_keys, err));
    for (int64_t k = 0; k < a->m->n_keys; k++) {
        bool indicator = a->m->keys[k].role == UPI_KEY_MISSING;
        UP_TRY(indicator ? UP_OK : add_key(a, b, &a->m->keys[k], m, err));
    }
    for (int64_t c = 0; c < m->experiment->n_covariates; c++) {
        int64_t x = upi_moments_key(a->m, UPI_KEY_MISSING, c);
        int64_t y = upi_moments_key(b->m, UPI_KEY_MISSING, c);
        const upi_key *like = x >= 0 ? &a->m->keys[x] : y >= 0 ? &b->m->keys[y] : NULL;
        UP_TRY(like != NULL ? add_key(a, b, like, m, err) : UP_OK);
    }
    m->arm = a->m->arm;
    m->treated = a->m->treated;
    m->instrument = a->m->instrument;
    m->propensity = a->m->propensity;
    m->weight = a->m->weight;
    m->time = a->m->time;
out:
    return status;
}

/* A side's table under the merged keys. */
static up_status
rename_side(const side *s, const up_moments *m, upi_table **out, up_error *err)
{
    up_status status = UP_OK;
    upi_table *t = NULL, *made = NULL;
    int32_t *tuple = NULL;
    UP_TRY(upi_moments_table(s->m, &t, err));
    upi_shape shape = t->shape;
    shape.n_keys = m->n_keys;
    UP_TRY(UP_NEW(&tuple, m->n_keys, err));
    UP_TRY(upi_table_make(&shape, t->n_values, t->n, &made, err));
    for (int64_t g = 0; g < t->n; g++) {
        for (int64_t k = 0; k < m->n_keys; k++) {
            int64_t own = s->key[k];
            tuple[k] =
                own >= 0 ? (int32_t)s->map[own][upi_moments_code(s->m, g, own)] : 0;
        }
        upi_group_key key = {0, tuple, {0, 0}};
        memcpy(key.cluster, upi_table_clusters(t, g),
            (size_t)shape.ways * sizeof(uint64_t));
        key.hash = upi_group_hash(&shape, tuple, key.cluster[0], key.cluster[1]);
        int64_t at = 0;
        UP_TRY(upi_table_add(made, &key, &at, err));
        *upi_table_count(made, at) = *upi_table_count(t, g);
        memcpy(upi_table_values(made, at), upi_table_values(t, g),
            (size_t)t->n_values * sizeof(double));
    }
    *out = made;
    made = NULL;
out:
    upi_table_free(t);
    upi_table_free(made);
    upi_free(tuple);
    return status;
}

static void
add_missing(const side *s, up_moments *m)
{
    const int64_t *map = s->map[s->m->arm];
    for (int64_t c = 0; c < m->n_counted; c++) {
        for (int64_t a = 0; a < s->m->n_arms; a++) {
            m->missing[c * m->n_arms + map[a]] += s->m->missing[c * s->m->n_arms + a];
        }
    }
    m->n_read += s->m->n_read;
    m->n_dropped += s->m->n_dropped;
    m->n_no_arm += s->m->n_no_arm;
    m->fingerprint += s->m->fingerprint;
}

static up_status
unite_counts(const side *a, const side *b, up_moments *m, up_error *err)
{
    up_status status = UP_OK;
    m->n_arms = m->keys[m->arm].n_levels;
    if (a->m->n_counted != b->m->n_counted) {
        status = upi_fail(err, UP_E_CAPSULE, NULL,
            "missing values were counted in different columns");
        goto out;
    }
    UP_TRY(UP_NEW(&m->counted_name, a->m->n_counted, err));
    UP_TRY(UP_NEW(&m->missing, a->m->n_counted * m->n_arms, err));
    for (; m->n_counted < a->m->n_counted; m->n_counted++) {
        UP_TRY(upi_strdup_to(
            &m->counted_name[m->n_counted], a->m->counted_name[m->n_counted], err));
    }
    add_missing(a, m);
    add_missing(b, m);
out:
    return status;
}

/* Options of fits that differ are forgotten. */
static void
unite_fitted(const up_moments *a, const up_moments *b, up_moments *m)
{
    const upi_fit_options *x = &a->fitted;
    const upi_fit_options *y = &b->fitted;
    bool same = x->known && y->known && x->vcov == y->vcov &&
                x->interactions == y->interactions &&
                x->no_covariates == y->no_covariates &&
                x->rank_tolerance == y->rank_tolerance;
    m->fitted = same ? *x : (upi_fit_options){0};
}

/* What belongs to the design and is the same in both. */
static up_status
begin(const up_moments *a, up_moments *m, up_error *err)
{
    up_status status = UP_OK;
    UP_TRY(upi_experiment_copy(a->experiment, &m->experiment, err));
    m->form = a->form;
    m->nx = a->nx;
    m->ny = a->ny;
    m->ways = a->ways;
    m->row_weighted = a->row_weighted;
    UP_TRY(UP_NEW(&m->x_covariate, a->nx, err));
    memcpy(m->x_covariate, a->x_covariate, (size_t)a->nx * sizeof *m->x_covariate);
out:
    return status;
}

static up_status
merge_tables(const side *a, const side *b, up_moments *m, up_error *err)
{
    up_status status = UP_OK;
    upi_table *x = NULL, *y = NULL;
    UP_TRY(rename_side(a, m, &x, err));
    UP_TRY(rename_side(b, m, &y, err));
    UP_TRY(upi_table_absorb(x, y, err));
    UP_TRY(upi_finish_groups(m, x, err));
out:
    upi_table_free(x);
    upi_table_free(y);
    return status;
}

up_status
up_moments_merge(
    const up_moments *a, const up_moments *b, up_moments **out, up_error *err)
{
    UP_GUARD(err);
    up_status status = UP_OK;
    up_moments *m = NULL;
    if (a == NULL || b == NULL || out == NULL) {
        return upi_fail(
            err, UP_E_ARGUMENT, "moments", "two moments and a place are needed");
    }
    side left = {.m = a}, right = {.m = b};
    UP_TRY(upi_moments_comparable(a, b, err));
    UP_TRY(UP_NEW(&m, 1, err));
    UP_TRY(begin(a, m, err));
    unite_fitted(a, b, m);
    UP_TRY(side_make(a, a->n_keys + b->n_keys, &left, err));
    UP_TRY(side_make(b, a->n_keys + b->n_keys, &right, err));
    UP_TRY(unite_keys(&left, &right, m, err));
    UP_TRY(unite_counts(&left, &right, m, err));
    UP_TRY(merge_tables(&left, &right, m, err));
    UP_TRY(upi_finish_notes(m, err));
    UP_TRY(upi_finish_layout(m, err));
    UP_TRY(upi_verdict_groups(m, NULL, err));
    *out = m;
    m = NULL;
out:
    side_free(&left);
    side_free(&right);
    up_moments_free(m);
    return status;
}
