/* What has been asked of which data: a file of lines per family in the workspace.
 *
 * A family is the rows (their resolved path or pattern) and what was randomised in them (itt and
 * instrument): everything that could have been reported of one experiment. A specification is
 * the whole request but how it runs and how it is shown. */
#ifndef MCP_JOURNAL_H
#define MCP_JOURNAL_H

#include "resolve.h"

/* An answer, as it goes into the journal. */
typedef struct mcp_entry {
    char specification[17]; /* of the request */
    char scope[17]; /* of the fit that it asks: the request without its question */
    const char *verb;
    char *metrics; /* names, with commas; from malloc() */
    bool fixed;    /* its intervals hold for one look */
    bool accepted; /* E_PEEK was accepted */
    int64_t bytes, rows;
    char fingerprint[17];
    json_t *segments; /* conditions that it answered; or NULL */
} mcp_entry;

/* What the journal says of it. */
typedef struct mcp_standing {
    int64_t number;      /* of this specification, from 1 */
    int64_t tried;       /* specifications of the family */
    int64_t same_metric; /* of them, those with these metrics */
    bool repeated;       /* it had been asked before */
    int64_t looks;       /* states of the data that fixed answers were given of */
    int64_t damaged;     /* lines that cannot be read */
    bool known;          /* a fixed answer was given of the same state of the data */
    /* an earlier fixed answer on other data; all 0 = none */
    int64_t earlier_rows, earlier_bytes;
} mcp_standing;

/* The entry of a request; what the result tells is filled in later. `on_rows` is the request as
 * it is on rows. UP_E_NO_MEMORY. */
up_status mcp_entry_make(
    const mcp_asked *q, const json_t *on_rows, mcp_entry *out, up_error *err);
void mcp_entry_clear(mcp_entry *e);
/* The key of the family; "" where the request reads no rows of an experiment. */
up_status mcp_family(
    const mcp_asked *q, const json_t *on_rows, char out[32], up_error *err);

/* Where an entry would stand, without writing it. */
up_status mcp_journal_look(const mcp_workspace *w, const char *family,
    const mcp_entry *e, mcp_standing *out, up_error *err);
/* The same, and writes it, unless it is a look at other data than an earlier fixed answer and
 * that was not accepted: then UP_E_PEEK. Processes take turns. */
up_status mcp_journal_add(const mcp_workspace *w, const char *family,
    const mcp_entry *e, mcp_standing *out, up_error *err);
/* The conditions that were asked of the same fit before, as a list. */
up_status mcp_journal_segments(const mcp_workspace *w, const char *family,
    const char *scope, json_t **out, up_error *err);

#endif
