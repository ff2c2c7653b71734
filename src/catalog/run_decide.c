/* Carries out `decide` for contexts given as arguments; lines are answered in stream.c. */
#include "catalog/context_json.h"
#include "catalog/request.h"
#include "catalog/verbs.h"

#include <string.h>

static const upi_sheet_column columns[] = {{"unit", UPI_CELL_TEXT, false},
    {"arm", UPI_CELL_TEXT, false}, {"propensity", UPI_CELL_NUMBER, false},
    {"base", UPI_CELL_INTEGER, true}};

static up_status
add_decision(const up_policy *p, const upi_served *s, up_result *r, up_error *err)
{
    up_status status = UP_OK;
    upi_cell *row = NULL;
    UP_TRY(upi_sheet_add(&r->rows, &row, err));
    UP_TRY(upi_cell_set(&row[0], s->unit, err));
    UP_TRY(upi_cell_set(&row[1], up_policy_arm(p, s->decision.arm), err));
    row[2].number = s->decision.propensity;
    row[3].integer = s->decision.base;
out:
    return status;
}

up_status
upi_handle_decide(
    const upi_request *q, const up_run *run, up_result *out, up_error *err)
{
    up_status status = UP_OK;
    up_policy *p = NULL;
    upi_served s = {0};
    const upi_value *context = upi_request_value(q, "context");
    (void)run;
    if (context->n == 0) {
        (void)upi_fail(err, UP_E_USAGE, "context", "there is no context to decide for");
        status = upi_fix(err, "give --context, or lines to up_call_stream()");
        goto out;
    }
    UP_TRY(up_policy_load(upi_request_text(q, "policy"), &p, err));
    UP_TRY(upi_served_make(p, &s, err));
    out->view = UPI_VIEW_TABLE;
    out->has_rows = true;
    out->limit = upi_request_integer(q, "limit");
    out->rows.columns = columns;
    out->rows.n_columns = sizeof columns / sizeof columns[0];
    for (int64_t i = 0; i < context->n; i++) {
        const char *text = context->text[i];
        UP_TRY(upi_serve_json(p, text, (int64_t)strlen(text), &s, err));
        UP_TRY(add_decision(p, &s, out, err));
    }
    UP_TRY(upi_result_say(&out->headline, err, "%s: play %s with propensity %.6g%s",
        s.unit, up_policy_arm(p, s.decision.arm), s.decision.propensity,
        context->n > 1 ? " (the last of several)" : ""));
out:
    upi_served_clear(&s);
    up_policy_free(p);
    return status;
}
