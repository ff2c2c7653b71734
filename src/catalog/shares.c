/* Shares of arms, and amounts that may be percentages. */
#include "catalog/shares.h"

#include "base/base.h"

#include <string.h>

up_status
upi_shares_read(const upi_request *q, int64_t n_arms, double **out, up_error *err)
{
    const upi_value *v = upi_request_value(q, "shares");
    *out = NULL;
    if (!v->given) {
        return UP_OK;
    }
    if (v->n != n_arms) {
        (void)upi_fail(err, UP_E_USAGE, "shares",
            "--shares has %lld numbers for %lld arms", (long long)v->n,
            (long long)n_arms);
        return upi_fix(err, "give one for each arm, control first");
    }
    return upi_request_numbers(q, "shares", "0.5,0.25,0.25", out, err);
}

up_status
upi_amount_read(
    const upi_request *q, const char *name, double *out, bool *relative, up_error *err)
{
    const char *text = upi_request_text(q, name);
    *out = 0;
    *relative = false;
    if (text == NULL) {
        return UP_OK;
    }
    int64_t n = (int64_t)strlen(text);
    *relative = n > 0 && text[n - 1] == '%';
    n -= *relative ? 1 : 0;
    if (!upi_double_parse(text, n, out)) {
        (void)upi_fail(err, UP_E_USAGE, name, "--%s cannot be '%s'", name, text);
        return upi_fix(
            err, "give a number in the unit of the metric, or with %%: --%s 2%%", name);
    }
    *out /= *relative ? 100 : 1;
    return UP_OK;
}
