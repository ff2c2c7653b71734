/* Carries out `power`. */
#include "base/json.h"
#include "catalog/pipeline.h"
#include "catalog/shares.h"
#include "catalog/verbs.h"
#include "design/experiment.h"
#include "moments/moments.h"
#include "report/style.h"

#include <upshot/power.h>

#include <math.h>
#include <string.h>

static const upi_sheet_column columns[] = {{"metric", UPI_CELL_TEXT, false},
    {"point", UPI_CELL_TEXT, false}, {"units", UPI_CELL_NUMBER, false},
    {"control_units", UPI_CELL_NUMBER, false}, {"arm_units", UPI_CELL_NUMBER, false},
    {"clusters", UPI_CELL_NUMBER, true}, {"days", UPI_CELL_NUMBER, true},
    {"power", UPI_CELL_NUMBER, false}, {"power_std_error", UPI_CELL_NUMBER, true},
    {"effect", UPI_CELL_NUMBER, false}, {"relative", UPI_CELL_NUMBER, true},
    {"itt_effect", UPI_CELL_NUMBER, true}, {"margin", UPI_CELL_NUMBER, true},
    {"baseline", UPI_CELL_NUMBER, true}, {"std_error", UPI_CELL_NUMBER, true},
    {"df", UPI_CELL_NUMBER, true}, {"critical", UPI_CELL_NUMBER, true},
    {"design_effect", UPI_CELL_NUMBER, true}, {"inflation", UPI_CELL_NUMBER, true},
    {"expected_units", UPI_CELL_NUMBER, true},
    {"expected_units_null", UPI_CELL_NUMBER, true}, {"r2", UPI_CELL_NUMBER, true},
    {"icc", UPI_CELL_NUMBER, true}, {"cluster_size", UPI_CELL_NUMBER, true},
    {"cluster_cv", UPI_CELL_NUMBER, true}, {"takeup", UPI_CELL_NUMBER, true},
    {"crossover", UPI_CELL_NUMBER, true}};

enum { CHART_POINTS = 29 };
enum { N_COLUMNS = sizeof columns / sizeof columns[0], FIRST_NUMBER = 2, DATA_AT = 21 };

/* Options of the plan by the name of the number. */
static void
read_numbers(const upi_request *q, up_power_opts *o)
{
    const struct {
        const char *name;
        double *to;
    } numbers[] = {{"baseline", &o->mean}, {"sd", &o->sd},
        {"denominator-mean", &o->denominator_mean},
        {"denominator-sd", &o->denominator_sd}, {"correlation", &o->correlation},
        {"units", &o->units}, {"alpha", &o->alpha}, {"r2", &o->r2},
        {"cluster-size", &o->cluster_size}, {"cluster-cv", &o->cluster_cv},
        {"icc", &o->icc}, {"takeup", &o->takeup}, {"crossover", &o->crossover},
        {"attrition", &o->attrition}, {"spending-parameter", &o->spending_parameter},
        {"per-day", &o->per_day}};
    const struct {
        const char *name;
        int64_t *to;
    } integers[] = {{"kind", &o->metric}, {"sides", &o->sides}, {"test", &o->test},
        {"arms", &o->arms}, {"adjust", &o->adjust}, {"power-of", &o->power_of},
        {"inference", &o->inference}, {"looks", &o->n_looks},
        {"spending", &o->spending}, {"null-variance", &o->null_variance}};
    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++) {
        *numbers[i].to = upi_request_number(q, numbers[i].name);
    }
    for (size_t i = 0; i < sizeof integers / sizeof integers[0]; i++) {
        *integers[i].to = upi_request_integer(q, integers[i].name);
    }
    o->normal = upi_request_flag(q, "normal");
}

/* True when size and difference are both given, so that power is what is asked for. */
static bool
asks_power(const up_power_opts *o)
{
    return o->units > 0 &&
           (o->test == UP_POWER_SUPERIORITY ? o->effect != 0 : o->margin != 0);
}

