/* The only header a test includes for the framework: cmocka in its required order, and the
 * comparisons it lacks. */
#ifndef UP_TEST_H
#define UP_TEST_H

/* clang-format off */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
/* clang-format on */

#include "base/base.h"

/* |actual - expected| <= atol + rtol |expected|; NaN equals NaN; prints 17 digits. */
#define assert_close(actual, expected, rtol, atol)                                     \
    up_assert_close((actual), (expected), (rtol), (atol), #actual, __FILE__, __LINE__)
void up_assert_close(double actual, double expected, double rtol, double atol,
    const char *what, const char *file, int line);

/* The status is UP_OK; else prints the error's field and message. */
#define assert_ok(call, err)                                                           \
    up_assert_status((call), UP_OK, (err), #call, __FILE__, __LINE__)
/* The status is the given one, and err (if it is not UP_OK) holds the same and a message. */
#define assert_fails(call, wanted, err)                                                \
    up_assert_status((call), (wanted), (err), #call, __FILE__, __LINE__)
void up_assert_status(up_status actual, up_status wanted, const up_error *err,
    const char *what, const char *file, int line);

/* Runs body(ctx) again and again with allocation 1, 2, 3, ... failing, until a run ends with
 * UP_OK; every other run must end with UP_E_NO_MEMORY and leak nothing. */
void up_sweep_memory(up_status (*body)(void *ctx, up_error *err), void *ctx);

/* Path of a file below tests/ (static buffer), or below ../shared; the latter skips the whole
 * test program with code 77 and a line on standard output where shared is absent. */
const char *up_test_data(const char *relative);
const char *up_shared_data(const char *relative);

#endif
