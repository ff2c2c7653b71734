/* The product of matrices, c = alpha op(a) op(b) + beta c, by panels packed in small blocks on
 * the stack (Goto & van de Geijn 2008). Written here and not left to BLAS, because a serial
 * OpenBLAS built without locks hands the same buffer to two threads: calling its dgemm from a
 * pool gave wrong numbers (measured on Debian's build). Each element is a plain sum over k in
 * order, eight rows side by side, never fused: the same bits on every kind of CPU. */
#include "num/matrix.h"

#include <string.h>

enum { MR = 8, NR = 4, MC = 64, KC = 128 };

typedef double quad __attribute__((vector_size(32)));

/* op(x): element (i, j) stands at x[i * row + j * column]. */
typedef struct view {
    const double *x;
    int64_t row, column;
} view;

/* MR rows and k columns of a from row i, padded with zeros: MR numbers for each k. */
static void
pack_rows(view a, int64_t i, int64_t m, int64_t p, int64_t k, double *to)
{
    int64_t rows = m - i < MR ? m - i : MR;
    for (int64_t q = 0; q < k; q++) {
        const double *from = a.x + i * a.row + (p + q) * a.column;
        for (int64_t s = 0; s < rows; s++) {
            to[s] = from[s * a.row];
        }
        for (int64_t s = rows; s < MR; s++) {
            to[s] = 0;
        }
        to += MR;
    }
}

static void
pack_columns(view b, int64_t j, int64_t n, int64_t p, int64_t k, double *to)
{
    int64_t columns = n - j < NR ? n - j : NR;
    for (int64_t q = 0; q < k; q++) {
        const double *from = b.x + (p + q) * b.row + j * b.column;
        for (int64_t s = 0; s < columns; s++) {
            to[s] = from[s * b.column];
        }
        for (int64_t s = columns; s < NR; s++) {
            to[s] = 0;
        }
        to += NR;
    }
}

/* t (MR,NR) = the product of two packed panels: sixteen numbers of c at a time in registers. */
static inline __attribute__((always_inline)) void
panel_product(int64_t k, const double *a, const double *b, double *t)
{
    quad low[NR];
    quad high[NR];
    memset(low, 0, sizeof low);
    memset(high, 0, sizeof high);
    for (int64_t q = 0; q < k; q++) {
        quad top;
        quad bottom;
        memcpy(&top, a + q * MR, sizeof top);
        memcpy(&bottom, a + q * MR + 4, sizeof bottom);
        for (int64_t s = 0; s < NR; s++) {
            double factor = b[q * NR + s];
            low[s] += top * factor;
            high[s] += bottom * factor;
        }
    }
    for (int64_t s = 0; s < NR; s++) {
        memcpy(t + s * MR, &low[s], sizeof low[s]);
        memcpy(t + s * MR + 4, &high[s], sizeof high[s]);
    }
}

typedef void (*kernel)(int64_t k, const double *a, const double *b, double *t);

static void
kernel_any(int64_t k, const double *a, const double *b, double *t)
{
    panel_product(k, a, b, t);
}

#if defined(__x86_64__) && defined(__GNUC__)
/* The same operations in wider registers: the same bits. */
__attribute__((target("avx2"))) static void
kernel_avx2(int64_t k, const double *a, const double *b, double *t)
{
    panel_product(k, a, b, t);
}

static kernel
best_kernel(void)
{
    return __builtin_cpu_supports("avx2") ? kernel_avx2 : kernel_any;
}
#else
static kernel
best_kernel(void)
{
    return kernel_any;
}
#endif

/* One call: c (m,n) grows by alpha a b, where a is (m,k) and b is (k,n). */
typedef struct product {
    view a, b;
    int64_t m, n, k;
    double alpha;
    double *c;
    int64_t ldc;
} product;

