/* A server's offer in a directory of its own, with simulated data, asked by its callbacks. */
#ifndef OFFER_HELPER_H
#define OFFER_HELPER_H

#include "offer.h"
#include "up_test.h"

/* A fresh directory, made the working directory: data/shop.parquet and outside/shop.parquet of
 * 4,000 units, and cache, not yet there. */
void offer_place(void);
void offer_leave(void);
/* Writes shop data of `units` units to a path. */
void offer_simulate(const char *path, int units);
/* Runs the verb of the library itself; the result is free()d by the caller. */
char *offer_program(const char *command);

/* Opens an offer that may read data/ and keeps its files in cache/. */
mcp_offer offer_open(void);

/* The members of a reply as an object; json_decref(). The body must be valid JSON on one line. */
json_t *offer_body(mcp_reply *reply);
/* A tool's reply as an object; arguments are JSON with ' for ". */
json_t *offer_call(mcp_offer *o, const char *tool, const char *format, ...)
    UP_PRINTF(3, 4);
/* The structured content of a call that must succeed; json_decref(). */
json_t *offer_ask(mcp_offer *o, const char *tool, const char *format, ...)
    UP_PRINTF(3, 4);
/* The text of a call that must be refused with this code; free(). */
char *offer_refused(mcp_offer *o, const char *code, const char *tool,
    const char *format, ...) UP_PRINTF(4, 5);
/* Asserts that a text holds another one. */
void offer_holds(const char *text, const char *part);
/* agent.NAME of an answer; static, one of four buffers. */
const char *offer_handle(const json_t *answer, const char *name);

/* Makes mcp_cancelled() say yes from now on. */
void offer_cancel(bool yes);
/* Times progress was told. */
int offer_progress_count(void);

#endif
