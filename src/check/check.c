/* The list of checks, and the order in which they are made. */
#include "check/check.h"

#include <math.h>
#include <string.h>

typedef struct entry {
    up_check_result result;
    char *text;
} entry;

struct up_checks {
    entry *items;
    int64_t n, capacity;
};

up_status
upi_checks_put(up_checks *c, const upi_finding *f, up_error *err, const char *fmt, ...)
{
    up_status status = UP_OK;
    char line[512];
    char *text = NULL;
    va_list args;
    va_start(args, fmt);
    upi_line_format(line, sizeof line, fmt, args);
    va_end(args);
    UP_TRY(upi_strdup_to(&text, line, err));
    UP_TRY(UP_RESERVE(&c->items, &c->capacity, c->n + 1, err));
    c->items[c->n].text = text;
    c->items[c->n].result = (up_check_result){.name = f->name,
        .verdict = f->verdict,
        .number = f->number,
        .threshold = f->threshold,
        .text = text,
        .code = f->code};
    c->n++;
    text = NULL;
out:
    upi_free(text);
    return status;
}

up_status
upi_checks_skip(up_checks *c, const char *name, up_error *err, const char *why)
{
    upi_finding f = {name, UPI_NOT_APPLICABLE, NAN, NAN, ""};
    return upi_checks_put(c, &f, err, "%s", why);
}

static up_status
check_units(const up_model *m, up_checks *c, up_error *err)
{
    upi_finding f = {"repeated units", UPI_PASSED, NAN, NAN, ""};
    const up_experiment *e = m->moments->experiment;
    if (e->roles[UPI_ROLE_UNIT].expr == NULL) {
        return upi_checks_skip(c, f.name, err,
            "not checked: no unit role, so repeated rows of a unit would be taken as "
            "independent");
    }
    if (m->moments->ways > 0) {
        return upi_checks_put(c, &f, err,
            "rows of one '%s' may repeat: clusters by '%s' are declared",
            e->roles[UPI_ROLE_UNIT].name, e->roles[UPI_ROLE_CLUSTER].name);
    }
    return upi_checks_put(
        c, &f, err, "every '%s' has one row", e->roles[UPI_ROLE_UNIT].name);
}

static up_status
run_all(const up_model *m, const upi_arm_counts *a, up_checks *c, up_error *err)
{
    up_status status = UP_OK;
    UP_TRY(upi_check_sample_ratio(m, a, c, err));
    UP_TRY(upi_check_missing(m, a, c, err));
    UP_TRY(upi_check_rows(m, a, c, err));
    UP_TRY(upi_check_clusters(m, a, c, err));
    UP_TRY(check_units(m, c, err));
    UP_TRY(upi_check_compliance(m, c, err));
    UP_TRY(upi_check_first_stage(m, c, err));
    UP_TRY(upi_check_overlap(m, a, c, err));
    UP_TRY(upi_check_propensity(m, a, c, err));
    UP_TRY(upi_check_balance(m, a, c, err));
out:
    return status;
}

up_status
up_check(const up_model *m, up_checks **out, up_error *err)
{
    UP_GUARD(err);
    up_status status = UP_OK;
    up_checks *c = NULL;
    upi_arm_counts a = {0};
    up_error own =
        UP_ERROR_INIT; /* a fix can only be added to an error that is there */
    err = err == NULL ? &own : err;
    if (m == NULL || out == NULL) {
        return upi_fail(err, UP_E_ARGUMENT, "model",
            "the model or the place for the result is NULL");
    }
    UP_TRY(UP_NEW(&c, 1, err));
    UP_TRY(upi_arm_counts_make(m->moments, &a, err));
    UP_TRY(run_all(m, &a, c, err));
    *out = c;
    c = NULL;
out:
    upi_arm_counts_free(&a);
    up_checks_free(c);
    return status;
}

int64_t
up_checks_count(const up_checks *c)
{
    return c->n;
}

up_check_result
up_checks_get(const up_checks *c, int64_t i)
{
    if (i < 0 || i >= c->n) {
        return (up_check_result){.name = "",
            .verdict = UPI_NOT_APPLICABLE,
            .number = NAN,
            .threshold = NAN,
            .text = "",
            .code = ""};
    }
    return c->items[i].result;
}

int64_t
up_checks_worst(const up_checks *c)
{
    int64_t worst = UPI_PASSED;
    for (int64_t i = 0; i < c->n; i++) {
        int64_t v = c->items[i].result.verdict;
        worst = v != UPI_NOT_APPLICABLE && v > worst ? v : worst;
    }
    return worst;
}

void
up_checks_free(up_checks *c)
{
    if (c == NULL) {
        return;
    }
    for (int64_t i = 0; i < c->n; i++) {
        upi_free(c->items[i].text);
    }
    upi_free(c->items);
    upi_free(c);
}
