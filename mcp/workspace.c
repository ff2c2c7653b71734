/* Records in the cache directory.
 *
 * A record is the SHA-256 of what follows, a line with the head as JSON, and the body. Reading
 * checks that hash and that the handle follows from the key in the head, so that a file that was
 * cut short, altered or renamed is refused and never answers a question. */
#include "workspace.h"

#include "fail.h"
#include "sha256.h"

#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { LARGEST_RECORD = 256 << 20, DIGITS = 16 };

static const struct {
    const char *kind, *tool;
} kinds[] = {{"design", "declare_design"}, {"fit", "fit"}, {"effect", "infer_effect"},
    {"result", "the tool that made it"}, {"policy", "rank with what policy"}};
enum { N_KINDS = sizeof kinds / sizeof kinds[0] };

static up_status
no_directory(const char *path, int number, up_error *err)
{
    return mcp_fail(err, UP_E_WRITE, "cache",
        "give a directory that can be written to: upshot mcp --cache DIR",
        "the cache directory %.300s cannot be used: %s", path, strerror(number));
}

/* Makes the directory and those above it, for its owner alone. */
static up_status
make_directories(char *path, up_error *err)
{
    for (char *c = path + 1;; c++) {
        char kept = *c;
        if (kept != '/' && kept != '\0') {
            continue;
        }
        *c = '\0';
        int failed = mkdir(path, 0700) != 0 && errno != EEXIST ? errno : 0;
        struct stat info;
        if (failed != 0 && stat(path, &info) == 0 && S_ISDIR(info.st_mode)) {
            failed = 0; /* e.g. a directory of a file system that is read only */
        }
        if (failed != 0) {
            return no_directory(path, failed, err);
        }
        *c = kept;
        if (kept == '\0') {
            return UP_OK;
        }
    }
}

static char *
join(const char *a, const char *b, const char *c)
{
    size_t n = strlen(a) + strlen(b) + strlen(c) + 1;
    char *s = malloc(n);
    if (s != NULL) {
        (void)snprintf(s, n, "%s%s%s", a, b, c);
    }
    return s;
}

static char *
default_path(void)
{
    const char *cache = getenv("XDG_CACHE_HOME");
    const char *home = getenv("HOME");
    if (cache != NULL && cache[0] == '/') {
        return join(cache, "/upshot", "");
    }
    return home != NULL && home[0] == '/' ? join(home, "/.cache/upshot", "")
                                          : join("", "", "");
}

up_status
mcp_workspace_open(const char *path, mcp_workspace *out, up_error *err)
{
    char *asked = path != NULL ? join(path, "", "") : default_path();
    up_status status = UP_OK;
    if (asked == NULL) {
        return mcp_fail_memory(err);
    }
    if (asked[0] == '\0') {
        status = mcp_fail(err, UP_E_WRITE, "cache", "give one: upshot mcp --cache DIR",
            "there is no cache directory: HOME is not set");
    }
    if (status == UP_OK) {
        status = make_directories(asked, err);
    }
    if (status == UP_OK) {
        out->path = realpath(asked, NULL);
        if (out->path == NULL || access(out->path, R_OK | W_OK | X_OK) != 0) {
            int failed = errno;
            mcp_workspace_close(out);
            status = no_directory(asked, failed, err);
        }
    }
    free(asked);
    return status;
}

void
mcp_workspace_close(mcp_workspace *w)
{
    free(w->path);
    w->path = NULL;
}

char *
mcp_workspace_file(const mcp_workspace *w, const char *name, const char *ending)
{
    size_t n = strlen(w->path) + strlen(name) + strlen(ending) + 2;
    char *s = malloc(n);
    if (s != NULL) {
        (void)snprintf(s, n, "%s/%s%s", w->path, name, ending);
    }
    return s;
}

up_status
mcp_handle_make(
    const char *kind, const json_t *key, char out[MCP_HANDLE], up_error *err)
{
    char hex[65];
    char *text = json_dumps(key, JSON_SORT_KEYS | JSON_COMPACT);
    if (text == NULL) {
        return mcp_fail_memory(err);
    }
    mcp_sha256_of(text, strlen(text), hex);
    free(text);
    (void)snprintf(out, MCP_HANDLE, "%s_%.*s", kind, DIGITS, hex);
    return UP_OK;
}

