/* All allocation of the library goes through here: sizes are checked for overflow, and
 * tests can make the k-th allocation fail. */
#ifndef UPI_MEM_H
#define UPI_MEM_H

#include <upshot/status.h>

#include <stddef.h>
#include <stdint.h>

/* n elements of size bytes, zeroed; NULL when n*size overflows or memory is out.
 * n = 0 gives a valid pointer that can be freed. */
void *upi_calloc(int64_t n, size_t size);
/* Grows (or shrinks) to n elements; the new part is not zeroed. NULL leaves p as it is. */
void *upi_realloc(void *p, int64_t n, size_t size);
void upi_free(void *p);
char *upi_strdup(const char *s);
char *upi_strndup(const char *s, size_t n);

/* *p gets n zeroed elements; else UP_E_NO_MEMORY. p is the address of a typed pointer. */
#define UP_NEW(p, n, err)                                                              \
    (((*(p)) = upi_calloc((n), sizeof(**(p)))) != NULL                                 \
            ? UP_OK                                                                    \
            : ((void)upi_fail_memory((err), (size_t)(n) * sizeof(**(p))),              \
                  UP_E_NO_MEMORY))
/* Makes room for `need` elements in the array *p with capacity *cap, growing by half. */
#define UP_RESERVE(p, cap, need, err)                                                  \
    upi_reserve((void **)(p), (cap), (need), sizeof(**(p)), (err))
up_status upi_reserve(
    void **p, int64_t *capacity, int64_t need, size_t size, up_error *err);

up_status upi_strdup_to(char **out, const char *s, up_error *err);

/* For tests: the allocation number `countdown` from now (1 = the next) and all after it
 * fail; 0 switches this off. live counts what is allocated and not yet freed. */
void upi_mem_fail_after(int64_t countdown);
int64_t upi_mem_live(void);

#endif
