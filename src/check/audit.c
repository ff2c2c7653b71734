/* A first look: declared roles, one pass over the rows, proposals, traps. */
#include "check/audit.h"

#include "base/opts.h"
#include "expr/calendar.h"

#include <math.h>
#include <string.h>

static up_status
find_column(const up_audit *a, const char *role, const char *name, const up_source *s,
    int64_t *out, up_error *err)
{
    up_status status = UP_OK;
    *out = -1;
    if (name == NULL) {
        return UP_OK;
    }
    UP_TRY(upi_source_require(s, name, out, err));
    if (!a->columns[*out].usable) {
        status = upi_fail(err, UP_E_TYPE, name,
            "column '%s' is of type %s, which cannot have the role %s", name,
            a->columns[*out].info.type, role);
        (void)upi_fix(err, "name a column of numbers, labels or dates, or leave the "
                           "role out to have one proposed");
        *out = -1;
    }
out:
    return status;
}

static up_status
mark(up_audit *a, const char *role, const char *const *names, int64_t n,
    const up_source *s, bool metric, up_error *err)
{
    up_status status = UP_OK;
    if (n < 0 || (n > 0 && names == NULL)) {
        return upi_fail(
            err, UP_E_ARGUMENT, role, "the list is missing, or its length is negative");
    }
    for (int64_t i = 0; i < n; i++) {
        int64_t j = -1;
        UP_TRY(find_column(a, role, names[i], s, &j, err));
        a->columns[j].metric |= metric;
        a->columns[j].covariate |= !metric;
    }
out:
    return status;
}

static up_status
check_types(const up_audit *a, up_error *err)
{
    const upi_audit_roles *r = &a->declared;
    if (r->assigned_at >= 0 && !upi_audit_is_date(&a->columns[r->assigned_at])) {
        (void)upi_fail(err, UP_E_TYPE, a->names[r->assigned_at],
            "'%s' is %s, but the time of assignment is a date or a timestamp",
            a->names[r->assigned_at], a->columns[r->assigned_at].info.type);
        return upi_fix(err, "name a column of dates, or leave --assigned-at out");
    }
    if (r->propensity >= 0 && !isfinite(a->columns[r->propensity].info.mean)) {
        (void)upi_fail(err, UP_E_TYPE, a->names[r->propensity],
            "'%s' is %s, but a propensity is a number in (0, 1)",
            a->names[r->propensity], a->columns[r->propensity].info.type);
        return upi_fix(err, "name a column of numbers, or leave --propensity out");
    }
    return UP_OK;
}

static up_status
read_declared(up_audit *a, const up_audit_opts *o, const up_source *s, up_error *err)
{
    up_status status = UP_OK;
    upi_audit_roles *r = &a->declared;
    UP_TRY(find_column(a, "itt", o->intent_to_treat, s, &r->arm, err));
    UP_TRY(find_column(a, "treated", o->treated, s, &r->treated, err));
    UP_TRY(find_column(a, "propensity", o->propensity, s, &r->propensity, err));
    UP_TRY(find_column(a, "unit", o->unit, s, &r->unit, err));
    UP_TRY(find_column(a, "cluster", o->cluster, s, &r->cluster, err));
    UP_TRY(find_column(a, "time", o->time, s, &r->time, err));
    UP_TRY(find_column(a, "assigned-at", o->assigned_at, s, &r->assigned_at, err));
    UP_TRY(mark(a, "metric", o->metrics, o->n_metrics, s, true, err));
    UP_TRY(mark(a, "covariates", o->covariates, o->n_covariates, s, false, err));
    UP_TRY(check_types(a, err));
out:
    return status;
}

static up_status
read_as_of(const char *text, upi_audit_scan *scan, up_error *err)
{
    bool time = false;
    int64_t value = 0;
    if (text == NULL) {
        return UP_OK;
    }
    if (!upi_date_parse(text, (int64_t)strlen(text), &time, &value)) {
        (void)upi_fail(err, UP_E_ARGUMENT, "as_of", "'%s' is not a date", text);
        return upi_fix(err, "write it as 2026-01-31");
    }
    scan->has_as_of = true;
    scan->as_of = time ? upi_days_of_micros(value) : value;
    return UP_OK;
}

