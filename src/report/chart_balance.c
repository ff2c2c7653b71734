/* A love plot: how far the arms are from control in each covariate, in standard deviations,
 * without sign, the farthest on top; a line at 0.1, below which differences are commonly taken
 * for small (Austin 2009). Where no covariate is far off, the axis still shows the line. */
#include "report/chart.h"

#include <math.h>
#include <string.h>

bool
upi_chart_balance_takes(const up_result *r, const upi_sheet *rows, int64_t i)
{
    (void)r;
    return upi_sheet_find(rows, "standardized") >= 0 &&
           isfinite(upi_sheet_number(rows, i, "standardized"));
}

static double
distance(const upi_chart *c, int64_t i)
{
    return fabs(upi_sheet_number(c->rows, i, "standardized"));
}

/* Farthest first; equal distances keep their order. */
static void
sort_rows(upi_chart *c)
{
    for (int64_t i = 1; i < c->n; i++) {
        int64_t row = c->row[i];
        int64_t k = i;
        for (; k > 0 && distance(c, c->row[k - 1]) < distance(c, row); k--) {
            c->row[k] = c->row[k - 1];
        }
        c->row[k] = row;
    }
}

static void
put_row(upi_chart *c, const upi_chart_names *panel, int64_t i)
{
    const upi_style style = {.unicode = true};
    char name[UPI_CHART_LABEL];
    char words[UPI_NUMBER_CHARS];
    upi_chart_join(c, panel, i, name);
    upi_number_text(
        &style, upi_sheet_number(c->rows, i, "standardized"), 3, true, words);
    upi_json_object(&c->j);
    if (panel->n > 0) {
        upi_json_put_string(&c->j, "panel", name);
    }
    upi_json_put_string(&c->j, "term", upi_sheet_text(c->rows, i, "term"));
    upi_json_put_double(&c->j, "distance", distance(c, i));
    upi_json_put_double(
        &c->j, "difference", upi_sheet_number(c->rows, i, "difference"));
    upi_json_put_string(&c->j, "words", words);
    upi_json_object_end(&c->j);
}

static const char x_axis[] =
    "{'field':'distance','type':'quantitative','scale':{'zero':true},"
    "'axis':{'title':'standard deviations between the arm and control'}}";
static const char y_axis[] =
    "{'field':'term','type':'ordinal','sort':null,'axis':{'title':null,"
    "'domain':false,'ticks':false,'grid':true,'labelPadding':8}}";

static void
put_layers(upi_chart *c)
{
    upi_json_key(&c->j, "layer");
    upi_json_array(&c->j);
    upi_chart_put(c, NULL,
        "{'data':{'values':[{'distance':0.1}]},'mark':{'type':'rule','aria':false,"
        "'strokeDash':[4,4]},'encoding':{'x':{'field':'distance',"
        "'type':'quantitative'}}}");
    upi_json_object(&c->j);
    upi_chart_put(c, "mark",
        "{'type':'point','filled':true,'opacity':1,'size':70,'color':'#0072B2'}");
    upi_json_key(&c->j, "encoding");
    upi_json_object(&c->j);
    upi_chart_put(c, "x", x_axis);
    upi_chart_put(c, "y", y_axis);
    upi_chart_put(c, "description", "{'field':'words'}");
    upi_chart_put(c, "tooltip",
        "[{'field':'term','title':'covariate'},"
        "{'field':'words','title':'standard deviations'},"
        "{'field':'difference','title':'difference of means','format':'.4~g'}]");
    upi_json_object_end(&c->j);
    upi_json_object_end(&c->j);
    upi_chart_words(c, y_axis);
    upi_json_array_end(&c->j);
}

up_status
upi_chart_balance(upi_chart *c, up_error *err)
{
    static const char *const columns[] = {"arm", NULL};
    (void)err;
    sort_rows(c);
    upi_chart_names panel = upi_chart_differ(c, columns);
    upi_chart_open(c,
        "Points are differences of means from control in standard deviations, the "
        "farthest on top; the dashed line is 0.1.");
    upi_chart_data(c);
    for (int64_t i = 0; i < c->n; i++) {
        put_row(c, &panel, c->row[i]);
    }
    upi_chart_data_end(c);
    upi_chart_panels(c, &panel, "{'scale':{'y':'independent'}}");
    upi_json_put_int(&c->j, "width", c->o.width);
    upi_chart_put(c, "height", "{'step':26}");
    put_layers(c);
    upi_chart_close(c, &panel);
    return UP_OK;
}
