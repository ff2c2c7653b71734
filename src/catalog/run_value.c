/* Carries out `value` and `adaptive`. */
#include "base/json.h"
#include "catalog/pipeline.h"
#include "catalog/verbs.h"
#include "moments/moments.h"
#include "report/style.h"

#include <upshot/adaptive.h>
#include <upshot/value.h>

#include <math.h>

static const upi_sheet_column value_columns[] = {{"quantity", UPI_CELL_TEXT, false},
    {"method", UPI_CELL_TEXT, false}, {"estimate", UPI_CELL_NUMBER, false},
    {"std_error", UPI_CELL_NUMBER, false}, {"p_value", UPI_CELL_NUMBER, false},
    {"conf_low", UPI_CELL_NUMBER, false}, {"conf_high", UPI_CELL_NUMBER, false}};

static const upi_sheet_column adaptive_columns[] = {{"metric", UPI_CELL_TEXT, false},
    {"arm", UPI_CELL_TEXT, false}, {"against", UPI_CELL_TEXT, false},
    {"estimate", UPI_CELL_NUMBER, false}, {"std_error", UPI_CELL_NUMBER, false},
    {"p_value", UPI_CELL_NUMBER, false}, {"conf_low", UPI_CELL_NUMBER, false},
    {"conf_high", UPI_CELL_NUMBER, false}, {"n", UPI_CELL_INTEGER, false},
    {"clusters", UPI_CELL_INTEGER, true}};

/* "+0.31, 95% interval [+0.12, +0.50]" */
static void
interval_words(
    double x, double error, double low, double high, double level, upi_text *t)
{
    const upi_style plain = {0};
    int decimals = upi_decimals(error);
    char digits[UPI_DOUBLE_CHARS];
    char text[3][UPI_NUMBER_CHARS];
    upi_number_text(&plain, x, decimals, true, text[0]);
    upi_number_text(&plain, low, decimals, true, text[1]);
    upi_number_text(&plain, high, decimals, true, text[2]);
    upi_double_text_digits(100 * level, 6, digits);
    upi_text_addf(t, "%s, %s%% interval [%s, %s]", text[0], digits, text[1], text[2]);
}

/* ---- value ---- */

static up_status
fill_value(const up_value *v, up_result *r, up_error *err)
{
    up_status status = UP_OK;
    r->rows.columns = value_columns;
    r->rows.n_columns = sizeof value_columns / sizeof value_columns[0];
    for (int64_t i = 0; i < up_value_count(v); i++) {
        up_value_row e = up_value_get(v, i);
        upi_cell *row = NULL;
        const double numbers[] = {
            e.estimate, e.std_error, e.p_value, e.ci_low, e.ci_high};
        UP_TRY(upi_sheet_add(&r->rows, &row, err));
        UP_TRY(upi_cell_set(&row[0], e.quantity, err));
        UP_TRY(upi_cell_set(&row[1], e.method, err));
        for (int k = 0; k < 5; k++) {
            row[2 + k].number = numbers[k];
        }
    }
out:
    return status;
}

static up_status
note_coverage(const up_value *v, up_result *r, up_error *err)
{
    up_status status = UP_OK;
    up_value_overlap o = up_value_overlap_of(v);
    UP_TRY(upi_notes_add(&r->notes, UP_N_POLICY_COVERAGE, "effective_rows",
        o.effective_rows, (double)o.rows, err,
        "For this policy the log is worth %.4g rows of %lld.", o.effective_rows,
        (long long)o.rows));
    UP_TRY(upi_notes_add(&r->notes, UP_N_POLICY_COVERAGE, "max_weight", o.max_weight,
        (double)NAN, err,
        "The largest weight is %.4g; they average %.4g (1 is expected).", o.max_weight,
        o.mean_weight));
    for (int64_t i = 0; i < up_value_notes(v); i++) {
        UP_TRY(upi_pipeline_note(&r->notes, up_value_note(v, i), err));
    }
out:
    return status;
}

static up_status
value_headline(const up_value *v, double level, up_result *r, up_error *err)
{
    upi_text t = {0};
    up_value_row gain = up_value_get(v, 3);
    up_value_overlap o = up_value_overlap_of(v);
    upi_text_add(&t, "gain over always playing control ");
    interval_words(gain.estimate, gain.std_error, gain.ci_low, gain.ci_high, level, &t);
    upi_text_addf(&t, "; the log is worth %.0f of its %lld rows for this policy",
        o.effective_rows, (long long)o.rows);
    return upi_text_take(&t, &r->headline, err);
}

