/* Any bytes as an expression: no crash, no leak, and what was read keeps its promises: the
 * canonical text is a fixed point, a copy is equal, evaluation ends, and the SQL holds the
 * user's bytes inside quotes only. A broken promise aborts. */
#include "expr/expr.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The name is the fuzzer's. NOLINTNEXTLINE(readability-identifier-naming) */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
promise(bool kept, const char *what, const char *text)
{
    if (!kept) {
        (void)fprintf(stderr, "%s: %s\n", what, text);
        abort();
    }
}

/* Outside quotes there are words, numbers and the signs that the renderer knows; quotes are
 * closed; nothing starts a comment or a second statement. */
static bool
sql_is_closed(const char *sql)
{
    for (const char *s = sql; *s != '\0'; s++) {
        if (*s == '\'' || *s == '"') {
            s = strchr(s + 1, *s);
            if (s == NULL) {
                return false;
            }
            continue; /* a doubled quote opens again at once */
        }
        bool word = (*s >= 'a' && *s <= 'z') || (*s >= 'A' && *s <= 'Z') ||
                    (*s >= '0' && *s <= '9') || *s == '_';
        if (!word && strchr(" ()+-*/<>=,.", *s) == NULL) {
            return false;
        }
        if ((s[0] == '-' && s[1] == '-') || (s[0] == '/' && s[1] == '*')) {
            return false;
        }
    }
    return true;
}

static void
check_bound(upi_expr *e)
{
    static const char *const names[] = {"x", "i", "b", "s", "d", "t"};
    static const upi_type types[] = {
        UPI_F64, UPI_I64, UPI_BOOL, UPI_STR, UPI_DATE, UPI_TIME};
    static const double x[3] = {1.5, -0.0, 1e308};
    static const int64_t i[3] = {INT64_MIN, 7, INT64_MAX};
    static const uint8_t b[3] = {1, 0, 1};
    static const uint64_t valid = 5;
    const upi_schema schema = {6, names, types};
    upi_str s[3] = {
        upi_str_make("a", 1), upi_str_make("thirteen byte", 13), upi_str_make("", 0)};
    const upi_column columns[] = {{UPI_F64, x, &valid}, {UPI_I64, i, NULL},
        {UPI_BOOL, b, &valid}, {UPI_STR, s, &valid}, {UPI_DATE, i, NULL},
        {UPI_TIME, i, &valid}};
    const upi_batch batch = {3, 6, columns};
    const upi_dialect *dialects[] = {
        &upi_dialect_duckdb, &upi_dialect_postgresql, &upi_dialect_trino};
    upi_expr_scratch *scratch = NULL;
    upi_column out;
    upi_type type;
    if (upi_expr_bind(e, &schema, &type, NULL) != UP_OK) {
        return;
    }
    promise(upi_expr_scratch_make(e, &scratch, NULL) == UP_OK, "scratch", "");
    promise(upi_expr_eval(e, &batch, scratch, &out, NULL) == UP_OK, "eval", "");
    promise(out.type == type, "type", "");
    for (int k = 0; k < 3; k++) {
        upi_text sql = {0};
        if (upi_expr_sql(e, dialects[k], &sql, NULL) == UP_OK) {
            promise(sql_is_closed(sql.s), "sql", sql.s);
        }
        upi_text_free(&sql);
    }
    upi_expr_scratch_free(scratch);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text = malloc(size + 1);
    upi_expr *e = NULL;
    upi_expr *again = NULL;
    upi_expr *copy = NULL;
    char *first = NULL;
    char *second = NULL;
    char *third = NULL;
    up_error err = UP_ERROR_INIT;
    if (text == NULL) {
        return 0;
    }
    memcpy(text, data, size);
    text[size] = '\0';
    if (upi_expr_parse(text, &e, &err) != UP_OK) {
        promise(err.status == UP_E_EXPRESSION && err.message[0] != '\0', "error", text);
    } else {
        promise(upi_expr_text(e, &first, NULL) == UP_OK, "text", text);
        /* Parentheses that the tree forgets may be needed in the text, so the text of the
         * deepest trees can be one that is refused. */
        if (upi_expr_parse(first, &again, NULL) == UP_OK) {
            promise(upi_expr_text(again, &second, NULL) == UP_OK, "text", text);
            promise(strcmp(first, second) == 0, "fixed point", text);
        }
        promise(upi_expr_copy(e, &copy, NULL) == UP_OK, "copy", text);
        promise(upi_expr_text(copy, &third, NULL) == UP_OK, "text", text);
        promise(strcmp(first, third) == 0, "copy", text);
        check_bound(copy);
    }
    upi_free(first);
    upi_free(second);
    upi_free(third);
    upi_expr_free(e);
    upi_expr_free(again);
    upi_expr_free(copy);
    free(text);
    return 0;
}
