/* The canonical order of groups: by cluster id(s), then by level of key 0, key 1, ... A
 * stable radix sort from the last key to the first; bytes that are the same everywhere cost
 * one look. */
#include "moments/build.h"

#include <string.h>

typedef struct sorter {
    int64_t n;
    int32_t *order, *next;
    uint64_t *word; /* (n) of each group */
} sorter;

static void
sort_byte(sorter *s, int shift)
{
    int64_t start[257] = {0};
    for (int64_t i = 0; i < s->n; i++) {
        start[(s->word[i] >> shift & 255) + 1]++;
    }
    for (int64_t b = 1; b <= 256; b++) {
        if (start[b] == s->n) {
            return;
        }
    }
    for (int64_t b = 1; b <= 256; b++) {
        start[b] += start[b - 1];
    }
    for (int64_t i = 0; i < s->n; i++) {
        int32_t g = s->order[i];
        s->next[start[s->word[g] >> shift & 255]++] = g;
    }
    int32_t *swap = s->order;
    s->order = s->next;
    s->next = swap;
}

static void
sort_word(sorter *s)
{
    for (int shift = 0; shift < 64; shift += 8) {
        sort_byte(s, shift);
    }
}

/* As many keys as fit into one word, the last ones first; returns the first key taken. */
static int64_t
pack_keys(sorter *s, const upi_table *t, int64_t last)
{
    int shift = 0;
    memset(s->word, 0, (size_t)s->n * sizeof *s->word);
    for (; last > 0; last--) {
        int32_t any = 0;
        int bits = 0;
        for (int64_t g = 0; g < s->n; g++) {
            any |= upi_table_codes(t, g)[last - 1];
        }
        while (any >> bits != 0) {
            bits++;
        }
        if (shift + bits > 64) {
            break;
        }
        for (int64_t g = 0; g < s->n && bits > 0; g++) {
            s->word[g] |= (uint64_t)(uint32_t)upi_table_codes(t, g)[last - 1] << shift;
        }
        shift += bits;
    }
    return last;
}

up_status
upi_canonical_order(const upi_table *t, int32_t *order, up_error *err)
{
    up_status status = UP_OK;
    int32_t *other = NULL;
    sorter s = {.n = t->n, .order = order};
    UP_TRY(UP_NEW(&other, t->n, err));
    s.next = other;
    UP_TRY(UP_NEW(&s.word, t->n, err));
    for (int64_t i = 0; i < t->n; i++) {
        order[i] = (int32_t)i;
    }
    for (int64_t last = t->shape.n_keys; last > 0;) {
        last = pack_keys(&s, t, last);
        sort_word(&s);
    }
    for (int64_t w = t->shape.ways - 1; w >= 0; w--) {
        for (int64_t g = 0; g < t->n; g++) {
            s.word[g] = upi_table_clusters(t, g)[w];
        }
        sort_word(&s);
    }
    if (s.order != order) {
        memcpy(order, s.order, (size_t)t->n * sizeof *order);
    }
out:
    upi_free(other);
    upi_free(s.word);
    return status;
}
