/* The cache directory: what earlier calls made, under names that follow from what it was made
 * of. A process that finds the files knows as much as the one that wrote them. */
#ifndef MCP_WORKSPACE_H
#define MCP_WORKSPACE_H

#include <upshot/status.h>

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

/* Room for "design_" and 16 digits. */
enum { MCP_HANDLE = 32 };

typedef struct mcp_workspace {
    char *path; /* real; readable by its owner alone when it was made here */
} mcp_workspace;

/* path NULL = upshot below XDG_CACHE_HOME, else below ~/.cache. UP_E_WRITE. */
up_status mcp_workspace_open(const char *path, mcp_workspace *out, up_error *err);
void mcp_workspace_close(mcp_workspace *w);

/* kind, '_' and 16 hexadecimal digits of the key's SHA-256. */
up_status mcp_handle_make(
    const char *kind, const json_t *key, char out[MCP_HANDLE], up_error *err);
/* Whether it has that form; kind NULL = any kind. Decided before a file is touched. */
bool mcp_handle_is(const char *handle, const char *kind);
/* UP_E_ARGUMENT with what is there instead and which tool makes the right one. */
up_status mcp_handle_check(
    const char *handle, const char *kind, const char *field, up_error *err);

/* "<workspace>/<name><ending>", from malloc(); NULL = memory ran out. */
char *mcp_workspace_file(const mcp_workspace *w, const char *name, const char *ending);

/* A record: a head, which holds "key", and perhaps lines that follow it. Written at once or not
 * at all; one that is there is replaced by the same. */
up_status mcp_record_save(const mcp_workspace *w, const char *handle,
    const json_t *head, const char *body, up_error *err);
/* UP_E_ARGUMENT (no such handle), UP_E_SOURCE (not there; truncated or altered). body may be
 * NULL. */
up_status mcp_record_load(const mcp_workspace *w, const char *handle, const char *kind,
    json_t **head, char **body, up_error *err);

/* The SHA-256 of a file. UP_E_SOURCE. */
up_status mcp_file_hash(const char *path, char hex[65], up_error *err);
/* A whole text file of at most `limit` bytes, ended by a zero. UP_E_SOURCE. */
up_status mcp_file_read(
    const char *path, size_t limit, char **out, size_t *n, up_error *err);

#endif
