/* The columns of an experiment as numbers, and how they vary together. */
#ifndef UPI_SCATTER_H
#define UPI_SCATTER_H

#include "moments/moments.h"
#include "why/graph.h"

enum { UPI_SCATTER_BLOCKS = 1024, UPI_SCATTER_MOST = 64 };

/* What a column is; the order is that of time. */
typedef enum upi_column_class {
    UPI_COLUMN_COVARIATE,
    UPI_COLUMN_ARM, /* or the instrument */
    UPI_COLUMN_TREATED,
    UPI_COLUMN_METRIC
} upi_column_class;

typedef struct upi_scatter_column {
    char *name;
    upi_column_class class;
    int64_t key,
        level; /* a key: its number, or 1 where it has the level (level >= 0) */
    int64_t v; /* else a column of the moments, x before y; -1 = a key */
} upi_scatter_column;

typedef struct upi_scatter {
    int64_t d;
    upi_scatter_column *column;
    double *corr;     /* (d, d) */
    double n;         /* effective number of independent observations */
    int64_t clusters; /* 0 = rows are independent */
    bool weighted;
    double *center, *scale; /* (d) */
    int64_t n_blocks;       /* blocks with rows; 0 = none were asked for */
    double *
        block; /* n_blocks * (d+1)(d+2)/2: packed Gram of (1, centred and scaled columns) */
} upi_scatter;

/* only: the columns that are nodes of this graph; NULL = all. blocks: cut the rows into blocks
 * by their number, or by their cluster. UP_E_TYPE for a categorical covariate or a ratio;
 * UP_E_MISSING; UP_E_NO_VARIATION; UP_E_SINGULAR; UP_E_ARGUMENT (too many columns);
 * UP_E_NEEDS_ROWS. */
up_status upi_scatter_make(const up_moments *m, const up_graph *only, bool blocks,
    const up_run *run, upi_scatter *out, up_error *err);
/* Correlations of the sum of blocks, each as often as `times` says. False when a column is
 * constant or repeats others. */
bool upi_scatter_correlate(const upi_scatter *s, const int32_t *times, double *corr);
void upi_scatter_free(upi_scatter *s);

#endif
