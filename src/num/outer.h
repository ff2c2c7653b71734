/* Sums of outer products of short rows that lie one after another. */
#ifndef UPI_OUTER_H
#define UPI_OUTER_H

#include <stdint.h>

enum { UPI_OUTER_LANES = 8 };

/* c (p,q), column-major, += the sum over r of a_r b_r', where row r of a stands at a + r ld_a
 * and that of b at b + r ld_b. p is a multiple of UPI_OUTER_LANES. */
typedef struct upi_outer {
    int64_t n, p, q;
    const double *a;
    int64_t ld_a;
    const double *b;
    int64_t ld_b;
    double *c;
    int64_t ld_c;
    int level; /* how wide the registers are: 0 to upi_outer_level(). Changes no bit. */
} upi_outer;
void upi_outer_add(const upi_outer *x);
int upi_outer_level(void);

#endif
