/* Tokens to a tree, by precedence climbing: three C frames for each level of parentheses and
 * a limit on the levels, so that hostile text cannot exhaust the stack. From loose to tight:
 * or; and; not; comparison, in, between, is null (not chained); + -; * / %; unary -.
 *
 * and/or are kept as one node with many operands (they are associative), so that a long
 * list of conditions is wide, not deep. A minus before a number belongs to the number. */
#include "expr/lex.h"
#include "expr/tree.h"

#include <math.h>

enum { P_OR = 1, P_AND, P_NOT, P_COMPARE, P_ADD, P_MULTIPLY, P_UNARY };

typedef struct parser {
    upi_expr *e;
    const char *text;
    int32_t length;
    upi_token token;
    int depth;
    up_error *err;
} parser;

static up_status parse_level(parser *p, int level, int32_t *out);

static up_status
advance(parser *p)
{
    return upi_lex_next(p->text, p->length, p->token.end, &p->token, p->err);
}

static up_status
unexpected(parser *p)
{
    const upi_token *t = &p->token;
    if (t->kind == UPI_T_END) {
        return upi_fail_at(p->err, UP_E_EXPRESSION, "expression", p->text, t->start,
            p->length == 0 ? "the expression is empty" : "unexpected end");
    }
    int n = t->end - t->start;
    return upi_fail_at(p->err, UP_E_EXPRESSION, "expression", p->text, t->start,
        "unexpected '%.*s%s'", n > 40 ? 40 : n, p->text + t->start,
        n > 40 ? "..." : "");
}

static up_status
expect(parser *p, upi_token_kind kind)
{
    return p->token.kind == kind ? advance(p) : unexpected(p);
}

/* A node over one or two children. */
static up_status
make_node(parser *p, upi_op op, int32_t at, int32_t a, int32_t b, int32_t *out)
{
    up_status status = UP_OK;
    int32_t node = 0;
    UP_TRY(upi_node_add(p->e, op, at, &node, p->err));
    UP_TRY(upi_node_adopt(p->e, node, a, p->err));
    if (b != UPI_NO_NODE) {
        UP_TRY(upi_node_adopt(p->e, node, b, p->err));
    }
    *out = node;
out:
    return status;
}

/* Moves the children of `from` behind those of list. */
static up_status
splice(parser *p, int32_t list, int32_t from)
{
    up_status status = UP_OK;
    int32_t child = p->e->nodes[from].first;
    while (child != UPI_NO_NODE) {
        int32_t next = p->e->nodes[child].next;
        UP_TRY(upi_node_adopt(p->e, list, child, p->err));
        child = next;
    }
out:
    return status;
}

/* and/or: one list, wherever the parentheses stood. */
static up_status
make_list(parser *p, upi_op op, int32_t at, int32_t a, int32_t b, int32_t *out)
{
    up_status status = UP_OK;
    int32_t list = a;
    if (p->e->nodes[a].op != op) {
        UP_TRY(upi_node_add(p->e, op, at, &list, p->err));
        UP_TRY(upi_node_adopt(p->e, list, a, p->err));
    }
    if (p->e->nodes[b].op == op) {
        UP_TRY(splice(p, list, b));
    } else {
        UP_TRY(upi_node_adopt(p->e, list, b, p->err));
    }
    *out = list;
out:
    return status;
}

/* A number, with the minus signs that stood before it. Digits alone are an integer when
 * they fit into 64 bits; the least integer fits only together with its sign. */
static up_status
parse_number(parser *p, bool minus, int32_t *out)
{
    up_status status = UP_OK;
    const upi_token t = p->token;
    int32_t node = 0;
    double f64 = 0;
    if (!upi_double_parse(p->text + t.start, t.end - t.start, &f64) || !isfinite(f64)) {
        return upi_fail_at(p->err, UP_E_EXPRESSION, "expression", p->text, t.start,
            "number out of range");
    }
    bool whole = t.whole;
    int64_t value = 0; /* kept negative: the negative range is the larger one */
    for (int32_t i = t.start; i < t.end && whole; i++) {
        int digit = p->text[i] - '0';
        whole = value >= (INT64_MIN + digit) / 10;
        if (whole) {
            value = value * 10 - digit;
        }
    }
    whole = whole && (minus || value != INT64_MIN);
    UP_TRY(upi_node_add(
        p->e, whole ? UPI_OP_INTEGER : UPI_OP_NUMBER, t.start, &node, p->err));
    if (whole) {
        p->e->nodes[node].i64 = minus ? value : -value;
    } else {
        p->e->nodes[node].f64 = minus ? -f64 : f64;
    }
    UP_TRY(advance(p));
    *out = node;
out:
    return status;
}

