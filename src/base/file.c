/* A text is written beside its place, synced, and renamed into it when it is whole: a reader
 * never sees half a file, and a failure leaves the old one. The trap avoided: rename also
 * replaces devices and pipes, so that only a regular file is ever replaced. */
#include "base/file.h"

#include "base/base.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static up_status
fail_write(const char *path, const char *field, int number, up_error *err)
{
    (void)upi_fail(err, UP_E_WRITE, field, "%s cannot be written: %s", path,
        number == ENOSPC                      ? "the disk is full"
        : number == EACCES || number == EPERM ? "permission denied"
        : number == EROFS                     ? "the file system is read-only"
        : number == ENOENT                    ? "no such directory"
        : number == ENOTDIR                   ? "a part of its path is not a directory"
        : number == EISDIR                    ? "it is a directory"
        : number == ENAMETOOLONG              ? "the name is too long"
                                              : "input or output failed");
    return upi_fix(err, "choose a place that can be written to and has room");
}

up_status
upi_file_refuse_special(const char *path, const char *field, up_error *err)
{
    struct stat info;
    if (stat(path, &info) != 0 || S_ISREG(info.st_mode)) {
        return UP_OK;
    }
    if (S_ISDIR(info.st_mode)) {
        return fail_write(path, field, EISDIR, err);
    }
    (void)upi_fail(err, UP_E_WRITE, field, "%s is not a regular file", path);
    return upi_fix(err, "give the name of a file");
}

/* 0, or the number of the failure. */
static int
write_all(int file, const char *s, size_t n)
{
    while (n > 0) {
        ssize_t written = write(file, s, n);
        if (written < 0 && errno == EINTR) {
            continue;
        }
        if (written <= 0) {
            return written < 0 ? errno : EIO;
        }
        s += written;
        n -= (size_t)written;
    }
    return 0;
}

static int
write_beside(const char *partial, const char *path, const char *text, size_t n)
{
    int file = open(partial, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
    if (file < 0) {
        return errno;
    }
    int failed = write_all(file, text, n);
    if (failed == 0 && fsync(file) != 0 && errno != EINVAL) {
        failed = errno;
    }
    if (close(file) != 0 && failed == 0) {
        failed = errno;
    }
    if (failed == 0 && rename(partial, path) != 0) {
        failed = errno;
    }
    if (failed != 0) {
        (void)unlink(partial);
    }
    return failed;
}

up_status
upi_file_write(
    const char *path, const char *text, size_t n, const char *field, up_error *err)
{
    up_status status = UP_OK;
    upi_text partial = {0};
    UP_TRY(upi_file_refuse_special(path, field, err));
    upi_text_addf(&partial, "%s.%ld.partial", path, (long)getpid());
    if (partial.failed) {
        status = upi_fail_memory(err, strlen(path));
        goto out;
    }
    int failed = write_beside(partial.s, path, text, n);
    if (failed != 0) {
        status = fail_write(path, field, failed, err);
    }
out:
    upi_text_free(&partial);
    return status;
}