/* The metric asked for; else the only one of the log; else that of the policy. */
static const char *
reward_of(const upi_request *q, const upi_pipeline *p, const up_policy *policy)
{
    const char *name = upi_request_text(q, "reward");
    const up_experiment *e = p->moments->experiment;
    if (name == NULL && e->n_metrics == 1) {
        return e->metrics[0].name;
    }
    return name != NULL ? name : up_policy_describe(policy).metric;
}

static up_status
value_options(const upi_request *q, const upi_pipeline *p, const char *reward,
    up_result *r, up_error *err)
{
    upi_text t = {0};
    upi_json j;
    upi_json_start(&j, &t, 0, 0);
    upi_json_object(&j);
    upi_json_put_string(&j, "policy", upi_request_text(q, "policy"));
    upi_json_put_string(&j, "reward", reward);
    upi_json_put_double(&j, "uncovered", upi_request_number(q, "uncovered"));
    upi_json_put_double(&j, "level", upi_request_number(q, "level"));
    upi_json_put_string(&j, "interactions", upi_pipeline_interactions(p));
    upi_json_put_list(&j, "accept", upi_request_value(q, "accept"));
    upi_json_object_end(&j);
    return upi_text_take(&t, &r->options, err);
}

up_status
upi_handle_value(const upi_request *q, const up_run *run, up_result *out, up_error *err)
{
    up_status status = UP_OK;
    upi_pipeline p = {0};
    up_policy *policy = NULL;
    up_value *v = NULL;
    UP_TRY(up_policy_load(upi_request_text(q, "policy"), &policy, err));
    UP_TRY(upi_pipeline_run(q, run, &p, err));
    UP_TRY(upi_pipeline_guard(&p, q, err));
    const char *reward = reward_of(q, &p, policy);
    out->view = UPI_VIEW_TABLE;
    out->level = upi_request_number(q, "level");
    UP_TRY(up_policy_value(policy, p.model,
        UP_VALUE_OPTS(.metric = reward, .level = out->level,
            .uncovered = upi_request_number(q, "uncovered")),
        run, &v, err));
    UP_TRY(upi_pipeline_describe(&p, q, out, err));
    UP_TRY(fill_value(v, out, err));
    UP_TRY(value_headline(v, out->level, out, err));
    UP_TRY(upi_pipeline_checks(&p, q, out, err));
    UP_TRY(note_coverage(v, out, err));
    UP_TRY(value_options(q, &p, reward, out, err));
out:
    up_value_free(v);
    up_policy_free(policy);
    upi_pipeline_clear(&p);
    return status;
}

/* ---- adaptive ---- */

static up_status
fill_adaptive(const up_adaptive *a, up_result *r, up_error *err)
{
    up_status status = UP_OK;
    r->rows.columns = adaptive_columns;
    r->rows.n_columns = sizeof adaptive_columns / sizeof adaptive_columns[0];
    for (int64_t i = 0; i < up_adaptive_count(a); i++) {
        up_effect e = up_adaptive_get(a, i);
        upi_cell *row = NULL;
        const double numbers[] = {
            e.estimate, e.std_error, e.p_value, e.ci_low, e.ci_high};
        UP_TRY(upi_sheet_add(&r->rows, &row, err));
        UP_TRY(upi_cell_set(&row[0], e.metric, err));
        UP_TRY(upi_cell_set(&row[1], e.arm, err));
        UP_TRY(upi_cell_set(&row[2], e.against, err));
        for (int k = 0; k < 5; k++) {
            row[3 + k].number = numbers[k];
        }
        row[8].integer = e.n;
        row[9].integer = e.clusters;
    }
out:
    return status;
}

/* The first effect in a sentence. */
static up_status
adaptive_headline(const upi_request *q, const up_adaptive *a, double level,
    up_result *r, up_error *err)
{
    upi_text t = {0};
    int64_t i = 0;
    while (i + 1 < up_adaptive_count(a) && up_adaptive_get(a, i).against[0] == '\0') {
        i++;
    }
    up_effect e = up_adaptive_get(a, i);
    upi_text_addf(&t, "%s: %s against %s ", e.metric, e.arm, e.against);
    interval_words(e.estimate, e.std_error, e.ci_low, e.ci_high, level, &t);
    upi_text_addf(&t, "%s; %lld batches",
        upi_request_flag(q, "anytime") ? " valid at every batch" : "",
        (long long)up_adaptive_batches(a));
    return upi_text_take(&t, &r->headline, err);
}

