/* A bound tree to the SQL of one dialect, with the values that eval gives.
 *
 * Nothing of the user's text passes through: names and texts are quoted here, numbers are
 * printed from their value. Dialects disagree in these places, and the SQL is written so
 * that they cannot: arithmetic is cast to double first (integer division and overflow),
 * a double literal has an exponent and a cast (1.5 alone is a decimal), divisors pass
 * through NULLIF, ln through NULLIF(GREATEST(x, 0), 0), NaN is made null wherever it could
 * be compared, least and greatest look for nulls first, texts are compared byte by byte. */
#include "expr/calendar.h"
#include "expr/tree.h"

/* Some operands stand twice in the SQL, so that nesting could make it grow without end. */
enum { SQL_BYTES = 1 << 20 };

const upi_dialect upi_dialect_duckdb = {.name = "duckdb",
    .quote = '"',
    .double_type = "DOUBLE",
    .is_nan = "isnan(%s)",
    .null_if_nan = "NULLIF(%s, CAST('NaN' AS DOUBLE))",
    .text_type = "VARCHAR",
    .time_type = "TIMESTAMP",
    .byte_order = "",
    .weekday = "EXTRACT(ISODOW FROM %s)",
    .remainder = "mod(%s, NULLIF(%s, 0))"};

const upi_dialect upi_dialect_postgresql = {.name = "postgresql",
    .quote = '"',
    .double_type = "DOUBLE PRECISION",
    .is_nan = "(%s = CAST('NaN' AS DOUBLE PRECISION))",
    .clamp_exp = 1,
    .null_if_nan = "NULLIF(%s, CAST('NaN' AS DOUBLE PRECISION))",
    .text_type = "TEXT",
    .time_type = "TIMESTAMP",
    .byte_order = " COLLATE \"C\"",
    .weekday = "EXTRACT(ISODOW FROM %s)",
    /* There is no remainder of doubles, and the cast to NUMERIC keeps 15 digits only. By way
     * of text, whole numbers below 2^53 are exact; other numbers are taken as the decimal
     * they print as. */
    .remainder =
        "CAST(MOD(CAST(CAST(%s AS TEXT) AS NUMERIC), CAST(CAST(NULLIF(%s, 0) AS "
        "TEXT) AS NUMERIC)) AS DOUBLE PRECISION)"};

const upi_dialect upi_dialect_trino = {.name = "trino",
    .quote = '"',
    .double_type = "DOUBLE",
    .is_nan = "is_nan(%s)",
    .null_if_nan = NULL,
    .text_type = "VARCHAR",
    .time_type = "TIMESTAMP(6)",
    .byte_order = "",
    .weekday = "day_of_week(%s)",
    .remainder = "mod(%s, NULLIF(%s, 0))"};

typedef struct renderer {
    const upi_expr *e;
    const upi_dialect *d;
    upi_text *out;
    int64_t start;
    bool too_long;
} renderer;

static void write_as(renderer *r, int32_t index, int as);

void
upi_sql_identifier(const upi_dialect *d, const char *name, upi_text *out)
{
    upi_text_add_char(out, d->quote);
    for (const char *s = name; *s != '\0'; s++) {
        if (*s == d->quote) {
            upi_text_add_char(out, *s);
        }
        upi_text_add_char(out, *s);
    }
    upi_text_add_char(out, d->quote);
}

void
upi_sql_string(const upi_dialect *d, const char *s, int64_t n, upi_text *out)
{
    (void)d; /* all three read standard text literals: only the quote is special */
    bool zero = n > 0 && memchr(s, '\0', (size_t)n) != NULL;
    upi_text_add(out, zero ? "('" : "'");
    for (int64_t i = 0; i < n; i++) {
        if (s[i] == '\0') { /* would end the statement */
            upi_text_add(out, "' || chr(0) || '");
            continue;
        }
        if (s[i] == '\'') {
            upi_text_add_char(out, '\'');
        }
        upi_text_add_char(out, s[i]);
    }
    upi_text_add(out, zero ? "')" : "'");
}

