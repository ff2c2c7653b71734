/* The rows of the verbs that give effects: which columns an answer has, and an effect in them. */
#include "catalog/effect_rows.h"

#include "catalog/inference.h"
#include "report/style.h"

#include <upshot/bayes.h>

#include <math.h>

/* Columns that stand in every answer, or only where they were asked for. */
enum when {
    ALWAYS,
    IF_SHAPED,
    IF_ANYTIME,
    IF_MARGIN,
    IF_ADJUSTED,
    IF_ANY,
    IF_POSTERIOR,
    IF_TRUTH,
    IF_PROJECTED
};
static const struct {
    upi_sheet_column column;
    enum when when;
} all_columns[] = {{{"metric", UPI_CELL_TEXT, false}, ALWAYS},
    {{"arm", UPI_CELL_TEXT, false}, ALWAYS},
    {{"against", UPI_CELL_TEXT, false}, ALWAYS},
    {{"segment", UPI_CELL_TEXT, false}, ALWAYS},
    {{"period", UPI_CELL_TEXT, false}, ALWAYS},
    {{"estimand", UPI_CELL_TEXT, false}, ALWAYS},
    {{"estimate", UPI_CELL_NUMBER, false}, ALWAYS},
    {{"std_error", UPI_CELL_NUMBER, false}, ALWAYS},
    {{"statistic", UPI_CELL_NUMBER, false}, ALWAYS},
    {{"df", UPI_CELL_NUMBER, false}, ALWAYS},
    {{"p_value", UPI_CELL_NUMBER, false}, ALWAYS},
    {{"prob_positive", UPI_CELL_NUMBER, false}, IF_POSTERIOR},
    {{"conf_low", UPI_CELL_NUMBER, false}, ALWAYS},
    {{"conf_high", UPI_CELL_NUMBER, false}, ALWAYS},
    {{"conf_set", UPI_CELL_TEXT, false}, IF_SHAPED},
    {{"critical", UPI_CELL_NUMBER, false}, IF_ANY},
    {{"e_value", UPI_CELL_NUMBER, false}, IF_ANYTIME},
    {{"log_e_value", UPI_CELL_NUMBER, false}, IF_ANYTIME},
    {{"baseline", UPI_CELL_NUMBER, false}, ALWAYS},
    {{"relative", UPI_CELL_NUMBER, false}, ALWAYS},
    {{"relative_low", UPI_CELL_NUMBER, false}, ALWAYS},
    {{"relative_high", UPI_CELL_NUMBER, false}, ALWAYS},
    {{"relative_set", UPI_CELL_TEXT, false}, ALWAYS},
    {{"margin", UPI_CELL_TEXT, false}, IF_MARGIN},
    {{"margin_p_value", UPI_CELL_NUMBER, false}, IF_MARGIN},
    {{"margin_low", UPI_CELL_NUMBER, false}, IF_MARGIN},
    {{"margin_high", UPI_CELL_NUMBER, false}, IF_MARGIN},
    {{"family", UPI_CELL_TEXT, false}, IF_ADJUSTED},
    {{"family_size", UPI_CELL_INTEGER, false}, IF_ADJUSTED},
    {{"adjusted_p_value", UPI_CELL_NUMBER, false}, IF_ADJUSTED},
    {{"adjusted_low", UPI_CELL_NUMBER, false}, IF_ADJUSTED},
    {{"adjusted_high", UPI_CELL_NUMBER, false}, IF_ADJUSTED},
    {{"adjusted_relative_low", UPI_CELL_NUMBER, false}, IF_ADJUSTED},
    {{"adjusted_relative_high", UPI_CELL_NUMBER, false}, IF_ADJUSTED},
    {{"decision", UPI_CELL_TEXT, false}, ALWAYS},
    {{"n", UPI_CELL_INTEGER, false}, ALWAYS},
    {{"clusters", UPI_CELL_INTEGER, false}, ALWAYS},
    {{"truth", UPI_CELL_NUMBER, false}, IF_TRUTH},
    {{"experiment", UPI_CELL_NUMBER, false}, IF_PROJECTED},
    {{"experiment_low", UPI_CELL_NUMBER, false}, IF_PROJECTED},
    {{"experiment_high", UPI_CELL_NUMBER, false}, IF_PROJECTED},
    {{"extrapolated", UPI_CELL_INTEGER, false}, IF_PROJECTED}};

enum { COLUMNS = sizeof all_columns / sizeof all_columns[0] };

static const char *
set_name(int64_t shape)
{
    static const char *const names[] = {
        "interval", "complement", "line", "above", "below"};
    return shape >= 0 && shape <= 4 ? names[shape] : "";
}

