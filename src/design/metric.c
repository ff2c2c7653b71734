/* Metric texts: `sales`, `big = sales > 100`, `ctr = ratio(clicks, views)`.
 *
 * A metric is a component or a component over another; a component is an expression with one
 * number per row, and metrics share components with equal text, so that each is summed once.
 * `a = 1` could mean a comparison: it is a definition when no column is called a, and refused
 * as ambiguous when one is. */
#include "design/build.h"
#include "design/syntax.h"

#include <string.h>

/* A metric while it is read: one or two components. */
typedef struct draft {
    char *name;
    upi_metric_kind kind;
    upi_variable part[2];
    int64_t n_parts;
} draft;

static void
draft_free(draft *d)
{
    upi_free(d->name);
    for (int64_t i = 0; i < 2; i++) {
        upi_variable_free(&d->part[i]);
    }
}

const char *
upi_metric_kind_name(upi_metric_kind kind)
{
    static const char *const names[] = {"mean", "proportion", "ratio"};
    return (int)kind >= 0 && kind <= UPI_METRIC_RATIO ? names[kind] : "";
}

static up_status
check_component(const up_experiment *e, const upi_variable *v, up_error *err)
{
    up_status status = UP_OK;
    upi_names mine = {0};
    upi_names arm = {0};
    if (v->type != UPI_F64 && v->type != UPI_I64 && v->type != UPI_BOOL) {
        status = upi_fail(err, UP_E_TYPE, "metric",
            "'%s' is of type %s; a metric must be a number or a condition", v->name,
            upi_type_name(v->type));
        (void)upi_fix(
            err, "make a number or a condition of it, e.g. %s == '...'", v->name);
        upi_explain_text(e, v, err);
        goto out;
    }
    UP_TRY(upi_names_collect(&mine, v->expr, err));
    if (mine.n == 0) {
        status = upi_fail(
            err, UP_E_ARGUMENT, "metric", "'%s' does not use any column", v->name);
        goto out;
    }
    UP_TRY(upi_names_collect(&arm, e->roles[UPI_ROLE_ARM].expr, err));
    if (e->roles[UPI_ROLE_INSTRUMENT].expr != NULL) {
        UP_TRY(upi_names_collect(&arm, e->roles[UPI_ROLE_INSTRUMENT].expr, err));
    }
    for (int64_t i = 0; i < mine.n; i++) {
        if (upi_names_has(&arm, mine.items[i].s)) {
            status = upi_fail(err, UP_E_ARGUMENT, "metric",
                "'%s' says what was assigned; a metric made of it differs by arm by "
                "construction",
                mine.items[i].s);
            goto out;
        }
    }
    UP_TRY(upi_check_metric_columns(e, v, NULL, "metric", err));
out:
    upi_names_free(&mine);
    upi_names_free(&arm);
    return status;
}

static up_status
add_part(const up_experiment *e, upi_span text, draft *d, up_error *err)
{
    up_status status = UP_OK;
    char *copy = NULL;
    UP_TRY(upi_span_copy(text, &copy, err));
    UP_TRY(upi_variable_make(e, "metric", copy, &d->part[d->n_parts], err));
    d->n_parts++;
    UP_TRY(check_component(e, &d->part[d->n_parts - 1], err));
out:
    upi_free(copy);
    return status;
}

static up_status
read_body(const up_experiment *e, upi_span body, draft *d, up_error *err)
{
    up_status status = UP_OK;
    upi_span inside;
    if (!upi_span_call(body, "ratio", &inside)) {
        UP_TRY(add_part(e, body, d, err));
        d->kind = d->part[0].type == UPI_BOOL ? UPI_METRIC_PROPORTION : UPI_METRIC_MEAN;
        goto out;
    }
    d->kind = UPI_METRIC_RATIO;
    int64_t comma = upi_span_comma(inside);
    upi_span rest = {inside.s + comma + 1, inside.n - comma - 1};
    if (comma < 0 || upi_span_comma(rest) >= 0) {
        status = upi_fail(err, UP_E_EXPRESSION, "metric",
            "ratio takes two expressions, a numerator and a denominator");
        (void)upi_fix(err, "write ratio(clicks, views)");
        goto out;
    }
    UP_TRY(add_part(e, (upi_span){inside.s, comma}, d, err));
    UP_TRY(add_part(e, rest, d, err));
out:
    return status;
}

