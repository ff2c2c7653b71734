/* The way from a request to a fitted model, shared by fit, effect and check. */
#ifndef UPI_PIPELINE_H
#define UPI_PIPELINE_H

#include "catalog/request.h"
#include "report/result.h"

#include <upshot/model.h>

typedef struct upi_pipeline {
    up_source *source;         /* NULL for a capsule */
    up_experiment *experiment; /* NULL for a capsule */
    up_moments *moments;
    up_model *model;
    bool capsule;
} upi_pipeline;

/* Reads rows or a capsule, compresses and fits. */
up_status upi_pipeline_run(
    const upi_request *q, const up_run *run, upi_pipeline *out, up_error *err);
void upi_pipeline_clear(upi_pipeline *p);

/* Options of the request that concern the run, over those of the caller. */
up_status upi_run_options(
    const upi_request *q, const up_run *run, up_run *out, up_error *err);

/* What every result of a model says: design, context line, input, notes; and the checks of
 * the design as notes, where they did not pass. */
up_status upi_pipeline_describe(
    const upi_pipeline *p, const upi_request *q, up_result *r, up_error *err);
up_status upi_pipeline_checks(const upi_pipeline *p, up_result *r, up_error *err);
/* Adds notes but that of the layout, which stands in the input: it may differ between rows
 * and capsule. */
up_status upi_pipeline_notes(
    upi_notes *to, const up_note *notes, int64_t n, up_error *err);
/* The design as a JSON object. */
up_status upi_design_json(const upi_pipeline *p, char **out, up_error *err);

/* "upshot VERB SOURCE ..." with the options of the request that the verb shares; `skip` is
 * left out. */
up_status upi_next_command(const upi_request *q, const char *verb, const char *source,
    bool roles, char **out, up_error *err);
void upi_shell_word(upi_text *t, const char *word);

#endif
