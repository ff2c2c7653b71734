/* The parts that effects are made of, shared by the files of this room.
 *
 *   cells      distinct combinations of the covariates that the model or the question uses:
 *              the finest pieces of the population; there are far fewer than groups
 *   set        some of the cells: a segment, in a period
 *   average    the mean of every base function of the model over a set, by row weight or by
 *              row weight times compliance
 *   target     another population: weights of the rows by which averages are those of it
 *   point      scale * (mean outcome of the average under an arm, in one equation)
 *   row        a sum of points: an effect; and another: its baseline
 *
 * Every effect is such a sum (or, for ratios, is linearised to one), so that the gradient in
 * the coefficients, the variance of the averages, and all covariances follow from one rule. */
#ifndef UPI_EFFECT_H
#define UPI_EFFECT_H

#include "effect/relative.h"
#include "effect/rule.h"
#include "fit/model.h"
#include "fit/posterior.h"

#include <upshot/effects.h>

/* Independent units (rows, or clusters of one way) over which averages vary. A unit is a list
 * of entries (cell, sum of weight (1, x) in the cell); equal units are kept once. */
typedef struct upi_spread {
    int64_t n_units;
    int64_t *start; /* (n_units + 1) */
    double *count;  /* (n_units) how many units look like this */
    int32_t *cell;  /* (entries) */
    double *u;      /* (entries * width) */
    bool plain;     /* unit i is cell i with u = 1 */
    bool target;    /* units of the target population; only n_units, count and sign */
    double sign;    /* in the sum over ways of clustering */
} upi_spread;

typedef struct upi_target upi_target;

typedef struct upi_population {
    const up_model *model;    /* borrowed */
    const upi_target *target; /* weighs the rows; borrowed, NULL = as they are */
    int64_t n, width;         /* width = 1 + nx */
    int64_t n_keys;
    int64_t *key;      /* (n_keys) keys of the moments that tell cells apart */
    int32_t *code;     /* (n * n_keys) */
    int64_t *group;    /* (n) a group of each cell */
    int32_t *of_group; /* (n_groups) cell of each group */
    int64_t n_arms;    /* levels of the assigned arm */
    int64_t *rows;     /* (n * n_arms) rows by assigned arm */
    double *arm_rows;  /* (n_arms) */
    double *s;         /* (n * width) sum of weight (1, x - center) */
    double *f; /* (n * width * width) sum of weight u u', or NULL (then width = 1) */
    int64_t *
        base_start; /* (n + 1) the base functions that are not 0 in a cell, without x */
    int32_t *base;
    double *value;
    int64_t *x_base; /* (nx) base function of each continuous covariate, -1 = none */
    upi_spread spread[4]; /* the last one in use may be that of the target */
    int n_ways;           /* spreads in use */
} upi_population;

/* use (n_keys of the moments): which keys tell cells apart. */
up_status upi_population_build(
    const up_model *m, const bool *use, upi_population **out, up_error *err);
void upi_population_free(upi_population *c);
/* Sums s and f again, with the weights of c->target. */
up_status upi_population_weigh(upi_population *c, up_error *err);
/* The weight of a row of the group, or with power 2 the mean of its square; u (width) becomes
 * the mean of (1, x - center) over the rows so weighted. */
double upi_group_row(const upi_population *c, int64_t group, int power, double *u);
/* by_base[j] = sum over cells of weight f_j phi; phi (cells * width). */
void upi_sum_by_base(const upi_population *p, const double *phi, double *by_base);
/* What turns the spread of x in a group into that of rows of weight 1: triangles of weighted
 * rows hold it weighted. */
double upi_row_scale(const up_model *m, int64_t group);
/* The units of each way of clustering; rows when there are no clusters. */
up_status upi_spread_build(upi_population *c, up_error *err);
void upi_spread_free(upi_spread *s);

typedef struct upi_subset {
    uint64_t *bits;     /* cells in it */
    char *segment;      /* its text, "" = everyone */
    const char *period; /* borrowed label, or "" */
    int64_t rows, clusters;
    double factor[4]; /* sqrt(N/(N-1)) by way, N units with rows in the set */
} upi_subset;

static inline bool
upi_subset_has(const upi_subset *s, int64_t cell)
{
    return (s->bits[cell >> 6] >> (cell & 63)) & 1;
}

enum { UPI_EVERYONE = -1, UPI_FEW_ROWS = 30 };

typedef struct upi_average {
    int64_t set;
    int64_t comply; /* treatment level whose compliance weighs the rows; UPI_EVERYONE */
    double total;   /* sum of the weights */
    double *fbar;   /* (n_base) */
} upi_average;

typedef struct upi_point {
    int64_t average, equation, level;
    double scale;
} upi_point;

