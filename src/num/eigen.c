/* Eigenvalues of a symmetric matrix, by LAPACK's dsyev. It is the one routine left that uses the
 * buffers which a serial OpenBLAS shares between threads without a lock (see gemm.c), so one
 * thread at a time is let in. The lock holds no state that an answer could depend on. */
#include "base/base.h"
#include "num/matrix.h"

#include <float.h>
#include <lapacke.h>
#include <math.h>
#include <pthread.h>
#include <string.h>

static pthread_mutex_t one_at_a_time = PTHREAD_MUTEX_INITIALIZER;

/* dsyev answers a NaN with finite numbers and no complaint. */
static up_status
check_finite(int64_t n, const double *a, int64_t lda, up_error *err)
{
    for (int64_t j = 0; j < n; j++) {
        for (int64_t i = 0; i <= j; i++) {
            if (!isfinite(a[i + j * lda])) {
                return upi_fail(err, UP_E_NOT_FINITE, NULL,
                    "column %lld of a matrix is not finite", (long long)j + 1);
            }
        }
    }
    return UP_OK;
}

up_status
upi_eigen_sym(int64_t n, double *a, int64_t lda, double *values, up_error *err)
{
    up_status status = UP_OK;
    double *work = NULL;
    if (n == 0) {
        return UP_OK;
    }
    UP_TRY(check_finite(n, a, lda, err));
    /* room for blocks of 32 columns; the least that dsyev takes is 3n - 1 */
    int64_t size = 34 * n;
    UP_TRY(UP_NEW(&work, size, err));
    (void)pthread_mutex_lock(&one_at_a_time);
    lapack_int info = LAPACKE_dsyev_work(LAPACK_COL_MAJOR, 'V', 'U', (lapack_int)n, a,
        (lapack_int)lda, values, work, (lapack_int)size);
    (void)pthread_mutex_unlock(&one_at_a_time);
    if (info != 0) {
        status = upi_fail(err, UP_E_INTERNAL, NULL,
            "the eigenvalues of a matrix of %lld columns were not found (dsyev %d)",
            (long long)n, (int)info);
    }
out:
    upi_free(work);
    return status;
}

/* ---- low rank ---- */

/* a = l l' by a Cholesky factorisation that takes the largest diagonal first: l (n, rank) on
 * its return, or false where the rank is above `most`. What is left out is below n eps of the
 * largest diagonal. d (n) is scratch. */
static bool
factor(int64_t n, const double *a, int64_t most, double *l, double *d, int64_t *rank)
{
    double largest = 0;
    for (int64_t i = 0; i < n; i++) {
        d[i] = a[i + i * n];
        largest = fmax(largest, d[i]);
    }
    for (int64_t k = 0;; k++) {
        int64_t best = 0;
        for (int64_t i = 1; i < n; i++) {
            best = d[i] > d[best] ? i : best;
        }
        if (d[best] <= (double)n * DBL_EPSILON * largest) {
            *rank = k;
            return true;
        }
        if (k == most) {
            return false;
        }
        double *column = l + k * n;
        double pivot = sqrt(d[best]);
        for (int64_t i = 0; i < n; i++) {
            column[i] = i < best ? a[i + best * n] : a[best + i * n];
        }
        for (int64_t j = 0; j < k; j++) {
            const double *before = l + j * n;
            for (int64_t i = 0; i < n; i++) {
                column[i] -= before[i] * before[best];
            }
        }
        for (int64_t i = 0; i < n; i++) {
            /* rows that are used up, marked by a negative rest, hold nothing but rounding */
            column[i] = d[i] < 0 ? 0 : i == best ? pivot : column[i] / pivot;
            d[i] = d[i] < 0 || i == best ? -1 : d[i] - column[i] * column[i];
        }
    }
}

up_status
upi_eigen_semi(int64_t n, double *a, double *values, int64_t *rank, up_error *err)
{
    up_status status = UP_OK;
    int64_t most = n / 2, r = 0;
    double *l = NULL;
    double *d = NULL;
    double *u = NULL;
    UP_TRY(check_finite(n, a, n, err));
    UP_TRY(UP_NEW(&l, n * most, err));
    UP_TRY(UP_NEW(&d, n, err));
    if (!factor(n, a, most, l, d, &r)) {
        *rank = n;
        status = upi_eigen_sym(n, a, n, values, err);
        goto out;
    }
    UP_TRY(UP_NEW(&u, r * r, err));
    upi_gemm('T', 'N', r, r, n, 1, l, n, l, n, 0, u, r);
    UP_TRY(upi_eigen_sym(r, u, r, values, err));
    for (int64_t j = 0; j < r; j++) {
        double scale = values[j] > 0 ? 1 / sqrt(values[j]) : 0;
        for (int64_t i = 0; i < r; i++) {
            u[i + j * r] *= scale;
        }
    }
    memset(a, 0, (size_t)(n * n) * sizeof *a);
    memset(values + r, 0, (size_t)(n - r) * sizeof *values);
    upi_gemm('N', 'N', n, r, r, 1, l, n, u, r, 0, a, n);
    *rank = r;
out:
    upi_free(l);
    upi_free(d);
    upi_free(u);
    return status;
}
