/* From the table of a pass to moments that do not depend on how the pass went: levels stand in
 * the order of their values, levels without rows and indicators without a missing value are
 * gone, groups are in canonical order. */
#include "moments/build.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

/* Which codes of each key occur, and what they become. */
typedef struct renaming {
    int64_t n_keys;
    int32_t **map; /* [key][code] -> level, -1 = no rows */
    int64_t *kept; /* [key] index of the key in m, -1 = dropped */
} renaming;

static void
renaming_free(renaming *r)
{
    for (int64_t k = 0; r->map != NULL && k < r->n_keys; k++) {
        upi_free(r->map[k]);
    }
    upi_free(r->map);
    upi_free(r->kept);
}

/* map[k][code] = 1 where the code occurs. */
static up_status
mark_codes(const upi_pass *pass, const upi_table *t, renaming *r, up_error *err)
{
    up_status status = UP_OK;
    int64_t n_keys = pass->plan->n_keys;
    r->n_keys = n_keys;
    UP_TRY(UP_NEW(&r->map, n_keys, err));
    UP_TRY(UP_NEW(&r->kept, n_keys, err));
    for (int64_t k = 0; k < n_keys; k++) {
        UP_TRY(UP_NEW(&r->map[k], pass->levels.dict[k].n + 1, err));
        for (int64_t g = 0; t != NULL && g < t->n; g++) {
            r->map[k][upi_table_codes(t, g)[k]] = 1;
        }
    }
out:
    return status;
}

/* The levels of one key that have rows (of the arm: all), sorted; map becomes code -> level. */
static up_status
finish_key(const upi_pass *pass, int64_t k, int32_t *map, upi_key *key, up_error *err)
{
    up_status status = UP_OK;
    const upi_dict *d = &pass->levels.dict[k];
    const upi_plan_key *plan = &pass->plan->keys[k];
    int32_t *order = NULL;
    *key = (upi_key){.role = plan->role,
        .index = plan->index,
        .type = plan->type,
        .missing_level = -1};
    UP_TRY(upi_strdup_to(&key->name, plan->name, err));
    UP_TRY(upi_key_room(key, d->n + 1, err));
    UP_TRY(upi_levels_order(&pass->levels, k, &order, err));
    for (int64_t i = 0; i < d->n; i++) {
        int32_t code = order[i];
        if (map[code] == 0) {
            map[code] = -1;
            continue;
        }
        map[code] = (int32_t)key->n_levels;
        UP_TRY(upi_key_add(key, &d->cell[code - 1], err));
    }
    if (map[0] != 0) {
        map[0] = (int32_t)key->n_levels;
        UP_TRY(upi_key_add_missing(key, err));
    } else {
        map[0] = -1;
    }
out:
    upi_free(order);
    return status;
}

static up_status
finish_keys(const upi_pass *pass, renaming *r, up_moments *m, up_error *err)
{
    up_status status = UP_OK;
    const upi_plan *p = pass->plan;
    UP_TRY(UP_NEW(&m->keys, p->n_keys, err));
    for (int64_t k = 0; k < p->n_keys; k++) {
        bool idle = p->keys[k].role == UPI_KEY_MISSING && r->map[k][2] == 0;
        r->kept[k] = idle ? -1 : m->n_keys;
        if (idle) {
            continue;
        }
        m->n_keys++; /* first, so that a half-made key is freed */
        UP_TRY(finish_key(pass, k, r->map[k], &m->keys[m->n_keys - 1], err));
    }
    /* Only indicators, which stand last, are dropped, so these indices hold. */
    m->arm = p->arm;
    m->treated = p->treated;
    m->instrument = p->instrument;
    m->propensity = p->propensity;
    m->weight = p->weight;
    m->time = p->time;
out:
    return status;
}

/* Levels for codes, without the keys that were dropped, in place. The table cannot be looked
 * up afterwards; it only gives its records. */
