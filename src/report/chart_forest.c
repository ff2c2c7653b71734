/* Estimates with their intervals, one line for each row, in the order of the rows: sorting by
 * size or by p would draw the eye to what chance made large. An end at infinity is an arrow at
 * the edge of the plot, and a set in two pieces is drawn as two. */
#include "report/chart.h"

#include <math.h>
#include <string.h>

static const char *const label_columns[] = {"quantity", "method", "metric", "arm",
    "against", "segment", "period", "estimand", "part", "path", "confounding", NULL};

typedef struct forest {
    upi_chart *c;
    upi_chart_names panel, label;
    bool relative;
    const char *beside;               /* the column of a second point; NULL = none */
    bool pieces, open_low, open_high; /* whether some row has these */
} forest;

bool
upi_chart_forest_takes(const up_result *r, const upi_sheet *rows, int64_t i)
{
    (void)r;
    bool columns = upi_sheet_find(rows, "estimate") >= 0 &&
                   upi_sheet_find(rows, "conf_low") >= 0 &&
                   upi_sheet_find(rows, "look") < 0;
    /* the share mediated is a ratio among amounts in the unit of the metric */
    return columns && strcmp(upi_sheet_text(rows, i, "part"), "proportion") != 0;
}

/* Metrics have units of their own, and a value and a gain are of different size: each has a
 * panel, unless effects share an axis as shares of control. */
static up_status
choose_scale(forest *f, up_error *err)
{
    static const char *const unlike[] = {"metric", "quantity", NULL};
    up_status status = UP_OK;
    f->panel = upi_chart_differ(f->c, unlike);
    UP_TRY(upi_chart_scale(f->c, f->panel.n > 0, &f->relative, err));
    if (f->relative) {
        f->panel.n = 0;
    }
out:
    return status;
}

static void
choose_labels(forest *f)
{
    static const char *const fallbacks[] = {"arm", "quantity", "metric"};
    upi_chart_names all = upi_chart_differ(f->c, label_columns);
    for (int64_t k = 0; k < all.n; k++) {
        bool is_panel = false;
        for (int64_t j = 0; j < f->panel.n; j++) {
            is_panel |= strcmp(all.name[k], f->panel.name[j]) == 0;
        }
        if (!is_panel) {
            f->label.name[f->label.n++] = all.name[k];
        }
    }
    for (int64_t k = 0; k < 3 && f->label.n == 0; k++) {
        if (upi_sheet_find(f->c->rows, fallbacks[k]) >= 0) {
            f->label.name[f->label.n++] = fallbacks[k];
        }
    }
}

/* The bars of a row: one piece, or two where the set is all but what lies between its ends. */
static void
put_bars(forest *f, int64_t i, const double ends[2], const char *shape)
{
    const double infinite = (double)INFINITY;
    upi_json *j = &f->c->j;
    if (isnan(ends[0]) && isnan(ends[1])) {
        return;
    }
    bool pieces = strcmp(shape, "complement") == 0;
    bool open_low = pieces || !isfinite(ends[0]);
    bool open_high = pieces || !isfinite(ends[1]);
    double low = upi_chart_end(
        f->c, &f->panel, i, f->relative, open_low ? -infinite : ends[0], 0);
    double high = upi_chart_end(
        f->c, &f->panel, i, f->relative, open_high ? infinite : ends[1], 1);
    f->open_low |= open_low;
    f->open_high |= open_high;
    upi_json_put_double(j, "low", low);
    if (pieces && isfinite(ends[0]) && isfinite(ends[1])) {
        f->pieces = true;
        upi_json_put_double(j, "high", fmin(ends[0], ends[1]));
        upi_json_put_double(j, "low_2", fmax(ends[0], ends[1]));
        upi_json_put_double(j, "high_2", high);
    } else {
        upi_json_put_double(j, "high", high);
    }
    if (open_low) {
        upi_json_put_double(j, "open_low", low);
    }
    if (open_high) {
        upi_json_put_double(j, "open_high", high);
    }
}

static void
put_row(forest *f, int64_t i)
{
    const upi_style style = {.unicode = true};
    upi_chart *c = f->c;
    upi_json *j = &c->j;
    upi_effect_words w;
    char label[UPI_CHART_LABEL];
    char panel[UPI_CHART_LABEL];
    char words[2 * UPI_EFFECT_CHARS + 8];
    upi_effect_words_make(&style, c->rows, i, &w);
    upi_chart_join(c, &f->label, i, label);
    upi_chart_join(c, &f->panel, i, panel);
    upi_text t = {0};
    upi_text_addf(&t, "%s %s", f->relative ? w.relative : w.estimate,
        f->relative ? w.relative_interval : w.interval);
    if (w.decision[0] != '\0') {
        upi_text_addf(&t, "  %s", w.decision);
    }
    upi_line_copy(words, sizeof words, t.s != NULL ? t.s : "");
    c->out.failed |= t.failed;
    upi_text_free(&t);
    upi_json_object(j);
    upi_json_put_string(j, "label", label);
    if (f->panel.n > 0) {
        upi_json_put_string(j, "panel", panel);
    }
    upi_json_put_string(j, "words", words);
    upi_json_put_double(j, "estimate", f->relative ? w.relative_value : w.value);
    put_bars(f, i, f->relative ? w.relative_ends : w.ends,
        f->relative ? w.relative_shape : w.shape);
    if (f->beside != NULL) {
        double x = upi_sheet_number(c->rows, i, f->beside);
        double baseline = upi_sheet_number(c->rows, i, "baseline");
        upi_json_put_double(j, "beside", f->relative ? x / fabs(baseline) : x);
    }
    upi_json_put_double(j, "p_value", upi_sheet_number(c->rows, i, "p_value"));
    if (upi_sheet_find(c->rows, "n") >= 0) {
        upi_json_put_int(j, "n", upi_sheet_integer(c->rows, i, "n"));
    }
    upi_json_object_end(j);
}

