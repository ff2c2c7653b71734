/* Values of a key column to small codes: one private cache per worker, one shared list. */
#ifndef UPI_DICTIONARY_H
#define UPI_DICTIONARY_H

#include "base/base.h"
#include "base/column.h"

/* A value in 16 bytes: a string, or a number in the first word (the bits of a double, or an
 * integer) and zero in the second. */
typedef union upi_cell {
    upi_str text;
    uint64_t word[2];
} upi_cell;

_Static_assert(sizeof(upi_cell) == 16, "a cell is two words");

static inline upi_cell
upi_cell_integer(int64_t x)
{
    return (upi_cell){.word = {(uint64_t)x, 0}};
}

/* Zero has one sign, so that -0.0 and 0.0 are the same level. */
static inline upi_cell
upi_cell_double(double x)
{
    upi_cell c = {.word = {0, 0}};
    double y = x + 0.0;
    memcpy(&c.word[0], &y, sizeof y);
    return c;
}

static inline double
upi_cell_to_double(upi_cell c)
{
    double x = 0;
    memcpy(&x, &c.word[0], sizeof x);
    return x;
}

typedef struct upi_dict {
    upi_type type;
    int64_t n, capacity;
    upi_cell *cell; /* (n) long text is owned */
    int32_t *code;  /* (n) what each value stands for */
    int32_t *slot;  /* (n_slots) open addressing: entry + 1, 0 = free */
    int64_t n_slots;
    int32_t
        *direct; /* codes + 1 of whole numbers near zero: no hashing; NULL for text */
} upi_dict;

enum { UPI_DIRECT_LOW = -256, UPI_DIRECT_HIGH = 1792 };

up_status upi_dict_init(upi_dict *d, upi_type type, up_error *err);
void upi_dict_free(upi_dict *d);
uint64_t upi_dict_hash_long(const upi_cell *c);
bool upi_dict_same_long(const upi_cell *a, const upi_cell *b);

static inline bool
upi_dict_long(const upi_dict *d, const upi_cell *c)
{
    return d->type == UPI_STR && upi_str_length(&c->text) > 12;
}

static inline uint64_t
upi_dict_hash(const upi_dict *d, const upi_cell *c)
{
    if (upi_dict_long(d, c)) {
        return upi_dict_hash_long(c);
    }
    uint64_t h = (c->word[0] * UINT64_C(0x9e3779b97f4a7c15)) ^
                 (c->word[1] * UINT64_C(0xc2b2ae3d27d4eb4f));
    h ^= h >> 32;
    h *= UINT64_C(0xd6e8feb86659fd93);
    return h ^ (h >> 29);
}

/* The first words hold the length and four bytes of a text, or all of a number. */
static inline bool
upi_dict_same(const upi_dict *d, const upi_cell *a, const upi_cell *b)
{
    return a->word[0] == b->word[0] &&
           (a->word[1] == b->word[1] ||
               (upi_dict_long(d, a) && upi_dict_same_long(a, b)));
}

/* Where a number stands in the direct table, -1 if it does not. */
static inline int64_t
upi_dict_place(const upi_dict *d, const upi_cell *c)
{
    if (d->direct == NULL) {
        return -1;
    }
    if (d->type != UPI_F64) {
        uint64_t x = c->word[0] - (uint64_t)UPI_DIRECT_LOW;
        return x < UPI_DIRECT_HIGH - UPI_DIRECT_LOW ? (int64_t)x : -1;
    }
    double x = upi_cell_to_double(*c);
    if (!(x >= UPI_DIRECT_LOW && x < UPI_DIRECT_HIGH)) {
        return -1;
    }
    int32_t whole = (int32_t)x;
    return (double)whole == x ? whole - UPI_DIRECT_LOW : -1;
}

/* The code of a value, -1 if it is not there. In the header because it runs once per row
 * and key. */
static inline int32_t
upi_dict_find(const upi_dict *d, const upi_cell *cell)
{
    int64_t place = upi_dict_place(d, cell);
    if (place >= 0) {
        return d->direct[place] - 1;
    }
    uint64_t mask = (uint64_t)d->n_slots - 1;
    uint64_t i = upi_dict_hash(d, cell) & mask;
    while (d->slot[i] != 0) {
        int32_t entry = d->slot[i] - 1;
        if (upi_dict_same(d, &d->cell[entry], cell)) {
            return d->code[entry];
        }
        i = (i + 1) & mask;
    }
    return -1;
}

/* Adds a value that is not there yet; long text is copied. */
up_status upi_dict_add(upi_dict *d, const upi_cell *cell, int32_t code, up_error *err);

#endif