static const char *
type_name(const renderer *r, int type)
{
    switch (type) {
    case UPI_I64:
        return "BIGINT";
    case UPI_BOOL:
        return "BOOLEAN";
    case UPI_STR:
        return r->d->text_type;
    case UPI_DATE:
        return "DATE";
    case UPI_TIME:
        return r->d->time_type;
    default:
        return r->d->double_type;
    }
}

static void
write_double(renderer *r, double x)
{
    char digits[UPI_DOUBLE_CHARS];
    upi_double_text(x, digits);
    upi_text_addf(r->out, "CAST(%s%s AS %s)", digits,
        strchr(digits, 'e') == NULL ? "e0" : "", r->d->double_type);
}

static void
write_calendar_literal(renderer *r, int64_t value, int type)
{
    int64_t days = type == UPI_TIME ? upi_days_of_micros(value) : value;
    upi_civil c = upi_civil_from_days(days);
    upi_text_addf(r->out, "%s '%04lld-%02d-%02d",
        type == UPI_TIME ? "TIMESTAMP" : "DATE", (long long)c.year, c.month, c.day);
    if (type == UPI_TIME) {
        int64_t micros = value - upi_micros_of_days(days);
        int64_t seconds = micros / 1000000;
        upi_text_addf(r->out, " %02d:%02d:%02d.%06d", (int)(seconds / 3600),
            (int)(seconds / 60 % 60), (int)(seconds % 60), (int)(micros % 1000000));
    }
    upi_text_add_char(r->out, '\'');
}

static void
write_literal(renderer *r, const upi_node *node, int as)
{
    if (node->type == UPI_TYPE_NULL) {
        upi_text_addf(r->out, "CAST(NULL AS %s)", type_name(r, as));
    } else if (node->type == UPI_STR) {
        upi_sql_string(r->d, upi_node_text(r->e, node), node->length, r->out);
    } else if (node->type == UPI_DATE || node->type == UPI_TIME) {
        int64_t value = node->type == UPI_DATE && as == UPI_TIME
                            ? upi_micros_of_days(node->i64)
                            : node->i64;
        write_calendar_literal(r, value, as == UPI_TIME ? UPI_TIME : node->type);
    } else if (as == UPI_F64) {
        write_double(r, node->op == UPI_OP_NUMBER ? node->f64 : (double)node->i64);
    } else if (as == UPI_BOOL) {
        upi_text_add(r->out, node->i64 ? "TRUE" : "FALSE");
    } else if (node->i64 == INT64_MIN) { /* the digits alone do not fit */
        upi_text_addf(r->out, "CAST('%lld' AS BIGINT)", (long long)node->i64);
    } else {
        upi_text_addf(r->out, "CAST(%lld AS BIGINT)", (long long)node->i64);
    }
}

/* %s of the format, one after the other, stands for the pieces between which the caller
 * writes operands: writes up to the next %s and returns what is behind it. */
static const char *
write_until_operand(renderer *r, const char *format)
{
    const char *place = strstr(format, "%s");
    if (place == NULL) {
        upi_text_add(r->out, format);
        return "";
    }
    upi_text_add_n(r->out, format, place - format);
    return place + 2;
}

/* The column in the type the engine was asked for; engines keep decimals, enumerations and
 * finer timestamps under the same types, so the cast is not idle. */
static void
write_column(renderer *r, const upi_node *node)
{
    const char *name = upi_node_text(r->e, node);
    bool cast =
        node->type == UPI_F64 || node->type == UPI_STR || node->type == UPI_TIME;
    if (cast) {
        upi_text_add(r->out, "CAST(");
    }
    upi_sql_identifier(r->d, name, r->out);
    if (cast) {
        upi_text_addf(r->out, " AS %s)", type_name(r, node->type));
    }
}

