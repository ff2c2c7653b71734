/* One row of effects in words: the estimate with as many decimals as its standard error
 * supports, its interval or what is left of one, the relative effect, and what was decided.
 * The trap: a set with an infinite end, or all that lies outside two ends, is not an interval
 * and is never written as one. */
#include "report/effect_words.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

static void
percent(
    const upi_style *s, double x, int decimals, bool unit, char out[UPI_EFFECT_CHARS])
{
    char digits[UPI_NUMBER_CHARS];
    upi_number_text(s, 100 * x, decimals, true, digits);
    (void)snprintf(
        out, UPI_EFFECT_CHARS, "%s%s", digits, unit && isfinite(x) ? "%" : "");
}

/* Where the adjusted interval is of the effect itself, and not of its margin. */
static bool
adjusted_interval(const upi_sheet *rows, int64_t i)
{
    return upi_sheet_text(rows, i, "margin")[0] == '\0' &&
           upi_sheet_text(rows, i, "family")[0] != '\0';
}

/* An interval, or what is left of one: a, b are its ends as texts. */
static void
set_text(const char *set, const char *a, const char *b, char out[UPI_EFFECT_CHARS])
{
    if (strcmp(set, "complement") == 0) {
        (void)snprintf(out, UPI_EFFECT_CHARS, "outside (%.60s, %.60s)", a, b);
    } else if (strcmp(set, "above") == 0) {
        (void)snprintf(out, UPI_EFFECT_CHARS, "above %.60s", a);
    } else if (strcmp(set, "below") == 0) {
        (void)snprintf(out, UPI_EFFECT_CHARS, "below %.60s", b);
    } else if (strcmp(set, "line") == 0) {
        (void)snprintf(out, UPI_EFFECT_CHARS, "unbounded");
    } else {
        (void)snprintf(out, UPI_EFFECT_CHARS, "[%.60s, %.60s]", a, b);
    }
}

static const char *
shape_of_ends(const double ends[2])
{
    bool low = isinf(ends[0]);
    bool high = isinf(ends[1]);
    return low && high ? "line" : high ? "above" : low ? "below" : "interval";
}

static void
relative_words(
    const upi_style *s, const upi_sheet *rows, int64_t i, upi_effect_words *w)
{
    char a[UPI_EFFECT_CHARS];
    char b[UPI_EFFECT_CHARS];
    double *ends = w->relative_ends;
    w->relative_value = upi_sheet_number(rows, i, "relative");
    ends[0] = upi_sheet_number(
        rows, i, w->adjusted ? "adjusted_relative_low" : "relative_low");
    ends[1] = upi_sheet_number(
        rows, i, w->adjusted ? "adjusted_relative_high" : "relative_high");
    w->relative_shape = upi_sheet_text(rows, i, "relative_set");
    if (!isfinite(w->relative_value)) {
        return;
    }
    double spread = isfinite(ends[0]) && isfinite(ends[1])
                        ? fabs(ends[1] - ends[0]) / 4
                        : fabs(w->relative_value) / 4;
    int decimals = upi_decimals(100 * spread);
    decimals = decimals > 4 ? 4 : decimals;
    percent(s, w->relative_value, decimals, true, w->relative);
    percent(s, ends[0], decimals, false, a);
    percent(s, ends[1], decimals, false, b);
    set_text(w->relative_shape, a, b, w->relative_interval);
}

/* What is decided, where margins or an adjustment were asked for: "increase (p 0.003)",
 * "non-inferior: <= 2% (p 0.01)". */
static void
decision_words(const upi_sheet *rows, int64_t i, upi_effect_words *w)
{
    const char *margin = upi_sheet_text(rows, i, "margin");
    const char *family = upi_sheet_text(rows, i, "family");
    const char *p_of = family[0] != '\0'   ? "adjusted_p_value"
                       : margin[0] != '\0' ? "margin_p_value"
                                           : "p_value";
    char word[UPI_EFFECT_CHARS];
    if (margin[0] == '\0' && family[0] == '\0') {
        return;
    }
    (void)snprintf(word, sizeof word, "%.60s", upi_sheet_text(rows, i, "decision"));
    for (char *c = word; *c != '\0'; c++) {
        *c = (char)(*c == '_' ? '-' : *c);
    }
    if (strcmp(word, "none") == 0) {
        (void)snprintf(
            word, sizeof word, margin[0] != '\0' ? "not shown" : "undecided");
    }
    (void)snprintf(w->decision, UPI_EFFECT_CHARS, "%.40s%s%.60s (p %.2g)", word,
        margin[0] != '\0' ? ": " : "", margin, upi_sheet_number(rows, i, p_of));
}

/* The interval that decides about a margin, in its unit. */
static void
margin_interval(
    const upi_style *s, const upi_sheet *rows, int64_t i, upi_effect_words *w)
{
    const char *margin = upi_sheet_text(rows, i, "margin");
    size_t length = strlen(margin);
    bool share = length > 0 && margin[length - 1] == '%';
    bool adjusted = upi_sheet_text(rows, i, "family")[0] != '\0';
    double ends[2] = {
        upi_sheet_number(rows, i, adjusted ? "adjusted_low" : "margin_low"),
        upi_sheet_number(rows, i, adjusted ? "adjusted_high" : "margin_high")};
    char texts[2][UPI_EFFECT_CHARS];
    for (int k = 0; k < 2; k++) {
        char digits[UPI_NUMBER_CHARS];
        double scale = share ? 100 : 1;
        upi_number_text(s, scale * ends[k], share ? 2 : w->decimals, true, digits);
        (void)snprintf(texts[k], UPI_EFFECT_CHARS, "%.60s%s", digits, share ? "%" : "");
    }
    set_text(shape_of_ends(ends), texts[0], texts[1], w->interval);
}

void
upi_effect_words_make(
    const upi_style *s, const upi_sheet *rows, int64_t i, upi_effect_words *out)
{
    char low[UPI_NUMBER_CHARS];
    char high[UPI_NUMBER_CHARS];
    upi_effect_words *w = out;
    *w = (upi_effect_words){.value = upi_sheet_number(rows, i, "estimate"),
        .adjusted = adjusted_interval(rows, i),
        .decimals = upi_decimals(upi_sheet_number(rows, i, "std_error"))};
    w->ends[0] = upi_sheet_number(rows, i, w->adjusted ? "adjusted_low" : "conf_low");
    w->ends[1] = upi_sheet_number(rows, i, w->adjusted ? "adjusted_high" : "conf_high");
    const char *set = upi_sheet_text(rows, i, "conf_set");
    bool pieces = strcmp(set, "complement") == 0 && !w->adjusted;
    w->shape = pieces ? set : shape_of_ends(w->ends);
    upi_number_text(s, w->value, w->decimals, true, w->estimate);
    upi_number_text(s, w->ends[0], w->decimals, true, low);
    upi_number_text(s, w->ends[1], w->decimals, true, high);
    if (upi_sheet_text(rows, i, "margin")[0] != '\0') {
        margin_interval(s, rows, i, w);
    } else if (!isnan(w->ends[0]) || !isnan(w->ends[1])) {
        set_text(w->shape, low, high, w->interval);
    }
    relative_words(s, rows, i, w);
    decision_words(rows, i, w);
}
