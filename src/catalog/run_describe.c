/* Carries out `describe`: the columns, the roles that they may have, the traps that the rows hold. */
#include "base/json.h"
#include "catalog/paragraph.h"
#include "catalog/pipeline.h"
#include "catalog/verbs.h"
#include "expr/expr.h"

#include <upshot/audit.h>

#include <string.h>

static const upi_sheet_column columns[] = {{"column", UPI_CELL_TEXT, false},
    {"type", UPI_CELL_TEXT, false}, {"missing", UPI_CELL_INTEGER, false},
    {"infinite", UPI_CELL_INTEGER, true}, {"distinct", UPI_CELL_INTEGER, false},
    {"min", UPI_CELL_NUMBER, false}, {"max", UPI_CELL_NUMBER, false},
    {"mean", UPI_CELL_NUMBER, false}, {"sd", UPI_CELL_NUMBER, false},
    {"example", UPI_CELL_TEXT, false}};

static up_status
fill_columns(const up_description *d, up_result *r, up_error *err)
{
    up_status status = UP_OK;
    r->rows.columns = columns;
    r->rows.n_columns = sizeof columns / sizeof columns[0];
    for (int64_t i = 0; i < up_description_columns(d); i++) {
        up_column_info c = up_description_column(d, i);
        upi_cell *row = NULL;
        UP_TRY(upi_sheet_add(&r->rows, &row, err));
        UP_TRY(upi_cell_set(&row[0], c.name, err));
        UP_TRY(upi_cell_set(&row[1], c.type, err));
        row[2].integer = c.missing;
        row[3].integer = c.infinite;
        row[4].integer = c.distinct;
        row[5].number = c.min;
        row[6].number = c.max;
        row[7].number = c.mean;
        row[8].number = c.sd;
        UP_TRY(upi_cell_set(&row[9], c.example, err));
    }
out:
    return status;
}

/* ---- roles ---- */

static up_status
set_roles(const up_audit *a, up_result *r, up_error *err)
{
    upi_text t = {0};
    upi_json j;
    upi_json_start(&j, &t, 0, 3);
    upi_json_array(&j);
    for (int64_t i = 0; i < up_audit_count(a); i++) {
        up_proposal p = up_audit_get(a, i);
        upi_json_object(&j);
        upi_json_put_string(&j, "role", p.role);
        upi_json_put_string(&j, "column", p.column);
        upi_json_put_double(&j, "score", p.score);
        upi_json_put_bool(&j, "chosen", p.chosen != 0);
        upi_json_put_string(&j, "reason", p.reason);
        upi_json_object_end(&j);
    }
    upi_json_array_end(&j);
    return upi_text_take(&t, &r->roles, err);
}

/* The same for a terminal, by role; what is not part of the proposal stands in brackets. */
static up_status
write_roles(const up_audit *a, up_result *r, up_error *err)
{
    enum { INDENT = 4, WIDTH = 80 };
    upi_text t = {0};
    const char *role = "";
    for (int64_t i = 0; i < up_audit_count(a); i++) {
        up_proposal p = up_audit_get(a, i);
        if (i == 0) {
            upi_text_add(&t,
                "Roles that names and values suggest; in brackets what was "
                "not chosen:\n");
        }
        if (strcmp(p.role, role) != 0) {
            upi_text_addf(&t, "  --%s\n", p.role);
            role = p.role;
        }
        upi_text line = {0};
        upi_text_addf(&line, p.chosen != 0 ? "%s: %s" : "(%s: %s)", p.column, p.reason);
        upi_spaces(&t, INDENT);
        upi_paragraph(&t, line.failed ? "" : line.s, INDENT + 2, INDENT, WIDTH);
        t.failed |= line.failed;
        upi_text_free(&line);
    }
    return t.length > 0 || t.failed ? upi_text_take(&t, &r->aside, err) : UP_OK;
}

static up_status
audit(const upi_request *q, up_source *source, const up_description *d,
    const up_run *run, up_audit **out, up_error *err)
{
    const upi_value *metric = upi_request_value(q, "metric");
    const upi_value *covariates = upi_request_value(q, "covariates");
    return up_source_audit(source, d,
        UP_AUDIT_OPTS(.intent_to_treat = upi_request_text(q, "itt"),
            .treated = upi_request_text(q, "treated"),
            .propensity = upi_request_text(q, "propensity"),
            .unit = upi_request_text(q, "unit"),
            .cluster = upi_request_text(q, "cluster"),
            .time = upi_request_text(q, "time"),
            .assigned_at = upi_request_text(q, "assigned-at"),
            .metrics = (const char *const *)metric->text, .n_metrics = metric->n,
            .covariates = (const char *const *)covariates->text,
            .n_covariates = covariates->n, .as_of = upi_request_text(q, "as-of")),
        run, out, err);
}

/* ---- what to run next ---- */

