/* A small thread pool with ordered, fixed-size chunks: work is cut by the size of the
 * problem, never by the number of threads, so that results are the same bits. */
#ifndef UPI_POOL_H
#define UPI_POOL_H

#include <upshot/run.h>

/* Runs task(ctx, chunk, worker, err) for chunk = 0..n_chunks-1 on at most `threads`
 * workers (0 = all cores); worker < threads is the index of the one that runs it, for
 * scratch space. The first failure (lowest chunk that failed, the same for any number of
 * threads) is reported; chunks not yet started are not started. run may be NULL; its should_stop
 * and progress are called on the calling thread, before each chunk that this thread takes and at
 * the end. n_chunks <= 0 does nothing. */
typedef up_status (*upi_task)(void *ctx, int64_t chunk, int worker, up_error *err);
up_status upi_pool_run(int threads, int64_t n_chunks, upi_task task, void *ctx,
    const up_run *run, up_error *err);
int upi_pool_threads(const up_run *run); /* resolved number of workers, >= 1 */

#endif
