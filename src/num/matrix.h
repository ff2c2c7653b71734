/* Small dense linear algebra. Matrices are column-major with a leading dimension: element
 * (i, j) is a[i + j*ld]. Sizes are int64_t, below 2^31. Outputs never alias inputs unless the
 * comment says "in place". Every function may be called from any thread at any time; never
 * call dgemm, dgemv or LAPACK directly, a serial OpenBLAS is not safe for that (gemm.c). The
 * same call gives the same bits on one machine; results that rest on upi_dot are about 1e-15
 * apart between kinds of CPU. */
#ifndef UPI_MATRIX_H
#define UPI_MATRIX_H

#include <upshot/status.h>

#include <stdint.h>

/* c (m,n) = alpha op(a) op(b) + beta c; op is transpose where ta/tb is 'T', else 'N'. */
void upi_gemm(char ta, char tb, int64_t m, int64_t n, int64_t k, double alpha,
    const double *a, int64_t lda, const double *b, int64_t ldb, double beta, double *c,
    int64_t ldc);
/* y (m or n) = op(a) x */
void upi_gemv(char ta, int64_t m, int64_t n, const double *a, int64_t lda,
    const double *x, double *y);
double upi_dot(int64_t n, const double *x, const double *y);

/* Householder QR of a (m,n), any m: r (n,n) upper triangular with non-negative diagonal,
 * the rows below min(m,n) zero. a is destroyed. UP_E_NOT_FINITE if a holds NaN or infinity. */
up_status upi_qr_r(int64_t m, int64_t n, double *a, int64_t lda, double *r, int64_t ldr,
    up_error *err);
/* Updates r (n,n) upper triangular in place so that r'r grows by a'a; a (m,n) is destroyed.
 * The kernel of the tall-skinny QR. work is not used at present and may be NULL. Diagonal signs
 * are free. NaN and infinity in a come out as NaN in r. Blocks of 256 to 2048 rows are fastest. */
void upi_qr_update(
    int64_t n, double *r, int64_t ldr, int64_t m, double *a, int64_t lda, double *work);

/* Rank-revealing QR of the columns of r (n,n), which are first scaled to length 1, in the
 * given order: a column that lies within `tol` (relative, e.g. 1e-10) of the span of the kept
 * columns before it is dropped. keep[j] 1 or 0. coef (n,n): column j of a dropped j holds its
 * combination of the kept columns (NULL if not wanted). Returns the rank in *rank. Only the upper
 * triangle of r is read. UP_E_NOT_FINITE if it holds NaN or infinity. */
up_status upi_rank_in_order(int64_t n, const double *r, int64_t ldr, double tol,
    int64_t *keep, double *coef, int64_t *rank, up_error *err);

/* Triangular: inverse of upper r in place; solves r x = b and r' x = b in place (b (n,nrhs)). */
up_status upi_tri_inverse(int64_t n, double *r, int64_t ldr, up_error *err);
up_status upi_tri_solve(char trans, int64_t n, int64_t nrhs, const double *r,
    int64_t ldr, double *b, int64_t ldb, up_error *err);
/* Cholesky a = L L' in place (lower, the rest becomes 0); UP_E_SINGULAR if not positive definite. */
up_status upi_cholesky(int64_t n, double *a, int64_t lda, up_error *err);
/* Upper-triangular r with r'r = a for positive SEMI-definite a (pivot-free; a pivot below
 * tol * diagonal gives a zero row). */
void upi_cholesky_semi(
    int64_t n, const double *a, int64_t lda, double tol, double *r, int64_t ldr);
/* Symmetric eigenproblem: a (n,n) is overwritten by the vectors (columns), values ascending.
 * Only the upper triangle is read; UP_E_NOT_FINITE if it holds NaN or infinity. */
up_status upi_eigen_sym(
    int64_t n, double *a, int64_t lda, double *values, up_error *err);
/* The same of a positive semi-definite a (n,n) whose rank may be far below n: then by a pivoted
 * Cholesky factor l of it and the few eigenvalues of l'l. The first *rank columns are the
 * vectors; the other columns and values are 0. Vectors of values that are tiny beside the largest
 * are orthogonal only to the root of their ratio times eps: use them times their value. */
up_status upi_eigen_semi(
    int64_t n, double *a, double *values, int64_t *rank, up_error *err);
/* Solves a x = b for a general small square a (destroyed); b (n,nrhs) in place. */
up_status upi_solve(int64_t n, int64_t nrhs, double *a, int64_t lda, double *b,
    int64_t ldb, up_error *err);
void upi_symmetrize(
    int64_t n, double *a, int64_t lda); /* copies the upper triangle to the lower */

#endif
