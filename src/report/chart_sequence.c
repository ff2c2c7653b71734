/* The looks of a monitored experiment: the band is what all intervals so far have in common,
 * which holds however often one looks; the dashed lines are the interval of a single look at a
 * size fixed in advance, which does not. Each look is a point at its number of rows. */
#include "report/chart.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

bool
upi_chart_sequence_takes(const up_result *r, const upi_sheet *rows, int64_t i)
{
    (void)r;
    (void)i;
    return upi_sheet_find(rows, "look") >= 0 &&
           upi_sheet_find(rows, "running_low") >= 0;
}

/* The number of rows planned, where the information says so: it grows with every look and is
 * not used up. NaN elsewhere. */
static double
planned(const upi_chart *c)
{
    double information = 0;
    int64_t look = 0;
    int64_t n = 0;
    for (int64_t i = 0; i < c->n; i++) {
        double now = upi_sheet_number(c->rows, c->row[i], "information");
        if (upi_sheet_integer(c->rows, c->row[i], "look") <= look) {
            continue; /* another comparison of a look that was seen */
        }
        if (!(now > information)) {
            return (double)NAN;
        }
        information = now;
        look = upi_sheet_integer(c->rows, c->row[i], "look");
        n = upi_sheet_integer(c->rows, c->row[i], "n");
    }
    return information < 1 ? (double)n / information : (double)NAN;
}

static void
put_row(upi_chart *c, const upi_chart_names *panel, int64_t i)
{
    const upi_style style = {.unicode = true};
    static const char *const ends[] = {
        "running_low", "running_high", "fixed_low", "fixed_high"};
    upi_json *j = &c->j;
    upi_effect_words w;
    char name[UPI_CHART_LABEL];
    upi_effect_words_make(&style, c->rows, i, &w);
    upi_chart_join(c, panel, i, name);
    upi_json_object(j);
    if (panel->n > 0) {
        upi_json_put_string(j, "panel", name);
    }
    upi_json_put_string(j, "look", upi_sheet_text(c->rows, i, "label"));
    upi_json_put_int(j, "n", upi_sheet_integer(c->rows, i, "n"));
    upi_json_put_double(j, "estimate", w.value);
    for (int k = 0; k < 4; k++) {
        double x = upi_sheet_number(c->rows, i, ends[k]);
        upi_json_put_double(j, ends[k], upi_chart_end(c, panel, i, false, x, x > 0));
    }
    char low[UPI_NUMBER_CHARS];
    char high[UPI_NUMBER_CHARS];
    char words[UPI_EFFECT_CHARS];
    upi_number_text(
        &style, upi_sheet_number(c->rows, i, "running_low"), w.decimals, true, low);
    upi_number_text(
        &style, upi_sheet_number(c->rows, i, "running_high"), w.decimals, true, high);
    (void)snprintf(words, sizeof words, "%s [%s, %s]", w.estimate, low, high);
    upi_json_put_string(j, "words", words);
    upi_json_put_double(j, "p_value", upi_sheet_number(c->rows, i, "running_p"));
    upi_json_put_string(j, "decision", upi_sheet_text(c->rows, i, "decision"));
    upi_json_object_end(j);
}

static void
open(upi_chart *c, double plan)
{
    char level[UPI_NUMBER_CHARS];
    char rows[UPI_NUMBER_CHARS];
    upi_chart_level(c, level);
    upi_text t = {0};
    upi_text_addf(&t,
        "Points are the looks; the band is the %s interval that holds over all of "
        "them, "
        "the dashed lines that of one look alone, which does not.",
        level);
    if (isfinite(plan)) {
        upi_count_text(llround(plan), rows);
        upi_text_addf(&t, " The upright line is the plan, %s rows.", rows);
    }
    upi_chart_open(c, t.s != NULL ? t.s : "");
    c->out.failed |= t.failed;
    upi_text_free(&t);
}

static const char x_rows[] = "{'field':'n','type':'quantitative','scale':{'zero':true},"
                             "'axis':{'title':'rows so far','grid':false}}";

