/* The object that everything downstream takes: access to its rows, texts and notes, and its
 * end. Texts of arms, metrics and periods are the model's; those of segments are its own. */
#include "effect/effect.h"
#include "effect/target.h"
#include "num/dist.h"

#include <math.h>

int64_t
up_effects_count(const up_effects *e)
{
    return e->n_rows;
}

static up_effect
nothing(void)
{
    double nan = (double)NAN;
    return (up_effect){.metric = "",
        .arm = "",
        .against = "",
        .segment = "",
        .period = "",
        .estimand = "",
        .estimate = nan,
        .std_error = nan,
        .df = nan,
        .statistic = nan,
        .p_value = nan,
        .ci_low = nan,
        .ci_high = nan,
        .baseline = nan,
        .baseline_std_error = nan,
        .relative = nan,
        .relative_low = nan,
        .relative_high = nan,
        .relative_p_value = nan,
        .critical = nan,
        .e_value = nan,
        .log_e_value = nan,
        .margin = nan,
        .margin_p_value = nan,
        .margin_low = nan,
        .margin_high = nan,
        .family = "",
        .adjusted_p_value = nan,
        .adjusted_low = nan,
        .adjusted_high = nan,
        .adjusted_relative_low = nan,
        .adjusted_relative_high = nan};
}

up_effect
up_effects_get(const up_effects *e, int64_t i)
{
    if (i < 0 || i >= e->n_rows) {
        return nothing();
    }
    return e->rows[i].value;
}

double
up_effects_probability(const up_effects *e, int64_t i, double above)
{
    if (i < 0 || i >= e->n_rows || isnan(above)) {
        return (double)NAN;
    }
    const up_effect *v = &e->rows[i].value;
    return v->std_error > 0 ? upi_t_cdf((v->estimate - above) / v->std_error, v->df)
                            : (double)NAN;
}

up_inference_used
up_effects_inference(const up_effects *e)
{
    const upi_rule *r = &e->rule;
    int64_t look = r->inference == UP_INFERENCE_GROUP ? r->plan.n_looks : 0;
    return (up_inference_used){.inference = r->inference,
        .sides = r->sides,
        .interval = e->opts.interval,
        .adjust = e->opts.adjust,
        .alpha = r->alpha,
        .unit_is_cluster = e->model->moments->ways > 0,
        .mixture = r->mixture,
        .planned = r->planned,
        .look = look,
        .information = look > 0 ? r->information[look - 1] : (double)NAN,
        .bound = r->first_bound,
        .n_families = e->n_families,
        .adjust_error = e->adjust_error};
}

const char *
up_effects_estimand(const up_effects *e)
{
    return e->estimand_text;
}

int64_t
up_effects_assumptions(const up_effects *e)
{
    return e->n_assumptions;
}

const char *
up_effects_assumption(const up_effects *e, int64_t i)
{
    return i >= 0 && i < e->n_assumptions ? e->assumptions[i] : "";
}

int64_t
up_effects_notes(const up_effects *e)
{
    return e->notes.n;
}

up_note
up_effects_note(const up_effects *e, int64_t i)
{
    if (i < 0 || i >= e->notes.n) {
        return (up_note){.number = (double)NAN, .threshold = (double)NAN};
    }
    return e->notes.items[i];
}

void
up_effects_free(up_effects *e)
{
    if (e == NULL) {
        return;
    }
    for (int64_t i = 0; e->sets != NULL && i < e->n_sets; i++) {
        upi_free(e->sets[i].bits);
        upi_free(e->sets[i].segment);
    }
    for (int64_t i = 0; i < e->n_averages; i++) {
        upi_free(e->averages[i].fbar);
    }
    for (int64_t i = 0; i < e->n_texts; i++) {
        upi_free(e->texts[i]);
    }
    int64_t predictions = e->model->n_equations * (e->n_levels + 1);
    for (int64_t i = 0; e->prediction != NULL && i < predictions; i++) {
        upi_free(e->prediction[i].cell);
        upi_free(e->prediction[i].x);
    }
    for (int64_t i = 0; e->compliance != NULL && i < e->n_levels; i++) {
        upi_free(e->compliance[i]);
    }
    upi_population_free(e->cells);
    upi_target_free(e->target);
    upi_forward_free(e->forward);
    upi_free(e->sets);
    upi_free(e->averages);
    upi_free(e->points);
    upi_free(e->rows);
    upi_free(e->texts);
    upi_free(e->prediction);
    upi_free(e->compliance);
    for (int64_t i = 0; i < e->n_families; i++) {
        upi_free(e->families[i]);
    }
    upi_free(e->families);
    upi_rule_release(&e->rule);
    upi_notes_free(&e->notes);
    upi_free(e);
}
