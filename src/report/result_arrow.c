/* The rows of a result as an Arrow stream: one batch, one array per column, every digit.
 *
 * Texts have 32-bit offsets ("u"), counts are "l", numbers are "g" with a null where there is
 * none, as in CSV. Everything the stream hands out is a copy of its own, released by the one
 * who took it. Reference: the Arrow C data interface, release callbacks and moved children. */
#include "report/result.h"

#include <errno.h>
#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/* What a struct array or schema holds beside its children. */
typedef struct array_room {
    const void *buffers[3];
    struct ArrowArray **children;
} array_room;

typedef struct rows_stream {
    struct ArrowSchema schema;
    struct ArrowArray batch; /* released = none left */
} rows_stream;

/* ---- schema ---- */

static void
schema_release(struct ArrowSchema *s)
{
    for (int64_t i = 0; s->children != NULL && i < s->n_children; i++) {
        struct ArrowSchema *child = s->children[i];
        if (child != NULL && child->release != NULL) {
            child->release(child);
        }
        upi_free(child);
    }
    upi_free(s->children);
    upi_free(s->private_data); /* the name */
    s->release = NULL;
}

static up_status
schema_make(struct ArrowSchema *to, const char *format, const char *name,
    int64_t n_children, up_error *err)
{
    up_status status = UP_OK;
    char *own = NULL;
    *to = (struct ArrowSchema){.format = format, .release = schema_release};
    UP_TRY(upi_strdup_to(&own, name, err));
    to->name = own;
    to->private_data = own;
    UP_TRY(n_children > 0 ? UP_NEW(&to->children, n_children, err) : UP_OK);
    to->n_children = n_children;
out:
    return status;
}

static const char *
format_of(const upi_sheet_column *column)
{
    static const char *const formats[] = {"u", "g", "l"};
    return formats[column->kind];
}

static up_status
schema_of_rows(const upi_sheet *rows, struct ArrowSchema *to, up_error *err)
{
    up_status status = UP_OK;
    UP_TRY(schema_make(to, "+s", "", rows->n_columns, err));
    for (int64_t j = 0; j < rows->n_columns; j++) {
        UP_TRY(UP_NEW(&to->children[j], 1, err));
        UP_TRY(schema_make(to->children[j], format_of(&rows->columns[j]),
            rows->columns[j].name, 0, err));
        to->children[j]->flags =
            rows->columns[j].kind == UPI_CELL_NUMBER ? ARROW_FLAG_NULLABLE : 0;
    }
out:
    return status;
}

/* A consumer may move or change what it gets, so every one has a schema of its own. */
static up_status
schema_copy(const struct ArrowSchema *from, struct ArrowSchema *to, up_error *err)
{
    up_status status = UP_OK;
    UP_TRY(schema_make(to, from->format, from->name, from->n_children, err));
    to->flags = from->flags;
    for (int64_t i = 0; i < from->n_children; i++) {
        const struct ArrowSchema *child = from->children[i];
        UP_TRY(UP_NEW(&to->children[i], 1, err));
        UP_TRY(schema_make(to->children[i], child->format, child->name, 0, err));
        to->children[i]->flags = child->flags;
    }
out:
    return status;
}

/* ---- arrays ---- */

static void
free_buffer(const void *p)
{
    union {
        const void *shown;
        void *owned;
    } u = {.shown = p};
    upi_free(u.owned);
}

static void
array_release(struct ArrowArray *a)
{
    array_room *room = a->private_data;
    for (int64_t i = 0; room->children != NULL && i < a->n_children; i++) {
        struct ArrowArray *child = room->children[i];
        if (child != NULL && child->release != NULL) {
            child->release(child);
        }
        upi_free(child);
    }
    for (size_t i = 0; i < sizeof room->buffers / sizeof room->buffers[0]; i++) {
        free_buffer(room->buffers[i]);
    }
    upi_free(room->children);
    upi_free(room);
    a->release = NULL;
}

static up_status
array_make(struct ArrowArray *to, int64_t length, int64_t n_buffers, int64_t n_children,
    up_error *err)
{
    up_status status = UP_OK;
    array_room *room = NULL;
    UP_TRY(UP_NEW(&room, 1, err));
    *to = (struct ArrowArray){.length = length,
        .n_buffers = n_buffers,
        .buffers = room->buffers,
        .release = array_release,
        .private_data = room};
    UP_TRY(n_children > 0 ? UP_NEW(&room->children, n_children, err) : UP_OK);
    to->children = room->children;
    to->n_children = n_children;
out:
    return status;
}

static const upi_cell *
cell_at(const upi_sheet *rows, int64_t i, int64_t j)
{
    return &rows->cells[i * rows->n_columns + j];
}

static const char *
text_at(const upi_sheet *rows, int64_t i, int64_t j)
{
    const char *text = cell_at(rows, i, j)->text;
    return text != NULL ? text : "";
}

