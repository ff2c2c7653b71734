/* The entry of the simulated store: checks, the rows, then the truth beside them. The truth
 * is written last and under a temporary name first, so that a truth file never stands
 * beside rows that were not finished. */
#include "sim/shop.h"

#include "base/file.h"

#include <stdio.h>
#include <string.h>

/* The ending is what follows the last dot of the name. */
up_status
upi_shop_truth_path(const char *rows, char **out, up_error *err)
{
    upi_text t = {0};
    const char *slash = strrchr(rows, '/');
    const char *name = slash != NULL ? slash + 1 : rows;
    size_t n = strlen(rows);
    if (n > 3 && strcmp(rows + n - 3, ".gz") == 0) {
        n -= 3;
    }
    size_t cut = n;
    for (size_t i = n; i > (size_t)(name - rows); i--) {
        if (rows[i - 1] == '.') {
            cut = i - 1;
            break;
        }
    }
    upi_text_add_n(&t, rows, (int64_t)cut);
    upi_text_add(&t, ".truth.json");
    return upi_text_take(&t, out, err);
}

static up_status
write_rows(const upi_shop *s, const char *path, const up_run *run, up_error *err)
{
    up_status status = UP_OK;
    upi_shop_writer *writer = NULL;
    UP_TRY(upi_shop_writer_make(s, &writer, err));
    upi_write to = {.path = path, .fill = upi_shop_fill, .ctx = writer};
    to.fields = upi_shop_writer_fields(writer, &to.n_fields);
    to.n_rows = upi_shop_rows(s);
    UP_TRY(upi_write_rows(&to, run, err));
out:
    upi_shop_writer_free(writer);
    return status;
}

up_status
up_simulate_shop(const char *rows_path, const char *truth_path,
    const up_shop_opts *opts, const up_run *run, up_error *err)
{
    UP_GUARD(err);
    up_status status = UP_OK;
    upi_shop shop = {0};
    char *path = NULL;
    upi_text truth = {0};
    if (rows_path == NULL || rows_path[0] == '\0') {
        (void)upi_fail(
            err, UP_E_ARGUMENT, "rows_path", "no file is named for the rows");
        (void)upi_fix(err, "name a file that ends in .parquet or .csv");
        return UP_E_ARGUMENT;
    }
    UP_TRY(upi_shop_make(opts, run, &shop, err));
    if (truth_path != NULL) {
        UP_TRY(upi_strdup_to(&path, truth_path, err));
    } else {
        UP_TRY(upi_shop_truth_path(rows_path, &path, err));
    }
    UP_TRY(upi_file_refuse_special(path, "truth", err));
    UP_TRY(upi_shop_truth(&shop, &truth, err));
    UP_TRY(write_rows(&shop, rows_path, run, err));
    UP_TRY(upi_file_write(path, truth.s, (size_t)truth.length, "truth", err));
out:
    upi_shop_clear(&shop);
    upi_free(path);
    upi_text_free(&truth);
    return status;
}
