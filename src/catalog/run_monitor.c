/* Carries out `monitor`: looks from capsules or from the periods of a column, handed one by one to
 * up_monitor_look(). */
#include "base/json.h"
#include "catalog/inference.h"
#include "catalog/pipeline.h"
#include "catalog/verbs.h"
#include "moments/moments.h"
#include "report/style.h"

#include <upshot/monitor.h>

#include <math.h>
#include <string.h>

static const upi_sheet_column columns[] = {{"look", UPI_CELL_INTEGER, false},
    {"label", UPI_CELL_TEXT, false}, {"metric", UPI_CELL_TEXT, false},
    {"arm", UPI_CELL_TEXT, false}, {"against", UPI_CELL_TEXT, false},
    {"segment", UPI_CELL_TEXT, false}, {"estimand", UPI_CELL_TEXT, false},
    {"n", UPI_CELL_INTEGER, false}, {"clusters", UPI_CELL_INTEGER, false},
    {"information", UPI_CELL_NUMBER, false}, {"estimate", UPI_CELL_NUMBER, false},
    {"std_error", UPI_CELL_NUMBER, false}, {"conf_low", UPI_CELL_NUMBER, false},
    {"conf_high", UPI_CELL_NUMBER, false}, {"p_value", UPI_CELL_NUMBER, false},
    {"e_value", UPI_CELL_NUMBER, false}, {"running_low", UPI_CELL_NUMBER, false},
    {"running_high", UPI_CELL_NUMBER, false}, {"running_p", UPI_CELL_NUMBER, false},
    {"decision", UPI_CELL_TEXT, false}, {"fixed_low", UPI_CELL_NUMBER, false},
    {"fixed_high", UPI_CELL_NUMBER, false}, {"critical", UPI_CELL_NUMBER, false},
    {"relative", UPI_CELL_NUMBER, false}, {"relative_low", UPI_CELL_NUMBER, false},
    {"relative_high", UPI_CELL_NUMBER, false},
    {"adjusted_p_value", UPI_CELL_NUMBER, false},
    {"adjusted_low", UPI_CELL_NUMBER, false}, {"adjusted_high", UPI_CELL_NUMBER, false},
    {"margin_p_value", UPI_CELL_NUMBER, false}};
enum { COLUMNS = sizeof columns / sizeof columns[0] };

/* The looks being taken, and the last of them. */
typedef struct path {
    const upi_request *q;
    const up_run *run;
    up_monitor *monitor;
    upi_pipeline last; /* of the look taken last */
    upi_notes notes;   /* of looks left out, and of the rows as a whole */
} path;

static up_status
fill_row(upi_cell *row, const up_monitor_row *x, up_error *err)
{
    up_status status = UP_OK;
    const up_effect *e = &x->effect;
    const char *texts[] = {
        x->label, e->metric, e->arm, e->against, e->segment, e->estimand};
    const double numbers[] = {x->information, e->estimate, e->std_error, e->ci_low,
        e->ci_high, e->p_value, e->e_value, x->running_low, x->running_high,
        x->running_p};
    const double more[] = {x->fixed_low, x->fixed_high, e->critical, e->relative,
        e->relative_low, e->relative_high, e->adjusted_p_value, e->adjusted_low,
        e->adjusted_high, e->has_margin ? e->margin_p_value : (double)NAN};
    row[0].integer = x->look;
    row[7].integer = e->n;
    row[8].integer = e->clusters;
    for (int k = 0; k < 10; k++) {
        row[9 + k].number = numbers[k];
    }
    for (int k = 0; k < 10; k++) {
        row[20 + k].number = more[k];
    }
    for (int k = 0; k < 6; k++) {
        UP_TRY(upi_cell_set(&row[1 + k], texts[k], err));
    }
    UP_TRY(upi_cell_set(&row[19], upi_decision_name(x->decision), err));
out:
    return status;
}

static up_status
fill_rows(const up_monitor *m, up_result *r, up_error *err)
{
    up_status status = UP_OK;
    r->rows.columns = columns;
    r->rows.n_columns = COLUMNS;
    for (int64_t i = 0; i < up_monitor_count(m); i++) {
        up_monitor_row x = up_monitor_get(m, i);
        upi_cell *row = NULL;
        UP_TRY(upi_sheet_add(&r->rows, &row, err));
        UP_TRY(fill_row(row, &x, err));
    }
out:
    return status;
}

/* A failure of a look that a later look, with more rows, may not have. */
static bool
may_pass(up_status status)
{
    return status == UP_E_ARMS || status == UP_E_NO_VARIATION ||
           status == UP_E_SINGULAR || status == UP_E_EMPTY || status == UP_E_CLUSTER ||
           status == UP_E_WEAK_INSTRUMENT;
}

