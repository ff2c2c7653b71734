/* Any bytes as a prior: no crash, no leak, and what was read keeps its promises: a finite mean, a
 * scale above 0 whose square is one too, no unit but a known one, no empty name. A broken promise
 * aborts. */
#include "fit/prior.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The name is the fuzzer's. NOLINTNEXTLINE(readability-identifier-naming) */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
promise(bool kept, const char *text)
{
    if (!kept) {
        (void)fprintf(stderr, "a promise is broken: %s\n", text);
        abort();
    }
}

int
/* NOLINTNEXTLINE(readability-identifier-naming) */
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text = calloc(size + 1, 1);
    if (text == NULL) {
        return 0;
    }
    memcpy(text, data, size);
    up_error err = UP_ERROR_INIT;
    upi_prior p = {0};
    up_status status = upi_prior_parse(text, &p, &err);
    if (status == UP_OK) {
        promise(isfinite(p.mean) && p.scale > 0 && p.scale * p.scale > 0, text);
        promise(isfinite(p.scale * p.scale), text);
        promise(p.unit >= UPI_PRIOR_ABSOLUTE && p.unit <= UPI_PRIOR_RESIDUAL, text);
        promise(p.target == NULL || (p.target[0] != '\0' && p.arm == NULL), text);
        promise(p.arm == NULL || p.arm[0] != '\0', text);
        promise(p.metric == NULL || p.metric[0] != '\0', text);
        promise(p.unit != UPI_PRIOR_RELATIVE || p.target == NULL, text);
    } else {
        promise(err.message[0] != '\0' && strchr(err.message, '\n') == NULL, text);
    }
    upi_prior_free(&p);
    free(text);
    return 0;
}
