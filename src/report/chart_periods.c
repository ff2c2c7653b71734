/* An effect over time, or carried forward: the estimates as a line, their intervals as a band.
 * Every comparison has a panel of its own, so that bands never lie over one another. Intervals
 * are pointwise: each holds for its own period. */
#include "report/chart.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

typedef struct periods {
    upi_chart_names panel;
    bool relative, forward;
} periods;

bool
upi_chart_periods_takes(const up_result *r, const upi_sheet *rows, int64_t i)
{
    (void)r;
    return upi_sheet_text(rows, i, "period")[0] != '\0' &&
           upi_sheet_find(rows, "estimate") >= 0 &&
           upi_sheet_find(rows, "conf_low") >= 0 && upi_sheet_find(rows, "part") < 0 &&
           upi_sheet_find(rows, "prob_best") < 0 && upi_sheet_find(rows, "look") < 0;
}

static void
put_row(upi_chart *c, const periods *p, int64_t i)
{
    const upi_style style = {.unicode = true};
    upi_json *j = &c->j;
    upi_effect_words w;
    char panel[UPI_CHART_LABEL];
    char words[2 * UPI_EFFECT_CHARS + 8];
    upi_effect_words_make(&style, c->rows, i, &w);
    upi_chart_join(c, &p->panel, i, panel);
    const double *ends = p->relative ? w.relative_ends : w.ends;
    bool whole = strcmp(p->relative ? w.relative_shape : w.shape, "complement") != 0;
    (void)snprintf(words, sizeof words, "%s %s", p->relative ? w.relative : w.estimate,
        p->relative ? w.relative_interval : w.interval);
    upi_json_object(j);
    if (p->panel.n > 0) {
        upi_json_put_string(j, "panel", panel);
    }
    upi_json_put_string(j, "period", upi_sheet_text(c->rows, i, "period"));
    upi_json_put_double(j, "estimate", p->relative ? w.relative_value : w.value);
    if (whole && !(isnan(ends[0]) && isnan(ends[1]))) {
        upi_json_put_double(
            j, "low", upi_chart_end(c, &p->panel, i, p->relative, ends[0], 0));
        upi_json_put_double(
            j, "high", upi_chart_end(c, &p->panel, i, p->relative, ends[1], 1));
    }
    upi_json_put_string(j, "words", words);
    upi_json_put_int(j, "n", upi_sheet_integer(c->rows, i, "n"));
    upi_json_object_end(j);
}

static void
open(upi_chart *c, const periods *p)
{
    char level[UPI_NUMBER_CHARS];
    upi_chart_level(c, level);
    upi_text t = {0};
    upi_text_addf(&t, "The line joins the estimates, the band their %s intervals, %s.",
        level,
        p->forward ? "carried forward to periods that were not observed"
                   : "each for its own period");
    upi_chart_open(c, t.s != NULL ? t.s : "");
    c->out.failed |= t.failed;
    upi_text_free(&t);
}

static void
put_x(upi_chart *c, const periods *p)
{
    upi_chart_put(c, "x",
        p->forward
            ? "{'field':'period','type':'ordinal','sort':null,'scale':{'type':'point',"
              "'padding':0.5},'axis':{'title':'periods ahead','labelAngle':0,"
              "'labelOverlap':true,'grid':false}}"
            : "{'field':'period','type':'ordinal','sort':null,'scale':{'type':'point',"
              "'padding':0.5},'axis':{'title':'period','labelAngle':0,"
              "'labelOverlap':true,'grid':false}}");
}

/* One layer; mark and y2 are JSON, y2 may be NULL. */
static void
put_layer(upi_chart *c, const periods *p, const char *mark, const char *field,
    const char *more)
{
    upi_json_object(&c->j);
    upi_chart_put(c, "mark", mark);
    upi_json_key(&c->j, "encoding");
    upi_json_object(&c->j);
    put_x(c, p);
    upi_json_key(&c->j, "y");
    upi_json_object(&c->j);
    upi_json_put_string(&c->j, "field", field);
    upi_json_put_string(&c->j, "type", "quantitative");
    upi_chart_effect_axis(c, p->relative);
    upi_json_object_end(&c->j);
    if (more == NULL) {
        upi_chart_put(c, "y2", "{'field':'high'}");
    } else if (more[0] != '\0') {
        upi_chart_put(c, "description", "{'field':'words'}");
        upi_chart_put(c, "tooltip", more);
    }
    upi_json_object_end(&c->j);
    upi_json_object_end(&c->j);
}

static void
put_layers(upi_chart *c, const periods *p)
{
    upi_json_key(&c->j, "layer");
    upi_json_array(&c->j);
    upi_chart_put(c, NULL,
        "{'data':{'values':[{}]},'mark':{'type':'rule','aria':false,"
        "'strokeDash':[4,4]},'encoding':{'y':{'datum':0,'type':'quantitative'}}}");
    put_layer(c, p, "{'type':'area','aria':false,'color':'#0072B2','opacity':0.2}",
        "low", NULL);
    put_layer(c, p,
        "{'type':'rule','aria':false,'color':'#0072B2','opacity':0.6,'strokeWidth':1."
        "5}",
        "low", NULL);
    put_layer(c, p,
        p->forward ? "{'type':'line','aria':false,'color':'#0072B2','strokeWidth':2,"
                     "'strokeDash':[6,4]}"
                   : "{'type':'line','aria':false,'color':'#0072B2','strokeWidth':2}",
        "estimate", "");
    put_layer(c, p,
        "{'type':'point','filled':true,'opacity':1,'size':60,'color':'#0072B2'}",
        "estimate",
        "[{'field':'period','title':'period'},{'field':'words','title':'estimate'},"
        "{'field':'n','title':'n','format':','}]");
    upi_json_array_end(&c->j);
}

up_status
upi_chart_periods(upi_chart *c, up_error *err)
{
    static const char *const panels[] = {
        "metric", "arm", "against", "segment", "estimand", NULL};
    up_status status = UP_OK;
    periods p = {.panel = upi_chart_differ(c, panels),
        .forward = upi_sheet_find(c->rows, "extrapolated") >= 0};
    bool several = p.panel.n > 0;
    UP_TRY(upi_chart_scale(c, false, &p.relative, err));
    open(c, &p);
    upi_chart_data(c);
    for (int64_t i = 0; i < c->n; i++) {
        put_row(c, &p, c->row[i]);
    }
    upi_chart_data_end(c);
    upi_chart_panels(c, &p.panel, "{'scale':{'y':'independent'}}");
    upi_json_put_int(&c->j, "width", c->o.width);
    upi_json_put_int(&c->j, "height", several ? 140 : 220);
    put_layers(c, &p);
    upi_chart_close(c, &p.panel);
out:
    return status;
}