static up_status
skip(path *p, const char *label, up_error *err)
{
    up_error reason = *err;
    *err = (up_error)UP_ERROR_INIT;
    return upi_notes_add(&p->notes, UP_N_LOOK_SKIPPED, label, (double)NAN, (double)NAN,
        err, "Look '%.60s' was left out: %.200s.", label, reason.message);
}

/* Takes a look at moments, which it then owns. last: nothing comes after it. */
static up_status
look(path *p, const upi_pipeline *like, up_moments *moments, const char *label,
    bool last, up_error *err)
{
    up_status status = UP_OK;
    upi_pipeline now = {
        .moments = moments, .linear = like->linear, .capsule = like->capsule};
    UP_TRY(upi_pipeline_fit(p->q, p->run, &now, err));
    UP_TRY(up_monitor_look(p->monitor, now.model, label, err));
    upi_pipeline_clear(&p->last);
    p->last = now;
    now = (upi_pipeline){0};
out:
    upi_pipeline_clear(&now);
    return status != UP_OK && may_pass(status) && !last ? skip(p, label, err) : status;
}

/* ---- looks by a column ---- */

static up_status
check_periods(const upi_request *q, const upi_pipeline *all, int64_t *n, up_error *err)
{
    const char *by = upi_request_text(q, "looks-by");
    int64_t time = all->moments->time;
    if (time < 0 || (all->capsule && strcmp(all->moments->keys[time].name, by) != 0)) {
        (void)upi_fail(err, UP_E_NEEDS_ROWS, "looks-by",
            "the capsule was not made with --time %s", by);
        return upi_fix(err, "run 'upshot fit' on the rows with --time %s --save", by);
    }
    const upi_key *key = &all->moments->keys[time];
    *n = key->n_levels - (key->missing_level >= 0 ? 1 : 0);
    if (*n > 1000) {
        (void)upi_fail(err, UP_E_LOOKS, "looks-by",
            "'%s' has %lld values; there can be 1,000 looks", by, (long long)*n);
        return upi_fix(err, "look less often, e.g. --looks-by 'floor(day / 7)'");
    }
    return UP_OK;
}

static up_status
look_until(path *p, const upi_pipeline *all, int64_t period, bool last, up_error *err)
{
    const char *label = all->moments->keys[all->moments->time].label[period];
    up_moments *until = NULL;
    up_status status = upi_moments_until(all->moments, period, &until, err);
    if (status != UP_OK) {
        return may_pass(status) && !last ? skip(p, label, err) : status;
    }
    return look(p, all, until, label, last, err);
}

static up_status
look_by_column(path *p, up_error *err)
{
    up_status status = UP_OK;
    upi_pipeline all = {0};
    int64_t n = 0;
    UP_TRY(
        upi_pipeline_read(p->q, upi_request_text(p->q, "source"), p->run, &all, err));
    UP_TRY(check_periods(p->q, &all, &n, err));
    for (int64_t k = 0; k < n; k++) {
        UP_TRY(look_until(p, &all, k, k + 1 == n, err));
    }
    for (int64_t i = 0; i < all.moments->notes.n; i++) {
        UP_TRY(upi_pipeline_note(&p->notes, all.moments->notes.items[i], err));
    }
out:
    upi_pipeline_clear(&all);
    return status;
}

/* ---- a capsule per look ---- */

static up_status
refuse_rows(const upi_request *q, const up_run *run, const char *source, up_error *err)
{
    if (upi_pipeline_capsule(run, source) != NULL) {
        return UP_OK;
    }
    (void)upi_fail(err, UP_E_USAGE, "source",
        "'%s' is no capsule, and without --looks-by nothing says what a look is",
        source);
    return upi_fix(err, "e.g. %s", q->verb->examples[0]);
}

/* Increments need every look: what is left out could not be added up. */
static up_status
look_at_capsule(path *p, const char *name, bool last, up_error *err)
{
    up_status status = UP_OK;
    upi_pipeline one = {0};
    up_moments *all = NULL;
    bool increments = upi_request_flag(p->q, "increments");
    UP_TRY(refuse_rows(p->q, p->run, name, err));
    UP_TRY(upi_pipeline_read(p->q, name, p->run, &one, err));
    if (increments && p->last.moments != NULL) {
        UP_TRY(up_moments_merge(p->last.moments, one.moments, &all, err));
    } else {
        all = one.moments;
        one.moments = NULL;
    }
    UP_TRY(look(p, &one, all, name, increments || last, err));
out:
    upi_pipeline_clear(&one);
    return status;
}

