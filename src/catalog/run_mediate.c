/* Carries out `mediate`. */
#include "base/json.h"
#include "catalog/pipeline.h"
#include "catalog/verbs.h"
#include "fit/model.h"
#include "report/style.h"

#include <upshot/mediate.h>
#include <upshot/truth.h>

#include <math.h>
#include <stdio.h>
#include <string.h>

static const upi_sheet_column columns[] = {{"metric", UPI_CELL_TEXT, false},
    {"arm", UPI_CELL_TEXT, false}, {"against", UPI_CELL_TEXT, false},
    {"segment", UPI_CELL_TEXT, false}, {"period", UPI_CELL_TEXT, false},
    {"estimand", UPI_CELL_TEXT, false}, {"part", UPI_CELL_TEXT, false},
    {"path", UPI_CELL_TEXT, false}, {"conf_set", UPI_CELL_TEXT, false},
    {"confounded", UPI_CELL_TEXT, false}, {"confounding", UPI_CELL_TEXT, false},
    {"estimate", UPI_CELL_NUMBER, false}, {"std_error", UPI_CELL_NUMBER, false},
    {"df", UPI_CELL_NUMBER, false}, {"p_value", UPI_CELL_NUMBER, false},
    {"conf_low", UPI_CELL_NUMBER, false}, {"conf_high", UPI_CELL_NUMBER, false},
    {"share", UPI_CELL_NUMBER, false}, {"rho_zero", UPI_CELL_NUMBER, false},
    {"r2_residual_zero", UPI_CELL_NUMBER, false},
    {"r2_total_zero", UPI_CELL_NUMBER, false}, {"rho", UPI_CELL_NUMBER, false},
    {"n", UPI_CELL_INTEGER, false}, {"clusters", UPI_CELL_INTEGER, false},
    {"truth", UPI_CELL_NUMBER, false}};
enum { TEXTS = 11, NUMBERS = 11, COLUMNS = 25 };

static const char *const sets[] = {"interval", "complement", "line", "above", "below"};

/* ---- rows ---- */

/* For people: what was supposed, or what it would take. */
static void
confounding_text(const up_mediated *m, char *out, size_t size)
{
    char rho[UPI_DOUBLE_CHARS];
    out[0] = '\0';
    if (m->kind == UP_MEDIATE_SENSITIVITY) {
        upi_double_text_digits(m->rho, 3, rho);
        (void)snprintf(out, size, "%.60s: rho %s", m->confounded, rho);
    } else if (isfinite(m->rho_zero)) {
        upi_double_text_digits(m->rho_zero, 2, rho);
        (void)snprintf(out, size, "zero at rho %s", rho);
    }
}

static up_status
fill_row(upi_cell *c, const up_mediated *m, const char *estimand, up_error *err)
{
    up_status status = UP_OK;
    bool unknown = isnan(m->ci_low);
    char confounding[160];
    confounding_text(m, confounding, sizeof confounding);
    const char *texts[TEXTS] = {m->metric, m->arm, m->against, m->segment, m->period,
        estimand, up_mediate_kind_name(m->kind), m->path,
        unknown || m->shape < 0 || m->shape > 4 ? "" : sets[m->shape], m->confounded,
        confounding};
    const double numbers[NUMBERS] = {m->estimate, m->std_error, m->df, m->p_value,
        m->ci_low, m->ci_high, m->share, m->rho_zero, m->r2_residual_zero,
        m->r2_total_zero, m->rho};
    for (int k = 0; k < TEXTS; k++) {
        UP_TRY(upi_cell_set(&c[k], texts[k], err));
    }
    for (int k = 0; k < NUMBERS; k++) {
        c[TEXTS + k].number = numbers[k];
    }
    c[TEXTS + NUMBERS].integer = m->n;
    c[TEXTS + NUMBERS + 1].integer = m->clusters;
out:
    return status;
}

/* "arm -> searches -> views -> sales" is "searches > views" in the file. */
static double
truth_of_path(const up_truth *t, const up_mediated *m, const char *estimand)
{
    const char *first = strstr(m->path, " -> ");
    upi_text name = {0};
    while (first != NULL) {
        const char *start = first + 4;
        const char *next = strstr(start, " -> ");
        if (next != NULL) {
            upi_text_add(&name, name.length > 0 ? " > " : "");
            upi_text_add_n(&name, start, next - start);
        }
        first = next;
    }
    double x = name.failed ? (double)NAN
                           : up_truth_path(t, m->arm, m->segment, estimand,
                                 name.length > 0 ? name.s : "direct");
    upi_text_free(&name);
    return x;
}

