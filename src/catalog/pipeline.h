/* The way from a request to a fitted model, shared by fit, effect and check. */
#ifndef UPI_PIPELINE_H
#define UPI_PIPELINE_H

#include "catalog/request.h"
#include "report/result.h"

#include <upshot/check.h>
#include <upshot/effects.h>
#include <upshot/graph.h>

typedef struct upi_pipeline {
    up_source *source;  /* NULL for a capsule */
    up_source *history; /* below the source, where rows without arms were split */
    up_experiment *experiment; /* NULL for a capsule */
    up_moments *moments;
    up_model *model;
    up_linear_opts linear; /* of the model: from the request, else from the capsule */
    up_graph *graph;       /* of --graph; NULL = none */
    up_checks *checks;     /* NULL before upi_pipeline_guard() */
    bool capsule;
} upi_pipeline;

/* Reads rows or a capsule, compresses and fits. */
up_status upi_pipeline_run(
    const upi_request *q, const up_run *run, upi_pipeline *out, up_error *err);
/* The same for rows without arms, too: without --itt they are split at random. */
up_status upi_pipeline_history(
    const upi_request *q, const up_run *run, upi_pipeline *out, up_error *err);
void upi_pipeline_clear(upi_pipeline *p);
/* Its two halves: to moments of a source, and from them to a model. */
up_status upi_pipeline_read(const upi_request *q, const char *source, const up_run *run,
    upi_pipeline *out, up_error *err);
up_status upi_pipeline_fit(
    const upi_request *q, const up_run *run, upi_pipeline *p, up_error *err);

/* The file of the capsule that a source names; NULL = it names rows. */
const char *upi_pipeline_capsule(const up_run *run, const char *source);

/* UP_E_NEEDS_ROWS when --over names another time than that of the capsule. */
up_status upi_pipeline_over(const upi_pipeline *p, const upi_request *q, up_error *err);

/* Options of the request that concern the run, over those of the caller. */
up_status upi_run_options(
    const upi_request *q, const up_run *run, up_run *out, up_error *err);

/* The word of the option interactions that the model was fitted with. */
const char *upi_pipeline_interactions(const upi_pipeline *p);

/* posterior, prior and its numbers as members of the options, where there is a posterior. */
void upi_pipeline_prior_json(const upi_pipeline *p, const upi_request *q, upi_json *j);

/* Runs the checks of the design. UP_E_SRM, UP_E_PROPENSITY or UP_E_WEAK_INSTRUMENT when one
 * fails that would make the numbers mislead and --accept does not name its code. */
up_status upi_pipeline_guard(upi_pipeline *p, const upi_request *q, up_error *err);
/* --graph of an analysis that it guards: UP_E_POST_TREATMENT, UP_E_NOT_IDENTIFIED, UP_E_GRAPH; else the
 * note N_GRAPH goes into r. */
up_status upi_pipeline_graph(const upi_pipeline *p, const upi_request *q,
    const up_effect_opts *effect, up_result *r, up_error *err);
/* What every result of a model says: design, context line, input, notes; and the checks of
 * the design as notes, where they did not pass (after upi_pipeline_guard()). */
up_status upi_pipeline_describe(
    const upi_pipeline *p, const upi_request *q, up_result *r, up_error *err);
up_status upi_pipeline_checks(
    const upi_pipeline *p, const upi_request *q, up_result *r, up_error *err);
/* Adds a note, but that of the layout, which stands in the input: it may differ between rows
 * and capsule. */
up_status upi_pipeline_note(upi_notes *to, up_note note, up_error *err);

/* "upshot VERB SOURCE", where `roles` with the design and the metrics of the request,
 * and with what it accepted. */
up_status upi_next_command(const upi_request *q, const char *verb, const char *source,
    bool roles, char **out, up_error *err);
/* The request again, with more options behind it. */
up_status upi_next_again(const upi_request *q, const upi_pipeline *p, const char *more,
    up_result *r, up_error *err);
/* Suggests the verb for the same rows or capsule. Standard input is gone by now. */
up_status upi_next_roles(const upi_request *q, const upi_pipeline *p, const char *verb,
    up_result *r, up_error *err);
void upi_shell_word(upi_text *t, const char *word);

#endif
