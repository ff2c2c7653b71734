/* Carries out `project`. */
#include "base/json.h"
#include "catalog/effect_rows.h"
#include "catalog/inference.h"
#include "catalog/question.h"
#include "catalog/verbs.h"
#include "report/style.h"

#include <upshot/project.h>
#include <upshot/truth.h>

#include <math.h>
#include <stdio.h>
#include <string.h>

static const char *const methods[] = {"none", "shares", "raking", "entropy", "odds"};

/* ---- the target ---- */

/* Rows or a capsule; NULL without --target. */
static up_status
read_target(const upi_request *q, const up_model *m, const up_run *run,
    up_moments **out, up_error *err)
{
    up_status status = UP_OK;
    const char *path = upi_request_text(q, "target");
    up_source *source = NULL;
    if (path == NULL) {
        return UP_OK;
    }
    const char *capsule = upi_pipeline_capsule(run, path);
    if (capsule != NULL) {
        return up_moments_load(capsule, out, err);
    }
    UP_TRY(up_source_open(path, run, &source, err));
    UP_TRY(up_target_build(m, source, run, out, err));
out:
    up_source_free(source);
    return status;
}

static up_status
effect_options(const upi_request *q, const upi_pipeline *p, upi_inference *inference,
    up_effect_opts *o, up_error *err)
{
    up_status status = UP_OK;
    UP_TRY(upi_question_options(q, p, o, err));
    UP_TRY(upi_inference_read(q, inference, o, err));
    o->compare_segments = upi_request_flag(q, "compare-segments");
    o->scale = upi_request_flag(q, "absolute-only") ? UP_SCALE_ABSOLUTE : UP_SCALE_BOTH;
    o->relative = upi_request_integer(q, "relative");
out:
    return status;
}

/* The effects asked for, and the same in the population of the experiment where there is
 * another one. */
static up_status
infer(const upi_request *q, const upi_pipeline *p, const up_moments *target,
    up_effects **out, up_effects **experiment, up_error *err)
{
    up_status status = UP_OK;
    const upi_value *to = upi_request_value(q, "to");
    const upi_value *means = upi_request_value(q, "means");
    upi_inference inference = {0};
    up_effect_opts effect;
    UP_TRY(effect_options(q, p, &inference, &effect, err));
    up_project_opts *o = UP_PROJECT_OPTS(.to = (const char *const *)to->text,
        .n_to = to->n, .means = (const char *const *)means->text, .n_means = means->n,
        .population = target, .method = upi_request_integer(q, "method"),
        .size = upi_request_integer(q, "target-size"),
        .forward = upi_request_integer(q, "forward"),
        .rule = upi_request_integer(q, "rule"),
        .accept = upi_request_accepts(q, "E_HORIZON"));
    UP_TRY(up_project(p->model, &effect, o, out, err));
    if (up_effects_target(*out).method == 0) {
        goto out;
    }
    if (o->forward == 0) {
        UP_TRY(up_infer_effect(p->model, &effect, experiment, err));
    } else {
        o = UP_PROJECT_OPTS(.forward = o->forward, .rule = o->rule, .accept = 1);
        status = up_project(p->model, &effect, o, experiment, err);
        if (status == UP_E_HORIZON) { /* the rule need not fit there */
            *err = (up_error)UP_ERROR_INIT;
            status = UP_OK;
        }
    }
out:
    upi_inference_clear(&inference);
    return status;
}

/* ---- rows ---- */

static up_status
fill_rows(const upi_request *q, const up_model *m, const up_effects *effects,
    const up_effects *experiment, up_result *r, up_error *err)
{
    up_status status = UP_OK;
    const up_effect none = {
        .estimate = (double)NAN, .ci_low = (double)NAN, .ci_high = (double)NAN};
    bool later = up_effects_forward_fits(effects) > 0;
    up_truth *truth = NULL;
    if (upi_request_text(q, "truth") != NULL) {
        UP_TRY(up_truth_open(upi_request_text(q, "truth"), &truth, err));
    }
    UP_TRY(upi_effect_columns(q, m, r, err));
    for (int64_t i = 0; i < up_effects_count(effects); i++) {
        up_effect e = up_effects_get(effects, i);
        up_effect x = experiment != NULL ? up_effects_get(experiment, i) : none;
        upi_cell *row = NULL;
        UP_TRY(upi_sheet_add(&r->rows, &row, err));
        UP_TRY(upi_effect_row(&r->rows, row, &e, err));
        upi_effect_number(
            &r->rows, row, "prob_positive", up_effects_probability(effects, i, 0));
        upi_effect_number(&r->rows, row, "experiment", x.estimate);
        upi_effect_number(&r->rows, row, "experiment_low", x.ci_low);
        upi_effect_number(&r->rows, row, "experiment_high", x.ci_high);
        upi_effect_number(&r->rows, row, "extrapolated", later);
        if (truth != NULL) {
            upi_effect_number(
                &r->rows, row, "truth", up_truth_projected(truth, effects, i));
        }
    }
out:
    up_truth_free(truth);
    return status;
}

