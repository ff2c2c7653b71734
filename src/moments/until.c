/* The rows up to a period, from moments that hold the time: what a look at that time would have
 * seen. The groups of each period lose their time, and the periods are added up by the rule of the
 * merge, in their order. Levels that those rows do not have are left out, so that the result is what
 * one pass over the rows alone would have given, without the role of the time. */
#include "design/build.h"
#include "moments/merge.h"

#include <string.h>

typedef struct part {
    const up_moments *m;
    int64_t level;     /* the last period */
    int64_t *start;    /* (level + 3) where the groups of a period begin in `group` */
    int64_t *group;    /* groups up to the period, by period */
    int64_t **renamed; /* [key][level] its level in the part */
} part;

static void
part_free(part *p)
{
    for (int64_t k = 0; p->renamed != NULL && k < p->m->n_keys; k++) {
        upi_free(p->renamed[k]);
    }
    upi_free(p->renamed);
    upi_free(p->start);
    upi_free(p->group);
}

/* Groups by period, and which levels they have. */
static up_status
part_make(const up_moments *m, int64_t level, part *p, up_error *err)
{
    up_status status = UP_OK;
    p->m = m;
    p->level = level;
    UP_TRY(UP_NEW(&p->start, level + 3, err));
    UP_TRY(UP_NEW(&p->group, m->n_groups, err));
    UP_TRY(UP_NEW(&p->renamed, m->n_keys, err));
    for (int64_t k = 0; k < m->n_keys; k++) {
        UP_TRY(UP_NEW(&p->renamed[k], m->keys[k].n_levels, err));
    }
    for (int64_t g = 0; g < m->n_groups; g++) {
        int32_t period = upi_moments_code(m, g, m->time);
        if (period <= level) {
            p->start[period + 2]++;
        }
    }
    for (int64_t t = 1; t <= level; t++) {
        p->start[t + 1] += p->start[t];
    }
    for (int64_t g = 0; g < m->n_groups;
         g++) { /* the place of the next one becomes the end */
        int32_t period = upi_moments_code(m, g, m->time);
        for (int64_t k = 0; period <= level && k < m->n_keys; k++) {
            p->renamed[k][upi_moments_code(m, g, k)] = 1;
        }
        if (period <= level) {
            p->group[p->start[period + 1]++] = g;
        }
    }
out:
    return status;
}

static up_status
copy_level(const upi_key *from, int64_t level, upi_key *out, up_error *err)
{
    if (level == from->missing_level) {
        return upi_key_add_missing(out, err);
    }
    upi_cell cell = upi_key_cell(from, level);
    return upi_key_add(out, &cell, err);
}

static up_status
copy_key(const part *p, int64_t k, upi_key *out, up_error *err)
{
    up_status status = UP_OK;
    const upi_key *from = &p->m->keys[k];
    UP_TRY(upi_strdup_to(&out->name, from->name, err));
    UP_TRY(upi_key_room(out, from->n_levels, err));
    for (int64_t l = 0; l < from->n_levels; l++) {
        if (p->renamed[k][l] == 0) {
            continue;
        }
        p->renamed[k][l] = out->n_levels;
        UP_TRY(copy_level(from, l, out, err));
    }
out:
    return status;
}

static int64_t
without(int64_t key, int64_t time)
{
    return key > time ? key - 1 : key;
}

static up_status
copy_keys(const part *p, up_moments *out, up_error *err)
{
    up_status status = UP_OK;
    const up_moments *m = p->m;
    UP_TRY(UP_NEW(&out->keys, m->n_keys, err));
    for (int64_t k = 0; k < m->n_keys; k++) {
        const upi_key *from = &m->keys[k];
        if (k == m->time) {
            continue;
        }
        upi_key *to = &out->keys[out->n_keys++];
        *to = (upi_key){.role = from->role,
            .index = from->index,
            .type = from->type,
            .missing_level = -1};
        UP_TRY(copy_key(p, k, to, err));
    }
    out->arm = without(m->arm, m->time);
    out->treated = without(m->treated, m->time);
    out->instrument = without(m->instrument, m->time);
    out->propensity = without(m->propensity, m->time);
    out->weight = without(m->weight, m->time);
    out->time = -1;
out:
    return status;
}

