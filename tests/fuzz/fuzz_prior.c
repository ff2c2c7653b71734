/* Any bytes as a prior: no crash, no leak, and what was read keeps its promises: a finite mean, a
 * scale above 0 whose square is one too, no unit but a known one, no empty name. A broken promise
 * aborts. */
#include "fit/prior.h"
#include "fuzz_model.h"

#include <math.h>
#include <stdlib.h>

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text = text_of(data, size);
    if (text == NULL) {
        return 0;
    }
    up_error err = UP_ERROR_INIT;
    upi_prior p = {0};
    up_status status = upi_prior_parse(text, &p, &err);
    if (status == UP_OK) {
        promise(
            isfinite(p.mean) && p.scale > 0 && p.scale * p.scale > 0, "prior", text);
        promise(isfinite(p.scale * p.scale), "prior", text);
        promise(p.unit >= UPI_PRIOR_ABSOLUTE && p.unit <= UPI_PRIOR_RESIDUAL, "prior",
            text);
        promise(
            p.target == NULL || (p.target[0] != '\0' && p.arm == NULL), "prior", text);
        promise(p.arm == NULL || p.arm[0] != '\0', "prior", text);
        promise(p.metric == NULL || p.metric[0] != '\0', "prior", text);
        promise(p.unit != UPI_PRIOR_RELATIVE || p.target == NULL, "prior", text);
    } else {
        promise_error(&err, status, text);
    }
    upi_prior_free(&p);
    free(text);
    return 0;
}
