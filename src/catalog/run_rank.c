/* Carries out `rank`. */
#include "catalog/question.h"
#include "catalog/verbs.h"
#include "report/style.h"

#include <upshot/rank.h>

#include <math.h>

enum { FIXED = 17, MOST_RANKS = 12 };

static const upi_sheet_column columns[] = {{"metric", UPI_CELL_TEXT, UPI_HIDE_NEVER},
    {"segment", UPI_CELL_TEXT, UPI_HIDE_ZEROS},
    {"period", UPI_CELL_TEXT, UPI_HIDE_ZEROS}, {"arm", UPI_CELL_TEXT, UPI_HIDE_NEVER},
    {"estimate", UPI_CELL_NUMBER, UPI_HIDE_NEVER},
    {"conf_low", UPI_CELL_NUMBER, UPI_HIDE_ALWAYS},
    {"conf_high", UPI_CELL_NUMBER, UPI_HIDE_ALWAYS},
    {"prob_best", UPI_CELL_NUMBER, UPI_HIDE_NEVER},
    {"prob_better", UPI_CELL_NUMBER, UPI_HIDE_NEVER},
    {"expected_rank", UPI_CELL_NUMBER, UPI_HIDE_ALWAYS},
    {"expected_loss", UPI_CELL_NUMBER, UPI_HIDE_NEVER},
    {"std_error", UPI_CELL_NUMBER, UPI_HIDE_ALWAYS},
    {"df", UPI_CELL_NUMBER, UPI_HIDE_ALWAYS},
    {"overstatement", UPI_CELL_NUMBER, UPI_HIDE_ALWAYS},
    {"tau", UPI_CELL_NUMBER, UPI_HIDE_ALWAYS},
    {"error", UPI_CELL_NUMBER, UPI_HIDE_ALWAYS},
    {"method", UPI_CELL_TEXT, UPI_HIDE_ALWAYS},
    {"prob_rank_1", UPI_CELL_NUMBER, UPI_HIDE_ALWAYS},
    {"prob_rank_2", UPI_CELL_NUMBER, UPI_HIDE_ALWAYS},
    {"prob_rank_3", UPI_CELL_NUMBER, UPI_HIDE_ALWAYS},
    {"prob_rank_4", UPI_CELL_NUMBER, UPI_HIDE_ALWAYS},
    {"prob_rank_5", UPI_CELL_NUMBER, UPI_HIDE_ALWAYS},
    {"prob_rank_6", UPI_CELL_NUMBER, UPI_HIDE_ALWAYS},
    {"prob_rank_7", UPI_CELL_NUMBER, UPI_HIDE_ALWAYS},
    {"prob_rank_8", UPI_CELL_NUMBER, UPI_HIDE_ALWAYS},
    {"prob_rank_9", UPI_CELL_NUMBER, UPI_HIDE_ALWAYS},
    {"prob_rank_10", UPI_CELL_NUMBER, UPI_HIDE_ALWAYS},
    {"prob_rank_11", UPI_CELL_NUMBER, UPI_HIDE_ALWAYS},
    {"prob_rank_12", UPI_CELL_NUMBER, UPI_HIDE_ALWAYS}};

static const char *const methods[] = {"closed", "quadrature", "simulation"};

static up_status
fill_row(const up_rank *ranks, int64_t i, int64_t n_ranks, upi_cell *c, up_error *err)
{
    up_status status = UP_OK;
    up_rank_arm a = up_rank_get(ranks, i);
    const char *texts[] = {a.metric, a.segment, a.period, a.arm};
    const double numbers[] = {a.estimate, a.ci_low, a.ci_high, a.prob_best,
        a.prob_better, a.expected_rank, a.expected_loss, a.std_error, a.df,
        a.overstatement, a.tau, a.error};
    for (int k = 0; k < 4; k++) {
        UP_TRY(upi_cell_set(&c[k], texts[k], err));
    }
    for (int k = 0; k < 12; k++) {
        c[4 + k].number = numbers[k];
    }
    UP_TRY(upi_cell_set(&c[FIXED - 1], methods[a.method], err));
    for (int64_t k = 0; k < n_ranks; k++) {
        c[FIXED + k].number = up_rank_probability(ranks, i, k + 1);
    }
out:
    return status;
}

