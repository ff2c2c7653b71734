/* Writing the answer. A file is written beside its place and moved there when it is whole;
 * on standard output every failure is noticed, but a reader that went away (as head does)
 * is not one. */
#include "cli.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

up_status
cli_fail(up_error *err, up_status status, const char *field, const char *message,
    const char *fix)
{
    *err = (up_error){.status = status};
    (void)snprintf(err->field, sizeof err->field, "%s", field);
    (void)snprintf(err->message, sizeof err->message, "%s", message);
    (void)snprintf(err->fix, sizeof err->fix, "%s", fix);
    return status;
}

static const char *
reason(int number)
{
    switch (number) {
    case ENOSPC:
        return "the disk is full";
    case EACCES:
    case EPERM:
        return "permission denied";
    case EROFS:
        return "the file system is read-only";
    case ENOENT:
        return "no such directory";
    case EISDIR:
        return "it is a directory";
    case ENAMETOOLONG:
        return "the name is too long";
    default:
        return "input or output failed";
    }
}

/* 0, or the number of the failure. */
static int
write_all(int file, const char *text, size_t n)
{
    while (n > 0) {
        ssize_t written = write(file, text, n);
        if (written < 0 && errno == EINTR) {
            continue;
        }
        if (written <= 0) {
            return written < 0 ? errno : EIO;
        }
        text += written;
        n -= (size_t)written;
    }
    return 0;
}

/* "<pid>.partial" with the pid of a process that is gone. */
static bool
is_dead_partial(const char *s)
{
    size_t digits = strspn(s, "0123456789");
    if (digits == 0 || digits > 9 || strcmp(s + digits, ".partial") != 0) {
        return false;
    }
    long pid = strtol(s, NULL, 10);
    return pid > 0 && kill((pid_t)pid, 0) != 0 && errno == ESRCH;
}

/* Removes "<name>.<pid>.partial" of processes that were killed: of this user, regular files,
 * and not locked by a process that this one cannot see. */
static void
remove_leftovers(const char *path)
{
    const char *slash = strrchr(path, '/');
    const char *name = slash != NULL ? slash + 1 : path;
    size_t n = strlen(name);
    char *parent = slash != NULL ? strndup(path, (size_t)(name - path)) : strdup(".");
    DIR *d = parent != NULL ? opendir(parent) : NULL;
    for (struct dirent *e = d != NULL ? readdir(d) : NULL; e != NULL; e = readdir(d)) {
        const char *rest = e->d_name + n + 1;
        struct stat info;
        if (strncmp(e->d_name, name, n) != 0 || e->d_name[n] != '.' ||
            !is_dead_partial(rest)) {
            continue;
        }
        int file =
            openat(dirfd(d), e->d_name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
        if (file >= 0 && fstat(file, &info) == 0 && S_ISREG(info.st_mode) &&
            info.st_uid == geteuid() && flock(file, LOCK_EX | LOCK_NB) == 0) {
            (void)unlinkat(dirfd(d), e->d_name, 0);
        }
        if (file >= 0) {
            (void)close(file);
        }
    }
    if (d != NULL) {
        (void)closedir(d);
    }
    free(parent);
}

/* A device or a pipe is written to: a rename would put a file in its place. */
static int
write_through(const char *path, const char *text)
{
    int file = open(path, O_WRONLY | O_CLOEXEC | O_NOCTTY);
    if (file < 0) {
        return errno;
    }
    int failed = write_all(file, text, strlen(text));
    if (close(file) != 0 && failed == 0) {
        failed = errno;
    }
    return failed;
}

static int
write_file(const char *path, const char *text)
{
    int failed = 0;
    struct stat info;
    if (stat(path, &info) == 0 && !S_ISREG(info.st_mode)) {
        return S_ISDIR(info.st_mode) ? EISDIR : write_through(path, text);
    }
    size_t size = strlen(path) + 32;
    char *partial = calloc(size, 1);
    if (partial == NULL) {
        return ENOMEM;
    }
    remove_leftovers(path);
    (void)snprintf(partial, size, "%s.%ld.partial", path, (long)getpid());
    int file = open(partial, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
    if (file < 0) {
        failed = errno;
    } else {
        (void)flock(file, LOCK_EX | LOCK_NB); /* for remove_leftovers */
        failed = write_all(file, text, strlen(text));
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
    }
    free(partial);
    return failed;
}

up_status
cli_write(const char *path, const char *text, up_error *err)
{
    char message[sizeof err->message];
    int failed = path != NULL ? write_file(path, text)
                              : write_all(STDOUT_FILENO, text, strlen(text));
    if (failed == 0 || (path == NULL && failed == EPIPE)) {
        return UP_OK;
    }
    (void)snprintf(message, sizeof message, "%.300s cannot be written: %s",
        path != NULL ? path : "standard output", reason(failed));
    return cli_fail(err, UP_E_WRITE, "output", message,
        "choose a place that can be written to and has room");
}
