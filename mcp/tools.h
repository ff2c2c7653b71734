/* The tools: which verbs of the catalog each stands for, and what of them it shows. */
#ifndef MCP_TOOLS_H
#define MCP_TOOLS_H

#include <upshot/catalog.h>

#include <jansson.h>
#include <stdbool.h>

/* Handles that a tool takes. */
enum mcp_takes { MCP_TAKES_DESIGN = 1, MCP_TAKES_FIT = 2 };

/* One verb of a tool. */
typedef struct mcp_role {
    const char *verb;
    /* The verb reads rows, also where a fit is given: its capsule does not hold what it asks. */
    bool rows;
} mcp_role;

enum { MCP_MOST_ROLES = 6 };

typedef struct mcp_tool {
    const char *name, *title, *doc;
    /* Ended by NULL. With several, the property `what` names one; the first is its default. */
    mcp_role roles[MCP_MOST_ROLES];
    /* Options with a property of their own, separated by blanks; '!' before one that must be
     * given. The others of the verbs go into `options`. */
    const char *shown;
    int takes;
} mcp_tool;

/* Tool number i; NULL behind the last. */
const mcp_tool *mcp_tool_at(int64_t i);
const mcp_tool *mcp_tool_find(const char *name);
/* The tool and the role of a verb; NULL = no tool has it. */
const mcp_tool *mcp_tool_of_verb(const char *verb, const mcp_role **role);
/* The verb of a tool; what NULL = the first. NULL = the tool has no such verb. */
const mcp_role *mcp_tool_role(const mcp_tool *t, const char *what);
/* An option of a verb by its name, '_' and '-' alike; NULL = none. */
const up_option *mcp_option(const up_verb *v, const char *name);
/* The same, of any verb of the tool. */
const up_option *mcp_tool_option(const mcp_tool *t, const char *name);
/* Whether it has a property of its own; *required may be NULL. */
bool mcp_tool_shows(const mcp_tool *t, const char *option, bool *required);
/* Options that no request may name: they say where files are written. */
bool mcp_option_hidden(const up_option *o);
/* Options whose value is a file that is read, or may be one. */
bool mcp_option_reads(const up_option *o);
/* The name of an option in JSON: '_' for '-'. */
void mcp_json_name(const char *name, char out[64]);

/* Options that say how rows are compressed; a capsule has been told already. */
bool mcp_option_of_rows(const char *name);
/* What the door itself adds to the options of the verbs. */
#define MCP_OWN_WHAT     "what"
#define MCP_OWN_DESIGN   "design"
#define MCP_OWN_FIT      "fit"
#define MCP_OWN_OPTIONS  "options"
#define MCP_OWN_DETAILED "detailed"
#define MCP_OWN_RESULT   "result"
#define MCP_OWN_OFFSET   "offset"
/* Whether the tool has this property of the door's own. */
bool mcp_tool_owns(const mcp_tool *t, const char *name);
/* The most rows of one answer. */
enum { MCP_MOST_ROWS = 200 };

/* jansson walks objects through pointers that are not const; what is lent is only read. */
json_t *mcp_borrow(const json_t *value);

/* The list of tools as JSON; free(). NULL = memory ran out. */
char *mcp_tools_json(void);

#endif
