/* The memory of an evaluation: a stack of slots, one for each value that is alive, and the
 * sorted lists of long `in (...)`. */
#ifndef UPI_EXPR_SCRATCH_H
#define UPI_EXPR_SCRATCH_H

#include "expr/kernel.h"

/* The constants of one `in` list, sorted, for binary search. */
typedef struct upi_in_set {
    int32_t node;
    upi_type type; /* UPI_F64, UPI_STR, or UPI_I64 for all that are int64_t inside */
    int64_t n;     /* without nulls */
    double *f64;
    int64_t *i64;
    upi_str *text;
    bool has_null;
} upi_in_set;

/* Lists shorter than this are compared constant by constant. */
enum { UPI_IN_SET_LEAST = 9 };

typedef struct upi_slot {
    void *data; /* UPI_BATCH_ROWS elements of `size` bytes */
    size_t size;
    uint64_t truth[UPI_MASK_WORDS], valid[UPI_MASK_WORDS];
} upi_slot;

struct upi_expr_scratch {
    upi_slot **slots;
    int64_t n_slots, capacity, used;
    upi_slot *result; /* the column that is handed out */
    upi_in_set *sets;
    int64_t n_sets;
    upi_column *row; /* for upi_expr_test: one row */
    upi_str *row_text;
    int64_t *row_i64;
    double *row_f64;
    uint8_t *row_bool;
    int64_t n_row;
};

/* The next free slot, with room for elements of `size` bytes (0 = masks alone). */
up_status upi_scratch_take(
    upi_expr_scratch *s, size_t size, upi_slot **out, up_error *err);
const upi_in_set *upi_scratch_in_set(const upi_expr_scratch *s, int32_t node);
/* Rows whose value is in the set; the value is not constant. */
void upi_in_set_find(
    const upi_in_set *set, const upi_value *v, int64_t n, uint64_t *truth);

/* The value of a literal in the type wanted (a numeric one may become a double). The
 * storage holds a constant's element. */
typedef struct upi_constant {
    double f64;
    int64_t i64;
    upi_str text;
    bool null;
} upi_constant;
void upi_constant_of(
    const upi_expr *e, const upi_node *node, upi_type as, upi_constant *out);

#endif
