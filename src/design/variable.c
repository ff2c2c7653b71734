/* One named expression: parsed, bound to the columns of the source, named by its canonical
 * text. Equal trees have equal text, so that the text is what "the same column" means in this
 * room. User text never goes anywhere but through the parser. */
#include "design/build.h"

#include <string.h>

void
upi_variable_free(upi_variable *v)
{
    upi_free(v->name);
    upi_expr_free(v->expr);
    *v = (upi_variable){0};
}

bool
upi_variable_same(const upi_variable *a, const upi_variable *b)
{
    if (a->expr == NULL || b->expr == NULL) {
        return false;
    }
    /* A column may be called `a > 1`; it is not the expression. */
    bool bare_a = upi_expr_bare_column(a->expr) != NULL;
    bool bare_b = upi_expr_bare_column(b->expr) != NULL;
    return bare_a == bare_b && strcmp(a->name, b->name) == 0;
}

up_status
upi_variable_copy(const upi_variable *v, upi_variable *out, up_error *err)
{
    up_status status = UP_OK;
    upi_variable made = {.type = v->type};
    if (v->name != NULL) {
        UP_TRY(upi_strdup_to(&made.name, v->name, err));
    }
    if (v->expr != NULL) {
        UP_TRY(upi_expr_copy(v->expr, &made.expr, err));
    }
    *out = made;
    made = (upi_variable){0};
out:
    upi_variable_free(&made);
    return status;
}

/* Only the columns that occur make up the schema: a table may have thousands of others. */
static up_status
bind(const up_source *source, upi_expr *expr, upi_type *type, up_error *err)
{
    up_status status = UP_OK;
    upi_names used = {0};
    const char **names = NULL;
    upi_type *types = NULL;
    UP_TRY(upi_names_collect(&used, expr, err));
    UP_TRY(UP_NEW(&names, used.n, err));
    UP_TRY(UP_NEW(&types, used.n, err));
    for (int64_t i = 0; i < used.n; i++) {
        int64_t index = -1;
        UP_TRY(upi_source_require(source, used.items[i].s, &index, err));
        const upi_field *f = &source->fields[index];
        if (f->refused) {
            status = upi_fail(err, UP_E_TYPE, f->name,
                "column '%s' holds %s values, which cannot be used", f->name,
                f->native_type);
            goto out;
        }
        names[i] = f->name;
        types[i] = f->type;
    }
    upi_schema schema = {used.n, names, types};
    UP_TRY(upi_expr_bind(expr, &schema, type, err));
out:
    upi_names_free(&used);
    upi_free(names);
    upi_free(types);
    return status;
}

/* An expression does not know what it is for; the error does. A missing column stays the
 * field, because it is what has to be repaired. */
static void
name_field(up_error *err, const char *field)
{
    if (err->status == UP_E_EXPRESSION || err->status == UP_E_TYPE) {
        upi_line_copy(err->field, sizeof err->field, field);
    }
}

up_status
upi_variable_make(const up_experiment *e, const char *field, const char *text,
    upi_variable *out, up_error *err)
{
    up_status status = UP_OK;
    upi_variable made = {0};
    up_error own =
        UP_ERROR_INIT; /* a fix can only be added to an error that is there */
    err = err == NULL ? &own : err;
    UP_TRY(upi_expr_parse(text, &made.expr, err));
    if (e->source != NULL) {
        UP_TRY(bind(e->source, made.expr, &made.type, err));
    }
    const char *bare = upi_expr_bare_column(made.expr);
    UP_TRY(bare != NULL ? upi_strdup_to(&made.name, bare, err)
                        : upi_expr_text(made.expr, &made.name, err));
    *out = made;
    made = (upi_variable){0};
out:
    name_field(err, field);
    upi_variable_free(&made);
    return status;
}

bool
upi_names_has(const upi_names *names, const char *s)
{
    for (int64_t i = 0; i < names->n; i++) {
        if (strcmp(names->items[i].s, s) == 0) {
            return true;
        }
    }
    return false;
}

void
upi_names_free(upi_names *names)
{
    upi_free(names->items);
    *names = (upi_names){0};
}

typedef struct collector {
    upi_names *names;
    up_error *err;
} collector;

static up_status
collect(void *ctx, const char *name)
{
    collector *c = ctx;
    up_status status = UP_OK;
    if (!upi_names_has(c->names, name)) {
        UP_TRY(
            UP_RESERVE(&c->names->items, &c->names->capacity, c->names->n + 1, c->err));
        c->names->items[c->names->n++].s = name;
    }
out:
    return status;
}

up_status
upi_names_collect(upi_names *names, const upi_expr *e, up_error *err)
{
    collector c = {names, err};
    up_status status = upi_expr_columns(e, collect, &c);
    if (status != UP_OK && !upi_failed(err)) {
        /* The walk itself ran out of memory: it has no error to write to. */
        return upi_fail(err, status, NULL, "%s", up_status_text(status));
    }
    return status;
}

/* ---- which columns a variable is made of ---- */

typedef struct search {
    const char *name;
    bool found;
} search;

static up_status
compare_name(void *ctx, const char *name)
{
    search *s = ctx;
    s->found = s->found || strcmp(s->name, name) == 0;
    return UP_OK;
}

bool
upi_variable_uses(const upi_variable *v, const char *column)
{
    search s = {column, v->name != NULL && strcmp(v->name, column) == 0};
    if (v->expr != NULL && !s.found) {
        (void)upi_expr_columns(v->expr, compare_name, &s);
    }
    return s.found;
}

typedef struct foreign {
    const up_experiment *e;
    char *column; /* "" until one is found */
} foreign;

static up_status
note_foreign(void *ctx, const char *name)
{
    foreign *f = ctx;
    bool known = upi_variable_uses(&f->e->roles[UPI_ROLE_TIME], name);
    for (int64_t i = 0; i < f->e->n_covariates; i++) {
        known = known || upi_variable_uses(&f->e->covariates[i].v, name);
    }
    if (!known && f->column[0] == '\0') {
        upi_line_copy(f->column, UPI_NAME_CHARS, name);
    }
    return UP_OK;
}

bool
upi_experiment_foreign(
    const up_experiment *e, const upi_expr *condition, char column[UPI_NAME_CHARS])
{
    foreign f = {e, column};
    column[0] = '\0';
    (void)upi_expr_columns(condition, note_foreign, &f);
    return column[0] != '\0';
}

void
upi_explain_text(const up_experiment *e, const upi_variable *v, up_error *err)
{
    upi_odd_value odd;
    up_error more = UP_ERROR_INIT;
    if (err == NULL || e->source == NULL || e->source->ops == NULL ||
        v->type != UPI_STR || upi_expr_bare_column(v->expr) == NULL ||
        upi_source_odd_value(e->source, v->expr, &odd, NULL) != UP_OK) {
        return;
    }
    if (!odd.found && odd.numbers == 0) {
        (void)upi_fail(&more, err->status, err->field,
            "%s; it has no value in any of its %lld rows", err->message,
            (long long)odd.row);
        (void)upi_fix(&more, "choose another column; this one is empty");
    } else if (odd.found) {
        (void)upi_fail(&more, err->status, err->field,
            "%s; its first value that is not a number is '%s', in row %lld",
            err->message, odd.value, (long long)odd.row);
        if (odd.numbers > 0) {
            (void)upi_fix(&more, "correct the value, or leave it empty if it is "
                                 "missing (row 1 is the one "
                                 "below the header)");
        } else {
            (void)upi_fix(&more, "%s", err->fix);
        }
    } else {
        return;
    }
    *err = more;
}
