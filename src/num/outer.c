/* Sums of outer products. Rows need no packing, which is what makes this faster than upi_gemm()
 * for a few hundred short rows. Each element is a plain sum over the rows in order, never fused,
 * whatever the width of the registers: the same bits on every kind of CPU. */
#include "num/outer.h"

#include <stdbool.h>
#include <string.h>

typedef double quad __attribute__((vector_size(32)));
typedef double eight __attribute__((vector_size(64)));

/* Loops of a fixed small length, unrolled before variables are given registers. */
#define UNROLL _Pragma("GCC unroll 16")
#define INLINE static inline __attribute__((always_inline))

/* A function that adds the products of HIGH registers of a from column i by WIDE columns of b
 * from column j; all sums stay in registers. */
#define SUM(NAME, VECTOR, HIGH, WIDE)                                                  \
    INLINE void NAME(const upi_outer *x, int64_t i, int64_t j)                         \
    {                                                                                  \
        const int64_t step = sizeof(VECTOR) / sizeof(double);                          \
        VECTOR sum[WIDE][HIGH];                                                        \
        const double *a = x->a + i, *b = x->b + j;                                     \
        UNROLL for (int s = 0; s < (WIDE) * (HIGH); s++)                               \
        {                                                                              \
            sum[s / (HIGH)][s % (HIGH)] = (VECTOR){0};                                 \
        }                                                                              \
        for (int64_t r = 0; r < x->n; r++, a += x->ld_a, b += x->ld_b) {               \
            VECTOR y[HIGH];                                                            \
            UNROLL for (int q = 0; q < (HIGH); q++)                                    \
            {                                                                          \
                memcpy(&y[q], a + q * step, sizeof y[q]);                              \
            }                                                                          \
            UNROLL for (int s = 0; s < (WIDE); s++)                                    \
            {                                                                          \
                double factor = b[s];                                                  \
                UNROLL for (int q = 0; q < (HIGH); q++)                                \
                {                                                                      \
                    sum[s][q] += y[q] * factor;                                        \
                }                                                                      \
            }                                                                          \
        }                                                                              \
        UNROLL for (int s = 0; s < (WIDE) * (HIGH); s++)                               \
        {                                                                              \
            VECTOR y;                                                                  \
            double *c = x->c + (j + s / (HIGH)) * x->ld_c + i + (s % (HIGH)) * step;   \
            memcpy(&y, c, sizeof y);                                                   \
            y += sum[s / (HIGH)][s % (HIGH)];                                          \
            memcpy(c, &y, sizeof y);                                                   \
        }                                                                              \
    }
SUM(sum_quad_5, quad, 2, 5)
SUM(sum_quad_3, quad, 2, 3)
SUM(sum_quad_1, quad, 2, 1)
SUM(sum_eight_5, eight, 3, 5)
SUM(sum_eight_3, eight, 3, 3)
SUM(sum_eight_1, eight, 3, 1)
SUM(sum_short_5, eight, 1, 5)
SUM(sum_short_3, eight, 1, 3)
SUM(sum_short_1, eight, 1, 1)
#undef SUM

/* All columns of b in steps of five, three and one: pairs of equations are 1, 3, 6, 10, 15. */
#define SUM_COLUMNS(NAME, FIVE, THREE, ONE)                                            \
    INLINE void NAME(const upi_outer *x, int64_t i, int64_t columns)                   \
    {                                                                                  \
        int64_t j = 0;                                                                 \
        for (; j + 5 <= columns; j += 5) {                                             \
            FIVE(x, i, j);                                                             \
        }                                                                              \
        for (; j + 3 <= columns; j += 3) {                                             \
            THREE(x, i, j);                                                            \
        }                                                                              \
        for (; j < columns; j++) {                                                     \
            ONE(x, i, j);                                                              \
        }                                                                              \
    }
SUM_COLUMNS(sum_quad, sum_quad_5, sum_quad_3, sum_quad_1)
SUM_COLUMNS(sum_eight, sum_eight_5, sum_eight_3, sum_eight_1)
SUM_COLUMNS(sum_short, sum_short_5, sum_short_3, sum_short_1)
#undef SUM_COLUMNS

static void
add_any(const upi_outer *x)
{
    for (int64_t i = 0; i < x->p; i += UPI_OUTER_LANES) {
        sum_quad(x, i, x->q);
    }
}

#if defined(__x86_64__) && defined(__GNUC__)
/* The same operations in wider registers: the same bits. */
__attribute__((target("avx2"))) static void
add_avx2(const upi_outer *x)
{
    for (int64_t i = 0; i < x->p; i += UPI_OUTER_LANES) {
        sum_quad(x, i, x->q);
    }
}

__attribute__((target("avx512f"))) static void
add_avx512(const upi_outer *x)
{
    const int64_t step = 3 * (int64_t)UPI_OUTER_LANES;
    int64_t i = 0;
    for (; i + step <= x->p; i += step) {
        sum_eight(x, i, x->q);
    }
    for (; i < x->p; i += UPI_OUTER_LANES) {
        sum_short(x, i, x->q);
    }
}

int
upi_outer_level(void)
{
    bool widest = __builtin_cpu_supports("avx512f");
    return widest ? 2 : __builtin_cpu_supports("avx2") ? 1 : 0;
}

void
upi_outer_add(const upi_outer *x)
{
    if (x->level == 2) {
        add_avx512(x);
    } else if (x->level == 1) {
        add_avx2(x);
    } else {
        add_any(x);
    }
}
#else
int
upi_outer_level(void)
{
    return 0;
}

void
upi_outer_add(const upi_outer *x)
{
    add_any(x);
}
#endif
