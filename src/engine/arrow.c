/* Takes over an Arrow C stream: its batches are kept, and their buffers are read in place.
 *
 * What comes over the C interface is trusted as little as it can be: formats, numbers of
 * buffers and children, lengths, offsets of texts and indices are checked before use. The
 * sizes of buffers are not part of the interface and cannot be checked.
 * Reference: the Arrow C data interface, format strings and buffer layouts. */
#include "engine/memory.h"

#include <stdio.h>
#include <stdlib.h>

typedef struct kept_batches {
    struct ArrowArray *items;
    int64_t n, capacity;
} kept_batches;

static void
release_batches(void *p)
{
    kept_batches *k = p;
    for (int64_t i = 0; i < k->n; i++) {
        if (k->items[i].release != NULL) {
            k->items[i].release(&k->items[i]);
        }
    }
    upi_free(k->items);
    upi_free(k);
}

/* Layouts whose format is one letter or a fixed word. */
static upi_layout
plain_layout(const char *format, upi_type *type)
{
    static const struct {
        const char *format;
        upi_layout layout;
        upi_type type;
    } known[] = {
        {"n", UPI_LAYOUT_NULL, UPI_STR},
        {"b", UPI_LAYOUT_BITS_BOOL, UPI_BOOL},
        {"c", UPI_LAYOUT_I8, UPI_I64},
        {"C", UPI_LAYOUT_U8, UPI_I64},
        {"s", UPI_LAYOUT_I16, UPI_I64},
        {"S", UPI_LAYOUT_U16, UPI_I64},
        {"i", UPI_LAYOUT_I32, UPI_I64},
        {"I", UPI_LAYOUT_U32, UPI_I64},
        {"l", UPI_LAYOUT_I64, UPI_I64},
        {"L", UPI_LAYOUT_U64, UPI_I64},
        {"f", UPI_LAYOUT_F32, UPI_F64},
        {"g", UPI_LAYOUT_F64, UPI_F64},
        {"u", UPI_LAYOUT_UTF8, UPI_STR},
        {"U", UPI_LAYOUT_LARGE_UTF8, UPI_STR},
        {"vu", UPI_LAYOUT_UTF8_VIEW, UPI_STR},
        {"tdD", UPI_LAYOUT_I32, UPI_DATE},
        {"tdm", UPI_LAYOUT_I64, UPI_DATE},
    };
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        if (strcmp(format, known[i].format) == 0) {
            *type = known[i].type;
            return known[i].layout;
        }
    }
    return UPI_LAYOUT_REFUSED;
}

/* By what follows the scale: 128 bits where nothing is said. */
static upi_layout
decimal_layout(const char *width)
{
    return *width == '\0' || strcmp(width, ",128") == 0 ? UPI_LAYOUT_DECIMAL128
           : strcmp(width, ",64") == 0                  ? UPI_LAYOUT_DECIMAL64
           : strcmp(width, ",32") == 0                  ? UPI_LAYOUT_DECIMAL32
                                                        : UPI_LAYOUT_REFUSED;
}

static void
read_format(const char *format, upi_stored *c)
{
    *c = (upi_stored){.layout = plain_layout(format, &c->type),
        .type = UPI_STR,
        .multiply = 1,
        .divide = 1};
    (void)plain_layout(format, &c->type);
    if (strcmp(format, "tdm") == 0) {
        c->divide = 86400000;
    }
    if (strncmp(format, "ts", 2) == 0 && format[2] != '\0' && format[3] == ':') {
        c->layout = UPI_LAYOUT_I64;
        c->type = UPI_TIME;
        c->multiply = format[2] == 's' ? 1000000 : format[2] == 'm' ? 1000 : 1;
        c->divide = format[2] == 'n' ? 1000 : 1;
        if (strchr("smun", format[2]) == NULL) {
            c->layout = UPI_LAYOUT_REFUSED;
        }
    }
    if (strncmp(format, "d:", 2) == 0) {
        char *end = NULL;
        (void)strtol(format + 2, &end, 10);
        long scale = *end == ',' ? strtol(end + 1, &end, 10) : -999;
        if (scale >= -38 && scale <= 38) {
            c->layout = decimal_layout(end);
            c->type = c->layout == UPI_LAYOUT_REFUSED ? UPI_STR : UPI_F64;
            c->scale = (int)scale;
        }
    }
}

static int64_t
buffers_of(upi_layout layout)
{
    switch (layout) {
    case UPI_LAYOUT_NULL:
        return 0;
    case UPI_LAYOUT_UTF8:
    case UPI_LAYOUT_LARGE_UTF8:
    case UPI_LAYOUT_UTF8_VIEW: /* and one more for each data buffer, and their sizes */
        return 3;
    default:
        return 2;
    }
}

