/* Carries out `fit` and `check`. */
#include "base/json.h"
#include "catalog/overwrite.h"
#include "catalog/pipeline.h"
#include "catalog/verbs.h"
#include "check/check.h"
#include "moments/moments.h"

#include <upshot/bayes.h>
#include <upshot/check.h>

#include <math.h>

static const upi_sheet_column fit_columns[] = {{"metric", UPI_CELL_TEXT, false},
    {"term", UPI_CELL_TEXT, false}, {"estimate", UPI_CELL_NUMBER, false},
    {"std_error", UPI_CELL_NUMBER, false}, {"df", UPI_CELL_NUMBER, false}};

static const upi_sheet_column check_columns[] = {{"check", UPI_CELL_TEXT, false},
    {"verdict", UPI_CELL_TEXT, false}, {"number", UPI_CELL_NUMBER, false},
    {"threshold", UPI_CELL_NUMBER, false}, {"code", UPI_CELL_TEXT, false},
    {"text", UPI_CELL_TEXT, false}};

static const upi_sheet_column balance_columns[] = {{"term", UPI_CELL_TEXT, false},
    {"arm", UPI_CELL_TEXT, false}, {"against", UPI_CELL_TEXT, false},
    {"difference", UPI_CELL_NUMBER, false}, {"standardized", UPI_CELL_NUMBER, false}};

static const char *const verdicts[] = {"passed", "warning", "failed", "not applicable"};

static up_status
set_options(const upi_request *q, const upi_pipeline *p, up_result *r, up_error *err)
{
    upi_text t = {0};
    upi_json j;
    upi_json_start(&j, &t, 0, 0);
    upi_json_object(&j);
    upi_json_put_string(&j, "vcov", up_model_vcov(p->model));
    upi_json_put_string(&j, "interactions", upi_pipeline_interactions(p));
    upi_json_put_bool(&j, "no_covariates", p->linear.no_covariates != 0);
    upi_pipeline_prior_json(p, q, &j);
    if (upi_request_has(q, "accept")) {
        upi_json_put_list(&j, "accept", upi_request_value(q, "accept"));
    }
    upi_json_object_end(&j);
    return upi_text_take(&t, &r->options, err);
}

static up_status
add_coefficient(
    const up_model *m, int64_t component, int64_t j, upi_sheet *to, up_error *err)
{
    up_status status = UP_OK;
    upi_cell *row = NULL;
    UP_TRY(upi_sheet_add(to, &row, err));
    UP_TRY(upi_cell_set(&row[0], up_model_component(m, component), err));
    UP_TRY(upi_cell_set(&row[1], up_model_coef_name(m, j), err));
    row[2].number = up_model_coef(m, component, j);
    row[3].number = up_model_std_error(m, component, j);
    row[4].number = up_model_df(m, component, j);
out:
    return status;
}

static up_status
fill_coefficients(const up_model *m, up_result *r, up_error *err)
{
    up_status status = UP_OK;
    r->rows.columns = fit_columns;
    r->rows.n_columns = sizeof fit_columns / sizeof fit_columns[0];
    int64_t p = up_model_coefs(m);
    for (int64_t i = 0; i < up_model_components(m) * p; i++) {
        UP_TRY(add_coefficient(m, i / p, i % p, &r->rows, err));
    }
out:
    return status;
}

/* What kind of posterior the coefficients are, and how well the prior foretold the data. */
static up_status
note_posterior(const up_model *m, up_result *r, up_error *err)
{
    up_status status = UP_OK;
    if (*up_model_posterior(m) == '\0') {
        return UP_OK;
    }
    UP_TRY(upi_notes_add(&r->notes, UP_N_CREDIBLE, "posterior", (double)NAN,
        (double)NAN, err,
        "Coefficients are means, and standard errors scales, of the %s posterior; the "
        "prior is %s.",
        up_model_posterior(m), up_model_prior(m)));
    for (int64_t c = 0; c < up_model_components(m); c++) {
        double evidence = up_model_log_evidence(m, c);
        if (isnan(evidence)) {
            continue;
        }
        UP_TRY(upi_notes_add(&r->notes, UP_N_CREDIBLE, up_model_component(m, c),
            evidence, (double)NAN, err,
            "The log evidence of '%s' is %.6g: among models and priors of the same "
            "rows, "
            "the one with the largest foretold them best.",
            up_model_component(m, c), evidence));
    }
out:
    return status;
}

/* --explain: what the compression did and what it cost. */
static up_status
explain_layout(const upi_pipeline *p, up_result *r, up_error *err)
{
    const up_moments *m = p->moments;
    int64_t nv = m->nx + m->ny;
    int64_t second = m->form == UPI_TRI ? (1 + nv) * (2 + nv) / 2 : nv * (nv + 1) / 2;
    double each = 8.0 * (double)(nv + second + 1 + m->ways) + 4.0 * (double)m->n_keys;
    return upi_notes_add(&r->notes, UP_N_LAYOUT, "layout", (double)m->n_groups,
        (double)NAN, err,
        "Layout %s. %lld rows were compressed to %lld groups of %lld keys and %lld "
        "numeric columns: about %.3g MB.",
        up_moments_layout(m), (long long)m->n_rows, (long long)m->n_groups,
        (long long)m->n_keys, (long long)nv, each * (double)m->n_groups / 1048576);
}

