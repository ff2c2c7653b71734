/* A table of distinct texts: open addressing over one block of bytes. The bytes are compared, not
 * only their hashes, so that two units are never taken for one. */
#include "plan/ids.h"

#include <string.h>

static bool
same(const upi_ids *ids, int64_t i, const char *s, int64_t n)
{
    int64_t end = i + 1 < ids->n ? ids->start[i + 1] : ids->n_bytes;
    return end - ids->start[i] - 1 == n &&
           memcmp(ids->bytes + ids->start[i], s, (size_t)n) == 0;
}

static up_status
grow(upi_ids *ids, up_error *err)
{
    up_status status = UP_OK;
    int64_t *slot = NULL;
    int64_t n = ids->n_slots == 0 ? 1024 : 2 * ids->n_slots;
    UP_TRY(UP_NEW(&slot, n, err));
    for (int64_t i = 0; i < ids->n; i++) {
        int64_t at = (int64_t)(ids->hash[i] & (uint64_t)(n - 1));
        while (slot[at] != 0) {
            at = (at + 1) & (n - 1);
        }
        slot[at] = i + 1;
    }
    upi_free(ids->slot);
    ids->slot = slot;
    ids->n_slots = n;
out:
    return status;
}

up_status
upi_ids_put(
    upi_ids *ids, const char *s, int64_t n, int64_t *index, bool *added, up_error *err)
{
    up_status status = UP_OK;
    *added = false;
    if (2 * ids->n >= ids->n_slots) {
        UP_TRY(grow(ids, err));
    }
    uint64_t hash = upi_hash_bytes(s, (size_t)n, 0);
    int64_t at = (int64_t)(hash & (uint64_t)(ids->n_slots - 1));
    for (; ids->slot[at] != 0; at = (at + 1) & (ids->n_slots - 1)) {
        int64_t i = ids->slot[at] - 1;
        if (ids->hash[i] == hash && same(ids, i, s, n)) {
            *index = i;
            return UP_OK;
        }
    }
    UP_TRY(UP_RESERVE(&ids->bytes, &ids->bytes_capacity, ids->n_bytes + n + 1, err));
    UP_TRY(UP_RESERVE(&ids->start, &ids->capacity, ids->n + 1, err));
    UP_TRY(UP_RESERVE(&ids->hash, &ids->hash_capacity, ids->n + 1, err));
    memcpy(ids->bytes + ids->n_bytes, s, (size_t)n);
    ids->bytes[ids->n_bytes + n] = '\0';
    ids->start[ids->n] = ids->n_bytes;
    ids->hash[ids->n] = hash;
    ids->n_bytes += n + 1;
    ids->slot[at] = ids->n + 1;
    *index = ids->n++;
    *added = true;
out:
    return status;
}

const char *
upi_ids_text(const upi_ids *ids, int64_t i)
{
    return ids->bytes + ids->start[i];
}

void
upi_ids_clear(upi_ids *ids)
{
    upi_free(ids->bytes);
    upi_free(ids->start);
    upi_free(ids->hash);
    upi_free(ids->slot);
    *ids = (upi_ids){0};
}
