/* The parts that every specification has: title, description, style, data, panels. Text and
 * lines are drawn in `currentColor`, so that they fit a light and a dark page alike; that
 * works where the chart is SVG, which the embedding options ask for. */
#include "report/chart.h"

#include <math.h>
#include <string.h>

enum { TITLE_COLUMNS = 84, SUBTITLE_COLUMNS = 108 };

static const char config[] =
    "{'font':'system-ui, sans-serif','view':{'stroke':null},"
    "'title':{'color':'currentColor','subtitleColor':'currentColor','fontSize':14,"
    "'subtitleFontSize':12,'fontWeight':600,'anchor':'start','offset':14,"
    "'lineHeight':18,'subtitleLineHeight':16,'subtitlePadding':6},"
    "'axis':{'labelColor':'currentColor','titleColor':'currentColor',"
    "'labelFontSize':12,'titleFontSize':12,'titleFontWeight':'normal',"
    "'gridColor':'#888888','gridOpacity':0.25,'domainColor':'#888888',"
    "'tickColor':'#888888','labelLimit':320},"
    "'header':{'labelColor':'currentColor','titleColor':'currentColor',"
    "'labelFontSize':13,'labelFontWeight':600,'labelAnchor':'start','labelLimit':560},"
    "'text':{'color':'currentColor','fontSize':12},'rule':{'color':'#888888'}}";

void
upi_chart_put(upi_chart *c, const char *key, const char *template)
{
    upi_text t = {0};
    for (const char *s = template; *s != '\0'; s++) {
        upi_text_add_char(&t, (char)(*s == '\'' ? '"' : *s));
    }
    if (key != NULL) {
        upi_json_key(&c->j, key);
    }
    upi_json_raw(&c->j, t.s != NULL ? t.s : "");
    c->out.failed |= t.failed;
    upi_text_free(&t);
}

/* A text as an array of lines that are not too wide for a title. */
static void
put_lines(
    upi_chart *c, const char *key, int columns, const char *first, const char *second)
{
    const upi_style style = {.width = columns, .unicode = true};
    const char *texts[2] = {first, second};
    upi_json_key(&c->j, key);
    upi_json_array(&c->j);
    for (int k = 0; k < 2; k++) {
        upi_text t = {0};
        if (texts[k] == NULL || texts[k][0] == '\0') {
            continue;
        }
        upi_wrap_add(&t, &style, texts[k], 0, 0);
        for (const char *line = t.s; line != NULL && *line != '\0';) {
            size_t n = strcspn(line, "\n");
            upi_json_string_n(&c->j, line, (int64_t)n);
            line += n + (line[n] == '\n');
        }
        c->out.failed |= t.failed;
        upi_text_free(&t);
    }
    upi_json_array_end(&c->j);
}

void
upi_chart_open(upi_chart *c, const char *reading)
{
    char shown[UPI_NUMBER_CHARS];
    char all[UPI_NUMBER_CHARS];
    const char *headline = c->r->headline != NULL ? c->r->headline : c->r->op;
    upi_text t = {0};
    upi_text_add(&t, reading);
    if (c->left > 0) {
        upi_count_text(c->n, shown);
        upi_count_text(c->n + c->left, all);
        upi_text_addf(&t, " The first %s of %s rows are shown.", shown, all);
    }
    upi_json_object(&c->j);
    upi_json_put_string(
        &c->j, "$schema", "https://vega.github.io/schema/vega-lite/v6.json");
    upi_json_key(&c->j, "title");
    upi_json_object(&c->j);
    put_lines(c, "text", TITLE_COLUMNS, headline, NULL);
    put_lines(c, "subtitle", SUBTITLE_COLUMNS, c->r->context, t.s);
    upi_json_object_end(&c->j);
    upi_text d = {0};
    upi_text_addf(&d, "%s. %s", headline, t.s != NULL ? t.s : "");
    upi_json_put_string(&c->j, "description", d.s);
    upi_json_put_string(&c->j, "background", "transparent");
    upi_chart_put(c, "padding", "8");
    upi_chart_put(c, "usermeta", "{'embedOptions':{'renderer':'svg','actions':false}}");
    upi_chart_put(c, "config", config);
    c->out.failed |= t.failed || d.failed;
    upi_text_free(&t);
    upi_text_free(&d);
}

void
upi_chart_data(upi_chart *c)
{
    upi_json_key(&c->j, "data");
    upi_json_object(&c->j);
    upi_json_key(&c->j, "values");
    upi_json_array(&c->j);
}

