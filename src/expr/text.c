/* A tree to its canonical text: one spelling for every operator, parentheses only where the
 * tree would otherwise be read differently, names quoted only where they must be. Reading
 * the text gives an equal tree. */
#include "expr/lex.h"
#include "expr/tree.h"

enum { L_OR = 1, L_AND, L_NOT, L_COMPARE, L_ADD, L_MULTIPLY, L_UNARY, L_PRIMARY };

static void write_node(const upi_expr *e, int32_t index, int level, upi_text *out);

/* NOT over these is written inside them: x not in (...), x is not null. */
static bool
takes_not_inside(upi_op op)
{
    return op == UPI_OP_IN || op == UPI_OP_BETWEEN || op == UPI_OP_IS_NULL;
}

static int
level_of(const upi_expr *e, const upi_node *node)
{
    switch (node->op) {
    case UPI_OP_OR:
        return L_OR;
    case UPI_OP_AND:
        return L_AND;
    case UPI_OP_NOT:
        return takes_not_inside(e->nodes[node->first].op) ? L_COMPARE : L_NOT;
    case UPI_OP_EQ:
    case UPI_OP_NE:
    case UPI_OP_LT:
    case UPI_OP_LE:
    case UPI_OP_GT:
    case UPI_OP_GE:
    case UPI_OP_IN:
    case UPI_OP_BETWEEN:
    case UPI_OP_IS_NULL:
        return L_COMPARE;
    case UPI_OP_ADD:
    case UPI_OP_SUB:
        return L_ADD;
    case UPI_OP_MUL:
    case UPI_OP_DIV:
    case UPI_OP_MOD:
        return L_MULTIPLY;
    case UPI_OP_NEG:
        return L_UNARY;
    default:
        return L_PRIMARY;
    }
}

/* The lexer itself decides whether a name can stand without quotes. */
static bool
is_plain_name(const char *s, uint32_t n)
{
    upi_token t;
    return upi_lex_next(s, (int32_t)n, 0, &t, NULL) == UP_OK && t.kind == UPI_T_NAME &&
           t.start == 0 && t.end == (int32_t)n;
}

static void
write_quoted(const char *s, uint32_t n, char quote, upi_text *out)
{
    upi_text_add_char(out, quote);
    for (uint32_t i = 0; i < n; i++) {
        if (s[i] == quote) {
            upi_text_add_char(out, quote);
        }
        upi_text_add_char(out, s[i]);
    }
    upi_text_add_char(out, quote);
}

static void
write_number(double x, upi_text *out)
{
    char digits[UPI_DOUBLE_CHARS];
    upi_double_text(x, digits);
    upi_text_add(out, digits);
    if (strpbrk(digits, ".e") == NULL) { /* else it would be read as an integer */
        upi_text_add(out, ".0");
    }
}

static void
write_children(
    const upi_expr *e, int32_t first, const char *between, int level, upi_text *out)
{
    for (int32_t i = first; i != UPI_NO_NODE; i = e->nodes[i].next) {
        if (i != first) {
            upi_text_add(out, between);
        }
        write_node(e, i, level, out);
    }
}

static void
write_leaf(const upi_expr *e, const upi_node *node, upi_text *out)
{
    const char *s = upi_node_text(e, node);
    switch (node->op) {
    case UPI_OP_COLUMN:
        if (is_plain_name(s, node->length)) {
            upi_text_add_n(out, s, node->length);
        } else {
            write_quoted(s, node->length, '"', out);
        }
        break;
    case UPI_OP_STRING:
        write_quoted(s, node->length, '\'', out);
        break;
    case UPI_OP_NUMBER:
        write_number(node->f64, out);
        break;
    case UPI_OP_INTEGER:
        upi_text_addf(out, "%lld", (long long)node->i64);
        break;
    case UPI_OP_BOOL:
        upi_text_add(out, node->i64 ? "true" : "false");
        break;
    default:
        upi_text_add(out, "null");
        break;
    }
}

static void
write_special(const upi_expr *e, const upi_node *node, bool negated, upi_text *out)
{
    int32_t second = e->nodes[node->first].next;
    write_node(e, node->first, L_ADD, out);
    if (node->op == UPI_OP_IS_NULL) {
        upi_text_add(out, negated ? " is not null" : " is null");
    } else if (node->op == UPI_OP_IN) {
        upi_text_add(out, negated ? " not in (" : " in (");
        write_children(e, second, ", ", L_OR, out);
        upi_text_add_char(out, ')');
    } else {
        upi_text_add(out, negated ? " not between " : " between ");
        write_children(e, second, " and ", L_ADD, out);
    }
}

static void
write_operator(const upi_expr *e, const upi_node *node, int own, upi_text *out)
{
    const upi_node *child = &e->nodes[node->first];
    if (own == L_PRIMARY) {
        upi_text_addf(out, "%s(", upi_function_name(node->op));
        write_children(e, node->first, ", ", L_OR, out);
        upi_text_add_char(out, ')');
    } else if (node->op == UPI_OP_AND || node->op == UPI_OP_OR) {
        write_children(
            e, node->first, node->op == UPI_OP_AND ? " and " : " or ", own + 1, out);
    } else if (node->op == UPI_OP_NOT && own == L_NOT) {
        upi_text_add(out, "not ");
        write_node(e, node->first, L_NOT, out);
    } else if (node->op == UPI_OP_NOT) {
        write_special(e, child, true, out);
    } else if (takes_not_inside(node->op)) {
        write_special(e, node, false, out);
    } else if (node->op == UPI_OP_NEG) {
        upi_text_add_char(out, '-');
        write_node(e, node->first, L_UNARY, out);
    } else {
        /* Comparisons do not chain; the others group from the left. */
        write_node(e, node->first, own == L_COMPARE ? L_ADD : own, out);
        upi_text_addf(out, " %s ", upi_op_sign(node->op));
        write_node(e, child->next, own == L_COMPARE ? L_ADD : own + 1, out);
    }
}

/* level is the loosest that may stand here without parentheses. */
static void
write_node(const upi_expr *e, int32_t index, int level, upi_text *out)
{
    const upi_node *node = &e->nodes[index];
    if (node->op == UPI_OP_COLUMN || upi_op_is_literal(node->op)) {
        write_leaf(e, node, out);
        return;
    }
    int own = level_of(e, node);
    if (own < level) {
        upi_text_add_char(out, '(');
    }
    write_operator(e, node, own, out);
    if (own < level) {
        upi_text_add_char(out, ')');
    }
}

up_status
upi_expr_text(const upi_expr *e, char **out, up_error *err)
{
    UP_GUARD(err);
    upi_text text = {0};
    write_node(e, e->root, L_OR, &text);
    return upi_text_take(&text, out, err);
}