static void
rename_table(upi_table *t, const renaming *r, int64_t n_keys)
{
    upi_table_drop_index(t);
    for (int64_t g = 0; g < t->n; g++) {
        int32_t *code = upi_table_codes(t, g);
        for (int64_t k = 0; k < r->n_keys; k++) {
            if (r->kept[k] >= 0) {
                code[r->kept[k]] = r->map[k][code[k]];
            }
        }
    }
    t->shape.n_keys = n_keys;
}

static up_status
finish_missing(const upi_pass *pass, const renaming *r, up_moments *m, up_error *err)
{
    up_status status = UP_OK;
    const upi_plan *p = pass->plan;
    m->n_arms = m->keys[m->arm].n_levels;
    UP_TRY(UP_NEW(&m->counted_name, p->n_counted, err));
    UP_TRY(UP_NEW(&m->missing, p->n_counted * m->n_arms, err));
    const int32_t *map = r->map[p->arm];
    for (; m->n_counted < p->n_counted; m->n_counted++) {
        int64_t c = m->n_counted;
        UP_TRY(upi_strdup_to(&m->counted_name[c], p->counted[c], err));
        const int64_t *count = pass->missing + c * UPI_ARM_CODES;
        for (int64_t code = 1; code <= pass->levels.dict[p->arm].n; code++) {
            m->missing[c * m->n_arms + map[code]] = count[code];
        }
        if (p->columns[0].counted == c) {
            m->n_no_arm = count[0];
        }
    }
out:
    return status;
}

/* Missing values of a column in all arms. */
static int64_t
missing_in(const up_moments *m, const char *name)
{
    int64_t n = 0;
    for (int64_t c = 0; c < m->n_counted; c++) {
        for (int64_t a = 0; strcmp(m->counted_name[c], name) == 0 && a < m->n_arms;
             a++) {
            n += m->missing[c * m->n_arms + a];
        }
    }
    return n;
}

static up_status
note_indicator(up_moments *m, const upi_covariate *c, up_error *err)
{
    int64_t n = missing_in(m, c->v.name);
    if (n == 0) {
        return UP_OK;
    }
    return upi_notes_add(&m->notes, UP_N_MISSING_INDICATOR, c->v.name, (double)n, NAN,
        err, "'%s' is missing in %" PRId64 " rows; %s", c->v.name, n,
        c->factor ? "they are a level of their own"
                  : "they count as 0 and have an indicator of their own");
}

enum { FEW_LEVELS = 10 };

/* A column of numbers with one bad cell is text to a reader of CSV, and text is taken as
 * categories: the fit goes on, with a column per value where a slope was meant. */
static up_status
note_text_numbers(up_moments *m, const upi_key *k, up_error *err)
{
    int64_t numbers = 0;
    int64_t levels = k->n_levels - (k->missing_level >= 0 ? 1 : 0);
    const char *odd = NULL;
    if (k->role != UPI_KEY_COVARIATE || k->type != UPI_STR) {
        return UP_OK;
    }
    for (int64_t i = 0; i < k->n_levels; i++) {
        double x = 0;
        if (i == k->missing_level) {
            continue;
        }
        if (upi_double_parse(k->label[i], (int64_t)strlen(k->label[i]), &x)) {
            numbers++;
        } else {
            odd = odd != NULL ? odd : k->label[i];
        }
    }
    if (levels < FEW_LEVELS || 10 * numbers < 9 * levels) {
        return UP_OK;
    }
    return upi_notes_add(&m->notes, UP_W_TEXT_NUMBERS, k->name, (double)numbers,
        0.9 * (double)levels, err,
        "'%.60s' is text, so each of its %" PRId64 " values is a category, but %" PRId64
        " of them are numbers%s%.40s%s",
        k->name, levels, numbers, odd != NULL ? ": '" : "", odd != NULL ? odd : "",
        odd != NULL ? "' is not" : "");
}

