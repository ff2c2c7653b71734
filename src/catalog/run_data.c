/* Carries out `describe` and `simulate`. */
#include "base/json.h"
#include "catalog/overwrite.h"
#include "catalog/pipeline.h"
#include "catalog/verbs.h"
#include "sim/shop.h"

#include <upshot/simulate.h>
#include <upshot/source.h>

#include <math.h>
#include <string.h>

static const upi_sheet_column columns[] = {{"column", UPI_CELL_TEXT, false},
    {"type", UPI_CELL_TEXT, false}, {"missing", UPI_CELL_INTEGER, false},
    {"infinite", UPI_CELL_INTEGER, true}, {"distinct", UPI_CELL_INTEGER, false},
    {"min", UPI_CELL_NUMBER, false}, {"max", UPI_CELL_NUMBER, false},
    {"mean", UPI_CELL_NUMBER, false}, {"sd", UPI_CELL_NUMBER, false},
    {"example", UPI_CELL_TEXT, false}};

static up_status
fill_columns(const up_description *d, up_result *r, up_error *err)
{
    up_status status = UP_OK;
    r->rows.columns = columns;
    r->rows.n_columns = sizeof columns / sizeof columns[0];
    for (int64_t i = 0; i < up_description_columns(d); i++) {
        up_column_info c = up_description_column(d, i);
        upi_cell *row = NULL;
        UP_TRY(upi_sheet_add(&r->rows, &row, err));
        UP_TRY(upi_cell_set(&row[0], c.name, err));
        UP_TRY(upi_cell_set(&row[1], c.type, err));
        row[2].integer = c.missing;
        row[3].integer = c.infinite;
        row[4].integer = c.distinct;
        row[5].number = c.min;
        row[6].number = c.max;
        row[7].number = c.mean;
        row[8].number = c.sd;
        UP_TRY(upi_cell_set(&row[9], c.example, err));
    }
out:
    return status;
}

/* A column whose name says that it is the arm; NULL when none does. */
static const char *
likely_arm(const up_description *d)
{
    static const char *const names[] = {
        "arm", "variant", "treatment", "assignment", "group", "itt"};
    for (size_t k = 0; k < sizeof names / sizeof names[0]; k++) {
        for (int64_t i = 0; i < up_description_columns(d); i++) {
            up_column_info c = up_description_column(d, i);
            if (strcmp(c.name, names[k]) == 0 && c.distinct >= 2 && c.distinct <= 20) {
                return c.name;
            }
        }
    }
    return NULL;
}

/* A column that may be a metric: one whose name says so, else the last number that varies,
 * since outcomes stand after what was known before. NULL when there is none. */
static const char *
likely_metric(const up_description *d, const char *arm)
{
    static const char *const names[] = {"sales", "revenue", "conversion", "converted",
        "outcome", "metric", "value", "y"};
    const char *last = NULL;
    for (size_t k = 0; k < sizeof names / sizeof names[0]; k++) {
        for (int64_t i = 0; i < up_description_columns(d); i++) {
            up_column_info c = up_description_column(d, i);
            bool number =
                isfinite(c.mean) && c.distinct >= 2 && strcmp(c.name, arm) != 0;
            if (number && strcmp(c.name, names[k]) == 0) {
                return c.name;
            }
            last = number ? c.name : last;
        }
    }
    return last;
}

static up_status
suggest(const upi_request *q, const up_description *d, up_result *r, up_error *err)
{
    up_status status = UP_OK;
    char *next = NULL;
    upi_text t = {0};
    const char *source = upi_request_text(q, "source");
    const char *arm = likely_arm(d);
    const char *metric = arm != NULL ? likely_metric(d, arm) : NULL;
    if (metric == NULL || strcmp(source, "-") == 0) {
        return upi_strings_add(&r->next, err, "upshot guide designs");
    }
    UP_TRY(upi_next_command(q, "check", source, false, &next, err));
    upi_text_addf(&t, "%s --itt ", next);
    upi_shell_word(&t, arm);
    upi_text_add(&t, " --metric ");
    upi_shell_word(&t, metric);
    upi_free(next);
    next = NULL;
    UP_TRY(upi_text_take(&t, &next, err));
    UP_TRY(upi_strings_add(&r->next, err, "%s", next));
out:
    upi_text_free(&t);
    upi_free(next);
    return status;
}

