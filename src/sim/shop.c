/* The entry of the simulated store: checks, the rows, then the truth beside them. The truth
 * is written last and under a temporary name first, so that a truth file never stands
 * beside rows that were not finished. */
#include "sim/shop.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static up_status
write_all(int file, const char *s, size_t n)
{
    while (n > 0) {
        ssize_t written = write(file, s, n);
        if (written < 0 && errno == EINTR) {
            continue;
        }
        if (written <= 0) {
            return UP_E_WRITE;
        }
        s += written;
        n -= (size_t)written;
    }
    return UP_OK;
}

/* Puts the text into the file at once or not at all. */
static up_status
write_file(const char *path, const upi_text *text, up_error *err)
{
    up_status status = UP_OK;
    upi_text partial = {0};
    int file = -1;
    upi_text_addf(&partial, "%s.%ld.partial", path, (long)getpid());
    if (partial.failed) {
        status = upi_fail_memory(err, strlen(path));
        goto out;
    }
    file = open(partial.s, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
    if (file < 0) {
        status = UP_E_WRITE;
        goto failed;
    }
    status = write_all(file, text->s, (size_t)text->length);
    if (status == UP_OK && fsync(file) != 0 && errno != EINVAL) {
        status = UP_E_WRITE;
    }
    if (close(file) != 0) {
        status = UP_E_WRITE;
    }
    if (status == UP_OK && rename(partial.s, path) != 0) {
        status = UP_E_WRITE;
    }
failed:
    if (status != UP_OK) {
        int reason = errno;
        if (file >= 0) {
            (void)unlink(partial.s);
        }
        (void)upi_fail(err, UP_E_WRITE, "truth", "%s cannot be written: %s", path,
            reason == ENOSPC   ? "the disk is full"
            : reason == EACCES ? "permission denied"
            : reason == ENOENT ? "no such directory"
                               : "input or output failed");
        (void)upi_fix(err, "choose a directory that can be written to");
    }
out:
    upi_text_free(&partial);
    return status;
}

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
    UP_TRY(upi_shop_truth(&shop, &truth, err));
    UP_TRY(write_rows(&shop, rows_path, run, err));
    UP_TRY(write_file(path, &truth, err));
out:
    upi_shop_clear(&shop);
    upi_free(path);
    upi_text_free(&truth);
    return status;
}
