/* JSON text looked at in place. A library that builds values would refuse an id that is a
 * large number and print others anew; here an id stays as it was written, and the depth of
 * foreign text is known before anything recurses over it. */
#ifndef MCP_JSON_H
#define MCP_JSON_H

#include <stdbool.h>
#include <stddef.h>

/* A piece of a text that somebody else owns. */
typedef struct mcp_span {
    const char *s;
    size_t n;
} mcp_span;

typedef struct mcp_json_state {
    bool valid;     /* one value of RFC 8259, in UTF-8, and nothing else */
    bool no_memory; /* it could not be told */
    size_t at;      /* where it stops being JSON, in bytes */
    size_t depth;   /* of the deepest array or object; 0 for a bare word */
} mcp_json_state;

mcp_json_state mcp_json_check(mcp_span text);

/* What follows is for text that mcp_json_check() found valid. */

/* The value without the white space around it. */
mcp_span mcp_json_trim(mcp_span text);
/* The value of a member, the last one of that name; gives how many have it. */
size_t mcp_json_member(mcp_span object, const char *name, mcp_span *value);
/* The next element of an array, from *at = 0 on; false at its end. */
bool mcp_json_next(mcp_span array, size_t *at, mcp_span *element);
/* Always the same text for the same string or number, however its string is escaped; from
 * malloc(). NULL for other kinds, for half a surrogate pair, and when memory ran out. */
char *mcp_json_key(mcp_span value);
/* A copy as it stands, from malloc(). */
char *mcp_json_copy(mcp_span value);

#endif