static double
truth_of(const up_truth *t, const up_mediated *m, const char *estimand)
{
    bool known = strcmp(m->metric, "sales") == 0 &&
                 strcmp(m->against, "control") == 0 && m->period[0] == '\0';
    if (!known) {
        return (double)NAN;
    }
    switch (m->kind) {
    case UP_MEDIATE_TOTAL:
        return up_truth_path(t, m->arm, m->segment, estimand, "total");
    case UP_MEDIATE_INDIRECT:
        return up_truth_path(t, m->arm, m->segment, estimand, "total") -
               up_truth_path(t, m->arm, m->segment, estimand, "direct");
    case UP_MEDIATE_DIRECT:
    case UP_MEDIATE_PATH:
        return truth_of_path(t, m, estimand);
    default:
        return (double)NAN;
    }
}

static bool
is_detail(int64_t kind)
{
    return kind == UP_MEDIATE_FIRST || kind == UP_MEDIATE_THROUGH ||
           kind == UP_MEDIATE_EDGE;
}

/* What only the chart of the paths shows. */
static up_status
add_arrow(upi_sheet *to, const up_mediated *v, const char *estimand, up_error *err)
{
    up_status status = UP_OK;
    upi_cell *row = NULL;
    UP_TRY(upi_sheet_add(to, &row, err));
    UP_TRY(fill_row(row, v, estimand, err));
out:
    return status;
}

static up_status
fill_rows(const upi_request *q, const char *estimand, const up_mediation *m,
    up_result *r, up_error *err)
{
    up_status status = UP_OK;
    up_truth *truth = NULL;
    const char *path = upi_request_text(q, "truth");
    bool detail = upi_request_flag(q, "detail");
    if (path != NULL) {
        UP_TRY(up_truth_open(path, &truth, err));
    }
    r->rows.columns = columns;
    r->rows.n_columns = path != NULL ? COLUMNS : COLUMNS - 1;
    r->drawn.columns = columns;
    r->drawn.n_columns = COLUMNS;
    for (int64_t i = 0; i < up_mediation_count(m); i++) {
        up_mediated v = up_mediation_get(m, i);
        upi_cell *row = NULL;
        UP_TRY(v.kind == UP_MEDIATE_EDGE ? add_arrow(&r->drawn, &v, estimand, err)
                                         : UP_OK);
        if (is_detail(v.kind) && !detail) {
            continue;
        }
        UP_TRY(upi_sheet_add(&r->rows, &row, err));
        UP_TRY(fill_row(row, &v, estimand, err));
        if (truth != NULL) {
            row[COLUMNS - 1].number = truth_of(truth, &v, estimand);
        }
    }
out:
    up_truth_free(truth);
    return status;
}

/* ---- words ---- */

/* The first row of this kind of the first arm and segment; false when there is none. */
static bool
first_of(const up_mediation *m, int64_t kind, up_mediated *out)
{
    *out = up_mediation_get(m, -1); /* an empty row */
    for (int64_t i = 0; i < up_mediation_count(m); i++) {
        *out = up_mediation_get(m, i);
        if (out->kind == kind) {
            return true;
        }
    }
    return false;
}

static void
add_number(upi_text *t, const char *before, double x, int decimals)
{
    const upi_style plain = {0};
    char digits[UPI_NUMBER_CHARS];
    upi_number_text(&plain, x, decimals, true, digits);
    upi_text_addf(t, "%s%s", before, digits);
}

/* The largest path of the first arm and segment. */
static up_mediated
largest_path(const up_mediation *m, const up_mediated *total)
{
    up_mediated best = {.path = "", .estimate = 0};
    for (int64_t i = 0; i < up_mediation_count(m); i++) {
        up_mediated v = up_mediation_get(m, i);
        bool same = strcmp(v.arm, total->arm) == 0 &&
                    strcmp(v.segment, total->segment) == 0 &&
                    strcmp(v.period, total->period) == 0;
        if (same && v.kind == UP_MEDIATE_PATH &&
            fabs(v.estimate) > fabs(best.estimate)) {
            best = v;
        }
    }
    return best;
}