static up_status
read_field(const struct ArrowSchema *child, int64_t index, upi_stored *c,
    upi_field *field, up_error *err)
{
    up_status status = UP_OK;
    if (child == NULL || child->format == NULL) {
        return upi_fail(err, UP_E_SOURCE, NULL,
            "the Arrow stream gives no type for column %lld", (long long)index);
    }
    UP_TRY(upi_memory_check_name(child->name, index, err));
    if (child->dictionary != NULL && child->dictionary->format != NULL) {
        upi_stored indices;
        read_format(child->format, &indices);
        read_format(child->dictionary->format, c);
        bool whole =
            indices.layout >= UPI_LAYOUT_I8 && indices.layout <= UPI_LAYOUT_U64;
        c->indices = indices.layout;
        if (!whole || child->dictionary->dictionary != NULL) {
            c->layout = UPI_LAYOUT_REFUSED;
        }
    } else {
        read_format(child->format, c);
    }
    field->type = c->type;
    field->refused = c->layout == UPI_LAYOUT_REFUSED;
    UP_TRY(upi_strdup_to(&field->name, child->name, err));
    UP_TRY(upi_strdup_to(&field->native_type, child->format, err));
out:
    return status;
}

static bool
offsets_rise(upi_layout layout, const void *offsets, int64_t first, int64_t n)
{
    int64_t before = layout == UPI_LAYOUT_UTF8 ? ((const int32_t *)offsets)[first]
                                               : ((const int64_t *)offsets)[first];
    bool good = before >= 0;
    for (int64_t i = first + 1; good && i <= first + n; i++) {
        int64_t next = layout == UPI_LAYOUT_UTF8 ? ((const int32_t *)offsets)[i]
                                                 : ((const int64_t *)offsets)[i];
        good = next >= before && next - before <= UINT32_MAX;
        before = next;
    }
    return good;
}

/* The buffers of an array as a segment; `offset` is that of the enclosing batch. */
static up_status
read_segment(const struct ArrowArray *a, upi_layout layout, int64_t offset,
    const char *name, upi_segment *out, up_error *err)
{
    int64_t wanted = buffers_of(layout);
    bool sound = a->length >= 0 && a->offset >= 0 && a->n_buffers >= wanted &&
                 (wanted == 0 || a->buffers != NULL) &&
                 a->offset <= INT64_MAX / 16 - a->length;
    if (sound) {
        out->offset = a->offset + offset;
        out->bits = wanted > 0 ? a->buffers[0] : NULL;
        out->values = wanted > 1 ? a->buffers[1] : NULL;
        sound = wanted == 0 || out->values != NULL || a->length == 0;
    }
    if (sound && (layout == UPI_LAYOUT_UTF8 || layout == UPI_LAYOUT_LARGE_UTF8)) {
        out->bytes = a->buffers[2];
        sound = out->values == NULL ||
                offsets_rise(layout, out->values, out->offset, out->n);
    }
    if (sound && layout == UPI_LAYOUT_UTF8_VIEW) {
        out->more = a->buffers + 2;
        out->n_more = a->n_buffers - 3;
    }
    if (!sound) {
        return upi_fail(err, UP_E_SOURCE, name,
            "column %s of the Arrow stream is damaged (length %lld, offset %lld, "
            "%lld buffers)",
            name, (long long)a->length, (long long)a->offset, (long long)a->n_buffers);
    }
    return UP_OK;
}

static up_status
add_column(const struct ArrowArray *batch, const struct ArrowArray *child,
    int64_t first, upi_stored *c, const char *name, up_error *err)
{
    up_status status = UP_OK;
    upi_segment segment = {.first = first, .n = batch->length};
    upi_segment *dictionary = NULL;
    if (child == NULL || child->length < batch->offset + batch->length) {
        return upi_fail(err, UP_E_SOURCE, name,
            "column %s of the Arrow stream has %lld values for %lld rows", name,
            child != NULL ? (long long)child->length : 0LL, (long long)batch->length);
    }
    upi_layout layout = c->indices != UPI_LAYOUT_NULL ? c->indices : c->layout;
    UP_TRY(read_segment(child, layout, batch->offset, name, &segment, err));
    if (c->indices != UPI_LAYOUT_NULL) {
        if (child->dictionary == NULL) {
            status =
                upi_fail(err, UP_E_SOURCE, name, "column %s has no dictionary", name);
            goto out;
        }
        UP_TRY(UP_NEW(&dictionary, 1, err));
        dictionary->n = child->dictionary->length;
        UP_TRY(read_segment(child->dictionary, c->layout, 0, name, dictionary, err));
        segment.dictionary = dictionary;
    }
    UP_TRY(upi_stored_add(c, &segment, err));
    dictionary = NULL;
out:
    upi_free(dictionary);
    return status;
}