static up_status
read_plan(const upi_request *q, up_power_opts *o, double **shares, up_error *err)
{
    up_status status = UP_OK;
    bool relative[2];
    *o = *UP_POWER_OPTS(.metric = 0);
    read_numbers(q, o);
    if (upi_request_value(q, "shares")->given && o->arms == 0) {
        o->arms = upi_request_value(q, "shares")->n;
    }
    UP_TRY(upi_shares_read(q, o->arms, shares, err));
    o->shares = *shares;
    UP_TRY(upi_amount_read(q, "effect", &o->effect, &relative[0], err));
    UP_TRY(upi_amount_read(q, "margin", &o->margin, &relative[1], err));
    if (o->effect != 0 && o->margin != 0 && relative[0] != relative[1]) {
        status = upi_fail(err, UP_E_USAGE, "margin",
            "the effect and the margin are not both with %%, or both without");
        goto out;
    }
    o->relative = (o->effect != 0 && relative[0]) || (o->margin != 0 && relative[1]);
    o->power = upi_request_number(q, "power");
    if (asks_power(o) && upi_request_value(q, "power")->given) {
        (void)upi_fail(err, UP_E_USAGE, "power",
            "units and the difference are given, so power is what follows");
        status = upi_fix(err, "leave --power, --units or the difference out");
        goto out;
    }
    o->power = asks_power(o) ? 0 : o->power;
out:
    return status;
}

static const char *const number_options[] = {"kind", "baseline", "sd",
    "denominator-mean", "denominator-sd", "correlation", "r2", "icc", "cluster-cv"};

static up_status
check_source(const upi_request *q, up_error *err)
{
    static const char *const data_options[] = {"itt", "metric", "covariates", "cluster",
        "simulate", "treated", "unit", "filter", "strata"};
    bool source = upi_request_text(q, "source") != NULL;
    size_t n = source ? sizeof number_options / sizeof number_options[0]
                      : sizeof data_options / sizeof data_options[0];
    for (size_t i = 0; i < n; i++) {
        const char *name = source ? number_options[i] : data_options[i];
        if (upi_request_value(q, name)->given) {
            (void)upi_fail(err, UP_E_USAGE, name,
                source ? "--%s cannot be given with a source, which tells it"
                       : "--%s needs a source of past data",
                name);
            return upi_fix(err,
                source ? "leave --%s out, or the source"
                       : "name the file first: upshot power FILE --%s ...",
                name);
        }
    }
    return UP_OK;
}

static up_status
add_row(const char *metric, const char *point, const up_power_result *p,
    const up_power_history *h, upi_cell **row, upi_sheet *rows, up_error *err)
{
    up_status status = UP_OK;
    const double numbers[] = {p->units, p->control_units, p->arm_units, p->clusters,
        p->days, p->power, NAN, p->effect, p->relative, p->itt_effect, p->margin,
        p->baseline, p->std_error, p->df, p->critical, p->design_effect, p->inflation,
        p->expected_units, p->expected_units_null};
    UP_TRY(upi_sheet_add(rows, row, err));
    UP_TRY(upi_cell_set(&(*row)[0], metric, err));
    UP_TRY(upi_cell_set(&(*row)[1], point, err));
    for (size_t k = 0; k < sizeof numbers / sizeof numbers[0]; k++) {
        (*row)[FIRST_NUMBER + k].number = numbers[k];
    }
    if (h != NULL) {
        const double data[] = {
            h->r2, h->icc, h->cluster_size, h->cluster_cv, h->takeup, h->crossover};
        for (size_t k = 0; k < sizeof data / sizeof data[0]; k++) {
            (*row)[DATA_AT + k].number = data[k];
        }
    }
out:
    return status;
}

/* The points of the curve: as rows where they were asked for, and for a chart also unasked
 * where a point takes microseconds. */
static up_status
add_curve(const upi_request *q, const char *metric, const up_power_opts *o,
    up_result *r, up_error *err)
{
    up_status status = UP_OK;
    up_power_result *points = NULL;
    upi_cell *row = NULL;
    int64_t asked = upi_request_integer(q, "curve");
    bool quick = o->inference == UP_INFERENCE_FIXED && o->adjust != UP_POWER_DUNNETT;
    int64_t n = asked > 0 ? asked : quick ? CHART_POINTS : 0;
    if (n == 0) {
        return UP_OK;
    }
    UP_TRY(UP_NEW(&points, n, err));
    UP_TRY(up_power_curve(o, n, points, err));
    for (int64_t i = 0; i < n; i++) {
        UP_TRY(add_row(metric, "curve", &points[i], NULL, &row, &r->drawn, err));
    }
    for (int64_t i = 0; i < asked; i++) {
        UP_TRY(add_row(metric, "curve", &points[i], NULL, &row, &r->rows, err));
    }
out:
    upi_free(points);
    return status;
}

