/* Power by the number of units, or, where no effect was given, the smallest effect that is
 * found, with the plan as a point and two lines to the axes. */
#include "report/chart.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

bool
upi_chart_power_takes(const up_result *r, const upi_sheet *rows, int64_t i)
{
    (void)r;
    return upi_sheet_find(rows, "power") >= 0 &&
           upi_sheet_text(rows, i, "point")[0] != '\0';
}

/* What the curve is of: the column that changes along it. */
static const char *
outcome(const upi_chart *c)
{
    double first = (double)NAN;
    bool flat = true;
    bool relative = true;
    for (int64_t i = 0; i < c->n; i++) {
        double power = upi_sheet_number(c->rows, c->row[i], "power");
        relative &= isfinite(upi_sheet_number(c->rows, c->row[i], "relative"));
        if (strcmp(upi_sheet_text(c->rows, c->row[i], "point"), "curve") == 0) {
            first = isnan(first) ? power : first;
            flat = flat && fabs(power - first) < 1e-3;
        }
    }
    bool curve = isfinite(first);
    return !curve || !flat ? "power" : relative ? "relative" : "effect";
}

static void
put_row(upi_chart *c, const upi_chart_names *panel, const char *of, int64_t i)
{
    const upi_style style = {.unicode = true};
    upi_json *j = &c->j;
    char name[UPI_CHART_LABEL];
    char units[UPI_NUMBER_CHARS];
    char value[UPI_NUMBER_CHARS];
    char words[2 * UPI_NUMBER_CHARS + 64];
    double n = upi_sheet_number(c->rows, i, "units");
    double y = upi_sheet_number(c->rows, i, of);
    const char *point = upi_sheet_text(c->rows, i, "point");
    bool share = strcmp(of, "relative") == 0;
    upi_chart_join(c, panel, i, name);
    upi_count_text(isfinite(n) ? llround(n) : 0, units);
    upi_number_text(
        &style, share ? 100 * y : y, upi_decimals(share ? 100 * y : y), false, value);
    (void)snprintf(words, sizeof words, "%s%s%s units, %s %s%s",
        strcmp(point, "curve") == 0 ? "" : point,
        strcmp(point, "curve") == 0 ? "" : ": ", units,
        strcmp(of, "power") == 0 ? "power" : "effect", value, share ? "%" : "");
    upi_json_object(j);
    if (panel->n > 0) {
        upi_json_put_string(j, "panel", name);
    }
    upi_json_put_string(j, "point", point);
    upi_json_put_double(j, "units", n);
    upi_json_put_double(j, "value", y);
    upi_json_put_string(j, "words", words);
    upi_json_object_end(j);
}

static void
put_x(upi_chart *c)
{
    upi_chart_put(c, "x",
        "{'field':'units','type':'quantitative',"
        "'axis':{'title':'units in all','grid':false}}");
}

static void
put_y(upi_chart *c, const char *of)
{
    upi_chart_put(c, "y",
        strcmp(of, "power") == 0
            ? "{'field':'value','type':'quantitative','scale':{'domain':[0,1]},"
              "'axis':{'title':'power'}}"
        : strcmp(of, "relative") == 0
            ? "{'field':'value','type':'quantitative',"
              "'axis':{'title':'smallest effect found','format':'.2~%'}}"
            : "{'field':'value','type':'quantitative',"
              "'axis':{'title':'smallest effect found'}}");
}

/* A layer of the points of one kind; `more` is one other channel, NULL = none. */
static void
put_layer(upi_chart *c, const char *of, const char *points, const char *mark,
    const char *channel, const char *more)
{
    upi_json_object(&c->j);
    upi_chart_put(c, "transform", points);
    upi_chart_put(c, "mark", mark);
    upi_json_key(&c->j, "encoding");
    upi_json_object(&c->j);
    bool upright = channel != NULL && strcmp(channel, "x") == 0;
    bool level = channel != NULL && strcmp(channel, "y") == 0;
    if (!level) {
        put_x(c);
    }
    if (!upright) {
        put_y(c, of);
    }
    if (more != NULL) {
        upi_chart_put(c, channel, more);
    }
    upi_json_object_end(&c->j);
    upi_json_object_end(&c->j);
}

static bool
has_simulated(const upi_chart *c)
{
    for (int64_t i = 0; i < c->n; i++) {
        if (strcmp(upi_sheet_text(c->rows, c->row[i], "point"), "simulated") == 0) {
            return true;
        }
    }
    return false;
}

static void
put_layers(upi_chart *c, const char *of)
{
    const char *plan = "[{'filter':{'field':'point','equal':'plan'}}]";
    const char *curve = "[{'filter':{'field':'point','equal':'curve'}}]";
    const char *simulated = "[{'filter':{'field':'point','equal':'simulated'}}]";
    const char *named = "[{'filter':{'field':'point','oneOf':['plan','simulated']}}]";
    const char *dashed = "{'type':'rule','aria':false,'strokeDash':[4,4]}";
    const char *words = "{'field':'words'}";
    upi_json_key(&c->j, "layer");
    upi_json_array(&c->j);
    put_layer(c, of, plan, dashed, "x", NULL);
    put_layer(c, of, plan, dashed, "y", NULL);
    put_layer(
        c, of, curve, "{'type':'line','color':'#0072B2','strokeWidth':2}", NULL, NULL);
    put_layer(c, of, plan,
        "{'type':'point','filled':true,'opacity':1,'size':90,'color':'#0072B2',"
        "'tooltip':{'expr':'datum.words'}}",
        "description", words);
    if (has_simulated(c)) {
        put_layer(c, of, simulated,
            "{'type':'point','filled':true,'opacity':1,'size':90,'color':'#D55E00',"
            "'shape':'diamond','tooltip':{'expr':'datum.words'}}",
            "description", words);
    }
    put_layer(c, of, named,
        "{'type':'text','aria':false,'align':'left','dx':10,'dy':14}", "text", words);
    upi_json_array_end(&c->j);
}

up_status
upi_chart_power(upi_chart *c, up_error *err)
{
    static const char *const panels[] = {"metric", NULL};
    upi_chart_names panel = upi_chart_differ(c, panels);
    const char *of = outcome(c);
    bool power = strcmp(of, "power") == 0;
    (void)err;
    upi_chart_open(
        c, power ? "The line is power by the number of units, the point the plan."
                 : "The line is the smallest effect that is found with the power asked "
                   "for, by "
                   "the number of units; the point is the plan.");
    upi_chart_data(c);
    for (int64_t i = 0; i < c->n; i++) {
        put_row(c, &panel, of, c->row[i]);
    }
    upi_chart_data_end(c);
    upi_chart_panels(c, &panel,
        power ? "{'scale':{'x':'independent'}}"
              : "{'scale':{'x':'independent','y':'independent'}}");
    upi_json_put_int(&c->j, "width", c->o.width);
    upi_json_put_int(&c->j, "height", panel.n > 0 ? 140 : 220);
    put_layers(c, of);
    upi_chart_close(c, &panel);
    return UP_OK;
}
