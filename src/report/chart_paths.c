/* The graph of a mediation: boxes for arm, mediators and outcome, an arrow for each equation's
 * coefficient with its estimate and interval. Boxes stand in columns by their longest path
 * from the arm, on arcs above and below the line from arm to outcome. An arc is curved, so no
 * straight arrow between two of its boxes runs through a third. Coefficients are in the units
 * of their outcomes, so that arrows have one width: unlike things are not compared. */
#include "report/chart.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum {
    NODES = 40,
    EDGES = 400,
    NAME = 96,
    ROW = 104,
    BOX = 30,
    MARGIN = 64,
    CHAR = 8,
    LINE = 14,
    SIDE = 8,
    HEAD = 5
};

typedef struct edge {
    int from, to;
    int64_t row;
} edge;

typedef struct diagram {
    upi_chart *c;
    int64_t *row, n;       /* all arrows; the chart keeps one for each panel */
    upi_chart_names panel; /* columns that tell arrows of different panels apart */
    upi_chart_names named; /* those that panels are named by */
    char name[NODES][NAME];
    int depth[NODES], level[NODES]; /* level: 0 the line, 1 above, -1 below, 2 ... */
    double x[NODES], y[NODES], half[NODES];
    int n_nodes, n_edges, deepest;
    int high, low; /* the farthest levels of any panel */
    edge edges[EDGES];
} diagram;

/* "a -> b", both shorter than a name; an interaction ("arm=x:a") is no box. */
static bool
split(const char *path, char from[NAME], char to[NAME])
{
    const char *arrow = strstr(path, " -> ");
    size_t n = arrow != NULL ? (size_t)(arrow - path) : 0;
    bool plain = arrow != NULL && n > 0 && n < NAME && strlen(arrow + 4) < NAME &&
                 strstr(arrow + 4, " -> ") == NULL && memchr(path, ':', n) == NULL;
    if (plain) {
        memcpy(from, path, n);
        from[n] = '\0';
        memcpy(to, arrow + 4, strlen(arrow + 4) + 1);
    }
    return plain;
}

bool
upi_chart_paths_takes(const up_result *r, const upi_sheet *rows, int64_t i)
{
    char from[NAME];
    char to[NAME];
    (void)r;
    return strcmp(upi_sheet_text(rows, i, "part"), "edge") == 0 &&
           split(upi_sheet_text(rows, i, "path"), from, to);
}

/* The number of the box with this name, made where there is none; -1 where they are too many. */
static int
node_of(diagram *d, const char *name)
{
    for (int k = 0; k < d->n_nodes; k++) {
        if (strcmp(d->name[k], name) == 0) {
            return k;
        }
    }
    if (d->n_nodes == NODES) {
        return -1;
    }
    memcpy(d->name[d->n_nodes], name, strlen(name) + 1);
    return d->n_nodes++;
}

/* An arrow between mediators is the same for all arms and stands in each of their panels. */
static bool
in_panel(const diagram *d, int64_t row, int64_t of)
{
    for (int64_t k = 0; k < d->panel.n; k++) {
        const char *name = d->panel.name[k];
        const char *text = upi_sheet_text(d->c->rows, row, name);
        bool arm = strcmp(name, "arm") == 0 || strcmp(name, "against") == 0;
        if (strcmp(text, upi_sheet_text(d->c->rows, of, name)) != 0 &&
            !(arm && text[0] == '\0')) {
            return false;
        }
    }
    return true;
}

/* The boxes and arrows of the panel of row `of`. */
static void
collect(diagram *d, int64_t of)
{
    char from[NAME];
    char to[NAME];
    d->n_nodes = 0;
    d->n_edges = 0;
    for (int64_t i = 0; i < d->n && d->n_edges < EDGES; i++) {
        int64_t row = d->row[i];
        if (!in_panel(d, row, of) ||
            !split(upi_sheet_text(d->c->rows, row, "path"), from, to)) {
            continue;
        }
        int a = node_of(d, from);
        int b = node_of(d, to);
        if (a >= 0 && b >= 0) {
            d->edges[d->n_edges++] = (edge){a, b, row};
        }
    }
}

