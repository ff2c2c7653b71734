/* Eigenvalues of a symmetric matrix, by LAPACK's dsyev. It is the one routine left that uses the
 * buffers which a serial OpenBLAS shares between threads without a lock (see gemm.c), so one
 * thread at a time is let in. The lock holds no state that an answer could depend on. */
#include "base/base.h"
#include "num/matrix.h"

#include <lapacke.h>
#include <math.h>
#include <pthread.h>

static pthread_mutex_t one_at_a_time = PTHREAD_MUTEX_INITIALIZER;

up_status
upi_eigen_sym(int64_t n, double *a, int64_t lda, double *values, up_error *err)
{
    up_status status = UP_OK;
    double *work = NULL;
    if (n == 0) {
        return UP_OK;
    }
    /* dsyev answers a NaN with finite numbers and no complaint */
    for (int64_t j = 0; j < n; j++) {
        for (int64_t i = 0; i <= j; i++) {
            if (!isfinite(a[i + j * lda])) {
                return upi_fail(err, UP_E_NOT_FINITE, NULL,
                    "column %lld of a matrix is not finite", (long long)j + 1);
            }
        }
    }
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
