/* Products of matrices against plain sums in long double, over shapes that cross every block
 * boundary; alpha, beta, leading dimensions, values that are not numbers. */
#include "base/pool.h"
#include "num/matrix.h"
#include "num/rng.h"
#include "up_test.h"

#include <math.h>
#include <string.h>

enum { LARGEST = 64 * 1024 };

static void
fill(double *x, int64_t n, uint64_t seed)
{
    upi_rng r = upi_rng_make(seed, 0, 0, 0);
    for (int64_t i = 0; i < n; i++) {
        x[i] = upi_rng_uniform(&r) - 0.5;
    }
}

typedef struct shape {
    int64_t m, n, k;
} shape;

static void
check(char ta, char tb, shape s, double alpha, double beta)
{
    static double a[LARGEST];
    static double b[LARGEST];
    static double c[LARGEST];
    static double before[LARGEST];
    int64_t lda = (ta == 'T' ? s.k : s.m) + 1;
    int64_t ldb = (tb == 'T' ? s.n : s.k) + 2;
    int64_t ldc = s.m + 3;
    assert_true(lda * (ta == 'T' ? s.m : s.k) <= LARGEST && ldc * s.n <= LARGEST);
    assert_true(ldb * (tb == 'T' ? s.k : s.n) <= LARGEST);
    fill(a, lda * (ta == 'T' ? s.m : s.k), 1);
    fill(b, ldb * (tb == 'T' ? s.k : s.n), 2);
    fill(c, ldc * s.n, 3);
    memcpy(before, c, (size_t)(ldc * s.n) * sizeof *c);
    upi_gemm(ta, tb, s.m, s.n, s.k, alpha, a, lda, b, ldb, beta, c, ldc);
    for (int64_t j = 0; j < s.n; j++) {
        for (int64_t i = 0; i < s.m; i++) {
            long double sum = 0;
            for (int64_t p = 0; p < s.k; p++) {
                double x = ta == 'T' ? a[p + i * lda] : a[i + p * lda];
                double y = tb == 'T' ? b[j + p * ldb] : b[p + j * ldb];
                sum += (long double)x * y;
            }
            double want = (double)(alpha * sum + beta * before[i + j * ldc]);
            assert_close(c[i + j * ldc], want, 0, 1e-15 * (double)(s.k + 4));
        }
        /* the rows below m belong to someone else */
        for (int64_t i = s.m; i < ldc; i++) {
            assert_true(c[i + j * ldc] == before[i + j * ldc]);
        }
    }
}

static void
all_shapes(void **state)
{
    (void)state;
    const shape shapes[] = {{1, 1, 1}, {3, 2, 1}, {5, 7, 4}, {8, 4, 3}, {9, 5, 129},
        {7, 3, 128}, {17, 13, 300}, {65, 6, 20}, {64, 4, 127}, {130, 9, 40},
        {1, 40, 200}, {40, 1, 200}, {0, 3, 2}, {3, 0, 2}};
    const char ops[][2] = {{'N', 'N'}, {'N', 'T'}, {'T', 'N'}, {'T', 'T'}};
    for (size_t s = 0; s < sizeof shapes / sizeof shapes[0]; s++) {
        for (int o = 0; o < 4; o++) {
            check(ops[o][0], ops[o][1], shapes[s], 1, 0);
            check(ops[o][0], ops[o][1], shapes[s], -2.5, 1);
            check(ops[o][0], ops[o][1], shapes[s], 1, 0.5);
        }
    }
}

static void
empty_sum(void **state)
{
    (void)state;
    double c[] = {1, 2, 3, 4};
    upi_gemm('N', 'N', 2, 2, 0, 1, c, 2, c, 2, 1, c, 2);
    assert_close(c[3], 4, 0, 0);
    upi_gemm('N', 'N', 2, 2, 0, 1, NULL, 2, NULL, 2, 0.5, c, 2);
    assert_close(c[3], 2, 0, 0);
    c[0] = (double)NAN;
    upi_gemm('N', 'N', 2, 2, 0, 1, NULL, 2, NULL, 2, 0, c, 2);
    for (int i = 0; i < 4; i++) {
        assert_close(c[i], 0, 0, 0);
    }
}

/* What is not a number stays in its own row and column, even beside the padding of a block. */
static void
not_a_number_stays_in_place(void **state)
{
    (void)state;
    enum { M = 9, N = 5, K = 30 };
    double a[M * K];
    double b[K * N];
    double c[M * N];
    fill(a, (int64_t)(sizeof a / sizeof *a), 4);
    fill(b, (int64_t)(sizeof b / sizeof *b), 5);
    for (int i = 0; i < M * N; i++) {
        c[i] = (double)NAN;
    }
    a[8 + 3 * M] = (double)INFINITY;
    b[7 + 2 * K] = (double)NAN;
    upi_gemm('N', 'N', M, N, K, 1, a, M, b, K, 0, c, M);
    for (int j = 0; j < N; j++) {
        for (int i = 0; i < M; i++) {
            assert_int_equal(isfinite(c[i + j * M]) != 0, i != 8 && j != 2);
        }
    }
}

#define SIDE INT64_C(20)

typedef struct crowd {
    double a[SIDE * SIDE], alone[SIDE * SIDE];
} crowd;

static up_status
same_in_a_crowd(void *ctx, int64_t chunk, int worker, up_error *err)
{
    (void)chunk;
    (void)worker;
    const crowd *c = ctx;
    double here[SIDE * SIDE];
    upi_gemm('T', 'N', SIDE, SIDE, SIDE, 1, c->a, SIDE, c->a, SIDE, 0, here, SIDE);
    for (int64_t i = 0; i < SIDE * SIDE; i++) {
        if (here[i] != c->alone[i]) {
            return upi_fail(err, UP_E_INTERNAL, NULL, "another product in a crowd");
        }
    }
    return UP_OK;
}

/* With the dgemm of a serial OpenBLAS about one product of this size in twenty was wrong. */
static void
threads_do_not_disturb_one_another(void **state)
{
    (void)state;
    static crowd c;
    up_error err = UP_ERROR_INIT;
    fill(c.a, SIDE * SIDE, 6);
    upi_gemm('T', 'N', SIDE, SIDE, SIDE, 1, c.a, SIDE, c.a, SIDE, 0, c.alone, SIDE);
    assert_ok(upi_pool_run(8, 12000, same_in_a_crowd, &c, NULL, &err), &err);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(all_shapes),
        cmocka_unit_test(empty_sum),
        cmocka_unit_test(not_a_number_stays_in_place),
        cmocka_unit_test(threads_do_not_disturb_one_another),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