/* A column or a text: the content of the token goes to the pool. */
static up_status
parse_text(parser *p, int32_t *out)
{
    up_status status = UP_OK;
    const upi_token t = p->token;
    int32_t node = 0;
    int32_t at = 0;
    char *content = NULL;
    int64_t n = t.end - t.start;
    UP_TRY(upi_node_add(p->e, t.kind == UPI_T_STRING ? UPI_OP_STRING : UPI_OP_COLUMN,
        t.start, &node, p->err));
    if (t.kind == UPI_T_NAME) {
        UP_TRY(upi_pool_add(p->e, p->text + t.start, n, &at, p->err));
    } else {
        UP_TRY(UP_NEW(&content, n, p->err));
        n = upi_lex_unquote(p->text, &t, content);
        UP_TRY(upi_pool_add(p->e, content, n, &at, p->err));
    }
    p->e->nodes[node].text = at;
    p->e->nodes[node].length = (uint32_t)n;
    p->e->nodes[node].quoted = t.kind == UPI_T_QUOTED;
    UP_TRY(advance(p));
    *out = node;
out:
    upi_free(content);
    return status;
}

static up_status
fail_function(parser *p, const upi_token *name)
{
    char word[64] = "";
    int n = name->end - name->start;
    memcpy(word, p->text + name->start, n > 63 ? 63 : (size_t)n);
    const char *near = n > 63 ? NULL : upi_function_nearest(word);
    return upi_fail_at(p->err, UP_E_EXPRESSION, "expression", p->text, name->start,
        near != NULL ? "unknown function '%s', did you mean '%s'?"
                     : "unknown function '%s'%s",
        word, near != NULL ? near : "");
}

/* name ( arguments ), standing on the parenthesis. */
static up_status
parse_call(parser *p, const upi_token *name, int32_t *out)
{
    up_status status = UP_OK;
    int32_t node = 0;
    int32_t arg = 0;
    int n_args = 0;
    const upi_function *f =
        upi_function_find(p->text + name->start, (uint32_t)(name->end - name->start));
    if (f == NULL) {
        return fail_function(p, name);
    }
    UP_TRY(upi_node_add(p->e, f->op, name->start, &node, p->err));
    do {
        UP_TRY(advance(p));
        UP_TRY(parse_level(p, P_OR, &arg));
        UP_TRY(upi_node_adopt(p->e, node, arg, p->err));
        n_args++;
    } while (p->token.kind == UPI_T_COMMA);
    UP_TRY(expect(p, UPI_T_CLOSE));
    if (n_args < f->min_args || (f->max_args >= 0 && n_args > f->max_args)) {
        status = upi_fail_at(p->err, UP_E_EXPRESSION, "expression", p->text,
            name->start, "%s() takes %d argument%s, not %d,", f->name, f->min_args,
            f->min_args == 1 ? "" : "s", n_args);
        goto out;
    }
    *out = node;
out:
    return status;
}

static up_status
parse_name(parser *p, int32_t *out)
{
    /* Whether a name is a function is decided by what follows it. */
    upi_token name = p->token;
    upi_token next;
    up_status status = UP_OK;
    UP_TRY(upi_lex_next(p->text, p->length, name.end, &next, p->err));
    if (next.kind != UPI_T_OPEN) {
        return parse_text(p, out);
    }
    p->token = next;
    return parse_call(p, &name, out);
out:
    return status;
}

static up_status
parse_primary(parser *p, int32_t *out)
{
    up_status status = UP_OK;
    const upi_token t = p->token;
    int32_t node = 0;
    switch (t.kind) {
    case UPI_T_NUMBER:
        return parse_number(p, false, out);
    case UPI_T_STRING:
    case UPI_T_QUOTED:
        return parse_text(p, out);
    case UPI_T_NAME:
        return parse_name(p, out);
    case UPI_T_TRUE:
    case UPI_T_FALSE:
    case UPI_T_NULL:
        UP_TRY(upi_node_add(p->e, t.kind == UPI_T_NULL ? UPI_OP_NULL : UPI_OP_BOOL,
            t.start, &node, p->err));
        p->e->nodes[node].i64 = t.kind == UPI_T_TRUE;
        UP_TRY(advance(p));
        *out = node;
        return UP_OK;
    case UPI_T_OPEN:
        UP_TRY(advance(p));
        UP_TRY(parse_level(p, P_OR, &node));
        UP_TRY(expect(p, UPI_T_CLOSE));
        *out = node;
        return UP_OK;
    default:
        return unexpected(p);
    }
out:
    return status;
}

