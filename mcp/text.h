/* A growing text, and JSON in it. Memory that runs out is remembered, so that only the end
 * has to ask. */
#ifndef MCP_TEXT_H
#define MCP_TEXT_H

#include <stdbool.h>
#include <stddef.h>

typedef struct mcp_text {
    char *s; /* ends with a zero byte; NULL while empty */
    size_t n, room;
    bool failed;
} mcp_text;

void mcp_text_bytes(mcp_text *t, const char *s, size_t n);
void mcp_text_add(mcp_text *t, const char *s);
/* The string in quotes; bytes that are not UTF-8 become U+FFFD. */
void mcp_text_quote(mcp_text *t, const char *s);
/* JSON that somebody else wrote, byte for byte, but line breaks between its words, which the
 * transports cannot carry, become spaces. */
void mcp_text_json(mcp_text *t, const char *json);
void mcp_text_number(mcp_text *t, long n);
/* Hands the text on, NULL when memory ran out; t is empty afterwards. */
char *mcp_text_take(mcp_text *t, size_t *n);

#endif
