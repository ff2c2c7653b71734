/* Values of a bound expression over a batch: one loop per node over the rows, every node
 * writing into a slot of the scratch.
 *
 * Missing numbers are NaN from the moment a column is read, so that arithmetic needs no
 * masks; everything else carries a validity mask, and booleans are two masks, so that
 * and/or/not cost a few words per 64 rows (Kleene's logic). Constants stay one element. */
#include "expr/calendar.h"
#include "expr/scratch.h"

#include <math.h>

typedef struct evaluation {
    const upi_expr *e;
    const upi_batch *batch;
    upi_expr_scratch *s;
    int64_t n;
    up_error *err;
} evaluation;

static const double no_number = (double)NAN;
static const int64_t no_integer;
static const upi_str no_text;
static const uint64_t no_rows[UPI_MASK_WORDS];

static up_status value_as(evaluation *ev, int32_t index, int as, upi_value *out);

static size_t
element_size(upi_type type)
{
    return type == UPI_STR ? sizeof(upi_str) : type == UPI_BOOL ? 0 : 8;
}

static upi_value
null_value(upi_type type)
{
    upi_value v = {.type = type, .constant = type != UPI_BOOL, .valid = no_rows};
    v.truth = no_rows;
    v.data = type == UPI_F64   ? (const void *)&no_number
             : type == UPI_STR ? (const void *)&no_text
                               : (const void *)&no_integer;
    return v;
}

static upi_value
mask_value(const upi_slot *slot)
{
    return (upi_value){.type = UPI_BOOL, .valid = slot->valid, .truth = slot->truth};
}

/* Rows a loop has to go over when its operands are these. */
static int64_t
rows_of(const evaluation *ev, const upi_value *a, const upi_value *b)
{
    return a->constant && (b == NULL || b->constant) ? 1 : ev->n;
}

/* A column as it is used inside expressions: numbers without a mask, booleans as masks. */
static up_status
read_column(evaluation *ev, const upi_node *node, upi_value *out)
{
    up_status status = UP_OK;
    const upi_column *c = &ev->batch->columns[node->column];
    upi_slot *slot = NULL;
    *out = (upi_value){.type = c->type, .data = c->data, .valid = c->validity};
    if (c->type == UPI_BOOL) {
        UP_TRY(upi_scratch_take(ev->s, 0, &slot, ev->err));
        upi_mask_from_bytes(slot->truth, c->data, ev->n);
        for (int64_t w = 0; w < upi_mask_words(ev->n); w++) {
            slot->valid[w] = c->validity == NULL ? ~UINT64_C(0) : c->validity[w];
            slot->truth[w] &= slot->valid[w];
        }
        *out = mask_value(slot);
    } else if (c->type == UPI_F64 && c->validity != NULL) {
        UP_TRY(upi_scratch_take(ev->s, sizeof(double), &slot, ev->err));
        const double *from = c->data;
        double *to = slot->data;
        for (int64_t i = 0; i < ev->n; i++) {
            to[i] = upi_mask_get(c->validity, i) ? from[i] : no_number;
        }
        out->data = to;
        out->valid = NULL;
    }
out:
    return status;
}

static up_status
read_literal(evaluation *ev, const upi_node *node, upi_value *out)
{
    up_status status = UP_OK;
    upi_slot *slot = NULL;
    upi_constant c;
    upi_constant_of(ev->e, node, (upi_type)node->type, &c);
    UP_TRY(upi_scratch_take(ev->s, element_size((upi_type)node->type), &slot, ev->err));
    if (node->type == UPI_BOOL) {
        upi_mask_fill(slot->truth, c.i64 != 0);
        upi_mask_fill(slot->valid, true);
        *out = mask_value(slot);
        return UP_OK;
    }
    *out = (upi_value){.type = (upi_type)node->type, .constant = true};
    if (node->type == UPI_F64) {
        *(double *)slot->data = c.f64;
    } else if (node->type == UPI_STR) {
        *(upi_str *)slot->data = c.text;
    } else {
        *(int64_t *)slot->data = c.i64;
    }
    out->data = slot->data;
out:
    return status;
}

