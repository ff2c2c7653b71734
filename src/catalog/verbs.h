/* The tables of the verbs, one file per group, and what carries a verb out. */
#ifndef UPI_VERBS_H
#define UPI_VERBS_H

#include "catalog/request.h"
#include "report/result.h"

typedef up_status (*upi_handler)(
    const upi_request *q, const up_run *run, up_result *out, up_error *err);

/* Every verb, in the order of the overview; one line each, for its table upi_verb_NAME and its
 * handler upi_handle_NAME. */
#define UPI_VERB_LIST(X)                                                               \
    X(describe)                                                                        \
    X(check)                                                                           \
    X(effect)                                                                          \
    X(fit)                                                                             \
    X(monitor)                                                                         \
    X(boundaries)                                                                      \
    X(rank)                                                                            \
    X(policy)                                                                          \
    X(decide)                                                                          \
    X(value)                                                                           \
    X(adaptive)                                                                        \
    X(graph)                                                                           \
    X(mediate)                                                                         \
    X(discover)                                                                        \
    X(project)                                                                         \
    X(power)                                                                           \
    X(assign)                                                                          \
    X(simulate)                                                                        \
    X(guide)                                                                           \
    X(explain)                                                                         \
    X(schema)                                                                          \
    X(version)

#define UPI_VERB_DECLARE(name)                                                         \
    extern const up_verb upi_verb_##name;                                              \
    up_status upi_handle_##name(                                                       \
        const upi_request *q, const up_run *run, up_result *out, up_error *err);
UPI_VERB_LIST(UPI_VERB_DECLARE)
#undef UPI_VERB_DECLARE

/* A verb of the program, not of up_call(): a table with a page, but without a result. */
extern const up_verb upi_verb_mcp;
static inline bool
upi_verb_is_own(const up_verb *v)
{
    return v->result == NULL;
}

/* Every verb with a page: those of up_catalog_verb(), then the program's own. NULL behind the
 * last. */
const up_verb *upi_catalog_page(int64_t i);

/* The nearest verb goes into the fix. */
up_status upi_catalog_require(const char *name, const up_verb **out, up_error *err);
/* The same for the verbs with a page. */
up_status upi_catalog_require_page(
    const char *name, const up_verb **out, up_error *err);
/* Puts the nearest of the options (a table ended by a NULL name; more may be NULL) into the
 * fix of a failed request. */
up_status upi_fail_unknown_option(const up_verb *verb, const char *name, up_error *err);

/* The codes of explain in order; NULL ends. */
const char *upi_explain_code(int64_t i);

#endif
