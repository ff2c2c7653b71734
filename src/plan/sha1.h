/* SHA-1 of a short text, for assignment by hash as PlanOut does it. Not for secrets. */
#ifndef UPI_SHA1_H
#define UPI_SHA1_H

#include <stdint.h>

enum { UPI_SHA1_BYTES = 20 };

/* of the pieces one after the other */
typedef struct upi_piece {
    const char *s;
    int64_t n;
} upi_piece;
void upi_sha1(const upi_piece *pieces, int64_t n, uint8_t out[UPI_SHA1_BYTES]);
/* The first 15 hexadecimal digits as a fraction of the largest such number, in [0, 1]. */
double upi_sha1_fraction(const upi_piece *pieces, int64_t n);

#endif
