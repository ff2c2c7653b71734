/* Moments to a Parquet file. Doubles are written as they are, so that a capsule that is read
 * answers with the same bits as the moments it was made from. */
#include "base/json.h"
#include "engine/write.h"
#include "moments/capsule.h"

#include <upshot/version.h>

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static void
put_hex(upi_json *j, const char *key, uint64_t x)
{
    char text[24];
    (void)snprintf(text, sizeof text, "%016" PRIx64, x);
    upi_json_put_string(j, key, text);
}

static void
put_keys(upi_json *j, const up_moments *m)
{
    upi_json_key(j, "keys");
    upi_json_array(j);
    for (int64_t k = 0; k < m->n_keys; k++) {
        const upi_key *key = &m->keys[k];
        upi_json_object(j);
        upi_json_put_string(j, "role", upi_key_role_name(key->role));
        upi_json_put_int(j, "index", key->index);
        upi_json_put_string(j, "name", key->name);
        upi_json_put_string(j, "type", upi_type_name(key->type));
        upi_json_put_bool(j, "missing_level", key->missing_level >= 0);
        upi_json_key(j, "levels");
        upi_json_array(j);
        for (int64_t i = 0; i < key->n_levels; i++) {
            if (i == key->missing_level) {
                continue;
            }
            if (key->type == UPI_STR) {
                upi_json_string(j, key->label[i]);
            } else if (key->type == UPI_F64) {
                upi_json_double(j, key->number[i]);
            } else {
                upi_json_int(j, key->integer[i]);
            }
        }
        upi_json_array_end(j);
        upi_json_object_end(j);
    }
    upi_json_array_end(j);
}

static void
put_missing(upi_json *j, const up_moments *m)
{
    upi_json_key(j, "counted");
    upi_json_array(j);
    for (int64_t c = 0; c < m->n_counted; c++) {
        upi_json_object(j);
        upi_json_put_string(j, "name", m->counted_name[c]);
        upi_json_key(j, "missing");
        upi_json_array(j);
        for (int64_t a = 0; a < m->n_arms; a++) {
            upi_json_int(j, m->missing[c * m->n_arms + a]);
        }
        upi_json_array_end(j);
        upi_json_object_end(j);
    }
    upi_json_array_end(j);
}

static void
put_robust(upi_json *j, const upi_robust *r)
{
    if (r == NULL) {
        return;
    }
    upi_json_key(j, "robust");
    upi_json_object(j);
    upi_json_put_string(j, "model", r->model);
    upi_json_put_int(j, "vcov", r->vcov);
    upi_json_put_int(j, "equations", r->n_equations);
    upi_json_object_end(j);
}

static void
put_fitted(upi_json *j, const upi_fit_options *f)
{
    if (!f->known) {
        return;
    }
    upi_json_key(j, "fit");
    upi_json_object(j);
    upi_json_put_int(j, "vcov", f->vcov);
    upi_json_put_int(j, "interactions", f->interactions);
    upi_json_put_int(j, "no_covariates", f->no_covariates);
    upi_json_put_double(j, "rank_tolerance", f->rank_tolerance);
    upi_json_object_end(j);
}