static up_status
save(const upi_request *q, const up_run *run, const upi_pipeline *p, up_result *r,
    up_error *err)
{
    up_status status = UP_OK;
    const char *path = upi_request_text(q, "save");
    char *next = NULL;
    if (path == NULL) {
        return UP_OK;
    }
    UP_TRY(up_moments_save(p->moments, path, run, err));
    UP_TRY(upi_strings_add(&r->files, err, "%s", path));
    UP_TRY(upi_next_command(q, "effect", path, false, &next, err));
    UP_TRY(upi_strings_add(&r->next, err, "%s", next));
out:
    upi_free(next);
    return status;
}

up_status
upi_handle_fit(const upi_request *q, const up_run *run, up_result *out, up_error *err)
{
    up_status status = UP_OK;
    upi_pipeline p = {0};
    UP_TRY(upi_refuse_own_source(
        upi_request_text(q, "source"), upi_request_text(q, "save"), "save", err));
    UP_TRY(upi_pipeline_run(q, run, &p, err));
    UP_TRY(upi_pipeline_guard(&p, q, err));
    out->view = UPI_VIEW_TABLE;
    UP_TRY(upi_pipeline_describe(&p, q, out, err));
    UP_TRY(fill_coefficients(p.model, out, err));
    UP_TRY(note_posterior(p.model, out, err));
    UP_TRY(upi_pipeline_checks(&p, q, out, err));
    UP_TRY(set_options(q, &p, out, err));
    UP_TRY(save(q, run, &p, out, err));
    if (upi_request_flag(q, "explain")) {
        UP_TRY(explain_layout(&p, out, err));
    }
    UP_TRY(upi_strdup_to(&out->estimand, up_model_estimand(p.model), err));
    UP_TRY(upi_result_say(&out->headline, err,
        "%lld rows compressed to %lld groups (%.1f times fewer); %lld metric%s "
        "fitted%s%s",
        (long long)p.moments->n_rows, (long long)p.moments->n_groups,
        (double)p.moments->n_rows / (double)p.moments->n_groups,
        (long long)p.moments->experiment->n_metrics,
        p.moments->experiment->n_metrics > 1 ? "s" : "",
        out->files.n > 0 ? "; saved as " : "",
        out->files.n > 0 ? out->files.items[0] : ""));
out:
    upi_pipeline_clear(&p);
    return status;
}

static up_status
fill_checks(const up_model *m, up_result *r, int64_t count[4], up_error *err)
{
    up_status status = UP_OK;
    up_checks *checks = NULL;
    r->rows.columns = check_columns;
    r->rows.n_columns = sizeof check_columns / sizeof check_columns[0];
    UP_TRY(up_check(m, &checks, err));
    for (int64_t i = 0; i < up_checks_count(checks); i++) {
        up_check_result c = up_checks_get(checks, i);
        upi_cell *row = NULL;
        int64_t verdict = c.verdict >= 0 && c.verdict <= 3 ? c.verdict : 3;
        UP_TRY(upi_sheet_add(&r->rows, &row, err));
        UP_TRY(upi_cell_set(&row[0], c.name, err));
        UP_TRY(upi_cell_set(&row[1], verdicts[verdict], err));
        row[2].number = c.number;
        row[3].number = c.threshold;
        UP_TRY(upi_cell_set(&row[4], c.code, err));
        UP_TRY(upi_cell_set(&row[5], c.text, err));
        count[verdict]++;
    }
    r->check_failed = count[2] > 0;
out:
    up_checks_free(checks);
    return status;
}

/* The differences behind the check of balance, for its chart. */
static up_status
fill_balance(const up_model *m, up_result *r, up_error *err)
{
    up_status status = UP_OK;
    upi_difference *d = NULL;
    int64_t n = 0;
    r->drawn.columns = balance_columns;
    r->drawn.n_columns = sizeof balance_columns / sizeof balance_columns[0];
    UP_TRY(upi_differences(m, &d, &n, err));
    for (int64_t i = 0; i < n; i++) {
        upi_cell *row = NULL;
        UP_TRY(upi_sheet_add(&r->drawn, &row, err));
        UP_TRY(upi_cell_set(&row[0], d[i].term, err));
        UP_TRY(upi_cell_set(&row[1], d[i].arm, err));
        UP_TRY(upi_cell_set(&row[2], d[i].against, err));
        row[3].number = d[i].difference;
        row[4].number = d[i].standardized;
    }
out:
    upi_free(d);
    return status;
}

up_status
upi_handle_check(const upi_request *q, const up_run *run, up_result *out, up_error *err)
{
    up_status status = UP_OK;
    upi_pipeline p = {0};
    int64_t count[4] = {0};
    char *next = NULL;
    UP_TRY(upi_pipeline_run(q, run, &p, err));
    out->view = UPI_VIEW_CHECKS;
    UP_TRY(upi_pipeline_describe(&p, q, out, err));
    UP_TRY(fill_checks(p.model, out, count, err));
    UP_TRY(fill_balance(p.model, out, err));
    UP_TRY(set_options(q, &p, out, err));
    UP_TRY(upi_result_say(&out->headline, err,
        "%lld passed, %lld warning%s, %lld failed, %lld not applicable",
        (long long)count[0], (long long)count[1], count[1] == 1 ? "" : "s",
        (long long)count[2], (long long)count[3]));
    if (!out->check_failed) {
        UP_TRY(upi_next_command(
            q, "effect", upi_request_text(q, "source"), !p.capsule, &next, err));
        UP_TRY(upi_strings_add(&out->next, err, "%s", next));
    }
out:
    upi_free(next);
    upi_pipeline_clear(&p);
    return status;
}
