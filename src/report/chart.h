/* What the charts share: a specification being written, its rows, its panels. */
#ifndef UPI_CHART_H
#define UPI_CHART_H

#include "base/json.h"
#include "report/effect_words.h"
#include "report/result.h"

#include <upshot/chart.h>

enum { UPI_CHART_LABEL = 480, UPI_CHART_COLUMNS = 8 };

typedef struct upi_chart {
    const up_result *r;
    const upi_sheet *rows; /* those drawn from: of the result, or for charts only */
    int64_t *row;          /* owned: which of them */
    int64_t n, left;       /* how many, and how many more there are */
    up_chart_opts o;
    upi_text out;
    upi_json j;
} upi_chart;

/* A kind of chart. `why` follows "the chart 'x' needs". */
typedef struct upi_chart_kind {
    const char *name, *why;
    /* whether row i of a sheet of the result is drawn */
    bool (*takes)(const up_result *r, const upi_sheet *rows, int64_t i);
    up_status (*draw)(upi_chart *c, up_error *err);
    int64_t most;    /* rows that can be read */
    int64_t width;   /* pixels, where none are asked for */
    bool only_chart; /* drawn from the rows that only a chart shows */
} upi_chart_kind;

/* JSON in which ' stands for ", under a key (NULL in an array). */
void upi_chart_put(upi_chart *c, const char *key, const char *template);
/* Everything of the specification that stands before the data: title, description, style.
 * `reading` says in one sentence how the chart is to be read. */
void upi_chart_open(upi_chart *c, const char *reading);
/* The data are written between these, one object each. */
void upi_chart_data(upi_chart *c);
void upi_chart_data_end(upi_chart *c);
/* Names of columns. */
typedef struct upi_chart_names {
    const char *name[UPI_CHART_COLUMNS];
    int64_t n;
} upi_chart_names;
/* One plot, or, with names, one for each value of the field "panel", which is their join; then
 * the caller writes what is in it: width, height, encoding, layer. */
void upi_chart_panels(upi_chart *c, const upi_chart_names *names, const char *own_axes);
void upi_chart_close(upi_chart *c, const upi_chart_names *names);

/* The layer that writes the field "words" beside the plot; `y` is its channel, NULL = that of all
 * layers. */
void upi_chart_words(upi_chart *c, const char *y);

/* "95%" */
void upi_chart_level(const upi_chart *c, char out[UPI_NUMBER_CHARS]);
/* Which of the named columns (NULL-ended) tell the rows apart. */
upi_chart_names upi_chart_differ(const upi_chart *c, const char *const *names);
/* The texts of those columns of a row, joined. */
void upi_chart_join(
    upi_chart *c, const upi_chart_names *names, int64_t i, char out[UPI_CHART_LABEL]);
/* Effects: whether they are drawn as shares of control; UP_E_ARGUMENT where that was asked for
 * and some row has no relative effect. `share`: do so unasked where that is possible. */
up_status upi_chart_scale(upi_chart *c, bool share, bool *relative, up_error *err);
/* Where an end x of row i is drawn: an infinite one at the edge of the axis of its panel, on
 * the side 0 (low) or 1, beyond all finite ends and zero. */
double upi_chart_end(const upi_chart *c, const upi_chart_names *panel, int64_t i,
    bool relative, double x, int side);
/* The member "axis" of the channel of effects: its title and its format. */
void upi_chart_effect_axis(upi_chart *c, bool relative);

/* The kinds. */
bool upi_chart_periods_takes(const up_result *r, const upi_sheet *rows, int64_t i);
up_status upi_chart_periods(upi_chart *c, up_error *err);
bool upi_chart_sequence_takes(const up_result *r, const upi_sheet *rows, int64_t i);
up_status upi_chart_sequence(upi_chart *c, up_error *err);
bool upi_chart_rank_takes(const up_result *r, const upi_sheet *rows, int64_t i);
up_status upi_chart_rank(upi_chart *c, up_error *err);
bool upi_chart_paths_takes(const up_result *r, const upi_sheet *rows, int64_t i);
up_status upi_chart_paths(upi_chart *c, up_error *err);
bool upi_chart_power_takes(const up_result *r, const upi_sheet *rows, int64_t i);
up_status upi_chart_power(upi_chart *c, up_error *err);
bool upi_chart_balance_takes(const up_result *r, const upi_sheet *rows, int64_t i);
up_status upi_chart_balance(upi_chart *c, up_error *err);
bool upi_chart_forest_takes(const up_result *r, const upi_sheet *rows, int64_t i);
up_status upi_chart_forest(upi_chart *c, up_error *err);

#endif
