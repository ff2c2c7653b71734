/* Dense linear algebra on small matrices whose answers are known by hand, or which multiply
 * back; every error path. */
#include "base/pool.h"
#include "num/matrix.h"
#include "num/rng.h"
#include "up_test.h"

#include <math.h>
#include <string.h>

static void
multiply_both_ways(void **state)
{
    (void)state;
    /* a = [1 3; 2 4], b = [5 7; 6 8], column by column, in arrays with one spare row */
    const double a[] = {1, 2, -9, 3, 4, -9};
    const double b[] = {5, 6, -9, 7, 8, -9};
    double c[] = {1, 1, 1, 1};
    upi_gemm('N', 'N', 2, 2, 2, 1, a, 3, b, 3, 0, c, 2);
    const double ab[] = {23, 34, 31, 46};
    assert_memory_equal(c, ab, sizeof ab);
    upi_gemm('T', 'N', 2, 2, 2, 2, a, 3, b, 3, 1, c, 2);
    const double more[] = {23 + 34, 34 + 78, 31 + 46, 46 + 106};
    assert_memory_equal(c, more, sizeof more);
    upi_gemm('N', 'T', 2, 2, 2, 1, a, 3, b, 3, 0, c, 2);
    const double abt[] = {26, 38, 30, 44};
    assert_memory_equal(c, abt, sizeof abt);
}

static void
matrix_times_vector(void **state)
{
    (void)state;
    const double a[] = {1, 2, 3, 4, 5, 6};
    const double x[] = {1, 10, 100};
    double y[3] = {NAN, NAN, NAN};
    upi_gemv('N', 3, 2, a, 3, x, y);
    assert_close(y[0], 41, 0, 0);
    assert_close(y[2], 63, 0, 0);
    upi_gemv('T', 3, 2, a, 3, x, y);
    assert_close(y[0], 321, 0, 0);
    assert_close(y[1], 654, 0, 0);
    y[0] = NAN;
    upi_gemv('T', 0, 1, a, 1, x, y);
    assert_close(y[0], 0, 0, 0);
    assert_close(upi_dot(3, a, x), 321, 0, 0);
}

static void
triangular(void **state)
{
    (void)state;
    up_error err = UP_ERROR_INIT;
    double r[] = {2, -7, 1, 4};
    double b[] = {4, 8, 2, 4};
    assert_ok(upi_tri_solve('N', 2, 2, r, 2, b, 2, &err), &err);
    const double x[] = {1, 2, 0.5, 1};
    assert_memory_equal(b, x, sizeof x);
    assert_ok(upi_tri_solve('T', 2, 1, r, 2, b, 2, &err), &err);
    assert_close(b[0], 0.5, 0, 0);
    assert_close(b[1], 0.375, 0, 0);
    assert_ok(upi_tri_inverse(2, r, 2, &err), &err);
    assert_close(r[0], 0.5, 0, 0);
    assert_close(r[2], -0.125, 0, 0);
    assert_close(r[3], 0.25, 0, 0);
    assert_close(r[1], -7, 0, 0);
    double singular[] = {2, 0, 1, 0};
    assert_fails(upi_tri_inverse(2, singular, 2, &err), UP_E_SINGULAR, &err);
    err = (up_error)UP_ERROR_INIT;
    assert_fails(
        upi_tri_solve('N', 2, 1, singular, 2, b, 2, &err), UP_E_SINGULAR, &err);
    assert_int_equal(upi_tri_inverse(2, singular, 2, NULL), UP_E_SINGULAR);
}

static void
cholesky(void **state)
{
    (void)state;
    up_error err = UP_ERROR_INIT;
    double a[] = {4, 2, 2, 10};
    assert_ok(upi_cholesky(2, a, 2, &err), &err);
    const double l[] = {2, 1, 0, 3};
    assert_memory_equal(a, l, sizeof l);
    double indefinite[] = {1, 2, 2, 1};
    assert_fails(upi_cholesky(2, indefinite, 2, &err), UP_E_SINGULAR, &err);
}

