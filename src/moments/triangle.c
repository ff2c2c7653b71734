/* Tall-skinny QR by groups (Demmel, Grigori, Hoemmen & Langou 2012).
 *
 * A group keeps its total weight W, weighted mean m and the triangle R of its rows less the
 * mean: R'R = sum w (v - m)(v - m)'. Two such records are joined by factoring
 *
 *     [ Ra ; Rb ; sqrt(Wa Wb / (Wa + Wb)) (mb - ma)' ]
 *
 * which is Chan's rule without forming products. The triangle of [1 v] follows at the end:
 * its first row is sqrt(W) (1, m'). Carrying the mean apart keeps the digits of a column
 * whose mean is large beside its spread.
 *
 * Inside a block of rows the Gram matrix of the centred rows costs a third of a Householder
 * factorisation. Its Cholesky factor is used where the columns are far from dependent (no
 * pivot of the correlation matrix below 1e-3, so that at most three digits of sixteen are
 * lost); else the block, which is still here, is factored by Householder reflections. */
#include "moments/triangle.h"

#include "num/matrix.h"
#include "num/outer.h"

#include <math.h>
#include <string.h>

enum { MOST_ROWS = 256 };
static const int64_t buffer_limit = INT64_C(24) << 20;
static const double least_pivot = 1e-3;

int64_t
upi_triangle_scratch(int64_t nv)
{
    return nv * nv + (nv + 1) * nv + nv;
}

static int64_t
whole_lanes(int64_t n)
{
    return (n + UPI_OUTER_LANES - 1) / UPI_OUTER_LANES * UPI_OUTER_LANES;
}

/* rows (m,nv) column-major with leading dimension m, gram (nv,nv), work (nv), two means; rows
 * and their Gram matrix once more, row by row in whole lanes */
static int64_t
block_scratch(int64_t nv)
{
    return (MOST_ROWS + nv + 1) * nv + nv * nv + 3 * nv + MOST_ROWS +
           (MOST_ROWS + nv) * whole_lanes(nv);
}

up_status
upi_blocks_make(int64_t nv, bool weighted, upi_blocks *out, up_error *err)
{
    up_status status = UP_OK;
    *out = (upi_blocks){.nv = nv,
        .width = nv + (weighted ? 1 : 0),
        .weighted = weighted,
        .rows = MOST_ROWS};
    UP_TRY(UP_NEW(&out->scratch, block_scratch(nv), err));
out:
    return status;
}

void
upi_blocks_free(upi_blocks *b)
{
    upi_free(b->buffer);
    upi_free(b->fill);
    upi_free(b->scratch);
    *b = (upi_blocks){0};
}

/* Upper Cholesky factor of gram (nv,nv) in place; false when a pivot is too small. A column
 * that does not vary gives a row and column of zeros. */
static bool
careful_cholesky(int64_t nv, double *gram)
{
    for (int64_t j = 0; j < nv; j++) {
        double *column = gram + j * nv;
        double whole = column[j];
        for (int64_t i = 0; i < j; i++) {
            const double *ri = gram + i * nv;
            double x = column[i] - upi_dot(i, ri, column);
            column[i] = ri[i] > 0 ? x / ri[i] : 0;
        }
        double pivot = whole - upi_dot(j, column, column);
        if (whole > 0 && !(pivot >= least_pivot * whole)) {
            return false;
        }
        column[j] = whole > 0 ? sqrt(pivot) : 0;
    }
    return true;
}

/* Means of the block's rows, weighted and plain, from differences with its first row. */
static double
block_means(const upi_blocks *b, int64_t m, const double *block, double *restrict plain,
    double *restrict weighted)
{
    int64_t nv = b->nv, skip = b->weighted ? 1 : 0;
    const double *first = block + skip;
    double total = skip ? 0 : (double)m;
    memset(plain, 0, (size_t)nv * sizeof *plain);
    memset(weighted, 0, (size_t)nv * sizeof *weighted);
    for (int64_t i = 0; i < m; i++) {
        const double *restrict row = block + i * b->width + skip;
        for (int64_t j = 0; j < nv; j++) {
            plain[j] += row[j] - first[j];
        }
    }
    for (int64_t i = 0; i < m && skip; i++) {
        const double *restrict row = block + i * b->width;
        total += row[0];
        for (int64_t j = 0; j < nv; j++) {
            weighted[j] += row[0] * (row[1 + j] - first[j]);
        }
    }
    for (int64_t j = 0; j < nv; j++) {
        plain[j] = first[j] + plain[j] / (double)m;
        weighted[j] = skip ? first[j] + weighted[j] / total : plain[j];
    }
    return total;
}

