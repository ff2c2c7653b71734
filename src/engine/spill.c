/* Private directories for what the engine spills. They are made with mode 0700 and an
 * unguessable name, and removed with whatever stands in them. */
#include "engine/duckdb_db.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

up_status
upi_spill_make(const up_run *run, char **out, up_error *err)
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
    char *name = NULL;
    upi_text_add(&path, parent);
    upi_text_add(&path, "/upshot-XXXXXX");
    UP_TRY(upi_text_take(&path, &name, err));
    if (mkdtemp(name) == NULL) {
        status = upi_fail(err, asked ? UP_E_ARGUMENT : UP_E_ENGINE, "spill_directory",
            "no directory for temporary files can be made in %s: %s", parent,
            strerror(errno));
        goto out;
    }
    *out = name;
    name = NULL;
out:
    upi_text_free(&path);
    upi_free(name);
    return status;
}

/* The engine puts files, not directories, into its directory; one level is enough. */
void
upi_spill_remove(const char *directory)
{
    if (directory == NULL) {
        return;
    }
    DIR *d = opendir(directory);
    if (d != NULL) {
        for (struct dirent *entry = readdir(d); entry != NULL; entry = readdir(d)) {
            if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0) {
                (void)unlinkat(dirfd(d), entry->d_name, 0);
            }
        }
        (void)closedir(d);
    }
    (void)rmdir(directory);
}