typedef struct upi_points {
    const upi_point *p;
    int64_t n;
} upi_points;

/* Mean outcome in each cell at the centre of x: of the main terms, and of the terms of a level. */
typedef struct upi_prediction {
    double *cell; /* (n cells) NULL = all 0 */
    double *x;    /* (nx) slopes */
} upi_prediction;

/* The run of points from i on that share an average. */
static inline upi_points
upi_points_run(upi_points points, int64_t i)
{
    int64_t n = 1;
    while (i + n < points.n && points.p[i + n].average == points.p[i].average) {
        n++;
    }
    return (upi_points){points.p + i, n};
}

typedef struct upi_row {
    up_effect value;
    int64_t effect, n_effect;     /* points */
    int64_t baseline, n_baseline; /* n_baseline 0 = no baseline */
    bool linear;                  /* the estimate is the value of its points */
    bool choice, unbounded; /* of the relative interval, see the notes of that name */
    bool difference;        /* of two segments */
    int64_t itt, n_itt; /* Anderson-Rubin: points of the reduced form; n_itt 0 = none */
    int64_t stage, n_stage; /* and of the first stage */
    /* What conclusions rest on: the effect and its baseline, and the reduced form and the
     * first stage; crit and sides are set for each use. */
    upi_relative_in numbers, ratio;
    upi_look at;
} upi_row;

/* A set of values of an effect: its shape as in up_effect.ci_shape. */
typedef struct upi_range {
    int64_t shape;
    double low, high;
} upi_range;

struct up_effects {
    const up_model *model; /* borrowed */
    up_effect_opts opts;   /* resolved; its pointers are not kept */
    upi_rule rule;
    upi_estimand estimand;
    char estimand_text[256];
    bool comply;                  /* averages are weighted by compliance */
    bool treated_only;            /* averages over the rows of the arm */
    int64_t n_extrapolated;       /* effects that the data do not determine */
    const upi_term *extrapolated; /* a column that the first of them lacks */
    bool averaged;           /* the variance of averages is part of a standard error */
    double least_compliance; /* of the cells, where it was looked at; else NaN */
    int64_t key, control;    /* key and control level of the arms compared */
    int64_t shift;           /* equation of component c is shift + c */
    upi_population *cells;
    upi_target *target;          /* NULL = the population of the experiment */
    struct upi_forward *forward; /* NULL = not carried forward */
    upi_subset *sets;
    int64_t n_sets, sets_capacity;
    upi_average *averages;
    int64_t n_averages, averages_capacity;
    upi_point *points;
    int64_t n_points, points_capacity;
    upi_row *rows;
    int64_t n_rows, block; /* rows of one metric and arm */
    char **texts;          /* owned texts of rows that are not those of a set */
    int64_t n_texts, texts_capacity;
    char **families; /* owned names */
    int64_t n_families, most_compared;
    double adjust_error; /* of max-t probabilities; else NaN */
    bool off_ratio; /* an estimate is not the ratio that its Anderson-Rubin set is of */
    double **compliance;        /* [level of the treatment] (cells * width), or NULL */
    upi_prediction *prediction; /* [equation * (n_levels + 1) + level + 1] */
    int64_t n_levels;           /* of the treatment and the instrument, the larger */
    int64_t n_small, small_set, small_arm,
        small_rows; /* arms in segments with few rows */
    const char *assumptions[16];
    int64_t n_assumptions;
    upi_notes notes;
};

/* ---- segments ---- */

typedef struct upi_condition {
    upi_expr *expr;
    int64_t n_keys, *key;           /* keys it uses */
    int64_t n_columns, *column_key; /* the schema it is bound to */
} upi_condition;
/* UP_E_EXPRESSION, UP_E_TYPE, UP_E_CONDITION, UP_E_POST_TREATMENT, UP_E_NEEDS_ROWS. */
up_status upi_condition_read(
    const up_model *m, const char *text, upi_condition *out, up_error *err);
void upi_condition_free(upi_condition *c);
/* The refusal of a name that may not stand in the condition `text`. */
up_status upi_condition_refuse(
    const up_model *m, const char *text, const char *name, up_error *err);
/* UP_E_CONDITION when the key is a segment on a column that the model does not know. */
up_status upi_condition_refuse_foreign(
    const up_model *m, const char *text, int64_t key, up_error *err);
/* hit[i] = 1 where the condition is true in cell i, else 0. */
up_status upi_condition_test(
    upi_condition *c, const upi_population *p, uint8_t *hit, up_error *err);

