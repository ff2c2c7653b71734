/* The expression language: text -> tree; tree -> values over a batch; tree -> SQL.
 *
 *   columns      sales   "weird name"   `weird name`
 *   numbers      1  2.5  1e-3           strings 'it''s'    true false null
 *   arithmetic   + - * / %  unary -     comparison = == != <> < <= > >=
 *   in (...), not in (...), between a and b, is null, is not null
 *   and or not   && || !
 *   if(c, a, b) coalesce(a, ...) least(...) greatest(...) abs ln exp floor
 *   year month day week weekday hour date('2026-01-31')
 *
 * Nulls follow SQL's three-valued logic. x/0, x % 0, ln of a non-positive number and NaN, from
 * the data or from arithmetic (inf - inf), are null; infinities stay. least and greatest are
 * null when one operand is. if takes the last value when the condition is false or null.
 *
 * Types: arithmetic, abs, ln, exp and floor work on doubles and give UPI_F64, so integers do
 * not overflow; booleans count 0 and 1. Integers compared with integers are exact; with a
 * double among the operands (of the whole in-list, too) all are doubles. Texts compare by
 * bytes. A literal text beside a date or timestamp is read as one, YYYY-MM-DD, optionally
 * with HH:MM[:SS[.ffffff]]; dates meet timestamps as midnight. weekday: Monday = 1 to
 * Sunday = 7; week: ISO 8601; year..hour give UPI_I64; date(timestamp) is its UTC day.
 * and, or, not and if want conditions: write x = 1, not x. Comparisons do not chain.
 * Keywords and functions ignore case; == is =, <> is !=. Names: case-sensitive, Unicode.
 * Errors carry the position (1-based column in characters) and a caret. */
#ifndef UPI_EXPR_H
#define UPI_EXPR_H

#include "base/base.h"
#include "base/column.h"

typedef struct upi_expr upi_expr;

/* Text to tree. UP_E_EXPRESSION: message "unexpected ')' at column 7", fix = the text and a
 * caret line joined by '\n'. Nesting is limited (200) and length too (64 KiB). */
up_status upi_expr_parse(const char *text, upi_expr **out, up_error *err);
up_status upi_expr_column(const char *name, upi_expr **out, up_error *err);
up_status upi_expr_copy(const upi_expr *e, upi_expr **out, up_error *err);
void upi_expr_free(upi_expr *e);

/* If the expression is a bare column, its name; else NULL. */
const char *upi_expr_bare_column(const upi_expr *e);
/* Calls visit(ctx, name) for each distinct column, in order of first appearance. */
up_status upi_expr_columns(
    const upi_expr *e, up_status (*visit)(void *ctx, const char *name), void *ctx);
/* Canonical text: minimal parentheses, quoted names where needed. Equal trees, equal text. */
up_status upi_expr_text(const upi_expr *e, char **out, up_error *err);

/* Finds the type of every node, given the types of the columns; UP_E_COLUMN for a column that
 * is not there (nearest name in the fix), UP_E_TYPE for 'a' + 1 and the like. Must be called
 * once before eval and before sql. lookup returns the index of a column or -1. */
typedef struct upi_schema {
    int64_t n;
    const char *const *names;
    const upi_type *types;
} upi_schema;
up_status upi_expr_bind(
    upi_expr *e, const upi_schema *schema, upi_type *type, up_error *err);

/* Values of a bound expression on the rows of a batch whose columns are in schema order.
 * The result column is owned by the scratch and valid until its next use; a bare column is
 * the batch's own. Computed numbers have no mask: NaN is missing. One scratch per thread,
 * made after bind and not used after binding again. Cost: one pass per node over at most UPI_BATCH_ROWS rows; no allocation after the
 * first batch. */
typedef struct upi_expr_scratch upi_expr_scratch;
up_status upi_expr_scratch_make(
    const upi_expr *e, upi_expr_scratch **out, up_error *err);
up_status upi_expr_eval(const upi_expr *e, const upi_batch *batch,
    upi_expr_scratch *scratch, upi_column *out, up_error *err);
void upi_expr_scratch_free(upi_expr_scratch *s);
/* The rows where a bound condition is true (not false, not null), as bits, 0 behind the last
 * row; rows has room for UPI_BATCH_ROWS / 64 words. Faster than eval for filters. */
up_status upi_expr_select(const upi_expr *e, const upi_batch *batch,
    upi_expr_scratch *scratch, uint64_t *rows, int64_t *count, up_error *err);

/* How one SQL dialect writes things (research facts in engines.md section 6). */
typedef struct upi_dialect {
    const char *name;        /* "duckdb", "postgresql", "trino", ... */
    char quote;              /* of identifiers: '"' or '`' (doubled inside) */
    const char *double_type; /* "DOUBLE", "DOUBLE PRECISION" */
    const char *is_nan;      /* "isnan(%s)"; used to turn NaN into null */
    int clamp_exp;           /* exp over- and underflow raise: write inf and 0 out */
    const char
        *null_if_nan;      /* the same with its operand once; NULL = CASE over is_nan */
    const char *text_type; /* "VARCHAR", "TEXT" */
    const char *time_type; /* "TIMESTAMP", "TIMESTAMP(6)" */
    const char *byte_order; /* behind a text that is ordered: "", " COLLATE \"C\"" */
    const char *weekday;    /* Monday = 1 .. Sunday = 7: "EXTRACT(ISODOW FROM %s)" */
    const char *remainder;  /* of dividend %s and divisor %s, null for divisor 0 */
} upi_dialect;
extern const upi_dialect upi_dialect_duckdb;
extern const upi_dialect upi_dialect_postgresql;
extern const upi_dialect upi_dialect_trino;

/* SQL of a bound expression: identifiers quoted by the dialect, literals rendered by one
 * function, the same values as upi_expr_eval (NaN becomes null, also that of a bare column:
 * use upi_sql_identifier for a column as it is). It is one SQL expression, but not always in
 * parentheses. Timestamps with a zone are cast in the session's zone, which must be UTC.
 * UP_E_EXPRESSION when it would exceed 1 MiB. PostgreSQL cannot do all of it: overflow and
 * underflow of + - * / raise there, and % is exact for whole numbers below 2^53 only. */
up_status upi_expr_sql(
    const upi_expr *e, const upi_dialect *d, upi_text *out, up_error *err);
void upi_sql_identifier(const upi_dialect *d, const char *name, upi_text *out);
void upi_sql_string(const upi_dialect *d, const char *s, int64_t n, upi_text *out);

/* For conditions over grouped values: evaluates a bound boolean expression on one row of
 * scalars. result: 1 true, 0 false, -1 null. */
typedef struct upi_scalar {
    upi_type type;
    bool null;
    double f64;
    int64_t i64; /* also boolean, date, timestamp */
    upi_str text;
} upi_scalar;
up_status upi_expr_test(const upi_expr *e, const upi_scalar *row,
    upi_expr_scratch *scratch, int *result, up_error *err);

#endif