static up_status
set_headline(const up_mediation *m, up_result *r, up_error *err)
{
    upi_text t = {0};
    up_mediated total = {0};
    up_mediated direct = {0};
    up_mediated indirect = {0};
    up_mediated share = {0};
    (void)first_of(m, UP_MEDIATE_TOTAL, &total);
    (void)first_of(m, UP_MEDIATE_INDIRECT, &indirect);
    (void)first_of(m, UP_MEDIATE_PROPORTION, &share);
    int decimals = upi_decimals(total.std_error);
    upi_text_addf(&t, "%s: %s against %s", total.metric, total.arm, total.against);
    add_number(&t, " ", total.estimate, decimals);
    if (first_of(m, UP_MEDIATE_DIRECT, &direct)) {
        add_number(&t, ", of which directly ", direct.estimate, decimals);
    }
    add_number(&t, " and through mediators ", indirect.estimate, decimals);
    if (share.shape == 0 && share.estimate >= 0 && share.estimate <= 1) {
        upi_text_addf(&t, " (%.0f%%)", 100 * share.estimate);
    }
    up_mediated best = largest_path(m, &total);
    if (best.path[0] != '\0') {
        upi_text_addf(&t, ", most by %s", best.path);
        add_number(&t, " ", best.estimate, decimals);
    }
    if (total.segment[0] != '\0') {
        upi_text_addf(&t, ", where %s", total.segment);
    }
    upi_free(r->headline);
    r->headline = NULL;
    return upi_text_take(&t, &r->headline, err);
}

static up_status
add_words(const up_mediation *m, up_result *r, up_error *err)
{
    up_status status = UP_OK;
    UP_TRY(upi_strdup_to(&r->estimand, up_mediation_estimand(m), err));
    for (int64_t i = 0; i < up_mediation_assumptions(m); i++) {
        UP_TRY(
            upi_strings_add(&r->assumptions, err, "%s", up_mediation_assumption(m, i)));
    }
    for (int64_t i = 0; i < up_mediation_notes(m); i++) {
        UP_TRY(upi_pipeline_note(&r->notes, up_mediation_note(m, i), err));
    }
out:
    return status;
}

/* The same question with its sensitivity, and with intervals that follow skewness. */
static up_status
suggest(const upi_request *q, const upi_pipeline *p, up_result *r, up_error *err)
{
    static const char *const kept[] = {"graph", "outcome", "against", "by", "estimand"};
    up_status status = UP_OK;
    char *command = NULL;
    upi_text t = {0};
    UP_TRY(upi_next_command(
        q, "mediate", upi_request_text(q, "source"), !p->capsule, &command, err));
    upi_text_add(&t, command);
    for (size_t i = 0; i < sizeof kept / sizeof kept[0]; i++) {
        if (upi_request_value(q, kept[i])->given) {
            upi_text_addf(&t, " --%s ", kept[i]);
            upi_shell_word(&t, upi_request_text(q, kept[i]));
        }
    }
    const char *base = t.failed ? command : t.s;
    bool asked =
        upi_request_flag(q, "sensitivity") || upi_request_value(q, "rho")->given;
    if (!asked && !upi_request_value(q, "interaction")->given) {
        UP_TRY(upi_strings_add(&r->next, err, "%s --sensitivity", base));
    }
    if (upi_request_integer(q, "interval") == UP_MEDIATE_DELTA) {
        UP_TRY(upi_strings_add(&r->next, err, "%s --interval montecarlo", base));
    }
out:
    upi_free(command);
    upi_text_free(&t);
    return status;
}

static up_status
set_options(const upi_request *q, const upi_pipeline *p, up_result *r, up_error *err)
{
    static const char *const texts[] = {
        "graph", "outcome", "interval", "estimand", "by", "against", "order"};
    static const char *const lists[] = {"interaction", "where", "rho", "accept"};
    upi_text t = {0};
    upi_json j;
    upi_json_start(&j, &t, 0, 0);
    upi_json_object(&j);
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        upi_json_put_string(&j, texts[i], upi_request_text(q, texts[i]));
    }
    for (size_t i = 0; i < sizeof lists / sizeof lists[0]; i++) {
        upi_json_put_list(&j, lists[i], upi_request_value(q, lists[i]));
    }
    upi_json_put_double(&j, "level", upi_request_number(q, "level"));
    if (upi_request_value(q, "planned")->given) {
        upi_json_put_double(&j, "planned", upi_request_number(q, "planned"));
    }
    upi_json_put_int(&j, "draws", upi_request_integer(q, "draws"));
    upi_json_put_string(&j, "vcov", up_model_vcov(p->model));
    upi_json_put_bool(&j, "no_covariates", p->linear.no_covariates != 0);
    upi_json_put_bool(&j, "over_time", upi_request_flag(q, "over-time"));
    upi_json_put_bool(&j, "sensitivity", upi_request_flag(q, "sensitivity"));
    upi_json_object_end(&j);
    return upi_text_take(&t, &r->options, err);
}

