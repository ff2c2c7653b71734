/* Carries out `effect`. */
#include "base/json.h"
#include "catalog/effect_rows.h"
#include "catalog/inference.h"
#include "catalog/question.h"
#include "catalog/verbs.h"
#include "moments/moments.h"
#include "report/style.h"

#include <upshot/bayes.h>
#include <upshot/truth.h>

#include <math.h>
#include <string.h>

static up_status
fill_rows(const upi_request *q, const up_model *m, const up_effects *effects,
    up_result *r, up_error *err)
{
    up_status status = UP_OK;
    up_truth *truth = NULL;
    const char *path = upi_request_text(q, "truth");
    bool cumulative = upi_request_flag(q, "cumulative");
    if (path != NULL) {
        UP_TRY(up_truth_open(path, &truth, err));
    }
    UP_TRY(upi_effect_columns(q, m, r, err));
    for (int64_t i = 0; i < up_effects_count(effects); i++) {
        up_effect e = up_effects_get(effects, i);
        upi_cell *row = NULL;
        UP_TRY(upi_sheet_add(&r->rows, &row, err));
        UP_TRY(upi_effect_row(&r->rows, row, &e, err));
        upi_effect_number(
            &r->rows, row, "prob_positive", up_effects_probability(effects, i, 0));
        if (truth != NULL) {
            upi_effect_number(
                &r->rows, row, "truth", up_truth_effect(truth, &e, cumulative));
        }
    }
out:
    up_truth_free(truth);
    return status;
}

/* The first row in a sentence, in plain characters: it stands in JSON as well. */
static up_status
set_headline(const up_effects *effects, double level, up_result *r, up_error *err)
{
    const upi_style plain = {0};
    up_effect e = up_effects_get(effects, 0);
    char x[UPI_NUMBER_CHARS];
    char claim[96];
    upi_text t = {0};
    int decimals = upi_decimals(e.std_error);
    upi_number_text(&plain, e.estimate, decimals, true, x);
    upi_text_addf(&t, "%s: %s against %s %s", e.metric, e.arm, e.against, x);
    if (isfinite(e.relative)) {
        double spread = 100 * fabs(e.relative_high - e.relative_low) / 4;
        decimals = isfinite(spread) ? upi_decimals(spread) : 1;
        upi_number_text(&plain, 100 * e.relative, decimals > 4 ? 4 : decimals, true, x);
        upi_text_addf(&t, " (%s%%)", x);
    }
    upi_effect_interval(&t, &e, level);
    if (e.segment[0] != '\0') {
        upi_text_addf(&t, " where %s", e.segment);
    }
    if (e.period[0] != '\0') {
        upi_text_addf(&t, " in period %s", e.period);
    }
    if (e.has_margin) {
        upi_margin_text(&e, claim, sizeof claim);
        upi_text_addf(&t, "; %s that the effect is %s",
            e.decision != UP_DECISION_NONE ? "shown" : "not shown", claim);
    }
    if (up_effects_count(effects) > 1) {
        upi_text_addf(&t, "; %lld rows in all", (long long)up_effects_count(effects));
    }
    upi_free(r->headline);
    r->headline = NULL;
    return upi_text_take(&t, &r->headline, err);
}

/* What was asked of the model, as resolved. How it was run (threads, memory) is left out:
 * it cannot change the answer. */
static up_status
set_options(const upi_request *q, const upi_pipeline *p, up_result *r, up_error *err)
{
    upi_text t = {0};
    upi_json j;
    upi_json_start(&j, &t, 0, 0);
    upi_json_object(&j);
    upi_question_json(q, p, &j);
    upi_json_put_string(&j, "relative", upi_request_text(q, "relative"));
    upi_json_put_bool(&j, "compare_segments", upi_request_flag(q, "compare-segments"));
    upi_json_put_bool(&j, "absolute_only", upi_request_flag(q, "absolute-only"));
    upi_inference_json(q, &j);
    if (upi_request_text(q, "graph") != NULL) {
        upi_json_put_string(&j, "graph", upi_request_text(q, "graph"));
    }
    upi_json_object_end(&j);
    return upi_text_take(&t, &r->options, err);
}

static up_status
infer(const upi_request *q, const upi_pipeline *p, up_effects **out, up_error *err)
{
    up_status status = UP_OK;
    upi_inference inference = {0};
    up_effect_opts o = {0};
    UP_TRY(upi_question_options(q, p, &o, err));
    o.compare_segments = upi_request_flag(q, "compare-segments");
    o.scale = upi_request_flag(q, "absolute-only") ? UP_SCALE_ABSOLUTE : UP_SCALE_BOTH;
    o.relative = upi_request_integer(q, "relative");
    UP_TRY(upi_inference_read(q, &inference, &o, err));
    UP_TRY(up_infer_effect(p->model, &o, out, err));
out:
    upi_inference_clear(&inference);
    return status;
}

/* Many comparisons are answered together by the next command; NULL = there are few. */
static const char *
adjustment(const upi_notes *notes)
{
    for (int64_t i = 0; i < notes->n; i++) {
        if (notes->items[i].code == UP_N_MANY_COMPARISONS) {
            bool max_t = strstr(notes->items[i].text, "max-t") != NULL;
            return max_t ? " --adjust max-t" : " --adjust holm";
        }
    }
    return NULL;
}

static up_status
suggest(const upi_request *q, const upi_pipeline *p, up_result *r, up_error *err)
{
    up_status status = UP_OK;
    const char *adjust = adjustment(&r->notes);
    UP_TRY(adjust != NULL ? upi_next_again(q, p, adjust, r, err) : UP_OK);
    UP_TRY(upi_next_roles(q, p, "rank", r, err));
out:
    return status;
}

up_status
upi_handle_effect(
    const upi_request *q, const up_run *run, up_result *out, up_error *err)
{
    up_status status = UP_OK;
    upi_pipeline p = {0};
    up_effects *effects = NULL;
    up_effect_opts asked = {0};
    UP_TRY(upi_pipeline_run(q, run, &p, err));
    UP_TRY(upi_question_options(q, &p, &asked, err));
    UP_TRY(
        upi_pipeline_graph(&p, q, &asked, out, err)); /* it explains what checks find */
    UP_TRY(upi_pipeline_guard(&p, q, err));
    UP_TRY(infer(q, &p, &effects, err));
    out->view = UPI_VIEW_EFFECTS;
    out->level = upi_request_number(q, "level");
    UP_TRY(upi_pipeline_describe(&p, q, out, err));
    UP_TRY(fill_rows(q, p.model, effects, out, err));
    UP_TRY(set_headline(effects, out->level, out, err));
    UP_TRY(upi_question_words(effects, out, err));
    UP_TRY(upi_pipeline_checks(&p, q, out, err));
    UP_TRY(set_options(q, &p, out, err));
    /* What changed is known; what to do about it, and what that may cost, is not. */
    UP_TRY(suggest(q, &p, out, err));
out:
    up_effects_free(effects);
    upi_pipeline_clear(&p);
    return status;
}