/* A column of numbers with NaN made null. */
static void
write_clean_column(renderer *r, const upi_node *node)
{
    if (r->d->null_if_nan != NULL) {
        const char *rest = write_until_operand(r, r->d->null_if_nan);
        write_column(r, node);
        upi_text_add(r->out, rest);
        return;
    }
    upi_text_add(r->out, "CASE WHEN ");
    const char *rest = write_until_operand(r, r->d->is_nan);
    write_column(r, node);
    upi_text_add(r->out, rest);
    upi_text_add(r->out, " THEN NULL ELSE ");
    write_column(r, node);
    upi_text_add(r->out, " END");
}

/* An operand that is compared, tested for null and the like: never NaN. */
static void
write_clean(renderer *r, int32_t index, int as)
{
    if (!r->e->nodes[index].may_nan) {
        write_as(r, index, as);
        return;
    }
    if (r->d->null_if_nan != NULL) {
        const char *rest = write_until_operand(r, r->d->null_if_nan);
        write_as(r, index, as);
        upi_text_add(r->out, rest);
        return;
    }
    upi_text_add(r->out, "CASE WHEN ");
    const char *rest = write_until_operand(r, r->d->is_nan);
    write_as(r, index, as);
    upi_text_add(r->out, rest);
    upi_text_add(r->out, " THEN NULL ELSE ");
    write_as(r, index, as);
    upi_text_add(r->out, " END");
}

static void
write_list(renderer *r, int32_t first, const char *between, int as)
{
    for (int32_t i = first; i != UPI_NO_NODE; i = r->e->nodes[i].next) {
        if (i != first) {
            upi_text_add(r->out, between);
        }
        write_clean(r, i, as);
    }
}

static void
write_arithmetic(renderer *r, const upi_node *node)
{
    int32_t second = r->e->nodes[node->first].next;
    if (node->op == UPI_OP_MOD) {
        const char *rest = write_until_operand(r, r->d->remainder);
        write_as(r, node->first, UPI_F64);
        rest = write_until_operand(r, rest);
        write_as(r, second, UPI_F64);
        upi_text_add(r->out, rest);
        return;
    }
    upi_text_add_char(r->out, '(');
    write_as(r, node->first, UPI_F64);
    upi_text_addf(r->out, " %s ", upi_op_sign(node->op));
    if (node->op == UPI_OP_DIV) {
        upi_text_add(r->out, "NULLIF(");
    }
    write_as(r, second, UPI_F64);
    upi_text_add(r->out, node->op == UPI_OP_DIV ? ", 0))" : ")");
}

/* exp where over- and underflow are errors: what exp would give is written out. The operand
 * is named once in a subquery, which also keeps null null. Results below the least normal
 * number, which raise too, become 0. */
static void
write_exp_clamped(renderer *r, const upi_node *node)
{
    upi_text_addf(r->out,
        "(SELECT CASE WHEN up_x > 709.782712893383 THEN CAST('Infinity' AS %s) WHEN "
        "up_x < "
        "-708.396418532264 THEN 0 ELSE exp(up_x) END FROM (SELECT ",
        r->d->double_type);
    write_clean(r, node->first, UPI_F64);
    upi_text_add(r->out, " AS up_x) AS up_e)");
}

static void
write_function_of_number(renderer *r, const upi_node *node)
{
    switch (node->op) {
    case UPI_OP_NEG:
        upi_text_add(r->out, "(- ");
        break;
    case UPI_OP_LN:
        upi_text_add(r->out, "ln(NULLIF(GREATEST(");
        break;
    case UPI_OP_EXP:
        if (r->d->clamp_exp) {
            write_exp_clamped(r, node);
            return;
        }
        upi_text_add(r->out, "exp(");
        break;
    case UPI_OP_ABS:
        upi_text_add(r->out, "abs(");
        break;
    default:
        upi_text_add(r->out, "floor(");
        break;
    }
    write_as(r, node->first, UPI_F64);
    if (node->op == UPI_OP_LN) {
        /* A null operand becomes 0 in dialects whose GREATEST skips nulls, then null. */
        upi_text_addf(r->out, ", CAST(0e0 AS %s)), 0))", r->d->double_type);
    } else {
        upi_text_add_char(r->out, ')');
    }
}

