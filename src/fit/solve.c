/* Coefficients of all equations from one triangle R of [Z X Y]. Least squares: Rxx b = Rxy. Two
 * stages: with Z = Q_z Rzz, the projection of X is Q_z C, so b solves the least-squares problem
 * C b = Rzy, again by QR (Golub & Van Loan 2013, sec. 5.3; arXiv 2604.24116, eqs. 3-5). X'X and
 * Z'X are never formed. A column that repeats the ones before it is dropped; an arm that is not
 * told apart from the covariates is an error, never a silent choice. */
#include "fit/fit.h"
#include "num/matrix.h"

#include <math.h>
#include <string.h>

/* The columns of r (n,n): how many of Z, X, Y, and which of them stay. */
typedef struct problem {
    up_model *model;
    int64_t n, pz, px, ny;
    double *r;           /* (n,n) */
    int64_t *keep;       /* (n) */
    double *combination; /* (n,n) scratch */
    double *x_length;    /* (px) lengths of the columns of X */
    double tolerance;
} problem;

static up_status
problem_new(problem *q, up_model *model, up_error *err)
{
    up_status status = UP_OK;
    q->model = model;
    q->pz = model->z.p;
    q->px = model->x.p;
    q->ny = model->moments->ny;
    q->n = q->pz + q->px + q->ny;
    q->tolerance = model->opts.rank_tolerance > 0 ? model->opts.rank_tolerance : 1e-10;
    UP_TRY(UP_NEW(&q->r, q->n * q->n, err));
    UP_TRY(UP_NEW(&q->keep, q->n, err));
    UP_TRY(UP_NEW(&q->combination, q->n * q->n, err));
    UP_TRY(UP_NEW(&q->x_length, q->px, err));
out:
    return status;
}

static void
problem_free(problem *q)
{
    upi_free(q->r);
    upi_free(q->keep);
    upi_free(q->combination);
    upi_free(q->x_length);
}

static double
length(int64_t n, const double *x)
{
    double largest = 0;
    for (int64_t i = 0; i < n; i++) {
        largest = fmax(largest, fabs(x[i]));
    }
    double s = 0;
    for (int64_t i = 0; i < n && largest > 0; i++) {
        s += (x[i] / largest) * (x[i] / largest);
    }
    return largest * sqrt(s);
}

/* Removes columns from..from+count of r where keep is 0, and brings the rest back to a
 * triangle. */
static up_status
drop_columns(problem *q, int64_t from, int64_t count, up_error *err)
{
    up_status status = UP_OK;
    double *a = NULL;
    int64_t n = q->n;
    int64_t kept = 0;
    UP_TRY(UP_NEW(&a, n * n, err));
    for (int64_t j = 0; j < n; j++) {
        if (j < from || j >= from + count || q->keep[j - from] != 0) {
            memcpy(a + kept++ * n, q->r + j * n, (size_t)n * sizeof *a);
        }
    }
    if (kept < n) {
        memset(q->r, 0, (size_t)(n * n) * sizeof *a);
        q->n = kept;
        UP_TRY(upi_qr_r(n, kept, a, n, q->r, kept, err));
    }
out:
    upi_free(a);
    return status;
}

/* Is the indicator of an arm (columns 1..arms of b) needed to build column j? */
static int64_t
arm_in_combination(
    int64_t arms, const double *combination, const double *size, int64_t j)
{
    for (int64_t k = 1; k <= arms; k++) {
        if (fabs(combination[k]) * size[k] > 1e-9 * size[j]) {
            return k;
        }
    }
    return -1;
}

/* Refuses a basis in which an indicator of an arm is dropped, or a main effect is a copy of
 * it: then the effect and the covariate cannot be told apart. */
