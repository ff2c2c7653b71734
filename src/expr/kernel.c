/* Loops over the rows of a batch: masks, comparison, logic, arithmetic.
 *
 * Comparisons write 64 bytes of 0 or 1, which compilers turn into vector code, and then
 * gather them into one word: multiplying 8 such bytes by 0x0102040810204080 brings them
 * together in the top byte. Only =, < and <= have loops; the others are their complement
 * within the valid rows, which is also right for NaN because NaN is not valid. */
#include "expr/kernel.h"

#include "expr/calendar.h"

#include <math.h>

void
upi_mask_fill(uint64_t *mask, bool bit)
{
    memset(mask, bit ? 0xFF : 0, UPI_MASK_WORDS * sizeof *mask);
}

void
upi_mask_trim(uint64_t *mask, int64_t n)
{
    if (n & 63) {
        mask[n >> 6] &= (UINT64_C(1) << (n & 63)) - 1;
    }
}

/* 64 bytes of 0 or 1 to one word, the first byte lowest. */
static uint64_t
pack(const uint8_t bytes[64])
{
    uint64_t word = 0;
    for (size_t k = 0; k < 8; k++) {
        uint64_t eight = 0;
        memcpy(&eight, &bytes[8 * k], 8);
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
        eight = __builtin_bswap64(eight);
#endif
        word |= ((eight * UINT64_C(0x0102040810204080)) >> 56) << (8 * k);
    }
    return word;
}

/* A function that sets bit i of mask to the condition, for the rows i of [0, n). */
#define MASK_LOOP(name, parameters, condition)                                         \
    static void name(uint64_t *mask, int64_t n, parameters)                            \
    {                                                                                  \
        uint8_t hit[64];                                                               \
        int64_t full = n >> 6;                                                         \
        for (int64_t w = 0; w < full; w++) {                                           \
            for (int64_t j = 0; j < 64; j++) {                                         \
                int64_t i = w * 64 + j;                                                \
                hit[j] = (uint8_t)(condition);                                         \
            }                                                                          \
            mask[w] = pack(hit);                                                       \
        }                                                                              \
        if (n & 63) {                                                                  \
            memset(hit, 0, sizeof hit);                                                \
            for (int64_t i = full * 64; i < n; i++) {                                  \
                hit[i & 63] = (uint8_t)(condition);                                    \
            }                                                                          \
            mask[full] = pack(hit);                                                    \
        }                                                                              \
    }
/* Several parameters as one argument of the macro. */
#define PARAMETERS(...) __VA_ARGS__

MASK_LOOP(set_bytes, const uint8_t *bytes, bytes[i] != 0)
MASK_LOOP(not_nan, const double *x, x[i] == x[i])

void
upi_mask_from_bytes(uint64_t *mask, const uint8_t *bytes, int64_t n)
{
    set_bytes(mask, n, bytes);
}

void
upi_mask_to_bytes(uint8_t *bytes, const uint64_t *mask, int64_t n)
{
    for (int64_t i = 0; i < n; i++) {
        bytes[i] = (uint8_t)upi_mask_get(mask, i);
    }
}

void
upi_mask_valid(uint64_t *mask, const upi_value *v, int64_t n)
{
    if (v->constant) {
        bool valid = v->type == UPI_F64 ? !isnan(*(const double *)v->data)
                                        : v->valid == NULL || (v->valid[0] & 1);
        upi_mask_fill(mask, valid);
    } else if (v->type == UPI_F64) {
        not_nan(mask, n, v->data);
    } else if (v->valid == NULL) {
        upi_mask_fill(mask, true);
    } else {
        memcpy(mask, v->valid, (size_t)upi_mask_words(n) * sizeof *mask);
    }
}

/* mask &= validity of v */
static void
and_valid(uint64_t *mask, const upi_value *v, int64_t n)
{
    uint64_t more[UPI_MASK_WORDS];
    if (v->type != UPI_F64 && !v->constant && v->valid == NULL) {
        return;
    }
    upi_mask_valid(more, v, n);
    for (int64_t w = 0; w < upi_mask_words(n); w++) {
        mask[w] &= more[w];
    }
}