static void
write_comparison(renderer *r, const upi_node *node)
{
    int32_t second = r->e->nodes[node->first].next;
    bool ordered =
        node->op != UPI_OP_EQ && node->op != UPI_OP_NE && node->op != UPI_OP_IN;
    upi_text_add_char(r->out, '(');
    write_clean(r, node->first, node->as);
    if (node->as == UPI_STR && ordered) {
        upi_text_add(r->out, r->d->byte_order);
    }
    if (node->op == UPI_OP_IN) {
        upi_text_add(r->out, " IN (");
        write_list(r, second, ", ", node->as);
        upi_text_add(r->out, "))");
    } else if (node->op == UPI_OP_BETWEEN) {
        upi_text_add(r->out, " BETWEEN ");
        write_list(r, second, " AND ", node->as);
        upi_text_add_char(r->out, ')');
    } else {
        upi_text_addf(
            r->out, " %s ", node->op == UPI_OP_NE ? "<>" : upi_op_sign(node->op));
        write_clean(r, second, node->as);
        upi_text_add_char(r->out, ')');
    }
}

/* Null when one operand is null, in every dialect. */
static void
write_extreme(renderer *r, const upi_node *node)
{
    const upi_expr *e = r->e;
    bool any = false;
    for (int32_t i = node->first; i != UPI_NO_NODE; i = e->nodes[i].next) {
        if (upi_op_is_literal(e->nodes[i].op) && e->nodes[i].op != UPI_OP_NULL) {
            continue;
        }
        upi_text_add(r->out, any ? " OR " : "CASE WHEN ");
        write_clean(r, i, node->as);
        upi_text_add(r->out, " IS NULL");
        any = true;
    }
    if (any) {
        upi_text_addf(r->out, " THEN CAST(NULL AS %s) ELSE ", type_name(r, node->type));
    }
    upi_text_add(r->out, node->op == UPI_OP_LEAST ? "LEAST(" : "GREATEST(");
    for (int32_t i = node->first; i != UPI_NO_NODE; i = e->nodes[i].next) {
        upi_text_add(r->out, i != node->first ? ", " : "");
        write_clean(r, i, node->as);
        if (i == node->first && node->as == UPI_STR) {
            upi_text_add(r->out, r->d->byte_order);
        }
    }
    upi_text_add(r->out, any ? ") END" : ")");
}

static void
write_if(renderer *r, const upi_node *node)
{
    int32_t then = r->e->nodes[node->first].next;
    upi_text_add(r->out, "CASE WHEN ");
    write_as(r, node->first, UPI_BOOL);
    upi_text_add(r->out, " THEN ");
    write_as(r, then, node->type);
    upi_text_add(r->out, " ELSE ");
    write_as(r, r->e->nodes[then].next, node->type);
    upi_text_add(r->out, " END");
}

static void
write_calendar(renderer *r, const upi_node *node)
{
    static const char *const parts[] = {"EXTRACT(YEAR FROM %s)",
        "EXTRACT(MONTH FROM %s)", "EXTRACT(DAY FROM %s)", "EXTRACT(WEEK FROM %s)", NULL,
        "EXTRACT(HOUR FROM %s)"};
    int as = node->as == UPI_TYPE_NULL ? UPI_TIME : node->as;
    if (node->op == UPI_OP_DATE) {
        if (node->as == UPI_DATE) {
            write_as(r, node->first, as);
            return;
        }
        upi_text_add(r->out, "CAST(");
        write_as(r, node->first, as);
        upi_text_add(r->out, " AS DATE)");
        return;
    }
    const char *part = parts[(int)node->op - (int)UPI_OP_YEAR];
    upi_text_add(r->out, "CAST(");
    const char *rest = write_until_operand(r, part != NULL ? part : r->d->weekday);
    write_as(r, node->first, as);
    upi_text_add(r->out, rest);
    upi_text_add(r->out, " AS BIGINT)");
}

