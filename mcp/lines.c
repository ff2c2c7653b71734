/* Lines of a file. What is longer than allowed is never held: it is passed over up to the next
 * line break, so that one bad line costs the sender that line and the server nothing. */
#include "lines.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { AT_ONCE = 1 << 16 };

/* Moves the line that is looked for to the front and makes room behind what there is. */
static bool
make_room(mcp_lines *l)
{
    if (l->begin > 0) {
        memmove(l->s, l->s + l->begin, l->n - l->begin);
        l->n -= l->begin;
        l->at -= l->begin;
        l->begin = 0;
    }
    if (l->room - l->n >= AT_ONCE) {
        return true;
    }
    size_t room = 2 * l->room + AT_ONCE;
    char *s = realloc(l->s, room);
    if (s != NULL) {
        l->s = s;
        l->room = room;
    }
    return s != NULL;
}

bool
mcp_lines_read(mcp_lines *l, int file)
{
    ssize_t n = make_room(l) ? read(file, l->s + l->n, l->room - l->n) : 0;
    if (n < 0 && (errno == EINTR || errno == EAGAIN)) {
        return true;
    }
    l->ended = n <= 0;
    l->n += n > 0 ? (size_t)n : 0;
    return n > 0;
}

enum mcp_line
mcp_lines_next(mcp_lines *l, size_t longest, mcp_span *line)
{
    while (l->at < l->n || (l->ended && l->begin < l->n)) {
        const char *end = memchr(l->s + l->at, '\n', l->n - l->at);
        size_t stop = end != NULL ? (size_t)(end - l->s) : l->n;
        bool whole = end != NULL || l->ended;
        bool passed_over = l->skipping, too_long = stop - l->begin > longest;
        *line = (mcp_span){l->s + l->begin, stop - l->begin};
        l->at = stop + (end != NULL ? 1 : 0);
        l->skipping = !whole && (passed_over || too_long);
        if (whole || l->skipping) {
            l->begin = l->at;
        }
        if (too_long && !passed_over) {
            return MCP_LINE_TOO_LONG;
        }
        if (whole && !passed_over) {
            return MCP_LINE_WHOLE;
        }
    }
    return MCP_LINE_NONE;
}

void
mcp_lines_clear(mcp_lines *l)
{
    free(l->s);
    *l = (mcp_lines){0};
}
