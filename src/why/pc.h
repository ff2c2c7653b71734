/* The PC algorithm on a correlation matrix. */
#ifndef UPI_PC_H
#define UPI_PC_H

#include "why/graph.h"

enum { UPI_PC_MOST = 64, UPI_PC_TESTS = 1000000 };

typedef struct upi_pc_in {
    int64_t d;             /* variables, at most UPI_PC_MOST */
    const double *corr;    /* (d, d), positive definite */
    double n;              /* effective number of independent observations */
    double alpha;          /* of each test */
    int64_t most;          /* largest conditioning set; -1 = no bound */
    bool conservative;     /* else by majority */
    const upi_set *never;  /* (d) nodes that i is never joined to */
    const upi_set *always; /* (d) nodes that every test of i is given: the other arms */
    const upi_set
        *after; /* (d) nodes that come after i in time: no arrow from them to i */
} upi_pc_in;

typedef struct upi_pc_out {
    upi_set near[UPI_PC_MOST]; /* joined, in whichever direction */
    upi_set to[UPI_PC_MOST];   /* i -> j */
    double p[UPI_PC_MOST *
             UPI_PC_MOST]; /* largest p-value of the tests of a pair; p[i * d + j] */
    int64_t tests;         /* at most UPI_PC_TESTS */
    bool cut;              /* more were wanted: larger sets were not tried */
    int64_t ambiguous; /* triples of which the data do not say whether arrows meet */
    int64_t
        conflicts; /* edges that two triples want in opposite directions; left open */
} upi_pc_out;

void upi_pc_run(const upi_pc_in *in, upi_pc_out *out);

/* Partial correlation of i and j given s from a correlation matrix (d, d); NaN when s
 * determines i or j. */
double upi_partial_correlation(
    int64_t d, const double *corr, int64_t i, int64_t j, const upi_set *s);
/* Two-sided p-value of no partial correlation, by Fisher's z: sqrt(n - k - 3) atanh(r). 1 when
 * there are too few observations. */
double upi_fisher_z_p(double r, double n, int64_t k);

#endif
