/* What the files of mediation share. The order of work is the order of the parts below.
 *
 *   mechanism  what graph, roles and options make of a model: mediators in causal order, the
 *              columns that the regressions may use (the pool), the paths, the parameters
 *   system     one regression per mediator, one for the outcome and one for the total effect,
 *              over the groups of a segment
 *   scores     the joint covariance of the parameters of all systems
 *   rows       effects as functions of the parameters, with gradients and intervals
 *
 * docs/mediation.md has the equations. */
#ifndef UPI_MEDIATION_H
#define UPI_MEDIATION_H

#include "base/base.h"
#include "fit/model.h"

#include <upshot/mediate.h>

#include <complex.h>

/* ---- mechanism ---- */

/* A column of the pool: in group g it is 1{arm = level} (level >= 0) times base function `base`
 * (>= 0), times t[place] of the rows t = (1, x, y) of the group. */
typedef struct upi_pool_column {
    int64_t base, level, place;
} upi_pool_column;

/* m_k m_l in the equation of node j. */
typedef struct upi_product {
    int64_t j, k, l, component, column;
} upi_product;

typedef enum upi_param_kind {
    UPI_PARAM_ARM, /* effect of arm `level` in the equation, covariates at their means */
    UPI_PARAM_EDGE,     /* mediator k in it */
    UPI_PARAM_ARM_EDGE, /* their product */
    UPI_PARAM_PRODUCT,  /* product k of the mechanism's */
    UPI_PARAM_LEVEL /* its mean in the control arm where every mediator is at its center */
} upi_param_kind;
typedef struct upi_param {
    upi_param_kind kind;
    int64_t equation, level, k;
} upi_param;

/* The graph unrolled backwards from the outcome: an entry is a chain node -> ... -> outcome, whose
 * next link is `next` (-1 = it is the outcome). With an arrow from the arm it ends a path. */
typedef struct upi_chain {
    int64_t node, next, path; /* path -1 = none */
} upi_chain;

typedef struct upi_mechanism {
    const up_model *model; /* borrowed */
    const upi_basis *basis;
    int64_t key, n_levels; /* of the arm, and how many it has */
    char **label;          /* (n_levels) */
    int64_t against, n_arms, *arm;
    int64_t n;          /* mediators; node n is the outcome */
    char **name;        /* (n+1) */
    char *arm_name;     /* of its node */
    int64_t *component; /* (n+1) */
    bool *from_arm;     /* (n+1) */
    bool *edge;         /* edge[j*(n+1)+k]: k -> j */
    bool *arm_edge;     /* the same: the effect of k on j differs by arm */
    upi_product *product;
    int64_t n_products, product_capacity;
    bool interacted;
    double *center; /* (n+1) what mediators are centred at */

    upi_pool_column *column;
    int64_t n_columns, n_base; /* n_base: covariates and arms, in front */
    int64_t *arm_column;       /* (n_levels) of the arm alone; -1 = control */
    int64_t *node_column;      /* (n+1) */
    int64_t *arm_node_column;  /* (n * n_levels) -1 = none */

    upi_param *param;
    int64_t n_params;
    int64_t *arm_param;  /* ((n+2) * n_levels) -1 = zero; row n+1: the total effect */
    int64_t *edge_param; /* ((n+1)^2) */
    int64_t *arm_edge_param; /* ((n+1)^2 * n_levels) */
    int64_t *product_param;  /* (n_products) */
    int64_t *level_param;    /* (n+1) */

    upi_chain *chain;
    int64_t n_chains, chain_capacity;
    int64_t *path; /* (n_paths) chains, in order: short before long */
    int64_t n_paths;
    bool complete; /* no edge is missing */

    /* Nodes that lack an edge from the arm or an earlier node: each gets one more equation, with
     * all of them, which tells what the edges set to zero would be. Equation n + 2 + i. */
    int64_t *test_node;
    int64_t n_tests;
} upi_mechanism;

up_status upi_mechanism_make(const up_model *m, const up_graph *g,
    const up_mediate_opts *o, upi_mechanism *out, up_error *err);
void upi_mechanism_free(upi_mechanism *h);
/* chain.c: the paths; UP_E_MEDIATION when there are none or too many. */
up_status upi_chains_build(upi_mechanism *h, up_error *err);
/* interactions.c: reads the options into arm_edge and product. */
up_status upi_interactions_read(
    upi_mechanism *h, const up_mediate_opts *o, up_error *err);
/* The two names of "a:b" or "a:b -> y" (owned by the caller); *to NULL without arrow. */
up_status upi_interaction_split(
    const char *text, char **a, char **b, char **to, up_error *err);
