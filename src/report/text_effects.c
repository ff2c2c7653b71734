/* Effects for people: one line each with the estimate, its interval, the relative effect and
 * a bar. Columns that say the same on every line stand in the heading instead. What does not
 * fit the terminal is left out from the right: first the interval of the relative effect,
 * then the relative effect, then the bar. Where comparisons are adjusted the intervals are the
 * adjusted ones, and with margins too a column says what is decided. */
#include "report/effect_words.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum { LABELS = 8, LEAST_BAR = 17, MOST_BAR = 48, GAP = 2, CELL = 160 };

/* One line of the table, as texts. */
typedef struct line {
    const char *label[LABELS];
    upi_effect_words words;
    char truth[CELL];
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

enum { SEGMENT = 2, PERIOD = 3 }; /* places in label_names */
static const char *const label_names[LABELS] = {
    "metric", "arm", "segment", "period", "estimand", "part", "path", "confounding"};

/* What stands beside an estimate: the truth of simulated data, with a mark, or the effect in
 * the experiment where the estimate is that of a target. */
static void
truth_text(const plan *p, int64_t i, line *l)
{
    const upi_effect_words *w = &l->words;
    double x = upi_sheet_number(&p->r->rows, i, p->beside);
    char digits[UPI_NUMBER_CHARS];
    if (!isfinite(x)) {
        return;
    }
    if (strcmp(p->beside, "truth") != 0) {
        upi_number_text(p->s, x, w->decimals, true, l->truth);
        return;
    }
    bool inside = x >= w->ends[0] && x <= w->ends[1];
    upi_number_text(p->s, x, w->decimals, true, digits);
    const char *mark = inside ? (p->s->unicode ? "\xe2\x9c\x93" : "in")
                              : (p->s->unicode ? "\xe2\x9c\x97" : "out");
    (void)snprintf(l->truth, CELL, "%s %s", digits, mark);
}

static void
fill_line(const plan *p, int64_t i, line *l)
{
    const upi_sheet *rows = &p->r->rows;
    for (int k = 0; k < LABELS; k++) {
        l->label[k] = upi_sheet_text(rows, i, label_names[k]);
    }
    l->label[SEGMENT] = l->label[SEGMENT][0] != '\0' ? l->label[SEGMENT] : "everyone";
    l->label[PERIOD] = l->label[PERIOD][0] != '\0' ? l->label[PERIOD] : "all";
    upi_effect_words_make(p->s, rows, i, &l->words);
    truth_text(p, i, l);
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
        p->estimate = wider(p->estimate, l->words.estimate);
        p->interval = wider(p->interval, l->words.interval);
        p->relative = wider(p->relative, l->words.relative);
        p->relative_interval = wider(p->relative_interval, l->words.relative_interval);
        p->decision = wider(p->decision, l->words.decision);
        p->adjusted = p->adjusted || l->words.adjusted;
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
        double all[] = {l->words.value, l->words.ends[0], l->words.ends[1]};
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
    add_part(t, p, l->words.estimate, p->estimate, true);
    add_part(t, p, l->words.interval, p->interval, false);
    add_part(t, p, l->words.relative, p->relative, true);
    add_part(t, p, l->words.relative_interval, p->relative_interval, false);
    add_part(t, p, l->words.decision, p->decision, false);
    add_part(t, p, l->truth, p->truth, true);
    if (p->bar > 0) {
        double axis[2];
        axis_of(p, l->label[0], axis);
        upi_forest_add(t, p->s, l->words.value, l->words.ends, axis, p->bar);
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