/* Adds the chosen columns of a role as options: names are quoted as expressions where they have to be. */
static bool
add_chosen(upi_text *t, const up_audit *a, const char *role, bool list)
{
    upi_text names = {0};
    bool found = false;
    for (int64_t i = 0; i < up_audit_count(a); i++) {
        up_proposal p = up_audit_get(a, i);
        upi_expr *e = NULL;
        char *name = NULL;
        if (p.chosen == 0 || strcmp(p.role, role) != 0) {
            continue;
        }
        if (upi_expr_column(p.column, &e, NULL) == UP_OK &&
            upi_expr_text(e, &name, NULL) == UP_OK) {
            upi_text_addf(&names, "%s%s", found && list ? "," : "", name);
        } else {
            names.failed = true;
        }
        upi_expr_free(e);
        upi_free(name);
        found = true;
        if (!list) {
            upi_text_addf(t, " --%s ", role);
            upi_shell_word(t, names.failed ? "" : names.s);
            upi_text_clear(&names);
        }
    }
    if (list && found) {
        upi_text_addf(t, " --%s ", role);
        upi_shell_word(t, names.failed ? "" : names.s);
    }
    t->failed |= names.failed;
    upi_text_free(&names);
    return found;
}

static up_status
suggest_verb(const upi_request *q, const up_audit *a, const char *verb, up_result *r,
    up_error *err)
{
    static const char *const roles[] = {"itt", "treated", "propensity", "cluster"};
    up_status status = UP_OK;
    char *next = NULL;
    upi_text t = {0};
    UP_TRY(upi_next_command(q, verb, upi_request_text(q, "source"), false, &next, err));
    upi_text_add(&t, next);
    upi_free(next);
    next = NULL;
    bool arm = false;
    bool clustered = false;
    for (size_t k = 0; k < sizeof roles / sizeof roles[0]; k++) {
        clustered = add_chosen(&t, a, roles[k], false);
        arm = arm || (k == 0 && clustered);
    }
    if (!clustered) {
        (void)add_chosen(&t, a, "unit", false);
    }
    bool metric = add_chosen(&t, a, "metric", false);
    (void)add_chosen(&t, a, "covariates", true);
    UP_TRY(upi_text_take(&t, &next, err));
    if (arm && metric) {
        UP_TRY(upi_strings_add(&r->next, err, "%s", next));
    }
out:
    upi_text_free(&t);
    upi_free(next);
    return status;
}

static up_status
suggest(const upi_request *q, const up_audit *a, up_result *r, up_error *err)
{
    up_status status = UP_OK;
    if (a != NULL && strcmp(upi_request_text(q, "source"), "-") != 0) {
        UP_TRY(suggest_verb(q, a, "check", r, err));
        UP_TRY(suggest_verb(q, a, "effect", r, err));
    }
    if (r->next.n == 0) {
        UP_TRY(upi_strings_add(&r->next, err, "upshot guide designs"));
    }
out:
    return status;
}

static up_status
add_audit(const upi_request *q, up_source *source, const up_description *d,
    const up_run *run, up_result *r, up_error *err)
{
    up_status status = UP_OK;
    up_audit *a = NULL;
    bool wanted = !upi_request_flag(q, "no-audit");
    UP_TRY(wanted ? audit(q, source, d, run, &a, err) : UP_OK);
    UP_TRY(wanted ? set_roles(a, r, err) : UP_OK);
    UP_TRY(wanted ? write_roles(a, r, err) : UP_OK);
    for (int64_t i = 0; wanted && i < up_audit_notes(a); i++) {
        UP_TRY(upi_pipeline_note(&r->notes, up_audit_note(a, i), err));
    }
    UP_TRY(suggest(q, a, r, err));
out:
    up_audit_free(a);
    return status;
}

up_status
upi_handle_describe(
    const upi_request *q, const up_run *run, up_result *out, up_error *err)
{
    up_status status = UP_OK;
    up_source *source = NULL;
    up_description *d = NULL;
    const char *name = upi_request_text(q, "source");
    UP_TRY(up_source_open(name, run, &source, err));
    UP_TRY(up_source_describe(source, run, &d, err));
    out->view = UPI_VIEW_TABLE;
    out->has_rows = true;
    out->limit = upi_request_integer(q, "limit");
    UP_TRY(upi_strdup_to(&out->input.source, name, err));
    out->input.rows = up_description_rows(d);
    UP_TRY(fill_columns(d, out, err));
    UP_TRY(add_audit(q, source, d, run, out, err));
    UP_TRY(upi_result_say(&out->headline, err,
        out->notes.n > 0 ? "%lld rows, %lld columns; %lld trap%s found"
                         : "%lld rows, %lld columns",
        (long long)up_description_rows(d), (long long)up_description_columns(d),
        (long long)out->notes.n, out->notes.n == 1 ? "" : "s"));
out:
    up_description_free(d);
    up_source_free(source);
    return status;
}