static up_status
copy_design(const up_moments *m, up_moments *out, up_error *err)
{
    up_status status = UP_OK;
    UP_TRY(upi_experiment_copy(m->experiment, &out->experiment, err));
    upi_variable_free(&out->experiment->roles[UPI_ROLE_TIME]);
    out->experiment->roles[UPI_ROLE_TIME] = (upi_variable){0};
    out->form = m->form;
    out->nx = m->nx;
    out->ny = m->ny;
    out->ways = m->ways;
    out->row_weighted = m->row_weighted;
    out->fitted = m->fitted;
    out->fingerprint = m->fingerprint;
    UP_TRY(UP_NEW(&out->x_covariate, m->nx, err));
    memcpy(out->x_covariate, m->x_covariate, (size_t)m->nx * sizeof *m->x_covariate);
out:
    return status;
}

/* The groups of one period without their time; they are distinct still. */
static up_status
take_period(const part *p, const upi_table *all, int64_t period, upi_table *to,
    int32_t *tuple, up_error *err)
{
    up_status status = UP_OK;
    const up_moments *m = p->m;
    for (int64_t i = p->start[period]; i < p->start[period + 1]; i++) {
        int64_t g = p->group[i];
        for (int64_t k = 0; k < m->n_keys; k++) {
            if (k != m->time) {
                tuple[without(k, m->time)] =
                    (int32_t)p->renamed[k][upi_moments_code(m, g, k)];
            }
        }
        upi_group_key key = {0, tuple, {0, 0}};
        memcpy(key.cluster, upi_table_clusters(all, g),
            (size_t)m->ways * sizeof(uint64_t));
        key.hash = upi_group_hash(&to->shape, tuple, key.cluster[0], key.cluster[1]);
        int64_t at = 0;
        UP_TRY(upi_table_add(to, &key, &at, err));
        *upi_table_count(to, at) = m->n[g];
        memcpy(upi_table_values(to, at), upi_table_values(all, g),
            (size_t)all->n_values * sizeof(double));
    }
out:
    return status;
}

static up_status
add_up(const part *p, up_moments *out, up_error *err)
{
    up_status status = UP_OK;
    upi_table *all = NULL, *sum = NULL, *one = NULL;
    int32_t *tuple = NULL;
    UP_TRY(upi_moments_table(p->m, &all, err));
    upi_shape shape = all->shape;
    shape.n_keys = out->n_keys;
    UP_TRY(UP_NEW(&tuple, out->n_keys, err));
    UP_TRY(upi_table_make(&shape, all->n_values, 64, &sum, err));
    for (int64_t t = 0; t <= p->level; t++) {
        UP_TRY(upi_table_make(
            &shape, all->n_values, p->start[t + 1] - p->start[t] + 1, &one, err));
        UP_TRY(take_period(p, all, t, one, tuple, err));
        UP_TRY(upi_table_absorb(sum, one, err));
        upi_table_free(one);
        one = NULL;
    }
    UP_TRY(upi_finish_groups(out, sum, err));
out:
    upi_table_free(all);
    upi_table_free(sum);
    upi_table_free(one);
    upi_free(tuple);
    return status;
}

/* Missing values were counted over all periods, so here nothing is said of them. */
static up_status
copy_counts(const up_moments *m, up_moments *out, up_error *err)
{
    up_status status = UP_OK;
    out->n_read = out->n_rows;
    out->n_arms = out->keys[out->arm].n_levels;
    UP_TRY(UP_NEW(&out->counted_name, m->n_counted, err));
    UP_TRY(UP_NEW(&out->missing, m->n_counted * out->n_arms, err));
    for (int64_t c = 0; c < m->n_counted; c++) {
        if (strcmp(m->counted_name[c], m->keys[m->time].name) == 0) {
            continue;
        }
        char **name = &out->counted_name[out->n_counted];
        UP_TRY(upi_strdup_to(name, m->counted_name[c], err));
        out->n_counted++;
    }
out:
    return status;
}

up_status
upi_moments_until(const up_moments *m, int64_t level, up_moments **out, up_error *err)
{
    up_status status = UP_OK;
    up_moments *made = NULL;
    part p = {.m = m};
    UP_TRY(part_make(m, level, &p, err));
    UP_TRY(UP_NEW(&made, 1, err));
    UP_TRY(copy_design(m, made, err));
    UP_TRY(copy_keys(&p, made, err));
    UP_TRY(add_up(&p, made, err));
    UP_TRY(copy_counts(m, made, err));
    UP_TRY(upi_finish_layout(made, err));
    UP_TRY(upi_verdict_groups(made, NULL, err));
    *out = made;
    made = NULL;
out:
    part_free(&p);
    up_moments_free(made);
    return status;
}
