/* The plain struct behind every answer: making, filling and freeing it. */
#include "report/result.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

up_status
upi_sheet_add(upi_sheet *t, upi_cell **row, up_error *err)
{
    up_status status = UP_OK;
    int64_t need = (t->n_rows + 1) * t->n_columns;
    UP_TRY(UP_RESERVE(&t->cells, &t->capacity, need, err));
    *row = &t->cells[t->n_rows * t->n_columns];
    for (int64_t j = 0; j < t->n_columns; j++) {
        (*row)[j] = (upi_cell){.number = NAN};
    }
    t->n_rows++;
out:
    return status;
}

up_status
upi_cell_set(upi_cell *c, const char *text, up_error *err)
{
    up_status status = UP_OK;
    char *copy = NULL;
    UP_TRY(upi_strdup_to(&copy, text != NULL ? text : "", err));
    upi_free(c->text);
    c->text = copy;
out:
    return status;
}

int64_t
upi_sheet_find(const upi_sheet *t, const char *name)
{
    for (int64_t j = 0; j < t->n_columns; j++) {
        if (strcmp(t->columns[j].name, name) == 0) {
            return j;
        }
    }
    return -1;
}

static const upi_cell *
cell_of(const upi_sheet *t, int64_t row, const char *name)
{
    int64_t j = upi_sheet_find(t, name);
    return j >= 0 ? &t->cells[row * t->n_columns + j] : NULL;
}

double
upi_sheet_number(const upi_sheet *t, int64_t row, const char *name)
{
    const upi_cell *c = cell_of(t, row, name);
    return c != NULL ? c->number : (double)NAN;
}

const char *
upi_sheet_text(const upi_sheet *t, int64_t row, const char *name)
{
    const upi_cell *c = cell_of(t, row, name);
    return c != NULL && c->text != NULL ? c->text : "";
}

int64_t
upi_sheet_integer(const upi_sheet *t, int64_t row, const char *name)
{
    const upi_cell *c = cell_of(t, row, name);
    return c != NULL ? c->integer : 0;
}

void
upi_sheet_clear(upi_sheet *t)
{
    for (int64_t i = 0; t->cells != NULL && i < t->n_rows * t->n_columns; i++) {
        upi_free(t->cells[i].text);
    }
    upi_free(t->cells);
    upi_free(t->own_columns);
    *t = (upi_sheet){0};
}

static up_status
format_line(char **out, up_error *err, const char *fmt, va_list args)
{
    char line[4096];
    upi_line_format(line, sizeof line, fmt, args);
    return upi_strdup_to(out, line, err);
}

up_status
upi_strings_add(upi_strings *s, up_error *err, const char *fmt, ...)
{
    up_status status = UP_OK;
    char *copy = NULL;
    va_list args;
    va_start(args, fmt);
    status = format_line(&copy, err, fmt, args);
    va_end(args);
    if (status == UP_OK) {
        status = UP_RESERVE(&s->items, &s->capacity, s->n + 1, err);
    }
    if (status == UP_OK) {
        s->items[s->n++] = copy;
        copy = NULL;
    }
    upi_free(copy);
    return status;
}

void
upi_strings_clear(upi_strings *s)
{
    for (int64_t i = 0; i < s->n; i++) {
        upi_free(s->items[i]);
    }
    upi_free(s->items);
    *s = (upi_strings){0};
}

up_status
upi_result_say(char **to, up_error *err, const char *fmt, ...)
{
    char *copy = NULL;
    va_list args;
    va_start(args, fmt);
    up_status status = format_line(&copy, err, fmt, args);
    va_end(args);
    if (status == UP_OK) {
        upi_free(*to);
        *to = copy;
    }
    return status;
}

up_status
upi_result_make(const char *op, up_result **out, up_error *err)
{
    up_status status = UP_OK;
    up_result *r = NULL;
    UP_TRY(UP_NEW(&r, 1, err));
    r->op = op;
    r->level = NAN;
    r->input.rows = -1;
    r->input.groups = -1;
    *out = r;
out:
    return status;
}

int
up_result_exit_code(const up_result *r)
{
    return r->strict && r->check_failed ? up_status_exit_code(UP_E_STRICT) : 0;
}

void
up_result_free(up_result *r)
{
    if (r == NULL) {
        return;
    }
    char *texts[] = {r->headline, r->context, r->estimand, r->design, r->options,
        r->target, r->forward, r->roles, r->aside, r->schema, r->text, r->input.source,
        r->input.layout, r->made_json[0], r->made_json[1], r->made_csv, r->made_text};
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        upi_free(texts[i]);
    }
    upi_sheet_clear(&r->rows);
    upi_sheet_clear(&r->drawn);
    upi_strings_clear(&r->assumptions);
    upi_strings_clear(&r->next);
    upi_strings_clear(&r->files);
    upi_notes_free(&r->notes);
    upi_free(r);
}
