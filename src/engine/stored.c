/* Reads a batch of rows from a column in memory, whatever its layout.
 *
 * Doubles and 64-bit integers are handed on in place. Everything else is widened into room
 * of UPI_BATCH_ROWS values that belongs to the worker. Unsigned 64-bit integers above the
 * signed range are texts, because a double would merge neighbouring ids. */
#include "engine/memory.h"

#include <math.h>
#include <stdio.h>

enum { SLOT = 24, VALIDITY_WORDS = UPI_BATCH_ROWS / 64 };

up_status
upi_fetch_make(const upi_stored *c, upi_fetch *out, up_error *err)
{
    up_status status = UP_OK;
    /* Texts are the widest values: two words. */
    UP_TRY(UP_NEW(&out->values, 2 * (int64_t)UPI_BATCH_ROWS, err));
    UP_TRY(UP_NEW(&out->validity, VALIDITY_WORDS, err));
    if (c->type == UPI_STR && c->layout == UPI_LAYOUT_U64) {
        UP_TRY(UP_NEW(&out->text, (int64_t)UPI_BATCH_ROWS * SLOT, err));
    }
out:
    return status;
}

void
upi_fetch_free(upi_fetch *f)
{
    upi_free(f->values);
    upi_free(f->validity);
    upi_free(f->text);
    memset(f, 0, sizeof *f);
}

up_status
upi_stored_add(upi_stored *c, const upi_segment *segment, up_error *err)
{
    up_status status = UP_RESERVE(&c->segments, &c->capacity, c->n_segments + 1, err);
    if (status == UP_OK) {
        c->segments[c->n_segments++] = *segment;
    }
    return status;
}

void
upi_stored_free(upi_stored *c)
{
    for (int64_t i = 0; i < c->n_segments; i++) {
        upi_free(c->segments[i].dictionary);
    }
    upi_free(c->segments);
    memset(c, 0, sizeof *c);
}

static bool
bit(const uint8_t *bits, int64_t i)
{
    return (bits[i >> 3] >> (i & 7)) & 1;
}

static bool
is_missing(const upi_segment *s, int64_t i)
{
    return (s->bits != NULL && !bit(s->bits, s->offset + i)) ||
           (s->missing != NULL && s->missing[s->offset + i] != 0);
}

static void
mark(uint64_t *validity, int64_t i, bool valid)
{
    uint64_t mask = (uint64_t)1 << (i & 63);
    validity[i >> 6] = valid ? validity[i >> 6] | mask : validity[i >> 6] & ~mask;
}

/* 128-bit two's complement, little-endian, to a double. */
static double
wide_value(const void *values, int64_t i)
{
    uint64_t word[2];
    memcpy(word, (const char *)values + i * 16, sizeof word);
    bool negative = word[1] >> 63;
    if (negative) {
        word[0] = ~word[0] + 1;
        word[1] = ~word[1] + (word[0] == 0);
    }
    double x = (double)word[1] * 18446744073709551616.0 + (double)word[0];
    return negative ? -x : x;
}

static double
decimal_value(upi_layout layout, const void *values, int64_t i, int scale)
{
    double x = layout == UPI_LAYOUT_DECIMAL32   ? (double)((const int32_t *)values)[i]
               : layout == UPI_LAYOUT_DECIMAL64 ? (double)((const int64_t *)values)[i]
                                                : wide_value(values, i);
    return scale >= 0 ? x / pow(10, scale) : x * pow(10, -scale);
}

static int64_t
integer_at(upi_layout layout, const void *values, int64_t i)
{
    switch (layout) {
    case UPI_LAYOUT_I8:
        return ((const int8_t *)values)[i];
    case UPI_LAYOUT_I16:
        return ((const int16_t *)values)[i];
    case UPI_LAYOUT_I32:
        return ((const int32_t *)values)[i];
    case UPI_LAYOUT_U8:
        return ((const uint8_t *)values)[i];
    case UPI_LAYOUT_U16:
        return ((const uint16_t *)values)[i];
    case UPI_LAYOUT_U32:
        return ((const uint32_t *)values)[i];
    case UPI_LAYOUT_U64:
        return (int64_t)((const uint64_t *)values)[i];
    default:
        return ((const int64_t *)values)[i];
    }
}

static upi_str
view_at(const upi_segment *s, int64_t i)
{
    int32_t word[4]; /* length; then 12 bytes, or prefix, buffer, offset */
    const char *view = (const char *)s->values + i * 16;
    memcpy(word, view, sizeof word);
    if (word[0] <= 12) {
        return upi_str_make(view + 4, word[0] > 0 ? (uint32_t)word[0] : 0);
    }
    if (word[2] < 0 || word[2] >= s->n_more || word[3] < 0) {
        return upi_str_make("", 0);
    }
    return upi_str_make((const char *)s->more[word[2]] + word[3], (uint32_t)word[0]);
}

static upi_str
text_at(upi_layout layout, const upi_segment *s, int64_t i)
{
    int64_t from = 0, to = 0;
    switch (layout) {
    case UPI_LAYOUT_C_TEXT: {
        const char *text = ((const char *const *)s->values)[i];
        return upi_str_make(text, (uint32_t)strlen(text));
    }
    case UPI_LAYOUT_UTF8_VIEW:
        return view_at(s, i);
    case UPI_LAYOUT_UTF8:
        from = ((const int32_t *)s->values)[i];
        to = ((const int32_t *)s->values)[i + 1];
        break;
    default:
        from = ((const int64_t *)s->values)[i];
        to = ((const int64_t *)s->values)[i + 1];
        break;
    }
    const char *bytes = s->bytes != NULL ? s->bytes : "";
    return upi_str_make(bytes + from, (uint32_t)(to - from));
}