static up_status
look_at_capsules(path *p, up_error *err)
{
    up_status status = UP_OK;
    const upi_value *source = upi_request_value(p->q, "source");
    for (int64_t k = 0; k < source->n; k++) {
        UP_TRY(look_at_capsule(p, source->text[k], k + 1 == source->n, err));
    }
out:
    return status;
}

/* ---- the question ---- */

/* The monitor borrows what `inference` holds. */
static up_status
start(const upi_request *q, const up_run *run, upi_inference *inference,
    up_monitor **out, up_error *err)
{
    up_status status = UP_OK;
    const upi_value *where = upi_request_value(q, "where");
    const upi_value *metric = upi_request_value(q, "metric");
    up_effect_opts *o =
        UP_EFFECT_OPTS(.where = (const char *const *)where->text, .n_where = where->n,
            .by = upi_request_text(q, "by"), .against = upi_request_text(q, "against"),
            .estimand = upi_request_integer(q, "estimand"),
            .relative = upi_request_integer(q, "relative"),
            .population = upi_request_integer(q, "population"),
            .level = upi_request_number(q, "level"));
    UP_TRY(upi_inference_read(q, inference, o, err));
    if (!upi_request_value(q, "inference")->given) {
        o->inference = UP_INFERENCE_ANYTIME;
    }
    if (upi_pipeline_capsule(run, upi_request_text(q, "source")) != NULL &&
        metric->given) {
        o->metrics = (const char *const *)metric->text;
        o->n_metrics = metric->n;
    }
    UP_TRY(up_monitor_new(o, out, err));
out:
    return status;
}

static up_status
set_options(const upi_request *q, const path *p, up_result *r, up_error *err)
{
    up_inference_used used = up_monitor_inference(p->monitor);
    bool anytime = used.inference == UP_INFERENCE_ANYTIME;
    upi_text t = {0};
    upi_json j;
    upi_json_start(&j, &t, 0, 0);
    upi_json_object(&j);
    upi_json_put_string(&j, "looks_by", upi_request_text(q, "looks-by"));
    upi_json_put_bool(&j, "increments", upi_request_flag(q, "increments"));
    upi_json_put_string(&j, "rule", anytime ? "anytime" : "group");
    upi_json_put_double(&j, "mixture_used", used.mixture);
    upi_json_put_string(&j, "unit", used.unit_is_cluster != 0 ? "cluster" : "row");
    upi_inference_json(q, &j);
    upi_json_put_string(&j, "estimand", upi_request_text(q, "estimand"));
    upi_json_put_string(&j, "relative", upi_request_text(q, "relative"));
    upi_json_put_string(&j, "population", upi_request_text(q, "population"));
    upi_json_put_double(&j, "level", upi_request_number(q, "level"));
    upi_json_put_string(&j, "vcov", up_model_vcov(p->last.model));
    upi_json_put_string(&j, "interactions", upi_pipeline_interactions(&p->last));
    upi_json_put_list(&j, "where", upi_request_value(q, "where"));
    upi_json_put_string(&j, "by", upi_request_text(q, "by"));
    upi_json_put_string(&j, "against", upi_request_text(q, "against"));
    upi_json_put_list(&j, "accept", upi_request_value(q, "accept"));
    upi_json_object_end(&j);
    return upi_text_take(&t, &r->options, err);
}

static bool
same_effect(const up_effect *a, const up_effect *b)
{
    return strcmp(a->metric, b->metric) == 0 && strcmp(a->arm, b->arm) == 0 &&
           strcmp(a->segment, b->segment) == 0 && strcmp(a->against, b->against) == 0;
}

/* The first effect of the last look, and the look that decided it. */
static up_monitor_row
headline_row(const up_monitor *m, up_monitor_row *decided)
{
    int64_t n = up_monitor_count(m);
    up_monitor_row last = up_monitor_get(m, n - 1);
    for (int64_t i = n - 1; i >= 0 && up_monitor_get(m, i).look == last.look; i--) {
        last = up_monitor_get(m, i);
    }
    *decided = last;
    for (int64_t i = n - 1; i >= 0; i--) {
        up_monitor_row row = up_monitor_get(m, i);
        if (same_effect(&row.effect, &last.effect) &&
            row.decision != UP_DECISION_NONE) {
            *decided = row;
        }
    }
    return last;
}

