/* Which charts show a result, and drawing one. A kind looks at the columns of the rows, not at
 * the verb, so that a verb that answers with estimates and intervals has a forest plot without
 * another line. */
#include "report/chart.h"

#include "base/opts.h"

#include <string.h>

enum { LEAST_WIDTH = 120, MOST_WIDTH = 4000 };

static const upi_chart_kind kinds[] = {
    {"periods", "effects by period (--over, or --forward of 'project')",
        upi_chart_periods_takes, upi_chart_periods, 1000, 440, false},
    {"sequence", "the looks of 'monitor'", upi_chart_sequence_takes, upi_chart_sequence,
        1000, 440, false},
    {"rank", "the probabilities of 'rank'", upi_chart_rank_takes, upi_chart_rank, 200,
        440, false},
    {"paths", "the arrows of 'mediate'", upi_chart_paths_takes, upi_chart_paths, 400,
        680, true},
    {"power", "the sizes of 'power'", upi_chart_power_takes, upi_chart_power, 1000, 440,
        true},
    {"balance", "the covariates of 'check'", upi_chart_balance_takes, upi_chart_balance,
        200, 440, true},
    {"forest", "rows with an estimate and an interval", upi_chart_forest_takes,
        upi_chart_forest, 200, 440, false}};
enum { KINDS = sizeof kinds / sizeof kinds[0] };

static const upi_sheet *
sheet_of(const up_result *r, const upi_chart_kind *k)
{
    return k->only_chart ? &r->drawn : &r->rows;
}

static bool
fits(const up_result *r, const upi_chart_kind *k)
{
    const upi_sheet *rows = sheet_of(r, k);
    for (int64_t i = 0; i < rows->n_rows; i++) {
        if (k->takes(r, rows, i)) {
            return true;
        }
    }
    return false;
}

const char *
up_result_chart_kind(const up_result *r, int64_t i)
{
    for (int64_t k = 0; r != NULL && i >= 0 && k < KINDS; k++) {
        if (fits(r, &kinds[k]) && i-- == 0) {
            return kinds[k].name;
        }
    }
    return NULL;
}

static up_status
refuse(const up_result *r, const char *kind, const upi_chart_kind *known, up_error *err)
{
    upi_text t = {0};
    for (int64_t i = 0; up_result_chart_kind(r, i) != NULL; i++) {
        upi_text_addf(&t, "%s%s", i > 0 ? ", " : "", up_result_chart_kind(r, i));
    }
    const char *fitting = t.s != NULL ? t.s : "";
    if (kind == NULL || fitting[0] == '\0') {
        (void)upi_fail(err, UP_E_ARGUMENT, "kind",
            "this result of '%s' has no rows that a chart shows", r->op);
    } else if (known != NULL) {
        (void)upi_fail(
            err, UP_E_ARGUMENT, "kind", "the chart '%s' needs %s", kind, known->why);
    } else {
        (void)upi_fail(
            err, UP_E_ARGUMENT, "kind", "there is no kind of chart '%.60s'", kind);
    }
    up_status status =
        fitting[0] != '\0'
            ? upi_fix(err, "a kind that shows this result: %.180s", fitting)
            : upi_fix(err, "read its rows or its text instead");
    upi_text_free(&t);
    return status;
}

static up_status
choose(const up_result *r, const char *kind, const upi_chart_kind **out, up_error *err)
{
    const upi_chart_kind *known = NULL;
    for (int64_t k = 0; k < KINDS; k++) {
        bool wanted = kind == NULL || strcmp(kinds[k].name, kind) == 0;
        if (wanted && fits(r, &kinds[k])) {
            *out = &kinds[k];
            return UP_OK;
        }
        known = wanted && kind != NULL ? &kinds[k] : known;
    }
    return refuse(r, kind, known, err);
}

static up_status
check_options(
    up_chart_opts *ours, const up_chart_opts *theirs, int64_t width, up_error *err)
{
    up_status status = UP_OK;
    UP_TRY(upi_opts_copy(ours, sizeof *ours, theirs, err));
    ours->width = ours->width == 0 ? width : ours->width;
    if (ours->width < LEAST_WIDTH || ours->width > MOST_WIDTH) {
        status = upi_fail(err, UP_E_ARGUMENT, "width",
            "the width of a chart is %d to %d pixels", LEAST_WIDTH, MOST_WIDTH);
    } else if (ours->scale < UP_CHART_SCALE_AUTO ||
               ours->scale > UP_CHART_SCALE_RELATIVE) {
        status = upi_fail(err, UP_E_ARGUMENT, "scale",
            "the scale of a chart is 0, 1 (absolute) or 2 (relative)");
    }
out:
    return status;
}

static up_status
take_rows(upi_chart *c, const upi_chart_kind *kind, up_error *err)
{
    up_status status = UP_OK;
    c->rows = sheet_of(c->r, kind);
    UP_TRY(UP_NEW(&c->row, c->rows->n_rows, err));
    for (int64_t i = 0; i < c->rows->n_rows; i++) {
        if (!kind->takes(c->r, c->rows, i)) {
            continue;
        }
        if (c->n < kind->most) {
            c->row[c->n++] = i;
        } else {
            c->left++;
        }
    }
out:
    return status;
}

up_status
up_result_chart(const up_result *r, const char *kind, const up_chart_opts *opts,
    char **out, up_error *err)
{
    UP_GUARD(err);
    up_status status = UP_OK;
    const upi_chart_kind *chosen = NULL;
    upi_chart c = {.r = r};
    UP_TRY(choose(r, kind, &chosen, err));
    UP_TRY(check_options(&c.o, opts, chosen->width, err));
    UP_TRY(take_rows(&c, chosen, err));
    upi_json_start(&c.j, &c.out, 0, 0);
    UP_TRY(chosen->draw(&c, err));
    UP_TRY(upi_text_take(&c.out, out, err));
out:
    upi_free(c.row);
    upi_text_free(&c.out);
    return status;
}
