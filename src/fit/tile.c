/* The arithmetic of the second pass. For rows i of one group, with u = (1, x - center), it adds
 *
 *     K_ab += sum_i e_ia e_ib u_i u_i',    e_ia = w_i sqrt(phi_i) (y_ia - fit_a'u_i)
 *
 * where phi_i is a function of the leverage u_i'H u_i (methods/core.md 2.5). Rows lie one after
 * another, so that u u' (packed) and e e' of a row are made by a few products of whole
 * registers that overwrite each other's surplus, and K is one sum of outer products. Each
 * element of K is a plain sum over the rows in order, never fused, whatever the width of the
 * registers: the same bits on every kind of CPU. */
#include "fit/tile.h"

#include "num/matrix.h"
#include "num/outer.h"

#include <math.h>
#include <string.h>

static const int64_t rows_max = UPI_TILE_ROWS, lanes = UPI_TILE_LANES;

typedef double quad __attribute__((vector_size(32)));

/* Loops of a fixed small length, unrolled before variables are given registers. */
#define UNROLL _Pragma("GCC unroll 16")
#define INLINE static inline __attribute__((always_inline))

static int64_t
whole_lanes(int64_t n)
{
    return (n + lanes - 1) / lanes * lanes;
}

/* Room for packed products of k numbers: the registers of the last column end inside. */
static int64_t
room_packed(int64_t k)
{
    return whole_lanes(k * (k - 1) / 2 + (k + 3) / 4 * 4);
}

/* ---- the plan ---- */

static void
plan_equations(const up_model *m, upi_tile_plan *p)
{
    int64_t ny = m->moments->ny;
    p->n_side = 1;
    for (int64_t a = 0; a < m->n_equations; a++) {
        int64_t y = upi_equation_outcome(m, a);
        p->side[a] = upi_model_basis(m, a) == &m->x ? 0 : 1;
        p->n_side = p->side[a] != p->side[0] ? 2 : p->n_side;
        p->copy[a] = y;
    }
    for (int64_t j = 0; j < m->n_base; j++) {
        if (m->base[j].kind == UPI_BASE_X) {
            p->center[m->base[j].x] = m->base[j].center;
        }
    }
    for (int64_t y = 0; y < ny; y++) {
        p->center[p->nx + y] = m->cov->y_center[y];
    }
}

/* H = map'map of one cell as the weights of the packed products u_i u_j, i <= j. */
static void
plan_leverage(const up_model *m, int side, upi_tile_plan *p, double *square)
{
    const upi_basis *basis = side == 0 ? &m->x : &m->z;
    int64_t width = p->width;
    for (int64_t cell = 0; cell < m->cov->n_cells && basis->p > 0; cell++) {
        const double *map = upi_cell_map(m, basis, cell);
        double *h = p->h[side] + cell * p->ld_uu;
        upi_gemm('T', 'N', width, width, basis->p, 1, map, basis->p, map, basis->p, 0,
            square, width);
        for (int64_t i = 0, j = 0; j < width; upi_next_pair(&i, &j)) {
            h[upi_packed(i, j)] = (i == j ? 1 : 2) * square[i + j * width];
        }
    }
}

