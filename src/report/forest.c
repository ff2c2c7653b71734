/* One bar of a forest plot: the interval, its estimate and the zero line, in characters. A
 * column of the plot stands for an equal part of the axis; the ends are rounded to the
 * nearest column, and the zero line is drawn wherever the bar does not cover it. */
#include "report/style.h"

#include <math.h>

enum { MOST_COLUMNS = 200 };

typedef enum glyph {
    BLANK,
    ZERO,
    LINE,
    LOW,
    HIGH,
    DOT,
    LINE_ZERO,
    OFF_LEFT,
    OFF_RIGHT
} glyph;

static int
column_of(double x, const double axis[2], int width)
{
    if (!(axis[1] > axis[0])) {
        return width / 2;
    }
    double at = (x - axis[0]) / (axis[1] - axis[0]) * (width - 1);
    return at < 0 ? 0 : at > width - 1 ? width - 1 : (int)lround(at);
}

void
upi_forest_add(upi_text *t, const upi_style *s, double estimate, const double ends[2],
    const double axis[2], int width)
{
    static const char *const fancy[] = {" ", "\xe2\x94\x8a", "\xe2\x94\x80",
        "\xe2\x94\x9c", "\xe2\x94\xa4", "\xe2\x97\x8f", "\xe2\x94\xbc", "\xe2\x97\x80",
        "\xe2\x96\xb6"};
    static const char *const plain[] = {" ", ":", "-", "|", "|", "*", "+", "<", ">"};
    glyph row[MOST_COLUMNS] = {BLANK};
    if (width > MOST_COLUMNS) {
        width = MOST_COLUMNS;
    }
    bool zero_shown = axis[0] <= 0 && axis[1] >= 0;
    int zero = column_of(0, axis, width);
    if (zero_shown) {
        row[zero] = ZERO;
    }
    if (isfinite(estimate) && isfinite(axis[0]) && isfinite(axis[1])) {
        int low = isfinite(ends[0]) ? column_of(ends[0], axis, width) : 0;
        int high = isfinite(ends[1]) ? column_of(ends[1], axis, width) : width - 1;
        for (int i = low; i <= high; i++) {
            row[i] = zero_shown && i == zero ? LINE_ZERO : LINE;
        }
        row[low] = isfinite(ends[0]) ? LOW : OFF_LEFT;
        row[high] = isfinite(ends[1]) ? HIGH : OFF_RIGHT;
        row[column_of(estimate, axis, width)] = DOT;
    }
    for (int i = 0; i < width; i++) {
        upi_text_add(t, s->unicode ? fancy[row[i]] : plain[row[i]]);
    }
}