/* Two vectors, and a vector and a constant. */
MASK_LOOP(f64_eq, PARAMETERS(const double *a, const double *b), a[i] == b[i])
MASK_LOOP(f64_lt, PARAMETERS(const double *a, const double *b), a[i] < b[i])
MASK_LOOP(f64_le, PARAMETERS(const double *a, const double *b), a[i] <= b[i])
MASK_LOOP(f64_eq_one, PARAMETERS(const double *a, double b), a[i] == b)
MASK_LOOP(f64_lt_one, PARAMETERS(const double *a, double b), a[i] < b)
MASK_LOOP(f64_le_one, PARAMETERS(const double *a, double b), a[i] <= b)
MASK_LOOP(i64_eq, PARAMETERS(const int64_t *a, const int64_t *b), a[i] == b[i])
MASK_LOOP(i64_lt, PARAMETERS(const int64_t *a, const int64_t *b), a[i] < b[i])
MASK_LOOP(i64_le, PARAMETERS(const int64_t *a, const int64_t *b), a[i] <= b[i])
MASK_LOOP(i64_eq_one, PARAMETERS(const int64_t *a, int64_t b), a[i] == b)
MASK_LOOP(i64_lt_one, PARAMETERS(const int64_t *a, int64_t b), a[i] < b)
MASK_LOOP(i64_le_one, PARAMETERS(const int64_t *a, int64_t b), a[i] <= b)

static void
compare_f64(upi_op op, const double *a, const upi_value *b, int64_t n, uint64_t *mask)
{
    const double *y = b->data;
    if (b->constant) {
        (op == UPI_OP_EQ      ? f64_eq_one
            : op == UPI_OP_LT ? f64_lt_one
                              : f64_le_one)(mask, n, a, *y);
    } else {
        (op == UPI_OP_EQ ? f64_eq : op == UPI_OP_LT ? f64_lt : f64_le)(mask, n, a, y);
    }
}

static void
compare_i64(upi_op op, const int64_t *a, const upi_value *b, int64_t n, uint64_t *mask)
{
    const int64_t *y = b->data;
    if (b->constant) {
        (op == UPI_OP_EQ      ? i64_eq_one
            : op == UPI_OP_LT ? i64_lt_one
                              : i64_le_one)(mask, n, a, *y);
    } else {
        (op == UPI_OP_EQ ? i64_eq : op == UPI_OP_LT ? i64_lt : i64_le)(mask, n, a, y);
    }
}

int
upi_str_compare(const upi_str *a, const upi_str *b)
{
    uint32_t na = upi_str_length(a);
    uint32_t nb = upi_str_length(b);
    int order = memcmp(upi_str_data(a), upi_str_data(b), na < nb ? na : nb);
    return order != 0 ? order : (na > nb) - (na < nb);
}

/* The 16 bytes of a string as two words: length and prefix; rest or pointer. */
static void
str_words(const upi_str *s, uint64_t words[2])
{
    memcpy(words, s, 16);
}

static bool
str_equal(const upi_str *a, const upi_str *b)
{
    uint64_t x[2];
    uint64_t y[2];
    str_words(a, x);
    str_words(b, y);
    if (x[0] != y[0]) {
        return false;
    }
    return x[1] == y[1] ||
           (upi_str_length(a) > 12 &&
               memcmp(a->u.big.pointer, b->u.big.pointer, upi_str_length(a)) == 0);
}

static void
strings_equal_short(const upi_str *a, const upi_str *b, int64_t n, uint64_t *mask)
{
    uint64_t y[2];
    str_words(b, y);
    for (int64_t w = 0; w < upi_mask_words(n); w++) {
        int64_t rows = n - w * 64 < 64 ? n - w * 64 : 64;
        uint64_t word = 0;
        for (int64_t j = 0; j < rows; j++) {
            uint64_t x[2];
            str_words(&a[w * 64 + j], x);
            word |= (uint64_t)(((x[0] ^ y[0]) | (x[1] ^ y[1])) == 0) << j;
        }
        mask[w] = word;
    }
}

/* Null rows may hold anything, so they are not looked at; step is 0 for a constant y. */
MASK_LOOP(str_eq,
    PARAMETERS(const uint64_t *valid, const upi_str *x, const upi_str *y, int64_t step),
    upi_mask_get(valid, i) && str_equal(&x[i], &y[i * step]))