static up_status
adaptive_options(const upi_request *q, up_result *r, up_error *err)
{
    upi_text t = {0};
    upi_json j;
    bool anytime = upi_request_flag(q, "anytime");
    upi_json_start(&j, &t, 0, 0);
    upi_json_object(&j);
    upi_json_put_string(
        &j, "weights", anytime ? "uniform" : upi_request_text(q, "weights"));
    upi_json_put_double(&j, "decay", upi_request_number(q, "decay"));
    upi_json_put_bool(&j, "no_model", upi_request_flag(q, "no-model"));
    upi_json_put_bool(&j, "anytime", anytime);
    upi_json_put_double(
        &j, "planned", anytime ? upi_request_number(q, "planned") : (double)NAN);
    upi_json_put_double(&j, "level", upi_request_number(q, "level"));
    upi_json_put_list(&j, "accept", upi_request_value(q, "accept"));
    upi_json_object_end(&j);
    return upi_text_take(&t, &r->options, err);
}

static up_status
adaptive_words(const upi_request *q, const upi_pipeline *p, up_result *r, up_error *err)
{
    static const char *const assumptions[] = {
        "the propensities are those with which arms were played",
        "they depend on earlier batches and on the covariates given only",
        "rows (or clusters) of a batch are independent given the batches before"};
    up_status status = UP_OK;
    char *next = NULL;
    UP_TRY(upi_result_say(&r->estimand, err,
        "mean of the metric had all units been given the arm, and differences of such "
        "means, averaged over batches"));
    for (int i = 0; i < 3; i++) {
        UP_TRY(upi_strings_add(&r->assumptions, err, "%s", assumptions[i]));
    }
    UP_TRY(upi_next_command(
        q, "policy", upi_request_text(q, "source"), !p->capsule, &next, err));
    UP_TRY(upi_strings_add(&r->next, err, "%s --save next.json", next));
out:
    upi_free(next);
    return status;
}

/* Notes on least squares, and on this very verb, say nothing here. */
static bool
is_foreign(up_note_code code)
{
    return code == UP_W_ADAPTIVE || code == UP_N_PROPENSITY_WEIGHTS ||
           code == UP_N_NO_COVARIATES;
}

static up_status
add_notes(const up_adaptive *a, up_result *r, up_error *err)
{
    up_status status = UP_OK;
    int64_t kept = 0;
    for (int64_t i = 0; i < r->notes.n; i++) {
        if (!is_foreign(r->notes.items[i].code)) {
            r->notes.items[kept++] = r->notes.items[i];
        }
    }
    r->notes.n = kept;
    for (int64_t i = 0; i < up_adaptive_notes(a); i++) {
        UP_TRY(upi_pipeline_note(&r->notes, up_adaptive_note(a, i), err));
    }
out:
    return status;
}

up_status
upi_handle_adaptive(
    const upi_request *q, const up_run *run, up_result *out, up_error *err)
{
    up_status status = UP_OK;
    upi_pipeline p = {0};
    up_adaptive *a = NULL;
    bool planned = upi_request_value(q, "planned")->given;
    UP_TRY(upi_pipeline_run(q, run, &p, err));
    UP_TRY(upi_pipeline_guard(&p, q, err));
    out->view = UPI_VIEW_TABLE;
    out->level = upi_request_number(q, "level");
    UP_TRY(up_infer_adaptive(p.moments,
        UP_ADAPTIVE_OPTS(.weights = upi_request_integer(q, "weights"),
            .decay = upi_request_number(q, "decay"),
            .no_model = upi_request_flag(q, "no-model"), .level = out->level,
            .anytime = upi_request_flag(q, "anytime"),
            .planned = planned ? upi_request_number(q, "planned") : 0),
        &a, err));
    UP_TRY(upi_pipeline_describe(&p, q, out, err));
    UP_TRY(fill_adaptive(a, out, err));
    UP_TRY(adaptive_headline(q, a, out->level, out, err));
    UP_TRY(upi_pipeline_checks(&p, q, out, err));
    UP_TRY(add_notes(a, out, err));
    UP_TRY(adaptive_options(q, out, err));
    UP_TRY(adaptive_words(q, &p, out, err));
out:
    up_adaptive_free(a);
    upi_pipeline_clear(&p);
    return status;
}