/* Integers, booleans -> doubles; booleans -> integers; dates -> timestamps. */
static up_status
convert(evaluation *ev, upi_type to, upi_value *v)
{
    up_status status = UP_OK;
    upi_slot *slot = NULL;
    int64_t n = v->constant ? 1 : ev->n;
    UP_TRY(upi_scratch_take(ev->s, 8, &slot, ev->err));
    double *f64 = slot->data;
    int64_t *i64 = slot->data;
    const int64_t *from = v->data;
    if (v->type == UPI_BOOL) {
        for (int64_t i = 0; i < n && to == UPI_F64; i++) {
            f64[i] = !upi_mask_get(v->valid, i)  ? no_number
                     : upi_mask_get(v->truth, i) ? 1.0
                                                 : 0.0;
        }
        for (int64_t i = 0; i < n && to != UPI_F64; i++) {
            i64[i] = upi_mask_get(v->truth, i);
        }
    } else if (to == UPI_F64) {
        for (int64_t i = 0; i < n; i++) {
            f64[i] = (double)from[i];
        }
        for (int64_t i = 0; i < n && v->valid != NULL; i++) {
            f64[i] = upi_mask_get(v->valid, i) ? f64[i] : no_number;
        }
    } else {
        for (int64_t i = 0; i < n; i++) {
            i64[i] = upi_micros_of_days(from[i]);
        }
    }
    v->type = to;
    v->data = slot->data;
    v->valid = to == UPI_F64 ? NULL : v->valid;
out:
    return status;
}

static up_status
eval_arithmetic(evaluation *ev, const upi_node *node, upi_slot *own, upi_value *out)
{
    up_status status = UP_OK;
    upi_value a;
    upi_value b;
    int32_t second = ev->e->nodes[node->first].next;
    *out = (upi_value){.type = UPI_F64, .data = own->data};
    UP_TRY(value_as(ev, node->first, UPI_F64, &a));
    if (second == UPI_NO_NODE) {
        upi_kernel_unary(node->op, &a, rows_of(ev, &a, NULL), own->data);
        out->constant = a.constant;
        return UP_OK;
    }
    UP_TRY(value_as(ev, second, UPI_F64, &b));
    upi_kernel_binary(node->op, &a, &b, rows_of(ev, &a, &b), own->data);
    out->constant = a.constant && b.constant;
out:
    return status;
}

static up_status
eval_compare(evaluation *ev, const upi_node *node, upi_slot *own, upi_value *out)
{
    up_status status = UP_OK;
    upi_value a;
    upi_value b;
    UP_TRY(value_as(ev, node->first, node->as, &a));
    UP_TRY(value_as(ev, ev->e->nodes[node->first].next, node->as, &b));
    upi_kernel_compare(node->op, &a, &b, ev->n, own->truth, own->valid);
    *out = mask_value(own);
out:
    return status;
}

static up_status
eval_between(evaluation *ev, const upi_node *node, upi_slot *own, upi_value *out)
{
    up_status status = UP_OK;
    upi_value x;
    upi_value low;
    upi_value high;
    upi_slot *upper = NULL;
    int32_t second = ev->e->nodes[node->first].next;
    UP_TRY(value_as(ev, node->first, node->as, &x));
    UP_TRY(value_as(ev, second, node->as, &low));
    UP_TRY(value_as(ev, ev->e->nodes[second].next, node->as, &high));
    UP_TRY(upi_scratch_take(ev->s, 0, &upper, ev->err));
    upi_kernel_compare(UPI_OP_GE, &x, &low, ev->n, own->truth, own->valid);
    upi_kernel_compare(UPI_OP_LE, &x, &high, ev->n, upper->truth, upper->valid);
    upi_value u = mask_value(upper);
    upi_kernel_logic(false, own->truth, own->valid, &u, ev->n);
    *out = mask_value(own);
out:
    return status;
}

