/* SHA-256, for names of things by their content. */
#ifndef MCP_SHA256_H
#define MCP_SHA256_H

#include <stddef.h>
#include <stdint.h>

typedef struct mcp_sha256 {
    uint32_t state[8];
    uint64_t length; /* bytes taken so far */
    unsigned char block[64];
} mcp_sha256;

void mcp_sha256_start(mcp_sha256 *h);
void mcp_sha256_add(mcp_sha256 *h, const void *bytes, size_t n);
/* 64 lower-case hexadecimal digits and a zero byte. */
void mcp_sha256_end(mcp_sha256 *h, char hex[65]);
/* The three in one. */
void mcp_sha256_of(const void *bytes, size_t n, char hex[65]);

#endif