static up_status
read_columns(up_audit *a, const up_source *s, const up_description *d, up_error *err)
{
    up_status status = UP_OK;
    UP_TRY(UP_NEW(&a->columns, s->n_fields, err));
    UP_TRY(UP_NEW(&a->names, s->n_fields, err));
    a->n_columns = s->n_fields;
    a->n_rows = up_description_rows(d);
    for (int64_t j = 0; j < a->n_columns; j++) {
        upi_audit_column *c = &a->columns[j];
        c->info = up_description_column(d, j);
        if (strcmp(c->info.name, s->fields[j].name) != 0) {
            return upi_fail(err, UP_E_ARGUMENT, "description",
                "the description is of another source: its column %lld is '%s', not "
                "'%s'",
                (long long)j, c->info.name, s->fields[j].name);
        }
        UP_TRY(upi_strdup_to(&a->names[j], c->info.name, err));
        c->levels = upi_description_levels(d, j, &c->n_levels);
        c->type = s->fields[j].type;
        c->usable = !s->fields[j].refused;
        for (int k = 0; k < UPI_WORDS; k++) {
            c->fit[k] = upi_name_fit(a->names[j], (upi_word)k);
        }
    }
out:
    return status;
}

static void
forget_proposals(up_audit *a)
{
    for (int64_t i = 0; i < a->n; i++) {
        upi_free(a->items[i].reason);
    }
    a->n = 0;
}

static up_status
look(up_audit *a, up_source *source, const up_audit_opts *o, const up_run *run,
    up_error *err)
{
    up_status status = UP_OK;
    int *compared = NULL;
    upi_audit_scan scan = {0};
    UP_TRY(read_as_of(o->as_of, &scan, err));
    UP_TRY(UP_NEW(&compared, a->n_columns, err));
    UP_TRY(upi_audit_choose(a, &scan, compared, err));
    UP_TRY(upi_audit_scan_run(source, &scan, run, err));
    UP_TRY(upi_audit_propose(a, &scan, err));
    if (upi_audit_regroup(a, &scan)) {
        forget_proposals(a);
        UP_TRY(upi_audit_scan_run(source, &scan, run, err));
        UP_TRY(upi_audit_propose(a, &scan, err));
    }
    UP_TRY(upi_audit_traps(a, &scan, err));
out:
    upi_audit_scan_clear(&scan);
    upi_free(compared);
    return status;
}

up_status
up_source_audit(up_source *source, const up_description *description,
    const up_audit_opts *opts, const up_run *run, up_audit **out, up_error *err)
{
    UP_GUARD(err);
    up_status status = UP_OK;
    up_audit *a = NULL;
    up_audit_opts o = {0};
    if (source == NULL || description == NULL || out == NULL) {
        return upi_fail(err, UP_E_ARGUMENT,
            source == NULL        ? "source"
            : description == NULL ? "description"
                                  : "out",
            "an audit needs a source, its description and a place to put it");
    }
    if (up_description_columns(description) != source->n_fields) {
        return upi_fail(err, UP_E_ARGUMENT, "description",
            "the description is of another source: it has %lld columns, not %lld",
            (long long)up_description_columns(description),
            (long long)source->n_fields);
    }
    UP_TRY(upi_opts_copy(&o, sizeof o, opts, err));
    UP_TRY(UP_NEW(&a, 1, err));
    UP_TRY(read_columns(a, source, description, err));
    UP_TRY(read_declared(a, &o, source, err));
    UP_TRY(look(a, source, &o, run, err));
    upi_free(a->columns); /* they point into the description */
    a->columns = NULL;
    *out = a;
    a = NULL;
out:
    up_audit_free(a);
    return status;
}

int64_t
up_audit_count(const up_audit *a)
{
    return a->n;
}

up_proposal
up_audit_get(const up_audit *a, int64_t i)
{
    if (i < 0 || i >= a->n) {
        return (up_proposal){.role = "", .column = "", .reason = ""};
    }
    return a->items[i].value;
}

int64_t
up_audit_notes(const up_audit *a)
{
    return a->notes.n;
}

up_note
up_audit_note(const up_audit *a, int64_t i)
{
    if (i < 0 || i >= a->notes.n) {
        return (up_note){.number = (double)NAN, .threshold = (double)NAN};
    }
    return a->notes.items[i];
}

void
up_audit_free(up_audit *a)
{
    if (a == NULL) {
        return;
    }
    forget_proposals(a);
    for (int64_t j = 0; a->names != NULL && j < a->n_columns; j++) {
        upi_free(a->names[j]);
    }
    upi_free(a->names);
    upi_free(a->items);
    upi_free(a->columns);
    upi_notes_free(&a->notes);
    upi_free(a);
}