static up_status
check_arms(const up_model *m, const upi_basis *b, const int64_t *keep,
    const double *combination, const double *size, up_error *err)
{
    int64_t arms = m->moments->keys[upi_basis_key(m, b)].n_levels - 1;
    bool weak = m->design.iv && b == &m->x;
    for (int64_t j = 1; j < b->p; j++) {
        if (keep[j] != 0) {
            continue;
        }
        const double *c = combination + j * b->p;
        int64_t arm = -1;
        if (j <= arms) {
            arm = j;
        } else if (b->term[j].level < 0) {
            arm = arm_in_combination(arms, c, size, j);
        }
        if (arm < 0) {
            continue;
        }
        if (weak) {
            upi_fail(err, UP_E_WEAK_INSTRUMENT, b->name[arm],
                "the instrument does not move '%s' once the covariates are taken into "
                "account",
                b->name[arm]);
            return upi_fix(err, "estimate the effect of the assignment instead (itt)");
        }
        upi_text text = {0};
        upi_combination_text(b, j, c, &text);
        char *s = NULL;
        up_status status = upi_text_take(&text, &s, err);
        if (status == UP_OK) {
            status = upi_fail(err, UP_E_SINGULAR, b->name[arm],
                "'%s' cannot be told apart from other columns of the model: %s",
                b->name[arm], s);
            upi_fix(err, "leave out the covariate that repeats the arms");
        }
        upi_free(s);
        upi_text_free(&text);
        return status;
    }
    return UP_OK;
}

/* Rounding in a combination is made 0, so that what it does not need does not show. */
static void
clean_combinations(
    int64_t p, const int64_t *keep, const double *size, double *combination)
{
    for (int64_t i = 0; i < p * p; i++) {
        int64_t j = i / p;
        if (keep[j] == 0 && fabs(combination[i]) * size[i % p] <= 1e-9 * size[j]) {
            combination[i] = 0;
        }
    }
}

/* Comes before any word on single columns: where rows are too few, every column repeats others. */
static up_status
check_rows(const up_model *m, const upi_basis *b, int64_t rank, up_error *err)
{
    long long rows = (long long)m->moments->n_rows;
    if (rank < rows) {
        return UP_OK;
    }
    if (m->n_base == 1) {
        upi_fail(err, UP_E_SINGULAR, b->name[0],
            "there are only %lld rows for %lld arms: nothing is left to estimate a "
            "variance from",
            rows, (long long)b->p);
        return upi_fix(err, "give every arm two rows or more");
    }
    upi_fail(err, UP_E_SINGULAR, b->name[0],
        "the model has %lld columns but there are only %lld rows", (long long)b->p,
        rows);
    bool plain = m->opts.interactions == UP_INTERACT_NONE;
    return upi_fix(err,
        plain ? "use fewer covariates" : "use fewer covariates, or interactions=none");
}

/* Rank of the triangle t (p,p) of basis b, in order; drops columns of b. size: lengths. */
static up_status
reduce(problem *q, upi_basis *b, const double *t, int64_t ldt, up_error *err)
{
    up_status status = UP_OK;
    double *size = NULL;
    int64_t rank = 0;
    int64_t p = b->p;
    UP_TRY(UP_NEW(&size, p, err));
    for (int64_t j = 0; j < p; j++) {
        size[j] = length(j + 1, t + j * ldt);
    }
    UP_TRY(upi_rank_in_order(
        p, t, ldt, q->tolerance, q->keep, q->combination, &rank, err));
    clean_combinations(p, q->keep, size, q->combination);
    UP_TRY(check_rows(q->model, b, rank, err));
    UP_TRY(check_arms(q->model, b, q->keep, q->combination, size, err));
    if (rank < p) {
        UP_TRY(upi_basis_reduce(q->model, b, q->keep, q->combination, size, err));
    }
out:
    upi_free(size);
    return status;
}

/* rinv (p,p) = inverse of the leading triangle of r; bread = rinv rinv'. */
static up_status
invert(const double *r, int64_t ldr, upi_basis *b, double **rinv, up_error *err)
{
    up_status status = UP_OK;
    int64_t p = b->p;
    UP_TRY(UP_NEW(rinv, p * p, err));
    UP_TRY(UP_NEW(&b->bread, p * p, err));
    for (int64_t j = 0; j < p; j++) {
        memcpy(*rinv + j * p, r + j * ldr, (size_t)(j + 1) * sizeof *r);
    }
    UP_TRY(upi_tri_inverse(p, *rinv, p, err));
    upi_gemm('N', 'T', p, p, p, 1, *rinv, p, *rinv, p, 0, b->bread, p);
    upi_symmetrize(p, b->bread, p);
out:
    return status;
}

