/* A hash table from values to codes. Text of up to 12 bytes stands inside the two words of a
 * upi_str, padded with zeros, so equality is one comparison of 16 bytes; longer text is
 * compared by length, prefix and content. Whole numbers near zero skip the hash. The order of
 * entries is the order of arrival and must never reach a result: finish.c sorts the levels. */
#include "moments/dictionary.h"

#include <string.h>

uint64_t
upi_dict_hash_long(const upi_cell *c)
{
    return upi_hash_bytes(upi_str_data(&c->text), upi_str_length(&c->text), 0);
}

bool
upi_dict_same_long(const upi_cell *a, const upi_cell *b)
{
    return memcmp(upi_str_data(&a->text), upi_str_data(&b->text),
               upi_str_length(&a->text)) == 0;
}

up_status
upi_dict_init(upi_dict *d, upi_type type, up_error *err)
{
    up_status status = UP_OK;
    upi_dict made = {.type = type, .n_slots = 64};
    UP_TRY(UP_NEW(&made.slot, made.n_slots, err));
    if (type != UPI_STR) {
        UP_TRY(UP_NEW(&made.direct, UPI_DIRECT_HIGH - UPI_DIRECT_LOW, err));
    }
    *d = made;
    return UP_OK;
out:
    upi_dict_free(&made);
    return status;
}

void
upi_dict_free(upi_dict *d)
{
    for (int64_t i = 0; i < d->n; i++) {
        char *own = NULL;
        if (upi_dict_long(d, &d->cell[i])) {
            memcpy(&own, &d->cell[i].text.u.big.pointer, sizeof own);
        }
        upi_free(own);
    }
    upi_free(d->cell);
    upi_free(d->code);
    upi_free(d->slot);
    upi_free(d->direct);
    *d = (upi_dict){.type = d->type};
}

static void
place_entry(upi_dict *d, int64_t entry)
{
    uint64_t mask = (uint64_t)d->n_slots - 1;
    uint64_t i = upi_dict_hash(d, &d->cell[entry]) & mask;
    while (d->slot[i] != 0) {
        i = (i + 1) & mask;
    }
    d->slot[i] = (int32_t)entry + 1;
}

static up_status
grow_slots(upi_dict *d, up_error *err)
{
    up_status status = UP_OK;
    int32_t *fresh = NULL;
    UP_TRY(UP_NEW(&fresh, d->n_slots * 2, err));
    upi_free(d->slot);
    d->slot = fresh;
    d->n_slots *= 2;
    for (int64_t e = 0; e < d->n; e++) {
        place_entry(d, e);
    }
out:
    return status;
}

up_status
upi_dict_add(upi_dict *d, const upi_cell *cell, int32_t code, up_error *err)
{
    up_status status = UP_OK;
    char *copy = NULL;
    if ((d->n + 1) * 2 > d->n_slots) {
        UP_TRY(grow_slots(d, err));
    }
    int64_t capacity = d->capacity;
    UP_TRY(UP_RESERVE(&d->cell, &capacity, d->n + 1, err));
    capacity = d->capacity;
    UP_TRY(UP_RESERVE(&d->code, &capacity, d->n + 1, err));
    d->capacity = capacity;
    upi_cell own = *cell;
    if (upi_dict_long(d, cell)) {
        uint32_t length = upi_str_length(&cell->text);
        UP_TRY(UP_NEW(&copy, length, err));
        memcpy(copy, upi_str_data(&cell->text), length);
        own.text = upi_str_make(copy, length);
    }
    d->cell[d->n] = own;
    d->code[d->n] = code;
    place_entry(d, d->n);
    int64_t place = upi_dict_place(d, cell);
    if (place >= 0) {
        d->direct[place] = code + 1;
    }
    d->n++;
out:
    return status;
}