static void
place(diagram *d)
{
    int used[NODES + 1] = {0};
    memset(d->depth, 0, sizeof d->depth);
    d->deepest = 1;
    for (int round = 0; round < d->n_nodes; round++) {
        for (int e = 0; e < d->n_edges; e++) {
            int least = d->depth[d->edges[e].from] + 1;
            if (d->depth[d->edges[e].to] < least && least < NODES) {
                d->depth[d->edges[e].to] = least;
            }
        }
    }
    for (int k = 0; k < d->n_nodes; k++) {
        d->deepest = d->depth[k] > d->deepest ? d->depth[k] : d->deepest;
    }
    for (int k = 0; k < d->n_nodes; k++) {
        bool end = d->depth[k] == 0 || d->depth[k] == d->deepest;
        int at = used[d->depth[k]]++;
        d->level[k] = end ? (at % 2 == 0 ? at / 2 : -(at + 1) / 2)
                          : (at % 2 == 0 ? at / 2 + 1 : -(at + 1) / 2);
        d->high = d->level[k] > d->high ? d->level[k] : d->high;
        d->low = d->level[k] < d->low ? d->level[k] : d->low;
    }
}

static void
measure(diagram *d)
{
    const double pi = 3.14159265358979323846;
    double width = (double)d->c->o.width;
    for (int k = 0; k < d->n_nodes; k++) {
        double along = (double)d->depth[k] / d->deepest;
        double arc = d->depth[k] == 0 || d->depth[k] == d->deepest
                         ? 1
                         : 0.55 + 0.45 * sin(pi * along);
        int columns = upi_utf8_width(d->name[k]);
        d->half[k] = 0.5 * CHAR * (columns < 18 ? columns : 18) + 10;
        d->x[k] = MARGIN + along * (width - 2 * MARGIN);
        d->y[k] = BOX + ROW * d->high - ROW * arc * d->level[k];
    }
}

/* How far from the middle of a box, as a share of the way to (dx, dy), its border lies. */
static double
border(double half, double dx, double dy)
{
    double across = dx != 0 ? half / fabs(dx) : (double)INFINITY;
    double up = dy != 0 ? 0.5 * BOX / fabs(dy) : (double)INFINITY;
    return fmin(fmin(across, up), 0.45);
}

/* Where the words of an arrow stand: beside its middle, outside the arc for an arrow to the next
 * column, inside for one that passes over a column, so that the two do not meet. */
static void
put_words_place(upi_json *j, const diagram *d, const edge *e)
{
    double dx = d->x[e->to] - d->x[e->from];
    double dy = d->y[e->to] - d->y[e->from];
    bool flat = fabs(dy) < 1;
    bool lower = d->level[e->from] + d->level[e->to] < 0;
    bool longer = d->depth[e->to] - d->depth[e->from] > 1;
    bool above =
        flat ? d->level[e->from] > 0 || (!lower && d->low < 0) : lower == longer;
    double along = !longer || flat                 ? 0.5
                   : d->depth[e->from] == 0        ? 0.38
                   : d->depth[e->to] == d->deepest ? 0.62
                                                   : 0.5;
    double aside = flat ? 0 : (dy < 0) == above ? -SIDE : SIDE;
    /* between two boxes there may be less room than the words need: they stand above both */
    double lift = flat && d->level[e->from] != 0 ? 0.5 * BOX : 0;
    double down = above ? -LINE - 0.5 * SIDE - lift : LINE + lift;
    upi_json_put_double(j, "x_label", d->x[e->from] + along * dx + aside);
    upi_json_put_double(j, "y_label", d->y[e->from] + along * dy + down);
    upi_json_put_string(j, "align", flat ? "center" : aside < 0 ? "right" : "left");
}