static up_status
add_batch(up_source *s, upi_memory *m, const struct ArrowArray *batch, up_error *err)
{
    up_status status = UP_OK;
    if (batch->length < 0 || batch->offset < 0 || batch->n_children != m->n_columns ||
        (batch->n_children > 0 && batch->children == NULL) ||
        batch->length > INT64_MAX / 64 - s->n_rows) {
        return upi_fail(err, UP_E_SOURCE, NULL,
            "a batch of the Arrow stream is damaged (%lld rows, %lld columns)",
            (long long)batch->length, (long long)batch->n_children);
    }
    if (batch->null_count > 0) {
        return upi_fail(err, UP_E_SOURCE, NULL,
            "%lld rows of the Arrow stream are null as a whole",
            (long long)batch->null_count);
    }
    for (int64_t i = 0; batch->length > 0 && i < m->n_columns; i++) {
        UP_TRY(s->fields[i].refused ? UP_OK
                                    : add_column(batch, batch->children[i], s->n_rows,
                                          &m->columns[i], s->fields[i].name, err));
    }
    s->n_rows += batch->length;
out:
    return status;
}

static up_status
stream_failed(
    struct ArrowArrayStream *stream, int code, const char *what, up_error *err)
{
    const char *why =
        stream->get_last_error != NULL ? stream->get_last_error(stream) : NULL;
    return upi_fail(err, UP_E_SOURCE, NULL,
        "the Arrow stream gives no %s: %s (code %d)", what,
        why != NULL ? why : "no reason given", code);
}

static up_status
take_batches(
    struct ArrowArrayStream *stream, up_source *s, upi_memory *m, up_error *err)
{
    up_status status = UP_OK;
    kept_batches *kept = m->keep;
    for (;;) {
        UP_TRY(UP_RESERVE(&kept->items, &kept->capacity, kept->n + 1, err));
        struct ArrowArray batch;
        memset(&batch, 0, sizeof batch);
        int code = stream->get_next(stream, &batch);
        if (code != 0) {
            status = stream_failed(stream, code, "rows", err);
            goto out;
        }
        if (batch.release == NULL) {
            break;
        }
        kept->items[kept->n++] = batch;
        UP_TRY(add_batch(s, m, &kept->items[kept->n - 1], err));
    }
out:
    return status;
}

/* Unsigned 64-bit columns become text when a value does not fit the signed range. */
static void
settle_unsigned(upi_stored *c, upi_field *field)
{
    bool fits = true;
    if (c->layout != UPI_LAYOUT_U64) {
        return;
    }
    for (int64_t k = 0; fits && k < c->n_segments; k++) {
        const upi_segment *s = c->segments[k].dictionary != NULL
                                   ? c->segments[k].dictionary
                                   : &c->segments[k];
        const uint64_t *values = s->values;
        for (int64_t i = 0; fits && i < s->n; i++) {
            int64_t at = s->offset + i;
            bool null = s->bits != NULL && !((s->bits[at >> 3] >> (at & 7)) & 1);
            fits = null || values[at] <= INT64_MAX;
        }
    }
    if (!fits) {
        c->type = UPI_STR;
        field->type = UPI_STR;
    }
}

static up_status
take_stream(struct ArrowArrayStream *stream, struct ArrowSchema *schema,
    up_source **out, up_error *err)
{
    up_status status = UP_OK;
    upi_memory *m = NULL;
    kept_batches *kept = NULL;
    int code = stream->get_schema(stream, schema);
    if (code != 0 || schema->release == NULL) {
        return stream_failed(stream, code, "schema", err);
    }
    if (schema->format == NULL || strcmp(schema->format, "+s") != 0 ||
        schema->n_children < 1 || schema->children == NULL) {
        return upi_fail(err, UP_E_SOURCE, NULL,
            "the Arrow stream does not hold rows of columns (format %s, %lld columns)",
            schema->format != NULL ? schema->format : "missing",
            (long long)schema->n_children);
    }
    UP_TRY(upi_memory_make("the Arrow stream", schema->n_children, out, &m, err));
    UP_TRY(UP_NEW(&kept, 1, err));
    m->keep = kept;
    m->release = release_batches;
    for (int64_t i = 0; i < schema->n_children; i++) {
        UP_TRY(read_field(
            schema->children[i], i, &m->columns[i], &(*out)->fields[i], err));
    }
    UP_TRY(upi_memory_check_names(*out, err));
    UP_TRY(take_batches(stream, *out, m, err));
    for (int64_t i = 0; i < m->n_columns; i++) {
        settle_unsigned(&m->columns[i], &(*out)->fields[i]);
    }
out:
    return status;
}

up_status
up_source_from_arrow(struct ArrowArrayStream *stream, up_source **out, up_error *err)
{
    UP_GUARD(err);
    if (stream == NULL || out == NULL || stream->release == NULL) {
        return upi_fail(err, UP_E_ARGUMENT, out == NULL ? "out" : "stream",
            "an Arrow stream that is not released, and a place for the source, are "
            "needed");
    }
    struct ArrowArrayStream own = *stream;
    stream->release = NULL;
    struct ArrowSchema schema;
    memset(&schema, 0, sizeof schema);
    up_source *s = NULL;
    up_status status = take_stream(&own, &schema, &s, err);
    if (schema.release != NULL) {
        schema.release(&schema);
    }
    own.release(&own);
    if (status == UP_OK) {
        *out = s;
    } else {
        up_source_free(s);
    }
    return status;
}
