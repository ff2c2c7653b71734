/* Effects for people: one line each with the estimate, its interval, the relative effect and
 * a bar. Columns that say the same on every line stand in the heading instead. What does not
 * fit the terminal is left out from the right: first the interval of the relative effect,
 * then the relative effect, then the bar. */
#include "report/style.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum { LABELS = 8, LEAST_BAR = 17, MOST_BAR = 48, GAP = 2, CELL = 160 };

/* One line of the table, as texts. */
typedef struct line {
    const char *label[LABELS];
    char estimate[UPI_NUMBER_CHARS];
    char interval[CELL], relative[CELL], relative_interval[CELL], truth[CELL];
    double value, ends[2];
} line;

typedef struct plan {
    const upi_style *s;
    const up_result *r;
    line *lines;
    int64_t n;
    const char *beside;      /* the column that stands beside the estimate */
    int label_width[LABELS]; /* 0 = not shown */
    int estimate, interval, relative, relative_interval, truth, bar;
} plan;

static const char *const label_names[LABELS] = {
    "metric", "arm", "segment", "period", "estimand", "part", "path", "confounding"};

static double
number(const up_result *r, int64_t i, const char *name)
{
    int64_t j = upi_sheet_find(&r->rows, name);
    return j >= 0 ? r->rows.cells[i * r->rows.n_columns + j].number : (double)NAN;
}

static const char *
text(const up_result *r, int64_t i, const char *name)
{
    int64_t j = upi_sheet_find(&r->rows, name);
    const char *s = j >= 0 ? r->rows.cells[i * r->rows.n_columns + j].text : NULL;
    return s != NULL ? s : "";
}

static void
percent(const upi_style *s, double x, int decimals, bool unit, char out[CELL])
{
    char digits[UPI_NUMBER_CHARS];
    upi_number_text(s, 100 * x, decimals, true, digits);
    (void)snprintf(out, CELL, "%s%s", digits, unit && isfinite(x) ? "%" : "");
}

static void
relative_texts(const plan *p, int64_t i, line *l)
{
    double x = number(p->r, i, "relative");
    double low = number(p->r, i, "relative_low");
    double high = number(p->r, i, "relative_high");
    const char *set = text(p->r, i, "relative_set");
    char a[CELL];
    char b[CELL];
    if (!isfinite(x)) {
        return;
    }
    double spread =
        isfinite(low) && isfinite(high) ? fabs(high - low) / 4 : fabs(x) / 4;
    int decimals = upi_decimals(100 * spread);
    decimals = decimals > 4 ? 4 : decimals;
    percent(p->s, x, decimals, true, l->relative);
    percent(p->s, low, decimals, false, a);
    percent(p->s, high, decimals, false, b);
    if (strcmp(set, "complement") == 0) {
        (void)snprintf(l->relative_interval, CELL, "outside (%.60s, %.60s)", a, b);
    } else if (strcmp(set, "above") == 0) {
        (void)snprintf(l->relative_interval, CELL, "above %.60s", a);
    } else if (strcmp(set, "below") == 0) {
        (void)snprintf(l->relative_interval, CELL, "below %.60s", b);
    } else if (strcmp(set, "line") == 0) {
        (void)snprintf(l->relative_interval, CELL, "unbounded");
    } else {
        (void)snprintf(l->relative_interval, CELL, "[%.60s, %.60s]", a, b);
    }
}

/* What stands beside an estimate: the truth of simulated data, with a mark, or the effect in
 * the experiment where the estimate is that of a target. */
static void
truth_text(const plan *p, int64_t i, int decimals, line *l)
{
    double x = number(p->r, i, p->beside);
    char digits[UPI_NUMBER_CHARS];
    if (!isfinite(x)) {
        return;
    }
    if (strcmp(p->beside, "truth") != 0) {
        upi_number_text(p->s, x, decimals, true, l->truth);
        return;
    }
    bool inside = x >= l->ends[0] && x <= l->ends[1];
    upi_number_text(p->s, x, decimals, true, digits);
    const char *mark = inside ? (p->s->unicode ? "\xe2\x9c\x93" : "in")
                              : (p->s->unicode ? "\xe2\x9c\x97" : "out");
    (void)snprintf(l->truth, CELL, "%s %s", digits, mark);
}

