/* Text of a graph to tokens. */
#ifndef UPI_GRAPH_LEX_H
#define UPI_GRAPH_LEX_H

#include "base/base.h"

typedef enum upi_graph_token_kind {
    UPI_G_END,
    UPI_G_NAME,
    UPI_G_QUOTED,
    UPI_G_RIGHT,      /* -> */
    UPI_G_LEFT,       /* <- */
    UPI_G_BOTH,       /* <-> */
    UPI_G_LINE,       /* -- */
    UPI_G_OPEN,       /* { */
    UPI_G_CLOSE,      /* } */
    UPI_G_ATTRIBUTES, /* [ */
    UPI_G_COMMA,
    UPI_G_SEMICOLON,
    UPI_G_EQUALS
} upi_graph_token_kind;

typedef struct upi_graph_token {
    upi_graph_token_kind kind;
    bool new_line;      /* the first of its line */
    int32_t start, end; /* bytes in the text */
} upi_graph_token;

/* Reads the token at or after byte `from`. backslash: how a quote stands inside quotes, \" or
 * doubled. */
up_status upi_graph_lex(const char *text, int32_t from, bool backslash,
    upi_graph_token *out, up_error *err);
/* Skips spaces and comments from `at`. */
int32_t upi_graph_skip(const char *text, int32_t at, bool *new_line);
/* The name that a name or quoted token holds, appended. */
void upi_graph_token_text(
    const char *text, const upi_graph_token *token, bool backslash, upi_text *out);

#endif
