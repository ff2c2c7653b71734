/* Carries out `boundaries`. */
#include "base/json.h"
#include "catalog/request.h"
#include "catalog/verbs.h"

#include <upshot/sequential.h>

#include <math.h>
#include <string.h>

enum { COLUMNS = 12, FUTILITY_COLUMNS = 4 };

static const upi_sheet_column columns[COLUMNS] = {{"look", UPI_CELL_INTEGER, false},
    {"information", UPI_CELL_NUMBER, false}, {"n", UPI_CELL_INTEGER, true},
    {"efficacy", UPI_CELL_NUMBER, false}, {"nominal_p", UPI_CELL_NUMBER, false},
    {"spent", UPI_CELL_NUMBER, false}, {"reject_null", UPI_CELL_NUMBER, false},
    {"reject_drift", UPI_CELL_NUMBER, false}, {"futility", UPI_CELL_NUMBER, false},
    {"futility_spent", UPI_CELL_NUMBER, false}, {"futile_null", UPI_CELL_NUMBER, false},
    {"futile_drift", UPI_CELL_NUMBER, false}};

static up_status
fill_rows(const upi_request *q, const up_boundaries *b, up_result *r, up_error *err)
{
    up_status status = UP_OK;
    up_boundary_plan plan = up_boundaries_plan(b);
    bool planned = upi_request_value(q, "planned")->given;
    r->has_rows = true;
    r->rows.columns = columns;
    r->rows.n_columns =
        plan.futility == UP_FUTILITY_NONE ? COLUMNS - FUTILITY_COLUMNS : COLUMNS;
    for (int64_t k = 0; k < plan.n_looks; k++) {
        up_look look = up_boundaries_look(b, k);
        const double numbers[COLUMNS] = {0, look.information, 0, look.efficacy,
            look.nominal_p, look.spent, look.reject_null, look.reject_drift,
            look.futility, look.futility_spent, look.futile_null, look.futile_drift};
        upi_cell *row = NULL;
        UP_TRY(upi_sheet_add(&r->rows, &row, err));
        for (int64_t c = 0; c < r->rows.n_columns; c++) {
            row[c].number = numbers[c];
        }
        row[0].integer = k + 1;
        if (planned) {
            row[2].integer = (int64_t)ceil(
                look.information * upi_request_number(q, "planned") - 1e-6);
        }
    }
out:
    return status;
}

static up_status
read_information(const upi_request *q, double **out, int64_t *n, up_error *err)
{
    up_status status = UP_OK;
    const upi_value *v = upi_request_value(q, "information");
    const upi_value *looks = upi_request_value(q, "looks");
    *n = looks->given ? looks->integer : 0;
    if (!v->given) {
        return UP_OK;
    }
    if (looks->given) {
        (void)upi_fail(err, UP_E_USAGE, "looks",
            "--looks are equal steps, --information says where looks are");
        return upi_fix(err, "give one of them");
    }
    UP_TRY(upi_request_numbers(q, "information", "250,450,630,810", out, err));
    *n = v->n;
out:
    return status;
}

static up_status
find(const upi_request *q, up_boundaries **out, up_error *err)
{
    up_status status = UP_OK;
    double *information = NULL;
    int64_t n = 0;
    UP_TRY(read_information(q, &information, &n, err));
    UP_TRY(up_boundaries_find(
        UP_BOUNDARY_OPTS(.alpha = upi_request_number(q, "alpha"),
            .sides = upi_request_integer(q, "sides"),
            .spending = upi_request_integer(q, "spending"),
            .spending_parameter = upi_request_number(q, "spending-parameter"),
            .information = information, .n_looks = n,
            .anytime = upi_request_integer(q, "inference"),
            .futility = upi_request_integer(q, "futility"),
            .futility_spending = upi_request_integer(q, "futility-spending"),
            .futility_parameter = upi_request_number(q, "futility-parameter"),
            .power = upi_request_number(q, "power"),
            .drift = upi_request_value(q, "drift")->given
                         ? upi_request_number(q, "drift")
                         : 0),
        out, err));
out:
    upi_free(information);
    return status;
}

