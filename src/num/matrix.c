/* Small dense linear algebra by columns. Only the dot products and column updates are BLAS's:
 * they use no buffers, while the larger routines of a serial OpenBLAS share theirs between
 * threads without a lock and then give wrong numbers (see gemm.c). At the sizes of a model, tens
 * of columns, the algorithms of the textbook lose nothing (Golub & Van Loan 2013, chapters 3
 * and 4). */
#include "num/matrix.h"

#include "base/base.h"

#include <cblas.h>
#include <math.h>
#include <string.h>

/* y += factor x */
static void
add_multiple(int64_t n, double factor, const double *x, double *y)
{
    cblas_daxpy((int)n, factor, x, 1, y, 1);
}

double
upi_dot(int64_t n, const double *x, const double *y)
{
    return cblas_ddot((int)n, x, 1, y, 1);
}

void
upi_gemv(char ta, int64_t m, int64_t n, const double *a, int64_t lda, const double *x,
    double *y)
{
    if (ta == 'T' || ta == 't') {
        for (int64_t j = 0; j < n; j++) {
            y[j] = upi_dot(m, a + j * lda, x);
        }
        return;
    }
    memset(y, 0, (size_t)m * sizeof *y);
    for (int64_t j = 0; j < n; j++) {
        add_multiple(m, x[j], a + j * lda, y);
    }
}

static up_status
check_diagonal(int64_t n, const double *r, int64_t ldr, up_error *err)
{
    for (int64_t i = 0; i < n; i++) {
        if (r[i + i * ldr] == 0) {
            return upi_fail(err, UP_E_SINGULAR, NULL,
                "a triangular matrix has a zero on its diagonal, at place %lld of %lld",
                (long long)i + 1, (long long)n);
        }
    }
    return UP_OK;
}

up_status
upi_tri_inverse(int64_t n, double *r, int64_t ldr, up_error *err)
{
    up_status status = UP_OK;
    UP_TRY(check_diagonal(n, r, ldr, err));
    for (int64_t j = 0; j < n; j++) {
        double *x = r + j * ldr;
        double inverse = 1 / x[j];
        /* the columns before j hold the inverse already: x becomes their product with x */
        for (int64_t p = 0; p < j; p++) {
            double factor = x[p];
            add_multiple(p, factor, r + p * ldr, x);
            x[p] = factor * r[p + p * ldr];
        }
        for (int64_t i = 0; i < j; i++) {
            x[i] *= -inverse;
        }
        x[j] = inverse;
    }
out:
    return status;
}

up_status /* NOLINTNEXTLINE(readability-function-size) */
upi_tri_solve(char trans, int64_t n, int64_t nrhs, const double *r, int64_t ldr,
    double *b, int64_t ldb, up_error *err)
{
    up_status status = UP_OK;
    bool transposed = trans == 'T' || trans == 't';
    UP_TRY(check_diagonal(n, r, ldr, err));
    for (int64_t j = 0; j < nrhs; j++) {
        double *x = b + j * ldb;
        for (int64_t i = 0; i < n && transposed; i++) {
            x[i] = (x[i] - upi_dot(i, r + i * ldr, x)) / r[i + i * ldr];
        }
        for (int64_t i = n - 1; i >= 0 && !transposed; i--) {
            x[i] /= r[i + i * ldr];
            add_multiple(i, -x[i], r + i * ldr, x);
        }
    }
out:
    return status;
}

up_status
upi_cholesky(int64_t n, double *a, int64_t lda, up_error *err)
{
    for (int64_t j = 0; j < n; j++) {
        double *column = a + j * lda;
        double pivot = column[j];
        if (!(pivot > 0) || isinf(pivot)) {
            return upi_fail(err, UP_E_SINGULAR, NULL,
                "a matrix of %lld columns is not positive definite, at place %lld",
                (long long)n, (long long)j + 1);
        }
        double root = sqrt(pivot);
        for (int64_t i = 0; i < j; i++) {
            column[i] = 0;
        }
        column[j] = root;
        for (int64_t i = j + 1; i < n; i++) {
            column[i] /= root;
        }
        for (int64_t k = j + 1; k < n; k++) {
            add_multiple(n - k, -column[k], column + k, a + k + k * lda);
        }
    }
    return UP_OK;
}

/* In order, for vectors too short for BLAS to be worth a call. */
static double
short_dot(int64_t n, const double *x, const double *y)
{
    double sum = 0;
    for (int64_t i = 0; i < n; i++) {
        sum += x[i] * y[i];
    }
    return sum;
}

void
upi_cholesky_semi(
    int64_t n, const double *a, int64_t lda, double tol, double *r, int64_t ldr)
{
    for (int64_t j = 0; j < n; j++) {
        double *column = r + j * ldr;
        memset(column, 0, (size_t)n * sizeof *column);
        for (int64_t i = 0; i < j; i++) {
            double pivot = r[i + i * ldr];
            if (pivot > 0) {
                column[i] =
                    (a[i + j * lda] - short_dot(i, r + i * ldr, column)) / pivot;
            }
        }
        double whole = a[j + j * lda];
        double rest = whole - short_dot(j, column, column);
        column[j] = rest > tol * whole && rest > 0 ? sqrt(rest) : 0;
    }
}

static void
swap_rows(int64_t n, double *a, int64_t lda, int64_t i, int64_t k)
{
    for (int64_t j = 0; j < n && i != k; j++) {
        double held = a[i + j * lda];
        a[i + j * lda] = a[k + j * lda];
        a[k + j * lda] = held;
    }
}

/* Gaussian elimination with partial pivoting, carried out on b at once. */
up_status
upi_solve(int64_t n, int64_t nrhs, double *a, int64_t lda, double *b, int64_t ldb,
    up_error *err)
{
    for (int64_t j = 0; j < n; j++) {
        double *column = a + j * lda;
        int64_t best = j;
        for (int64_t i = j + 1; i < n; i++) {
            best = fabs(column[i]) > fabs(column[best]) ? i : best;
        }
        if (!(fabs(column[best]) > 0)) {
            return upi_fail(err, UP_E_SINGULAR, NULL,
                "a system of %lld equations has no unique solution, at place %lld",
                (long long)n, (long long)j + 1);
        }
        swap_rows(n, a, lda, j, best);
        swap_rows(nrhs, b, ldb, j, best);
        int64_t below = n - j - 1;
        for (int64_t i = j + 1; i < n; i++) {
            column[i] /= column[j];
        }
        for (int64_t k = j + 1; k < n; k++) {
            add_multiple(below, -a[j + k * lda], column + j + 1, a + j + 1 + k * lda);
        }
        for (int64_t k = 0; k < nrhs; k++) {
            add_multiple(below, -b[j + k * ldb], column + j + 1, b + j + 1 + k * ldb);
        }
    }
    return upi_tri_solve('N', n, nrhs, a, lda, b, ldb, err);
}

void
upi_symmetrize(int64_t n, double *a, int64_t lda)
{
    for (int64_t j = 0; j < n; j++) {
        for (int64_t i = 0; i < j; i++) {
            a[j + i * lda] = a[i + j * lda];
        }
    }
}