void upi_mediated_path_text(const upi_mechanism *h, int64_t path, upi_text *out);
/* The node of this name; -1 = none. */
int64_t upi_mechanism_node(const upi_mechanism *h, const char *name);
/* The node of the arm in a graph: marked, or called as its column. UP_E_MEDIATION. */
up_status upi_graph_arm_node(
    const up_experiment *e, const up_graph *g, int64_t *node, up_error *err);
/* True when the experiment knows the name as covariate, strata or time. */
bool upi_is_covariate(const up_experiment *e, const char *name);

/* ---- system ---- */

typedef struct upi_equation {
    int64_t response; /* column of the pool */
    int64_t p, *column;
    double *r;    /* (p,p) */
    double *coef; /* (p) */
    double rss, tss;
    int64_t first, n_params; /* its parameters */
    double *influence;       /* (p, n_params): bread times selector */
    double *z;               /* (p, n_params): the same in orthonormal coordinates */
} upi_equation;

typedef struct upi_system {
    uint8_t *in; /* (n_groups) */
    int64_t rows, clusters;
    char *segment, *period;
    double *r;    /* (n_columns, n_columns) */
    double *mean; /* (n_columns) of base functions, over people; 0 for the others */
    upi_equation
        *equation; /* of the nodes, the total effect (n + 1), and tests of zero edges */
    int64_t n_equations;
    double *theta; /* (n_params) */
} upi_system;

/* value (n_columns): of every column in group g, up to t. */
void upi_pool_values(const upi_mechanism *h, int64_t g, double *value);
/* Row i of t (leading dimension ld) as a row of the pool. */
static inline void
upi_pool_row(
    const upi_mechanism *h, const double *value, const double *t, int64_t ld, double *u)
{
    for (int64_t c = 0; c < h->n_columns; c++) {
        u[c] = value[c] * t[h->column[c].place * ld];
    }
}
/* s->in, segment and period are given. UP_E_SINGULAR, UP_E_ARMS. */
up_status upi_system_build(const upi_mechanism *h, upi_system *s, up_error *err);
/* Coefficients and theta from s->r alone; used for every replicate of the bootstrap. */
up_status upi_system_solve(const upi_mechanism *h, upi_system *s, up_error *err);
void upi_system_free(upi_system *s);

/* ---- scores ---- */

/* Grams of blocks of rows or clusters, for the bootstrap: entry (block, system) is the packed
 * upper triangle of u'u. */
typedef struct upi_blocks_gram {
    int64_t n_blocks, packed;
    double *gram; /* (n_blocks * n_systems * packed); NULL = not wanted */
} upi_blocks_gram;

typedef struct upi_stack {
    const upi_mechanism *h;
    upi_system *system;
    int64_t n_systems;
    double *cov; /* (Q,Q), Q = n_systems * n_params */
    upi_blocks_gram blocks;
} upi_stack;

enum { UPI_MOST_BLOCKS = 2000 };

/* Fills s->cov, and s->blocks.gram where it is there. UP_E_NEEDS_ROWS. */
up_status upi_stack_scores(upi_stack *s, const up_run *run, up_error *err);
up_status upi_stack_clusters(upi_stack *s, const up_run *run, up_error *err);

/* ---- rows ---- */

typedef struct upi_mediated_row {
    up_mediated value;
    char *path;           /* owned */
    int64_t system, arm;  /* index into the mechanism's arms */
    double total;         /* weight of the total effect */
    double *paths;        /* (n_paths) weights of the paths, or NULL */
    int64_t param, other; /* of an edge: param less other; -1 = none */
    double *gradient;     /* (n_params); NULL for rows without covariance */
} upi_mediated_row;

struct up_mediation {
    up_mediate_opts opts; /* resolved; pointers are not kept */
    upi_mechanism h;      /* its model is not used after up_mediate_effect() */
    upi_stack stack;
    upi_mediated_row *rows;
    int64_t n_rows, capacity;
    int64_t n_missing; /* rows of edges that are set to zero */
    double df;
    bool overlap; /* segments overlap under an iid covariance */
    char *estimand;
    char **assumptions;
    int64_t n_assumptions, assumption_capacity;
    upi_notes notes;
};

/* Values of all paths of an arm (complex, so that an imaginary step gives derivatives). work
 * (n_chains). */
void upi_path_values(const upi_mechanism *h, int64_t order, int64_t arm,
    const double complex *theta, double complex *work, double complex *out);
up_status upi_mediated_rows(up_mediation *m, up_error *err);
up_status upi_mediated_infer(up_mediation *m, const up_run *run, up_error *err);
up_status upi_mediated_sensitivity(
    up_mediation *m, const up_mediate_opts *o, up_error *err);
/* Appends a row for the system and arm; *row is valid until the next. */
up_status upi_mediated_add(up_mediation *m, int64_t kind, int64_t system, int64_t arm,
    upi_mediated_row **row, up_error *err);
up_status upi_mediation_describe(up_mediation *m, const up_model *model, up_error *err);

#endif