MASK_LOOP(str_lt,
    PARAMETERS(const uint64_t *valid, const upi_str *x, const upi_str *y, int64_t step),
    upi_mask_get(valid, i) && upi_str_compare(&x[i], &y[i * step]) < 0)
MASK_LOOP(str_le,
    PARAMETERS(const uint64_t *valid, const upi_str *x, const upi_str *y, int64_t step),
    upi_mask_get(valid, i) && upi_str_compare(&x[i], &y[i * step]) <= 0)

/* valid: the rows where neither is null. */
static void
compare_str(upi_op op, const upi_value *a, const upi_value *b, int64_t n,
    const uint64_t *valid, uint64_t *mask)
{
    const upi_str *y = b->data;
    if (op == UPI_OP_EQ && b->constant && upi_str_length(y) <= 12) {
        strings_equal_short(a->data, y, n, mask);
        return;
    }
    (op == UPI_OP_EQ      ? str_eq
        : op == UPI_OP_LT ? str_lt
                          : str_le)(mask, n, valid, a->data, y, b->constant ? 0 : 1);
}

/* false < true, bit by bit. */
static void
compare_booleans(
    upi_op op, const upi_value *a, const upi_value *b, int64_t n, uint64_t *mask)
{
    for (int64_t w = 0; w < upi_mask_words(n); w++) {
        uint64_t x = a->truth[w];
        uint64_t y = b->truth[w];
        mask[w] = op == UPI_OP_EQ ? ~(x ^ y) : op == UPI_OP_LT ? ~x & y : ~x | y;
    }
}

void
upi_kernel_compare(upi_op op, const upi_value *a, const upi_value *b, int64_t n,
    uint64_t *truth, uint64_t *valid)
{
    upi_value one = *a; /* a constant as a vector of one row */
    bool single = a->constant && b->constant;
    if (single) {
        one.constant = false;
        a = &one;
        n = 1;
    } else if (a->constant) {
        const upi_value *swap = a;
        a = b;
        b = swap;
        op = op == UPI_OP_LT   ? UPI_OP_GT
             : op == UPI_OP_LE ? UPI_OP_GE
             : op == UPI_OP_GT ? UPI_OP_LT
             : op == UPI_OP_GE ? UPI_OP_LE
                               : op;
    }
    bool opposite = op == UPI_OP_NE || op == UPI_OP_GT || op == UPI_OP_GE;
    op = op == UPI_OP_NE   ? UPI_OP_EQ
         : op == UPI_OP_GT ? UPI_OP_LE
         : op == UPI_OP_GE ? UPI_OP_LT
                           : op;
    upi_mask_valid(valid, a, n);
    and_valid(valid, b, n);
    if (a->type == UPI_BOOL) {
        compare_booleans(op, a, b, n, truth);
    } else if (a->type == UPI_STR) {
        compare_str(op, a, b, n, valid, truth);
    } else if (a->type == UPI_F64) {
        compare_f64(op, a->data, b, n, truth);
    } else {
        compare_i64(op, a->data, b, n, truth);
    }
    uint64_t flip = opposite ? ~UINT64_C(0) : 0;
    for (int64_t w = 0; w < upi_mask_words(n); w++) {
        truth[w] = (truth[w] ^ flip) & valid[w];
    }
    if (single) {
        upi_mask_fill(truth, truth[0] & 1);
        upi_mask_fill(valid, valid[0] & 1);
    }
}

void
upi_kernel_logic(
    bool is_or, uint64_t *truth, uint64_t *valid, const upi_value *b, int64_t n)
{
    for (int64_t w = 0; w < upi_mask_words(n); w++) {
        uint64_t ta = truth[w];
        uint64_t va = valid[w];
        uint64_t tb = b->truth[w];
        uint64_t vb = b->valid[w];
        if (is_or) { /* known when both are, or when one is true */
            truth[w] = ta | tb;
            valid[w] = (va & vb) | ta | tb;
        } else { /* known when both are, or when one is false */
            truth[w] = ta & tb;
            valid[w] = (va & vb) | (va & ~ta) | (vb & ~tb);
        }
    }
}

