/* The rows of a result as CSV (RFC 4180): a header, LF line ends, doubles that read back to
 * the same bits, values that do not exist left empty. */
#include "report/result.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

static void
add_field(upi_text *t, const char *s)
{
    if (strpbrk(s, ",\"\r\n") == NULL) {
        upi_text_add(t, s);
        return;
    }
    upi_text_add_char(t, '"');
    for (; *s != '\0'; s++) {
        if (*s == '"') {
            upi_text_add_char(t, '"');
        }
        upi_text_add_char(t, *s);
    }
    upi_text_add_char(t, '"');
}

static void
add_cell(upi_text *t, const upi_sheet_column *column, const upi_cell *c)
{
    char number[UPI_DOUBLE_CHARS];
    switch (column->kind) {
    case UPI_CELL_TEXT:
        add_field(t, c->text != NULL ? c->text : "");
        break;
    case UPI_CELL_NUMBER:
        if (isfinite(c->number)) {
            upi_double_text(c->number, number);
            upi_text_add(t, number);
        }
        break;
    case UPI_CELL_INTEGER:
        upi_text_addf(t, "%" PRId64, c->integer);
        break;
    }
}

const char *
up_result_csv(up_result *r)
{
    if (r->made_csv != NULL) {
        return r->made_csv;
    }
    upi_text t = {0};
    const upi_sheet *rows = &r->rows;
    for (int64_t j = 0; j < rows->n_columns; j++) {
        upi_text_addf(&t, "%s%s", j > 0 ? "," : "", rows->columns[j].name);
    }
    if (rows->n_columns > 0) {
        upi_text_add_char(&t, '\n');
    }
    for (int64_t i = 0; i < rows->n_rows; i++) {
        for (int64_t j = 0; j < rows->n_columns; j++) {
            if (j > 0) {
                upi_text_add_char(&t, ',');
            }
            add_cell(&t, &rows->columns[j], &rows->cells[i * rows->n_columns + j]);
        }
        upi_text_add_char(&t, '\n');
    }
    if (upi_text_take(&t, &r->made_csv, NULL) != UP_OK) {
        return NULL;
    }
    return r->made_csv;
}