static void
put_edge(diagram *d, const edge *e, const char *panel)
{
    const upi_style style = {.unicode = true};
    upi_json *j = &d->c->j;
    upi_effect_words w;
    char words[2 * UPI_EFFECT_CHARS];
    upi_effect_words_make(&style, d->c->rows, e->row, &w);
    double dx = d->x[e->to] - d->x[e->from];
    double dy = d->y[e->to] - d->y[e->from];
    double start = border(d->half[e->from], dx, dy);
    double end = 1 - border(d->half[e->to], dx, dy) - HEAD / hypot(dx, dy);
    (void)snprintf(words, sizeof words, "%s\n%s", w.estimate, w.interval);
    upi_json_object(j);
    upi_json_put_string(j, "what", "arrow");
    upi_json_put_string(j, "panel", panel);
    upi_json_put_double(j, "x", d->x[e->from] + start * dx);
    upi_json_put_double(j, "y", d->y[e->from] + start * dy);
    upi_json_put_double(j, "x_2", d->x[e->from] + end * dx);
    upi_json_put_double(j, "y_2", d->y[e->from] + end * dy);
    put_words_place(j, d, e);
    upi_json_put_double(j, "angle", atan2(dy, dx) * 180 / 3.14159265358979323846);
    upi_json_put_bool(j, "open", !(w.ends[0] > 0) && !(w.ends[1] < 0));
    upi_json_put_string(j, "path", upi_sheet_text(d->c->rows, e->row, "path"));
    upi_json_put_string(j, "words", words);
    upi_json_object_end(j);
}

static void
put_diagram(diagram *d, const char *panel)
{
    upi_json *j = &d->c->j;
    for (int e = 0; e < d->n_edges; e++) {
        put_edge(d, &d->edges[e], panel);
    }
    for (int k = 0; k < d->n_nodes; k++) {
        upi_json_object(j);
        upi_json_put_string(j, "what", "box");
        upi_json_put_string(j, "panel", panel);
        upi_json_put_string(j, "name", d->name[k]);
        upi_json_put_double(j, "x", d->x[k] - d->half[k]);
        upi_json_put_double(j, "x_2", d->x[k] + d->half[k]);
        upi_json_put_double(j, "y", d->y[k] - 0.5 * BOX);
        upi_json_put_double(j, "y_2", d->y[k] + 0.5 * BOX);
        upi_json_put_double(j, "x_label", d->x[k]);
        upi_json_put_double(j, "y_label", d->y[k]);
        upi_json_object_end(j);
    }
}

static void
put_channel(upi_chart *c, const char *key, const char *field, double most, bool turned)
{
    upi_json_key(&c->j, key);
    upi_json_object(&c->j);
    upi_json_put_string(&c->j, "field", field);
    upi_json_put_string(&c->j, "type", "quantitative");
    upi_chart_put(c, "axis", "null");
    upi_json_key(&c->j, "scale");
    upi_json_object(&c->j);
    upi_json_key(&c->j, "domain");
    upi_json_array(&c->j);
    upi_json_double(&c->j, turned ? most : 0);
    upi_json_double(&c->j, turned ? 0 : most);
    upi_json_array_end(&c->j);
    upi_json_put_bool(&c->j, "nice", false);
    upi_json_put_bool(&c->j, "zero", false);
    upi_json_object_end(&c->j);
    upi_json_object_end(&c->j);
}

/* A layer of boxes or arrows at two fields. */
static void
put_layer(upi_chart *c, double height, const char *what, const char *mark,
    const char *suffix, const char *more)
{
    char field[16];
    upi_json_object(&c->j);
    upi_chart_put(c, "transform", what);
    upi_chart_put(c, "mark", mark);
    upi_json_key(&c->j, "encoding");
    upi_json_object(&c->j);
    (void)snprintf(field, sizeof field, "x%s", suffix);
    put_channel(c, "x", field, (double)c->o.width, false);
    (void)snprintf(field, sizeof field, "y%s", suffix);
    put_channel(c, "y", field, height, true);
    if (suffix[0] == '\0') {
        upi_chart_put(c, "x2", "{'field':'x_2'}");
        upi_chart_put(c, "y2", "{'field':'y_2'}");
    }
    if (strcmp(more, "dash") == 0) {
        upi_chart_put(c, "strokeDash",
            "{'condition':{'test':{'field':'open','equal':true},'value':[5,4]},"
            "'value':[1,0]}");
    } else if (strcmp(more, "angle") == 0) {
        upi_chart_put(
            c, "angle", "{'field':'angle','type':'quantitative','scale':null}");
    } else if (more[0] != '\0') {
        upi_json_key(&c->j, "text");
        upi_json_object(&c->j);
        upi_json_put_string(&c->j, "field", more);
        upi_json_object_end(&c->j);
    }
    upi_json_object_end(&c->j);
    upi_json_object_end(&c->j);
}

