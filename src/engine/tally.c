/* Distinct values, exact up to a limit and estimated above it.
 *
 * Flajolet, Fusy, Gandouet and Meunier (2007), HyperLogLog, with linear counting for few
 * values. Both parts of a tally are unions, so the numbers do not depend on how the rows
 * were divided among workers. */
#include "engine/tally.h"

#include "engine/scan.h"

#include <math.h>
#include <stdlib.h>

enum { REGISTER_BITS = 12, REGISTERS = 1 << REGISTER_BITS, FIRST_SLOTS = 64 };

static void
sketch_add(uint8_t *registers, uint64_t hash)
{
    uint64_t rest = (hash << REGISTER_BITS) | ((uint64_t)1 << (REGISTER_BITS - 1));
    uint8_t rank = 1;
    while ((rest >> 63) == 0) {
        rest <<= 1;
        rank++;
    }
    uint8_t *r = &registers[hash >> (64 - REGISTER_BITS)];
    *r = rank > *r ? rank : *r;
}

static int64_t
sketch_estimate(const uint8_t *registers)
{
    const double m = REGISTERS;
    double sum = 0;
    int64_t zeros = 0;
    for (int64_t i = 0; i < REGISTERS; i++) {
        sum += ldexp(1.0, -(int)registers[i]);
        zeros += registers[i] == 0;
    }
    double estimate = 0.7213 / (1 + 1.079 / m) * m * m / sum;
    if (estimate <= 2.5 * m && zeros > 0) {
        estimate = m * log(m / (double)zeros);
    }
    return (int64_t)llround(estimate);
}

static up_status
to_sketch(upi_tally *t, up_error *err)
{
    up_status status = UP_NEW(&t->registers, REGISTERS, err);
    if (status != UP_OK) {
        return status;
    }
    for (int64_t i = 0; i < t->slots; i++) {
        if (t->entries[i].hash != 0) {
            sketch_add(t->registers, t->entries[i].hash);
        }
    }
    upi_free(t->entries);
    upi_free(t->text);
    t->entries = NULL;
    t->text = NULL;
    t->n = t->slots = t->text_length = t->text_capacity = 0;
    return UP_OK;
}

static upi_tally_entry *
place(upi_tally_entry *entries, int64_t slots, uint64_t hash)
{
    uint64_t at = hash & (uint64_t)(slots - 1);
    while (entries[at].hash != 0 && entries[at].hash != hash) {
        at = (at + 1) & (uint64_t)(slots - 1);
    }
    return &entries[at];
}

static up_status
grow(upi_tally *t, up_error *err)
{
    int64_t slots = t->slots > 0 ? t->slots * 2 : FIRST_SLOTS;
    upi_tally_entry *entries = NULL;
    up_status status = UP_NEW(&entries, slots, err);
    if (status != UP_OK) {
        return status;
    }
    for (int64_t i = 0; i < t->slots; i++) {
        if (t->entries[i].hash != 0) {
            *place(entries, slots, t->entries[i].hash) = t->entries[i];
        }
    }
    upi_free(t->entries);
    t->entries = entries;
    t->slots = slots;
    return UP_OK;
}

static up_status
add_value(upi_tally *t, upi_tally_entry value, const char *text, up_error *err)
{
    up_status status = UP_OK;
    if (t->registers != NULL) {
        sketch_add(t->registers, value.hash);
        return UP_OK;
    }
    if (2 * (t->n + 1) > t->slots) {
        UP_TRY(grow(t, err));
    }
    upi_tally_entry *e = place(t->entries, t->slots, value.hash);
    if (e->hash != 0) {
        e->count += value.count;
        return UP_OK;
    }
    if (t->n == UPI_TALLY_EXACT) {
        UP_TRY(to_sketch(t, err));
        sketch_add(t->registers, value.hash);
        return UP_OK;
    }
    if (t->type == UPI_STR && text != NULL) {
        UP_TRY(UP_RESERVE(
            &t->text, &t->text_capacity, t->text_length + value.length + 1, err));
        memcpy(t->text + t->text_length, text, value.length);
        value.text = (uint32_t)t->text_length;
        t->text_length += value.length;
    }
    *e = value;
    t->n++;
out:
    return status;
}