/* What is asked for, resolved against the model. */
typedef struct upi_question {
    upi_condition *where; /* (opts.n_where) */
    int64_t n_where;
    int64_t by;        /* key, -1 = none */
    int64_t n_periods; /* 1 without over_time */
    int64_t *period;   /* (n_periods) level of the time key */
    int64_t *arm;      /* (n_arms) levels compared with `against` */
    int64_t n_arms, against;
    int64_t *metric; /* (n_metrics) */
    int64_t n_metrics;
    int64_t n_levels;   /* of `by`, those that are asked for; 1 without */
    int64_t *level;     /* (n_levels) their codes */
    int64_t *place;     /* (levels of the key) their index, -1 = left out */
    int64_t n_segments; /* max(1, n_where) * n_levels */
    bool *use;          /* (n_keys) keys that the model or the question uses */
} upi_question;
up_status upi_question_read(up_effects *e, upi_question *q, up_error *err);
void upi_question_free(upi_question *q);
/* Fills e->sets: [segment * n_periods + period], without the levels of `by` that lack rows in an
 * arm compared; with treated_only one more block of this
 * shape for each level of the arm, of the rows in that arm. */
up_status upi_sets_build(up_effects *e, upi_question *q, up_error *err);
/* Is the assigned arm needed for what is compared? Under noncompliance all of them are. */
bool upi_arm_needed(const up_effects *e, const upi_question *q, int64_t arm);

/* ---- averages and gradients ---- */

up_status upi_average_add(
    up_effects *e, int64_t set, int64_t comply, int64_t *index, up_error *err);
/* The compliance of a cell with `level` of the treatment: sum over instrument levels of share
 * * (first stage under it - under control), as a linear function of u (width). */
up_status upi_compliance_need(up_effects *e, int64_t level, up_error *err);
static inline const double *
upi_cell_compliance(const up_effects *e, int64_t level, int64_t cell)
{
    return e->compliance[level] + cell * e->cells->width;
}
/* True when the treatment effect of `level` differs between rows of the model. */
bool upi_model_varies(const up_model *m, int64_t level);
/* UP_E_ESTIMAND when some cell of the sets does not comply with one of the n levels; the least
 * compliance to *least. */
up_status upi_compliance_check(
    up_effects *e, const int64_t *level, int64_t n, double *least, up_error *err);
/* UP_E_ESTIMAND when an average weighted by compliance rests on no compliers. */
up_status upi_late_check(
    const up_effects *e, const upi_average *a, double population, up_error *err);
up_status upi_predictions_need(up_effects *e, int64_t equation, up_error *err);
static inline const upi_prediction *
upi_prediction_of(const up_effects *e, int64_t equation, int64_t level)
{
    return &e->prediction[equation * (e->n_levels + 1) + level + 1];
}

/* Gradient of a sum of points in the coefficients, equation by equation. */
enum { UPI_GRADIENT_EQUATIONS = 8 };
typedef struct upi_gradient {
    int64_t n;
    int64_t equation[UPI_GRADIENT_EQUATIONS];
    double *l[UPI_GRADIENT_EQUATIONS];        /* (p_max) */
    int64_t *nonzero[UPI_GRADIENT_EQUATIONS]; /* (p_max) */
    int64_t n_nonzero[UPI_GRADIENT_EQUATIONS];
    double *psi;     /* (cells * width) scratch of the functional on cells */
    double *by_base; /* (n_base) scratch */
    double *store;
    int64_t *index;
    int64_t p_max;
} upi_gradient;
up_status upi_gradient_make(const up_effects *e, upi_gradient *g, up_error *err);
void upi_gradient_release(upi_gradient *g);
void upi_gradient_fill(const up_effects *e, upi_points points, upi_gradient *g);
/* sum over outcome equations of l'coef: the value of the sum of points. */
double upi_gradient_value(const up_effects *e, const upi_gradient *g);
/* A column left out of the model on which the sum of points, whose gradient is g, depends; NULL
 * = the sum is determined by the data. */
const upi_term *upi_gradient_extrapolates(
    const up_effects *e, upi_points points, const upi_gradient *g);
double upi_gradient_cov(
    const up_effects *e, const upi_gradient *a, const upi_gradient *b);
double upi_gradient_df(const up_effects *e, const upi_gradient *g);
/* Adds the derivative through the compliance weights of an average whose functional is phi. */
void upi_late_gradient(
    const up_effects *e, const upi_average *a, const double *phi, upi_gradient *g);
/* Turns phi (cells * width) into the compliance-weighted functional, in place. */
void upi_late_weigh(const up_effects *e, const upi_average *a, double *phi);
/* The vector of equation `equation` in the gradient, made when absent. */
double *upi_gradient_slot(const up_effects *e, upi_gradient *g, int64_t equation);

/* ---- influence of units on the averages ---- */

/* Doubles of the scratch phi that upi_influence() works in. */
int64_t upi_functional_size(const up_effects *e);
/* phi of points that share one average: on each of its cells, what a row there adds to the
 * mean as a linear function of u, minus the mean itself; 0 on other cells. */