static void
cholesky_of_a_semidefinite(void **state)
{
    (void)state;
    /* b'b for b with columns b1, 2 b1, b3, 0: rank 2 */
    const double b[] = {1, 2, 3, 2, 4, 6, 1, 0, -1, 0, 0, 0};
    double a[16];
    double r[16];
    upi_gemm('T', 'N', 4, 4, 3, 1, b, 3, b, 3, 0, a, 4);
    upi_cholesky_semi(4, a, 4, 1e-12, r, 4);
    assert_close(r[1 + 1 * 4], 0, 0, 0);
    assert_close(r[1 + 2 * 4], 0, 0, 0);
    assert_close(r[3 + 3 * 4], 0, 0, 0);
    assert_true(r[0] > 0 && r[2 + 2 * 4] > 0);
    double back[16];
    upi_gemm('T', 'N', 4, 4, 4, 1, r, 4, r, 4, 0, back, 4);
    for (int i = 0; i < 16; i++) {
        assert_close(back[i], a[i], 1e-14, 1e-14);
    }
}

static void
general_solve(void **state)
{
    (void)state;
    up_error err = UP_ERROR_INIT;
    double a[] = {0, 2, 1, 1};
    double b[] = {3, 7};
    assert_ok(upi_solve(2, 1, a, 2, b, 2, &err), &err);
    assert_close(b[0], 2, 1e-15, 0);
    assert_close(b[1], 3, 1e-15, 0);
    double singular[] = {1, 2, 2, 4};
    assert_fails(upi_solve(2, 1, singular, 2, b, 2, &err), UP_E_SINGULAR, &err);
}

static void
symmetrize(void **state)
{
    (void)state;
    double a[] = {1, 9, 9, 2, 4, 9, 3, 5, 6};
    upi_symmetrize(3, a, 3);
    const double want[] = {1, 2, 3, 2, 4, 5, 3, 5, 6};
    assert_memory_equal(a, want, sizeof want);
}

/* Random systems, well conditioned, multiply back; larger than any block. */
#define N INT64_C(37)

typedef struct system {
    double a[N * N], spd[N * N], r[N * N], b[N * 3];
} system;

static void
make_system(system *s)
{
    upi_rng g = upi_rng_make(8, 0, 0, 0);
    memset(s, 0, sizeof *s);
    for (int64_t i = 0; i < N * N; i++) {
        s->a[i] = upi_rng_uniform(&g) - 0.5;
    }
    for (int64_t i = 0; i < N * 3; i++) {
        s->b[i] = upi_rng_uniform(&g);
    }
    upi_gemm('T', 'N', N, N, N, 1, s->a, N, s->a, N, 0, s->spd, N);
    for (int64_t i = 0; i < N; i++) {
        s->spd[i + i * N] += 1;
        for (int64_t j = i; j < N; j++) {
            s->r[i + j * N] = i == j ? 2 + s->a[i] : s->a[i + j * N] / 4;
        }
    }
}

