/* A target population: weights of the rows of an experiment under which the covariates are
 * distributed as they are elsewhere. docs/projection.md has the equations.
 *
 * The constraints are means of base functions of the model. A row with base functions c has
 * the weight exp(lambda'c); within a record, continuous covariates are taken as normal, so
 * that the weighted record is normal with its mean moved by S lambda and the same S. Known
 * shares of cells need no lambda: there the strata of cells have their weights directly. */
#ifndef UPI_TARGET_H
#define UPI_TARGET_H

#include "effect/effect.h"

#include <upshot/project.h>

/* up_infer_effect() and up_project(): project = NULL or checked options. */
up_status upi_effects_make(const up_model *model, const up_effect_opts *opts,
    const up_project_opts *project, up_effects **out, up_error *err);
bool upi_project_has_target(const up_project_opts *o);

/* What was asked for, resolved against the model. */
typedef struct upi_wish {
    double **share; /* [key] (levels), or NULL; adds up to 1 */
    double *mean;   /* (n_base) from the centre; NaN = nothing is said */
    int64_t n_shares, n_means;
} upi_wish;
up_status upi_wish_read(
    const up_model *m, const up_project_opts *o, upi_wish *w, up_error *err);
void upi_wish_free(const up_model *m, upi_wish *w);

/* The covariates of another population in terms of the base functions of the model. */
typedef struct upi_census {
    const up_moments *m; /* borrowed */
    int64_t n;           /* records */
    double total;        /* rows */
    int64_t *key;    /* [base] key of m, -1 = it is continuous there, -2 = not needed */
    int64_t *x;      /* [base] continuous covariate of m */
    int32_t **level; /* [key of the model] (levels of m) level of the model */
    int64_t *from;   /* [key of the model] key of m, -1 = none */
} upi_census;
/* UP_E_SUPPORT when it has a level that the experiment does not have; UP_E_COLUMN when it lacks
 * a covariate. */
up_status upi_census_make(
    const up_model *model, const up_moments *m, upi_census *c, up_error *err);
void upi_census_free(const up_model *model, upi_census *c);
/* Matches the levels of a key of the model, each of which must be known to the experiment. */
up_status upi_census_levels(
    const up_model *model, int64_t key, upi_census *c, up_error *err);
/* The mean of base function j over the rows of record g. */
double upi_census_base(
    const up_model *model, const upi_census *c, int64_t j, int64_t g);
/* Within record g: sum of centred products of base functions i and j, 0 but for continuous. */
double upi_census_cross(const upi_census *c, int64_t i, int64_t j, int64_t g);

struct upi_target {
    int64_t method;
    int64_t size; /* units behind the target; 0 = known exactly */
    bool sampled;
    int64_t r;       /* constraints; the first is the intercept */
    int64_t *base;   /* (r) their base functions */
    int64_t *column; /* (n_base) the constraint of a base function, -1 = none */
    double *mean;    /* (r) in the target */
    double *lambda;  /* (r) */
    bool dense;      /* a continuous covariate is constrained */
    double *slope;   /* (nx) lambda of the continuous covariates */
    double *weight;  /* (cells) of a row at the centre of x; 0 = not in the target */
    double *inverse; /* (r, r) of what the derivative of lambda is solved from */
    double *damp;    /* (cells) odds: p / weight of a row; else NULL */
    double offset;   /* odds: sum of the weights of rows without the target */
    int64_t n_strata;
    int64_t *stratum; /* (cells) known shares: the stratum of each cell, -1 = none */
    double *share;    /* (n_strata) */
    double *root;     /* (r, r) root'root = covariance of the sums over the target */
    int64_t n_units;  /* units of the target: rows of root, or strata, or clusters */
    double *count;    /* (n_units) */
    int64_t *start;   /* (n_units + 1) known shares: their entries */
    int64_t *entry;
    double *value;
    double total; /* sum of the weights of rows */
    double effective, largest;
    int64_t rows_used;
    up_target_row *table;
    int64_t n_table;
};

/* Weighs the population of e->cells. */
up_status upi_target_make(up_effects *e, const upi_question *q,
    const up_project_opts *o, upi_target **out, up_error *err);
void upi_target_free(upi_target *t);

/* Solves for lambda, so that the weighted means are those of the target. UP_E_SUPPORT when no
 * weights give them. The cells are weighted after it. */
up_status upi_tilt_solve(upi_population *p, upi_target *t, up_error *err);
/* The same by logistic regression: rows of the experiment against records of the target. */
up_status upi_odds_solve(
    upi_population *p, upi_target *t, const upi_census *c, up_error *err);
/* h (r, r) = sum over cells of weight c c'; first (r) = its first column. scale (cells)
 * multiplies the weight of each, or NULL. */
void upi_tilt_second(
    const upi_population *p, const upi_target *t, const double *scale, double *h);
/* Pseudo-inverse of a symmetric matrix, by eigenvalues of it scaled to a unit diagonal. */
up_status upi_pseudo_inverse(int64_t n, const double *h, double *out, up_error *err);

/* The factor of the weight of the rows of a group, or of the mean of its square (power 2); moves
 * the mean of x in u. */
double upi_target_weigh(
    const upi_target *t, const upi_population *p, int64_t group, int power, double *u);
/* The multiplier of a constraint in the cell is added up: sum_j slope_j c_j. */
double upi_target_linear(
    const upi_target *t, const upi_population *p, int64_t cell, const double *slope);
/* Doubles that upi_target_adjust() works in. */
int64_t upi_target_slopes(const up_effects *e);
/* Takes from the functional phi (cells * width) what rows do through the weights, and puts
 * into slope how the sum over the target enters. */
void upi_target_adjust(const up_effects *e, double *phi, double *slope);
/* psi (n_units) += scale times the influence of the units of the target. */
void upi_target_influence(
    const upi_target *t, const double *slope, double scale, double *psi);

/* ---- forward ---- */

typedef struct upi_forward {
    up_forward_fit *fit;
    int64_t n_fits;
    int64_t rule, horizon, n_periods;
    char **label; /* (horizon) "+1", ... */
} upi_forward;
/* Replaces the rows, one for each observed period, by those of the periods to come. */
up_status upi_forward_make(
    up_effects *e, const up_project_opts *o, bool cumulative, up_error *err);
void upi_forward_nothing(up_forward_fit *f); /* all NaN and "" */
void upi_forward_free(upi_forward *f);
const char *upi_forward_assumption(const upi_forward *f);

#endif
