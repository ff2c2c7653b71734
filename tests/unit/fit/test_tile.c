/* The tile arithmetic of the second pass against its equation written as plain loops, and the
 * same bits whatever registers are used. */
#include "fit/tile.h"
#include "num/outer.h"
#include "up_test.h"

#include <math.h>
#include <string.h>

static const int64_t block_rows = 150;

typedef struct fixture {
    upi_tile_plan plan;
    upi_tile tile;
    double *v, *weight, *fit, *h[2], *k;
    int64_t ny, size_k;
} fixture;

static double
number(uint64_t *state)
{
    *state = *state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (double)(*state >> 11) * 0x1p-53 - 0.5;
}

static int64_t
lanes(int64_t n)
{
    return (n + UPI_TILE_LANES - 1) / UPI_TILE_LANES * UPI_TILE_LANES;
}

/* ny outcomes and, with iv, ny + 1 more equations of the other side: the last is a first stage. */
static void
fixture_make(fixture *f, int64_t nx, int64_t ny, bool iv, int64_t vcov)
{
    uint64_t state = (uint64_t)(nx * 100 + ny);
    int64_t width = 1 + nx, packed = width * (width + 1) / 2;
    int64_t ne = iv ? 2 * ny + 1 : ny;
    *f = (fixture){.ny = ny};
    upi_tile_plan *p = &f->plan;
    *p = (upi_tile_plan){.nx = nx, .nv = nx + ny, .width = width, .n_equations = ne};
    p->n_pairs = ne * (ne + 1) / 2;
    p->ld_z = lanes(1 + p->nv) + UPI_TILE_LANES;
    p->ld_uu = lanes(packed + 3);
    p->ld_e = lanes(ne);
    p->ld_ee = lanes(p->n_pairs + 3);
    p->vcov = vcov;
    p->leverage = vcov == UP_VCOV_HC2 || vcov == UP_VCOV_HC3;
    p->n_side = iv ? 2 : 1;
    assert_int_equal(UP_NEW(&p->side, ne, NULL), UP_OK);
    assert_int_equal(UP_NEW(&p->copy, ne, NULL), UP_OK);
    assert_int_equal(UP_NEW(&p->center, p->ld_z, NULL), UP_OK);
    assert_int_equal(UP_NEW(&p->fit, width * p->ld_e, NULL), UP_OK);
    assert_int_equal(UP_NEW(&f->v, block_rows * p->nv, NULL), UP_OK);
    assert_int_equal(UP_NEW(&f->weight, block_rows, NULL), UP_OK);
    f->size_k = p->n_pairs * p->ld_uu;
    assert_int_equal(UP_NEW(&f->k, f->size_k, NULL), UP_OK);
    for (int64_t a = 0; a < ne; a++) {
        p->side[a] = a < ny ? 0 : 1;
        p->copy[a] = a < ny ? a : a < 2 * ny ? a - ny : -1;
        for (int64_t k = 0; k < width; k++) {
            p->fit[k * p->ld_e + a] = number(&state);
        }
    }
    for (int64_t j = 0; j < p->nv; j++) {
        p->center[j] = number(&state);
    }
    for (int side = 0; side < 2 && p->leverage; side++) {
        assert_int_equal(UP_NEW(&p->h[side], p->ld_uu, NULL), UP_OK);
        for (int64_t j = 0; j < packed; j++) {
            p->h[side][j] = number(&state) / (double)(4 * packed);
        }
    }
    for (int64_t i = 0; i < block_rows * p->nv; i++) {
        f->v[i] = number(&state);
    }
    for (int64_t i = 0; i < block_rows; i++) {
        f->weight[i] = 1 + number(&state);
    }
    assert_int_equal(upi_tile_make(p, &f->tile, NULL), UP_OK);
}

static void
fixture_free(fixture *f)
{
    upi_tile_free(&f->tile);
    upi_tile_plan_free(&f->plan);
    upi_free(f->v);
    upi_free(f->weight);
    upi_free(f->k);
}

/* u of a row, its residuals and their factors, as the head of tile.c says. */
static void
plain_row(const fixture *f, int64_t row, double weight, double *u, double *e)
{
    const upi_tile_plan *p = &f->plan;
    const double *v = f->v + row * p->nv;
    for (int64_t k = 0; k < p->width; k++) {
        u[k] = k == 0 ? 1 : v[k - 1] - p->center[k - 1];
    }
    for (int64_t a = 0; a < p->n_equations; a++) {
        int64_t y = p->copy[a] >= 0 ? p->nx + p->copy[a] : -1;
        double h = 0, fitted = 0;
        for (int64_t j = 0; j < p->width; j++) {
            fitted += u[j] * p->fit[j * p->ld_e + a];
            for (int64_t i = 0; i <= j && p->leverage; i++) {
                h += p->h[p->side[a]][upi_packed(i, j)] * u[i] * u[j];
            }
        }
        double left = 1 - weight * h;
        double phi = p->vcov == UP_VCOV_HC2   ? 1 / left
                     : p->vcov == UP_VCOV_HC3 ? 1 / (left * left)
                                              : 1;
        e[a] = weight * sqrt(phi) * ((y >= 0 ? v[y] - p->center[y] : 0) - fitted);
    }
}

