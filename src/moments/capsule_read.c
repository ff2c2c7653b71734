/* A Parquet file to moments. Nothing in the file is trusted: the description has its own
 * checksum and is checked by capsule_parse.c; the columns are held against it, codes against
 * the levels, the order of the groups against the canonical one, and the numbers against their
 * checksum. */
#include "moments/capsule_read.h"

#include "engine/write.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static up_status
make_arrays(upi_capsule_reader *r, up_error *err)
{
    up_status status = UP_OK;
    up_moments *m = r->m;
    int64_t nv = m->nx + m->ny, n = r->groups;
    UP_TRY(UP_NEW(&m->code, n * m->n_keys, err));
    for (int64_t w = 0; w < m->ways; w++) {
        UP_TRY(UP_NEW(&m->cluster[w], n, err));
    }
    UP_TRY(UP_NEW(&m->n, n, err));
    UP_TRY(UP_NEW(&m->mean, n * nv, err));
    if (m->form == UPI_TRI) {
        UP_TRY(UP_NEW(&m->tri, n * ((nv + 1) * (nv + 2) / 2), err));
    } else if (m->form == UPI_GRAM || m->ways == 0) {
        UP_TRY(UP_NEW(&m->m2, n * (nv * (nv + 1) / 2), err));
    }
    if (m->robust != NULL) {
        int64_t stride = upi_robust_stride(m->robust);
        if (n < 1 || stride > INT64_MAX / 8 / n) {
            status = upi_capsule_damaged(r, err, "robust", "is out of range");
            goto out;
        }
        UP_TRY(UP_NEW(&m->robust->k, n * stride, err));
    }
    m->n_groups = n;
out:
    return status;
}

static up_status
take_begin(void *ctx, int n_workers, up_error *err)
{
    (void)ctx;
    (void)n_workers;
    (void)err;
    return UP_OK;
}

/* Puts n values of one column from group r->next on. */
static up_status
take_column(const upi_capsule_reader *r, const upi_capsule_column *column,
    const upi_column *in, int64_t n, up_error *err)
{
    const int64_t *whole = in->data;
    const double *number = in->data;
    int64_t at = r->next * column->stride + column->offset;
    for (int64_t i = 0; i < n; i++, at += column->stride) {
        if (!upi_valid(in, i)) {
            return upi_capsule_damaged(r, err, column->name, "has a missing value");
        }
        if (column->number != NULL) {
            column->number[at] = number[i];
        } else if (column->id != NULL) {
            column->id[at] = (uint64_t)whole[i];
        } else if (column->count != NULL) {
            column->count[at] = whole[i];
        } else if (whole[i] < 0 || whole[i] >= r->m->keys[column->offset].n_levels) {
            return upi_capsule_damaged(r, err, column->name, "has a code out of range");
        } else {
            column->code[at] = (int32_t)whole[i];
        }
    }
    return UP_OK;
}

static up_status
take_batch(void *ctx, int worker, int64_t range, const upi_batch *b, up_error *err)
{
    (void)worker;
    up_status status = UP_OK;
    upi_capsule_reader *r = ctx;
    r->disordered = r->disordered || range < r->range;
    r->range = range;
    if (r->next + b->n > r->groups) {
        return upi_capsule_damaged(r, err, "groups", "is less than the file has rows");
    }
    for (int64_t c = 0; c < r->list.n; c++) {
        UP_TRY(take_column(r, &r->list.items[c], &b->columns[c], b->n, err));
    }
    r->next += b->n;
out:
    return status;
}

static up_status
take_range_end(void *ctx, int worker, int64_t range, up_error *err)
{
    (void)ctx;
    (void)worker;
    (void)range;
    (void)err;
    return UP_OK;
}

static up_status
check_columns(const upi_capsule_reader *r, const up_source *s, up_error *err)
{
    for (int64_t c = 0; c < r->list.n; c++) {
        const upi_capsule_column *column = &r->list.items[c];
        int64_t at = upi_source_find(s, column->name);
        if (at < 0) {
            return upi_capsule_damaged(r, err, column->name, "is not in the file");
        }
        if (s->fields[at].type != column->type) {
            return upi_capsule_damaged(r, err, column->name, "has the wrong type");
        }
    }
    if (s->n_fields != r->list.n) {
        return upi_capsule_damaged(r, err, "columns", "are more than described");
    }
    if (s->n_rows >= 0 && s->n_rows != r->groups) {
        return upi_capsule_damaged(
            r, err, "groups", "is not the number of rows of the file");
    }
    return UP_OK;
}

static up_status
read_table(upi_capsule_reader *r, up_error *err)
{
    up_status status = UP_OK;
    up_source *source = NULL;
    upi_expr **columns = NULL;
    int *as = NULL;
    up_run run = {.struct_size = sizeof run, .threads = 1};
    UP_TRY(up_source_open(r->path, &run, &source, err));
    if (source->n_rows >= 0 && source->n_rows != r->groups) {
        status = upi_capsule_damaged(
            r, err, "groups", "is not the number of rows of the file");
        goto out;
    }
    UP_TRY(make_arrays(r, err));
    UP_TRY(upi_capsule_list(r->m, &r->list, err));
    UP_TRY(check_columns(r, source, err));
    UP_TRY(UP_NEW(&columns, r->list.n, err));
    UP_TRY(UP_NEW(&as, r->list.n, err));
    for (int64_t c = 0; c < r->list.n; c++) {
        as[c] = -1;
        UP_TRY(upi_expr_column(r->list.items[c].name, &columns[c], err));
    }
    upi_scan scan = {r->list.n, (const upi_expr *const *)columns, as, NULL};
    upi_sink sink = {r, take_begin, take_batch, take_range_end};
    UP_TRY(upi_source_scan(source, &scan, &sink, &run, err));
out:
    for (int64_t c = 0; columns != NULL && c < r->list.n; c++) {
        upi_expr_free(columns[c]);
    }
    upi_free(columns);
    upi_free(as);
    up_source_free(source);
    return status;
}

