/* Finds libduckdb.so and resolves the functions of duckdb_load.h.
 *
 * Order: the path in UPSHOT_DUCKDB (nothing else is tried then), beside the running library
 * or program, ../lib/upshot from there, the path known at build time, the system's search.
 * RTLD_LOCAL keeps its 58,000 symbols away from a DuckDB that the host program may have
 * loaded; RTLD_NOW because a lazily bound library that lacks a symbol crashes later.
 * The library is never closed: it has threads and thread-local objects of its own. */
#define _GNU_SOURCE /* dladdr; NOLINT(readability-identifier-naming) */
#include "engine/duckdb_load.h"

#include "up_config.h"

#include <dlfcn.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { PATH_BYTES = 4096 };

/* The one piece of static data of the engine: which library is loaded is a property of the
 * process. A failed attempt is not kept, so that a host may install the library and retry. */
static pthread_mutex_t load_lock = PTHREAD_MUTEX_INITIALIZER;
static upi_duck load_table;
static bool load_done;

static up_status
resolve(void *library, const char *path, upi_duck *table, up_error *err)
{
#define RESOLVE(name)                                                                  \
    do {                                                                               \
        void *symbol = dlsym(library, "duckdb_" #name);                                \
        if (symbol == NULL) {                                                          \
            (void)upi_fail(                                                            \
                err, UP_E_ENGINE, NULL, "%s has no function duckdb_%s", path, #name);  \
            return upi_fix(err, "use DuckDB 1.4 to 2.x");                              \
        }                                                                              \
        memcpy(&table->name, &symbol, sizeof symbol);                                  \
    } while (0);
    UPI_DUCK_FUNCTIONS(RESOLVE)
#undef RESOLVE
    return UP_OK;
}

/* Before anything else, so that an old library is called old and not incomplete. */
static up_status
check_version(void *library, const char *path, up_error *err)
{
    __typeof__(duckdb_library_version) *ask = NULL;
    void *symbol = dlsym(library, "duckdb_library_version");
    memcpy(&ask, &symbol, sizeof symbol);
    const char *version = ask != NULL ? ask() : NULL;
    const char *p = version != NULL && version[0] == 'v' ? version + 1 : version;
    char *end = NULL;
    long major = p != NULL ? strtol(p, &end, 10) : 0;
    long minor = end != NULL && *end == '.' ? strtol(end + 1, NULL, 10) : 0;
    if (!(major == 1 && minor >= 4) && major != 2) {
        (void)upi_fail(err, UP_E_ENGINE, NULL,
            "%s is DuckDB %s, which is not supported", path,
            version != NULL ? version : "of unknown version");
        return upi_fix(err, "use DuckDB 1.4 to 2.x");
    }
    return UP_OK;
}

/* UP_OK with *found false when there is no library at this path. */
static up_status
try_path(const char *path, upi_duck *table, bool *found, char *why, up_error *err)
{
    void *library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    *found = library != NULL;
    if (library == NULL) {
        const char *text = dlerror();
        (void)snprintf(why, 256, "%s", text != NULL ? text : "unknown reason");
        return UP_OK;
    }
    up_status status = UP_OK;
    UP_TRY(check_version(library, path, err));
    UP_TRY(resolve(library, path, table, err));
    if (table->vector_size() != 2048) {
        status = upi_fail(err, UP_E_ENGINE, NULL,
            "%s works in vectors of %llu rows, not 2048", path,
            (unsigned long long)table->vector_size());
    }
out:
    return status;
}

/* The directory of the file that holds this code; false when it cannot be told. */
static bool
own_directory(char out[PATH_BYTES])
{
    Dl_info info;
    void *self = NULL;
    up_status (*function)(const upi_duck **, up_error *) = upi_duck_load;
    memcpy(&self, &function, sizeof self);
    if (dladdr(self, &info) == 0 || info.dli_fname == NULL) {
        return false;
    }
    (void)snprintf(out, PATH_BYTES, "%s", info.dli_fname);
    char *slash = strrchr(out, '/');
    if (slash == NULL) {
        return false;
    }
    *slash = '\0';
    return true;
}

static up_status
search(upi_duck *table, up_error *err)
{
    char why[256] = "";
    bool found = false;
    const char *wanted = getenv("UPSHOT_DUCKDB");
    if (wanted != NULL && wanted[0] != '\0') {
        up_status status = try_path(wanted, table, &found, why, err);
        if (status == UP_OK && !found) {
            status = upi_fail(err, UP_E_ENGINE, "UPSHOT_DUCKDB",
                "the DuckDB library cannot be loaded: %s", why);
        }
        return status;
    }
    static const char *const beside[] = {
        "libduckdb.so", "upshot/libduckdb.so", "../lib/upshot/libduckdb.so"};
    static const char *const elsewhere[] = {UP_DUCKDB_DEFAULT, "libduckdb.so"};
    char directory[PATH_BYTES];
    bool known = own_directory(directory);
    for (size_t i = 0; known && i < sizeof beside / sizeof *beside; i++) {
        char path[PATH_BYTES + 32];
        (void)snprintf(path, sizeof path, "%s/%s", directory, beside[i]);
        up_status status = try_path(path, table, &found, why, err);
        if (status != UP_OK || found) {
            return status;
        }
    }
    for (size_t i = 0; i < sizeof elsewhere / sizeof *elsewhere; i++) {
        up_status status = elsewhere[i][0] != '\0'
                               ? try_path(elsewhere[i], table, &found, why, err)
                               : UP_OK;
        if (status != UP_OK || found) {
            return status;
        }
    }
    (void)upi_fail(err, UP_E_ENGINE, NULL, "the DuckDB library is not found: %s", why);
    return upi_fix(err, "set UPSHOT_DUCKDB to the path of libduckdb.so (1.4 to 2.x)");
}

up_status
upi_duck_load(const upi_duck **out, up_error *err)
{
    up_status status = UP_OK;
    (void)pthread_mutex_lock(&load_lock);
    if (!load_done) {
        upi_duck table;
        memset(&table, 0, sizeof table);
        status = search(&table, err);
        if (status == UP_OK) {
            load_table = table;
            load_done = true;
        }
    }
    if (status == UP_OK) {
        *out = &load_table;
    }
    (void)pthread_mutex_unlock(&load_lock);
    return status;
}
