/* The path of each effect for people: a line per look, with the interval of the look, what all
 * intervals so far have in common, and, under a name that says so, the interval of a single look. */
#include "report/style.h"

#include <math.h>
#include <string.h>

enum { NAMES = 4, SHOWN = 11 };

static const char *const names[NAMES] = {"metric", "arm", "against", "segment"};

/* In the order of the sheet's own: from which column of the rows, under which name. */
static const char *const from[SHOWN] = {"label", "n", "estimate", "conf_low",
    "conf_high", "running_low", "running_high", "running_p", "decision", "fixed_low",
    "fixed_high"};
static const upi_sheet_column shown[SHOWN] = {{"look", UPI_CELL_TEXT, false},
    {"n", UPI_CELL_INTEGER, false}, {"estimate", UPI_CELL_NUMBER, false},
    {"low", UPI_CELL_NUMBER, false}, {"high", UPI_CELL_NUMBER, false},
    {"all_low", UPI_CELL_NUMBER, false}, {"all_high", UPI_CELL_NUMBER, false},
    {"p", UPI_CELL_NUMBER, false}, {"decision", UPI_CELL_TEXT, false},
    {"once_low", UPI_CELL_NUMBER, false}, {"once_high", UPI_CELL_NUMBER, false}};

static const upi_cell *
cell(const up_result *r, int64_t row, const char *name)
{
    return &r->rows.cells[row * r->rows.n_columns + upi_sheet_find(&r->rows, name)];
}

static const char *
word(const up_result *r, int64_t row, const char *name)
{
    const char *text = cell(r, row, name)->text;
    return text != NULL ? text : "";
}

static bool
same(const up_result *r, int64_t a, int64_t b)
{
    for (int k = 0; k < NAMES; k++) {
        if (strcmp(word(r, a, names[k]), word(r, b, names[k])) != 0) {
            return false;
        }
    }
    return true;
}

/* The rows of the effect that row `first` is of. */
static up_status
collect(const up_result *r, int64_t first, upi_sheet *out)
{
    up_status status = UP_OK;
    for (int64_t i = first; i < r->rows.n_rows && status == UP_OK; i++) {
        upi_cell *row = NULL;
        if (!same(r, first, i)) {
            continue;
        }
        status = upi_sheet_add(out, &row, NULL);
        for (int k = 0; k < SHOWN && status == UP_OK; k++) {
            const upi_cell *c = cell(r, i, from[k]);
            row[k].number = c->number;
            row[k].integer = c->integer;
            status = upi_cell_set(&row[k], c->text, NULL);
        }
    }
    return status;
}

void
upi_looks_text(upi_text *t, const upi_style *s, const up_result *r)
{
    for (int64_t i = 0; i < r->rows.n_rows; i++) {
        bool first = true;
        for (int64_t k = 0; k < i && first; k++) {
            first = !same(r, k, i);
        }
        if (!first) {
            continue;
        }
        const char *segment = word(r, i, "segment");
        upi_text_addf(t, "%s%s: %s against %s%s%s\n", i > 0 ? "\n" : "",
            word(r, i, "metric"), word(r, i, "arm"), word(r, i, "against"),
            segment[0] != '\0' ? " where " : "", segment);
        up_result path = {.rows = {.columns = shown, .n_columns = SHOWN}};
        t->failed |= collect(r, i, &path.rows) != UP_OK;
        upi_table_text(t, s, &path);
        upi_sheet_clear(&path.rows);
    }
    upi_text_add(t,
        "\nlow, high: this look; all_low, all_high: common to all looks so far. "
        "once_low,\n"
        "once_high hold for a single look at a fixed size, and so not here.\n");
}
