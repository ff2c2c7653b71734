/* Lines on their way out. Any thread puts them in; one writes them, never waiting for the
 * reader, so that a client that has stopped reading is still heard. */
#ifndef MCP_OUTBOX_H
#define MCP_OUTBOX_H

#include "text.h"

#include <pthread.h>

typedef struct mcp_outbox {
    pthread_mutex_t lock;
    mcp_text text; /* lines with their ends */
    size_t sent;   /* of it, in bytes */
    int bell;      /* gets a byte when a line comes in; does not block */
} mcp_outbox;

bool mcp_outbox_open(mcp_outbox *o, int bell);
void mcp_outbox_put(mcp_outbox *o, const char *line, size_t n);
/* Bytes that are not written yet. */
size_t mcp_outbox_pending(mcp_outbox *o);
/* Writes once, to a file that poll() has found ready. False when its reader is gone, and when
 * memory ran out for a line: then the end of the stream must tell the client. */
bool mcp_outbox_write(mcp_outbox *o, int file);
void mcp_outbox_close(mcp_outbox *o);

#endif