/* ---- the target and the rule, as JSON and as lines ---- */

static up_status
describe_target(const up_effects *e, up_result *r, up_error *err)
{
    up_target_info info = up_effects_target(e);
    upi_text t = {0};
    upi_json j;
    if (info.method == 0) {
        return UP_OK;
    }
    upi_json_start(&j, &t, 0, 0);
    upi_json_object(&j);
    upi_json_put_string(&j, "method", methods[info.method]);
    upi_json_put_int(&j, "rows", info.rows);
    upi_json_put_int(&j, "rows_used", info.rows_used);
    upi_json_put_int(&j, "size", info.size);
    upi_json_put_double(&j, "effective_rows", info.effective_rows);
    upi_json_put_double(&j, "largest_weight", info.largest_weight);
    upi_json_put_bool(&j, "sampled", info.sampled != 0);
    upi_json_key(&j, "weights");
    upi_json_array(&j);
    for (int64_t i = 0; i < up_effects_target_rows(e); i++) {
        up_target_row w = up_effects_target_row(e, i);
        upi_json_object(&j);
        upi_json_put_string(&j, "covariate", w.covariate);
        upi_json_put_string(&j, "level", w.level);
        upi_json_put_double(&j, "experiment", w.experiment);
        upi_json_put_double(&j, "target", w.target);
        upi_json_put_double(&j, "weighted", w.weighted);
        upi_json_object_end(&j);
    }
    upi_json_array_end(&j);
    upi_json_object_end(&j);
    return upi_text_take(&t, &r->target, err);
}

static void
put_fit(upi_json *j, const up_forward_fit *f)
{
    upi_json_object(j);
    upi_json_put_string(j, "metric", f->metric);
    upi_json_put_string(j, "arm", f->arm);
    upi_json_put_string(j, "segment", f->segment);
    upi_json_put_double(j, "start", f->start);
    upi_json_put_double(j, "start_std_error", f->start_std_error);
    upi_json_put_double(j, "slope", f->slope);
    upi_json_put_double(j, "slope_std_error", f->slope_std_error);
    upi_json_put_double(j, "factor", f->factor);
    upi_json_put_double(j, "factor_std_error", f->factor_std_error);
    upi_json_put_double(j, "level", f->level);
    upi_json_put_double(j, "level_std_error", f->level_std_error);
    upi_json_put_double(j, "half_life", f->half_life);
    upi_json_put_double(j, "half_life_low", f->half_life_low);
    upi_json_put_double(j, "half_life_high", f->half_life_high);
    upi_json_put_double(j, "lack_of_fit", f->lack_of_fit);
    upi_json_put_double(j, "lack_of_fit_df", f->lack_of_fit_df);
    upi_json_put_double(j, "lack_of_fit_p_value", f->lack_of_fit_p_value);
    upi_json_object_end(j);
}

static up_status
describe_rule(const upi_request *q, const up_effects *e, up_result *r, up_error *err)
{
    upi_text t = {0};
    upi_json j;
    if (up_effects_forward_fits(e) == 0) {
        return UP_OK;
    }
    upi_json_start(&j, &t, 0, 0);
    upi_json_object(&j);
    upi_json_put_string(&j, "rule", upi_request_text(q, "rule"));
    upi_json_put_int(&j, "periods", upi_request_integer(q, "forward"));
    upi_json_key(&j, "fits");
    upi_json_array(&j);
    for (int64_t i = 0; i < up_effects_forward_fits(e); i++) {
        up_forward_fit f = up_effects_forward_fit(e, i);
        put_fit(&j, &f);
    }
    upi_json_array_end(&j);
    upi_json_object_end(&j);
    return upi_text_take(&t, &r->forward, err);
}