up_status
upi_effect_columns(const upi_request *q, const up_model *m, up_result *r, up_error *err)
{
    up_status status = UP_OK;
    bool anytime = upi_request_integer(q, "inference") == UP_INFERENCE_ANYTIME;
    bool shaped = upi_request_integer(q, "sides") != UP_TWO_SIDED ||
                  upi_request_integer(q, "interval") == UP_INTERVAL_AR;
    bool shown[] = {[ALWAYS] = true,
        [IF_SHAPED] = shaped,
        [IF_ANYTIME] = anytime,
        [IF_MARGIN] = upi_request_value(q, "margin")->n > 0,
        [IF_ADJUSTED] = upi_request_integer(q, "adjust") != UP_ADJUST_NONE,
        [IF_ANY] = upi_request_integer(q, "inference") != UP_INFERENCE_FIXED,
        [IF_POSTERIOR] = *up_model_posterior(m) != '\0',
        [IF_TRUTH] =
            upi_request_has(q, "truth") && upi_request_text(q, "truth") != NULL,
        [IF_PROJECTED] = upi_request_has(q, "forward")};
    UP_TRY(UP_NEW(&r->rows.own_columns, COLUMNS, err));
    r->rows.columns = r->rows.own_columns;
    for (int k = 0; k < COLUMNS; k++) {
        if (shown[all_columns[k].when]) {
            r->rows.own_columns[r->rows.n_columns++] = all_columns[k].column;
        }
    }
out:
    return status;
}

/* Puts a value in the column of this name, where the sheet has it. */
static up_status
put_text(upi_sheet *t, upi_cell *row, const char *name, const char *text, up_error *err)
{
    int64_t j = upi_sheet_find(t, name);
    return j >= 0 ? upi_cell_set(&row[j], text, err) : UP_OK;
}

void
upi_effect_number(const upi_sheet *t, upi_cell *row, const char *name, double number)
{
    int64_t j = upi_sheet_find(t, name);
    if (j >= 0) {
        row[j].number = number;
        row[j].integer = isfinite(number) ? (int64_t)number : 0;
    }
}

up_status
upi_effect_row(upi_sheet *t, upi_cell *c, const up_effect *e, up_error *err)
{
    up_status status = UP_OK;
    char claim[96] = "";
    bool relative = !isnan(e->relative);
    if (e->has_margin) {
        upi_margin_text(e, claim, sizeof claim);
    }
    const struct {
        const char *name, *text;
    } texts[] = {{"metric", e->metric}, {"arm", e->arm}, {"against", e->against},
        {"segment", e->segment}, {"period", e->period}, {"estimand", e->estimand},
        {"conf_set", set_name(e->ci_shape)},
        {"relative_set", relative ? set_name(e->relative_shape) : NULL},
        {"margin", claim}, {"family", e->family},
        {"decision", upi_decision_name(e->decision)}};
    const struct {
        const char *name;
        double value;
    } numbers[] = {{"estimate", e->estimate}, {"std_error", e->std_error},
        {"statistic", e->statistic}, {"df", e->df}, {"p_value", e->p_value},
        {"conf_low", e->ci_low}, {"conf_high", e->ci_high}, {"critical", e->critical},
        {"e_value", e->e_value}, {"log_e_value", e->log_e_value},
        {"baseline", e->baseline}, {"relative", e->relative},
        {"relative_low", e->relative_low}, {"relative_high", e->relative_high},
        {"margin_p_value", e->margin_p_value}, {"margin_low", e->margin_low},
        {"margin_high", e->margin_high}, {"family_size", (double)e->family_size},
        {"adjusted_p_value", e->adjusted_p_value}, {"adjusted_low", e->adjusted_low},
        {"adjusted_high", e->adjusted_high},
        {"adjusted_relative_low", e->adjusted_relative_low},
        {"adjusted_relative_high", e->adjusted_relative_high}, {"n", (double)e->n},
        {"clusters", (double)e->clusters}};
    for (size_t k = 0; k < sizeof texts / sizeof texts[0]; k++) {
        UP_TRY(texts[k].text != NULL ? put_text(t, c, texts[k].name, texts[k].text, err)
                                     : UP_OK);
    }
    for (size_t k = 0; k < sizeof numbers / sizeof numbers[0]; k++) {
        upi_effect_number(t, c, numbers[k].name, numbers[k].value);
    }
out:
    return status;
}

enum { COMPLEMENT = 1 };

/* The interval that decides, adjusted where there is an adjusted one of the same kind. */
void
upi_effect_interval(upi_text *t, const up_effect *e, double level)
{
    const upi_style plain = {0};
    bool adjusted = !e->has_margin && !isnan(e->adjusted_low);
    double low = adjusted ? e->adjusted_low : e->ci_low;
    double high = adjusted ? e->adjusted_high : e->ci_high;
    int64_t shape = adjusted ? e->adjusted_shape : e->ci_shape;
    int decimals = upi_decimals(e->std_error);
    char a[UPI_NUMBER_CHARS];
    char b[UPI_NUMBER_CHARS];
    char digits[UPI_DOUBLE_CHARS];
    upi_double_text_digits(100 * level, 6, digits);
    upi_number_text(&plain, low, decimals, true, a);
    upi_number_text(&plain, high, decimals, true, b);
    upi_text_addf(t, ", %s%% %sinterval ", digits, adjusted ? "adjusted " : "");
    if (isinf(low) && isinf(high)) {
        upi_text_add(t, "unbounded");
    } else if (isinf(high)) {
        upi_text_addf(t, "above %s", a);
    } else if (isinf(low)) {
        upi_text_addf(t, "below %s", b);
    } else if (shape == COMPLEMENT) {
        upi_text_addf(t, "outside (%s, %s)", a, b);
    } else {
        upi_text_addf(t, "[%s, %s]", a, b);
    }
}