static up_status
fill_texts(const upi_sheet *rows, int64_t j, const void **buffers, up_error *err)
{
    up_status status = UP_OK;
    int32_t *offsets = NULL;
    char *bytes = NULL;
    size_t total = 0;
    for (int64_t i = 0; i < rows->n_rows; i++) {
        total += strlen(text_at(rows, i, j));
    }
    if (total > INT32_MAX) { /* 2 GB of labels are not made by any verb */
        return upi_fail(err, UP_E_NO_MEMORY, NULL, "the texts of a column pass 2 GB");
    }
    UP_TRY(UP_NEW(&offsets, rows->n_rows + 1, err));
    buffers[1] = offsets;
    UP_TRY(UP_NEW(&bytes, (int64_t)total + 1, err));
    buffers[2] = bytes;
    for (int64_t i = 0; i < rows->n_rows; i++) {
        int32_t end = offsets[i];
        for (const char *c = text_at(rows, i, j); *c != '\0'; c++) {
            bytes[end++] = *c;
        }
        offsets[i + 1] = end;
    }
out:
    return status;
}

/* The number of values that do not exist. */
static up_status
fill_numbers(const upi_sheet *rows, int64_t j, const void **buffers,
    int64_t *null_count, up_error *err)
{
    up_status status = UP_OK;
    uint8_t *bits = NULL;
    double *values = NULL;
    UP_TRY(UP_NEW(&bits, rows->n_rows / 8 + 1, err));
    buffers[0] = bits;
    UP_TRY(UP_NEW(&values, rows->n_rows + 1, err));
    buffers[1] = values;
    for (int64_t i = 0; i < rows->n_rows; i++) {
        double x = cell_at(rows, i, j)->number;
        if (isfinite(x)) {
            values[i] = x;
            bits[i / 8] = (uint8_t)(bits[i / 8] | 1U << (i % 8));
        } else {
            (*null_count)++;
        }
    }
out:
    return status;
}

static up_status
fill_integers(const upi_sheet *rows, int64_t j, const void **buffers, up_error *err)
{
    up_status status = UP_OK;
    int64_t *values = NULL;
    UP_TRY(UP_NEW(&values, rows->n_rows + 1, err));
    buffers[1] = values;
    for (int64_t i = 0; i < rows->n_rows; i++) {
        values[i] = cell_at(rows, i, j)->integer;
    }
out:
    return status;
}

static up_status
fill_column(const upi_sheet *rows, int64_t j, struct ArrowArray *to, up_error *err)
{
    up_status status = UP_OK;
    upi_cell_kind kind = rows->columns[j].kind;
    UP_TRY(array_make(to, rows->n_rows, kind == UPI_CELL_TEXT ? 3 : 2, 0, err));
    switch (kind) {
    case UPI_CELL_TEXT:
        return fill_texts(rows, j, to->buffers, err);
    case UPI_CELL_NUMBER:
        return fill_numbers(rows, j, to->buffers, &to->null_count, err);
    default:
        return fill_integers(rows, j, to->buffers, err);
    }
out:
    return status;
}

static up_status
batch_of_rows(const upi_sheet *rows, struct ArrowArray *to, up_error *err)
{
    up_status status = UP_OK;
    if (rows->n_rows == 0) {
        return UP_OK;
    }
    UP_TRY(array_make(to, rows->n_rows, 1, rows->n_columns, err));
    for (int64_t j = 0; j < rows->n_columns; j++) {
        UP_TRY(UP_NEW(&to->children[j], 1, err));
        UP_TRY(fill_column(rows, j, to->children[j], err));
    }
out:
    return status;
}

/* ---- stream ---- */

static int
stream_schema(struct ArrowArrayStream *s, struct ArrowSchema *out)
{
    const rows_stream *rows = s->private_data;
    struct ArrowSchema copy;
    memset(&copy, 0, sizeof copy);
    if (schema_copy(&rows->schema, &copy, NULL) != UP_OK) {
        if (copy.release != NULL) {
            copy.release(&copy);
        }
        return ENOMEM;
    }
    *out = copy;
    return 0;
}

static int
stream_next(struct ArrowArrayStream *s, struct ArrowArray *out)
{
    rows_stream *rows = s->private_data;
    *out = rows->batch;
    memset(&rows->batch, 0, sizeof rows->batch);
    return 0;
}

static const char *
stream_error(struct ArrowArrayStream *s)
{
    (void)s;
    return "memory ran out";
}

static void
free_stream(rows_stream *rows)
{
    if (rows != NULL && rows->schema.release != NULL) {
        rows->schema.release(&rows->schema);
    }
    if (rows != NULL && rows->batch.release != NULL) {
        rows->batch.release(&rows->batch);
    }
    upi_free(rows);
}

static void
stream_release(struct ArrowArrayStream *s)
{
    free_stream(s->private_data);
    s->release = NULL;
}

up_status
up_result_arrow(const up_result *r, struct ArrowArrayStream *out, up_error *err)
{
    UP_GUARD(err);
    up_status status = UP_OK;
    rows_stream *rows = NULL;
    if (r == NULL || out == NULL) {
        return upi_fail(err, UP_E_ARGUMENT, r == NULL ? "r" : "out",
            "a result, and a place for its stream, are needed");
    }
    UP_TRY(UP_NEW(&rows, 1, err));
    UP_TRY(schema_of_rows(&r->rows, &rows->schema, err));
    UP_TRY(batch_of_rows(&r->rows, &rows->batch, err));
    *out = (struct ArrowArrayStream){.get_schema = stream_schema,
        .get_next = stream_next,
        .get_last_error = stream_error,
        .release = stream_release,
        .private_data = rows};
    rows = NULL;
out:
    free_stream(rows);
    return status;
}
