/* A few threads that work off a bounded queue. */
#ifndef MCP_POOL_H
#define MCP_POOL_H

#include <stdbool.h>

typedef struct mcp_pool mcp_pool;

/* NULL when the system has no memory or no threads to give. */
mcp_pool *mcp_pool_start(int threads, int longest_queue);
/* Runs job(user) on one of the threads, in the order of the calls. False when the queue is
 * full; then nothing happens. */
bool mcp_pool_put(mcp_pool *pool, void (*job)(void *user), void *user);
/* Waits until all that was put has run, and frees the pool. NULL is fine. */
void mcp_pool_end(mcp_pool *pool);

#endif