bool
mcp_handle_is(const char *handle, const char *kind)
{
    for (size_t i = 0; i < N_KINDS; i++) {
        size_t n = strlen(kinds[i].kind);
        if ((kind == NULL || strcmp(kind, kinds[i].kind) == 0) &&
            strncmp(handle, kinds[i].kind, n) == 0 && handle[n] == '_') {
            const char *digits = handle + n + 1;
            return strlen(digits) == DIGITS &&
                   strspn(digits, "0123456789abcdef") == DIGITS;
        }
    }
    return false;
}

static const char *
tool_of(const char *kind)
{
    for (size_t i = 0; i < N_KINDS; i++) {
        if (strcmp(kind, kinds[i].kind) == 0) {
            return kinds[i].tool;
        }
    }
    return "guide";
}

up_status
mcp_handle_check(const char *handle, const char *kind, const char *field, up_error *err)
{
    char fix[160];
    if (mcp_handle_is(handle, kind)) {
        return UP_OK;
    }
    (void)snprintf(fix, sizeof fix,
        "call %s, which gives a handle: %s_ and 16 digits from 0-9a-f", tool_of(kind),
        kind);
    if (mcp_handle_is(handle, NULL)) {
        return mcp_fail(err, UP_E_ARGUMENT, field, fix,
            "%s is the handle of another kind; here a %s is needed", handle, kind);
    }
    return mcp_fail(err, UP_E_ARGUMENT, field, fix, "'%.60s' is not the handle of a %s",
        handle, kind);
}

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

