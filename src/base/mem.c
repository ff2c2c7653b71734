/* The only door to the allocator: sizes are checked for overflow, live blocks are counted,
 * and tests can make the k-th allocation fail. The two counters are the only static data of
 * the library; they are atomic, relaxed (nothing is ordered by them), and no result depends
 * on them. */
#include "base/mem.h"

#include "base/error.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

static _Atomic int64_t live_blocks;
/* 0 = never fail; 1 = every allocation fails; k > 1 = k - 1 more succeed. */
static _Atomic int64_t fail_countdown;

void
upi_mem_fail_after(int64_t countdown)
{
    atomic_store_explicit(&fail_countdown, countdown, memory_order_relaxed);
}

int64_t
upi_mem_live(void)
{
    return atomic_load_explicit(&live_blocks, memory_order_relaxed);
}

static bool
must_fail(void)
{
    int64_t left = atomic_load_explicit(&fail_countdown, memory_order_relaxed);
    while (left > 1) {
        if (atomic_compare_exchange_weak_explicit(&fail_countdown, &left, left - 1,
                memory_order_relaxed, memory_order_relaxed)) {
            return false;
        }
    }
    return left == 1;
}

/* n * size in bytes, at least 1; false if it does not fit or no object can be so large. */
static bool
bytes_of(int64_t n, size_t size, size_t *bytes)
{
    if (n < 0 || size == 0 || (uint64_t)n > (uint64_t)PTRDIFF_MAX / size) {
        return false;
    }
    *bytes = n == 0 ? 1 : (size_t)n * size;
    return true;
}

void *
upi_calloc(int64_t n, size_t size)
{
    size_t bytes = 0;
    if (!bytes_of(n, size, &bytes) || must_fail()) {
        return NULL;
    }
    void *p = calloc(1, bytes);
    if (p != NULL) {
        atomic_fetch_add_explicit(&live_blocks, 1, memory_order_relaxed);
    }
    return p;
}

void *
upi_realloc(void *p, int64_t n, size_t size)
{
    size_t bytes = 0;
    if (!bytes_of(n, size, &bytes) || must_fail()) {
        return NULL;
    }
    void *q = realloc(p, bytes);
    if (q != NULL && p == NULL) {
        atomic_fetch_add_explicit(&live_blocks, 1, memory_order_relaxed);
    }
    return q;
}

void
upi_free(void *p)
{
    if (p != NULL) {
        atomic_fetch_sub_explicit(&live_blocks, 1, memory_order_relaxed);
        free(p);
    }
}

char *
upi_strndup(const char *s, size_t n)
{
    size_t length = strnlen(s, n);
    if (length >= PTRDIFF_MAX) {
        return NULL;
    }
    char *copy = upi_calloc((int64_t)length + 1, 1);
    if (copy != NULL) {
        memcpy(copy, s, length);
    }
    return copy;
}

char *
upi_strdup(const char *s)
{
    return upi_strndup(s, SIZE_MAX);
}

up_status
upi_strdup_to(char **out, const char *s, up_error *err)
{
    char *copy = upi_strdup(s);
    if (copy == NULL) {
        return upi_fail_memory(err, strlen(s) + 1);
    }
    *out = copy;
    return UP_OK;
}

up_status
upi_reserve(void **p, int64_t *capacity, int64_t need, size_t size, up_error *err)
{
    if (need <= *capacity) {
        return UP_OK;
    }
    int64_t wanted = *capacity <= INT64_MAX / 2 ? *capacity + *capacity / 2 : need;
    if (wanted < need) {
        wanted = need;
    }
    if (wanted < 8) {
        wanted = 8;
    }
    void *grown = upi_realloc(*p, wanted, size);
    if (grown == NULL) {
        return upi_fail_memory(err, (size_t)wanted * size);
    }
    *p = grown;
    *capacity = wanted;
    return UP_OK;
}
