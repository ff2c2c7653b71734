/* Key/value metadata of a Parquet file. */
#include "engine/duckdb_db.h"
#include "engine/files.h"
#include "engine/write.h"

#include <errno.h>

static up_status
take(upi_cells *cells, upi_metadata *out, up_error *err)
{
    up_status status = UP_OK;
    upi_metadata m = {0};
    UP_TRY(UP_NEW(&m.keys, cells->n_rows, err));
    UP_TRY(UP_NEW(&m.values, cells->n_rows, err));
    m.n = cells->n_rows;
    for (int64_t i = 0; i < m.n; i++) {
        const char *key = upi_cells_at(cells, i, 0);
        const char *value = upi_cells_at(cells, i, 1);
        UP_TRY(upi_strdup_to(&m.keys[i], key != NULL ? key : "", err));
        UP_TRY(upi_strdup_to(&m.values[i], value != NULL ? value : "", err));
    }
    *out = m;
    m = (upi_metadata){0};
out:
    upi_metadata_free(&m);
    return status;
}

up_status
upi_parquet_metadata(const char *path, upi_metadata *out, up_error *err)
{
    UP_GUARD(err);
    up_status status = UP_OK;
    upi_db db = {0};
    upi_source_name name = {0};
    upi_text sql = {0}, escaped = {0};
    char *text = NULL;
    upi_cells cells = {0};
    up_run run = {.struct_size = sizeof run, .threads = 1};
    UP_TRY(upi_db_open(&db, &run, err));
    UP_TRY(upi_source_name_read(path, &db, &name, err));
    if (name.kind != UPI_DUCKDB_PARQUET || name.files.n_rows != 1) {
        status = upi_fail(err, UP_E_SOURCE, NULL, "%s is not one Parquet file", path);
        goto out;
    }
    upi_glob_escape(upi_cells_at(&name.files, 0, 0), &escaped);
    upi_text_add(&sql, "SELECT decode(key), decode(value) FROM parquet_kv_metadata(");
    sql.failed = sql.failed || escaped.failed;
    if (!escaped.failed) {
        upi_sql_string(&upi_dialect_duckdb, escaped.s, escaped.length, &sql);
    }
    upi_text_add_char(&sql, ')');
    UP_TRY(upi_text_take(&sql, &text, err));
    UP_TRY(upi_db_cells(&db, text, path, &cells, err));
    UP_TRY(take(&cells, out, err));
out:
    upi_text_free(&sql);
    upi_text_free(&escaped);
    upi_free(text);
    upi_cells_free(&cells);
    upi_source_name_free(&name);
    upi_db_close(&db);
    return status;
}

const char *
upi_metadata_get(const upi_metadata *m, const char *key)
{
    for (int64_t i = 0; i < m->n; i++) {
        if (strcmp(m->keys[i], key) == 0) {
            return m->values[i];
        }
    }
    return NULL;
}

void
upi_metadata_free(upi_metadata *m)
{
    for (int64_t i = 0; i < m->n; i++) {
        if (m->keys != NULL) {
            upi_free(m->keys[i]);
        }
        if (m->values != NULL) {
            upi_free(m->values[i]);
        }
    }
    upi_free(m->keys);
    upi_free(m->values);
    memset(m, 0, sizeof *m);
}
