/* The tall-skinny QR: the same triangle in blocks as in one piece, on well and on badly
 * conditioned data, against LAPACK's dgeqrf; scales at the ends of the range; rank in order. */
#include "num/matrix.h"
#include "num/rng.h"
#include "up_test.h"

#include <lapacke.h>
#include <math.h>
#include <stdbool.h>
#include <string.h>

#define ROWS INT64_C(3000)
#define COLS INT64_C(9)

/* An intercept and columns of very different size and centre; with `hard` also powers of x
 * and a column that repeats another but for its tenth digit. */
static void
fill(double *a, bool hard)
{
    for (int64_t i = 0; i < ROWS; i++) {
        upi_rng r = upi_rng_make(1, 2, 3, (uint64_t)i);
        double x = upi_rng_uniform(&r);
        a[i] = 1;
        a[i + ROWS] = hard ? x + 10 : x;
        a[i + 2 * ROWS] = hard ? (x + 10) * (x + 10) : upi_rng_normal(&r);
        a[i + 3 * ROWS] = hard ? pow(x + 10, 3) : upi_rng_exponential(&r);
        a[i + 4 * ROWS] = hard ? x + 10 + 1e-9 * upi_rng_normal(&r) : 1e8 * x * x;
        a[i + 5 * ROWS] = 1e12 * upi_rng_normal(&r);
        a[i + 6 * ROWS] = 1e-12 * upi_rng_normal(&r);
        a[i + 7 * ROWS] = i == 7 ? 1 : 0;
        a[i + 8 * ROWS] = upi_rng_normal(&r) + 30;
    }
}

static void
non_negative_diagonal(int64_t n, double *r)
{
    for (int64_t i = 0; i < n; i++) {
        for (int64_t j = i; j < n && r[i + i * n] < 0; j++) {
            double swapped = -r[i + j * n];
            if (j > i) {
                r[i + j * n] = swapped;
            }
        }
        r[i + i * n] = fabs(r[i + i * n]);
    }
}

static void
by_lapack(const double *a, double *r)
{
    static double copy[ROWS * COLS];
    double tau[COLS];
    memcpy(copy, a, sizeof copy);
    assert_int_equal(LAPACKE_dgeqrf(LAPACK_COL_MAJOR, ROWS, COLS, copy, ROWS, tau), 0);
    for (int64_t j = 0; j < COLS; j++) {
        for (int64_t i = 0; i < COLS; i++) {
            r[i + j * COLS] = i <= j ? copy[i + j * ROWS] : 0;
        }
    }
    non_negative_diagonal(COLS, r);
}

static double
length(int64_t n, const double *x)
{
    return sqrt(upi_dot(n, x, x));
}

static void
check_same(const double *got, const double *want)
{
    for (int64_t j = 0; j < COLS; j++) {
        double size = length(COLS, want + j * COLS);
        for (int64_t i = 0; i < COLS; i++) {
            assert_close(got[i + j * COLS], want[i + j * COLS], 0, 1e-13 * size);
        }
    }
}

/* The triangle of blocks of `size` rows. */
static void
by_blocks(const double *a, int64_t size, double *r)
{
    static double copy[ROWS * COLS];
    double work[COLS];
    memcpy(copy, a, sizeof copy);
    memset(r, 0, (size_t)(COLS * COLS) * sizeof *r);
    for (int64_t from = 0; from < ROWS; from += size) {
        int64_t m = from + size <= ROWS ? size : ROWS - from;
        upi_qr_update(COLS, r, COLS, m, copy + from, ROWS, work);
    }
    non_negative_diagonal(COLS, r);
}

static const int64_t block_sizes[] = {1, 5, 256, 1024, ROWS};
enum { N_SIZES = sizeof block_sizes / sizeof block_sizes[0] };

static void
blocks_equal_one_piece(void **state)
{
    (void)state;
    static double a[ROWS * COLS];
    double want[COLS * COLS];
    double r[COLS * COLS];
    up_error err = UP_ERROR_INIT;
    fill(a, false);
    by_lapack(a, want);
    for (int s = 0; s < N_SIZES; s++) {
        by_blocks(a, block_sizes[s], r);
        check_same(r, want);
    }
    assert_ok(upi_qr_r(ROWS, COLS, a, ROWS, r, COLS, &err), &err);
    check_same(r, want);
}

/* Where columns nearly repeat one another the triangle itself is not determined to rounding,
 * but lengths and angles of the columns are, and so is what is left of the near copy. */