static int64_t
scaled(const upi_stored *c, int64_t x)
{
    if (c->divide > 1) {
        return x / c->divide - (x % c->divide < 0 ? 1 : 0);
    }
    const int64_t limit = INT64_MAX / c->multiply;
    if (x > limit || x < -limit) {
        return x > 0 ? INT64_MAX : -INT64_MAX; /* beyond the calendar on either side */
    }
    return x * c->multiply;
}

/* One value of a segment into place `to` of the room; the row is not missing. */
static void
read_value(
    const upi_stored *c, const upi_segment *s, int64_t i, upi_fetch *room, int64_t to)
{
    switch (c->type) {
    case UPI_F64:
        if (c->layout == UPI_LAYOUT_F64) {
            ((double *)(void *)room->values)[to] = ((const double *)s->values)[i];
        } else if (c->layout == UPI_LAYOUT_F32) {
            ((double *)(void *)room->values)[to] =
                (double)((const float *)s->values)[i];
        } else {
            ((double *)(void *)room->values)[to] =
                decimal_value(c->layout, s->values, i, c->scale);
        }
        break;
    case UPI_BOOL:
        ((uint8_t *)room->values)[to] = c->layout == UPI_LAYOUT_BITS_BOOL
                                            ? bit(s->values, i)
                                            : ((const uint8_t *)s->values)[i] != 0;
        break;
    case UPI_STR:
        if (c->layout == UPI_LAYOUT_U64) {
            char *slot = room->text + to * SLOT;
            int n = snprintf(slot, SLOT, "%llu",
                (unsigned long long)((const uint64_t *)s->values)[i]);
            ((upi_str *)(void *)room->values)[to] = upi_str_make(slot, (uint32_t)n);
        } else {
            ((upi_str *)(void *)room->values)[to] = text_at(c->layout, s, i);
        }
        break;
    default:
        room->values[to] = scaled(c, integer_at(c->layout, s->values, i));
        break;
    }
}

/* Where a segment's rows are read from and to. */
typedef struct span {
    int64_t skip, n, to;
} span;

static up_status
read_segment(const upi_stored *c, const char *name, const upi_segment *s, span rows,
    upi_fetch *room, up_error *err)
{
    int64_t skip = rows.skip, n = rows.n, to = rows.to;
    for (int64_t i = 0; i < n; i++) {
        bool valid = c->layout != UPI_LAYOUT_NULL && !is_missing(s, skip + i);
        int64_t at = s->offset + skip + i;
        const upi_segment *holder = s;
        if (valid && s->dictionary != NULL) {
            at = integer_at(c->indices, s->values, at);
            holder = s->dictionary;
            if (at < 0 || at >= holder->n) {
                return upi_fail(err, UP_E_SOURCE, name,
                    "column %s: index %lld is outside its dictionary of %lld values",
                    name, (long long)at, (long long)holder->n);
            }
            valid = !is_missing(holder, at);
            at += holder->offset;
        }
        if (valid && c->layout == UPI_LAYOUT_C_TEXT) {
            valid = ((const char *const *)holder->values)[at] != NULL;
        }
        mark(room->validity, to + i, valid);
        if (valid) {
            read_value(c, holder, at, room, to + i);
        }
    }
    return UP_OK;
}

/* The segment that holds a row, by halving. */
static int64_t
find_segment(const upi_stored *c, int64_t row)
{
    int64_t low = 0, high = c->n_segments;
    while (high - low > 1) {
        int64_t middle = low + (high - low) / 2;
        if (c->segments[middle].first <= row) {
            low = middle;
        } else {
            high = middle;
        }
    }
    return low;
}

/* Doubles and 64-bit integers without missing values need no copy. */
static bool
read_in_place(const upi_stored *c, const upi_segment *s, int64_t first, int64_t n,
    upi_column *out)
{
    bool same = (c->layout == UPI_LAYOUT_F64 && c->type == UPI_F64) ||
                (c->layout == UPI_LAYOUT_I64 && c->multiply == 1 && c->divide == 1);
    if (!same || s->dictionary != NULL || s->bits != NULL || s->missing != NULL ||
        first + n > s->first + s->n) {
        return false;
    }
    out->data = (const char *)s->values + (s->offset + first - s->first) * 8;
    out->validity = NULL;
    return true;
}

up_status
upi_stored_read(const upi_stored *c, const char *name, int64_t first, int64_t n,
    upi_fetch *room, upi_column *out, up_error *err)
{
    out->type = c->type;
    out->data = room->values;
    out->validity = room->validity;
    if (n == 0) {
        return UP_OK;
    }
    int64_t i = find_segment(c, first);
    if (read_in_place(c, &c->segments[i], first, n, out)) {
        return UP_OK;
    }
    for (int64_t done = 0; done < n; i++) {
        const upi_segment *s = &c->segments[i];
        int64_t skip = first + done - s->first;
        int64_t take = s->n - skip < n - done ? s->n - skip : n - done;
        up_status status =
            read_segment(c, name, s, (span){skip, take, done}, room, err);
        if (status != UP_OK) {
            return status;
        }
        done += take;
    }
    return UP_OK;
}