/* A layer of marks between or at fields; y2 and more may be "". */
static void
put_layer(upi_chart *c, const char *mark, const char *field, const char *y2,
    const char *tooltip)
{
    upi_json_object(&c->j);
    upi_chart_put(c, "mark", mark);
    upi_json_key(&c->j, "encoding");
    upi_json_object(&c->j);
    upi_chart_put(c, "x", x_rows);
    upi_json_key(&c->j, "y");
    upi_json_object(&c->j);
    upi_json_put_string(&c->j, "field", field);
    upi_json_put_string(&c->j, "type", "quantitative");
    upi_chart_effect_axis(c, false);
    upi_json_object_end(&c->j);
    if (y2[0] != '\0') {
        upi_chart_put(c, "y2", y2);
    }
    if (tooltip[0] != '\0') {
        upi_chart_put(c, "description", "{'field':'words'}");
        upi_chart_put(c, "tooltip", tooltip);
    }
    upi_json_object_end(&c->j);
    upi_json_object_end(&c->j);
}

/* An upright line. */
static void
put_plan(upi_chart *c, double plan)
{
    upi_json_object(&c->j);
    upi_json_key(&c->j, "data");
    upi_json_object(&c->j);
    upi_json_key(&c->j, "values");
    upi_json_array(&c->j);
    upi_json_object(&c->j);
    upi_json_put_double(&c->j, "n", plan);
    upi_json_object_end(&c->j);
    upi_json_array_end(&c->j);
    upi_json_object_end(&c->j);
    upi_chart_put(c, "mark", "{'type':'rule','aria':false,'strokeWidth':1.5}");
    upi_json_key(&c->j, "encoding");
    upi_json_object(&c->j);
    upi_chart_put(c, "x", x_rows);
    upi_json_object_end(&c->j);
    upi_json_object_end(&c->j);
}

static void
put_layers(upi_chart *c, double plan)
{
    const char *dashed =
        "{'type':'line','aria':false,'color':'#D55E00','strokeDash':[4,3],"
        "'strokeWidth':1.5}";
    upi_json_key(&c->j, "layer");
    upi_json_array(&c->j);
    upi_chart_put(c, NULL,
        "{'data':{'values':[{}]},'mark':{'type':'rule','aria':false,"
        "'strokeDash':[4,4]},'encoding':{"
        "'y':{'datum':0,'type':'quantitative'}}}");
    if (isfinite(plan)) {
        put_plan(c, plan);
    }
    put_layer(c, "{'type':'area','aria':false,'color':'#0072B2','opacity':0.2}",
        "running_low", "{'field':'running_high'}", "");
    put_layer(c, "{'type':'rule','aria':false,'color':'#0072B2','opacity':0.6}",
        "running_low", "{'field':'running_high'}", "");
    put_layer(c, dashed, "fixed_low", "", "");
    put_layer(c, dashed, "fixed_high", "", "");
    put_layer(c, "{'type':'line','aria':false,'color':'#0072B2','strokeWidth':2}",
        "estimate", "", "");
    put_layer(c,
        "{'type':'point','filled':true,'opacity':1,'size':60,'color':'#0072B2'}",
        "estimate", "",
        "[{'field':'look','title':'look'},{'field':'n','title':'rows','format':','},"
        "{'field':'words','title':'over all looks'},"
        "{'field':'p_value','title':'p over all looks','format':'.3~g'},"
        "{'field':'decision','title':'decision'}]");
    upi_json_array_end(&c->j);
}

up_status
upi_chart_sequence(upi_chart *c, up_error *err)
{
    static const char *const panels[] = {
        "metric", "arm", "against", "segment", "estimand", NULL};
    upi_chart_names panel = upi_chart_differ(c, panels);
    double plan = planned(c);
    (void)err;
    open(c, plan);
    upi_chart_data(c);
    for (int64_t i = 0; i < c->n; i++) {
        put_row(c, &panel, c->row[i]);
    }
    upi_chart_data_end(c);
    upi_chart_panels(c, &panel, "{'scale':{'y':'independent'}}");
    upi_json_put_int(&c->j, "width", c->o.width);
    upi_json_put_int(&c->j, "height", panel.n > 0 ? 140 : 220);
    put_layers(c, plan);
    upi_chart_close(c, &panel);
    return UP_OK;
}