static void
fill_line(const plan *p, int64_t i, line *l)
{
    char low[UPI_NUMBER_CHARS];
    char high[UPI_NUMBER_CHARS];
    const up_result *r = p->r;
    const char *segment = text(r, i, "segment");
    const char *period = text(r, i, "period");
    l->label[0] = text(r, i, "metric");
    l->label[1] = text(r, i, "arm");
    l->label[2] = segment[0] != '\0' ? segment : "everyone";
    l->label[3] = period[0] != '\0' ? period : "all";
    l->label[4] = text(r, i, "estimand");
    l->label[5] = text(r, i, "part");
    l->label[6] = text(r, i, "path");
    l->label[7] = text(r, i, "confounding");
    l->value = number(r, i, "estimate");
    l->ends[0] = number(r, i, "conf_low");
    l->ends[1] = number(r, i, "conf_high");
    int decimals = upi_decimals(number(r, i, "std_error"));
    upi_number_text(p->s, l->value, decimals, true, l->estimate);
    upi_number_text(p->s, l->ends[0], decimals, true, low);
    upi_number_text(p->s, l->ends[1], decimals, true, high);
    if (!isnan(l->ends[0]) || !isnan(l->ends[1])) {
        (void)snprintf(l->interval, CELL, "[%s, %s]", low, high);
    }
    relative_texts(p, i, l);
    truth_text(p, i, decimals, l);
}

static int
wider(int so_far, const char *s)
{
    int wide = upi_utf8_width(s);
    return wide > so_far ? wide : so_far;
}

/* A label is a column only if it differs between lines; the metric always is. */
static void
measure_labels(plan *p)
{
    for (int k = 0; k < LABELS; k++) {
        bool differs = k == 0;
        int width = upi_utf8_width(label_names[k]);
        for (int64_t i = 0; i < p->n; i++) {
            differs |= strcmp(p->lines[i].label[k], p->lines[0].label[k]) != 0;
            width = wider(width, p->lines[i].label[k]);
        }
        p->label_width[k] = differs ? (width < 36 ? width : 36) : 0;
    }
}

static int
line_width(const plan *p)
{
    int parts[] = {
        p->estimate, p->interval, p->relative, p->relative_interval, p->truth, p->bar};
    int total = 0;
    for (int k = 0; k < LABELS; k++) {
        total += p->label_width[k] > 0 ? p->label_width[k] + GAP : 0;
    }
    for (size_t k = 0; k < sizeof parts / sizeof parts[0]; k++) {
        total += parts[k] > 0 ? parts[k] + GAP : 0;
    }
    return total - GAP;
}

static void
measure(plan *p)
{
    measure_labels(p);
    p->estimate = 8;
    p->interval = 12;
    for (int64_t i = 0; i < p->n; i++) {
        const line *l = &p->lines[i];
        p->estimate = wider(p->estimate, l->estimate);
        p->interval = wider(p->interval, l->interval);
        p->relative = wider(p->relative, l->relative);
        p->relative_interval = wider(p->relative_interval, l->relative_interval);
        p->truth = wider(p->truth, l->truth);
    }
    if (p->relative > 0) {
        p->relative = wider(p->relative, "relative");
    }
    if (p->truth > 0) {
        p->truth = wider(p->truth, p->beside);
    }
    p->bar = LEAST_BAR;
    int *optional[] = {&p->relative_interval, &p->relative, &p->bar};
    for (size_t k = 0; k < 3 && line_width(p) > p->s->width; k++) {
        *optional[k] = 0;
    }
    if (p->bar > 0) {
        int room = p->s->width - line_width(p);
        p->bar += room > MOST_BAR - LEAST_BAR ? MOST_BAR - LEAST_BAR : room;
    }
}