static up_status
coefficients_new(up_model *m, up_error *err)
{
    up_status status = UP_OK;
    int64_t ny = m->moments->ny;
    int64_t first = m->design.iv ? m->moments->keys[m->treat_key].n_levels - 1 : 0;
    m->n_equations = m->design.iv ? 2 * ny + first : ny;
    UP_TRY(UP_NEW(&m->coef, m->n_equations, err));
    UP_TRY(UP_NEW(&m->sigma2, m->n_equations, err));
    for (int64_t e = 0; e < m->n_equations; e++) {
        UP_TRY(UP_NEW(&m->coef[e], upi_model_basis(m, e)->p, err));
    }
out:
    return status;
}

/* ---- least squares ---- */

static up_status
solve_ols(problem *q, up_error *err)
{
    up_status status = UP_OK;
    up_model *m = q->model;
    UP_TRY(reduce(q, &m->x, q->r, q->n, err));
    UP_TRY(drop_columns(q, 0, q->px, err));
    UP_TRY(coefficients_new(m, err));
    int64_t p = m->x.p;
    UP_TRY(invert(q->r, q->n, &m->x, &m->cov->x_rinv, err));
    for (int64_t a = 0; a < q->ny; a++) {
        memcpy(m->coef[a], q->r + (p + a) * q->n, (size_t)p * sizeof *q->r);
        UP_TRY(upi_tri_solve('N', p, 1, q->r, q->n, m->coef[a], p, err));
    }
out:
    return status;
}

/* ---- two stages ---- */

/* The projected columns of X in the coordinates of Q_z, as a triangle: c (l,px) -> t. */
static up_status
project(problem *q, int64_t l, int64_t columns, double **t, up_error *err)
{
    up_status status = UP_OK;
    double *c = NULL;
    UP_TRY(UP_NEW(&c, l * columns, err));
    UP_TRY(UP_NEW(t, columns * columns, err));
    for (int64_t j = 0; j < columns; j++) {
        const double *from = q->r + (l + j) * q->n;
        bool noise = j < q->px && length(l, from) <= q->tolerance * q->x_length[j];
        if (!noise) {
            memcpy(c + j * l, from, (size_t)l * sizeof *c);
        }
    }
    UP_TRY(upi_qr_r(l, columns, c, l, *t, columns, err));
out:
    upi_free(c);
    return status;
}

static up_status
second_stage(problem *q, up_error *err)
{
    up_status status = UP_OK;
    up_model *m = q->model;
    double *t = NULL;
    int64_t l = m->z.p;
    for (int64_t j = 0; j < q->px; j++) {
        q->x_length[j] = length(q->n, q->r + (l + j) * q->n);
    }
    UP_TRY(project(q, l, q->px, &t, err));
    UP_TRY(reduce(q, &m->x, t, q->px, err));
    UP_TRY(drop_columns(q, l, q->px, err));
    int64_t p = m->x.p;
    q->px = p;
    for (int64_t j = 0; j < p; j++) {
        q->x_length[j] = 0;
    }
    upi_free(t);
    t = NULL;
    int64_t n = p + q->ny;
    UP_TRY(project(q, l, n, &t, err));
    UP_TRY(coefficients_new(m, err));
    UP_TRY(invert(t, n, &m->x, &m->cov->x_rinv, err));
    for (int64_t a = 0; a < q->ny; a++) {
        memcpy(m->coef[a], t + (p + a) * n, (size_t)p * sizeof *t);
        UP_TRY(upi_tri_solve('N', p, 1, t, n, m->coef[a], p, err));
    }
out:
    upi_free(t);
    return status;
}