/* The plan's own size and effect, drawn from the data. */
static up_status
add_simulated(const upi_request *q, const up_run *run, const upi_pipeline *p,
    const up_power_opts *o, const up_power_result *plan, up_result *r, up_error *err)
{
    up_status status = UP_OK;
    up_power_simulated s;
    upi_cell *row = NULL;
    int64_t n = upi_request_integer(q, "simulate");
    if (n == 0) {
        return UP_OK;
    }
    up_power_opts known = *o;
    known.effect = plan->itt_effect;
    known.relative = 0;
    known.units = plan->units;
    UP_TRY(up_power_simulate(p->moments, &p->linear, &known, n, run, &s, err));
    UP_TRY(add_row(p->moments->experiment->metrics[0].name, "simulated", plan, NULL,
        &row, &r->rows, err));
    row[FIRST_NUMBER + 5].number = s.power;
    row[FIRST_NUMBER + 6].number = s.std_error;
    UP_TRY(add_row(p->moments->experiment->metrics[0].name, "simulated", plan, NULL,
        &row, &r->drawn, err));
    row[FIRST_NUMBER + 5].number = s.power;
    UP_TRY(upi_notes_add(&r->notes, UP_N_APPROXIMATE, "simulate", s.power, s.std_error,
        err,
        "Simulated power %.3f, standard error %.3f, from %lld experiments drawn from "
        "control; their 95%% intervals held the effect put in %.1f%% of the time.",
        s.power, s.std_error, (long long)s.replicates, 100 * s.coverage));
out:
    return status;
}

/* "10,220 units per arm (20,440 in all) detect +2% of sales with power 0.8" */
static void
add_size(upi_text *t, const up_power_result *p)
{
    char all[UPI_NUMBER_CHARS], one[UPI_NUMBER_CHARS], control[UPI_NUMBER_CHARS];
    upi_count_text(llround(p->units), all);
    upi_count_text(llround(p->arm_units), one);
    upi_count_text(llround(p->control_units), control);
    if (llround(p->arm_units) == llround(p->control_units)) {
        upi_text_addf(t, "%s units per arm (%s in all)", one, all);
    } else {
        upi_text_addf(t, "%s units in control, %s in the smallest arm (%s in all)",
            control, one, all);
    }
    if (isfinite(p->clusters)) {
        upi_count_text(llround(p->clusters), all);
        upi_text_addf(t, ", %s clusters,", all);
    }
}

static void
add_difference(upi_text *t, const up_power_result *p, bool two_sided)
{
    char digits[UPI_DOUBLE_CHARS];
    double x = isnan(p->margin) ? p->effect : p->margin;
    bool relative = p->baseline != 0 && isfinite(p->baseline);
    double shown = relative ? 100 * x / fabs(p->baseline) : x;
    upi_double_text_digits(fabs(shown), 3, digits);
    const char *sign = !isnan(p->margin) ? "" : shown < 0 ? "-" : two_sided ? "" : "+";
    upi_text_addf(t, "%s%s%s", sign, digits, relative ? "%" : "");
}

static up_status
set_headline(const upi_request *q, const char *metric, const up_power_opts *o,
    const up_power_result *p, up_result *r, up_error *err)
{
    static const char *const shows[] = {"detect an effect of",
        "show that an arm is not worse by", "show that the arms differ by less than"};
    char power[UPI_DOUBLE_CHARS];
    char days[UPI_NUMBER_CHARS];
    upi_text t = {0};
    add_size(&t, p);
    upi_text_addf(&t, " %s ", shows[o->test]);
    add_difference(&t, p, o->sides == UP_TWO_SIDED);
    if (metric[0] != '\0') {
        upi_text_addf(&t, " of %s", metric);
    } else if (p->baseline != 0) {
        upi_text_add(&t, " of the baseline");
    }
    upi_double_text_digits(p->power, 3, power);
    upi_text_addf(&t, " with power %s", power);
    if (o->inference != UP_INFERENCE_FIXED) {
        upi_count_text(llround(p->expected_units), days);
        upi_text_addf(&t, ", on average after %s units", days);
    }
    if (isfinite(p->days)) {
        upi_count_text(llround(p->days), days);
        upi_text_addf(&t, ", in %s day%s", days, p->days == 1 ? "" : "s");
    }
    if (upi_request_value(q, "metric")->n > 1) {
        upi_text_add(&t, "; one row for each metric");
    }
    upi_free(r->headline);
    r->headline = NULL;
    return upi_text_take(&t, &r->headline, err);
}

