/* Which files the server may read: those below the directories named at its start, after all
 * symbolic links are resolved. */
#ifndef MCP_ALLOW_H
#define MCP_ALLOW_H

#include <upshot/status.h>

#include <stdbool.h>
#include <stddef.h>

typedef struct mcp_allow {
    char **directories; /* real, ended by NULL */
    size_t n;
} mcp_allow;

/* What a name stands for, and how large it is at the moment. */
typedef struct mcp_data {
    char *path;      /* real path or pattern, and "::table"; from malloc() */
    int64_t bytes;   /* of all files */
    int64_t changed; /* the newest change, in ns */
} mcp_data;

/* n 0 = the working directory. UP_E_SOURCE when one is not a directory. */
up_status mcp_allow_open(
    const char *const *directories, size_t n, mcp_allow *out, up_error *err);
void mcp_allow_close(mcp_allow *a);
/* One more directory: that of the workspace. */
up_status mcp_allow_add(mcp_allow *a, const char *directory, up_error *err);

/* A file, "file.duckdb::table" or a pattern that may be read. Standard input, addresses and
 * everything outside the directories are refused with UP_E_SOURCE. */
up_status mcp_allow_read(const mcp_allow *a, const char *name, const char *field,
    mcp_data *out, up_error *err);
void mcp_data_clear(mcp_data *d);

#endif