/* Adds a tile of MR by NR, of which `rows` by `columns` are real, to c from (i, j). */
static void
add_tile(const product *x, const double *t, int64_t i, int64_t rows, int64_t j,
    int64_t columns)
{
    for (int64_t s = 0; s < columns; s++) {
        double *to = x->c + i + (j + s) * x->ldc;
        for (int64_t q = 0; q < rows; q++) {
            to[q] += x->alpha * t[q + s * MR];
        }
    }
}

/* MC rows of a from row i and KC terms of the sum from term p, times all of b. */
static void
add_block(const product *x, kernel multiply, int64_t i, int64_t p)
{
    double packed_a[MC * KC];
    double packed_b[KC * NR];
    double t[MR * NR];
    int64_t depth = x->k - p < KC ? x->k - p : KC;
    int64_t end = i + MC < x->m ? i + MC : x->m;
    for (int64_t r = i; r < end; r += MR) {
        pack_rows(x->a, r, x->m, p, depth, packed_a + (r - i) * depth);
    }
    for (int64_t j = 0; j < x->n; j += NR) {
        int64_t columns = x->n - j < NR ? x->n - j : NR;
        pack_columns(x->b, j, x->n, p, depth, packed_b);
        for (int64_t r = i; r < end; r += MR) {
            int64_t rows = end - r < MR ? end - r : MR;
            multiply(depth, packed_a + (r - i) * depth, packed_b, t);
            add_tile(x, t, r, rows, j, columns);
        }
    }
}

/* Where packing would cost more than the product: three plain loops. */
static void
add_small(const product *x)
{
    for (int64_t j = 0; j < x->n; j++) {
        for (int64_t i = 0; i < x->m; i++) {
            const double *a = x->a.x + i * x->a.row;
            const double *b = x->b.x + j * x->b.column;
            double sum = 0;
            for (int64_t p = 0; p < x->k; p++) {
                sum += a[p * x->a.column] * b[p * x->b.row];
            }
            x->c[i + j * x->ldc] += x->alpha * sum;
        }
    }
}

/* A sum of few terms: columns of a, which stand in one piece, are added to columns of c. */
static void
add_thin(const product *x)
{
    int64_t m = x->m;
    for (int64_t j = 0; j < x->n; j++) {
        double *restrict to = x->c + j * x->ldc;
        for (int64_t p = 0; p < x->k; p++) {
            const double *restrict from = x->a.x + p * x->a.column;
            double factor = x->alpha * x->b.x[p * x->b.row + j * x->b.column];
            for (int64_t i = 0; i < m; i++) {
                to[i] += factor * from[i];
            }
        }
    }
}

static view
view_of(char transpose, const double *x, int64_t ld)
{
    if (transpose == 'T' || transpose == 't') {
        return (view){x, ld, 1};
    }
    return (view){x, 1, ld};
}

static void
scale(const product *x, double beta)
{
    for (int64_t j = 0; j < x->n && beta != 1; j++) {
        double *column = x->c + j * x->ldc;
        for (int64_t i = 0; i < x->m; i++) {
            /* beta 0 means that what stands in c is not read: it may be NaN */
            column[i] = beta == 0 ? 0 : beta * column[i];
        }
    }
}

void /* NOLINTNEXTLINE(readability-function-size) */
upi_gemm(char ta, char tb, int64_t m, int64_t n, int64_t k, double alpha,
    const double *a, int64_t lda, const double *b, int64_t ldb, double beta, double *c,
    int64_t ldc)
{
    const product x = {
        view_of(ta, a, lda), view_of(tb, b, ldb), m, n, k, alpha, c, ldc};
    scale(&x, beta);
    if (k <= 4 && x.a.row == 1) {
        add_thin(&x);
    } else if (m * n * k <= 256) {
        add_small(&x);
    } else {
        kernel multiply = best_kernel();
        for (int64_t p = 0; p < k; p += KC) {
            for (int64_t i = 0; i < m; i += MC) {
                add_block(&x, multiply, i, p);
            }
        }
    }
}
