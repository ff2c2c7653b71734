/* Types of all nodes, bottom up, given the types of the columns.
 *
 * Numbers: integers and booleans become doubles where they meet a double, and in all
 * arithmetic, so that nothing overflows. Integers that meet only integers in a comparison
 * stay exact. Text meets only text, except that a literal text beside a date or timestamp is
 * read as one. null fits everything. */
#include "expr/calendar.h"
#include "expr/tree.h"

typedef struct binder {
    upi_expr *e;
    const upi_schema *schema;
    up_error *err;
} binder;

static const char *
type_word(int type)
{
    return type == UPI_TYPE_NULL ? "null" : upi_type_name((upi_type)type);
}

static bool
is_numeric(int type)
{
    return type == UPI_F64 || type == UPI_I64 || type == UPI_BOOL;
}

static bool
is_calendar(int type)
{
    return type == UPI_DATE || type == UPI_TIME;
}

/* The field of an error about an operand: the column if it is a bare one. */
static const char *
blame(const binder *b, const upi_node *node)
{
    return node->op == UPI_OP_COLUMN ? upi_node_text(b->e, node) : "expression";
}

static up_status
fail_column(binder *b, const upi_node *node)
{
    const char *name = upi_node_text(b->e, node);
    const upi_schema *s = b->schema;
    up_status status = UP_E_COLUMN;
    if (b->e->source == NULL) {
        (void)upi_fail(b->err, status, name, "column '%s' is not in the data", name);
    } else {
        (void)upi_fail(b->err, status, name,
            "column '%s' is not in the data (at column %lld of the expression)", name,
            (long long)upi_character_at(b->e->source, node->at));
    }
    const char *near = upi_text_nearest(name, s->names, s->n);
    if (near != NULL) {
        (void)upi_fix(b->err, "did you mean '%s'?", near);
    } else if (node->quoted && b->e->source != NULL) {
        (void)upi_fix(b->err,
            "double quotes and backticks stand around names; a text is written in "
            "single "
            "quotes: '%s'",
            name);
    } else if (s->n > 0) {
        (void)upi_fix(b->err, "the first columns are: %s%s%s%s%s", s->names[0],
            s->n > 1 ? ", " : "", s->n > 1 ? s->names[1] : "", s->n > 2 ? ", " : "",
            s->n > 2 ? s->names[2] : "");
    }
    return status;
}

static up_status
bind_column(binder *b, upi_node *node)
{
    const char *name = upi_node_text(b->e, node);
    for (int64_t i = 0; i < b->schema->n; i++) {
        if (strcmp(b->schema->names[i], name) == 0) {
            node->column = i;
            node->type = (int)b->schema->types[i];
            node->may_inf = node->type == UPI_F64;
            return UP_OK;
        }
    }
    return fail_column(b, node);
}

/* A literal text that stands where a date or timestamp is wanted becomes one. */
static up_status
bind_date_text(binder *b, upi_node *node)
{
    bool has_time = false;
    int64_t value = 0;
    const char *s = upi_node_text(b->e, node);
    if (!upi_date_parse(s, node->length, &has_time, &value)) {
        return upi_fail_at(b->err, UP_E_TYPE, "expression", b->e->source, node->at,
            "'%s' is not a date (YYYY-MM-DD, optionally HH:MM:SS behind it)", s);
    }
    node->type = has_time ? UPI_TIME : UPI_DATE;
    node->i64 = value;
    return UP_OK;
}

/* Literal texts among the children are dates where another child is one. */
static up_status
bind_date_texts(binder *b, int32_t first)
{
    up_status status = UP_OK;
    upi_node *nodes = b->e->nodes;
    bool calendar = false;
    for (int32_t i = first; i != UPI_NO_NODE; i = nodes[i].next) {
        calendar = calendar || is_calendar(nodes[i].type);
    }
    for (int32_t i = first; i != UPI_NO_NODE && calendar; i = nodes[i].next) {
        UP_TRY(nodes[i].op == UPI_OP_STRING ? bind_date_text(b, &nodes[i]) : UP_OK);
    }
out:
    return status;
}

/* The type in which values of two types meet; false when they do not. */
static bool
meet(int a, int b, int *common)
{
    if (a == b || b == UPI_TYPE_NULL) {
        *common = a;
    } else if (a == UPI_TYPE_NULL) {
        *common = b;
    } else if (is_numeric(a) && is_numeric(b)) {
        *common = a == UPI_F64 || b == UPI_F64 ? UPI_F64 : UPI_I64;
    } else if (is_calendar(a) && is_calendar(b)) {
        *common = UPI_TIME;
    } else {
        return false;
    }
    return true;
}