/* Compares group g with the one before it. */
static bool
ascends(const up_moments *m, int64_t g)
{
    for (int64_t w = 0; w < m->ways; w++) {
        if (m->cluster[w][g] != m->cluster[w][g - 1]) {
            return m->cluster[w][g] > m->cluster[w][g - 1];
        }
    }
    for (int64_t k = 0; k < m->n_keys; k++) {
        int32_t before = upi_moments_code(m, g - 1, k),
                here = upi_moments_code(m, g, k);
        if (before != here) {
            return here > before;
        }
    }
    return false;
}

static up_status
check_table(const upi_capsule_reader *r, up_error *err)
{
    const up_moments *m = r->m;
    int64_t rows = 0;
    if (r->disordered || r->next != m->n_groups) {
        return upi_capsule_damaged(
            r, err, "groups", "is not the number of rows of the file");
    }
    for (int64_t g = 0; g < m->n_groups; g++) {
        if (m->n[g] <= 0 || m->n[g] > m->n_rows - rows) {
            return upi_capsule_damaged(r, err, "n_0", "has a count out of range");
        }
        rows += m->n[g];
        if (g > 0 && !ascends(m, g)) {
            return upi_capsule_damaged(r, err, "groups", "is not in order");
        }
    }
    if (rows != m->n_rows) {
        return upi_capsule_damaged(r, err, "rows", "is not the sum of the counts");
    }
    if (upi_capsule_checksum(m) != r->checksum) {
        return upi_capsule_damaged(
            r, err, "checksum", "is not that of its numbers: the file was altered");
    }
    return UP_OK;
}

/* A file that is no Parquet file at all is, to the one who loads it, no capsule. */
static up_status
not_a_capsule(up_status status, up_error *err)
{
    if (status == UP_E_SOURCE || status == UP_E_COLUMN || status == UP_E_TYPE) {
        if (err != NULL) {
            err->status = UP_E_CAPSULE;
        }
        return UP_E_CAPSULE;
    }
    return status;
}

static up_status
read_description(upi_capsule_reader *r, up_error *err)
{
    up_status status = UP_OK;
    upi_metadata metadata = {0};
    UP_TRY(upi_parquet_metadata(r->path, &metadata, err));
    const char *json = upi_metadata_get(&metadata, UPI_CAPSULE_KEY);
    const char *sum = upi_metadata_get(&metadata, UPI_CAPSULE_CHECKSUM);
    if (json == NULL || sum == NULL) {
        (void)upi_fail(
            err, UP_E_CAPSULE, NULL, "%s is a Parquet file but not a capsule", r->path);
        status = upi_fix(err, "open it as a source of rows");
        goto out;
    }
    char wanted[24];
    (void)snprintf(wanted, sizeof wanted, "%016" PRIx64,
        upi_hash_bytes(json, strlen(json), UPI_CAPSULE_FORMAT));
    if (strcmp(sum, wanted) != 0) {
        status = upi_capsule_damaged(
            r, err, UPI_CAPSULE_CHECKSUM, "is not that of its description");
        goto out;
    }
    UP_TRY(upi_capsule_parse(r, json, err));
out:
    upi_metadata_free(&metadata);
    return status;
}

up_status
up_moments_load(const char *path, up_moments **out, up_error *err)
{
    UP_GUARD(err);
    up_status status = UP_OK;
    upi_capsule_reader r = {.path = path, .range = INT64_MIN};
    if (path == NULL || out == NULL) {
        return upi_fail(err, UP_E_ARGUMENT, path == NULL ? "path" : "out",
            "the path of a capsule and a place for it are needed");
    }
    UP_TRY(UP_NEW(&r.m, 1, err));
    UP_TRY(read_description(&r, err));
    UP_TRY(read_table(&r, err));
    UP_TRY(check_table(&r, err));
    UP_TRY(upi_finish_notes(r.m, err));
    UP_TRY(upi_finish_layout(r.m, err));
    *out = r.m;
    r.m = NULL;
out:
    json_decref(r.root);
    upi_capsule_columns_free(&r.list);
    up_moments_free(r.m);
    return status != UP_OK ? not_a_capsule(status, err) : status;
}

/* The first bytes tell most other files apart without the engine. */
static bool
is_parquet(const char *path)
{
    char magic[4] = {0};
    FILE *f = fopen(path, "rb");
    if (f == NULL) {
        return false;
    }
    size_t n = fread(magic, 1, sizeof magic, f);
    (void)fclose(f);
    return n == sizeof magic && memcmp(magic, "PAR1", sizeof magic) == 0;
}

int
up_moments_is_capsule(const char *path)
{
    upi_metadata metadata = {0};
    if (path == NULL || !is_parquet(path) ||
        upi_parquet_metadata(path, &metadata, NULL) != UP_OK) {
        return 0;
    }
    int found = upi_metadata_get(&metadata, UPI_CAPSULE_KEY) != NULL;
    upi_metadata_free(&metadata);
    return found;
}
