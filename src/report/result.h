/* What a verb answers: one plain struct, from which JSON, CSV and terminal text are made. */
#ifndef UPI_RESULT_H
#define UPI_RESULT_H

#include "base/base.h"

#include <upshot/catalog.h>
#include <upshot/note.h>
#include <upshot/version.h>

typedef enum upi_cell_kind {
    UPI_CELL_TEXT,
    UPI_CELL_NUMBER,
    UPI_CELL_INTEGER
} upi_cell_kind;

/* On a terminal; JSON and CSV have every column. */
typedef enum upi_hide {
    UPI_HIDE_NEVER,
    UPI_HIDE_ZEROS, /* when every cell is 0 or empty; counts and texts */
    UPI_HIDE_ALWAYS
} upi_hide;

typedef struct upi_sheet_column {
    const char *name; /* in JSON and CSV; a literal */
    upi_cell_kind kind;
    int hide; /* upi_hide; false and true are the first two */
} upi_sheet_column;

/* Only the member of the column's kind has a meaning. */
typedef struct upi_cell {
    char *text; /* owned; NULL = "" */
    double number;
    int64_t integer;
} upi_cell;

typedef struct upi_sheet {
    const upi_sheet_column *columns; /* borrowed: a static table; or own_columns */
    upi_sheet_column *own_columns;   /* owned, NULL = none */
    int64_t n_columns;
    upi_cell *cells; /* row-major */
    int64_t n_rows, capacity;
} upi_sheet;

/* Appends a row of empty texts, NaN and 0; *row is valid until the next row is added. */
up_status upi_sheet_add(upi_sheet *t, upi_cell **row, up_error *err);
up_status upi_cell_set(upi_cell *c, const char *text, up_error *err);
/* The column with this name, or -1. */
int64_t upi_sheet_find(const upi_sheet *t, const char *name);
/* A cell by the name of its column; NaN, "" and 0 where there is no such column. */
double upi_sheet_number(const upi_sheet *t, int64_t row, const char *name);
const char *upi_sheet_text(const upi_sheet *t, int64_t row, const char *name);
int64_t upi_sheet_integer(const upi_sheet *t, int64_t row, const char *name);
void upi_sheet_clear(upi_sheet *t);

typedef struct upi_strings {
    char **items;
    int64_t n, capacity;
} upi_strings;
up_status upi_strings_add(upi_strings *s, up_error *err, const char *fmt, ...)
    UP_PRINTF(3, 4);
void upi_strings_clear(upi_strings *s);

typedef enum upi_view {
    UPI_VIEW_TEXT,     /* `text` as it is */
    UPI_VIEW_TABLE,    /* rows as an aligned table */
    UPI_VIEW_EFFECTS,  /* rows with a forest plot */
    UPI_VIEW_CHECKS,   /* rows as verdicts */
    UPI_VIEW_FINDINGS, /* rows as sentences */
    UPI_VIEW_LOOKS     /* rows as the path of each effect */
} upi_view;

typedef struct upi_input {
    char *source; /* as the user named it; NULL = there is none */
    bool capsule;
    int64_t rows, groups; /* -1 = not known */
    char *layout;
    uint64_t fingerprint; /* 0 = none */
} upi_input;

struct up_result {
    const char *op; /* a literal: the verb */
    upi_view view;
    char *headline; /* one sentence */
    char *context;  /* one line of words: design, n, arms; may be NULL */
    bool has_rows;
    upi_sheet rows;
    upi_sheet drawn; /* rows that only a chart shows */
    int64_t limit;   /* rows of compact JSON; 0 = 20 */
    char *estimand;
    upi_strings assumptions, next, files;
    upi_notes notes;
    char *roles;   /* roles that are proposed: one JSON array, or NULL */
    char *design;  /* one JSON object, or NULL */
    char *target;  /* of a projection: one JSON object, or NULL */
    char *forward; /* the rule it was carried forward by: one JSON object, or NULL */
    char *aside;   /* lines below the rows on a terminal, or NULL */
    char *options; /* one JSON object, or NULL */
    char *schema;  /* one JSON value, or NULL */
    char *text;    /* a page, or NULL */
    double level;  /* of the intervals */
    upi_input input;
    bool check_failed, strict;
    char *made_json[2], *made_csv, *made_text;
};

up_status upi_result_make(const char *op, up_result **out, up_error *err);
/* Replaces *to by the formatted line. */
up_status upi_result_say(char **to, up_error *err, const char *fmt, ...)
    UP_PRINTF(3, 4);

#endif
