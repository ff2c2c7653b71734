/* Names are resolved before anything is opened. What is not there is judged by the nearest
 * directory above it that is, so that an answer does not tell which files exist elsewhere.
 *
 * The engine checks the files that it opens once more, because it expands patterns itself and
 * a database may hold views over other files (up_run.allowed_directories). */
#include "allow.h"

#include "fail.h"

#include <errno.h>
#include <glob.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

up_status
mcp_allow_add(mcp_allow *a, const char *directory, up_error *err)
{
    struct stat info;
    char *path = realpath(directory, NULL);
    if (path == NULL || stat(path, &info) != 0 || !S_ISDIR(info.st_mode)) {
        free(path);
        return mcp_fail(err, UP_E_SOURCE, "allow",
            "name a directory that exists: upshot mcp --allow DIR",
            "%.300s is not a directory", directory);
    }
    char **grown = realloc(a->directories, (a->n + 2) * sizeof *grown);
    if (grown == NULL) {
        free(path);
        return mcp_fail_memory(err);
    }
    grown[a->n++] = path;
    grown[a->n] = NULL;
    a->directories = grown;
    return UP_OK;
}

up_status
mcp_allow_open(const char *const *directories, size_t n, mcp_allow *out, up_error *err)
{
    mcp_allow a = {0};
    up_status status = n == 0 ? mcp_allow_add(&a, ".", err) : UP_OK;
    for (size_t i = 0; status == UP_OK && i < n; i++) {
        status = mcp_allow_add(&a, directories[i], err);
    }
    if (status != UP_OK) {
        mcp_allow_close(&a);
        return status;
    }
    *out = a;
    return UP_OK;
}

void
mcp_allow_close(mcp_allow *a)
{
    for (size_t i = 0; i < a->n; i++) {
        free(a->directories[i]);
    }
    free(a->directories);
    *a = (mcp_allow){0};
}

static bool
inside(const mcp_allow *a, const char *path)
{
    for (size_t i = 0; i < a->n; i++) {
        const char *directory = a->directories[i];
        size_t n = strlen(directory);
        n -= n == 1 ? 1 : 0; /* the root directory holds everything */
        if (strncmp(path, directory, n) == 0 && (path[n] == '/' || path[n] == '\0')) {
            return true;
        }
    }
    return false;
}

static void
tell_outside(const mcp_allow *a, const char *name, const char *field, up_error *err)
{
    char fix[256];
    size_t n = (size_t)snprintf(fix, sizeof fix, "files are read below");
    for (size_t i = 0; i + 1 < a->n && n < sizeof fix; i++) { /* the last: workspace */
        n += (size_t)snprintf(
            fix + n, sizeof fix - n, "%s %s", i > 0 ? "," : "", a->directories[i]);
    }
    mcp_tell_failure(err, UP_E_SOURCE, field, fix,
        "%.300s is outside the directories that this server may read", name);
}

/* The nearest thing above a path that exists, resolved. */
static char *
nearest(const char *path)
{
    char *copy = strdup(path);
    char *found = NULL;
    while (copy != NULL && found == NULL) {
        char *slash = strrchr(copy, '/');
        if (slash == NULL) {
            found = realpath(".", NULL);
            break;
        }
        slash[slash == copy ? 1 : 0] = '\0';
        found = realpath(copy, NULL);
        if (slash == copy) {
            break;
        }
    }
    free(copy);
    return found;
}

/* The real path of something that exists and may be read. */
static up_status
resolve(
    const mcp_allow *a, const char *path, const char *field, char **out, up_error *err)
{
    char *found = realpath(path, NULL);
    int failed = found == NULL ? errno : 0;
    if (failed == ENOMEM) {
        return mcp_fail_memory(err);
    }
    if (found != NULL && inside(a, found)) {
        *out = found;
        return UP_OK;
    }
    free(found);
    char *above = failed != 0 ? nearest(path) : NULL;
    if (above != NULL && inside(a, above)) {
        mcp_tell_failure(err, UP_E_SOURCE, field,
            "check the path; relative paths begin where the server was started",
            "%.200s cannot be read: %s", path, strerror(failed));
    } else {
        tell_outside(a, path, field, err);
    }
    free(above);
    return UP_E_SOURCE;
}

