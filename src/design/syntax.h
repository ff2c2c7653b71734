/* The few forms that stand around expressions: `name = ...`, `call(...)`, and commas. */
#ifndef UPI_DESIGN_SYNTAX_H
#define UPI_DESIGN_SYNTAX_H

#include <upshot/status.h>

#include <stdbool.h>
#include <stdint.h>

/* n bytes of a text, borrowed. */
typedef struct upi_span {
    const char *s;
    int64_t n;
} upi_span;

upi_span upi_span_of(const char *s); /* without spaces at the ends */
upi_span upi_span_trim(upi_span t);
/* True when the whole of t is `word(inside)`; the case of the word does not matter. */
bool upi_span_call(upi_span t, const char *word, upi_span *inside);
/* The byte of the first comma outside quotes and parentheses, or -1. */
int64_t upi_span_comma(upi_span t);
/* True when t is `name = rest` with a single '='; name keeps its quotes. */
bool upi_span_definition(upi_span t, upi_span *name, upi_span *rest);
/* A copy; quotes around it are taken off and doubled quotes inside become one. */
up_status upi_span_name(upi_span t, char **out, up_error *err);
up_status upi_span_copy(upi_span t, char **out, up_error *err);

#endif