/* The common type of the children from `first` on; UPI_TYPE_NULL when all are null. */
static up_status
unify(binder *b, const upi_node *parent, int32_t first, int *common)
{
    up_status status = UP_OK;
    const upi_node *nodes = b->e->nodes;
    int type = UPI_TYPE_NULL;
    UP_TRY(bind_date_texts(b, first));
    for (int32_t i = first; i != UPI_NO_NODE; i = nodes[i].next) {
        if (!meet(type, nodes[i].type, &type)) {
            return upi_fail_at(b->err, UP_E_TYPE, blame(b, &nodes[i]), b->e->source,
                parent->at, "'%s' cannot put %s and %s together",
                upi_op_sign(parent->op), type_word(type), type_word(nodes[i].type));
        }
    }
    *common = type;
out:
    return status;
}

static up_status
fail_operand(
    binder *b, const upi_node *parent, const upi_node *node, const char *wanted)
{
    return upi_fail_at(b->err, UP_E_TYPE, blame(b, node), b->e->source, parent->at,
        "'%s' takes %s, not %s", upi_op_sign(parent->op), wanted,
        type_word(node->type));
}

static up_status
need_numbers(binder *b, const upi_node *parent)
{
    for (int32_t i = parent->first; i != UPI_NO_NODE; i = b->e->nodes[i].next) {
        const upi_node *node = &b->e->nodes[i];
        if (node->type != UPI_TYPE_NULL && !is_numeric(node->type)) {
            return fail_operand(b, parent, node, "numbers");
        }
    }
    return UP_OK;
}

/* The children from the first on, at most `limit` of them, are conditions. */
static up_status
need_conditions(binder *b, const upi_node *parent, int32_t limit)
{
    int32_t i = parent->first;
    for (int32_t k = 0; k < limit && i != UPI_NO_NODE; k++, i = b->e->nodes[i].next) {
        const upi_node *node = &b->e->nodes[i];
        if (node->type == UPI_TYPE_NULL || node->type == UPI_BOOL) {
            continue;
        }
        if (is_numeric(node->type)) {
            return fail_operand(b, parent, node, "a condition (x = 1, say)");
        }
        return fail_operand(b, parent, node, "a condition");
    }
    return UP_OK;
}

/* Whether a number can come out as NaN (missing) or infinite; the SQL guards just these. */
static void
bind_range(binder *b, upi_node *node)
{
    bool nan = false;
    bool inf = false;
    int infinite = 0;
    for (int32_t i = node->first; i != UPI_NO_NODE; i = b->e->nodes[i].next) {
        nan = nan || b->e->nodes[i].may_nan;
        inf = inf || b->e->nodes[i].may_inf;
        infinite += b->e->nodes[i].may_inf;
    }
    switch (node->op) {
    case UPI_OP_ADD:
    case UPI_OP_SUB:
    case UPI_OP_DIV:
        nan = nan || infinite == 2; /* inf - inf, inf / inf */
        inf = true;
        break;
    case UPI_OP_MUL:
        nan = nan || inf; /* 0 * inf */
        inf = true;
        break;
    case UPI_OP_MOD:
        nan = nan || b->e->nodes[node->first].may_inf;
        inf = false;
        break;
    case UPI_OP_EXP:
        inf = true;
        break;
    case UPI_OP_COALESCE:
    case UPI_OP_LEAST:
    case UPI_OP_GREATEST:
        nan = false; /* their operands are guarded */
        break;
    default:
        break;
    }
    node->may_nan = nan && node->type == UPI_F64;
    node->may_inf = inf && node->type == UPI_F64;
}

static up_status
bind_arithmetic(binder *b, upi_node *node)
{
    up_status status = UP_OK;
    UP_TRY(need_numbers(b, node));
    node->as = UPI_F64;
    node->type = UPI_F64;
    bind_range(b, node);
out:
    return status;
}

static up_status
bind_comparison(binder *b, upi_node *node)
{
    up_status status = UP_OK;
    UP_TRY(unify(b, node, node->first, &node->as));
    node->type = UPI_BOOL;
out:
    return status;
}

