/* What the files of this room share. The order of work is the order of the parts below:
 * columns, cells and rows, coefficients, covariance. */
#ifndef UPI_FIT_H
#define UPI_FIT_H

#include "base/base.h"
#include "fit/model.h"

#include <pthread.h>

/* ---- terms.c: base functions and columns ---- */

/* Base functions of the covariates and time, and the columns of X and Z that they give. A
 * caller may change `interacted` of a base between the two. */
up_status upi_bases_build(up_model *m, up_error *err);
up_status upi_columns_build(up_model *m, up_error *err);
/* Keeps the columns with keep[j] != 0, in order. combination (p,p) says how a dropped column is
 * made of the others (column j), by which it is described in notes and kept with the basis;
 * size (p) are the lengths of the columns, the intercept first. */
up_status upi_basis_reduce(up_model *m, upi_basis *b, const int64_t *keep,
    const double *combination, const double *size, up_error *err);
void upi_basis_free(upi_basis *b);
/* "c = (Intercept) - a - 2 b": a dropped column as the combination of the kept ones. */
void upi_combination_text(
    const upi_basis *b, int64_t j, const double *combination, upi_text *out);

/* ---- rows.c: from a group to rows ---- */

/* Cells: the groups that share their row of X and Z, whatever their cluster, weight or segment. */
up_status upi_cells_build(up_model *m, up_error *err);
/* Triangle r (n,n) of all rows of the n = pz + px + ny columns [Z X Y]; pz = 0 when !iv. */
up_status upi_triangle_build(const up_model *m, double *r, up_error *err);

/* ---- solve.c: coefficients ---- */

/* Coefficients of all equations, the bread, and the rows in orthonormal coordinates. */
up_status upi_solve_equations(up_model *m, up_error *err);

/* ---- covariance ---- */

typedef struct upi_df_entry {
    double *l; /* (1 + p) basis, then the combination */
    int64_t n;
    double df;
    struct upi_df_entry *next;
} upi_df_entry;

typedef struct upi_lock {
    pthread_mutex_t mutex;
} upi_lock;

struct upi_cov {
    up_moments *moments; /* where a second pass over the rows is kept */
    int64_t width;       /* 1 + nx */
    int64_t n_cells;
    int64_t *cell;    /* (n_groups) */
    int64_t *first;   /* (n_cells) a group of the cell */
    double *y_center; /* (ny): outcomes are centred here before anything is summed */
    double *rss; /* (E,E) cross products of residuals, weighted; NaN when not known */
    double *x_rinv, *z_rinv; /* (p,p): R^-1 of the QR of X^ and Z */
    double *xz;              /* (x.p, z.p) Q_x'Q_z; NULL when !iv */
    double *x_map,
        *z_map; /* per cell (p, width): row u has coordinates map u, its row of Q */
    double
        *fit; /* per cell (E, width) row-major by equation: residual = y_a - fit_a'u */
    double **block; /* (E*E) */
    double max_leverage;
    upi_clusters clusters; /* way 1 */
    upi_lock *df_lock;     /* guards what is below */
    upi_df_entry *df_list;
    double *spectra
        [2]; /* by side: for each cluster p eigenvalues and (p,p) vectors; or NULL */
};

/* The outcome that equation e explains; -1 for a first stage, whose outcome is in `fit`. */
static inline int64_t
upi_equation_outcome(const up_model *m, int64_t e)
{
    int64_t ny = m->moments->ny;
    return e < ny ? e : e < 2 * ny && m->design.iv ? e - ny : -1;
}
static inline const double *
upi_cell_map(const up_model *m, const upi_basis *b, int64_t cell)
{
    const double *map = b == &m->x ? m->cov->x_map : m->cov->z_map;
    return map + cell * m->cov->width * b->p;
}
static inline const double *
upi_cell_fit(const up_model *m, int64_t cell, int64_t equation)
{
    return m->cov->fit + (cell * m->n_equations + equation) * m->cov->width;
}
static inline int64_t
upi_packed(
    int64_t a, int64_t b) /* place of (a, b), a <= b, in a packed upper triangle */
{
    return b * (b + 1) / 2 + a;
}

/* Pairs a <= b in packed order: for (int64_t a = 0, b = 0; b < n; upi_next_pair(&a, &b)) */
static inline void
upi_next_pair(int64_t *a, int64_t *b)
{
    if (*a < *b) {
        ++*a;
    } else {
        *a = 0;
        ++*b;
    }
}

