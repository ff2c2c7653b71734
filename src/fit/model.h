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
    /* of up_fit_bayes(), see fit/posterior.h; NULL for a linear model */
    struct upi_posterior *posterior;
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

int64_t upi_basis_key(
    const up_model *m, const upi_basis *b); /* key of its indicators */

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

/* What the numbers v = (x, y) of a row are centred at: x at its base function's center (0 for one
 * that is not in the model), y at its mean. */
double upi_model_center(const up_model *model, int64_t column);
/* The rows that stand for group g: t (rows, 1+nx+ny) with leading dimension 1+nx+ny, such that
 * t't is the weighted Gram matrix of (1, x, y), x and y centred; t has room for 2 (1+nx+ny)^2.
 * Returns how many rows have a part in (1, x); with `all`, the rows of y alone follow and are
 * counted, where the moments hold second moments of y. */
int64_t upi_group_rows(const up_model *m, int64_t g, bool all, double *t);

/* ---- for rooms that stack scores of their own ---- */

bool upi_vcov_clustered(int64_t vcov);
const char *upi_vcov_name(int64_t vcov);
/* phi of the HC family as a function of the leverage; 0 where a row decides its own fit */
static inline double
upi_hc_factor(int64_t vcov, double leverage)
{
    double left = 1 - leverage;
    bool alone = left < 1e-10; /* its residual is rounding */
    double divisor = alone ? 1 : left;
    if (vcov != UP_VCOV_HC2 && vcov != UP_VCOV_HC3) {
        return 1;
    }
    double factor = vcov == UP_VCOV_HC2 ? 1 / divisor : 1 / (divisor * divisor);
    return alone ? 0 : factor;
}

/* Clusters of one way. */
typedef struct upi_clusters {
    int64_t n;
    int64_t *order;  /* (n_groups) groups by cluster */
    int64_t *start;  /* (n+1) into order */
    int64_t *sorted; /* (n) clusters by class; NULL until upi_clusters_sort() */
    int64_t largest; /* groups of the largest cluster */
} upi_clusters;

/* way 0 or 1, or 2 = the intersection of both */
up_status upi_clusters_build(
    const up_model *m, int way, upi_clusters *out, up_error *err);
void upi_clusters_free(upi_clusters *c);
/* (I - h)^power for symmetric h (n,n), into g; eigenvalues of I - h below 1e-10 give 0. */
up_status upi_adjustment(
    int64_t n, const double *h, double power, double *g, double *work, up_error *err);
double upi_adjustment_power(int64_t vcov); /* 0, -1/2, -1 */

#endif
