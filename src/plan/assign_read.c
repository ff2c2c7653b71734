/* Reads the units of a source: identifiers, clusters, strata, covariates. One worker reads, so that
 * rows come in their order and the order of the answer is theirs. A unit twice is refused: it
 * would be assigned once and counted twice. */
#include "design/build.h"
#include "engine/source.h"
#include "plan/assignment.h"

#include <math.h>
#include <string.h>

enum { MOST_COLUMNS = 64 };

typedef struct reader {
    up_assignment *a;
    const up_assign_opts *o;
    upi_variable column[MOST_COLUMNS]; /* unit, cluster, strata, covariates */
    int64_t n_columns, cluster, strata, covariates; /* where each begins; -1 = none */
    int64_t row;
    upi_text key; /* strata of a row, one text */
    double *sum;  /* (p, clusters) covariates summed, where there are clusters */
    int64_t *members;
    int64_t sum_capacity, members_capacity;
} reader;

static up_status
missing(const reader *r, int64_t column, up_error *err)
{
    const char *name = r->column[column].name;
    (void)upi_fail(err, UP_E_MISSING, name, "row %lld has no value of '%s'",
        (long long)r->row + 1, name);
    (void)upi_fix(err, "every unit to be assigned needs all that assignment goes by");
    return UP_E_MISSING;
}

static up_status
text_at(const reader *r, const upi_batch *b, int64_t column, int64_t i,
    const upi_str **s, up_error *err)
{
    const upi_column *c = &b->columns[column];
    if (!upi_valid(c, i)) {
        return missing(r, column, err);
    }
    *s = &((const upi_str *)c->data)[i];
    return UP_OK;
}

static up_status
read_unit(reader *r, const upi_batch *b, int64_t i, up_error *err)
{
    up_status status = UP_OK;
    const upi_str *s = NULL;
    int64_t index = 0;
    bool added = false;
    UP_TRY(text_at(r, b, 0, i, &s, err));
    UP_TRY(upi_ids_put(
        &r->a->units, upi_str_data(s), upi_str_length(s), &index, &added, err));
    if (!added) {
        (void)upi_fail(err, UP_E_UNIT, r->column[0].name,
            "unit '%s' stands in row %lld and again in row %lld",
            upi_ids_text(&r->a->units, index), (long long)index + 1,
            (long long)r->row + 1);
        status = upi_fix(err,
            "give one row per unit; where units have several rows, assign what --unit "
            "repeats as the cluster");
    }
out:
    return status;
}

/* The number of the stratum of row i. */
static up_status
read_stratum(reader *r, const upi_batch *b, int64_t i, int64_t *stratum, up_error *err)
{
    up_status status = UP_OK;
    bool added = false;
    upi_text_clear(&r->key);
    for (int64_t k = 0; k < r->o->n_strata; k++) {
        const upi_str *s = NULL;
        UP_TRY(text_at(r, b, r->strata + k, i, &s, err));
        if (k > 0) {
            upi_text_add_char(&r->key, '\x1f');
        }
        upi_text_add_n(&r->key, upi_str_data(s), upi_str_length(s));
    }
    if (r->key.failed) {
        status = upi_fail_memory(err, (size_t)r->key.capacity);
        goto out;
    }
    UP_TRY(upi_ids_put(&r->a->strata, r->key.s, r->key.length, stratum, &added, err));
out:
    return status;
}

static up_status
read_cluster(reader *r, const upi_batch *b, int64_t i, bool *added, up_error *err)
{
    up_status status = UP_OK;
    up_assignment *a = r->a;
    const upi_str *s = NULL;
    int64_t index = 0;
    UP_TRY(text_at(r, b, r->cluster, i, &s, err));
    UP_TRY(upi_ids_put(
        &a->clusters, upi_str_data(s), upi_str_length(s), &index, added, err));
    UP_TRY(UP_RESERVE(&a->cluster_of, &a->cluster_capacity, a->units.n, err));
    a->cluster_of[a->units.n - 1] = index;
out:
    return status;
}