static up_status
fill_rows(const up_rank *ranks, up_result *r, up_error *err)
{
    up_status status = UP_OK;
    int64_t arms = up_rank_get(ranks, 0).arms;
    int64_t n_ranks = arms < MOST_RANKS ? arms : MOST_RANKS;
    r->rows.columns = columns;
    r->rows.n_columns = FIXED + n_ranks;
    for (int64_t i = 0; i < up_rank_count(ranks); i++) {
        upi_cell *row = NULL;
        UP_TRY(upi_sheet_add(&r->rows, &row, err));
        UP_TRY(fill_row(ranks, i, n_ranks, row, err));
    }
    for (int64_t i = 0; i < up_rank_notes(ranks); i++) {
        UP_TRY(upi_pipeline_note(&r->notes, up_rank_note(ranks, i), err));
    }
out:
    return status;
}

/* The first comparison in a sentence, in plain characters: it stands in JSON as well. */
static up_status
set_headline(const up_rank *ranks, up_result *r, up_error *err)
{
    const upi_style plain = {0};
    up_rank_arm best = up_rank_get(ranks, 0);
    int64_t arms = best.arms;
    double spread = 0;
    for (int64_t i = 0; i < arms; i++) {
        up_rank_arm a = up_rank_get(ranks, i);
        best = a.prob_best > best.prob_best ? a : best;
        spread = fmax(spread, a.std_error);
    }
    char p[UPI_NUMBER_CHARS];
    char loss[UPI_NUMBER_CHARS];
    upi_text t = {0};
    int digits = best.prob_best > 0.99 ? 4 : 2;
    upi_number_text(&plain, best.prob_best, digits, false, p);
    upi_number_text(&plain, best.expected_loss, upi_decimals(spread / 10), false, loss);
    upi_text_addf(&t, "%s: %s is best%s with probability %s", best.metric, best.arm,
        best.minimize != 0 ? " (least)" : "", p);
    if (best.segment[0] != '\0') {
        upi_text_addf(&t, " where %s", best.segment);
    }
    if (best.period[0] != '\0') {
        upi_text_addf(&t, " in period %s", best.period);
    }
    upi_text_addf(&t, "; expected loss %s if it is chosen", loss);
    if (up_rank_count(ranks) > arms) {
        upi_text_addf(
            &t, "; %lld comparisons in all", (long long)(up_rank_count(ranks) / arms));
    }
    upi_free(r->headline);
    r->headline = NULL;
    return upi_text_take(&t, &r->headline, err);
}

static up_status
set_options(const upi_request *q, const upi_pipeline *p, up_result *r, up_error *err)
{
    upi_text t = {0};
    upi_json j;
    upi_json_start(&j, &t, 0, 0);
    upi_json_object(&j);
    upi_question_json(q, p, &j);
    upi_json_put_list(&j, "minimize", upi_request_value(q, "minimize"));
    upi_json_put_string(&j, "shrink", upi_request_text(q, "shrink"));
    upi_json_put_int(&j, "draws", upi_request_integer(q, "draws"));
    upi_json_put_int(&j, "seed", upi_request_integer(q, "seed"));
    upi_json_object_end(&j);
    return upi_text_take(&t, &r->options, err);
}

up_status
upi_handle_rank(const upi_request *q, const up_run *run, up_result *out, up_error *err)
{
    up_status status = UP_OK;
    upi_pipeline p = {0};
    up_effects *effects = NULL;
    up_rank *ranks = NULL;
    const upi_value *less = upi_request_value(q, "minimize");
    UP_TRY(upi_pipeline_run(q, run, &p, err));
    UP_TRY(upi_pipeline_guard(&p, q, err));
    UP_TRY(upi_question_effects(q, &p, &effects, err));
    UP_TRY(up_infer_rank(effects,
        UP_RANK_OPTS(.minimize = (const char *const *)less->text, .n_minimize = less->n,
            .shrink = upi_request_integer(q, "shrink"),
            .level = upi_request_number(q, "level"),
            .draws = upi_request_integer(q, "draws"),
            .seed = upi_request_integer(q, "seed")),
        &ranks, err));
    out->view = UPI_VIEW_TABLE;
    out->level = upi_request_number(q, "level");
    UP_TRY(upi_pipeline_describe(&p, q, out, err));
    UP_TRY(upi_question_words(effects, out, err));
    UP_TRY(fill_rows(ranks, out, err));
    UP_TRY(set_headline(ranks, out, err));
    UP_TRY(upi_pipeline_checks(&p, q, out, err));
    UP_TRY(set_options(q, &p, out, err));
    UP_TRY(upi_next_roles(q, &p, "effect", out, err));
out:
    up_rank_free(ranks);
    up_effects_free(effects);
    upi_pipeline_clear(&p);
    return status;
}