static void
open(forest *f)
{
    char level[UPI_NUMBER_CHARS];
    bool adjusted = false;
    for (int64_t i = 0; i < f->c->n; i++) {
        adjusted |= upi_sheet_text(f->c->rows, f->c->row[i], "family")[0] != '\0';
    }
    upi_chart_level(f->c, level);
    upi_text t = {0};
    upi_text_addf(&t, "Points are estimates, bars %s %sintervals%s.", level,
        adjusted ? "adjusted " : "",
        f->relative ? ", as shares of the mean of control" : "");
    if (f->beside != NULL) {
        upi_text_addf(&t, " Diamonds are %s.",
            strcmp(f->beside, "truth") == 0 ? "the true effects"
                                            : "the effects in the experiment");
    }
    upi_chart_open(f->c, t.s != NULL ? t.s : "");
    f->c->out.failed |= t.failed;
    upi_text_free(&t);
}

static const char y_axis[] =
    "{'field':'label','type':'ordinal','sort':null,'axis':{'title':null,"
    "'domain':false,'ticks':false,'grid':false,'labelPadding':8}}";

/* A layer that stands at a field on the axis; `more` is other channels of JSON, or "". */
static void
put_layer(upi_chart *c, const char *mark, const char *x, const char *more)
{
    upi_json_object(&c->j);
    upi_chart_put(c, "mark", mark);
    upi_json_key(&c->j, "encoding");
    upi_json_object(&c->j);
    upi_chart_put(c, "y", y_axis);
    upi_chart_put(c, "x", x);
    if (more[0] != '\0') {
        upi_chart_put(c, "x2", more);
    }
    upi_json_object_end(&c->j);
    upi_json_object_end(&c->j);
}

static void
put_points(forest *f)
{
    upi_chart *c = f->c;
    upi_json_object(&c->j);
    upi_chart_put(c, "mark",
        "{'type':'point','filled':true,'opacity':1,'size':80,'color':'#0072B2'}");
    upi_json_key(&c->j, "encoding");
    upi_json_object(&c->j);
    upi_chart_put(c, "y", y_axis);
    upi_json_key(&c->j, "x");
    upi_json_object(&c->j);
    upi_json_put_string(&c->j, "field", "estimate");
    upi_json_put_string(&c->j, "type", "quantitative");
    upi_chart_effect_axis(c, f->relative);
    upi_json_object_end(&c->j);
    upi_chart_put(c, "description", "{'field':'words'}");
    upi_chart_put(c, "tooltip",
        upi_sheet_find(c->rows, "n") >= 0
            ? "[{'field':'label','title':'row'},{'field':'words','title':'estimate'},"
              "{'field':'p_value','title':'p','format':'.3~g'},"
              "{'field':'n','title':'n','format':','}]"
            : "[{'field':'label','title':'row'},{'field':'words','title':'estimate'},"
              "{'field':'p_value','title':'p','format':'.3~g'}]");
    upi_json_object_end(&c->j);
    upi_json_object_end(&c->j);
}

static void
put_layers(forest *f)
{
    upi_chart *c = f->c;
    const char *bar = "{'type':'rule','aria':false,'color':'#0072B2','strokeWidth':2}";
    upi_json_key(&c->j, "layer");
    upi_json_array(&c->j);
    upi_chart_put(c, NULL,
        "{'data':{'values':[{}]},'mark':{'type':'rule','aria':false,"
        "'strokeDash':[4,4]},'encoding':{'x':{'datum':0,'type':'quantitative'}}}");
    put_layer(c, bar, "{'field':'low','type':'quantitative'}", "{'field':'high'}");
    if (f->pieces) {
        put_layer(
            c, bar, "{'field':'low_2','type':'quantitative'}", "{'field':'high_2'}");
    }
    if (f->open_low) {
        put_layer(c,
            "{'type':'point','aria':false,'shape':'triangle-left','filled':true,"
            "'opacity':1,'size':70,'color':'#0072B2'}",
            "{'field':'open_low','type':'quantitative'}", "");
    }
    if (f->open_high) {
        put_layer(c,
            "{'type':'point','aria':false,'shape':'triangle-right','filled':true,"
            "'opacity':1,'size':70,'color':'#0072B2'}",
            "{'field':'open_high','type':'quantitative'}", "");
    }
    if (f->beside != NULL) {
        put_layer(c,
            "{'type':'point','aria':false,'shape':'diamond','filled':false,"
            "'opacity':1,'strokeWidth':2,'size':90,'color':'#D55E00'}",
            "{'field':'beside','type':'quantitative'}", "");
    }
    put_points(f);
    upi_chart_words(c, y_axis);
    upi_json_array_end(&c->j);
}

up_status
upi_chart_forest(upi_chart *c, up_error *err)
{
    up_status status = UP_OK;
    forest f = {.c = c};
    UP_TRY(choose_scale(&f, err));
    choose_labels(&f);
    f.beside = upi_sheet_find(c->rows, "truth") >= 0        ? "truth"
               : upi_sheet_find(c->rows, "experiment") >= 0 ? "experiment"
                                                            : NULL;
    open(&f);
    upi_chart_data(c);
    for (int64_t i = 0; i < c->n; i++) {
        put_row(&f, c->row[i]);
    }
    upi_chart_data_end(c);
    upi_chart_panels(c, &f.panel, "{'scale':{'x':'independent','y':'independent'}}");
    upi_json_put_int(&c->j, "width", c->o.width);
    upi_chart_put(c, "height", "{'step':30}");
    put_layers(&f);
    upi_chart_close(c, &f.panel);
out:
    return status;
}