static up_status
put_stratum(reader *r, int64_t stratum, bool added, up_error *err)
{
    up_status status = UP_OK;
    up_assignment *a = r->a;
    int64_t item = r->cluster >= 0 ? a->cluster_of[a->units.n - 1] : a->units.n - 1;
    if (r->cluster >= 0 && !added) {
        if (a->stratum_of[item] != stratum) {
            (void)upi_fail(err, UP_E_CLUSTER, r->column[r->strata].name,
                "cluster '%s' has units in two strata (row %lld)",
                upi_ids_text(&a->clusters, item), (long long)r->row + 1);
            status = upi_fix(err, "give strata that are the same for all of a cluster");
        }
        return status;
    }
    UP_TRY(UP_RESERVE(&a->stratum_of, &a->stratum_capacity, item + 1, err));
    a->stratum_of[item] = stratum;
out:
    return status;
}

static up_status
value_at(const reader *r, const upi_batch *b, int64_t column, int64_t i, double *x,
    up_error *err)
{
    const upi_column *c = &b->columns[column];
    if (!upi_valid(c, i)) {
        return missing(r, column, err);
    }
    *x = c->type == UPI_BOOL ? (double)((const uint8_t *)c->data)[i]
                             : ((const double *)c->data)[i];
    if (isnan(*x)) {
        return missing(r, column, err);
    }
    if (isinf(*x)) {
        return upi_fail(err, UP_E_NOT_FINITE, r->column[column].name,
            "row %lld of '%s' is infinite", (long long)r->row + 1,
            r->column[column].name);
    }
    return UP_OK;
}

/* Covariates of an item: the unit's, or the mean over the units of the cluster. */
static up_status
read_covariates(reader *r, const upi_batch *b, int64_t i, bool added, up_error *err)
{
    up_status status = UP_OK;
    up_assignment *a = r->a;
    bool clusters = r->cluster >= 0;
    int64_t item = clusters ? a->cluster_of[a->units.n - 1] : a->units.n - 1;
    UP_TRY(UP_RESERVE(&a->x, &a->x_capacity, (item + 1) * a->p, err));
    if (clusters) {
        UP_TRY(UP_RESERVE(&r->members, &r->members_capacity, item + 1, err));
        r->members[item] = added ? 1 : r->members[item] + 1;
    }
    for (int64_t j = 0; j < a->p; j++) {
        double x = 0;
        UP_TRY(value_at(r, b, r->covariates + j, i, &x, err));
        double *to = &a->x[item * a->p + j];
        *to = !clusters || added ? x : *to + (x - *to) / (double)r->members[item];
    }
out:
    return status;
}

static up_status
read_row(reader *r, const upi_batch *b, int64_t i, up_error *err)
{
    up_status status = UP_OK;
    bool added = true;
    int64_t stratum = 0;
    UP_TRY(read_unit(r, b, i, err));
    if (r->cluster >= 0) {
        UP_TRY(read_cluster(r, b, i, &added, err));
    }
    if (r->o->n_strata > 0) {
        UP_TRY(read_stratum(r, b, i, &stratum, err));
        UP_TRY(put_stratum(r, stratum, added, err));
    }
    if (r->a->p > 0) {
        UP_TRY(read_covariates(r, b, i, added, err));
    }
    r->row++;
out:
    return status;
}

static up_status
take_batch(void *ctx, int worker, int64_t range, const upi_batch *b, up_error *err)
{
    (void)worker;
    (void)range;
    up_status status = UP_OK;
    for (int64_t i = 0; i < b->n && status == UP_OK; i++) {
        status = read_row(ctx, b, i, err);
    }
    return status;
}

static up_status
begin(void *ctx, int n_workers, up_error *err)
{
    (void)ctx;
    (void)n_workers;
    (void)err;
    return UP_OK;
}

static up_status
range_end(void *ctx, int worker, int64_t range, up_error *err)
{
    (void)ctx;
    (void)worker;
    (void)range;
    (void)err;
    return UP_OK;
}

static up_status
add_column(
    reader *r, up_source *source, const char *field, const char *text, up_error *err)
{
    if (r->n_columns == MOST_COLUMNS) {
        return upi_fail(err, UP_E_ARGUMENT, field,
            "assignment goes by at most %d columns in all", MOST_COLUMNS);
    }
    const up_experiment e = {.source = source};
    return upi_variable_make(&e, field, text, &r->column[r->n_columns++], err);
}