/* if, coalesce, least, greatest: the values from `first` on have one type. */
static up_status
bind_choice(binder *b, upi_node *node, int32_t first)
{
    up_status status = UP_OK;
    int type = UPI_TYPE_NULL;
    UP_TRY(unify(b, node, first, &type));
    if ((node->op == UPI_OP_LEAST || node->op == UPI_OP_GREATEST) && type == UPI_BOOL) {
        type = UPI_I64;
    }
    node->type = type;
    node->as = type;
    bind_range(b, node);
out:
    return status;
}

static up_status
bind_calendar(binder *b, upi_node *node)
{
    up_status status = UP_OK;
    upi_node *arg = &b->e->nodes[node->first];
    if (arg->op == UPI_OP_STRING) {
        UP_TRY(bind_date_text(b, arg));
        if (node->op == UPI_OP_DATE && arg->type != UPI_DATE) {
            status = upi_fail_at(b->err, UP_E_TYPE, "expression", b->e->source, arg->at,
                "date() takes YYYY-MM-DD, without a time of day, not '%s',",
                upi_node_text(b->e, arg));
            goto out;
        }
    }
    if (arg->type != UPI_TYPE_NULL && !is_calendar(arg->type)) {
        return fail_operand(b, node, arg, "a date or timestamp");
    }
    if (node->op == UPI_OP_HOUR && arg->type == UPI_DATE) {
        return fail_operand(b, node, arg, "a timestamp");
    }
    node->as = arg->type;
    node->type = node->op == UPI_OP_DATE ? UPI_DATE : UPI_I64;
out:
    return status;
}

static up_status
bind_operator(binder *b, upi_node *node)
{
    up_status status = UP_OK;
    switch (node->op) {
    case UPI_OP_NOT:
    case UPI_OP_AND:
    case UPI_OP_OR:
        UP_TRY(need_conditions(b, node, node->n_args));
        node->type = UPI_BOOL;
        return UP_OK;
    case UPI_OP_IS_NULL:
        node->as = b->e->nodes[node->first].type;
        node->type = UPI_BOOL;
        return UP_OK;
    case UPI_OP_EQ:
    case UPI_OP_NE:
    case UPI_OP_LT:
    case UPI_OP_LE:
    case UPI_OP_GT:
    case UPI_OP_GE:
    case UPI_OP_IN:
    case UPI_OP_BETWEEN:
        return bind_comparison(b, node);
    case UPI_OP_IF:
        UP_TRY(need_conditions(b, node, 1));
        return bind_choice(b, node, b->e->nodes[node->first].next);
    case UPI_OP_COALESCE:
    case UPI_OP_LEAST:
    case UPI_OP_GREATEST:
        return bind_choice(b, node, node->first);
    case UPI_OP_YEAR:
    case UPI_OP_MONTH:
    case UPI_OP_DAY:
    case UPI_OP_WEEK:
    case UPI_OP_WEEKDAY:
    case UPI_OP_HOUR:
    case UPI_OP_DATE:
        return bind_calendar(b, node);
    default:
        return bind_arithmetic(b, node);
    }
out:
    return status;
}

static up_status
bind_node(binder *b, int32_t index)
{
    up_status status = UP_OK;
    upi_node *node = &b->e->nodes[index];
    for (int32_t i = node->first; i != UPI_NO_NODE; i = b->e->nodes[i].next) {
        UP_TRY(bind_node(b, i));
    }
    node->type = UPI_TYPE_NULL;
    node->as = UPI_TYPE_NULL;
    node->may_nan = node->may_inf = false;
    switch (node->op) {
    case UPI_OP_COLUMN:
        return bind_column(b, node);
    case UPI_OP_NUMBER:
        node->type = UPI_F64;
        return UP_OK;
    case UPI_OP_INTEGER:
        node->type = UPI_I64;
        return UP_OK;
    case UPI_OP_STRING:
        node->type = UPI_STR;
        return UP_OK;
    case UPI_OP_BOOL:
        node->type = UPI_BOOL;
        return UP_OK;
    case UPI_OP_NULL:
        return UP_OK;
    default:
        return bind_operator(b, node);
    }
out:
    return status;
}

up_status
upi_expr_bind(upi_expr *e, const upi_schema *schema, upi_type *type, up_error *err)
{
    UP_GUARD(err);
    up_status status = UP_OK;
    binder b = {e, schema, err};
    e->bound = false;
    UP_TRY(bind_node(&b, e->root));
    e->bound = true;
    e->n_schema = schema->n;
    if (type != NULL) {
        int found = e->nodes[e->root].type;
        *type = found == UPI_TYPE_NULL ? UPI_F64 : (upi_type)found;
    }
out:
    return status;
}