/* x in (a, b, ...) is x = a or x = b or ..., nulls included. */
static up_status
eval_in(evaluation *ev, int32_t index, upi_slot *own, upi_value *out)
{
    up_status status = UP_OK;
    const upi_node *node = &ev->e->nodes[index];
    const upi_in_set *set = upi_scratch_in_set(ev->s, index);
    upi_value x;
    upi_value item;
    upi_slot *one = NULL;
    UP_TRY(value_as(ev, node->first, node->as, &x));
    *out = mask_value(own);
    if (set != NULL && !x.constant) {
        upi_in_set_find(set, &x, ev->n, own->truth);
        upi_mask_valid(own->valid, &x, ev->n);
        for (int64_t w = 0; w < upi_mask_words(ev->n) && set->has_null; w++) {
            own->valid[w] = own->truth[w];
        }
        return UP_OK;
    }
    UP_TRY(upi_scratch_take(ev->s, 0, &one, ev->err));
    upi_mask_fill(own->truth, false);
    upi_mask_fill(own->valid, true);
    int64_t mark = ev->s->used;
    int32_t i = ev->e->nodes[node->first].next;
    for (; i != UPI_NO_NODE; i = ev->e->nodes[i].next) {
        ev->s->used = mark;
        UP_TRY(value_as(ev, i, node->as, &item));
        upi_kernel_compare(UPI_OP_EQ, &x, &item, ev->n, one->truth, one->valid);
        upi_value found = mask_value(one);
        upi_kernel_logic(true, own->truth, own->valid, &found, ev->n);
    }
out:
    return status;
}

static up_status
eval_logic(evaluation *ev, const upi_node *node, upi_slot *own, upi_value *out)
{
    up_status status = UP_OK;
    upi_value x;
    bool is_or = node->op == UPI_OP_OR;
    upi_mask_fill(own->truth, !is_or);
    upi_mask_fill(own->valid, true);
    int64_t mark = ev->s->used;
    for (int32_t i = node->first; i != UPI_NO_NODE; i = ev->e->nodes[i].next) {
        ev->s->used = mark;
        UP_TRY(value_as(ev, i, UPI_BOOL, &x));
        upi_kernel_logic(is_or, own->truth, own->valid, &x, ev->n);
    }
    *out = mask_value(own);
out:
    return status;
}

static up_status
eval_not(evaluation *ev, const upi_node *node, upi_slot *own, upi_value *out)
{
    up_status status = UP_OK;
    upi_value x;
    UP_TRY(value_as(ev, node->first, UPI_BOOL, &x));
    for (int64_t w = 0; w < upi_mask_words(ev->n); w++) {
        own->truth[w] = x.valid[w] & ~x.truth[w];
        own->valid[w] = x.valid[w];
    }
    *out = mask_value(own);
out:
    return status;
}

static up_status
eval_is_null(evaluation *ev, const upi_node *node, upi_slot *own, upi_value *out)
{
    up_status status = UP_OK;
    upi_value x;
    UP_TRY(value_as(ev, node->first, node->as, &x));
    upi_mask_valid(own->truth, &x, ev->n);
    for (int64_t w = 0; w < upi_mask_words(ev->n); w++) {
        own->truth[w] = ~own->truth[w];
    }
    upi_mask_fill(own->valid, true);
    *out = mask_value(own);
out:
    return status;
}

