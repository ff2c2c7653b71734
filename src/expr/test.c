/* A condition on one row of scalars: the row is laid out as a batch of one row, so that
 * there is one implementation of the language. */
#include "expr/scratch.h"

static up_status
make_row(upi_expr_scratch *s, int64_t n, up_error *err)
{
    up_status status = UP_OK;
    if (s->n_row >= n && s->row_bool != NULL) {
        return UP_OK;
    }
    s->n_row = 0;
    upi_free(s->row);
    upi_free(s->row_text);
    upi_free(s->row_i64);
    upi_free(s->row_f64);
    upi_free(s->row_bool);
    s->row = NULL;
    s->row_text = NULL;
    s->row_i64 = NULL;
    s->row_f64 = NULL;
    s->row_bool = NULL;
    UP_TRY(UP_NEW(&s->row, n, err));
    UP_TRY(UP_NEW(&s->row_text, n, err));
    UP_TRY(UP_NEW(&s->row_i64, n, err));
    UP_TRY(UP_NEW(&s->row_f64, n, err));
    UP_TRY(UP_NEW(&s->row_bool, n, err));
    s->n_row = n;
out:
    return status;
}

up_status
upi_expr_test(const upi_expr *e, const upi_scalar *row, upi_expr_scratch *scratch,
    int *result, up_error *err)
{
    UP_GUARD(err);
    static const uint64_t null_row;
    up_status status = UP_OK;
    upi_expr_scratch *s = scratch;
    upi_column value;
    UP_TRY(make_row(s, e->n_schema, err));
    for (int64_t i = 0; i < e->n_schema; i++) {
        const upi_scalar *x = &row[i];
        upi_column *c = &s->row[i];
        *c = (upi_column){.type = x->type, .validity = x->null ? &null_row : NULL};
        s->row_f64[i] = x->f64;
        s->row_i64[i] = x->i64;
        s->row_text[i] = x->text;
        s->row_bool[i] = x->i64 != 0;
        c->data = x->type == UPI_F64    ? (const void *)&s->row_f64[i]
                  : x->type == UPI_STR  ? (const void *)&s->row_text[i]
                  : x->type == UPI_BOOL ? (const void *)&s->row_bool[i]
                                        : (const void *)&s->row_i64[i];
    }
    const upi_batch batch = {.n = 1, .n_columns = e->n_schema, .columns = s->row};
    int type = e->nodes[e->root].type;
    if (type != UPI_BOOL && type != UPI_TYPE_NULL) {
        status = upi_fail(err, UP_E_TYPE, "expression",
            "a condition is needed, not a %s", upi_type_name((upi_type)type));
        goto out;
    }
    UP_TRY(upi_expr_eval(e, &batch, s, &value, err));
    if (value.type != UPI_BOOL || !upi_valid(&value, 0)) {
        *result = -1; /* a bare null has the type of a number */
    } else {
        *result = ((const uint8_t *)value.data)[0] != 0;
    }
out:
    return status;
}