/* a (m,nv), leading dimension lda: the block's rows less their mean, times sqrt(weight). */
static void
centre(const upi_blocks *b, int64_t m, const double *block, const double *mean,
    double *root, double *a, int64_t lda)
{
    int64_t nv = b->nv, skip = b->weighted ? 1 : 0;
    for (int64_t i = 0; i < m && skip; i++) {
        root[i] = sqrt(block[i * b->width]);
    }
    for (int64_t j = 0; j < nv; j++) {
        const double *x = block + skip + j;
        double *column = a + j * lda;
        for (int64_t i = 0; i < m; i++) {
            column[i] = x[i * b->width] - mean[j];
        }
        for (int64_t i = 0; i < m && skip; i++) {
            column[i] *= root[i];
        }
    }
}

/* gram (nv,nv), its upper triangle: the Gram matrix of the block's rows less their mean, times
 * their weights. lined: scratch for rows and sums in whole lanes; what fills up the lanes is 0. */
static void
gram_rows(const upi_blocks *b, int64_t m, const double *block, const double *mean,
    double *lined, double *gram)
{
    int64_t nv = b->nv, skip = b->weighted ? 1 : 0, ld = whole_lanes(nv);
    double *sums = lined + MOST_ROWS * ld;
    for (int64_t i = 0; i < m; i++) {
        const double *restrict x = block + i * b->width + skip;
        double *restrict row = lined + i * ld;
        double root = skip ? sqrt(block[i * b->width]) : 1;
        for (int64_t j = 0; j < nv; j++) {
            row[j] = (x[j] - mean[j]) * root;
        }
    }
    memset(sums, 0, (size_t)(nv * ld) * sizeof *sums);
    for (int64_t j = 0; j < nv;
         j += 5) { /* five columns at a time, down to the diagonal */
        int64_t q = nv - j < 5 ? nv - j : 5;
        const upi_outer x = {.n = m,
            .p = whole_lanes(j + q),
            .q = q,
            .a = lined,
            .ld_a = ld,
            .b = lined + j,
            .ld_b = ld,
            .c = sums + j * ld,
            .ld_c = ld,
            .level = upi_outer_level()};
        upi_outer_add(&x);
    }
    for (int64_t j = 0; j < nv; j++) {
        memcpy(gram + j * nv, sums + j * ld, (size_t)(j + 1) * sizeof *gram);
    }
}

/* Takes the rows that wait for group g into its record. */
static void
factor_block(upi_blocks *b, upi_table *t, int64_t g)
{
    int64_t nv = b->nv, m = b->fill[g];
    if (m == 0) {
        return;
    }
    const double *block = b->buffer + g * b->rows * b->width;
    double *mean = upi_table_values(t, g);
    double *weight = mean + nv, *wmean = weight + 1, *r = wmean + nv;
    double *plain = b->scratch, *weighted = plain + nv, *work = weighted + nv;
    double *gram = work + nv, *root = gram + nv * nv, *a = root + MOST_ROWS;
    double total = block_means(b, m, block, plain, weighted);
    int64_t before = *upi_table_count(t, g) - m, lda = m + 1, rows = m;
    bool grams = m >= 2 * nv && nv > 0;
    if (grams) {
        gram_rows(b, m, block, weighted, a + (MOST_ROWS + nv + 1) * nv, gram);
        grams = careful_cholesky(nv, gram);
    }
    if (grams) {
        rows = nv;
        lda = nv + 1;
        for (int64_t j = 0; j < nv; j++) {
            memcpy(a + j * lda, gram + j * nv, (size_t)(j + 1) * sizeof *a);
            memset(a + j * lda + j + 1, 0, (size_t)(nv - j - 1) * sizeof *a);
        }
    } else {
        centre(b, m, block, weighted, root, a, lda);
    }
    double shares = *weight > 0 ? sqrt(*weight * (total / (*weight + total))) : 0;
    for (int64_t j = 0; j < nv; j++) {
        a[rows + j * lda] = *weight > 0 ? shares * (weighted[j] - wmean[j]) : 0;
    }
    upi_qr_update(nv, r, nv, rows + 1, a, lda, work);
    double share = (double)m / (double)(before + m);
    double wshare = total / (*weight + total);
    for (int64_t j = 0; j < nv; j++) {
        mean[j] = before > 0 ? mean[j] + (plain[j] - mean[j]) * share : plain[j];
        wmean[j] =
            *weight > 0 ? wmean[j] + (weighted[j] - wmean[j]) * wshare : weighted[j];
    }
    *weight += total;
    b->fill[g] = 0;
}

