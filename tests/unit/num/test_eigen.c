/* Eigenvalues of symmetric matrices whose answers are known in closed form. */
#include "num/matrix.h"
#include "up_test.h"

#include <math.h>

static void
by_hand(void **state)
{
    (void)state;
    up_error err = UP_ERROR_INIT;
    double a[] = {2, 1, 0, 1, 2, 0, 0, 0, 5};
    double values[3];
    assert_ok(upi_eigen_sym(3, a, 3, values, &err), &err);
    assert_close(values[0], 1, 1e-14, 0);
    assert_close(values[1], 3, 1e-14, 0);
    assert_close(values[2], 5, 1e-14, 0);
    assert_close(fabs(a[0]), sqrt(0.5), 1e-14, 0);
    assert_close(a[0], -a[1], 1e-14, 0);
    assert_ok(upi_eigen_sym(0, a, 1, values, &err), &err);
}

/* The second difference on n points has the values 2 - 2 cos(pi k / (n + 1)). */
static void
second_difference(void **state)
{
    (void)state;
    enum { N = 100 };
    static double a[N * N];
    double values[N];
    for (int i = 0; i < N * N; i++) {
        int row = i % N;
        int column = i / N;
        a[i] = row == column ? 2 : (row - column == 1 || column - row == 1 ? -1 : 0);
    }
    assert_ok(upi_eigen_sym(N, a, N, values, NULL), NULL);
    for (int k = 0; k < N; k++) {
        double want = 2 - 2 * cos(acos(-1.0) * (k + 1) / (N + 1));
        assert_close(values[k], want, 1e-12, 1e-14);
    }
}

static void
not_finite(void **state)
{
    (void)state;
    const double bad[] = {(double)NAN, (double)INFINITY};
    for (int i = 0; i < 2; i++) {
        double a[] = {1, 2, bad[i], 3};
        double values[2] = {7, 7};
        up_error err = UP_ERROR_INIT;
        assert_fails(upi_eigen_sym(2, a, 2, values, &err), UP_E_NOT_FINITE, &err);
        assert_close(values[0], 7, 0, 0);
    }
}

static up_status
allocate(void *ctx, up_error *err)
{
    (void)ctx;
    double a[] = {2, 1, 1, 2};
    double values[2];
    return upi_eigen_sym(2, a, 2, values, err);
}

static void
out_of_memory(void **state)
{
    (void)state;
    up_sweep_memory(allocate, NULL);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(by_hand),
        cmocka_unit_test(second_difference),
        cmocka_unit_test(not_finite),
        cmocka_unit_test(out_of_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
