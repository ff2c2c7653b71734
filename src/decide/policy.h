/* A policy as the files of this room see it. With arms 0..K-1 and M = K - 1, the reward of arm
 * m + 1 over arm 0 in a context with features f (d) is f'mean[m] with covariance
 * f'V[m,l]f. Arm 0 is the control where the policy may play it. */
#ifndef UPI_POLICY_H
#define UPI_POLICY_H

#include "base/base.h"

#include <upshot/policy.h>

enum {
    UPI_POLICY_ARMS = 32,
    UPI_POLICY_INPUTS = 64,
    UPI_POLICY_PARAMETERS = 1024, /* (K - 1) d */
    UPI_POLICY_TABLE = 65536,     /* contexts */
    UPI_POLICY_DRAWS = 65536
};

typedef struct upi_policy_input {
    char *name;
    char **label; /* (n_levels); none for a number */
    int64_t n_levels;
    bool missing;   /* may be missing */
    int64_t *level; /* (n_levels) feature of the level, -1 = the first level */
    int64_t number; /* feature of the number, -1 = none */
    int64_t absent; /* feature of a missing value, -1 = none */
    double center;  /* taken off the number */
} upi_policy_input;

typedef enum upi_feature_kind {
    UPI_FEATURE_ONE,
    UPI_FEATURE_LEVEL,
    UPI_FEATURE_NUMBER,
    UPI_FEATURE_MISSING
} upi_feature_kind;
/* Feature 0 is the constant 1. */
typedef struct upi_feature {
    upi_feature_kind kind;
    int64_t input, level;
} upi_feature;

/* Points z (M, n) of a shifted lattice turned into normals, one row by dimension. */
typedef struct upi_lattice {
    int64_t n, dimensions;
    double *z;
    bool always; /* also where an exact value could be had */
} upi_lattice;

struct up_policy {
    int64_t algorithm, unknown, minimize, draws;
    double floor, beta, power;
    uint64_t seed, fingerprint;
    int64_t rows;
    bool itt;
    char *metric, *salt;
    char **arm;
    int64_t n_arms, n_contrasts;
    upi_policy_input *input;
    int64_t n_inputs;
    upi_feature *feature;
    int64_t n_features;
    double *mean;         /* (d, M) */
    double *covariance;   /* (M d, M d) */
    double *average;      /* (d) features of the average unit */
    uint8_t *unsupported; /* (d) 1 = some arm was not seen with this level */

    /* What follows from the above. */
    uint64_t salt_hash;
    double *
        by_features; /* (d (d + 1) / 2, M (M + 1) / 2) the covariance in another order */
    upi_lattice lattice;
    double *base;      /* (K) play probabilities of the average unit */
    int64_t n_table;   /* contexts in the table; 0 = no table */
    int64_t *stride;   /* (inputs) */
    double *table;     /* (n_table, K) row-major */
    bool *table_known; /* (n_table) */
    upi_notes notes;
};

/* A context as its features that are not 0. */
typedef struct upi_context {
    int64_t n, feature[UPI_POLICY_PARAMETERS];
    double value[UPI_POLICY_PARAMETERS];
} upi_context;

/* Fills in what follows from the numbers of a policy: lattice, base, table. */
up_status upi_policy_prepare(up_policy *p, up_error *err);

up_status upi_lattice_make(
    int64_t n, int64_t dimensions, uint64_t seed, upi_lattice *out, up_error *err);
void upi_lattice_free(upi_lattice *l);
/* The share of the points at which each of K = m + 1 arms wins. */
void upi_lattice_share(const upi_lattice *lattice, int64_t m, const double *mean,
    const double *covariance, double *probability);
/* The probability that each of K = m + 1 arms has the highest reward: arm 0 has reward 0, the
 * others are normal. Exact to rounding for 2 arms, to 1e-12 for 3 unless the lattice is to be
 * used always, else over the lattice. */
void upi_best_probabilities(const upi_lattice *lattice, int64_t m, const double *mean,
    const double *covariance, double *probability);

/* Of the rows: of their source and the filter; 0 = not known. */
uint64_t upi_policy_rows(const struct up_moments *m);
/* The number in [0,1) that decides for a unit. */
double upi_policy_uniform(uint64_t salt_hash, const char *unit);

/* The JSON of a policy with its checksum. */
void upi_policy_write(const up_policy *p, upi_text *to);
const char *upi_policy_algorithm_name(int64_t algorithm);

#endif
