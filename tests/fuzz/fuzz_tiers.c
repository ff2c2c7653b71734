/* Any bytes as tiers of time: a refusal in one line, or a background in which no two columns
 * each come after the other. */
#include "fit/model.h"
#include "fuzz_model.h"
#include "why/tiers.h"

#include <stdlib.h>

static const upi_scatter *
scatter_of_model(void)
{
    static upi_scatter s;
    up_graph *nodes = NULL;
    if (s.d == 0) {
        promise(up_graph_parse("{score arm searches views} -> sales", &nodes, NULL) ==
                        UP_OK &&
                    upi_scatter_make(model_of_rows()->moments, nodes, false, NULL, &s,
                        NULL) == UP_OK,
            "scatter", "");
        up_graph_free(nodes);
    }
    return &s;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text = text_of(data, size);
    const upi_scatter *s = scatter_of_model();
    upi_background b;
    up_error err = UP_ERROR_INIT;
    if (text == NULL) {
        return 0;
    }
    up_status status = upi_background_make(s, text, &b, &err);
    if (status != UP_OK) {
        promise_error(&err, status, text);
    }
    for (int64_t i = 0; status == UP_OK && i < s->d; i++) {
        for (int64_t j = 0; j < s->d; j++) {
            promise(!upi_set_has(&b.after[i], j) || !upi_set_has(&b.after[j], i),
                "time", text);
        }
    }
    free(text);
    return 0;
}
