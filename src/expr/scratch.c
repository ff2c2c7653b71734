/* The memory of an evaluation. Slots are handed out as a stack, so that an expression needs
 * as many as values are alive at once, whatever its length. Long `in` lists are sorted once
 * here and searched by bisection: log2(k) steps a row instead of k. */
#include "expr/scratch.h"

#include "expr/calendar.h"

#include <stdlib.h>

void
upi_constant_of(const upi_expr *e, const upi_node *node, upi_type as, upi_constant *out)
{
    *out = (upi_constant){.null = node->type == UPI_TYPE_NULL};
    if (node->op == UPI_OP_STRING && node->type == UPI_STR) {
        out->text = upi_str_make(upi_node_text(e, node), node->length);
        return;
    }
    out->f64 = node->op == UPI_OP_NUMBER ? node->f64 : (double)node->i64;
    out->i64 = node->i64;
    if (as == UPI_TIME && node->type == UPI_DATE) {
        out->i64 = upi_micros_of_days(node->i64);
    }
}

static int
order_f64(const void *a, const void *b)
{
    double x = *(const double *)a;
    double y = *(const double *)b;
    return (x > y) - (x < y);
}

static int
order_i64(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a;
    int64_t y = *(const int64_t *)b;
    return (x > y) - (x < y);
}

static int
order_text(const void *a, const void *b)
{
    return upi_str_compare(a, b);
}

static up_status
build_set(const upi_expr *e, int32_t index, upi_in_set *set, up_error *err)
{
    up_status status = UP_OK;
    const upi_node *node = &e->nodes[index];
    set->node = index;
    set->type =
        node->as == UPI_F64 || node->as == UPI_STR ? (upi_type)node->as : UPI_I64;
    UP_TRY(UP_NEW(&set->f64, set->type == UPI_F64 ? node->n_args : 0, err));
    UP_TRY(UP_NEW(&set->i64, set->type == UPI_I64 ? node->n_args : 0, err));
    UP_TRY(UP_NEW(&set->text, set->type == UPI_STR ? node->n_args : 0, err));
    for (int32_t i = e->nodes[node->first].next; i != UPI_NO_NODE;
         i = e->nodes[i].next) {
        upi_constant c;
        upi_constant_of(e, &e->nodes[i], (upi_type)node->as, &c);
        if (c.null) {
            set->has_null = true;
        } else if (set->type == UPI_F64) {
            set->f64[set->n++] = c.f64;
        } else if (set->type == UPI_I64) {
            set->i64[set->n++] = c.i64;
        } else {
            set->text[set->n++] = c.text;
        }
    }
    if (set->type == UPI_F64) {
        qsort(set->f64, (size_t)set->n, sizeof *set->f64, order_f64);
    } else if (set->type == UPI_I64) {
        qsort(set->i64, (size_t)set->n, sizeof *set->i64, order_i64);
    } else {
        qsort(set->text, (size_t)set->n, sizeof *set->text, order_text);
    }
out:
    return status;
}

/* A long list of literals, on anything but booleans. */
static bool
wants_set(const upi_expr *e, const upi_node *node)
{
    if (node->op != UPI_OP_IN || node->n_args <= UPI_IN_SET_LEAST ||
        node->as == UPI_BOOL || node->as == UPI_TYPE_NULL) {
        return false;
    }
    for (int32_t i = e->nodes[node->first].next; i != UPI_NO_NODE;
         i = e->nodes[i].next) {
        if (!upi_op_is_literal(e->nodes[i].op)) {
            return false;
        }
    }
    return true;
}

static up_status
build_sets(const upi_expr *e, upi_expr_scratch *s, up_error *err)
{
    up_status status = UP_OK;
    int64_t n_sets = 0;
    for (int64_t i = 0; i < e->n_nodes; i++) {
        n_sets += wants_set(e, &e->nodes[i]);
    }
    UP_TRY(UP_NEW(&s->sets, n_sets, err));
    for (int64_t i = 0; i < e->n_nodes; i++) {
        if (!wants_set(e, &e->nodes[i])) {
            continue;
        }
        s->n_sets++; /* counted first, so that a half-built set is freed */
        UP_TRY(build_set(e, (int32_t)i, &s->sets[s->n_sets - 1], err));
    }
out:
    return status;
}

