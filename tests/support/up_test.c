#include "up_test.h"

#include "base/mem.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

void
up_assert_close(double actual, double expected, double rtol, double atol,
    const char *what, const char *file, int line)
{
    if (isnan(actual) && isnan(expected)) {
        return;
    }
    if (actual == expected) {
        return;
    }
    double gap = fabs(actual - expected);
    if (gap <= atol + rtol * fabs(expected)) {
        return;
    }
    print_error("%s = %.17g, expected %.17g (off by %.3g, relative %.3g)\n", what,
        actual, expected, gap, gap / fabs(expected));
    _fail(file, line);
}

void
up_assert_status(up_status actual, up_status wanted, const up_error *err,
    const char *what, const char *file, int line)
{
    if (actual != wanted) {
        print_error("%s gave %s, expected %s; field '%s': %s\n", what,
            up_status_name(actual), up_status_name(wanted), err ? err->field : "",
            err ? err->message : "");
        _fail(file, line);
    }
    if (err != NULL && err->status != actual) {
        print_error("%s gave %s but the error holds %s\n", what, up_status_name(actual),
            up_status_name(err->status));
        _fail(file, line);
    }
    if (err != NULL && actual != UP_OK && err->message[0] == '\0') {
        print_error("%s failed without a message\n", what);
        _fail(file, line);
    }
}

void
up_sweep_memory(up_status (*body)(void *ctx, up_error *err), void *ctx)
{
    for (int64_t k = 1; k < 1000000; k++) {
        up_error err = UP_ERROR_INIT;
        int64_t before = upi_mem_live();
        upi_mem_fail_after(k);
        up_status status = body(ctx, &err);
        upi_mem_fail_after(0);
        assert_int_equal(upi_mem_live(), before);
        if (status == UP_OK) {
            return;
        }
        assert_int_equal(status, UP_E_NO_MEMORY);
    }
    fail_msg("a million failed allocations did not end the sweep");
}

static const char *
join(const char *variable, const char *relative)
{
    static char path[4096];
    const char *root = getenv(variable);
    (void)snprintf(path, sizeof path, "%s/%s", root != NULL ? root : ".", relative);
    return path;
}

const char *
up_test_data(const char *relative)
{
    return join("UPSHOT_TEST_DATA", relative);
}

const char *
up_shared_data(const char *relative)
{
    const char *path = join("UPSHOT_SHARED", relative);
    if (access(path, R_OK) != 0) {
        (void)printf("skipped: %s is not here\n", relative);
        exit(77);
    }
    return path;
}
