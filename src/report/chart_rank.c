/* The probability that each arm is best, as bars from 0 to 1 with the numbers beside them. The
 * error is that of the simulation, where there was one. */
#include "report/chart.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

bool
upi_chart_rank_takes(const up_result *r, const upi_sheet *rows, int64_t i)
{
    (void)r;
    (void)i;
    return upi_sheet_find(rows, "prob_best") >= 0;
}

/* Rounding never turns what is likely into what is certain. */
static void
probability_text(double p, char out[UPI_NUMBER_CHARS])
{
    if (isnan(p)) {
        (void)snprintf(out, UPI_NUMBER_CHARS, "-");
    } else if (p > 0.999 && p < 1) {
        (void)snprintf(out, UPI_NUMBER_CHARS, "above 99.9%%");
    } else if (p < 0.001 && p > 0) {
        (void)snprintf(out, UPI_NUMBER_CHARS, "below 0.1%%");
    } else {
        (void)snprintf(out, UPI_NUMBER_CHARS, "%.1f%%", 100 * p);
    }
}

/* Decimals that show two digits of the smallest standard error of an effect. */
static int
loss_decimals(const upi_chart *c)
{
    double least = (double)INFINITY;
    for (int64_t i = 0; i < c->n; i++) {
        double s = upi_sheet_number(c->rows, c->row[i], "std_error");
        least = s > 0 && s < least ? s : least;
    }
    return upi_decimals(least);
}

static void
put_row(upi_chart *c, const upi_chart_names *panel, int decimals, int64_t i)
{
    const upi_style style = {.unicode = true};
    upi_json *j = &c->j;
    char name[UPI_CHART_LABEL];
    char chance[UPI_NUMBER_CHARS];
    char loss[UPI_NUMBER_CHARS];
    char words[2 * UPI_NUMBER_CHARS + 24];
    double p = upi_sheet_number(c->rows, i, "prob_best");
    double error = upi_sheet_number(c->rows, i, "error");
    upi_chart_join(c, panel, i, name);
    probability_text(p, chance);
    upi_number_text(
        &style, upi_sheet_number(c->rows, i, "expected_loss"), decimals, false, loss);
    (void)snprintf(words, sizeof words, "%s, expected loss %s", chance, loss);
    upi_json_object(j);
    if (panel->n > 0) {
        upi_json_put_string(j, "panel", name);
    }
    upi_json_put_string(j, "arm", upi_sheet_text(c->rows, i, "arm"));
    upi_json_put_double(j, "best", p);
    if (error > 0) {
        upi_json_put_double(j, "low", fmax(0, p - 2 * error));
        upi_json_put_double(j, "high", fmin(1, p + 2 * error));
    }
    /* control is not compared with itself */
    upi_json_put_string(j, "color",
        isnan(upi_sheet_number(c->rows, i, "prob_better")) ? "#888888" : "#0072B2");
    upi_json_put_string(j, "words", words);
    upi_json_object_end(j);
}

static void
put_layers(upi_chart *c, bool simulated)
{
    upi_json_key(&c->j, "layer");
    upi_json_array(&c->j);
    upi_chart_put(c, NULL,
        "{'mark':{'type':'bar','height':{'band':0.7}},'encoding':{"
        "'x':{'field':'best','type':'quantitative','scale':{'domain':[0,1]},"
        "'axis':{'title':'probability of being best','format':'.0%'}},"
        "'color':{'field':'color','type':'nominal','scale':null,'legend':null},"
        "'description':{'field':'words'},"
        "'tooltip':[{'field':'arm','title':'arm'},"
        "{'field':'words','title':'best'}]}}");
    if (simulated) {
        upi_chart_put(c, NULL,
            "{'mark':{'type':'rule','aria':false,'color':'currentColor'},'encoding':{"
            "'x':{'field':'low','type':'quantitative'},'x2':{'field':'high'}}}");
    }
    upi_chart_words(c, NULL);
    upi_json_array_end(&c->j);
}

up_status
upi_chart_rank(upi_chart *c, up_error *err)
{
    static const char *const panels[] = {"metric", "segment", "period", NULL};
    upi_chart_names panel = upi_chart_differ(c, panels);
    bool simulated = false;
    (void)err;
    for (int64_t i = 0; i < c->n; i++) {
        simulated |= upi_sheet_number(c->rows, c->row[i], "error") > 0;
    }
    upi_chart_open(c,
        simulated
            ? "Bars are the probability that the arm is best, thin lines two errors of "
              "the simulation to either side; control is grey."
            : "Bars are the probability that the arm is best; control is grey.");
    upi_chart_data(c);
    for (int64_t i = 0; i < c->n; i++) {
        put_row(c, &panel, loss_decimals(c), c->row[i]);
    }
    upi_chart_data_end(c);
    upi_chart_panels(c, &panel, "{'scale':{'y':'independent'}}");
    upi_json_put_int(&c->j, "width", c->o.width);
    upi_chart_put(c, "height", "{'step':30}");
    upi_json_key(&c->j, "encoding");
    upi_json_object(&c->j);
    upi_chart_put(c, "y",
        "{'field':'arm','type':'ordinal','sort':null,'axis':{'title':null,"
        "'domain':false,'ticks':false,'labelPadding':8}}");
    upi_json_object_end(&c->j);
    put_layers(c, simulated);
    upi_chart_close(c, &panel);
    return UP_OK;
}