void upi_functional(const up_effects *e, upi_points points, double *phi);
/* The influence of each unit of way w on the averages in a sum of points; phi is scratch. */
void upi_influence(
    const up_effects *e, upi_points points, int way, double *phi, double *psi);

/* Variances and covariance from the averages of an effect and its baseline. */
typedef struct upi_extra {
    double v, vm, c;
} upi_extra;
/* Scratch that upi_extra_of() works in. */
typedef struct upi_averaging {
    double *phi, *effect, *baseline;
    int32_t *cell; /* cells of the set used last */
    int64_t n_cells, set;
} upi_averaging;
up_status upi_averaging_make(const up_effects *e, upi_averaging *a, up_error *err);
void upi_averaging_release(upi_averaging *a);
/* mean: the values of the two sums of points. */
void upi_extra_of(const up_effects *e, upi_points effect, upi_points baseline,
    const double mean[2], upi_averaging *a, upi_extra *out);

/* ---- metrics ---- */

/* One side of a comparison: the outcome under `level` over an average, with a sign. */
typedef struct upi_side {
    int64_t average, level;
    double sign;
} upi_side;
typedef struct upi_comparison {
    upi_side side[4];
    int64_t n_sides;
    upi_side base;
} upi_comparison;
/* Appends the points of a metric to e->points. Of a ratio metric, whose points are its linear
 * form, the value as well (else 0). g is scratch. */
up_status upi_metric_points(up_effects *e, const upi_metric *metric,
    const upi_side *side, int64_t n, upi_gradient *g, double *value, up_error *err);

/* Independent units of one way with rows in the set. */
int64_t upi_count_units(const upi_spread *s, const upi_subset *set);

/* ---- rows ---- */

up_status upi_rows_build(up_effects *e, const upi_question *q, up_error *err);
up_status upi_rows_infer(up_effects *e, up_error *err);
/* From the numbers of a row (value.estimate, value.std_error, numbers, at) to its interval,
 * p-value, e-value, relative effect, margin and decision, by the rule of e. */
up_status upi_row_conclude(up_effects *e, upi_row *row, up_error *err);
/* What the rule has to know of the relative effect of a row. */
upi_look upi_relative_look(const up_effects *e, const upi_row *row);
/* The interval of the effect with this critical value. */
upi_range upi_row_range(
    const up_effects *e, const upi_row *row, double crit, int64_t sides);
/* Covariances of the n rows listed, (n, n) column-major. */
up_status upi_rows_covariance(
    const up_effects *e, int64_t n, const int64_t *row, double *out, up_error *err);
upi_points upi_row_effect(const up_effects *e, const upi_row *r);
upi_points upi_row_baseline(const up_effects *e, const upi_row *r);
/* ---- margins ---- */

/* Puts the margins of the options on the rows that they speak of. */
up_status upi_margins_put(up_effects *e, up_error *err);
/* The p-value and the interval of a margin at level alpha; either may be NULL. */
up_status upi_margin_test(up_effects *e, const upi_row *row, double *p, up_error *err);
up_status upi_margin_range(
    up_effects *e, const upi_row *row, double alpha, upi_range *out, up_error *err);
/* The values that the margin's claim allows. */
void upi_margin_claim(const up_effect *v, double *low, double *high);
/* The decision when the margin's claim holds. */
int64_t upi_margin_decision(const up_effect *v);

/* ---- Anderson-Rubin ---- */

/* UP_E_ESTIMAND or UP_E_ARGUMENT where the set does not exist for what is asked. */
up_status upi_anderson_rubin_check(
    const up_effects *e, const upi_question *q, bool projected, up_error *err);
/* The points of the reduced form and of the first stage in an average over everyone. */
up_status upi_anderson_rubin_points(up_effects *e, const upi_metric *metric,
    int64_t average, int64_t arm, upi_row *row, up_error *err);

/* ---- adjustment ---- */

/* Comparisons of a family that max-t takes. */
enum { UPI_MOST_MAX_T = 128 };

/* Adjusts the rows for one another within families, as the options ask. */
up_status upi_effects_adjust(up_effects *e, const upi_question *q, up_error *err);
/* Families of the rows: family[i] is an index into e->families, -1 = not adjusted. */
up_status upi_families_read(
    up_effects *e, const upi_question *q, int64_t *family, up_error *err);

/* ---- peeking ---- */

/* UP_E_PEEK before the planned size, of which 0 says nothing; a note where it is accepted. For
 * what holds for one look, at a size fixed in advance. */
up_status upi_peek_check(const up_model *model, double planned, bool accept,
    upi_notes *notes, up_error *err);

/* Estimand in words, assumptions, notes. */
up_status upi_effects_describe(up_effects *e, up_error *err);

#endif
