/* Units and how often they occur, in bounded memory: a unit is kept when the leading bits of the
 * hash of its name are 0, with all of its rows; when too many are kept, one more bit is asked for
 * (Gibbons 2001, distinct sampling). Up to UPI_SAMPLE_UNITS units that is everyone, beyond it a
 * random sample of them. What is kept depends on the set of units alone, not on the order of the
 * rows or on who saw them, so that parts of several workers add up to the same. */
#include "check/audit.h"

#include <string.h>

static upi_sampled *
place(upi_sampled *slots, int64_t n_slots, uint64_t key)
{
    uint64_t at = key & (uint64_t)(n_slots - 1);
    while (slots[at].key != 0 && slots[at].key != key) {
        at = (at + 1) & (uint64_t)(n_slots - 1);
    }
    return &slots[at];
}

static bool
kept(const upi_sample *s, uint64_t key)
{
    return s->level == 0 || key >> (64 - s->level) == 0;
}

/* Moves what is still kept to a table of n slots. */
static up_status
rebuild(upi_sample *s, int64_t n_slots, up_error *err)
{
    upi_sampled *slots = NULL;
    up_status status = UP_NEW(&slots, n_slots, err);
    if (status != UP_OK) {
        return status;
    }
    s->n = 0;
    for (int64_t i = 0; i < s->n_slots; i++) {
        if (s->slots[i].key != 0 && kept(s, s->slots[i].key)) {
            *place(slots, n_slots, s->slots[i].key) = s->slots[i];
            s->n++;
        }
    }
    upi_free(s->slots);
    s->slots = slots;
    s->n_slots = n_slots;
    return UP_OK;
}

/* Adds what is known of a unit that is there already. */
static void
join(upi_sampled *to, const upi_sampled *unit)
{
    to->rows += unit->rows;
    to->crosses = to->crosses || unit->crosses ||
                  (to->arm != 0 && unit->arm != 0 && to->arm != unit->arm);
    to->arm = to->arm != 0 ? to->arm : unit->arm;
}

static up_status
put(upi_sample *s, const upi_sampled *unit, up_error *err)
{
    up_status status = UP_OK;
    upi_sampled *to = s->n_slots > 0 ? place(s->slots, s->n_slots, unit->key) : NULL;
    if (to != NULL && to->key != 0) {
        join(to, unit);
        return UP_OK;
    }
    while (s->n >= UPI_SAMPLE_UNITS) {
        s->level++;
        UP_TRY(rebuild(s, s->n_slots, err));
    }
    if (!kept(s, unit->key)) {
        return UP_OK;
    }
    if (2 * (s->n + 1) > s->n_slots) {
        UP_TRY(rebuild(s, s->n_slots > 0 ? 2 * s->n_slots : 1024, err));
    }
    *place(s->slots, s->n_slots, unit->key) = *unit;
    s->n++;
out:
    return status;
}

up_status
upi_sample_add(upi_sample *s, uint64_t hash, uint64_t arm, up_error *err)
{
    /* Values that are small numbers have been mixed once; the leading bits decide here, the
     * trailing ones are the place, and both must not follow from the value's bucket. */
    uint64_t key = upi_hash_u64(hash ^ UINT64_C(0x5851f42d4c957f2d));
    key += key == 0;
    if (!kept(s, key)) {
        return UP_OK;
    }
    upi_sampled unit = {.key = key, .arm = arm, .rows = 1};
    return put(s, &unit, err);
}

up_status
upi_sample_merge(upi_sample *s, const upi_sample *other, up_error *err)
{
    up_status status = UP_OK;
    if (other->level > s->level) {
        s->level = other->level;
        UP_TRY(s->n_slots > 0 ? rebuild(s, s->n_slots, err) : UP_OK);
    }
    for (int64_t i = 0; i < other->n_slots; i++) {
        const upi_sampled *unit = &other->slots[i];
        UP_TRY(unit->key != 0 && kept(s, unit->key) ? put(s, unit, err) : UP_OK);
    }
out:
    return status;
}

void
upi_sample_count(const upi_sample *s, upi_repeats *out)
{
    *out = (upi_repeats){.whole = s->level == 0};
    for (int64_t i = 0; i < s->n_slots; i++) {
        const upi_sampled *unit = &s->slots[i];
        if (unit->key == 0) {
            continue;
        }
        out->units++;
        out->rows += unit->rows;
        out->repeated += unit->rows > 1;
        out->crossing += unit->crosses;
    }
    out->all = (double)out->units * (double)(UINT64_C(1) << s->level);
}

void
upi_sample_free(upi_sample *s)
{
    upi_free(s->slots);
    *s = (upi_sample){0};
}
