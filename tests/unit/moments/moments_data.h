/* A small experiment with every role, and its moments computed the naive way. */
#ifndef MOMENTS_DATA_H
#define MOMENTS_DATA_H

#include "fake_source.h"
#include "moments/moments.h"

enum { DATA_ROWS = 1500, DATA_COLUMNS = 16 };

/* Columns arm, got, device, loyalty, spend, visits, household, street, week, p, w, sales,
 * clicks, views, fine, shopper. Rows may be changed before a source is made of them. */
typedef struct data {
    int64_t n;
    const char *arm[DATA_ROWS], *device[DATA_ROWS], *street[DATA_ROWS];
    int64_t loyalty[DATA_ROWS], household[DATA_ROWS], week[DATA_ROWS],
        shopper[DATA_ROWS];
    uint8_t got[DATA_ROWS], clicked[DATA_ROWS];
    double spend[DATA_ROWS], visits[DATA_ROWS], p[DATA_ROWS], w[DATA_ROWS];
    double sales[DATA_ROWS], clicks[DATA_ROWS], fine[DATA_ROWS];
    uint8_t no_device[DATA_ROWS];
    up_column columns[DATA_COLUMNS];
} data;

data *data_new(void);
void data_free(data *d);
/* Makes columns point to the rows from `first` on. */
up_source *data_source(data *d, int64_t first, int64_t n, const fake_options *options);

/* An experiment over a source: roles, then lists that end with NULL (or are NULL). */
typedef struct data_design {
    up_roles roles;
    const char *const *metrics, *const *covariates, *const *segments;
} data_design;
up_experiment *data_experiment(up_source *s, const data_design *design);

/* Holds m against the rows [first, first + n) of d: levels, groups, counts, means and second
 * moments to 1e-12, computed in long double. */
void data_check(const data *d, int64_t first, int64_t n, const up_moments *m);

/* The same bits in every array. */
void assert_same_moments(const up_moments *a, const up_moments *b);
/* The same groups and counts; means to rtol, second moments to rtol of their scale and the
 * rounding of the means. */
void assert_close_moments(const up_moments *a, const up_moments *b, double rtol);

#endif
