/* Carries out `policy`. */
#include "base/json.h"
#include "catalog/overwrite.h"
#include "catalog/pipeline.h"
#include "catalog/verbs.h"
#include "report/style.h"

#include <upshot/policy.h>
#include <upshot/value.h>

#include <math.h>

static const upi_sheet_column columns[] = {{"context", UPI_CELL_TEXT, false},
    {"arm", UPI_CELL_TEXT, false}, {"play", UPI_CELL_NUMBER, false},
    {"effect", UPI_CELL_NUMBER, false}, {"std_error", UPI_CELL_NUMBER, false}};

static up_status
make(const upi_request *q, const upi_pipeline *p, up_policy **out, up_error *err)
{
    const upi_value *arms = upi_request_value(q, "arms");
    const upi_value *context = upi_request_value(q, "context");
    return up_policy_make(p->model,
        UP_POLICY_OPTS(.algorithm = upi_request_integer(q, "algorithm"),
            .floor = upi_request_number(q, "floor"),
            .beta = upi_request_number(q, "beta"),
            .power = upi_request_number(q, "power"),
            .metric = upi_request_text(q, "reward"),
            .minimize = upi_request_flag(q, "minimize"),
            .arms = (const char *const *)arms->text, .n_arms = arms->n,
            .context = (const char *const *)context->text, .n_context = context->n,
            .no_context = upi_request_flag(q, "no-context"),
            .unknown = upi_request_integer(q, "unknown"),
            .salt = upi_request_text(q, "salt"),
            .draws = upi_request_value(q, "draws")->given
                         ? upi_request_integer(q, "draws")
                         : 0,
            .seed = (uint64_t)upi_request_integer(q, "seed")),
        out, err);
}

/* "device = mobile, tier = 2" */
static up_status
context_words(const up_policy *p, const double *context, char **out, up_error *err)
{
    upi_text t = {0};
    for (int64_t i = 0; i < up_policy_inputs(p); i++) {
        const char *label = isnan(context[i])
                                ? "missing"
                                : up_policy_level_label(p, i, (int64_t)context[i]);
        upi_text_addf(
            &t, "%s%s = %s", i > 0 ? ", " : "", up_policy_input(p, i).name, label);
    }
    return upi_text_take(&t, out, err);
}

/* The rows of one context; context NULL = the average unit. */
static up_status
add_context(const up_policy *p, const double *context, const char *words,
    const double *play, up_result *r, up_error *err)
{
    up_status status = UP_OK;
    for (int64_t k = 0; k < up_policy_arms(p); k++) {
        upi_cell *row = NULL;
        UP_TRY(upi_sheet_add(&r->rows, &row, err));
        UP_TRY(upi_cell_set(&row[0], words, err));
        UP_TRY(upi_cell_set(&row[1], up_policy_arm(p, k), err));
        row[2].number = play[k];
        row[3].number = up_policy_effect(p, context, k, &row[4].number);
    }
out:
    return status;
}

static up_status
fill_rows(const up_policy *p, up_result *r, up_error *err)
{
    up_status status = UP_OK;
    double *context = NULL;
    double *play = NULL;
    char *words = NULL;
    r->rows.columns = columns;
    r->rows.n_columns = sizeof columns / sizeof columns[0];
    UP_TRY(UP_NEW(&context, up_policy_inputs(p), err));
    UP_TRY(UP_NEW(&play, up_policy_arms(p), err));
    for (int64_t i = 0; i < up_policy_contexts(p); i++) {
        up_error unknown = UP_ERROR_INIT;
        up_policy_context(p, i, context);
        UP_TRY(context_words(p, context, &words, err));
        /* A context that is not known has no row. */
        bool known = up_policy_probabilities(p, context, play, NULL, &unknown) == UP_OK;
        UP_TRY(known ? add_context(p, context, words, play, r, err) : UP_OK);
        upi_free(words);
        words = NULL;
    }
    if (up_policy_contexts(p) == 0) {
        up_policy_base(p, play);
        UP_TRY(add_context(p, NULL, "the average unit", play, r, err));
    }
out:
    upi_free(words);
    upi_free(context);
    upi_free(play);
    return status;
}

static up_status
set_options(const upi_request *q, const upi_pipeline *p, const up_policy *policy,
    up_result *r, up_error *err)
{
    upi_text t = {0};
    upi_json j;
    up_policy_info info = up_policy_describe(policy);
    upi_json_start(&j, &t, 0, 0);
    upi_json_object(&j);
    upi_json_put_string(&j, "algorithm", info.algorithm_name);
    upi_json_put_double(&j, "floor", info.floor);
    upi_json_put_double(&j, "beta", upi_request_number(q, "beta"));
    upi_json_put_double(&j, "power", upi_request_number(q, "power"));
    upi_json_put_string(&j, "reward", info.metric);
    upi_json_put_bool(&j, "minimize", info.minimize != 0);
    upi_json_put_string(&j, "unknown", upi_request_text(q, "unknown"));
    upi_json_put_string(&j, "salt", info.salt);
    upi_json_put_string(&j, "vcov", up_model_vcov(p->model));
    upi_json_put_string(&j, "interactions", upi_pipeline_interactions(p));
    upi_json_put_list(&j, "accept", upi_request_value(q, "accept"));
    upi_json_object_end(&j);
    return upi_text_take(&t, &r->options, err);
}

