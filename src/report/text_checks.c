/* The checks as verdicts, worst visible without colour: a word, a mark, the finding. */
#include "report/style.h"

#include <string.h>

typedef struct mark {
    const char *verdict, *fancy, *plain;
    upi_ink ink;
} mark;

static const mark marks[] = {{"passed", "\xe2\x9c\x93 passed", "passed", UPI_INK_GOOD},
    {"warning", "! warning", "warning", UPI_INK_WARN},
    {"failed", "\xe2\x9c\x97 FAILED", "FAILED", UPI_INK_WARN},
    {"not applicable", "\xc2\xb7 n/a", "n/a", UPI_INK_DIM}};

static const mark *
mark_of(const char *verdict)
{
    for (size_t i = 0; i < sizeof marks / sizeof marks[0]; i++) {
        if (strcmp(marks[i].verdict, verdict) == 0) {
            return &marks[i];
        }
    }
    return &marks[3];
}

void
upi_checks_text(upi_text *t, const upi_style *s, const up_result *r)
{
    const upi_sheet *rows = &r->rows;
    int64_t name = upi_sheet_find(rows, "check");
    int64_t verdict = upi_sheet_find(rows, "verdict");
    int64_t finding = upi_sheet_find(rows, "text");
    int widest = 0;
    for (int64_t i = 0; i < rows->n_rows; i++) {
        const upi_cell *row = &rows->cells[i * rows->n_columns];
        int wide = upi_utf8_width(row[name].text);
        widest = wide > widest ? wide : widest;
    }
    for (int64_t i = 0; i < rows->n_rows; i++) {
        const upi_cell *row = &rows->cells[i * rows->n_columns];
        const mark *m = mark_of(row[verdict].text);
        const char *word = s->unicode ? m->fancy : m->plain;
        upi_ink_add(t, s, m->ink, word);
        upi_text_addf(t, "%*s", 11 - upi_utf8_width(word), "");
        upi_pad_add(t, s, row[name].text, widest, false);
        upi_text_add(t, "  ");
        upi_wrap_add(t, s, row[finding].text, widest + 13, widest + 13);
    }
}
