/* Any bytes as shares or means of a target: no crash, no leak; what is refused is refused in one
 * line with a status that a caller can act on, and what is accepted is a distribution. A broken
 * promise aborts. */
#include "effect/target.h"
#include "fit/fit.h"
#include "fuzz_model.h"

#include <math.h>
#include <stdlib.h>

static void
try_text(const char *text, bool means)
{
    const up_model *m = model_of_rows();
    const char *const list[] = {text};
    up_error err = UP_ERROR_INIT;
    upi_wish w = {0};
    up_project_opts o = *UP_PROJECT_OPTS(.n_to = 0);
    o.to = means ? NULL : list;
    o.n_to = means ? 0 : 1;
    o.means = means ? list : NULL;
    o.n_means = means ? 1 : 0;
    up_status status = upi_wish_read(m, &o, &w, &err);
    if (status != UP_OK) {
        promise_error(&err, status, text);
    }
    for (int64_t k = 0; status == UP_OK && k < m->moments->n_keys; k++) {
        double sum = 0;
        for (int64_t l = 0; w.share[k] != NULL && l < m->moments->keys[k].n_levels;
             l++) {
            promise(w.share[k][l] >= 0, "share", text);
            sum += w.share[k][l];
        }
        promise(w.share[k] == NULL || fabs(sum - 1) < 1e-12, "sum", text);
    }
    upi_wish_free(m, &w);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text = text_of(data, size);
    if (text == NULL) {
        return 0;
    }
    try_text(text, false);
    try_text(text, true);
    free(text);
    return 0;
}