static void
bad_condition_keeps_lengths_and_angles(void **state)
{
    (void)state;
    static double a[ROWS * COLS];
    double want[COLS * COLS];
    double r[COLS * COLS];
    fill(a, true);
    by_lapack(a, want);
    for (int s = 0; s < N_SIZES; s++) {
        by_blocks(a, block_sizes[s], r);
        for (int64_t j = 0; j < COLS; j++) {
            for (int64_t i = 0; i <= j; i++) {
                const double *x = a + i * ROWS;
                const double *y = a + j * ROWS;
                double size = length(ROWS, x) * length(ROWS, y);
                assert_close(upi_dot(COLS, r + i * COLS, r + j * COLS),
                    upi_dot(ROWS, x, y), 0, 1e-13 * size);
            }
        }
        assert_close(r[4 + 4 * COLS], want[4 + 4 * COLS], 1e-4, 0);
        assert_close(r[4 + 4 * COLS], 1e-9 * sqrt(ROWS), 0.1, 0);
    }
}

/* NIST StRD, Wampler1: y = 1 + x + ... + x^5 for x = 0..20, all coefficients 1, no residual.
 * The condition number is near 1e7: by QR nine digits remain, by normal equations two. */
static void
wampler_rows(int64_t from, int64_t m, double *a)
{
    for (int64_t i = 0; i < m; i++) {
        double power = 1;
        a[i + 6 * m] = 0;
        for (int64_t j = 0; j < 6; j++) {
            a[i + j * m] = power;
            a[i + 6 * m] += power;
            power *= (double)(from + i);
        }
    }
}

static void
wampler_in_blocks(void **state)
{
    (void)state;
    const int64_t n = 7;
    const int64_t sizes[] = {1, 4, 21};
    for (int s = 0; s < 3; s++) {
        double r[49] = {0};
        for (int64_t from = 0; from < 21; from += sizes[s]) {
            double a[21 * 7];
            int64_t m = from + sizes[s] <= 21 ? sizes[s] : 21 - from;
            wampler_rows(from, m, a);
            upi_qr_update(n, r, n, m, a, m, NULL);
        }
        assert_close(r[6 + 6 * n], 0, 0, 1e-8);
        assert_ok(upi_tri_solve('N', 6, 1, r, n, r + 6 * n, n, NULL), NULL);
        for (int64_t j = 0; j < 6; j++) {
            assert_close(r[j + 6 * n], 1, 1e-8, 0);
        }
    }
}

/* Two triangles merge into the triangle of all rows. */
static void
triangles_merge(void **state)
{
    (void)state;
    static double a[ROWS * COLS];
    double want[COLS * COLS];
    double upper[COLS * COLS];
    double lower[COLS * COLS];
    double work[COLS];
    up_error err = UP_ERROR_INIT;
    fill(a, false);
    by_lapack(a, want);
    assert_ok(upi_qr_r(1000, COLS, a, ROWS, upper, COLS, &err), &err);
    assert_ok(upi_qr_r(2000, COLS, a + 1000, ROWS, lower, COLS, &err), &err);
    upi_qr_update(COLS, upper, COLS, COLS, lower, COLS, work);
    non_negative_diagonal(COLS, upper);
    check_same(upper, want);
}

static void
small_shapes(void **state)
{
    (void)state;
    up_error err = UP_ERROR_INIT;
    double r[9] = {7, 7, 7, 7, 7, 7, 7, 7, 7};
    /* one row: it is the first row of r, with a non-negative diagonal */
    double row[] = {-3, 4, 5};
    assert_ok(upi_qr_r(1, 3, row, 1, r, 3, &err), &err);
    const double want[] = {3, 0, 0, -4, 0, 0, -5, 0, 0};
    for (int i = 0; i < 9; i++) {
        assert_close(r[i], want[i], 0, 0);
    }
    double column[] = {3, 4};
    assert_ok(upi_qr_r(2, 1, column, 2, r, 3, &err), &err);
    assert_close(r[0], 5, 1e-15, 0);
    /* no rows at all */
    assert_ok(upi_qr_r(0, 2, column, 1, r, 2, &err), &err);
    for (int i = 0; i < 4; i++) {
        assert_close(r[i], 0, 0, 0);
    }
    upi_qr_update(1, r, 1, 0, column, 1, NULL);
    assert_close(r[0], 0, 0, 0);
}

static void
ends_of_the_range(void **state)
{
    (void)state;
    up_error err = UP_ERROR_INIT;
    const double scales[] = {1e-300, 1e-160, 1, 1e160, 1e300};
    for (int s = 0; s < 5; s++) {
        double r = 0;
        double a[] = {3 * scales[s], 4 * scales[s]};
        double b[] = {12 * scales[s]};
        assert_ok(upi_qr_r(2, 1, a, 2, &r, 1, &err), &err);
        assert_close(r, 5 * scales[s], 1e-15, 0);
        upi_qr_update(1, &r, 1, 1, b, 1, NULL);
        assert_close(fabs(r), 13 * scales[s], 1e-15, 0);
    }
}

