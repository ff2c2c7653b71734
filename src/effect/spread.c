/* The units over which averages of covariates vary from sample to sample.
 *
 * The average of f over a segment S is itself an estimate. Its influence on an effect is
 * psi_i = 1{i in S} v_i (f_i - fbar_S)'theta / sum v, and the variance is the sum over
 * independent units (rows, or clusters) of psi^2. A unit enters only through its list of
 * (cell, sum of v u), u = (1, x); units with the same list are kept once with a count, so that
 * a million equal clusters cost as much as one. Rows with continuous covariates are replaced
 * by the rows of a triangular factor R, R'R = sum v^2 u u' over the cell: any quadratic form
 * of linear functions of u is the same. */
#include "effect/effect.h"
#include "num/matrix.h"

#include <stdlib.h>
#include <string.h>

void
upi_spread_free(upi_spread *s)
{
    upi_free(s->start);
    upi_free(s->count);
    upi_free(s->cell);
    upi_free(s->u);
    *s = (upi_spread){0};
}

static up_status
allocate(upi_spread *s, int64_t units, int64_t entries, int64_t width, up_error *err)
{
    up_status status = UP_OK;
    UP_TRY(UP_NEW(&s->start, units + 1, err));
    UP_TRY(UP_NEW(&s->count, units, err));
    UP_TRY(UP_NEW(&s->cell, entries, err));
    UP_TRY(UP_NEW(&s->u, entries * width, err));
    s->sign = 1;
out:
    return status;
}

/* ---- rows ---- */

static up_status
plain_rows(upi_population *c, upi_spread *s, up_error *err)
{
    const up_model *m = c->model;
    up_status status = allocate(s, c->n, c->n, 1, err);
    if (status != UP_OK) {
        return status;
    }
    s->plain = true;
    s->n_units = c->n;
    for (int64_t q = 0; q < c->n; q++) {
        s->start[q] = q;
        s->cell[q] = (int32_t)q;
        s->u[q] = 1;
    }
    s->start[c->n] = c->n;
    for (int64_t g = 0; g < m->moments->n_groups; g++) {
        double one = 1;
        s->count[c->of_group[g]] +=
            upi_group_row(c, g, 2, &one) * (double)m->moments->n[g];
    }
    return UP_OK;
}

/* sum over the rows of every cell of v^2 u u', into a (n * width * width). */
static void
squared_moments(const upi_population *c, double *a, double *u)
{
    const up_model *m = c->model;
    int64_t width = c->width;
    for (int64_t g = 0; g < m->moments->n_groups; g++) {
        double w = upi_group_row(c, g, 2, u);
        double n = (double)m->moments->n[g];
        double spread = w * upi_row_scale(m, g);
        double *f = a + c->of_group[g] * width * width;
        for (int64_t i = 0; i < width * width; i++) {
            int64_t k = i % width;
            int64_t l = i / width;
            double within = 0;
            if (k > 0 && l > 0 && c->x_base[k - 1] >= 0 && c->x_base[l - 1] >= 0) {
                within = upi_moments_x_cross(m->moments, k - 1, l - 1, g);
            }
            f[i] += w * n * u[k] * u[l] + spread * within;
        }
    }
}

static up_status
triangular_rows(upi_population *c, upi_spread *s, up_error *err)
{
    up_status status = UP_OK;
    int64_t width = c->width;
    double *a = NULL;
    double *r = NULL;
    double *u = NULL;
    UP_TRY(UP_NEW(&a, c->n * width * width, err));
    UP_TRY(UP_NEW(&r, width * width, err));
    UP_TRY(UP_NEW(&u, width, err));
    UP_TRY(allocate(s, c->n * width, c->n * width, width, err));
    squared_moments(c, a, u);
    s->n_units = c->n * width;
    for (int64_t q = 0; q < c->n; q++) {
        upi_cholesky_semi(width, a + q * width * width, width, 1e-13, r, width);
        for (int64_t i = 0; i < width; i++) {
            int64_t unit = q * width + i;
            s->start[unit] = unit;
            s->count[unit] = 1;
            s->cell[unit] = (int32_t)q;
            for (int64_t k = 0; k < width; k++) {
                s->u[unit * width + k] = k >= i ? r[i + k * width] : 0;
            }
        }
    }
    s->start[s->n_units] = s->n_units;
out:
    upi_free(a);
    upi_free(r);
    upi_free(u);
    return status;
}

