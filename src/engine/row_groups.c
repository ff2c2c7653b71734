/* Where row groups begin, so that ranges of rows are the same for any number of threads.
 *
 * One worker of the engine reads one row group at a time, from its first row to its last;
 * a group is cut into ranges of UPI_RANGE_ROWS rows. Parquet files say in their footer how
 * many rows each group has; a native table says it in its storage information. */
#include "engine/duckdb.h"

#include <stdlib.h>

static up_status
begin_group(upi_row_groups *g, int64_t rows, up_error *err)
{
    up_status status = UP_OK;
    int64_t capacity = g->capacity;
    UP_TRY(UP_RESERVE(&g->first, &capacity, g->n + 2, err));
    capacity = g->capacity;
    UP_TRY(UP_RESERVE(&g->base, &capacity, g->n + 2, err));
    g->capacity = capacity;
    if (g->n == 0) {
        g->first[0] = 0;
        g->base[0] = 0;
    }
    g->first[g->n + 1] = g->first[g->n] + rows;
    g->base[g->n + 1] = g->base[g->n] + (rows + UPI_RANGE_ROWS - 1) / UPI_RANGE_ROWS;
    g->n++;
out:
    return status;
}

static up_status
query_groups(upi_duckdb *d, upi_cells *out, up_error *err)
{
    up_status status = UP_OK;
    upi_text sql = {0};
    char *text = NULL;
    if (d->kind == UPI_DUCKDB_TABLE) {
        upi_text_add(&sql,
            "SELECT CAST(row_group_id AS VARCHAR), CAST(sum(count) AS VARCHAR), "
            "CAST(row_group_id AS VARCHAR) FROM pragma_storage_info(");
        upi_sql_string(&upi_dialect_duckdb, d->table, (int64_t)strlen(d->table), &sql);
        upi_text_add(&sql, ") WHERE column_id = 0 AND segment_type <> 'VALIDITY' "
                           "GROUP BY row_group_id ORDER BY row_group_id");
    } else {
        const char *list = strchr(d->from, '[');
        upi_text_add(&sql, "SELECT file_name, CAST(row_group_num_rows AS VARCHAR), "
                           "CAST(row_group_id AS VARCHAR) FROM parquet_metadata(");
        upi_text_add_n(&sql, list, d->from_list_length);
        upi_text_add(&sql, ") WHERE column_id = 0");
    }
    UP_TRY(upi_text_take(&sql, &text, err));
    UP_TRY(upi_db_cells(&d->db, text, d->subject, out, err));
out:
    upi_text_free(&sql);
    upi_free(text);
    return status;
}

/* The groups of one file, from *row on. */
static up_status
fill_file(upi_duckdb *d, const upi_cells *cells, const char *path, int64_t *row,
    up_error *err)
{
    up_status status = UP_OK;
    for (int64_t group = 0; status == UP_OK && *row < cells->n_rows;
         (*row)++, group++) {
        if (d->kind == UPI_DUCKDB_PARQUET &&
            (strcmp(upi_cells_at(cells, *row, 0), path) != 0 ||
                strtoll(upi_cells_at(cells, *row, 2), NULL, 10) != group)) {
            break;
        }
        int64_t rows = strtoll(upi_cells_at(cells, *row, 1), NULL, 10);
        status = begin_group(&d->groups, rows, err);
    }
    return status;
}

/* The rows come file by file in the order of the list; a file without row groups has none. */
static up_status
fill(upi_duckdb *d, const upi_cells *cells, bool *possible, up_error *err)
{
    up_status status = UP_OK;
    upi_row_groups *g = &d->groups;
    g->n_files = d->kind == UPI_DUCKDB_PARQUET ? d->files.n_rows : 1;
    UP_TRY(UP_NEW(&g->file_row, g->n_files + 1, err));
    int64_t row = 0;
    for (int64_t f = 0; f < g->n_files; f++) {
        g->file_row[f] = g->n > 0 ? g->first[g->n] : 0;
        const char *path = upi_cells_at(&d->files, f, 0);
        UP_TRY(fill_file(d, cells, path, &row, err));
    }
    g->file_row[g->n_files] = g->n > 0 ? g->first[g->n] : 0;
    *possible = row == cells->n_rows;
out:
    return status;
}

up_status
upi_duckdb_row_groups(upi_duckdb *d, bool *possible, up_error *err)
{
    up_status status = UP_OK;
    upi_cells cells = {0};
    bool numbered = d->kind == UPI_DUCKDB_PARQUET || d->kind == UPI_DUCKDB_TABLE;
    if (!numbered || !d->virtual_row || !d->db.keeps_file_order || d->groups_failed) {
        *possible = false;
        return UP_OK;
    }
    if (!d->groups_known) {
        UP_TRY(query_groups(d, &cells, err));
        UP_TRY(fill(d, &cells, &d->groups_known, err));
        d->groups_failed = !d->groups_known;
    }
    *possible = d->groups_known && d->groups.n > 0;
out:
    upi_cells_free(&cells);
    if (!d->groups_known) {
        upi_row_groups_free(&d->groups);
    }
    return status;
}

void
upi_row_groups_free(upi_row_groups *g)
{
    upi_free(g->first);
    upi_free(g->base);
    upi_free(g->file_row);
    memset(g, 0, sizeof *g);
}

/* The group that holds a row, by halving. */
int64_t
upi_row_groups_find(const upi_row_groups *g, int64_t row)
{
    int64_t low = 0, high = g->n;
    while (high - low > 1) {
        int64_t middle = low + (high - low) / 2;
        if (g->first[middle] <= row) {
            low = middle;
        } else {
            high = middle;
        }
    }
    return low;
}
