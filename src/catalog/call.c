/* A request from any door: found in the catalog, checked, carried out. */
#include "catalog/pipeline.h"
#include "catalog/verbs.h"

#define VERB_AND_HANDLER(name) {&upi_verb_##name, upi_handle_##name},
static const struct {
    const up_verb *verb;
    upi_handler handler;
} handlers[] = {UPI_VERB_LIST(VERB_AND_HANDLER)};
#undef VERB_AND_HANDLER

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

/* Every failure says what to do: where the place that failed has no better advice, the page on
 * the option or on the code. */
static up_status
advise(const up_verb *v, up_status status, up_error *err)
{
    bool asked = status == UP_E_STOPPED || status == UP_OK;
    if (asked || err == NULL || err->fix[0] != '\0' || v == NULL) {
        return status;
    }
    char name[sizeof err->field];
    upi_line_copy(name, sizeof name, err->field);
    for (char *c = name; *c != '\0'; c++) {
        if (*c == '_') {
            *c = '-';
        }
    }
    return upi_option_find(v->options, name) != NULL
               ? upi_fix(err, "'upshot help %s' describes --%s", v->name, name)
               : upi_fix(err, "'upshot explain %s' tells what to do",
                     up_status_name(status));
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
    return advise(v, status, err);
}