static up_status
check_identifier(const upi_variable *v, const char *field, up_error *err)
{
    if (v->type == UPI_STR || v->type == UPI_I64) {
        return UP_OK;
    }
    (void)upi_fail(err, UP_E_TYPE, field,
        "'%s' is of type %s; an identifier is text or "
        "an integer",
        v->name, upi_type_name(v->type));
    return upi_fix(err, "name a column that tells units apart");
}

static up_status
add_columns(reader *r, up_source *source, up_error *err)
{
    up_status status = UP_OK;
    const up_assign_opts *o = r->o;
    UP_TRY(add_column(r, source, "unit", o->unit, err));
    UP_TRY(check_identifier(&r->column[0], "unit", err));
    r->cluster = o->cluster != NULL ? r->n_columns : -1;
    if (o->cluster != NULL) {
        UP_TRY(add_column(r, source, "cluster", o->cluster, err));
        UP_TRY(check_identifier(&r->column[r->cluster], "cluster", err));
    }
    r->strata = r->n_columns;
    for (int64_t k = 0; k < o->n_strata; k++) {
        UP_TRY(add_column(r, source, "strata", o->strata[k], err));
    }
    r->covariates = r->n_columns;
    for (int64_t k = 0; k < o->n_covariates; k++) {
        UP_TRY(add_column(r, source, "covariates", o->covariates[k], err));
        const upi_variable *v = &r->column[r->n_columns - 1];
        if (v->type != UPI_F64 && v->type != UPI_I64 && v->type != UPI_BOOL) {
            (void)upi_fail(err, UP_E_TYPE, "covariates",
                "'%s' is of type %s; balance goes by numbers and conditions", v->name,
                upi_type_name(v->type));
            status = upi_fix(
                err, "give it to --strata, or write a condition: %s = '...'", v->name);
            goto out;
        }
    }
    r->a->p = o->n_covariates;
out:
    return status;
}

static up_status
keep_names(reader *r, up_error *err)
{
    up_status status = UP_OK;
    const upi_variable *v = &r->column[0];
    bool bare = upi_expr_bare_column(v->expr) != NULL;
    r->a->unit_integer = v->type == UPI_I64;
    UP_TRY(upi_strdup_to(&r->a->unit_name, bare ? v->name : "unit", err));
    if (r->cluster >= 0) {
        v = &r->column[r->cluster];
        bare = upi_expr_bare_column(v->expr) != NULL;
        r->a->cluster_integer = v->type == UPI_I64;
        UP_TRY(upi_strdup_to(&r->a->cluster_name, bare ? v->name : "cluster", err));
    }
out:
    return status;
}

up_status
upi_assign_read(up_source *source, const up_assign_opts *o, const up_run *run,
    up_assignment *a, up_error *err)
{
    up_status status = UP_OK;
    reader r = {.a = a, .o = o, .cluster = -1};
    const upi_expr *columns[MOST_COLUMNS];
    int as[MOST_COLUMNS];
    up_run one;
    UP_TRY(add_columns(&r, source, err));
    UP_TRY(keep_names(&r, err));
    for (int64_t j = 0; j < r.n_columns; j++) {
        columns[j] = r.column[j].expr;
        as[j] = j < r.covariates              ? (int)UPI_STR
                : r.column[j].type == UPI_I64 ? (int)UPI_F64
                                              : -1;
    }
    UP_TRY(upi_run_read(&one, run, err));
    one.struct_size = sizeof one;
    one.threads = 1;
    upi_scan scan = {r.n_columns, columns, as, NULL};
    upi_sink sink = {&r, begin, take_batch, range_end};
    UP_TRY(upi_source_scan(source, &scan, &sink, &one, err));
    if (a->units.n == 0) {
        status = upi_fail(err, UP_E_EMPTY, NULL, "there are no units to assign");
    }
out:
    for (int64_t j = 0; j < r.n_columns; j++) {
        upi_variable_free(&r.column[j]);
    }
    upi_text_free(&r.key);
    upi_free(r.members);
    return status;
}