/* own = x in the rows of `take`, own elsewhere. */
static void
merge_rows(
    const evaluation *ev, upi_slot *own, const upi_value *x, const uint64_t *take)
{
    uint64_t valid[UPI_MASK_WORDS];
    upi_mask_valid(valid, x, ev->n);
    for (int64_t w = 0; w < upi_mask_words(ev->n); w++) {
        own->valid[w] = (own->valid[w] & ~take[w]) | (valid[w] & take[w]);
        if (x->type == UPI_BOOL) {
            own->truth[w] = (own->truth[w] & ~take[w]) | (x->truth[w] & take[w]);
        }
    }
    int64_t step = x->constant ? 0 : 1;
    if (x->type == UPI_STR) {
        upi_str *to = own->data;
        const upi_str *from = x->data;
        for (int64_t i = 0; i < ev->n; i++) {
            to[i] = upi_mask_get(take, i) ? from[i * step] : to[i];
        }
    } else if (x->type == UPI_F64) {
        double *to = own->data;
        const double *from = x->data;
        for (int64_t i = 0; i < ev->n; i++) {
            to[i] = upi_mask_get(take, i) ? from[i * step] : to[i];
        }
    } else if (x->type != UPI_BOOL) {
        int64_t *to = own->data;
        const int64_t *from = x->data;
        for (int64_t i = 0; i < ev->n; i++) {
            to[i] = upi_mask_get(take, i) ? from[i * step] : to[i];
        }
    }
}

static upi_value
slot_value(const upi_slot *own, upi_type type)
{
    upi_value v = {.type = type, .data = own->data, .valid = own->valid};
    v.truth = own->truth;
    return v;
}

static up_status
eval_if(evaluation *ev, const upi_node *node, upi_slot *own, upi_value *out)
{
    up_status status = UP_OK;
    upi_value c;
    upi_value x;
    uint64_t take[UPI_MASK_WORDS];
    int32_t then = ev->e->nodes[node->first].next;
    UP_TRY(value_as(ev, node->first, UPI_BOOL, &c));
    int64_t mark = ev->s->used;
    UP_TRY(value_as(ev, then, node->type, &x));
    upi_mask_fill(take, true);
    merge_rows(ev, own, &x, take);
    ev->s->used = mark;
    UP_TRY(value_as(ev, ev->e->nodes[then].next, node->type, &x));
    for (int64_t w = 0; w < upi_mask_words(ev->n); w++) {
        take[w] = ~c.truth[w]; /* false or null */
    }
    merge_rows(ev, own, &x, take);
    *out = slot_value(own, (upi_type)node->type);
out:
    return status;
}

/* The first that is not null; the least or greatest, null when one of them is null. */
static up_status
eval_fold(evaluation *ev, const upi_node *node, upi_slot *own, upi_value *out)
{
    up_status status = UP_OK;
    upi_value x;
    uint64_t take[UPI_MASK_WORDS];
    uint64_t valid[UPI_MASK_WORDS];
    upi_mask_fill(take, true);
    upi_mask_fill(own->valid, true);
    int64_t mark = ev->s->used;
    for (int32_t i = node->first; i != UPI_NO_NODE; i = ev->e->nodes[i].next) {
        ev->s->used = mark;
        UP_TRY(value_as(ev, i, node->type, &x));
        if (i != node->first && node->op != UPI_OP_COALESCE) {
            /* An operand replaces what is there where it is less (greater) or null. */
            upi_value so_far = slot_value(own, (upi_type)node->type);
            upi_op op = node->op == UPI_OP_LEAST ? UPI_OP_LT : UPI_OP_GT;
            upi_kernel_compare(op, &x, &so_far, ev->n, take, valid);
            upi_mask_valid(valid, &x, ev->n);
            for (int64_t w = 0; w < upi_mask_words(ev->n); w++) {
                take[w] |= ~valid[w];
            }
        }
        merge_rows(ev, own, &x, take);
        for (int64_t w = 0; w < upi_mask_words(ev->n) && node->op == UPI_OP_COALESCE;
             w++) {
            take[w] = ~own->valid[w];
        }
    }
    *out = slot_value(own, (upi_type)node->type);
out:
    return status;
}

static up_status
eval_calendar(evaluation *ev, const upi_node *node, upi_slot *own, upi_value *out)
{
    up_status status = UP_OK;
    upi_value x;
    UP_TRY(value_as(ev, node->first, node->as, &x));
    upi_kernel_calendar(node->op, &x, rows_of(ev, &x, NULL), own->data, own->valid);
    *out = slot_value(own, (upi_type)node->type);
    out->constant = x.constant;
out:
    return status;
}

