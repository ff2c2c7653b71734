/* Effects for people: one line each with the estimate, its interval, the relative effect and
 * a bar. Columns that say the same on every line stand in the heading instead. What does not
 * fit the terminal is left out from the right: first the interval of the relative effect,
 * then the relative effect, then the bar. Where comparisons are adjusted the intervals are the
 * adjusted ones, and with margins too a column says what is decided. */
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
    char decision[CELL];
    double value, ends[2];
} line;

typedef struct plan {
    const upi_style *s;
    const up_result *r;
    line *lines;
    int64_t n;
    const char *beside;      /* the column that stands beside the estimate */
    int label_width[LABELS]; /* 0 = not shown */
    int estimate, interval, relative, relative_interval, decision, truth, bar;
    bool adjusted; /* some interval is */
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

/* Where the adjusted interval is of the effect itself, and not of its margin. */
static bool
adjusted_interval(const up_result *r, int64_t i)
{
    return text(r, i, "margin")[0] == '\0' && text(r, i, "family")[0] != '\0';
}

/* An interval, or what is left of one: a, b are its ends as texts. */
static void
set_text(const char *set, const char *a, const char *b, char out[CELL])
{
    if (strcmp(set, "complement") == 0) {
        (void)snprintf(out, CELL, "outside (%.60s, %.60s)", a, b);
    } else if (strcmp(set, "above") == 0) {
        (void)snprintf(out, CELL, "above %.60s", a);
    } else if (strcmp(set, "below") == 0) {
        (void)snprintf(out, CELL, "below %.60s", b);
    } else if (strcmp(set, "line") == 0) {
        (void)snprintf(out, CELL, "unbounded");
    } else {
        (void)snprintf(out, CELL, "[%.60s, %.60s]", a, b);
    }
}

static void
relative_texts(const plan *p, int64_t i, line *l)
{
    double x = number(p->r, i, "relative");
    bool adjusted = adjusted_interval(p->r, i);
    double low = number(p->r, i, adjusted ? "adjusted_relative_low" : "relative_low");
    double high =
        number(p->r, i, adjusted ? "adjusted_relative_high" : "relative_high");
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
    set_text(set, a, b, l->relative_interval);
}

/* What is decided, where margins or an adjustment were asked for: "increase (p 0.003)",
 * "non-inferior: <= 2% (p 0.01)". */
static void
decision_text(const up_result *r, int64_t i, line *l)
{
    const char *margin = text(r, i, "margin");
    const char *family = text(r, i, "family");
    bool shown = margin[0] != '\0' || family[0] != '\0';
    double p = family[0] != '\0'   ? number(r, i, "adjusted_p_value")
               : margin[0] != '\0' ? number(r, i, "margin_p_value")
                                   : number(r, i, "p_value");
    char word[CELL];
    if (!shown) {
        return;
    }
    (void)snprintf(word, CELL, "%.60s", text(r, i, "decision"));
    for (char *c = word; *c != '\0'; c++) {
        *c = (char)(*c == '_' ? '-' : *c);
    }
    if (strcmp(word, "none") == 0) {
        (void)snprintf(word, CELL, margin[0] != '\0' ? "not shown" : "undecided");
    }
    (void)snprintf(l->decision, CELL, "%.40s%s%.60s (p %.2g)", word,
        margin[0] != '\0' ? ": " : "", margin, p);
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

static const char *
shape_of(const up_result *r, int64_t i, const double ends[2])
{
    const char *set = text(r, i, "conf_set");
    bool pieces = strcmp(set, "complement") == 0 && !adjusted_interval(r, i);
    return pieces                              ? set
           : isinf(ends[0]) && isinf(ends[1])  ? "line"
           : isinf(ends[1]) && !isinf(ends[0]) ? "above"
           : isinf(ends[0]) && !isinf(ends[1]) ? "below"
                                               : "interval";
}

/* The interval that decides about a margin, in its unit. */
static void
margin_interval(const plan *p, int64_t i, int decimals, line *l)
{
    const up_result *r = p->r;
    const char *margin = text(r, i, "margin");
    size_t length = strlen(margin);
    bool share = length > 0 && margin[length - 1] == '%';
    bool adjusted = text(r, i, "family")[0] != '\0';
    double ends[2] = {number(r, i, adjusted ? "adjusted_low" : "margin_low"),
        number(r, i, adjusted ? "adjusted_high" : "margin_high")};
    char texts[2][CELL];
    for (int k = 0; k < 2; k++) {
        char digits[UPI_NUMBER_CHARS];
        double scale = share ? 100 : 1;
        upi_number_text(p->s, scale * ends[k], share ? 2 : decimals, true, digits);
        (void)snprintf(texts[k], CELL, "%s%s", digits, share ? "%" : "");
    }
    const char *set = isinf(ends[0]) && isinf(ends[1]) ? "line"
                      : isinf(ends[1])                 ? "above"
                      : isinf(ends[0])                 ? "below"
                                                       : "interval";
    set_text(set, texts[0], texts[1], l->interval);
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
    bool adjusted = adjusted_interval(r, i);
    l->ends[0] = number(r, i, adjusted ? "adjusted_low" : "conf_low");
    l->ends[1] = number(r, i, adjusted ? "adjusted_high" : "conf_high");
    int decimals = upi_decimals(number(r, i, "std_error"));
    upi_number_text(p->s, l->value, decimals, true, l->estimate);
    upi_number_text(p->s, l->ends[0], decimals, true, low);
    upi_number_text(p->s, l->ends[1], decimals, true, high);
    if (text(r, i, "margin")[0] != '\0') {
        margin_interval(p, i, decimals, l);
    } else if (!isnan(l->ends[0]) || !isnan(l->ends[1])) {
        set_text(shape_of(r, i, l->ends), low, high, l->interval);
    }
    relative_texts(p, i, l);
    decision_text(r, i, l);
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
    int parts[] = {p->estimate, p->interval, p->relative, p->relative_interval,
        p->decision, p->truth, p->bar};
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
        p->decision = wider(p->decision, l->decision);
        p->adjusted = p->adjusted || adjusted_interval(p->r, i);
        p->truth = wider(p->truth, l->truth);
    }
    if (p->relative > 0) {
        p->relative = wider(p->relative, "relative");
    }
    if (p->decision > 0) {
        p->decision = wider(p->decision, "decision");
    }
    if (p->adjusted) {
        p->interval = wider(p->interval, "95% adjusted");
    }
    if (p->truth > 0) {
        p->truth = wider(p->truth, p->beside);
    }
    p->bar = LEAST_BAR;
    int *optional[] = {&p->relative_interval, &p->relative, &p->bar};
    for (size_t k = 0; k < 3 && line_width(p) > p->s->width; k++) {
        *optional[k] = 0;
    }
    bool one_metric = true;
    for (int64_t i = 1; i < p->n && one_metric; i++) {
        one_metric = strcmp(p->lines[i].label[0], p->lines[0].label[0]) == 0;
    }
    if (one_metric && line_width(p) > p->s->width) {
        p->label_width[0] = 0; /* the headline names it */
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
    (void)snprintf(interval, sizeof interval, "%.16s%% %s", digits,
        p->adjusted ? "adjusted" : "interval");
    upi_text heading = {0};
    for (int k = 0; k < LABELS; k++) {
        add_part(&heading, p, label_names[k], p->label_width[k], false);
    }
    add_part(&heading, p, "estimate", p->estimate, true);
    add_part(&heading, p, interval, p->interval, false);
    add_part(&heading, p, "relative", p->relative, true);
    add_part(&heading, p, "", p->relative_interval, false);
    add_part(&heading, p, "decision", p->decision, false);
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
    add_part(t, p, l->decision, p->decision, false);
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
    if (upi_sheet_find(&r->rows, "truth") < 0 &&
        upi_sheet_find(&r->rows, "experiment") >= 0) {
        p.beside = "experiment";
    }
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