/* The rest of `column = rest` reads as an expression: both meanings are possible. */
static up_status
check_ambiguous(const up_experiment *e, upi_span name, upi_span rest, up_error *err)
{
    up_status status = UP_OK;
    char *column = NULL;
    char *text = NULL;
    upi_expr *parsed = NULL;
    upi_span inside;
    UP_TRY(upi_span_name(name, &column, err));
    if (upi_source_find(e->source, column) < 0) {
        goto out;
    }
    bool reads = upi_span_call(rest, "ratio", &inside);
    if (!reads) {
        UP_TRY(upi_span_copy(rest, &text, err));
        status = upi_expr_parse(text, &parsed, NULL);
        if (status == UP_E_NO_MEMORY) {
            (void)upi_fail_memory(err, (size_t)rest.n);
            goto out;
        }
        reads = status == UP_OK;
        status = UP_OK;
    }
    if (reads) {
        status = upi_fail(err, UP_E_ARGUMENT, "metric",
            "'%s' is a column, so '%s = ...' could compare it or define a metric",
            column, column);
        (void)upi_fix(err, "write == for a comparison, or choose another name");
    }
out:
    upi_expr_free(parsed);
    upi_free(column);
    upi_free(text);
    return status;
}

/* The name that a metric without one gets: its text. */
static up_status
default_name(draft *d, up_error *err)
{
    up_status status = UP_OK;
    upi_text t = {0};
    char *a = NULL;
    char *b = NULL;
    if (d->kind != UPI_METRIC_RATIO) {
        return upi_strdup_to(&d->name, d->part[0].name, err);
    }
    UP_TRY(upi_expr_text(d->part[0].expr, &a, err));
    UP_TRY(upi_expr_text(d->part[1].expr, &b, err));
    upi_text_addf(&t, "ratio(%s, %s)", a, b);
    UP_TRY(upi_text_take(&t, &d->name, err));
out:
    upi_text_free(&t);
    upi_free(a);
    upi_free(b);
    return status;
}

static up_status
check_name(const up_experiment *e, const char *name, up_error *err)
{
    if (name[0] == '\0') {
        return upi_fail(err, UP_E_ARGUMENT, "metric", "the name of a metric is empty");
    }
    if (!upi_utf8_valid(name, strlen(name))) {
        return upi_fail(
            err, UP_E_ARGUMENT, "metric", "the name '%s' is not valid UTF-8", name);
    }
    if (upi_experiment_metric(e, name) >= 0) {
        (void)upi_fail(
            err, UP_E_ARGUMENT, "metric", "there is a metric named '%s' already", name);
        (void)upi_fix(err, "choose another name: another_name = ...");
        return UP_E_ARGUMENT;
    }
    return UP_OK;
}

/* The index of the part among the components; a new one is moved there. Room is made. */
static int64_t
keep_part(up_experiment *e, upi_variable *part)
{
    for (int64_t i = 0; i < e->n_components; i++) {
        if (upi_variable_same(&e->components[i], part)) {
            return i;
        }
    }
    e->components[e->n_components] = *part;
    *part = (upi_variable){0};
    return e->n_components++;
}

static up_status
keep(up_experiment *e, draft *d, up_error *err)
{
    up_status status = UP_OK;
    int64_t capacity = e->n_components;
    UP_TRY(UP_RESERVE(&e->components, &capacity, e->n_components + 2, err));
    capacity = e->n_metrics;
    UP_TRY(UP_RESERVE(&e->metrics, &capacity, e->n_metrics + 1, err));
    upi_metric m = {.name = d->name, .kind = d->kind, .denominator = -1};
    m.component = keep_part(e, &d->part[0]);
    if (d->kind == UPI_METRIC_RATIO) {
        m.denominator = keep_part(e, &d->part[1]);
    }
    e->metrics[e->n_metrics++] = m;
    d->name = NULL;
out:
    return status;
}

up_status
up_experiment_add_metric(up_experiment *e, const char *metric, up_error *err)
{
    UP_GUARD(err);
    up_status status = UP_OK;
    draft d = {0};
    if (e == NULL || metric == NULL) {
        return upi_fail(
            err, UP_E_ARGUMENT, "metric", "the experiment or the metric is NULL");
    }
    if (e->source == NULL) {
        return upi_fail(err, UP_E_NEEDS_ROWS, "metric",
            "the experiment has no source, so nothing can be added to it");
    }
    upi_span body = upi_span_of(metric);
    upi_span name;
    upi_span rest;
    if (upi_span_definition(body, &name, &rest)) {
        UP_TRY(check_ambiguous(e, name, rest, err));
        UP_TRY(upi_span_name(name, &d.name, err));
        body = rest;
    }
    UP_TRY(read_body(e, body, &d, err));
    if (d.name == NULL) {
        UP_TRY(default_name(&d, err));
    }
    UP_TRY(check_name(e, d.name, err));
    UP_TRY(keep(e, &d, err));
out:
    draft_free(&d);
    return status;
}
