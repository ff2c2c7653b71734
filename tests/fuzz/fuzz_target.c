/* Any bytes as shares or means of a target: no crash, no leak; what is refused is refused in one
 * line with a status that a caller can act on, and what is accepted is a distribution. A broken
 * promise aborts. */
#include "effect/target.h"
#include "fit/fit.h"

#include <upshot/upshot.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The name is the fuzzer's. NOLINTNEXTLINE(readability-identifier-naming) */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
promise(bool kept, const char *what, const char *text)
{
    if (!kept) {
        (void)fprintf(stderr, "%s: %s\n", what, text);
        abort();
    }
}

enum { ROWS = 12 };

/* One model for all inputs; it lives as long as the process. */
static const up_model *
model_of_rows(void)
{
    static up_model *model = NULL;
    static up_source *source = NULL;
    static up_experiment *experiment = NULL;
    static up_moments *moments = NULL;
    static const char *const arm[ROWS] = {
        "a", "c", "a", "c", "a", "c", "a", "c", "a", "c", "a", "c"};
    static const char *const device[ROWS] = {"mobile", "mobile", "desktop", "desktop",
        "mobile", "mobile", "desktop", "desktop", "mobile", "desktop", "mobile",
        "desktop"};
    static const double score[ROWS] = {1, 2, 3, 4, 2, 3, 1, 2, 4, 3, 3, 1};
    static const double y[ROWS] = {1, 2, 4, 3, 5, 2, 1, 7, 3, 2, 1, 4};
    const up_column columns[] = {{.name = "arm", .text = arm},
        {.name = "device", .text = device}, {.name = "score", .f64 = score},
        {.name = "y", .f64 = y}};
    if (model != NULL) {
        return model;
    }
    bool made =
        up_source_from_columns_borrow(columns, 4, ROWS, &source, NULL) == UP_OK &&
        up_experiment_new(
            source, UP_ROLES(.intent_to_treat = "arm"), &experiment, NULL) == UP_OK &&
        up_experiment_add_metric(experiment, "y", NULL) == UP_OK &&
        up_experiment_add_covariate(experiment, "device", NULL) == UP_OK &&
        up_experiment_add_covariate(experiment, "score", NULL) == UP_OK &&
        up_moments_build(experiment, NULL, NULL, &moments, NULL) == UP_OK &&
        up_fit_linear(moments, NULL, NULL, &model, NULL) == UP_OK;
    promise(made, "model", "");
    return model;
}

static void
try_text(const char *text, bool means)
{
    const up_model *m = model_of_rows();
    const char *const list[] = {text};
    up_error err = UP_ERROR_INIT;
    upi_wish w = {0};
    up_project_opts o = *UP_PROJECT_OPTS(.n_to = 0);
    o.to = means ? NULL : list;
    o.n_to = means ? 0 : 1;
    o.means = means ? list : NULL;
    o.n_means = means ? 1 : 0;
    up_status status = upi_wish_read(m, &o, &w, &err);
    if (status != UP_OK) {
        promise(err.status == status && err.message[0] != '\0' &&
                    strchr(err.message, '\n') == NULL,
            "error", text);
    }
    for (int64_t k = 0; status == UP_OK && k < m->moments->n_keys; k++) {
        double sum = 0;
        for (int64_t l = 0; w.share[k] != NULL && l < m->moments->keys[k].n_levels;
             l++) {
            promise(w.share[k][l] >= 0, "share", text);
            sum += w.share[k][l];
        }
        promise(w.share[k] == NULL || fabs(sum - 1) < 1e-12, "sum", text);
    }
    upi_wish_free(m, &w);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text = malloc(size + 1);
    if (text == NULL) {
        return 0;
    }
    memcpy(text, data, size);
    text[size] = '\0';
    try_text(text, false);
    try_text(text, true);
    free(text);
    return 0;
}