void
upi_chart_data_end(upi_chart *c)
{
    upi_json_array_end(&c->j);
    upi_json_object_end(&c->j);
}

/* Each panel once, in the order of the rows: Vega-Lite would sort them. */
static void
put_panel_order(upi_chart *c, const upi_chart_names *names)
{
    char now[UPI_CHART_LABEL];
    char before[UPI_CHART_LABEL];
    upi_json_key(&c->j, "sort");
    upi_json_array(&c->j);
    for (int64_t i = 0; i < c->n; i++) {
        bool seen = false;
        upi_chart_join(c, names, c->row[i], now);
        for (int64_t k = i - 1; k >= 0 && !seen; k--) {
            upi_chart_join(c, names, c->row[k], before);
            seen = strcmp(now, before) == 0;
        }
        if (!seen) {
            upi_json_string(&c->j, now);
        }
    }
    upi_json_array_end(&c->j);
}

void
upi_chart_panels(upi_chart *c, const upi_chart_names *names, const char *own_axes)
{
    if (names->n == 0) {
        return;
    }
    upi_json_key(&c->j, "facet");
    upi_json_object(&c->j);
    upi_json_put_string(&c->j, "field", "panel");
    upi_json_put_string(&c->j, "type", "nominal");
    put_panel_order(c, names);
    upi_chart_put(c, "header", "{'title':null}");
    upi_json_object_end(&c->j);
    upi_chart_put(c, "columns", "1");
    upi_chart_put(c, "resolve", own_axes);
    upi_json_key(&c->j, "spec");
    upi_json_object(&c->j);
}

void
upi_chart_close(upi_chart *c, const upi_chart_names *names)
{
    if (names->n > 0) {
        upi_json_object_end(&c->j);
    }
    upi_json_object_end(&c->j);
    upi_text_add_char(&c->out, '\n');
}

void
upi_chart_words(upi_chart *c, const char *y)
{
    upi_json_object(&c->j);
    upi_chart_put(c, "mark", "{'type':'text','aria':false,'align':'left'}");
    upi_json_key(&c->j, "encoding");
    upi_json_object(&c->j);
    if (y != NULL) {
        upi_chart_put(c, "y", y);
    }
    upi_json_key(&c->j, "x");
    upi_json_object(&c->j);
    upi_json_put_int(&c->j, "value", c->o.width + 12);
    upi_json_object_end(&c->j);
    upi_chart_put(c, "text", "{'field':'words'}");
    upi_json_object_end(&c->j);
    upi_json_object_end(&c->j);
}

void
upi_chart_level(const upi_chart *c, char out[UPI_NUMBER_CHARS])
{
    char digits[UPI_DOUBLE_CHARS];
    upi_double_text_digits(isfinite(c->r->level) ? 100 * c->r->level : 95.0, 6, digits);
    upi_line_copy(out, UPI_NUMBER_CHARS, digits);
    strncat(out, "%", UPI_NUMBER_CHARS - strlen(out) - 1);
}

upi_chart_names
upi_chart_differ(const upi_chart *c, const char *const *names)
{
    upi_chart_names out = {.n = 0};
    for (int64_t k = 0; names[k] != NULL && out.n < UPI_CHART_COLUMNS; k++) {
        bool differs = false;
        for (int64_t i = 1; i < c->n && !differs; i++) {
            differs = strcmp(upi_sheet_text(c->rows, c->row[i], names[k]),
                          upi_sheet_text(c->rows, c->row[0], names[k])) != 0;
        }
        if (differs) {
            out.name[out.n++] = names[k];
        }
    }
    return out;
}

/* What stands for "" where rows differ in a column. */
static const char *
everything(const char *name)
{
    return strcmp(name, "segment") == 0  ? "everyone"
           : strcmp(name, "period") == 0 ? "all periods"
                                         : "";
}

void
upi_chart_join(
    upi_chart *c, const upi_chart_names *names, int64_t i, char out[UPI_CHART_LABEL])
{
    upi_text t = {0};
    for (int64_t k = 0; k < names->n; k++) {
        const char *s = upi_sheet_text(c->rows, i, names->name[k]);
        bool period = s[0] != '\0' && strcmp(names->name[k], "period") == 0;
        s = s[0] != '\0' ? s : everything(names->name[k]);
        if (s[0] != '\0') {
            upi_text_addf(&t, "%s%s%s", t.length > 0 ? " \xc2\xb7 " : "",
                period ? "period " : "", s);
        }
    }
    upi_line_copy(out, UPI_CHART_LABEL, t.s != NULL ? t.s : "");
    c->out.failed |= t.failed;
    upi_text_free(&t);
}