/* ---- clusters ---- */

typedef struct entry {
    int32_t cell;
    double u;
} entry;

typedef struct ordered {
    uint64_t id;
    int64_t group;
} ordered;

/* The work in hand: entries of the cluster that is being read. */
typedef struct reader {
    upi_population *c;
    upi_spread *s;
    int way;        /* 0, 1, or 2 = the intersection of both */
    ordered *order; /* groups by cluster of way 1; NULL = as they stand */
    int64_t *place; /* (cells) where the cell stands in s->cell, + 1 */
    int64_t *slot;  /* hash table of units, + 1 */
    int64_t size;   /* of slot: a power of two */
    entry *sorted;
    int64_t capacity;
    double *row; /* (width) the mean row of a group */
} reader;

static int
compare_ordered(const void *a, const void *b)
{
    const ordered *x = a;
    const ordered *y = b;
    if (x->id != y->id) {
        return x->id < y->id ? -1 : 1;
    }
    return x->group < y->group ? -1 : x->group > y->group;
}

static int
compare_entry(const void *a, const void *b)
{
    const entry *x = a;
    const entry *y = b;
    return x->cell < y->cell ? -1 : x->cell > y->cell;
}

static int64_t
group_at(const reader *r, int64_t i)
{
    return r->order != NULL ? r->order[i].group : i;
}

static bool
same_cluster(const reader *r, int64_t i)
{
    const up_moments *m = r->c->model->moments;
    int64_t a = group_at(r, i - 1);
    int64_t b = group_at(r, i);
    bool first = m->cluster[0][a] == m->cluster[0][b];
    if (r->way == 0) {
        return first;
    }
    bool second = m->cluster[1][a] == m->cluster[1][b];
    return r->way == 1 ? second : first && second;
}

/* Puts the entries of the unit that starts at `start` in order of cells. */
static up_status
sort_unit(reader *r, int64_t start, int64_t end, up_error *err)
{
    up_status status = UP_OK;
    upi_spread *s = r->s;
    UP_TRY(UP_RESERVE(&r->sorted, &r->capacity, end - start, err));
    for (int64_t i = start; i < end; i++) {
        r->sorted[i - start] = (entry){s->cell[i], s->u[i]};
    }
    qsort(r->sorted, (size_t)(end - start), sizeof *r->sorted, compare_entry);
    for (int64_t i = start; i < end; i++) {
        s->cell[i] = r->sorted[i - start].cell;
        s->u[i] = r->sorted[i - start].u;
    }
out:
    return status;
}

/* The slot of a unit equal to the entries start..end, or a free one. */
static int64_t *
find_unit(reader *r, int64_t start, int64_t end)
{
    const upi_spread *s = r->s;
    size_t cells = (size_t)(end - start) * sizeof *s->cell;
    size_t sums = (size_t)(end - start) * sizeof *s->u;
    uint64_t h =
        upi_hash_bytes(s->u + start, sums, upi_hash_bytes(s->cell + start, cells, 0));
    int64_t i = (int64_t)(h & (uint64_t)(r->size - 1));
    while (r->slot[i] != 0) {
        int64_t unit = r->slot[i] - 1;
        int64_t at = s->start[unit];
        bool same = s->start[unit + 1] - at == end - start &&
                    memcmp(s->cell + at, s->cell + start, cells) == 0 &&
                    memcmp(s->u + at, s->u + start, sums) == 0;
        if (same) {
            break;
        }
        i = (i + 1) & (r->size - 1);
    }
    return &r->slot[i];
}

