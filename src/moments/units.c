/* Repeated units by a set of 64-bit hashes. Memory stays bounded by adaptive sampling
 * (Wegman; Flajolet 1990): when the set is full, only units whose hash begins with one more
 * zero bit are kept. All rows of a kept unit are looked at, so rows that repeat
 * systematically are always found; a few repeats among many millions may be missed. Two
 * units share a hash with probability n n / 4e19: one in four million for 3 million units.
 * The sample and the example (least hash) do not depend on the order of rows. */
#include "moments/units.h"

#include <string.h>

static bool
in_sample(const upi_units *u, uint64_t h)
{
    return u->level == 0 || h >> (64 - u->level) == 0;
}

up_status
upi_units_make(upi_units *u, int64_t limit, up_error *err)
{
    up_status status = UP_OK;
    *u = (upi_units){.n_slots = 1024, .limit = limit, .worst = UINT64_MAX};
    UP_TRY(UP_NEW(&u->slot, u->n_slots, err));
    u->locks = pthread_mutex_init(&u->lock, NULL) == 0;
out:
    return status;
}

void
upi_units_free(upi_units *u)
{
    upi_free(u->slot);
    u->slot = NULL;
    if (u->locks) {
        (void)pthread_mutex_destroy(&u->lock);
    }
    u->locks = false;
}

/* True if the hash was there already. */
static bool
insert(uint64_t *slot, int64_t n_slots, uint64_t h)
{
    uint64_t mask = (uint64_t)n_slots - 1;
    uint64_t i = h & mask;
    while (slot[i] != 0) {
        if (slot[i] == h) {
            return true;
        }
        i = (i + 1) & mask;
    }
    slot[i] = h;
    return false;
}

/* Room for one more: a larger table, or a smaller sample. */
static up_status
make_room(upi_units *u, up_error *err)
{
    up_status status = UP_OK;
    uint64_t *fresh = NULL;
    int64_t n_slots = u->n_slots;
    if (u->n > u->limit) {
        u->level++;
    } else {
        n_slots *= 2;
    }
    UP_TRY(UP_NEW(&fresh, n_slots, err));
    u->n = 0;
    for (int64_t i = 0; i < u->n_slots; i++) {
        if (u->slot[i] != 0 && in_sample(u, u->slot[i])) {
            (void)insert(fresh, n_slots, u->slot[i]);
            u->n++;
        }
    }
    upi_free(u->slot);
    u->slot = fresh;
    u->n_slots = n_slots;
out:
    return status;
}

/* 0 marks a free slot, so the one unit whose hash is 0 takes another. */
static uint64_t
not_zero(uint64_t h)
{
    return h != 0 ? h : UINT64_C(0x2545f4914f6cdd1d);
}

/* Adds one hash; *repeats says that it was there. */
static up_status
add_one(upi_units *u, uint64_t h, bool *repeats, up_error *err)
{
    up_status status = UP_OK;
    *repeats = insert(u->slot, u->n_slots, h);
    u->n += *repeats ? 0 : 1;
    while (u->n > u->limit || u->n * 4 > u->n_slots * 3) {
        UP_TRY(make_room(u, err));
    }
out:
    return status;
}

up_status
upi_units_add(
    upi_units *u, int64_t n, const uint64_t *hash, int64_t *row, up_error *err)
{
    up_status status = UP_OK;
    *row = -1;
    (void)pthread_mutex_lock(&u->lock);
    uint64_t worst = u->worst;
    for (int64_t i = 0; i < n; i++) {
        uint64_t h = not_zero(hash[i]);
        if (!in_sample(u, h)) {
            continue;
        }
        bool repeats = false;
        UP_TRY(add_one(u, h, &repeats, err));
        if (repeats && h < worst) {
            worst = h;
            *row = i;
        }
    }
out:
    (void)pthread_mutex_unlock(&u->lock);
    return status;
}

void
upi_units_example(upi_units *u, uint64_t hash, const char *text)
{
    uint64_t h = not_zero(hash);
    (void)pthread_mutex_lock(&u->lock);
    if (h < u->worst) {
        u->worst = h;
        upi_line_copy(u->example, sizeof u->example, text);
    }
    (void)pthread_mutex_unlock(&u->lock);
}

bool
upi_units_repeat(const upi_units *u)
{
    return u->worst != UINT64_MAX && in_sample(u, u->worst);
}