up_status
upi_expr_scratch_make(const upi_expr *e, upi_expr_scratch **out, up_error *err)
{
    UP_GUARD(err);
    up_status status = UP_OK;
    upi_expr_scratch *s = NULL;
    if (!e->bound) {
        return upi_fail(err, UP_E_INTERNAL, NULL, "the expression is not bound");
    }
    s = upi_calloc(1, sizeof *s);
    if (s == NULL) {
        return upi_fail_memory(err, sizeof *s);
    }
    UP_TRY(build_sets(e, s, err));
    UP_TRY(UP_NEW(&s->result, 1, err));
    *out = s;
    s = NULL;
out:
    upi_expr_scratch_free(s);
    return status;
}

static void
free_slot(upi_slot *slot)
{
    if (slot != NULL) {
        upi_free(slot->data);
        upi_free(slot);
    }
}

void
upi_expr_scratch_free(upi_expr_scratch *s)
{
    if (s == NULL) {
        return;
    }
    for (int64_t i = 0; i < s->n_slots; i++) {
        free_slot(s->slots[i]);
    }
    for (int64_t i = 0; i < s->n_sets; i++) {
        upi_free(s->sets[i].f64);
        upi_free(s->sets[i].i64);
        upi_free(s->sets[i].text);
    }
    free_slot(s->result);
    upi_free(s->slots);
    upi_free(s->sets);
    upi_free(s->row);
    upi_free(s->row_text);
    upi_free(s->row_i64);
    upi_free(s->row_f64);
    upi_free(s->row_bool);
    upi_free(s);
}

up_status
upi_scratch_take(upi_expr_scratch *s, size_t size, upi_slot **out, up_error *err)
{
    up_status status = UP_OK;
    if (s->used == s->n_slots) {
        upi_slot *fresh = NULL;
        UP_TRY(upi_reserve(
            (void **)&s->slots, &s->capacity, s->n_slots + 1, sizeof(void *), err));
        UP_TRY(UP_NEW(&fresh, 1, err));
        s->slots[s->n_slots++] = fresh;
    }
    upi_slot *slot = s->slots[s->used];
    if (slot->size < size) {
        void *grown = upi_realloc(slot->data, UPI_BATCH_ROWS, size);
        if (grown == NULL) {
            return upi_fail_memory(err, UPI_BATCH_ROWS * size);
        }
        slot->data = grown;
        slot->size = size;
    }
    s->used++;
    *out = slot;
out:
    return status;
}

const upi_in_set *
upi_scratch_in_set(const upi_expr_scratch *s, int32_t node)
{
    for (int64_t i = 0; i < s->n_sets; i++) {
        if (s->sets[i].node == node) {
            return &s->sets[i];
        }
    }
    return NULL;
}

static bool
find_f64(const upi_in_set *set, double x)
{
    int64_t low = 0;
    int64_t high = set->n;
    while (low < high) {
        int64_t middle = low + (high - low) / 2;
        if (set->f64[middle] < x) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low < set->n && set->f64[low] == x;
}

static bool
find_i64(const upi_in_set *set, int64_t x)
{
    int64_t low = 0;
    int64_t high = set->n;
    while (low < high) {
        int64_t middle = low + (high - low) / 2;
        if (set->i64[middle] < x) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low < set->n && set->i64[low] == x;
}

static bool
find_text(const upi_in_set *set, const upi_str *x)
{
    int64_t low = 0;
    int64_t high = set->n;
    while (low < high) {
        int64_t middle = low + (high - low) / 2;
        int order = upi_str_compare(&set->text[middle], x);
        if (order == 0) {
            return true;
        }
        if (order < 0) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return false;
}

void
upi_in_set_find(const upi_in_set *set, const upi_value *v, int64_t n, uint64_t *truth)
{
    uint64_t valid[UPI_MASK_WORDS];
    upi_mask_valid(valid, v, n);
    memset(truth, 0, (size_t)upi_mask_words(n) * sizeof *truth);
    for (int64_t i = 0; i < n; i++) {
        if (!upi_mask_get(valid, i)) {
            continue;
        }
        bool found = false;
        if (set->type == UPI_F64) {
            found = find_f64(set, ((const double *)v->data)[i]);
        } else if (set->type == UPI_I64) {
            found = find_i64(set, ((const int64_t *)v->data)[i]);
        } else {
            found = find_text(set, &((const upi_str *)v->data)[i]);
        }
        truth[i >> 6] |= (uint64_t)found << (i & 63);
    }
}