/* Ends a unit: counts an equal one, or keeps it. Returns where the next starts in *end. */
static up_status
close_unit(reader *r, int64_t start, int64_t *end, up_error *err)
{
    upi_spread *s = r->s;
    for (int64_t i = start; i < *end; i++) {
        r->place[s->cell[i]] = 0;
    }
    if (r->c->width == 1) {
        up_status status = sort_unit(r, start, *end, err);
        if (status != UP_OK) {
            return status;
        }
        int64_t *slot = find_unit(r, start, *end);
        if (*slot != 0) {
            s->count[*slot - 1] += 1;
            *end = start;
            return UP_OK;
        }
        *slot = s->n_units + 1;
    }
    s->count[s->n_units++] = 1;
    s->start[s->n_units] = *end;
    return UP_OK;
}

static int64_t
add_group(reader *r, int64_t g, int64_t n)
{
    const up_model *m = r->c->model;
    int64_t width = r->c->width;
    int32_t q = r->c->of_group[g];
    double w = upi_group_row(r->c, g, 1, r->row) * (double)m->moments->n[g];
    int64_t at = r->place[q] - 1;
    if (at < 0) {
        at = n++;
        r->place[q] = at + 1;
        r->s->cell[at] = q;
        for (int64_t k = 0; k < width; k++) {
            r->s->u[at * width + k] = 0;
        }
    }
    for (int64_t k = 0; k < width; k++) {
        r->s->u[at * width + k] += w * r->row[k];
    }
    return n;
}

static up_status
order_groups(reader *r, up_error *err)
{
    const up_moments *m = r->c->model->moments;
    up_status status = UP_NEW(&r->order, m->n_groups, err);
    for (int64_t g = 0; g < m->n_groups && status == UP_OK; g++) {
        r->order[g] = (ordered){m->cluster[1][g], g};
    }
    if (status == UP_OK) {
        qsort(r->order, (size_t)m->n_groups, sizeof *r->order, compare_ordered);
    }
    return status;
}

static up_status
read_units(reader *r, up_error *err)
{
    up_status status = UP_OK;
    int64_t start = 0;
    int64_t n = 0;
    int64_t n_groups = r->c->model->moments->n_groups;
    for (int64_t i = 0; i < n_groups && status == UP_OK; i++) {
        if (i > 0 && !same_cluster(r, i)) {
            status = close_unit(r, start, &n, err);
            start = n;
        }
        if (status == UP_OK) {
            n = add_group(r, group_at(r, i), n);
        }
    }
    return status == UP_OK ? close_unit(r, start, &n, err) : status;
}

static up_status
read_clusters(upi_population *c, int way, upi_spread *s, up_error *err)
{
    up_status status = UP_OK;
    const up_moments *m = c->model->moments;
    reader r = {.c = c, .s = s, .way = way, .size = 1024};
    while (r.size < 2 * (m->n_groups + 1)) {
        r.size *= 2;
    }
    UP_TRY(allocate(s, m->n_groups, m->n_groups, c->width, err));
    UP_TRY(UP_NEW(&r.place, c->n, err));
    UP_TRY(UP_NEW(&r.slot, r.size, err));
    UP_TRY(UP_NEW(&r.row, c->width, err));
    if (way == 1) {
        UP_TRY(order_groups(&r, err));
    }
    UP_TRY(read_units(&r, err));
out:
    upi_free(r.order);
    upi_free(r.place);
    upi_free(r.slot);
    upi_free(r.sorted);
    upi_free(r.row);
    return status;
}

static up_status
build_ways(upi_population *c, up_error *err)
{
    up_status status = UP_OK;
    int64_t ways = c->model->moments->ways;
    c->n_ways = ways == 2 ? 3 : 1;
    if (ways == 0) {
        return c->width == 1 ? plain_rows(c, &c->spread[0], err)
                             : triangular_rows(c, &c->spread[0], err);
    }
    for (int w = 0; w < c->n_ways; w++) {
        UP_TRY(read_clusters(c, w, &c->spread[w], err));
        c->spread[w].sign = w == 2 ? -1 : 1;
    }
out:
    return status;
}

up_status
upi_spread_build(upi_population *c, up_error *err)
{
    up_status status = build_ways(c, err);
    if (c->spread[c->n_ways].target) {
        c->n_ways++;
    }
    return status;
}
