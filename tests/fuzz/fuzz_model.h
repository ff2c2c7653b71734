/* What fuzz targets share: a promise that aborts when it is broken, and one small fit. */
#ifndef FUZZ_MODEL_H
#define FUZZ_MODEL_H

#include <upshot/upshot.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The name is the fuzzer's. NOLINTNEXTLINE(readability-identifier-naming) */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Aborts with what was promised and the text that broke it. */
void promise(bool kept, const char *what, const char *text);
/* Promises of an error: its status, and one line that says something. */
void promise_error(const up_error *err, up_status status, const char *text);
/* The bytes as a text of its own; free() it. NULL when memory runs out. */
char *text_of(const uint8_t *data, size_t size);

/* Arms a, b, c; covariates device and score; metrics searches, views, sales and the product
 * "searches:views". Made once, for all inputs; it lives as long as the process. */
const up_model *model_of_rows(void);
/* The graph by which the product came into the model. */
const up_graph *graph_of_model(void);

#endif
