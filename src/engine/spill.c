/* Private directories: for what the engine spills, and for files that are not whole yet. They
 * are made with mode 0700 and an unguessable name, and removed with whatever stands in them.
 *
 * A process that is killed cannot do that. So the name holds the process, the directory is
 * locked while it is in use (the lock ends with the process, and holds across containers, in
 * which process numbers say nothing), and whoever makes the next one in the same place first
 * removes those of dead processes: only directories of this user, with exactly this pattern of
 * name, that hold nothing but files of our own. No link is followed. */
#include "engine/duckdb_db.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

/* What may stand in a directory of ours: the engine's spilled blocks, the copy of standard
 * input, the rows of a file that is being written. */
static bool
is_own_file(const char *name)
{
    return strncmp(name, "duckdb_temp_", 12) == 0 ||
           strcmp(name, "standard-input.csv") == 0 || strcmp(name, "rows") == 0;
}

static bool
is_self(const char *name)
{
    return strcmp(name, ".") == 0 || strcmp(name, "..") == 0;
}

/* "<pid>-XXXXXX" with the pid of a process that is gone. */
static bool
names_dead_process(const char *s)
{
    size_t digits = strspn(s, "0123456789");
    if (digits == 0 || digits > 9 || s[digits] != '-' || strlen(s) != digits + 7) {
        return false;
    }
    size_t rest = strspn(s + digits + 1, "0123456789abcdefghijklmnopqrstuvwxyz"
                                         "ABCDEFGHIJKLMNOPQRSTUVWXYZ");
    long pid = strtol(s, NULL, 10);
    return rest == 6 && pid > 0 && kill((pid_t)pid, 0) != 0 && errno == ESRCH;
}

/* Empties the directory; false, with nothing removed, when something else stands in it. */
static bool
empty_directory(DIR *d, bool all)
{
    struct stat info;
    for (struct dirent *entry = readdir(d); entry != NULL && !all; entry = readdir(d)) {
        if (!is_self(entry->d_name) &&
            (!is_own_file(entry->d_name) ||
                fstatat(dirfd(d), entry->d_name, &info, AT_SYMLINK_NOFOLLOW) != 0 ||
                !S_ISREG(info.st_mode))) {
            return false;
        }
    }
    rewinddir(d);
    for (struct dirent *entry = readdir(d); entry != NULL; entry = readdir(d)) {
        if (!is_self(entry->d_name)) {
            (void)unlinkat(dirfd(d), entry->d_name, 0);
        }
    }
    return true;
}

static void
remove_leftover(int parent, const char *name)
{
    struct stat info;
    int file = openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    bool ours = file >= 0 && fstat(file, &info) == 0 && info.st_uid == geteuid() &&
                (info.st_mode & 077) == 0 && flock(file, LOCK_EX | LOCK_NB) == 0;
    DIR *d = ours ? fdopendir(file) : NULL;
    if (d != NULL && empty_directory(d, false)) {
        (void)unlinkat(parent, name, AT_REMOVEDIR);
    }
    if (d != NULL) {
        (void)closedir(d);
    } else if (file >= 0) {
        (void)close(file);
    }
}

/* Removes what dead processes left of the directories "<start><pid>-XXXXXX". */
static void
remove_leftovers(const char *start)
{
    const char *slash = strrchr(start, '/');
    const char *name = slash != NULL ? slash + 1 : start;
    size_t n = strlen(name);
    char *parent = slash != NULL ? upi_strndup(start, (size_t)(name - start)) : NULL;
    DIR *d = slash == NULL ? opendir(".") : parent != NULL ? opendir(parent) : NULL;
    for (struct dirent *entry = d != NULL ? readdir(d) : NULL; entry != NULL;
         entry = readdir(d)) {
        if (strncmp(entry->d_name, name, n) == 0 &&
            names_dead_process(entry->d_name + n)) {
            remove_leftover(dirfd(d), entry->d_name);
        }
    }
    if (d != NULL) {
        (void)closedir(d);
    }
    upi_free(parent);
}

up_status
upi_private_make(const char *start, upi_private *out, up_error *err)
{
    up_status status = UP_OK;
    upi_text path = {0};
    char *name = NULL;
    remove_leftovers(start);
    upi_text_addf(&path, "%s%ld-XXXXXX", start, (long)getpid());
    UP_TRY(upi_text_take(&path, &name, err));
    errno = 0;
    if (mkdtemp(name) != NULL) {
        out->path = name;
        name = NULL;
        out->lock = open(out->path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        if (out->lock >= 0) {
            (void)flock(out->lock, LOCK_EX | LOCK_NB);
        }
    }
out:
    upi_text_free(&path);
    upi_free(name);
    return status;
}

/* The engine puts files, not directories, into its directory; one level is enough. */
void
upi_private_remove(upi_private *p)
{
    if (p->path == NULL) {
        return;
    }
    DIR *d = opendir(p->path);
    if (d != NULL) {
        (void)empty_directory(d, true);
        (void)closedir(d);
    }
    (void)rmdir(p->path);
    if (p->lock >= 0) {
        (void)close(p->lock);
    }
    upi_free(p->path);
    *p = (upi_private){NULL, -1};
}

up_status
upi_spill_make(const up_run *run, upi_private *out, up_error *err)
{
    const char *parent = run != NULL ? run->spill_directory : NULL;
    bool asked = parent != NULL;
    if (!asked) {
        parent = getenv("TMPDIR");
    }
    if (parent == NULL || parent[0] == '\0') {
        parent = "/tmp";
    }
    up_status status = UP_OK;
    upi_text path = {0};
    char *start = NULL;
    upi_text_addf(&path, "%s/upshot-", parent);
    UP_TRY(upi_text_take(&path, &start, err));
    UP_TRY(upi_private_make(start, out, err));
    if (out->path == NULL) {
        status = upi_fail(err, asked ? UP_E_ARGUMENT : UP_E_ENGINE, "spill_directory",
            "no directory for temporary files can be made in %s: %s", parent,
            strerror(errno));
    }
out:
    upi_text_free(&path);
    upi_free(start);
    return status;
}