static void
add_number(upi_text *t, double x)
{
    char digits[UPI_DOUBLE_CHARS] = "-";
    if (!isnan(x)) {
        upi_double_text_digits(x, 4, digits);
    }
    upi_text_addf(t, "  %9s", digits);
}

/* The table of weights and the fits of the rule, below the effects on a terminal. */
static up_status
write_aside(const up_effects *e, up_result *r, up_error *err)
{
    enum { MOST_LINES = 20 };
    upi_text t = {0};
    int64_t n = up_effects_target_rows(e);
    if (n > 0) {
        upi_text_addf(&t, "%-32s  %9s  %9s  %9s\n", "share or mean", "rows", "target",
            "weighted");
    }
    for (int64_t i = 0; i < n && i < MOST_LINES; i++) {
        up_target_row w = up_effects_target_row(e, i);
        char name[33];
        (void)snprintf(name, sizeof name, "%s%s%s", w.covariate,
            w.level[0] != '\0' ? "=" : "", w.level);
        upi_text_addf(&t, "%-32s", name);
        add_number(&t, w.experiment);
        add_number(&t, w.target);
        add_number(&t, w.weighted);
        upi_text_add_char(&t, '\n');
    }
    if (n > MOST_LINES) {
        upi_text_addf(&t, "and %lld more\n", (long long)(n - MOST_LINES));
    }
    n = up_effects_forward_fits(e);
    for (int64_t i = 0; i < n && i < MOST_LINES; i++) {
        up_forward_fit f = up_effects_forward_fit(e, i);
        upi_text_addf(&t, "%s, %s%s%s: starts at %.4g", f.metric, f.arm,
            f.segment[0] != '\0' ? ", " : "", f.segment, f.start);
        if (!isnan(f.slope)) {
            upi_text_addf(&t, ", %+.4g a period", f.slope);
        }
        if (!isnan(f.factor)) {
            upi_text_addf(&t, ", times %.4g a period, half in %.3g [%.3g, %.3g]",
                f.factor, f.half_life, f.half_life_low, f.half_life_high);
        }
        if (!isnan(f.level)) {
            upi_text_addf(&t, ", towards %.4g", f.level);
        }
        upi_text_addf(&t, "; lack of fit p = %.2g\n", f.lack_of_fit_p_value);
    }
    return t.length > 0 || t.failed ? upi_text_take(&t, &r->aside, err) : UP_OK;
}

/* ---- words ---- */

static void
add_estimate(upi_text *t, const up_effect *e, double level)
{
    const upi_style plain = {0};
    char x[UPI_NUMBER_CHARS];
    upi_number_text(&plain, e->estimate, upi_decimals(e->std_error), true, x);
    upi_text_addf(t, "%s", x);
    if (isfinite(e->relative)) {
        upi_number_text(&plain, 100 * e->relative, 1, true, x);
        upi_text_addf(t, " (%s%%)", x);
    }
    upi_effect_interval(t, e, level);
}

/* "In the target, sales: diverse against control +1.2 ..., in the experiment +0.9": the last
 * row of the first sequence where effects are carried forward. */
static up_status
set_headline(const upi_request *q, const up_effects *effects,
    const up_effects *experiment, up_result *r, up_error *err)
{
    const upi_style plain = {0};
    int64_t forward = upi_request_integer(q, "forward");
    int64_t row = forward > 0 ? forward - 1 : 0;
    up_effect e = up_effects_get(effects, row);
    upi_text t = {0};
    char x[UPI_NUMBER_CHARS];
    if (up_effects_target(effects).method > 0) {
        upi_text_add(&t, "In the target population, ");
    }
    upi_text_addf(&t, "%s: %s against %s ", e.metric, e.arm, e.against);
    add_estimate(&t, &e, r->level);
    if (e.segment[0] != '\0') {
        upi_text_addf(&t, " where %s", e.segment);
    }
    if (forward > 0 && upi_request_flag(q, "cumulative")) {
        upi_text_addf(&t, " in all over the next %lld periods", (long long)forward);
    } else if (forward > 0) {
        upi_text_addf(
            &t, ", %lld period%s ahead", (long long)forward, forward > 1 ? "s" : "");
    } else if (e.period[0] != '\0') {
        upi_text_addf(&t, " in period %s", e.period);
    }
    if (forward > 0) {
        upi_text_addf(&t, ", if the rule '%s' holds", upi_request_text(q, "rule"));
    }
    if (experiment != NULL) {
        up_effect own = up_effects_get(experiment, row);
        upi_number_text(&plain, own.estimate, upi_decimals(e.std_error), true, x);
        upi_text_addf(&t, "; in the experiment %s", x);
    }
    upi_free(r->headline);
    r->headline = NULL;
    return upi_text_take(&t, &r->headline, err);
}

