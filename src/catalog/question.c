/* From the options of a question to effects of a fitted model. */
#include "catalog/question.h"

#include "moments/moments.h"

#include <string.h>

static bool
asks_over_time(const upi_request *q)
{
    return upi_request_flag(q, "over-time") || upi_request_text(q, "over") != NULL;
}

up_status
upi_question_options(
    const upi_request *q, const upi_pipeline *p, up_effect_opts *out, up_error *err)
{
    const upi_value *where = upi_request_value(q, "where");
    const upi_value *metric = upi_request_value(q, "metric");
    *out = *UP_EFFECT_OPTS(.where = (const char *const *)where->text,
        .n_where = where->n, .by = upi_request_text(q, "by"),
        .over_time = asks_over_time(q), .cumulative = upi_request_flag(q, "cumulative"),
        .against = upi_request_text(q, "against"),
        .estimand = upi_request_integer(q, "estimand"),
        .population = upi_request_integer(q, "population"),
        .level = upi_request_number(q, "level"), .planned = upi_request_planned(q),
        .accept_peek = upi_request_accepts(q, "E_PEEK"));
    if (p->capsule && metric->given) {
        out->metrics = (const char *const *)metric->text;
        out->n_metrics = metric->n;
    }
    return upi_pipeline_over(p, q, err);
}

up_status
upi_question_effects(
    const upi_request *q, const upi_pipeline *p, up_effects **out, up_error *err)
{
    up_effect_opts o;
    up_status status = upi_question_options(q, p, &o, err);
    return status == UP_OK ? up_infer_effect(p->model, &o, out, err) : status;
}

void
upi_question_json(const upi_request *q, const upi_pipeline *p, upi_json *j)
{
    upi_json_put_string(j, "estimand", upi_request_text(q, "estimand"));
    upi_json_put_string(j, "population", upi_request_text(q, "population"));
    upi_json_put_string(j, "interactions", upi_pipeline_interactions(p));
    upi_json_put_bool(j, "no_covariates", p->linear.no_covariates != 0);
    upi_json_put_double(j, "level", upi_request_number(q, "level"));
    upi_json_put_string(j, "vcov", up_model_vcov(p->model));
    upi_json_put_list(j, "where", upi_request_value(q, "where"));
    upi_json_put_string(j, "by", upi_request_text(q, "by"));
    upi_json_put_string(j, "against", upi_request_text(q, "against"));
    upi_json_put_bool(j, "over_time", asks_over_time(q));
    upi_json_put_bool(j, "cumulative", upi_request_flag(q, "cumulative"));
    upi_pipeline_prior_json(p, q, j);
    if (!upi_request_has(q, "inference") && upi_request_value(q, "planned")->given) {
        upi_json_put_double(j, "planned", upi_request_number(q, "planned"));
    }
    upi_json_put_list(j, "accept", upi_request_value(q, "accept"));
}

up_status
upi_question_words(const up_effects *effects, up_result *r, up_error *err)
{
    up_status status = UP_OK;
    UP_TRY(upi_strdup_to(&r->estimand, up_effects_estimand(effects), err));
    for (int64_t i = 0; i < up_effects_assumptions(effects); i++) {
        UP_TRY(upi_strings_add(
            &r->assumptions, err, "%s", up_effects_assumption(effects, i)));
    }
    for (int64_t i = 0; i < up_effects_notes(effects); i++) {
        UP_TRY(upi_pipeline_note(&r->notes, up_effects_note(effects, i), err));
    }
out:
    return status;
}
