/* Between the group arrays of moments and a table: the arrays stand in canonical order and
 * hold the triangle of [1 v]; a table holds totals, means and the triangle of the rest.
 *
 *   tri = [ sqrt(W)  sqrt(W) m' ]
 *         [   0          R      ]   with a diagonal that is not negative */
#include "moments/build.h"

#include <math.h>
#include <string.h>

static int64_t
packed(int64_t row, int64_t column)
{
    return column * (column + 1) / 2 + row;
}

/* The rows of a triangle may have either sign; the one with a diagonal >= 0 is kept. */
static void
fill_triangle(int64_t nv, const double *record, double *tri)
{
    double root = sqrt(record[nv]);
    const double *mean = record + nv + 1, *r = record + 2 * nv + 1;
    tri[0] = root;
    for (int64_t j = 0; j < nv; j++) {
        tri[packed(0, j + 1)] = root * mean[j];
        for (int64_t i = 0; i <= j; i++) {
            double x = r[packed(i, j)];
            tri[packed(i + 1, j + 1)] = r[packed(i, i)] < 0 ? -x : x;
        }
    }
}

static void
read_triangle(const up_moments *m, int64_t g, double *record)
{
    int64_t nv = m->nx + m->ny, width = (nv + 1) * (nv + 2) / 2;
    const double *tri = m->tri + g * width, *mean = m->mean + g * nv;
    memcpy(record, mean, (size_t)nv * sizeof *record);
    record[nv] = m->row_weighted ? tri[0] * tri[0] : (double)m->n[g];
    for (int64_t j = 0; j < nv; j++) {
        record[nv + 1 + j] = m->row_weighted ? tri[packed(0, j + 1)] / tri[0] : mean[j];
        for (int64_t i = 0; i <= j; i++) {
            record[2 * nv + 1 + packed(i, j)] = tri[packed(i + 1, j + 1)];
        }
    }
}

static up_status
make_arrays(up_moments *m, const upi_table *t, up_error *err)
{
    up_status status = UP_OK;
    int64_t nv = t->shape.nv;
    UP_TRY(UP_NEW(&m->code, t->n * t->shape.n_keys, err));
    for (int64_t w = 0; w < t->shape.ways; w++) {
        UP_TRY(UP_NEW(&m->cluster[w], t->n, err));
    }
    UP_TRY(UP_NEW(&m->n, t->n, err));
    UP_TRY(UP_NEW(&m->mean, t->n * nv, err));
    if (t->shape.form == UPI_TRI) {
        UP_TRY(UP_NEW(&m->tri, t->n * (nv + 1) * (nv + 2) / 2, err));
    } else if (t->shape.second) {
        UP_TRY(UP_NEW(&m->m2, t->n * t->shape.pairs, err));
    }
out:
    return status;
}

static void
copy_group(up_moments *m, const upi_table *t, int64_t g)
{
    const upi_shape *s = &t->shape;
    int64_t nv = s->nv;
    const double *record = upi_table_values(t, g);
    memcpy(m->code + g * s->n_keys, upi_table_codes(t, g),
        (size_t)s->n_keys * sizeof *m->code);
    for (int64_t w = 0; w < s->ways; w++) {
        m->cluster[w][g] = upi_table_clusters(t, g)[w];
    }
    m->n[g] = *upi_table_count(t, g);
    m->n_rows += m->n[g];
    memcpy(m->mean + g * nv, record, (size_t)nv * sizeof *m->mean);
    if (s->form == UPI_TRI) {
        fill_triangle(nv, record, m->tri + g * (nv + 1) * (nv + 2) / 2);
    } else if (s->second) {
        memcpy(m->m2 + g * s->pairs, record + nv, (size_t)s->pairs * sizeof *m->m2);
    }
}

up_status
upi_finish_groups(up_moments *m, upi_table *t, up_error *err)
{
    up_status status = UP_OK;
    int32_t *order = NULL;
    upi_table_drop_index(t);
    UP_TRY(UP_NEW(&order, t->n, err));
    UP_TRY(upi_canonical_order(t, order, err));
    UP_TRY(upi_table_sort(t, order, err));
    upi_free(order);
    order = NULL;
    UP_TRY(make_arrays(m, t, err));
    m->n_groups = t->n;
    m->n_rows = 0;
    /* From the end, so that the memory of records that were copied can go at once. */
    int64_t step = t->n / 32 + 4096;
    while (t->n > 0) {
        int64_t left = t->n > step ? t->n - step : 0;
        for (int64_t g = t->n - 1; g >= left; g--) {
            copy_group(m, t, g);
        }
        upi_table_shrink(t, left);
    }
out:
    upi_free(order);
    return status;
}

/* Codes and clusters of m's groups, in m's order; records of n_values doubles. */
static up_status
make_index(const up_moments *m, int64_t n_values, upi_table **out, up_error *err)
{
    up_status status = UP_OK;
    upi_table *t = NULL;
    upi_shape s = upi_moments_shape(m);
    UP_TRY(upi_table_make(&s, n_values, m->n_groups, &t, err));
    for (int64_t g = 0; g < m->n_groups; g++) {
        upi_group_key key = {0, m->code + g * m->n_keys, {0, 0}};
        for (int64_t w = 0; w < m->ways; w++) {
            key.cluster[w] = m->cluster[w][g];
        }
        key.hash = upi_group_hash(&s, key.code, key.cluster[0], key.cluster[1]);
        int64_t at = 0;
        UP_TRY(upi_table_add(t, &key, &at, err));
        *upi_table_count(t, at) = m->n[g];
    }
    *out = t;
    t = NULL;
out:
    upi_table_free(t);
    return status;
}

upi_shape
upi_moments_shape(const up_moments *m)
{
    int64_t nv = m->nx + m->ny;
    return (upi_shape){.form = m->form,
        .second = m->m2 != NULL,
        .n_keys = m->n_keys,
        .ways = m->ways,
        .nv = nv,
        .pairs = nv * (nv + 1) / 2};
}

up_status
upi_moments_index(const up_moments *m, upi_table **out, up_error *err)
{
    up_status status = UP_OK;
    upi_table *t = NULL;
    UP_TRY(make_index(m, 0, &t, err));
    UP_TRY(upi_table_index(t, err));
    *out = t;
    t = NULL;
out:
    upi_table_free(t);
    return status;
}

up_status
upi_moments_table(const up_moments *m, upi_table **out, up_error *err)
{
    up_status status = UP_OK;
    upi_table *t = NULL;
    upi_shape s = upi_moments_shape(m);
    UP_TRY(make_index(m, upi_shape_rest(&s), &t, err));
    for (int64_t g = 0; g < m->n_groups; g++) {
        double *record = upi_table_values(t, g);
        memcpy(record, m->mean + g * s.nv, (size_t)s.nv * sizeof *record);
        if (m->form == UPI_TRI) {
            read_triangle(m, g, record);
        } else if (s.second) {
            memcpy(
                record + s.nv, m->m2 + g * s.pairs, (size_t)s.pairs * sizeof *record);
        }
    }
    *out = t;
    t = NULL;
out:
    upi_table_free(t);
    return status;
}
