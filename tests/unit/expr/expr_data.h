/* A batch with every kind of value that has ever made two engines disagree, shared by the
 * tests of this room: nulls, NaN, infinities, both zeros, integers beyond 2^53, texts of 12
 * and 13 bytes, dates around new year. */
#ifndef EXPR_DATA_H
#define EXPR_DATA_H

#include "expr/expr.h"

enum { DATA_COLUMNS = 11 };

enum {
    DATA_X,
    DATA_Y,
    DATA_I,
    DATA_J,
    DATA_B,
    DATA_C,
    DATA_S,
    DATA_U,
    DATA_D,
    DATA_E,
    DATA_T
};

typedef struct data_table {
    int64_t n;
    double x[UPI_BATCH_ROWS], y[UPI_BATCH_ROWS];
    int64_t i[UPI_BATCH_ROWS], j[UPI_BATCH_ROWS];
    uint8_t b[UPI_BATCH_ROWS], c[UPI_BATCH_ROWS];
    upi_str s[UPI_BATCH_ROWS], u[UPI_BATCH_ROWS];
    int64_t d[UPI_BATCH_ROWS], e[UPI_BATCH_ROWS], t[UPI_BATCH_ROWS];
    uint64_t valid[DATA_COLUMNS][UPI_BATCH_ROWS / 64];
    upi_column columns[DATA_COLUMNS];
    upi_batch batch;
} data_table;

extern const upi_schema data_schema;

/* Numbers that look random and are the same everywhere. */
uint64_t data_random(uint64_t *state);
/* n rows; the first ones go through the special values. About one in seven is null. */
void data_fill(data_table *t, int64_t n, uint64_t seed);

#endif