static up_status
solve_iv(problem *q, up_error *err)
{
    up_status status = UP_OK;
    up_model *m = q->model;
    struct upi_cov *cov = m->cov;
    UP_TRY(reduce(q, &m->z, q->r, q->n, err));
    UP_TRY(drop_columns(q, 0, q->pz, err));
    UP_TRY(second_stage(q, err));
    int64_t l = m->z.p;
    UP_TRY(invert(q->r, q->n, &m->z, &cov->z_rinv, err));
    for (int64_t e = q->ny; e < m->n_equations; e++) {
        /* reduced forms explain Y; first stages explain columns 1, 2, ... of X */
        int64_t column = e < 2 * q->ny ? l + q->px + e - q->ny : l + 1 + e - 2 * q->ny;
        memcpy(m->coef[e], q->r + column * q->n, (size_t)l * sizeof *q->r);
        UP_TRY(upi_tri_solve('N', l, 1, q->r, q->n, m->coef[e], l, err));
    }
    /* Q_x = Q_z C x_rinv, so Q_x'Q_z = (C x_rinv)'. */
    UP_TRY(UP_NEW(&cov->xz, m->x.p * l, err));
    upi_gemm('T', 'T', m->x.p, l, m->x.p, 1, cov->x_rinv, m->x.p, q->r + l * q->n, q->n,
        0, cov->xz, m->x.p);
out:
    return status;
}

/* ---- residuals ---- */

/* Cross products of the residuals from the triangle: residual a = R v_a. */
static up_status
rss_from_triangle(const problem *q, up_error *err)
{
    up_status status = UP_OK;
    const up_model *m = q->model;
    int64_t ne = m->n_equations;
    int64_t l = m->z.p;
    double *v = NULL;
    double *u = NULL;
    UP_TRY(UP_NEW(&v, q->n * ne, err));
    UP_TRY(UP_NEW(&u, q->n * ne, err));
    for (int64_t e = 0; e < ne; e++) {
        double *own = v + e * q->n;
        const upi_basis *b = upi_model_basis(m, e);
        int64_t from = b == &m->x ? l : 0;
        for (int64_t j = 0; j < b->p; j++) {
            own[from + j] = -m->coef[e][j];
        }
        int64_t outcome = upi_equation_outcome(m, e);
        own[outcome >= 0 ? l + m->x.p + outcome : l + 1 + e - 2 * q->ny] += 1;
    }
    upi_gemm('N', 'N', q->n, ne, q->n, 1, q->r, q->n, v, q->n, 0, u, q->n);
    upi_gemm('T', 'N', ne, ne, q->n, 1, u, q->n, u, q->n, 0, m->cov->rss, ne);
out:
    upi_free(v);
    upi_free(u);
    return status;
}

/* Of one cell: map (p, width) = rinv' times the columns, unless NULL; and their part of fit. */
static void
finish_cell(
    const up_model *m, const upi_basis *b, int64_t k, const double *rinv, double *map)
{
    int64_t w = m->cov->width;
    for (int64_t j = 0; j < b->p; j++) {
        double v = upi_term_value(m, b, b->term[j], m->cov->first[k]);
        int64_t place = upi_term_place(m, b->term[j]);
        for (int64_t i = j; i < b->p && v != 0 && map != NULL; i++) {
            map[i + place * b->p] += rinv[j + i * b->p] * v;
        }
        for (int64_t e = 0; e < m->n_equations; e++) {
            double *fit = m->cov->fit + (k * m->n_equations + e) * w;
            fit[place] += upi_model_basis(m, e) == b ? v * m->coef[e][j] : 0;
        }
    }
}

