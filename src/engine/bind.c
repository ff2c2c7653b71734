/* Binds the expressions of a scan to the fields of a source. Only the fields that occur make
 * up the schema, so that a table of 10,000 columns costs no more than the columns used. */
#include "engine/scan.h"

typedef struct collector {
    const up_source *source;
    upi_bound_scan *out;
    int64_t capacity;
    uint8_t *taken; /* (n_fields) */
    up_error *err;
} collector;

static up_status
visit(void *ctx, const char *name)
{
    collector *c = ctx;
    int64_t index = -1;
    up_status status = UP_OK;
    UP_TRY(upi_source_require(c->source, name, &index, c->err));
    if (c->taken[index]) {
        goto out;
    }
    const upi_field *f = &c->source->fields[index];
    if (f->refused) {
        status = upi_fail(c->err, UP_E_TYPE, f->name,
            "column %s holds %s values, which cannot be used", f->name, f->native_type);
        goto out;
    }
    UP_TRY(UP_RESERVE(&c->out->used, &c->capacity, c->out->n_used + 1, c->err));
    c->out->used[c->out->n_used++] = index;
    c->taken[index] = 1;
out:
    return status;
}

static bool
converts(upi_type from, upi_type to)
{
    if (from == to || to == UPI_STR) {
        return true;
    }
    switch (to) {
    case UPI_F64:
    case UPI_I64:
        return true;
    case UPI_BOOL:
        return from == UPI_F64 || from == UPI_I64;
    case UPI_DATE:
        return from == UPI_TIME;
    case UPI_TIME:
        return from == UPI_DATE;
    default:
        return false;
    }
}

static up_status
bind_all(const up_source *s, const upi_scan *scan, upi_bound_scan *b, up_error *err)
{
    up_status status = UP_OK;
    const char **names = NULL;
    upi_type *types = NULL;
    UP_TRY(UP_NEW(&names, b->n_used, err));
    UP_TRY(UP_NEW(&types, b->n_used, err));
    for (int64_t i = 0; i < b->n_used; i++) {
        names[i] = s->fields[b->used[i]].name;
        types[i] = s->fields[b->used[i]].type;
    }
    upi_schema schema = {b->n_used, names, types};
    for (int64_t i = 0; i < b->n; i++) {
        UP_TRY(upi_expr_copy(scan->columns[i], &b->columns[i], err));
        UP_TRY(upi_expr_bind(b->columns[i], &schema, &b->natural[i], err));
        int wanted = scan->as != NULL ? scan->as[i] : -1;
        b->as[i] = wanted < 0 ? (int)b->natural[i] : wanted;
        if (!converts(b->natural[i], (upi_type)b->as[i])) {
            const char *name = upi_expr_bare_column(b->columns[i]);
            status =
                upi_fail(err, UP_E_TYPE, name, "%s is a %s and cannot be read as a %s",
                    name != NULL ? name : "an expression", upi_type_name(b->natural[i]),
                    upi_type_name((upi_type)b->as[i]));
            goto out;
        }
    }
    if (scan->filter != NULL) {
        upi_type type = UPI_BOOL;
        UP_TRY(upi_expr_copy(scan->filter, &b->filter, err));
        UP_TRY(upi_expr_bind(b->filter, &schema, &type, err));
        if (type != UPI_BOOL) {
            status = upi_fail(err, UP_E_TYPE, NULL,
                "the condition is a %s, not true or false", upi_type_name(type));
        }
    }
out:
    upi_free(names);
    upi_free(types);
    return status;
}

up_status
upi_bound_scan_make(
    const up_source *s, const upi_scan *scan, upi_bound_scan *out, up_error *err)
{
    up_status status = UP_OK;
    upi_bound_scan b = {.n = scan->n_columns};
    collector c = {.source = s, .out = &b, .err = err};
    UP_TRY(UP_NEW(&b.columns, b.n, err));
    UP_TRY(UP_NEW(&b.natural, b.n, err));
    UP_TRY(UP_NEW(&b.as, b.n, err));
    UP_TRY(UP_NEW(&c.taken, s->n_fields, err));
    for (int64_t i = 0; i < b.n; i++) {
        UP_TRY(upi_expr_columns(scan->columns[i], visit, &c));
    }
    if (scan->filter != NULL) {
        UP_TRY(upi_expr_columns(scan->filter, visit, &c));
    }
    UP_TRY(bind_all(s, scan, &b, err));
    *out = b;
    memset(&b, 0, sizeof b);
out:
    upi_free(c.taken);
    upi_bound_scan_free(&b);
    return status;
}

void
upi_bound_scan_free(upi_bound_scan *b)
{
    for (int64_t i = 0; b->columns != NULL && i < b->n; i++) {
        upi_expr_free(b->columns[i]);
    }
    upi_free(b->columns);
    upi_free(b->natural);
    upi_free(b->as);
    upi_expr_free(b->filter);
    upi_free(b->used);
    memset(b, 0, sizeof *b);
}