static up_status
set_options(const upi_request *q, const upi_pipeline *p, up_result *r, up_error *err)
{
    static const char *const texts[] = {"target", "method", "rule", "relative"};
    upi_text t = {0};
    upi_json j;
    upi_json_start(&j, &t, 0, 0);
    upi_json_object(&j);
    upi_json_put_list(&j, "to", upi_request_value(q, "to"));
    upi_json_put_list(&j, "means", upi_request_value(q, "means"));
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        upi_json_put_string(&j, texts[i], upi_request_text(q, texts[i]));
    }
    upi_json_put_int(&j, "target_size", upi_request_integer(q, "target-size"));
    upi_json_put_int(&j, "forward", upi_request_integer(q, "forward"));
    upi_question_json(q, p, &j);
    upi_inference_json(q, &j);
    upi_json_put_bool(&j, "compare_segments", upi_request_flag(q, "compare-segments"));
    upi_json_put_bool(&j, "absolute_only", upi_request_flag(q, "absolute-only"));
    upi_json_object_end(&j);
    return upi_text_take(&t, &r->options, err);
}

static up_status
add_words(const upi_request *q, const up_effects *effects, up_result *r, up_error *err)
{
    up_status status = UP_OK;
    char *next = NULL;
    UP_TRY(upi_question_words(effects, r, err));
    UP_TRY(
        upi_next_command(q, "effect", upi_request_text(q, "source"), true, &next, err));
    const char *over = upi_request_text(q, "over");
    const char *more = over != NULL                           ? " --over "
                       : up_effects_forward_fits(effects) > 0 ? " --over-time"
                                                              : "";
    const char *covariate = up_effects_target_rows(effects) > 0
                                ? up_effects_target_row(effects, 0).covariate
                                : NULL;
    if (covariate != NULL && up_effects_target_row(effects, 0).level[0] != '\0') {
        upi_text word = {0};
        upi_shell_word(&word, covariate);
        status = word.failed
                     ? upi_fail_memory(err, 0)
                     : upi_strings_add(&r->next, err, "%s --by %s", next, word.s);
        upi_text_free(&word);
    } else {
        status = upi_strings_add(
            &r->next, err, "%s%s%s", next, more, over != NULL ? over : "");
    }
out:
    upi_free(next);
    return status;
}

up_status
upi_handle_project(
    const upi_request *q, const up_run *run, up_result *out, up_error *err)
{
    up_status status = UP_OK;
    upi_pipeline p = {0};
    up_moments *target = NULL;
    up_effects *effects = NULL;
    up_effects *experiment = NULL;
    UP_TRY(upi_pipeline_run(q, run, &p, err));
    UP_TRY(upi_pipeline_guard(&p, q, err));
    UP_TRY(read_target(q, p.model, run, &target, err));
    UP_TRY(infer(q, &p, target, &effects, &experiment, err));
    out->view = UPI_VIEW_EFFECTS;
    out->level = upi_request_number(q, "level");
    UP_TRY(upi_pipeline_describe(&p, q, out, err));
    UP_TRY(fill_rows(q, p.model, effects, experiment, out, err));
    UP_TRY(set_headline(q, effects, experiment, out, err));
    UP_TRY(describe_target(effects, out, err));
    UP_TRY(describe_rule(q, effects, out, err));
    UP_TRY(write_aside(effects, out, err));
    UP_TRY(add_words(q, effects, out, err));
    UP_TRY(upi_pipeline_checks(&p, q, out, err));
    UP_TRY(set_options(q, &p, out, err));
out:
    up_effects_free(effects);
    up_effects_free(experiment);
    up_moments_free(target);
    upi_pipeline_clear(&p);
    return status;
}
