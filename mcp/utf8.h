/* UTF-8 as RFC 3629 has it: no overlong forms, no surrogates, nothing beyond U+10FFFF. */
#ifndef MCP_UTF8_H
#define MCP_UTF8_H

#include <stddef.h>

/* The bytes of the first character of s, 1 to 4; 0 = it is not UTF-8, or n is 0. */
size_t mcp_utf8_length(const char *s, size_t n);

#endif