/* Rows 1, 3, 5, ... of a block, in tiles; the last row of the block is among them. */
static void
add_all(fixture *f, int level, bool weighted)
{
    f->plan.level = level;
    memset(f->k, 0, (size_t)f->size_k * sizeof *f->k);
    const upi_row_block block = {
        .n = block_rows, .v = f->v, .weight = weighted ? f->weight : NULL};
    for (int64_t first = 1; first < block_rows; first += 2 * (int64_t)UPI_TILE_ROWS) {
        int64_t row[UPI_TILE_ROWS];
        upi_tile_rows rows = {.block = &block, .row = row, .weight = 0.75};
        for (int64_t i = first; i < block_rows && rows.n < UPI_TILE_ROWS; i += 2) {
            row[rows.n++] = i;
        }
        upi_tile_add(&f->plan, &f->tile, &rows, f->k);
    }
}

static void
check(int64_t nx, int64_t ny, bool iv, int64_t vcov, bool weighted)
{
    fixture f;
    double u[64], e[64];
    double *expected = NULL, *first = NULL;
    fixture_make(&f, nx, ny, iv, vcov);
    const upi_tile_plan *p = &f.plan;
    assert_int_equal(UP_NEW(&expected, f.size_k, NULL), UP_OK);
    assert_int_equal(UP_NEW(&first, f.size_k, NULL), UP_OK);
    for (int64_t row = 1; row < block_rows; row += 2) {
        plain_row(&f, row, 0.75 * (weighted ? f.weight[row] : 1), u, e);
        for (int64_t a = 0, b = 0; b < p->n_equations; upi_next_pair(&a, &b)) {
            double *k = expected + upi_packed(a, b) * p->ld_uu;
            for (int64_t i = 0, j = 0; j < p->width; upi_next_pair(&i, &j)) {
                k[upi_packed(i, j)] += e[a] * e[b] * u[i] * u[j];
            }
        }
    }
    for (int level = 0; level <= upi_outer_level(); level++) {
        add_all(&f, level, weighted);
        for (int64_t pair = 0; pair < p->n_pairs; pair++) {
            const double *got = f.k + pair * p->ld_uu;
            const double *want = expected + pair * p->ld_uu;
            for (int64_t i = 0; i < p->width * (p->width + 1) / 2; i++) {
                assert_true(fabs(got[i] - want[i]) <= 1e-12 * (1 + fabs(want[i])));
            }
        }
        if (level == 0) {
            memcpy(first, f.k, (size_t)f.size_k * sizeof *first);
        }
        assert_memory_equal(first, f.k, (size_t)f.size_k * sizeof *first);
    }
    upi_free(expected);
    upi_free(first);
    fixture_free(&f);
}

static void
sums_of_rows(void **state)
{
    (void)state;
    for (int64_t nx = 1; nx <= 13; nx++) {
        for (int64_t ny = 1; ny <= 6; ny++) {
            check(nx, ny, false, UP_VCOV_HC2, nx % 2 == 0);
        }
        check(nx, 3, false, UP_VCOV_HC3, true);
        check(nx, 2, false, UP_VCOV_HC0, true);
    }
}

static void
two_designs(void **state)
{
    (void)state;
    for (int64_t nx = 1; nx <= 9; nx++) {
        check(nx, 1, true, UP_VCOV_HC2, false);
        check(nx, 3, true, UP_VCOV_HC3, true);
        check(nx, 5, true, UP_VCOV_HC0, true);
    }
}

/* A row that decides its own fit has no part in the sums. */
static void
row_alone(void **state)
{
    (void)state;
    fixture f;
    fixture_make(&f, 2, 1, false, UP_VCOV_HC2);
    memset(f.plan.h[0], 0, (size_t)f.plan.ld_uu * sizeof(double));
    f.plan.h[0][0] = 1 / 0.75; /* w u_0^2 h = 1 */
    for (int level = 0; level <= upi_outer_level(); level++) {
        add_all(&f, level, false);
        for (int64_t i = 0; i < f.size_k; i++) {
            assert_true(f.k[i] == 0);
        }
    }
    fixture_free(&f);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sums_of_rows),
        cmocka_unit_test(two_designs),
        cmocka_unit_test(row_alone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
