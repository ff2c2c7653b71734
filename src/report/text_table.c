/* Any rows as an aligned table: numbers to the right with 5 significant digits, texts to the
 * left, the widest text cut where the terminal ends. */
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

/* Narrows texts until the line fits, the last one first: names stand in front. */
static void
shrink(const upi_style *s, const upi_sheet *t, int width[MOST_COLUMNS])
{
    int total = -GAP;
    for (int64_t j = 0; j < t->n_columns; j++) {
        total += width[j] > 0 ? width[j] + GAP : 0;
    }
    for (int64_t j = t->n_columns - 1; j >= 0 && total > s->width; j--) {
        int room = width[j] - LEAST_TEXT;
        if (t->columns[j].kind == UPI_CELL_TEXT && room > 0) {
            int excess = total - s->width;
            int cut = excess < room ? excess : room;
            width[j] -= cut;
            total -= cut;
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

void
upi_table_text(upi_text *t, const upi_style *s, const up_result *r)
{
    int width[MOST_COLUMNS];
    char text[CELL];
    const upi_sheet *rows = &r->rows;
    UP_ASSERT(rows->n_columns <= MOST_COLUMNS);
    if (rows->n_rows == 0) {
        return;
    }
    measure(s, rows, width);
    shrink(s, rows, width);
    for (int64_t j = 0; j < rows->n_columns; j++) {
        add_cell(t, s, rows->columns[j].name, width[j],
            rows->columns[j].kind != UPI_CELL_TEXT);
    }
    end_line(t);
    for (int64_t i = 0; i < rows->n_rows; i++) {
        for (int64_t j = 0; j < rows->n_columns; j++) {
            cell_text(
                s, &rows->columns[j], &rows->cells[i * rows->n_columns + j], text);
            add_cell(t, s, text, width[j], rows->columns[j].kind != UPI_CELL_TEXT);
        }
        end_line(t);
    }
}