static void
not_finite_is_not_hidden(void **state)
{
    (void)state;
    const double bad[] = {NAN, INFINITY};
    for (int i = 0; i < 2; i++) {
        up_error err = UP_ERROR_INIT;
        double r[4] = {0, 0, 0, 0};
        double a[] = {1, 2, 3, 1, bad[i], 1};
        upi_qr_update(2, r, 2, 3, a, 3, NULL);
        assert_true(isnan(r[3]) || isnan(r[2]));
        double b[] = {1, 2, 3, 1, bad[i], 1};
        assert_fails(upi_qr_r(3, 2, b, 3, r, 2, &err), UP_E_NOT_FINITE, &err);
        err = (up_error)UP_ERROR_INIT;
        double c[] = {1, 0, bad[i], 1};
        int64_t keep[2];
        int64_t rank = -1;
        assert_fails(upi_rank_in_order(2, c, 2, 1e-10, keep, NULL, &rank, &err),
            UP_E_NOT_FINITE, &err);
        assert_int_equal(rank, -1);
    }
}

#define M INT64_C(40)
#define N INT64_C(7)

/* Columns: intercept, two dummies that add up to it, x, 1e9 x - 3, zero, z. The first columns
 * win whatever their size. */
static void
rank_in_order(void **state)
{
    (void)state;
    double a[M * N];
    double r[N * N];
    double coef[N * N];
    int64_t keep[N];
    int64_t rank = 0;
    up_error err = UP_ERROR_INIT;
    for (int64_t i = 0; i < M; i++) {
        upi_rng g = upi_rng_make(5, 0, 0, (uint64_t)i);
        double x = upi_rng_normal(&g);
        a[i] = 1;
        a[i + M] = i % 3 == 0 ? 1 : 0;
        a[i + 2 * M] = i % 3 == 0 ? 0 : 1;
        a[i + 3 * M] = 1e-6 * x;
        a[i + 4 * M] = 1e9 * x - 3;
        a[i + 5 * M] = 0;
        a[i + 6 * M] = upi_rng_normal(&g);
    }
    assert_ok(upi_qr_r(M, N, a, M, r, N, &err), &err);
    assert_ok(upi_rank_in_order(N, r, N, 1e-10, keep, coef, &rank, &err), &err);
    const int64_t want[N] = {1, 1, 0, 1, 0, 0, 1};
    for (int j = 0; j < N; j++) {
        assert_int_equal(keep[j], want[j]);
    }
    assert_int_equal(rank, 4);
    assert_close(coef[0 + 2 * N], 1, 1e-12, 0);
    assert_close(coef[1 + 2 * N], -1, 1e-12, 0);
    assert_close(coef[3 + 2 * N], 0, 0, 0);
    assert_close(coef[0 + 4 * N], -3, 1e-6, 0);
    assert_close(coef[3 + 4 * N], 1e15, 1e-12, 0);
    for (int i = 0; i < N; i++) {
        assert_close(coef[i + 5 * N], 0, 0, 0);
        assert_close(coef[i + 6 * N], 0, 0, 0);
    }
    assert_ok(upi_rank_in_order(N, r, N, 1e-10, keep, NULL, &rank, &err), &err);
    assert_int_equal(rank, 4);
    assert_ok(upi_rank_in_order(0, r, N, 1e-10, keep, NULL, &rank, &err), &err);
    assert_int_equal(rank, 0);
}

/* The tolerance is relative to the length of the column itself. */
static void
rank_tolerance(void **state)
{
    (void)state;
    up_error err = UP_ERROR_INIT;
    const double r[] = {1e-200, 0, 1e200, 1e200 * 1e-6};
    int64_t keep[2];
    int64_t rank = 0;
    assert_ok(upi_rank_in_order(2, r, 2, 1e-5, keep, NULL, &rank, &err), &err);
    assert_int_equal(rank, 1);
    assert_ok(upi_rank_in_order(2, r, 2, 1e-7, keep, NULL, &rank, &err), &err);
    assert_int_equal(rank, 2);
}

static up_status
allocate(void *ctx, up_error *err)
{
    (void)ctx;
    const double r[] = {1, 0, 2, 0};
    double coef[4];
    int64_t keep[2];
    int64_t rank = 0;
    up_status status = upi_rank_in_order(2, r, 2, 1e-10, keep, coef, &rank, err);
    if (status == UP_OK) {
        assert_int_equal(rank, 1);
        assert_close(coef[2], 2, 1e-15, 0);
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
        cmocka_unit_test(blocks_equal_one_piece),
        cmocka_unit_test(bad_condition_keeps_lengths_and_angles),
        cmocka_unit_test(wampler_in_blocks),
        cmocka_unit_test(triangles_merge),
        cmocka_unit_test(small_shapes),
        cmocka_unit_test(ends_of_the_range),
        cmocka_unit_test(not_finite_is_not_hidden),
        cmocka_unit_test(rank_in_order),
        cmocka_unit_test(rank_tolerance),
        cmocka_unit_test(out_of_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
