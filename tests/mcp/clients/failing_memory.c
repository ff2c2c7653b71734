/* Linked into the test server in place of malloc() and its kin for our code (not for that of
 * libevent and jansson): the allocation number FAIL_AT of the environment fails. With FAIL_AT=0
 * none does, and their number is told at the end. */
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void *__real_malloc(size_t n);
void *__real_calloc(size_t n, size_t size);
void *__real_realloc(void *p, size_t n);
char *__real_strdup(const char *s);
void *__wrap_malloc(size_t n);
void *__wrap_calloc(size_t n, size_t size);
void *__wrap_realloc(void *p, size_t n);
char *__wrap_strdup(const char *s);

static atomic_long made;

static void
tell(void)
{
    (void)fprintf(stderr, "allocations: %ld\n", atomic_load(&made));
}

static bool
fails(void)
{
    const char *at = getenv("FAIL_AT");
    long number = atomic_fetch_add(&made, 1) + 1;
    if (number == 1) {
        (void)atexit(tell);
    }
    return at != NULL && number == strtol(at, NULL, 10);
}

void *
__wrap_malloc(size_t n)
{
    return fails() ? NULL : __real_malloc(n);
}

void *
__wrap_calloc(size_t n, size_t size)
{
    return fails() ? NULL : __real_calloc(n, size);
}

void *
__wrap_realloc(void *p, size_t n)
{
    return fails() ? NULL : __real_realloc(p, n);
}

char *
__wrap_strdup(const char *s)
{
    return fails() ? NULL : __real_strdup(s);
}
