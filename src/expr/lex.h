/* Text of an expression to tokens. */
#ifndef UPI_EXPR_LEX_H
#define UPI_EXPR_LEX_H

#include "base/base.h"

typedef enum upi_token_kind {
    UPI_T_END,
    UPI_T_NAME,   /* a column or function */
    UPI_T_QUOTED, /* "name" or `name` */
    UPI_T_STRING,
    UPI_T_NUMBER,
    UPI_T_AND,
    UPI_T_OR,
    UPI_T_NOT,
    UPI_T_IN,
    UPI_T_BETWEEN,
    UPI_T_IS,
    UPI_T_NULL,
    UPI_T_TRUE,
    UPI_T_FALSE,
    UPI_T_EQ,
    UPI_T_NE,
    UPI_T_LT,
    UPI_T_LE,
    UPI_T_GT,
    UPI_T_GE,
    UPI_T_PLUS,
    UPI_T_MINUS,
    UPI_T_STAR,
    UPI_T_SLASH,
    UPI_T_PERCENT,
    UPI_T_OPEN,
    UPI_T_CLOSE,
    UPI_T_COMMA
} upi_token_kind;

typedef struct upi_token {
    upi_token_kind kind;
    int32_t start, end; /* bytes in the text */
    bool whole;         /* a number of digits alone */
} upi_token;

/* Reads the token at or after byte `from`. */
up_status upi_lex_next(
    const char *text, int32_t length, int32_t from, upi_token *out, up_error *err);
/* Writes the content of a quoted token, doubled quotes made single, to buffer, which has
 * room for end - start bytes; returns its length. */
int64_t upi_lex_unquote(const char *text, const upi_token *token, char *buffer);

#endif