/* Orthonormal coordinates and collapsed coefficients of every cell. */
static up_status
cells_finish(up_model *m, up_error *err)
{
    up_status status = UP_OK;
    struct upi_cov *cov = m->cov;
    int64_t w = cov->width;
    int64_t px = m->x.p;
    int64_t pz = m->z.p;
    bool iv = m->design.iv;
    int64_t ny = m->moments->ny;
    UP_TRY(UP_NEW(&cov->fit, cov->n_cells * m->n_equations * w, err));
    UP_TRY(UP_NEW(&cov->x_map, cov->n_cells * w * px, err));
    UP_TRY(UP_NEW(&cov->z_map, cov->n_cells * w * pz, err));
    for (int64_t k = 0; k < cov->n_cells; k++) {
        double *x = cov->x_map + k * w * px;
        double *z = cov->z_map + k * w * pz;
        finish_cell(m, &m->z, k, cov->z_rinv, z);
        finish_cell(m, &m->x, k, cov->x_rinv, iv ? NULL : x);
        if (iv) {
            upi_gemm('N', 'N', px, w, pz, 1, cov->xz, px, z, pz, 0, x, px);
        }
        /* The outcome of a first stage is constant in a cell: it goes to the fit. */
        for (int64_t e = 2 * ny; e < m->n_equations && iv; e++) {
            cov->fit[(k * m->n_equations + e) * w] -=
                upi_term_value(m, &m->x, m->x.term[1 + e - 2 * ny], cov->first[k]);
        }
    }
out:
    return status;
}

/* UPI_MEAN: what varies within groups is in m2, not in the triangle. Without m2 (clusters) only
 * what involves a first stage, whose outcome is constant in a group, is known. */
static void
add_group_rss(const up_model *model, int64_t g, double *e)
{
    const up_moments *m = model->moments;
    struct upi_cov *cov = model->cov;
    double w = upi_group_weight(model, g);
    const double *mean = m->mean + g * m->ny;
    const double *m2 = m->m2 != NULL ? m->m2 + g * (m->ny * (m->ny + 1) / 2) : NULL;
    for (int64_t a = 0; a < model->n_equations; a++) {
        int64_t ya = upi_equation_outcome(model, a);
        e[a] = (ya >= 0 ? mean[ya] - cov->y_center[ya] : 0) -
               *upi_cell_fit(model, cov->cell[g], a);
        for (int64_t b = 0; b <= a; b++) {
            int64_t yb = upi_equation_outcome(model, b);
            double within = 0;
            if (ya >= 0 && yb >= 0) {
                int64_t at = ya < yb ? upi_packed(ya, yb) : upi_packed(yb, ya);
                within = m2 != NULL ? m2[at] : (double)NAN;
            }
            cov->rss[b + a * model->n_equations] +=
                w * (within + (double)m->n[g] * e[a] * e[b]);
        }
    }
}

static up_status
rss_from_groups(const up_model *model, up_error *err)
{
    up_status status = UP_OK;
    double *e = NULL;
    UP_TRY(UP_NEW(&e, model->n_equations, err));
    for (int64_t g = 0; g < model->moments->n_groups; g++) {
        add_group_rss(model, g, e);
    }
    upi_symmetrize(model->n_equations, model->cov->rss, model->n_equations);
out:
    upi_free(e);
    return status;
}

up_status
upi_solve_equations(up_model *model, up_error *err)
{
    up_status status = UP_OK;
    problem q = {0};
    struct upi_cov *cov = model->cov;
    UP_TRY(problem_new(&q, model, err));
    UP_TRY(upi_triangle_build(model, q.r, err));
    UP_TRY(model->design.iv ? solve_iv(&q, err) : solve_ols(&q, err));
    int64_t ne = model->n_equations;
    UP_TRY(UP_NEW(&cov->rss, ne * ne, err));
    UP_TRY(cells_finish(model, err));
    UP_TRY(model->moments->form == UPI_MEAN ? rss_from_groups(model, err)
                                            : rss_from_triangle(&q, err));
    for (int64_t e = 0; e < ne; e++) {
        int64_t df = model->moments->n_rows - upi_model_basis(model, e)->p;
        model->sigma2[e] = cov->rss[e + e * ne] / (double)df;
        /* `fit` keeps the centred outcomes; the coefficients are those of the user's. */
        int64_t outcome = upi_equation_outcome(model, e);
        if (outcome >= 0) {
            model->coef[e][0] += cov->y_center[outcome];
        }
    }
out:
    problem_free(&q);
    return status;
}
