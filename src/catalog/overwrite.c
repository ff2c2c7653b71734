/* An output must not replace the rows it was made from. Files are compared as the system knows
 * them (device and inode), because one file may have many names; a name that is only planned
 * is compared as text. */
#include "catalog/overwrite.h"

#include <glob.h>
#include <string.h>
#include <sys/stat.h>

static bool
same_file(const char *a, const char *b)
{
    struct stat x;
    struct stat y;
    if (strcmp(a, b) == 0) {
        return true;
    }
    return stat(a, &x) == 0 && stat(b, &y) == 0 && x.st_dev == y.st_dev &&
           x.st_ino == y.st_ino;
}

/* Whether a file that a glob means is `to`. A pattern that cannot be expanded means none: the
 * source itself will be refused. */
static bool
glob_means(const char *pattern, const char *to)
{
    glob_t found = {0};
    bool same = false;
    if (glob(pattern, GLOB_NOSORT, NULL, &found) == 0) {
        for (size_t i = 0; i < found.gl_pathc && !same; i++) {
            same = same_file(found.gl_pathv[i], to);
        }
    }
    globfree(&found);
    return same;
}

up_status
upi_refuse_own_source(
    const char *source, const char *to, const char *option, up_error *err)
{
    if (source == NULL || to == NULL || strcmp(source, "-") == 0) {
        return UP_OK;
    }
    const char *table = strstr(source, "::");
    size_t n = table != NULL ? (size_t)(table - source) : strlen(source);
    char *file = upi_strndup(source, n);
    if (file == NULL) {
        return upi_fail_memory(err, n + 1);
    }
    bool same =
        same_file(file, to) || (strpbrk(file, "*?[") != NULL && glob_means(file, to));
    upi_free(file);
    if (!same) {
        return UP_OK;
    }
    (void)upi_fail(
        err, UP_E_USAGE, option, "--%s %s would replace what is read", option, to);
    return upi_fix(err, "write to a file of another name");
}

up_status
upi_refuse_existing(const char *to, const char *option, up_error *err)
{
    struct stat s;
    if (stat(to, &s) != 0) {
        return UP_OK;
    }
    (void)upi_fail(err, UP_E_WRITE, option, "%s is there already", to);
    return upi_fix(err, "give another name, or --force to replace it");
}
