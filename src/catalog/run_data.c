/* Carries out `simulate`. */
#include "base/json.h"
#include "catalog/overwrite.h"
#include "catalog/pipeline.h"
#include "catalog/verbs.h"
#include "sim/shop.h"

#include <upshot/simulate.h>

#include <string.h>

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