static up_status
eval_operator(evaluation *ev, int32_t index, upi_value *out)
{
    up_status status = UP_OK;
    const upi_node *node = &ev->e->nodes[index];
    upi_slot *own = NULL;
    UP_TRY(upi_scratch_take(ev->s, element_size((upi_type)node->type), &own, ev->err));
    int64_t mark = ev->s->used;
    switch (node->op) {
    case UPI_OP_EQ:
    case UPI_OP_NE:
    case UPI_OP_LT:
    case UPI_OP_LE:
    case UPI_OP_GT:
    case UPI_OP_GE:
        UP_TRY(eval_compare(ev, node, own, out));
        break;
    case UPI_OP_IN:
        UP_TRY(eval_in(ev, index, own, out));
        break;
    case UPI_OP_BETWEEN:
        UP_TRY(eval_between(ev, node, own, out));
        break;
    case UPI_OP_IS_NULL:
        UP_TRY(eval_is_null(ev, node, own, out));
        break;
    case UPI_OP_NOT:
        UP_TRY(eval_not(ev, node, own, out));
        break;
    case UPI_OP_AND:
    case UPI_OP_OR:
        UP_TRY(eval_logic(ev, node, own, out));
        break;
    case UPI_OP_IF:
        UP_TRY(eval_if(ev, node, own, out));
        break;
    case UPI_OP_COALESCE:
    case UPI_OP_LEAST:
    case UPI_OP_GREATEST:
        UP_TRY(eval_fold(ev, node, own, out));
        break;
    case UPI_OP_YEAR:
    case UPI_OP_MONTH:
    case UPI_OP_DAY:
    case UPI_OP_WEEK:
    case UPI_OP_WEEKDAY:
    case UPI_OP_HOUR:
    case UPI_OP_DATE:
        UP_TRY(eval_calendar(ev, node, own, out));
        break;
    default:
        UP_TRY(eval_arithmetic(ev, node, own, out));
        break;
    }
    ev->s->used = mark; /* the operands are done with */
out:
    return status;
}

/* The value of a node in the type its parent works with; UPI_TYPE_NULL = any. */
static up_status
value_as(evaluation *ev, int32_t index, int as, upi_value *out)
{
    up_status status = UP_OK;
    const upi_node *node = &ev->e->nodes[index];
    if (node->type == UPI_TYPE_NULL) {
        *out = null_value(as == UPI_TYPE_NULL ? UPI_F64 : (upi_type)as);
        return UP_OK;
    }
    if (node->op == UPI_OP_COLUMN) {
        UP_TRY(read_column(ev, node, out));
    } else if (upi_op_is_literal(node->op)) {
        UP_TRY(read_literal(ev, node, out));
    } else {
        UP_TRY(eval_operator(ev, index, out));
    }
    if (as != UPI_TYPE_NULL && (int)out->type != as) {
        UP_TRY(convert(ev, (upi_type)as, out));
    }
out:
    return status;
}

/* The batch has the columns the expression was bound to. */
static up_status
check_batch(const upi_expr *e, const upi_batch *batch, up_error *err)
{
    if (!e->bound) {
        return upi_fail(err, UP_E_INTERNAL, NULL, "the expression is not bound");
    }
    if (batch->n < 0 || batch->n > UPI_BATCH_ROWS) {
        return upi_fail(err, UP_E_INTERNAL, NULL, "a batch of %lld rows, at most %d",
            (long long)batch->n, UPI_BATCH_ROWS);
    }
    for (int64_t i = 0; i < e->n_nodes; i++) {
        const upi_node *node = &e->nodes[i];
        if (node->op == UPI_OP_COLUMN &&
            (node->column >= batch->n_columns ||
                (int)batch->columns[node->column].type != node->type)) {
            return upi_fail(err, UP_E_INTERNAL, upi_node_text(e, node),
                "column '%s' is not in the batch with the type it was bound to",
                upi_node_text(e, node));
        }
    }
    return UP_OK;
}

