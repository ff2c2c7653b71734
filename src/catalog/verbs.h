/* The tables of the verbs, one file per group, and what carries a verb out. */
#ifndef UPI_VERBS_H
#define UPI_VERBS_H

#include "catalog/request.h"
#include "report/result.h"

typedef up_status (*upi_handler)(
    const upi_request *q, const up_run *run, up_result *out, up_error *err);

extern const up_verb upi_verb_describe, upi_verb_fit, upi_verb_effect, upi_verb_check,
    upi_verb_simulate, upi_verb_graph, upi_verb_discover, upi_verb_explain,
    upi_verb_schema, upi_verb_guide, upi_verb_version;

up_status upi_handle_describe(
    const upi_request *q, const up_run *run, up_result *out, up_error *err);
up_status upi_handle_fit(
    const upi_request *q, const up_run *run, up_result *out, up_error *err);
up_status upi_handle_effect(
    const upi_request *q, const up_run *run, up_result *out, up_error *err);
up_status upi_handle_check(
    const upi_request *q, const up_run *run, up_result *out, up_error *err);
up_status upi_handle_graph(
    const upi_request *q, const up_run *run, up_result *out, up_error *err);
up_status upi_handle_discover(
    const upi_request *q, const up_run *run, up_result *out, up_error *err);
up_status upi_handle_simulate(
    const upi_request *q, const up_run *run, up_result *out, up_error *err);
up_status upi_handle_explain(
    const upi_request *q, const up_run *run, up_result *out, up_error *err);
up_status upi_handle_schema(
    const upi_request *q, const up_run *run, up_result *out, up_error *err);
up_status upi_handle_guide(
    const upi_request *q, const up_run *run, up_result *out, up_error *err);
up_status upi_handle_version(
    const upi_request *q, const up_run *run, up_result *out, up_error *err);

/* The nearest verb goes into the fix. */
up_status upi_catalog_require(const char *name, const up_verb **out, up_error *err);
/* Puts the nearest of the options (a table ended by a NULL name; more may be NULL) into the
 * fix of a failed request. */
up_status upi_fail_unknown_option(const up_verb *verb, const char *name, up_error *err);

/* Topics of the guide and codes of explain, for choices in help; NULL ends. */
const char *upi_guide_topic(int64_t i);
const char *upi_explain_code(int64_t i);

#endif
