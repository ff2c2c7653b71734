/* Contexts as JSON objects, decisions as JSON lines. */
#ifndef UPI_CONTEXT_JSON_H
#define UPI_CONTEXT_JSON_H

#include "base/base.h"

#include <upshot/policy.h>

/* One decision with the texts it needs. */
typedef struct upi_served {
    char unit[256];
    up_policy_decision decision;
    double *context, *probability; /* (inputs), (arms): owned */
} upi_served;

up_status upi_served_make(const up_policy *p, upi_served *out, up_error *err);
void upi_served_clear(upi_served *s);
/* Reads a context and decides. UP_E_CONTEXT with the member at fault. */
up_status upi_serve_json(
    const up_policy *p, const char *json, int64_t n, upi_served *out, up_error *err);
/* The decision as one line of JSON with its newline. */
void upi_served_write(const up_policy *p, const upi_served *s, upi_text *to);

#endif