static void
write_operator(renderer *r, const upi_node *node)
{
    switch (node->op) {
    case UPI_OP_NOT:
        upi_text_add(r->out, "(NOT ");
        write_as(r, node->first, UPI_BOOL);
        upi_text_add_char(r->out, ')');
        break;
    case UPI_OP_AND:
    case UPI_OP_OR:
        upi_text_add_char(r->out, '(');
        write_list(r, node->first, node->op == UPI_OP_AND ? " AND " : " OR ", UPI_BOOL);
        upi_text_add_char(r->out, ')');
        break;
    case UPI_OP_IS_NULL:
        upi_text_add_char(r->out, '(');
        write_clean(r, node->first, node->as == UPI_TYPE_NULL ? UPI_F64 : node->as);
        upi_text_add(r->out, " IS NULL)");
        break;
    case UPI_OP_ADD:
    case UPI_OP_SUB:
    case UPI_OP_MUL:
    case UPI_OP_DIV:
    case UPI_OP_MOD:
        write_arithmetic(r, node);
        break;
    case UPI_OP_IF:
        write_if(r, node);
        break;
    case UPI_OP_COALESCE:
        upi_text_add(r->out, "COALESCE(");
        write_list(r, node->first, ", ", node->as);
        upi_text_add_char(r->out, ')');
        break;
    case UPI_OP_LEAST:
    case UPI_OP_GREATEST:
        write_extreme(r, node);
        break;
    case UPI_OP_NEG:
    case UPI_OP_ABS:
    case UPI_OP_LN:
    case UPI_OP_EXP:
    case UPI_OP_FLOOR:
        write_function_of_number(r, node);
        break;
    default:
        if (node->op >= UPI_OP_YEAR) {
            write_calendar(r, node);
        } else {
            write_comparison(r, node);
        }
        break;
    }
}

/* The node in the type its parent works with. */
static void
write_as(renderer *r, int32_t index, int as)
{
    const upi_node *node = &r->e->nodes[index];
    if (r->out->failed || r->out->length - r->start > SQL_BYTES) {
        r->too_long = !r->out->failed;
        return;
    }
    if (as == UPI_TYPE_NULL) {
        as = node->type == UPI_TYPE_NULL ? UPI_F64 : node->type;
    }
    if (node->type == UPI_TYPE_NULL) {
        upi_text_addf(r->out, "CAST(NULL AS %s)", type_name(r, as));
        return;
    }
    if (upi_op_is_literal(node->op)) {
        write_literal(r, node, as);
        return;
    }
    bool cast = as != node->type;
    if (cast) {
        upi_text_add(r->out, node->type == UPI_BOOL ? "CAST(CAST(" : "CAST(");
    }
    if (node->op == UPI_OP_COLUMN && node->type == UPI_F64) {
        write_clean_column(r, node);
    } else if (node->op == UPI_OP_COLUMN) {
        write_column(r, node);
    } else {
        write_operator(r, node);
    }
    if (cast) {
        upi_text_addf(r->out, "%s AS %s)", node->type == UPI_BOOL ? " AS INTEGER)" : "",
            type_name(r, as));
    }
}

up_status
upi_expr_sql(const upi_expr *e, const upi_dialect *d, upi_text *out, up_error *err)
{
    UP_GUARD(err);
    if (!e->bound) {
        return upi_fail(err, UP_E_INTERNAL, NULL, "the expression is not bound");
    }
    renderer r = {.e = e, .d = d, .out = out, .start = out->length};
    write_clean(&r, e->root, UPI_TYPE_NULL);
    if (out->failed) {
        return upi_fail_memory(err, (size_t)out->length + 1);
    }
    if (r.too_long) {
        return upi_fail(err, UP_E_EXPRESSION, "expression",
            "the expression needs more than %d bytes of SQL", SQL_BYTES);
    }
    return UP_OK;
}
