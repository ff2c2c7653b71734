/* The arithmetic of the second pass over the rows: many rows of one group at a time. */
#ifndef UPI_TILE_H
#define UPI_TILE_H

#include "fit/fit.h"

enum { UPI_TILE_ROWS = 64, UPI_TILE_LANES = 8 };

/* What holds for all rows. Leading dimensions ld_ are multiples of UPI_TILE_LANES. */
typedef struct upi_tile_plan {
    int64_t nx, nv; /* continuous covariates; with outcomes */
    int64_t width;  /* 1 + nx */
    int64_t n_equations, n_pairs;
    int64_t ld_z, ld_uu, ld_e, ld_ee;
    int64_t vcov;
    bool leverage;  /* HC2 and HC3 */
    int64_t n_side; /* 2 when equations have different designs, else 1 */
    int *side;      /* (n_equations) 0 = X, 1 = Z */
    int64_t
        *copy; /* (n_equations) earlier equation with the same outcome, itself, -1 */
    double *center; /* (ld_z) of x and y */
    double *fit;    /* per cell (width, ld_e) row-major: what is fitted is u'fit */
    double *h[2]; /* per cell (ld_uu): the leverage is the sum of h times u u' packed */
    int level;    /* upi_outer_level() */
} upi_tile_plan;

/* One worker's memory. */
typedef struct upi_tile {
    double *memory;
    double *z;  /* (rows, ld_z) row-major: 1, x, y, centred */
    double *uu; /* (rows, ld_uu) products of u, packed upper triangle */
    double *e;  /* (rows, ld_e) */
    double *ee; /* (rows, ld_ee) */
    double *h;  /* (rows, 4) leverages, in parts */
    double *weight, *phi[2], *last;
} upi_tile;

up_status upi_tile_plan_make(const up_model *m, upi_tile_plan *out, up_error *err);
void upi_tile_plan_free(upi_tile_plan *p);
up_status upi_tile_make(const upi_tile_plan *p, upi_tile *out, up_error *err);
void upi_tile_free(upi_tile *t);

/* Rows row[0..n) of a block, n <= UPI_TILE_ROWS, all of one group. */
typedef struct upi_tile_rows {
    const upi_row_block *block;
    const int64_t *row;
    int64_t n;
    int64_t cell;
    double weight; /* of the group */
} upi_tile_rows;

/* k (n_pairs, ld_uu) += the rows' w^2 phi e_a e_b u u'. The bits do not depend on level. */
void upi_tile_add(
    const upi_tile_plan *p, const upi_tile *t, const upi_tile_rows *r, double *k);

#endif