up_status
upi_tile_plan_make(const up_model *m, upi_tile_plan *out, up_error *err)
{
    up_status status = UP_OK;
    double *square = NULL;
    int64_t width = m->cov->width, ne = m->n_equations, n_cells = m->cov->n_cells;
    upi_tile_plan p = {.nx = m->moments->nx,
        .nv = m->moments->nx + m->moments->ny,
        .width = width,
        .n_equations = ne,
        .n_pairs = ne * (ne + 1) / 2,
        .ld_uu = room_packed(width),
        .ld_e = whole_lanes(ne),
        .ld_ee = room_packed(ne),
        .vcov = m->opts.vcov,
        .leverage = m->opts.vcov == UP_VCOV_HC2 || m->opts.vcov == UP_VCOV_HC3,
        .level = upi_outer_level()};
    p.ld_z = whole_lanes(1 + p.nv) + lanes;
    UP_TRY(UP_NEW(&p.side, ne, err));
    UP_TRY(UP_NEW(&p.copy, ne, err));
    UP_TRY(UP_NEW(&p.center, p.ld_z, err));
    UP_TRY(UP_NEW(&p.fit, n_cells * width * p.ld_e, err));
    UP_TRY(UP_NEW(&square, width * width, err));
    plan_equations(m, &p);
    for (int64_t cell = 0; cell < n_cells; cell++) {
        for (int64_t a = 0; a < ne; a++) {
            const double *fit = upi_cell_fit(m, cell, a);
            for (int64_t k = 0; k < width; k++) {
                p.fit[(cell * width + k) * p.ld_e + a] = fit[k];
            }
        }
    }
    for (int side = 0; side < 2 && p.leverage; side++) {
        UP_TRY(UP_NEW(&p.h[side], n_cells * p.ld_uu, err));
        plan_leverage(m, side, &p, square);
    }
    *out = p;
    p = (upi_tile_plan){0};
out:
    upi_free(square);
    upi_tile_plan_free(&p);
    return status;
}

void
upi_tile_plan_free(upi_tile_plan *p)
{
    upi_free(p->side);
    upi_free(p->copy);
    upi_free(p->center);
    upi_free(p->fit);
    upi_free(p->h[0]);
    upi_free(p->h[1]);
    *p = (upi_tile_plan){0};
}

/* Every array has a register of room behind it, because stores may run over by one. */
up_status
upi_tile_make(const upi_tile_plan *p, upi_tile *out, up_error *err)
{
    up_status status = UP_OK;
    upi_tile t = {0};
    int64_t sizes[] = {rows_max * p->ld_z, rows_max * p->ld_uu, rows_max * p->ld_e,
        rows_max * p->ld_ee, rows_max * 4, rows_max, rows_max, rows_max, p->ld_z};
    double **place[] = {
        &t.z, &t.uu, &t.e, &t.ee, &t.h, &t.weight, &t.phi[0], &t.phi[1], &t.last};
    enum { ARRAYS = sizeof sizes / sizeof sizes[0] };
    int64_t total = lanes;
    for (int i = 0; i < ARRAYS; i++) {
        total += sizes[i] + 2 * lanes;
    }
    UP_TRY(UP_NEW(&t.memory, total, err));
    double *at = t.memory;
    while ((uintptr_t)at % 64 != 0) {
        at++; /* registers that cross no cache line */
    }
    for (int i = 0; i < ARRAYS; i++) {
        *place[i] = at;
        at += sizes[i] + 2 * lanes;
    }
    *out = t;
out:
    return status;
}

void
upi_tile_free(upi_tile *t)
{
    upi_free(t->memory);
    *t = (upi_tile){0};
}

/* ---- rows ---- */

/* z: each row of the block less the centers, behind a 1; and the row weights. */
INLINE void
gather(const upi_tile_plan *p, const upi_tile *t, const upi_tile_rows *r)
{
    const upi_row_block *b = r->block;
    for (int64_t i = 0; i < r->n; i++) {
        int64_t row = r->row[i];
        const double *from = b->v + row * p->nv;
        double *z = t->z + i * p->ld_z;
        if (row + 4 > b->n) { /* so near the end nothing more may be read */
            memcpy(t->last, from, (size_t)p->nv * sizeof *from);
            from = t->last;
        }
        z[0] = 1;
        for (int64_t j = 0; j < p->nv; j += 4) {
            quad x;
            quad center;
            memcpy(&x, from + j, sizeof x);
            memcpy(&center, p->center + j, sizeof center);
            x -= center;
            memcpy(z + 1 + j, &x, sizeof x);
        }
        t->weight[i] = r->weight * (b->weight != NULL ? b->weight[row] : 1);
    }
}