static void
measure(const char *path, mcp_data *d)
{
    struct stat info;
    if (stat(path, &info) == 0) {
        int64_t changed =
            (int64_t)info.st_mtim.tv_sec * 1000000000 + (int64_t)info.st_mtim.tv_nsec;
        d->bytes += (int64_t)info.st_size;
        d->changed = changed > d->changed ? changed : d->changed;
    }
}

static char *
join(const char *a, const char *between, const char *b)
{
    size_t n = strlen(a) + strlen(between) + strlen(b) + 1;
    char *s = malloc(n);
    if (s != NULL) {
        (void)snprintf(s, n, "%s%s%s", a, between, b);
    }
    return s;
}

/* Every file that a pattern means must be allowed. */
static up_status
read_pattern(const mcp_allow *a, const char *name, const char *field, mcp_data *out,
    up_error *err)
{
    glob_t found = {0};
    char *directory = NULL;
    char *first = strdup(name);
    up_status status = first != NULL ? UP_OK : mcp_fail_memory(err);
    if (status == UP_OK) {
        first[strcspn(first, "*?[")] = '\0';
        char *slash = strrchr(first, '/');
        const char *rest = name + (slash != NULL ? slash - first + 1 : 0);
        if (slash != NULL) {
            slash[slash == first ? 1 : 0] = '\0';
        }
        status = resolve(a, slash != NULL ? first : ".", field, &directory, err);
        if (status == UP_OK) {
            out->path = join(directory, "/", rest);
            status = out->path != NULL ? UP_OK : mcp_fail_memory(err);
        }
    }
    if (status == UP_OK && glob(name, GLOB_NOSORT, NULL, &found) == 0) {
        for (size_t i = 0; status == UP_OK && i < found.gl_pathc; i++) {
            char *path = NULL;
            status = resolve(a, found.gl_pathv[i], field, &path, err);
            if (status == UP_OK) {
                measure(path, out);
            }
            free(path);
        }
    }
    globfree(&found);
    free(directory);
    free(first);
    return status;
}

/* "file.duckdb::table": the file ends at the first "::" before which there is one. */
static up_status
read_table(const mcp_allow *a, const char *name, const char *field, mcp_data *out,
    up_error *err)
{
    struct stat info;
    for (const char *p = strstr(name, "::"); p != NULL; p = strstr(p + 1, "::")) {
        char *file = strndup(name, (size_t)(p - name));
        char *path = NULL;
        if (file == NULL) {
            return mcp_fail_memory(err);
        }
        if (stat(file, &info) != 0 || !S_ISREG(info.st_mode)) {
            free(file);
            continue;
        }
        up_status status = resolve(a, file, field, &path, err);
        if (status == UP_OK) {
            measure(path, out);
            out->path = join(path, "", p);
            status = out->path != NULL ? UP_OK : mcp_fail_memory(err);
        }
        free(path);
        free(file);
        return status;
    }
    char *path = NULL;
    up_status status = resolve(a, name, field, &path, err);
    if (status == UP_OK) {
        measure(path, out);
        out->path = path;
    }
    return status;
}

up_status
mcp_allow_read(const mcp_allow *a, const char *name, const char *field, mcp_data *out,
    up_error *err)
{
    struct stat info;
    mcp_data d = {0};
    up_status status = UP_OK;
    bool there = stat(name, &info) == 0;
    if (strcmp(name, "-") == 0) {
        return mcp_fail(err, UP_E_SOURCE, field, "give the path of a file",
            "standard input belongs to the protocol and holds no rows");
    }
    if (!there && strstr(name, "://") != NULL) {
        return mcp_fail(err, UP_E_SOURCE, field, "copy the data to a local file first",
            "%.200s is an address; this server opens no connection", name);
    }
    if (!there && strpbrk(name, "*?[") != NULL && strstr(name, "::") == NULL) {
        status = read_pattern(a, name, field, &d, err);
    } else {
        status = read_table(a, name, field, &d, err);
    }
    if (status != UP_OK) {
        mcp_data_clear(&d);
        return status;
    }
    *out = d;
    return UP_OK;
}

void
mcp_data_clear(mcp_data *d)
{
    free(d->path);
    *d = (mcp_data){0};
}