/* A function over x and y, either of which may be a constant. */
#define BINARY_LOOP(name, expression)                                                  \
    static void name(const upi_value *a, const upi_value *b, int64_t n, double *out)   \
    {                                                                                  \
        const double *pa = a->data;                                                    \
        const double *pb = b->data;                                                    \
        double x = pa[0];                                                              \
        double y = pb[0];                                                              \
        if (b->constant) {                                                             \
            for (int64_t i = 0; i < n; i++) {                                          \
                x = pa[i];                                                             \
                out[i] = (expression);                                                 \
            }                                                                          \
        } else if (a->constant) {                                                      \
            for (int64_t i = 0; i < n; i++) {                                          \
                y = pb[i];                                                             \
                out[i] = (expression);                                                 \
            }                                                                          \
        } else {                                                                       \
            for (int64_t i = 0; i < n; i++) {                                          \
                x = pa[i];                                                             \
                y = pb[i];                                                             \
                out[i] = (expression);                                                 \
            }                                                                          \
        }                                                                              \
    }

#define UNARY_LOOP(name, expression)                                                   \
    static void name(const double *a, int64_t n, double *out)                          \
    {                                                                                  \
        for (int64_t i = 0; i < n; i++) {                                              \
            const double x = a[i];                                                     \
            out[i] = (expression);                                                     \
        }                                                                              \
    }

BINARY_LOOP(add, x + y)
BINARY_LOOP(subtract, x - y)
BINARY_LOOP(multiply, x *y)
BINARY_LOOP(divide, y == 0.0 ? (double)NAN : x / y)
BINARY_LOOP(remainder_of, y == 0.0 ? (double)NAN : fmod(x, y))
UNARY_LOOP(negate, -x)
UNARY_LOOP(absolute, fabs(x))
UNARY_LOOP(logarithm, x > 0.0 ? log(x) : (double)NAN)
UNARY_LOOP(exponential, exp(x))
UNARY_LOOP(round_down, floor(x))

void
upi_kernel_binary(
    upi_op op, const upi_value *a, const upi_value *b, int64_t n, double *out)
{
    if (n == 0) {
        return;
    }
    switch (op) {
    case UPI_OP_ADD:
        add(a, b, n, out);
        break;
    case UPI_OP_SUB:
        subtract(a, b, n, out);
        break;
    case UPI_OP_MUL:
        multiply(a, b, n, out);
        break;
    case UPI_OP_DIV:
        divide(a, b, n, out);
        break;
    default:
        remainder_of(a, b, n, out);
        break;
    }
}

void
upi_kernel_unary(upi_op op, const upi_value *a, int64_t n, double *out)
{
    switch (op) {
    case UPI_OP_NEG:
        negate(a->data, n, out);
        break;
    case UPI_OP_ABS:
        absolute(a->data, n, out);
        break;
    case UPI_OP_LN:
        logarithm(a->data, n, out);
        break;
    case UPI_OP_EXP:
        exponential(a->data, n, out);
        break;
    default:
        round_down(a->data, n, out);
        break;
    }
}

static int64_t
calendar_part(upi_op op, int64_t days)
{
    switch (op) {
    case UPI_OP_YEAR:
        return upi_civil_from_days(days).year;
    case UPI_OP_MONTH:
        return upi_civil_from_days(days).month;
    case UPI_OP_DAY:
        return upi_civil_from_days(days).day;
    case UPI_OP_WEEK:
        return upi_iso_week_of_days(days);
    case UPI_OP_WEEKDAY:
        return upi_weekday_of_days(days);
    default: /* UPI_OP_DATE */
        return days;
    }
}

void
upi_kernel_calendar(
    upi_op op, const upi_value *a, int64_t n, int64_t *out, uint64_t *valid)
{
    const int64_t *x = a->data;
    upi_mask_valid(valid, a, n);
    for (int64_t i = 0; i < n; i++) {
        int64_t days = a->type == UPI_TIME ? upi_days_of_micros(x[i]) : x[i];
        if (days > UPI_DAYS_LIMIT || days < -UPI_DAYS_LIMIT) {
            out[i] = 0;
            valid[i >> 6] &= ~(UINT64_C(1) << (i & 63));
        } else if (op == UPI_OP_HOUR) {
            int64_t rest = x[i] % UPI_DAY_MICROS;
            rest += rest < 0 ? UPI_DAY_MICROS : 0;
            out[i] = rest / INT64_C(3600000000);
        } else {
            out[i] = calendar_part(op, days);
        }
    }
}