/* Cut to UPI_TALLY_TEXT bytes, not in the middle of a character. */
static uint32_t
shown_length(const char *s, uint32_t n)
{
    if (n <= UPI_TALLY_TEXT) {
        return n;
    }
    n = UPI_TALLY_TEXT;
    while (n > 0 && ((unsigned char)s[n] & 0xC0) == 0x80) {
        n--;
    }
    return n;
}

/* A value that is not text, as 64 bits; false for NaN. */
static bool
value_bits(const upi_column *c, int64_t i, int64_t *bits)
{
    if (c->type == UPI_F64) {
        double x = ((const double *)c->data)[i];
        x = x == 0 ? 0 : x; /* -0 and 0 are one value */
        memcpy(bits, &x, sizeof x);
        return !isnan(x);
    }
    *bits = c->type == UPI_BOOL ? ((const uint8_t *)c->data)[i]
                                : ((const int64_t *)c->data)[i];
    return true;
}

static uint64_t
text_hash(const upi_str *s)
{
    uint64_t hash = upi_hash_bytes(upi_str_data(s), upi_str_length(s), 0);
    return hash + (hash == 0);
}

uint64_t
upi_tally_hash(const upi_column *c, int64_t i)
{
    int64_t bits = 0;
    if (!upi_valid(c, i)) {
        return 0;
    }
    if (c->type == UPI_STR) {
        return text_hash((const upi_str *)c->data + i);
    }
    if (!value_bits(c, i, &bits)) {
        return 0;
    }
    uint64_t hash = upi_hash_u64((uint64_t)bits);
    return hash + (hash == 0);
}

static up_status
add_row(upi_tally *t, const upi_column *c, int64_t i, up_error *err)
{
    upi_tally_entry value = {.count = 1};
    if (t->type == UPI_STR) {
        const upi_str *s = (const upi_str *)c->data + i;
        const char *text = upi_str_data(s);
        value.hash = text_hash(s);
        value.length = shown_length(text, upi_str_length(s));
        return add_value(t, value, text, err);
    }
    if (!value_bits(c, i, &value.bits)) {
        return UP_OK;
    }
    value.hash = upi_hash_u64((uint64_t)value.bits);
    value.hash += value.hash == 0;
    return add_value(t, value, NULL, err);
}

up_status
upi_tally_add(upi_tally *t, const upi_column *c, int64_t n, up_error *err)
{
    up_status status = UP_OK;
    t->type = c->type;
    for (int64_t i = 0; status == UP_OK && i < n; i++) {
        if (upi_valid(c, i)) {
            status = add_row(t, c, i, err);
        }
    }
    return status;
}

up_status
upi_tally_merge(upi_tally *t, const upi_tally *other, up_error *err)
{
    up_status status = UP_OK;
    if (other->registers != NULL || other->n > 0) {
        t->type = other->type;
    }
    if (other->registers != NULL) {
        UP_TRY(t->registers == NULL ? to_sketch(t, err) : UP_OK);
        for (int64_t i = 0; i < REGISTERS; i++) {
            uint8_t r = other->registers[i];
            t->registers[i] = r > t->registers[i] ? r : t->registers[i];
        }
    }
    for (int64_t i = 0; i < other->slots; i++) {
        const upi_tally_entry *e = &other->entries[i];
        const char *text = other->text != NULL ? other->text + e->text : NULL;
        UP_TRY(e->hash != 0 ? add_value(t, *e, text, err) : UP_OK);
    }
out:
    return status;
}

int64_t
upi_tally_bytes(const upi_tally *t)
{
    return t->slots * (int64_t)sizeof *t->entries + t->text_capacity +
           (t->registers != NULL ? REGISTERS : 0);
}

int64_t
upi_tally_distinct(const upi_tally *t)
{
    return t->registers != NULL ? sketch_estimate(t->registers) : t->n;
}