/* ---- the question ---- */

/* The name part of the only metric that was given, where it is the end of the graph's paths. */
static const char *
outcome_of(const upi_request *q, const upi_pipeline *p)
{
    const upi_value *metric = upi_request_value(q, "metric");
    const char *named = upi_request_text(q, "outcome");
    if (named != NULL || metric->n != 1 || up_graph_outcome(p->graph) >= 0) {
        return named;
    }
    const up_experiment *e = p->moments->experiment;
    for (int64_t i = 0; i < e->n_metrics; i++) {
        const char *name = e->metrics[i].name;
        bool given = strncmp(metric->text[0], name, strlen(name)) == 0;
        int64_t node = up_graph_find(p->graph, name);
        if (given && node >= 0 &&
            up_graph_related(p->graph, node, UP_CHILDREN, NULL, 0) == 0) {
            return name;
        }
    }
    return NULL;
}

static up_status
mediate(const upi_request *q, const upi_pipeline *p, const up_run *run,
    up_mediation **out, up_error *err)
{
    up_status status = UP_OK;
    const upi_value *where = upi_request_value(q, "where");
    const upi_value *products = upi_request_value(q, "interaction");
    double *rho = NULL;
    UP_TRY(upi_request_numbers(q, "rho", "0.1,0.3", &rho, err));
    UP_TRY(up_mediate_effect(p->model, p->graph,
        UP_MEDIATE_OPTS(.outcome = outcome_of(q, p),
            .where = (const char *const *)where->text, .n_where = where->n,
            .by = upi_request_text(q, "by"),
            .over_time = upi_request_flag(q, "over-time"),
            .planned = upi_request_planned(q),
            .accept_peek = upi_request_accepts(q, "E_PEEK"),
            .against = upi_request_text(q, "against"),
            .estimand = upi_request_integer(q, "estimand"),
            .interval = upi_request_integer(q, "interval"),
            .draws = upi_request_integer(q, "draws"),
            .level = upi_request_number(q, "level"),
            .interactions = (const char *const *)products->text,
            .n_interactions = products->n, .order = upi_request_integer(q, "order"),
            .sensitivity = upi_request_flag(q, "sensitivity"), .rho = rho,
            .n_rho = upi_request_value(q, "rho")->n),
        run, out, err));
out:
    upi_free(rho);
    return status;
}

up_status
upi_handle_mediate(
    const upi_request *q, const up_run *run, up_result *out, up_error *err)
{
    up_status status = UP_OK;
    upi_pipeline p = {0};
    up_mediation *m = NULL;
    if (upi_request_text(q, "graph") == NULL) {
        (void)upi_fail(
            err, UP_E_USAGE, "graph", "upshot mediate needs --graph: what causes what");
        return upi_fix(err, "e.g. --graph 'arm -> searches -> sales; arm -> sales'");
    }
    UP_TRY(upi_pipeline_run(q, run, &p, err));
    UP_TRY(upi_pipeline_guard(&p, q, err));
    UP_TRY(mediate(q, &p, run, &m, err));
    out->view = UPI_VIEW_EFFECTS;
    out->level = upi_request_number(q, "level");
    UP_TRY(upi_pipeline_describe(&p, q, out, err));
    UP_TRY(fill_rows(q, p.model->design.iv ? "itt" : "ate", m, out, err));
    UP_TRY(set_headline(m, out, err));
    UP_TRY(add_words(m, out, err));
    UP_TRY(upi_pipeline_checks(&p, q, out, err));
    UP_TRY(suggest(q, &p, out, err));
    UP_TRY(set_options(q, &p, out, err));
out:
    up_mediation_free(m);
    upi_pipeline_clear(&p);
    return status;
}
