/* A result for a terminal: the answer first, then what it was made from, the rows, the
 * estimand and the notes. */
#include "report/style.h"

#include <stdio.h>

enum { DEFAULT_WIDTH = 80, LEAST_WIDTH = 40 };

static void
add_estimand(upi_text *t, const upi_style *s, const up_result *r)
{
    if (r->estimand == NULL || r->estimand[0] == '\0') {
        return;
    }
    upi_text_add(t, "\nEstimand: ");
    upi_wrap_add(t, s, r->estimand, 2, 10);
    for (int64_t i = 0; i < r->assumptions.n; i++) {
        upi_text_add(t, i == 0 ? "Assumes: " : "         ");
        upi_wrap_add(t, s, r->assumptions.items[i], 9, 9);
    }
}

static void
add_notes(upi_text *t, const upi_style *s, const upi_notes *notes)
{
    if (notes->n > 0) {
        upi_text_add_char(t, '\n');
    }
    /* Warnings before notes: they can change the decision. */
    for (int severity = UP_REFUSAL; severity >= (int)UP_NOTE; severity--) {
        for (int64_t i = 0; i < notes->n; i++) {
            const up_note *n = &notes->items[i];
            if ((int)n->severity != severity) {
                continue;
            }
            const char *code = up_note_name(n->code);
            upi_ink_add(t, s, severity > 0 ? UPI_INK_WARN : UPI_INK_DIM, code);
            upi_text_add(t, "  ");
            upi_wrap_add(t, s, n->text, 4, upi_utf8_width(code) + 2);
        }
    }
}

static void
add_page(upi_text *t, const upi_style *s, const up_result *r)
{
    upi_text bold = {0};
    upi_style plain = *s;
    plain.color = false;
    upi_wrap_add(&bold, &plain, r->headline != NULL ? r->headline : "", 0, 0);
    upi_ink_add(t, s, UPI_INK_BOLD, bold.s != NULL ? bold.s : "");
    t->failed |= bold.failed;
    upi_text_free(&bold);
    if (r->context != NULL) {
        upi_wrap_add(t, s, r->context, 0, 0);
    }
    if (r->rows.n_rows > 0) {
        upi_text_add_char(t, '\n');
    }
    switch (r->view) {
    case UPI_VIEW_EFFECTS:
        upi_effects_text(t, s, r);
        break;
    case UPI_VIEW_CHECKS:
        upi_checks_text(t, s, r);
        break;
    case UPI_VIEW_FINDINGS:
        upi_findings_text(t, s, r);
        break;
    case UPI_VIEW_LOOKS:
        upi_looks_text(t, s, r);
        break;
    case UPI_VIEW_TABLE:
        upi_table_text(t, s, r);
        break;
    case UPI_VIEW_TEXT:
        break;
    }
    if (r->aside != NULL) {
        upi_text_addf(t, "\n%s", r->aside);
    }
    add_estimand(t, s, r);
    add_notes(t, s, &r->notes);
    for (int64_t i = 0; i < r->next.n; i++) {
        upi_text_add(t, i == 0 ? "\nNext: " : "      ");
        upi_wrap_add(t, s, r->next.items[i], 8, 6);
    }
}

const char *
up_result_text(up_result *r, int width, int unicode, int color)
{
    upi_text t = {0};
    upi_style s = {.width = width <= 0            ? DEFAULT_WIDTH
                            : width < LEAST_WIDTH ? LEAST_WIDTH
                                                  : width,
        .unicode = unicode != 0,
        .color = color != 0};
    upi_free(r->made_text);
    r->made_text = NULL;
    if (r->text != NULL && r->view == UPI_VIEW_TEXT) {
        upi_text_add(&t, r->text);
        if (t.length > 0 && t.s[t.length - 1] != '\n') {
            upi_text_add_char(&t, '\n');
        }
    } else {
        add_page(&t, &s, r);
    }
    if (upi_text_take(&t, &r->made_text, NULL) != UP_OK) {
        return NULL;
    }
    return r->made_text;
}