/* e = y; behind u come zeros then, as products() wants them. */
INLINE void
outcomes(const upi_tile_plan *p, const upi_tile *t, int64_t n)
{
    static const double zero[UPI_TILE_LANES] = {0};
    int64_t ny = p->nv - p->nx;
    for (int64_t i = 0; i < n; i++) {
        double *z = t->z + i * p->ld_z;
        double *e = t->e + i * p->ld_e;
        for (int64_t a = 0; a < ny; a += 4) {
            memcpy(e + a, z + p->width + a, sizeof(quad));
        }
        for (int64_t a = ny; a < p->n_equations; a++) {
            e[a] = p->copy[a] >= 0 ? e[p->copy[a]] : 0;
        }
        memcpy(z + p->width, zero, sizeof zero);
    }
}

/* Below, rows are worked on in fours; rows beyond n hold what earlier tiles left. */

/* e -= u'fit for four equations from a */
INLINE void
residuals_four(const upi_tile_plan *p, const double *u, const double *fit, double *to)
{
    quad fitted[4];
    UNROLL for (int s = 0; s < 4; s++)
    {
        fitted[s] = (quad){0};
    }
    for (int64_t k = 0; k < p->width; k++) {
        quad c;
        memcpy(&c, fit + k * p->ld_e, sizeof c);
        UNROLL for (int s = 0; s < 4; s++)
        {
            fitted[s] += c * u[s * p->ld_z + k];
        }
    }
    UNROLL for (int s = 0; s < 4; s++)
    {
        quad e;
        memcpy(&e, to + s * p->ld_e, sizeof e);
        e -= fitted[s];
        memcpy(to + s * p->ld_e, &e, sizeof e);
    }
}

INLINE void
residuals(const upi_tile_plan *p, const upi_tile *t, int64_t n, const double *fit)
{
    for (int64_t i = 0; i < n; i += 4) {
        for (int64_t a = 0; a < p->n_equations; a += 4) {
            residuals_four(p, t->z + i * p->ld_z, fit + a, t->e + i * p->ld_e + a);
        }
    }
}

/* Products of x_j with x_0 ... x_j */
INLINE void
products_four(int64_t j, const double *x, int64_t ld_x, double *to, int64_t ld)
{
    double factor[4];
    UNROLL for (int s = 0; s < 4; s++)
    {
        factor[s] = x[s * ld_x + j];
    }
    for (int64_t i = 0; i <= j; i += 4) {
        UNROLL for (int s = 0; s < 4; s++)
        {
            quad y;
            memcpy(&y, x + s * ld_x + i, sizeof y);
            y *= factor[s];
            memcpy(to + s * ld + i, &y, sizeof y);
        }
    }
}

/* Products x_i x_j, i <= j < k, of each row, packed. Column j is made by whole registers, and
 * what they hold too much is overwritten by the next column. */
INLINE void
products(int64_t n, int64_t k, const double *x, int64_t ld_x, double *out, int64_t ld)
{
    for (int64_t r = 0; r < n; r += 4) {
        double *to = out + r * ld;
        for (int64_t j = 0; j < k; to += ++j) {
            products_four(j, x + r * ld_x, ld_x, to, ld);
        }
    }
}

/* t->h: leverages in four parts each. */
INLINE void
leverages(const upi_tile_plan *p, const upi_tile *t, int64_t n, const double *h)
{
    for (int64_t i = 0; i < n; i += 4) {
        const double *uu = t->uu + i * p->ld_uu;
        quad sum[4];
        UNROLL for (int s = 0; s < 4; s++)
        {
            sum[s] = (quad){0};
        }
        for (int64_t j = 0; j < p->ld_uu; j += 4) {
            quad c;
            memcpy(&c, h + j, sizeof c);
            UNROLL for (int s = 0; s < 4; s++)
            {
                quad x;
                memcpy(&x, uu + s * p->ld_uu + j, sizeof x);
                sum[s] += x * c;
            }
        }
        UNROLL for (int s = 0; s < 4; s++)
        {
            memcpy(t->h + (i + s) * 4, &sum[s], sizeof sum[s]);
        }
    }
}

