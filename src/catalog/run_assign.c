/* Carries out `assign`. */
#include "base/json.h"
#include "catalog/overwrite.h"
#include "catalog/pipeline.h"
#include "catalog/shares.h"
#include "catalog/verbs.h"
#include "report/style.h"

#include <upshot/assign.h>

#include <math.h>

static const upi_sheet_column unit_columns[] = {{"unit", UPI_CELL_TEXT, false},
    {"cluster", UPI_CELL_TEXT, false}, {"arm", UPI_CELL_TEXT, false},
    {"propensity", UPI_CELL_NUMBER, false}};
static const upi_sheet_column arm_columns[] = {{"arm", UPI_CELL_TEXT, false},
    {"propensity", UPI_CELL_NUMBER, false}, {"units", UPI_CELL_INTEGER, false},
    {"clusters", UPI_CELL_INTEGER, true}};

static up_status
list_units(const up_assignment *a, up_result *r, up_error *err)
{
    up_status status = UP_OK;
    r->rows.columns = unit_columns;
    r->rows.n_columns = sizeof unit_columns / sizeof unit_columns[0];
    for (int64_t i = 0; i < up_assignment_count(a); i++) {
        up_assigned one = up_assignment_get(a, i);
        upi_cell *row = NULL;
        UP_TRY(upi_sheet_add(&r->rows, &row, err));
        UP_TRY(upi_cell_set(&row[0], one.unit, err));
        UP_TRY(upi_cell_set(&row[1], one.cluster, err));
        UP_TRY(upi_cell_set(&row[2], one.arm, err));
        row[3].number = one.propensity;
    }
out:
    return status;
}

static up_status
list_arms(const up_assignment *a, up_result *r, up_error *err)
{
    up_status status = UP_OK;
    r->rows.columns = arm_columns;
    r->rows.n_columns = sizeof arm_columns / sizeof arm_columns[0];
    for (int64_t k = 0; k < up_assignment_arms(a); k++) {
        up_assigned_arm arm = up_assignment_arm(a, k);
        upi_cell *row = NULL;
        UP_TRY(upi_sheet_add(&r->rows, &row, err));
        UP_TRY(upi_cell_set(&row[0], arm.arm, err));
        row[1].number = arm.share;
        row[2].integer = arm.units;
        row[3].integer = arm.clusters;
    }
out:
    return status;
}

static up_status
set_headline(const up_assignment *a, up_result *r, up_error *err)
{
    char n[UPI_NUMBER_CHARS];
    upi_text t = {0};
    upi_count_text(up_assignment_count(a), n);
    upi_text_addf(&t, "%s units assigned: ", n);
    for (int64_t k = 0; k < up_assignment_arms(a); k++) {
        up_assigned_arm arm = up_assignment_arm(a, k);
        upi_count_text(arm.units, n);
        upi_text_addf(&t, "%s%s %s", k > 0 ? ", " : "", n, arm.arm);
    }
    upi_free(r->headline);
    r->headline = NULL;
    return upi_text_take(&t, &r->headline, err);
}

static up_status
set_options(const upi_request *q, const up_assignment *a, const up_run *run,
    up_result *r, up_error *err)
{
    upi_text t = {0};
    upi_json j;
    double threshold = NAN;
    int64_t draws = 0;
    double imbalance = up_assignment_imbalance(a, &threshold, &draws);
    upi_json_start(&j, &t, 0, 0);
    upi_json_object(&j);
    upi_json_put_string(&j, "method", upi_request_text(q, "method"));
    upi_json_put_string(&j, "unit", upi_request_text(q, "unit"));
    upi_json_put_string(&j, "cluster", upi_request_text(q, "cluster"));
    upi_json_put_list(&j, "strata", upi_request_value(q, "strata"));
    upi_json_put_list(&j, "covariates", upi_request_value(q, "covariates"));
    upi_json_put_string(&j, "salt", upi_request_text(q, "salt"));
    upi_json_put_string(&j, "layer", upi_request_text(q, "layer"));
    upi_json_put_int(&j, "seed", (int64_t)run->seed);
    upi_json_put_double(&j, "imbalance", imbalance);
    upi_json_put_double(&j, "threshold", threshold);
    upi_json_put_int(&j, "draws", draws);
    upi_json_object_end(&j);
    return upi_text_take(&t, &r->options, err);
}

