/* SHA-1 (FIPS 180-4 sec. 6.1), and the number in [0, 1] that PlanOut makes of it (Bakshy, Eckles &
 * Bernstein 2014; docs/planning.md eq. 12). Bytes are read one by one, so that the order of bytes
 * of the machine does not matter. */
#include "plan/sha1.h"

#include <stddef.h>
#include <string.h>

enum { BLOCK = 64, LENGTH_AT = 56 };

typedef struct sha1 {
    uint32_t h[5];
    uint8_t block[BLOCK];
    int64_t used;
    uint64_t bytes;
} sha1;

static uint32_t
rotate(uint32_t x, int n)
{
    return (x << n) | (x >> (32 - n));
}

static uint32_t
mix(int t, const uint32_t v[5])
{
    if (t < 20) {
        return ((v[1] & v[2]) | (~v[1] & v[3])) + 0x5a827999U;
    }
    if (t >= 40 && t < 60) {
        return ((v[1] & v[2]) | (v[1] & v[3]) | (v[2] & v[3])) + 0x8f1bbcdcU;
    }
    return (v[1] ^ v[2] ^ v[3]) + (t < 40 ? 0x6ed9eba1U : 0xca62c1d6U);
}

static void
take_block(sha1 *s)
{
    uint32_t w[80];
    uint32_t v[5];
    for (size_t t = 0; t < 16; t++) {
        const uint8_t *b = &s->block[4 * t];
        w[t] = (uint32_t)b[0] << 24 | (uint32_t)b[1] << 16 | (uint32_t)b[2] << 8 | b[3];
    }
    for (int t = 16; t < 80; t++) {
        w[t] = rotate(w[t - 3] ^ w[t - 8] ^ w[t - 14] ^ w[t - 16], 1);
    }
    memcpy(v, s->h, sizeof v);
    for (int t = 0; t < 80; t++) {
        uint32_t next = rotate(v[0], 5) + mix(t, v) + v[4] + w[t];
        v[4] = v[3];
        v[3] = v[2];
        v[2] = rotate(v[1], 30);
        v[1] = v[0];
        v[0] = next;
    }
    for (int i = 0; i < 5; i++) {
        s->h[i] += v[i];
    }
    s->used = 0;
}

static void
add_byte(sha1 *s, uint8_t byte)
{
    s->block[s->used++] = byte;
    if (s->used == BLOCK) {
        take_block(s);
    }
}

void
upi_sha1(const upi_piece *pieces, int64_t n, uint8_t out[UPI_SHA1_BYTES])
{
    sha1 s = {.h = {0x67452301U, 0xefcdab89U, 0x98badcfeU, 0x10325476U, 0xc3d2e1f0U}};
    for (int64_t i = 0; i < n; i++) {
        for (int64_t k = 0; k < pieces[i].n; k++) {
            add_byte(&s, (uint8_t)pieces[i].s[k]);
        }
        s.bytes += (uint64_t)pieces[i].n;
    }
    add_byte(&s, 0x80);
    while (s.used != LENGTH_AT) {
        add_byte(&s, 0);
    }
    for (int shift = 56; shift >= 0; shift -= 8) {
        add_byte(&s, (uint8_t)(8 * s.bytes >> shift));
    }
    for (int i = 0; i < UPI_SHA1_BYTES; i++) {
        out[i] = (uint8_t)(s.h[i / 4] >> (24 - 8 * (i % 4)));
    }
}

double
upi_sha1_fraction(const upi_piece *pieces, int64_t n)
{
    uint8_t digest[UPI_SHA1_BYTES];
    uint64_t x = 0;
    upi_sha1(pieces, n, digest);
    for (int i = 0; i < 8; i++) {
        x = x << 8 | digest[i];
    }
    return (double)(x >> 4) / (double)0xfffffffffffffffULL;
}
