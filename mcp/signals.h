/* SIGINT and SIGTERM for a server: the first asks it to end, the second ends it. */
#ifndef MCP_SIGNALS_H
#define MCP_SIGNALS_H

/* Catches them and ignores SIGPIPE. Gives a file that can be read from once one has come, for
 * poll(); it is never emptied. -1 = the system has no file to give. */
int mcp_signals_catch(void);
/* The number of the signal that came, or 0. */
int mcp_signals_caught(void);

#endif