static void
put_layers(upi_chart *c, double height)
{
    const char *boxes = "[{'filter':{'field':'what','equal':'box'}}]";
    const char *arrows = "[{'filter':{'field':'what','equal':'arrow'}}]";
    upi_json_key(&c->j, "layer");
    upi_json_array(&c->j);
    put_layer(c, height, arrows,
        "{'type':'rule','aria':false,'color':'#0072B2','strokeWidth':1.75}", "",
        "dash");
    put_layer(c, height, arrows,
        "{'type':'point','aria':false,'shape':'triangle-right','filled':true,"
        "'opacity':1,'size':90,'color':'#0072B2'}",
        "_2", "angle");
    put_layer(c, height, boxes,
        "{'type':'rect','aria':false,'cornerRadius':6,'fill':'#888888',"
        "'fillOpacity':0.15,'stroke':'#888888'}",
        "", "");
    put_layer(c, height, boxes, "{'type':'text','fontWeight':600,'limit':160}",
        "_label", "name");
    put_layer(c, height, arrows,
        "{'type':'text','lineBreak':'\\n','lineHeight':14,"
        "'baseline':'alphabetic','align':{'expr':'datum.align'}}",
        "_label", "words");
    upi_json_array_end(&c->j);
}

/* Leaves the chart the first arrow of each panel; the first of all where no arrow has an arm. */
static up_status
find_panels(diagram *d, up_error *err)
{
    static const char *const columns[] = {"arm", "against", "segment", "period", NULL};
    up_status status = UP_OK;
    upi_chart *c = d->c;
    int64_t *first = NULL;
    int64_t n = 0;
    d->panel = upi_chart_differ(c, columns);
    UP_TRY(UP_NEW(&first, c->n, err));
    for (int64_t i = 0; i < c->n; i++) {
        bool seen = upi_sheet_text(c->rows, c->row[i], "arm")[0] == '\0';
        for (int64_t k = 0; k < n && !seen; k++) {
            seen = in_panel(d, c->row[i], first[k]);
        }
        if (!seen) {
            first[n++] = c->row[i];
        }
    }
    if (n == 0) {
        first[n++] = c->row[0];
    }
    d->row = c->row;
    d->n = c->n;
    c->row = first;
    c->n = n;
    d->named = upi_chart_differ(c, columns);
out:
    return status;
}

static void
open(diagram *d)
{
    char level[UPI_NUMBER_CHARS];
    upi_chart_level(d->c, level);
    upi_text t = {0};
    upi_text_addf(&t,
        "Each arrow has its coefficient, in the unit of what it points at, and the %s "
        "interval; where that holds 0 the arrow is dashed.",
        level);
    upi_chart_open(d->c, t.s != NULL ? t.s : "");
    d->c->out.failed |= t.failed;
    upi_text_free(&t);
}

up_status
upi_chart_paths(upi_chart *c, up_error *err)
{
    up_status status = UP_OK;
    diagram *d = NULL;
    char panel[UPI_CHART_LABEL];
    UP_TRY(UP_NEW(&d, 1, err));
    d->c = c;
    UP_TRY(find_panels(d, err));
    open(d);
    for (int64_t k = 0; k < c->n; k++) {
        collect(d, c->row[k]);
        place(d);
    }
    double height = (double)ROW * (d->high - d->low) + 2.0 * BOX;
    upi_chart_data(c);
    for (int64_t k = 0; k < c->n; k++) {
        collect(d, c->row[k]);
        place(d);
        measure(d);
        upi_chart_join(c, &d->named, c->row[k], panel);
        put_diagram(d, panel);
    }
    upi_chart_data_end(c);
    upi_chart_panels(c, &d->named, "{'scale':{'x':'shared','y':'shared'}}");
    upi_json_put_int(&c->j, "width", c->o.width);
    upi_json_put_double(&c->j, "height", height);
    put_layers(c, height);
    upi_chart_close(c, &d->named);
out:
    if (d != NULL) {
        upi_free(d->row);
    }
    upi_free(d);
    return status;
}