static void
random_systems_multiply_back(void **state)
{
    (void)state;
    static system s;
    static double work[N * N];
    static double back[N * N];
    double x[N * 3];
    make_system(&s);
    memcpy(work, s.a, sizeof work);
    memcpy(x, s.b, sizeof x);
    assert_ok(upi_solve(N, 3, work, N, x, N, NULL), NULL);
    upi_gemm('N', 'N', N, 3, N, 1, s.a, N, x, N, 0, back, N);
    for (int i = 0; i < N * 3; i++) {
        assert_close(back[i], s.b[i], 0, 1e-12);
    }
    const char trans[] = {'N', 'T'};
    for (int t = 0; t < 2; t++) {
        memcpy(x, s.b, sizeof x);
        assert_ok(upi_tri_solve(trans[t], N, 3, s.r, N, x, N, NULL), NULL);
        upi_gemm(trans[t], 'N', N, 3, N, 1, s.r, N, x, N, 0, back, N);
        for (int i = 0; i < N * 3; i++) {
            assert_close(back[i], s.b[i], 0, 1e-13);
        }
    }
    memcpy(work, s.r, sizeof work);
    assert_ok(upi_tri_inverse(N, work, N, NULL), NULL);
    upi_gemm('N', 'N', N, N, N, 1, s.r, N, work, N, 0, back, N);
    for (int i = 0; i < N * N; i++) {
        assert_close(back[i], i % (N + 1) == 0 ? 1 : 0, 0, 1e-13);
    }
    memcpy(work, s.spd, sizeof work);
    assert_ok(upi_cholesky(N, work, N, NULL), NULL);
    upi_gemm('N', 'T', N, N, N, 1, work, N, work, N, 0, back, N);
    for (int i = 0; i < N * N; i++) {
        assert_close(back[i], s.spd[i], 0, 1e-13);
    }
}

/* product, solution, vector, Cholesky, eigenvectors, eigenvalues, triangle: one after another,
 * so that two sets are compared byte by byte */
#define N_ANSWERS (4 * N * N + 5 * N)

static up_status
compute(const system *s, double *out, up_error *err)
{
    up_status status = UP_OK;
    double work[N * N];
    double *product = out;
    double *chol = product + N * N;
    double *vectors = chol + N * N;
    double *triangle = vectors + N * N;
    double *solved = triangle + N * N;
    double *vector = solved + 3 * N;
    double *values = vector + N;
    upi_gemm('T', 'N', N, N, N, 1, s->a, N, s->a, N, 0, product, N);
    upi_gemv('N', N, N, s->a, N, s->b, vector);
    memcpy(work, s->a, sizeof work);
    memcpy(solved, s->b, sizeof s->b);
    UP_TRY(upi_solve(N, 3, work, N, solved, N, err));
    memcpy(chol, s->spd, sizeof s->spd);
    UP_TRY(upi_cholesky(N, chol, N, err));
    memcpy(vectors, s->spd, sizeof s->spd);
    UP_TRY(upi_eigen_sym(N, vectors, N, values, err));
    memcpy(work, s->a, sizeof work);
    UP_TRY(upi_qr_r(N, N, work, N, triangle, N, err));
out:
    return status;
}

typedef struct crowd {
    system s;
    double alone[N_ANSWERS];
} crowd;

static up_status
same_in_a_crowd(void *ctx, int64_t chunk, int worker, up_error *err)
{
    (void)chunk;
    (void)worker;
    const crowd *c = ctx;
    double here[N_ANSWERS];
    up_status status = compute(&c->s, here, err);
    for (int64_t i = 0; i < N_ANSWERS && status == UP_OK; i++) {
        if (here[i] != c->alone[i]) {
            status = upi_fail(err, UP_E_INTERNAL, NULL, "another answer in a crowd");
        }
    }
    return status;
}

/* Serial OpenBLAS shares its buffers between threads (see test_gemm.c): nothing here may. */
static void
threads_do_not_disturb_one_another(void **state)
{
    (void)state;
    static crowd c;
    up_error err = UP_ERROR_INIT;
    make_system(&c.s);
    assert_ok(compute(&c.s, c.alone, &err), &err);
    assert_ok(upi_pool_run(8, 150, same_in_a_crowd, &c, NULL, &err), &err);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(multiply_both_ways),
        cmocka_unit_test(matrix_times_vector),
        cmocka_unit_test(triangular),
        cmocka_unit_test(cholesky),
        cmocka_unit_test(cholesky_of_a_semidefinite),
        cmocka_unit_test(general_solve),
        cmocka_unit_test(symmetrize),
        cmocka_unit_test(random_systems_multiply_back),
        cmocka_unit_test(threads_do_not_disturb_one_another),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
