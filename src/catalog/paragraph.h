/* Plain text broken into lines. */
#ifndef UPI_PARAGRAPH_H
#define UPI_PARAGRAPH_H

#include "base/base.h"

/* Adds the words of s in lines of at most `width` columns, each after the first behind
 * `indent` spaces; `column` is where the first line already stands. An empty line in s
 * begins a new paragraph. Ends with a line break. */
void upi_paragraph(upi_text *out, const char *s, int indent, int column, int width);
void upi_spaces(upi_text *out, int n);

#endif
