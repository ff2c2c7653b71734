/* Moments of a small CSV file, grouped the naive way: fixtures for the rooms after moments/.
 * Everything is done row by row in the plainest form, so that it can serve as a reference. */
#ifndef CSV_MOMENTS_H
#define CSV_MOMENTS_H

#include "moments/moments.h"

typedef struct csv_key {
    const char *column;
    upi_key_role role;
    bool factor; /* UPI_KEY_COVARIATE: categorical (text always is) */
} csv_key;

/* Column names; lists end with NULL (or with a key without column). Rows with an empty cell
 * in a used column are left out. */
typedef struct csv_spec {
    const char *path;
    const char *text;     /* instead of path: the file itself */
    const csv_key *keys;  /* covariates and segments are numbered in this order */
    const char *const *x; /* continuous covariates (UPI_TRI, UPI_GRAM) */
    const char *const *y; /* metric components; each is a metric of its own name too */
    const char *cluster, *cluster2;
    upi_form form;
    const char *control;        /* label of the control arm, or NULL */
    const char *row_weight;     /* UPI_TRI: continuous row weight (row_weighted) */
    const char *row_propensity; /* UPI_TRI: divides the row weight */
    int64_t repeat;             /* every row counts this many times; 0 = 1 */
    const double *scale;        /* (ny) factors of y; NULL = 1 */
} csv_spec;

typedef struct csv_fixture {
    up_moments *m;
    int64_t n;      /* rows used */
    int64_t *group; /* (n) */
    double *v;      /* (n * (nx+ny)) row-major */
    double *weight; /* (n) row weight, or NULL */
} csv_fixture;

/* Fails the test when the file or a column is not there. */
csv_fixture *csv_moments_new(const csv_spec *spec);
void csv_moments_free(csv_fixture *f);

/* As upi_moments_visit_rows, over the rows of the fixture (ctx), in ranges of 64 rows. */
up_status csv_moments_visit(void *ctx, const up_moments *m, const upi_row_visitor *v,
    const up_run *run, up_error *err);

/* A CSV file as text cells. */
typedef struct csv_table {
    int64_t n_rows, n_columns;
    char **name; /* (n_columns) */
    char **cell; /* (n_rows * n_columns) row-major */
    char *text;
} csv_table;
csv_table *csv_table_read(const char *path);
csv_table *csv_table_parse(const char *text);
int64_t csv_table_column(
    const csv_table *t, const char *name); /* fails the test when absent */
void csv_table_free(csv_table *t);

#endif
