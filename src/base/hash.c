/* A 64-bit hash that is the same on every machine: words are read as little-endian whatever
 * the machine, multiplied and folded, and finished by a bijective mixer of xor-shifts and
 * odd multiplications (Steele, Lea & Flood 2014, variant 13 of Stafford). Not for secrets:
 * whoever chooses the bytes can find collisions, so users of the hash compare keys too. */
#include "base/text.h"

uint64_t
upi_hash_u64(uint64_t x)
{
    x ^= x >> 30;
    x *= UINT64_C(0xbf58476d1ce4e5b9);
    x ^= x >> 27;
    x *= UINT64_C(0x94d049bb133111eb);
    x ^= x >> 31;
    return x;
}

static uint64_t
little_endian(const unsigned char *p, size_t n)
{
    uint64_t word = 0;
    for (size_t i = 0; i < n; i++) {
        word |= (uint64_t)p[i] << (8 * i);
    }
    return word;
}

uint64_t
upi_hash_bytes(const void *p, size_t n, uint64_t seed)
{
    const unsigned char *bytes = p;
    uint64_t h = upi_hash_u64(seed + UINT64_C(0x9e3779b97f4a7c15)) ^ (uint64_t)n;
    while (n >= 8) {
        h = upi_hash_u64(h ^ little_endian(bytes, 8)) + UINT64_C(0x9e3779b97f4a7c15);
        bytes += 8;
        n -= 8;
    }
    /* The length went in first, so a tail of zero bytes is not the same as no tail. */
    return upi_hash_u64(h ^ little_endian(bytes, n));
}
