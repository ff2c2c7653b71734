/* Eigenvalues of symmetric matrices whose answers are known in closed form. */
#include "num/matrix.h"
#include "up_test.h"

#include <math.h>
#include <string.h>

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

/* a = sum of value v v' with the orthonormal sines v_k(i) = sqrt(2/(n+1)) sin(pi k i/(n+1)). */
enum { N_SINES = 24 };

static double
sine(int k, int i)
{
    double pi = acos(-1.0);
    return sqrt(2.0 / (N_SINES + 1)) * sin(pi * (k + 1) * (i + 1) / (N_SINES + 1));
}

static void
fill_sines(int rank, const double *value, double *a)
{
    for (int i = 0; i < N_SINES * N_SINES; i++) {
        a[i] = 0;
        for (int k = 0; k < rank; k++) {
            a[i] += value[k] * sine(k, i % N_SINES) * sine(k, i / N_SINES);
        }
    }
}

static void
low_rank(void **state)
{
    (void)state;
    const double value[] = {1e-6, 0.25, 4, 0.5};
    const int order[] = {0, 1, 3, 2};
    double a[N_SINES * N_SINES];
    double values[N_SINES];
    int64_t rank = -1;
    fill_sines(4, value, a);
    assert_ok(upi_eigen_semi(N_SINES, a, values, &rank, NULL), NULL);
    assert_int_equal(rank, 4);
    for (int k = 0; k < N_SINES; k++) {
        double sign = k < 4 ? copysign(1, a[k * N_SINES] * sine(order[k], 0)) : 0;
        assert_close(values[k], k < 4 ? value[order[k]] : 0, 1e-9, 0);
        for (int i = 0; i < N_SINES; i++) {
            double want = k < 4 ? sign * sine(order[k], i) : 0;
            assert_close(a[i + k * N_SINES], want, 0, k == 0 ? 1e-10 : 1e-13);
        }
    }
}

static void
full_rank_and_none(void **state)
{
    (void)state;
    double value[N_SINES];
    double a[N_SINES * N_SINES];
    double b[N_SINES * N_SINES];
    double values[N_SINES];
    double same[N_SINES];
    int64_t rank = -1;
    for (int k = 0; k < N_SINES; k++) {
        value[k] = 1 + k;
    }
    fill_sines(N_SINES, value, a);
    memcpy(b, a, sizeof a);
    assert_ok(upi_eigen_semi(N_SINES, a, values, &rank, NULL), NULL);
    assert_ok(upi_eigen_sym(N_SINES, b, N_SINES, same, NULL), NULL);
    assert_int_equal(rank, N_SINES);
    assert_memory_equal(values, same, sizeof same);
    assert_memory_equal(a, b, sizeof b);

    fill_sines(0, value, a);
    assert_ok(upi_eigen_semi(N_SINES, a, values, &rank, NULL), NULL);
    assert_int_equal(rank, 0);
    assert_close(values[0], 0, 0, 0);
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
        int64_t rank = 7;
        assert_fails(upi_eigen_semi(2, a, values, &rank, &err), UP_E_NOT_FINITE, &err);
        assert_close(values[0], 7, 0, 0);
        assert_int_equal(rank, 7);
    }
}

static up_status
allocate(void *ctx, up_error *err)
{
    (void)ctx;
    double a[] = {2, 1, 1, 2};
    double values[2];
    int64_t rank;
    up_status status = upi_eigen_sym(2, a, 2, values, err);
    if (status == UP_OK) {
        double one[] = {1, 1, 1, 1};
        status = upi_eigen_semi(2, one, values, &rank, err);
    }
    return status;
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
        cmocka_unit_test(low_rank),
        cmocka_unit_test(full_rank_and_none),
        cmocka_unit_test(not_finite),
        cmocka_unit_test(out_of_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
