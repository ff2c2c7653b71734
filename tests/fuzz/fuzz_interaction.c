/* Any lines as interactions of a mediation: a refusal in one line, or a split whose paths add up:
 * direct and indirect effects, and the misfit, are the total. */
#include "fuzz_model.h"

#include <stdlib.h>
#include <string.h>

enum { MOST = 4 };

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const char *interaction[MOST];
    int64_t n = 0;
    char *text = text_of(data, size);
    char *copy = text_of(data, size);
    up_mediation *m = NULL;
    up_error err = UP_ERROR_INIT;
    for (char *s = copy; s != NULL && n < MOST;) {
        interaction[n++] = s;
        s = strchr(s, '\n');
        if (s != NULL) {
            *s++ = '\0';
        }
    }
    up_status status = up_mediate_effect(model_of_rows(), graph_of_model(),
        UP_MEDIATE_OPTS(.interactions = interaction, .n_interactions = n), NULL, &m,
        &err);
    if (status == UP_OK) {
        promise(up_mediation_count(m) > 0, "rows", text);
    } else {
        promise_error(&err, status, text);
    }
    up_mediation_free(m);
    free(copy);
    free(text);
    return 0;
}
