/* Any rows as an aligned table: numbers to the right with 5 significant digits, texts to the
 * left, the widest text cut where the terminal ends. Columns that still find no room go on below,
 * with the first column again. */
#include "report/style.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>

enum { DIGITS = 5, LEAST_TEXT = 8, GAP = 2, MOST_COLUMNS = 32, CELL = 256 };

static void
cell_text(const upi_style *s, const upi_sheet_column *column, const upi_cell *c,
    char out[CELL])
{
    char digits[UPI_DOUBLE_CHARS];
    switch (column->kind) {
    case UPI_CELL_TEXT:
        upi_line_copy(out, CELL, c->text != NULL ? c->text : "");
        break;
    case UPI_CELL_INTEGER:
        upi_count_text(c->integer, out);
        break;
    case UPI_CELL_NUMBER:
        if (!isfinite(c->number)) {
            (void)snprintf(out, CELL, "%s", "");
            break;
        }
        upi_double_text_digits(fabs(c->number), DIGITS, digits);
        (void)snprintf(out, CELL, "%s%s",
            c->number >= 0 ? ""
            : s->unicode   ? "\xe2\x88\x92"
                           : "-",
            digits);
        break;
    }
}

static bool
is_hidden(const upi_sheet *t, int64_t j)
{
    bool hidden = t->columns[j].hide != UPI_HIDE_NEVER;
    bool always = t->columns[j].hide == UPI_HIDE_ALWAYS;
    for (int64_t i = 0; i < t->n_rows && !always; i++) {
        const upi_cell *c = &t->cells[i * t->n_columns + j];
        hidden = hidden && c->integer == 0 && (c->text == NULL || *c->text == '\0');
    }
    return hidden;
}

/* The width of each column; 0 = hidden. */
static void
measure(const upi_style *s, const upi_sheet *t, int width[MOST_COLUMNS])
{
    char text[CELL];
    for (int64_t j = 0; j < t->n_columns; j++) {
        width[j] = 0;
        if (is_hidden(t, j)) {
            continue;
        }
        width[j] = upi_utf8_width(t->columns[j].name);
        for (int64_t i = 0; i < t->n_rows; i++) {
            cell_text(s, &t->columns[j], &t->cells[i * t->n_columns + j], text);
            int wide = upi_utf8_width(text);
            width[j] = wide > width[j] ? wide : width[j];
        }
    }
}

/* One past the columns that name a row: the texts in front, or else the first column; only
 * that one where they take more than half of the line. */
static int64_t
names_end(const upi_style *s, const upi_sheet *t, const int width[MOST_COLUMNS])
{
    int64_t first = 0;
    while (first + 1 < t->n_columns && width[first] == 0) {
        first++;
    }
    int64_t end = first + 1;
    int total = width[first] + GAP;
    for (; end < t->n_columns && t->columns[first].kind == UPI_CELL_TEXT &&
           t->columns[end].kind == UPI_CELL_TEXT;
         end++) {
        total += width[end] > 0 ? width[end] + GAP : 0;
    }
    return total > s->width / 2 ? first + 1 : end;
}

/* Narrows the texts behind the names until the line fits, the last one first. Where that would
 * not do they stay, since the table goes on below. */
static void
shrink(const upi_style *s, const upi_sheet *t, int64_t names, int width[MOST_COLUMNS])
{
    int excess = -GAP - s->width;
    int room = 0;
    for (int64_t j = 0; j < t->n_columns; j++) {
        bool text = t->columns[j].kind == UPI_CELL_TEXT;
        width[j] = text && width[j] > s->width / 2 ? s->width / 2 : width[j];
        excess += width[j] > 0 ? width[j] + GAP : 0;
        room += text && j >= names && width[j] > LEAST_TEXT ? width[j] - LEAST_TEXT : 0;
    }
    for (int64_t j = t->n_columns - 1; j >= names && excess > 0 && excess <= room;
         j--) {
        int cut = width[j] - LEAST_TEXT;
        if (t->columns[j].kind == UPI_CELL_TEXT && cut > 0) {
            cut = cut < excess ? cut : excess;
            width[j] -= cut;
            excess -= cut;
            room -= cut;
        }
    }
}

static void
add_cell(upi_text *t, const upi_style *s, const char *text, int width, bool right)
{
    if (width > 0) {
        upi_pad_add(t, s, text, width, right);
        upi_text_add(t, "  ");
    }
}

static void
end_line(upi_text *t)
{
    while (t->s != NULL && t->length > 0 && t->s[t->length - 1] == ' ') {
        t->s[--t->length] = '\0';
    }
    upi_text_add_char(t, '\n');
}

/* One past the last column that fits beside the names, and at least one that is shown. */
static int64_t
block_end(const upi_style *s, const upi_sheet *t, const int width[MOST_COLUMNS],
    int64_t names, int64_t from)
{
    int total = -GAP;
    bool any = false;
    for (int64_t j = 0; j < names; j++) {
        total += width[j] > 0 ? width[j] + GAP : 0;
    }
    int64_t end = from;
    for (; end < t->n_columns; end++) {
        total += width[end] > 0 ? width[end] + GAP : 0;
        if (total > s->width && any) {
            break;
        }
        any = any || width[end] > 0;
    }
    return any ? end : t->n_columns;
}

static void
add_column(upi_text *t, const upi_style *s, const upi_sheet *rows,
    const int width[MOST_COLUMNS], int64_t row, int64_t j)
{
    char text[CELL];
    const upi_sheet_column *c = &rows->columns[j];
    if (row >= 0) {
        cell_text(s, c, &rows->cells[row * rows->n_columns + j], text);
    }
    add_cell(t, s, row >= 0 ? text : c->name, width[j], c->kind != UPI_CELL_TEXT);
}

void
upi_table_text(upi_text *t, const upi_style *s, const up_result *r)
{
    int width[MOST_COLUMNS] = {0};
    const upi_sheet *rows = &r->rows;
    UP_ASSERT(rows->n_columns <= MOST_COLUMNS);
    if (rows->n_rows == 0) {
        return;
    }
    measure(s, rows, width);
    int64_t names = names_end(s, rows, width);
    shrink(s, rows, names, width);
    int64_t from = names;
    do {
        int64_t end = block_end(s, rows, width, names, from);
        upi_text_add(t, from > names ? "\n" : "");
        for (int64_t i = -1; i < rows->n_rows; i++) { /* -1: the heading */
            for (int64_t j = 0; j < end; j = j + 1 == names ? from : j + 1) {
                add_column(t, s, rows, width, i, j);
            }
            end_line(t);
        }
        from = end;
    } while (from < rows->n_columns);
}