static up_status
set_design(const up_boundary_plan *p, up_result *r, up_error *err)
{
    upi_text t = {0};
    upi_json j;
    upi_json_start(&j, &t, 0, 0);
    upi_json_object(&j);
    upi_json_put_double(&j, "drift", p->drift);
    upi_json_put_double(&j, "power", p->power);
    upi_json_put_double(&j, "inflation", p->inflation);
    upi_json_put_double(&j, "type_one_error", p->type_one_error);
    upi_json_put_double(&j, "expected_null", p->expected_null);
    upi_json_put_double(&j, "expected_half", p->expected_half);
    upi_json_put_double(&j, "expected_drift", p->expected_drift);
    upi_json_put_double(&j, "mixture", p->mixture);
    upi_json_object_end(&j);
    return upi_text_take(&t, &r->design, err);
}

static up_status
set_options(
    const upi_request *q, const up_boundary_plan *p, up_result *r, up_error *err)
{
    upi_text t = {0};
    upi_json j;
    upi_json_start(&j, &t, 0, 0);
    upi_json_object(&j);
    upi_json_put_int(&j, "looks", p->n_looks);
    upi_json_put_string(&j, "inference", upi_request_text(q, "inference"));
    upi_json_put_double(&j, "alpha", p->alpha);
    upi_json_put_string(&j, "sides", upi_request_text(q, "sides"));
    if (p->anytime == 0) {
        upi_json_put_string(&j, "spending", upi_request_text(q, "spending"));
        upi_json_put_double(&j, "spending_parameter", p->spending_parameter);
    }
    upi_json_put_string(&j, "futility", upi_request_text(q, "futility"));
    upi_json_object_end(&j);
    return upi_text_take(&t, &r->options, err);
}

static up_status
set_words(const upi_request *q, const up_boundaries *b, up_result *r, up_error *err)
{
    up_status status = UP_OK;
    up_boundary_plan p = up_boundaries_plan(b);
    up_look first = up_boundaries_look(b, 0);
    up_look last = up_boundaries_look(b, p.n_looks - 1);
    const char *size = p.sides == 0 ? "+-" : p.sides == 2 ? "-" : "";
    if (p.n_looks == 1) {
        UP_TRY(upi_result_say(&r->headline, err,
            "One look: the statistic has to pass %s%.4g", size, last.efficacy));
    } else {
        UP_TRY(upi_result_say(&r->headline, err,
            "%lld looks: the statistic has to pass %s%.4g at the first and %s%.4g at "
            "the "
            "last; %.1f%% more data than one look for power %.2g, on average %.1f%% of "
            "the "
            "plan if the effect is as planned",
            (long long)p.n_looks, size, first.efficacy, size, last.efficacy,
            100 * (p.inflation - 1), p.power, 100 * p.expected_drift));
    }
    UP_TRY(upi_result_say(&r->context, err,
        "%s, alpha %g %s; drift %.4g, chance of a false alarm %.4g",
        p.anytime != 0 ? "anytime-valid bounds" : upi_request_text(q, "spending"),
        p.alpha, p.sides == 0 ? "two-sided" : "one-sided", p.drift, p.type_one_error));
out:
    return status;
}

up_status
upi_handle_boundaries(
    const upi_request *q, const up_run *run, up_result *out, up_error *err)
{
    (void)run;
    up_status status = UP_OK;
    up_boundaries *b = NULL;
    UP_TRY(find(q, &b, err));
    up_boundary_plan plan = up_boundaries_plan(b);
    out->view = UPI_VIEW_TABLE;
    out->limit = upi_request_integer(q, "limit");
    UP_TRY(fill_rows(q, b, out, err));
    UP_TRY(set_design(&plan, out, err));
    UP_TRY(set_options(q, &plan, out, err));
    UP_TRY(set_words(q, b, out, err));
out:
    up_boundaries_free(b);
    return status;
}
