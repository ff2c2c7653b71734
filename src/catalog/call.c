/* A request from any door: found in the catalog, checked, carried out. */
#include "catalog/pipeline.h"
#include "catalog/verbs.h"

static const struct {
    const up_verb *verb;
    upi_handler handler;
} handlers[] = {{&upi_verb_describe, upi_handle_describe},
    {&upi_verb_fit, upi_handle_fit}, {&upi_verb_effect, upi_handle_effect},
    {&upi_verb_check, upi_handle_check}, {&upi_verb_simulate, upi_handle_simulate},
    {&upi_verb_graph, upi_handle_graph}, {&upi_verb_discover, upi_handle_discover},
    {&upi_verb_explain, upi_handle_explain}, {&upi_verb_schema, upi_handle_schema},
    {&upi_verb_guide, upi_handle_guide}, {&upi_verb_version, upi_handle_version}};

static upi_handler
handler_of(const up_verb *verb)
{
    for (size_t i = 0; i < sizeof handlers / sizeof handlers[0]; i++) {
        if (handlers[i].verb == verb) {
            return handlers[i].handler;
        }
    }
    return NULL;
}

up_status
up_call(const char *verb, const up_argument *arguments, int64_t n_arguments,
    const up_run *run, up_result **out, up_error *err)
{
    UP_GUARD(err);
    up_status status = UP_OK;
    const up_verb *v = NULL;
    upi_request q = {0};
    up_result *r = NULL;
    up_run resolved = {0};
    UP_TRY(upi_catalog_require(verb, &v, err));
    UP_TRY(upi_request_make(v, arguments, n_arguments, &q, err));
    UP_TRY(upi_run_options(&q, run, &resolved, err));
    UP_TRY(upi_result_make(v->name, &r, err));
    UP_TRY(handler_of(v)(&q, &resolved, r, err));
    *out = r;
    r = NULL;
out:
    up_result_free(r);
    upi_request_clear(&q);
    return status;
}