static up_status
set_headline(const up_monitor *m, double level, up_result *r, up_error *err)
{
    const upi_style plain = {0};
    up_monitor_row decided;
    up_monitor_row last = headline_row(m, &decided);
    const up_effect *e = &last.effect;
    char x[3][UPI_NUMBER_CHARS];
    char digits[UPI_DOUBLE_CHARS];
    upi_text t = {0};
    int decimals = upi_decimals(e->std_error);
    const double numbers[3] = {e->estimate, last.running_low, last.running_high};
    for (int i = 0; i < 3; i++) {
        upi_number_text(&plain, numbers[i], decimals, true, x[i]);
    }
    upi_double_text_digits(100 * level, 6, digits);
    upi_text_addf(&t, "%s: %s against %s %s", e->metric, e->arm, e->against, x[0]);
    if (last.empty != 0) {
        upi_text_add(&t, "; the intervals of the looks have nothing in common");
    } else {
        bool one_end = isinf(last.running_low) != isinf(last.running_high);
        upi_text_addf(&t, ", %s%% interval over all looks ", digits);
        if (one_end) {
            bool above = isinf(last.running_high);
            upi_text_addf(&t, above ? "above %s" : "below %s", above ? x[1] : x[2]);
        } else {
            upi_text_addf(&t, "[%s, %s]", x[1], x[2]);
        }
    }
    if (last.decision == UP_DECISION_NONE) {
        upi_text_addf(&t, "; nothing is decided after %lld look%s",
            (long long)up_monitor_looks(m), up_monitor_looks(m) > 1 ? "s" : "");
    } else {
        upi_text_addf(&t, "; %s since look %lld (%s)", upi_decision_name(last.decision),
            (long long)decided.look, decided.label);
    }
    upi_free(r->headline);
    r->headline = NULL;
    return upi_text_take(&t, &r->headline, err);
}

static up_status
add_words(const path *p, up_result *r, up_error *err)
{
    up_status status = UP_OK;
    UP_TRY(upi_strdup_to(&r->estimand, up_monitor_estimand(p->monitor), err));
    for (int64_t i = 0; i < up_monitor_assumptions(p->monitor); i++) {
        UP_TRY(upi_strings_add(
            &r->assumptions, err, "%s", up_monitor_assumption(p->monitor, i)));
    }
    for (int64_t i = 0; i < up_monitor_notes(p->monitor); i++) {
        UP_TRY(upi_pipeline_note(&r->notes, up_monitor_note(p->monitor, i), err));
    }
    UP_TRY(upi_notes_append(&r->notes, &p->notes, err));
out:
    return status;
}

static up_status
add_next(const upi_request *q, up_result *r, up_error *err)
{
    up_status status = UP_OK;
    char *next = NULL;
    const upi_value *source = upi_request_value(q, "source");
    const char *by = upi_request_text(q, "looks-by");
    UP_TRY(
        upi_next_command(q, "effect", source->text[source->n - 1], true, &next, err));
    if (by != NULL) {
        upi_text t = {0};
        upi_shell_word(&t, by);
        status = upi_strings_add(
            &r->next, err, "%s --over %s", next, t.s != NULL ? t.s : "");
        upi_text_free(&t);
    } else {
        status = upi_strings_add(&r->next, err, "%s", next);
    }
out:
    upi_free(next);
    return status;
}

/* Everything that is said of the path, once all looks are taken. */
static up_status
tell(const upi_request *q, path *p, up_result *out, up_error *err)
{
    up_status status = UP_OK;
    if (up_monitor_looks(p->monitor) == 0) {
        return upi_fail(err, UP_E_LOOKS, "looks", "there is no look");
    }
    UP_TRY(upi_pipeline_guard(&p->last, q, err));
    out->view = UPI_VIEW_LOOKS;
    out->level = upi_request_number(q, "level");
    UP_TRY(upi_pipeline_describe(&p->last, q, out, err));
    UP_TRY(fill_rows(p->monitor, out, err));
    UP_TRY(set_headline(p->monitor, out->level, out, err));
    UP_TRY(add_words(p, out, err));
    UP_TRY(upi_pipeline_checks(&p->last, q, out, err));
    UP_TRY(set_options(q, p, out, err));
    UP_TRY(add_next(q, out, err));
out:
    return status;
}

up_status
upi_handle_monitor(
    const upi_request *q, const up_run *run, up_result *out, up_error *err)
{
    up_status status = UP_OK;
    path p = {.q = q, .run = run};
    upi_inference inference = {0};
    bool by = upi_request_text(q, "looks-by") != NULL;
    if (by &&
        (upi_request_value(q, "source")->n > 1 || upi_request_flag(q, "increments"))) {
        (void)upi_fail(err, UP_E_USAGE, "looks-by",
            "looks are by a column of one source, or by capsules, not both");
        return upi_fix(err, "leave --looks-by out, or give one source");
    }
    UP_TRY(start(q, run, &inference, &p.monitor, err));
    UP_TRY(by ? look_by_column(&p, err) : look_at_capsules(&p, err));
    UP_TRY(tell(q, &p, out, err));
out:
    up_monitor_free(p.monitor);
    upi_pipeline_clear(&p.last);
    upi_notes_free(&p.notes);
    upi_inference_clear(&inference);
    return status;
}
