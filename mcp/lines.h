/* Lines of a file, of bounded length. */
#ifndef MCP_LINES_H
#define MCP_LINES_H

#include "json.h"

typedef struct mcp_lines {
    char *s;
    size_t n, room;   /* bytes held, and room for them */
    size_t begin, at; /* of the line that is looked for, and how far it was looked */
    bool skipping;    /* the rest of a line that was too long */
    bool ended;
} mcp_lines;

enum mcp_line { MCP_LINE_NONE, MCP_LINE_WHOLE, MCP_LINE_TOO_LONG };

/* Reads once, as much as there is; false at the end of the file and when memory ran out. */
bool mcp_lines_read(mcp_lines *l, int file);
/* The next line without its end, until the next call; MCP_LINE_NONE = read more first. Of a
 * line longer than `longest` only that is told, once. */
enum mcp_line mcp_lines_next(mcp_lines *l, size_t longest, mcp_span *line);
void mcp_lines_clear(mcp_lines *l);

#endif