/* Minus: a number changes its sign, anything else gets a node. */
static up_status
negate(parser *p, int32_t at, int32_t *node)
{
    upi_node *n = &p->e->nodes[*node];
    if (n->op == UPI_OP_INTEGER && n->i64 != INT64_MIN) {
        n->i64 = -n->i64;
    } else if (n->op == UPI_OP_NUMBER) {
        n->f64 = -n->f64;
    } else {
        return make_node(p, UPI_OP_NEG, at, *node, UPI_NO_NODE, node);
    }
    return UP_OK;
}

/* Any number of minus signs, without recursion. */
static up_status
parse_unary(parser *p, int32_t *out)
{
    up_status status = UP_OK;
    int32_t node = 0;
    int32_t at = p->token.start;
    int64_t signs = 0;
    while (p->token.kind == UPI_T_MINUS) {
        signs++;
        UP_TRY(advance(p));
    }
    if (p->token.kind == UPI_T_NUMBER && signs > 0) {
        UP_TRY(parse_number(p, true, &node));
        signs--;
    } else {
        UP_TRY(parse_primary(p, &node));
    }
    for (; signs > 0; signs--) {
        UP_TRY(negate(p, at, &node));
    }
    *out = node;
out:
    return status;
}

/* Any number of nots before a comparison. */
static up_status
parse_not(parser *p, int32_t *out)
{
    up_status status = UP_OK;
    int32_t node = 0;
    int32_t at = p->token.start;
    int64_t nots = 0;
    while (p->token.kind == UPI_T_NOT) {
        nots++;
        UP_TRY(advance(p));
    }
    UP_TRY(parse_level(p, P_COMPARE, &node));
    for (; nots > 0; nots--) {
        UP_TRY(make_node(p, UPI_OP_NOT, at, node, UPI_NO_NODE, &node));
    }
    *out = node;
out:
    return status;
}

/* in (...) behind its operand, standing on the parenthesis. */
static up_status
parse_in(parser *p, int32_t at, int32_t left, int32_t *out)
{
    up_status status = UP_OK;
    int32_t node = 0;
    int32_t item = 0;
    UP_TRY(make_node(p, UPI_OP_IN, at, left, UPI_NO_NODE, &node));
    if (p->token.kind != UPI_T_OPEN) {
        return unexpected(p);
    }
    do {
        UP_TRY(advance(p));
        UP_TRY(parse_level(p, P_OR, &item));
        UP_TRY(upi_node_adopt(p->e, node, item, p->err));
    } while (p->token.kind == UPI_T_COMMA);
    UP_TRY(expect(p, UPI_T_CLOSE));
    *out = node;
out:
    return status;
}

/* between a and b: the operands bind tighter than a comparison, so this `and` is ours. */
static up_status
parse_between(parser *p, int32_t at, int32_t left, int32_t *out)
{
    up_status status = UP_OK;
    int32_t low = 0;
    int32_t high = 0;
    int32_t node = 0;
    UP_TRY(parse_level(p, P_ADD, &low));
    UP_TRY(expect(p, UPI_T_AND));
    UP_TRY(parse_level(p, P_ADD, &high));
    UP_TRY(make_node(p, UPI_OP_BETWEEN, at, left, low, &node));
    UP_TRY(upi_node_adopt(p->e, node, high, p->err));
    *out = node;
out:
    return status;
}

static up_status
parse_is(parser *p, int32_t at, int32_t left, bool *negated, int32_t *out)
{
    up_status status = UP_OK;
    if (p->token.kind == UPI_T_NOT) {
        *negated = true;
        UP_TRY(advance(p));
    }
    UP_TRY(expect(p, UPI_T_NULL));
    UP_TRY(make_node(p, UPI_OP_IS_NULL, at, left, UPI_NO_NODE, out));
out:
    return status;
}

/* What may follow the left operand of a comparison. */
static up_status
parse_comparison(parser *p, int32_t left, int32_t *out)
{
    up_status status = UP_OK;
    upi_token t = p->token;
    int32_t node = left;
    int32_t right = 0;
    bool negated = false;
    UP_TRY(advance(p));
    if (t.kind == UPI_T_NOT) {
        if (p->token.kind != UPI_T_IN && p->token.kind != UPI_T_BETWEEN) {
            return unexpected(p);
        }
        negated = true;
        t.kind = p->token.kind;
        UP_TRY(advance(p));
    }
    if (t.kind == UPI_T_IN) {
        UP_TRY(parse_in(p, t.start, left, &node));
    } else if (t.kind == UPI_T_BETWEEN) {
        UP_TRY(parse_between(p, t.start, left, &node));
    } else if (t.kind == UPI_T_IS) {
        UP_TRY(parse_is(p, t.start, left, &negated, &node));
    } else {
        upi_op op = (upi_op)((int)UPI_OP_EQ + (int)t.kind - (int)UPI_T_EQ);
        UP_TRY(parse_level(p, P_ADD, &right));
        UP_TRY(make_node(p, op, t.start, left, right, &node));
    }
    if (negated) {
        UP_TRY(make_node(p, UPI_OP_NOT, t.start, node, UPI_NO_NODE, &node));
    }
    *out = node;
out:
    return status;
}