/* A block for one more group. When the buffer would pass its limit all blocks are factored
 * and become half as long: this depends on the rows of the range alone. */
static up_status
add_group(upi_blocks *b, upi_table *t, int64_t g, up_error *err)
{
    up_status status = UP_OK;
    int64_t block_bytes = b->rows * b->width * (int64_t)sizeof(double);
    if (b->rows > 1 && (g + 1) * block_bytes > buffer_limit) {
        for (int64_t i = 0; i < b->n_groups; i++) {
            factor_block(b, t, i);
        }
        b->rows /= 2;
    }
    UP_TRY(UP_RESERVE(&b->fill, &b->fill_capacity, g + 1, err));
    UP_TRY(UP_RESERVE(&b->buffer, &b->capacity, (g + 1) * b->rows * b->width, err));
    b->fill[g] = 0;
    memset(upi_table_values(t, g), 0, (size_t)t->n_values * sizeof(double));
    b->n_groups = g + 1;
out:
    return status;
}

up_status
upi_blocks_add(upi_blocks *b, upi_table *t, int64_t n, const int32_t *at,
    const double *v, const double *weight, up_error *err)
{
    up_status status = UP_OK;
    int64_t nv = b->nv;
    for (int64_t i = 0; i < n; i++) {
        int64_t g = at[i];
        UP_TRY(g >= b->n_groups ? add_group(b, t, g, err) : UP_OK);
        double *row = b->buffer + (g * b->rows + b->fill[g]) * b->width;
        if (b->weighted) {
            *row++ = weight[i];
        }
        memcpy(row, v + i * nv, (size_t)nv * sizeof *row);
        (*upi_table_count(t, g))++;
        b->fill[g]++;
        if (b->fill[g] == b->rows) {
            factor_block(b, t, g);
        }
    }
out:
    return status;
}

void
upi_blocks_reset(upi_blocks *b)
{
    b->n_groups = 0;
    b->rows = MOST_ROWS;
}

void
upi_blocks_close(upi_blocks *b, upi_table *t)
{
    for (int64_t g = 0; g < b->n_groups; g++) {
        factor_block(b, t, g);
    }
    upi_blocks_reset(b);
}

void
upi_triangle_close(int64_t nv, const double *live, double *rest)
{
    int64_t head = 2 * nv + 1;
    memcpy(rest, live, (size_t)head * sizeof *rest);
    for (int64_t j = 0, p = head; j < nv; j++) {
        for (int64_t i = 0; i <= j; i++, p++) {
            rest[p] = live[head + i + j * nv];
        }
    }
}

void
upi_triangle_merge(
    int64_t nv, int64_t na, double *a, int64_t nb, const double *b, double *scratch)
{
    int64_t head = 2 * nv + 1, lda = nv + 1;
    double *r = scratch, *rows = r + nv * nv, *work = rows + lda * nv;
    double wa = a[nv], wb = b[nv];
    double root = sqrt(wa * (wb / (wa + wb)));
    for (int64_t j = 0, p = head; j < nv; j++, p += j) {
        memcpy(r + j * nv, a + p, (size_t)(j + 1) * sizeof *r);
        memcpy(rows + j * lda, b + p, (size_t)(j + 1) * sizeof *r);
        memset(rows + j * lda + j + 1, 0, (size_t)(nv - j - 1) * sizeof *r);
        rows[nv + j * lda] = root * (b[nv + 1 + j] - a[nv + 1 + j]);
    }
    upi_qr_update(nv, r, nv, nv + 1, rows, lda, work);
    for (int64_t j = 0, p = head; j < nv; j++, p += j) {
        memcpy(a + p, r + j * nv, (size_t)(j + 1) * sizeof *r);
    }
    double share = (double)nb / (double)(na + nb), wshare = wb / (wa + wb);
    for (int64_t j = 0; j < nv; j++) {
        a[j] += (b[j] - a[j]) * share;
        a[nv + 1 + j] += (b[nv + 1 + j] - a[nv + 1 + j]) * wshare;
    }
    a[nv] = wa + wb;
}