/* The meat of every pair a <= b of equations in orthonormal coordinates: block upi_packed(a,b)
 * is (p_a, p_b). */
typedef struct upi_meat {
    int64_t n_pairs;
    double **block;
} upi_meat;
up_status upi_meat_new(const up_model *m, upi_meat *meat, up_error *err);
void upi_meat_free(upi_meat *meat);

typedef up_status (*upi_visit_rows)(void *ctx, const up_moments *m,
    const upi_row_visitor *v, const up_run *run, up_error *err);
typedef struct upi_rows {
    upi_visit_rows visit;
    void *ctx;
} upi_rows;

up_status upi_meat_iid(const up_model *m, upi_meat *meat, up_error *err);
up_status upi_meat_hc(up_model *m, upi_meat *meat, up_error *err); /* groups */
up_status upi_meat_stream(up_model *m, const upi_rows *rows, const up_run *run,
    upi_meat *meat, up_error *err); /* rows */
up_status upi_meat_from_robust(
    const up_model *m, const upi_robust *robust, upi_meat *meat, up_error *err);
/* meat += factor * sum over clusters of adjusted scores */
up_status upi_meat_cluster(const up_model *m, upi_clusters *c, double factor,
    const up_run *run, upi_meat *meat, up_error *err);
/* The same without adjustment, from sparse rows; *done = false and nothing added where
 * orthonormal coordinates are more accurate or cheaper. */
up_status upi_meat_sparse(const up_model *m, const upi_clusters *c, double factor,
    const up_run *run, upi_meat *meat, bool *done, up_error *err);
up_status upi_meat_two_way(
    up_model *m, const up_run *run, upi_meat *meat, up_error *err);

/* Puts together those with the same cells, and among them those with the same weights. */
up_status upi_clusters_sort(const up_model *m, upi_clusters *c, up_error *err);

/* One cluster (or one of many with the same cells) in orthonormal coordinates. */
typedef struct upi_cluster_rows {
    const up_model *m;
    const upi_clusters *c;
    int64_t r;    /* rows */
    double *s;    /* (r) square root of the weight of each row */
    double *q[2]; /* (r, p) rows of Q_x and Q_z before weighting, leading dimension r */
    double *h[2]; /* (r, r) q q'; while r <= p */
    double
        *g[2]; /* (r, r) adjustment of the rows, or (p, p) of the scores while r > p */
    bool by_row[2]; /* r <= p: which of the two g is */
    double *e;      /* (r, E) residuals times s */
    double *t;      /* rows of a group */
    double *work;
} upi_cluster_rows;
up_status upi_cluster_rows_new(
    const up_model *m, const upi_clusters *c, upi_cluster_rows *out, up_error *err);
void upi_cluster_rows_free(upi_cluster_rows *w);
/* The cells of cluster k: r, q and h. (With continuous x also s and e: the rows are its own.) */
void upi_cluster_load(upi_cluster_rows *w, int64_t k);
void upi_cluster_weights(upi_cluster_rows *w, int64_t k);   /* s */
void upi_cluster_residuals(upi_cluster_rows *w, int64_t k); /* e */
/* g of side 0 (X) or 1 (Z) for the cells and weights at hand; power 0 = none. */
up_status upi_cluster_adjust(
    upi_cluster_rows *w, int side, double power, up_error *err);
/* What the adjustment makes of an eigenvalue of I - H. */
double upi_adjustment_value(double one_minus_lambda, double power);
/* Same cells (and weights); false with continuous x. */
bool upi_cluster_same_cells(
    const up_model *m, const upi_clusters *c, int64_t a, int64_t b);
bool upi_cluster_same_weights(
    const up_model *m, const upi_clusters *c, int64_t a, int64_t b);

up_status upi_covariance_build(
    up_model *m, const upi_rows *rows, const up_run *run, up_error *err);
void upi_cov_free(struct upi_cov *cov, int64_t n_equations);

double upi_satterthwaite(const up_model *m, const upi_basis *b, const double *l);
up_status upi_first_stage_test(up_model *m, up_error *err);

/* ---- model.c: the two halves of up_fit_linear() ---- */
up_status upi_model_new(
    up_moments *m, const up_linear_opts *opts, up_model **out, up_error *err);
up_status upi_model_solve(
    up_model *m, const upi_rows *rows, const up_run *run, up_error *err);

/* W_ADAPTIVE where propensities change from period to period. */
up_status upi_note_adapting(up_model *model, up_error *err);

#endif