/* A name that no other thread or process uses: process and a running number. */
static int
write_file(const char *path, const char *hash, const char *rest, size_t n)
{
    static atomic_uint next;
    char ending[64];
    (void)snprintf(ending, sizeof ending, ".%ld-%u.partial", (long)getpid(),
        atomic_fetch_add(&next, 1));
    char *partial = join(path, ending, "");
    if (partial == NULL) {
        return ENOMEM;
    }
    int failed = 0;
    int file =
        open(partial, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (file < 0) {
        failed = errno;
    } else {
        failed = write_all(file, hash, 64);
        failed = failed == 0 ? write_all(file, "\n", 1) : failed;
        failed = failed == 0 ? write_all(file, rest, n) : failed;
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
mcp_record_save(const mcp_workspace *w, const char *handle, const json_t *head,
    const char *body, up_error *err)
{
    char hash[65];
    up_status status = UP_OK;
    char *line = json_dumps(head, JSON_SORT_KEYS | JSON_COMPACT);
    char *rest = line != NULL ? join(line, "\n", body != NULL ? body : "") : NULL;
    char *path = mcp_workspace_file(w, handle, ".record");
    if (rest == NULL || path == NULL) {
        status = mcp_fail_memory(err);
    } else {
        mcp_sha256_of(rest, strlen(rest), hash);
        int failed = write_file(path, hash, rest, strlen(rest));
        if (failed != 0) {
            status = mcp_fail(err, UP_E_WRITE, "cache",
                "make room there, or start the server with another --cache DIR",
                "%s cannot be written into the cache directory: %s", handle,
                strerror(failed));
        }
    }
    free(line);
    free(rest);
    free(path);
    return status;
}

up_status
mcp_file_read(const char *path, size_t limit, char **out, size_t *n, up_error *err)
{
    FILE *file = fopen(path, "rb");
    struct stat info;
    size_t size = 0;
    char *text = NULL;
    up_status status = UP_OK;
    if (file == NULL || fstat(fileno(file), &info) != 0 || !S_ISREG(info.st_mode) ||
        info.st_size < 0 || (uint64_t)info.st_size > limit) {
        status = mcp_fail(err, UP_E_SOURCE, NULL, "check the path and the file",
            "%.300s is not there, is no file or is too large", path);
        goto out;
    }
    size = (size_t)info.st_size;
    text = malloc(size + 1);
    if (text == NULL) {
        status = mcp_fail_memory(err);
        goto out;
    }
    size = fread(text, 1, size, file);
    text[size] = '\0';
    *out = text;
    *n = size;
out:
    if (file != NULL) {
        (void)fclose(file);
    }
    return status;
}

up_status
mcp_file_hash(const char *path, char hex[65], up_error *err)
{
    enum { PIECE = 1 << 16 };
    mcp_sha256 h;
    FILE *file = fopen(path, "rb");
    unsigned char *piece = malloc(PIECE);
    up_status status = UP_OK;
    if (piece == NULL) {
        status = mcp_fail_memory(err);
    } else if (file == NULL) {
        status = mcp_fail(err, UP_E_SOURCE, NULL, "make it again",
            "%.300s is not there: %s", path, strerror(errno));
    } else {
        mcp_sha256_start(&h);
        for (size_t n = fread(piece, 1, PIECE, file); n > 0;
             n = fread(piece, 1, PIECE, file)) {
            mcp_sha256_add(&h, piece, n);
        }
        mcp_sha256_end(&h, hex);
        if (ferror(file) != 0) {
            status = mcp_fail(
                err, UP_E_SOURCE, NULL, "make it again", "%.300s cannot be read", path);
        }
    }
    if (file != NULL) {
        (void)fclose(file);
    }
    free(piece);
    return status;
}

static up_status
damaged(const char *handle, const char *kind, up_error *err)
{
    char fix[128];
    (void)snprintf(
        fix, sizeof fix, "call %s again, which makes it anew", tool_of(kind));
    return mcp_fail(err, UP_E_SOURCE, kind, fix,
        "the file of %s in the cache directory was altered or cut short", handle);
}

/* The head of a text that is whole; NULL = it is not. */
static json_t *
read_head(const char *handle, const char *kind, const char *text, size_t n)
{
    char hash[65];
    char again[MCP_HANDLE];
    up_error ignored = UP_ERROR_INIT;
    if (n < 66 || text[64] != '\n' || strlen(text) != n) {
        return NULL;
    }
    mcp_sha256_of(text + 65, n - 65, hash);
    const char *end = strchr(text + 65, '\n');
    if (strncmp(hash, text, 64) != 0 || end == NULL) {
        return NULL;
    }
    json_t *head = json_loadb(text + 65, (size_t)(end - text) - 65, 0, NULL);
    const json_t *key = json_object_get(head, "key");
    if (key == NULL || mcp_handle_make(kind, key, again, &ignored) != UP_OK ||
        strcmp(again, handle) != 0) {
        json_decref(head);
        return NULL;
    }
    return head;
}

up_status
mcp_record_load(const mcp_workspace *w, const char *handle, const char *kind,
    json_t **head, char **body, up_error *err)
{
    char *text = NULL;
    char *path = NULL;
    size_t n = 0;
    json_t *found = NULL;
    up_status status = mcp_handle_check(handle, kind, kind, err);
    if (status != UP_OK) {
        return status;
    }
    path = mcp_workspace_file(w, handle, ".record");
    if (path == NULL) {
        return mcp_fail_memory(err);
    }
    if (access(path, F_OK) != 0) {
        char fix[128];
        (void)snprintf(fix, sizeof fix,
            "call %s again; the same request gives the same "
            "handle",
            tool_of(kind));
        status = mcp_fail(err, UP_E_SOURCE, kind, fix,
            "%s is not in the cache directory of this server", handle);
        goto out;
    }
    status = mcp_file_read(path, LARGEST_RECORD, &text, &n, err);
    if (status != UP_OK) {
        goto out;
    }
    found = read_head(handle, kind, text, n);
    const char *end = found != NULL ? strchr(text + 65, '\n') : NULL;
    if (end == NULL) {
        status = damaged(handle, kind, err);
        goto out;
    }
    if (body != NULL) {
        *body = join(end + 1, "", "");
        if (*body == NULL) {
            status = mcp_fail_memory(err);
            json_decref(found);
            goto out;
        }
    }
    *head = found;
out:
    free(text);
    free(path);
    return status;
}
