/* Findings in words: what each is about, the sentence, and its test where there is one. */
#include "report/style.h"

#include <math.h>
#include <string.h>

static void
add_number(upi_text *t, const char *name, double x)
{
    char digits[UPI_DOUBLE_CHARS];
    if (isfinite(x)) {
        upi_double_text_digits(x, 3, digits);
        upi_text_addf(t, "%s %s", name, digits);
    }
}

void
upi_findings_text(upi_text *t, const upi_style *s, const up_result *r)
{
    enum { ABOUT = 14 };
    const upi_sheet *rows = &r->rows;
    int64_t about = upi_sheet_find(rows, "about");
    int64_t text = upi_sheet_find(rows, "text");
    int64_t correlation = upi_sheet_find(rows, "correlation");
    int64_t p = upi_sheet_find(rows, "p_adjusted");
    int64_t rejected = upi_sheet_find(rows, "rejected");
    const char *last = "";
    for (int64_t i = 0; i < rows->n_rows; i++) {
        const upi_cell *row = &rows->cells[i * rows->n_columns];
        upi_text line = {0};
        upi_text_add(&line, row[text].text);
        add_number(&line, "; partial correlation", row[correlation].number);
        add_number(&line, ", adjusted p", row[p].number);
        upi_text_add(&line, row[rejected].integer != 0 ? ": REJECTED" : "");
        upi_pad_add(t, s, strcmp(last, row[about].text) == 0 ? "" : row[about].text,
            ABOUT, false);
        upi_wrap_add(t, s, line.s != NULL ? line.s : "", ABOUT + 2, ABOUT);
        t->failed |= line.failed;
        upi_text_free(&line);
        last = row[about].text;
    }
}