static int
infix_level(upi_token_kind kind)
{
    switch (kind) {
    case UPI_T_OR:
        return P_OR;
    case UPI_T_AND:
        return P_AND;
    case UPI_T_NOT: /* x not in (...) */
    case UPI_T_IN:
    case UPI_T_BETWEEN:
    case UPI_T_IS:
    case UPI_T_EQ:
    case UPI_T_NE:
    case UPI_T_LT:
    case UPI_T_LE:
    case UPI_T_GT:
    case UPI_T_GE:
        return P_COMPARE;
    case UPI_T_PLUS:
    case UPI_T_MINUS:
        return P_ADD;
    case UPI_T_STAR:
    case UPI_T_SLASH:
    case UPI_T_PERCENT:
        return P_MULTIPLY;
    default:
        return 0;
    }
}

static up_status
parse_infix(parser *p, int level, int32_t left, int32_t *out)
{
    up_status status = UP_OK;
    const upi_token t = p->token;
    int32_t right = 0;
    UP_TRY(advance(p));
    UP_TRY(parse_level(p, level + 1, &right));
    switch (t.kind) {
    case UPI_T_OR:
        return make_list(p, UPI_OP_OR, t.start, left, right, out);
    case UPI_T_AND:
        return make_list(p, UPI_OP_AND, t.start, left, right, out);
    case UPI_T_PLUS:
        return make_node(p, UPI_OP_ADD, t.start, left, right, out);
    case UPI_T_MINUS:
        return make_node(p, UPI_OP_SUB, t.start, left, right, out);
    case UPI_T_STAR:
        return make_node(p, UPI_OP_MUL, t.start, left, right, out);
    case UPI_T_SLASH:
        return make_node(p, UPI_OP_DIV, t.start, left, right, out);
    default:
        return make_node(p, UPI_OP_MOD, t.start, left, right, out);
    }
out:
    return status;
}

/* Everything that binds at least as tightly as level. Only parentheses come back to the
 * loosest level, so counting those bounds the recursion. */
static up_status
parse_level(parser *p, int level, int32_t *out)
{
    up_status status = UP_OK;
    int32_t node = 0;
    bool compared = false;
    if (level == P_OR && ++p->depth > UPI_EXPR_DEPTH + 1) {
        return upi_fail_at(p->err, UP_E_EXPRESSION, "expression", p->text,
            p->token.start, "nested more than %d deep", UPI_EXPR_DEPTH);
    }
    if (p->token.kind == UPI_T_NOT && level <= P_NOT) {
        UP_TRY(parse_not(p, &node));
        compared = true;
    } else {
        UP_TRY(parse_unary(p, &node));
    }
    for (int found = infix_level(p->token.kind); found != 0 && found >= level;
         found = infix_level(p->token.kind)) {
        if (found == P_COMPARE &&
            compared) { /* a < b < c: everybody reads it otherwise */
            return unexpected(p);
        }
        compared = compared || found == P_COMPARE;
        UP_TRY(found == P_COMPARE ? parse_comparison(p, node, &node)
                                  : parse_infix(p, found, node, &node));
    }
    p->depth -= level == P_OR;
    *out = node;
out:
    return status;
}

up_status
upi_expr_parse(const char *text, upi_expr **out, up_error *err)
{
    UP_GUARD(err);
    up_status status = UP_OK;
    upi_expr *e = NULL;
    size_t length = strnlen(text, UPI_EXPR_BYTES + 1);
    if (length > UPI_EXPR_BYTES) {
        status = upi_fail(err, UP_E_EXPRESSION, "expression",
            "the expression has more than %d bytes", UPI_EXPR_BYTES);
        goto out;
    }
    if (!upi_utf8_valid(text, length)) {
        status = upi_fail(
            err, UP_E_EXPRESSION, "expression", "the expression is not valid UTF-8");
        goto out;
    }
    UP_TRY(UP_NEW(&e, 1, err));
    UP_TRY(upi_strdup_to(&e->source, text, err));
    parser p = {.e = e, .text = e->source, .length = (int32_t)length, .err = err};
    UP_TRY(advance(&p));
    UP_TRY(parse_level(&p, P_OR, &e->root));
    if (p.token.kind != UPI_T_END) {
        status = unexpected(&p);
        goto out;
    }
    *out = e;
    e = NULL;
out:
    upi_expr_free(e);
    return status;
}