/* Metrics have different units, so each has an axis of its own. */
static void
axis_of(const plan *p, const char *metric, double axis[2])
{
    axis[0] = 0;
    axis[1] = 0;
    for (int64_t i = 0; i < p->n; i++) {
        const line *l = &p->lines[i];
        if (strcmp(l->label[0], metric) != 0) {
            continue;
        }
        double all[] = {l->value, l->ends[0], l->ends[1]};
        for (int k = 0; k < 3; k++) {
            if (isfinite(all[k])) {
                axis[0] = all[k] < axis[0] ? all[k] : axis[0];
                axis[1] = all[k] > axis[1] ? all[k] : axis[1];
            }
        }
    }
}

static void
add_part(upi_text *t, const plan *p, const char *s, int width, bool right)
{
    if (width > 0) {
        upi_pad_add(t, p->s, s, width, right);
        upi_text_add(t, "  ");
    }
}

static void
add_heading(upi_text *t, const plan *p)
{
    char interval[32];
    double level = isfinite(p->r->level) ? p->r->level : 0.95;
    char digits[UPI_DOUBLE_CHARS];
    upi_double_text_digits(100 * level, 6, digits);
    (void)snprintf(interval, sizeof interval, "%.16s%% interval", digits);
    upi_text heading = {0};
    for (int k = 0; k < LABELS; k++) {
        add_part(&heading, p, label_names[k], p->label_width[k], false);
    }
    add_part(&heading, p, "estimate", p->estimate, true);
    add_part(&heading, p, interval, p->interval, false);
    add_part(&heading, p, "relative", p->relative, true);
    add_part(&heading, p, "", p->relative_interval, false);
    add_part(&heading, p, p->beside, p->truth, true);
    while (heading.length > 0 && heading.s[heading.length - 1] == ' ') {
        heading.s[--heading.length] = '\0';
    }
    upi_ink_add(t, p->s, UPI_INK_DIM, heading.s != NULL ? heading.s : "");
    upi_text_add_char(t, '\n');
    t->failed |= heading.failed;
    upi_text_free(&heading);
}

static void
add_line(upi_text *t, const plan *p, const line *l)
{
    int64_t start = t->length;
    for (int k = 0; k < LABELS; k++) {
        add_part(t, p, l->label[k], p->label_width[k], false);
    }
    add_part(t, p, l->estimate, p->estimate, true);
    add_part(t, p, l->interval, p->interval, false);
    add_part(t, p, l->relative, p->relative, true);
    add_part(t, p, l->relative_interval, p->relative_interval, false);
    add_part(t, p, l->truth, p->truth, true);
    if (p->bar > 0) {
        double axis[2];
        axis_of(p, l->label[0], axis);
        upi_forest_add(t, p->s, l->value, l->ends, axis, p->bar);
    }
    while (t->s != NULL && t->length > start && t->s[t->length - 1] == ' ') {
        t->s[--t->length] = '\0';
    }
    upi_text_add_char(t, '\n');
}

void
upi_effects_text(upi_text *t, const upi_style *s, const up_result *r)
{
    plan p = {.s = s, .r = r, .n = r->rows.n_rows, .beside = "truth"};
    p.beside = upi_sheet_find(&r->rows, "experiment") >= 0 ? "experiment" : p.beside;
    p.lines = upi_calloc(p.n, sizeof *p.lines);
    if (p.lines == NULL) {
        t->failed = true;
        return;
    }
    for (int64_t i = 0; i < p.n; i++) {
        fill_line(&p, i, &p.lines[i]);
    }
    if (p.n > 0) {
        measure(&p);
        add_heading(t, &p);
    }
    for (int64_t i = 0; i < p.n; i++) {
        add_line(t, &p, &p.lines[i]);
    }
    upi_free(p.lines);
}