/* The analysis has to wait for outcomes; the arms can be looked at. */
static up_status
suggest(const upi_request *q, const char *to, up_result *r, up_error *err)
{
    up_status status = UP_OK;
    char *next = NULL;
    UP_TRY(upi_next_command(q, "describe", to, false, &next, err));
    UP_TRY(upi_strings_add(&r->next, err, "%s", next));
out:
    upi_free(next);
    return status;
}

static up_status
read_opts(const upi_request *q, double **shares, up_assign_opts *o, up_error *err)
{
    up_status status = UP_OK;
    const upi_value *arms = upi_request_value(q, "arms");
    const upi_value *strata = upi_request_value(q, "strata");
    const upi_value *covariates = upi_request_value(q, "covariates");
    *o = *UP_ASSIGN_OPTS(.method = upi_request_integer(q, "method"),
        .unit = upi_request_text(q, "unit"), .cluster = upi_request_text(q, "cluster"),
        .strata = (const char *const *)strata->text, .n_strata = strata->n,
        .covariates = (const char *const *)covariates->text,
        .n_covariates = covariates->n, .accept = upi_request_number(q, "accept"),
        .max_draws = upi_request_integer(q, "max-draws"),
        .probability_draws = upi_request_integer(q, "probability-draws"),
        .salt = upi_request_text(q, "salt"), .layer = upi_request_text(q, "layer"),
        .from = upi_request_number(q, "from"), .to = upi_request_number(q, "upto"));
    if (arms->given) {
        o->arms = (const char *const *)arms->text;
        o->n_arms = arms->n;
    }
    UP_TRY(upi_shares_read(q, arms->given ? arms->n : 2, shares, err));
    o->shares = *shares;
out:
    return status;
}

static up_status
write_or_list(const upi_request *q, const up_run *run, const up_assignment *a,
    up_result *out, up_error *err)
{
    up_status status = UP_OK;
    const char *to = upi_request_text(q, "to");
    if (to == NULL) {
        return list_units(a, out, err);
    }
    UP_TRY(up_assignment_write(a, to, run, err));
    UP_TRY(upi_strings_add(&out->files, err, "%s", to));
    UP_TRY(list_arms(a, out, err));
    UP_TRY(suggest(q, to, out, err));
out:
    return status;
}

up_status
upi_handle_assign(
    const upi_request *q, const up_run *run, up_result *out, up_error *err)
{
    up_status status = UP_OK;
    up_source *source = NULL;
    up_assignment *a = NULL;
    double *shares = NULL;
    up_assign_opts o;
    const char *name = upi_request_text(q, "source");
    const char *to = upi_request_text(q, "to");
    UP_TRY(upi_refuse_own_source(name, to, "to", err));
    if (to != NULL && !upi_request_flag(q, "force")) {
        UP_TRY(upi_refuse_existing(to, "to", err));
    }
    UP_TRY(read_opts(q, &shares, &o, err));
    UP_TRY(up_source_open(name, run, &source, err));
    UP_TRY(up_assign(source, &o, run, &a, err));
    out->view = UPI_VIEW_TABLE;
    out->has_rows = true;
    out->limit = upi_request_integer(q, "limit");
    UP_TRY(upi_strdup_to(&out->input.source, name, err));
    out->input.rows = up_assignment_count(a);
    UP_TRY(write_or_list(q, run, a, out, err));
    UP_TRY(set_headline(a, out, err));
    for (int64_t i = 0; i < up_assignment_notes(a); i++) {
        UP_TRY(upi_pipeline_note(&out->notes, up_assignment_note(a, i), err));
    }
    UP_TRY(set_options(q, a, run, out, err));
out:
    up_assignment_free(a);
    up_source_free(source);
    upi_free(shares);
    return status;
}
