/* Loops over the rows of a batch. Numbers that are missing are NaN; other types have a
 * validity mask; booleans are two masks, truth and validity. In masks the bits at and behind
 * row n are unspecified, unless said otherwise. */
#ifndef UPI_EXPR_KERNEL_H
#define UPI_EXPR_KERNEL_H

#include "expr/tree.h"

enum { UPI_MASK_WORDS = UPI_BATCH_ROWS / 64 };

/* What a node gave on the rows of a batch. */
typedef struct upi_value {
    upi_type type;
    bool constant;    /* element 0 stands for all rows; never set for booleans */
    const void *data; /* double, int64_t or upi_str; booleans: unused */
    const uint64_t
        *valid; /* doubles: unused. Booleans: never NULL. Others: NULL = all */
    const uint64_t *truth; /* booleans: a subset of valid */
} upi_value;

static inline int64_t
upi_mask_words(int64_t n)
{
    return (n + 63) >> 6;
}

static inline bool
upi_mask_get(const uint64_t *mask, int64_t i)
{
    return (mask[i >> 6] >> (i & 63)) & 1;
}

void upi_mask_fill(uint64_t *mask, bool bit);
/* Bits behind row n become 0. */
void upi_mask_trim(uint64_t *mask, int64_t n);
/* The validity of a value as a whole mask, and the joint validity of two. Doubles too. */
void upi_mask_valid(uint64_t *mask, const upi_value *v, int64_t n);
/* One byte per row to bits and back. */
void upi_mask_from_bytes(uint64_t *mask, const uint8_t *bytes, int64_t n);
void upi_mask_to_bytes(uint8_t *bytes, const uint64_t *mask, int64_t n);

/* a op b for two values of the same type; op is UPI_OP_EQ .. UPI_OP_GE. */
void upi_kernel_compare(upi_op op, const upi_value *a, const upi_value *b, int64_t n,
    uint64_t *truth, uint64_t *valid);

/* and (is_or false) or or: (truth, valid) becomes (truth, valid) op b. */
void upi_kernel_logic(
    bool is_or, uint64_t *truth, uint64_t *valid, const upi_value *b, int64_t n);

/* + - * / %, and the functions of one number. */
void upi_kernel_binary(
    upi_op op, const upi_value *a, const upi_value *b, int64_t n, double *out);
void upi_kernel_unary(upi_op op, const upi_value *a, int64_t n, double *out);

/* Calendar parts of dates and timestamps; rows without a part lose their valid bit. */
void upi_kernel_calendar(
    upi_op op, const upi_value *a, int64_t n, int64_t *out, uint64_t *valid);

/* Byte order; negative, 0, positive. */
int upi_str_compare(const upi_str *a, const upi_str *b);

#endif
