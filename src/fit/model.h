/* The fitted linear model as effect/ and check/ see it. */
#ifndef UPI_MODEL_H
#define UPI_MODEL_H

#include "design/identify.h"
#include "moments/moments.h"

#include <upshot/model.h>

/* A base function f_j of the covariates: the intercept, the indicator of a level, the number of
 * a key, or a continuous covariate. Numbers are centred at `center` (their mean); indicators
 * and the intercept have center 0. */
typedef enum upi_base_kind {
    UPI_BASE_ONE,
    UPI_BASE_LEVEL,
    UPI_BASE_NUMBER,
    UPI_BASE_X
} upi_base_kind;
typedef struct upi_base {
    upi_base_kind kind;
    int64_t key, level; /* UPI_BASE_LEVEL, UPI_BASE_NUMBER */
    int64_t x;          /* UPI_BASE_X: index into x */
    double center;
    char *name;
    bool time;       /* a level of the time key */
    bool interacted; /* times the arms too */
} upi_base;

/* A column of X (side D) or of Z (side Z): base function j, times the indicator that the
 * treatment (instrument) has `level`; level -1 = no indicator (main effect). */
typedef struct upi_term {
    int64_t base, level;
} upi_term;

/* Three families of equations share the groups:
 *   outcome      y_c = X b_c + e, two-stage least squares (OLS when !iv);     c < ny
 *   reduced form y_c = Z r_c + u, least squares;  only when iv                c < ny
 *   first stage  1{D = k} = Z pi_k + v, least squares; only when iv           k < n_treat - 1
 * Equation numbers: outcome c -> c; reduced form c -> ny + c; first stage k -> 2 ny + k. */
typedef struct upi_basis {
    int64_t p;         /* columns kept */
    upi_term *term;    /* (p) */
    char **name;       /* (p) */
    double *bread;     /* (p, p): (X^'W X^)^-1 or (Z'WZ)^-1 */
    int64_t n_dropped; /* columns that repeat the others */
    upi_term *dropped; /* (n_dropped) */
    double *
        combination; /* (p, n_dropped): dropped column j = kept columns times column j */
    double *dropped_size; /* (n_dropped): root mean square of each */
} upi_basis;

struct up_model {
    const up_moments *moments; /* borrowed */
    up_linear_opts opts;       /* resolved: vcov is never AUTO */
    upi_design design;
    int64_t treat_key, inst_key;         /* keys of D and Z (equal when !iv) */
    int64_t treat_control, inst_control; /* level of the control in each */
    upi_base *base;
    int64_t n_base;
    upi_basis x; /* regressors of the outcome equations */
    upi_basis z; /* instruments; p = 0 when !iv */
    int64_t n_equations;
    double **coef; /* [equation] (p of its basis) */
    double *share; /* (n_arms) share of each arm, for the propensity weights */
    double *
        sigma2; /* [equation] residual variance (weighted); NaN for groups of clusters, which
                         hold no second moments (first stages excepted) */
    int64_t n_rows,
        n_clusters[3];   /* rows; clusters of way 1, way 2, their intersection */
    double df_residual;  /* n - p, or G - 1 */
    struct upi_cov *cov; /* covariance machinery, see fit/fit.h */
    double
        first_stage_f; /* robust Wald F that all first-stage instrument columns are 0; NaN if !iv */
    upi_notes notes;
};

/* The key of what was randomised: the instrument where there is one, else the arm. Propensities
 * are those of its levels. */
static inline int64_t
upi_randomised_key(const up_moments *m)
{
    return m->instrument >= 0 ? m->instrument : m->arm;
}

static inline const upi_basis *
upi_model_basis(const up_model *m, int64_t equation)
{
    return equation < m->moments->ny ? &m->x : &m->z;
}

/* Covariance of two linear combinations l1'coef[e1] and l2'coef[e2] under the model's vcov. */
double upi_model_cov(
    const up_model *m, int64_t e1, const double *l1, int64_t e2, const double *l2);
/* The block Cov(coef[e1], coef[e2]), (p1, p2) column-major; owned by the model. */
const double *upi_model_block(const up_model *m, int64_t e1, int64_t e2);
/* Degrees of freedom for the combination l'coef[e]: Satterthwaite for CR2 (exact Bell-McCaffrey),
 * n - p for iid and HC, G - 1 for CR0, CR1, CR1S, CR3 (the smaller G with two ways). */
double upi_model_df(const up_model *m, int64_t e, const double *l);

/* True when sum_j l_j coef_j, with l over the kept and ld over the dropped columns of the basis of
 * equation e, is determined by the data: then it equals l'coef. False e.g. for the effect in a
 * segment where one arm has no rows. */
bool upi_model_estimable(
    const up_model *m, int64_t e, const double *l, const double *ld);
/* Value of a column (kept: term[j], or dropped[j]) in group g, up to the factor u: the column is
 * value * u[place], where u = (1, x - center). */
double upi_term_value(
    const up_model *m, const upi_basis *b, upi_term term, int64_t group);
int64_t upi_term_place(const up_model *m, upi_term term);

/* Value of base function j in group g for u = (1, x) averages: the mean of f_j over the rows of
 * the group (unweighted). */
double upi_base_mean(const up_model *m, int64_t j, int64_t group);
/* Mean of x_k over the rows of group g: over people, without propensities; and with the row
 * weights of the triangle. The two differ only where propensities differ by row. */
double upi_moments_x_mean(const up_moments *m, int64_t k, int64_t group);
double upi_moments_x_weighted_mean(const up_moments *m, int64_t k, int64_t group);
/* sum over rows of group g of (f_i - mean_f)(f_j - mean_f)' restricted to continuous x: the
 * within-group centred cross product of x_k and x_l. 0 when nx = 0. */
double upi_moments_x_cross(const up_moments *m, int64_t k, int64_t l, int64_t group);
/* Row weight of group g: analytic weight times share of arm / propensity (1 without either). */
double upi_group_weight(const up_model *m, int64_t group);
/* Averaging weight of group g: the analytic weight (1 without). */
double upi_group_population(const up_model *m, int64_t group);

#endif