up_status
upi_finish_notes(up_moments *m, up_error *err)
{
    up_status status = UP_OK;
    const up_experiment *e = m->experiment;
    if (m->n_dropped > 0) {
        UP_TRY(upi_notes_add(&m->notes, UP_N_ROWS_DROPPED, NULL, (double)m->n_dropped,
            NAN, err,
            "%" PRId64 " of %" PRId64 " rows have missing values and were left out",
            m->n_dropped, m->n_read));
    }
    bool indicate = e->missing == UP_MISSING_INDICATOR;
    for (int64_t i = 0; indicate && i < e->n_covariates; i++) {
        UP_TRY(note_indicator(m, &e->covariates[i], err));
    }
    for (int64_t k = 0; k < m->n_keys; k++) {
        UP_TRY(note_text_numbers(m, &m->keys[k], err));
    }
out:
    return status;
}

up_status
upi_finish_layout(up_moments *m, up_error *err)
{
    up_status status = UP_OK;
    static const char *const names[] = {"auto", "groups", "clusters", "stream"};
    upi_text text = {0};
    m->layout = m->form == UPI_TRI ? UP_LAYOUT_STREAM
                : m->ways > 0      ? UP_LAYOUT_CLUSTERS
                                   : UP_LAYOUT_GROUPS;
    upi_text_addf(&text, "%s: %" PRId64 " records of %" PRId64 " rows; ",
        names[m->layout], m->n_groups, m->n_rows);
    if (m->nx > 0) {
        upi_text_add(&text, "continuous: ");
        for (int64_t i = 0; i < m->nx && i < 4; i++) {
            upi_text_addf(&text, "%s%.60s", i > 0 ? ", " : "",
                m->experiment->covariates[m->x_covariate[i]].v.name);
        }
        if (m->nx > 4) {
            upi_text_addf(&text, " and %" PRId64 " more", m->nx - 4);
        }
    } else {
        upi_text_add(&text, "every covariate has few distinct values");
    }
    if (m->row_weighted) {
        upi_text_add(&text, "; rows are weighted one by one");
    }
    upi_free(m->layout_reason);
    m->layout_reason = NULL;
    UP_TRY(upi_text_take(&text, &m->layout_reason, err));
    UP_TRY(upi_notes_add(&m->notes, UP_N_LAYOUT, NULL, (double)m->n_groups, NAN, err,
        "%s", m->layout_reason));
out:
    upi_text_free(&text);
    return status;
}

up_status
upi_finish(const upi_pass *pass, up_experiment *rows, upi_table *table,
    up_moments **out, up_error *err)
{
    up_status status = UP_OK;
    const upi_plan *p = pass->plan;
    up_moments *m = NULL;
    renaming r = {0};
    UP_TRY(UP_NEW(&m, 1, err));
    UP_TRY(upi_experiment_copy(rows, &m->experiment, err));
    m->rows = rows;
    m->form = p->shape.form;
    m->nx = p->nx;
    m->ny = p->ny;
    m->ways = p->shape.ways;
    m->row_weighted = p->row_weighted;
    m->n_read = pass->n_read;
    m->fingerprint = rows->source->fingerprint;
    UP_TRY(UP_NEW(&m->x_covariate, p->nx, err));
    memcpy(m->x_covariate, p->x_covariate, (size_t)p->nx * sizeof *m->x_covariate);
    UP_TRY(mark_codes(pass, table, &r, err));
    for (int64_t a = 1; a <= pass->levels.dict[p->arm].n; a++) {
        r.map[p->arm][a] = 1; /* an arm without rows is refused, not forgotten */
    }
    UP_TRY(finish_keys(pass, &r, m, err));
    UP_TRY(finish_missing(pass, &r, m, err));
    if (table != NULL) {
        rename_table(table, &r, m->n_keys);
        UP_TRY(upi_finish_groups(m, table, err));
    }
    m->n_dropped = m->n_read - m->n_rows;
    UP_TRY(upi_finish_notes(m, err));
    UP_TRY(upi_finish_layout(m, err));
    *out = m;
    m = NULL;
out:
    renaming_free(&r);
    up_moments_free(m);
    return status;
}