/* The gain on the rows that taught the policy, where it can be had: too high, and told so. */
static up_status
set_headline(const up_policy *p, const upi_pipeline *pipe, const up_run *run,
    up_result *r, up_error *err)
{
    up_status status = UP_OK;
    up_policy_info info = up_policy_describe(p);
    up_error none = UP_ERROR_INIT;
    up_value *v = NULL;
    upi_text t = {0};
    char x[UPI_NUMBER_CHARS];
    const upi_style plain = {0};
    int64_t contexts = up_policy_contexts(p);
    upi_text_addf(&t, "%s policy for %s over %lld arms", info.algorithm_name,
        info.metric, (long long)up_policy_arms(p));
    if (contexts > 1) {
        upi_text_addf(&t, " in %lld contexts", (long long)contexts);
    } else if (contexts == 0) {
        upi_text_addf(&t, ", by %lld inputs", (long long)up_policy_inputs(p));
    }
    if (up_policy_value(p, pipe->model,
            UP_VALUE_OPTS(.metric = info.metric, .uncovered = 1), run, &v,
            &none) == UP_OK) {
        up_value_row gain = up_value_get(v, 3);
        upi_number_text(&plain, gain.estimate, upi_decimals(gain.std_error), true, x);
        upi_text_addf(&t,
            ": expected gain over always playing control %s per row (on the rows it "
            "was "
            "learned from, so too high)",
            x);
    }
    if (none.status == UP_E_STOPPED || none.status == UP_E_NO_MEMORY) {
        *err = none;
        status = none.status;
        goto out;
    }
    status = upi_text_take(&t, &r->headline, err);
out:
    upi_text_free(&t);
    up_value_free(v);
    return status;
}

/* A context that the policy can answer, as the option of 'decide'. */
static void
add_example(const up_policy *p, upi_text *t)
{
    upi_text json = {0};
    upi_json j;
    upi_json_start(&j, &json, 0, 0);
    upi_json_object(&j);
    upi_json_put_string(&j, "unit", "u1");
    for (int64_t i = 0; i < up_policy_inputs(p); i++) {
        up_policy_input_info in = up_policy_input(p, i);
        if (in.n_levels > 0) {
            upi_json_put_string(&j, in.name, up_policy_level_label(p, i, 0));
        } else {
            upi_json_put_double(&j, in.name, 1);
        }
    }
    upi_json_object_end(&j);
    upi_text_add(t, " --context ");
    upi_shell_word(t, json.s != NULL ? json.s : "");
    t->failed |= json.failed;
    upi_text_free(&json);
}

static up_status
save(const upi_request *q, const up_policy *p, up_result *r, up_error *err)
{
    up_status status = UP_OK;
    const char *path = upi_request_text(q, "save");
    upi_text t = {0};
    char *next = NULL;
    if (path == NULL) {
        return UP_OK;
    }
    UP_TRY(up_policy_save(p, path, err));
    UP_TRY(upi_strings_add(&r->files, err, "%s", path));
    upi_text_add(&t, "upshot decide ");
    upi_shell_word(&t, path);
    add_example(p, &t);
    UP_TRY(upi_text_take(&t, &next, err));
    UP_TRY(upi_strings_add(&r->next, err, "%s", next));
out:
    upi_free(next);
    upi_text_free(&t);
    return status;
}

up_status
upi_handle_policy(
    const upi_request *q, const up_run *run, up_result *out, up_error *err)
{
    up_status status = UP_OK;
    upi_pipeline p = {0};
    up_policy *policy = NULL;
    UP_TRY(upi_refuse_own_source(
        upi_request_text(q, "source"), upi_request_text(q, "save"), "save", err));
    UP_TRY(upi_pipeline_run(q, run, &p, err));
    UP_TRY(upi_pipeline_guard(&p, q, err));
    UP_TRY(make(q, &p, &policy, err));
    out->view = UPI_VIEW_TABLE;
    UP_TRY(upi_pipeline_describe(&p, q, out, err));
    UP_TRY(fill_rows(policy, out, err));
    UP_TRY(upi_pipeline_checks(&p, q, out, err));
    for (int64_t i = 0; i < up_policy_notes(policy); i++) {
        UP_TRY(upi_pipeline_note(&out->notes, up_policy_note(policy, i), err));
    }
    UP_TRY(set_options(q, &p, policy, out, err));
    UP_TRY(set_headline(policy, &p, run, out, err));
    UP_TRY(upi_strdup_to(&out->estimand, up_model_estimand(p.model), err));
    UP_TRY(upi_strings_add(&out->assumptions, err,
        "the coefficients of the model are jointly normal given the data"));
    UP_TRY(upi_strings_add(&out->assumptions, err,
        "effects will be as they were: what the policy plays does not change them"));
    UP_TRY(save(q, policy, out, err));
out:
    up_policy_free(policy);
    upi_pipeline_clear(&p);
    return status;
}
