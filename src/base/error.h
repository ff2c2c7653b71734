/* Failing in one line: set the error, return the status; pass a failure upwards. */
#ifndef UPI_ERROR_H
#define UPI_ERROR_H

#include <upshot/status.h>

#include <stdbool.h>

/* Sets err (when not NULL) and returns status. field and fix may be NULL. The message is
 * one line without a final full stop, with the values in it. Overlong text is cut at a
 * UTF-8 boundary; control characters are replaced, so that hostile names stay one line. */
up_status upi_fail(up_error *err, up_status status, const char *field, const char *fmt,
    ...) UP_PRINTF(4, 5);
/* Adds what to do next to an error that is set; returns its status. */
up_status upi_fix(up_error *err, const char *fmt, ...) UP_PRINTF(2, 3);
up_status upi_fail_memory(up_error *err, size_t bytes);

/* True when err already holds a failure (the chained-call rule). */
static inline bool
upi_failed(const up_error *err)
{
    return err != NULL && err->status != UP_OK;
}

/* The two macros that hide control flow. Both need `up_status status` in scope; UP_TRY
 * needs the label `out`. */
#define UP_TRY(call)                                                                   \
    do {                                                                               \
        status = (call);                                                               \
        if (status != UP_OK) {                                                         \
            goto out;                                                                  \
        }                                                                              \
    } while (0)

/* First line of every public function that can fail: a failure already in err is handed on,
 * and where the caller gave NULL the function works with an error of its own, so that
 * nothing further in has to ask. */
#define UP_GUARD(err)                                                                  \
    up_error upi_own_error = UP_ERROR_INIT;                                            \
    if ((err) == NULL) {                                                               \
        (err) = &upi_own_error;                                                        \
    }                                                                                  \
    if ((err)->status != UP_OK) {                                                      \
        return (err)->status;                                                          \
    }                                                                                  \
    (void)0

#ifdef NDEBUG
#define UP_ASSERT(x) ((void)0)
#else
void upi_assert_failed(const char *what, const char *file, int line);
#define UP_ASSERT(x) ((x) ? (void)0 : upi_assert_failed(#x, __FILE__, __LINE__))
#endif

#endif
