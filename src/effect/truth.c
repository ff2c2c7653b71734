/* Where a condition is true. It is evaluated once for each combination of the levels of the
 * keys it uses -- a small grid, whatever the number of cells -- and looked up for every cell;
 * only when the grid is larger than the table of cells are the cells themselves evaluated.
 * Null counts as not true, as in any filter. */
#include "effect/effect.h"
#include "expr/expr.h"

#include <string.h>

/* Rows to evaluate: combinations of the levels of the condition's keys. */
typedef struct grid {
    const upi_population *p;
    const upi_condition *c;
    int64_t n;
    int64_t
        *stride; /* (c->n_keys) of a key in the grid; NULL = the rows are the cells */
    int64_t *place; /* (c->n_keys) of a key among the keys of the cells */
} grid;

static int64_t
level_at(const grid *g, int64_t row, int64_t i)
{
    if (g->stride == NULL) {
        return g->p->code[row * g->p->n_keys + g->place[i]];
    }
    const upi_key *key = &g->p->model->moments->keys[g->c->key[i]];
    return row / g->stride[i] % key->n_levels;
}

static void
put_value(const upi_key *key, int64_t level, void *data, int64_t row)
{
    switch (key->type) {
    case UPI_F64:
        ((double *)data)[row] = key->number[level];
        break;
    case UPI_BOOL:
        ((uint8_t *)data)[row] = key->number[level] != 0;
        break;
    case UPI_STR:
        ((upi_str *)data)[row] =
            upi_str_make(key->label[level], (uint32_t)strlen(key->label[level]));
        break;
    default:
        ((int64_t *)data)[row] =
            key->integer != NULL ? key->integer[level] : (int64_t)key->number[level];
        break;
    }
}

/* Buffers of one batch: one column for each key in use. */
typedef struct buffers {
    int64_t rows;       /* that fit, a multiple of 64 */
    upi_column *column; /* (n_columns of the schema) */
    upi_str *data;      /* (n_keys * rows): the widest type */
    uint64_t *valid;    /* (n_keys * rows / 64) */
} buffers;

static void
fill_batch(const grid *g, int64_t first, int64_t n, buffers *b)
{
    const up_moments *m = g->p->model->moments;
    for (int64_t i = 0; i < g->c->n_keys; i++) {
        const upi_key *key = &m->keys[g->c->key[i]];
        void *data = b->data + i * b->rows;
        uint64_t *valid = b->valid + i * (b->rows / 64);
        memset(valid, 0, (size_t)b->rows / 8);
        for (int64_t r = 0; r < n; r++) {
            int64_t level = level_at(g, first + r, i);
            if (level == key->missing_level) {
                put_value(key, 0, data, r);
                continue;
            }
            put_value(key, level, data, r);
            valid[r >> 6] |= (uint64_t)1 << (r & 63);
        }
        for (int64_t j = 0; j < g->c->n_columns; j++) {
            if (g->c->column_key[j] == g->c->key[i]) {
                b->column[j] = (upi_column){key->type, data, valid};
            }
        }
    }
}

static up_status
evaluate(const grid *g, uint8_t *hit, up_error *err)
{
    up_status status = UP_OK;
    const up_moments *m = g->p->model->moments;
    buffers b = {
        .rows = g->n < UPI_BATCH_ROWS ? (g->n + 63) / 64 * 64 : UPI_BATCH_ROWS};
    upi_expr_scratch *scratch = NULL;
    UP_TRY(UP_NEW(&b.column, g->c->n_columns, err));
    UP_TRY(UP_NEW(&b.data, g->c->n_keys * b.rows, err));
    UP_TRY(UP_NEW(&b.valid, g->c->n_keys * (b.rows / 64), err));
    UP_TRY(upi_expr_scratch_make(g->c->expr, &scratch, err));
    for (int64_t j = 0; j < g->c->n_columns; j++) {
        b.column[j].type = m->keys[g->c->column_key[j]].type;
    }
    for (int64_t first = 0; first < g->n; first += UPI_BATCH_ROWS) {
        int64_t n = g->n - first < UPI_BATCH_ROWS ? g->n - first : UPI_BATCH_ROWS;
        fill_batch(g, first, n, &b);
        upi_batch batch = {n, g->c->n_columns, b.column};
        upi_column result = {0};
        UP_TRY(upi_expr_eval(g->c->expr, &batch, scratch, &result, err));
        const uint8_t *truth = result.data;
        for (int64_t r = 0; r < n; r++) {
            hit[first + r] = upi_valid(&result, r) && truth[r] != 0;
        }
    }
out:
    upi_free(b.column);
    upi_free(b.data);
    upi_free(b.valid);
    upi_expr_scratch_free(scratch);
    return status;
}

/* Strides of the grid, and its size; 0 when it would be larger than `most`. */
static int64_t
lay_out(const upi_condition *c, const up_moments *m, int64_t most, int64_t *stride)
{
    int64_t n = 1;
    for (int64_t i = 0; i < c->n_keys; i++) {
        stride[i] = n;
        n *= m->keys[c->key[i]].n_levels;
        if (n > most) {
            return 0;
        }
    }
    return n;
}

up_status
upi_condition_test(
    upi_condition *c, const upi_population *p, uint8_t *hit, up_error *err)
{
    up_status status = UP_OK;
    int64_t *stride = NULL;
    int64_t *place = NULL;
    uint8_t *truth = NULL;
    UP_TRY(UP_NEW(&stride, c->n_keys, err));
    UP_TRY(UP_NEW(&place, c->n_keys, err));
    for (int64_t i = 0; i < c->n_keys; i++) {
        while (p->key[place[i]] != c->key[i]) {
            place[i]++;
        }
    }
    grid g = {.p = p, .c = c, .place = place, .stride = stride};
    g.n = lay_out(c, p->model->moments, p->n, stride);
    if (g.n == 0) {
        g.stride = NULL;
        g.n = p->n;
        status = evaluate(&g, hit, err);
        goto out;
    }
    UP_TRY(UP_NEW(&truth, g.n, err));
    UP_TRY(evaluate(&g, truth, err));
    for (int64_t q = 0; q < p->n; q++) {
        int64_t row = 0;
        for (int64_t i = 0; i < c->n_keys; i++) {
            row += stride[i] * p->code[q * p->n_keys + place[i]];
        }
        hit[q] = truth[row];
    }
out:
    upi_free(stride);
    upi_free(place);
    upi_free(truth);
    return status;
}