static up_status
set_options(const upi_request *q, const up_power_opts *o, up_result *r, up_error *err)
{
    static const char *const texts[] = {"sides", "test", "adjust", "power-of",
        "inference", "spending", "null-variance"};
    upi_text t = {0};
    upi_json j;
    upi_json_start(&j, &t, 0, 0);
    upi_json_object(&j);
    upi_json_put_double(&j, "alpha", o->alpha);
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        char name[32];
        upi_line_copy(name, sizeof name, texts[i]);
        for (char *c = name; *c != '\0'; c++) {
            *c = (char)(*c == '-' ? '_' : *c);
        }
        upi_json_put_string(&j, name, upi_request_text(q, texts[i]));
    }
    upi_json_put_int(&j, "arms", o->arms == 0 ? 2 : o->arms);
    upi_json_put_bool(&j, "normal", o->normal != 0);
    upi_json_object_end(&j);
    upi_free(r->options);
    r->options = NULL;
    return upi_text_take(&t, &r->options, err);
}

static up_status
add_metric(const upi_request *q, const up_run *run, const upi_pipeline *p, int64_t k,
    const up_power_opts *asked, up_result *r, up_error *err)
{
    up_status status = UP_OK;
    up_power_result plan = {0};
    up_power_history h = {0};
    up_power_opts o = *asked;
    upi_cell *row = NULL;
    const char *metric = p->moments->experiment->metrics[k].name;
    UP_TRY(up_power_history_read(p->moments, &p->linear, metric, NULL, run, &h, err));
    up_power_history_use(&h, &o);
    UP_TRY(up_power(&o, &plan, err));
    UP_TRY(add_row(metric, "plan", &plan, &h, &row, &r->rows, err));
    UP_TRY(add_row(metric, "plan", &plan, &h, &row, &r->drawn, err));
    if (k == 0) {
        UP_TRY(set_headline(q, metric, &o, &plan, r, err));
        UP_TRY(set_options(q, &o, r, err));
        UP_TRY(add_simulated(q, run, p, &o, &plan, r, err));
    }
    UP_TRY(add_curve(q, metric, &o, r, err));
out:
    return status;
}

static up_status
from_data(const upi_request *q, const up_run *run, const up_power_opts *asked,
    up_result *r, up_error *err)
{
    up_status status = UP_OK;
    upi_pipeline p = {0};
    UP_TRY(upi_pipeline_history(q, run, &p, err));
    UP_TRY(upi_pipeline_guard(&p, q, err));
    UP_TRY(upi_pipeline_describe(&p, q, r, err));
    for (int64_t k = 0; k < p.moments->experiment->n_metrics; k++) {
        UP_TRY(add_metric(q, run, &p, k, asked, r, err));
    }
    UP_TRY(upi_pipeline_checks(&p, q, r, err));
out:
    upi_pipeline_clear(&p);
    return status;
}

static up_status
from_numbers(const upi_request *q, const up_power_opts *o, up_result *r, up_error *err)
{
    up_status status = UP_OK;
    up_power_result plan;
    upi_cell *row = NULL;
    UP_TRY(up_power(o, &plan, err));
    UP_TRY(add_row("", "plan", &plan, NULL, &row, &r->rows, err));
    UP_TRY(add_row("", "plan", &plan, NULL, &row, &r->drawn, err));
    UP_TRY(set_headline(q, "", o, &plan, r, err));
    UP_TRY(set_options(q, o, r, err));
    UP_TRY(add_curve(q, "", o, r, err));
out:
    return status;
}

up_status
upi_handle_power(const upi_request *q, const up_run *run, up_result *out, up_error *err)
{
    up_status status = UP_OK;
    up_power_opts o;
    double *shares = NULL;
    UP_TRY(check_source(q, err));
    UP_TRY(read_plan(q, &o, &shares, err));
    out->view = UPI_VIEW_TABLE;
    out->has_rows = true;
    out->rows.columns = columns;
    out->rows.n_columns = N_COLUMNS;
    out->drawn.columns = columns;
    out->drawn.n_columns = N_COLUMNS;
    UP_TRY(upi_request_text(q, "source") != NULL ? from_data(q, run, &o, out, err)
                                                 : from_numbers(q, &o, out, err));
    UP_TRY(upi_strings_add(&out->next, err, "upshot guide plan"));
    out->limit = upi_request_integer(q, "limit");
out:
    upi_free(shares);
    return status;
}