/* Notes of the build are made anew by the reader; those that others added are kept. */
static up_status
describe(const up_moments *m, char **out, up_error *err)
{
    up_status status = UP_OK;
    upi_text text = {0}, experiment = {0};
    char *design = NULL;
    upi_json j;
    UP_TRY(upi_experiment_to_json(m->experiment, &experiment, err));
    UP_TRY(upi_text_take(&experiment, &design, err));
    upi_json_start(&j, &text, 0, 0);
    upi_json_object(&j);
    upi_json_put_int(&j, "format", UPI_CAPSULE_FORMAT);
    upi_json_put_string(&j, "upshot", up_version());
    upi_json_put_string(&j, "experiment", design);
    upi_json_put_string(&j, "form", upi_form_name(m->form));
    upi_json_put_bool(&j, "row_weighted", m->row_weighted);
    upi_json_put_int(&j, "ways", m->ways);
    upi_json_key(&j, "continuous");
    upi_json_array(&j);
    for (int64_t i = 0; i < m->nx; i++) {
        upi_json_int(&j, m->x_covariate[i]);
    }
    upi_json_array_end(&j);
    upi_json_put_int(&j, "groups", m->n_groups);
    upi_json_put_int(&j, "rows", m->n_rows);
    upi_json_put_int(&j, "read", m->n_read);
    upi_json_put_int(&j, "without_arm", m->n_no_arm);
    put_hex(&j, "fingerprint", m->fingerprint);
    put_keys(&j, m);
    put_missing(&j, m);
    put_robust(&j, m->robust);
    put_fitted(&j, &m->fitted);
    put_hex(&j, "checksum", upi_capsule_checksum(m));
    upi_json_object_end(&j);
    UP_TRY(upi_text_take(&text, out, err));
out:
    upi_text_free(&text);
    upi_text_free(&experiment);
    upi_free(design);
    return status;
}

static up_status
fill(void *ctx, int64_t first, int64_t n, upi_out_column *columns, up_error *err)
{
    (void)err;
    const upi_capsule_columns *list = ctx;
    for (int64_t c = 0; c < list->n; c++) {
        const upi_capsule_column *column = &list->items[c];
        int64_t at = first * column->stride + column->offset;
        int64_t *whole = columns[c].data;
        double *number = columns[c].data;
        for (int64_t i = 0; i < n; i++, at += column->stride) {
            if (column->number != NULL) {
                number[i] = column->number[at];
            } else if (column->code != NULL) {
                whole[i] = column->code[at];
            } else if (column->id != NULL) {
                whole[i] = (int64_t)column->id[at];
            } else {
                whole[i] = column->count[at];
            }
        }
    }
    return UP_OK;
}

static bool
ends_in_parquet(const char *path)
{
    size_t n = strlen(path), m = strlen(".parquet");
    return n > m && strcmp(path + n - m, ".parquet") == 0;
}

up_status
up_moments_save(const up_moments *m, const char *path, const up_run *run, up_error *err)
{
    UP_GUARD(err);
    up_status status = UP_OK;
    upi_capsule_columns list = {0};
    upi_out_field *fields = NULL;
    char *json = NULL;
    if (m == NULL || path == NULL) {
        return upi_fail(err, UP_E_ARGUMENT, m == NULL ? "moments" : "path",
            "moments and the path of a file are needed");
    }
    if (!ends_in_parquet(path)) {
        (void)upi_fail(
            err, UP_E_ARGUMENT, "path", "a capsule is a Parquet file, not '%s'", path);
        return upi_fix(err, "give a name that ends in .parquet");
    }
    UP_TRY(upi_capsule_list(m, &list, err));
    UP_TRY(UP_NEW(&fields, list.n, err));
    for (int64_t c = 0; c < list.n; c++) {
        fields[c] = (upi_out_field){list.items[c].name, list.items[c].type};
    }
    UP_TRY(describe(m, &json, err));
    char checksum[24];
    (void)snprintf(checksum, sizeof checksum, "%016" PRIx64,
        upi_hash_bytes(json, strlen(json), UPI_CAPSULE_FORMAT));
    upi_kv metadata[] = {{UPI_CAPSULE_KEY, json}, {UPI_CAPSULE_CHECKSUM, checksum}};
    upi_write w = {.path = path,
        .fields = fields,
        .n_fields = list.n,
        .n_rows = m->n_groups,
        .fill = fill,
        .ctx = &list,
        .metadata = metadata,
        .n_metadata = 2};
    UP_TRY(upi_write_rows(&w, run, err));
out:
    upi_capsule_columns_free(&list);
    upi_free(fields);
    upi_free(json);
    return status;
}