up_status
upi_handle_describe(
    const upi_request *q, const up_run *run, up_result *out, up_error *err)
{
    up_status status = UP_OK;
    up_source *source = NULL;
    up_description *d = NULL;
    const char *name = upi_request_text(q, "source");
    UP_TRY(up_source_open(name, run, &source, err));
    UP_TRY(up_source_describe(source, run, &d, err));
    out->view = UPI_VIEW_TABLE;
    out->has_rows = true;
    out->limit = upi_request_integer(q, "limit");
    UP_TRY(upi_strdup_to(&out->input.source, name, err));
    out->input.rows = up_description_rows(d);
    UP_TRY(fill_columns(d, out, err));
    UP_TRY(upi_result_say(&out->headline, err, "%lld rows, %lld columns",
        (long long)up_description_rows(d), (long long)up_description_columns(d)));
    UP_TRY(suggest(q, d, out, err));
out:
    up_description_free(d);
    up_source_free(source);
    return status;
}

static up_status
simulate_options(const upi_request *q, const up_run *run, up_result *r, up_error *err)
{
    static const char *const numbers[] = {
        "units", "arms", "weeks", "clusters", "covariates", "segments"};
    upi_text t = {0};
    upi_json j;
    upi_json_start(&j, &t, 0, 0);
    upi_json_object(&j);
    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++) {
        upi_json_put_int(&j, numbers[i], upi_request_integer(q, numbers[i]));
    }
    upi_json_put_string(&j, "noncompliance", upi_request_text(q, "noncompliance"));
    upi_json_put_bool(&j, "adaptive", upi_request_flag(q, "adaptive"));
    upi_json_put_int(&j, "seed", (int64_t)run->seed);
    upi_json_object_end(&j);
    return upi_text_take(&t, &r->options, err);
}

static up_status
simulate_next(const upi_request *q, const char *truth, up_result *r, up_error *err)
{
    upi_text t = {0};
    char *next = NULL;
    bool panel = upi_request_integer(q, "weeks") > 1;
    upi_text_add(&t, "upshot effect ");
    upi_shell_word(&t, upi_request_text(q, "to"));
    upi_text_add(&t, " --itt arm --metric sales --covariates device,spend_before");
    if (upi_request_integer(q, "noncompliance") != 0) {
        upi_text_add(&t, " --treated treated");
    }
    if (upi_request_integer(q, "clusters") > 0) {
        upi_text_add(&t, " --cluster household");
    } else if (panel) {
        upi_text_add(&t, " --cluster shopper");
    }
    if (upi_request_flag(q, "adaptive")) {
        upi_text_add(&t, " --propensity propensity");
    }
    upi_text_add(&t, panel ? " --over week --truth " : " --truth ");
    upi_shell_word(&t, truth);
    up_status status = UP_OK;
    UP_TRY(upi_text_take(&t, &next, err));
    UP_TRY(upi_strings_add(&r->next, err, "%s", next));
out:
    upi_free(next);
    return status;
}

up_status
upi_handle_simulate(
    const upi_request *q, const up_run *run, up_result *out, up_error *err)
{
    up_status status = UP_OK;
    char *truth = NULL;
    const char *to = upi_request_text(q, "to");
    const up_shop_opts *opts = UP_SHOP_OPTS(.units = upi_request_integer(q, "units"),
        .arms = upi_request_integer(q, "arms"),
        .weeks = upi_request_integer(q, "weeks"),
        .clusters = upi_request_integer(q, "clusters"),
        .noncompliance = upi_request_integer(q, "noncompliance"),
        .adaptive = upi_request_flag(q, "adaptive"),
        .covariates = upi_request_integer(q, "covariates"),
        .segments = upi_request_integer(q, "segments"));
    if (upi_request_text(q, "truth") != NULL) {
        UP_TRY(upi_strdup_to(&truth, upi_request_text(q, "truth"), err));
    } else {
        UP_TRY(upi_shop_truth_path(to, &truth, err));
    }
    UP_TRY(upi_refuse_own_source(to, truth, "truth", err));
    if (!upi_request_flag(q, "force")) {
        UP_TRY(upi_refuse_existing(to, "to", err));
        UP_TRY(upi_refuse_existing(truth, "truth", err));
    }
    UP_TRY(up_simulate_shop(to, truth, opts, run, err));
    UP_TRY(upi_strings_add(&out->files, err, "%s", to));
    UP_TRY(upi_strings_add(&out->files, err, "%s", truth));
    UP_TRY(upi_strdup_to(&out->input.source, "shop", err));
    out->view = UPI_VIEW_TABLE;
    out->input.rows = opts->units * opts->weeks;
    UP_TRY(
        upi_result_say(&out->headline, err, "%lld rows in %s; the true effects in %s",
            (long long)out->input.rows, to, truth));
    UP_TRY(simulate_options(q, run, out, err));
    UP_TRY(simulate_next(q, truth, out, err));
out:
    upi_free(truth);
    return status;
}