static void
value_text(upi_type type, int64_t bits, upi_text *out)
{
    char slot[UPI_VALUE_TEXT];
    double x = 0;
    uint8_t flag = bits != 0;
    memcpy(&x, &bits, sizeof x);
    upi_column c = {type,
        type == UPI_F64    ? (const void *)&x
        : type == UPI_BOOL ? (const void *)&flag
                           : (const void *)&bits,
        NULL};
    upi_str s = upi_value_text(&c, 0, slot);
    upi_text_add_n(out, upi_str_data(&s), upi_str_length(&s));
}

typedef struct ranked {
    const upi_tally *tally;
    const upi_tally_entry *entry;
} ranked;

static int
compare_bits(upi_type type, int64_t a, int64_t b)
{
    if (type == UPI_F64) {
        double x = 0, y = 0;
        memcpy(&x, &a, sizeof x);
        memcpy(&y, &b, sizeof y);
        return (x > y) - (x < y);
    }
    return (a > b) - (a < b);
}

static int
compare_ranked(const void *a, const void *b)
{
    const ranked *x = a, *y = b;
    if (x->entry->count != y->entry->count) {
        return x->entry->count > y->entry->count ? -1 : 1;
    }
    if (x->tally->type != UPI_STR) {
        return compare_bits(x->tally->type, x->entry->bits, y->entry->bits);
    }
    uint32_t n =
        x->entry->length < y->entry->length ? x->entry->length : y->entry->length;
    int order = memcmp(
        x->tally->text + x->entry->text, y->tally->text + y->entry->text, (size_t)n);
    if (order == 0) {
        order = (x->entry->length > y->entry->length) -
                (x->entry->length < y->entry->length);
    }
    /* Texts that differ only behind the cut: any fixed order will do. */
    return order != 0
               ? order
               : (x->entry->hash > y->entry->hash) - (x->entry->hash < y->entry->hash);
}

/* The entries, the most common first, equal counts by value. */
static up_status
rank_entries(const upi_tally *t, ranked **out, up_error *err)
{
    int64_t n = 0;
    up_status status = UP_NEW(out, t->n, err);
    for (int64_t i = 0; status == UP_OK && i < t->slots; i++) {
        if (t->entries[i].hash != 0) {
            (*out)[n++] = (ranked){t, &t->entries[i]};
        }
    }
    if (n > 0) {
        qsort(*out, (size_t)n, sizeof **out, compare_ranked);
    }
    return status;
}

static void
entry_text(const ranked *r, upi_text *out)
{
    if (r->tally->type == UPI_STR) {
        upi_text_add_n(out, r->tally->text + r->entry->text, r->entry->length);
    } else {
        value_text(r->tally->type, r->entry->bits, out);
    }
}

up_status
upi_tally_examples(const upi_tally *t, int64_t limit, upi_text *out, up_error *err)
{
    ranked *all = NULL;
    up_status status = rank_entries(t, &all, err);
    for (int64_t i = 0; status == UP_OK && i < t->n && i < limit; i++) {
        upi_text_add(out, i > 0 ? ", " : "");
        entry_text(&all[i], out);
    }
    upi_free(all);
    return status;
}

up_status
upi_tally_levels(const upi_tally *t, upi_level **out, int64_t *n, up_error *err)
{
    up_status status = UP_OK;
    ranked *all = NULL;
    upi_text text = {0};
    *n = 0;
    if (t->registers != NULL || t->n > UPI_LEVELS) {
        return UP_OK;
    }
    UP_TRY(rank_entries(t, &all, err));
    UP_TRY(UP_NEW(out, t->n, err));
    for (int64_t i = 0; i < t->n; i++) {
        upi_level *level = &(*out)[(*n)++];
        level->count = all[i].entry->count;
        level->hash = all[i].entry->hash;
        entry_text(&all[i], &text);
        UP_TRY(upi_text_take(&text, &level->text, err));
    }
out:
    upi_text_free(&text);
    upi_free(all);
    return status;
}

void
upi_tally_levels_free(upi_level *levels, int64_t n)
{
    for (int64_t i = 0; levels != NULL && i < n; i++) {
        upi_free(levels[i].text);
    }
    upi_free(levels);
}

void
upi_tally_free(upi_tally *t)
{
    upi_free(t->entries);
    upi_free(t->text);
    upi_free(t->registers);
    memset(t, 0, sizeof *t);
}