/* A value as a column with one element for every row. */
static up_status
hand_out(evaluation *ev, const upi_value *v, upi_column *out)
{
    upi_slot *r = ev->s->result;
    size_t size = v->type == UPI_BOOL ? 1 : element_size(v->type);
    const void *data = v->data;
    const uint64_t *valid = v->type == UPI_F64 ? NULL : v->valid;
    if (v->constant || v->type == UPI_BOOL) {
        if (r->size < size) {
            void *grown = upi_realloc(r->data, UPI_BATCH_ROWS, size);
            if (grown == NULL) {
                return upi_fail_memory(ev->err, UPI_BATCH_ROWS * size);
            }
            r->data = grown;
            r->size = size;
        }
        data = r->data;
    }
    if (v->type == UPI_BOOL) {
        upi_mask_to_bytes(r->data, v->truth, ev->n);
    } else if (v->constant) {
        for (int64_t i = 0; i < ev->n; i++) {
            memcpy((char *)r->data + (size_t)i * size, v->data, size);
        }
        if (valid != NULL) {
            upi_mask_fill(r->valid, valid[0] & 1);
            valid = r->valid;
        }
    }
    if (valid != NULL) { /* without nulls the reader can skip the mask */
        memcpy(r->valid, valid, (size_t)upi_mask_words(ev->n) * sizeof *valid);
        upi_mask_trim(r->valid, ev->n);
        int64_t count = 0;
        for (int64_t w = 0; w < upi_mask_words(ev->n); w++) {
            count += __builtin_popcountll(r->valid[w]);
        }
        valid = count == ev->n ? NULL : r->valid;
    }
    *out = (upi_column){.type = v->type, .data = data, .validity = valid};
    return UP_OK;
}

up_status
upi_expr_eval(const upi_expr *e, const upi_batch *batch, upi_expr_scratch *scratch,
    upi_column *out, up_error *err)
{
    UP_GUARD(err);
    up_status status = UP_OK;
    upi_value v;
    UP_TRY(check_batch(e, batch, err));
    if (e->nodes[e->root].op == UPI_OP_COLUMN) {
        *out = batch->columns[e->nodes[e->root].column];
        return UP_OK;
    }
    evaluation ev = {e, batch, scratch, batch->n, err};
    scratch->used = 0;
    UP_TRY(value_as(&ev, e->root, UPI_TYPE_NULL, &v));
    UP_TRY(hand_out(&ev, &v, out));
out:
    return status;
}

up_status
upi_expr_select(const upi_expr *e, const upi_batch *batch, upi_expr_scratch *scratch,
    uint64_t *rows, int64_t *count, up_error *err)
{
    UP_GUARD(err);
    up_status status = UP_OK;
    upi_value v;
    int64_t total = 0;
    UP_TRY(check_batch(e, batch, err));
    if (e->nodes[e->root].type != UPI_BOOL && e->nodes[e->root].type != UPI_TYPE_NULL) {
        return upi_fail(err, UP_E_TYPE, "expression", "a condition is needed, not a %s",
            upi_type_name((upi_type)e->nodes[e->root].type));
    }
    evaluation ev = {e, batch, scratch, batch->n, err};
    scratch->used = 0;
    UP_TRY(value_as(&ev, e->root, UPI_BOOL, &v));
    if (v.truth == NULL) {
        return upi_fail(err, UP_E_INTERNAL, NULL, "a condition without truth values");
    }
    memcpy(rows, v.truth, (size_t)upi_mask_words(batch->n) * sizeof *rows);
    upi_mask_trim(rows, batch->n);
    for (int64_t w = 0; w < upi_mask_words(batch->n); w++) {
        total += __builtin_popcountll(rows[w]);
    }
    *count = total;
out:
    return status;
}