/* phi of one side: w times the square root of the factor of the HC family. */
INLINE void
factors(
    const upi_tile_plan *p, const upi_tile *t, int64_t n, const double *h, double *phi)
{
    if (h == NULL) {
        memcpy(phi, t->weight, (size_t)n * sizeof *phi);
        return;
    }
    leverages(p, t, n, h);
    for (int64_t i = 0; i < n; i++) {
        const double *part = t->h + i * 4;
        phi[i] = (part[0] + part[2]) + (part[1] + part[3]);
    }
    for (int64_t i = 0; i < n; i++) {
        double w = t->weight[i];
        phi[i] = w * sqrt(upi_hc_factor(p->vcov, w * phi[i]));
    }
}

INLINE void
scale(const upi_tile_plan *p, const upi_tile *t, int64_t n)
{
    for (int64_t i = 0; i < n; i++) {
        double *e = t->e + i * p->ld_e;
        if (p->n_side == 2) {
            for (int64_t a = 0; a < p->n_equations; a++) {
                e[a] *= t->phi[p->side[a]][i];
            }
            continue;
        }
        double factor = t->phi[p->side[0]][i];
        for (int64_t a = 0; a < p->n_equations; a += 4) {
            quad x;
            memcpy(&x, e + a, sizeof x);
            x *= factor;
            memcpy(e + a, &x, sizeof x);
        }
    }
}

/* ---- one tile ---- */

INLINE void
add_tile(const upi_tile_plan *p, const upi_tile *t, const upi_tile_rows *r, double *k)
{
    gather(p, t, r);
    outcomes(p, t, r->n);
    residuals(p, t, r->n, p->fit + r->cell * p->width * p->ld_e);
    products(r->n, p->width, t->z, p->ld_z, t->uu, p->ld_uu);
    for (int side = 0; side < 2; side++) {
        if (p->n_side == 2 || side == p->side[0]) {
            const double *h = p->leverage ? p->h[side] + r->cell * p->ld_uu : NULL;
            factors(p, t, r->n, h, t->phi[side]);
        }
    }
    scale(p, t, r->n);
    products(r->n, p->n_equations, t->e, p->ld_e, t->ee, p->ld_ee);
    const upi_outer x = {.n = r->n,
        .p = p->ld_uu,
        .q = p->n_pairs,
        .a = t->uu,
        .ld_a = p->ld_uu,
        .b = t->ee,
        .ld_b = p->ld_ee,
        .c = k,
        .ld_c = p->ld_uu,
        .level = p->level};
    upi_outer_add(&x);
}

static void
add_any(const upi_tile_plan *p, const upi_tile *t, const upi_tile_rows *r, double *k)
{
    add_tile(p, t, r, k);
}

#if defined(__x86_64__) && defined(__GNUC__)
/* The same operations in wider registers: the same bits. */
__attribute__((target("avx2"))) static void
add_avx2(const upi_tile_plan *p, const upi_tile *t, const upi_tile_rows *r, double *k)
{
    add_tile(p, t, r, k);
}

__attribute__((target("avx512f"))) static void
add_avx512(const upi_tile_plan *p, const upi_tile *t, const upi_tile_rows *r, double *k)
{
    add_tile(p, t, r, k);
}

void
upi_tile_add(
    const upi_tile_plan *p, const upi_tile *t, const upi_tile_rows *r, double *k)
{
    if (p->level == 2) {
        add_avx512(p, t, r, k);
    } else if (p->level == 1) {
        add_avx2(p, t, r, k);
    } else {
        add_any(p, t, r, k);
    }
}
#else
void
upi_tile_add(
    const upi_tile_plan *p, const upi_tile *t, const upi_tile_rows *r, double *k)
{
    add_any(p, t, r, k);
}
#endif
