/* What charts of effects share: the scale, and an axis that holds every finite end, so that one
 * that is infinite can be drawn as an arrow at its edge. */
#include "report/chart.h"

#include <math.h>
#include <string.h>

static bool
has_relative(const upi_chart *c)
{
    bool all = true;
    for (int64_t i = 0; i < c->n; i++) {
        double estimate = upi_sheet_number(c->rows, c->row[i], "estimate");
        double relative = upi_sheet_number(c->rows, c->row[i], "relative");
        all = all && (isfinite(relative) || !isfinite(estimate));
    }
    return all && upi_sheet_find(c->rows, "relative") >= 0;
}

up_status
upi_chart_scale(upi_chart *c, bool share, bool *relative, up_error *err)
{
    bool possible = has_relative(c);
    if (c->o.scale == UP_CHART_SCALE_RELATIVE && !possible) {
        (void)upi_fail(err, UP_E_ARGUMENT, "scale",
            "not every row of this result has a relative effect");
        return upi_fix(err, "draw it on the absolute scale");
    }
    *relative = c->o.scale == UP_CHART_SCALE_RELATIVE ||
                (c->o.scale == UP_CHART_SCALE_AUTO && share && possible);
    return UP_OK;
}

static bool
same_panel(const upi_chart *c, const upi_chart_names *panel, int64_t a, int64_t b)
{
    for (int64_t k = 0; k < panel->n; k++) {
        if (strcmp(upi_sheet_text(c->rows, a, panel->name[k]),
                upi_sheet_text(c->rows, b, panel->name[k])) != 0) {
            return false;
        }
    }
    return true;
}

/* All finite ends of the panel of row i, zero, and room for arrows. */
static void
reach_of(const upi_chart *c, const upi_chart_names *panel, int64_t i, bool relative,
    double reach[2])
{
    static const char *const columns[2][5] = {
        {"estimate", "conf_low", "conf_high", "adjusted_low", "adjusted_high"},
        {"relative", "relative_low", "relative_high", "adjusted_relative_low",
            "adjusted_relative_high"}};
    reach[0] = 0;
    reach[1] = 0;
    for (int64_t a = 0; a < c->n; a++) {
        if (!same_panel(c, panel, c->row[a], i)) {
            continue;
        }
        for (int64_t k = 0; k < 5; k++) {
            double x = upi_sheet_number(c->rows, c->row[a], columns[relative][k]);
            if (isfinite(x)) {
                reach[0] = fmin(reach[0], x);
                reach[1] = fmax(reach[1], x);
            }
        }
    }
    double span = reach[1] - reach[0];
    span = span > 0 ? span : 1;
    reach[0] -= 0.08 * span;
    reach[1] += 0.08 * span;
}

double
upi_chart_end(const upi_chart *c, const upi_chart_names *panel, int64_t i,
    bool relative, double x, int side)
{
    double reach[2];
    if (isinf(x)) {
        reach_of(c, panel, i, relative, reach);
        x = reach[side];
    }
    return x;
}

void
upi_chart_effect_axis(upi_chart *c, bool relative)
{
    static const char *const against[] = {"against", NULL};
    const char *of = upi_sheet_text(c->rows, c->row[0], "against");
    upi_text t = {0};
    if (upi_sheet_find(c->rows, "against") < 0) {
        upi_text_add(&t, "estimate");
    } else {
        bool one = upi_chart_differ(c, against).n == 0 && of[0] != '\0';
        upi_text_addf(&t, "%sdifference%s%s", relative ? "relative " : "",
            one ? " against " : "", one ? of : "");
    }
    upi_json_key(&c->j, "axis");
    upi_json_object(&c->j);
    upi_json_put_string(&c->j, "title", t.s);
    if (relative) {
        upi_json_put_string(&c->j, "format", ".2~%");
    }
    upi_json_object_end(&c->j);
    c->out.failed |= t.failed;
    upi_text_free(&t);
}
