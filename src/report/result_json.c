/* A result, or a failure, as one JSON object on one line. Compact: 5 significant digits and
 * a bounded number of rows, for readers that pay by the word. Full: every row, and doubles
 * that read back to the same bits. Keys have a fixed order. */
#include "base/json.h"
#include "report/result.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum { COMPACT_DIGITS = 5, COMPACT_ROWS = 20 };

/* A key with a value that is JSON already. */
static void
put_raw(upi_json *j, const char *key, const char *json)
{
    upi_json_key(j, key);
    upi_json_raw(j, json);
}

static void
put_cell(upi_json *j, const upi_sheet_column *column, const upi_cell *c)
{
    upi_json_key(j, column->name);
    switch (column->kind) {
    case UPI_CELL_TEXT:
        upi_json_string(j, c->text != NULL ? c->text : "");
        break;
    case UPI_CELL_NUMBER:
        upi_json_double(j, c->number);
        break;
    case UPI_CELL_INTEGER:
        upi_json_int(j, c->integer);
        break;
    }
}

static void
put_rows(upi_json *j, const up_result *r, bool full)
{
    int64_t limit = r->limit > 0 ? r->limit : COMPACT_ROWS;
    int64_t n = full || r->rows.n_rows < limit ? r->rows.n_rows : limit;
    upi_json_key(j, "rows");
    upi_json_array(j);
    for (int64_t i = 0; i < n; i++) {
        upi_json_object(j);
        for (int64_t k = 0; k < r->rows.n_columns; k++) {
            put_cell(j, &r->rows.columns[k], &r->rows.cells[i * r->rows.n_columns + k]);
        }
        upi_json_object_end(j);
    }
    upi_json_array_end(j);
    upi_json_put_int(j, "rows_total", r->rows.n_rows);
}

static void
put_strings(upi_json *j, const char *key, const upi_strings *s)
{
    upi_json_key(j, key);
    upi_json_array(j);
    for (int64_t i = 0; i < s->n; i++) {
        upi_json_string(j, s->items[i]);
    }
    upi_json_array_end(j);
}

static void
put_notes(upi_json *j, const upi_notes *notes)
{
    static const char *const severities[] = {"note", "warning", "refusal"};
    upi_json_key(j, "warnings");
    upi_json_array(j);
    for (int64_t i = 0; i < notes->n; i++) {
        const up_note *n = &notes->items[i];
        upi_json_object(j);
        upi_json_put_string(j, "code", up_note_name(n->code));
        upi_json_put_string(j, "severity", severities[n->severity]);
        upi_json_put_string(j, "field", n->field);
        upi_json_put_double(j, "number", n->number);
        upi_json_put_double(j, "threshold", n->threshold);
        upi_json_put_string(j, "text", n->text);
        upi_json_object_end(j);
    }
    upi_json_array_end(j);
}

static void
put_input(upi_json *j, const upi_input *in)
{
    char hash[24];
    upi_json_key(j, "input");
    upi_json_object(j);
    upi_json_put_string(j, "source", in->source);
    upi_json_put_string(j, "kind", in->capsule ? "capsule" : "rows");
    if (in->rows >= 0) {
        upi_json_put_int(j, "rows", in->rows);
    }
    if (in->groups >= 0) {
        upi_json_put_int(j, "groups", in->groups);
    }
    if (in->layout != NULL) {
        upi_json_put_string(j, "layout", in->layout);
    }
    if (in->fingerprint != 0) {
        (void)snprintf(hash, sizeof hash, "%016" PRIx64, in->fingerprint);
        upi_json_put_string(j, "fingerprint", hash);
    }
    upi_json_object_end(j);
}

static void
put_result(upi_json *j, const up_result *r, bool full)
{
    upi_json_object(j);
    upi_json_put_bool(j, "ok", true);
    upi_json_put_string(j, "op", r->op);
    upi_json_put_string(j, "headline", r->headline != NULL ? r->headline : "");
    if (r->has_rows) {
        put_rows(j, r, full);
    }
    if (r->files.n > 0) {
        put_strings(j, "files", &r->files);
    }
    if (r->schema != NULL) {
        put_raw(j, "schema", r->schema);
    } else if (r->text != NULL) {
        upi_json_put_string(j, "text", r->text);
    }
    if (r->roles != NULL) {
        put_raw(j, "roles", r->roles);
    }
    if (r->target != NULL) {
        put_raw(j, "target", r->target);
    }
    if (r->forward != NULL) {
        put_raw(j, "forward", r->forward);
    }
    if (r->estimand != NULL) {
        upi_json_put_string(j, "estimand", r->estimand);
        put_strings(j, "assumptions", &r->assumptions);
    }
    if (r->has_rows) {
        put_notes(j, &r->notes);
    }
    if (r->next.n > 0) {
        put_strings(j, "next", &r->next);
    }
    if (r->design != NULL) {
        put_raw(j, "design", r->design);
    }
    if (r->options != NULL) {
        put_raw(j, "options", r->options);
    }
    if (r->input.source != NULL) {
        put_input(j, &r->input);
    }
    upi_json_put_string(j, "version", up_version());
    upi_json_object_end(j);
}

const char *
up_result_json(up_result *r, int full)
{
    int which = full != 0 ? 1 : 0;
    if (r->made_json[which] == NULL) {
        upi_text t = {0};
        upi_json j;
        upi_json_start(&j, &t, 0, which != 0 ? 0 : COMPACT_DIGITS);
        put_result(&j, r, which != 0);
        upi_text_add_char(&t, '\n');
        if (upi_text_take(&t, &r->made_json[which], NULL) != UP_OK) {
            return NULL;
        }
    }
    return r->made_json[which];
}

up_status
up_error_json(const char *verb, const up_error *failure, char **out, up_error *err)
{
    UP_GUARD(err);
    upi_text t = {0};
    upi_json j;
    upi_json_start(&j, &t, 0, 0);
    upi_json_object(&j);
    upi_json_put_bool(&j, "ok", false);
    upi_json_put_string(&j, "op", verb != NULL ? verb : "");
    upi_json_put_string(&j, "code", up_status_name(failure->status));
    upi_json_put_string(&j, "field", failure->field);
    upi_json_put_string(&j, "message", failure->message);
    upi_json_put_string(&j, "fix", failure->fix);
    upi_json_object_end(&j);
    upi_text_add_char(&t, '\n');
    return upi_text_take(&t, out, err);
}
