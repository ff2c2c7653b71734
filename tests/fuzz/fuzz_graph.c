/* Any bytes as a graph: no crash, no leak, an error that says where, and what was read is the
 * same graph after it was written and read again, in every syntax. A broken promise aborts. */
#include "fuzz_model.h"
#include "why/graph.h"

#include <stdlib.h>
#include <string.h>

static char *
written(const up_graph *g, int64_t format, const char *text)
{
    char *s = NULL;
    promise(up_graph_write(g, format, &s, NULL) == UP_OK, "write", text);
    return s;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text = text_of(data, size);
    up_graph *g = NULL;
    up_error err = UP_ERROR_INIT;
    if (text == NULL) {
        return 0;
    }
    if (up_graph_parse(text, &g, &err) != UP_OK) {
        promise(err.status == UP_E_GRAPH && err.message[0] != '\0', "error", text);
        free(text);
        return 0;
    }
    char *first = written(g, UP_GRAPH_TEXT, text);
    for (int64_t format = UP_GRAPH_TEXT; format <= UP_GRAPH_DAGITTY; format++) {
        char *s = written(g, format, text);
        up_graph *again = NULL;
        promise(up_graph_parse(s, &again, NULL) == UP_OK, "read again", s);
        char *second = written(again, UP_GRAPH_TEXT, text);
        promise(strcmp(first, second) == 0, "fixed point", text);
        upi_free(s);
        upi_free(second);
        up_graph_free(again);
    }
    upi_free(first);
    up_graph_free(g);
    free(text);
    return 0;
}
