/* Sums of outer products against three plain loops, which give the same bits. */
#include "num/outer.h"
#include "up_test.h"

#include <string.h>

enum { MOST = 40, ROWS = 70 };

static void
check(int64_t n, int64_t p, int64_t q, int level)
{
    double a[ROWS * MOST], b[ROWS * MOST], got[MOST * MOST], want[MOST * MOST];
    for (int64_t i = 0; i < (int64_t)ROWS * MOST; i++) {
        a[i] = (double)((i * 7919) % 1009) / 1009 - 0.5;
        b[i] = (double)((i * 104729) % 1013) / 1013 - 0.25;
    }
    for (int64_t i = 0; i < (int64_t)MOST * MOST; i++) {
        got[i] = (double)(i % 17) / 3;
    }
    memcpy(want, got, sizeof want);
    for (int64_t j = 0; j < q; j++) {
        for (int64_t i = 0; i < p; i++) {
            double sum = 0;
            for (int64_t r = 0; r < n; r++) {
                sum += a[r * MOST + i] * b[r * (MOST - 1) + j];
            }
            want[i + j * MOST] += sum;
        }
    }
    const upi_outer x = {n, p, q, a, MOST, b, MOST - 1, got, MOST, level};
    upi_outer_add(&x);
    assert_memory_equal(got, want, sizeof want);
}

static void
same_bits_as_loops(void **state)
{
    (void)state;
    for (int level = 0; level <= upi_outer_level(); level++) {
        for (int64_t p = UPI_OUTER_LANES; p <= MOST; p += UPI_OUTER_LANES) {
            for (int64_t q = 0; q <= 17; q++) {
                check(ROWS, p, q, level);
                check(1, p, q, level);
                check(0, p, q, level);
            }
        }
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(same_bits_as_loops)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
